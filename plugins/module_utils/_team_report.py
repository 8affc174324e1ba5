# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What became of each team, as it stands in a result: rows, diffs, the message. Pure."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import NAMED, some
from ansible_collections.pcc.identity.plugins.module_utils._team_apply import REMOVE, Applied
from ansible_collections.pcc.identity.plugins.module_utils._team_model import ABSENT, Team, Wanted, in_order, key_of
from ansible_collections.pcc.identity.plugins.module_utils._team_plan import ADD, TeamPlan, after, before

Row = dict[str, t.Any]

STATUSES = ("created", "updated", "unchanged", "skipped", "failed")

_AGAIN = "Run the same play again: what is done is left alone, the rest is tried."


@dataclasses.dataclass
class Work:
    """One team on its way from what is wanted to what became of it.

    Attributes:
        plan: None while it could not be made.
        applied: None if nothing was written.
        error: why the plan could not be made.
        skipped: why it was not tried.
        team: that was found, also where there is no plan.
        looked: whether it is known which team it is, or that there is none.
    """

    wanted: Wanted
    plan: TeamPlan | None = None
    applied: Applied | None = None
    error: IdentityError | None = None
    skipped: IdentityError | None = None
    team: Team | None = None
    looked: bool = False

    @property
    def written(self) -> bool:
        """Whether anything has changed, or may have."""
        return self.applied is not None and self.applied.wrote


def row_of(work: Work, *, planned: bool) -> Row:
    """Return what is told about a team.

    Args:
        work: what became of it.
        planned: tell what would be done, not what was.
    """
    wanted, plan, applied = work.wanted, work.plan or TeamPlan(None, len(work.wanted.texts)), work.applied
    team = applied.team if applied else plan.live.team if plan.live else work.team
    rest = applied.rest if applied else None
    told = planned and not work.skipped
    added = list(_additions(plan) if told else applied.labels(ADD) if applied else ())
    removed = [member.user.label for member in plan.removals] if told else applied.labels(REMOVE) if applied else []
    kept = [*plan.kept, *(applied.labels(ADD, others=True) if applied else ())]
    failed_users = _failed_users(work, plan)
    came = {key_of(label) for label in added + kept}
    error = _error(work, plan, failed_users)
    created = plan.create if told else bool(applied and applied.created)
    status = "created" if created else "updated" if added or removed else "unchanged"
    if error:
        status = "skipped" if work.skipped else "failed"
    return {
        "name": team.name if team else wanted.name,
        "uid": (team.uid or None) if team else wanted.uid,
        "id": (team.id or None) if team else None,
        "status": status,
        "added": list(in_order(added)),
        "removed": list(in_order(removed)),
        "kept": list(in_order(kept)),
        "missing": [text for text in plan.missing if key_of(text) not in came],
        "protected": list(in_order({*plan.protected, *(rest.protected if rest else ())})),
        "spared": list(in_order({*plan.spared, *(rest.spared if rest else ())})),
        "external": list(plan.external),
        "disabled": list(plan.disabled),
        "ambiguous": list(plan.ambiguous),
        "failed_users": failed_users,
        "remaining_drift": _drift(work, plan, planned=told),
        "removals_disabled": plan.removals_disabled,
        "warnings": _warnings(plan, applied),
        "error": error.message if error else None,
        "error_code": error.code if error else None,
        "hint": (error.hint or _AGAIN) if error else None,
        "stats": {
            "desired": plan.desired,
            "before": None if work.plan is None or not work.plan.read else len(before(plan)),
            "after": _after(work, plan, planned=told),
        },
    }


def _additions(plan: TeamPlan) -> t.Iterator[str]:
    return (addition.label for addition in plan.additions)


def _failed_users(work: Work, plan: TeamPlan) -> list[Row]:
    action = REMOVE if work.wanted.state == ABSENT else ADD
    found = [
        {"email": text, "action": action, "status": None, "message": f"{doubt}."}
        for text, doubt in zip(plan.ambiguous, plan.doubts, strict=True)
    ]
    return found + [
        {"email": step.label, "action": step.action, "status": status, "message": message}
        for step, status, message in (work.applied.failures if work.applied else ())
    ]


def _error(work: Work, plan: TeamPlan, failed_users: list[Row]) -> IdentityError | None:
    applied = work.applied
    error = work.error or work.skipped or plan.refusal or (applied.error if applied else None)
    if error:
        return error
    if applied and applied.unverified:
        return IdentityError(
            applied.unverified.code,
            f"The members could not be read back: {applied.unverified.message}",
            applied.unverified.hint,
        )
    if not failed_users:
        return None
    first = next((step.error for step, _status, _text in (applied.failures if applied else ()) if step.error), None)
    lines = some([f"{user['email']}: {user['message'].rstrip('.')}" for user in failed_users])
    if plan.ambiguous:
        hint = "Give each of these users an e-mail of their own, or merge the accounts."
        return IdentityError("ambiguous_user", f"{len(failed_users)} of the users failed: {lines}.", hint)
    return IdentityError(
        first.code if first else "user_failed",
        f"{len(failed_users)} of the users failed: {lines}.",
        first.hint if first else "",
    )


def _drift(work: Work, plan: TeamPlan, *, planned: bool) -> dict[str, list[str]]:
    """Return what is left to do."""
    applied = work.applied
    if applied is None:
        if plan.writes and not planned:
            return plan.drift
        return {
            "add": plan.drift["add"] if plan.refusal else [],
            "remove": plan.drift["remove"] if plan.refusal or plan.removals_disabled else [],
        }
    if applied.rest:
        return applied.rest.drift
    done = {name: {key_of(label) for label in applied.labels(action)} for name, action in _LISTS}
    return {name: [label for label in labels if key_of(label) not in done[name]] for name, labels in plan.drift.items()}


_LISTS = (("add", ADD), ("remove", REMOVE))


def _after(work: Work, plan: TeamPlan, *, planned: bool) -> int | None:
    if work.plan is None or not work.plan.read:
        return None
    if planned:
        return len(after(plan))
    if work.applied is None:
        return len(before(plan))
    return None if work.applied.final is None else len(work.applied.final)


def _warnings(plan: TeamPlan, applied: Applied | None) -> list[str]:
    warnings = list(plan.warnings)
    if applied:
        gone = len(applied.labels(REMOVE, others=True))
        warnings += [f"{gone} of the members removed by somebody else meanwhile."] if gone else []
    return warnings


def diff_of(row: Row, plan: TeamPlan | None) -> dict[str, str] | None:
    """Return the diff of a team, None if nothing changes."""
    created = row["status"] == "created" or (plan is not None and plan.create and row["id"] is not None)
    if not (row["added"] or row["removed"] or created):
        return None
    had = before(plan) if plan else []
    gone: collections.Counter[str] = collections.Counter(row["removed"])
    stay = []
    for label in had:
        if gone[label]:
            gone[label] -= 1
        else:
            stay.append(label)
    has = list(in_order([*stay, *row["added"]]))
    header = f"grafana team {row['name']} ({'new' if created else 'uid ' + (row['uid'] or 'none')})"
    change = Change("members", None, row["name"], UPDATE, {} if created else {"of": _shown(had)}, {"of": _shown(has)})
    return render([change], lambda fields: fields["of"], header)


def _shown(labels: list[str]) -> dict[str, str]:
    """Return members as a diff shows them. The dashes of a list would look as if people were taken out."""
    return {
        label: "member" if count == 1 else f"{count} members" for label, count in collections.Counter(labels).items()
    }


def message_of(rows: list[Row], wanted: t.Sequence[Wanted]) -> str:
    """Return what is done in one line, then a line for each team that failed, and the reasons of removals."""
    counts = summary_of(rows)
    parts = [f"{counts[status]} {status}" for status in STATUSES if counts[status]]
    sums = {name: sum(len(row[name]) for row in rows) for name in ("added", "removed")}
    members = [f"{count} {name}" for name, count in sums.items() if count]
    line = (", ".join(parts) or "nothing to do") + (f": {', '.join(members)}" if members else "")
    failures = [
        f"- '{row['name'] or row['uid']}': {row['error']} {row['hint'] or ''}".rstrip() for row in rows if row["error"]
    ]
    reasons = [
        f"- '{row['name']}': removed {label}: {entry.reasons[key_of(label)]}"
        for row, entry in zip(rows, wanted, strict=True)
        for label in row["removed"]
        if key_of(label) in entry.reasons
    ]
    return "\n".join([line, *_first(failures), *_first(reasons)])


def _first(lines: list[str]) -> list[str]:
    return lines[:NAMED] + ([f"- and {len(lines) - NAMED} more"] if lines[NAMED:] else [])


def summary_of(rows: list[Row]) -> dict[str, int]:
    """Return counts by status, with all statuses present."""
    counts = collections.Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES}
