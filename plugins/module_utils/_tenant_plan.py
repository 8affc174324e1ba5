# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From tenants as wanted and as found to a plan. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change, Plan, in_order
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed, domains_of
from ansible_collections.pcc.identity.plugins.module_utils._tenant_rules import problems_with_live


@dataclasses.dataclass
class TenantChange(Change):
    """A change of one tenant, with what its writes need to know.

    Attributes:
        observed: the tenant as found, None on creation.
        cascade: on deletion, delete also the users and access keys that belong to this tenant only.
    """

    observed: Observed | None = None
    cascade: bool = False

    def part(self, step: str) -> fields.Values:
        """Return the changing fields that one step writes."""
        return {name: value for name, value in self.after.items() if fields.FIELDS[name].step == step}


class Circles(Problems):
    """Tenants that exchange names or domains among themselves.

    Attributes:
        circles: the keys of those in each circle.
    """

    def __init__(self, circles: list[list[str]], problems: t.Sequence[Problem]) -> None:
        super().__init__(problems)
        self.circles = circles


@dataclasses.dataclass(frozen=True)
class Reads:
    """What has to be read, beyond the list of all tenants, before a plan can be made: tenant ids."""

    tenants: frozenset[str]
    settings: frozenset[str]
    password: frozenset[str]


def reads_needed(desired: t.Sequence[Desired], found: Found, *, prune: bool) -> Reads:
    """Return what else to read, after the list of all tenants.

    Settings and password settings are not in the list; SSO domains are, but their write needs the settings. A tenant is
    read by id when its list entry lacks a field that matters, which only happens if the service sends short entries.
    """
    tenants: set[str] = set()
    settings: set[str] = set()
    password: set[str] = set()
    for entry in desired:
        live = found.match(entry)
        if live is None:
            tenants |= _unknown_ancestors(entry.values.get("parent", ""), found)
            continue
        if live.missing & set(entry.values):
            tenants.add(live.id)
        if entry.uses(fields.SETTINGS) and _touches_settings(entry, live):
            settings.add(live.id)
        if entry.uses(fields.PASSWORD):
            password.add(live.id)
    for live_id in _deleted(desired, found, prune):
        if "parent" in found.tenants[live_id].missing:
            tenants.add(live_id)
    return Reads(frozenset(tenants), frozenset(settings), frozenset(password))


def with_expected(desired: t.Sequence[Desired], found: Found) -> Found:
    """Return the live tenants together with those that an earlier task of the play makes, without default roles."""
    missing = [entry for entry in desired if found.match(entry) is None]
    expected = {
        entry.key: Observed.from_wire({"id": entry.key, "name": entry.name or entry.id}, complete=True)
        for entry in missing
    }
    return Found({**found.tenants, **expected})


def make_plan(desired: t.Sequence[Desired], found: Found, *, prune: bool = False, existed: bool = False) -> Plan:
    """Plan the writes that make the tenants as wanted.

    Args:
        desired: entries without problems of their own (L(_tenant_rules.problems_alone)).
        found: the live tenants, completed by what L(reads_needed) named.
        prune: delete the live tenants that no entry means.
        existed: the service itself had the entries as they are, so its own limits need no checking.

    Raises:
        Circles: the entries exchange names or domains. There is nothing else against them.
        Problems: the entries cannot be had next to the live tenants; lists every reason.
    """
    deleted = _deleted(desired, found, prune)
    problems = problems_with_live(desired, found, deleted, existed=existed)
    if problems:
        raise Problems(problems)
    changes: list[TenantChange] = []
    unchanged: list[tuple[str, str | None, str]] = []
    managed: set[str] = set()
    planned = {entry.key: _change(entry, found.match(entry)) for entry in desired if entry.present}
    _hold_password_settings(desired, planned, found)
    for entry in desired:
        live = found.match(entry)
        if live:
            managed.add(live.id)
        change = planned.get(entry.key) if entry.present else None
        if change:
            changes.append(change)
        elif entry.present or live is None:
            unchanged.append((live.id, live.id, live.name) if live else (entry.key, entry.id or None, entry.name))
    cascade = {live.id for entry in desired if entry.cascade and (live := found.match(entry))}
    changes += [_deletion(found.tenants[live_id], live_id in cascade) for live_id in deleted]
    _set_needs(changes, found)
    ordered, circles = in_order(changes)
    if circles:
        raise Circles(circles, [_exchange(circle, desired) for circle in circles])
    unmanaged = [] if prune else sorted(set(found.tenants) - managed)
    return Plan(list(ordered), unchanged, unmanaged, live=len(found.tenants))


def _deleted(desired: t.Sequence[Desired], found: Found, prune: bool) -> set[str]:
    matched = {live.id: entry.present for entry in desired if (live := found.match(entry))}
    absent = {live_id for live_id, present in matched.items() if not present}
    return absent | (set(found.tenants) - set(matched)) if prune else absent


def _touches_settings(entry: Desired, live: Observed) -> bool:
    """Return whether the settings must be known: any of them is wanted, or the SSO domains differ from the list's."""
    wanted = {name: value for name, value in entry.values.items() if fields.FIELDS[name].step == fields.SETTINGS}
    return set(wanted) != {"domains"} or bool(fields.differing(wanted, live.values))


def _unknown_ancestors(parent: str, found: Found) -> set[str]:
    """Return the live ancestors whose own parent is not known, so that levels cannot be counted yet."""
    unknown: set[str] = set()
    while parent in found.tenants and parent not in unknown:
        live = found.tenants[parent]
        if "parent" in live.missing:
            unknown.add(parent)
        parent = live.values["parent"]
    return unknown


def _change(entry: Desired, live: Observed | None) -> TenantChange | None:
    wanted = dict(entry.values)
    if "custom_attributes" in wanted:
        kept = live.values["custom_attributes"] if live and not entry.purge_custom_attributes else {}
        wanted["custom_attributes"] = fields.clean(
            fields.FIELDS["custom_attributes"], {**kept, **wanted["custom_attributes"]}
        )
    if live is None:
        return TenantChange(entry.key, entry.id or None, entry.name, CREATE, before={}, after=wanted)
    names = fields.differing(wanted, live.values)
    return _update(dataclasses.replace(entry, values=wanted), live, names) if names else None


def _update(entry: Desired, live: Observed, names: t.Sequence[str]) -> TenantChange:
    return TenantChange(
        key=live.id,
        id=live.id,
        name=entry.name or live.name,
        action=UPDATE,
        before={name: live.values[name] for name in names},
        after={name: entry.values[name] for name in names},
        observed=live,
    )


def _hold_password_settings(
    desired: t.Sequence[Desired], planned: dict[str, TenantChange | None], found: Found
) -> None:
    """Plan to write password settings that are as wanted only because they are inherited, where the ancestor's change.

    Sub-tenants inherit password settings (contract 2.8), and the reply does not tell what is a tenant's own.
    """
    by_id = {change.id: change for change in planned.values() if change and change.id}
    for entry in desired:
        live = found.match(entry)
        if not live or not entry.uses(fields.PASSWORD):
            continue
        seen = {live.id}
        ancestor = live.values["parent"]
        while ancestor in found.tenants and ancestor not in seen:
            seen.add(ancestor)
            above = by_id.get(ancestor)
            names = [name for name in (above.part(fields.PASSWORD) if above else ()) if name in entry.values]
            if above and names:
                change = planned[entry.key] or _update(entry, live, [])
                planned[entry.key] = by_id[live.id] = change
                change.before.update({name: live.values[name] for name in names})
                change.after.update({name: entry.values[name] for name in names})
                change.needs.add(above.key)
            ancestor = found.tenants[ancestor].values["parent"]


def _deletion(live: Observed, cascade: bool) -> TenantChange:
    empty = {name: fields.clean(fields.FIELDS[name], None) for name in live.values}
    before = {name: value for name, value in live.values.items() if value != empty[name]}
    return TenantChange(live.id, live.id, live.name, DELETE, before=before, after={}, observed=live, cascade=cascade)


def _set_needs(changes: t.Sequence[TenantChange], found: Found) -> None:
    """Say what must come first: parents before children, and who gives up a name or domain before who takes it."""
    by_id = {change.id: change for change in changes if change.id}
    for change in changes:
        if change.action == DELETE:
            for child in found.children.get(change.key, ()):
                change.needs.add(by_id[child].key)
            continue
        if change.action == CREATE and change.after.get("parent") in by_id:
            change.needs.add(by_id[change.after["parent"]].key)
        holders = [found.by_domain.get(claim) for claim in domains_of(change.after)]
        if "name" in change.after:
            holders.append(found.by_name.get(change.after["name"]))
        change.needs |= {by_id[holder].key for holder in holders if holder in by_id and holder != change.id}


def _exchange(circle: list[str], desired: t.Sequence[Desired]) -> Problem:
    entries = {entry.key: entry.where for entry in desired}
    keys = ", ".join(entries.get(key, key) for key in circle)
    return Problem(
        keys, "", "these exchange names or domains among themselves, which cannot be done one by one: use two runs."
    )
