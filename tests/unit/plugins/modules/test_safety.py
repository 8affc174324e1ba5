# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module over listed objects does before its first write: it saves what changes, and doubts an empty list.

One run makes one backup, which tells what the service had. A list that is empty although a backup has objects is no
ground to write anything.
"""

from __future__ import annotations

import copy
import datetime
import json
import shlex
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._client import Session
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample, stored_flow

from .conftest import Run
from .faults import FAULTS

Options = dict[str, Any]

ACME: Options = {
    "id": "acme",
    "name": "Acme",
    "selfProvisioningDomains": ["acme.example"],
    "customAttributes": {"plan": "silver", "seats": 5},
    "defaultRoles": ["Reader"],
}

#: Per module: a change of one object that is there, its deletion, a new one, the deletion of one that is not there.
CHANGE: dict[str, Options] = {
    "descope_tenant": {"id": "acme", "name": "Acme Corporation"},
    "descope_tenants": {"tenants": [{"id": "acme", "name": "Acme Corporation"}]},
    "descope_roles": {"roles": [{"name": "Editor", "description": "Writes"}]},
    "descope_permissions": {"permissions": [{"name": "Read", "description": "Reads"}]},
    "descope_flow": {"id": "step-up", "disabled": True},
    "descope_flows": {"flows": [{"id": "step-up", "disabled": True}]},
}
DELETION: dict[str, Options] = {
    "descope_tenant": {"id": "acme", "state": "absent"},
    "descope_tenants": {"tenants": [{"id": "acme", "state": "absent"}], "max_delete_percent": 100},
    "descope_roles": {"roles": [{"name": "Editor", "state": "absent"}], "max_delete_percent": 100},
    "descope_permissions": {"permissions": [{"name": "Read", "state": "absent"}], "max_delete_percent": 100},
    "descope_flow": {"id": "step-up", "state": "absent"},
    "descope_flows": {"flows": [{"id": "step-up", "state": "absent"}]},
}
CREATION: dict[str, Options] = {
    "descope_tenant": {"id": "new", "name": "New"},
    "descope_tenants": {"tenants": [{"id": "new", "name": "New"}]},
    "descope_roles": {"roles": [{"name": "new"}]},
    "descope_permissions": {"permissions": [{"name": "new"}]},
    "descope_flow": {"id": "new", "definition": sample("basicflow.json")},
    "descope_flows": {"flows": [{"id": "new", "definition": sample("basicflow.json")}]},
}
NOTHING: dict[str, Options] = {
    "descope_tenant": {"id": "never", "state": "absent"},
    "descope_tenants": {"tenants": [{"id": "never", "state": "absent"}]},
    "descope_roles": {"roles": [{"name": "never", "state": "absent"}]},
    "descope_permissions": {"permissions": [{"name": "never", "state": "absent"}]},
    "descope_flow": {"id": "never", "state": "absent"},
    "descope_flows": {"flows": [{"id": "never", "state": "absent"}]},
}

#: What is deleted by L(DELETION), the section of the backup, and the list that it is found in.
KEYS = {"tenants": "acme", "roles": "Editor", "permissions": "Read", "flows": "step-up"}
LISTS = {
    "tenants": "/v1/mgmt/tenant/all",
    "roles": "/v1/mgmt/role/all",
    "permissions": "/v1/mgmt/permission/all",
    "flows": "/v1/mgmt/flow/list",
}

MODULES = pytest.mark.parametrize("module", CHANGE)


def section_of(module: str) -> str:
    return f"{module.removeprefix('descope_').removesuffix('s')}s"


def key_of(module: str) -> str:
    return KEYS[section_of(module)]


@pytest.fixture(autouse=True)
def project(emulator: ThreadedEmulator, fresh: None) -> None:
    """A tenant, a role and a permission to change, each beside another one."""
    emulator.edit("create_tenants", tenants=[copy.deepcopy(ACME), {"id": "bystander", "name": "Bystander"}])
    emulator.edit("add_permission", name="Read")
    emulator.edit("add_role", name="Editor", description="Edits", permissionNames=["Read"], default=True)
    emulator.reset("log")


@pytest.fixture
def folder(state_home: Path) -> Path:
    """Where the backups of the project are."""
    return state_home / "pcc-identity" / "backups" / PROJECT_ID


def configuration(emulator: ThreadedEmulator) -> Options:
    state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]
    flows = {flow_id: entry["flow"] for flow_id, entry in state["flows"].items()}
    return {**{name: state[name] for name in ("tenants", "roles", "permissions")}, "flows": flows}


def only(folder: Path) -> backup.Document:
    """Return the one backup, after checking that it is whole."""
    (path,) = folder.iterdir()
    return files.read(path)


def saved(result: Options, folder: Path, section: str) -> Options:
    """Return the objects in the one backup of a run that went well."""
    assert not result["failed"], result["msg"]
    document = only(folder)
    (path,) = folder.iterdir()
    assert result["backup_file"] == str(path)
    assert list(document["sections"]) == [section]
    objects: Options = document["sections"][section]
    return objects


def assert_nothing_written(result: Options, emulator: ThreadedEmulator, code: str) -> None:
    assert result["failed"]
    assert not result["changed"]
    assert result["error_code"] == code, result["msg"]
    assert emulator.writes() == []
    assert "backup_file" not in result
    assert "rollback" not in result


# -- One backup, before the first write ------------------------------------------------------------------------------


@MODULES
def test_a_change_leaves_one_backup_and_says_where(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section, key = section_of(module), key_of(module)
    result = run(module, **CHANGE[module])
    assert result["changed"]
    assert list(saved(result, folder, section)) == [key]
    document = only(folder)
    assert document["project"]["id"] == PROJECT_ID
    assert document["reason"] == f"before {section} change: {key}"
    assert document["counts"] == {section: 1}
    assert {"complete", "masked", "deleting"} & set(document) == set()
    assert (folder.stat().st_mode & 0o777, Path(result["backup_file"]).stat().st_mode & 0o777) == (0o700, 0o600)
    playbook, more = ("restore", []) if section != "flows" else ("rollback_flow", ["-e", f"descope_flow_ids={key}"])
    command = ["ansible-playbook", f"pcc.identity.{playbook}", "-e", f"descope_backup_file={result['backup_file']}"]
    assert shlex.split(result["rollback"]) == command + more


@MODULES
def test_to_roll_a_creation_back_is_to_delete_what_was_made(module: str, run: Run) -> None:
    result = run(module, **CREATION[module])
    words = shlex.split(result["rollback"])
    assert f"descope_backup_file={result['backup_file']}" in words
    last = "descope_flow_ids=new" if section_of(module) == "flows" else "descope_restore_prune=true"
    assert words[-2:] == ["-e", last]
    assert "descope_restore_prune=true" not in run(module, **DELETION[module])["rollback"]


@MODULES
def test_a_folder_with_a_blank_in_its_name(module: str, run: Run, tmp_path: Path) -> None:
    result = run(module, backup_dir=str(tmp_path / "my backups"), playbook="site.yml", **CHANGE[module])
    (path,) = (tmp_path / "my backups").iterdir()
    assert json.loads(shlex.split(result["rollback"])[3]) == {"descope_backup_file": str(path)}
    assert files.read(path)["origin"]["playbook"] == "site.yml"


@MODULES
def test_a_deletion_is_named_in_its_backup(module: str, emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    section, key = section_of(module), key_of(module)
    if section == "permissions":
        emulator.edit("update_role", name="Editor", permissionNames=[])
    found = saved(run(module, **DELETION[module]), folder, section)
    assert list(found) == [key]
    assert found[key]
    assert only(folder)["deleting"] == [f"{section}/{key}"]


@pytest.mark.parametrize("module", ["descope_tenant", "descope_tenants", "descope_roles", "descope_permissions"])
def test_what_goes_along_with_a_deletion_is_saved_and_comes_back(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path, tmp_path: Path
) -> None:
    """A tenant has roles of its own, a role is the default of a tenant, and a permission stands in roles."""
    emulator.edit("add_role", name="Auditor", tenantId="acme", permissionNames=["Read"])
    assert not run("descope_tenant", id="bystander", default_roles=["Editor"])["failed"]
    for path in folder.iterdir():
        path.unlink()

    def everything() -> Options:
        path = Path(run("descope_backup", backup_dir=str(tmp_path / "whole"))["backup_file"])
        return dict(files.read(path)["sections"])

    before = everything()
    deletion = run(module, **DELETION[module])
    assert deletion["changed"], deletion["msg"]
    along = {
        "tenants": {"roles": ["acme/Auditor"]},
        "roles": {"tenants": ["bystander"]},
        "permissions": {"roles": ["Editor", "acme/Auditor"]},
    }[section_of(module)]
    sections = only(folder)["sections"]
    own = section_of(module)
    assert {name: sorted(items) for name, items in sections.items()} == {own: [key_of(module)], **along}
    back = run("descope_restore", src=[deletion["backup_file"]])
    assert not back["failed"], back["msg"]
    assert everything() == before
    assert not run("descope_restore", src=[deletion["backup_file"]])["changed"]


@MODULES
def test_what_is_new_was_not_there(module: str, run: Run, folder: Path) -> None:
    assert saved(run(module, **CREATION[module]), folder, section_of(module)) == {"new": None}
    assert "deleting" not in only(folder)


@MODULES
def test_nothing_is_saved_where_nothing_is_written(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    for options in (CHANGE, DELETION, CREATION):
        preview = run(module, check=True, **options[module])
        assert preview["changed"]
        assert {"backup_file", "rollback"} & set(preview) == set()
    unchanged = run(module, **NOTHING[module])
    assert not unchanged["changed"]
    assert {"backup_file", "rollback"} & set(unchanged) == set()
    assert emulator.writes() == []
    assert not folder.exists()
    run(module, **CHANGE[module])
    again = run(module, **CHANGE[module])
    assert not again["changed"]
    assert {"backup_file", "rollback"} & set(again) == set()
    assert len(list(folder.iterdir())) == 1


@MODULES
@pytest.mark.parametrize("options", [CHANGE, DELETION, CREATION], ids=["change", "deletion", "creation"])
def test_no_write_without_a_backup(
    options: dict[str, Options], module: str, emulator: ThreadedEmulator, run: Run, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    before = configuration(emulator)
    for where in (blocked, blocked / "sub"):
        result = run(module, backup_dir=str(where), **options[module])
        assert_nothing_written(result, emulator, "backup_failed")
        assert str(where) in result["msg"]
    assert configuration(emulator) == before
    assert blocked.read_text() == "not a folder"


@MODULES
@pytest.mark.parametrize("options", [CHANGE, DELETION, CREATION], ids=["change", "deletion", "creation"])
def test_the_backup_is_there_before_the_first_write_arrives(
    options: dict[str, Options], module: str, emulator: ThreadedEmulator, run: Run
) -> None:
    # Replies take longer than the clock of the file system is coarse.
    emulator.settings(latency_ms=50)
    result = run(module, **options[module])
    written = Path(result["backup_file"]).stat().st_mtime
    first = datetime.datetime.fromisoformat(emulator.writes()[0]["time"])
    assert written <= first.timestamp()


@MODULES
@pytest.mark.parametrize("options", [CHANGE, DELETION, CREATION], ids=["change", "deletion", "creation"])
def test_a_first_write_that_is_refused_leaves_the_backup_and_nothing_to_roll_back(
    options: dict[str, Options], module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    before = configuration(emulator)
    emulator.faults([{"match": {"kind": "write"}, "do": FAULTS["status-403"]}])
    result = run(module, **options[module])
    assert result["failed"]
    assert not result["changed"]
    assert configuration(emulator) == before
    assert result["backup_file"] == str(next(folder.iterdir()))
    assert "rollback" not in result
    only(folder)


@MODULES
@pytest.mark.parametrize("options", [CHANGE, DELETION, CREATION], ids=["change", "deletion", "creation"])
def test_a_write_of_which_nobody_can_say_what_became_can_be_rolled_back(
    options: dict[str, Options], module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    """The service goes away with the first write, and does not come back."""
    first = next(
        index
        for index, entry in enumerate(clean_run(module, options[module], emulator, run, folder), 1)
        if entry["kind"] == "write"
    )
    emulator.faults([{"from": first, "do": FAULTS["reset-after"]}])
    result = run(module, retries=1, **options[module])
    assert result["failed"]
    assert result["changed"]
    assert result["backup_file"] == str(next(folder.iterdir()))
    assert result["backup_file"] in result["rollback"]
    only(folder)


def clean_run(
    module: str, options: Options, emulator: ThreadedEmulator, run: Run, folder: Path
) -> list[dict[str, Any]]:
    """Return the requests of a run without faults, and put everything back to where it was before it."""
    assert run(module, **options)["changed"]
    requests = emulator.requests()
    emulator.reset("state", "log")
    emulator.edit("create_tenants", tenants=[copy.deepcopy(ACME), {"id": "bystander", "name": "Bystander"}])
    emulator.edit("add_permission", name="Read")
    emulator.edit("add_role", name="Editor", description="Edits", permissionNames=["Read"], default=True)
    for path in folder.iterdir():
        path.unlink()
    return requests


# -- What is in it ---------------------------------------------------------------------------------------------------

OWN_FIELDS: Options = {
    "custom_attributes": {},
    "default_roles": [],
    "disabled": False,
    "domains": [],
    "enforce_sso": False,
    "enforce_sso_exclusions": [],
    "federated_app_ids": [],
    "parent": "",
    "role_inheritance": "default",
    "self_provisioning_domains": [],
}
ACME_SAVED: Options = {
    **OWN_FIELDS,
    "id": "acme",
    "name": "Acme",
    "self_provisioning_domains": ["acme.example"],
    "custom_attributes": {"plan": "silver", "seats": 5},
    "default_roles": ["Reader"],
}


@pytest.fixture
def leaving(emulator: ThreadedEmulator) -> Options:
    """A tenant of which there is everything to know, and the same as a backup has it but for what was never set."""
    tenant = {
        "id": "leaving",
        "name": "Leaving",
        "selfProvisioningDomains": ["leaving.example"],
        "customAttributes": {"plan": "gold", "trial": True, "regions": ["eu", "us"]},
        "defaultRoles": ["Reader", "Writer"],
        "domains": ["sso.leaving.example"],
        "enforceSSO": True,
        "parent": "acme",
        "settings": {"enabled": True, "sessionTokenExpiration": 2, "sessionTokenExpirationUnit": "hours"},
        "passwordSettings": {"enabled": True, "minLength": 12},
    }
    emulator.edit("create_tenant", tenant=tenant)
    return {
        **OWN_FIELDS,
        "id": "leaving",
        "name": "Leaving",
        "self_provisioning_domains": ["leaving.example"],
        "custom_attributes": {"plan": "gold", "trial": True, "regions": ["eu", "us"]},
        "default_roles": ["Reader", "Writer"],
        "domains": ["sso.leaving.example"],
        "enforce_sso": True,
        "parent": "acme",
    }


def assert_whole(tenant: Options, own: Options) -> None:
    """A tenant of a backup has its own fields, its settings and its password settings."""
    settings, password = tenant.pop("settings"), tenant.pop("password_settings")
    assert tenant == own
    assert settings["enabled"] is True
    assert (settings["session_token_expiration"], settings["session_token_expiration_unit"]) == (2, "hours")
    assert settings["jit_disabled"] is False
    assert (password["enabled"], password["min_length"], password["lock"]) == (True, 12, False)


def test_tenants_are_saved_as_they_were(emulator: ThreadedEmulator, run: Run, folder: Path, leaving: Options) -> None:
    wanted = [
        {"id": "acme", "name": "Acme Corporation", "custom_attributes": {}, "self_provisioning_domains": []},
        {"id": "bystander", "name": "Bystander"},
        {"id": "taker", "name": "Taker", "self_provisioning_domains": ["acme.example"]},
        {"name": "Named by the service"},
        {"id": "leaving", "state": "absent"},
        {"id": "never", "state": "absent"},
    ]
    found = saved(run("descope_tenants", tenants=wanted, max_delete_percent=100), folder, "tenants")
    assert sorted(found) == ["acme", "leaving", "taker"]
    assert found["acme"] == ACME_SAVED
    assert found["taker"] is None
    assert_whole(found["leaving"], leaving)
    document = only(folder)
    assert document["deleting"] == ["tenants/leaving"]
    assert document["reason"] == "before tenants change: acme, leaving, taker"


@pytest.mark.parametrize("list_fields", ["full", "slim"])
@pytest.mark.parametrize("how", ["one", "absent", "by name", "prune"])
def test_a_deleted_tenant_is_saved_as_a_whole(
    how: str, list_fields: str, emulator: ThreadedEmulator, run: Run, folder: Path, leaving: Options
) -> None:
    emulator.switches(list_fields=list_fields)
    if how == "one":
        result = run("descope_tenant", id="leaving", state="absent")
    else:
        wanted: dict[str, list[Options]] = {
            "absent": [{"id": "leaving", "state": "absent"}],
            "by name": [{"name": "Leaving", "state": "absent"}],
            "prune": [{"id": "acme"}, {"id": "bystander"}],
        }
        result = run("descope_tenants", tenants=wanted[how], prune=how == "prune", max_delete_percent=100)
    found = saved(result, folder, "tenants")
    assert list(found) == ["leaving"]
    assert_whole(found["leaving"], leaving)


def test_settings_that_tell_of_no_domains_do_not_hide_those_of_the_tenant(
    emulator: ThreadedEmulator, run: Run, folder: Path, leaving: Options
) -> None:
    settings = {"enabled": True, "sessionTokenExpiration": 2, "sessionTokenExpirationUnit": "hours"}
    reply = {"kind": "status", "status": 200, "body": settings}
    emulator.faults([{"match": {"path": "/v1/mgmt/tenant/settings", "method": "GET"}, "do": reply}])
    found = saved(run("descope_tenant", id="leaving", state="absent"), folder, "tenants")
    assert_whole(found["leaving"], leaving)


def test_what_a_short_list_entry_does_not_tell_is_not_saved_as_empty(
    emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    emulator.switches(list_fields="slim")
    (acme,) = saved(run("descope_tenant", **CHANGE["descope_tenant"]), folder, "tenants").values()
    assert "default_roles" not in acme
    assert acme == {name: ACME_SAVED[name] for name in acme}
    assert {"id", "name", "custom_attributes", "self_provisioning_domains"} <= set(acme)


def test_settings_that_are_about_to_change_are_saved(
    emulator: ThreadedEmulator, run: Run, folder: Path, leaving: Options
) -> None:
    options = {"settings": {"jit_disabled": True}, "password_settings": {"min_length": 14}}
    assert_whole(saved(run("descope_tenant", id="leaving", **options), folder, "tenants")["leaving"], leaving)


def test_a_tenant_whose_id_the_service_makes_leaves_nothing_to_save(run: Run, folder: Path) -> None:
    result = run("descope_tenants", tenants=[{"name": "Named by the service"}])
    assert result["changed"]
    assert {"backup_file", "rollback"} & set(result) == set()
    assert not folder.exists()


def test_roles_are_saved_as_they_were(emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    emulator.edit("add_role", name="Editor", tenantId="acme", permissionNames=["User Admin", "Read"], private=True)
    emulator.edit("add_role", name="Leaving", tenantId="acme", description="Leaves")
    emulator.edit("add_role", name="acme/Editor", description="Slashed")
    roles: list[Options] = [
        {"name": "Editor", "default": False, "permissions": []},
        {"name": "Editor", "tenant_id": "acme", "private": False},
        {"name": "acme/Editor", "state": "absent"},
        {"name": "Leaving", "tenant_id": "acme", "state": "absent"},
        {"name": "New", "tenant_id": "bystander"},
        {"name": "New", "permissions": ["Read"]},
        {"name": "Reader", "description": ""},
    ]
    assert saved(run("descope_roles", roles=roles, max_delete_percent=100), folder, "roles") == {
        "Editor": {
            "name": "Editor",
            "description": "Edits",
            "permission_names": ["Read"],
            "default": True,
            "private": False,
        },
        "acme/Editor": {
            "name": "Editor",
            "tenant_id": "acme",
            "description": "",
            "permission_names": ["Read", "User Admin"],
            "default": False,
            "private": True,
        },
        "/acme/Editor": {
            "name": "acme/Editor",
            "description": "Slashed",
            "permission_names": [],
            "default": False,
            "private": False,
        },
        "acme/Leaving": {
            "name": "Leaving",
            "tenant_id": "acme",
            "description": "Leaves",
            "permission_names": [],
            "default": False,
            "private": False,
        },
        "bystander/New": None,
        "New": None,
    }
    assert only(folder)["deleting"] == ["roles//acme/Editor", "roles/acme/Leaving"]


def test_permissions_are_saved_as_they_were(emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    emulator.edit("add_permission", name="Leaving", description="Leaves")
    wanted = [{"name": "Read", "description": "Reads"}, {"name": "New"}, {"name": "User Admin"}]
    result = run("descope_permissions", permissions=wanted, prune=True, max_delete_percent=100)
    assert saved(result, folder, "permissions") == {
        "Read": {"name": "Read", "description": ""},
        "Leaving": {"name": "Leaving", "description": "Leaves"},
        "New": None,
    }
    assert only(folder)["deleting"] == ["permissions/Leaving"]


def test_flows_are_saved_as_they_were(emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    before = {flow_id: normal(stored_flow(emulator, flow_id)) for flow_id in ("step-up", "sign-in")}
    flows = [
        {"id": "step-up", "state": "absent"},
        {"id": "sign-in", "name": "Come in"},
        {"id": "new", "definition": sample("basicflow.json")},
    ]
    found = saved(run("descope_flows", flows=flows), folder, "flows")
    assert sorted(found) == ["new", "sign-in", "step-up"]
    assert found["new"] is None
    assert {flow_id: normal(found[flow_id]) for flow_id in before} == before
    assert only(folder)["deleting"] == ["flows/step-up"]


# -- The management key ----------------------------------------------------------------------------------------------


def keyed_flow(flow_id: str) -> Options:
    flow = copy.deepcopy(sample("basicflow.json"))
    flow["flowId"] = flow_id
    flow["contents"]["tasks"]["1"]["arguments"]["header"] = {"type": "inline", "value": f"Bearer {PROJECT_ID}:{KEY}"}
    return flow


@MODULES
@pytest.mark.parametrize("options", [CHANGE, DELETION], ids=["change", "deletion"])
def test_the_management_key_is_in_no_backup(
    options: dict[str, Options], module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section, key = section_of(module), key_of(module)
    match section:
        case "tenants":
            emulator.edit("update_tenant", id="acme", tenant={"customAttributes": {"plan": f"key {KEY}"}})
        case "roles":
            emulator.edit("update_role", name="Editor", description=f"key {KEY}")
        case "permissions":
            emulator.edit("add_permission", name="Other")
            emulator.edit("remove_permission", name="Read")
            emulator.edit("add_permission", name="Read", description=f"key {KEY}")
        case "flows":
            emulator.edit("import_flow", flow=keyed_flow("step-up"))
    result = run(module, **options[module])
    objects = saved(result, folder, section)
    document = only(folder)
    text = Path(result["backup_file"]).read_text()
    assert KEY not in text
    assert document["masked"] == [f"{section}/{key}"]
    assert "***" in json.dumps(objects[key])
    assert KEY not in json.dumps(result)


@pytest.mark.parametrize("module", ["descope_roles", "descope_permissions"])
def test_a_management_key_that_is_a_name_is_in_no_backup(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section = section_of(module)
    emulator.edit(f"add_{section[:-1]}", name=KEY)
    run(module, **{section: [{"name": KEY, "state": "absent"}]}, max_delete_percent=100)
    document = only(folder)
    assert KEY not in next(folder.iterdir()).read_text()
    assert list(document["sections"][section]) == ["***"]
    assert document["masked"] == document["deleting"] == [f"{section}/***"]
    # It is gone for good, and the backup says so.
    emulator.reads("empty")
    assert not run(module, check=True, **CREATION[module])["failed"]


# -- Reading what is deleted -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/mgmt/tenant/settings", "/v1/mgmt/password/settings"])
@pytest.mark.parametrize("fault", ["status-403", "status-500", "html", "status-401"])
@pytest.mark.parametrize("module", ["descope_tenant", "descope_tenants"])
def test_a_tenant_that_cannot_be_saved_is_not_deleted(
    module: str, fault: str, path: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    before = configuration(emulator)
    emulator.faults([{"match": {"path": path}, "do": FAULTS[fault]}])
    result = run(module, retries=1, **DELETION[module])
    assert result["failed"]
    assert not result["changed"]
    assert result["error_code"]
    assert result["msg"]
    assert emulator.writes() == []
    assert configuration(emulator) == before
    assert not folder.exists()
    emulator.faults()
    assert run(module, **DELETION[module])["changed"]


@pytest.mark.parametrize("status", [404, 400])
@pytest.mark.parametrize("list_fields", ["full", "slim"])
@pytest.mark.parametrize("path", ["/v1/mgmt/tenant/settings", "/v1/mgmt/password/settings"])
def test_a_tenant_that_somebody_else_deletes_meanwhile(
    path: str, list_fields: str, status: int, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    """It goes while its settings are read: before the second try, since the first one was answered with an error."""
    emulator.switches(tenant_not_found_status=status, list_fields=list_fields)
    emulator.faults([{"match": {"path": path}, "nth": 1, "do": FAULTS["status-503"]}])

    def meanwhile(_seconds: float) -> None:
        if "acme" in configuration(emulator)["tenants"]:
            emulator.edit("delete_tenant", id="acme")

    tenants = [{"id": "acme", "state": "absent"}, {"id": "bystander", "name": "Renamed"}]
    with mock.patch.dict(Session.__init__.__kwdefaults__, sleep=meanwhile):
        result = run("descope_tenants", tenants=tenants, max_delete_percent=100)
    found = saved(result, folder, "tenants")
    assert [row["status"] for row in result["tenants"]] == ["deleted", "updated"]
    # The settings are not there to be read any more; all that was known before is saved.
    assert found["acme"] == ACME_SAVED
    assert found["bystander"]["name"] == "Bystander"
    assert set(configuration(emulator)["tenants"]) == {"bystander"}


# -- Lists that are empty although a backup has objects --------------------------------------------------------------


def save_something(section: str, folder: Path, **options: Any) -> Path:
    """Write a backup as other runs leave them."""
    content = backup.document(
        {section: options.pop("objects")},
        **{
            "reason": "a test",
            "project": {"id": PROJECT_ID},
            "origin": {},
            "now": datetime.datetime.now(datetime.UTC),
            **options,
        },
    )
    return backup.write(folder, content, section)


@MODULES
@pytest.mark.parametrize("check", [True, False])
def test_an_empty_list_is_doubted_where_a_backup_has_objects(
    check: bool, module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section = section_of(module)
    path = Path(run(module, **CHANGE[module])["backup_file"])
    emulator.reset("log")
    emulator.reads("empty")
    before = configuration(emulator)
    result = run(module, check=check, **CREATION[module])
    assert_nothing_written(result, emulator, "doubtful_read")
    assert configuration(emulator) == before
    assert f"Nothing was written: the service lists no {section}" in result["msg"]
    made = files.read(path)["created_at"]
    assert f"{path}, the backup of {made}, has 1." in result["msg"]
    assert "restore them with the playbook pcc.identity.restore, or go on" in result["hint"]
    assert "allow_empty_read: true" in result["hint"]
    assert list(folder.iterdir()) == [path]
    emulator.reads(None)
    assert run(module, check=check, **CREATION[module])["changed"]


@MODULES
def test_an_empty_list_can_be_allowed(module: str, emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    section = section_of(module)
    run(module, **CHANGE[module])
    # Only the first answer is empty, so that what is written can be read back.
    empty = {"kind": "status", "status": 200, "body": {section: []}}
    for allow in (False, True):
        emulator.reset("log")
        emulator.faults([{"match": {"path": LISTS[section]}, "nth": 1, "do": empty}])
        result = run(module, allow_empty_read=allow, **CREATION[module])
        assert result["failed"] != allow, result["msg"]
        assert result["changed"] == bool(emulator.writes()) == allow
    assert len(list(folder.iterdir())) == 2


@MODULES
@pytest.mark.parametrize("what", ["nothing", "another project's", "other objects", "creations only"])
def test_an_empty_list_is_not_doubted_without_a_backup_of_objects(
    what: str, module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section = section_of(module)
    match what:
        case "another project's":
            save_something(section, folder, objects={"x": {}}, project={"id": "P2another"})
        case "other objects":
            save_something("lists", folder, objects={"x": {}}, complete=["lists"])
        case "creations only":
            save_something(section, folder, objects={"x": None})
    emulator.reads("empty")
    result = run(module, check=True, **CREATION[module])
    assert not result["failed"], result["msg"]
    assert result["changed"]


@MODULES
def test_an_empty_list_is_not_doubted_when_there_is_nothing_to_change(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    run(module, **CHANGE[module])
    emulator.reads("empty")
    for check in (True, False):
        result = run(module, check=check, **NOTHING[module])
        assert not result["failed"], result["msg"]
        assert not result["changed"]


@MODULES
def test_an_empty_list_is_not_doubted_after_the_objects_were_deleted(
    module: str, emulator: ThreadedEmulator, run: Run
) -> None:
    for options in (CHANGE, DELETION):
        result = run(module, **options[module])
        assert result["changed"], result["msg"]
    emulator.reads("empty")
    assert run(module, check=True, **CREATION[module])["changed"]


@MODULES
def test_an_empty_list_is_doubted_after_only_some_were_deleted(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section = section_of(module)
    earlier = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    path = save_something(section, folder, objects={key_of(module): {}, "other": {}, "third": {}}, now=earlier)
    assert run(module, **DELETION[module])["changed"]
    emulator.reset("log")
    emulator.reads("empty")
    result = run(module, **CREATION[module])
    assert_nothing_written(result, emulator, "doubtful_read")
    assert f"{path}, the backup of {backup.time_text(earlier)}, has 2." in result["msg"]


@MODULES
def test_an_empty_list_is_not_doubted_after_a_complete_backup_with_none(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    section = section_of(module)
    earlier = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    save_something(section, folder, objects={"x": {}}, now=earlier)
    save_something(section, folder, objects={}, complete=[section])
    emulator.reads("empty")
    assert run(module, check=True, **CREATION[module])["changed"]
    save_something(section, folder, objects={"x": {}}, now=earlier + datetime.timedelta(days=2))
    assert run(module, check=True, **CREATION[module])["error_code"] == "doubtful_read"


def test_a_project_without_roles_of_tenants_is_not_doubted_for_them(
    emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    """What counts is what the service lists, not the part of it that a task is about."""
    run("descope_roles", **CHANGE["descope_roles"])
    roles = [{"name": "Own", "tenant_id": "acme"}]
    result = run("descope_roles", roles=roles, scope="tenants")
    assert result["msg"] == "1 created"
    emulator.edit("remove_role", name="Own", tenantId="acme")
    emulator.reset("log")
    emulator.reads("empty")
    assert_nothing_written(run("descope_roles", roles=roles, scope="tenants"), emulator, "doubtful_read")


def test_a_project_whose_tenants_all_went_by_hand_is_doubted_until_a_backup_says_so(
    emulator: ThreadedEmulator, run: Run
) -> None:
    run("descope_tenant", **CHANGE["descope_tenant"])
    for tenant in ("acme", "bystander"):
        emulator.edit("delete_tenant", id=tenant)
    assert run("descope_tenant", **CREATION["descope_tenant"])["error_code"] == "doubtful_read"
    assert not run("descope_backup", allow_empty_read=True)["failed"]
    result = run("descope_tenant", **CREATION["descope_tenant"])
    assert not result["failed"], result["msg"]
    assert set(configuration(emulator)["tenants"]) == {"new"}


@MODULES
def test_damaged_backups_are_passed_over(module: str, emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    section = section_of(module)
    now = datetime.datetime.now(datetime.UTC)
    older = save_something(section, folder, objects={"x": {}, "y": {}}, now=now - datetime.timedelta(days=2))
    newer = save_something(section, folder, objects={"z": {}}, now=now - datetime.timedelta(days=1))
    emulator.reads("empty")
    assert f"{newer}, " in run(module, **CREATION[module])["msg"]
    whole = newer.read_text()
    for damaged in (
        whole[: len(whole) // 2],
        whole.replace('"z"', '"w"'),
        "",
        "\x00",
        '{"kind": "pcc.identity/backup"}',
    ):
        newer.write_text(damaged)
        result = run(module, **CREATION[module])
        assert_nothing_written(result, emulator, "doubtful_read")
        assert f"{older}, " in result["msg"]
        assert "has 2." in result["msg"]
    older.write_text("{")
    assert run(module, check=True, **CREATION[module])["changed"]


@MODULES
@pytest.mark.parametrize("check", [True, False])
def test_backups_that_cannot_be_looked_at_are_no_leave_to_write(
    check: bool, module: str, emulator: ThreadedEmulator, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    emulator.reads("empty")
    result = run(module, check=check, backup_dir=str(tmp_path / "file"), **CREATION[module])
    assert_nothing_written(result, emulator, "unreadable")


@MODULES
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("backups", [True, False])
def test_a_list_that_may_not_be_read_is_not_taken_for_an_empty_one(
    backups: bool, check: bool, module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    if backups:
        run(module, **CHANGE[module])
    before = configuration(emulator)
    emulator.reset("log")
    emulator.reads("forbidden")
    for options in (CHANGE, DELETION, CREATION):
        for allow in (False, True):
            result = run(module, check=check, allow_empty_read=allow, **options[module])
            assert_nothing_written(result, emulator, "forbidden")
    assert configuration(emulator) == before
    assert folder.exists() == backups


@pytest.mark.parametrize("module", ["descope_tenants", "descope_roles", "descope_permissions"])
def test_pruning_from_an_empty_list_deletes_nothing(
    module: str, emulator: ThreadedEmulator, run: Run, folder: Path
) -> None:
    """The list of what is there is empty for one moment; then the wanted ones would be made a second time."""
    section = section_of(module)
    run(module, **CHANGE[module])
    emulator.reset("log")
    emulator.reads("empty")
    result = run(module, prune=True, max_deletes=100, max_delete_percent=100, **CHANGE[module])
    assert_nothing_written(result, emulator, "doubtful_read")
    assert section in result["msg"]


# -- what was planned --------------------------------------------------------------------------------------------------


def test_a_plan_in_which_the_key_is_part_of_a_name(emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    permissions = [{"name": f"Uses {KEY}"}]
    planned = run("descope_permissions", check=True, permissions=permissions)["planned"]
    assert planned == ["created Uses ********"]
    result = run("descope_permissions", permissions=permissions, planned=planned)
    assert (result["failed"], result["changed"], result["planned"]) == (False, True, planned)


@MODULES
def test_only_what_was_planned_is_done(module: str, emulator: ThreadedEmulator, run: Run, folder: Path) -> None:
    planned = run(module, check=True, **CHANGE[module])["planned"]
    assert planned == [f"updated {key_of(module)}"]
    for other in (DELETION, CREATION):
        emulator.reset("log")
        result = run(module, planned=planned, **other[module])
        assert_nothing_written(result, emulator, "plan_changed")
        assert result["msg"].startswith("Nothing was written: the project is not as it was when this was planned.")
    assert not folder.exists()
    result = run(module, planned=planned, **CHANGE[module])
    assert (result["changed"], result["planned"]) == (True, planned)
    # What has been done meanwhile is no reason to stop.
    assert not run(module, planned=planned, **CHANGE[module])["changed"]
    assert run(module, planned=[], **NOTHING[module])["planned"] == []


def test_what_somebody_adds_after_the_plan_is_not_pruned(emulator: ThreadedEmulator, run: Run) -> None:
    options: Options = {"tenants": [{"id": "acme"}], "prune": True, "max_delete_percent": 100}
    preview = run("descope_tenants", check=True, **options)
    assert preview["planned"] == ["deleted bystander"]
    emulator.edit("create_tenants", tenants=[{"id": "late", "name": "Late"}])
    emulator.reset("log")
    result = run("descope_tenants", planned=preview["planned"], **options)
    assert_nothing_written(result, emulator, "plan_changed")
    assert "Now there would be as well: deleted late." in result["msg"]
