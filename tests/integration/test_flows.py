# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows and the theme through real playbooks: the role, the rollback, and where files and templates are looked for."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.flows import SAMPLES, sample

from .conftest import PROJECTS, ROOT

#: Show results as they are.
LOUD = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
ACME, OTHER = PROJECTS["acme_dev"], PROJECTS["acme_staging"]


@pytest.fixture
def project(tmp_path):
    """An inventory of two projects in a folder of its own, with a flow file next to it."""
    folder = tmp_path / "it's an inventory"
    (folder / "flows").mkdir(parents=True)
    shutil.copy(SAMPLES / "connectorflow.json", folder / "flows" / "login.json")
    shutil.copy(SAMPLES / "basicstyle.json", folder / "theme.json")
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "descope_flows": [{"src": "flows/login.json"}],
        "descope_theme": {"src": "theme.json"},
        "descope_flows__more": [
            {"id": "mfa", "name": "MFA", "template": "mfa-login", "config": {"methods": ["totp", "email"]}}
        ],
    }
    hosts = {"one": {"descope_project_id": ACME}, "two": {"descope_project_id": OTHER}}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    return folder


def flow(emulator, flow_id, project_id=ACME):
    return emulator.state(project_id)["projects"][project_id]["flows"][flow_id]["flow"]


def rollback_of_flows(run):
    """The words of the command in the result of the task for flows, of a run with ``LOUD``."""
    found = re.findall(r'"rollback": ("(?:[^"\\]|\\.)*rollback_flow(?:[^"\\]|\\.)*")', run.output)
    assert found, run.output
    words = shlex.split(json.loads(found[-1]))
    assert words[0] == "ansible-playbook"
    return words


def add_connectors(emulator):
    return {
        each: emulator.edit("add_connector", project=each, name="My HTTP Connector")["id"] for each in (ACME, OTHER)
    }


@pytest.mark.smoke
def test_one_file_serves_two_projects(ansible, emulator, project):
    ids = add_connectors(emulator)
    arguments = ("-i", str(project / "hosts.yml"))
    check = ansible.preview(*arguments)
    assert check.code == 0, check.output
    assert not emulator.writes()
    real = ansible("--diff", *arguments)
    assert real.code == 0, real.output
    for kind in ("flows", "theme"):
        assert set(check.diffs_of(kind)) == {ACME, OTHER}
        assert check.diffs_of(kind) == real.diffs_of(kind)
    assert "authenticator app (TOTP)" in real.diffs_of("flows")[ACME]
    assert "flows: 2 created" in real.text
    for project_id, connector in ids.items():
        assert flow(emulator, "references-flow", project_id)["references"]["connectors"] == {
            "My HTTP Connector": connector
        }
    written = len(emulator.writes())
    again = ansible("--diff", *arguments)
    assert again.changed == {"one": 0, "two": 0}
    assert not again.diffs_of("flows")
    assert len(emulator.writes()) == written


def test_a_deployment_is_rolled_back_by_the_command_it_names(ansible, emulator, project):
    add_connectors(emulator)
    arguments = ("-i", str(project / "hosts.yml"), "--limit", "one")
    first = ansible(*arguments)
    assert first.code == 0, first.output
    before = flow(emulator, "references-flow")
    changed = copy.deepcopy(sample("connectorflow.json"))
    changed["contents"]["tasks"]["0"]["name"] = "Finish"
    (project / "flows" / "login.json").write_text(json.dumps(changed))
    run = ansible("-v", *arguments, **LOUD)
    assert run.code == 0, run.output
    words = rollback_of_flows(run)
    assert words[1:5] == ["-i", str(project / "hosts.yml"), "--limit", "one"]
    play = words.pop(words.index("pcc.identity.rollback_flow"))
    preview = ansible("--check", "--diff", *words[1:], play=play)
    assert preview.code == 0, preview.output
    assert flow(emulator, "references-flow")["contents"] == changed["contents"]
    real = ansible("--diff", *words[1:], play=play)
    assert real.code == 0, real.output
    assert preview.diffs_of("flows") == real.diffs_of("flows")
    assert re.search(r"-\s+name: Finish", real.diffs_of("flows")[ACME])
    assert flow(emulator, "references-flow")["contents"] == before["contents"]
    assert ansible(*words[1:], play=play).changed == {"one": 0}
    # By its name alone, as disaster recovery has it.
    path = next(word.partition("=")[2] for word in words if word.startswith("descope_backup_file="))
    words[words.index(f"descope_backup_file={path}")] = f"descope_backup_file={os.path.basename(path)}"
    assert ansible(*words[1:], play=play).changed == {"one": 0}


def test_a_relative_backup_folder_is_where_the_command_was_given(ansible, emulator, project, tmp_path):
    add_connectors(emulator)
    name = os.path.relpath(tmp_path / "kept", ROOT)
    run = ansible("-i", str(project / "hosts.yml"), "--limit", "one", "-e", f"descope_backup_dir={name}")
    assert run.code == 0, run.output
    assert {path.name.split("-")[1] for path in (tmp_path / "kept").iterdir()} == {"flows", "theme"}
    assert str(tmp_path / "kept") in run.output


def test_rolling_back_production_has_to_be_confirmed(ansible, emulator, project):
    add_connectors(emulator)
    arguments = ("-i", str(project / "hosts.yml"), "--limit", "one")
    production = ("-e", "descope_environment=prod")
    run = ansible("-v", *arguments, *production, "-e", "descope_confirm=one", **LOUD)
    assert run.code == 0, run.output
    words = rollback_of_flows(run)
    play = words.pop(words.index("pcc.identity.rollback_flow"))
    assert words[-2:] == ["-e", "descope_confirm=one"]
    written = len(emulator.writes())
    unconfirmed = ansible(*words[1:-2], *production, play=play)
    assert unconfirmed.code != 0
    assert "one is a production project" in unconfirmed.text
    assert len(emulator.writes()) == written
    # The flows were not there before, and nothing is deleted unasked.
    unasked = ansible(*words[1:], *production, play=play)
    assert unasked.code != 0
    assert "one (project" in unasked.text
    assert "would lose 2 of what it has: - flow '" in unasked.text
    assert len(emulator.writes()) == written
    assert ansible(*words[1:], *production, "-e", "descope_confirm_destroy=true", play=play).code == 0


@pytest.mark.parametrize("task", ["See what would change", "Make what differs as listed", "Summary"])
def test_starting_at_a_later_task(task, ansible, emulator, project):
    """What was not planned is not written."""
    add_connectors(emulator)
    run = ansible(
        "-i", str(project / "hosts.yml"), "--limit", "one", "--start-at-task", f"pcc.identity.provision : {task}"
    )
    planned = task == "See what would change"
    assert (run.code == 0) == planned, run.output
    assert ("flows: 2 created" in run.text) == planned
    assert bool(emulator.writes()) == planned


def test_the_backup_of_another_project_is_not_taken(ansible, emulator, project):
    add_connectors(emulator)
    arguments = ("-i", str(project / "hosts.yml"))
    assert ansible(*arguments, "--limit", "one").code == 0
    (backup,) = (ansible.folder / "state" / "pcc-identity" / "backups" / ACME).glob("*-flows-*.json")
    written = len(emulator.writes())
    play = ROOT / "playbooks" / "rollback_flow.yml"
    run = ansible(*arguments, "--limit", "two", "-e", f"descope_backup_file={backup}", play=play)
    assert run.code != 0
    assert f"backup of project {ACME}, not of {OTHER}" in run.text
    assert len(emulator.writes()) == written


def test_the_guard_names_what_would_be_lost(ansible, emulator, project):
    add_connectors(emulator)
    arguments = ("-i", str(project / "hosts.yml"), "--limit", "one")
    assert ansible(*arguments).code == 0
    written = len(emulator.writes())
    less = sample("connectorflow.json")
    del less["contents"]["tasks"]["1"], less["contents"]["tasks"]["1.end"]
    less["contents"]["startTask"] = "0"
    less["contents"]["tasks"]["start"]["next"]["rules"][0]["taskId"] = "0"
    (project / "flows" / "login.json").write_text(json.dumps(less))
    run = ansible.preview(*arguments)
    assert run.code != 0
    assert "one: descope_flows" in run.text
    assert "would lose the start step" in run.text
    assert "the sign-in method social login with apple" in run.text
    assert "allow_breaking_changes: true" in run.text
    assert len(emulator.writes()) == written


def test_unknown_connector(ansible, emulator, project):
    emulator.edit("add_connector", project=ACME, name="Another")
    run = ansible.preview("-i", str(project / "hosts.yml"), "--limit", "one")
    assert run.code != 0
    assert "refers to the connector 'My HTTP Connector', which project" in run.text
    assert "Another" in run.text
    assert not emulator.writes()
    mapped = ("-e", json.dumps({"descope_flow_connectors": {"My HTTP Connector": "Another"}}))
    assert ansible("-i", str(project / "hosts.yml"), "--limit", "one", *mapped).code == 0


def test_templates_of_the_inventory_come_first(ansible, emulator, project):
    own = project / "flow_templates" / "mfa-login"
    shutil.copytree(ROOT / "flow_templates" / "magic-link", own)
    run = ansible(
        "-i", str(project / "hosts.yml"), "--limit", "one", "-e", json.dumps({"descope_flows": [], "descope_theme": {}})
    )
    assert run.code != 0
    assert "methods: is not a known option" in run.text
    assert not emulator.writes()


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"src": "flows/nowhere.json"}, "src 'flows/nowhere.json': cannot be found"),
        ({"src": "hosts.yml", "id": "x"}, "hosts.yml': has neither 'contents'"),
        ({"id": "x", "template": "mfa"}, "there is no flow template 'mfa'"),
        ({"id": "x", "sorce": "y"}, "did you mean 'source'"),
        ("text", "'text' is not a dictionary"),
    ],
)
def test_bad_entries(entry, text, ansible, emulator, project):
    variables = {"descope_flows": [{"id": "sign-in", "disabled": True}, entry], "descope_theme": {}}
    run = ansible("-i", str(project / "hosts.yml"), "--limit", "one", "-e", json.dumps(variables))
    assert run.code != 0
    assert text in run.text
    assert not emulator.writes()


def test_an_encrypted_file(ansible, emulator, project):
    """Files encrypted by Ansible Vault are read like others."""
    add_connectors(emulator)
    password = project / "password"
    password.write_text("secret")
    vault = VaultLib([("default", VaultSecret(b"secret"))])
    file = project / "flows" / "login.json"
    file.write_bytes(vault.encrypt(file.read_bytes()))
    run = ansible("-i", str(project / "hosts.yml"), "--limit", "one", "--vault-password-file", str(password))
    assert run.code == 0, run.output
    assert flow(emulator, "references-flow")["metadata"]["name"] == "References Flow"


def test_single_flow_and_theme_by_hand(ansible, emulator):
    add_connectors(emulator)
    tasks = [
        {
            "pcc.identity.descope_flow": {
                "project_id": ACME,
                "src": str(SAMPLES / "testwidget.json"),
                "id": "user-profile-set-phone",
            },
            "register": "result_flow",
        },
        {
            "pcc.identity.descope_theme": {"project_id": ACME, "src": str(SAMPLES / "basicstyle.json")},
            "register": "result_theme",
        },
        {
            "ansible.builtin.set_fact": {
                "result_info": "{{ query('pcc.identity.descope_info', 'flows', id='user-profile-set-phone') }}"
            },
            "register": "result_fact",
        },
    ]
    results = ansible.tasks(tasks).results
    assert results["result_flow"]["flow"]["steps"] == 12
    assert results["result_flow"]["rollback"].startswith("ansible-playbook -i ")
    assert results["result_theme"]["changed"]
    (exported,) = results["result_fact"]["ansible_facts"]["result_info"]
    assert exported["metadata"]["name"] == "Set Phone"
    assert not ansible.tasks(tasks[:2]).results["result_flow"]["changed"]
