# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From mappings to what is asked of Okta and of Grafana: checked, merged per team, joined with what was read. Pure."""

from __future__ import annotations

import difflib
import typing as t
import urllib.parse

import yaml
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem
from ansible_collections.pcc.identity.plugins.module_utils._team_model import key_of

Row = dict[str, t.Any]

#: What a mapping may say about its team, and how the values are read.
SETTINGS = ("state", "allow_empty", "max_removals", "max_removal_percent")
KEYS = ("okta_groups", "okta_group", "grafana_team", "grafana_team_uid", *SETTINGS)
STATES = ("exact", "present")
#: Types of groups, as Okta names them (contract of the service: GroupType).
GROUP_TYPES = ("OKTA_GROUP", "APP_GROUP", "BUILT_IN")
GROUP_KEYS = ("name", "id", "type")
#: Keys that other tools have, and why there is no such thing here.
ELSEWHERE = {
    "grafana_role": "roles in the organisation are not managed, only who is in which team. Take it out.",
    "role": "roles in the organisation are not managed, only who is in which team. Take it out.",
    "missing_users": "it holds for the whole run: set team_sync_missing_users.",
    "create_team": "it holds for the whole run: set team_sync_create_teams.",
    "protected_users": "it holds for the whole run: set team_sync_protected_users.",
}
MATCH_ON = ("email", "login")
_NO_VALUE = "needs a value, or take the key out."


class Team(t.TypedDict):
    """A team with all of its mappings merged.

    Attributes:
        team: name or uid, as the mappings have it; what it is called everywhere.
        name: of the team, or None where it is given by its uid.
        uid: of the team, or None.
        groups: positions in the plan's C(groups).
        settings: those of SETTINGS that any mapping gives.
        source: where the mappings stand, for messages.
    """

    team: str
    name: str | None
    uid: str | None
    groups: list[int]
    settings: dict[str, t.Any]
    source: str


class Plan(t.TypedDict):
    """What the mappings ask for.

    Attributes:
        teams: in the order in which they are first mentioned.
        groups: each once, as okta_group_info takes them.
        problems: what is wrong with the mappings, a line each. If there are any, the rest is not to be used.
    """

    teams: list[Team]
    groups: list[dict[str, str]]
    problems: list[str]


def plan_of(lists: t.Mapping[str, t.Any], *, match_on: t.Any = ("email",), protected_users: t.Any = ()) -> Plan:
    """Return what mappings ask for, the mappings of a team merged into one.

    Args:
        lists: lists of mappings by the name of the variable they stand in; text is read as YAML or JSON.
        match_on: what team_sync_match_on is: some of MATCH_ON.
        protected_users: what team_sync_protected_users is.

    Returns:
        Teams and groups, and all problems of all mappings. Reads nothing but its arguments and raises nothing.
    """
    problems: list[Problem] = []
    groups: list[dict[str, str]] = []
    teams: dict[tuple[str, str], Team] = {}
    given: dict[tuple[str, str], dict[str, str]] = {}
    count = 0
    for variable, value in lists.items():
        for number, mapping in enumerate(_as_list(variable, value, problems)):
            count += 1
            where = f"{variable}[{number}]"
            if not isinstance(mapping, t.Mapping):
                problems.append(
                    Problem(where, "", f"must be a dictionary with okta_groups and grafana_team, not {_a(mapping)}.")
                )
                continue
            before = len(problems)
            _unknown(where, "", mapping, KEYS, problems)
            wanted = _groups(where, mapping, problems)
            target = _target(where, mapping, problems)
            settings = {name: _setting(where, name, mapping[name], problems) for name in SETTINGS if name in mapping}
            if target:
                _clash(where, target, teams, problems)
            if target is None or len(problems) > before:
                continue
            team = teams.setdefault(target, _team(target))
            team["source"] = f"{team['source']}, {where}" if team["source"] else where
            _merge(team, given.setdefault(target, {}), where, settings, problems)
            for group in wanted:
                if group not in groups:
                    groups.append(group)
                if groups.index(group) not in team["groups"]:
                    team["groups"].append(groups.index(group))
    if not count and not problems:
        problems.append(
            Problem(
                "",
                " and ".join(lists) or "team_sync_mappings",
                "no mapping at all, so there is nothing to keep in step. Give at least one.",
            )
        )
    _variables(match_on, protected_users, problems)
    return {"teams": list(teams.values()), "groups": groups, "problems": [str(problem) for problem in problems]}


def _variables(match_on: t.Any, protected_users: t.Any, problems: list[Problem]) -> None:
    """Note what is wrong with variables that hold for the whole run."""
    fields = _words("team_sync_match_on", match_on, problems)
    if fields is not None and (wrong := [str(field) for field in fields if field not in MATCH_ON]):
        problems.append(Problem("team_sync_match_on", "", f"knows email and login, not {', '.join(wrong)}."))
    elif fields is not None and "email" not in fields:
        problems.append(
            Problem(
                "team_sync_match_on",
                "",
                "email has to be among them: logins alone miss users who are in the team by their e-mail. "
                "Give [email] or [email, login].",
            )
        )
    _words("team_sync_protected_users", protected_users, problems)


def _words(variable: str, value: t.Any, problems: list[Problem]) -> list[t.Any] | None:
    """Return a list of texts, for which Ansible also takes text with commas; None after noting what is wrong."""
    if isinstance(value, str):
        # As it comes from -e NAME=[..], which is text and no list.
        if any(letter in value for letter in "[]{}\"'"):
            problems.append(
                Problem(
                    variable,
                    "",
                    "is text with brackets or quotes. Give a list, on the command line as in "
                    f'-e \'{{"{variable}": ["one", "two"]}}\'.',
                )
            )
            return None
        return [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(value, t.Sequence):
        return list(value)
    problems.append(Problem(variable, "", f"must be a list, not {_a(value)}."))
    return None


def target_of(url: t.Any, org_id: t.Any = None) -> str:
    """Return what tells organisations of Grafanas apart, the same for all ways to write an address.

    A user and a password in the address are left out, as it is shown. The organisation is 1 if it is not said, which is
    the one that every Grafana begins with.
    """
    text = str(url or "").strip()
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        # The module says what is wrong with it.
        return ""
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS.get(scheme):
        host = f"{host}:{port}"
    if not host:
        return ""
    organisation = str(org_id or "").strip() or "1"
    return f"{scheme}://{host}{parts.path.rstrip('/')} org {organisation}"


_PORTS = {"http": 80, "https": 443}


def rivals_of(plan: t.Mapping[str, t.Any], other: t.Any) -> list[str]:
    """Return the teams that two plans for the same organisation have in common, as far as is known before it is asked.

    A name and a uid may mean the same team as well, which only Grafana could tell.
    """
    theirs = {_known_as(team) for team in (other.get("teams") if isinstance(other, t.Mapping) else None) or []}
    return [team["team"] for team in plan.get("teams") or [] if _known_as(team) in theirs]


def _known_as(team: t.Mapping[str, t.Any]) -> tuple[str | None, str | None]:
    return (team["name"], team["uid"])


def _as_list(variable: str, value: t.Any, problems: list[Problem]) -> t.Sequence[t.Any]:
    if isinstance(value, str):
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            problems.append(
                Problem(
                    variable,
                    "",
                    f"is text that is neither YAML nor JSON{place}: {getattr(error, 'problem', None) or error}.",
                )
            )
            return []
    if value is None:
        return []
    if not isinstance(value, t.Sequence) or isinstance(value, str):
        problems.append(Problem(variable, "", f"must be a list of mappings, not {_a(value)}."))
        return []
    return value


def _a(value: t.Any) -> str:
    """Return what a value is, in the words of a YAML file. The value itself may be a secret in the wrong place."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        return "a number"
    return "a dictionary" if isinstance(value, t.Mapping) else "a list" if isinstance(value, t.Sequence) else "that"


def _unknown(
    where: str, field: str, value: t.Mapping[t.Any, t.Any], known: t.Sequence[str], problems: list[Problem]
) -> None:
    for key in value:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), known, 1)
        hint = ELSEWHERE.get(str(key)) or (
            f"is unknown. Is {near[0]} meant?" if near else f"is unknown. Known are {', '.join(known)}."
        )
        problems.append(Problem(where, f"{field}{key}", hint))


def _text(where: str, field: str, value: t.Any, problems: list[Problem]) -> str | None:
    """Return a name or id, or None after noting what is wrong with it."""
    if not isinstance(value, str):
        quote = " Put quotes around it if it is one." if isinstance(value, (int, float)) else ""
        problems.append(Problem(where, field, f"must be text, not {_a(value)}.{quote}"))
    elif not value.strip():
        problems.append(Problem(where, field, "is empty."))
    elif value != value.strip():
        problems.append(Problem(where, field, f"{value!r} begins or ends with blanks. Take them out."))
    else:
        return str(value)
    return None


def _groups(where: str, mapping: t.Mapping[str, t.Any], problems: list[Problem]) -> list[dict[str, str]]:
    if "okta_group" in mapping and "okta_groups" in mapping:
        problems.append(
            Problem(where, "okta_group", "is there together with okta_groups. Put all of them into okta_groups.")
        )
        return []
    if "okta_group" in mapping:
        one = _group(where, "okta_group", mapping["okta_group"], problems)
        return [one] if one else []
    value = mapping.get("okta_groups")
    if not isinstance(value, t.Sequence) or isinstance(value, str) or not value:
        what = "is missing" if "okta_groups" not in mapping else "is empty" if value == [] else f"is {_a(value)}"
        problems.append(
            Problem(
                where, "okta_groups", f"{what}. Give a list of one or more groups, as in [SRE] or [{{id: 00g1abc}}]."
            )
        )
        return []
    groups = [_group(where, f"okta_groups[{number}]", entry, problems) for number, entry in enumerate(value)]
    return [group for group in groups if group]


def _group(where: str, field: str, value: t.Any, problems: list[Problem]) -> dict[str, str] | None:
    """Return a group as okta_group_info takes it: C({"name": ..}) or C({"id": ..}), with C(type) if it is given."""
    if not isinstance(value, t.Mapping):
        name = _text(where, field, value, problems)
        return {"name": name} if name else None
    before = len(problems)
    _unknown(where, f"{field}.", value, GROUP_KEYS, problems)
    if ("name" in value) == ("id" in value):
        problems.append(Problem(where, field, "needs either a name or an id."))
    group = {key: _text(where, f"{field}.{key}", value[key], problems) or "" for key in GROUP_KEYS if key in value}
    if group.get("type") and group["type"] not in GROUP_TYPES:
        problems.append(
            Problem(where, f"{field}.type", f"is {group['type']!r}, but must be one of {', '.join(GROUP_TYPES)}.")
        )
    return None if len(problems) > before else group


def _target(where: str, mapping: t.Mapping[str, t.Any], problems: list[Problem]) -> tuple[str, str] | None:
    """Return what the team is called: C(("name", NAME)) or C(("uid", UID))."""
    fields = [field for field in ("grafana_team", "grafana_team_uid") if field in mapping]
    if len(fields) != 1:
        what = (
            "there are both; give one of them."
            if fields
            else "is missing. Give the name of the team, or grafana_team_uid."
        )
        problems.append(Problem(where, " and ".join(fields) or "grafana_team", what))
        return None
    name = _text(where, fields[0], mapping[fields[0]], problems)
    return ("name" if fields[0] == "grafana_team" else "uid", name) if name else None


def _team(target: tuple[str, str]) -> Team:
    kind, name = target
    return {
        "team": name,
        "name": name if kind == "name" else None,
        "uid": name if kind == "uid" else None,
        "groups": [],
        "settings": {},
        "source": "",
    }


def _clash(
    where: str, target: tuple[str, str], teams: t.Mapping[tuple[str, str], Team], problems: list[Problem]
) -> None:
    kind, name = target
    other = teams.get(("uid" if kind == "name" else "name", name))
    if other:
        field, what = ("grafana_team", "uid") if kind == "name" else ("grafana_team_uid", "name")
        problems.append(
            Problem(
                where,
                field,
                f"{name!r} is the {what} of a team in {other['source']}. Metrics and logs could not tell them apart: "
                "give both by name or both by uid.",
            )
        )


def _setting(where: str, name: str, value: t.Any, problems: list[Problem]) -> t.Any:
    if value is None:
        problems.append(Problem(where, name, _NO_VALUE))
    elif name == "state":
        if value in STATES:
            return str(value)
        problems.append(Problem(where, name, f"must be one of {', '.join(STATES)}."))
    elif name == "allow_empty":
        try:
            return boolean(value, strict=True)
        except TypeError:
            problems.append(Problem(where, name, f"must be true or false, not {_a(value)}."))
    else:
        number = _number(value)
        limit = 100 if name == "max_removal_percent" else None
        if number is not None and (limit is None or number <= limit):
            return number
        upto = f" from 0 to {limit}" if limit else ", 0 or more"
        problems.append(Problem(where, name, f"must be a whole number{upto}."))
    return None


def _number(value: t.Any) -> int | None:
    """Return a whole number of 0 or more. Templates of older versions of Ansible make text of numbers."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _merge(team: Team, given: dict[str, str], where: str, settings: dict[str, t.Any], problems: list[Problem]) -> None:
    """Take the settings of a mapping into its team. Two mappings that want different things would take turns."""
    for name, value in settings.items():
        if name in given and team["settings"][name] != value:
            problems.append(
                Problem(
                    where,
                    name,
                    f"is {_shown(value)} for team {team['team']!r}, but {_shown(team['settings'][name])} in "
                    f"{given[name]}. The mappings of one team are merged: give the same value in both, or in one only.",
                )
            )
        given.setdefault(name, where)
        team["settings"].setdefault(name, value)


def _shown(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- joining what Okta said --------------------------------------------------------------------------------------------


class Source(t.TypedDict):
    """What Okta says about one group.

    Attributes:
        group: name or id, as the mapping has it.
        complete: whether all of its members are known.
        members, excluded: how many.
        error, error_code, hint: why not, or None.
    """

    group: str
    complete: bool
    members: int
    excluded: int
    error: str | None
    error_code: str | None
    hint: str | None


def sources_of(plan: Plan, okta: t.Mapping[str, t.Any], *, match_on: t.Sequence[str] = ("email",)) -> dict[str, t.Any]:
    """Return what Okta's answer means for each team.

    Args:
        plan: from C(plan_of), without problems.
        okta: the result of okta_group_info for the plan's groups, whatever became of it.
        match_on: as for grafana_team_members.

    Returns:
        C(entries): for grafana_team_members, in the order of the plan's teams. C(teams): a row per team with
        C(excluded) (users whose status keeps them out), C(unknown) (users without an e-mail to find them by), C(in)
        (groups by member, as C(key_of) has it), C(names) (what the members are called in Okta and their groups, by all
        of their e-mails and logins, as C(key_of) has them), C(people) (e-mails and logins of all users, as they are)
        and C(reasons). C(groups): see L(Source). C(ready): whether any team has a whole list.
    """
    rows = _rows(plan, okta)
    teams, entries = [], []
    for team in plan["teams"]:
        mine = [(label_of(plan["groups"][position]), rows[position]) for position in team["groups"]]
        # What went wrong with all of them is not said once for each.
        errors = list(
            dict.fromkeys(
                f"Okta group {label!r}: {row['error']}" if _answered(okta) else f"Okta: {row['error']}"
                for label, row in mine
                if row["error"]
            )
        )
        members: dict[str, str] = {}
        within: dict[str, list[str]] = {}
        unknown: dict[str, Row] = {}
        excluded: dict[str, Row] = {}
        names: dict[str, Row] = {}
        spare: dict[str, str] = {}
        people: dict[str, None] = {}
        for label, row in mine:
            for user in row["members"]:
                called = [user[name].strip() for name in ("email", "login") if (user.get(name) or "").strip()]
                people.update(dict.fromkeys(called))
                for name in called:
                    spare.setdefault(key_of(name), name)
                    known = names.setdefault(key_of(name), {"name": called[0], "groups": []})
                    if label not in known["groups"]:
                        known["groups"].append(label)
                address = user.get("email") or (user.get("login") if "login" in match_on else None)
                if not address:
                    name = user.get("login") or user["id"]
                    unknown.setdefault(name, {"login": name, "status": user.get("status"), "group": label})
                    continue
                members.setdefault(key_of(address), address.strip())
                within.setdefault(key_of(address), []).append(label)
            for user in row["excluded"]:
                people.update(dict.fromkeys(user[name] for name in ("email", "login") if user.get(name)))
                name = user.get("login") or user.get("email") or user["id"]
                excluded.setdefault(
                    name, {"login": name, "email": user.get("email"), "status": user.get("status"), "group": label}
                )
        reasons = {
            key: f"{user['status']} in Okta"
            for user in excluded.values()
            for key in {key_of(user[name]) for name in ("email", "login") if user[name]} - members.keys()
        }
        failed = next((row for _label, row in mine if row["error"]), None)
        entries.append(
            _entry(team, sorted(members.values(), key=key_of), sorted(spare.values(), key=key_of), errors, reasons)
        )
        teams.append(
            {
                "team": team["team"],
                "groups": [label for label, _row in mine],
                "desired": len(members),
                "in": within,
                "names": names,
                "people": sorted(people),
                "excluded": sorted(excluded.values(), key=_login),
                "unknown": sorted(unknown.values(), key=_login),
                "reasons": reasons,
                "error": _joined(errors) or None,
                "error_code": failed["error_code"] if failed else None,
                "hint": failed["hint"] if failed else None,
            }
        )
    return {
        "entries": entries,
        "teams": teams,
        "groups": [_source(group, row) for group, row in zip(plan["groups"], rows, strict=True)],
        "ready": any(entry["source_complete"] for entry in entries),
    }


def label_of(group: t.Mapping[str, str]) -> str:
    """Return what a group of the plan is called everywhere."""
    return group.get("name") or group["id"]


def _login(user: Row) -> str:
    return key_of(user["login"])


def _entry(team: Team, members: list[str], spare: list[str], errors: list[str], reasons: dict[str, str]) -> Row:
    entry: Row = {
        **({"name": team["name"]} if team["name"] else {"uid": team["uid"]}),
        # What is not wholly known is not handed on, not even in part (D2).
        "members": [] if errors else members,
        # Nobody of the groups is removed for going by another name in Grafana.
        "spare": [] if errors else spare,
        "source_complete": not errors,
        "reasons": {} if errors else reasons,
        "source": team["source"],
        **team["settings"],
    }
    if errors:
        entry["source_error"] = _joined(errors)
    return entry


def _joined(errors: list[str]) -> str:
    return "; ".join([*(error.rstrip(".") for error in errors[:-1]), *errors[-1:]])


def _answered(okta: t.Mapping[str, t.Any]) -> list[t.Any]:
    """Return what the module says about the groups, nothing if it did not get that far."""
    given = okta.get("groups")
    return list(given) if isinstance(given, t.Sequence) and not isinstance(given, str) else []


def _rows(plan: Plan, okta: t.Mapping[str, t.Any]) -> list[Row]:
    """Return a row for each group of the plan. A row that is not surely whole counts as failed."""
    rows = _answered(okta)
    why = "it is not in the answer." if rows else told(okta) or "it was not read."
    found: list[Row] = []
    for position, group in enumerate(plan["groups"]):
        row = rows[position] if position < len(rows) and isinstance(rows[position], t.Mapping) else {}
        if row.get("complete") is True and not row.get("error") and row.get("asked") == label_of(group):
            found.append(
                {
                    "error": None,
                    "error_code": None,
                    "hint": None,
                    "members": row["members"],
                    "excluded": row.get("excluded") or [],
                }
            )
            continue
        found.append(
            {
                "error": row.get("error") or why,
                "error_code": row.get("error_code") or okta.get("error_code") or "failed",
                "hint": row.get("hint") or okta.get("hint"),
                "members": [],
                "excluded": [],
            }
        )
    return found


def _source(group: t.Mapping[str, str], row: Row) -> Source:
    return {
        "group": label_of(group),
        "complete": row["error"] is None,
        "members": len(row["members"]),
        "excluded": len(row["excluded"]),
        "error": row["error"],
        "error_code": row["error_code"],
        "hint": row["hint"],
    }


def told(result: t.Mapping[str, t.Any]) -> str | None:
    """Return what a module's result says of itself, or None if it says nothing.

    That is all of its message, which may have a line per problem, but neither a traceback nor the hint, which the
    result has once more by itself.
    """
    text = str(result.get("msg") or "").strip()
    hint = str(result.get("hint") or "").strip()
    message = _lines(text[: -len(hint)] if hint and text != hint and text.endswith(hint) else text)
    # Of a module that broke off, its last line says why.
    why = _lines(result.get("module_stderr"))[-1:] or _lines(result.get("module_stdout"))[-1:]
    if why:
        return ": ".join([*message[:1], *why])
    return "\n".join(_without_traceback(message)) or None


def _without_traceback(lines: list[str]) -> list[str]:
    """Return lines without the places in the source that a traceback has; what it ends with stays."""
    kept, within = [], False
    for line in lines:
        within = line.lstrip().startswith("Traceback (most recent") or (within and line.startswith(" "))
        if not within:
            kept.append(line.rstrip())
    return kept


def _lines(text: t.Any) -> list[str]:
    return [line for line in str(text or "").splitlines() if line.strip()]
