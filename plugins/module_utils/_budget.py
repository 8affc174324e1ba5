# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The request budget: no more requests than the service allows in any window, by all processes together.

The window itself is pyrate-limiter's sliding log. Around it stand the two things a 429 asks for: a pause that holds
for every process, and one retry at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import threading
import time
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError

#: Requests per 60 s by family of endpoints. Public figures disagree (contract, section 6), hence a 429 always wins.
#: tenants: 200 as documented for user/update and user/search, the nearest documented management paths.
#: general: "Descope API, all other traffic", 100 per 60 s.
DEFAULT_LIMITS = {"tenants": 200, "general": 100}

#: The log keeps a request this much longer than the period, because the service counts at its own end of the wire.
_SAFETY = 1.01

#: Longest pause in seconds that is waited for; the service was seen to ask for 30 to 59 (contract, section 1.6, T).
MAX_PAUSE = 300.0


def family_of(path: str) -> str:
    """Return the limit's family for a request path: C(tenants) or C(general)."""
    return "tenants" if path.startswith(("/v1/mgmt/tenant", "/v1/mgmt/password")) else "general"


class Budget:
    """Hands out permissions to send, blocking until there is one.

    Thread-safe. One object serves all families of one service address.
    """

    def __init__(self, connection: Connection, *, directory: pathlib.Path | None = None) -> None:
        self._connection = connection
        self._directory = directory
        self._lock = threading.Lock()
        self._windows: dict[str, t.Any] = {}
        self._pause: _Pause | _RedisPause | None = None
        self._order = _RetryFirst()
        self.waited = 0.0

    def admission(self, path: str, *, retrying: bool) -> t.ContextManager[None]:
        """Return a context that is entered once a request to C(path) may be sent, and left once it is answered.

        A request that met a 429 before enters alone and ahead of the others, so that a limit which is tighter than
        configured slows the run down instead of using up every request's tries.
        """
        return self._admit(family_of(path), retrying)

    @contextlib.contextmanager
    def _admit(self, family: str, retrying: bool) -> t.Iterator[None]:
        with self._order.turn(retrying):
            self._take(family)
            yield

    def pause(self, seconds: float) -> None:
        """Hold every request, of all processes that share the budget, for C(seconds) from now."""
        with self._lock, _backend_errors("its store"):
            self._shared_pause().extend(seconds)

    def _take(self, family: str) -> None:
        while True:
            with self._lock:
                window = self._window(family)
                wait = max(self._shared_pause().remaining(), 0.0) or window.wait()
            if wait <= 0:
                return
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        with self._lock:
            self.waited += seconds

    def _window(self, family: str) -> t.Any:
        if family not in self._windows:
            self._windows[family] = self._new_window(family)
        return self._windows[family]

    def _new_window(self, family: str) -> t.Any:
        from pyrate_limiter import Rate

        options = self._connection
        limit = options.rate_limit or DEFAULT_LIMITS[family]
        allowed = max(1, limit * options.rate_limit_percent // 100)
        rate = Rate(allowed, max(1, int(options.rate_limit_period * 1000 * _SAFETY)))
        name = f"{_digest(options.host)}-{family}"
        if options.rate_limit_backend == "memory":
            from pyrate_limiter import InMemoryBucket

            return _Window(InMemoryBucket([rate]))
        if options.rate_limit_backend == "file":
            from pyrate_limiter import SQLiteBucket

            path = str(self._shared_directory() / f"{name}.sqlite")
            with _backend_errors(path):
                return _Window(SQLiteBucket.init_from_file([rate], db_path=path, use_file_lock=True))
        return _Window(_redis_bucket(rate, options.rate_limit_backend, f"pcc.identity:{name}"))

    def _shared_pause(self) -> _Pause | _RedisPause:
        if self._pause is None:
            backend, name = self._connection.rate_limit_backend, f"{_digest(self._connection.host)}.pause"
            if backend == "memory":
                self._pause = _Pause(None)
            elif backend == "file":
                self._pause = _Pause(self._shared_directory() / name)
            else:
                self._pause = _RedisPause(backend, f"pcc.identity:{name}")
        return self._pause

    def _shared_directory(self) -> pathlib.Path:
        if self._directory is None:
            self._directory = shared_directory()
        return self._directory


class _Window:
    """A pyrate-limiter bucket, asked without blocking so that each permission carries the time it was given.

    (The library's own blocking wait records the time it meant to wake up, which is too early.)
    """

    def __init__(self, bucket: t.Any) -> None:
        self._bucket = bucket
        self._taken = 0

    def wait(self) -> float:
        """Take one permission and return 0, or return the seconds until one can be had."""
        from pyrate_limiter import RateItem

        # Where processes share the store, its lock may have to be waited for, and the time is taken after that.
        with _backend_errors("its store"), getattr(self._bucket, "lock", contextlib.nullcontext()):
            item = RateItem("request", self._bucket.now())
            self._taken += 1
            if self._taken % 50 == 1:
                self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return 0.0
            wait = int(self._bucket.waiting(item))
            if wait > self._bucket.rates[-1].interval + 1000:
                # Only requests from the future make it wait that long: the clock was set back, the log is worthless.
                self._bucket.flush()
                wait = 0
            return max(wait, 1) / 1000


class _Pause:
    """A moment before which nothing may be sent; kept in a file when processes share it."""

    def __init__(self, path: pathlib.Path | None) -> None:
        self.path = path
        self._until = 0.0
        self._seen: int | None = None

    def extend(self, seconds: float) -> None:
        """Hold for so long from now, unless it holds longer already."""
        self._until = max(self._until, time.time() + seconds)
        if self.path is not None:
            temporary = self.path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
            temporary.write_text(repr(self._until), encoding="ascii")
            temporary.replace(self.path)

    def remaining(self) -> float:
        """Return the seconds left, 0 or less if there are none."""
        if self.path is not None:
            with contextlib.suppress(OSError, ValueError):
                changed = self.path.stat().st_mtime_ns
                if changed != self._seen:
                    self._seen = changed
                    self._until = max(self._until, float(self.path.read_text(encoding="ascii")))
        remaining = self._until - time.time()
        # No pause is that long: the clock was set back, and must not hold a run for as long as that.
        return remaining if remaining <= MAX_PAUSE else 0.0


class _RedisPause:
    """The same, kept by a Redis server as a key that it forgets when the time is over, so no clocks are compared."""

    def __init__(self, url: str, key: str) -> None:
        with _redis_errors():
            from redis import Redis

            self._redis: t.Any = Redis.from_url(url)
        self._key = key

    def extend(self, seconds: float) -> None:
        """Hold for so long from now, unless it holds longer already."""
        with _redis_errors():
            if seconds > self.remaining():
                self._redis.set(self._key, 1, px=max(1, int(seconds * 1000)))

    def remaining(self) -> float:
        """Return the seconds left, 0 or less if there are none."""
        with _redis_errors():
            return max(int(self._redis.pttl(self._key)), 0) / 1000


class _RetryFirst:
    """First tries go side by side; a retry goes alone, and first tries wait while one is waiting."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._first_tries = 0
        self._retries_waiting = 0
        self._retry_active = False

    @contextlib.contextmanager
    def turn(self, retrying: bool) -> t.Iterator[None]:
        with self._changed:
            if retrying:
                self._retries_waiting += 1
                self._changed.wait_for(lambda: not self._retry_active and not self._first_tries)
                self._retries_waiting -= 1
                self._retry_active = True
            else:
                self._changed.wait_for(lambda: not self._retry_active and not self._retries_waiting)
                self._first_tries += 1
        try:
            yield
        finally:
            with self._changed:
                if retrying:
                    self._retry_active = False
                else:
                    self._first_tries -= 1
                self._changed.notify_all()


def shared_directory() -> pathlib.Path:
    """Return the folder in which this user's processes share their budgets, made if need be.

    C($XDG_STATE_HOME/pcc-identity/rate), by default C(~/.local/state/pcc-identity/rate).

    Raises:
        IdentityError: the folder cannot be made.
    """
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    path = pathlib.Path(home, "pcc-identity", "rate")
    with _backend_errors(str(path)):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _redis_bucket(rate: t.Any, url: str, key: str) -> t.Any:
    with _redis_errors():
        from pyrate_limiter import RedisBucket
        from redis import Redis

        class ServerTimeBucket(RedisBucket):
            """Takes the time from the server: machines whose clocks differ would not see each other's requests."""

            lock: t.Any

            def now(self) -> int:
                seconds, microseconds = t.cast(t.Any, self.redis.time())
                return int(seconds) * 1000 + int(microseconds) // 1000

        redis = Redis.from_url(url)
        bucket = ServerTimeBucket.init([rate], redis, key)
        # Held from looking at the clock to taking the permission, so that nobody's falls in between uncounted.
        bucket.lock = redis.lock(f"{key}.lock", timeout=10, sleep=0.01)
        return bucket


def _redis_errors() -> t.ContextManager[None]:
    # The URL may hold a password.
    return _backend_errors("the Redis server of rate_limit_backend")


@contextlib.contextmanager
def _backend_errors(where: str) -> t.Iterator[None]:
    """Turn any failure of the shared store into an error that names it and the way round it."""
    try:
        yield
    except IdentityError:
        raise
    except Exception as error:
        raise IdentityError(
            "rate_limit_backend",
            f"The shared rate limit cannot be kept in {where}: {type(error).__name__}: {error}.",
            "Make it writable, or set rate_limit_backend to memory (each process then counts alone).",
        ) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
