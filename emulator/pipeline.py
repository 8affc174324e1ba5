# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request: rate limit, latency, faults, service, log, reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from email.utils import formatdate
from typing import Any

from . import server
from .faults import Action, Faults, Rule
from .limits import Limiter
from .request_log import RequestLog, mask, mask_query
from .service import Service
from .state import StateFile
from .wire import Reply, Request, dump_json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Pipeline:
    """The ASGI application behind all service paths."""

    def __init__(
        self,
        services: Sequence[Service],
        limiter: Limiter,
        faults: Faults,
        log: RequestLog,
        state: StateFile,
        secrets: Sequence[str],
    ) -> None:
        self.latency = 0.0
        self._services = services
        self._limiter = limiter
        self._faults = faults
        self._log = log
        self._state = state
        self._secrets = secrets

    def _service(self, path: str) -> Service:
        for service in self._services:
            if service.owns(path):
                return service
        return self._services[-1]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.time()
        tick = time.perf_counter()
        body = await _read(receive)
        if body is None:
            return
        request = Request.from_scope(scope, body)
        service = self._service(request.path)
        kind = service.kind_of(request)
        project = service.project_of(request)
        hit: Rule | None = None
        reply: Reply | None = None
        limited = False

        wait = self._limiter.check(request.client)
        if wait is not None:
            # The limit stands in front of the service: no latency, no fault, no count of the fault rules.
            reply = service.error_reply(429, retry_after=wait)
            limited = True
        else:
            hit = self._faults.strike(request.method, request.path, kind, project, service.name, request.raw_query)
            if hit is not None and hit.action.replace:
                request = Request.from_scope(scope, hit.action.rewritten(body))
            if self.latency:
                await asyncio.sleep(self.latency)
            if hit is None or not hit.action.before:
                reply = service.handle(request)
        applied = kind == "write" and not limited and reply is not None and reply.status < 400
        if applied:
            self._state.touch()
        if reply is not None:
            _date(reply)
        if hit is not None:
            reply = _spoil(hit.action, service, reply)

        secrets = (*self._secrets, *service.secrets_in(request))
        entry = {
            "method": request.method,
            "path": mask(request.path, secrets),
            "query": mask_query(request.query, secrets),
            "service": service.name,
            "project": project,
            # None: the client sees no reply at all.
            "status": None if reply is None else reply.status,
            "duration_ms": round((time.perf_counter() - tick) * 1000, 3),
            "kind": kind,
            "applied": applied,
            "fault": None if hit is None else hit.name,
            "limited": limited,
        }
        # Logged before the reply leaves: whoever has the reply finds the entry.
        self._log.add(entry, started)

        if hit is not None and hit.action.kind in ("reset", "timeout", "truncated"):
            await _break(hit.action, scope, receive, send, reply)
            return
        assert reply is not None
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.raw_headers()})
        await send({"type": "http.response.body", "body": reply.body})


def _date(reply: Reply) -> None:
    """Every reply has the time, unless the service has set its own."""
    if not any(name.lower() == "date" for name in reply.headers):
        reply.headers["Date"] = formatdate(usegmt=True)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the client went away before it was complete."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


def _spoil(action: Action, service: Service, reply: Reply | None) -> Reply | None:
    """The reply a fault makes of the real one (None if the request was not carried out)."""
    if action.kind == "status":
        spoilt = service.error_reply(action.status, action.code, action.retry_after)
        if isinstance(action.body, str):
            spoilt = Reply(action.status, action.body.encode(), "text/plain; charset=utf-8", spoilt.headers)
        elif action.body is not None:
            spoilt = Reply(action.status, dump_json(action.body), headers=spoilt.headers)
        _date(spoilt)
        for name, value in action.headers.items():
            spoilt.set_header(name, value)
        return spoilt
    if action.kind in ("truncated", "rewrite"):
        return reply
    if action.kind not in ("html", "non_json"):
        return None
    page = (
        Reply.html("Just a moment...", action.status)
        if action.kind == "html"
        else Reply(200, b"OK", "text/plain; charset=utf-8")
    )
    _date(page)
    return page


async def _break(action: Action, scope: Scope, receive: Receive, send: Send, reply: Reply | None) -> None:
    """Faults of the connection."""
    if action.kind == "timeout":
        await server.hold(receive, action.seconds)
        server.close(scope)
    elif action.kind == "truncated":
        assert reply is not None
        server.send_part(scope, reply)
    else:
        server.reset(scope)
    await server.gone(receive)
