# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _budget
from ansible_collections.pcc.identity.plugins.module_utils._budget import (
    DEFAULT_LIMITS,
    MAX_PAUSE,
    Budget,
    family_of,
    shared_directory,
)
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from tests.unit.plugins.module_utils.support import TENANT_PATH, FakeClock, connection, until

GENERAL_PATH = "/v1/mgmt/license"


def most_in_a_window(moments: Sequence[float], seconds: float) -> int:
    """The largest number of moments in any half-open window of that length."""
    most, window = 0, collections.deque[float]()
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def take(budget: Budget, path: str = TENANT_PATH, *, retrying: bool = False) -> None:
    with budget.admission(path, retrying=retrying):
        pass


def on_the_clock(budget: Budget, clock: FakeClock) -> Budget:
    """Make the buckets read the same clock as the rest."""
    make = budget._new_window

    def new_window(family: str) -> Any:
        window = make(family)
        window._bucket.now = clock.milliseconds
        return window

    budget._new_window = new_window  # type: ignore[method-assign]
    return budget


@pytest.fixture
def budget_of(tmp_path: pathlib.Path, clock: FakeClock) -> Iterator[Callable[..., Budget]]:
    """Makes budgets that live on the fake clock."""
    made: list[Budget] = []

    def make(backend: str = "memory", **options: Any) -> Budget:
        budget = Budget(connection(rate_limit_backend=backend, **options), directory=tmp_path)
        made.append(on_the_clock(budget, clock))
        return budget

    yield make
    for budget in made:
        for window in budget._windows.values():
            with contextlib.suppress(AttributeError):
                window._bucket.close()


# -- families and limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/v1/mgmt/tenant", "tenants"),
        ("/v1/mgmt/tenant/all", "tenants"),
        ("/v1/mgmt/password/settings", "tenants"),
        ("/v1/mgmt/license", "general"),
        ("/v1/mgmt/flow/list", "general"),
        ("/v1/mgmt/projects/list", "general"),
    ],
)
def test_families(path: str, family: str) -> None:
    assert family_of(path) == family


def admitted_at_once(budget: Budget, clock: FakeClock, path: str) -> int:
    """How many get through before the first one has to wait."""
    number, start = 0, clock.now
    while True:
        take(budget, path)
        if clock.now > start:
            return number
        number += 1


@pytest.mark.parametrize("backend", ["memory", "file"])
@pytest.mark.parametrize(
    ("path", "options", "number"),
    [
        (TENANT_PATH, {"rate_limit": None}, DEFAULT_LIMITS["tenants"] * 80 // 100),
        (GENERAL_PATH, {"rate_limit": None}, DEFAULT_LIMITS["general"] * 80 // 100),
        (TENANT_PATH, {"rate_limit": None, "rate_limit_percent": 100}, 200),
        (TENANT_PATH, {"rate_limit": 50, "rate_limit_percent": 50}, 25),
        (TENANT_PATH, {"rate_limit": 1, "rate_limit_percent": 1}, 1),
    ],
    ids=str,
)
def test_the_share_of_the_limit(
    backend: str, path: str, options: dict[str, Any], number: int, budget_of: Callable[..., Budget], clock: FakeClock
) -> None:
    assert admitted_at_once(budget_of(backend, **options), clock, path) == number


def test_families_have_budgets_of_their_own(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of(rate_limit=10, rate_limit_percent=100)
    start = clock.now
    for _turn in range(10):
        take(budget, TENANT_PATH)
        take(budget, GENERAL_PATH)
    assert clock.now == start
    assert budget.waited == 0


@pytest.mark.parametrize("backend", ["memory", "file"])
@pytest.mark.parametrize(("limit", "period"), [(200, 60.0), (7, 1.0), (1, 0.5)])
def test_never_more_than_the_limit_and_nearly_all_of_it(
    backend: str, limit: int, period: float, budget_of: Callable[..., Budget], clock: FakeClock
) -> None:
    budget = budget_of(backend, rate_limit=limit, rate_limit_period=period, rate_limit_percent=100)
    start, windows, moments = clock.now, 6, []
    while clock.now < start + windows * period:
        take(budget)
        moments.append(clock.now)
        clock.sleep(period / limit / 7)
    assert most_in_a_window(moments, period) == limit
    inside = [moment for moment in moments if moment < start + windows * period]
    assert len(inside) >= 0.95 * limit * windows


def test_what_was_waited_is_told(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of(rate_limit=1, rate_limit_period=10.0, rate_limit_percent=100)
    start = clock.now
    for _turn in range(3):
        take(budget)
    assert budget.waited == pytest.approx(clock.now - start)
    assert budget.waited == pytest.approx(20, rel=0.05)


def test_threads_share_one_budget() -> None:
    limit, period, moments, lock = 25, 0.4, [], threading.Lock()
    budget = Budget(connection(rate_limit=limit, rate_limit_period=period, rate_limit_percent=100))

    def work() -> None:
        for _turn in range(15):
            with budget.admission(TENANT_PATH, retrying=False), lock:
                moments.append(time.monotonic())

    threads = [threading.Thread(target=work) for _turn in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(moments) == 75
    # The moments are noted a little after they are given, hence a slightly shorter window.
    assert most_in_a_window(moments, period * 0.8) <= limit
    assert budget.waited > 0


# -- several processes -------------------------------------------------------------------------------------------------

WORKER = """
import json, pathlib, sys, time
from ansible_collections.pcc.identity.plugins.module_utils._budget import Budget
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection

options = json.loads(sys.argv[1])
budget = Budget(Connection("P2x", "K2x", "https://api.example.com", **options["connection"]),
                directory=pathlib.Path(options["directory"]))
moments = []
for _turn in range(options["count"]):
    with budget.admission("/v1/mgmt/tenant", retrying=False):
        moments.append(time.time())
print(json.dumps({"moments": moments, "waited": budget.waited}))
"""


def start_worker(directory: pathlib.Path, count: int, **options: Any) -> subprocess.Popen[str]:
    arguments = {"directory": str(directory), "count": count, "connection": options}
    return subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(arguments)], stdout=subprocess.PIPE, text=True)


def result_of(worker: subprocess.Popen[str]) -> dict[str, Any]:
    output, _errors = worker.communicate(timeout=60)
    assert worker.returncode == 0
    return json.loads(output)


def test_processes_share_one_budget(tmp_path: pathlib.Path) -> None:
    options = {"rate_limit": 20, "rate_limit_period": 1.0, "rate_limit_percent": 100, "rate_limit_backend": "file"}
    workers = [start_worker(tmp_path, 24, **options) for _turn in range(3)]
    results = [result_of(worker) for worker in workers]
    moments = [moment for result in results for moment in result["moments"]]
    assert len(moments) == 72
    # Noted a little after they are given, hence a shorter window; three budgets would make up to 60.
    assert most_in_a_window(moments, 0.7) <= 20
    assert sum(result["waited"] for result in results) > 0


def test_budgets_of_different_services_are_apart(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    options = {"rate_limit": 5, "rate_limit_percent": 100}
    start = clock.now
    for address in ("https://one.example.com", "https://two.example.com"):
        budget = budget_of("file", base_url=address, **options)
        for _turn in range(5):
            take(budget)
    assert clock.now == start
    take(budget_of("file", base_url="https://one.example.com/", **options))
    assert clock.now > start


def test_a_permission_carries_the_time_at_which_it_was_given(tmp_path: pathlib.Path) -> None:
    from filelock import FileLock

    budget = Budget(connection(rate_limit_backend="file"), directory=tmp_path)
    take(budget)
    (database,) = tmp_path.glob("*.sqlite")
    other = FileLock(f"{database}.lock")
    with other:  # as another process holds it
        thread = threading.Thread(target=take, args=[budget])
        thread.start()
        until(budget._lock.locked)
        threading.Event().wait(0.3)
        released = time.time_ns() // 1_000_000
    thread.join()
    with contextlib.closing(sqlite3.connect(database)) as reader:
        (given,) = reader.execute("SELECT MAX(item_timestamp) FROM rate_bucket").fetchone()
    assert given >= released


def test_old_entries_do_not_pile_up(budget_of: Callable[..., Budget], clock: FakeClock, tmp_path: pathlib.Path) -> None:
    budget = budget_of("file", rate_limit=10, rate_limit_period=1.0, rate_limit_percent=100)
    for _turn in range(300):
        take(budget)
        clock.sleep(0.2)
    (database,) = tmp_path.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT COUNT(*) FROM rate_bucket").fetchone()[0] < 100


# -- pauses ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["memory", "file"])
def test_a_pause_holds_every_request(backend: str, budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of(backend)
    start = clock.now
    budget.pause(30)
    take(budget, TENANT_PATH)
    assert clock.now - start == pytest.approx(30, abs=0.2)
    assert budget.waited == pytest.approx(30)
    take(budget, GENERAL_PATH)
    assert clock.now - start == pytest.approx(30, abs=0.2)


def test_the_longest_pause_counts(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of()
    start = clock.now
    for seconds in (5, 20, 1):
        budget.pause(seconds)
    take(budget)
    assert clock.now - start == pytest.approx(20, abs=0.2)


def test_a_pause_holds_other_processes(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    one, other = budget_of("file"), budget_of("file")
    take(other)
    start = clock.now
    one.pause(12)
    take(other)
    assert clock.now - start == pytest.approx(12, abs=0.2)
    one.pause(5)  # a second one is seen as well
    take(other)
    assert clock.now - start == pytest.approx(17, abs=0.2)
    late = budget_of("file")
    one.pause(3)
    take(late)
    assert clock.now - start == pytest.approx(20, abs=0.2)


def test_a_pause_holds_a_real_other_process(tmp_path: pathlib.Path) -> None:
    budget = Budget(connection("https://api.example.com", rate_limit_backend="file"), directory=tmp_path)
    start = time.time()
    budget.pause(2)
    result = result_of(start_worker(tmp_path, 1, rate_limit_backend="file", rate_limit=1000))
    assert result["moments"][0] >= start + 2


def test_a_pause_holds_all_threads(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of()
    end = clock.now + 10
    budget.pause(10)
    seen: list[float] = []

    def work() -> None:
        with budget.admission(TENANT_PATH, retrying=False):
            seen.append(clock.now)

    threads = [threading.Thread(target=work) for _turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert min(seen) >= end


def test_memory_does_not_share_a_pause(budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    start = clock.now
    budget_of().pause(12)
    take(budget_of())
    assert clock.now == start


@pytest.mark.parametrize("text", ["", "nonsense", "nan"])
def test_a_broken_pause_file_is_no_pause(
    text: str, budget_of: Callable[..., Budget], clock: FakeClock, tmp_path: pathlib.Path
) -> None:
    budget = budget_of("file")
    budget.pause(0)
    (file,) = tmp_path.glob("*.pause")
    file.write_text(text)
    start = clock.now
    take(budget_of("file"))
    assert clock.now == start


@pytest.mark.parametrize("ahead", [3600.0, 86_400.0])
def test_a_clock_that_was_set_back_does_not_hold_a_run_for_ever(
    ahead: float, budget_of: Callable[..., Budget], clock: FakeClock
) -> None:
    clock.now += ahead
    budget_of("file").pause(10)
    clock.now -= ahead
    start = clock.now
    take(budget_of("file"))
    assert clock.now - start <= MAX_PAUSE


def test_pausing_leaves_no_other_file(budget_of: Callable[..., Budget], tmp_path: pathlib.Path) -> None:
    for _turn in range(3):
        budget_of("file").pause(0)
    assert [path.suffix for path in tmp_path.iterdir()] == [".pause"]


# -- retries first -----------------------------------------------------------------------------------------------------


def waiting_retries(budget: Budget) -> int:
    return budget._order._retries_waiting


def test_a_retry_goes_alone_and_ahead_of_first_tries() -> None:
    budget = Budget(connection())
    order: list[str] = []
    lock = threading.Lock()
    inside, most = 0, 0

    def work(name: str, retrying: bool) -> None:
        nonlocal inside, most
        with budget.admission(TENANT_PATH, retrying=retrying):
            with lock:
                inside += 1
                most = max(most, inside)
                order.append(name)
            threading.Event().wait(0.01)
            with lock:
                inside -= 1

    threads = []

    def start(name: str, retrying: bool) -> None:
        threads.append(threading.Thread(target=work, args=[name, retrying]))
        threads[-1].start()

    with budget.admission(TENANT_PATH, retrying=False):
        start("retry", True)
        until(lambda: waiting_retries(budget) == 1)
        start("retry", True)
        until(lambda: waiting_retries(budget) == 2)
        start("first", False)
        start("first", False)
        threading.Event().wait(0.05)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == ["retry", "retry", "first", "first"]


def test_retries_go_one_at_a_time() -> None:
    budget = Budget(connection())
    lock = threading.Lock()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with budget.admission(TENANT_PATH, retrying=True):
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.005)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_first_tries_go_side_by_side() -> None:
    budget = Budget(connection())
    meeting = threading.Barrier(5, timeout=20)

    def work() -> None:
        with budget.admission(TENANT_PATH, retrying=False):
            meeting.wait()

    threads = [threading.Thread(target=work) for _turn in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not meeting.broken


@pytest.mark.parametrize("retrying", [True, False])
def test_a_failed_request_gives_its_turn_back(retrying: bool) -> None:
    budget = Budget(connection())
    with pytest.raises(ZeroDivisionError), budget.admission(TENANT_PATH, retrying=retrying):
        raise ZeroDivisionError
    take(budget, retrying=True)
    take(budget, retrying=False)


# -- where it is kept --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("xdg", [True, False])
def test_the_shared_directory(xdg: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if xdg:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
        path = tmp_path / "xdg/pcc-identity/rate"
    else:
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        path = tmp_path / "home/.local/state/pcc-identity/rate"
    assert shared_directory() == path
    assert path.is_dir()
    assert path.stat().st_mode & 0o777 == 0o700
    assert shared_directory() == path


def test_the_file_backend_uses_it(tmp_path: pathlib.Path) -> None:
    take(Budget(connection(rate_limit_backend="file")))
    assert list((tmp_path / "state/pcc-identity/rate").glob("*-tenants.sqlite"))


def test_the_memory_backend_writes_nothing(tmp_path: pathlib.Path) -> None:
    budget = Budget(connection(), directory=tmp_path)
    take(budget)
    budget.pause(0)
    assert list(tmp_path.iterdir()) == []


def refused(action: Callable[[], object]) -> IdentityError:
    with pytest.raises(IdentityError) as caught:
        action()
    assert caught.value.code == "rate_limit_backend"
    assert "memory" in caught.value.hint
    return caught.value


def test_a_directory_that_cannot_be_made(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    budget = Budget(connection(rate_limit_backend="file"))
    assert str(tmp_path / "file") in str(refused(lambda: take(budget)))
    refused(lambda: budget.pause(1))


def nowhere(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "rate"


def test_a_database_that_cannot_be_made(tmp_path: pathlib.Path) -> None:
    (tmp_path / "gone").write_text("a file where the folder should be")
    budget = Budget(connection(rate_limit_backend="file"), directory=nowhere(tmp_path))
    assert str(tmp_path / "file") in str(refused(lambda: take(budget)))


def test_a_pause_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    budget = Budget(connection(rate_limit_backend="file"), directory=nowhere(tmp_path))
    refused(lambda: budget.pause(1))


def test_a_database_that_is_none(tmp_path: pathlib.Path) -> None:
    budget = Budget(connection(rate_limit_backend="file"), directory=tmp_path)
    take(budget)
    (database,) = tmp_path.glob("*.sqlite")
    for path in tmp_path.iterdir():
        path.unlink()
    database.write_bytes(b"this is no database at all" * 100)
    refused(lambda: take(Budget(connection(rate_limit_backend="file"), directory=tmp_path)))


def test_a_database_that_breaks_under_way(tmp_path: pathlib.Path) -> None:
    budget = Budget(connection(rate_limit_backend="file"), directory=tmp_path)
    take(budget)
    with contextlib.closing(sqlite3.connect(next(tmp_path.glob("*.sqlite")))) as other:
        other.execute("DROP TABLE rate_bucket")
        other.commit()
    refused(lambda: take(budget))


# -- Redis -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A server that speaks the real protocol and runs the real scripts."""
    fakeredis = pytest.importorskip("fakeredis", reason="fakeredis[lua] is not installed")
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    url = f"redis://127.0.0.1:{server.server_address[1]}/0"
    from redis import Redis
    from redis.lock import Lock

    # A real server says that it does not know a script yet, and the client sends it; this one hangs up instead.
    with Redis.from_url(url) as client:
        client.script_load(Lock.LUA_RELEASE_SCRIPT)
    yield url
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def test_redis_budgets_are_one(redis_url: str, budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    options = {"base_url": "https://shared.example.com", "rate_limit": 6, "rate_limit_percent": 100}
    one, other = budget_of(redis_url, **options), budget_of(redis_url, **options)
    start = clock.now
    for _turn in range(3):
        take(one)
        take(other)
    assert clock.now == start
    take(other)
    assert clock.now >= start + 60


def test_redis_never_more_than_the_limit(redis_url: str, budget_of: Callable[..., Budget], clock: FakeClock) -> None:
    budget = budget_of(
        redis_url, base_url="https://long.example.com", rate_limit=30, rate_limit_period=10.0, rate_limit_percent=100
    )
    start, moments = clock.now, []
    while clock.now < start + 50:
        take(budget)
        moments.append(clock.now)
        clock.sleep(0.05)
    assert most_in_a_window(moments, 10.0) == 30
    assert len([moment for moment in moments if moment < start + 50]) >= 0.95 * 30 * 5


def test_redis_shares_a_pause(redis_url: str) -> None:
    options = {"base_url": "https://paused.example.com", "rate_limit_backend": redis_url}
    one, other = (Budget(connection(**options)) for _turn in range(2))
    take(other)
    assert other.waited == 0
    one.pause(0.6)
    take(other)
    assert other.waited > 0.3


def test_redis_counts_what_a_machine_with_a_faster_clock_took(redis_url: str) -> None:
    options = {"base_url": "https://skewed.example.com", "rate_limit": 5, "rate_limit_percent": 100}
    # Not on the fake clock: it matters where the time comes from.
    ahead, behind = (
        Budget(connection(rate_limit_backend=redis_url, **options))._window("tenants") for _turn in range(2)
    )
    fast = time.time_ns() + 10_000_000_000
    with mock.patch("pyrate_limiter.buckets.redis_bucket.time_ns", return_value=fast):
        assert [ahead.wait() for _turn in range(5)] == [0.0] * 5
        assert ahead.wait() > 0
    assert behind.wait() > 0


def test_redis_counts_what_another_took_between_looking_at_the_clock_and_asking(redis_url: str) -> None:
    from pyrate_limiter import RateItem

    options = {"base_url": "https://race.example.com", "rate_limit": 5, "rate_limit_percent": 100}
    slow, quick = (Budget(connection(rate_limit_backend=redis_url, **options))._window("tenants") for _turn in range(2))
    with slow._bucket.lock:
        item = RateItem("request", slow._bucket.now())
        taking = threading.Thread(target=lambda: [quick.wait() for _turn in range(5)])
        taking.start()
        taking.join(0.05)
        assert taking.is_alive()  # the other one waits for its turn
        assert slow._bucket.put(item) is True
    taking.join(10)
    assert quick.wait() > 0


def test_redis_that_is_not_there() -> None:
    pytest.importorskip("redis", reason="redis is not installed")
    budget = Budget(connection(rate_limit_backend="redis://:passw0rd@127.0.0.1:9/0"))
    error = refused(lambda: take(budget))
    assert "Redis" in str(error)
    assert "passw0rd" not in str(error)


def test_redis_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    assert "redis" in str(refused(lambda: take(Budget(connection(rate_limit_backend="redis://127.0.0.1:9/0")))))


def test_the_limits_have_sources() -> None:
    assert DEFAULT_LIMITS == {"tenants": 200, "general": 100}
    assert _budget.MAX_PAUSE == 300


@pytest.mark.parametrize("backend", ["memory", "file"])
def test_a_log_from_before_the_clock_was_set_back_is_dropped(
    backend: str, budget_of: Callable[..., Budget], clock: FakeClock
) -> None:
    budget = budget_of(backend, rate_limit=5, rate_limit_percent=100)
    clock.now += 86_400
    for _turn in range(5):
        take(budget)
    clock.now -= 86_400
    start = clock.now
    take(budget)
    assert clock.now - start < 61
