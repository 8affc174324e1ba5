# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from emulator.testing import PROJECT_ID, ThreadedEmulator

from .conftest import Run


def live(emulator: ThreadedEmulator) -> dict[str, str]:
    """Descriptions of the permissions that are not the service's own."""
    entries = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["permissions"]
    return {entry["name"]: entry["description"] for entry in entries if not entry["systemDefault"]}


def add(emulator: ThreadedEmulator, *names: str) -> None:
    for name in names:
        emulator.edit("add_permission", name=name, description=f"of {name}")


def paths(emulator: ThreadedEmulator) -> list[str]:
    return [f"{entry['method']} {entry['path']}" for entry in emulator.requests()]


def test_report_and_diff(emulator: ThreadedEmulator, run: Run) -> None:
    add(emulator, "kept", "changed", "gone", "other")
    result = run(
        "descope_permissions",
        permissions=[
            {"name": "new", "description": ""},
            {"name": "kept"},
            {"name": "changed", "description": "Ours"},
            {"name": "gone", "state": "absent"},
            {"name": "never", "state": "absent"},
            {"name": "User Admin"},
        ],
    )
    assert not result["failed"], result["msg"]
    assert result["permissions"] == [
        {"name": "new", "status": "created", "changes": ["description", "name"], "error": None},
        {"name": "kept", "status": "unchanged", "changes": [], "error": None},
        {"name": "changed", "status": "updated", "changes": ["description"], "error": None},
        {"name": "gone", "status": "deleted", "changes": ["description", "name"], "error": None},
        {"name": "never", "status": "unchanged", "changes": [], "error": None},
        {"name": "User Admin", "status": "unchanged", "changes": [], "error": None},
    ]
    assert result["msg"] == "1 created, 1 updated, 1 deleted, 3 unchanged"
    assert result["unmanaged"] == ["other"]
    # The handshake, the list before and after, and the roles that the deleted one may stand in.
    assert result["requests"]["reads"] == 4
    assert result["requests"]["writes"] == 3
    assert yaml.safe_load(result["diff"]["before"]) == {
        "changed": {"description": "of changed"},
        "gone": {"name": "gone", "description": "of gone"},
    }
    assert yaml.safe_load(result["diff"]["after"]) == {
        "changed": {"description": "Ours"},
        "new": {"name": "new", "description": ""},
    }
    assert live(emulator) == {"kept": "of kept", "changed": "Ours", "other": "of other", "new": ""}


def test_one_list_request_when_nothing_changes(emulator: ThreadedEmulator, run: Run) -> None:
    add(emulator, *(f"permission {n}" for n in range(200)))
    result = run("descope_permissions", permissions=[{"name": f"permission {n}"} for n in range(200)])
    assert (result["msg"], result["changed"]) == ("200 unchanged", False)
    assert paths(emulator) == ["GET /v1/mgmt/license", "GET /v1/mgmt/permission/all"]
    assert result["diff"]["before"] == result["diff"]["after"] == ""


def test_an_empty_description_clears(emulator: ThreadedEmulator, run: Run) -> None:
    add(emulator, "a", "b")
    run("descope_permissions", permissions=[{"name": "a", "description": ""}, {"name": "b", "description": None}])
    assert live(emulator) == {"a": "", "b": "of b"}


def test_pruning_spares_the_services_own(emulator: ThreadedEmulator, run: Run) -> None:
    add(emulator, "kept", "gone")
    result = run("descope_permissions", permissions=[{"name": "kept"}], prune=True)
    assert result["msg"] == "1 deleted, 1 unchanged"
    assert [row["name"] for row in result["permissions"]] == ["kept", "gone"]
    assert len(emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["permissions"]) == 3 + 1


@pytest.mark.parametrize("check", [True, False])
def test_pruning_is_limited(check: bool, emulator: ThreadedEmulator, run: Run) -> None:
    add(emulator, *(f"p{n:02}" for n in range(20)))
    keep = [{"name": f"p{n:02}"} for n in range(10)]
    refused = run("descope_permissions", check=check, permissions=keep, prune=True)
    assert refused["error_code"] == "too_many_deletions"
    assert "10 would be deleted, more than max_deletes (5) allows: p10, p11" in refused["msg"]
    assert (refused["summary"]["skipped"], refused["changed"]) == (10, False)
    by_share = run("descope_permissions", check=check, permissions=keep, prune=True, max_deletes=100)
    assert "10 of 20 would be deleted, more than max_delete_percent (10 %, here 2)" in by_share["msg"]
    empty = run("descope_permissions", check=check, permissions=[], prune=True)
    assert "would delete every permission" in empty["msg"]
    assert "allow_empty: true" in empty["msg"]
    negative = run("descope_permissions", check=check, permissions=keep, max_deletes=-1, max_delete_percent=-2)
    assert [problem["field"] for problem in negative["problems"]] == ["max_deletes", "max_delete_percent"]
    assert emulator.writes() == []
    meant = run(
        "descope_permissions",
        check=check,
        permissions=[],
        prune=True,
        allow_empty=True,
        max_deletes=20,
        max_delete_percent=100,
    )
    assert meant["msg"] == "20 deleted"
    assert len(live(emulator)) == (20 if check else 0)


def test_the_services_own_cannot_be_changed_or_deleted(emulator: ThreadedEmulator, run: Run) -> None:
    result = run(
        "descope_permissions",
        permissions=[
            {"name": "User Admin", "description": "Mine", "source": "a.yml"},
            {"name": "SSO Admin", "state": "absent"},
            {"name": "new"},
        ],
    )
    assert result["error_code"] == "invalid_input"
    assert [(problem["where"], problem["field"]) for problem in result["problems"]] == [
        ("permissions[0] 'User Admin' (from a.yml)", "description"),
        ("permissions[1] 'SSO Admin'", "state"),
    ]
    assert emulator.writes() == []


def test_all_problems_of_the_list_at_once(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_permissions", permissions=[{"name": "a"}, {"name": "a"}, {"name": " b"}, {"name": ""}])
    assert [problem["where"] for problem in result["problems"]] == [
        "permissions[2] ' b'",
        "permissions[3] ''",
        "permissions[1] 'a'",
    ]
    result = run("descope_permissions", permissions=[{"description": "x"}, {"name": "a", "descripton": "y"}])
    assert result["error_code"] == "invalid_option"
    assert "permissions[0] '': missing required arguments: name." in result["msg"]
    assert "did you mean 'description'?" in result["msg"]
    assert emulator.requests() == []


@pytest.mark.parametrize("on_error", ["continue", "stop"])
def test_a_failure_and_the_rest(on_error: str, emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"kind": "write"}, "nth": 2, "do": {"kind": "status", "status": 400}}])
    result = run("descope_permissions", permissions=[{"name": name} for name in "abc"], on_error=on_error)
    assert result["failed"]
    assert result["changed"]
    last = "created" if on_error == "continue" else "skipped"
    assert [row["status"] for row in result["permissions"]] == ["created", "failed", last]
    assert result["error_code"] == "refused"
    assert set(live(emulator)) == ({"a", "c"} if on_error == "continue" else {"a"})
    assert set(yaml.safe_load(result["diff"]["after"])) == set(live(emulator))


def test_writes_are_sent_one_after_the_other(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.settings(latency_ms=20)
    result = run("descope_permissions", permissions=[{"name": f"p{n}"} for n in range(5)], concurrency=8)
    assert result["msg"] == "5 created"
    assert list(live(emulator)) == [f"p{n}" for n in range(5)]


def test_a_list_that_cannot_be_read_changes_nothing(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.reads("forbidden")
    result: dict[str, Any] = run("descope_permissions", permissions=[{"name": "a"}], prune=True)
    assert (result["error_code"], result["changed"]) == ("forbidden", False)
    assert emulator.writes() == []
