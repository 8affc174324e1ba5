# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""grafana_team: one team, created, given an e-mail, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from .faults import FAULTS, PASSING, patience
from .grafana_support import Grafana, Json, grafana, no_waiting_for_grafana

__all__ = ["grafana", "no_waiting_for_grafana"]

A, B = "ana@x.io", "bob@x.io"


def team(grafana: Grafana, **options: Any) -> Json:
    return grafana.run("grafana_team", **options)


def names(grafana: Grafana) -> dict[str, str]:
    """The teams that there are, with their e-mails."""
    return {entry["name"]: entry["email"] for entry in grafana.state()["teams"]}


@pytest.mark.parametrize("basic", [False, True])
def test_a_team_is_created_once(grafana: Grafana, basic: bool) -> None:
    options = {"name": "SRE & co", "email": "sre@x.io", "basic": basic}
    planned = team(grafana, check=True, **options)
    assert names(grafana) == {}
    result = team(grafana, **options)
    assert (result["changed"], result["status"], result["changes"]) == (True, "created", ["email", "name"])
    assert result["team"]["uid"]
    assert (result["team"]["name"], result["team"]["email"]) == ("SRE & co", "sre@x.io")
    assert planned["diff"] == result["diff"]
    assert planned["msg"] == result["msg"] == "team 'SRE & co' created"
    assert {**planned["team"], "id": 0, "uid": 0} == {**result["team"], "id": 0, "uid": 0}
    again = team(grafana, **options)
    assert (again["changed"], again["status"], again["diff"]["after"]) == (False, "unchanged", "")
    assert names(grafana) == {"SRE & co": "sre@x.io"}
    assert {entry["method"] for entry in grafana.log()[:1]} == {"GET"}


def test_the_email_is_kept_as_given(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A, email="old@x.io")["uid"]
    assert not team(grafana, name="SRE")["changed"]
    planned = team(grafana, name="SRE", email="new@x.io", check=True)
    assert names(grafana) == {"SRE": "old@x.io"}
    result = team(grafana, uid=uid, email="new@x.io")
    assert planned["diff"] == result["diff"]
    assert planned["team"] == result["team"]
    assert (result["status"], result["changes"]) == ("updated", ["email"])
    assert team(grafana, name="SRE", email="")["status"] == "updated"
    assert names(grafana) == {"SRE": ""}
    assert grafana.members("SRE") == [A]


def test_a_team_is_deleted_if_nobody_is_in_it(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    result = team(grafana, name="SRE", state="absent")
    assert (result["failed"], result["error_code"]) == (True, "team_not_empty")
    assert f"2 members ({A}, {B})" in result["msg"]
    assert "allow_members: true" in result["hint"]
    assert names(grafana) == {"SRE": ""}
    planned = team(grafana, name="SRE", state="absent", allow_members=True, check=True)
    assert names(grafana) == {"SRE": ""}
    result = team(grafana, name="SRE", state="absent", allow_members=True)
    assert planned["diff"] == result["diff"]
    assert (result["status"], result["team"]["name"]) == ("deleted", "SRE")
    assert names(grafana) == {}
    again = team(grafana, name="SRE", state="absent")
    assert (again["changed"], again["team"]) == (False, None)
    grafana.team("Empty")
    assert team(grafana, name="Empty", state="absent")["changed"]


def test_d14_members_that_are_not_shown_count_too(grafana: Grafana) -> None:
    grafana.team("SRE", service_accounts=1)
    assert team(grafana, name="SRE", state="absent")["error_code"] == "team_not_empty"
    token = grafana.emulator.grafana_token
    grafana.edit("set_token", token=token, permissions=["teams:read", "teams.permissions:read", "teams:delete"])
    result = team(grafana, name="SRE", state="absent")
    assert (result["error_code"], grafana.emulator.writes()) == ("forbidden", [])


@pytest.mark.parametrize("collation", ["exact", "nocase"])
def test_d22_a_name_in_another_case_is_an_error(grafana: Grafana, collation: str) -> None:
    grafana.emulator.switches(grafana_name_collation=collation)
    grafana.team("SRE", A)
    result = team(grafana, name="sre")
    assert (result["failed"], result["error_code"]) == (True, "other_case")
    assert names(grafana) == {"SRE": ""}


def test_a_uid_creates_nothing(grafana: Grafana) -> None:
    assert team(grafana, uid="nope")["error_code"] == "team_not_found"
    assert team(grafana, uid="nope", state="absent")["changed"] is False


@pytest.mark.parametrize(
    ("options", "field"), [({}, "name"), ({"name": "x "}, "name"), ({"name": "x", "uid": "y"}, "uid")]
)
def test_wrong_options(grafana: Grafana, options: dict[str, Any], field: str) -> None:
    result = team(grafana, **options)
    assert [problem["field"] for problem in result["problems"]] == [field]
    assert grafana.log() == []


def test_permissions_that_lack_are_named(grafana: Grafana) -> None:
    grafana.team("SRE")
    token = grafana.emulator.grafana_token
    grafana.edit("set_token", token=token, permissions=["teams:read", "org.users:read", "teams.permissions:read"])
    assert "teams:create" in team(grafana, name="New")["hint"]
    assert "teams:write" in team(grafana, name="SRE", email="x@x.io")["hint"]
    assert "teams:delete" in team(grafana, name="SRE", state="absent")["hint"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_every_fault_at_every_request(grafana: Grafana, kind: str, fault: str) -> None:
    options: dict[str, Any] = {"name": "SRE", **({"state": "absent"} if kind == "delete" else {"email": "new@x.io"})}
    wanted = {} if kind == "delete" else {"SRE": "new@x.io"}
    index, count = 0, 1
    while index < count:
        grafana.emulator.reset()
        if kind != "create":
            grafana.team("SRE", email="old@x.io")
        was = names(grafana)
        if index:
            grafana.emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = team(grafana, timeout=patience(fault), **options)
        if not index:
            count = len(grafana.log()) + 1
        now = names(grafana)
        if not result["failed"]:
            assert now == wanted
        elif "not known" not in result["msg"]:
            assert result["changed"] == (now != was), (index, result["msg"])
        if fault in PASSING:
            assert not result["failed"], (index, result["msg"])
        grafana.emulator.faults()
        assert not team(grafana, **options)["failed"]
        assert names(grafana) == wanted
        assert not team(grafana, **options)["changed"]
        index += 1
