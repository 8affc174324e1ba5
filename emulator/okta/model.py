# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated Okta stores: users, groups with members, credentials."""

from __future__ import annotations

import hashlib
import random
import string
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

# All statuses of a user [OAS UserStatus]. Who is being activated or deactivated has transitioningToStatus as well.
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
TYPES = ("OKTA_GROUP", "APP_GROUP", "BUILT_IN")  # OAS GroupType
EVERYONE = "Everyone"
_random = random.SystemRandom()


def new_id(prefix: str) -> str:
    """An id of 20 characters, as in the samples of the documentation."""
    return prefix + "".join(_random.choices(string.ascii_letters + string.digits, k=20 - len(prefix)))


def secret_hash(secret: str) -> str:
    """Tokens are kept only as hashes, so the state file holds none."""
    return hashlib.sha256(secret.encode()).hexdigest()


def stamp() -> str:
    """Now, as Okta writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class User:
    """A user. ``login`` is unique ignoring case, ``email`` is not unique and may be missing [OAS]."""

    id: str
    login: str
    email: str | None
    status: str = "ACTIVE"
    transitioning_to_status: str | None = None
    first_name: str = ""
    last_name: str = ""
    created: str = field(default_factory=stamp)


@dataclass(slots=True)
class Group:
    """A group. ``members`` has the ids of users with rising numbers: pages go on after a number."""

    id: str
    name: str
    type: str = "OKTA_GROUP"
    description: str = ""
    members: dict[str, int] = field(default_factory=dict)
    created: str = field(default_factory=stamp)
    # What usersCount says if it is to be wrong.
    users_count: int | None = None
    next_number: int = 1
    # When it was made or renamed, for the lag of the search. Of a loaded group: long ago.
    born: float = field(default=float("-inf"), repr=False)

    def add(self, user_id: str) -> None:
        """Add a member; harmless if it is one."""
        if user_id not in self.members:
            self.members[user_id] = self.next_number
            self.next_number += 1

    def dump(self) -> dict[str, Any]:
        """For the state file."""
        value = asdict(self)
        del value["born"]
        return value


@dataclass(slots=True)
class Credential:
    """An API token (``scopes`` is None: it may do what its owner may) or an access token.

    ``role`` says whether the owner has an admin role: scopes alone are not enough [DOC implement-oauth]. ``expires``
    is in seconds since the epoch, ``requests`` the number of requests left; None: no end.
    """

    scopes: list[str] | None = None
    role: bool = True
    expires: float | None = None
    requests: int | None = None


@dataclass(slots=True)
class Client:
    """A service app."""

    id: str
    public_key: str
    key_id: str = ""
    scopes: list[str] = field(default_factory=list)
    role: bool = True


class Org:
    """Everything in one organisation."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.credentials: dict[str, Credential] = {}
        self.clients: dict[str, Client] = {}
        self._logins: dict[str, str] = {}

    def add_user(self, user: User) -> None:
        """Add a user."""
        self.users[user.id] = user
        self._logins[user.login.casefold()] = user.id

    def remove_user(self, user: User) -> None:
        """Remove a user, from all groups as well."""
        del self.users[user.id]
        del self._logins[user.login.casefold()]
        for group in self.groups.values():
            group.members.pop(user.id, None)

    def rename_user(self, user: User, login: str) -> None:
        """Give a user another login."""
        del self._logins[user.login.casefold()]
        user.login = login
        self._logins[login.casefold()] = user.id

    def with_login(self, login: str) -> User | None:
        """The user with that login, whatever its letter case."""
        user_id = self._logins.get(login.casefold())
        return None if user_id is None else self.users[user_id]

    def members(self, group: Group) -> Iterator[tuple[int, User]]:
        """The members with their numbers, in their order. Everybody is in Everyone."""
        if group.type == "BUILT_IN" and group.name == EVERYONE:
            yield from enumerate(self.users.values(), 1)
            return
        for user_id, number in group.members.items():
            yield number, self.users[user_id]

    def dump(self) -> dict[str, Any]:
        """For the state file."""
        return {
            "users": [asdict(user) for user in self.users.values()],
            "groups": [group.dump() for group in self.groups.values()],
            "credentials": {key: asdict(credential) for key, credential in self.credentials.items()},
            "clients": [asdict(client) for client in self.clients.values()],
        }

    @classmethod
    def load(cls, data: Any) -> Org:
        """From what ``dump`` returned."""
        org = cls()
        for entry in data["users"]:
            org.add_user(User(**entry))
        for entry in data["groups"]:
            group = Group(**entry)
            if group.members.keys() - org.users.keys():
                raise ValueError(f"group {group.id} has members that are no users")
            org.groups[group.id] = group
        org.credentials = {key: Credential(**entry) for key, entry in data["credentials"].items()}
        org.clients = {entry["id"]: Client(**entry) for entry in data["clients"]}
        return org


def everyone() -> Group:
    """The group that Okta keeps by itself."""
    return Group(new_id("00g"), EVERYONE, "BUILT_IN", "All users in your organization")


def fill_sample(org: Org) -> None:
    """Something to look at."""
    people = {
        "ana": "ACTIVE",
        "bob": "ACTIVE",
        "carol": "ACTIVE",
        "dave": "SUSPENDED",
        "eve": "DEPROVISIONED",
    }
    users = {}
    for name, status in people.items():
        login = f"{name}@example.com"
        users[name] = User(new_id("00u"), login, login, status, None, name.capitalize(), "Example")
        org.add_user(users[name])
    for name, members in (("Engineering", ["ana", "bob", "eve"]), ("SRE", ["bob", "carol", "dave"]), ("Empty", [])):
        group = Group(new_id("00g"), name, description=f"{name} of the sample")
        for member in members:
            group.add(users[member].id)
        org.groups[group.id] = group


def now() -> float:
    """Seconds for the lag of the search."""
    return time.monotonic()
