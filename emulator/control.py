# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control endpoint ``/_emulator/``: look into the emulator and change it while it runs.

Only for clients on the loopback interface, and outside rate limit, latency, faults, log and statistics.

==========================  =========================================================================================
``GET state[?project=ID]``  what is stored; ``?service=okta`` and ``?service=grafana`` for the other services
``GET stats``               counts of requests and applied writes
``GET requests[?since=N]``  the request log from index N on
``GET switches``            the switches in force
``POST switches``           ``{"name": value, ...}``
``POST faults``             a list of fault rules, which replaces the present one
``POST reads``              ``{"what": "forbidden", "empty", "short" or null, "paths": [pattern, ...]}``: from now on
                            lists are refused (403), empty, or short of half of their entries; ``paths`` says which,
                            by default all
``POST settings``           ``{"rate_limit": "N/SECONDS" or null, "latency_ms": number}``, either or both
``POST edit``               ``{"project": ID, "op": ..., ...}``, see ``descope/edits.py``; with ``"service": "okta"``
                            or ``"grafana"`` (no project) see ``okta/edits.py`` and ``grafana/edits.py``
``POST reset``              ``{"what": [part, ...]}`` (state, stats, log, ..., see ``Emulator.reset``); ``{}``: all
==========================  =========================================================================================
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .errors import OptionError
from .limits import RateLimit

if TYPE_CHECKING:
    from .app import Emulator

PREFIX = "/_emulator"


def is_loopback(client: Any) -> bool:
    """Whether an ASGI client address is on this machine."""
    try:
        address = ipaddress.ip_address(client[0])
    except (TypeError, IndexError, ValueError):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


async def _json(request: Request) -> Any:
    body = await request.body()
    try:
        return json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise OptionError(f"the body is not JSON: {error}") from None


async def _object(request: Request, allowed: tuple[str, ...] | None = None) -> dict[str, Any]:
    value = await _json(request)
    if not isinstance(value, dict):
        raise OptionError("the body must be a JSON object")
    unknown = sorted(set(value) - set(allowed)) if allowed is not None else []
    if unknown:
        raise OptionError(f"unknown key {unknown[0]!r}; allowed: {', '.join(allowed or ())}")
    return value


async def _refuse(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


def control_app(emulator: Emulator) -> Starlette:
    """The application under ``PREFIX``."""

    async def health(request: Request) -> Any:
        return {"ok": True, "pid": os.getpid()}

    async def state(request: Request) -> Any:
        query = request.query_params
        return emulator.service(query.get("service", "descope")).state(query.get("project", ""))

    async def stats(request: Request) -> Any:
        return emulator.log.stats()

    async def requests(request: Request) -> Any:
        since = request.query_params.get("since", "0")
        if not since.isdecimal():
            raise OptionError("'since' must be a whole number")
        return {"requests": emulator.log.since(int(since))}

    async def get_switches(request: Request) -> Any:
        return dict(emulator.switches)

    async def set_switches(request: Request) -> Any:
        emulator.switches.set(await _object(request))
        return dict(emulator.switches)

    async def faults(request: Request) -> Any:
        emulator.faults.set(await _json(request))
        return {"rules": len(emulator.faults.rules)}

    async def reads(request: Request) -> Any:
        body = await _object(request, ("what", "paths"))
        emulator.reads.set(body.get("what"), body.get("paths"))
        return emulator.reads.show()

    async def settings(request: Request) -> Any:
        return emulator.configure(await _object(request, ("rate_limit", "latency_ms")))

    async def edit(request: Request) -> Any:
        body = await _object(request)
        result = emulator.service(body.pop("service", "descope")).edit(body)
        emulator.state.touch()
        return result

    async def reset(request: Request) -> Any:
        body = await _object(request, ("what",))
        return {"reset": emulator.reset(body.get("what"))}

    def route(method: str, path: str, handler: Callable[[Request], Awaitable[Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            return JSONResponse(await handler(request))

        return Route(f"{PREFIX}/{path}", endpoint, methods=[method])

    return Starlette(
        routes=[
            route("GET", "health", health),
            route("GET", "state", state),
            route("GET", "stats", stats),
            route("GET", "requests", requests),
            route("GET", "switches", get_switches),
            route("POST", "switches", set_switches),
            route("POST", "faults", faults),
            route("POST", "reads", reads),
            route("POST", "settings", settings),
            route("POST", "edit", edit),
            route("POST", "reset", reset),
        ],
        exception_handlers={OptionError: _refuse},
    )


def parse_settings(body: Mapping[str, Any]) -> tuple[RateLimit | None, float | None]:
    """Rate limit (None: off) and latency in seconds (None: not given)."""
    limit = body.get("rate_limit")
    if limit is not None and not isinstance(limit, str):
        raise OptionError("'rate_limit' must be N/SECONDS as text, or null")
    latency = body.get("latency_ms")
    number = isinstance(latency, int | float) and not isinstance(latency, bool)
    if latency is not None and not (number and 0 <= latency < float("inf")):
        raise OptionError("'latency_ms' must be 0 or more")
    return RateLimit.parse(limit) if limit else None, None if latency is None else latency / 1000
