# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules behind the callback, and when it stops a run; tests/integration runs it through ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible import constants, context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader

from ansible_collections.pcc.identity.plugins.callback import audit_log
from ansible_collections.pcc.identity.plugins.module_utils._audit_log import AuditLog
from ansible_collections.pcc.identity.plugins.plugin_utils import _audit_entry as entry
from ansible_collections.pcc.identity.plugins.plugin_utils import _audit_identity as identity

TENANTS = "pcc.identity.descope_tenants"
NAME = "pcc.identity.audit_log"

# -- what is taken over from a result ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "ours"),
    [
        (TENANTS, True),
        ("{{ module }}", True),
        ("ansible.builtin.debug", False),
        ("pcc.identityx.other", False),
        ("debug", False),
    ],
)
def test_is_ours(action: str, ours: bool) -> None:
    assert entry.is_ours(action) is ours


def test_outcome_of_a_list() -> None:
    rows = [
        {"id": "a", "name": "A", "status": "updated", "changes": ["name", "settings.enabled"], "error": None},
        {"id": "b", "name": "B", "status": "unchanged", "changes": [], "error": None},
        {"id": None, "name": "C", "status": "failed", "changes": [], "error": "secret"},
    ]
    result = {
        "changed": True,
        "tenants": rows,
        "summary": {"updated": 1, "failed": 1},
        "requests": {"reads": 1, "writes": 2, "waited_seconds": 0.5},
        "backup_file": "/b.json",
        "error_code": "conflict",
        "msg": "secret",
        "diff": {"before": "secret", "after": "secret"},
        "invocation": {"module_args": {"tenants": "secret"}},
        "unmanaged": ["x"],
    }
    told = entry.outcome(TENANTS, result, "failed")
    assert told == {
        "status": "failed",
        "changed": True,
        "resources": [
            {
                "type": "tenant",
                "id": "a",
                "name": "A",
                "status": "updated",
                "changes": {"name": "redacted", "settings.enabled": "redacted"},
            },
            {"type": "tenant", "id": None, "name": "C", "status": "failed", "changes": {}},
        ],
        "summary": {"updated": 1, "failed": 1},
        "requests": {"reads": 1, "writes": 2, "waited_seconds": 0.5},
        "backup_file": "/b.json",
        "error_code": "conflict",
    }
    assert "secret" not in json.dumps(told)


def test_outcome_of_teams_names_the_teams_and_nobody_in_them() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "SRE", "uid": "u1", "id": 1, "status": "updated", "added": ["ana@x.io"], "removed": ["bob@x.io"]},
        {"name": "Same", "uid": "u2", "id": 2, "status": "unchanged", "added": [], "removed": []},
        {"name": "Old", "uid": "", "id": 3, "status": "failed", "added": [], "removed": ["bob@x.io"], "error": "bob@"},
        {"name": "New", "uid": None, "id": None, "status": "created", "added": [], "removed": []},
    ]
    told = entry.outcome("pcc.identity.grafana_team_members", {"teams": rows, "changed": True}, "failed")
    assert told["resources"] == [
        {
            "type": "team",
            "id": "u1",
            "name": "SRE",
            "status": "updated",
            "changes": {"added": "redacted", "removed": "redacted"},
        },
        {"type": "team", "id": "3", "name": "Old", "status": "failed", "changes": {"removed": "redacted"}},
        {"type": "team", "id": None, "name": "New", "status": "created", "changes": {}},
    ]
    assert "bob@" not in json.dumps(told)


@pytest.mark.parametrize(
    ("kind", "result", "status", "expected"),
    [
        (
            "tenant",
            {"tenant": {"id": "a", "name": "A"}, "changes": ["name"], "changed": True},
            "ok",
            [("a", "A", "changed", ["name"])],
        ),
        ("tenant", {"tenant": {"id": "a", "name": "A"}, "changes": [], "changed": False}, "ok", []),
        ("tenant", {"tenant": {"id": "a"}, "changes": [], "changed": False}, "failed", [("a", None, "failed", [])]),
        # Deleted: only the arguments tell what.
        (
            "flow",
            {"flow": None, "changes": ["name"], "changed": True, "invocation": {"module_args": {"id": "f"}}},
            "ok",
            [("f", None, "changed", ["name"])],
        ),
        ("theme", {"theme": {"version": 1}, "changes": ["x"], "changed": True}, "ok", [(None, None, "changed", ["x"])]),
        ("tenant", {"censored": "...", "changed": True}, "ok", []),
        ("tenant", {"msg": "bad input", "changed": False}, "failed", []),
    ],
)
def test_outcome_of_one(kind: str, result: dict[str, Any], status: str, expected: list[Any]) -> None:
    told = entry.outcome(f"pcc.identity.descope_{kind}", result, status)
    found = [(row["id"], row["name"], row["status"], list(row["changes"])) for row in told["resources"]]
    assert found == expected
    assert all(row["type"] == kind for row in told["resources"])
    assert told["status"] == ("changed" if result["changed"] and status == "ok" else status)
    assert told.get("censored", False) is ("censored" in result)


def test_secrets() -> None:
    values = {"DESCOPE_MANAGEMENT_KEY": "Kkey12345", "GH_TOKEN": "t" * 20, "SORT_KEY": "acme_dev1", "X_PASSWORD": "pw"}
    secrets = entry.secrets_in({**values, "other": "value1234", "api_token": None})
    assert secrets == {"Kkey12345", "t" * 20}
    line = {"task": "with Kkey12345", "tags": ["Kkey12345x"], "changes": {"Kkey12345": "x"}, "n": 1, "ok": None}
    hidden = {"task": "with ********", "tags": ["********x"], "changes": {"********": "x"}, "n": 1, "ok": None}
    assert entry.without(line, secrets) == hidden
    assert entry.without({"status": "status"}, {"status"}) == {"status": "********"}


# -- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "extra_vars", "expected"),
    [
        ({}, {}, None),
        ({"GITHUB_ACTOR": "me"}, {}, None),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "me", "GITHUB_RUN_ID": "7", "GITHUB_TOKEN": "secret"},
            {},
            {"system": "github", "actor": "me", "run": "7"},
        ),
        (
            {"GITLAB_CI": "true", "GITLAB_USER_LOGIN": "me", "CI_JOB_URL": "https://u:p@ci.example/7?token=x#y"},
            {},
            {"system": "gitlab", "actor": "me", "url": "https://ci.example/7"},
        ),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "https://[bad"}, {}, {"system": "gitlab", "url": ""}),
        (
            {"JENKINS_URL": "https://j.example", "BUILD_USER": "Me", "BUILD_NUMBER": "7"},
            {},
            {"system": "jenkins", "actor": "Me", "run": "7"},
        ),
        (
            {"GITHUB_ACTIONS": "true"},
            {"tower_job_id": 7, "tower_user_name": "me", "other": "secret"},
            {"system": "awx", "actor": "me", "run": "7"},
        ),
    ],
)
def test_pipeline(environment: dict[str, str], extra_vars: dict[str, Any], expected: object) -> None:
    assert identity.pipeline(environment, extra_vars) == expected


def test_who(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "config", "user.email", "me@x.example"], check=True)
    found = identity.who(str(tmp_path), {"SUDO_USER": "me", "LOGNAME": "somebody else", "CIRCLECI": "true"}, {})
    assert found == {
        "os": identity.os_user(os.getuid()),
        "uid": os.getuid(),
        "sudo": "me",
        "git": "me@x.example",
        "ci": {"system": "circleci"},
    }
    assert identity.os_user(4000000000) == "4000000000"


def test_who_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git" not in identity.who(str(tmp_path), {}, {})


# -- the callback ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _option_definitions() -> None:
    """What Ansible's plugin loader does with the documentation when it loads a plugin."""
    options = yaml.safe_load(audit_log.DOCUMENTATION)["options"]
    constants.config.initialize_plugin_configuration_definitions("callback", NAME, options)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PCC_IDENTITY_AUDIT_LOG_PATH", str(tmp_path / "log" / "audit.jsonl"))
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(check=True, subset="dev", tags=("all",), extra_vars=()))
    return tmp_path / "log" / "audit.jsonl"


@pytest.fixture
def callback(path: Path) -> audit_log.CallbackModule:
    return load()


def load() -> audit_log.CallbackModule:
    plugin = audit_log.CallbackModule(display=mock.Mock(verbosity=0))
    plugin._load_name = NAME
    plugin.set_options()
    return plugin


PLAYBOOK = SimpleNamespace(_file_name=__file__, _loader=DataLoader())
HOST = SimpleNamespace(name="acme_dev")


def task(action: str = TENANTS, **fields: Any) -> Any:
    values = {"action": action, "resolved_action": action, "check_mode": False, "_uuid": "u1", **fields}
    return SimpleNamespace(**values, get_name=lambda: "Do it")


def result(content: dict[str, Any], of: Any, **fields: Any) -> Any:
    return SimpleNamespace(_host=HOST, _task=of, _result=content, _task_fields=fields)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def shown(callback: audit_log.CallbackModule) -> str:
    return callback._display.error.call_args.args[0]


def test_a_run(callback: audit_log.CallbackModule, path: Path) -> None:
    callback.v2_playbook_on_start(PLAYBOOK)
    ours, other = task(), task("ansible.builtin.debug", _uuid="u2")
    for one in (ours, other):
        callback.v2_playbook_on_task_start(one, is_conditional=False)
        callback.v2_runner_on_start(HOST, one)
        callback.v2_runner_on_ok(result({"changed": True}, one, delegate_to="localhost", check_mode=True))
    stats = SimpleNamespace(processed={"acme_dev": 1}, summarize=lambda _host: {"ok": 2})
    callback.v2_playbook_on_stats(stats)
    start, task_start, done, end = lines(path)
    assert [line["event"] for line in (start, task_start, done, end)] == [
        "run_start",
        "task_start",
        "result",
        "run_end",
    ]
    assert (start["check_mode"], start["limit"], start["tags"]) == (True, "dev", ["all"])
    assert start["playbook"] == __file__
    assert (task_start["host"], task_start["module"], task_start["check_mode"]) == ("acme_dev", TENANTS, False)
    assert (done["status"], done["delegated_to"], done["check_mode"]) == ("changed", "localhost", True)
    assert end["hosts"] == {"acme_dev": {"ok": 2}}
    assert len({line["run"] for line in lines(path)}) == 1
    callback._display.error.assert_not_called()
    assert end["hash"] in callback._display.display.call_args.args[0]
    assert AuditLog(path).verify().breaks == []


def test_a_module_whose_name_is_a_template(callback: audit_log.CallbackModule, path: Path) -> None:
    callback.v2_playbook_on_start(PLAYBOOK)
    for name, expected in ((TENANTS, ["task_start", "result"]), ("ansible.builtin.debug", ["task_start"])):
        one = task("{{ module }}")
        callback.v2_runner_on_start(HOST, one)
        callback.v2_runner_on_ok(result({}, one, action=name))
        assert [line["event"] for line in lines(path)[-len(expected) :]] == expected
    assert [line["module"] for line in lines(path)[1:]] == ["{{ module }}", TENANTS, "{{ module }}"]


def test_a_run_that_is_no_playbook(callback: audit_log.CallbackModule, path: Path) -> None:
    """Some programs start with the play."""
    play = mock.Mock()
    play.get_loader.return_value = DataLoader()
    callback.v2_playbook_on_play_start(play)
    assert [line["event"] for line in lines(path)] == ["run_start"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ROTATE_SIZE", "many", "rotate_size"),
        ("ROTATE_KEEP", "-1", "rotate_keep must not be negative"),
        ("LOCK_TIMEOUT", "-1", "lock_timeout must not be negative"),
    ],
)
def test_a_bad_option_stops_the_run(
    name: str, value: str, expected: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PCC_IDENTITY_AUDIT_LOG_{name}", value)
    plugin = audit_log.CallbackModule(display=mock.Mock(verbosity=0))
    plugin._load_name = NAME
    with pytest.raises(SystemExit) as end:
        plugin.set_options()
    assert end.value.code == 1
    assert expected in shown(plugin)


def test_a_failure_stops_the_run(callback: audit_log.CallbackModule, path: Path) -> None:
    path.parent.write_text("not a folder")
    with pytest.raises(SystemExit) as end:
        callback.v2_playbook_on_start(PLAYBOOK)
    assert end.value.code == 1
    assert str(path) in shown(callback)
    assert "give another path" in shown(callback)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(RuntimeError("odd"), "RuntimeError: odd"), (ImportError("x", name="filelock"), "'filelock'")],
)
def test_any_error_stops_the_run(error: Exception, expected: str, callback: audit_log.CallbackModule) -> None:
    with mock.patch.object(AuditLog, "append", side_effect=error), pytest.raises(SystemExit):
        callback.v2_playbook_on_start(PLAYBOOK)
    assert expected in shown(callback)


def test_without_options_nothing_runs() -> None:
    plugin = audit_log.CallbackModule(display=mock.Mock(verbosity=0))
    with mock.patch.object(context, "CLIARGS", ImmutableDict(extra_vars=())), pytest.raises(SystemExit):
        plugin.v2_playbook_on_start(PLAYBOOK)


@pytest.mark.parametrize(
    "hook", ["v2_playbook_on_task_start", "v2_playbook_on_handler_task_start", "v2_runner_on_start"]
)
def test_a_failure_in_another_thread_stops_the_run_at_the_next_step(
    hook: str, callback: audit_log.CallbackModule, path: Path
) -> None:
    """Results of loop items arrive in a thread, in which a process cannot be ended in good order."""
    callback.v2_playbook_on_start(PLAYBOOK)
    one = task()
    callback.v2_runner_on_start(HOST, one)
    os.truncate(path, 0)
    thread = threading.Thread(target=callback.v2_runner_item_on_ok, args=(result({"changed": True}, one),))
    thread.start()
    thread.join()
    callback._display.error.assert_not_called()
    arguments = (HOST, one) if hook == "v2_runner_on_start" else (one,)
    with pytest.raises(SystemExit):
        getattr(callback, hook)(
            *arguments, **({"is_conditional": False} if hook == "v2_playbook_on_task_start" else {})
        )
    assert "not as it was left" in shown(callback)
