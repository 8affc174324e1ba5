# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backup playbook, and both modules as tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import KEY, PROJECTS

ACME = PROJECTS["acme_dev"]
PLAY = "playbooks/backup.yml"


@pytest.fixture
def backups(ansible):
    """The files of the project's backups."""

    def find():
        folder = ansible.folder / "state" / "pcc-identity" / "backups" / ACME
        return sorted(folder.iterdir()) if folder.exists() else []

    return find


@pytest.mark.smoke
def test_the_playbook(ansible, emulator, live, backups):
    live({"id": "acme", "name": "Acme"}, {"id": "globex", "name": "Globex"})
    emulator.edit("add_connector", ACME, name="Theirs", secrets={"bearertoken": f"{KEY}too"})
    arguments = ("--limit", "acme_dev", "-e", "descope_project_name=Ours")
    check = ansible("--check", *arguments, play=PLAY)
    assert check.code == 0, check.output
    assert "would save 2 tenants" in check.text
    assert backups() == []
    run = ansible(*arguments, play=PLAY)
    assert run.code == 0, run.output
    # Once to tell what it takes, and once to do it.
    assert "requests, at least 0 s by the rate limit" in run.text
    (path,) = backups()
    assert path.name in run.text
    text = path.read_text()
    assert KEY not in text
    content = json.loads(text)
    assert content["project"] == {"id": ACME, "name": "Ours", "environment": "dev"}
    assert content["reason"] == "playbook backup"
    assert Path(content["origin"]["playbook"]).name == "playbooks"
    assert run.changed == {"acme_dev": 1}
    again = ansible(*arguments, play=PLAY)
    assert again.code == 0, again.output
    assert again.changed == {"acme_dev": 0}
    assert backups() == [path]
    assert emulator.writes() == []


def test_a_plan_without_snapshots(ansible, emulator, backups):
    emulator.switches(snapshots="refused")
    run = ansible("--limit", "acme_dev", play=PLAY)
    assert run.code == 0, run.output
    assert "Not saved: " in run.text
    assert "E111703" in run.text
    assert "snapshot" not in json.loads(backups()[0].read_text())["sections"]


def test_all_projects(ansible, emulator):
    run = ansible("-e", "descope_backup_sections=tenants,theme", play=PLAY)
    assert run.code == 0, run.output
    folders = ansible.folder / "state" / "pcc-identity" / "backups"
    assert {folder.name: len(list(folder.iterdir())) for folder in folders.iterdir()} == dict.fromkeys(
        PROJECTS.values(), 1
    )


def test_both_modules(ansible, emulator, backups):
    ansible.environment["DESCOPE_PROJECT_ID"] = ACME
    run = ansible.tasks(
        [
            {"pcc.identity.descope_backup": {"reason": "first"}, "register": "result_first"},
            {"pcc.identity.descope_backup": {"reason": "second"}, "register": "result_second"},
            {"pcc.identity.descope_backup_info": {}, "register": "result_both"},
            {
                "pcc.identity.descope_backup": {"state": "absent", "file": "{{ result_first.backup_file }}"},
                "register": "result_gone",
            },
            {"pcc.identity.descope_backup_info": {"latest": True, "intact_only": True}, "register": "result_latest"},
        ]
    )
    assert run.code == 0, run.output
    results = run.results
    assert [row["reason"] for row in results["result_both"]["backups"]] == ["second", "first"]
    assert [row["reason"] for row in results["result_latest"]["backups"]] == ["second"]
    assert results["result_gone"]["deleted"] == [results["result_first"]["backup_file"]]
    assert [str(path) for path in backups()] == [results["result_second"]["backup_file"]]
