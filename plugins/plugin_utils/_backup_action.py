# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the controller does around a module that saves what it changes: only it knows the playbook and the host."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problems
from ansible_collections.pcc.identity.plugins.module_utils._keys import without_keys
from ansible_collections.pcc.identity.plugins.module_utils._report import where_of
from ansible_collections.pcc.identity.plugins.plugin_utils._commands import for_this_host

Options = dict[str, t.Any]


class BackupActionBase(ActionBase):
    """Says where backups go and what they are made for, and completes the command that puts things back."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: Options | None = None) -> Options:
        """Run the module of the same name."""
        variables = task_vars or {}
        result: Options = super().run(tmp, variables)
        options = dict(self._task.args)
        try:
            options = self.prepare(options, variables)
        except IdentityError as error:
            return {**result, **_failed(error)}
        if options.get("backup_dir"):
            # The module's own working directory is not the one that the command was given in.
            options["backup_dir"] = os.path.abspath(os.path.expanduser(str(options["backup_dir"])))
        options["playbook"] = options.get("playbook") or _playbook(variables, self._task)
        in_background = bool(self._task.async_val)
        result.update(self._execute_module(module_args=options, task_vars=variables, wrap_async=in_background))
        if "rollback" in result:
            environment = self._templar.template(variables.get("descope_environment") or "")
            result["rollback"] = for_this_host(result["rollback"], variables, str(environment))
        return result

    def prepare(self, options: Options, variables: Options) -> Options:
        """Return the options as the module gets them.

        Raises:
            IdentityError: they cannot be used.
        """
        return options


def _playbook(variables: Options, task: t.Any) -> str | None:
    """Return the playbook's path; Ansible tells plugins its folder, and where the task stands."""
    folder = variables.get("playbook_dir")
    path = str(task.get_path() or "").rpartition(":")[0]
    return path if folder and os.path.dirname(path) == folder else folder


def _failed(error: IdentityError) -> Options:
    result = {"failed": True, "changed": False, "msg": without_keys(str(error)), "error_code": error.code}
    if isinstance(error, Problems):
        rows = [where_of(problem) for problem in error.problems]
        result["problems"] = [{name: without_keys(text) for name, text in row.items()} for row in rows]
    return {**result, **({"hint": error.hint} if error.hint else {})}
