# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of Okta and Grafana does what it says, with each of its values."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

import pytest
from team_clients import GrafanaRaw, OktaApi, basic

from emulator.switches import ALL_SWITCHES, GRAFANA_SWITCHES, OKTA_SWITCHES, SWITCHES
from emulator.testing import GRAFANA_USER

COVERED: set[str] = set()


def values(name: str):
    """Parametrise with all declared values of a switch, and note that it is covered."""
    (switch,) = [each for each in ALL_SWITCHES if each.name == name]
    COVERED.add(name)
    return pytest.mark.parametrize("value", switch.values)


def group(emulator, name="SRE", **given):
    return emulator.edit("set_group", service="okta", name=name, **given)["id"]


def team(emulator, name="SRE", **given):
    return emulator.edit("add_team", service="grafana", name=name, **given)


def user(emulator, email, **given):
    return emulator.edit("add_user", service="grafana", email=email, **given)["id"]


# -- Okta -------------------------------------------------------------------------------------------------------------


@values("okta_cursor")
def test_okta_cursor(emulator, okta, value):
    emulator.switches(okta_cursor=value)
    group_id = group(emulator, count=5)
    following = okta.get(f"/api/v1/groups/{group_id}/users", limit=2).next
    assert (("," in following) and (";" in following)) is (value == "punctuated")
    assert len(okta.logins(group_id, limit=2)) == 5


@values("okta_link_style")
def test_okta_link_style(emulator, okta, value):
    emulator.switches(okta_link_style=value, okta_cursor="punctuated")
    group_id = group(emulator, count=3)
    lines = okta.get(f"/api/v1/groups/{group_id}/users", limit=2).headers.get_all("link")
    assert len(lines) == (2 if value == "two" else 1)
    assert len(okta.logins(group_id, limit=2)) == 3


@values("okta_link_origin")
def test_okta_link_origin(emulator, okta, value):
    emulator.switches(okta_link_origin=value)
    following = okta.get(f"/api/v1/groups/{group(emulator, count=3)}/users", limit=2).next
    assert following.startswith(f"{emulator.okta_url if value == 'same' else value}/api/v1/groups/")


@values("okta_full_last_page")
@pytest.mark.parametrize("count", [0, 3, 4])
def test_okta_full_last_page(emulator, okta, value, count):
    emulator.switches(okta_full_last_page=value)
    pages = okta.pages(f"/api/v1/groups/{group(emulator, count=count)}/users", limit=2)
    full = {0: [0], 3: [2, 1], 4: [2, 2]}[count]
    assert [len(page) for page in pages] == full + ([0] if value == "next" and count == 4 else [])


@values("okta_q_cap")
def test_okta_q_cap(emulator, okta, value):
    emulator.switches(okta_q_cap=value)
    for number in range(301):
        group(emulator, f"G{number:03d}")
    answer = okta.get("/api/v1/groups", q="G")
    assert (len(answer.json()), answer.next) == (value, None)


@values("okta_search_lag")
def test_okta_search_lag(emulator, okta, value):
    emulator.switches(okta_search_lag=value)
    group_id = group(emulator)
    assert okta.names('profile.name eq "SRE"') == ([] if value else ["SRE"])
    assert okta.get(f"/api/v1/groups/{group_id}").status == 200


@values("okta_max_limit")
def test_okta_max_limit(emulator, okta, value):
    emulator.switches(okta_max_limit=value)
    pages = okta.pages(f"/api/v1/groups/{group(emulator, count=5)}/users", limit=5000)
    assert [len(page) for page in pages] == ([2, 2, 1] if value == 2 else [5])


@values("okta_users_count")
def test_okta_users_count(emulator, okta, value):
    emulator.switches(okta_users_count=value)
    group(emulator, emails=["a@x.io", {"login": "b@x.io", "status": "DEPROVISIONED"}, "c@x.io"])
    (found,) = okta.search('profile.name eq "SRE"', expand="stats").json()
    expected = {"all": 3, "without_deprovisioned": 2, "absent": None}[value]
    assert found["_embedded"]["stats"].get("usersCount") == expected


@values("okta_expand_by_id")
def test_okta_expand_by_id(emulator, okta, value):
    emulator.switches(okta_expand_by_id=value)
    found = okta.get(f"/api/v1/groups/{group(emulator)}", expand="stats").json()
    assert ("_embedded" in found) is (value == "yes")


@values("okta_language")
def test_okta_language(emulator, okta, value):
    emulator.switches(okta_language=value)
    emulator.edit("add_token", service="okta", token="weak", role=False)
    body = OktaApi(emulator.okta_url, "SSWS weak").get("/api/v1/groups").json()
    assert body["errorCode"] == "E0000006"
    assert body["errorSummary"].startswith("You do not have" if value == "en" else "Vous n'êtes pas autorisé")


@values("okta_null_properties")
def test_okta_null_properties(emulator, okta, value):
    emulator.switches(okta_null_properties=value)
    (found,) = okta.get(f"/api/v1/groups/{group(emulator, emails=[{'login': 'a', 'email': None}])}/users").json()
    assert ("email" in found["profile"], "transitioningToStatus" in found) == (value == "null", value == "null")


@values("okta_rate_limit")
def test_okta_rate_limit(emulator, okta, value):
    emulator.switches(okta_rate_limit=value)
    statuses = [okta.get("/api/v1/groups").status for _try in range(5)]
    assert statuses == ([200] * 3 + [429] * 2 if value == 3 else [200] * 5)


@values("okta_rate_window")
def test_okta_rate_window(emulator, okta, value):
    emulator.switches(okta_rate_window=value)
    reset = int(okta.get("/api/v1/groups").headers["X-Rate-Limit-Reset"])
    assert value - 1 <= reset - time.time() <= value + 1


def test_okta_rate_window_ends(emulator, okta):
    emulator.switches(okta_rate_limit=1, okta_rate_window=0.05)
    okta.get("/api/v1/groups")
    for _try in range(100):
        if okta.get("/api/v1/groups").status == 200:
            return
        time.sleep(0.01)
    raise AssertionError("the window never ended")


@values("okta_clock_ahead")
def test_okta_clock_ahead(emulator, okta, value):
    emulator.switches(okta_clock_ahead=value)
    headers = okta.get("/api/v1/groups").headers
    now = parsedate_to_datetime(headers["Date"]).timestamp()
    assert abs(now - time.time() - value) < 60
    assert 0 < int(headers["X-Rate-Limit-Reset"]) - now <= 62


@values("okta_token_requests")
def test_okta_token_requests(emulator, okta, value):
    emulator.switches(okta_token_requests=value)
    token = okta.token(emulator.okta_key(kind="EC")).json()["access_token"]
    client = OktaApi(emulator.okta_url, f"Bearer {token}")
    assert [client.get("/api/v1/groups").status for _try in range(3)] == ([200, 401, 401] if value else [200] * 3)


@values("okta_token_lifetime")
def test_okta_token_lifetime(emulator, okta, value):
    emulator.switches(okta_token_lifetime=value)
    assert okta.token(emulator.okta_key(kind="EC")).json()["expires_in"] == value
    emulator.switches(okta_token_lifetime=0)
    token = okta.token(emulator.okta_key(kind="EC")).json()["access_token"]
    assert OktaApi(emulator.okta_url, f"Bearer {token}").get("/api/v1/groups").status == 401


@values("okta_expired_body")
def test_okta_expired_body(emulator, value):
    emulator.switches(okta_expired_body=value)
    answer = OktaApi(emulator.okta_url, "Bearer gone").get("/api/v1/groups")
    assert (answer.status, answer.body == b"") == (401, value == "empty")


# -- Grafana ----------------------------------------------------------------------------------------------------------


@values("grafana_team_ids")
def test_grafana_team_ids(emulator, grafana, value):
    emulator.switches(grafana_team_ids=value)
    made = team(emulator, members=["ana@x.io"])
    (plain,) = grafana.get("/api/teams/search")["teams"]
    (named,) = grafana.get("/api/teams/search", name="SRE")["teams"]
    (member,) = grafana.get(f"/api/teams/{made['id']}/members")
    number, uid = made["id"], made["uid"]
    assert (plain["id"], named["id"]) == {
        "both": (number, number),
        "search_zero": (0, number),
        "zero": (0, 0),
        "no_uid": (number, number),
    }[value]
    expected = None if value == "no_uid" else uid
    assert plain.get("uid") == named.get("uid") == member.get("teamUID") == expected
    assert ("userUID" in member) is (value != "no_uid")
    assert member["teamId"] == (0 if value == "zero" else number)
    new = grafana.call("POST", "/api/teams", {"name": "New"})[1]
    assert (bool(new["teamId"]), "uid" in new) == (value != "zero", value != "no_uid")
    assert grafana.call("GET", f"/api/teams/{uid}")[0] == (400 if value == "no_uid" else 200)


@values("grafana_uid_as_id")
def test_grafana_uid_as_id(emulator, grafana, value):
    emulator.switches(grafana_uid_as_id=value)
    made = team(emulator)
    assert grafana.call("GET", f"/api/teams/{made['uid']}/members")[0] == (200 if value == "yes" else 400)
    assert grafana.call("GET", f"/api/teams/{made['id']}/members")[0] == 200


@values("grafana_email_case")
def test_grafana_email_case(emulator, grafana, admin, value):
    emulator.switches(grafana_email_case=value)
    first = user(emulator, "Ana@X.io", login="Ana")
    found = grafana.get("/api/org/users", query="ana@")[0]
    assert (found["userId"], found["email"]) == (first, "ana@x.io" if value == "lower" else "Ana@X.io")
    body = {"email": "ANA@x.io", "login": "other", "password": "1234"}
    client = GrafanaRaw(emulator.grafana_url, "", Authorization=_basic(emulator))
    assert client.call("POST", "/api/admin/users", body)[0] == (412 if value == "lower" else 200)
    emails = [each["email"] for each in grafana.get("/api/org/users", query="ana@")]
    assert emails == (["ana@x.io"] if value == "lower" else ["Ana@X.io", "ANA@x.io"])
    status, _body = client.call("GET", "/api/users/lookup", loginOrEmail="aNA@X.IO")
    assert status == (200 if value == "lower" else 404)


def _basic(emulator) -> str:
    return basic(emulator.grafana_user, emulator.grafana_password)


@values("grafana_name_collation")
def test_grafana_name_collation(emulator, grafana, value):
    emulator.switches(grafana_name_collation=value)
    team(emulator, "SRE Team")
    assert grafana.teams(name="sre team") == (["SRE Team"] if value == "nocase" else [])
    assert grafana.call("POST", "/api/teams", {"name": "sre team"})[0] == (409 if value == "nocase" else 200)


@values("grafana_last_admin")
def test_grafana_last_admin(emulator, grafana, value):
    emulator.switches(grafana_last_admin=value)
    made = team(emulator, admins=["ana@x.io"], members=["bob@x.io"])
    ana = emulator.state(service="grafana")["users"]["ana@x.io"]["id"]
    path = f"/api/teams/{made['id']}/members/{ana}"
    expected = 400 if value == "kept" else 200
    assert grafana.call("PUT", path, {"permission": 0})[0] == expected
    emulator.edit("update_team", service="grafana", team="SRE", admins=["ana@x.io"])
    assert grafana.call("DELETE", path)[0] == expected
    emulator.edit("update_team", service="grafana", team="SRE", admins=["ana@x.io", "carol@x.io"])
    assert grafana.call("DELETE", path)[0] == 200


@values("grafana_bulk")
def test_grafana_bulk(emulator, grafana, value):
    emulator.switches(grafana_bulk=value)
    made = team(emulator, members=["ana@x.io"])
    done = grafana.call("PUT", f"/api/teams/{made['id']}/members", {"members": []})
    assert done[0] == (200 if value == "present" else 404)


@values("grafana_bulk_case")
def test_grafana_bulk_case(emulator, grafana, value):
    emulator.switches(grafana_bulk_case=value)
    made = team(emulator, members=["ana@x.io", "bob@x.io"])
    grafana.call("PUT", f"/api/teams/{made['id']}/members", {"members": ["ANA@x.io", "bob@x.io"]})
    assert grafana.emails(made["id"]) == (["bob@x.io"] if value == "removes" else ["ana@x.io", "bob@x.io"])


@values("grafana_unknown_user_status")
def test_grafana_unknown_user_status(emulator, grafana, value):
    emulator.switches(grafana_unknown_user_status=value)
    made = team(emulator)
    outside = user(emulator, "out@x.io", role=None)
    for number in (99, outside):
        assert grafana.call("POST", f"/api/teams/{made['id']}/members", {"userId": number})[0] == value
    assert grafana.call("POST", "/api/teams/99/members", {"userId": 1})[0] == value


@values("grafana_missing_team_members")
def test_grafana_missing_team_members(emulator, grafana, value):
    emulator.switches(grafana_missing_team_members=value)
    expected = (200, []) if value == "empty" else (404, {"message": "Team not found"})
    assert grafana.call("GET", "/api/teams/99/members") == expected


@values("grafana_token_admin_status")
def test_grafana_token_admin_status(emulator, grafana, value):
    emulator.switches(grafana_token_admin_status=value)
    for method, path in (("GET", "/api/users/lookup"), ("GET", "/api/users"), ("POST", "/api/admin/users")):
        assert grafana.call(method, path)[0] == value


@values("grafana_rename_collision")
def test_grafana_rename_collision(emulator, grafana, value):
    emulator.switches(grafana_rename_collision=value)
    team(emulator, "One")
    made = team(emulator, "Two")
    assert grafana.call("PUT", f"/api/teams/{made['id']}", {"name": "One"}) == (value, {"message": "Team name taken"})


@values("grafana_creator")
def test_grafana_creator(emulator, admin, value):
    emulator.switches(grafana_creator=value)
    made = admin.teams.add_team({"name": "New"})["teamId"]
    members = [each["login"] for each in admin.teams.get_team_members(made)]
    assert members == ([GRAFANA_USER] if value == "admin" else [])


def test_all_switches_are_tested_and_named_after_their_service():
    assert {switch.name for switch in OKTA_SWITCHES + GRAFANA_SWITCHES} == COVERED
    assert all(switch.name.startswith("okta_") for switch in OKTA_SWITCHES)
    assert all(switch.name.startswith("grafana_") for switch in GRAFANA_SWITCHES)
    assert SWITCHES + OKTA_SWITCHES + GRAFANA_SWITCHES == ALL_SWITCHES
    for switch in OKTA_SWITCHES + GRAFANA_SWITCHES:
        assert switch.default == switch.values[0]
        assert len(switch.values) > 1
        assert json.dumps(switch.meaning)
