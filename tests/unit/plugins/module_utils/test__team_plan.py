# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a team: who comes, who goes, who stays in any case, and when nothing is done at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._team_model import (
    Elsewhere,
    Live,
    Member,
    Team,
    User,
    Users,
    Wanted,
    key_of,
    may_mean,
)
from ansible_collections.pcc.identity.plugins.module_utils._team_plan import (
    TeamPlan,
    after,
    before,
    make_team_plan,
    maybe_the_same,
    refused_before,
    strangers,
)

NAMES = [f"user{number}" for number in range(8)]


def user(number: int, email: str | None = None, login: str | None = None, **more: Any) -> User:
    return User(number, f"user{number}@x.io" if email is None else email, login or f"user{number}", **more)


USERS = Users([user(number) for number in range(1, 13)])


def live(*members: int | Member, count: int | None = None, **more: Any) -> Live:
    found = [member if isinstance(member, Member) else Member(USERS.by_id[member]) for member in members]
    return Live(Team(1, "t", "SRE", member_count=count, **more), tuple(found))


def mail(*numbers: int) -> tuple[str, ...]:
    return tuple(f"user{number}@x.io" for number in numbers)


def want(*members: str, **options: Any) -> Wanted:
    return Wanted("", options.pop("name", "SRE"), options.pop("uid", None), members, **options)


def plan(wanted: Wanted, found: Live | None, users: Users = USERS, **others: Elsewhere) -> TeamPlan:
    return make_team_plan(wanted, found, users, {key_of(f"{name}@x.io"): other for name, other in others.items()})


def added(made: TeamPlan) -> list[str]:
    return [addition.label for addition in made.additions]


def removed(made: TeamPlan) -> list[str]:
    return [member.user.label for member in made.removals]


def code(made: TeamPlan) -> str | None:
    return made.refusal.code if made.refusal else None


def test_exact_adds_and_removes() -> None:
    made = plan(want(*mail(1, 2)), live(2, 3))
    assert (added(made), removed(made), list(made.kept)) == (list(mail(1)), list(mail(3)), list(mail(2)))
    assert before(made) == list(mail(2, 3))
    assert after(made) == list(mail(1, 2))
    assert made.drift == {"add": list(mail(1)), "remove": list(mail(3))}
    assert made.writes


def test_present_only_adds_and_absent_only_removes_those_listed() -> None:
    made = plan(want(*mail(1, 2), state="present"), live(2, 3))
    assert (added(made), removed(made)) == (list(mail(1)), [])
    made = plan(want(*mail(1, 2), state="absent"), live(2, 3))
    assert (added(made), removed(made), made.kept, made.missing) == ([], list(mail(2)), (), ())
    made = plan(want(*mail(1), "zoe@x.io", state="absent"), None)
    assert not made.writes
    assert not made.refusal
    assert strangers(want("zoe@x.io", state="absent"), None, USERS) == []


@pytest.mark.parametrize(
    ("given_text", "live_text"),
    [
        (" ANA@X.io ", "ana@x.IO"),
        ("Jos\u00e9@x.io", "jose\u0301@x.io"),
        ("STRASSE@x.io", "stra\u00dfe@x.io"),
        ("\u00c5sa@x.io", "a\u030asa@x.io"),
    ],
)
def test_d8_case_blanks_and_accents_make_no_difference(given_text: str, live_text: str) -> None:
    users = Users([user(1, live_text)])
    made = plan(want(given_text), Live(Team(1, "t", "SRE"), (Member(users.by_id[1]),)), users)
    assert not made.writes
    assert made.kept == (live_text,)
    assert added(plan(want(given_text), live(), users)) == [live_text]


@given(st.text(max_size=12))
def test_d8_keys_are_stable(text: str) -> None:
    assert key_of(text.strip()) == key_of(f" {text}\t")


def test_d1_an_empty_list_is_refused_and_says_how_many_would_go() -> None:
    made = plan(want(), live(1, 2))
    assert code(made) == "empty_source"
    assert "2 members (user1@x.io, user2@x.io) would be removed" in str(made.refusal)
    assert not made.writes
    assert made.drift["remove"] == list(mail(1, 2))
    assert code(plan(want(), None)) == "empty_source"
    assert code(plan(want(), live())) == "empty_source"
    assert removed(plan(want(allow_empty=True), live(1, 2))) == list(mail(1, 2))
    assert code(plan(want(state="present"), live(1))) is None
    assert code(plan(want(state="absent"), live(1))) is None


@pytest.mark.parametrize("filtered", ["missing", "disabled"])
def test_d1_a_list_of_which_nobody_is_left_is_refused(filtered: str) -> None:
    users = Users([user(1), user(2), user(3, disabled=True)])
    text = "zoe@x.io" if filtered == "missing" else "user3@x.io"
    made = plan(want(text), live(1, 2), users)
    assert code(made) == "empty_source"
    assert "2 members" in str(made.refusal)
    assert removed(plan(want(text, allow_empty=True), live(1, 2), users)) == list(mail(1, 2))
    assert code(plan(want(text), live(), users)) is None


def test_d1_who_stays_for_another_reason_is_somebody() -> None:
    made = plan(want(*mail(1)), live(Member(USERS.by_id[1], external=True), 2))
    assert removed(made) == list(mail(2))


def test_d2_an_incomplete_source_refuses_the_team() -> None:
    for options in ({"source_complete": False}, {"source_error": "page 2 of SRE failed."}):
        made = refused_before(want(*mail(1), **options))
        assert made is not None
        assert code(made) == "source_incomplete"
        assert not made.writes
        assert not made.read
    assert "page 2 of SRE failed. Nothing" in str(made.refusal)
    assert refused_before(want(*mail(1))) is None


def test_d13_a_member_without_email_refuses_the_team() -> None:
    made = refused_before(want("user1@x.io", " "))
    assert made is not None
    assert code(made) == "invalid_member"


def test_d4_max_removals() -> None:
    wanted = mail(1, 2, 3)
    found = live(1, 2, 3, 4, 5)
    assert code(plan(want(*wanted, max_removals=1), found)) == "too_many_removals"
    made = plan(want(*wanted, max_removals=1), live(1, 2, 4, 5))
    assert (code(made), added(made), removed(made)) == ("too_many_removals", [], [])
    assert made.drift == {"add": list(mail(3)), "remove": list(mail(4, 5))}
    assert code(plan(want(*wanted, max_removals=2), found)) is None
    assert code(plan(want(*mail(4, 5), state="absent", max_removals=1), found)) == "too_many_removals"


def test_d4_max_removal_percent_counts_from_teams_of_more_than_four() -> None:
    assert code(plan(want(*mail(9)), live(1, 2, 3, 4))) is None
    assert code(plan(want(*mail(1, 2)), live(1, 2, 3, 4, 5))) == "too_many_removals"
    assert code(plan(want(*mail(1, 2, 3)), live(1, 2, 3, 4, 5))) is None
    assert code(plan(want(*mail(1, 2, 3)), live(1, 2, 3, 4, 5, 6))) is None
    assert code(plan(want(*mail(1, 2), max_removal_percent=60), live(1, 2, 3, 4, 5))) is None
    assert code(plan(want(*mail(1, 2, 3, 4), max_removal_percent=0), live(1, 2, 3, 4, 5))) == "too_many_removals"
    assert code(plan(want(*mail(9), max_removal_percent=100), live(1, 2, 3, 4, 5))) is None
    # Those whom the sync leaves alone do not make the share smaller.
    crowd = [Member(USERS.by_id[number], external=True) for number in range(6, 13)]
    assert code(plan(want(*mail(1, 2)), live(1, 2, 3, 4, 5, *crowd))) == "too_many_removals"


def test_d10_missing_users_are_reported_and_have_nobody_removed() -> None:
    made = plan(want(*mail(1), "zoe@x.io"), live(1))
    assert made.missing == ("zoe@x.io",)
    assert not made.writes
    assert made.drift == {"add": [], "remove": []}
    assert code(plan(want(*mail(1), "zoe@x.io", missing_users="fail"), live(1, 2))) == "missing_users"
    assert strangers(want(*mail(1), "Zoe@x.io"), live(1), USERS) == ["Zoe@x.io"]


def test_d10_only_who_is_nobody_at_all_is_made_a_user() -> None:
    wanted = want("zoe@x.io", "yan@x.io", "noone", missing_users="create")
    other = Elsewhere("user", user(50, "yan@x.io"))
    made = make_team_plan(wanted, live(), USERS, {"zoe@x.io": Elsewhere("nobody"), "yan@x.io": other})
    assert [(each.label, each.how) for each in made.additions] == [("zoe@x.io", "create")]
    assert made.missing == ("noone", "yan@x.io")
    assert [text.partition(":")[0] for text in made.warnings] == ["1 of the missing members"]
    assert "add_to_org: true" in made.warnings[0]
    made = make_team_plan(wanted, live(), USERS, {"noone": Elsewhere("nobody"), "zoe@x.io": Elsewhere("taken")})
    assert made.missing == ("noone", "yan@x.io", "zoe@x.io")
    assert [text.partition(": ")[2][:15] for text in made.warnings] == ["no e-mail, so n", "the login or e-"]


def test_warnings_count_and_name_nobody() -> None:
    wanted = want("zoe@x.io", "ZOE@x.io", "yan@x.io", "yan@x.io", "wim@x.io", missing_users="create")
    others = {name: Elsewhere("taken", user(50)) for name in ("zoe@x.io", "yan@x.io", "wim@x.io")}
    made = make_team_plan(wanted, live(), USERS, others)
    assert made.warnings[0] == "2 of the members listed more than once."
    assert made.warnings[1].startswith("3 of the missing members: ")
    assert not any("@" in text for text in made.warnings)
    made = make_team_plan(wanted, live(), USERS, {"zoe@x.io": Elsewhere("unknown"), "yan@x.io": Elsewhere("nobody")})
    # Of whom Grafana knows nothing there is nothing to say but that they are missing.
    assert plan(want("zoe@x.io", add_to_org=True), live(), zoe=Elsewhere("nobody")).warnings == ()
    assert made.warnings[1:] == (
        "1 of the missing members: only a server admin may look whether this Grafana knows them.",
    )


def test_d11_users_outside_of_the_organisation_are_added_only_if_asked_for() -> None:
    other = Elsewhere("user", user(50, "yan@x.io"))
    assert plan(want("yan@x.io"), live(), yan=other).missing == ("yan@x.io",)
    made = plan(want("yan@x.io", add_to_org=True), live(), yan=other)
    assert [(each.label, each.how, each.user) for each in made.additions] == [("yan@x.io", "add_to_org", other.user)]
    disabled = Elsewhere("user", user(50, "yan@x.io", disabled=True))
    assert plan(want("yan@x.io", add_to_org=True), live(), yan=disabled).disabled == ("yan@x.io",)
    made = plan(want("yan@x.io", add_to_org=True), live(), yan=Elsewhere("unknown"))
    assert made.missing == ("yan@x.io",)
    assert not made.writes
    assert len(made.warnings) == 1


def test_d11_two_names_of_one_user_outside_count_once() -> None:
    other = Elsewhere("user", user(50, "yan@x.io", "yan"))
    wanted = want("yan@x.io", "yan", add_to_org=True, match_on=("email", "login"))
    made = make_team_plan(wanted, live(), USERS, {"yan@x.io": other, "yan": other})
    assert added(made) == ["yan@x.io"]


def test_d12_several_users_of_one_email_are_not_touched() -> None:
    users = Users([user(1, "Ana@x.io", "ana1"), user(2, "ana@x.io", "ana2"), user(3)])
    found = Live(Team(1, "t", "SRE"), (Member(users.by_id[2]), Member(users.by_id[3])))
    made = plan(want("ANA@x.io"), found, users)
    assert made.ambiguous == ("ANA@x.io",)
    assert (added(made), removed(made)) == ([], ["user3@x.io"])
    assert made.doubts[0] == "2 users of Grafana go by it (with the ids 1, 2), so none of them was touched"
    assert removed(plan(want("ana@x.io", state="absent"), found, users)) == []


def test_d12_repeated_members_collapse_with_a_warning() -> None:
    made = plan(want("user1@x.io", "USER1@x.io"), live())
    assert added(made) == list(mail(1))
    assert made.warnings == ("1 of the members listed more than once.",)
    assert made.desired == 1


def test_d13_logins_count_only_if_asked_for() -> None:
    users = Users([user(1, "", "ana"), user(2, "bob@x.io", "carol@x.io"), user(3, "carol@x.io", "carol")])
    assert plan(want("ana"), live(), users).missing == ("ana",)
    both = {"match_on": ("email", "login")}
    assert added(plan(want("ANA", **both), live(), users)) == ["ana"]
    # The login of one is the e-mail of another: no guess.
    assert plan(want("carol@x.io", **both), live(), users).ambiguous == ("carol@x.io",)
    assert added(plan(want("carol@x.io"), live(), users)) == ["carol@x.io"]
    # Two names of one user.
    assert added(plan(want("bob@x.io", "ana", **both), live(), Users([user(1, "bob@x.io", "ana")]))) == ["bob@x.io"]


def test_d13_who_is_wanted_by_another_name_stays() -> None:
    people = Users([user(1), user(2, "old@x.io"), user(3, "", "user4@x.io"), user(5)])
    found = Live(Team(1, "t", "SRE"), tuple(Member(each) for each in people.by_id.values()))
    wanted = want(*mail(1, 4), "new@x.io", spare=frozenset({"old@x.io"}))
    made = plan(wanted, found, people)
    assert made.spared == ("old@x.io", "user4@x.io")
    assert (removed(made), made.kept) == (list(mail(5)), mail(1))
    assert made.missing == ("new@x.io", *mail(4))
    assert set(made.spared) <= {*before(made)} & {*after(made)}
    # What Grafana says of the user counts as what it says of the member.
    renamed = Users([user(1), user(2, "new2@x.io", "n"), user(5)])
    made = plan(want(*mail(1), spare=frozenset({"n"})), found, renamed)
    assert made.spared == ("old@x.io",)
    # Neither an admin nor a protected user counts twice; who is external or unclear is not spared.
    admin = Live(Team(1, "t", "SRE"), (Member(people.by_id[2], admin=True), Member(people.by_id[1])))
    made = plan(want(*mail(1), spare=frozenset({"old@x.io"})), admin, people)
    assert (made.spared, made.protected) == (("old@x.io",), ())
    made = plan(want(*mail(1), spare=frozenset(mail(2))), live(1, Member(USERS.by_id[2], external=True)))
    assert (made.spared, made.external) == ((), mail(2))
    made = plan(want(*mail(2), spare=frozenset(mail(2)), state="absent"), live(1, 2))
    assert (made.spared, removed(made)) == ((), list(mail(2)))
    made = plan(want(*mail(1), spare=frozenset(mail(2)), state="present"), live(2))
    assert made.spared == ()


def test_d1_who_is_wanted_by_another_name_is_somebody() -> None:
    assert removed(plan(want("new@x.io", spare=frozenset(mail(1))), live(1, 2))) == list(mail(2))
    assert code(plan(want("new@x.io"), live(1, 2))) == "empty_source"


@pytest.mark.parametrize(
    ("address", "team", "unknown", "none"),
    [
        ({"name": "SRE"}, Team(1, "t", "SRE"), True, True),
        ({"name": "sre "}, Team(1, "t", "SRE"), True, True),
        ({"name": "Ops"}, Team(1, "t", "SRE"), False, False),
        ({"uid": "t"}, Team(1, "t", "SRE"), True, True),
        ({"uid": "T"}, Team(1, "t", "SRE"), True, False),
        ({"uid": "u"}, Team(1, "t", "SRE"), False, False),
        ({"uid": "1"}, Team(1, "t", "SRE"), True, True),
        ({"uid": "2"}, Team(1, "t", "SRE"), False, False),
        ({"uid": "2"}, Team(1, "2", "SRE"), True, True),
        # Where Grafana does not tell the uid or the number, nobody knows.
        ({"uid": "u"}, Team(1, "", "SRE"), True, False),
        ({"uid": "2"}, Team(0, "t", "SRE"), True, False),
        ({"uid": "2"}, Team(1, "", "SRE"), False, False),
        ({"uid": "0"}, Team(0, "t", "SRE"), True, False),
    ],
    ids=str,
)
def test_d18_whether_an_entry_may_mean_a_team(address: dict[str, str], team: Team, unknown: bool, none: bool) -> None:
    wanted = want(**{"name": None, **address})
    assert may_mean(wanted, team, looked=False) == unknown
    assert may_mean(wanted, team, looked=True) == none


def test_d18_the_refusal_names_the_other_entry() -> None:
    refusal = maybe_the_same("teams[3] 'SRE'")
    assert refusal.code == "maybe_same_team"
    assert "teams[3] 'SRE'" in refusal.message
    assert refusal.hint


def test_d14_hidden_members_disable_removals_and_nothing_else() -> None:
    made = plan(want(*mail(1, 2)), live(2, 3, count=3))
    assert (added(made), removed(made)) == (list(mail(1)), [])
    assert made.removals_disabled
    assert made.drift["remove"] == list(mail(3))
    assert "1 more member than it shows" in made.warnings[0]
    for count in (None, 0, 1, 2):
        assert removed(plan(want(*mail(1, 2)), live(2, 3, count=count))) == list(mail(3))
    assert not plan(want(*mail(1), state="present"), live(count=3)).removals_disabled


def test_d14_an_incomplete_list_of_users_makes_nobody_unwanted() -> None:
    made = plan(want(*mail(1, 2)), live(1, 2), Users([user(12)]))
    assert not made.writes
    assert made.kept == mail(1, 2)


def test_d15_admins_and_protected_users_stay() -> None:
    admin = Member(USERS.by_id[2], admin=True)
    made = plan(want(*mail(1), protected=frozenset({"user3@x.io", "user4"})), live(1, admin, 3, 4, 5))
    assert removed(made) == list(mail(5))
    assert made.protected == mail(2, 3, 4)
    assert made.drift == {"add": [], "remove": list(mail(5))}
    assert removed(plan(want(*mail(1), manage_admins=True), live(1, admin))) == list(mail(2))
    assert plan(want(*mail(2), state="absent"), live(1, admin)).protected == mail(2)
    assert plan(want(*mail(2)), live(admin)).kept == mail(2)


def test_d16_external_members_are_on_neither_side() -> None:
    external = [Member(USERS.by_id[1], external=True), Member(USERS.by_id[2], external=True)]
    made = plan(want(*mail(1, 3)), live(*external, 4))
    assert (added(made), removed(made)) == (list(mail(3)), list(mail(4)))
    assert made.external == mail(1, 2)
    assert made.kept == ()
    made = plan(want(*mail(1, 3), ignore_external=False), live(*external, 4))
    assert removed(made) == list(mail(2, 4))
    assert (made.external, made.kept) == ((), mail(1))
    assert removed(plan(want(*mail(1), state="absent"), live(*external))) == []


def test_d17_provisioned_teams_are_refused() -> None:
    assert code(plan(want(*mail(1)), live(1, provisioned=True))) == "provisioned_team"


def test_teams_that_do_not_exist() -> None:
    made = plan(want(*mail(1)), None)
    assert made.create
    assert made.writes
    assert (before(made), after(made)) == ([], list(mail(1)))
    assert code(plan(want(*mail(1), create_team=False), None)) == "team_not_found"
    assert code(plan(want(*mail(1), name=None, uid="u"), None)) == "team_not_found"
    assert not plan(want(*mail(1), create_team=False), None).create
    assert not plan(want(state="absent"), None).create


def test_d25_disabled_users_are_not_added_but_removed() -> None:
    users = Users([user(1, disabled=True), user(2), user(3, disabled=True)])
    found = Live(Team(1, "t", "SRE"), (Member(users.by_id[2]), Member(users.by_id[3])))
    made = plan(want(*mail(1, 2)), found, users)
    assert (added(made), removed(made), made.disabled) == ([], list(mail(3)), mail(1))
    assert added(plan(want(*mail(1, 2), include_disabled=True), found, users)) == list(mail(1))
    assert not plan(want(*mail(2, 3)), found, users).writes


def test_a_user_without_any_name_has_a_label() -> None:
    assert User(7, "", "").label == "user 7"


EMAILS = st.sampled_from([f"{name}@x.io" for name in NAMES] + [name.upper() for name in NAMES])
PEOPLE = st.builds(
    lambda picked: Users(
        User(number, email, login, disabled) for number, (email, login, disabled) in enumerate(picked, 1)
    ),
    st.lists(st.tuples(EMAILS, st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=10),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Wanted, Live | None, Users]:
    """A random organisation, a team of it, and what is wanted of the team."""
    users = draw(PEOPLE)
    inside = draw(st.lists(st.sampled_from(sorted(users.by_id)), unique=True, max_size=8))
    members = tuple(Member(users.by_id[number], draw(st.booleans()), draw(st.booleans())) for number in inside)
    count = draw(st.none() | st.integers(0, 12))
    team = None if draw(st.integers(0, 9)) == 0 else Live(Team(1, "t", "SRE", member_count=count), members)
    wanted = want(
        *draw(st.lists(EMAILS, max_size=8)),
        state=draw(st.sampled_from(["exact", "exact", "present", "absent"])),
        allow_empty=draw(st.booleans()),
        max_removals=draw(st.none() | st.integers(0, 5)),
        max_removal_percent=draw(st.sampled_from([0, 50, 100])),
        missing_users=draw(st.sampled_from(["skip", "skip", "fail"])),
        match_on=draw(st.sampled_from([("email",), ("email", "login")])),
        ignore_external=draw(st.booleans()),
        manage_admins=draw(st.booleans()),
        include_disabled=draw(st.booleans()),
        protected=frozenset(draw(st.lists(st.sampled_from(NAMES), max_size=2))),
        spare=frozenset(key_of(text) for text in draw(st.lists(EMAILS | st.sampled_from(NAMES), max_size=3))),
    )
    return wanted, team, users


@given(cases())
def test_no_plan_breaks_a_promise(case: tuple[Wanted, Live | None, Users]) -> None:
    wanted, team, users = case
    made = make_team_plan(wanted, team, users)
    members = {member.user.id: member for member in (team.members if team else ())}
    keys = wanted.texts.keys()
    for member in made.removals:
        assert wanted.state != "present"
        assert members[member.user.id] == member
        named = bool(member.user.keys(wanted.match_on) & keys)
        assert named == (wanted.state == "absent")
        if wanted.state == "exact":
            assert not member.user.keys(("email", "login")) & (keys | wanted.spare)
            assert member.user.label not in made.spared or [
                other for other in members.values() if other.user.label == member.user.label and other != member
            ]
        assert not (member.external and wanted.ignore_external)
        assert not (member.admin and not wanted.manage_admins)
        assert not member.user.keys(("email", "login")) & wanted.protected
    for addition in made.additions:
        assert addition.user
        assert addition.user.id not in members
        assert addition.user.keys(wanted.match_on) & keys
        assert wanted.include_disabled or not addition.user.disabled
    going = len(made.removals)
    assert wanted.max_removals is None or going <= wanted.max_removals
    counted = len(members) - len(made.external)
    assert counted <= 4 or going * 100 <= wanted.max_removal_percent * counted
    if team and (team.team.member_count or 0) > len(members):
        assert not made.removals
    if made.refusal:
        assert not made.writes
        assert before(made) == after(made)
    if wanted.state == "exact" and going and not wanted.allow_empty:
        stay = {number for number in members if number not in {member.user.id for member in made.removals}}
        some_wanted = any(
            members[number].user.keys(wanted.match_on) & keys
            or members[number].user.keys(("email", "login")) & (keys | wanted.spare)
            for number in stay
        )
        assert made.additions or some_wanted


@given(cases())
def test_a_plan_leaves_nothing_to_do_and_explains_what_is_different(case: tuple[Wanted, Live | None, Users]) -> None:
    wanted, team, users = case
    made = make_team_plan(wanted, team, users)
    gone = {member.user.id for member in made.removals}
    stay = [member for member in (team.members if team else ()) if member.user.id not in gone]
    came = [Member(addition.user) for addition in made.additions if addition.user]
    then = Live(Team(1, "t", "SRE", member_count=team.team.member_count if team else None), (*stay, *came))
    again = make_team_plan(wanted, then, users)
    if not made.refusal:
        assert again.wanted_additions == ()
        assert again.removals == ()
        assert again.drift["remove"] == (made.drift["remove"] if made.removals_disabled else [])
    labels = {member.user.label for member in then.members}
    if wanted.state == "exact":
        unexplained = labels - set(again.kept) - set(again.protected) - set(again.external) - set(again.spared)
        unclear = {
            member.user.label
            for member in then.members
            if member.user.keys(wanted.match_on) & {key_of(text) for text in again.ambiguous}
        }
        assert unexplained <= set(again.drift["remove"]) | unclear
    if wanted.state != "absent":
        known = {key for member in then.members for key in member.user.keys(wanted.match_on)}
        absent = {text for key, text in wanted.texts.items() if key not in known}
        told = {*again.missing, *again.ambiguous}
        told |= {each.text for each in again.wanted_additions}
        others = {key_of(text) for text in absent - told}
        disabled = {key_of(text) for text in again.disabled}
        assert all(
            any(
                key in user.keys(wanted.match_on)
                and key_of(user.label) in disabled | {key_of(a.label) for a in again.wanted_additions}
                for user in users.by_id.values()
            )
            for key in others
        )


@given(cases())
def test_the_order_of_things_does_not_matter(case: tuple[Wanted, Live | None, Users]) -> None:
    wanted, team, users = case
    made = make_team_plan(wanted, team, users)
    turned = Live(team.team, team.members[::-1]) if team else None
    other = make_team_plan(wanted, turned, Users(list(users.by_id.values())[::-1]))
    assert [each.user for each in other.additions] == [each.user for each in made.additions]
    assert other.removals == made.removals
    assert code(other) == code(made)
