# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies and the requests of these tests follow Descope's OpenAPI file, but for two known differences."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator.testing import KEY, PROJECT_ID

SPEC = json.loads(Path(__file__).with_name("fixtures").joinpath("descope-openapi-part.json").read_text())
TENANT = {
    "name": "Acme",
    "id": "acme",
    "selfProvisioningDomains": ["a.com"],
    "customAttributes": {"tier": "gold"},
    "enforceSSO": True,
    "enforceSSOExclusions": ["x"],
    "federatedAppIds": ["y"],
    "disabled": True,
    "roleInheritance": "none",
}
INTERACTION = {"id": "submitId", "type": "submit", "label": "Go", "icon": "x", "subType": "y"}
REFERENCES = {
    "connectors": {"Mail": "CI2mail"},
    "roles": {"Support": "ROL2support"},
    "oauth": ["google"],
    "omitted": ["x"],
    "userAttributes": ["a"],
    "tenantAttributes": ["b"],
}
FLOW = {
    "flowId": "my-flow",
    "metadata": {
        "name": "My Flow",
        "description": "d",
        "componentsVersion": "1",
        "disabled": True,
        "fingerprint": True,
        "widget": False,
        "management": True,
        "managementConfig": {
            "triggers": {
                "enabled": True,
                "triggerType": "event",
                "eventTriggers": {"triggeringEventTypes": ["LoginSucceed"]},
            }
        },
        "sharedInteractions": [INTERACTION],
        "translation": {"enabled": True, "connectorId": "CI2x", "sourceLanguage": "en", "targetLanguages": ["de"]},
    },
    "contents": {"startTask": "0", "tasks": {"0": {"id": "0", "type": "screen", "screenId": "SC1"}}},
    "screens": [{"screenId": "SC1", "interactions": [INTERACTION], "contents": {"ROOT": {"nodes": []}}}],
    "references": REFERENCES,
}
LIST = {"id": "texts", "name": "Texts", "description": "d", "type": "texts", "data": ["a"]}
ROLE = {"name": "A", "description": "d", "permissionNames": ["Read"], "default": True, "private": True}
SECRETS = {"connectors": [{"id": "CI2x", "name": "Mail", "type": "password", "value": "x"}]}
SNAPSHOT = {
    "files": {
        "connectors/connectors.json": {"connectors": ["smtp-CI2x"]},
        "connectors/smtp-CI2x.json": {"id": "CI2x", "name": "New", "type": "smtp", "secrets": {"password": ""}},
    }
}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/mgmt/tenant/create", TENANT | {"parent": "top", "authType": "saml"}),
    ("POST", "/v1/mgmt/tenant/update", TENANT),
    ("POST", "/v1/mgmt/tenant/settings", {"tenantId": "acme", "enabled": True, "domains": ["sso.com"]}),
    ("POST", "/v1/mgmt/tenant/updateDefaultRoles", {"id": "acme", "defaultRoles": ["Support"]}),
    ("GET", "/v1/mgmt/tenant", {"id": "acme"}),
    ("GET", "/v1/mgmt/tenant/all", {}),
    ("POST", "/v1/mgmt/tenant/search", {"tenantNames": ["Acme"]}),
    ("GET", "/v1/mgmt/tenant/settings", {"id": "acme"}),
    ("POST", "/v1/mgmt/password/settings", {"tenantId": "acme", "minLength": 8}),
    ("GET", "/v1/mgmt/password/settings", {"tenantId": "acme"}),
    ("POST", "/v2/mgmt/tenant/adminlinks/sso/generate", {"tenantId": "acme", "expireTime": "60"}),
    ("POST", "/v1/mgmt/tenant/adminlinks/sso/revoke", {"tenantId": "acme"}),
    ("POST", "/v1/mgmt/permission/create", {"name": "Read", "description": "d"}),
    ("POST", "/v1/mgmt/permission/create/batch", {"permissions": [{"name": "A"}, {"name": "B", "description": "d"}]}),
    ("POST", "/v1/mgmt/permission/update", {"name": "A", "newName": "A2", "description": "d"}),
    ("POST", "/v1/mgmt/permission/update/batch", {"permissions": [{"name": "A2", "newName": "A"}]}),
    ("POST", "/v1/mgmt/permission/delete", {"name": "A"}),
    ("POST", "/v1/mgmt/permission/delete/batch", {"names": ["B"]}),
    ("GET", "/v1/mgmt/permission/all", {}),
    ("POST", "/v1/mgmt/role/create", ROLE | {"tenantId": "acme"}),
    ("POST", "/v1/mgmt/role/create/batch", {"roles": [ROLE, ROLE | {"name": "B"}]}),
    ("POST", "/v1/mgmt/role/update", ROLE | {"newName": "C"}),
    ("POST", "/v1/mgmt/role/update/batch", {"roles": [ROLE | {"name": "B", "newName": "D"}]}),
    ("POST", "/v1/mgmt/role/search", {"tenantIds": ["acme"], "includeProjectRoles": True, "text": "d"}),
    ("POST", "/v1/mgmt/role/delete", {"name": "C", "tenantId": ""}),
    ("POST", "/v1/mgmt/role/delete/batch", {"roleNames": ["D"], "roleIds": []}),
    ("GET", "/v1/mgmt/role/all", {}),
    ("POST", "/v1/mgmt/projects/list", {}),
    ("POST", "/v1/mgmt/project/update/name", {"name": "new"}),
    ("POST", "/v1/mgmt/project/update/tags", {"tags": ["a"]}),
    ("POST", "/v2/mgmt/flow/import", {"flow": FLOW, "skipRender": True, "changelog": "why"}),
    ("POST", "/v2/mgmt/flow/export", {"flowId": "my-flow"}),
    ("POST", "/v1/mgmt/flow/list", {"ids": ["my-flow"]}),
    ("POST", "/v1/mgmt/flow/delete", {"ids": ["my-flow"]}),
    ("POST", "/v1/mgmt/flow/template/list", {}),
    ("POST", "/v2/mgmt/theme/import", {"theme": {"styles": {"light": {}}, "references": REFERENCES}}),
    ("POST", "/v2/mgmt/theme/export", {}),
    ("POST", "/v1/mgmt/project/snapshot/export", {"format": "plain"}),
    ("POST", "/v1/mgmt/project/export", {"format": "plain"}),
    ("POST", "/v1/mgmt/project/snapshot/validate", {"files": {"roles.json": {"roles": []}}, "inputSecrets": SECRETS}),
    ("POST", "/v1/mgmt/project/snapshot/validate", SNAPSHOT),
    ("POST", "/v1/mgmt/project/snapshot/import", {"files": {"roles.json": {"roles": []}}, "excludes": ["flows"]}),
    ("POST", "/v1/mgmt/project/import", {"files": {"roles.json": {"roles": []}}, "inputSecrets": SECRETS}),
    ("POST", "/v1/mgmt/audit/event", {"action": "x", "type": "info", "actorId": "me", "data": {"a": 1}}),
    (
        "POST",
        "/v1/mgmt/audit/search",
        {"from": str(int(time.time() * 1000)), "size": 5, "page": 0, "actions": ["x"], "oldestFirst": True},
    ),
    ("POST", "/v1/mgmt/list/import", {"lists": [LIST, LIST | {"id": "ips", "name": "IPs", "type": "ips", "data": []}]}),
    ("POST", "/v1/mgmt/list", {"name": "Any", "description": "d", "type": "json", "data": {"a": [1]}}),
    ("POST", "/v1/mgmt/list/update", LIST | {"description": "e"}),
    ("POST", "/v1/mgmt/list/text/add", {"id": "texts", "texts": ["b"]}),
    ("POST", "/v1/mgmt/list/text/check", {"id": "texts", "text": "b"}),
    ("POST", "/v1/mgmt/list/text/remove", {"id": "texts", "texts": ["b"]}),
    ("POST", "/v1/mgmt/list/ip/add", {"id": "ips", "ips": ["10.0.0.0/8"]}),
    ("POST", "/v1/mgmt/list/ip/check", {"id": "ips", "ip": "10.0.0.0/8"}),
    ("POST", "/v1/mgmt/list/ip/remove", {"id": "ips", "ips": ["10.0.0.0/8"]}),
    ("GET", "/v1/mgmt/list/all", {}),
    ("POST", "/v1/mgmt/list/clear", {"id": "texts"}),
    ("POST", "/v1/mgmt/list/delete", {"id": "texts"}),
    ("POST", "/v1/mgmt/tenant/delete", {"id": "acme", "cascade": False}),
    ("POST", "/v1/mgmt/project/delete", {}),
]


def strict(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema, closed: no property beyond the listed ones, and all of them there.

    The service returns zero values instead of leaving fields out, so that every property is required.
    """
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return strict(SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    result = {key: strict(value) for key, value in schema.items() if key not in ("format", "nullable", "properties")}
    if "properties" in schema:
        result["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
        result["required"] = list(schema["properties"])
    if schema.get("nullable"):
        result["type"] = [schema["type"], "null"]
    return result


def loose(schema: Any) -> Any:
    """The same without required properties, for requests."""
    if isinstance(schema, dict):
        return {key: loose(value) for key, value in schema.items() if key != "required"}
    return [loose(entry) for entry in schema] if isinstance(schema, list) else schema


def operation(method: str, path: str) -> dict[str, Any]:
    return SPEC["paths"][path][method.lower()]


def reply_schema(method: str, path: str) -> Any:
    content = operation(method, path)["responses"]["200"]["content"]
    if not content:
        return {"type": "object", "maxProperties": 0}
    return strict(content["application/json"]["schema"])


def test_replies_follow_the_schemas(api, emulator):
    emulator.edit("create_tenant", tenant={"id": "top", "name": "Top"})
    emulator.edit("add_connector", name="Mail")
    for method, path, arguments in CALLS:
        if method == "POST":
            # A call without a body in the file takes nothing.
            content = operation(method, path).get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {"schema": {"type": "object", "maxProperties": 0}})["schema"]
            jsonschema.validate(arguments, loose(strict(schema)))
            answer = api.post(path, **arguments)
        else:
            assert {each["name"] for each in operation(method, path).get("parameters", [])} >= set(arguments)
            answer = api.get(path, **arguments)
        assert answer.status_code == 200, (path, answer.text)
        body = answer.json()
        if path == "/v1/mgmt/tenant":
            # First known difference: the wire has the tenant at the root, the file under "tenant".
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(body, reply_schema(method, path))
            body = {"tenant": body}
        jsonschema.validate(body, reply_schema(method, path))


def test_every_path_of_the_file_is_called():
    called = {(method, path) for method, path, _arguments in CALLS}
    assert called == {(method.upper(), path) for path, methods in SPEC["paths"].items() for method in methods}


def test_attributes_are_more_than_text(api):
    """Second known difference: the file has text only as the value of a custom attribute."""
    api.create("Acme", id="acme", customAttributes={"seats": 5})
    body = {"tenant": api.load("acme")}
    with pytest.raises(jsonschema.ValidationError, match="5 is not of type 'string'"):
        jsonschema.validate(body, reply_schema("GET", "/v1/mgmt/tenant"))


def test_the_check_can_fail(api):
    api.create("Acme", id="acme")
    tenant = api.load("acme")
    schema = reply_schema("GET", "/v1/mgmt/tenant")
    jsonschema.validate({"tenant": tenant}, schema)
    for bad in (
        {name: value for name, value in tenant.items() if name != "parent"},
        tenant | {"extra": 1},
        tenant | {"createdTime": "1"},
        tenant | {"successors": None},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"tenant": bad}, schema)


def test_the_wrapped_shape_is_the_one_of_the_file(api, emulator):
    emulator.switches(load_shape="wrapped")
    api.create("Acme", id="acme")
    jsonschema.validate(api.get("/v1/mgmt/tenant", id="acme").json(), reply_schema("GET", "/v1/mgmt/tenant"))


def test_fixture_names_no_key():
    assert KEY not in json.dumps(SPEC)
    assert PROJECT_ID not in json.dumps(SPEC)
