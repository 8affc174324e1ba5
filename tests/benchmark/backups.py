# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups: requests, time and memory of one of a project with many tenants, and of one that finds nothing changed."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from emulator.testing import KEY, PROJECT_ID, EmulatorProcess

from .playbook import ROOT, Verdict, show

#: What the design demands.
MOST_MEGABYTES = 300.0

_BACKUP = """
import json, resource, sys, time
from tests.support.in_process import run_module
start = time.perf_counter()
result = run_module("descope_backup", **json.loads(sys.argv[1]))
seconds = time.perf_counter() - start
assert not result["failed"], result["msg"]
print(json.dumps({
    **{name: result.get(name) for name in ("changed", "planned_requests", "estimated_seconds", "size", "counts")},
    "sent": result["requests"]["reads"], "seconds": seconds,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""

_OPTIONS = {"project_id": PROJECT_ID, "management_key": KEY, "sections": ["tenants", "flows", "theme", "roles"]}


def backups(emulator: EmulatorProcess, count: int, runs: int) -> list[Verdict]:
    """Measure, print the figures, and return those that have a limit."""
    emulator.reset()
    emulator.edit("create_tenants", tenants=[_tenant(number) for number in range(count)])
    print(f"\nbackup of {count} tenants with settings and password settings\n")
    table = [("run", "requests", "sent", "seconds", "peak MB", "kB")]
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options = {**_OPTIONS, "base_url": emulator.base_url, "backup_dir": folder, "when_unchanged": "skip"}
        forecast = _run({**options, "check": True}, folder)
        for what in ("first", "unchanged"):
            measured = [_run({**options, "rate_limit": 1_000_000}, folder) for _run_number in range(runs)]
            if what == "first":
                measured = measured[:1]
            seconds, megabytes = (
                statistics.median(each[name] for each in measured) for name in ("seconds", "megabytes")
            )
            last = measured[-1]
            numbers = (last["planned_requests"], last["sent"])
            table.append((what, *map(str, numbers), f"{seconds:.2f}", f"{megabytes:.0f}", f"{last['size'] / 1000:.0f}"))
            assert forecast["planned_requests"] == last["planned_requests"] == last["sent"]
            verdicts.append((f"MB to back up {count} tenants, {what}", round(megabytes), MOST_MEGABYTES))
    show(table)
    print(f"\nby the default rate limit it takes at least {forecast['estimated_seconds']} s, as check mode tells")
    return verdicts


def _tenant(number: int) -> dict[str, Any]:
    return {
        "id": f"tenant-{number:05}",
        "name": f"Tenant {number}",
        "selfProvisioningDomains": [f"d{number}.example", f"e{number}.example"],
        "settings": {"enabled": True, "sessionTokenExpiration": number, "sessionTokenExpirationUnit": "minutes"},
        "passwordSettings": {"enabled": True, "minLength": 12},
    }


def _run(options: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return the figures of a backup in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _BACKUP, json.dumps(options)],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": os.path.join(folder, "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return dict(json.loads(done.stdout))
