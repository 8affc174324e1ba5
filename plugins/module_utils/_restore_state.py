# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What a project is taken to have while it is restored, and what writes make of that. Pure.

A preview takes every write for done; a real run takes what became of it. Both plan the next step from the same state.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_plan as flow_plan
from ansible_collections.pcc.identity.plugins.module_utils import _rbac_model as rbac
from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    PERMISSIONS,
    ROLES_SECTION,
    TENANTS,
)
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import RbacChange
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Found as Tenants
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Observed as Tenant
from ansible_collections.pcc.identity.plugins.module_utils._theme import Theme

_EMPTY: fields.Values = {name: fields.clean(field, None) for name, field in fields.FIELDS.items()}


@dataclasses.dataclass
class State:
    """What a project has, as far as it was read; None for what was not.

    Attributes:
        tenants: with settings and password settings where these are to be restored.
        roles: of the project and of all tenants.
        permissions: all of them.
        flows: those that matter, with what is known of connectors and roles.
        theme: the theme.
    """

    tenants: Tenants | None = None
    roles: rbac.Found | None = None
    permissions: rbac.Found | None = None
    flows: flow_plan.Found | None = None
    theme: Theme | None = None

    def taken(self, section: str, outcomes: t.Sequence[Outcome]) -> State:
        """Return the state after some writes."""
        effective = [outcome for outcome in outcomes if outcome.effects or outcome.status in {"created", "deleted"}]
        if section == TENANTS:
            return _tenants_taken(self, effective)
        if section == ROLES_SECTION:
            return dataclasses.replace(self, roles=_rbac_taken(rbac.ROLES, self.roles or {}, effective))
        if section == PERMISSIONS:
            return dataclasses.replace(
                self, permissions=_rbac_taken(rbac.PERMISSIONS, self.permissions or {}, effective)
            )
        if section == FLOWS and self.flows is not None:
            return dataclasses.replace(self, flows=_flows_taken(self.flows, effective))
        return self

    def with_role_ids(self) -> State:
        """Return the state with flows that know the ids of the project's roles, as these are now."""
        if self.flows is None or self.roles is None:
            return self
        known = copy.deepcopy(self.flows.known)
        known.ids["roles"] = {role.name: role.id for role in self.roles.values() if not role.tenant_id}
        known.complete.add("roles")
        return dataclasses.replace(self, flows=dataclasses.replace(self.flows, known=known))


def _tenants_taken(state: State, outcomes: t.Sequence[Outcome]) -> State:
    tenants = dict(state.tenants.tenants) if state.tenants else {}
    gone = set()
    for outcome in outcomes:
        change = outcome.change
        if change.action == DELETE:
            if outcome.status == "deleted":
                gone.add(change.key)
                tenants.pop(change.key, None)
            continue
        values = {**{name: change.after[name] for name in outcome.applied}, **outcome.read_back}
        live = tenants.get(change.key)
        if live is None:
            tenants[change.key] = Tenant(change.key, {**_EMPTY, **values}, {})
        else:
            tenants[change.key] = dataclasses.replace(live, values={**live.values, **values})
    if gone:
        tenants = {key: _without_children(tenant, gone) for key, tenant in tenants.items()}
    roles = state.roles
    if roles is not None:
        roles = {key: role for key, role in roles.items() if role.tenant_id not in gone}
    return dataclasses.replace(state, tenants=Tenants(tenants), roles=roles)


def _without_children(tenant: Tenant, gone: set[str]) -> Tenant:
    listed = tenant.raw.get("successors")
    if not listed or gone.isdisjoint(listed):
        return tenant
    left = [child for child in listed if child not in gone]
    return dataclasses.replace(tenant, raw={**tenant.raw, "successors": left})


def _rbac_taken(kind: rbac.Kind, found: rbac.Found, outcomes: t.Sequence[Outcome]) -> rbac.Found:
    taken = dict(found)
    for outcome in outcomes:
        change = t.cast(RbacChange, outcome.change)
        if change.action == DELETE:
            if outcome.status == "deleted":
                taken.pop(change.key, None)
            continue
        values = {**{name: change.after[name] for name in outcome.applied}, **outcome.read_back}
        own = kind.clean(values)
        live = taken.get(change.key)
        if live is None:
            # The service makes the id; until it has, something must stand for it.
            new_id = outcome.id or f"id-of-the-new-{kind.noun}-{change.key}"
            empty = {field.name: field.clean(None) for field in kind.fields.values()}
            live = rbac.Observed(kind, new_id, change.name, empty, change.tenant_id)
        taken[change.key] = dataclasses.replace(live, values={**live.values, **own})
    return taken


def _flows_taken(found: flow_plan.Found, outcomes: t.Sequence[Outcome]) -> flow_plan.Found:
    flows, listed = dict(found.flows), dict(found.listed)
    for outcome in outcomes:
        change = t.cast(flow_plan.FlowChange, outcome.change)
        if change.action == DELETE or change.definition is None:
            flows.pop(change.key, None)
            listed.pop(change.key, None)
        else:
            flows[change.key] = change.definition
            if change.action == CREATE:
                listed[change.key] = {"id": change.key}
    return dataclasses.replace(found, flows=flows, listed=listed)
