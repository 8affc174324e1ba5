# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that are refused, empty or short."""

from __future__ import annotations

import pytest
from emulator_api import error, small_flow

from emulator.testing import PROJECT_ID, ControlError

LISTS = {
    "GET /v1/mgmt/tenant/all": "tenants",
    "POST /v1/mgmt/tenant/search": "tenants",
    "GET /v1/mgmt/tenant/attribute": "attributes",
    "POST /v1/mgmt/flow/list": "flows",
    "POST /v1/mgmt/flow/template/list": "templates",
    "GET /v1/mgmt/role/all": "roles",
    "POST /v1/mgmt/role/search": "roles",
    "GET /v1/mgmt/permission/all": "permissions",
    "GET /v1/mgmt/list/all": "lists",
    "POST /v1/mgmt/projects/list": "projects",
    "POST /v1/mgmt/audit/search": "audits",
}


@pytest.fixture
def filled(api):
    for name in ("a", "b"):
        api.create(name, id=name)
        assert api.post("/v1/mgmt/list", name=name, type="texts").status_code == 200
    return api


def ask(api, call):
    method, path = call.split()
    return api.http.request(method, path, json={} if method == "POST" else None)


@pytest.mark.parametrize(("call", "key"), LISTS.items())
def test_each_list(filled, emulator, call, key):
    right = ask(filled, call).json()
    assert len(right[key]) > 1
    assert emulator.reads("empty") == {"what": "empty", "paths": ["*"]}
    assert ask(filled, call).json() == right | {key: []} | ({"total": 0} if "total" in right else {})
    emulator.reads("short")
    half = right[key][: len(right[key]) // 2]
    assert ask(filled, call).json() == right | {key: half} | ({"total": len(half)} if "total" in right else {})
    emulator.reads("forbidden")
    assert error(ask(filled, call)) == (403, "E011005")
    emulator.reads(None)
    assert ask(filled, call).json() == right


def test_the_rest_stays_right(filled, emulator):
    filled.import_flow(small_flow())
    before = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]
    for what in ("forbidden", "empty", "short"):
        emulator.reads(what)
        assert filled.load("a")["name"] == "a"
        assert filled.export_flow("mine")["flowId"] == "mine"
        assert filled.post("/v1/mgmt/tenant/create", name="a").status_code == 400
        assert filled.post("/v1/mgmt/project/snapshot/export").json()["files"]["flows/flows.json"]["flows"]
    assert emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"] == before


def test_some_paths(filled, emulator):
    assert emulator.reads("empty", ["*/tenant/*", "/v1/mgmt/flow/list"])["paths"] == [
        "*/tenant/*",
        "/v1/mgmt/flow/list",
    ]
    assert filled.ids() == filled.found() == []
    assert filled.flows() == {}
    assert len(filled.get("/v1/mgmt/list/all").json()["lists"]) == 2
    emulator.reads("empty", [])
    assert filled.ids() == ["a", "b"]


@pytest.mark.parametrize("what", [(), ("reads",)])
def test_reset(filled, emulator, what):
    emulator.reads("forbidden")
    emulator.reset("stats")
    assert filled.get("/v1/mgmt/tenant/all").status_code == 403
    emulator.reset(*what)
    assert filled.get("/v1/mgmt/tenant/all").status_code == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"what": "half"}, "forbidden, empty, short"),
        ({"what": ["empty"]}, "forbidden, empty, short"),
        ({"what": "empty", "paths": "x"}, "paths"),
        ({"reads": "empty"}, "unknown key"),
    ],
)
def test_bad_requests(filled, emulator, body, text):
    with pytest.raises(ControlError, match=text):
        emulator._call("POST", "reads", body)
    assert filled.ids() == ["a", "b"]
