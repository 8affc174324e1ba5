# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_backup_info): what there is, without a service."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.in_process import run_module

from .conftest import Run

FIELDS = [
    *("age_days", "complete", "counts", "created_at", "environment", "file", "intact", "last_confirmed"),
    *("origin", "problem", "project", "project_name", "reason", "schema_version", "size"),
]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESCOPE_PROJECT_ID", raising=False)
    monkeypatch.delenv("DESCOPE_MANAGEMENT_KEY", raising=False)


def made(folder: Path, days: float, project: str = PROJECT_ID) -> Path:
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    content = backup.document({"flows": {}}, reason="old", project={"id": project}, origin={}, now=now)
    return backup.write(folder, content, "flows")


def info(**options: Any) -> dict[str, Any]:
    result = run_module("descope_backup_info", **options)
    assert not result["failed"], result["msg"]
    assert not result["changed"]
    return result


def listed(**options: Any) -> list[str]:
    return [row["file"] for row in info(**options)["backups"]]


def test_none(state_home: Path) -> None:
    result = info(project_id=PROJECT_ID)
    assert result["backups"] == []
    assert result["backup_dir"] == str(state_home / "pcc-identity" / "backups" / PROJECT_ID)
    assert result["msg"] == f"0 backups in {result['backup_dir']}"
    assert not (state_home / "pcc-identity").exists()


def test_those_that_the_modules_make(emulator: ThreadedEmulator, run: Run) -> None:
    deployed = run("descope_flow", id="sign-in", name="Come in")["backup_file"]
    whole = run("descope_backup", reason="nightly", project_name="Ours", environment="dev")
    emulator.reset("log")
    result = run("descope_backup_info")
    assert emulator.requests() == []
    newest, older = result["backups"]
    assert sorted(newest) == FIELDS
    assert newest["file"] == whole["backup_file"]
    assert (newest["counts"], newest["size"]) == (whole["counts"], whole["size"])
    assert (newest["reason"], newest["project"], newest["project_name"]) == ("nightly", PROJECT_ID, "Ours")
    assert (newest["environment"], newest["intact"], newest["problem"]) == ("dev", True, None)
    assert newest["complete"] == sorted(whole["counts"])
    assert newest["origin"]["tool_version"]
    assert 0 <= newest["age_days"] < 0.1
    assert older["file"] == deployed
    assert older["reason"].startswith("before flows change: ")
    assert older["complete"] == []
    assert result["msg"] == f"2 backups in {result['backup_dir']}"


def test_damaged_ones(tmp_path: Path) -> None:
    good, bad, older = made(tmp_path, 2), made(tmp_path, 1), made(tmp_path, 3)
    bad.write_bytes(bad.read_bytes()[:-9])
    result = info(backup_dir=str(tmp_path))
    assert [(row["file"], row["intact"]) for row in result["backups"]] == [
        (str(bad), False),
        (str(good), True),
        (str(older), True),
    ]
    assert "is not JSON" in result["backups"][0]["problem"]
    assert result["msg"] == f"3 backups in {tmp_path}, 1 of them damaged"
    assert listed(backup_dir=str(tmp_path), intact_only=True) == [str(good), str(older)]
    assert listed(backup_dir=str(tmp_path), latest=True) == [str(bad)]
    assert listed(backup_dir=str(tmp_path), latest=True, intact_only=True) == [str(good)]
    assert run_module("descope_backup_info", check=True, backup_dir=str(tmp_path))["backups"] == result["backups"]


def test_several_projects_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, other = made(tmp_path, 1), made(tmp_path, 2, "P2another")
    assert listed(backup_dir=str(tmp_path)) == [str(ours), str(other)]
    assert listed(backup_dir=str(tmp_path), project_id="P2another") == [str(other)]
    monkeypatch.setenv("DESCOPE_PROJECT_ID", PROJECT_ID)
    assert listed(backup_dir=str(tmp_path)) == [str(ours)]


def test_the_project_from_the_environment(state_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(state_home / "pcc-identity" / "backups" / PROJECT_ID, 1)
    monkeypatch.setenv("DESCOPE_PROJECT_ID", PROJECT_ID)
    assert listed() == [str(path)]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({}, "invalid_option", "project_id is missing"),
        ({"project_id": "../../x"}, "invalid_option", "project_id: '../../x' is malformed"),
        ({"backup_dir": "/etc/passwd"}, "unreadable", "The folder /etc/passwd cannot be read"),
        ({"last": True, "project_id": "P2x"}, "invalid_option", "did you mean 'latest'"),
    ],
)
def test_bad_input(options: dict[str, Any], code: str, message: str) -> None:
    result = run_module("descope_backup_info", **options)
    assert result["failed"]
    assert result["error_code"] == code
    assert message in result["msg"]


def test_the_key_may_be_given(tmp_path: Path) -> None:
    result = info(backup_dir=str(tmp_path), management_key="K2canaryNeverShown", concurrency=3)
    assert "K2canary" not in json.dumps(result)
