# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, Session
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import PERMISSIONS, ROLES, Desired, Observed
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import (
    RbacChange,
    make_permission_plan,
    make_role_plan,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_service import PermissionService, RoleService
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.unit.plugins.module_utils.support import client

LOST = {"kind": "reset", "when": "after"}
NOT_SENT = {"kind": "status", "status": 500}


def stored(emulator: ThreadedEmulator, kind: str = "roles") -> dict[str, dict[str, Any]]:
    """What the emulator has, by keys."""
    entries = emulator.state(PROJECT_ID)["projects"][PROJECT_ID][kind]
    return {"/".join(filter(None, [entry.get("tenantId"), entry["name"]])): entry for entry in entries}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is sent from now on: paths and bodies."""
    found: list[tuple[str, Any]] = []
    post = Session.post

    def spy(self: Session, uri: str, **arguments: Any) -> Any:
        found.append((uri.removeprefix("/v1/mgmt/"), arguments["body"]))
        return post(self, uri, **arguments)

    monkeypatch.setattr(Session, "post", spy)
    return found


class Roles:
    """The roles of the emulated project, changed one at a time."""

    def __init__(self, made: Client) -> None:
        self.service = RoleService(made)

    def change(self, **option: Any) -> RbacChange:
        plan = make_role_plan([Desired.from_option(ROLES, option, 0)], self.service.read(), ["User Admin", "SSO Admin"])
        (change,) = plan.changes
        assert isinstance(change, RbacChange)
        return change

    def write(self, **option: Any) -> Outcome:
        return self.service.write(self.change(**option))


@pytest.fixture
def roles(emulator: ThreadedEmulator) -> Any:
    with client(emulator.base_url, retries=2) as made:
        yield Roles(made)


@pytest.fixture
def permissions(emulator: ThreadedEmulator) -> Any:
    with client(emulator.base_url, retries=2) as made:
        yield PermissionService(made)


# -- reading ---------------------------------------------------------------------------------------------------------


def test_roles_are_read_with_one_request(emulator: ThreadedEmulator, roles: Roles) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    emulator.edit("add_role", name="Auditor", tenantId="acme", permissionNames=["User Admin", "SSO Admin"])
    emulator.edit("add_role", name="a/b", private=True)
    found = roles.service.read()
    assert sorted(found) == ["/a/b", "Reader", "Tenant Admin", "Writer", "acme/Auditor"]
    assert found["acme/Auditor"].values == {
        "description": "",
        "permissions": ["SSO Admin", "User Admin"],
        "default": False,
        "private": False,
    }
    assert found["Tenant Admin"].built_in
    assert [entry["path"] for entry in emulator.requests()] == ["/v1/mgmt/license", "/v1/mgmt/role/all"]


def test_permissions_are_read_with_one_request(emulator: ThreadedEmulator, permissions: PermissionService) -> None:
    emulator.edit("add_permission", name="Read", description="May read")
    found = permissions.read()
    assert {key: live.built_in for key, live in found.items()} == {
        "Read": False,
        "User Admin": True,
        "SSO Admin": True,
        "Impersonate": True,
    }
    assert found["Read"] == Observed(PERMISSIONS, found["Read"].id, "Read", {"description": "May read"})


def test_a_list_that_is_refused_is_an_error(emulator: ThreadedEmulator, roles: Roles) -> None:
    emulator.reads("forbidden")
    with pytest.raises(ServiceError) as info:
        roles.service.read()
    assert info.value.code == "forbidden"


def test_a_role_without_a_name_is_an_error(monkeypatch: pytest.MonkeyPatch, roles: Roles) -> None:
    class Reply:
        @staticmethod
        def json() -> Any:
            return {"roles": [{"id": "R1"}]}

    monkeypatch.setattr(roles.service._session, "get", lambda _path: Reply())
    with pytest.raises(ServiceError, match="role without a name"):
        roles.service.read()


# -- writing ---------------------------------------------------------------------------------------------------------


def test_what_is_sent(emulator: ThreadedEmulator, roles: Roles, sent: list[Any]) -> None:
    emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    level = {"name": "Auditor", "tenant_id": "acme"}
    made = roles.write(**level, permissions=["User Admin"], private=True, description="")
    assert (made.status, made.changed) == ("created", True)
    assert made.applied == ["description", "name", "permissions", "private", "tenant_id"]
    assert roles.write(**level, description="Looks").applied == ["description"]
    gone = roles.write(**level, state="absent")
    assert (gone.status, gone.applied) == ("deleted", ["description", "name", "permissions", "private", "tenant_id"])
    body = {"name": "Auditor", "tenantId": "acme"}
    rest = {"permissionNames": ["User Admin"], "private": True}
    assert sent == [
        ("role/create", {**body, **rest, "description": ""}),
        ("role/update", {**body, **rest, "newName": "Auditor", "description": "Looks", "default": False}),
        ("role/delete", body),
    ]


def test_what_is_sent_of_permissions(permissions: PermissionService, sent: list[Any]) -> None:
    for option in ({"description": "a"}, {"description": "b"}, {"state": "absent"}):
        entry = Desired.from_option(PERMISSIONS, {"name": "a/b", **option}, 0)
        (change,) = make_permission_plan([entry], permissions.read()).changes
        assert isinstance(change, RbacChange)
        assert permissions.write(change).changed
    assert sent == [
        ("permission/create", {"name": "a/b", "description": "a"}),
        ("permission/update", {"name": "a/b", "newName": "a/b", "description": "b"}),
        ("permission/delete", {"name": "a/b"}),
    ]


def test_an_edit_made_since_the_plan_is_not_undone(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Reader", description="Reads")
    emulator.edit("update_role", name="Reader", permissionNames=["SSO Admin"], default=True)
    assert roles.service.write(change).applied == ["description"]
    role = stored(emulator)["Reader"]
    assert (role["permissionNames"], role["default"], role["description"]) == (["SSO Admin"], True, "Reads")


def test_a_role_with_all_fields_given_needs_no_reading(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Reader", description="Reads", permissions=[], default=False, private=False)
    emulator.edit("update_role", name="Reader", private=True)
    mark = len(emulator.requests())
    assert roles.service.write(change).changed
    assert [entry["path"] for entry in emulator.requests(mark)] == ["/v1/mgmt/role/update"]
    assert not stored(emulator)["Reader"]["private"]


def test_an_update_of_what_is_gone_fails(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Reader", description="Reads")
    emulator.edit("remove_role", name="Reader")
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed, outcome.effects) == ("failed", False, [])


@pytest.mark.parametrize("status", [404, 400])
def test_what_is_gone_already_counts_as_deleted(status: int, emulator: ThreadedEmulator, roles: Roles) -> None:
    emulator.switches(role_not_found_status=status)
    change = roles.change(name="Reader", state="absent")
    emulator.edit("remove_role", name="Reader")
    assert roles.service.write(change).status == "deleted"


@pytest.mark.parametrize("status", [404, 400, 401])
def test_a_refused_deletion_is_a_failure_while_it_is_there(
    status: int, emulator: ThreadedEmulator, roles: Roles
) -> None:
    emulator.faults([{"match": {"path": "*/role/delete"}, "do": {"kind": "status", "status": status}}])
    outcome = roles.write(name="Reader", state="absent")
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "Reader" in stored(emulator)


def test_a_role_that_somebody_else_has_just_made(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Editor", permissions=["User Admin"])
    emulator.edit("add_role", name="Editor", permissionNames=["User Admin"], description="Ours")
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed, outcome.applied) == ("unchanged", False, [])
    emulator.edit("update_role", name="Editor", permissionNames=[])
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "exists by now, with other values of permissions." in str(outcome.error)


def test_a_tenant_that_is_not_there(roles: Roles) -> None:
    outcome = roles.write(name="Auditor", tenant_id="nope")
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "Create the tenant 'nope' first" in str(outcome.error)


@pytest.mark.parametrize("fault", [LOST, NOT_SENT], ids=["lost-reply", "not-sent"])
@pytest.mark.parametrize(
    "option",
    [
        {"name": "Editor", "private": True},
        {"name": "Reader", "description": "Reads"},
        {"name": "Writer", "state": "absent"},
    ],
    ids=["create", "update", "delete"],
)
def test_a_write_in_doubt_is_read_back(
    option: dict[str, Any], fault: dict[str, Any], emulator: ThreadedEmulator, roles: Roles
) -> None:
    change = roles.change(**option)
    emulator.faults([{"match": {"kind": "write"}, "nth": 1, "do": fault}])
    assert roles.service.write(change).changed
    assert len(emulator.writes()) == (1 if fault is LOST else 2)
    assert make_role_plan([Desired.from_option(ROLES, option, 0)], roles.service.read(), []).changes == []


def test_a_creation_in_doubt_that_is_refused_the_second_time(emulator: ThreadedEmulator, roles: Roles) -> None:
    """The list lags, so that the first look does not find it, and the second creation is a duplicate."""
    change = roles.change(name="Editor")
    emulator.switches(visibility_delay=3600.0)
    emulator.faults([{"match": {"kind": "write"}, "nth": 1, "do": LOST}])
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert outcome.error
    assert outcome.error.code == "unknown_outcome"


def test_a_creation_in_doubt_and_another_role_of_that_name(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Editor", private=True)
    emulator.edit("add_role", name="Editor")
    emulator.faults([{"match": {"kind": "write"}, "do": LOST}])
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert "other values of private, and whether this run made it is not known" in str(outcome.error)


def test_a_refusal_is_told_even_if_nothing_can_be_read(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Editor")
    emulator.edit("add_role", name="Editor")
    emulator.reads("forbidden")
    outcome = roles.service.write(change)
    assert "already exists" in str(outcome.error)
    assert outcome.changed is False


def test_a_programming_error_does_not_lose_the_other_outcomes(roles: Roles, monkeypatch: pytest.MonkeyPatch) -> None:
    change = roles.change(name="Editor")
    monkeypatch.setattr(roles.service, "_post", lambda *_arguments: 1 / 0)
    outcome = roles.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert "ZeroDivisionError" in str(outcome.error)


# -- verifying -------------------------------------------------------------------------------------------------------


def test_what_holds_stays_as_it_is(emulator: ThreadedEmulator, roles: Roles) -> None:
    outcomes = [roles.write(name="Editor"), roles.write(name="Writer", state="absent")]
    mark = len(emulator.requests())
    assert "Editor" in roles.service.verify(outcomes)
    assert [outcome.status for outcome in outcomes] == ["created", "deleted"]
    assert [entry["path"] for entry in emulator.requests(mark)] == ["/v1/mgmt/role/all"]


def test_a_role_that_does_not_show_up_is_not_told_as_created(emulator: ThreadedEmulator, roles: Roles) -> None:
    emulator.switches(visibility_delay=3600.0)
    outcome = roles.write(name="Editor")
    roles.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.effects) == ("failed", None, [])
    assert "not known" in str(outcome.error)


def test_a_deleted_role_that_is_still_there(emulator: ThreadedEmulator, roles: Roles) -> None:
    outcome = roles.write(name="Reader", state="absent")
    emulator.edit("add_role", name="Reader")
    roles.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.effects) == ("failed", False, [])
    assert "still there" in str(outcome.error)


@pytest.mark.parametrize("read_back", [["SSO Admin"], []])
def test_dropped_permissions_are_told(read_back: list[str], emulator: ThreadedEmulator, roles: Roles) -> None:
    outcome = roles.write(name="Editor", description="Edits", permissions=["User Admin", "SSO Admin"])
    emulator.edit("update_role", name="Editor", permissionNames=read_back)
    roles.service.verify([outcome])
    assert (outcome.status, outcome.changed) == ("failed", True)
    assert outcome.applied == ["description", "name"]
    assert outcome.read_back == ({"permissions": read_back} if read_back else {})
    assert f"permissions reads back as {read_back!r} instead of ['SSO Admin', 'User Admin']" in str(outcome.error)


def test_an_update_that_was_not_kept(emulator: ThreadedEmulator, roles: Roles) -> None:
    change = roles.change(name="Reader", description="Reads", private=True)
    assert change.action == UPDATE
    outcome = roles.service.write(change)
    emulator.edit("update_role", name="Reader", description="", private=False)
    roles.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.effects) == ("failed", False, [])


@pytest.mark.parametrize("how", ["refuse", "drop"])
def test_a_permission_that_vanishes_after_the_plan(how: str, emulator: ThreadedEmulator, roles: Roles) -> None:
    emulator.edit("add_permission", name="Read")
    emulator.switches(unknown_permission=how)
    entry = Desired.from_option(ROLES, {"name": "Editor", "permissions": ["Read", "User Admin"]}, 0)
    (change,) = make_role_plan([entry], roles.service.read(), ["Read", "User Admin"]).changes
    assert isinstance(change, RbacChange)
    emulator.edit("remove_permission", name="Read")
    outcome = roles.service.write(change)
    roles.service.verify([outcome])
    assert (outcome.status, outcome.changed) == ("failed", how == "drop")
    assert "Read" in str(outcome.error)
