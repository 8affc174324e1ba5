# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts that decide whether a stage passes: each gate has to fail when it should."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import shutil
import subprocess
import types

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def script(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestCoverageGate:
    gate = script("coverage_gate")

    @pytest.fixture
    def root(self, tmp_path: pathlib.Path) -> pathlib.Path:
        for path in self.gate.FULL:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("x = 1\n")
        return tmp_path

    def report(self, covered: int = 90, statements: int = 100) -> dict:
        files = {path: {"missing_lines": []} for path in self.gate.FULL}
        return {"totals": {"covered_lines": covered, "num_statements": statements}, "files": files}

    def test_passes(self, root: pathlib.Path) -> None:
        assert self.gate.check(self.report(), root) == []

    def test_total_is_not_rounded_up(self, root: pathlib.Path) -> None:
        assert len(self.gate.check(self.report(89_999, 100_000), root)) == 1

    def test_nothing_measured(self, root: pathlib.Path) -> None:
        assert len(self.gate.check(self.report(0, 0), root)) == 1

    @pytest.mark.parametrize("path", gate.FULL)
    def test_one_line_missing(self, root: pathlib.Path, path: str) -> None:
        report = self.report(99)
        report["files"][path]["missing_lines"] = [7]
        assert self.gate.check(report, root) == [f"{path}: every line must be covered; missing: 7"]

    @pytest.mark.parametrize("path", gate.FULL)
    def test_file_not_measured(self, root: pathlib.Path, path: str) -> None:
        report = self.report(99)
        del report["files"][path]
        assert len(self.gate.check(report, root)) == 1

    def test_no_pragma_in_the_files_that_must_be_complete(self, root: pathlib.Path) -> None:
        (root / self.gate.FULL[0]).write_text("x = 1  # pragma: no cover\n")
        assert len(self.gate.check(self.report(), root)) == 1

    def test_the_files_exist(self) -> None:
        assert [path for path in self.gate.FULL if not (ROOT / path).is_file()] == []


class TestTarballCheck:
    tarball = script("tarball_check")

    def test_passes(self) -> None:
        assert self.tarball.check([*self.tarball.WANTED, ".gitignore", "plugins/modules/descope_tenant.py"]) == []

    @pytest.mark.parametrize("name", tarball.WANTED)
    def test_missing(self, name: str) -> None:
        names = [other for other in self.tarball.WANTED if other != name]
        assert self.tarball.check(names) == [f"{name} is missing"]

    @pytest.mark.parametrize(
        "name",
        [
            ".venv",
            ".venv/bin/python",
            ".venv-core-2.18/stamp",
            ".git/config",
            ".ansible/.lock",
            "plugins/modules/__pycache__",
            "plugins/modules/__pycache__/descope_tenant.cpython-311.pyc",
            "tests/unit/.pytest_cache/README.md",
            ".hypothesis/x",
            ".coverage",
            ".coverage.host.1",
            "tests/output",
            "tests/output/junit/x.xml",
            "collections/ansible_collections/pcc",
            "changelogs/.plugin-cache.yaml",
            "pcc-identity-0.1.0.tar.gz",
        ],
    )
    def test_does_not_belong_there(self, name: str) -> None:
        assert self.tarball.check([*self.tarball.WANTED, name]) == [f"{name} does not belong there"]


class TestRunner:
    """scripts/test with made-up stages, in a copy of the scripts."""

    @pytest.fixture
    def copy(self, tmp_path: pathlib.Path) -> pathlib.Path:
        directory = tmp_path / "a checkout"
        directory.mkdir()
        shutil.copytree(ROOT / "scripts", directory / "scripts")
        shutil.copy(ROOT / "Makefile", directory)
        self.stage(directory, "good", "echo fine")
        self.stage(directory, "bad", "echo this went wrong; false; echo never")
        self.stage(directory, "absent", "echo nothing to test; exit 77")
        return directory

    @staticmethod
    def stage(directory: pathlib.Path, name: str, body: str) -> None:
        file = directory / "scripts" / "stages" / name
        file.write_text(f'#!/usr/bin/env bash\nset -e\n. "$(dirname "$0")/../lib.sh"\n{body}\n')
        file.chmod(0o755)

    @staticmethod
    def run(directory: pathlib.Path, *arguments: str, **environment: str) -> tuple[int, list[str]]:
        command = ["bash", "scripts/test", *arguments]
        result = subprocess.run(
            command,
            cwd=directory,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        return result.returncode, result.stdout.splitlines()

    def test_success_is_one_line_and_the_summary(self, copy: pathlib.Path) -> None:
        status, lines = self.run(copy, "good", "good")
        assert status == 0
        assert [re.sub(r" +[0-9]+s$", " Ns", line) for line in lines] == [
            "ok   good Ns",
            "ok   good Ns",
            "test: 2 passed, 0 failed",
        ]

    def test_failure_ends_the_run_and_shows_the_log(self, copy: pathlib.Path) -> None:
        status, lines = self.run(copy, "bad", "good")
        assert status == 1
        assert "this went wrong" in lines
        assert "never" not in lines
        assert lines[-2:] == ["failed: bad", "test: 0 passed, 1 failed"]

    def test_keep_going(self, copy: pathlib.Path) -> None:
        status, lines = self.run(copy, "bad", "good", KEEP_GOING="1")
        assert status == 1
        assert lines[-2:] == ["failed: bad", "test: 1 passed, 1 failed"]

    def test_skipped_stage_says_why(self, copy: pathlib.Path) -> None:
        status, lines = self.run(copy, "absent", "good")
        assert status == 0
        assert lines[0].split(maxsplit=2) == ["skip", "absent", "nothing to test"]
        assert lines[-2:] == ["1 skipped", "test: 1 passed, 0 failed"]

    def test_unknown_stage(self, copy: pathlib.Path) -> None:
        status, lines = self.run(copy, "god")
        assert status == 1
        assert lines[0].startswith("No stage named god")

    def test_litter_in_the_checkout_is_found(self, copy: pathlib.Path) -> None:
        self.stage(copy, "litter", "touch left-behind")
        status, lines = self.run(copy, "litter", "clean-tree")
        assert status == 1
        assert "> left-behind" in lines

    def test_process_left_behind_is_found_and_then_ended(self, copy: pathlib.Path) -> None:
        self.stage(copy, "daemon", "setsid sleep 987 & echo $! > ../pid")
        status, lines = self.run(copy, "daemon", "clean-tree")
        assert status == 1
        assert [line for line in lines if line.rstrip().endswith("sleep 987")]
        # Gone, or dead and waiting for its parent.
        commandline = pathlib.Path("/proc", (copy.parent / "pid").read_text().strip(), "cmdline")
        assert not (commandline.exists() and commandline.read_bytes())

    def test_stage_that_hangs_is_stopped(self, copy: pathlib.Path) -> None:
        self.stage(copy, "slow", "sleep 988")
        status, lines = self.run(copy, "slow", STAGE_TIMEOUT="1s")
        assert status == 1
        assert "stopped after 1s" in lines

    def test_stages_see_no_settings_from_outside(self, copy: pathlib.Path) -> None:
        self.stage(copy, "settings", 'echo "${ANSIBLE_CONFIG-}${DESCOPE_MANAGEMENT_KEY-}${SSL_CERT_FILE-}."; exit 1')
        outside = {"ANSIBLE_CONFIG": "/x", "DESCOPE_MANAGEMENT_KEY": "secret", "SSL_CERT_FILE": "/y"}
        _status, lines = self.run(copy, "settings", **outside)
        assert "." in lines
