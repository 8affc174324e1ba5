# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The transaction of a run over several kinds of objects: how large its plan is, and what became of it. Pure.

A step is one task of the run. Its result is that of the module in check mode, then that of the module for real.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._report import NAMED, some

Result = dict[str, t.Any]
Results = t.Mapping[str, Result]

#: Where the rows of a result are, and what one of them is called.
_KINDS = {"permissions": "permission", "roles": "role", "tenants": "tenant", "flows": "flow"}

#: How the names of steps end that say nothing where they have nothing to do.
_SILENT = ("to delete", "default roles of tenants")

#: What does not count as a change.
_AS_IT_WAS = frozenset({"unchanged", "skipped", "failed"})


def plan_of(
    results: Results,
    *,
    max_changes: int | None = None,
    max_deletes: int | None = None,
) -> dict[str, t.Any]:
    """Return what a run is about to do, all kinds together.

    Args:
        results: of the modules in check mode, by step; steps that were left out have no C(msg).
        max_changes: how many objects the run may create, update and delete, None for any number.
        max_deletes: how many of them it may delete, None for any number.

    Returns:
        C(steps): those that change something, in the order of the run. C(changes) and C(deletions): how many.
        C(destroys): a line for each object that would be deleted. C(refusals): why the plan is too large.
    """
    steps = [name for name, result in results.items() if _changes(result)]
    destroys = [line for result in results.values() for line in _destroyed(result)]
    changes = sum(_changes(result) for result in results.values())
    refusals = []
    if max_changes is not None and changes > max_changes:
        refusals.append(
            f"{changes} objects would change, more than descope_max_changes ({max_changes}) allows: "
            f"{', '.join(f'{_changes(results[name])} in {name}' for name in steps)}."
        )
    if max_deletes is not None and len(destroys) > max_deletes:
        refusals.append(
            f"{len(destroys)} objects would be deleted, more than descope_max_deletes ({max_deletes}) allows: "
            f"{some(destroys)}."
        )
    return {
        "steps": steps,
        "changes": changes,
        "deletions": len(destroys),
        "destroys": destroys,
        "refusals": refusals,
    }


def account_of(plan: Results, results: Results) -> dict[str, t.Any]:
    """Return what became of a run.

    Args:
        plan: the results in check mode, by step.
        results: the real ones; of steps that were not begun they are the same as in the plan. Empty in check mode.

    Returns:
        C(lines): a line for each step that had anything to do or to look at. C(failed): a line for each object that
        failed. C(left): steps that change something and
        were not begun. C(backups): the files with what was changed, as it was before. C(created): whether anything was
        created, which they do not have. C(requests): how many were sent. C(unmanaged): tenants in no list.
    """
    told = {name: result for name, result in results.items() if "msg" in result and result != plan.get(name)}
    latest = {name: told.get(name, result) for name, result in plan.items()}
    left = [name for name, result in plan.items() if results and _changes(result) and name not in told]
    lines = [
        f"{name}: not tried (planned: {_line(result)})" if name in left else f"{name}: {_line(result)}"
        for name, result in latest.items()
        if _line(result) and (_changes(result) or result.get("failed") or not name.endswith(_SILENT))
    ]
    failed = [
        f"{noun} '{row.get('id') or row.get('name')}': {row['error']}"
        for result in told.values()
        for noun, row in _rows(result)
        if row.get("error") and row["status"] == "failed"
    ]
    return {
        "lines": lines,
        "failed": failed[:NAMED] + ([f"and {len(failed) - NAMED} more"] if failed[NAMED:] else []),
        "left": left,
        "backups": [result["backup_file"] for result in told.values() if "rollback" in result],
        "created": any(
            row["status"] == "created"
            for name, result in told.items()
            if "rollback" in result
            for _noun, row in _rows(plan[name])  # one that failed halfway is there as well
        ),
        "requests": sum(_requests(result) for side in (plan, told) for result in side.values()),
        "unmanaged": latest.get("tenants", {}).get("unmanaged") or [],
    }


def _rows(result: Result) -> t.Iterator[tuple[str, Result]]:
    for plural, noun in _KINDS.items():
        rows = result.get(plural)
        if isinstance(rows, list):
            for row in rows:
                yield noun, row


def _changes(result: Result) -> int:
    """Return how many objects a result changes. The theme is one, and has no rows."""
    if "summary" in result:
        return sum(row["status"] not in _AS_IT_WAS for _noun, row in _rows(result))
    return int(bool(result.get("changes")))


def _destroyed(result: Result) -> t.Iterator[str]:
    for noun, row in _rows(result):
        if row["status"] == "deleted":
            name = str(row.get("name") or "")
            key = str(row.get("id") or name)
            owner = f" of tenant '{row['tenant_id']}'" if row.get("tenant_id") else ""
            label = f" ({name})" if name and name != key else ""
            along = ", with its users and access keys" if row.get("cascade") else ""
            yield f"{noun} '{key}'{label}{owner}{along}"


def _line(result: Result) -> str:
    """Return the first line of a message, which counts; what failed has been told by its task."""
    line = str(result.get("msg") or "").partition("\n")[0]
    return line.removeprefix("theme: ")


def _requests(result: Result) -> int:
    requests = result.get("requests") or {}
    return int(requests.get("reads", 0)) + int(requests.get("writes", 0))
