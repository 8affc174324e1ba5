# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The machine that this runs on, as far as several places ask it the same."""

from __future__ import annotations

import os
import pathlib
import subprocess


def git(folder: str, *arguments: str) -> str:
    """Return what git says about a folder, an empty text where there is no repository, or no git."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def sync_folder(folder: pathlib.Path) -> None:
    """Have the names of a folder's files on the disk for good.

    Raises:
        OSError: that cannot be done.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
