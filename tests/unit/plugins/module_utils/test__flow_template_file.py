# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import find
from tests.support.templates import Json, edited, small_flow, write


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


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a: [", "is not YAML: while parsing"),
        ("- a", "has to be a mapping, and is a list."),
        ("# nothing", "has to be a mapping, and is empty."),
        ("text", "has to be a mapping, and is 'text'."),
        ("optoins: {}", "optoins: is not a known key; did you mean 'options'?"),
        ("xyz: {}", "xyz: is not a known key; known are description, options."),
        ("description: 1", "description: has to be a text, and is 1."),
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
        ({"choices": "a"}, ".choices: has to be a list, and is 'a'."),
        ({"min": 1}, ".min: is for numbers and lists only."),
        ({"type": "int", "max": "9"}, ".max: has to be a number, and is '9'."),
        ({"type": "int", "max": True}, ".max: has to be a number, and is True."),
        ({"because": 1}, ".because: has to be a text, and is 1."),
        ({"description": []}, ".description: has to be a text, and is a list."),
        ({"required": "yes"}, ".required: has to be true or false, and is 'yes'."),
        ({"type": "int", "default": "x"}, ".default: 'x' is not a whole number."),
        ({"choices": ["a"], "default": "b"}, ".default: 'b' is not among the choices; known are a."),
        ({"adds": ["a"]}, ".adds: has to be a mapping of values to what they add, and is a list."),
        ({"adds": {"a": {}}}, ".adds: is for options with choices, and for those of type bool."),
        ({"choices": ["a"], "adds": {"b": {}}}, ".adds.b: is not a value of the option; known are a."),
        ({"choices": ["a"], "adds": {"a": ["1"]}}, ".adds.a: has to be a mapping, and is a list."),
        ({"choices": ["a"], "adds": {"a": {"step": []}}}, ".adds.a.step: is not a known key; did you mean 'steps'?"),
        ({"choices": ["a"], "adds": {"a": {"steps": "1"}}}, ".adds.a.steps: has to be a list, and is '1'."),
        ({"choices": ["a"], "adds": {"a": {"parts": {}}}}, ".adds.a.parts: has to be a list, and is {}."),
        (
            {"choices": ["a"], "adds": {"a": {"instead": "9"}}},
            ".adds.a.instead: has to be a mapping of steps to steps, and is '9'.",
        ),
        (
            {"choices": ["a"], "adds": {"a": {"steps": [1.1]}}},
            ".adds.a.steps: there is no step '1.1' in the flow; known are 0, 1, 1.end, 2, 3, 5, 9, start.",
        ),
        (
            {"type": "bool", "adds": {True: {"steps": ["start"]}}},
            ".adds.true.steps: the step 'start' cannot be left out.",
        ),
        (
            {"type": "bool", "adds": {False: {"parts": ["x"]}}},
            ".adds.false.parts: no screen in the flow has a part 'x'.",
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
            ".adds.true.instead: there is no step '99' in the flow; did you mean '9'?",
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
        ({"sets": "contents"}, ".sets: has to be a list, and is 'contents'."),
        ({"sets": ["contents/tasks/7/name"]}, ".sets: there is no 'contents/tasks/7/name' in the flow."),
        ({"sets": ["screens/SC3/contents"]}, ".sets: there is no 'screens/SC3/contents' in the flow."),
        ({"sets": ["screens/7/contents"]}, ".sets: there is no 'screens/7/contents' in the flow."),
        (
            {"sets": ["screens/SC1/interactions/toA/label"]},
            ".sets: 'screens/SC1/interactions/toA/label' has a placeholder: give the option a default, or require it.",
        ),
        (
            {"sets": ["contents/tasks/2/arguments/days"], "default": "x"},
            ".sets: 'contents/tasks/2/arguments/days' is an object: name the value in it.",
        ),
        ({"sets": ["screens/SC1"]}, ".sets: 'screens/SC1' is an object: name the value in it."),
        ({"sets": ["flowId/x"]}, ".sets: there is no 'flowId/x' in the flow."),
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
        ("[]", "is a list, not a JSON object."),
        ({"flow": small_flow()}, "has to be an export in v2 form, with 'contents' in it; in a reply, that is what is "),
        ({"contents": {"tasks": []}}, "'contents.tasks' is not an object of steps, each an object."),
        (edited(("screens", {"SC1": {}})), "'screens' is not a list."),
        (edited(("contents/tasks", {})), "has no steps: contents.tasks must be an object with at least one."),
        (edited(("contents/tasks/9", [])), "'contents.tasks' is not an object of steps, each an object."),
        (edited(("contents/startTask", "7")), "starts with the step '7' (contents.startTask), which does not exist."),
        (
            edited(("contents/tasks/1/arguments/verifyStepId/value", "7")),
            "has the step 'Step 1' (1), whose verifyStepId names the step '7', which does not exist.",
        ),
        (
            edited(("screens/1/contents/inner/linkedNodes", {"left": "x"})),
            "has the screen SC2, whose element 'inner' holds 'x', which does not exist.",
        ),
        (
            edited(("screens/1/contents/inner/nodes", "done")),
            "has the screen SC2, whose element 'inner' has nodes that are no list, or linkedNodes that are no object.",
        ),
        (
            edited(("screens/0/interactions", {"toA": {}})),
            "has the screen SC1, whose interactions are not a list of objects with an id.",
        ),
        (edited(("contents/tasks/9/action", None)), "has the step 'Step 9' (9), which has no action."),
        (
            edited(("contents/tasks/3/conditions", None)),
            "has the step 'Step 3' (3), whose conditions are not a list of objects.",
        ),
        (edited(("contents/tasks/9/next", [])), "has the step 'Step 9' (9), whose next is not an object with a list"),
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
