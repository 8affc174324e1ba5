# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Okta's rate limits: a bucket for each kind of call, filled anew when its window ends.

A window lasts 60 seconds from its first request on, it is not aligned to the clock; every reply has the limit, what
remains, and when the window ends in whole seconds since the epoch [DOC rate-limits, rl2-monitor].
"""

from __future__ import annotations

import math
import time
from email.utils import formatdate

from ..switches import Switches


class Buckets:
    """The windows. The clock of the service may differ from that of the client."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        # Bucket: when its window ends, and the requests in it.
        self._windows: dict[str, tuple[float, int]] = {}

    def reset(self) -> None:
        """Fresh windows."""
        self._windows.clear()

    def now(self) -> float:
        """The time on the service's clock, in seconds since the epoch."""
        return time.time() + float(self._switches["okta_clock_ahead"])

    def take(self, bucket: str) -> tuple[bool, dict[str, str]]:
        """Count a request: whether it may pass, and the headers of its reply."""
        limit = int(self._switches["okta_rate_limit"])
        now = self.now()
        end, used = self._windows.get(bucket, (0.0, 0))
        if now >= end:
            end, used = now + float(self._switches["okta_rate_window"]), 0
        allowed = used < limit
        used += allowed
        self._windows[bucket] = (end, used)
        return allowed, self.headers(limit, limit - used, end)

    def refused(self, seconds: float) -> dict[str, str]:
        """Headers of a 429 after which a client is to wait so long."""
        return self.headers(int(self._switches["okta_rate_limit"]), 0, self.now() + seconds)

    def headers(self, limit: int, remaining: int, end: float) -> dict[str, str]:
        """The headers that every reply has."""
        return {
            "Date": formatdate(self.now(), usegmt=True),
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": str(max(0, remaining)),
            "X-Rate-Limit-Reset": str(math.ceil(end)),
        }
