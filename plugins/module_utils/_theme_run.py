# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the theme module does, with a client and plain options: read, compare, back up, write, report."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _theme as rules
from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import UNMASK
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._diff import dotted, render
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._json import read_json, without_empty
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import failure
from ansible_collections.pcc.identity.plugins.module_utils._safety import backup_spec
from ansible_collections.pcc.identity.plugins.module_utils._theme import Theme
from ansible_collections.pcc.identity.plugins.module_utils._theme_service import ThemeService

Options = dict[str, t.Any]

ROLLBACK = "pcc.identity.rollback_theme"

#: What the theme goes by in diffs, messages and backups.
_KEY = "theme"


def argument_spec() -> Options:
    """Return the options of C(descope_theme), without the connection."""
    return {
        "src": {"type": "path"},
        "definition": {"type": "dict"},
        "only_project": {"type": "str"},
        "diff_detail": {"type": "str", "choices": ["summary", "full"], "default": "summary"},
        **backup_spec(),
    }


def resolve(
    options: Options, open_file: t.Callable[[str], str] = lambda path: path
) -> tuple[Options | None, list[Problem]]:
    """Return the options with a theme in v2 form as C(definition), in place of C(src).

    The controller does this before the module is sent anywhere; the module does it again with what it gets.

    Args:
        options: as the user gave them.
        open_file: returns the path that really is to be read, for files that must be decrypted first.

    Returns:
        The options, None after a problem, and what is wrong.
    """
    given = [name for name in ("src", "definition") if options.get(name) is not None]
    if len(given) != 1:
        text = "exclude one another: give one of them." if given else "is missing: give one of them."
        return None, [Problem("", "src, definition", text)]
    rest = {name: value for name, value in options.items() if name != "src"}
    try:
        if given == ["src"]:
            content = read_json(open_file(os.path.expanduser(str(options["src"]))))
        else:
            content = options["definition"]
        if isinstance(content, dict) and content.get("kind") == backup.BACKUP_KIND:
            checked = backup.checked(content)
            rest["only_project"] = checked["project"]["id"]
            content = checked["sections"].get(_KEY)
            if content is None:
                raise IdentityError("not_in_backup", "holds no theme.")
            if _KEY in checked.get("masked", ()):
                raise IdentityError("masked", "has the theme without the management key that stood in it.", UNMASK)
        return {**rest, "definition": rules.from_export(content)}, []
    except IdentityError as error:
        field = f"src '{options['src']}'" if given == ["src"] else "definition"
        return None, [Problem("", field, f"{error.message.rstrip('.')}. {error.hint}".strip())]


def check(options: Options) -> list[Problem]:
    """Return what is wrong with the options by themselves."""
    return resolve(options)[1]


def manage(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_theme) does and return its result."""
    return _Work(client, options).result(check_mode)


class _Work:
    """One run, from reading to the report."""

    def __init__(self, client: Client, options: Options) -> None:
        self.client, self.options = client, options
        self.wanted = _wanted(client, options)
        self.service = ThemeService(client)
        self.live = self.service.export()
        self.new = rules.combine(self.live, self.wanted)
        self.backup_file: pathlib.Path | None = None

    def result(self, check_mode: bool) -> Options:
        """Write what is to be written, and tell about it."""
        wanted = self.wanted["styles"]
        if rules.subset(wanted, self.live["styles"]):
            return self._told("unchanged", self.live, {})
        if check_mode:
            return {**self._told(STATUS[UPDATE], self.new, wanted), "changed": True}
        self.backup_file = self._back_up()
        outcome = self.service.write(self._change(wanted), self.live, self.new)
        now = self.service.last
        failed = outcome.status == "failed"
        # An undo that is not complete leaves what is there now.
        taken = wanted if not failed else now["styles"] if outcome.changed else {}
        result = {
            **self._told(outcome.status, now, taken),
            "changed": outcome.changed is not False,
            "backup_file": str(self.backup_file),
        }
        if result["changed"]:
            result["rollback"] = backup.command(ROLLBACK, {"descope_backup_file": str(self.backup_file)})
        return {**result, **self._failure(outcome)} if failed else result

    def _told(self, status: str, theme: Theme, taken: rules.Styles) -> Options:
        """Return what every result has.

        Args:
            status: what became of the theme.
            theme: as it is, or in check mode as it would be.
            taken: the styles that took effect.
        """
        return {
            "changed": False,
            "msg": f"{_KEY}: {status}",
            "changes": rules.changes(self.live["styles"], taken),
            "theme": rules.describe(theme),
            "unmanaged": rules.unmanaged(self.live["styles"], self.wanted["styles"]),
            "requests": self.client.session.requests(),
            "diff": self._diff(taken),
        }

    def _failure(self, outcome: Outcome) -> Options:
        told = failure("", [outcome])
        told["msg"] = f"{_KEY}: failed. {outcome.error}"
        if outcome.changed is not False:
            told["msg"] += f"\nThe theme as it was before is in {self.backup_file}."
        return told

    def _change(self, taken: rules.Styles) -> Change:
        return Change(_KEY, None, "", UPDATE, *rules.difference(self.live["styles"], taken))

    def _diff(self, taken: rules.Styles) -> dict[str, str]:
        change = self._change(taken)
        header = f"theme of {self.client.connection.project_id}"
        if not change.fields:
            return render([], dict, header)
        if self.options["diff_detail"] == "full":
            sides = [without_empty(styles) for styles in (self.live["styles"], rules.merge(self.live["styles"], taken))]
            return render([Change(_KEY, None, "", UPDATE, *sides)], dict, header)
        return render([change], _by_mode, header)

    def _back_up(self) -> pathlib.Path:
        return backup.before(
            {_KEY: self.live},
            reason="before the theme is changed",
            connection=self.client.connection,
            options=self.options,
            label=_KEY,
        )


def _by_mode(side: rules.Styles) -> rules.Styles:
    return {mode: dotted(styles) for mode, styles in side.items()}


def _wanted(client: Client, options: Options) -> Theme:
    """Return the wanted theme.

    Raises:
        Problems: it is of another project.
    """
    resolved, problems = resolve(options)
    project = client.connection.project_id
    only = (resolved or {}).get("only_project") or project
    if only != project:
        problems = [*problems, Problem("", "src", f"is the backup of project {only}, not of {project}.")]
    if problems or resolved is None:
        raise Problems(problems)
    return t.cast(Theme, resolved["definition"])
