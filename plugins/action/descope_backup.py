# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.pcc.identity.plugins.plugin_utils._backup_action import BackupActionBase


class ActionModule(BackupActionBase):
    """Serves all modules that make backups and have no action plugin of their own, see meta/runtime.yml."""
