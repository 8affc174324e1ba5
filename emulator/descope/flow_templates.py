# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow templates that the service offers. The real ones are in no source; these are made up (G)."""

from __future__ import annotations

from typing import Any

from ..service import Route
from .call import Call
from .default_flows import default_flows
from .tenants import ordered

# id of the default flow that it looks like -> keywords, methods, tags
_TEMPLATES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "sign-up-or-in": (["login", "registration"], ["otp", "magiclink"], ["b2c"]),
    "sign-in": (["login"], ["password"], ["b2b", "b2c"]),
    "step-up": (["mfa", "second factor"], ["totp"], ["mfa"]),
    "add-passkeys": (["passkeys", "webauthn"], ["passkeys"], ["passwordless"]),
}
_MODIFIED = "1750000000"  # int64


def _template(flow: dict[str, Any]) -> dict[str, Any]:
    keywords, methods, tags = _TEMPLATES[flow["flowId"]]
    screens = [
        {
            "id": screen["screenId"],
            "inputs": [],
            "interactions": screen["interactions"],
            "htmlTemplate": screen["contents"],
        }
        for screen in flow["screens"]
    ]
    return {
        "id": f"template-{flow['flowId']}",
        "name": flow["metadata"]["name"],
        "description": flow["metadata"]["description"],
        "dsl": flow["contents"],
        "etag": f"template-{flow['flowId']}-1",
        "modifiedTime": _MODIFIED,
        "keywords": keywords,
        "methods": methods,
        "tags": tags,
        "screens": screens,
    }


def list_templates(call: Call) -> dict[str, Any]:
    """POST flow/template/list -> {templates, total} [OAS (S)]."""
    templates = [_template(flow) for flow in default_flows() if flow["flowId"] in _TEMPLATES]
    return {"templates": ordered(templates, call.switches), "total": len(templates)}


ROUTES = (Route("POST", "/v1/mgmt/flow/template/list", list_templates, "read", entries="templates"),)
