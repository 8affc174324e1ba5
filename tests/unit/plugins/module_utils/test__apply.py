# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._apply import (
    STATUSES,
    Outcome,
    carry_out,
    in_parallel,
    one_line,
    summary,
)
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change


def change(key: str, *needs: str, action: str = UPDATE) -> Change:
    return Change(key, key, key.upper(), action, {}, {"name": key}, set(needs))


def failed(item: Change, code: str = "refused") -> Outcome:
    return Outcome(item, item.id, "failed", [], False, ServiceError(code, "no"))


def writer(*failing: str, code: str = "refused") -> tuple[Callable[[Change], Outcome], list[str]]:
    tried: list[str] = []

    def write(item: Change) -> Outcome:
        tried.append(item.key)
        return failed(item, code) if item.key in failing else Outcome.done(item, item.id)

    return write, tried


def statuses(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.change.key: outcome.status for outcome in outcomes}


@pytest.mark.parametrize(("action", "status"), [(CREATE, "created"), (UPDATE, "updated"), (DELETE, "deleted")])
def test_outcome_of_a_change_that_was_done(action: str, status: str) -> None:
    outcome = Outcome.done(change("a", action=action), "id")
    assert (outcome.status, outcome.applied, outcome.changed, outcome.id) == (status, ["name"], True, "id")


def test_outcome_of_a_change_that_was_skipped() -> None:
    outcome = Outcome.skipped(change("a"), "why")
    assert (outcome.status, outcome.applied, outcome.changed) == ("skipped", [], False)
    assert isinstance(outcome.error, IdentityError)
    assert str(outcome.error) == "why"


def test_nothing_to_do() -> None:
    assert carry_out([], writer()[0], concurrency=4, stop_on_error=False) == []


def test_outcomes_come_in_the_order_of_the_changes() -> None:
    changes = [change(key) for key in "dacb"]
    outcomes = carry_out(changes, writer()[0], concurrency=3, stop_on_error=False)
    assert [outcome.change.key for outcome in outcomes] == list("dacb")


def test_writes_go_side_by_side() -> None:
    meeting = threading.Barrier(4, timeout=20)

    def write(item: Change) -> Outcome:
        meeting.wait()
        return Outcome.done(item, item.id)

    outcomes = carry_out([change(key) for key in "abcdefgh"], write, concurrency=4, stop_on_error=False)
    assert {outcome.status for outcome in outcomes} == {"updated"}


def test_never_more_at_a_time_than_allowed() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def write(item: Change) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.002)
        with lock:
            running -= 1
        return Outcome.done(item, item.id)

    carry_out([change(f"{number:02}") for number in range(30)], write, concurrency=3, stop_on_error=False)
    assert most == 3


def test_what_needs_a_failed_change_is_skipped_and_so_on() -> None:
    changes = [change("a"), change("b", "a"), change("c", "b"), change("d")]
    write, tried = writer("a")
    outcomes = carry_out(changes, write, concurrency=4, stop_on_error=False)
    assert statuses(outcomes) == {"a": "failed", "b": "skipped", "c": "skipped", "d": "updated"}
    assert sorted(tried) == ["a", "d"]
    assert "needs 'a', which was failed" in str(outcomes[1].error)
    assert "needs 'b', which was skipped" in str(outcomes[2].error)


def test_stop_leaves_the_rest_alone() -> None:
    write, tried = writer("b")
    outcomes = carry_out([change(key) for key in "abcd"], write, concurrency=1, stop_on_error=True)
    assert statuses(outcomes) == {"a": "updated", "b": "failed", "c": "skipped", "d": "skipped"}
    assert tried == ["a", "b"]
    assert "'b' failed before" in str(outcomes[2].error)


def test_continue_goes_on() -> None:
    write, tried = writer("b")
    outcomes = carry_out([change(key) for key in "abcd"], write, concurrency=1, stop_on_error=False)
    assert [outcome.status for outcome in outcomes] == ["updated", "failed", "updated", "updated"]
    assert tried == list("abcd")


@pytest.mark.parametrize("code", ["unauthorized", "unreachable", "tls", "rate_limited"])
def test_what_would_fail_every_write_ends_the_run(code: str) -> None:
    write, tried = writer("b", code=code)
    outcomes = carry_out([change(key) for key in "abcd"], write, concurrency=1, stop_on_error=False)
    assert [outcome.status for outcome in outcomes] == ["updated", "failed", "skipped", "skipped"]
    assert tried == ["a", "b"]


def test_a_store_that_is_lost_ends_the_run() -> None:
    def write(item: Change) -> Outcome:
        return Outcome(item, item.id, "failed", [], False, IdentityError("rate_limit_backend", "The store is gone."))

    outcomes = carry_out([change("a"), change("b")], write, concurrency=1, stop_on_error=False)
    assert [outcome.status for outcome in outcomes] == ["failed", "skipped"]


def test_a_programming_error_is_not_hidden() -> None:
    def write(item: Change) -> Outcome:
        raise ZeroDivisionError(item.key)

    with pytest.raises(ZeroDivisionError):
        carry_out([change("a")], write, concurrency=2, stop_on_error=False)


KEYS = "abcdefghij"


@st.composite
def plans(draw: st.DrawFn) -> list[Change]:
    return [
        change(key, *(draw(st.sets(st.sampled_from(KEYS[:index]), max_size=2)) if index else ()))
        for index, key in enumerate(KEYS[: draw(st.integers(1, len(KEYS)))])
    ]


@settings(max_examples=60)
@given(plans(), st.sets(st.sampled_from(KEYS)), st.integers(1, 4), st.booleans())
def test_whatever_fails_the_account_is_whole_and_true(
    changes: list[Change], failing: set[str], concurrency: int, stop: bool
) -> None:
    lock = threading.Lock()
    finished: dict[str, str] = {}
    early: list[str] = []

    def write(item: Change) -> Outcome:
        with lock:
            if any(finished.get(need) != "updated" for need in item.needs):
                early.append(item.key)
        outcome = failed(item) if item.key in failing else Outcome.done(item, item.id)
        with lock:
            finished[item.key] = outcome.status
        return outcome

    outcomes = carry_out(changes, write, concurrency=concurrency, stop_on_error=stop)
    told = statuses(outcomes)
    assert list(told) == [item.key for item in changes]
    assert not early
    assert {key: status for key, status in told.items() if status != "skipped"} == finished
    bad = {key for key, status in told.items() if status != "updated"}
    for item in changes:
        if item.needs & bad:
            assert told[item.key] == "skipped"
        elif not stop:
            assert told[item.key] == ("failed" if item.key in failing else "updated")
    if stop and bad:
        assert "failed" in told.values()


def test_in_parallel_keeps_the_order_and_works_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=20)

    def double(number: int) -> int:
        meeting.wait()
        return 2 * number

    assert in_parallel(double, [3, 1, 2], 3) == [6, 2, 4]


def test_in_parallel_with_one_or_none_needs_no_thread() -> None:
    assert in_parallel(lambda _item: threading.current_thread().name, ["one"], 8) == [threading.current_thread().name]
    assert in_parallel(str, [], 8) == []


def test_in_parallel_raises_the_first_error() -> None:
    def broken(number: int) -> int:
        if number:
            raise ServiceError("refused", f"number {number}")
        return number

    with pytest.raises(ServiceError, match="number 1"):
        in_parallel(broken, [0, 1, 2], 2)


def test_summary_counts_every_status() -> None:
    outcomes = [
        Outcome.done(change("a", action=CREATE), "a"),
        Outcome.done(change("b"), "b"),
        failed(change("c")),
        Outcome.skipped(change("d"), "x"),
        Outcome(change("e"), "e", "unchanged", [], False),
    ]
    counts = summary(outcomes, 41)
    assert counts == {"created": 1, "updated": 1, "deleted": 0, "unchanged": 42, "skipped": 1, "failed": 1}
    assert tuple(counts) == STATUSES
    assert one_line(counts) == "1 created, 1 updated, 42 unchanged, 1 skipped, 1 failed"


def test_summary_of_nothing() -> None:
    assert one_line(summary([], 0)) == "nothing to do"
