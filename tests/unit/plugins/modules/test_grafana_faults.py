# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request fails, in whatever way: the report is true, nobody goes whom the plan did not have, and one more
run finishes the work. And whatever is wanted of whatever there is: check mode and a real run do not disagree.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .faults import FAULTS, PASSING, patience
from .grafana_support import Grafana, Json, grafana, no_waiting_for_grafana, shown

__all__ = ["grafana", "no_waiting_for_grafana"]

A, B, C, D, E, Z = (f"{name}@x.io" for name in ("ana", "bob", "carol", "dan", "eve", "zoe"))

#: Members by team: one that changes, one that is new, one that is as wanted, one that is refused.
WANTED: dict[str, list[str]] = {"SRE": [A, C, D], "New": [A, Z], "Same": [A, B], "Empty": []}
GONE: dict[str, set[str]] = {"SRE": {B, E}, "New": set(), "Same": set(), "Empty": set()}
LISTS = ("added", "removed", "kept", "missing")

Members: TypeAlias = "dict[str, set[str] | None]"


def prepare(grafana: Grafana, **switches: Any) -> Members:
    grafana.emulator.reset()
    grafana.emulator.switches(**switches)
    grafana.users(A, B, C, D, E)
    grafana.team("SRE", A, B, E)
    grafana.team("Same", A, B)
    grafana.team("Empty", A, B)
    return members(grafana)


def members(grafana: Grafana) -> Members:
    found: Members = dict.fromkeys(WANTED)
    for team in grafana.state()["teams"]:
        found[team["name"]] = {*team["members"], *team["admins"], *team["external"]} - {"admin@localhost"}
    return found


def sync(grafana: Grafana, **options: Any) -> Json:
    return grafana.sync(WANTED, **options)


def assert_done(grafana: Grafana) -> None:
    wanted = {name: {*texts} - {Z} for name, texts in WANTED.items()}
    assert members(grafana) == {**wanted, "Empty": {A, B}}


def assert_true_report(grafana: Grafana, result: Json, before: Members, where: object) -> None:
    """What a run said of every team and of itself is what Grafana has; nobody else went."""
    after = members(grafana)
    for name, had in before.items():
        assert (had or set()) - (after[name] or set()) <= GONE[name], where
        assert had is None or after[name] is not None, where
    if "teams" not in result:
        assert (result["failed"], result["changed"]) == (True, False), where
        assert after == before, where
        return
    for row in result["teams"]:
        name = row["name"]
        had, has = before[name] or set(), after[name] or set()
        unknown = {user["email"] for user in row["failed_users"] if "not known" in user["message"]}
        assert {*row["added"]} - unknown == has - had - unknown, (where, row)
        assert {*row["removed"]} - unknown == had - has - unknown, (where, row)
        if row["status"] == "unchanged":
            assert had == has, where
        if row["status"] in {"failed", "skipped"}:
            assert row["error"], where
            assert row["error_code"], where
            assert row["hint"], where
        else:
            assert has == {*WANTED[name]} - {Z}, (where, row)
        # Of a team that could not be read, nobody knows what is left to do.
        if row["stats"]["before"] is not None:
            left = {"add": {*WANTED[name]} - {Z} - has, "remove": has - {*WANTED[name]}}
            drift = {side: {*row["remaining_drift"][side]} for side in left}
            assert {side: labels - unknown for side, labels in drift.items()} == {
                side: labels - unknown for side, labels in left.items()
            }, (where, row)
    failed = [row for row in result["teams"] if row["status"] in {"failed", "skipped"}]
    assert bool(failed) == result["failed"], where
    certain = not any("not known" in (row["error"] or "") for row in failed)
    if certain:
        assert result["changed"] == (after != before), (where, result["msg"])
    counts = dict.fromkeys(result["summary"], 0)
    for row in result["teams"]:
        counts[row["status"]] += 1
    assert counts == result["summary"], where


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("fault", "basic"),
    # With a name and password, Grafana makes whoever creates a team a member of it.
    [*((fault, False) for fault in FAULTS), ("status-500-after", True), ("reset-after", True), ("status-400", True)],
)
def test_every_fault_at_every_request(grafana: Grafana, fault: str, basic: bool) -> None:
    prepare(grafana)
    clean = sync(grafana, basic=basic, concurrency=1)
    assert [row["status"] for row in clean["teams"]] == ["updated", "created", "unchanged", "failed"]
    assert_done(grafana)
    count = len(grafana.log())
    # users, two reads per team and one more before a team is created, writes, two reads after creating, one after
    # writing to each of two teams
    assert count == 1 + 2 + 2 + 2 + 2 + (4 + 1) + (1 + 2 + 1 + 1)
    for index in range(1, count + 1):
        before = prepare(grafana)
        grafana.emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = sync(grafana, basic=basic, concurrency=1, timeout=patience(fault))
        assert_true_report(grafana, result, before, index)
        if fault in PASSING:
            assert [row["error_code"] for row in result["teams"]] == [None] * 3 + ["empty_source"], (index, result)
        grafana.emulator.faults()
        again = sync(grafana, basic=basic)
        assert [row["error_code"] for row in again["teams"]] == [None] * 3 + ["empty_source"], (index, again["msg"])
        assert_done(grafana)
        assert not sync(grafana, basic=basic)["changed"]


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize(
    "fault", ["status-500", "status-400", "status-401", "status-403", "status-429", "reset-after", "html", "reset"]
)
def test_faults_that_do_not_pass(grafana: Grafana, fault: str, kind: str) -> None:
    for index in range(1, 9):
        before = prepare(grafana)
        grafana.emulator.faults([{"match": {"kind": kind}, "from": index, "do": FAULTS[fault]}])
        result = sync(grafana, concurrency=1, retries=1)
        assert_true_report(grafana, result, before, index)
        grafana.emulator.faults()
        sync(grafana)
        assert_done(grafana)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["status-500", "reset-after", "status-429", "truncated"])
def test_faults_while_teams_are_done_side_by_side(grafana: Grafana, fault: str) -> None:
    for every in (2, 3):
        before = prepare(grafana)
        grafana.emulator.faults([{"every": every, "do": FAULTS[fault]}])
        result = sync(grafana, retries=20, retry_max_wait=3600)
        assert_true_report(grafana, result, before, every)
        grafana.emulator.faults()
        sync(grafana)
        assert_done(grafana)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_while_users_are_made_and_taken_into_the_organisation(grafana: Grafana, fault: str) -> None:
    wanted = {"SRE": [A, C, Z], "Ops": [Z, A]}
    options = {"basic": True, "missing_users": "create", "add_to_org": True}

    def fresh() -> None:
        grafana.emulator.reset()
        grafana.team("SRE", A, B)
        grafana.team("Ops", A)
        grafana.edit("add_user", email=C, role=None)

    fresh()
    assert not grafana.sync(wanted, concurrency=1, **options)["failed"]
    count = len(grafana.log())
    for index in range(1, count + 1):
        fresh()
        grafana.emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = grafana.sync(wanted, concurrency=1, timeout=patience(fault), **options)
        assert set(grafana.members("SRE") or ()) >= {A}
        assert set(grafana.members("Ops") or ()) >= {A}
        if fault in PASSING:
            assert not result["failed"], (index, result["msg"])
        for row in result.get("teams", ()):
            if row["stats"]["after"] is not None:
                assert set(row["added"]) <= set(grafana.members(row["name"]) or ()), (index, row)
        grafana.emulator.faults()
        again = grafana.sync(wanted, **options)
        assert not again["failed"], (index, again["msg"])
        assert (grafana.members("SRE"), grafana.members("Ops")) == ([A, C, Z], [A, Z])
        assert not grafana.sync(wanted, **options)["changed"]


PEOPLE = [f"user{number}@x.io" for number in range(9)]
SOME = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=7)
TEAMS = st.lists(
    st.tuples(
        st.sampled_from(["members", "none"]),  # whether the team exists
        SOME,  # ordinary members
        st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2),  # admins
        st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2),  # external members
        st.integers(0, 5).map(lambda number: number == 0),  # a service account
        st.lists(st.sampled_from([*PEOPLE, *(text.upper() for text in PEOPLE), Z]), max_size=8),  # wanted
        st.sampled_from(["exact", "exact", "exact", "present", "absent"]),
        st.booleans(),  # allow_empty
        st.none() | st.integers(0, 4),  # max_removals
        st.sampled_from([50, 100]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    teams=TEAMS,
    disabled=SOME,
    options=st.fixed_dictionaries(
        {
            "include_disabled": st.booleans(),
            "manage_admins": st.booleans(),
            "ignore_external": st.booleans(),
            "missing_users": st.sampled_from(["skip", "skip", "fail"]),
            "protected_users": st.lists(st.sampled_from(PEOPLE), max_size=2),
        }
    ),
)
def test_check_mode_tells_what_a_real_run_does(
    grafana: Grafana, teams: list[Any], disabled: list[str], options: Json
) -> None:
    grafana.emulator.reset()
    grafana.users(*PEOPLE)
    for name in disabled:
        grafana.edit("update_user", user=name, disabled=True)
    entries = []
    for number, (there, ordinary, admins, external, robot, wanted, state, empty, most, percent) in enumerate(teams):
        name = f"Team {number}"
        if there == "members":
            grafana.team(
                name,
                *(text for text in ordinary if text not in admins + external),
                admins=[text for text in admins if text not in external],
                external=external,
                service_accounts=int(robot),
            )
        entries.append(
            {
                "name": name,
                "members": wanted,
                "state": state,
                "allow_empty": empty,
                "max_removals": most,
                "max_removal_percent": percent,
            }
        )
    entries = [{name: value for name, value in entry.items() if value is not None} for entry in entries]
    planned = grafana.sync(entries, check=True, **options)
    assert grafana.emulator.writes() == []
    before = {entry["name"]: grafana.members(entry["name"]) for entry in entries}
    done = grafana.sync(entries, **options)
    new = {"id", "uid"}
    for expected, row in zip(planned["teams"], done["teams"], strict=True):
        if expected["status"] == "created":
            assert {name: row[name] for name in row if name not in new} == {
                name: expected[name] for name in expected if name not in new
            }
        else:
            assert row == expected
        had, has = set(before[row["name"]] or ()), set(grafana.members(row["name"]) or ())
        assert has == (had | set(row["added"])) - set(row["removed"])
    for name in ("changed", "failed", "msg", "summary", "diff"):
        assert planned.get(name) == done.get(name)
    assert shown(planned) == shown(done)
    grafana.forget()
    again = grafana.sync(entries, **options)
    assert not again["changed"]
    assert {entry["method"] for entry in grafana.log()} <= {"GET"}
