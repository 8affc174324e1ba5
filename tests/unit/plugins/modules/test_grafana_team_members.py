# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""grafana_team_members against a Grafana that behaves like the real one."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import yaml

from ansible_collections.pcc.identity.plugins.modules import grafana_team_members
from ansible_collections.pcc.identity.plugins.plugin_utils._audit_entry import outcome

from .grafana_support import Grafana, grafana, no_waiting_for_grafana, shown

__all__ = ["grafana", "no_waiting_for_grafana"]

A, B, C, D, E, Z = (f"{name}@x.io" for name in ("ana", "bob", "carol", "dan", "eve", "zoe"))


REFUSED = {"kind": "status", "status": 400, "body": {"message": "no"}}


def users_of_ten(grafana: Grafana) -> list[str]:
    names = [f"user{number:02}@x.io" for number in range(10)]
    grafana.users(*names)
    return names


def of_members(*labels: str) -> str:
    """What a diff shows of a team. A list would have a dash before everybody, as if they were taken out."""
    return "".join(["members:\n", *(f"  {label}: member\n" for label in labels)])


# -- the ordinary --------------------------------------------------------------------------------------------------


def test_a_sync_adds_and_removes_and_the_second_run_only_reads(grafana: Grafana) -> None:
    made = grafana.team("SRE", A, B)
    grafana.users(C)
    result = grafana.sync({"SRE": [A, C]})
    (row,) = result["teams"]
    assert result["changed"]
    assert result["msg"] == "1 updated: 1 added, 1 removed"
    assert (row["status"], row["added"], row["removed"], row["kept"]) == ("updated", [C], [B], [A])
    assert (row["id"], row["uid"], row["name"]) == (made["id"], made["uid"], "SRE")
    assert row["stats"] == {"desired": 2, "before": 2, "after": 2}
    assert row["remaining_drift"] == {"add": [], "remove": []}
    assert result["summary"] == {"created": 0, "updated": 1, "unchanged": 0, "skipped": 0, "failed": 0}
    assert shown(result) == [(f"grafana team SRE (uid {made['uid']})", of_members(A, B), of_members(A, C))]
    assert grafana.members("SRE") == [A, C]
    grafana.forget()
    again = grafana.sync({"SRE": [A, C]})
    assert not again["changed"]
    assert again["diff"] == []
    assert again["msg"] == "1 unchanged"
    assert [entry["method"] for entry in grafana.log()] == ["GET"] * 3


def test_the_short_form_for_one_team_and_its_uid(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A)["uid"]
    grafana.users(B)
    assert grafana.row(team="SRE", members=[A, B])["added"] == [B]
    row = grafana.row(team_uid=uid, members=[A])
    assert (row["removed"], row["name"]) == ([B], "SRE")
    assert grafana.row([{"uid": uid, "members": [A]}])["status"] == "unchanged"


def test_states(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    assert grafana.row({"SRE": [C]}, state="present")["added"] == [C]
    assert grafana.members("SRE") == [A, B, C]
    row = grafana.row({"SRE": [A, Z]}, state="absent")
    assert (row["removed"], row["missing"], row["kept"]) == ([A], [], [])
    assert grafana.members("SRE") == [B, C]
    assert grafana.row({"None": [A]}, state="absent")["status"] == "unchanged"
    assert grafana.members("None") is None


def test_options_of_an_entry_go_before_those_of_the_module(grafana: Grafana) -> None:
    grafana.team("One", A, B)
    grafana.team("Two", A, B)
    grafana.sync([{"name": "One", "members": [A], "state": "exact"}, {"name": "Two", "members": [A]}], state="present")
    assert grafana.members("One") == [A]
    assert grafana.members("Two") == [A, B]


def test_a_team_is_created_with_its_members(grafana: Grafana) -> None:
    grafana.users(A, B)
    planned = grafana.sync({"SRE": [B, A]}, check=True)
    assert grafana.members("SRE") is None
    result = grafana.sync({"SRE": [B, A]})
    (row,) = result["teams"]
    assert (row["status"], row["added"]) == ("created", [A, B])
    assert row["id"]
    assert shown(result) == [("grafana team SRE (new)", "", of_members(A, B))]
    assert shown(planned) == shown(result)
    assert planned["msg"] == result["msg"] == "1 created: 2 added"
    assert not grafana.sync({"SRE": [B, A]})["changed"]


def test_a_team_that_shall_not_be_created_is_an_error(grafana: Grafana) -> None:
    grafana.users(A)
    row = grafana.row({"SRE": [A]}, create_team=False)
    assert (row["status"], row["error_code"]) == ("failed", "team_not_found")
    assert grafana.row([{"uid": "nope", "members": [A]}])["error_code"] == "team_not_found"


def test_a_refused_team_leaves_the_others_alone(grafana: Grafana) -> None:
    for name in ("One", "Two", "Three"):
        grafana.team(name, A, B)
    result = grafana.sync({"One": [A], "Two": [], "Three": [A]})
    assert result["failed"]
    assert result["changed"]
    assert result["error_code"] == "empty_source"
    assert [row["status"] for row in result["teams"]] == ["updated", "failed", "updated"]
    assert result["msg"].splitlines()[0] == "2 updated, 1 failed: 2 removed"
    assert "- 'Two': The list of members is empty; 2 members" in result["msg"]
    assert "allow_empty: true" in result["msg"]
    assert grafana.members("Two") == [A, B]


def test_reasons_are_told_in_the_message_only(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    result = grafana.sync([{"name": "SRE", "members": [A], "reasons": {"BOB@x.io": "left Okta group SRE"}}])
    assert result["msg"].endswith(f"- 'SRE': removed {B}: left Okta group SRE")
    assert "left" not in str(result["diff"]) + str(result["teams"])


def test_the_examples_work(grafana: Grafana) -> None:
    variables = {"{{ grafana_admin_password }}": grafana.emulator.grafana_password, "{{ sre_members }}": [A, Z]}
    for example in yaml.safe_load(grafana_team_members.EXAMPLES):
        options = {
            name: variables.get(value, value) if isinstance(value, str) else value
            for name, value in example["pcc.identity.grafana_team_members"].items()
            if name not in {"grafana_url", "grafana_token"}
        }
        result = grafana.sync(**{"teams": None, **options}, basic="url_password" in options)
        assert not result["failed"], result["msg"]
    assert grafana.members("SRE") == [A, Z]


def test_the_audit_log_names_teams_and_nobody_in_them(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A, B)["uid"]
    result = grafana.sync({"SRE": [A], "New": [A], "Same": []}, state="exact")
    told = outcome("pcc.identity.grafana_team_members", result, "failed")
    assert [(each["id"], each["name"], each["status"], list(each["changes"])) for each in told["resources"]] == [
        (uid, "SRE", "updated", ["removed"]),
        (result["teams"][1]["uid"], "New", "created", ["added"]),
        (None, "Same", "failed", []),
    ]
    assert told["error_code"] == "empty_source"
    assert "@x.io" not in str(told)


def test_an_empty_list_of_teams_is_nothing_to_do(grafana: Grafana) -> None:
    result = grafana.sync([])
    assert (result["changed"], result["msg"]) == (False, "nothing to do")
    assert grafana.log() == []


@pytest.mark.parametrize("basic", [False, True])
def test_fifty_teams_of_two_hundred_with_nothing_to_do_cost_two_requests_each(grafana: Grafana, basic: bool) -> None:
    names = [f"user{number:04}@example.com" for number in range(200)]
    grafana.users(*names)
    for number in range(50):
        grafana.team(f"Team {number}", *names)
    grafana.forget()
    result = grafana.sync({f"Team {number}": names for number in range(50)}, basic=basic)
    assert not result["changed"]
    assert not result["failed"]
    assert len(grafana.log()) <= 2 * 50 + 1
    assert result["requests"] == {"reads": 101, "writes": 0, "retries": 0, "waited_seconds": 0.0}


# -- the danger list -----------------------------------------------------------------------------------------------


def test_d1_an_empty_list_empties_no_team(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    for members in ([], [Z]):
        for check in (True, False):
            row = grafana.row({"SRE": members}, check=check)
            assert (row["status"], row["error_code"]) == ("failed", "empty_source")
            assert "2 members" in row["error"]
            assert row["remaining_drift"]["remove"] == [A, B]
    assert grafana.members("SRE") == [A, B]
    assert grafana.emulator.writes() == []
    assert grafana.row({"SRE": []}, allow_empty=True)["removed"] == [A, B]
    assert grafana.members("SRE") == []


def test_d2_an_incomplete_list_writes_nothing_and_creates_nothing(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    teams = [
        {"name": "SRE", "members": [A, C], "source_complete": False, "source_error": "page 2 of group SRE failed"},
        {"name": "New", "members": [A], "source_error": "not found"},
        {"name": "Fine", "members": [A]},
    ]
    result = grafana.sync(teams)
    assert [row["status"] for row in result["teams"]] == ["failed", "failed", "created"]
    assert result["error_code"] == "source_incomplete"
    assert "page 2 of group SRE failed" in result["msg"]
    assert grafana.members("SRE") == [A, B]
    assert grafana.members("New") is None
    grafana.forget()
    assert grafana.sync(teams[:2])["failed"]
    assert grafana.log() == []


@pytest.mark.parametrize("options", [{"max_removals": 2, "max_removal_percent": 100}, {"max_removal_percent": 29}, {}])
def test_d4_too_many_removals_write_nothing_at_all(grafana: Grafana, options: dict[str, Any]) -> None:
    names = users_of_ten(grafana)
    grafana.team("SRE", *names)
    grafana.users(A)
    gone = 3 if options else 6
    wanted = {"SRE": [*names[gone:], A]}
    rows = [grafana.row(wanted, check=check, **options) for check in (True, False)]
    assert rows[0]["error"] == rows[1]["error"]
    for row in rows:
        assert (row["status"], row["error_code"], row["added"]) == ("failed", "too_many_removals", [])
        assert f"{gone} members" in row["error"]
        assert row["remaining_drift"] == {"add": [A], "remove": names[:gone]}
        assert not row["result"]["changed"]
    assert grafana.emulator.writes() == []
    row = grafana.row(wanted, max_removals=gone, max_removal_percent=gone * 10)
    assert row["removed"] == names[:gone]


@pytest.mark.parametrize("case", ["lower", "as_given"])
def test_d8_case_blanks_and_accents(grafana: Grafana, case: str) -> None:
    grafana.emulator.switches(grafana_email_case=case)
    accented = "jos\u00e9@x.io"
    grafana.team("SRE", "Ana@X.io", accented)
    wanted = {"SRE": [" aNA@x.IO ", unicodedata.normalize("NFD", accented.upper())]}
    row = grafana.row(wanted)
    assert (row["status"], row["added"], row["removed"]) == ("unchanged", [], [])
    assert grafana.emulator.writes() == []


@pytest.mark.parametrize("bulk", ["removes", "matches"])
def test_d9_the_bulk_call_is_never_used(grafana: Grafana, bulk: str) -> None:
    grafana.emulator.switches(grafana_bulk_case=bulk, grafana_email_case="as_given")
    grafana.team("SRE", "Ana@x.io", B)
    grafana.users(C)
    row = grafana.row({"SRE": [A, C, Z]})
    assert (row["added"], row["removed"], row["missing"]) == ([C], [B], [Z])
    assert grafana.members("SRE") == ["Ana@x.io", C]
    assert {entry["method"] for entry in grafana.log()} == {"GET", "POST", "DELETE"}


def test_d10_missing_users_are_skipped_or_fail(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    row = grafana.row({"SRE": [A, B, Z]})
    assert (row["status"], row["missing"]) == ("unchanged", [Z])
    row = grafana.row({"SRE": [A, Z]}, missing_users="fail")
    assert (row["status"], row["error_code"]) == ("failed", "missing_users")
    assert Z in row["error"]
    assert grafana.members("SRE") == [A, B]


def test_d10_missing_users_are_created_with_a_password_that_nobody_sees(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    grafana.team("Ops", A)
    wanted = {"SRE": [A, "Zoe@x.io"], "Ops": ["zoe@x.io"]}
    planned = grafana.sync(wanted, basic=True, missing_users="create", check=True)
    assert grafana.emulator.writes() == []
    result = grafana.sync(wanted, basic=True, missing_users="create")
    assert not result["failed"], result["msg"]
    assert [row["added"] for row in planned["teams"]] == [row["added"] for row in result["teams"]]
    assert shown(planned) == shown(result)
    assert grafana.members("SRE") == [A, Z]
    assert grafana.members("Ops") == [Z]
    user = grafana.state()["users"][Z]
    assert (user["email"], user["login"], user["admin"]) == (Z, Z, False)
    assert [entry["path"] for entry in grafana.log() if entry["path"] == "/api/admin/users"] == ["/api/admin/users"]
    assert not grafana.sync(wanted, basic=True, missing_users="create")["changed"]


def test_d10_a_new_user_whom_grafana_puts_elsewhere_is_taken_into_the_organisation(grafana: Grafana) -> None:
    number = grafana.edit("add_org", name="Two")["id"]
    grafana.team("SRE", A)
    rewrite = {"kind": "rewrite", "replace": {'"OrgId": 1': f'"OrgId": {number}'}}
    grafana.emulator.faults([{"match": {"path": "/api/admin/users"}, "do": rewrite}])
    row = grafana.row({"SRE": [A, Z]}, basic=True, missing_users="create")
    assert (row["status"], row["added"]) == ("updated", [Z])
    assert grafana.members("SRE") == [A, Z]
    assert grafana.state()["orgs"]["1"]["roles"][Z] == "Viewer"


def test_d10_a_new_user_who_cannot_be_taken_into_the_organisation_is_a_failure(grafana: Grafana) -> None:
    number = grafana.edit("add_org", name="Two")["id"]
    grafana.team("SRE", A)
    rewrite = {"kind": "rewrite", "replace": {'"OrgId": 1': f'"OrgId": {number}'}}
    grafana.emulator.faults(
        [
            {"match": {"path": "/api/admin/users"}, "do": rewrite},
            {"match": {"path": "/api/org/users", "method": "POST"}, "do": {"kind": "status", "status": 403}},
        ]
    )
    row = grafana.row({"SRE": [A, Z]}, basic=True, missing_users="create")
    assert [(user["email"], user["action"], user["status"]) for user in row["failed_users"]] == [(Z, "create", 403)]
    assert row["remaining_drift"] == {"add": [Z], "remove": []}
    assert row["result"]["changed"]
    grafana.emulator.faults()
    assert grafana.row({"SRE": [A, Z]}, basic=True, add_to_org=True)["added"] == [Z]


@pytest.mark.parametrize("role", ["Viewer", None])
@pytest.mark.parametrize("add_to_org", [False, True])
def test_d10_somebody_else_makes_the_user_first(grafana: Grafana, role: str | None, add_to_org: bool) -> None:
    grafana.team("SRE", A)
    grafana.edit("add_user", email=Z, role=role)
    # Neither was there when it was looked for.
    grafana.emulator.faults(
        [
            {"match": {"path": "/api/users/lookup"}, "nth": 1, "do": {"kind": "status", "status": 404}},
            {
                "match": {"path": "/api/org/users", "method": "GET"},
                "nth": 1,
                "do": {"kind": "status", "status": 200, "body": [{"userId": 1, "orgId": 1, "login": "admin"}]},
            },
        ]
    )
    row = grafana.row({"SRE": [A, Z]}, basic=True, missing_users="create", add_to_org=add_to_org)
    if role or add_to_org:
        assert (row["status"], row["added"]) == ("updated", [Z])
    else:
        assert [(user["email"], user["status"]) for user in row["failed_users"]] == [(Z, 412)]
        assert not row["result"]["changed"]


def test_d11_users_whom_grafana_hides_are_added_and_no_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    grafana.edit("add_user", email=C, hidden=True)
    do = {"kind": "status", "status": 200, "body": [{"userId": 1, "orgId": 1, "login": "admin"}]}
    grafana.emulator.faults([{"match": {"path": "/api/org/users", "method": "GET"}, "do": do}])
    row = grafana.row({"SRE": [A, C]}, basic=True, add_to_org=True)
    assert not row["result"]["failed"]
    assert (row["added"], row["missing"]) == ([C], [])


def test_d10_a_user_who_is_not_found_after_all_is_a_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    do = {"kind": "status", "status": 200, "body": {"message": "User created"}}
    for path, options in (
        ("/api/admin/users", {"missing_users": "create"}),
        ("/api/org/users", {"add_to_org": True}),
    ):
        if "org" in path:
            grafana.edit("add_user", email=Z, role=None)
        grafana.emulator.faults([{"match": {"path": path, "method": "POST"}, "do": do}])
        row = grafana.row({"SRE": [A, Z]}, basic=True, **options)
        assert row["status"] == "failed"
        assert [user["email"] for user in row["failed_users"]] == [Z]
        assert grafana.members("SRE") == [A]


def test_d10_users_cannot_be_created_with_a_token_or_without_the_right(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    result = grafana.sync({"SRE": [A, Z]}, missing_users="create")
    assert result["failed"]
    assert result["problems"][0]["field"] == "missing_users"
    assert grafana.log() == []
    grafana.edit("add_user", email="boss@x.io", login="boss", password="secret", role="Admin")
    row = grafana.row({"SRE": [A, Z]}, basic=True, url_username="boss", url_password="secret", missing_users="create")
    assert row["missing"] == [Z]
    assert row["warnings"] == [
        "1 of the missing members: only a server admin may look whether this Grafana knows them."
    ]
    assert grafana.emulator.writes() == []


def test_d11_users_outside_of_the_organisation(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    grafana.edit("add_user", email=C, role=None)
    assert grafana.row({"SRE": [A, C]})["missing"] == [C]
    row = grafana.row({"SRE": [A, C]}, basic=True, missing_users="create")
    assert row["missing"] == [C]
    assert "add_to_org: true" in row["warnings"][0]
    planned = grafana.row({"SRE": [A, C]}, basic=True, add_to_org=True, check=True)
    assert grafana.emulator.writes() == []
    row = grafana.row({"SRE": [A, C]}, basic=True, add_to_org=True)
    assert planned["added"] == row["added"] == [C]
    assert grafana.state()["orgs"]["1"]["roles"][C] == "Viewer"
    assert grafana.members("SRE") == [A, C]


@pytest.mark.parametrize("check", [True, False])
def test_d11_a_token_cannot_add_to_the_organisation(grafana: Grafana, check: bool) -> None:
    grafana.team("SRE", A)
    result = grafana.sync({"SRE": [A, C]}, add_to_org=True, check=check)
    assert result["failed"]
    assert [problem["field"] for problem in result["problems"]] == ["add_to_org"]
    assert "url_username and url_password" in result["msg"]
    assert grafana.log() == []


def test_d11_whose_login_is_the_email_of_somebody_else_is_not_added(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    grafana.edit("add_user", email="other@y.io", login=C, role=None)
    rows = [grafana.row({"SRE": [A, C]}, basic=True, add_to_org=True, check=check) for check in (True, False)]
    for row in rows:
        assert (row["status"], row["added"], row["missing"]) == ("unchanged", [], [C])
        assert row["warnings"] == [
            "1 of the missing members: the login or e-mail of somebody else, so nobody was made or added."
        ]
    assert grafana.emulator.writes() == []
    assert C not in grafana.state()["orgs"]["1"]["roles"]
    options: dict[str, Any] = {"basic": True, "add_to_org": True, "match_on": ["email", "login"]}
    assert grafana.row({"SRE": [A, C]}, **options)["added"] == ["other@y.io"]


@pytest.mark.parametrize("case", ["lower", "as_given"])
def test_d11_what_is_sent_is_what_was_looked_up(grafana: Grafana, case: str) -> None:
    """The login of the one who is meant is the e-mail of another: it would take that one in."""
    grafana.emulator.switches(grafana_email_case=case)
    grafana.team("SRE", A)
    grafana.edit("add_user", email=C, login="carol", role=None)
    grafana.edit("add_user", email="carol", login="other", role=None)
    row = grafana.row({"SRE": [A, C]}, basic=True, add_to_org=True)
    assert (row["status"], row["added"]) == ("updated", [C])
    roles = grafana.state()["orgs"]["1"]["roles"]
    assert ("carol" in roles, "other" in roles) == (True, False)
    assert grafana.members("SRE") == [A, C]


def test_d12_two_users_of_one_email_are_an_error_for_these_only(grafana: Grafana) -> None:
    grafana.emulator.switches(grafana_email_case="as_given")
    grafana.team("SRE", "Ana@x.io", B)
    grafana.users({"email": A, "login": "ana2"}, C)
    for check in (True, False):
        row = grafana.row({"SRE": ["ANA@x.io", C]}, check=check)
        assert (row["status"], row["error_code"]) == ("failed", "ambiguous_user")
        assert (row["added"], row["removed"], row["ambiguous"]) == ([C], [B], ["ANA@x.io"])
        assert row["failed_users"][0]["email"] == "ANA@x.io"
    assert grafana.members("SRE") == ["Ana@x.io", C]


def test_d12_members_given_twice_collapse(grafana: Grafana) -> None:
    grafana.team("SRE")
    grafana.users(A)
    row = grafana.row({"SRE": [A, "ANA@x.io"]})
    assert (row["added"], row["stats"]["desired"]) == ([A], 1)
    assert row["result"]["warnings"] == ["SRE: 1 of the members listed more than once."]


def test_d13_logins_only_if_asked_for(grafana: Grafana) -> None:
    grafana.users({"email": "", "login": "robot"}, A)
    grafana.team("SRE", A)
    assert grafana.row({"SRE": [A, "Robot"]})["missing"] == ["Robot"]
    row = grafana.row({"SRE": [A, "Robot"]}, match_on=["email", "login"])
    assert row["added"] == ["robot"]
    assert grafana.row({"SRE": [A, "Robot"]}, match_on=["email", "login"])["status"] == "unchanged"
    row = grafana.row({"SRE": [A, ""]})
    assert (row["status"], row["error_code"]) == ("failed", "invalid_member")


def assert_spared(grafana: Grafana, wanted: list[str], spare: list[str], spared: list[str], **options: Any) -> None:
    """Whoever is spared stays, in a plan and in a run, while somebody else goes; and stays so."""
    before = grafana.members("SRE") or []
    for check in (True, False):
        row = grafana.row([{"name": "SRE", "members": wanted, "spare": spare}], check=check, **options)
        assert (row["status"], row["spared"], row["removed"]) == ("updated", spared, [B]), row
        assert not {*spared} & {*row["kept"], *row["protected"], *row["external"]}
        assert row["remaining_drift"] == {"add": [], "remove": []}
        ((_header, had, has),) = shown(row["result"])
        for label in spared:
            assert f"  {label}: member\n" in had
            assert f"  {label}: member\n" in has
    assert grafana.members("SRE") == [label for label in before if label != B]
    row = grafana.row(team="SRE", members=wanted, spare=spare, **options)
    assert (row["status"], row["spared"]) == ("unchanged", spared)


def test_d13_whoever_has_another_email_in_grafana_stays(grafana: Grafana) -> None:
    """The e-mail was changed at the source; Grafana has the old one, which is the login still."""
    grafana.team("SRE", A, B, "old@x.io")
    assert_spared(grafana, [A, "new@x.io"], [A, "OLD@x.io ", "new@x.io", ""], ["old@x.io"])
    assert grafana.row({"SRE": [A, "new@x.io"]})["removed"] == ["old@x.io"]


def test_d13_whoever_has_only_a_login_in_grafana_stays(grafana: Grafana) -> None:
    grafana.users({"login": D, "email": ""})
    grafana.team("SRE", A, B)
    grafana.edit("add_member", team="SRE", user=D)
    assert_spared(grafana, [A, D], [], [D])
    assert grafana.row({"SRE": [A, D]})["missing"] == [D]


def test_d13_logins_that_are_the_same_are_matched_or_spared(grafana: Grafana) -> None:
    grafana.users({"login": "dan", "email": "old@x.io"})
    grafana.team("SRE", A, B)
    grafana.edit("add_member", team="SRE", user="dan")
    assert_spared(grafana, [A, D], ["dan"], ["old@x.io"], match_on=["login", "email"])
    row = grafana.row([{"name": "SRE", "members": [A, "dan"], "spare": [D]}], match_on=["email", "login"])
    assert (row["status"], row["kept"], row["spared"]) == ("unchanged", [A, "old@x.io"], [])


def test_d13_other_names_are_for_exact_only_and_add_nobody(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    row = grafana.row([{"name": "SRE", "members": [A, B], "spare": [C, Z]}])
    assert (row["status"], row["spared"], row["missing"]) == ("unchanged", [], [])
    row = grafana.row([{"name": "SRE", "members": [B], "spare": [A, B]}], state="absent")
    assert (row["removed"], row["spared"]) == ([B], [])


def test_d14_without_the_right_to_see_users_nothing_is_done(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    permissions = ["teams:read", "teams:write", "teams.permissions:read", "teams.permissions:write"]
    grafana.edit("set_token", token=grafana.emulator.grafana_token, permissions=permissions)
    result = grafana.sync({"SRE": [A]})
    assert result["failed"]
    assert result["error_code"] == "forbidden"
    assert "org.users:read" in result["hint"]
    assert [entry["path"] for entry in grafana.log()] == ["/api/org/users"]
    assert grafana.members("SRE") == [A, B]


def test_d14_a_narrow_view_of_users_disables_removals(grafana: Grafana) -> None:
    grafana.team("SRE", A, B, C)
    grafana.users(D)
    grafana.edit("set_token", token=grafana.emulator.grafana_token, users=[A, B, D])
    row = grafana.row({"SRE": [A, D]})
    assert (row["status"], row["added"], row["removed"]) == ("updated", [D], [])
    assert row["removals_disabled"]
    assert row["remaining_drift"] == {"add": [], "remove": [B]}
    assert "1 more member than it shows" in row["warnings"][0]
    assert grafana.members("SRE") == [A, B, C, D]


@pytest.mark.parametrize(
    ("spoilt", "paths"), [("short", ["*/members"]), ("empty", ["*/members"]), ("short", ["/api/org/users"])]
)
def test_d14_short_lists_have_nobody_removed(grafana: Grafana, spoilt: str, paths: list[str]) -> None:
    grafana.team("SRE", A, B, C, D)
    grafana.emulator.reads(spoilt, paths)
    grafana.sync({"SRE": [A, B, C, D, Z]})
    assert grafana.members("SRE") == [A, B, C, D]
    grafana.sync({"SRE": [A, B, C]})
    assert set(grafana.members("SRE") or ()) >= {A, B, C}


def test_d14_a_list_without_any_user_is_an_error(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.emulator.reads("empty", ["/api/org/users"])
    result = grafana.sync({"SRE": [A]})
    assert (result["failed"], result["error_code"]) == (True, "forbidden")
    assert grafana.emulator.writes() == []


def test_d14_service_accounts_are_counted_and_not_shown(grafana: Grafana) -> None:
    grafana.team("SRE", A, B, service_accounts=2)
    row = grafana.row({"SRE": [A]})
    assert (row["status"], row["removed"], row["removals_disabled"]) == ("unchanged", [], True)
    assert not row["result"]["failed"]


def test_d15_admins_and_protected_users_stay(grafana: Grafana) -> None:
    grafana.team("SRE", A, C, "admin@localhost", "glass@x.io", admins=[B])
    row = grafana.row({"SRE": [A]}, protected_users=["GLASS@x.io"])
    assert (row["removed"], row["protected"]) == ([C], ["admin@localhost", B, "glass@x.io"])
    row = grafana.row({"SRE": [A]}, manage_admins=True)
    assert (row["removed"], row["protected"]) == ([B, "glass@x.io"], ["admin@localhost"])


def test_d15_who_signs_in_stays_and_whoever_creates_a_team_is_no_surprise(grafana: Grafana) -> None:
    grafana.edit("add_user", email="ops@x.io", login="ops", password="secret", role="Admin", admin=True)
    grafana.team("SRE", A, "ops@x.io")
    options: dict[str, Any] = {"basic": True, "url_username": "ops", "url_password": "secret"}
    row = grafana.row({"SRE": [A]}, **options)
    assert (row["status"], row["protected"]) == ("unchanged", ["ops@x.io"])
    row = grafana.row({"New": [A]}, **options)
    assert (row["status"], row["added"], row["protected"]) == ("created", [A], ["ops@x.io"])
    assert row["remaining_drift"] == {"add": [], "remove": []}
    row = grafana.row({"Newer": [A, "ops@x.io"]}, **options)
    assert (row["status"], row["added"]) == ("created", [A, "ops@x.io"])
    assert not row["result"]["failed"]


def test_d15_the_last_admin_of_an_old_grafana(grafana: Grafana) -> None:
    grafana.emulator.switches(grafana_last_admin="kept")
    grafana.team("SRE", A, C, admins=[B])
    row = grafana.row({"SRE": [A]}, manage_admins=True)
    assert (row["status"], row["removed"]) == ("failed", [C])
    assert [(user["email"], user["action"], user["status"]) for user in row["failed_users"]] == [(B, "remove", 400)]
    assert row["remaining_drift"] == {"add": [], "remove": [B]}
    assert row["result"]["changed"]


def test_d16_external_members_are_left_alone(grafana: Grafana) -> None:
    grafana.team("SRE", A, external=[B])
    row = grafana.row({"SRE": [A]})
    assert (row["status"], row["external"]) == ("unchanged", [B])
    assert grafana.row({"SRE": [A]}, ignore_external=False)["removed"] == [B]


def test_d17_provisioned_teams_are_refused(grafana: Grafana) -> None:
    grafana.team("SRE", A, provisioned=True)
    grafana.users(B)
    row = grafana.row({"SRE": [A, B]})
    assert (row["status"], row["error_code"]) == ("failed", "provisioned_team")
    assert grafana.emulator.writes() == []


def test_d17_a_team_that_turns_out_to_be_provisioned_is_tried_once(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    grafana.users(B, C)
    body = {"message": "Team memberships cannot be updated for provisioned teams"}
    grafana.emulator.faults([{"match": {"kind": "write"}, "do": {"kind": "status", "status": 400, "body": body}}])
    row = grafana.row({"SRE": [A, B, C]})
    assert (row["status"], row["error_code"]) == ("failed", "provisioned_team")
    assert len(grafana.emulator.writes()) == 1
    assert not row["result"]["changed"]


def test_d18_a_team_may_be_listed_only_once(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A, B)["uid"]
    one = {"name": "SRE", "members": [A]}
    result = grafana.sync([one, {"name": "SRE", "members": [B], "source": "more.yml"}])
    assert (result["failed"], result["changed"]) == (True, False)
    assert "merge their members" in result["msg"]
    assert "more.yml" in result["msg"]
    assert grafana.log() == []
    result = grafana.sync([one, {"uid": uid, "members": [B]}, {"name": "Other", "members": [A]}])
    assert result["error_code"] == "duplicate_team"
    assert grafana.emulator.writes() == []
    result = grafana.sync([{"name": "new", "members": [A]}, {"name": "NEW", "members": [A]}])
    assert result["error_code"] == "duplicate_team"
    assert grafana.emulator.writes() == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("refused", [{"source_complete": False}, {"source_error": "HTTP 500"}, {"members": [""]}])
def test_d18_a_refused_entry_for_the_same_team_is_seen(grafana: Grafana, refused: dict[str, Any], check: bool) -> None:
    made = grafana.team("SRE", A, B, C)
    for one, other in (
        ({"name": "SRE"}, {"uid": made["uid"]}),
        ({"uid": made["uid"]}, {"name": "SRE"}),
        ({"uid": str(made["id"])}, {"uid": made["uid"]}),
    ):
        teams = [{**one, "members": [A, B], **refused}, {**other, "members": [C]}]
        result = grafana.sync(teams, check=check)
        assert result["error_code"] == "duplicate_team"
        assert "merge their members" in result["msg"]
    assert grafana.emulator.writes() == []
    assert grafana.members("SRE") == [A, B, C]


def test_d18_a_refused_entry_costs_its_search_only(grafana: Grafana) -> None:
    grafana.team("SRE", A)
    uid = grafana.team("Ops", A)["uid"]
    grafana.forget()
    result = grafana.sync([{"name": "SRE", "members": [], "source_complete": False}, {"uid": uid, "members": [A]}])
    assert [row["status"] for row in result["teams"]] == ["failed", "unchanged"]
    assert result["teams"][0]["id"]
    assert result["teams"][0]["stats"]["before"] is None
    assert sorted(entry["path"] for entry in grafana.log()) == sorted(
        ["/api/org/users", "/api/teams/search", f"/api/teams/{uid}", f"/api/teams/{uid}/members"]
    )


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("by", ["name", "uid"])
def test_d18_a_team_that_cannot_be_found_lets_nobody_go_who_may_be_in_it(
    grafana: Grafana, by: str, refused: bool
) -> None:
    made = grafana.team("SRE", A, B, C)
    other = grafana.team("Ops", A, B)
    lost, found = ({"name": "SRE"}, {"uid": made["uid"]}) if by == "name" else ({"uid": made["uid"]}, {"name": "SRE"})
    third = {"uid": other["uid"]} if by == "name" else {"name": "Ops"}
    path = "/api/teams/search" if by == "name" else f"/api/teams/{made['uid']}"
    match = {"path": path, **({"query": "*name=SRE*"} if by == "name" else {})}
    grafana.emulator.faults([{"match": match, "do": {"kind": "status", "status": 500}}])
    teams = [
        {**lost, "members": [A, B], "source_complete": not refused, "source": "a.yml"},
        {**found, "members": [C]},
        {**third, "members": [A]},
    ]
    for check in (True, False):
        result = grafana.sync(teams, check=check, retries=0, concurrency=1)
        first, second, last = result["teams"]
        assert (first["status"], second["status"]) == ("failed", "failed")
        assert first["error_code"] == ("source_incomplete" if refused else "unavailable"), first
        assert second["error_code"] == "maybe_same_team"
        assert "(a.yml)" in second["error"]
        assert second["remaining_drift"] == {"add": [], "remove": [A, B]}
        # It is another one for certain: its name or uid is.
        assert (last["status"], last["removed"]) == ("updated", [B])
    assert grafana.members("SRE") == [A, B, C]
    assert grafana.members("Ops") == [A]


def test_d18_names_alone_are_never_in_doubt(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.team("Sre", A, B)
    match = {"path": "/api/teams/search", "query": "*name=SRE*"}
    grafana.emulator.faults([{"match": match, "do": {"kind": "status", "status": 500}}])
    result = grafana.sync({"SRE": [A], "Sre": [A]}, retries=0)
    assert [row["status"] for row in result["teams"]] == ["failed", "updated"]
    uid = next(team["uid"] for team in grafana.state()["teams"] if team["name"] == "Sre")
    grafana.edit("add_member", team="Sre", user=B)
    result = grafana.sync([{"name": "SRE", "members": [A]}, {"uid": uid, "members": [A]}], retries=0)
    assert [row["error_code"] for row in result["teams"]][1] == "maybe_same_team"
    assert grafana.members("Sre") == [A, B]


def test_d18_a_search_that_knows_nothing_of_a_team_that_is_there(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A, B)["uid"]
    grafana.emulator.reads("empty", ["/api/teams/search"])
    result = grafana.sync([{"name": "SRE", "members": [B], "state": "absent"}, {"uid": uid, "members": [A]}])
    assert [row["error_code"] for row in result["teams"]] == [None, "maybe_same_team"]
    assert grafana.members("SRE") == [A, B]


def test_d18_a_team_whose_members_cannot_be_read_is_known_nevertheless(grafana: Grafana) -> None:
    uid = grafana.team("SRE", A, B)["uid"]
    grafana.emulator.faults([{"match": {"path": "*/members"}, "nth": 1, "do": {"kind": "status", "status": 400}}])
    result = grafana.sync([{"name": "SRE", "members": [B]}, {"uid": uid, "members": [A]}], retries=0, concurrency=1)
    assert result["error_code"] == "duplicate_team"
    assert grafana.emulator.writes() == []


def test_d19_check_mode_sends_only_get(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.edit("add_user", email=C, role=None)
    grafana.users(D)
    result = grafana.sync(
        {"SRE": [A, C, D, Z], "New": [D]}, basic=True, check=True, add_to_org=True, missing_users="create"
    )
    assert [row["status"] for row in result["teams"]] == ["updated", "created"]
    assert result["teams"][0]["added"] == [C, D, Z]
    assert {entry["method"] for entry in grafana.log()} == {"GET"}


@pytest.mark.parametrize("fault", ["reset", "timeout", "status"])
def test_d20_a_write_of_unknown_outcome_is_read_back(grafana: Grafana, fault: str) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    do: dict[str, Any] = {"kind": fault, "when": "after"}
    do |= {"timeout": {"seconds": 0.4}, "status": {"status": 502}}.get(fault, {})
    grafana.emulator.faults([{"match": {"kind": "write"}, "nth": nth, "do": do} for nth in (1, 2)])
    row = grafana.row({"SRE": [A, C]}, timeout=0.25)
    assert (row["status"], row["added"], row["removed"]) == ("updated", [C], [B])
    assert len(grafana.emulator.writes()) == 2
    assert not row["result"]["failed"]


def test_d20_who_was_faster_is_no_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    message = {"message": "User is already added to this team"}
    gone = {"message": "Team member not found"}
    grafana.emulator.faults(
        [
            {"match": {"method": "POST"}, "do": {"kind": "status", "status": 400, "body": message, "when": "after"}},
            {"match": {"method": "DELETE"}, "do": {"kind": "status", "status": 404, "body": gone, "when": "after"}},
        ]
    )
    row = grafana.row({"SRE": [A, C]})
    assert (row["status"], row["added"], row["removed"], row["kept"]) == ("unchanged", [], [], [A, C])
    assert row["warnings"] == ["1 of the members removed by somebody else meanwhile."]
    assert row["remaining_drift"] == {"add": [], "remove": []}
    assert not row["result"]["failed"]


def test_d20_the_end_is_read_and_not_believed(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    body = {"message": "Member added to Team"}
    grafana.emulator.faults([{"match": {"kind": "write"}, "do": {"kind": "status", "status": 200, "body": body}}])
    row = grafana.row({"SRE": [A, C]})
    assert row["status"] == "failed"
    assert [user["action"] for user in row["failed_users"]] == ["add", "remove"]
    assert (row["added"], row["removed"]) == ([], [])
    assert row["remaining_drift"] == {"add": [C], "remove": [B]}


@pytest.mark.parametrize("name", ["A/B & C?d=e+f #1 100%", "Fußball 🙂", "../x", "a;b,c"])
def test_d22_names_of_teams_are_sent_as_they_are(grafana: Grafana, name: str) -> None:
    grafana.users(A, B)
    assert grafana.row({name: [A]})["status"] == "created"
    assert grafana.row({name: [A, B]})["added"] == [B]
    assert grafana.members(name) == [A, B]
    assert len(grafana.state()["teams"]) == 1


@pytest.mark.parametrize("collation", ["exact", "nocase"])
def test_d22_a_name_in_another_case_is_an_error(grafana: Grafana, collation: str) -> None:
    grafana.emulator.switches(grafana_name_collation=collation)
    grafana.team("SRE Team", A, B)
    for name in ("sre team", "SRE TEAM"):
        for check in (True, False):
            row = grafana.row({name: [A]}, check=check)
            assert (row["status"], row["error_code"]) == ("failed", "other_case")
            assert "exists with another case" in row["error"]
    assert grafana.emulator.writes() == []
    assert grafana.row({"Team": [A]})["status"] == "created"


def test_d22_two_teams_that_differ_in_case_are_told_apart(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.team("sre", A, C)
    assert grafana.row({"sre": [A]})["removed"] == [C]
    assert grafana.members("SRE") == [A, B]


def test_d22_somebody_else_creates_the_team_first(grafana: Grafana) -> None:
    grafana.users(A)
    conflict = {"kind": "status", "status": 409, "body": {"message": "Team name taken"}, "when": "after"}
    grafana.emulator.faults([{"match": {"path": "/api/teams", "method": "POST"}, "do": conflict}])
    row = grafana.row({"SRE": [A]})
    assert (row["status"], row["added"]) == ("updated", [A])
    assert grafana.members("SRE") == [A]
    grafana.emulator.faults([{"match": {"path": "/api/teams", "method": "POST"}, "do": {**conflict, "when": "before"}}])
    row = grafana.row({"New": [A]})
    assert (row["status"], row["error_code"]) == ("failed", "other_case")
    assert not row["result"]["changed"]


def test_d23_no_secret_in_any_result(grafana: Grafana) -> None:
    emulator = grafana.emulator
    echo = {"message": f"bad {emulator.grafana_token} {emulator.grafana_password}"}
    for basic in (False, True):
        emulator.faults([{"match": {"service": "grafana"}, "do": {"kind": "status", "status": 400, "body": echo}}])
        text = str(grafana.sync({"SRE": [A]}, basic=basic))
        assert emulator.grafana_token not in text or basic
        assert f"bad {emulator.grafana_token} {emulator.grafana_password}" not in text
    emulator.faults()
    result = grafana.sync({"SRE": [A]}, grafana_url=f"http://me:{'s3cr3t' * 3}@127.0.0.1")
    assert "s3cr3t" not in str(result)


def test_d24_no_role_is_ever_changed(grafana: Grafana) -> None:
    grafana.team("SRE", A, admins=[B])
    grafana.edit("add_user", email=C, role=None)
    roles = grafana.state()["orgs"]["1"]["roles"]
    grafana.sync(
        {"SRE": [C, Z, B], "New": [A]}, basic=True, add_to_org=True, missing_users="create", manage_admins=True
    )
    after = grafana.state()["orgs"]["1"]["roles"]
    assert {login: after[login] for login in roles} == roles
    assert {login: role for login, role in after.items() if login not in roles} == {C: "Viewer", Z: "Viewer"}
    allowed = ("/api/teams", "/api/org/users", "/api/admin/users")
    for entry in grafana.emulator.writes():
        assert entry["method"] in {"POST", "DELETE"}
        assert entry["path"] in allowed or "/members" in entry["path"]
    assert [team["admins"] for team in grafana.state()["teams"] if team["name"] == "SRE"] == [[B]]


def test_d25_disabled_users_are_not_added_and_are_removed(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    for name in (B, C):
        grafana.edit("update_user", user=name, disabled=True)
    row = grafana.row({"SRE": [A, C]})
    assert (row["added"], row["removed"], row["disabled"]) == ([], [B], [C])
    assert grafana.row({"SRE": [A, C]}, include_disabled=True)["added"] == [C]


# -- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [False, True])
def test_one_user_does_not_stop_the_others_unless_asked_for(grafana: Grafana, stop: bool) -> None:
    grafana.team("SRE", A, B)
    grafana.team("Two", A, B)
    grafana.users(C, D)
    refusal = {"kind": "status", "status": 400, "body": {"message": "no"}}
    grafana.emulator.faults([{"match": {"kind": "write"}, "nth": 1, "do": refusal}])
    result = grafana.sync({"SRE": [A, C, D], "Two": [A]}, concurrency=1, on_user_error="stop" if stop else "continue")
    row, other = result["teams"]
    assert result["failed"]
    assert (row["status"], other["status"]) == ("failed", "updated")
    assert [(user["email"], user["action"], user["status"]) for user in row["failed_users"]] == [(C, "add", 400)]
    assert row["added"] == ([] if stop else [D])
    assert row["removed"] == ([] if stop else [B])
    assert row["remaining_drift"] == ({"add": [C, D], "remove": [B]} if stop else {"add": [C], "remove": []})
    assert not grafana.sync({"SRE": [A, C, D], "Two": [A]})["failed"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_for_lack_of_permission_stops_the_team(grafana: Grafana, status: int) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C, D)
    grafana.emulator.faults([{"match": {"kind": "write"}, "do": {"kind": "status", "status": status}}])
    row = grafana.row({"SRE": [A, C, D]})
    assert row["status"] == "failed"
    assert row["error_code"] == ("unauthorized" if status == 401 else "forbidden")
    assert ("teams.permissions:write" if status == 403 else "GRAFANA_TOKEN") in row["hint"]
    assert len(grafana.emulator.writes()) == 1
    assert row["remaining_drift"] == {"add": [C, D], "remove": [B]}
    assert not row["result"]["changed"]


def test_a_token_that_ends_in_the_middle_skips_the_other_teams(grafana: Grafana) -> None:
    for name in ("One", "Two", "Three"):
        grafana.team(name, A, B)
    grafana.emulator.faults([{"match": {"kind": "write"}, "from": 2, "do": {"kind": "status", "status": 401}}])
    result = grafana.sync({"One": [A], "Two": [A], "Three": [A]}, concurrency=1)
    assert [row["status"] for row in result["teams"]] == ["updated", "failed", "skipped"]
    assert "'Two' failed before" in result["teams"][2]["error"]
    assert result["teams"][2]["remaining_drift"] == {"add": [], "remove": [B]}
    assert len(grafana.emulator.writes()) == 2


def test_permissions_that_lack_are_named(grafana: Grafana) -> None:
    grafana.users(A)
    token = grafana.emulator.grafana_token
    known = ["teams:read", "teams.permissions:read", "teams.permissions:write", "org.users:read", "org.users:add"]
    for lacking, made, options in (
        ("teams:create", False, {}),
        ("teams:read", True, {}),
        ("teams.permissions:read", True, {}),
    ):
        if made and grafana.members("SRE") is None:
            grafana.team("SRE")
        grafana.edit("set_token", token=token, permissions=[name for name in known if name != lacking])
        row = grafana.row({"SRE": [A]}, **options)
        assert (row["status"], row["error_code"]) == ("failed", "forbidden")
        assert lacking in row["hint"]


def test_a_wrong_token_is_tried_once(grafana: Grafana) -> None:
    result = grafana.sync({f"Team {number}": [A] for number in range(20)}, grafana_token="wrong")
    assert (result["failed"], result["error_code"]) == (True, "unauthorized")
    assert len(grafana.log()) == 1


def test_too_many_requests_are_waited_for(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    do = {"kind": "status", "status": 429, "retry_after": 1}
    grafana.emulator.faults([{"match": {"service": "grafana"}, "every": 2, "do": do}])
    row = grafana.row({"SRE": [A]})
    assert (row["status"], row["removed"]) == ("updated", [B])
    assert row["result"]["requests"]["retries"] >= 2


def test_an_end_that_cannot_be_read_is_a_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.users(C)
    grafana.emulator.faults([{"match": {"path": "*/members", "method": "GET"}, "nth": 2, "do": REFUSED}])
    row = grafana.row({"SRE": [A, C]}, retries=0)
    assert (row["status"], row["error_code"]) == ("failed", "refused")
    assert "could not be read back" in row["error"]
    assert (row["added"], row["removed"], row["failed_users"]) == ([C], [B], [])
    assert row["stats"]["after"] is None
    assert row["remaining_drift"] == {"add": [], "remove": []}


def test_a_user_who_cannot_be_made_is_that_users_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    grafana.emulator.faults([{"match": {"path": "/api/admin/users"}, "do": REFUSED}])
    row = grafana.row({"SRE": [A, Z]}, basic=True, missing_users="create")
    assert [(user["email"], user["action"], user["status"]) for user in row["failed_users"]] == [(Z, "create", 400)]
    assert (row["removed"], row["remaining_drift"]) == ([B], {"add": [Z], "remove": []})


def test_a_budget_of_waiting_that_is_used_up_is_an_honest_failure(grafana: Grafana) -> None:
    grafana.team("SRE", A, B)
    do = {"kind": "status", "status": 500}
    grafana.emulator.faults([{"match": {"kind": "write"}, "do": do}])
    row = grafana.row({"SRE": [A]}, retry_max_wait=0)
    assert (row["status"], row["removed"]) == ("failed", [])
    assert row["remaining_drift"] == {"add": [], "remove": [B]}
    assert len(grafana.emulator.writes()) == 1


# -- versions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "uid_as_id"),
    # Without a number and without a uid that counts, a server would have no address for a team at all.
    [
        *((ids, "yes") for ids in ("both", "search_zero", "zero", "no_uid")),
        *((ids, "no") for ids in ("both", "search_zero", "no_uid")),
    ],
)
@pytest.mark.parametrize("unknown", [500, 404])
def test_every_way_to_address_teams(grafana: Grafana, ids: str, uid_as_id: str, unknown: int) -> None:
    grafana.emulator.switches(grafana_team_ids=ids, grafana_uid_as_id=uid_as_id, grafana_unknown_user_status=unknown)
    made = grafana.team("SRE", A, B)
    grafana.users(C)
    result = grafana.sync({"SRE": [A, C], "New": [A]})
    assert not result["failed"], result["msg"]
    assert grafana.members("SRE") == [A, C]
    assert grafana.members("New") == [A]
    assert not grafana.sync({"SRE": [A, C], "New": [A]})["changed"]
    address = str(made["id"]) if ids == "no_uid" else made["uid"]
    assert grafana.row([{"uid": address, "members": [A]}])["removed"] == [C]
    grafana.forget()
    grafana.sync({"SRE": [A], "New": [A]}, concurrency=1)
    assert len(grafana.log()) <= 6


def test_a_user_that_vanishes_is_that_users_failure_only(grafana: Grafana) -> None:
    for status in (500, 404):
        grafana.emulator.reset()
        grafana.emulator.switches(grafana_unknown_user_status=status)
        grafana.team("SRE", A)
        grafana.users(B, C)
        original = grafana.emulator.faults
        original([{"match": {"method": "POST"}, "nth": 1, "do": {"kind": "rewrite", "replace": {"userId": "userID"}}}])
        row = grafana.row({"SRE": [A, B, C]}, retries=1)
        original()
        assert row["status"] in {"updated", "failed"}
        assert C in row["added"]


def test_another_organisation(grafana: Grafana) -> None:
    number = grafana.edit("add_org", name="Two")["id"]
    grafana.edit("add_to_org", user="admin", org=number, role="Admin")
    grafana.users(A, org=number)
    grafana.team("SRE", B)
    row = grafana.row({"SRE": [A]}, basic=True, org_id=number)
    assert (row["status"], row["added"]) == ("created", [A])
    assert grafana.members("SRE") == [B]
    result = grafana.sync({"SRE": [A]}, basic=True, org_id=99)
    assert result["failed"]


# -- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field", "part"),
    [
        ({}, "teams", "is missing"),
        ({"team": "SRE"}, "members", "[] for none"),
        ({"team": "SRE", "team_uid": "x", "members": [A]}, "team_uid", "one of them"),
        ({"team": "SRE", "teams": [], "members": [A]}, "teams", "next to team and members"),
        ({"teams": [{"members": [A]}]}, "name", "is missing"),
        ({"teams": [{"name": "a", "uid": "b", "members": [A]}]}, "uid", "one of them"),
        ({"teams": [{"name": " SRE", "members": [A]}]}, "name", "blanks"),
        ({"teams": [{"name": " ", "members": [A]}]}, "name", "is empty"),
        ({"teams": [{"uid": "x ", "members": [A]}]}, "uid", "blanks"),
        ({"team": "SRE\n", "members": [A]}, "team", "line ends"),
        ({"team": "SRE", "members": [A], "max_removals": -1}, "max_removals", "negative"),
        ({"team": "SRE", "members": [A], "max_removal_percent": 101}, "max_removal_percent", "0 to 100"),
        ({"team": "SRE", "members": [A], "match_on": []}, "match_on", "empty"),
        ({"team": "SRE", "members": [A], "match_on": ["login"]}, "match_on", "email has to be among them"),
        ({"team": "SRE", "members": [A], "add_to_org": True}, "add_to_org", "not possible with a token"),
        ({"team": "SRE", "members": [A], "grafana_url": ""}, "grafana_url", "GRAFANA_URL"),
        ({"team": "SRE", "members": [A], "grafana_url": "http://example.com"}, "grafana_url", "unencrypted"),
        ({"team": "SRE", "members": [A], "grafana_token": ""}, "grafana_token", "GRAFANA_TOKEN"),
        ({"team": "SRE", "members": [A], "grafana_token": "a b"}, "grafana_token", "malformed"),
        ({"team": "SRE", "members": [A], "url_username": "me"}, "grafana_token", "one kind"),
        ({"team": "SRE", "members": [A], "grafana_token": "", "url_username": "me"}, "url_password", "missing"),
        (
            {"team": "SRE", "members": [A], "grafana_token": "", "url_username": "a:b", "url_password": "p"},
            "url_username",
            "colons",
        ),
        ({"team": "SRE", "members": [A], "org_id": 0}, "org_id", "from 1"),
        ({"team": "SRE", "members": [A], "ca_path": "/nowhere"}, "ca_path", "does not exist"),
        ({"team": "SRE", "members": [A], "concurrency": 0}, "concurrency", "out of range"),
        ({"team": "SRE", "members": [A], "retries": 99}, "retries", "out of range"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_sent(
    grafana: Grafana, options: dict[str, Any], field: str, part: str
) -> None:
    result = grafana.sync(**options)
    assert (result["failed"], result["changed"]) == (True, False)
    assert any(problem["field"] == field and part in problem["message"] for problem in result["problems"]), result
    assert grafana.log() == []


def test_the_environment_gives_the_connection(grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> None:
    grafana.team("SRE", A)
    emulator = grafana.emulator
    monkeypatch.setenv("GRAFANA_URL", emulator.grafana_url)
    monkeypatch.setenv("GRAFANA_TOKEN", emulator.grafana_token)
    monkeypatch.setenv("GRAFANA_ORG_ID", "1")
    nothing = {"grafana_url": None, "grafana_token": None}
    assert grafana.row({"SRE": [A]}, **nothing)["status"] == "unchanged"
    monkeypatch.delenv("GRAFANA_TOKEN")
    monkeypatch.setenv("GRAFANA_USER", emulator.grafana_user)
    monkeypatch.setenv("GRAFANA_PASSWORD", emulator.grafana_password)
    assert grafana.row({"SRE": [A]}, **nothing)["status"] == "unchanged"


def test_the_diff_is_yaml_of_everybody_in_the_team(grafana: Grafana) -> None:
    grafana.team("SRE", "b@x.io", "a@x.io", admins=["c@x.io"], external=["d@x.io"])
    grafana.users("e@x.io")
    ((_header, before, after),) = shown(grafana.sync({"SRE": ["a@x.io", "e@x.io"]}))
    assert yaml.safe_load(before) == {"members": {f"{name}@x.io": "member" for name in "abcd"}}
    assert yaml.safe_load(after) == {"members": {f"{name}@x.io": "member" for name in "acde"}}
