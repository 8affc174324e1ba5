# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, carry_out
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import (
    Desired,
    FlowChange,
    FlowPlan,
    Found,
    make_plan,
    names_needed,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import Known
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json, another_read, edits, flows, made

PROJECT = "P2target"
BASIC, CONNECTOR, ROLE = FLOWS[:3]
SOURCE_ID = "CI2kytoq1RRvE147xvkGxu6xXEJxY"
OTHER_ID = "CI2other" + "x" * 20
TARGET_ID = "CI2target" + "x" * 20


def found(*live: Json, connectors: dict[str, str] | None = None, roles: dict[str, str] | None = None) -> Found:
    """What a project with some flows, connectors and roles has."""
    known = Known({"connectors": dict(connectors or {}), "roles": dict(roles or {})}, {"connectors", "roles"})
    flows_by_id = {flow["flowId"]: flow for flow in live}
    for flow in live:
        known.add(flow)
    return Found(PROJECT, {flow_id: {"id": flow_id} for flow_id in flows_by_id}, flows_by_id, known)


def after(before: Found, plan: FlowPlan) -> Found:
    """The project once a plan was carried out."""
    live = copy.deepcopy(before.flows)
    for change in plan.changes:
        assert isinstance(change, FlowChange)
        assert (change.live is None) == (change.key not in live)
        if change.definition is None:
            del live[change.key]
        else:
            assert change.definition["flowId"] == change.key
            live[change.key] = copy.deepcopy(change.definition)
    return found(*live.values(), connectors=before.known.ids["connectors"], roles=before.known.ids["roles"])


def flow(flow_id: str, *runs: str, **metadata: Any) -> Json:
    """A flow that runs others inside itself."""
    steps = {"start": "> 0", "0": "logged-in"}
    result = {**made(steps, **metadata), "flowId": flow_id}
    for index, other in enumerate(runs):
        arguments = {"flowId": {"type": "inline", "value": other}}
        result["contents"]["tasks"][f"run{index}"] = {"name": f"Run {other}", "type": "flow", "arguments": arguments}
    return result


def wanted(definition: Json, **options: Any) -> Desired:
    return Desired(options.pop("id", definition["flowId"]), definition=definition, **options)


def only(plan: FlowPlan) -> FlowChange:
    (change,) = plan.changes
    assert isinstance(change, FlowChange)
    return change


def problems_of(desired: list[Desired], there: Found) -> list[str]:
    with pytest.raises(Problems) as caught:
        make_plan(desired, there)
    return [str(problem) for problem in caught.value.problems]


# -- single changes --------------------------------------------------------------------------------------------------


def test_a_new_flow() -> None:
    plan = make_plan([wanted(BASIC)], found())
    change = only(plan)
    assert (change.key, change.id, change.name, change.action) == ("basic-flow", None, "Basic Flow", CREATE)
    assert (change.live, change.before) == (None, {})
    assert change.definition == BASIC
    assert change.after["sign_in_methods"] == ["social login with apple"]
    assert (plan.guarded, plan.warnings, plan.unmanaged, plan.live) == ([], [], [], 0)


def test_an_update() -> None:
    new = copy.deepcopy(BASIC)
    new["contents"]["tasks"]["0"]["name"] = "Finish"
    change = only(make_plan([wanted(new)], found(BASIC)))
    assert (change.key, change.id, change.name, change.action) == ("basic-flow", "basic-flow", "Basic Flow", UPDATE)
    assert (change.live, change.definition) == (BASIC, new)
    assert change.fields == ["steps: Finish"]


def test_a_deletion() -> None:
    plan = make_plan([Desired("basic-flow", absent=True), Desired("gone", absent=True)], found(BASIC, CONNECTOR))
    change = only(plan)
    assert (change.key, change.id, change.name, change.action) == ("basic-flow", "basic-flow", "Basic Flow", DELETE)
    assert (change.live, change.definition, change.after) == (BASIC, None, {})
    assert plan.unchanged == [("gone", None, "")]
    assert (plan.unmanaged, plan.live) == (["references-flow"], 2)


def test_unchanged() -> None:
    plan = make_plan([wanted(BASIC), Desired("references-flow")], found(BASIC, CONNECTOR))
    assert plan.changes == []
    assert plan.unchanged == [
        ("basic-flow", "basic-flow", "Basic Flow"),
        ("references-flow", "references-flow", "References Flow"),
    ]


@pytest.mark.parametrize(
    ("live", "overrides", "fields"),
    [
        ({}, {"disabled": True}, ["disabled"]),
        ({"disabled": True}, {"disabled": False}, ["disabled"]),
        ({}, {"disabled": False}, []),
        ({"disabled": True}, {}, []),
        ({}, {"name": "Other", "description": ""}, ["description", "name"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("with_definition", [True, False])
def test_overrides(live: Json, overrides: Json, fields: list[str], with_definition: bool) -> None:
    there = copy.deepcopy(BASIC)
    there["metadata"] |= live
    entry = Desired("basic-flow", definition=there if with_definition else None, overrides=overrides)
    plan = make_plan([entry], found(there))
    assert [change.fields for change in plan.changes] == ([fields] if fields else [])
    assert make_plan([entry], after(found(there), plan)).changes == []


def test_a_definition_under_another_id() -> None:
    plan = make_plan([wanted(BASIC, id="mine", source="main.yml")], found(BASIC))
    assert only(plan).definition == {**BASIC, "flowId": "mine"}
    assert plan.warnings == [
        "flow 'mine' (main.yml): the definition says flowId 'basic-flow'; it is deployed as 'mine'."
    ]
    assert make_plan([wanted({**BASIC, "flowId": ""}, id="mine")], found()).warnings == []


# -- references ------------------------------------------------------------------------------------------------------


def using(*ids: str, references: Json | None = None) -> Json:
    result = copy.deepcopy(CONNECTOR)
    result["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": list(ids)}
    return result if references is None else {**result, "references": references}


def test_ids_of_the_target_are_put_in() -> None:
    there = found(connectors={"My HTTP Connector": TARGET_ID})
    change = only(make_plan([wanted(using(SOURCE_ID))], there))
    assert change.definition == using(TARGET_ID, references={"connectors": {"My HTTP Connector": TARGET_ID}})
    assert change.after["connectors"] == ["My HTTP Connector"]


def test_the_live_flow_is_taken_with_its_own_ids() -> None:
    """Without a definition nothing is looked up: what is there is there."""
    gone = "CI2unknown" + "x" * 19
    live = using(gone, references={"connectors": {"Gone": gone}})
    there = found(live)
    there.known = Known()
    plan = make_plan([Desired("references-flow", overrides={"disabled": True})], there)
    assert only(plan).fields == ["disabled"]
    assert plan.warnings == []


def test_problems_of_all_flows_are_told_together() -> None:
    broken = copy.deepcopy(BASIC)
    broken["metadata"]["name"] = ""
    entries = [
        wanted(broken),
        wanted(CONNECTOR),
        Desired("nowhere", overrides={"disabled": True}),
        wanted(ROLE, id="r"),
    ]
    texts = problems_of(entries, found(roles={"Admin": "ROL1" + "a" * 26}))
    assert len(texts) == 4
    assert texts[0] == "flow 'basic-flow': has no name: metadata.name is missing, or give name."
    assert "flow 'references-flow': refers to the connector 'My HTTP Connector'" in texts[1]
    assert texts[2] == (
        "flow 'nowhere': does not exist in project P2target yet: give its definition with src, definition or template."
    )
    assert "refers to the role 'My User Role', which project P2target does not have; it has Admin." in texts[3]


def test_a_name_from_the_play_is_enough() -> None:
    unnamed = copy.deepcopy(BASIC)
    del unnamed["metadata"]["name"]
    assert only(make_plan([wanted(unnamed, overrides={"name": "Mine"})], found())).name == "Mine"


def test_ids_without_a_name_are_warned_about() -> None:
    entry = wanted(using(SOURCE_ID, references={}))
    (text,) = make_plan([entry], found()).warnings
    assert f"flow 'references-flow': uses the connectors {SOURCE_ID} and does not say their names" in text
    assert make_plan([entry], found(using(SOURCE_ID, references={}))).warnings == []
    mapped = wanted(using(SOURCE_ID, references={}), maps={"connectors": {SOURCE_ID: TARGET_ID}})
    plan = make_plan([mapped], found())
    assert plan.warnings == []
    assert only(plan).definition == using(TARGET_ID, references={})


def test_names_that_must_be_looked_up() -> None:
    known = Known({"connectors": {"Known": TARGET_ID}, "roles": {}})
    entries = [
        # What the map says of others does not matter here.
        wanted(CONNECTOR, maps={"connectors": {"Any": "Mapped", SOURCE_ID: "", OTHER_ID: "Nowhere"}}),
        wanted(ROLE),
        Desired("gone", absent=True, definition=using(references={"connectors": {"Of no use": SOURCE_ID}})),
        Desired("live", maps={"connectors": {"Any": "Mapped"}}),
    ]
    assert names_needed(entries, known) == {"connectors": {"My HTTP Connector"}, "roles": {"My User Role"}}
    assert names_needed([wanted(BASIC, maps={"connectors": {"Any": "Mapped"}})], known) == {
        "connectors": set(),
        "roles": set(),
    }


@pytest.mark.parametrize(
    ("target", "needed"), [("Mapped", {"Mapped"}), ("Known", set()), (TARGET_ID, set()), ("CIshort", {"CIshort"})]
)
def test_mapped_names_that_must_be_looked_up(target: str, needed: set[str]) -> None:
    known = Known({"connectors": {"Known": TARGET_ID}, "roles": {}})
    by_name = wanted(using(), maps={"connectors": {"My HTTP Connector": target}})
    by_id = wanted(using(), maps={"connectors": {SOURCE_ID: target}})
    # An id that no name under references has.
    unnamed = wanted(using(OTHER_ID, references={}), maps={"connectors": {OTHER_ID: target}})
    for entry in (by_name, by_id, unnamed):
        assert names_needed([entry], known)["connectors"] == needed


def test_a_map_that_does_not_apply_needs_nothing() -> None:
    entry = wanted(BASIC, maps={"connectors": {"Any": "Nowhere", OTHER_ID: "Nowhere"}, "roles": {"Any": "Nowhere"}})
    plan = make_plan([entry], found())
    assert (only(plan).definition, plan.warnings) == (BASIC, [])


def test_a_backup_of_this_very_project_says_itself_what_its_names_stand_for() -> None:
    """A connector may be used by no flow any more but the one in the backup."""
    texts = problems_of([wanted(CONNECTOR)], found())
    assert "refers to the connector 'My HTTP Connector'" in texts[0]
    assert "refers to the connector" in problems_of([wanted(CONNECTOR, only_project="P2other")], found())[0]
    there = found()
    plan = make_plan([wanted(CONNECTOR, only_project=PROJECT)], there)
    assert (only(plan).definition, plan.warnings) == (CONNECTOR, [])
    assert there == found()
    # What the project says now counts more: it may have been made anew.
    there = found(connectors={"My HTTP Connector": TARGET_ID})
    plan = make_plan([wanted(using(SOURCE_ID), only_project=PROJECT)], there)
    assert only(plan).definition == using(TARGET_ID, references={"connectors": {"My HTTP Connector": TARGET_ID}})
    # The other entries learn nothing from it.
    assert len(problems_of([wanted(CONNECTOR, only_project=PROJECT), wanted(CONNECTOR, id="x")], found())) == 1


def test_a_flow_that_is_run_and_not_there() -> None:
    outer = wanted(flow("outer", "gone", "inner", "new"), source="a.yml")
    entries = [outer, wanted(flow("new"))]
    plan = make_plan(entries, found(flow("inner")))
    assert plan.warnings == ["flow 'outer' (a.yml): runs the flow 'gone', which project P2target does not have."]
    assert make_plan([wanted(flow("outer", "outer"))], found()).warnings == []
    # Not even where nothing changes.
    plan = make_plan([Desired("outer")], found(flow("outer", "gone")))
    assert (plan.changes, len(plan.warnings)) == ([], 1)


# -- the guard -------------------------------------------------------------------------------------------------------

LOSING = made({"start": "> 0", "0": "logged-in"}, name="Basic Flow")
LOSING["flowId"] = "basic-flow"
ALONE = made({"start": "> pw", "pw": "sign-in-password > t", "t": "sign-in-totp > 0", "0": "logged-in"})


def guarded(*desired: Desired, live: Json) -> list[str]:
    return [str(problem) for problem in make_plan(desired, found(live)).guarded]


def test_what_would_be_lost() -> None:
    (text,) = guarded(wanted(LOSING), live=BASIC)
    assert text.startswith("flow 'basic-flow': would lose the start step 'Sign Up or In / OAuth (1)'; the step ")
    assert text.endswith(". If that is meant, set allow_breaking_changes: true for this flow.")
    assert guarded(wanted(LOSING, allow_breaking_changes=True), live=BASIC) == []
    assert guarded(wanted(LOSING, allow_missing_fallback=True), live=BASIC) != []
    assert guarded(Desired("basic-flow", absent=True), live=BASIC) == []
    assert guarded(wanted(BASIC), live=BASIC) == []


def test_a_second_factor_alone() -> None:
    for live in (BASIC, {**LOSING, "flowId": "made"}):
        (text,) = guarded(wanted(ALONE), live=live)
        assert text.endswith(" Add a second method, or set allow_missing_fallback: true for this flow.")
        assert guarded(wanted(ALONE, allow_missing_fallback=True), live=live) == []
    assert len(guarded(wanted(ALONE, allow_breaking_changes=True), live=BASIC)) == 1
    # What is there already and stays as it is, is not stopped.
    assert guarded(wanted(ALONE), live=ALONE) == []
    # Neither is it where no definition is given.
    plan = make_plan([Desired("made", overrides={"disabled": True})], found(ALONE))
    assert (only(plan).fields, plan.guarded) == (["disabled"], [])
    assert len(guarded(wanted({**ALONE, "metadata": {"name": "New"}}), live=ALONE)) == 1


# -- order -----------------------------------------------------------------------------------------------------------


def order(plan: FlowPlan) -> list[str]:
    """The changes in the order in which they really are made."""
    written: list[str] = []

    def write(change: FlowChange) -> Outcome:
        written.append(change.key)
        return Outcome.done(change, change.key)

    for index, change in enumerate(plan.changes):
        assert change.needs <= {each.key for each in plan.changes[:index]}, change.key
    assert all(outcome.applied for outcome in carry_out(plan.changes, write, concurrency=1, stop_on_error=False))
    return written


def test_a_new_flow_comes_before_those_that_run_it() -> None:
    entries = [wanted(flow("a", "b", "c")), wanted(flow("b", "c")), wanted(flow("c"))]
    assert order(make_plan(entries, found())) == ["c", "b", "a"]
    # One that is there already can be run at once.
    there = found(flow("c", disabled=True))
    assert order(make_plan(entries, there)) == ["b", "c", "a"]
    assert [change.needs for change in make_plan(entries, there).changes] == [set(), set(), {"b"}]


@pytest.mark.parametrize(
    "runs",
    [
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "b", "b": "c", "c": "a"},
        {"a": "b", "b": "a", "c": "a", "d": "c"},
        {"a": "b", "b": "a", "c": "d", "d": "c", "e": "ac"},
        {"a": "bc", "b": "ac", "c": "ab"},
    ],
    ids=str,
)
@pytest.mark.parametrize("deleted", [False, True], ids=["create", "delete"])
def test_flows_that_run_one_another(runs: dict[str, str], deleted: bool) -> None:
    """Any order will do, but there must be one, or the run would never end."""
    definitions = [flow(key, *others) for key, others in runs.items()]
    if deleted:
        plan = make_plan([Desired(key, absent=True) for key in runs], found(*definitions))
    else:
        plan = make_plan([wanted(each) for each in definitions], found())
    assert sorted(order(plan)) == sorted(runs)


def test_a_flow_goes_after_those_that_run_it_no_more() -> None:
    live = found(flow("z", "a"), flow("a", "b"), flow("b"))
    entries = [Desired("b", absent=True), Desired("a", absent=True), wanted(flow("z"))]
    assert order(make_plan(entries, live)) == ["z", "a", "b"]


def test_nothing_is_deleted_if_what_runs_it_could_not_be_changed() -> None:
    plan = make_plan([Desired("a", absent=True), wanted(flow("z"))], found(flow("z", "a"), flow("a")))

    def write(change: FlowChange) -> Outcome:
        assert change.key == "z"
        return Outcome(change, change.id, "failed", [], False)

    statuses = [outcome.status for outcome in carry_out(plan.changes, write, concurrency=1, stop_on_error=False)]
    assert statuses == ["failed", "skipped"]


@pytest.mark.parametrize("with_definition", [True, False])
def test_a_flow_that_is_still_run_stays(with_definition: bool) -> None:
    outer = flow("outer", "inner", "other")
    kept = wanted(outer) if with_definition else Desired("outer", overrides={"name": "New"})
    kept.source = "b.yml"
    entries = [Desired("inner", absent=True, source="a.yml"), Desired("other", absent=True), kept]
    assert problems_of(entries, found(outer, flow("inner"), flow("other"))) == [
        f"flow '{name}'{source}: state: is still run by flow 'outer' (b.yml): change that first, or let both go."
        for name, source in (("inner", " (a.yml)"), ("other", ""))
    ]
    if with_definition:
        # What is not there anyway was never run.
        assert order(make_plan(entries, found())) == ["outer"]
    gone = [*entries[:2], Desired("outer", absent=True)]
    assert order(make_plan(gone, found(outer, flow("inner"), flow("other")))) == ["outer", "inner", "other"]


# -- properties ------------------------------------------------------------------------------------------------------

PROPERTY = hypothesis.settings(max_examples=40, suppress_health_check=[hypothesis.HealthCheck.too_slow])
IDS = ["one", "two", "three", "four"]
SOURCE = {f"Connector {letter}": f"CI2source{letter * 20}" for letter in "abc"}
TARGET = {name: object_id.replace("source", "target") for name, object_id in SOURCE.items()}


@st.composite
def own_flows(draw: st.DrawFn, flow_id: str, ids: dict[str, str]) -> Json:
    """A flow with connectors of a project, that runs other flows."""
    result = draw(flows(most=2, safe=True))
    result["flowId"] = flow_id
    names = draw(st.lists(st.sampled_from(sorted(ids)), unique=True))
    result["references"] = {"connectors": {name: ids[name] for name in names}}
    tasks = result["contents"]["tasks"]
    key = draw(st.sampled_from(sorted(tasks)))
    tasks[key]["uses"] = [f"x {ids[name]}" for name in names]
    for other in draw(st.lists(st.sampled_from(IDS), max_size=2, unique=True)):
        tasks[f"run-{other}"] = {"name": other, "type": "flow", "arguments": {"flowId": {"value": other}}}
    return result


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Desired], Found]:
    live = [draw(own_flows(flow_id, TARGET)) for flow_id in draw(st.lists(st.sampled_from(IDS), unique=True))]
    by_id = {each["flowId"]: each for each in live}
    entries = []
    for flow_id in draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1)):
        entry = Desired(flow_id, allow_breaking_changes=draw(st.booleans()))
        kind = draw(st.sampled_from(["absent", "live", "new", "edit", "read"]))
        if kind == "absent":
            entry.absent = True
        elif kind == "new" or flow_id not in by_id:
            entry.definition = draw(own_flows(draw(st.sampled_from([flow_id, "other"])), SOURCE))
        elif kind == "edit":
            entry.definition = draw(edits(by_id[flow_id], safe=True))
        elif kind == "read":
            entry.definition = {**draw(another_read(by_id[flow_id])), "references": by_id[flow_id]["references"]}
        if draw(st.booleans()):
            entry.overrides = {"disabled": draw(st.booleans()), "description": draw(st.sampled_from(["", "New"]))}
        if draw(st.booleans()):
            entry.maps = {"connectors": {"Connector a": "Connector b", "Connector b": TARGET["Connector a"]}}
        entries.append(entry)
    return entries, found(*live, connectors=TARGET)


def plan_or_reject(entries: list[Desired], there: Found) -> FlowPlan:
    try:
        return make_plan(entries, there)
    except Problems as error:
        if all("is still run by" in str(problem) for problem in error.problems):
            hypothesis.reject()
        raise


@PROPERTY
@given(cases())
def test_a_second_plan_is_empty(case: tuple[list[Desired], Found]) -> None:
    entries, there = case
    plan = plan_or_reject(entries, there)
    now = after(there, plan)
    second = make_plan(entries, now)
    assert second.changes == []
    assert second.guarded == []
    assert second.unmanaged == plan.unmanaged


@PROPERTY
@given(cases())
def test_a_plan_is_pure(case: tuple[list[Desired], Found]) -> None:
    before = copy.deepcopy(case)
    plan = plan_or_reject(*case)
    assert case == before
    assert make_plan(*before) == plan


@PROPERTY
@given(cases())
def test_every_entry_is_planned_once_and_nothing_else(case: tuple[list[Desired], Found]) -> None:
    entries, there = case
    plan = plan_or_reject(entries, there)
    planned = [change.key for change in plan.changes] + [key for key, _id, _name in plan.unchanged]
    assert sorted(planned) == sorted(entry.id for entry in entries)
    order(plan)
    for change in plan.changes:
        assert isinstance(change, FlowChange)
        assert change.fields
        assert change.live == there.flows.get(change.key)
        if change.live is not None and change.definition is not None:
            assert not same(normal(change.live), normal(change.definition))
        if change.definition is not None:
            assert "CI2source" not in str(change.definition)
    assert {problem.where for problem in plan.guarded} <= {f"flow '{change.key}'" for change in plan.changes}


@PROPERTY
@given(cases())
def test_no_flow_goes_before_those_that_shall_run_it_no_more(case: tuple[list[Desired], Found]) -> None:
    plan = plan_or_reject(*case)
    changes = [change for change in plan.changes if isinstance(change, FlowChange)]
    gone: set[str] = set()
    for change in changes:
        if change.action == DELETE:
            gone.add(change.key)
        elif change.live is not None:
            assert not graph.sub_flows(normal(change.live)) & gone
