# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Speed and request counts, printed as a table: ``make bench``.

Options: ``--tenants N`` (1000), ``--runs N`` (3), ``--loop N`` (how many items the loop of single-tenant tasks has; 20,
because a thousand take some twenty minutes a run; ``--loop 1000`` runs them all).

Every figure is of whole processes (ansible-playbook from start to end, as the shell would time it), the median of the
runs. Requests are counted by the emulator. The loop works on the same project with all tenants in it, so each of its
items reads the whole list, as it would in real life. The request budget is turned up so that it does not wait.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from emulator.testing import KEY, PROJECT_ID, EmulatorProcess

ROOT = Path(__file__).resolve().parents[2]

#: What the design demands.
MOST_REQUESTS_UNCHANGED = 2
MOST_SECONDS_TO_PLAN = 10.0
MOST_MEGABYTES_TO_PLAN = 400.0

_PLAN = """
import json, resource, sys, time
from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import make_plan
from ansible_collections.pcc.identity.plugins.module_utils._tenant_rules import problems_alone
count, changed = int(sys.argv[1]), sys.argv[2] == "changed"
def tenant(n, name):
    return {"id": f"tenant-{n:05}", "name": name, "selfProvisioningDomains": [f"d{n}.example", f"e{n}.example"],
            "customAttributes": {"plan": "gold", "seats": n}, "domains": [], "defaultRoles": ["Reader"],
            "disabled": False, "enforceSSO": False, "enforceSSOExclusions": [], "federatedAppIds": [], "parent": "",
            "successors": [], "roleInheritance": "", "authType": "none", "createdTime": 1}
reply = json.dumps([tenant(n, f"Tenant {n}") for n in range(count)])
options = [{"id": f"tenant-{n:05}", "name": f"{'Renamed' if changed else 'Tenant'} {n}", "default_roles": ["Reader"],
            "self_provisioning_domains": [f"E{n}.example", f"d{n}.example"],
            "custom_attributes": {"seats": n, "plan": "gold"}} for n in range(count)]
start = time.perf_counter()
desired = [Desired.from_option(option, n) for n, option in enumerate(options)]
assert not problems_alone(desired)
live = [Observed.from_wire(raw, complete=False) for raw in json.loads(reply)]
plan = make_plan(desired, Found({item.id: item for item in live}))
render(plan.changes, fields.nested, "bench")
seconds = time.perf_counter() - start
assert len(plan.changes) == (count if changed else 0)
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--loop", type=int, default=20)
    options = parser.parse_args()
    count, loop = options.tenants, min(options.loop, options.tenants)
    table: list[tuple[str, ...]] = [("task", "items", "changes", "requests", "writes", "seconds", "seconds/item")]
    figures: dict[tuple[str, bool], tuple[float, float]] = {}
    with EmulatorProcess() as emulator:
        for changes in (False, True):
            for kind, items in (("one descope_tenants task", count), ("loop of descope_tenant", loop)):
                requests, writes, seconds = measure(emulator, kind, count, items, changes, options.runs)
                figures[kind, changes] = (requests / items, seconds / items)
                table.append(
                    (
                        kind,
                        str(items),
                        str(items if changes else 0),
                        str(requests),
                        str(writes),
                        f"{seconds:.2f}",
                        f"{seconds / items:.4f}",
                    )
                )
                if kind.startswith("one") and not changes:
                    unchanged = requests
    print(f"{count} live tenants, medians of {options.runs} runs, whole processes\n")
    show(table)
    for changes in (False, True):
        one, many = figures["one descope_tenants task", changes], figures["loop of descope_tenant", changes]
        print(
            f"\nper tenant, {'all' if changes else 'none'} changed: the loop needs "
            f"{many[1] / one[1]:.0f} times the time and {many[0] / one[0]:.0f} times the requests"
        )
    print("\nplanning 10000 tenants, without start-up and network")
    plans = [("changes", "seconds", "peak MB")]
    verdicts = [("requests of a run that changes nothing", unchanged, MOST_REQUESTS_UNCHANGED)]
    for what in ("unchanged", "changed"):
        measured = [plan(10000, what) for _run in range(options.runs)]
        seconds, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
        plans.append(("0" if what == "unchanged" else "10000", f"{seconds:.2f}", f"{megabytes:.0f}"))
        verdicts += [
            (f"seconds to plan 10000 tenants, {what}", round(seconds, 2), MOST_SECONDS_TO_PLAN),
            (f"MB to plan 10000 tenants, {what}", round(megabytes), MOST_MEGABYTES_TO_PLAN),
        ]
    show(plans)
    print()
    for name, value, most in verdicts:
        print(f"{'holds' if value <= most else 'FAILS'}: {name}: {value}, at most {most:g}")
    return 0 if all(value <= most for _name, value, most in verdicts) else 1


def measure(
    emulator: EmulatorProcess, kind: str, live: int, items: int, changes: bool, runs: int
) -> tuple[int, int, float]:
    """Run a playbook on a fresh project and return the medians of requests, writes and seconds."""
    wanted = [
        {"id": f"tenant-{n:05}", "name": f"{'Renamed' if changes else 'Tenant'} {n}", "disabled": False}
        for n in range(items)
    ]
    connection = {"project_id": PROJECT_ID, "management_key": KEY, "base_url": emulator.base_url, "rate_limit": 1000000}
    if kind.startswith("loop"):
        task: dict[str, Any] = {
            "pcc.identity.descope_tenant": {**connection, "id": "{{ item.id }}", "name": "{{ item.name }}"},
            "loop": wanted,
        }
    else:
        task = {"pcc.identity.descope_tenants": {**connection, "tenants": wanted}}
    results = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        playbook = Path(folder, "play.yml")
        playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
        environment = {
            **os.environ,
            "ANSIBLE_HOME": folder,
            "XDG_STATE_HOME": folder,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        command = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            "ansible_python_interpreter={{ ansible_playbook_python }}",
            str(playbook),
        ]
        for _run in range(runs):
            emulator.reset()
            emulator.edit(
                "create_tenants", tenants=[{"id": f"tenant-{n:05}", "name": f"Tenant {n}"} for n in range(live)]
            )
            start = time.perf_counter()
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - start
            if done.returncode:
                raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
            stats = emulator.stats()
            results.append((stats["requests"], stats["writes_applied"], seconds))
    requests, writes, seconds = (statistics.median(column) for column in zip(*results, strict=True))
    assert writes == (items if changes else 0)
    return int(requests), int(writes), seconds


def plan(count: int, what: str) -> tuple[float, float]:
    """Return the seconds and peak megabytes that planning takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PLAN, str(count), what], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def show(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(
                cell.ljust(width) if n == 0 else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


if __name__ == "__main__":
    raise SystemExit(main())
