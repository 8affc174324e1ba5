# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors of a project: names and ids only, for flows to refer to. No endpoint of the contract lists them."""

from __future__ import annotations

from ..errors import OptionError
from .model import Project, new_id


def add(project: Project, name: str, kind: str = "http", connector_id: str = "") -> dict[str, str]:
    """Define a connector. Ids look like CI and a ksuid (T samples)."""
    connector_id = connector_id or new_id("CI2")
    if any(known["id"] == connector_id for known in project.connectors.values()) or name in project.connectors:
        raise OptionError(f"there is a connector {name!r} or one with the id {connector_id!r} already")
    project.connectors[name] = {"id": connector_id, "name": name, "type": kind}
    return project.connectors[name]
