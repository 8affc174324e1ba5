# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows: what a large one costs, and one task for many of them against a loop of single ones."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.pcc.identity.plugins.module_utils._flow_diff import difference
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import Desired, Found, make_plan
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import Known
from emulator.testing import PROJECT_ID, EmulatorProcess
from tests.support.big_flow import big_flow, edited, size

from .playbook import HEADER, Figures, Verdict, measure, show

#: What the design demands, requests besides the handshake that each session starts with.
MOST_REQUESTS_CHANGED = 4
MOST_REQUESTS_UNCHANGED = 2
MOST_SECONDS = 0.5

Json = dict[str, Any]


def flows(emulator: EmulatorProcess, count: int, runs: int) -> list[Verdict]:
    """Measure, print the figures, and return those that have a limit."""
    flow = big_flow()
    steps, screens = len(flow["contents"]["tasks"]), len(flow["screens"])
    print(f"\nflows of {steps} steps, {screens} screens, {size(flow) / 1000:.0f} kB\n")
    table = [HEADER]
    verdicts: list[Verdict] = []
    for what, live, most in (
        ("first", [], MOST_REQUESTS_CHANGED),
        ("changed", [flow], MOST_REQUESTS_CHANGED),
        ("unchanged", [edited(flow)], MOST_REQUESTS_UNCHANGED),
    ):
        found = _measure(emulator, live, [edited(flow)], False, runs)
        changes = int(what != "unchanged")
        assert found.writes == changes
        table.append(found.row(f"descope_flow, {what}", 1, changes))
        verdicts.append((f"requests for a flow, {what}", found.requests - found.handshakes, most))
    before = [big_flow(f"flow-{number:02}") for number in range(count)]
    after = [edited(each) for each in before]
    ratios = []
    for changes, live in ((0, after), (count, before)):
        one, many = (_measure(emulator, live, after, loop, runs) for loop in (False, True))
        assert one.writes == many.writes == changes
        table += [
            one.row("one descope_flows task", count, changes),
            many.row("loop of descope_flow", count, changes),
        ]
        ratios.append(f"{'all' if changes else 'none'} changed: the loop needs {many.against(one, count, count)}")
    show(table)
    print("\n" + "\n".join(f"per flow, {ratio}" for ratio in ratios))
    return verdicts + _in_process(flow, runs)


def _measure(emulator: EmulatorProcess, live: list[Json], wanted: list[Json], loop: bool, runs: int) -> Figures:
    def prepare() -> None:
        for flow in live:
            emulator.edit("import_flow", flow=flow)

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = [Path(folder, f"{flow['flowId']}.json") for flow in wanted]
        for file, flow in zip(files, wanted, strict=True):
            file.write_text(json.dumps(flow))
        paths = [str(file) for file in files]
        if loop:
            return measure(emulator, "descope_flow", {"src": "{{ item }}"}, prepare, runs, loop=paths)
        if len(paths) == 1:
            return measure(emulator, "descope_flow", {"src": paths[0]}, prepare, runs)
        return measure(emulator, "descope_flows", {"flows": [{"src": path} for path in paths]}, prepare, runs)


def _in_process(flow: Json, runs: int) -> list[Verdict]:
    """Return the seconds of what happens between the requests, without start-up and network."""
    after = edited(flow)
    found = Found(PROJECT_ID, {flow["flowId"]: {}}, {flow["flowId"]: flow}, Known())

    def plan() -> None:
        assert len(make_plan([Desired(flow["flowId"], definition=after)], found).changes) == 1

    return [
        ("seconds to compare two versions of a flow", _seconds(lambda: difference(flow, after), runs), MOST_SECONDS),
        ("seconds to plan its deployment", _seconds(plan, runs), MOST_SECONDS),
    ]


def _seconds(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _run in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken), 3)
