# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that are killed: whenever it strikes, what is left is told from what is whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from tests.support.in_process import run_module

from .conftest import KEY, PROJECTS, ROOT

ACME = PROJECTS["acme_dev"]
KILLS = 50
SEED = 20260304

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

    def begin() -> subprocess.Popen:
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


def until_written(process: subprocess.Popen, folder: Path, before: set[str]) -> None:
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
