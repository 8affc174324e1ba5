# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What Ansible repeats of the command at high verbosity: its arguments, without the secrets among them."""

from __future__ import annotations

import typing as t

from ansible import context
from ansible.parsing.splitter import parse_kv
from ansible.utils.context_objects import CLIArgs

from ansible_collections.pcc.identity.plugins.plugin_utils._audit_entry import secrets_in, without


def hide_secrets() -> None:
    """Take the secrets out of what Ansible knows as its arguments. The variables have been taken from there before."""
    given = context.CLIARGS.get("extra_vars") or ()
    hidden = tuple(_hidden(item) for item in given)
    if hidden != tuple(given):
        context.CLIARGS = CLIArgs({**context.CLIARGS, "extra_vars": hidden})


def _hidden(item: t.Any) -> t.Any:
    """Return the value of one C(-e) without secrets; a file is only named there."""
    if not isinstance(item, str) or item.startswith("@"):
        return item
    return without(item, secrets_in(_variables(item)))


def _variables(text: str) -> dict[str, t.Any]:
    import yaml

    try:
        found = yaml.safe_load(text) if text.startswith(("{", "[")) else parse_kv(text)
    except Exception:  # Ansible has told what is wrong with it
        return {}
    return found if isinstance(found, dict) else {}
