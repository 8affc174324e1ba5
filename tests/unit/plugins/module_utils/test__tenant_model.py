# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed, domains_of
from tests.unit.plugins.module_utils.support import found, live

RAW = {
    "id": "acme",
    "name": "Acme",
    "selfProvisioningDomains": ["b.com", "A.com"],
    "customAttributes": {"tier": "gold"},
    "authType": "saml",
    "domains": ["sso.com"],
    "createdTime": 1700000000,
    "disabled": False,
    "enforceSSO": True,
    "enforceSSOExclusions": ["z", "a"],
    "federatedAppIds": [],
    "parent": "",
    "successors": ["c2", "c1"],
    "defaultRoles": ["Reader"],
    "roleInheritance": "",
}


@pytest.mark.parametrize(
    ("option", "index", "where"),
    [
        ({"id": "acme", "name": "Acme"}, None, "tenant 'acme'"),
        ({"name": "Acme"}, None, "tenant 'Acme'"),
        ({"id": "acme"}, 2, "tenants[2] 'acme'"),
        ({"name": "Acme", "source": "group_vars/acme.yml"}, 0, "tenants[0] 'Acme' (from group_vars/acme.yml)"),
        ({}, 1, "tenants[1] ''"),
    ],
)
def test_where_an_entry_stands(option: dict[str, Any], index: int | None, where: str) -> None:
    assert Desired.from_option(option, index).where == where


def test_an_entry_from_its_options() -> None:
    entry = Desired.from_option(
        {
            "id": "acme",
            "name": "Acme",
            "disabled": None,
            "domains": [],
            "state": "present",
            "purge_custom_attributes": False,
            "cascade": True,
            "settings": {"enabled": True},
        },
        0,
    )
    assert (entry.id, entry.name, entry.key) == ("acme", "Acme", "acme")
    assert entry.values == {"name": "Acme", "domains": [], "settings.enabled": True}
    assert (entry.present, entry.purge_custom_attributes, entry.cascade) == (True, False, True)


def test_defaults_of_an_entry() -> None:
    entry = Desired.from_option({"name": "Acme", "id": None})
    assert (entry.id, entry.name, entry.key) == ("", "Acme", "Acme (new id)")
    assert (entry.present, entry.purge_custom_attributes, entry.cascade) == (True, True, False)
    assert not Desired.from_option({"id": "a", "state": "absent"}).present


@pytest.mark.parametrize(
    ("option", "steps"),
    [
        ({"name": "A"}, [fields.OWN]),
        ({"domains": []}, [fields.SETTINGS]),
        ({"settings": {"enabled": False}}, [fields.SETTINGS]),
        ({"default_roles": ["a"]}, [fields.DEFAULT_ROLES]),
        ({"password_settings": {"min_length": 8}, "parent": "p"}, [fields.OWN, fields.PASSWORD]),
        ({"id": "a"}, []),
        ({"name": "A", "domains": [], "state": "absent"}, []),
    ],
    ids=str,
)
def test_steps_that_an_entry_uses(option: dict[str, Any], steps: list[str]) -> None:
    entry = Desired.from_option(option)
    assert [step for step in fields.STEPS if entry.uses(step)] == steps


def test_a_tenant_from_a_reply() -> None:
    tenant = Observed.from_wire(RAW, complete=False)
    assert (tenant.id, tenant.name, tenant.missing) == ("acme", "Acme", frozenset())
    assert tenant.values["self_provisioning_domains"] == ["A.com", "b.com"]
    assert tenant.values["enforce_sso_exclusions"] == ["a", "z"]
    assert tenant.values["role_inheritance"] == "default"
    assert "settings.enabled" not in tenant.values
    assert (tenant.settings, tenant.password) == (None, None)


def test_an_entry_of_a_list_remembers_what_it_lacks() -> None:
    short = {
        key: value
        for key, value in RAW.items()
        if key not in {"parent", "defaultRoles", "roleInheritance", "customAttributes"}
    }
    assert Observed.from_wire(short, complete=False).missing == {"parent", "default_roles", "role_inheritance"}
    assert Observed.from_wire(short, complete=True).missing == frozenset()


@pytest.mark.parametrize("empty", [{"customAttributes": None}, {"customAttributes": {}}], ids=str)
def test_an_empty_map_may_come_in_any_way(empty: dict[str, Any]) -> None:
    without = {key: value for key, value in RAW.items() if key != "customAttributes"}
    for raw in (without, {**without, **empty}):
        tenant = Observed.from_wire(raw, complete=False)
        assert tenant.values["custom_attributes"] == {}
        assert not tenant.missing


def test_settings_are_known_once_read() -> None:
    tenant = Observed.from_wire(RAW, complete=True)
    settings = {"enabled": True, "domains": ["sso.com"], "authType": "saml"}
    more = tenant.with_settings(settings).with_password({"minLength": 8})
    assert (more.values["settings.enabled"], more.values["settings.auth_type"]) == (True, "saml")
    assert more.values["password_settings.min_length"] == 8
    assert (more.settings, more.password) == (settings, {"minLength": 8})
    assert tenant.settings is None
    assert "settings.enabled" not in tenant.values


def test_a_tenant_as_a_result() -> None:
    result = Observed.from_wire(RAW, complete=True).as_result()
    assert result["id"] == "acme"
    assert (result["created_time"], result["auth_type"]) == (1700000000, "saml")
    assert result["successors"] == ["c1", "c2"]
    assert result["custom_attributes"] == {"tier": "gold"}
    assert "settings" not in result
    bare = Observed.from_wire({"id": "a", "name": "A"}, complete=True).as_result()
    assert not {"successors", "created_time", "auth_type"} & set(bare)
    assert bare["domains"] == []


def test_settings_take_their_place_in_a_result() -> None:
    tenant = Observed.from_wire(RAW, complete=True).with_settings({"enabled": True}).as_result()
    assert tenant["settings"]["enabled"] is True
    assert tenant["settings"]["sso_setup_suite"]["disabled_features"]["saml"] is False


def test_matching_goes_by_id_then_by_name() -> None:
    tenants = found(live("acme", "Acme"), live("other", "Other"))

    def match(**option: Any) -> str | None:
        tenant = tenants.match(Desired.from_option(option))
        return tenant.id if tenant else None

    assert match(id="acme") == "acme"
    assert match(name="Other") == "other"
    assert match(id="acme", name="Other") == "acme"
    assert match(id="new", name="Other") is None
    assert match(name="acme") is None
    assert match(name="New") is None


def test_what_is_looked_up_in_the_live_tenants() -> None:
    raw_parent = Observed.from_wire({"id": "p", "name": "P", "successors": ["c"]}, complete=False)
    tenants = Found(
        {
            "p": raw_parent,
            "d": live("d", "D", parent="p", domains=["SSO.com"], self_provisioning_domains=["Own.com"]),
        }
    )
    assert tenants.by_name == {"P": "p", "D": "d"}
    assert tenants.by_domain == {("domains", "sso.com"): "d", ("self_provisioning_domains", "own.com"): "d"}
    assert tenants.children == {"p": {"c", "d"}}


def test_where_two_hold_the_same_the_first_counts() -> None:
    tenants = found(live("a", "Same", domains=["x.com"]), live("b", "Same", domains=["X.com"]))
    assert tenants.by_name == {"Same": "a"}
    assert tenants.by_domain == {("domains", "x.com"): "a"}


def test_domains_of_values() -> None:
    values = {"domains": ["A.com"], "self_provisioning_domains": ["b.com", "C.com"], "name": "x"}
    assert sorted(domains_of(values)) == [
        ("domains", "a.com"),
        ("self_provisioning_domains", "b.com"),
        ("self_provisioning_domains", "c.com"),
    ]
    assert list(domains_of({})) == []
