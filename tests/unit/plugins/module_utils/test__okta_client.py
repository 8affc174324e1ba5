# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import email.utils
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._http_retry import (
    Patience,
    Policy,
    Reply,
    backoff,
    http_date,
)
from ansible_collections.pcc.identity.plugins.module_utils._okta_client import POLICY, _explain, pause

NOW = 1_795_254_300  # of the service, whatever this machine's clock says


def reply(status: int, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): [value] for name, value in headers.items()})


DATE = email.utils.formatdate(NOW, usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 504])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"date": DATE, "x_rate_limit_reset": str(NOW + 20)}, 21.0),
        ({"date": DATE, "x_rate_limit_reset": str(NOW)}, 1.0),
        ({"date": DATE, "x_rate_limit_reset": str(NOW - 500)}, 1.0),
        # Too many at the same time: what it suggests is all there is.
        (
            {
                "date": DATE,
                "x_rate_limit_limit": "0",
                "x_rate_limit_remaining": "0",
                "x_rate_limit_reset": str(NOW + 3),
            },
            4.0,
        ),
        ({"date": DATE, "retry_after": "7"}, 7.0),
        ({"date": DATE, "retry_after": "0"}, 1.0),
    ],
)
def test_oktas_own_rule(status: int, headers: dict[str, str], seconds: float) -> None:
    assert pause(reply(status, **headers), 1) == seconds


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_rate_limit_reset": str(NOW)},
        {"date": DATE},
        {"date": "yesterday", "x_rate_limit_reset": str(NOW)},
        {"date": DATE, "x_rate_limit_reset": "soon"},
        {"date": DATE, "x_rate_limit_reset": "nan"},
        {"date": DATE, "retry_after": "inf"},
    ],
)
def test_without_its_headers_the_waits_grow(headers: dict[str, str]) -> None:
    assert pause(reply(429, **headers), 1) == 1.0
    waits = [pause(reply(429, **headers), attempt) for attempt in range(2, 8)]
    for seconds, middle in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert seconds is not None
        assert 0.8 * middle <= seconds <= 1.2 * middle


@pytest.mark.parametrize(
    "failed", [None, reply(500), reply(502), reply(500, date=DATE, x_rate_limit_reset=str(NOW + 60))]
)
def test_other_failures(failed: Reply | None) -> None:
    seconds = pause(failed, 1)
    assert seconds is not None
    assert 0.4 <= seconds <= 0.6


def test_what_is_never_tried_again() -> None:
    assert not {400, 401, 403, 404} & POLICY.statuses
    assert {429, 500, 502, 503, 504} < POLICY.statuses


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "2.5"}, 2.5),
        ({"retry_after": "-1"}, 0.001),
        ({"retry_after": email.utils.formatdate(NOW + 9, usegmt=True), "date": DATE}, 9.0),
    ],
)
def test_the_common_rule(headers: dict[str, str], seconds: float) -> None:
    assert backoff(reply(429, **headers), 1) == seconds
    assert Policy().pause(reply(429, **headers), 1) == seconds


@pytest.mark.parametrize("headers", [{}, {"retry_after": "soon"}, {"retry_after": DATE}])
def test_the_common_rule_without_a_header(headers: dict[str, str]) -> None:
    seconds = backoff(reply(429, **headers), 2)
    assert seconds is not None
    assert 0.8 <= seconds <= 1.2


def test_dates() -> None:
    assert http_date(DATE) == NOW
    assert http_date("") is None
    assert http_date("Mon, 99 Foo 2026") is None


def test_waits_side_by_side_count_once() -> None:
    now = 100.0
    patience = Patience(10.0, lambda _seconds: None, lambda: now)
    assert patience.allows(4.0, everyone=False)
    now = 102.0
    assert patience.allows(4.0, everyone=False)
    assert patience.waited == 6.0
    assert not patience.allows(9.0, everyone=True)
    assert patience.waited == 6.0
    now = 200.0
    assert patience.allows(4.0, everyone=True)
    assert patience.waited == 10.0


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"errorCode": "E1", "errorSummary": "No.", "errorCauses": []}, ("E1", "No")),
        ({"errorCode": "E1", "errorSummary": "No", "errorCauses": [{"errorSummary": "Why."}, 5]}, ("E1", "No; Why")),
        ({"error": "invalid_client", "error_description": "Bad key"}, ("invalid_client", "Bad key")),
        ({"errorCode": 5, "errorSummary": []}, ("", "")),
        ([], ("", "")),
    ],
)
def test_errors_of_the_service(body: Any, found: tuple[str, str]) -> None:
    assert _explain(body) == found
