# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that are killed: whenever it strikes, no half file is taken for a whole one, and the next run converges."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from tests.support.flows import sample
from tests.support.in_process import run_module

from .conftest import BIN, KEY, PROJECTS, ROOT

ACME = PROJECTS["acme_dev"]
KILLS = 50
SEED = 20260304
#: Of the kills of a provision, those of a whole ansible-playbook; the others, in parts, are of its modules alone.
OF_PLAYBOOKS = 5
PARTS = 5

_RUN = """
import json, sys
from tests.support.in_process import run_module
assert not run_module("descope_backup", **json.loads(sys.argv[1]))["failed"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def start(emulator, folder, tmp_path):
    """Start the module that makes a backup in a process of its own."""
    options = {
        "project_id": ACME,
        "management_key": KEY,
        "base_url": emulator.base_url,
        "rate_limit": 1_000_000,
        "backup_dir": str(folder),
    }
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", _RUN, json.dumps(options)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return begin


def being_written(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".2*")] if folder.exists() else []


def until_written(process: subprocess.Popen[bytes], folder: Path, before: set[str]) -> None:
    """Wait for the file that is written before it gets its name, or for the end."""
    while process.poll() is None and not set(being_written(folder)) - before:
        time.sleep(0.0002)


def test_kill_a_backup(emulator, start, folder, tmp_path):
    """Half of the moments are anywhere in a run, half of them while the file is being written."""
    source = random.Random(SEED)
    # Not to be compressed much, so that writing takes a while.
    texts = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=40_000)) for _number in range(40)]
    entries = [
        {"id": f"t{number}", "name": f"T{number}", "customAttributes": {"plan": text}}
        for number, text in enumerate(texts)
    ]
    emulator.edit("create_tenants", ACME, tenants=entries)
    begun = time.monotonic()
    assert start().wait(timeout=60) == 0
    seconds = time.monotonic() - begun
    (first,) = files.listing(folder)
    whole = first.summary["checksums"]
    writing = 0
    for number in range(KILLS):
        before = set(being_written(folder))
        process = start()
        try:
            if number % 2:
                until_written(process, folder, before)
                # At once, or some time into the writing, however long that takes here.
                time.sleep(source.uniform(0, 0.02) if number % 4 == 1 else 0)
            else:
                time.sleep(source.uniform(0, seconds))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        writing += bool(set(being_written(folder)) - before)
        found = files.listing(folder, ACME)
        assert all(each.intact for each in found), [each.problem for each in found]
        assert all(each.summary["checksums"] == whole for each in found)
        for each in found:
            if each.path != first.path:
                each.path.unlink()
    # The moments were well chosen: files were left that nobody has finished.
    assert writing
    listed = run_module("descope_backup_info", backup_dir=str(folder), project_id=ACME)
    assert [row["file"] for row in listed["backups"]] == [str(first.path)]
    for _attempt in range(20):
        if not being_written(folder):
            process = start()
            until_written(process, folder, set())
            process.kill()
            process.wait()
    assert being_written(folder)
    # The next run is not confused, and cleans up.
    assert start().wait(timeout=60) == 0
    assert being_written(folder) == []
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    assert [each.intact for each in files.listing(folder)] == [True, True]


# -- provision ---------------------------------------------------------------------------------------------------------

_PROVISION = """
import json, sys
from tests.support.in_process import run_module
steps = json.load(sys.stdin)
for name, _options in steps:
    __import__("ansible_collections.pcc.identity.plugins.modules." + name)
print("ready", flush=True)
for check in (True, False):
    for name, options in steps:
        result = run_module(name, check=check, **options)
        assert not result["failed"], result
"""
_LIMITS = {"max_deletes": 50, "max_delete_percent": 100}
#: What is there before and after, in turns: each way creates, updates and deletes objects of every kind.
_SIDES = ("even", "odd")


def listed(side: str) -> dict[str, list[dict[str, Any]]]:
    """The lists of permissions, roles, tenants and flows of one side; what only the other has shall go."""
    other = _SIDES[side == _SIDES[0]]
    tenants: list[dict[str, Any]] = [
        {
            "id": f"both-{number}",
            "name": f"Both {number} {side}",
            "custom_attributes": {"plan": side},
            "default_roles": ["Both", f"Role {side}"],
            "settings": {"session_token_expiration": 10 + len(side), "session_token_expiration_unit": "minutes"},
        }
        for number in range(3)
    ]
    for number in range(2):
        tenants.append({"id": f"{side}-{number}", "name": f"{side} {number}", "default_roles": ["Both"]})
        tenants.append({"id": f"{other}-{number}", "state": "absent"})
    flow = sample("basicflow.json")
    return {
        "permissions": [
            {"name": "Both", "description": side},
            {"name": f"Permission {side}"},
            {"name": f"Permission {other}", "state": "absent"},
        ],
        "roles": [
            {"name": "Both", "permissions": ["Both", f"Permission {side}"]},
            {"name": f"Role {side}", "permissions": [f"Permission {side}"]},
            {"name": "Of one", "tenant_id": "both-0", "description": side, "permissions": [f"Permission {side}"]},
            {"name": f"Role {other}", "state": "absent"},
        ],
        "tenants": tenants,
        "flows": [
            {"definition": {**flow, "flowId": "both-flow"}, "description": side},
            {"definition": {**flow, "flowId": f"{side}-flow"}},
            {"id": f"{other}-flow", "state": "absent"},
        ],
    }


def steps_to(side: str, connection: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The modules of a run with their options, in the order of the role."""
    lists = listed(side)
    write, delete = {"actions": ["create", "update"]}, {"actions": ["delete"]}
    permissions = {"permissions": lists["permissions"], **_LIMITS}
    there = [role["name"] for role in lists["permissions"] if "state" not in role]
    roles = {"roles": lists["roles"], "expected_permissions": there, **_LIMITS}
    steps = [
        ("descope_permissions", {**permissions, **write}),
        ("descope_roles", {**roles, **write, "scope": "project"}),
        ("descope_tenants", {"tenants": lists["tenants"], **_LIMITS}),
        ("descope_roles", {**roles, **write, "scope": "tenants"}),
        ("descope_flows", {"flows": lists["flows"], "on_error": "restore"}),
        ("descope_roles", {**roles, **delete}),
        ("descope_permissions", {**permissions, **delete}),
    ]
    return [(name, {**connection, **options}) for name, options in steps]


def provision(side: str, connection: dict[str, Any], *, check: bool = False) -> bool:
    """Run the modules in this process, and return whether anything was changed, or would be."""
    changed = False
    for name, options in steps_to(side, connection):
        result = run_module(name, check=check, **options)
        assert not result["failed"], result
        changed = changed or result["changed"]
    return changed


def shape(emulator) -> dict[str, Any]:
    """What a project has, without what the service makes up."""
    state = emulator.state(ACME)["projects"][ACME]
    return {
        "permissions": {each["name"]: each["description"] for each in state["permissions"]},
        "roles": {(each["tenantId"], each["name"]): sorted(each["permissionNames"]) for each in state["roles"]},
        "tenants": {
            key: (each["name"], each["customAttributes"], sorted(each["defaultRoles"]))
            for key, each in state["tenants"].items()
        },
        "flows": {key: each["flow"]["metadata"] for key, each in state["flows"].items()},
    }


def settled(emulator) -> None:
    """Wait until the service has done with the requests of somebody who is gone."""
    before = -1
    while (now := emulator.stats()["requests"]) != before:
        before = now
        time.sleep(0.03)


def no_half_file(folder: Path) -> None:
    """What is listed is whole, to the end. It is deleted then, so that the next look does not take longer."""
    found = run_module("descope_backup_info", backup_dir=str(folder), project_id=ACME)
    assert not found["failed"], found
    assert [row["problem"] for row in found["backups"] if not row["intact"]] == []
    for row in found["backups"]:
        path = Path(row["file"])
        assert files.read(path)["sections"]
        path.unlink()


@pytest.fixture
def connection(emulator, folder, tmp_path, monkeypatch) -> dict[str, Any]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return {
        "project_id": ACME,
        "management_key": KEY,
        "base_url": emulator.base_url,
        "rate_limit": 1_000_000,
        "backup_dir": str(folder),
    }


@pytest.fixture
def sides(emulator, connection) -> dict[str, dict[str, Any]]:
    """What a project has on each side, from runs that nobody disturbs. The last one is there now."""
    shapes = {}
    for side in _SIDES:
        assert provision(side, connection)
        assert not provision(side, connection)
        shapes[side] = shape(emulator)
    assert shapes["even"] != shapes["odd"]
    return shapes


def start_modules(side: str, connection: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the modules in a process of its own, as far as before the first one."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROVISION],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(steps_to(side, connection)).encode())
    process.stdin.close()
    assert process.stdout.readline() == b"ready\n"
    return process


def kill(process: subprocess.Popen[bytes], mark: str = "") -> None:
    """End a process and all that it has started. Ansible's workers are in groups of their own: they have a mark."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()
    while mark and (left := marked(mark)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def marked(mark: str) -> list[int]:
    """The processes that have a mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def requests_of(emulator, run: Callable[[str], Any]) -> int:
    """Return how many requests a run to one side or the other sends at the most."""
    counts = [emulator.stats()["requests"]]
    for side in _SIDES:
        run(side)
        counts.append(emulator.stats()["requests"])
    return max(after - before for before, after in itertools.pairwise(counts))


def moments(requests: int, count: int) -> list[tuple[int, float]]:
    """Random moments, spread over a whole run: after so many requests, and so many seconds more. In no order.

    By requests and not by time, so that they are the same on any machine.
    """
    source = random.Random(SEED + count)
    found = [(int((number + source.random()) * requests / count), source.uniform(0, 0.02)) for number in range(count)]
    source.shuffle(found)
    print(f"random.Random({SEED + count}), {requests} requests: {found}")  # shown when the test fails
    return found


def until_sent(process: subprocess.Popen[bytes], emulator, number: int) -> None:
    """Wait until so many requests have been sent in all, or for the end."""
    while process.poll() is None and emulator.stats()["requests"] < number:
        time.sleep(0.001)


def kill_often(
    emulator,
    folder: Path,
    sides: dict[str, dict[str, Any]],
    times: list[tuple[int, float]],
    begin: Callable[[str], tuple[subprocess.Popen[bytes], str]],
    converge: Callable[[str], Any],
    connection: dict[str, Any],
) -> int:
    """Kill a run at each of the moments, look at what is left, and run again. Return how many were in the middle of it.

    Args:
        begin: starts a run to a side, and returns it with what its processes are marked with.
        converge: runs to a side to the end.
    """
    halfway = 0
    for number, (sent, seconds) in enumerate(times):
        side = _SIDES[number % 2]
        before = emulator.stats()["requests"]
        process, mark = begin(side)
        try:
            until_sent(process, emulator, before + sent)
            time.sleep(seconds)
        finally:
            kill(process, mark)
        settled(emulator)
        halfway += shape(emulator) not in sides.values()
        no_half_file(folder)
        converge(side)
        assert shape(emulator) == sides[side], f"after a kill {seconds:.3f} s after request {sent}"
        assert not provision(side, connection, check=True)
    return halfway


@pytest.mark.parametrize("part", range(PARTS))
def test_kill_the_modules_of_a_provision(part, emulator, folder, sides, connection):
    def to_the_end(side: str) -> None:
        process = start_modules(side, connection)
        assert process.wait(timeout=60) == 0
        kill(process)
        assert shape(emulator) == sides[side]

    times = moments(requests_of(emulator, to_the_end), KILLS - OF_PLAYBOOKS)[part::PARTS]
    halfway = kill_often(
        emulator,
        folder,
        sides,
        times,
        lambda side: (start_modules(side, connection), ""),
        lambda side: provision(side, connection),
        connection,
    )
    # The moments were well chosen: not just before or after the writes.
    assert halfway > len(times) // 5


def test_a_half_file_of_a_provision_stays_hidden(folder, sides, connection):
    """It is not listed while it is there, and the next backup cleans up."""
    for _attempt in range(20):
        if not being_written(folder):
            process = start_modules("even", connection)
            until_written(process, folder, set())
            kill(process)
            provision("odd", connection)
    assert being_written(folder)
    no_half_file(folder)
    assert being_written(folder)
    assert not run_module("descope_backup", **connection)["failed"]
    assert being_written(folder) == []


@pytest.mark.parametrize("number", range(OF_PLAYBOOKS))
def test_kill_a_playbook(number, ansible, emulator, folder, sides, connection):
    def arguments(side: str) -> list[str]:
        lists = {f"descope_{kind}": entries for kind, entries in listed(side).items()}
        options = {
            **lists,
            "descope_tenants__company": [],
            "descope_tenants__dev": [],
            "descope_flows__company": [],
            "descope_backup_dir": str(folder),
            "descope_max_deletes": 50,
            "descope_max_delete_percent": 100,
            "descope_confirm_destroy": True,
            "descope_rate_limit": 1_000_000,
        }
        return ["--limit", "acme_dev", "-e", json.dumps(options)]

    def begin(side: str) -> tuple[subprocess.Popen[bytes], str]:
        mark = uuid.uuid4().hex
        process = subprocess.Popen(
            [str(BIN / "ansible-playbook"), "playbooks/provision.yml", *arguments(side)],
            cwd=ROOT,
            env={**ansible.environment, "PCC_IDENTITY_TEST_RUN": mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process, mark

    def converge(side: str) -> None:
        run = ansible(*arguments(side))
        assert run.code == 0, run.output

    def planned_and_made(side: str) -> None:
        provision(side, connection, check=True)
        provision(side, connection)

    # A playbook sends what its modules do.
    times = moments(requests_of(emulator, planned_and_made), OF_PLAYBOOKS)
    kill_often(emulator, folder, sides, times[number : number + 1], begin, converge, connection)
