# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From Okta's groups to Grafana's team, whatever request fails and however: nobody is removed on half a reading.

The two modules are run one after the other, joined as the role joins them, and judged by the request log: before the
first removal every page of every group of the team was served whole, and only who is in none of them is removed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync import plan_of, sources_of
from emulator.testing import ThreadedEmulator, running
from tests.support.in_process import run_module

from .faults import FAULTS, patience
from .okta import NO_WAITING

pytestmark = pytest.mark.sweep

#: What only a directory does, besides what every service may do: a whole page with too little in it.
SOURCE_FAULTS: dict[str, dict[str, Any]] = {
    **FAULTS,
    "no-members": {"kind": "status", "status": 200, "body": []},
    "object": {"kind": "status", "status": 200, "body": {}},
    "null": {"kind": "status", "status": 200, "body": None},
    "no-next": {"kind": "status", "status": 200, "body": [], "headers": {"Link": None}},
}

TEAM = "SRE Team"
LEAVERS = [f"left{number}@example.com" for number in range(3)]


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    with NO_WAITING, running() as emulator:
        yield emulator


@dataclasses.dataclass
class Scene:
    """Two groups of some size that go into one team, which lacks one of them and has some who left."""

    emulator: ThreadedEmulator
    sizes: tuple[int, int]
    page_size: int
    missing: int = 1
    #: How the two groups are mapped: merged by the team's name, or each by its own way to address it.
    mixed: bool = False
    turned: bool = False

    def prepare(self) -> None:
        emulator = self.emulator
        emulator.reset()
        for name, size in zip("ab", self.sizes, strict=True):
            emulator.edit("set_group", service="okta", name=f"Group {name}", count=size, prefix=name)
        emulator.edit("add_users", service="grafana", users=[*self.wanted, *LEAVERS])
        members = [*self.wanted[self.missing :], *LEAVERS]
        self.uid = emulator.edit("add_team", service="grafana", name=TEAM, members=members)["uid"]
        emulator.reset("log")

    @property
    def wanted(self) -> list[str]:
        return [
            f"{name}{number:04d}@example.com"
            for name, size in zip("ab", self.sizes, strict=True)
            for number in range(1, size + 1)
        ]

    @property
    def pages(self) -> int:
        """How many pages of members have to be read at the least."""
        return sum(max(1, -(-size // self.page_size)) for size in self.sizes)

    def members(self) -> set[str]:
        (team,) = self.emulator.state(service="grafana")["teams"]
        return {*team["members"], *team["admins"]}

    def sync(self, **options: Any) -> dict[str, Any]:
        """Run what the role runs, and return what became of Grafana's side, if it came to that."""
        emulator = self.emulator
        mappings: list[dict[str, Any]] = [{"okta_groups": ["Group a", "Group b"], "grafana_team": TEAM}]
        if self.mixed:
            mappings = [
                {"okta_groups": ["Group a"], "grafana_team": TEAM},
                {"okta_groups": ["Group b"], "grafana_team_uid": self.uid},
            ][:: -1 if self.turned else 1]
        plan = plan_of({"mappings": mappings})
        assert plan["problems"] == []
        common = {"retries": 1, "retry_max_wait": 1000, "concurrency": 1, **options}
        okta = run_module(
            "okta_group_info",
            okta_url=emulator.okta_url,
            api_token=emulator.okta_token,
            groups=plan["groups"],
            page_size=self.page_size,
            **common,
        )
        sources = sources_of(plan, okta)
        return run_module(
            "grafana_team_members",
            grafana_url=emulator.grafana_url,
            grafana_token=emulator.grafana_token,
            teams=sources["entries"],
            max_removal_percent=100,
            **common,
        )

    def assert_nobody_went_wrongly(self, before: set[str], where: object) -> None:
        """Judge by the log and by who is in the team, and not by what the run says of itself."""
        gone = before - self.members()
        assert gone <= set(LEAVERS), where
        log = self.emulator.requests()
        removals = [entry["index"] for entry in log if entry["method"] == "DELETE" and entry["applied"]]
        assert bool(gone) == bool(removals), where
        if removals:
            assert not self.mixed, where
            served = {
                (entry["path"], str(entry["query"]))
                for entry in log
                if entry["index"] < min(removals) and entry["path"].endswith("/users") and entry["service"] == "okta"
                if entry["status"] == 200 and not entry["fault"]
            }
            assert len(served) >= self.pages, where


def requests_of(scene: Scene) -> int:
    """Return how many requests a run takes in which nothing fails, after which the team is as wanted."""
    scene.prepare()
    before = scene.members()
    result = scene.sync()
    assert not result["failed"], result["msg"]
    assert scene.members() == (set(scene.wanted) or before)
    scene.assert_nobody_went_wrongly(before, "nothing fails")
    return len(scene.emulator.requests())


@pytest.mark.parametrize("fault", SOURCE_FAULTS)
@pytest.mark.parametrize("page_size", [1, 2, 200])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_every_fault_at_every_request(emulator: ThreadedEmulator, fault: str, page_size: int, lasting: bool) -> None:
    scene = Scene(emulator, (3, 2), page_size)
    for index in range(1, requests_of(scene) + 1):
        scene.prepare()
        before = scene.members()
        emulator.faults([{("from" if lasting else "nth"): index, "do": SOURCE_FAULTS[fault]}])
        scene.sync(timeout=patience(fault))
        scene.assert_nobody_went_wrongly(before, index)
        emulator.faults()
        again = scene.sync()
        assert not again["failed"], (index, again["msg"])
        assert scene.members() == set(scene.wanted), index
        assert not scene.sync()["changed"], index


@pytest.mark.parametrize("fault", SOURCE_FAULTS)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("turned", [False, True], ids=["name-first", "uid-first"])
def test_a_team_by_name_and_by_uid_loses_nobody(
    emulator: ThreadedEmulator, fault: str, lasting: bool, turned: bool
) -> None:
    """Each of the two would remove whom the other one wants, so neither may write, whatever cannot be read (D18)."""
    scene = Scene(emulator, (3, 2), 200, mixed=True, turned=turned)
    scene.prepare()
    before = scene.members()
    assert scene.sync()["error_code"] == "duplicate_team"
    count = len(emulator.requests())
    for index in range(1, count + 1):
        scene.prepare()
        emulator.faults([{("from" if lasting else "nth"): index, "do": SOURCE_FAULTS[fault]}])
        assert scene.sync(timeout=patience(fault))["failed"], index
        assert scene.members() == before, index
        assert not emulator.writes(), index
    emulator.faults()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_groups_of_all_sizes(emulator: ThreadedEmulator, data: st.DataObject) -> None:
    page_size = data.draw(st.sampled_from([1, 2, 200]), label="page size")
    most = {1: 12, 2: 25, 200: 1001}[page_size]
    size = st.sampled_from([0, 1, 2, 199, 200, 201, 400, 1000, 1001]).filter(lambda number: number <= most)
    scene = Scene(emulator, data.draw(st.tuples(size | st.integers(0, most), size), label="sizes"), page_size)
    if not scene.wanted:
        scene.prepare()
        assert scene.sync()["failed"]
        assert scene.members() == set(LEAVERS)
        return
    index = data.draw(st.integers(1, requests_of(scene)), label="request")
    fault = data.draw(st.sampled_from(sorted(SOURCE_FAULTS)), label="fault")
    when = data.draw(st.sampled_from(["nth", "from"]), label="when")
    scene.prepare()
    before = scene.members()
    emulator.faults([{when: index, "do": SOURCE_FAULTS[fault]}])
    scene.sync(timeout=patience(fault))
    scene.assert_nobody_went_wrongly(before, fault)
    emulator.faults()
    assert not scene.sync()["failed"]
    assert scene.members() == set(scene.wanted)


@pytest.mark.parametrize("page_size", [1, 2])
def test_a_thousand_pages(emulator: ThreadedEmulator, page_size: int) -> None:
    """A fault that stays, early, in the middle and on the last page, with 1,001 members."""
    scene = Scene(emulator, (1001, 0), page_size)
    pages = -(-1001 // page_size)
    for page in (2, pages // 2, pages):
        scene.prepare()
        before = scene.members()
        emulator.faults(
            [{"match": {"path": "/api/v1/groups/*/users"}, "from": page, "do": SOURCE_FAULTS["status-500"]}]
        )
        assert scene.sync()["failed"]
        scene.assert_nobody_went_wrongly(before, page)
        assert scene.members() == before
    emulator.faults()
    assert requests_of(scene) >= pages


TEAMS = ("One", "Two", "Three")
PEOPLE = [f"user{number}@example.com" for number in range(6)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_teams_by_name_and_by_uid_in_any_mixture(emulator: ThreadedEmulator, data: st.DataObject) -> None:
    """Entries that mean the same team remove nobody; of all others, only who is not listed goes."""
    emulator.reset()
    emulator.edit("add_users", service="grafana", users=PEOPLE)
    some = st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1)
    made, before = {}, {}
    for name in TEAMS:
        before[name] = set(data.draw(some, label=name))
        made[name] = emulator.edit("add_team", service="grafana", name=name, members=sorted(before[name]))
    address = st.sampled_from(["name", "uid", "number"])
    picked = data.draw(
        st.lists(st.tuples(st.sampled_from(TEAMS), address), unique=True, min_size=1, max_size=5), label="entries"
    )
    entries = []
    for name, by in picked:
        own = {"name": name} if by == "name" else {"uid": made[name]["uid"] if by == "uid" else str(made[name]["id"])}
        refused = data.draw(st.integers(0, 3), label="refused") == 0
        entries.append({**own, "members": data.draw(some, label="members"), "source_complete": not refused})
    emulator.reset("log")
    if data.draw(st.booleans(), label="faulty"):
        fault = SOURCE_FAULTS[data.draw(st.sampled_from(sorted(SOURCE_FAULTS)), label="fault")]
        when = data.draw(st.sampled_from(["nth", "from"]), label="when")
        match = {"service": "grafana", "kind": "read"}
        emulator.faults([{"match": match, when: data.draw(st.integers(1, 14), label="request"), "do": fault}])
    run_module(
        "grafana_team_members",
        grafana_url=emulator.grafana_url,
        grafana_token=emulator.grafana_token,
        teams=entries,
        max_removal_percent=100,
        retries=1,
        retry_max_wait=1000,
        concurrency=data.draw(st.sampled_from([1, 4]), label="concurrency"),
        timeout=0.5,
    )
    emulator.faults()
    for team in emulator.state(service="grafana")["teams"]:
        name = team["name"]
        gone = before[name] - set(team["members"])
        meant = [entry for entry, (other, _by) in zip(entries, picked, strict=True) if other == name]
        if len(meant) != 1 or not meant[0]["source_complete"]:
            assert not gone, name
        else:
            assert not gone & set(meant[0]["members"]), name
