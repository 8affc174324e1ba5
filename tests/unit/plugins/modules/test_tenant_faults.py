# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request fails, in whatever way: the report is true, and one more run finishes the work.

Every fault strikes every request of a sync of 20 tenants in turn.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._tenant_fields import differing, flatten
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Observed
from emulator.testing import PROJECT_ID, ThreadedEmulator

from .conftest import Run
from .faults import FAULTS, PASSING, assert_true_account, is_unknown, patience

#: As somebody left them: two to be updated, one losing an attribute, one to be deleted, a domain to be handed over,
#: one as wanted, and two that the list does not know.
LIVE: list[dict[str, Any]] = [
    {"id": "acme", "name": "Acme", "customAttributes": {"plan": "silver", "seats": 5}},
    {"id": "hand-over", "name": "Hand-over", "selfProvisioningDomains": ["moving.example"]},
    {"id": "drifted", "name": "Drifted in the console", "disabled": True, "enforceSSO": True},
    {"id": "as-wanted", "name": "As wanted", "selfProvisioningDomains": ["b.example", "A.example"]},
    {"id": "leaving", "name": "Leaving"},
    {"id": "unmanaged-1", "name": "Unmanaged 1", "customAttributes": {"plan": "own"}},
    {"id": "unmanaged-2", "name": "Unmanaged 2", "selfProvisioningDomains": ["unmanaged.example"]},
]

WANTED: list[dict[str, Any]] = [
    {"id": "acme", "name": "Acme", "custom_attributes": {"plan": "gold"}, "default_roles": ["Reader"]},
    {"id": "taker", "name": "Taker", "self_provisioning_domains": ["moving.example"]},
    {"id": "hand-over", "name": "Hand-over", "self_provisioning_domains": []},
    {
        "id": "drifted",
        "name": "Drifted",
        "disabled": False,
        "domains": ["sso.example"],
        "settings": {"enabled": True, "session_token_expiration": 2, "session_token_expiration_unit": "hours"},
        "password_settings": {"enabled": True, "min_length": 12},
    },
    {"id": "as-wanted", "name": "As wanted", "self_provisioning_domains": ["a.example", "b.example"]},
    {"id": "leaving", "state": "absent"},
    {"id": "child", "name": "Child", "parent": "acme", "role_inheritance": "userOnly"},
    {"id": "grandchild", "name": "Grandchild", "parent": "child", "settings": {"jit_disabled": True}},
    {"name": "Named by the service", "custom_attributes": {"regions": ["eu", "us"], "trial": True}},
    *({"id": f"new-{n:02}", "name": f"New {n}", "enforce_sso": n % 2 == 0} for n in range(11)),
]


def tenants(emulator: ThreadedEmulator) -> dict[str, dict[str, Any]]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]


def prepare(emulator: ThreadedEmulator) -> dict[str, dict[str, Any]]:
    emulator.reset()
    emulator.edit("create_tenants", tenants=LIVE)
    return tenants(emulator)


def wanted_differs(option: dict[str, Any], tenant: dict[str, Any]) -> list[str]:
    """Names of the wanted fields that a tenant does not have."""
    live = Observed.from_wire(tenant, complete=True).with_settings({**tenant["settings"], **tenant})
    return differing(flatten(option), live.with_password(tenant["passwordSettings"] or {}).values)


def find(option: dict[str, Any], state: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    if "id" in option:
        return state.get(option["id"])
    found = [tenant for tenant in state.values() if tenant["name"] == option["name"]]
    assert len(found) < 2, "created twice"
    return found[0] if found else None


def assert_wanted(state: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
    """The state is the wanted one, nothing is there twice, and nothing else was touched."""
    for option in WANTED:
        tenant = find(option, state)
        if option.get("state") == "absent":
            assert tenant is None
        else:
            assert tenant is not None
            assert wanted_differs(option, tenant) == []
    assert len(state) == len(WANTED) - 1 + 2
    for name in ("unmanaged-1", "unmanaged-2", "as-wanted"):
        assert state[name] == before[name]


def assert_true_report(
    result: dict[str, Any], before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> None:
    """What a run said of every tenant, and of itself, is what the service has."""
    rows = result.get("tenants")
    if rows is None:
        assert result["failed"]
        assert not result["changed"]
        assert after == before
        return
    assert len(rows) == len(WANTED)
    for option, row in zip(WANTED, rows, strict=True):
        was, now = find(option, before), find(option, after)
        match row["status"]:
            case "created" | "updated":
                assert now is not None
                assert wanted_differs(option, now) == []
            case "deleted":
                assert now is None
            case "unchanged" | "skipped":
                assert now == was
            case "failed":
                if not is_unknown(row) and option.get("state") != "absent":
                    left = set(wanted_differs(option, now)) if now else set(flatten(option))
                    missing = set(wanted_differs(option, was)) if was else set(flatten(option))
                    assert missing - left == set(row["changes"]) or not now
        assert row["status"] != "unchanged" or not row["changes"]
    assert_true_account(result, rows, changed=after != before)


def sync(run: Run, **options: Any) -> dict[str, Any]:
    return run("descope_tenants", tenants=copy.deepcopy(WANTED), **options)


@pytest.mark.sweep
@pytest.mark.parametrize("switches", [{}, {"patch": 404}], ids=["patch", "no-patch"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request(
    fault: str, switches: dict[str, Any], emulator: ThreadedEmulator, run: Run
) -> None:
    before = prepare(emulator)
    emulator.switches(**switches)
    clean = sync(run, concurrency=1)
    assert not clean["failed"], clean["msg"]
    assert_wanted(tenants(emulator), before)
    count = len(emulator.requests())
    # handshake, list, 2 reads for the plan and 3 for the backup of the one to be deleted, 23 writes with 4 reads among
    # them (3 more where the three updates replace all), 4 reads to verify
    assert count == (41 if switches else 38)
    for index in range(1, count + 1):
        before = prepare(emulator)
        emulator.switches(**switches)
        emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = sync(run, concurrency=1, timeout=patience(fault))
        assert_true_report(result, before, tenants(emulator))
        if fault in PASSING:
            assert not result["failed"], (index, result["msg"])
        emulator.faults()
        again = sync(run)
        assert not again["failed"], (index, again["msg"])
        assert_wanted(tenants(emulator), before)
        assert not sync(run)["changed"]


@pytest.mark.sweep
@pytest.mark.parametrize("on_error", ["continue", "stop"])
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401"])
def test_faults_that_do_not_pass(fault: str, on_error: str, emulator: ThreadedEmulator, run: Run) -> None:
    """The service breaks at some write and stays broken for all writes from there on, eight workers at a time."""
    for index in (1, 4, 12, 20):
        before = prepare(emulator)
        emulator.faults([{"match": {"kind": "write"}, "from": index, "do": FAULTS[fault]}])
        result = sync(run, on_error=on_error, retries=1)
        assert_true_report(result, before, tenants(emulator))
        emulator.faults()
        assert not sync(run)["failed"]
        assert_wanted(tenants(emulator), before)


def test_a_read_back_that_fails_too_is_told_as_unknown(emulator: ThreadedEmulator, run: Run) -> None:
    before = prepare(emulator)
    emulator.faults(
        [
            {"match": {"path": "*/tenant/create"}, "nth": 1, "do": FAULTS["reset-after"]},
            {"match": {"path": "/v1/mgmt/tenant"}, "do": FAULTS["reset"]},
        ]
    )
    result = run("descope_tenant", id="taker", name="Taker", retries=1)
    assert result["failed"]
    assert result["changed"]
    assert result["error_code"] == "unknown_outcome"
    assert "not known" in result["msg"]
    assert set(tenants(emulator)) - set(before) == {"taker"}


def test_a_broken_verification_fails_the_task_and_keeps_changed(emulator: ThreadedEmulator, run: Run) -> None:
    prepare(emulator)
    emulator.faults([{"match": {"path": "*/tenant/all"}, "from": 2, "do": FAULTS["status-500"]}])
    result = run("descope_tenant", id="taker", name="Taker", retries=1)
    assert result["failed"]
    assert result["changed"]
    assert "could not be read back" in result["msg"]
