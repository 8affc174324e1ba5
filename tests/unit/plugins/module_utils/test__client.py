# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import datetime
import email.utils
import ipaddress
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._budget import Budget
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, Session, flat, listed
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator, running
from tests.unit.plugins.module_utils.support import TENANT_PATH, FakeClock, HttpServer, connection, session

ALL, CREATE, LICENSE, SEARCH = (
    f"{TENANT_PATH}/all",
    f"{TENANT_PATH}/create",
    "/v1/mgmt/license",
    f"{TENANT_PATH}/search",
)
OK = (200, {}, b'{"tenants": []}')


def fails(action: Callable[[], object]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        action()
    assert KEY not in everything_about(caught.value)
    return caught.value


def everything_about(error: BaseException) -> str:
    """All texts under which an error may be shown, with those that led to it."""
    found: list[str] = []
    current: BaseException | None = error
    while current is not None:
        found += [str(current), repr(current), repr(vars(current).get("message")), repr(current.args)]
        found += [repr(vars(current).get(name)) for name in ("hint", "service_code", "code")]
        current = current.__cause__ or current.__context__
    return "\n".join([*found, *traceback.format_exception(error)])


def sent(emulator: ThreadedEmulator, path: str) -> list[dict[str, Any]]:
    return [entry for entry in emulator.requests() if entry["path"] == path]


def fault(emulator: ThreadedEmulator, do: Any, path: str = "/v1/mgmt/tenant*", **rule: Any) -> None:
    emulator.faults([{"match": {"path": path}, "do": do, **rule}])


# -- requests ----------------------------------------------------------------------------------------------------------


def test_every_method_reaches_the_service_with_its_arguments() -> None:
    with HttpServer(lambda _method, _path: OK) as server, session(server.base_url) as http:
        http.get("/a", params={"id": "x"})
        http.post("/b", body={"name": "y"})
        http.put("/c", body={})
        http.patch("/d", body={"z": None})
        http.delete("/e", params={"id": "x"})
    assert server.requests[1:] == [
        ("GET", "/a?id=x"),
        ("POST", "/b"),
        ("PUT", "/c"),
        ("PATCH", "/d"),
        ("DELETE", "/e?id=x"),
    ]


def test_headers_of_a_request(emulator: ThreadedEmulator) -> None:
    def answer(_method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, b'{"rateLimitTier": "tier9"}') if path == LICENSE else OK

    with HttpServer(answer) as server, session(server.base_url) as http:
        http.get(ALL)
    first, second = server.headers
    assert first["Authorization"] == second["Authorization"] == f"Bearer {PROJECT_ID}:{KEY}"
    assert second["User-Agent"] == f"pcc.identity/{VERSION}"
    assert "x-descope-license" not in first
    assert second["x-descope-license"] == "tier9"
    assert second["x-descope-project-id"] == PROJECT_ID


def test_requests_are_counted_as_reads_and_writes(emulator: ThreadedEmulator) -> None:
    with session(emulator.base_url) as http:
        assert http.requests() == {"reads": 0, "writes": 0, "retries": 0, "waited_seconds": 0.0}
        http.get(ALL)
        http.post(SEARCH, body={})
        http.post(CREATE, body={"name": "Acme"})
        assert http.requests() == {"reads": 3, "writes": 1, "retries": 0, "waited_seconds": 0.0}
    stats = emulator.stats()
    assert (stats["reads"], stats["writes"]) == (3, 1)


def test_the_sdk_runs_on_the_session(emulator: ThreadedEmulator) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    with session(emulator.base_url) as http:
        client = Client(connection(emulator.base_url), http)
        assert client.tenant.load("acme")["name"] == "Acme"
        assert client.password.get_settings("acme")["tenantId"] == "acme"
        assert [project["id"] for project in client.project.list_projects()["projects"]] == [PROJECT_ID]
        assert client.paths().tenant_create_path == CREATE


def test_a_client_makes_its_own_session() -> None:
    chosen = connection()
    assert Client(chosen).session.project_id == chosen.project_id


# -- handshake and connections -----------------------------------------------------------------------------------------


def test_one_handshake_however_many_workers(emulator: ThreadedEmulator) -> None:
    meeting = threading.Barrier(8, timeout=20)

    def work(http: Session) -> None:
        meeting.wait()
        for _turn in range(3):
            http.get(ALL)

    with session(emulator.base_url) as http, concurrent.futures.ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work, http) for _turn in range(8)]:
            future.result()
    assert len(sent(emulator, LICENSE)) == 1
    assert len(sent(emulator, ALL)) == 24
    assert emulator.requests()[0]["path"] == LICENSE


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (4, 4)])
def test_connections_are_kept(workers: int, most: int) -> None:
    with (
        HttpServer(lambda _method, _path: OK) as server,
        session(server.base_url, concurrency=workers) as http,
        concurrent.futures.ThreadPoolExecutor(workers) as pool,
    ):
        list(pool.map(lambda _number: http.get(ALL), range(40)))
        assert len(server.requests) == 41
        assert server.connections <= most


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (401, {}, b"{}"),
        (200, {}, b"no json"),
        (200, {}, b"[]"),
        (200, {}, b'{"rateLimitTier": 5}'),
        (429, {"Retry-After": "200"}, b"{}"),
        (302, {"Location": "/x"}, b""),
    ],
    ids=str,
)
def test_a_handshake_that_fails_is_no_reason_to_fail(answer: tuple[int, dict[str, str], bytes]) -> None:
    with HttpServer(lambda _m, path: answer if path == LICENSE else OK) as server, session(server.base_url) as http:
        assert http.get(ALL).json() == {"tenants": []}
    assert [path for _method, path in server.requests] == [LICENSE, ALL]
    assert "x-descope-license" not in server.headers[1]


def test_after_closing_it_connects_again(emulator: ThreadedEmulator) -> None:
    with session(emulator.base_url) as http:
        http.get(ALL)
        http.close()
        http.close()
        http.get(ALL)
    assert len(sent(emulator, LICENSE)) == 2


def test_closing_what_was_never_open() -> None:
    Session(connection()).close()


def test_a_budget_that_cannot_be_kept_stands_in_the_way(
    emulator: ThreadedEmulator, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with session(emulator.base_url, rate_limit_backend="file") as http:
        for _turn in range(2):
            with pytest.raises(IdentityError) as caught:
                http.get(ALL)
            assert caught.value.code == "rate_limit_backend"
    assert emulator.requests() == []


# -- 429 ---------------------------------------------------------------------------------------------------------------


def test_eight_workers_get_through_a_limit_tighter_than_configured(emulator: ThreadedEmulator) -> None:
    emulator.settings(rate_limit="12/1")
    with session(emulator.base_url) as http, concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: http.post(CREATE, body={"name": f"Tenant {number}"}), range(40)))
        counts = http.requests()
    assert len(emulator.state()["projects"][PROJECT_ID]["tenants"]) == 40
    assert emulator.stats()["rate_limited"] > 0
    assert counts["retries"] == emulator.stats()["rate_limited"]
    assert counts["waited_seconds"] > 0


def test_eight_workers_get_through_without_being_told_how_long_to_wait() -> None:
    accepted: collections.deque[float] = collections.deque()
    lock = threading.Lock()

    def answer(_method: str, _path: str) -> tuple[int, dict[str, str], bytes]:
        with lock:
            now = time.monotonic()
            while accepted and accepted[0] <= now - 0.8:
                accepted.popleft()
            if len(accepted) >= 12:
                return 429, {}, b'{"errorCode": "E130429"}'
            accepted.append(now)
            return OK

    with (
        HttpServer(answer) as server,
        session(server.base_url) as http,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        assert len(list(pool.map(lambda _number: http.get(ALL), range(30)))) == 30
        assert http.requests()["retries"] > 0


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ({}, [1, 2, 4, 8]),
        ({"retry_after": 30}, [30, 30, 30, 30]),
        ({"retry_after": 0}, [1, 2, 4, 8]),
        ({"headers": {"Retry-After": "2.5"}}, [2.5] * 4),
        ({"headers": {"Retry-After": "soon"}}, [1, 2, 4, 8]),
        ({"headers": {"Retry-After": "-5"}}, [1, 2, 4, 8]),
        ({"headers": {"Retry-After": ""}}, [1, 2, 4, 8]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["read", "write"])
def test_five_tries_at_the_most(
    kind: str, header: dict[str, Any], waits: list[float], emulator: ThreadedEmulator, clock: FakeClock
) -> None:
    fault(emulator, {"kind": "status", "status": 429, **header})
    start = clock.now
    with session(emulator.base_url) as http:
        error = fails(lambda: http.get(ALL) if kind == "read" else http.post(CREATE, body={"name": "A"}))
        assert http.requests()["retries"] == 4
    assert (error.code, error.status, error.service_code, error.ambiguous) == ("rate_limited", 429, "E130429", False)
    assert "5 tries" in error.message
    assert "rate_limit" in error.hint
    assert len(sent(emulator, ALL if kind == "read" else CREATE)) == 5
    assert clock.now - start == pytest.approx(sum(waits))


def test_as_many_tries_as_configured(emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": 429, "retry_after": 0})
    with session(emulator.base_url, retries=0) as http:
        assert fails(lambda: http.get(ALL)).code == "rate_limited"
    assert len(sent(emulator, ALL)) == 1


def test_a_write_is_sent_again_after_a_429(emulator: ThreadedEmulator, clock: FakeClock) -> None:
    fault(emulator, {"kind": "status", "status": 429, "retry_after": 7}, times=4)
    start = clock.now
    with session(emulator.base_url) as http:
        assert http.post(CREATE, body={"id": "acme", "name": "Acme"}).json() == {"id": "acme"}
        assert http.requests() == {"reads": 1, "writes": 5, "retries": 4, "waited_seconds": 28.0}
    assert clock.now - start == pytest.approx(28)


def test_a_date_may_say_when(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [email.utils.formatdate(time.time() + 60, usegmt=True)]

    def answer(_method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return (429, {"Retry-After": refusals.pop()}, b"{}") if path == ALL and refusals else OK

    start = clock.now
    with HttpServer(answer) as server, session(server.base_url) as http:
        http.get(ALL)
    assert 30 <= clock.now - start <= 60


def test_a_wait_beyond_reason_is_not_waited_for(emulator: ThreadedEmulator, clock: FakeClock) -> None:
    fault(emulator, {"kind": "status", "status": 429, "retry_after": 301})
    start = clock.now
    with session(emulator.base_url) as http:
        error = fails(lambda: http.get(ALL))
    assert error.code == "rate_limited"
    assert "301 s" in error.message
    assert clock.now == start
    assert len(sent(emulator, ALL)) == 1


def test_a_429_holds_the_next_request_as_well(emulator: ThreadedEmulator, clock: FakeClock) -> None:
    fault(emulator, {"kind": "status", "status": 429, "retry_after": 9}, times=1)
    chosen = connection(emulator.base_url)
    budget = Budget(chosen)
    start = clock.now
    with session(emulator.base_url, budget=budget, retries=1) as one, session(emulator.base_url, budget=budget) as two:
        one.get(ALL)
        assert clock.now - start == pytest.approx(9)
        two.get(ALL)
    assert clock.now - start == pytest.approx(9)


# -- failures ----------------------------------------------------------------------------------------------------------

TRANSIENT = [500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]


@pytest.mark.parametrize("status", TRANSIENT)
def test_a_failing_service_is_read_again(status: int, emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": status}, times=4)
    with session(emulator.base_url) as http:
        assert http.get(ALL).json() == {"tenants": []}
        assert http.requests()["retries"] == 4


@pytest.mark.parametrize("status", TRANSIENT)
def test_a_service_that_keeps_failing_is_told(status: int, emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": status})
    with session(emulator.base_url) as http:
        error = fails(lambda: http.get(ALL))
    assert (error.code, error.status, error.ambiguous) == ("unavailable", status, False)
    assert len(sent(emulator, ALL)) == 5


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", TRANSIENT)
def test_a_write_that_may_have_taken_effect_is_not_sent_again(
    status: int, when: str, emulator: ThreadedEmulator
) -> None:
    fault(emulator, {"kind": "status", "status": status, "when": when}, times=1)
    with session(emulator.base_url) as http:
        error = fails(lambda: http.post(CREATE, body={"name": "Acme"}))
    assert (error.code, error.status, error.ambiguous) == ("unavailable", status, True)
    assert len(sent(emulator, CREATE)) == 1


BROKEN = [
    ("reset", "unavailable", 5),
    ({"kind": "timeout", "seconds": 5}, "unavailable", 5),
    ("truncated", "unavailable", 5),
    ("non_json", "bad_response", 2),
    ({"kind": "html", "status": 200}, "bad_response", 2),
    ({"kind": "html", "status": 502}, "unavailable", 5),
]


@pytest.mark.parametrize(("do", "code", "tries"), BROKEN, ids=str)
def test_a_broken_reply_is_asked_for_again(do: Any, code: str, tries: int, emulator: ThreadedEmulator) -> None:
    fault(emulator, do, times=tries - 1)
    with session(emulator.base_url, timeout=0.3) as http:
        assert http.get(ALL).json() == {"tenants": []}
    emulator.reset()
    fault(emulator, do)
    with session(emulator.base_url, timeout=0.3) as http:
        error = fails(lambda: http.get(ALL))
    assert (error.code, error.ambiguous) == (code, False)
    assert len(sent(emulator, ALL)) == tries


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("do", "code", "_tries"), BROKEN, ids=str)
def test_a_broken_reply_to_a_write_leaves_it_open(
    do: Any, code: str, _tries: int, when: str, emulator: ThreadedEmulator
) -> None:
    do = {"kind": do} if isinstance(do, str) else dict(do)
    if do["kind"] not in {"truncated", "non_json"}:
        do["when"] = when
    fault(emulator, do)
    with session(emulator.base_url, timeout=0.3) as http:
        error = fails(lambda: http.post(CREATE, body={"name": "Acme"}))
    assert (error.code, error.ambiguous) == (code, True)
    assert len(sent(emulator, CREATE)) == 1


def test_a_timeout_names_its_length(emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "timeout", "seconds": 5})
    with session(emulator.base_url, timeout=0.2, retries=0) as http:
        error = fails(lambda: http.get(ALL))
    assert f"GET {ALL}" in error.message
    assert "0.2 s" in error.message
    assert "timeout" in error.hint


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!DOCTYPE html><p>x", "an HTML page"),
        (b"  <HTML>", "an HTML page"),
        (b"", "empty"),
        (b"OK", "unreadable"),
        (b"\xff\xfe{}", "unreadable"),
    ],
)
def test_what_stands_where_json_belongs_is_named(body: bytes, kind: str) -> None:
    with HttpServer(lambda _m, path: (200, {}, body)) as server, session(server.base_url) as http:
        error = fails(lambda: http.get(ALL))
    assert kind in error.message
    assert "base_url" in error.hint


@pytest.mark.parametrize(
    ("status", "body", "code", "text"),
    [
        (400, {"errorCode": "E1", "errorMessage": "Said so."}, "refused", "E1: Said so."),
        (400, {"errorCode": "E1", "errorDescription": "Short", "message": "Long"}, "refused", "E1: Long"),
        (400, {"errorDescription": "Short"}, "refused", "HTTP 400, Short."),
        (409, {"code": 5}, "refused", "no reason given"),
        (418, ["x"], "refused", "no reason given"),
        (400, {"errorCode": "E112202", "message": "x"}, "not_found", "E112202"),
        (404, {}, "not_found", "HTTP 404"),
        (403, {}, "forbidden", "HTTP 403"),
        (401, {}, "unauthorized", "HTTP 401"),
    ],
    ids=str,
)
def test_refusals(status: int, body: Any, code: str, text: str, emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": status, "body": body})
    with session(emulator.base_url) as http:
        for action in (lambda: http.get(ALL), lambda: http.post(CREATE, body={})):
            error = fails(action)
            assert (error.code, error.status, error.ambiguous) == (code, status, False)
            assert text in error.message
    assert len(sent(emulator, ALL)) == len(sent(emulator, CREATE)) == 1


def test_a_long_reason_is_cut(emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": 400, "body": {"message": "x" * 5000}})
    with session(emulator.base_url) as http:
        assert len(fails(lambda: http.get(ALL)).message) < 700


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unauthorized"), (403, "forbidden"), (400, "refused")], ids=["401", "403", "400"]
)
def test_a_wrong_key_is_told_whatever_the_status(status: int, code: str, emulator: ThreadedEmulator) -> None:
    emulator.switches(invalid_key_status=status)
    with session(emulator.base_url, management_key="K2wrongManagementKey") as http:
        error = fails(lambda: http.get(ALL))
    assert (error.code, error.status) == (code, status)
    assert "Management keys" in error.hint
    assert "K2wrong" not in everything_about(error)
    assert len(sent(emulator, ALL)) == 1


@pytest.mark.parametrize("status", [401, 400])
def test_an_unknown_project_is_told(status: int, emulator: ThreadedEmulator) -> None:
    emulator.switches(unknown_project_status=status)
    with session(emulator.base_url, project_id="P2other") as http:
        error = fails(lambda: http.get(ALL))
    assert error.service_code == "E011008"
    assert "Management keys" in error.hint


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", ["read", "write"])
def test_an_unreachable_service(kind: str) -> None:
    port = free_port()
    with session(f"http://127.0.0.1:{port}") as http:
        error = fails(lambda: http.get(ALL) if kind == "read" else http.post(CREATE, body={}))
        assert http.requests()["retries"] == 4
    assert (error.code, error.ambiguous, error.stops_everything) == ("unreachable", False, True)
    assert f"127.0.0.1:{port}" in error.message
    assert "base_url" in error.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_told_and_not_followed(status: int, emulator: ThreadedEmulator) -> None:
    headers = {"Location": "https://elsewhere.example.com/"}
    fault(emulator, {"kind": "status", "status": status, "headers": headers})
    with session(emulator.base_url) as http:
        error = fails(lambda: http.get(ALL))
    assert (error.code, error.status) == ("redirected", status)
    assert "https://elsewhere.example.com/" in error.message
    assert len(emulator.requests()) == 2


def test_pauses_between_tries_grow() -> None:
    waits: list[float] = []
    http = Session(connection(), sleep=waits.append)
    for attempt in (1, 2, 3, 4, 9):
        http.pause_between_tries(attempt)
    assert all(0.8 * base <= wait <= 1.2 * base for wait, base in zip(waits, (0.5, 1, 2, 4, 8), strict=True))
    assert http.tries == 5


# -- the key stays secret ----------------------------------------------------------------------------------------------

BEARER = f"{PROJECT_ID}:{KEY}"


@pytest.mark.parametrize(
    "text",
    [KEY, f"Bearer {BEARER}", "x" * 480 + KEY, "x" * 495 + KEY, f"a {KEY} b {KEY}"],
    ids=["key", "bearer", "near the cut", "over the cut", "twice"],
)
@pytest.mark.parametrize("where", ["errorMessage", "message", "errorDescription", "errorCode"])
@pytest.mark.parametrize("status", [400, 429])
def test_a_key_that_an_error_quotes_is_masked(text: str, where: str, status: int, emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": status, "body": {where: text}})
    with session(emulator.base_url, retries=0) as http:
        for action in (lambda: http.get(ALL), lambda: http.post(CREATE, body={})):
            assert KEY[:8] not in everything_about(fails(action))


@pytest.mark.parametrize(
    "do",
    [
        {"kind": "status", "status": 302, "headers": {"Location": f"https://h/?bearer={BEARER}"}},
        {"kind": "status", "status": 400, "body": f"plain {KEY}"},
        {"kind": "status", "status": 400, "body": [KEY]},
        {"kind": "status", "status": 400, "body": {"message": {"deep": KEY}}},
        {"kind": "status", "status": 200, "body": f"plain {KEY}"},
    ],
    ids=str,
)
def test_a_key_that_any_reply_quotes_is_masked(do: dict[str, Any], emulator: ThreadedEmulator) -> None:
    fault(emulator, do)
    with session(emulator.base_url, retries=0) as http:
        assert KEY[:8] not in everything_about(fails(lambda: http.get(ALL)))


@pytest.mark.parametrize("body", [{"tenants": KEY}, [KEY], {"tenants": [KEY]}, {"other": KEY}], ids=str)
def test_a_key_in_an_unexpected_reply_is_not_quoted(body: Any, emulator: ThreadedEmulator) -> None:
    fault(emulator, {"kind": "status", "status": 200, "body": body})
    with session(emulator.base_url) as http:
        reply = http.get(ALL).json()
    assert KEY[:8] not in everything_about(fails(lambda: listed(reply, "tenants")))


def test_a_key_is_in_no_repr(emulator: ThreadedEmulator) -> None:
    with session(emulator.base_url) as http:
        http.get(ALL)
        client = Client(connection(emulator.base_url), http)
        for thing in (http, client, client.connection, http._client, http._budget):
            assert KEY not in repr(thing)


# -- TLS ---------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Certificate:
    ca: pathlib.Path
    chain: pathlib.Path
    key: pathlib.Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A CA, and a certificate of it for 127.0.0.1."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)

    def make(name: str, issuer: str, public: Any, signer: Any, *extensions: tuple[Any, bool]) -> bytes:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=30))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca_key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    ca = make(
        "Test CA",
        "Test CA",
        ca_key.public_key(),
        ca_key,
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage, True),
        (identifier, False),
    )
    own = make(
        "127.0.0.1",
        "Test CA",
        own_key.public_key(),
        ca_key,
        (x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    )
    made = Certificate(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    made.ca.write_bytes(ca)
    made.chain.write_bytes(own)
    made.key.write_bytes(
        own_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


@pytest.fixture(scope="module")
def tls_emulator(certificate: Certificate) -> Iterator[ThreadedEmulator]:
    with running(tls_cert=certificate.chain, tls_key=certificate.key) as emulator:
        yield emulator


def test_a_certificate_nobody_knows_is_refused(tls_emulator: ThreadedEmulator) -> None:
    tls_emulator.reset()
    with session(tls_emulator.base_url) as http:
        for action in (lambda: http.get(ALL), lambda: http.post(CREATE, body={})):
            error = fails(action)
            assert (error.code, error.ambiguous, error.stops_everything) == ("tls", False, True)
            assert "certificate" in error.message
            assert "ca_path" in error.hint
        assert http.requests()["retries"] == 0
    assert tls_emulator.requests() == []


@pytest.mark.parametrize("how", ["ca_path", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "folder", "not validated"])
def test_a_certificate_that_is_trusted(
    how: str,
    tls_emulator: ThreadedEmulator,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    options: dict[str, Any] = {}
    if how == "ca_path":
        options["ca_path"] = str(certificate.ca)
    elif how == "folder":
        hashed = subprocess.run(
            ["openssl", "x509", "-subject_hash", "-noout", "-in", certificate.ca],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        (tmp_path / f"{hashed}.0").write_bytes(certificate.ca.read_bytes())
        options["ca_path"] = str(tmp_path)
    elif how == "not validated":
        options["validate_certs"] = False
    else:
        monkeypatch.setenv(how, str(certificate.ca))
    with session(tls_emulator.base_url, **options) as http:
        assert http.get(ALL).json() == {"tenants": []}


def test_the_option_wins_over_the_environment(
    tls_emulator: ThreadedEmulator, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    with session(tls_emulator.base_url, ca_path=str(certificate.ca)) as http:
        assert http.get(ALL).json() == {"tenants": []}


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_certificates_that_cannot_be_read(
    content: str | None, tls_emulator: ThreadedEmulator, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with session(tls_emulator.base_url, ca_path=str(path)) as http:
        error = fails(lambda: http.get(ALL))
    assert error.code == "tls"
    assert str(path) in error.message
    assert "PEM" in error.hint


def test_where_the_system_has_no_certificates_those_of_certifi_are_used(
    tls_emulator: ThreadedEmulator, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with session(tls_emulator.base_url) as http:
        assert fails(lambda: http.get(ALL)).code == "tls"


def test_a_service_without_tls_is_told(emulator: ThreadedEmulator) -> None:
    with session(emulator.base_url.replace("http:", "https:"), retries=0) as http:
        assert fails(lambda: http.get(ALL)).code in {"tls", "unreachable"}


# -- what is in a reply ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{"tenant": {"id": "a"}}, {"id": "a"}], ids=str)
def test_an_object_at_the_root_or_under_its_name(body: Any) -> None:
    assert flat(body, "tenant") == {"id": "a"}


@pytest.mark.parametrize("body", [None, [], "x", 5, {"tenant": None}, {"tenant": []}], ids=str)
def test_no_object(body: Any) -> None:
    error = fails(lambda: flat(body, "tenant"))
    assert error.code == "bad_response"
    assert "a tenant" in error.message


@pytest.mark.parametrize(
    ("body", "items"), [({"x": [{"a": 1}]}, [{"a": 1}]), ({"x": []}, []), ({"x": None}, [])], ids=str
)
def test_a_list(body: Any, items: list[Any]) -> None:
    assert listed(body, "x") == items


@pytest.mark.parametrize("body", [{}, None, [], "x", {"x": {}}, {"x": "y"}, {"x": [1]}, {"x": [None]}], ids=str)
def test_no_list(body: Any) -> None:
    assert fails(lambda: listed(body, "x")).code == "bad_response"


# -- what is imported --------------------------------------------------------------------------------------------------

IMPORTS = """
import json, sys
from ansible.module_utils import basic
from ansible_collections.pcc.identity.plugins.module_utils import _run, _tenant_run

basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(sys.argv[1])}).encode()
if hasattr(basic, "_ANSIBLE_PROFILE"):
    basic._ANSIBLE_PROFILE = "legacy"
try:
    _run.run(_tenant_run.list_argument_spec(), _tenant_run.check_list, _tenant_run.manage_list)
finally:
    costly = {"descope", "httpx", "pyrate_limiter", "yaml", "redis"}
    print(json.dumps(sorted(costly & set(sys.modules))), file=sys.stderr)
"""
GOOD = {
    "project_id": PROJECT_ID,
    "management_key": KEY,
    "base_url": "http://127.0.0.1:9",
    "retries": 0,
    "rate_limit_backend": "memory",
}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({**GOOD, "tenants": [{"nmae": "A"}]}, "invalid_option"),
        ({"tenants": []}, "invalid_option"),
        ({**GOOD, "tenants": [{"name": ""}]}, "invalid_input"),
        ({**GOOD, "base_url": "http://api.example.com", "tenants": []}, "invalid_option"),
        ({**GOOD, "tenants": [], "prune": True}, "invalid_input"),
    ],
    ids=["argument", "no key", "rule", "address", "list"],
)
def test_bad_arguments_do_not_pay_for_the_sdk(options: dict[str, Any], code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(options)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["error_code"] == code
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_good_arguments_do(emulator: ThreadedEmulator) -> None:
    options = {**GOOD, "base_url": emulator.base_url, "tenants": []}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(options)], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["changed"] is False
    assert {"descope", "httpx", "pyrate_limiter"} <= set(json.loads(done.stderr.splitlines()[-1]))
