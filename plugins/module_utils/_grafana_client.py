# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The HTTP API of Grafana: the options of the connection, and the few calls that teams need.

Teams are addressed by uid where they have one, else by number. Neither works on every version (contract 2.2), so
where a server refuses one of them the other one is tried, and then kept to.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import secrets
import typing as t

from ansible.module_utils.basic import env_fallback

from ansible_collections.pcc.identity.plugins.module_utils._connection import check_transport
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._http import (
    Endpoint,
    Policy,
    Session,
    basic_forms,
    check_url,
    segment,
)
from ansible_collections.pcc.identity.plugins.module_utils._http_retry import jittered
from ansible_collections.pcc.identity.plugins.module_utils._run import GetOption, Service, connected
from ansible_collections.pcc.identity.plugins.module_utils._surely import send_surely
from ansible_collections.pcc.identity.plugins.module_utils._team_model import (
    UNKNOWN,
    Elsewhere,
    Member,
    Team,
    User,
    Users,
    key_of,
    unexpected,
)

#: Documented, with the same defaults and environment fallbacks, in plugins/doc_fragments/grafana.py.
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "grafana_url": {"type": "str", "aliases": ["url"], "fallback": (env_fallback, ["GRAFANA_URL"])},
    "grafana_token": {
        "type": "str",
        "no_log": True,
        "aliases": ["grafana_api_key"],
        "fallback": (env_fallback, ["GRAFANA_TOKEN"]),
    },
    "url_username": {"type": "str", "aliases": ["grafana_user"], "fallback": (env_fallback, ["GRAFANA_USER"])},
    "url_password": {
        "type": "str",
        "no_log": True,
        "aliases": ["grafana_password"],
        "fallback": (env_fallback, ["GRAFANA_PASSWORD"]),
    },
    "org_id": {"type": "int", "fallback": (env_fallback, ["GRAFANA_ORG_ID"])},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 60.0},
    "retries": {"type": "int", "default": 5},
    "retry_max_wait": {"type": "float", "default": 120.0},
    "concurrency": {"type": "int", "default": 4},
}

CREDENTIALS_HINT = (
    "Make a service account token in Grafana under Administration > Service accounts, and give it as grafana_token or "
    "in GRAFANA_TOKEN; or give url_username and url_password (GRAFANA_USER, GRAFANA_PASSWORD)."
)

_HINTS = {
    "unauthorized": f"The token or password is wrong, expired or of another Grafana. {CREDENTIALS_HINT}",
}

#: As the default, and what the content networks in front of Grafana answer. 429 is a refusal before anything was done.
_POLICY = Policy(statuses=frozenset({429, 500, 502, 503, 504, *range(520, 528), 530}))

#: Rows per page of a search. By exact name there is one at the most.
_PER_PAGE = 1000

#: Statuses that a server answers which does not know this way to address a team (contract 2.2).
_OTHER_ADDRESS = (400, 404)

#: The lowest role. Whoever is taken into the organisation gets this one; no role is ever changed (D24).
_ROLE = "Viewer"


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where and how to talk to one organisation of a Grafana. Secrets never show in C(repr).

    Attributes:
        token: of a service account, or empty with basic authentication.
        user: for basic authentication, or empty with a token.
        org_id: the organisation, None for the one of the credentials.
        timeout: seconds for one request.
        retries: how often a request is tried again.
        retry_max_wait: seconds that all waits together may take.
        concurrency: teams that are worked on side by side.
    """

    url: str
    token: str = dataclasses.field(repr=False)
    user: str
    password: str = dataclasses.field(repr=False)
    org_id: int | None
    validate_certs: bool
    ca_path: str | None
    timeout: float
    retries: int
    retry_max_wait: float
    concurrency: int

    @classmethod
    def from_options(cls, get_option: GetOption) -> Connection:
        """Build a connection from named options.

        Raises:
            Problems: with every missing or malformed option.
        """
        options = {name: get_option(name) for name in ARGUMENT_SPEC}
        problems = [Problem("", name, text) for name, text in _check(options)]
        if problems:
            raise Problems(problems, code="invalid_option")
        return cls(
            url=options["grafana_url"].rstrip("/"),
            token=options["grafana_token"] or "",
            user=options["url_username"] or "",
            password=options["url_password"] or "",
            **{name: options[name] for name in list(ARGUMENT_SPEC)[4:]},
        )

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        if self.token:
            credentials = f"Bearer {self.token}"
        else:
            credentials = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        # As a header, since POST /api/user/using changes the user's state even for reads (contract 2.1).
        return {
            "Authorization": credentials,
            **({"X-Grafana-Org-Id": str(self.org_id)} if self.org_id is not None else {}),
        }


def _check(options: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    if not options["grafana_url"]:
        yield "grafana_url", "is missing: give it, or set GRAFANA_URL."
    else:
        yield from check_url(
            "grafana_url", options["grafana_url"], options["validate_certs"], "https://grafana.example.com"
        )
    token, user, password = (options[name] or "" for name in ("grafana_token", "url_username", "url_password"))
    if token and (user or password):
        yield "grafana_token", "is given next to url_username or url_password (in the environment, too): give one kind."
    elif not token and not (user and password):
        missing = "url_password" if user else "url_username" if password else "grafana_token"
        yield missing, f"is missing. {CREDENTIALS_HINT}"
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        yield "grafana_token", "is malformed: a token has no spaces, line ends or accents."
    if ":" in user or not user.isprintable():
        yield "url_username", "is malformed: it has no colons or line ends."
    if options["org_id"] is not None and options["org_id"] < 1:
        yield "org_id", f"{options['org_id']} is out of range: give the number of an organisation, from 1."
    yield from check_transport(
        options, timeout=(0.1, 3600), retries=(0, 20), retry_max_wait=(0, 86_400), concurrency=(1, 64)
    )


class GrafanaSession(Session):
    """A session that can also wait between the tries of a write that was read back."""

    def pause(self, attempt: int) -> None:
        """Wait before try number C(attempt) + 1.

        Raises:
            ServiceError: there is no time left for that.
        """
        seconds = jittered(attempt)
        if not self._patience.allows(seconds, everyone=False):
            raise ServiceError(
                "unavailable",
                "Grafana is failing, and the time for trying again is used up.",
                "Run again later, or raise retry_max_wait.",
            )
        self._patience.wait(seconds)


class Grafana:
    """One organisation of a Grafana. Thread-safe."""

    def __init__(self, connection: Connection, session: GrafanaSession | None = None) -> None:
        self.connection = connection
        self.session = session or GrafanaSession(
            Endpoint(
                connection.url,
                "Grafana",
                "grafana_url (GRAFANA_URL)",
                connection.timeout,
                connection.validate_certs,
                connection.ca_path,
            ),
            authorize=lambda: connection.headers,
            secrets=[connection.password, *basic_forms(connection.user, connection.password)]
            if connection.password
            else [connection.token],
            hints=_HINTS,
            policy=_POLICY,
            retries=connection.retries,
            retry_max_wait=connection.retry_max_wait,
        )
        self._by_number = False
        self._known: dict[str, str] = {}
        #: The organisation's number, once its users were read.
        self.org_id = connection.org_id

    # -- reading -------------------------------------------------------------------------------------------------------

    def users(self) -> Users:
        """Return the users of the organisation.

        Raises:
            ServiceError: they cannot be read, or there are none, which cannot be (D14).
        """
        with needing("org.users:read on users:*", "that every user of the organisation can be seen"):
            rows = self.session.get("/api/org/users", expect=list).data
        users = [User.from_wire(row) for row in rows]
        if not users:
            raise ServiceError(
                "forbidden",
                "GET /api/org/users: Grafana shows no user at all of the organisation.",
                "Give the service account the permission org.users:read on users:* (the role Admin has it).",
            )
        numbers = {row.get("orgId") for row in rows}
        if self.org_id is None and len(numbers) == 1:
            number = numbers.pop()
            self.org_id = number if isinstance(number, int) else None
        return Users(users)

    def teams_named(self, name: str) -> list[Team]:
        """Return the teams that Grafana finds by a name, which may be none of them in another letter case."""
        return self._search({"name": name})

    def teams_like(self, name: str) -> list[Team]:
        """Return the teams whose names hold a text, whatever the letter case."""
        return self._search({"query": name})

    def _search(self, query: dict[str, str]) -> list[Team]:
        found: list[Team] = []
        page = 0
        while True:
            page += 1
            with needing("teams:read on teams:*", "that every team can be found"):
                data = self.session.get(
                    "/api/teams/search", {**query, "page": page, "perpage": _PER_PAGE}, expect=dict
                ).data
            rows = data.get("teams")
            if not isinstance(rows, list):
                raise unexpected("teams")
            found += [Team.from_wire(row) for row in rows]
            total = data.get("totalCount")
            if not rows or not isinstance(total, int) or len(found) >= total:
                return list({team.key: team for team in found}.values())

    def team_by_uid(self, uid: str) -> Team | None:
        """Return the team with a uid, or with a number where that is given; None if there is none.

        Versions that do not take a uid in addresses (contract 2.2) are asked for all teams.
        """
        with needing("teams:read on teams:*", "that every team can be found"):
            reply = self.session.get(f"/api/teams/{segment(uid)}", accept=_OTHER_ADDRESS)
        if reply.status == 200:
            team = Team.from_wire(reply.data)
            if team.uid == uid or (uid.isdecimal() and str(team.id) == uid):
                return team
            raise unexpected(f"the team '{uid}' that was asked for")
        found = next((team for team in self._search({}) if team.uid == uid), None)
        if found is None or found.id:
            return found
        # A search by name also tells the number, by which alone such a server may know the team (contract 2.1).
        return next((team for team in self.teams_named(found.name) if team.uid == uid), found)

    def members(self, team: Team) -> tuple[Member, ...]:
        """Return the members of a team.

        Raises:
            ServiceError: they cannot be read, or they are those of another team.
        """
        with needing("teams.permissions:read", "that the members of this team can be seen"):
            rows = self._ask(team, "/members")
        if not isinstance(rows, list):
            raise unexpected("the members of a team")
        members = tuple(Member.from_wire(row) for row in rows)
        for row in rows:
            if team.uid and row.get("teamUID") not in (None, "", team.uid):
                raise unexpected(f"the members of the team '{team.name}' that were asked for")
        return members

    def elsewhere(self, text: str, fields: t.Collection[str]) -> Elsewhere:
        """Return what is known of a wanted member whom the organisation lacks.

        Only basic authentication of a server admin may look (contract 2.1).
        """
        reply = self.session.get("/api/users/lookup", {"loginOrEmail": text}, accept=(401, 403, 404))
        if reply.status == 404:
            return Elsewhere("nobody")
        if reply.status != 200:
            return UNKNOWN
        user = User.from_wire(reply.data, id_field="id")
        return Elsewhere("user" if key_of(text) in user.keys(fields) else "taken", user)

    # -- writing -------------------------------------------------------------------------------------------------------

    def create_team(self, name: str, email: str = "") -> None:
        """Create a team once. A L(ServiceError) with code C(conflict) says that there is one of that name."""
        with needing("teams:create", "that the team can be created"):
            self.session.post("/api/teams", {"name": name, **({"email": email} if email else {})})

    def update_team(self, team: Team, email: str) -> None:
        """Change the e-mail of a team. Its name is sent along, since Grafana wants it."""
        with needing("teams:write", "that the team can be changed"):
            self.session.put(self._address(team), {"name": team.name, "email": email})

    def delete_team(self, team: Team) -> None:
        """Delete a team."""
        with needing("teams:delete", "that the team can be deleted"):
            self.session.delete(self._address(team))

    def add_member(self, team: Team, user_id: int) -> None:
        """Add a user to a team, as an ordinary member."""
        with needing("teams.permissions:write", "that members can be added and removed"):
            self.session.post(f"{self._address(team)}/members", {"userId": user_id})

    def remove_member(self, team: Team, user_id: int) -> None:
        """Remove a member from a team."""
        with needing("teams.permissions:write", "that members can be added and removed"):
            self.session.delete(f"{self._address(team)}/members/{user_id}")

    def add_to_org(self, text: str) -> None:
        """Take a user of this Grafana into the organisation, with the lowest role."""
        with needing("org.users:add", "that users can be added to the organisation"):
            self.session.post("/api/org/users", {"loginOrEmail": text, "role": _ROLE})

    def create_user(self, email: str) -> None:
        """Create a user of the organisation with a password that nobody knows."""
        password = secrets.token_urlsafe(32)
        self.session.hide(password)
        body = {"name": email, "email": email, "login": email, "password": password}
        with needing("users:create (basic authentication of a server admin)", "that users can be created"):
            self.session.post("/api/admin/users", {**body, **({"OrgId": self.org_id} if self.org_id else {})})

    def surely(self, send: t.Callable[[], object], took_effect: t.Callable[[], bool]) -> None:
        """Send a write until it took effect or surely failed; raises as L(_surely.send_surely) does."""
        send_surely(send, took_effect, tries=self.connection.retries + 1, pause=self.session.pause)

    # ------------------------------------------------------------------------------------------------------------------

    def _paths(self, team: Team) -> list[str]:
        """Return the addresses that a team may have, the likelier one first."""
        known = self._known.get(team.key)
        if known:
            return [known]
        keys = [segment(team.uid)] if team.uid else []
        keys += [str(team.id)] if team.id else []
        return [f"/api/teams/{key}" for key in (reversed(keys) if self._by_number else keys)]

    def _ask(self, team: Team, rest: str) -> t.Any:
        """Return what a GET about a team answers, and remember the address that worked."""
        *others, last = self._paths(team)
        for path in others:
            reply = self.session.get(f"{path}{rest}", accept=_OTHER_ADDRESS)
            if reply.status not in _OTHER_ADDRESS:
                self._known[team.key] = path
                return reply.data
        data = self.session.get(f"{last}{rest}").data
        if others:
            self._by_number = last == f"/api/teams/{team.id}"
        self._known[team.key] = last
        return data

    def _address(self, team: Team) -> str:
        """Return the address for writes about a team, whose replies would not tell a wrong address."""
        if team.key not in self._known:
            self._ask(team, "")
        return self._known[team.key]


@contextlib.contextmanager
def needing(permission: str, purpose: str) -> t.Iterator[None]:
    """Let a refusal for lack of permission name the one that is needed."""
    try:
        yield
    except ServiceError as error:
        if error.code == "forbidden":
            error.hint = f"Give the service account the permission {permission}, so {purpose}."
        raise


def _secrets(client: Grafana) -> set[str]:
    return client.session.secrets


GRAFANA = Service(
    ARGUMENT_SPEC,
    lambda get_option, problems: connected(lambda: Grafana(Connection.from_options(get_option)), problems),
    addresses=("grafana_url",),
    secrets=_secrets,
)
