# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The provision playbook on the example inventory: preview and run agree, and the guards of the role."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

CONFIRMED = ("-e", "descope_confirm=prod")
LIMIT = ("--limit", "acme_dev,globex_prod")


def variables(**values):
    return ("-e", json.dumps(values))


@pytest.mark.smoke
def test_four_runs(ansible, emulator, live, tenants):
    contoso = {"id": "contoso", "name": "Contoso Ltd", "selfProvisioningDomains": ["contoso.invalid"]}
    live(contoso, {"id": "x1", "name": "X"})
    check = ansible.preview(*LIMIT)
    assert check.code == 0, check.output
    assert not emulator.writes()
    real = ansible("--diff", *LIMIT, *CONFIRMED)
    assert real.code == 0, real.output
    assert check.changed == real.changed == {"acme_dev": 2, "globex_prod": 2}  # tenants and flows
    assert check.diffs == real.diffs
    assert set(check.diffs) == {"P2exampleAcmeDev", "P2exampleGlobexProd"}
    assert "-  - contoso.invalid" in check.diffs["P2exampleAcmeDev"]
    assert "Would be: tenants: 3 created, 1 updated; flows: 1 created;" in check.text
    assert "tenants: 3 created, 1 updated;" in real.text
    written = len(emulator.writes())
    again = ansible("--diff", *LIMIT, *CONFIRMED)
    check_again = ansible.preview(*LIMIT)
    for run in (again, check_again):
        assert run.code == 0
        assert run.changed == {"acme_dev": 0, "globex_prod": 0}
        assert not run.diffs
        assert "left alone: x1" in run.text
    assert len(emulator.writes()) == written
    assert "x1" in tenants()


def test_by_name(ansible, tmp_path, tenants):
    """The playbook of the collection, called by its full name from elsewhere."""
    hosts = tmp_path / "hosts.yml"
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "descope_tenants": [{"id": "acme", "name": "Acme"}],
    }
    hosts.write_text(json.dumps({"one": {"hosts": {"only": host}}, "two": {"hosts": {"other": {}}}}))
    arguments = ("-i", str(hosts), "-e", "descope_hosts=one")
    run = ansible(*arguments, play="pcc.identity.provision", DESCOPE_PROJECT_ID="P2exampleAcmeDev")
    assert run.code == 0, run.output
    assert run.changed == {"only": 1}
    assert list(tenants()) == ["acme"]


@pytest.mark.smoke
def test_production_must_be_confirmed(ansible, emulator):
    run = ansible("--limit", "acme_prod,acme_dev")
    assert run.code != 0
    assert "acme_prod is a production project" in run.text
    assert "-e descope_confirm=prod" in run.text
    assert "-e descope_confirm=acme_prod" in run.text
    assert not emulator.requests(), "the other hosts should have stopped as well"


@pytest.mark.parametrize("confirmed", ["acme_prod", "globex_prod, acme_prod", ["acme_prod"], ["prod"]], ids=str)
def test_production_confirmed(confirmed, ansible, tenants):
    run = ansible("--limit", "acme_prod", *variables(descope_confirm=confirmed))
    assert run.code == 0, run.output
    assert "northwind" in tenants("acme_prod")


@pytest.mark.parametrize("confirmed", ["globex_prod", "yes", "staging", ["globex_prod"], [], True, "acme"], ids=str)
def test_production_confirmed_for_something_else(confirmed, ansible, emulator):
    run = ansible("--limit", "acme_prod", *variables(descope_confirm=confirmed))
    assert run.code != 0
    assert "-e descope_confirm=acme_prod" in run.text
    assert not emulator.requests()


def test_two_hosts_with_one_project(ansible, emulator):
    run = ansible.preview("--limit", "acme_dev,globex_dev", DESCOPE_PROJECT_ID="P2exampleAcmeDev")
    assert run.code != 0
    assert "acme_dev and globex_dev have the same Descope project, P2exampleAcmeDev" in run.text
    assert "--limit acme_dev" in run.text
    assert not emulator.requests()


def test_project_from_the_environment(ansible, tenants):
    run = ansible("--limit", "acme_dev", DESCOPE_PROJECT_ID="P2exampleGlobexDev")
    assert run.code == 0, run.output
    assert "northwind" in tenants("globex_dev")
    assert not tenants("acme_dev")


def test_lists_are_combined(ansible, tenants):
    own = [{"id": "own", "name": "Own"}]
    extra = [{"id": "extra", "name": "Extra", "custom_attributes": {"plan": "2026-01-31"}}]
    run = ansible("--limit", "acme_dev", *variables(descope_tenants=own, descope_tenants__zz=extra))
    assert run.code == 0, run.output
    assert set(tenants()) == {"own", "contoso", "northwind", "northwind-emea", "playground", "extra"}


def test_a_clash_names_both_places(ansible, emulator):
    run = ansible("--limit", "acme_dev", *variables(descope_tenants=[{"id": "contoso", "name": "Another"}]))
    assert run.code != 0
    assert "'contoso' (from acme_dev: descope_tenants__company)" in run.text
    assert "'contoso' (from acme_dev: descope_tenants)" in run.text
    assert not emulator.writes()


@pytest.mark.parametrize("value", [{"acme": {"name": "Acme"}}, "acme", 5], ids=str)
def test_a_list_that_is_none(value, ansible, emulator):
    run = ansible("--limit", "acme_dev", *variables(descope_tenants__zz=value))
    assert run.code != 0
    assert "descope_tenants__zz is not a list" in run.text
    assert not emulator.requests()


def test_prune_and_its_limits(ansible, emulator, live, tenants):
    live(*({"id": f"extra-{number}", "name": f"Extra {number}"} for number in range(6)))
    arguments = ("--limit", "acme_dev", "--diff", *variables(descope_prune=True, descope_max_delete_percent=100))
    run = ansible(*arguments)
    assert run.code != 0
    assert "Nothing was written" in run.text
    assert "max_deletes" in run.text
    assert "extra-5 (Extra 5)" in run.text
    assert not emulator.writes()
    run = ansible(*arguments, "-e", "descope_max_deletes=6", "-e", "descope_confirm_destroy=true")
    assert run.code == 0, run.output
    assert not [name for name in tenants() if name.startswith("extra")]


def test_inventory_needs_nothing_else():
    """The example reads as an inventory, and knows nothing of the emulator."""
    text = subprocess.run(
        ["grep", "-rniE", "emulator|127\\.0\\.0\\.1|localhost|base_url", "inventories", "playbooks"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    ).stdout
    # A playbook that asks no service runs where Ansible runs.
    assert not [line for line in text.splitlines() if not line.endswith("  hosts: localhost")]
