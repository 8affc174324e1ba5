# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The options of C(grafana_team_members): from arguments to teams as wanted, and what is wrong with them. Pure."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem
from ansible_collections.pcc.identity.plugins.module_utils._team_model import (
    ABSENT,
    CREATE,
    EMAIL,
    EXACT,
    FAIL,
    FIRST_ADMIN,
    LOGIN,
    PRESENT,
    SKIP,
    Wanted,
    key_of,
)

Options = dict[str, t.Any]

_MEMBERS: Options = {"type": "list", "elements": "str"}

#: What may stand at an entry, and at the module as the default for all entries, with the module's default.
_PER_TEAM: dict[str, tuple[Options, t.Any]] = {
    "state": ({"type": "str", "choices": [PRESENT, EXACT, ABSENT]}, EXACT),
    "source_complete": ({"type": "bool"}, True),
    "source_error": ({"type": "str"}, None),
    "allow_empty": ({"type": "bool"}, False),
    "max_removals": ({"type": "int"}, None),
    "max_removal_percent": ({"type": "int"}, 50),
    "reasons": ({"type": "dict"}, None),
    "source": ({"type": "str"}, None),
    "spare": (_MEMBERS, []),
}

_FOR_ALL = (
    "create_team",
    "missing_users",
    "add_to_org",
    "ignore_external",
    "manage_admins",
    "include_disabled",
)


def members_argument_spec() -> Options:
    """Return the options of C(grafana_team_members), without the connection."""
    entry = {
        "name": {"type": "str"},
        "uid": {"type": "str"},
        "members": {**_MEMBERS, "required": True},
        **{name: spec for name, (spec, _default) in _PER_TEAM.items()},
    }
    return {
        "teams": {"type": "list", "elements": "dict", "options": entry},
        "team": {"type": "str"},
        "team_uid": {"type": "str"},
        "members": _MEMBERS,
        **{
            name: spec if default is None else {**spec, "default": default}
            for name, (spec, default) in _PER_TEAM.items()
        },
        "create_team": {"type": "bool", "default": True},
        "missing_users": {"type": "str", "choices": [SKIP, FAIL, CREATE], "default": SKIP},
        "add_to_org": {"type": "bool", "default": False},
        "match_on": {"type": "list", "elements": "str", "choices": [EMAIL, LOGIN], "default": [EMAIL]},
        "ignore_external": {"type": "bool", "default": True},
        "manage_admins": {"type": "bool", "default": False},
        "protected_users": {"type": "list", "elements": "str", "default": []},
        "include_disabled": {"type": "bool", "default": False},
        "on_user_error": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
    }


def wanted_of(options: Options) -> list[Wanted]:
    """Return the teams as wanted. The options are those that L(check_members) finds nothing wrong with."""
    own = [FIRST_ADMIN, options.get("url_username") or "", *options["protected_users"]]
    protected = frozenset(key_of(text) for text in own) - {""}
    return [
        Wanted(
            where=where,
            name=entry["name"] or None,
            uid=entry["uid"] or None,
            members=tuple(entry["members"]),
            state=entry["state"],
            source_complete=entry["source_complete"],
            source_error=(entry["source_error"] or "").strip(),
            allow_empty=entry["allow_empty"],
            max_removals=entry["max_removals"],
            max_removal_percent=entry["max_removal_percent"],
            match_on=tuple(options["match_on"]),
            protected=protected,
            spare=frozenset(key_of(text) for text in entry["spare"]) - {""},
            reasons={key_of(str(key)): str(text) for key, text in (entry["reasons"] or {}).items()},
            **{name: options[name] for name in _FOR_ALL},
        )
        for where, entry in _entries(options)
    ]


def check_members(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(grafana_team_members) by themselves."""
    short = [name for name in ("team", "team_uid") if options[name]]
    problems: list[Problem] = []
    if options["teams"] is not None and (short or options["members"] is not None):
        named = " and ".join([*short, *(["members"] if options["members"] is not None else [])])
        problems.append(Problem("", "teams", f"is given next to {named}: give the list, or one team by itself."))
    elif options["teams"] is None and not short:
        problems.append(Problem("", "teams", "is missing: give a list of teams, or one team with team and members."))
    elif options["teams"] is None and options["members"] is None:
        problems.append(
            Problem("", "members", "is missing: give the members that the team shall have, [] for none of them.")
        )
    if problems:
        return problems
    entries = _entries(options)
    for where, entry in entries:
        problems += [Problem(where, field, text) for field, text in _entry_problems(entry, not options["teams"])]
    problems += _duplicates(entries)
    if not options["match_on"]:
        problems.append(Problem("", "match_on", "is empty: give email, or email and login."))
    elif EMAIL not in options["match_on"]:
        problems.append(Problem("", "match_on", "is login alone: email has to be among them."))
    if options.get("grafana_token"):
        problems += [
            Problem(
                "",
                field,
                f"{str(value).lower()} is not possible with a token: Grafana lets only a server admin {what}, with "
                "url_username and url_password.",
            )
            for field, value, what in (
                ("missing_users", CREATE, "create users"),
                ("add_to_org", True, "look for users outside of the organisation"),
            )
            if options[field] == value
        ]
    return problems


def name_problems(name: str) -> t.Iterator[str]:
    """Yield what is wrong with the name of a team."""
    if not name.strip():
        yield "is empty: give the name of the team."
    elif name != name.strip() or not name.isprintable():
        yield f"{name!r} begins or ends with blanks, or holds line ends: take them out."


def _entries(options: Options) -> list[tuple[str, Options]]:
    """Return each team with what it is called in messages, and with its options filled up from the module's."""
    if options["teams"] is None:
        entry = {"name": options["team"], "uid": options["team_uid"], "members": options["members"]}
        return [("", {**{name: options[name] for name in _PER_TEAM}, **entry})]
    found = []
    for index, given in enumerate(options["teams"]):
        entry = {
            **given,
            **{name: options[name] if given.get(name) is None else given[name] for name in _PER_TEAM},
        }
        source = f" ({given['source']})" if given.get("source") else ""
        found.append((f"teams[{index}] '{entry.get('name') or entry.get('uid') or ''}'{source}", entry))
    return found


def _entry_problems(entry: Options, alone: bool) -> t.Iterator[tuple[str, str]]:
    by_name, by_uid = ("team", "team_uid") if alone else ("name", "uid")
    if entry["name"] and entry["uid"]:
        yield by_uid, f"is given next to {by_name}: give one of them."
    elif not entry["name"] and not entry["uid"]:
        yield by_name, f"is missing: give the team's name, or its uid with {by_uid}."
    elif entry["name"]:
        for text in name_problems(entry["name"]):
            yield by_name, text
    elif entry["uid"] != entry["uid"].strip():
        yield by_uid, f"{entry['uid']!r} begins or ends with blanks: take them out."
    if entry["max_removals"] is not None and entry["max_removals"] < 0:
        yield "max_removals", f"{entry['max_removals']} is negative: give 0 or more."
    if not 0 <= entry["max_removal_percent"] <= 100:
        yield "max_removal_percent", f"{entry['max_removal_percent']} is out of range: give 0 to 100."


def _duplicates(entries: list[tuple[str, Options]]) -> list[Problem]:
    """Return the teams that are listed twice, of which each would undo what the other one does (D18)."""
    places: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for where, entry in entries:
        for field in ("name", "uid"):
            if entry[field]:
                places[field, entry[field]].append(where)
    return [duplicate(wheres) for wheres in places.values() if len(wheres) > 1]


def duplicate(wheres: t.Sequence[str]) -> Problem:
    """Return the problem of several entries for one team."""
    return Problem(
        wheres[-1],
        "",
        f"is the same team as {' and '.join(wheres[:-1])}: merge their members into one entry, since each would undo "
        "what the other one does.",
    )
