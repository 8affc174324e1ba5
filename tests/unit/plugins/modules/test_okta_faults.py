# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong at whichever request: a group is read wholly, or its row says that it is not (D2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.testing import OKTA_CLIENT_ID, ThreadedEmulator, running
from tests.unit.plugins.modules.faults import FAULTS, PASSING, patience
from tests.unit.plugins.modules.okta import NO_WAITING, Okta, assert_failed, ids

pytestmark = pytest.mark.sweep

#: What only Okta does, besides what every service may do.
OKTA_FAULTS: dict[str, dict[str, Any]] = {
    **FAULTS,
    "rate-limit": {"kind": "status", "status": 429, "retry_after": 3},
    "rate-limit-no-date": {"kind": "status", "status": 429, "headers": {"Date": None}},
    "concurrency": {
        "kind": "status",
        "status": 429,
        "headers": {"X-Rate-Limit-Limit": "0", "X-Rate-Limit-Remaining": "0"},
    },
    "status-502": {"kind": "status", "status": 502},
    "status-504": {"kind": "status", "status": 504},
    "empty-page": {"kind": "status", "status": 200, "body": []},
    "object": {"kind": "status", "status": 200, "body": {}},
    "null": {"kind": "status", "status": 200, "body": None},
    "half-a-user": {"kind": "status", "status": 200, "body": [{"id": "00uHalf"}]},
}

#: After these a run must get over it. A list in the place of another one is noticed by the count, and read again.
OVERCOME = PASSING | {"rate-limit", "rate-limit-no-date", "concurrency", "status-502", "status-504", "object", "null"}

SIZES = {"empty": 0, "one": 1, "some": 5}


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    with NO_WAITING, running() as emulator:
        yield emulator


@pytest.fixture
def okta(emulator: ThreadedEmulator) -> Okta:
    return Okta(emulator)


def members_of(okta: Okta) -> dict[str, list[str]]:
    """Return the ids of the users in each group, as the organisation itself knows them."""
    groups = okta.emulator.state(service="okta")["groups"].values()
    return {group["name"]: sorted(group["members"]) for group in groups}


def assert_whole_or_failed(result: dict[str, Any], truth: dict[str, list[str]], where: object) -> None:
    """No row pretends to be complete, and what a run says of itself goes together with its rows."""
    for row in result["groups"]:
        if row["complete"]:
            assert ids(row["members"]) == truth[row["name"]], where
            assert row["members_total"] == len(truth[row["name"]]), where
            assert row["error"] is None, where
        else:
            assert_failed(row, row["error_code"])
            assert row["error_code"], where
            assert result["failed"], where
    assert result["failed"] == any(not row["complete"] for row in result["groups"]), where


@pytest.mark.parametrize("fault", OKTA_FAULTS)
@pytest.mark.parametrize("page_size", [1, 2, 200])
def test_d2_every_fault_at_every_request_of_several_groups(okta: Okta, fault: str, page_size: int) -> None:
    for name, count in SIZES.items():
        okta.group(name, count=count, prefix=name)
    truth = members_of(okta)
    okta.emulator.reset("log")
    # One after the other, so that the same request is struck each time.
    options: dict[str, Any] = {"page_size": page_size, "concurrency": 1, "timeout": patience(fault)}
    assert not okta.read(*SIZES, **options)["failed"]
    requests = len(okta.emulator.requests())
    for index in range(1, requests + 1):
        okta.emulator.faults([{"nth": index, "do": OKTA_FAULTS[fault]}])
        result = okta.read(*SIZES, **options)
        assert_whole_or_failed(result, truth, index)
        if fault in OVERCOME:
            assert not result["failed"], (index, result["msg"])
        elif fault != "status-401":
            # Only the group that was struck fails.
            assert sum(row["complete"] for row in result["groups"]) >= len(SIZES) - 1, index
        # Waiting for the end of the patience again and again would tell nothing more.
        for match in () if "timeout" in fault else ({}, {"path": "*/users"}):
            okta.emulator.faults([{"match": match, "from": index, "do": OKTA_FAULTS[fault]}])
            result = okta.read(*SIZES, **{**options, "retries": 1})
            assert_whole_or_failed(result, truth, (match, index))


@pytest.mark.parametrize(
    ("count", "page_size"),
    [(0, 200), (1, 200), (199, 200), (200, 200), (201, 200), (1001, 200), (0, 1), (1, 1), (0, 2), (1, 2)],
)
@pytest.mark.parametrize(
    "fault", ["status-500", "status-403", "reset-after", "truncated", "html", "empty-page", "rate-limit"]
)
def test_d2_faults_at_every_page(okta: Okta, count: int, page_size: int, fault: str) -> None:
    okta.group("SRE", count=count)
    sweep(okta, fault, page_size, range(1, 3 + max(1, -(-count // page_size))))


@pytest.mark.parametrize("fault", ["status-500", "status-403", "truncated", "empty-page"])
@pytest.mark.parametrize(("count", "page_size"), [(199, 2), (200, 2), (201, 2), (201, 1)])
def test_d2_faults_among_many_pages(okta: Okta, count: int, page_size: int, fault: str) -> None:
    """At the ends and in the middle."""
    okta.group("SRE", count=count)
    pages = -(-count // page_size)
    sweep(okta, fault, page_size, [1, 2, pages // 2, pages, pages + 1])


@pytest.mark.parametrize(("page_size", "fault"), [(1, "truncated"), (2, "status-500"), (2, "status-403")])
def test_d2_faults_among_a_thousand_pages(okta: Okta, page_size: int, fault: str) -> None:
    """Only once, since each run over so many pages takes seconds."""
    okta.group("SRE", count=1001)
    sweep(okta, fault, page_size, [501])


def sweep(okta: Okta, fault: str, page_size: int, indexes: Any) -> None:
    truth = members_of(okta)
    for index in indexes:
        okta.emulator.faults([{"nth": index, "do": OKTA_FAULTS[fault]}])
        result = okta.read("SRE", page_size=page_size)
        assert_whole_or_failed(result, truth, index)
        if fault in OVERCOME:
            assert not result["failed"], (index, result["msg"])


@pytest.mark.parametrize("fault", OKTA_FAULTS)
def test_d2_faults_of_a_service_app(okta: Okta, fault: str) -> None:
    """With its request for a token among those that are struck."""
    key = okta.emulator.okta_key(kind="EC")
    okta.group("SRE", count=3)
    truth = members_of(okta)
    for index in range(1, 5):
        okta.emulator.faults([{"nth": index, "do": OKTA_FAULTS[fault]}])
        result = okta.read(
            "SRE", private_key=key, client_id=OKTA_CLIENT_ID, page_size=2, timeout=patience(fault), concurrency=1
        )
        assert_whole_or_failed(result, truth, index)
        # A refused token is renewed, but for the one that is refused to begin with. A reply without any token is final.
        final = {"object", "null", "status-401"} if index == 1 else set()
        if fault in (OVERCOME | {"status-401"}) - final:
            assert not result["failed"], (index, result["msg"])


@pytest.mark.parametrize("fault", ["status-500", "status-403", "status-401", "reset", "truncated", "rate-limit"])
def test_d2_faults_with_many_workers(okta: Okta, fault: str) -> None:
    names = [f"G{number}" for number in range(12)]
    for number, name in enumerate(names):
        okta.group(name, count=number, prefix=name)
    truth = members_of(okta)
    for every in (2, 3, 7):
        okta.emulator.faults([{"every": every, "do": OKTA_FAULTS[fault]}])
        result = okta.read(*names, page_size=3, concurrency=6)
        assert_whole_or_failed(result, truth, every)
