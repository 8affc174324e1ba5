# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Where the definition of a flow comes from: a file, a snapshot's folder, a backup, a template, or the play itself.

The controller replaces C(src) and C(template) by the definition before the module is sent anywhere, with the same
L(resolve) that the module uses for what is left.
"""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_templates as templates
from ansible_collections.pcc.identity.plugins.module_utils._backup import BACKUP_KIND, checked
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import UNMASK
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import (
    NotAFlow,
    from_export,
    from_snapshot,
)
from ansible_collections.pcc.identity.plugins.module_utils._json import read_json

Entry = dict[str, t.Any]

#: The options of an entry that say where its definition comes from; at most one of them may be given.
SOURCES = ("src", "definition", "template")


def resolve(
    entry: Entry,
    template_paths: t.Sequence[str],
    where: str,
    open_file: t.Callable[[str], str] = lambda path: path,
) -> tuple[list[Entry], list[Problem]]:
    """Return an entry of C(flows) with its definition in place of C(src), or of C(template) and C(config).

    Args:
        entry: as the user gave it.
        template_paths: folders of templates; the first one that has a template wins, those that ship come last.
        where: what to call the entry in messages.
        open_file: returns the path that really is to be read, for files that must be decrypted first.

    Returns:
        The entries to go on with (several for a backup without an id, none after a problem), and what is wrong.
    """
    entry = {name: value for name, value in entry.items() if value is not None}
    if isinstance(entry.get("id"), int) and not isinstance(entry["id"], bool):
        entry["id"] = str(entry["id"])
    for name in ("id", "src", "template"):
        if name in entry and not (isinstance(entry[name], str) and entry[name].strip()):
            return [], [Problem(where, name, "is not a text, or is empty.")]
    given = [name for name in SOURCES if name in entry]
    if len(given) > 1:
        return [], [Problem(where, ", ".join(given), "exclude one another: give one of them.")]
    if "config" in entry and "template" not in entry:
        return [], [Problem(where, "config", "is for a template: give template with it.")]
    try:
        if "src" in entry:
            return _from_src(entry, open_file), []
        if "template" in entry:
            return _from_template(entry, template_paths, where)
        if "definition" in entry:
            content = _object(entry.pop("definition"))
            return _from_content(entry, content), []
    except IdentityError as error:
        field = f"{given[0]} '{entry['src']}'" if given == ["src"] else given[0]
        return [], [Problem(where, field, f"{error.message.rstrip('.')}. {error.hint}".strip())]
    return [entry], []


def where(index: int, entry: Entry) -> str:
    """Return what to call an entry of C(flows) in messages."""
    label = entry.get("id") or entry.get("name") or ""
    source = entry.get("source") or ""
    return f"flows[{index}]" + (f" '{label}'" if label else "") + (f" ({source})" if source else "")


def _from_src(entry: Entry, open_file: t.Callable[[str], str]) -> list[Entry]:
    path = os.path.expanduser(str(entry["src"]))
    entry = {name: value for name, value in entry.items() if name != "src"}
    if os.path.isdir(path):
        return [{**entry, "definition": _from_folder(path, entry.get("id"), open_file)}]
    return _from_content(entry, read_json(open_file(path)))


def _from_content(entry: Entry, content: t.Any) -> list[Entry]:
    if isinstance(content, dict) and content.get("kind") == BACKUP_KIND:
        return _from_backup(entry, checked(content))
    return [{**entry, "definition": from_export(content, entry.get("id"))}]


def _object(value: t.Any) -> t.Any:
    """Return the value of an option of type dict that may be given as JSON text, as Ansible allows."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _from_folder(path: str, flow_id: str | None, open_file: t.Callable[[str], str]) -> t.Any:
    """Read a flow's folder in a snapshot, or the one of the given id in the folder of a whole snapshot."""
    folder = pathlib.Path(path)
    if not (folder / "metadata.json").exists() and flow_id and (folder / "flows" / flow_id).is_dir():
        folder = folder / "flows" / flow_id
    if not (folder / "metadata.json").exists():
        raise NotAFlow("is a folder without metadata.json, so not a flow of a snapshot")

    def read(name: str) -> t.Any:
        try:
            return read_json(open_file(str(folder / name)))
        except IdentityError as error:
            raise IdentityError(error.code, f"{name} in it {error.message}", error.hint) from error

    screens = {
        file.name.removeprefix("screen-").removesuffix(".json"): read(file.name)
        for file in sorted(folder.glob("screen-*.json"))
    }
    return from_snapshot(read("metadata.json"), read("contents.json"), screens, folder.name)


def _from_backup(entry: Entry, backup: dict[str, t.Any]) -> list[Entry]:
    """Return an entry for the flow of the given id, or for each flow in a backup.

    A flow that was not there when the backup was made shall not be there again.
    """
    flows = backup["sections"].get("flows") or {}
    flow_id = entry.get("id")
    if flow_id is not None and flow_id not in flows:
        raise IdentityError("not_in_backup", f"holds no flow '{flow_id}'; it has {', '.join(sorted(flows)) or 'none'}.")
    found = []
    for name in sorted(flows) if flow_id is None else [flow_id]:
        if f"flows/{name}" in backup.get("masked", ()):
            raise IdentityError("masked", f"has the flow '{name}' without the management key that stood in it.", UNMASK)
        one = {**entry, "id": name, "only_project": backup["project"]["id"]}
        found.append({**one, "state": "absent"} if flows[name] is None else {**one, "definition": flows[name]})
    return found


def _from_template(entry: Entry, paths: t.Sequence[str], where: str) -> tuple[list[Entry], list[Problem]]:
    template = templates.find(str(entry["template"]), [*paths, templates.shipped()])
    config = _object(entry.get("config", {}))
    entry = {name: value for name, value in entry.items() if name not in {"template", "config"}}
    if problems := templates.config_problems(template, config):
        return [], [Problem(where, "config", text) for text in problems]
    if not entry.get("id"):
        return [], [Problem(where, "id", "is missing: a template has no id of its own.")]
    return [{**entry, "definition": templates.render(template, config, entry["id"])}], []
