# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._client import Session
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator, running
from tests.support.in_process import run_module

ATTRIBUTES = {"plan": "string", "seats": "number", "trial": "boolean", "regions": "array"}

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    """One emulator per test file; every test starts from its beginning."""
    with running(attributes=ATTRIBUTES, roles=["Reader", "Writer"]) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def fresh(emulator: ThreadedEmulator) -> None:
    emulator.reset()


@pytest.fixture(autouse=True, scope="module")
def no_waiting() -> Iterator[None]:
    """Waiting between tries, and making a TLS context each time, is not what these tests are about."""
    with (
        mock.patch.dict(Session.__init__.__kwdefaults__, sleep=lambda _seconds: None),
        mock.patch("ssl.create_default_context", functools.lru_cache(ssl.create_default_context)),
    ):
        yield


@pytest.fixture(autouse=True)
def state_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where backups go, if a test does not say otherwise."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def run(emulator: ThreadedEmulator) -> Run:
    """Run a module against the emulator."""
    connection = {
        "project_id": PROJECT_ID,
        "management_key": KEY,
        "base_url": emulator.base_url,
        "timeout": 5,
        "rate_limit": 100000,
        "rate_limit_backend": "memory",
    }

    def run_with_connection(name: str, /, **options: Any) -> dict[str, Any]:
        return run_module(name, **{**connection, **options})

    return run_with_connection
