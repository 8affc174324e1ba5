# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from emulator.testing import PROJECT_ID, ThreadedEmulator

from .conftest import Run


def live(emulator: ThreadedEmulator) -> dict[str, dict[str, Any]]:
    entries = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["roles"]
    return {"/".join(filter(None, [entry["tenantId"], entry["name"]])): entry for entry in entries}


def paths(emulator: ThreadedEmulator, since: int = 0) -> list[str]:
    return [f"{entry['method']} {entry['path']}" for entry in emulator.requests(since)]


@pytest.fixture(autouse=True)
def project(emulator: ThreadedEmulator, fresh: None) -> None:
    """Two tenants and two permissions beside what every project here begins with (Tenant Admin, Reader, Writer)."""
    for tenant in ("acme", "other"):
        emulator.edit("create_tenant", tenant={"id": tenant, "name": tenant.capitalize()})
    for permission in ("Read", "Write"):
        emulator.edit("add_permission", name=permission)


def test_report_and_diff(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("add_role", name="Drifted", permissionNames=["Write"], description="Old", default=True, private=True)
    emulator.edit("add_role", name="Auditor", tenantId="acme", permissionNames=["Read"])
    emulator.edit("add_role", name="Local", tenantId="other")
    result = run(
        "descope_roles",
        roles=[
            {"name": "Editor", "permissions": ["Write", "Read"], "default": True},
            {"name": "Drifted", "permissions": ["Read"], "default": False},
            {"name": "Reader", "permissions": [], "description": ""},
            {"name": "Auditor", "tenant_id": "acme", "state": "absent"},
            {"name": "Editor", "tenant_id": "acme", "private": True},
        ],
    )
    assert not result["failed"], result["msg"]
    assert [(row["tenant_id"], row["name"], row["status"], row["changes"]) for row in result["roles"]] == [
        ("", "Editor", "created", ["default", "name", "permissions"]),
        ("", "Drifted", "updated", ["default", "permissions"]),
        ("", "Reader", "unchanged", []),
        ("acme", "Auditor", "deleted", ["name", "permissions", "tenant_id"]),
        ("acme", "Editor", "created", ["name", "private", "tenant_id"]),
    ]
    assert result["msg"] == "2 created, 1 updated, 1 deleted, 1 unchanged"
    assert result["unmanaged"] == ["Writer", "other/Local"]
    assert yaml.safe_load(result["diff"]["before"]) == {
        "Drifted": {"permissions": ["Write"], "default": True},
        "acme/Auditor": {"name": "Auditor", "tenant_id": "acme", "permissions": ["Read"]},
    }
    assert yaml.safe_load(result["diff"]["after"]) == {
        "Drifted": {"permissions": ["Read"], "default": False},
        "Editor": {"name": "Editor", "permissions": ["Read", "Write"], "default": True},
        "acme/Editor": {"name": "Editor", "tenant_id": "acme", "private": True},
    }
    drifted = live(emulator)["Drifted"]
    assert (drifted["description"], drifted["private"]) == ("Old", True)  # not given, and an update clears
    assert (drifted["permissionNames"], drifted["default"]) == (["Read"], False)


def test_one_list_request_when_nothing_changes(emulator: ThreadedEmulator, run: Run) -> None:
    names = [f"role {n}" for n in range(100)]
    for name in names:
        emulator.edit("add_role", name=name, permissionNames=["Read", "Write"])
    result = run("descope_roles", roles=[{"name": name, "permissions": ["Write", "Read"]} for name in names])
    assert (result["msg"], result["changed"]) == ("100 unchanged", False)
    assert paths(emulator) == ["GET /v1/mgmt/license", "GET /v1/mgmt/role/all"]


def test_the_requests_of_a_run_that_changes_something(emulator: ThreadedEmulator, run: Run) -> None:
    full = {"permissions": ["Read"], "description": "", "default": False, "private": False}
    run("descope_roles", roles=[{"name": "Reader", **full}, {"name": "New", "permissions": ["Write"]}])
    assert paths(emulator) == [
        "GET /v1/mgmt/license",
        "GET /v1/mgmt/role/all",
        "GET /v1/mgmt/permission/all",
        "POST /v1/mgmt/role/create",
        "POST /v1/mgmt/role/update",
        "GET /v1/mgmt/role/all",
    ]


def test_empty_values_clear(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("add_role", name="Editor", permissionNames=["Write"], description="Old", default=True, private=True)
    option = {"name": "Editor", "permissions": [], "description": "", "default": False, "private": False}
    assert run("descope_roles", roles=[option])["roles"][0]["changes"] == [
        "default",
        "description",
        "permissions",
        "private",
    ]
    role = live(emulator)["Editor"]
    assert [role[name] for name in ("permissionNames", "description", "default", "private")] == [[], "", False, False]


def test_the_order_of_permissions_does_not_matter(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("add_role", name="Editor", permissionNames=["Read", "Write"])
    assert not run("descope_roles", roles=[{"name": "Editor", "permissions": ["Write", "Read", "Write"]}])["changed"]


@pytest.mark.parametrize("how", ["refuse", "drop"])
@pytest.mark.parametrize("check", [True, False])
def test_an_unknown_permission_is_told_before_anything_is_written(
    check: bool, how: str, emulator: ThreadedEmulator, run: Run
) -> None:
    emulator.switches(unknown_permission=how)
    result = run(
        "descope_roles",
        check=check,
        roles=[
            {"name": "New"},
            {"name": "Editor", "permissions": ["Read", "Wriet"], "source": "a.yml"},
            {"name": "Guest", "permissions": ["Raed"]},
        ],
    )
    assert result["error_code"] == "invalid_input"
    assert [(problem["where"], problem["field"]) for problem in result["problems"]] == [
        ("roles[1] 'Editor' (from a.yml)", "permissions"),
        ("roles[2] 'Guest'", "permissions"),
    ]
    assert "'Wriet'" in result["msg"]
    assert "take one of Impersonate, Read, SSO Admin, User Admin, Write." in result["msg"]
    assert emulator.writes() == []
    emulator.edit("add_permission", name="Wriet")
    emulator.edit("add_permission", name="Raed")
    roles = [{"name": "Editor", "permissions": ["Read", "Wriet"]}, {"name": "Guest", "permissions": ["Raed"]}]
    assert run("descope_roles", check=check, roles=roles)["msg"] == "2 created"


def test_permissions_that_are_made_before_are_expected_in_check_mode_only(emulator: ThreadedEmulator, run: Run) -> None:
    options: dict[str, Any] = {
        "roles": [{"name": "Editor", "permissions": ["Print", "Read"]}],
        "expected_permissions": ["Print"],
    }
    preview = run("descope_roles", check=True, **options)
    assert preview["msg"] == "1 created"
    real = run("descope_roles", **options)
    assert real["error_code"] == "invalid_input"
    run("descope_permissions", permissions=[{"name": "Print"}])
    assert run("descope_roles", **options)["diff"] == preview["diff"]
    assert live(emulator)["Editor"]["permissionNames"] == ["Print", "Read"]


def test_pruning_spares_tenant_admin_and_other_tenants(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("add_role", name="Auditor", tenantId="acme")
    emulator.edit("add_role", name="Extra", tenantId="acme")
    emulator.edit("add_role", name="Local", tenantId="other")
    options: dict[str, Any] = {"prune": True, "max_delete_percent": 100}
    result = run("descope_roles", roles=[{"name": "Reader"}, {"name": "Auditor", "tenant_id": "acme"}], **options)
    assert result["msg"] == "2 deleted, 2 unchanged"
    assert [(row["tenant_id"], row["name"]) for row in result["roles"][2:]] == [("", "Writer"), ("acme", "Extra")]
    assert result["unmanaged"] == ["other/Local"]
    assert sorted(live(emulator)) == ["Reader", "Tenant Admin", "acme/Auditor", "other/Local"]
    result = run("descope_roles", roles=[], allow_empty=True, **options)
    assert result["msg"] == "1 deleted"
    assert result["unmanaged"] == ["acme/Auditor", "other/Local"]
    assert sorted(live(emulator)) == ["Tenant Admin", "acme/Auditor", "other/Local"]


def test_tenant_admin_can_be_listed(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_roles", roles=[{"name": "Tenant Admin", "permissions": ["User Admin"]}])
    assert result["msg"] == "1 updated"
    assert run("descope_roles", roles=[{"name": "Tenant Admin", "state": "absent"}])["msg"] == "1 deleted"
    assert "Tenant Admin" not in live(emulator)


@pytest.mark.parametrize("check", [True, False])
def test_pruning_is_limited(check: bool, emulator: ThreadedEmulator, run: Run) -> None:
    for n in range(17):
        emulator.edit("add_role", name=f"r{n:02}")
    keep = [{"name": f"r{n:02}"} for n in range(8)]
    refused = run("descope_roles", check=check, roles=keep, prune=True)
    assert refused["error_code"] == "too_many_deletions"
    assert "11 would be deleted, more than max_deletes (5) allows: Reader, Writer, r08" in refused["msg"]
    by_share = run("descope_roles", check=check, roles=keep, prune=True, max_deletes=100)
    assert "11 of 20 would be deleted, more than max_delete_percent (10 %, here 2)" in by_share["msg"]
    assert "would delete every role" in run("descope_roles", check=check, roles=[], prune=True)["msg"]
    assert emulator.writes() == []


def test_the_batch_calls_are_never_used(emulator: ThreadedEmulator, run: Run) -> None:
    roles = [{"name": name, "state": "absent"} for name in ("Reader", "Writer")]
    run("descope_roles", roles=roles, max_delete_percent=100)
    assert paths(emulator).count("POST /v1/mgmt/role/delete") == 2
    assert not any("batch" in path for path in paths(emulator))


def test_all_problems_of_the_list_at_once(emulator: ThreadedEmulator, run: Run) -> None:
    result = run(
        "descope_roles",
        roles=[
            {"name": "Editor"},
            {"name": "Editor", "permissions": [""]},
            {"name": "Editor", "tenant_id": "acme"},
            {"name": " x", "tenant_id": "a/b"},
        ],
    )
    assert [(problem["where"], problem["field"]) for problem in result["problems"]] == [
        ("roles[1] 'Editor'", "permissions"),
        ("roles[3] 'a/b/ x'", "name"),
        ("roles[3] 'a/b/ x'", "tenant_id"),
        ("roles[1] 'Editor'", "name"),
    ]
    assert emulator.requests() == []


def test_a_role_of_a_tenant_that_does_not_exist(emulator: ThreadedEmulator, run: Run) -> None:
    for status in (404, 400):
        emulator.switches(tenant_not_found_status=status)
        result = run("descope_roles", roles=[{"name": "Auditor", "tenant_id": "nope"}, {"name": "Editor"}])
        assert result["failed"]
        assert result["roles"][0]["status"] == "failed"
        assert "Create the tenant 'nope' first" in result["msg"]


def test_names_with_a_slash(emulator: ThreadedEmulator, run: Run) -> None:
    roles = [{"name": "acme/Editor", "private": True}, {"name": "Editor", "tenant_id": "acme", "private": False}]
    result = run("descope_roles", roles=roles)
    assert [(row["tenant_id"], row["name"]) for row in result["roles"]] == [("", "acme/Editor"), ("acme", "Editor")]
    assert not run("descope_roles", roles=roles)["changed"]


def test_a_broken_verification_fails_the_task_and_keeps_changed(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"path": "*/role/all"}, "from": 2, "do": {"kind": "status", "status": 500}}])
    result = run("descope_roles", roles=[{"name": "Editor"}], retries=1)
    assert result["failed"]
    assert result["changed"]
    assert "could not be read back" in result["msg"]
    assert "Editor" in live(emulator)


@pytest.mark.parametrize("what", ["forbidden", "empty", "short"])
def test_a_wrong_list_does_no_harm(what: str, emulator: ThreadedEmulator, run: Run) -> None:
    before = live(emulator)
    emulator.reads(what)
    result = run("descope_roles", roles=[{"name": name} for name in ("Reader", "Writer", "Tenant Admin")], prune=True)
    assert result["failed"]
    assert not result["changed"]
    assert live(emulator) == before
