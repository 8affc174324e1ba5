# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of tenants, password settings, attribute definitions."""

from __future__ import annotations

import pytest
from emulator_api import error

SETTINGS = "/v1/mgmt/tenant/settings"
PASSWORD = "/v1/mgmt/password/settings"
ATTRIBUTE = "/v1/mgmt/tenant/attribute"
FULL = {
    "domains": ["sso.acme.com"],
    "selfProvisioningDomains": ["acme.com"],
    "authType": "oidc",
    "enabled": True,
    "refreshTokenExpiration": 4,
    "refreshTokenExpirationUnit": "weeks",
    "sessionTokenExpiration": 10,
    "sessionTokenExpirationUnit": "minutes",
    "stepupTokenExpiration": 90,
    "stepupTokenExpirationUnit": "seconds",
    "enableInactivity": True,
    "inactivityTime": 2,
    "inactivityTimeUnit": "hours",
    "JITDisabled": True,
    "ssoSetupSuiteSettings": {
        "enabled": True,
        "styleId": "style",
        "disabledFeatures": {"saml": True, "oidc": False, "scim": True, "ssoDomains": False, "groupMapping": True},
    },
}
ZERO = {
    **{name: type(value)() for name, value in FULL.items()},
    "authType": "none",
    "ssoSetupSuiteSettings": {
        "enabled": False,
        "styleId": "",
        "disabledFeatures": dict.fromkeys(("saml", "oidc", "scim", "ssoDomains", "groupMapping"), False),
    },
}
PASSWORD_FULL = {
    "enabled": True,
    "minLength": 12,
    "lowercase": True,
    "uppercase": True,
    "number": True,
    "nonAlphanumeric": True,
    "expiration": True,
    "expirationWeeks": 8,
    "reuse": True,
    "reuseAmount": 3,
    "lock": True,
    "lockAttempts": 5,
    "tempLock": True,
    "tempLockAttempts": 4,
    "tempLockDuration": 30,
    "enablePasswordStrength": True,
    "passwordStrengthScore": 2,
    "anyLetter": True,
    "disallowedCharacters": "<>",
    "disallowEmailMatch": True,
}
PASSWORD_ZERO = {name: type(value)() for name, value in PASSWORD_FULL.items()}


@pytest.fixture
def acme(api):
    return api.create("Acme", id="acme")


def test_settings_start_at_zero_and_come_back_as_sent(api, acme):
    assert api.get(SETTINGS, id=acme).json() == ZERO
    assert api.post(SETTINGS, tenantId=acme, **FULL).json() == {}
    assert api.get(SETTINGS, id=acme).json() == FULL


def test_a_post_resets_what_it_leaves_out(api, acme):
    api.post(SETTINGS, tenantId=acme, **FULL)
    api.post(SETTINGS, tenantId=acme, inactivityTime=7, selfProvisioningDomains=["acme.com"])
    assert api.get(SETTINGS, id=acme).json() == ZERO | {
        "inactivityTime": 7,
        "selfProvisioningDomains": ["acme.com"],
    }


def test_domains_and_auth_type_are_one_value_seen_in_two_places(api, acme):
    shared = ("selfProvisioningDomains", "domains", "authType")
    api.post(SETTINGS, tenantId=acme, **FULL)
    assert {name: api.load(acme)[name] for name in shared} == {name: FULL[name] for name in shared}
    api.patch(id=acme, selfProvisioningDomains=["new.com"])
    assert api.get(SETTINGS, id=acme).json()["selfProvisioningDomains"] == ["new.com"]
    # domains and authType cannot be written from the tenant's side
    api.post("/v1/mgmt/tenant/update", id=acme, name="Acme", domains=[], authType="none")
    assert api.load(acme)["domains"] == FULL["domains"]
    assert api.load(acme)["authType"] == "oidc"
    api.post(SETTINGS, tenantId=acme, selfProvisioningDomains=[])
    assert {name: api.load(acme)[name] for name in shared} == {
        "selfProvisioningDomains": [],
        "domains": [],
        "authType": "none",
    }


def test_a_domain_in_use_is_refused_by_settings_too(api, acme):
    api.create("Other", id="other", selfProvisioningDomains=["other.com"])
    api.post(SETTINGS, tenantId=acme, **FULL)
    answer = api.post(SETTINGS, tenantId=acme, selfProvisioningDomains=["OTHER.com"])
    assert answer.status_code == 400
    assert api.get(SETTINGS, id=acme).json() == FULL


def test_settings_take_the_fields_that_only_the_sdk_knows(api, acme):
    api.post(SETTINGS, tenantId=acme, enforceSSO=True, enforceSSOExclusions=["u"], federatedAppIds=["f"])
    api.post(SETTINGS, tenantId=acme)
    tenant = api.load(acme)
    assert (tenant["enforceSSO"], tenant["enforceSSOExclusions"], tenant["federatedAppIds"]) == (True, ["u"], ["f"])


def test_numbers_may_come_as_text(api, acme):
    api.post(SETTINGS, tenantId=acme, inactivityTime="15", sessionTokenExpiration=3.0)
    settings = api.get(SETTINGS, id=acme).json()
    assert (settings["inactivityTime"], settings["sessionTokenExpiration"]) == (15, 3)
    for bad in ("--5", "x", 1.5, True, 2**31, [1]):
        assert api.post(SETTINGS, tenantId=acme, inactivityTime=bad).status_code == 400
    assert api.get(SETTINGS, id=acme).json()["inactivityTime"] == 15


def test_password_settings_of_project_and_tenant_are_independent(api, acme):
    assert api.get(PASSWORD).json() == PASSWORD_ZERO | {"tenantId": ""}
    assert api.post(PASSWORD, **PASSWORD_FULL).json() == {}
    assert api.get(PASSWORD, tenantId="").json() == PASSWORD_FULL | {"tenantId": ""}
    assert api.get(PASSWORD, tenantId=acme).json() == PASSWORD_ZERO | {"tenantId": acme}
    api.post(PASSWORD, tenantId=acme, minLength=9)
    assert api.get(PASSWORD, tenantId=acme).json() == PASSWORD_ZERO | {"tenantId": acme, "minLength": 9}
    assert api.get(PASSWORD).json() == PASSWORD_FULL | {"tenantId": ""}


def test_a_sub_tenant_inherits_password_settings(api, acme):
    api.create("Middle", id="middle", parent=acme)
    api.create("Leaf", id="leaf", parent="middle")
    api.post(PASSWORD, tenantId=acme, **PASSWORD_FULL)
    assert api.get(PASSWORD, tenantId="leaf").json() == PASSWORD_FULL | {"tenantId": "leaf"}
    api.post(PASSWORD, tenantId="middle", minLength=6)
    assert api.get(PASSWORD, tenantId="leaf").json()["minLength"] == 6
    assert api.get(PASSWORD, tenantId=acme).json()["minLength"] == 12


def test_attributes_are_declared_before_use(api, acme):
    def use():
        return api.patch(id=acme, customAttributes={"owner": "me"}).status_code

    assert use() == 400
    assert error(api.get(ATTRIBUTE, name="owner"))[0] == 404
    assert api.post(ATTRIBUTE, name="owner", type="string", displayName="Owner").json() == {}
    assert api.get(ATTRIBUTE, name="owner").json() == {"name": "owner", "type": "string", "displayName": "Owner"}
    assert "owner" in {entry["name"] for entry in api.get(ATTRIBUTE).json()["attributes"]}
    assert use() == 200
    assert api.http.delete(ATTRIBUTE, params={"name": "owner"}).json() == {}
    assert api.load(acme)["customAttributes"] == {}
    assert use() == 400


def test_attribute_definitions_are_checked(api):
    assert error(api.post(ATTRIBUTE, type="string")) == (400, "E011003")
    assert error(api.post(ATTRIBUTE, name="x", type="blob"))[0] == 400
    assert error(api.http.delete(ATTRIBUTE)) == (400, "E011003")
    assert api.get(ATTRIBUTE, name="x").status_code == 404
