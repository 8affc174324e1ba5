# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What a flow must be like before it is sent, and what a new version may not take away unasked. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import Normal, canonical


def structure_problems(definition: Definition) -> list[str]:
    """Return what is wrong with a definition by itself.

    These are the things the service refuses (contract 3.1, T), and references inside the flow that lead nowhere, as
    editing by hand leaves them behind.
    """
    contents, screens = definition["contents"], definition["screens"]
    problems = []
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
    for key, task in sorted(tasks.items()):
        problems += _step_problems(key, task, tasks, ids)
    return problems


def breaking(old: Normal, new: Normal) -> list[str]:
    """Return what users of a flow lose with its new version: screens, steps, sign-in methods, the start step.

    A step counts as lost if something leads to it; one that only goes by another key is not lost.
    """
    found = []
    screens = graph.screen_labels(old)
    found += [
        f"the screen '{screens[item]}'"
        for item in sorted(old["screens"], key=lambda item: screens[item])
        if item not in new["screens"]
    ]
    names = graph.labels(old)
    gone = _gone(old, new)
    begin = graph.start(old)
    if begin in gone:
        found.append(f"the start step '{names[begin]}'")
    targets = {target for key, following in graph.edges(old).items() for target in following if key != target}
    found += [
        f"the step '{names[key]}', which {_sources(old, key, names)} to"
        for key in sorted(gone, key=lambda key: names[key])
        if key in targets and key != begin
    ]
    left = set(graph.method_names(new))
    found += [f"the sign-in method {name}" for name in graph.method_names(old) if name not in left]
    return found


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
    problems = []
    name = f"'{str(task.get('name') or key).strip()}' ({key})"
    if task.get("id", key) != key:
        problems.append(f"has the step {name}, whose id is '{task['id']}'.")
    problems += [
        f"has the step {name}, which leads to the step '{rule.get('taskId')}', which does not exist."
        for rule in graph.rules(task)
        if not _is_one_of(rule.get("taskId"), tasks)
    ]
    if task.get("type") == "screen" and task.get("screenId") not in screens:
        problems.append(f"has the step {name}, which shows the screen '{task.get('screenId')}', which does not exist.")
    return problems


def _is_one_of(key: t.Any, tasks: t.Mapping[str, t.Any]) -> bool:
    return isinstance(key, str) and key in tasks


def _gone(old: Normal, new: Normal) -> list[str]:
    """Return the keys of the old steps that the new flow has neither under their own key nor under another."""
    was, now = _kinds(old), _kinds(new)
    free = sorted(key for key, kind in now.items() if was.get(key) != kind)
    left = []
    for key, kind in sorted(was.items()):
        if now.get(key) == kind:
            continue
        moved = next((other for other in free if now[other] == kind), None)
        if moved is None:
            left.append(key)
        else:
            free.remove(moved)
    # Those that are free are no old step under another key, so under the same key they are the old step, edited.
    return [key for key in left if key not in free]


def _kinds(flow: Normal) -> dict[str, str]:
    """Return what tells a step from others, whatever its key is, for each step."""
    names = ("name", "type", "action", "screenId")
    return {key: canonical([task.get(name) for name in names]) for key, task in flow["tasks"].items()}


def _sources(flow: Normal, key: str, names: dict[str, str]) -> str:
    sources = sorted(
        names[source] for source, following in graph.edges(flow).items() if key in following and source != key
    )
    quoted = " and ".join(f"'{name}'" for name in sources[:3])
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    return f"{quoted}{more} {'leads' if len(sources) == 1 else 'lead'}"
