# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenants: one task for all of them against a loop of single ones, and how long planning takes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from emulator.testing import EmulatorProcess

from .playbook import HEADER, ROOT, Figures, Verdict, measure, show

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


def tenants(emulator: EmulatorProcess, count: int, loop: int, runs: int) -> list[Verdict]:
    """Measure, print the figures, and return those that have a limit."""
    table = [HEADER]
    figures: dict[tuple[str, bool], Figures] = {}
    for changes in (False, True):
        for kind, items in (("one descope_tenants task", count), ("loop of descope_tenant", loop)):
            found = _measure(emulator, kind, count, items, changes, runs)
            figures[kind, changes] = found
            table.append(found.row(kind, items, items if changes else 0))
    print(f"{count} live tenants\n")
    show(table)
    print()
    for changes in (False, True):
        one, many = figures["one descope_tenants task", changes], figures["loop of descope_tenant", changes]
        print(f"per tenant, {'all' if changes else 'none'} changed: the loop needs {many.against(one, loop, count)}")
    print("\nplanning 10000 tenants, without start-up and network")
    unchanged = figures["one descope_tenants task", False].requests
    plans = [("changes", "seconds", "peak MB")]
    verdicts: list[Verdict] = [("requests of a run that changes no tenant", unchanged, MOST_REQUESTS_UNCHANGED)]
    for what in ("unchanged", "changed"):
        measured = [_plan(10000, what) for _run in range(runs)]
        seconds, megabytes = (statistics.median(column) for column in zip(*measured, strict=True))
        plans.append(("0" if what == "unchanged" else "10000", f"{seconds:.2f}", f"{megabytes:.0f}"))
        verdicts += [
            (f"seconds to plan 10000 tenants, {what}", round(seconds, 2), MOST_SECONDS_TO_PLAN),
            (f"MB to plan 10000 tenants, {what}", round(megabytes), MOST_MEGABYTES_TO_PLAN),
        ]
    show(plans)
    return verdicts


def _measure(emulator: EmulatorProcess, kind: str, live: int, items: int, changes: bool, runs: int) -> Figures:
    wanted = [
        {"id": f"tenant-{n:05}", "name": f"{'Renamed' if changes else 'Tenant'} {n}", "disabled": False}
        for n in range(items)
    ]
    there = [{"id": f"tenant-{n:05}", "name": f"Tenant {n}"} for n in range(live)]

    def prepare() -> None:
        emulator.edit("create_tenants", tenants=there)

    if kind.startswith("loop"):
        options = {"id": "{{ item.id }}", "name": "{{ item.name }}"}
        found = measure(emulator, "descope_tenant", options, prepare, runs, loop=wanted)
    else:
        found = measure(emulator, "descope_tenants", {"tenants": wanted}, prepare, runs)
    assert found.writes == (items if changes else 0)
    return found


def _plan(count: int, what: str) -> tuple[float, float]:
    """Return the seconds and peak megabytes that planning takes in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PLAN, str(count), what], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes
