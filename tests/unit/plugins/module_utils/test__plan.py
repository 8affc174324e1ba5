# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._plan import (
    CREATE,
    DELETE,
    UPDATE,
    Change,
    Plan,
    in_order,
    too_many_deletions,
)


def change(key: str, *needs: str, action: str = UPDATE, **fields: Any) -> Change:
    return Change(key, key, key.upper(), action, {}, fields, set(needs))


def test_fields_of_a_change_are_those_of_both_sides_sorted() -> None:
    assert Change("a", "a", "A", UPDATE, {"z": 1, "b": 2}, {"b": 3, "c": 4}).fields == ["b", "c", "z"]
    assert Change("a", None, "A", CREATE, {}, {"name": "A"}).fields == ["name"]


def test_changes_of_one_action() -> None:
    plan = Plan([change("a", action=CREATE), change("b", action=DELETE), change("c", action=CREATE)], [], [], live=1)
    assert [item.key for item in plan.of(CREATE)] == ["a", "c"]
    assert [item.key for item in plan.of(DELETE)] == ["b"]
    assert plan.of(UPDATE) == []


@pytest.mark.parametrize(
    ("changes", "order"),
    [
        ([], []),
        ([change("b"), change("a")], ["a", "b"]),
        ([change("a", "b"), change("b", "c"), change("c")], ["c", "b", "a"]),
        ([change("a", "z"), change("b")], ["a", "b"]),
        ([change("d", "a", "b"), change("c"), change("b"), change("a")], ["a", "b", "c", "d"]),
    ],
    ids=["none", "by key", "chain", "needs of others do not matter", "two needs"],
)
def test_order(changes: list[Change], order: list[str]) -> None:
    done, circles = in_order(changes)
    assert [item.key for item in done] == order
    assert circles == []


@pytest.mark.parametrize(
    ("changes", "order", "circles"),
    [
        ([change("a", "a")], [], [["a"]]),
        ([change("a", "b"), change("b", "a"), change("c")], ["c"], [["a", "b"]]),
        ([change("a", "b"), change("b", "c"), change("c", "a")], [], [["a", "b", "c"]]),
        ([change("a", "b"), change("b", "a"), change("c", "d"), change("d", "c")], [], [["a", "b"], ["c", "d"]]),
        ([change("a", "c"), change("c", "d"), change("d", "c")], [], [["c", "d"]]),
        ([change("z", "b"), change("b", "c"), change("c", "b")], [], [["b", "c"]]),
    ],
    ids=["itself", "pair and another", "three", "two pairs", "behind a circle", "behind, later key"],
)
def test_circles_are_named(changes: list[Change], order: list[str], circles: list[list[str]]) -> None:
    done, found = in_order(changes)
    assert [item.key for item in done] == order
    assert found == circles


KEYS = "abcdefgh"


@st.composite
def graphs(draw: st.DrawFn, circles: bool) -> list[Change]:
    changes = []
    for index, key in enumerate(KEYS[: draw(st.integers(0, len(KEYS)))]):
        others = KEYS if circles else KEYS[:index]
        changes.append(change(key, *draw(st.sets(st.sampled_from(others), max_size=3) if others else st.just(set()))))
    return draw(st.permutations(changes))


@given(graphs(circles=False))
def test_each_comes_after_what_it_needs(changes: list[Change]) -> None:
    done, circles = in_order(changes)
    assert circles == []
    assert sorted(item.key for item in done) == sorted(item.key for item in changes)
    place = {item.key: index for index, item in enumerate(done)}
    assert all(place[need] < place[item.key] for item in done for need in item.needs if need in place)


@given(graphs(circles=True), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_input(changes: list[Change], shuffle: random.Random) -> None:
    other = list(changes)
    shuffle.shuffle(other)
    first, second = in_order(changes), in_order(other)
    assert [item.key for item in first[0]] == [item.key for item in second[0]]
    assert first[1] == second[1]


@given(graphs(circles=True))
def test_what_is_not_sorted_waits_for_a_circle(changes: list[Change]) -> None:
    by_key = {item.key: item for item in changes}
    done, circles = in_order(changes)
    sorted_keys = {item.key for item in done}
    assert bool(circles) == (len(done) < len(changes))
    for circle in circles:
        assert not sorted_keys & set(circle)
        for key, following in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert following in by_key[key].needs
    for item in done:
        assert item.needs & set(by_key) <= sorted_keys


@pytest.mark.parametrize(
    ("deletions", "live", "most", "percent", "fires"),
    [
        (0, 0, 0, 0, False),
        (5, 100, 5, 10, False),
        (6, 100, 5, 100, True),
        (10, 100, None, 10, False),
        (11, 100, None, 10, True),
        (1, 3, 5, 10, False),
        (2, 3, 5, 10, True),
        (1, 100, 0, 100, True),
        (1, 1, 5, 0, False),
        (2, 2, 5, 0, True),
        (100, 100, 100, 100, False),
        (100, 100, None, None, False),
        (3, 29, None, 10, True),
        (2, 29, None, 10, False),
    ],
)
def test_guard_of_deletions(deletions: int, live: int, most: int | None, percent: int | None, fires: bool) -> None:
    reason = too_many_deletions(deletions, live, max_deletes=most, max_delete_percent=percent)
    assert (reason is not None) is fires
    if reason:
        assert str(deletions) in reason


def test_the_guard_names_the_limit_that_was_met() -> None:
    assert "max_deletes (5)" in str(too_many_deletions(6, 6, max_deletes=5, max_delete_percent=100))
    reason = str(too_many_deletions(20, 100, max_deletes=50, max_delete_percent=10))
    assert "max_delete_percent (10 %, here 10)" in reason
    assert "20 of 100" in reason


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 120))
def test_fewer_deletions_are_never_refused_where_more_are_allowed(
    fewer: int, more: int, most: int, percent: int
) -> None:
    fewer, more = sorted((fewer, more))
    if too_many_deletions(more, 50, max_deletes=most, max_delete_percent=percent) is None:
        assert too_many_deletions(fewer, 50, max_deletes=most, max_delete_percent=percent) is None
