# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_file import Template
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import find, render
from tests.support.templates import Json, edited, flaws, load


@pytest.fixture
def small(tmp_path: Path) -> Template:
    return load(tmp_path)


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
