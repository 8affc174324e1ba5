# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a project: the export. No complete public one is known, so that only the paths and shapes which
sources name are here; what is in project.json, styles, roles.json, lists.json and of a connector is a guess (G)."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

from ..errors import ServiceError
from ..service import Route
from . import errors, fields, flow_forms, flows, passwords
from .call import Call
from .model import Flow, Project
from .tenants import ordered

_NAMELESS = "New Screen"
PLACEHOLDER = "PLACEHOLDER_VALUE"  # DOCS, TF PR 378 (S); GO: "left blank" (S)
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def screen_slugs(flow: dict[str, Any]) -> dict[str, str]:
    """Screen id -> slug: from the name of its task; twins get the end of their ids, nameless ones the id
    (T samples)."""
    names: dict[str, str] = {}
    for task in flow["contents"]["tasks"].values():
        if task.get("type") == "screen" and isinstance(task.get("name"), str):
            names.setdefault(task["screenId"], task["name"])
    slugs = {}
    for screen in flow["screens"]:
        screen_id = screen["screenId"]
        name = names.get(screen_id, _NAMELESS)
        slug = "" if name == _NAMELESS else _NOT_A_WORD.sub("-", name.lower()).strip("-")
        slugs[screen_id] = slug or screen_id.removeprefix("SC")
    times = Counter(slugs.values())
    return {key: slug if times[slug] == 1 else f"{slug}-{key[-4:]}" for key, slug in slugs.items()}


def _metadata(call: Call, flow: Flow, slugs: list[str]) -> dict[str, Any]:
    """Some zero values are written and some are not (T samples)."""
    stored = flow.flow["metadata"]
    value = {"description": "", "disabled": False, "fingerprint": False}
    value |= {key: entry for key, entry in stored.items() if key in value or not flow_forms.is_empty(entry)}
    if shared := stored.get("sharedInteractions"):
        value["sharedInteractions"] = [
            {key: entry for key, entry in each.items() if not flow_forms.is_empty(entry)}
            for each in ordered(shared, call.switches)
        ]
    value["screens"] = sorted(slugs)
    if references := flows.references(call.project, flow.flow, call.switches):
        value["references"] = references
    return value


def _flow_files(call: Call) -> dict[str, Any]:
    all_flows = ordered(list(call.project.flows.values()), call.switches)
    files: dict[str, Any] = {"flows/flows.json": {"flows": [flow.id for flow in all_flows]}}
    for flow in all_flows:
        slugs = screen_slugs(flow.flow)
        folder = f"flows/{flow.id}"
        files[f"{folder}/metadata.json"] = _metadata(call, flow, list(slugs.values()))
        files[f"{folder}/contents.json"] = flow.flow["contents"]
        for screen in flow.flow["screens"]:
            files[f"{folder}/screen-{slugs[screen['screenId']]}.json"] = {
                "screenId": screen["screenId"],
                "contents": screen["contents"],
                "interactions": [
                    flow_forms.ZERO_INTERACTION | each
                    for each in ordered(screen.get("interactions") or [], call.switches)
                ],
            }
    return files


def _connector_files(call: Call) -> dict[str, Any]:
    connectors = ordered(list(call.project.connectors.values()), call.switches)
    slugs = {f"{connector['type']}-{connector['id']}": connector for connector in connectors}
    files: dict[str, Any] = {"connectors/connectors.json": {"connectors": list(slugs)}}
    text = PLACEHOLDER if call.switches["snapshot_secrets"] == "placeholder" else ""
    for slug, connector in slugs.items():
        shown = dict(connector)
        if "secrets" in shown:
            shown["secrets"] = dict.fromkeys(shown["secrets"], text)
        files[f"connectors/{slug}.json"] = shown
    return files


def _portable(kind: str, name: str) -> str:
    """An id that is the same in all projects: TFnew says that ids of roles and permissions are rewritten (S)."""
    return kind + hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:26]


def _role_files(call: Call) -> dict[str, Any]:
    """Those of the project; system defaults and the roles of tenants stay where they are (G)."""
    project = call.project
    roles = [
        {
            "id": _portable("ROL2", role.name),
            "name": role.name,
            "description": role.description,
            "permissionNames": ordered(role.permissionNames, call.switches),
            "default": role.default,
            "private": role.private,
        }
        for role in project.roles.values()
    ]
    permissions = [
        {"id": _portable("PERM2", each.name), "name": each.name, "description": each.description}
        for each in project.permissions.values()
        if not each.systemDefault
    ]
    return {
        "roles.json": {"roles": ordered(roles, call.switches)},
        "permissions.json": {"permissions": ordered(permissions, call.switches)},
    }


def replaced(value: Any, ids: dict[str, str]) -> Any:
    """A JSON value with other ids, wherever these stand in a text."""
    ids = {old: new for old, new in ids.items() if old and old != new}
    if not ids:
        return value
    pattern = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])" for old in ids))
    return json.loads(pattern.sub(lambda match: ids[match[0]], json.dumps(value, ensure_ascii=False)))


def _portable_roles(files: dict[str, Any], project: Project) -> dict[str, Any]:
    return dict(replaced(files, {role.id: _portable("ROL2", role.name) for role in project.roles.values()}))


def check_plan(call: Call) -> None:
    """Snapshots need a paid plan [TF3 (T)]; the status is a guess."""
    if call.switches["snapshots"] == "refused":
        raise ServiceError(403, errors.NO_LICENSE, "License required", "Snapshots require a pro license or above")


def export(call: Call) -> dict[str, Any]:
    """POST project/snapshot/export {format?} -> {files: {path: object or text}}; the legacy path does the same."""
    fields.get(call.body, "format", fields.text, "")
    check_plan(call)
    project = call.project
    theme = {"styles": project.theme.styles, "componentsVersion": project.components_version}
    files = {
        "project.json": {"name": project.name, "environment": project.environment, "tags": list(project.tags)},
        "auth/password.json": passwords.whole(project.password_settings),
        **_connector_files(call),
        **_portable_roles(_flow_files(call), project),
        "styles/styles.json": theme,
        **_role_files(call),
        "lists.json": {"lists": ordered(list(project.lists.values()), call.switches)},
        "attributes.json": {"user": [], "tenant": list(project.attributes.values()), "accessKey": []},
    }
    return {"files": files}


ROUTES = (
    Route("POST", "/v1/mgmt/project/snapshot/export", export, "read"),
    Route("POST", "/v1/mgmt/project/export", export, "read"),
)
