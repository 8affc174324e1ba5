# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits as somebody makes them in Grafana's console: past authorisation, faults and log.

``org`` is an organisation's number, by default 1. A team is given by its number, uid or name, a user by id, login or
e-mail. A user who may be new is an e-mail (which is the login as well) or an object with the keys of ``add_user``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..edit_fields import Edit, get, need, numbered, only, run
from ..errors import OptionError
from ..switches import Switches
from .model import ADMIN, MEMBER, PERMISSIONS, ROLES, Member, Store, Team, Token, User, new_uid, secret_hash

_USER = "email login name password role org admin disabled hidden service_account auth_labels"
_TEAM = "name email org members admins service_accounts external provisioned"


def _org(store: Store, request: Edit) -> int:
    org = get(request, "org", int, 1)
    if org not in store.orgs:
        raise OptionError(f"{request['op']}: there is no organisation {org}")
    return org


def _found(store: Store, name: Any) -> list[User]:
    """Users with that id, login or e-mail; those with the very letters before others."""
    if isinstance(name, int) and not isinstance(name, bool):
        return [store.users[name]] if name in store.users else []
    if not isinstance(name, str):
        raise OptionError("a user is an id, a login or an e-mail")
    return store.named(name, exact=True) or store.named(name)


def _user(store: Store, request: Edit) -> User:
    found = _found(store, request.get("user"))
    if not found:
        raise OptionError(f"{request['op']}: there is no user {request.get('user')!r}")
    return found[0]


def _team(store: Store, request: Edit) -> Team:
    org, wanted = _org(store, request), request.get("team")
    found = [team for team in store.org_teams(org) if wanted in (team.id, team.uid, team.name)]
    if len(found) != 1:
        raise OptionError(f"{request['op']}: {len(found)} teams are called {wanted!r}")
    return found[0]


class _Edits:
    """The operations; letter case is stored as the switch says, so they know the switches."""

    def __init__(self, store: Store, switches: Switches) -> None:
        self.store = store
        self._lower = switches["grafana_email_case"] == "lower"

    def _stored(self, text: str) -> str:
        return text.lower() if self._lower else text

    def _make(self, value: Any, org: int, role: str | None = "Viewer") -> User:
        values: Edit = {"email": value, "login": value} if isinstance(value, str) else value
        if not isinstance(values, dict):
            raise OptionError("a user is an e-mail, or an object with login or email")
        only(values, tuple(_USER.split()))
        email = self._stored(get(values, "email", str, ""))
        login = self._stored(get(values, "login", str, "")) or email
        if not login:
            raise OptionError("a user needs a login or an email")
        if any(user.login == login for user in self.store.named(login)):
            raise OptionError(f"there is a user {login!r} already")
        role = values.get("role", role)
        if role is not None and role not in ROLES:
            raise OptionError(f"unknown role {role!r}; known: {', '.join(ROLES)}")
        user = User(self.store.next_user, new_uid(), login, email)
        if role is not None:
            user.roles[org] = role
        self._change(user, values)
        self.store.add_user(user)
        return user

    def _change(self, user: User, values: Edit) -> None:
        user.name = get(values, "name", str, user.name)
        if values.get("password") is not None:
            user.password = secret_hash(need(values, "password", str))
        for flag in ("admin", "disabled", "hidden", "service_account"):
            setattr(user, flag, get(values, flag, bool, getattr(user, flag)))
        user.auth_labels = [str(label) for label in get(values, "auth_labels", list, user.auth_labels)]

    def _made(self, value: Any, org: int) -> User:
        """A user by name, made in the organisation if there is none."""
        name = value.get("login") or value.get("email") if isinstance(value, dict) else value
        found = _found(self.store, name)
        user = found[0] if found else self._make(value, org)
        user.roles.setdefault(org, "Viewer")
        return user

    def add_user(self, request: Edit) -> Edit:
        values = {name: value for name, value in request.items() if name != "op"}
        user = self._make(values, _org(self.store, request))
        return {"id": user.id, "uid": user.uid}

    def add_users(self, request: Edit) -> Edit:
        org = _org(self.store, request)
        role = request.get("role", "Viewer")
        values = get(request, "users", list, []) or numbered(request)
        return {"ids": [self._make(value, org, role).id for value in values]}

    def update_user(self, request: Edit) -> Edit:
        user, org = _user(self.store, request), _org(self.store, request)
        email = self._stored(get(request, "email", str, "")) if "email" in request else user.email
        login = self._stored(get(request, "login", str, user.login))
        self.store.rename_user(user, login, email)
        self._change(user, request)
        if "role" in request:
            self._set_role(user, org, request["role"])
        return {"id": user.id}

    def _set_role(self, user: User, org: int, role: Any) -> None:
        if role is None:
            self.store.leave_org(user, org)
        elif role in ROLES:
            user.roles[org] = role
        else:
            raise OptionError(f"unknown role {role!r}; known: {', '.join(ROLES)}")

    def remove_user(self, request: Edit) -> Edit:
        self.store.remove_user(_user(self.store, request))
        return {}

    def add_to_org(self, request: Edit) -> Edit:
        self._set_role(_user(self.store, request), _org(self.store, request), request.get("role") or "Viewer")
        return {}

    def remove_from_org(self, request: Edit) -> Edit:
        self._set_role(_user(self.store, request), _org(self.store, request), None)
        return {}

    def add_org(self, request: Edit) -> Edit:
        number = get(request, "id", int, max(self.store.orgs) + 1)
        if number in self.store.orgs or number < 1:
            raise OptionError(f"add_org: {number} is no new number")
        self.store.orgs[number] = need(request, "name", str)
        return {"id": number}

    def _put_members(self, team: Team, request: Edit) -> None:
        """Replace the kinds of members that are given, and only those."""
        kinds: dict[str, dict[int, Member]] = {}
        for key, permission in (("members", MEMBER), ("admins", ADMIN)):
            if request.get(key) is not None:
                values = need(request, key, list)
                kinds[key] = {self._made(value, team.org).id: Member(permission) for value in values}
        external = request.get("external")
        if external is not None:
            labels = external if isinstance(external, dict) else {value: ["OAuth"] for value in external}
            kinds["external"] = {self._made(v, team.org).id: Member(MEMBER, list(names)) for v, names in labels.items()}
        accounts = request.get("service_accounts")
        if accounts is not None:
            names = [f"sa-{team.id}-{n}" for n in range(1, accounts + 1)] if isinstance(accounts, int) else accounts
            kinds["service_accounts"] = {self._account(name, team.org).id: Member() for name in names}
        for user_id, member in list(team.members.items()):
            if self._kind(user_id, member) in kinds:
                del team.members[user_id]
        for members in kinds.values():
            team.members.update(members)

    def _kind(self, user_id: int, member: Member) -> str:
        if self.store.users[user_id].service_account:
            return "service_accounts"
        if member.labels:
            return "external"
        return "admins" if member.permission == ADMIN else "members"

    def _account(self, name: str, org: int) -> User:
        found = self.store.named(name)
        return found[0] if found else self._make({"login": name, "service_account": True}, org)

    def add_team(self, request: Edit) -> Edit:
        org, name = _org(self.store, request), need(request, "name", str)
        if any(team.name == name for team in self.store.org_teams(org)):
            raise OptionError(f"add_team: there is a team {name!r} already")
        uid = get(request, "uid", str, "") or new_uid()
        team = Team(self.store.next_team, uid, org, name)
        self._change_team(team, request)
        self.store.add_team(team)
        return {"id": team.id, "uid": team.uid}

    def _change_team(self, team: Team, request: Edit) -> None:
        team.name = get(request, "name", str, team.name)
        team.email = get(request, "email", str, team.email)
        team.provisioned = get(request, "provisioned", bool, team.provisioned)
        self._put_members(team, request)

    def update_team(self, request: Edit) -> Edit:
        team = _team(self.store, request)
        self._change_team(team, request)
        return {"id": team.id, "uid": team.uid}

    def remove_team(self, request: Edit) -> Edit:
        del self.store.teams[_team(self.store, request).id]
        return {}

    def add_member(self, request: Edit) -> Edit:
        team = _team(self.store, request)
        user = self._made(request.get("user"), team.org)
        permission = get(request, "permission", int, MEMBER)
        team.members[user.id] = Member(permission, [str(label) for label in get(request, "labels", list, [])])
        return {"id": user.id}

    def add_members(self, request: Edit) -> Edit:
        team = _team(self.store, request)
        users = [self._made(value, team.org) for value in need(request, "users", list)]
        for user in users:
            team.members.setdefault(user.id, Member())
        return {"ids": [user.id for user in users]}

    def remove_member(self, request: Edit) -> Edit:
        team, user = _team(self.store, request), _user(self.store, request)
        team.members.pop(user.id, None)
        return {"id": user.id}

    def set_token(self, request: Edit) -> Edit:
        org = _org(self.store, request)
        token = Token(org, expired=get(request, "expired", bool, False))
        if request.get("permissions") is not None:
            token.permissions = [str(name) for name in need(request, "permissions", list)]
            unknown = sorted(set(token.permissions) - set(PERMISSIONS))
            if unknown:
                raise OptionError(f"unknown permission {unknown[0]!r}; known: {', '.join(PERMISSIONS)}")
        if request.get("users") is not None:
            token.users = [self._made(value, org).id for value in need(request, "users", list)]
        if request.get("teams") is not None:
            names = need(request, "teams", list)
            token.teams = [team.id for team in self.store.org_teams(org) if {team.name, team.uid} & set(names)]
        self.store.tokens[secret_hash(need(request, "token", str))] = token
        return {}

    def remove_token(self, request: Edit) -> Edit:
        self.store.tokens.pop(secret_hash(need(request, "token", str)), None)
        return {}


OPERATIONS: dict[str, tuple[Callable[[_Edits, Edit], Edit], str]] = {
    "add_user": (_Edits.add_user, _USER),
    "add_users": (_Edits.add_users, "users count prefix domain role org"),
    "update_user": (_Edits.update_user, f"user {_USER}"),
    "remove_user": (_Edits.remove_user, "user"),
    "add_to_org": (_Edits.add_to_org, "user org role"),
    "remove_from_org": (_Edits.remove_from_org, "user org"),
    "add_org": (_Edits.add_org, "name id"),
    "add_team": (_Edits.add_team, f"{_TEAM} uid"),
    "update_team": (_Edits.update_team, f"team {_TEAM}"),
    "remove_team": (_Edits.remove_team, "team org"),
    "add_member": (_Edits.add_member, "team org user permission labels"),
    "add_members": (_Edits.add_members, "team org users"),
    "remove_member": (_Edits.remove_member, "team org user"),
    "set_token": (_Edits.set_token, "token org permissions users teams expired"),
    "remove_token": (_Edits.remove_token, "token"),
}


def edit(store: Store, request: Edit, switches: Switches) -> Edit:
    """Carry one edit out."""
    return run(OPERATIONS, _Edits(store, switches), request)
