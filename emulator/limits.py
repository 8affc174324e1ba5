# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: a sliding window for each client address."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .errors import OptionError

_FORMAT = re.compile(r"(\d+)/(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``requests`` in any ``seconds``."""

    requests: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """From ``N/SECONDS``."""
        match = _FORMAT.fullmatch(text.strip())
        limit = cls(int(match[1]), float(match[2])) if match else None
        if limit is None or limit.requests < 1 or limit.seconds <= 0:
            raise OptionError(f"rate limit {text!r} is not N/SECONDS, for example 200/60")
        return limit

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds:g}"


class Limiter:
    """Counts accepted requests of each client; a refused request does not use the window up."""

    def __init__(self, limit: RateLimit | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}

    def configure(self, limit: RateLimit | None) -> None:
        """Another limit, with an empty window."""
        self.limit = limit
        self._seen.clear()

    def check(self, client: str) -> int | None:
        """None when the request may pass, else whole seconds (at least 1) after which it may."""
        limit = self.limit
        if limit is None:
            return None
        now = self._clock()
        seen = self._seen.setdefault(client, deque())
        while seen and seen[0] <= now - limit.seconds:
            seen.popleft()
        if len(seen) < limit.requests:
            seen.append(now)
            return None
        return max(1, math.ceil(seen[0] + limit.seconds - now))
