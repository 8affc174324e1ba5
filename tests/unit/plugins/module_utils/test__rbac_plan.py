# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import random
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Plan
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import (
    PERMISSIONS,
    ROLES,
    Desired,
    Found,
    Kind,
    Observed,
    desired_from_backup,
    found_of,
    to_backup,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import (
    RbacChange,
    make_permission_plan,
    make_role_plan,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import problems_alone

KNOWN = ["Read", "Write", "User Admin"]


def wanted(kind: Kind, *options: dict[str, Any]) -> list[Desired]:
    entries = [Desired.from_option(kind, option, index) for index, option in enumerate(options)]
    assert problems_alone(entries) == []
    return entries


def roles(*raw: dict[str, Any]) -> Found:
    return found_of(ROLES, raw)


def plan_of(found: Found, *options: dict[str, Any], prune: bool = False) -> Plan:
    return make_role_plan(wanted(ROLES, *options), found, KNOWN, prune=prune)


def only(plan: Plan) -> RbacChange:
    (change,) = plan.changes
    assert isinstance(change, RbacChange)
    return change


def done(plan: Plan) -> list[tuple[str, str]]:
    return [(change.action, change.key) for change in plan.changes]


# -- single changes --------------------------------------------------------------------------------------------------


def test_a_role_that_is_missing_is_created() -> None:
    change = only(plan_of(roles(), {"name": "Editor", "permissions": ["Write", "Read"], "default": False}))
    assert (change.key, change.id, change.name, change.action) == ("Editor", None, "Editor", CREATE)
    assert (change.before, change.observed, change.tenant_id) == ({}, None, "")
    assert change.after == {"name": "Editor", "permissions": ["Read", "Write"], "default": False}


def test_a_tenants_role_is_another_than_the_projects() -> None:
    found = roles({"name": "Editor", "id": "R1"})
    change = only(plan_of(found, {"name": "Editor", "tenant_id": "acme", "private": True}))
    assert (change.key, change.action, change.tenant_id) == ("acme/Editor", CREATE, "acme")
    assert change.after == {"name": "Editor", "tenant_id": "acme", "private": True}


def test_only_what_differs_is_changed_and_the_rest_of_what_is_wanted_is_known() -> None:
    found = roles(
        {"id": "R1", "name": "Editor", "description": "Old", "permissionNames": ["Write", "Read"], "default": True}
    )
    option = {"name": "Editor", "description": "", "permissions": ["Read", "Write"], "default": False}
    change = only(plan_of(found, option))
    assert (change.key, change.id, change.action) == ("Editor", "R1", UPDATE)
    assert change.before == {"description": "Old", "default": True}
    assert change.after == {"description": "", "default": False}
    assert change.wanted == {"description": "", "permissions": ["Read", "Write"], "default": False}
    assert change.observed is found["Editor"]


def test_what_is_not_given_is_left_alone() -> None:
    found = roles({"id": "R1", "name": "Editor", "description": "Old", "permissionNames": ["Read"], "private": True})
    plan = plan_of(found, {"name": "Editor"})
    assert plan.changes == []
    assert plan.unchanged == [("Editor", "R1", "Editor")]
    assert only(plan_of(found, {"name": "Editor", "permissions": []})).after == {"permissions": []}


def test_an_absent_role_is_deleted_if_it_is_there() -> None:
    found = roles({"id": "R1", "name": "Editor", "tenantId": "acme", "permissionNames": ["Read"], "description": ""})
    plan = plan_of(
        found,
        {"name": "Editor", "tenant_id": "acme", "state": "absent"},
        {"name": "Editor", "state": "absent"},
    )
    change = only(plan)
    assert (change.key, change.id, change.action, change.tenant_id) == ("acme/Editor", "R1", DELETE, "acme")
    assert (change.before, change.after) == ({"name": "Editor", "tenant_id": "acme", "permissions": ["Read"]}, {})
    assert plan.unchanged == [("Editor", None, "Editor")]


def test_an_unknown_permission_stops_the_plan() -> None:
    with pytest.raises(Problems, match=r"no permission 'Wriet'.*take one of Read, User Admin, Write"):
        plan_of(roles(), {"name": "Editor", "permissions": ["Wriet"]})


# -- pruning ---------------------------------------------------------------------------------------------------------

LEVELS = roles(
    {"name": "Tenant Admin"},
    {"name": "Editor"},
    {"name": "Guest"},
    {"name": "Tenant Admin", "tenantId": "acme"},
    {"name": "Auditor", "tenantId": "acme"},
    {"name": "Auditor", "tenantId": "other"},
)


def test_without_pruning_the_others_are_told() -> None:
    plan = plan_of(LEVELS, {"name": "Editor"}, {"name": "Auditor", "tenant_id": "acme", "state": "absent"})
    assert done(plan) == [(DELETE, "acme/Auditor")]
    assert plan.unmanaged == ["Guest", "acme/Tenant Admin", "other/Auditor"]
    assert plan.live == 6


def test_pruning_leaves_tenants_alone_that_are_not_mentioned() -> None:
    plan = plan_of(LEVELS, {"name": "Editor"}, prune=True)
    assert done(plan) == [(DELETE, "Guest")]
    assert plan.unmanaged == ["acme/Auditor", "acme/Tenant Admin", "other/Auditor"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_pruning_is_about_the_tenants_that_are_mentioned(state: str) -> None:
    plan = plan_of(LEVELS, {"name": "Auditor", "tenant_id": "acme", "state": state}, prune=True)
    deleted = [(DELETE, "Editor"), (DELETE, "Guest"), (DELETE, "acme/Tenant Admin")]
    assert [entry for entry in done(plan) if entry[1] != "acme/Auditor"] == deleted
    assert plan.unmanaged == ["other/Auditor"]


def test_tenant_admin_can_be_managed_by_naming_it() -> None:
    found = roles({"name": "Tenant Admin", "permissionNames": ["User Admin"]})
    assert done(plan_of(found, {"name": "Tenant Admin", "permissions": ["Read"]}, prune=True)) == [
        (UPDATE, "Tenant Admin")
    ]
    assert done(plan_of(found, {"name": "Tenant Admin", "state": "absent"})) == [(DELETE, "Tenant Admin")]


def test_permissions_of_the_service_itself_are_not_pruned_nor_counted() -> None:
    found = found_of(
        PERMISSIONS,
        [{"name": "User Admin", "systemDefault": True}, {"name": "Read"}, {"name": "Write", "description": "x"}],
    )
    entries = wanted(PERMISSIONS, {"name": "Write", "description": "y"}, {"name": "New"}, {"name": "User Admin"})
    plan = make_permission_plan(entries, found)
    assert done(plan) == [(CREATE, "New"), (UPDATE, "Write")]
    assert (plan.unmanaged, plan.live) == (["Read"], 2)
    assert plan.unchanged == [("User Admin", "", "User Admin")]
    plan = make_permission_plan(entries, found, prune=True)
    assert done(plan) == [(CREATE, "New"), (DELETE, "Read"), (UPDATE, "Write")]
    assert plan.unmanaged == []
    assert make_permission_plan([], found_of(PERMISSIONS, []), prune=True) == Plan([], [], [], live=0)


def test_changing_a_permission_of_the_service_itself_stops_the_plan() -> None:
    found = found_of(PERMISSIONS, [{"name": "User Admin", "systemDefault": True}])
    with pytest.raises(Problems, match="cannot be deleted"):
        make_permission_plan(wanted(PERMISSIONS, {"name": "User Admin", "state": "absent"}), found)


# -- properties ------------------------------------------------------------------------------------------------------

NAMES = ["Editor", "Guest", "Tenant Admin", "acme/Editor"]
TENANTS = ["", "acme", "other"]


@st.composite
def given_values(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """Options of an entry, or with all of them, those of a live object."""
    values: dict[str, Any] = {"description": draw(st.sampled_from(["", "one", "two"]))}
    if kind is ROLES:
        values["permissions"] = draw(st.lists(st.sampled_from(KNOWN), max_size=3))
        values["default"] = draw(st.booleans())
        values["private"] = draw(st.booleans())
    return values


@dataclasses.dataclass
class Case:
    kind: Kind
    found: Found
    entries: list[Desired]
    prune: bool

    def plan(self, found: Found | None = None) -> Plan:
        live = self.found if found is None else found
        if self.kind is PERMISSIONS:
            return make_permission_plan(self.entries, live, prune=self.prune)
        return make_role_plan(self.entries, live, KNOWN, prune=self.prune)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from([ROLES, PERMISSIONS]))
    ids = st.tuples(st.sampled_from(NAMES), st.sampled_from(TENANTS if kind is ROLES else [""]))
    found: Found = {}
    for number, (name, tenant_id) in enumerate(sorted(draw(st.sets(ids)))):
        system = kind is PERMISSIONS and name == "Tenant Admin"
        raw = {"name": name, "tenantId": tenant_id, "id": f"ID{number}", "systemDefault": system}
        live = Observed.from_wire(kind, {**raw, **kind.to_wire(draw(given_values(kind)))})
        found[live.key] = live
    entries = []
    for index, (name, tenant_id) in enumerate(draw(st.permutations(sorted(draw(st.sets(ids)))))):
        values = draw(given_values(kind))
        kept = draw(st.sets(st.sampled_from(sorted(values))))
        option = {"name": name, "tenant_id": tenant_id, **{key: values[key] for key in kept}}
        if (old := found.get(kind.key(name, tenant_id))) and old.built_in and kind is PERMISSIONS:
            option = {"name": name}
        elif draw(st.integers(0, 4)) == 0:
            option["state"] = "absent"
        entries.append(Desired.from_option(kind, option, index))
    return Case(kind, found, entries, draw(st.booleans()))


def after(case: Case, plan: Plan) -> Found:
    """What is live once a plan was carried out, by a service that refuses what the real one refuses."""
    state = dict(case.found)
    for change in plan.changes:
        assert isinstance(change, RbacChange)
        current = state.get(change.key)
        assert current is change.observed
        assert not (current and current.built_in and case.kind is PERMISSIONS)
        if change.action == DELETE:
            del state[change.key]
            continue
        if change.action == CREATE:
            assert change.key not in state
            raw = {"name": change.after["name"], "tenantId": change.after.get("tenant_id", ""), "id": "new"}
            state[change.key] = Observed.from_wire(case.kind, {**raw, **case.kind.to_wire(change.after)})
            continue
        assert current
        assert {name: current.values[name] for name in change.before} == change.before
        assert change.before.keys() == change.after.keys() <= change.wanted.keys()
        # As an update does it: everything is sent, since it clears what is left out.
        state[change.key] = dataclasses.replace(current, values={**current.values, **change.wanted})
        assert {**current.values, **change.after} == state[change.key].values
    assert all(key == live.key for key, live in state.items())
    return state


@given(cases())
def test_a_second_plan_is_empty(case: Case) -> None:
    plan = case.plan()
    now = after(case, plan)
    second = case.plan(now)
    assert second.changes == []
    assert second.unmanaged == plan.unmanaged
    assert sorted(now) == sorted({entry.key for entry in case.entries if entry.present} | {*left(case, plan)})


def left(case: Case, plan: Plan) -> list[str]:
    """What nobody asked to be there, and is."""
    listed = {entry.key for entry in case.entries}
    return [key for key, live in case.found.items() if key in plan.unmanaged or (live.built_in and key not in listed)]


@given(cases())
def test_afterwards_everything_is_as_wanted(case: Case) -> None:
    now = after(case, case.plan())
    for entry in case.entries:
        live = now.get(entry.key)
        assert (live is not None) == entry.present
        if live:
            assert case.kind.differing(entry.values, live.values) == []


@given(cases())
def test_nothing_is_planned_that_was_not_asked_for(case: Case) -> None:
    plan = case.plan()
    asked = {entry.key: entry for entry in case.entries}
    levels = {"", *(entry.tenant_id for entry in case.entries)}
    for change in plan.changes:
        if change.key in asked:
            assert (change.action == DELETE) == (not asked[change.key].present)
        else:
            assert change.action == DELETE
            assert case.prune
            assert not case.found[change.key].built_in
            assert case.found[change.key].tenant_id in levels
    keys = [change.key for change in plan.changes] + [key for key, _id, _name in plan.unchanged] + plan.unmanaged
    assert len(set(keys)) == len(keys)
    assert set(case.found) - set(keys) <= {key for key, live in case.found.items() if live.built_in}


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(case: Case, shuffle: random.Random) -> None:
    plan = case.plan()
    keys, entries = list(case.found), list(case.entries)
    shuffle.shuffle(keys)
    assert case.plan({key: case.found[key] for key in keys}) == plan
    shuffle.shuffle(entries)
    other = dataclasses.replace(case, entries=entries).plan()
    assert (other.changes, other.unmanaged) == (plan.changes, plan.unmanaged)


@given(cases())
def test_a_backup_brings_back_what_was_there(case: Case) -> None:
    section = {key: to_backup(live) for key, live in case.found.items()}
    now = after(case, case.plan())
    back = dataclasses.replace(case, found=now, entries=desired_from_backup(case.kind, section), prune=False)
    restored = after(back, back.plan())
    assert {key: live.values for key, live in restored.items() if key in section} == {
        key: live.values for key, live in case.found.items()
    }
    hypothesis.event(f"{len(section)} saved")
