# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows for the tests of the library: real exports with random edits, and hand-made graphs."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._json import canonical
from tests.support.flows import sample_flows

Json = dict[str, Any]
Path = tuple[Any, ...]

FLOWS: list[Json] = sample_flows()
#: All that the service stamps anew on every import, on metadata and on screens.
STAMPED = ("componentsVersion", "version", "etag", "modifiedTime")
#: What the structure of a flow hangs on; an edit of it by chance mostly breaks the flow.
STRUCTURE = {"taskId", "startTask", "screenId", "id", "type", "action", "rules", "next", "tasks", "interactions"}
STRUCTURE |= {"conditions", "nodes", "linkedNodes"}

TEXTS = st.sampled_from(["Save", "unnamed", "success", "ELSE", "1", "true", "a b", "CI1" + "a" * 26]) | st.text(
    min_size=1, max_size=6
)
NUMBERS = st.integers(-3, 10**6) | st.floats(allow_nan=False, allow_infinity=False, width=32)
SCALARS = st.one_of(st.booleans(), NUMBERS, TEXTS)
# Copied, since more edits may follow inside what was put in.
EMPTY = st.sampled_from([None, "", [], {}, {"a": None}, {"a": {"b": [], "c": ""}}]).map(copy.deepcopy)
VALUES = SCALARS | st.lists(SCALARS, min_size=1, max_size=2) | st.dictionaries(TEXTS, SCALARS, min_size=1, max_size=2)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a JSON value with its path, the value itself first."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, (*path, key))


def parts(flow: Json) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a flow that counts, with its path."""
    for name in ("metadata", "contents", "screens"):
        yield from walk(flow[name], (name,))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: Path, new: Any) -> None:
    at(value, path[:-1])[path[-1]] = new


def stamped(path: Path) -> bool:
    """Whether the service makes this value."""
    return path[-1] in STAMPED and (path[:-1] == ("metadata",) or (path[0] == "screens" and len(path) == 3))


def leaves(flow: Json) -> list[Path]:
    """The paths of all single values that count."""
    return [
        path
        for path, value in parts(flow)
        if len(path) > 1 and not (isinstance(value, (dict, list)) and value) and not stamped(path)
    ]


def objects(flow: Json) -> list[Path]:
    """The paths of all objects to which a field may be added; an entry of some would be a step, or part of a screen."""
    return [
        path
        for path, value in parts(flow)
        if isinstance(value, dict)
        and path != ("contents", "tasks")
        and path[-1] != "linkedNodes"
        and not (path[0] == "screens" and path[2:] == ("contents",))
    ]


def is_structure(path: Path) -> bool:
    below = path[3:] if path[:2] == ("contents", "tasks") else path[1:]
    is_element = path[0] == "screens" and path[2:3] == ("contents",) and len(path) < 5
    return (
        path[-1] == "name"
        or is_element
        or not STRUCTURE.isdisjoint(below)
        or any(str(name).endswith("StepId") for name in below)
    )


def fresh(draw: st.DrawFn, taken: Any) -> str:
    """A name that an object does not have yet."""
    return draw(st.sampled_from(["new", "newer", "label", "value", "extra"]).filter(lambda name: name not in taken))


@st.composite
def edits(draw: st.DrawFn, flow: Json, most: int = 3, safe: bool = False) -> Json:
    """A copy of a flow with some random edits; with ``safe`` its structure stays as it is."""
    flow = copy.deepcopy(flow)
    for _number in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(["set", "add", "remove"]))
        if kind == "add":
            candidates = [path for path in objects(flow) if not (safe and is_structure((*path, "x")))]
            candidates = [path for path in candidates if not (safe and path[0] == "contents" and len(path) < 4)]
            path = draw(st.sampled_from(candidates))
            put(flow, (*path, fresh(draw, at(flow, path))), draw(VALUES))
            continue
        candidates = [path for path in leaves(flow) if not (safe and is_structure(path))]
        # A screen without its id is none, and two with the same are refused.
        candidates = [path for path in candidates if not (path[0] == "screens" and path[2:] == ("screenId",))]
        path = draw(st.sampled_from(candidates))
        if kind == "set":
            put(flow, path, draw(SCALARS | EMPTY))
        else:
            del at(flow, path[:-1])[path[-1]]
    return flow


@st.composite
def flows(draw: st.DrawFn, most: int = 3, safe: bool = False) -> Json:
    """A real export with some random edits."""
    return draw(edits(draw(st.sampled_from(FLOWS)), most, safe))


@st.composite
def changed(draw: st.DrawFn, flow: Json) -> tuple[Path, Json]:
    """A copy of a flow in which one single value is another one, and its path."""
    path = draw(st.sampled_from(leaves(flow)))
    old = at(flow, path)
    new = VALUES
    if path[0] == "screens" and path[2:] == ("screenId",):
        new = st.text("abcdef", min_size=9, max_size=9)
    if path[0] == "metadata":
        new = new.filter(bool)  # zero values are the same as none there
    flow = copy.deepcopy(flow)
    put(flow, path, draw(new.filter(lambda value: canonical(value) != canonical(old))))
    return path, flow


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_empty(inner) for inner in value.values())
    return value is None or value in ("", [])


def _reordered(chance: random.Random, value: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _reordered(chance, value[key]) for key in keys}
    if isinstance(value, list):
        return [_reordered(chance, inner) for inner in value]
    return value


@st.composite
def another_read(draw: st.DrawFn, flow: Json) -> Json:
    """The same flow as another read of it may look."""
    flow = copy.deepcopy(flow)
    empties = [path for path, value in parts(flow) if len(path) > 2 and isinstance(path[-1], str) and _is_empty(value)]
    empties = [path for path in empties if path[:2] != ("contents", "tasks") or len(path) > 3]
    for path in draw(st.lists(st.sampled_from(empties), max_size=3, unique=True)) if empties else ():
        try:
            del at(flow, path[:-1])[path[-1]]
        except KeyError:  # it was in another one
            continue
    for path in draw(st.lists(st.sampled_from(objects(flow)), max_size=4)):
        put(flow, (*path, fresh(draw, at(flow, path))), draw(EMPTY))
    numbers = [path for path, value in parts(flow) if isinstance(value, int) and not isinstance(value, bool)]
    for path in draw(st.lists(st.sampled_from(numbers), max_size=3, unique=True)) if numbers else ():
        put(flow, path, float(at(flow, path)))
    for place in [flow["metadata"], *flow["screens"]]:
        for name in STAMPED:
            if draw(st.integers(0, 3)) == 0:
                place[name] = draw(SCALARS)
    for place, name in [(flow, "screens"), (flow["metadata"], "sharedInteractions")] + [
        (screen, "interactions") for screen in flow["screens"]
    ]:
        if isinstance(place.get(name), list):
            place[name] = draw(st.permutations(place[name]))
    flow = _reordered(random.Random(draw(st.integers(0, 999))), flow)
    references = draw(
        st.sampled_from([None, {}, {"connectors": {}}, {"oauth": ["apple"], "roles": {"A": "ROL1" + "a" * 26}}])
    )
    flow["references"] = flow["references"] if draw(st.booleans()) else references
    return flow


def made(steps: Mapping[str, str], screens: Mapping[str, Json] | None = None, **metadata: Any) -> Json:
    """A flow out of steps in short: ``{"start": "> login", "login": "> send", "send": "sign-in-otp-sms > 0"}``.

    What comes before the arrow is the action (a screen has none, a condition a question mark), what comes after it are
    the steps it leads to. The rule that leads to step X belongs to the interaction ``to-X``.
    """
    tasks: Json = {}
    for key, text in steps.items():
        action, _arrow, targets = text.partition(">")
        rules = [{"interactionId": f"to-{target}", "taskId": target} for target in targets.split()]
        task: Json = {"id": key, "name": f"Step {key}", "next": {"rules": rules}}
        if action.strip() == "?":
            task |= {"type": "condition", "conditions": [{"interactionId": rule["interactionId"]} for rule in rules]}
        elif action.strip():
            task |= {"type": "automated", "action": action.strip()}
        elif key != "start":
            task |= {"type": "screen", "screenId": f"screen-{key}"}
        tasks[key] = task
    ids = [task["screenId"] for task in tasks.values() if "screenId" in task]
    return {
        "flowId": "made",
        "metadata": {"name": "Made", **metadata},
        "contents": {"startTask": steps["start"].partition(">")[2].split()[0], "tasks": tasks},
        "screens": [
            {"screenId": each, "contents": {"ROOT": {"nodes": []}}, **((screens or {}).get(each) or {})} for each in ids
        ],
        "references": {},
    }
