# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated Grafana stores: organisations, users, teams with members, tokens."""

from __future__ import annotations

import hashlib
import random
import string
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

MEMBER, ADMIN = 0, 4  # permissions in a team [SRC team/model.go]
ROLES = ("None", "Viewer", "Editor", "Admin")
PERMISSIONS = (
    "teams:read",
    "teams:create",
    "teams:write",
    "teams:delete",
    "teams.permissions:read",
    "teams.permissions:write",
    "org.users:read",
    "org.users:add",
    "org.users:write",
    "org.users:remove",
)
_random = random.SystemRandom()


def new_uid() -> str:
    """A short uid as Grafana makes them."""
    return _random.choice(string.ascii_lowercase) + "".join(
        _random.choices(string.ascii_lowercase + string.digits, k=13)
    )


def secret_hash(secret: str) -> str:
    """Tokens and passwords are kept only as hashes, so the state file holds none."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(slots=True)
class User:
    """A user, or a service account. ``roles`` has the role in each organisation that the user is in."""

    id: int
    uid: str
    login: str
    email: str = ""
    name: str = ""
    password: str = ""
    admin: bool = False
    disabled: bool = False
    hidden: bool = False
    service_account: bool = False
    auth_labels: list[str] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Member:
    """A membership; labels are those of who synced it from elsewhere (Enterprise)."""

    permission: int = MEMBER
    labels: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Team:
    """A team of an organisation, with its members by the ids of users."""

    id: int
    uid: str
    org: int
    name: str
    email: str = ""
    provisioned: bool = False
    members: dict[int, Member] = field(default_factory=dict)


@dataclass(slots=True)
class Token:
    """A service account's token. ``users`` and ``teams`` (ids) narrow org.users:read and teams:read; None: all."""

    org: int = 1
    permissions: list[str] = field(default_factory=lambda: list(PERMISSIONS))
    users: list[int] | None = None
    teams: list[int] | None = None
    expired: bool = False


class Store:
    """Everything in one Grafana."""

    def __init__(self) -> None:
        self.orgs: dict[int, str] = {1: "Main Org."}
        self.users: dict[int, User] = {}
        self.teams: dict[int, Team] = {}
        self.tokens: dict[str, Token] = {}
        self.next_user = 1
        self.next_team = 1
        self._keys: dict[str, list[int]] = {}

    # Users are found by e-mail or login, in any letter case, through one index.

    def _index(self, user: User) -> None:
        for key in {user.login.casefold(), user.email.casefold()} - {""}:
            self._keys.setdefault(key, []).append(user.id)

    def _forget(self, user: User) -> None:
        for key in {user.login.casefold(), user.email.casefold()} - {""}:
            self._keys[key].remove(user.id)

    def add_user(self, user: User) -> None:
        """Add a user."""
        self.users[user.id] = user
        self.next_user = max(self.next_user, user.id + 1)
        self._index(user)

    def rename_user(self, user: User, login: str, email: str) -> None:
        """Give a user another login and e-mail."""
        self._forget(user)
        user.login, user.email = login, email
        self._index(user)

    def remove_user(self, user: User) -> None:
        """Remove a user, from all teams as well."""
        self._forget(user)
        del self.users[user.id]
        for team in self.teams.values():
            team.members.pop(user.id, None)

    def named(self, text: str, exact: bool = False) -> list[User]:
        """Users with that login or e-mail, those with that login first; ``exact``: the letter case counts."""
        found = [self.users[user_id] for user_id in self._keys.get(text.casefold(), ())]
        if exact:
            found = [user for user in found if text in (user.login, user.email)]
        return sorted(found, key=lambda user: (user.login.casefold() != text.casefold(), user.id))

    def org_teams(self, org: int) -> Iterator[Team]:
        """The teams of an organisation."""
        return (team for team in self.teams.values() if team.org == org)

    def leave_org(self, user: User, org: int) -> None:
        """Take a user out of an organisation and its teams [SRC RemoveOrgUser]."""
        user.roles.pop(org, None)
        for team in self.org_teams(org):
            team.members.pop(user.id, None)

    def add_team(self, team: Team) -> None:
        """Add a team."""
        self.teams[team.id] = team
        self.next_team = max(self.next_team, team.id + 1)

    def dump(self) -> dict[str, Any]:
        """For the state file; keys of objects become text there."""
        return {
            "orgs": list(self.orgs.items()),
            "users": [{**asdict(user), "roles": list(user.roles.items())} for user in self.users.values()],
            "teams": [
                {**asdict(team), "members": [[key, asdict(member)] for key, member in team.members.items()]}
                for team in self.teams.values()
            ],
            "tokens": {key: asdict(token) for key, token in self.tokens.items()},
            "next": [self.next_user, self.next_team],
        }

    @classmethod
    def load(cls, data: Any) -> Store:
        """From what ``dump`` returned."""
        store = cls()
        store.orgs = dict(data["orgs"])
        for entry in data["users"]:
            store.add_user(User(**{**entry, "roles": dict(entry["roles"])}))
        for entry in data["teams"]:
            members = {key: Member(**member) for key, member in entry["members"]}
            if not members.keys() <= store.users.keys():
                raise ValueError(f"team {entry['id']} has members that are no users")
            store.add_team(Team(**{**entry, "members": members}))
        store.tokens = {key: Token(**entry) for key, entry in data["tokens"].items()}
        store.next_user, store.next_team = data["next"]
        return store
