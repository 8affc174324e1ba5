# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The management key shows nowhere, however much is printed. ``Ansible`` looks for it in the output of every run."""

from __future__ import annotations

import json

import pytest

LOUD = ("-vvvv", "--diff", "--limit", "acme_dev")


@pytest.fixture(autouse=True)
def _log_is_clean(request_log, ansible):
    yield
    text = request_log.read_text()
    assert text
    assert ansible.environment["DESCOPE_MANAGEMENT_KEY"] not in text


def test_success(ansible):
    run = ansible(*LOUD)
    assert run.code == 0, run.output
    assert ansible.preview(*LOUD).code == 0


def test_from_a_variable(ansible, tmp_path):
    """The key as a variable of the inventory, and the loudest form of debugging that Ansible has for its modules."""
    key = ansible.environment["DESCOPE_MANAGEMENT_KEY"]
    variables = tmp_path / "key.json"
    variables.write_text(json.dumps({"descope_management_key": key}))
    run = ansible(*LOUD, "-e", f"@{variables}", DESCOPE_MANAGEMENT_KEY=None, ANSIBLE_DEBUG=None)
    assert run.code == 0, run.output


@pytest.mark.parametrize("how", ["environment", "variable"])
def test_wrong_key(how, ansible, tmp_path):
    key = ansible.environment["DESCOPE_MANAGEMENT_KEY"]
    wrong = f"{key}Wrong"  # contains the canary
    arguments = []
    if how == "variable":
        variables = tmp_path / "key.json"
        variables.write_text(json.dumps({"descope_management_key": wrong}))
        arguments = ["-e", f"@{variables}"]
        wrong = None
    run = ansible(*LOUD, *arguments, DESCOPE_MANAGEMENT_KEY=wrong)
    assert run.code != 0


def test_malformed_key(ansible):
    key = ansible.environment["DESCOPE_MANAGEMENT_KEY"]
    run = ansible(*LOUD, DESCOPE_MANAGEMENT_KEY=f"P2exampleAcmeDev:{key}")
    assert run.code != 0
    assert "management_key" in run.text


def test_service_that_repeats_it(ansible, emulator):
    key = ansible.environment["DESCOPE_MANAGEMENT_KEY"]
    text = f"bad bearer P2exampleAcmeDev:{key}"
    body = {"errorCode": "E1", "errorDescription": text, "errorMessage": text, key: {"bearer": text}}
    rule = {"match": {"path": "/v1/mgmt/tenant/create"}, "do": {"kind": "status", "status": 400, "body": body}}
    emulator.faults([rule])
    run = ansible(*LOUD)
    assert run.code != 0
    assert "bad bearer" in run.text


def test_failures_of_the_service(ansible, emulator):
    emulator.faults([{"match": {"kind": "write"}, "do": {"kind": "reset"}}])
    run = ansible(*LOUD, "-e", "descope_retries=0")
    assert run.code != 0
