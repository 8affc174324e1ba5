# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible repeats of its command has no secrets in it, and is the same otherwise."""

from __future__ import annotations

import json

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs

from ansible_collections.pcc.identity.plugins.plugin_utils._command_line import hide_secrets

KEY = "KcanaryNeverShown7"


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({}))


@pytest.mark.parametrize(
    "given",
    [
        f"descope_management_key={KEY}",
        f"one=1 descope_management_key={KEY} two=2",
        f"descope_management_key='{KEY}'",
        json.dumps({"descope_management_key": KEY}),
        f"{{descope_management_key: {KEY}}}",
    ],
)
def test_secrets_are_taken_out(given: str) -> None:
    context.CLIARGS = CLIArgs({"extra_vars": ("before=1", given), "verbosity": 4})
    hide_secrets()
    first, second = context.CLIARGS["extra_vars"]
    assert (first, context.CLIARGS["verbosity"]) == ("before=1", 4)
    assert KEY not in second
    assert "descope_management_key" in second


@pytest.mark.parametrize("given", ["@vars.yml", "a=1 b=2", '{"a": [1]}', "[1, 2]", "{broken", "a='broken", ""])
def test_everything_else_stays(given: str) -> None:
    context.CLIARGS = before = CLIArgs({"extra_vars": (given,)})
    hide_secrets()
    assert context.CLIARGS is before


def test_no_extra_variables() -> None:
    context.CLIARGS = before = CLIArgs({"check": True})
    hide_secrets()
    assert context.CLIARGS is before
