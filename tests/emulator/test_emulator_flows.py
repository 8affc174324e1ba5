# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows: what goes in comes out, in both forms, and lists, versions and references are right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from descope import AuthException, DescopeClient
from emulator_api import FLOWS, SECOND_PROJECT, Api, error, small_flow

from emulator.testing import KEY, PROJECT_ID, ControlError, running

BUILTIN = ["sign-up-or-in", "sign-up", "sign-in", "step-up", "update-user", "add-passkeys"]
VERSION = "3.18.2"


def plain(flow: dict[str, Any]) -> dict[str, Any]:
    """A flow without what the service fills in or leaves out."""

    def full(value: dict[str, Any]) -> dict[str, Any]:
        return {key: entry for key, entry in value.items() if entry not in (None, "", False, [], {})}

    metadata = full(flow["metadata"])
    metadata.pop("componentsVersion", None)
    if "sharedInteractions" in metadata:
        metadata["sharedInteractions"] = [full(entry) for entry in metadata["sharedInteractions"]]
    screens = [
        full(screen | {"interactions": [full(entry) for entry in screen.get("interactions") or []]})
        for screen in flow["screens"]
    ]
    rest = {key: value for key, value in flow.items() if key != "references"}
    return rest | {"metadata": metadata, "screens": screens}


def stored(emulator, flow_id: str, project: str = PROJECT_ID) -> dict[str, Any]:
    return emulator.state(project)["projects"][project]["flows"][flow_id]


# -- the built-in flows ----------------------------------------------------------------------------------------------


def test_a_new_project_has_flows(api, connect):
    assert list(api.flows()) == BUILTIN
    assert api.flows("sign-up-or-in")["sign-up-or-in"]["name"] == "Sign Up or In"
    project = connect(KEY).post("/v1/mgmt/project", name="new").json()["id"]
    assert list(connect(f"{project}:{KEY}").flows()) == BUILTIN


def test_an_empty_body_lists_all(api):
    answer = api.http.post("/v1/mgmt/flow/list").json()
    assert [flow["id"] for flow in answer["flows"]] == BUILTIN
    assert answer["total"] == len(BUILTIN) > 5
    assert api.post("/v1/mgmt/flow/list").json() == answer
    assert list(api.flows("step-up", "nope")) == ["step-up"]


def test_an_entry_of_the_list_has_zero_values(api):
    api.import_flow(FLOWS[0])
    entry = api.flows()["basic-flow"]
    assert isinstance(entry.pop("etag"), str)
    assert entry.pop("modifiedTime").isdigit()
    assert entry == {
        "id": "basic-flow",
        "version": 1,
        "name": "Basic Flow",
        "description": "A flow for testing",
        "dsl": {},
        "disabled": False,
        "translate": False,
        "translateConnectorID": "",
        "translateSourceLang": "",
        "translateTargetLangs": [],
        "fingerprint": False,
        "widget": False,
        "sharedInteractions": [],
        "management": False,
        "managementConfig": None,
        "referencesGlobalStrings": False,
    }


# -- round trips -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow["metadata"]["name"])
def test_every_sample_comes_back(api, emulator, flow):
    api.import_flow(flow)
    out = api.export_flow(flow["flowId"])
    assert plain(out) == plain(flow)
    assert out["metadata"]["componentsVersion"] == VERSION
    # an export can be imported, and gives the same export
    api.import_flow(out)
    assert api.export_flow(flow["flowId"]) == out
    assert plain(stored(emulator, flow["flowId"])["flow"]) == plain(flow)
    old = api.post("/v1/mgmt/flow/export", flowId=flow["flowId"]).json()
    answer = api.post("/v1/mgmt/flow/import", flowId=flow["flowId"], **old)
    assert answer.status_code == 200, answer.text
    assert plain(api.export_flow(flow["flowId"])) == plain(flow)


@pytest.mark.parametrize("flow_id", BUILTIN)
def test_built_in_flows_come_back(api, flow_id):
    out = api.export_flow(flow_id)
    api.import_flow(out)
    assert api.export_flow(flow_id) == out


V1 = {
    "flow": {
        "id": "another",
        "name": "Old",
        "description": "of the console",
        "dsl": small_flow()["contents"],
        "version": 15,
        "modifiedTime": 1725220394,
        "etag": "x",
        "disabled": True,
        "translate": True,
        "translateConnectorID": "CI2x",
        "translateSourceLang": "en",
        "translateTargetLangs": ["de", "fr"],
        "fingerprint": True,
        "widget": True,
        "management": True,
        "managementConfig": {"triggers": {"enabled": True}},
        "referencesGlobalStrings": True,
        "sharedInteractions": [{"id": "a", "type": "success", "label": "", "icon": "", "subType": ""}],
    },
    "screens": [
        {
            "id": "SC1",
            "version": 14,
            "flowId": "another",
            "inputs": [{"name": "email", "required": True}],
            "interactions": [{"id": "go", "type": "submit", "label": "Go", "icon": "", "subType": ""}],
            "htmlTemplate": {"ROOT": {"nodes": []}},
            "componentsVersion": "2.0.322",
        }
    ],
}


def test_v1_comes_back(api):
    """Nothing is lost but what the service itself numbers."""
    answer = api.post("/v1/mgmt/flow/import", flowId="old", **V1)
    assert answer.status_code == 200, answer.text
    out = api.post("/v1/mgmt/flow/export", flowId="old").json()
    assert answer.json() == out
    assert isinstance(out["flow"]["modifiedTime"], int)
    own = {name: out["flow"][name] for name in ("etag", "modifiedTime")}
    assert out["flow"] == V1["flow"] | {"id": "old", "version": 1, **own}
    (screen,) = out["screens"]
    assert screen == V1["screens"][0] | {"flowId": "old", "version": 1, "componentsVersion": VERSION}
    assert api.post("/v1/mgmt/flow/import", flowId="old", **out).json()["flow"]["version"] == 2


def test_v1_becomes_v2(api):
    api.post("/v1/mgmt/flow/import", flowId="old", **V1)
    assert plain(api.export_flow("old")) == {
        "flowId": "old",
        "metadata": {
            "name": "Old",
            "description": "of the console",
            "disabled": True,
            "fingerprint": True,
            "widget": True,
            "management": True,
            "managementConfig": {"triggers": {"enabled": True}},
            "sharedInteractions": [{"id": "a", "type": "success"}],
            "translation": {
                "enabled": True,
                "connectorId": "CI2x",
                "sourceLanguage": "en",
                "targetLanguages": ["de", "fr"],
            },
        },
        "contents": V1["flow"]["dsl"],
        "screens": [
            {
                "screenId": "SC1",
                "contents": {"ROOT": {"nodes": []}},
                "interactions": [{"id": "go", "type": "submit", "label": "Go"}],
            }
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"flowId": "", **V1},
        {"flowId": "x"},
        {"flowId": "x", "flow": []},
        {"flowId": "x", "flow": {"name": "x"}, "screens": []},
        {"flowId": "x", "flow": V1["flow"], "screens": {}},
        {"flowId": "x", "flow": V1["flow"], "screens": ["x"]},
        {"flowId": "x", "flow": V1["flow"], "screens": []},
        {"flowId": "x", "flow": V1["flow"] | {"name": ""}, "screens": V1["screens"]},
        {"flowId": 5, **V1},
    ],
)
def test_v1_is_checked_too(api, body):
    assert api.post("/v1/mgmt/flow/import", **body).status_code == 400
    assert list(api.flows()) == BUILTIN


# -- import ----------------------------------------------------------------------------------------------------------


def test_an_import_overwrites_and_counts(api, emulator):
    api.import_flow(small_flow())
    first = api.flows()["mine"]
    api.import_flow(small_flow())
    second = api.flows()["mine"]
    assert (first["version"], second["version"]) == (1, 2)
    assert first["etag"] != second["etag"]
    api.import_flow(small_flow(metadata={"name": "Other"}))
    assert plain(api.export_flow("mine"))["metadata"] == {"name": "Other"}
    assert [entry["kind"] for entry in emulator.requests()] == [
        *("write", "read", "write", "read"),
        *("write", "read"),
    ]


def test_what_the_service_does_not_know_stays(api):
    api.import_flow(small_flow(metadata__future={"a": [1]}, contents__tasks__1__future=None))
    out = api.export_flow("mine")
    assert out["metadata"]["future"] == {"a": [1]}
    assert out["contents"]["tasks"]["1"]["future"] is None


def test_null_is_absent(api):
    flow = small_flow(metadata__description=None, references=None)
    flow["screens"][1]["interactions"] = None
    api.import_flow(flow)
    out = api.export_flow("mine")
    assert out["metadata"]["description"] == ""
    assert (out["references"], out["screens"][1]["interactions"]) == ({}, [])


def test_import_needs_a_flow(api):
    assert error(api.post("/v2/mgmt/flow/import")) == (400, "E011003")
    assert api.post("/v2/mgmt/flow/import", flow=small_flow(), skipRender="x").status_code == 400
    assert api.post("/v2/mgmt/flow/import", flow=small_flow(), changelog=5).status_code == 400


def test_new_components_change_nothing_else(api, emulator):
    api.import_flow(small_flow())
    before, listed = api.export_flow("mine"), api.flows()
    emulator.edit("set_components_version", version="3.19.0")
    after = api.export_flow("mine")
    assert after["metadata"].pop("componentsVersion") == "3.19.0"
    assert before["metadata"].pop("componentsVersion") == VERSION
    assert after == before
    assert api.flows() == listed
    old = api.post("/v1/mgmt/flow/export", flowId="mine").json()
    assert {screen["componentsVersion"] for screen in old["screens"]} == {"3.19.0"}


# -- delete, unknown -------------------------------------------------------------------------------------------------


def test_delete(api):
    api.import_flow(small_flow())
    assert api.post("/v1/mgmt/flow/delete", ids=["mine", "step-up", "mine"]).json() == {}
    assert list(api.flows()) == [flow_id for flow_id in BUILTIN if flow_id != "step-up"]
    assert error(api.post("/v1/mgmt/flow/delete")) == (400, "E011003")
    api.import_flow(small_flow())
    assert api.flows()["mine"]["version"] == 1


def test_an_unknown_flow(api):
    for version in ("v1", "v2"):
        assert error(api.post(f"/{version}/mgmt/flow/export", flowId="nope")) == (404, "E119007")
        assert error(api.post(f"/{version}/mgmt/flow/export")) == (400, "E011003")


def test_projects_are_apart(api, connect):
    api.import_flow(small_flow())
    api.post("/v1/mgmt/flow/delete", ids=["step-up"])
    assert list(connect(f"{SECOND_PROJECT}:{KEY}").flows()) == BUILTIN


# -- references ------------------------------------------------------------------------------------------------------


def test_references_are_those_of_the_project(api, connect, emulator):
    flow = FLOWS[1]
    sent = flow["references"]["connectors"]["My HTTP Connector"]
    api.import_flow(flow)
    assert api.export_flow("references-flow")["references"] == {}
    emulator.edit("add_connector", name="My HTTP Connector", id=sent)
    assert api.export_flow("references-flow")["references"] == flow["references"]
    other = connect(f"{SECOND_PROJECT}:{KEY}")
    other.import_flow(flow)
    own = emulator.edit("add_connector", project=SECOND_PROJECT, name="My HTTP Connector", type="smtp")["id"]
    assert other.export_flow("references-flow")["references"] == {"connectors": {"My HTTP Connector": own}}
    assert own.startswith("CI2")
    emulator.edit("remove_connector", name="My HTTP Connector")
    assert api.export_flow("references-flow")["references"] == {}


def test_an_id_in_the_contents_is_a_reference(api, emulator):
    mail = emulator.edit("add_connector", name="Mail")["id"]
    role = emulator.edit("add_role", name="Guest")["id"]
    text = emulator.edit("add_connector", name="Translator")["id"]
    emulator.edit("add_connector", name="Unused")
    flow = small_flow(
        **{"contents__tasks__1.end__arguments": {"connectorId": {"value": mail}}},
        metadata__translation={"enabled": True, "connectorId": text},
    )
    flow["screens"][0]["contents"]["text"]["props"] = {"role": role}
    flow["references"] = {"oauth": ["google"], "userAttributes": [], "connectors": {"Gone": "CI2gone"}}
    api.import_flow(flow)
    assert api.export_flow("mine")["references"] == {
        "connectors": {"Mail": mail, "Translator": text},
        "roles": {"Guest": role},
        "oauth": ["google"],
    }


# -- edits and state -------------------------------------------------------------------------------------------------


def test_edits(api, emulator):
    assert emulator.edit("import_flow", flow=small_flow()) == {"id": "mine", "version": 1}
    etag = stored(emulator, "mine")["etag"]
    values = {
        "metadata.description": "by hand",
        "metadata.sharedInteractions": None,
        "contents.tasks.1.end.action": "denied",
        "contents.tasks.2": None,
        "screens.SC1.interactions.go.label": "Start",
        "screens.SC1.contents.text.props": {"a": 1},
        "screens.1.note": "x",
    }
    assert emulator.edit("update_flow", id="mine", set=values) == {"id": "mine", "version": 2}
    out = api.export_flow("mine")
    assert (out["metadata"]["description"], out["metadata"]["sharedInteractions"]) == ("by hand", [])
    assert out["contents"]["tasks"]["1.end"]["action"] == "denied"
    assert list(out["contents"]["tasks"]) == ["1", "1.end"]
    assert out["screens"][0]["interactions"][0]["label"] == "Start"
    assert out["screens"][0]["contents"]["text"]["props"] == {"a": 1}
    assert out["screens"][1]["note"] == "x"
    assert stored(emulator, "mine")["etag"] != etag
    assert emulator.edit("delete_flow", id="mine") == {}
    assert list(api.flows()) == BUILTIN
    assert emulator.writes() == []


@pytest.mark.parametrize(
    ("op", "values", "text"),
    [
        ("import_flow", {}, "'flow' must be given"),
        ("import_flow", {"flow": {"flowId": "x"}}, "metadata must"),
        ("update_flow", {"id": "nope", "set": {}}, "there is no flow 'nope'"),
        ("update_flow", {"id": "step-up"}, "'set' must be given"),
        ("update_flow", {"id": "step-up", "set": {"screens": 5}}, "screens must be a list"),
        ("update_flow", {"id": "step-up", "set": {"a.b": 5}}, "a.b: there is no"),
        ("update_flow", {"id": "step-up", "set": {"screens.7.b": 5}}, "screens.7.b: there is no"),
        ("update_flow", {"id": "step-up", "set": {"flowId.x": 5}}, "flowId.x: there is no"),
        ("delete_flow", {"id": "nope"}, "there is no flow"),
        ("add_connector", {}, "'name' must be given"),
        ("add_connector", {"name": "x", "type": 5}, "type"),
        ("set_theme", {"styles": []}, "'styles' must be given"),
        ("set_components_version", {}, "'version' must be given"),
    ],
)
def test_bad_edits(emulator, op, values, text):
    before = emulator.state()
    with pytest.raises(ControlError) as caught:
        emulator.edit(op, **values)
    assert text in str(caught.value)
    assert emulator.state() == before


def test_a_connector_is_there_once(emulator):
    made = emulator.edit("add_connector", name="Mail")
    for values in ({"name": "Mail"}, {"name": "Other", "id": made["id"]}):
        with pytest.raises(ControlError):
            emulator.edit("add_connector", **values)
    assert emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["connectors"] == {"Mail": made}


def test_an_edit_of_nothing_that_is_there_takes_nothing_away(api, emulator):
    emulator.edit("update_flow", id="step-up", set={"metadata.nope": None})
    assert api.flows()["step-up"]["version"] == 2


def test_the_state_survives(tmp_path):
    options = {"state_file": tmp_path / "state.json"}
    with running(**options) as emulator:
        api = Api(emulator.base_url)
        api.import_flow(small_flow())
        api.post("/v1/mgmt/flow/import", flowId="old", **V1)
        api.post("/v1/mgmt/flow/delete", ids=["step-up"])
        api.post("/v2/mgmt/theme/import", theme={"styles": {"light": {"a": 1}}, "references": {"oauth": ["x"]}})
        api.post("/v1/mgmt/list", name="L", type="texts", data=["a"])
        emulator.edit("add_connector", name="Mail")
        emulator.edit("set_components_version", version="4")
        before = emulator.state()
        exported = api.post("/v1/mgmt/flow/export", flowId="old").json()
        api.http.close()
    with running(**options) as emulator:
        assert emulator.state() == before
        api = Api(emulator.base_url)
        assert api.post("/v1/mgmt/flow/export", flowId="old").json() == exported
        emulator.edit("update_flow", id="mine", set={"metadata.name": "N"})
        assert api.flows()["mine"]["version"] == 2
        api.http.close()


def test_a_state_from_before_there_were_flows(tmp_path):
    file = tmp_path / "state.json"
    with running(state_file=file) as emulator:
        api = Api(emulator.base_url)
        api.create("Acme", id="acme")
        api.http.close()
    state = json.loads(file.read_text())
    for project in state["services"]["descope"]["projects"]:
        for name in ("componentsVersion", "connectors", "flows", "theme", "lists"):
            del project[name]
    file.write_text(json.dumps(state))
    with running(state_file=file) as emulator:
        api = Api(emulator.base_url)
        assert (api.ids(), list(api.flows())) == (["acme"], BUILTIN)
        api.http.close()


# -- the official SDK ------------------------------------------------------------------------------------------------


def test_the_sdk(emulator):
    flow = DescopeClient(PROJECT_ID, management_key=KEY, base_url=emulator.base_url).mgmt.flow
    listed = flow.list_flows()
    assert listed["total"] == len(listed["flows"]) > 5
    exported = flow.export_flow("sign-up-or-in")
    assert exported["flow"]["name"] == "Sign Up or In"
    copied = flow.import_flow("copy", exported["flow"], exported["screens"])
    assert copied["flow"] | {"etag": "", "modifiedTime": 0} == exported["flow"] | {
        "id": "copy",
        "etag": "",
        "modifiedTime": 0,
    }
    assert [screen["flowId"] for screen in copied["screens"]] == ["copy"]
    assert flow.export_flow("copy") == copied
    assert flow.delete_flows(["copy"]) == {}
    with pytest.raises(AuthException) as caught:
        flow.export_flow("copy")
    assert int(caught.value.status_code) == 404
    theme = flow.export_theme()["theme"]
    assert set(theme) == {"id", "version", "cssTemplate", "componentsVersion"}
    again = flow.import_theme(theme)["theme"]
    assert again == theme | {"version": theme["version"] + 1}
    assert flow.export_theme()["theme"] == again
    assert [entry["kind"] for entry in emulator.requests()] == [
        *("read", "read", "read", "write", "read", "write", "read"),
        *("read", "write", "read"),
    ]
