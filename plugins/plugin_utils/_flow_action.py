# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What happens on the controller before a flow or theme module runs: files and templates live there."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_source import resolve
from ansible_collections.pcc.identity.plugins.module_utils._report import where_of
from ansible_collections.pcc.identity.plugins.plugin_utils._folders import inventory_folders, template_folders

Options = dict[str, t.Any]

#: Values of descope_environment for which the role wants a confirmation.
PRODUCTION = frozenset({"prod", "production"})


class FlowActionBase(ActionBase):
    """Puts definitions in the place of C(src) and C(template), and completes the command for rolling back."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Options | None = None) -> Options:
        """Run the module of the same name."""
        variables = task_vars or {}
        result: Options = super().run(tmp, variables)
        options = dict(self._task.args)
        paths = [*_listed(options.get("template_paths")), *template_folders(variables)]
        try:
            options = self.prepare(options, [str(path) for path in paths], variables)
        except IdentityError as error:
            return {**result, **_failed(error)}
        if options.get("backup_dir"):
            # The module's own working directory is not the one that the command was given in.
            options["backup_dir"] = os.path.abspath(os.path.expanduser(str(options["backup_dir"])))
        options["playbook"] = options.get("playbook") or _playbook(variables, self._task)
        result.update(self._execute_module(module_args=options, task_vars=variables))
        if "rollback" in result:
            environment = self._templar.template(variables.get("descope_environment") or "")
            result["rollback"] = _for_this_host(result["rollback"], variables, str(environment))
        return result

    def prepare(self, options: Options, template_paths: list[str], variables: Options) -> Options:
        """Return the options as the module gets them.

        Raises:
            Problems: a file or a template cannot be used.
        """
        raise NotImplementedError

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


def _listed(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [part for part in str(value or "").split(",") if part]


def _playbook(variables: Options, task: t.Any) -> str | None:
    """Return the playbook's path; Ansible tells plugins its folder, and where the task stands."""
    folder = variables.get("playbook_dir")
    path = str(task.get_path() or "").rpartition(":")[0]
    return path if folder and os.path.dirname(path) == folder else folder


def _for_this_host(command: str, variables: Options, environment: str) -> str:
    """Return the command with the inventory and the host of this run, and with the confirmation it needs."""
    name, *rest = shlex.split(command)
    host = str(variables.get("inventory_hostname"))
    words = [name]
    for source in variables.get("ansible_inventory_sources") or ():
        words += ["-i", str(source)]
    words += ["--limit", host, *rest]
    if environment.lower() in PRODUCTION:
        words += ["-e", f"descope_confirm={host}"]
    return shlex.join(words)


def _failed(error: IdentityError) -> Options:
    result = {"failed": True, "changed": False, "msg": str(error), "error_code": error.code}
    if isinstance(error, Problems):
        result["problems"] = [where_of(problem) for problem in error.problems]
    return {**result, **({"hint": error.hint} if error.hint else {})}
