# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import (
    NotAFlow,
    from_export,
    from_snapshot,
    to_v1,
    to_v2,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from tests.support.flows import sample, to_console_form
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json, flows

WIDGET = sample("testwidget.json")
PHONE = next(flow for flow in WIDGET["flows"] if flow["flowId"] == "user-profile-set-phone")


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_v2_is_taken_as_it_is(flow: Json) -> None:
    before = copy.deepcopy(flow)
    assert from_export(flow) == flow
    assert from_export({"flow": flow}) == flow
    assert from_export({"flow": flow}, "another") == flow
    assert from_export({"flow": flow, "screens": []}) == flow
    assert flow == before


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_the_console_form_is_the_same_flow(flow: Json) -> None:
    console = to_console_form(flow)
    before = copy.deepcopy(console)
    read = from_export(console)
    assert read["flowId"] == flow["flowId"]
    assert same(normal(read), normal(flow))
    assert console == before
    # Without the envelope, as the console's own download of some versions has it.
    assert from_export({**console["flow"], "screens": console["screens"]}) == read


def test_what_only_v1_has_does_not_come_along() -> None:
    read = from_export(to_console_form(PHONE))
    assert set(read) == {"flowId", "metadata", "contents", "screens", "references"}
    assert set(read["metadata"]) == {
        *("name", "description", "disabled", "fingerprint", "widget", "sharedInteractions", "componentsVersion")
    }
    assert read["metadata"]["componentsVersion"] == PHONE["metadata"]["componentsVersion"]
    for screen in read["screens"]:
        assert set(screen) == {"screenId", "contents", "interactions"}


def test_inputs_of_v1_are_kept_for_v1_only() -> None:
    console = to_console_form(PHONE)
    console["screens"][0]["inputs"] = [{"name": "phone"}]
    read = from_export(console)
    assert read["screens"][0]["inputs"] == [{"name": "phone"}]
    assert to_v1(read)["screens"][0]["inputs"] == [{"name": "phone"}]
    assert "inputs" not in to_v2(read)["screens"][0]
    assert same(normal(read), normal(PHONE))


TRANSLATIONS = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "connectorId": st.sampled_from(["", "CIabcdefghij"]),
        "sourceLanguage": st.sampled_from(["", "en"]),
        "targetLanguages": st.lists(st.sampled_from(["de", "fr", "it"]), unique=True),
    },
)


@given(flows(safe=True), st.none() | TRANSLATIONS)
def test_v1_and_back_is_the_same_flow(flow: Json, translation: Any) -> None:
    known = "name description disabled fingerprint widget sharedInteractions management managementConfig".split()
    flow["metadata"] = {name: value for name, value in flow["metadata"].items() if name in known}
    if translation is not None:
        flow["metadata"]["translation"] = translation
    flow["metadata"]["componentsVersion"] = "3.1.0"
    before = copy.deepcopy(flow)
    body = to_v1(flow)
    assert body["flowId"] == body["flow"]["id"] == flow["flowId"]
    assert all(screen["flowId"] == flow["flowId"] for screen in body["screens"])
    back = from_export(body)
    assert flow == before
    assert same(normal(back), normal(flow))
    assert back["metadata"].get("componentsVersion", "3.1.0") == "3.1.0"


@given(flows())
def test_v2_for_sending_is_the_same_flow(flow: Json) -> None:
    assert to_v2(flow) == flow
    assert same(normal(from_export(to_v2(flow))), normal(flow))


def test_the_parts_of_v1_have_their_own_names() -> None:
    flow = {
        **copy.deepcopy(PHONE),
        "flowId": "mine",
        "metadata": {
            "name": "Mine",
            "componentsVersion": "9.9.9",
            "translation": {"enabled": True, "targetLanguages": ["de"]},
            "unheardOf": 1,
        },
    }
    body = to_v1(flow)
    assert body["flow"] == {
        "id": "mine",
        "name": "Mine",
        "dsl": flow["contents"],
        "translate": True,
        "translateTargetLangs": ["de"],
    }
    assert body["screens"][0] == {
        "id": flow["screens"][0]["screenId"],
        "flowId": "mine",
        "interactions": flow["screens"][0]["interactions"],
        "htmlTemplate": flow["screens"][0]["contents"],
        "componentsVersion": "9.9.9",
    }
    assert "componentsVersion" not in to_v1({**flow, "metadata": {"name": "Mine"}})["screens"][0]


def test_one_of_several() -> None:
    assert from_export(WIDGET, "user-profile-set-phone") == PHONE
    console = {"flows": [to_console_form(flow)["flow"] for flow in WIDGET["flows"]]}
    assert from_export(console, "user-profile-set-phone")["contents"] == PHONE["contents"]


class Marked(str):
    """As Ansible marks the values of a play."""


class Listed(list[Any]):
    """The same for lists."""


MESSAGES: dict[str, tuple[object, str]] = {
    "list": ([], "is a list, not a JSON object"),
    "text": ("x", "is a text, not a JSON object"),
    "null": (None, "is empty, not a JSON object"),
    "boolean": (True, "is a yes or no, not a JSON object"),
    "number": (1.5, "is a number, not a JSON object"),
    "whole number": (1, "is a number, not a JSON object"),
    "kind of text": (Marked("x"), "is a text, not a JSON object"),
    "kind of list": (Listed(), "is a list, not a JSON object"),
    "nothing known": ({"hello": 1}, "has neither 'contents' (v2 export) nor 'flow' with 'dsl' (v1 export)"),
    "empty flow": ({"flow": {}}, "has neither 'contents' (v2 export) nor 'flow' with 'dsl' (v1 export)"),
    "metadata": ({"contents": {}, "metadata": []}, "'metadata' is not a JSON object"),
    "contents": ({"contents": []}, "'contents' is not a JSON object"),
    "steps as a list": ({"contents": {"tasks": []}}, "'contents.tasks' is not an object of steps, each an object"),
    "steps as text": ({"contents": {"tasks": "x"}}, "'contents.tasks' is not an object of steps, each an object"),
    "a step": ({"contents": {"tasks": {"1": {}, "2": []}}}, "'contents.tasks' is not an object of steps"),
    "a step as null": ({"contents": {"tasks": {"1": None}}}, "'contents.tasks' is not an object of steps"),
    "v1 steps": ({"flow": {"dsl": {"tasks": [1]}}}, "'contents.tasks' is not an object of steps"),
    "screens": ({"contents": {}, "screens": {}}, "'screens' is not a list"),
    "a screen": ({"contents": {}, "screens": ["x"]}, "'screens' holds something that is not a JSON object"),
    "references": ({"contents": {}, "references": []}, "'references' is not a JSON object"),
    "v1 screens": ({"flow": {"dsl": {}}, "screens": {}}, "'screens' is not a list of JSON objects"),
    "v1 screen": ({"flow": {"dsl": {}}, "screens": [1]}, "'screens' is not a list of JSON objects"),
    "v1 contents": ({"flow": {"dsl": None}}, "'contents' is not a JSON object"),
    "which": ({"flows": [{"flowId": "b"}, {"id": "a"}, 1]}, "several flows, and no id says which one is meant"),
    "which, in full": ({"flows": [{"flowId": "b"}, {"id": "a"}, 1]}, "; it has a, b"),
    "none": ({"flows": []}, "it has none"),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case: str) -> None:
    value, message = MESSAGES[case]
    with pytest.raises(NotAFlow) as caught:
        from_export(value)
    assert message in caught.value.message
    assert (caught.value.code, bool(caught.value.hint)) == ("bad_definition", True)


def test_an_unknown_id_among_several() -> None:
    with pytest.raises(NotAFlow, match="holds no flow 'nope'; it has user-profile-delete-email, "):
        from_export(WIDGET, "nope")


@pytest.mark.parametrize("empty", [None, "absent"])
def test_what_may_be_missing(empty: str | None) -> None:
    value: Json = {"contents": {"tasks": {}}}
    if empty is None:
        value |= dict.fromkeys(["flowId", "metadata", "screens", "references"])
    assert from_export({"contents": {}})["contents"] == {}
    assert from_export({"contents": {"tasks": None}})["contents"] == {"tasks": None}
    wanted = {"flowId": "", "metadata": {}, "contents": {"tasks": {}}, "screens": [], "references": {}}
    assert from_export(value) == wanted
    assert from_export({"flow": {"dsl": {"tasks": {}}}, **({"screens": None} if empty is None else {})}) == wanted


# -- snapshots -------------------------------------------------------------------------------------------------------


def snapshot(flow: Json) -> tuple[Json, Json, dict[str, object]]:
    slugs = [f"s{index}" for index, _screen in enumerate(flow["screens"])]
    metadata = {**flow["metadata"], "screens": slugs, "references": flow["references"]}
    return metadata, flow["contents"], dict(zip(slugs, flow["screens"], strict=True))


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_a_snapshot_is_the_same_flow(flow: Json) -> None:
    metadata, contents, screens = snapshot(flow)
    assert from_snapshot(metadata, contents, screens, flow["flowId"]) == flow
    assert from_snapshot({**metadata, "references": None}, contents, screens, "x")["references"] == {}
    del metadata["screens"]
    assert from_snapshot(metadata, contents, screens, flow["flowId"])["screens"] == flow["screens"]


def test_screens_of_a_snapshot_that_metadata_does_not_name_are_left_out() -> None:
    metadata, contents, screens = snapshot(PHONE)
    metadata["screens"] = ["s1"]
    assert from_snapshot(metadata, contents, screens, "x")["screens"] == [PHONE["screens"][1]]


@pytest.mark.parametrize(
    ("metadata", "contents", "message"),
    [
        ([], {}, "metadata.json and contents.json must each hold a JSON object"),
        ({}, None, "metadata.json and contents.json must each hold a JSON object"),
        ({"screens": {}}, {}, "'screens' in metadata.json is not a list"),
        ({"screens": ["s1", "gone"]}, {}, "metadata.json names screens that are not there: screen-gone.json"),
        ({"screens": ["s1"]}, {}, "'screens' holds something that is not a JSON object"),
        ({"screens": [], "references": [1]}, {}, "'references' is not a JSON object"),
    ],
)
def test_messages_about_snapshots(metadata: object, contents: object, message: str) -> None:
    with pytest.raises(NotAFlow) as caught:
        from_snapshot(metadata, contents, {"s1": "not a screen"}, "x")
    assert caught.value.message == message
