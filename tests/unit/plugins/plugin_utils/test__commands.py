# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.splitter import parse_kv
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.plugin_utils._commands import for_this_host, restore, retry

SITE = "ansible-playbook -i /srv/inventories/example --limit acme_dev site.yml"
HERE = {"inventory_hostname": "acme_dev", "ansible_inventory_sources": ["/srv/inventories/example"]}


@pytest.fixture
def called_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say which playbooks this run was called with."""

    def call(*playbooks: str) -> None:
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(args=playbooks))

    return call


def extra_variables(command: str) -> dict[str, Any]:
    """What Ansible takes from the command's ``-e``."""
    words = shlex.split(command)
    found: dict[str, Any] = {}
    for option, value in itertools.pairwise(words):
        if option == "-e":
            found.update(json.loads(value) if value.startswith("{") else parse_kv(value))
    return found


@pytest.mark.parametrize(
    ("playbooks", "environment", "command"),
    [
        (
            ["playbooks/provision.yml"],
            "dev",
            "ansible-playbook -i /srv/inventories/example --limit acme_dev playbooks/provision.yml",
        ),
        (
            ["pcc.identity.provision", "other one.yml"],
            "",
            "ansible-playbook -i /srv/inventories/example --limit acme_dev pcc.identity.provision 'other one.yml'",
        ),
        (["site.yml"], "prod", f"{SITE} -e descope_confirm=acme_dev"),
        (["site.yml"], "Production", f"{SITE} -e descope_confirm=acme_dev"),
        (["site.yml"], "staging", SITE),
        ([], "dev", "ansible-playbook -i /srv/inventories/example --limit acme_dev pcc.identity.provision"),
    ],
)
def test_the_same_playbooks_again(
    playbooks: list[str], environment: str, command: str, called_with: Callable[..., None]
) -> None:
    called_with(*playbooks)
    assert retry(HERE, environment) == command


def test_every_inventory_is_named() -> None:
    here = {"inventory_hostname": "a b", "ansible_inventory_sources": ["it's here", "/other"]}
    command = for_this_host("ansible-playbook site.yml", here, "prod")
    assert command == (
        """ansible-playbook -i 'it'"'"'s here' -i /other --limit 'a b' site.yml -e 'descope_confirm=a b'"""
    )
    assert shlex.split(command)[1:7] == ["-i", "it's here", "-i", "/other", "--limit", "a b"]


@pytest.mark.parametrize("sources", [{}, {"ansible_inventory_sources": None}, {"ansible_inventory_sources": []}])
def test_without_an_inventory(sources: dict[str, Any]) -> None:
    here = {"inventory_hostname": "localhost", **sources}
    assert for_this_host("ansible-playbook site.yml", here, "") == "ansible-playbook --limit localhost site.yml"


@pytest.mark.parametrize(
    ("files", "prune", "variables"),
    [
        (["one.json"], False, {"descope_backup_file": "one.json"}),
        (["one.json"], True, {"descope_backup_file": "one.json", "descope_restore_prune": "true"}),
        (["a.json", "b.json.gz"], False, {"descope_backup_file": ["a.json", "b.json.gz"]}),
        (["/b a/it's.json"], False, {"descope_backup_file": "/b a/it's.json"}),
        (["b", "a", "b c"], True, {"descope_backup_file": ["b", "a", "b c"], "descope_restore_prune": "true"}),
    ],
)
def test_what_is_put_back(files: list[str], prune: bool, variables: dict[str, Any]) -> None:
    command = restore(HERE, "dev", files, prune=prune)
    start = "ansible-playbook -i /srv/inventories/example --limit acme_dev pcc.identity.restore "
    assert command.startswith(start)
    assert extra_variables(command) == variables


def test_restoring_production_is_confirmed_along() -> None:
    command = restore(HERE, "PROD", ["one.json"])
    assert extra_variables(command) == {"descope_backup_file": "one.json", "descope_confirm": "acme_dev"}


# What file names may have, and what shells, Ansible and its templates make something of.
NAMES = st.text(st.sampled_from("ab .=-_'\"\\$`{}!&;|*?#~éß/"), min_size=1, max_size=12)


@given(st.lists(NAMES, min_size=1, max_size=4), st.booleans(), NAMES)
def test_any_name_survives_the_shell(files: list[str], prune: bool, inventory: str) -> None:
    here = {"inventory_hostname": "acme_dev", "ansible_inventory_sources": [inventory]}
    command = restore(here, "", files, prune=prune)
    assert "\n" not in command
    assert shlex.split(command)[2] == inventory
    expected: dict[str, Any] = {"descope_backup_file": files[0] if len(files) == 1 else files}
    if prune:
        expected["descope_restore_prune"] = "true"
    assert extra_variables(command) == expected
