# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault does what it says, before or after the request is carried out; rules hit the requests they should."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
from emulator_api import error

from emulator.errors import OptionError
from emulator.faults import KINDS, Faults
from emulator.testing import KEY, PROJECT_ID, ControlError

CREATE = "/v1/mgmt/tenant/create"


def create(api):
    return api.post(CREATE, id="acme", name="Acme")


def applied(emulator):
    """Whether tenant acme exists; the log must agree."""
    exists = "acme" in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]
    (entry,) = [entry for entry in emulator.requests() if entry["path"] == CREATE]
    assert entry["applied"] is exists
    assert emulator.stats()["writes_applied"] == int(exists)
    assert emulator.stats()["faults"] == 1
    return exists


def on_create(**do):
    return [{"name": "the fault", "match": {"path": CREATE}, "do": do}]


@pytest.mark.parametrize("when", ["before", "after", None])
@pytest.mark.parametrize("status", [500, 503, 403])
def test_status(api, emulator, when, status):
    emulator.faults(on_create(status=status, **({"when": when} if when else {})))
    answer = create(api)
    assert answer.status_code == status
    assert answer.json()["errorCode"]
    assert applied(emulator) is (when == "after")
    assert emulator.requests()[0]["fault"] == "the fault"
    assert emulator.requests()[0]["status"] == status


def test_status_with_everything(api, emulator):
    emulator.faults(on_create(status=429, retry_after=7, headers={"X-Proof": "yes"}))
    answer = create(api)
    assert error(answer) == (429, "E130429")
    assert (answer.headers["retry-after"], answer.headers["x-proof"]) == ("7", "yes")
    emulator.faults(on_create(status=500, body={"errorCode": "E1"}))
    assert create(api).json() == {"errorCode": "E1"}
    emulator.faults(on_create(status=502, body="bad gateway", headers={"Content-Type": "text/weird"}))
    answer = create(api)
    assert (answer.text, answer.headers["content-type"]) == ("bad gateway", "text/weird")
    emulator.faults(on_create(status=400, code="E111009"))
    assert error(create(api)) == (400, "E111009")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [200, 503])
def test_html(api, emulator, when, status):
    emulator.faults(on_create(kind="html", status=status, when=when))
    answer = create(api)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert applied(emulator) is (when == "after")


def raw(emulator) -> socket.socket:
    """A create sent by hand, to see how the connection ends."""
    parts = urlsplit(emulator.base_url)
    sock = socket.create_connection((parts.hostname, parts.port), timeout=20)
    body = b'{"id":"acme","name":"Acme"}'
    head = (
        f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PROJECT_ID}:{KEY}\r\nContent-Length: {len(body)}"
    )
    sock.sendall(head.encode() + b"\r\n\r\n" + body)
    return sock


@pytest.mark.parametrize("when", ["before", "after"])
def test_reset(emulator, when):
    emulator.faults(on_create(kind="reset", when=when))
    with raw(emulator) as sock, pytest.raises(ConnectionResetError):
        sock.recv(100)
    assert applied(emulator) is (when == "after")
    assert emulator.requests()[0]["status"] is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_timeout_closes_without_a_reply(emulator, when):
    emulator.faults(on_create(kind="timeout", seconds=0.05, when=when))
    with raw(emulator) as sock:
        assert sock.recv(100) == b""
    assert applied(emulator) is (when == "after")
    assert emulator.requests()[0]["status"] is None


def test_timeout_outlasts_an_impatient_client(connect, emulator):
    emulator.faults(on_create(kind="timeout", seconds=3600))
    with pytest.raises(httpx.ReadTimeout):
        connect().http.post(CREATE, json={"id": "acme", "name": "Acme"}, timeout=0.1)
    assert applied(emulator) is False


def test_truncated(api, emulator):
    emulator.faults(on_create(kind="truncated"))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        create(api)
    assert applied(emulator) is True


def test_non_json(api, emulator):
    emulator.faults(on_create(kind="non_json"))
    answer = create(api)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert applied(emulator) is True


def test_rewrite(api, emulator):
    emulator.faults(on_create(kind="rewrite", replace={'"acme"': '"other"'}))
    assert create(api).status_code == 200
    assert list(emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]) == ["other"]
    assert emulator.requests()[-1]["applied"]


def test_a_fault_after_a_refused_request_is_not_applied(api, emulator):
    emulator.faults(on_create(status=503, when="after"))
    assert api.post(CREATE, id="acme").status_code == 503
    assert applied(emulator) is False


def test_all_kinds_are_tested_here():
    assert set(KINDS) == {"status", "html", "reset", "timeout", "truncated", "non_json", "rewrite"}


@pytest.mark.parametrize(
    ("counter", "hit"),
    [
        ({"nth": 3}, [3]),
        ({"every": 2}, [2, 4, 6]),
        ({"from": 4}, [4, 5, 6]),
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"every": 2, "times": 2}, [2, 4]),
        ({"times": 1}, [1]),
    ],
)
def test_counters(api, emulator, counter, hit):
    emulator.faults([{**counter, "do": {"status": 503}}])

    def struck():
        return [n for n in range(1, 7) if api.get("/v1/mgmt/license").status_code == 503]

    assert struck() == hit
    emulator.reset("fault_counters")
    assert struck() == hit


def test_matching(api, emulator):
    calls = {
        "list": lambda: api.get("/v1/mgmt/tenant/all"),
        "search": lambda: api.post("/v1/mgmt/tenant/search"),
        "patch": lambda: api.patch(id="nope"),
        "license": lambda: api.get("/v1/mgmt/license"),
    }
    for match, expected in (
        ({}, {"list", "search", "patch", "license"}),
        ({"path": "*"}, {"list", "search", "patch", "license"}),
        ({"method": "post"}, {"search"}),
        ({"method": "*", "path": "/v1/mgmt/tenant/*"}, {"list", "search", "patch"}),
        ({"kind": "write"}, {"patch"}),
        ({"kind": "read", "path": "*/tenant/*"}, {"list", "search"}),
        ({"project": "nope"}, set()),
        ({"project": PROJECT_ID, "path": "*/license"}, {"license"}),
    ):
        emulator.faults([{"match": match, "do": {"status": 530}}])
        assert {name for name, call in calls.items() if call().status_code == 530} == expected, match


def test_several_rules_count_every_request_and_the_first_strikes(api, emulator):
    emulator.faults(
        [
            {"name": "a", "nth": 2, "do": {"status": 500}},
            {"name": "b", "every": 2, "do": {"status": 501}},
            {"name": "c", "nth": 3, "do": {"status": 502}},
        ]
    )
    assert [api.get("/v1/mgmt/license").status_code for _try in range(4)] == [200, 500, 502, 501]
    assert [entry["fault"] for entry in emulator.requests()] == [None, "a", "c", "b"]


def test_control_is_outside(emulator):
    emulator.faults([{"do": "reset"}])
    assert emulator.stats()["requests"] == 0
    emulator.faults([])


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"rule": []}, "unknown key 'rule'"),
        ("x", "must be a list"),
        (["x"], "rule 1: must be an object"),
        ([{"do": "reset"}, {}], "rule 2: 'do' is missing"),
        ([{"do": "explode"}], "unknown kind 'explode'; known: status"),
        ([{"do": 5}], "'do' must be"),
        ([{"do": {"kind": "status"}}], "needs 'status'"),
        ([{"do": {"status": 99}}], "from 200 to 599"),
        ([{"do": {"status": "503"}}], "'status' must be a whole number"),
        ([{"do": {"status": 503, "when": "later"}}], "before or after"),
        ([{"do": {"status": 503, "headers": []}}], "'headers'"),
        ([{"do": {"kind": "timeout", "seconds": -1}}], "'seconds'"),
        ([{"do": {"kind": "truncated", "when": "before"}}], "unknown key 'when'; allowed: none"),
        ([{"do": "rewrite"}], "needs 'replace'"),
        ([{"do": {"kind": "rewrite", "replace": {"a": 5}}}], "'replace' must be"),
        ([{"nth": 0, "do": "reset"}], "'nth' must be a whole number, 1 or more"),
        ([{"nth": 1, "every": 1, "do": "reset"}], "only one of"),
        ([{"match": {"verb": "GET"}, "do": "reset"}], "unknown key 'verb'"),
        ([{"match": {"kind": "both"}, "do": "reset"}], "read, write"),
        ([{"match": [], "do": "reset"}], "'match'"),
        ([{"count": 1, "do": "reset"}], "unknown key 'count'"),
    ],
)
def test_bad_rules_are_refused_and_the_old_ones_stay(api, emulator, rules, text):
    with pytest.raises(OptionError) as caught:
        Faults(rules)
    assert text in str(caught.value)
    emulator.faults([{"do": {"status": 503}}])
    with pytest.raises(ControlError):
        emulator._call("POST", "faults", rules)
    assert api.get("/v1/mgmt/license").status_code == 503
