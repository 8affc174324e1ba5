# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Folders on the controller in which users keep files for this collection."""

from __future__ import annotations

import os
import typing as t

#: Folder of flow templates next to an inventory or a playbook.
TEMPLATES = "flow_templates"


def inventory_folders(variables: t.Mapping[str, t.Any]) -> list[str]:
    """Return the folder of the inventory, if there is one."""
    return [str(variables["inventory_dir"])] if variables.get("inventory_dir") else []


def template_folders(variables: t.Mapping[str, t.Any]) -> list[str]:
    """Return the folders of templates next to the inventory and next to the playbook."""
    folders = [*inventory_folders(variables), str(variables.get("playbook_dir") or "")]
    return [os.path.join(folder, TEMPLATES) for folder in folders if folder]
