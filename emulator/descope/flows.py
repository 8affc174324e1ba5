# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows: list, delete, export and import in the forms of v1 and v2."""

from __future__ import annotations

import json
import time
from typing import Any

from ..errors import ServiceError
from ..service import Route
from ..switches import Switches
from . import errors, fields, flow_forms
from .call import Call
from .flow_checks import problems
from .model import Flow, Project, new_etag
from .tenants import ordered, unset

_NOW = float("-inf")


def put(project: Project, flow: dict[str, Any], legacy: dict[str, Any] | None = None, born: float = _NOW) -> Flow:
    """Check a flow in the form of v2 and store it; also used by edits through control.

    Import creates or overwrites [GO, CLI (S)]. The version of the components is the service's own at every import
    [TFnew tools/tfexport, FLOWCI 5fc5849 (T)].
    """
    flow = flow_forms.received(flow) if isinstance(flow, dict) else flow
    if found := problems(flow):
        raise errors.invalid_argument("; ".join(found[:5]))
    metadata = flow["metadata"] | {"componentsVersion": project.components_version}
    flow = {"references": {}} | flow | {"metadata": metadata}
    stored = project.flows.get(flow["flowId"])
    if stored is None:
        stored = Flow(flow["flowId"], flow, born=born)
        project.flows[stored.id] = stored
    else:
        stored.version += 1
        stored.etag = new_etag()
        stored.modifiedTime = int(time.time())
    stored.flow = flow
    stored.legacy = legacy or {}
    return stored


def remove(project: Project, switches: Switches, ids: list[str]) -> None:
    """Delete flows, all or none. Neither an unknown flow nor a built-in one is in any source, hence the switches."""
    if switches["flow_unknown_delete"] == "refuse":
        for flow_id in ids:
            if flow_id not in project.flows:
                raise errors.flow_not_found(flow_id, 404)
    found = [project.flows[flow_id] for flow_id in ids if flow_id in project.flows]
    for flow in found:
        if flow.builtin and switches["flow_builtin_delete"] == "refuse":
            text = f"Flow {flow.id} is a default flow"
            raise ServiceError(400, errors.BUILTIN_FLOW, "Cannot delete flow", text)
    for flow in found:
        project.flows.pop(flow.id, None)


def references(project: Project, flow: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """What an export names besides the flow itself [OAS ProjectReferences (S)]; how it is made is a guess (G)."""
    sent: dict[str, Any] = flow.get("references") or {}
    if switches["flow_references"] == "as_sent":
        return sent
    text = json.dumps([flow["contents"], flow["screens"], flow["metadata"].get("translation")], ensure_ascii=False)
    own = {
        "connectors": {name: connector["id"] for name, connector in project.connectors.items()},
        "roles": {name: role.id for name, role in project.roles.items()},
    }
    value = {name: entry for name, entry in sent.items() if name not in own and entry}
    for kind, known in own.items():
        # The ids of this project: an import leaves those of another project unresolved [FLOWCI README (S)].
        used = {name: ident for name, ident in known.items() if ident in text or name in sent.get(kind, {})}
        if used:
            value[kind] = used
    return value


def exported(project: Project, flow: Flow, switches: Switches) -> dict[str, Any]:
    """A flow in the form of v2 as it is returned."""
    value = flow_forms.exported(flow, switches)
    value["references"] = references(project, flow.flow, switches)
    if switches["flow_references"] == "absent":
        del value["references"]
    elif not value["references"]:
        unset(value, "references", switches)
    return value


def _flow(call: Call) -> Flow:
    """The flow to export."""
    flow_id = fields.get(call.body, "flowId", fields.text, "")
    if not flow_id:
        raise errors.field_required("flowId")
    flow = call.project.flows.get(flow_id)
    if flow is None or flow.born > call.clock() - float(call.switches["load_delay"]):
        raise errors.flow_not_found(flow_id, int(call.switches["flow_unknown_export"]))
    return flow


# -- operations ------------------------------------------------------------------------------------------------------


def list_flows(call: Call) -> dict[str, Any]:
    """POST flow/list: all, or those with the given ids [RUBY (T)]; the total is their number [PYe2e (T)]."""
    ids = fields.get(call.body, "ids", fields.texts, [])
    latest = call.clock() - float(call.switches["visibility_delay"])
    found = [flow for flow in call.project.flows.values() if flow.born <= latest]
    if ids and call.switches["flow_list_ids"] == "filter":
        found = [flow for flow in found if flow.id in ids]
    entries = [flow_forms.listed(flow, call.switches) for flow in ordered(found, call.switches)]
    return {"flows": entries, "total": len(entries)}


def delete(call: Call) -> dict[str, Any]:
    """POST flow/delete {ids}."""
    ids = fields.get(call.body, "ids", fields.texts, [])
    if not ids:
        raise errors.field_required("ids")
    remove(call.project, call.switches, ids)
    return {}


def export_v1(call: Call) -> dict[str, Any]:
    """POST v1 flow/export {flowId} -> {flow, screens} [RUBY (T)]."""
    return flow_forms.console(_flow(call), call.switches)


def import_v1(call: Call) -> dict[str, Any]:
    """POST v1 flow/import {flowId, flow, screens} -> what is stored. flowId wins over the flow's own id [GO (S)]."""
    flow_id = fields.get(call.body, "flowId", fields.text, "")
    if not flow_id:
        raise errors.field_required("flowId")
    flow = call.body.get("flow")
    if not isinstance(flow, dict):
        raise errors.invalid_argument("flow must be an object")
    value, legacy = flow_forms.from_console(flow_id, flow, call.body.get("screens"))
    return flow_forms.console(put(call.project, value, legacy, call.clock()), call.switches)


def export_v2(call: Call) -> dict[str, Any]:
    """POST v2 flow/export {flowId} -> {flow} [GO, CLI, OAS (S)]."""
    return {"flow": exported(call.project, _flow(call), call.switches)}


def import_v2(call: Call) -> dict[str, Any]:
    """POST v2 flow/import {flow, skipRender?, changelog?} -> {} [GO, CLI, OAS (S)]."""
    fields.given(call.body, {"skipRender": fields.flag, "changelog": fields.text})
    if call.body.get("flow") is None:
        raise errors.field_required("flow")
    put(call.project, call.body["flow"], born=call.clock())
    return {}


ROUTES = (
    Route("POST", "/v1/mgmt/flow/list", list_flows, "read", entries="flows"),
    Route("POST", "/v1/mgmt/flow/delete", delete, "write"),
    Route("POST", "/v1/mgmt/flow/export", export_v1, "read"),
    Route("POST", "/v1/mgmt/flow/import", import_v1, "write"),
    Route("POST", "/v2/mgmt/flow/export", export_v2, "read"),
    Route("POST", "/v2/mgmt/flow/import", import_v2, "write"),
)
