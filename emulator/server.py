# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uvicorn: start, stop, port file, and what goes wrong with a connection."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn

from .errors import OptionError
from .state import write_atomically
from .wire import Reply

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpProtocol
except ImportError:  # the slower pure Python parser
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol  # type: ignore[assignment]

#: Seconds after which a connection is closed that nobody has used.
KEEP_ALIVE = 120

_RESET = struct.pack("ii", 1, 0)  # linger on, for 0 seconds: close() sends RST


class Protocol(HttpProtocol):
    """Hands the transport to the application, in the state that uvicorn copies into every ASGI scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _transport(scope: MutableMapping[str, Any]) -> asyncio.Transport:
    return scope["state"]["transport"]


def reset(scope: MutableMapping[str, Any]) -> None:
    """Abort the connection with a TCP RST."""
    transport = _transport(scope)
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def close(scope: MutableMapping[str, Any]) -> None:
    """Close the connection without a reply."""
    _transport(scope).close()


def send_part(scope: MutableMapping[str, Any], reply: Reply) -> None:
    """Promise more than is sent, then close. Written by hand since uvicorn insists on the promised length."""
    phrase = HTTPStatus(reply.status).phrase
    length = len(reply.body) + 64
    head = f"HTTP/1.1 {reply.status} {phrase}\r\ncontent-type: {reply.content_type}\r\ncontent-length: {length}\r\n\r\n"
    transport = _transport(scope)
    transport.write(head.encode("latin-1") + reply.body[: max(1, len(reply.body) // 2)])
    transport.close()


async def hold(receive: Callable[[], Awaitable[Any]], seconds: float) -> None:
    """Wait, or until the client goes away."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(receive(), seconds)


async def gone(receive: Callable[[], Awaitable[Any]]) -> None:
    """Let the connection come to its end, so that uvicorn does not miss a reply."""
    await hold(receive, 5.0)


class Server(uvicorn.Server):
    """A uvicorn server that tells when it accepts connections and leaves with exit code 0 on a signal."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, then save."""
        await super().shutdown(sockets)
        self._on_stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT. Unlike uvicorn's own, this does not raise the signal again at the end, which
        would end the process before the port file is removed."""
        loop = asyncio.get_running_loop()
        caught = []
        for number in (signal.SIGTERM, signal.SIGINT):
            # Not in the main thread (RuntimeError, ValueError): whoever owns the thread stops it.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.handle_exit, number, None)
                caught.append(number)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that the port is known before the server runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that have it; without, each reply (headers
    # and body are written apart) waits 40 ms for the client's delayed acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OptionError(f"cannot listen on {host} port {port}: {error.strerror}") from None
    return sock


def make_server(
    app: Any,
    tls_cert: Path | None,
    tls_key: Path | None,
    on_start: Callable[[], None],
    on_stop: Callable[[], None],
) -> Server:
    """A server for an application."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the pipeline sets it, so that a fault can take it away
        # Longer than any client keeps an idle connection, so that the emulator never closes one under a request.
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=1,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
    return Server(config, on_start, on_stop)


def write_port_file(path: Path, port: int) -> None:
    """The port as text, complete from the first moment that the file exists."""
    write_atomically(path, f"{port}\n".encode())
