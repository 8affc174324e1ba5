# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulated service offers to the shared machinery."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from starlette.routing import compile_path

from .wire import Reply, Request

Kind = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a service. ``kind`` goes by meaning: a POST that searches is a read.

    ``scope`` is for the service's own use (Descope: does the call act on a project or on the company). ``entries``
    is the key of the list in the reply of a call that lists something.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    kind: Kind
    scope: str = "project"
    entries: str = ""


class RouteTable:
    """Looks routes up by method and path: a dict for fixed paths, patterns only for paths with parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[Any, dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in routes:
            group = patterns if "{" in route.path else self._fixed
            methods = group.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"two routes for {route.method} {route.path}")
            methods[route.method] = route
        self._patterns = [(compile_path(path)[0], methods) for path, methods in patterns.items()]

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
        """The route, its path parameters, and whether the path is known at all (perhaps by another method)."""
        methods = self._fixed.get(path)
        if methods is not None:
            return methods.get(method), {}, True
        for pattern, methods in self._patterns:
            match = pattern.match(path)
            if match:
                return methods.get(method), match.groupdict(), True
        return None, {}, False


class Service(Protocol):
    """An emulated service. Its ``handle`` is synchronous: nothing else runs meanwhile, so each request is atomic."""

    name: str

    def owns(self, path: str) -> bool:
        """Whether a path belongs to this service. The last service of an emulator takes whatever is left."""

    def kind_of(self, request: Request) -> Kind:
        """Read or write, by meaning."""

    def project_of(self, request: Request) -> str:
        """A harmless label (no secret) of whatever the request acts on, for the request log."""

    def handle(self, request: Request) -> Reply:
        """Carry the request out."""

    def error_reply(self, status: int, code: str = "", retry_after: int | None = None) -> Reply:
        """An error in the style of the service, for the rate limit and for faults."""

    def secrets_in(self, request: Request) -> Iterable[str]:
        """Strings of this request that must appear in no log."""

    def secrets(self) -> Iterable[str]:
        """The secrets given at start; they must appear in no log either."""

    def state(self, part: str = "") -> dict[str, Any]:
        """What is stored, for people and tests; ``part`` is a project of Descope."""

    def edit(self, request: dict[str, Any]) -> dict[str, Any]:
        """An edit as somebody makes it in the console, past authorisation, limits and faults."""

    def dump(self) -> Any:
        """The whole state as JSON values."""

    def load(self, data: Any) -> None:
        """Take over a state that ``dump`` returned."""

    def reset(self) -> None:
        """Back to the state configured at start."""
