# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the backup modules do, with plain options: forecast, read, write, thin out, list, delete."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    OPTIONAL,
    PERMISSIONS,
    ROLES_SECTION,
    SECTIONS,
    TENANTS,
    Collector,
    Forecast,
    Wanted,
)
from ansible_collections.pcc.identity.plugins.module_utils._backup_retention import expired
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import masked
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import ARGUMENT_SPEC
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._run import IdentityModule
from ansible_collections.pcc.identity.plugins.module_utils._safety import RESTORE, check_count

Options = dict[str, t.Any]

_CONSEQUENCE = "Nothing was saved."

#: Sections that are lists, which can be empty by mistake.
MANY = (TENANTS, FLOWS, ROLES_SECTION, PERMISSIONS)


def argument_spec() -> Options:
    """Return the options of C(descope_backup), without the connection."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "backup_dir": {"type": "path"},
        "sections": {"type": "list", "elements": "str", "choices": list(SECTIONS)},
        "tenants": {"type": "list", "elements": "str"},
        "flows": {"type": "list", "elements": "str"},
        "reason": {"type": "str", "default": ""},
        "project_name": {"type": "str"},
        "environment": {"type": "str"},
        "when_unchanged": {"type": "str", "choices": ["save", "skip"], "default": "save"},
        "retention_days": {"type": "int"},
        "keep_at_least": {"type": "int", "default": 10},
        "allow_empty_read": {"type": "bool", "default": False},
        "file": {"type": "path"},
        "playbook": {"type": "path"},
    }


def info_argument_spec() -> Options:
    """Return the options of C(descope_backup_info), without the connection."""
    return {
        "backup_dir": {"type": "path"},
        "latest": {"type": "bool", "default": False},
        "intact_only": {"type": "bool", "default": False},
    }


def check(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_backup) by themselves."""
    found: list[Problem] = []
    absent = options["state"] == "absent"
    if absent and not options["file"]:
        found.append(Problem("", "file", "is missing: state: absent deletes one file."))
    if not absent and options["file"]:
        found.append(Problem("", "file", "is for state: absent only; the name of a new backup is not for you to say."))
    sections = options["sections"]
    if sections is not None and not sections:
        found.append(Problem("", "sections", "is empty: leave it out, or name what to save."))
    for name in (TENANTS, FLOWS):
        if options[name] is None:
            continue
        if sections is not None and name not in sections:
            found.append(Problem("", name, f"makes no sense without {name} in sections."))
        if not all(str(each).strip() for each in options[name]):
            found.append(Problem("", name, "holds an empty id."))
    for name, least in (("retention_days", 1), ("keep_at_least", 1)):
        if options[name] is not None and options[name] < least:
            found.append(Problem("", name, f"is {options[name]}: give {least} or more."))
    return found


def manage(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_backup) does and return its result."""
    if options["state"] == "absent":
        return _delete(client, options, check_mode)
    return _Work(client, options).result(check_mode)


def run_info() -> None:
    """Run C(descope_backup_info), which needs no service."""
    module = IdentityModule({**ARGUMENT_SPEC, **info_argument_spec()})
    try:
        result = info(module.params, datetime.datetime.now(datetime.UTC))
    except IdentityError as error:
        module.fail_json(
            msg=str(error), error_code=error.code, changed=False, **({"hint": error.hint} if error.hint else {})
        )
    module.exit_json(**result)


def info(options: Options, now: datetime.datetime) -> Options:
    """Return the result of C(descope_backup_info).

    Raises:
        IdentityError: the folder is not known, or cannot be read.
    """
    project_id = options["project_id"]
    if not project_id and not options["backup_dir"]:
        raise IdentityError(
            "invalid_option",
            "project_id is missing: give it, or set DESCOPE_PROJECT_ID, or give backup_dir.",
        )
    if not options["backup_dir"] and not re.fullmatch(r"[A-Za-z0-9_-]+", project_id):
        raise IdentityError("invalid_option", f"project_id: '{project_id}' is malformed.")
    folder = backup.folder_of(options["backup_dir"], project_id)
    found = [each for each in files.listing(folder, project_id or None) if each.intact or not options["intact_only"]]
    if options["latest"]:
        found = found[:1]
    damaged = sum(not each.intact for each in found)
    return {
        "changed": False,
        "backup_dir": str(folder),
        "backups": [each.as_result(now) for each in found],
        "msg": f"{_number(len(found), 'backup')} in {folder}" + (f", {damaged} of them damaged" if damaged else ""),
    }


@dataclasses.dataclass
class _Work:
    """One run that saves, from the lists to the report."""

    client: Client
    options: Options

    def __post_init__(self) -> None:
        options = self.options
        given = options["sections"]
        self.project_id = self.client.connection.project_id
        self.folder = backup.folder_of(options["backup_dir"], self.project_id)
        self.wanted = Wanted(
            tuple(name for name in SECTIONS if given is None or name in given),
            frozenset({OPTIONAL} if given is None else ()),
            {name: list(dict.fromkeys(options[name])) for name in (TENANTS, FLOWS) if options[name] is not None},
        )
        self.collector = Collector(self.client, self.wanted)
        self.now = datetime.datetime.now(datetime.UTC)
        self.warnings: list[str] = []

    def result(self, check_mode: bool) -> Options:
        """Save, unless it is check mode or all is as it was, delete what is too old, and tell about it."""
        if not check_mode:
            # What can go wrong with the folder does so before the service is asked for much.
            backup.check_folder(self.folder, consequence=_CONSEQUENCE)
            files.clean(self.folder)
        forecast = self.collector.look()
        self._doubt(forecast.counts)
        if check_mode:
            return self._would(forecast)
        content = self._document(self.collector.read())
        self._doubt(content["counts"])
        saved = self._same_as(content) if self.options["when_unchanged"] == "skip" else None
        path = saved.path if saved else backup.write(self.folder, content, self._label(), consequence=_CONSEQUENCE)
        if saved:
            os.utime(path)  # by which C(last_confirmed) tells that all is still so
        size = path.stat().st_size
        counts = content["counts"]
        del content  # a large project's is large, and others are read now
        deleted = self._thin_out(path)
        what = _objects(counts)
        said = f"{what} are as in {path.name}" if saved else f"saved {what} to {path.name}"
        result = {
            **self._told(forecast),
            "changed": not saved or bool(deleted),
            "backup_file": str(path),
            "counts": counts,
            "size": size,
            "deleted": [str(each) for each in deleted],
            "skipped_sections": self.collector.skipped,
            "msg": said + (f"; deleted {_number(len(deleted), 'old backup')}" if deleted else ""),
        }
        if saved:
            result["unchanged_since"] = str(path)
        if self.collector.masked:
            self.warnings.append(
                "The management key stood in the project, and was replaced in the backup, in: "
                f"{some(self.collector.masked)}. Take it out of there and make a new one."
            )
        return {**result, **({"warnings": self.warnings} if self.warnings else {})}

    def _doubt(self, counts: t.Mapping[str, int]) -> None:
        """Refuse to save that there is none of what another backup has: that one would be believed no more.

        Raises:
            IdentityError: that is the case.
        """
        for section in MANY:
            if section in self.wanted.complete and section in counts and section not in self.collector.answered:
                check_count(
                    section,
                    counts[section],
                    connection=self.client.connection,
                    options=self.options,
                    gone=f"restore them with the playbook {RESTORE}, or save the project without them with "
                    "allow_empty_read: true (for the playbook -e descope_allow_empty_read=true).",
                    consequence=_CONSEQUENCE.rstrip("."),
                )

    def _told(self, forecast: Forecast) -> Options:
        """Return what every result has."""
        return {
            "planned_requests": forecast.requests,
            "estimated_seconds": forecast.seconds,
            "requests": self.client.session.requests(),
        }

    def _would(self, forecast: Forecast) -> Options:
        deleted = self._old(one_more=True)
        unless = " unless all is as in the last one" if self.options["when_unchanged"] == "skip" else ""
        takes = f"{_number(forecast.requests, 'request')}, at least {forecast.seconds} s by the rate limit"
        also = f"; would delete {_number(len(deleted), 'old backup')}" if deleted else ""
        return {
            **self._told(forecast),
            "changed": True,
            "counts": forecast.counts,
            "deleted": [str(each) for each in deleted],
            "skipped_sections": [],
            "msg": f"would save {_objects(forecast.counts)} to {self.folder}{unless}: {takes}{also}",
        }

    def _document(self, sections: dict[str, t.Any]) -> backup.Document:
        options, key = self.options, self.client.connection.management_key
        return backup.document(
            sections,
            reason=masked(options["reason"], key),
            project=masked(
                {"id": self.project_id, "name": options["project_name"], "environment": options["environment"]}, key
            ),
            origin=masked(backup.origin(options["playbook"]), key),
            now=self.now,
            complete=[name for name in self.wanted.complete if name in sections],
            masked=self.collector.masked,
        )

    def _label(self) -> str:
        names = [name for name in self.wanted.sections if name != OPTIONAL]
        whole = names == [name for name in SECTIONS if name != OPTIONAL] and not self.wanted.only
        return "project" if whole else "-".join(names or [OPTIONAL])

    def _same_as(self, content: backup.Document) -> files.Backup | None:
        """Return the last backup of the same kind, if it holds the same."""
        for each in files.listing(self.folder, self.project_id):
            known = each.summary
            if each.intact and all(_scope(known, part) == _scope(content, part) for part in ("checksums", "complete")):
                return each if known["checksums"] == content["checksums"] else None
        return None

    def _old(self, *, one_more: bool = False, needed: pathlib.Path | None = None) -> list[pathlib.Path]:
        """Return the backups that are too old.

        Args:
            one_more: as if one had just been made.
            needed: one that stays.
        """
        days, keep = self.options["retention_days"], self.options["keep_at_least"]
        if days is None:
            return []
        found = [
            each
            for each in files.listing(self.folder, self.project_id)
            if each.intact and each.project == self.project_id
        ]
        made = [(str(each.path), each.made) for each in found]
        old = expired(
            [*made, *([("", self.now)] if one_more else [])],
            now=self.now,
            retention_days=days,
            keep_at_least=keep,
            needed={str(needed), ""},
            complete={"": self.wanted.complete} | {str(each.path): _scope(each.summary, "complete") for each in found},
        )
        return [pathlib.Path(each) for each in old]

    def _thin_out(self, needed: pathlib.Path) -> list[pathlib.Path]:
        """Delete what is too old, now that there is a newer one. What cannot be deleted is told."""
        deleted = []
        for path in self._old(needed=needed):
            try:
                files.delete(path)
                deleted.append(path)
            except IdentityError as error:
                self.warnings.append(str(error))
        return deleted


def _delete(client: Client, options: Options, check_mode: bool) -> Options:
    """Delete one backup.

    Raises:
        IdentityError: the file is not a backup of this project in the folder of its backups.
    """
    project_id = client.connection.project_id
    folder = backup.folder_of(options["backup_dir"], project_id)
    path = files.inside(folder, options["file"])
    if not os.path.lexists(path):
        return {"changed": False, "deleted": [], "msg": f"{path.name} is not there"}
    found = files.look(path)
    if found is None or found.project != project_id:
        what = "no backup" if found is None else f"the backup of project {found.project}"
        if found is not None and found.project is None:
            what = f"damaged, so that it is not known of which project it is ({found.problem})"
        raise IdentityError(
            "bad_file",
            f"{path} is {what}, and was not deleted.",
            "Only a backup of this project is deleted. Delete the file by hand if it is not needed.",
        )
    if not check_mode:
        files.delete(path)
    done = "would delete" if check_mode else "deleted"
    return {"changed": True, "deleted": [str(path)], "msg": f"{done} {path.name}"}


def _scope(content: t.Mapping[str, t.Any], part: str) -> list[str]:
    value = content.get(part)
    return sorted(map(str, value)) if isinstance(value, (dict, list)) else []


def _objects(counts: t.Mapping[str, int]) -> str:
    """Return counts as text: C(3 tenants, 1 flow, the theme)."""
    single = {"theme": "the theme", "snapshot": "the project snapshot"}
    found = [single.get(name) or _number(counts[name], name.removesuffix("s")) for name in SECTIONS if name in counts]
    return ", ".join(found) or "nothing"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
