# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a run, as lines, as a log and as metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.plugin_utils import _team_sync_metrics
from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync import plan_of, sources_of
from ansible_collections.pcc.identity.plugins.plugin_utils._team_sync_report import log_of, outcome_of, without_emails
from tests.support.team_sync import samples

#: Names that break whatever does not escape them.
ODD = 'Odd "quoted" \\ back\nslash ü {x="y"}'


def metrics_of(*arguments: Any, sync: str = "localhost", **more: Any) -> str:
    return _team_sync_metrics.metrics_of(*arguments, sync=sync, **more)


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
    lists = ("added", "removed", "kept", "missing", "protected", "spared", "external", "disabled", "ambiguous")
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
    assert outcome["lines"] == [
        "Preview, nothing was written:",
        "A: 1 added, 2 removed, 2 members",
        "B: created, 1 added, 2 members",
    ]


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
        "T: 1 added, 2 removed, 2 members, 1 missing in Grafana, 1 not removed, 1 left out by status, 1 without e-mail",
        "  + ana@acme.example  # in Okta group SRE",
        "  - Gone@acme.example  # DEPROVISIONED in Okta",
        "  - bob@acme.example  # not in Okta group SRE",
        "  ? dora@acme.example  # in Okta group SRE, but no such user in Grafana",
        "  ! eve@acme.example  # not in Okta group SRE, but not removed",
        "  x new  # STAGED in Okta",
        "  x nomail  # has no e-mail in Okta",
        "  warning: some are hidden",
    ]


def test_a_team_that_fails_shows_who_would_come_and_go() -> None:
    """That is what raising the limit would do. Whoever is left out anyway is no reason for the failure."""
    excluded = [{"login": "gone", "email": "gone@acme.example", "status": "DEPROVISIONED"}]
    drift = {"add": ["ana@acme.example"], "remove": ["bob@acme.example"]}
    row = team_row("T", "failed", error="Too many.", remaining_drift=drift)
    outcome = run([okta_row("SRE", "ana", excluded=excluded)], [row], ("T",), names=True)
    assert outcome["lines"] == [
        "T: failed: Too many.",
        "  ! ana@acme.example  # in Okta group SRE, but not added",
        "  ! bob@acme.example  # not in Okta group SRE, but not removed",
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
    assert outcome["lines"] == ["A: failed: Okta group 'a': HTTP 403: no permission for [e-mail]"]


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
    assert outcome["failure"].startswith(f"{head} the input, nothing was asked or written:\n- m[0]: must be")


def test_users_that_failed() -> None:
    users = [{"email": "ana@acme.example", "action": "add", "status": 500, "message": "HTTP 500"}]
    row = team_row("A", "failed", added=["bob@acme.example"], failed_users=users)
    assert run([okta_row("a", "ana")], [row], names=True)["lines"][0] == (
        "A: failed, but 1 added: add ana@acme.example: HTTP 500"
    )
    assert run([okta_row("a", "ana")], [row], check=True)["lines"] == [
        "Preview, nothing was written:",
        "A: failed, but 1 added: add [e-mail]: HTTP 500",
    ]
    assert run([okta_row("a", "ana")], [team_row("A", "skipped")])["lines"] == ["A: skipped: it was not tried."]


def test_many_failures() -> None:
    groups = [okta_row(f"g{number}") for number in range(25)]
    rows = [team_row(f"G{number}", "failed", error=f"x{number}") for number in range(25)]
    failure = run(groups, rows)["failure"]
    assert "- and 5 more" in failure
    assert "25 of 25 teams are not in step" in failure


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("add ana@acme.example: no", "add [e-mail]: no"),
        ("'o''hara@acme.example'", "'o''[e-mail]'"),
        ("<a+b@x.y>, [c@d.e]", "<[e-mail]>, [[e-mail]]"),
        ("nobody here", "nobody here"),
        ("It is ana@acme.example. Then", "It is [e-mail]. Then"),
        ("Is it ana@acme.example?", "Is it [e-mail]?"),
        ('"odd one"@acme.example: no', "[e-mail]: no"),
    ],
)
def test_d23_addresses_are_taken_out(text: str, rest: str) -> None:
    assert without_emails(text) == rest


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("add o'brien@acme.example: no", "add [e-mail]: no"),
        ("add O'Brien@ACME.example.", "add [e-mail]."),
        ("ana, anabel and ana.b: twice", "[login], anabel and ana.b: twice"),
        ("(ana)", "([login])"),
        ("Look into Grafana, grafana_url and 'grafana'.", "Look into Grafana, grafana_url and '[login]'."),
        # Rather a text that reads oddly than somebody who is named.
        ("2 members (an, x) of xy", "2 members ([login], [login]) of xy"),
    ],
)
def test_d23_who_is_known_is_taken_out_first(text: str, rest: str) -> None:
    assert without_emails(text, ["ana", "o'brien@acme.example", "grafana", "an", "x", ""]) == rest


def test_d23_nobody_is_named_in_any_text() -> None:
    """Whoever is in a row or a group is known, whatever the address looks like."""
    group = okta_row("a", "ana")
    group["members"].append({"login": "ologin", "email": "o'brien@acme.example", "status": "ACTIVE"})
    users = [{"email": "failing", "action": "add", "status": 500, "message": "HTTP 500"}]
    row = team_row("A", "failed", protected=["boss"], failed_users=users, warnings=["boss and ologin are odd"])
    row |= {"error": "o'brien@acme.example: 2 users.", "hint": "Ask boss."}
    outcome = run([group], [row], check=True)
    assert outcome["lines"] == [
        "Preview, nothing was written:",
        "A: failed: [e-mail]: 2 users.",
        "  warning: [login] and [login] are odd",
    ]
    assert outcome["failure"].splitlines()[1:3] == ["- A: [e-mail]: 2 users.", "  Ask [login]."]
    logged = json.loads(log_of(outcome)[0])
    assert (logged["error"], logged["warnings"]) == ("[e-mail]: 2 users.", ["[login] and [login] are odd"])
    row["error"] = None
    assert run([group], [row])["lines"][0] == "A: failed: add [login]: HTTP 500"


def test_what_stopped_all_teams_is_told_as_a_whole_and_once() -> None:
    """As by wrong options, a wrong token, or where nothing answers."""
    plan = plan_of({"m": [{"okta_group": "a", "grafana_team": name} for name in ("A", "B")]})
    sources = sources_of(plan, {"groups": [okta_row("a", "ana")]})
    grafana = {
        "failed": True,
        "msg": "2 problems in the input, nothing was written:\n- url: is missing.\n- teams: twice. Renew it.",
        "error_code": "invalid_input",
        "hint": "Renew it.",
    }
    outcome = outcome_of(plan, sources, grafana, started=0, finished=1)
    whole = "2 problems in the input, nothing was written:\n- url: is missing.\n- teams: twice."
    for team in outcome["teams"]:
        assert (team["error"], team["error_code"], team["hint"]) == (whole, "invalid_input", "Renew it.")
    assert outcome["lines"] == [
        line
        for name in ("A", "B")
        for line in (
            f"{name}: failed: 2 problems in the input, nothing was written:",
            "  - url: is missing.",
            "  - teams: twice.",
        )
    ]
    assert outcome["failure"].splitlines() == [
        "2 of 2 teams are not in step:",
        "- A, B: 2 problems in the input, nothing was written:",
        "  - url: is missing.",
        "  - teams: twice.",
        "  Renew it.",
        "Run it again when the cause is gone: what is done is left alone, the rest is tried.",
    ]
    assert 'last_error{sync="localhost",team="B",code="invalid_input"} 1' in metrics_of(outcome)
    logged = json.loads(log_of(outcome)[1])
    assert (logged["error"], logged["error_code"], logged["hint"]) == (whole, "invalid_input", "Renew it.")


def test_a_failed_source_is_not_told_as_if_grafana_failed() -> None:
    plan = plan_of({"m": [{"okta_group": name, "grafana_team": name.upper()} for name in ("a", "b")]})
    sources = sources_of(plan, {"groups": [okta_row("a", "ana"), failed_row("b")]})
    grafana = {"msg": "HTTP 401", "error_code": "unauthorized", "hint": "Renew it."}
    first, second = outcome_of(plan, sources, grafana, started=0, finished=1)["teams"]
    assert (first["error_code"], first["hint"]) == ("unauthorized", "Renew it.")
    assert (second["error_code"], second["hint"]) == ("forbidden", "Give it the role.")


@pytest.mark.parametrize(("failed", "head"), [(1, "1 of 2 teams is not"), (2, "2 of 2 teams are not")])
def test_grammar(failed: int, head: str) -> None:
    rows = [team_row("A", "failed", error="x"), team_row("B", "failed" if failed == 2 else "unchanged", error="x")]
    assert run([okta_row("a"), okta_row("b")], rows)["failure"].startswith(head)
    assert run([okta_row("a")], rows[:1])["failure"].startswith("1 of 1 team is not")
    assert run([okta_row("a")], [team_row("A", stats={"after": 1})])["lines"] == ["A: unchanged, 1 member"]


def guarded() -> Any:
    """Members who stay by a guard, and who are in the group by another name."""
    excluded = [{"login": "gone", "email": "gone@acme.example", "status": "DEPROVISIONED"}]
    group = okta_row("A", excluded=excluded)
    group["members"] = [{"login": "ana@acme.example", "email": "ana.newname@acme.example", "status": "ACTIVE"}]
    row = team_row(
        "T",
        protected=["boss@acme.example", "gone@acme.example"],
        spared=["Ana@acme.example", "old@acme.example"],
    )
    return run([group], [row], ("T",), names=True)


def test_who_stays_by_a_guard_or_by_another_name_is_shown() -> None:
    outcome = guarded()
    assert outcome["lines"] == [
        "T: unchanged, 2 members, 2 protected, 2 by another name",
        "  ! boss@acme.example  # not in Okta group A, but stays as an administrator of the team or a protected user",
        "  ! gone@acme.example  # DEPROVISIONED in Okta, but stays as an administrator of the team or a protected user",
        "  = Ana@acme.example  # in Okta group A by another name (ana.newname@acme.example), not removed",
        "  = old@acme.example  # in Okta group A by another name, not removed",
    ]


def test_who_stays_is_counted() -> None:
    found = samples(metrics_of(guarded()))
    assert found['identity_team_sync_last_protected{team="T"}'] == 2
    assert found['identity_team_sync_last_spared{team="T"}'] == 2
    assert found['identity_team_sync_last_not_removed{team="T"}'] == 0
    team = json.loads(log_of(guarded(), emails=True)[0])
    assert (team["protected"], team["spared"]) == (2, 2)
    assert team["emails"]["spared"] == ["Ana@acme.example", "old@acme.example"]


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
    assert team["error"] == "add [e-mail]: HTTP 500"
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


def test_two_syncs_do_not_mix() -> None:
    """Neither their samples nor what is taken over from the file of the run before."""
    others = metrics_of(run([okta_row("a")], [team_row("A")]), sync=ODD)
    found = samples(metrics_of(eventful(), others))
    assert found["identity_team_sync_last_success_timestamp_seconds"] == 0
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="A"}'] == 0
    assert "identity_team_sync_last_success_timestamp_seconds 102.5" not in others
    assert ODD.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") in others
    mine = metrics_of(eventful(), others, sync=ODD)
    assert [line.split()[-1] for line in mine.splitlines() if "last_success_timestamp" in line and line[0] != "#"] == [
        "102.5",
        "102.5",
        "0",
    ]
