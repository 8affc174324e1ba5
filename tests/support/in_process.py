# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module in this process: the real module code, only Ansible's transport left out."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from typing import Any
from unittest import mock

from ansible.module_utils import basic

COLLECTION = "ansible_collections.pcc.identity.plugins.modules"


def run_module(name: str, /, *, check: bool = False, diff: bool = True, **options: Any) -> dict[str, Any]:
    """Run a module of the collection and return its result; ``failed`` is always there."""
    module = importlib.import_module(f"{COLLECTION}.{name}")
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    if hasattr(basic, "_ANSIBLE_PROFILE"):  # from ansible-core 2.19 on
        basic._ANSIBLE_PROFILE = "legacy"
    told: list[str] = []
    output = io.StringIO()
    code: Any = 0
    try:
        # In a process with the controller in it, Ansible would show warnings by itself.
        with (
            contextlib.redirect_stdout(output),
            mock.patch.object(basic.AnsibleModule, "warn", lambda _self, text: told.append(text)),
        ):
            module.main()
    except SystemExit as end:
        code = end.code
    finally:
        basic._ANSIBLE_ARGS = None
    result = json.loads(output.getvalue())
    assert bool(result.get("failed")) == bool(code)
    return {"failed": False, **result, **({"warnings": told} if told else {})}
