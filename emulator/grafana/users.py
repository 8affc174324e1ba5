# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of the organisation and of the whole server [SRC api/org_users.go, admin_users.go; DOC org, user, admin]."""

from __future__ import annotations

import hashlib
from typing import Any

from ..service import Route
from . import errors
from .call import SERVER_ADMIN, Call
from .model import ROLES, User, new_uid, secret_hash

_STAMP = "2026-01-01T00:00:00Z"


def avatar(text: str) -> str:
    """Where a picture would be."""
    return f"/avatar/{hashlib.sha256(text.lower().encode()).hexdigest()[:32]}"


def positive(text: str | None, default: int) -> int:
    """A number of the query from 1 on, else the default."""
    return int(text) if text and text.isascii() and text.isdecimal() and int(text) else default


def _org_user(call: Call, user: User) -> dict[str, Any]:
    return {
        "orgId": call.org,
        "userId": user.id,
        "uid": user.uid,
        "email": user.email,
        "name": user.name,
        "avatarUrl": avatar(user.email or user.login),
        "login": user.login,
        "role": user.roles[call.org],
        "lastSeenAt": _STAMP,
        "created": _STAMP,
        "lastSeenAtAge": "10 years",
        "accessControl": None,
        "isDisabled": user.disabled,
        "authLabels": user.auth_labels,
        "isExternallySynced": False,
    }


def _in_org(call: Call) -> list[User]:
    """Users of the organisation that the caller sees and the query finds, never service accounts."""
    part = call.request.query.get("query", "").casefold()
    found = [
        user
        for user in call.store.users.values()
        if call.org in user.roles
        and not user.service_account
        and call.sees_user(user)
        and (not part or any(part in text.casefold() for text in (user.login, user.email, user.name)))
    ]
    found.sort(key=lambda user: (user.login, user.id))
    found = call.reads.entries(call.request.path, found)
    return found[: positive(call.request.query.get("limit"), len(found))]


def org_users(call: Call) -> list[dict[str, Any]]:
    """The users of the organisation, all of them when there is no limit."""
    return [_org_user(call, user) for user in _in_org(call)]


def org_lookup(call: Call) -> list[dict[str, Any]]:
    """The same with less in it: no e-mail."""
    return [
        {"userId": user.id, "uid": user.uid, "login": user.login, "avatarUrl": avatar(user.email or user.login)}
        for user in _in_org(call)
    ]


def _role(call: Call, body: dict[str, Any]) -> str:
    role = call.text(body, "role")
    if role not in ROLES:
        raise errors.error(400, "Invalid role specified")
    return role


def add_org_user(call: Call) -> dict[str, Any]:
    """Take a user of the server into the organisation."""
    body = call.body()
    role = _role(call, body)
    found = call.named(call.text(body, "loginOrEmail"))
    if not found:
        raise errors.error(404, "User not found")
    user = found[0]
    if call.org in user.roles:
        raise errors.error(409, "User is already member of this organization")
    user.roles[call.org] = role
    return {"message": "User added to organization", "userId": user.id}


def _org_member(call: Call) -> User:
    user = call.user_in_path()
    if user is None or call.org not in user.roles:
        raise errors.error(404, "User not found")
    return user


def update_org_user(call: Call) -> dict[str, Any]:
    """Another role."""
    role = _role(call, call.body())
    _org_member(call).roles[call.org] = role
    return {"message": "Organization user updated"}


def remove_org_user(call: Call) -> dict[str, Any]:
    """Out of the organisation, and so out of its teams."""
    call.store.leave_org(_org_member(call), call.org)
    return {"message": "User removed from organization"}


def organisation(call: Call) -> dict[str, Any]:
    """The organisation that the call is in."""
    return {"id": call.org, "name": call.store.orgs[call.org]}


def organisations(call: Call) -> list[dict[str, Any]]:
    """All organisations."""
    return [{"id": number, "name": name} for number, name in call.store.orgs.items()]


def signed_in(call: Call) -> dict[str, Any]:
    """Who calls; a token is no user."""
    if call.user is None:
        raise errors.error(404, "User not found")
    return {**_profile(call.user), "orgId": call.org}


def _profile(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "uid": user.uid,
        "email": user.email,
        "name": user.name,
        "login": user.login,
        "theme": "",
        "orgId": min(user.roles, default=0),
        "isGrafanaAdmin": user.admin,
        "isDisabled": user.disabled,
        "isExternal": bool(user.auth_labels),
        "authLabels": user.auth_labels,
        "updatedAt": _STAMP,
        "createdAt": _STAMP,
        "avatarUrl": avatar(user.email or user.login),
    }


def _people(call: Call) -> list[dict[str, Any]]:
    query = call.request.query
    part = query.get("query", "").casefold()
    size, page = positive(query.get("perpage"), 1000), positive(query.get("page"), 1)
    found = [
        _profile(user)
        for user in call.store.users.values()
        if not user.service_account and part in f"{user.login}\n{user.email}\n{user.name}".casefold()
    ]
    return found[(page - 1) * size : page * size]


def search_users(call: Call) -> dict[str, Any]:
    """All users of the server, as a page."""
    people = _people(call)
    total = sum(not user.service_account for user in call.store.users.values())
    query = call.request.query
    page, size = positive(query.get("page"), 1), positive(query.get("perpage"), 1000)
    return {"totalCount": total, "users": people, "page": page, "perPage": size}


def lookup(call: Call) -> dict[str, Any]:
    """A user by login or e-mail."""
    found = call.named(call.request.query.get("loginOrEmail", ""))
    if not found:
        raise errors.error(404, "user not found")
    return _profile(found[0])


def _user(call: Call) -> User:
    user = call.user_in_path()
    if user is None:
        raise errors.error(404, "user not found")
    return user


def load_user(call: Call) -> dict[str, Any]:
    """A user by id."""
    return _profile(_user(call))


def update_user(call: Call) -> dict[str, Any]:
    """Another login, e-mail or name."""
    user, body = _user(call), call.body()
    login, email = call.text(body, "login") or user.login, call.text(body, "email") or user.email
    login, email = stored(call, login), stored(call, email)
    if any(other is not user for name in (login, email) if name for other in call.named(name)):
        raise errors.error(409, "User with specified login or email already exists", "user.exists")
    call.store.rename_user(user, login, email)
    user.name = call.text(body, "name") or user.name
    return {"message": "User updated"}


def stored(call: Call, text: str) -> str:
    """A login or an e-mail as it is stored: in lower case since version 11."""
    return text.lower() if call.switches["grafana_email_case"] == "lower" else text


def create_user(call: Call) -> dict[str, Any]:
    """A new user, in the organisation that is asked for, else in the first one."""
    body = call.body()
    login, email = stored(call, call.text(body, "login")), stored(call, call.text(body, "email"))
    login = login or email
    password, org = call.text(body, "password"), call.number(body, "OrgId") or call.number(body, "orgId") or 1
    if not login:
        raise errors.error(400, "Validation error, need specify either username or email")
    if len(password) < 4:
        raise errors.error(400, "Password is missing or too short")
    if org not in call.store.orgs:
        raise errors.error(400, "Organization not found")
    if call.named(login) or (email and call.named(email)):
        raise errors.error(412, f"User with email '{email}' or username '{login}' already exists")
    store = call.store
    user = User(store.next_user, new_uid(), login, email, call.text(body, "name"), secret_hash(password))
    user.roles[org] = "Viewer"  # auto_assign_org_role
    store.add_user(user)
    return {"id": user.id, "uid": user.uid, "message": "User created"}


def delete_user(call: Call) -> dict[str, Any]:
    """Delete a user."""
    call.store.remove_user(_user(call))
    return {"message": "User deleted"}


def set_password(call: Call) -> dict[str, Any]:
    """Another password."""
    user, password = _user(call), call.text(call.body(), "password")
    if len(password) < 4:
        raise errors.error(400, "New password too short")
    user.password = secret_hash(password)
    return {"message": "User password updated"}


def set_permissions(call: Call) -> dict[str, Any]:
    """Make a user a server admin, or no more; one must remain."""
    user, wanted = _user(call), call.body().get("isGrafanaAdmin")
    if not isinstance(wanted, bool):
        raise errors.bad_request()
    if not wanted and user.admin and sum(each.admin for each in call.store.users.values()) == 1:
        raise errors.error(400, "Cannot remove last grafana admin")
    user.admin = wanted
    return {"message": "User permissions updated"}


def disable_user(call: Call) -> dict[str, Any]:
    """Lock a user out."""
    _user(call).disabled = True
    return {"message": "User disabled"}


def enable_user(call: Call) -> dict[str, Any]:
    """Let a user in again."""
    _user(call).disabled = False
    return {"message": "User enabled"}


def health(call: Call) -> dict[str, Any]:
    """Whether it runs."""
    return HEALTH_BODY


HEALTH = "/api/health"
HEALTH_BODY = {"commit": "emulated", "database": "ok", "version": "12.0.0"}
_ADMIN = "/api/admin/users"
ROUTES = (
    Route("GET", HEALTH, health, "read", ""),
    Route("GET", "/api/org", organisation, "read", ""),
    Route("GET", "/api/user", signed_in, "read", ""),
    Route("GET", "/api/org/users", org_users, "read", "org.users:read"),
    Route("GET", "/api/org/users/lookup", org_lookup, "read", ""),
    Route("POST", "/api/org/users", add_org_user, "write", "org.users:add"),
    Route("PATCH", "/api/org/users/{user}", update_org_user, "write", "org.users:write"),
    Route("DELETE", "/api/org/users/{user}", remove_org_user, "write", "org.users:remove"),
    Route("GET", "/api/orgs", organisations, "read", SERVER_ADMIN),
    Route("GET", "/api/users", _people, "read", SERVER_ADMIN),
    Route("GET", "/api/users/search", search_users, "read", SERVER_ADMIN),
    Route("GET", "/api/users/lookup", lookup, "read", SERVER_ADMIN),
    Route("GET", "/api/users/{user}", load_user, "read", SERVER_ADMIN),
    Route("PUT", "/api/users/{user}", update_user, "write", SERVER_ADMIN),
    Route("POST", _ADMIN, create_user, "write", SERVER_ADMIN),
    Route("DELETE", f"{_ADMIN}/{{user}}", delete_user, "write", SERVER_ADMIN),
    Route("PUT", f"{_ADMIN}/{{user}}/password", set_password, "write", SERVER_ADMIN),
    Route("PUT", f"{_ADMIN}/{{user}}/permissions", set_permissions, "write", SERVER_ADMIN),
    Route("POST", f"{_ADMIN}/{{user}}/disable", disable_user, "write", SERVER_ADMIN),
    Route("POST", f"{_ADMIN}/{{user}}/enable", enable_user, "write", SERVER_ADMIN),
)
