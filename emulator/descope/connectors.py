# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors of a project: names, ids and secrets (as hashes), for flows to refer to and for snapshots.

No endpoint of the contract lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OptionError
from .model import Project, key_hash, new_id


def add(
    project: Project, name: str, kind: str = "http", connector_id: str = "", secrets: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Define a connector. Ids look like CI and a ksuid (T samples)."""
    connector_id = connector_id or new_id("CI2")
    if any(known["id"] == connector_id for known in project.connectors.values()) or name in project.connectors:
        raise OptionError(f"there is a connector {name!r} or one with the id {connector_id!r} already")
    project.connectors[name] = make(
        name, kind, connector_id, {key: key_hash(text) for key, text in (secrets or {}).items()}
    )
    return project.connectors[name]


def make(name: str, kind: str, connector_id: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    """A connector as it is stored; the secrets are there only if it has any."""
    return {"id": connector_id, "name": name, "type": kind, **({"secrets": dict(hashes)} if hashes else {})}
