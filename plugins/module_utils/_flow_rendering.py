# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""One definition out of a template: leaves out what the configuration does not ask for, and all that goes with it."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import string
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_parts import (
    Part,
    is_named,
    parts_of,
    place,
    step_label,
    take_out,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import KINDS
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_file import (
    TEMPLATE_FILE,
    Template,
    unusable,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_rules import replacements
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_values import joined, words

_ELSE = "ELSE"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Rendering:
    """One definition in the making: values first, then steps go, then whatever nothing leads to any more.

    Args:
        template: stays as it is.
        values: of all options, None for those without one.
        flow_id: of the flow to be.
    """

    def __init__(self, template: Template, values: dict[str, t.Any], flow_id: str) -> None:
        self._template = template
        self._values = values
        self._flow = {**copy.deepcopy(template.flow), "flowId": flow_id}
        self._contents: dict[str, t.Any] = self._flow["contents"]
        self._links = dict(replacements(template.options))
        self._gone_steps = self._left_out("steps")
        self._gone_parts = self._left_out("parts")

    def result(self) -> Definition:
        """Return the definition.

        Raises:
            IdentityError: C(bad_template), when there is no way on from some step.
        """
        self._set_values()
        before = self._ways_by_screen()
        self._leave_steps_out()
        self._leave_unreached_out()
        self._check_named_steps()
        after = self._ways_by_screen()
        self._flow["screens"] = [screen for screen in self._flow["screens"] if screen["screenId"] in after]
        for screen in self._flow["screens"]:
            self._trim_screen(screen, before[screen["screenId"]] - after[screen["screenId"]])
        self._trim_metadata()
        self._trim_references()
        if self._template.flow["flowId"] != self._flow["flowId"]:
            self._rename_screens()
        return self._flow

    @property
    def _tasks(self) -> dict[str, Part]:
        return t.cast("dict[str, Part]", self._contents["tasks"])

    def _keep(self, steps: t.Container[str]) -> None:
        self._contents["tasks"] = {key: task for key, task in self._tasks.items() if key in steps}

    def _unusable(self, text: str) -> IdentityError:
        config = joined(f"{name}: {json.dumps(value)}" for name, value in self._values.items())
        file = os.path.join(self._template.path, TEMPLATE_FILE)
        return unusable(self._template.name, file, [f"{text} With {config or 'no options'}."])

    def _step(self, key: str) -> str:
        return step_label(self._template.flow, key)

    # Values and steps

    def _left_out(self, key: str) -> set[str]:
        """Return what some value adds, but none of those that were chosen."""
        everything: set[str] = set()
        chosen: set[str] = set()
        for name, spec in self._template.options.items():
            for word, what in spec.get("adds", {}).items():
                everything.update(what[key])
                chosen.update(what[key] if word in words(self._values[name]) else [])
        return everything - chosen

    def _set_values(self) -> None:
        for name, spec in self._template.options.items():
            value = self._values[name]
            for path in spec.get("sets", []) if value is not None else []:
                holder, key = t.cast("tuple[t.Any, t.Any]", place(self._flow, str(path)))
                placeholder = f"[[{name}]]"
                old = holder[key]
                if isinstance(old, str) and placeholder in old and old != placeholder:
                    holder[key] = old.replace(placeholder, joined(words(value)))
                else:
                    holder[key] = copy.deepcopy(value)

    def _target(self, step: str) -> str | None:
        """Return where an edge to a step leads now."""
        seen: set[str] = set()
        here: str | None = step
        while here in self._gone_steps and here not in seen:
            seen.add(here)
            here = self._links.get(here)
        return None if here in self._gone_steps else here

    def _leave_steps_out(self) -> None:
        start = self._target(self._contents["startTask"])
        if start is None:
            raise self._unusable(f"The first step '{self._contents['startTask']}' is left out: say what comes instead.")
        self._contents["startTask"] = start
        self._keep(self._tasks.keys() - self._gone_steps)
        for key, task in self._tasks.items():
            self._rewire(key, task)

    def _rewire(self, key: str, task: Part) -> None:
        """Lead a step past the steps that are gone."""
        old = graph.rules(task)
        if not old:
            return
        kind, new = task.get("type"), []
        for rule in old:
            way, target = rule.get("interactionId", ""), self._target(rule["taskId"])
            if kind == "screen" and is_named(self._gone_parts, task["screenId"], way):
                continue
            if target is None and (kind not in ("screen", "condition") or way == _ELSE):
                raise self._unusable(
                    f"{self._step(key)} leads to step '{rule['taskId']}', which is left out: "
                    "say under 'instead' which step takes its place."
                )
            changed = {**rule, "taskId": target}
            if target is not None and changed not in new:
                new.append(changed)
        ways = {rule.get("interactionId") for rule in new}
        if not new or (kind == "condition" and ways == {_ELSE}):
            raise self._unusable(
                f"{self._step(key)} has no way on but the steps that are left out: "
                "list it among those steps, and say what comes instead."
            )
        task["next"]["rules"] = new
        _drop(task, "conditions", {each.get("interactionId") for each in old} - ways, "interactionId")

    def _leave_unreached_out(self) -> None:
        self._keep(graph.reached(graph.edges(self._contents), [self._contents["startTask"], "start"]))

    def _check_named_steps(self) -> None:
        for key, task in self._tasks.items():
            for argument, step in graph.steps_named(task).items():
                if step not in self._tasks:
                    raise self._unusable(f"{self._step(key)} needs step '{step}' ({argument}): keep or leave both.")

    # Screens

    def _ways_by_screen(self) -> dict[str, set[t.Any]]:
        """Return the interactions that lead on from each screen that a step shows."""
        ways: dict[str, set[t.Any]] = {}
        for task in self._tasks.values():
            if task.get("type") == "screen":
                ways.setdefault(task["screenId"], set()).update(each.get("interactionId") for each in graph.rules(task))
        return ways

    def _trim_screen(self, screen: Part, gone_ways: set[t.Any]) -> None:
        ident, nodes = screen["screenId"], screen.get("contents") or {}
        gone = {part for part in parts_of(screen) if is_named(self._gone_parts, ident, part)} | gone_ways
        if not gone:
            return
        inputs = _input_names(nodes)
        if "polling" in gone:
            gone |= {key for key, node in nodes.items() if (node.get("custom") or {}).get("type") == "polling"}
        take_out(nodes, gone)
        inputs -= _input_names(nodes)
        _drop(screen, "interactions", gone, "id")
        for task in self._tasks.values():
            if task.get("type") == "screen" and task["screenId"] == ident:
                _drop(task, "interactions", gone, "id")
                # What a step says about the inputs of its screen.
                _drop(task, "inputsMetadata", inputs, "key")
                for key in ("inputKeys", "allInputKeys"):
                    if key in task:
                        task[key] = [name for name in task[key] if name not in inputs]

    def _rename_screens(self) -> None:
        ids = {screen["screenId"]: self._screen_id(screen["screenId"]) for screen in self._flow["screens"]}
        for holder in [*self._flow["screens"], *self._tasks.values()]:
            if holder.get("screenId") in ids:
                holder["screenId"] = ids[holder["screenId"]]

    def _screen_id(self, old: str) -> str:
        """Return the id of a screen in this flow: as long as the service's own, and the same every time."""
        number = int.from_bytes(hashlib.sha256(f"{self._flow['flowId']}/{old}".encode()).digest(), "big")
        text = ""
        while len(text) < 27:
            number, digit = divmod(number, len(_DIGITS))
            text += _DIGITS[digit]
        return f"SC{text}"

    # The rest

    def _trim_metadata(self) -> None:
        """Drop the shared interactions of steps that are gone; their ids are like C(5.success)."""
        gone = self._template.flow["contents"]["tasks"].keys() - self._tasks.keys()
        shared = self._flow["metadata"].get("sharedInteractions")
        if shared:
            self._flow["metadata"]["sharedInteractions"] = [
                entry for entry in shared if str(entry.get("id")).rpartition(".")[0] not in gone
            ]

    def _trim_references(self) -> None:
        """Drop the connectors and roles that only steps used which are gone."""
        rest = json.dumps([self._contents, self._flow["screens"]])
        for kind in KINDS:
            named = self._flow["references"].get(kind)
            if isinstance(named, dict):
                self._flow["references"][kind] = {name: ident for name, ident in named.items() if str(ident) in rest}


def _input_names(nodes: dict[str, Part]) -> set[str | None]:
    return {(node.get("props") or {}).get("name") for node in nodes.values()}


def _drop(holder: Part, key: str, gone: set[t.Any], name: str) -> None:
    """Drop the entries of a list that have one of some names."""
    if holder.get(key):
        holder[key] = [entry for entry in holder[key] if entry.get(name) not in gone]
