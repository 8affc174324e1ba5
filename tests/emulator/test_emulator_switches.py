# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch does what it says, with each of its values."""

from __future__ import annotations

import json

import pytest
from emulator_api import SECOND_PROJECT, error, small_flow

from emulator.switches import SWITCHES, Switches
from emulator.testing import KEY, PROJECT_ID, ControlError

CREATE = "/v1/mgmt/tenant/create"
UPDATE = "/v1/mgmt/tenant/update"
SETTINGS = "/v1/mgmt/tenant/settings"
PASSWORD = "/v1/mgmt/password/settings"
ROLES = "/v1/mgmt/tenant/updateDefaultRoles"
PAIRS = [(switch.name, value) for switch in SWITCHES for value in switch.values]
COVERED: set[tuple[str, object]] = set()


def values(name: str):
    """Parametrise with all declared values of a switch, and note that it is covered."""
    (switch,) = [each for each in SWITCHES if each.name == name]
    COVERED.update((name, value) for value in switch.values)
    return pytest.mark.parametrize("value", switch.values)


@values("duplicate_status")
def test_duplicate_status(api, emulator, value):
    emulator.switches(duplicate_status=value)
    api.create("Acme", id="acme", selfProvisioningDomains=["acme.com"])
    for body in ({"name": "Acme"}, {"name": "B", "id": "acme"}, {"name": "B", "selfProvisioningDomains": ["acme.com"]}):
        assert api.post(CREATE, **body).status_code == value
    assert api.ids() == ["acme"]


@values("duplicate_code")
def test_duplicate_code(api, emulator, value):
    emulator.switches(duplicate_code=value)
    api.create("Acme")
    assert error(api.post(CREATE, name="Acme")) == (400, value)


@values("undeclared_attribute")
def test_undeclared_attribute(api, emulator, value):
    emulator.switches(undeclared_attribute=value)
    answer = api.post(CREATE, id="acme", name="Acme", customAttributes={"tier": "gold", "nope": 1})
    if value == "refuse":
        assert answer.status_code == 400
        assert api.ids() == []
    else:
        assert answer.status_code == 200
        assert api.load("acme")["customAttributes"] == {"tier": "gold"}


@values("invalid_key_status")
def test_invalid_key_status(connect, emulator, value):
    emulator.switches(invalid_key_status=value)
    for bearer in (f"{PROJECT_ID}:wrong", PROJECT_ID, ""):
        assert connect(bearer).get("/v1/mgmt/tenant/all").status_code == value


@values("unknown_project_status")
def test_unknown_project_status(connect, emulator, value):
    emulator.switches(unknown_project_status=value)
    assert error(connect(f"Pnope:{KEY}").get("/v1/mgmt/tenant/all")) == (value, "E011008")


@values("delete_parent")
def test_delete_parent(api, emulator, value):
    emulator.switches(delete_parent=value)
    api.create("Top", id="top")
    api.create("Child", id="child", parent="top", selfProvisioningDomains=["child.com"])
    api.create("Leaf", id="leaf", parent="child")
    api.create("Other", id="other")
    answer = api.post("/v1/mgmt/tenant/delete", id="top", cascade=True)
    if value == "refuse":
        assert answer.status_code == 400
        assert api.ids() == ["top", "child", "leaf", "other"]
    else:
        assert answer.status_code == 200
        assert api.ids() == ["other"]
        api.create("Child", id="child", selfProvisioningDomains=["child.com"])


@values("domain_case")
def test_domain_case(api, emulator, value):
    emulator.switches(domain_case=value)
    api.create("Acme", id="acme", selfProvisioningDomains=["Acme.COM"])
    api.post(SETTINGS, tenantId="acme", selfProvisioningDomains=["Acme.COM"], domains=["SSO.acme.com"])
    expected = (["Acme.COM"], ["SSO.acme.com"]) if value == "keep" else (["acme.com"], ["sso.acme.com"])
    for shown in (api.load("acme"), api.get(SETTINGS, id="acme").json()):
        assert (shown["selfProvisioningDomains"], shown["domains"]) == expected


@values("list_order")
def test_list_order(api, connect, emulator, value):
    emulator.switches(list_order=value)
    order = list if value == "as_sent" else lambda entries: list(entries)[::-1]
    lists = {
        "selfProvisioningDomains": ["a.com", "b.com"],
        "enforceSSOExclusions": ["a", "b"],
        "federatedAppIds": ["c", "d"],
    }
    api.create("Acme", id="acme", customAttributes={"regions": ["eu", "us"]}, **lists)
    api.post(ROLES, id="acme", defaultRoles=["Tenant Admin", "Support"])
    api.create("One", id="one", parent="acme")
    api.create("Two", id="two", parent="acme")
    tenant = api.load("acme")
    assert {name: tenant[name] for name in lists} == {name: order(entries) for name, entries in lists.items()}
    assert tenant["customAttributes"]["regions"] == order(["eu", "us"])
    assert tenant["successors"] == order(["one", "two"])
    assert tenant["defaultRoles"] == order(["Tenant Admin", "Support"])
    assert api.ids() == api.found() == order(["acme", "one", "two"])
    api.post(SETTINGS, tenantId="acme", domains=["x.com", "y.com"], selfProvisioningDomains=["a.com", "b.com"])
    settings = api.get(SETTINGS, id="acme").json()
    assert (settings["domains"], settings["selfProvisioningDomains"]) == (
        order(["x.com", "y.com"]),
        order(["a.com", "b.com"]),
    )
    listed = connect(KEY).http.post("/v1/mgmt/projects/list").json()["projects"]
    assert [project["id"] for project in listed] == order([PROJECT_ID, SECOND_PROJECT])


@values("visibility_delay")
def test_visibility_delay(api, emulator, value):
    api.create("Old", id="old")
    emulator.switches(visibility_delay=value)
    emulator.edit("create_tenant", tenant={"id": "console", "name": "Console"})
    expected = ["old", "console"] if value == 0 else ["console"]
    assert api.ids() == api.found() == expected
    assert api.found(tenantIds=["old"]) == (["old"] if value == 0 else [])
    assert api.load("old")["id"] == "old"
    assert api.post(CREATE, name="Old").status_code == 400


@values("load_delay")
def test_load_delay(api, emulator, value):
    emulator.switches(load_delay=value)
    api.create("Acme", id="acme")
    answer = api.get("/v1/mgmt/tenant", id="acme")
    if value == 0:
        assert answer.status_code == 200
    else:
        assert error(answer) == (404, "E112202")
    assert api.ids() == ["acme"]
    emulator.switches(load_delay=0)
    assert api.load("acme")["name"] == "Acme"


@values("patch")
def test_patch(api, emulator, value):
    emulator.switches(patch=value)
    api.create("Acme", id="acme")
    answer = api.patch(id="acme", disabled=True)
    assert answer.status_code == (200 if value == "present" else value)
    assert api.load("acme")["disabled"] is (value == "present")
    assert emulator.requests()[1]["applied"] is (value == "present")
    if value != "present":
        assert set(answer.json()) == {"code", "message", "details"}


@values("write_reply")
def test_write_reply(api, emulator, value):
    emulator.switches(write_reply=value)
    api.create("Acme", id="acme")
    for write in (
        lambda: api.post(UPDATE, id="acme", name="New", disabled=True),
        lambda: api.patch(id="acme", enforceSSO=True),
        lambda: api.post(ROLES, id="acme", defaultRoles=["Support"]),
    ):
        before = api.load("acme")
        reply = write().json()
        assert reply == ({} if value == "empty" else api.load("acme"))
        assert reply != before
    settings = api.post(SETTINGS, tenantId="acme", enabled=True).json()
    assert settings == ({} if value == "empty" else api.get(SETTINGS, id="acme").json())


@values("empty_map")
def test_empty_map(api, emulator, value):
    emulator.switches(empty_map=value)
    api.create("Acme", id="acme")
    tenant, listed = api.load("acme"), api.get("/v1/mgmt/tenant/all").json()["tenants"][0]
    settings = api.get(SETTINGS, id="acme").json()
    for shown, name in (
        (tenant, "customAttributes"),
        (listed, "customAttributes"),
        (settings, "ssoSetupSuiteSettings"),
    ):
        if value == "absent":
            assert name not in shown
        elif value == "null":
            assert shown[name] is None
        else:
            assert isinstance(shown[name], dict)
    api.patch(id="acme", customAttributes={"tier": "gold"})
    api.post(SETTINGS, tenantId="acme", ssoSetupSuiteSettings={"enabled": True})
    assert api.load("acme")["customAttributes"] == {"tier": "gold"}
    assert api.get(SETTINGS, id="acme").json()["ssoSetupSuiteSettings"]["enabled"] is True


@values("tenant_not_found_status")
def test_tenant_not_found_status(api, emulator, value):
    emulator.switches(tenant_not_found_status=value)
    assert error(api.get("/v1/mgmt/tenant", id="nope")) == (value, "E112202")
    assert error(api.post("/v1/mgmt/tenant/delete", id="nope")) == (value, "E112202")


@values("unknown_parent_status")
def test_unknown_parent_status(api, emulator, value):
    emulator.switches(unknown_parent_status=value)
    assert api.post(CREATE, name="Child", parent="nope").status_code == value
    assert api.ids() == []


@values("settings_post")
def test_settings_post(api, emulator, value):
    emulator.switches(settings_post=value)
    api.create("Acme", id="acme")
    first = {"domains": ["a.com"], "selfProvisioningDomains": ["b.com"], "authType": "oidc", "inactivityTime": 3}
    api.post(SETTINGS, tenantId="acme", **first)
    api.post(SETTINGS, tenantId="acme", enabled=True)
    after = api.get(SETTINGS, id="acme").json()
    zero = {"domains": [], "selfProvisioningDomains": [], "authType": "none", "inactivityTime": 0}
    assert {name: after[name] for name in first} == (zero if value == "reset" else first)
    assert after["enabled"] is True
    for tenant in ("", "acme"):
        api.post(PASSWORD, tenantId=tenant, minLength=10)
        api.post(PASSWORD, tenantId=tenant, enabled=True)
        stored = api.get(PASSWORD, tenantId=tenant).json()
        assert (stored["minLength"], stored["enabled"]) == (0 if value == "reset" else 10, True)


@values("patch_attributes")
def test_patch_attributes(api, emulator, value):
    emulator.switches(patch_attributes=value)
    api.create("Acme", id="acme", customAttributes={"tier": "gold", "seats": 1})
    api.patch(id="acme", customAttributes={"seats": 2})
    expected = {"seats": 2} if value == "replace" else {"tier": "gold", "seats": 2}
    assert api.load("acme")["customAttributes"] == expected


@values("update_auth_type")
def test_update_auth_type(api, emulator, value):
    emulator.switches(update_auth_type=value)
    api.create("Acme", id="acme", authType="saml")
    api.post(UPDATE, id="acme", name="Acme", authType="oidc")
    assert api.load("acme")["authType"] == ("saml" if value == "ignore" else "oidc")
    api.post(UPDATE, id="acme", name="Acme")
    assert api.load("acme")["authType"] == ("saml" if value == "ignore" else "none")


@values("list_fields")
def test_list_fields(api, emulator, value):
    emulator.switches(list_fields=value)
    api.create("Acme", id="acme")
    loaded = api.load("acme")
    gone = {"parent", "successors", "defaultRoles", "roleInheritance"} if value == "slim" else set()
    for answer in (api.get("/v1/mgmt/tenant/all"), api.post("/v1/mgmt/tenant/search")):
        (entry,) = answer.json()["tenants"]
        assert entry == {name: content for name, content in loaded.items() if name not in gone}


@values("load_shape")
def test_load_shape(api, emulator, value):
    emulator.switches(load_shape=value)
    api.create("Acme", id="acme")
    body = api.get("/v1/mgmt/tenant", id="acme").json()
    assert (body if value == "flat" else body["tenant"])["id"] == "acme"
    assert ("tenant" in body) is (value == "wrapped")


@values("search_filters")
def test_search_filters(api, emulator, value):
    emulator.switches(search_filters=value)
    api.create("One", id="one")
    api.create("Two", id="two")
    assert api.found(tenantIds=["one"], tenantNames=["Two"]) == ([] if value == "and" else ["one", "two"])
    assert api.found(tenantIds=["one"], tenantNames=["One"]) == ["one"]


@values("search_cap")
def test_search_cap(api, emulator, value):
    emulator.switches(search_cap=value)
    count = 103
    emulator.edit("create_tenants", tenants=[{"id": f"t{n}", "name": f"n{n}"} for n in range(count)])
    assert len(api.found()) == (100 if value else count)
    assert len(api.found(topLevelOnly=True)) == count
    assert len(api.ids()) == count


@values("name_match")
def test_name_match(api, emulator, value):
    emulator.switches(name_match=value)
    api.create("Acme", id="acme")
    api.create("Acme Two", id="two")
    assert api.found(tenantNames=["Acme"]) == (["acme"] if value == "exact" else ["acme", "two"])


@values("name_whitespace")
def test_name_whitespace(api, emulator, value):
    emulator.switches(name_whitespace=value)
    api.create(" Acme ", id="acme")
    assert api.load("acme")["name"] == (" Acme " if value == "keep" else "Acme")
    assert api.post(CREATE, name="Acme").status_code == (200 if value == "keep" else 400)
    assert api.post(CREATE, name="  ").status_code == (200 if value == "keep" else 400)


@values("unknown_role")
def test_unknown_role(api, emulator, value):
    emulator.switches(unknown_role=value)
    api.create("Acme", id="acme")
    answer = api.post(ROLES, id="acme", defaultRoles=["nope", "Support"])
    assert answer.status_code == (400 if value == "refuse" else 200)
    expected = {"refuse": [], "drop": ["Support"], "accept": ["nope", "Support"]}[value]
    assert api.load("acme")["defaultRoles"] == expected


@values("error_text")
def test_error_text(api, emulator, value):
    emulator.switches(error_text=value)
    keys = set(api.post(CREATE).json())
    assert keys == {"errorCode", "errorDescription"} | ({"errorMessage", "message"} if value == "full" else set())


@values("unknown_path")
def test_unknown_path(api, emulator, value):
    emulator.switches(unknown_path=value, patch=501)
    for answer, status in ((api.get("/v1/mgmt/nope"), 404), (api.patch(id="x"), 501)):
        assert answer.status_code == status
        if value == "html":
            assert answer.headers["content-type"].startswith("text/html")
            assert "<html>" in answer.text
        else:
            assert ("errorCode" in answer.json()) is (value == "descope")


@values("number_style")
def test_number_style(api, emulator, value):
    emulator.switches(number_style=value)
    sent = {"seats": 5, "regions": [1, "x", True], "trial": True, "tier": "5"}
    api.create("Acme", id="acme", customAttributes=sent)
    text = json.dumps(json.loads(api.get("/v1/mgmt/tenant", id="acme").text)["customAttributes"])
    shown = {"seats": 5.0, "regions": [1.0, "x", True], "trial": True, "tier": "5"}
    assert text == json.dumps(sent if value == "as_sent" else shown)
    assert ("5.0" in text) is (value == "float")


@values("company_key")
def test_company_key(connect, emulator, value):
    emulator.switches(company_key=value)
    for bearer in (KEY, f"{PROJECT_ID}:{KEY}"):
        answer = connect(bearer).http.post("/v1/mgmt/projects/list")
        created = connect(bearer).post("/v1/mgmt/project", name="new")
        if value == "yes":
            assert (answer.status_code, created.status_code) == (200, 200)
        else:
            assert error(answer) == error(created) == (403, "E011005")
    assert connect().get("/v1/mgmt/tenant/all").status_code == 200


# -- flows and what belongs to them ----------------------------------------------------------------------------------

EXPORT_1 = "/v1/mgmt/flow/export"
EXPORT_2 = "/v2/mgmt/flow/export"
DELETE_FLOW = "/v1/mgmt/flow/delete"


@values("list_order")
def test_list_order_of_flows(api, emulator, value):
    order = list if value == "as_sent" else lambda entries: list(entries)[::-1]
    flows = list(api.flows())
    templates = api.post("/v1/mgmt/flow/template/list").json()["templates"]
    emulator.switches(list_order=value)
    assert list(api.flows()) == order(flows)
    assert api.post("/v1/mgmt/flow/template/list").json()["templates"] == order(templates)
    emulator.edit("import_flow", flow=small_flow())
    out = api.export_flow("mine")
    old = api.post(EXPORT_1, flowId="mine").json()
    assert [entry["id"] for entry in out["metadata"]["sharedInteractions"]] == order(["a", "b"])
    assert [entry["id"] for entry in old["flow"]["sharedInteractions"]] == order(["a", "b"])
    assert [entry["id"] for entry in api.flows()["mine"]["sharedInteractions"]] == order(["a", "b"])
    assert [screen["screenId"] for screen in out["screens"]] == order(["SC1", "SC2"])
    assert [screen["id"] for screen in old["screens"]] == order(["SC1", "SC2"])
    (screen,) = [screen for screen in out["screens"] if screen["screenId"] == "SC1"]
    assert [entry["id"] for entry in screen["interactions"]] == order(["go", "no"])
    files = api.post("/v1/mgmt/project/snapshot/export").json()["files"]
    assert files["flows/flows.json"]["flows"] == order([*flows, "mine"])
    for name in ("A", "B"):
        api.post("/v1/mgmt/list", name=name, type="texts", data=["x", "y"])
    lists = api.get("/v1/mgmt/list/all").json()["lists"]
    assert [entry["name"] for entry in lists] == order(["A", "B"])


@values("visibility_delay")
def test_visibility_delay_of_flows(api, emulator, value):
    emulator.switches(visibility_delay=value)
    api.import_flow(small_flow())
    emulator.edit("import_flow", flow=small_flow(flowId="console"))
    api.import_flow(small_flow(flowId="console"))
    assert set(api.flows("mine", "console", "step-up")) == {"step-up", "console"} | ({"mine"} if value == 0 else set())
    assert api.export_flow("mine")["flowId"] == "mine"


@values("load_delay")
def test_load_delay_of_flows(api, emulator, value):
    emulator.switches(load_delay=value)
    api.import_flow(small_flow())
    for path in (EXPORT_1, EXPORT_2):
        assert api.post(path, flowId="mine").status_code == (200 if value == 0 else 404)
    assert api.flows("mine")
    assert api.post(DELETE_FLOW, ids=["mine"]).status_code == 200


@values("empty_map")
def test_empty_map_of_flows(api, emulator, value):
    emulator.switches(empty_map=value)
    for shown in (api.export_flow("step-up"), api.post("/v2/mgmt/theme/export").json()["theme"]):
        if value == "absent":
            assert "references" not in shown
        else:
            assert shown["references"] == ({} if value == "object" else None)
    api.import_flow(small_flow(references={"oauth": ["x"]}))
    assert api.export_flow("mine")["references"] == {"oauth": ["x"]}


@values("flow_unknown_export")
def test_flow_unknown_export(api, emulator, value):
    emulator.switches(flow_unknown_export=value)
    for path in (EXPORT_1, EXPORT_2):
        assert error(api.post(path, flowId="nope")) == (value, "E119007")


@values("flow_unknown_delete")
def test_flow_unknown_delete(api, emulator, value):
    emulator.switches(flow_unknown_delete=value)
    api.import_flow(small_flow())
    answer = api.post(DELETE_FLOW, ids=["mine", "nope"])
    assert answer.status_code == (200 if value == "accept" else 404)
    assert bool(api.flows("mine")) is (value == "refuse")
    assert api.post(DELETE_FLOW, ids=["step-up"]).status_code == 200


@values("flow_builtin_delete")
def test_flow_builtin_delete(api, emulator, value):
    emulator.switches(flow_builtin_delete=value)
    api.import_flow(small_flow())
    api.import_flow(small_flow(flowId="step-up"))
    answer = api.post(DELETE_FLOW, ids=["mine", "step-up"])
    assert answer.status_code == (200 if value == "allow" else 400)
    assert bool(api.flows("mine", "step-up")) is (value == "refuse")
    api.import_flow(small_flow())
    assert api.post(DELETE_FLOW, ids=["mine"]).status_code == 200


THEME = {"styles": {"light": {}}, "cssTemplate": {"light": {}}}


def deployed(api, emulator, version, there, other):
    """The paths of a version are there or not; the other version and the rest of the paths are."""
    old = {"flowId": "copy", **api.post(EXPORT_1, flowId="step-up").json()}
    bodies = {
        "flow/export": {"flowId": "step-up"},
        "flow/import": old if version == "v1" else {"flow": small_flow()},
        "theme/export": {},
        "theme/import": {"theme": THEME},
    }
    expected = 200 if there == "present" else there
    emulator.switches(**{f"flow_{version}": there})
    for path, body in bodies.items():
        answer = api.post(f"/{version}/mgmt/{path}", **body)
        assert answer.status_code == expected, path
        assert ("errorCode" in answer.json()) is False
    assert api.post(f"/{other}/mgmt/flow/export", flowId="step-up").status_code == 200
    assert api.post(f"/{other}/mgmt/theme/import", theme=THEME).status_code == 200
    assert api.flows("step-up")
    assert api.post(DELETE_FLOW, ids=["step-up"]).status_code == 200


@values("flow_v2")
def test_flow_v2(api, emulator, value):
    deployed(api, emulator, "v2", value, "v1")


@values("flow_v1")
def test_flow_v1(api, emulator, value):
    deployed(api, emulator, "v1", value, "v2")


@values("flow_list_dsl")
def test_flow_list_dsl(api, emulator, value):
    emulator.switches(flow_list_dsl=value)
    dsl = api.flows("step-up")["step-up"]["dsl"]
    assert dsl == ({} if value == "empty" else api.export_flow("step-up")["contents"])


@values("flow_list_ids")
def test_flow_list_ids(api, emulator, value):
    emulator.switches(flow_list_ids=value)
    every = list(api.flows())
    assert list(api.flows("step-up", "nope")) == (["step-up"] if value == "filter" else every)
    assert list(api.flows("nope")) == ([] if value == "filter" else every)


@values("flow_references")
def test_flow_references(api, emulator, value):
    emulator.switches(flow_references=value)
    own = emulator.edit("add_connector", name="Mail")["id"]
    sent = {"connectors": {"Mail": "CI2other", "Gone": "CI2gone"}, "oauth": ["x"]}
    api.import_flow(small_flow(references=sent))
    api.post("/v2/mgmt/theme/import", theme={"styles": {}, "references": sent})
    shown = api.export_flow("mine").get("references")
    theme = api.post("/v2/mgmt/theme/export").json()["theme"].get("references")
    if value == "computed":
        assert shown == {"connectors": {"Mail": own}, "oauth": ["x"]}
    else:
        assert shown == (sent if value == "as_sent" else None)
    assert theme == (None if value == "absent" else sent)


@values("flow_zero_values")
def test_flow_zero_values(api, emulator, value):
    emulator.switches(flow_zero_values=value)
    zero = {"description": "", "disabled": False, "translation": None}
    api.import_flow(small_flow(metadata=zero | {"name": "Mine", "sharedInteractions": [{"id": "a", "label": ""}]}))
    out = api.export_flow("mine")
    old = api.post(EXPORT_1, flowId="mine").json()
    shared = {"id": "a", "type": "", "label": "", "icon": "", "subType": ""}
    if value == "present":
        assert out["metadata"] == {
            "name": "Mine",
            "description": "",
            "componentsVersion": "3.18.2",
            "disabled": False,
            "fingerprint": False,
            "widget": False,
            "translation": None,
            "sharedInteractions": [shared],
            "management": False,
            "managementConfig": None,
        }
        assert out["screens"][0]["interactions"][1] == shared | {"id": "no", "label": "No"}
        assert out["screens"][1]["interactions"] == []
        assert (old["flow"]["translate"], old["flow"]["translateTargetLangs"]) == (False, [])
        assert old["flow"]["sharedInteractions"] == [shared]
    else:
        assert out["metadata"] == {"name": "Mine", "componentsVersion": "3.18.2", "sharedInteractions": [{"id": "a"}]}
        assert out["screens"][0]["interactions"][1] == {"id": "no", "label": "No"}
        assert "interactions" not in out["screens"][1]
        assert "translate" not in old["flow"]
        assert old["flow"]["sharedInteractions"] == [{"id": "a"}]
    assert api.flows()["mine"]["translate"] is False


@values("theme_import")
def test_theme_import(api, emulator, value):
    emulator.switches(theme_import=value)
    api.post("/v2/mgmt/theme/import", theme={"styles": {"light": {"a": {"x": 1, "y": [1]}}, "dark": {"b": 1}}})
    api.post("/v2/mgmt/theme/import", theme={"styles": {"light": {"a": {"y": [2]}, "c": 1}}})
    merged = {"light": {"a": {"x": 1, "y": [2]}, "c": 1}, "dark": {"b": 1}}
    expected = merged if value == "upsert" else {"light": {"a": {"y": [2]}, "c": 1}}
    assert api.post("/v2/mgmt/theme/export").json()["theme"]["styles"] == expected
    api.post("/v1/mgmt/theme/import", theme={"cssTemplate": {"z": 1}})
    assert api.post("/v2/mgmt/theme/export").json()["theme"]["styles"] == {"z": 1}


@values("snapshots")
def test_snapshots(api, emulator, value):
    emulator.switches(snapshots=value)
    answer = api.post("/v1/mgmt/project/snapshot/export")
    if value == "allowed":
        assert answer.status_code == 200
    else:
        assert error(answer) == (403, "E111703")


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_a_flow_lives_under_every_value(api, emulator, name, value):
    """In one of its forms at least."""
    if name == "load_delay" and value:
        return
    emulator.switches(**{name: value})
    if name == "flow_v2" and value != "present":
        flow = api.post(EXPORT_1, flowId="sign-in").json()
        assert api.post("/v1/mgmt/flow/import", flowId="mine", **flow).status_code == 200
        assert api.post(EXPORT_1, flowId="mine").json()["flow"]["dsl"] == flow["flow"]["dsl"]
    else:
        flow = api.export_flow("sign-in")
        api.import_flow(flow | {"flowId": "mine"})
        # under list_order=reversed every import turns the order around
        out = api.export_flow("mine")
        assert out["contents"] == flow["contents"]
        assert [screen["contents"] for screen in out["screens"]] == [screen["contents"] for screen in flow["screens"]]
    assert api.post(DELETE_FLOW, ids=["mine"]).status_code == 200
    assert "mine" not in api.flows()


# -- roles, permissions, snapshots, audit ----------------------------------------------------------------------------

ROLE = "/v1/mgmt/role"
PERMISSION = "/v1/mgmt/permission"
IMPORT = "/v1/mgmt/project/snapshot/import"


def role_of(api, name):
    return next(role for role in api.get(f"{ROLE}/all").json()["roles"] if role["name"] == name)


@values("unknown_permission")
def test_unknown_permission(api, emulator, value):
    emulator.switches(unknown_permission=value)
    body = {"name": "New", "permissionNames": ["nope", "User Admin"]}
    made = api.post(f"{ROLE}/create", **body)
    changed = api.post(f"{ROLE}/update", name="Support", newName="Support", permissionNames=["nope", "User Admin"])
    if value == "refuse":
        assert error(made) == error(changed) == (400, "E119010")
        assert role_of(api, "Support")["permissionNames"] == []
    else:
        assert made.json()["permissionNames"] == ["User Admin"]
        assert role_of(api, "Support") == changed.json()
        assert changed.json()["permissionNames"] == ["User Admin"]


@values("role_update_flags")
def test_role_update_flags(api, emulator, value):
    emulator.switches(role_update_flags=value)
    api.post(f"{ROLE}/create", name="New", default=True, private=True)
    changed = api.post(f"{ROLE}/update", name="New", newName="New", private=False).json()
    assert (changed["default"], changed["private"]) == (value == "keep", False)
    assert role_of(api, "New") == changed


@values("role_not_found_status")
def test_role_not_found_status(api, emulator, value):
    emulator.switches(role_not_found_status=value)
    assert error(api.post(f"{ROLE}/delete", name="nope")) == (value, "E119003")
    assert error(api.post(f"{ROLE}/update", id="nope", newName="X")) == (value, "E119003")
    assert error(api.post(f"{PERMISSION}/delete", name="nope")) == (value, "E119010")


@values("batch_unknown")
def test_batch_unknown(api, emulator, value):
    emulator.switches(batch_unknown=value)
    api.post(f"{PERMISSION}/create", name="Mine")
    roles = api.post(f"{ROLE}/delete/batch", roleNames=["nope", "Support"])
    permissions = api.post(f"{PERMISSION}/delete/batch", ids=["nope"], names=["Mine"])
    assert roles.status_code == permissions.status_code == (404 if value == "refuse" else 200)
    assert ("Support" in api.get(f"{ROLE}/all").text) is (value == "refuse")
    assert ("Mine" in api.get(f"{PERMISSION}/all").text) is (value == "refuse")
    # What is wrong otherwise is refused all the same.
    assert error(api.post(f"{PERMISSION}/delete/batch", names=["nope", "User Admin"]))[0] in (400, 404)
    assert "User Admin" in api.get(f"{PERMISSION}/all").text


@values("list_order")
def test_list_order_of_roles(api, emulator, value):
    order = list if value == "as_sent" else lambda entries: list(entries)[::-1]
    emulator.switches(list_order=value)
    made = api.post(f"{ROLE}/create", name="New", permissionNames=["User Admin", "SSO Admin"]).json()
    assert made["permissionNames"] == order(["User Admin", "SSO Admin"])
    assert role_of(api, "New") == made
    for answer in (api.get(f"{ROLE}/all"), api.post(f"{ROLE}/search")):
        assert [role["name"] for role in answer.json()["roles"]] == order(["Tenant Admin", "Support", "New"])
    names = [entry["name"] for entry in api.get(f"{PERMISSION}/all").json()["permissions"]]
    assert names == order(["Impersonate", "SSO Admin", "User Admin"])


@values("visibility_delay")
def test_visibility_delay_of_roles(api, emulator, value):
    emulator.switches(visibility_delay=value)
    api.post(f"{PERMISSION}/create", name="Mine")
    made = api.post(f"{ROLE}/create", name="New", permissionNames=["Mine"])
    assert made.status_code == 200
    emulator.edit("add_role", name="Console")
    names = {"Tenant Admin", "Support", "Console"} | ({"New"} if value == 0 else set())
    for answer in (api.get(f"{ROLE}/all"), api.post(f"{ROLE}/search")):
        assert {role["name"] for role in answer.json()["roles"]} == names
    assert ("Mine" in api.get(f"{PERMISSION}/all").text) is (value == 0)
    assert api.post(f"{ROLE}/update", id=made.json()["id"], newName="Newer").status_code == 200


@values("snapshots")
def test_snapshots_of_all_paths(api, emulator, value):
    emulator.switches(snapshots=value)
    files = {"roles.json": {"roles": [{"name": "New"}]}}
    for path in ("snapshot/export", "snapshot/validate", "snapshot/import", "export", "import"):
        answer = api.post(f"/v1/mgmt/project/{path}", files=files)
        assert answer.status_code == (200 if value == "allowed" else 403), path
        if value == "refused":
            assert error(answer) == (403, "E111703")
    assert ("New" in api.get(f"{ROLE}/all").text) is (value == "allowed")


@values("snapshot_secrets")
def test_snapshot_secrets(api, emulator, value):
    emulator.switches(snapshot_secrets=value)
    connector = emulator.edit("add_connector", name="Mail", type="smtp", secrets={"password": "x"})
    files = api.post("/v1/mgmt/project/snapshot/export").json()["files"]
    text = "PLACEHOLDER_VALUE" if value == "placeholder" else ""
    assert files[f"connectors/smtp-{connector['id']}.json"] == {
        "id": connector["id"],
        "name": "Mail",
        "type": "smtp",
        "secrets": {"password": text},
    }
    # Neither is a value.
    assert api.post(IMPORT, files=files).status_code == 200
    assert emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["connectors"]["Mail"] == connector


@values("snapshot_import")
def test_snapshot_import(api, emulator, value):
    files = api.post("/v1/mgmt/project/snapshot/export").json()["files"]
    emulator.switches(snapshot_import=value)
    emulator.edit("import_flow", flow=small_flow())
    emulator.edit("add_permission", name="Mine")
    emulator.edit("add_role", name="New", permissionNames=["Mine"])
    emulator.edit("add_connector", name="Mail")
    emulator.edit("declare_attribute", name="extra")
    api.post("/v1/mgmt/list", name="L", type="texts")
    assert api.post(IMPORT, files=files).status_code == 200
    state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]
    there = [
        "mine" in state["flows"],
        "Mine" in {entry["name"] for entry in state["permissions"]},
        "New" in {role["name"] for role in state["roles"]},
        "Mail" in state["connectors"],
        "extra" in state["attributes"],
        bool(state["lists"]),
    ]
    assert there == [value == "merge"] * len(there)


@values("snapshot_project")
def test_snapshot_project(api, emulator, value):
    emulator.switches(snapshot_project=value)
    files = api.post("/v1/mgmt/project/snapshot/export").json()["files"]
    emulator.edit("update_project", name="new", environment="production", tags=["x"])
    assert api.post(IMPORT, files=files).status_code == 200
    state = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]
    expected = ("first", "", []) if value == "apply" else ("new", "production", ["x"])
    assert (state["name"], state["environment"], state["tags"]) == expected


@values("audit_lag")
def test_audit_lag(api, emulator, value):
    emulator.switches(audit_lag=value)
    api.create("Acme")
    api.post("/v1/mgmt/audit/event", action="custom")
    found = api.post("/v1/mgmt/audit/search").json()
    assert [record["action"] for record in found["audits"]] == (["custom", "tenant.create"] if value == 0 else [])
    assert found["total"] == len(found["audits"])
    emulator.switches(audit_lag=0)
    assert api.post("/v1/mgmt/audit/search").json()["total"] == 2


def test_every_switch_has_a_test_of_every_value():
    assert set(PAIRS) == COVERED


@pytest.mark.parametrize(("name", "value"), PAIRS)
def test_a_tenant_lives_under_every_value(api, emulator, name, value):
    """Whatever the switch, the common path works and answers JSON."""
    emulator.switches(**{name: value})
    tenant_id = api.create("Acme", customAttributes={"tier": "gold"}, selfProvisioningDomains=["acme.com"])
    assert api.post(UPDATE, id=tenant_id, name="New").status_code == 200
    assert api.post(SETTINGS, tenantId=tenant_id, enabled=True).status_code == 200
    assert [tenant["name"] for tenant in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["tenants"].values()] == [
        "New"
    ]
    assert api.post("/v1/mgmt/tenant/delete", id=tenant_id).status_code == 200
    assert api.ids() == []


def test_switches_are_described():
    for switch in SWITCHES:
        assert switch.default == switch.values[0], "the default is the first value"
        assert switch.meaning
        assert switch.reference[0].isdigit()
        assert len(switch.values) > 1
    names = [switch.name for switch in SWITCHES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({"nope": "x"}, "duplicate_status"),
        ({"patch": "403"}, "present|404|405|501"),
        ({"visibility_delay": -1}, "a number"),
        ({"visibility_delay": "nan"}, "a number"),
        ({"visibility_delay": "inf"}, "a number"),
        ({"load_delay": True}, "a number"),
        ({"duplicate_code": ""}, "any text"),
        ({"patch": 404, "company_key": "maybe"}, "yes|no"),
        ({"patch": 404, "company_key": None}, "yes|no"),
    ],
)
def test_bad_switches_change_nothing_and_name_what_is_allowed(emulator, values, allowed):
    before = emulator.switches()
    with pytest.raises(ControlError) as caught:
        emulator.switches(**values)
    assert allowed in str(caught.value)
    assert emulator.switches() == before


def test_text_and_numbers_mean_the_same():
    assert Switches({"duplicate_status": "409"})["duplicate_status"] == 409
    assert Switches({"duplicate_status": 409})["duplicate_status"] == 409
    assert Switches({"visibility_delay": "1.5"})["visibility_delay"] == 1.5


def test_reset_brings_the_switches_of_the_start_back(emulator):
    emulator.switches(patch=404)
    emulator.reset("switches")
    assert emulator.switches()["patch"] == "present"
