# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The forms in which a flow is exported, and how one becomes another. Pure.

Inside the collection a flow definition is always the v2 form: C(flowId), C(metadata), C(contents), C(screens) and
C(references) (contract, section 3.3).
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError

Definition = dict[str, t.Any]

#: Fields of metadata that v1 has under the same name (contract 3.2 to 3.4).
_SAME_IN_V1 = "name description disabled fingerprint widget sharedInteractions management managementConfig".split()
#: v1 name of each field of C(metadata.translation).
_TRANSLATION = {
    "enabled": "translate",
    "connectorId": "translateConnectorID",
    "sourceLanguage": "translateSourceLang",
    "targetLanguages": "translateTargetLangs",
}
#: What C(screens) of v1 have and those of v2 do not.
_SCREEN_V1_ONLY = ("version", "flowId", "componentsVersion")


class NotAFlow(IdentityError):
    """Something that should hold a flow definition does not. The message says why, without naming the place."""

    def __init__(self, message: str) -> None:
        super().__init__(
            "bad_definition",
            message,
            "Give an export of a flow as the Descope console or the descope command line tool writes it.",
        )


def from_export(value: object, flow_id: str | None = None) -> Definition:
    """Return the v2 form of any export that holds a flow.

    Args:
        value: a v2 export, a v1 export of the console (C(flow) and C(screens)), either of them as the API replies, or
            an export with several flows (a widget's), of which C(flow_id) says which one is meant.
        flow_id: the id of the wanted flow, where there are several.

    Raises:
        NotAFlow: there is no such flow in it, or it has another shape.
    """
    if not isinstance(value, dict):
        raise NotAFlow(f"is {_kind(value)}, not a JSON object")
    inner = value.get("flow")
    if isinstance(value.get("flows"), list):
        return from_export(_one_of(value["flows"], flow_id), flow_id)
    if isinstance(inner, dict) and "dsl" in inner:
        return _from_v1(inner, value.get("screens"))
    if isinstance(inner, dict) and "contents" in inner:
        return _from_v2(inner)
    if "contents" in value:
        return _from_v2(value)
    if "dsl" in value:
        return _from_v1(value, value.get("screens"))
    raise NotAFlow("has neither 'contents' (v2 export) nor 'flow' with 'dsl' (v1 export)")


def from_snapshot(metadata: object, contents: object, screens: t.Mapping[str, object], flow_id: str) -> Definition:
    """Return the v2 form of a flow's folder in a project snapshot (contract 4.3).

    Args:
        metadata: of C(metadata.json), which also holds C(references) and the C(screens) that belong to the flow.
        contents: of C(contents.json).
        screens: of each C(screen-SLUG.json), by slug.
        flow_id: the folder's name.

    Raises:
        NotAFlow: a part is missing or has another shape.
    """
    if not isinstance(metadata, dict) or not isinstance(contents, dict):
        raise NotAFlow("metadata.json and contents.json must each hold a JSON object")
    slugs = metadata.get("screens", sorted(screens))
    if not isinstance(slugs, list):
        raise NotAFlow("'screens' in metadata.json is not a list")
    missing = [f"screen-{slug}.json" for slug in slugs if slug not in screens]
    if missing:
        raise NotAFlow(f"metadata.json names screens that are not there: {', '.join(missing)}")
    rest = {name: value for name, value in metadata.items() if name not in {"screens", "references"}}
    return _from_v2(
        {
            "flowId": flow_id,
            "metadata": rest,
            "contents": contents,
            "screens": [screens[slug] for slug in slugs],
            "references": metadata.get("references") or {},
        }
    )


def to_v1(definition: Definition) -> dict[str, t.Any]:
    """Return the body of a v1 import: C(flowId), C(flow) and C(screens)."""
    metadata = definition["metadata"]
    flow_id = definition["flowId"]
    flow = {name: metadata[name] for name in _SAME_IN_V1 if name in metadata}
    translation = metadata.get("translation") or {}
    flow |= {old: translation[new] for new, old in _TRANSLATION.items() if new in translation}
    flow |= {"id": flow_id, "dsl": definition["contents"]}
    version = metadata.get("componentsVersion")
    screens = []
    for screen in definition["screens"]:
        rest = {name: value for name, value in screen.items() if name not in {"screenId", "contents"}}
        rest |= {"id": screen["screenId"], "flowId": flow_id, "htmlTemplate": screen.get("contents") or {}}
        screens.append({**rest, **({"componentsVersion": version} if version else {})})
    return {"flowId": flow_id, "flow": flow, "screens": screens}


def to_v2(definition: Definition) -> Definition:
    """Return the C(flow) of a v2 import: without what only v1 knows."""
    screens = [{name: value for name, value in each.items() if name != "inputs"} for each in definition["screens"]]
    return {**definition, "screens": screens}


def _from_v2(value: dict[str, t.Any]) -> Definition:
    metadata = value.get("metadata")
    screens = value.get("screens")
    if metadata is not None and not isinstance(metadata, dict):
        raise NotAFlow("'metadata' is not a JSON object")
    if not isinstance(value["contents"], dict):
        raise NotAFlow("'contents' is not a JSON object")
    tasks = value["contents"].get("tasks")
    if tasks is not None and not (isinstance(tasks, dict) and all(isinstance(task, dict) for task in tasks.values())):
        raise NotAFlow("'contents.tasks' is not an object of steps, each an object")
    if screens is not None and not isinstance(screens, list):
        raise NotAFlow("'screens' is not a list")
    if not all(isinstance(screen, dict) for screen in screens or ()):
        raise NotAFlow("'screens' holds something that is not a JSON object")
    references = value.get("references")
    if references is not None and not isinstance(references, dict):
        raise NotAFlow("'references' is not a JSON object")
    return {
        "flowId": value.get("flowId") or "",
        "metadata": dict(metadata or {}),
        "contents": value["contents"],
        "screens": list(screens or ()),
        "references": dict(references or {}),
    }


def _from_v1(flow: dict[str, t.Any], screens: object) -> Definition:
    metadata = {name: flow[name] for name in _SAME_IN_V1 if name in flow}
    translation = {new: flow[old] for new, old in _TRANSLATION.items() if flow.get(old)}
    if translation:
        metadata["translation"] = translation
    if screens is not None and (
        not isinstance(screens, list) or not all(isinstance(screen, dict) for screen in screens)
    ):
        raise NotAFlow("'screens' is not a list of JSON objects")
    versions = [screen["componentsVersion"] for screen in screens or () if screen.get("componentsVersion")]
    if versions:
        metadata["componentsVersion"] = versions[0]
    renamed = []
    for screen in screens or ():
        rest = {
            name: value
            for name, value in screen.items()
            if name not in {*_SCREEN_V1_ONLY, "id", "htmlTemplate"} and not (name == "inputs" and not value)
        }
        renamed.append({"screenId": screen.get("id"), "contents": screen.get("htmlTemplate") or {}, **rest})
    return _from_v2(
        {
            "flowId": flow.get("id"),
            "metadata": metadata,
            "contents": flow["dsl"],
            "screens": renamed,
            "references": flow.get("references"),
        }
    )


def _one_of(flows: list[object], flow_id: str | None) -> object:
    by_id = {str(flow.get("flowId") or flow.get("id")): flow for flow in flows if isinstance(flow, dict)}
    if flow_id in by_id:
        return by_id[flow_id]
    wanted = f"no flow '{flow_id}'" if flow_id else "several flows, and no id says which one is meant"
    raise NotAFlow(f"holds {wanted}; it has {', '.join(sorted(by_id)) or 'none'}")


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    kinds = ((str, "a text"), (list, "a list"), (bool, "a yes or no"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "a number")
