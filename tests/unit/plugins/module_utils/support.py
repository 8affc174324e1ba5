# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the library share: connections, clocks, small servers, tenants as values."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, Session
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed
from emulator.testing import KEY, PROJECT_ID

ATTRIBUTES = {"tier": "string", "seats": "number", "trial": "boolean", "regions": "array"}
TENANT_PATH = "/v1/mgmt/tenant"


def connection(base_url: str = "http://127.0.0.1:9", **options: Any) -> Connection:
    """A connection whose own limits stand in nobody's way."""
    defaults = {
        "project_id": PROJECT_ID,
        "management_key": KEY,
        "timeout": 5.0,
        "rate_limit": 100_000,
        "rate_limit_backend": "memory",
    }
    return Connection(base_url=base_url, **{**defaults, **options})


@contextlib.contextmanager
def session(base_url: str, *, budget: Any = None, **options: Any) -> Iterator[Session]:
    """A session that does not wait between tries."""
    made = Session(connection(base_url, **options), budget=budget, sleep=lambda _seconds: None)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def client(base_url: str, **options: Any) -> Iterator[Client]:
    """A client over such a session."""
    chosen = connection(base_url, **options)
    with session(base_url, **options) as made:
        yield Client(chosen, made)


class FakeClock:
    """Stands in for the module ``time``: sleeping only moves the hands."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start
        self._lock = threading.Lock()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds

    def milliseconds(self) -> int:
        return int(self.now * 1000)


class HttpServer:
    """An HTTP server that answers as a function says, and counts connections and requests."""

    def __init__(self, answer: Callable[[str, str], tuple[int, dict[str, str], bytes]]) -> None:
        self.connections = 0
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                with lock:
                    outer.connections += 1
                super().setup()

            def _reply(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with lock:
                    outer.requests.append((self.command, self.path))
                    outer.headers.append(dict(self.headers))
                status, headers, body = answer(self.command, self.path)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _reply  # noqa: N815

            def log_message(self, *_values: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HttpServer:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread is about to do."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def no_changes(values: dict[str, Any]) -> dict[str, Any]:
    """All fields of a tenant: the given ones, the others empty."""
    return {**{name: fields.clean(field, None) for name, field in fields.FIELDS.items()}, **values}


def live(tenant_id: str, name: str = "", **values: Any) -> Observed:
    """A live tenant about which everything is known."""
    own = {key.replace("__", "."): value for key, value in values.items()}
    return Observed(id=tenant_id, values=no_changes({"name": name or f"Name of {tenant_id}", **own}), raw={})


def found(*tenants: Observed) -> Found:
    return Found({tenant.id: tenant for tenant in tenants})


def wanted(*options: dict[str, Any]) -> list[Desired]:
    return [Desired.from_option(option, index) for index, option in enumerate(options)]


def texts(problems: Iterable[Any]) -> list[str]:
    return [str(problem) for problem in problems]
