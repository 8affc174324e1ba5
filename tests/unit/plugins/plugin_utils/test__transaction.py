# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUSES, one_line
from ansible_collections.pcc.identity.plugins.module_utils._report import NAMED
from ansible_collections.pcc.identity.plugins.plugin_utils._transaction import account_of, plan_of

#: The steps of the role, in its order, and where their rows are.
STEPS = {
    "permissions": "permissions",
    "roles": "roles",
    "tenants": "tenants",
    "roles of tenants": "roles",
    "default roles of tenants": "tenants",
    "theme": "",
    "flows": "flows",
    "roles to delete": "roles",
    "permissions to delete": "permissions",
}
CHANGED = ("created", "updated", "deleted")
#: What a registered task has that was left out.
LEFT_OUT: dict[str, Any] = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}


def rows(plural: str, **counts: int) -> list[dict[str, Any]]:
    """Rows of a result: ``created=2`` makes two that were created. Roles and permissions go by their names."""
    made = []
    for status, count in counts.items():
        for number in range(count):
            key = f"{status}-{number}"
            row = {"name": key.upper(), "status": status, "changes": [], "error": None}
            if plural in ("tenants", "flows"):
                row["id"] = key
            else:
                row["name"] = key
            if plural == "roles":
                row["tenant_id"] = ""
            made.append(row)
    return made


def result(plural: str, *, reads: int = 1, writes: int = 0, **counts: int) -> dict[str, Any]:
    """What a module over a list returns."""
    summary = {status: counts.get(status, 0) for status in STATUSES}
    return {
        "changed": any(counts.get(status) for status in CHANGED),
        "msg": one_line(summary),
        "summary": summary,
        plural: rows(plural, **counts),
        "requests": {"reads": reads, "writes": writes, "retries": 0, "waited_seconds": 0.0},
    }


def theme(*changes: str, writes: int = 0) -> dict[str, Any]:
    """What the module for the theme returns."""
    said = "updated" if changes else "unchanged"
    requests = {"reads": 1, "writes": writes}
    return {"changed": bool(changes), "msg": f"theme: {said}", "changes": list(changes), "requests": requests}


def real(planned: dict[str, Any], *, backup: str = "", **more: Any) -> dict[str, Any]:
    """What a module returns for real where the plan was carried out."""
    saved = {"backup_file": backup, "rollback": f"ansible-playbook -e descope_backup_file={backup}"} if backup else {}
    return {**planned, "requests": {"reads": 2, "writes": 3}, **saved, **more}


# -- the plan ----------------------------------------------------------------------------------------------------------


def test_nothing_to_do() -> None:
    results = {"permissions": LEFT_OUT, "tenants": result("tenants", unchanged=3), "theme": theme(), "flows": {}}
    assert plan_of(results, max_changes=0, max_deletes=0) == {
        "steps": [],
        "changes": 0,
        "deletions": 0,
        "destroys": [],
        "refusals": [],
    }


def test_all_kinds_are_counted_together() -> None:
    plan = plan_of(
        {
            "permissions": result("permissions", created=2),
            "roles": result("roles", unchanged=4),
            "tenants": result("tenants", created=1, updated=1, deleted=1, unchanged=7),
            "theme": theme("styles.dark", "styles.light"),
            "flows": result("flows", updated=1, deleted=1),
            "roles to delete": result("roles", deleted=1),
        }
    )
    assert plan["steps"] == ["permissions", "tenants", "theme", "flows", "roles to delete"]
    # The theme is one object, however much of it changes.
    assert (plan["changes"], plan["deletions"]) == (9, 3)
    assert plan["destroys"] == ["tenant 'deleted-0' (DELETED-0)", "flow 'deleted-0' (DELETED-0)", "role 'deleted-0'"]
    assert plan["refusals"] == []


@pytest.mark.parametrize(
    ("plural", "row", "line"),
    [
        ("tenants", {"id": "t1", "name": "One", "cascade": False}, "tenant 't1' (One)"),
        ("tenants", {"id": "t1", "name": "t1", "cascade": False}, "tenant 't1'"),
        ("tenants", {"id": "t1", "name": "", "cascade": False}, "tenant 't1'"),
        ("tenants", {"id": "t1", "name": "One", "cascade": True}, "tenant 't1' (One), with its users and access keys"),
        ("roles", {"name": "Editor", "tenant_id": ""}, "role 'Editor'"),
        ("roles", {"name": "Editor", "tenant_id": "t1"}, "role 'Editor' of tenant 't1'"),
        ("permissions", {"name": "Read"}, "permission 'Read'"),
        ("flows", {"id": "login", "name": None}, "flow 'login'"),
        ("flows", {"id": "login", "name": "Log in"}, "flow 'login' (Log in)"),
    ],
)
def test_what_is_lost_is_named(plural: str, row: dict[str, Any], line: str) -> None:
    step = {**result(plural), plural: [{**row, "status": "deleted"}]}
    assert plan_of({"step": step})["destroys"] == [line]


@pytest.mark.parametrize(
    ("max_changes", "max_deletes", "refused"),
    [
        (None, None, []),
        (6, 3, []),
        (5, 3, ["descope_max_changes"]),
        (6, 2, ["descope_max_deletes"]),
        (5, 2, ["descope_max_changes", "descope_max_deletes"]),
        (0, 0, ["descope_max_changes", "descope_max_deletes"]),
        (None, 0, ["descope_max_deletes"]),
        (0, None, ["descope_max_changes"]),
        (1000, 1000, []),
    ],
)
def test_limits(max_changes: int | None, max_deletes: int | None, refused: list[str]) -> None:
    results = {
        "tenants": result("tenants", created=3, deleted=1),
        "roles to delete": result("roles", deleted=1),
        "permissions to delete": result("permissions", deleted=1),
    }
    refusals = plan_of(results, max_changes=max_changes, max_deletes=max_deletes)["refusals"]
    assert [text.split(" (")[0].split("more than ")[1] for text in refusals] == refused


def test_refusals_say_what_there_is_too_much_of() -> None:
    results = {"tenants": result("tenants", created=2), "roles to delete": result("roles", deleted=NAMED + 2)}
    changes, deletes = plan_of(results, max_changes=3, max_deletes=4)["refusals"]
    assert changes == (
        f"{NAMED + 4} objects would change, more than descope_max_changes (3) allows: "
        f"2 in tenants, {NAMED + 2} in roles to delete."
    )
    assert deletes.startswith(f"{NAMED + 2} objects would be deleted, more than descope_max_deletes (4) allows: role '")
    assert deletes.endswith(" and 2 more.")


def test_what_a_module_has_refused_is_no_change() -> None:
    refused = {**result("tenants", skipped=3, failed=1), "failed": True}
    assert plan_of({"tenants": refused}, max_changes=0)["refusals"] == []


COUNTS = st.dictionaries(st.sampled_from(STATUSES), st.integers(0, 4))


@st.composite
def plans(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Results in check mode; any of the steps may have been left out."""
    results = {}
    for name, plural in STEPS.items():
        if draw(st.booleans()):
            results[name] = LEFT_OUT
        elif plural:
            results[name] = result(plural, **draw(COUNTS))
        else:
            results[name] = theme(*draw(st.lists(st.sampled_from(("a", "b", "c")), unique=True)))
    return results


LIMIT = st.none() | st.integers(0, 60)


@given(plans(), LIMIT, LIMIT)
def test_a_plan_always(results: dict[str, dict[str, Any]], max_changes: int | None, max_deletes: int | None) -> None:
    plan = plan_of(results, max_changes=max_changes, max_deletes=max_deletes)
    counted = {
        name: sum(each["summary"][status] for status in CHANGED) if "summary" in each else int(each["changed"])
        for name, each in results.items()
    }
    assert plan["changes"] == sum(counted.values())
    assert plan["steps"] == [name for name in STEPS if counted[name]]
    assert plan["deletions"] == len(plan["destroys"])
    assert plan["deletions"] == sum(each.get("summary", {}).get("deleted", 0) for each in results.values())
    assert plan["deletions"] <= plan["changes"]
    too_many_changes = max_changes is not None and plan["changes"] > max_changes
    too_many_deletes = max_deletes is not None and plan["deletions"] > max_deletes
    assert len(plan["refusals"]) == too_many_changes + too_many_deletes
    # The plan is the same, whatever is allowed.
    assert {**plan, "refusals": []} == plan_of(results)


# -- the account -------------------------------------------------------------------------------------------------------


def test_a_preview_tells_the_plan() -> None:
    plan = {"tenants": result("tenants", created=2, reads=3), "theme": theme(), "flows": LEFT_OUT}
    assert account_of(plan, {}) == {
        "lines": ["tenants: 2 created", "theme: unchanged"],
        "failed": [],
        "left": [],
        "backups": [],
        "created": False,
        "requests": 4,
        "unmanaged": [],
    }


def test_a_run_that_did_all() -> None:
    plan = {
        "permissions": result("permissions", unchanged=1),
        "tenants": result("tenants", created=1, updated=2),
        "theme": theme("styles"),
        "roles to delete": result("roles", unchanged=1),
        "permissions to delete": result("permissions", deleted=1),
    }
    results = {
        **dict.fromkeys(plan, LEFT_OUT),
        "tenants": real(plan["tenants"], backup="/b/tenants.json", unmanaged=["x"]),
        "theme": real(plan["theme"], backup="/b/theme.json"),
        "permissions to delete": real(plan["permissions to delete"], backup="/b/permissions.json"),
    }
    assert account_of(plan, results) == {
        # Nothing is said of deletions where there are none to make.
        "lines": [
            "permissions: 1 unchanged",
            "tenants: 1 created, 2 updated",
            "theme: updated",
            "permissions to delete: 1 deleted",
        ],
        "failed": [],
        "left": [],
        "backups": ["/b/tenants.json", "/b/theme.json", "/b/permissions.json"],
        "created": True,
        "requests": 5 * 1 + 3 * 5,
        "unmanaged": ["x"],
    }


def begun(plan: dict[str, dict[str, Any]], done: list[str], failed: str = "") -> dict[str, dict[str, Any]]:
    """The results of a run that did some steps and failed at one: those after it are as they were planned."""
    results = dict(plan)
    for name in done:
        results[name] = real(plan[name], backup=f"/b/{name}.json")
    if failed:
        results[failed] = real(plan[failed], failed=True, msg="1 created, 1 failed\n- 'x': HTTP 400")
    return results


def test_a_run_that_failed_in_the_middle() -> None:
    plan = {
        "permissions": result("permissions", created=1),
        "roles": result("roles", created=2),
        "tenants": result("tenants", unchanged=1),
        "flows": result("flows", updated=1),
    }
    account = account_of(plan, begun(plan, ["permissions"], "roles"))
    assert account["lines"] == [
        "permissions: 1 created",
        "roles: 1 created, 1 failed",
        "tenants: 1 unchanged",
        "flows: not tried (planned: 1 updated)",
    ]
    assert account["left"] == ["flows"]
    # What failed has no backup to restore from unless it says so.
    assert account["backups"] == ["/b/permissions.json"]


def test_a_first_step_that_failed_before_it_did_anything() -> None:
    plan = {"permissions": result("permissions", created=1), "tenants": result("tenants", updated=1)}
    results = {**plan, "permissions": {"failed": True, "changed": False, "msg": "No backup.\nDisk full."}}
    account = account_of(plan, results)
    assert account["lines"] == ["permissions: No backup.", "tenants: not tried (planned: 1 updated)"]
    assert (account["left"], account["backups"], account["created"]) == (["tenants"], [], False)
    assert account["requests"] == 2


def test_a_deletion_that_failed_is_told() -> None:
    plan = {"roles to delete": result("roles", deleted=1)}
    results = {"roles to delete": {**result("roles", failed=1), "failed": True}}
    assert account_of(plan, results)["lines"] == ["roles to delete: 1 failed"]


def test_what_was_put_back_needs_no_restore() -> None:
    plan = {"flows": result("flows", created=1, updated=1)}
    put_back = {**result("flows", skipped=1, failed=1), "failed": True, "backup_file": "/b/flows.json"}
    account = account_of(plan, {"flows": put_back})
    assert (account["backups"], account["created"]) == ([], False)


@given(plans(), st.data())
def test_an_account_always(plan: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    steps = plan_of(plan)["steps"]
    until = data.draw(st.integers(0, len(steps)))
    fails = until < len(steps) and data.draw(st.booleans())
    done, rest = steps[:until], steps[until + fails :]
    account = account_of(plan, begun(plan, done, steps[until] if fails else ""))
    assert account["left"] == rest
    assert account["backups"] == [f"/b/{name}.json" for name in done]
    told = {line.partition(": ")[0]: line for line in account["lines"]}
    assert set(steps) <= set(told)
    assert list(told) == [name for name in STEPS if name in told]
    assert [name for name, line in told.items() if line.startswith(f"{name}: not tried (planned: ")] == rest
    assert all("\n" not in line for line in account["lines"])
    if fails:
        assert told[steps[until]] == f"{steps[until]}: 1 created, 1 failed"
    planned = sum(1 for each in plan.values() if "requests" in each)
    assert account["requests"] == planned + 5 * (len(done) + fails)


def test_what_failed_is_named_with_the_reason() -> None:
    plan = {"tenants": result("tenants", created=NAMED + 3), "roles": result("roles", created=1)}
    failed = result("tenants", failed=NAMED + 3)
    for row in failed["tenants"]:
        row["error"] = "HTTP 400"
    skipped = result("roles", skipped=1)
    skipped["roles"][0]["error"] = "not tried, because another one failed"
    account = account_of(plan, {"tenants": {**failed, "failed": True}, "roles": {**skipped, "failed": True}})
    assert account["failed"][0] == "tenant 'failed-0': HTTP 400"
    assert len(account["failed"]) == NAMED + 1
    assert account["failed"][-1] == "and 3 more"


def test_what_was_made_halfway_is_deleted_when_it_is_put_back() -> None:
    plan = {"tenants": result("tenants", created=1)}
    half = {**result("tenants", failed=1), "failed": True, "backup_file": "/b/t.json", "rollback": "ansible-playbook x"}
    account = account_of(plan, {"tenants": half})
    assert (account["backups"], account["created"]) == (["/b/t.json"], True)
