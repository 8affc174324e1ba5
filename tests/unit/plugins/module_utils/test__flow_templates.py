# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import itertools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _flow_templates
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import from_export
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_rules import fallback_problems, structure_problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import (
    Template,
    config_problems,
    describe,
    find,
    render,
    search,
    shipped,
)
from emulator.descope import flow_checks

Json = dict[str, Any]

SHIPPED = ("magic-link", "mfa-login", "sign-up-or-in", "social-login")
# What the templates' actions are called in real exports. The others are named in template.yml and in the docs.
KNOWN_ACTIONS = {
    "exchange-oauth-code",
    "logged-in",
    "oauth-start",
    "sign-in-magic-linkv2-email",
    "sign-in-otp-email",
    "sign-in-otp-sms",
    "sign-up-or-in-magic-link-email",
    "sign-up-or-in-otp-email",
    "sign-up-or-in-otp-sms",
    "update-user-magic-link-email",
    "update-user-properties",
    "verify-code-otp-email",
    "verify-code-otp-sms",
    "verify-magic-link",
    "webauthn-sign-up-or-in-finish",
    "webauthn-sign-up-or-in-start",
}


# --- a small template -------------------------------------------------------------------------------------------------


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


@pytest.fixture
def small(tmp_path: Path) -> Template:
    return load(tmp_path)


def bad(folder: Path, options: Any = None, flow: Any = None, content: Any = None, edit: Any = None) -> str:
    """What is said of a template that cannot be used, after its name and file."""
    write(folder / "small", content if options is None else {"options": options}, edit if flow is None else flow)
    with pytest.raises(IdentityError) as caught:
        find("small", [str(folder)])
    assert caught.value.code == "bad_template"
    match = re.fullmatch(
        r"flow template 'small' cannot be used\. (\S+/small/[a-z.]+):\s(.*)", str(caught.value), re.DOTALL
    )
    assert match, str(caught.value)
    assert os.path.basename(match[1]) == ("template.yml" if flow is None else "flow.json")
    return match[2]


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


# --- search -----------------------------------------------------------------------------------------------------------


def test_the_first_folder_that_has_a_name_wins(tmp_path: Path) -> None:
    write(tmp_path / "own/small", {"description": "Mine."})
    write(tmp_path / "other/small", {"description": "Theirs."})
    write(tmp_path / "other/large", {})
    (tmp_path / "other/README").mkdir()
    (tmp_path / "other/file").write_text("")
    paths = [str(tmp_path / name) for name in ("own", "missing", "other")]
    found = search(paths)
    assert {name: template.description for name, template in found.items()} == {"large": "", "small": "Mine."}
    assert found["small"] == find("small", paths)
    assert found["small"].path == str(tmp_path / "own/small")


def test_an_unusable_template_does_not_keep_others_from_being_found(tmp_path: Path) -> None:
    write(tmp_path / "small")
    write(tmp_path / "broken", flow="{")
    assert find("small", [str(tmp_path)]).name == "small"
    with pytest.raises(IdentityError, match="'broken' cannot be used"):
        search([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("smal", "there is no flow template 'smal'. Did you mean 'small'? Known are: large, small. Looked in: "),
        ("xyz", "there is no flow template 'xyz'. Known are: large, small. Looked in: "),
    ],
)
def test_an_unknown_template(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / "small")
    write(tmp_path / "large")
    paths = [str(tmp_path / "missing"), str(tmp_path)]
    with pytest.raises(IdentityError) as caught:
        find(name, paths)
    assert caught.value.code == "unknown_template"
    assert str(caught.value) == f"{text}{', '.join(paths)}."


def test_an_unknown_template_with_nowhere_to_look() -> None:
    with pytest.raises(IdentityError, match=r"'x'\. Known are: none\. Looked in: no folder\.$"):
        find("x", [])


# --- files that are not as they should be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a: [", "is not YAML: while parsing"),
        ("- a", "has to be a mapping of names to values, and is a list."),
        ("# nothing", "has to be a mapping of names to values, and is empty."),
        ("text", "has to be a mapping of names to values, and is 'text'."),
        ("optoins: {}", "optoins: is not a known key; did you mean 'options'?"),
        ("xyz: {}", "xyz: is not a known key; known are description, options."),
        ("description: 1", "description: has to be a text."),
        ("options: [a]", "options: has to be a mapping of names to options, and is a list."),
        ("options: {a: }", "options.a: has to be a mapping, and is empty."),
    ],
)
def test_a_template_file_that_cannot_be_used(tmp_path: Path, content: str, text: str) -> None:
    assert bad(tmp_path, content=content).startswith(text)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"tpye": "int"}, ".tpye: is not a known key; did you mean 'type'?"),
        ({"type": "integer"}, ".type: 'integer' is not a type; did you mean 'int'?"),
        ({"type": "list", "elements": "dict"}, ".elements: 'dict' is not a type; known are float, int, str."),
        ({"elements": "str"}, ".elements: is for lists only."),
        ({"choices": "a"}, ".choices: has to be a list."),
        ({"min": 1}, ".min: is for numbers and lists only."),
        ({"type": "int", "max": "9"}, ".max: '9' is not a number."),
        ({"type": "int", "max": True}, ".max: True is not a number."),
        ({"because": 1}, ".because: has to be a text."),
        ({"description": []}, ".description: has to be a text."),
        ({"required": "yes"}, ".required: has to be true or false."),
        ({"type": "int", "default": "x"}, ".default: 'x' is not a whole number."),
        ({"choices": ["a"], "default": "b"}, ".default: 'b' is not among the choices; known are a."),
        ({"adds": ["a"]}, ".adds: has to be a mapping of values to what they add, and is a list."),
        ({"adds": {"a": {}}}, ".adds: is for options with choices, and for those of type bool."),
        ({"choices": ["a"], "adds": {"b": {}}}, ".adds.b: is not a value of the option; known are a."),
        ({"choices": ["a"], "adds": {"a": ["1"]}}, ".adds.a: has to be a mapping, and is a list."),
        ({"choices": ["a"], "adds": {"a": {"step": []}}}, ".adds.a.step: is not a known key; did you mean 'steps'?"),
        ({"choices": ["a"], "adds": {"a": {"steps": "1"}}}, ".adds.a.steps: has to be a list."),
        ({"choices": ["a"], "adds": {"a": {"parts": {}}}}, ".adds.a.parts: has to be a list."),
        (
            {"choices": ["a"], "adds": {"a": {"instead": "9"}}},
            ".adds.a.instead: has to be a mapping of steps to steps.",
        ),
        (
            {"choices": ["a"], "adds": {"a": {"steps": [1.1]}}},
            ".adds.a.steps: there is no step '1.1' in flow.json; known are 0, 1, 1.end, 2, 3, 5, 9, start.",
        ),
        (
            {"type": "bool", "adds": {True: {"steps": ["start"]}}},
            ".adds.true.steps: the step 'start' cannot be left out.",
        ),
        (
            {"type": "bool", "adds": {False: {"parts": ["x"]}}},
            ".adds.false.parts: no screen in flow.json has a part 'x'.",
        ),
        (
            {"type": "bool", "adds": {True: {"parts": ["ROOT"]}}},
            ".adds.true.parts: several screens have a part 'ROOT': write one of 'SC1/ROOT', 'SC2/ROOT'.",
        ),
        (
            {"type": "bool", "adds": {True: {"steps": ["2"], "instead": {"1": "9"}}}},
            ".adds.true.instead: '1' is not among the steps of this value.",
        ),
        (
            {"type": "bool", "adds": {True: {"steps": ["2"], "instead": {"2": "99"}}}},
            ".adds.true.instead: there is no step '99' in flow.json; did you mean '9'?",
        ),
        (
            {"type": "bool", "adds": {True: {"steps": ["2"], "instead": {"2": "2"}}}},
            "options: step '2' cannot take its own place.",
        ),
        (
            {
                "type": "bool",
                "adds": {True: {"steps": ["2"], "instead": {"2": "9"}}, False: {"steps": ["2"], "instead": {"2": "1"}}},
            },
            "options: what takes the place of step '2' is said twice: '1' and '9'.",
        ),
        ({"sets": "contents"}, ".sets: has to be a list of paths."),
        ({"sets": ["contents/tasks/7/name"]}, ".sets: there is no 'contents/tasks/7/name' in flow.json."),
        ({"sets": ["screens/SC3/contents"]}, ".sets: there is no 'screens/SC3/contents' in flow.json."),
        ({"sets": ["screens/7/contents"]}, ".sets: there is no 'screens/7/contents' in flow.json."),
        (
            {"sets": ["screens/SC1/interactions/toA/label"]},
            ".sets: 'screens/SC1/interactions/toA/label' has a placeholder: give the option a default, or require it.",
        ),
        ({"sets": ["flowId/x"]}, ".sets: there is no 'flowId/x' in flow.json."),
    ],
)
def test_an_option_that_cannot_be_used(tmp_path: Path, option: Json, text: str) -> None:
    expected = text if text.startswith("options:") else f"options.x{text}"
    flow = edited(("screens/0/interactions/0/label", "Go to [[x]]"))
    assert bad(tmp_path, {"x": option}, edit=flow) == expected


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        ("{", "is not JSON: Expecting property name"),
        ("[]", "has to be a mapping of names to values, and is a list."),
        ({"flow": {}}, "has the definition under 'flow': keep what is in there, and nothing around it."),
        ({}, "has no contents.tasks: it has to be a definition as the service exports it."),
        ({"contents": {"tasks": []}}, "has no contents.tasks: "),
        (edited(("screens", {"SC1": {}})), "has no list of screens: "),
        (edited(("screens", ["SC1"])), "has no list of screens: "),
        (edited(("contents/tasks/9", [])), "has a step that is no mapping: "),
        (edited(("contents/startTask", "7")), "startTask is '7', which is not a step."),
        (edited(("contents/startTask", None)), "startTask is None, which is not a step."),
        (edited(("contents/tasks/5/screenId", "SC9")), "step '5' (Step 5) shows screen 'SC9', which is not there."),
        (
            edited(("contents/tasks/1.end/next/rules/0/taskId", "7")),
            "step '1.end' (Step 1.end) leads to step '7', which is not there.",
        ),
        (
            edited(("contents/tasks/1/arguments/verifyStepId/value", "7")),
            "step '1' (Step 1) names step '7' in verifyStepId, which is not there.",
        ),
        (
            edited(("screens/1/contents/inner/linkedNodes", {"left": "x"})),
            "screen 'SC2' has no part 'x', which another one holds.",
        ),
    ],
)
def test_a_definition_that_cannot_be_used(tmp_path: Path, flow: Any, text: str) -> None:
    assert bad(tmp_path, flow=flow).startswith(text)


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = bad(tmp_path, {"x": {"typo": 1, "sets": ["a"]}, "y": 1})
    assert [line[:14] for line in text.splitlines()] == ["- options.x.ty", "- options.x.se", "- options.y: h"]


@pytest.mark.parametrize(("missing", "other"), [("flow.json", "template.yml"), ("template.yml", "flow.json")])
def test_half_a_template(tmp_path: Path, missing: str, other: str) -> None:
    (write(tmp_path / "small") / missing).unlink()
    with pytest.raises(IdentityError) as caught:
        find("small", [str(tmp_path)])
    assert str(caught.value) == (
        f"flow template 'small' cannot be used. {tmp_path}/small/{missing}: is not there: a template is a folder with "
        "template.yml and flow.json."
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "small")
    (folder / "template.yml").write_bytes(b"\xff")
    with pytest.raises(IdentityError, match=r"template\.yml: is not a text in UTF-8\.$"):
        find("small", [str(tmp_path)])
    (folder / "flow.json").unlink()
    (folder / "flow.json").mkdir()
    with pytest.raises(IdentityError, match=r"flow\.json: cannot be read: Is a directory\.$"):
        find("small", [str(tmp_path)])


# --- configurations ---------------------------------------------------------------------------------------------------

OPTIONS: Json = {
    "flag": {"type": "bool"},
    "days": {"type": "int", "min": 1, "max": 90},
    "least": {"type": "int", "min": 1},
    "most": {"type": "float", "max": 1.5},
    "few": {"type": "list", "elements": "str", "max": 1},
    "text": {"type": "str"},
    "ways": {"type": "list", "choices": ["sms", "totp"], "min": 2, "because": "One may be lost."},
    "ports": {"type": "list", "elements": "int"},
    "one": {"choices": ["left", "right"]},
}
KNOWN = "known are days, few, flag, least, most, one, ports, text, ways."


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, []),
        ({}, []),
        ({"days": None, "ways": None}, []),
        (
            {"flag": "yes", "days": "30", "least": 5, "most": 1, "few": [], "text": "", "ways": "sms,totp"},
            [],
        ),
        (["days"], [f"['days'] is not a dictionary of options; {KNOWN}"]),
        ({"dayz": 1}, ["dayz: is not a known option; did you mean 'days'?"]),
        (
            {"zzz": 1, 7: 2},
            [
                f"{name}: is not a known option; {KNOWN}"
                for name in ("7", "zzz")
            ],
        ),
        ({"flag": "perhaps"}, ["flag: 'perhaps' is not true or false."]),
        ({"days": "soon"}, ["days: 'soon' is not a whole number."]),
        ({"days": True}, ["days: True is not a whole number."]),
        ({"days": 0}, ["days: 0 is out of range: 1 to 90 is allowed."]),
        ({"days": 91}, ["days: 91 is out of range: 1 to 90 is allowed."]),
        ({"least": 0}, ["least: 0 is out of range: at least 1 is allowed."]),
        ({"most": 2}, ["most: 2.0 is out of range: at most 1.5 is allowed."]),
        ({"text": ["a"]}, ["text: ['a'] is not a text."]),
        ({"one": "lefft"}, ["one: 'lefft' is not among the choices; did you mean 'left'?"]),
        ({"one": "up"}, ["one: 'up' is not among the choices; known are left, right."]),
        ({"few": ["a", "b"]}, ["few: may have at most 1, got 2."]),
        ({"ways": {"sms": 1}}, ["ways: {'sms': 1} is not a list of texts."]),
        ({"ports": ["a"]}, ["ports: ['a'] is not a list of whole numbers."]),
        ({"ports": [True]}, ["ports: [True] is not a list of whole numbers."]),
        ({"ways": []}, ["ways: needs at least 2 of sms, totp, got none. One may be lost."]),
        (
            {"ways": ["sms", "sms"]},
            ["ways: 'sms' is there twice.", "ways: needs at least 2 of sms, totp, got 1. One may be lost."],
        ),
        (
            {"x": 1, "days": 99, "ways": ["sms", "topt"]},
            [
                f"x: is not a known option; {KNOWN}",
                "days: 99 is out of range: 1 to 90 is allowed.",
                "ways: 'topt' is not among the choices; did you mean 'totp'?",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_configuration(tmp_path: Path, config: Any, expected: list[str]) -> None:
    assert config_problems(load(tmp_path, OPTIONS), config) == expected


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"type": "str", "required": True}, "x: is required: give a text."),
        ({"type": "int", "required": True, "min": 3}, "x: is required: at least 3 is allowed."),
        ({"type": "list", "required": True}, "x: is required: give a list of texts."),
        ({"type": "list", "required": True, "choices": ["a", "b"]}, "x: is required: give a list of a, b."),
    ],
)
def test_an_option_that_is_required(tmp_path: Path, option: Json, expected: str) -> None:
    template = load(tmp_path, {"x": option})
    assert config_problems(template, {}) == [expected]
    with pytest.raises(Problems) as caught:
        render(template, {"y": 1}, "mine")
    assert [str(problem) for problem in caught.value.problems] == [
        "flow 'mine': config: y: is not a known option; known are x.",
        f"flow 'mine': config: {expected}",
    ]


# --- rendering --------------------------------------------------------------------------------------------------------


def tasks_of(flow: Json) -> dict[str, dict[str, str]]:
    return {
        key: {rule.get("interactionId", ""): rule["taskId"] for rule in task["next"].get("rules", [])}
        for key, task in flow["contents"]["tasks"].items()
    }


def parts_of(flow: Json) -> list[list[str]]:
    return [sorted(screen["contents"]) for screen in flow["screens"]]


def test_what_no_chosen_value_adds_is_left_out(small: Template) -> None:
    flow = render(small, {}, "mine")
    assert flow["flowId"] == "mine"
    assert tasks_of(flow) == {
        "start": {"": "0"},
        "0": {"toA": "1", "toC": "9"},
        "1": {"success": "1.end"},
        "1.end": {"success": "9"},
        "9": {},
    }
    assert parts_of(flow) == [["ROOT", "box", "input", "title", "toA", "toC"]]
    assert flow["screens"][0]["contents"]["box"]["nodes"] == ["toA", "toC"]
    assert [entry["id"] for entry in flow["screens"][0]["interactions"]] == ["toA", "toC"]
    assert [entry["id"] for entry in flow["contents"]["tasks"]["0"]["interactions"]] == ["toA", "toC"]
    assert flow["metadata"]["sharedInteractions"] == [{"id": "9.success"}]
    assert flow["references"] == {"connectors": {}, "roles": {}, "userAttributes": ["x"]}


def test_ways_of_a_condition_are_left_out_with_their_steps(small: Template) -> None:
    flow = render(small, {"ways": ["b", "c"]}, "mine")
    # The way "polling" of the second screen is gone with step 1, and with it the part that polls.
    assert tasks_of(flow) == {
        "start": {"": "0"},
        "0": {"toB": "2", "toC": "3"},
        "2": {"success": "5"},
        "3": {"yes": "2", "ELSE": "9"},
        "5": {"done": "9"},
        "9": {},
    }
    conditions = flow["contents"]["tasks"]["3"]["conditions"]
    assert [condition["interactionId"] for condition in conditions] == ["yes", "ELSE"]
    assert parts_of(flow)[1] == ["ROOT", "done", "inner"]
    assert flow["references"]["connectors"] == {"mail": "CI1"}


def test_everything_stays_when_everything_is_chosen(small: Template) -> None:
    assert render(small, {"ways": ["a", "b", "c"]}, "small") == small.flow


def test_parts_go_with_what_they_hold_and_with_empty_containers(tmp_path: Path) -> None:
    options = {
        "more": {"type": "bool", "adds": {True: {"parts": ["SC2/done", "input", "toA", "toB", "toC"], "steps": []}}},
        "ways": {"choices": ["a"], "adds": {"a": {"parts": ["box"]}}},
    }
    flow = edited()
    flow["contents"]["tasks"]["0"]["next"]["rules"].append({"interactionId": "resend", "taskId": "5"})
    rendered = render(load(tmp_path, options, flow), {}, "mine")
    assert parts_of(rendered) == [["ROOT", "title"], ["ROOT", "loader"]]
    assert [screen["contents"]["ROOT"]["nodes"] for screen in rendered["screens"]] == [["title"], ["loader"]]
    first = rendered["contents"]["tasks"]["0"]
    assert (first["inputKeys"], first["allInputKeys"], first["inputsMetadata"]) == ([], [], [])


def test_the_first_step_can_be_left_out(tmp_path: Path) -> None:
    options = {"ask": {"type": "bool", "adds": {True: {"steps": ["0"], "instead": {"0": "2"}}}}}
    whole = edited(("metadata/sharedInteractions", None))
    flow = render(load(tmp_path, options, whole), {"ask": False}, "mine")
    assert flow["contents"]["startTask"] == "2"
    assert list(tasks_of(flow)) == ["start", "1", "1.end", "2", "5", "9"]


@pytest.mark.parametrize(
    ("steps", "instead", "text"),
    [
        (["0"], {}, "The first step '0' is left out: say what comes instead."),
        (["0", "1"], {"0": "1", "1": "0"}, "The first step '0' is left out: say what comes instead."),
        (
            ["5"],
            {},
            "step '2' (Step 2) leads to step '5', which is left out: say under 'instead' which step takes its place.",
        ),
        (["1", "2", "3"], {}, "step '0' (Step 0) has no way on but the steps that are left out: list it among those"),
        (["1", "2"], {}, "step '3' (Step 3) has no way on but the steps that are left out: list it among those"),
        (["1.end"], {"1.end": "9"}, "step '1' (Step 1) needs step '1.end' (verifyStepId): keep or leave both."),
    ],
)
def test_a_template_that_has_no_way_on(tmp_path: Path, steps: list[str], instead: Json, text: str) -> None:
    options = {"x": {"type": "bool", "adds": {True: {"steps": steps, "instead": instead}}}}
    template = load(tmp_path, options)
    render(template, {"x": True}, "mine")
    with pytest.raises(IdentityError) as caught:
        render(template, {"x": False}, "mine")
    start = f"flow template 'small' cannot be used. {template.path}/template.yml: {text}"
    assert (caught.value.code, str(caught.value)[: len(start)]) == ("bad_template", start)
    assert str(caught.value).endswith(" With x: false.")


def test_values_keep_their_type_unless_they_stand_inside_a_text(tmp_path: Path) -> None:
    flow = edited(
        ("contents/tasks/9/name", "[[whole]]"),
        ("contents/tasks/0/name", "Flag: [[flag]]"),
        ("screens/0/contents/title/props/children", "Welcome to [[company]], [[company]]"),
    )
    options = {
        "company": {"sets": ["screens/SC1/contents/title/props/children"], "default": "Acme"},
        "days": {"type": "int", "sets": ["contents/tasks/2/arguments/days/value"]},
        "whole": {"type": "list", "default": [], "sets": ["contents/tasks/9/name"]},
        "flag": {
            "type": "bool",
            "required": True,
            "sets": ["contents/tasks/0/next/rules/0/flag", "contents/tasks/0/name"],
        },
    }
    flow["contents"]["tasks"]["0"]["next"]["rules"][0]["flag"] = ""
    rendered = render(load(tmp_path, options, flow), {"days": "7", "whole": "a,b", "flag": "yes"}, "mine")
    tasks = rendered["contents"]["tasks"]
    assert tasks["2"]["arguments"]["days"]["value"] == 7
    assert tasks["9"]["name"] == ["a", "b"]
    assert tasks["0"]["next"]["rules"][0]["flag"] is True
    assert tasks["0"]["name"] == "Flag: true"
    assert rendered["screens"][0]["contents"]["title"]["props"]["children"] == "Welcome to Acme, Acme"
    # What has neither a value nor a default stays as it is.
    again = render(find("small", [str(tmp_path)]), {"days": None, "flag": False}, "mine")
    assert again["contents"]["tasks"]["2"]["arguments"]["days"]["value"] == 30


def test_flows_of_one_template_share_no_screen(small: Template) -> None:
    own, one, other = (
        {screen["screenId"] for screen in render(small, {"ways": ["b"]}, name)["screens"]}
        for name in ("small", "one", "other")
    )
    assert own == {"SC1", "SC2"}
    assert not one & other
    assert all(re.fullmatch(r"SC[0-9A-Za-z]{27}", ident) for ident in one | other)


CONFIGS = st.fixed_dictionaries(
    {"ways": st.lists(st.sampled_from("abc"), min_size=1, unique=True).filter(["c"].__ne__)},
    optional={"days": st.integers(1, 90)},
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return load(tmp_path_factory.mktemp("templates"))


@given(config=CONFIGS)
def test_rendering_is_pure_and_always_the_same(drawn: Template, config: Json) -> None:
    template, before = copy.deepcopy(drawn), copy.deepcopy(config)
    first = render(drawn, config, "mine")
    assert first == render(drawn, config, "mine")
    assert json.dumps(first) == json.dumps(render(drawn, {**config, "ways": config["ways"][::-1]}, "mine"))
    assert (drawn, config) == (template, before)
    assert flaws(first) == []


# --- describe ---------------------------------------------------------------------------------------------------------


def test_what_a_template_offers(small: Template) -> None:
    shown = describe(small)
    assert shown == {
        "name": "small",
        "description": "A small one.",
        "path": small.path,
        "options": {
            "ways": {
                "type": "list",
                "elements": "str",
                "choices": ["a", "b", "c"],
                "default": ["a"],
                "required": False,
                "min": 1,
                "description": "The ways in.",
                "adds": {
                    "a": {"steps": ["Step 1"], "parts": ["input"]},
                    "b": {"steps": ["Step 2"], "parts": ["input"]},
                    "c": {"steps": ["Step 3"], "parts": []},
                },
            },
            "days": {
                "type": "int",
                "default": None,
                "required": False,
                "description": "",
                "min": 1,
                "max": 90,
                "adds": {},
            },
        },
    }
    json.dumps(shown)
    shown["options"]["ways"]["choices"].clear()
    assert small.options["ways"]["choices"] == ["a", "b", "c"]


# --- those that ship --------------------------------------------------------------------------------------------------


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


def subsets(choices: list[str], least: int) -> Iterator[list[str]]:
    for count in range(least, len(choices) + 1):
        yield from (list(chosen) for chosen in itertools.combinations(choices, count))


def configs(template: Template) -> Iterator[Json]:
    """Every combination of what decides about steps, and the ends of every range.

    Of the providers, only where there are buttons for them.
    """
    values: dict[str, list[Any]] = {}
    for name, spec in template.options.items():
        if spec["type"] == "list":
            values[name] = list(subsets(spec["choices"], spec.get("min", 0)))
        elif spec["type"] == "bool":
            values[name] = [True, False]
        elif spec["type"] == "int":
            values[name] = [spec["min"], spec["max"]]
        else:
            values[name] = spec.get("choices", [None, "x"])
    if template.name == "sign-up-or-in":
        values["title"] = ["x"]
    for chosen in itertools.product(*values.values()):
        config = dict(zip(values, chosen, strict=True))
        if "social" in config.get("methods", ["social"]) or config.get("providers", ["google"]) == ["google"]:
            yield config


def test_what_ships() -> None:
    assert tuple(search([shipped()])) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_combination_of_options_gives_a_sound_flow(name: str) -> None:
    template = find(name, [shipped()])
    for config in configs(template):
        assert config_problems(template, config) == []
        flow = render(template, config, "mine")
        assert flaws(flow) == [], config
        definition = from_export(flow)
        assert structure_problems(definition) + fallback_problems(normal(definition)) == [], config


@pytest.mark.parametrize("name", SHIPPED)
def test_the_definitions_themselves_are_sound(name: str) -> None:
    template = find(name, [shipped()])
    assert flow_checks.problems(template.flow) == []
    assert template.flow["flowId"] == name


def test_names_that_are_no_real_ones_are_admitted() -> None:
    docs = Path(shipped()).parent / "docs/flow-templates.md"
    for template in search([shipped()]).values():
        tasks = template.flow["contents"]["tasks"].values()
        for action in {task["action"] for task in tasks if "action" in task} - KNOWN_ACTIONS:
            for text in (template.description, docs.read_text()):
                assert action in text
            assert "not taken from a real export" in template.description


def actions(flow: Json) -> set[str]:
    return {task["action"] for task in flow["contents"]["tasks"].values() if "action" in task}


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("magic-link", {}, "sign-up-or-in-magic-link-email verify-magic-link logged-in"),
        ("magic-link", {"sign_up": False}, "sign-in-magic-linkv2-email verify-magic-link logged-in"),
        ("social-login", {}, "oauth-start exchange-oauth-code logged-in"),
        (
            "sign-up-or-in",
            {"methods": ["otp_sms"], "user_information": False},
            "sign-up-or-in-otp-sms verify-code-otp-sms logged-in",
        ),
        (
            "sign-up-or-in",
            {"methods": ["otp_email"]},
            "sign-up-or-in-otp-email verify-code-otp-email update-user-properties logged-in",
        ),
        (
            "mfa-login",
            {"methods": ["totp", "email"], "first_factor": "otp_email", "remember_device": False},
            "sign-in-otp-email verify-code-otp-email sign-in-totp logged-in",
        ),
        (
            "mfa-login",
            {},
            (
                "sign-in-magic-linkv2-email verify-magic-link sign-in-totp sign-in-otp-sms verify-code-otp-sms "
                "trust-device logged-in"
            ),
        ),
    ],
)
def test_what_the_options_add(name: str, config: Json, expected: str) -> None:
    assert actions(render(find(name, [shipped()]), config, "mine")) == set(expected.split())


def test_social_buttons_are_as_in_real_exports() -> None:
    flow = render(find("social-login", [shipped()]), {"providers": ["github", "google"]}, "mine")
    assert flow["screens"][0]["interactions"] == [
        {"icon": provider, "id": f"{provider}Button", "label": f"Continue with {label}", "subType": "social"}
        for provider, label in (("github", "GitHub"), ("google", "Google"))
    ]


def test_a_second_factor_needs_a_fallback() -> None:
    template = find("mfa-login", [shipped()])
    because = "A flow that asks for a second factor has to offer a fallback, or whoever loses the one is locked out."
    for methods, got in (([], "none"), (["totp"], "1")):
        problem = f"methods: needs at least 2 of sms, totp, email, got {got}. {because}"
        assert config_problems(template, {"methods": methods}) == [problem]


@pytest.mark.parametrize("remember", [True, False])
@pytest.mark.parametrize("first", ["magic_link", "otp_email"])
@pytest.mark.parametrize("methods", [*subsets(["sms", "totp", "email"], 2)], ids="-".join)
def test_nobody_gets_past_the_second_factor(methods: list[str], first: str, remember: bool) -> None:
    """Without a remembered device, and without a second factor passed, nothing leads to the end."""
    config = {"methods": methods, "first_factor": first, "remember_device": remember}
    flow = render(find("mfa-login", [shipped()]), config, "mine")
    tasks = flow["contents"]["tasks"]
    passed = {"12", "14", "17"}
    waiting, reached = ["start"], set()
    while waiting:
        key = waiting.pop()
        if key in reached or key in passed:
            continue
        reached.add(key)
        waiting += [
            rule["taskId"]
            for rule in tasks[key]["next"].get("rules", [])
            if rule.get("interactionId") != "trustedDevice"
        ]
    assert not any(tasks[key].get("action") == "logged-in" for key in reached)
    assert len(tasks["8"]["next"]["rules"]) == len(methods)


def test_the_folder_that_ships_is_beside_the_plugins() -> None:
    assert Path(_flow_templates.__file__).parents[2] / "flow_templates" == Path(shipped())
