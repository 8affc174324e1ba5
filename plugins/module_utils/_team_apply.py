# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Carrying out the plan of one team, with an honest account of each user.

First everybody is added, then removed; neither waits for the success of the other. A write of which nobody knows
whether it took effect is read back. At the end the members are read once more, and what they are then is what counts:
a refusal that only means that somebody else was faster is none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._grafana_client import Grafana
from ansible_collections.pcc.identity.plugins.module_utils._team_model import (
    Elsewhere,
    Live,
    Member,
    Others,
    Team,
    User,
    Users,
    Wanted,
    key_of,
)
from ansible_collections.pcc.identity.plugins.module_utils._team_plan import (
    ADD,
    ADD_TO_ORG,
    CREATE_USER,
    Addition,
    TeamPlan,
    make_team_plan,
    provisioned,
)

REMOVE = "remove"

#: Replies that mean that somebody else was faster: the status, and a word of the text (contract 2.1).
_FASTER = {ADD: (400, "already"), REMOVE: (404, "member")}


def find_team(grafana: Grafana, wanted: Wanted, *, creating: bool) -> Team | None:
    """Return the team that is meant, None if there is none.

    Args:
        grafana: where to look.
        wanted: with a name or a uid.
        creating: whether it will be created if there is none. Then it is made sure that there is none either whose
            name differs in letter case only, which an exact search does not find on every database (D22).

    Raises:
        ServiceError: it cannot be looked for.
        IdentityError: there is one with such a name, or there are several.
    """
    if wanted.name is None:
        return grafana.team_by_uid(wanted.uid or "")
    name = wanted.name
    found = grafana.teams_named(name)
    exact = [team for team in found if team.name == name]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise IdentityError(
            "ambiguous_team",
            f"There are {len(exact)} teams named '{name}' ({', '.join(team.key for team in exact)}).",
            "Give the uid of the one that is meant.",
        )
    if creating and not [team for team in found if key_of(team.name) == key_of(name)]:
        found = grafana.teams_like(name)
    others = [team.name for team in found if key_of(team.name) == key_of(name)]
    if others:
        raise IdentityError(
            "other_case",
            f"There is no team '{name}', but one exists with another case or spelling: '{others[0]}'.",
            "Write the name as Grafana has it, or give the team's uid.",
        )
    return None


def create_team(grafana: Grafana, wanted: Wanted, email: str = "") -> tuple[Team, bool]:
    """Create a team and return it, and whether it was this call that made it.

    Raises:
        ServiceError: it could not be created; or with C(ambiguous) it may have been, and cannot be read.
        IdentityError: there is one of that name, which is not to be seen.
    """
    name = wanted.name or ""
    sent = 0

    def send() -> None:
        nonlocal sent
        sent += 1
        grafana.create_team(name, email)

    created = True
    try:
        grafana.surely(send, lambda: find_team(grafana, wanted, creating=False) is not None)
    except ServiceError as error:
        if error.code != "conflict":
            raise
        # Somebody else was faster, or an own try of unknown outcome.
        created = sent > 1
    with doubtful():
        team = find_team(grafana, wanted, creating=False)
    if team is None:
        raise IdentityError(
            "other_case",
            f"Grafana says that there is a team '{name}', but does not find it.",
            "Check whether the token may see all teams (teams:read on teams:*), and whether there is a team whose name "
            "differs in letter case only.",
        )
    return team, created


@contextlib.contextmanager
def doubtful() -> t.Iterator[None]:
    """Let an error say that something was written before it."""
    try:
        yield
    except ServiceError as error:
        # It may be the one that ends all further requests, and so is raised again by each of them.
        raise ServiceError(
            error.code, error.message, error.hint, status=error.status, service_code=error.service_code, ambiguous=True
        ) from error


class Accounts:
    """The users that are taken into the organisation or made, each once, however many teams want them. Thread-safe."""

    def __init__(self, grafana: Grafana, users: Users) -> None:
        self._grafana = grafana
        self._users = users
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._known: dict[str, Elsewhere] = {}
        self._made: dict[str, User | ServiceError] = {}
        self.wrote = False

    @property
    def users(self) -> Users:
        """The users of the organisation, those who came meanwhile included."""
        with self._lock:
            return self._users

    def elsewhere(self, texts: t.Iterable[str], wanted: Wanted) -> dict[str, Elsewhere]:
        """Return what is known of wanted members whom the organisation lacks, if that matters.

        Raises:
            ServiceError: it cannot be looked for.
        """
        if not wanted.add_to_org and wanted.missing_users != "create":
            return {}
        found = {}
        for text in texts:
            # As it is spelt: Grafana may compare otherwise, and this very text is what is sent to add somebody.
            with self._turn(text):
                if text not in self._known:
                    self._known[text] = self._grafana.elsewhere(text, wanted.match_on)
                found[key_of(text)] = self._known[text]
        return found

    def _turn(self, text: str) -> threading.Lock:
        """Return what is held while somebody is asked for or made, so that others are not waited for."""
        with self._lock:
            return self._turns.setdefault(text, threading.Lock())

    def ensure(self, addition: Addition, wanted: Wanted) -> User:
        """Return the user of an addition, taken into the organisation or made if need be.

        Raises:
            ServiceError: that failed, now or for another team.
        """
        key = key_of(addition.text)
        with self._turn(key):
            if key not in self._made:
                try:
                    self._made[key] = self._ensure(addition, wanted)
                except ServiceError as error:
                    self._made[key] = error
            made = self._made[key]
        if isinstance(made, ServiceError):
            raise made
        with self._lock:
            if made.id not in self._users.by_id:
                self._users = self._users.joined_by([made])
        return made

    def _ensure(self, addition: Addition, wanted: Wanted) -> User:
        if addition.user is None:
            return self._create(addition, wanted)
        return self._add_to_org(addition.text, addition.user)

    def _add_to_org(self, text: str, user: User) -> User:
        """Take the user into the organisation whom Grafana found by that text."""
        grafana = self._grafana
        there = False
        try:
            grafana.surely(lambda: grafana.add_to_org(text), lambda: user.id in grafana.users().by_id)
            self.wrote = True
        except ServiceError as error:
            self._note(error)
            if error.code != "conflict":
                raise
            there = True  # somebody else was faster, or it is a user whom Grafana hides
        found = grafana.users().by_id.get(user.id)
        if found is None and there:
            return user
        if found is None:
            raise ServiceError(
                "bad_response",
                f"Grafana took '{text}' into the organisation, but does not show the user there.",
                "Check whether that is the login of somebody else.",
            )
        return found

    def _note(self, error: ServiceError) -> None:
        # Other threads set it, too: it is never taken back.
        if error.ambiguous:
            self.wrote = True

    def _create(self, addition: Addition, wanted: Wanted) -> User:
        grafana = self._grafana

        def made() -> User | None:
            other = grafana.elsewhere(addition.text, wanted.match_on)
            return other.user if other.known == "user" else None

        try:
            grafana.surely(lambda: grafana.create_user(addition.text), lambda: made() is not None)
            self.wrote = True
        except ServiceError as error:
            self._note(error)
            # Somebody else was faster; only who is in this organisation may be added to its teams.
            user = made() if error.code == "conflict" else None
            if user is None:
                raise
            if not wanted.add_to_org and user.id not in grafana.users().by_id:
                raise
        else:
            user = made()
        if user is None:
            raise ServiceError(
                "bad_response",
                f"Grafana made the user '{addition.text}', but does not find it.",
                "Run again: whoever is there is then added.",
            )
        if user.id in grafana.users().by_id:
            return user
        # Without its setting auto_assign_org, Grafana takes no notice of the organisation that it is given for a user.
        return self._add_to_org(addition.text, user)


def _said(error: ServiceError) -> str:
    """Return what the service said, in lower case, without the request that it is about."""
    return error.message.partition("HTTP ")[2].lower()


@dataclasses.dataclass
class Step:
    """What became of one user of a plan.

    Attributes:
        label: what the user is called.
        action: C(add), C(remove), C(create) or C(add_to_org): the write that was tried last.
        user_id: 0 while not known.
        answered: C(done) (accepted, or read back), C(faster) (somebody else has done it) or C(failed).
        error: of the failure.
    """

    label: str
    action: str
    user_id: int
    answered: str
    error: ServiceError | None = None


@dataclasses.dataclass
class Applied:
    """What became of a plan.

    Attributes:
        team: as found or created.
        created: whether the team was created.
        steps: one per user that was tried.
        error: what stopped the work on this team.
        unverified: why the members could not be read at the end.
        final: the members at the end, None if they could not be read or nothing was tried.
        rest: what would have to be done from there, None where C(final) is.
    """

    team: Team | None
    created: bool = False
    steps: list[Step] = dataclasses.field(default_factory=list)
    error: IdentityError | None = None
    unverified: IdentityError | None = None
    final: tuple[Member, ...] | None = None
    rest: TeamPlan | None = None

    def is_member(self, step: Step) -> bool | None:
        """Whether the user of a step is a member at the end, None if that is not known."""
        return None if self.final is None else step.user_id in {member.user.id for member in self.final}

    def labels(self, action: str, *, others: bool = False) -> list[str]:
        """Return who was added or removed, or with C(others) by somebody else."""
        came = action == ADD
        found = []
        for step in self.steps:
            if (step.action == REMOVE) == came or step.action == CREATE_USER or step.action == ADD_TO_ORG:
                continue
            now = self.is_member(step)
            ours = step.answered == "done" or bool(step.error and step.error.ambiguous)
            if step.answered == "faster" and came and self.created:
                ours = True  # creating the team has made its creator a member
            holds = now is came if now is not None else step.answered != "failed"
            if holds and ours != others:
                found.append(step.label)
        return found

    @property
    def failures(self) -> list[tuple[Step, int | None, str]]:
        """The users for whom it did not work, each with the status and why."""
        found: list[tuple[Step, int | None, str]] = []
        for step in self.steps:
            now = self.is_member(step)
            if step.action in {ADD, REMOVE} and now is not None:
                if now is (step.action == ADD):
                    continue
            elif step.answered != "failed":
                continue
            if step.error:
                found.append((step, step.error.status, step.error.message))
            else:
                shown = "does not show the member" if step.action == ADD else "still shows the member"
                found.append((step, 200, f"Grafana accepted it, but {shown}."))
        return found

    @property
    def wrote(self) -> bool:
        """Whether anything has changed, or may have."""
        return self.created or any(
            (step.answered == "done" and step.action in {ADD, REMOVE}) or (step.error and step.error.ambiguous)
            for step in self.steps
        )


class Applier:
    """Carries out the plan of one team."""

    def __init__(self, grafana: Grafana, accounts: Accounts, wanted: Wanted, *, stop: bool) -> None:
        self._grafana = grafana
        self._accounts = accounts
        self._wanted = wanted
        self._stop = stop

    def carry_out(self, plan: TeamPlan, others: Others) -> Applied:
        """Carry out a plan that has something to write. Raises nothing of what the service says.

        Args:
            plan: not a refused one.
            others: with which it was made.
        """
        applied = Applied(plan.live.team if plan.live else None)
        try:
            if applied.team is None:
                applied.team, applied.created = create_team(self._grafana, self._wanted)
                # Also tells which address this server takes, before anything is written to it.
                applied.final = self._grafana.members(applied.team)
        except IdentityError as error:
            applied.error = error
            # Whether it was created is not known, then it may have been.
            applied.created = applied.created or bool(getattr(error, "ambiguous", False))
            return applied
        self._write(plan, applied, applied.team)
        if applied.steps:
            try:
                applied.final = self._grafana.members(applied.team)
            except ServiceError as error:
                applied.final, applied.unverified = None, error
        if applied.final is not None:
            # Of a team that is new, the count is of no use any more.
            live = Live(dataclasses.replace(applied.team, member_count=None), applied.final)
            applied.rest = make_team_plan(self._wanted, live, self._accounts.users, others)
        return applied

    def _write(self, plan: TeamPlan, applied: Applied, team: Team) -> None:
        for addition in plan.additions:
            if self._ends(applied, self._add(team, addition)):
                return
        for member in plan.removals:
            if self._ends(applied, self._member(team, REMOVE, member.user.label, member.user.id)):
                return

    def _ends(self, applied: Applied, step: Step) -> bool:
        """Note a step and return whether it is the last one for this team."""
        first = not any(other.answered == "done" for other in applied.steps)
        applied.steps.append(step)
        error = step.error
        if error is None:
            return False
        if error.status == 400 and "provisioned" in _said(error) and first and not applied.created:
            applied.error = provisioned()
            return True
        # The same refusal would meet the next one, too.
        if error.stops_everything or (error.code == "forbidden" and step.action in {ADD, REMOVE}):
            applied.error = error
            return True
        if self._stop:
            applied.error = IdentityError(
                error.code, f"{step.label}: {error.message} The rest of this team was not tried.", error.hint
            )
        return self._stop

    def _add(self, team: Team, addition: Addition) -> Step:
        user = addition.user
        if user is None or addition.how != ADD:
            try:
                user = self._accounts.ensure(addition, self._wanted)
            except ServiceError as error:
                return Step(addition.label, addition.how, 0, "failed", error)
        return self._member(team, ADD, addition.label, user.id)

    def _member(self, team: Team, action: str, label: str, user_id: int) -> Step:
        sent = 0
        came = action == ADD

        def send() -> None:
            nonlocal sent
            sent += 1
            (self._grafana.add_member if came else self._grafana.remove_member)(team, user_id)

        def took_effect() -> bool:
            return any(member.user.id == user_id for member in self._grafana.members(team)) is came

        try:
            self._grafana.surely(send, took_effect)
        except ServiceError as error:
            status, word = _FASTER[action]
            if error.status == status and word in _said(error):
                # After an own try of unknown outcome it was that one (D20).
                return Step(label, action, user_id, "done" if sent > 1 else "faster")
            return Step(label, action, user_id, "failed", error)
        return Step(label, action, user_id, "done")
