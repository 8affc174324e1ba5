# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests of flow templates: a small one, and what may be wrong with a definition that comes of one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.pcc.identity.plugins.module_utils._flow_template_file import Template
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import find
from emulator.descope import flow_checks

Json = dict[str, Any]


def task(key: str, kind: str, rules: dict[str, str], **more: Any) -> Json:
    ways = [{"interactionId": way, "taskId": target} for way, target in rules.items()]
    return {"id": key, "name": f"Step {key}", "type": kind, "next": {"rules": ways} if ways else {}, **more}


def node(parent: str, *nodes: str, kind: str = "Text", **props: Any) -> Json:
    return {
        "custom": {"type": kind},
        "displayName": kind,
        "linkedNodes": {},
        "nodes": list(nodes),
        "parent": parent,
        "props": props,
        "type": {"resolvedName": kind},
    }


def screen(ident: str, contents: Json, *interactions: str) -> Json:
    return {
        "screenId": ident,
        "interactions": [{"id": key, "label": f"Press {key}"} for key in interactions],
        "contents": contents,
    }


def small_flow() -> Json:
    """A first screen with the ways a, b and c; a and b have a code each, c goes by a condition."""
    first = {
        "ROOT": node("", "title", "input", "box", kind="Container"),
        "title": node("ROOT", children="Welcome"),
        "input": node("ROOT", kind="input", name="email"),
        "box": node("ROOT", "toA", "toB", "toC", kind="Container"),
        "toA": node("box", kind="button"),
        "toB": node("box", kind="button"),
        "toC": node("box", kind="button"),
    }
    second = {
        "ROOT": node("", "loader", "inner", kind="Container"),
        "loader": node("ROOT", kind="polling"),
        "inner": {**node("ROOT", kind="Container"), "linkedNodes": {"left": "done"}},
        "done": node("inner", kind="button"),
    }
    tasks = {
        "start": {"id": "start", "name": "start", "next": {"rules": [{"taskId": "0"}]}},
        "0": task("0", "screen", {"toA": "1", "toB": "2", "toC": "3"}, screenId="SC1", inputKeys=["email"],
                  allInputKeys=["email"], inputsMetadata=[{"key": "email"}],
                  interactions=[{"id": "toA"}, {"id": "toB"}, {"id": "toC"}]),
        "1": task("1", "automated", {"success": "1.end"}, action="a",
                  arguments={"verifyStepId": {"type": "inline", "value": "1.end"}}),
        "1.end": task("1.end", "automated", {"success": "9"}, action="verify"),
        "2": task("2", "automated", {"success": "5"}, action="b",
                  arguments={"days": {"type": "inline", "value": 30}, "connectorId": {"value": "CI1"}}),
        "3": task("3", "condition", {"yes": "2", "no": "1", "ELSE": "9"},
                  conditions=[{"interactionId": "yes"}, {"interactionId": "no"}, {"interactionId": "ELSE"}]),
        "5": task("5", "screen", {"done": "9", "polling": "1"}, screenId="SC2"),
        "9": task("9", "automated", {}, action="logged-in"),
    }  # fmt: skip
    return {
        "flowId": "small",
        "metadata": {"name": "Small", "sharedInteractions": [{"id": "2.success"}, {"id": "9.success"}]},
        "contents": {"startTask": "0", "tasks": tasks},
        "screens": [
            screen("SC1", first, "toA", "toB", "toC"),
            screen("SC2", second, "done", "polling"),
        ],
        "references": {"connectors": {"mail": "CI1"}, "roles": {}, "userAttributes": ["x"]},
    }


def small_options() -> Json:
    return {
        "ways": {
            "type": "list",
            "choices": ["a", "b", "c"],
            "default": ["a"],
            "min": 1,
            "description": "The ways in.",
            "adds": {
                "a": {"steps": [1], "parts": ["input"]},
                "b": {"steps": ["2"], "parts": ["input"]},
                "c": {"steps": ["3"], "instead": {"3": "9"}},
            },
        },
        "days": {"type": "int", "min": 1, "max": 90, "sets": ["contents/tasks/2/arguments/days/value"]},
    }


def write(folder: Path, content: Any = None, flow: Any = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"description": "A small one.", "options": small_options()} if content is None else content
    (folder / "template.yml").write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    flow = small_flow() if flow is None else flow
    (folder / "flow.json").write_text(flow if isinstance(flow, str) else json.dumps(flow))
    return folder


def load(folder: Path, options: Any = None, flow: Any = None) -> Template:
    content = None if options is None else {"options": options}
    write(folder / "small", content, flow)
    return find("small", [str(folder)])


def edited(*changes: tuple[str, Any]) -> Json:
    """The small flow with values at paths; None takes one out."""
    flow = small_flow()
    for path, value in changes:
        *way, last = path.split("/")
        here: Any = flow
        for name in way:
            here = here[int(name)] if isinstance(here, list) else here[name]
        if value is None:
            del here[last]
        else:
            here[last] = value
    return flow


def flaws(flow: Json) -> list[str]:
    """What is wrong with a definition, more strictly than the service may see it."""
    found = flow_checks.problems(flow)
    tasks = flow["contents"]["tasks"]
    waiting, reached = [flow["contents"]["startTask"], "start"], set()
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += [rule["taskId"] for rule in tasks[key]["next"].get("rules", [])]
    found += [f"task {key} is not reached" for key in tasks if key not in reached]
    shown = {task["screenId"]: task for task in tasks.values() if task.get("type") == "screen"}
    for screen in flow["screens"]:
        ident, nodes = screen["screenId"], screen["contents"]
        if ident not in shown:
            found.append(f"screen {ident} is not shown")
            continue
        ways = {rule["interactionId"] for rule in shown[ident]["next"].get("rules", [])}
        listed = {interaction["id"] for interaction in screen["interactions"]}
        pressed = {key for key, node in nodes.items() if node["custom"].get("type") in ("button", "oneTimeCode")}
        polled = {"polling" for node in nodes.values() if node["custom"].get("type") == "polling"}
        if not ways == listed == pressed | polled:
            found.append(f"screen {ident}: edges {ways}, interactions {listed}, buttons {pressed | polled}")
        for key, node in nodes.items():
            held = [*node["nodes"], *node["linkedNodes"].values()]
            found += [f"{ident}: {child} is not in {key}" for child in held if nodes[child]["parent"] != key]
            if key != "ROOT" and key not in [
                *nodes[node["parent"]]["nodes"],
                *nodes[node["parent"]]["linkedNodes"].values(),
            ]:
                found.append(f"{ident}: {key} is nowhere")
            if node["displayName"] == "Container" and not held:
                found.append(f"{ident}: {key} is empty")
    for key, task in tasks.items():
        if task.get("type") == "condition":
            entries = [entry["interactionId"] for entry in task["conditions"]]
            rules = [rule["interactionId"] for rule in task["next"]["rules"]]
            if sorted(entries) != sorted(rules) or entries[-1] != "ELSE" or len(entries) < 2:
                found.append(f"condition {key}: {entries} and {rules}")
        found += [
            f"task {key} names {argument['value']}"
            for name, argument in (task.get("arguments") or {}).items()
            if name.endswith("StepId") and argument["value"] not in tasks
        ]
    return found + [f"a placeholder is left: {text}" for text in re.findall(r"\[\[\w+\]\]", json.dumps(flow))]
