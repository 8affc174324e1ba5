# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants: create, update, patch, delete, load, list, search, default roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ServiceError
from ..service import Route
from ..switches import Switches
from . import errors, fields
from .call import Call
from .model import Project, Tenant, new_id

# Fields of create and update; update replaces all of them [GO mgmt.go (S), NODE PR 775 (T)].
WRITABLE: dict[str, fields.Reader] = {
    "name": fields.text,
    "selfProvisioningDomains": fields.texts,
    "customAttributes": fields.attributes,
    "disabled": fields.flag,
    "enforceSSO": fields.flag,
    "enforceSSOExclusions": fields.texts,
    "federatedAppIds": fields.texts,
    "roleInheritance": fields.text,
}
_ZERO: dict[str, Callable[[], Any]] = {
    "name": str,
    "selfProvisioningDomains": list,
    "customAttributes": dict,
    "disabled": bool,
    "enforceSSO": bool,
    "enforceSSOExclusions": list,
    "federatedAppIds": list,
    "roleInheritance": str,
}
# Go's struct of a tenant lacks these; OAS and NET show them (I).
_NOT_IN_SLIM = ("parent", "successors", "defaultRoles", "roleInheritance")
ROLE_INHERITANCE = ("", "none", "userOnly")  # GO types.go (S)
AUTH_TYPES = ("none", "saml", "oidc")  # OAS (S)


# -- what is returned ------------------------------------------------------------------------------------------------


def ordered(values: list[Any], switches: Switches) -> list[Any]:
    """A list in the order the service returns it."""
    return values[::-1] if switches["list_order"] == "reversed" else list(values)


def shown_domains(domains: list[str], switches: Switches) -> list[str]:
    """Domains as returned; TF3 TestTenantCRUD reads capitals back (T)."""
    if switches["domain_case"] == "lower":
        domains = [domain.lower() for domain in domains]
    return ordered(domains, switches)


def _shown_value(value: Any, switches: Switches) -> Any:
    if isinstance(value, list):
        return ordered([_shown_value(entry, switches) for entry in value], switches)
    if switches["number_style"] == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def shown(project: Project, tenant: Tenant, switches: Switches) -> dict[str, Any]:
    """A tenant as the API returns it: zero values are there, never dropped [NET TenantTests (T)]."""
    value: dict[str, Any] = {
        "id": tenant.id,
        "name": tenant.name,
        "selfProvisioningDomains": shown_domains(tenant.selfProvisioningDomains, switches),
        "customAttributes": {key: _shown_value(entry, switches) for key, entry in tenant.customAttributes.items()},
        "authType": tenant.authType,
        "domains": shown_domains(tenant.domains, switches),
        "createdTime": tenant.createdTime,
        "disabled": tenant.disabled,
        "enforceSSO": tenant.enforceSSO,
        "enforceSSOExclusions": ordered(tenant.enforceSSOExclusions, switches),
        "federatedAppIds": ordered(tenant.federatedAppIds, switches),
        "parent": tenant.parent,
        "successors": ordered(project.successors(tenant.id), switches),
        "defaultRoles": ordered(tenant.defaultRoles, switches),
        "roleInheritance": tenant.roleInheritance,
    }
    if not tenant.customAttributes:
        unset(value, "customAttributes", switches)
    return value


def unset(value: dict[str, Any], name: str, switches: Switches) -> None:
    """Show an unset map or message field; its present value is what the switch's ``object`` means."""
    if switches["empty_map"] == "null":
        value[name] = None
    elif switches["empty_map"] == "absent":
        del value[name]


def _list_of(call: Call, tenants: list[Tenant]) -> dict[str, Any]:
    switches, project = call.switches, call.project
    entries = [shown(project, tenant, switches) for tenant in ordered(tenants, switches)]
    if switches["list_fields"] == "slim":
        for entry in entries:
            for name in _NOT_IN_SLIM:
                del entry[name]
    return {"tenants": entries}


def _visible(call: Call) -> list[Tenant]:
    tenants = call.project.tenants.values()
    delay = float(call.switches["visibility_delay"])
    if not delay:
        return list(tenants)
    latest = call.clock() - delay
    return [tenant for tenant in tenants if tenant.born <= latest]


def written(call: Call, tenant: Tenant) -> dict[str, Any]:
    """The reply of a write, ``{}`` as OAS has it."""
    return shown(call.project, tenant, call.switches) if call.switches["write_reply"] == "object" else {}


# -- checks ----------------------------------------------------------------------------------------------------------


def checked(project: Project, switches: Switches, values: dict[str, Any], owner: str = "") -> dict[str, Any]:
    """Values for the writable fields that the service would store; raises what it would refuse."""
    values = dict(values)
    if "name" in values:
        if switches["name_whitespace"] == "trim":
            values["name"] = values["name"].strip()
        if not values["name"]:
            raise errors.field_required("name")
    if values.get("roleInheritance", "") not in ROLE_INHERITANCE:
        raise errors.invalid_argument(f"roleInheritance {values['roleInheritance']} is unknown")
    if "customAttributes" in values:
        values["customAttributes"] = _declared(project, switches, values["customAttributes"])
    project.check_free(
        switches, name=values.get("name", ""), domains=values.get("selfProvisioningDomains"), owner=owner
    )
    return values


def _declared(project: Project, switches: Switches, attributes: dict[str, Any]) -> dict[str, Any]:
    """Keys must be declared before use [PY tenant.py, JAVA TenantService (S)]; the consequence is a switch."""
    unknown = [name for name in attributes if name not in project.attributes]
    if unknown and switches["undeclared_attribute"] == "refuse":
        text = f"Custom attribute {unknown[0]} is not defined"
        raise ServiceError(400, errors.UNDECLARED_ATTRIBUTE, "Invalid custom attribute", text)
    return {name: value for name, value in attributes.items() if name not in unknown}


def known_roles(project: Project, switches: Switches, names: list[str], tenant_id: str) -> list[str]:
    """Role names that the service would store as default roles; a tenant's own roles may be among them (G)."""
    own = project.tenant_roles.get(tenant_id, {})
    unknown = [name for name in names if name not in project.roles and name not in own]
    if unknown and switches["unknown_role"] == "refuse":
        raise ServiceError(400, errors.UNKNOWN_ROLE, "Role not found", f"Role {unknown[0]} does not exist")
    if switches["unknown_role"] == "drop":
        return [name for name in names if name not in unknown]
    return names


# -- operations ------------------------------------------------------------------------------------------------------


def make(project: Project, switches: Switches, body: dict[str, Any]) -> Tenant:
    """Create a tenant; also used by edits through control."""
    values = {name: zero() for name, zero in _ZERO.items()} | fields.given(body, WRITABLE)
    tenant_id = fields.get(body, "id", fields.text, "")
    if tenant_id:
        project.check_free(switches, tenant_id=tenant_id)
    values = checked(project, switches, values)
    parent = fields.get(body, "parent", fields.text, "")
    if parent and parent not in project.tenants:
        status = int(switches["unknown_parent_status"])
        raise ServiceError(status, errors.UNKNOWN_PARENT, "Parent tenant not found", f"Cannot find tenant {parent}")
    auth_type = fields.get(body, "authType", fields.text, "") or "none"
    if auth_type not in AUTH_TYPES:
        raise errors.invalid_argument(f"authType {auth_type} is unknown")
    tenant = Tenant(id=tenant_id or new_id("T2"), parent=parent, authType=auth_type, **values)
    project.add_tenant(tenant)
    return tenant


def remove(project: Project, switches: Switches, tenant: Tenant) -> None:
    """Delete a tenant. Whether a parent may go is in no source, hence the switch."""
    if project.successors(tenant.id) and switches["delete_parent"] == "refuse":
        raise ServiceError(400, errors.HAS_SUCCESSORS, "Tenant has sub-tenants", f"Tenant {tenant.id} has sub-tenants")
    project.remove_tenant(tenant)


def create(call: Call) -> dict[str, Any]:
    """POST tenant/create -> {id}. An id of null, "" or none at all is generated [GO internal/mgmt/tenant.go (I)]."""
    tenant = make(call.project, call.switches, call.body)
    tenant.born = call.clock()
    return {"id": tenant.id}


def update(call: Call) -> dict[str, Any]:
    """POST tenant/update: replaces every writable field; ``parent`` is not accepted, so it is ignored."""
    tenant = call.tenant(fields.get(call.body, "id", fields.text, ""))
    values = {name: zero() for name, zero in _ZERO.items()} | fields.given(call.body, WRITABLE)
    changes = checked(call.project, call.switches, values, owner=tenant.id)
    if call.switches["update_auth_type"] == "apply":
        changes["authType"] = fields.get(call.body, "authType", fields.text, "") or "none"
    call.project.change_tenant(tenant, changes)
    return written(call, tenant)


def patch(call: Call) -> dict[str, Any]:
    """PATCH tenant/patch: only what is given changes [PY tenant.py, PY PR 1682 (S)]."""
    tenant = call.tenant(fields.get(call.body, "id", fields.text, ""))
    changes = checked(call.project, call.switches, fields.given(call.body, WRITABLE), owner=tenant.id)
    if "customAttributes" in changes and call.switches["patch_attributes"] == "merge":
        changes["customAttributes"] = tenant.customAttributes | changes["customAttributes"]
    call.project.change_tenant(tenant, changes)
    return written(call, tenant)


def delete(call: Call) -> dict[str, Any]:
    """POST tenant/delete. ``cascade`` is about users and access keys [GO mgmt.go (S)], which are not emulated."""
    fields.get(call.body, "cascade", fields.flag, False)
    remove(call.project, call.switches, call.tenant(fields.get(call.body, "id", fields.text, "")))
    return {}


def load(call: Call) -> dict[str, Any]:
    """GET tenant?id=: the tenant at the root, though OAS wraps it [NET FixRootResponseBodyHandler, PYe2e (T)]."""
    tenant = call.tenant(call.request.query.get("id", ""))
    if tenant.born > call.clock() - float(call.switches["load_delay"]):
        raise errors.tenant_not_found(tenant.id, call.switches)
    value = shown(call.project, tenant, call.switches)
    return {"tenant": value} if call.switches["load_shape"] == "wrapped" else value


def load_all(call: Call) -> dict[str, Any]:
    """GET tenant/all: every tenant, no paging [PY, OAS (S)]."""
    return _list_of(call, _visible(call))


def search(call: Call) -> dict[str, Any]:
    """POST tenant/search. No paging; without filters only "a set amount of results" [GO mgmt.go (S)]."""
    tests = _filters(call)
    found = _visible(call)
    if tests:
        combine = any if call.switches["search_filters"] == "or" else all
        found = [tenant for tenant in found if combine(test(tenant) for test in tests)]
    elif call.switches["search_cap"]:
        found = found[: int(call.switches["search_cap"])]
    return _list_of(call, found)


def _filters(call: Call) -> list[Callable[[Tenant], bool]]:
    """One test for each filter that is set; an empty or null filter is none (S)."""
    body = call.body
    tests: list[Callable[[Tenant], bool]] = []
    if ids := set(fields.get(body, "tenantIds", fields.texts, [])):
        tests.append(lambda tenant: tenant.id in ids)
    if names := fields.get(body, "tenantNames", fields.texts, []):
        if call.switches["name_match"] == "contains":
            tests.append(lambda tenant: any(name in tenant.name for name in names))
        else:
            tests.append(lambda tenant: tenant.name in names)
    if own := _lower(fields.get(body, "tenantSelfProvisioningDomains", fields.texts, [])):
        tests.append(lambda tenant: not own.isdisjoint(_lower(tenant.selfProvisioningDomains)))
    if sso := _lower(fields.get(body, "tenantSSODomains", fields.texts, [])):
        tests.append(lambda tenant: not sso.isdisjoint(_lower(tenant.domains)))
    if attributes := fields.get(body, "customAttributes", fields.attributes, {}):
        tests.append(lambda tenant: all(tenant.customAttributes.get(k) == v for k, v in attributes.items()))
    if auth_type := fields.get(body, "authType", fields.text, ""):
        tests.append(lambda tenant: tenant.authType == auth_type)
    if parent := fields.get(body, "parentTenantId", fields.text, ""):
        tests.append(lambda tenant: tenant.parent == parent)
    if fields.get(body, "topLevelOnly", fields.flag, False):
        tests.append(lambda tenant: not tenant.parent)
    return tests


def _lower(domains: list[str]) -> set[str]:
    return {domain.lower() for domain in domains}


def update_default_roles(call: Call) -> dict[str, Any]:
    """POST tenant/updateDefaultRoles: replaces the list of role names [PY, OAS (S)]."""
    tenant = call.tenant(fields.get(call.body, "id", fields.text, ""))
    names = fields.get(call.body, "defaultRoles", fields.texts, [])
    tenant.defaultRoles = known_roles(call.project, call.switches, names, tenant.id)
    return written(call, tenant)


ROUTES = (
    Route("POST", "/v1/mgmt/tenant/create", create, "write"),
    Route("POST", "/v1/mgmt/tenant/update", update, "write"),
    Route("PATCH", "/v1/mgmt/tenant/patch", patch, "write"),
    Route("POST", "/v1/mgmt/tenant/delete", delete, "write"),
    Route("GET", "/v1/mgmt/tenant", load, "read"),
    Route("GET", "/v1/mgmt/tenant/all", load_all, "read", entries="tenants"),
    Route("POST", "/v1/mgmt/tenant/search", search, "read", entries="tenants"),
    Route("POST", "/v1/mgmt/tenant/updateDefaultRoles", update_default_roles, "write"),
)
