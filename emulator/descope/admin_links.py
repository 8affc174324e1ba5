# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with which the administrator of a tenant sets up SSO."""

from __future__ import annotations

from typing import Any

from ..service import Route
from . import fields
from .call import Call
from .model import new_id


def generate(call: Call) -> dict[str, Any]:
    """POST v2 adminlinks/sso/generate {tenantId, expireTime?, ssoId?, email?, ...} -> the link [PY, OAS (S)]."""
    tenant = call.tenant(fields.get(call.body, "tenantId", fields.text, ""), "tenantId")
    fields.get(call.body, "expireTime", fields.long, 0)
    host = call.request.headers.get("host", "localhost")
    link = f"https://{host}/setup/sso/{call.project.id}/{tenant.id}?link={new_id('SL')}"
    tenant.adminLinks.append({"ssoId": fields.get(call.body, "ssoId", fields.text, ""), "link": link})
    return {"adminSSOConfigurationLink": link}


def revoke(call: Call) -> dict[str, Any]:
    """POST v1 adminlinks/sso/revoke {tenantId, ssoId?}."""
    tenant = call.tenant(fields.get(call.body, "tenantId", fields.text, ""), "tenantId")
    sso_id = fields.get(call.body, "ssoId", fields.text, "")
    tenant.adminLinks = [link for link in tenant.adminLinks if link["ssoId"] != sso_id]
    return {}


ROUTES = (
    Route("POST", "/v2/mgmt/tenant/adminlinks/sso/generate", generate, "write"),
    Route("POST", "/v1/mgmt/tenant/adminlinks/sso/generate", generate, "write"),
    Route("POST", "/v1/mgmt/tenant/adminlinks/sso/revoke", revoke, "write"),
)
