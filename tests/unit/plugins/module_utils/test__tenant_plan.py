# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import random
from typing import Any

import hypothesis
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Plan
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed, domains_of
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import (
    Circles,
    TenantChange,
    make_plan,
    reads_needed,
)
from ansible_collections.pcc.identity.plugins.module_utils._tenant_rules import problems_alone
from tests.unit.plugins.module_utils.support import found, live, no_changes, wanted


def plan_of(tenants: Found, *options: dict[str, Any], prune: bool = False) -> Plan:
    entries = wanted(*options)
    assert problems_alone(entries) == []
    return make_plan(entries, tenants, prune=prune)


def only(plan: Plan) -> TenantChange:
    (change,) = plan.changes
    assert isinstance(change, TenantChange)
    return change


def after(tenants: Found, plan: Plan) -> Found:
    """The live tenants once a plan was carried out, one write after the other, by a service that refuses what the real
    one refuses."""
    state = dict(tenants.tenants)
    for number, change in enumerate(plan.changes):
        if change.action == DELETE:
            assert not any(tenant.values["parent"] == change.id for tenant in state.values())
            del state[change.id or ""]
            continue
        if change.action == CREATE:
            tenant = Observed(change.id or f"T2made{number}", no_changes(change.after), raw={})
            assert tenant.id not in state
            assert not tenant.values["parent"] or tenant.values["parent"] in state
        else:
            current = state[change.id or ""]
            assert {name: current.values[name] for name in change.before} == change.before
            assert "parent" not in change.after
            tenant = dataclasses.replace(current, values={**current.values, **change.after})
        others = [other for other in state.values() if other.id != tenant.id]
        assert tenant.name not in {other.name for other in others}
        held = {claim for other in others for claim in domains_of(other.values)}
        assert not held & set(domains_of(tenant.values))
        state[tenant.id] = tenant
    return Found(state)


# -- single changes --------------------------------------------------------------------------------------------------


def test_a_tenant_that_is_missing_is_created() -> None:
    plan = plan_of(found(), {"id": "acme", "name": "Acme", "domains": ["b.com", "a.com"], "disabled": False})
    change = only(plan)
    assert (change.key, change.id, change.name, change.action) == ("acme", "acme", "Acme", CREATE)
    assert (change.before, change.observed) == ({}, None)
    assert change.after == {"name": "Acme", "domains": ["a.com", "b.com"], "disabled": False}
    assert change.part(fields.SETTINGS) == {"domains": ["a.com", "b.com"]}
    assert change.part(fields.OWN) == {"name": "Acme", "disabled": False}
    assert change.part(fields.PASSWORD) == {}


def test_a_tenant_without_an_id_goes_by_its_name() -> None:
    change = only(plan_of(found(), {"name": "Acme"}))
    assert (change.key, change.id, change.name) == ("Acme (new id)", None, "Acme")


def test_only_what_differs_is_written() -> None:
    tenants = found(live("acme", "Acme", disabled=True, domains=["A.com"]))
    change = only(
        plan_of(
            tenants,
            {"id": "acme", "name": "Acme", "disabled": False, "domains": ["a.COM"], "default_roles": ["Reader"]},
        )
    )
    assert (change.key, change.name, change.action) == ("acme", "Acme", UPDATE)
    assert change.before == {"disabled": True, "default_roles": []}
    assert change.after == {"disabled": False, "default_roles": ["Reader"]}
    assert change.observed is tenants.tenants["acme"]


def test_a_change_found_by_name_goes_by_the_id() -> None:
    change = only(plan_of(found(live("acme", "Acme")), {"name": "Acme", "disabled": True}))
    assert (change.key, change.id, change.name) == ("acme", "acme", "Acme")


def test_an_update_without_a_name_is_told_with_the_live_one() -> None:
    assert only(plan_of(found(live("acme", "Acme")), {"id": "acme", "disabled": True})).name == "Acme"
    assert only(plan_of(found(live("acme", "Acme")), {"id": "acme", "name": "New"})).name == "New"


def test_what_is_as_wanted_is_left_alone() -> None:
    tenants = found(live("acme", "Acme", custom_attributes={"seats": 5, "regions": ["a", "b"]}), live("x", "X"))
    plan = plan_of(
        tenants,
        {"id": "acme", "name": "Acme", "custom_attributes": {"seats": 5.0, "regions": ["b", "a"]}},
        {"name": "X"},
        {"id": "gone", "state": "absent"},
    )
    assert plan.changes == []
    assert plan.unchanged == [("acme", "acme", "Acme"), ("x", "x", "X"), ("gone", "gone", "")]
    assert (plan.unmanaged, plan.live) == ([], 2)


def test_one_that_shall_not_exist_is_deleted() -> None:
    tenants = found(live("acme", "Acme", domains=["a.com"], enforce_sso=True))
    for option in ({"id": "acme"}, {"name": "Acme"}):
        plan = plan_of(tenants, {**option, "state": "absent", "disabled": True})
        change = only(plan)
        assert (change.key, change.id, change.name, change.action) == ("acme", "acme", "Acme", DELETE)
        assert change.before == {
            "name": "Acme",
            "domains": ["a.com"],
            "enforce_sso": True,
        }
        assert (change.after, change.cascade, plan.unchanged) == ({}, False, [])


def test_cascade_is_for_the_entries_that_ask_for_it() -> None:
    tenants = found(live("a"), live("b"), live("c"))
    plan = plan_of(tenants, {"id": "a", "state": "absent", "cascade": True}, {"id": "b", "state": "absent"}, prune=True)
    assert {change.key: change.cascade for change in plan.changes} == {"a": True, "b": False, "c": False}


def test_what_is_not_in_the_list_is_told_or_pruned() -> None:
    tenants = found(live("b"), live("c"), live("a"))
    plan = plan_of(tenants, {"id": "b"})
    assert (plan.unmanaged, plan.changes, plan.live) == (["a", "c"], [], 3)
    plan = plan_of(tenants, {"id": "b"}, prune=True)
    assert plan.unmanaged == []
    assert [(change.key, change.action) for change in plan.changes] == [("a", DELETE), ("c", DELETE)]


def test_an_absent_tenant_is_not_unmanaged() -> None:
    assert plan_of(found(live("a"), live("b")), {"id": "a", "state": "absent"}).unmanaged == ["b"]


@pytest.mark.parametrize(
    ("purge", "given_attributes", "result"),
    [
        (True, {"a": 1}, {"a": 1}),
        (True, {"a": None}, {}),
        (True, {}, {}),
        (False, {"a": 1}, {"a": 1, "b": 2}),
        (False, {"c": 3}, {"a": 0, "b": 2, "c": 3}),
        (False, {"b": None}, {"a": 0}),
        (False, {"b": ""}, {"a": 0}),
    ],
    ids=str,
)
def test_custom_attributes(purge: bool, given_attributes: dict[str, Any], result: dict[str, Any]) -> None:
    tenants = found(live("acme", custom_attributes={"a": 0, "b": 2}))
    option = {"id": "acme", "custom_attributes": given_attributes, "purge_custom_attributes": purge}
    change = only(plan_of(tenants, option))
    assert change.before == {"custom_attributes": {"a": 0, "b": 2}}
    assert change.after == {"custom_attributes": result}
    assert plan_of(after(tenants, plan_of(tenants, option)), option).changes == []


@pytest.mark.parametrize("option", [{"custom_attributes": {}, "purge_custom_attributes": False}, {}], ids=str)
def test_merging_nothing_changes_nothing(option: dict[str, Any]) -> None:
    assert plan_of(found(live("acme", custom_attributes={"a": 0})), {"id": "acme", **option}).changes == []


def test_attributes_of_a_new_tenant() -> None:
    option = {"id": "acme", "name": "Acme", "custom_attributes": {"a": 1, "b": None}, "purge_custom_attributes": False}
    assert only(plan_of(found(), option)).after["custom_attributes"] == {"a": 1}


def test_an_hour_is_sixty_minutes() -> None:
    tenants = found(live("acme", settings__inactivity_time=60, settings__inactivity_time_unit="minutes"))
    option = {"id": "acme", "settings": {"inactivity_time": 1, "inactivity_time_unit": "hours"}}
    assert plan_of(tenants, option).changes == []
    option["settings"]["inactivity_time"] = 2
    assert only(plan_of(tenants, option)).fields == ["settings.inactivity_time", "settings.inactivity_time_unit"]


# -- order -----------------------------------------------------------------------------------------------------------


def order(plan: Plan) -> list[str]:
    return [change.key for change in plan.changes]


def test_parents_come_before_their_children() -> None:
    plan = plan_of(
        found(),
        {"id": "aaa", "name": "A", "parent": "bbb"},
        {"id": "bbb", "name": "B", "parent": "ccc"},
        {"id": "ccc", "name": "C"},
    )
    assert order(plan) == ["ccc", "bbb", "aaa"]
    assert plan.changes[2].needs == {"bbb"}


def test_children_go_before_their_parents() -> None:
    plan = plan_of(found(live("a"), live("b", parent="a"), live("c", parent="b")), prune=True)
    assert order(plan) == ["c", "b", "a"]


def test_a_live_parent_that_does_not_change_is_not_waited_for() -> None:
    assert only(plan_of(found(live("dad")), {"id": "kid", "name": "Kid", "parent": "dad"})).needs == set()


@pytest.mark.parametrize("field", ["domains", "self_provisioning_domains"])
def test_a_domain_is_released_before_it_is_claimed(field: str) -> None:
    tenants = found(live("zzz", **{field: ["X.com", "y.com"]}))
    plan = plan_of(tenants, {"id": "aaa", "name": "A", field: ["x.com"]}, {"id": "zzz", field: ["y.com"]})
    assert order(plan) == ["zzz", "aaa"]
    assert plan.changes[1].needs == {"zzz"}


def test_a_name_is_released_before_it_is_claimed() -> None:
    tenants = found(live("aaa", "One"), live("zzz", "Two"))
    assert order(plan_of(tenants, {"id": "aaa", "name": "Two"}, {"id": "zzz", "name": "Three"})) == ["zzz", "aaa"]


def test_what_a_deleted_tenant_held_can_be_claimed_after_it() -> None:
    tenants = found(live("zzz", "Old", domains=["x.com"]))
    plan = plan_of(tenants, {"id": "aaa", "name": "Old", "domains": ["x.com"]}, {"id": "zzz", "state": "absent"})
    assert order(plan) == ["zzz", "aaa"]


@pytest.mark.parametrize("exists", [False, True])
def test_entries_whose_keys_look_alike_are_never_dropped_silently(exists: bool) -> None:
    tenants = found(live("acme", "Acme Incorporated")) if exists else found()
    entries = wanted({"id": "acme", "name": "Acme Incorporated", "disabled": True}, {"name": "acme"})
    problems = problems_alone(entries)
    if not problems:
        try:
            plan = make_plan(entries, tenants)
        except Problems as error:
            problems = error.problems
        else:
            assert sorted(change.name for change in plan.changes) == ["Acme Incorporated", "acme"]
            return
    assert "tenants[0]" in str(problems[0])
    assert "tenants[1]" in str(problems[0])


# -- what has to be read first ---------------------------------------------------------------------------------------


def reads(tenants: Found, *options: dict[str, Any], prune: bool = False) -> dict[str, set[str]]:
    needed = reads_needed(wanted(*options), tenants, prune=prune)
    every = {"tenants": needed.tenants, "settings": needed.settings, "password": needed.password}
    return {name: set(ids) for name, ids in every.items() if ids}


def listed(tenant_id: str, **raw: Any) -> Observed:
    """A tenant as a full list entry shows it."""
    complete = {field.wire[0]: fields.to_wire(field, fields.clean(field, None)) for field in fields.IN_TENANT}
    return Observed.from_wire({**complete, "id": tenant_id, "name": f"Name of {tenant_id}", **raw}, complete=False)


def short(tenant_id: str, **raw: Any) -> Observed:
    """A tenant as a short list entry shows it."""
    tenant = listed(tenant_id, **raw)
    hidden = ("parent", "defaultRoles", "roleInheritance", "successors")
    return Observed.from_wire({k: v for k, v in tenant.raw.items() if k not in hidden}, complete=False)


@pytest.mark.parametrize(
    ("option", "needed"),
    [
        ({"id": "a", "disabled": True, "default_roles": ["x"]}, {}),
        ({"id": "a", "settings": {"enabled": True}}, {"settings": {"a"}}),
        ({"id": "a", "settings": {}}, {}),
        ({"id": "a", "password_settings": {"lock": True}}, {"password": {"a"}}),
        ({"id": "a", "domains": ["SSO.com"]}, {}),
        ({"id": "a", "domains": ["new.com"]}, {"settings": {"a"}}),
        ({"id": "a", "domains": ["sso.com"], "settings": {"enabled": True}}, {"settings": {"a"}}),
        ({"id": "new", "name": "New", "settings": {"enabled": True}, "password_settings": {"lock": True}}, {}),
        ({"id": "a", "state": "absent", "settings": {"enabled": True}}, {}),
    ],
    ids=str,
)
def test_settings_are_read_only_where_they_matter(option: dict[str, Any], needed: dict[str, set[str]]) -> None:
    assert reads(found(listed("a", domains=["sso.com"])), option) == needed


@pytest.mark.parametrize(
    ("options", "prune", "needed"),
    [
        ([{"id": "a", "disabled": True}], False, {}),
        ([{"id": "a", "default_roles": []}], False, {"tenants": {"a"}}),
        ([{"id": "a", "parent": ""}], False, {"tenants": {"a"}}),
        ([{"id": "a", "role_inheritance": "none"}], False, {"tenants": {"a"}}),
        ([{"id": "new", "name": "New", "parent": "b"}], False, {"tenants": {"b"}}),
        ([{"id": "a", "state": "absent"}], False, {"tenants": {"a"}}),
        ([{"id": "a"}], True, {"tenants": {"b"}}),
    ],
    ids=str,
)
def test_short_list_entries_are_completed_where_it_matters(
    options: list[dict[str, Any]], prune: bool, needed: dict[str, set[str]]
) -> None:
    assert reads(found(short("a"), short("b")), *options, prune=prune) == needed


def test_levels_are_counted_up_to_the_first_unknown_parent() -> None:
    tenants = found(live("low", parent="mid"), short("mid"), short("top"))
    assert reads(tenants, {"id": "new", "name": "New", "parent": "low"}) == {"tenants": {"mid"}}
    tenants = found(live("low", parent="mid"), live("mid", parent="top"), short("top"))
    assert reads(tenants, {"id": "new", "name": "New", "parent": "low"}) == {"tenants": {"top"}}


def test_children_known_from_their_parent_count() -> None:
    parent = listed("dad", successors=["kid"])
    with pytest.raises(Problems, match="sub-tenants kid"):
        plan_of(found(parent, short("kid")), {"id": "dad", "state": "absent"})


# -- properties ------------------------------------------------------------------------------------------------------

IDS = ["aaa", "bbb", "ccc", "ddd", "eee"]
NAMES = [f"Name {number}" for number in range(1, 11)]
DOMAINS = ["a.com", "B.com", "c.com", "d.com", "e.com", "f.com"]


@st.composite
def spread(draw: st.DrawFn, owners: list[str]) -> dict[str, dict[str, Any]]:
    """Values for some tenants that share no name and no domain."""
    names = draw(st.permutations(NAMES))
    values: dict[str, dict[str, Any]] = {owner: {"name": name} for owner, name in zip(owners, names, strict=False)}
    for field in ("domains", "self_provisioning_domains"):
        for own in values.values():
            own[field] = []
        for domain in draw(st.sets(st.sampled_from(DOMAINS), max_size=3)) if owners else ():
            values[draw(st.sampled_from(owners))][field].append(domain)
    for own in values.values():
        own |= {
            "disabled": draw(st.booleans()),
            "custom_attributes": draw(
                st.dictionaries(st.sampled_from("xyz"), st.sampled_from([1, 2.0, "t", True]), max_size=2)
            ),
            "default_roles": draw(st.lists(st.sampled_from(["Reader", "Writer"]), unique=True)),
            "settings.inactivity_time": draw(st.sampled_from([1, 60, 3600])),
            "settings.inactivity_time_unit": draw(st.sampled_from(["seconds", "minutes", "hours"])),
            "password_settings.min_length": draw(st.integers(0, 2)),
        }
    return values


@dataclasses.dataclass
class Case:
    tenants: Found
    entries: list[Desired]
    prune: bool

    def plan(self) -> Plan:
        assume(problems_alone(self.entries) == [])
        try:
            return make_plan(self.entries, self.tenants, prune=self.prune)
        except Problems:
            hypothesis.reject()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ids = sorted(draw(st.sets(st.sampled_from(IDS))))
    tenants: dict[str, Observed] = {}
    for tenant_id, values in draw(spread(ids)).items():
        parents = ["", *(other for other in tenants if not tenants[other].values["parent"])]
        cleaned = {name: fields.clean(fields.FIELDS[name], value) for name, value in values.items()}
        cleaned["parent"] = draw(st.sampled_from(parents))
        tenants[tenant_id] = Observed(tenant_id, no_changes(cleaned), raw={})
    listed_ids = draw(st.permutations(sorted(draw(st.sets(st.sampled_from(IDS))))))
    entries = []
    for index, (tenant_id, values) in enumerate(draw(spread(list(listed_ids))).items()):
        known = tenants.get(tenant_id)
        option: dict[str, Any] = {"id": tenant_id}
        kept = draw(st.sets(st.sampled_from(sorted(values)))) | ({"name"} if known is None else set())
        option |= fields.nested({name: values[name] for name in sorted(kept)})
        if known is None and draw(st.booleans()):
            option["parent"] = draw(st.sampled_from([*tenants, ""]))
        if draw(st.integers(0, 4)) == 0:
            option["state"] = "absent"
        elif known is None and draw(st.integers(0, 3)) == 0:
            del option["id"]
        option["purge_custom_attributes"] = draw(st.booleans())
        entries.append(Desired.from_option(option, index))
    return Case(Found(tenants), entries, draw(st.booleans()))


PROPERTY = hypothesis.settings(
    max_examples=60, suppress_health_check=[hypothesis.HealthCheck.filter_too_much, hypothesis.HealthCheck.too_slow]
)


@PROPERTY
@given(cases())
def test_a_second_plan_is_empty(case: Case) -> None:
    plan = case.plan()
    now = after(case.tenants, plan)
    second = make_plan(case.entries, now, prune=case.prune)
    assert second.changes == []
    assert second.unmanaged == plan.unmanaged
    if case.prune:
        assert len(now.tenants) == sum(entry.present for entry in case.entries)


@PROPERTY
@given(cases())
def test_afterwards_everything_is_as_wanted(case: Case) -> None:
    now = after(case.tenants, case.plan())
    for entry in case.entries:
        tenant = now.match(entry)
        assert (tenant is not None) == entry.present
        if tenant:
            given_values = {name: value for name, value in entry.values.items() if name != "custom_attributes"}
            assert fields.differing(given_values, tenant.values) == []
            kept = {} if entry.purge_custom_attributes else tenant.values["custom_attributes"]
            wanted_attributes = {**kept, **entry.values.get("custom_attributes", tenant.values["custom_attributes"])}
            chosen = fields.FIELDS["custom_attributes"]
            assert fields.same(chosen, fields.clean(chosen, wanted_attributes), tenant.values["custom_attributes"])


@PROPERTY
@given(cases())
def test_nothing_is_planned_that_was_not_asked_for(case: Case) -> None:
    plan = case.plan()
    asked = {}
    for entry in case.entries:
        tenant = case.tenants.match(entry)
        asked[tenant.id if tenant else entry.key] = entry
    for change in plan.changes:
        if change.action == DELETE:
            assert case.prune or not asked[change.key].present
            continue
        assert set(change.fields) <= set(asked[change.key].values)
        if change.action == UPDATE:
            current = case.tenants.tenants[change.key].values
            assert change.before == {name: current[name] for name in change.after}
            # Inherited password settings are held where the ancestor's change; nothing else is written as it is.
            as_it_is = set(change.after) - set(fields.differing(change.after, current))
            above = [each for each in plan.changes if each.key in change.needs]
            assert all(fields.FIELDS[name].step == fields.PASSWORD for name in as_it_is)
            assert as_it_is <= {name for each in above for name in each.after}
    if not case.prune:
        assert not set(plan.unmanaged) & {change.key for change in plan.changes}


@PROPERTY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_live_list_does_not_matter(case: Case, shuffle: random.Random) -> None:
    plan = case.plan()
    ids = list(case.tenants.tenants)
    shuffle.shuffle(ids)
    other = make_plan(case.entries, Found({key: case.tenants.tenants[key] for key in ids}), prune=case.prune)
    assert other == plan
    assert make_plan(case.entries, case.tenants, prune=case.prune) == plan


@PROPERTY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_matter_for_the_changes(case: Case, shuffle: random.Random) -> None:
    plan = case.plan()
    entries = list(case.entries)
    shuffle.shuffle(entries)
    other = make_plan(entries, case.tenants, prune=case.prune)
    assert other.changes == plan.changes
    assert other.unmanaged == plan.unmanaged
    assert sorted(map(str, other.unchanged)) == sorted(map(str, plan.unchanged))


@PROPERTY
@given(cases())
def test_changes_and_the_rest_are_all_there_is(case: Case) -> None:
    plan = case.plan()
    keys = [change.key for change in plan.changes]
    place = {key: index for index, key in enumerate(keys)}
    assert len(place) == len(keys)
    assert all(place[need] < place[change.key] for change in plan.changes for need in change.needs)
    touched = set(keys) | {key for key, _id, _name in plan.unchanged} | set(plan.unmanaged)
    assert set(case.tenants.tenants) <= touched
    assert plan.live == len(case.tenants.tenants)
    diff = render(plan.changes, fields.nested, "tenants")
    for line in (diff["before"] + diff["after"]).splitlines():
        if not line.startswith((" ", "-")):
            assert line.rstrip(":").strip("'") in place


def test_what_the_service_itself_had_is_not_held_against_an_entry() -> None:
    tenants = found(live("a"), live("b", parent="a"), live("c", parent="b"))
    entries = wanted({"id": "T2WithCapitals", "name": "Deep", "parent": "c"})
    with pytest.raises(Problems):
        make_plan(entries, tenants)
    assert [change.key for change in make_plan(entries, tenants, existed=True).changes] == ["T2WithCapitals"]


def test_an_exchange_names_its_circle() -> None:
    tenants = found(live("a", name="A"), live("b", name="B"))
    with pytest.raises(Circles) as error:
        make_plan(wanted({"id": "a", "name": "B"}, {"id": "b", "name": "A"}), tenants)
    assert [sorted(circle) for circle in error.value.circles] == [["a", "b"]]
