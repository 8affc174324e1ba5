# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs playbooks against the emulator and measures them; shows tables and limits."""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from emulator.testing import KEY, PROJECT_ID, EmulatorProcess

ROOT = Path(__file__).resolve().parents[2]

#: What is measured, the figure, and the most that the design allows.
Verdict = tuple[str, float, float]


@dataclasses.dataclass
class Figures:
    """Medians of some runs.

    Attributes:
        requests: all that the emulator got.
        handshakes: those of them that every session starts with, whatever it is for.
        writes: those of them that changed something.
        seconds: from start to end, as the shell would time it.
    """

    requests: int
    handshakes: int
    writes: int
    seconds: float

    def row(self, kind: str, items: int, changes: int) -> tuple[str, ...]:
        """Return the line of a table, see L(HEADER)."""
        counts = (items, changes, self.requests, self.writes)
        return (kind, *map(str, counts), f"{self.seconds:.2f}", f"{self.seconds / items:.4f}")

    def against(self, other: Figures, items: int, others: int) -> str:
        """Return how many times the time and the requests of another way this one takes for each of its items."""
        times = (self.seconds / items) / (other.seconds / others)
        requests = (self.requests / items) / (other.requests / others)
        return f"{_factor(times)} times the time and {_factor(requests)} times the requests"


HEADER = ("task", "items", "changes", "requests", "writes", "seconds", "seconds/item")


def measure(
    emulator: EmulatorProcess, module: str, options: dict[str, Any], prepare: Callable[[], None], runs: int, **task: Any
) -> Figures:
    """Run a playbook of one task, each time on a fresh project.

    Args:
        emulator: gets the requests.
        module: without the collection's name.
        options: of the module, without the connection.
        prepare: puts something into the fresh project.
        runs: how often.
        task: other keywords of the task.
    """
    connection = {"project_id": PROJECT_ID, "management_key": KEY, "base_url": emulator.base_url, "rate_limit": 1000000}
    tasks = [{f"pcc.identity.{module}": {**connection, **options}, **task}]
    results = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        playbook = Path(folder, "play.yml")
        playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        environment = {
            **os.environ,
            "ANSIBLE_HOME": folder,
            "XDG_STATE_HOME": folder,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
        command += ["-e", "ansible_python_interpreter={{ ansible_playbook_python }}", str(playbook)]
        for _run in range(runs):
            emulator.reset()
            prepare()
            start = time.perf_counter()
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - start
            if done.returncode:
                raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
            stats = emulator.stats()
            handshakes = sum(entry["path"].endswith("/license") for entry in emulator.requests())
            results.append((stats["requests"], handshakes, stats["writes_applied"], seconds))
    *counts, seconds = (statistics.median(column) for column in zip(*results, strict=True))
    return Figures(*map(int, counts), seconds)


def show(rows: list[tuple[str, ...]]) -> None:
    """Print a table."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))


def judge(verdicts: list[Verdict]) -> bool:
    """Print which limits hold, and return whether all do."""
    for name, value, most in verdicts:
        print(f"{'holds' if value <= most else 'FAILS'}: {name}: {value:g}, at most {most:g}")
    return all(value <= most for _name, value, most in verdicts)


def _factor(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
