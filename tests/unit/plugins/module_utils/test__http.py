# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _http
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._http import (
    Endpoint,
    Policy,
    Session,
    basic_forms,
    check_url,
    segment,
)
from tests.unit.plugins.module_utils.http_server import Request, Server, reply, serving

TOKEN = "s3cret/t0ken+x"
EMPTY = b""  # closes the connection without a reply


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(scope="module")
def _server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    _server.answers, _server.seen, _server.most_together = [], [], 0
    return _server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(server: Server, clock: Clock) -> Callable[..., Session]:
    """Make a session to the server."""

    def make(url: str = "", *, timeout: float = 5, **options: Any) -> Session:
        defaults: dict[str, Any] = {
            "authorize": lambda: {"Authorization": f"Bearer {TOKEN}"},
            "policy": Policy(pause=lambda _reply, attempt: float(attempt)),
            "retries": 3,
            "sleep": clock.sleep,
            "clock": clock,
        }
        endpoint = Endpoint(url or server.url, "Grafana", "grafana_url (GRAFANA_URL)", timeout=timeout)
        return Session(endpoint, **{**defaults, **options})

    return make


def caught(action: Callable[[], Any]) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        action()
    assert TOKEN not in f"{error.value}{error.value.hint}"
    return error.value


def test_a_read(server: Server, session: Any) -> None:
    server.answers = [reply(200, {"a": [1]}, [("Link", "<x>; rel=self"), ("link", "<y>; rel=next"), ("X-One", "1")])]
    got = session().get("/api/x", {"name": "a/b & c?+;é", "full": True, "page": 2, "none": None}, expect=dict)
    assert (got.status, got.data) == (200, {"a": [1]})
    assert got.all("LINK") == ["<x>; rel=self", "<y>; rel=next"]
    assert (got.header("x-one"), got.header("x-two")) == ("1", None)
    (request,) = server.seen
    assert request.target == "/api/x?name=a%2Fb%20%26%20c%3F%2B%3B%C3%A9&full=true&page=2"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"].startswith("pcc.identity/")
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("method", "body", "sent"),
    [
        ("post", {"name": "é"}, b'{"name": "\\u00e9"}'),
        ("put", [], b"[]"),
        ("delete", None, b""),
    ],
)
def test_a_write(server: Server, session: Any, method: str, body: Any, sent: bytes) -> None:
    server.answers = [reply(200, {"message": "done"})]
    one = session()
    options = {} if method == "delete" else {"body": body}
    getattr(one, method)("/x", query=[("a", "1"), ("a", "2")], **options)
    (request,) = server.seen
    assert (request.method, request.target, request.body) == (method.upper(), "/x?a=1&a=2", sent)
    assert request.headers.get("content-type") == ("application/json" if sent else None)
    assert one.requests() == {"reads": 0, "writes": 1, "retries": 0, "waited_seconds": 0.0}


def test_a_form_that_reads_and_has_no_credentials(server: Server, session: Any) -> None:
    server.answers = [reply(503), reply(200, {"access_token": "x"})]
    one = session()
    one.post("/token", form={"scope": "a b", "x": "&"}, reads=True, anonymous=True, headers={"X-Extra": "1"})
    request = server.seen[-1]
    assert request.body == b"scope=a+b&x=%26"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["x-extra"] == "1"
    assert "authorization" not in request.headers
    assert one.requests() == {"reads": 2, "writes": 0, "retries": 1, "waited_seconds": 1.0}


def test_a_path_in_the_address_is_kept(server: Server, session: Any) -> None:
    server.answers = [reply(200, [])]
    session(f"{server.url}/sub").get("/api/x")
    assert server.seen[0].target == "/sub/api/x"


def test_an_accepted_status_is_a_reply(server: Server, session: Any) -> None:
    server.answers = [reply(404, {"message": "no"}), reply(409, raw=b"<html>"), reply(204)]
    one = session()
    got = one.get("/x", accept=(404, 409), expect=list)
    assert (got.status, got.data) == (404, {"message": "no"})
    assert one.post("/x", {}, accept=(404, 409)).data is None
    assert one.delete("/x").data is None


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (reply(401, {"message": f"bad {TOKEN}"}), "unauthorized", "HTTP 401, bad ***."),
        (reply(403, {"message": "no"}), "forbidden", "HTTP 403, no."),
        (reply(404, {"title": "?"}), "not_found", "HTTP 404, no reason given."),
        (reply(409, []), "conflict", "no reason given"),
        (reply(412, {"message": 5}), "conflict", "no reason given"),
        (reply(400, {"message": "x" * 999}), "refused", "x" * 500 + "."),
        (reply(501, {"message": "x"}), "refused", "HTTP 501"),
        (reply(418, raw=b"<HTML>"), "refused", "an HTML page"),
        (reply(404, raw=b""), "not_found", "empty"),
        (
            reply(302, raw=b"", headers=[("Location", f"https://evil.example/?t={segment(TOKEN)}")]),
            "redirected",
            "t=***",
        ),
        (reply(307, raw=b""), "redirected", "'nowhere'"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_refusal_is_final(
    server: Server, session: Any, clock: Clock, answer: bytes, code: str, text: str, method: str
) -> None:
    server.answers = [answer]
    error = caught(lambda: getattr(session(), method)("/x"))
    assert (error.code, error.ambiguous) == (code, False)
    assert text in error.message
    assert f"{method.upper()} /x" in error.message
    assert (len(server.seen), clock.slept) == (1, [])


FAILURES = {
    "500": (reply(500, {"message": "m"}), "unavailable", 500),
    "502-html": (reply(502, raw=b"<html>"), "unavailable", 502),
    "no reply": (EMPTY, "unavailable", None),
    "no status": (b"HTTP/1.1 what\r\n\r\n", "unavailable", None),
    "short": (reply(200, {"a": "b"})[:-4], "unavailable", None),
    "chunked and cut": (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n", "unavailable", None),
    "cut in a header": (b"HTTP/1.1 200 X\r\nContent-", "bad_response", 200),
    "html": (reply(200, raw=b"<html></html>"), "bad_response", 200),
    "empty": (reply(200, raw=b""), "bad_response", 200),
    "half a list": (b'HTTP/1.1 200 X\r\nConnection: close\r\n\r\n[{"a":', "bad_response", 200),
    "no text": (reply(200, raw=b"\xff\xfe["), "bad_response", 200),
    "too deep": (reply(200, raw=b"[" * 100_000), "bad_response", 200),
    "wrong type": (reply(200, {"a": 1}), "bad_response", 200),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_read_is_tried_again_after_a_passing_failure(
    server: Server, session: Any, clock: Clock, failure: str
) -> None:
    answer, code, status = FAILURES[failure]
    server.answers = [answer, reply(200, [1])]
    one = session()
    assert one.get("/x", expect=list).data == [1]
    assert (len(server.seen), clock.slept, one.requests()["retries"]) == (2, [1.0], 1)
    server.answers = [answer]
    error = caught(lambda: one.get("/x", expect=list))
    assert (error.code, error.status, error.ambiguous) == (code, status, False)
    tries = 2 if code == "bad_response" else 4
    assert f"after {tries} tries" in error.message
    assert len(server.seen) == 2 + tries


@pytest.mark.parametrize("failure", FAILURES)
def test_a_write_is_not_repeated_when_its_outcome_is_not_known(server: Server, session: Any, failure: str) -> None:
    answer, code, status = FAILURES[failure]
    server.answers = [answer]
    error = caught(lambda: session().post("/x", {"a": 1}, expect=list))
    assert (error.code, error.status, error.ambiguous) == (code, status, True)
    assert len(server.seen) == 1


def test_a_5xx_that_is_not_tried_again_leaves_a_write_open(server: Server, session: Any) -> None:
    server.answers = [reply(505)]
    assert caught(lambda: session().delete("/x")).ambiguous
    assert not caught(lambda: session().get("/x")).ambiguous
    assert len(server.seen) == 2


@pytest.mark.parametrize("slow", ["head", "body"])
def test_a_reply_that_takes_too_long(server: Server, session: Any, slow: str) -> None:
    ended = threading.Event()

    def answer(_request: Request) -> bytes:
        ended.wait(5)
        return EMPTY

    if slow == "head":
        server.answers = [answer]
        one = session(timeout=0.1)
    else:
        # A body of which a little arrives now and then; the clock says that it has been a while.
        server.answers = [reply(200, raw=b"[" + b" " * 100_000 + b"]")]
        ticks = iter(range(0, 1000, 10))
        one = session(timeout=5, clock=lambda: float(next(ticks)))
    error = caught(lambda: one.post("/x"))
    ended.set()
    assert (error.code, error.ambiguous) == ("unavailable", True)
    assert "no whole reply within" in error.message
    assert "timeout" in error.hint


def test_a_reply_that_is_too_large(server: Server, session: Any) -> None:
    server.answers = [reply(200, raw=b'"' + b"x" * 2_000_000 + b'"')]
    with mock.patch.object(_http, "MAX_BYTES", 1024**2):
        error = caught(lambda: session(retries=0).get("/x"))
    assert error.code == "bad_response"
    assert "larger than 1 MiB" in error.message


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_refusal_for_now_is_repeated_after_the_wait_that_it_asks_for(
    server: Server, session: Any, clock: Clock, method: str
) -> None:
    server.answers = [reply(429, {}, [("Retry-After", "7")]), reply(200, {})]
    one = session(policy=Policy())
    getattr(one, method)("/x")
    assert clock.slept == [7.0]
    assert one.requests()["waited_seconds"] == 7.0


def test_waits_end_with_the_tries(server: Server, session: Any, clock: Clock) -> None:
    server.answers = [reply(429, {"message": "slow"})]
    one = session()
    error = caught(lambda: one.get("/x"))
    assert (error.code, error.status) == ("rate_limited", 429)
    assert "after 4 tries" in error.message
    assert clock.slept == [1.0, 2.0, 3.0]
    assert caught(lambda: one.get("/y")).message == error.message  # and nothing is sent any more
    assert len(server.seen) == 4


def test_waits_end_with_the_budget(server: Server, session: Any, clock: Clock) -> None:
    server.answers = [reply(429, {}, [("Retry-After", "60")])]
    error = caught(lambda: session(policy=Policy(), retry_max_wait=100.0).get("/x"))
    assert clock.slept == [60.0]
    assert "waiting 60 s more would be longer than retry_max_wait allows" in error.message


def test_a_policy_may_refuse_to_try_again(server: Server, session: Any) -> None:
    server.answers = [reply(503)]
    caught(lambda: session(policy=Policy(pause=lambda _reply, _attempt: None)).get("/x"))
    assert len(server.seen) == 1


def test_a_refusal_by_another_status_than_429(server: Server, session: Any) -> None:
    policy = Policy(statuses=frozenset({503}), refusals=frozenset({503}), pause=lambda _reply, _attempt: 1.0)
    server.answers = [reply(503)]
    error = caught(lambda: session(policy=policy).post("/x"))
    assert (error.code, error.ambiguous, len(server.seen)) == ("unavailable", False, 4)
    server.answers = [reply(429)]
    assert caught(lambda: session(policy=policy).post("/x")).code == "rate_limited"
    assert len(server.seen) == 5


def test_a_refusal_holds_everybody_back(server: Server, session: Any) -> None:
    """While one waits for the service, no other request goes out."""
    clock, waiting, go = Clock(), threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        clock.slept.append(seconds)
        waiting.set()
        assert go.wait(5)

    one = session(sleep=sleep, clock=clock)
    server.answers = [reply(200, {}), reply(429, {}), reply(200, {})]
    one.get("/first")
    with ThreadPoolExecutor(2) as pool:
        refused = pool.submit(one.get, "/a")
        assert waiting.wait(5)
        other = pool.submit(one.get, "/b")
        while len(clock.slept) < 2:
            time.sleep(0.001)
        assert len(server.seen) == 2
        go.set()
        refused.result(5)
        other.result(5)
    assert one.requests()["waited_seconds"] == 1.0  # both waited at the same time


def test_no_connection_is_tried_again_and_then_stops_everything(session: Any, clock: Clock) -> None:
    one = session("http://127.0.0.1:9")
    error = caught(lambda: one.post("/x"))
    assert (error.code, error.ambiguous) == ("unreachable", False)
    assert "Cannot connect to Grafana at 127.0.0.1:9" in error.message
    assert "GRAFANA_URL" in error.hint
    assert len(clock.slept) == 3
    assert caught(lambda: one.get("/y")).code == "unreachable"
    assert len(clock.slept) == 3


def test_a_wrong_token_is_tried_once_however_many_ask(server: Server, session: Any) -> None:
    server.answers = [reply(401, {})]
    one = session()
    with ThreadPoolExecutor(8) as pool:
        errors = list(pool.map(lambda _number: caught(lambda: one.get("/x")), range(8)))
    assert {error.code for error in errors} == {"unauthorized"}
    assert len(server.seen) == 1
    assert one.requests()["reads"] == 1


def test_requests_go_side_by_side_after_the_first(server: Server, session: Any) -> None:
    barrier = threading.Barrier(4)

    def answer(_request: Request) -> bytes:
        barrier.wait(5)
        return reply(200, {})

    server.answers = [reply(200, {}), answer]
    one = session()
    one.get("/x")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one.get, ["/x"] * 4))
    assert server.most_together == 4


def test_credentials_are_renewed_once(server: Server, session: Any) -> None:
    tokens = ["old", "new"]
    refused: list[Any] = []

    def renew(headers: Any) -> bool:
        refused.append(headers["Authorization"])
        return bool(tokens.pop(0))

    one = session(authorize=lambda: {"Authorization": f"Bearer {tokens[0]}"}, renew=renew)
    server.answers = [reply(401), reply(200, {"a": 1}), reply(401)]
    assert one.get("/x").data == {"a": 1}
    assert [request.headers["authorization"] for request in server.seen] == ["Bearer old", "Bearer new"]
    assert refused == ["Bearer old"]
    tokens.append("newest")
    assert caught(lambda: one.get("/x")).code == "unauthorized"
    assert len(server.seen) == 4


def test_renewing_may_fail(server: Server, session: Any) -> None:
    server.answers = [reply(401)]
    assert caught(lambda: session(renew=lambda _headers: False).get("/x")).code == "unauthorized"
    assert len(server.seen) == 1


def test_hints_and_texts_are_the_services_own(server: Server, session: Any) -> None:
    server.answers = [reply(403, {"code": f"E1{TOKEN}", "text": "Non."})]
    one = session(
        hints={"forbidden": "Ask for more."}, explain=lambda body: (body["code"], body["text"]), secrets=[TOKEN]
    )
    error = caught(lambda: one.get("/x"))
    assert (error.service_code, error.hint) == ("E1***", "Ask for more.")
    assert "E1***: Non." in error.message


def test_replies_are_observed(server: Server, session: Any) -> None:
    seen: list[int] = []
    server.answers = [reply(500), reply(200, [])]
    session(observe=lambda one: seen.append(one.status)).get("/x")
    assert seen == [500, 200]


# Links.


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("{url}/y?after=a,b;c", "/y?after=a,b;c"),
        ("/y?a=%20b", "/y?a=%20b"),
        ("{url}/y?a=b c#part", "/y?a=b%20c"),
        ("?page=2", "/?page=2"),
    ],
)
def test_a_link_is_followed(server: Server, session: Any, link: str, target: str) -> None:
    server.answers = [reply(200, [])]
    session().follow(link.format(url=server.url))
    assert server.seen[0].target == target


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "https://127.0.0.1:{port}/x",
        "http://127.0.0.1:1/x",
        "http://localhost:{port}/x",
        "http://user:pass@127.0.0.1:{port}/x",
        "http://127.0.0.1:99999999/x",
        "http://[/x",
        "ftp://127.0.0.1:{port}/x",
    ],
)
def test_d23_a_link_to_elsewhere_gets_nothing(server: Server, session: Any, link: str) -> None:
    server.answers = [reply(200, [])]
    error = caught(lambda: session().follow(link.format(port=server.url.rpartition(":")[2])))
    assert error.code == "foreign_address"
    assert server.seen == []


def test_d23_no_redirect_is_followed(server: Server, session: Any) -> None:
    with serving() as other:
        other.answers = [reply(200, [])]
        for status in (301, 302, 303, 307, 308):
            for target in (other.url, server.url):
                server.answers = [reply(status, raw=b"", headers=[("Location", f"{target}/y")])]
                error = caught(lambda: session().get("/x"))
                assert error.code == "redirected"
                assert "grafana_url" in error.hint
        assert other.seen == []
    assert {request.target for request in server.seen} == {"/x"}


def test_d23_secrets_stand_in_no_message(server: Server, session: Any) -> None:
    forms = basic_forms("admin", "p4ss w0rd")
    header = base64.b64encode(b"admin:p4ss w0rd").decode()
    assert header in forms
    one = session(authorize=lambda: {"Authorization": f"Basic {header}"}, secrets=["p4ss w0rd", *forms])
    text = f"p4ss w0rd and {header} and {segment('p4ss w0rd')} and {base64.b64encode(b'p4ss w0rd').decode()}"
    server.answers = [reply(400, {"message": text})]
    assert "*** and *** and *** and ***" in caught(lambda: one.get("/x")).message
    one.hide("")
    assert one.masked("abc") == "abc"
    assert repr(one).count("p4ss") == 0


def test_cookies_are_not_kept(server: Server, session: Any) -> None:
    server.answers = [reply(200, [], [("Set-Cookie", "a=b")])]
    one = session()
    one.get("/x")
    one.get("/x")
    assert "cookie" not in server.seen[1].headers


def test_each_session_has_settings_of_its_own(server: Server, session: Any) -> None:
    """Other users of urllib in this process are left alone."""
    import urllib.request

    before = urllib.request._opener  # type: ignore[attr-defined]
    server.answers = [reply(200, [])]
    session().get("/x")
    assert urllib.request._opener is before  # type: ignore[attr-defined]


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, and its key, in one file."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 -days 2"
    command += " -addext subjectAltName=IP:127.0.0.1"
    made = subprocess.run([*command.split(), "-keyout", "-"], check=True, capture_output=True)
    file.write_bytes(made.stdout)
    return file


@pytest.fixture(scope="module")
def secure(certificate: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as server:
        server.answers = [reply(200, {"a": 1})]
        yield server


def over_tls(session: Any, server: Server, **options: Any) -> Session:
    one = session(server.url)
    one.endpoint = dataclasses.replace(one.endpoint, **options)
    return one


def test_a_trusted_certificate(session: Any, secure: Server, certificate: Path) -> None:
    assert over_tls(session, secure, ca_path=str(certificate)).get("/x").data == {"a": 1}
    assert over_tls(session, secure, ca_path=str(certificate.parent)).get("/x").data == {"a": 1}
    assert over_tls(session, secure, validate_certs=False).get("/x").data == {"a": 1}


def test_a_certificate_that_nobody_trusts(session: Any, secure: Server, clock: Clock) -> None:
    error = caught(lambda: over_tls(session, secure).get("/x"))
    assert (error.code, clock.slept) == ("tls", [])
    assert "ca_path" in error.hint


def test_certificates_that_cannot_be_read(session: Any, secure: Server, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    error = caught(lambda: over_tls(session, secure, ca_path=str(tmp_path / "ca.pem")).get("/x"))
    assert error.code == "tls"
    assert "cannot be read" in error.message


# Addresses as options.


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://grafana.example", True),
        ("https://grafana.example:3000/sub", True),
        ("http://127.0.0.1:3000", True),
        ("http://localhost", True),
        ("http://grafana.example", False),
        ("ftp://grafana.example", False),
        ("grafana.example", False),
        ("https://", False),
        ("https://a b", False),
        ("https://user:p4ss@a", False),
        ("https://a?token=p4ss", False),
        ("https://a#p4ss", False),
        ("https://a:port", False),
        ("https://bücher.example", False),
    ],
)
def test_addresses(url: str, good: bool) -> None:
    found = list(check_url("grafana_url", url, True, "https://grafana.example"))
    assert (not found) == good
    assert "p4ss" not in json.dumps(found)
    assert all(name == "grafana_url" for name, _text in found)


def test_plain_http_without_certificates_is_for_tests() -> None:
    assert list(check_url("x", "http://grafana.example", False, "")) == []


def test_segments() -> None:
    assert segment("a/b?é..") == "a%2Fb%3F%C3%A9.."
