# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on this machine that answers as it is told, with bytes that no well-behaved service would send."""

from __future__ import annotations

import contextlib
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """What arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def reply(status: int = 200, body: Any = None, headers: list[tuple[str, str]] | None = None, raw: bytes = b"") -> bytes:
    """Return a whole reply."""
    content = raw if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers or []]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


@dataclass
class Server:
    """Gives the answers in turn, the last one for ever. An empty answer closes the connection."""

    url: str
    answers: list[bytes | Callable[[Request], bytes]] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    together: int = 0
    most_together: int = 0


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: Server = self.server.told  # type: ignore[attr-defined]
        lock: threading.Lock = self.server.lock  # type: ignore[attr-defined]
        first = self.rfile.readline().decode().split()
        if len(first) < 2:
            return
        headers = {}
        while line := self.rfile.readline().decode().strip():
            name, _colon, value = line.partition(": ")
            headers[name.lower()] = value
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(first[0], first[1], headers, body)
        with lock:
            server.seen.append(request)
            server.together += 1
            server.most_together = max(server.most_together, server.together)
            answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        try:
            self.wfile.write(answer(request) if callable(answer) else answer)
        except OSError:
            pass  # the client did not want it
        finally:
            with lock:
                server.together -= 1


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the tests."""


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for the time of a C(with) block, with TLS if there is a context."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        told = Server(f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}")
        server.told, server.lock = told, threading.Lock()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
