# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows for tests: the real exports, other forms of them, and what the emulator has."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from emulator.testing import PROJECT_ID, ThreadedEmulator

SAMPLES = Path(__file__).resolve().parents[1] / "fixtures" / "descope-exports"


def sample(name: str) -> dict[str, Any]:
    """Return one of the real exports."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def sample_flows() -> list[dict[str, Any]]:
    """Return all flows in the real exports, in v2 form."""
    return [
        *(sample(name) for name in ("basicflow.json", "connectorflow.json", "roleflow.json")),
        *sample("testwidget.json")["flows"],
    ]


def stored_flow(emulator: ThreadedEmulator, flow_id: str, project: str = PROJECT_ID) -> dict[str, Any]:
    """Return a flow as the emulator stores it, in v2 form."""
    return emulator.state(project)["projects"][project]["flows"][flow_id]["flow"]


def to_console_form(flow: dict[str, Any]) -> dict[str, Any]:
    """Return a v2 export in the v1 form of the console, with all that the service stamps on it."""
    flow = copy.deepcopy(flow)
    metadata = flow["metadata"]
    version = metadata.pop("componentsVersion", "2.0.322")
    return {
        "flow": {
            "id": flow["flowId"],
            "version": 15,
            "etag": "abc",
            "modifiedTime": 1725220394,
            "dsl": flow["contents"],
            "translate": False,
            "translateConnectorID": "",
            "translateSourceLang": "",
            "translateTargetLangs": [],
            "disabled": False,
            "description": "",
            "fingerprint": False,
            **metadata,
        },
        "screens": [
            {
                "id": screen["screenId"],
                "flowId": flow["flowId"],
                "version": 14,
                "inputs": [],
                "interactions": screen.get("interactions") or [],
                "htmlTemplate": screen["contents"],
                "componentsVersion": version,
            }
            for screen in reversed(flow["screens"])
        ],
    }
