# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated Okta, seen by a client that uses http.client and follows the links."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest
from team_clients import OktaApi

from emulator.okta.model import STATUSES
from emulator.testing import ControlError


def group(emulator, name="SRE", **values):
    return emulator.edit("set_group", service="okta", name=name, **values)["id"]


# -- finding groups ---------------------------------------------------------------------------------------------------


def test_search_by_name_ignores_case_and_finds_no_neighbours(emulator, okta):
    for name in ("Eng", "Engineering", "Engineering-QA", "SRE"):
        group(emulator, name)
    assert okta.names('profile.name eq "eng"') == ["Eng"]
    assert okta.names('profile.name EQ "ENGINEERING"') == ["Engineering"]
    assert okta.names('profile.name sw "eng"') == ["Eng", "Engineering", "Engineering-QA"]
    assert okta.names('profile.name co "QA"') == ["Engineering-QA"]
    assert okta.names('profile.name eq "nobody"') == []
    assert okta.names('profile.name eq "Eng" or profile.name eq "SRE"') == ["Eng", "SRE"]
    assert okta.names('profile.name sw "Eng" and profile.name co "qa" or type eq "BUILT_IN"') == [
        "Everyone",
        "Engineering-QA",
    ]


@pytest.mark.parametrize("name", ['A "quoted" one', "back\\slash", "Équipe ☃ & ? + / %", "tab\tand\nline", "a, b; c"])
def test_search_values_are_json_strings(emulator, okta, name):
    import json

    group(emulator, name)
    assert okta.names(f"profile.name eq {json.dumps(name)}") == [name]
    assert okta.names(f"profile.name eq {json.dumps(name, ensure_ascii=name.isascii())}") == [name]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "SRE",
        'name eq "SRE"',
        'Profile.Name eq "SRE"',
        "profile.name eq SRE",
        'profile.name eq "SRE',
        'profile.name eq "S"RE"',
        'profile.name eq "\\x"',
        'profile.name gt "SRE"',
        'id co "00g"',
        'profile.name eq "SRE" and',
        'profile.name eq "SRE" xor type eq "OKTA_GROUP"',
    ],
)
def test_a_bad_search_is_refused(okta, expression):
    assert okta.search(expression).code == (400, "E0000031")


def test_duplicate_names_of_different_types(emulator, okta):
    first = group(emulator, "Sales")
    second = emulator.edit("add_group", service="okta", name="Sales", type="APP_GROUP")["id"]
    assert okta.names('profile.name eq "sales"') == ["Sales", "Sales"]
    (only,) = okta.search('profile.name eq "Sales" and type eq "APP_GROUP"').json()
    assert (only["id"], only["type"]) == (second, "APP_GROUP")
    (by_id,) = okta.search(f'id eq "{first}"').json()
    assert by_id["type"] == "OKTA_GROUP"


def test_filter_knows_few_attributes(emulator, okta):
    group_id = group(emulator)
    (found,) = okta.get("/api/v1/groups", filter=f'type eq "OKTA_GROUP" and id eq "{group_id}"').json()
    assert found["profile"] == {"name": "SRE"}
    assert okta.get("/api/v1/groups", filter='profile.name eq "SRE"').code == (400, "E0000031")


def test_groups_come_in_pages(emulator, okta):
    for number in range(5):
        group(emulator, f"G{number}")
    pages = okta.pages("/api/v1/groups", search='profile.name sw "G"', limit=2, expand="stats")
    assert [[each["profile"]["name"] for each in page] for page in pages] == [["G0", "G1"], ["G2", "G3"], ["G4"]]
    assert all("_embedded" in each for page in pages for each in page)


def test_q_is_a_prefix_capped_without_a_next_page(emulator, okta):
    emulator.switches(okta_q_cap=3)
    for number in range(5):
        group(emulator, f"Team {number}")
    answer = okta.get("/api/v1/groups", q="team")
    assert [each["profile"]["name"] for each in answer.json()] == ["Team 0", "Team 1", "Team 2"]
    assert answer.next is None
    assert len(okta.get("/api/v1/groups", q="team", limit=2).json()) == 2
    assert len(okta.get("/api/v1/groups", q="team", limit=5).json()) == 3
    assert okta.get("/api/v1/groups", q="eam").json() == []


def test_a_group_by_id(emulator, okta):
    group_id = group(emulator, description="Those on call")
    found = okta.get(f"/api/v1/groups/{group_id}").json()
    assert found["profile"] == {"name": "SRE", "description": "Those on call"}
    assert found["objectClass"] == ["okta:user_group"]
    assert okta.get("/api/v1/groups/00gnone").code == (404, "E0000007")
    emulator.edit("rename_group", service="okta", group="SRE", name="Ops")
    assert okta.get(f"/api/v1/groups/{group_id}").json()["profile"]["name"] == "Ops"
    emulator.edit("delete_group", service="okta", group=group_id)
    assert okta.get(f"/api/v1/groups/{group_id}").code == (404, "E0000007")
    assert okta.get(f"/api/v1/groups/{group_id}/users").code == (404, "E0000007")


# -- members ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1001])
@pytest.mark.parametrize("size", [1, 2, 200, None])
def test_all_members_come_once_in_their_order(emulator, okta, count, size):
    if size in (1, 2) and count > 201:
        count = 203
    group_id = group(emulator, count=count)
    query = {} if size is None else {"limit": size}
    pages = okta.pages(f"/api/v1/groups/{group_id}/users", **query)
    logins = [user["profile"]["login"] for page in pages for user in page]
    assert logins == [f"user{number:04d}@example.com" for number in range(1, count + 1)]
    size = size or 1000
    assert len(pages) == max(1, -(-count // size))
    assert {len(page) for page in pages[:-1]} <= {size}


def test_links_are_two_lines_self_and_next(emulator, okta):
    group_id = group(emulator, count=3)
    answer = okta.get(f"/api/v1/groups/{group_id}/users", limit=2)
    own, following = answer.headers.get_all("link")
    base = f"{emulator.okta_url}/api/v1/groups/{group_id}/users"
    assert own == f'<{base}?limit=2>; rel="self"'
    assert re.fullmatch(re.escape(f"<{base}?after=") + r'[\w-]+&limit=2>; rel="next"', following)
    last = okta.send("GET", answer.next.removeprefix(emulator.okta_url))
    (own,) = last.headers.get_all("link")
    assert own.endswith('rel="self"')


@pytest.mark.parametrize("limit", ["0", "-1", "x", ""])
def test_a_bad_limit_is_refused(emulator, okta, limit):
    assert okta.get(f"/api/v1/groups/{group(emulator)}/users", limit=limit).code == (400, "E0000001")


def test_a_cursor_is_good_for_its_own_list(emulator, okta):
    first, second = group(emulator, count=3), group(emulator, "Other", count=3)
    cursor = okta.get(f"/api/v1/groups/{first}/users", limit=1).next.split("after=")[1].split("&")[0]
    assert okta.get(f"/api/v1/groups/{first}/users", after=cursor, limit=1).status == 200
    for path, after in ((second, cursor), (first, "2"), (first, "made up"), (first, "MQ")):
        assert okta.get(f"/api/v1/groups/{path}/users", after=after, limit=1).code == (400, "E0000001")


def test_pages_hold_when_members_leave_meanwhile(emulator, okta):
    group_id = group(emulator, count=4)
    answer = okta.get(f"/api/v1/groups/{group_id}/users", limit=2)
    emulator.edit("remove_member", service="okta", group=group_id, user="user0001@example.com")
    answer = okta.send("GET", answer.next.removeprefix(emulator.okta_url))
    assert [user["profile"]["login"] for user in answer.json()] == ["user0003@example.com", "user0004@example.com"]


def test_users_of_every_status_are_members(emulator, okta):
    users = [{"login": f"{status.lower()}@example.com", "status": status} for status in STATUSES]
    users.append({"login": "leaving@example.com", "transitioning_to_status": "DEPROVISIONED"})
    group_id = group(emulator, emails=users)
    found = okta.get(f"/api/v1/groups/{group_id}/users").json()
    assert [user["status"] for user in found] == [*STATUSES, "ACTIVE"]
    assert [user.get("transitioningToStatus") for user in found] == [None] * len(STATUSES) + ["DEPROVISIONED"]


def test_emails_missing_shared_and_in_mixed_case(emulator, okta):
    users = [
        {"login": "one@example.com", "email": None},
        {"login": "two@example.com", "email": "Shared@Example.COM", "first_name": "Two"},
        {"login": "three@example.com", "email": "shared@example.com"},
    ]
    found = okta.get(f"/api/v1/groups/{group(emulator, emails=users)}/users").json()
    assert found[0]["profile"] == {"login": "one@example.com"}
    assert found[1]["profile"] == {"login": "two@example.com", "email": "Shared@Example.COM", "firstName": "Two"}
    assert found[2]["profile"]["email"] == "shared@example.com"


def test_everyone_has_all_users(emulator, okta):
    (everyone,) = okta.search('profile.name eq "Everyone"').json()
    assert okta.logins(everyone["id"]) == []
    emulator.edit("add_users", service="okta", count=3)
    assert len(okta.logins(everyone["id"], limit=2)) == 3
    assert everyone["type"] == "BUILT_IN"


def test_users_count(emulator, okta):
    group_id = group(emulator, count=3)

    def count():
        (found,) = okta.search('profile.name eq "SRE"', expand="stats").json()
        return found["_embedded"]["stats"]["usersCount"]

    assert count() == 3
    emulator.edit("set_users_count", service="okta", group=group_id, count=5)
    assert count() == 5
    emulator.edit("set_users_count", service="okta", group=group_id, count=None)
    assert count() == 3
    (plain,) = okta.search('profile.name eq "SRE"').json()
    assert "_embedded" not in plain


def test_a_user_by_id_and_login(emulator, okta):
    user_id = emulator.edit("add_user", service="okta", login="Ana@Example.com")["id"]
    assert okta.get(f"/api/v1/users/{user_id}").json()["profile"]["login"] == "Ana@Example.com"
    assert okta.get("/api/v1/users/ana@example.com").json()["id"] == user_id
    assert okta.get("/api/v1/users/nobody").code == (404, "E0000007")


# -- authorisation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authorization", ["", "SSWS", "SSWS wrong", "Bearer wrong", "Basic YTpi"])
def test_a_bad_token(emulator, authorization):
    answer = OktaApi(emulator.okta_url, authorization).get("/api/v1/groups")
    assert answer.code == (401, "E0000011")
    assert set(answer.json()) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


def test_the_scheme_must_fit_the_token(emulator, okta):
    emulator.edit("add_access_token", service="okta", token="access")
    assert OktaApi(emulator.okta_url, "Bearer access").get("/api/v1/groups").status == 200
    assert OktaApi(emulator.okta_url, "SSWS access").get("/api/v1/groups").status == 401
    swapped = OktaApi(emulator.okta_url, okta.authorization.replace("SSWS", "Bearer"))
    assert swapped.get("/api/v1/groups").status == 401


def test_tokens_of_owners_without_a_role_and_revoked_ones(emulator):
    emulator.edit("add_token", service="okta", token="weak", role=False)
    weak = OktaApi(emulator.okta_url, "SSWS weak")
    assert weak.get("/api/v1/groups").code == (403, "E0000006")
    emulator.edit("add_token", service="okta", token="weak")
    assert weak.get("/api/v1/groups").status == 200
    emulator.edit("remove_token", service="okta", token="weak")
    assert weak.get("/api/v1/groups").code == (401, "E0000011")


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_a_service_app_gets_an_access_token(emulator, okta, kind):
    key = emulator.okta_key(kind=kind, key_id="k1")
    answer = okta.token(key, kid="k1")
    assert answer.status == 200, answer.body
    value = answer.json()
    assert (value["token_type"], value["expires_in"], value["scope"]) == ("Bearer", 3600, "okta.groups.read")
    client = OktaApi(emulator.okta_url, f"Bearer {value['access_token']}")
    assert client.get("/api/v1/groups").status == 200
    refused = client.get("/api/v1/users/x")
    assert refused.code == (403, "E0000006")
    assert "insufficient_scope" in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        ({"aud": "https://elsewhere.example/oauth2/v1/token"}, 401, "invalid_client"),
        ({"iss": "other"}, 401, "invalid_client"),
        ({"sub": "unknown"}, 401, "invalid_client"),
        ({"exp": None}, 401, "invalid_client"),
        ({"exp": 1}, 401, "invalid_client"),
        ({"exp": 99_999_999_999}, 401, "invalid_client"),
        ({"kid": "other"}, 401, "invalid_client"),
        ({"scope": "okta.users.manage"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"form": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"form": {"client_assertion_type": "x"}}, 401, "invalid_client"),
        ({"form": {"client_assertion": "a.b.c"}}, 401, "invalid_client"),
    ],
)
def test_a_bad_assertion_gets_no_token(emulator, okta, spoil, status, code):
    key = emulator.okta_key(kind="EC", key_id="k1")
    answer = okta.token(key, **spoil)
    assert (answer.status, answer.json()["error"]) == (status, code)
    assert "access_token" not in answer.json()


def test_an_assertion_of_another_key_or_used_twice(emulator, okta):
    old = emulator.okta_key(kind="EC")
    new = emulator.okta_key(kind="EC")
    assert okta.token(old).status == 401
    assert okta.token(new, jti="once").status == 200
    assert okta.token(new, jti="once").status == 401
    assert okta.send("POST", "/oauth2/v1/token", "grant_type=client_credentials").status == 400


def test_an_app_without_a_role(emulator, okta):
    token = okta.token(emulator.okta_key(kind="EC", role=False)).json()["access_token"]
    assert OktaApi(emulator.okta_url, f"Bearer {token}").get("/api/v1/groups").code == (403, "E0000006")


def test_access_tokens_expire_between_pages(emulator):
    group_id = group(emulator, count=3)
    emulator.edit("add_access_token", service="okta", token="short", requests=2)
    client = OktaApi(emulator.okta_url, "Bearer short")
    path = f"/api/v1/groups/{group_id}/users"
    answer = client.get(path, limit=1)
    answer = client.send("GET", answer.next.removeprefix(emulator.okta_url))
    assert answer.status == 200
    refused = client.send("GET", answer.next.removeprefix(emulator.okta_url))
    assert refused.code == (401, "E0000011")
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    emulator.edit("add_access_token", service="okta", token="other")
    assert emulator.edit("expire_tokens", service="okta") == {"expired": 2}
    assert OktaApi(emulator.okta_url, "Bearer other").get(path).status == 401


# -- limits and headers -----------------------------------------------------------------------------------------------


def test_every_reply_has_date_and_rate_limit(emulator, okta):
    emulator.switches(okta_rate_limit=100, okta_rate_window=60)
    replies = [
        okta.get("/api/v1/groups"),
        okta.get("/api/v1/groups/none"),
        OktaApi(emulator.okta_url, "").get("/api/v1/groups"),
        okta.get("/api/v1/nothing"),
        okta.send("POST", "/api/v1/groups"),
    ]
    assert [reply.status for reply in replies] == [200, 404, 401, 404, 405]
    for reply in replies:
        assert reply.headers["X-Rate-Limit-Limit"] == "100"
        reset, date = int(reply.headers["X-Rate-Limit-Reset"]), parsedate_to_datetime(reply.headers["Date"])
        assert 0 < reset - date.timestamp() <= 62
    assert [reply.headers["X-Rate-Limit-Remaining"] for reply in replies] == ["99", "98", "97", "99", "96"]


def test_a_bucket_that_is_empty(emulator, okta):
    emulator.switches(okta_rate_limit=2, okta_rate_window=3600)
    assert [okta.get("/api/v1/groups").status for _try in range(2)] == [200, 200]
    refused = okta.get("/api/v1/groups")
    assert refused.code == (429, "E0000047")
    assert (refused.headers["X-Rate-Limit-Limit"], refused.headers["X-Rate-Limit-Remaining"]) == ("2", "0")
    assert okta.get("/api/v1/users/x").status == 404  # another bucket
    emulator.reset("limits")
    assert okta.get("/api/v1/groups").status == 200


# -- edits ------------------------------------------------------------------------------------------------------------


def test_edits_change_what_they_say(emulator, okta):
    made = emulator.edit("set_group", service="okta", name="SRE", emails=["a@x.io", "b@x.io", "c@x.io"])
    again = emulator.edit("set_group", service="okta", name="SRE", emails=["c@x.io", "d@x.io"], id=made["id"])
    assert again["id"] == made["id"]
    assert okta.logins(made["id"]) == ["c@x.io", "d@x.io"]
    emulator.edit("add_member", service="okta", group="SRE", user="E@x.io")
    emulator.edit("add_members", service="okta", group="SRE", users=["a@x.io", {"login": "f@x.io"}])
    emulator.edit("remove_member", service="okta", group="SRE", user="D@X.IO")
    emulator.edit("update_user", service="okta", user="c@x.io", login="cc@x.io", status="SUSPENDED", email=None)
    emulator.edit("remove_user", service="okta", user="a@x.io")
    assert okta.logins(made["id"]) == ["cc@x.io", "E@x.io", "f@x.io"]
    state = emulator.state(service="okta")
    (sre,) = [entry for entry in state["groups"].values() if entry["name"] == "SRE"]
    users = [state["users"][user_id] for user_id in sre["members"]]
    assert [(user["login"], user["email"], user["status"]) for user in users] == [
        ("cc@x.io", None, "SUSPENDED"),
        ("E@x.io", "E@x.io", "ACTIVE"),
        ("f@x.io", "f@x.io", "ACTIVE"),
    ]


@pytest.mark.parametrize(
    ("op", "values", "text"),
    [
        ("explode", {}, "unknown op 'explode'; known: set_group"),
        ("set_group", {}, "'name' must be given"),
        ("set_group", {"name": "G", "member": []}, "unknown key 'member'; allowed: name"),
        ("set_group", {"name": "G", "type": "x"}, "unknown type 'x'"),
        ("set_group", {"name": "G", "count": "3"}, "'count' must be a whole number"),
        ("set_group", {"name": "G", "emails": [5]}, "a user is an e-mail"),
        ("add_user", {"login": "a@x.io", "status": "GONE"}, "unknown status 'GONE'"),
        ("update_user", {"user": "nobody"}, "no user 'nobody'"),
        ("delete_group", {"group": "nothing"}, "0 groups are called 'nothing'"),
    ],
)
def test_bad_edits_are_explained(emulator, op, values, text):
    with pytest.raises(ControlError, match=text):
        emulator.edit(op, service="okta", **values)


def test_an_ambiguous_group_and_a_taken_login_are_refused(emulator):
    group(emulator, "Same")
    emulator.edit("add_group", service="okta", name="Same", emails=["a@x.io", "b@x.io"])
    with pytest.raises(ControlError, match="2 groups are called 'Same'"):
        emulator.edit("rename_group", service="okta", group="Same", name="Other")
    with pytest.raises(ControlError, match="2 groups"):
        emulator.edit("set_group", service="okta", name="Same", emails=[])
    with pytest.raises(ControlError, match="already"):
        emulator.edit("update_user", service="okta", user="a@x.io", login="B@x.io")
