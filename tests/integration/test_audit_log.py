# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit log of real runs: what is in it, that no run goes on without it, and that damage is found."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import KEY, PROJECTS

AUDIT = "pcc.identity.audit_log"
ONE = ("--limit", "acme_dev")
VERIFY = "playbooks/verify_audit_log.yml"
TENANT = "pcc.identity.descope_tenant"
#: Tasks of the role that plan or write.
STEPS = 9


class Log:
    """The log of the runs of a test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    def of(self, event: str) -> list[dict]:
        return [line for line in self.lines if line["event"] == event]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]


@pytest.fixture
def log(ansible) -> Log:
    """The log is on, and the key is not in any file of it nor in any backup."""
    ansible.environment["ANSIBLE_CALLBACKS_ENABLED"] = AUDIT
    state = Path(ansible.environment["XDG_STATE_HOME"])
    yield Log(state / "pcc-identity" / "audit" / "audit.jsonl")
    for file in state.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def tenant(name: str, **options: object) -> dict:
    return {TENANT: {"id": name, "name": name, "project_id": "{{ descope_project_id }}", **options}}


def verify(ansible, **variables: object):
    return ansible("-e", json.dumps(variables), play=VERIFY, ANSIBLE_CALLBACKS_ENABLED=None)


@pytest.mark.smoke
def test_a_run(ansible, log):
    run = ansible(*ONE, GITHUB_ACTIONS="true", GITHUB_ACTOR="octo", GITHUB_RUN_ID="7", GITHUB_TOKEN="secret-token-1")
    assert run.code == 0, run.output
    start, *tasks, end = log.lines
    assert (start["event"], end["event"]) == ("run_start", "run_end")
    # Every step is planned in check mode, and then made.
    assert [line["event"] for line in tasks] == ["task_start", "result"] * (2 * STEPS)
    assert [line["check_mode"] for line in tasks] == [True] * (2 * STEPS) + [False] * (2 * STEPS)
    assert start["user"]["uid"] == os.getuid()
    assert start["user"]["ci"] == {"system": "github", "actor": "octo", "run": "7"}
    assert start["playbook"].endswith("/playbooks/provision.yml")
    assert (start["check_mode"], start["limit"]) == (False, "acme_dev")
    assert end["hosts"]["acme_dev"]["failures"] == 0
    planned = {line["task"]: line for line in tasks if line["event"] == "result" and line["check_mode"]}
    made = {line["task"]: line for line in tasks if line["event"] == "result" and not line["check_mode"]}
    # What is only planned is no change.
    assert {(line["status"], line["changed"]) for line in planned.values()} == {("ok", False), ("skipped", False)}
    assert not [line for line in planned.values() if "backup_file" in line]
    assert planned["pcc.identity.provision : Tenants: plan"]["requests"]["writes"] == 0
    assert [line["task"] for line in made.values() if line["status"] == "changed"] == [
        "pcc.identity.provision : Tenants: make as listed",
        "pcc.identity.provision : Flows: make as listed",
    ]
    tenants, theme, flows = (
        made[f"pcc.identity.provision : {kind}: make as listed"] for kind in ("Tenants", "Theme", "Flows")
    )
    assert (tenants["host"], tenants["environment"], tenants["project"]) == ("acme_dev", "dev", PROJECTS["acme_dev"])
    assert (tenants["module"], tenants["status"]) == ("pcc.identity.descope_tenants", "changed")
    created = {row["id"]: row for row in tenants["resources"]}
    assert created["contoso"]["status"] == "created"
    assert created["contoso"]["changes"]["name"] == "redacted"
    assert tenants["requests"]["writes"] > 0
    assert tenants["duration"] > 0
    assert theme["status"] == "skipped"
    assert Path(flows["backup_file"]).is_file()
    assert flows["resources"][0]["type"] == "flow"
    for line in log.lines:
        assert line["run"] == start["run"]
        assert line["git_commit"] == start["git_commit"]
    text = log.path.read_text()
    for hidden in ("secret-token-1", "contoso.example"):
        assert hidden not in text
    assert f"its hash is {end['hash']}" in run.output
    # A second run has nothing to change, and goes on with the chain.
    assert ansible(*ONE, "--check", "--diff").code == 0
    assert {line["status"] for line in log.of("result")[2 * STEPS :]} == {"ok", "skipped"}
    assert {line["check_mode"] for line in log.lines[len(tasks) + 2 : -1]} == {True}
    result = verify(ansible, audit_log_expected=[{"seq": end["seq"], "hash": end["hash"]}])
    assert result.code == 0, result.output
    assert f"is as it was written: {len(log.lines)} lines in 1 file" in result.text


@pytest.mark.smoke
def test_the_key_in_every_place(ansible, log, tmp_path):
    """The key as a variable, an option, a name of a task and of an item, in the loudest run; failures included."""
    path = tmp_path / "key.json"
    path.write_text(json.dumps({"descope_management_key": KEY}))
    run = ansible(*ONE, "-vvvv", "--diff", "-e", f"@{path}", DESCOPE_MANAGEMENT_KEY=None)
    assert run.code == 0, run.output
    wrong = f"{KEY}Wrong"
    key = {"management_key": wrong, "project_id": PROJECTS["acme_dev"]}
    run = ansible.tasks(
        [
            {**tenant("one", **key), "ignore_errors": True},
            {"module_defaults": {"group/pcc.identity.descope": key}, "block": [tenant("two")]},
        ],
        "-vvvv",
        DESCOPE_MANAGEMENT_KEY="unused",
    )
    assert run.code != 0
    failed = [line for line in log.of("result") if line["status"] == "failed"]
    assert [line["ignored"] for line in failed] == [True, False]
    assert {line["error_code"] for line in failed} == {"unauthorized"}


def test_all_kinds_of_tasks(ansible, log, tmp_path):
    included = tmp_path / "included.yml"
    included.write_text(json.dumps([{**tenant("included"), "name": "Included"}]))
    bad = {**tenant("bad", parent="nobody"), "name": "Bad"}
    run = ansible.tasks(
        [
            {**tenant("loop-{{ item }}"), "loop": ["a", "b"], "name": "Loop"},
            {**tenant("delegated"), "delegate_to": "localhost", "name": "Delegated"},
            {**tenant("hidden"), "no_log": True, "name": "Hidden"},
            {**tenant("skipped"), "when": False, "name": "Skipped"},
            {**tenant("checked"), "check_mode": True, "name": "Checked"},
            {"ansible.builtin.include_tasks": str(included)},
            {**bad, "ignore_errors": True, "name": "Ignored"},
            {"block": [{**bad, "name": "Rescued"}], "rescue": [{**tenant("rescue"), "name": "Rescue"}]},
            {
                **bad,
                "name": "Tried",
                "register": "tried",
                "until": "tried is succeeded",
                "retries": 2,
                "delay": 0,
                "ignore_errors": True,
            },
            {
                "name": "By a variable",
                "action": "{{ by }}",
                "args": {"id": "variable", "name": "By", "project_id": PROJECTS["acme_dev"]},
            },
            {"name": "Another collection", "action": "{{ other }}"},
        ],
        by=TENANT,
        other="ansible.builtin.ping",
        descope_environment="{{ 'de' ~ 'v' }}",
    )
    assert run.code == 0, run.output
    told = {line["task"]: line for line in log.of("result")}
    assert told["Loop"]["items"] == 2
    assert [line["resources"][0]["id"] for line in log.of("item")] == ["loop-a", "loop-b"]
    assert told["Delegated"]["delegated_to"] == "localhost"
    assert (told["Hidden"]["censored"], told["Hidden"]["resources"], told["Hidden"]["changed"]) == (True, [], True)
    assert told["Skipped"]["status"] == "skipped"
    assert (told["Checked"]["check_mode"], told["Checked"]["status"]) == (True, "changed")
    assert told["Included"]["resources"][0]["id"] == "included"
    assert (told["Ignored"]["status"], told["Ignored"]["ignored"]) == ("failed", True)
    assert (told["Rescued"]["status"], told["Rescued"]["ignored"]) == ("failed", False)
    assert told["Rescued"]["error_code"] == "invalid_input"
    assert told["Rescue"]["status"] == "changed"
    tries = [line["event"] for line in log.lines if line.get("task") == "Tried"]
    assert tries == ["task_start", "retry", "retry", "result"]
    assert told["By a variable"]["module"] == TENANT
    assert "Another collection" not in told
    assert {line["environment"] for line in told.values()} == {"dev"}
    assert {line["project"] for line in told.values()} == {PROJECTS["acme_dev"]}
    assert len(log.of("run_end")) == 1
    assert log.of("run_end")[0]["hosts"]["localhost"]["rescued"] == 1
    assert verify(ansible).code == 0


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_several_hosts_and_a_handler(strategy, ansible, log, tmp_path):
    hosts = ["acme_dev", "acme_staging", "globex_dev"]
    play = {
        "hosts": ",".join(hosts),
        "gather_facts": False,
        "strategy": strategy,
        "tasks": [{**tenant("one"), "name": "One", "notify": "Handle"}, {**tenant("two"), "name": "Two"}],
        "handlers": [{**tenant("three"), "name": "Handle"}],
    }
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]))
    run = ansible(play=path, PCC_IDENTITY_AUDIT_LOG_ROTATE_SIZE="4000", PCC_IDENTITY_AUDIT_LOG_ROTATE_KEEP="1")
    assert run.code == 0, run.output
    files = sorted(file.name for file in log.path.parent.iterdir())
    rotated = [name for name in files if re.fullmatch(r"audit\.jsonl\.[0-9]+", name)]
    assert len(rotated) == 1
    result = verify(ansible)
    assert result.code == 0, result.output
    log.path.unlink()
    run = ansible(play=path, PCC_IDENTITY_AUDIT_LOG_PATH=str(tmp_path / "other" / "log"))
    assert run.code == 0, run.output
    other = Log(tmp_path / "other" / "log")
    by_host = collections.defaultdict(list)
    for line in other.lines[1:-1]:
        by_host[line["host"]].append((line["task"], line["event"]))
    # Nothing has changed, so no handler.
    expected = [(task, event) for task in ("One", "Two") for event in ("task_start", "result")]
    assert by_host == dict.fromkeys(hosts, expected)
    assert {(line["host"], line["project"]) for line in other.of("result")} == {
        (name, PROJECTS[name]) for name in hosts
    }


def test_an_unreachable_host(ansible, log, tmp_path):
    play = {"hosts": "all", "gather_facts": False, "tasks": [{**tenant("one", project_id="P2x"), "name": "One"}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    hosts = (
        "away ansible_host=127.0.0.1 ansible_port=9 ansible_connection=ssh ansible_python_interpreter=/usr/bin/python3"
    )
    (tmp_path / "hosts").write_text(f"{hosts}\n")
    run = ansible("-i", str(tmp_path / "hosts"), play=tmp_path / "play.yml")
    assert run.code == 4, run.output
    assert [line["status"] for line in log.of("result")] == ["unreachable"]


# -- no run without the log --------------------------------------------------------------------------------------------


@pytest.mark.smoke
@pytest.mark.parametrize("where", ["folder is a file", "device", "no permission"])
def test_nothing_is_done_without_the_log(where, ansible, log, emulator, tmp_path):
    (tmp_path / "file").write_text("")
    path = {
        "folder is a file": tmp_path / "file" / "audit.jsonl",
        "device": Path("/dev/full"),
        # Not even root may make a folder there.
        "no permission": Path("/proc/sys/audit/audit.jsonl"),
    }[where]
    before = len(emulator.requests())
    run = ansible(*ONE, PCC_IDENTITY_AUDIT_LOG_PATH=str(path))
    assert run.code == 1
    assert f"The audit log {path} cannot be written" in run.text
    assert "give another path" in run.text
    assert "TASK [" not in run.output
    assert len(emulator.requests()) == before


def test_nothing_is_done_with_bad_options(ansible, log, emulator):
    before = len(emulator.requests())
    run = ansible(*ONE, PCC_IDENTITY_AUDIT_LOG_ROTATE_SIZE="many")
    assert run.code == 1
    assert "rotate_size" in run.text
    assert len(emulator.requests()) == before


def test_nothing_is_done_when_the_disk_is_full(ansible, log, emulator, tmp_path):
    """A file that may not grow any more fails like one on a full disk."""
    assert ansible(*ONE).code == 0
    filler = tmp_path / "fill.py"
    filler.write_text(
        "import sys\n"
        "from ansible_collections.pcc.identity.plugins.module_utils._audit_log import AuditLog\n"
        "log = AuditLog(sys.argv[1])\n"
        "while log.path.stat().st_size < 6 * 1024 * 1024 - 500: log.append({'event': 'x', 'fill': 'x' * 400000})\n"
    )
    subprocess.run([sys.executable, str(filler), str(log.path)], check=True, env=ansible.environment)
    size = log.path.stat().st_size
    shell = tmp_path / "ansible-playbook.sh"
    before = len(emulator.requests())
    shell.write_text(f"ulimit -f {size // 1024}\nexec ansible-playbook playbooks/provision.yml --limit acme_dev\n")
    run = subprocess.run(
        ["bash", str(shell)],
        env={**ansible.environment, "PCC_IDENTITY_AUDIT_LOG_ROTATE_SIZE": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 1, run.stderr
    assert "File too large" in run.stderr
    assert str(log.path) in run.stderr
    assert len(emulator.requests()) == before
    assert log.path.stat().st_size == size
    assert verify(ansible).code == 0


@pytest.mark.smoke
def test_a_log_that_is_lost_in_the_middle_of_a_run(ansible, log, tenants):
    lose = {"ansible.builtin.command": f"mv {log.path.parent} {log.path.parent}.away", "changed_when": False}
    block = {"ansible.builtin.copy": {"dest": str(log.path.parent), "content": "", "mode": "0600"}}
    run = ansible.tasks([{**tenant("one"), "name": "One"}, lose, block, {**tenant("two"), "name": "Two"}])
    assert run.code == 1, run.output
    assert f"The audit log {log.path} cannot be written" in run.text
    assert list(tenants()) == ["one"]


def test_a_log_that_is_lost_during_a_loop(ansible, log, tenants):
    """The loop is one task, which has been started. The next one is not."""
    away = f"mv {log.path.parent} {log.path.parent}.away && touch {log.path.parent}"
    loop = {**tenant("{{ item }}"), "loop": ["one", "{{ lookup('ansible.builtin.pipe', away) or 'two' }}"]}
    run = ansible.tasks([loop, {**tenant("three"), "name": "Three"}], away=away)
    assert run.code == 1, run.output
    assert f"The audit log {log.path} cannot be written" in run.text
    assert "three" not in tenants()


# -- the check ---------------------------------------------------------------------------------------------------------


@pytest.mark.smoke
def test_where_a_chain_is_broken(ansible, log):
    assert ansible(*ONE).code == 0
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([*lines[:3], lines[3].replace(b"acme_dev", b"acme_xxx"), *lines[5:-1]]))
    run = verify(ansible)
    assert run.code == 2
    assert f"The audit log {log.path} is broken" in run.text
    assert "audit.jsonl, line 4: was changed" in run.text
    assert "audit.jsonl, line 5: line 5 of the whole log is missing before it" in run.text
    last = f"audit.jsonl, line {len(lines) - 2}: is the last one"
    assert f"{last}, but line {len(lines)} of the whole log is missing after it" in run.text
    # No run goes on with it, not even the check. The message has the way out.
    for play in ("playbooks/provision.yml", VERIFY):
        run = ansible(play=play)
        assert run.code == 1
    found = re.search(r"(PCC_IDENTITY_AUDIT_LOG_PATH)=(\S+) ansible-playbook (\S+) -e (\S+)", run.text)
    run = ansible("-e", found[4], play=found[3], **{found[1]: found[2]})
    assert run.code == 2
    assert f"The audit log {log.path} is broken" in run.text
    for file in log.path.parent.glob("audit.jsonl*"):
        file.rename(file.with_name(f"old-{file.name}"))
    assert ansible(*ONE).code == 0


def test_the_check_finds_the_log_that_is_configured(ansible, log, tmp_path):
    assert verify(ansible).code == 2
    config = Path(ansible.environment["ANSIBLE_CONFIG"]).read_text()
    (tmp_path / "ansible.cfg").write_text(f"{config}\n[callback_pcc_identity_audit_log]\npath = here/%%audit.jsonl\n")
    inventory = ("-i", str(Path(__file__).parents[2] / "inventories" / "example"))
    settings = {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    assert ansible(*ONE, *inventory, **settings).code == 0
    (path,) = (tmp_path / "here").glob("*.jsonl")
    run = ansible(*inventory, play=VERIFY, **settings)
    assert run.code == 0, run.output
    assert str(path) in run.text
    run = ansible(play=VERIFY, PCC_IDENTITY_AUDIT_LOG_PATH=str(path))
    assert run.code == 0, run.output
    run = ansible("-e", f"audit_log_path={path}", play=VERIFY, ANSIBLE_CALLBACKS_ENABLED=None)
    assert run.code == 0, run.output
    assert str(path) in run.text
