# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python SDK works against the emulator."""

from __future__ import annotations

import json

import pytest
from descope import AuthException, DescopeClient, RateLimitException
from emulator_api import OTHER_KEY, OTHER_PROJECT, SECOND_PROJECT

from emulator.testing import KEY, PROJECT_ID


@pytest.fixture
def mgmt(emulator):
    return DescopeClient(PROJECT_ID, management_key=KEY, base_url=emulator.base_url).mgmt


def code_of(caught) -> tuple[int, str]:
    return int(caught.value.status_code), json.loads(caught.value.error_message)["errorCode"]


def test_the_license_handshake(emulator, mgmt):
    assert [entry["path"] for entry in emulator.requests()] == ["/v1/mgmt/license"]
    assert mgmt._http.rate_limit_tier == "tier2"


def test_the_life_of_a_tenant(mgmt, emulator):
    tenant = mgmt.tenant
    made = tenant.create("Acme", self_provisioning_domains=["acme.com"], custom_attributes={"tier": "gold"})
    tenant_id = made["id"]
    assert tenant_id.startswith("T2")
    loaded = tenant.load(tenant_id)
    assert (loaded["id"], loaded["name"], loaded["customAttributes"]) == (tenant_id, "Acme", {"tier": "gold"})
    assert [entry["id"] for entry in tenant.load_all()["tenants"]] == [tenant_id]
    assert [entry["id"] for entry in tenant.search_all(names=["Acme"])["tenants"]] == [tenant_id]
    assert tenant.search_all(names=["nope"])["tenants"] == []
    tenant.patch_tenant(tenant_id, disabled=True, role_inheritance="userOnly")
    assert tenant.load(tenant_id) == loaded | {"disabled": True, "roleInheritance": "userOnly"}
    # the SDK's update sends false and [] for whatever is not given, and leaves the attributes out
    tenant.update(tenant_id, "New")
    assert tenant.load(tenant_id) == loaded | {"name": "New", "selfProvisioningDomains": [], "customAttributes": {}}
    tenant.update_default_roles(tenant_id, ["Tenant Admin"])
    assert tenant.load(tenant_id)["defaultRoles"] == ["Tenant Admin"]
    tenant.delete(tenant_id, cascade=True)
    with pytest.raises(AuthException) as caught:
        tenant.load(tenant_id)
    assert code_of(caught) == (404, "E112202")
    kinds = [entry["kind"] for entry in emulator.requests()]
    assert (kinds.count("write"), emulator.stats()["writes_applied"]) == (5, 5)


def test_settings(mgmt):
    mgmt.tenant.create("Acme", "acme")
    mgmt.tenant.update_settings(
        "acme",
        ["acme.com"],
        domains=["sso.com"],
        session_settings_enabled=True,
        refresh_token_expiration=3,
        refresh_token_expiration_unit="weeks",
        enforce_sso=True,
    )
    settings = mgmt.tenant.load_settings("acme")
    assert settings["enabled"] is True
    assert (settings["refreshTokenExpiration"], settings["refreshTokenExpirationUnit"]) == (3, "weeks")
    tenant = mgmt.tenant.load("acme")
    assert (tenant["selfProvisioningDomains"], tenant["domains"], tenant["enforceSSO"]) == (
        ["acme.com"],
        ["sso.com"],
        True,
    )


def test_password_settings(mgmt):
    mgmt.tenant.create("Acme", "acme")
    mgmt.password.configure_settings("acme", {"enabled": True, "minLength": 9})
    assert mgmt.password.get_settings("acme")["minLength"] == 9
    assert mgmt.password.get_settings()["minLength"] == 0


def test_links(mgmt):
    mgmt.tenant.create("Acme", "acme")
    assert mgmt.tenant.generate_sso_configuration_link("acme", expire_time=100).startswith("https://")
    mgmt.tenant.revoke_sso_configuration_link("acme")


def test_projects_and_roles(mgmt):
    assert {entry["id"] for entry in mgmt.project.list_projects()["projects"]} == {PROJECT_ID, SECOND_PROJECT}
    mgmt.project.update_name("renamed")
    mgmt.project.update_tags(["a"])
    first = mgmt.project.list_projects()["projects"][0]
    assert (first["name"], first["tags"]) == ("renamed", ["a"])
    assert "Tenant Admin" in {role["name"] for role in mgmt.role.load_all()["roles"]}


def test_errors(emulator, mgmt):
    mgmt.tenant.create("Acme", "acme")
    with pytest.raises(AuthException) as caught:
        mgmt.tenant.create("Acme")
    assert int(caught.value.status_code) == 400
    with pytest.raises(AuthException) as caught:
        mgmt.tenant.create("")
    assert code_of(caught) == (400, "E011003")
    with pytest.raises(AuthException) as caught:
        DescopeClient(OTHER_PROJECT, management_key=KEY, base_url=emulator.base_url).mgmt.tenant.load_all()
    assert int(caught.value.status_code) == 401
    other = DescopeClient(OTHER_PROJECT, management_key=OTHER_KEY, base_url=emulator.base_url)
    assert other.mgmt.tenant.load_all() == {"tenants": []}


def test_the_rate_limit(emulator, mgmt):
    emulator.settings(rate_limit="1/3600")
    mgmt.tenant.load_all()
    with pytest.raises(RateLimitException) as caught:
        mgmt.tenant.load_all()
    assert caught.value.status_code == "E130429"
    assert caught.value.rate_limit_parameters["Retry-After"] > 3500


def test_a_write_that_the_sdk_sends_twice(emulator, mgmt):
    """The SDK repeats a POST after 503, though the first one may have been carried out."""
    emulator.faults([{"match": {"kind": "write"}, "nth": 1, "do": {"status": 503, "when": "after"}}])
    with pytest.raises(AuthException) as caught:
        mgmt.tenant.create("Acme", "acme")
    assert int(caught.value.status_code) == 400
    assert [(entry["status"], entry["applied"]) for entry in emulator.writes()] == [(503, True), (400, False)]
    assert mgmt.tenant.load("acme")["name"] == "Acme"
