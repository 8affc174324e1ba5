# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sources say about tenants holds by default."""

from __future__ import annotations

import re
import time

import pytest
from emulator_api import SECOND_PROJECT, error

from emulator.testing import KEY

CREATE = "/v1/mgmt/tenant/create"
UPDATE = "/v1/mgmt/tenant/update"
DELETE = "/v1/mgmt/tenant/delete"
SETTINGS = "/v1/mgmt/tenant/settings"
ROLES = "/v1/mgmt/tenant/updateDefaultRoles"
FULL = {
    "selfProvisioningDomains": ["Acme.com", "acme.org"],
    "customAttributes": {"tier": "gold", "seats": 5, "trial": False, "regions": ["eu", "us"]},
    "disabled": True,
    "enforceSSO": True,
    "enforceSSOExclusions": ["a@acme.com"],
    "federatedAppIds": ["app1"],
    "roleInheritance": "userOnly",
}
ZERO = {
    "selfProvisioningDomains": [],
    "customAttributes": {},
    "disabled": False,
    "enforceSSO": False,
    "enforceSSOExclusions": [],
    "federatedAppIds": [],
    "roleInheritance": "",
}
READ_ONLY = {"authType": "none", "domains": [], "parent": "", "successors": [], "defaultRoles": []}


def test_a_new_tenant_has_zero_values_not_gaps(api):
    before = int(time.time())
    tenant = api.load(api.create("Acme", id="acme"))
    created = tenant.pop("createdTime")
    assert tenant == {"id": "acme", "name": "Acme", **ZERO, **READ_ONLY}
    assert isinstance(created, int)
    assert not isinstance(created, bool)
    assert before <= created <= int(time.time())


def test_every_field_comes_back_as_sent(api):
    tenant = api.load(api.create("Acme", id="acme", authType="oidc", **FULL))
    del tenant["createdTime"]
    assert tenant == {"id": "acme", "name": "Acme", **FULL, **READ_ONLY, "authType": "oidc"}


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}], ids=["absent", "null", "empty"])
def test_an_id_is_generated_unless_given(api, body):
    tenant_id = api.create("Acme", **body)
    assert re.fullmatch(r"T2[0-9A-Za-z]{26}", tenant_id)
    assert api.load(tenant_id)["name"] == "Acme"


def test_an_id_of_48_characters_is_kept(api):
    tenant_id = "tid-testacc-TenantWithCustomID-12345678-abcdef01"
    assert api.create("Acme", id=tenant_id) == tenant_id
    assert api.load(tenant_id)["id"] == tenant_id


def test_null_reads_as_absent(api):
    nulls = dict.fromkeys(FULL)
    tenant = api.load(api.create("Acme", parent=None, **nulls))
    assert {name: tenant[name] for name in ZERO} == ZERO
    api.post(UPDATE, id=tenant["id"], name="Acme", **{**FULL, "customAttributes": {"tier": None, "seats": 1}})
    assert api.load(tenant["id"])["customAttributes"] == {"seats": 1}


@pytest.mark.parametrize("path", [CREATE, UPDATE])
@pytest.mark.parametrize("name", ["", None])
def test_a_name_is_required(api, path, name):
    api.create("Acme", id="acme")
    answer = api.post(path, id="acme" if path == UPDATE else "new", name=name)
    assert error(answer) == (400, "E011003")
    assert answer.json()["errorMessage"] == "The name field is required"
    assert api.ids() == ["acme"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", UPDATE, {"name": "Acme"}, "id"),
        ("POST", DELETE, {"id": ""}, "id"),
        ("PATCH", "/v1/mgmt/tenant/patch", {"name": "Acme"}, "id"),
        ("POST", ROLES, {"defaultRoles": []}, "id"),
        ("POST", SETTINGS, {}, "tenantId"),
        ("GET", "/v1/mgmt/tenant", None, "id"),
        ("GET", SETTINGS, None, "id"),
        ("POST", "/v2/mgmt/tenant/adminlinks/sso/generate", {}, "tenantId"),
    ],
)
def test_an_id_is_required(api, method, path, body, field):
    answer = api.http.request(method, path, json=body)
    assert error(answer) == (400, "E011003")
    assert answer.json()["errorMessage"] == f"The {field} field is required"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", UPDATE, {"id": "nope", "name": "Acme"}),
        ("POST", DELETE, {"id": "nope"}),
        ("PATCH", "/v1/mgmt/tenant/patch", {"id": "nope"}),
        ("POST", ROLES, {"id": "nope", "defaultRoles": []}),
        ("POST", SETTINGS, {"tenantId": "nope"}),
        ("GET", "/v1/mgmt/tenant?id=nope", None),
        ("GET", SETTINGS + "?id=nope", None),
        ("GET", "/v1/mgmt/password/settings?tenantId=nope", None),
        ("POST", "/v1/mgmt/password/settings", {"tenantId": "nope"}),
        ("POST", "/v1/mgmt/tenant/adminlinks/sso/revoke", {"tenantId": "nope"}),
    ],
)
def test_an_unknown_tenant_is_not_found(api, method, path, body):
    assert error(api.http.request(method, path, json=body)) == (404, "E112202")


def test_update_replaces_everything_but_what_it_cannot_write(api):
    api.create("Parent", id="parent")
    api.create("Acme", id="acme", parent="parent", authType="saml", **FULL)
    api.post(ROLES, id="acme", defaultRoles=["Support"])
    created = api.load("acme")["createdTime"]
    answer = api.post(UPDATE, id="acme", name="New", parent="", authType="oidc")
    assert (answer.status_code, answer.json()) == (200, {})
    assert api.load("acme") == {
        "id": "acme",
        "name": "New",
        **ZERO,
        "createdTime": created,
        "authType": "saml",
        "domains": [],
        "parent": "parent",
        "successors": [],
        "defaultRoles": ["Support"],
    }


def test_patch_changes_only_what_is_given(api):
    api.create("Acme", id="acme", **FULL)
    before = api.load("acme")
    answer = api.patch(id="acme", disabled=False, name=None)
    assert (answer.status_code, answer.json()) == (200, {})
    assert api.load("acme") == before | {"disabled": False}
    api.patch(id="acme", selfProvisioningDomains=[], roleInheritance="none")
    assert api.load("acme") == before | {
        "disabled": False,
        "selfProvisioningDomains": [],
        "roleInheritance": "none",
    }
    assert error(api.patch(id="acme", name="")) == (400, "E011003")


@pytest.mark.parametrize("write", ["create", "update", "patch"])
def test_ids_names_and_domains_are_unique_in_a_project(api, connect, write):
    api.create("Acme", id="acme", selfProvisioningDomains=["acme.com"])
    api.create("Other", id="other", selfProvisioningDomains=["other.com"])

    def send(**body):
        if write == "create":
            return api.post(CREATE, **{"id": "third", "name": "Third", **body})
        if write == "update":
            return api.post(UPDATE, **{"id": "other", "name": "Other", **body})
        return api.patch(id="other", **body)

    before = [api.load("acme"), api.load("other")]
    assert send(name="Acme").status_code == 400
    assert send(selfProvisioningDomains=["new.com", "ACME.com"]).status_code == 400
    if write == "create":
        assert send(id="acme").status_code == 400
    assert [api.load("acme"), api.load("other")] == before
    assert api.ids() == ["acme", "other"]
    # The same in another project is no conflict, nor is keeping what is one's own.
    connect(f"{SECOND_PROJECT}:{KEY}").create("Acme", id="acme", selfProvisioningDomains=["acme.com"])
    if write != "create":
        assert send(name="Other", selfProvisioningDomains=["OTHER.com"]).status_code == 200


def test_what_was_given_up_can_be_taken(api):
    api.create("Acme", id="acme", selfProvisioningDomains=["acme.com"])
    api.post(UPDATE, id="acme", name="Renamed")
    api.create("Acme", id="two", selfProvisioningDomains=["acme.com"])
    assert api.post(DELETE, id="two", cascade=True).json() == {}
    api.create("Acme", id="two", selfProvisioningDomains=["acme.com"])


def test_delete_removes_the_tenant(api):
    api.create("Acme", id="acme")
    api.create("Other", id="other")
    assert api.post(DELETE, id="acme").json() == {}
    assert api.ids() == ["other"]
    assert error(api.get("/v1/mgmt/tenant", id="acme")) == (404, "E112202")
    assert error(api.post(DELETE, id="acme")) == (404, "E112202")


def test_parents_and_successors(api):
    api.create("Top", id="top")
    api.create("Middle", id="middle", parent="top")
    api.create("Leaf", id="leaf", parent="middle")
    family = {tenant_id: api.load(tenant_id) for tenant_id in ("top", "middle", "leaf")}
    assert {key: value["parent"] for key, value in family.items()} == {"top": "", "middle": "top", "leaf": "middle"}
    assert {key: value["successors"] for key, value in family.items()} == {
        "top": ["middle"],
        "middle": ["leaf"],
        "leaf": [],
    }
    api.post(DELETE, id="leaf")
    assert api.load("middle")["successors"] == []


def test_search(api):
    api.create("Acme", id="acme", selfProvisioningDomains=["Acme.com"], customAttributes={"tier": "gold"})
    api.create("Acme Two", id="two", parent="acme", authType="saml")
    api.create("Other", id="other", customAttributes={"tier": "gold"})
    api.post(SETTINGS, tenantId="two", domains=["sso.acme.com"], authType="saml")
    assert api.found() == ["acme", "two", "other"]
    assert api.found(tenantIds=[], tenantNames=None, customAttributes={}, authType="") == ["acme", "two", "other"]
    assert api.found(tenantIds=["other", "acme", "nope"]) == ["acme", "other"]
    assert api.found(tenantNames=["Acme"]) == ["acme"]
    assert api.found(tenantNames=["nope"]) == []
    assert api.found(tenantSelfProvisioningDomains=["acme.COM"]) == ["acme"]
    assert api.found(tenantSSODomains=["sso.acme.com"]) == ["two"]
    assert api.found(customAttributes={"tier": "gold"}) == ["acme", "other"]
    assert api.found(authType="saml") == ["two"]
    assert api.found(parentTenantId="acme") == ["two"]
    assert api.found(topLevelOnly=True) == ["acme", "other"]
    assert api.found(topLevelOnly=True, tenantNames=["Other", "Acme Two"]) == ["other"]


def test_default_roles(api):
    api.create("Acme", id="acme")
    assert api.post(ROLES, id="acme", defaultRoles=["Tenant Admin", "Support"]).json() == {}
    assert api.load("acme")["defaultRoles"] == ["Tenant Admin", "Support"]
    api.post(ROLES, id="acme")
    assert api.load("acme")["defaultRoles"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "A", "customAttributes": {"seats": NaN}}',
        b'{"name": "\\ud800"}',
        b'{"name": 5}',
        b'{"name": "A", "disabled": "yes"}',
        b'{"name": "A", "selfProvisioningDomains": "a.com"}',
        b'{"name": "A", "selfProvisioningDomains": [1]}',
        b'{"name": "A", "customAttributes": ["tier"]}',
        b'{"name": "A", "customAttributes": {"tier": {}}}',
        b'{"name": "A", "customAttributes": {"seats": 1e999}}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_malformed_body_is_refused_in_json(api, body):
    answer = api.http.post(CREATE, content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert api.ids() == []


def test_values_that_do_not_exist_are_refused(api):
    api.create("Acme", id="acme")
    assert error(api.patch(id="acme", roleInheritance="all"))[0] == 400
    assert error(api.post(CREATE, name="B", authType="ldap"))[0] == 400
    assert error(api.post(SETTINGS, tenantId="acme", inactivityTimeUnit="years"))[0] == 400
    assert api.ids() == ["acme"]


def test_unknown_fields_are_ignored(api):
    assert api.load(api.create("Acme", id="acme", nonsense=[1]))["name"] == "Acme"


def test_fields_out_of_the_reach_of_ascii(api):
    name = "Müller & 株式会社 🚀"
    api.create(name, id="m")
    assert api.load("m")["name"] == name
    assert api.found(tenantNames=[name]) == ["m"]


def test_sso_setup_links(api, emulator):
    api.create("Acme", id="acme")
    path = "/v2/mgmt/tenant/adminlinks/sso/generate"
    links = {
        api.post(path, tenantId="acme", expireTime=expire).json()["adminSSOConfigurationLink"]
        for expire in (60, "9223372036854775807")
    }
    assert len(links) == 2
    assert all(link.startswith("https://") for link in links)

    def stored():
        (project,) = [p for p in emulator.state()["projects"].values() if p["tenants"]]
        return {link["link"] for link in project["tenants"]["acme"]["adminLinks"]}

    assert stored() == links
    assert api.post("/v1/mgmt/tenant/adminlinks/sso/revoke", tenantId="acme").json() == {}
    assert stored() == set()
