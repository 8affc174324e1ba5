# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults that sweeps let strike each request in turn."""

from __future__ import annotations

from typing import Any

#: Kind of fault, and whether a run must be able to get over it by itself.
FAULTS: dict[str, dict[str, Any]] = {
    "status-500": {"kind": "status", "status": 500},
    "status-500-after": {"kind": "status", "status": 500, "when": "after"},
    "status-503": {"kind": "status", "status": 503},
    "status-520-after": {"kind": "status", "status": 520, "when": "after"},
    "status-429": {"kind": "status", "status": 429, "headers": {"Retry-After": "0.001"}},
    "status-400": {"kind": "status", "status": 400},
    "status-401": {"kind": "status", "status": 401},
    "status-403": {"kind": "status", "status": 403},
    "status-404": {"kind": "status", "status": 404},
    "html": {"kind": "html"},
    "html-after": {"kind": "html", "when": "after"},
    "html-502": {"kind": "html", "status": 502},
    "reset": {"kind": "reset"},
    "reset-after": {"kind": "reset", "when": "after"},
    "timeout": {"kind": "timeout", "seconds": 0.4},
    "timeout-after": {"kind": "timeout", "seconds": 0.4, "when": "after"},
    "truncated": {"kind": "truncated"},
    "non-json": {"kind": "non_json"},
}

#: Faults that pass by themselves. A run must get over them, except where a single refusal is final (the 4xx).
PASSING = {name for name in FAULTS if not name.startswith("status-4")} | {"status-429"}
