# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of a restore by themselves: which steps, in which order, and what cannot be had."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _rbac_model as rbac
from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, Change
from ansible_collections.pcc.identity.plugins.module_utils._restore_plan import foreseen, restore
from ansible_collections.pcc.identity.plugins.module_utils._restore_rules import theme_sides
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted
from ansible_collections.pcc.identity.plugins.module_utils._restore_state import State
from ansible_collections.pcc.identity.plugins.module_utils._restore_tenants import desired
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Found, Observed, domains_of
from ansible_collections.pcc.identity.plugins.module_utils._theme import same as same_styles

Json = dict[str, Any]

_EMPTY = {name: fields.clean(field, None) for name, field in fields.FIELDS.items()}
_IDS = [f"tenant-{number}" for number in range(5)]


def observed(tenant_id: str, **values: Any) -> Observed:
    return Observed(tenant_id, {**_EMPTY, "name": tenant_id.title(), **values}, {})


def found(*tenants: Observed) -> Found:
    return Found({tenant.id: tenant for tenant in tenants})


def wanted(content: Json, *, prune: bool = False, complete: bool = True, masked: Sequence[str] = ()) -> Wanted:
    names = frozenset(content)
    return Wanted(
        project="P2abc",
        here=True,
        sections=tuple(content),
        content=content,
        complete=names if complete else frozenset(),
        whole=names,
        masked=frozenset(masked),
        prune=prune,
    )


def tenants_of(tenants: Found) -> Json:
    """A section of a backup that holds these tenants."""
    return {tenant_id: tenant.to_backup() for tenant_id, tenant in tenants.tenants.items()}


class Service:
    """Carries out changes of tenants, and refuses what the real one refuses."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.calls: list[list[str]] = []

    def carry(self, section: str, changes: Sequence[Change], state: State) -> list[Outcome]:
        self.calls.append([f"{change.action} {change.key}" for change in changes])
        for change in changes:
            self.check(change)
            self.state = self.state.taken(section, foreseen(section, [change], self.state))
        return foreseen(section, changes, state)

    def check(self, change: Change) -> None:
        assert self.state.tenants is not None
        tenants = self.state.tenants.tenants
        others = [tenant for tenant in tenants.values() if tenant.id != change.key]
        if change.action == DELETE:
            assert not any(tenant.values["parent"] == change.key for tenant in others)
            return
        assert (change.key in tenants) == (change.action != CREATE)
        assert change.action == CREATE or "parent" not in change.after
        assert not change.after.get("parent") or change.after["parent"] in tenants
        assert change.after.get("name") not in {tenant.name for tenant in others}
        held = {claim for tenant in others for claim in domains_of(tenant.values)}
        assert not held & set(domains_of(change.after))


@st.composite
def projects(draw: st.DrawFn) -> Found:
    """Tenants as a service can have them: no name or domain twice, parents without circles."""
    ids = draw(st.lists(st.sampled_from(_IDS), unique=True))
    names = draw(st.permutations([f"Name {number}" for number in range(6)]))
    domains = draw(st.permutations([f"{letter}.example" for letter in "abcdef"]))
    made: dict[str, Observed] = {}
    for number, tenant_id in enumerate(ids):
        parent = draw(st.sampled_from(["", *made]))
        own = domains[number : number + 1] if draw(st.booleans()) else []
        values = {"self_provisioning_domains": own, "domains": own, "disabled": draw(st.booleans())}
        made[tenant_id] = observed(tenant_id, name=names[number], parent=parent, **values)
    return Found(made)


@given(projects(), projects())
def test_with_prune_tenants_come_out_as_saved(saved: Found, live: Found) -> None:
    service = Service(State(tenants=live, roles={}))
    plan = wanted({"tenants": tenants_of(saved)}, prune=True)
    account = restore(plan, service.state, service.carry)
    assert account.reasons == {}
    assert service.state.tenants is not None
    assert tenants_of(service.state.tenants) == tenants_of(saved)
    preview = restore(plan, State(tenants=live, roles={}), foreseen)
    assert {key: outcome.effects for key, outcome in preview.final().items()} == {
        key: outcome.effects for key, outcome in account.final().items()
    }
    again = restore(plan, service.state, service.carry)
    assert again.outcomes == {}


@given(projects(), projects())
def test_without_prune_nothing_is_deleted_and_others_are_not_touched(saved: Found, live: Found) -> None:
    service = Service(State(tenants=live))
    account = restore(wanted({"tenants": tenants_of(saved)}), service.state, service.carry)
    assert service.state.tenants is not None
    now = service.state.tenants.tenants
    failed = {key for _section, key in account.reasons}
    for tenant_id, tenant in live.tenants.items():
        assert tenant_id in now
        if tenant_id not in saved.tenants or tenant_id in failed:
            assert now[tenant_id].values == tenant.values
    for tenant_id, tenant in saved.tenants.items():
        if tenant_id not in failed:
            assert now[tenant_id].values == tenant.values
    assert all(reason.endswith(".") for reason in account.reasons.values())
    # Only what has a reason of its own is not restored.
    for tenant_id in failed:
        mine, theirs = saved.tenants[tenant_id], [each for each in now.values() if each.id != tenant_id]
        moved = tenant_id in live.tenants and live.tenants[tenant_id].values["parent"] != mine.values["parent"]
        held = {claim for each in theirs for claim in domains_of(each.values)} & set(domains_of(mine.values))
        orphan = tenant_id not in live.tenants and mine.values["parent"] not in {"", *now}
        assert moved or held or orphan or mine.name in {each.name for each in theirs}


@given(projects(), projects(), st.sets(st.sampled_from(_IDS)), st.booleans())
def test_of_chosen_tenants_only_these_are_touched(saved: Found, live: Found, chosen: set[str], prune: bool) -> None:
    section = {tenant_id: each for tenant_id, each in tenants_of(saved).items() if tenant_id in chosen}
    section |= dict.fromkeys(chosen - set(section))
    service = Service(State(tenants=live, roles={}))
    restore(wanted({"tenants": section}, prune=prune, complete=False), service.state, service.carry)
    assert service.state.tenants is not None
    now = service.state.tenants.tenants
    for tenant_id, tenant in live.tenants.items():
        if tenant_id not in chosen:
            assert now[tenant_id].values == tenant.values


@given(projects(), projects(), st.integers(0, 12))
def test_whatever_write_fails_the_rest_is_told_truly(saved: Found, live: Found, nth: int) -> None:
    """One write fails; every row that says it is done is done, and the next run finishes the work."""
    service = Service(State(tenants=live, roles={}))
    count = 0

    def carry(section: str, changes: Sequence[Change], state: State) -> list[Outcome]:
        nonlocal count
        outcomes: list[Outcome] = []
        bad: set[str] = set()
        for change in changes:
            count += 1
            if change.needs & bad:
                outcomes.append(Outcome.skipped(change, "it needs another"))
                bad.add(change.key)
            elif count == nth:
                outcomes.append(Outcome(change, change.id, "failed", [], False, IdentityError("refused", "No.")))
                bad.add(change.key)
            else:
                service.check(change)
                outcomes += foreseen(section, [change], state)
                service.state = service.state.taken(section, outcomes[-1:])
        return outcomes

    plan = wanted({"tenants": tenants_of(saved)}, prune=True)
    account = restore(plan, service.state, carry)
    assert service.state.tenants is not None
    for (_section, key), outcome in account.final().items():
        now = service.state.tenants.tenants.get(key)
        if outcome.status in {"created", "updated"}:
            assert now is not None
            assert now.values == saved.tenants[key].values
        if outcome.status == "deleted":
            assert now is None
    again = Service(service.state)
    assert restore(plan, service.state, again.carry).reasons == {}
    assert again.state.tenants is not None
    assert tenants_of(again.state.tenants) == tenants_of(saved)


def test_a_circle_is_broken_by_one_round_before() -> None:
    live = found(observed("one", name="B", domains=["b.example"]), observed("two", name="A", domains=["a.example"]))
    saved = found(observed("one", name="A", domains=["a.example"]), observed("two", name="B", domains=["b.example"]))
    service = Service(State(tenants=live))
    account = restore(wanted({"tenants": tenants_of(saved)}), service.state, service.carry)
    assert service.calls == [["update one", "update two"], ["update one", "update two"]]
    assert {key: outcome.effects for key, outcome in account.final().items()} == {
        ("tenants", "one"): ["domains", "name"],
        ("tenants", "two"): ["domains", "name"],
    }
    assert account.final()["tenants", "one"].change.before == {"name": "B", "domains": ["b.example"]}
    assert account.final()["tenants", "one"].change.after == {"name": "A", "domains": ["a.example"]}


def test_a_name_in_between_is_one_that_nobody_has_or_wants() -> None:
    taken = observed("three", name="one (being restored)")
    live = found(observed("one", name="B"), observed("two", name="A"), taken)
    saved = found(observed("one", name="A"), observed("two", name="B"), taken)
    service = Service(State(tenants=live))
    assert restore(wanted({"tenants": tenants_of(saved)}), service.state, service.carry).reasons == {}


def test_a_masked_tenant_is_neither_restored_nor_pruned() -> None:
    live = found(observed("one", disabled=True), observed("below", parent="one"))
    section = {"one": {"id": "one", "name": "***"}}
    plan = wanted({"tenants": section}, prune=True, masked=["tenants/one"])
    account = restore(plan, State(tenants=live, roles={}), foreseen)
    assert list(account.reasons) == [("tenants", "one")]
    assert "management key stood in it" in account.reasons["tenants", "one"]
    assert [change.key for change in account.firsts("tenants").values()] == ["below"]


def test_a_time_that_is_not_set_has_no_unit() -> None:
    settings = {"session_token_expiration": 0, "session_token_expiration_unit": "", "inactivity_time": 5}
    values = desired("one", {"id": "one", "name": "One", "settings": settings}).values
    assert "settings.session_token_expiration_unit" not in values
    assert values["settings.session_token_expiration"] == 0
    live = observed("one", name="One", **{"settings.session_token_expiration": 7})
    live = dataclasses.replace(live, values={**live.values, "settings.session_token_expiration_unit": "days"})
    saved = {"one": {"id": "one", "name": "One", "settings": {**settings, "inactivity_time": 0}}}
    account = restore(wanted({"tenants": saved}), State(tenants=found(live)), foreseen)
    (change,) = account.firsts("tenants").values()
    assert change.after == {"settings.session_token_expiration": 0}


def test_built_in_roles_and_permissions_stay() -> None:
    admin = rbac.Observed(rbac.ROLES, "r", rbac.TENANT_ADMIN, {}, built_in=True)
    own = rbac.Observed(rbac.PERMISSIONS, "p", "Impersonate", {"description": ""}, built_in=True)
    state = State(roles={admin.key: admin}, permissions={own.key: own})
    plan = wanted({"roles": {rbac.TENANT_ADMIN: None}, "permissions": {}}, prune=True)
    assert restore(plan, state, foreseen).outcomes == {}


def test_roles_go_with_their_tenant_and_come_again() -> None:
    values = {"description": "", "permissions": [], "default": False, "private": False}
    role = rbac.Observed(rbac.ROLES, "r", "Own", values, tenant_id="one")
    state = State(tenants=found(observed("one", parent="top"), observed("top")), roles={role.key: role})
    saved = found(observed("one"), observed("top"))
    content = {"tenants": tenants_of(saved), "roles": {role.key: rbac.to_backup(role)}}
    account = restore(wanted(content, prune=True), state, foreseen)
    assert account.anew == {"one"}
    assert account.firsts("roles")[role.key].action == CREATE
    # Without its role in the backup, the tenant is left alone.
    account = restore(wanted({"tenants": tenants_of(saved)}, prune=True), state, foreseen)
    assert account.outcomes == {}
    assert "the role 'one/Own' would be lost" in account.reasons["tenants", "one"]


def test_a_failure_that_stops_everything_stops_the_later_steps() -> None:
    def carry(_section: str, changes: Sequence[Change], _state: State) -> list[Outcome]:
        error = IdentityError("unauthorized", "The key is wrong.")
        return [Outcome(change, change.id, "failed", [], False, error) for change in changes]

    content = {
        "permissions": {"Read": {"name": "Read", "description": ""}},
        "roles": {"Editor": {"name": "Editor", "permission_names": ["Read"]}},
    }
    account = restore(wanted(content), State(roles={}, permissions={}), carry)
    statuses = {place: outcome.status for place, outcome in account.final().items()}
    assert statuses == {("permissions", "Read"): "failed", ("roles", "Editor"): "skipped"}
    assert account.reasons == {}


_STYLES = st.recursive(
    st.sampled_from(["1px", "2px"]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, min_size=1, max_size=3),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))


@given(_STYLES, _STYLES)
def test_the_sides_of_a_theme_hold_all_that_differs(live: Json, saved: Json) -> None:
    before, after_it = theme_sides(live, saved)
    assert (before == after_it == {}) == same_styles(live, saved)
