# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits as somebody makes them in Okta's console: past authorisation, rate limit, faults and log.

A group is given by its id, or by its name if only one has it; a user by id or login. A user who may be new is an
e-mail (which is the login as well) or an object with ``login``, ``email`` (null: none), ``status``,
``transitioning_to_status``, ``first_name``, ``last_name``, ``id``. A login that exists is updated.
"""

from __future__ import annotations

import time
from typing import Any

from ..edit_fields import Edit, get, need, numbered, run
from ..errors import OptionError
from .model import STATUSES, TYPES, Client, Credential, Group, Org, User, new_id, now, secret_hash

_USER = "login email status transitioning_to_status first_name last_name id"
_MEMBERS = "emails count prefix domain"


def _group(org: Org, request: Edit) -> Group:
    name = need(request, "group", str)
    found = [org.groups[name]] if name in org.groups else [each for each in org.groups.values() if each.name == name]
    if len(found) != 1:
        raise OptionError(f"{request['op']}: {len(found)} groups are called {name!r}")
    return found[0]


def _user(org: Org, request: Edit) -> User:
    name = need(request, "user", str)
    user = org.users.get(name) or org.with_login(name)
    if user is None:
        raise OptionError(f"{request['op']}: there is no user {name!r}")
    return user


def _changed(org: Org, user: User, values: Edit) -> None:
    status = get(values, "status", str, user.status)
    if status not in STATUSES:
        raise OptionError(f"unknown status {status!r}; known: {', '.join(STATUSES)}")
    login = get(values, "login", str, user.login)
    other = org.with_login(login)
    if other is not None and other is not user:
        raise OptionError(f"there is a user {login!r} already")
    user.status = status
    org.rename_user(user, login)
    user.first_name = get(values, "first_name", str, user.first_name)
    user.last_name = get(values, "last_name", str, user.last_name)
    if "email" in values:
        user.email = get(values, "email", str, "") or None
    if "transitioning_to_status" in values:
        user.transitioning_to_status = get(values, "transitioning_to_status", str, "") or None


def _made(org: Org, value: Any) -> User:
    """The user that an e-mail or an object stands for, made if need be."""
    values: Edit = {"login": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    login = values.get("login") or values.get("email")
    if not isinstance(login, str) or not login:
        raise OptionError("a user is an e-mail, or an object with login or email")
    user = org.users.get(value) if isinstance(value, str) else None
    user = user or org.with_login(login)
    if user is None:
        user = User(get(values, "id", str, "") or new_id("00u"), login, login)
        if user.id in org.users:
            raise OptionError(f"there is a user with the id {user.id!r} already")
        org.add_user(user)
    elif isinstance(value, str):
        return user
    _changed(org, user, {"login": login, **{name: entry for name, entry in values.items() if name != "login"}})
    return user


def _members(org: Org, request: Edit) -> list[User]:
    return [_made(org, value) for value in get(request, "emails", list, []) or numbered(request)]


def _put_group(org: Org, request: Edit, group: Group | None) -> Edit:
    name, kind = need(request, "name", str), get(request, "type", str, "OKTA_GROUP")
    if kind not in TYPES:
        raise OptionError(f"unknown type {kind!r}; known: {', '.join(TYPES)}")
    users = _members(org, request)
    if group is None:
        group = Group(get(request, "id", str, "") or new_id("00g"), name, kind, born=now())
        if group.id in org.groups:
            raise OptionError(f"there is a group with the id {group.id!r} already")
        org.groups[group.id] = group
    if group.name != name:
        group.name, group.born = name, now()
    group.description = get(request, "description", str, group.description)
    kept = {user.id for user in users}
    group.members = {user_id: number for user_id, number in group.members.items() if user_id in kept}
    for user in users:
        group.add(user.id)
    return {"id": group.id, "user_ids": [user.id for user in users]}


def _set_group(org: Org, request: Edit) -> Edit:
    name, kind, wanted = request.get("name"), request.get("type") or "OKTA_GROUP", request.get("id")
    found = [
        group
        for group in org.groups.values()
        if (group.id == wanted if wanted else group.name == name and group.type == kind)
    ]
    if len(found) > 1:
        raise OptionError(f"set_group: {len(found)} groups are called {name!r}")
    return _put_group(org, request, found[0] if found else None)


def _add_group(org: Org, request: Edit) -> Edit:
    return _put_group(org, request, None)


def _rename_group(org: Org, request: Edit) -> Edit:
    group = _group(org, request)
    group.name = need(request, "name", str)
    group.born = now()
    return {"id": group.id}


def _delete_group(org: Org, request: Edit) -> Edit:
    del org.groups[_group(org, request).id]
    return {}


def _add_user(org: Org, request: Edit) -> Edit:
    return {"id": _made(org, {name: value for name, value in request.items() if name != "op"}).id}


def _add_users(org: Org, request: Edit) -> Edit:
    users = get(request, "users", list, []) or numbered(request)
    return {"ids": [_made(org, value).id for value in users]}


def _update_user(org: Org, request: Edit) -> Edit:
    user = _user(org, request)
    _changed(org, user, request)
    return {"id": user.id}


def _remove_user(org: Org, request: Edit) -> Edit:
    org.remove_user(_user(org, request))
    return {}


def _add_member(org: Org, request: Edit) -> Edit:
    group, user = _group(org, request), _made(org, request.get("user"))
    group.add(user.id)
    return {"id": user.id}


def _add_members(org: Org, request: Edit) -> Edit:
    group = _group(org, request)
    users = [_made(org, value) for value in need(request, "users", list)]
    for user in users:
        group.add(user.id)
    return {"user_ids": [user.id for user in users]}


def _remove_member(org: Org, request: Edit) -> Edit:
    group, user = _group(org, request), _user(org, request)
    group.members.pop(user.id, None)
    return {"id": user.id}


def _set_users_count(org: Org, request: Edit) -> Edit:
    group = _group(org, request)
    group.users_count = None if request.get("count") is None else need(request, "count", int)
    return {"id": group.id}


def _add_token(org: Org, request: Edit) -> Edit:
    org.credentials[secret_hash(need(request, "token", str))] = Credential(role=get(request, "role", bool, True))
    return {}


def _remove_token(org: Org, request: Edit) -> Edit:
    org.credentials.pop(secret_hash(need(request, "token", str)), None)
    return {}


def _add_access_token(org: Org, request: Edit) -> Edit:
    org.credentials[secret_hash(need(request, "token", str))] = Credential(
        [str(scope) for scope in get(request, "scopes", list, ["okta.groups.read"])],
        get(request, "role", bool, True),
        time.time() + 3600,
        None if request.get("requests") is None else need(request, "requests", int),
    )
    return {}


def _add_client(org: Org, request: Edit) -> Edit:
    client = Client(
        need(request, "client_id", str),
        need(request, "public_key", str),
        get(request, "key_id", str, ""),
        [str(scope) for scope in get(request, "scopes", list, ["okta.groups.read"])],
        get(request, "role", bool, True),
    )
    org.clients[client.id] = client
    return {}


def _expire_tokens(org: Org, request: Edit) -> Edit:
    expired = [each for each in org.credentials.values() if each.scopes is not None and each.expires != 0]
    for credential in expired:
        credential.expires = 0
    return {"expired": len(expired)}


OPERATIONS = {
    "set_group": (_set_group, f"name type id description {_MEMBERS}"),
    "add_group": (_add_group, f"name type id description {_MEMBERS}"),
    "rename_group": (_rename_group, "group name"),
    "delete_group": (_delete_group, "group"),
    "add_user": (_add_user, _USER),
    "add_users": (_add_users, "users count prefix domain"),
    "update_user": (_update_user, f"user {_USER.removesuffix(' id')}"),
    "remove_user": (_remove_user, "user"),
    "add_member": (_add_member, "group user"),
    "add_members": (_add_members, "group users"),
    "remove_member": (_remove_member, "group user"),
    "set_users_count": (_set_users_count, "group count"),
    "add_token": (_add_token, "token role"),
    "remove_token": (_remove_token, "token"),
    "add_access_token": (_add_access_token, "token scopes role requests"),
    "add_client": (_add_client, "client_id public_key key_id scopes role"),
    "expire_tokens": (_expire_tokens, ""),
}


def edit(org: Org, request: Edit) -> Edit:
    """Carry one edit out."""
    return run(OPERATIONS, org, request)
