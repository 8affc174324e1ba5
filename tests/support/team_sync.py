# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the team sync share."""

from __future__ import annotations

import re
from typing import Any

from emulator.testing import GRAFANA_TOKEN, OKTA_TOKEN


def environment(emulator: Any) -> dict[str, str]:
    """The variables with which the emulator plays Okta and Grafana."""
    return {
        "OKTA_ORG_URL": emulator.okta_url,
        "OKTA_API_TOKEN": OKTA_TOKEN,
        "GRAFANA_URL": emulator.grafana_url,
        "GRAFANA_TOKEN": GRAFANA_TOKEN,
    }


def people(*names: str) -> list[str]:
    """E-mails."""
    return [f"{name}@acme.example" for name in names]


def fill(emulator: Any, groups: dict[str, list[Any]], teams: dict[str, list[str]], users: tuple[str, ...] = ()) -> None:
    """Groups in Okta, users in Grafana and teams of them, all by the names of people."""
    for group, members in groups.items():
        emails = [name if isinstance(name, dict) else f"{name}@acme.example" for name in members]
        emulator.edit("set_group", service="okta", name=group, emails=emails)
    if users:
        emulator.edit("add_users", service="grafana", users=people(*users))
    for team, members in teams.items():
        emulator.edit("add_team", service="grafana", name=team, members=people(*members))


def teams_of(emulator: Any) -> dict[str, list[str]]:
    """The members of Grafana's teams, without what comes after the @."""
    teams = emulator.state(service="grafana")["teams"]
    return {team["name"]: [email.partition("@")[0] for email in team["members"]] for team in teams}


def samples(text: str, sync: str = "localhost") -> dict[str, float]:
    """Values by the whole left side without the label sync, which all have. Stops at what is no valid format."""
    found: dict[str, float] = {}
    typed: set[str] = set()
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in typed, "a metric must stand together"
            typed.add(name)
            assert re.fullmatch(r"[a-z_]+", name)
        elif line.startswith("# TYPE "):
            assert line.split()[2] in typed
            assert line.endswith(" gauge")
        else:
            sample = re.fullmatch(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)+\})? ([0-9.e+]+)', line)
            assert sample, line
            assert sample[1] in typed
            name, label, rest = line.rpartition(" ")[0].partition(f'{{sync="{sync}"')
            assert label, line
            name += "{" + rest[1:] if rest != "}" else ""
            assert name not in found, "each sample once"
            found[name] = float(sample[3])
    return found
