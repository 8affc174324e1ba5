# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of the custom attributes of tenants.

Only the newer Terraform provider uses this endpoint: GET and DELETE with ``?name=``, POST upserts and answers
without content [TF attributes.go (S)]. The shape of a definition beyond name and type is a guess.
"""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..service import Route
from . import errors, fields
from .call import Call

TYPES = ("string", "number", "boolean", "array", "singleselect", "multiselect", "date")


def _named(call: Call) -> str:
    name = call.request.query.get("name", "")
    if not name:
        raise errors.field_required("name")
    if name not in call.project.attributes:
        raise ServiceError(404, errors.ATTRIBUTE_NOT_FOUND, "Attribute not found", f"Cannot find attribute {name}")
    return name


def get(call: Call) -> dict[str, Any]:
    """GET tenant/attribute?name= -> the definition; without a name -> all of them (G)."""
    if "name" not in call.request.query:
        return {"attributes": list(call.project.attributes.values())}
    return call.project.attributes[_named(call)]


def upsert(call: Call) -> dict[str, Any]:
    """POST tenant/attribute {name, type, ...}."""
    name = fields.get(call.body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    kind = fields.get(call.body, "type", fields.text, "") or "string"
    if kind not in TYPES:
        raise errors.invalid_argument(f"type {kind} is unknown")
    more = {key: value for key, value in call.body.items() if key not in ("name", "type") and value is not None}
    call.project.declare_attribute(name, kind, **more)
    return {}


def delete(call: Call) -> dict[str, Any]:
    """DELETE tenant/attribute?name=; the values go with the definition (G)."""
    name = _named(call)
    del call.project.attributes[name]
    for tenant in call.project.tenants.values():
        tenant.customAttributes.pop(name, None)
    return {}


ROUTES = (
    Route("GET", "/v1/mgmt/tenant/attribute", get, "read", entries="attributes"),
    Route("POST", "/v1/mgmt/tenant/attribute", upsert, "write"),
    Route("DELETE", "/v1/mgmt/tenant/attribute", delete, "write"),
)
