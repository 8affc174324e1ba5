# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every real export passes the checks, and each kind of damage is found."""

from __future__ import annotations

import pytest
from emulator_api import FLOWS, error, small_flow

from emulator.descope.default_flows import default_flows
from emulator.descope.flow_checks import problems


@pytest.mark.parametrize("flow", [*FLOWS, *default_flows()], ids=lambda flow: flow["metadata"]["name"])
def test_good_ones(flow):
    assert problems(flow) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"flowId": ""}, "flowId must"),
        ({"flowId": 5}, "flowId must"),
        ({"metadata": None}, "metadata must"),
        ({"metadata": []}, "metadata must"),
        ({"metadata__name": " "}, "metadata.name must"),
        ({"metadata__description": 5}, "metadata.description must be a text"),
        ({"metadata__disabled": "no"}, "metadata.disabled must be a boolean"),
        ({"metadata__translation": []}, "metadata.translation must be an object"),
        ({"metadata__sharedInteractions": {}}, "metadata.sharedInteractions must be a list"),
        ({"metadata__sharedInteractions": [{"id": ""}]}, "metadata.sharedInteractions[0].id must"),
        ({"contents": None}, "contents must"),
        ({"contents": "x"}, "contents must"),
        ({"contents__tasks": {}}, "contents.tasks must"),
        ({"contents__tasks": [1]}, "contents.tasks must"),
        ({"contents__startTask": "9"}, "contents.startTask must"),
        ({"contents__startTask": []}, "contents.startTask must"),
        ({"contents__tasks__1": 5}, "contents.tasks.1 must be an object"),
        ({"contents__tasks__1__id": "2"}, "contents.tasks.1.id must be 1"),
        ({"contents__tasks__1__type": 5}, "contents.tasks.1.type must"),
        ({"contents__tasks__1__screenId": "SC9"}, "contents.tasks.1.screenId must"),
        ({"contents__tasks__1__screenId": {}}, "contents.tasks.1.screenId must"),
        ({"contents__tasks__1.end__action": ""}, "contents.tasks.1.end.action must"),
        ({"contents__tasks__2__conditions": []}, "contents.tasks.2.conditions must"),
        ({"contents__tasks__1__next": []}, "contents.tasks.1.next must"),
        ({"contents__tasks__1__next": {"rules": {}}}, "contents.tasks.1.next must"),
        ({"contents__tasks__1__next": {"rules": [{"taskId": "9"}]}}, "contents.tasks.1.next.rules[0].taskId must"),
        ({"contents__tasks__1__next": {"rules": ["1"]}}, "contents.tasks.1.next.rules[0].taskId must"),
        ({"screens": {}}, "screens must be a list"),
        ({"screens": None}, "screens must be a list"),
        ({"screens": ["x"]}, "screens[0] must be an object"),
        ({"screens": [{"screenId": "", "contents": {"ROOT": {}}}]}, "screens[0].screenId must"),
        ({"screens": [{"screenId": "SC1", "contents": {"ROOT": {}}}] * 2}, "screens has SC1 twice"),
        ({"screens": [{"screenId": "SC1", "contents": {"x": {}}}]}, "screens[0].contents must be an object with ROOT"),
        ({"screens": [{"screenId": "SC1", "contents": []}]}, "screens[0].contents must be an object with ROOT"),
        ({"screens": [{"screenId": "SC1", "contents": {"ROOT": 5}}]}, "screens[0].contents.ROOT must be an object"),
        (
            {"screens": [{"screenId": "SC1", "contents": {"ROOT": {"nodes": "x"}}}]},
            "screens[0].contents.ROOT.nodes must be a list",
        ),
        (
            {"screens": [{"screenId": "SC1", "contents": {"ROOT": {"nodes": ["x"]}}}]},
            "screens[0].contents.ROOT.nodes names 'x'",
        ),
        (
            {"screens": [{"screenId": "SC1", "contents": {"ROOT": {}}, "interactions": [{"id": "a"}, {"id": "a"}]}]},
            "screens[0].interactions has a twice",
        ),
        (
            {"screens": [{"screenId": "SC1", "contents": {"ROOT": {}}, "interactions": ["a"]}]},
            "screens[0].interactions[0] must be an object",
        ),
        ({"references": []}, "references must be an object"),
        ({"references": {"connectors": {"a": 5}}}, "references.connectors must"),
        ({"references": {"roles": []}}, "references.roles must"),
        ({"references": {"oauth": "google"}}, "references.oauth must"),
    ],
)
def test_damage(api, emulator, change, found):
    flow = small_flow(**change)
    assert any(problem.startswith(found) for problem in problems(flow)), problems(flow)
    before = emulator.state()
    answer = api.post("/v2/mgmt/flow/import", flow=flow)
    assert error(answer) == (400, "E011004")
    assert emulator.state() == before


def test_the_undamaged_one_is_good(api):
    assert problems(small_flow()) == []
    api.import_flow(small_flow())


@pytest.mark.parametrize("flow", [None, [], "x", 5])
def test_no_object(api, flow):
    assert problems(flow) == ["flow must be an object"]
    assert api.post("/v2/mgmt/flow/import", flow=flow).status_code == 400


def test_null_is_absent():
    nothing = dict.fromkeys(("description", "disabled", "translation", "managementConfig", "sharedInteractions"))
    flow = small_flow(references=None)
    flow["metadata"] |= nothing
    flow["screens"][0]["interactions"] = None
    assert problems(flow) == []
