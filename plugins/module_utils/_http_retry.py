# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""When a request is sent again, and how long all of them may wait for that together."""

from __future__ import annotations

import dataclasses
import email.utils
import math
import random
import threading
import typing as t
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a service answered.

    Attributes:
        status: HTTP status.
        headers: all values of each header, by its name in lower case.
        data: the decoded JSON; None where there is none.
    """

    status: int
    headers: Mapping[str, list[str]]
    data: t.Any = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a header, in their order."""
        return list(self.headers.get(name.lower(), ()))


def backoff(reply: Reply | None, attempt: int) -> float | None:
    """Return the seconds to wait after a try: as the reply asks for with C(Retry-After), else 0.5, 1, 2, 4, 8.

    Args:
        reply: None if none arrived that could be used.
        attempt: number of the try that failed, from 1.
    """
    asked = retry_after(reply) if reply else None
    return jittered(attempt) if asked is None else asked


def jittered(attempt: int) -> float:
    """Return 0.5, 1, 2, 4, then 8 seconds, a little more or less, so that workers do not come back in step."""
    return min(0.5 * 2 ** (attempt - 1), 8.0) * random.SystemRandom().uniform(0.8, 1.2)


def retry_after(reply: Reply) -> float | None:
    """Return the seconds that C(Retry-After) asks for, None without one that can be read.

    A date is taken relative to the C(Date) of the same reply, since this machine's clock may be wrong.
    """
    value = reply.header("retry-after")
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until, now = http_date(value), http_date(reply.header("date"))
        if until is None or now is None:
            return None
        seconds = until - now
    # Without any wait all tries would be over at once.
    return max(seconds, 0.001) if math.isfinite(seconds) else None


def http_date(value: str | None) -> float | None:
    """Return the seconds since 1970 of a date as it stands in headers, None for anything else."""
    if not value:
        return None
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


#: Replies after which a request is sent again. 52x and 530 are those of content networks in front of a service.
PASSING = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530})


@dataclasses.dataclass(frozen=True)
class Policy:
    """When a request is sent again.

    Attributes:
        statuses: replies after which to try again. Every other status is final.
        refusals: those of them that say that nothing was done. A write is repeated after these only, and they hold
            back all other requests of the session, too.
        pause: returns the seconds to wait, given the reply (None if none arrived that could be used) and the number
            of the try that failed, from 1. None means not to try again.
    """

    statuses: frozenset[int] = PASSING
    refusals: frozenset[int] = frozenset({429})
    pause: t.Callable[[Reply | None, int], float | None] = backoff


class Patience:
    """The time that all requests of a session may wait together, waits side by side counted once. Thread-safe."""

    def __init__(self, limit: float, sleep: t.Callable[[float], None], clock: t.Callable[[], float]) -> None:
        self._limit = limit
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._counted_until = -math.inf
        self._held_until = -math.inf
        self._waited = 0.0

    @property
    def waited(self) -> float:
        """Seconds in which anybody waited."""
        with self._lock:
            return self._waited

    def allows(self, seconds: float, *, everyone: bool) -> bool:
        """Book a wait that begins now; return False, without booking it, if that would be too long in all.

        Args:
            seconds: how long.
            everyone: whether no request at all shall be sent until then.
        """
        with self._lock:
            now = self._clock()
            more = max(0.0, now + seconds - max(now, self._counted_until))
            if self._waited + more > self._limit:
                return False
            self._waited += more
            self._counted_until = max(self._counted_until, now + seconds)
            if everyone:
                self._held_until = max(self._held_until, now + seconds)
            return True

    def wait(self, seconds: float) -> None:
        """Wait as booked."""
        self._sleep(seconds)

    def hold(self) -> None:
        """Wait as long as everyone has to."""
        with self._lock:
            rest = self._held_until - self._clock()
        if rest > 0:
            self._sleep(rest)
