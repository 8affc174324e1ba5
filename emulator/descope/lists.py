# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: of texts, of IP addresses, or any JSON [OAS, TF tests (S)]. What is refused beyond that is a guess (G)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from ..errors import ServiceError
from ..service import Route
from . import errors, fields
from .call import Call
from .model import Project, new_id
from .tenants import ordered

_EMPTY: dict[str, Callable[[], Any]] = {"texts": list, "ips": list, "json": dict}


def _address(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _checked_data(kind: str, data: Any) -> Any:
    """The content of a list of that type."""
    if data is None:
        return _EMPTY[kind]()
    if kind == "json":
        if not isinstance(data, dict | list):
            raise errors.invalid_argument("data must be an object or a list")
        return data
    if not isinstance(data, list) or not all(isinstance(entry, str) for entry in data):
        raise errors.invalid_argument("data must be a list of texts")
    if kind == "ips" and not all(_address(entry) for entry in data):
        raise errors.invalid_argument("data must be a list of IP addresses")
    return data


def _kind(body: dict[str, Any], default: str) -> str:
    kind = fields.get(body, "type", fields.text, "") or default
    if kind not in _EMPTY:
        raise errors.invalid_argument(f"type {kind} is unknown")
    return kind


def _checked_name(call: Call, body: dict[str, Any], owner: str = "") -> str:
    name = fields.get(body, "name", fields.text, "")
    if not name:
        raise errors.field_required("name")
    if any(known["name"] == name and known["id"] != owner for known in call.project.lists.values()):
        raise errors.duplicate(f"List with name {name} already exists", call.switches)
    return name


def _made(call: Call, body: dict[str, Any], owner: str, kind: str) -> dict[str, Any]:
    """A list of checked values, not stored yet."""
    name = _checked_name(call, body, owner)
    return {
        "id": owner or new_id("LI2"),
        "name": name,
        "description": fields.get(body, "description", fields.text, ""),
        "type": kind,
        "data": _checked_data(kind, body.get("data")),
    }


def _unknown(what: str) -> ServiceError:
    return ServiceError(404, errors.LIST_NOT_FOUND, "List not found", f"Cannot find list {what}")


def _by_id(project: Project, list_id: str) -> dict[str, Any]:
    if not list_id:
        raise errors.field_required("id")
    if list_id not in project.lists:
        raise _unknown(list_id)
    return project.lists[list_id]


def _of_body(call: Call, *kinds: str) -> dict[str, Any]:
    found = _by_id(call.project, fields.get(call.body, "id", fields.text, ""))
    if kinds and found["type"] not in kinds:
        raise errors.invalid_argument(f"the list has the type {found['type']}")
    return found


# -- operations ------------------------------------------------------------------------------------------------------


def create(call: Call) -> dict[str, Any]:
    """POST list {name, description, type, data} -> {list}."""
    made = _made(call, call.body, "", _kind(call.body, "texts"))
    call.project.lists[made["id"]] = made
    return {"list": made}


def update(call: Call) -> dict[str, Any]:
    """POST list/update {id, ...} -> {list}: replaces everything but the type, which never changes [TF3 (S)]."""
    known = _of_body(call)
    kind = _kind(call.body, known["type"])
    if kind != known["type"]:
        raise errors.invalid_argument("the type of a list cannot be changed")
    made = _made(call, call.body, known["id"], kind)
    call.project.lists[made["id"]] = made
    return {"list": made}


def delete(call: Call) -> dict[str, Any]:
    """POST list/delete {id}."""
    del call.project.lists[_of_body(call)["id"]]
    return {}


def clear(call: Call) -> dict[str, Any]:
    """POST list/clear {id}."""
    known = _of_body(call)
    known["data"] = _EMPTY[known["type"]]()
    return {}


def import_lists(call: Call) -> dict[str, Any]:
    """POST list/import {lists}: creates or, by id or name, replaces (G); all or none."""
    entries = call.body.get("lists")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise errors.invalid_argument("lists must be a list of objects")
    made: dict[str, dict[str, Any]] = {}
    names = {known["name"]: known["id"] for known in call.project.lists.values()}
    for entry in entries:
        wanted = fields.get(entry, "id", fields.text, "")
        name = fields.get(entry, "name", fields.text, "")
        owner = wanted if wanted in call.project.lists else names.get(name, wanted)
        known = call.project.lists.get(owner)
        kind = _kind(entry, known["type"] if known else "texts")
        if known and kind != known["type"]:
            raise errors.invalid_argument("the type of a list cannot be changed")
        value = _made(call, entry, owner, kind)
        if value["id"] in made or any(other["name"] == name for other in made.values()):
            raise errors.duplicate(f"List {name} is there twice", call.switches)
        made[value["id"]] = value
    call.project.lists |= made
    return {}


def load(call: Call) -> dict[str, Any]:
    """GET list/{id} -> {list}."""
    return {"list": _by_id(call.project, call.request.params["id"])}


def load_by_name(call: Call) -> dict[str, Any]:
    """GET list/name/{name} -> {list}."""
    name = call.request.params["name"]
    for known in call.project.lists.values():
        if known["name"] == name:
            return {"list": known}
    raise _unknown(name)


def load_all(call: Call) -> dict[str, Any]:
    """GET list/all -> {lists}."""
    return {"lists": ordered(list(call.project.lists.values()), call.switches)}


def _add(kind: str, field: str) -> Callable[[Call], dict[str, Any]]:
    def add(call: Call) -> dict[str, Any]:
        known = _of_body(call, kind)
        new = _checked_data(kind, fields.get(call.body, field, fields.texts, []))
        known["data"] = [*known["data"], *(entry for entry in dict.fromkeys(new) if entry not in known["data"])]
        return {}

    return add


def _remove(kind: str, field: str) -> Callable[[Call], dict[str, Any]]:
    def remove(call: Call) -> dict[str, Any]:
        known = _of_body(call, kind)
        gone = fields.get(call.body, field, fields.texts, [])
        known["data"] = [entry for entry in known["data"] if entry not in gone]
        return {}

    return remove


def _check(kind: str, field: str) -> Callable[[Call], dict[str, Any]]:
    def check(call: Call) -> dict[str, Any]:
        return {"exists": fields.get(call.body, field, fields.text, "") in _of_body(call, kind)["data"]}

    return check


ROUTES = (
    Route("POST", "/v1/mgmt/list", create, "write"),
    Route("POST", "/v1/mgmt/list/update", update, "write"),
    Route("POST", "/v1/mgmt/list/delete", delete, "write"),
    Route("POST", "/v1/mgmt/list/clear", clear, "write"),
    Route("POST", "/v1/mgmt/list/import", import_lists, "write"),
    Route("GET", "/v1/mgmt/list/all", load_all, "read", entries="lists"),
    Route("GET", "/v1/mgmt/list/name/{name}", load_by_name, "read"),
    Route("GET", "/v1/mgmt/list/{id}", load, "read"),
    Route("POST", "/v1/mgmt/list/text/add", _add("texts", "texts"), "write"),
    Route("POST", "/v1/mgmt/list/text/remove", _remove("texts", "texts"), "write"),
    Route("POST", "/v1/mgmt/list/text/check", _check("texts", "text"), "read"),
    Route("POST", "/v1/mgmt/list/ip/add", _add("ips", "ips"), "write"),
    Route("POST", "/v1/mgmt/list/ip/remove", _remove("ips", "ips"), "write"),
    Route("POST", "/v1/mgmt/list/ip/check", _check("ips", "ip"), "read"),
)
