# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mappings: checked, merged per team, and joined with what Okta said."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync import (
    plan_of,
    rivals_of,
    sources_of,
    target_of,
    told,
)


def plan(*mappings: Any, **more: Any) -> Any:
    return plan_of({"team_sync_mappings": list(mappings), **more})


def mapping(team: str = "SRE Team", *groups: Any, **more: Any) -> dict[str, Any]:
    return {"okta_groups": list(groups) or ["SRE"], "grafana_team": team, **more}


def user(name: str, status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    return {
        "id": f"00u{name}",
        "login": f"{name}@acme.example",
        "email": f"{name}@acme.example",
        "status": status,
        **more,
    }


def row(asked: str, *members: dict[str, Any], excluded: Any = (), **more: Any) -> dict[str, Any]:
    found = {"asked": asked, "id": f"00g{asked}", "name": asked, "members": list(members), "excluded": list(excluded)}
    return {**found, "complete": True, "error": None, "error_code": None, "hint": None, **more}


def broken(asked: str, error: str = "HTTP 403: You do not have permission") -> dict[str, Any]:
    return row(asked, complete=False, error=error, error_code="forbidden", hint="Give the token the role.")


# -- mappings ----------------------------------------------------------------------------------------------------------


def test_one_team() -> None:
    made = plan(mapping())
    assert made["problems"] == []
    assert made["groups"] == [{"name": "SRE"}]
    (team,) = made["teams"]
    assert (team["team"], team["name"], team["uid"]) == ("SRE Team", "SRE Team", None)
    assert team["groups"] == [0]
    assert team["source"] == "team_sync_mappings[0]"


def test_d18_mappings_of_one_team_are_merged() -> None:
    made = plan(
        mapping("SRE Team", "SRE", "Leads", max_removals=3),
        mapping("Data", "Data", "SRE"),
        mapping("SRE Team", "Leads", {"id": "00g1"}, allow_empty="yes"),
        team_sync_mappings__more=[mapping("SRE Team", "More", max_removals="3")],
    )
    assert made["problems"] == []
    assert made["groups"] == [{"name": "SRE"}, {"name": "Leads"}, {"name": "Data"}, {"id": "00g1"}, {"name": "More"}]
    team, data = made["teams"]
    assert team["groups"] == [0, 1, 3, 4]
    assert data["groups"] == [2, 0]
    assert team["settings"] == {"max_removals": 3, "allow_empty": True}
    assert team["source"] == "team_sync_mappings[0], team_sync_mappings[2], team_sync_mappings__more[0]"


def test_d18_settings_that_contradict_each_other() -> None:
    made = plan(mapping(max_removals=3, allow_empty=True), mapping(max_removals=5, allow_empty=False))
    same = "The mappings of one team are merged: give the same value in both, or in one only."
    first = "in team_sync_mappings[0]."
    assert made["problems"] == [
        f"team_sync_mappings[1]: allow_empty: is false for team 'SRE Team', but true {first} {same}",
        f"team_sync_mappings[1]: max_removals: is 5 for team 'SRE Team', but 3 {first} {same}",
    ]


def test_a_name_and_the_same_uid() -> None:
    made = plan(mapping("abc"), {"okta_group": "SRE", "grafana_team_uid": "abc"})
    (problem,) = made["problems"]
    assert problem.startswith(
        "team_sync_mappings[1]: grafana_team_uid: 'abc' is the name of a team in team_sync_mappings[0]. Metrics"
    )


def test_as_another_tool_has_it() -> None:
    made = plan(
        {"okta_group": "SRE", "grafana_team": "SRE Team"}, {"okta_group": {"id": "00g1"}, "grafana_team_uid": "u1"}
    )
    assert made["problems"] == []
    assert made["groups"] == [{"name": "SRE"}, {"id": "00g1"}]
    assert [team["uid"] for team in made["teams"]] == [None, "u1"]


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_text(dump: Any) -> None:
    entries = [mapping("SRE Team", "SRE", {"name": "X", "type": "APP_GROUP"})]
    assert plan_of({"team_sync_mappings": dump(entries)}) == plan(*entries)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("x", "must be a dictionary with okta_groups and grafana_team, not text."),
        ([], "must be a dictionary with okta_groups and grafana_team, not a list."),
        (mapping(okta_groups=[]), "okta_groups: is empty. Give a list of one or more groups"),
        (mapping(okta_groups="SRE"), "okta_groups: is text. Give a list"),
        (mapping(okta_groups=None), "okta_groups: is nothing. Give a list"),
        (mapping(okta_groups={"a": 1}), "okta_groups: is a dictionary. Give a list"),
        ({"grafana_team": "x"}, "okta_groups: is missing. Give a list"),
        (
            {"okta_group": "a", "okta_groups": ["a"], "grafana_team": "x"},
            "okta_group: is there together with okta_groups.",
        ),
        (
            {"okta_group": 5, "grafana_team": "x"},
            "okta_group: must be text, not a number. Put quotes around it if it is one.",
        ),
        (mapping("T", 5), "okta_groups[0]: must be text, not a number."),
        (mapping("T", "A", True), "okta_groups[1]: must be text, not true or false."),
        (mapping("T", ["A"]), "okta_groups[0]: must be text, not a list."),
        (mapping("T", " A"), "okta_groups[0]: ' A' begins or ends with blanks."),
        (mapping("T", ""), "okta_groups[0]: is empty."),
        (mapping("T", {}), "okta_groups[0]: needs either a name or an id."),
        (mapping("T", {"id": "1", "name": "A"}), "okta_groups[0]: needs either a name or an id."),
        (mapping("T", {"name": None}), "okta_groups[0].name: must be text, not nothing."),
        (
            mapping("T", {"name": "A", "type": "GROUP"}),
            "okta_groups[0].type: is 'GROUP', but must be one of OKTA_GROUP, ",
        ),
        (mapping("T", {"name": "A", "typ": "OKTA_GROUP"}), "okta_groups[0].typ: is unknown. Is type meant?"),
        ({"okta_groups": ["A"]}, "grafana_team: is missing. Give the name of the team, or grafana_team_uid."),
        (mapping("T", grafana_team_uid="u"), "grafana_team and grafana_team_uid: there are both; give one of them."),
        (mapping(grafana_team=5), "grafana_team: must be text, not a number."),
        (mapping(grafana_role="Admin"), "grafana_role: roles in the organisation are not managed"),
        (mapping(max_removal=5), "max_removal: is unknown. Is max_removals meant?"),
        (mapping(zzz=5), "zzz: is unknown. Known are okta_groups, okta_group, grafana_team, "),
        (mapping(max_removals=-1), "max_removals: must be a whole number, 0 or more."),
        (mapping(max_removals=True), "max_removals: must be a whole number, 0 or more."),
        (mapping(max_removals=None), "max_removals: needs a value, or take the key out."),
        (mapping(max_removal_percent=101), "max_removal_percent: must be a whole number from 0 to 100."),
        (mapping(max_removal_percent="50 %"), "max_removal_percent: must be a whole number from 0 to 100."),
        (mapping(allow_empty="perhaps"), "allow_empty: must be true or false, not text."),
        (mapping(state="absent"), "state: must be one of exact, present."),
    ],
)
def test_what_is_wrong_with_a_mapping(wrong: Any, problem: str) -> None:
    (told_of,) = plan(mapping("Good"), wrong)["problems"]
    assert told_of.startswith(f"team_sync_mappings[1]: {problem}")


@pytest.mark.parametrize("key", ["grafana_role", "role"])
def test_d24_roles_are_not_managed(key: str) -> None:
    (problem,) = plan(mapping(**{key: "Admin"}))["problems"]
    assert problem.startswith(f"team_sync_mappings[0]: {key}: roles in the organisation are not managed")


def test_all_problems_at_once() -> None:
    problems = plan(
        {"okta_group": 1}, mapping(state="x", max_removals="y"), team_sync_mappings__b=5, team_sync_mappings__c="a: ["
    )
    assert [problem.split(": ")[0] for problem in problems["problems"]] == [
        "team_sync_mappings[0]",
        "team_sync_mappings[0]",
        "team_sync_mappings[1]",
        "team_sync_mappings[1]",
        "team_sync_mappings__b",
        "team_sync_mappings__c",
    ]
    assert "is text that is neither YAML nor JSON, line 1, column 5" in problems["problems"][-1]


@pytest.mark.parametrize("value", ["", None, [], "[]", "# nothing"])
def test_no_mapping(value: Any) -> None:
    assert plan_of({"team_sync_mappings": value})["problems"] == [
        "team_sync_mappings: no mapping at all, so there is nothing to keep in step. Give at least one."
    ]


def test_bad_text_with_an_unusual_mark() -> None:
    assert "is text that is neither YAML nor JSON" in plan_of({"x": "\x00"})["problems"][0]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["okta_groups", "grafana_team", "state", "name", "id"]), inner)
        ),
    )
)
def test_whatever_is_given_is_judged(value: Any) -> None:
    made = plan_of({"team_sync_mappings": value})
    assert made["problems"] or made["teams"]


# -- what Okta said ----------------------------------------------------------------------------------------------------


def test_members_are_joined() -> None:
    made = plan(mapping("T", "A", "B"))
    ana, bob = user("ana"), user("bob", email=" Bob@ACME.example ")
    found = sources_of(made, {"groups": [row("A", ana, bob), row("B", user("BOB"), user("cy"))]})
    (entry,) = found["entries"]
    assert entry["name"] == "T"
    assert entry["members"] == ["ana@acme.example", "Bob@ACME.example", "cy@acme.example"]
    assert entry["source_complete"] is True
    assert "source_error" not in entry
    (team,) = found["teams"]
    assert team["in"]["bob@acme.example"] == ["A", "B"]
    assert team["desired"] == 3
    assert found["ready"]
    assert [(group["group"], group["members"]) for group in found["groups"]] == [("A", 2), ("B", 2)]


def test_users_without_a_login_are_told_apart() -> None:
    """Okta may leave out what is null."""
    bare = [user(name, login=None, email=None) for name in ("ana", "bob")]
    gone = [user("cy", "SUSPENDED", login=None), user("dan", "SUSPENDED", login=None, email=None)]
    (team,) = sources_of(plan(mapping("T", "A")), {"groups": [{**row("A", *bare), "excluded": gone}]})["teams"]
    assert [one["login"] for one in team["unknown"]] == ["00uana", "00ubob"]
    assert [one["login"] for one in team["excluded"]] == ["00udan", "cy@acme.example"]
    assert team["people"] == ["cy@acme.example"]


def test_several_groups_that_failed() -> None:
    found = sources_of(plan(mapping("T", "A", "B")), {"groups": [broken("A", "one."), broken("B", "two.")]})
    assert found["teams"][0]["error"] == "Okta group 'A': one; Okta group 'B': two."
    assert found["entries"][0]["source_error"] == "Okta group 'A': one; Okta group 'B': two."


def test_settings_are_handed_on() -> None:
    made = plan({"okta_group": "A", "grafana_team_uid": "u1", "max_removals": 0, "state": "present"})
    (entry,) = sources_of(made, {"groups": [row("A", user("ana"))]})["entries"]
    assert entry["uid"] == "u1"
    assert "name" not in entry
    assert (entry["max_removals"], entry["state"]) == (0, "present")


def test_d2_d6_a_failed_group_fails_its_teams_alone() -> None:
    made = plan(mapping("One", "A"), mapping("Two", "A", "Gone"), mapping("Three", "Gone"))
    found = sources_of(made, {"groups": [row("A", user("ana")), broken("Gone", "not found")], "failed": True})
    one, two, three = found["entries"]
    assert one["source_complete"] is True
    for entry in (two, three):
        assert entry["source_complete"] is False
        assert entry["members"] == []
        assert entry["source_error"] == "Okta group 'Gone': not found"
    assert found["ready"]
    assert found["teams"][1]["error_code"] == "forbidden"
    assert found["teams"][1]["hint"] == "Give the token the role."


@pytest.mark.parametrize(
    "change",
    [
        {"complete": False},
        {"complete": None},
        {"complete": "true"},
        {"error": "odd"},
        {"asked": "B"},
    ],
)
def test_d2_a_row_that_is_not_surely_whole(change: dict[str, Any]) -> None:
    found = sources_of(plan(mapping("T", "A")), {"groups": [{**row("A", user("ana")), **change}]})
    assert not found["ready"]
    assert found["entries"][0]["members"] == []
    assert found["entries"][0]["source_complete"] is False


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({}, "it was not read."),
        ({"msg": "missing required arguments: okta_url"}, "missing required arguments: okta_url"),
        ({"module_stderr": "Traceback\n  File\nValueError: x\n"}, "ValueError: x"),
        ({"groups": "odd"}, "it was not read."),
        ({"groups": [], "msg": "HTTP 401: Invalid token provided"}, "HTTP 401: Invalid token provided"),
    ],
)
def test_whatever_becomes_of_the_module(result: dict[str, Any], error: str) -> None:
    found = sources_of(plan(mapping("T", "A", "B")), result)
    assert not found["ready"]
    # It is said once, not for each group.
    assert found["entries"][0]["source_error"] == f"Okta: {error}"


def test_a_group_that_is_not_in_the_answer() -> None:
    found = sources_of(plan(mapping("T", "A")), {"groups": [None]})
    assert found["entries"][0]["source_error"] == "Okta group 'A': it is not in the answer."


def test_d7_users_left_out_by_their_status() -> None:
    gone = user("gone", "DEPROVISIONED")
    nobody = user("nobody", "SUSPENDED", email=None)
    found = sources_of(
        plan(mapping("T", "A", "B")),
        {"groups": [row("A", user("ana"), excluded=[gone]), row("B", excluded=[gone, nobody])]},
    )
    (team,) = found["teams"]
    assert [(entry["login"], entry["status"], entry["group"]) for entry in team["excluded"]] == [
        ("gone@acme.example", "DEPROVISIONED", "A"),
        ("nobody@acme.example", "SUSPENDED", "B"),
    ]
    assert found["entries"][0]["reasons"] == {
        "gone@acme.example": "DEPROVISIONED in Okta",
        "nobody@acme.example": "SUSPENDED in Okta",
    }


def test_somebody_in_another_group_is_a_member() -> None:
    rows = [row("A", excluded=[user("ana", "SUSPENDED")]), row("B", user("ana"))]
    found = sources_of(plan(mapping("T", "A", "B")), {"groups": rows})
    assert found["entries"][0]["members"] == ["ana@acme.example"]
    assert found["entries"][0]["reasons"] == {}


@pytest.mark.parametrize(
    ("match_on", "members", "unknown"),
    [(["email"], [], ["ana@acme.example"]), (["email", "login"], ["ana@acme.example"], [])],
)
def test_d13_users_without_an_email(match_on: list[str], members: list[str], unknown: list[str]) -> None:
    found = sources_of(plan(mapping("T", "A")), {"groups": [row("A", user("ana", email=None))]}, match_on=match_on)
    assert found["entries"][0]["members"] == members
    assert found["entries"][0]["spare"] == ["ana@acme.example"]
    assert [entry["login"] for entry in found["teams"][0]["unknown"]] == unknown


def test_d13_all_names_of_the_users_are_spared() -> None:
    """Who is in a group is not removed for going by another name in Grafana; who does not count, is."""
    ana = user("ana", email="Ana.Newname@acme.example")
    rows = [
        row("A", ana, user("bob", email=None), excluded=[user("gone", "SUSPENDED")]),
        row("B", ana),
        broken("Gone"),
    ]
    found = sources_of(plan(mapping("T", "A", "B"), mapping("U", "A", "Gone")), {"groups": rows})
    entry, failed = found["entries"]
    assert entry["spare"] == ["Ana.Newname@acme.example", "ana@acme.example", "bob@acme.example"]
    assert entry["members"] == ["Ana.Newname@acme.example"]
    assert failed["spare"] == []
    assert "protected" not in found
    names = found["teams"][0]["names"]
    assert names["ana@acme.example"] == {"name": "Ana.Newname@acme.example", "groups": ["A", "B"]}
    assert found["teams"][0]["people"] == [
        "Ana.Newname@acme.example",
        "ana@acme.example",
        "bob@acme.example",
        "gone@acme.example",
    ]


@pytest.mark.parametrize(
    ("match_on", "problem"),
    [
        (["email"], None),
        (["login", "email"], None),
        ("email", None),
        ("email, login", None),
        (["login"], "email has to be among them: "),
        ("login", "email has to be among them: "),
        ([], "email has to be among them: "),
        (["email", "name"], "knows email and login, not name."),
        ("[email]", "is text with brackets or quotes. Give a list"),
        (5, "must be a list, not a number."),
    ],
)
def test_what_users_are_found_by(match_on: Any, problem: str | None) -> None:
    problems = plan_of({"m": [mapping()]}, match_on=match_on)["problems"]
    assert [text.startswith(f"team_sync_match_on: {problem}") for text in problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("users", "problem"),
    [
        ([], None),
        (["boss"], None),
        ("boss", None),
        ("boss,eve", None),
        ("", None),
        ('["boss"]', "is text with brackets or quotes. Give a list, on the command line as in -e '{"),
        ({"boss": 1}, "must be a list, not a dictionary."),
    ],
)
def test_protected_users_as_text(users: Any, problem: str | None) -> None:
    problems = plan_of({"m": [mapping()]}, protected_users=users)["problems"]
    assert [text.startswith(f"team_sync_protected_users: {problem}") for text in problems] == (
        [True] if problem else []
    )


# -- which Grafana it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "org", "target"),
    [
        ("https://grafana.acme.example", None, "https://grafana.acme.example org 1"),
        ("HTTPS://Grafana.ACME.example:443/", "", "https://grafana.acme.example org 1"),
        ("https://grafana.acme.example/", "1", "https://grafana.acme.example org 1"),
        ("https://grafana.acme.example", 2, "https://grafana.acme.example org 2"),
        ("http://acme.example:80/Grafana/", None, "http://acme.example/Grafana org 1"),
        ("http://acme.example:443", None, "http://acme.example:443 org 1"),
        ("http://[::1]:3000", None, "http://[::1]:3000 org 1"),
        ("https://user:aPassword@acme.example", None, "https://acme.example org 1"),
        ("https://acme.example:port", None, ""),
        ("http://[::1", None, ""),
        ("", None, ""),
    ],
)
def test_the_same_grafana(url: str, org: Any, target: str) -> None:
    assert target_of(url, org) == target


def test_d18_teams_in_common() -> None:
    mine = plan(mapping("One"), mapping("abc"), {"okta_group": "A", "grafana_team_uid": "u1"})
    other = plan(mapping("One"), {"okta_group": "A", "grafana_team_uid": "abc"})
    assert rivals_of(mine, other) == ["One"], "a uid is not a name"
    assert rivals_of(mine, plan({"okta_group": "B", "grafana_team_uid": "u1"})) == ["u1"]
    assert rivals_of(mine, {}) == rivals_of(mine, None) == rivals_of({}, mine) == []


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({}, None),
        ({"msg": "one\n\n- two\n"}, "one\n- two"),
        ({"msg": "one. Do it.", "hint": "Do it."}, "one."),
        ({"msg": "Do it.", "hint": "Do it."}, "Do it."),
        ({"msg": "odd\nTraceback (most recent call last):\n  File x\n    y\nValueError: z"}, "odd\nValueError: z"),
        ({"module_stdout": "one\n\ntwo\n\n"}, "two"),
        ({"module_stdout": " \n "}, None),
        ({"msg": "broken", "module_stderr": "a\nKilled\n"}, "broken: Killed"),
    ],
)
def test_told(result: dict[str, Any], text: str | None) -> None:
    assert told(result) == text
