# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that sweeps let strike each request in turn, and what such sweeps have in common."""

from __future__ import annotations

import abc
from typing import Any

from emulator.testing import ThreadedEmulator

#: Kind of fault, and whether a run must be able to get over it by itself.
FAULTS: dict[str, dict[str, Any]] = {
    "status-500": {"kind": "status", "status": 500},
    "status-500-after": {"kind": "status", "status": 500, "when": "after"},
    "status-503": {"kind": "status", "status": 503},
    "status-520-after": {"kind": "status", "status": 520, "when": "after"},
    "status-429": {"kind": "status", "status": 429, "headers": {"Retry-After": "0.001"}},
    "status-400": {"kind": "status", "status": 400},
    "status-401": {"kind": "status", "status": 401},
    "status-403": {"kind": "status", "status": 403},
    "status-404": {"kind": "status", "status": 404},
    "html": {"kind": "html"},
    "html-after": {"kind": "html", "when": "after"},
    "html-502": {"kind": "html", "status": 502},
    "reset": {"kind": "reset"},
    "reset-after": {"kind": "reset", "when": "after"},
    "timeout": {"kind": "timeout", "seconds": 0.4},
    "timeout-after": {"kind": "timeout", "seconds": 0.4, "when": "after"},
    "truncated": {"kind": "truncated"},
    "non-json": {"kind": "non_json"},
}

#: Faults that pass by themselves. A run must get over them, except where a single refusal is final (the 4xx).
PASSING = {name for name in FAULTS if not name.startswith("status-4")} | {"status-429"}


class Deployment(abc.ABC):
    """One change of what is only ever written as a whole, from the same beginning each time."""

    emulator: ThreadedEmulator

    @abc.abstractmethod
    def prepare(self) -> None:
        """Put the service back to the beginning."""

    @abc.abstractmethod
    def run(self, **options: Any) -> dict[str, Any]:
        """Deploy."""

    def finish(self) -> dict[str, Any]:
        """Deploy once more, with nothing in the way."""
        return self.run()

    @abc.abstractmethod
    def assert_old_or_new(self, result: dict[str, Any], where: object) -> None:
        """The project holds one of the two, and what the run said about it is true."""

    def assert_overcome(self, result: dict[str, Any], where: object) -> None:
        """A run got over a fault that passes by itself."""
        assert not result["failed"], (where, result["msg"])

    @abc.abstractmethod
    def assert_new(self) -> None:
        """The project holds what is wanted."""

    def sweep(self, fault: str, requests: int) -> None:
        """Let a fault strike every request in turn: one more run finishes the work, and then there is none left."""
        for index in range(1, requests + 1):
            self.prepare()
            self.emulator.faults([{"nth": index, "do": FAULTS[fault]}])
            result = self.run(timeout=patience(fault))
            self.assert_old_or_new(result, index)
            if fault in PASSING:
                self.assert_overcome(result, index)
            self.emulator.faults()
            again = self.finish()
            assert not again["failed"], (index, again["msg"])
            self.assert_new()
            assert not self.finish()["changed"]

    def break_for_good(self, fault: str, requests: int) -> None:
        """Let the service break at each request, and at each write, and stay broken."""
        for match in ({}, {"kind": "write"}):
            for index in range(1, requests + 1):
                self.prepare()
                self.emulator.faults([{"match": match, "from": index, "do": FAULTS[fault]}])
                result = self.run(retries=1)
                self.emulator.faults()
                self.assert_old_or_new(result, (match, index))
                assert not self.finish()["failed"]
                self.assert_new()


def patience(fault: str) -> float:
    """Return the seconds after which a run gives a request up."""
    return 0.25 if "timeout" in fault else 5


def is_unknown(row: dict[str, Any]) -> bool:
    """Whether a run said of an object that nobody can say what became of it."""
    return "not known" in (row["error"] or "")


def assert_true_account(result: dict[str, Any], rows: list[dict[str, Any]], *, changed: bool) -> None:
    """What a run said of itself goes together with what it said of each object, and with whether anything changed."""
    if not any(is_unknown(row) for row in rows):
        assert result["changed"] == changed
    statuses = [row["status"] for row in rows]
    assert result["summary"] == {name: statuses.count(name) for name in result["summary"]}
    if {"failed", "skipped"} & set(statuses):
        assert result["failed"]
        assert all(row["error"] for row in rows if row["status"] in {"failed", "skipped"})
        assert result["error_code"]
    if result["failed"]:
        assert result["msg"]
        assert result["hint"]
