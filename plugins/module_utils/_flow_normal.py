# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The normal form of flows and themes: what counts when two of them are compared. Pure.

Left out is what the service stamps or reorders by itself (contract, section 3.6): C(componentsVersion), C(version),
C(etag), C(modifiedTime), empty values, the order of screens and interactions, and C(references), which is an index of
ids that stand in the flow itself.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical, is_empty, without_empty

Normal = dict[str, t.Any]

#: Stamped by the service on every import, on screens too (contract 3.6, T).
_STAMPED = frozenset({"componentsVersion", "version", "etag", "modifiedTime"})
#: Lists in metadata whose order means nothing.
_SETS = frozenset({"targetLanguages", "triggeringEventTypes"})


def normal(definition: Definition) -> Normal:
    """Return the normal form: C(metadata), C(contents) without tasks, C(tasks) by key, C(screens) by id.

    Two definitions are the same flow if and only if their normal forms are equal (L(_json.same)).
    """
    contents = definition["contents"]
    metadata = {name: value for name, value in definition["metadata"].items() if name not in _STAMPED}
    tasks = contents.get("tasks") or {}
    return {
        "metadata": _metadata(metadata),
        "contents": without_empty({name: value for name, value in contents.items() if name != "tasks"}),
        "tasks": {key: _task(key, task) for key, task in tasks.items()},
        "screens": {str(screen.get("screenId")): _screen(screen) for screen in definition["screens"]},
    }


def _metadata(metadata: dict[str, t.Any]) -> Normal:
    """Return metadata, in which a zero value of any kind is the same as none (contract 0, T)."""
    kept = _without_zero(metadata)
    if isinstance(kept.get("sharedInteractions"), list):
        kept["sharedInteractions"] = _by_id(kept["sharedInteractions"])
    return t.cast(Normal, kept)


def _without_zero(value: t.Any, name: str = "") -> t.Any:
    if isinstance(value, dict):
        kept = {key: _without_zero(inner, key) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner}
    if isinstance(value, list):
        items = [_without_zero(inner) for inner in value]
        return sorted(items, key=canonical) if name in _SETS else items
    return value


def _task(key: str, task: dict[str, t.Any]) -> Normal:
    """Return a step; its id is its key in all exports."""
    return {name: value for name, value in without_empty(task).items() if not (name == "id" and value == key)}


def _screen(screen: dict[str, t.Any]) -> Normal:
    kept = {
        name: without_empty(value)
        for name, value in screen.items()
        if name not in _STAMPED and name not in {"screenId", "interactions", "inputs"}
    }
    kept["interactions"] = _by_id(screen.get("interactions") or [])
    return {name: value for name, value in kept.items() if not is_empty(value)}


def _by_id(interactions: t.Any) -> t.Any:
    """Return interactions by their id, since their order means nothing."""
    if not isinstance(interactions, list) or not all(isinstance(item, dict) for item in interactions):
        return interactions
    found: Normal = {}
    # Sorted, so that those with the same id come out in the same order, too.
    for item in sorted((without_empty(item) for item in interactions), key=canonical):
        key = name = str(item.get("id"))
        while key in found:
            key += f" {name}"
        found[key] = item
    return found
