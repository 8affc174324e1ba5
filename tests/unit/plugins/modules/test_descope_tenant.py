# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator

from .conftest import Run


def live(emulator: ThreadedEmulator) -> dict[str, Any]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]


def test_creation_returns_the_tenant_as_read_back(emulator: ThreadedEmulator, run: Run) -> None:
    result = run(
        "descope_tenant",
        id="acme",
        name="Acme",
        self_provisioning_domains=["acme.example"],
        settings={"enabled": True, "session_token_expiration": 5, "session_token_expiration_unit": "minutes"},
    )
    tenant = result["tenant"]
    assert result["changed"]
    assert result["msg"] == "Acme: created"
    assert result["changes"] == [
        "name",
        "self_provisioning_domains",
        "settings.enabled",
        "settings.session_token_expiration",
        "settings.session_token_expiration_unit",
    ]
    assert (tenant["id"], tenant["name"], tenant["parent"], tenant["auth_type"]) == ("acme", "Acme", "", "none")
    assert tenant["settings"]["session_token_expiration"] == 5
    assert tenant["created_time"] > 1_500_000_000
    assert result["requests"] == {"reads": 5, "writes": 2, "retries": 0, "waited_seconds": 0.0}


def test_check_mode_predicts_the_tenant(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme", "selfProvisioningDomains": ["acme.example"]})
    options = {"id": "acme", "name": "Acme Corporation", "enforce_sso": True}
    predicted = run("descope_tenant", check=True, **options)
    assert predicted["tenant"] == run("descope_tenant", **options)["tenant"]
    assert run("descope_tenant", check=True, id="acme", state="absent")["tenant"] is None
    assert run("descope_tenant", id="acme", state="absent")["tenant"] is None
    assert run("descope_tenant", id="acme", state="absent")["msg"] == "acme: unchanged"


def test_diff_holds_only_what_changes(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme", "selfProvisioningDomains": ["acme.example"]})
    result = run("descope_tenant", id="acme", name="Acme Corporation", self_provisioning_domains=["ACME.example"])
    assert yaml.safe_load(result["diff"]["before"]) == {"acme": {"name": "Acme"}}
    assert yaml.safe_load(result["diff"]["after"]) == {"acme": {"name": "Acme Corporation"}}
    assert "diff" not in run("descope_tenant", diff=False, id="acme", name="Acme")


def test_an_omitted_field_is_left_alone_and_an_empty_one_clears(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit(
        "create_tenant",
        tenant={
            "id": "acme",
            "name": "Acme",
            "selfProvisioningDomains": ["acme.example"],
            "disabled": True,
            "customAttributes": {"plan": "gold", "seats": 3},
            "defaultRoles": ["Reader"],
            "domains": ["sso.example"],
        },
    )
    before = live(emulator)["acme"]
    assert run("descope_tenant", id="acme", enforce_sso=True)["changes"] == ["enforce_sso"]
    assert live(emulator)["acme"] == {**before, "enforceSSO": True}
    result = run(
        "descope_tenant", id="acme", custom_attributes={}, self_provisioning_domains=[], default_roles=[], domains=[]
    )
    assert result["changes"] == ["custom_attributes", "default_roles", "domains", "self_provisioning_domains"]
    cleared = {"customAttributes": {}, "selfProvisioningDomains": [], "defaultRoles": [], "domains": []}
    # The SSO domains are written in the settings, which this spells out where they were unset before.
    after = {**live(emulator)["acme"], "settings": {}}
    assert after == {**before, "enforceSSO": True, **cleared}


def test_settings_are_merged_not_replaced(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme", "selfProvisioningDomains": ["acme.example"]})
    emulator.edit(
        "set_settings",
        id="acme",
        settings={"enableInactivity": True, "inactivityTime": 3, "inactivityTimeUnit": "days"},
    )
    run("descope_tenant", id="acme", self_provisioning_domains=["b.example"], settings={"jit_disabled": True})
    tenant = live(emulator)["acme"]
    assert tenant["settings"]["inactivityTime"] == 3
    assert tenant["settings"]["JITDisabled"] is True
    assert tenant["selfProvisioningDomains"] == ["b.example"]


def test_purge_custom_attributes(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit(
        "create_tenant", tenant={"id": "acme", "name": "Acme", "customAttributes": {"plan": "gold", "seats": 3}}
    )
    run("descope_tenant", id="acme", custom_attributes={"trial": False}, purge_custom_attributes=False)
    assert live(emulator)["acme"]["customAttributes"] == {"plan": "gold", "seats": 3, "trial": False}
    run("descope_tenant", id="acme", custom_attributes={"seats": None}, purge_custom_attributes=False)
    assert live(emulator)["acme"]["customAttributes"] == {"plan": "gold", "trial": False}
    run("descope_tenant", id="acme", custom_attributes={"plan": "free"})
    assert live(emulator)["acme"]["customAttributes"] == {"plan": "free"}


def test_cascade_is_sent(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    assert run("descope_tenant", id="acme", state="absent", cascade=True)["changed"]
    assert live(emulator) == {}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "id: give an id or a name"),
        ({"id": "No Good", "name": "X"}, "'No Good', and the id of a tenant to be created has 3 to 50 characters"),
        ({"id": "acme"}, "name: is missing, and no tenant 'acme' exists yet"),
        ({"id": "acme", "name": "X" * 101}, "has 101 characters: give 1 to 100"),
        ({"id": "acme", "name": " X"}, "begins or ends with a space"),
        ({"id": "acme", "name": "X", "domains": ["a_b.example"]}, "'a_b.example' is not a valid DNS name"),
        ({"id": "acme", "name": "X", "parent": "nobody"}, "no tenant has the id 'nobody'"),
        ({"id": "sub", "parent": ""}, "is 'top' and cannot be changed to ''"),
        ({"id": "acme", "name": "Top"}, "give id: top to manage that tenant"),
        (
            {"id": "acme", "name": "X", "self_provisioning_domains": ["TOP.example"]},
            "already that of the live tenant 'top'",
        ),
        ({"id": "acme", "name": "X", "nmae": "Y"}, "nmae: is not a known option; did you mean 'name'?"),
        ({"id": "acme", "name": "X", "disabled": "perhaps"}, "disabled"),
        ({"id": "acme", "name": "X", "settings": {"session_token_expiration": -1}}, "-1 is negative"),
        ({"id": "acme", "name": "X", "settings": {"enable": True}}, "settings.enable: is not a known option; did you"),
        ({"id": "acme", "name": "X", "custom_attributes": {"plan": {"a": 1}}}, "'plan' is a dict"),
    ],
)
def test_bad_input_writes_nothing(options: dict[str, Any], text: str, emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "top", "name": "Top", "selfProvisioningDomains": ["top.example"]})
    emulator.edit("create_tenant", tenant={"id": "sub", "name": "Sub", "parent": "top"})
    for check in (True, False):
        result = run("descope_tenant", check=check, **options)
        assert result["failed"]
        assert not result["changed"]
        assert text in result["msg"]
        assert result["problems"]
    assert emulator.writes() == []


def test_a_strange_id_that_exists_is_taken_as_it_is(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "T2Strange_ID", "name": "Old"})
    assert run("descope_tenant", id="T2Strange_ID", name="New")["changed"]


@pytest.mark.parametrize(
    ("connection", "text", "code"),
    [
        ({"management_key": None}, "management_key: is missing", "invalid_option"),
        ({"project_id": None}, "project_id: is missing", "invalid_option"),
        ({"management_key": "Kwith space"}, "management_key: is malformed", "invalid_option"),
        ({"project_id": "acme"}, "a project id starts with P", "invalid_option"),
        ({"base_url": "localhost:1"}, "has no scheme or host", "invalid_option"),
        ({"base_url": "http://192.0.2.1"}, "would send the management key unencrypted", "invalid_option"),
        ({"management_key": "Kwrong"}, "The management key was rejected", "unauthorized"),
        ({"base_url": "http://127.0.0.1:9", "retries": 1}, "Cannot connect to 127.0.0.1:9", "unreachable"),
        ({"timeout": 0}, "timeout: 0.0 is out of range", "invalid_option"),
        ({"rate_limit_backend": "floppy"}, "'floppy' is not known", "invalid_option"),
    ],
)
def test_bad_connections(
    connection: dict[str, Any],
    text: str,
    code: str,
    emulator: ThreadedEmulator,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DESCOPE_PROJECT_ID", "DESCOPE_MANAGEMENT_KEY", "DESCOPE_BASE_URL", "DESCOPE_BASE_URI"):
        monkeypatch.delenv(name, raising=False)
    result = run("descope_tenant", id="acme", name="Acme", **connection)
    assert result["failed"]
    assert text in result["msg"]
    assert result["error_code"] == code
    assert result.get("hint") or code == "invalid_option"
    assert live(emulator) == {}
    assert KEY not in str(result)


def test_problems_of_connection_and_tenant_come_together(run: Run) -> None:
    result = run("descope_tenant", id="acme", name=" ", project_id="nope")
    assert [problem["field"] for problem in result["problems"]] == ["project_id", "name"]
