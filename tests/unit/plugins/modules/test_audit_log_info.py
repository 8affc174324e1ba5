# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._audit_log import AuditLog, Mark, default_path
from tests.support.in_process import run_module


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def marks(path: Path) -> list[Mark]:
    """A log of three lines in two files."""
    log = AuditLog(path)
    first = [log.append({"event": "x"}) for _number in range(2)]
    return [*first, AuditLog(path, rotate_size=1).append({"event": "x"})]


def run(path: Path | None, **options: Any) -> dict[str, Any]:
    return run_module("audit_log_info", **({"path": str(path)} if path else {}), **options)


def test_all_is_well(path: Path, marks: list[Mark]) -> None:
    result = run(path, expected=[mark._asdict() for mark in marks])
    assert not result["failed"]
    assert not result["changed"]
    assert result["intact"]
    assert result["breaks"] == result["notes"] == []
    assert result["files"] == ["audit.jsonl.1", "audit.jsonl"]
    assert (result["lines"], result["last"]) == (3, marks[2]._asdict())
    assert f"3 lines in 2 files; line 3 is the last one, its hash is {marks[2].hash}" in result["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_a_broken_chain(path: Path, marks: list[Mark], check: bool) -> None:
    rotated = path.with_name("audit.jsonl.1")
    lines = rotated.read_bytes().splitlines(keepends=True)
    rotated.write_bytes(lines[0] + lines[1].replace(b'"x"', b'"y"'))
    result = run(path, check=check)
    assert not result["failed"]
    assert not result["intact"]
    (item,) = result["breaks"]
    assert (item["file"], item["line"]) == ("audit.jsonl.1", 2)
    assert "audit.jsonl.1, line 2: was changed" in result["msg"]


def test_a_log_written_anew(path: Path, marks: list[Mark]) -> None:
    for file in path.parent.iterdir():
        file.unlink()
    for _number in range(3):
        AuditLog(path).append({"event": "y"})
    assert run(path)["intact"]
    result = run(path, expected=[marks[1]._asdict()])
    assert not result["intact"]
    assert [(item["file"], item["line"]) for item in result["breaks"]] == [("audit.jsonl", 2)]


def test_many_breaks(path: Path) -> None:
    path.write_bytes(b"{}\n" * 25)
    result = run(path)
    assert len(result["breaks"]) == 26  # and there is no head file
    assert result["msg"].endswith("- and 6 more")


def test_the_default_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    AuditLog(default_path()).append({})
    assert run(None)["path"] == str(tmp_path / "pcc-identity" / "audit" / "audit.jsonl")


def test_no_log(path: Path) -> None:
    result = run(path)
    assert result["failed"]
    assert result["error_code"] == "no_audit_log"
    assert str(path) in result["msg"]


def test_a_bad_mark(path: Path, marks: list[Mark]) -> None:
    result = run(path, expected=[{"seq": 1, "hash": "abc"}])
    assert result["failed"]
    assert result["error_code"] == "invalid_option"
    assert "64 hexadecimal digits" in result["msg"]


def test_a_missing_library(path: Path, marks: list[Mark]) -> None:
    with mock.patch.dict(sys.modules, {"filelock": None}):
        result = run(path)
    assert result["failed"]
    assert result["error_code"] == "missing_library"
    assert "filelock" in result["msg"]
    # A copy that may only be read needs no lock.
    path.with_name("audit.jsonl.lock").unlink()
    with mock.patch.dict(sys.modules, {"filelock": None}):
        assert run(path)["intact"]
