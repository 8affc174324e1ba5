# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two forms of a flow: v1 as the console has it, v2 as it is exported, and the entry in the list of flows.

[CLI flow/convert.go (S); OAS Flow, ExportedFlow (S)]
"""

from __future__ import annotations

from typing import Any

from ..switches import Switches
from .model import Flow
from .tenants import ordered

Json = dict[str, Any]
ZERO_INTERACTION = {"id": "", "type": "", "label": "", "icon": "", "subType": ""}
_ZERO_METADATA: Json = {
    "description": "",
    "disabled": False,
    "fingerprint": False,
    "widget": False,
    "translation": None,
    "sharedInteractions": [],
    "management": False,
    "managementConfig": None,
}
# v1 name -> name in the metadata of v2
_SAME = {
    "name": "name",
    "description": "description",
    "disabled": "disabled",
    "fingerprint": "fingerprint",
    "widget": "widget",
    "sharedInteractions": "sharedInteractions",
    "management": "management",
    "managementConfig": "managementConfig",
}
# v1 name -> name in the translation of v2, and its zero value
_TRANSLATION: dict[str, tuple[str, Any]] = {
    "translate": ("enabled", False),
    "translateConnectorID": ("connectorId", ""),
    "translateSourceLang": ("sourceLanguage", ""),
    "translateTargetLangs": ("targetLanguages", []),
}


def is_empty(value: Any) -> bool:
    """Whether it is a zero value."""
    return value is None or value is False or value in ("", [], {})


def without_nulls(value: Any) -> Any:
    """A message without the fields that are null, as they read as absent."""
    return {key: entry for key, entry in value.items() if entry is not None} if isinstance(value, dict) else value


def received(flow: Json) -> Json:
    """A flow of v2 as it came, without nulls in its messages; the free objects in it stay as they are."""
    flow = without_nulls(flow)
    for name in ("metadata", "references"):
        if name in flow:
            flow[name] = without_nulls(flow[name])
    if isinstance(flow.get("screens"), list):
        flow["screens"] = [without_nulls(screen) for screen in flow["screens"]]
    return flow


def interactions(entries: list[Json] | None, switches: Switches) -> list[Json]:
    """Interactions as returned."""
    entries = ordered(entries or [], switches)
    if switches["flow_zero_values"] == "present":
        return [ZERO_INTERACTION | entry for entry in entries]
    return [{key: value for key, value in entry.items() if not is_empty(value)} for entry in entries]


def _visible(value: Json, zeros: Json, switches: Switches) -> Json:
    """A message with all of its zero values, or with none."""
    if switches["flow_zero_values"] == "present":
        return zeros | value
    return {key: entry for key, entry in value.items() if not is_empty(entry)}


def exported(flow: Flow, switches: Switches) -> Json:
    """The flow in the form of v2, but for its references."""
    metadata = flow.flow["metadata"]
    shared = interactions(metadata.get("sharedInteractions"), switches)
    screens = []
    for screen in ordered(flow.flow["screens"], switches):
        own = interactions(screen.get("interactions"), switches)
        rest = {key: value for key, value in screen.items() if key != "interactions"}
        keep = own or switches["flow_zero_values"] == "present"
        screens.append(rest | ({"interactions": own} if keep else {}))
    return flow.flow | {
        "metadata": _visible(metadata | {"sharedInteractions": shared}, _ZERO_METADATA, switches),
        "screens": screens,
    }


def _from_metadata(metadata: Json) -> Json:
    """The fields of v1 that come from the metadata, zero values included."""
    translation = metadata.get("translation") or {}
    values = {old: metadata.get(new, _ZERO_METADATA.get(new)) for old, new in _SAME.items()}
    return values | {old: translation.get(new, zero) for old, (new, zero) in _TRANSLATION.items()}


def listed(flow: Flow, switches: Switches) -> Json:
    """The entry in the list of flows: zero values are there, the dsl is normally empty [OAS (S), (G)]."""
    values = _from_metadata(flow.flow["metadata"])
    values["sharedInteractions"] = [
        ZERO_INTERACTION | entry for entry in ordered(values["sharedInteractions"] or [], switches)
    ]
    return {
        "id": flow.id,
        "version": flow.version,
        **values,
        "dsl": flow.flow["contents"] if switches["flow_list_dsl"] == "full" else {},
        "modifiedTime": str(flow.modifiedTime),  # int64
        "etag": flow.etag,
        "referencesGlobalStrings": flow.legacy.get("referencesGlobalStrings", False),
    }


def console(flow: Flow, switches: Switches) -> Json:
    """The flow in the form of v1: ``{flow, screens}``, where modifiedTime is a number (T sample)."""
    values = _from_metadata(flow.flow["metadata"])
    values["sharedInteractions"] = interactions(values["sharedInteractions"], switches)
    values["referencesGlobalStrings"] = flow.legacy.get("referencesGlobalStrings", False)
    inputs = flow.legacy.get("inputs", {})
    screens = [
        {
            "id": screen["screenId"],
            "version": flow.version,
            "flowId": flow.id,
            "inputs": inputs.get(screen["screenId"], []),
            "interactions": interactions(screen.get("interactions"), switches),
            "htmlTemplate": screen["contents"],
            "componentsVersion": flow.flow["metadata"]["componentsVersion"],
        }
        for screen in ordered(flow.flow["screens"], switches)
    ]
    head = {
        "id": flow.id,
        "version": flow.version,
        "dsl": flow.flow["contents"],
        "modifiedTime": flow.modifiedTime,
        "etag": flow.etag,
    }
    return {"flow": head | _visible(values, {}, switches), "screens": screens}


def from_console(flow_id: str, flow: Json, screens: Any) -> tuple[Json, Json]:
    """v1 -> v2 and what v2 has no place for. What is malformed goes through as it is, for the checks to find."""
    metadata = {new: flow[old] for old, new in _SAME.items() if flow.get(old) is not None}
    translation = {new: flow[old] for old, (new, _zero) in _TRANSLATION.items() if not is_empty(flow.get(old))}
    if translation:
        metadata["translation"] = translation
    legacy: Json = {"inputs": {}}
    if flow.get("referencesGlobalStrings") is True:
        legacy["referencesGlobalStrings"] = True
    converted: Any = [] if screens is None else screens
    if isinstance(screens, list):
        converted = []
        for screen in screens:
            if not isinstance(screen, dict):
                converted.append(screen)
                continue
            entry = {"screenId": screen.get("id"), "contents": screen.get("htmlTemplate")}
            entry["interactions"] = screen.get("interactions")
            converted.append(entry)
            if isinstance(screen.get("id"), str) and screen.get("inputs"):
                legacy["inputs"][screen["id"]] = screen["inputs"]
    value = {"flowId": flow_id, "metadata": metadata, "contents": flow.get("dsl"), "screens": converted}
    return received(value), legacy
