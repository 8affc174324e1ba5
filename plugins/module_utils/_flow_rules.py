# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What a flow must be like before it is sent, and what a new version may not take away unasked. Pure."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import Normal
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical


def structure_problems(definition: Definition) -> list[str]:
    """Return what is wrong with a definition by itself.

    These are the things the service refuses (contract 3.1, T), and references inside the flow that lead nowhere, as
    editing by hand leaves them behind.
    """
    contents, screens = definition["contents"], definition["screens"]
    problems = []
    try:
        json.dumps(definition, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        problems.append("has a text with half a character in it (a lone surrogate), which cannot be sent.")
    if not isinstance(definition["metadata"].get("name"), str) or not definition["metadata"]["name"].strip():
        problems.append("has no name: metadata.name is missing, or give name.")
    tasks = contents.get("tasks")
    if not isinstance(tasks, dict) or not tasks:
        return [*problems, "has no steps: contents.tasks must be an object with at least one."]
    if not _is_one_of(contents.get("startTask"), tasks):
        problems.append(
            f"starts with the step '{contents.get('startTask')}' (contents.startTask), which does not exist."
        )
    ids = [screen.get("screenId") for screen in screens]
    problems += [
        "has a screen without screenId." for screen_id in ids if not isinstance(screen_id, str) or not screen_id
    ]
    twice = sorted({str(each) for each in ids if ids.count(each) > 1})
    problems += [f"has the screen {screen_id} more than once." for screen_id in twice]
    for screen in screens:
        problems += [f"has the screen {screen.get('screenId')}, {text}" for text in _screen_problems(screen)]
    for key, task in sorted(tasks.items()):
        problems += _step_problems(key, task, tasks, ids)
    return problems


def breaking(old: Normal, new: Normal) -> list[str]:
    """Return what users of a flow lose with its new version: screens, steps, sign-in methods, the start step.

    What counts is where users can get to. A step that is still there but that nothing leads to any more is lost; one
    that only goes by another key is not, and neither is one that nobody could get to before.
    """
    was, now = graph.reachable(old), graph.reachable(new)
    kept = _kept(old, new)
    names, screens = graph.labels(old), graph.screen_labels(old)
    shown, still = (
        {str(flow["tasks"][key].get("screenId")) for key in live} for flow, live in ((old, was), (new, now))
    )
    found = [
        f"the screen '{screens[item]}'"
        for item in sorted(old["screens"], key=lambda item: screens[item])
        if item not in new["screens"] or (item in shown and item not in still)
    ]
    begin = graph.start(old)
    if begin in old["tasks"] and begin != "start":
        if kept.get(begin) not in now:
            found.append(f"the start step '{names[begin]}'")
        elif kept[begin] != graph.start(new) and graph.start(new) in kept.values():
            other = graph.labels(new)[graph.start(new)]
            found.append(f"the start step '{names[begin]}', since it would start with '{other}'")
    found += [
        f"the step '{names[key]}'{_sources(old, key, names)}"
        for key in sorted(was - {begin, "start"}, key=lambda key: names[key])
        if kept.get(key) not in now
    ]
    left = set(graph.method_names(new))
    return found + [f"the sign-in method {name}" for name in graph.method_names(old) if name not in left]


def fallback_problems(flow: Normal) -> list[str]:
    """Return the second factors without another method to fall back on."""
    names = graph.labels(flow)
    return [
        f"asks for {graph.spoken(str(graph.method(flow['tasks'][key])))} as a second factor ('{names[key]}') and "
        f"offers no other method in its place, so whoever cannot use it is locked out."
        for key in graph.second_factors_alone(flow)
    ]


def _step_problems(key: str, task: t.Any, tasks: dict[str, t.Any], screens: list[t.Any]) -> list[str]:
    if not isinstance(task, dict):
        return [f"has a step '{key}' that is not an object."]
    name = f"'{str(task.get('name') or key).strip()}' ({key})"
    found = []
    if task.get("id", key) != key:
        found.append(f"whose id is '{task['id']}'.")
    following = task.get("next")
    rules = following.get("rules") if isinstance(following, dict) else following
    if following is not None and (not isinstance(following, dict) or (rules is not None and not _are_objects(rules))):
        found.append("whose next is not an object with a list of rules.")
    found += [
        f"which leads to the step '{rule.get('taskId')}', which does not exist."
        for rule in graph.rules(task)
        if not _is_one_of(rule.get("taskId"), tasks)
    ]
    found += [
        f"whose {argument} names the step '{step}', which does not exist."
        for argument, step in graph.steps_named(task).items()
        if step not in tasks
    ]
    kind = task.get("type")
    if kind == "screen" and task.get("screenId") not in screens:
        found.append(f"which shows the screen '{task.get('screenId')}', which does not exist.")
    if kind == "automated" and not (isinstance(task.get("action"), str) and task["action"]):
        found.append("which has no action.")
    if kind == "condition" and not _are_objects(task.get("conditions")):
        found.append("whose conditions are not a list of objects.")
    return [f"has the step {name}, {text}" for text in found]


def _screen_problems(screen: dict[str, t.Any]) -> list[str]:
    nodes = screen.get("contents")
    if not isinstance(nodes, dict) or not all(isinstance(node, dict) for node in nodes.values()):
        return ["whose contents are not an object of objects."]
    found = []
    interactions = screen.get("interactions") or []
    if not _are_objects(interactions) or not all(isinstance(item.get("id"), str) for item in interactions):
        found.append("whose interactions are not a list of objects with an id.")
    for key, node in sorted(nodes.items()):
        listed, linked = node.get("nodes") or [], node.get("linkedNodes") or {}
        if not isinstance(listed, list) or not isinstance(linked, dict):
            found.append(f"whose element '{key}' has nodes that are no list, or linkedNodes that are no object.")
            continue
        found += [
            f"whose element '{key}' holds '{child}', which does not exist."
            for child in [*listed, *linked.values()]
            if not _is_one_of(child, nodes)
        ]
    return found


def _are_objects(value: t.Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_one_of(key: t.Any, tasks: t.Mapping[str, t.Any]) -> bool:
    return isinstance(key, str) and key in tasks


def _kept(old: Normal, new: Normal) -> dict[str, str]:
    """Return the keys of the new steps that are the old ones, by old key: the same step, moved or edited."""
    was, now = _kinds(old), _kinds(new)
    kept = {key: key for key, kind in was.items() if now.get(key) == kind}
    free = sorted(key for key in now if key not in kept)
    for key, kind in sorted(was.items()):
        moved = next((other for other in free if now[other] == kind), None) if key not in kept else None
        if moved is not None:
            kept[key] = moved
            free.remove(moved)
    for key in sorted(was):
        if key not in kept and key in free and _is_edited(old["tasks"][key], new["tasks"][key]):
            kept[key] = key
    return kept


def _kinds(flow: Normal) -> dict[str, str]:
    """Return what tells a step from others, whatever its key is, for each step."""
    names = ("name", "type", "action", "screenId")
    return {
        key: canonical([*(task.get(name) for name in names), graph.sub_flow(task)])
        for key, task in flow["tasks"].items()
    }


def _is_edited(old: dict[str, t.Any], new: dict[str, t.Any]) -> bool:
    """Return whether a step under the same key is the old one with another name or another screen, not another step."""
    if any(old.get(name) != new.get(name) for name in ("type", "action")) or graph.sub_flow(old) != graph.sub_flow(new):
        return False
    return (
        old.get("type") != "screen" or old.get("name") == new.get("name") or old.get("screenId") == new.get("screenId")
    )


def _sources(flow: Normal, key: str, names: dict[str, str]) -> str:
    """Return who leads to a step, for messages."""
    sources = sorted(
        names[source] for source, following in graph.edges(flow).items() if key in following and source != key
    )
    quoted = " and ".join(f"'{name}'" for name in sources[:3])
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    return f", which {quoted}{more} {'leads' if len(sources) == 1 else 'lead'} to" if sources else ""
