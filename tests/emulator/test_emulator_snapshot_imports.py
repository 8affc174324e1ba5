# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots come back, into their own project and into another one."""

from __future__ import annotations

import copy

import pytest
from descope import AuthException, DescopeClient
from emulator_api import SECOND_PROJECT, error, sample, small_flow

from emulator.descope.model import key_hash
from emulator.testing import KEY, PROJECT_ID

EXPORT = "/v1/mgmt/project/snapshot/export"
IMPORT = "/v1/mgmt/project/snapshot/import"
VALIDATE = "/v1/mgmt/project/snapshot/validate"
NONE = {"connectors": [], "oauthProviders": [], "outboundApps": [], "externalAuth": []}


@pytest.fixture
def other(connect):
    return connect(f"{SECOND_PROJECT}:{KEY}")


def files_of(api, **body):
    answer = api.post(EXPORT, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["files"]


def put(api, files, path=IMPORT, **more):
    answer = api.post(path, files=files, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def stored(emulator, project=PROJECT_ID):
    return emulator.state(project)["projects"][project]


def checked(api, files, **more):
    """The reply of a validation, which says the same as an import and changes nothing."""
    reply = put(api, files, VALIDATE, **more)
    assert set(reply) == {"ok", "failures", "missingSecrets"}
    assert reply["ok"] is not bool(reply["failures"])
    return reply


@pytest.fixture
def full(api, emulator):
    """A project with one of everything; the ids of its connector and role stand in a flow."""
    connector = emulator.edit("add_connector", name="Mail", type="smtp", secrets={"password": "S3cret!"})
    emulator.edit("add_permission", name="Read", description="May read")
    role = emulator.edit("add_role", name="Reader", permissionNames=["Read"], description="Reads")
    api.post("/v1/mgmt/list", name="L", type="texts", data=["a"])
    api.post("/v1/mgmt/password/settings", enabled=True, minLength=9)
    api.post("/v2/mgmt/theme/import", theme=sample("basicstyle"))
    flow = small_flow(references={"connectors": {"Mail": connector["id"]}})
    flow["contents"]["tasks"]["1.end"]["arguments"] = {"used": connector["id"], "role": f"x-{role['id']}-x"}
    api.import_flow(flow)
    emulator.edit("update_project", name="full", tags=["t"])
    return api


def test_a_snapshot_comes_back(full, emulator):
    before = stored(emulator)
    files = files_of(full)
    emulator.edit("delete_flow", id="step-up")
    emulator.edit("update_flow", id="mine", set={"metadata.name": "Changed"})
    emulator.edit("import_flow", flow=small_flow(flowId="extra"))
    emulator.edit("set_theme", styles={})
    emulator.edit("remove_role", name="Reader")
    emulator.edit("remove_permission", name="Read")
    emulator.edit("add_role", name="Extra")
    emulator.edit("add_permission", name="Extra")
    emulator.edit("add_connector", name="Extra")
    emulator.edit("set_password_settings", settings={"minLength": 1})
    emulator.edit("update_project", name="changed", tags=[])
    full.post("/v1/mgmt/list", name="Extra", type="ips")
    assert checked(full, files) == {"ok": True, "failures": [], "missingSecrets": NONE}
    emulator.reset("stats")
    assert put(full, files) == {}
    again = files_of(full)
    assert set(again["flows/flows.json"].pop("flows")) == set(files["flows/flows.json"].pop("flows"))
    assert again == files
    after = stored(emulator)
    assert set(after["flows"]) == set(before["flows"])
    for name in ("name", "tags", "lists", "attributes", "connectors", "password_settings"):
        assert after[name] == before[name], name
    assert {role["name"] for role in after["roles"]} == {role["name"] for role in before["roles"]}
    assert emulator.stats()["writes_applied"] == 1


def test_importing_twice_changes_nothing_that_counts(full):
    files = files_of(full)
    put(full, files)
    put(full, files, "/v1/mgmt/project/import")
    assert full.post("/v1/mgmt/project/export").json() == {"files": files_of(full)}
    assert files_of(full) == files


def test_into_another_project(full, other, emulator):
    files = files_of(full)
    text = "S3cret!"
    assert text not in str(files)
    assert text not in str(emulator.state())
    reply = checked(other, files)
    old = next(iter(stored(emulator)["connectors"].values()))
    missing = {"id": old["id"], "name": "Mail", "type": "password", "value": ""}
    assert reply == {
        "ok": False,
        "failures": ["connector Mail: the secret password is missing"],
        "missingSecrets": NONE | {"connectors": [missing]},
    }
    before = emulator.state()
    answer = other.post(IMPORT, files=files)
    assert error(answer) == (400, "E119012")
    assert "password is missing" in answer.json()["errorMessage"]
    assert error(other.post(IMPORT, files=files, inputSecrets={"connectors": [missing]})) == (400, "E119012")
    assert emulator.state() == before
    given = {"connectors": [missing | {"value": "new one"}]}
    assert checked(other, files, inputSecrets=given)["ok"] is True
    assert emulator.state() == before
    put(other, files, inputSecrets=given)
    target = stored(emulator, SECOND_PROJECT)
    connector = target["connectors"]["Mail"]
    assert (connector["type"], connector["secrets"]) == ("smtp", {"password": key_hash("new one")})
    role = next(role for role in target["roles"] if role["name"] == "Reader")
    assert role["permissionNames"] == ["Read"]
    flow = other.export_flow("mine")
    assert flow["references"] == {"connectors": {"Mail": connector["id"]}, "roles": {"Reader": role["id"]}}
    assert flow["contents"]["tasks"]["1.end"]["arguments"] == {"used": connector["id"], "role": f"x-{role['id']}-x"}
    assert connector["id"] != old["id"]
    # Now the secret is there, and stays.
    put(other, files)
    assert stored(emulator, SECOND_PROJECT)["connectors"] == target["connectors"]
    # Only the ids of connectors differ.
    theirs = files_of(other)
    assert set(theirs) - set(files) == {f"connectors/smtp-{connector['id']}.json"}
    assert theirs["roles.json"] == files["roles.json"]
    assert theirs["permissions.json"] == files["permissions.json"]


def test_a_secret_in_the_files_is_taken(full, emulator):
    files = files_of(full)
    (path,) = [path for path in files if path.startswith("connectors/smtp")]
    files[path]["secrets"]["password"] = ""
    put(full, files)
    assert stored(emulator)["connectors"]["Mail"]["secrets"] == {"password": key_hash("S3cret!")}
    files[path]["secrets"]["password"] = "other"
    put(full, files)
    assert stored(emulator)["connectors"]["Mail"]["secrets"] == {"password": key_hash("other")}
    by_name = {"connectors": [{"name": "Mail", "type": "password", "value": "third"}]}
    put(full, files, inputSecrets=by_name)
    assert stored(emulator)["connectors"]["Mail"]["secrets"] == {"password": key_hash("third")}


@pytest.mark.parametrize(
    ("exclude", "part"),
    [
        ("flows", "flows"),
        ("connectors", "connectors"),
        ("authorization", "roles"),
        ("authorization", "permissions"),
        ("styles", "theme"),
        ("lists", "lists"),
        ("attributes", "attributes"),
        ("password", "password_settings"),
        ("project", "name"),
    ],
)
def test_excludes(full, emulator, exclude, part):
    files = files_of(full)
    emulator.edit("delete_flow", id="mine")
    emulator.edit("remove_connector", name="Mail")
    emulator.edit("add_connector", name="Mail", type="smtp", secrets={"password": "x"})
    emulator.edit("remove_role", name="Reader")
    emulator.edit("add_permission", name="Extra")
    emulator.edit("set_theme", styles={"x": 1})
    emulator.edit("declare_attribute", name="extra")
    emulator.edit("set_password_settings", settings={"minLength": 2})
    emulator.edit("update_project", name="changed")
    emulator.edit("remove_connector", name="Mail")
    (made,) = [entry["id"] for entry in full.get("/v1/mgmt/list/all").json()["lists"]]
    full.post("/v1/mgmt/list/clear", id=made)
    changed = stored(emulator)
    secrets = {"connectors": [{"name": "Mail", "type": "password", "value": "x"}]}
    put(full, files, excludes=[exclude], inputSecrets=secrets)
    assert stored(emulator)[part] == changed[part]
    put(full, files, inputSecrets=secrets)
    assert stored(emulator)[part] != changed[part]


def test_only_what_is_there_and_listed_is_read(full, emulator):
    before = stored(emulator)
    files = files_of(full)
    some = {path: content for path, content in files.items() if path.startswith("flows/")}
    some["flows/flows.json"] = {"flows": ["mine"]}
    some["flows/step-up/contents.json"] = {"broken": True}
    some[".hidden"] = "x"
    put(full, some)
    after = stored(emulator)
    assert list(after["flows"]) == ["mine"]
    assert {name for name in before if after[name] != before[name]} == {"flows", "audit"}


def test_default_roles_of_tenants_follow(full, emulator):
    files = files_of(full)
    emulator.edit("add_role", name="Extra")
    full.create("Acme", id="acme")
    full.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Extra", "Reader"])
    full.post("/v1/mgmt/role/create", name="Local", tenantId="acme")
    assert checked(full, files)["ok"] is True
    assert full.load("acme")["defaultRoles"] == ["Extra", "Reader"]
    put(full, files)
    assert full.load("acme")["defaultRoles"] == ["Reader"]
    assert "Local" in {role["name"] for role in stored(emulator)["roles"]}, "roles of tenants are in no snapshot"
    assert "Local" not in str(files)


def damaged(files, path, content):
    value = copy.deepcopy(files)
    path = next((known for known in value if known.startswith(path)), path)
    if content is None:
        del value[path]
    else:
        value[path] = content
    return value


@pytest.mark.parametrize(
    ("path", "content", "text"),
    [
        ("flows/flows.json", {"flows": ["nope"]}, "flows/nope/metadata.json is not there"),
        ("flows/flows.json", {"flows": [5]}, "must be a list of texts"),
        ("flows/flows.json", "x", "flows/flows.json must be an object"),
        ("flows/mine/metadata.json", {"screens": ["1", "2"], "name": 5}, "flow mine"),
        ("flows/mine/metadata.json", {"name": "x"}, "screens must be a list of texts"),
        ("flows/mine/contents.json", None, "flows/mine/contents.json is not there"),
        ("flows/mine/contents.json", {"startTask": "9", "tasks": {}}, "flow mine"),
        ("flows/mine/screen-1.json", None, "screen-1.json is not there"),
        ("connectors/smtp", None, "is not there"),
        ("connectors/smtp", {"name": "Mail", "type": "http", "id": "CI2x"}, "there is one of the type smtp"),
        ("connectors/smtp", {"name": "Mail"}, "type or id is missing"),
        ("connectors/smtp", {"name": "Mail", "type": "smtp", "id": "CI2x", "secrets": {"p": 5}}, "connectors.json"),
        ("roles.json", {"roles": [{"name": "X", "permissionNames": ["nope"]}]}, "no permission nope"),
        ("roles.json", {"roles": [{"name": "X"}, {"name": "X"}]}, "roles.json"),
        ("permissions.json", {"permissions": [5]}, "permissions.json"),
        ("permissions.json", {"permissions": [{"name": "X", "description": 5}]}, "permissions.json"),
        ("lists.json", {"lists": [{"name": "L", "type": "ips"}]}, "lists.json"),
        ("attributes.json", {"tenant": [{"name": "x", "type": "nope"}]}, "attributes.json"),
        ("styles/styles.json", {"styles": 5}, "styles must be an object"),
        ("auth/password.json", {"minLength": "x"}, "auth/password.json"),
        ("project.json", {"environment": "staging"}, "project.json"),
    ],
)
def test_a_damaged_snapshot_changes_nothing(full, emulator, path, content, text):
    files = damaged(files_of(full), path, content)
    before = emulator.state()
    reply = checked(full, files)
    assert text in "; ".join(reply["failures"])
    assert error(full.post(IMPORT, files=files)) == (400, "E119012")
    assert emulator.state() == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": {}},
        {"files": "x"},
        {"files": {"roles.json": {"roles": []}}, "excludes": ["nope"]},
        {"files": {"roles.json": {"roles": []}}, "inputSecrets": {"connectors": 5}},
    ],
)
def test_bad_requests(api, emulator, body):
    before = emulator.state()
    for path in (IMPORT, VALIDATE):
        assert api.post(path, **body).status_code == 400
    assert emulator.state() == before


def test_files_without_anything(api):
    assert checked(api, {"x.json": {}})["failures"] == ["the files hold nothing that can be imported"]


def test_system_defaults_in_a_file_stay(api, emulator):
    before = stored(emulator)["permissions"]
    entries = [{"name": "User Admin", "description": "changed", "systemDefault": True}]
    put(api, {"permissions.json": {"permissions": entries}})
    assert stored(emulator)["permissions"] == before


def test_the_sdk(full, emulator):
    project = DescopeClient(SECOND_PROJECT, management_key=KEY, base_url=emulator.base_url).mgmt.project
    files = files_of(full)
    assert project.validate_snapshot(files)["ok"] is False
    with pytest.raises(AuthException):
        project.import_snapshot(files)
    secrets = {"connectors": [{"name": "Mail", "type": "password", "value": "x"}]}
    assert project.validate_snapshot(files, secrets) == {"ok": True, "failures": [], "missingSecrets": NONE}
    project.import_snapshot(files, secrets, ["lists"])
    exported = project.export_snapshot()["files"]
    assert (exported["roles.json"], exported["lists.json"]) == (files["roles.json"], {"lists": []})
    project.import_project(project.export_project())


def test_kinds(full, emulator):
    emulator.reset("log")
    files = files_of(full)
    put(full, files, VALIDATE)
    put(full, files)
    assert [entry["kind"] for entry in emulator.requests()] == ["read", "read", "write"]
