# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _okta_auth
from ansible_collections.pcc.identity.plugins.module_utils._http import Session
from ansible_collections.pcc.identity.plugins.module_utils._okta_connection import ARGUMENT_SPEC, Connection
from emulator.testing import OKTA_CLIENT_ID, ThreadedEmulator, running
from tests.unit.plugins.modules.okta import NO_WAITING, Okta, assert_failed, ids

ENVIRONMENT = ("OKTA_ORG_URL", "OKTA_API_TOKEN", "OKTA_CLIENT_ID", "OKTA_PRIVATE_KEY", "OKTA_KEY_ID")


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    with NO_WAITING, running() as emulator:
        yield emulator


@pytest.fixture
def okta(emulator: ThreadedEmulator, monkeypatch: pytest.MonkeyPatch) -> Okta:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return Okta(emulator)


def paths(okta: Okta) -> list[str]:
    return [entry["path"] for entry in okta.emulator.requests()]


# Reading.


def test_the_shape_of_a_result(okta: Okta) -> None:
    users = [
        {"login": "bob", "email": "Bob@x.example"},
        {"login": "ana@x.example"},
        {"login": "c", "status": "SUSPENDED"},
    ]
    made = okta.edit("set_group", name="SRE", emails=users)
    bob, ana, other = made["user_ids"]
    result = okta.read("SRE")
    assert result["groups"] == [
        {
            "asked": "SRE",
            "id": made["id"],
            "name": "SRE",
            "type": "OKTA_GROUP",
            "members": [
                {"id": ana, "login": "ana@x.example", "email": "ana@x.example", "status": "ACTIVE"},
                {"id": bob, "login": "bob", "email": "Bob@x.example", "status": "ACTIVE"},
            ],
            "excluded": [{"id": other, "login": "c", "email": "c", "status": "SUSPENDED"}],
            "members_total": 3,
            "users_count": 3,
            "complete": True,
            "warnings": [],
            "error": None,
            "error_code": None,
            "hint": None,
        }
    ]
    assert (result["failed"], result["msg"]) == (False, "1 group read")
    assert set(result["rate_limit"]) == {"limit", "remaining", "reset"}
    assert result["rate_limit"]["limit"] == 1000000
    assert result["requests"] == {"reads": 2, "writes": 0, "retries": 0, "waited_seconds": 0.0}
    assert okta.read("SRE", check=True)["groups"] == result["groups"]


@pytest.mark.parametrize("page_size", [1, 2, 200, 1000])
@pytest.mark.parametrize("cursor", ["plain", "punctuated"])
@pytest.mark.parametrize("style", ["two", "joined"])
@pytest.mark.parametrize("last", ["no_next", "next"])
def test_all_pages_are_read(okta: Okta, page_size: int, cursor: str, style: str, last: str) -> None:
    okta.emulator.switches(okta_cursor=cursor, okta_link_style=style, okta_full_last_page=last)
    okta.group("SRE", count=6)
    (row,) = okta.read("SRE", page_size=page_size)["groups"]
    assert ids(row["members"]) == okta.members("SRE")
    assert (row["complete"], row["members_total"]) == (True, 6)


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1001])
def test_two_requests_and_one_more_for_each_further_page(okta: Okta, count: int) -> None:
    group = okta.group("SRE", count=count)
    result = okta.read("SRE")
    assert ids(result["groups"][0]["members"]) == okta.members("SRE")
    assert len(okta.emulator.requests()) == 1 + max(1, -(-count // 200))
    okta.emulator.reset("log")
    assert okta.read({"id": group})["groups"][0]["members"] == result["groups"][0]["members"]
    assert len(okta.emulator.requests()) == 1 + max(1, -(-count // 200))


def test_rows_are_in_the_order_that_was_asked_for(okta: Okta) -> None:
    names = [f"G{number}" for number in range(12)]
    found = {name: okta.group(name, emails=[f"{name}@x.example"]) for name in names}
    asked: list[Any] = [*names[::-1], {"id": found["G3"]}, "G5", {"id": "00gNoSuchGroup"}]
    result = okta.read(*asked)
    assert [row["asked"] for row in result["groups"]] == [*names[::-1], found["G3"], "G5", "00gNoSuchGroup"]
    assert [row["members"][0]["email"] for row in result["groups"][:-1]] == [
        f"{row['name']}@x.example" for row in result["groups"][:-1]
    ]
    assert result["failed"]
    assert result["msg"].startswith("14 groups read, 1 failed\n- '00gNoSuchGroup': There is no group with the id")
    # The group that is asked for twice by its name is read once.
    assert len(okta.emulator.requests()) == 2 * 13 + 2


def test_no_groups_need_no_request(okta: Okta) -> None:
    result = okta.read()
    assert (result["msg"], result["rate_limit"], result["groups"]) == ("0 groups read", None, [])
    assert paths(okta) == []


@pytest.mark.parametrize("concurrency", [1, 8])
def test_any_number_of_workers_reads_the_same(okta: Okta, concurrency: int) -> None:
    for number in range(10):
        okta.group(f"G{number}", count=number, prefix=f"u{number}")
    result = okta.read(*[f"G{number}" for number in range(10)], concurrency=concurrency)
    assert [row["members_total"] for row in result["groups"]] == list(range(10))


def test_null_properties_may_be_left_out_or_not(okta: Okta) -> None:
    okta.group("SRE", emails=[{"login": "a", "email": None}, "b@x.example"])
    rows = []
    for style in ("omit", "null"):
        okta.emulator.switches(okta_null_properties=style)
        rows.append(okta.read("SRE")["groups"])
    assert rows[0] == rows[1]


# Finding the group.


@pytest.mark.parametrize(
    "name", ["a/b & c?d+e", 'quo"ted \\ back', "Équipe Süd 東京", "100% #1; a=b", 'x eq "y" or name']
)
def test_d22_any_name_is_found(okta: Okta, name: str) -> None:
    okta.group(name, emails=["a@x.example"])
    okta.group("x", emails=["b@x.example"])
    (row,) = okta.read(name)["groups"]
    assert (row["name"], [user["email"] for user in row["members"]]) == (name, ["a@x.example"])


def test_d22_a_name_that_differs_by_case_is_another(okta: Okta) -> None:
    group = okta.group("sre", count=1)
    result = okta.read("SRE")
    assert_failed(result["groups"][0], "not_found")
    assert f"'sre' ({group}) is written otherwise" in result["msg"]
    okta.group("SRE", count=2)
    assert okta.read("SRE")["groups"][0]["members_total"] == 2


def test_d5_neighbours_are_not_the_group(okta: Okta) -> None:
    for name in ("Engineering", "Engineering-QA", "Eng-Ops"):
        okta.group(name, count=1)
    assert_failed(okta.read("Eng")["groups"][0], "not_found")
    okta.group("Eng", count=3)
    assert okta.read("Eng")["groups"][0]["members_total"] == 3


def test_d5_many_groups_of_the_same_letters_are_paged(okta: Okta) -> None:
    """The one that is meant stands behind more than a page of others that the search finds as well."""
    okta.emulator.switches(okta_link_style="joined", okta_cursor="punctuated")
    for number in range(201):
        okta.edit("add_group", name="sre", type="APP_GROUP", id=f"00gcopy{number}")
    okta.group("SRE", count=3)
    assert okta.read("SRE")["groups"][0]["members_total"] == 3


def test_d5_the_same_name_twice_is_ambiguous(okta: Okta) -> None:
    one = okta.group("SRE", count=1)
    other = okta.edit("add_group", name="SRE", type="APP_GROUP", count=2)["id"]
    result = okta.read("SRE", {"name": "SRE", "type": "APP_GROUP"}, {"id": one}, {"name": "SRE", "type": "BUILT_IN"})
    assert_failed(result["groups"][0], "ambiguous")
    assert f"{one} (OKTA_GROUP)" in result["groups"][0]["error"]
    assert f"{other} (APP_GROUP)" in result["groups"][0]["error"]
    assert [row["members_total"] for row in result["groups"]] == [0, 2, 1, 0]
    assert_failed(result["groups"][3], "not_found")
    assert result["error_code"] == "ambiguous"


@pytest.mark.parametrize("by", ["name", "id"])
def test_d6_a_group_that_is_gone_is_no_empty_group(okta: Okta, by: str) -> None:
    group = okta.group("SRE", count=3)
    asked = {"name": "SRE"} if by == "name" else {"id": group}
    assert okta.read(asked)["groups"][0]["complete"]
    okta.edit("delete_group", group=group)
    result = okta.read(asked)
    assert result["failed"]
    assert_failed(result["groups"][0], "not_found")


def test_d6_a_renamed_group_is_found_by_its_id_only(okta: Okta) -> None:
    group = okta.group("SRE", count=3)
    okta.edit("rename_group", group=group, name="Reliability")
    result = okta.read("SRE", {"id": group})
    assert_failed(result["groups"][0], "not_found")
    assert "renamed" in result["groups"][0]["hint"]
    assert (result["groups"][1]["name"], result["groups"][1]["members_total"]) == ("Reliability", 3)


@pytest.mark.parametrize("expand", ["ignored", "yes"])
def test_a_group_that_the_search_does_not_know_yet(okta: Okta, expand: str) -> None:
    okta.emulator.switches(okta_search_lag=3600, okta_expand_by_id=expand)
    group = okta.group("SRE", count=3)
    result = okta.read("SRE", {"id": group})
    assert_failed(result["groups"][0], "not_found")
    assert_failed(result["groups"][1], "count_unknown")
    (row,) = okta.read({"id": group}, verify_count="warn")["groups"]
    assert (row["complete"], row["members_total"], row["users_count"]) == (True, 3, None)
    assert "does not tell how many" in row["warnings"][0]
    (row,) = okta.read({"id": group, "type": "OKTA_GROUP"}, verify_count="off")["groups"]
    assert (row["complete"], row["warnings"]) == (True, [])
    assert_failed(okta.read({"id": group, "type": "APP_GROUP"}, verify_count="off")["groups"][0], "not_found")


def test_by_id_without_a_count_the_search_is_not_asked(okta: Okta) -> None:
    group = okta.group("SRE", count=3)
    okta.read({"id": group}, verify_count="off")
    assert paths(okta) == [f"/api/v1/groups/{group}", f"/api/v1/groups/{group}/users"]


# Who is a member.


def test_d7_statuses(okta: Okta) -> None:
    statuses = (
        "ACTIVE",
        "PASSWORD_EXPIRED",
        "LOCKED_OUT",
        "RECOVERY",
        "PROVISIONED",
        "DEPROVISIONED",
        "SUSPENDED",
        "STAGED",
    )
    users = [{"login": status.lower(), "status": status} for status in statuses]
    users.append({"login": "leaving", "status": "ACTIVE", "transitioning_to_status": "DEPROVISIONED"})
    okta.group("SRE", emails=users)
    (row,) = okta.read("SRE")["groups"]
    assert {user["status"] for user in row["members"]} == set(statuses[:5])
    assert {user["login"] for user in row["excluded"]} == {"deprovisioned", "suspended", "staged", "leaving"}
    (row,) = okta.read("SRE", include_statuses=["SUSPENDED"])["groups"]
    assert [user["login"] for user in row["members"]] == ["suspended"]
    (row,) = okta.read("SRE", include_statuses=["ACTIVE", "DEPROVISIONED"])["groups"]
    assert [user["login"] for user in row["members"]] == ["active", "deprovisioned", "leaving"]


def test_d7_a_status_that_is_new_is_excluded_and_told(okta: Okta) -> None:
    group = okta.group("SRE", count=2)
    answer = page(1, 2)
    answer["body"][0]["status"] = "FROZEN"
    okta.emulator.faults([{"match": {"path": f"*/{group}/users"}, "do": answer}])
    result = okta.read("SRE")
    (row,) = result["groups"]
    assert ([user["id"] for user in row["members"]], [user["id"] for user in row["excluded"]]) == (["00u2"], ["00u1"])
    assert row["warnings"] == ["left out, since their status 'FROZEN' is not known to this version: 00u1."]
    assert result["warnings"] == [f"Group 'SRE': {row['warnings'][0]}"]


def test_d12_d13_duplicates_are_told_by_id_and_missing_addresses_by_the_row(okta: Okta) -> None:
    users = [
        {"login": "one", "email": "Ana@x.example"},
        {"login": "two", "email": "ana@X.example"},
        {"login": "none", "email": None},
    ]
    made = okta.edit("set_group", name="SRE", emails=users)
    result = okta.read("SRE")
    (row,) = result["groups"]
    assert [user["email"] for user in row["members"]] == [None, "Ana@x.example", "ana@X.example"]
    assert len(result["warnings"]) == 1
    assert [user in result["warnings"][0] for user in made["user_ids"]] == [True, True, False]
    assert "x.example" not in "".join(result["warnings"]) + result["msg"]


# Whether all were read.


@pytest.mark.parametrize("counted", ["all", "without_deprovisioned"])
def test_d3_either_way_of_counting_is_right(okta: Okta, counted: str) -> None:
    okta.emulator.switches(okta_users_count=counted)
    okta.group("SRE", emails=["a@x", {"login": "b", "status": "DEPROVISIONED"}, {"login": "c", "status": "SUSPENDED"}])
    (row,) = okta.read("SRE")["groups"]
    assert (row["complete"], row["members_total"], row["users_count"]) == (True, 3, 3 if counted == "all" else 2)


def short_of_one(okta: Okta, **switches: str) -> list[str]:
    """Make groups with deprovisioned users, one of which lists one user too few; return their names."""
    okta.emulator.switches(**switches)
    gone = {"login": "gone", "status": "DEPROVISIONED"}
    okta.group("Other", emails=["z@x", gone])
    group = okta.group("Short", emails=["a@x", "b@x", gone])
    okta.group("Plain", count=2)
    answer = page(1, 2)
    answer["body"][1]["status"] = "DEPROVISIONED"
    okta.emulator.faults([{"match": {"path": f"*/{group}/users"}, "do": answer}])
    return ["Short", "Plain", "Other"]


def test_d3_one_group_shows_for_all_that_deprovisioned_users_are_not_counted(okta: Okta) -> None:
    names = short_of_one(okta, okta_users_count="without_deprovisioned")
    result = okta.read(*names, concurrency=1)
    short, plain, other = result["groups"]
    assert_failed(short, "count_mismatch")
    assert short["users_count"] == 2
    assert "1 of these is deprovisioned, whom it does not count by what the group 'Other' shows" in short["error"]
    assert "So 1 is missing" in short["error"]
    assert (plain["complete"], plain["members_total"], other["complete"]) == (True, 2, True)
    assert len(okta.emulator.requests()) == 2 * 3 + 2 * 2
    row = okta.read(*names, verify_count="warn")["groups"][0]
    assert (row["complete"], row["members_total"], len(row["warnings"])) == (True, 2, 1)
    assert okta.read(*names, verify_count="off")["groups"][0]["warnings"] == []
    # The limit of it: by itself the group cannot be told from a whole one of a service that counts everybody.
    assert okta.read("Short", "Plain")["groups"][0]["complete"]


def test_d3_a_group_that_seems_short_is_read_again(okta: Okta) -> None:
    names = short_of_one(okta, okta_users_count="without_deprovisioned")
    group = next(row["id"] for row in okta.read(*names)["groups"] if row["asked"] == "Short")
    answer = page(1, 2)
    answer["body"][1]["status"] = "DEPROVISIONED"
    okta.emulator.faults([{"match": {"path": f"*/{group}/users"}, "nth": 1, "do": answer}])
    result = okta.read(*names)
    assert not result["failed"]
    assert ids(result["groups"][0]["members"] + result["groups"][0]["excluded"]) == okta.members("Short")


@pytest.mark.parametrize(
    ("again", "code"), [({"kind": "status", "status": 400}, "refused"), (None, "count_mismatch")], ids=["error", "none"]
)
def test_d3_the_second_look_may_fail_in_other_ways(okta: Okta, again: dict[str, Any] | None, code: str) -> None:
    names = short_of_one(okta, okta_users_count="without_deprovisioned")
    group = next(row["id"] for row in okta.read(*names)["groups"] if row["asked"] == "Short")
    answer = page(1, 2)
    answer["body"][1]["status"] = "DEPROVISIONED"
    path = {"path": f"*/{group}/users"}
    okta.emulator.faults(
        [
            {"match": path, "nth": 1, "do": answer},
            {"match": path, "nth": 2, "do": again or page(1)},
            {"match": path, "nth": 3, "do": page(1)},
        ],
    )
    result = okta.read(*names, retries=0)
    assert_failed(result["groups"][0], code)
    assert [row["complete"] for row in result["groups"][1:]] == [True, True]


@pytest.mark.parametrize("stays", [False, True])
def test_d3_one_count_that_is_late_makes_no_other_group_fail(okta: Okta, stays: bool) -> None:
    """It looks as if deprovisioned users were not counted. If it stays so, the message says which group to look at."""
    okta.group("Late", emails=["a@x", "b@x", {"login": "left", "status": "DEPROVISIONED"}])
    okta.group("Other", emails=["z@x", {"login": "gone", "status": "DEPROVISIONED"}])
    if stays:
        okta.edit("set_users_count", group="Late", count=2)
    else:
        late = {"id": okta.group("Once", count=2), "answer": page(1, 2, 3)}
        late["answer"]["body"][2]["status"] = "DEPROVISIONED"
        okta.emulator.faults([{"match": {"path": f"*/{late['id']}/users"}, "nth": 1, "do": late["answer"]}])
    late_group, other = okta.read("Late" if stays else "Once", "Other")["groups"]
    assert late_group["complete"]
    if stays:
        assert_failed(other, "count_mismatch")
        assert "by what the group 'Late' shows" in other["error"]
    else:
        assert other["complete"]


def test_d3_a_service_that_counts_everybody_needs_no_second_look(okta: Okta) -> None:
    gone = {"login": "gone", "status": "DEPROVISIONED"}
    for name in ("A", "B"):
        okta.group(name, emails=[f"{name}@x", gone])
    assert not okta.read("A", "B")["failed"]
    assert len(okta.emulator.requests()) == 4


@pytest.mark.parametrize("count", [0, 2, 4, 300])
def test_d3_another_count_fails_after_a_second_look(okta: Okta, count: int) -> None:
    okta.group("SRE", count=3)
    okta.edit("set_users_count", group="SRE", count=count)
    result = okta.read("SRE")
    assert_failed(result["groups"][0], "count_mismatch")
    assert result["groups"][0]["users_count"] == count
    assert f"counts {count} users" in result["msg"]
    assert len(okta.emulator.requests()) == 4
    (row,) = okta.read("SRE", verify_count="warn")["groups"]
    assert (row["complete"], row["members_total"], row["users_count"]) == (True, 3, count)
    assert f"counts {count} users" in row["warnings"][0]
    (row,) = okta.read("SRE", verify_count="off")["groups"]
    assert (row["complete"], row["warnings"], row["users_count"]) == (True, [], None)


def test_d3_a_second_look_may_find_it_right(okta: Okta) -> None:
    """As when somebody joins while the group is read."""
    group = okta.group("SRE", count=3)
    okta.emulator.faults(
        [{"match": {"path": f"*/{group}/users"}, "nth": 1, "do": {"kind": "status", "status": 200, "body": []}}]
    )
    (row,) = okta.read("SRE")["groups"]
    assert (row["complete"], row["members_total"], row["warnings"]) == (True, 3, [])


def test_d3_without_a_count_nobody_knows(okta: Okta) -> None:
    okta.emulator.switches(okta_users_count="absent")
    okta.group("SRE", count=3)
    assert_failed(okta.read("SRE")["groups"][0], "count_unknown")
    assert len(okta.emulator.requests()) == 2
    assert okta.read("SRE", verify_count="warn")["groups"][0]["complete"]


@pytest.mark.parametrize("what", ["forbidden", "empty", "short"])
def test_d2_d3_lists_that_lie(okta: Okta, what: str) -> None:
    okta.group("SRE", count=6)
    okta.emulator.reads(what, ["/api/v1/groups/*/users"])
    assert_failed(okta.read("SRE")["groups"][0], "forbidden" if what == "forbidden" else "count_mismatch")
    okta.emulator.reads(what)
    assert okta.read("SRE")["failed"]


# Pages.


def page(*users: int, link: str = "", status: int = 200) -> dict[str, Any]:
    body = [{"id": f"00u{n}", "status": "ACTIVE", "profile": {"login": f"u{n}", "email": f"u{n}@x"}} for n in users]
    return {"kind": "status", "status": status, "body": body, "headers": {"Link": link} if link else {}}


def pages(okta: Okta, *answers: dict[str, Any]) -> dict[str, Any]:
    """Read a group whose pages are these."""
    group = okta.group("SRE", count=3)
    match = {"path": f"*/{group}/users"}
    okta.emulator.faults([{"match": match, "nth": index, "do": answer} for index, answer in enumerate(answers, 1)])
    return okta.read({"id": group}, verify_count="off")["groups"][0] | {"asked": ""}


def link(okta: Okta, after: str, rel: str = "next") -> str:
    return f'<{okta.emulator.okta_url}/api/v1/groups/{okta.group("SRE", count=3)}/users?after={after}>; rel="{rel}"'


def test_d2_a_user_on_two_pages_is_one_member(okta: Okta) -> None:
    row = pages(okta, page(1, 2, link=link(okta, "a")), page(2, 3, 1))
    assert [user["login"] for user in row["members"]] == ["u1", "u2", "u3"]


def test_d2_pages_may_be_empty(okta: Okta) -> None:
    row = pages(okta, page(link=link(okta, "a")), page(1, link=link(okta, "b")), page())
    assert [user["login"] for user in row["members"]] == ["u1"]


def test_d2_links_in_a_circle(okta: Okta) -> None:
    forth, back = link(okta, "a"), link(okta, "b")
    row = pages(okta, page(1, link=forth), page(2, link=back), page(3, link=forth))
    assert_failed(row, "bad_response")
    assert "circles" in row["error"]


def test_d2_pages_without_an_end(okta: Okta) -> None:
    row = pages(okta, *[page(1, link=link(okta, f"a{number}")) for number in range(40)])
    assert_failed(row, "bad_response")
    assert "nothing new" in row["error"]


@pytest.mark.parametrize("text", ["nonsense", "<a; rel=next", "<>; rel=next", "<a>; rel=next, <b>; rel=next"])
def test_d2_a_link_that_cannot_be_read_is_no_end(okta: Okta, text: str) -> None:
    assert_failed(pages(okta, page(1, 2, link=text)), "bad_response")


@pytest.mark.parametrize("body", [{}, None, "x", ["x"], [{"id": 5}], [{"id": "1", "status": "ACTIVE"}]], ids=str)
def test_d2_a_page_of_another_shape(okta: Okta, body: Any) -> None:
    answer = {"kind": "status", "status": 200, "body": body}
    assert_failed(pages(okta, answer, answer, answer), "bad_response")


def test_d23_a_next_link_to_another_host_gets_nothing(okta: Okta) -> None:
    okta.group("SRE", count=6)
    with running() as other:
        okta.emulator.switches(okta_link_origin=other.okta_url)
        result = okta.read("SRE", page_size=2)
        assert other.requests() == []
    assert_failed(result["groups"][0], "foreign_address")
    assert "okta_url" in result["hint"]


# Credentials.


def test_the_environment_is_read(okta: Okta, monkeypatch: pytest.MonkeyPatch) -> None:
    okta.group("SRE", count=1)
    monkeypatch.setenv("OKTA_ORG_URL", okta.emulator.okta_url)
    monkeypatch.setenv("OKTA_API_TOKEN", okta.emulator.okta_token)
    assert okta.read("SRE", okta_url=..., api_token=...)["groups"][0]["complete"]
    key = okta.emulator.okta_key(key_id="k1")
    monkeypatch.delenv("OKTA_API_TOKEN")
    monkeypatch.setenv("OKTA_CLIENT_ID", OKTA_CLIENT_ID)
    monkeypatch.setenv("OKTA_KEY_ID", "k1")
    monkeypatch.setenv("OKTA_PRIVATE_KEY", key.replace("\n", "\\n"))
    assert okta.read("SRE", okta_url=..., api_token=...)["groups"][0]["complete"]
    assert "/oauth2/v1/token" in paths(okta)
    monkeypatch.setenv("OKTA_API_TOKEN", okta.emulator.okta_token)
    result = okta.read("SRE", okta_url=..., api_token=...)
    assert "is given together with private_key" in result["msg"]
    assert okta.read("SRE", okta_url=..., private_key="")["groups"][0]["complete"]  # what is empty counts as not given


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_a_service_app_gets_one_token_for_all(okta: Okta, kind: str) -> None:
    key = okta.emulator.okta_key(kind=kind)
    names = [f"G{number}" for number in range(8)]
    for name in names:
        okta.group(name, count=1)
    result = okta.read(*names, private_key=key, client_id=OKTA_CLIENT_ID)
    assert result["msg"] == "8 groups read"
    assert paths(okta).count("/oauth2/v1/token") == 1
    assert result["requests"]["reads"] == 17


@pytest.mark.parametrize("wrong", [-1500, 1500])
def test_a_clock_that_is_wrong_does_no_harm(okta: Okta, monkeypatch: pytest.MonkeyPatch, wrong: int) -> None:
    clock = types.SimpleNamespace(time=lambda: time.time() + wrong, monotonic=time.monotonic)
    monkeypatch.setattr(_okta_auth, "time", clock)
    okta.group("SRE", count=1)
    key = okta.emulator.okta_key()
    assert not okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID)["failed"]


@pytest.mark.parametrize("body", ["json", "empty"])
def test_d2_a_token_that_ends_between_pages_is_renewed(okta: Okta, body: str) -> None:
    okta.emulator.switches(okta_token_requests=3, okta_expired_body=body)
    okta.group("SRE", count=10)
    key = okta.emulator.okta_key()
    result = okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID, page_size=2)
    assert ids(result["groups"][0]["members"]) == okta.members("SRE")
    assert paths(okta).count("/oauth2/v1/token") > 1


@pytest.mark.parametrize(("lifetime", "later", "tokens"), [(3600, 3500, 1), (3600, 3545, 2), (60, 29, 1), (60, 31, 2)])
def test_a_token_is_renewed_before_it_ends(okta: Okta, lifetime: int, later: float, tokens: int) -> None:
    okta.emulator.switches(okta_token_lifetime=lifetime)
    now = 0.0
    options = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    options |= {
        "okta_url": okta.emulator.okta_url,
        "client_id": OKTA_CLIENT_ID,
        "private_key": okta.emulator.okta_key(),
    }
    connection = Connection.from_options(options.get)
    app = _okta_auth.ServiceApp(connection, clock=lambda: now)
    app.session = Session(connection.endpoint, authorize=app.headers)
    first = app.headers()
    now = later
    assert (app.headers() == first) == (tokens == 1)
    assert paths(okta) == ["/oauth2/v1/token"] * tokens
    assert app.renew(first)  # not twice for one and the same
    assert len(paths(okta)) == 2


def test_d2_a_token_that_ends_between_pages_and_is_not_renewed(okta: Okta) -> None:
    okta.group("A", count=4)
    okta.group("B", count=4, prefix="b")
    okta.edit("add_access_token", token="handed-over", requests=3)
    result = okta.read("A", "B", access_token="handed-over", page_size=2, concurrency=1)
    assert [row["complete"] for row in result["groups"]] == [True, False]
    assert_failed(result["groups"][1], "unauthorized")
    assert "lives for one hour" in result["hint"]


def test_a_wrong_token_fails_every_row_with_one_request(okta: Okta) -> None:
    result = okta.read(*[f"G{number}" for number in range(50)], api_token="wrong-token", concurrency=8)
    assert len(result["groups"]) == 50
    for row in result["groups"]:
        assert_failed(row, "unauthorized")
    assert len(okta.emulator.requests()) == 1
    assert result["error_code"] == "unauthorized"
    assert result["msg"].count("E0000011") == 1  # told once for all of them
    assert "'G0', 'G1'" in result["msg"]
    assert "and 30 more" in result["msg"]


def test_a_server_that_is_not_there_is_tried_by_one_only(okta: Okta) -> None:
    result = okta.read(*[f"G{number}" for number in range(50)], okta_url="http://127.0.0.1:9", retries=2)
    assert {row["error_code"] for row in result["groups"]} == {"unreachable"}
    assert result["requests"]["reads"] == 3
    assert result["rate_limit"] is None


@pytest.mark.parametrize("wrong", ["client", "key", "scope"])
def test_a_service_app_that_gets_no_token(okta: Okta, wrong: str) -> None:
    key = okta.emulator.okta_key()
    options: dict[str, Any] = {"private_key": key, "client_id": OKTA_CLIENT_ID}
    if wrong == "client":
        options["client_id"] = "0oaNobody"
    elif wrong == "scope":
        options["scopes"] = ["okta.apps.manage"]
    else:
        okta.emulator.okta_key()  # another key takes the place of the first
    result = okta.read("A", "B", "C", **options)
    assert {row["error_code"] for row in result["groups"]} == {"unauthorized"}
    assert len(okta.emulator.requests()) == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_credentials_without_rights(okta: Okta, language: str) -> None:
    okta.emulator.switches(okta_language=language)
    okta.group("SRE", count=1)
    key = okta.emulator.okta_key(role=False)
    result = okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID)
    assert_failed(result["groups"][0], "forbidden")
    assert "E0000006" in result["msg"]
    assert "admin role" in result["hint"]
    okta.edit("add_token", token="powerless", role=False)
    assert "user who made the API token" in okta.read("SRE", api_token="powerless")["hint"]


def test_d23_secrets_are_never_shown(okta: Okta) -> None:
    key = okta.emulator.okta_key()
    okta.group("SRE", count=1)
    lines = [line for line in key.splitlines() if "-----" not in line]
    results = [
        okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID),
        okta.read("SRE", private_key=key, client_id="0oaNobody"),
        okta.read("SRE", private_key=key[:-60], client_id=OKTA_CLIENT_ID),
        okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID, api_token="00topsecret"),
        okta.read("SRE", api_token="00topsecret"),
        okta.read("SRE", api_token="00topsecret", timeout="soon"),
    ]
    shown = json.dumps(results)
    assert not [line for line in lines if line in shown]
    assert "00topsecret" not in shown
    assert "eyJ" not in shown  # as assertions begin


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("nonsense", "give the whole text of the PEM file"),
        ('{"kty": "RSA", "d": "abcdefgh"}', "as PEM, not as JSON"),
        ("ED25519", "of a kind that Okta does not take"),
        ("ENCRYPTED", "without a passphrase"),
    ],
)
def test_keys_that_cannot_be_used(okta: Okta, key: str, text: str) -> None:
    result = okta.read("SRE", private_key=made_key(key), client_id=OKTA_CLIENT_ID)
    assert result["error_code"] == "invalid_option"
    assert result["problems"][0]["field"] == "private_key"
    assert text in result["msg"]
    assert paths(okta) == []


def made_key(kind: str) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    made: Any
    if kind == "ED25519":
        made = ed25519.Ed25519PrivateKey.generate()
    elif kind == "ENCRYPTED":
        made, protection = ec.generate_private_key(ec.SECP256R1()), serialization.BestAvailableEncryption(b"phrase")
    else:
        return kind
    return made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode()


@pytest.mark.parametrize(
    ("module", "named"), [("jwt", "PyJWT"), ("cryptography.hazmat.primitives.serialization", "cryptography")]
)
def test_a_library_that_is_missing_is_named(
    okta: Okta, monkeypatch: pytest.MonkeyPatch, module: str, named: str
) -> None:
    key = okta.emulator.okta_key()
    monkeypatch.setitem(sys.modules, module, None)
    result = okta.read("SRE", private_key=key, client_id=OKTA_CLIENT_ID)
    assert result["error_code"] == "missing_library"
    assert named in result["msg"]
    assert paths(okta) == []
    okta.group("SRE", count=1)
    assert not okta.read("SRE")["failed"]  # nobody else needs it


# Limits.


def test_a_refusal_is_waited_for(okta: Okta) -> None:
    okta.group("SRE", count=3)
    okta.emulator.switches(okta_clock_ahead=5000)  # this machine's clock plays no part
    okta.emulator.faults([{"nth": 2, "do": {"kind": "status", "status": 429, "retry_after": 20}}])
    result = okta.read("SRE", retry_max_wait=25)
    assert not result["failed"]
    assert result["requests"]["retries"] == 1
    assert result["requests"]["waited_seconds"] == pytest.approx(21, abs=1)


def test_a_refusal_that_takes_too_long(okta: Okta) -> None:
    okta.group("SRE", count=3)
    okta.emulator.faults([{"from": 1, "do": {"kind": "status", "status": 429, "retry_after": 50}}])
    result = okta.read("SRE", "B", "C", retry_max_wait=10)
    assert {row["error_code"] for row in result["groups"]} == {"rate_limited"}
    assert "retry_max_wait" in result["msg"]
    assert len(okta.emulator.requests()) == 1


# Options.


@pytest.mark.parametrize(
    ("options", "where", "field"),
    [
        ({"groups": [{"name": "a", "id": "b"}]}, "groups[0] 'a'", ""),
        ({"groups": [{"name": "ok"}, {}]}, "groups[1] ''", ""),
        ({"groups": [{"id": "SRE Team"}]}, "groups[0] 'SRE Team'", "id"),
        ({"groups": [{"id": "../users"}]}, "groups[0] '../users'", "id"),
        ({"include_statuses": []}, "", "include_statuses"),
        ({"page_size": 0}, "", "page_size"),
        ({"page_size": 1001}, "", "page_size"),
        ({"retries": 99}, "", "retries"),
        ({"okta_url": "http://acme.okta.com"}, "", "okta_url"),
    ],
)
def test_bad_options_send_nothing(okta: Okta, options: dict[str, Any], where: str, field: str) -> None:
    result = okta.read(**options)
    assert result["failed"]
    assert [(problem["where"], problem["field"]) for problem in result["problems"]] == [(where, field)]
    assert paths(okta) == []


@pytest.mark.parametrize(
    "options",
    [
        {"verify_count": "sometimes"},
        {"include_statuses": ["ACTVE"]},
        {"groups": [{"name": "a", "type": "OTHER"}]},
        {"groups": ["SRE"]},
        {"gruops": []},
    ],
    ids=str,
)
def test_unknown_values_send_nothing(okta: Okta, options: dict[str, Any]) -> None:
    result = okta.read(**options)
    assert result["error_code"] == "invalid_option"
    assert paths(okta) == []
