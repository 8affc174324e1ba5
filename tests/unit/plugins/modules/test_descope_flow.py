# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_flow): what it says of the one flow. What it does is tested with C(descope_flows)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample, stored_flow

from .conftest import Run


def test_result_of_a_new_flow(emulator: ThreadedEmulator, run: Run) -> None:
    preview = run("descope_flow", check=True, definition=sample("basicflow.json"))
    real = run("descope_flow", definition=sample("basicflow.json"))
    for result in (preview, real):
        assert result["changed"]
        assert result["msg"] == "Basic Flow: created"
        assert "summary" not in result
        assert "unmanaged" not in result
        assert result["flow"] == {
            "id": "basic-flow",
            "name": "Basic Flow",
            "description": "A flow for testing",
            "disabled": False,
            "steps": 4,
            "screens": 0,
            "sign_in_methods": ["social login with apple"],
            "connectors": [],
            "roles": [],
        }
        assert "steps: End" in result["changes"]
    assert "rollback" not in preview
    assert "descope_flow_ids=basic-flow" in real["rollback"]


def test_unchanged_and_absent(emulator: ThreadedEmulator, run: Run) -> None:
    run("descope_flow", definition=sample("basicflow.json"))
    again = run("descope_flow", definition=sample("basicflow.json"))
    assert (again["changed"], again["msg"], again["changes"]) == (False, "Basic Flow: unchanged", [])
    assert again["flow"]["steps"] == 4
    assert "backup_file" not in again
    gone = run("descope_flow", id="basic-flow", state="absent")
    assert (gone["changed"], gone["flow"], gone["msg"]) == (True, None, "Basic Flow: deleted")
    never = run("descope_flow", id="basic-flow", state="absent")
    assert (never["changed"], never["flow"], never["msg"]) == (False, None, "basic-flow: unchanged")


def test_only_what_is_given_is_changed(emulator: ThreadedEmulator, run: Run) -> None:
    before = copy.deepcopy(stored_flow(emulator, "sign-in"))
    result = run("descope_flow", id="sign-in", disabled=True)
    assert result["changes"] == ["disabled"]
    assert result["flow"]["disabled"]
    after = stored_flow(emulator, "sign-in")
    assert after["contents"] == before["contents"]
    assert after["screens"] == before["screens"]


def test_the_guard(emulator: ThreadedEmulator, run: Run) -> None:
    run("descope_flow", definition=sample("basicflow.json"))
    flow = sample("basicflow.json")
    del flow["contents"]["tasks"]["1.end"]
    flow["contents"]["tasks"]["1"]["next"]["rules"][0]["taskId"] = "0"
    flow["contents"]["tasks"]["1"]["arguments"]["exchangeStepId"]["value"] = ""
    result = run("descope_flow", definition=flow)
    assert result["failed"]
    assert not result["changed"]
    assert result["error_code"] == "guarded"
    assert result["problems"][0]["where"] == "flow 'basic-flow'"
    assert "'Sign Up or In / OAuth (1.end)'" in result["msg"]
    assert result["flow"]["steps"] == 4
    result = run("descope_flow", definition=flow, allow_breaking_changes=True)
    assert result["flow"]["steps"] == 3


def test_a_backup_with_several_flows_needs_an_id(emulator: ThreadedEmulator, run: Run, state_home: Path) -> None:
    flows: list[dict[str, Any]] = [{"id": "sign-in", "disabled": True}, {"id": "sign-up", "disabled": True}]
    backup = run("descope_flows", flows=flows)["backup_file"]
    assert Path(backup).is_relative_to(state_home / "pcc-identity" / "backups" / PROJECT_ID)
    result = run("descope_flow", src=backup)
    assert "holds 2 flows: give id" in result["msg"]
    assert run("descope_flow", src=backup, id="sign-in")["flow"]["disabled"] is False
    assert stored_flow(emulator, "sign-up")["metadata"]["disabled"]


def test_a_failure_says_what_is_in_place(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.faults([{"match": {"path": "*/flow/import"}, "do": {"status": 400, "body": {"errorMessage": "No!"}}}])
    result = run("descope_flow", id="sign-in", disabled=True)
    assert result["failed"]
    assert not result["changed"]
    assert "Sign In: failed." in result["msg"]
    assert "No!" in result["msg"]
    assert "It is as it was before." in result["msg"]
    assert result["flow"]["disabled"] is False


def test_the_definition_is_not_echoed(emulator: ThreadedEmulator, run: Run) -> None:
    """A result is about what changed; definitions are large."""
    result = run("descope_flow", definition=sample("basicflow.json"))
    result.pop("invocation", None)
    assert "exchangeStepId" not in json.dumps({key: value for key, value in result.items() if key != "diff"})
