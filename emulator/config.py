# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be chosen at start, for the command line and for the helpers in ``testing`` alike."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .descope.service import ProjectOption
from .descope.tenant_attributes import TYPES
from .errors import OptionError
from .faults import Faults
from .limits import RateLimit
from .switches import Switches

# Credentials of the emulated Okta and Grafana unless others are given. They open nothing but an emulator.
OKTA_TOKEN = "00EmulatedOktaApiToken"  # noqa: S105
GRAFANA_TOKEN = "glsa_EmulatedGrafanaToken"  # noqa: S105
GRAFANA_USER = "admin"
GRAFANA_PASSWORD = "emulatedAdminPassword"  # noqa: S105


@dataclass(slots=True)
class Config:
    """Options of an emulator; constructing one checks them."""

    projects: Sequence[ProjectOption]
    host: str = "127.0.0.1"
    port: int = 0
    port_file: Path | None = None
    state: Path | None = None
    request_log: Path | None = None
    rate_limit: RateLimit | None = None
    latency_ms: float = 0.0
    faults: Any = field(default_factory=list)
    switches: Mapping[str, Any] = field(default_factory=dict)
    attributes: Sequence[tuple[str, str]] = ()
    roles: Sequence[str] = ()
    okta_token: str = ""
    grafana_token: str = ""
    grafana_user: str = ""
    grafana_password: str = ""
    # Some groups, users and teams to try things with, in Okta and Grafana.
    sample: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        ids = [project.id for project in self.projects]
        if not ids and not self.okta_token and not self.grafana_token:
            raise OptionError("at least one project is needed: --project ID:KEY")
        self.okta_token = self.okta_token or OKTA_TOKEN
        self.grafana_token = self.grafana_token or GRAFANA_TOKEN
        self.grafana_user = self.grafana_user or GRAFANA_USER
        self.grafana_password = self.grafana_password or GRAFANA_PASSWORD
        for project_id in ids:
            if ids.count(project_id) > 1:
                raise OptionError(f"project {project_id} is given twice")
        if not 0 <= self.port <= 65535:
            raise OptionError(f"port {self.port} is not from 0 to 65535")
        if not 0 <= self.latency_ms < float("inf"):
            raise OptionError("latency must be 0 or more milliseconds")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise OptionError("--tls-cert and --tls-key go together")
        if self.port_file is not None and not self.port_file.absolute().parent.is_dir():
            raise OptionError(f"port file {self.port_file}: there is no directory {self.port_file.absolute().parent}")
        Switches(self.switches)
        Faults.parse(self.faults)
        if self.tls_cert is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.tls_cert, self.tls_key)
            except (OSError, ssl.SSLError) as error:
                raise OptionError(f"cannot use --tls-cert {self.tls_cert} with --tls-key: {error}") from None

    @property
    def scheme(self) -> str:
        """http or https."""
        return "http" if self.tls_cert is None else "https"


def parse_attribute(text: str) -> tuple[str, str]:
    """From ``NAME:TYPE``."""
    name, _colon, kind = text.partition(":")
    if not name or kind not in TYPES:
        raise OptionError(f"attribute {text!r} is not NAME:TYPE with one of the types {', '.join(TYPES)}")
    return name, kind


def parse_switch(text: str) -> tuple[str, str]:
    """From ``name=value``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"switch {text!r} is not name=value")
    return name.strip(), value.strip()


def read_faults(path: Path) -> Any:
    """Rules from a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"cannot read the faults file {path}: {error.strerror}") from None
    except ValueError as error:
        raise OptionError(f"faults file {path} is not JSON: {error}") from None
