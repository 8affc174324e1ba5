# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup in this process against the emulator over HTTP; tests/integration runs it through ansible-playbook."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.pcc.identity.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.pcc.identity.plugins.lookup import descope_info
from ansible_collections.pcc.identity.plugins.plugin_utils._run_cache import once_per_run
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator, running
from tests.support.flows import sample

LookUp = Callable[..., list[Any]]


NAME = "pcc.identity.descope_info"


@pytest.fixture(scope="module", autouse=True)
def _option_definitions() -> None:
    """What Ansible's plugin loader does with the documentation when it loads a plugin."""
    options: dict[str, Any] = {}
    for text in (ModuleDocFragment.DOCUMENTATION, ModuleDocFragment.PLUGINS, descope_info.DOCUMENTATION):
        for name, option in yaml.safe_load(text)["options"].items():
            options.setdefault(name, {}).update(option)
    constants.config.initialize_plugin_configuration_definitions("lookup", NAME, options)


def load() -> descope_info.LookupModule:
    plugin = descope_info.LookupModule(templar=Templar(loader=DataLoader()))
    plugin._load_name = NAME
    return plugin


@pytest.fixture(scope="module")
def emulator() -> Iterator[ThreadedEmulator]:
    with running(projects=[(PROJECT_ID, KEY, "Dev"), ("P2other", KEY, "Prod")]) as emulator:
        yield emulator


@pytest.fixture
def look_up(emulator: ThreadedEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LookUp:
    emulator.reset()
    emulator.edit(
        "create_tenants",
        tenants=[
            {"id": "acme", "name": "Acme", "selfProvisioningDomains": ["Acme.example"]},
            {"id": "acme-emea", "name": "Acme EMEA", "parent": "acme", "domains": ["sso.acme.example"]},
            {"id": "acme-apac", "name": "Acme APAC", "parent": "acme"},
        ],
    )
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))

    def look_up(*terms: str, variables: dict[str, Any] | None = None, **options: Any) -> list[Any]:
        connection = {
            "project_id": PROJECT_ID,
            "management_key": KEY,
            "base_url": emulator.base_url,
            "rate_limit_backend": "memory",
            "rate_limit": 10000,
            "retries": 0,
        }
        return load().run(list(terms), variables, **{**connection, **options})

    return look_up


def paths(emulator: ThreadedEmulator) -> list[str]:
    return [entry["path"] for entry in emulator.requests() if entry["path"] != "/v1/mgmt/license"]


def ids(tenants: list[dict[str, Any]]) -> list[str]:
    return [tenant["id"] for tenant in tenants]


@pytest.mark.parametrize("fields", ["full", "slim"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["acme", "acme-apac", "acme-emea"]),
        ({"id": "acme"}, ["acme"]),
        ({"id": "nobody"}, []),
        ({"name": "Acme EMEA"}, ["acme-emea"]),
        ({"name": "acme emea"}, []),
        ({"domain": "ACME.example"}, ["acme"]),
        ({"domain": "sso.acme.example"}, ["acme-emea"]),
        ({"domain": "other.example"}, []),
        ({"parent": "acme"}, ["acme-apac", "acme-emea"]),
        ({"parent": ""}, ["acme"]),
        ({"parent": "acme", "name": "Acme APAC"}, ["acme-apac"]),
        ({"id": "acme", "name": "Other"}, []),
    ],
)
def test_tenants(
    options: dict[str, Any], expected: list[str], fields: str, look_up: LookUp, emulator: ThreadedEmulator
) -> None:
    emulator.switches(list_fields=fields)
    assert ids(look_up("tenants", **options)) == expected


def test_a_tenant_is_told_in_the_options_vocabulary(look_up: LookUp) -> None:
    (tenant,) = look_up("tenants", id="acme-emea")
    assert tenant["domains"] == ["sso.acme.example"]
    assert tenant["parent"] == "acme"
    assert tenant["enforce_sso"] is False


def test_projects_and_several_terms(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    assert [(project["id"], project["name"]) for project in look_up("projects")] == [
        (PROJECT_ID, "Dev"),
        ("P2other", "Prod"),
    ]
    assert len(look_up("tenants", "projects")) == 5


def test_flows(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    emulator.edit("import_flow", flow={**sample("basicflow.json"), "flowId": "a-first"})
    flows = look_up("flows")
    assert flows[0] == {
        "id": "a-first",
        "name": "Basic Flow",
        "description": "A flow for testing",
        "disabled": False,
        "widget": False,
    }
    assert [flow["id"] for flow in flows] == sorted(flow["id"] for flow in flows)
    assert look_up("flows", name="Basic Flow") == [flows[0]]
    assert look_up("flows", id="nowhere") == []


@pytest.mark.parametrize("switches", [{}, {"flow_v2": 404}, {"flow_unknown_export": 400}])
def test_one_flow_is_its_definition(switches: dict[str, Any], look_up: LookUp, emulator: ThreadedEmulator) -> None:
    wanted = sample("basicflow.json")
    emulator.edit("import_flow", flow=wanted)
    emulator.switches(**switches)
    (flow,) = look_up("flows", id="basic-flow")
    assert flow["contents"] == wanted["contents"]
    assert flow["metadata"]["name"] == wanted["metadata"]["name"]
    assert look_up("flows", id="nowhere") == []


def test_templates(look_up: LookUp, emulator: ThreadedEmulator, tmp_path: Path) -> None:
    assert [each["name"] for each in look_up("templates")] == [
        "magic-link",
        "mfa-login",
        "sign-up-or-in",
        "social-login",
    ]
    (mfa,) = look_up("templates", name="mfa-login")
    assert {"methods", "remember_device", "remember_days"} <= set(mfa["options"])
    assert emulator.requests() == []
    shutil.copytree(Path(mfa["path"]), tmp_path / "inventory" / "flow_templates" / "ours")
    shutil.copytree(Path(mfa["path"]), tmp_path / "play" / "flow_templates" / "magic-link")
    folders = {"inventory_dir": str(tmp_path / "inventory"), "playbook_dir": str(tmp_path / "play")}
    found = {each["name"]: each["path"] for each in look_up("templates", variables=folders)}
    assert found["ours"].startswith(str(tmp_path / "inventory"))
    assert found["magic-link"].startswith(str(tmp_path / "play"))


def test_templates_of_the_service(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    found = look_up("service_templates")
    assert found
    assert set(found[0]) == {"id", "name", "keywords", "methods", "tags"}
    assert paths(emulator) == ["/v1/mgmt/flow/template/list"]


def test_theme(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    emulator.edit("set_theme", styles=sample("basicstyle.json")["styles"])
    (theme,) = look_up("theme")
    assert theme["styles"] == sample("basicstyle.json")["styles"]
    assert len(look_up("theme", "flows")) == 7


def test_one_request_per_answer_in_a_run(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    for _again in range(3):
        look_up("tenants", domain="acme.example")
        look_up("tenants", name="Acme")
        look_up("tenants", id="acme")
        look_up("projects")
    assert paths(emulator) == ["/v1/mgmt/tenant/all", "/v1/mgmt/tenant", "/v1/mgmt/projects/list"]
    # A handshake belongs to a process that really asks.
    assert len(emulator.requests()) == 6
    look_up("tenants", project_id="P2other")
    assert len(paths(emulator)) == 4


def test_the_cache_can_be_turned_off(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    look_up("tenants")
    emulator.edit("delete_tenant", id="acme-emea")
    assert len(look_up("tenants")) == 3
    assert len(look_up("tenants", cache=False)) == 2
    assert paths(emulator) == ["/v1/mgmt/tenant/all"] * 2


def test_the_cache_holds_no_key_and_is_private(look_up: LookUp, tmp_path: Path) -> None:
    look_up("tenants")
    files = list(tmp_path.iterdir())
    assert files
    for path in files:
        assert KEY not in path.read_text() + path.name
        assert path.stat().st_mode & 0o077 == 0


def test_a_failed_answer_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        once_per_run(["a"], lambda: 1 / 0, folder=str(tmp_path))
    assert once_per_run(["a"], lambda: 5, folder=str(tmp_path)) == 5
    assert once_per_run(["a"], lambda: 6, folder=str(tmp_path)) == 5


@pytest.mark.parametrize(
    ("terms", "options", "text"),
    [
        ([], {}, "_terms: is missing"),
        (["tenant"], {}, "'tenant' is not known"),
        (["projects"], {"name": "x"}, "name: selects tenants, flows, templates"),
        (["flows"], {"domain": "x"}, "domain: selects tenants"),
        (["tenants"], {"management_key": "nope"}, "management_key: is malformed"),
        (["tenants"], {"management_key": "Kwrong"}, "The management key was rejected"),
        (["tenants"], {"base_url": "http://127.0.0.1:9"}, "Cannot connect to 127.0.0.1:9"),
    ],
)
def test_errors(terms: list[str], options: dict[str, Any], text: str, look_up: LookUp) -> None:
    with pytest.raises(AnsibleError, match=text) as caught:
        look_up(*terms, **options)
    assert KEY not in str(caught.value)
    assert "pcc.identity.descope_info" in str(caught.value)


def test_a_limited_key_may_not_list_projects(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    emulator.switches(company_key="no")
    with pytest.raises(AnsibleError, match="not limited to some projects"):
        look_up("projects")


def test_options_come_from_variables_and_environment(
    look_up: LookUp, emulator: ThreadedEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESCOPE_PROJECT_ID", PROJECT_ID)
    variables = {"descope_management_key": KEY, "descope_base_url": emulator.base_url}
    assert len(load().run(["tenants"], variables, rate_limit_backend="memory")) == 3


def test_templates_in_the_variables_are_resolved(look_up: LookUp, emulator: ThreadedEmulator) -> None:
    variables = {
        "descope_project_id": template("{{ project }}"),
        "descope_management_key": template("{{ key }}"),
        "descope_base_url": template("{{ url }}"),
        "project": PROJECT_ID,
        "key": KEY,
        "url": emulator.base_url,
    }
    plugin = descope_info.LookupModule(templar=Templar(loader=DataLoader(), variables=variables))
    plugin._load_name = NAME
    assert len(plugin.run(["tenants"], variables, rate_limit_backend="memory")) == 3


def template(text: str) -> str:
    """From ansible-core 2.19 on, only text that is marked as trusted is a template."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return text
    return trust_as_template(text)
