# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teams and their members [SRC teamapi/team.go, teamapi/team_members.go, teamimpl/store.go; DOC team]."""

from __future__ import annotations

from typing import Any

from ..service import Route
from . import errors
from .call import Call
from .model import ADMIN, MEMBER, Member, Team, User, new_uid
from .users import avatar, positive

_PROVISIONED = "Team memberships cannot be updated for provisioned teams"
_LAST_ADMIN = "Not allowed to remove last admin"


def show(call: Call, team: Team, by_name: bool = True) -> dict[str, Any]:
    """A team as the API has it; memberCount has service accounts in it, which lists leave out [SRC store.go]."""
    ids = call.switches["grafana_team_ids"]
    members = (call.store.users[user_id] for user_id in team.members)
    own = team.members.get(call.user.id) if call.user is not None else None
    value = {
        "id": 0 if ids == "zero" or (ids == "search_zero" and not by_name) else team.id,
        "uid": team.uid,
        "orgId": team.org,
        "name": team.name,
        "email": team.email,
        "externalUID": "",
        "isProvisioned": team.provisioned,
        "avatarUrl": avatar(team.email or team.name),
        "memberCount": sum(not user.hidden or (call.user is not None and call.user.admin) for user in members),
        "permission": MEMBER if own is None else own.permission,
        "accessControl": None,
    }
    if ids == "no_uid":
        del value["uid"]
    return value


def _same_name(call: Call, one: str, other: str) -> bool:
    """As the database compares: by default with PostgreSQL and SQLite exactly, with MySQL not."""
    if call.switches["grafana_name_collation"] == "nocase":
        return one.casefold() == other.casefold()
    return one == other


def _taken(call: Call, name: str, owner: Team | None = None) -> bool:
    return any(team is not owner and _same_name(call, team.name, name) for team in call.store.org_teams(call.org))


def search(call: Call) -> dict[str, Any]:
    """Teams that the caller may read, by exact name or by a part of it; nothing found is no error."""
    query = call.request.query
    name, part = query.get("name", ""), query.get("query", "").casefold()
    found = [
        team
        for team in call.store.org_teams(call.org)
        if (not name or _same_name(call, team.name, name)) and part in team.name.casefold() and call.sees_team(team)
    ]
    found.sort(key=lambda team: (team.name.casefold(), team.id))
    found = call.reads.entries(call.request.path, found)
    page, size = positive(query.get("page"), 1), positive(query.get("perpage"), 1000)
    shown = [show(call, team, bool(name)) for team in found[(page - 1) * size : page * size]]
    return {"totalCount": len(found), "teams": shown, "page": page, "perPage": size}


def create(call: Call) -> dict[str, Any]:
    """A new team; a user who makes one is its admin, a token is not [SRC team.go: IsIdentityType(TypeUser)]."""
    body = call.body()
    name, email = call.text(body, "name"), call.text(body, "email")
    if not name:
        raise errors.bad_request()
    if _taken(call, name):
        raise errors.error(409, "Team name taken")
    store = call.store
    team = Team(store.next_team, new_uid(), call.org, name, email)
    if call.user is not None and call.switches["grafana_creator"] == "admin":
        team.members[call.user.id] = Member(ADMIN)
    store.add_team(team)
    ids = call.switches["grafana_team_ids"]
    reply = {"message": "Team created", "teamId": 0 if ids == "zero" else team.id, "uid": team.uid}
    if ids == "no_uid":
        del reply["uid"]
    return reply


def load(call: Call) -> dict[str, Any]:
    """One team."""
    return show(call, call.team())


def update(call: Call) -> dict[str, Any]:
    """Another name or e-mail. The code answers 400 for a name that is taken, the documentation says 409."""
    team, body = call.team(), call.body()
    name = call.text(body, "name") or team.name
    if _taken(call, name, team):
        raise errors.error(int(call.switches["grafana_rename_collision"]), "Team name taken")
    team.name, team.email = name, call.text(body, "email")
    return {"message": "Team updated"}


def delete(call: Call) -> dict[str, Any]:
    """Delete a team with whoever is in it."""
    del call.store.teams[call.team().id]
    return {"message": "Team deleted"}


def members(call: Call) -> list[dict[str, Any]]:
    """Members that the caller sees, without service accounts; never in pages."""
    team = call.team_or_none()
    if team is None:
        if call.switches["grafana_missing_team_members"] == "not_found":
            raise errors.error(404, "Team not found")
        return []
    people = [(call.store.users[user_id], member) for user_id, member in team.members.items()]
    people = [pair for pair in people if not pair[0].service_account and call.sees_user(pair[0])]
    people.sort(key=lambda pair: (pair[0].login, pair[0].email))
    ids = call.switches["grafana_team_ids"]
    shown = []
    for user, member in call.reads.entries(call.request.path, people):
        value = {
            "orgId": team.org,
            "teamId": 0 if ids == "zero" else team.id,
            "teamUID": team.uid,
            "userId": user.id,
            "userUID": user.uid,
            "auth_module": "",
            "email": user.email,
            "name": user.name,
            "login": user.login,
            "avatarUrl": avatar(user.email or user.login),
            "labels": member.labels,
            "permission": member.permission,
        }
        if ids == "no_uid":
            del value["teamUID"], value["userUID"]
        shown.append(value)
    return shown


def _writable(team: Team) -> None:
    if team.provisioned:
        raise errors.error(400, _PROVISIONED)


def add_member(call: Call) -> dict[str, Any]:
    """Add one user of the organisation. All that goes wrong behind the handler is a 500 (I)."""
    user_id = call.number(call.body(), "userId")
    team = call.team_or_none()
    user = call.store.users.get(user_id)
    if team is None or user is None or call.org not in user.roles:
        raise errors.error(int(call.switches["grafana_unknown_user_status"]), "Failed to add Member to Team")
    _writable(team)
    if user_id in team.members:
        raise errors.error(400, "User is already added to this team")
    team.members[user_id] = Member()
    return {"message": "Member added to Team"}


def _member(call: Call, team: Team, missing: str) -> tuple[User, Member]:
    user = call.user_in_path()
    member = None if user is None else team.members.get(user.id)
    if user is None or member is None:
        raise errors.error(404, missing)
    return user, member


def _keep_admin(call: Call, team: Team, member: Member) -> None:
    """Up to 9.1 a team kept its last admin."""
    admins = sum(each.permission == ADMIN for each in team.members.values())
    if call.switches["grafana_last_admin"] == "kept" and member.permission == ADMIN and admins == 1:
        raise errors.error(400, _LAST_ADMIN)


def update_member(call: Call) -> dict[str, Any]:
    """Make a member an admin of the team, or no more."""
    permission = call.number(call.body(), "permission")
    if permission not in (MEMBER, ADMIN):
        raise errors.bad_request()
    team = call.team()
    _writable(team)
    _user, member = _member(call, team, "Team member not found.")
    if permission == MEMBER:
        _keep_admin(call, team, member)
    member.permission = permission
    return {"message": "Team member updated"}


def remove_member(call: Call) -> dict[str, Any]:
    """Remove one member."""
    team = call.team()
    _writable(team)
    user, member = _member(call, team, "Team member not found")
    _keep_admin(call, team, member)
    del team.members[user.id]
    return {"message": "Team Member removed"}


def set_members(call: Call) -> dict[str, Any]:
    """All members at once, by e-mail; with one unknown e-mail nothing is done. Since 11.1.

    Who is in the team but given in another letter case is both to be added and to be removed, and the removals come
    last (I): a switch.
    """
    if call.switches["grafana_bulk"] == "absent":
        raise errors.error(404)
    body = call.body()
    wanted: dict[int, int] = {}
    given: set[str] = set()
    team = call.team()
    _writable(team)
    for key, permission in (("members", MEMBER), ("admins", ADMIN)):
        emails = body.get(key) or []
        if not isinstance(emails, list) or not all(isinstance(email, str) for email in emails):
            raise errors.bad_request()
        for email in emails:
            found = call.store.named(email)
            if not found:
                raise errors.error(404, "User not found")
            wanted[found[0].id] = permission
            given.add(email)
    exact = call.switches["grafana_bulk_case"] == "removes"
    for user_id, permission in wanted.items():
        team.members.setdefault(user_id, Member()).permission = permission
    for user_id in list(team.members):
        user = call.store.users[user_id]
        if user_id not in wanted or (exact and not given & {user.email, user.login}):
            del team.members[user_id]
    return {"message": "Team memberships have been updated"}


_TEAM = "/api/teams/{team}"
ROUTES = (
    Route("GET", "/api/teams/search", search, "read", "teams:read"),
    Route("POST", "/api/teams", create, "write", "teams:create"),
    Route("GET", _TEAM, load, "read", "teams:read"),
    Route("PUT", _TEAM, update, "write", "teams:write"),
    Route("DELETE", _TEAM, delete, "write", "teams:delete"),
    Route("GET", f"{_TEAM}/members", members, "read", "teams.permissions:read"),
    Route("POST", f"{_TEAM}/members", add_member, "write", "teams.permissions:write"),
    Route("PUT", f"{_TEAM}/members", set_members, "write", "teams.permissions:write"),
    Route("PUT", f"{_TEAM}/members/{{user}}", update_member, "write", "teams.permissions:write"),
    Route("DELETE", f"{_TEAM}/members/{{user}}", remove_member, "write", "teams.permissions:write"),
)
