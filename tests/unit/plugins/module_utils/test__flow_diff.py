# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import copy
import json
from typing import Any

import hypothesis
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._flow_diff import difference, nested, whole
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json, another_read, changed, edits, flows, made

PHONE = next(flow for flow in FLOWS if flow["flowId"] == "user-profile-set-phone")
PASSKEYS = next(flow for flow in FLOWS if flow["flowId"] == "user-profile-set-passkeys")
CONNECTOR = "CIabcdefghijkl"
THOROUGH = hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow])


def tasks_of(flow: Json) -> Json:
    return flow["contents"]["tasks"]


def edit(flow: Json) -> tuple[Json, Json]:
    """A copy of a flow, and its steps."""
    flow = copy.deepcopy(flow)
    return flow, tasks_of(flow)


# -- properties ------------------------------------------------------------------------------------------------------


@THOROUGH
@given(st.data())
def test_a_difference_here_is_a_difference_there(data: st.DataObject) -> None:
    old = data.draw(flows(most=1))
    new = data.draw(edits(old, most=2))
    read = data.draw(another_read(new))
    equal = same(normal(old), normal(new))
    for one, other in [(old, new), (read, old)]:
        assert (difference(one, other) == ({}, {})) is equal
    assert difference(new, read) == ({}, {})


@THOROUGH
@given(st.data())
def test_a_real_edit_always_shows(data: st.DataObject) -> None:
    flow = data.draw(flows(most=1))
    path, other = data.draw(changed(flow))
    before, after = difference(flow, other)
    assert before or after, path


def sections(side: Json) -> collections.Counter[str]:
    return collections.Counter(key.partition(": ")[0] for key in side)


@given(st.data())
def test_the_way_back_is_the_same_difference(data: st.DataObject) -> None:
    old = data.draw(flows(most=1))
    new = data.draw(edits(old))
    before, after = difference(old, new)
    again_before, again_after = difference(old=new, new=old)
    assert sections(before) == sections(again_after)
    assert sections(after) == sections(again_before)
    kept = [
        {key: [task.get("name"), task.get("screenId")] for key, task in tasks_of(each).items()} for each in (old, new)
    ]
    same_names = kept[0] == kept[1]
    if same_names:
        assert (before, after) == (again_after, again_before)


@given(st.data())
def test_a_diff_is_made_of_what_json_and_yaml_can_say(data: st.DataObject) -> None:
    old = data.draw(flows(most=1))
    new = data.draw(edits(old))
    before_form = copy.deepcopy((old, new))
    sides = difference(old, new)
    assert (old, new) == before_form
    assert difference(old, new) == sides
    for side in sides:
        assert json.loads(json.dumps(side)) == side
    change = Change("x", "x", "X", UPDATE, *sides)
    diff = render([change], nested, "flows")
    assert yaml.safe_load(diff["after"] or "{}") == ({"x": nested(sides[1])} if sides[1] else {})


@given(flows(), st.booleans())
def test_all_of_a_flow_that_comes_or_goes(flow: Json, comes: bool) -> None:
    before, after = difference(None, flow) if comes else difference(flow, None)
    side, empty = (after, before) if comes else (before, after)
    assert empty == {}
    counts = sections(side)
    assert counts["steps"] + counts["conditions"] == len(tasks_of(flow))
    assert counts["screens"] == len(flow["screens"])
    assert difference(None, None) == ({}, {})


def test_whole() -> None:
    assert whole(None) == {}
    assert whole(PHONE) == normal(PHONE)


def test_nested() -> None:
    assert nested({"name": "a", "steps: One": 1, "steps: Two: b": 2, "screens: One": 3}) == {
        "name": "a",
        "steps": {"One": 1, "Two: b": 2},
        "screens": {"One": 3},
    }


# -- names do not make a difference ----------------------------------------------------------------------------------


def with_connector(references: Any) -> Json:
    flow, tasks = edit(FLOWS[0])
    tasks["1"]["arguments"]["connector"] = {"type": "inline", "value": CONNECTOR}
    return {**flow, "references": references}


@pytest.mark.parametrize("references", [None, {}, {"connectors": {"Other": CONNECTOR}}], ids=str)
def test_names_of_connectors_are_no_difference(references: Any) -> None:
    one, other = with_connector({"connectors": {"Audit": CONNECTOR}}), with_connector(references)
    assert difference(one, other) == ({}, {})
    assert difference(other, one) == ({}, {})
    tasks_of(other)["0"]["name"] = "Finish"
    assert difference(one, other) == ({"steps: Finish": {"name": "End"}}, {"steps: Finish": {"name": "Finish"}})


def test_ids_in_what_does_not_count_are_no_difference() -> None:
    flow, _tasks = edit(PHONE)
    flow["screens"][0]["inputs"] = [{"name": CONNECTOR}]
    flow["metadata"]["etag"] = CONNECTOR
    assert difference(PHONE, flow) == ({}, {})


def test_connectors_and_roles_go_by_name() -> None:
    one, tasks = edit(with_connector({"connectors": {"Audit": CONNECTOR}}))
    tasks["1"]["arguments"]["connector"]["value"] = "none"
    assert difference(one, with_connector({"connectors": {"Audit": CONNECTOR}}))[1]["connectors"] == ["Audit"]
    before, _after = difference(with_connector({}), one)
    assert before["connectors"] == ["Audit"]
    # A new flow tells all that it names.
    assert difference(None, FLOWS[2])[1]["roles"] == ["My User Role"]


def test_the_same_interaction_on_two_screens_with_two_labels() -> None:
    flow = made({"start": "> a", "a": "> b", "b": "> a"})
    for index, label in enumerate(["Send", "Send again"]):
        flow["screens"][index]["interactions"] = [{"id": "to-a", "label": label}]
    other = copy.deepcopy(flow)
    other["screens"].reverse()
    assert difference(flow, other) == ({}, {})
    tasks_of(other)["b"]["view"] = {"x": 1}
    assert difference(flow, other) == ({"steps: Step b": {}}, {"steps: Step b": {"view": {"x": 1}}})


def test_the_label_of_a_button_shows_where_the_button_is() -> None:
    flow, _tasks = edit(PHONE)
    screen = next(each for each in flow["screens"] if each["screenId"] == "SC2xj73Qt1K2MUFrYBBWk09ycIVT6")
    screen["interactions"][1]["label"] = "Store"
    assert difference(PHONE, flow) == (
        {"screens: Set Phone": {"interactions": {"q4FeBI9x5i": {"label": "Save"}}}},
        {"screens: Set Phone": {"interactions": {"q4FeBI9x5i": {"label": "Store"}}}},
    )


# -- how it is told --------------------------------------------------------------------------------------------------


def test_a_step_that_leads_elsewhere() -> None:
    flow, tasks = edit(PHONE)
    tasks["1"]["next"]["rules"][0] = {"interactionId": "5Wgl023sDr", "taskId": "21", "extra": [1]}
    tasks["22"]["next"]["rules"][0] = {"taskId": "5"}
    tasks["5"]["next"] = {"rules": [{"interactionId": "success", "taskId": "gone"}], "more": 1}
    tasks["7"]["next"] = {"rules": [{"interactionId": "success", "taskId": "11"}, "odd"]}
    before, after = difference(PHONE, flow)
    steps = ["Set Phone", "Load User", "Update User / OTP / SMS", "Verify Code / OTP / SMS"]
    assert sorted(before) == sorted(after) == sorted(f"steps: {name}" for name in steps)
    assert before["steps: Set Phone"] == {
        "leads_to": ["Close [5Wgl023sDr] -> End", "Save [q4FeBI9x5i] -> Update User / OTP / SMS"]
    }
    assert after["steps: Set Phone"] == {
        "leads_to": [
            'Close [5Wgl023sDr] -> Verified Successfully (21) {"extra":[1]}',
            "Save [q4FeBI9x5i] -> Update User / OTP / SMS",
        ]
    }
    assert after["steps: Load User"] == {"leads_to": ["always -> Update User / OTP / SMS"]}
    assert after["steps: Update User / OTP / SMS"] == {"leads_to": ["success -> gone"], "next": {"more": 1}}
    assert after["steps: Verify Code / OTP / SMS"] == {
        "next": {"rules": [{"interactionId": "success", "taskId": "11"}, "odd"]}
    }


def test_start_step_name_and_metadata() -> None:
    flow, _tasks = edit(PHONE)
    flow["contents"] |= {"startTask": "1", "new": {"a": 1}}
    flow["metadata"] = {"name": "Other", "disabled": True}
    before, after = difference(PHONE, flow)
    assert before == {
        "description": PHONE["metadata"]["description"],
        "metadata: sharedInteractions": {"0.success": {"id": "0.success", "type": "success"}},
        "metadata: widget": True,
        "name": "Set Phone",
        "start_step": "Load User",
    }
    assert after == {"contents: new": {"a": 1}, "disabled": True, "name": "Other", "start_step": "Set Phone"}


def test_a_start_step_that_is_called_like_another_one() -> None:
    flow, _tasks = edit(PHONE)
    flow["contents"]["startTask"] = "Load User"
    assert difference(PHONE, flow) == ({"start_step": "22"}, {"start_step": "Load User"})


def test_a_step_goes_by_its_newer_name() -> None:
    flow, tasks = edit(PHONE)
    tasks["1"]["name"] = "Ask"
    assert difference(PHONE, flow) == ({"steps: Ask": {"name": "Set Phone "}}, {"steps: Ask": {"name": "Ask"}})


def test_a_screen_that_another_step_shows_goes_by_that() -> None:
    flow, tasks = edit(PHONE)
    tasks["1"]["screenId"] = tasks["11"]["screenId"]
    _before, after = difference(PHONE, flow)
    label = "Verified Successfully (SC2xj73VNQmy9jQT8WZg4XSO2CwYn)"
    assert after["steps: Set Phone"] == {"screen": f"{label} [SC2xj73VNQmy9jQT8WZg4XSO2CwYn]"}


def test_conditions() -> None:
    _before, after = difference(None, PASSKEYS)
    assert after["conditions: Check Passkeys support"] == {
        "conditions": [
            "deviceInfo.webAuthnSupport is-true: Supports Passkeys [oo18llfdokc]",
            "else: Doesn't support Passkeys [ELSE]",
        ],
        "leads_to": [
            "Supports Passkeys [oo18llfdokc] -> Configure Passkeys",
            "Doesn't support Passkeys [ELSE] -> Device Not Supported",
        ],
    }


TARGET = {"type": "context", "value": "user.email"}


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (
            {"atomicConditions": [{"target": TARGET, "operator": "eq", "predicate": {"value": 5.0}}]},
            '{"operator":"eq","predicate":{"value":5},"target":{"type":"context","value":"user.email"}}: unnamed []',
        ),
        (
            {
                "atomicConditions": [
                    {"target": TARGET, "operator": "in", "predicate": {"type": "inline", "value": [5.0]}}
                ]
            },
            "user.email in [5]: unnamed []",
        ),
        (
            {"atomicConditions": [{"target": TARGET, "operator": "is-true"}, {"target": TARGET}], "name": "N", "x": 1},
            'user.email is-true and user.email : N [] {"x":1}',
        ),
        (
            {"atomicConditions": [{"target": {**TARGET, "type": "x"}, "operator": "a"}], "interactionId": "i"},
            '{"operator":"a","target":{"type":"x","value":"user.email"}}: unnamed [i]',
        ),
        (
            {"atomicConditions": [{"target": TARGET, "predicate": {"type": "dynamic"}}, "odd"]},
            '{"predicate":{"type":"dynamic"},"target":{"type":"context","value":"user.email"}} and "odd": unnamed []',
        ),
        ({"atomicConditions": "odd"}, '"odd": unnamed []'),
        ({}, "else: unnamed []"),
        ("odd", '"odd"'),
    ],
    ids=str,
)
def test_the_text_of_a_condition(condition: Any, text: str) -> None:
    flow, tasks = edit(PASSKEYS)
    tasks["4"]["conditions"] = [condition]
    _before, after = difference(PASSKEYS, flow)
    assert after["conditions: Check Passkeys support"]["conditions"] == [text]


@pytest.mark.parametrize("conditions", ["odd", {"a": 1}, 5], ids=str)
def test_conditions_of_another_shape_are_told_as_they_are(conditions: Any) -> None:
    flow, tasks = edit(PASSKEYS)
    tasks["4"]["conditions"] = conditions
    _before, after = difference(PASSKEYS, flow)
    assert after["conditions: Check Passkeys support"]["conditions"] == conditions


def test_what_is_told_alike_is_told_as_it_is() -> None:
    """An inline predicate without a value, and none at all."""
    other, tasks = edit(PASSKEYS)
    del tasks["4"]["conditions"][0]["atomicConditions"][0]["predicate"]
    before, after = difference(PASSKEYS, other)
    key = "conditions: Check Passkeys support"
    assert list(before) == list(after) == [key]
    assert before[key]["conditions"][0]["atomicConditions"][0]["predicate"] == {"type": "inline"}
    assert "predicate" not in after[key]["conditions"][0]["atomicConditions"][0]


def test_a_condition_that_becomes_another_step() -> None:
    flow, tasks = edit(PASSKEYS)
    tasks["4"]["type"] = "automated"
    before, after = difference(PASSKEYS, flow)
    assert list(before) == ["conditions: Check Passkeys support"]
    assert list(after) == ["steps: Check Passkeys support"]


def screen_flow(screen: Json) -> Json:
    return made({"start": "> a", "a": ">"}, {"screen-a": screen})


NODES: Json = {
    "ROOT": {"type": {"resolvedName": "Container"}},
    "t": {"type": {"resolvedName": "Text"}, "props": {"children": " Hello "}},
    "b": {"type": {"resolvedName": "Button"}, "props": {"children": "Go"}},
    "l": {"type": "Input", "props": {"label": "Mail"}},
    "e": {"type": "Input", "props": {"children": ""}},
    "n": {"props": {"children": 5}},
    "p": {"props": "odd"},
    "o": "odd",
}


def test_a_new_screen_is_told_in_short() -> None:
    items = [{"id": "to-0", "label": "Go"}, {"id": "x"}, {"label": "No id"}]
    _before, after = difference(None, screen_flow({"contents": NODES, "interactions": items}))
    assert after["screens: Step a"] == {"buttons": ["Go", "No id", "x"], "texts": ["Hello", "Mail"]}


@pytest.mark.parametrize("items", ["odd", ["odd"], None], ids=str)
def test_a_new_screen_with_odd_interactions(items: Any) -> None:
    _before, after = difference(None, screen_flow({"interactions": items}))
    assert after["screens: Step a"] == "empty"


def test_elements_of_a_screen_go_by_what_they_are() -> None:
    new = copy.deepcopy(NODES)
    for key in ("ROOT", "t", "l", "p"):
        new[key]["x"] = 1
    new["o"] = "odder"
    _before, after = difference(screen_flow({"contents": NODES}), screen_flow({"contents": new}))
    assert set(after["screens: Step a"]["elements"]) == {"ROOT", "Text t", "Input l", "p", "o"}


@pytest.mark.parametrize("contents", ["odd", ["odd"], 5], ids=str)
def test_contents_of_a_screen_of_another_shape_show(contents: Any) -> None:
    before, after = difference(screen_flow({"contents": "old"}), screen_flow({"contents": contents}))
    assert before == {"screens: Step a": {"contents": "old"}}
    assert after == {"screens: Step a": {"contents": contents}}


def test_a_new_step_is_told_in_short() -> None:
    old = made({"start": "> a", "a": ">"})
    new = copy.deepcopy(old)
    tasks_of(new)["n"] = {"name": "N", "type": "automated", "action": "loadUser", "view": {"x": 1}, "arguments": [1]}
    tasks_of(new)["e"] = {"id": "e"}
    tasks_of(new)["c"] = {"name": "C", "type": "condition"}
    _before, after = difference(old, new)
    assert after == {
        "conditions: C": "empty",
        "steps: N": {"type": "automated", "action": "loadUser"},
        "steps: e": "nothing",
    }
    assert difference(old=new, new=old) == (after, {})


A = "a"
LONG = "".join(f"line {number}\n" for number in range(100))


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        (A * 200, A * 200 + "b", "..." + A * 60, "..." + A * 60 + "b"),
        ("x" + A * 200, "y" + A * 200, f"x{A * 59}... (201 characters)", f"y{A * 59}... (201 characters)"),
        (
            A * 100 + "x" + A * 100,
            A * 300,
            f"...{A * 60}x{A * 59}... (201 characters)",
            f"...{A * 120}... (300 characters)",
        ),
        ("a", "b" * 161, "a", "b" * 60 + "... (161 characters)"),
        ("a", "b" * 160, "a", "b" * 160),
        (5, "b" * 200, 5, "b" * 200),
    ],
)
def test_long_texts_are_cut_to_where_they_differ(old: Any, new: Any, before: Any, after: Any) -> None:
    one, tasks = edit(FLOWS[0])
    tasks["1"]["script"] = old
    other, tasks = edit(FLOWS[0])
    tasks["1"]["script"] = new
    sides = difference(one, other)
    key = "steps: Sign Up or In / OAuth (1)"
    assert sides == ({key: {"script": before}}, {key: {"script": after}})


@given(st.integers(0, len(LONG) - 1), st.sampled_from(["", "#", "line"]))
def test_two_long_texts_never_look_alike(place: int, inserted: str) -> None:
    other = LONG[:place] + inserted + LONG[place + 1 :]
    hypothesis.assume(other != LONG)
    before, after = difference(made({"start": "> 0"}, description=LONG), made({"start": "> 0"}, description=other))
    assert before["description"] != after["description"]
    assert max(len(before["description"]), len(after["description"])) < 200
