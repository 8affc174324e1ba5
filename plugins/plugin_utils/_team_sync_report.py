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
COUNTED = ("added", "removed", "missing", "protected", "external", "disabled", "ambiguous")
AGAIN = "Run it again when the cause is gone: what is done is left alone, the rest is tried."
_EMAIL = re.compile(r"[^\s'\"<>(),;:=\[\]]+@[^\s'\"<>(),;:=\[\]]+")
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
    stopped = error or (f"{len(problems)} wrong in the mappings" if problems else None)
    joined = list(sources.get("teams") or [])
    given = grafana.get("teams")
    rows = given if isinstance(given, list) else []
    teams = []
    for position, team in enumerate(plan.get("teams") or []):
        source = joined[position] if position < len(joined) else {}
        row = rows[position] if position < len(rows) and isinstance(rows[position], dict) else {}
        teams.append(_team(team, plan, source, row, stopped or told(grafana)))
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
    outcome["lines"] = [line if names else without_emails(line) for line in _lines(outcome, names)]
    failure = _failure(outcome, problems, error)
    outcome["failure"] = failure if names else without_emails(failure)
    return outcome


def without_emails(text: str) -> str:
    """Return a text with every e-mail address taken out: they are personal data, and logs are kept."""
    return _EMAIL.sub("(e-mail)", text)


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


def _team(team: t.Mapping[str, t.Any], plan: Plan, source: Row, row: Row, why: str | None) -> Row:
    """Return the row of a team: what the module says, or if it said nothing, why."""
    status = row.get("status") or "failed"
    error = row.get("error")
    if not row:
        error = source.get("error") or why or "it was not tried."
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


def _lines(outcome: Outcome, names: bool) -> list[str]:
    run = outcome["run"]
    lines = ["Would be:"] if run["check"] and outcome["teams"] else []
    for team in outcome["teams"]:
        lines.append(f"{team['team']}: {_summary(team)}")
        if names:
            lines += [f"  {line}" for line in _members(team)]
        lines += [f"  warning: {warning}" for warning in team["warnings"]]
    if run["error"] and not outcome["teams"]:
        lines.append("No team was looked at.")
    return lines


def _summary(team: Row) -> str:
    """Return what became of a team. In check mode it is what would become of it, which the lines are headed by."""
    counts = [f"{len(team[name])} {name}" for name in ("added", "removed") if team[name]]
    if team["status"] not in IN_STEP:
        done = f" ({', '.join(counts)} nevertheless)" if counts else ""
        return f"{team['status']}: {team['error']}{done}"
    parts = [
        team["status"] if team["status"] == "created" or not counts else "",
        *counts,
        f"{team['members']} members" if team["members"] is not None else "",
        f"{len(team['missing'])} missing in Grafana" if team["missing"] else "",
        f"{len(team['not_removed'])} not removed" if team["not_removed"] else "",
        f"{len(team['excluded'])} left out by status" if team["excluded"] else "",
        f"{len(team['unknown'])} without e-mail" if team["unknown"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _members(team: Row) -> list[str]:
    """Return a line for each member that comes, goes or does neither although one might expect it, with the reason."""
    of = " and ".join(team["groups"])
    many = "groups" if len(team["groups"]) > 1 else "group"
    lines = [f"+ {member}  # in Okta {_groups_of(team, member)}" for member in team["added"]]
    lines += [
        f"- {member}  # {team['reasons'].get(key_of(member)) or f'not in Okta {many} {of}'}"
        for member in team["removed"]
    ]
    lines += [
        f"? {member}  # in Okta {_groups_of(team, member)}, but no such user in Grafana" for member in team["missing"]
    ]
    lines += [f"! {member}  # stays, but is not in Okta {many} {of}" for member in team["not_removed"]]
    listed = {key_of(member) for member in team["removed"]}
    for user in team["excluded"]:
        if key_of(user.get("email") or user["login"]) not in listed:
            lines.append(f"x {user.get('email') or user['login']}  # {user['status']} in Okta")
    lines += [f"x {user['login']}  # has no e-mail in Okta" for user in team["unknown"]]
    return lines


def _groups_of(team: Row, member: str) -> str:
    within = team["in"].get(key_of(member)) or team["groups"]
    return f"{'groups' if len(within) > 1 else 'group'} {' and '.join(within)}"


def _failure(outcome: Outcome, problems: list[str], error: str | None) -> str:
    run = outcome["run"]
    if run["ok"]:
        return ""
    if problems:
        head = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        return "\n".join(
            [f"{head} in the mappings, nothing was asked or written:", *(f"- {problem}" for problem in problems)]
        )
    teams = [team for team in outcome["teams"] if team["status"] not in IN_STEP]
    if not teams:
        return f"The run was stopped: {error}\n{AGAIN}"
    lines = [f"{len(teams)} of {len(outcome['teams'])} teams {'is' if len(teams) == 1 else 'are'} not in step:"]
    for team in teams[:NAMED]:
        lines.append(f"- {team['team']}: {team['error']}")
        if team["hint"]:
            lines.append(f"  {team['hint']}")
    if teams[NAMED:]:
        lines.append(f"- and {len(teams) - NAMED} more")
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

    def said(text: str | None) -> str | None:
        return text if emails or text is None else without_emails(text)

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
