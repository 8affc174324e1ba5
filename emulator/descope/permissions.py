# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions of a project: create, update, delete, each also in batches, and the list of all."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..service import Route
from . import errors, fields
from .call import Call
from .model import Permission
from .roles import all_or_none, batch, visible
from .tenants import ordered


def _taken(call: Call, name: str) -> None:
    if name in call.project.permissions:
        raise errors.duplicate(f"Permission with name {name} already exists", call.switches)


def _find(call: Call, name: str, ident: str) -> Permission:
    """By name or by id, not by both [OAS (S)]."""
    if name and ident:
        raise errors.invalid_argument("Either name or id must be provided, not both")
    if not name and not ident:
        raise errors.field_required("name")
    for permission in call.project.permissions.values():
        if permission.id == ident or permission.name == name:
            return permission
    raise errors.permission_not_found(name or ident, call.switches)


def _changeable(permission: Permission) -> Permission:
    if permission.systemDefault:
        text = f"Permission {permission.name} is a system default"
        raise ServiceError(400, errors.BUILTIN_PERMISSION, "Cannot change permission", text)
    return permission


def _create(call: Call, body: dict[str, Any]) -> None:
    name = fields.get(body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    description = fields.get(body, "description", fields.text, "")
    _taken(call, name)
    call.project.add_permission(name, description, call.clock())


def _update(call: Call, body: dict[str, Any]) -> None:
    """A description left out is removed [OAS (S)]; a new name left out is none."""
    found = _find(call, fields.get(body, "name", fields.text, ""), fields.get(body, "id", fields.text, ""))
    _changeable(found)
    name = fields.get(body, "newName", fields.text, "") or found.name
    if name != found.name:
        _taken(call, name)
    call.project.change_permission(found, name, fields.get(body, "description", fields.text, ""))


# -- operations ------------------------------------------------------------------------------------------------------


def create(call: Call) -> dict[str, Any]:
    """POST permission/create {name, description} -> {} [OAS (S)]."""
    _create(call, call.body)
    return {}


def update(call: Call) -> dict[str, Any]:
    """POST permission/update {name or id, newName, description} -> {}."""
    _update(call, call.body)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """POST permission/delete {name or id} -> {}; the roles lose it."""
    name, ident = (fields.get(call.body, key, fields.text, "") for key in ("name", "id"))
    call.project.remove_permission(_changeable(_find(call, name, ident)))
    return {}


def create_batch(call: Call) -> dict[str, Any]:
    """POST permission/create/batch {permissions} -> {}: all or none [PY (S)]."""
    with all_or_none(call.project):
        for body in batch(call, "permissions"):
            _create(call, body)
    return {}


def update_batch(call: Call) -> dict[str, Any]:
    """POST permission/update/batch {permissions} -> {}: all or none [PY (S)]."""
    with all_or_none(call.project):
        for body in batch(call, "permissions"):
            _update(call, body)
    return {}


def delete_batch(call: Call) -> dict[str, Any]:
    """POST permission/delete/batch {names, ids} -> {}: all or none [PY (S)]; without either it is refused (G)."""
    names = fields.get(call.body, "names", fields.texts, [])
    ids = fields.get(call.body, "ids", fields.texts, [])
    if not names and not ids:
        raise errors.field_required("names")
    skip = call.switches["batch_unknown"] == "skip"
    with all_or_none(call.project):
        for name, ident in [*((name, "") for name in names), *(("", ident) for ident in ids)]:
            try:
                found = _find(call, name, ident)
            except ServiceError as error:
                if skip and error.code == errors.UNKNOWN_PERMISSION:
                    continue
                raise
            call.project.remove_permission(_changeable(found))
    return {}


def load_all(call: Call) -> dict[str, Any]:
    """GET permission/all -> {permissions}, system defaults included [OAS (S)]."""
    found = visible(call, list(call.project.permissions.values()))
    return {"permissions": [permission.dump() for permission in ordered(found, call.switches)]}


ROUTES = (
    Route("POST", "/v1/mgmt/permission/create", create, "write"),
    Route("POST", "/v1/mgmt/permission/update", update, "write"),
    Route("POST", "/v1/mgmt/permission/delete", delete, "write"),
    Route("POST", "/v1/mgmt/permission/create/batch", create_batch, "write"),
    Route("POST", "/v1/mgmt/permission/update/batch", update_batch, "write"),
    Route("POST", "/v1/mgmt/permission/delete/batch", delete_batch, "write"),
    Route("GET", "/v1/mgmt/permission/all", load_all, "read", entries="permissions"),
)
