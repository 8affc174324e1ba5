# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What loses something along with what is deleted, and has to be saved with it; and what is saved in part only."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._plan import DELETE, Change
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import Found as Rbac
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import to_backup
from ansible_collections.pcc.identity.plugins.module_utils._rbac_service import RoleService
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Found as Tenants
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService

TENANTS, ROLES, PERMISSIONS = "tenants", "roles", "permissions"

Sections = dict[str, dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class Live:
    """What a project has.

    Attributes:
        client: to read what is not known yet.
        roles: all of them, None if they have not been read.
        tenants: all of them, None if they have not been read.
    """

    client: Client
    roles: Rbac | None = None
    tenants: Tenants | None = None


def along(changes: t.Mapping[str, t.Iterable[Change]], live: Live) -> Sections:
    """Return what loses something along with what is deleted, by section and key, as it stands in backups.

    A tenant takes its roles with it. A role goes out of the default roles of tenants, and a permission out of roles.
    What changes by itself is not returned, but for tenants: these are returned as a whole.

    Args:
        changes: that are about to be made, by section.
        live: what there is. What matters and is not known is read.

    Raises:
        ServiceError: anything could not be read.
    """
    deleted = {name: {change.key for change in of if change.action == DELETE} for name, of in changes.items()}
    tenants, roles, permissions = (deleted.get(name, set()) for name in (TENANTS, ROLES, PERMISSIONS))
    found: Sections = {}
    if tenants or permissions:
        known = live.roles if live.roles is not None else RoleService(live.client).read()
        found[ROLES] = {
            key: to_backup(role)
            for key, role in known.items()
            if key not in roles and (role.tenant_id in tenants or permissions & {*role.values["permissions"]})
        }
    if roles:
        service = TenantService(live.client)
        listed = (live.tenants if live.tenants is not None else service.read_all()).tenants
        losing = [
            tenant
            for key, tenant in listed.items()
            # A role of a tenant has the key TENANT_ID/NAME, one of the project its name.
            if key not in tenants
            and any({name, f"{key}/{name}"} & roles for name in tenant.values.get("default_roles", ()))
        ]
        found[TENANTS] = dict(service.whole_to_backup(losing))
    return {name: items for name, items in found.items() if items}


def partial(sections: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """Return the tenants (C(tenants/ID)) of which only a part is saved, as of one that is updated. Pure.

    A part is enough to undo a change, but not to create the tenant.
    """
    return sorted(
        f"{TENANTS}/{key}"
        for key, saved in (sections.get(TENANTS) or {}).items()
        if saved is not None and not {"settings", "password_settings", "domains", "default_roles"} <= set(saved)
    )
