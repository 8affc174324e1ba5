# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Commands for people to paste into a shell, with the inventory and the host of this run."""

from __future__ import annotations

import shlex
import typing as t

from ansible import context

from ansible_collections.pcc.identity.plugins.module_utils._backup import command
from ansible_collections.pcc.identity.plugins.module_utils._safety import RESTORE

Options = t.Mapping[str, t.Any]

#: Values of descope_environment for which the role wants a confirmation.
PRODUCTION = frozenset({"prod", "production"})


def for_this_host(words_of: str, variables: Options, environment: str) -> str:
    """Return the command with the inventory and the host of this run, and with the confirmation it needs."""
    name, *rest = shlex.split(words_of)
    host = str(variables.get("inventory_hostname"))
    words = [name]
    for source in variables.get("ansible_inventory_sources") or ():
        words += ["-i", str(source)]
    words += ["--limit", host, *rest]
    if environment.lower() in PRODUCTION:
        words += ["-e", f"descope_confirm={host}"]
    return shlex.join(words)


def retry(variables: Options, environment: str) -> str:
    """Return the command that runs the playbooks of this run again, for one host.

    What was given with C(-e) is not in it: there may be secrets among that. Nor is a confirmation of deletions: they
    may be other ones by then.

    Args:
        variables: C(inventory_hostname) and C(ansible_inventory_sources).
        environment: of the project; production is confirmed along.
    """
    playbooks = context.CLIARGS.get("args") or ["pcc.identity.provision"]
    again = shlex.join(["ansible-playbook", *map(str, playbooks)])
    return for_this_host(again, variables, environment)


def restore(variables: Options, environment: str, files: t.Iterable[str], *, prune: bool = False) -> str:
    """Return the command that puts back, for one host, what some backups have.

    Args:
        variables: C(inventory_hostname) and C(ansible_inventory_sources).
        environment: of the project; production is confirmed along.
        files: the backups, by name if they are in the folder of backups.
        prune: whether what was not there then is deleted.
    """
    names = list(files)
    values: dict[str, str | list[str]] = {"descope_backup_file": names[0] if len(names) == 1 else names}
    if prune:
        values["descope_restore_prune"] = "true"
    return for_this_host(command(RESTORE, values), variables, environment)
