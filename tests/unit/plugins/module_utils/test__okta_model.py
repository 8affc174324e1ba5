# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._okta_model import (
    DEPROVISIONED,
    INCLUDED,
    STATUSES,
    Asked,
    Group,
    User,
    choose,
    deprovisioned,
    falls_short,
    group_of,
    is_whole,
    leaves_out,
    sort_out,
    user_of,
)

GROUP: dict[str, Any] = {"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "SRE"}}
USER: dict[str, Any] = {"id": "00u1", "status": "ACTIVE", "profile": {"login": "a@x", "email": "A@x"}}


@pytest.mark.parametrize(
    ("embedded", "count"),
    [
        ({"stats": {"usersCount": 7}}, 7),
        ({"stats": {"usersCount": 0}}, 0),
        ({"stats": {"usersCount": True}}, None),
        ({"stats": {"usersCount": -1}}, None),
        ({"stats": {"usersCount": "7"}}, None),
        ({"stats": []}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_group(embedded: Any, count: int | None) -> None:
    assert group_of({**GROUP, "_embedded": embedded}) == Group("00g1", "SRE", "OKTA_GROUP", count)


def test_a_group_of_no_type() -> None:
    assert group_of({**GROUP, "type": None}).type == ""


def test_a_user() -> None:
    assert user_of({**USER, "transitioningToStatus": "SUSPENDED"}) == User("00u1", "a@x", "A@x", "ACTIVE", "SUSPENDED")
    assert user_of({**USER, "profile": {"login": None, "email": " "}}) == User("00u1", None, None, "ACTIVE")


@pytest.mark.parametrize("raw", [None, [], "x", {}, {**GROUP, "id": ""}, {**GROUP, "id": 5}, {**GROUP, "profile": {}}])
def test_what_is_no_group(raw: Any) -> None:
    with pytest.raises(ServiceError) as caught:
        group_of(raw)
    assert caught.value.code == "bad_response"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {**USER, "id": None},
        {**USER, "status": None},
        {**USER, "profile": None},
        {**USER, "profile": {"email": ["a"]}},
        {**USER, "profile": {"login": 5}},
        {**USER, "transitioningToStatus": 5},
    ],
)
def test_nobody_is_left_out_for_being_malformed(raw: Any) -> None:
    with pytest.raises(ServiceError) as caught:
        user_of(raw)
    assert caught.value.code == "bad_response"
    assert "a@x" not in str(caught.value)


# Choosing.

SRE, OTHER, APP = (Group("1", "SRE", "OKTA_GROUP"), Group("2", "sre", "OKTA_GROUP"), Group("3", "SRE", "APP_GROUP"))


def test_d5_only_the_exact_name_is_the_group() -> None:
    assert choose(Asked(name="SRE"), [OTHER, SRE, SRE]) == SRE
    assert choose(Asked(name="SRE", type="APP_GROUP"), [SRE, APP]) == APP
    assert choose(Asked(id="2"), [OTHER]) == OTHER


@pytest.mark.parametrize(
    ("asked", "found", "code", "texts"),
    [
        (Asked(name="SRE"), [], "not_found", ["named 'SRE'"]),
        (Asked(id="9"), [], "not_found", ["with the id '9'"]),
        (Asked(name="SRE"), [Group("4", "SRE-QA", "")], "not_found", ["no group named 'SRE',"]),
        (Asked(name="Sre"), [OTHER, SRE], "not_found", ["'sre' (2)", "'SRE' (1)", "written otherwise"]),
        (Asked(name="\uff21bc"), [Group("5", "abc", "")], "not_found", ["'abc' (5)"]),
        (Asked(name="SRE"), [SRE, APP], "ambiguous", ["1 (OKTA_GROUP)", "3 (APP_GROUP)", "2 groups"]),
        (Asked(name="SRE", type="BUILT_IN"), [SRE], "not_found", ["of type BUILT_IN", "1 (OKTA_GROUP)"]),
        (Asked(id="1", type="BUILT_IN"), [SRE], "not_found", ["of type BUILT_IN"]),
    ],
)
def test_d5_d6_anything_else_is_an_error(asked: Asked, found: list[Group], code: str, texts: list[str]) -> None:
    with pytest.raises(IdentityError) as caught:
        choose(asked, found)
    assert caught.value.code == code
    assert caught.value.hint
    for text in texts:
        assert text in caught.value.message


@pytest.mark.parametrize(
    ("asked", "search"),
    [
        (Asked(name="SRE"), 'profile.name eq "SRE"'),
        (Asked(name='a"b\\c\nd é/&?+'), r'profile.name eq "a\"b\\c\nd é/&?+"'),
        (Asked(id="00g1"), 'id eq "00g1"'),
    ],
)
def test_d22_the_search_is_json(asked: Asked, search: str) -> None:
    assert asked.search == search


# Who counts.

USERS = st.lists(
    st.builds(
        User,
        id=st.uuids().map(str),
        login=st.sampled_from(["b", "a", "C", None]),
        email=st.sampled_from(["a@x", "A@x ", "b@x", None]),
        status=st.sampled_from([*STATUSES, "FROZEN"]),
        transitioning_to=st.sampled_from([None, "ACTIVE", DEPROVISIONED]),
    ),
    max_size=30,
    unique_by=lambda user: user.id,
)


@given(USERS, st.sets(st.sampled_from(STATUSES)))
def test_d7_everybody_is_a_member_or_excluded(users: list[User], included: set[str]) -> None:
    found = sort_out(users, included)
    assert sorted(user.id for user in [*found.members, *found.excluded]) == sorted(user.id for user in users)
    assert {user.status for user in found.members} <= included
    if DEPROVISIONED not in included:
        assert not any(user.transitioning_to == DEPROVISIONED for user in found.members)
    for user in found.excluded:
        assert user.status not in included or user.transitioning_to == DEPROVISIONED
    for part in (found.members, found.excluded):
        assert [user.login or "" for user in part] == sorted(user.login or "" for user in part)
    assert not any("@" in text for text in found.warnings)  # users are named by their ids only


@given(USERS)
def test_the_order_of_reading_makes_no_difference(users: list[User]) -> None:
    assert sort_out(users, INCLUDED) == sort_out(users[::-1], INCLUDED)


@pytest.mark.parametrize("status", STATUSES)
def test_d7_by_default_temporary_states_count(status: str) -> None:
    found = sort_out([User("1", "a", "a@x", status)], INCLUDED)
    assert bool(found.members) == (status not in {"DEPROVISIONED", "SUSPENDED", "STAGED"})
    assert not sort_out([User("1", "a", "a@x", status, DEPROVISIONED)], INCLUDED).members


def test_d7_an_unknown_status_is_excluded_and_told() -> None:
    found = sort_out([User("1", "a", "a@x", "FROZEN"), User("2", "b", "b@x", "FROZEN")], INCLUDED)
    assert found.members == []
    assert found.warnings == ["left out, since their status 'FROZEN' is not known to this version: 1, 2."]


def test_d12_what_somebody_should_look_at() -> None:
    users = [
        User("1", "a", "One@x", "ACTIVE"),
        User("2", "b", " one@X", "ACTIVE"),
        User("3", "c", None, "ACTIVE"),
        User("4", "d", "one@x", "SUSPENDED"),
    ]
    found = sort_out(users, INCLUDED)
    assert [user.id for user in found.members] == ["1", "2", "3"]
    assert found.warnings == [
        "members with one and the same e-mail address, who count as one wherever that is used: 1, 2.",
    ]


@given(USERS)
def test_d3_a_whole_list_is_whole_whatever_is_counted(users: list[User]) -> None:
    assert is_whole(len(users), users)
    assert is_whole(sum(user.status != DEPROVISIONED for user in users), users)


@given(USERS.filter(bool), st.data())
def test_d3_a_part_is_not_whole(users: list[User], data: st.DataObject) -> None:
    active = [dataclasses.replace(user, status="ACTIVE") for user in users]
    part = data.draw(st.lists(st.sampled_from(active), max_size=len(active) - 1, unique_by=lambda user: user.id))
    assert not is_whole(len(active), part)
    assert not is_whole(len(active), [*active, User("more", None, None, "ACTIVE")])


def test_d3_what_one_group_shows_of_the_way_of_counting() -> None:
    users = [User("1", "a", None, "ACTIVE"), User("2", "b", None, DEPROVISIONED)]
    assert deprovisioned(users) == 1
    assert (leaves_out(1, users), falls_short(1, users)) == (True, False)
    assert (leaves_out(2, users), falls_short(2, users)) == (False, True)
    assert (leaves_out(0, users), falls_short(0, users)) == (False, True)
    # Without deprovisioned users both ways of counting are the same.
    assert (leaves_out(1, users[:1]), falls_short(1, users[:1])) == (False, False)


@given(USERS)
def test_d3_no_group_is_short_and_shows_the_way_of_counting(users: list[User]) -> None:
    for count in range(len(users) + 2):
        assert not (leaves_out(count, users) and falls_short(count, users))
        if leaves_out(count, users):
            assert is_whole(count, users)
