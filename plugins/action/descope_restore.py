# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

from ansible_collections.pcc.identity.plugins.plugin_utils._backup_action import BackupActionBase


class ActionModule(BackupActionBase):
    """Finds the backup in the folder that the command was given in, which the module does not know."""

    def prepare(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with the full paths of files that are there. Other names are looked for by the module."""
        given = options.get("src") or []
        paths = given if isinstance(given, list) else str(given).split(",")
        return {**options, "src": [_found(str(path)) for path in paths]} if paths else options


def _found(path: str) -> str:
    full = os.path.abspath(os.path.expanduser(path))
    return full if os.path.isfile(full) else path
