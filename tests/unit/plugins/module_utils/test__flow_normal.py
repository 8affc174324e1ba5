# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import from_export
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical, same, without_empty
from tests.support.flows import to_console_form
from tests.unit.plugins.module_utils.flow_cases import (
    FLOWS,
    Json,
    another_read,
    at,
    changed,
    edits,
    flows,
    made,
    put,
)

THOROUGH = hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow])


@THOROUGH
@given(st.data())
def test_two_reads_of_a_flow_are_equal(data: st.DataObject) -> None:
    flow = data.draw(flows())
    other = data.draw(another_read(flow))
    assert same(normal(flow), normal(other))
    assert canonical(normal(flow)) == canonical(normal(other))


@given(st.data())
def test_both_forms_of_a_flow_are_equal(data: st.DataObject) -> None:
    flow = copy.deepcopy(data.draw(st.sampled_from(FLOWS)))
    paths = [("contents", "tasks", key, "view", axis) for key in flow["contents"]["tasks"] for axis in "xy"]
    for path in data.draw(st.lists(st.sampled_from(paths), max_size=3)):
        put(flow, path, data.draw(st.integers(-1000, 1000)))
    console = to_console_form(data.draw(another_read(flow)))
    assert same(normal(from_export(console)), normal(flow))


@THOROUGH
@given(st.data())
def test_a_real_edit_always_shows(data: st.DataObject) -> None:
    flow = data.draw(flows(most=1))
    _path, other = data.draw(changed(flow))
    assert not same(normal(flow), normal(other))
    assert not same(normal(flow), normal(data.draw(another_read(other))))


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_whatever_is_taken_away_shows(flow: Json) -> None:
    """Every step, screen, element of a screen, interaction and rule of the samples."""
    form = normal(flow)
    lists = [("screens",), ("metadata", "sharedInteractions")]
    lists += [("screens", index, "interactions") for index, _screen in enumerate(flow["screens"])]
    lists += [("contents", "tasks", key, "next", "rules") for key in flow["contents"]["tasks"]]
    lists += [("contents", "tasks")] + [("screens", index, "contents") for index, _screen in enumerate(flow["screens"])]
    seen = 0
    for path in lists:
        try:
            items = at(flow, path)
        except KeyError:
            continue
        for key in items if isinstance(items, dict) else range(len(items)):
            other = copy.deepcopy(flow)
            del at(other, path)[key]
            assert not same(form, normal(other)), (path, key)
            seen += 1
    assert seen > 5


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (5, 5.0, True),
        (0, -0.0, True),
        (5, 5.5, False),
        (True, 1, False),
        (False, 0, False),
        (True, "true", False),
        (5, "5", False),
        (None, "", False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [{"c": 2.0}]}, {"b": [{"c": 2}], "a": 1.0}, True),
        ({"a": True}, {"a": 1}, False),
        (1e300, int(1e300), True),
        (float("inf"), 1, False),
        ("ä", "a\u0308", False),
    ],
    ids=str,
)
def test_same(one: object, other: object, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(one=other, other=one) is equal


def test_canonical_is_json() -> None:
    value = {"b": [1.0, 2.5, None, True], "a": {"ä": "\u2028"}}
    assert canonical(value) == '{"a":{"ä":"\u2028"},"b":[1,2.5,null,true]}'
    assert json.loads(canonical(value)) == value


def test_empty_values_of_objects_go_and_elements_of_lists_stay() -> None:
    value = {
        "a": None,
        "b": "",
        "c": [],
        "d": {},
        "e": {"f": {"g": None}},
        "h": 0,
        "i": False,
        "j": [None, "", {"k": ""}],
    }
    assert without_empty(value) == {"h": 0, "i": False, "j": [None, "", {}]}


@pytest.mark.parametrize("zero", [False, 0, 0.0, "", None, [], {}, {"enabled": False}, {"x": {"y": 0}}], ids=str)
def test_zero_values_in_metadata_are_the_same_as_none(zero: Any) -> None:
    flow = copy.deepcopy(FLOWS[0])
    flow["metadata"]["translation"] = zero
    assert same(normal(flow), normal(FLOWS[0]))
    flow["contents"]["tasks"]["0"]["translation"] = zero
    kept = not isinstance(zero, (str, list, type(None))) and zero != {}
    assert same(normal(flow), normal(FLOWS[0])) is not kept


@pytest.mark.parametrize("value", [True, 1, "x", ["x"], {"enabled": True}, [False]], ids=str)
def test_other_values_in_metadata_count(value: Any) -> None:
    flow = copy.deepcopy(FLOWS[0])
    flow["metadata"]["translation"] = value
    assert not same(normal(flow), normal(FLOWS[0]))


def test_languages_and_events_have_no_order() -> None:
    one = made({"start": "> 0", "0": "logged-in"}, translation={"targetLanguages": ["de", "fr"]})
    other = made({"start": "> 0", "0": "logged-in"}, translation={"targetLanguages": ["fr", "de"]})
    assert same(normal(one), normal(other))
    third = made({"start": "> 0", "0": "logged-in"}, translation={"targetLanguages": ["fr"]})
    assert not same(normal(one), normal(third))


def test_the_order_of_rules_and_conditions_counts() -> None:
    flow = made({"start": "> 1", "1": "> 0 2", "0": "logged-in", "2": "logged-in"})
    other = copy.deepcopy(flow)
    other["contents"]["tasks"]["1"]["next"]["rules"].reverse()
    assert not same(normal(flow), normal(other))


@pytest.mark.parametrize("first_id", ["x", None, "x x"], ids=str)
def test_interactions_with_the_same_id_have_no_order_either(first_id: str | None) -> None:
    """The service refuses them, but a live flow must not differ from itself."""
    flow = made({"start": "> 1", "1": ">"})
    items = [{"id": first_id, "label": "a"}, {"id": "x", "label": "b"}, {"id": "x", "label": "c"}]
    flow["screens"][0]["interactions"] = items
    flow["metadata"]["sharedInteractions"] = items
    other = copy.deepcopy(flow)
    other["screens"][0]["interactions"] = items[::-1]
    other["metadata"]["sharedInteractions"] = [items[1], items[0], items[2]]
    assert same(normal(flow), normal(other))
    other["screens"][0]["interactions"] = items[1:]
    assert not same(normal(flow), normal(other))


@pytest.mark.parametrize("value", ["text", [1, {"id": "x"}], {"id": "x"}], ids=str)
def test_interactions_of_another_shape_are_compared_as_they_are(value: Any) -> None:
    flow = made({"start": "> 1", "1": ">"})
    plain = normal(flow)
    flow["screens"][0]["interactions"] = value
    form = normal(flow)
    assert form["screens"]["screen-1"]["interactions"] == value
    assert not same(form, plain)


def test_the_id_of_a_step_is_its_key() -> None:
    flow = made({"start": "> 0", "0": "logged-in"})
    form = normal(flow)
    del flow["contents"]["tasks"]["0"]["id"]
    assert same(normal(flow), form)
    flow["contents"]["tasks"]["0"]["id"] = "1"
    assert not same(normal(flow), form)


def test_sections() -> None:
    form = normal(FLOWS[-2])
    assert set(form) == {"metadata", "contents", "tasks", "screens"}
    assert form["contents"] == {"startTask": FLOWS[-2]["contents"]["startTask"]}
    assert set(form["tasks"]) == set(FLOWS[-2]["contents"]["tasks"])
    assert set(form["screens"]) == {screen["screenId"] for screen in FLOWS[-2]["screens"]}


@given(flows())
def test_a_flow_is_not_touched_and_its_normal_form_is_stable(flow: Json) -> None:
    before = copy.deepcopy(flow)
    form = normal(flow)
    assert same(form, normal(copy.deepcopy(flow)))
    assert flow == before
    text = json.loads(json.dumps(flow))
    assert same(normal(text), form)


@given(st.data())
def test_equality_is_transitive_and_symmetric(data: st.DataObject) -> None:
    flow = data.draw(flows(most=1))
    others = [data.draw(edits(flow, most=1)) for _number in range(2)]
    forms = [canonical(normal(each)) for each in (flow, *others)]
    assert same(normal(others[0]), normal(others[1])) == (forms[1] == forms[2])
