# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, as far as tenants need them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..service import Route
from .call import Call
from .tenants import ordered


def load_all(call: Call) -> dict[str, Any]:
    """GET role/all; a role of the project has tenantId "" [PY, OAS (S)]."""
    roles = [asdict(role) for role in call.project.roles.values()]
    return {"roles": ordered(roles, call.switches)}


ROUTES = (Route("GET", "/v1/mgmt/role/all", load_all, "read"),)
