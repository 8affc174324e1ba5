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
from tests.unit.plugins.module_utils.flow_cases import FLOWS, VALUES, Json, at, edits, flows, fresh, made, objects, put

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


def elements_of(flow: Json) -> Json:
    return flow["screens"][0]["contents"]


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
    "screen with an odd id": (
        lambda f: f["screens"].append({"screenId": 5, "contents": {}}),
        ["has a screen without screenId."],
    ),
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
    "next as a list": (
        lambda f: tasks_of(f)["pw"].update(next=[{"taskId": "0"}]),
        ["has the step 'Step pw' (pw), whose next is not an object with a list of rules."],
    ),
    "rules as an object": (
        lambda f: tasks_of(f)["pw"].update(next={"rules": {}}),
        ["whose next is not an object with"],
    ),
    "a rule as text": (lambda f: tasks_of(f)["pw"].update(next={"rules": ["0"]}), ["whose next is not an object with"]),
    "rules as null": (lambda f: tasks_of(f)["pw"].update(next={"rules": None}), []),
    "next as null": (lambda f: tasks_of(f)["pw"].update(next=None), []),
    "no next": (lambda f: tasks_of(f)["pw"].pop("next"), []),
    "no action": (lambda f: tasks_of(f)["pw"].pop("action"), ["has the step 'Step pw' (pw), which has no action."]),
    "empty action": (lambda f: tasks_of(f)["pw"].update(action=""), ["which has no action."]),
    "odd action": (lambda f: tasks_of(f)["pw"].update(action=["x"]), ["which has no action."]),
    "no conditions": (
        lambda f: tasks_of(f)["pw"].update(type="condition"),
        ["has the step 'Step pw' (pw), whose conditions are not a list of objects."],
    ),
    "odd conditions": (
        lambda f: tasks_of(f)["pw"].update(type="condition", conditions=["x"]),
        ["whose conditions are not a list of objects."],
    ),
    "conditions": (lambda f: tasks_of(f)["pw"].update(type="condition", conditions=[{}]), []),
    "argument with a step that is gone": (
        lambda f: tasks_of(f)["sms"].update(arguments={"verifyStepId": {"value": "sms.end2"}}),
        ["has the step 'Step sms' (sms), whose verifyStepId names the step 'sms.end2', which does not exist."],
    ),
    "arguments without a step": (
        lambda f: tasks_of(f)["sms"].update(
            arguments={"a": {"value": "x"}, "aStepId": {"value": ""}, "bStepId": "x", "cStepId": {"value": "0"}}
        ),
        [],
    ),
    "no contents": (
        lambda f: f["screens"][0].pop("contents"),
        ["has the screen screen-login, whose contents are not an object of objects."],
    ),
    "contents as a list": (lambda f: f["screens"][0].update(contents=[]), ["whose contents are not an object of"]),
    "an element as text": (lambda f: elements_of(f).update(x="y"), ["whose contents are not an object of objects."]),
    "interactions as an object": (
        lambda f: f["screens"][0].update(interactions={"a": {}}),
        ["has the screen screen-login, whose interactions are not a list of objects with an id."],
    ),
    "an interaction as text": (lambda f: f["screens"][0].update(interactions=["x"]), ["whose interactions are not a"]),
    "no interactions": (lambda f: f["screens"][0].update(interactions=None), []),
    "an element that is gone": (
        lambda f: elements_of(f)["ROOT"].update(nodes=["title"]),
        ["has the screen screen-login, whose element 'ROOT' holds 'title', which does not exist."],
    ),
    "a linked element that is gone": (
        lambda f: elements_of(f)["ROOT"].update(linkedNodes={"left": "x", "right": "ROOT"}),
        ["has the screen screen-login, whose element 'ROOT' holds 'x', which does not exist."],
    ),
    "odd children": (
        lambda f: elements_of(f).update(a={"nodes": True}, b={"linkedNodes": ["x"]}, c={"nodes": None}),
        [f"whose element '{key}' has nodes that are no list, or linkedNodes that are no object." for key in "ab"],
    ),
    "half a character": (
        lambda f: f["metadata"].update(description="\ud800"),
        ["has a text with half a character in it (a lone surrogate), which cannot be sent."],
    ),
    "half a character in a key, and no steps": (
        lambda f: f["contents"].update(tasks={}, **{"\udfff": 1}),
        ["has a text with half a character in it", "has no steps"],
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


@given(st.data())
def test_whatever_a_definition_holds_it_can_be_judged(data: st.DataObject) -> None:
    flow = data.draw(edits(data.draw(st.sampled_from([*FLOWS, LOGIN])), most=6))
    for text in structure_problems(flow):
        assert text.startswith(("has ", "starts with ")), text
        assert text.endswith("."), text


@given(flows(safe=True))
def test_nothing_is_wrong_with_edits_that_leave_the_structure_alone(flow: Json) -> None:
    assert structure_problems(flow) == []


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


CODE = ["the screen 'Step code'", "the step 'Step code', which 'Step sms' leads to"]
SMS_END = "the step 'Step sms.end', which 'Step code' leads to"
LAST = "the step 'Step 0', which 'Step pw' and 'Step sms.end' and 'Step so.end' lead to"
SMS = "the step 'Step sms', which 'Step code' and 'Step login' lead to"
GOOGLE = "the sign-in method social login with google"


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        (("pw",), ["the step 'Step pw', which 'Step login' leads to", "the sign-in method password"]),
        # What is behind it can be reached in no other way.
        (("sms",), [*CODE, SMS, SMS_END, "the sign-in method OTP by SMS"]),
        (
            ("so",),
            [
                "the step 'Step so', which 'Step login' leads to",
                "the step 'Step so.end', which 'Step so' leads to",
                GOOGLE,
            ],
        ),
        (("code",), [*CODE, SMS_END]),
        (("0",), [LAST]),
        (("start",), []),
    ],
)
@pytest.mark.parametrize("screens", [False, True], ids=["screens stay", "screens go"])
def test_messages(steps: tuple[str, ...], messages: list[str], screens: bool) -> None:
    assert lost(LOGIN, without(LOGIN, *steps, screens=screens)) == messages


def test_without_the_start_step_all_is_lost() -> None:
    told = lost(LOGIN, without(LOGIN, "login"))
    assert told[:5] == [
        "the screen 'Step code'",
        "the screen 'Step login'",
        "the start step 'Step login'",
        LAST,
        CODE[1],
    ]
    assert told[-3:] == ["the sign-in method OTP by SMS", "the sign-in method password", GOOGLE]
    assert len(told) == 3 + len(set(tasks_of(LOGIN)) - {"login", "start"}) + 3


def led(flow: Json, key: str, *targets: str) -> Json:
    """A flow in which a step leads to others."""
    flow = copy.deepcopy(flow)
    tasks_of(flow)[key]["next"]["rules"] = [{"interactionId": f"to-{each}", "taskId": each} for each in targets]
    return flow


def test_a_sign_in_step_that_nothing_leads_to_any_more() -> None:
    """It is all still there, screens too."""
    assert lost(LOGIN, led(LOGIN, "login", "pw", "so")) == [*CODE, SMS, SMS_END, "the sign-in method OTP by SMS"]


def test_a_second_factor_that_is_left_aside() -> None:
    flow = made({"start": "> pw", "pw": "sign-in-password > code", "code": "> totp", "totp": "sign-in-totp > 0"})
    tasks_of(flow)["0"] = {"name": "End", "type": "automated", "action": "logged-in"}
    assert lost(flow, led(flow, "pw", "0")) == [
        "the screen 'Step code'",
        "the step 'Step code', which 'Step pw' leads to",
        "the step 'Step totp', which 'Step code' leads to",
        "the sign-in method authenticator app (TOTP)",
    ]


def test_another_of_its_steps_as_the_start() -> None:
    new = copy.deepcopy(LOGIN)
    tasks_of(new)["login"]["next"]["rules"].reverse()
    new["contents"]["startTask"] = "pw"
    tasks_of(new)["pw"]["name"] = "Password"
    assert lost(LOGIN, new) == ["the start step 'Step login', since it would start with 'Password'"]
    # Even as the pseudo step leads there no more.
    told = lost(LOGIN, led(new, "start", "pw"))
    assert "the start step 'Step login'" in told
    assert "the sign-in method OTP by SMS" in told


def test_a_new_step_before_the_start_is_no_loss() -> None:
    new = copy.deepcopy(LOGIN)
    tasks_of(new)["w"] = {
        "name": "Welcome",
        "type": "screen",
        "screenId": "w",
        "next": {"rules": [{"taskId": "login"}]},
    }
    new["screens"].append({"screenId": "w", "contents": {}})
    new["contents"]["startTask"] = "w"
    assert structure_problems(new) == []
    assert lost(LOGIN, new) == lost(LOGIN, led(new, "start", "w")) == []


@pytest.mark.parametrize(
    "other",
    [
        {"action": "loadUser"},
        {"action": "sign-in-password", "name": "Step pw too"},
        {"type": "condition", "conditions": []},
        {"type": "flow", "arguments": {"flowId": {"value": "two"}}},
        {"type": "screen", "screenId": "screen-code", "name": "Other"},
    ],
    ids=str,
)
def test_another_step_under_the_same_key(other: Json) -> None:
    flow = made({"start": "> 1", "1": "> code x", "code": "> 0", "x": "step-up > 0", "0": "logged-in"})
    new = copy.deepcopy(flow)
    tasks_of(new)["x"] |= other
    assert "the step 'Step x', which 'Step 1' leads to" in lost(flow, new)


def test_another_screen_or_sub_flow_under_the_same_key() -> None:
    flow = made({"start": "> 1", "1": "> 2", "2": "> 3", "3": "step-up > 0", "0": "logged-in"})
    tasks_of(flow)["3"] |= {"type": "flow", "arguments": {"flowId": {"value": "one"}}}
    new = copy.deepcopy(flow)
    tasks_of(new)["2"] |= {"name": "Other", "screenId": "screen-1"}
    tasks_of(new)["3"]["arguments"]["flowId"]["value"] = "two"
    assert lost(flow, new) == [
        "the screen 'Step 2'",
        "the step 'Step 2', which 'Step 1' leads to",
        "the step 'Step 3', which 'Step 2' leads to",
    ]
    # With the same name it is the same step, which shows something else.
    tasks_of(new)["2"]["name"] = "Step 2"
    assert lost(flow, new) == ["the screen 'Step 2'", "the step 'Step 3', which 'Step 2' leads to"]


def test_a_step_that_only_an_argument_leads_to() -> None:
    flow = made(
        {"start": "> 1", "1": "sign-in-magic-link-email > 0", "1.end": "verify-magic-link > 0", "0": "logged-in"}
    )
    tasks_of(flow)["1"]["arguments"] = {"verifyStepId": {"type": "inline", "value": "1.end"}}
    new = copy.deepcopy(flow)
    assert lost(flow, new) == []
    del tasks_of(new)["1"]["arguments"]
    assert lost(flow, new) == ["the step 'Step 1.end'"]


def test_what_a_live_flow_may_be_like() -> None:
    """The one that is there was not made by us."""
    flow = made({"start": "> 1", "1": "> 2", "2": "> 0", "0": "logged-in"})
    old = copy.deepcopy(flow)
    del tasks_of(old)["1"]["screenId"]
    tasks_of(old)["2"]["screenId"] = ["odd"]
    tasks_of(old)["2"]["name"] = "Other"
    assert "the step 'Other', which 'Step 1' leads to" in lost(old, flow)
    tasks_of(old)["1"]["name"] = "Other"
    assert "the start step 'Other (1)'" in lost(old, flow)


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
    flow = made({"start": "> 0", "0": "logged-in", "loose": "sign-in-totp > far", "far": "sso-sign-in > loose"})
    assert lost(flow, without(flow, "loose", "far")) == []
    assert lost(flow, led(flow, "loose", "0")) == []


def test_a_method_that_is_left_in_another_step_is_no_loss() -> None:
    flow = made({"start": "> 1", "1": "sign-in-otp-sms > 0", "0": "logged-in", "2": "sign-up-otp-sms > 0"})
    assert lost(flow, without(flow, "2")) == []


@given(flows(safe=True), st.data())
def test_every_removal_is_reported(flow: Json, data: st.DataObject) -> None:
    form = normal(flow)
    key = data.draw(st.sampled_from(sorted(tasks_of(flow))))
    rest = without(flow, key, screens=False)
    told = lost(flow, rest)
    # Another step may be the same but for its key and its place; then one of the two is missing all the same.
    if key != "start":
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
    steps = [text for text in told if text.startswith("the step ")]
    for key in keys:
        assert any(text.startswith(f"the step 'Step {key}'") for text in steps)
    behind = {"sms": 3, "pw": 1, "so": 2}
    # Only what is behind all three is lost with all three.
    assert len(steps) == sum(behind[key] for key in keys) + (len(keys) == 3)


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
    assert lost(flow, without(up, "3")) == [
        "the step 'Step 2', which 'Step 1' leads to",
        "the step 'Step 3', which 'Step 2' leads to",
    ]
    assert lost(flow, led(without(up, "3"), "2", "4")) == ["the step 'Step 2', which 'Step 1' leads to"]


def test_one_of_two_that_look_alike() -> None:
    flow = made({"start": "> 1", "1": "loadUser > 2", "2": "loadUser > 0", "0": "logged-in"})
    tasks_of(flow)["1"]["name"] = tasks_of(flow)["2"]["name"] = "Load User"
    new = led(without(flow, "2"), "1", "0")
    assert lost(flow, new) == ["the step 'Load User (2)', which 'Load User (1)' leads to"]
    tasks_of(new)["7"] = {**copy.deepcopy(tasks_of(flow)["2"]), "id": "7"}
    # It is there, but nothing leads to it.
    assert lost(flow, new) == ["the step 'Load User (2)', which 'Load User (1)' leads to"]
    assert lost(flow, led(new, "1", "7")) == []


def test_a_step_that_is_edited_is_no_loss() -> None:
    flow = made({"start": "> 1", "1": "loadUser > 2", "2": "> 0", "0": "logged-in"})
    new = copy.deepcopy(flow)
    tasks_of(new)["1"] |= {"name": "Other", "arguments": {"a": {"value": "b"}}}
    tasks_of(new)["2"]["name"] = "Other screen"
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
    # It alone leads on to these.
    assert told[:4] == [
        "the screen 'Magic Link Sent'",
        "the screen 'Verified Successfully (SC2xj73VNQmy9jQT8WZg4XSO2CwYn)'",
        "the screen 'Verified Successfully (SC2xj73YGbxSJYxQ3HVbIqA2v8q8Z)'",
        "the screen 'Verify OTP'",
    ]
    assert told[-1] == "the step 'Verify OTP', which 'Update User / OTP / SMS' leads to"
    form = normal(PHONE)
    left = graph.reached(
        {key: [each for each in ways if each != "13"] for key, ways in graph.edges(form).items()}, ["22"]
    )
    assert len(told) == 4 + len(set(form["tasks"]) - left - {"start"})
