# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Team sync: requests and time of a run over many teams, with nothing to change and with two members each to change."""

from __future__ import annotations

import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from emulator.testing import EmulatorProcess

from .playbook import ROOT, Verdict, show

MEMBERS = 200
#: What the design demands: a search and a list of members for each team, and for each group; users of the organisation
#: come by the thousand.
PER_TEAM = 2
USERS_PER_REQUEST = 1000


def teams(emulator: EmulatorProcess, count: int, runs: int) -> list[Verdict]:
    """Measure, print the figures, and return those that have a limit."""
    print(f"\nteam sync of {count} teams of {MEMBERS} members, whole playbook\n")
    table = [("run", "to Okta", "to Grafana", "writes", "seconds", "seconds/team")]
    verdicts: list[Verdict] = []
    for what, changes in (("nothing to change", 0), ("2 changes in each team", 1)):
        figures = []
        for _run in range(runs):
            _prepare(emulator, count, changes)
            seconds = _sync(emulator, count)
            log = emulator.requests()
            sent = collections.Counter(entry["service"] for entry in log)
            figures.append((sent["okta"], sent["grafana"], sum(entry["kind"] == "write" for entry in log), seconds))
        okta, grafana, writes, seconds = (statistics.median(column) for column in zip(*figures, strict=True))
        table.append(
            (what, *(f"{number:.0f}" for number in (okta, grafana, writes)), f"{seconds:.2f}", f"{seconds / count:.4f}")
        )
        if not changes:
            users = len(emulator.state(service="grafana")["users"])
            most = PER_TEAM * count + -(-users // USERS_PER_REQUEST)
            verdicts.append(
                (f"requests to Grafana for {count} teams and {users} users, nothing to change", grafana, most)
            )
            verdicts.append((f"requests to Okta for {count} groups of {MEMBERS} members", okta, PER_TEAM * count))
            verdicts.append(("writes with nothing to change", writes, 0))
    show(table)
    return verdicts


def _prepare(emulator: EmulatorProcess, count: int, changes: int) -> None:
    """Make the groups and teams, which differ by some members that came and as many that left."""
    emulator.reset()
    for number in range(count):
        emails = [f"user{number}-{member}@example.com" for member in range(MEMBERS + changes)]
        emulator.edit("add_users", service="grafana", users=emails)
        emulator.edit("set_group", service="okta", name=f"Group {number}", emails=emails[changes:])
        emulator.edit("add_team", service="grafana", name=f"Team {number}", members=emails[:MEMBERS])
    emulator.reset("log")


def _sync(emulator: EmulatorProcess, count: int) -> float:
    """Run the playbook and return the seconds that it took."""
    mappings = [{"okta_groups": [f"Group {number}"], "grafana_team": f"Team {number}"} for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = {
            **os.environ,
            "ANSIBLE_HOME": folder,
            "XDG_STATE_HOME": folder,
            "TEAM_SYNC_MAPPINGS": json.dumps(mappings),
            "OKTA_ORG_URL": emulator.okta_url,
            "OKTA_API_TOKEN": emulator.okta_token,
            "GRAFANA_URL": emulator.grafana_url,
            "GRAFANA_TOKEN": emulator.grafana_token,
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/team_sync.yml"]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return seconds
