# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Groups and users of Okta as this collection sees them, who of them counts, and whether all were read. Pure."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import unicodedata

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._report import some

#: Every status that a user of Okta can have (contract, section 1.2).
STATUSES = (
    "ACTIVE",
    "DEPROVISIONED",
    "LOCKED_OUT",
    "PASSWORD_EXPIRED",
    "PROVISIONED",
    "RECOVERY",
    "STAGED",
    "SUSPENDED",
)

#: Those whose users count as members by default: the temporary ones, too, or a forgotten password would take somebody
#: out of the team until it is reset (D7).
INCLUDED = ("ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY", "PROVISIONED")

GROUP_TYPES = ("OKTA_GROUP", "APP_GROUP", "BUILT_IN")

DEPROVISIONED = "DEPROVISIONED"


@dataclasses.dataclass(frozen=True)
class Asked:
    """A group as it was asked for: by C(name) or by C(id), of any type or of C(type) only."""

    name: str = ""
    id: str = ""
    type: str = ""

    @property
    def label(self) -> str:
        """The name or the id."""
        return self.name or self.id

    @property
    def search(self) -> str:
        """The filter expression that finds it. Its texts are JSON (contract, section 1.1)."""
        attribute = "profile.name" if self.name else "id"
        return f"{attribute} eq {json.dumps(self.label, ensure_ascii=False)}"


@dataclasses.dataclass(frozen=True)
class Group:
    """A group of Okta.

    Attributes:
        users_count: how many users it has by the service's own count, None where that was not told.
    """

    id: str
    name: str
    type: str
    users_count: int | None = None


@dataclasses.dataclass(frozen=True)
class User:
    """A member of a group, of any status."""

    id: str
    login: str | None
    email: str | None
    status: str
    transitioning_to: str | None = None

    def row(self) -> dict[str, str | None]:
        """Return it as it stands in a result."""
        return {"id": self.id, "login": self.login, "email": self.email, "status": self.status}


def group_of(raw: t.Any) -> Group:
    """Return a group as the service tells it.

    Raises:
        ServiceError: it is none. It is not quoted, since nobody knows what is in it.
    """
    profile = _object(_object(raw, "a group").get("profile"), "the profile of a group")
    stats = raw.get("_embedded")
    for name in ("stats", "usersCount"):
        stats = stats.get(name) if isinstance(stats, dict) else None
    return Group(
        id=_text(raw.get("id"), "the id of a group"),
        name=_text(profile.get("name"), "the name of a group"),
        type=raw["type"] if isinstance(raw.get("type"), str) else "",
        users_count=stats if isinstance(stats, int) and not isinstance(stats, bool) and stats >= 0 else None,
    )


def user_of(raw: t.Any) -> User:
    """Return a member of a group as the service tells it.

    Raises:
        ServiceError: it is none. Whoever cannot be understood must not be left out.
    """
    profile = _object(_object(raw, "a user").get("profile"), "the profile of a user")
    return User(
        id=_text(raw.get("id"), "the id of a user"),
        # Okta may leave out what is null (contract, section 1.2).
        login=_optional(profile.get("login"), "the login of a user"),
        email=_optional(profile.get("email"), "the e-mail of a user"),
        status=_text(raw.get("status"), "the status of a user"),
        transitioning_to=_optional(raw.get("transitioningToStatus"), "the status that a user gets"),
    )


def choose(asked: Asked, found: t.Iterable[Group]) -> Group:
    """Return the group that was asked for out of those that a search has found.

    Okta compares names without regard to case (contract, section 1.1), so what it finds is compared once more.

    Raises:
        IdentityError: C(not_found) or C(ambiguous).
    """
    groups = {group.id: group for group in found}  # a page that comes twice makes no group ambiguous
    same = [group for group in groups.values() if asked.label == (group.name if asked.name else group.id)]
    exact = [group for group in same if asked.type in {"", group.type}]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise IdentityError(
            "ambiguous",
            f"There are {len(exact)} groups named '{asked.name}': {some([_known(group) for group in exact])}.",
            "Give the id of the one that is meant, or its type if that tells them apart.",
        )
    raise not_found(asked, groups.values(), same)


def not_found(asked: Asked, near: t.Iterable[Group] = (), other_types: t.Sequence[Group] = ()) -> IdentityError:
    """Return the error for a group that is not there, which is never taken for an empty one (D6).

    Args:
        asked: what was asked for.
        near: groups whose names may differ by case only.
        other_types: groups that would be it but for their type.
    """
    what = f"named '{asked.name}'" if asked.name else f"with the id '{asked.id}'"
    if other_types:
        shown = some([_known(group) for group in other_types])
        return IdentityError(
            "not_found", f"No group {what} is of type {asked.type}, but there is {shown}.", "Correct the type."
        )
    alike = [group for group in near if asked.name and _folded(group.name) == _folded(asked.name)]
    if alike:
        shown = some([f"'{group.name}' ({group.id})" for group in alike])
        return IdentityError(
            "not_found",
            f"There is no group {what}; {shown} is written otherwise, with other capitals or the like.",
            "Give the name exactly as Okta has it, or better the id.",
        )
    return IdentityError(
        "not_found",
        f"There is no group {what}, or it is not visible with these credentials.",
        "Check whether it was renamed or deleted. An id stays the same when a group is renamed. A group that was made "
        "or renamed just now can take a moment until it is found by its name.",
    )


@dataclasses.dataclass(frozen=True)
class Membership:
    """The members of a group, sorted out.

    Attributes:
        members: whose status counts, sorted by login.
        excluded: the others, sorted by login.
        warnings: what somebody should look at. Users are named by their ids here, never by personal data.
    """

    members: list[User]
    excluded: list[User]
    warnings: list[str]


def sort_out(users: t.Iterable[User], included: t.Collection[str]) -> Membership:
    """Return who of the users in a group counts as its member (D7).

    Args:
        users: each once.
        included: the statuses that count. Whoever is about to be deprovisioned does not, unless that is one of them.
    """
    ordered = sorted(users, key=lambda user: (user.login or "", user.id))
    members = [user for user in ordered if _counts(user, included)]
    excluded = [user for user in ordered if not _counts(user, included)]
    return Membership(members, excluded, [*_unknown(excluded), *_duplicates(members)])


def is_whole(users_count: int, users: t.Collection[User]) -> bool:
    """Return whether the users that were read are as many as the service counts (D3).

    It is not known whether the service counts deprovisioned users, so a count without them is as good: nobody can be
    missing then.
    """
    return users_count in {len(users), len(users) - deprovisioned(users)}


def leaves_out(users_count: int, users: t.Collection[User]) -> bool:
    """Return whether a group shows that the service does not count its deprovisioned users."""
    return deprovisioned(users) > 0 and users_count == len(users) - deprovisioned(users)


def falls_short(users_count: int, users: t.Collection[User]) -> bool:
    """Return whether users are missing, as many as are deprovisioned, if the service does not count those."""
    return deprovisioned(users) > 0 and users_count != len(users) - deprovisioned(users)


def deprovisioned(users: t.Iterable[User]) -> int:
    """Return how many of the users are deprovisioned."""
    return sum(user.status == DEPROVISIONED for user in users)


def _counts(user: User, included: t.Collection[str]) -> bool:
    return user.status in included and (user.transitioning_to != DEPROVISIONED or DEPROVISIONED in included)


def _unknown(users: t.Iterable[User]) -> t.Iterator[str]:
    by_status: dict[str, list[str]] = {}
    for user in users:
        if user.status not in STATUSES:
            by_status.setdefault(user.status, []).append(user.id)
    for status, ids in sorted(by_status.items()):
        yield f"left out, since their status '{status}' is not known to this version: {some(ids)}."


def _duplicates(users: t.Iterable[User]) -> t.Iterator[str]:
    by_email: dict[str, list[str]] = {}
    for user in users:
        if user.email:
            by_email.setdefault(user.email.strip().casefold(), []).append(user.id)
    for ids in by_email.values():
        if len(ids) > 1:
            yield f"members with one and the same e-mail address, who count as one wherever that is used: {some(ids)}."


def _known(group: Group) -> str:
    return f"{group.id} ({group.type or 'of no type'})"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def _object(value: t.Any, what: str) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        raise _malformed(what)
    return value


def _text(value: t.Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise _malformed(what)
    return value


def _optional(value: t.Any, what: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _malformed(what)
    return value if value and value.strip() else None


def _malformed(what: str) -> ServiceError:
    return ServiceError(
        "bad_response",
        f"Okta answered with JSON that does not hold {what} where one belongs.",
        "Check that okta_url (OKTA_ORG_URL) is the address of the Okta organisation, and that no proxy answers in its "
        "place.",
    )
