# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a run, as lines, as a log and as metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync import plan_of, sources_of
from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync_metrics import metrics_of
from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync_report import log_of, outcome_of, without_emails
from tests.support.team_sync import samples

#: Names that break whatever does not escape them.
ODD = 'Odd "quoted" \\ back\nslash ü {x="y"}'


def okta_row(asked: str, *names: str, **more: Any) -> dict[str, Any]:
    members = [{"login": name, "email": f"{name}@acme.example", "status": "ACTIVE"} for name in names]
    row = {"asked": asked, "members": members, "excluded": [], "complete": True, "error": None}
    return {**row, "error_code": None, "hint": None, **more}


def failed_row(asked: str) -> dict[str, Any]:
    why = {
        "error": "HTTP 403: no permission for ana@acme.example",
        "error_code": "forbidden",
        "hint": "Give it the role.",
    }
    return okta_row(asked, complete=False, **why)


def team_row(name: str, status: str = "unchanged", **more: Any) -> dict[str, Any]:
    lists = ("added", "removed", "kept", "missing", "protected", "external", "disabled", "ambiguous")
    row = {**{what: [] for what in lists}, "name": name, "uid": f"u-{name}", "id": 1, "status": status}
    row |= {
        "failed_users": [],
        "remaining_drift": {"add": [], "remove": []},
        "removals_disabled": False,
        "warnings": [],
    }
    return {
        **row,
        "error": None,
        "error_code": None,
        "hint": None,
        "stats": {"desired": 2, "before": 2, "after": 2},
        **more,
    }


def run(
    groups: list[dict[str, Any]], teams: list[dict[str, Any]] | None, called: tuple[str, ...] = (), **more: Any
) -> Any:
    """An outcome with a team for each group, called by the group's name in capitals unless it is said."""
    labels = called or tuple(row["asked"].upper() for row in groups)
    mappings = [{"okta_group": row["asked"], "grafana_team": label} for row, label in zip(groups, labels, strict=True)]
    plan = plan_of({"team_sync_mappings": mappings})
    sources = sources_of(plan, {"groups": groups})
    grafana = {} if teams is None else {"teams": teams, "requests": {"reads": 3, "writes": 1, "retries": 0}}
    return outcome_of(plan, sources, grafana, started=100.0, finished=102.5, **more)


# -- outcome -----------------------------------------------------------------------------------------------------------


def test_all_in_step() -> None:
    outcome = run(
        [okta_row("a", "ana"), okta_row("b", "bob")], [team_row("A"), team_row("B", "created", added=["bob"])]
    )
    assert outcome["run"]["ok"]
    assert outcome["failure"] == ""
    assert outcome["lines"] == ["A: unchanged, 2 members", "B: created, 1 added, 2 members"]
    assert outcome["run"]["requests"]["grafana"]["reads"] == 3


def test_a_preview() -> None:
    rows = [team_row("A", "updated", added=["x"], removed=["y", "z"]), team_row("B", "created", added=["bob"])]
    outcome = run([okta_row("a"), okta_row("b")], rows, check=True)
    assert outcome["lines"] == ["Would be:", "A: 1 added, 2 removed, 2 members", "B: created, 1 added, 2 members"]


def test_members_with_the_reason() -> None:
    excluded = [{"login": "gone", "email": "gone@acme.example", "status": "DEPROVISIONED"}]
    excluded += [{"login": "new", "email": None, "status": "STAGED"}]
    group = okta_row("SRE", "ana", "dora", excluded=excluded)
    group["members"].append({"login": "nomail", "email": None, "status": "ACTIVE"})
    row = team_row(
        "T",
        "updated",
        added=["ana@acme.example"],
        removed=["Gone@acme.example", "bob@acme.example"],
        missing=["dora@acme.example"],
        remaining_drift={"add": [], "remove": ["eve@acme.example"]},
        warnings=["some are hidden"],
    )
    outcome = run([group], [row], ("T",), names=True)
    assert outcome["lines"] == [
        "T: 1 added, 2 removed, 2 members, 1 missing in Grafana, 1 not removed, 2 left out by status, 1 without e-mail",
        "  + ana@acme.example  # in Okta group SRE",
        "  - Gone@acme.example  # DEPROVISIONED in Okta",
        "  - bob@acme.example  # not in Okta group SRE",
        "  ? dora@acme.example  # in Okta group SRE, but no such user in Grafana",
        "  ! eve@acme.example  # stays, but is not in Okta group SRE",
        "  x new  # STAGED in Okta",
        "  x nomail  # has no e-mail in Okta",
        "  warning: some are hidden",
    ]


def test_two_groups_of_a_team() -> None:
    plan = plan_of({"m": [{"okta_groups": ["A", "B"], "grafana_team": "T"}]})
    sources = sources_of(plan, {"groups": [okta_row("A", "ana"), okta_row("B", "ana")]})
    row = team_row("T", "updated", added=["ana@acme.example"], removed=["bob@acme.example"])
    outcome = outcome_of(plan, sources, {"teams": [row]}, started=0, finished=1, names=True)
    assert outcome["lines"][1:] == [
        "  + ana@acme.example  # in Okta groups A and B",
        "  - bob@acme.example  # not in Okta groups A and B",
    ]


def test_a_failed_group_and_the_others() -> None:
    rows = [team_row("A"), team_row("B", "failed", error="Okta group 'b': HTTP 403", error_code="incomplete_source")]
    outcome = run([okta_row("a", "ana"), failed_row("b")], rows)
    assert not outcome["run"]["ok"]
    assert outcome["run"]["failed"] == ["B"]
    assert outcome["failure"].splitlines() == [
        "1 of 2 teams is not in step:",
        "- B: Okta group 'b': HTTP 403",
        "  Give it the role.",
        "Run it again when the cause is gone: what is done is left alone, the rest is tried.",
    ]
    assert [group["complete"] for group in outcome["groups"]] == [True, False]


def test_grafana_was_not_asked() -> None:
    """Where no group could be read."""
    outcome = run([failed_row("a")], None)
    (team,) = outcome["teams"]
    assert team["status"] == "failed"
    assert team["error"] == "Okta group 'a': HTTP 403: no permission for ana@acme.example"
    assert team["error_code"] == "forbidden"
    assert outcome["lines"] == ["A: failed: Okta group 'a': HTTP 403: no permission for (e-mail)"]


def test_grafana_said_nothing() -> None:
    plan = plan_of({"m": [{"okta_group": "a", "grafana_team": "A"}]})
    sources = sources_of(plan, {"groups": [okta_row("a", "ana")]})
    for grafana, error in (
        ({"msg": "unreachable", "unreachable": True}, "unreachable"),
        ({"teams": "odd"}, "it was not tried."),
        ({"teams": [None]}, "it was not tried."),
    ):
        outcome = outcome_of(plan, sources, grafana, started=0, finished=1)
        assert [team["error"] for team in outcome["teams"]] == [error]
        assert not outcome["run"]["ok"]


def test_stopped_before_okta() -> None:
    plan = plan_of({"m": [{"okta_group": "a", "grafana_team": "A"}]})
    outcome = outcome_of(plan, {}, {}, started=0, finished=1, error="Read the groups: 'secret' is undefined")
    assert outcome["teams"][0]["error"] == "Read the groups: 'secret' is undefined"
    assert outcome["groups"][0] == {
        "group": "a",
        "complete": False,
        "members": 0,
        "excluded": 0,
        "error": "Read the groups: 'secret' is undefined",
        "error_code": None,
        "hint": None,
    }


def test_stopped_before_the_mappings() -> None:
    outcome = outcome_of({}, {}, {}, started=0, finished=1, error="boom")  # type: ignore[typeddict-item]
    assert not outcome["run"]["ok"]
    assert outcome["lines"] == ["No team was looked at."]
    assert outcome["failure"].startswith("The run was stopped: boom\n")


@pytest.mark.parametrize(("count", "head"), [(1, "1 problem in"), (2, "2 problems in")])
def test_wrong_mappings(count: int, head: str) -> None:
    plan = plan_of({"m": [5] * count})
    outcome = outcome_of(plan, {}, {}, started=0, finished=1)
    assert not outcome["run"]["ok"]
    assert outcome["failure"].startswith(f"{head} the mappings, nothing was asked or written:\n- m[0]: must be")


def test_users_that_failed() -> None:
    users = [{"email": "ana@acme.example", "action": "add", "status": 500, "message": "HTTP 500"}]
    row = team_row("A", "failed", added=["bob@acme.example"], failed_users=users)
    assert run([okta_row("a", "ana")], [row], names=True)["lines"][0] == (
        "A: failed: add ana@acme.example: HTTP 500 (1 added nevertheless)"
    )
    assert run([okta_row("a", "ana")], [row], check=True)["lines"] == [
        "Would be:",
        "A: failed: add (e-mail): HTTP 500 (1 added nevertheless)",
    ]
    assert run([okta_row("a", "ana")], [team_row("A", "skipped")])["lines"] == ["A: skipped: it was not tried."]


def test_many_failures() -> None:
    groups = [okta_row(f"g{number}") for number in range(25)]
    rows = [team_row(f"G{number}", "failed", error="x") for number in range(25)]
    failure = run(groups, rows)["failure"]
    assert "- and 5 more" in failure
    assert "25 of 25 teams are not in step" in failure


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("add ana@acme.example: no", "add (e-mail): no"),
        ("'o''hara@acme.example'", "'o''(e-mail)'"),
        ("<a+b@x.y>, [c@d.e]", "<(e-mail)>, [(e-mail)]"),
        ("nobody here", "nobody here"),
    ],
)
def test_d23_addresses_are_taken_out(text: str, rest: str) -> None:
    assert without_emails(text) == rest


# -- log ---------------------------------------------------------------------------------------------------------------


def eventful() -> Any:
    row = team_row("A", "failed", added=["ana@acme.example"], removed=["bob@acme.example"], missing=["cy@acme.example"])
    row |= {"error": "add dora@acme.example: HTTP 500", "error_code": "server_error", "warnings": ["eve@acme.example?"]}
    return run([okta_row("a", "ana"), failed_row("b")], [row, team_row("B", "failed", error="x")], ("A", ODD))


def test_log() -> None:
    lines = log_of(eventful())
    assert all("\n" not in line for line in lines)
    team, odd, whole = (json.loads(line) for line in lines)
    assert "@" not in "".join(lines)
    assert team["time"] == "1970-01-01T00:01:42Z"
    assert (team["team"], team["groups"], team["status"]) == ("A", ["a"], "failed")
    assert (team["added"], team["removed"], team["missing"]) == (1, 1, 1)
    assert team["error"] == "add (e-mail): HTTP 500"
    assert odd["team"] == ODD
    assert whole["event"] == "team_sync.run"
    assert whole["status"] == "failed"
    assert whole["failed"] == ["A", ODD]
    assert whole["groups_failed"] == ["b"]
    assert whole["duration_seconds"] == 2.5
    assert (whole["added"], whole["removed"], whole["missing"]) == (1, 1, 1)


def test_log_with_emails() -> None:
    team, _odd, _whole = (json.loads(line) for line in log_of(eventful(), emails=True))
    assert team["emails"]["added"] == ["ana@acme.example"]
    assert team["error"] == "add dora@acme.example: HTTP 500"
    assert team["added"] == 1


def test_log_of_a_good_run() -> None:
    team, whole = (json.loads(line) for line in log_of(run([okta_row("a")], [team_row("A")])))
    assert (team["error"], whole["error"], whole["status"]) == (None, None, "ok")


# -- metrics -----------------------------------------------------------------------------------------------------------


def test_metrics_of_a_good_run() -> None:
    row = team_row("A", "updated", added=["x", "y"], removed=["z"], missing=["m"])
    found = samples(metrics_of(run([okta_row("a", "ana")], [row]), interval=300))
    assert found["identity_team_sync_last_run_timestamp_seconds"] == 102.5
    assert found["identity_team_sync_last_run_duration_seconds"] == 2.5
    assert found["identity_team_sync_last_run_success"] == 1
    assert found["identity_team_sync_last_success_timestamp_seconds"] == 102.5
    assert found["identity_team_sync_interval_seconds"] == 300
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="A"}'] == 102.5
    assert found['identity_team_sync_last_added{team="A"}'] == 2
    assert found['identity_team_sync_last_removed{team="A"}'] == 1
    assert found['identity_team_sync_last_missing{team="A"}'] == 1
    assert found['identity_team_sync_last_failed{team="A"}'] == 0
    assert found['identity_team_sync_members{team="A"}'] == 2
    assert found['identity_team_sync_team_group{team="A",okta_group="a"}'] == 1
    assert found['identity_team_sync_group_members{okta_group="a"}'] == 1
    assert found['identity_team_sync_last_requests{service="grafana",kind="writes"}'] == 1


def test_success_is_kept_where_a_run_fails() -> None:
    good = metrics_of(run([okta_row("a"), okta_row("b")], [team_row("A"), team_row("B")], ("A", ODD)))
    later = eventful()
    later["run"]["finished"] = 500.0
    later["teams"][0]["status"] = "unchanged"
    found = samples(metrics_of(later, good))
    odd = ODD.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert found["identity_team_sync_last_run_timestamp_seconds"] == 500
    assert found["identity_team_sync_last_run_success"] == 0
    assert found["identity_team_sync_last_success_timestamp_seconds"] == 102.5
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="A"}'] == 500
    assert found[f'identity_team_sync_team_last_success_timestamp_seconds{{team="{odd}"}}'] == 102.5
    assert found[f'identity_team_sync_last_failed{{team="{odd}"}}'] == 1
    assert found['identity_team_sync_group_failed{okta_group="b"}'] == 1
    assert found['identity_team_sync_last_error{team="A",code="server_error"}'] == 1


def test_a_run_that_did_not_get_to_its_teams() -> None:
    good = metrics_of(run([okta_row("a"), okta_row("b")], [team_row("A"), team_row("B")], ("A", ODD)))
    stopped = outcome_of(plan_of({"m": [5]}), {}, {}, started=1, finished=2)
    text = metrics_of(stopped, good)
    assert samples(text)['identity_team_sync_team_last_success_timestamp_seconds{team="A"}'] == 102.5
    again = samples(metrics_of(stopped, text))
    assert len([name for name in again if "team_last_success" in name]) == 2
    assert again["identity_team_sync_last_success_timestamp_seconds"] == 102.5


@pytest.mark.parametrize("previous", ["", "garbage", "identity_team_sync_last_success_timestamp_seconds NaN\n"])
def test_no_success_is_known(previous: str) -> None:
    found = samples(metrics_of(eventful(), previous))
    assert found["identity_team_sync_last_success_timestamp_seconds"] == 0
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="A"}'] == 0
    assert "identity_team_sync_interval_seconds" not in found


def test_a_group_that_is_asked_for_twice() -> None:
    plan = plan_of({"m": [{"okta_groups": ["a", {"name": "a", "type": "OKTA_GROUP"}], "grafana_team": "A"}]})
    sources = sources_of(plan, {"groups": [okta_row("a"), okta_row("a")]})
    samples(metrics_of(outcome_of(plan, sources, {"teams": [team_row("A")]}, started=0, finished=1.25)))
