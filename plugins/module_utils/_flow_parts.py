# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The parts of a flow definition that templates name: steps, what is on screens, values at paths. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition

Part = dict[str, t.Any]

# What names an entry of a list in a path.
_LIST_KEYS = ("screenId", "id", "interactionId", "key")


def step_label(flow: Definition, key: str) -> str:
    """Return what to call a step in messages."""
    return f"step '{key}' ({flow['contents']['tasks'][key].get('name', 'without a name')})"


def children(node: Part) -> list[str]:
    """Return the ids of what a node of a screen holds."""
    return [*(node.get("nodes") or []), *(node.get("linkedNodes") or {}).values()]


def parts_of(screen: Part) -> list[str]:
    """Return the ids of all that is on a screen; those of buttons are there twice, as nodes and as interactions."""
    return [*(screen.get("contents") or {}), *(each["id"] for each in screen.get("interactions") or [])]


def is_named(names: t.Container[str], screen: str, part: str) -> bool:
    """Return whether a part is among names, which are like C(part) or C(screen/part)."""
    return part in names or f"{screen}/{part}" in names


def screens_with(flow: Definition, name: str) -> list[Part]:
    """Return the screens that have a part, which is given as C(part) or as C(screen/part)."""
    return [
        screen
        for screen in flow["screens"]
        if any(is_named({name}, screen["screenId"], part) for part in parts_of(screen))
    ]


def part_label(flow: Definition, name: str) -> str:
    """Return what users read on a part, or else what the editor calls it."""
    screen = screens_with(flow, name)[0]
    part = name.rpartition("/")[2]
    labels = {each["id"]: each.get("label") for each in screen.get("interactions") or []}
    return labels.get(part) or (screen.get("contents") or {}).get(part, {}).get("displayName") or part


def place(flow: Definition, path: str) -> tuple[t.Any, t.Any] | None:
    """Return what holds the value at a path, and its key or index there. Return None when there is no such value."""
    here: t.Any = flow
    holder: t.Any = None
    key: t.Any = None
    for name in path.split("/"):
        holder, key = here, name
        if isinstance(here, list):
            named = [index for index, entry in enumerate(here) if _is_called(entry, name)]
            key = named[0] if named else int(name) if name.isdecimal() else len(here)
            if key >= len(here):
                return None
        elif not isinstance(here, dict) or name not in here:
            return None
        here = holder[key]
    return holder, key


def take_out(nodes: dict[str, Part], gone: t.Iterable[str]) -> None:
    """Take nodes of a screen out, with what they hold, and with the containers that hold nothing any more."""
    waiting = [key for key in gone if key in nodes]
    while waiting:
        node = nodes.pop(waiting.pop(), {})
        waiting += [child for child in children(node) if child in nodes]
        parent = nodes.get(node.get("parent", ""))
        if parent is not None:
            parent["nodes"] = [child for child in parent.get("nodes") or [] if child in nodes]
            linked = parent.get("linkedNodes") or {}
            parent["linkedNodes"] = {role: child for role, child in linked.items() if child in nodes}
            if not children(parent) and node["parent"] != "ROOT":
                waiting.append(node["parent"])


def _is_called(entry: t.Any, name: str) -> bool:
    return isinstance(entry, dict) and name in [entry.get(key) for key in _LIST_KEYS]
