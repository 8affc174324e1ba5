# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Tenants: what a backup wants of them, in an order in which it can be had. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import ROLES_SECTION, TENANTS
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import Change
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import Found as Roles
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted, masked_reason
from ansible_collections.pcc.identity.plugins.module_utils._restore_state import State
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, domains_of
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import Circles, make_plan

Reasons = dict[str, str]

_DURATIONS = tuple(name for name in fields.FIELDS if f"{name}_unit" in fields.FIELDS)
_EXCLUSIVE = ("self_provisioning_domains", "domains")


def desired(tenant_id: str, saved: t.Mapping[str, t.Any] | None) -> Desired:
    """Return the entry that makes a tenant what a backup says; None in the backup is no tenant."""
    where = f"tenant '{tenant_id}'"
    if saved is None:
        return Desired(where, tenant_id, {}, present=False)
    values = fields.flatten(dict(saved))
    for name in _DURATIONS:
        # Such a time is not set. No unit is none of the service's words, and no unit of no time means anything.
        if not values.get(name) and not values.get(f"{name}_unit"):
            values.pop(f"{name}_unit", None)
    return Desired(where, tenant_id, values)


def wished(wanted: Wanted) -> tuple[dict[str, Desired], Reasons]:
    """Return the tenants that shall be there, by id, and why others cannot be restored."""
    found: dict[str, Desired] = {}
    reasons: Reasons = {}
    for tenant_id, saved in sorted(wanted.saved(TENANTS).items()):
        if saved is None:
            continue
        if wanted.is_masked(TENANTS, tenant_id):
            reasons[tenant_id] = masked_reason()
        else:
            found[tenant_id] = desired(tenant_id, saved)
    return found, reasons


def in_part(entries: t.Iterable[str], found: Found, wanted: Wanted) -> Reasons:
    """Return why tenants cannot be created: the backup has only a part of them."""
    return {
        tenant_id: "it is gone, and only part of it was saved: choose a backup of the whole project."
        for tenant_id in entries
        if tenant_id not in found.tenants and wanted.is_partial(TENANTS, tenant_id)
    }


@dataclasses.dataclass(frozen=True)
class Present:
    """What is to be done for tenants to be there, and why some cannot be.

    Attributes:
        changes: in an order in which they can be made.
        reasons: why a tenant cannot be restored, by id.
        circles: groups of tenants of which none can come first; then there are no changes.
    """

    changes: list[Change]
    unchanged: list[str]
    reasons: Reasons
    circles: list[list[str]]


def present(entries: t.Mapping[str, Desired], found: Found, wanted: Wanted) -> Present:
    """Plan tenants without those that cannot be had, and without those that cannot be had without these."""
    left = dict(entries)
    reasons: Reasons = {}
    while True:
        try:
            plan = make_plan(list(left.values()), found, existed=True)
        except Circles as error:
            return Present([], [], reasons, error.circles)
        except Problems as error:
            by_where = {entry.where: tenant_id for tenant_id, entry in left.items()}
            culprits: dict[str, list[Problem]] = {}
            for problem in error.problems:
                culprits.setdefault(by_where[problem.where], []).append(problem)
            for tenant_id, problems in culprits.items():
                told = [_reason(problem, left[tenant_id], found, wanted, reasons) for problem in problems]
                reasons[tenant_id] = " ".join(dict.fromkeys(told))
            for tenant_id in culprits:
                del left[tenant_id]
            continue
        return Present(plan.changes, [key for key, _id, _name in plan.unchanged], reasons, [])


def _reason(problem: Problem, entry: Desired, found: Found, wanted: Wanted, failed: Reasons) -> str:
    """Return in plain words why a tenant cannot be restored, and the next step."""
    live = found.match(entry)
    parent = str(entry.values.get("parent", ""))
    if problem.field == "parent" and live is not None:
        now, then = live.values["parent"] or "none", parent or "none"
        return (
            f"its parent is {now} and was {then}, and the service sets a parent only when a tenant is created. With "
            "prune: true the restore deletes the tenant and creates it anew."
        )
    if problem.field == "parent":
        why = "could not be restored either" if parent in failed else "is gone"
        return f"its parent '{parent}' {why}: restore that one first, or together with this one."
    if problem.field in {"name", *_EXCLUSIVE}:
        taken = list(_taken(problem.field, entry, found))
        if taken:
            return " ".join(_held(problem.field, value, holder, found, wanted) for value, holder in taken)
    return f"{problem.field}: {problem.message}" if problem.field else problem.message


def _taken(field: str, entry: Desired, found: Found) -> t.Iterator[tuple[str, str]]:
    """Yield the names or domains that other live tenants have, and whose these are."""
    if field == "name":
        claims = [(entry.name, found.by_name.get(entry.name))]
    else:
        claims = [
            (value, found.by_domain.get((name, value))) for name, value in domains_of(entry.values) if name == field
        ]
    for value, holder in claims:
        if holder is not None and holder != entry.id:
            yield value, holder


def _held(field: str, value: str, holder: str, found: Found, wanted: Wanted) -> str:
    what = "name" if field == "name" else "domain"
    came_later = wanted.saved(TENANTS).get(holder) is None
    advice = f"Change it there, or choose '{holder}' for the restore as well."
    if came_later:
        advice = "Take it from there"
        if not wanted.prune and (TENANTS in wanted.complete or holder in wanted.saved(TENANTS)):
            advice += ", or set prune: true, which deletes what came after the backup"
        advice += "."
    return f"its {what} '{value}' is taken by the tenant '{holder}' ({found.tenants[holder].name}). {advice}"


def releases(circles: t.Sequence[t.Sequence[str]], entries: t.Mapping[str, Desired], found: Found) -> list[Desired]:
    """Return entries that make the tenants of circles give up the names and domains that others of the list want.

    They get them by the next plan. A name in between is one that nobody has and nobody wants.
    """
    wanted_names = {entry.name: tenant_id for tenant_id, entry in entries.items()}
    wanted_domains = {claim: tenant_id for tenant_id, entry in entries.items() for claim in domains_of(entry.values)}
    taken = {*found.by_name, *wanted_names}
    released = []
    for tenant_id in sorted({key for circle in circles for key in circle if key in found.tenants}):
        live = found.tenants[tenant_id]
        values: fields.Values = {}
        if wanted_names.get(live.name, tenant_id) != tenant_id:
            values["name"] = _free_name(tenant_id, taken)
            taken.add(values["name"])
        for field in _EXCLUSIVE:
            kept = [
                domain
                for domain in live.values[field]
                if wanted_domains.get((field, domain.lower()), tenant_id) == tenant_id
            ]
            if kept != live.values[field]:
                values[field] = kept
        if values:
            released.append(Desired(f"tenant '{tenant_id}'", tenant_id, values))
    return released


def _free_name(tenant_id: str, taken: t.Collection[str]) -> str:
    name = first = f"{tenant_id[:60]} (being restored)"
    number = 1
    while name in taken:
        number += 1
        name = f"{first} {number}"
    return name


@dataclasses.dataclass(frozen=True)
class Removal:
    """Tenants that have to go first.

    Attributes:
        changes: their deletions, children before parents.
        anew: ids of those that are created again.
        reasons: why others that should go stay, by id.
    """

    changes: list[Change]
    anew: frozenset[str]
    reasons: Reasons


def removal(wanted: Wanted, state: State) -> Removal:
    """Plan which tenants to delete: those that came later, and those whose parent is another one now.

    A tenant is only deleted to be created anew if that will surely be asked of the service with nothing against it.
    """
    found = state.tenants
    if not wanted.prune or found is None or TENANTS not in wanted.sections:
        return Removal([], frozenset(), {})
    entries, _masked = wished(wanted)
    later = came_later(wanted, found)
    moved = {
        tenant_id
        for tenant_id, entry in entries.items()
        if tenant_id in found.tenants
        and "parent" in entry.values
        and found.tenants[tenant_id].values["parent"] != entry.values["parent"]
    }
    reasons: Reasons = {}
    while True:
        below = {root: _below(root, found) for root in moved}
        gone = later | set().union(*below.values())
        kept = {each for each in gone if found.children.get(each, set()) - gone}
        for root in sorted(moved):
            obstacle = _obstacle(root, below[root] - later, kept, found, entries, wanted, state.roles)
            if obstacle:
                reasons[root] = obstacle
        for tenant_id in sorted(kept & later):
            children = sorted(found.children[tenant_id] - gone)
            reasons[tenant_id] = f"it is not deleted, because it has sub-tenants that stay: {some(children)}."
        if not kept and not moved & set(reasons):
            changes = make_plan([desired(each, None) for each in sorted(gone & set(found.tenants))], found).changes
            again = gone & set(entries)
            after = _without(found, gone)
            lost = {each: why for each, why in _settled(entries, after, wanted).items() if each in again}
            if not lost:
                return Removal(changes, frozenset(again), reasons)
            for root in sorted(moved):
                for tenant_id in sorted(below[root] & set(lost)):
                    name = "it" if tenant_id == root else f"its sub-tenant '{tenant_id}'"
                    reasons[root] = _not_anew(
                        root, found, entries, f"{name} could not be created again: {lost[tenant_id]}"
                    )
        later -= set(reasons)
        moved -= set(reasons)


def came_later(wanted: Wanted, found: Found) -> set[str]:
    """Return the live tenants that there were not when the backup was made, as far as these are to be looked at."""
    saved = wanted.saved(TENANTS)
    known_absent = {tenant_id for tenant_id, each in saved.items() if each is None}
    others = set(found.tenants) - set(saved) if TENANTS in wanted.complete else set()
    return (known_absent | others) & set(found.tenants)


def _settled(entries: t.Mapping[str, Desired], found: Found, wanted: Wanted) -> Reasons:
    """Return why tenants cannot be restored, if exchanges are out of the way."""
    return present(entries, found, wanted).reasons


def _below(root: str, found: Found) -> set[str]:
    """Return a tenant and all below it."""
    below: set[str] = set()
    left = [root]
    while left:
        tenant_id = left.pop()
        if tenant_id in found.tenants and tenant_id not in below:
            below.add(tenant_id)
            left += found.children.get(tenant_id, ())
    return below


def _without(found: Found, gone: t.Collection[str]) -> Found:
    return Found({tenant_id: tenant for tenant_id, tenant in found.tenants.items() if tenant_id not in gone})


def _obstacle(
    root: str,
    again: set[str],
    kept: set[str],
    found: Found,
    entries: t.Mapping[str, Desired],
    wanted: Wanted,
    roles: Roles | None,
) -> str:
    """Return why a tenant cannot be deleted and created anew, or an empty string."""
    strangers = sorted(each for each in again if each not in entries)
    if strangers:
        return _not_anew(root, found, entries, f"it has sub-tenants that are not to be restored: {some(strangers)}")
    parts = sorted(each for each in again if wanted.is_partial(TENANTS, each))
    if parts:
        return _not_anew(root, found, entries, f"the backup has only part of: {some(parts)}")
    if kept & _below(root, found):
        return _not_anew(root, found, entries, "it has sub-tenants that stay")
    saved_roles = wanted.saved(ROLES_SECTION)
    for role in sorted((roles or {}).values(), key=lambda each: each.key):
        if role.tenant_id in again and role.key not in saved_roles and ROLES_SECTION not in wanted.complete:
            return _not_anew(root, found, entries, f"the role '{role.key}' would be lost, which is not to be restored")
    return ""


def _not_anew(root: str, found: Found, entries: t.Mapping[str, Desired], why: str) -> str:
    now = found.tenants[root].values["parent"] or "none"
    then = entries[root].values["parent"] or "none"
    return (
        f"its parent is {now} and was {then}, and the service sets a parent only when a tenant is created. It was not "
        f"deleted to be created anew, because {why}."
    )


def late_roles(entries: t.Mapping[str, Desired], wanted: Wanted, roles: Roles | None) -> dict[str, Desired]:
    """Return the default roles that tenants can only get once their own roles are there, by tenant."""
    coming: dict[str, set[str]] = {}
    for saved in wanted.saved(ROLES_SECTION).values():
        if saved and saved.get("tenant_id"):
            coming.setdefault(str(saved["tenant_id"]), set()).add(str(saved.get("name")))
    there = {(role.tenant_id, role.name) for role in (roles or {}).values()}
    found = {}
    for tenant_id, entry in entries.items():
        missing = [
            name
            for name in entry.values.get("default_roles", ())
            if ("", name) not in there and (tenant_id, name) not in there and name in coming.get(tenant_id, ())
        ]
        if missing:
            found[tenant_id] = dataclasses.replace(entry, values={"default_roles": entry.values["default_roles"]})
    return found


def without_default_roles(entry: Desired) -> Desired:
    """Return an entry that leaves the default roles alone."""
    values = {name: value for name, value in entry.values.items() if name != "default_roles"}
    return dataclasses.replace(entry, values=values)
