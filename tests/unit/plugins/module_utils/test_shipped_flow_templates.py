# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates that come with the collection."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _flow_templates
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import from_export
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_rules import fallback_problems, structure_problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_file import Template
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import (
    config_problems,
    find,
    render,
    search,
    shipped,
)
from emulator.descope import flow_checks
from tests.support.templates import Json, flaws

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
