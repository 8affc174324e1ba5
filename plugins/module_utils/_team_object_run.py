# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What C(grafana_team) does: one team, created, given an e-mail, or deleted."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._grafana_client import Grafana
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._team_apply import create_team, doubtful, find_team
from ansible_collections.pcc.identity.plugins.module_utils._team_model import Team, Wanted
from ansible_collections.pcc.identity.plugins.module_utils._team_rules import name_problems

Options = dict[str, t.Any]

_DONE = {CREATE: "created", UPDATE: "updated", DELETE: "deleted"}


def team_argument_spec() -> Options:
    """Return the options of C(grafana_team), without the connection."""
    return {
        "name": {"type": "str"},
        "uid": {"type": "str"},
        "email": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "allow_members": {"type": "bool", "default": False},
    }


def check_team(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(grafana_team) by themselves."""
    if options["name"] and options["uid"]:
        return [Problem("", "uid", "is given next to name: give one of them.")]
    if options["uid"]:
        return []
    return [Problem("", "name", text) for text in name_problems(options["name"] or "")]


def manage_team(grafana: Grafana, options: Options, check_mode: bool) -> Options:
    """Do what C(grafana_team) does and return its result.

    Raises:
        ServiceError: the service refuses or fails.
        IdentityError: the team may not be changed as wanted.
    """
    present = options["state"] == "present"
    wanted = Wanted("", options["name"] or None, options["uid"] or None, ())
    team = find_team(grafana, wanted, creating=present)
    if team is None and present and wanted.uid:
        raise IdentityError(
            "team_not_found",
            f"There is no team with the uid '{wanted.uid}'.",
            "Check the uid; a team can only be created by its name.",
        )
    change = _change(team, wanted, options)
    if change and team and change.action == DELETE:
        _may_go(grafana, team, options)
    doubt: ServiceError | None = None
    if change and not check_mode:
        try:
            team = _write(grafana, wanted, team, change)
        except ServiceError as error:
            if not error.ambiguous:
                raise
            doubt = error
    status = _DONE[change.action] if change else "unchanged"
    result: Options = {
        "changed": change is not None,
        "msg": f"team '{team.name if team else wanted.name or wanted.uid}' {status}",
        "status": status,
        "team": _shown(team, change, check_mode),
        "changes": change.fields if change else [],
        "requests": grafana.session.requests(),
        "diff": render([change] if change else [], dict, "grafana teams"),
    }
    if doubt:
        told = f"What became of team '{change.name if change else ''}' is not known: {doubt.message}"
        hint = doubt.hint or "Run the same play again: what is done is left alone."
        result.update({"failed": True, "status": "failed", "msg": told, "error_code": doubt.code, "hint": hint})
    return result


def _change(team: Team | None, wanted: Wanted, options: Options) -> Change | None:
    """Return what changes, None if nothing does. Pure."""
    email = options["email"]
    if options["state"] == "absent":
        return Change(team.name, team.key, team.name, DELETE, _fields(team), {}) if team else None
    if team is None:
        name = wanted.name or ""
        return Change(name, None, name, CREATE, {}, {"name": name, **({"email": email} if email else {})})
    if email is None or email == team.email:
        return None
    return Change(team.name, team.key, team.name, UPDATE, {"email": team.email}, {"email": email})


def _fields(team: Team) -> Options:
    return {"name": team.name, **({"email": team.email} if team.email else {})}


def _shown(team: Team | None, change: Change | None, check_mode: bool) -> Options | None:
    if team is None:
        new: Options = {"id": None, "uid": None, "email": ""}
        return {**new, **change.after} if change else None
    shown = {"id": team.id or None, "uid": team.uid or None, "name": team.name, "email": team.email}
    return {**shown, **change.after} if change and check_mode else shown


def _may_go(grafana: Grafana, team: Team, options: Options) -> None:
    """Refuse to delete a team that people are in.

    Raises:
        IdentityError: somebody is in it.
    """
    if options["allow_members"]:
        return
    # Without the right to see users, nobody would be shown (D14).
    grafana.users()
    members = grafana.members(team)
    count = max(len(members), team.member_count or 0)
    if count:
        names = some([member.user.label for member in members])
        raise IdentityError(
            "team_not_empty",
            f"The team '{team.name}' has {count} member{'' if count == 1 else 's'}"
            + (f" ({names})" if names else "")
            + ". It was not deleted.",
            "Take them out first, or set allow_members: true. What the team owns is out of reach for them then.",
        )


def _write(grafana: Grafana, wanted: Wanted, team: Team | None, change: Change) -> Team | None:
    """Make the change, and return the team as it is then."""

    def found() -> Team | None:
        return find_team(grafana, wanted, creating=False)

    if team is None:
        team, _created = create_team(grafana, wanted, change.after.get("email", ""))
        return team
    if change.action == UPDATE:
        email = change.after["email"]

        def is_updated() -> bool:
            now = found()
            return now is not None and now.email == email

        grafana.surely(lambda: grafana.update_team(team, email), is_updated)
        with doubtful():
            return found()
    try:
        grafana.surely(lambda: grafana.delete_team(team), lambda: found() is None)
    except ServiceError as error:
        # That says that somebody else was faster, if it is true.
        if error.code != "not_found" or found() is not None:
            raise
    return team
