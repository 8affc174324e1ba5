# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The files of project snapshots: when two say the same, and what to send to put one back. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import Path, without_secrets
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import rewrite
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical, same

#: Files that list what there is, each entry by its name.
_INDEXES = (
    *("connectors/connectors.json", "flows/flows.json", "widgets/widgets.json", "widgets/flows/flows.json"),
    *("lists.json", "roles.json", "permissions.json", "attributes.json", "jwttemplates.json"),
    *("applications.json", "outboundapps.json"),
)

Files = dict[str, t.Any]


def normal(files: Files, without: t.Sequence[str] = ()) -> Files:
    """Return snapshot files in the form in which equal projects have equal ones.

    Secrets are blank, connectors go by their names (contract, section 8, row 26), what the service stamps is left out,
    and lists of named things are sorted.

    Args:
        files: of a snapshot.
        without: beginnings of paths to leave out.
    """
    clean, _blanked = without_secrets(files)
    named = rewrite(clean, {ident: f"of-{name}" for ident, name in _connectors(clean).items()})
    return {path: _normal_file(path, content) for path, content in named.items() if not path.startswith(tuple(without))}


def _normal_file(path: str, content: t.Any) -> t.Any:
    if not isinstance(content, dict) or path.endswith("/contents.json"):
        return content
    kept = {key: value for key, value in content.items() if key != "componentsVersion"}
    if path == "roles.json" and isinstance(kept.get("roles"), list):
        kept["roles"] = [_sorted_names(role) for role in kept["roles"]]
    return {key: sorted(value, key=canonical) if isinstance(value, list) else value for key, value in kept.items()}


def _sorted_names(role: t.Any) -> t.Any:
    names = role.get("permissionNames") if isinstance(role, dict) else None
    return {**role, "permissionNames": sorted(map(str, names))} if isinstance(names, list) else role


def _connectors(files: Files) -> dict[str, str]:
    """Return the names of connectors by id."""
    return {
        str(content["id"]): str(content["name"])
        for path, content in files.items()
        if path.startswith("connectors/") and isinstance(content, dict) and content.get("id") and content.get("name")
    }


def differing(one: Files, other: Files) -> list[str]:
    """Return the paths of files that are not the same in two normal forms."""
    return sorted(
        path for path in {*one, *other} if path not in one or path not in other or not same(one[path], other[path])
    )


def to_send(saved: Files, blanked: t.Mapping[str, t.Sequence[Path]], live: Files, *, exact: bool) -> Files:
    """Return the files of an import.

    Args:
        saved: files of the backup.
        blanked: where secrets stood in them. What to send there is not certain (contract, section 8, row 25); what an
            export of the very same object has there is what the service itself puts there, and keeps the secret.
        live: files of an export of the project as it is.
        exact: leave out what came later; without it, that is sent along.
    """
    found = {
        path: _filled(content, blanked.get(path, ()), _counterpart(path, content, live))
        for path, content in saved.items()
    }
    if exact:
        return found
    names = set(_connectors(saved).values())
    for path, content in live.items():
        is_connector = path.startswith("connectors/") and isinstance(content, dict) and "name" in content
        if path in _INDEXES and path in found:
            found[path] = _union(found[path], content, _slugs_known(path, live, names))
        elif path not in found and not (is_connector and content["name"] in names):
            found[path] = content
    return found


def _slugs_known(path: str, live: Files, names: set[str]) -> set[str]:
    """Return the entries of the list of connectors that stand for connectors that are in the backup, too."""
    if path != "connectors/connectors.json":
        return set()
    return {
        match["slug"]
        for place, content in live.items()
        if (match := re.fullmatch(r"connectors/(?P<slug>.+)\.json", place))
        and isinstance(content, dict)
        and content.get("name") in names
    }


def _union(saved: t.Any, live: t.Any, known: set[str]) -> t.Any:
    """Return an index with the entries of both sides; of two with the same name the saved one counts."""
    if not isinstance(saved, dict) or not isinstance(live, dict):
        return saved
    merged = dict(saved)
    for key, entries in live.items():
        own = merged.get(key)
        if isinstance(own, list) and isinstance(entries, list):
            there = {_called(entry) for entry in own} | known
            merged[key] = own + [entry for entry in entries if _called(entry) not in there]
    return merged


def _called(entry: t.Any) -> str:
    if isinstance(entry, dict):
        return str(entry.get("name") or entry.get("id") or canonical(entry))
    return str(entry)


def _counterpart(path: str, content: t.Any, live: Files) -> t.Any:
    """Return the same file of the project as it is, or None. Connectors go by their names."""
    if path.startswith("connectors/") and isinstance(content, dict) and content.get("name"):
        return next(
            (
                other
                for place, other in live.items()
                if place.startswith("connectors/") and isinstance(other, dict) and other.get("name") == content["name"]
            ),
            None,
        )
    return live.get(path)


def _filled(content: t.Any, paths: t.Sequence[Path], live: t.Any) -> t.Any:
    for path in paths:
        value = _at(content, live, path)
        if isinstance(value, str) and value:
            content = _with(content, path, value)
    return content


def _at(saved: t.Any, live: t.Any, path: Path) -> t.Any:
    """Return what stands live where a path leads in a saved value. Entries of lists are found by name or id."""
    for step in path:
        if isinstance(saved, dict) and isinstance(live, dict):
            saved, live = saved.get(step), live.get(step)
        elif isinstance(saved, list) and isinstance(live, list) and isinstance(step, int) and step < len(saved):
            saved = saved[step]
            live = next((each for each in live if isinstance(each, dict) and _called(each) == _called(saved)), None)
        else:
            return None
    return live


def _with(value: t.Any, path: Path, new: str) -> t.Any:
    """Return a JSON value with another text at a path; what is not on the way is shared."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and step in value:
        return {**value, step: _with(value[step], rest, new)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [_with(each, rest, new) if index == step else each for index, each in enumerate(value)]
    return value
