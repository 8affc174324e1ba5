# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timer of the team sync: what it installs is what systemd and cron run, and that does a sync.

No init system is needed: the command lines are taken out of the files as they stand, and run.
"""

from __future__ import annotations

import getpass
import grp
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from emulator.testing import GRAFANA_TOKEN, OKTA_TOKEN
from tests.support.team_sync import fill, samples, teams_of

#: Characters that a shell and systemd would each like to have for themselves, and a line break.
ODD = "a \"b\" 'c' $HOME ${HOME} `id` \\ \\n %h # ü\nlast { x }"
ANALYZE = shutil.which("systemd-analyze")


class Timer:
    """The role, with all folders below one of the test."""

    def __init__(self, ansible, emulator, folder: Path) -> None:
        self.ansible, self.folder = ansible, folder
        for name in ("units", "cron", "run"):
            (folder / name).mkdir(parents=True)
        mappings = [{"grafana_team": "A Team", "okta_groups": ["A"]}]
        self.variables = {
            "team_sync_timer_user": getpass.getuser(),
            "team_sync_timer_group": grp.getgrgid(os.getgid()).gr_name,
            "team_sync_timer_owner": getpass.getuser(),
            "team_sync_timer_manage_user": False,
            "team_sync_timer_manage_service": False,
            "team_sync_timer_config_dir": str(folder / "etc"),
            "team_sync_timer_state_dir": str(folder / "state"),
            "team_sync_timer_unit_dir": str(folder / "units"),
            "team_sync_timer_cron_dir": str(folder / "cron"),
            "team_sync_timer_lock_file": str(folder / "run" / "lock"),
            "team_sync_timer_metrics_file": str(folder / "metrics" / "sync.prom"),
            "team_sync_timer_log_file": str(folder / "log" / "sync.log"),
            "team_sync_timer_random_delay": 0,
            "team_sync_timer_vars": {"team_sync_mappings": mappings},
            "team_sync_timer_environment": {
                "OKTA_ORG_URL": emulator.okta_url,
                "GRAFANA_URL": emulator.grafana_url,
            },
            "team_sync_timer_credentials": {"OKTA_API_TOKEN": OKTA_TOKEN, "GRAFANA_TOKEN": GRAFANA_TOKEN},
        }

    def __call__(self, *arguments: str, code: int = 0, **variables):
        """Run the role."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "roles": [{"role": "pcc.identity.team_sync_timer"}],
        }
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump([play]))
        values = self.folder / "variables.json"
        values.write_text(json.dumps({**self.variables, **variables}))
        run = self.ansible("-i", "localhost,", "-e", f"@{values}", *arguments, play=path)
        path.unlink()
        values.unlink()
        assert run.code == code, run.output
        assert OKTA_TOKEN not in run.output
        assert GRAFANA_TOKEN not in run.output
        return run

    def files(self) -> dict[str, str]:
        """All that is there, with the contents."""
        return {
            str(path.relative_to(self.folder)): path.read_text()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def timer(ansible, emulator, tmp_path):
    return Timer(ansible, emulator, tmp_path / "root")


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit by name."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            name, _equals, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def as_systemd_reads(path: Path) -> dict[str, str]:
    """An environment file, as systemd has it: in double quotes a backslash takes the meaning of " \\ ` and $."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    pairs = re.findall(r'^([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"\n', text, re.MULTILINE | re.DOTALL)
    assert sum(len(f'{name}="{value}"\n') for name, value in pairs) == len(text), "something else is in there"
    return {name: re.sub(r'\\(["\\`$])', r"\1", value) for name, value in pairs}


def test_systemd(timer, emulator):
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    check = timer("--check", "--diff")
    assert timer.files() == {}
    run = timer("--diff")
    assert run.changed == check.changed
    assert sorted(timer.files()) == [
        "etc/credentials",
        "etc/environment",
        "etc/vars.yml",
        "units/team-sync.service",
        "units/team-sync.timer",
    ]
    folder = timer.folder
    for name, mode in {
        "etc": 0o750,
        "etc/credentials": 0o600,
        "etc/environment": 0o640,
        "etc/vars.yml": 0o640,
        "state": 0o750,
        "units/team-sync.service": 0o644,
    }.items():
        assert stat.S_IMODE((folder / name).stat().st_mode) == mode, name
    again = timer("--check", "--diff")
    assert again.changed == {"localhost": 0}, again.output

    service = unit(folder / "units" / "team-sync.service")
    assert not {OKTA_TOKEN, GRAFANA_TOKEN} & set(
        re.split(r"[\s=]", (folder / "units" / "team-sync.service").read_text())
    )
    assert service["Type"] == ["oneshot"]
    environment = {"PATH": "/usr/bin:/bin"}
    for path in service["EnvironmentFile"]:
        environment |= as_systemd_reads(Path(path))
    (command,) = service["ExecStart"]
    (where,) = service["WorkingDirectory"]
    done = subprocess.run(
        shlex.split(command), cwd=where, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A Team: 1 added, 1 removed" in done.stdout
    assert "[WARNING]" not in done.stdout + done.stderr
    assert teams_of(emulator) == {"A Team": ["ana"]}
    found = samples((folder / "metrics" / "sync.prom").read_text())
    assert found["identity_team_sync_interval_seconds"] == 300
    assert len((folder / "log" / "sync.log").read_text().splitlines()) == 2
    # All that was written is in folders that the unit may write to.
    writable = [Path(path) for path in service["ReadWritePaths"][0].split()]
    assert sorted(path.relative_to(folder).as_posix() for path in writable) == ["log", "metrics", "state"]

    timer(team_sync_timer_state="absent", team_sync_timer_keep_logs=True)
    assert sorted(timer.files()) == ["log/sync.log"]
    assert not (folder / "etc").exists()
    assert not (folder / "state").exists()
    gone = timer(team_sync_timer_state="absent", team_sync_timer_keep_logs=False)
    assert gone.changed == {"localhost": 1}
    assert timer.files() == {}


def test_what_systemd_says_of_the_units(timer):
    """With systemd at hand its own tools judge them. Without, what they are to judge is looked at here."""
    timer()
    units = timer.folder / "units"
    service, schedule = units / "team-sync.service", units / "team-sync.timer"
    times = unit(schedule)
    assert times["OnBootSec"] == ["60s"]
    assert times["OnUnitInactiveSec"] == ["300s"]
    assert times["RandomizedDelaySec"] == ["0s"]
    assert "Persistent" not in times
    settings = unit(service)
    for name, value in {
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "SystemCallFilter": "@system-service",
        "TimeoutStartSec": "900",
    }.items():
        assert settings[name] == [value]
    if ANALYZE:
        verify = subprocess.run(
            [ANALYZE, "verify", str(service), str(schedule)], capture_output=True, text=True, check=False
        )
        assert (verify.returncode, verify.stdout + verify.stderr) == (0, "")
        # Exposure from 0 to 100; what is left comes from the network, which it needs.
        security = subprocess.run(
            [ANALYZE, "security", "--offline=true", "--threshold=25", "--no-pager", str(service)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert security.returncode == 0, security.stdout
    timer(team_sync_timer_on_calendar="*:0/5", team_sync_timer_on_failure="notify@%n.service")
    times = unit(schedule)
    assert (times["OnCalendar"], times["Persistent"]) == (["*:0/5"], ["true"])
    assert "OnUnitInactiveSec" not in times
    assert unit(service)["OnFailure"] == ["notify@%n.service"]
    if ANALYZE:
        assert subprocess.run([ANALYZE, "verify", str(schedule)], capture_output=True, check=False).returncode == 0


def test_d21_cron(timer, emulator):
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    timer()
    run = timer(team_sync_timer_backend="cron")
    assert run.changed["localhost"] > 0
    assert sorted(timer.files()) == ["cron/team-sync", "etc/credentials", "etc/environment", "etc/run", "etc/vars.yml"]
    assert timer("--check", team_sync_timer_backend="cron").changed == {"localhost": 0}
    entry = timer.files()["cron/team-sync"]
    found = re.search(r"^\*/5 \* \* \* \* root (.*)$", entry, re.MULTILINE)
    assert found, entry
    assert OKTA_TOKEN not in entry + timer.files()["etc/run"]
    # cron makes a line break of this.
    assert "%" not in found[1]
    path = re.search(r"^PATH=(.*)$", entry, re.MULTILINE)
    arguments = {"shell": True, "env": {"PATH": path[1]}, "capture_output": True, "text": True}
    # While another run goes on, nothing happens, quietly.
    lock = timer.folder / "run" / "lock"
    with subprocess.Popen(
        ["flock", str(lock), "sh", "-c", "echo ready; read -r end"], stdin=-1, stdout=-1, text=True
    ) as other:
        assert other.stdout.readline() == "ready\n"
        done = subprocess.run(found[1], check=False, timeout=60, **arguments)
        other.communicate("\n")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert not emulator.requests()
    done = subprocess.run(found[1], check=False, timeout=120, **arguments)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert teams_of(emulator) == {"A Team": ["ana"]}
    # What fails is printed, for cron to mail.
    emulator.edit("delete_group", service="okta", group="A")
    done = subprocess.run(found[1], check=False, timeout=120, **arguments)
    assert done.returncode == 2
    assert "1 of 1 teams is not in step" in done.stdout
    timer(team_sync_timer_state="absent", team_sync_timer_keep_logs=False)
    assert timer.files() == {}


def test_credentials_with_odd_characters(timer, tmp_path):
    """A file that a shell and systemd read alike."""
    timer(team_sync_timer_credentials={"SECRET": ODD, "OTHER": ""}, team_sync_timer_environment={"PLAIN": ODD})
    for name, variable in (("credentials", "SECRET"), ("environment", "PLAIN")):
        path = timer.folder / "etc" / name
        assert as_systemd_reads(path)[variable] == ODD
        script = f'set -eu; . {shlex.quote(str(path))}; printf %s "${variable}"'
        shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert shell.stdout == ODD


@pytest.mark.parametrize(
    ("variables", "problems"),
    [
        (
            {"team_sync_timer_name": "Team Sync", "team_sync_timer_interval": 30, "team_sync_timer_config_dir": "etc"},
            ["team_sync_timer_name: must be", "team_sync_timer_interval: must be 60", "an absolute path of letters"],
        ),
        (
            {
                "team_sync_timer_backend": "cron",
                "team_sync_timer_interval": 420,
                "team_sync_timer_environment": {"A-B": 1},
            },
            ["cron cannot run every 420 seconds", "is no name of an environment variable: A-B"],
        ),
        ({"team_sync_timer_ansible_playbook": "/nowhere/ansible-playbook"}, ["There is no /nowhere/ansible-playbook"]),
    ],
)
def test_wrong_variables(timer, variables, problems):
    run = timer(code=2, **variables)
    for problem in problems:
        assert problem in run.output
    assert timer.files() == {}


def test_a_run_that_is_stopped_ends(timer, emulator):
    """What systemd does to all processes of the unit when it is stopped or takes too long."""
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    timer()
    emulator.settings(latency_ms=20000)
    service = unit(timer.folder / "units" / "team-sync.service")
    environment = {"PATH": "/usr/bin:/bin"}
    for path in service["EnvironmentFile"]:
        environment |= as_systemd_reads(Path(path))
    process = subprocess.Popen(
        shlex.split(service["ExecStart"][0]),
        cwd=service["WorkingDirectory"][0],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while "Read the groups" not in (line := process.stdout.readline().decode()):
        assert line, "it ended by itself"
        assert time.monotonic() < deadline
    marked = {
        int(line)
        for line in subprocess.run(
            ["pgrep", "-s", str(process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
    }
    assert process.pid in marked
    for pid in marked:
        os.kill(pid, 15)
    process.communicate(timeout=30)
    assert process.returncode != 0
    left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True, check=False).stdout
    assert left == ""
    assert teams_of(emulator) == {"A Team": ["bob"]}
