# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session, SSO and provisioning settings of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..service import Route
from ..switches import Switches
from . import errors, fields
from .call import Call
from .model import Project, Tenant
from .tenants import AUTH_TYPES, shown_domains, unset

_UNITS = ("", "seconds", "minutes", "hours", "days", "weeks")  # PY enum; seconds from TF3 (S)


def _unit(name: str, value: Any) -> str:
    if fields.text(name, value) not in _UNITS:
        raise errors.invalid_argument(f"{name} {value} is unknown")
    return value


def _setup_suite(name: str, value: Any) -> dict[str, Any]:
    """The SSO setup suite message with all its fields."""
    body = fields.mapping(name, value)
    disabled = fields.get(body, "disabledFeatures", fields.mapping, {})
    return {
        "enabled": fields.get(body, "enabled", fields.flag, False),
        "styleId": fields.get(body, "styleId", fields.text, ""),
        "disabledFeatures": {
            feature: fields.get(disabled, feature, fields.flag, False)
            for feature in ("saml", "oidc", "scim", "ssoDomains", "groupMapping")
        },
    }


# Fields of the settings proper with their zero values [OAS, PY, GO (S)].
_OWN: dict[str, tuple[fields.Reader, Any]] = {
    "enabled": (fields.flag, False),
    "refreshTokenExpiration": (fields.number, 0),
    "refreshTokenExpirationUnit": (_unit, ""),
    "sessionTokenExpiration": (fields.number, 0),
    "sessionTokenExpirationUnit": (_unit, ""),
    "stepupTokenExpiration": (fields.number, 0),
    "stepupTokenExpirationUnit": (_unit, ""),
    "enableInactivity": (fields.flag, False),
    "inactivityTime": (fields.number, 0),
    "inactivityTimeUnit": (_unit, ""),
    "JITDisabled": (fields.flag, False),
    "ssoSetupSuiteSettings": (_setup_suite, None),
}
# Fields kept on the tenant and seen in both places: selfProvisioningDomains [JAVA (T)], authType and domains
# [TF3, "overlapping fields" (S)].
_SHARED: dict[str, tuple[fields.Reader, Any]] = {
    "selfProvisioningDomains": (fields.texts, ()),
    "domains": (fields.texts, ()),
    "authType": (fields.text, ""),
}
# PY can send these although OAS lacks them; left out they are left alone (G).
_EXTRA: dict[str, fields.Reader] = {
    "enforceSSO": fields.flag,
    "enforceSSOExclusions": fields.texts,
    "federatedAppIds": fields.texts,
}


def shown(tenant: Tenant, switches: Switches) -> dict[str, Any]:
    """The settings with all fields, set or not."""
    value: dict[str, Any] = {
        "domains": shown_domains(tenant.domains, switches),
        "selfProvisioningDomains": shown_domains(tenant.selfProvisioningDomains, switches),
        "authType": tenant.authType,
    }
    for name, (_read, zero) in _OWN.items():
        value[name] = tenant.settings.get(name, zero)
    if value["ssoSetupSuiteSettings"] is None:
        value["ssoSetupSuiteSettings"] = _setup_suite("", {})
        unset(value, "ssoSetupSuiteSettings", switches)
    return value


def apply(project: Project, tenant: Tenant, switches: Switches, body: Mapping[str, Any], *, reset: bool) -> None:
    """Write settings; with ``reset`` a field left out goes back to its zero value [GO mgmt.go (S)]."""
    own = {name: read for name, (read, _zero) in _OWN.items()}
    shared = {name: read for name, (read, _zero) in _SHARED.items()}
    settings = fields.given(body, own)
    changes = fields.given(body, shared)
    extra = fields.given(body, _EXTRA)
    if reset:
        changes = {"selfProvisioningDomains": [], "domains": [], "authType": ""} | changes
    else:
        settings = tenant.settings | settings
    if "authType" in changes:
        changes["authType"] = changes["authType"] or "none"
        if changes["authType"] not in AUTH_TYPES:
            raise errors.invalid_argument(f"authType {changes['authType']} is unknown")
    project.check_free(switches, domains=changes.get("selfProvisioningDomains"), owner=tenant.id)
    project.change_tenant(tenant, changes | extra)
    tenant.settings = settings


def get_settings(call: Call) -> dict[str, Any]:
    """GET tenant/settings?id=."""
    return shown(call.tenant(call.request.query.get("id", "")), call.switches)


def set_settings(call: Call) -> dict[str, Any]:
    """POST tenant/settings: a full replace like update; the reply is empty."""
    tenant = call.tenant(fields.get(call.body, "tenantId", fields.text, ""), "tenantId")
    apply(call.project, tenant, call.switches, call.body, reset=call.switches["settings_post"] == "reset")
    return shown(tenant, call.switches) if call.switches["write_reply"] == "object" else {}


ROUTES = (
    Route("GET", "/v1/mgmt/tenant/settings", get_settings, "read"),
    Route("POST", "/v1/mgmt/tenant/settings", set_settings, "write"),
)
