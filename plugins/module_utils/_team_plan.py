# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From the members that a team shall have and those it has to what would be done. Pure: no I/O, no clock.

All guards are part of the plan, so check mode and a real run cannot disagree: what is refused is refused in both, and
what the plan holds is what is written. Nobody is taken out of a team because of what is not known: who cannot be told
apart, who is looked after by something else, and everybody if Grafana does not show all members.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._team_model import (
    ABSENT,
    CREATE,
    EMAIL,
    EXACT,
    FAIL,
    LOGIN,
    UNKNOWN,
    Elsewhere,
    Live,
    Member,
    Others,
    User,
    Users,
    Wanted,
    in_order,
    key_of,
)

#: How a wanted member gets into the team: an organisation's user, one to be taken into it, one to be made.
ADD, ADD_TO_ORG, CREATE_USER = "add", "add_to_org", "create"

#: Smaller teams may change wholly, whatever max_removal_percent says (D4).
SMALL = 4

_CHECK_SOURCE = "Check where the list of members comes from"


@dataclasses.dataclass(frozen=True)
class Addition:
    """One member that would be added.

    Attributes:
        label: what the member is called in results.
        text: the member as wanted.
        how: C(add), C(add_to_org) or C(create).
        user: None for one to be made.
    """

    label: str
    text: str
    how: str
    user: User | None = None


@dataclasses.dataclass(frozen=True)
class TeamPlan:
    """What would be done with one team.

    Attributes:
        live: as found, None if the team does not exist.
        wanted_additions: who is missing in the team, by label.
        wanted_removals: who would have to go, by label.
        kept: members that are wanted.
        missing: wanted, but no user of the organisation.
        protected: members that are not wanted, and stay nevertheless.
        spared: members that match_on does not recognise, but who go by another name of somebody who is wanted.
        external: members that something else looks after.
        disabled: wanted, but their accounts are disabled.
        ambiguous: wanted, but several users go by that e-mail or login.
        doubts: what is wrong with each of C(ambiguous), in that order.
        removals_disabled: whether nobody is removed since not all members are visible.
        refusal: why nothing at all is written for this team.
        read: whether the team was looked for.
    """

    live: Live | None
    desired: int
    wanted_additions: tuple[Addition, ...] = ()
    wanted_removals: tuple[Member, ...] = ()
    kept: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    removals_disabled: bool = False
    create: bool = False
    refusal: IdentityError | None = None
    read: bool = True

    @property
    def additions(self) -> tuple[Addition, ...]:
        """Who is added."""
        return () if self.refusal else self.wanted_additions

    @property
    def removals(self) -> tuple[Member, ...]:
        """Who is removed."""
        return () if self.refusal or self.removals_disabled else self.wanted_removals

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return not self.refusal and bool(self.create or self.additions or self.removals)

    @property
    def drift(self) -> dict[str, list[str]]:
        """What would still have to be done if this plan is not carried out."""
        return {
            "add": [addition.label for addition in self.wanted_additions],
            "remove": [member.user.label for member in self.wanted_removals],
        }


def refused_before(wanted: Wanted) -> TeamPlan | None:
    """Return the plan for a team that is refused before anything is read, or None."""
    refusal: IdentityError | None = None
    if not wanted.source_complete or wanted.source_error:
        why = f": {wanted.source_error.rstrip('.')}" if wanted.source_error else ""
        refusal = IdentityError(
            "source_incomplete",
            f"The list of members is not complete{why}. Nothing was written for this team.",
            "Make the source readable as a whole, then run again.",
        )
    elif "" in wanted.texts:
        refusal = IdentityError(
            "invalid_member",
            "A member without e-mail is in the list. Nothing was written for this team.",
            f"{_CHECK_SOURCE}, and leave out who has no e-mail.",
        )
    return None if refusal is None else TeamPlan(None, len(wanted.texts), refusal=refusal, read=False)


def strangers(wanted: Wanted, live: Live | None, users: Users) -> list[str]:
    """Return the wanted members that are neither users of the organisation nor in the team, as given."""
    if wanted.state == ABSENT:
        return []
    matched = _match(wanted, live, users)
    return [text for key, text in wanted.texts.items() if not matched[key]]


def make_team_plan(wanted: Wanted, live: Live | None, users: Users, others: Others | None = None) -> TeamPlan:
    """Plan what makes a team have the members it shall have.

    Args:
        wanted: the team, with its options; not one that L(refused_before) refuses.
        live: the team as found, None if it does not exist.
        users: of the organisation.
        others: what is known of L(strangers), by L(key_of).
    """
    plan = _plan(wanted, live, users, others or {})
    refusal = _refusal(wanted, plan)
    # A refused team is not created either.
    return dataclasses.replace(plan, refusal=refusal, create=plan.create and not refusal)


def after(plan: TeamPlan) -> list[str]:
    """Return the labels of the members that a team has when its plan is carried out, sorted."""
    gone = {member.user.id for member in plan.removals}
    stay = [member.user.label for member in (plan.live.members if plan.live else ()) if member.user.id not in gone]
    return list(in_order([*stay, *(addition.label for addition in plan.additions)]))


def before(plan: TeamPlan) -> list[str]:
    """Return the labels of the members that a team has, sorted."""
    return list(in_order(member.user.label for member in (plan.live.members if plan.live else ())))


def _match(wanted: Wanted, live: Live | None, users: Users) -> dict[str, set[int]]:
    """Return the ids of the users that each wanted member may mean, by L(key_of).

    Members are looked through as well as users: an incomplete list of users then makes nobody unwanted.
    """
    members = Users(member.user for member in (live.members if live else ()))
    fields = wanted.match_on
    return {key: users.find(key, fields) | members.find(key, fields) for key in wanted.texts}


def _plan(wanted: Wanted, live: Live | None, users: Users, others: Others) -> TeamPlan:
    texts = wanted.texts
    members = {member.user.id: member for member in (live.members if live else ())}
    people = {**{number: member.user for number, member in members.items()}, **users.by_id}
    matched = _match(wanted, live, users)
    unclear = {key: ids for key, ids in matched.items() if len(ids) > 1}
    # The first text wins where two mean the same user, by e-mail and by login.
    meant: dict[int, str] = {}
    for key, ids in matched.items():
        if len(ids) == 1:
            meant.setdefault(min(ids), texts[key])
    ignored = {number for number, member in members.items() if member.external and wanted.ignore_external}
    additions, disabled, missing = _comers(wanted, meant, set(members), people, matched, others)
    untouched = ignored | {number for ids in unclear.values() for number in ids}
    going = [member for number, member in members.items() if number not in untouched and _goes(wanted, number in meant)]
    spared = [member for member in going if _is_spared(wanted, member, people[member.user.id])]
    going = [member for member in going if member not in spared]
    protected = [member for member in going if _is_protected(wanted, member, people[member.user.id])]
    removals = [member for member in going if member not in protected]
    hidden = _hidden(live)
    warnings = _warnings(wanted, missing, others)
    if hidden and wanted.state != "present":
        warnings.append(
            f"Grafana counts {hidden} more member{'s' if hidden > 1 else ''} than it shows, so nobody is removed from "
            "this team. Service accounts are counted and not shown; otherwise the token lacks org.users:read on all "
            "users, or users are hidden."
        )
    return TeamPlan(
        live=live,
        desired=len(texts),
        wanted_additions=tuple(sorted(additions, key=lambda addition: (key_of(addition.label), addition.label))),
        wanted_removals=tuple(sorted(removals, key=lambda member: (key_of(member.user.label), member.user.id))),
        kept=_labels(members[number].user for number in meant if number in members and number not in ignored)
        if wanted.state != ABSENT
        else (),
        missing=in_order(missing),
        protected=_labels(member.user for member in protected),
        spared=_labels(member.user for member in spared),
        external=_labels(members[number].user for number in ignored),
        disabled=in_order(disabled),
        ambiguous=tuple(texts[key] for key in sorted(unclear)),
        doubts=tuple(
            f"{len(unclear[key])} users of Grafana go by it (with the ids "
            f"{some([str(one) for one in sorted(unclear[key])])}), so none of them was touched"
            for key in sorted(unclear)
        ),
        warnings=tuple(warnings),
        removals_disabled=hidden > 0 and wanted.state != "present",
        create=live is None and wanted.state != ABSENT,
    )


def _labels(users: t.Iterable[User]) -> tuple[str, ...]:
    return in_order(user.label for user in users)


def _hidden(live: Live | None) -> int:
    """Return how many members Grafana counts and does not show (D14); no count, or a lower one, says nothing."""
    count = live.team.member_count if live else None
    return max(0, (count or 0) - len(live.members if live else ()))


def _comers(
    wanted: Wanted,
    meant: t.Mapping[int, str],
    members: set[int],
    people: t.Mapping[int, User],
    matched: t.Mapping[str, set[int]],
    others: Others,
) -> tuple[list[Addition], list[str], list[str]]:
    """Return who would be added, who is disabled, and who is missing."""
    additions: list[Addition] = []
    disabled: list[str] = []
    missing: list[str] = []
    if wanted.state == ABSENT:
        return additions, disabled, missing
    for number, text in meant.items():
        user = people[number]
        if number in members:
            continue
        if user.disabled and not wanted.include_disabled:
            disabled.append(user.label)
        else:
            additions.append(Addition(user.label, text, ADD, user))
    taken: set[int] = set()
    for key, text in wanted.texts.items():
        if matched[key]:
            continue
        other = others.get(key, UNKNOWN)
        user_elsewhere = other.user
        if other.known == "user" and user_elsewhere and wanted.add_to_org:
            if user_elsewhere.id in taken or user_elsewhere.id in people:
                continue
            taken.add(user_elsewhere.id)
            if user_elsewhere.disabled and not wanted.include_disabled:
                disabled.append(user_elsewhere.label)
            else:
                additions.append(Addition(user_elsewhere.label, text, ADD_TO_ORG, user_elsewhere))
        elif other.known == "nobody" and wanted.missing_users == CREATE and "@" in text:
            additions.append(Addition(text, text, CREATE_USER))
        else:
            missing.append(text)
    return additions, disabled, missing


def _goes(wanted: Wanted, meant: bool) -> bool:
    """Whether a member goes, given whether it is in the list."""
    return {EXACT: not meant, ABSENT: meant}.get(wanted.state, False)


def _is_spared(wanted: Wanted, member: Member, user: User) -> bool:
    """Whether a member goes by any name of somebody who is wanted, whatever members are matched on (D13)."""
    names = member.user.keys((EMAIL, LOGIN)) | user.keys((EMAIL, LOGIN))
    return wanted.state == EXACT and bool(names & (wanted.texts.keys() | wanted.spare))


def _is_protected(wanted: Wanted, member: Member, user: User) -> bool:
    """Whether a member stays in any case (D15); C(user) is the same person among the users of the organisation."""
    names = member.user.keys((EMAIL, LOGIN)) | user.keys((EMAIL, LOGIN))
    return (member.admin and not wanted.manage_admins) or bool(names & wanted.protected)


def _warnings(wanted: Wanted, missing: t.Iterable[str], others: Others) -> list[str]:
    """Return what is odd about the list of members, in numbers: who it is stands in the row."""
    warnings = [f"{len(wanted.repeated)} of the members listed more than once."] if wanted.repeated else []
    notes = collections.Counter(filter(None, (_note(wanted, text, others.get(key_of(text))) for text in missing)))
    return warnings + [f"{count} of the missing members: {note}" for note, count in sorted(notes.items())]


def _note(wanted: Wanted, text: str, other: Elsewhere | None) -> str:
    """Return what there is to say about a missing member, or an empty text."""
    if other is None:
        return ""
    if other.known == "user":
        return "known to this Grafana, but not in this organisation; add_to_org: true would take them in."
    if other.known == "taken":
        return "the login or e-mail of somebody else, so nobody was made or added."
    if other.known == "unknown":
        return "only a server admin may look whether this Grafana knows them."
    if wanted.missing_users == CREATE and "@" not in text:
        return "no e-mail, so no user can be made of it."
    return ""


def _refusal(wanted: Wanted, plan: TeamPlan) -> IdentityError | None:
    """Return why nothing may be written for a team, or None."""
    live = plan.live
    if live is None and wanted.state != ABSENT and (wanted.name is None or not wanted.create_team):
        return _refused(
            "team_not_found",
            f"There is no team with the {'name' if wanted.name else 'uid'} '{wanted.name or wanted.uid}'",
            "Check it, or let it be created with create_team: true."
            if wanted.name
            else "Check the uid; a team can only be created by its name.",
        )
    if live and live.team.provisioned:
        return provisioned()
    if wanted.state == EXACT and not wanted.texts and not wanted.allow_empty:
        return _refused(
            "empty_source",
            f"The list of members is empty; {_who(plan.wanted_removals)} would be removed",
            f"{_CHECK_SOURCE}; if the team shall be empty, set allow_empty: true.",
        )
    if plan.removals and wanted.state == EXACT and not wanted.allow_empty and not _found(wanted, plan):
        return _refused(
            "empty_source",
            f"None of the {plan.desired} wanted members is a usable user of Grafana; {_who(plan.removals)} would be "
            "removed, and nobody would come",
            f"{_CHECK_SOURCE}; if all these shall go, set allow_empty: true.",
        )
    if wanted.missing_users == FAIL and plan.missing:
        return _refused(
            "missing_users",
            f"No users of the organisation: {some(list(plan.missing))}",
            "Let them log in once or create them, or set missing_users: skip.",
        )
    return _too_many(wanted, plan)


def _found(wanted: Wanted, plan: TeamPlan) -> bool:
    """Whether any wanted member is in the team and stays, or would come."""
    stay = [member for member in (plan.live.members if plan.live else ()) if member not in plan.wanted_removals]
    keys = {key for member in stay for key in member.user.keys(wanted.match_on)}
    return bool(plan.kept or plan.spared or plan.additions or keys & wanted.texts.keys())


def _too_many(wanted: Wanted, plan: TeamPlan) -> IdentityError | None:
    """Return the refusal of a plan that removes too many (D4), or None. Ignored members do not count."""
    going = len(plan.removals)
    if wanted.max_removals is not None and going > wanted.max_removals:
        return _refused(
            "too_many_removals",
            f"{_who(plan.removals)} would be removed, more than max_removals ({wanted.max_removals}) allows",
            f"{_CHECK_SOURCE}; if all these shall go, raise max_removals.",
        )
    count = len(plan.live.members if plan.live else ()) - len(plan.external)
    if count > SMALL and going * 100 > wanted.max_removal_percent * count:
        return _refused(
            "too_many_removals",
            f"{_who(plan.removals)} of {count} would be removed, more than max_removal_percent "
            f"({wanted.max_removal_percent} %) allows",
            f"{_CHECK_SOURCE}; if all these shall go, raise max_removal_percent.",
        )
    return None


def _who(members: t.Sequence[Member]) -> str:
    names = some([member.user.label for member in members])
    return f"{len(members)} member{'' if len(members) == 1 else 's'}" + (f" ({names})" if names else "")


def provisioned() -> IdentityError:
    """Return the refusal of a team that SCIM manages (D17)."""
    return _refused(
        "provisioned_team",
        "The team is provisioned through SCIM, which alone may change its members",
        "Change them in the identity provider, or take the team out of the list.",
    )


def maybe_the_same(other: str) -> IdentityError:
    """Return the refusal of a team that another entry may mean, for which no team could be found (D18)."""
    return _refused(
        "maybe_same_team",
        f"It may be the team of {other}, too, which could not be found, and each would undo what the other one does",
        "See to the other entry first. Where all teams are given by name, or all by uid, this cannot be in doubt.",
    )


def _refused(code: str, message: str, hint: str) -> IdentityError:
    return IdentityError(code, f"{message}. Nothing was written for this team.", hint)
