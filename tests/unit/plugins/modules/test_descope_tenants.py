# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from ansible_collections.pcc.identity.plugins.module_utils._client import Session
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService
from emulator.testing import PROJECT_ID, ThreadedEmulator

from .conftest import Run


def live(emulator: ThreadedEmulator) -> dict[str, Any]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]


def paths(emulator: ThreadedEmulator, since: int = 0) -> list[str]:
    return [f"{entry['method']} {entry['path']}" for entry in emulator.requests(since)]


def test_one_list_request_when_nothing_changes(emulator: ThreadedEmulator, run: Run) -> None:
    wanted = [{"id": f"tenant-{n}", "name": f"Tenant {n}", "default_roles": ["Reader"]} for n in range(1000)]
    emulator.edit(
        "create_tenants", tenants=[{"id": t["id"], "name": t["name"], "defaultRoles": ["Reader"]} for t in wanted]
    )
    result = run("descope_tenants", tenants=wanted)
    assert not result["changed"]
    assert result["msg"] == "1000 unchanged"
    assert paths(emulator) == ["GET /v1/mgmt/license", "GET /v1/mgmt/tenant/all"]
    assert result["diff"]["before"] == result["diff"]["after"] == ""


def test_one_write_per_changed_tenant_and_one_verification(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": f"tenant-{n}", "name": f"Tenant {n}"} for n in range(50)])
    wanted = [{"id": f"tenant-{n}", "name": f"Renamed {n}", "disabled": True} for n in range(40)]
    result = run("descope_tenants", tenants=wanted)
    assert result["summary"]["updated"] == 40
    assert len(result["unmanaged"]) == 10
    assert sorted(paths(emulator)) == sorted(
        ["GET /v1/mgmt/license"] + ["GET /v1/mgmt/tenant/all"] * 2 + ["PATCH /v1/mgmt/tenant/patch"] * 40
    )


def test_report_and_diff(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit(
        "create_tenants",
        tenants=[
            {"id": "kept", "name": "Kept"},
            {"id": "renamed", "name": "Old"},
            {"id": "gone", "name": "Gone"},
            {"id": "other", "name": "Other"},
        ],
    )
    result = run(
        "descope_tenants",
        tenants=[
            {"id": "new", "name": "New"},
            {"id": "kept", "name": "Kept"},
            {"id": "renamed", "name": "Renamed"},
            {"id": "gone", "state": "absent"},
            {"id": "never", "state": "absent"},
        ],
        max_delete_percent=100,
    )
    assert [(row["id"], row["status"], row["changes"]) for row in result["tenants"]] == [
        ("new", "created", ["name"]),
        ("kept", "unchanged", []),
        ("renamed", "updated", ["name"]),
        ("gone", "deleted", result["tenants"][3]["changes"]),
        ("never", "unchanged", []),
    ]
    assert result["msg"] == "1 created, 1 updated, 1 deleted, 2 unchanged"
    assert result["unmanaged"] == ["other"]
    assert yaml.safe_load(result["diff"]["before"]) == {
        "gone": {"name": "Gone"},
        "renamed": {"name": "Old"},
    }
    assert yaml.safe_load(result["diff"]["after"]) == {"new": {"name": "New"}, "renamed": {"name": "Renamed"}}


def test_parents_first_and_children_deleted_first(emulator: ThreadedEmulator, run: Run) -> None:
    family = [
        {"id": "leaf", "name": "Leaf", "parent": "branch"},
        {"id": "branch", "name": "Branch", "parent": "root"},
        {"id": "root", "name": "Root"},
    ]
    assert run("descope_tenants", tenants=family)["msg"] == "3 created"
    result = run(
        "descope_tenants",
        tenants=[{"id": t["id"], "state": "absent"} for t in reversed(family)],
        max_delete_percent=100,
    )
    assert result["msg"] == "3 deleted"
    assert live(emulator) == {}


@pytest.mark.parametrize("check", [True, False])
def test_prune_is_limited(check: bool, emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": f"tenant-{n:02}", "name": f"Tenant {n}"} for n in range(30)])
    keep = [{"id": f"tenant-{n:02}"} for n in range(20)]
    refused = run("descope_tenants", check=check, tenants=keep, prune=True)
    assert refused["failed"]
    assert refused["error_code"] == "too_many_deletions"
    assert "10 would be deleted, more than max_deletes (5) allows: tenant-20 (Tenant 20)" in refused["msg"]
    assert refused["summary"]["skipped"] == 10
    assert refused["summary"]["deleted"] == 0
    assert not refused["changed"]
    by_share = run("descope_tenants", check=check, tenants=keep, prune=True, max_deletes=100)
    assert "10 of 30 would be deleted, more than max_delete_percent (10 %, here 3)" in by_share["msg"]
    empty = run("descope_tenants", check=check, tenants=[], prune=True)
    assert "allow_empty: true" in empty["msg"]
    assert emulator.writes() == []
    allowed = run("descope_tenants", check=check, tenants=keep, prune=True, max_deletes=10, max_delete_percent=34)
    assert allowed["msg"] == "10 deleted, 20 unchanged"
    assert len(live(emulator)) == (30 if check else 20)


def test_an_empty_list_may_be_meant(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": "one-tenant", "name": "One"}, {"id": "two-tenant", "name": "Two"}])
    assert run("descope_tenants", tenants=[])["unmanaged"] == ["one-tenant", "two-tenant"]
    result = run("descope_tenants", tenants=[], prune=True, allow_empty=True, max_delete_percent=100)
    assert result["msg"] == "2 deleted"


def test_all_problems_at_once_each_with_its_source(emulator: ThreadedEmulator, run: Run) -> None:
    result = run(
        "descope_tenants",
        tenants=[
            {"id": "acme", "name": "Acme", "source": "group_vars/acme.yml"},
            {"id": "acme", "name": "Other", "source": "group_vars/dev.yml"},
            {"id": "globex", "name": "Acme", "self_provisioning_domains": ["bad domain.example"]},
            {"id": "left", "name": "Left", "parent": "right"},
            {"id": "right", "name": "Right", "parent": "left"},
        ],
    )
    assert result["failed"]
    assert [(p["where"], p["field"]) for p in result["problems"]] == [
        ("tenants[2] 'globex'", "self_provisioning_domains"),
        ("tenants[1] 'acme' (from group_vars/dev.yml)", "id"),
        ("tenants[2] 'globex'", "name"),
        ("tenants[3] 'left'", "parent"),
    ]
    assert "tenants[0] 'acme' (from group_vars/acme.yml)" in result["problems"][1]["message"]
    assert emulator.requests() == []


def test_an_entry_by_id_and_one_by_name_may_not_mean_the_same_tenant(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    result = run("descope_tenants", tenants=[{"id": "acme", "disabled": True}, {"name": "Acme", "state": "absent"}])
    assert result["failed"]
    assert "'acme' (Acme) is also meant by tenants[0] 'acme'" in result["msg"]
    assert emulator.writes() == []


def test_unknown_keys_name_the_tenant(emulator: ThreadedEmulator, run: Run) -> None:
    result = run(
        "descope_tenants",
        tenants=[{"id": "acme", "nmae": "Acme"}, {"id": "globex", "name": "G", "disabled": "maybe"}, "text"],
    )
    messages = [str(problem) for problem in result["problems"]]
    assert len(messages) == 3  # and nothing about options that were not given
    assert any("tenants[0] 'acme'" in text and "did you mean 'name'" in text for text in messages)
    assert any("tenants[1] 'globex'" in text and "disabled" in text for text in messages)
    assert any("tenants[2]" in text and "'text' is not a dictionary" in text for text in messages)
    assert emulator.requests() == []


def test_typos_at_both_levels_are_told(emulator: ThreadedEmulator, run: Run) -> None:
    tenant = {"id": "acme", "name": "Acme", "domian": ["a.example"], "settings": {"session_token_expirations": 3}}
    result = run("descope_tenants", tenants=[tenant])
    assert [(problem["where"], problem["field"]) for problem in result["problems"]] == [
        ("tenants[0] 'acme'", "domian"),
        ("tenants[0] 'acme'", "settings.session_token_expirations"),
    ]
    result = run("descope_tenants", tenants={"acme": {"name": "Acme"}})
    assert result["problems"] == [{"where": "", "field": "tenants", "message": result["problems"][0]["message"]}]
    assert "is not a list" in result["msg"]


def test_a_partly_dropped_field_is_told_as_changed(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme", "customAttributes": {"plan": "x"}})
    emulator.switches(undeclared_attribute="drop")
    result = run("descope_tenants", tenants=[{"id": "acme", "custom_attributes": {"plan": "new", "nope": 1}}])
    assert result["failed"]
    assert result["changed"]
    assert result["tenants"][0]["changes"] == ["custom_attributes"]
    assert yaml.safe_load(result["diff"]["after"]) == {"acme": {"custom_attributes": {"plan": "new"}}}


def test_inherited_password_settings_are_held(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit(
        "create_tenants", tenants=[{"id": "top", "name": "Top"}, {"id": "sub", "name": "Sub", "parent": "top"}]
    )
    emulator.edit("set_password_settings", id="top", settings={"enabled": False})
    wanted = [
        {"id": "top", "password_settings": {"enabled": True}},
        {"id": "sub", "password_settings": {"enabled": False}},
    ]
    preview = run("descope_tenants", check=True, tenants=wanted)
    first = run("descope_tenants", tenants=wanted)
    assert first["msg"] == preview["msg"] == "2 updated"
    assert first["diff"] == preview["diff"]
    assert run("descope_tenants", tenants=wanted)["msg"] == "2 unchanged"
    assert live(emulator)["sub"]["passwordSettings"]["enabled"] is False


def test_one_kind_of_write_that_is_forbidden_does_not_stop_the_others(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"path": "*/updateDefaultRoles"}, "do": {"status": 403}}])
    wanted = [{"id": f"tenant-{n}", "name": f"Tenant {n}"} for n in range(5)]
    result = run("descope_tenants", tenants=[{**wanted[0], "default_roles": ["Reader"]}, *wanted[1:]], concurrency=1)
    assert result["summary"] == {**dict.fromkeys(result["summary"], 0), "created": 4, "failed": 1}


def test_an_edit_made_after_the_plan_is_not_undone(
    emulator: ThreadedEmulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme", "customAttributes": {"plan": "x", "seats": 1}})
    original = TenantService.write

    def write_later(service: TenantService, change: Any) -> Any:
        emulator.edit(
            "update_tenant", id="acme", tenant={"selfProvisioningDomains": ["late.example"], "enforceSSO": True}
        )
        return original(service, change)

    monkeypatch.setattr(TenantService, "write", write_later)
    assert not run("descope_tenants", tenants=[{"id": "acme", "custom_attributes": {"plan": "x"}}])["failed"]
    assert live(emulator)["acme"]["selfProvisioningDomains"] == ["late.example"]
    assert live(emulator)["acme"]["enforceSSO"] is True


@pytest.mark.parametrize("when", ["write", "verify"])
def test_a_store_that_is_lost_under_way_keeps_the_report(
    when: str, emulator: ThreadedEmulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Session._send

    def send(session: Session, method: str, uri: str, **options: Any) -> Any:
        lists = [entry for entry in emulator.requests() if entry["path"].endswith("/all")]
        if (uri.endswith("/all") and lists and when == "verify") or (emulator.writes() and when == "write"):
            raise IdentityError("rate_limit_backend", "The store is gone.", "Make it writable.")
        return original(session, method, uri, **options)

    monkeypatch.setattr(Session, "_send", send)
    wanted = [{"id": f"tenant-{n}", "name": f"Tenant {n}"} for n in range(4)]
    result = run("descope_tenants", tenants=wanted, concurrency=1)
    assert result["failed"]
    assert result["changed"]
    assert result["summary"]["created"] == len(live(emulator)) == (4 if when == "verify" else 1)


def test_a_reply_of_another_shape_fails_one_tenant_only(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults(
        [{"match": {"path": "*/tenant/create"}, "nth": 2, "do": {"status": 200, "body": [], "when": "after"}}]
    )
    result = run("descope_tenants", tenants=[{"name": f"Name {n}"} for n in range(3)], concurrency=1)
    assert result["msg"] == "3 created"
    assert len(live(emulator)) == 3


def test_a_programming_error_in_one_write_keeps_the_account_of_the_others(
    emulator: ThreadedEmulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TenantService._create

    def create(service: TenantService, change: Any, outcome: Any) -> None:
        if change.key == "tenant-1":
            raise ZeroDivisionError("oops")
        original(service, change, outcome)

    monkeypatch.setattr(TenantService, "_create", create)
    result = run("descope_tenants", tenants=[{"id": f"tenant-{n}", "name": f"Tenant {n}"} for n in range(3)])
    assert [row["status"] for row in result["tenants"]] == ["created", "failed", "created"]
    assert "ZeroDivisionError: oops" in result["tenants"][1]["error"]
    assert result["failed"]
    assert result["changed"]


@pytest.mark.parametrize("scheme", ["redis", "Redis"])
def test_a_password_in_the_address_of_redis_is_not_shown(scheme: str, run: Run) -> None:
    result = run("descope_tenants", tenants=[], rate_limit_backend=f"{scheme}://:s3cretpw@127.0.0.1:9/0")
    assert result["failed"]
    assert "s3cretpw" not in str(result)


def test_on_error_stop_leaves_the_rest_alone(emulator: ThreadedEmulator, run: Run) -> None:
    wanted = [{"id": f"tenant-{n}", "name": f"Tenant {n}"} for n in range(6)]
    emulator.faults([{"match": {"path": "*/create"}, "nth": 2, "do": {"status": 400}}])
    stopped = run("descope_tenants", tenants=wanted, on_error="stop", concurrency=1)
    assert stopped["msg"].splitlines()[0] == "1 created, 4 skipped, 1 failed"
    assert stopped["changed"]
    assert stopped["failed"]
    assert "because 'tenant-1' failed" in stopped["tenants"][5]["error"]
    assert yaml.safe_load(stopped["diff"]["after"]) == {"tenant-0": {"name": "Tenant 0"}}
    assert run("descope_tenants", tenants=wanted)["msg"] == "5 created, 1 unchanged"


def test_children_of_a_failed_parent_are_skipped(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"path": "*/create"}, "nth": 1, "do": {"status": 400}}])
    result = run(
        "descope_tenants", tenants=[{"id": "root", "name": "R"}, {"id": "leaf", "name": "L", "parent": "root"}]
    )
    assert [row["status"] for row in result["tenants"]] == ["failed", "skipped"]
    assert not result["changed"]
    assert "needs 'root'" in result["tenants"][1]["error"]


def test_a_hopeless_failure_stops_even_when_told_to_continue(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"kind": "write"}, "do": {"status": 401}}])
    wanted = [{"id": f"tenant-{n:02}", "name": f"Tenant {n}"} for n in range(30)]
    result = run("descope_tenants", tenants=wanted, concurrency=2)
    assert result["error_code"] == "unauthorized"
    assert result["summary"]["skipped"] >= 26
    assert "Management keys are made in the Descope console" in result["msg"]


def test_the_order_of_the_list_does_not_matter(emulator: ThreadedEmulator, run: Run) -> None:
    wanted = [{"id": f"tenant-{n:02}", "name": f"Tenant {n}"} for n in range(12)]
    first = run("descope_tenants", check=True, tenants=wanted)
    random.Random(7).shuffle(wanted)
    assert run("descope_tenants", check=True, tenants=wanted)["diff"] == first["diff"]


def test_a_tight_limit_of_the_service_is_obeyed(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.settings(rate_limit="10/1")
    wanted = [{"id": f"tenant-{n:02}", "name": f"Tenant {n}"} for n in range(25)]
    result = run("descope_tenants", tenants=wanted)
    assert result["msg"] == "25 created"
    assert len(live(emulator)) == 25
    assert result["requests"]["retries"] > 0
    emulator.settings(rate_limit=None)


def test_default_roles_that_are_the_own_roles_of_a_new_tenant(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("add_permission", name="Read")
    wanted: list[dict[str, Any]] = [
        {"id": "own", "name": "Own", "default_roles": ["Local"]},
        {"id": "none", "name": "None"},
        {"id": "gone", "state": "absent"},
    ]
    roles = [{"name": "Local", "tenant_id": "own", "permissions": ["Read"]}]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("descope_tenants", {"tenants": [{"id": "own", "name": "Own"}, *wanted[1:]]}),
        ("descope_roles", {"roles": roles, "scope": "tenants"}),
        ("descope_tenants", {"tenants": wanted, "default_roles_only": True}),
    ]
    previews = [run(module, check=True, **options) for module, options in steps]
    results = [run(module, **options) for module, options in steps]
    for preview, result in zip(previews, results, strict=True):
        assert not result["failed"], result["msg"]
        assert (preview["diff"], preview["planned"]) == (result["diff"], result["planned"])
    assert results[0]["planned"] == ["created none", "created own"]
    assert "default_roles" not in results[0]["diff"]["after"]
    assert results[2]["planned"] == ["updated own"]
    assert results[2]["tenants"] == [
        {"id": "own", "name": "Own", "status": "updated", "changes": ["default_roles"], "error": None}
    ]
    assert not any(run(module, **options)["changed"] for module, options in steps)
    result = run("descope_tenants", tenants=[{"id": "nowhere", "default_roles": ["Local"]}], default_roles_only=True)
    assert result["failed"]
    assert "no tenant 'nowhere' exists yet" in result["msg"]


def test_default_roles_of_a_tenant_without_an_id(run: Run) -> None:
    wanted = [{"name": "Made", "default_roles": ["Reader"]}]
    preview = run("descope_tenants", check=True, tenants=wanted, default_roles_only=True)
    assert preview["tenants"][0]["changes"] == ["default_roles"]
    assert run("descope_tenants", tenants=[{"name": "Made"}])["tenants"][0]["status"] == "created"
    result = run("descope_tenants", tenants=wanted, default_roles_only=True)
    assert (result["changed"], result["tenants"][0]["changes"]) == (True, ["default_roles"])
