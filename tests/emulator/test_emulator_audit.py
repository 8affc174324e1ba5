# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit trail."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from descope import DescopeClient
from emulator_api import SECOND_PROJECT, error

from emulator.testing import KEY, PROJECT_ID

SEARCH = "/v1/mgmt/audit/search"
EVENT = "/v1/mgmt/audit/event"


def found(api, **filters):
    answer = api.post(SEARCH, **filters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] >= len(answer.json()["audits"])
    return answer.json()["audits"]


def actions(api, **filters):
    return [record["action"] for record in found(api, **filters)]


def event(api, action="custom", **body):
    answer = api.post(EVENT, action=action, **body)
    assert (answer.status_code, answer.json()) == (200, {}), answer.text


def test_writes_are_noted(api, connect, emulator):
    tenant_id = api.create("Acme")
    api.post("/v1/mgmt/tenant/settings", tenantId=tenant_id, enabled=True)
    api.patch(id=tenant_id, disabled=True)
    api.post("/v1/mgmt/list", name="L", type="texts")
    api.http.delete("/v1/mgmt/tenant/attribute", params={"name": "tier"})
    api.post("/v1/mgmt/role/create/batch", roles=[{"name": "X"}])
    # Neither reads, nor what is refused, nor other projects.
    api.ids()
    api.post("/v1/mgmt/tenant/create", name="Acme")
    connect(f"{SECOND_PROJECT}:{KEY}").create("Elsewhere")
    expected = ["tenant.create", "tenant.settings", "tenant.patch", "list.create", "tenant.attribute.delete"]
    assert actions(api, oldestFirst=True) == [*expected, "role.create.batch"]
    first = found(api, oldestFirst=True)[0]
    assert first == {
        "ID": first["ID"],
        "projectId": PROJECT_ID,
        "userId": "",
        "action": "tenant.create",
        "occurred": first["occurred"],
        "device": "",
        "method": "",
        "geo": "",
        "remoteAddress": "127.0.0.1",
        "externalIds": [],
        "tenants": [tenant_id],
        "data": {"name": "Acme"},
        "type": "info",
        "actorId": first["actorId"],
    }
    assert abs(int(first["occurred"]) - time.time() * 1000) < 60_000
    assert first["actorId"].startswith("K2")
    assert len(found(api, tenants=[tenant_id])) == 3
    assert [record["action"] for record in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["audit"]] == actions(
        api, oldestFirst=True
    )
    assert KEY not in str(emulator.state())


def test_a_call_of_the_company(connect):
    """A bare key says no project; with a project it is noted there."""
    assert connect(KEY).post("/v1/mgmt/project", name="new").status_code == 200
    assert connect().post("/v1/mgmt/project", name="newer").status_code == 200
    assert actions(connect()) == ["project.create"]


def test_the_sdk(emulator):
    mgmt = DescopeClient(PROJECT_ID, management_key=KEY, base_url=emulator.base_url).mgmt
    mgmt.audit.create_event("deploy", "warn", "ansible", "acme", user_id="U1", data={"run": 1})
    (record,) = mgmt.audit.search(actions=["deploy"], from_ts=datetime.now(UTC) - timedelta(days=30))["audits"]
    assert (record["action"], record["userId"], record["tenants"], record["data"]) == (
        "deploy",
        "U1",
        ["acme"],
        {"run": 1},
    )
    assert mgmt.audit.search(to_ts=datetime.now(UTC) - timedelta(days=1))["audits"] == []


def test_filters(api):
    api.post("/v1/mgmt/list", name="L", type="texts")
    event(api, "one", type="warn", actorId="me", userId="U1", tenantId="acme", data={"note": "Hello"})
    event(api, "two", type="error", actorId="you")
    for filters, expected in (
        ({"actions": ["one", "two"]}, ["two", "one"]),
        ({"excludedActions": ["two"]}, ["one", "list.create"]),
        ({"userIds": ["U1"]}, ["one"]),
        ({"actorIds": ["you"]}, ["two"]),
        ({"auditTypes": ["warn"]}, ["one"]),
        ({"levels": ["info"]}, ["list.create"]),
        ({"remoteAddresses": ["127.0.0.1"]}, ["list.create"]),
        ({"tenants": ["acme"]}, ["one"]),
        ({"tenants": ["nope"], "noTenants": True}, ["two", "list.create"]),
        ({"text": "hELLO"}, ["one"]),
        ({"externalIds": ["x"]}, []),
        ({"excludedExternalIds": ["x"]}, ["two", "one", "list.create"]),
        ({"loginIdsContain": ["x"]}, []),
        ({"loginIdsNotContain": ["x"]}, ["two", "one", "list.create"]),
        ({"searchFields": [{"field": "actorId", "valStr": "me"}]}, ["one"]),
        ({"searchFields": [{"field": "tenants", "valArr": ["acme"], "negative": True}]}, ["two", "list.create"]),
        ({"actions": [], "text": "", "devices": None}, ["two", "one", "list.create"]),
    ):
        assert actions(api, **filters) == expected, filters


def test_pages(api):
    for number in range(5):
        event(api, f"e{number}")
    pages = [api.post(SEARCH, size=2, page=page).json() for page in range(4)]
    assert [[record["action"] for record in page["audits"]] for page in pages] == [
        ["e4", "e3"],
        ["e2", "e1"],
        ["e0"],
        [],
    ]
    assert [page["total"] for page in pages] == [5] * 4
    assert actions(api, size=2, oldestFirst=True) == ["e0", "e1"]


def test_a_page_has_1000_at_most(api):
    for number in range(1001):
        api.http.post(EVENT, json={"action": f"e{number}"})
    answer = api.post(SEARCH).json()
    assert (len(answer["audits"]), answer["total"]) == (1000, 1001)
    assert actions(api, page=1) == ["e0"]


def test_times(api):
    event(api)
    now = int(time.time() * 1000)
    day = 24 * 3600 * 1000
    assert len(found(api, **{"from": now - 30 * day})) == 1
    assert len(found(api, **{"from": str(now - day), "to": str(now + day)})) == 1
    assert found(api, **{"from": now + day}) == []
    assert found(api, to=now - day) == []
    assert error(api.post(SEARCH, **{"from": now - 31 * day})) == (400, "E011004")


@pytest.mark.parametrize(
    "body", [{"size": 1001}, {"size": -1}, {"page": -1}, {"from": "x"}, {"searchFields": "x"}, {"actions": "x"}]
)
def test_bad_searches(api, body):
    assert api.post(SEARCH, **body).status_code == 400


@pytest.mark.parametrize("body", [{}, {"action": "x", "type": "nope"}, {"action": "x", "data": 5}])
def test_bad_events(api, emulator, body):
    assert api.post(EVENT, **body).status_code == 400
    assert emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["audit"] == []
