# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""JSON over HTTP to one service, for the clients of Okta and Grafana.

A session never sends anything to another address than its own, follows no redirect, sends again what is safe to send
again, and makes every failure a L(ServiceError) in which no secret stands. Each request has a connection of its own,
as with C(ansible.module_utils.urls.Request); that class itself is not used since it installs its opener for the whole
process with each request, so requests of several threads could go out with one another's settings. TLS is set up by
Ansible's own C(make_context), and proxies are taken from the environment, as Ansible does.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import functools
import http.client
import json
import os
import ssl
import threading
import time
import typing as t
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ansible.module_utils.urls import make_context

from ansible_collections.pcc.identity.plugins.module_utils._connection import is_loopback
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._http_retry import Patience, Policy, Reply, backoff
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION

__all__ = ["Endpoint", "Policy", "Reply", "Session", "backoff", "basic_forms", "check_url", "segment"]

#: Largest reply that is read, in bytes: the members of some 100,000 users in one reply.
MAX_BYTES = 64 * 1024 * 1024

#: How often one request is sent at the most when it meets one of these failures; None means the session's own number.
#: A page where JSON belongs is more often a wrong address than a passing fault, so it is asked only once more.
_TRIES: dict[str, int | None] = {"unreachable": None, "unavailable": None, "rate_limited": None, "bad_response": 2}

#: Our words for the statuses that everybody uses alike.
_CODES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "conflict", 412: "conflict"}

#: What may stand in an address as it is; anything else is percent-encoded before it is sent.
_IN_ADDRESS = "%/:=&?~#+!$,;'@()*[]"

Query: t.TypeAlias = "Mapping[str, t.Any] | Iterable[tuple[str, t.Any]]"


def check_url(name: str, url: str, validate_certs: bool, example: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an address that was given as an option, with the option's name.

    Args:
        name: the option.
        url: its value. A secret in it is not repeated.
        validate_certs: without it, plain http is allowed to any host.
        example: a good value.
    """
    if not url.isprintable() or " " in url:
        yield name, "holds spaces, tabs or line ends: remove them."
        return
    if "@" in url:
        yield name, "must be an address alone, without credentials."
        return
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError as error:
        yield name, f"'{url}' is not a URL ({error}): give for example {example}."
        return
    if parts.scheme not in {"http", "https"} or not host or not url.isascii():
        yield name, f"'{url}' is not an http or https address: give for example {example}."
    elif parts.query or parts.fragment:
        yield name, "must be an address alone, without credentials, query or fragment."
    elif parts.scheme == "http" and validate_certs and not is_loopback(host):
        hint = "use https, or set validate_certs to false for a test service"
        yield name, f"'{url}' would send credentials unencrypted: {hint}."


def segment(text: str) -> str:
    """Return a text as one segment of a path, percent-encoded as a whole."""
    return quote(text, safe="")


def basic_forms(user: str, password: str) -> set[str]:
    """Return what basic authentication makes of a name and a password, which is as secret as these are."""
    return {base64.b64encode(f"{user}:{password}".encode()).decode(), base64.b64encode(password.encode()).decode()}


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where a service is, and how to get there.

    Attributes:
        url: its address without a slash at the end. A path in it is put in front of all paths.
        service: its name, for messages.
        option: the option that gave the address, for the next step in messages.
        timeout: seconds that one request may take.
        validate_certs: whether to check the certificate.
        ca_path: file or folder of CA certificates.
    """

    url: str
    service: str
    option: str
    timeout: float = 60.0
    validate_certs: bool = True
    ca_path: str | None = None

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


class Session:
    """Sends requests to one service. Thread-safe.

    A read is sent again after a passing failure. A write is sent again only when it surely did not take effect (no
    connection, or a refusal by the policy); otherwise a L(ServiceError) with C(ambiguous=True) leaves the decision to
    the caller, who can read the object back.

    After an error that every further request would meet too (C(stops_everything)) nothing more is sent: each request
    raises the same error. Until the first reply has arrived only one request is under way, so that a wrong token is
    tried once and not once per thread.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        authorize: t.Callable[[], Mapping[str, str]],
        renew: t.Callable[[Mapping[str, str]], bool] | None = None,
        secrets: Iterable[str] = (),
        explain: t.Callable[[t.Any], tuple[str, str]] | None = None,
        observe: t.Callable[[Reply], None] | None = None,
        hints: Mapping[str, str] | None = None,
        policy: Policy = Policy(),  # noqa: B008 - it cannot be changed
        retries: int = 5,
        retry_max_wait: float = 120.0,
        sleep: t.Callable[[float], None] = time.sleep,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a session; nothing is sent yet.

        Args:
            endpoint: where to.
            authorize: returns the headers with the credentials, asked before each try.
            renew: called after a 401 with the headers that were refused; returns whether there are others now, with
                which the request is sent once more.
            secrets: what no message may hold.
            explain: returns the service's own code and text, given the decoded body of a reply that is an error.
            observe: sees every reply as it arrives, of any status and without its data.
            hints: the next step by our code, such as C(unauthorized).
            policy: when a request is sent again.
            retries: how often a request is sent again at the most.
            retry_max_wait: seconds that may be waited in all.
            sleep: waits so many seconds.
            clock: returns seconds that only ever grow.
        """
        self.endpoint = endpoint
        self.retries = retries
        self._authorize = authorize
        self._renew = renew
        self._explain = explain or _message
        self._observe = observe
        self._hints = dict(hints or {})
        self._policy = policy
        self._clock = clock
        self._patience = Patience(retry_max_wait, sleep, clock)
        self._secrets: set[str] = set()
        self._lock = threading.Lock()
        # The same thread comes back to it when asking for a token is part of the first request.
        self._introduction = threading.RLock()
        self._introduced = False
        self._stopped: ServiceError | None = None
        self._counts: collections.Counter[str] = collections.Counter()
        self._opener: urllib.request.OpenerDirector | None = None
        for secret in secrets:
            self.hide(secret)

    def get(self, path: str, query: Query | None = None, **options: t.Any) -> Reply:
        """Send a GET. The options of all these methods are those of L(send)."""
        return self.send("GET", self._address(path, query), **options)

    def post(self, path: str, body: t.Any = None, query: Query | None = None, **options: t.Any) -> Reply:
        """Send a POST; C(body) is sent as JSON."""
        return self.send("POST", self._address(path, query), body=body, **options)

    def put(self, path: str, body: t.Any = None, query: Query | None = None, **options: t.Any) -> Reply:
        """Send a PUT; C(body) is sent as JSON."""
        return self.send("PUT", self._address(path, query), body=body, **options)

    def delete(self, path: str, query: Query | None = None, **options: t.Any) -> Reply:
        """Send a DELETE."""
        return self.send("DELETE", self._address(path, query), **options)

    def follow(self, url: str, **options: t.Any) -> Reply:
        """Send a GET to an address that the service has given.

        Raises:
            ServiceError: C(foreign_address) if it is not one of this service; nothing is sent then.
        """
        try:
            target = urljoin(f"{self.endpoint.url}/", url)
            ours = origin(target) == origin(self.endpoint.url) and "@" not in urlsplit(target).netloc
        except ValueError:
            ours = False
        if not ours:
            raise ServiceError(
                "foreign_address",
                f"{self.endpoint.service} at {self.endpoint.host} refers to another address, "
                f"{self.masked(url)[:200]!r}, which gets no request and no credentials.",
                f"Check {self.endpoint.option}: it must be the address that the service itself goes by.",
            )
        return self.send("GET", target.partition("#")[0], **options)

    def stop(self, error: ServiceError) -> ServiceError:
        """Send nothing more: every further request raises this error, which is returned. The first one stays."""
        with self._lock:
            self._stopped = self._stopped or error
            return self._stopped

    def hide(self, secret: str) -> None:
        """Let a text stand in no message, nor percent-encoded."""
        with self._lock:
            self._secrets |= {form for form in (secret, quote(secret), quote(secret, safe="")) if form}

    def _hide_credentials(self, headers: Mapping[str, str]) -> None:
        for value in (value for name, value in headers.items() if name.lower() == "authorization"):
            self.hide(value)
            self.hide(value.rpartition(" ")[2])

    @property
    def secrets(self) -> set[str]:
        """What stands in no message."""
        with self._lock:
            return set(self._secrets)

    def masked(self, text: object) -> str:
        """Return a text without secrets."""
        shown = str(text)
        for secret in sorted(self.secrets, key=len, reverse=True):
            shown = shown.replace(secret, "***")
        return shown

    def requests(self) -> dict[str, t.Any]:
        """Return what was sent so far: C(reads), C(writes), C(retries) (counts) and C(waited_seconds)."""
        with self._lock:
            counts = {name: self._counts[name] for name in ("reads", "writes", "retries")}
        return {**counts, "waited_seconds": round(self._patience.waited, 1)}

    def send(
        self,
        method: str,
        url: str,
        *,
        body: t.Any = None,
        form: Mapping[str, str] | None = None,
        expect: type | None = None,
        accept: Iterable[int] = (),
        reads: bool | None = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Reply:
        """Send a request, again if need be, and return the reply.

        Args:
            method: such as C(GET).
            url: the whole address, of this service.
            body: sent as JSON.
            form: sent as a form instead.
            expect: C(list) or C(dict), the type that the JSON of a 2xx reply must have.
            accept: statuses that are returned like a success, whatever their body.
            reads: whether it changes nothing, by default only a GET.
            headers: more headers.
            anonymous: whether to send it without credentials.

        Raises:
            ServiceError: any other reply, or none.
        """
        call = _Call(
            method=method,
            url=url,
            what=f"{method} {self.masked(urlsplit(url).path)}",
            data=_encoded(body, form),
            content_type=None if body is None and form is None else _JSON if form is None else _FORM,
            expect=expect,
            accept=frozenset(accept),
            reads=method == "GET" if reads is None else reads,
            headers=dict(headers or {}),
            anonymous=anonymous,
        )
        if self._introduced:
            return self._persist(call)
        with self._introduction:
            return self._persist(call)

    def _address(self, path: str, query: Query | None) -> str:
        pairs = list(query.items() if isinstance(query, Mapping) else query or ())
        texts = [
            (name, str(value).lower() if isinstance(value, bool) else str(value))
            for name, value in pairs
            if value is not None
        ]
        return f"{self.endpoint.url}{path}" + (f"?{urlencode(texts, quote_via=quote, safe='')}" if texts else "")

    def _persist(self, call: _Call) -> Reply:
        """Send a request until it succeeds or it makes no sense to go on."""
        attempt, renewed = 0, False
        while True:
            if self._stopped:
                raise self._stopped
            self._patience.hold()
            attempt += 1
            credentials = {} if call.anonymous else dict(self._authorize())
            self._hide_credentials(credentials)
            try:
                return self._once(call, credentials, attempt)
            except _Failed as failed:
                error, reply = failed.error, failed.reply
            if error.code == "unauthorized" and not (call.anonymous or renewed) and self._renew:
                renewed = True
                if self._renew(credentials):
                    continue
            if not self._may_repeat(call, error, reply, attempt):
                raise self._final(error, attempt)

    def _may_repeat(self, call: _Call, error: ServiceError, reply: Reply | None, attempt: int) -> bool:
        """Wait, and return True, if a request is to be sent again."""
        refused = error.status in self._policy.refusals
        safe = call.reads or error.code == "unreachable" or refused
        passing = error.status is None or 200 <= error.status < 300 or error.status in self._policy.statuses
        tries = min(_TRIES.get(error.code, 1) or self.retries + 1, self.retries + 1)
        if not (safe and passing) or attempt >= tries:
            return False
        seconds = self._policy.pause(reply, attempt)
        if seconds is None:
            return False
        if not self._patience.allows(seconds, everyone=refused):
            _append(error, f"waiting {seconds:.0f} s more would be longer than retry_max_wait allows")
            return False
        self._patience.wait(seconds)
        return True

    def _final(self, error: ServiceError, attempt: int) -> ServiceError:
        """Return the error that a request ends with."""
        if attempt > 1:
            _append(error, f"after {attempt} tries")
        return self.stop(error) if error.stops_everything else error

    def _once(self, call: _Call, credentials: Mapping[str, str], attempt: int) -> Reply:
        """Send a request once.

        Raises:
            _Failed: it did not succeed.
        """
        with self._lock:
            self._counts["reads" if call.reads else "writes"] += 1
            if attempt > 1:
                self._counts["retries"] += 1
        try:
            status, headers, content = self._exchange(call, credentials)
        except ServiceError as error:
            raise _Failed(error) from error
        self._introduced = True
        reply = Reply(status, headers)
        if self._observe:
            self._observe(reply)
        try:
            return self._checked(call, reply, content)
        except ServiceError as error:
            raise _Failed(error, reply) from error

    def _exchange(self, call: _Call, credentials: Mapping[str, str]) -> tuple[int, dict[str, list[str]], bytes]:
        """Return status, headers and body of the reply, or raise that there was none."""
        request = urllib.request.Request(  # noqa: S310 - the scheme is http or https
            quote(call.url, safe=_IN_ADDRESS), data=call.data, method=call.method
        )
        request.add_header("User-Agent", f"pcc.identity/{VERSION}")
        request.add_header("Accept", "application/json")
        if call.content_type:
            request.add_header("Content-Type", call.content_type)
        for name, value in {**call.headers, **credentials}.items():
            request.add_unredirected_header(name, value)
        deadline = self._clock() + self.endpoint.timeout
        try:
            try:
                response = self._open().open(request, timeout=self.endpoint.timeout)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                headers: dict[str, list[str]] = {}
                for name, value in response.headers.items():
                    headers.setdefault(name.lower(), []).append(value)
                return response.status, headers, self._body(response, deadline)
        except _TooLarge as error:
            raise self._unusable(call, f"the reply is larger than {MAX_BYTES // 1024**2} MiB") from error
        except urllib.error.URLError as error:
            raise self._no_reply(call, error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._no_reply(call, error) from error

    def _open(self) -> urllib.request.OpenerDirector:
        with self._lock:
            if self._opener is None:
                self._opener = urllib.request.build_opener(
                    _Http, _Https(self._tls_context()), _NoRedirects, urllib.request.ProxyHandler()
                )
            return self._opener

    def _tls_context(self) -> ssl.SSLContext | None:
        endpoint, path = self.endpoint, self.endpoint.ca_path
        if not endpoint.url.startswith("https:"):
            return None
        try:
            is_file = path is not None and not os.path.isdir(path)
            return make_context(
                cafile=path if is_file else None,
                capath=None if is_file else path,
                validate_certs=endpoint.validate_certs,
            )
        except (OSError, ssl.SSLError) as error:
            raise ServiceError(
                "tls",
                f"The CA certificates in {path} cannot be read: {error}.",
                "Give a PEM file or folder as ca_path.",
            ) from error

    def _body(self, response: t.Any, deadline: float) -> bytes:
        """Return the body, or raise that it is too large, takes too long or is not whole."""
        parts: list[bytes] = []
        size = 0
        while part := response.read1(65536):
            parts.append(part)
            size += len(part)
            if size > MAX_BYTES:
                raise _TooLarge
            if self._clock() > deadline:
                raise TimeoutError("the reply takes too long")
        # What was announced and did not come; http.client only looks at it when it reads all at once.
        missing = getattr(response, "length", None)
        if missing:
            raise http.client.IncompleteRead(b"", missing)
        return b"".join(parts)

    def _no_reply(self, call: _Call, error: object) -> ServiceError:
        endpoint = self.endpoint
        if isinstance(error, _NotConnected):
            cause = error.cause
            if isinstance(cause, ssl.SSLError):
                reason = getattr(cause, "verify_message", "") or cause.reason or str(cause)
                return ServiceError(
                    "tls",
                    f"No trusted TLS connection to {endpoint.host}: {reason}.",
                    "Give the CA certificate with ca_path; validate_certs: false is for test services only.",
                )
            reason = cause.strerror or str(cause) or type(cause).__name__
            return ServiceError(
                "unreachable",
                f"Cannot connect to {endpoint.service} at {endpoint.host}: {self.masked(reason)}.",
                f"Check {endpoint.option}, the network and any proxy.",
            )
        if isinstance(error, TimeoutError):
            message = f"{call.what}: no whole reply within {endpoint.timeout:g} s."
            hint = "Try again, or raise the timeout option."
        else:
            message = f"{call.what}: the connection to {endpoint.host} broke off ({type(error).__name__})."
            hint = "Try again."
        return ServiceError("unavailable", message, hint, ambiguous=not call.reads)

    def _checked(self, call: _Call, reply: Reply, content: bytes) -> Reply:
        """Return a reply that is a success with its data, raise a L(ServiceError) for any other."""
        decoded, data = _decoded(content)
        status = reply.status
        if status in call.accept:
            return dataclasses.replace(reply, data=data)
        if not 200 <= status < 300:
            raise self._refusal(call, reply, data if decoded else None, _kind_of(content))
        if status == 204:
            return reply
        if not decoded:
            raise self._unusable(call, f"the reply (HTTP {status}) is {_kind_of(content)}, not JSON", status)
        if call.expect and not isinstance(data, call.expect):
            kind = "a list" if call.expect is list else "an object"
            raise self._unusable(call, f"the reply holds JSON that is not {kind}", status)
        return dataclasses.replace(reply, data=data)

    def _unusable(self, call: _Call, what: str, status: int | None = None) -> ServiceError:
        return ServiceError(
            "bad_response",
            f"{call.what}: {what}.",
            f"Check that {self.endpoint.option} is the address of {self.endpoint.service}, and that no proxy answers "
            "in its place.",
            status=status,
            ambiguous=not call.reads,
        )

    def _refusal(self, call: _Call, reply: Reply, data: t.Any, kind: str) -> ServiceError:
        status = reply.status
        service_code, text = self._explain(data) if data is not None else ("", kind)
        # Masked before it is cut, so that no half of a secret is left over.
        service_code, text = self.masked(service_code)[:100], self.masked(text)[:500].strip().rstrip(".")
        named = f"{service_code}: {text}" if service_code else text or "no reason given"
        message, hint = f"{call.what}: HTTP {status}, {named}.", ""
        ambiguous = False
        if status in self._policy.refusals:
            code = "rate_limited" if status == 429 else "unavailable"
            message = f"{call.what}: {self.endpoint.service} refuses more requests for now (HTTP {status}, {named})."
            hint = "Run again later, or raise retries or retry_max_wait."
        elif 300 <= status < 400:
            code = "redirected"
            target = self.masked(reply.header("location") or "nowhere")[:200]
            message = f"{call.what}: the reply redirects (HTTP {status}) to {target!r}."
            hint = f"Give the address it points to as {self.endpoint.option}."
        elif status >= 500 and status != 501:
            code, ambiguous = "unavailable", not call.reads
            message = f"{call.what}: {self.endpoint.service} is failing (HTTP {status}, {named})."
            hint = "Try again in a few minutes."
        elif status == 429:
            code, hint = "rate_limited", "Run again later."
        else:
            code = _CODES.get(status, "refused")
        return ServiceError(
            code, message, self._hints.get(code, hint), status=status, service_code=service_code, ambiguous=ambiguous
        )


_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@dataclasses.dataclass(frozen=True)
class _Call:
    """One request, see L(Session.send)."""

    method: str
    url: str
    what: str
    data: bytes | None = dataclasses.field(repr=False)
    content_type: str | None
    expect: type | None
    accept: frozenset[int]
    reads: bool
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    anonymous: bool


class _Failed(Exception):
    """One try did not succeed; the reply is there if one arrived."""

    def __init__(self, error: ServiceError, reply: Reply | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.reply = reply


class _TooLarge(Exception):
    """A reply has more bytes than are read."""


class _NotConnected(OSError):
    """There was no connection, so surely nothing was sent."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _HttpConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise _NotConnected(error) from error


class _HttpsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise _NotConnected(error) from error


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(context=context)
        self._ours = context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(_HttpsConnection, context=self._ours), req)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: t.Any, **_options: t.Any) -> None:
        """Follow none: the reply that redirects is the reply."""


def _append(error: ServiceError, text: str) -> None:
    error.message = f"{error.message.rstrip('.')}, {text}."
    error.args = (error.message,)


def _encoded(body: t.Any, form: Mapping[str, str] | None) -> bytes | None:
    if form is not None:
        return urlencode(form).encode()
    return None if body is None else json.dumps(body).encode()


def _decoded(content: bytes) -> tuple[bool, t.Any]:
    """Return whether a body is JSON, and what it holds."""
    try:
        return True, json.loads(content)
    except (ValueError, RecursionError):
        return False, None


def _kind_of(content: bytes) -> str:
    start = content[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "empty" if not start else "unreadable"


def _message(body: t.Any) -> tuple[str, str]:
    """Return the text of an error of the common form C({"message": TEXT})."""
    text = body.get("message") if isinstance(body, dict) else None
    return "", text if isinstance(text, str) else ""
