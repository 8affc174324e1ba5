# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What every module over a list that can be pruned does alike: its guards, and the account of what became of it."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, one_line, summary
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._plan import DELETE, Change, Plan, too_many_deletions
from ansible_collections.pcc.identity.plugins.module_utils._report import failure, some
from ansible_collections.pcc.identity.plugins.module_utils._safety import planned as planned_of
from ansible_collections.pcc.identity.plugins.module_utils._safety import safety_spec, told

Options = dict[str, t.Any]


def guard_spec() -> Options:
    """Return the options that say what of a list may be deleted, and what follows a failure."""
    return {
        "prune": {"type": "bool", "default": False},
        "allow_empty": {"type": "bool", "default": False},
        **limits_spec(),
        "on_error": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
        **safety_spec(),
    }


def limits_spec() -> Options:
    """Return the options that say how much may be deleted."""
    return {"max_deletes": {"type": "int", "default": 5}, "max_delete_percent": {"type": "int", "default": 10}}


def limits_problems(options: Options) -> list[Problem]:
    """Return what is wrong with the options of L(limits_spec)."""
    return [
        Problem("", name, f"{options[name]} is negative: give 0 or more.")
        for name in limits_spec()
        if options[name] < 0
    ]


def guard_problems(options: Options, plural: str, noun: str) -> list[Problem]:
    """Return what is wrong with the options of L(guard_spec).

    Args:
        options: of the module; the list is under C(plural).
        plural: what the list is called.
        noun: what one entry is called.
    """
    problems = []
    if options["prune"] and not options[plural] and not options["allow_empty"]:
        problems.append(
            Problem(
                "",
                plural,
                f"an empty list with prune: true would delete every {noun}: check where the list comes from, or set "
                "allow_empty: true if that is meant.",
            )
        )
    return problems + limits_problems(options)


def refused_deletions(plan: Plan, options: Options, label: t.Callable[[Change], str]) -> Options | None:
    """Return what a result says of a plan that deletes too much, or None.

    Args:
        plan: what would be done.
        options: with those of L(guard_spec).
        label: what to call a change in the message.
    """
    deletions = plan.of(DELETE)
    reason = too_many_deletions(
        len(deletions),
        plan.live,
        max_deletes=options["max_deletes"],
        max_delete_percent=options["max_delete_percent"],
    )
    if not reason:
        return None
    names = [label(change) for change in sorted(deletions, key=lambda change: change.key)]
    return {
        "failed": True,
        "msg": f"Nothing was written: {reason}: {some(names)}.",
        "error_code": "too_many_deletions",
        "hint": "Check where the list comes from; if all these shall go, raise max_deletes and max_delete_percent.",
    }


def result_over(
    client: Client,
    plan: Plan,
    outcomes: list[Outcome],
    *,
    planned: bool,
    plural: str,
    rows: list[Options],
    shape: t.Callable[[Options], Options],
    unverified: IdentityError | None,
    backup_file: pathlib.Path | None,
) -> Options:
    """Return the result over many: what was done, or with C(planned) what would be.

    Args:
        client: that it was done with.
        plan: what was to be done.
        outcomes: what became of it.
        planned: tell about the plan.
        plural: what the list is called.
        rows: one entry per object.
        shape: turns flat fields into what a diff shows.
        unverified: why what was written could not be read back.
        backup_file: that has what was there before.
    """
    counts = summary(outcomes, len(plan.unchanged))
    failed = [outcome for outcome in outcomes if outcome.status in {"failed", "skipped"}]
    shown = plan.changes if planned else [_took_effect(outcome) for outcome in outcomes if outcome.effects]
    result: Options = {
        "changed": any(outcome.changed is not False for outcome in outcomes),
        "msg": one_line(counts),
        "summary": counts,
        plural: rows,
        "unmanaged": plan.unmanaged,
        "planned": planned_of(plan),
        "requests": client.session.requests(),
        "diff": render(shown, shape, f"{plural} of {client.connection.project_id}"),
        **told(backup_file, outcomes),
    }
    if failed or unverified:
        result.update(failure(result["msg"], failed, unverified))
    return result


def _took_effect(outcome: Outcome) -> Change:
    """Return the part of a change that took effect."""
    change = outcome.change
    return dataclasses.replace(
        change,
        before={name: value for name, value in change.before.items() if name in outcome.effects},
        after={**{name: value for name, value in change.after.items() if name in outcome.applied}, **outcome.read_back},
    )
