# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated service: routes, authorisation, errors, state."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from typing import Any

from ..errors import OptionError, ServiceError
from ..reads import Reads
from ..service import Kind, Route, RouteTable
from ..switches import Switches
from ..wire import Reply, Request
from . import edits, errors, pages, searches, tokens
from .buckets import Buckets
from .model import Credential, Group, Org, User, everyone, fill_sample, now, secret_hash

_PREFIXES = ("/api/v1/", "/oauth2/")
_GROUPS_LIMIT = 10_000  # default and maximum for groups [OAS listGroups]
_MEMBERS_LIMIT = 1000  # default for members [OAS listGroupUsers]


class OktaService:
    """See ``emulator.service.Service``."""

    name = "okta"

    def __init__(self, token: str, switches: Switches, reads: Reads | None = None, sample: bool = False) -> None:
        self.switches = switches
        self.reads = reads or Reads()
        self.buckets = Buckets(switches)
        self._token = token
        self._sample = sample
        self._assertions: dict[str, float] = {}
        self._table = RouteTable(
            [
                Route("GET", "/api/v1/groups", self._list_groups, "read", "okta.groups.read"),
                Route("GET", "/api/v1/groups/{group}", self._get_group, "read", "okta.groups.read"),
                Route("GET", "/api/v1/groups/{group}/users", self._list_members, "read", "okta.groups.read"),
                Route("GET", "/api/v1/users/{user}", self._get_user, "read", "okta.users.read"),
                # It changes nothing that is managed.
                Route("POST", tokens.PATH, self._issue, "read", ""),
            ]
        )
        self.org = Org()
        self.reset()

    # -- requests ----------------------------------------------------------------------------------------------------

    def owns(self, path: str) -> bool:
        """Okta's management API and its authorisation server."""
        return path.startswith(_PREFIXES)

    def kind_of(self, request: Request) -> Kind:
        """By meaning; for an unknown path by method."""
        route, _params, _known = self._table.find(request.method, request.path)
        if route is not None:
            return route.kind
        return "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"

    def project_of(self, request: Request) -> str:
        """There is one organisation."""
        return ""

    def secrets(self) -> Iterable[str]:
        """The token given at start."""
        return [self._token]

    def secrets_in(self, request: Request) -> Iterable[str]:
        """The token, and the assertion of a service app."""
        token = request.headers.get("authorization", "").partition(" ")[2].strip()
        found = [token] if token else []
        if request.path == tokens.PATH:
            found += [value for name, value in tokens.form_of(request).items() if name == "client_assertion"]
        return found

    def handle(self, request: Request) -> Reply:
        """Count, authorise, call the handler."""
        allowed, headers = self.buckets.take(_bucket(request.path))
        try:
            if not allowed:
                raise errors.error(429)
            reply = self._handle(request)
        except ServiceError as problem:
            reply = Reply.json(errors.body(problem, self.switches), problem.status)
        except tokens.Refusal as refusal:
            reply = refusal.reply
        reply.headers = {**headers, **reply.headers}
        return reply

    def _handle(self, request: Request) -> Reply:
        route, request.params, known = self._table.find(request.method, request.path)
        if route is None:
            raise errors.error(405) if known else errors.error(404, about=f"{request.path} (Resource)")
        if route.scope:
            refusal = self._refusal(route, request)
            if refusal is not None:
                return refusal
            if self.reads.forbidden(request.path):
                raise errors.error(403)
        reply: Reply = route.handler(request)
        return reply

    def _refusal(self, route: Route, request: Request) -> Reply | None:
        """The reply to a request that its credential does not allow, else None."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        credential = self.org.credentials.get(secret_hash(token.strip())) if token.strip() else None
        bearer = scheme.lower() == "bearer"
        if credential is not None and bearer != (credential.scopes is not None):
            credential = None
        if credential is None or not self._use(credential):
            return self._bad_token(bearer)
        lacking = credential.scopes is not None and route.scope not in credential.scopes
        if not lacking and credential.role:
            return None
        reply = Reply.json(errors.body(errors.error(403), self.switches), 403)
        if lacking:
            text = "The access token provided does not contain the required scopes."
            reply.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", error_description="{text}"'
        return reply

    def _use(self, credential: Credential) -> bool:
        """Count a request against an access token; False if it is good no more."""
        if credential.expires is not None and time.time() >= credential.expires:
            return False
        if credential.requests is not None:
            if not credential.requests:
                return False
            credential.requests -= 1
        return True

    def _bad_token(self, bearer: bool) -> Reply:
        reply = Reply.json(errors.body(errors.error(401), self.switches), 401)
        if bearer:
            if self.switches["okta_expired_body"] == "empty":
                reply.body = b""
            text = "The access token is invalid."
            reply.headers["WWW-Authenticate"] = f'Bearer error="invalid_token", error_description="{text}"'
        return reply

    def error_reply(self, status: int, code: str = "", retry_after: int | None = None) -> Reply:
        """An error of that status; a 429 says with X-Rate-Limit-Reset when to come again."""
        reply = Reply.json(errors.body(errors.error(status, code), self.switches), status)
        limit = int(self.switches["okta_rate_limit"])
        if status == 429:
            reply.headers = self.buckets.refused(1 if retry_after is None else retry_after)
        else:
            reply.headers = self.buckets.headers(limit, limit - 1, self.buckets.now() + 60)
            if retry_after is not None:
                reply.headers["Retry-After"] = str(retry_after)
        return reply

    # -- handlers ----------------------------------------------------------------------------------------------------

    def _issue(self, request: Request) -> Reply:
        return tokens.issue(self.org, self.switches, request, self._assertions)

    def _list_groups(self, request: Request) -> Reply:
        query = request.query
        stats = "stats" in query.get("expand", "").split(",")
        groups = list(enumerate(self.org.groups.values(), 1))
        if "q" in query:
            # Starts-with, one page that ends at the cap and says nothing of the others [OAS listGroups, DOC].
            start = query["q"].casefold()
            cap = int(self.switches["okta_q_cap"])
            limit = min(pages.limit_of(request, cap, _GROUPS_LIMIT), cap)
            found = [pair for pair in groups if pair[1].name.casefold().startswith(start)]
            page = self.reads.entries(request.path, found)[:limit]
            shown = [(number, self.show_group(group, stats)) for number, group in page]
            return pages.reply(request, self.switches, shown, limit=-1, more=False)
        if "search" in query:
            test = searches.parse(query["search"])
            latest = now() - float(self.switches["okta_search_lag"])
            groups = [pair for pair in groups if pair[1].born <= latest and test(pair[1])]
        if "filter" in query:
            narrow = searches.parse(query["filter"], only_filter=True)
            groups = [pair for pair in groups if narrow(pair[1])]
        limit = pages.limit_of(request, _GROUPS_LIMIT, _GROUPS_LIMIT)
        start_after = pages.after(request)
        rest = [pair for pair in self.reads.entries(request.path, groups) if pair[0] > start_after]
        shown = [(number, self.show_group(group, stats)) for number, group in rest[:limit]]
        return pages.reply(request, self.switches, shown, limit, more=len(rest) > limit)

    def _group(self, request: Request) -> Group:
        group = self.org.groups.get(request.params["group"])
        if group is None:
            raise errors.error(404, about=f"{request.params['group']} (UserGroup)")
        return group

    def _get_group(self, request: Request) -> Reply:
        stats = "stats" in request.query.get("expand", "").split(",") and self.switches["okta_expand_by_id"] == "yes"
        return Reply.json(self.show_group(self._group(request), stats))

    def _list_members(self, request: Request) -> Reply:
        group = self._group(request)
        limit = pages.limit_of(request, _MEMBERS_LIMIT, int(self.switches["okta_max_limit"]))
        start_after = pages.after(request)
        members = self.reads.entries(request.path, list(self.org.members(group)))
        rest = (pair for pair in members if pair[0] > start_after)
        page = list(islice(rest, limit + 1))
        shown = [(number, self.show_user(user)) for number, user in page[:limit]]
        return pages.reply(request, self.switches, shown, limit, more=len(page) > limit)

    def _get_user(self, request: Request) -> Reply:
        name = request.params["user"]
        user = self.org.users.get(name) or self.org.with_login(name)
        if user is None:
            raise errors.error(404, about=f"{name} (User)")
        return Reply.json(self.show_user(user))

    # -- how things are shown ----------------------------------------------------------------------------------------

    def count(self, group: Group) -> int:
        """usersCount, as the switches and edits have it."""
        if group.users_count is not None:
            return group.users_count
        skip = "DEPROVISIONED" if self.switches["okta_users_count"] == "without_deprovisioned" else ""
        return sum(user.status != skip for _number, user in self.org.members(group))

    def show_group(self, group: Group, stats: bool) -> dict[str, Any]:
        """A group as the API has it [OAS Group]."""
        profile = {"name": group.name, "description": group.description or None}
        if self.switches["okta_null_properties"] == "omit":
            profile = {name: text for name, text in profile.items() if text is not None}
        value: dict[str, Any] = {
            "id": group.id,
            "created": group.created,
            "lastUpdated": group.created,
            "lastMembershipUpdated": group.created,
            "objectClass": ["okta:windows_security_principal" if group.type == "APP_GROUP" else "okta:user_group"],
            "type": group.type,
            "profile": profile,
        }
        if stats:
            counts: dict[str, Any] = {"appsCount": 0, "groupPushMappingsCount": 0, "hasAdminPrivilege": False}
            if self.switches["okta_users_count"] != "absent":
                counts["usersCount"] = self.count(group)
            value["_embedded"] = {"stats": counts}
        return value

    def show_user(self, user: User) -> dict[str, Any]:
        """A user as the API has it [OAS User]. Properties without a value may be left out [DOC core-okta-api]."""
        profile: dict[str, Any] = {
            "login": user.login,
            "email": user.email,
            "secondEmail": None,
            "firstName": user.first_name or None,
            "lastName": user.last_name or None,
        }
        value: dict[str, Any] = {
            "id": user.id,
            "status": user.status,
            "created": user.created,
            "activated": None,
            "statusChanged": user.created,
            "lastLogin": None,
            "lastUpdated": user.created,
            "transitioningToStatus": user.transitioning_to_status,
            "type": {"id": "oty1emulated0000000"},
        }
        if self.switches["okta_null_properties"] == "omit":
            profile = {name: entry for name, entry in profile.items() if entry is not None}
            value = {name: entry for name, entry in value.items() if entry is not None}
        value["profile"] = profile
        return value

    # -- state and control -------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The group Everyone, the token given at start, and the sample if it is wanted."""
        self.org = Org()
        self._assertions.clear()
        group = everyone()
        self.org.groups[group.id] = group
        self.org.credentials[secret_hash(self._token)] = Credential()
        if self._sample:
            fill_sample(self.org)

    def dump(self) -> Any:
        """Everything."""
        return self.org.dump()

    def load(self, data: Any) -> None:
        """Take over what was saved; the token given at start is good as well."""
        self.org = Org.load(data)
        self.org.credentials[secret_hash(self._token)] = Credential()

    def state(self, part: str = "") -> dict[str, Any]:
        """Groups and users by their ids."""
        groups = {
            group.id: {
                "id": group.id,
                "name": group.name,
                "type": group.type,
                "description": group.description,
                "members": [user.id for _number, user in self.org.members(group)],
                "users_count": self.count(group),
            }
            for group in self.org.groups.values()
        }
        return {"groups": groups, "users": {user.id: asdict(user) for user in self.org.users.values()}}

    def edit(self, request: dict[str, Any]) -> dict[str, Any]:
        """See ``edits``."""
        try:
            return edits.edit(self.org, request)
        except ServiceError as error:
            raise OptionError(str(error)) from None


def _bucket(path: str) -> str:
    if path.startswith("/oauth2/"):
        return "oauth"
    return "groups" if path.startswith("/api/v1/groups") else "others"
