# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated Grafana, seen by the library grafana-client and, where that hides something, by plain requests."""

from __future__ import annotations

import pytest
from grafana_client.client import GrafanaBadInputError, GrafanaClientError, GrafanaServerError, GrafanaUnauthorizedError
from team_clients import GrafanaRaw, basic, library

from emulator.grafana.model import PERMISSIONS
from emulator.testing import GRAFANA_PASSWORD, GRAFANA_TOKEN, GRAFANA_USER, ControlError


def team(emulator, name="SRE", **values):
    return emulator.edit("add_team", service="grafana", name=name, **values)


def user(emulator, email, **values):
    return emulator.edit("add_user", service="grafana", email=email, **values)["id"]


def refused(kind, call, *arguments):
    """Status and message of a refusal."""
    with pytest.raises(kind) as caught:
        call(*arguments)
    return caught.value.status_code, caught.value.response.get("message")


def token(emulator, permissions, **values):
    emulator.edit("set_token", service="grafana", token="narrow", permissions=permissions, **values)
    return GrafanaRaw(emulator.grafana_url, "narrow")


# -- teams ------------------------------------------------------------------------------------------------------------


def test_the_life_of_a_team(by_token):
    made = by_token.teams.add_team({"name": "SRE", "email": "sre@x.io"})
    assert (made["message"], made["teamId"]) == ("Team created", 1)
    (found,) = by_token.teams.get_team_by_name("SRE")
    assert {key: found[key] for key in ("id", "uid", "orgId", "name", "email", "memberCount", "permission")} == {
        "id": 1,
        "uid": made["uid"],
        "orgId": 1,
        "name": "SRE",
        "email": "sre@x.io",
        "memberCount": 0,
        "permission": 0,
    }
    assert found["isProvisioned"] is False
    assert by_token.teams.get_team(1)["uid"] == made["uid"] == by_token.teams.get_team(made["uid"])["uid"]
    assert by_token.teams.update_team(1, {"name": "Ops"}) == {"message": "Team updated"}
    assert by_token.teams.get_team_by_name("SRE") == []
    assert by_token.teams.delete_team(1) == {"message": "Team deleted"}
    assert refused(GrafanaClientError, by_token.teams.get_team, 1) == (404, "Team not found")
    assert refused(GrafanaClientError, by_token.teams.get_team, "unknown") == (404, "Not found")


def test_team_names_are_unique(by_token):
    by_token.teams.add_team({"name": "SRE"})
    by_token.teams.add_team({"name": "sre"})
    assert refused(GrafanaClientError, by_token.teams.add_team, {"name": "SRE"}) == (409, "Team name taken")
    assert refused(GrafanaBadInputError, by_token.teams.update_team, 2, {"name": "SRE"}) == (400, "Team name taken")
    assert refused(GrafanaBadInputError, by_token.teams.add_team, {"email": "x"}) == (400, "bad request data")
    assert refused(GrafanaBadInputError, by_token.teams.add_team, {"name": 5}) == (400, "bad request data")


def test_search_by_name_is_exact_and_by_query_is_a_part(emulator, grafana):
    for name in ("Eng", "Engineering", "eng-qa", "Ops & <Co> / 1+1=2?", "Équipe"):
        team(emulator, name)
    assert grafana.teams(name="Eng") == ["Eng"]
    assert grafana.teams(name="ENG") == []
    assert grafana.teams(name="Ops & <Co> / 1+1=2?") == ["Ops & <Co> / 1+1=2?"]
    assert grafana.teams(name="Équipe") == ["Équipe"]
    assert grafana.teams(query="eng") == ["Eng", "eng-qa", "Engineering"]
    assert grafana.get("/api/teams/search", name="none") == {"totalCount": 0, "teams": [], "page": 1, "perPage": 1000}


def test_search_in_pages(emulator, grafana, by_token):
    for number in range(5):
        team(emulator, f"T{number}")
    page = grafana.get("/api/teams/search", page=2, perpage=2)
    assert ([each["name"] for each in page["teams"]], page["totalCount"], page["page"]) == (["T2", "T3"], 5, 2)
    assert grafana.teams(page=4, perpage=2) == []
    assert [each["name"] for each in by_token.teams.search_teams(perpage=2)] == [f"T{n}" for n in range(5)]


def test_the_creator_becomes_admin_with_basic_authentication_only(admin, by_token):
    mine = admin.teams.add_team({"name": "Mine"})["teamId"]
    (member,) = admin.teams.get_team_members(mine)
    assert (member["login"], member["permission"]) == (GRAFANA_USER, 4)
    assert admin.teams.get_team(mine)["permission"] == 4
    other = by_token.teams.add_team({"name": "Other"})["teamId"]
    assert by_token.teams.get_team_members(other) == []


# -- members ----------------------------------------------------------------------------------------------------------


def test_members_come_and_go(emulator, by_token):
    ana = user(emulator, "ana@x.io", name="Ana")
    made = team(emulator)
    teams = by_token.teams
    assert teams.add_team_member(made["id"], ana) == {"message": "Member added to Team"}
    assert refused(GrafanaBadInputError, teams.add_team_member, made["id"], ana) == (
        400,
        "User is already added to this team",
    )
    assert refused(GrafanaServerError, teams.add_team_member, made["id"], 999) == (500, "Failed to add Member to Team")
    (member,) = teams.get_team_members(made["uid"])
    assert {key: value for key, value in member.items() if key not in ("avatarUrl", "userUID")} == {
        "orgId": 1,
        "teamId": made["id"],
        "teamUID": made["uid"],
        "userId": ana,
        "auth_module": "",
        "email": "ana@x.io",
        "name": "Ana",
        "login": "ana@x.io",
        "labels": [],
        "permission": 0,
    }
    assert teams.remove_team_member(made["id"], ana) == {"message": "Team Member removed"}
    assert refused(GrafanaClientError, teams.remove_team_member, made["id"], ana) == (404, "Team member not found")
    assert refused(GrafanaClientError, teams.remove_team_member, 99, ana) == (404, "Team not found")
    assert teams.get_team_members(99) == []


def test_the_permission_of_a_member(emulator, grafana):
    made = team(emulator, members=["ana@x.io"])
    (ana,) = emulator.state(service="grafana")["teams"][0]["members"]
    ana_id = emulator.state(service="grafana")["users"][ana]["id"]
    path = f"/api/teams/{made['uid']}/members"
    assert grafana.call("PUT", f"{path}/{ana_id}", {"permission": 4}) == (200, {"message": "Team member updated"})
    assert grafana.get(path)[0]["permission"] == 4
    assert grafana.call("PUT", f"{path}/{ana_id}", {"permission": 2})[0] == 400
    assert grafana.call("PUT", f"{path}/99", {"permission": 4}) == (404, {"message": "Team member not found."})
    assert grafana.call("PUT", f"{path}/x", {"permission": 4})[0] == 400
    assert grafana.call("DELETE", f"{path}/{ana_id}")[0] == 200


def test_all_members_at_once(emulator, grafana):
    made = team(emulator, members=["old@x.io", "ana@x.io"])
    user(emulator, "bob@x.io")
    path = f"/api/teams/{made['id']}/members"
    assert grafana.call("PUT", path, {"members": ["ana@x.io", "nobody@x.io"]}) == (404, {"message": "User not found"})
    assert grafana.emails(made["id"]) == ["ana@x.io", "old@x.io"]
    done = grafana.call("PUT", path, {"members": ["ana@x.io"], "admins": ["bob@x.io"]})
    assert done == (200, {"message": "Team memberships have been updated"})
    (shown,) = emulator.state(service="grafana")["teams"]
    assert (shown["members"], shown["admins"]) == (["ana@x.io"], ["bob@x.io"])
    assert grafana.call("PUT", path, {"members": "ana@x.io"})[0] == 400


def test_a_provisioned_team_keeps_its_members(emulator, grafana):
    made = team(emulator, members=["ana@x.io"], provisioned=True)
    bob, ana = user(emulator, "bob@x.io"), emulator.state(service="grafana")["users"]["ana@x.io"]["id"]
    path = f"/api/teams/{made['id']}/members"
    message = {"message": "Team memberships cannot be updated for provisioned teams"}
    for method, target, body in (
        ("POST", path, {"userId": bob}),
        ("DELETE", f"{path}/{ana}", None),
        ("PUT", f"{path}/{ana}", {"permission": 4}),
        ("PUT", path, {"members": []}),
    ):
        assert grafana.call(method, target, body) == (400, message)
    assert grafana.get("/api/teams/search", name="SRE")["teams"][0]["isProvisioned"] is True


def test_labels_and_service_accounts(emulator, grafana):
    made = team(emulator, members=["ana@x.io"], external=["bob@x.io"], admins=["carol@x.io"], service_accounts=2)
    found = grafana.get(f"/api/teams/{made['id']}/members")
    assert [(each["email"], each["labels"], each["permission"]) for each in found] == [
        ("ana@x.io", [], 0),
        ("bob@x.io", ["OAuth"], 0),
        ("carol@x.io", [], 4),
    ]
    assert grafana.get(f"/api/teams/{made['id']}")["memberCount"] == 5
    assert len(grafana.get("/api/org/users")) == 4
    (shown,) = emulator.state(service="grafana")["teams"]
    assert (shown["external"], len(shown["service_accounts"])) == ({"bob@x.io": ["OAuth"]}, 2)


def test_hidden_users_are_in_no_list_and_no_count(emulator, grafana, admin):
    made = team(emulator, members=["ana@x.io"])
    emulator.edit("update_user", service="grafana", user="ana@x.io", hidden=True)
    assert grafana.emails(made["id"]) == []
    assert grafana.get(f"/api/teams/{made['id']}")["memberCount"] == 0
    assert [each["login"] for each in grafana.get("/api/org/users")] == [GRAFANA_USER]
    assert len(admin.teams.get_team_members(made["id"])) == 1


# -- permissions of tokens --------------------------------------------------------------------------------------------


def test_without_org_users_read_members_are_filtered_silently(emulator):
    made = team(emulator, members=["ana@x.io", "bob@x.io"])
    narrow = token(emulator, [each for each in PERMISSIONS if each != "org.users:read"])
    status, body = narrow.call("GET", "/api/org/users")
    assert (status, body["title"]) == (403, "Access denied")
    assert "Permissions needed: org.users:read" in body["message"]
    assert body["accessErrorId"].startswith("ACE")
    assert narrow.emails(made["id"]) == []
    assert narrow.get(f"/api/teams/{made['id']}")["memberCount"] == 2


def test_a_narrow_org_users_read(emulator):
    made = team(emulator, members=["ana@x.io", "bob@x.io"])
    narrow = token(emulator, None, users=["ana@x.io"])
    assert [each["email"] for each in narrow.get("/api/org/users")] == ["ana@x.io"]
    assert narrow.emails(made["id"]) == ["ana@x.io"]


def test_a_narrow_teams_read_filters_the_search(emulator):
    team(emulator, "One")
    other = team(emulator, "Two")
    narrow = token(emulator, None, teams=["One"])
    assert narrow.teams() == ["One"]
    assert narrow.teams(name="Two") == []
    assert narrow.call("GET", f"/api/teams/{other['uid']}")[0] == 403


CALLS = [
    ("teams:read", "GET", "/api/teams/search", None),
    ("teams:create", "POST", "/api/teams", {"name": "New"}),
    ("teams:write", "PUT", "/api/teams/1", {"name": "New"}),
    ("teams:delete", "DELETE", "/api/teams/1", None),
    ("teams.permissions:read", "GET", "/api/teams/1/members", None),
    ("teams.permissions:write", "POST", "/api/teams/1/members", {"userId": 1}),
    ("org.users:read", "GET", "/api/org/users", None),
    ("org.users:add", "POST", "/api/org/users", {"loginOrEmail": "out@x.io", "role": "Viewer"}),
    ("org.users:write", "PATCH", "/api/org/users/1", {"role": "Admin"}),
    ("org.users:remove", "DELETE", "/api/org/users/1", None),
]


@pytest.mark.parametrize(("permission", "method", "path", "body"), CALLS)
def test_each_call_needs_its_permission(emulator, permission, method, path, body):
    team(emulator)
    user(emulator, "out@x.io", role=None)
    lacking = token(emulator, [each for each in PERMISSIONS if each != permission])
    status, answer = lacking.call(method, path, body)
    assert (status, answer["title"]) == (403, "Access denied")
    assert not [entry for entry in emulator.requests() if entry["applied"]]
    assert token(emulator, list(PERMISSIONS)).call(method, path, body)[0] == 200


def test_bad_credentials(emulator):
    url = emulator.grafana_url
    assert refused(GrafanaUnauthorizedError, library(url, "wrong").teams.search_teams) == (401, "Invalid API key")
    assert refused(GrafanaUnauthorizedError, library(url, (GRAFANA_USER, "wrong")).teams.search_teams) == (
        401,
        "Invalid username or password",
    )
    emulator.edit("set_token", service="grafana", token="old", expired=True)
    status, body = GrafanaRaw(url, "old").call("GET", "/api/org")
    assert (status, body["messageId"]) == (401, "api-key.invalid")
    for header in ("", "Basic %%%", "Digest x"):
        client = GrafanaRaw(url, "", **({"Authorization": header} if header else {}))
        assert client.call("GET", "/api/org")[0] == 401
        assert client.call("GET", "/api/health")[0] == 200
    user(emulator, "off@x.io", password="secret", disabled=True)
    assert GrafanaRaw(url, "", Authorization=basic("off@x.io", "secret")).call("GET", "/api/org")[0] == 401


def test_who_is_no_admin_sees_own_teams_and_changes_nothing(emulator):
    team(emulator, "Own", members=[{"email": "ana@x.io", "password": "secret"}])
    team(emulator, "Other")
    client = GrafanaRaw(emulator.grafana_url, "", Authorization=basic("ana@x.io", "secret"))
    assert client.teams() == ["Own"]
    assert client.call("POST", "/api/teams", {"name": "New"})[0] == 403
    assert client.call("GET", "/api/org/users")[0] == 403
    assert client.call("GET", "/api/users/lookup", loginOrEmail="ana@x.io")[0] == 403


# -- users and organisations ------------------------------------------------------------------------------------------


def test_users_of_the_server_are_for_its_admin(emulator, admin, by_token):
    made = admin.admin.create_user({"name": "Ana", "email": "Ana@X.io", "login": "ana", "password": "1234", "OrgId": 1})
    assert made["message"] == "User created"
    found = admin.users.find_user("ANA@x.io")
    assert (found["id"], found["email"], found["login"]) == (made["id"], "ana@x.io", "ana")
    assert admin.users.get_user(made["id"])["login"] == "ana"
    for other in ({"login": "ANA"}, {"email": "ana@x.io"}):
        assert refused(GrafanaClientError, admin.admin.create_user, {**other, "password": "1234"})[0] == 412
    for bad in (
        {"login": "b", "password": "123"},
        {"password": "1234"},
        {"login": "b", "password": "1234", "OrgId": 9},
    ):
        assert refused(GrafanaBadInputError, admin.admin.create_user, bad)[0] == 400
    for call, argument in (
        (by_token.admin.create_user, {"login": "b", "password": "1234"}),
        (by_token.users.find_user, "ana"),
        (by_token.users.search_users, None),
        (by_token.users.get_user, made["id"]),
    ):
        assert refused(GrafanaClientError, call, argument)[0] == 403
    assert refused(GrafanaClientError, admin.users.find_user, "nobody") == (404, "user not found")


def test_what_an_admin_does_to_a_user(emulator, admin):
    made = admin.admin.create_user({"email": "ana@x.io", "password": "1234"})["id"]
    admin.admin.change_user_password(made, "5678")
    client = library(emulator.grafana_url, ("ana@x.io", "5678"))
    assert client.user.get_actual_user()["login"] == "ana@x.io"
    admin.admin.change_user_permissions(made, True)
    assert len(client.users.search_users()) == 2
    admin.admin.change_user_permissions(made, False)
    assert refused(GrafanaBadInputError, admin.admin.change_user_permissions, 1, False)[0] == 400
    admin.admin.set_user_enabled(made, False)
    assert refused(GrafanaUnauthorizedError, client.user.get_actual_user)[0] == 401
    admin.users.update_user(made, {"login": "Ana2", "email": "", "name": "A"})
    assert admin.users.get_user(made)["login"] == "ana2"
    assert refused(GrafanaClientError, admin.users.update_user, made, {"login": GRAFANA_USER})[0] == 409
    admin.admin.delete_user(made)
    assert refused(GrafanaClientError, admin.users.get_user, made)[0] == 404


def test_users_of_the_organisation(emulator, by_token, grafana):
    user(emulator, "ana@x.io", name="Ana", role="Editor")
    user(emulator, "off@x.io", disabled=True)
    emulator.edit("add_user", service="grafana", login="nomail")
    outside = user(emulator, "out@x.io", role=None)
    found = {each["login"]: each for each in by_token.organization.get_current_organization_users()}
    assert set(found) == {GRAFANA_USER, "ana@x.io", "off@x.io", "nomail"}
    assert (found["ana@x.io"]["role"], found["off@x.io"]["isDisabled"], found["nomail"]["email"]) == (
        "Editor",
        True,
        "",
    )
    assert [each["login"] for each in grafana.get("/api/org/users", query="ANA@")] == ["ana@x.io"]
    assert len(grafana.get("/api/org/users", limit=2)) == 2
    assert all("email" not in each for each in grafana.get("/api/org/users/lookup"))
    add = by_token.organization.add_user_current_organization
    assert add({"loginOrEmail": "OUT@x.io", "role": "Viewer"}) == {
        "message": "User added to organization",
        "userId": outside,
    }
    assert refused(GrafanaClientError, add, {"loginOrEmail": "out@x.io", "role": "Viewer"})[0] == 409
    assert refused(GrafanaClientError, add, {"loginOrEmail": "no@x.io", "role": "Viewer"}) == (404, "User not found")
    assert refused(GrafanaBadInputError, add, {"loginOrEmail": "out@x.io", "role": "King"})[0] == 400
    made = team(emulator, members=["out@x.io"])
    by_token.organization.delete_user_current_organization(outside)
    assert grafana.emails(made["id"]) == []
    assert refused(GrafanaServerError, by_token.teams.add_team_member, made["id"], outside)[0] == 500


def test_organisations_are_apart(emulator, admin):
    org = emulator.edit("add_org", service="grafana", name="Second")["id"]
    team(emulator)
    team(emulator, org=org, members=["ana@x.io"])
    emulator.edit("set_token", service="grafana", token="second", org=org)
    second = GrafanaRaw(emulator.grafana_url, "second")
    assert second.get("/api/org") == {"id": org, "name": "Second"}
    assert [each["email"] for each in second.get("/api/org/users")] == ["ana@x.io"]
    assert second.call("GET", "/api/teams/1")[0] == 404
    other = library(emulator.grafana_url, (GRAFANA_USER, GRAFANA_PASSWORD), organization_id=org)
    assert other.organization.get_current_organization()["id"] == org
    assert admin.organization.get_current_organization()["id"] == 1
    for header, status in (("2x", 400), ("-1", 400), ("99", 401), ("1", 200)):
        client = GrafanaRaw(emulator.grafana_url, GRAFANA_TOKEN, **{"X-Grafana-Org-Id": header})
        assert client.call("GET", "/api/org")[0] == status
    client = GrafanaRaw(emulator.grafana_url, "", Authorization=basic(), **{"X-Grafana-Org-Id": "99"})
    assert client.call("GET", "/api/org")[0] == 403
    assert [each["id"] for each in admin.organizations.list_organization()] == [1, org]


def test_unknown_paths_and_bad_bodies(emulator, grafana):
    assert grafana.call("GET", "/api/nothing") == (404, {"message": "Not found"})
    answer = grafana.http.post("/api/teams", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"message": "bad request data"})
    assert grafana.call("POST", "/api/teams/1/members", {"userId": "x"})[0] == 400
    assert grafana.call("GET", "/api/user")[0] == 404


def test_ten_thousand_users(emulator, grafana):
    emulator.edit("add_users", service="grafana", count=10_000)
    emails = [f"user{number:04d}@example.com" for number in range(1, 1002)]
    made = team(emulator, members=emails)
    assert grafana.emails(made["uid"]) == emails
    assert len(grafana.get("/api/org/users")) == 10_001


# -- edits ------------------------------------------------------------------------------------------------------------


def test_edits_change_what_they_say(emulator):
    made = team(emulator, members=["a@x.io", "b@x.io"], admins=["c@x.io"])
    edit = emulator.edit
    edit("update_team", service="grafana", team=made["uid"], members=["b@x.io", "d@x.io"], name="Ops", email="o@x.io")
    edit("add_member", service="grafana", team="Ops", user="e@x.io", permission=4)
    edit("add_members", service="grafana", team="Ops", users=["f@x.io", "b@x.io"])
    edit("remove_member", service="grafana", team="Ops", user="D@x.io")
    edit("update_user", service="grafana", user="f@x.io", email="ff@x.io", role="Admin")
    edit("remove_user", service="grafana", user="a@x.io")
    edit("remove_from_org", service="grafana", user="b@x.io")
    state = emulator.state(service="grafana")
    assert state["teams"] == [
        {
            "id": made["id"],
            "uid": made["uid"],
            "org": 1,
            "name": "Ops",
            "email": "o@x.io",
            "provisioned": False,
            "members": ["ff@x.io"],
            "admins": ["c@x.io", "e@x.io"],
            "external": {},
            "service_accounts": [],
        }
    ]
    assert state["users"]["f@x.io"]["roles"] == {"1": "Admin"}
    assert state["users"]["b@x.io"]["roles"] == {}
    assert "password" not in state["users"][GRAFANA_USER]
    edit("add_to_org", service="grafana", user="b@x.io", role="Editor")
    assert emulator.state(service="grafana")["orgs"]["1"]["roles"]["b@x.io"] == "Editor"
    edit("remove_team", service="grafana", team=made["id"])
    edit("remove_token", service="grafana", token=GRAFANA_TOKEN)
    assert emulator.state(service="grafana")["teams"] == []


@pytest.mark.parametrize(
    ("op", "values", "text"),
    [
        ("explode", {}, "unknown op 'explode'; known: add_user"),
        ("add_user", {}, "needs a login or an email"),
        ("add_user", {"email": "a@x.io", "rolle": "Viewer"}, "unknown key 'rolle'"),
        ("add_user", {"email": "a@x.io", "role": "King"}, "unknown role 'King'"),
        ("add_user", {"email": "a@x.io", "org": 9}, "no organisation 9"),
        ("add_user", {"login": GRAFANA_USER}, "'admin' already"),
        ("add_team", {"name": "SRE"}, "'SRE' already"),
        ("update_team", {"team": "none"}, "0 teams are called 'none'"),
        ("update_user", {"user": "none"}, "no user 'none'"),
        ("add_member", {"team": "SRE", "user": None}, "a user is an id"),
        ("add_org", {"name": "x", "id": 1}, "1 is no new number"),
        ("set_token", {"token": "t", "permissions": ["all"]}, "unknown permission 'all'"),
    ],
)
def test_bad_edits_are_explained(emulator, op, values, text):
    team(emulator)
    with pytest.raises(ControlError, match=text):
        emulator.edit(op, service="grafana", **values)
