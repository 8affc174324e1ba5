# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import (
    PERMISSIONS,
    ROLES,
    Desired,
    Found,
    Kind,
    found_of,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import (
    permissions_needed,
    problems_alone,
    problems_with_live,
)
from tests.unit.plugins.module_utils.support import texts


def wanted(kind: Kind, *options: dict[str, Any]) -> list[Desired]:
    return [Desired.from_option(kind, option, index) for index, option in enumerate(options)]


def alone(*options: dict[str, Any], kind: Kind = ROLES) -> list[str]:
    return texts(problems_alone(wanted(kind, *options)))


def live_permissions() -> Found:
    return found_of(
        PERMISSIONS,
        [{"name": "User Admin", "description": "Built in", "systemDefault": True}, {"name": "Read"}],
    )


def test_sound_entries_have_no_problems() -> None:
    assert (
        alone(
            {"name": "Editor", "permissions": ["Read", "Read"], "description": ""},
            {"name": "Editor", "tenant_id": "acme"},
            {"name": "acme/Editor"},
            {"name": " left over ", "state": "absent"},
        )
        == []
    )


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"name": ""}, "roles[0] '': name: is empty: give the name."),
        ({"name": "", "state": "absent"}, "roles[0] '': name: is empty: give the name."),
        (
            {"name": "Editor "},
            "roles[0] 'Editor ': name: 'Editor ' begins or ends with a space or holds control characters: remove them.",
        ),
        (
            {"name": "a\nb"},
            "roles[0] 'a\nb': name: 'a\\nb' begins or ends with a space or holds control characters: remove them.",
        ),
        ({"name": "x", "tenant_id": "a/b"}, "roles[0] 'a/b/x': tenant_id: 'a/b' is not the id of a tenant."),
        ({"name": "x", "tenant_id": " a"}, "roles[0] ' a/x': tenant_id: ' a' is not the id of a tenant."),
        ({"name": "x", "permissions": [""]}, "roles[0] 'x': permissions: '' is not the name of a permission."),
        ({"name": "x", "permissions": [" y"]}, "roles[0] 'x': permissions: ' y' is not the name of a permission."),
    ],
)
def test_problems_of_one_entry(option: dict[str, Any], problem: str) -> None:
    assert alone(option) == [problem]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_the_same_role_twice(state: str) -> None:
    assert alone({"name": "Editor", "source": "a.yml"}, {"name": "Editor", "source": "b.yml", "state": state}) == [
        "roles[1] 'Editor' (from b.yml): name: is also that of roles[0] 'Editor' (from a.yml): keep one of the entries."
    ]


def test_entries_without_a_name_are_told_once_each() -> None:
    assert len(alone({"name": ""}, {"name": ""}, kind=PERMISSIONS)) == 2


def test_the_services_own_permissions_stay_as_they_are() -> None:
    found = live_permissions()

    def problems(*options: dict[str, Any]) -> list[str]:
        return texts(problems_with_live(wanted(PERMISSIONS, *options), found))

    assert problems({"name": "User Admin"}, {"name": "User Admin", "description": "Built in"}) == []
    own = "'User Admin' is a permission of the service itself and cannot be"
    assert problems({"name": "User Admin", "description": "Mine"}, {"name": "User Admin", "state": "absent"}) == [
        f"permissions[0] 'User Admin': description: {own} changed: leave description out.",
        f"permissions[1] 'User Admin': state: {own} deleted: take it out of the list.",
    ]
    assert problems({"name": "Read", "description": "Mine"}, {"name": "Read", "state": "absent"}) == []


def test_a_built_in_role_may_be_managed() -> None:
    found = found_of(ROLES, [{"name": "Tenant Admin"}])
    for option in ({"description": "Mine"}, {"state": "absent"}):
        assert problems_with_live(wanted(ROLES, {"name": "Tenant Admin", **option}), found) == []


def test_unknown_permissions_are_told_with_those_that_exist() -> None:
    found = found_of(ROLES, [{"name": "Editor", "permissionNames": ["Old"]}])
    entries = wanted(
        ROLES,
        {"name": "Editor", "permissions": ["Old", "Wriet", "Raed"]},
        {"name": "Reader", "permissions": ["Read", "Old"]},
        {"name": "Gone", "permissions": ["Never"], "state": "absent"},
    )
    assert permissions_needed(entries, found) == {"Wriet", "Raed", "Read", "Old"}
    assert texts(problems_with_live(entries, found, {"Write", "Read", "Old"})) == [
        (
            "roles[0] 'Editor': permissions: the project has no permission 'Raed', 'Wriet': make it first "
            "(descope_permissions), or take one of Old, Read, Write."
        )
    ]
    assert len(problems_with_live(entries, found, {"Old", "Raed", "Wriet"})) == 1
    assert "take one of none." in str(problems_with_live(entries[1:], found)[0])


def test_what_a_role_has_needs_no_look() -> None:
    found = found_of(ROLES, [{"name": "Editor", "permissionNames": ["Read", "Write"]}])
    assert (
        permissions_needed(wanted(ROLES, {"name": "Editor", "permissions": ["Write"]}, {"name": "New"}), found) == set()
    )
