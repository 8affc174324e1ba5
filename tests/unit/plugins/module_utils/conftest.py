# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _budget
from emulator.testing import ThreadedEmulator, running
from tests.unit.plugins.module_utils.support import ATTRIBUTES, FakeClock

# No deadline: another test may have the processor. No database: nothing is left in the checkout.
hypothesis.settings.register_profile("unit", deadline=None, max_examples=75, database=None)
hypothesis.settings.load_profile("unit")


@pytest.fixture(scope="session")
def _emulator() -> Iterator[ThreadedEmulator]:
    with running(attributes=ATTRIBUTES, roles=["Reader", "Writer"]) as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: ThreadedEmulator) -> ThreadedEmulator:
    """An emulator as fresh as just started."""
    _emulator.reset()
    return _emulator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The time that the budget sees; waiting for it costs none."""
    fake = FakeClock()
    monkeypatch.setattr(_budget, "time", fake)
    return fake


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Whatever is set outside must not reach the tests, nor the tests what is kept at home."""
    for name in (
        "DESCOPE_PROJECT_ID",
        "DESCOPE_MANAGEMENT_KEY",
        "DESCOPE_BASE_URL",
        "DESCOPE_BASE_URI",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
