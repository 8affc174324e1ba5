# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import (
    PERMISSIONS,
    ROLES,
    Desired,
    Kind,
    Observed,
    desired_from_backup,
    found_of,
    to_backup,
)

EDITOR = {
    "id": "ROL1",
    "name": "Editor",
    "description": "Edits",
    "permissionNames": ["Write", "Read"],
    "createdTime": 1,
    "tenantId": "",
    "default": True,
    "private": False,
}

NAMES = st.text(st.sampled_from("ab/ "), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("name", "value", "clean"),
    [
        ("description", None, ""),
        ("description", "x", "x"),
        ("permissions", None, []),
        ("permissions", ["b", "a", "b"], ["a", "b"]),
        ("default", None, False),
        ("private", True, True),
    ],
)
def test_values_are_cleaned(name: str, value: Any, clean: Any) -> None:
    assert ROLES.clean({name: value, "name": "ignored"}) == {name: clean}


def test_zero_values_may_be_missing_or_null() -> None:
    bare = Observed.from_wire(ROLES, {"name": "Editor"})
    assert bare.values == {"description": "", "permissions": [], "default": False, "private": False}
    assert Observed.from_wire(ROLES, {"name": "Editor", "permissionNames": None, "tenantId": None}) == bare
    assert ROLES.differing({"permissions": [], "default": False}, bare.values) == []


def test_permission_names_are_a_set() -> None:
    live = Observed.from_wire(ROLES, EDITOR)
    wanted = ROLES.clean({"permissions": ["Read", "Write", "Read"], "private": True})
    assert ROLES.differing(wanted, live.values) == ["private"]


@pytest.mark.parametrize(
    ("kind", "raw", "built_in"),
    [
        (ROLES, {"name": "Tenant Admin"}, True),
        (ROLES, {"name": "Tenant Admin", "tenantId": "acme"}, False),
        (ROLES, {"name": "Editor", "systemDefault": True}, False),
        (PERMISSIONS, {"name": "User Admin", "systemDefault": True}, True),
        (PERMISSIONS, {"name": "Read", "systemDefault": False}, False),
        (PERMISSIONS, {"name": "Tenant Admin"}, False),
    ],
)
def test_what_is_the_services_own(kind: Kind, raw: dict[str, Any], built_in: bool) -> None:
    assert Observed.from_wire(kind, raw).built_in == built_in


def test_keys() -> None:
    assert ROLES.key("Editor") == "Editor"
    assert ROLES.key("Editor", "acme") == "acme/Editor"
    assert ROLES.key("acme/Editor") == "/acme/Editor"
    assert PERMISSIONS.key("articles/read") == "articles/read"
    assert PERMISSIONS.of_key("articles/read") == ("", "articles/read")


@given(NAMES, st.sampled_from(["", "acme", "b"]))
def test_a_key_tells_tenant_and_name(name: str, tenant_id: str) -> None:
    assert ROLES.of_key(ROLES.key(name, tenant_id)) == (tenant_id, name)


def test_an_entry_of_the_list() -> None:
    option = {
        "name": "Editor",
        "tenant_id": "acme",
        "permissions": ["b", "a"],
        "description": None,
        "default": None,
        "private": False,
        "state": "absent",
        "source": "vars.yml",
    }
    entry = Desired.from_option(ROLES, option, 2)
    assert entry.where == "roles[2] 'acme/Editor' (from vars.yml)"
    assert entry.values == {"permissions": ["a", "b"], "private": False}
    assert (entry.key, entry.tenant_id, entry.present) == ("acme/Editor", "acme", False)
    assert Desired.from_option(PERMISSIONS, {"name": "Read", "state": "present"}, 0).where == "permissions[0] 'Read'"


def test_of_two_with_one_key_the_first_counts() -> None:
    found = found_of(ROLES, [EDITOR, {**EDITOR, "id": "ROL2"}, {**EDITOR, "tenantId": "acme", "id": "ROL3"}])
    assert {key: live.id for key, live in found.items()} == {"Editor": "ROL1", "acme/Editor": "ROL3"}


def test_a_backup_of_a_role() -> None:
    own = Observed.from_wire(ROLES, EDITOR)
    tenants = Observed.from_wire(ROLES, {**EDITOR, "tenantId": "acme", "default": False})
    saved = {
        "name": "Editor",
        "description": "Edits",
        "permission_names": ["Read", "Write"],
        "default": True,
        "private": False,
    }
    assert to_backup(own) == saved
    assert to_backup(tenants) == {**saved, "default": False, "tenant_id": "acme"}
    section = {live.key: to_backup(live) for live in (own, tenants)}
    assert list(section) == ["Editor", "acme/Editor"]
    entries = desired_from_backup(ROLES, section)
    assert [(entry.key, entry.values, entry.present) for entry in entries] == [
        ("Editor", own.values, True),
        ("acme/Editor", tenants.values, True),
    ]
    assert entries[1].where == "role 'acme/Editor' of the backup"


def test_a_backup_of_a_permission() -> None:
    live = Observed.from_wire(PERMISSIONS, {"name": "a/b", "description": "Both", "id": "P1", "systemDefault": False})
    assert to_backup(live) == {"name": "a/b", "description": "Both"}
    (entry,) = desired_from_backup(PERMISSIONS, {live.key: to_backup(live)})
    assert (entry.key, entry.name, entry.values) == ("a/b", "a/b", {"description": "Both"})


def test_what_a_backup_does_not_tell_is_left_alone_and_what_it_tells_as_gone_is_absent() -> None:
    entries = desired_from_backup(ROLES, {"acme/Gone": None, "Editor": {"description": None}})
    assert [(e.key, e.name, e.tenant_id, e.values, e.present) for e in entries] == [
        ("Editor", "Editor", "", {"description": ""}, True),
        ("acme/Gone", "Gone", "acme", {}, False),
    ]


def test_the_name_in_a_backup_counts_more_than_the_key() -> None:
    (entry,) = desired_from_backup(ROLES, {"a/b": {"name": "a/b"}})
    assert (entry.name, entry.tenant_id, entry.key) == ("a/b", "", "/a/b")
