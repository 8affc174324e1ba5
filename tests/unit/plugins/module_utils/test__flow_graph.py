# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json, flows, made

BY_ID = {flow["flowId"]: normal(flow) for flow in FLOWS}
PHONE = BY_ID["user-profile-set-phone"]


# -- steps and where they lead ---------------------------------------------------------------------------------------


def test_edges_of_a_real_flow() -> None:
    edges = graph.edges(PHONE)
    assert edges["13"] == ["0", "5", "19", "7"]
    assert edges["0"] == []
    assert graph.start(PHONE) == "22"
    assert graph.reached(edges, ["start"]) == set(PHONE["tasks"])
    assert graph.reached(edges, ["22"], stop={"5"}) == {"22", "1", "0", "5"}
    assert graph.reached(edges, ["nowhere"]) == set()


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_every_step_of_the_real_exports_is_met(flow: Json) -> None:
    form = normal(flow)
    assert graph.reached(graph.edges(form), [graph.start(form), "start"]) == set(form["tasks"])
    assert graph.reachable(form) == set(form["tasks"])


def test_what_users_can_get_to() -> None:
    steps = {"start": "> 1", "1": "> 2", "2": "sign-in-magic-link-email > 3", "2.end": "verify-magic-link > 4"}
    steps |= {"3": ">", "4": "logged-in", "5": "sign-in-totp > 1", "6": "sign-in-password > 5"}
    form = normal(made(steps))
    assert graph.reachable(form) == {"start", "1", "2", "3"}
    form["tasks"]["2"]["arguments"] = {"verifyStepId": {"value": "2.end"}, "otherId": {"value": "6"}}
    assert graph.reachable(form) == {"start", "1", "2", "3", "2.end", "4"}
    assert graph.method_names(form) == ["magic link by email"]
    # The pseudo step may lead somewhere else than the flow says it starts with.
    form["contents"]["startTask"] = "5"
    assert graph.reachable(form) == {"start", "1", "2", "3", "2.end", "4", "5"}
    assert graph.method_names(form) == ["authenticator app (TOTP)", "magic link by email"]
    form["contents"]["startTask"] = "nowhere"
    del form["tasks"]["start"]
    assert graph.reachable(form) == set()
    assert graph.method_names(form) == []


def test_steps_that_arguments_name() -> None:
    arguments = {
        "verifyStepId": {"type": "inline", "value": "b"},
        "aStepId": {"value": "a"},
        "emptyStepId": {"value": ""},
        "oddStepId": {"value": ["x"]},
        "textStepId": "x",
        "stepId": {"value": "x"},
        "StepIdToo": {"value": "x"},
    }
    assert graph.steps_named({"arguments": arguments}) == {"aStepId": "a", "verifyStepId": "b"}
    assert (
        graph.steps_named({}) == graph.steps_named({"arguments": None}) == graph.steps_named({"arguments": [1]}) == {}
    )


@pytest.mark.parametrize("following", [None, [], "x", {"rules": None}, {"rules": "x"}, {"rules": {"a": 1}}], ids=str)
def test_a_step_that_leads_nowhere(following: Any) -> None:
    assert graph.rules({"next": following}) == []
    assert graph.edges({"tasks": {"1": {"next": following}}}) == {"1": []}


def test_rules_of_another_shape_lead_nowhere() -> None:
    rules = ["x", {"taskId": "2"}, {"interactionId": "a"}, {"taskId": ["3"]}, {"taskId": {}}]
    form: Json = {"tasks": {"1": {"next": {"rules": rules}}}}
    assert graph.rules(form["tasks"]["1"]) == rules[1:]
    assert graph.edges(form) == {"1": ["2"]}


@pytest.mark.parametrize(
    ("action", "method"),
    [
        ("sign-in-otp-sms", "otp-sms"),
        ("sign-up-otp-email", "otp-email"),
        ("sign-up-or-in-otp-whatsapp", "otp-whatsapp"),
        ("sign-in-magic-linkv2-email", "magic-link-email"),
        ("sign-up-or-in-magic-link-email", "magic-link-email"),
        ("sign-in-enchanted-link-email", "enchanted-link-email"),
        ("sign-in-password", "password"),
        ("sign-in-totp", "totp"),
        ("webauthn-sign-in-start", "webauthn"),
        ("webauthn-sign-up-or-in-start", "webauthn"),
        ("sso-sign-in", "sso"),
        ("oauth-start", "social"),
        ("oauth-start-google", "social"),
        ("verify-recovery-code", "recovery"),
        ("sign-in-recoverycode", "recovery"),
        ("generate-recovery-codes", None),
        ("webauthn-sign-in-finish", None),
        ("exchange-oauth-code", None),
        ("verify-code-otp-sms", None),
        ("verify-magic-link", None),
        ("update-user-otp-sms", None),
        ("update-user-magic-link-email", None),
        ("update-user-recovery-code", None),
        ("webauthn-update-user-start", None),
        ("step-up", None),
        ("loadUser", None),
        ("logged-in", None),
        ("password-send-reset", None),
        ("", None),
        (None, None),
        (["sign-in-otp-sms"], None),
    ],
    ids=str,
)
def test_method_of_a_step(action: Any, method: str | None) -> None:
    assert graph.method({"action": action}) == method
    assert graph.method({"action": action, "type": "automated"}) == method
    assert graph.method({"action": action, "type": "screen"}) is None
    assert graph.method({"action": action, "type": {"odd": 1}}) is None


def test_methods_as_people_call_them() -> None:
    flow = made({"start": "> 1", "1": "sign-in-otp-sms > 2", "2": "sign-up-otp-sms > 3", "3": "sign-in-smoke-signal"})
    assert graph.method_names(normal(flow)) == ["OTP by SMS", "smoke signal"]
    assert graph.method_names(BY_ID["basic-flow"]) == ["social login with apple"]
    assert graph.method_names(PHONE) == []


GOOGLE = {"id": "to-go", "subType": "social", "icon": "google", "label": "Use Google"}


def social(default: Any, *buttons: Json) -> list[str]:
    flow = made({"start": "> a", "a": "> go", "go": "oauth-start > 0", "0": "logged-in"})
    flow["screens"][0]["interactions"] = list(buttons)
    flow["contents"]["tasks"]["go"]["arguments"] = default
    return graph.method_names(normal(flow))


@pytest.mark.parametrize(
    ("arguments", "buttons", "names"),
    [
        ({"defaultProvider": {"value": "apple"}}, [], ["social login with apple"]),
        ({"defaultProvider": {"value": "apple"}}, [GOOGLE], ["social login with google"]),
        ({}, [{**GOOGLE, "icon": ""}], ["social login with Use Google"]),
        ({}, [{"id": "to-go", "subType": "social"}], ["social login with to-go"]),
        ({}, [], ["social login"]),
        (None, [{"id": "to-go"}], ["social login"]),
        ({"defaultProvider": {"value": ""}}, [], ["social login"]),
        ({"defaultProvider": {"value": ["apple"]}}, [], ["social login"]),
        ({"defaultProvider": "apple"}, [{"id": "other", "subType": "social"}], ["social login"]),
        (["defaultProvider"], [], ["social login"]),
    ],
    ids=str,
)
def test_social_providers(arguments: Any, buttons: list[Json], names: list[str]) -> None:
    assert social(arguments, *buttons) == names


def test_the_default_provider_counts_if_anything_but_a_button_for_one_leads_to_the_step() -> None:
    flow = made({"start": "> a", "a": "> go b", "b": "> go", "go": "oauth-start > 0 go", "0": "logged-in"})
    flow["contents"]["tasks"]["go"]["arguments"] = {"defaultProvider": {"value": "apple"}}
    assert graph.method_names(normal(flow)) == ["social login with apple"]
    flow["screens"][0]["interactions"] = [GOOGLE]
    assert graph.method_names(normal(flow)) == ["social login with apple", "social login with google"]
    flow["screens"][1]["interactions"] = [{**GOOGLE, "icon": "github"}]
    assert graph.method_names(normal(flow)) == ["social login with github", "social login with google"]


def test_sub_flows() -> None:
    def step(arguments: Any, kind: str = "flow") -> Json:
        return {"type": kind, "arguments": arguments}

    one = {"flowId": {"type": "inline", "value": "one"}}
    tasks = {
        "1": step(one),
        "2": step({"flowId": {"value": "two"}}, "automated"),
        "3": step(None),
        "4": step([1]),
        "5": step({"flowId": "x"}),
        "6": step({"flowId": {"value": 5}}),
        "7": {},
    }
    assert graph.sub_flows({"tasks": tasks}) == {"one"}
    assert [graph.sub_flow(task) for task in tasks.values()] == ["one", *[""] * 6]


# -- second factors --------------------------------------------------------------------------------------------------

# Sign in by magic link, and then go to the step 2.
LINK = {"start": "> login", "login": "> ml", "ml": "sign-in-magic-link-email > sent ml.end", "sent": "> ml"}
LINK |= {"ml.end": "verify-magic-link > 2", "0": "logged-in"}
SMS = {"sms": "sign-in-otp-sms > code", "code": "> sms.end", "sms.end": "verify-code-otp-sms > 0"}
TOTP = {"totp.code": "> totp", "totp": "sign-in-totp > 0"}
PASSKEY = {"pk": "webauthn-sign-in-start > pk.end", "pk.end": "webauthn-sign-in-finish > 0"}
RECOVERY = {"rc.code": "> rc", "rc": "verify-recovery-code > 0"}
MAIL = {"mail": "sign-in-otp-email > mail.code", "mail.code": "> mail.end", "mail.end": "verify-code-otp-email > 0"}
PASSWORD = {"pw": "sign-in-password > 2"}

ALONE: dict[str, tuple[dict[str, str], list[str]]] = {
    "no second factor": ({**LINK, "2": "> 0"}, []),
    "only one": ({**LINK, "2": "> sms", **SMS}, ["sms"]),
    "only one, without a screen": ({**LINK, "ml.end": "verify-magic-link > sms", **SMS}, ["sms"]),
    "a chooser": ({**LINK, "2": "> sms totp.code", **SMS, **TOTP}, []),
    "a chooser with a recovery code": ({**LINK, "2": "> totp.code rc.code", **TOTP, **RECOVERY}, []),
    "a chooser with a passkey": ({**LINK, "2": "> pk sms", **PASSKEY, **SMS}, []),
    "a chooser of three": ({**LINK, "2": "> sms totp.code mail", **SMS, **TOTP, **MAIL}, []),
    "a chooser behind a condition": ({**LINK, "2": "> c 0", "c": "> sms totp.code", **SMS, **TOTP}, []),
    "only a passkey": ({**LINK, "2": "> pk", **PASSKEY}, ["pk"]),
    "only TOTP": ({**LINK, "2": "> totp.code", **TOTP}, ["totp"]),
    "only a recovery code": ({**LINK, "2": "> rc.code", **RECOVERY}, ["rc"]),
    "the same method twice": (
        {**LINK, "2": "> sms sms2", **SMS, "sms2": "sign-up-otp-sms > code"},
        ["sms", "sms2"],
    ),
    "two versions of a method": (
        {**LINK, "2": "> a b", "a": "sign-in-magic-link-sms > 0", "b": "sign-in-magic-linkv2-sms > 0"},
        ["a", "b"],
    ),
    "after a password": (
        {"start": "> login", "login": "> pw", **PASSWORD, "2": "> sms", **SMS, "0": "logged-in"},
        ["sms"],
    ),
    "a password after OTP": (
        {"start": "> sms", **SMS, "sms.end": "verify-code-otp-sms > 2", "2": "> pw", "pw": "sign-in-password > 0"}
        | {"0": "logged-in"},
        ["pw"],
    ),
    "first factors to choose from": (
        {"start": "> login", "login": "> sms pw", **SMS, "pw": "sign-in-password > 0", "0": "logged-in"},
        [],
    ),
    "each first factor has its own second": (
        {**LINK, "login": "> ml pw", "2": "> sms", **SMS, "pw": "sign-in-password > totp.code", **TOTP},
        ["sms", "totp"],
    ),
    "each first factor has its own second, one with a fallback": (
        {**LINK, "login": "> ml pw", "2": "> sms rc.code", **SMS, "pw": "sign-in-password > totp.code", **TOTP}
        | RECOVERY,
        ["totp"],
    ),
    "two first factors, the same choice": (
        {**LINK, "login": "> ml pw", "2": "> sms totp.code", **SMS, "pw": "sign-in-password > 2", **TOTP},
        [],
    ),
    "a button on the screen for the code": (
        {**LINK, "2": "> sms", **SMS, "code": "> sms.end sms totp.code", **TOTP},
        [],
    ),
    "a button on the screen for the code, and back": (
        {**LINK, "2": "> sms", **SMS, "code": "> sms.end totp.code", **TOTP, "totp.code": "> totp sms"},
        [],
    ),
    "a button on the screen for the code, which cannot be sent again": (
        {**LINK, "2": "> sms", **SMS, "code": "> sms.end totp.code", **TOTP},
        [],
    ),
    "a code that may be sent again by another step": (
        {**LINK, "2": "> sms", **SMS, "code": "> sms.end sms2", "sms2": "sign-up-otp-sms > code"},
        ["sms", "sms2"],
    ),
    "one that is begun and never finished": ({**LINK, "2": "> sms", "sms": "sign-in-otp-sms > totp", **TOTP}, ["totp"]),
    "a third factor": (
        {**LINK, "2": "> sms", **SMS, "sms.end": "verify-code-otp-sms > totp.code", **TOTP},
        ["sms", "totp"],
    ),
    "a third factor after one that is proven at once": (
        {**LINK, "2": "> totp.code", **TOTP, "totp": "sign-in-totp > sms", **SMS},
        ["sms", "totp"],
    ),
    "a third factor, and once more if the second fails": (
        {**LINK, "2": "> totp.code", **TOTP, "totp": "sign-in-totp > sms totp.code", **SMS},
        ["sms", "totp"],
    ),
    "three in a row": (
        {
            "start": "> a",
            "a": "sign-in-password > b",
            "b": "sign-in-totp > c",
            "c": "sso-sign-in > 0",
            "0": "logged-in",
        },
        ["b", "c"],
    ),
    "a third factor after a choice": (
        {**LINK, "2": "> sms mail", **SMS, **MAIL, "sms.end": "verify-code-otp-sms > totp.code"}
        | {"mail.end": "verify-code-otp-email > totp.code", **TOTP},
        ["totp"],
    ),
    "a second factor for some": ({**LINK, "2": "> 0 sms", **SMS}, ["sms"]),
    "back to the beginning": ({**LINK, "2": "> sms login", **SMS}, ["sms"]),
    "back to the beginning, where there is another": (
        {**LINK, "login": "> ml pw", "2": "> sms login", **SMS, "pw": "sign-in-password > 0"},
        ["sms"],
    ),
    "failed, once more": ({**LINK, "2": "> sms", **SMS, "sms.end": "verify-code-otp-sms > 0 2"}, ["sms"]),
    "a loop without an end": ({**LINK, "2": "> sms", "sms": "sign-in-otp-sms > 2"}, ["sms"]),
    "a first factor that is asked for again": (
        {"start": "> sms", **SMS, "sms.end": "verify-code-otp-sms > sms", "0": "logged-in"},
        [],
    ),
    "after social login": (
        {"start": "> so", "so": "oauth-start > so.end", "so.end": "exchange-oauth-code > sms", **SMS}
        | {"0": "logged-in"},
        ["sms"],
    ),
    "after social login, a choice": (
        {"start": "> so", "so": "oauth-start > so.end", "so.end": "exchange-oauth-code > 2", "2": "> sms totp.code"}
        | {**SMS, **TOTP, "0": "logged-in"},
        [],
    ),
    "after SSO": (
        {"start": "> so", "so": "sso-sign-in > so.end", "so.end": "sso-exchange > sms", **SMS, "0": "logged-in"},
        ["sms"],
    ),
    "step-up": ({"start": "> up", "up": "step-up > sms", **SMS, "0": "logged-in"}, ["sms"]),
    "step-up with a choice": (
        {"start": "> up", "up": "step-up > 2", "2": "> sms totp.code", **SMS, **TOTP, "0": "logged-in"},
        [],
    ),
    "an address to verify": (
        {**LINK, "2": "> u", "u": "update-user-otp-sms > uc", "uc": "> u.end", "u.end": "verify-code-otp-sms > 0"},
        [],
    ),
    "a passkey to add": (
        {**LINK, "2": "> pk", "pk": "webauthn-update-user-start > pk.end", "pk.end": "webauthn-update-user-finish > 0"},
        [],
    ),
    "recovery codes to keep": ({**LINK, "2": "> g", "g": "generate-recovery-codes > 0"}, []),
    "one that hangs loose": ({**LINK, "2": "> 0", **SMS}, []),
    "a fallback that hangs loose": ({**LINK, "2": "> sms", **SMS, **TOTP}, ["sms"]),
    "a loose step leads to a choice": (
        {
            **LINK,
            "2": "> sms",
            **SMS,
            "rc.code": "> rc totp",
            "rc": "verify-recovery-code > 0",
            "totp": "sign-in-totp > 0",
        },
        ["sms"],
    ),
    "a condition takes one of two": ({**LINK, "2": "> c", "c": "? > totp.code sms", **SMS, **TOTP}, ["sms", "totp"]),
    "a condition right behind the proof": (
        {**LINK, "ml.end": "verify-magic-link > c", "c": "? > totp.code sms", **SMS, **TOTP},
        ["sms", "totp"],
    ),
    "a condition takes one of two, one with a fallback": (
        {**LINK, "2": "> c", "c": "? > totp.code sms", **SMS, **TOTP, "totp.code": "> totp rc.code", **RECOVERY},
        ["sms"],
    ),
    "a condition before a chooser": (
        {**LINK, "2": "> c", "c": "? > choose sms", "choose": "> sms totp.code", **SMS, **TOTP},
        [],
    ),
    "a chooser before a condition": (
        {**LINK, "2": "> c totp.code", "c": "? > sms 0", **SMS, **TOTP},
        [],
    ),
    "a chooser with one way only": ({**LINK, "2": "> c c", "c": "? > sms totp.code", **SMS, **TOTP}, ["sms", "totp"]),
    "a password as the first factor, proven at once": (
        {"start": "> login", "login": "> pw", "pw": "sign-up-or-in-password > 0", "0": "logged-in"},
        [],
    ),
}


@pytest.mark.parametrize("case", ALONE)
def test_second_factors_alone(case: str) -> None:
    steps, alone = ALONE[case]
    assert graph.second_factors_alone(normal(made(steps))) == alone


@pytest.mark.parametrize("case", ALONE)
def test_neither_keys_nor_their_order_matter(case: str) -> None:
    steps, alone = ALONE[case]
    chance = random.Random(case)
    keys = [key for key in steps if key != "start"]
    chance.shuffle(keys)
    new = {key: f"k{index}" for index, key in enumerate(keys)} | {"start": "start"}
    renamed = {}
    for key in ["start", *keys]:
        action, _arrow, targets = steps[key].partition(">")
        renamed[new[key]] = f"{action}> {' '.join(new.get(target, target) for target in targets.split())}"
    assert graph.second_factors_alone(normal(made(renamed))) == sorted(new[key] for key in alone)


@pytest.mark.parametrize("flow", FLOWS, ids=[f"{flow['flowId']}-{n}" for n, flow in enumerate(FLOWS)])
def test_the_real_exports_have_none(flow: Json) -> None:
    assert graph.second_factors_alone(normal(flow)) == []


def test_the_step_named_start_counts_as_well_as_the_start_task() -> None:
    flow = made({**LINK, "2": "> sms", **SMS})
    flow["contents"]["startTask"] = "0"
    assert graph.second_factors_alone(normal(flow)) == ["sms"]
    del flow["contents"]["tasks"]["start"]
    assert graph.second_factors_alone(normal(flow)) == []
    flow["contents"]["startTask"] = "login"
    assert graph.second_factors_alone(normal(flow)) == ["sms"]


# -- names -----------------------------------------------------------------------------------------------------------


def named(**names: str | None) -> Json:
    return {"tasks": {key: {"name": name} for key, name in names.items()}, "screens": {}}


def test_labels() -> None:
    assert graph.labels(named(a="One ", b="Two", c=None, d="Two")) == {
        "a": "One",
        "b": "Two (b)",
        "c": "c",
        "d": "Two (d)",
    }
    assert graph.labels(named(a="Old", b="Gone"), named(a="New", c="Gone")) == {
        "a": "New",
        "b": "Gone (b)",
        "c": "Gone (c)",
    }
    assert graph.labels(named(a="X", b="X", c="X (a)")) == {"a": "X (a) (a)", "b": "X (b)", "c": "X (a) (c)"}


@given(st.lists(st.dictionaries(st.sampled_from(["1", "2", "1) (2", "a", "b"]), st.text("ab ()12", max_size=6))))
def test_labels_are_unique(versions: list[dict[str, str]]) -> None:
    forms = [named(**names) for names in versions]
    labels = graph.labels(*forms)
    assert set(labels) == {key for names in versions for key in names}
    assert len(set(labels.values())) == len(labels)


def test_screens_go_by_the_step_that_shows_them() -> None:
    form = normal(made({"start": "> a", "a": "> b", "b": ">", "c": ">"}))
    assert graph.screen_labels(form) == {"screen-a": "Step a", "screen-b": "Step b", "screen-c": "Step c"}
    form["tasks"]["c"]["screenId"] = "screen-a"
    form["tasks"]["b"]["name"] = ""
    form["tasks"]["a"]["name"] = " Step c"
    assert graph.screen_labels(form) == {"screen-a": "Step c", "screen-b": "screen-b", "screen-c": "screen-c"}
    newer = normal(made({"start": "> a", "a": ">"}))
    assert graph.screen_labels(form, newer)["screen-a"] == "Step a"


def test_interaction_labels() -> None:
    assert graph.interaction_labels(PHONE)["q4FeBI9x5i"] == "Save"
    passkeys = graph.interaction_labels(BY_ID["user-profile-set-passkeys"])
    assert passkeys["oo18llfdokc"] == "Supports Passkeys"
    flow = made({"start": "> a", "a": ">"}, sharedInteractions=[{"id": "x", "label": " Go "}, {"id": "y"}])
    flow["screens"][0]["interactions"] = "odd"
    flow["contents"]["tasks"]["a"]["conditions"] = ["odd", {"interactionId": "c"}]
    flow["contents"]["tasks"]["start"]["conditions"] = 5
    assert graph.interaction_labels(normal(flow)) == {"x": "Go"}


@given(flows(), st.randoms(use_true_random=False))
def test_the_order_of_screens_and_steps_does_not_matter_for_names(flow: Json, chance: random.Random) -> None:
    form = normal(flow)
    other = {**form}
    for part in ("tasks", "screens"):
        keys = list(form[part])
        chance.shuffle(keys)
        other[part] = {key: form[part][key] for key in keys}
    assert graph.interaction_labels(form) == graph.interaction_labels(other)
    assert graph.screen_labels(form) == graph.screen_labels(other)
    assert graph.labels(form) == graph.labels(other)
    assert graph.method_names(form) == graph.method_names(other)
    assert graph.second_factors_alone(form) == graph.second_factors_alone(other)
