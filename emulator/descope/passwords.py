# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Password settings of the project and of tenants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..service import Route
from . import fields
from .call import Call

# OAS (S); what a new project has is in no source, so everything starts at zero.
FIELDS: dict[str, tuple[fields.Reader, Any]] = {
    "enabled": (fields.flag, False),
    "minLength": (fields.number, 0),
    "lowercase": (fields.flag, False),
    "uppercase": (fields.flag, False),
    "number": (fields.flag, False),
    "nonAlphanumeric": (fields.flag, False),
    "expiration": (fields.flag, False),
    "expirationWeeks": (fields.number, 0),
    "reuse": (fields.flag, False),
    "reuseAmount": (fields.number, 0),
    "lock": (fields.flag, False),
    "lockAttempts": (fields.number, 0),
    "tempLock": (fields.flag, False),
    "tempLockAttempts": (fields.number, 0),
    "tempLockDuration": (fields.number, 0),
    "enablePasswordStrength": (fields.flag, False),
    "passwordStrengthScore": (fields.number, 0),
    "anyLetter": (fields.flag, False),
    "disallowedCharacters": (fields.text, ""),
    "disallowEmailMatch": (fields.flag, False),
}
_READERS = {name: read for name, (read, _zero) in FIELDS.items()}


def merged(current: Mapping[str, Any] | None, body: Mapping[str, Any], *, reset: bool) -> dict[str, Any]:
    """New settings from a body; with ``reset`` what is left out goes."""
    return ({} if reset else dict(current or {})) | fields.given(body, _READERS)


def whole(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings with all fields, set or not."""
    stored = settings or {}
    return {name: stored.get(name, zero) for name, (_read, zero) in FIELDS.items()}


def get_settings(call: Call) -> dict[str, Any]:
    """GET password/settings[?tenantId=]. A tenant's values are independent of the project's [NET (T)]; a sub-tenant
    without its own has its parent's [DOCS sub-tenants (S)]."""
    tenant_id = call.request.query.get("tenantId", "")
    settings = call.project.password_settings
    if tenant_id:
        lineage = call.project.lineage(call.tenant(tenant_id, "tenantId"))
        settings = next((each.passwordSettings for each in lineage if each.passwordSettings is not None), None)
    return whole(settings) | {"tenantId": tenant_id}


def set_settings(call: Call) -> dict[str, Any]:
    """POST password/settings: full replace like the other settings (I), exact round trip [JAVA (T)]."""
    tenant_id = fields.get(call.body, "tenantId", fields.text, "")
    reset = call.switches["settings_post"] == "reset"
    if tenant_id:
        tenant = call.tenant(tenant_id, "tenantId")
        tenant.passwordSettings = merged(tenant.passwordSettings, call.body, reset=reset)
    else:
        call.project.password_settings = merged(call.project.password_settings, call.body, reset=reset)
    return {}


ROUTES = (
    Route("GET", "/v1/mgmt/password/settings", get_settings, "read"),
    Route("POST", "/v1/mgmt/password/settings", set_settings, "write"),
)
