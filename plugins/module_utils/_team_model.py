# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Teams of Grafana, their members and the users of the organisation: as found and as wanted. Pure."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
import unicodedata

from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError

EXACT, PRESENT, ABSENT = "exact", "present", "absent"
EMAIL, LOGIN = "email", "login"
SKIP, FAIL, CREATE = "skip", "fail", "create"

#: C(permission) of a member who administers the team (contract 2.1).
ADMIN = 4

#: Always protected: the account that every Grafana begins with (D15).
FIRST_ADMIN = "admin@localhost"


def key_of(text: str) -> str:
    """Return an e-mail, login or name in the form in which those that mean the same are equal (D8).

    Without blanks around it, without regard to letter case, and whichever way accents are written (Unicode, D145).
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text.strip()).casefold())


def in_order(texts: t.Iterable[str]) -> tuple[str, ...]:
    """Return texts sorted without regard to letter case."""
    return tuple(sorted(texts, key=lambda text: (key_of(text), text)))


@dataclasses.dataclass(frozen=True)
class User:
    """One user of Grafana.

    Attributes:
        id: numeric id, by which all writes go.
        email: as Grafana shows it; empty for accounts without one.
        login: likewise.
        disabled: whether the account is disabled.
    """

    id: int
    email: str
    login: str
    disabled: bool = False

    @property
    def label(self) -> str:
        """What the user is called in results: the e-mail, else the login."""
        return self.email.strip() or self.login.strip() or f"user {self.id}"

    def keys(self, fields: t.Collection[str]) -> set[str]:
        """Return what the user may be found by, in the form of L(key_of)."""
        found = {key_of(getattr(self, field)) for field in fields}
        return found - {""}

    @classmethod
    def from_wire(cls, raw: t.Any, *, id_field: str = "userId") -> User:
        """Build it from an entry of a list of users or members.

        Raises:
            ServiceError: it has no usable id. Who cannot be addressed cannot be compared either.
        """
        number = raw.get(id_field) if isinstance(raw, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise unexpected("users with a numeric id")
        return cls(number, _text(raw, "email"), _text(raw, "login"), raw.get("isDisabled") is True)


@dataclasses.dataclass(frozen=True)
class Member:
    """One member of a team.

    Attributes:
        user: who it is.
        admin: whether the member administers the team.
        external: whether an external system put the member there, which Grafana only shows as labels (contract 2.1).
    """

    user: User
    admin: bool = False
    external: bool = False

    @classmethod
    def from_wire(cls, raw: t.Any) -> Member:
        """Build it from an entry of the members of a team.

        Raises:
            ServiceError: it has no usable id.
        """
        return cls(User.from_wire(raw), raw.get("permission") == ADMIN, bool(raw.get("labels")))


@dataclasses.dataclass(frozen=True)
class Team:
    """One team.

    Attributes:
        id: numeric id; 0 where the service does not tell it.
        uid: empty where the service has none.
        email: of the team.
        member_count: as told, None if it is not. It counts service accounts, which are not listed as members.
        provisioned: whether SCIM manages it, so that nobody else may (D17).
    """

    id: int
    uid: str
    name: str
    email: str = ""
    member_count: int | None = None
    provisioned: bool = False

    @property
    def key(self) -> str:
        """What tells teams apart."""
        return self.uid or str(self.id)

    @classmethod
    def from_wire(cls, raw: t.Any) -> Team:
        """Build it from an entry of a search, or from a team read by itself.

        Raises:
            ServiceError: it has neither id nor uid, or no name.
        """
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            raise unexpected("teams with names")
        number, count = raw.get("id"), raw.get("memberCount")
        team = cls(
            number if isinstance(number, int) and number > 0 else 0,
            _text(raw, "uid"),
            raw["name"],
            _text(raw, "email"),
            count if isinstance(count, int) else None,
            raw.get("isProvisioned") is True,
        )
        if not team.id and not team.uid:
            raise unexpected("teams with an id or uid")
        return team


@dataclasses.dataclass(frozen=True)
class Live:
    """A team as found, with all members that Grafana shows."""

    team: Team
    members: tuple[Member, ...]


class Users:
    """The users of an organisation, found by e-mail or login. Immutable."""

    def __init__(self, users: t.Iterable[User]) -> None:
        self.by_id = {user.id: user for user in users}
        self._ids: dict[str, dict[str, set[int]]] = {EMAIL: {}, LOGIN: {}}
        for user in self.by_id.values():
            for field, index in self._ids.items():
                for key in user.keys((field,)):
                    index.setdefault(key, set()).add(user.id)

    def find(self, key: str, fields: t.Collection[str]) -> set[int]:
        """Return the ids of the users that go by a key (L(key_of)) in any of the fields."""
        return {number for field in fields for number in self._ids[field].get(key, ())}

    def joined_by(self, others: t.Iterable[User]) -> Users:
        """Return these users and others."""
        return Users([*self.by_id.values(), *others])


@dataclasses.dataclass(frozen=True)
class Elsewhere:
    """What is known of a wanted member whom the organisation lacks.

    Attributes:
        known: C(nobody) (no such user in this Grafana), C(user) (one of another organisation), C(taken) (the name is
            another user's, who is not meant), or C(unknown) (these credentials may not look).
        user: that user.
    """

    known: str
    user: User | None = None


#: What is known of those whom the organisation lacks, by L(key_of).
Others = t.Mapping[str, Elsewhere]
UNKNOWN = Elsewhere("unknown")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One team as wanted, with the options that hold for it.

    Attributes:
        where: what the entry is called in messages.
        name: of the team, or None where it is given by its uid.
        uid: of the team, or None.
        members: e-mails (or logins) as given.
        protected: who is never removed, in the form of L(key_of).
        reasons: why somebody is not listed any more, by L(key_of).
        spare: other names of people who are wanted, in the form of L(key_of).
        The others are the options of the same names.
    """

    where: str
    name: str | None
    uid: str | None
    members: tuple[str, ...]
    state: str = EXACT
    source_complete: bool = True
    source_error: str = ""
    allow_empty: bool = False
    max_removals: int | None = None
    max_removal_percent: int = 50
    create_team: bool = True
    missing_users: str = SKIP
    add_to_org: bool = False
    match_on: tuple[str, ...] = (EMAIL,)
    ignore_external: bool = True
    manage_admins: bool = False
    include_disabled: bool = False
    protected: frozenset[str] = frozenset()
    spare: frozenset[str] = frozenset()
    reasons: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the team is called before it was found."""
        return self.name or f"uid {self.uid}"

    @property
    def texts(self) -> dict[str, str]:
        """The members as given, without blanks around them, each once, by L(key_of)."""
        found: dict[str, str] = {}
        for text in self.members:
            found.setdefault(key_of(text), text.strip())
        return found

    @property
    def repeated(self) -> tuple[str, ...]:
        """The members that are given more than once."""
        counts = collections.Counter(key_of(text) for text in self.members)
        return tuple(text for key, text in self.texts.items() if counts[key] > 1)


def may_mean(wanted: Wanted, team: Team, *, looked: bool) -> bool:
    """Whether an entry for which no team is at hand may mean a team that was found for another entry (D18).

    Args:
        wanted: the entry without a team.
        team: found by its uid if the entry has a name, else by either.
        looked: whether Grafana said that there is none. Then it only may if the name is written otherwise, or what
            Grafana says does not fit together; if it is not known, the team has to be another one for certain.
    """
    if wanted.name is not None:
        return key_of(wanted.name) == key_of(team.name)
    uid = wanted.uid or ""
    if uid in {team.uid, str(team.id or "")}:
        return True
    known = team.id if uid.isdecimal() else team.uid
    return not looked and (not known or key_of(uid) == key_of(team.uid))


def unexpected(what: str) -> ServiceError:
    """Return the error for a reply of another shape, which is not quoted since nobody knows what is in it."""
    return ServiceError(
        "bad_response",
        f"Grafana answered with JSON that does not hold {what}.",
        "Check that grafana_url (GRAFANA_URL) is the address of Grafana, and that no proxy answers in its place.",
    )


def _text(raw: t.Mapping[str, t.Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""
