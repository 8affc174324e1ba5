# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated service: routes, authorisation, errors, state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ..errors import MalformedRequest, ServiceError
from ..reads import Reads
from ..service import Kind, RouteTable
from ..switches import Switches
from ..wire import Reply, Request
from . import edits, errors, teams, users
from .call import authorise, basic, bearer
from .model import ADMIN, Member, Store, Team, Token, User, new_uid, secret_hash

_ROUTES = (*teams.ROUTES, *users.ROUTES)


class GrafanaService:
    """See ``emulator.service.Service``."""

    name = "grafana"

    def __init__(
        self,
        token: str,
        user: str,
        password: str,
        switches: Switches,
        reads: Reads | None = None,
        sample: bool = False,
    ) -> None:
        self.switches = switches
        self.reads = reads or Reads()
        self._token = token
        self._user = user
        self._password = password
        self._sample = sample
        self._table = RouteTable(_ROUTES)
        self._words = " ".join(route.path for route in _ROUTES)
        self.store = Store()
        self.reset()

    # -- requests ----------------------------------------------------------------------------------------------------

    def owns(self, path: str) -> bool:
        """Grafana's API; what begins like Okta's is asked for there first."""
        return path.startswith("/api/")

    def kind_of(self, request: Request) -> Kind:
        """By meaning; for an unknown path by method."""
        route, _params, _known = self._table.find(request.method, request.path)
        if route is not None:
            return route.kind
        return "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"

    def project_of(self, request: Request) -> str:
        """Nothing: the organisation shows in the path of no call."""
        return ""

    def secrets(self) -> Iterable[str]:
        """What was given at start."""
        return self._maskable([self._token, self._password])

    def secrets_in(self, request: Request) -> Iterable[str]:
        """The token, or the password and the two together as they were sent."""
        found = [bearer(request)]
        credentials = basic(request)
        if credentials is not None:
            found += [credentials[1], request.headers["authorization"].partition(" ")[2]]
        return self._maskable(found)

    def _maskable(self, secrets: Iterable[str]) -> list[str]:
        """A password such as admin is a word of the paths: to mask it would tell more than it hides."""
        return [secret for secret in secrets if secret and secret not in self._words]

    def handle(self, request: Request) -> Reply:
        """Route, authorise, call the handler, shape the reply."""
        route, request.params, _known = self._table.find(request.method, request.path)
        try:
            if route is None:
                raise errors.error(404)
            if request.path == users.HEALTH:  # for everybody
                return Reply.json(users.HEALTH_BODY)
            call = authorise(self.store, self.switches, self.reads, request)
            call.need(route.scope)
            if route.kind == "read" and self.reads.forbidden(request.path):
                raise errors.denied(route.scope or "org.users:read")
            return Reply.json(route.handler(call))
        except ServiceError as problem:
            return Reply.json(errors.body(problem), problem.status)
        except MalformedRequest:
            return Reply.json(errors.body(errors.bad_request()), 400)

    def error_reply(self, status: int, code: str = "", retry_after: int | None = None) -> Reply:
        """An error of that status; Grafana itself has no rate limit, what stands before it may have one."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Reply.json(errors.body(errors.error(status, message_id=code)), status, headers)

    # -- state and control -------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The first organisation with its admin and the token given at start, and the sample if it is wanted."""
        self.store = Store()
        admin = User(1, new_uid(), self._user, "admin@localhost", "Grafana Admin", admin=True, roles={1: "Admin"})
        self.store.add_user(admin)
        self._credentials()
        if self._sample:
            _fill_sample(self.store)

    def _credentials(self) -> None:
        self.store.users[1].password = secret_hash(self._password)
        self.store.tokens[secret_hash(self._token)] = Token()

    def dump(self) -> Any:
        """Everything."""
        return self.store.dump()

    def load(self, data: Any) -> None:
        """Take over what was saved; token and password given at start win."""
        self.store = Store.load(data)
        admin = self.store.users.get(1)
        if admin is None:
            raise ValueError("there is no user 1")
        self.store.rename_user(admin, self._user, admin.email)
        self._credentials()

    def state(self, part: str = "") -> dict[str, Any]:
        """Organisations by number, users by login, and the list of teams."""
        store = self.store
        orgs = {
            str(number): {
                "id": number,
                "name": name,
                "roles": {user.login: user.roles[number] for user in store.users.values() if number in user.roles},
            }
            for number, name in store.orgs.items()
        }
        people = {}
        for user in store.users.values():
            people[user.login] = {name: value for name, value in asdict(user).items() if name != "password"}
            people[user.login]["roles"] = {str(org): role for org, role in user.roles.items()}
        ordered = sorted(store.teams.values(), key=lambda team: (team.org, team.name, team.id))
        return {"orgs": orgs, "users": people, "teams": [_show(store, team) for team in ordered]}

    def edit(self, request: dict[str, Any]) -> dict[str, Any]:
        """See ``edits``."""
        return edits.edit(self.store, request, self.switches)


def _show(store: Store, team: Team) -> dict[str, Any]:
    people = [(store.users[user_id], member) for user_id, member in team.members.items()]

    def name(user: User) -> str:
        return user.email or user.login

    return {
        "id": team.id,
        "uid": team.uid,
        "org": team.org,
        "name": team.name,
        "email": team.email,
        "provisioned": team.provisioned,
        "members": sorted(name(u) for u, m in people if m.permission != ADMIN and not u.service_account),
        "admins": sorted(name(u) for u, m in people if m.permission == ADMIN and not u.service_account),
        "external": {name(u): m.labels for u, m in people if m.labels},
        "service_accounts": sorted(u.login for u, _member in people if u.service_account),
    }


def _fill_sample(store: Store) -> None:
    """Something to look at: the people of Okta's sample, and one more."""
    for name in ("ana", "bob", "carol", "eve", "frank"):
        email = f"{name}@example.com"
        user = User(store.next_user, new_uid(), email, email, f"{name.capitalize()} Example", roles={1: "Viewer"})
        store.add_user(user)
    team = Team(1, new_uid(), 1, "Engineering")
    team.members = {user.id: Member() for name in ("ana", "eve") for user in store.named(f"{name}@example.com")}
    store.add_team(team)
    store.add_team(Team(2, new_uid(), 1, "SRE"))
