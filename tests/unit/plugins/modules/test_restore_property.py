# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever somebody does to a project: a backup and a restore with prune make it what it was, object for object."""

from __future__ import annotations

import contextlib
import copy
import random
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import canonical, without_empty
from emulator.switches import SWITCHES
from emulator.testing import PROJECT_ID, ControlError, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run
from .test_promises import real_waiting

Json = dict[str, Any]

SECTIONS = ["tenants", "flows", "theme", "roles", "permissions"]
CHANGES = 30
SEEDS = range(50)

_IDS = [f"tenant-{letter}" for letter in "abcdefgh"]
_DOMAINS = [f"{letter}.example" for letter in "uvwxyz"]
_NAMES = ["Editor", "Viewer", "Auditor", "a/b"]
_PERMISSIONS = ["Read", "Write", "Share"]
_FLOWS = ["sign-in", "sign-up", "step-up", "one", "two"]
_UNITS = ["minutes", "hours", "days"]


class Somebody:
    """Edits a project by hand, at random."""

    def __init__(self, emulator: ThreadedEmulator, seed: str, *, named: bool) -> None:
        self.emulator, self.random = emulator, random.Random(seed)
        #: Whether an export of a flow names the roles that it uses, so that these can be found under another id.
        self.named = named
        self.number = 0

    def work(self, count: int) -> None:
        """Make a number of changes that the console lets through."""
        actions = [self.create, self.rename, self.dress, self.settle, self.protect, self.delete, self.move]
        actions += [self.exchange, self.role, self.role, self.unrole, self.permission, self.flow, self.flow, self.theme]
        done = 0
        while done < count:
            with contextlib.suppress(ControlError, LookupError):
                self.random.choice(actions)()
                done += 1

    def project(self) -> Json:
        return dict(self.emulator.state(PROJECT_ID)["projects"][PROJECT_ID])

    def tenants(self) -> Json:
        return dict(self.project()["tenants"])

    def any_tenant(self) -> Json:
        return dict(self.random.choice(sorted(self.tenants().values(), key=lambda each: each["id"])))

    def some(self, values: list[str], most: int = 3) -> list[str]:
        return self.random.sample(values, self.random.randint(0, min(most, len(values))))

    def new_name(self) -> str:
        self.number += 1
        return f"Name {self.number} {self.random.randint(0, 9)}"

    def free_domains(self, field: str, besides: str = "") -> list[str]:
        held = {name for each in self.tenants().values() if each["id"] != besides for name in each[field]}
        return [name for name in _DOMAINS if name not in held]

    # Tenants

    def create(self) -> None:
        there = self.tenants()
        tenant_id = self.random.choice([each for each in _IDS if each not in there])
        parents = sorted(
            each for each in there if not there[each]["parent"] or not there[there[each]["parent"]]["parent"]
        )
        parent = self.random.choice([*parents, "", ""])
        self.emulator.edit("create_tenant", tenant={"id": tenant_id, "name": self.new_name(), "parent": parent})

    def rename(self) -> None:
        self.change(name=self.new_name())

    def change(self, **values: Any) -> None:
        self.emulator.edit("update_tenant", id=self.any_tenant()["id"], tenant=values)

    def dress(self) -> None:
        tenant = self.any_tenant()
        own = [role["name"] for role in self.project()["roles"] if role["tenantId"] in {"", tenant["id"]}]
        attributes: Json = {"plan": "gold", "seats": self.random.randint(1, 9), "trial": True, "regions": ["eu", "us"]}
        values: Json = {
            "customAttributes": {name: attributes[name] for name in self.some(list(attributes))},
            "selfProvisioningDomains": self.some(self.free_domains("selfProvisioningDomains", tenant["id"])),
            "domains": self.some(self.free_domains("domains", tenant["id"])),
            "disabled": self.random.random() < 0.3,
            "enforceSSO": self.random.random() < 0.3,
            "enforceSSOExclusions": self.some(["a@x.example", "b@x.example"]),
            "federatedAppIds": self.some(["app1", "app2"]),
            "roleInheritance": self.random.choice(["", "none", "userOnly"]),
            "defaultRoles": self.some(sorted(set(own))),
        }
        chosen = self.some(list(values), len(values))
        self.emulator.edit("update_tenant", id=tenant["id"], tenant={name: values[name] for name in chosen})

    def settle(self) -> None:
        unit = self.random.choice(_UNITS)
        settings: Json = {
            "enabled": self.random.random() < 0.5,
            "sessionTokenExpiration": self.random.randint(1, 9),
            "sessionTokenExpirationUnit": unit,
            "JITDisabled": self.random.random() < 0.5,
        }
        if self.random.random() < 0.3:
            settings |= {"sessionTokenExpiration": 0, "sessionTokenExpirationUnit": ""}
        self.emulator.edit("set_settings", id=self.any_tenant()["id"], settings=settings)

    def protect(self) -> None:
        settings = {"enabled": True, "minLength": self.random.randint(6, 12), "lock": self.random.random() < 0.5}
        self.emulator.edit("set_password_settings", id=self.any_tenant()["id"], settings=settings)

    def delete(self) -> None:
        self.emulator.edit("delete_tenant", id=self.any_tenant()["id"])

    def move(self) -> None:
        """Create a tenant anew below another one, with its children left out."""
        tenant = self.any_tenant()
        others = [each for each in self.tenants() if each != tenant["id"]]
        parent = "" if tenant["parent"] else self.random.choice(sorted(others))
        self.emulator.edit("delete_tenant", id=tenant["id"])
        self.emulator.edit("create_tenant", tenant={"id": tenant["id"], "name": tenant["name"], "parent": parent})

    def exchange(self) -> None:
        """Exchange names and domains of two tenants, by way of names in between."""
        one, other = self.any_tenant(), self.any_tenant()
        if one["id"] == other["id"]:
            raise LookupError
        parts = [self.exchange_names, self.exchange_domains]
        for part in self.random.sample(parts, self.random.randint(1, 2)):
            part(one, other)

    def exchange_names(self, one: Json, other: Json) -> None:
        self.emulator.edit("update_tenant", id=one["id"], tenant={"name": "In between"})
        self.emulator.edit("update_tenant", id=other["id"], tenant={"name": one["name"]})
        self.emulator.edit("update_tenant", id=one["id"], tenant={"name": other["name"]})

    def exchange_domains(self, one: Json, other: Json) -> None:
        for field in ("selfProvisioningDomains", "domains"):
            self.emulator.edit("update_tenant", id=one["id"], tenant={field: []})
            self.emulator.edit("update_tenant", id=other["id"], tenant={field: one[field]})
            self.emulator.edit("update_tenant", id=one["id"], tenant={field: other[field]})

    # Roles and permissions

    def level(self) -> Json:
        return {"tenantId": self.random.choice(["", "", *sorted(self.tenants())])}

    def role(self) -> None:
        permissions = [each["name"] for each in self.project()["permissions"]]
        values: Json = {
            "description": self.random.choice(["", "One", "Two"]),
            "permissionNames": self.some(sorted(permissions)),
            "default": self.random.random() < 0.3,
            "private": self.random.random() < 0.3,
        }
        role = {"name": self.random.choice(_NAMES), **self.level()}
        there = {(each["name"], each["tenantId"]) for each in self.project()["roles"]}
        operation = "update_role" if (role["name"], role["tenantId"]) in there else "add_role"
        self.emulator.edit(operation, **role, **values)

    def unrole(self) -> None:
        roles = [each for each in self.project()["roles"] if each["name"] != "Tenant Admin"]
        role = self.random.choice(sorted(roles, key=lambda each: (each["name"], each["tenantId"])))
        self.emulator.edit("remove_role", name=role["name"], tenantId=role["tenantId"])

    def permission(self) -> None:
        name = self.random.choice(_PERMISSIONS)
        self.emulator.edit("remove_permission", name=name)
        if self.random.random() < 0.6:
            self.emulator.edit("add_permission", name=name, description=self.random.choice(["", "One", "Two"]))

    # Flows and the theme

    def flow(self) -> None:
        flow_id = self.random.choice(_FLOWS)
        what = self.random.random()
        if what < 0.3:
            self.emulator.edit("delete_flow", id=flow_id)
        elif what < 0.6:
            name = f"Flow {self.random.randint(0, 9)}"
            self.emulator.edit("update_flow", id=flow_id, set={"metadata.name": name})
        else:
            self.emulator.edit("import_flow", flow=self.using(flow_id))

    def using(self, flow_id: str) -> Json:
        """Return a flow that uses a role of the project, and another flow."""
        flow = copy.deepcopy(sample("connectorflow.json"))
        flow["references"] = {}
        role = self.random.choice([each for each in self.project()["roles"] if not each["tenantId"]])
        arguments = flow["contents"]["tasks"]["1"]["arguments"]
        used = role["id"] if self.named else role["name"]
        arguments["used"] = {"type": "inline", "value": [used, self.random.randint(0, 99)]}
        return {**flow, "flowId": flow_id}

    def theme(self) -> None:
        styles = copy.deepcopy(self.project()["theme"]["styles"])
        mode = self.random.choice(["light", "dark"])
        part = self.random.choice(["button", "link", "text"])
        components = styles.setdefault(mode, {}).setdefault("components", {})
        if part in components and self.random.random() < 0.5:
            del components[part]
        else:
            components[part] = {"color": f"#{self.random.randint(0, 999999):06}", "deep": {"size": "1px"}}
        self.emulator.edit("set_theme", styles=styles)


def project_of(emulator: ThreadedEmulator) -> Json:
    """Return all that is stored, without what the service makes itself: ids of roles and so on, versions, times."""
    state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]
    role_names = {role["id"]: role["name"] for role in state["roles"] if not role["tenantId"]}

    def flow(entry: Json) -> Any:
        text = canonical(normal(entry["flow"]))
        for role_id, name in role_names.items():
            text = text.replace(role_id, f"role {name}")
        return text

    return {
        "tenants": {tenant_id: _tenant(each, state["tenants"]) for tenant_id, each in state["tenants"].items()},
        "roles": {
            (role["tenantId"], role["name"]): {
                **{name: role[name] for name in ("description", "default", "private")},
                "permissionNames": sorted(role["permissionNames"]),
            }
            for role in state["roles"]
        },
        "permissions": {each["name"]: each["description"] for each in state["permissions"]},
        "flows": {flow_id: flow(entry) for flow_id, entry in state["flows"].items()},
        "theme": without_empty(state["theme"]["styles"]),
    }


def _tenant(tenant: Json, tenants: Json) -> Json:
    made = {"createdTime", "settings", "passwordSettings", "adminLinks"}
    kept = {name: value for name, value in tenant.items() if name not in made}
    kept = {name: sorted(value) if isinstance(value, list) else value for name, value in kept.items()}
    settings = dict(tenant["settings"])
    for name in [each for each in settings if f"{each}Unit" in settings]:
        if not settings[name]:
            settings.pop(f"{name}Unit")  # the unit of no time
    above: Json | None = tenant
    while above is not None and above["passwordSettings"] is None:
        above = tenants.get(above["parent"])
    password = above["passwordSettings"] if above is not None else None
    return {**without_zero(kept), "settings": without_zero(settings), "password": without_zero(password or {})}


def without_zero(value: Json) -> Json:
    return {
        name: inner for name, each in value.items() if (inner := without_zero(each) if isinstance(each, dict) else each)
    }


def round_trip(emulator: ThreadedEmulator, run: Run, seed: str, switches: Json) -> None:
    named = "flow_v2" not in switches and switches.get("flow_references") != "absent"
    somebody = Somebody(emulator, seed, named=named)
    for permission in _PERMISSIONS:
        emulator.edit("add_permission", name=permission)
    somebody.work(CHANGES)
    emulator.switches(**switches)
    saved = run("descope_backup", sections=SECTIONS, allow_empty_read=True)
    assert not saved["failed"], saved["msg"]
    before = project_of(emulator)
    somebody.work(CHANGES)
    emulator.switches(**switches)
    preview = run("descope_restore", prune=True, allow_empty_read=True, check=True)
    assert not preview["failed"], preview["msg"]
    assert emulator.writes() == []
    result = run("descope_restore", prune=True, allow_empty_read=True)
    if "flow_v1" in switches:
        # Only an import in the old form takes styles away.
        assert_all_but_the_theme(result, project_of(emulator), before)
        return
    assert not result["failed"], result["msg"]
    assert result["restored_from"]["files"] == [saved["backup_file"]]
    assert project_of(emulator) == before
    assert [_plain(row) for row in preview["objects"]] == [_plain(row) for row in result["objects"]]
    written = len(emulator.writes())
    again = run("descope_restore", prune=True, allow_empty_read=True)
    assert not again["failed"], again["msg"]
    assert not again["changed"], again["diff"]
    assert len(emulator.writes()) == written
    assert again["summary"]["unchanged"] == len(again["objects"])
    now = run("descope_backup", sections=SECTIONS, allow_empty_read=True)
    assert _comparable(now) == _comparable(saved)


def assert_all_but_the_theme(result: Json, now: Json, before: Json) -> None:
    assert [row["id"] for row in result["objects"] if row["error"]] == ["theme"] * result["failed"]
    assert not result["failed"] or "the service keeps what came later" in result["msg"]
    assert {**now, "theme": {}} == {**before, "theme": {}}


def _plain(row: Json) -> Json:
    return {name: row[name] for name in ("kind", "id", "status", "changes", "error")}


def _comparable(result: Json) -> Json:
    """Return the sections of a backup that hold no ids of roles, without the units of times that are not set."""
    sections = files.read(Path(result["backup_file"]))["sections"]
    for tenant in sections["tenants"].values():
        settings = tenant["settings"]
        for name in [each for each in settings if f"{each}_unit" in settings and not settings[each]]:
            del settings[f"{name}_unit"]
    sections["theme"] = without_empty(sections["theme"]["styles"])
    return {name: content for name, content in sections.items() if name != "flows"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restore_with_prune_makes_the_project_what_it_was(seed: int, emulator: ThreadedEmulator, run: Run) -> None:
    round_trip(emulator, run, str(seed), {})


#: Switches under which the emulator itself would not hold what somebody did, or that are about other calls.
_OTHER = {"snapshots", "snapshot_secrets", "snapshot_import", "snapshot_project", "audit_lag", "company_key"}
_OTHER |= {"invalid_key_status", "unknown_project_status", "flow_builtin_delete", "visibility_delay", "load_delay"}


def _cases() -> list[Any]:
    return [
        pytest.param({switch.name: value}, id=f"{switch.name}={value}")
        for switch in SWITCHES
        if switch.name not in _OTHER
        for value in switch.values
        if value != switch.default
    ]


@pytest.mark.parametrize("switches", _cases())
def test_whatever_the_service_does_where_its_contract_is_silent(
    switches: Json, emulator: ThreadedEmulator, run: Run
) -> None:
    for seed in range(2):
        emulator.reset()
        round_trip(emulator, run, f"{switches} {seed}", switches)


@pytest.mark.parametrize("delay", ["visibility_delay", "load_delay"])
def test_what_is_new_shows_late(delay: str, emulator: ThreadedEmulator, run: Run) -> None:
    with real_waiting({delay: 0.2}), mock.patch(f"{__name__}.CHANGES", 12):
        round_trip(emulator, run, delay, {delay: 0.2})
