# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the modules for Grafana have in common: how they run, and what the emulator holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._http import Session
from emulator.testing import ThreadedEmulator
from tests.support.in_process import run_module

Json = dict[str, Any]

#: Keys of a row, the same in every mode and whatever became of the team.
ROW = {
    "name",
    "uid",
    "id",
    "status",
    "added",
    "removed",
    "kept",
    "missing",
    "protected",
    "spared",
    "external",
    "disabled",
    "ambiguous",
    "failed_users",
    "remaining_drift",
    "removals_disabled",
    "warnings",
    "error",
    "error_code",
    "hint",
    "stats",
}


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_grafana() -> Iterator[None]:
    """Waiting between tries is not what these tests are about."""
    with mock.patch.dict(Session.__init__.__kwdefaults__, sleep=lambda _seconds: None):
        yield


class Grafana:
    """The emulator's Grafana, and the modules run against it."""

    def __init__(self, emulator: ThreadedEmulator) -> None:
        self.emulator = emulator

    def team(self, name: str, *members: str, **more: Any) -> Json:
        """Make a team; unknown members become users of the organisation."""
        return self.emulator.edit("add_team", service="grafana", name=name, members=list(members), **more)

    def users(self, *users: Any, **more: Any) -> None:
        """Make users of the organisation."""
        self.emulator.edit("add_users", service="grafana", users=list(users), **more)

    def edit(self, op: str, **values: Any) -> Json:
        return self.emulator.edit(op, service="grafana", **values)

    def state(self) -> Json:
        return self.emulator.state(service="grafana")

    def members(self, name: str) -> list[str] | None:
        """Everybody in a team, None if it does not exist."""
        for team in self.state()["teams"]:
            if team["name"] == name:
                return sorted([*team["members"], *team["admins"], *team["external"]])
        return None

    def log(self) -> list[Json]:
        return [entry for entry in self.emulator.requests() if entry["service"] == "grafana"]

    def forget(self) -> None:
        """Begin a new log of requests."""
        self.emulator.reset("log")

    def connection(self, *, basic: bool = False) -> Json:
        emulator = self.emulator
        credentials = (
            {"url_username": emulator.grafana_user, "url_password": emulator.grafana_password}
            if basic
            else {"grafana_token": emulator.grafana_token}
        )
        return {"grafana_url": emulator.grafana_url, "timeout": 5, **credentials}

    def run(self, module: str, /, *, basic: bool = False, check: bool = False, **options: Any) -> Json:
        given = {**self.connection(basic=basic), **options}
        return run_module(module, check=check, **{name: value for name, value in given.items() if value is not None})

    def sync(self, teams: dict[str, list[str]] | list[Json] | None = None, **options: Any) -> Json:
        """Run grafana_team_members; C(teams) may be members by the name of the team."""
        if isinstance(teams, dict):
            teams = [{"name": name, "members": members} for name, members in teams.items()]
        given = {} if teams is None else {"teams": teams}
        result = self.run("grafana_team_members", **given, **options)
        for row in result.get("teams", ()):
            assert set(row) == ROW
        return result

    def row(self, teams: Any = None, **options: Any) -> Json:
        """The row of the only team of a sync, with the result of the run under C(result)."""
        result = self.sync(teams, **options)
        (row,) = result["teams"]
        return {**row, "result": result}


@pytest.fixture
def grafana(emulator: ThreadedEmulator) -> Grafana:
    return Grafana(emulator)


def shown(result: Json) -> list[tuple[str, str, str]]:
    """The diffs of a result: header, before, after."""
    for diff in result["diff"]:
        assert diff["before_header"] == diff["after_header"]
    return [(diff["after_header"], diff["before"], diff["after"]) for diff in result["diff"]]
