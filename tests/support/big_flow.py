# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A flow as large as flows get: 33 steps, 10 screens, 100 kB, put together from the real exports. Always the same.

Users choose a social provider, then go through four of the real flows one after the other. The screens of these are
filled up with texts and inputs of the other real screens.
"""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

from ansible_collections.pcc.identity.plugins.module_utils._flow_parts import take_out
from tests.support.flows import sample, sample_flows

Json = dict[str, Any]

STEPS, SCREENS, BYTES = 33, 10, 100_000

_PARTS = [f"user-profile-set-{name}" for name in ("email", "name", "picture", "passkeys")]
_PROVIDERS = ("apple", "github", "google")
_END = "0"


def big_flow(flow_id: str = "big-flow") -> Json:
    """Return the definition in v2 form."""
    by_id = {flow["flowId"]: flow for flow in sample_flows()}
    tasks, first = _social_logins(after="1000")
    for number, name in enumerate(_PARTS, 1):
        after = f"{number + 1}000" if number < len(_PARTS) else _END
        # The real flow starts at 1000, 2000 and so on; its other steps keep their numbers behind that.
        tasks |= _chained(by_id[name], offset=1000 * number, after=after)
    tasks[_END] = copy.deepcopy(by_id[_PARTS[0]]["contents"]["tasks"][_END])
    tasks["start"] = {"id": "start", "name": "start", "next": {"rules": [{"taskId": first}]}}
    flow = {
        "flowId": flow_id,
        "metadata": {"componentsVersion": "2.0.422", "description": "All at once", "name": "Big Flow"},
        "contents": {"startTask": first, "tasks": tasks},
        "screens": [copy.deepcopy(screen) for name in _PARTS for screen in by_id[name]["screens"]],
        "references": {},
    }
    others = [screen for name, each in by_id.items() if name not in _PARTS for screen in each["screens"]]
    pairs = zip(itertools.cycle(flow["screens"]), itertools.cycle(others), strict=True)
    while size(flow) < BYTES:
        screen, other = next(pairs)
        _fill_up(screen["contents"], other["contents"], f"more{size(flow)}-")
    return flow


def size(flow: Json) -> int:
    """Return how many bytes a flow takes on its way to the service."""
    return len(json.dumps(flow, separators=(",", ":")).encode())


def edited(flow: Json) -> Json:
    """Return the next version: what somebody may do to a flow in an hour, and what the service does by itself."""
    flow = copy.deepcopy(flow)
    tasks, screens = flow["contents"]["tasks"], flow["screens"]
    title = next(node for node in screens[0]["contents"].values() if node["type"]["resolvedName"] == "Text")
    title["props"]["children"] = "Nearly there"
    button = next(node for node in screens[1]["contents"].values() if node["custom"].get("type") == "button")
    button["props"]["children"] = "Carry on"
    for interaction in screens[1]["interactions"]:
        interaction["label"] = "Carry on" if interaction["id"] == button["props"]["id"] else interaction["label"]
    social = next(task for task in tasks.values() if task.get("action") == "oauth-start")
    social["arguments"]["redirectUrl"]["value"] = "https://login.example/done"
    tasks["2000"]["name"] = "Load the user's name"
    tasks["1"]["conditions"][0]["atomicConditions"][0]["predicate"]["value"] = "apple-id"
    # One more step on the way to the end.
    tasks["9"] = {**copy.deepcopy(tasks["2000"]), "id": "9", "name": "Load User At Last"}
    tasks["9"]["next"] = {"rules": [{"interactionId": "success", "taskId": _END}]}
    last = next(task for key, task in sorted(tasks.items()) if key.startswith("4") and _leads_to(task, _END))
    for rule in last["next"]["rules"]:
        rule["taskId"] = "9" if rule["taskId"] == _END else rule["taskId"]
    # No change at all: another order, another version of the components.
    screens.reverse()
    flow["metadata"]["componentsVersion"] = "2.0.430"
    return flow


def _social_logins(after: str) -> tuple[Json, str]:
    """Return a step that asks for the provider, with the steps of each, and the key of the first."""
    by_id = {flow["flowId"]: flow for flow in sample_flows()}
    choice = copy.deepcopy(by_id["user-profile-set-passkeys"]["contents"]["tasks"]["4"]) | {
        "id": "1",
        "name": "Provider",
    }
    choice["conditions"], choice["next"]["rules"] = [], []
    tasks: Json = {"1": choice}
    for number, provider in enumerate(_PROVIDERS, 2):
        login = _chained(sample("basicflow.json"), offset=10 * number, after=after)
        for task in login.values():
            task["arguments"]["defaultProvider"]["value"] = provider
            task["name"] += f" / {provider}"
        first = next(iter(login))
        way = "ELSE" if provider == _PROVIDERS[-1] else f"way{provider}"
        target = {"type": "context", "value": "form.provider"}
        atom = {"operator": "equal", "predicate": {"type": "inline", "value": provider}, "target": target}
        choice["conditions"].append({"interactionId": way, "name": provider.capitalize()})
        if way != "ELSE":
            choice["conditions"][-1]["atomicConditions"] = [atom]
        choice["next"]["rules"].append({"interactionId": way, "taskId": first})
        tasks |= login
    return tasks, "1"


def _chained(flow: Json, offset: int, after: str) -> Json:
    """Return the steps of a flow but for its start and its ends, under other keys, with a step to go on with."""
    tasks = flow["contents"]["tasks"]
    first = flow["contents"]["startTask"]
    names = {first: str(offset)}
    for key, task in tasks.items():
        number, dot, suffix = key.partition(".")
        if task.get("action") == "logged-in":
            names[key] = after
        elif key != "start":
            base = names[number] if number in names else str(offset + 1 + int(number))
            names[key] = f"{base}{dot}{suffix}"
    found = {}
    for key in sorted(tasks, key=lambda key: (key != first, key)):
        if key == "start" or tasks[key].get("action") == "logged-in":
            continue
        task = copy.deepcopy(tasks[key])
        task["id"] = names[key]
        for rule in task["next"]["rules"]:
            rule["taskId"] = names[rule["taskId"]]
        for argument, value in task.get("arguments", {}).items():
            if argument.endswith("StepId"):
                value["value"] = names[value["value"]]
        found[names[key]] = task
    return found


def _fill_up(nodes: Json, more: Json, prefix: str) -> None:
    """Put what is on another screen at the end of one, but nothing that leads anywhere."""
    more = copy.deepcopy(more)
    take_out(more, [key for key, node in more.items() if node["custom"].get("type") in ("button", "polling")])
    names = {key: "ROOT" if key == "ROOT" else f"{prefix}{key}" for key in more}
    for key, node in more.items():
        node["nodes"] = [names[child] for child in node["nodes"]]
        node["linkedNodes"] = {role: names[child] for role, child in node["linkedNodes"].items()}
        if key != "ROOT":
            node["parent"], node["props"]["id"] = names[node["parent"]], names[key]
            nodes[names[key]] = node
    nodes["ROOT"]["nodes"] += more["ROOT"]["nodes"]


def _leads_to(task: Json, key: str) -> bool:
    return any(rule["taskId"] == key for rule in task["next"].get("rules", []))
