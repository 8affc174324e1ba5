# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Carrying out a plan: several objects side by side, each after those it needs, and an honest account of each."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, Change

STATUS = {CREATE: "created", "update": "updated", DELETE: "deleted"}
#: In the order of the one-line summary.
STATUSES = ("created", "updated", "deleted", "unchanged", "skipped", "failed")

T = t.TypeVar("T")
R = t.TypeVar("R")


@dataclasses.dataclass
class Outcome:
    """What became of one change.

    Attributes:
        id: the object's id, once it has one.
        status: one of L(STATUSES).
        applied: names of the fields that took effect; the fields of a deleted object, too.
        changed: True when anything took effect, False when surely nothing did, None when that is not known.
        error: why it failed or was skipped.
        read_back: the values of fields that did change, but not to what was wanted.
    """

    change: Change
    id: str | None
    status: str
    applied: list[str]
    changed: bool | None = None
    error: IdentityError | None = None
    read_back: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def effects(self) -> list[str]:
        """Names of all fields that are not as they were before, sorted."""
        return sorted({*self.applied, *self.read_back})

    @classmethod
    def done(cls, change: Change, object_id: str | None) -> Outcome:
        """Return the outcome of a change that took effect as a whole."""
        return cls(change, object_id, STATUS[change.action], change.fields, True)

    @classmethod
    def skipped(cls, change: Change, reason: str) -> Outcome:
        """Return the outcome of a change that was not tried."""
        return cls(change, change.id, "skipped", [], False, IdentityError("skipped", reason))


def carry_out(
    changes: t.Sequence[Change],
    write: t.Callable[[t.Any], Outcome],
    *,
    concurrency: int,
    stop_on_error: bool,
) -> list[Outcome]:
    """Write changes in parallel.

    Args:
        changes: in an order that respects C(needs) (L(_plan.in_order)).
        write: writes one change; it catches L(IdentityError) itself.
        concurrency: how many are written at the same time.
        stop_on_error: leave the rest alone once one has failed. Even without it the rest is left alone after a failure
            that the next write would meet as well (a rejected key, an unreachable service).

    Returns:
        One outcome per change, in the order of C(changes).
    """
    outcomes: dict[str, Outcome] = {}
    waiting = {change.key: change for change in changes}
    halted = ""
    with concurrent.futures.ThreadPoolExecutor(max_workers=concurrency) as pool:
        running: dict[concurrent.futures.Future[Outcome], str] = {}
        while waiting or running:
            for change in tuple(waiting.values()):
                reason = halted or _blocked(change, outcomes)
                if reason:
                    outcomes[change.key] = Outcome.skipped(change, reason)
                elif any(need in waiting or need in running.values() for need in change.needs):
                    continue
                elif len(running) < concurrency:
                    running[pool.submit(write, change)] = change.key
                else:
                    break
                del waiting[change.key]
            done, _pending = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                outcomes[running.pop(future)] = outcome
                if outcome.status == "failed" and (stop_on_error or _hopeless(outcome)):
                    halted = halted or f"not tried, because '{outcome.change.key}' failed before"
    return [outcomes[change.key] for change in changes]


def in_parallel(function: t.Callable[[T], R], items: t.Sequence[T], concurrency: int) -> list[R]:
    """Return the function's result for each item, several at a time. The first exception is raised."""
    if len(items) < 2:
        return [function(item) for item in items]
    with concurrent.futures.ThreadPoolExecutor(max_workers=concurrency) as pool:
        return list(pool.map(function, items))


def summary(outcomes: t.Sequence[Outcome], unchanged: int) -> dict[str, int]:
    """Return counts by status, with all statuses present."""
    counts = dict.fromkeys(STATUSES, 0)
    for outcome in outcomes:
        counts[outcome.status] += 1
    counts["unchanged"] += unchanged
    return counts


def one_line(counts: dict[str, int]) -> str:
    """Return counts as one line: C(7 created, 2 updated, 41 unchanged, 1 failed)."""
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]) or "nothing to do"


def _blocked(change: Change, outcomes: dict[str, Outcome]) -> str:
    for need in sorted(change.needs):
        if need in outcomes and outcomes[need].status in {"failed", "skipped"}:
            return f"not tried, because it needs '{need}', which was {outcomes[need].status}"
    return ""


def _hopeless(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.stops_everything
