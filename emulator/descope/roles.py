# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of a project and of its tenants: create, update, delete, each also in batches, search, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import MalformedRequest, ServiceError
from ..service import Route
from ..switches import Switches
from . import errors, fields
from .call import Call
from .model import Permission, Project, Role
from .tenants import ordered

_Born = TypeVar("_Born", Role, Permission)
_SORTABLE = ("id", "name", "description", "createdTime", "tenantId")
_FLAGS: dict[str, fields.Reader] = {"default": fields.flag, "private": fields.flag}


@contextmanager
def all_or_none(project: Project) -> Iterator[None]:
    """Roles and permissions are as before if one change of several is refused."""
    permissions, roles = dict(project.permissions), dict(project.roles)
    tenant_roles = {tenant: dict(entries) for tenant, entries in project.tenant_roles.items()}
    default_roles = {tenant.id: tenant.defaultRoles for tenant in project.tenants.values() if tenant.defaultRoles}
    try:
        yield
    except (ServiceError, MalformedRequest):
        project.permissions, project.roles, project.tenant_roles = permissions, roles, tenant_roles
        for tenant_id, names in default_roles.items():
            project.tenants[tenant_id].defaultRoles = names
        raise


def batch(call: Call, name: str) -> list[dict[str, Any]]:
    """The entries of a batch."""
    entries = call.body.get(name)
    if not entries:
        raise errors.field_required(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise errors.invalid_argument(f"{name} must be a list of objects")
    return entries


def visible(call: Call, entries: list[_Born]) -> list[_Born]:
    """Those that are old enough to be listed."""
    latest = call.clock() - float(call.switches["visibility_delay"])
    return [entry for entry in entries if entry.born <= latest]


def shown(role: Role, switches: Switches) -> dict[str, Any]:
    """A role as the API returns it; one of the project has tenantId "" [PY, OAS (S)]."""
    return role.dump() | {"permissionNames": ordered(role.permissionNames, switches)}


def known_permissions(project: Project, switches: Switches, names: list[str]) -> list[str]:
    """Permission names that the service would store in a role. What it does of an unknown one is in no source."""
    unknown = [name for name in names if name not in project.permissions]
    if unknown and switches["unknown_permission"] == "refuse":
        text = f"Permission {unknown[0]} does not exist"
        raise ServiceError(400, errors.UNKNOWN_PERMISSION, "Permission not found", text)
    return [name for name in dict.fromkeys(names) if name not in unknown]


def _level(call: Call, body: dict[str, Any]) -> str:
    """The tenant that the roles belong to, "" for the project."""
    tenant_id: str = fields.get(body, "tenantId", fields.text, "")
    if tenant_id:
        call.tenant(tenant_id, "tenantId")
    return tenant_id


def _taken(call: Call, name: str, tenant_id: str) -> None:
    if name in call.project.roles_of(tenant_id):
        raise errors.duplicate(f"Role with name {name} already exists", call.switches)


def _find(call: Call, name: str, ident: str, tenant_id: str) -> Role:
    """By name or by id, not by both [OAS (S)]. A name is looked up on one level, an id on all of them (G)."""
    if name and ident:
        raise errors.invalid_argument("Either name or id must be provided, not both")
    if not name and not ident:
        raise errors.field_required("name")
    for role in call.project.all_roles():
        if (role.id == ident and tenant_id in ("", role.tenantId)) or (role.name, role.tenantId) == (name, tenant_id):
            return role
    raise errors.role_not_found(name or ident, call.switches)


def make(call: Call, body: dict[str, Any]) -> Role:
    """Create a role."""
    name = fields.get(body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    values = {
        "description": fields.get(body, "description", fields.text, ""),
        "permissionNames": fields.get(body, "permissionNames", fields.texts, []),
        **{flag: fields.get(body, flag, read, False) for flag, read in _FLAGS.items()},
    }
    tenant_id = _level(call, body)
    _taken(call, name, tenant_id)
    values["permissionNames"] = known_permissions(call.project, call.switches, values["permissionNames"])
    return call.project.add_role(name, tenantId=tenant_id, born=call.clock(), **values)


def _update(call: Call, body: dict[str, Any]) -> Role:
    """Description and permissions that are left out are removed [OAS, PY (S)]; for the flags there is a switch."""
    name, ident = (fields.get(body, key, fields.text, "") for key in ("name", "id"))
    role = _find(call, name, ident, _level(call, body))
    new_name = fields.get(body, "newName", fields.text, "")
    if not new_name:
        raise errors.field_required("newName")
    if new_name != role.name:
        _taken(call, new_name, role.tenantId)
    flags = fields.given(body, _FLAGS)
    if call.switches["role_update_flags"] == "reset":
        flags = dict.fromkeys(_FLAGS, False) | flags
    names = fields.get(body, "permissionNames", fields.texts, [])
    changes = {
        "name": new_name,
        "description": fields.get(body, "description", fields.text, ""),
        "permissionNames": known_permissions(call.project, call.switches, names),
        **flags,
    }
    return rename(call.project, role, changes)


def rename(project: Project, role: Role, changes: dict[str, Any]) -> Role:
    """Change a role, perhaps its name; default roles of tenants follow."""
    name = changes.get("name", role.name)
    if name != role.name:
        project.rename_default_role(role, name)
    return project.change_role(role, **changes)


def remove(project: Project, role: Role) -> None:
    """Remove a role; it is nobody's default role any more."""
    project.rename_default_role(role)
    del project.roles_of(role.tenantId)[role.name]


# -- operations ------------------------------------------------------------------------------------------------------


def create(call: Call) -> dict[str, Any]:
    """POST role/create -> the role."""
    return shown(make(call, call.body), call.switches)


def update(call: Call) -> dict[str, Any]:
    """POST role/update -> the role."""
    return shown(_update(call, call.body), call.switches)


def delete(call: Call) -> dict[str, Any]:
    """POST role/delete {name or id, tenantId} -> {}."""
    name, ident = (fields.get(call.body, key, fields.text, "") for key in ("name", "id"))
    remove(call.project, _find(call, name, ident, _level(call, call.body)))
    return {}


def _each(call: Call, change: Callable[[Call, dict[str, Any]], Role]) -> dict[str, Any]:
    with all_or_none(call.project):
        made = [change(call, body) for body in batch(call, "roles")]
    return {"roles": [shown(role, call.switches) for role in ordered(made, call.switches)]}


def create_batch(call: Call) -> dict[str, Any]:
    """POST role/create/batch {roles} -> {roles}: all or none [PY (S)]."""
    return _each(call, make)


def update_batch(call: Call) -> dict[str, Any]:
    """POST role/update/batch {roles} -> {roles}: all or none [PY (S)]."""
    return _each(call, _update)


def delete_batch(call: Call) -> dict[str, Any]:
    """POST role/delete/batch {roleNames, roleIds, tenantId} -> {}: all or none [PY (S)].

    An empty filter is none, so that it deletes every role [python-sdk 426d369e (T)], with a tenantId every one of the
    tenant (G).
    """
    names = fields.get(call.body, "roleNames", fields.texts, [])
    ids = fields.get(call.body, "roleIds", fields.texts, [])
    tenant_id = _level(call, call.body)
    if not names and not ids:
        for role in call.project.all_roles():
            if tenant_id in ("", role.tenantId):
                remove(call.project, role)
        return {}
    skip = call.switches["batch_unknown"] == "skip"
    with all_or_none(call.project):
        for name, ident in [*((name, "") for name in names), *(("", ident) for ident in ids)]:
            try:
                found = _find(call, name, ident, tenant_id)
            except ServiceError as error:
                if skip and error.code == errors.UNKNOWN_ROLE:
                    continue
                raise
            remove(call.project, found)
    return {}


def load_all(call: Call) -> dict[str, Any]:
    """GET role/all -> {roles}, those of tenants included."""
    found = visible(call, call.project.all_roles())
    return {"roles": [shown(role, call.switches) for role in ordered(found, call.switches)]}


def search(call: Call) -> dict[str, Any]:
    """POST role/search -> {roles}: those that pass all filters that are set."""
    tests = _filters(call.body)
    found = [role for role in visible(call, call.project.all_roles()) if all(test(role) for test in tests)]
    entries = [shown(role, call.switches) for role in ordered(found, call.switches)]
    for field, descending in reversed(_sorting(call.body)):
        entries.sort(key=lambda entry: entry[field], reverse=descending)
    return {"roles": entries}


def _sorting(body: dict[str, Any]) -> list[tuple[str, bool]]:
    """What to sort by; fields that a role does not have are passed over."""
    rules = body.get("sort") or []
    if not isinstance(rules, list):
        raise errors.invalid_argument("sort must be a list")
    read = [fields.mapping("sort", rule) for rule in rules]
    named = [
        (fields.get(rule, "field", fields.text, ""), fields.get(rule, "desc", fields.flag, False)) for rule in read
    ]
    return [(field, descending) for field, descending in named if field in _SORTABLE]


def _filters(body: dict[str, Any]) -> list[Callable[[Role], bool]]:
    tests: list[Callable[[Role], bool]] = []
    if tenants := set(fields.get(body, "tenantIds", fields.texts, [])):
        if fields.get(body, "includeProjectRoles", fields.flag, False):
            tenants.add("")
        tests.append(lambda role: role.tenantId in tenants)
    if ids := fields.get(body, "roleIds", fields.texts, []):
        tests.append(lambda role: role.id in ids)
    if names := fields.get(body, "roleNames", fields.texts, []):
        tests.append(lambda role: role.name in names)
    if like := fields.get(body, "roleNameLike", fields.text, "").lower():  # PY: "ignoring case" (S)
        tests.append(lambda role: like in role.name.lower())
    if permissions := set(fields.get(body, "permissionNames", fields.texts, [])):
        tests.append(lambda role: permissions.issubset(role.permissionNames))
    if text := fields.get(body, "text", fields.text, "").lower():
        tests.append(lambda role: text in f"{role.name}\n{role.description}".lower())
    return tests


ROUTES = (
    Route("POST", "/v1/mgmt/role/create", create, "write"),
    Route("POST", "/v1/mgmt/role/update", update, "write"),
    Route("POST", "/v1/mgmt/role/delete", delete, "write"),
    Route("POST", "/v1/mgmt/role/create/batch", create_batch, "write"),
    Route("POST", "/v1/mgmt/role/update/batch", update_batch, "write"),
    Route("POST", "/v1/mgmt/role/delete/batch", delete_batch, "write"),
    Route("GET", "/v1/mgmt/role/all", load_all, "read", entries="roles"),
    Route("POST", "/v1/mgmt/role/search", search, "read", entries="roles"),
)
