# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_rules import (
    breaking,
    fallback_problems,
    structure_problems,
)
from tests.unit.plugins.module_utils.flow_cases import FLOWS, VALUES, Json, at, flows, fresh, made, objects, put

PHONE = next(flow for flow in FLOWS if flow["flowId"] == "user-profile-set-phone")
LOGIN: Json = made(
    {
        "start": "> login",
        "login": "> sms pw so",
        "sms": "sign-in-otp-sms > code",
        "code": "> sms.end sms",
        "sms.end": "verify-code-otp-sms > 0",
        "pw": "sign-in-password > 0",
        "so": "oauth-start > so.end",
        "so.end": "exchange-oauth-code > 0",
        "0": "logged-in",
    },
    {"screen-login": {"interactions": [{"id": "to-so", "subType": "social", "icon": "google"}]}},
)


# -- structure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [*FLOWS, LOGIN], ids=lambda flow: flow["flowId"])
def test_nothing_is_wrong_with_real_flows(flow: Json) -> None:
    assert structure_problems(flow) == []


def tasks_of(flow: Json) -> Json:
    return flow["contents"]["tasks"]


BROKEN: dict[str, tuple[Callable[[Json], Any], list[str]]] = {
    "no name": (lambda f: f["metadata"].pop("name"), ["has no name: metadata.name is missing, or give name."]),
    "blank name": (lambda f: f["metadata"].update(name="  "), ["has no name"]),
    "odd name": (lambda f: f["metadata"].update(name=5), ["has no name"]),
    "no steps": (lambda f: f["contents"].pop("tasks"), ["has no steps"]),
    "empty steps": (lambda f: tasks_of(f).clear(), ["has no steps: contents.tasks must be an object"]),
    "steps as list": (lambda f: f["contents"].update(tasks=[{}]), ["has no steps"]),
    "no name, no steps": (lambda f: (f["metadata"].clear(), f["contents"].clear()), ["has no name", "has no steps"]),
    "no start": (lambda f: f["contents"].pop("startTask"), ["starts with the step 'None' (contents.startTask)"]),
    "unknown start": (lambda f: f["contents"].update(startTask="x"), ["starts with the step 'x'"]),
    "odd start": (lambda f: f["contents"].update(startTask=["login"]), ["starts with the step '['login']'"]),
    "number as start": (lambda f: f["contents"].update(startTask=0), ["starts with the step '0'"]),
    "screen without id": (
        lambda f: f["screens"].append({"contents": {}}),
        ["has a screen without screenId."],
    ),
    "screen with an odd id": (lambda f: f["screens"].append({"screenId": 5}), ["has a screen without screenId."]),
    "screen twice": (lambda f: f["screens"].append(f["screens"][0]), ["has the screen screen-login more than once."]),
    "step as text": (lambda f: tasks_of(f).update(x="y"), ["has a step 'x' that is not an object."]),
    "step as null": (lambda f: tasks_of(f).update(x=None), ["has a step 'x' that is not an object."]),
    "another id": (lambda f: tasks_of(f)["pw"].update(id="pv"), ["has the step 'Step pw' (pw), whose id is 'pv'."]),
    "step gone": (
        lambda f: tasks_of(f).pop("sms.end"),
        ["has the step 'Step code' (code), which leads to the step 'sms.end', which does not exist."],
    ),
    "rule without a target": (
        lambda f: tasks_of(f)["pw"]["next"]["rules"].append({"interactionId": "x"}),
        ["has the step 'Step pw' (pw), which leads to the step 'None', which does not exist."],
    ),
    "rule with an odd target": (
        lambda f: tasks_of(f)["pw"]["next"]["rules"][0].update(taskId={"a": 1}),
        ["which leads to the step '{'a': 1}', which does not exist."],
    ),
    "screen gone": (
        lambda f: f["screens"].pop(1),
        ["has the step 'Step code' (code), which shows the screen 'screen-code', which does not exist."],
    ),
    "several": (
        lambda f: (tasks_of(f).pop("0"), f["screens"].pop(0)),
        ["which shows the screen 'screen-login'", *["which leads to the step '0', which does not exist."] * 3],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_told(case: str) -> None:
    damage, messages = BROKEN[case]
    flow = copy.deepcopy(LOGIN)
    damage(flow)
    problems = structure_problems(flow)
    assert len(problems) == len(messages), problems
    for message, problem in zip(messages, problems, strict=True):
        assert message in problem


def test_a_condition_may_name_a_screen_that_is_not_there() -> None:
    flow = next(each for each in FLOWS if each["flowId"] == "user-profile-set-passkeys")
    assert tasks_of(flow)["4"]["screenId"] not in [screen["screenId"] for screen in flow["screens"]]
    assert structure_problems(flow) == []


# -- what is lost ----------------------------------------------------------------------------------------------------


def lost(old: Json, new: Json) -> list[str]:
    return breaking(normal(old), normal(new))


def without(flow: Json, *steps: str, screens: bool = True) -> Json:
    """A flow without some steps, the rules to them and, unless kept, the screens that they show."""
    flow = copy.deepcopy(flow)
    shown = {tasks_of(flow)[key].get("screenId") for key in steps}
    for key in steps:
        del tasks_of(flow)[key]
    for task in tasks_of(flow).values():
        if graph.rules(task):
            task["next"]["rules"] = [rule for rule in task["next"]["rules"] if rule["taskId"] not in steps]
    if screens:
        flow["screens"] = [screen for screen in flow["screens"] if screen["screenId"] not in shown]
    return flow


def test_nothing_is_lost_to_the_same_flow() -> None:
    for flow in [*FLOWS, LOGIN]:
        assert lost(flow, flow) == []


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        (("pw",), ["the step 'Step pw', which 'Step login' leads to", "the sign-in method password"]),
        (
            ("sms",),
            ["the step 'Step sms', which 'Step code' and 'Step login' lead to", "the sign-in method OTP by SMS"],
        ),
        (("so",), ["the step 'Step so', which 'Step login' leads to", "the sign-in method social login with google"]),
        (("code",), ["the screen 'Step code'", "the step 'Step code', which 'Step sms' leads to"]),
        (
            ("login",),
            ["the screen 'Step login'", "the start step 'Step login'", "the sign-in method social login with google"],
        ),
        (("0",), ["the step 'Step 0', which 'Step pw' and 'Step sms.end' and 'Step so.end' lead to"]),
        (("start",), []),
    ],
)
def test_messages(steps: tuple[str, ...], messages: list[str]) -> None:
    assert lost(LOGIN, without(LOGIN, *steps)) == messages


def test_many_sources_are_counted() -> None:
    steps = {"start": "> 1", "1": "> 9 2", "2": "> 9 3", "3": "> 9 4", "4": "> 9 5", "5": "> 9", "9": "logged-in > 9"}
    flow = made(steps)
    (text,) = lost(flow, without(flow, "9"))
    assert text == "the step 'Step 9', which 'Step 1' and 'Step 2' and 'Step 3' and 2 more lead to"


def test_a_provider_of_social_login() -> None:
    flow = copy.deepcopy(LOGIN)
    flow["screens"][0]["interactions"][0]["icon"] = "apple"
    assert lost(LOGIN, flow) == ["the sign-in method social login with google"]


def test_a_step_to_which_nothing_leads_is_no_loss() -> None:
    flow = made({"start": "> 0", "0": "logged-in", "loose": "loadUser > loose 0"})
    assert lost(flow, without(flow, "loose")) == []


def test_a_method_that_is_left_in_another_step_is_no_loss() -> None:
    flow = made({"start": "> 1", "1": "sign-in-otp-sms > 0", "0": "logged-in", "2": "sign-up-otp-sms > 0"})
    assert lost(flow, without(flow, "2")) == []


@given(flows(safe=True), st.data())
def test_every_removal_is_reported(flow: Json, data: st.DataObject) -> None:
    form = normal(flow)
    edges = graph.edges(form)
    key = data.draw(st.sampled_from(sorted(tasks_of(flow))))
    rest = without(flow, key, screens=False)
    told = lost(flow, rest)
    # Another step may be the same but for its key and its place; then one of the two is missing all the same.
    if any(key in following and source != key for source, following in edges.items()):
        assert any(text.startswith(("the step ", "the start step ")) for text in told), key
    if key == graph.start(form):
        assert any(text.startswith("the start step ") for text in told)
    for name in set(graph.method_names(form)) - set(graph.method_names(normal(rest))):
        assert f"the sign-in method {name}" in told


@given(flows(safe=True), st.data())
def test_every_screen_that_goes_is_reported(flow: Json, data: st.DataObject) -> None:
    assume(flow["screens"])
    rest = copy.deepcopy(flow)
    gone = rest["screens"].pop(data.draw(st.integers(0, len(flow["screens"]) - 1)))["screenId"]
    label = graph.screen_labels(normal(flow))[gone]
    assert f"the screen '{label}'" in lost(flow, rest)


@given(st.data())
def test_the_last_step_of_a_method(data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.sampled_from(["sms", "pw", "so"]), min_size=1, unique=True))
    told = lost(LOGIN, without(LOGIN, *keys))
    names = {"sms": "OTP by SMS", "pw": "password", "so": "social login with google"}
    assert [text for text in told if "method" in text] == sorted(f"the sign-in method {names[key]}" for key in keys)
    assert len([text for text in told if text.startswith("the step ")]) == len(keys)


ACTIONS = ["sign-in-otp-sms", "oauth-start", "sign-in-totp", "logged-in", "loadUser", "update-user-otp-email"]


@st.composite
def more(draw: st.DrawFn, flow: Json) -> Json:
    """A flow with more of everything."""
    flow = copy.deepcopy(flow)
    tasks = tasks_of(flow)
    for number in range(draw(st.integers(0, 3))):
        task: Json = {"name": draw(st.sampled_from(["End", "New", "Step pw"])), "next": {"rules": []}}
        if draw(st.booleans()):
            screen_id = f"new-{number}"
            flow["screens"].append({"screenId": screen_id, "contents": {"ROOT": {}}})
            task |= {"type": "screen", "screenId": screen_id}
        else:
            task |= {"type": "automated", "action": draw(st.sampled_from(ACTIONS))}
        tasks[f"a{number}"] = task
    for _number in range(draw(st.integers(0, 4))):
        source, target = draw(st.sampled_from(sorted(tasks))), draw(st.sampled_from(sorted(tasks)))
        following = tasks[source].setdefault("next", {})
        following.setdefault("rules", []).append({"interactionId": draw(st.sampled_from(["x", "y"])), "taskId": target})
    for path in draw(st.lists(st.sampled_from(objects(flow)), max_size=4)):
        put(flow, (*path, fresh(draw, at(flow, path))), draw(VALUES))
    return flow


@given(st.data())
def test_more_is_no_loss(data: st.DataObject) -> None:
    flow = data.draw(flows(safe=True) | st.just(LOGIN))
    assert lost(flow, data.draw(more(flow))) == []


def test_a_button_for_another_provider_is_no_loss() -> None:
    """Neither for the default provider, which the first button still leads to."""
    flow = made({"start": "> 1", "1": "> so", "so": "oauth-start > 0", "0": "logged-in"})
    tasks_of(flow)["so"]["arguments"] = {"defaultProvider": {"type": "inline", "value": "apple"}}
    new = copy.deepcopy(flow)
    new["screens"][0]["interactions"] = [{"id": "g", "subType": "social", "icon": "google"}]
    tasks_of(new)["1"]["next"]["rules"].append({"interactionId": "g", "taskId": "so"})
    assert lost(flow, new) == []
    assert lost(new, flow) == ["the sign-in method social login with google"]


def renumbered(flow: Json, keys: dict[str, str]) -> Json:
    flow = copy.deepcopy(flow)
    tasks = {}
    for key, task in tasks_of(flow).items():
        for rule in graph.rules(task):
            rule["taskId"] = keys[rule["taskId"]]
        tasks[keys[key]] = {**task, "id": keys[key]}
    flow["contents"] = {**flow["contents"], "tasks": tasks, "startTask": keys[flow["contents"]["startTask"]]}
    return flow


@st.composite
def numbering(draw: st.DrawFn, flow: Json) -> dict[str, str]:
    """Other keys for the steps of a flow: new ones, those of other steps, or both."""
    old = sorted(tasks_of(flow))
    new = draw(st.permutations([*old, *(f"n{index}" for index in range(3))]))
    return dict(zip(old, new[: len(old)], strict=True))


@given(st.data())
def test_other_keys_are_no_loss(data: st.DataObject) -> None:
    flow = data.draw(flows(safe=True) | st.just(LOGIN))
    keys = data.draw(numbering(flow))
    assert structure_problems(renumbered(LOGIN, {key: f"x{key}" for key in tasks_of(LOGIN)})) == []
    assert lost(flow, renumbered(flow, keys)) == []


@given(st.data())
def test_a_removal_is_reported_even_if_the_others_get_other_keys(data: st.DataObject) -> None:
    keys = data.draw(numbering(LOGIN))
    key, message = data.draw(
        st.sampled_from(
            [
                ("pw", "the step 'Step pw', which 'Step login' leads to"),
                ("sms", "the step 'Step sms', which 'Step code' and 'Step login' lead to"),
                ("login", "the start step 'Step login'"),
                ("0", "the step 'Step 0', which 'Step pw' and 'Step sms.end' and 'Step so.end' lead to"),
            ]
        )
    )
    assert message in lost(LOGIN, renumbered(without(LOGIN, key, screens=False), keys))


def test_keys_that_move_up_by_one() -> None:
    flow = made({"start": "> 1", "1": "> 2", "2": "loadUser > 3", "3": "logged-in"})
    up = renumbered(flow, {"start": "start", "1": "2", "2": "3", "3": "4"})
    assert lost(flow, up) == []
    assert lost(flow, without(up, "3")) == ["the step 'Step 2', which 'Step 1' leads to"]


def test_one_of_two_that_look_alike() -> None:
    flow = made({"start": "> 1", "1": "loadUser > 2", "2": "loadUser > 0", "0": "logged-in"})
    tasks_of(flow)["1"]["name"] = tasks_of(flow)["2"]["name"] = "Load User"
    new = without(flow, "2")
    assert lost(flow, new) == ["the step 'Load User (2)', which 'Load User (1)' leads to"]
    tasks_of(new)["7"] = {**tasks_of(flow)["2"], "id": "7"}
    assert lost(flow, new) == []


def test_a_step_that_is_edited_is_no_loss() -> None:
    flow = made({"start": "> 1", "1": "loadUser > 0", "0": "logged-in"})
    new = copy.deepcopy(flow)
    tasks_of(new)["1"] |= {"name": "Other", "action": "update-user-properties"}
    assert lost(flow, new) == []


# -- fallbacks -------------------------------------------------------------------------------------------------------


def test_a_second_factor_without_a_fallback() -> None:
    flow = made(
        {
            "start": "> pw",
            "pw": "sign-in-password > sms",
            "sms": "sign-in-otp-sms > code",
            "code": "> end",
            "end": "verify-code-otp-sms > 0",
            "0": "logged-in",
        }
    )
    (text,) = fallback_problems(normal(flow))
    assert text == (
        "asks for OTP by SMS as a second factor ('Step sms') and offers no other method in its place, so whoever "
        "cannot use it is locked out."
    )
    tasks_of(flow)["totp"] = {"name": "TOTP", "action": "sign-in-totp", "next": {"rules": [{"taskId": "0"}]}}
    tasks_of(flow)["code"]["next"]["rules"].append({"taskId": "totp"})
    assert fallback_problems(normal(flow)) == []


def test_several_without_a_fallback() -> None:
    flow = made({"start": "> a", "a": "sign-in-password > b", "b": "sign-in-totp > c", "c": "sso-sign-in > 0"})
    texts = fallback_problems(normal(flow))
    assert len(texts) == 2
    assert "authenticator app (TOTP) as a second factor ('Step b')" in texts[0]
    assert "SSO as a second factor ('Step c')" in texts[1]


@pytest.mark.parametrize("flow", [*FLOWS, LOGIN], ids=lambda flow: flow["flowId"])
def test_real_flows_need_none(flow: Json) -> None:
    assert fallback_problems(normal(flow)) == []


def test_the_real_sample_in_full() -> None:
    told = lost(PHONE, without(PHONE, "13"))
    assert told == [
        "the screen 'Verify OTP'",
        "the step 'Verify OTP', which 'Update User / OTP / SMS' leads to",
    ]
