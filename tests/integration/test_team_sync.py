# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The team sync on the emulator: preview and run agree, what fails fails alone, every run is measured and logged."""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path

import pytest
import yaml

from emulator.testing import GRAFANA_TOKEN, running
from tests.support.team_sync import environment, fill, people, samples, teams_of

ROOT = Path(__file__).resolve().parents[2]
PLAY = "playbooks/team_sync.yml"
DEPROVISIONED = {"login": "gone@acme.example", "status": "DEPROVISIONED"}
RUN_SUCCESS = "identity_team_sync_last_success_timestamp_seconds"
OLD = f'# TYPE {RUN_SUCCESS} gauge\n{RUN_SUCCESS}{{sync="localhost"}} 1700000000.5\n'


def mapping(team, *groups, **more):
    return {"grafana_team": team, "okta_groups": list(groups), **more}


@pytest.fixture
def sync(ansible, emulator, tmp_path):
    """Run the playbook with mappings, with metrics and a log."""

    def run(*mappings, arguments=(), play=PLAY, **variables):
        values = {
            **environment(emulator),
            "TEAM_SYNC_MAPPINGS": json.dumps(mappings) if mappings else None,
            "TEAM_SYNC_METRICS_FILE": str(tmp_path / "sync.prom"),
            "TEAM_SYNC_LOG_FILE": str(tmp_path / "sync.log"),
            **variables,
        }
        done = ansible(*arguments, play=play, **values)
        for secret in (GRAFANA_TOKEN, values["OKTA_API_TOKEN"]):
            assert not secret or secret not in done.output
        return done

    return run


@pytest.fixture
def metrics(tmp_path):
    """The metrics of the last run."""
    return lambda: samples((tmp_path / "sync.prom").read_text(encoding="utf-8"))


@pytest.fixture
def log(tmp_path):
    """The lines of the log: those of teams by name, and that of the last run by an empty name."""

    def read():
        lines = [json.loads(line) for line in (tmp_path / "sync.log").read_text(encoding="utf-8").splitlines()]
        return {line.get("team", ""): line for line in lines}

    return read


@pytest.mark.smoke
def test_d18_d19_preview_run_and_run_again(sync, emulator, tmp_path, metrics, log):
    groups = {"SRE": ["ana", "carol", DEPROVISIONED], "Leads": ["lea", "ana", "nobody"], "Data": ["dora"]}
    teams = {"SRE Team": ["ana", "gone", "bob"], "Other": ["eve"]}
    fill(emulator, groups, teams, ("carol", "lea", "dora"))
    mappings = (mapping("SRE Team", "SRE"), mapping("Data Team", "Data"), mapping("SRE Team", "Leads"))

    check = sync(*mappings, arguments=("--check", "--diff"))
    assert check.code == 0, check.output
    assert {entry["method"] for entry in emulator.requests()} == {"GET"}
    assert list(tmp_path.glob("sync.*")) == []
    shown = [line.strip() for line in check.output.partition("Preview, nothing was written:\n")[2].splitlines()]
    assert shown[: shown.index("")] == [
        "SRE Team: 2 added, 2 removed, 3 members, 1 missing in Grafana",
        "+ carol@acme.example  # in Okta group SRE",
        "+ lea@acme.example  # in Okta group Leads",
        "- bob@acme.example  # not in Okta groups SRE and Leads",
        "- gone@acme.example  # DEPROVISIONED in Okta",
        "? nobody@acme.example  # in Okta group Leads, but no such user in Grafana",
        "Data Team: created, 1 added, 1 member",
        "+ dora@acme.example  # in Okta group Data",
    ]
    assert "--- before: grafana team SRE Team (uid " in check.output

    real = sync(*mappings)
    assert real.code == 0, real.output
    assert real.changed == check.changed == {"localhost": 1}
    assert "SRE Team: 2 added, 2 removed, 3 members" in real.text
    assert "@acme" not in real.output, "without --diff nobody is named"
    wanted = {"SRE Team": ["ana", "carol", "lea"], "Data Team": ["dora"], "Other": ["eve"]}
    assert teams_of(emulator) == wanted
    first = metrics()
    assert first['identity_team_sync_last_added{team="SRE Team"}'] == 2
    assert first['identity_team_sync_last_removed{team="SRE Team"}'] == 2
    assert first['identity_team_sync_last_missing{team="SRE Team"}'] == 1
    assert first["identity_team_sync_last_run_success"] == 1
    assert first['identity_team_sync_group_excluded{okta_group="SRE"}'] == 1
    assert stat.S_IMODE((tmp_path / "sync.prom").stat().st_mode) == 0o644
    assert log()["SRE Team"]["groups"] == ["SRE", "Leads"]
    assert log()[""]["status"] == "ok"

    written, asked = len(emulator.writes()), len(emulator.requests())
    again = sync(*mappings)
    assert again.code == 0, again.output
    assert again.changed == {"localhost": 0}
    assert len(emulator.writes()) == written
    assert teams_of(emulator) == wanted
    assert "SRE Team: unchanged, 3 members" in again.text
    assert len([entry for entry in emulator.requests(asked) if entry["service"] == "grafana"]) <= 1 + 2 * 2
    assert metrics()[RUN_SUCCESS] > first[RUN_SUCCESS]
    lines = (tmp_path / "sync.log").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 6
    assert "@" not in lines
    assert sorted(path.name for path in tmp_path.glob("sync*")) == ["sync.log", "sync.prom"]


def test_d1_d2_d4_d6_what_fails_fails_alone(sync, emulator, tmp_path, metrics, log):
    groups = {"Good": ["ana"], "Empty": [], "Small": ["ana"], "Long": [f"user{number}" for number in range(5)]}
    start = {"Gone Team": ["bob"], "Empty Team": ["bob"], "Big Team": ["ana", "bob", "cy", "dan", "eve", "fay"]}
    start |= {"Long Team": ["bob", "cy"], "Mixed Team": ["bob"]}
    fill(emulator, groups, {**start, "Good Team": ["bob"]}, ("user0",))
    # The second page of the long group never comes.
    emulator.faults([{"match": {"service": "okta", "query": "*after=*"}, "do": {"kind": "status", "status": 403}}])
    mappings = (
        mapping("Good Team", "Good"),
        mapping("Gone Team", "Gone"),
        mapping("Mixed Team", "Good", "Gone"),
        mapping("Empty Team", "Empty"),
        mapping("Big Team", "Small"),
        mapping("Long Team", "Long"),
    )
    (tmp_path / "sync.prom").write_text(OLD)
    run = sync(*mappings, arguments=("-e", "team_sync_okta_page_size=2"))
    assert run.code == 2, run.output
    assert teams_of(emulator) == {**{team: sorted(members) for team, members in start.items()}, "Good Team": ["ana"]}
    assert {entry["path"].split("/")[3] for entry in emulator.writes()} == {
        next(team["uid"] for team in emulator.state(service="grafana")["teams"] if team["name"] == "Good Team")
    }
    assert run.changed == {"localhost": 1}
    assert "5 of 6 teams are not in step:" in run.output
    gone = "The list of members is not complete: Okta group 'Gone': There is no group named"
    assert f"- Gone Team, Mixed Team: {gone}" in run.output
    assert "- Empty Team: The list of members is empty; 1 member ([e-mail]) would be removed" in run.output
    assert "- Big Team: 5 members" in run.output
    assert "- Long Team: The list of members is not complete: Okta group 'Long': " in run.output
    assert "Run it again when the cause is gone" in run.output
    found = metrics()
    assert found["identity_team_sync_failed_teams"] == 5
    assert found["identity_team_sync_last_run_success"] == 0
    assert found[RUN_SUCCESS] == 1700000000.5
    assert found['identity_team_sync_last_failed{team="Good Team"}'] == 0
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="Good Team"}'] > 1.7e9
    assert found['identity_team_sync_team_last_success_timestamp_seconds{team="Big Team"}'] == 0
    assert found['identity_team_sync_last_not_removed{team="Big Team"}'] == 5
    assert found['identity_team_sync_last_error{team="Big Team",code="too_many_removals"}'] == 1
    assert found['identity_team_sync_group_failed{okta_group="Gone"}'] == 1
    assert log()["Gone Team"]["status"] == "failed"
    assert "Okta group 'Gone'" in log()["Gone Team"]["error"]
    assert log()["Good Team"]["removed"] == 1
    assert log()[""]["failed"] == ["Gone Team", "Mixed Team", "Empty Team", "Big Team", "Long Team"]


def test_a_wrong_token_of_okta(sync, emulator, tmp_path, metrics, log):
    fill(emulator, {"A": ["ana"], "B": ["bob"]}, {"A Team": ["bob"], "B Team": ["ana"]})
    (tmp_path / "sync.prom").write_text(OLD)
    run = sync(mapping("A Team", "A"), mapping("B Team", "B"), OKTA_API_TOKEN="wrongToken")
    assert run.code == 2, run.output
    assert "2 of 2 teams are not in step" in run.output
    assert "Okta group 'A': " in run.output
    assert not [entry for entry in emulator.requests() if entry["service"] == "grafana"]
    assert metrics()[RUN_SUCCESS] == 1700000000.5
    assert metrics()["identity_team_sync_failed_teams"] == 2
    assert log()["A Team"]["error_code"] == "unauthorized"
    assert log()[""]["groups_failed"] == ["A", "B"]


def test_a_wrong_token_of_grafana(sync, emulator, metrics, log):
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]})
    run = sync(mapping("A Team", "A"), mapping("B Team", "A"), GRAFANA_TOKEN="wrongToken")
    assert run.code == 2, run.output
    assert "2 of 2 teams are not in step:" in run.output
    assert "- A Team, B Team: GET /api/org/users: HTTP 401, Invalid API key." in run.output
    assert not emulator.writes()
    assert metrics()["identity_team_sync_failed_teams"] == 2
    assert metrics()['identity_team_sync_last_error{team="B Team",code="unauthorized"}'] == 1
    assert (log()["B Team"]["status"], log()["B Team"]["error_code"]) == ("failed", "unauthorized")
    assert "Make a service account token" in log()["B Team"]["hint"]


@pytest.mark.parametrize(
    ("values", "code", "lines"),
    [
        ({"GRAFANA_URL": "http://127.0.0.1:1"}, "unreachable", ["Cannot connect to Grafana", "Check grafana_url"]),
        (
            {"GRAFANA_TOKEN": None},
            "invalid_option",
            ["1 problem in the input, nothing was written:", "- grafana_token"],
        ),
    ],
)
def test_all_that_stops_grafana_is_told(sync, emulator, metrics, log, values, code, lines):
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]})
    run = sync(mapping("A Team", "A"), arguments=("-e", "team_sync_retries=0"), **values)
    assert run.code == 2, run.output
    failure = run.text.partition("1 of 1 team is not in step:")[2]
    for line in lines:
        assert line in failure
    assert metrics()[f'identity_team_sync_last_error{{team="A Team",code="{code}"}}'] == 1
    assert log()["A Team"]["error_code"] == code


def test_d15_who_stays_and_why(sync, emulator, metrics, log):
    """Administrators and protected users, and somebody with another e-mail in Okta than in Grafana."""
    renamed = {"login": "ana@acme.example", "email": "ana.newname@acme.example"}
    fill(emulator, {"A": [renamed, "bob"]}, {"A Team": ["ana", "bob", "boss", "old"]}, ("chief",))
    emulator.edit("add_member", service="grafana", team="A Team", user="chief@acme.example", permission=4)
    arguments = ("--diff", "-e", "team_sync_protected_users=boss@acme.example")
    run = sync(mapping("A Team", "A"), arguments=arguments)
    assert run.code == 0, run.output
    shown = [line.strip() for line in run.output.splitlines() if line.strip()[:2] in ("! ", "= ", "? ")]
    stays = "not in Okta group A, but stays as an administrator of the team or a protected user"
    assert shown == [
        "? ana.newname@acme.example  # in Okta group A, but no such user in Grafana",
        f"! boss@acme.example  # {stays}",
        f"! chief@acme.example  # {stays}",
        "= ana@acme.example  # in Okta group A by another name (ana.newname@acme.example), not removed",
    ]
    assert "4 members, 1 missing in Grafana, 2 protected, 1 by another name" in run.text
    assert teams_of(emulator)["A Team"] == ["ana", "bob", "boss"]
    assert metrics()['identity_team_sync_last_protected{team="A Team"}'] == 2
    assert metrics()['identity_team_sync_last_spared{team="A Team"}'] == 1
    assert (log()["A Team"]["protected"], log()["A Team"]["spared"]) == (2, 1)


def test_d23_nobody_is_named_unless_it_is_asked_for(sync, emulator):
    """Whatever their addresses look like, in what fails and in warnings."""
    odd = ["o'brien@acme.example", '"odd one"@acme.example', {"login": "nomail", "email": None}]
    emulator.edit("set_group", service="okta", name="A", emails=odd)
    fill(emulator, {"B": ["bob"]}, {"A Team": ["cy"], "B Team": ["bob", "dora", "eve"]})
    run = sync(
        mapping("A Team", "A"),
        mapping("B Team", "B", max_removals=1),
        arguments=("-e", "team_sync_missing_users=fail"),
    )
    assert run.code == 2, run.output
    assert "2 of 2 teams are not in step" in run.text
    for name in ("brien", "odd one", "acme.example", "nomail", "dora"):
        assert name not in run.output


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"team_sync_match_on": ["login"]}, "team_sync_match_on: email has to be among them"),
        ({"team_sync_protected_users": '["boss"]'}, "team_sync_protected_users: is text with brackets or quotes."),
    ],
)
def test_variables_that_would_remove_the_wrong_people(sync, emulator, variables, problem):
    run = sync(mapping("A Team", "A"), arguments=("-e", json.dumps(variables)))
    assert run.code == 2, run.output
    assert "1 problem in the input, nothing was asked or written:" in run.text
    assert problem in run.text
    assert not emulator.requests()


def test_a_module_that_breaks_off(sync, emulator, tmp_path, metrics, log):
    """As one that runs out of memory: its process ends without a result."""
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    python = tmp_path / "python"
    python.write_text(
        "#!/bin/sh\ncase $* in *grafana_team_members*) echo Killed >&2; exit 137;; esac\n"
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    run = sync(mapping("A Team", "A"), arguments=("-e", f"ansible_python_interpreter={python}"))
    assert run.code == 2, run.output
    assert "1 of 1 team is not in step" in run.output
    assert metrics()['identity_team_sync_last_failed{team="A Team"}'] == 1
    assert log()["A Team"]["status"] == "failed"
    assert log()["A Team"]["error"].endswith(": Killed")


@pytest.mark.smoke
def test_a_variable_that_is_not_there(sync, emulator, tmp_path, metrics, log):
    """As a vault that was forgotten: the run stops, and is measured and logged nevertheless."""
    (tmp_path / "sync.prom").write_text(OLD)
    run = sync(mapping("A Team", "A"), arguments=("-e", json.dumps({"team_sync_mappings__more": "{{ nowhere }}"})))
    assert run.code == 2, run.output
    assert "The run was stopped: Check the mappings: " in run.text
    assert "'nowhere' is undefined" in run.output
    assert not emulator.requests()
    assert metrics()["identity_team_sync_last_run_success"] == 0
    assert metrics()[RUN_SUCCESS] == 1700000000.5
    assert "Check the mappings" in log()[""]["error"]


def test_all_that_is_wrong_with_the_mappings(sync, emulator, tmp_path, metrics, log):
    (tmp_path / "sync.prom").write_text(OLD)
    more = [mapping("A Team", "A", max_removals=2), 5]
    wrong = (mapping("A Team", "A", max_removals=1), {"grafana_team": "B Team"})
    run = sync(*wrong, arguments=("-e", json.dumps({"team_sync_mappings__more": more})))
    assert run.code == 2, run.output
    for problem in (
        "- team_sync_mappings[1]: okta_groups: is missing.",
        "- team_sync_mappings__more[0]: max_removals: is 2 for team 'A Team', but 1 in team_sync_mappings[0].",
        "- team_sync_mappings__more[1]: must be a dictionary",
    ):
        assert problem in run.output
    assert not emulator.requests()
    assert metrics()[RUN_SUCCESS] == 1700000000.5
    assert metrics()["identity_team_sync_last_run_success"] == 0
    assert log()[""]["status"] == "failed"


def test_from_the_environment_alone(sync, emulator, tmp_path, log):
    """What runs in a container: the collection's playbook, away from the checkout, as an OAuth service app."""
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    key = emulator.okta_key("0oaSync")
    where = {"HOME": str(tmp_path), "ANSIBLE_CONFIG": None, "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
    run = sync(
        play="pcc.identity.team_sync",
        arguments=("-i", "localhost,", "-e", "team_sync_log_emails=true", "-e", "team_sync_log_stdout=true"),
        TEAM_SYNC_MAPPINGS=yaml.safe_dump([mapping("A Team", "A")]),
        TEAM_SYNC_METRICS_FILE=str(tmp_path / "not there" / "sync.prom"),
        OKTA_API_TOKEN=None,
        OKTA_CLIENT_ID="0oaSync",
        OKTA_PRIVATE_KEY=key,
        **where,
    )
    assert teams_of(emulator) == {"A Team": ["ana"]}
    assert log()["A Team"]["emails"]["added"] == people("ana")
    printed = [json.loads(line) for line in run.output.splitlines() if line.strip().startswith('{"time"')]
    assert [line["event"] for line in printed] == ["team_sync.team", "team_sync.run"]
    # The team is in step, but somebody waits for the metrics.
    assert run.code == 2, run.output
    assert "The metrics could not be written to" in run.output
    assert log()["A Team"]["error"] is None


@pytest.fixture
def hosts(sync, emulator, tmp_path):
    """Run a play with mappings and other variables by host."""

    def run(variables, **keywords):
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        found = {host: {**local, **values} for host, values in variables.items()}
        (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": found}}))
        play = tmp_path / "play.yml"
        roles = [{"role": "pcc.identity.team_sync"}]
        play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": roles, **keywords}]))
        return sync(play=play, arguments=("-i", str(tmp_path / "hosts.yml")), TEAM_SYNC_METRICS_FILE=None)

    return run


def test_d18_two_hosts_with_one_team_in_turn(hosts, emulator):
    """With serial the first is done before the other one is known. However the address is written."""
    fill(emulator, {"A": ["ana"], "B": ["bob"]}, {"A Team": ["cy"]}, ("ana", "bob"))
    url = emulator.grafana_url
    run = hosts(
        {
            "one": {"team_sync_mappings": [mapping("A Team", "A")], "team_sync_grafana_url": f"{url}/"},
            "two": {
                "team_sync_mappings": [mapping("A Team", "B")],
                "team_sync_grafana_url": url.replace("http", "HTTP"),
                "team_sync_grafana_org_id": 1,
            },
        },
        serial=1,
    )
    assert run.code == 2, run.output
    assert "two has teams in common with one (A Team)" in run.text
    assert "For two nothing was asked or written." in run.text
    assert teams_of(emulator) == {"A Team": ["ana"]}


def test_two_hosts_with_one_file_for_metrics(hosts, emulator, tmp_path):
    fill(emulator, {"A": ["ana"]}, {"A Team": ["cy"], "B Team": ["cy"], "C Team": ["cy"]}, ("ana",))
    file = tmp_path / "two.prom"
    one = {"team_sync_mappings": [mapping("A Team", "A")], "team_sync_metrics_file": str(file)}
    other = {"team_sync_mappings": [mapping("B Team", "A")], "team_sync_metrics_file": f"{tmp_path}/./two.prom"}
    third = {"team_sync_mappings": [mapping("C Team", "A")], "team_sync_metrics_file": str(tmp_path / "three.prom")}
    run = hosts({"one": one, "two": other, "three": {**third, "team_sync_name": "acme"}})
    assert run.code == 2, run.output
    assert f"one has the same file for metrics as two, {file}" in run.text
    assert "could not be written" not in run.text
    assert not file.exists()
    assert teams_of(emulator) == {"A Team": ["cy"], "B Team": ["cy"], "C Team": ["ana"]}
    assert samples((tmp_path / "three.prom").read_text(), "acme")["identity_team_sync_last_run_success"] == 1


def test_d23_no_password_of_an_address_is_shown(sync, emulator):
    address = emulator.grafana_url.replace("http://", "http://user:aPassword@")
    run = sync(mapping("A Team", "A"), arguments=("-vvv",), GRAFANA_URL=address)
    assert run.code == 2, run.output
    assert "aPassword" not in run.output


def test_two_hosts_with_one_team(sync, emulator, tmp_path):
    """Several Grafanas are several hosts. Two that keep the same team in step would take turns."""
    fill(emulator, {"A": ["ana"], "B": ["bob"]}, {"A Team": ["cy"]}, ("ana", "bob"))
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        "one": {**local, "team_sync_mappings": [mapping("A Team", "A"), mapping("One Team", "A")]},
        "two": {**local, "team_sync_mappings": [mapping("A Team", "B")]},
        "three": {**local, "team_sync_mappings": [mapping("Three Team", "B")]},
    }
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    play = tmp_path / "play.yml"
    roles = [{"role": "pcc.identity.team_sync"}]
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": roles}]))
    run = sync(play=play, arguments=("-i", str(tmp_path / "hosts.yml")), TEAM_SYNC_METRICS_FILE=None)
    assert run.code == 2, run.output
    assert "one has teams in common with two (A Team)" in run.text
    assert "two has teams in common with one (A Team)" in run.text
    assert teams_of(emulator) == {"A Team": ["cy"], "Three Team": ["bob"]}


# -- what comes along --------------------------------------------------------------------------------------------------


def test_the_container_takes_this_version():
    """As ``ansible-galaxy collection build`` calls it, from where ansible-builder has put it."""
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    container = yaml.safe_load((ROOT / "execution-environment.yml").read_text())
    (file,) = container["additional_build_files"]
    (collection,) = container["dependencies"]["galaxy"]["collections"]
    assert file["src"] == f"pcc-identity-{version}.tar.gz"
    assert collection == {"name": f"{file['dest']}/{file['src']}", "type": "file"}


def known_metrics():
    """The names of all metrics that there can be."""
    source = (ROOT / "plugins" / "plugin_utils" / "_team_sync_metrics.py").read_text()
    names = re.findall(r'^        "([a-z_]+)",$|(?:gauge|per_team|per_group)\(\s*"([a-z_]+)"', source, re.MULTILINE)
    constants = re.findall(r'^_(?:TEAM|RUN)_SUCCESS = "([a-z_]+)"$', source, re.MULTILINE)
    return {f"identity_team_sync_{name}" for name in [*constants, *(first or second for first, second in names)]}


def test_only_people_who_should_be_gone_are_critical():
    """And a run that is not there; what is no danger must not wake anybody."""
    alerts = yaml.safe_load((ROOT / "docs" / "prometheus" / "team-sync-alerts.yml").read_text())
    rules = {rule["alert"]: rule for group in alerts["groups"] for rule in group["rules"]}
    critical = {name for name, rule in rules.items() if rule["labels"]["severity"] == "critical"}
    assert critical == {"TeamSyncAbsent", "TeamSyncNotRunning", "TeamSyncMembersNotRemoved"}
    expression = rules["TeamSyncMembersNotRemoved"]["expr"]
    assert expression == "max by (instance, sync, team) (identity_team_sync_last_not_removed) > 0"
    assert rules["TeamSyncRemovalsDisabled"]["labels"]["severity"] == "info"
    dashboard = json.loads((ROOT / "docs" / "grafana" / "team-sync-dashboard.json").read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for text in (*targets, *(rule["expr"] for name, rule in rules.items() if name != "TeamSyncAbsent")):
        assert text.count("max by (instance, sync") == len(re.findall(r"identity_\w+", text)), text
    assert all('sync=~"$sync"' in text for text in targets)


def example_of(path):
    """The preview that a page shows."""
    return (
        (ROOT / path).read_text().partition("```\nPreview, nothing was written:\n")[2].partition("```")[0].splitlines()
    )


def test_the_preview_that_is_documented(sync):
    with running(sample=True) as sample:
        run = sync(arguments=("--check", "--diff"), **environment(sample))
    assert run.code == 0, run.output
    lines = run.output.partition("Preview, nothing was written:\n")[2].partition("\n\n")[0].splitlines()
    assert example_of("docs/team-sync.md") == [line.removeprefix("        ") for line in lines]
    assert example_of("README.md") == example_of("docs/team-sync.md")


def test_alerts_and_dashboard_use_metrics_that_there_are():
    alerts = yaml.safe_load((ROOT / "docs" / "prometheus" / "team-sync-alerts.yml").read_text())
    dashboard = json.loads((ROOT / "docs" / "grafana" / "team-sync-dashboard.json").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 4
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"]
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    targets.append(dashboard["templating"]["list"][-1]["definition"])
    used = {
        name for text in [*targets, *(rule["expr"] for rule in rules)] for name in re.findall(r"identity_\w+", text)
    }
    assert used
    assert used <= known_metrics(), used - known_metrics()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    page = (ROOT / "docs" / "team-sync.md").read_text()
    assert {name for name in known_metrics() if f"`{name.removeprefix('identity_team_sync_')}" not in page} == set()
