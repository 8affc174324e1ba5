# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request of a restore fails: the report is true, nothing else is touched, and one more run finishes the work.

Every fault strikes every request of a restore that creates, updates and deletes something of each kind.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from emulator.testing import PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run
from .faults import FAULTS, PASSING
from .test_restore_property import project_of

Json = dict[str, Any]

SECTIONS = ["tenants", "flows", "theme", "roles", "permissions"]
KINDS = {"tenant": "tenants", "flow": "flows", "role": "roles", "permission": "permissions"}
STYLES = {"light": {"components": {"button": {"color": "#111111"}}}, "dark": {}}
FLOW = sample("basicflow.json")


class Restore:
    """One restore, from the same beginning each time."""

    def __init__(self, emulator: ThreadedEmulator, run: Run, folder: Path, **options: Any) -> None:
        self.emulator, self._run = emulator, run
        self.options = {"prune": True, "backup_dir": str(folder), **options}
        self.build()
        saved = run("descope_backup", sections=SECTIONS, backup_dir=str(folder))
        assert not saved["failed"], saved["msg"]
        self.options["src"] = saved["backup_file"]
        self.wanted = project_of(emulator)

    def build(self) -> None:
        """What there was when the backup was made."""
        emulator = self.emulator
        emulator.reset()
        for flow_id in emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["flows"]:
            emulator.edit("delete_flow", id=flow_id)
        tenants = [
            {"id": "gone", "name": "Gone", "settings": {"enabled": True}, "defaultRoles": ["Reader"]},
            {"id": "one", "name": "One", "selfProvisioningDomains": ["one.example"]},
            {"id": "two", "name": "Two"},
            {"id": "kept", "name": "Kept"},
        ]
        emulator.edit("create_tenants", tenants=tenants)
        emulator.edit("add_permission", name="Read")
        emulator.edit("add_role", name="Editor", permissionNames=["Read"])
        emulator.edit("add_role", name="Own", tenantId="gone")
        for flow_id in ("sign-in", "sign-up"):
            emulator.edit("import_flow", flow={**FLOW, "flowId": flow_id})
        emulator.edit("set_theme", styles=STYLES)

    def prepare(self) -> None:
        """What somebody made of it since."""
        self.build()
        emulator = self.emulator
        emulator.edit("delete_tenant", id="gone")
        emulator.edit("create_tenant", tenant={"id": "late", "name": "Late"})
        emulator.edit("update_tenant", id="one", tenant={"name": "In between"})
        emulator.edit("update_tenant", id="two", tenant={"name": "One"})
        emulator.edit("update_tenant", id="one", tenant={"name": "Two"})
        emulator.edit("remove_permission", name="Read")
        emulator.edit("add_permission", name="Later")
        emulator.edit("add_role", name="Later")
        emulator.edit("delete_flow", id="sign-up")
        emulator.edit("import_flow", flow={**copy.deepcopy(FLOW), "flowId": "later"})
        emulator.edit("update_flow", id="sign-in", set={"metadata.name": "Come in"})
        emulator.edit("set_theme", styles={"light": {"components": {"link": {"color": "#222222"}}}, "dark": {}})
        emulator.reset("log")
        self.before = project_of(emulator)

    def run(self, **options: Any) -> Json:
        return self._run("descope_restore", **{**self.options, **options})

    def assert_true(self, result: Json, where: object) -> None:
        """What a run said of every object, and of itself, is what the project has."""
        now = project_of(self.emulator)
        objects = result.get("objects")
        if objects is None:
            assert result["failed"]
            assert not result["changed"]
            assert now == self.before, where
            return
        unknown = [row for row in objects if "not known" in (row["error"] or "")]
        for row in objects:
            if row["kind"] == "theme":
                continue
            section, key = KINDS[row["kind"]], _key(row)
            was, is_now, wanted = (state[section].get(key) for state in (self.before, now, self.wanted))
            note = (where, row)
            match row["status"]:
                case "created" | "updated":
                    assert wanted is not None, note
                    assert is_now == wanted, note
                case "deleted":
                    assert was is not None, note
                    assert is_now is None, note
                case "unchanged":
                    # A role loses a permission with it, by no doing of a change of its own.
                    assert is_now in (was, wanted), note
                case "skipped":
                    assert row["error"], note
        for section in KINDS.values():
            # Nothing comes up that was neither there nor wanted.
            assert set(now[section]) <= {*self.before[section], *self.wanted[section]}, where
        assert now["tenants"]["kept"] == self.before["tenants"]["kept"]
        if not unknown:
            assert result["changed"] == (now != self.before), (where, result["msg"])
        statuses = [row["status"] for row in objects]
        assert result["summary"] == {name: statuses.count(name) for name in result["summary"]}
        if {"failed", "skipped"} & set(statuses):
            assert result["failed"]
            assert result["error_code"]
            assert result["hint"]
        if any(row["changes"] for row in objects):
            assert Path(result["backup_file"]).exists()

    def assert_converges(self, where: object) -> None:
        self.emulator.faults()
        again = self.run()
        assert not again["failed"], (where, again["msg"])
        assert project_of(self.emulator) == self.wanted, where
        last = self.run()
        assert not last["changed"], (where, last["diff"])


def _key(row: Json) -> Any:
    if row["kind"] != "role":
        return row["id"]
    tenant_id, _slash, name = row["id"].rpartition("/")
    return tenant_id, name


@pytest.fixture
def restore(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> Restore:
    return Restore(emulator, run, tmp_path / "backups")


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_request(fault: str, restore: Restore) -> None:
    restore.prepare()
    clean = restore.run()
    assert not clean["failed"], clean["msg"]
    assert clean["summary"] == {"created": 4, "updated": 5, "deleted": 4, "unchanged": 4, "skipped": 0, "failed": 0}
    assert project_of(restore.emulator) == restore.wanted
    count = len(restore.emulator.requests())
    assert count > 50
    # Tenants are written side by side, so a number is not always the same request; the sweep meets all of them.
    for index in range(1, count + 1):
        restore.prepare()
        restore.emulator.faults([{"nth": index, "do": FAULTS[fault]}])
        result = restore.run(timeout=0.25 if "timeout" in fault else 5)
        restore.assert_true(result, index)
        if fault in PASSING:
            assert not result["failed"], (index, result["msg"])
        restore.assert_converges(index)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401"])
def test_faults_that_do_not_pass(fault: str, restore: Restore) -> None:
    """The service breaks at some write and stays broken for all writes from there on."""
    for index in range(1, 19, 2):
        restore.prepare()
        restore.emulator.faults([{"match": {"kind": "write"}, "from": index, "do": FAULTS[fault]}])
        result = restore.run(retries=1)
        # A write that took effect before the connection broke counts as done.
        assert result["failed"] or fault in {"reset-after", "truncated"}, index
        restore.assert_true(result, index)
        restore.assert_converges(index)


@pytest.mark.parametrize("path", ["*/tenant/all", "*/role/all", "*/permission/all", "*/flow/list"])
@pytest.mark.parametrize("what", ["empty", "short"])
def test_lists_that_are_wrong(what: str, path: str, restore: Restore) -> None:
    """What lists do not show is neither overwritten nor taken for deleted."""
    restore.prepare()
    restore.emulator.reads(what, [path])
    result = restore.run(retries=0)
    restore.emulator.reads(None)
    objects = {(row["kind"], row["id"]): row["status"] for row in result.get("objects", ())}
    now = project_of(restore.emulator)
    for (kind, key), status in objects.items():
        if status == "deleted":
            assert key not in restore.wanted[KINDS[kind]]
    assert now["tenants"]["kept"] == restore.before["tenants"]["kept"]
    restore.assert_converges(path)


def test_a_run_that_is_killed_between_two_rounds(restore: Restore) -> None:
    """Names that tenants only had in between do not stay."""
    restore.prepare()
    patch = {"match": {"path": "*/tenant/patch"}, "from": 2, "do": FAULTS["status-400"]}
    restore.emulator.faults([patch])
    result = restore.run()
    assert result["failed"]
    names = {tenant["name"] for tenant in project_of(restore.emulator)["tenants"].values()}
    assert any("being restored" in name for name in names)
    assert result["changed"]
    assert "being restored" in json.dumps(result["diff"])
    restore.assert_converges("killed")
