# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._backup_retention import Made, expired

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


def made(*ages: float) -> list[Made]:
    """Backups of these ages in days, named by them."""
    return [(f"b{age:g}", NOW - datetime.timedelta(days=age)) for age in ages]


@pytest.mark.parametrize(
    ("ages", "days", "keep", "deleted"),
    [
        ((), 30, 10, []),
        ((1, 2, 50, 60), None, 1, []),
        ((1, 2, 50, 60), 30, 1, ["b60", "b50"]),
        ((60, 1, 50, 2), 30, 2, ["b60", "b50"]),
        ((1, 2, 50, 60), 30, 3, ["b60"]),
        ((1, 2, 50, 60), 30, 4, []),
        ((1, 2, 50, 60), 30, 10, []),
        ((40, 50, 60), 30, 1, ["b60", "b50"]),
        ((30,), 30, 0, []),
        ((30.0001,), 30, 0, ["b30.0001"]),
        ((-5, 31), 30, 1, ["b31"]),
    ],
)
def test_what_is_deleted(ages: Any, days: int | None, keep: int, deleted: list[str]) -> None:
    assert expired(made(*ages), now=NOW, retention_days=days, keep_at_least=keep) == deleted


def test_what_is_needed_stays() -> None:
    every = made(40, 50, 60)
    assert expired(every, now=NOW, retention_days=30, keep_at_least=1, needed=["b50"]) == ["b60"]
    assert expired(every, now=NOW, retention_days=30, keep_at_least=1, needed=["b40"]) == ["b60", "b50"]


AGES = st.lists(st.floats(-10, 1000, allow_nan=False).map(lambda age: round(age, 3)), unique=True, max_size=30)


@given(AGES, st.integers(1, 400), st.integers(1, 20), st.data())
def test_always(ages: list[float], days: int, keep: int, data: st.DataObject) -> None:
    every = made(*ages)
    names = [name for name, _when in every]
    needed = data.draw(st.sets(st.sampled_from(names)) if names else st.just(set()))
    options: Any = {"now": NOW, "retention_days": days, "needed": needed}
    deleted = expired(every, keep_at_least=keep, **options)
    by_name = dict(zip(names, ages, strict=True))
    staying = set(names) - set(deleted)
    assert len(deleted) == len(set(deleted))
    assert len(staying) >= min(keep, len(names))
    assert not needed & set(deleted)
    assert all(by_name[name] > days for name in deleted)
    # Nothing that stays for its number alone is older than anything that goes.
    for name in staying - needed:
        if deleted and by_name[name] > days:
            assert by_name[name] < min(by_name[other] for other in deleted)
    # What is old, not needed and beyond the number does go.
    newest = sorted(names, key=lambda name: by_name[name])
    assert set(deleted) == {name for name in newest[keep:] if by_name[name] > days and name not in needed}
    # The order of the files does not matter, and a second run has nothing to do.
    assert expired(every[::-1], keep_at_least=keep, **options) == deleted
    left = [each for each in every if each[0] in staying]
    assert expired(left, keep_at_least=keep, **options) == []
    # Keeping more never deletes more.
    assert set(expired(every, keep_at_least=keep + 1, **options)) <= set(deleted)


def test_the_truth_stays_whatever_was_saved_before_changes() -> None:
    """A night's file to which nothing has changed is the newest complete one, however old."""
    every = made(1, 2, 3, 50, 60, 100)
    complete = {"b50": ["flows"], "b100": ["flows"]}
    options: Any = {"now": NOW, "retention_days": 30, "complete": complete}
    assert expired(every, keep_at_least=1, **options) == ["b100", "b60"]
    assert expired(every, keep_at_least=2, **options) == ["b60"]
    # It was the truth until the next one was made.
    assert expired(made(20, 100), now=NOW, retention_days=30, keep_at_least=1, complete={"b20": "f", "b100": "f"}) == []
    # One of less does not stand for one of more.
    assert expired(made(1, 100), now=NOW, retention_days=30, keep_at_least=1, complete={"b1": "f", "b100": "fg"}) == []


@given(AGES, st.integers(1, 20), st.data())
def test_the_newest_complete_one_always_stays(ages: list[float], keep: int, data: st.DataObject) -> None:
    every = made(*ages)
    names = [name for name, _when in every]
    whole = data.draw(st.sets(st.sampled_from(names)) if names else st.just(set()))
    options: Any = {"now": NOW, "retention_days": 30, "complete": {name: ["flows"] for name in whole}}
    deleted = expired(every, keep_at_least=keep, **options)
    assert len(whole - set(deleted)) >= min(keep, len(whole))
    left = [each for each in every if each[0] not in deleted]
    assert expired(left, keep_at_least=keep, **options) == []
