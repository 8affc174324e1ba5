# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and permissions."""

from __future__ import annotations

import pytest
from descope import AuthException, DescopeClient
from emulator_api import error

from emulator.testing import KEY, PROJECT_ID, ControlError

ROLE = "/v1/mgmt/role"
PERMISSION = "/v1/mgmt/permission"
BUILTIN = ["Impersonate", "SSO Admin", "User Admin"]


def roles(api, **filters):
    """All roles by name, or those that a search finds."""
    answer = api.post(f"{ROLE}/search", **filters) if filters else api.get(f"{ROLE}/all")
    assert answer.status_code == 200, answer.text
    return {role["name"]: role for role in answer.json()["roles"]}


def permissions(api):
    return {entry["name"]: entry for entry in api.get(f"{PERMISSION}/all").json()["permissions"]}


def ok(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def mgmt(emulator):
    return DescopeClient(PROJECT_ID, management_key=KEY, base_url=emulator.base_url).mgmt


# -- through the SDK -------------------------------------------------------------------------------------------------


def test_the_life_of_a_role(mgmt):
    mgmt.permission.create("Read", "May read")
    mgmt.role.create("Editor", "Edits", ["Read"], default=True)
    (made,) = mgmt.role.search(role_names=["Editor"])["roles"]
    assert made["id"].startswith("ROL2")
    assert made == {
        "id": made["id"],
        "name": "Editor",
        "description": "Edits",
        "permissionNames": ["Read"],
        "createdTime": made["createdTime"],
        "tenantId": "",
        "default": True,
        "private": False,
    }
    # What is not given goes.
    mgmt.role.update("Editor", "Writer")
    (changed,) = mgmt.role.search(role_ids=[made["id"]])["roles"]
    assert changed == made | {"name": "Writer", "description": "", "permissionNames": [], "default": False}
    mgmt.role.update_by_id(made["id"], "Editor", "Again", ["Read"])
    mgmt.role.delete_by_id(made["id"])
    assert "Editor" not in {role["name"] for role in mgmt.role.load_all()["roles"]}
    mgmt.role.create_batch([{"name": "A"}, {"name": "B", "permissionNames": ["Read"]}])
    mgmt.role.update_batch([{"name": "A", "newName": "A2", "description": "new"}])
    mgmt.role.delete_batch(["B"])
    found = {role["name"]: role for role in mgmt.role.load_all()["roles"]}
    assert (set(found), found["A2"]["description"]) == ({"Tenant Admin", "Support", "A2"}, "new")
    mgmt.role.delete_batch_by_ids([found["A2"]["id"]])
    mgmt.role.delete("Support")
    assert [role["name"] for role in mgmt.role.load_all()["roles"]] == ["Tenant Admin"]


def test_the_life_of_a_permission(mgmt):
    mgmt.permission.create("Read", "May read")
    mgmt.role.create("Editor", permission_names=["Read", "User Admin"])
    before = {entry["name"]: entry for entry in mgmt.permission.load_all()["permissions"]}
    assert {name: entry["systemDefault"] for name, entry in before.items()} == dict.fromkeys(BUILTIN, True) | {
        "Read": False
    }
    mgmt.permission.update("Read", "See")
    after = {entry["name"]: entry for entry in mgmt.permission.load_all()["permissions"]}
    assert after["See"] == before["Read"] | {"name": "See", "description": ""}
    (role,) = mgmt.role.search(role_names=["Editor"])["roles"]
    assert role["permissionNames"] == ["See", "User Admin"]
    mgmt.permission.update_by_id(after["See"]["id"], "Look", "d")
    mgmt.permission.delete("Look")
    assert mgmt.role.search(role_names=["Editor"])["roles"][0]["permissionNames"] == ["User Admin"]
    mgmt.permission.create_batch([{"name": "A", "description": "a"}, {"name": "B"}, {"name": "C"}])
    mgmt.permission.update_batch([{"name": "A", "newName": "A2", "description": "a"}])
    mgmt.permission.delete_batch(["B"])
    found = {entry["name"]: entry for entry in mgmt.permission.load_all()["permissions"]}
    assert (set(found), found["A2"]["description"]) == ({*BUILTIN, "A2", "C"}, "a")
    mgmt.permission.delete_batch_by_ids([found["C"]["id"]])
    mgmt.permission.delete_by_id(found["A2"]["id"])
    with pytest.raises(AuthException):
        mgmt.permission.delete("A2")
    assert {entry["name"] for entry in mgmt.permission.load_all()["permissions"]} == {*BUILTIN}


# -- roles -----------------------------------------------------------------------------------------------------------


def test_roles_of_tenants_are_separate(api):
    api.create("Acme", id="acme")
    api.create("Other", id="other")
    project = ok(api.post(f"{ROLE}/create", name="Editor"))
    own = ok(api.post(f"{ROLE}/create", name="Editor", tenantId="acme", description="of acme"))
    assert (project["tenantId"], own["tenantId"]) == ("", "acme")
    assert error(api.post(f"{ROLE}/create", name="Editor", tenantId="acme")) == (400, "E119999")
    assert error(api.post(f"{ROLE}/create", name="Editor", tenantId="nope")) == (404, "E112202")
    assert error(api.post(f"{ROLE}/delete", name="Editor", tenantId="other")) == (404, "E119003")
    assert error(api.post(f"{ROLE}/delete", id=own["id"], tenantId="other")) == (404, "E119003")
    ok(api.post(f"{ROLE}/update", name="Editor", newName="Editor", tenantId="acme", description="new"))
    assert roles(api, roleIds=[project["id"]])["Editor"]["description"] == ""
    assert roles(api, roleIds=[own["id"]])["Editor"]["description"] == "new"
    assert list(roles(api, tenantIds=["acme"])) == ["Editor"]
    assert set(roles(api, tenantIds=["acme"], includeProjectRoles=True)) == {"Editor", "Tenant Admin", "Support"}
    # Only a tenant's own roles, and those of the project, can be its default roles.
    ok(api.post(f"{ROLE}/create", name="Local", tenantId="acme"))
    ok(api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Local", "Support"]))
    assert api.post("/v1/mgmt/tenant/updateDefaultRoles", id="other", defaultRoles=["Local"]).status_code == 400
    ok(api.post("/v1/mgmt/tenant/delete", id="acme"))
    assert all(role["tenantId"] == "" for role in api.get(f"{ROLE}/all").json()["roles"])


def test_default_roles_follow(api):
    api.create("Acme", id="acme")
    ok(api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Support", "Tenant Admin"]))
    ok(api.post(f"{ROLE}/update", name="Support", newName="Helpers"))
    assert api.load("acme")["defaultRoles"] == ["Helpers", "Tenant Admin"]
    ok(api.post(f"{ROLE}/create", name="Helpers", tenantId="acme"))
    ok(api.post(f"{ROLE}/delete", name="Helpers"))
    assert api.load("acme")["defaultRoles"] == ["Helpers", "Tenant Admin"], "it has one of its own"
    ok(api.post(f"{ROLE}/delete/batch", roleNames=["Helpers"], tenantId="acme"))
    assert api.load("acme")["defaultRoles"] == ["Tenant Admin"]


@pytest.mark.parametrize("body", [{}, {"roleNames": [], "roleIds": None, "tenantId": ""}])
def test_an_empty_filter_deletes_every_role(api, body):
    api.create("Acme", id="acme")
    ok(api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Support"]))
    ok(api.post(f"{ROLE}/create", name="Local", tenantId="acme"))
    ok(api.post(f"{ROLE}/delete/batch", **body))
    assert roles(api) == {}
    assert api.load("acme")["defaultRoles"] == []


def test_an_empty_filter_with_a_tenant_deletes_its_roles(api):
    api.create("Acme", id="acme")
    ok(api.post(f"{ROLE}/create", name="Local", tenantId="acme"))
    ok(api.post(f"{ROLE}/delete/batch", tenantId="acme"))
    assert set(roles(api)) == {"Tenant Admin", "Support"}


def test_search(api):
    for name in ("Read", "Write"):
        ok(api.post(f"{PERMISSION}/create", name=name))
    ok(api.post(f"{ROLE}/create", name="Reader", description="Looks at it", permissionNames=["Read"]))
    ok(api.post(f"{ROLE}/create", name="Writer", permissionNames=["Read", "Write", "Read"]))
    assert roles(api)["Writer"]["permissionNames"] == ["Read", "Write"]
    assert set(roles(api, permissionNames=["Read"])) == {"Reader", "Writer"}
    assert set(roles(api, permissionNames=["Read", "Write"])) == {"Writer"}
    assert set(roles(api, roleNameLike="EAD")) == {"Reader"}
    assert set(roles(api, text="looks")) == {"Reader"}
    assert set(roles(api, roleNames=["Writer", "nope"])) == {"Writer"}
    assert set(roles(api, roleNameLike="er", permissionNames=["Write"])) == {"Writer"}
    assert list(roles(api, sort=[{"field": "name", "desc": True}])) == ["Writer", "Tenant Admin", "Support", "Reader"]
    assert len(roles(api, sort=[{"field": "email"}])) == 4
    for bad in ({"sort": "name"}, {"sort": ["name"]}, {"roleNames": "x"}):
        assert api.post(f"{ROLE}/search", **bad).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("create", {}, (400, "E011003")),
        ("create", {"name": "Support"}, (400, "E119999")),
        ("create", {"name": "X", "permissionNames": ["nope"]}, (400, "E119010")),
        ("update", {"newName": "X"}, (400, "E011003")),
        ("update", {"name": "Support"}, (400, "E011003")),
        ("update", {"name": "Support", "newName": "Tenant Admin"}, (400, "E119999")),
        ("update", {"name": "Support", "id": "x", "newName": "X"}, (400, "E011004")),
        ("update", {"name": "nope", "newName": "X"}, (404, "E119003")),
        ("update", {"name": "Support", "newName": "X", "permissionNames": ["nope"]}, (400, "E119010")),
        ("delete", {}, (400, "E011003")),
        ("delete", {"name": "Support", "id": "x"}, (400, "E011004")),
        ("delete", {"id": "nope"}, (404, "E119003")),
        ("create/batch", {}, (400, "E011003")),
        ("create/batch", {"roles": ["x"]}, (400, "E011004")),
        ("create/batch", {"roles": [{"name": "X"}, {"name": "X"}]}, (400, "E119999")),
        ("update/batch", {"roles": [{"name": "Support", "newName": "X"}, {"name": "nope"}]}, (404, "E119003")),
        ("delete/batch", {"roleNames": ["Support", "nope"]}, (404, "E119003")),
    ],
)
def test_refused_roles_change_nothing(api, emulator, path, body, expected):
    api.create("Acme", id="acme")
    ok(api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Support"]))
    before = emulator.state()
    assert error(api.post(f"{ROLE}/{path}", **body)) == expected
    assert emulator.state() == before


def test_a_batch_with_a_wrong_type_changes_nothing(api, emulator):
    before = emulator.state()
    assert api.post(f"{ROLE}/create/batch", roles=[{"name": "X"}, {"name": 5}]).status_code == 400
    assert api.post(f"{PERMISSION}/create/batch", permissions=[{"name": "X"}, {"name": 5}]).status_code == 400
    assert emulator.state() == before


# -- permissions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("create", {}, (400, "E011003")),
        ("create", {"name": "Mine"}, (400, "E119999")),
        ("create", {"name": "User Admin"}, (400, "E119999")),
        ("update", {}, (400, "E011003")),
        ("update", {"name": "Mine", "newName": "User Admin"}, (400, "E119999")),
        ("update", {"name": "Mine", "id": "x"}, (400, "E011004")),
        ("update", {"name": "nope"}, (404, "E119010")),
        ("update", {"name": "User Admin", "newName": "X"}, (400, "E119011")),
        ("delete", {"name": "User Admin"}, (400, "E119011")),
        ("delete", {"id": "nope"}, (404, "E119010")),
        ("create/batch", {"permissions": [{"name": "X"}, {"name": "Mine"}]}, (400, "E119999")),
        ("update/batch", {"permissions": [{"name": "Mine", "newName": "X"}, {"name": "nope"}]}, (404, "E119010")),
        ("delete/batch", {}, (400, "E011003")),
        ("delete/batch", {"names": ["Mine", "User Admin"]}, (400, "E119011")),
        ("delete/batch", {"names": ["Mine"], "ids": ["nope"]}, (404, "E119010")),
    ],
)
def test_refused_permissions_change_nothing(api, emulator, path, body, expected):
    emulator.edit("add_permission", name="Mine")
    emulator.edit("add_role", name="Owner", permissionNames=["Mine"])
    before = emulator.state()
    assert error(api.post(f"{PERMISSION}/{path}", **body)) == expected
    assert emulator.state() == before


def test_a_deleted_permission_leaves_the_roles_of_tenants_too(api):
    api.create("Acme", id="acme")
    ok(api.post(f"{PERMISSION}/create", name="Mine"))
    ok(api.post(f"{ROLE}/create", name="Local", tenantId="acme", permissionNames=["Mine", "SSO Admin"]))
    ok(api.post(f"{PERMISSION}/update", name="Mine", description="kept name"))
    assert permissions(api)["Mine"]["description"] == "kept name"
    ok(api.post(f"{PERMISSION}/delete/batch", names=["Mine"]))
    assert roles(api)["Local"]["permissionNames"] == ["SSO Admin"]


# -- edits and state -------------------------------------------------------------------------------------------------


def test_edits(api, emulator):
    api.create("Acme", id="acme", authType="none")
    made = emulator.edit("add_permission", name="Mine", description="d")["id"]
    assert made.startswith("PERM2")
    emulator.edit("add_role", name="Owner", permissionNames=["Mine"], description="o", default=True)
    emulator.edit("add_role", name="Owner", tenantId="acme")
    emulator.edit("update_role", name="Owner", newName="Boss", private=True)
    emulator.edit("update_role", name="Owner", tenantId="acme", permissionNames=["User Admin"])
    stored = {
        (role["tenantId"], role["name"]): role for role in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["roles"]
    }
    boss = stored["", "Boss"]
    assert (boss["permissionNames"], boss["description"], boss["default"], boss["private"]) == (
        ["Mine"],
        "o",
        True,
        True,
    )
    assert stored["acme", "Owner"]["permissionNames"] == ["User Admin"]
    assert roles(api)["Boss"] == boss
    emulator.edit("remove_role", name="Owner", tenantId="acme")
    emulator.edit("remove_permission", name="Mine")
    emulator.edit("remove_permission", name="Mine")
    assert roles(api)["Boss"]["permissionNames"] == []
    names = [entry["name"] for entry in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["permissions"]]
    assert names == BUILTIN


@pytest.mark.parametrize(
    ("op", "values", "text"),
    [
        ("add_role", {"name": "Support"}, "already exists"),
        ("add_role", {"name": "X", "permissionNames": ["nope"]}, "nope does not exist"),
        ("add_role", {"name": "X", "tenantId": "nope"}, "no tenant 'nope'"),
        ("update_role", {"name": "nope"}, "no role 'nope'"),
        ("update_role", {"name": "Support", "newName": "Tenant Admin"}, "already exists"),
        ("add_permission", {"name": "User Admin"}, "already exists"),
        ("remove_permission", {"name": "User Admin"}, "system default"),
    ],
)
def test_bad_edits(emulator, op, values, text):
    before = emulator.state()
    with pytest.raises(ControlError, match=text):
        emulator.edit(op, **values)
    assert emulator.state() == before
