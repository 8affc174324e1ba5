# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module promises, whatever the service does where its contract is silent.

Each module has a story here: steps that are each run four times (check, real, check again, real again), once per value
of every switch of the emulator. A module without a story fails.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import itertools
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils._client import Session
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from emulator.switches import SWITCHES
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"

Options = dict[str, Any]

_SESSION = {"enabled": True, "session_token_expiration": 60, "session_token_expiration_unit": "minutes"}


def _flow(flow_id: str, **arguments: Any) -> Options:
    """Return a real export with other arguments of its first step."""
    flow = copy.deepcopy(sample("connectorflow.json"))
    flow["flowId"] = flow_id
    task = flow["contents"]["tasks"]["1"]
    task["arguments"] |= {name: {"type": "inline", "value": value} for name, value in arguments.items()}
    return flow


def _theme(button: Any) -> Options:
    """Return a definition of what the buttons are like."""
    return {"styles": {"light": {"components": {"button": button}}, "dark": {}}}


_STYLES = sample("basicstyle.json")["styles"]

_CONNECTOR = sample("connectorflow.json")["references"]["connectors"]["My HTTP Connector"]
_SAVED = {
    "id": "acme",
    "name": "Acme",
    "parent": "",
    "self_provisioning_domains": ["Acme.example", "acme.test"],
    "domains": ["sso.acme.example"],
    "custom_attributes": {"plan": "gold", "seats": 5, "trial": True, "regions": ["eu", "us"]},
    "default_roles": ["Own", "Reader"],
    "role_inheritance": "userOnly",
    "enforce_sso": True,
    "settings": {**_SESSION, "refresh_token_expiration": 0, "refresh_token_expiration_unit": ""},
    "password_settings": {"enabled": True, "min_length": 12},
}
_MFA = {"id": "mfa", "name": "MFA", "template": "mfa-login"}

#: Per module: steps that each change something.
STORIES: dict[str, list[Options]] = {
    "descope_flow": [
        {"definition": _flow("one", used=_CONNECTOR), "disabled": True},
        {"id": "one", "disabled": False, "description": "Ours"},
        {"definition": _flow("one", used=_CONNECTOR, prompt=["login"])},
        {"definition": _flow("one", used=_CONNECTOR), "connectors": {"My HTTP Connector": "Another"}},
        {"id": "one", "state": "absent"},
        {"id": "sign-in", "name": "Come in"},
        {"id": "sign-in", "name": "Sign In"},
    ],
    "descope_flows": [
        {
            "flows": [
                {"definition": _flow("one", used=_CONNECTOR)},
                {**_MFA, "config": {"methods": ["totp", "email", "sms"], "remember_device": True}},
                *({"definition": flow} for flow in sample("testwidget.json")["flows"]),
            ]
        },
        {
            "flows": [
                {"definition": _flow("one", used=_CONNECTOR, redirectUrl="https://x.example")},
                {**_MFA, "config": {"methods": ["totp", "email"]}, "allow_breaking_changes": True},
                {"id": "user-profile-set-phone", "definition": sample("testwidget.json"), "name": "Phone"},
            ]
        },
        {
            "flows": [
                {"id": flow_id, "state": "absent"}
                for flow_id in ["one", "mfa", *(flow["flowId"] for flow in sample("testwidget.json")["flows"])]
            ],
            "max_deletes": 20,
            "max_delete_percent": 100,
        },
    ],
    "descope_permissions": [
        {"permissions": [{"name": "Read"}, {"name": "Write", "description": "May write"}, {"name": "User Admin"}]},
        {"permissions": [{"name": "Read", "description": "May read"}, {"name": "Write", "description": ""}]},
        {
            "permissions": [{"name": "Write"}, {"name": "Impersonate"}],
            "prune": True,
            "max_delete_percent": 100,
        },
        {"permissions": [{"name": "Write", "state": "absent"}]},
    ],
    # What stands under "backup" is written to a file first, whose path is the module's src.
    "descope_restore": [
        {
            "backup": {
                "tenants": {
                    "acme": _SAVED,
                    "branch": {"id": "branch", "name": "Branch", "parent": "acme", "custom_attributes": {"seats": 1}},
                },
                "permissions": {"Read": {"name": "Read", "description": "May read"}},
                "roles": {
                    "Guest": {"name": "Guest", "permission_names": ["Read"], "default": False, "private": True},
                    "acme/Own": {"name": "Own", "tenant_id": "acme", "permission_names": ["SSO Admin"]},
                },
                "flows": {"one": _flow("one", used=_CONNECTOR)},
                "theme": _theme({"mode": {"primary": {"--descope-button-main": "#123456"}}}),
            },
        },
        {
            "backup": {
                "tenants": {
                    "acme": {**_SAVED, "name": "Branch", "self_provisioning_domains": ["acme.test"]},
                    "branch": {"id": "branch", "name": "Acme", "self_provisioning_domains": ["Acme.example"]},
                    "late": None,
                },
                "permissions": {"Read": {"name": "Read", "description": ""}, "Late": None},
                "roles": {"Guest": {"name": "Guest", "permission_names": [], "private": False}, "acme/Own": None},
                "flows": {"one": _flow("one", used=_CONNECTOR, prompt=["login"]), "two": None},
            },
        },
        {
            "backup": {"tenants": {"acme": _SAVED, "branch": {"id": "branch", "name": "Branch", "parent": ""}}},
            "prune": True,
        },
        {
            "backup": {
                "tenants": {"acme": None, "branch": None},
                "permissions": {"Read": None},
                "roles": {"Guest": None, "acme/Own": None},
                "flows": {"one": None},
                "theme": {"styles": _STYLES},
            },
            "prune": True,
        },
    ],
    "descope_roles": [
        {
            "roles": [
                {
                    "name": "Editor",
                    "permissions": ["User Admin", "Impersonate"],
                    "default": True,
                    "description": "Edits",
                },
                {"name": "Editor", "tenant_id": "bystander", "permissions": ["SSO Admin"], "private": True},
                {"name": "Guest", "permissions": [], "default": False},
            ]
        },
        {"roles": [{"name": "Editor", "description": "Writes"}, {"name": "Guest", "permissions": ["SSO Admin"]}]},
        {
            "roles": [
                {"name": "Editor", "permissions": ["SSO Admin", "Impersonate"]},
                {"name": "Guest", "private": True},
            ]
        },
        {"roles": [{"name": "Editor", "description": "", "permissions": [], "default": False}]},
        {"roles": [{"name": "Editor", "tenant_id": "bystander", "private": False, "permissions": []}]},
        {
            "roles": [{"name": "Reader"}, {"name": "Writer"}, {"name": "Editor", "tenant_id": "bystander"}],
            "prune": True,
            "max_delete_percent": 100,
        },
        {"roles": [{"name": "Editor", "tenant_id": "bystander", "state": "absent"}]},
    ],
    "descope_tenant": [
        {
            "id": "acme",
            "name": "Acme",
            "self_provisioning_domains": ["Acme.example", "acme.test"],
            "custom_attributes": {"plan": "gold", "seats": 5, "trial": True, "regions": ["eu", "us"]},
            "default_roles": ["Writer", "Reader"],
            "role_inheritance": "userOnly",
            "domains": ["sso.acme.example"],
            "enforce_sso": True,
            "enforce_sso_exclusions": ["b@acme.example", "a@acme.example"],
            "settings": _SESSION,
            "password_settings": {"enabled": True, "min_length": 12},
        },
        {"id": "acme", "name": "Acme Corporation"},
        {"id": "acme", "custom_attributes": {"plan": "silver"}, "purge_custom_attributes": False},
        {"id": "acme", "custom_attributes": {"seats": 5.5, "regions": ["us"]}},
        {"id": "acme", "custom_attributes": {"seats": None}, "purge_custom_attributes": False},
        {"id": "acme", "self_provisioning_domains": ["acme.example"], "role_inheritance": "default"},
        {"id": "acme", "settings": {"session_token_expiration": 2, "session_token_expiration_unit": "hours"}},
        {"id": "acme", "disabled": True, "settings": {"jit_disabled": True, "sso_setup_suite": {"enabled": True}}},
        {"id": "acme", "password_settings": {"min_length": 14}, "default_roles": []},
        {"id": "acme", "self_provisioning_domains": [], "domains": [], "custom_attributes": {}, "enforce_sso": False},
        {"id": "acme", "state": "absent"},
        {"name": "Named only", "disabled": True},
        {"name": "Named only", "disabled": False},
        {"name": "Named only", "state": "absent"},
    ],
    "descope_tenants": [
        {
            "tenants": [
                {"id": "leaf", "name": "Leaf", "parent": "branch", "custom_attributes": {"seats": 1}},
                {"id": "branch", "name": "Branch", "parent": "root", "self_provisioning_domains": ["B.example"]},
                {"id": "root", "name": "Root", "settings": _SESSION, "default_roles": ["Tenant Admin"]},
                {"name": "Named only", "self_provisioning_domains": ["named.example"]},
            ]
        },
        {
            "tenants": [
                {"id": "leaf", "name": "New leaf", "parent": "branch", "self_provisioning_domains": ["b.example"]},
                {"id": "branch", "self_provisioning_domains": []},
                {"id": "root", "name": "Leaf", "default_roles": []},
                {"name": "Named only", "self_provisioning_domains": []},
            ]
        },
        {
            "tenants": [{"id": "root", "name": "Root"}, {"name": "Named only"}, {"id": "bystander"}],
            "prune": True,
            "max_delete_percent": 100,
        },
        {
            "tenants": [{"id": "root", "state": "absent"}, {"name": "Named only", "state": "absent"}],
            "max_delete_percent": 100,
        },
    ],
    "descope_theme": [
        {"definition": _theme({"mode": {"primary": {"--descope-button-main": "#123456"}}})},
        {"definition": {"theme": {"id": "TH1", "version": 3, "cssTemplate": _STYLES, "componentsVersion": "1"}}},
        {"definition": _theme({"mode": "none", "--descope-button-border-radius": ""})},
        {"definition": {"theme": sample("basicstyle.json")}},
    ],
}

#: Modules that never change the service, or are for another one. What they promise instead is tested for every switch
#: in their own files.
WITHOUT_STORY = {"audit_log_info", "descope_backup", "descope_backup_info"} | {
    "grafana_team",
    "grafana_team_members",
    "okta_group_info",
}

#: How long the delays of the emulator last in these tests, in seconds; shorter than what the modules wait for.
_DELAY = 0.3


def cases() -> list[Any]:
    found = []
    for switch in SWITCHES:
        for value in switch.values:
            used = _DELAY if switch.name.endswith("_delay") and value else value
            found.append(pytest.param({switch.name: used}, id=f"{switch.name}={used}"))
    return found


@contextlib.contextmanager
def real_waiting(switches: Options) -> Any:
    """The delays are about waiting, so there it is real."""
    if any(name.endswith("_delay") and value for name, value in switches.items()):
        with mock.patch.dict(Session.__init__.__kwdefaults__, sleep=time.sleep):
            yield
    else:
        yield


def test_every_module_has_a_story() -> None:
    assert sorted({*STORIES, *WITHOUT_STORY}) == sorted(path.stem for path in MODULES.glob("[a-z]*.py"))


@pytest.mark.sweep
@pytest.mark.parametrize("switches", cases())
@pytest.mark.parametrize("module", STORIES)
def test_story(module: str, switches: Options, emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    emulator.edit("create_tenant", tenant={"id": "bystander", "name": "Bystander", "customAttributes": {"plan": "own"}})
    names = ("My HTTP Connector", "Another")
    ids = {name: emulator.edit("add_connector", name=name)["id"] for name in names}
    # Where there are no snapshots, connectors are only known from flows that use them.
    bystander = {**_flow("bystander", used=list(ids.values())), "references": {"connectors": ids}}
    emulator.edit("import_flow", flow=bystander)
    emulator.edit("set_theme", styles=_STYLES)
    emulator.switches(**switches)
    before = configuration(emulator)
    with real_waiting(switches):
        for step, options in enumerate(STORIES[module]):
            four_fold(module, with_file(options, tmp_path), emulator, run, f"step {step}")
    assert configuration(emulator) == before


def with_file(options: Options, folder: Path) -> Options:
    """Return options with a file in place of what shall be in a backup."""
    if "backup" not in options:
        return options
    rest = {name: value for name, value in options.items() if name != "backup"}
    now = datetime.datetime.now(datetime.UTC)
    content = backup.document(options["backup"], reason="", project={"id": PROJECT_ID}, origin={}, now=now)
    return {**rest, "src": str(backup.write(folder, content, "story"))}


def configuration(emulator: ThreadedEmulator) -> Options:
    """Return what a project is like, without what every write stamps on it."""
    state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]
    return {
        "tenants": state["tenants"],
        "roles": state["roles"],
        "permissions": state["permissions"],
        "flows": {flow_id: normal(entry["flow"]) for flow_id, entry in state["flows"].items()},
        "theme": state["theme"]["styles"],
    }


def four_fold(module: str, options: Options, emulator: ThreadedEmulator, run: Run, where: str) -> None:
    """Check, real, check again, real again: check mode writes nothing and tells what the real run does."""
    marks = [len(emulator.requests())]

    def go(check: bool) -> Options:
        result = run(module, check=check, **options)
        assert not result["failed"], (where, result["msg"])
        marks.append(len(emulator.requests()))
        return result

    preview, real, preview_again, again = go(True), go(False), go(True), go(False)
    writes = [
        [entry for entry in emulator.requests()[a:b] if entry["kind"] == "write"] for a, b in itertools.pairwise(marks)
    ]
    assert preview["changed"], where
    assert real["changed"], where
    assert preview["diff"] == real["diff"], where
    assert preview.get("summary") == real.get("summary")
    assert preview.get("changes") == real.get("changes")
    assert writes[0] == [], where
    assert writes[1], where
    assert not preview_again["changed"], (where, preview_again["diff"])
    assert not again["changed"], (where, again["diff"])
    assert writes[2] == writes[3] == [], where


@pytest.mark.parametrize("how", ["refuse", "drop"])
@pytest.mark.parametrize("exists", [False, True], ids=["new", "existing"])
def test_an_undeclared_attribute_is_reported(how: str, exists: bool, emulator: ThreadedEmulator, run: Run) -> None:
    if exists:
        emulator.edit("create_tenant", tenant={"id": "acme", "name": "Acme"})
    emulator.switches(undeclared_attribute=how)
    for _attempt in range(2):
        result = run("descope_tenant", id="acme", name="Acme", custom_attributes={"plan": "gold", "colour": "red"})
        assert result["failed"]
        assert "colour" in result["msg"]
        assert "must be declared" in result["msg"]
        state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"]
        assert ("acme" in state) == (exists or how == "drop")
    emulator.edit("declare_attribute", name="colour")
    assert not run("descope_tenant", id="acme", name="Acme", custom_attributes={"colour": "red"})["failed"]


@pytest.mark.parametrize("how", ["refuse", "drop", "accept"])
def test_an_unknown_default_role(how: str, emulator: ThreadedEmulator, run: Run) -> None:
    emulator.switches(unknown_role=how)
    result = run("descope_tenant", id="acme", name="Acme", default_roles=["Nobody"])
    assert result["failed"] == (how != "accept")
    if how != "accept":
        assert "Nobody" in result["msg"]
        assert result["changed"]
        assert result["changes"] == ["name"]


@pytest.mark.parametrize("how", ["refuse", "cascade"])
def test_a_parent_is_not_deleted_under_its_children(how: str, emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("create_tenants", tenants=[{"id": "top", "name": "T"}, {"id": "sub", "name": "S", "parent": "top"}])
    for fields in ("full", "slim"):
        emulator.switches(delete_parent=how, list_fields=fields)
        result = run("descope_tenant", id="top", state="absent")
        assert result["failed"]
        assert result["problems"] == [{"where": "tenant 'top' (T)", "field": "state", "message": mock.ANY}]
        assert "sub" in result["msg"]
        assert emulator.writes() == []
