# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service would refuse in the definition of a flow.

It does check: hand-written flows were refused, with ``screens`` an object and with next to nothing in the contents
[TF3 e3001f7, fbba4be (T)]. Which checks exactly is a guess that every real export passes (G).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

_FLAGS = ("disabled", "fingerprint", "widget", "management")
_TEXTS = ("description", "componentsVersion")
_MESSAGES = ("translation", "managementConfig")
_REFERENCE_MAPS = ("connectors", "roles")
_REFERENCE_LISTS = ("oauth", "omitted", "userAttributes", "tenantAttributes")


def problems(flow: Any) -> list[str]:
    """All that is wrong with a flow in the form of v2, in words; nothing for a good one."""
    if not isinstance(flow, dict):
        return ["flow must be an object"]
    found = [] if _is_name(flow.get("flowId")) else ["flowId must be a text that is not empty"]
    found += _metadata(flow.get("metadata"))
    screens = flow.get("screens")
    found += _screens(screens)
    found += _contents(flow.get("contents"), _ids(screens, "screenId"))
    found += _references(flow.get("references"))
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _ids(entries: Any, key: str) -> set[str]:
    if not isinstance(entries, list):
        return set()
    return {entry[key] for entry in entries if isinstance(entry, dict) and isinstance(entry.get(key), str)}


def _metadata(metadata: Any) -> Iterator[str]:
    if not isinstance(metadata, dict):
        yield "metadata must be an object"
        return
    if not _is_name(metadata.get("name")):
        yield "metadata.name must be a text that is not empty"
    for names, kind, word in ((_TEXTS, str, "a text"), (_FLAGS, bool, "a boolean"), (_MESSAGES, dict, "an object")):
        for name in names:
            # null is absent, as everywhere in proto3 JSON
            if metadata.get(name) is not None and not isinstance(metadata[name], kind):
                yield f"metadata.{name} must be {word}"
    yield from _interactions("metadata.sharedInteractions", metadata.get("sharedInteractions"))


def _interactions(where: str, interactions: Any) -> Iterator[str]:
    if interactions is None:
        return
    if not isinstance(interactions, list):
        yield f"{where} must be a list"
        return
    seen: set[str] = set()
    for index, entry in enumerate(interactions):
        if not isinstance(entry, dict):
            yield f"{where}[{index}] must be an object"
        elif not _is_name(entry.get("id")):
            yield f"{where}[{index}].id must be a text that is not empty"
        elif entry["id"] in seen:
            yield f"{where} has {entry['id']} twice"
        else:
            seen.add(entry["id"])


def _contents(contents: Any, screen_ids: Collection[str]) -> Iterator[str]:
    if not isinstance(contents, dict):
        yield "contents must be an object"
        return
    tasks = contents.get("tasks")
    if not isinstance(tasks, dict) or not tasks:
        yield "contents.tasks must be an object that is not empty"
        return
    start = contents.get("startTask")
    if not isinstance(start, str) or start not in tasks:
        yield "contents.startTask must name a task"
    for key, task in tasks.items():
        yield from _task(f"contents.tasks.{key}", key, task, tasks, screen_ids)


def _task(where: str, key: str, task: Any, tasks: Collection[str], screen_ids: Collection[str]) -> Iterator[str]:
    if not isinstance(task, dict):
        yield f"{where} must be an object"
        return
    if task.get("id") != key:
        yield f"{where}.id must be {key}"
    kind = task.get("type")
    if kind is not None and not isinstance(kind, str):
        yield f"{where}.type must be a text"
    # A condition may have a screenId like "new-4" that names no screen (T samples).
    screen = task.get("screenId")
    if kind == "screen" and not (isinstance(screen, str) and screen in screen_ids):
        yield f"{where}.screenId must name a screen"
    if kind == "automated" and not _is_name(task.get("action")):
        yield f"{where}.action must be a text that is not empty"
    conditions = task.get("conditions")
    if kind == "condition" and not (isinstance(conditions, list) and conditions):
        yield f"{where}.conditions must be a list that is not empty"
    yield from _next(f"{where}.next", task.get("next"), tasks)


def _next(where: str, value: Any, tasks: Collection[str]) -> Iterator[str]:
    if value is None:
        return
    rules = value.get("rules") if isinstance(value, dict) else value
    if not isinstance(value, dict) or not (rules is None or isinstance(rules, list)):
        yield f"{where} must be an object with a list of rules"
        return
    for index, rule in enumerate(rules or ()):
        target = rule.get("taskId") if isinstance(rule, dict) else None
        if not isinstance(target, str) or target not in tasks:
            yield f"{where}.rules[{index}].taskId must name a task"


def _screens(screens: Any) -> Iterator[str]:
    if not isinstance(screens, list):
        yield "screens must be a list"  # TF3 e3001f7 (T)
        return
    seen: set[str] = set()
    for index, screen in enumerate(screens):
        where = f"screens[{index}]"
        if not isinstance(screen, dict):
            yield f"{where} must be an object"
            continue
        screen_id = screen.get("screenId")
        if not isinstance(screen_id, str) or not screen_id.strip():
            yield f"{where}.screenId must be a text that is not empty"
        elif screen_id in seen:
            yield f"screens has {screen_id} twice"
        else:
            seen.add(screen_id)
        yield from _interactions(f"{where}.interactions", screen.get("interactions"))
        yield from _nodes(f"{where}.contents", screen.get("contents"))


def _nodes(where: str, nodes: Any) -> Iterator[str]:
    if not isinstance(nodes, dict) or "ROOT" not in nodes:
        yield f"{where} must be an object with ROOT"
        return
    for key, node in nodes.items():
        if not isinstance(node, dict):
            yield f"{where}.{key} must be an object"
            continue
        children = node.get("nodes")
        if children is None:
            continue
        if not isinstance(children, list):
            yield f"{where}.{key}.nodes must be a list"
            continue
        for child in children:
            if not isinstance(child, str) or child not in nodes:
                yield f"{where}.{key}.nodes names {child!r}, which does not exist"


def _references(references: Any) -> Iterator[str]:
    if references is None:
        return
    if not isinstance(references, dict):
        yield "references must be an object"
        return
    for name in _REFERENCE_MAPS:
        value = references.get(name)
        entries = value.values() if isinstance(value, dict) else [] if value is None else [None]
        if not all(isinstance(entry, str) for entry in entries):
            yield f"references.{name} must be an object of texts"
    for name in _REFERENCE_LISTS:
        value = references.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
            yield f"references.{name} must be a list of texts"
