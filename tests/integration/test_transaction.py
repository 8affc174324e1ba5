# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A provision run as a transaction: planned as a whole, judged, confirmed, written, and accounted for."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.flows import SAMPLES, sample

from .conftest import BIN, KEY, NOT_INTERACTIVE, PROJECTS, ROOT, Run

ACME, GLOBEX = PROJECTS["acme_dev"], PROJECTS["globex_dev"]
ONE = ("--limit", "acme_dev")
BOTH = ("--limit", "acme_dev,globex_dev")
CONFIRMED = ("-e", "descope_confirm_destroy=true")
UNCONFIRMED = "confirm it with -e descope_confirm_destroy=true"
QUESTION = "Type yes to go on"

#: Everything at once, where each kind needs one that is made before it.
LISTED: dict[str, Any] = {
    "descope_permissions": [{"name": "Read"}, {"name": "Write", "description": "May write"}],
    "descope_permissions__more": [{"name": "Audit"}],
    "descope_roles": [{"name": "Editor", "permissions": ["Read", "Write"]}],
    "descope_roles__more": [{"name": "Auditor", "tenant_id": "own", "permissions": ["Audit"]}],
    "descope_tenants": [{"id": "own", "name": "Own", "default_roles": ["Editor"]}],
    "descope_flows": [{"src": str(SAMPLES / "roleflow.json"), "roles": {"My User Role": "Editor"}}],
}
#: None of it is wanted any more, and nothing refers to it from what stays.
WITHDRAWN: dict[str, Any] = {
    "descope_permissions": [{"name": "Read", "state": "absent"}, {"name": "Write", "state": "absent"}],
    "descope_permissions__more": [{"name": "Audit", "state": "absent"}],
    "descope_roles": [{"name": "Editor", "state": "absent"}],
    "descope_tenants": [{"id": "own", "state": "absent", "cascade": True}],
    "descope_flows": [{"id": "basic-flow", "state": "absent"}],
}


def variables(**values: Any) -> tuple[str, str]:
    """The options for variables. Several runs in a minute must not wait for one another's requests."""
    return ("-e", json.dumps({"descope_rate_limit": 1_000_000, **values}))


def project(emulator, project_id: str = ACME) -> dict[str, Any]:
    return emulator.state(project_id)["projects"][project_id]


def deployed(emulator) -> dict[str, Any]:
    """The flows of a project, without what the service counts or fills in."""
    flows = {name: each["flow"] for name, each in project(emulator)["flows"].items()}
    kept = ("name", "description")
    return {
        name: {
            **{part: flow[part] for part in ("contents", "screens", "references")},
            "metadata": {key: flow["metadata"][key] for key in kept},
        }
        for name, flow in flows.items()
    }


def names(objects: list[dict[str, Any]]) -> set[str]:
    return {each["name"] for each in objects}


@pytest.fixture
def furnished(emulator):
    """Make permissions, roles, tenants and a tenant with a role of its own as somebody does in the console."""

    def furnish(project_id: str = ACME) -> None:
        for name in ("Keep", "Spare", "Surplus"):
            emulator.edit("add_permission", project_id, name=name)
        for name in ("Keeper", "Idle"):
            emulator.edit("add_role", project_id, name=name, permissionNames=["Keep"])
        emulator.edit(
            "create_tenants",
            project_id,
            tenants=[{"id": "old", "name": "Old"}, {"id": "gone", "name": "Gone"}, {"id": "kept", "name": "Kept"}],
        )
        emulator.edit("add_role", project_id, name="Local", tenantId="kept", permissionNames=["Keep"])

    return furnish


#: Deletes one tenant with its users, one without, two roles and two permissions. What the example has is created.
DELETING: dict[str, Any] = {
    "descope_tenants": [{"id": "old", "state": "absent", "cascade": True}, {"id": "gone", "state": "absent"}],
    "descope_roles": [{"name": "Idle", "state": "absent"}, {"name": "Local", "tenant_id": "kept", "state": "absent"}],
    "descope_permissions": [{"name": "Spare", "state": "absent"}, {"name": "Surplus", "state": "absent"}],
    "descope_max_delete_percent": 100,
    "descope_max_deletes": 6,
}
LOST = (
    "tenant 'old' (Old), with its users and access keys",
    "tenant 'gone' (Gone)",
    "role 'Idle'",
    "role 'Local' of tenant 'kept'",
    "permission 'Spare'",
    "permission 'Surplus'",
)


# -- all kinds in one run ----------------------------------------------------------------------------------------------


@pytest.mark.smoke
def test_all_kinds_from_nothing(ansible, emulator):
    arguments = (*ONE, *variables(**LISTED))
    preview = ansible.preview(*arguments)
    assert preview.code == 0, preview.output
    assert not emulator.writes()
    run = ansible("--diff", *arguments)
    assert run.code == 0, run.output
    # Permissions, roles, tenants, roles of tenants, flows.
    assert preview.changed == run.changed == {"acme_dev": 5}
    for kind in ("permissions", "roles", "tenants", "flows"):
        assert preview.diffs_of(kind) == run.diffs_of(kind)
        assert run.diffs_of(kind)
    account = (
        "permissions: 3 created; roles: 1 created; tenants: 5 created; roles of tenants: 1 created; flows: 2 created"
    )
    assert f"Would be: {account};" in preview.text
    assert f"{account};" in run.text
    state = project(emulator)
    (editor,) = [role for role in state["roles"] if role["name"] == "Editor"]
    assert state["tenants"]["own"]["defaultRoles"] == ["Editor"]
    assert [role["name"] for role in state["roles"] if role["tenantId"] == "own"] == ["Auditor"]
    assert state["flows"]["references-flow"]["flow"]["references"]["roles"] == {"Editor": editor["id"]}
    before = len(emulator.writes())
    again = ansible("--diff", *arguments)
    assert again.code == 0, again.output
    assert again.changed == {"acme_dev": 0}
    assert "+++ " not in again.output
    assert "To put back" not in again.output
    assert len(emulator.writes()) == before


def test_all_kinds_away(ansible, emulator):
    """What others need goes last."""
    for name in ("Read", "Write", "Audit"):
        emulator.edit("add_permission", ACME, name=name)
    emulator.edit("add_role", ACME, name="Editor", permissionNames=["Read", "Write"])
    emulator.edit("create_tenants", ACME, tenants=[{"id": "own", "name": "Own", "defaultRoles": ["Editor"]}])
    emulator.edit("add_role", ACME, name="Auditor", tenantId="own", permissionNames=["Audit"])
    emulator.edit("import_flow", ACME, flow=sample("basicflow.json"))
    others = {"descope_tenants__company": [], "descope_tenants__dev": [], "descope_flows__company": []}
    limits = {"descope_max_delete_percent": 100, "descope_max_deletes": 6}
    run = ansible(*ONE, *variables(**WITHDRAWN, **others, **limits), *CONFIRMED)
    assert run.code == 0, run.output
    paths = [entry["path"].split("/")[3:5] for entry in emulator.writes()]
    assert list(dict.fromkeys("/".join(path) for path in paths)) == [
        "tenant/delete",
        "flow/delete",
        "role/delete",
        "permission/delete",
    ]
    state = project(emulator)
    assert not state["tenants"]
    assert not names(state["permissions"]) & {"Read", "Write", "Audit"}
    assert not names(state["roles"]) & {"Editor", "Auditor"}
    assert "basic-flow" not in state["flows"]


# -- what stops a run before it writes ---------------------------------------------------------------------------------


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            {"descope_max_changes": 10},
            [
                "11 objects would change, more than descope_max_changes (10) allows: 6 in tenants, 1 in flows, ",
                "1 in flows, 2 in roles to delete, 2 in permissions to delete.",
                "raise the limit for this run",
            ],
        ),
        # No kind alone has so many.
        (
            {"descope_max_deletes": 5},
            [
                "6 objects would be deleted, more than descope_max_deletes (5) allows",
                *LOST,
                "raise the limit for this run",
            ],
        ),
        (
            {"descope_max_changes": 0, "descope_max_deletes": 2},
            ["descope_max_changes (0)", "descope_max_deletes (2)"],
        ),
        (
            {"descope_max_delete_percent": 40},
            [
                "Nothing was written: 2 of 3 would be deleted, more than max_delete_percent (40 %",
                "raise max_deletes and",
            ],
        ),
    ],
    ids=["changes", "deletions of all kinds", "both", "percent"],
)
def test_a_plan_that_is_too_large(limits, said, ansible, emulator, furnished):
    furnished()
    run = ansible(*ONE, *variables(**{**DELETING, **limits}), *CONFIRMED)
    assert run.code == 2, run.output
    assert "Nothing was written" in run.text
    for text in said:
        assert text in run.text
    assert not emulator.writes()


def test_limits_that_are_just_met(ansible, emulator, furnished):
    furnished()
    run = ansible(*ONE, *variables(**DELETING, descope_max_changes=11), *CONFIRMED)
    assert run.code == 0, run.output
    assert set(project(emulator)["tenants"]) == {"kept", "northwind", "northwind-emea", "contoso", "playground"}


@pytest.mark.parametrize("kind", ["permission", "role", "tenant", "flow"])
def test_a_list_that_must_not_be_read(kind, ansible, emulator, furnished):
    """Nothing of any kind is written, also not of those whose lists came before it."""
    furnished()
    emulator.reads("forbidden", [f"/v1/mgmt/{kind}/*"])
    run = ansible(*ONE, *variables(**LISTED))
    assert run.code == 2, run.output
    assert "HTTP 403" in run.text
    assert not emulator.writes()
    emulator.reads(None)
    assert ansible(*ONE, *variables(**LISTED)).code == 0


def test_an_empty_list_where_the_last_backup_has_objects(ansible, emulator, furnished):
    furnished()
    backup = ansible(*ONE, play="playbooks/backup.yml")
    assert backup.code == 0, backup.output
    more = variables(
        descope_tenants=[{"id": "new", "name": "New"}],
        descope_roles=[{"name": "New"}],
        descope_permissions=[{"name": "New"}],
    )
    for kind, count in (("tenant", 3), ("permission", 3)):
        emulator.reads("empty", [f"/v1/mgmt/{kind}/*"])
        run = ansible(*ONE, *more)
        assert run.code == 2, run.output
        assert f"Nothing was written: the service lists no {kind}s, but " in run.text
        assert re.search(rf"the backup of \S+, has {count}\.", run.text), run.text
        assert "allow_empty_read" in run.text
        assert not emulator.writes()
    emulator.reads("empty", ["/v1/mgmt/permission/*"])
    run = ansible(*ONE, *more, "-e", "descope_allow_empty_read=true")
    assert "the service lists no" not in run.text
    assert "New" in names(project(emulator)["permissions"])


# -- deletions have to be confirmed ------------------------------------------------------------------------------------


@pytest.mark.smoke
def test_nobody_there_to_confirm(ansible, emulator, furnished):
    furnished()
    arguments = (*ONE, *variables(**DELETING))
    preview = ansible.preview(*arguments)
    assert preview.code == 0, preview.output
    assert QUESTION not in preview.text
    assert NOT_INTERACTIVE not in preview.text
    run = ansible(*arguments)
    assert run.code == 2, run.output
    assert f"Nothing was written. acme_dev (project {ACME}) would lose 6 of what it has:" in run.text
    for line in LOST:
        assert re.search(rf"^ +- {re.escape(line)}$", run.output, re.MULTILINE), run.output
    assert UNCONFIRMED in run.text
    assert not emulator.writes()
    run = ansible(*arguments, *CONFIRMED)
    assert run.code == 0, run.output
    assert NOT_INTERACTIVE not in run.text
    state = project(emulator)
    assert not {"old", "gone"} & set(state["tenants"])
    assert not {"Spare", "Surplus"} & names(state["permissions"])
    assert preview.changed == run.changed


def test_without_deletions_nobody_is_asked(ansible, emulator):
    run = ansible(*ONE)
    assert run.code == 0, run.output
    assert NOT_INTERACTIVE not in run.text
    assert QUESTION not in run.text


class Terminal:
    """A real ansible-playbook under a terminal, with somebody who answers."""

    # The child makes the terminal its own, which is what Ansible asks before it asks anybody.
    _OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self._master, terminal = os.openpty()
        self.output = ""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._OWN, str(BIN / "ansible-playbook"), "playbooks/provision.yml", *arguments],
                cwd=ROOT,
                env={**environment, "TERM": "dumb", "ANSIBLE_NOCOLOR": "1"},
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )
        finally:
            os.close(terminal)

    def until(self, text: str) -> None:
        """Read on until a text was shown since the last answer, or fail."""
        while text not in " ".join(self.output[self._answered :].split()):
            assert self._read(), f"{text!r} was not shown: {self.output}"

    _answered = 0

    def answer(self, keys: str) -> None:
        """Press keys, as soon as Ansible listens: it throws away what was pressed before."""
        deadline = time.monotonic() + 60
        while termios.tcgetattr(self._master)[3] & termios.ICANON:
            assert time.monotonic() < deadline, f"nobody listens: {self.output}"
            time.sleep(0.01)
        time.sleep(0.3)
        self._answered = len(self.output)
        os.write(self._master, keys.encode())

    def end(self) -> Run:
        """Read to the end."""
        while self._read():
            pass
        code = self._process.wait(timeout=60)
        assert KEY not in self.output
        assert "Traceback" not in self.output, self.output
        return Run(code, self.output.replace("\r\n", "\n"))

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def _read(self) -> bool:
        deadline = time.monotonic() + 90
        while not select.select([self._master], [], [], 1)[0]:
            assert time.monotonic() < deadline, f"nothing was shown any more: {self.output}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end was closed
            return False
        self.output += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def terminal(ansible) -> Iterator[Any]:
    """Start the provision playbook under a terminal."""
    started = []

    def start(*arguments: str) -> Terminal:
        started.append(Terminal(ansible.environment, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_yes(terminal, emulator, furnished):
    furnished()
    run = terminal(*ONE, *variables(**DELETING))
    run.until(QUESTION)
    for line in LOST:
        assert line in run.output
    assert not emulator.writes()
    run.answer("yes\r")
    ended = run.end()
    assert ended.code == 0, ended.output
    assert ended.output.count(QUESTION) == 1
    assert not {"old", "gone"} & set(project(emulator)["tenants"])


@pytest.mark.parametrize("keys", ["\r", "y\r", "yes please\r"], ids=repr)
def test_anything_else_than_yes(keys, terminal, emulator, furnished):
    furnished()
    run = terminal(*ONE, *variables(**DELETING))
    run.until(QUESTION)
    run.answer(keys)
    ended = run.end()
    assert ended.code == 2, ended.output
    assert f"Nothing was written. acme_dev (project {ACME}) would lose 6" in ended.text
    assert not emulator.writes()


@pytest.mark.parametrize("key", ["a", "c"], ids=["abort", "continue"])
def test_interrupting_the_question(key, terminal, emulator, furnished):
    """Ansible's own answer to ctrl-C is another question; to go on there is no confirmation either."""
    furnished()
    run = terminal(*ONE, *variables(**DELETING))
    run.until(QUESTION)
    run.answer("\x03")
    run.until("'A' to abort")
    run.answer(key)
    ended = run.end()
    assert ended.code != 0, ended.output
    assert not emulator.writes()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_one_question_for_two_projects(answer, terminal, emulator, furnished):
    for each in (ACME, GLOBEX):
        furnished(each)
    run = terminal(*BOTH, *variables(**DELETING))
    run.until(QUESTION)
    asked = " ".join(run.output.split())
    for host in ("acme_dev", "globex_dev"):
        assert f"{host} (project {PROJECTS[host]}) would lose 6 of what it has:" in asked
    run.answer(f"{answer}\r")
    ended = run.end()
    assert ended.output.count(QUESTION) == 1
    assert (ended.code == 0) == (answer == "yes"), ended.output
    for each in (ACME, GLOBEX):
        assert ("old" in project(emulator, each)["tenants"]) == (answer != "yes")
    assert bool(emulator.writes()) == (answer == "yes")


@pytest.mark.parametrize("arguments", [("--check",), CONFIRMED], ids=["check mode", "confirmed"])
def test_there_is_nothing_to_ask(arguments, terminal, emulator, furnished):
    furnished()
    ended = terminal(*ONE, *variables(**DELETING), *arguments).end()
    assert ended.code == 0, ended.output
    assert QUESTION not in ended.output
    assert bool(emulator.writes()) == (arguments == CONFIRMED)


def test_the_other_hosts_go_on(ansible, emulator, furnished):
    """What is wrong with the plan of one project is none of another one's business."""
    furnished()
    for arguments, said in (
        ((*variables(**DELETING),), UNCONFIRMED),
        ((*variables(**{**DELETING, "descope_max_deletes": 5}), *CONFIRMED), "descope_max_deletes (5)"),
    ):
        emulator.reset("log")
        run = ansible(*BOTH, *arguments)
        assert run.code == 2, run.output
        assert said in run.text
        assert {entry["project"] for entry in emulator.writes()} <= {GLOBEX}
    assert {"research", "logistics", "playground"} <= set(project(emulator, GLOBEX)["tenants"])
    assert "old" in project(emulator)["tenants"]


def role_tasks() -> list[str]:
    """The names of all tasks of the role that Ansible can start at; those of a rescue are not among them."""
    folder = ROOT / "roles" / "provision" / "tasks"
    found = []

    def collect(tasks: list[dict[str, Any]]) -> None:
        for task in tasks:
            if "block" in task:
                collect(task["block"])
            elif "ansible.builtin.import_tasks" in task:
                collect(yaml.safe_load((folder / task["ansible.builtin.import_tasks"]).read_text()))
            else:
                found.append(task["name"])

    collect(yaml.safe_load((folder / "main.yml").read_text()))
    return found


@pytest.mark.parametrize("task", role_tasks())
def test_starting_at_any_task_writes_nothing_that_is_not_confirmed(task, ansible, emulator, furnished):
    furnished()
    run = ansible(*ONE, *variables(**DELETING), "--start-at-task", f"pcc.identity.provision : {task}")
    assert not emulator.writes(), run.output
    assert run.code != 0, run.output


@pytest.mark.parametrize("task", ["See what would change", "Make what differs as listed"])
def test_starting_at_a_task_is_no_confirmation_of_production(task, ansible, emulator):
    run = ansible("--limit", "acme_prod", "--start-at-task", f"pcc.identity.provision : {task}")
    assert run.code == 2, run.output
    assert not emulator.writes()


# -- what became of a run ----------------------------------------------------------------------------------------------


def after(text: str, output: str) -> list[str]:
    """The words of the command that stands below a text, as a person would copy it, from one line."""
    found = re.search(rf"{re.escape(text)}.*:\n +(ansible-playbook .+)", output)
    assert found, output
    return shlex.split(found[1])


def run_as_printed(ansible, words: list[str], *more: str) -> Run:
    """Run a command of a message, with more options after it."""
    assert words[0] == "ansible-playbook"
    (play,) = [word for word in words[1:] if word.endswith((".yml", ".restore", ".provision"))]
    return ansible(*[word for word in words[1:] if word != play], *more, play=play)


def test_a_failure_in_tenants_keeps_what_succeeded(ansible, emulator, furnished):
    furnished()
    listed = {
        **{name: value for name, value in LISTED.items() if name != "descope_roles__more"},
        "descope_tenants": [*LISTED["descope_tenants"], {"id": "old", "state": "absent"}],
        "descope_roles": [*LISTED["descope_roles"], {"name": "Idle", "state": "absent"}],
        "descope_max_delete_percent": 100,
    }
    options = variables(**listed)
    emulator.faults([{"match": {"path": "/v1/mgmt/tenant/create"}, "nth": 2, "do": {"kind": "status", "status": 400}}])
    run = ansible(*ONE, *options, *CONFIRMED)
    assert run.code == 2, run.output
    told = run.output[run.output.rindex("Not all of it was done:") :]
    assert "  permissions: 3 created\n" in told
    assert "  roles: 1 created\n" in told
    assert re.search(
        r"^ +tenants: 4 created, 1 deleted, 1 failed$|^ +tenants: \d created, .*1 failed$", told, re.MULTILINE
    )
    assert "  flows: not tried (planned: 2 created)\n" in told
    assert "  roles to delete: not tried (planned: 1 deleted)\n" in told
    state = project(emulator)
    assert {"Read", "Write", "Audit"} <= names(state["permissions"])
    assert {"Editor", "Idle"} <= names(state["roles"])
    assert "references-flow" not in state["flows"]
    made = set(state["tenants"]) & {"own", "northwind", "contoso", "playground"}
    assert len(made) >= 1
    emulator.faults()
    words = after("To go on when the cause is gone", told)
    # What is to be deleted by then has to be confirmed again.
    assert not set(CONFIRMED) <= set(words)
    again = run_as_printed(ansible, words, *options, *CONFIRMED)
    assert again.code == 0, again.output
    state = project(emulator)
    assert {"own", "northwind", "northwind-emea", "contoso", "playground"} <= set(state["tenants"])
    assert "old" not in state["tenants"]
    assert "Idle" not in names(state["roles"])
    assert "references-flow" in state["flows"]
    # What was done was left alone.
    assert "permissions: 3 unchanged; roles: 1 unchanged;" in again.text
    assert ansible(*ONE, *options).changed == {"acme_dev": 0}


def test_a_failure_in_flows_restores_them(ansible, emulator):
    first = sample("basicflow.json")
    emulator.edit("import_flow", ACME, flow=first)
    flows = deployed(emulator)
    changed = {**copy.deepcopy(first), "metadata": {**first["metadata"], "description": "Changed"}}
    listed = {**LISTED, "descope_flows": [{"definition": changed}, *LISTED["descope_flows"]]}
    emulator.faults(
        [{"match": {"path": "/v2/mgmt/flow/import"}, "nth": 3, "times": 1, "do": {"kind": "status", "status": 400}}]
    )
    run = ansible(*ONE, *variables(**listed))
    assert run.code == 2, run.output
    assert len([entry for entry in emulator.writes() if "/flow/" in entry["path"]]) > 3
    assert deployed(emulator) == flows
    told = run.output[run.output.rindex("Not all of it was done:") :]
    assert re.search(r"^ +flows: 2 skipped, 1 failed$", told, re.MULTILINE), told
    state = project(emulator)
    assert "own" in state["tenants"]
    assert "Editor" in names(state["roles"])
    # The flows are as they were, so there is none to put back.
    words = after("To put back what was changed", told)
    assert not [word for word in words if "-flows-" in word]
    emulator.faults()
    again = run_as_printed(ansible, after("To go on when the cause is gone", told), *variables(**listed))
    assert again.code == 0, again.output
    assert set(project(emulator)["flows"]) - set(flows) == {"references-flow", "acme-login"}
    assert deployed(emulator)["basic-flow"]["metadata"]["description"] == "Changed"


def test_a_failure_in_the_first_step(ansible, emulator):
    emulator.faults([{"match": {"path": "/v1/mgmt/permission/create"}, "do": {"kind": "status", "status": 400}}])
    run = ansible(*ONE, *variables(**LISTED))
    assert run.code == 2, run.output
    told = run.output[run.output.rindex("Not all of it was done:") :]
    assert "permissions: 3 failed\n" in told
    assert "  tenants: not tried (planned: 5 created)\n" in told
    assert "To put back" not in told
    assert not [entry for entry in emulator.writes() if "/permission/" not in entry["path"]]


def test_what_was_changed_is_put_back_by_the_command_that_is_printed(ansible, emulator, furnished):
    furnished()
    emulator.edit("update_tenant", ACME, id="kept", tenant={"customAttributes": {"plan": "before"}})
    before, flows = project(emulator), deployed(emulator)
    kept = {"id": "kept", "name": "Kept", "custom_attributes": {"plan": "after"}}
    gone = {"name": "Spare", "state": "absent"}
    listed = {**LISTED, "descope_tenants": [kept], "descope_roles__more": [{"name": "Idle", "state": "absent"}]}
    listed["descope_permissions__more"] = [gone]
    listed["descope_max_delete_percent"] = 100
    run = ansible(*ONE, *variables(**listed), *CONFIRMED)
    assert run.code == 0, run.output
    words = after("To put back what was changed", run.output)
    # What the run created is deleted again, which has to be confirmed like any deletion.
    refused = run_as_printed(ansible, words)
    assert refused.code == 2, refused.output
    assert UNCONFIRMED in refused.text
    restored = run_as_printed(ansible, words, *CONFIRMED)
    assert restored.code == 0, restored.output
    now = project(emulator)
    assert set(now["tenants"]) == set(before["tenants"])
    assert now["tenants"]["kept"]["customAttributes"] == {"plan": "before"}
    assert names(now["roles"]) == names(before["roles"])
    assert names(now["permissions"]) == names(before["permissions"])
    assert deployed(emulator) == flows
