# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Questions about tenants and projects, as lookups and inventories ask them."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._client import Client, listed
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService

Tenant = dict[str, t.Any]


def tenant_by_id(client: Client, tenant_id: str) -> list[Tenant]:
    """Return the tenant of an id as a list of one, or an empty list. One request."""
    try:
        return [TenantService(client).load(tenant_id).as_result()]
    except ServiceError as error:
        if error.code == "not_found":
            return []
        raise


def all_tenants(client: Client) -> list[Tenant]:
    """Return all tenants, sorted by id, with one request.

    If the service sends short entries, which only happens if the contract is wrong about lists (section 2.4), each
    tenant is read by id as well.
    """
    service = TenantService(client)
    found = service.read_all()
    whole = [service.load(tenant.id) if tenant.missing else tenant for tenant in found.tenants.values()]
    return [tenant.as_result() for tenant in sorted(whole, key=lambda tenant: tenant.id)]


def select(
    tenants: t.Iterable[Tenant], *, name: str | None = None, domain: str | None = None, parent: str | None = None
) -> list[Tenant]:
    """Return the tenants that fit all given conditions. Pure.

    Args:
        tenants: as L(all_tenants) returns them.
        name: exact name.
        domain: a self-provisioning or SSO domain, in any letter case.
        parent: id of the direct parent; an empty string means top-level tenants.
    """

    def fits(tenant: Tenant) -> bool:
        domains = {item.lower() for item in [*tenant["self_provisioning_domains"], *tenant["domains"]]}
        return (
            (name is None or tenant["name"] == name)
            and (domain is None or domain.lower() in domains)
            and (parent is None or tenant["parent"] == parent)
        )

    return [tenant for tenant in tenants if fits(tenant)]


def all_projects(client: Client) -> list[dict[str, t.Any]]:
    """Return the company's projects, sorted by id, with one request.

    Raises:
        ServiceError: the key is limited to some projects (contract 4.1), among other reasons.
    """
    try:
        projects = listed(client.project.list_projects(), "projects")
    except ServiceError as error:
        if error.code == "forbidden":
            error.hint = "Listing projects takes a management key that is not limited to some projects."
        raise
    return sorted(projects, key=lambda project: str(project.get("id")))
