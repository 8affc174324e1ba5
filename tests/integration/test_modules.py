# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in four runs, as users meet them: check, real, real again, check again. And their documented examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

MODULES = ("descope_tenant", "descope_tenants")

ACME = {
    "id": "acme",
    "name": "Acme Corporation",
    "self_provisioning_domains": ["acme.example"],
    "domains": ["sso.acme.example"],
    "custom_attributes": {"plan": "enterprise", "seats": 5, "beta": True, "cost_centers": ["1", "2"]},
    "enforce_sso": True,
    "default_roles": ["Member"],
    "settings": {"enabled": True, "session_token_expiration": 10, "session_token_expiration_unit": "minutes"},
    "password_settings": {"enabled": True, "min_length": 12},
}
EMEA = {"id": "acme-emea", "name": "Acme EMEA", "parent": "acme"}

LIVE_ACME = {
    "id": "acme",
    "name": "Acme",
    "selfProvisioningDomains": ["old.example"],
    "customAttributes": {"plan": "team", "seats": 5},
    "defaultRoles": ["Researcher"],
}
LIVE_BETA = {"id": "beta", "name": "Beta"}

# What is there before, what is asked for, and how many writes that takes.
CASES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any], int]] = {
    "one created": ("descope_tenant", [], ACME, 4),
    "one updated": ("descope_tenant", [LIVE_ACME, LIVE_BETA], ACME, 4),
    "one attribute": (
        "descope_tenant",
        [LIVE_ACME],
        {"id": "acme", "custom_attributes": {"plan": "enterprise"}, "purge_custom_attributes": False},
        1,
    ),
    "one cleared": (
        "descope_tenant",
        [LIVE_ACME],
        {"id": "acme", "self_provisioning_domains": [], "custom_attributes": {}, "default_roles": []},
        2,
    ),
    "one deleted": ("descope_tenant", [LIVE_ACME, LIVE_BETA], {"id": "acme", "state": "absent"}, 1),
    "list created": ("descope_tenants", [LIVE_BETA], {"tenants": [EMEA, ACME]}, 5),
    "list mixed": (
        "descope_tenants",
        [LIVE_ACME, LIVE_BETA],
        {"tenants": [ACME, EMEA, {"id": "beta", "state": "absent"}, {"id": "gone", "state": "absent"}]},
        6,
    ),
    "list pruned": (
        "descope_tenants",
        [LIVE_ACME, LIVE_BETA],
        {"tenants": [{"id": "acme", "name": "Acme"}], "prune": True},
        1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_four_runs(case, ansible, emulator, live):
    module, before, options, writes = CASES[case]
    live(*before)
    plan = [("check", True), ("real", False), ("again", False), ("check_again", True)]
    run = ansible.tasks(
        [
            {
                f"pcc.identity.{module}": {
                    "project_id": "{{ descope_project_id }}",
                    "management_key": "{{ descope_management_key }}",
                    **options,
                },
                "register": name,
                "check_mode": check,
                "diff": True,
            }
            for name, check in plan
        ]
    )
    assert run.code == 0, run.output
    results = run.results
    assert [results[name]["changed"] for name, _check in plan] == [True, True, False, False]
    assert results["check"]["diff"] == results["real"]["diff"]
    assert results["check"]["diff"]["before"] != results["check"]["diff"]["after"]
    assert results["again"]["diff"] == results["check_again"]["diff"]
    assert results["again"]["diff"]["before"] == results["again"]["diff"]["after"]
    assert results["check"].get("changes") == results["real"].get("changes")
    assert [results[name]["requests"]["writes"] for name, _check in plan] == [0, writes, 0, 0]
    assert len(emulator.writes()) == writes


@pytest.mark.parametrize("module", MODULES)
def test_documented_examples(module, ansible, live, tenants, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    shown = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-doc"), "--json", "--type", "module", f"pcc.identity.{module}"],
        env={**environment, "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    tasks = yaml.safe_load(json.loads(shown.stdout)[f"pcc.identity.{module}"]["examples"])
    live({"id": "acme-old", "name": "Acme of old"})
    run = ansible.tasks(tasks, "--diff", descope_tenants=[{"id": "acme", "name": "Acme Corporation"}])
    assert run.code == 0, run.output
    assert run.changed["localhost"] >= len(tasks)
    assert tenants()["acme"]["name"] == "Acme Corporation"
    assert "acme-emea" not in tenants()
