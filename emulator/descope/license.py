# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The license handshake that SDKs perform when a client is built."""

from __future__ import annotations

from typing import Any

from ..service import Route
from .call import Call


def tier(call: Call) -> dict[str, Any]:
    """GET license -> the tier, sent back as x-descope-license [PY management/license.py, GO FetchLicense (S)]."""
    return {"rateLimitTier": "tier2"}


ROUTES = (Route("GET", "/v1/mgmt/license", tier, "read"),)
