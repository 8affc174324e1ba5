# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What became of a run: an outcome for every team, the lines that are shown, the lines of the log. Pure.

An outcome is made whatever happened, out of what there is: the plan, what Okta said, what Grafana said, and the error
that stopped the run if one did.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._report import NAMED, some
from ansible_collections.pcc.identity.plugins.module_utils._team_model import key_of
from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync import Plan, Row, label_of, told

#: Statuses of a team that is as it shall be.
IN_STEP = frozenset({"created", "updated", "unchanged"})
#: Lists of a team that the log counts, and names only if it is told to.
COUNTED = ("added", "removed", "missing", "protected", "spared", "external", "disabled", "ambiguous")
AGAIN = "Run it again when the cause is gone: what is done is left alone, the rest is tried."
# What ends a sentence is not part of an address.
_EMAIL = re.compile(r"(?:\"[^\"\n]+\"|[^\s'\"<>(),;:=\[\]]+)@[^\s'\"<>(),;:=\[\]]+(?<![.!?])")
#: Lists of a team with what its members are called.
_NAMING = (*COUNTED, "not_added", "not_removed", "people")
_SERVICES = ("okta", "grafana")


class Run(t.TypedDict):
    """What is known of a run besides its teams.

    Attributes:
        started, finished: seconds since 1970.
        check: whether it only looked.
        ok: whether all teams are in step.
        error, hint: what stopped the whole run, or None.
        failed: the teams that are not in step.
        requests: of each service, as the modules count them.
    """

    started: float
    finished: float
    check: bool
    ok: bool
    error: str | None
    hint: str | None
    failed: list[str]
    requests: dict[str, dict[str, t.Any]]


class Outcome(t.TypedDict):
    """What became of a run.

    Attributes:
        run: see L(Run).
        teams: a row for each team of the plan.
        groups: a row for each group of the plan, see C(_team_sync.Source).
        lines: for the terminal.
        failure: the message to fail with, or an empty text.
    """

    run: Run
    teams: list[Row]
    groups: list[Row]
    lines: list[str]
    failure: str


def outcome_of(
    plan: Plan,
    sources: t.Mapping[str, t.Any],
    grafana: t.Mapping[str, t.Any],
    *,
    started: float,
    finished: float,
    okta: t.Mapping[str, t.Any] | None = None,
    error: str | None = None,
    check: bool = False,
    names: bool = False,
) -> Outcome:
    """Return what became of a run.

    Args:
        plan: from C(plan_of); an empty one if the run did not get that far.
        sources: from C(sources_of), or empty.
        grafana: the result of grafana_team_members, whatever became of it, or empty.
        started, finished: seconds since 1970.
        okta: the result of okta_group_info, or empty.
        error: what stopped the run, if something did.
        check: whether it only looked.
        names: whether members are shown by e-mail.
    """
    problems = list(plan.get("problems") or [])
    stopped = error or (f"{_number(len(problems), 'problem')} in the input" if problems else None)
    joined = list(sources.get("teams") or [])
    given = grafana.get("teams")
    rows = given if isinstance(given, list) else []
    whole = {"error": stopped} if stopped else {**grafana, "error": told(grafana)}
    teams = []
    for position, team in enumerate(plan.get("teams") or []):
        source = joined[position] if position < len(joined) else {}
        row = rows[position] if position < len(rows) and isinstance(rows[position], dict) else {}
        teams.append(_team(team, plan, source, row, whole))
    failed = [team["team"] for team in teams if team["status"] not in IN_STEP]
    run: Run = {
        "started": float(started),
        "finished": float(finished),
        "check": bool(check),
        "ok": not failed and not stopped,
        "error": stopped,
        "hint": None,
        "failed": failed,
        "requests": {
            service: dict(result.get("requests") or {})
            for service, result in zip(_SERVICES, (okta or {}, grafana), strict=True)
        },
    }
    outcome: Outcome = {
        "run": run,
        "teams": teams,
        "groups": list(sources.get("groups") or _unread(plan, stopped)),
        "lines": [],
        "failure": "",
    }
    said = _said(outcome, names)
    outcome["lines"] = _lines(outcome, names, said)
    outcome["failure"] = _failure(outcome, [said(problem) for problem in problems], said)
    return outcome


def without_emails(text: str, known: t.Iterable[str] = ()) -> str:
    """Return a text with every e-mail address and login taken out: they are personal data, and logs are kept.

    Args:
        text: any.
        known: e-mails and logins of people who may be in it, which need not look like any.
    """
    folded = text.casefold()
    # The longest first, as one may be the end of another.
    for name in sorted({name for name in known if name and name.casefold() in folded}, key=len, reverse=True):
        pattern = rf"(?<![\w.+@-]){re.escape(name)}(?![\w@-]|[.+]\w)"
        # A login may be an ordinary word, too, such as grafana.
        what, flags = ("[e-mail]", re.IGNORECASE) if "@" in name else ("[login]", re.NOFLAG)
        text = re.sub(pattern, what, text, flags=flags)
    return _EMAIL.sub("[e-mail]", text)


def _said(outcome: Outcome, names: bool) -> t.Callable[[str], str]:
    """Return what makes of a text what may be told of it."""
    if names:
        return str
    known = {name for team in outcome["teams"] for what in _NAMING for name in team[what]}
    known |= {str(user.get("email") or "") for team in outcome["teams"] for user in team["failed_users"]}
    return lambda text: without_emails(text, known)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _unread(plan: Plan, why: str | None) -> list[Row]:
    return [
        {
            "group": label_of(group),
            "complete": False,
            "members": 0,
            "excluded": 0,
            "error": why,
            "error_code": None,
            "hint": None,
        }
        for group in plan.get("groups") or []
    ]


def _team(team: t.Mapping[str, t.Any], plan: Plan, source: Row, row: Row, whole: t.Mapping[str, t.Any]) -> Row:
    """Return the row of a team: what the module says, or if it said nothing, why.

    Args:
        team: of the plan.
        plan: that it is from.
        source: what Okta said.
        row: what Grafana said.
        whole: what stopped all teams, as error, error_code and hint, each if it is known.
    """
    status = row.get("status") or "failed"
    error = row.get("error")
    if not row:
        row = {} if source.get("error") else {name: whole.get(name) for name in ("error_code", "hint")}
        error = source.get("error") or whole.get("error") or "it was not tried."
    elif status not in IN_STEP and not error:
        error = told(row) or _of_users(row) or "it was not tried."
    stats = row.get("stats") or {}
    drift = row.get("remaining_drift") or {}
    return {
        "team": team["team"],
        "name": row.get("name") or team["name"],
        "uid": row.get("uid") or team["uid"],
        "groups": source.get("groups") or [label_of(plan["groups"][position]) for position in team["groups"]],
        "status": status,
        **{name: list(row.get(name) or []) for name in COUNTED},
        "failed_users": list(row.get("failed_users") or []),
        "not_added": list(drift.get("add") or []),
        "not_removed": list(drift.get("remove") or []),
        "removals_disabled": bool(row.get("removals_disabled")),
        "excluded": list(source.get("excluded") or []),
        "unknown": list(source.get("unknown") or []),
        "in": dict(source.get("in") or {}),
        "names": dict(source.get("names") or {}),
        "people": list(source.get("people") or []),
        "reasons": dict(source.get("reasons") or {}),
        "desired": source.get("desired"),
        "members": stats.get("after"),
        "warnings": list(row.get("warnings") or []),
        "error": None if status in IN_STEP else error,
        "error_code": None if status in IN_STEP else row.get("error_code") or source.get("error_code") or "failed",
        # Why the source failed says more than that it did.
        "hint": None if status in IN_STEP else source.get("hint") or row.get("hint"),
    }


def _of_users(row: Row) -> str | None:
    users = [
        f"{user.get('action')} {user.get('email')}: {user.get('message')}" for user in row.get("failed_users") or []
    ]
    return some(users) if users else None


# -- what is shown -----------------------------------------------------------------------------------------------------


def _lines(outcome: Outcome, names: bool, said: t.Callable[[str], str]) -> list[str]:
    run = outcome["run"]
    lines = ["Preview, nothing was written:"] if run["check"] and outcome["teams"] else []
    for team in outcome["teams"]:
        first, *more = _summary(team, said).splitlines()
        lines.append(f"{team['team']}: {first}")
        lines += [f"  {line}" for line in more]
        if names:
            lines += [f"  {line}" for line in _members(team)]
        lines += [f"  warning: {said(warning)}" for warning in team["warnings"]]
    if run["error"] and not outcome["teams"]:
        lines.append("No team was looked at.")
    return lines


def _summary(team: Row, said: t.Callable[[str], str]) -> str:
    """Return what became of a team. In check mode it is what would become of it, which the lines are headed by."""
    counts = [f"{len(team[name])} {name}" for name in ("added", "removed") if team[name]]
    if team["status"] not in IN_STEP:
        done = f", but {' and '.join(counts)}" if counts else ""
        return f"{team['status']}{done}: {said(team['error'])}"
    left_out = _left_out(team)
    parts = [
        team["status"] if team["status"] == "created" or not counts else "",
        *counts,
        _number(team["members"], "member") if team["members"] is not None else "",
        f"{len(team['missing'])} missing in Grafana" if team["missing"] else "",
        f"{len(team['not_removed'])} not removed" if team["not_removed"] else "",
        f"{len(team['protected'])} protected" if team["protected"] else "",
        f"{len(team['spared'])} by another name" if team["spared"] else "",
        f"{len(left_out)} left out by status" if left_out else "",
        f"{len(team['unknown'])} without e-mail" if team["unknown"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _members(team: Row) -> list[str]:
    """Return a line for each member that comes, goes or does neither although one might expect it, with the reason."""

    def why(member: str) -> str:
        return team["reasons"].get(key_of(member)) or f"not in Okta {_groups(team['groups'])}"

    lines = [f"+ {member}  # in Okta {_groups_of(team, member)}" for member in team["added"]]
    lines += [f"- {member}  # {why(member)}" for member in team["removed"]]
    lines += [
        f"? {member}  # in Okta {_groups_of(team, member)}, but no such user in Grafana" for member in team["missing"]
    ]
    lines += [f"! {member}  # in Okta {_groups_of(team, member)}, but not added" for member in team["not_added"]]
    lines += [f"! {member}  # {why(member)}, but not removed" for member in team["not_removed"]]
    lines += [
        f"! {member}  # {why(member)}, but stays as an administrator of the team or a protected user"
        for member in team["protected"]
    ]
    lines += [f"= {member}  # {_other_name(team, member)}, not removed" for member in team["spared"]]
    lines += [f"x {user.get('email') or user['login']}  # {user['status']} in Okta" for user in _left_out(team)]
    lines += [f"x {user['login']}  # has no e-mail in Okta" for user in team["unknown"]]
    return lines


def _left_out(team: Row) -> list[Row]:
    """Return whose status keeps them out of a team, but for those of whom something else is told.

    Where the team is not in step, its error is what there is to tell.
    """
    listed = {key_of(member) for what in ("removed", "not_removed", "protected") for member in team[what]}
    excluded = team["excluded"] if team["status"] in IN_STEP else []
    return [user for user in excluded if key_of(user.get("email") or user["login"]) not in listed]


def _groups_of(team: Row, member: str) -> str:
    return _groups(team["in"].get(key_of(member)) or team["groups"])


def _groups(groups: list[str]) -> str:
    return f"{'groups' if len(groups) > 1 else 'group'} {' and '.join(groups)}"


def _other_name(team: Row, member: str) -> str:
    """Return where somebody is whom Grafana knows by another e-mail than Okta does."""
    known = team["names"].get(key_of(member))
    groups = _groups(known["groups"] if known else team["groups"])
    # By the login in Grafana, which is not told.
    other = f" ({known['name']})" if known and key_of(known["name"]) != key_of(member) else ""
    return f"in Okta {groups} by another name{other}"


def _failure(outcome: Outcome, problems: list[str], said: t.Callable[[str], str]) -> str:
    run = outcome["run"]
    if run["ok"]:
        return ""
    if problems:
        head = f"{_number(len(problems), 'problem')} in the input, nothing was asked or written:"
        return "\n".join([head, *(f"- {problem}" for problem in problems)])
    teams = [team for team in outcome["teams"] if team["status"] not in IN_STEP]
    if not teams:
        return f"The run was stopped: {said(run['error'] or '')}\n{AGAIN}"
    lines = [
        f"{len(teams)} of {_number(len(outcome['teams']), 'team')} {'is' if len(teams) == 1 else 'are'} not in step:"
    ]
    # What stopped all of them is told once.
    causes: dict[tuple[str, str | None], list[str]] = {}
    for team in teams:
        causes.setdefault((team["error"], team["hint"]), []).append(team["team"])
    for (error, hint), failed in list(causes.items())[:NAMED]:
        first, *more = said(error).splitlines() or [""]
        lines.append(f"- {some(failed)}: {first}")
        lines += [f"  {line}" for line in (*more, *(said(hint).splitlines() if hint else ()))]
    if rest := sum(len(failed) for failed in list(causes.values())[NAMED:]):
        lines.append(f"- and {rest} more")
    return "\n".join([*lines, AGAIN])


# -- the log -----------------------------------------------------------------------------------------------------------


def log_of(outcome: Outcome, *, emails: bool = False) -> list[str]:
    """Return the log of a run: a JSON object per team, then one for the run, each a line of its own.

    Args:
        outcome: from C(outcome_of).
        emails: whether members are named. Otherwise they are counted, and addresses in messages are taken out.
    """
    run = outcome["run"]
    time = (
        datetime.datetime.fromtimestamp(run["finished"], datetime.UTC)
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z")
    )

    tell = _said(outcome, emails)

    def said(text: str | None) -> str | None:
        return None if text is None else tell(text)

    lines = []
    for team in outcome["teams"]:
        entry = {
            "time": time,
            "event": "team_sync.team",
            "team": team["team"],
            "uid": team["uid"],
            "groups": team["groups"],
            "status": team["status"],
            **{name: len(team[name]) for name in COUNTED},
            "excluded": len(team["excluded"]),
            "without_email": len(team["unknown"]),
            "failed_users": len(team["failed_users"]),
            "not_added": len(team["not_added"]),
            "not_removed": len(team["not_removed"]),
            "members": team["members"],
            "warnings": [said(warning) for warning in team["warnings"]],
            "error": said(team["error"]),
            "error_code": team["error_code"],
            "hint": said(team["hint"]),
        }
        if emails:
            entry["emails"] = {
                **{name: team[name] for name in COUNTED},
                "excluded": [user.get("email") or user["login"] for user in team["excluded"]],
                "without_email": [user["login"] for user in team["unknown"]],
                "failed": [user.get("email") for user in team["failed_users"]],
                "not_added": team["not_added"],
                "not_removed": team["not_removed"],
            }
        lines.append(_json(entry))
    lines.append(
        _json(
            {
                "time": time,
                "event": "team_sync.run",
                "status": "ok" if run["ok"] else "failed",
                "duration_seconds": round(run["finished"] - run["started"], 3),
                "teams": len(outcome["teams"]),
                "failed": run["failed"],
                **{name: sum(len(team[name]) for team in outcome["teams"]) for name in ("added", "removed", "missing")},
                "groups": [group["group"] for group in outcome["groups"]],
                "groups_failed": [group["group"] for group in outcome["groups"] if not group["complete"]],
                "requests": run["requests"],
                "error": said(run["error"] or (outcome["failure"] or None)),
            }
        )
    )
    return lines


def _json(entry: Row) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(", ", ": "))
