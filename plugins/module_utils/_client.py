# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""One pooled session to the Descope management API, and the SDK's management classes on top of it.

L(Session) has the methods of the SDK's own C(HTTPClient), so the SDK's classes run on it unchanged, while
connections are kept, the license handshake is made once, every request passes the budget before it is sent, and
every failure becomes a L(ServiceError).
"""

from __future__ import annotations

import collections
import email.utils
import logging
import os
import random
import threading
import time
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._budget import MAX_PAUSE, Budget
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import KEYS_HINT, IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION

#: POSTs that only read (contract, sections 2.5, 3.1, 3.7, 4.1, 4.2).
_READING_POSTS = frozenset(
    {
        "/v1/mgmt/tenant/search",
        "/v1/mgmt/projects/list",
        "/v1/mgmt/flow/list",
        "/v1/mgmt/flow/export",
        "/v2/mgmt/flow/export",
        "/v1/mgmt/flow/template/list",
        "/v1/mgmt/theme/export",
        "/v2/mgmt/theme/export",
        "/v1/mgmt/project/snapshot/export",
        "/v1/mgmt/project/snapshot/validate",
    }
)

#: Replies after which a read is simply asked again. 52x and 530 are the content network's own.
_TRANSIENT = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530})

#: How often a request is sent at the most when it meets one of these failures; None means the connection's own number.
#: A page where JSON belongs is more often a wrong address than a passing fault, so it is asked only once more.
_TRIES: dict[str, int | None] = {"unreachable": None, "unavailable": None, "bad_response": 2}

_ADDRESS_HINT = (
    "Check that base_url (DESCOPE_BASE_URL) is the address of the Descope API, and that no proxy answers in its place."
)

_LICENSE_PATH = "/v1/mgmt/license"
_LICENSE_TIMEOUT = 10.0


class Response(t.Protocol):
    """The part of an C(httpx.Response) that the SDK's management classes use."""

    status_code: int

    def json(self) -> t.Any:
        """Return the decoded body."""


class Session:
    """Sends requests to one project, within the budget, and retries what is safe to retry.

    A read is retried after a transient failure. A write is retried only when it surely did not take effect (no
    connection, or a 429); otherwise a L(ServiceError) with C(ambiguous=True) leaves the decision to the caller, who
    can read the object back. Thread-safe.
    """

    def __init__(
        self, connection: Connection, *, budget: Budget | None = None, sleep: t.Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._budget = budget or Budget(connection)
        self._sleep = sleep
        self._client: t.Any = None
        self._lock = threading.Lock()
        self._counts: collections.Counter[str] = collections.Counter()
        self.base_url = connection.base_url
        self.project_id = connection.project_id

    # The methods below have the signatures of descope.http_client.HTTPClient (SDK 2.16).

    def get(
        self, uri: str, *, params: t.Any = None, allow_redirects: bool | None = True, pswd: str | None = None
    ) -> Response:
        """Send a GET."""
        return self._send("GET", uri, params=params)

    def post(
        self,
        uri: str,
        *,
        body: t.Any = None,
        params: t.Any = None,
        pswd: str | None = None,
        base_url: str | None = None,
    ) -> Response:
        """Send a POST; C(body) is sent as JSON, C(None) sends no body."""
        return self._send("POST", uri, body=body, params=params)

    def put(self, uri: str, *, body: t.Any = None, params: t.Any = None, pswd: str | None = None) -> Response:
        """Send a PUT."""
        return self._send("PUT", uri, body=body, params=params)

    def patch(self, uri: str, *, body: t.Any, params: t.Any = None, pswd: str | None = None) -> Response:
        """Send a PATCH."""
        return self._send("PATCH", uri, body=body, params=params)

    def delete(self, uri: str, *, params: t.Any = None, pswd: str | None = None) -> Response:
        """Send a DELETE."""
        return self._send("DELETE", uri, params=params)

    def close(self) -> None:
        """Close the pooled connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def requests(self) -> dict[str, t.Any]:
        """Return what was sent so far: C(reads), C(writes), C(retries) (counts) and C(waited_seconds)."""
        with self._lock:
            counts = {name: self._counts[name] for name in ("reads", "writes", "retries")}
        return {**counts, "waited_seconds": round(self._budget.waited, 1)}

    def pause_between_tries(self, attempt: int) -> None:
        """Wait before try number C(attempt) + 1 of something that failed for a passing reason: 0.5, 1, 2, 4 s."""
        # A little jitter, so that parallel workers do not come back in step.
        self._sleep(min(0.5 * 2 ** (attempt - 1), 8.0) * random.SystemRandom().uniform(0.8, 1.2))

    @property
    def tries(self) -> int:
        """How often one request is sent at the most."""
        return self._connection.retries + 1

    def _send(self, method: str, uri: str, *, body: t.Any = None, params: t.Any = None) -> Response:
        client = self._open()
        reads = method == "GET" or uri in _READING_POSTS
        refused = False
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._budget.admission(uri, retrying=refused):
                    self._count("reads" if reads else "writes", attempt)
                    response = self._exchange(client, method, uri, body, params, reads)
                    if response.status_code == 429:
                        refused = True
                        self._hold(response, attempt)
                        continue
                return _checked(response, f"{method} {uri}", reads)
            except ServiceError as error:
                safe = reads or error.code == "unreachable"
                if not safe or attempt >= min(_TRIES.get(error.code, 1) or self.tries, self.tries):
                    raise
                self.pause_between_tries(attempt)

    def _exchange(self, client: t.Any, method: str, uri: str, body: t.Any, params: t.Any, reads: bool) -> t.Any:
        import httpx

        what = f"{method} {uri}"
        try:
            return client.request(method, uri, json=body, params=params)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._not_connected(error) from error
        except httpx.TimeoutException as error:
            raise ServiceError(
                "unavailable",
                f"{what}: no reply within {self._connection.timeout:g} s.",
                "Try again, or raise the timeout option.",
                ambiguous=not reads,
            ) from error
        except httpx.HTTPError as error:
            raise ServiceError(
                "unavailable",
                f"{what}: the connection to {self._connection.host} broke off ({type(error).__name__}).",
                "Try again.",
                ambiguous=not reads,
            ) from error

    def _not_connected(self, error: Exception) -> ServiceError:
        import ssl

        host = self._connection.host
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                reason = getattr(cause, "verify_message", "") or cause.reason or str(cause)
                return ServiceError(
                    "tls",
                    f"No trusted TLS connection to {host}: {reason}.",
                    "Give the CA certificate with ca_path; validate_certs: false is for test services only.",
                )
            cause = cause.__cause__ or cause.__context__
        return ServiceError(
            "unreachable",
            f"Cannot connect to {host}: {error}.",
            "Check base_url (DESCOPE_BASE_URL), the network and any proxy.",
        )

    def _hold(self, response: t.Any, attempt: int) -> None:
        """Make everyone wait as long as a 429 asks for; give up after the last try."""
        seconds = _retry_after(response.headers.get("Retry-After"), default=2.0 ** (attempt - 1))
        service_code, text = _error_text(response)
        if attempt >= self.tries or seconds > MAX_PAUSE:
            tries = "1 try" if attempt == 1 else f"{attempt} tries"
            raise ServiceError(
                "rate_limited",
                f"The service refuses more requests ({service_code or 429}: {text}) after {tries}; it asks to "
                f"wait {seconds:g} s.",
                "Run again later, or lower rate_limit or rate_limit_percent.",
                status=429,
                service_code=service_code,
            )
        self._budget.pause(seconds)

    def _count(self, kind: str, attempt: int) -> None:
        with self._lock:
            self._counts[kind] += 1
            if attempt > 1:
                self._counts["retries"] += 1

    def _open(self) -> t.Any:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
                self._handshake(self._client)
            return self._client

    def _new_client(self) -> t.Any:
        import httpx
        from descope.http_client import HTTPClient

        # It tells each address with its query, and a lookup runs in Ansible itself, whose log would have it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        options = self._connection
        headers = HTTPClient(
            options.project_id, options.base_url, secure=False, management_key=options.management_key
        ).get_default_headers()
        return httpx.Client(
            base_url=options.base_url,
            headers={**headers, "User-Agent": f"pcc.identity/{VERSION}"},
            timeout=options.timeout,
            verify=_tls_context(options) if options.base_url.startswith("https") else False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=options.concurrency, max_keepalive_connections=options.concurrency),
        )

    def _handshake(self, client: t.Any) -> None:
        """Learn the project's rate limit tier, which the service wants to see in each request (contract 1.3, S).

        Like the SDKs, go on without it when that fails: the first real request then reports what is wrong.
        """
        try:
            with self._budget.admission(_LICENSE_PATH, retrying=False):
                self._counts["reads"] += 1
                response = client.get(_LICENSE_PATH, timeout=min(self._connection.timeout, _LICENSE_TIMEOUT))
            tier = response.json().get("rateLimitTier") if response.is_success else None
        except IdentityError:
            raise  # of the shared budget, which stands in the way of every request
        except Exception:
            return
        if isinstance(tier, str) and tier:
            client.headers["x-descope-license"] = tier


class Client:
    """The SDK's management classes on one session. The SDK is imported on first use: that takes a third of a second."""

    def __init__(self, connection: Connection, session: Session | None = None) -> None:
        self.connection = connection
        self.session = session or Session(connection)

    @property
    def tenant(self) -> t.Any:
        """The SDK's C(Tenant)."""
        from descope.management.tenant import Tenant

        return Tenant(t.cast(t.Any, self.session))

    @property
    def password(self) -> t.Any:
        """The SDK's C(Password)."""
        from descope.management.password import Password

        return Password(t.cast(t.Any, self.session))

    @property
    def project(self) -> t.Any:
        """The SDK's C(Project)."""
        from descope.management.project import Project

        return Project(t.cast(t.Any, self.session))

    @staticmethod
    def paths() -> t.Any:
        """The SDK's table of paths, for the calls whose SDK method cannot carry all fields."""
        from descope.management.common import MgmtV1

        return MgmtV1


def _checked(response: t.Any, what: str, reads: bool) -> t.Any:
    """Return a successful JSON response, raise a L(ServiceError) for anything else."""
    status = response.status_code
    if response.is_success:
        try:
            response.json()
        except ValueError as error:
            raise ServiceError(
                "bad_response",
                f"{what}: the reply (HTTP {status}) is {_kind_of_body(response)}, not JSON.",
                _ADDRESS_HINT,
                status=status,
                ambiguous=not reads,
            ) from error
        return response
    service_code, text = _error_text(response)
    named = f"{service_code}: {text}" if service_code else text
    if status in _TRANSIENT:
        raise ServiceError(
            "unavailable",
            f"{what}: the service is failing (HTTP {status}, {named}).",
            "Try again in a few minutes.",
            status=status,
            service_code=service_code,
            ambiguous=not reads,
        )
    if 300 <= status < 400:
        target = response.headers.get("Location", "nowhere")
        raise ServiceError(
            "redirected",
            f"{what}: the reply redirects (HTTP {status}) to {_without_key(target, response)}.",
            "Give the address it points to as base_url.",
            status=status,
        )
    code, hint = _refusal(response, reads, service_code)
    raise ServiceError(code, f"{what}: HTTP {status}, {named}.", hint, status=status, service_code=service_code)


def _refusal(response: t.Any, reads: bool, service_code: str) -> tuple[str, str]:
    """Return our code and the next step for a 4xx reply."""
    status = response.status_code
    project = response.request.headers["x-descope-project-id"]
    if service_code == "E011008":
        return "unauthorized", f"The service knows no project {project}, or the key is not its. {KEYS_HINT}"
    if status == 401:
        return "unauthorized", f"The management key was rejected for project {project}. {KEYS_HINT}"
    if status == 403:
        return "forbidden", f"The management key may not do this in project {project}. {KEYS_HINT}"
    # The service's own word for "no such tenant"; the status that goes with it is not certain (contract 1.5).
    if status == 404 or service_code == "E112202":
        return "not_found", "" if service_code else _ADDRESS_HINT
    if reads and status == 400:
        # Reads have nothing in them that could be wrong but the credentials (contract 1.5: the status of a bad key is
        # not known).
        return "refused", f"If the request is sound, the credentials for project {project} are not. {KEYS_HINT}"
    return "refused", ""


def _error_text(response: t.Any) -> tuple[str, str]:
    """Return the service's error code and its most telling text (contract, section 1.4)."""
    try:
        body = response.json()
    except ValueError:
        return "", _kind_of_body(response)
    if not isinstance(body, dict):
        return "", "no reason given"
    text = body.get("errorMessage") or body.get("message") or body.get("errorDescription") or "no reason given"
    # Masked before it is cut, so that no half of a key is left over.
    return _without_key(body.get("errorCode") or "", response), _without_key(text, response)[:500].rstrip(".")


def _without_key(text: object, response: t.Any) -> str:
    """Mask the management key, should a reply quote it."""
    key = response.request.headers["Authorization"].rpartition(":")[2]
    return str(text).replace(key, "***")


def _kind_of_body(response: t.Any) -> str:
    start = response.content[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "empty" if not start else "unreadable"


def _retry_after(value: str | None, *, default: float) -> float:
    """Return the seconds that a C(Retry-After) header asks for, given as seconds or as a date."""
    if not value:
        return default
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return default
    # "Now" is what was tried already; without waiting, all tries would be over at once.
    return seconds if seconds > 0 else default


def _tls_context(connection: Connection) -> t.Any:
    """Build one TLS context: C(ca_path), else the SDK's variables, else the system's store, else certifi's."""
    import ssl

    if not connection.validate_certs:
        return False
    path = connection.ca_path or os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        if path and os.path.isdir(path):
            return ssl.create_default_context(capath=path)
        context = ssl.create_default_context(cafile=path)  # without a file it honours SSL_CERT_FILE and SSL_CERT_DIR
    except (OSError, ssl.SSLError) as error:
        raise ServiceError(
            "tls", f"The CA certificates in {path} cannot be read: {error}.", "Give a PEM file or folder as ca_path."
        ) from error
    if not context.cert_store_stats()["x509_ca"] and not os.environ.get("SSL_CERT_DIR"):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def flat(body: t.Any, name: str) -> dict[str, t.Any]:
    """Return an object that stands at the root of a reply, or under its name (contract 2.1: both are documented).

    Raises:
        ServiceError: the reply holds no object.
    """
    inner = body.get(name, body) if isinstance(body, dict) else body
    if not isinstance(inner, dict):
        raise _unexpected(f"a {name}")
    return inner


def listed(body: t.Any, name: str) -> list[dict[str, t.Any]]:
    """Return the list of objects under C(name) in a reply.

    Raises:
        ServiceError: the reply has no such list. (An absent list is not read as an empty one: with pruning, or as a
            plan to create everything, that would be dangerous.)
    """
    items = body.get(name, "absent") if isinstance(body, dict) else None
    if items is None and isinstance(body, dict):
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _unexpected(name)
    return items


def _unexpected(what: str) -> ServiceError:
    """Return the error for a reply of another shape, which is not quoted since nobody knows what is in it."""
    return ServiceError(
        "bad_response",
        f"The service answered with JSON that does not hold {what}.",
        _ADDRESS_HINT,
    )
