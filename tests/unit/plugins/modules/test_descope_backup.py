# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_backup) against the emulator: what is saved, what is not, and what becomes of the files."""

from __future__ import annotations

import copy
import datetime
import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_collect as collect
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._backup_run import argument_spec
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run
from .faults import FAULTS, PASSING
from .test_promises import cases

ACME = {
    "id": "acme",
    "name": "Acme",
    "selfProvisioningDomains": ["b.example", "A.example"],
    "customAttributes": {"plan": "gold", "seats": 5, "trial": True, "regions": ["us", "eu"]},
    "defaultRoles": ["Writer", "Reader"],
    "domains": ["sso.acme.example"],
    "enforceSSO": True,
    "enforceSSOExclusions": ["b@acme.example", "a@acme.example"],
    "roleInheritance": "userOnly",
    "settings": {"enabled": True, "sessionTokenExpiration": 10, "sessionTokenExpirationUnit": "hours"},
    "passwordSettings": {"enabled": True, "minLength": 12},
}
TENANTS = [ACME, {"id": "acme-emea", "name": "EMEA", "parent": "acme"}, {"id": "globex", "name": "Globex"}]
SECRET = "hunter2-never-in-a-backup"

#: Sections without the snapshot.
PLAIN = ["flows", "permissions", "roles", "tenants", "theme"]
#: Handshake and lists.
LISTS = 1 + 4


@pytest.fixture
def project(emulator: ThreadedEmulator) -> ThreadedEmulator:
    """A project with something of every kind."""
    emulator.edit("create_tenants", tenants=TENANTS)
    connector = emulator.edit("add_connector", name="My HTTP Connector", secrets={"bearertoken": SECRET})["id"]
    text = json.dumps(sample("connectorflow.json"))
    old = sample("connectorflow.json")["references"]["connectors"]["My HTTP Connector"]
    emulator.edit("import_flow", flow={**json.loads(text.replace(old, connector)), "flowId": "ours"})
    emulator.edit("set_theme", styles=sample("basicstyle.json")["styles"])
    emulator.edit("add_permission", name="Read", description="May read")
    emulator.edit("add_role", name="Editor", permissionNames=["User Admin", "Read"], description="Edits", private=True)
    emulator.edit("add_role", name="Editor", tenantId="acme", permissionNames=["Read"])
    emulator.reset("log")
    return emulator


def saved(result: dict[str, Any]) -> dict[str, Any]:
    assert not result["failed"], result["msg"]
    return files.read(Path(result["backup_file"]))


def folder(state_home: Path) -> Path:
    return state_home / "pcc-identity" / "backups" / PROJECT_ID


def names(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir()) if where.exists() else []


def live_flows(emulator: ThreadedEmulator) -> dict[str, Any]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]


# -- what is saved ---------------------------------------------------------------------------------------------------


def test_everything(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    result = run("descope_backup", reason="a test", project_name="Ours", environment="dev", playbook="/x/site.yml")
    content = saved(result)
    assert result["changed"]
    assert Path(result["backup_file"]).parent == folder(state_home)
    assert os.stat(result["backup_file"]).st_mode & 0o7777 == 0o600
    assert folder(state_home).stat().st_mode & 0o7777 == 0o700
    assert "-project-" in result["backup_file"]
    assert result["size"] == os.stat(result["backup_file"]).st_size
    assert result["deleted"] == result["skipped_sections"] == []
    assert "unchanged_since" not in result
    assert content["schema_version"] == 1
    assert content["reason"] == "a test"
    assert content["project"] == {"id": PROJECT_ID, "name": "Ours", "environment": "dev"}
    assert content["origin"] == {**backup.origin("/x/site.yml"), "git_commit": None, "git_dirty": None}
    assert content["complete"] == sorted(content["sections"]) == sorted([*PLAIN, "snapshot"])
    flows = len(live_flows(project))
    assert content["counts"] == result["counts"]
    assert result["counts"] == {
        "tenants": 3,
        "flows": flows,
        "theme": 1,
        "roles": 5,
        "permissions": 1,
        "snapshot": 1,
    }
    name = Path(result["backup_file"]).name
    what = f"3 tenants, {flows} flows, the theme, 5 roles, 1 permission, the project snapshot"
    assert result["msg"] == f"saved {what} to {name}"
    assert project.writes() == []


def test_the_sections(project: ThreadedEmulator, run: Run) -> None:
    sections = saved(run("descope_backup"))["sections"]
    tenants = sections["tenants"]
    assert sorted(tenants) == ["acme", "acme-emea", "globex"]
    acme = copy.deepcopy(tenants["acme"])
    settings, password = acme.pop("settings"), acme.pop("password_settings")
    assert acme == {
        "id": "acme",
        "name": "Acme",
        "parent": "",
        "self_provisioning_domains": ["A.example", "b.example"],
        "domains": ["sso.acme.example"],
        "custom_attributes": {"plan": "gold", "seats": 5, "trial": True, "regions": ["us", "eu"]},
        "disabled": False,
        "enforce_sso": True,
        "enforce_sso_exclusions": ["a@acme.example", "b@acme.example"],
        "federated_app_ids": [],
        "role_inheritance": "userOnly",
        "default_roles": ["Reader", "Writer"],
    }
    assert (settings["enabled"], settings["session_token_expiration"]) == (True, 10)
    assert (settings["session_token_expiration_unit"], settings["inactivity_time"]) == ("hours", 0)
    assert settings["sso_setup_suite"]["disabled_features"]["scim"] is False
    assert (password["enabled"], password["min_length"], password["reuse"]) == (True, 12, False)
    assert tenants["acme-emea"]["parent"] == "acme"
    assert sections["roles"] == {
        "Editor": {
            "name": "Editor",
            "description": "Edits",
            "permission_names": ["Read", "User Admin"],
            "default": False,
            "private": True,
        },
        "acme/Editor": {
            "name": "Editor",
            "description": "",
            "permission_names": ["Read"],
            "default": False,
            "private": False,
            "tenant_id": "acme",
        },
        **{
            name: {"name": name, "description": "", "permission_names": [], "default": False, "private": False}
            for name in ("Reader", "Writer")
        },
        "Tenant Admin": {
            "name": "Tenant Admin",
            "description": "",
            "permission_names": ["Impersonate", "SSO Admin", "User Admin"],
            "default": False,
            "private": False,
        },
    }
    assert sections["permissions"] == {"Read": {"name": "Read", "description": "May read"}}
    assert sections["theme"]["styles"] == sample("basicstyle.json")["styles"]
    assert sorted(sections["flows"]) == sorted(live_flows(project))
    assert sections["flows"]["ours"]["contents"] == live_flows(project)["ours"]["flow"]["contents"]
    assert {"flowId", "metadata", "contents", "screens", "references"} == set(sections["flows"]["ours"])


def test_what_is_saved_can_be_put_back(project: ThreadedEmulator, run: Run) -> None:
    """Tenants are in the words of the options of descope_tenants, flows and the theme in those of src."""
    result = run("descope_backup")
    tenants = list(saved(result)["sections"]["tenants"].values())
    for tenant in tenants:
        # Texts and units that are not set cannot be given.
        tenant["settings"] = {name: value for name, value in tenant["settings"].items() if value != ""}
    again = run("descope_tenants", tenants=tenants)
    assert not again["failed"], again["msg"]
    assert not again["changed"], again["diff"]
    project.edit("update_tenant", id="acme", tenant={"name": "Other", "domains": [], "defaultRoles": []})
    project.edit("set_password_settings", id="acme", settings={"minLength": 3})
    back = run("descope_tenants", tenants=tenants)
    assert not back["failed"], back["msg"]
    assert "acme" in [row["id"] for row in back["tenants"] if row["status"] == "updated"]
    assert saved(run("descope_backup"))["sections"] == saved(result)["sections"]
    assert not run("descope_flows", flows=[{"src": result["backup_file"]}])["changed"]
    assert not run("descope_theme", src=result["backup_file"])["changed"]


@pytest.mark.parametrize("switches", cases())
def test_whatever_the_service_does(switches: dict[str, Any], project: ThreadedEmulator, run: Run) -> None:
    """Check, real, check again, real again: nothing is written to the service, the numbers hold, nothing differs."""
    usual = saved(run("descope_backup", sections=PLAIN))["sections"]
    project.switches(**switches)
    options: dict[str, Any] = {"when_unchanged": "skip", "sections": PLAIN}
    preview = run("descope_backup", check=True, **options)
    real = run("descope_backup", **options)
    content = saved(real)["sections"]
    again = run("descope_backup", **options)
    assert preview["changed"]
    assert preview["counts"] == real["counts"] == again["counts"]
    fallback = 2 if switches.get("flow_v2", "present") != "present" else 0
    assert preview["planned_requests"] == real["planned_requests"] == again["planned_requests"]
    assert real["requests"]["reads"] == real["planned_requests"] + fallback
    assert preview["requests"]["reads"] == LISTS
    assert not again["changed"]
    assert again["unchanged_since"] == again["backup_file"] == real["backup_file"]
    assert project.writes() == []
    assert sorted(content["tenants"]) == sorted(usual["tenants"])
    assert content["roles"] == usual["roles"]
    assert content["permissions"] == usual["permissions"]
    assert content["theme"]["styles"] == usual["theme"]["styles"]
    for tenant_id, tenant in content["tenants"].items():
        shown = json.dumps(tenant).lower() if "domain_case" in switches else json.dumps(tenant)
        expected = json.dumps(usual["tenants"][tenant_id])
        if "number_style" in switches:
            shown = shown.replace("5.0", "5")
        assert shown == (expected.lower() if "domain_case" in switches else expected) or (
            "list_order" in switches and sorted(shown) == sorted(expected)
        )


def test_some_sections(project: ThreadedEmulator, run: Run) -> None:
    result = run("descope_backup", sections=["roles", "theme"])
    content = saved(result)
    assert sorted(content["sections"]) == content["complete"] == ["roles", "theme"]
    assert "-theme-roles-" in result["backup_file"]
    paths = Counter(entry["path"] for entry in project.requests())
    assert paths == {"/v1/mgmt/license": 1, "/v1/mgmt/role/all": 1, "/v2/mgmt/theme/export": 1}


def test_some_tenants_and_flows(project: ThreadedEmulator, run: Run) -> None:
    """Those that are not there are noted, and the sections are not taken for all there is."""
    options = {
        "sections": ["tenants", "flows", "theme"],
        "tenants": ["globex", "new", "globex"],
        "flows": ["ours", "no-such-flow"],
    }
    preview = run("descope_backup", check=True, **options)
    project.reset("log")
    result = run("descope_backup", **options)
    content = saved(result)
    assert sorted(content["sections"]["tenants"]) == ["globex", "new"]
    assert content["sections"]["tenants"]["new"] is None
    assert content["sections"]["tenants"]["globex"]["name"] == "Globex"
    assert content["sections"]["flows"]["no-such-flow"] is None
    assert content["sections"]["flows"]["ours"]["flowId"] == "ours"
    assert content["complete"] == ["theme"]
    assert preview["counts"] == result["counts"] == {"tenants": 2, "flows": 2, "theme": 1}
    assert preview["planned_requests"] == result["planned_requests"] == len(project.requests())


def test_no_tenants_and_flows(project: ThreadedEmulator, run: Run) -> None:
    result = run("descope_backup", sections=["tenants", "flows"], tenants=[], flows=[])
    content = saved(result)
    assert content["sections"] == {"tenants": {}, "flows": {}}
    assert "complete" not in content
    assert result["planned_requests"] == result["requests"]["reads"] + 1  # nothing was sent, not even the handshake
    assert project.requests() == []


def test_a_tenant_that_lists_do_not_show_yet(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.switches(visibility_delay=3600)
    run("descope_tenant", id="late", name="Late")
    result = run("descope_backup", sections=["tenants"], tenants=["late"])
    assert saved(result)["sections"]["tenants"]["late"]["name"] == "Late"
    assert result["planned_requests"] == result["requests"]["reads"] == 1 + 1 + 1 + 2


def test_an_empty_project_is_saved_as_it_is(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.control.reads("empty")
    content = saved(run("descope_backup"))
    assert content["counts"] == {
        "tenants": 0,
        "flows": 0,
        "theme": 1,
        "roles": 0,
        "permissions": 0,
        "snapshot": 1,
    }


def test_roles_with_confusing_names(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    emulator.edit("add_role", name="acme/Reader", description="of the project")
    emulator.edit("add_role", name="Reader", tenantId="acme", description="of the tenant")
    roles = saved(run("descope_backup", sections=["roles"]))["sections"]["roles"]
    both = [role for name, role in roles.items() if name.endswith("acme/Reader")]
    assert sorted(role["description"] for role in both) == ["of the project", "of the tenant"]
    assert len(roles) == 5


def test_a_large_backup_is_compressed(emulator: ThreadedEmulator, run: Run) -> None:
    entries = [{"id": f"t{number}", "name": f"Tenant {number}"} for number in range(650)]
    emulator.edit("create_tenants", tenants=entries)
    result = run("descope_backup", sections=["tenants"])
    path = Path(result["backup_file"])
    assert path.name.endswith(".json.gz")
    assert len(gzip.decompress(path.read_bytes())) > backup.COMPRESS_ABOVE
    assert result["size"] == path.stat().st_size < 100_000
    assert len(saved(result)["sections"]["tenants"]) == 650
    assert result["requests"]["reads"] == result["planned_requests"] == 1 + 1 + 1300
    again = run("descope_backup", sections=["tenants"], when_unchanged="skip")
    assert again["unchanged_since"] == str(path)


# -- snapshots and secrets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["placeholder", "blank"])
def test_a_snapshot_without_secrets(form: str, project: ThreadedEmulator, run: Run) -> None:
    project.switches(snapshot_secrets=form)
    result = run("descope_backup")
    snapshot = saved(result)["sections"]["snapshot"]
    (name,) = [name for name in snapshot["files"] if name.startswith("connectors/http-")]
    assert snapshot["files"][name]["secrets"] == {"bearertoken": ""}
    assert snapshot["blanked"] == {name: [["secrets", "bearertoken"]]}
    assert "flows/ours/contents.json" in snapshot["files"]
    assert "PLACEHOLDER_VALUE" not in Path(result["backup_file"]).read_text()


def test_both_forms_of_secrets_are_the_same(project: ThreadedEmulator, run: Run) -> None:
    first = run("descope_backup", sections=["snapshot"])
    project.switches(snapshot_secrets="blank")
    assert not run("descope_backup", sections=["snapshot"], when_unchanged="skip")["changed"]
    assert "-snapshot-" in first["backup_file"]


def test_a_plan_without_snapshots(project: ThreadedEmulator, run: Run) -> None:
    project.switches(snapshots="refused")
    preview = run("descope_backup", check=True)
    result = run("descope_backup", when_unchanged="skip")
    assert not result["failed"]
    assert [each["section"] for each in result["skipped_sections"]] == ["snapshot"]
    assert "E111703" in result["skipped_sections"][0]["reason"]
    content = saved(result)
    assert sorted(content["sections"]) == content["complete"] == PLAIN
    assert preview["planned_requests"] == result["planned_requests"] == result["requests"]["reads"]
    assert not run("descope_backup", when_unchanged="skip")["changed"]


def test_a_snapshot_that_is_asked_for(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    project.switches(snapshots="refused")
    result = run("descope_backup", sections=["tenants", "snapshot"])
    assert result["failed"]
    assert "E111703" in result["msg"]
    assert "leave snapshot out of sections" in result["hint"]
    assert names(folder(state_home)) == []


def test_the_key_is_nowhere(project: ThreadedEmulator, run: Run) -> None:
    """Not even where somebody has put it into the project."""
    flow = copy.deepcopy(live_flows(project)["ours"]["flow"])
    flow["metadata"]["description"] = f"uses P2x:{KEY}, alas"
    project.edit("import_flow", flow=flow)
    project.edit("update_tenant", id="acme", tenant={"customAttributes": {"plan": f"<{KEY}>"}})
    project.edit("add_permission", name=f"use {KEY}")
    project.edit("set_theme", styles={"light": {"x": KEY}, "dark": {}})
    result = run("descope_backup", reason=f"because of {KEY}", environment=KEY, playbook=f"/x/{KEY}.yml")
    content = saved(result)
    text = json.dumps(content)
    assert KEY not in text
    assert SECRET not in text
    assert content["sections"]["flows"]["ours"]["metadata"]["description"] == "uses P2x:***, alas"
    assert content["sections"]["tenants"]["acme"]["custom_attributes"]["plan"] == "<***>"
    assert content["masked"] == ["flows/ours", "permissions/use ***", "snapshot", "tenants/acme", "theme"]
    assert "flows/ours" in json.dumps(result["warnings"])
    assert KEY not in json.dumps({name: value for name, value in result.items() if name != "invocation"})


def test_no_key_no_mark(project: ThreadedEmulator, run: Run) -> None:
    result = run("descope_backup")
    assert "masked" not in saved(result)
    assert KEY not in Path(result["backup_file"]).read_text()


# -- requests --------------------------------------------------------------------------------------------------------


def test_requests_are_told_before(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    preview = run("descope_backup", check=True)
    sent = Counter(entry["path"] for entry in project.requests())
    assert sent == {
        "/v1/mgmt/license": 1,
        "/v1/mgmt/tenant/all": 1,
        "/v1/mgmt/flow/list": 1,
        "/v1/mgmt/role/all": 1,
        "/v1/mgmt/permission/all": 1,
    }
    assert not (state_home / "pcc-identity").exists()
    flows = len(live_flows(project))
    assert preview["planned_requests"] == LISTS + 2 * 3 + flows + 1 + 1
    assert f"{preview['planned_requests']} requests, at least 0 s by the rate limit" in preview["msg"]
    project.reset("log")
    result = run("descope_backup")
    assert len(project.requests()) == result["planned_requests"] == preview["planned_requests"]
    assert result["counts"] == preview["counts"]


def test_slim_lists_take_more(project: ThreadedEmulator, run: Run) -> None:
    project.switches(list_fields="slim")
    preview = run("descope_backup", check=True, sections=["tenants"])
    result = run("descope_backup", sections=["tenants"])
    assert preview["planned_requests"] == result["planned_requests"] == result["requests"]["reads"] == 2 + 3 * 3


def test_the_estimate(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": f"t{number}", "name": f"T{number}"} for number in range(200)])
    usual = {"rate_limit": None, "check": True}
    # 401 requests for tenants at 160 a minute: the last of them starts in the third minute.
    assert run("descope_backup", sections=["tenants"], **usual)["estimated_seconds"] == 120
    assert run("descope_backup", sections=["tenants"], rate_limit_percent=50, **usual)["estimated_seconds"] == 240
    limit = {"rate_limit": 401, "rate_limit_percent": 100, "check": True}
    assert run("descope_backup", sections=["tenants"], **limit)["estimated_seconds"] == 0
    assert run("descope_backup", sections=["tenants"], **{**limit, "rate_limit": 400})["estimated_seconds"] == 60


def test_the_estimate_holds(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": f"t{number}", "name": f"T{number}"} for number in range(30)])
    limit = {"rate_limit": 25, "rate_limit_percent": 100, "rate_limit_period": 1.0}
    start = datetime.datetime.now(datetime.UTC)
    result = run("descope_backup", sections=["tenants"], **limit)
    seconds = (datetime.datetime.now(datetime.UTC) - start).total_seconds()
    assert result["estimated_seconds"] == 2
    assert 2 <= seconds < 4


# -- reads that fail -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_half_a_project_is_not_saved(fault: str, project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    """Every request in turn meets a fault, which passes by itself or fails the run; a file is whole or not there."""
    count = run("descope_backup", timeout=0.2)["planned_requests"]
    whole = json.loads(Path(files.listing(folder(state_home))[0].path).read_text())["checksums"]
    for place in range(1, count, 3):  # not the handshake, which can do without
        before = names(folder(state_home))
        project.faults([{"match": {"path": "/v*"}, "nth": place + 1, "do": FAULTS[fault]}])
        result = run("descope_backup", timeout=0.2, concurrency=1)
        new = sorted(set(names(folder(state_home))) - set(before))
        if result["failed"]:
            assert new == []
            assert fault not in PASSING
            assert result["error_code"]
        else:
            assert saved(result)["checksums"] == whole
            assert new == [Path(result["backup_file"]).name]
    assert project.writes() == []


@pytest.mark.parametrize("path", ["/v1/mgmt/tenant/all", "/v1/mgmt/flow/list", "/v1/mgmt/permission/all"])
def test_a_list_that_is_forbidden(path: str, project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    project.control.reads("forbidden", [path])
    result = run("descope_backup")
    assert result["failed"]
    assert path in result["msg"]
    assert names(folder(state_home)) == []


def test_a_tenant_that_may_not_be_looked_for(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    """It is not taken for one that is not there."""
    project.faults([{"match": {"path": "/v1/mgmt/tenant"}, "do": FAULTS["status-403"]}])
    result = run("descope_backup", sections=["tenants"], tenants=["acme", "new"])
    assert result["failed"]
    assert result["error_code"] == "forbidden"
    assert names(folder(state_home)) == []


def test_a_tenant_that_goes_in_the_meantime(project: ThreadedEmulator, run: Run, monkeypatch: Any) -> None:
    look = collect.Collector.look

    def then_delete(self: Any) -> Any:
        found = look(self)
        project.edit("delete_tenant", id="globex")
        project.edit("delete_flow", id="ours")
        return found

    monkeypatch.setattr(collect.Collector, "look", then_delete)
    result = run("descope_backup", sections=["tenants", "flows"])
    sections = saved(result)["sections"]
    assert sorted(sections["tenants"]) == ["acme", "acme-emea"]
    assert "ours" not in sections["flows"]
    assert result["counts"]["tenants"] == 2
    assert result["planned_requests"] < result["requests"]["reads"] <= result["planned_requests"] + 5


def test_those_that_go_are_noted_if_they_were_asked_for(
    project: ThreadedEmulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = collect.Collector.look

    def then_delete(self: Any) -> Any:
        found = look(self)
        project.edit("delete_tenant", id="globex")
        return found

    monkeypatch.setattr(collect.Collector, "look", then_delete)
    tenants = saved(run("descope_backup", sections=["tenants"], tenants=["globex", "acme"]))["sections"]["tenants"]
    assert tenants["globex"] is None
    assert tenants["acme"]["name"] == "Acme"


def test_a_tenant_that_is_listed_and_not_found(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    rule = {"match": {"path": "/v1/mgmt/tenant/settings"}, "do": FAULTS["status-404"]}
    project.faults([rule])
    result = run("descope_backup", sections=["tenants"])
    assert result["failed"]
    assert result["error_code"] == "not_found"
    assert names(folder(state_home)) == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/mgmt/role/all", {"roles": [{"id": "R1"}]}, "lists a role without a name"),
        ("/v1/mgmt/role/all", {"rolls": []}, "does not hold roles"),
        ("/v1/mgmt/permission/all", {"permissions": [{"name": 5}]}, "lists a permission without a name"),
        ("/v1/mgmt/project/snapshot/export", {"files": []}, "holds no files"),
        ("/v1/mgmt/project/snapshot/export", [], "holds no files"),
    ],
)
def test_strange_replies(path: str, body: Any, message: str, project: ThreadedEmulator, run: Run) -> None:
    project.faults([{"match": {"path": path}, "do": {"kind": "status", "status": 200, "body": body}}])
    result = run("descope_backup")
    assert result["failed"]
    assert result["error_code"] == "bad_response"
    assert message in result["msg"]


# -- when unchanged --------------------------------------------------------------------------------------------------


def test_when_unchanged(project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    skip = {"when_unchanged": "skip"}
    first = run("descope_backup", **skip)
    again = run("descope_backup", **skip)
    assert (first["changed"], again["changed"]) == (True, False)
    assert again["backup_file"] == again["unchanged_since"] == first["backup_file"]
    assert (again["size"], again["counts"]) == (first["size"], first["counts"])
    assert f"are as in {Path(first['backup_file']).name}" in again["msg"]
    # What others saved in between says nothing about all.
    run("descope_backup", sections=["tenants"], tenants=["acme"])
    run("descope_flow", id="sign-in", name="Come in")
    run("descope_flow", id="sign-in", name="Sign In")
    assert not run("descope_backup", **skip)["changed"]
    project.edit("update_tenant", id="acme", tenant={"settings": {"sessionTokenExpiration": 11}})
    changed = run("descope_backup", **skip)
    assert changed["changed"]
    assert changed["backup_file"] != first["backup_file"]
    project.edit("update_tenant", id="acme", tenant={"settings": {"sessionTokenExpiration": 10}})
    assert run("descope_backup", **skip)["changed"]  # as the last but one is not as the last
    assert len(names(folder(state_home))) == 6
    assert run("descope_backup", when_unchanged="save")["changed"]


def test_a_damaged_one_is_no_reason_to_skip(project: ThreadedEmulator, run: Run) -> None:
    skip = {"when_unchanged": "skip"}
    path = Path(run("descope_backup", **skip)["backup_file"])
    path.write_text(path.read_text().replace("Globex", "Glowex"))
    assert run("descope_backup", **skip)["changed"]


def test_one_of_another_project_is_no_reason_to_skip(project: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    options = {"when_unchanged": "skip", "backup_dir": str(tmp_path / "all")}
    path = Path(run("descope_backup", **options)["backup_file"])
    path.write_text(path.read_text().replace(f'"id": "{PROJECT_ID}"', '"id": "P2another"'))
    assert files.read(path)["project"]["id"] == "P2another"
    assert run("descope_backup", **options)["changed"]


# -- old ones --------------------------------------------------------------------------------------------------------


def aged(where: Path, days: float, *, project: str = PROJECT_ID, reason: str = "old") -> Path:
    made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    content = backup.document({"flows": {}}, reason=reason, project={"id": project}, origin={}, now=made)
    return backup.write(where, content, "flows")


def test_retention(project: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    where = tmp_path / "backups"
    old = [aged(where, days) for days in (31, 40, 50)]
    young = aged(where, 29, reason="before flows are deployed: x")
    other = aged(where, 90, project="P2another")
    damaged = aged(where, 91)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    note = where / "note.json"
    note.write_text("{}")
    options = {"backup_dir": str(where), "retention_days": 30, "keep_at_least": 2}
    preview = run("descope_backup", check=True, **options)
    assert preview["deleted"] == [str(old[2]), str(old[1])]
    assert "would delete 2 old backups" in preview["msg"]
    assert old[1].exists()
    result = run("descope_backup", **options)
    assert result["deleted"] == preview["deleted"]
    assert result["msg"].endswith("; deleted 2 old backups")
    left = {young.name, other.name, damaged.name, note.name, old[0].name, Path(result["backup_file"]).name}
    assert set(names(where)) == left
    assert run("descope_backup", **{**options, "keep_at_least": 1})["deleted"] == [str(old[0])]


def test_nothing_is_deleted_unless_asked(project: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    old = [aged(tmp_path, 1000) for _number in range(12)]
    result = run("descope_backup", backup_dir=str(tmp_path))
    assert result["deleted"] == []
    assert all(path.exists() for path in old)
    assert len(run("descope_backup", backup_dir=str(tmp_path), retention_days=30)["deleted"]) == 12 - 10


def test_the_one_that_still_holds_is_not_deleted(project: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    """However old it is: nothing has changed since."""
    options = {"backup_dir": str(tmp_path), "when_unchanged": "skip", "retention_days": 30, "keep_at_least": 1}
    path = Path(run("descope_backup", **options)["backup_file"])
    content = json.loads(path.read_text())
    content["created_at"] = "2020-01-01T00:00:00Z"
    path.write_text(json.dumps(content))
    newer = aged(tmp_path, 1)
    older = aged(tmp_path, 3000)
    result = run("descope_backup", **options)
    assert result["unchanged_since"] == str(path)
    assert result["deleted"] == [str(older)]
    assert result["changed"]
    assert {path.name, newer.name} == set(names(tmp_path))


def test_an_old_one_that_cannot_be_deleted(
    project: ThreadedEmulator, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = aged(tmp_path, 100)
    aged(tmp_path, 1)
    unlink = Path.unlink

    def fail(self: Path, **options: Any) -> None:
        if self == old:
            raise PermissionError(1, "Operation not permitted")
        unlink(self, **options)

    monkeypatch.setattr(Path, "unlink", fail)
    result = run("descope_backup", backup_dir=str(tmp_path), retention_days=30, keep_at_least=1)
    assert not result["failed"]
    assert result["changed"]
    assert result["deleted"] == []
    assert f"{old} could not be deleted" in json.dumps(result["warnings"])


def test_leftovers_go(project: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    dead = tmp_path / ".20260101T000000Z-project-aa.json.x"
    dead = dead.with_name(f"{backup.temporary_prefix('20260101T000000Z-project-aa.json')}x")
    dead = dead.with_name(dead.name.replace(f"-{os.getpid()}.", "-999999999."))
    alive = tmp_path / f"{backup.temporary_prefix('20260101T000000Z-project-bb.json')}x"
    own = tmp_path / ".hidden.json"
    for path in (dead, alive, own):
        path.write_text("{")
    run("descope_backup", check=True, backup_dir=str(tmp_path))
    assert dead.exists()
    result = run("descope_backup", backup_dir=str(tmp_path))
    assert set(names(tmp_path)) == {alive.name, own.name, Path(result["backup_file"]).name}


# -- absent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["name", "path"])
def test_absent(form: str, project: ThreadedEmulator, run: Run) -> None:
    path = Path(run("descope_backup")["backup_file"])
    project.reset("log")
    options = {"state": "absent", "file": path.name if form == "name" else str(path)}
    preview = run("descope_backup", check=True, **options)
    assert preview["changed"]
    assert preview["deleted"] == [str(path)]
    assert preview["msg"] == f"would delete {path.name}"
    assert path.exists()
    result = run("descope_backup", **options)
    assert result["changed"]
    assert result["deleted"] == [str(path)]
    assert not path.exists()
    for check in (True, False):
        again = run("descope_backup", check=check, **options)
        assert not again["changed"]
        assert again["deleted"] == []
    assert project.requests() == []


def test_only_backups_of_the_project_are_deleted(run: Run, tmp_path: Path) -> None:
    where = tmp_path / "backups"
    other = aged(where, 1, project="P2another")
    damaged = aged(where, 1)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    note, outside = where / "note.json", aged(tmp_path / "elsewhere", 1)
    note.write_text('{"kind": "note"}')
    link = where / "link.json"
    link.symlink_to(outside)
    sub = where / "sub"
    inner = aged(sub, 1)
    told = {
        str(other): "the backup of project P2another",
        str(damaged): "damaged",
        "note.json": "no backup",
        "sub": "no backup",
        str(outside): "is not a file in",
        "link.json": "is not a file in",
        "../elsewhere/" + outside.name: "is not a file in",
        str(inner): "is not a file in",
        "..": "is not a file in",
        ".": "is not a file in",
        "/etc/passwd": "is not a file in",
    }
    for file, message in told.items():
        for check in (True, False):
            result = run("descope_backup", check=check, state="absent", file=file, backup_dir=str(where))
            assert result["failed"], file
            assert result["error_code"] == "bad_file"
            assert message in result["msg"], (file, result["msg"])
    assert all(path.exists() for path in (other, damaged, note, outside, link, inner))


# -- input -----------------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "absent without file": ({"state": "absent"}, "file: is missing"),
    "present with file": ({"file": "x.json"}, "file: is for state: absent only"),
    "no sections": ({"sections": []}, "sections: is empty"),
    "unknown section": ({"sections": ["users"]}, "users"),
    "tenants without": ({"sections": ["flows"], "tenants": ["x"]}, "tenants: makes no sense without"),
    "flows without": ({"sections": ["tenants"], "flows": []}, "flows: makes no sense without"),
    "empty id": ({"tenants": ["x", " "]}, "tenants: holds an empty id"),
    "no days": ({"retention_days": 0}, "retention_days: is 0: give 1 or more"),
    "keep none": ({"keep_at_least": -1}, "keep_at_least: is -1: give 1 or more"),
    "unknown option": ({"retention": 5}, "did you mean 'retention_days'"),
    "unknown choice": ({"when_unchanged": "maybe"}, "when_unchanged"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_nothing_is_sent(case: str, emulator: ThreadedEmulator, run: Run) -> None:
    options, message = BAD[case]
    result = run("descope_backup", **options)
    assert result["failed"]
    assert message in result["msg"]
    assert result["problems"]
    assert emulator.requests() == []


def test_a_folder_that_cannot_be_written(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    """It is told before the service is asked for much."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run("descope_backup", backup_dir=str(blocked / "sub"))
    assert result["failed"]
    assert result["error_code"] == "backup_failed"
    assert result["msg"].endswith("Nothing was saved. Make the folder writable, or give another one as backup_dir.")
    assert emulator.requests() == []


def test_options_and_sections_agree() -> None:
    assert argument_spec()["sections"]["choices"] == list(collect.SECTIONS)


@pytest.mark.parametrize("section", ["tenants", "flows", "roles", "permissions"])
def test_an_empty_list_is_not_believed(section: str, project: ThreadedEmulator, run: Run, state_home: Path) -> None:
    run("descope_backup", sections=[section])
    before = names(folder(state_home))
    project.reads("empty")
    for check in (True, False):
        result = run("descope_backup", sections=[section], check=check)
        assert result["error_code"] == "doubtful_read", result["msg"]
        assert result["msg"].startswith(f"Nothing was saved: the service lists no {section}, but ")
    assert names(folder(state_home)) == before
    assert saved(run("descope_backup", sections=[section], allow_empty_read=True))["counts"] == {section: 0}


def test_a_skipped_backup_is_confirmed(project: ThreadedEmulator, run: Run) -> None:
    path = Path(run("descope_backup")["backup_file"])
    os.utime(path, (0, 0))
    assert run("descope_backup", when_unchanged="skip")["unchanged_since"] == str(path)
    assert path.stat().st_mtime > 0
