# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The outcome of a run as metrics, in Prometheus' text format for node_exporter's textfile collector. Pure.

A run cannot count beyond its end, so all of them are gauges about the last run. What has to outlive a run that failed,
the time of the last success, is taken over from the file of the run before.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync_report import IN_STEP, Outcome

PREFIX = "identity_team_sync_"
_TEAM_SUCCESS = "team_last_success_timestamp_seconds"
_RUN_SUCCESS = "last_success_timestamp_seconds"
_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
_TEXT = r'"((?:[^"\\\n]|\\.)*)"'
_OLD_RUN = re.compile(rf"^{PREFIX}{_RUN_SUCCESS}\{{sync={_TEXT}\}} {_NUMBER}$", re.MULTILINE)
_OLD_TEAM = re.compile(rf"^{PREFIX}{_TEAM_SUCCESS}\{{sync={_TEXT},team={_TEXT}\}} {_NUMBER}$", re.MULTILINE)
_ESCAPES = {"\\": "\\\\", "\n": "\\n", '"': '\\"'}

Sample = tuple[dict[str, str], float]


def metrics_of(outcome: Outcome, previous: str = "", *, sync: str, interval: float = 0) -> str:
    """Return the file to write.

    Args:
        outcome: from C(outcome_of).
        previous: the file of the run before, or an empty text. What another sync has left there is not taken over.
        sync: what this sync is called, the label of that name of every sample.
        interval: seconds between two runs, 0 if there is no timetable.

    Returns:
        Text with HELP and TYPE for every metric, ending in a line break.
    """
    run, teams = outcome["run"], outcome["teams"]
    old_runs = {_plain(name): float(value) for name, value in _OLD_RUN.findall(previous)}
    success = run["finished"] if run["ok"] else old_runs.get(sync, 0.0)
    old_teams = {
        _plain(team): float(value) for name, team, value in _OLD_TEAM.findall(previous) if _plain(name) == sync
    }
    if teams:
        by_team = {
            team["team"]: run["finished"] if team["status"] in IN_STEP else old_teams.get(team["team"], 0.0)
            for team in teams
        }
    else:
        # The run did not get to its teams, which are still there.
        by_team = old_teams
    lines: list[str] = []

    def gauge(name: str, text: str, *samples: Sample) -> None:
        if samples:
            lines.extend((f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge"))
            lines.extend(
                f"{PREFIX}{name}{_labels({'sync': sync, **labels})} {_value(value)}" for labels, value in samples
            )

    def per_team(name: str, text: str, value: t.Callable[[dict[str, t.Any]], float]) -> None:
        gauge(name, text, *(({"team": team["team"]}, value(team)) for team in teams))

    def per_group(name: str, text: str, value: t.Callable[[dict[str, t.Any]], float]) -> None:
        gauge(name, text, *(({"okta_group": group["group"]}, value(group)) for group in _once(outcome["groups"])))

    gauge("last_run_timestamp_seconds", "When the last run ended.", ({}, run["finished"]))
    gauge("last_run_duration_seconds", "How long the last run took.", ({}, max(0.0, run["finished"] - run["started"])))
    gauge("last_run_success", "Whether the last run left all teams in step.", ({}, run["ok"]))
    gauge(_RUN_SUCCESS, "When a run last left all teams in step, 0 if none is known.", ({}, success))
    if interval > 0:
        gauge("interval_seconds", "Time between two runs, as it is configured.", ({}, interval))
    gauge("teams", "Teams of the last run.", ({}, len(teams)))
    gauge("failed_teams", "Teams that the last run did not leave in step.", ({}, len(run["failed"])))
    gauge(
        "last_requests",
        "Requests of the last run.",
        *(
            ({"service": name, "kind": kind}, counts.get(kind) or 0)
            for name, counts in run["requests"].items()
            for kind in ("reads", "writes", "retries")
        ),
    )
    gauge(
        _TEAM_SUCCESS,
        "When a run last left the team in step, 0 if none is known.",
        *(({"team": team}, at) for team, at in by_team.items()),
    )
    per_team(
        "last_failed",
        "Whether the last run did not leave the team in step.",
        lambda team: team["status"] not in IN_STEP,
    )
    per_team("last_added", "Members that the last run added.", lambda team: len(team["added"]))
    per_team("last_removed", "Members that the last run removed.", lambda team: len(team["removed"]))
    per_team("last_missing", "Users who should be members but are not in Grafana.", lambda team: len(team["missing"]))
    per_team(
        "last_failed_users", "Users whose membership could not be changed.", lambda team: len(team["failed_users"])
    )
    per_team(
        "last_excluded", "Users in the groups who are left out by their status.", lambda team: len(team["excluded"])
    )
    per_team(
        "last_without_email",
        "Users in the groups without an e-mail to find them by.",
        lambda team: len(team["unknown"]),
    )
    per_team(
        "last_not_removed",
        "Members who should not be in the team, but were not removed.",
        lambda team: len(team["not_removed"]),
    )
    per_team(
        "last_protected",
        "Members who should not be in the team, but stay as its administrators or as protected users.",
        lambda team: len(team["protected"]),
    )
    per_team(
        "last_spared",
        "Members who are in the groups by another name than in Grafana, so that they were not removed.",
        lambda team: len(team["spared"]),
    )
    per_team(
        "last_removals_disabled",
        "Whether members could not all be seen, so that none was removed.",
        lambda team: team["removals_disabled"],
    )
    gauge(
        "last_error",
        "Why the team is not in step, by the code of the error.",
        *(({"team": team["team"], "code": team["error_code"]}, 1) for team in teams if team["error_code"]),
    )
    gauge(
        "members",
        "Members of the team after the last run.",
        *(({"team": team["team"]}, team["members"]) for team in teams if team["members"] is not None),
    )
    gauge(
        "team_group",
        "Groups whose members make up the team.",
        *(
            ({"team": team["team"], "okta_group": group}, 1)
            for team in teams
            for group in dict.fromkeys(team["groups"])
        ),
    )
    per_group(
        "group_failed", "Whether the members of the group could not all be read.", lambda group: not group["complete"]
    )
    per_group("group_members", "Members of the group that count.", lambda group: group["members"])
    per_group("group_excluded", "Users in the group who are left out by their status.", lambda group: group["excluded"])
    return "\n".join(lines) + "\n"


def _once(groups: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return groups with different labels. One may be asked for by its name and again with a type."""
    return list({group["group"]: group for group in reversed(groups)}.values())[::-1]


def _labels(labels: dict[str, str]) -> str:
    escaped = [
        f'{name}="{"".join(_ESCAPES.get(letter, letter) for letter in str(value))}"' for name, value in labels.items()
    ]
    return f"{{{','.join(escaped)}}}"


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def _value(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
