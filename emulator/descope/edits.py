# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits as somebody makes them in the console: past authorisation, rate limit, faults, log and delays.

The checks of the service still hold (unique names, declared attributes, known roles, whole flows).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import MalformedRequest, OptionError, ServiceError
from ..switches import Switches
from . import connectors, errors, fields, flow_paths, flows, passwords, roles, tenant_settings, tenants, themes
from .model import Flow, Project, Role, Tenant, key_hash, new_id

if TYPE_CHECKING:
    from .service import Company

Edit = dict[str, Any]


def _tenant(project: Project, request: Edit) -> Tenant:
    tenant = project.tenants.get(_need(request, "id", str))
    if tenant is None:
        raise OptionError(f"there is no tenant {request['id']!r} in project {project.id}")
    return tenant


def _need(request: Edit, name: str, kind: type) -> Any:
    if not isinstance(request.get(name), kind):
        raise OptionError(f"{request['op']}: {name!r} must be given, as {kind.__name__}")
    return request[name]


def _console_fields(project: Project, switches: Switches, tenant: Tenant, values: Edit) -> None:
    """What the console shows on one page: tenant fields, SSO domains, default roles, settings, password settings."""
    changes = tenants.checked(project, switches, fields.given(values, tenants.WRITABLE), owner=tenant.id)
    default_roles = fields.get(values, "defaultRoles", fields.texts, None)
    if default_roles is not None:
        changes["defaultRoles"] = tenants.known_roles(project, switches, default_roles, tenant.id)
    password = fields.get(values, "passwordSettings", fields.mapping, None)
    if password is not None:
        changes["passwordSettings"] = passwords.merged(tenant.passwordSettings, password, reset=False)
    project.change_tenant(tenant, changes)
    shared = {name: values[name] for name in ("domains", "authType") if name in values}
    settings = shared | fields.get(values, "settings", fields.mapping, {})
    tenant_settings.apply(project, tenant, switches, settings, reset=False)


def _create_tenant(project: Project, switches: Switches, request: Edit) -> Edit:
    values = _need(request, "tenant", dict)
    tenant = tenants.make(project, switches, values)
    try:
        _console_fields(project, switches, tenant, values)
    except (ServiceError, MalformedRequest):
        project.remove_tenant(tenant)
        raise
    return {"id": tenant.id}


def _create_tenants(project: Project, switches: Switches, request: Edit) -> Edit:
    entries = _need(request, "tenants", list)
    return {"ids": [_create_tenant(project, switches, {"op": "tenants", "tenant": each})["id"] for each in entries]}


def _update_tenant(project: Project, switches: Switches, request: Edit) -> Edit:
    tenant = _tenant(project, request)
    _console_fields(project, switches, tenant, _need(request, "tenant", dict))
    return {"id": tenant.id}


def _delete_tenant(project: Project, switches: Switches, request: Edit) -> Edit:
    tenants.remove(project, switches, _tenant(project, request))
    return {}


def _set_settings(project: Project, switches: Switches, request: Edit) -> Edit:
    tenant_settings.apply(project, _tenant(project, request), switches, _need(request, "settings", dict), reset=False)
    return {}


def _set_password_settings(project: Project, switches: Switches, request: Edit) -> Edit:
    values = _need(request, "settings", dict)
    if request.get("id"):
        tenant = _tenant(project, request)
        tenant.passwordSettings = passwords.merged(tenant.passwordSettings, values, reset=False)
    else:
        project.password_settings = passwords.merged(project.password_settings, values, reset=False)
    return {}


def _declare_attribute(project: Project, switches: Switches, request: Edit) -> Edit:
    project.declare_attribute(_need(request, "name", str), request.get("type", "string"))
    return {}


def _remove_attribute(project: Project, switches: Switches, request: Edit) -> Edit:
    project.attributes.pop(_need(request, "name", str), None)
    return {}


_ROLE: dict[str, fields.Reader] = {
    "description": fields.text,
    "permissionNames": fields.texts,
    "default": fields.flag,
    "private": fields.flag,
}


def _role_values(project: Project, switches: Switches, request: Edit) -> Edit:
    values = fields.given(request, _ROLE)
    if "permissionNames" in values:
        values["permissionNames"] = roles.known_permissions(project, switches, values["permissionNames"])
    return values


def _level(project: Project, request: Edit) -> dict[str, Role]:
    """The roles of the tenant ``tenantId``, without it those of the project."""
    tenant_id = fields.get(request, "tenantId", fields.text, "")
    if tenant_id and tenant_id not in project.tenants:
        raise OptionError(f"there is no tenant {tenant_id!r} in project {project.id}")
    return project.roles_of(tenant_id)


def _add_role(project: Project, switches: Switches, request: Edit) -> Edit:
    name = _need(request, "name", str)
    if name in _level(project, request):
        raise errors.duplicate(f"Role with name {name} already exists", switches)
    values = _role_values(project, switches, request)
    return {"id": project.add_role(name, tenantId=request.get("tenantId") or "", **values).id}


def _update_role(project: Project, switches: Switches, request: Edit) -> Edit:
    """Change what is given of a role; ``newName`` renames it."""
    name = _need(request, "name", str)
    known = _level(project, request)
    if name not in known:
        raise OptionError(f"there is no role {name!r} in project {project.id}")
    values = _role_values(project, switches, request)
    values["name"] = fields.get(request, "newName", fields.text, "") or name
    if values["name"] != name and values["name"] in known:
        raise errors.duplicate(f"Role with name {values['name']} already exists", switches)
    return {"id": roles.rename(project, known[name], values).id}


def _remove_role(project: Project, switches: Switches, request: Edit) -> Edit:
    role = _level(project, request).get(_need(request, "name", str))
    if role is not None:
        roles.remove(project, role)
    return {}


def _add_permission(project: Project, switches: Switches, request: Edit) -> Edit:
    name = _need(request, "name", str)
    if name in project.permissions:
        raise errors.duplicate(f"Permission with name {name} already exists", switches)
    return {"id": project.add_permission(name, fields.get(request, "description", fields.text, "")).id}


def _remove_permission(project: Project, switches: Switches, request: Edit) -> Edit:
    permission = project.permissions.get(_need(request, "name", str))
    if permission is not None:
        if permission.systemDefault:
            raise OptionError(f"the permission {permission.name!r} is a system default")
        project.remove_permission(permission)
    return {}


def _update_project(project: Project, switches: Switches, request: Edit) -> Edit:
    readers: dict[str, fields.Reader] = {"name": fields.text, "environment": fields.text, "tags": fields.texts}
    for name, value in fields.given(request, readers).items():
        setattr(project, name, value)
    return {}


# -- flows and what belongs to them ----------------------------------------------------------------------------------


def _flow(project: Project, request: Edit) -> Flow:
    flow = project.flows.get(_need(request, "id", str))
    if flow is None:
        raise OptionError(f"there is no flow {request['id']!r} in project {project.id}")
    return flow


def _import_flow(project: Project, switches: Switches, request: Edit) -> Edit:
    flow = flows.put(project, _need(request, "flow", dict))
    return {"id": flow.id, "version": flow.version}


def _update_flow(project: Project, switches: Switches, request: Edit) -> Edit:
    """Set values in a flow by their paths, see ``flow_paths``."""
    flow = _flow(project, request)
    changed = flow_paths.changed(flow.flow, _need(request, "set", dict)) | {"flowId": flow.id}
    return {"id": flow.id, "version": flows.put(project, changed, flow.legacy).version}


def _delete_flow(project: Project, switches: Switches, request: Edit) -> Edit:
    flows.remove(project, switches, [_flow(project, request).id])
    return {}


def _set_theme(project: Project, switches: Switches, request: Edit) -> Edit:
    themes.put(project, _need(request, "styles", dict))
    return {"version": project.theme.version}


def _set_components_version(project: Project, switches: Switches, request: Edit) -> Edit:
    """Not an edit of anybody's: the service brings new components out, and every export tells."""
    project.set_components_version(_need(request, "version", str))
    return {}


def _add_connector(project: Project, switches: Switches, request: Edit) -> Edit:
    """``secrets`` are texts by their types; they are kept as hashes only."""
    more = fields.given(request, {"type": fields.text, "id": fields.text, "secrets": fields.mapping})
    secrets = {kind: fields.text(kind, text) for kind, text in more.get("secrets", {}).items()}
    name = _need(request, "name", str)
    return dict(connectors.add(project, name, more.get("type", "http"), more.get("id", ""), secrets))


def _remove_connector(project: Project, switches: Switches, request: Edit) -> Edit:
    project.connectors.pop(_need(request, "name", str), None)
    return {}


OPERATIONS: dict[str, Callable[[Project, Switches, Edit], Edit]] = {
    "create_tenant": _create_tenant,
    "create_tenants": _create_tenants,
    "update_tenant": _update_tenant,
    "delete_tenant": _delete_tenant,
    "set_settings": _set_settings,
    "set_password_settings": _set_password_settings,
    "declare_attribute": _declare_attribute,
    "remove_attribute": _remove_attribute,
    "add_role": _add_role,
    "update_role": _update_role,
    "remove_role": _remove_role,
    "add_permission": _add_permission,
    "remove_permission": _remove_permission,
    "update_project": _update_project,
    "import_flow": _import_flow,
    "update_flow": _update_flow,
    "delete_flow": _delete_flow,
    "set_theme": _set_theme,
    "set_components_version": _set_components_version,
    "add_connector": _add_connector,
    "remove_connector": _remove_connector,
}


def edit(company: Company, switches: Switches, request: Edit) -> Edit:
    """Carry one edit out."""
    operation = request.get("op")
    project_id = request.get("project", "")
    if not isinstance(operation, str) or not isinstance(project_id, str):
        raise OptionError("'op' and 'project' must be given, as text")
    if operation == "add_project":
        project_id = project_id or new_id("P2")
        if project_id in company.projects:
            raise OptionError(f"there is a project {project_id!r} already")
        company.add(Project(project_id, key_hash(_need(request, "key", str)), request.get("name", "")))
        return {"id": project_id}
    if operation not in OPERATIONS:
        raise OptionError(f"unknown op {operation!r}; known: add_project, {', '.join(OPERATIONS)}")
    project = company.projects.get(project_id)
    if project is None:
        raise OptionError(f"there is no project {project_id!r}")
    try:
        return OPERATIONS[operation](project, switches, request)
    except (ServiceError, MalformedRequest) as error:
        raise OptionError(f"{operation}: {error}") from None
