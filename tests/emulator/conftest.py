# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# The tests import the emulator from the checkout and the helpers beside them, whatever pytest's import mode is.
for _folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parent):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from emulator_api import ATTRIBUTES, OTHER_KEY, OTHER_PROJECT, SECOND_PROJECT, Api  # noqa: E402
from team_clients import GrafanaRaw, OktaApi, library  # noqa: E402

from emulator.testing import GRAFANA_PASSWORD, GRAFANA_USER, KEY, PROJECT_ID, ThreadedEmulator, running  # noqa: E402


@pytest.fixture(scope="session")
def _emulator() -> Iterator[ThreadedEmulator]:
    projects = [(PROJECT_ID, KEY, "first"), (SECOND_PROJECT, KEY, "second"), (OTHER_PROJECT, OTHER_KEY)]
    with running(projects=projects, attributes=ATTRIBUTES, roles=["Support"]) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: ThreadedEmulator) -> ThreadedEmulator:
    """An emulator as fresh as just started."""
    _emulator.faults()
    _emulator.reset()
    return _emulator


@pytest.fixture
def connect(emulator: ThreadedEmulator) -> Iterator[Callable[..., Api]]:
    """Makes clients of the emulator, with any bearer."""
    made: list[Api] = []

    def make(bearer: str = f"{PROJECT_ID}:{KEY}", url: str = "", **options: Any) -> Api:
        made.append(Api(url or emulator.base_url, bearer, **options))
        return made[-1]

    yield make
    for api in made:
        api.http.close()


@pytest.fixture
def api(connect: Callable[..., Api]) -> Api:
    return connect()


@pytest.fixture
def okta(emulator: ThreadedEmulator) -> OktaApi:
    """Okta with its API token."""
    return OktaApi(emulator.okta_url)


@pytest.fixture
def grafana(emulator: ThreadedEmulator) -> Iterator[GrafanaRaw]:
    """Grafana with its token, answers as they come."""
    client = GrafanaRaw(emulator.grafana_url)
    with client.http:
        yield client


@pytest.fixture
def admin(emulator: ThreadedEmulator) -> Any:
    """Grafana as its server admin, through the client that others wrote."""
    return library(emulator.grafana_url, (GRAFANA_USER, GRAFANA_PASSWORD))


@pytest.fixture
def by_token(emulator: ThreadedEmulator) -> Any:
    """Grafana with its token, through the client that others wrote."""
    return library(emulator.grafana_url)
