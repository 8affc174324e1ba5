# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, what they may do, and what a handler gets."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from ..errors import ServiceError
from ..reads import Reads
from ..switches import Switches
from ..wire import Request
from . import errors
from .model import PERMISSIONS, Store, Team, Token, User, secret_hash

SERVER_ADMIN = "server admin"
_READER = frozenset({"teams:read"})


@dataclass(slots=True)
class Call:
    """One authorised call: ``user`` with basic authentication, else ``token``."""

    store: Store
    switches: Switches
    reads: Reads
    request: Request
    org: int
    user: User | None = None
    token: Token | None = None

    # -- permissions -------------------------------------------------------------------------------------------------

    def may(self, permission: str) -> bool:
        """Whether the caller has a permission in the organisation, perhaps for some users or teams only."""
        if self.token is not None:
            return permission in self.token.permissions
        assert self.user is not None
        if self.user.admin or self.user.roles.get(self.org) == "Admin":
            return permission in PERMISSIONS
        return permission in _READER

    def need(self, permission: str) -> None:
        """Refuse whoever lacks a permission; server admins are known by basic authentication alone [DOC admin]."""
        if permission == SERVER_ADMIN:
            if self.user is None and self.switches["grafana_token_admin_status"] == 401:
                raise errors.error(401)
            if self.user is None or not self.user.admin:
                raise errors.denied("users:read" if self.request.method == "GET" else "users:create")
        elif permission and not self.may(permission):
            raise errors.denied(permission)

    def sees_user(self, user: User) -> bool:
        """Whether lists show a user: org.users:read may be missing or narrow, and users may be hidden by the
        configuration, though not from server admins or themselves [SRC team/store.go, IsHiddenUser]."""
        if self.user is not None and (self.user.admin or self.user is user):
            return True
        if user.hidden or not self.may("org.users:read"):
            return False
        return self.token is None or self.token.users is None or user.id in self.token.users

    def sees_team(self, team: Team) -> bool:
        """Whether the caller may read a team; who is no admin sees the own ones."""
        if self.token is not None:
            return self.may("teams:read") and (self.token.teams is None or team.id in self.token.teams)
        assert self.user is not None
        return self.may("teams:write") or self.user.id in team.members

    # -- what the path and the body name -----------------------------------------------------------------------------

    def body(self) -> dict[str, Any]:
        """The body as an object."""
        return self.request.json_object()

    def text(self, body: dict[str, Any], name: str, default: str = "") -> str:
        """A text of the body; Go reads null as the zero value."""
        value = body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise errors.bad_request()
        return value

    def number(self, body: dict[str, Any], name: str) -> int:
        """A whole number of the body, 0 if it is not there."""
        value = body.get(name)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int):
            raise errors.bad_request()
        return value

    def team_id(self) -> int:
        """The number of the team in the path, whether or not there is one; a uid is resolved where that is done."""
        text = self.request.params["team"]
        if text.isascii() and text.isdecimal():
            return int(text)
        if self.switches["grafana_uid_as_id"] == "no" or self.switches["grafana_team_ids"] == "no_uid":
            raise errors.error(400, "teamId is invalid")
        for team in self.store.org_teams(self.org):
            if team.uid == text:
                return team.id
        raise errors.error(404)

    def team_or_none(self) -> Team | None:
        """The team in the path, if there is such a team that the caller may see."""
        team = self.store.teams.get(self.team_id())
        if team is None or team.org != self.org:
            return None
        if not self.sees_team(team):
            raise errors.denied("teams:read")
        return team

    def team(self) -> Team:
        """The team in the path, or the error."""
        team = self.team_or_none()
        if team is None:
            raise errors.error(404, "Team not found")
        return team

    def user_in_path(self) -> User | None:
        """The user in the path."""
        text = self.request.params["user"]
        if not (text.isascii() and text.isdecimal()):
            raise errors.error(400, "id is invalid")
        return self.store.users.get(int(text))

    def named(self, text: str) -> list[User]:
        """Users by login or e-mail; before version 11 the letter case counts."""
        return self.store.named(text, exact=self.switches["grafana_email_case"] == "as_given")


def basic(request: Request) -> tuple[str, str] | None:
    """User and password of basic authentication."""
    scheme, _space, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _colon, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def bearer(request: Request) -> str:
    """The token."""
    scheme, _space, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def authorise(store: Store, switches: Switches, reads: Reads, request: Request) -> Call:
    """Who calls, and in which organisation. Raises 401, or 400 for a header that is no organisation's number."""
    org_header = request.headers.get("x-grafana-org-id", "")
    if org_header and not (org_header.isascii() and org_header.isdecimal()):
        raise errors.error(400, "Invalid X-Grafana-Org-Id header")
    wanted = int(org_header or 0)
    credentials = basic(request)
    if credentials is not None:
        user = _with_password(store, switches, *credentials)
        org = wanted or min(user.roles, default=1)
        if org not in store.orgs or (org not in user.roles and not user.admin):
            raise errors.error(403)
        return Call(store, switches, reads, request, org, user=user)
    text = bearer(request)
    if not text:
        raise errors.error(401)
    token = store.tokens.get(secret_hash(text))
    if token is None or token.expired:
        raise errors.error(401, "Invalid API key", "api-key.invalid")
    if wanted and wanted != token.org:
        message = "API key does not belong to the requested organization"
        raise errors.error(401, message, "api-key.organization-mismatch")
    return Call(store, switches, reads, request, token.org, token=token)


def _with_password(store: Store, switches: Switches, login: str, password: str) -> User:
    failed: ServiceError = errors.error(401, "Invalid username or password", "password-auth.failed")
    hashed = secret_hash(password)
    for user in store.named(login, exact=switches["grafana_email_case"] == "as_given"):
        if user.password == hashed and not user.disabled and not user.service_account:
            return user
    raise failed
