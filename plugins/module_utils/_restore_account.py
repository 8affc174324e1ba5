# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The account of a restore: what became of every object, over all rounds that it took. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._json import is_empty, same
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import TenantChange

#: Says of an object that it cannot be restored, in C(error_code).
CANNOT = "cannot_restore"


@dataclasses.dataclass
class Account:
    """What became of every object.

    Attributes:
        outcomes: by section and key, in the order of the rounds.
        unchanged: by section, the keys of those that are as they were.
        reasons: why others cannot be restored, by section and key.
        anew: tenants that are deleted and created anew.
        warnings: worth a word to the user.
        halted: why the rest was not tried.
        unverified: why what was written could not be read back.
    """

    outcomes: dict[tuple[str, str], list[Outcome]] = dataclasses.field(default_factory=dict)
    unchanged: dict[tuple[str, str], None] = dataclasses.field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    anew: set[str] = dataclasses.field(default_factory=set)
    warnings: list[str] = dataclasses.field(default_factory=list)
    halted: str = ""
    unverified: IdentityError | None = None

    def add(self, section: str, outcomes: t.Sequence[Outcome]) -> None:
        """Note what became of some changes."""
        for outcome in outcomes:
            self.outcomes.setdefault((section, outcome.change.key), []).append(outcome)
            hopeless = outcome.status == "failed" and outcome.error is not None and outcome.error.stops_everything
            if hopeless and not self.halted:
                self.halted = f"not tried, because '{section}/{outcome.change.key}' failed before"

    def keep(self, section: str, keys: t.Iterable[str]) -> None:
        """Note the objects that are as they were."""
        self.unchanged.update({(section, key): None for key in keys})

    def fail(self, section: str, reasons: t.Mapping[str, str]) -> None:
        """Note why objects cannot be restored; the first reason counts."""
        for key, reason in reasons.items():
            self.reasons.setdefault((section, key), reason)

    def firsts(self, section: str) -> dict[str, Change]:
        """Return the first change of each object of a section, which was planned from what was read."""
        return {key: outcomes[0].change for (name, key), outcomes in self.outcomes.items() if name == section}

    def final(self) -> dict[tuple[str, str], Outcome]:
        """Return one outcome for each object that is not as it was, over all its rounds."""
        found = {}
        for place, outcomes in self.outcomes.items():
            # One that was only released for others before it turned out as it was is not worth a row.
            merged = _merged(outcomes)
            if merged.status != "unchanged":
                found[place] = merged
            else:
                self.unchanged.setdefault(place, None)
        for place, reason in self.reasons.items():
            error = IdentityError(CANNOT, reason)
            if place in found:
                found[place] = dataclasses.replace(found[place], status="failed", error=found[place].error or error)
            else:
                change = Change(place[1], place[1], "", UPDATE, {}, {})
                found[place] = Outcome(change, place[1], "failed", [], False, error)
        return found


def planned_of(account: Account) -> list[str]:
    """Return what is foreseen to be done, for the option C(planned): C(deleted tenants/acme), sorted.

    A tenant that is created anew is told as such besides, since that takes more from it than an update.
    """
    final = account.final()
    places = {place: outcome.status for place, outcome in final.items() if outcome.effects or outcome.changed}
    told = {
        f"{status} {section if section == key else f'{section}/{key}'}" for (section, key), status in places.items()
    }
    return sorted(told | {f"recreated tenants/{key}" for key in account.anew if ("tenants", key) in final})


def _merged(outcomes: t.Sequence[Outcome]) -> Outcome:
    """Return one outcome for several that were about the same object, one after the other."""
    if len(outcomes) == 1:
        return outcomes[0]
    first, last = outcomes[0].change, outcomes[-1].change
    before = _first_values(outcomes)
    now: dict[str, t.Any] = {}
    gone = False
    for outcome in outcomes:
        if outcome.change.action == DELETE and outcome.status == "deleted":
            now, gone = {}, True
        elif outcome.changed is not False:
            if outcome.applied or outcome.read_back:
                gone = False
            now.update({name: outcome.change.after[name] for name in outcome.applied})
            now.update(outcome.read_back)
    names = {*before, *now} if first.action == DELETE else set(now)
    names = {name for name in names if not _alike(before.get(name), now.get(name))}
    bad = next((outcome for outcome in outcomes if outcome.status in {"failed", "skipped"}), None)
    action = {(DELETE, CREATE): UPDATE}.get((first.action, last.action), first.action)
    if gone:
        action = DELETE
    change = dataclasses.replace(
        last,
        key=first.key,
        action=action,
        before={name: before[name] for name in names if name in before},
        after={name: now[name] for name in names if name in now},
        needs=set(),
    )
    knowns = [outcome.changed for outcome in outcomes]
    changed = True if True in knowns else None if None in knowns else False
    status = bad.status if bad else {CREATE: "created", UPDATE: "updated", DELETE: "deleted"}[action]
    if bad and True in knowns:
        status = "failed"
    return Outcome(change, outcomes[-1].id, status, sorted(names), changed, bad.error if bad else None)


def _first_values(outcomes: t.Sequence[Outcome]) -> dict[str, t.Any]:
    """Return the values of fields before the first round that touched them."""
    first = outcomes[0].change
    if isinstance(first, TenantChange) and first.action == DELETE and first.observed is not None:
        return dict(first.observed.values)
    before: dict[str, t.Any] = {}
    for outcome in outcomes:
        for name, value in outcome.change.before.items():
            before.setdefault(name, value)
    return before


def _alike(one: object, other: object) -> bool:
    """Return whether two values of a field are the same; one that is not there is an empty one."""
    empty = [is_empty(value) or value is False or value == 0 for value in (one, other)]
    return all(empty) or (not any(empty) and same(one, other))
