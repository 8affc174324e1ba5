# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is asked in whatever order: the promises about uniqueness hold and the indexes stay true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from emulator_api import small_flow
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.descope.flow_checks import problems
from emulator.descope.model import Project, Tenant
from emulator.descope.service import DescopeService, ProjectOption
from emulator.switches import SWITCHES, Switches
from emulator.wire import Request

QUICK = settings(max_examples=120, deadline=None, database=None)
IDS = st.sampled_from(["a", "b", "c", "d"])
NAMES = st.sampled_from(["One", "Two", "Three", " One ", ""])
DOMAINS = st.lists(st.sampled_from(["x.com", "X.com", "y.com", "z.com"]), max_size=3)
PARENTS = st.sampled_from(["", "a", "b", "nope"])

CREATE = st.builds(
    lambda i, n, d, p: ("POST", "create", {"id": i, "name": n, "selfProvisioningDomains": d, "parent": p}),
    st.one_of(IDS, st.none()),
    NAMES,
    DOMAINS,
    PARENTS,
)
UPDATE = st.builds(
    lambda i, n, d: ("POST", "update", {"id": i, "name": n, "selfProvisioningDomains": d}), IDS, NAMES, DOMAINS
)
PATCH = st.builds(
    lambda i, b: ("PATCH", "patch", {"id": i, **b}),
    IDS,
    st.fixed_dictionaries({}, optional={"name": NAMES, "selfProvisioningDomains": DOMAINS}),
)
DELETE = st.builds(lambda i: ("POST", "delete", {"id": i}), IDS)
SETTINGS = st.builds(
    lambda i, d: ("POST", "settings", {"tenantId": i, "selfProvisioningDomains": d, "domains": d}), IDS, DOMAINS
)
STEPS = st.lists(st.one_of(CREATE, UPDATE, PATCH, DELETE, SETTINGS), max_size=25)
CHOICES = st.fixed_dictionaries(
    {}, optional={s.name: st.sampled_from(s.values) for s in SWITCHES if s.kind == "choice"}
)


def send(service: DescopeService, method: str, path: str, body: object) -> tuple[int, bytes]:
    headers = {"authorization": "Bearer P1:K1"}
    reply = service.handle(Request(method, f"/v1/mgmt/tenant/{path}", {}, headers, json.dumps(body).encode(), ""))
    return reply.status, reply.body


def check(project: Project) -> None:
    """What must hold at any time."""
    tenants = list(project.tenants.values())
    assert {tenant.id: tenant for tenant in tenants} == project.tenants
    assert project.names == {tenant.name: tenant.id for tenant in tenants}
    assert len(project.names) == len(tenants)
    assert "" not in project.names
    owners: dict[str, str] = {}
    for tenant in tenants:
        for domain in tenant.selfProvisioningDomains:
            assert owners.setdefault(domain.lower(), tenant.id) == tenant.id
        assert tenant.parent == "" or tenant.parent in project.tenants
    assert project.provisioning == owners
    family: dict[str, set[str]] = {}
    for tenant in tenants:
        if tenant.parent:
            family.setdefault(tenant.parent, set()).add(tenant.id)
    assert {parent: set(children) for parent, children in project.children.items() if children} == family


@QUICK
@given(steps=STEPS, switches=CHOICES)
def test_uniqueness_and_indexes(steps, switches):
    service = DescopeService([ProjectOption("P1", "K1")], Switches(switches))
    project = service.company.projects["P1"]
    for method, path, body in steps:
        before = json.dumps(service.dump(), sort_keys=True)
        status, _reply = send(service, method, path, body)
        assert status in (200, 400, 404, 405, 409, 501)
        if status != 200:
            assert json.dumps(service.dump(), sort_keys=True) == before, "a refused request changes nothing"
        check(project)
    restored = DescopeService([ProjectOption("P1", "K1")], Switches())
    restored.load(json.loads(json.dumps(service.dump())))
    assert restored.dump() == service.dump()
    check(restored.company.projects["P1"])


@QUICK
@given(
    body=st.dictionaries(
        st.sampled_from(
            [
                "id",
                "name",
                "parent",
                "disabled",
                "selfProvisioningDomains",
                "customAttributes",
                "authType",
                "tenantId",
                "inactivityTime",
                "domains",
                "defaultRoles",
                "ssoSetupSuiteSettings",
                "cascade",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=5,
        ),
    ),
    path=st.sampled_from(
        ["create", "update", "patch", "delete", "search", "settings", "updateDefaultRoles", "attribute"]
    ),
)
def test_no_body_brings_the_service_down(body, path):
    service = DescopeService([ProjectOption("P1", "K1")], Switches())
    service.company.projects["P1"].add_tenant(Tenant(id="", name="unreachable"))
    status, reply = send(service, "PATCH" if path == "patch" else "POST", path, body)
    assert status in (200, 400, 404)
    assert isinstance(json.loads(reply), dict)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
VERBS = ("create", "update", "delete", "create/batch", "update/batch", "delete/batch")
DESIGN = [
    "/v1/mgmt/flow/list",
    "/v1/mgmt/flow/delete",
    "/v1/mgmt/flow/export",
    "/v1/mgmt/flow/import",
    "/v2/mgmt/flow/export",
    "/v2/mgmt/flow/import",
    "/v1/mgmt/theme/import",
    "/v2/mgmt/theme/import",
    *(f"/v1/mgmt/project/snapshot/{what}" for what in ("export", "import", "validate")),
    *(f"/v1/mgmt/{what}/{verb}" for what in ("role", "permission") for verb in VERBS),
    "/v1/mgmt/role/search",
    "/v1/mgmt/audit/search",
    *(f"/v1/mgmt/list{rest}" for rest in ("", "/update", "/delete", "/clear", "/import", "/text/add", "/ip/check")),
]
FILES = """
    project.json auth/password.json attributes.json permissions.json roles.json lists.json styles/styles.json
    connectors/connectors.json connectors/a.json flows/flows.json flows/a/metadata.json flows/a/contents.json
    flows/a/screen-a.json
"""
INDEXES = "user tenant roles permissions lists connectors flows screens styles tasks".split()
NAMES_IN_MESSAGES = """
    flowId metadata contents screens references id name dsl sharedInteractions styles cssTemplate type data translate
"""
NAMED = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "Tenant Admin", "User Admin", "b"])},
    optional={
        "newName": st.sampled_from(["a", "b"]) | ANYTHING,
        "id": ANYTHING,
        "type": st.sampled_from(["texts", "string", "http"]) | ANYTHING,
        "description": ANYTHING,
        "permissionNames": st.lists(st.sampled_from(["User Admin", "a"])) | ANYTHING,
        "secrets": ANYTHING,
    },
)
SNAPSHOT_FILE = (
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(INDEXES, st.lists(NAMED, max_size=2) | st.lists(st.just("a"), max_size=1) | ANYTHING),
    )
    | NAMED
    | ANYTHING
)
MESSAGE = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES_IN_MESSAGES.split(), ANYTHING))


@QUICK
@given(
    path=st.sampled_from(DESIGN),
    body=st.fixed_dictionaries(
        {},
        optional={
            "flow": MESSAGE | ANYTHING,
            "screens": st.lists(MESSAGE, max_size=2) | ANYTHING,
            "theme": MESSAGE | ANYTHING,
            "lists": st.lists(MESSAGE, max_size=2) | ANYTHING,
            "flowId": st.sampled_from(["step-up", "new"]) | ANYTHING,
            "ids": ANYTHING,
            "id": st.sampled_from(["a", ""]) | ANYTHING,
            "name": st.text(max_size=3) | ANYTHING,
            "type": st.sampled_from(["texts", "ips", "json"]) | ANYTHING,
            "data": ANYTHING,
            "format": ANYTHING,
            "newName": st.sampled_from(["a", "Tenant Admin"]) | ANYTHING,
            "permissionNames": st.lists(st.sampled_from(["User Admin", "nope"])) | ANYTHING,
            "roles": st.lists(NAMED, max_size=2) | ANYTHING,
            "permissions": st.lists(NAMED, max_size=2) | ANYTHING,
            "roleNames": ANYTHING,
            "files": st.fixed_dictionaries({}, optional=dict.fromkeys(FILES.split(), SNAPSHOT_FILE)) | ANYTHING,
            "inputSecrets": ANYTHING,
            "searchFields": ANYTHING,
            "sort": ANYTHING,
            "text": ANYTHING,
            "size": ANYTHING,
        },
    ),
)
def test_no_body_brings_flows_and_lists_down(path, body):
    service = DescopeService([ProjectOption("P1", "K1")], Switches())
    service.company.projects["P1"].lists["a"] = {"id": "a", "name": "A", "description": "", "type": "texts", "data": []}
    before = json.dumps(service.dump())
    request = Request("POST", path, {}, {"authorization": "Bearer P1:K1"}, json.dumps(body).encode(), "")
    reply = service.handle(request)
    assert reply.status in (200, 400, 404)
    if reply.status != 200:
        assert json.dumps(service.dump()) == before, "a refused request changes nothing"
    restored = DescopeService([ProjectOption("P1", "K1")], Switches())
    restored.load(json.loads(json.dumps(service.dump())))
    assert restored.dump() == service.dump()
    shown_in_every_form(service)


def shown_in_every_form(service: DescopeService) -> None:
    """Whatever was stored can be shown."""
    asked = [(f"/{version}/mgmt/theme/export", {}) for version in ("v1", "v2")]
    asked += [("/v1/mgmt/flow/list", {}), ("/v1/mgmt/project/snapshot/export", {})]
    for flow_id in service.company.projects["P1"].flows:
        asked += [(f"/{version}/mgmt/flow/export", {"flowId": flow_id}) for version in ("v1", "v2")]
    for path, body in asked:
        request = Request("POST", path, {}, {"authorization": "Bearer P1:K1"}, json.dumps(body).encode(), "")
        assert service.handle(request).status == 200


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every place in a JSON value but its root."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, entry in entries:
        yield (*way, key)
        yield from places(entry, (*way, key))


WHOLE = small_flow(
    metadata__translation={"enabled": True, "targetLanguages": ["de"]},
    metadata__managementConfig={"triggers": {}},
    references={"connectors": {"a": "b"}, "oauth": ["c"]},
)


@QUICK
@given(way=st.sampled_from(list(places(WHOLE))), value=ANYTHING, switches=CHOICES)
def test_a_damaged_flow_is_refused_or_can_be_shown(way, value, switches):
    flow = small_flow(**{name: WHOLE[name] for name in ("metadata", "references")})
    node: Any = flow
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = value
    found = problems(flow)
    service = DescopeService([ProjectOption("P1", "K1")], Switches())
    body = json.dumps({"flow": flow}).encode()
    reply = service.handle(Request("POST", "/v2/mgmt/flow/import", {}, {"authorization": "Bearer P1:K1"}, body, ""))
    assert reply.status == (400 if found else 200)
    service.switches.set(
        {name: each for name, each in switches.items() if name.startswith("flow_") and "_v" not in name}
    )
    shown_in_every_form(service)
