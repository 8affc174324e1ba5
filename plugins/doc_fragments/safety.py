# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a module does between its plan and its first write: the options of plugins/module_utils/_safety.py."""

    DOCUMENTATION = r"""
options:
  allow_empty_read:
    description:
      - Whether to go on where the service lists none of these objects, but the newest backup that tells of them has
        some. Without it nothing is written then, since such an answer is more often a wrong one than the truth.
      - Backups are only looked at in that case.
    type: bool
    default: false
  planned:
    description:
      - What a run in check mode has returned as RV(planned). If by now there is anything else to do, nothing is
        written.
      - So what was looked at, and confirmed, is all that happens.
    type: list
    elements: str
notes:
  - Nothing is written before a backup of what is about to change is safe on the disk. RV(backup_file) names it,
    RV(rollback) is the command that puts it back.
"""

    BACKUP = r"""
options:
  backup_dir:
    description:
      - Folder for the backup that is made before the first write. It is made if it is not there.
      - The default is C(pcc-identity/backups/PROJECT_ID) below E(XDG_STATE_HOME), or below C(~/.local/state) if that is
        not set.
    type: path
  playbook:
    description:
      - Path of the playbook, which is noted in backups. It is filled in by itself.
    type: path
"""
