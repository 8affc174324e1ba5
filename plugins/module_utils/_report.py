# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The parts of a result that all modules tell alike: failures and problems. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem

#: How many objects a message names before it says how many more there are.
NAMED = 20


def failure(line: str, outcomes: t.Sequence[Outcome], unverified: IdentityError | None = None) -> dict[str, t.Any]:
    """Return what a failed run adds to its result.

    Args:
        line: the summary line.
        outcomes: those that failed or were skipped.
        unverified: why what was written could not be read back.
    """
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    lines = [f"- '{outcome.change.key}': {outcome.error}" for outcome in failures]
    first = next((outcome.error for outcome in failures if outcome.error), unverified)
    if unverified:
        lines.append(f"- what was written could not be read back: {unverified}")
    return {
        "failed": True,
        "msg": f"{line}\n" + "\n".join(lines[:NAMED]) + (f"\n- and {len(lines) - NAMED} more" if lines[NAMED:] else ""),
        "error_code": first.code if first else "failed",
        "hint": (first.hint if first else "")
        or "Run the same play again: what is done is left alone, the rest is tried.",
    }


def some(names: list[str]) -> str:
    """Return names as one text, not all of them if they are many."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def where_of(problem: Problem) -> dict[str, str]:
    """Return a problem as it stands in a result."""
    return {"where": problem.where, "field": problem.field, "message": problem.message}
