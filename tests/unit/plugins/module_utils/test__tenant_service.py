# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import Plan
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Found
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import TenantChange, make_plan
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.unit.plugins.module_utils.support import TENANT_PATH, client, wanted

CREATE, UPDATE, PATCH, DELETE = (f"{TENANT_PATH}/{name}" for name in ("create", "update", "patch", "delete"))
SETTINGS, ROLES, ALL = (f"{TENANT_PATH}/{name}" for name in ("settings", "updateDefaultRoles", "all"))
PASSWORD = "/v1/mgmt/password/settings"
Option = dict[str, Any]
Result = tuple[Outcome, Found]


class Work:
    """What a run does with tenants: read, plan, write, verify."""

    def __init__(self, service: TenantService) -> None:
        self.service = service

    def plan(self, *options: Option, prune: bool = False) -> Plan:
        entries = wanted(*options)
        return make_plan(entries, self.service.read(entries, prune=prune), prune=prune)

    def write(self, *options: Option) -> Outcome:
        """Write the one change that the options make."""
        (change,) = self.plan(*options).changes
        assert isinstance(change, TenantChange)
        return self.service.write(change)


@pytest.fixture
def work(emulator: ThreadedEmulator) -> Iterator[Work]:
    with client(emulator.base_url, timeout=0.4) as made:
        yield Work(TenantService(made))


@pytest.fixture
def tenants(emulator: ThreadedEmulator) -> Callable[[], dict[str, Any]]:
    """What the service holds."""
    return lambda: emulator.state()["projects"][PROJECT_ID]["tenants"]


def add(emulator: ThreadedEmulator, tenant_id: str = "acme", **more: Any) -> None:
    emulator.edit("create_tenant", tenant={"id": tenant_id, "name": f"Name of {tenant_id}", **more})


def writes(emulator: ThreadedEmulator) -> list[tuple[str, bool]]:
    return [(entry["path"], entry["applied"]) for entry in emulator.writes()]


def paths(emulator: ThreadedEmulator) -> list[str]:
    return [path for path, _applied in writes(emulator)]


def fault(emulator: ThreadedEmulator, path: str, do: Any, **rule: Any) -> dict[str, Any]:
    made = {"match": {"path": path}, "do": do, **rule}
    emulator.faults([made])
    return made


FULL: Option = {
    "id": "acme",
    "name": "Acme",
    "self_provisioning_domains": ["Own.example.com"],
    "domains": ["sso.example.com"],
    "custom_attributes": {"tier": "gold", "seats": 5, "trial": True, "regions": ["eu", "us"]},
    "disabled": True,
    "enforce_sso": True,
    "enforce_sso_exclusions": ["u2", "u1"],
    "federated_app_ids": ["app"],
    "role_inheritance": "userOnly",
    "default_roles": ["Writer", "Reader"],
    "parent": "dad",
    "settings": {
        "auth_type": "saml",
        "enabled": True,
        "session_token_expiration": 10,
        "session_token_expiration_unit": "minutes",
        "jit_disabled": True,
        "sso_setup_suite": {"enabled": True, "style_id": "s", "disabled_features": {"scim": True}},
    },
    "password_settings": {"enabled": True, "min_length": 12, "disallowed_characters": "<>"},
}


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 150])
def test_all_tenants_are_read_with_one_request(number: int, emulator: ThreadedEmulator, work: Work) -> None:
    entries = [{"id": f"t{index}", "name": f"Name {index}"} for index in range(number)]
    emulator.edit("create_tenants", tenants=entries)
    found = work.service.read(wanted(*({**entry, "disabled": True} for entry in entries)), prune=True)
    assert sorted(found.tenants) == sorted(entry["id"] for entry in entries)
    assert [entry["path"] for entry in emulator.requests()][1:] == [ALL]


def test_settings_are_read_for_those_whose_settings_are_wanted(emulator: ThreadedEmulator, work: Work) -> None:
    for name in ("one", "two", "three"):
        add(emulator, name)
    found = work.service.read(
        wanted(
            {"id": "one", "settings": {"enabled": True}},
            {"id": "two", "password_settings": {"lock": True}},
            {"id": "three", "disabled": True},
        ),
        prune=False,
    )
    assert found.tenants["one"].settings is not None
    assert found.tenants["two"].password is not None
    assert found.tenants["three"].settings is found.tenants["three"].password is None
    assert sorted(entry["path"] for entry in emulator.requests()[1:]) == [PASSWORD, ALL, SETTINGS]


def test_short_lists_are_completed(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator, "top")
    add(emulator, "mid", parent="top")
    add(emulator, "low", parent="mid", defaultRoles=["Reader"])
    emulator.switches(list_fields="slim")
    found = work.service.read(
        wanted({"id": "low", "default_roles": ["Reader"]}, {"id": "new", "name": "New", "parent": "mid"}), prune=False
    )
    assert found.tenants["low"].values["default_roles"] == ["Reader"]
    assert found.tenants["mid"].values["parent"] == "top"
    assert not found.tenants["top"].missing
    assert work.plan({"id": "low", "default_roles": ["Reader"]}).changes == []


@pytest.mark.parametrize("shape", ["flat", "wrapped"])
@pytest.mark.parametrize("empty", ["object", "null", "absent"])
def test_a_tenant_is_loaded_in_either_shape(shape: str, empty: str, emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    emulator.switches(load_shape=shape, empty_map=empty)
    tenant = work.service.load_whole("acme", {fields.SETTINGS, fields.PASSWORD})
    assert (tenant.id, tenant.values["custom_attributes"]) == ("acme", {})
    assert set(tenant.values) == set(fields.FIELDS)


def test_loading_what_is_not_there(work: Work) -> None:
    with pytest.raises(ServiceError) as caught:
        work.service.load("nobody")
    assert caught.value.code == "not_found"


@pytest.mark.parametrize("body", [{}, [], {"tenants": "x"}], ids=str)
def test_a_list_that_is_none_is_not_taken_for_an_empty_one(body: Any, emulator: ThreadedEmulator, work: Work) -> None:
    fault(emulator, ALL, {"kind": "status", "status": 200, "body": body})
    with pytest.raises(ServiceError) as caught:
        work.plan({"id": "acme", "name": "Acme"}, prune=True)
    assert caught.value.code == "bad_response"


def test_half_a_picture_is_none(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    fault(emulator, SETTINGS, {"kind": "status", "status": 503})
    with pytest.raises(ServiceError):
        work.plan({"id": "acme", "settings": {"enabled": True}})


# -- writing without faults --------------------------------------------------------------------------------------------


def test_a_whole_tenant_is_created_with_one_write_per_step(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator, "dad")
    outcome = work.write(FULL)
    assert (outcome.status, outcome.changed, outcome.error) == ("created", True, None)
    assert sorted(outcome.applied) == outcome.change.fields
    assert paths(emulator) == [CREATE, SETTINGS, ROLES, PASSWORD]
    assert work.plan(FULL).changes == []
    found = work.service.verify([outcome])
    assert outcome.status == "created"
    assert found.tenants["acme"].values["settings.sso_setup_suite.disabled_features.scim"] is True


def test_a_whole_tenant_is_changed_with_one_write_per_step(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator, "dad")
    add(emulator, parent="dad")
    outcome = work.write(FULL)
    assert (outcome.status, outcome.changed, outcome.error) == ("updated", True, None)
    assert paths(emulator) == [PATCH, SETTINGS, ROLES, PASSWORD]
    assert work.plan(FULL).changes == []


@pytest.mark.parametrize("patch", ["present", 404, 405, 501])
@pytest.mark.parametrize("unknown_path", ["grpc", "descope", "html"])
def test_everything_can_be_cleared(
    patch: Any, unknown_path: str, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    add(emulator, "dad")
    work.write(FULL)
    emulator.switches(patch=patch, unknown_path=unknown_path)
    cleared = {
        "id": "acme",
        "self_provisioning_domains": [],
        "domains": [],
        "custom_attributes": {},
        "disabled": False,
        "enforce_sso": False,
        "enforce_sso_exclusions": [],
        "federated_app_ids": [],
        "role_inheritance": "default",
        "default_roles": [],
        "settings": {"auth_type": "none", "enabled": False, "jit_disabled": False},
        "password_settings": {"enabled": False, "min_length": 0, "disallowed_characters": ""},
    }
    outcome = work.write(cleared)
    assert outcome.error is None
    assert work.plan(cleared).changes == []
    kept = tenants()["acme"]
    assert kept["name"] == "Acme"
    assert kept["settings"]["sessionTokenExpiration"] == 10
    assert kept["settings"]["ssoSetupSuiteSettings"]["styleId"] == "s"


@pytest.mark.parametrize("patch", ["present", 404, 405, 501])
@pytest.mark.parametrize("unknown_path", ["grpc", "descope", "html"])
@pytest.mark.parametrize("list_fields", ["full", "slim"])
def test_a_small_change_leaves_the_rest_alone(
    patch: Any,
    unknown_path: str,
    list_fields: str,
    emulator: ThreadedEmulator,
    work: Work,
    tenants: Callable[[], dict[str, Any]],
) -> None:
    add(emulator, "dad")
    work.write(FULL)
    before = tenants()["acme"]
    emulator.switches(patch=patch, unknown_path=unknown_path, list_fields=list_fields)
    emulator.reset("log")
    outcome = work.write({"id": "acme", "disabled": False})
    assert outcome.error is None
    assert tenants()["acme"] == {**before, "disabled": False}
    assert paths(emulator) == ([PATCH] if patch == "present" else [PATCH, UPDATE])


def test_a_missing_patch_is_found_out_once(emulator: ThreadedEmulator, work: Work) -> None:
    for name in ("one", "two"):
        add(emulator, name)
    emulator.switches(patch=404)
    plan = work.plan({"id": "one", "disabled": True}, {"id": "two", "disabled": True})
    for change in plan.changes:
        assert work.service.write(change).status == "updated"
    assert paths(emulator) == [PATCH, UPDATE, UPDATE]


@pytest.mark.parametrize("how", ["replace", "merge"])
@pytest.mark.parametrize(
    ("wanted_attributes", "path"),
    [
        ({"tier": "gold"}, UPDATE),
        ({"tier": "gold", "seats": 6}, PATCH),
        ({"tier": None, "seats": 5}, UPDATE),
        ({}, UPDATE),
    ],
    ids=str,
)
def test_attributes_are_really_taken_away(
    how: str,
    wanted_attributes: dict[str, Any],
    path: str,
    emulator: ThreadedEmulator,
    work: Work,
    tenants: Callable[[], dict[str, Any]],
) -> None:
    add(emulator, customAttributes={"tier": "silver", "seats": 5}, enforceSSO=True, defaultRoles=["Reader"])
    emulator.switches(patch_attributes=how)
    assert work.write({"id": "acme", "custom_attributes": wanted_attributes}).error is None
    assert paths(emulator) == [path]
    kept = tenants()["acme"]
    assert kept["customAttributes"] == {key: value for key, value in wanted_attributes.items() if value is not None}
    assert (kept["enforceSSO"], kept["defaultRoles"]) == (True, ["Reader"])


@pytest.mark.parametrize("auth", ["ignore", "apply"])
def test_a_full_update_keeps_the_way_to_sign_in(
    auth: str, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    add(emulator, authType="saml", domains=["sso.example.com"])
    emulator.switches(patch=404, update_auth_type=auth)
    assert work.write({"id": "acme", "disabled": True}).error is None
    assert (tenants()["acme"]["authType"], tenants()["acme"]["domains"]) == ("saml", ["sso.example.com"])


@pytest.mark.parametrize("mode", ["reset", "merge"])
def test_settings_that_were_not_named_stay(
    mode: str, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    add(emulator, selfProvisioningDomains=["own.example.com"], domains=["sso.example.com"], authType="oidc")
    emulator.edit(
        "set_settings", id="acme", settings={"enabled": True, "inactivityTime": 5, "inactivityTimeUnit": "hours"}
    )
    emulator.edit("set_password_settings", id="acme", settings={"minLength": 9, "lock": True})
    emulator.switches(settings_post=mode)
    outcome = work.write({"id": "acme", "settings": {"jit_disabled": True}, "password_settings": {"min_length": 10}})
    assert outcome.error is None
    kept = tenants()["acme"]
    assert (kept["authType"], kept["domains"], kept["selfProvisioningDomains"]) == (
        "oidc",
        ["sso.example.com"],
        ["own.example.com"],
    )
    assert (kept["settings"]["enabled"], kept["settings"]["inactivityTime"]) == (True, 5)
    assert kept["settings"]["JITDisabled"] is True
    assert (kept["passwordSettings"]["minLength"], kept["passwordSettings"]["lock"]) == (10, True)


def test_domains_of_both_kinds_change_together(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator, selfProvisioningDomains=["old.example.com"], domains=["oldsso.example.com"])
    option = {"id": "acme", "self_provisioning_domains": ["new.example.com"], "domains": ["newsso.example.com"]}
    assert work.write(option).error is None
    assert work.plan(option).changes == []


def test_the_service_may_make_the_id(
    emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    outcome = work.write({"name": "Acme", "default_roles": ["Reader"], "settings": {"enabled": True}})
    (tenant_id,) = tenants()
    assert (outcome.id, outcome.status) == (tenant_id, "created")
    work.service.verify([outcome])
    assert outcome.status == "created"
    assert work.plan({"name": "Acme", "default_roles": ["Reader"], "settings": {"enabled": True}}).changes == []


def test_a_creation_without_an_id_in_the_reply_is_told(emulator: ThreadedEmulator, work: Work) -> None:
    fault(emulator, CREATE, {"kind": "status", "status": 200, "body": {}, "when": "after"})
    outcome = work.write({"name": "Acme"})
    # It is found by its name.
    assert (outcome.status, outcome.changed, outcome.error) == ("created", True, None)
    assert outcome.id


def test_a_tenant_is_deleted(emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]) -> None:
    add(emulator)
    outcome = work.write({"id": "acme", "state": "absent"})
    assert (outcome.status, outcome.changed, outcome.error) == ("deleted", True, None)
    assert tenants() == {}
    assert work.service.verify([outcome]).tenants == {}
    assert outcome.status == "deleted"


def test_one_that_somebody_else_deleted_is_deleted(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    (change,) = work.plan({"id": "acme", "state": "absent"}).changes
    emulator.edit("delete_tenant", id="acme")
    outcome = work.service.write(change)
    assert (outcome.status, outcome.error) == ("deleted", None)


# -- faults ------------------------------------------------------------------------------------------------------------

PASSING = [
    pytest.param({"kind": kind, "when": when, **more}, id=f"{kind}{more.get('status', '')}-{when}")
    for when in ("before", "after")
    for kind, more in (
        ("status", {"status": 500}),
        ("status", {"status": 503}),
        ("status", {"status": 520}),
        ("html", {"status": 502}),
        ("html", {"status": 200}),
        ("reset", {}),
        ("timeout", {"seconds": 3}),
    )
] + ["truncated", "non_json"]

#: (what is there before, the change, the path that fails, the paths that an undisturbed run writes)
OPERATIONS = {
    "create": (None, {"id": "acme", "name": "Acme", "disabled": True}, CREATE, [CREATE]),
    "create by name": (None, {"name": "Acme", "disabled": True}, CREATE, [CREATE]),
    "patch": ({}, {"id": "acme", "disabled": True}, PATCH, [PATCH]),
    "update": ({"customAttributes": {"tier": "x"}}, {"id": "acme", "custom_attributes": {}}, UPDATE, [UPDATE]),
    "settings": ({}, {"id": "acme", "settings": {"enabled": True}}, SETTINGS, [SETTINGS]),
    "roles": ({}, {"id": "acme", "default_roles": ["Reader"]}, ROLES, [ROLES]),
    "password": ({}, {"id": "acme", "password_settings": {"lock": True}}, PASSWORD, [PASSWORD]),
    "delete": ({}, {"id": "acme", "state": "absent"}, DELETE, [DELETE]),
}


@pytest.mark.parametrize("do", PASSING)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_write_that_was_disturbed_once_is_done_exactly_once(
    operation: str, do: Any, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    there, option, path, expected = OPERATIONS[operation]
    if there is not None:
        add(emulator, **there)
    (change,) = work.plan(option).changes
    emulator.faults([{"match": {"path": path, "kind": "write"}, "do": do, "times": 1}])
    outcome = work.service.write(change)
    assert outcome.error is None
    assert outcome.changed is True
    assert sorted(outcome.applied) == change.fields
    assert [each for each, applied in writes(emulator) if applied] == expected
    assert len(tenants()) == (0 if operation == "delete" else 1)
    work.service.verify([outcome])
    assert outcome.error is None
    emulator.faults()
    assert work.plan(option).changes == []


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("do", [{"kind": "status", "status": 503}, "reset"], ids=str)
def test_a_write_that_never_gets_through_changes_nothing(
    operation: str, do: Any, emulator: ThreadedEmulator, work: Work
) -> None:
    there, option, path, _expected = OPERATIONS[operation]
    if there is not None:
        add(emulator, **there)
    (change,) = work.plan(option).changes
    emulator.faults([{"match": {"path": path, "kind": "write"}, "do": do}])
    outcome = work.service.write(change)
    assert (outcome.status, outcome.applied) == ("failed", [])
    # One that was created may be found late, so that not finding it proves nothing.
    assert outcome.changed is (None if path == CREATE else False)
    assert isinstance(outcome.error, ServiceError)
    assert outcome.error.code == ("unknown_outcome" if path == CREATE else "unavailable")
    assert paths(emulator) == [path] * 5


@pytest.mark.parametrize("operation", OPERATIONS)
def test_when_reading_back_fails_as_well_the_outcome_is_not_known(
    operation: str, emulator: ThreadedEmulator, work: Work
) -> None:
    there, option, path, _expected = OPERATIONS[operation]
    if there is not None:
        add(emulator, **there)
    (change,) = work.plan(option).changes
    emulator.faults(
        [
            {"match": {"path": path, "kind": "write"}, "do": {"kind": "reset", "when": "after"}},
            # What sends everything along reads once before it writes.
            {
                "match": {"kind": "read"},
                "from": 1 + (operation in {"update", "settings", "password"}),
                "do": {"status": 503},
            },
        ]
    )
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert isinstance(outcome.error, ServiceError)
    assert outcome.error.code == "unknown_outcome"
    assert "Run again" in outcome.error.hint
    assert len(emulator.writes()) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_write_is_not_repeated(operation: str, status: int, emulator: ThreadedEmulator, work: Work) -> None:
    there, option, path, _expected = OPERATIONS[operation]
    if there is not None:
        add(emulator, **there)
    (change,) = work.plan(option).changes
    emulator.faults([{"match": {"path": path, "kind": "write"}, "do": {"kind": "status", "status": status}}])
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", False, [])
    assert len(emulator.writes()) == 1


def test_a_refusal_is_told_even_if_looking_closer_fails(emulator: ThreadedEmulator, work: Work) -> None:
    (change,) = work.plan({"id": "acme", "name": "Acme"}).changes
    emulator.faults(
        [
            {"match": {"path": CREATE}, "do": {"kind": "status", "status": 400, "code": "E119999"}},
            {"match": {"kind": "read"}, "do": {"kind": "status", "status": 503}},
        ]
    )
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "E119999" in str(outcome.error)


def test_a_later_step_that_fails_leaves_the_earlier_ones_standing(emulator: ThreadedEmulator, work: Work) -> None:
    (change,) = work.plan(
        {"id": "acme", "name": "Acme", "settings": {"enabled": True}, "default_roles": ["Reader"]}
    ).changes
    fault(emulator, SETTINGS, {"kind": "status", "status": 400})
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", True, ["name"])
    assert paths(emulator)[0] == CREATE
    assert ROLES not in paths(emulator)


# -- creating twice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", [{"id": "acme", "name": "Acme"}, {"name": "Acme"}], ids=["by id", "by name"])
@pytest.mark.parametrize("duplicate", [400, 409])
def test_a_list_that_lags_behind_makes_no_second_tenant(
    option: Option, duplicate: int, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    emulator.switches(visibility_delay=0.4, duplicate_status=duplicate)
    fault(emulator, CREATE, {"kind": "reset", "when": "after"}, times=1)
    work.service._session._sleep = time.sleep  # the list has to catch up
    outcome = work.write(option)
    assert (outcome.status, outcome.changed, outcome.error) == ("created", True, None)
    assert outcome.id in tenants()
    assert len(tenants()) == 1


def test_a_tenant_that_exists_although_the_list_did_not_show_it(emulator: ThreadedEmulator, work: Work) -> None:
    (change,) = work.plan({"id": "acme", "name": "Name of acme", "settings": {"enabled": True}}).changes
    add(emulator)
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed, outcome.applied) == ("updated", True, ["settings.enabled"])


def test_one_that_exists_exactly_so_is_unchanged(emulator: ThreadedEmulator, work: Work) -> None:
    (change,) = work.plan({"id": "acme", "name": "Name of acme"}).changes
    add(emulator)
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed, outcome.applied, outcome.error) == ("unchanged", False, [], None)


@pytest.mark.parametrize("key", ["id", "name"])
def test_one_that_exists_otherwise_is_a_conflict(key: str, emulator: ThreadedEmulator, work: Work) -> None:
    option = {"name": "Name of acme", "disabled": True, **({"id": "acme"} if key == "id" else {})}
    (change,) = work.plan(option).changes
    add(emulator)
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert isinstance(outcome.error, ServiceError)
    assert outcome.error.code == "conflict"
    assert "disabled" in str(outcome.error)
    assert len(emulator.writes()) == 1


def test_a_name_that_somebody_took_is_told_with_the_services_reason(emulator: ThreadedEmulator, work: Work) -> None:
    (change,) = work.plan({"id": "acme", "name": "Name of other"}).changes
    add(emulator, "other")
    outcome = work.service.write(change)
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "already exists" in str(outcome.error)


@pytest.mark.parametrize("second", [400, 401, 409, 429, 503], ids=str)
def test_a_creation_that_took_effect_unseen_is_not_told_as_nothing(
    second: int, emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    """The first try is carried out, but no reply arrives, and the tenant is not found yet; then the next tries fail."""
    (change,) = work.plan({"id": "acme", "name": "Acme"}).changes
    emulator.switches(load_delay=3600, visibility_delay=3600)
    emulator.faults(
        [
            {"match": {"path": CREATE}, "do": {"kind": "reset", "when": "after"}, "nth": 1},
            {
                "match": {"path": CREATE},
                "do": {"kind": "status", "status": second, "headers": {"Retry-After": "0.001"}},
                "from": 2,
            },
        ]
    )
    outcome = work.service.write(change)
    assert set(tenants()) == {"acme"}
    assert outcome.status == "failed"
    assert outcome.changed is not False


def test_a_creation_that_is_refused_the_second_time_because_it_was_there(
    emulator: ThreadedEmulator, work: Work, tenants: Callable[[], dict[str, Any]]
) -> None:
    (change,) = work.plan({"id": "acme", "name": "Acme"}).changes
    emulator.switches(load_delay=3600, visibility_delay=3600)
    fault(emulator, CREATE, {"kind": "reset", "when": "after"}, times=1)
    outcome = work.service.write(change)
    assert set(tenants()) == {"acme"}
    assert outcome.changed is not False


@pytest.mark.parametrize("status", [404, 400])
def test_a_new_tenant_may_take_a_moment_to_arrive(status: int, emulator: ThreadedEmulator, work: Work) -> None:
    emulator.switches(tenant_not_found_status=status)
    (change,) = work.plan({"id": "acme", "name": "Acme", "settings": {"enabled": True}}).changes
    do = {"kind": "status", "status": status, "code": "E112202"}
    emulator.faults([{"match": {"path": SETTINGS}, "do": do, "times": 2}])
    outcome = work.service.write(change)
    assert (outcome.status, outcome.error) == ("created", None)


def test_an_old_tenant_that_is_gone_is_told_at_once(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    (change,) = work.plan({"id": "acme", "settings": {"enabled": True}}).changes
    emulator.edit("delete_tenant", id="acme")
    outcome = work.service.write(change)
    assert outcome.status == "failed"
    assert isinstance(outcome.error, ServiceError)
    assert outcome.error.code == "not_found"
    assert emulator.writes() == []  # the settings are read just before


@pytest.mark.parametrize("exists", [False, True])
def test_a_refused_attribute_is_explained(exists: bool, emulator: ThreadedEmulator, work: Work) -> None:
    if exists:
        add(emulator)
    outcome = work.write({"id": "acme", "name": "Name of acme", "custom_attributes": {"unheard": "of"}})
    assert (outcome.status, outcome.changed) == ("failed", False)
    assert "must be declared" in str(outcome.error)


# -- reading back ------------------------------------------------------------------------------------------------------


def written(work: Work, *options: Option) -> list[Outcome]:
    return [work.service.write(change) for change in work.plan(*options).changes]  # type: ignore[arg-type]


def test_many_are_read_back_with_one_request(emulator: ThreadedEmulator, work: Work) -> None:
    outcomes = written(work, *({"id": f"t-{index}", "name": f"Name {index}"} for index in range(12)))
    emulator.reset("log")
    found = work.service.verify(outcomes)
    assert len(found.tenants) == 12
    assert [entry["path"] for entry in emulator.requests()] == [ALL]
    assert {outcome.status for outcome in outcomes} == {"created"}


@pytest.mark.parametrize("exists", [False, True])
def test_a_dropped_attribute_is_a_failure(exists: bool, emulator: ThreadedEmulator, work: Work) -> None:
    if exists:
        add(emulator)
    emulator.switches(undeclared_attribute="drop")
    (outcome,) = written(
        work, {"id": "acme", "name": "Name of acme", "custom_attributes": {"unheard": "of", "tier": "x"}}
    )
    work.service.verify([outcome])
    assert outcome.status == "failed"
    assert isinstance(outcome.error, ServiceError)
    assert outcome.error.code == "not_applied"
    assert "dropped the custom attributes unheard" in str(outcome.error)
    assert "must be declared" in outcome.error.hint
    assert outcome.applied == ([] if exists else ["name"])
    # The declared one of the two did take effect.
    assert outcome.read_back == {"custom_attributes": {"tier": "x"}}
    assert outcome.changed is True


def test_a_dropped_role_is_a_failure(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    emulator.switches(unknown_role="drop")
    (outcome,) = written(work, {"id": "acme", "default_roles": ["Nobody"], "disabled": True})
    work.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", True, ["disabled"])
    assert "default_roles reads back as [] instead of ['Nobody']" in str(outcome.error)


@pytest.mark.parametrize("path", [SETTINGS, PASSWORD])
def test_a_setting_that_did_not_hold_is_a_failure(path: str, emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    option = {"settings": {"enabled": True}} if path == SETTINGS else {"password_settings": {"lock": True}}
    (change,) = work.plan({"id": "acme", **option}).changes
    emulator.faults([{"match": {"path": path, "kind": "write"}, "do": {"kind": "status", "status": 200, "body": {}}}])
    outcome = work.service.write(change)  # type: ignore[arg-type]
    assert outcome.status == "updated"
    work.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", False, [])


def test_a_deletion_that_did_not_hold_is_a_failure(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    fault(emulator, DELETE, {"kind": "status", "status": 200, "body": {}})
    (outcome,) = written(work, {"id": "acme", "state": "absent"})
    work.service.verify([outcome])
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", False, [])
    assert "still there" in str(outcome.error)


def test_a_creation_that_cannot_be_read_back_is_a_failure(emulator: ThreadedEmulator, work: Work) -> None:
    (outcome,) = written(work, {"id": "acme", "name": "Acme"})
    emulator.edit("delete_tenant", id="acme")
    work.service.verify([outcome])
    assert outcome.status == "failed"
    assert "cannot be read back" in str(outcome.error)


def test_a_deletion_that_the_list_does_not_show_yet_is_looked_up_by_id(emulator: ThreadedEmulator, work: Work) -> None:
    add(emulator)
    old = emulator.state()["projects"][PROJECT_ID]["tenants"]["acme"]
    (outcome,) = written(work, {"id": "acme", "state": "absent"})
    fault(emulator, ALL, {"kind": "status", "status": 200, "body": {"tenants": [old]}}, times=1)
    assert work.service.verify([outcome]).tenants == {}
    assert (outcome.status, outcome.error) == ("deleted", None)


def test_a_list_that_never_catches_up_is_made_up_for_by_id(emulator: ThreadedEmulator, work: Work) -> None:
    emulator.switches(visibility_delay=3600)
    outcomes = written(work, {"id": "acme", "name": "Acme"}, {"id": "beta", "name": "Beta"})
    work.service.verify(outcomes)
    assert [(outcome.status, outcome.error) for outcome in outcomes] == [("created", None)] * 2


@pytest.mark.parametrize(
    "switches",
    [
        {"list_order": "reversed"},
        {"domain_case": "lower"},
        {"number_style": "float"},
        {"empty_map": "null"},
        {"empty_map": "absent"},
        {"list_fields": "slim"},
        {"write_reply": "object"},
        {"load_shape": "wrapped"},
        {"settings_post": "merge"},
        {"patch": 404},
        {"update_auth_type": "apply"},
    ],
    ids=str,
)
def test_nothing_depends_on_a_guess(switches: dict[str, Any], emulator: ThreadedEmulator, work: Work) -> None:
    emulator.switches(**switches)
    add(emulator, "dad")
    for option in (
        FULL,
        {**FULL, "custom_attributes": {"seats": 6}, "disabled": False, "domains": ["Other.example.com"]},
    ):
        outcome = work.write(option)
        assert outcome.error is None
        work.service.verify([outcome])
        assert outcome.error is None
        assert work.plan(option).changes == []


def test_reading_back_that_fails_is_raised(emulator: ThreadedEmulator, work: Work) -> None:
    (outcome,) = written(work, {"id": "acme", "name": "Acme"})
    fault(emulator, ALL, {"kind": "status", "status": 503})
    with pytest.raises(ServiceError):
        work.service.verify([outcome])
    assert outcome.status == "created"
