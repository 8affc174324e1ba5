# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request fails, in whatever way: the report is true, and one more run finishes the work.

Every fault strikes every request of a sync of roles, and of one of permissions, in turn.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import PERMISSIONS, ROLES, Kind, Observed
from emulator.testing import PROJECT_ID, ThreadedEmulator

from .conftest import Run
from .faults import FAULTS, PASSING, assert_true_account, is_unknown, patience

#: As somebody left them, in the words of the console.
LIVE: dict[str, list[dict[str, Any]]] = {
    "permissions": [
        {"name": "Read", "description": "May read"},
        {"name": "Write", "description": "Changed in the console"},
        {"name": "Leaving"},
        {"name": "Unmanaged", "description": "own"},
    ],
    "roles": [
        {"name": "Editor", "description": "Edits", "permissionNames": ["User Admin"], "default": True},
        {"name": "Editor", "tenantId": "acme", "permissionNames": ["SSO Admin"], "private": True},
        {"name": "As wanted", "permissionNames": ["User Admin", "Impersonate"]},
        {"name": "Leaving", "permissionNames": ["User Admin"]},
        {"name": "Leaving", "tenantId": "acme"},
        {"name": "Unmanaged", "tenantId": "acme", "private": True},
    ],
}

WANTED: dict[str, list[dict[str, Any]]] = {
    "permissions": [
        {"name": "Read", "description": "May read"},
        {"name": "Write", "description": "May write"},
        {"name": "Leaving", "state": "absent"},
        {"name": "User Admin"},
        *({"name": f"New {n}", "description": f"Number {n}"} for n in range(4)),
    ],
    "roles": [
        {"name": "Editor", "permissions": ["Impersonate", "SSO Admin"], "default": False},
        {"name": "Editor", "tenant_id": "acme", "description": "Ours", "permissions": []},
        {"name": "As wanted", "permissions": ["Impersonate", "User Admin"]},
        {"name": "Leaving", "state": "absent"},
        {"name": "Leaving", "tenant_id": "acme", "state": "absent"},
        {"name": "Full", "description": "x", "permissions": ["User Admin"], "default": True, "private": True},
        {"name": "New", "tenant_id": "acme", "permissions": ["SSO Admin", "Impersonate"]},
        {"name": "Bare"},
    ],
}

OPTIONS: dict[str, Any] = {"max_delete_percent": 100}

State = dict[str, Observed]


def live(kind: Kind, emulator: ThreadedEmulator) -> State:
    entries = emulator.state(PROJECT_ID)["projects"][PROJECT_ID][kind.plural]
    found = [Observed.from_wire(kind, entry) for entry in entries]
    assert len({entry.key for entry in found}) == len(found), "created twice"
    return {entry.key: entry for entry in found}


def prepare(kind: Kind, emulator: ThreadedEmulator) -> State:
    emulator.reset()
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    for entry in LIVE[kind.plural]:
        emulator.edit(f"add_{kind.noun}", **entry)
    return live(kind, emulator)


def key_of(kind: Kind, option: dict[str, Any]) -> str:
    return kind.key(option["name"], option.get("tenant_id", ""))


def differing(kind: Kind, option: dict[str, Any], now: Observed | None) -> set[str]:
    """Names of the wanted fields that a role or permission does not have."""
    if now is None:
        return {*kind.clean(option), "name", *({"tenant_id"} & set(option))}
    return set(kind.differing(kind.clean(option), now.values))


def assert_wanted(kind: Kind, state: State, before: State) -> None:
    """The state is the wanted one, and nothing else was touched."""
    for option in WANTED[kind.plural]:
        now = state.get(key_of(kind, option))
        if option.get("state") == "absent":
            assert now is None
        else:
            assert differing(kind, option, now) == set()
    listed = {key_of(kind, option) for option in WANTED[kind.plural]}
    assert {key: value for key, value in state.items() if key not in listed} == {
        key: value for key, value in before.items() if key not in listed
    }


def assert_true_report(kind: Kind, result: dict[str, Any], before: State, after: State) -> None:
    """What a run said of every entry, and of itself, is what the service has."""
    rows = result.get(kind.plural)
    if rows is None:
        assert result["failed"]
        assert not result["changed"]
        assert after == before
        return
    for option, row in zip(WANTED[kind.plural], rows, strict=True):
        was, now = (state.get(key_of(kind, option)) for state in (before, after))
        match row["status"]:
            case "created" | "updated":
                assert now is not None
                assert differing(kind, option, now) == set()
            case "deleted":
                assert now is None
            case "unchanged" | "skipped":
                assert now == was
            case "failed":
                if not is_unknown(row):
                    assert differing(kind, option, was) - differing(kind, option, now) == set(row["changes"])
        assert row["status"] != "unchanged" or not row["changes"]
    assert_true_account(result, rows, changed=after != before)


def sync(kind: Kind, run: Run, **options: Any) -> dict[str, Any]:
    return run(f"descope_{kind.plural}", **{kind.plural: copy.deepcopy(WANTED[kind.plural])}, **OPTIONS, **options)


KINDS = pytest.mark.parametrize("kind", [PERMISSIONS, ROLES], ids=lambda kind: kind.plural)


@pytest.mark.sweep
@KINDS
@pytest.mark.parametrize(
    "switches", [{}, {"duplicate_status": 409, "role_not_found_status": 400}], ids=["usual", "other"]
)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request(
    fault: str, switches: dict[str, Any], kind: Kind, emulator: ThreadedEmulator, run: Run
) -> None:
    before = prepare(kind, emulator)
    emulator.switches(**switches)
    clean = sync(kind, run)
    assert not clean["failed"], clean["msg"]
    assert_wanted(kind, live(kind, emulator), before)
    count = len(emulator.requests())
    # handshake, list, writes, list, and before them, for the backup, one list of what the deletions touch (the roles
    # that hold a permission, the tenants of a role); for roles also the permissions, and a read before both updates
    assert count == {"permissions": 10, "roles": 14}[kind.plural]
    for index in range(1, count + 1):
        before = prepare(kind, emulator)
        emulator.switches(**switches)
        emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = sync(kind, run, timeout=patience(fault))
        assert_true_report(kind, result, before, live(kind, emulator))
        if fault in PASSING:
            assert not result["failed"], (index, result["msg"])
        emulator.faults()
        again = sync(kind, run)
        assert not again["failed"], (index, again["msg"])
        assert_wanted(kind, live(kind, emulator), before)
        assert not sync(kind, run)["changed"]


@pytest.mark.sweep
@KINDS
@pytest.mark.parametrize("on_error", ["continue", "stop"])
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401"])
def test_faults_that_do_not_pass(fault: str, on_error: str, kind: Kind, emulator: ThreadedEmulator, run: Run) -> None:
    """The service breaks at some write and stays broken for all writes from there on."""
    for index in (1, 2, 4, 6):
        before = prepare(kind, emulator)
        emulator.faults([{"match": {"kind": "write"}, "from": index, "do": FAULTS[fault]}])
        result = sync(kind, run, on_error=on_error, retries=1)
        assert_true_report(kind, result, before, live(kind, emulator))
        emulator.faults()
        assert not sync(kind, run)["failed"]
        assert_wanted(kind, live(kind, emulator), before)


@KINDS
@pytest.mark.parametrize("fault", ["status-500", "status-400", "reset", "html"])
def test_reads_that_fail_from_some_point_on(fault: str, kind: Kind, emulator: ThreadedEmulator, run: Run) -> None:
    for index in (1, 2, 3):
        before = prepare(kind, emulator)
        emulator.faults(
            [
                {"match": {"path": f"*/{kind.noun}/all"}, "from": index, "do": FAULTS[fault]},
                {"match": {"kind": "write"}, "nth": 2, "do": FAULTS["reset-after"]},
            ]
        )
        result = sync(kind, run, retries=1)
        assert result["failed"]
        assert_true_report(kind, result, before, live(kind, emulator))
        emulator.faults()
        assert not sync(kind, run)["failed"]
        assert_wanted(kind, live(kind, emulator), before)
