# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated service: routes, authorisation, errors, state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import MalformedRequest, OptionError, ServiceError
from ..reads import Reads
from ..service import Kind, Route, RouteTable
from ..switches import Switches
from ..wire import Reply, Request
from . import (
    admin_links,
    audits,
    edits,
    errors,
    flow_templates,
    flows,
    lists,
    passwords,
    permissions,
    projects,
    roles,
    snapshot_imports,
    snapshots,
    tenant_attributes,
    tenant_settings,
    tenants,
    themes,
)
from . import license as license_tier
from .call import COMPANY, Call
from .model import Project, key_hash

_FAMILIES = (
    license_tier,
    projects,
    roles,
    permissions,
    tenants,
    tenant_settings,
    tenant_attributes,
    admin_links,
    passwords,
    flows,
    flow_templates,
    themes,
    lists,
    snapshots,
    snapshot_imports,
    audits,
)
# Paths that a deployment may lack, and the switch that says so.
_SWITCHED = {
    "/v1/mgmt/tenant/patch": "patch",
    "/v1/mgmt/flow/export": "flow_v1",
    "/v1/mgmt/flow/import": "flow_v1",
    "/v1/mgmt/theme/export": "flow_v1",
    "/v1/mgmt/theme/import": "flow_v1",
    "/v2/mgmt/flow/export": "flow_v2",
    "/v2/mgmt/flow/import": "flow_v2",
    "/v2/mgmt/theme/export": "flow_v2",
    "/v2/mgmt/theme/import": "flow_v2",
}


@dataclass(frozen=True, slots=True)
class ProjectOption:
    """A project as given at start."""

    id: str
    key: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> ProjectOption:
        """From ``ID:KEY`` or ``ID:KEY:NAME``."""
        parts = text.split(":", 2)
        if len(parts) < 2 or not parts[0] or not parts[1]:
            # The text is not repeated: it may hold a key.
            raise OptionError("a project is given as ID:KEY or ID:KEY:NAME")
        return cls(*parts)


class Company:
    """All projects. Projects whose management key is the same form one company, and its key sees them all."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}

    def add(self, project: Project) -> None:
        """Add a project."""
        self.projects[project.id] = project

    def remove(self, project: Project) -> None:
        """Remove a project with everything in it."""
        del self.projects[project.id]

    def with_key(self, key: str) -> list[Project]:
        """The projects that a key (its hash) opens."""
        return [project for project in self.projects.values() if project.key == key]


class DescopeService:
    """See ``emulator.service.Service``."""

    name = "descope"

    def __init__(
        self,
        projects: Iterable[ProjectOption],
        switches: Switches,
        attributes: Iterable[tuple[str, str]] = (),
        roles: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        reads: Reads | None = None,
    ) -> None:
        self.switches = switches
        self.reads = reads or Reads()
        self.clock = clock
        self.company = Company()
        self._options = list(projects)
        self._attributes = list(attributes)
        self._roles = list(roles)
        self._table = RouteTable(route for family in _FAMILIES for route in family.ROUTES)
        self.reset()

    # -- requests ----------------------------------------------------------------------------------------------------

    def owns(self, path: str) -> bool:
        """Descope's management paths start with a version."""
        return path.startswith(("/v1/mgmt/", "/v2/mgmt/"))

    def kind_of(self, request: Request) -> Kind:
        """By meaning; for an unknown path by method."""
        route, _params, _known = self._table.find(request.method, request.path)
        if route is not None:
            return route.kind
        return "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"

    def project_of(self, request: Request) -> str:
        """The project id of the bearer, only if there is such a project: anything else may be a misplaced key."""
        project_id, _key = _bearer(request)
        return project_id if project_id in self.company.projects else ""

    def secrets_in(self, request: Request) -> Iterable[str]:
        """The whole bearer and its parts, but for the id of a project that exists."""
        token = _token(request)
        return [part for part in (token, *token.split(":")) if part and part not in self.company.projects]

    def secrets(self) -> Iterable[str]:
        """All management keys given at start."""
        return {option.key for option in self._options}

    def handle(self, request: Request) -> Reply:
        """Route, authorise, call the handler, shape the reply."""
        route, params, known = self._table.find(request.method, request.path)
        switch = _SWITCHED.get(request.path)
        if switch is not None and self.switches[switch] != "present":
            return errors.unknown_path(int(self.switches[switch]), self.switches)
        if route is None:
            return errors.unknown_path(405 if known else 404, self.switches)
        request.params = params
        try:
            call = self._authorise(route, request)
            if route.entries and self.reads.forbidden(request.path):
                raise ServiceError(403, errors.SCOPES, "Insufficient scopes", "The management key may not list these")
            call.body = request.json_object()
            result = route.handler(call)
            if route.kind == "write":
                audits.record(call, route, result)
            elif route.entries:
                result = self.reads.spoilt(request.path, route.entries, result)
            return Reply.json(result)
        except ServiceError as error:
            return Reply.json(errors.body(error, self.switches), error.status)
        except MalformedRequest as error:
            return errors.gateway(400, str(error))

    def _authorise(self, route: Route, request: Request) -> Call:
        """Check the bearer: ``ProjectID:Key``, or just ``Key`` for calls of the company [PY, GO, NET, RUBY (S)]."""
        project_id, key = _bearer(request)
        if not key:
            raise ServiceError(self._key_status(), errors.MISSING_ARGUMENTS, "Missing arguments", "No management key")
        hashed = key_hash(key)
        project = self.company.projects.get(project_id)
        if not project_id and route.scope == COMPANY:
            allowed = bool(self.company.with_key(hashed))
        elif project is None:
            status = int(self.switches["unknown_project_status"])
            raise ServiceError(status, errors.UNKNOWN_PROJECT, "Project not found", "Invalid project in the bearer")
        else:
            allowed = project.key == hashed
        if not allowed:
            raise ServiceError(self._key_status(), errors.INVALID_KEY, "Unauthorized", "Invalid management key")
        return Call(self.company, self.switches, request, hashed, {}, project, self.clock)

    def _key_status(self) -> int:
        return int(self.switches["invalid_key_status"])

    def error_reply(self, status: int, code: str = "", retry_after: int | None = None) -> Reply:
        """429 carries E130429 and Retry-After in whole seconds [DOCS (S), TF3 (T)]."""
        if status == 429:
            error = ServiceError(status, code or errors.RATE_LIMIT, "API rate limit exceeded", "Too many requests")
        else:
            error = ServiceError(status, code or errors.OTHER, "Request failed", f"The request failed with {status}")
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Reply.json(errors.body(error, self.switches), status, headers)

    # -- state -------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The projects given at start, empty."""
        self.company.projects.clear()
        for option in self._options:
            project = Project(option.id, key_hash(option.key), option.name)
            self._prepare(project)
            self.company.add(project)

    def _prepare(self, project: Project) -> None:
        for name, kind in self._attributes:
            if name not in project.attributes:
                project.declare_attribute(name, kind)
        for name in self._roles:
            if name not in project.roles:
                project.add_role(name)

    def dump(self) -> Any:
        """All projects."""
        return {"projects": [project.dump() for project in self.company.projects.values()]}

    def load(self, data: Any) -> None:
        """Take over saved projects; keys and names given at start win, projects not saved are added empty."""
        saved = {entry["id"]: Project.load(entry) for entry in data["projects"]}
        for option in self._options:
            project = saved.get(option.id)
            if project is None:
                project = Project(option.id, key_hash(option.key), option.name)
                saved[option.id] = project
            project.key = key_hash(option.key)
            project.name = option.name or project.name
            self._prepare(project)
        self.company.projects = saved

    # -- control -----------------------------------------------------------------------------------------------------

    def state(self, part: str = "") -> dict[str, Any]:
        """What is stored, as the control endpoint shows it: raw, whatever the switches say."""
        project_id = part
        if project_id and project_id not in self.company.projects:
            raise OptionError(f"there is no project {project_id!r}")
        chosen = [self.company.projects[project_id]] if project_id else list(self.company.projects.values())
        return {"projects": {project.id: _without_key(project.dump()) for project in chosen}}

    def edit(self, request: dict[str, Any]) -> dict[str, Any]:
        """A console-like edit, without authorisation."""
        return edits.edit(self.company, self.switches, request)


def _without_key(data: dict[str, Any]) -> dict[str, Any]:
    del data["key_sha256"]
    data["tenants"] = {tenant["id"]: tenant for tenant in data["tenants"]}
    return data


def _token(request: Request) -> str:
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _bearer(request: Request) -> tuple[str, str]:
    """Project id and key. A single part is a key if it looks like one (K...), else a project without a key."""
    parts = _token(request).split(":")
    if len(parts) == 1:
        return ("", parts[0]) if not parts[0].startswith("P") else (parts[0], "")
    return parts[0], parts[-1]
