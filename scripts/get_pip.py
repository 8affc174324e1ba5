# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip script that ansible-test runs in its environments: installs the pip that Python ships."""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)  # before ensurepip hides pip's settings from this process
ensurepip.bootstrap(upgrade=True)
wanted = [argument for argument in sys.argv[1:] if argument.startswith("pip==")]
if wanted:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    subprocess.run(command, check=True, env=environment)
