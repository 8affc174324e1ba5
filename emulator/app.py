# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the parts together."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from . import control, server
from .config import Config
from .descope import DescopeService
from .errors import OptionError
from .faults import Faults
from .grafana import GrafanaService
from .limits import Limiter
from .okta import OktaService
from .pipeline import Pipeline, Receive, Scope, Send
from .reads import Reads
from .request_log import RequestLog
from .service import Service
from .state import StateFile
from .switches import Switches


class Emulator:
    """The whole emulator as one ASGI application."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.switches = Switches(config.switches)
        self.reads = Reads()
        self.descope = DescopeService(config.projects, self.switches, config.attributes, config.roles, reads=self.reads)
        self.okta = OktaService(config.okta_token, self.switches, self.reads, config.sample)
        self.grafana = GrafanaService(
            config.grafana_token, config.grafana_user, config.grafana_password, self.switches, self.reads, config.sample
        )
        # The last one takes the paths that nobody else owns.
        services: list[Service] = [self.okta, self.grafana, self.descope]
        self.limiter = Limiter(config.rate_limit)
        self.faults = Faults(config.faults)
        self.state = StateFile(config.state, services)
        self.state.load()
        self.log = RequestLog(config.request_log)
        secrets = sorted({text for service in services for text in service.secrets()}, key=len, reverse=True)
        self.pipeline = Pipeline(services, self.limiter, self.faults, self.log, self.state, secrets)
        self.pipeline.latency = config.latency_ms / 1000
        self._services = services
        self._control = control.control_app(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # From elsewhere the control paths do not exist: the service answers as for any unknown path.
        own = scope["path"].startswith(control.PREFIX + "/") and control.is_loopback(scope.get("client"))
        await (self._control if own else self.pipeline)(scope, receive, send)

    def service(self, name: Any) -> Service:
        """A service by its name."""
        for service in self._services:
            if service.name == name:
                return service
        names = ", ".join(sorted(service.name for service in self._services))
        raise OptionError(f"there is no service {name!r}; known: {names}")

    def configure(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Change rate limit and latency at run time; what is not given stays."""
        limit, latency = control.parse_settings(settings)
        if "rate_limit" in settings:
            self.limiter.configure(limit)
        if latency is not None:
            self.pipeline.latency = latency
        limit = self.limiter.limit
        return {"rate_limit": str(limit) if limit else None, "latency_ms": self.pipeline.latency * 1000}

    def reset(self, what: Any = None) -> list[str]:
        """Put parts back to what they were at start."""
        actions: dict[str, Callable[[], None]] = {
            "state": self._reset_state,
            "stats": self.log.reset_stats,
            "log": self.log.reset_entries,
            "faults": self.faults.reset,
            "fault_counters": self.faults.reset_counters,
            "switches": self.switches.reset,
            "reads": self.reads.reset,
            "limits": self._reset_limits,
        }
        chosen = list(actions) if what is None else what
        if not isinstance(chosen, list) or any(not isinstance(name, str) or name not in actions for name in chosen):
            raise OptionError(f"'what' must be a list of: {', '.join(actions)}")
        for name in chosen:
            actions[name]()
        return chosen

    def _reset_state(self) -> None:
        for service in self._services:
            service.reset()
        self.state.touch()

    def _reset_limits(self) -> None:
        self.limiter.configure(self.config.rate_limit)
        self.okta.buckets.reset()
        self.pipeline.latency = self.config.latency_ms / 1000

    def close(self) -> None:
        """Save and close files."""
        self.state.save()
        self.log.close()

    def server(self, on_start: Callable[[], None]) -> server.Server:
        """A server for this emulator; run it with the socket of ``listen``."""
        return server.make_server(self, self.config.tls_cert, self.config.tls_key, on_start, self.close)

    def listen(self) -> socket.socket:
        """A socket bound to the configured address."""
        return server.listen(self.config.host, self.config.port)


def base_url(config: Config, port: int) -> str:
    """The address that clients use."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{config.scheme}://{host}:{port}"
