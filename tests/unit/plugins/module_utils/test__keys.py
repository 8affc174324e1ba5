# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._keys import (
    credentials_in,
    keys_in,
    misnamed_in,
    without_keys,
)

KEY = "K2abcDEF456ghiJKL789"
LONG = f"{KEY}_with-a_tail"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (KEY, {KEY}),
        (f"Bearer P2project:{LONG}, and so on", {LONG}),
        ([1, {"a": [KEY]}], {KEY}),
        ({KEY: None}, {KEY}),
        ((KEY,), {KEY}),
        ("KnowledgeManagementTenant", set()),
        ("K2abcdefghijklmnopq", set()),
        ("K2abcDEF", set()),
        (f"x{KEY}", set()),
        ("Kunde-2024-Mueller-GmbH", set()),
        (None, set()),
        (5, set()),
    ],
)
def test_what_looks_like_a_key(value: Any, found: set[str]) -> None:
    assert keys_in(value) == found


def test_a_text_without_it() -> None:
    assert without_keys(f"'{LONG}' is not 'P2project'") == "'***' is not 'P2project'"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"managment_key": "long enough"}, {"long enough"}),
        ({"managementKey": ["long enough"]}, {"long enough"}),
        ([{"a": {"Password": {"value": "long enough", "n": 5}}}], {"long enough"}),
        ({"token": "short"}, set()),
        ({"name": "long enough"}, set()),
    ],
)
def test_values_whose_names_say_it(value: Any, found: set[str]) -> None:
    assert misnamed_in(value) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("redis://user:p4ss@host:6379/0", {"p4ss"}),
        ("redis://:p4ss@host", {"p4ss"}),
        ("redis:user:p4ss@host", {"p4ss"}),
        ("https://host/?a=b&token=p4ss&password=w0rd", {"p4ss", "w0rd"}),
        ("https://[host/", set()),
        ("https://host:8080", set()),
        ("file", set()),
        (None, set()),
    ],
)
def test_passwords_in_addresses(address: Any, found: set[str]) -> None:
    assert credentials_in(address) == found
