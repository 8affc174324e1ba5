# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limit, latency, request log, statistics, control."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import datetime
from urllib.parse import quote

import httpx
import pytest
from emulator_api import SECOND_PROJECT, Api, error

from emulator.control import is_loopback
from emulator.errors import OptionError
from emulator.limits import Limiter, RateLimit
from emulator.request_log import MASK
from emulator.server import KEEP_ALIVE
from emulator.testing import KEY, PROJECT_ID, ControlError, running

LICENSE = "/v1/mgmt/license"
CANARY = "K2canary+key/with=signs"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# -- rate limit ------------------------------------------------------------------------------------------------------


def test_the_window_slides_for_each_client():
    clock = Clock()
    limiter = Limiter(RateLimit(2, 10), clock)
    assert limiter.check("a") is None
    clock.now += 4
    assert limiter.check("a") is None
    assert limiter.check("a") == 6
    assert limiter.check("b") is None
    clock.now += 5.5
    assert limiter.check("a") == 1
    clock.now -= 1
    assert limiter.check("a") == 2  # a second and a half, rounded up: to come back after 1 would be too early
    clock.now += 1.5
    assert limiter.check("a") is None
    assert limiter.check("a") == 4  # refused requests did not use the window up


def test_never_more_than_the_limit_in_any_window():
    clock = Clock()
    limiter = Limiter(RateLimit(5, 3), clock)
    passed = []
    for step in range(2000):
        clock.now = 1000 + step * 0.17
        if limiter.check("a") is None:
            passed.append(clock.now)
    assert all(later - earlier >= 3 for earlier, later in zip(passed, passed[5:], strict=False))
    assert len(passed) > 5 * (2000 * 0.17 / 3) * 0.9


def test_a_client_over_the_limit_gets_429(api, emulator):
    emulator.settings(rate_limit="3/3600")
    answers = [api.post("/v1/mgmt/tenant/create", name=f"n{n}") for n in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert error(answers[3]) == (429, "E130429")
    assert re.fullmatch(r"[1-9]\d*", answers[3].headers["retry-after"])
    assert 3590 <= int(answers[3].headers["retry-after"]) <= 3600
    stats = emulator.stats()
    assert (stats["requests"], stats["writes_applied"], stats["rate_limited"]) == (5, 3, 2)
    assert [entry["limited"] for entry in emulator.requests()] == [False, False, False, True, True]
    assert emulator.settings(rate_limit=None) == {"rate_limit": None, "latency_ms": 0}
    assert len(api.ids()) == 3


def test_limited_requests_are_not_counted_by_faults(api, emulator):
    emulator.settings(rate_limit="1/3600")
    emulator.faults([{"nth": 2, "do": {"status": 503}}])
    assert [api.get(LICENSE).status_code for _try in range(3)] == [200, 429, 429]
    emulator.settings(rate_limit=None)
    assert api.get(LICENSE).status_code == 503


@pytest.mark.parametrize("text", ["", "5", "5/", "/5", "0/5", "5/0", "-1/5", "5/5/5", "a/b"])
def test_bad_rate_limits(text):
    with pytest.raises(OptionError, match="N/SECONDS"):
        RateLimit.parse(text)


def test_latency_delays_replies(api, emulator):
    emulator.settings(latency_ms=30)
    assert api.get(LICENSE).status_code == 200
    assert emulator.requests()[0]["duration_ms"] >= 30


# -- log and statistics ----------------------------------------------------------------------------------------------


def test_the_log_lists_every_request(api, connect, emulator):
    before = datetime.now().astimezone()
    api.create("Acme", id="acme")
    api.get("/v1/mgmt/tenant", id="acme")
    api.post("/v1/mgmt/tenant/search")
    connect(KEY).http.post("/v1/mgmt/projects/list")
    api.post("/v1/mgmt/tenant/create")
    api.get("/nowhere")
    log = emulator.requests()
    rows = [(e["method"], e["path"], e["kind"], e["status"], e["applied"], e["project"]) for e in log]
    assert rows == [
        ("POST", "/v1/mgmt/tenant/create", "write", 200, True, PROJECT_ID),
        ("GET", "/v1/mgmt/tenant", "read", 200, False, PROJECT_ID),
        ("POST", "/v1/mgmt/tenant/search", "read", 200, False, PROJECT_ID),
        ("POST", "/v1/mgmt/projects/list", "read", 200, False, ""),
        ("POST", "/v1/mgmt/tenant/create", "write", 400, False, PROJECT_ID),
        ("GET", "/nowhere", "read", 404, False, PROJECT_ID),
    ]
    assert log[1]["query"] == {"id": "acme"}
    assert [entry["index"] for entry in log] == list(range(6))
    assert emulator.requests(since=4) == log[4:]
    assert emulator.requests(since=99) == []
    assert emulator.writes() == [log[0], log[4]]
    for entry in log:
        assert entry["time"].endswith("Z")
        assert datetime.fromisoformat(entry["time"]) >= before
        assert entry["duration_ms"] >= 0
    stats = emulator.stats()
    assert {name: stats[name] for name in ("requests", "reads", "writes", "writes_applied")} == {
        "requests": 6,
        "reads": 4,
        "writes": 2,
        "writes_applied": 1,
    }
    assert {"method": "POST", "path": "/v1/mgmt/tenant/create", "kind": "write", "count": 2} in stats["by_request"]


def test_log_and_stats_are_reset_separately(api, emulator):
    api.get(LICENSE)
    emulator.reset("log")
    assert (emulator.requests(), emulator.stats()["requests"]) == ([], 1)
    api.get(LICENSE)
    assert [entry["index"] for entry in emulator.requests()] == [0]
    emulator.reset("stats")
    assert (len(emulator.requests()), emulator.stats()["requests"]) == (1, 0)


def test_no_secret_reaches_the_log(tmp_path):
    log = tmp_path / "requests.jsonl"
    wrong = "K2wrongKeyOfSomebody"
    with running(projects=[("P1", CANARY)], request_log=log) as emulator:
        url = emulator.base_url
        for bearer in (f"P1:{CANARY}", CANARY, f"P1:{wrong}", wrong, f"{CANARY}:P1", f"P1:x:{CANARY}", f"P{CANARY}"):
            with Api(url, bearer).http as http:
                for secret in (CANARY, wrong):
                    http.get("/v1/mgmt/tenant", params={"id": secret})
                    http.get("/v1/mgmt/tenant", params={secret: "x", "managementKey": secret, "api_token": "tok"})
                    http.get("/v1/mgmt/" + quote(secret, safe=""))
                    http.post("/v1/mgmt/tenant/create", json={"name": secret})
        kept = json.dumps(emulator.requests())
        stats = json.dumps(emulator.stats())
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == 7 * 2 * 4
    assert lines == json.loads(kept)
    for place in (text, kept, stats):
        assert CANARY not in place
        assert "tok" not in re.sub(r"api_token", "", place)
    # A key that only exists in the caller's hands is masked in that caller's own requests.
    own = [line for line in lines if MASK in json.dumps(line)]
    assert len(own) >= len(lines) // 2
    with (
        running(projects=[("P1", CANARY)], request_log=log) as emulator,
        Api(emulator.base_url, f"P1:{wrong}").http as http,
    ):
        http.get("/v1/mgmt/tenant", params={"id": wrong})
        http.get(f"/v1/mgmt/{wrong}")
    assert wrong not in "".join(log.read_text().splitlines()[len(lines) :])


# -- control ---------------------------------------------------------------------------------------------------------


def test_control_knows_the_loopback():
    for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert is_loopback((address, 1))
    for client in (("10.0.0.1", 1), ("::ffff:10.0.0.1", 1), ("192.168.1.1", 1), None, (), ("", 1), ("testclient", 1)):
        assert not is_loopback(client)


@pytest.mark.parametrize("path", ["state", "stats", "requests", "health", "switches"])
def test_from_elsewhere_there_is_no_control(path):
    """The same application with another client address answers as for any unknown path."""
    import anyio

    from emulator.app import Emulator
    from emulator.config import Config
    from emulator.descope.service import ProjectOption

    app = Emulator(Config(projects=[ProjectOption("P1", "K1")]))

    async def ask(address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
            return await client.get(f"/_emulator/{path}")

    assert anyio.run(ask, "127.0.0.1").status_code == 200
    assert anyio.run(ask, "10.1.2.3").status_code == 404
    assert app.log.stats()["requests"] == 1


def test_control_does_not_use_a_connection_that_may_be_closed_by_now():
    with running() as emulator:
        emulator.stats()
        idle = emulator._connection
        assert emulator._connection is idle
        idle.sock.shutdown(socket.SHUT_RDWR)  # as the server does after a while
        emulator._used -= KEEP_ALIVE
        assert emulator.stats()["requests"] == 0
        assert emulator._connection is not idle


def test_edits(api, connect, emulator):
    assert emulator.edit(
        "create_tenant",
        tenant={
            "id": "acme",
            "name": "Acme",
            "domains": ["sso.com"],
            "authType": "saml",
            "defaultRoles": ["Support"],
            "customAttributes": {"tier": "gold"},
            "settings": {"inactivityTime": 5},
        },
    ) == {"id": "acme"}
    tenant = api.load("acme")
    assert (tenant["domains"], tenant["authType"], tenant["defaultRoles"]) == (["sso.com"], "saml", ["Support"])
    emulator.edit("update_tenant", id="acme", tenant={"disabled": True})
    assert api.load("acme") == tenant | {"disabled": True}
    emulator.edit("set_settings", id="acme", settings={"enabled": True})
    settings = api.get("/v1/mgmt/tenant/settings", id="acme").json()
    assert (settings["enabled"], settings["inactivityTime"]) == (True, 5)
    emulator.edit("set_password_settings", settings={"minLength": 11})
    emulator.edit("set_password_settings", id="acme", settings={"minLength": 12})
    assert api.get("/v1/mgmt/password/settings").json()["minLength"] == 11
    assert api.get("/v1/mgmt/password/settings", tenantId="acme").json()["minLength"] == 12
    emulator.edit("declare_attribute", name="owner", type="string")
    assert api.patch(id="acme", customAttributes={"owner": "me"}).status_code == 200
    emulator.edit("remove_attribute", name="owner")
    assert api.patch(id="acme", customAttributes={"owner": "me"}).status_code == 400
    emulator.edit("add_role", name="Auditor")
    assert api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Auditor"]).status_code == 200
    emulator.edit("remove_role", name="Auditor")
    assert api.post("/v1/mgmt/tenant/updateDefaultRoles", id="acme", defaultRoles=["Auditor"]).status_code == 400
    emulator.edit("update_project", name="renamed", environment="production", tags=["x"])
    listed = connect(KEY).http.post("/v1/mgmt/projects/list").json()["projects"][0]
    assert (listed["name"], listed["environment"], listed["tags"]) == ("renamed", "production", ["x"])
    assert emulator.edit("create_tenants", tenants=[{"name": "A", "id": "a"}, {"name": "B", "id": "b"}]) == {
        "ids": ["a", "b"],
    }
    emulator.edit("update_tenant", id="a", tenant={"passwordSettings": {"minLength": 13}})
    assert api.get("/v1/mgmt/password/settings", tenantId="a").json()["minLength"] == 13
    emulator.edit("delete_tenant", id="a")
    assert api.ids() == ["acme", "b"]
    made = emulator.edit("add_project", project="", key="K3", name="third")["id"]
    assert connect(f"{made}:K3").ids() == []
    emulator.edit("create_tenant", project=SECOND_PROJECT, tenant={"name": "Elsewhere"})
    assert api.ids() == ["acme", "b"]


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ({"op": "explode"}, "unknown op 'explode'; known: add_project, create_tenant"),
        ({"op": None}, "'op'"),
        ({"op": "create_tenant"}, "'tenant' must be given"),
        ({"op": "create_tenant", "tenant": {}}, "The name field is required"),
        ({"op": "create_tenant", "tenant": {"name": "A", "customAttributes": {"nope": 1}}}, "nope is not defined"),
        ({"op": "create_tenant", "tenant": {"name": "A", "defaultRoles": ["nope"]}}, "nope does not exist"),
        ({"op": "create_tenant", "tenant": {"name": "A", "settings": 5}}, "settings"),
        ({"op": "create_tenant", "tenant": {"name": "A", "passwordSettings": {"minLength": "x"}}}, "minLength"),
        ({"op": "create_tenants", "tenants": [5]}, "'tenant' must be given"),
        ({"op": "update_tenant", "id": "nope", "tenant": {}}, "no tenant 'nope'"),
        ({"op": "delete_tenant", "id": ["x"]}, "'id' must be given"),
        ({"op": "add_role", "project": "nope", "name": "x"}, "no project 'nope'"),
        ({"op": "add_role", "project": ["x"], "name": "x"}, "'project'"),
        ({"op": "add_project", "key": "K"}, "already"),
    ],
)
def test_bad_edits_change_nothing(emulator, edit, text):
    before = emulator.state()
    with pytest.raises(ControlError) as caught:
        emulator._call("POST", "edit", {"project": PROJECT_ID, **edit})
    assert text in str(caught.value)
    assert emulator.state() == before


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("settings", {"rate": 1}, "unknown key 'rate'"),
        ("settings", {"latency_ms": -1}, "latency_ms"),
        ("settings", {"rate_limit": 5}, "rate_limit"),
        ("settings", {"rate_limit": "5"}, "N/SECONDS"),
        ("settings", [], "JSON object"),
        ("reset", {"what": ["everything"]}, "state, stats, log"),
        ("reset", {"what": [[]]}, "state, stats, log"),
        ("reset", {"what": "state"}, "state, stats, log"),
    ],
)
def test_bad_control_requests(emulator, path, body, text):
    with pytest.raises(ControlError) as caught:
        emulator._call("POST", path, body)
    assert text in str(caught.value)


def test_state_of_one_project(api, emulator):
    api.create("Acme", id="acme")
    assert set(emulator.state()["projects"]) > {PROJECT_ID}
    (project,) = emulator.state(PROJECT_ID)["projects"].values()
    assert project["tenants"]["acme"]["name"] == "Acme"
    assert KEY not in json.dumps(emulator.state())
    with pytest.raises(ControlError, match="no project"):
        emulator.state("nope")


def test_reset_of_everything_is_the_default(api, emulator):
    api.create("Acme")
    emulator.switches(patch=404)
    emulator.settings(rate_limit="1/1", latency_ms=5)
    emulator.faults([{"do": "reset"}])
    emulator.reset()
    assert emulator.settings() == {"rate_limit": None, "latency_ms": 0}
    assert emulator.requests() == []
    assert api.ids() == []
    assert emulator.switches()["patch"] == "present"


def test_many_tenants_in_one_edit(emulator):
    """Fast enough to be used for every test that wants many."""
    tenants = [
        {
            "id": f"t{number}",
            "name": f"Tenant {number}",
            "selfProvisioningDomains": [f"{number}.example"],
            "domains": [f"sso.{number}.example"],
            "defaultRoles": ["Support"],
            "settings": {"enabled": True, "inactivityTime": 5, "ssoSetupSuiteSettings": {"enabled": True}},
            "passwordSettings": {"enabled": True, "minLength": 9},
        }
        for number in range(2000)
    ]
    started = time.monotonic()
    emulator.edit("create_tenants", tenants=tenants)
    assert time.monotonic() - started < 2
    stored = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]
    assert len(stored) == 2000
    assert stored["t1999"]["passwordSettings"] == {"enabled": True, "minLength": 9}
    assert stored["t1999"]["settings"]["inactivityTime"] == 5
