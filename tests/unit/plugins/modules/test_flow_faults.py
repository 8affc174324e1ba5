# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request of a deployment fails: the project holds the old flow or the new one, and the report says which."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from . import faults
from .conftest import Run
from .faults import FAULTS

OLD = sample("connectorflow.json")
NEW = copy.deepcopy(OLD)
NEW["contents"]["tasks"]["0"]["name"] = "Finish"
NEW["contents"]["tasks"]["1"]["arguments"]["used"] = {
    "type": "inline",
    "value": OLD["references"]["connectors"]["My HTTP Connector"],
}
FLOW_ID = OLD["flowId"]

#: What is there before, and what is wanted.
CASES: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    "create": (None, NEW),
    "update": (OLD, NEW),
    "delete": (OLD, None),
}


def live(emulator: ThreadedEmulator) -> dict[str, Any] | None:
    entry = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"].get(FLOW_ID)
    return entry["flow"] if entry else None


def equal(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return same(normal(one), normal(other))


class Deployment(faults.Deployment):
    """One change of one flow, from the same beginning each time."""

    def __init__(self, case: str, switches: dict[str, Any], emulator: ThreadedEmulator, run: Run) -> None:
        self.old, self.new = CASES[case]
        self.switches, self.emulator, self._run = switches, emulator, run

    def prepare(self) -> None:
        self.emulator.reset()
        connector = self.emulator.edit("add_connector", name="My HTTP Connector")["id"]
        if self.old is not None:
            self.emulator.edit("import_flow", flow=copy.deepcopy(self.old))
        self.emulator.switches(**self.switches)
        old_id = OLD["references"]["connectors"]["My HTTP Connector"]
        self.before = live(self.emulator)
        self.wanted = None
        if self.new is not None:
            self.wanted = copy.deepcopy(self.new)
            assert self.wanted["contents"]["tasks"]["1"]["arguments"]["used"]["value"] == old_id
            self.wanted["contents"]["tasks"]["1"]["arguments"]["used"]["value"] = connector

    def run(self, **options: Any) -> dict[str, Any]:
        entry = {"id": FLOW_ID, "state": "absent"} if self.new is None else {"definition": copy.deepcopy(self.new)}
        return self._run("descope_flows", flows=[entry], **options)

    def assert_old_or_new(self, result: dict[str, Any], where: object) -> None:
        now = live(self.emulator)
        is_old, is_new = equal(now, self.before), equal(now, self.wanted)
        assert is_old or is_new, (where, result["msg"])
        rows = result.get("flows")
        if rows is None:
            assert result["failed"]
            assert not result["changed"]
            assert is_old, where
            return
        (row,) = rows
        if row["status"] in {"created", "updated", "deleted"}:
            assert is_new, (where, result["msg"])
            assert result["changed"]
            assert not result["failed"]
            return
        assert row["status"] == "failed", where
        assert result["failed"]
        assert result["error_code"]
        assert result["hint"]
        if "not known" in row["error"]:
            assert result["changed"]
            assert result["backup_file"] in result["msg"]
        else:
            assert is_old, (where, row["error"])
            assert not result["changed"]
            assert "as it was before" in row["error"] or "put back" in row["error"]

    def assert_new(self) -> None:
        assert equal(live(self.emulator), self.wanted)


@pytest.mark.sweep
@pytest.mark.parametrize("switches", [{}, {"flow_v2": 404}], ids=["v2", "v1"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", CASES)
def test_every_fault_at_every_request(
    case: str, fault: str, switches: dict[str, Any], emulator: ThreadedEmulator, run: Run
) -> None:
    deployment = Deployment(case, switches, emulator, run)
    deployment.prepare()
    clean = deployment.run()
    assert not clean["failed"], clean["msg"]
    assert equal(live(emulator), deployment.wanted)
    count = len(emulator.requests())
    assert count >= 5
    deployment.sweep(fault, count)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401", "reset"])
@pytest.mark.parametrize("case", CASES)
def test_faults_that_do_not_pass(case: str, fault: str, emulator: ThreadedEmulator, run: Run) -> None:
    """The service breaks at some request and stays broken."""
    Deployment(case, {}, emulator, run).break_for_good(fault, 6)


def mangled(*rules: dict[str, Any], times: int = 1) -> list[dict[str, Any]]:
    """The service stores something else than it was sent, then whatever else goes wrong."""
    rewrite = {"kind": "rewrite", "replace": {'"Finish"': '"Mangled"'}}
    return [{"match": {"path": "*/flow/import"}, "times": times, "do": rewrite}, *rules]


@pytest.mark.parametrize("case", ["create", "update"])
def test_a_flow_that_is_not_what_was_sent_is_undone(case: str, emulator: ThreadedEmulator, run: Run) -> None:
    deployment = Deployment(case, {}, emulator, run)
    deployment.prepare()
    emulator.faults(mangled())
    result = deployment.run()
    assert result["failed"]
    assert not result["changed"]
    assert result["error_code"] == "undone"
    assert "steps: Finish" in result["msg"]
    assert ("deleted again" if case == "create" else "old one was put back") in result["msg"]
    assert equal(live(emulator), deployment.before)
    assert "rollback" not in result
    assert not deployment.run()["failed"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "fault", ["status-400", "status-403", "reset-after", "status-503", "truncated", "non-json", "html"]
)
@pytest.mark.parametrize("case", ["create", "update"])
def test_every_fault_while_undoing(case: str, fault: str, emulator: ThreadedEmulator, run: Run) -> None:
    """Undoing gets over whatever happens once, at any of its requests."""
    deployment = Deployment(case, {}, emulator, run)
    for nth in range(5, 9):
        deployment.prepare()
        emulator.faults(mangled({"nth": nth, "do": FAULTS[fault]}))
        result = deployment.run()
        assert result["failed"]
        assert equal(live(emulator), deployment.before), (nth, result["msg"])
        assert not result["changed"], (nth, result["msg"])
        emulator.faults()
        assert not deployment.run()["failed"]


def test_an_undo_that_fails_for_good_is_told_with_the_backup(emulator: ThreadedEmulator, run: Run) -> None:
    deployment = Deployment("update", {}, emulator, run)
    deployment.prepare()
    broken = {"match": {"path": "*/flow/import"}, "from": 2, "do": FAULTS["status-400"]}
    emulator.faults(mangled(broken))
    result = deployment.run(retries=1)
    assert result["failed"]
    assert result["changed"]
    assert result["error_code"] == "undo_failed"
    assert result["backup_file"] in result["msg"]
    assert "rollback_flow" in result["rollback"]
    emulator.faults()
    back = run("descope_flows", flows=[{"src": result["backup_file"], "allow_breaking_changes": True}])
    assert not back["failed"], back["msg"]
    assert equal(live(emulator), deployment.before)


def test_an_import_that_is_accepted_and_not_kept(emulator: ThreadedEmulator, run: Run) -> None:
    deployment = Deployment("update", {}, emulator, run)
    deployment.prepare()
    kept = {"status": 200, "body": {}}
    emulator.faults([{"match": {"path": "*/flow/import"}, "do": kept}])
    result = deployment.run(retries=1)
    assert result["error_code"] == "not_kept"
    assert not result["changed"]
    assert equal(live(emulator), deployment.before)


def test_one_failed_flow_does_not_stop_the_others(emulator: ThreadedEmulator, run: Run) -> None:
    flows = [{"definition": {**sample("basicflow.json"), "flowId": name}} for name in ("one", "two", "three")]
    for on_error, statuses in (
        ("continue", ["created", "failed", "created"]),
        ("stop", ["created", "failed", "skipped"]),
    ):
        emulator.reset()
        emulator.faults([{"match": {"path": "*/flow/import"}, "nth": 2, "do": FAULTS["status-400"]}])
        result = run("descope_flows", flows=flows, on_error=on_error)
        assert [row["status"] for row in sorted(result["flows"], key=lambda row: row["status"])] == sorted(statuses)
        assert result["changed"]
        assert result["failed"]


class Restoring(faults.Deployment):
    """Three flows that shall go together: one is there, one is new, and one the service refuses, whatever happens."""

    def __init__(self, switches: dict[str, Any], emulator: ThreadedEmulator, run: Run) -> None:
        self.switches, self.emulator, self._run = switches, emulator, run
        basic = sample("basicflow.json")
        self.old = {**copy.deepcopy(basic), "flowId": "a-old"}
        changed = copy.deepcopy(self.old)
        changed["contents"]["tasks"]["0"]["name"] = "Finish"
        others = [{**copy.deepcopy(basic), "flowId": flow_id} for flow_id in ("b-new", "c-bad")]
        self.wanted = {flow["flowId"]: flow for flow in (changed, *others)}
        self.refused = copy.deepcopy(self.wanted)
        self.refused["c-bad"]["metadata"]["fingerprint"] = "always"

    def prepare(self) -> None:
        self.emulator.reset()
        self.emulator.edit("import_flow", flow=copy.deepcopy(self.old))
        self.emulator.switches(**self.switches)

    def run(self, **options: Any) -> dict[str, Any]:
        return self._deploy(self.refused, **options)

    def finish(self) -> dict[str, Any]:
        return self._deploy(self.wanted)

    def _deploy(self, wanted: dict[str, dict[str, Any]], **options: Any) -> dict[str, Any]:
        flows = [{"definition": copy.deepcopy(flow)} for flow in wanted.values()]
        return self._run("descope_flows", flows=flows, on_error="restore", **options)

    def live(self) -> dict[str, dict[str, Any]]:
        flows = self.emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]
        return {flow_id: entry["flow"] for flow_id, entry in flows.items() if flow_id in self.wanted}

    def assert_old_or_new(self, result: dict[str, Any], where: object) -> None:
        before = {"a-old": self.old}
        live = self.live()
        assert "c-bad" not in live, where
        assert result["failed"], where
        rows = result.get("flows")
        if rows is None:
            assert not result["changed"]
            assert self.is_as_before(), where
            return
        assert [row["id"] for row in rows] == list(self.wanted)
        for row in rows:
            flow_id, note = row["id"], (where, row)
            now = live.get(flow_id)
            is_old, is_new = equal(now, before.get(flow_id)), equal(now, self.wanted[flow_id])
            assert is_old or is_new, note
            assert row["status"] in {"failed", "skipped"}, note
            if row["status"] == "skipped":
                assert is_old, note
                assert row["changes"] == [], note
                assert "put back because" in row["error"] or row["error"].startswith("not tried"), note
            elif faults.is_unknown(row):
                assert result["changed"], note
                assert row["changes"] == [], note
            elif row["changes"]:
                assert is_new, note
                assert "could not be put back" in row["error"], note
            else:
                assert is_old, note
        faults.assert_true_account(result, rows, changed=not self.is_as_before())
        assert ("rollback" in result) == result["changed"], where
        if result["changed"]:
            assert result["backup_file"] in result["rollback"]

    def is_as_before(self) -> bool:
        live = self.live()
        return list(live) == ["a-old"] and equal(live["a-old"], self.old)

    def assert_overcome(self, result: dict[str, Any], where: object) -> None:
        """What is refused is refused, but everything else is as if there had been no attempt."""
        assert self.is_as_before(), (where, result["msg"])
        assert not result["changed"], (where, result["msg"])
        assert [row["status"] for row in result["flows"]] == ["skipped", "skipped", "failed"], (where, result["msg"])

    def assert_new(self) -> None:
        live = self.live()
        assert set(live) == set(self.wanted)
        assert all(equal(flow, self.wanted[flow_id]) for flow_id, flow in live.items())


@pytest.mark.sweep
@pytest.mark.parametrize("switches", [{}, {"flow_v2": 404}], ids=["v2", "v1"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_while_flows_are_deployed_and_put_back(
    fault: str, switches: dict[str, Any], emulator: ThreadedEmulator, run: Run
) -> None:
    deployment = Restoring(switches, emulator, run)
    deployment.prepare()
    deployment.assert_overcome(deployment.run(), "without a fault")
    # handshake, list, three reads; two flows written and read, one refused and looked for; two put back and read
    count = len(emulator.requests())
    assert count >= 15
    deployment.sweep(fault, count)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401", "reset"])
def test_faults_that_do_not_pass_while_flows_are_put_back(fault: str, emulator: ThreadedEmulator, run: Run) -> None:
    """The service breaks at some request, or at some write, and stays broken."""
    Restoring({}, emulator, run).break_for_good(fault, 16)
