# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots have the files that the sources name. For imports there is another file."""

from __future__ import annotations

from emulator_api import FLOWS, sample, small_flow

from emulator.descope.snapshots import screen_slugs

EXPORT = "/v1/mgmt/project/snapshot/export"


def test_files(api, emulator):
    connector = emulator.edit("add_connector", name="Mail", type="smtp")
    api.post("/v1/mgmt/list", name="L", type="texts", data=["a"])
    api.post("/v2/mgmt/theme/import", theme=sample("basicstyle"))
    api.post("/v1/mgmt/flow/delete", ids=[flow_id for flow_id in api.flows() if flow_id != "step-up"])
    api.import_flow(small_flow(references={"connectors": {"Mail": connector["id"]}}))
    files = api.http.post(EXPORT).json()["files"]
    slug = f"smtp-{connector['id']}"
    assert [path for path in files if not path.startswith("flows/step-up/")] == [
        "project.json",
        "auth/password.json",
        "connectors/connectors.json",
        f"connectors/{slug}.json",
        "flows/flows.json",
        "flows/mine/metadata.json",
        "flows/mine/contents.json",
        "flows/mine/screen-1.json",
        "flows/mine/screen-2.json",
        "styles/styles.json",
        "roles.json",
        "permissions.json",
        "lists.json",
        "attributes.json",
    ]
    assert files["connectors/connectors.json"] == {"connectors": [slug]}
    assert files[f"connectors/{slug}.json"] == connector
    assert files["flows/flows.json"] == {"flows": ["step-up", "mine"]}
    assert files["flows/mine/metadata.json"] == {
        "name": "Mine",
        "description": "",
        "disabled": False,
        "fingerprint": False,
        "componentsVersion": "3.18.2",
        "sharedInteractions": [{"id": "a", "type": "x"}, {"id": "b", "label": "B"}],
        "screens": ["1", "2"],
        "references": {"connectors": {"Mail": connector["id"]}},
    }
    assert files["flows/mine/contents.json"] == small_flow()["contents"]
    screen = files["flows/mine/screen-1.json"]
    assert set(screen) == {"screenId", "contents", "interactions"}
    assert screen["interactions"][1] == {"id": "no", "type": "", "label": "No", "icon": "", "subType": ""}
    assert "references" not in files["flows/step-up/metadata.json"]
    assert files["styles/styles.json"]["styles"] == sample("basicstyle")["styles"]
    assert {role["name"] for role in files["roles.json"]["roles"]} == {"Tenant Admin", "Support"}
    assert files["permissions.json"] == {"permissions": []}, "system defaults are everywhere"
    assert files["auth/password.json"]["minLength"] == 0
    assert [entry["name"] for entry in files["lists.json"]["lists"]] == ["L"]
    assert {entry["name"] for entry in files["attributes.json"]["tenant"]} == {"tier", "seats", "trial", "regions"}
    assert emulator.requests()[-1]["kind"] == "read"


def test_slugs():
    """From the name of the task; twins get the end of the screen's id."""
    (flow,) = [flow for flow in FLOWS if flow["flowId"] == "user-profile-set-phone"]
    assert sorted(screen_slugs(flow).values()) == [
        "magic-link-sent",
        "set-phone",
        "verified-successfully-8q8Z",
        "verified-successfully-CwYn",
        "verify-otp",
    ]
    nameless = small_flow()
    nameless["contents"]["tasks"]["1"]["name"] = "New Screen"
    assert screen_slugs(nameless) == {"SC1": "1", "SC2": "2"}
    nameless["contents"]["tasks"]["1"]["name"] = "!"
    assert screen_slugs(nameless)["SC1"] == "1"


def test_a_widget_flow_says_so(api):
    api.import_flow(FLOWS[3])
    files = api.post(EXPORT, format="plain").json()["files"]
    assert files[f"flows/{FLOWS[3]['flowId']}/metadata.json"]["widget"] is True
    assert api.post(EXPORT, format=5).status_code == 400
