# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the client makes of the replies of a Grafana, and of those that no Grafana should give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._grafana_client import ARGUMENT_SPEC, Connection, Grafana
from ansible_collections.pcc.identity.plugins.module_utils._http import Session
from ansible_collections.pcc.identity.plugins.module_utils._team_apply import create_team, find_team
from ansible_collections.pcc.identity.plugins.module_utils._team_model import Member, Team, User, Users, Wanted
from emulator.testing import ThreadedEmulator, running

A, B = "ana@x.io", "bob@x.io"


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def grafana(emulator: ThreadedEmulator) -> Iterator[Grafana]:
    emulator.reset()
    with mock.patch.dict(Session.__init__.__kwdefaults__, sleep=lambda _seconds: None):
        yield client(emulator)


def client(emulator: ThreadedEmulator, **options: Any) -> Grafana:
    given = {name: spec.get("default") for name, spec in ARGUMENT_SPEC.items()}
    given |= {"grafana_url": emulator.base_url, "grafana_token": emulator.grafana_token, **options}
    return Grafana(Connection.from_options(given.get))


def reply(emulator: ThreadedEmulator, path: str, body: Any) -> None:
    """From now on a path answers 200 with this."""
    emulator.faults([{"match": {"path": path}, "do": {"kind": "status", "status": 200, "body": body}}])


def named(name: str) -> Wanted:
    return Wanted("", name, None, ())


def test_secrets_are_in_no_representation(emulator: ThreadedEmulator) -> None:
    token = client(emulator).connection
    basic = client(emulator, grafana_token="", url_username="me", url_password="hush-hush").connection
    assert emulator.grafana_token not in repr(token)
    assert "hush-hush" not in repr(basic)
    assert basic.headers["Authorization"] == "Basic bWU6aHVzaC1odXNo"
    assert "X-Grafana-Org-Id" not in basic.headers
    assert client(emulator, org_id=3).connection.headers["X-Grafana-Org-Id"] == "3"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/org/users", {"users": []}),
        ("/api/org/users", [{"email": A}]),
        ("/api/org/users", [{"userId": "1", "email": A}]),
        ("/api/org/users", [{"userId": True}]),
        ("/api/org/users", ["x"]),
        ("/api/teams/search", []),
        ("/api/teams/search", {"totalCount": 0}),
        ("/api/teams/search", {"totalCount": 0, "teams": [{"name": "SRE"}]}),
        ("/api/teams/search", {"totalCount": 0, "teams": [{"id": 4}]}),
        ("/api/teams/*/members", {"members": []}),
        ("/api/teams/*/members", [{"userId": 0}]),
        ("/api/teams/*/members", [{"userId": 1, "teamUID": "another"}]),
    ],
)
def test_replies_of_another_shape_are_no_empty_lists(
    grafana: Grafana, emulator: ThreadedEmulator, path: str, body: Any
) -> None:
    team = Team.from_wire({"name": "SRE", **emulator.edit("add_team", service="grafana", name="SRE", members=[A])})
    reply(emulator, path, body)
    ask = {"/api/org/users": grafana.users, "/api/teams/search": lambda: grafana.teams_named("SRE")}
    with pytest.raises(ServiceError) as raised:
        ask.get(path, lambda: grafana.members(team))()
    assert raised.value.code == "bad_response"


def test_a_team_that_was_not_asked_for_is_not_taken(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    reply(emulator, "/api/teams/abc", {"id": 7, "uid": "other", "name": "SRE"})
    with pytest.raises(ServiceError, match="that was asked for"):
        grafana.team_by_uid("abc")
    reply(emulator, "/api/teams/7", {"id": 7, "uid": "other", "name": "SRE"})
    team = grafana.team_by_uid("7")
    assert team
    assert team.uid == "other"


def test_all_pages_of_a_search_are_read(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    for number in range(7):
        emulator.edit("add_team", service="grafana", name=f"Team {number}")
    with mock.patch("ansible_collections.pcc.identity.plugins.module_utils._grafana_client._PER_PAGE", 2):
        assert [team.name for team in grafana.teams_like("team")] == [f"Team {number}" for number in range(7)]
        assert find_team(grafana, named("Team 6"), creating=False)
    reply(emulator, "/api/teams/search", {"teams": [{"id": 1, "name": "SRE"}]})
    assert [team.key for team in grafana.teams_named("SRE")] == ["1"]


def test_two_teams_of_one_name_are_not_told_apart(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    teams = [{"id": number, "uid": f"u{number}", "name": "SRE"} for number in (1, 2)]
    reply(emulator, "/api/teams/search", {"totalCount": 2, "teams": teams})
    with pytest.raises(IdentityError) as raised:
        find_team(grafana, named("SRE"), creating=True)
    assert raised.value.code == "ambiguous_team"


def test_a_server_without_an_address_for_a_team_writes_nothing(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    emulator.switches(grafana_team_ids="zero", grafana_uid_as_id="no")
    made = emulator.edit("add_team", service="grafana", name="SRE", members=[A])
    with pytest.raises(ServiceError):
        grafana.remove_member(Team(0, made["uid"], "SRE"), 2)
    assert emulator.writes() == []


def test_the_address_that_works_is_kept_to(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    emulator.switches(grafana_uid_as_id="no")
    teams = []
    for name in ("One", "Two"):
        emulator.edit("add_team", service="grafana", name=name, members=[A])
        teams += grafana.teams_named(name)
    emulator.reset("log")
    for team in (*teams, *teams):
        assert [member.user.email for member in grafana.members(team)] == [A]
    ids = [str(team.id) for team in teams]
    assert [entry["path"].split("/")[3] for entry in emulator.requests()] == [teams[0].uid, *ids, *ids]


def test_without_time_left_a_write_is_not_tried_again(emulator: ThreadedEmulator) -> None:
    emulator.reset()
    grafana = client(emulator, retry_max_wait=0)
    emulator.faults([{"match": {"kind": "write"}, "do": {"kind": "status", "status": 503}}])
    with pytest.raises(ServiceError, match="used up"):
        create_team(grafana, named("SRE"))
    assert len(emulator.writes()) == 1


def test_an_organisation_of_several_numbers_has_none(grafana: Grafana, emulator: ThreadedEmulator) -> None:
    reply(emulator, "/api/org/users", [{"userId": 1, "orgId": 1}, {"userId": 2, "orgId": 2}])
    assert set(grafana.users().by_id) == {1, 2}
    assert grafana.org_id is None


def test_users_and_members_from_the_wire() -> None:
    user = User.from_wire({"userId": 3, "email": None, "login": "Bob", "isDisabled": True})
    assert user == User(3, "", "Bob", disabled=True)
    assert Users([user]).find("bob", ("email", "login")) == {3}
    member = Member.from_wire({"userId": 3, "permission": 4, "labels": ["OAuth"]})
    assert (member.admin, member.external) == (True, True)
    assert Wanted("", None, "u1", ()).label == "uid u1"
