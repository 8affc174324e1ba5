# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From roles or permissions as wanted and as found to a plan. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change, Plan, in_order
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import Desired, Found, Observed, Values
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import problems_with_live


@dataclasses.dataclass
class RbacChange(Change):
    """A change of one role or permission, with what its write needs to know.

    Attributes:
        tenant_id: the tenant whose own role it is, or an empty string.
        observed: as found, None on creation.
        wanted: on an update, all fields that were given, those that are as wanted included.
    """

    tenant_id: str = ""
    observed: Observed | None = None
    wanted: Values = dataclasses.field(default_factory=dict)


def make_permission_plan(desired: t.Sequence[Desired], found: Found, *, prune: bool = False) -> Plan:
    """Plan the writes that make the permissions as wanted.

    Args:
        desired: entries without problems of their own (L(_rbac_rules.problems_alone)).
        found: the live permissions.
        prune: delete the live permissions that are not listed, but for the service's own.

    Raises:
        Problems: the entries cannot be had next to the live permissions; lists every reason.
    """
    return _make_plan(desired, found, (), prune)


def make_role_plan(
    desired: t.Sequence[Desired], found: Found, permissions: t.Collection[str], *, prune: bool = False
) -> Plan:
    """Plan the writes that make the roles as wanted.

    Args:
        desired: entries without problems of their own (L(_rbac_rules.problems_alone)).
        found: the live roles of the project and of all tenants.
        permissions: names of the permissions that exist, or will by then. They only matter where
            L(_rbac_rules.permissions_needed) names any.
        prune: delete the live roles that are not listed: those of the project, and of the tenants of which any role is
            listed. "Tenant Admin", which every project begins with, stays.

    Raises:
        Problems: the entries cannot be had next to what is live; lists every reason.
    """
    return _make_plan(desired, found, permissions, prune)


def _make_plan(desired: t.Sequence[Desired], found: Found, permissions: t.Collection[str], prune: bool) -> Plan:
    problems = problems_with_live(desired, found, permissions)
    if problems:
        raise Problems(problems)
    changes: list[RbacChange] = []
    unchanged: list[tuple[str, str | None, str]] = []
    for entry in desired:
        live = found.get(entry.key)
        change = _change(entry, live)
        if change:
            changes.append(change)
        else:
            unchanged.append((entry.key, live.id if live else None, entry.name))
    listed = {entry.key for entry in desired}
    others = [live for key, live in sorted(found.items()) if key not in listed and not live.built_in]
    levels = {"", *(entry.tenant_id for entry in desired)}
    pruned = {live.key: _deletion(live) for live in others if prune and live.tenant_id in levels}
    ordered, _circles = in_order([*changes, *pruned.values()])
    unmanaged = [live.key for live in others if live.key not in pruned]
    live_count = sum(live.kind.of_tenants or not live.built_in for live in found.values())
    return Plan(list(ordered), unchanged, unmanaged, live=live_count)


def _change(entry: Desired, live: Observed | None) -> RbacChange | None:
    if not entry.present:
        return _deletion(live) if live else None
    if live is None:
        after = {**_identity(entry.name, entry.tenant_id), **entry.values}
        return RbacChange(entry.key, None, entry.name, CREATE, {}, after, tenant_id=entry.tenant_id)
    names = entry.kind.differing(entry.values, live.values)
    if not names:
        return None
    return RbacChange(
        key=live.key,
        id=live.id,
        name=live.name,
        action=UPDATE,
        before={name: live.values[name] for name in names},
        after={name: entry.values[name] for name in names},
        tenant_id=live.tenant_id,
        observed=live,
        wanted=entry.values,
    )


def _deletion(live: Observed) -> RbacChange:
    before = {**_identity(live.name, live.tenant_id), **{name: value for name, value in live.values.items() if value}}
    return RbacChange(live.key, live.id, live.name, DELETE, before, {}, tenant_id=live.tenant_id, observed=live)


def _identity(name: str, tenant_id: str) -> Values:
    return {"name": name, **({"tenant_id": tenant_id} if tenant_id else {})}
