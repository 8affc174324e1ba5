# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What happens on the controller before a flow or theme module runs: files and templates live there."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._flow_source import resolve
from ansible_collections.pcc.identity.plugins.plugin_utils._backup_action import BackupActionBase, Options
from ansible_collections.pcc.identity.plugins.plugin_utils._folders import inventory_folders, template_folders


class FlowActionBase(BackupActionBase):
    """Puts definitions in the place of C(src) and C(template)."""

    _supports_async = False

    def resolved(
        self, entry: Options, template_paths: list[str], where: str, variables: Options
    ) -> tuple[list[Options], list[Problem]]:
        """Return an entry with its definition, see L(_flow_source.resolve)."""
        entry, problems = self.located(entry, where, variables)
        if problems:
            return [], problems
        return resolve(entry, template_paths, where, self.real_file)

    def located(self, entry: Options, where: str, variables: Options) -> tuple[Options, list[Problem]]:
        """Return an entry with the full path of its C(src), if it has one, and what is wrong with that."""
        if entry.get("src"):
            try:
                return {**entry, "src": self.find(str(entry["src"]), variables)}, []
            except AnsibleError as error:
                return entry, [Problem(where, f"src '{entry['src']}'", f"cannot be found. {error}")]
        return entry, []

    def real_file(self, path: str) -> str:
        """Return the path of a file's readable form: its own, or that of a decrypted copy.

        Raises:
            IdentityError: there is no such file, or it cannot be decrypted.
        """
        try:
            return str(self._loader.get_real_file(path))
        except AnsibleError as error:
            raise IdentityError("unreadable", f"cannot be read: {error}.") from error

    def find(self, path: str, variables: Options) -> str:
        """Return the full path of a file or folder as Ansible finds files, or next to the inventory.

        Raises:
            AnsibleError: it is nowhere.
        """
        given = os.path.expanduser(path)
        if os.path.isabs(given):
            return given
        try:
            return str(self._find_needle("files", given))
        except AnsibleError:
            for folder in [*inventory_folders(variables), os.getcwd()]:
                if os.path.exists(os.path.join(folder, given)):
                    return os.path.join(folder, given)
            raise


def paths_of_templates(options: Options, variables: Options) -> list[str]:
    """Return the folders in which templates are looked for, before those that ship."""
    return [str(path) for path in [*_listed(options.get("template_paths")), *template_folders(variables)]]


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [part for part in str(value or "").split(",") if part]
