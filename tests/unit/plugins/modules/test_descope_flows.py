# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_flows) against the emulator: what a deployment does, refuses, and leaves behind."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import SAMPLES, sample, sample_flows, stored_flow, to_console_form

from .conftest import Run

OTHER = "P2otherProject0000000000001"


def paths(emulator: ThreadedEmulator, since: int = 0) -> list[str]:
    """Return the last word or two of each request's path, but for the handshake of the session."""
    return [
        entry["path"].removeprefix("/v1/mgmt/").removeprefix("/v2/mgmt/")
        for entry in emulator.requests()[since:]
        if not entry["path"].endswith("/license")
    ]


def add_names(emulator: ThreadedEmulator, project: str = PROJECT_ID) -> None:
    emulator.edit("add_connector", name="My HTTP Connector", project=project)
    emulator.edit("add_role", name="My User Role", project=project)


@pytest.mark.parametrize("flow_id", [flow["flowId"] + f"-{n}" for n, flow in enumerate(sample_flows())])
def test_every_sample_round_trips(flow_id: str, emulator: ThreadedEmulator, run: Run) -> None:
    add_names(emulator)
    definition = sample_flows()[int(flow_id.rpartition("-")[2])]
    entry = {"id": flow_id, "definition": definition}
    preview = run("descope_flows", check=True, flows=[entry])
    assert emulator.writes() == []
    first = run("descope_flows", flows=[entry])
    assert not first["failed"], first["msg"]
    assert first["changed"]
    assert first["diff"] == preview["diff"]
    assert first["summary"]["created"] == 1
    mark = len(emulator.requests())
    again = run("descope_flows", flows=[entry])
    assert not again["changed"]
    assert paths(emulator, mark) == ["flow/list", "flow/export"]
    exported = stored_flow(emulator, flow_id)
    assert exported["contents"] == definition["contents"]
    assert exported["screens"] == definition["screens"]


@pytest.mark.parametrize("form", ["v2", "v1", "reply", "widget", "snapshot", "definition"])
def test_each_form_of_an_export_is_the_same_flow(
    form: str, emulator: ThreadedEmulator, run: Run, tmp_path: Path
) -> None:
    widget = sample("testwidget.json")
    flow = next(each for each in widget["flows"] if each["flowId"] == "user-profile-set-phone")
    assert not run("descope_flows", flows=[{"definition": flow}])["failed"]
    source = tmp_path / "flow.json"
    entry: dict[str, Any] = {"id": flow["flowId"], "src": str(source)}
    if form == "v2":
        source.write_text(json.dumps(flow))
    elif form == "reply":
        source.write_text(json.dumps({"flow": flow}))
    elif form == "v1":
        source.write_text(json.dumps(to_console_form(flow)))
    elif form == "widget":
        source.write_text(json.dumps(widget))
    elif form == "definition":
        entry = {"definition": to_console_form(flow)}
    else:
        folder = tmp_path / "flows" / flow["flowId"]
        folder.mkdir(parents=True)
        slugs = [f"screen-{index}" for index, _screen in enumerate(flow["screens"])]
        for slug, screen in zip(slugs, flow["screens"], strict=True):
            (folder / f"screen-{slug}.json").write_text(json.dumps(screen))
        (folder / "contents.json").write_text(json.dumps(flow["contents"]))
        (folder / "metadata.json").write_text(json.dumps({**flow["metadata"], "screens": slugs}))
        entry["src"] = str(tmp_path)
    result = run("descope_flows", flows=[entry])
    assert not result["failed"], result["msg"]
    assert not result["changed"], result["diff"]


@pytest.mark.parametrize("name", ["connectorflow.json", "roleflow.json"])
def test_ids_of_another_project_are_remapped_by_name(name: str, emulator: ThreadedEmulator, run: Run) -> None:
    flow = copy.deepcopy(sample(name))
    kind = next(iter(flow["references"]))
    ((label, old),) = flow["references"][kind].items()
    flow["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": old}
    flow["contents"]["tasks"]["1"]["arguments"]["script"] = {"type": "inline", "value": f"call('{old}') + '{old}x'"}
    emulator.edit("add_project", project=OTHER, key=KEY)
    ids = {}
    for project in (PROJECT_ID, OTHER):
        add_names(emulator, project)
        result = run("descope_flows", project_id=project, flows=[{"definition": flow}])
        assert not result["failed"], result["msg"]
        assert not run("descope_flows", project_id=project, flows=[{"definition": flow}])["changed"]
        stored = stored_flow(emulator, "references-flow", project)
        ids[project] = stored["references"][kind][label]
        arguments = stored["contents"]["tasks"]["1"]["arguments"]
        assert arguments["used"]["value"] == ids[project]
        assert arguments["script"]["value"] == f"call('{ids[project]}') + '{old}x'"
    assert len({*ids.values(), old}) == 3


@pytest.mark.parametrize("snapshots", ["allowed", "refused"])
@pytest.mark.parametrize("kind", ["connectors", "roles"])
def test_a_name_that_the_target_does_not_have(kind: str, snapshots: str, emulator: ThreadedEmulator, run: Run) -> None:
    flow = sample("connectorflow.json" if kind == "connectors" else "roleflow.json")
    ((label, _old),) = flow["references"][kind].items()
    emulator.switches(snapshots=snapshots)
    emulator.edit(f"add_{kind[:-1]}", name="Another one")
    result = run("descope_flows", flows=[{"definition": flow}])
    assert result["failed"]
    assert label in result["msg"]
    if kind == "roles" or snapshots == "allowed":
        assert "Another one" in result["msg"]
    assert emulator.writes() == []
    mapped = run("descope_flows", flows=[{"definition": flow, kind: {label: "Another one"}}])
    if snapshots == "allowed" or kind == "roles":
        assert not mapped["failed"], mapped["msg"]
        assert not run("descope_flows", flows=[{"definition": flow}], **{kind: {label: "Another one"}})["changed"]


def test_a_connector_without_a_snapshot_is_found_in_other_flows(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.switches(snapshots="refused")
    flow = copy.deepcopy(sample("connectorflow.json"))
    object_id = emulator.edit("add_connector", name="My HTTP Connector")["id"]
    other = copy.deepcopy(flow)
    other["flowId"] = "other"
    other["references"]["connectors"]["My HTTP Connector"] = object_id
    other["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": object_id}
    emulator.edit("import_flow", flow=other)
    result = run("descope_flows", flows=[{"definition": flow}])
    assert not result["failed"], result["msg"]
    assert stored_flow(emulator, "references-flow")["references"]["connectors"] == {"My HTTP Connector": object_id}


def test_requests_of_a_deployment(emulator: ThreadedEmulator, run: Run) -> None:
    flow = copy.deepcopy(sample("basicflow.json"))
    run("descope_flows", flows=[{"definition": flow}])
    flow["contents"]["tasks"]["0"]["name"] = "Finish"
    mark = len(emulator.requests())
    result = run("descope_flows", flows=[{"definition": flow}])
    assert result["changed"]
    assert paths(emulator, mark) == ["flow/list", "flow/export", "flow/import", "flow/export"]
    assert result["requests"]["writes"] == 1


def test_requests_of_a_first_deployment(emulator: ThreadedEmulator, run: Run) -> None:
    run("descope_flows", flows=[{"definition": sample("basicflow.json")}])
    assert paths(emulator) == ["flow/list", "flow/export", "flow/import", "flow/export"]


def test_name_description_and_disabled_come_before_the_definition(emulator: ThreadedEmulator, run: Run) -> None:
    flow = sample("basicflow.json")
    entry = {"definition": flow, "id": "mine", "name": "Mine", "description": "Ours", "disabled": True}
    result = run("descope_flows", flows=[entry])
    assert any("flowId 'basic-flow'" in str(warning) for warning in result["warnings"]), result["warnings"]
    assert not any("deprecat" in str(warning).lower() for warning in result["warnings"])
    metadata = stored_flow(emulator, "mine")["metadata"]
    assert (metadata["name"], metadata["description"], metadata["disabled"]) == ("Mine", "Ours", True)
    result = run("descope_flows", flows=[{"id": "mine", "disabled": False}])
    assert result["flows"][0]["changes"] == ["disabled"]
    assert not stored_flow(emulator, "mine")["metadata"].get("disabled")
    result = run("descope_flows", flows=[{"id": "nowhere", "disabled": False}])
    assert result["failed"]
    assert "give its definition" in result["msg"]


def test_two_reads_of_an_unchanged_flow_are_equal(emulator: ThreadedEmulator, run: Run) -> None:
    flow = sample_flows()[-1]
    run("descope_flows", flows=[{"definition": flow}])
    emulator.edit("set_components_version", version="9.9.9")
    assert not run("descope_flows", flows=[{"definition": flow}])["changed"]


def test_a_console_edit_shows_and_is_undone(emulator: ThreadedEmulator, run: Run) -> None:
    flow = sample("basicflow.json")
    run("descope_flows", flows=[{"definition": flow}])
    path = "contents.tasks.1.arguments.allowSetDefaultProvider.value"
    emulator.edit("update_flow", id="basic-flow", set={path: False})
    result = run("descope_flows", flows=[{"definition": flow}])
    assert result["changed"]
    assert "allowSetDefaultProvider" in result["diff"]["before"]
    assert stored_flow(emulator, "basic-flow")["contents"] == flow["contents"]


def test_diff_names_what_changed(emulator: ThreadedEmulator, run: Run) -> None:
    flow = copy.deepcopy(next(each for each in sample_flows() if each["flowId"] == "user-profile-set-phone"))
    run("descope_flows", flows=[{"definition": flow}])
    tasks = flow["contents"]["tasks"]
    tasks["90"] = {
        "id": "90",
        "name": "Sign In / OTP / SMS",
        "type": "automated",
        "action": "sign-in-otp-sms",
        "next": {"rules": [{"interactionId": "success", "taskId": "13"}]},
    }
    tasks["22"]["next"]["rules"][0]["taskId"] = "90"
    screen = next(each for each in flow["screens"] if each["screenId"] == "SC2xj73Qt1K2MUFrYBBWk09ycIVT6")
    screen["contents"]["ytzFvl7NsC"]["props"]["children"] = "Telephone"
    result = run("descope_flows", check=True, flows=[{"definition": flow}])
    after = result["diff"]["after"]
    assert "sign_in_methods" in after
    assert "OTP by SMS" in after
    assert "Sign In / OTP / SMS" in after
    assert "Text ytzFvl7NsC" in after
    assert "children: Telephone" in after
    assert "htmlTemplate" not in after
    assert len(after.splitlines()) < 40
    full = run("descope_flows", check=True, diff_detail="full", flows=[{"definition": flow}])
    assert len(full["diff"]["after"]) > 10 * len(after)
    assert "Telephone" in full["diff"]["after"]


def test_the_guard_stops_breaking_changes(emulator: ThreadedEmulator, run: Run) -> None:
    flow = copy.deepcopy(sample("basicflow.json"))
    run("descope_flows", flows=[{"definition": flow}])
    emulator.reset("log")
    tasks = flow["contents"]["tasks"]
    del tasks["1"], tasks["1.end"]
    tasks["start"]["next"]["rules"][0]["taskId"] = "0"
    flow["contents"]["startTask"] = "0"
    for check in (True, False):
        result = run("descope_flows", check=check, flows=[{"definition": flow}, {"id": "sign-in", "disabled": True}])
        assert result["failed"]
        assert not result["changed"]
        assert result["error_code"] == "guarded"
        for text in ("social login with apple", "the start step", "OAuth"):
            assert text in result["msg"]
        assert emulator.writes() == []
        assert [row["status"] for row in result["flows"]] == ["skipped", "skipped"]
    result = run("descope_flows", flows=[{"definition": flow, "allow_breaking_changes": True}])
    assert result["changed"]
    assert not result["failed"]


def test_a_second_factor_needs_a_fallback(emulator: ThreadedEmulator, run: Run) -> None:
    entry = {"id": "mfa", "name": "MFA", "template": "mfa-login", "config": {"methods": ["totp", "email"]}}
    result = run("descope_flows", flows=[entry])
    assert not result["failed"], result["msg"]
    flow = copy.deepcopy(sample("basicflow.json"))
    tasks = flow["contents"]["tasks"]
    tasks["1.end"]["next"]["rules"][0]["taskId"] = "5"
    tasks["5"] = {
        "id": "5",
        "name": "Sign In / OTP / SMS",
        "type": "automated",
        "action": "sign-in-otp-sms",
        "next": {"rules": [{"interactionId": "success", "taskId": "6"}]},
    }
    tasks["6"] = {
        "id": "6",
        "name": "Verify Code / OTP / SMS",
        "type": "automated",
        "action": "verify-code-otp-sms",
        "next": {"rules": [{"interactionId": "success", "taskId": "0"}]},
    }
    emulator.reset("log")
    result = run("descope_flows", flows=[{"definition": flow}])
    assert result["failed"]
    assert "OTP by SMS as a second factor" in result["msg"]
    assert emulator.writes() == []
    assert not run("descope_flows", flows=[{"definition": flow, "allow_missing_fallback": True}])["failed"]


def test_backup_and_rollback(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    old = sample("basicflow.json")
    folder = tmp_path / "backups"
    run("descope_flows", flows=[{"definition": old}])
    new = copy.deepcopy(old)
    new["contents"]["tasks"]["0"]["name"] = "Finish"
    third = copy.deepcopy(sample("basicflow.json"))
    third["flowId"] = "third"
    emulator.edit("import_flow", flow={**copy.deepcopy(old), "flowId": "going"})
    before = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]
    flows = [{"definition": new}, {"definition": third}, {"id": "going", "state": "absent"}]
    assert "backup_file" not in run("descope_flows", check=True, backup_dir=str(folder), flows=flows)
    assert not folder.exists()
    result = run("descope_flows", backup_dir=str(folder), flows=flows)
    assert result["summary"] == {"created": 1, "updated": 1, "deleted": 1, "unchanged": 0, "skipped": 0, "failed": 0}
    (file,) = folder.iterdir()
    assert result["backup_file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    document = json.loads(file.read_text())
    assert document["kind"] == "pcc.identity/backup"
    assert document["project"]["id"] == PROJECT_ID
    assert document["sections"]["flows"]["third"] is None
    assert KEY not in file.read_text()
    assert result["rollback"].split()[:2] == ["ansible-playbook", "pcc.identity.rollback_flow"]
    assert f"descope_backup_file={file}" in result["rollback"]
    back = run("descope_flows", flows=[{"src": str(file), "allow_breaking_changes": True}])
    assert not back["failed"], back["msg"]
    assert back["changed"]
    after = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]
    assert set(after) == set(before)
    for flow_id, entry in before.items():
        assert after[flow_id]["flow"]["contents"] == entry["flow"]["contents"]
    assert not run("descope_flows", flows=[{"src": str(file), "allow_breaking_changes": True}])["changed"]
    wrong = run("descope_flows", flows=[{"id": "nowhere", "src": str(file)}])
    assert "holds no flow 'nowhere'" in wrong["msg"]


def test_a_backup_of_another_project_is_refused(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    run("descope_flows", flows=[{"definition": sample("basicflow.json")}], backup_dir=str(tmp_path / "backups"))
    (file,) = (tmp_path / "backups").iterdir()
    emulator.edit("add_project", project=OTHER, key=KEY)
    result = run("descope_flows", project_id=OTHER, flows=[{"src": str(file)}])
    assert result["failed"]
    assert f"backup of project {PROJECT_ID}, not of {OTHER}" in result["msg"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace('"Basic Flow"', '"Basic  Flow"'), "checksum"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "reads up to 1"),
        (lambda text: text[: len(text) // 2], "is not JSON"),
    ],
)
def test_a_damaged_backup_is_refused(
    damage: Any, message: str, emulator: ThreadedEmulator, run: Run, tmp_path: Path
) -> None:
    run("descope_flows", flows=[{"definition": sample("basicflow.json")}])
    run("descope_flows", flows=[{"id": "basic-flow", "disabled": True}], backup_dir=str(tmp_path / "backups"))
    (file,) = (tmp_path / "backups").iterdir()
    file.write_text(damage(file.read_text()))
    emulator.reset("log")
    result = run("descope_flows", flows=[{"src": str(file)}])
    assert result["failed"]
    assert message in result["msg"]
    assert str(file) in result["msg"]
    assert emulator.requests() == []


def test_no_write_without_a_backup(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run("descope_flows", flows=[{"definition": sample("basicflow.json")}], backup_dir=str(blocked / "sub"))
    assert result["failed"]
    assert result["error_code"] == "backup_failed"
    assert emulator.writes() == []


def test_a_flow_is_deployed_after_the_flows_it_runs(emulator: ThreadedEmulator, run: Run) -> None:
    outer = copy.deepcopy(sample("basicflow.json"))
    outer["flowId"] = "a-outer"
    outer["contents"]["tasks"]["1.end"]["next"]["rules"][0]["taskId"] = "2"
    outer["contents"]["tasks"]["2"] = {
        "id": "2",
        "name": "Inner",
        "type": "flow",
        "arguments": {"flowId": {"type": "inline", "value": "z-inner"}},
        "next": {"rules": [{"interactionId": "success", "taskId": "0"}]},
    }
    inner = {**copy.deepcopy(sample("basicflow.json")), "flowId": "z-inner"}
    result = run("descope_flows", flows=[{"definition": outer}, {"definition": inner}])
    assert not result["failed"], result["msg"]
    assert [row["id"] for row in result["flows"]] == ["a-outer", "z-inner"]
    assert list(emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"])[-2:] == ["z-inner", "a-outer"]
    emulator.reset("log")
    result = run("descope_flows", flows=[{"definition": outer}, {"id": "z-inner", "state": "absent"}])
    assert result["failed"]
    assert "still run by flow 'a-outer'" in result["msg"]
    assert emulator.writes() == []


def test_absent(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_flows", flows=[{"id": "step-up", "state": "absent"}, {"id": "never", "state": "absent"}])
    assert result["summary"]["deleted"] == 1
    assert result["summary"]["unchanged"] == 1
    assert result["diff"]["after"] == ""
    assert "step-up" not in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]


BAD: dict[str, tuple[Any, str]] = {
    "not an export": ({"definition": {"hello": 1}}, "neither 'contents'"),
    "no source of an id": ({"definition": {**sample("basicflow.json"), "flowId": ""}}, "id"),
    "two sources": ({"id": "x", "definition": {}, "template": "mfa-login"}, "exclude one another"),
    "config alone": ({"id": "x", "definition": sample("basicflow.json"), "config": {}}, "give template with it"),
    "unknown template": ({"id": "x", "template": "mfa-logn"}, "mfa-login"),
    "unknown config": ({"id": "x", "template": "mfa-login", "config": {"method": ["sms"]}}, "did you mean 'methods'"),
    "template without id": ({"template": "magic-link"}, "has no id of its own"),
    "missing file": ({"src": "/nowhere/flow.json"}, "/nowhere/flow.json"),
    "absent with source": ({"id": "x", "state": "absent", "template": "magic-link"}, "makes no sense"),
    "screens as object": ({"definition": {**sample("basicflow.json"), "screens": {}}}, "'screens' is not a list"),
    "no steps": ({"definition": {**sample("basicflow.json"), "contents": {"startTask": "0", "tasks": {}}}}, "no steps"),
    "unknown option": ({"id": "x", "sorce": "a"}, "did you mean 'source'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_writes_nothing(case: str, emulator: ThreadedEmulator, run: Run) -> None:
    entry, message = BAD[case]
    result = run("descope_flows", flows=[{"id": "sign-in", "disabled": True}, entry])
    assert result["failed"]
    assert message in result["msg"], result["msg"]
    assert emulator.writes() == []


def test_the_same_flow_twice(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_flows", flows=[{"id": "sign-in", "disabled": True}, {"id": "sign-in", "disabled": False}])
    assert "more than once" in result["msg"]
    assert emulator.requests() == []


def test_all_samples_are_there() -> None:
    assert {path.name for path in SAMPLES.glob("*.json")} >= {"basicflow.json", "connectorflow.json", "roleflow.json"}
    assert len(sample_flows()) == 12


def real_looking(**changes: Any) -> dict[str, Any]:
    """A flow that asks for an email link, and for a code by SMS if the risk is high, as real ones do."""

    def task(key: str, name: str, rules: dict[str, str], **more: Any) -> dict[str, Any]:
        ways = [{"interactionId": interaction, "taskId": target} for interaction, target in rules.items()]
        return {"id": key, "name": name, "next": {"rules": ways} if ways else {}, **more}

    def screen(ident: str, *buttons: str) -> dict[str, Any]:
        root = {"nodes": list(buttons), "type": {"resolvedName": "Container"}, "props": {}}
        nodes = {each: {"nodes": [], "type": {"resolvedName": "Button"}, "props": {}} for each in buttons}
        return {
            "screenId": ident,
            "interactions": [{"id": each, "label": each.title()} for each in buttons],
            "contents": {"ROOT": root, **nodes},
        }

    automated: dict[str, Any] = {"type": "automated"}
    risk = [
        {"interactionId": "high", "name": "High", "atomicConditions": []},
        {"interactionId": "ELSE", "name": "Low"},
    ]
    tasks = [
        {"id": "start", "name": "start", "next": {"rules": [{"taskId": "0"}]}},
        task("0", "Sign In", {"link": "1", "passkey": "2"}, type="screen", screenId="SC1"),
        task("1", "Magic Link", {"success": "1.end"}, action="sign-in-magic-link-email", **automated),
        task("1.end", "Magic Link", {"success": "3"}, action="verify-magic-link", **automated),
        task("2", "Passkey", {"success": "2.end"}, action="webauthn-sign-in-start", **automated),
        task("2.end", "Passkey", {"success": "9"}, action="webauthn-sign-in-finish", **automated),
        task("3", "Risk", {"success": "4"}, action="risk", **automated),
        task("4", "Is risk high?", {"high": "5", "ELSE": "9"}, type="condition", conditions=risk),
        task("5", "OTP", {"success": "6"}, action="sign-in-otp-sms", **automated),
        task("6", "Code", {"submit": "7", "again": "5"}, type="screen", screenId="SC2"),
        task("7", "Verify", {"success": "9"}, action="verify-code-otp-sms", **automated),
        task("9", "End", {}, action="logged-in", **automated),
    ]
    flow: dict[str, Any] = {
        "flowId": "real",
        "metadata": {"name": "Real"},
        "contents": {"startTask": "0", "tasks": {each["id"]: each for each in tasks}},
        "screens": [screen("SC1", "link", "passkey"), screen("SC2", "submit", "again")],
    }
    for key, rules in changes.pop("ways", {}).items():
        flow["contents"]["tasks"][key] = {**flow["contents"]["tasks"][key], "next": {"rules": rules}}
    flow["contents"]["tasks"].update(changes.pop("tasks", {}))
    flow["contents"].update(changes)
    return flow


def to(**rules: str) -> list[dict[str, str]]:
    return [{"interactionId": interaction, "taskId": target} for interaction, target in rules.items()]


AUDIT = {
    "id": "3",
    "name": "Audit",
    "type": "automated",
    "action": "generate-audit-event",
    "next": {"rules": to(ok="9")},
}


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"ways": {"0": to(link="1")}}, "the sign-in method webauthn"),
        ({"ways": {"4": to(high="9", ELSE="9")}}, "the sign-in method OTP by SMS"),
        ({"startTask": "9", "ways": {"start": to(always="9")}}, "the start step 'Sign In'"),
        ({"startTask": "6", "ways": {"start": to(always="6"), "6": to(submit="7", again="0")}}, "it would start with"),
        ({"tasks": {"3": AUDIT}}, "the step 'Risk'"),
    ],
    ids=["disconnected method", "disconnected second factor", "past the login", "in the middle", "another step"],
)
def test_what_users_cannot_get_to_any_more_is_lost(
    changes: dict[str, Any], lost: str, emulator: ThreadedEmulator, run: Run
) -> None:
    first = run("descope_flow", definition=real_looking(), allow_missing_fallback=True)
    assert not first["failed"], first["msg"]
    emulator.reset("log")
    result = run("descope_flow", definition=real_looking(**changes), allow_missing_fallback=True)
    assert result["error_code"] == "guarded", result["msg"]
    assert lost.replace("webauthn", "passkey") in result["msg"].replace("webauthn", "passkey")
    assert emulator.writes() == []


def test_loose_steps_may_go_and_new_ones_may_come_first(emulator: ThreadedEmulator, run: Run) -> None:
    loose = {"id": "20", "name": "Loose", "type": "automated", "action": "sign-in-otp-email", "next": {}}
    first = run("descope_flow", definition=real_looking(tasks={"20": loose}), allow_missing_fallback=True)
    assert "OTP by email" not in first["flow"]["sign_in_methods"]
    before = {"id": "30", "name": "Look", "type": "automated", "action": "loadUser", "next": {"rules": to(success="0")}}
    changed = real_looking(tasks={"30": before}, startTask="30", ways={"start": to(always="30")})
    result = run("descope_flow", definition=changed, allow_missing_fallback=True)
    assert not result["failed"], result["msg"]
    assert result["changed"]


def test_a_backup_brings_a_connector_back_without_a_snapshot(
    emulator: ThreadedEmulator, run: Run, tmp_path: Path
) -> None:
    """The deployment to undo was the one that took the connector out of the only flow that named it."""
    object_id = emulator.edit("add_connector", name="My HTTP Connector")["id"]
    flow = copy.deepcopy(sample("connectorflow.json"))
    flow["references"]["connectors"]["My HTTP Connector"] = object_id
    flow["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": object_id}
    emulator.edit("import_flow", flow=flow)
    emulator.switches(snapshots="refused")
    without = copy.deepcopy(flow)
    without["references"] = {}
    del without["contents"]["tasks"]["1"]["arguments"]["used"]
    backup = run("descope_flow", definition=without)["backup_file"]
    result = run("descope_flows", flows=[{"src": backup}])
    assert not result["failed"], result["msg"]
    assert stored_flow(emulator, "references-flow")["contents"] == flow["contents"]


def test_maps_that_do_not_apply_cost_nothing(emulator: ThreadedEmulator, run: Run) -> None:
    flows = [{"definition": sample("basicflow.json")}, {"id": "never", "state": "absent"}]
    run("descope_flows", flows=flows)
    mark = len(emulator.requests())
    result = run("descope_flows", flows=flows, connectors={"Audit webhook": "Audit webhook (staging)"})
    assert not result["changed"]
    assert sorted(paths(emulator, mark)) == ["flow/export", "flow/export", "flow/list"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"connectors": {"A": None}}, "connectors.A: is not the name or id of one"),
        ({"roles": {"B": ["x"]}}, "roles.B: is not the name or id of one"),
        ({"definition": "no json"}, "unable to convert to dict"),
        ({"src": ""}, "src: is not a text, or is empty"),
        ({"references": {"roles": {"Admin": "0"}}}, "which is none"),
    ],
)
def test_odd_values_are_told(entry: dict[str, Any], message: str, emulator: ThreadedEmulator, run: Run) -> None:
    definition = {**sample("basicflow.json"), "references": entry.pop("references", {})}
    result = run("descope_flows", flows=[{"definition": definition, **entry} if "src" not in entry else entry])
    assert result["failed"]
    assert message in result["msg"], result["msg"]
    assert emulator.writes() == []


def test_the_same_flow_in_two_lists_names_both(emulator: ThreadedEmulator, run: Run) -> None:
    entries = [
        {"id": "sign-in", "disabled": True, "source": place} for place in ("a: descope_flows", "a: descope_flows__b")
    ]
    result = run("descope_flows", flows=entries)
    assert "in a: descope_flows and in a: descope_flows__b" in result["msg"]


def test_a_definition_as_text_or_as_a_backup(emulator: ThreadedEmulator, run: Run) -> None:
    text = json.dumps(sample("basicflow.json"))
    assert run("descope_flows", flows=[{"definition": text}])["summary"]["created"] == 1
    backup = run("descope_flow", id="basic-flow", disabled=True)["backup_file"]
    document = json.loads(Path(backup).read_text())
    assert run("descope_flows", flows=[{"definition": document}])["summary"]["updated"] == 1
    assert not run("descope_flows", flows=[{"definition": text}])["changed"]


def test_a_flow_that_runs_another_that_is_not_there_is_told(emulator: ThreadedEmulator, run: Run) -> None:
    inner = {
        "id": "9",
        "name": "End",
        "type": "flow",
        "arguments": {"flowId": {"type": "inline", "value": "nowhere"}},
        "next": {},
    }
    result = run("descope_flow", definition=real_looking(tasks={"9": inner}), allow_missing_fallback=True)
    assert "runs the flow 'nowhere'" in str(result["warnings"])


# -- on_error: restore -----------------------------------------------------------------------------------------------


def basic(flow_id: str, **changes: Any) -> dict[str, Any]:
    """A small flow; C(step) is the name of its last step, C(fingerprint) a value of its metadata."""
    flow = {**copy.deepcopy(sample("basicflow.json")), "flowId": flow_id}
    if "step" in changes:
        flow["contents"]["tasks"]["0"]["name"] = changes.pop("step")
    flow["metadata"].update(changes)
    return flow


def refused(flow_id: str) -> dict[str, Any]:
    """A flow that nothing is wrong with but what only the service checks."""
    return basic(flow_id, fingerprint="always")


def all_flows(emulator: ThreadedEmulator) -> dict[str, Any]:
    flows = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]
    return {flow_id: normal(entry["flow"]) for flow_id, entry in flows.items()}


def test_flows_are_put_back_when_another_one_fails(emulator: ThreadedEmulator, run: Run) -> None:
    """In the order of their ids: one is updated, one deleted, one created, one refused, one never tried."""
    for flow_id in ("a-old", "b-going", "e-last"):
        emulator.edit("import_flow", flow=basic(flow_id))
    before = all_flows(emulator)
    flows: list[dict[str, Any]] = [
        {"definition": basic("e-last", step="Later")},
        {"definition": refused("d-bad")},
        {"definition": basic("c-new")},
        {"id": "b-going", "state": "absent"},
        {"definition": basic("a-old", step="Finish")},
        {"id": "sign-in"},
    ]
    result = run("descope_flows", on_error="restore", flows=flows)
    assert result["failed"]
    assert not result["changed"]
    assert result["error_code"] == "refused"
    assert all_flows(emulator) == before
    statuses = {row["id"]: row["status"] for row in result["flows"]}
    assert statuses == {
        "a-old": "skipped",
        "b-going": "skipped",
        "c-new": "skipped",
        "d-bad": "failed",
        "e-last": "skipped",
        "sign-in": "unchanged",
    }
    assert result["summary"] == {"created": 0, "updated": 0, "deleted": 0, "unchanged": 1, "skipped": 4, "failed": 1}
    errors = {row["id"]: row["error"] for row in result["flows"]}
    for flow_id in ("a-old", "b-going", "c-new"):
        assert errors[flow_id] == "it was deployed, and put back because 'd-bad' failed"
    assert errors["e-last"] == "not tried, because 'd-bad' failed before"
    assert "fingerprint must be a boolean" in errors["d-bad"]
    assert all(row["changes"] == [] for row in result["flows"])
    assert result["diff"]["before"] == result["diff"]["after"] == ""
    # What was put back needs no rollback, and what was saved stays.
    assert "rollback" not in result
    assert set(json.loads(Path(result["backup_file"]).read_text())["sections"]["flows"]) == set(errors) - {"sign-in"}
    imports = [path for path in paths(emulator) if path in {"flow/import", "flow/delete"}]
    assert imports == [
        *("flow/import", "flow/delete", "flow/import", "flow/import"),  # a-old, b-going, c-new, d-bad
        *("flow/delete", "flow/import", "flow/import"),  # c-new, b-going, a-old
    ]


def test_the_run_after_flows_were_put_back_finishes_the_work(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("import_flow", flow=basic("a-old"))
    flows = [{"definition": basic("a-old", step="Finish")}, {"definition": basic("b-new")}]
    bad = run("descope_flows", on_error="restore", flows=[*flows, {"definition": refused("c-bad")}])
    assert not bad["changed"]
    result = run("descope_flows", on_error="restore", flows=[*flows, {"definition": basic("c-bad")}])
    assert result["summary"] == {"created": 2, "updated": 1, "deleted": 0, "unchanged": 0, "skipped": 0, "failed": 0}
    assert not result["failed"]
    assert not run("descope_flows", on_error="restore", flows=[*flows, {"definition": basic("c-bad")}])["changed"]


def test_a_first_flow_that_fails_leaves_nothing_to_put_back(emulator: ThreadedEmulator, run: Run) -> None:
    before = all_flows(emulator)
    flows = [{"definition": refused("a-bad")}, {"definition": basic("b-new")}]
    result = run("descope_flows", on_error="restore", flows=flows)
    assert [row["status"] for row in result["flows"]] == ["failed", "skipped"]
    assert "not tried" in result["flows"][1]["error"]
    assert all_flows(emulator) == before
    assert paths(emulator).count("flow/import") == 1


def test_a_flow_that_cannot_be_put_back_is_told(emulator: ThreadedEmulator, run: Run) -> None:
    """The service takes the first two flows, then none any more."""
    for flow_id in ("a-old", "b-old"):
        emulator.edit("import_flow", flow=basic(flow_id))
    before = all_flows(emulator)
    flows = [{"definition": basic(f"{name}-old", step="Finish")} for name in ("a", "b")]
    broken = {"kind": "status", "status": 400}
    emulator.faults([{"match": {"path": "*/flow/import"}, "from": 3, "do": broken}])
    result = run("descope_flows", on_error="restore", flows=[*flows, {"definition": basic("c-new")}])
    assert result["failed"]
    assert result["changed"]
    # The first one to fail in the order of the report; each of them says what it was.
    assert [row["status"] for row in result["flows"]] == ["failed"] * 3
    for row in result["flows"][:2]:
        assert row["error"].startswith("it was deployed, and could not be put back after 'c-new' had failed: ")
        assert row["changes"]
        assert stored_flow(emulator, row["id"])["contents"]["tasks"]["0"]["name"] == "Finish"
    assert "c-new" not in all_flows(emulator)
    # What is still as it was deployed shows in the diff, and can be rolled back by hand.
    assert "Finish" in result["diff"]["after"]
    assert f"descope_backup_file={result['backup_file']}" in result["rollback"]
    assert "descope_flow_ids=a-old,b-old" in result["rollback"]
    emulator.faults()
    back = run("descope_flows", flows=[{"src": result["backup_file"], "allow_breaking_changes": True}])
    assert not back["failed"], back["msg"]
    assert all_flows(emulator) == before


def test_check_mode_with_restore_is_that_of_any_deployment(emulator: ThreadedEmulator, run: Run) -> None:
    flows = [{"definition": basic("a-new")}, {"definition": refused("b-bad")}]
    preview = run("descope_flows", check=True, on_error="restore", flows=flows)
    assert preview == {
        **run("descope_flows", check=True, on_error="stop", flows=flows),
        "invocation": preview["invocation"],
        "requests": preview["requests"],
    }
    assert preview["summary"]["created"] == 2
    assert emulator.writes() == []


def test_no_flow_is_put_back_without_a_failure(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_flows", on_error="restore", flows=[{"definition": basic("a")}, {"definition": basic("b")}])
    assert result["summary"]["created"] == 2
    assert paths(emulator).count("flow/import") == 2
