# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Plans: what would change, in which order, and whether that is too much. Pure: no I/O, no clock, no randomness.

A plan is made from two normalised values. Check mode shows it and a real run applies it, so they cannot disagree.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

CREATE, UPDATE, DELETE = "create", "update", "delete"


@dataclasses.dataclass
class Change:
    """One object that would be created, updated or deleted.

    Attributes:
        key: what the object goes by in diffs, results and C(needs): its id, or its name where the service makes the id.
        id: the object's id, None while the service has not made it yet.
        name: the object's name.
        action: C(create), C(update) or C(delete).
        before: the changing fields as they are (flat), everything on deletion, nothing on creation.
        after: the changing fields as they shall be (flat), nothing on deletion.
        needs: keys of the changes that must have succeeded before this one may be tried.
    """

    key: str
    id: str | None
    name: str
    action: str
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    needs: set[str] = dataclasses.field(default_factory=set)

    @property
    def fields(self) -> list[str]:
        """Names of the fields that change, sorted."""
        return sorted(set(self.before) | set(self.after))


@dataclasses.dataclass
class Plan:
    """What would be done to make the service as wanted.

    Attributes:
        changes: in an order that respects C(needs).
        unchanged: key, id and name of the objects that are as wanted.
        unmanaged: ids that exist and are not in the list, sorted. With pruning they are among the deletions instead.
        live: how many objects existed when the plan was made.
    """

    changes: list[Change]
    unchanged: list[tuple[str, str | None, str]]
    unmanaged: list[str]
    live: int

    def of(self, action: str) -> list[Change]:
        """Return the changes of one action."""
        return [change for change in self.changes if change.action == action]


def in_order(changes: t.Iterable[Change]) -> tuple[list[Change], list[list[str]]]:
    """Sort changes so that each comes after those it needs, otherwise by key.

    Returns:
        The sorted changes, and the groups of keys that wait for one another in a circle and are therefore not sorted.
    """
    by_key = {change.key: change for change in changes}
    waiting = {key: {need for need in change.needs if need in by_key} for key, change in by_key.items()}
    wanted_by: dict[str, list[str]] = collections.defaultdict(list)
    for key, needs in waiting.items():
        for need in needs:
            wanted_by[need].append(key)
    ready = collections.deque(sorted(key for key, needs in waiting.items() if not needs))
    done: list[Change] = []
    while ready:
        key = ready.popleft()
        done.append(by_key[key])
        freed = []
        for follower in wanted_by[key]:
            waiting[follower].discard(key)
            if not waiting[follower]:
                freed.append(follower)
        ready.extend(sorted(freed))
    left = {key: needs for key, needs in waiting.items() if needs}
    return done, _circles(left)


def _circles(waiting: dict[str, set[str]]) -> list[list[str]]:
    """Return the circles among keys that each wait for at least one other of them."""
    circles: list[list[str]] = []
    seen: set[str] = set()
    for start in sorted(waiting):
        path: list[str] = []
        key = start
        while key not in seen:
            seen.add(key)
            path.append(key)
            key = min(waiting[key])
        if key in path:
            circles.append(path[path.index(key) :])
    return circles


def too_many_deletions(
    deletions: int, live: int, *, max_deletes: int | None, max_delete_percent: int | None
) -> str | None:
    """Return why a plan deletes too much, or None.

    The percentage is of the C(live) objects and always lets one deletion through, so that small projects can be pruned.
    """
    if max_deletes is not None and deletions > max_deletes:
        return f"{deletions} would be deleted, more than max_deletes ({max_deletes}) allows"
    if max_delete_percent is not None:
        allowed = max(1, live * max_delete_percent // 100)
        if deletions > allowed and max_delete_percent < 100:
            return (
                f"{deletions} of {live} would be deleted, more than max_delete_percent ({max_delete_percent} %, "
                f"here {allowed}) allows"
            )
    return None
