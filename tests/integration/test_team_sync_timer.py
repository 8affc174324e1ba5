# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timer of the team sync: what it installs is what systemd and cron run, and that does a sync.

No init system is needed: the command lines are taken out of the files as they stand, and run.
"""

from __future__ import annotations

import contextlib
import getpass
import grp
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import stat
import subprocess
import time
import uuid
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
        for name in ("units", "cron", "etc", "state"):
            (folder / name).mkdir(parents=True)
        mappings = [{"grafana_team": "A Team", "okta_groups": ["A"]}]
        self.variables = {
            "team_sync_timer_user": getpass.getuser(),
            "team_sync_timer_group": grp.getgrgid(os.getgid()).gr_name,
            "team_sync_timer_owner": getpass.getuser(),
            "team_sync_timer_manage_user": False,
            "team_sync_timer_manage_service": False,
            "team_sync_timer_config_dir": str(folder / "etc" / "team-sync"),
            "team_sync_timer_state_dir": str(folder / "state" / "team-sync"),
            "team_sync_timer_unit_dir": str(folder / "units"),
            "team_sync_timer_cron_dir": str(folder / "cron"),
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

    def named(self, name: str) -> dict[str, str]:
        """What makes another sync of it."""
        return {
            "team_sync_timer_name": name,
            "team_sync_timer_config_dir": str(self.folder / "etc" / name),
            "team_sync_timer_state_dir": str(self.folder / "state" / name),
            "team_sync_timer_metrics_file": str(self.folder / "metrics" / f"{name}.prom"),
            "team_sync_timer_log_file": str(self.folder / "log" / f"{name}.log"),
        }

    @property
    def made(self) -> dict[str, list[str]]:
        """What the role has noted as its own."""
        return json.loads((self.folder / "etc" / "team-sync" / "made.json").read_text())

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


def command_of(service: dict[str, list[str]]) -> list[str]:
    """The command line of a unit, as systemd has it: words in double quotes, in which it doubles % and $."""
    (line,) = service["ExecStart"]
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


class Loader(yaml.SafeLoader):
    """Reads files of variables, in which every text has to be marked as no template."""


Loader.add_constructor("!unsafe", Loader.construct_yaml_str)


def yaml_of(path: Path):
    """The content of a file of variables."""
    return yaml.load(path.read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader with one tag more


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
        "etc/team-sync/credentials",
        "etc/team-sync/environment",
        "etc/team-sync/made.json",
        "etc/team-sync/vars.yml",
        "units/team-sync.service",
        "units/team-sync.timer",
    ]
    folder = timer.folder
    for name, mode in {
        "etc/team-sync": 0o750,
        "etc/team-sync/credentials": 0o600,
        "etc/team-sync/environment": 0o640,
        "etc/team-sync/made.json": 0o600,
        "etc/team-sync/vars.yml": 0o640,
        "state/team-sync": 0o750,
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
    (where,) = service["WorkingDirectory"]
    done = subprocess.run(
        command_of(service), cwd=where, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A Team: 1 added, 1 removed" in done.stdout
    assert "[WARNING]" not in done.stdout + done.stderr
    assert teams_of(emulator) == {"A Team": ["ana"]}
    found = samples((folder / "metrics" / "sync.prom").read_text(), "team-sync")
    assert found["identity_team_sync_interval_seconds"] == 300
    assert yaml_of(folder / "etc" / "team-sync" / "vars.yml")["team_sync_name"] == "team-sync"
    assert len((folder / "log" / "sync.log").read_text().splitlines()) == 2
    # All that was written is in folders that the unit may write to.
    writable = [Path(path) for path in service["ReadWritePaths"][0].split()]
    assert sorted(path.relative_to(folder).as_posix() for path in writable) == ["log", "metrics", "state/team-sync"]

    check = timer("--check", team_sync_timer_state="absent")
    gone = timer(team_sync_timer_state="absent")
    assert gone.changed == check.changed
    # The log stays, and what is known of it; with it everything goes.
    assert sorted(timer.files()) == ["etc/team-sync/made.json", "log/sync.log"]
    kept = {"files": [], "folders": ["etc/team-sync", "log"], "logs": ["log/sync.log"]}
    assert {name: [os.path.relpath(path, folder) for path in timer.made[name]] for name in kept} == kept
    assert timer("--check", team_sync_timer_state="absent").changed == {"localhost": 0}
    timer(team_sync_timer_state="absent", team_sync_timer_keep_logs=False)
    assert sorted(path.name for path in folder.rglob("*")) == ["cron", "etc", "state", "units"]


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
    timer(
        team_sync_timer_on_calendar="*:0/5",
        team_sync_timer_interval=330,
        team_sync_timer_on_failure="notify@%n.service",
    )
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
    names = ("credentials", "environment", "made.json", "run", "vars.yml")
    assert sorted(timer.files()) == ["cron/team-sync", *(f"etc/team-sync/{name}" for name in names)]
    assert timer("--check", team_sync_timer_backend="cron").changed == {"localhost": 0}
    entry = timer.files()["cron/team-sync"]
    found = re.search(r"^\*/5 \* \* \* \* root (.*)$", entry, re.MULTILINE)
    assert found, entry
    assert OKTA_TOKEN not in entry + timer.files()["etc/team-sync/run"]
    # cron makes a line break of this.
    assert "%" not in found[1]
    path = re.search(r"^PATH=(.*)$", entry, re.MULTILINE)
    arguments = {"shell": True, "env": {"PATH": path[1]}, "capture_output": True, "text": True}
    # While another run goes on, nothing happens, and that is told. Nobody but root can get at the lock.
    lock = timer.folder / "etc" / "team-sync" / "lock"
    with subprocess.Popen(
        ["flock", str(lock), "sh", "-c", "echo ready; read -r end"], stdin=-1, stdout=-1, text=True
    ) as other:
        assert other.stdout.readline() == "ready\n"
        done = subprocess.run(found[1], check=False, timeout=60, **arguments)
        other.communicate("\n")
    told = "team-sync: the last run is still running, so this one was left out.\n"
    assert (done.returncode, done.stdout + done.stderr) == (75, told)
    assert not emulator.requests()
    done = subprocess.run(found[1], check=False, timeout=120, **arguments)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert teams_of(emulator) == {"A Team": ["ana"]}
    # What fails is printed, for cron to mail.
    emulator.edit("delete_group", service="okta", group="A")
    done = subprocess.run(found[1], check=False, timeout=120, **arguments)
    assert done.returncode == 2
    assert "1 of 1 team is not in step" in done.stdout
    assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o750
    # A run that goes on is waited for, and none begins meanwhile: not with another backend, nor after all is gone.
    waiting = "while [ -e cron/team-sync ] || [ -e etc/team-sync/run ]; do sleep 0.1; done; "
    with subprocess.Popen(
        ["flock", str(lock), "sh", "-c", waiting + "read -r end"], stdin=-1, cwd=timer.folder, text=True
    ) as other:
        run = timer(code=2, team_sync_timer_timeout=-59)
        assert "A run that cron has started does not end." in run.text
        assert not {"cron/team-sync", "units/team-sync.timer"} & timer.files().keys()
        other.communicate("\n")
    timer(team_sync_timer_backend="cron")
    with subprocess.Popen(
        ["flock", str(lock), "sh", "-c", waiting + "sleep 1; echo >metrics/sync.prom"], cwd=timer.folder
    ) as other:
        timer(team_sync_timer_state="absent", team_sync_timer_keep_logs=False)
        assert other.poll() == 0
    assert timer.files() == {}
    assert sorted(os.listdir(timer.folder)) == ["cron", "etc", "state", "units"]


def test_cron_gives_the_further_groups(timer):
    """As systemd does: those of the user, and those that are named."""
    playbook = timer.folder / "show"
    playbook.write_text("#!/bin/sh\nid -G\nexit 3\n")
    playbook.chmod(0o755)
    mine = set(os.getgroups()) | {os.getgid()}
    more = next(group for group in grp.getgrall() if group.gr_gid not in mine)
    timer(
        team_sync_timer_backend="cron",
        team_sync_timer_extra_groups=[more.gr_name],
        team_sync_timer_ansible_playbook=str(playbook),
    )
    script = timer.folder / "etc" / "team-sync" / "run"
    assert f"),{more.gr_name}\n" in script.read_text()
    # Only root can give groups; anybody else runs as what they are.
    expected = mine | {more.gr_gid} if os.geteuid() == 0 else mine
    done = subprocess.run([str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert {int(group) for group in done.stdout.split()} == expected


def test_texts_are_no_templates(timer, emulator):
    """Groups may be called anything; what looks like a template is taken as it is by the sync."""
    odd = ["#1 {% raw %}", "{{ 7 * 6 }}", "yes", "012", "a: b", 'q " \\ \u2028 \u00fc \U0001f600']
    fill(emulator, {name: ["ana"] for name in odd[:5]}, {"A Team": ["bob"]}, ("ana",))
    # What a user writes with !unsafe, or what a vault, a lookup or an inventory plugin gives.
    given = timer.folder / "given.yml"
    groups = "".join(f"\n        - {'!unsafe ' if '{' in name else ''}{json.dumps(name)}" for name in odd[:5])
    given.write_text(
        "team_sync_timer_vars:\n  team_sync_mappings:\n    - grafana_team: A Team\n      okta_groups:" + groups + "\n"
    )
    timer.variables.pop("team_sync_timer_vars")
    timer("-e", f"@{given}")
    assert timer("--check", "-e", f"@{given}").changed == {"localhost": 0}
    written = yaml_of(timer.folder / "etc" / "team-sync" / "vars.yml")
    assert written["team_sync_mappings"] == [{"grafana_team": "A Team", "okta_groups": odd[:5]}]
    service = unit(timer.folder / "units" / "team-sync.service")
    environment = {"PATH": "/usr/bin:/bin"}
    for path in service["EnvironmentFile"]:
        environment |= as_systemd_reads(Path(path))
    done = subprocess.run(
        command_of(service), env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert teams_of(emulator) == {"A Team": ["ana"]}
    values = {"a": odd[5], "b": [1, 2.5, True, None, [], {}], "c": {odd[5]: {"d": "e"}}, "f": "x" * 3000 + " y"}
    timer(team_sync_timer_vars=values)
    written = yaml_of(timer.folder / "etc" / "team-sync" / "vars.yml")
    assert {name: written[name] for name in values} == values


def test_command_with_blanks(timer):
    """Each word is quoted as systemd wants it."""
    folder = timer.folder / "a folder"
    folder.mkdir()
    (folder / "ansible-playbook").symlink_to(shutil.which("true"))
    odd = '/opt/a "b" $c %d \\e/play.yml'
    timer(team_sync_timer_ansible_playbook=str(folder / "ansible-playbook"), team_sync_timer_playbook=odd)
    path = timer.folder / "units" / "team-sync.service"
    words = command_of(unit(path))
    assert (words[0], words[-1]) == (str(folder / "ansible-playbook"), odd)
    assert "$$c %%d" in path.read_text()
    if ANALYZE:
        verify = subprocess.run([ANALYZE, "verify", str(path)], capture_output=True, text=True, check=False)
        assert (verify.returncode, verify.stdout + verify.stderr) == (0, "")


def test_two_syncs_leave_one_another_alone(timer):
    other = timer.named("team-sync-b")
    timer()
    alone = timer.files()
    timer(**other)
    both = timer.files()
    assert {name: both[name] for name in alone} == alone
    assert timer("--check", **other).changed == {"localhost": 0}
    timer(**other, team_sync_timer_state="absent")
    assert timer.files() == alone
    assert (timer.folder / "metrics").is_dir()
    assert timer("--check").changed == {"localhost": 0}
    # Neither can be put into the folder of the other.
    shared = {"team_sync_timer_config_dir": str(timer.folder / "etc" / "team-sync" / "team-sync-b")}
    (timer.folder / "etc" / "team-sync" / "team-sync-b").mkdir()
    made = json.dumps({"name": "other"})
    (timer.folder / "etc" / "team-sync" / "team-sync-b" / "made.json").write_text(made)
    for state in ("present", "absent"):
        run = timer(code=2, **{**other, **shared, "team_sync_timer_state": state})
        assert "is of the sync other" in run.text


def test_what_was_there_before_stays(timer):
    """Folders, files, a user and a group that the role has not made, and all that others have put into its folders."""
    folder = timer.folder
    config, state, metrics = folder / "etc" / "team-sync", folder / "state" / "team-sync", folder / "metrics"
    config.mkdir()
    metrics.mkdir()
    (config / "credentials").write_text('OKTA_API_TOKEN="x"\n')
    theirs = ["metrics/old.log", "metrics/other.prom", "metrics/sync.prom"]
    for name in theirs:
        (folder / name).write_text("")
    me = {
        "team_sync_timer_manage_user": True,
        "team_sync_timer_credentials": None,
        "team_sync_timer_log_file": str(metrics / "old.log"),
    }
    timer(**me)
    made = timer.made
    assert (made["users"], made["groups"], made["logs"]) == ([], [], [])
    assert made["folders"] == [str(state)]
    (state / "somebody").write_text("")
    timer(**me)
    timer(**me, team_sync_timer_state="absent", team_sync_timer_keep_logs=False)
    assert sorted(timer.files()) == ["etc/team-sync/credentials", *theirs, "state/team-sync/somebody"]
    assert getpass.getuser() in {user.pw_name for user in pwd.getpwall()}
    # Nothing is known of what was made by now, so nothing is removed, whatever the variables say.
    away = {"team_sync_timer_metrics_file": str(metrics / "other.prom"), "team_sync_timer_keep_logs": False}
    assert timer(**me, **away, team_sync_timer_state="absent").changed == {"localhost": 0}


@pytest.mark.parametrize("name", ["etc/team-sync/sshd_config", "state/team-sync/data", "units/team-sync.service"])
def test_what_is_somebody_elses_is_refused(timer, name):
    path = timer.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("theirs\n")
    run = timer(code=2)
    assert f"{path} is there" in run.text
    assert timer.files() == {name: "theirs\n"}
    # All that a first run leaves if it breaks off at once.
    config = timer.folder / "etc" / "team-sync"
    config.mkdir(exist_ok=True)
    timer(team_sync_timer_state="absent")
    assert timer.files() == {name: "theirs\n"}
    assert config.exists() == (config in path.parents)


def removed(*names: str) -> None:
    """Remove users and groups that may be there."""
    for name in names:
        for command in ("userdel", "groupdel"):
            subprocess.run([f"/usr/sbin/{command}", name], check=False, capture_output=True)


def users() -> set[str]:
    return {user.pw_name for user in pwd.getpwall()}


def groups() -> set[str]:
    return {group.gr_name for group in grp.getgrall()}


def test_user_and_group(timer):
    """Made, shared with others, and removed; as root for real, else as far as check mode can tell."""
    name = f"pcc-timer-{os.getpid()}"
    theirs = {
        "team_sync_timer_manage_user": True,
        "team_sync_timer_user": name,
        "team_sync_timer_group": name,
    }
    absent = {**theirs, "team_sync_timer_state": "absent"}
    check = timer("--check", **theirs)
    assert re.search(r"TASK \[.* : User\] \*+\nchanged", check.output), check.output
    if os.geteuid() != 0:
        return
    try:
        timer(**theirs)
        assert (timer.made["users"], timer.made["groups"]) == ([name], [name])
        note = (timer.folder / "etc" / "team-sync" / "made.json").read_bytes()
        user = pwd.getpwnam(name)
        assert (user.pw_shell, user.pw_dir) == ("/usr/sbin/nologin", f"{timer.folder}/state/team-sync")
        assert user.pw_gecos == "Team sync team-sync (pcc.identity)"
        # Another sync has the group alone, and as a further one.
        further = {"team_sync_timer_backend": "cron", "team_sync_timer_extra_groups": [name]}
        timer(**timer.named("team-sync-b"), **further)
        timer(**absent)
        assert (pwd.getpwnam(name), grp.getgrnam(name).gr_gid) == (user, user.pw_gid)
        (timer.folder / "cron" / "team-sync-b").unlink()
        # A run that broke off had noted both, and then somebody made them, the user with another group of its own.
        removed(name)
        subprocess.run(["/usr/sbin/groupadd", name], check=True)
        subprocess.run(["/usr/sbin/useradd", "-g", "nogroup", "-G", name, "-c", "Somebody", name], check=True)
        user = pwd.getpwnam(name)
        (timer.folder / "etc" / "team-sync").mkdir()
        (timer.folder / "etc" / "team-sync" / "made.json").write_bytes(note)
        timer(**theirs)
        timer(**absent)
        assert pwd.getpwnam(name) == user
        assert grp.getgrnam(name).gr_mem == [name]
        # userdel would take a group of that name along.
        subprocess.run(["/usr/sbin/userdel", name], check=True)
        if name not in groups():
            subprocess.run(["/usr/sbin/groupadd", name], check=True)
        run = timer(code=2, **theirs)
        assert "it would go when the user is removed" in run.text
    finally:
        removed(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can make users")
def test_another_user(timer):
    """What the sync has written goes on to the next user, and a log that stays keeps its owner."""
    names = [f"pcc-timer-{letter}-{os.getpid()}" for letter in "ab"]
    first, second = (
        {"team_sync_timer_manage_user": True, "team_sync_timer_user": name, "team_sync_timer_group": name}
        for name in names
    )
    folder = timer.folder
    away = folder / "away"
    away.write_text("")
    written = ["state/team-sync/ansible/tmp", "metrics/sync.prom", "log/sync.log"]
    try:
        timer(**first)
        (folder / "state/team-sync/ansible/tmp").mkdir(parents=True)
        (folder / "state/team-sync/link").symlink_to(away)
        for name in ("metrics/sync.prom", "log/sync.log", "log/other.log"):
            (folder / name).write_text("")
        for name in ("state/team-sync/ansible", *written):
            shutil.chown(folder / name, *names[:1], names[0])
        check = timer("--check", **second)
        assert "[WARNING]" not in check.output
        assert timer(**second).changed == check.changed
        for name in (*written, "state/team-sync/ansible", "state/team-sync", "metrics", "log"):
            assert ((folder / name).owner(), (folder / name).group()) == (names[1], names[1]), name
        assert away.owner() == (folder / "log" / "other.log").owner() == "root"
        assert timer("--check", **second).changed == {"localhost": 0}
        timer(**second, team_sync_timer_state="absent")
        assert (folder / "log" / "sync.log").owner() == names[1]
        timer(**second)
        (folder / "state/team-sync/link").unlink(missing_ok=True)
        everything = {**second, "team_sync_timer_state": "absent", "team_sync_timer_keep_logs": False}
        check = timer("--check", **everything)
        gone = timer(**everything)
        assert gone.changed == check.changed
        assert not (users() | groups()) & set(names)
    finally:
        removed(*names)


def test_credentials_with_odd_characters(timer, tmp_path):
    """A file that a shell and systemd read alike."""
    timer(team_sync_timer_credentials={"SECRET": ODD, "OTHER": ""}, team_sync_timer_environment={"PLAIN": ODD})
    for name, variable in (("credentials", "SECRET"), ("environment", "PLAIN")):
        path = timer.folder / "etc" / "team-sync" / name
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
        (
            {"team_sync_timer_config_dir": "/", "team_sync_timer_state_dir": "/team-sync"},
            ["must be an absolute path", "team_sync_timer_state_dir: must be a folder named team-sync, or one below"],
        ),
        (
            {"team_sync_timer_config_dir": "/opt", "team_sync_timer_state_dir": "/var/lib/team-sync-b"},
            ["team_sync_timer_config_dir: must be a folder named", "team_sync_timer_state_dir: must be a folder named"],
        ),
        (
            {"team_sync_timer_config_dir": "/etc/team-sync/..", "team_sync_timer_metrics_file": "/var/x.prom"},
            ["with no . or .. or empty part: /etc/team-sync/..", "must not be in a folder at the top", ": /var/x.prom"],
        ),
        (
            {"team_sync_timer_config_dir": "/srv/team-sync", "team_sync_timer_state_dir": "/srv/team-sync/state"},
            ["must not be team_sync_timer_config_dir, nor one be in the other"],
        ),
        (
            {"team_sync_timer_on_calendar": "daily"},
            ["must be set to the longest time between two runs, in seconds, with team_sync_timer_on_calendar"],
        ),
        (
            {"team_sync_timer_backend": "cron", "team_sync_timer_cron_schedule": "0 3 * * *"},
            ["must be set to the longest time between two runs, in seconds, with team_sync_timer_cron_schedule"],
        ),
        (
            {
                "team_sync_timer_vars": {"team_sync_grafana_token": "CANARY", "team_sync_okta_private_key": "CANARY"},
                "team_sync_timer_environment": {"OKTA_API_TOKEN": "CANARY", "GRAFANA_PASSWORD": "CANARY"},
            },
            [
                "team_sync_grafana_token is a secret. Set GRAFANA_TOKEN in team_sync_timer_credentials.",
                "team_sync_okta_private_key is a secret. Set OKTA_PRIVATE_KEY in team_sync_timer_credentials.",
                "team_sync_timer_environment: OKTA_API_TOKEN is a secret. Set it in team_sync_timer_credentials.",
                "team_sync_timer_environment: GRAFANA_PASSWORD is a secret.",
            ],
        ),
        (
            {"team_sync_timer_vars": {"my_password": "CANARY"}, "team_sync_timer_environment": {"X_TOKEN": "CANARY"}},
            ["team_sync_timer_vars: my_password is a secret.", "team_sync_timer_environment: X_TOKEN is a secret."],
        ),
        (
            {
                "team_sync_timer_name": "team-sync\n",
                "team_sync_timer_on_failure": "x.service\nExecStartPre=/bin/evil",
                "team_sync_timer_on_calendar": "daily\n",
                "team_sync_timer_cron_schedule": "* * * * * root rm -rf /; #",
                "team_sync_timer_playbook": "a\nb",
                "team_sync_timer_user": "a\nb",
                "team_sync_timer_extra_groups": ["a b"],
            },
            [
                "team_sync_timer_name: must be lower-case",
                "team_sync_timer_on_failure: must be names of units, on one line.",
                "team_sync_timer_on_calendar: must be a time",
                "team_sync_timer_cron_schedule: must be five fields, or one of @hourly",
                "team_sync_timer_playbook: must be a name or a path, on one line.",
                "is no name of a user or group: a b",
            ],
        ),
        ({"team_sync_timer_ansible_playbook": "/nowhere/ansible-playbook"}, ["There is no /nowhere/ansible-playbook"]),
        (
            {"team_sync_timer_log_file": "/nowhere/log/team-sync/x.log"},
            ["/nowhere/log is not there, and a folder is to be made in it."],
        ),
    ],
)
def test_wrong_variables(timer, variables, problems):
    run = timer(code=2, **variables)
    for problem in problems:
        assert problem in run.text
    assert "CANARY" not in run.output
    assert timer.files() == {}


@pytest.mark.parametrize("schedule", ["0 3 * * mon-fri", "@daily"])
def test_schedules_of_cron(timer, schedule):
    timer(team_sync_timer_backend="cron", team_sync_timer_cron_schedule=schedule, team_sync_timer_interval=3 * 86400)
    assert f"\n{schedule} root " in timer.files()["cron/team-sync"]
    assert yaml_of(timer.folder / "etc" / "team-sync" / "vars.yml")["team_sync_interval"] == 3 * 86400


def of_the_unit(mark: str) -> dict[int, bytes]:
    """The command lines of the processes with this in their environment, whatever sessions they are in."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes()
    return found


def test_a_run_that_is_stopped_ends(timer, emulator):
    """What systemd does to all processes of the unit when it is stopped or takes too long."""
    fill(emulator, {"A": ["ana"]}, {"A Team": ["bob"]}, ("ana",))
    timer()
    emulator.settings(latency_ms=20000)
    service = unit(timer.folder / "units" / "team-sync.service")
    mark = f"PCC_IDENTITY_TEST={uuid.uuid4()}"
    environment = {"PATH": "/usr/bin:/bin", **dict([mark.split("=")])}
    for path in service["EnvironmentFile"]:
        environment |= as_systemd_reads(Path(path))
    process = subprocess.Popen(
        command_of(service),
        cwd=service["WorkingDirectory"][0],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not any(b"okta_group_info" in line for line in of_the_unit(mark).values()):
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running = of_the_unit(mark)
    assert process.pid in running
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert of_the_unit(mark) == {}
    assert teams_of(emulator) == {"A Team": ["bob"]}
