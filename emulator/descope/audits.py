# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit trail: what management calls have changed, and events that are posted.

The names of the actions are made of the paths, "tenant.create" for example (G).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from ..service import Route
from . import errors, fields
from .call import Call
from .model import Project, key_hash, new_id

Record = dict[str, Any]
PREFIX = "/v1/mgmt/audit/"
TYPES = ("info", "warn", "error")
MOST = 1000  # default and maximum of a page [OAS, GO (S)]
_DAYS = 30
_DAY = 24 * 3600 * 1000
_TOLERANCE = 5 * 60 * 1000  # a client that asks for exactly 30 days is a little late when it arrives
# What of a request shows in the data of its record: never a secret.
_SHOWN = ("id", "name", "newName", "tenantId", "flowId")


def _add(call: Call, project: Project, values: Record) -> None:
    record = {
        "ID": new_id("AU2"),
        "projectId": project.id,
        "userId": "",
        "action": "",
        "occurred": str(int(time.time() * 1000)),  # int64
        "device": "",
        "method": "",
        "geo": "",
        "remoteAddress": "",
        "externalIds": [],
        "tenants": [],
        "data": {},
        "type": "info",
        "actorId": "",
    }
    project.audit.append((call.clock(), record | values))


def _action(path: str) -> str:
    """/v1/mgmt/tenant/create -> tenant.create; a path of one part creates."""
    parts = path.split("/")[3:]
    return ".".join(parts if len(parts) > 1 else [*parts, "create"])


def record(call: Call, route: Route, result: dict[str, Any]) -> None:
    """Note a write that was carried out. A company call with a bare key belongs to no project."""
    project = call.project_or_none
    if project is None or route.path.startswith(PREFIX):
        return
    action = _action(route.path) if route.method != "DELETE" else f"{_action(route.path)}.delete"
    data = {name: value for name in _SHOWN if (value := call.body.get(name)) and isinstance(value, str)}
    tenant = data.get("tenantId", "")
    if not tenant and action.startswith("tenant."):
        tenant = data.get("id", "") or result.get("id", "")
    _add(
        call,
        project,
        {
            "action": action,
            "remoteAddress": call.request.client,
            "tenants": [tenant] if tenant else [],
            "data": data,
            "actorId": "K2" + key_hash(call.key)[:26],
        },
    )


def event(call: Call) -> dict[str, Any]:
    """POST audit/event {action, type, actorId, tenantId, userId?, data?} -> {} [OAS, PY (S)]."""
    body = call.body
    action = fields.get(body, "action", fields.text, "")
    if not action:
        raise errors.field_required("action")
    kind = fields.get(body, "type", fields.text, "") or "info"
    if kind not in TYPES:
        raise errors.invalid_argument(f"type {kind} is unknown")
    tenant = fields.get(body, "tenantId", fields.text, "")
    values = {
        "action": action,
        "type": kind,
        "actorId": fields.get(body, "actorId", fields.text, ""),
        "userId": fields.get(body, "userId", fields.text, ""),
        "tenants": [tenant] if tenant else [],
        "data": fields.get(body, "data", fields.mapping, {}),
    }
    _add(call, call.project, values)
    return {}


def search(call: Call) -> dict[str, Any]:
    """POST audit/search -> {audits, total}: newest first, 30 days at most [GO (S)].

    JAVA waits 60 s for a new record (T), hence the lag.
    """
    body = call.body
    now = int(time.time() * 1000)
    start = fields.get(body, "from", fields.long, 0)
    end = fields.get(body, "to", fields.long, 0)
    if start and start < now - _DAYS * _DAY - _TOLERANCE:
        raise errors.invalid_argument(f"from must not be more than {_DAYS} days back")
    size = fields.get(body, "size", fields.number, 0) or MOST
    page = fields.get(body, "page", fields.number, 0)
    if not 0 < size <= MOST or page < 0:
        raise errors.invalid_argument(f"size must be from 1 to {MOST}, page 0 or more")
    start = start or now - _DAYS * _DAY
    tests = _filters(body)
    latest = call.clock() - float(call.switches["audit_lag"])
    found = [
        entry
        for born, entry in call.project.audit
        if born <= latest
        and start <= int(entry["occurred"])
        and (not end or int(entry["occurred"]) <= end)
        and all(test(entry) for test in tests)
    ]
    if not fields.get(body, "oldestFirst", fields.flag, False):
        found.reverse()
    return {"audits": found[page * size : (page + 1) * size], "total": len(found)}


# Field of the request -> field of the record, which must be one of the given ones.
_ONE_OF = {
    "actions": "action",
    "userIds": "userId",
    "actorIds": "actorId",
    "devices": "device",
    "methods": "method",
    "geos": "geo",
    "remoteAddresses": "remoteAddress",
    "auditTypes": "type",
    "levels": "type",
}


def _filters(body: Record) -> list[Callable[[Record], bool]]:
    """One test for each filter that is set; an empty or null filter is none."""
    tests: list[Callable[[Record], bool]] = []

    def test(name: str, check: Callable[[Record, set[str]], bool]) -> None:
        if values := set(fields.get(body, name, fields.texts, [])):
            tests.append(lambda entry: check(entry, values))

    def equal(field: str) -> Callable[[Record, set[str]], bool]:
        return lambda entry, values: entry[field] in values

    for name, field in _ONE_OF.items():
        test(name, equal(field))
    without = fields.get(body, "noTenants", fields.flag, False)
    test("excludedActions", lambda entry, values: entry["action"] not in values)
    test("externalIds", lambda entry, values: not values.isdisjoint(entry["externalIds"]))
    test("excludedExternalIds", lambda entry, values: values.isdisjoint(entry["externalIds"]))
    test("loginIdsContain", _contains)
    test("loginIdsNotContain", lambda entry, values: not _contains(entry, values))
    # PY: "should audits without any tenants always be included" (S)
    test("tenants", lambda e, values: not values.isdisjoint(e["tenants"]) or (without and not e["tenants"]))
    if text := fields.get(body, "text", fields.text, "").lower():
        tests.append(lambda entry: text in json.dumps(entry, ensure_ascii=False).lower())
    rules = body.get("searchFields") or []
    if not isinstance(rules, list):
        raise errors.invalid_argument("searchFields must be a list")
    tests += [_field_test(fields.mapping("searchFields", rule)) for rule in rules]
    return tests


def _contains(entry: Record, parts: set[str]) -> bool:
    return any(part in login for login in entry["externalIds"] for part in parts)


def _field_test(rule: Record) -> Callable[[Record], bool]:
    """One entry of searchFields: the field is one of the values, or with negative none of them."""
    field = fields.get(rule, "field", fields.text, "")
    wanted = {*fields.get(rule, "valArr", fields.texts, []), fields.get(rule, "valStr", fields.text, "")} - {""}
    negative = fields.get(rule, "negative", fields.flag, False)

    def check(entry: Record) -> bool:
        value = entry.get(field)
        values = {str(each) for each in value} if isinstance(value, list) else {str(value)}
        return values.isdisjoint(wanted) is negative

    return check


ROUTES = (
    Route("POST", f"{PREFIX}search", search, "read", entries="audits"),
    Route("POST", f"{PREFIX}event", event, "write"),
)
