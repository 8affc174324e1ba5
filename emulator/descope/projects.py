# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Projects of a company: list, create, rename, tags, delete."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..service import Route
from . import errors, fields
from .call import COMPANY, Call
from .model import Project, new_id
from .tenants import ordered


def _company_wide(call: Call) -> None:
    """List and create need a key that is not limited to some projects [GO (S)]; E011005 by a node-sdk commit (S)."""
    if call.switches["company_key"] == "no":
        text = "The management key is not allowed to do this"
        raise ServiceError(403, errors.SCOPES, "Insufficient scopes", text)


def _checked_environment(body: dict[str, Any]) -> str:
    environment = fields.get(body, "environment", fields.text, "")
    if environment not in ("", "production"):  # GO, TF (S)
        raise errors.invalid_argument(f"environment {environment} is unknown")
    return environment


def list_projects(call: Call) -> dict[str, Any]:
    """POST projects/list {} -> every project the key may see."""
    _company_wide(call)
    return {"projects": ordered([project.summary() for project in call.company.with_key(call.key)], call.switches)}


def create(call: Call) -> dict[str, Any]:
    """POST project {name, environment?, tags?}, with a bare key -> {id, ...} [TF (S)]."""
    _company_wide(call)
    name = fields.get(call.body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    environment = _checked_environment(call.body)
    tags = fields.get(call.body, "tags", fields.texts, [])
    project = Project(new_id("P2"), call.key, name, environment, tags)
    call.company.add(project)
    return project.summary()


def rename(call: Call) -> dict[str, Any]:
    """POST project/update/name {name}."""
    name = fields.get(call.body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    call.project.name = name
    return {}


def set_tags(call: Call) -> dict[str, Any]:
    """POST project/update/tags {tags}: replaces them."""
    call.project.tags = fields.get(call.body, "tags", fields.texts, [])
    return {}


def delete(call: Call) -> dict[str, Any]:
    """POST project/delete: the project of the bearer; never the last one [TF3 harness.go (T)]."""
    if len(call.company.with_key(call.key)) == 1:
        raise ServiceError(400, errors.LAST_PROJECT, "Cannot delete last project", "Cannot delete last project")
    call.company.remove(call.project)
    return {}


ROUTES = (
    Route("POST", "/v1/mgmt/projects/list", list_projects, "read", COMPANY, "projects"),
    Route("POST", "/v1/mgmt/project", create, "write", COMPANY),
    Route("POST", "/v1/mgmt/project/update/name", rename, "write"),
    Route("POST", "/v1/mgmt/project/update/tags", set_tags, "write"),
    Route("POST", "/v1/mgmt/project/delete", delete, "write"),
)
