# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._diff import dotted, render
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Change


def create(key: str, **after: Any) -> Change:
    return Change(key, None, key, CREATE, {}, after)


def update(key: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    return Change(key, key, key, UPDATE, before, after)


def delete(key: str, **before: Any) -> Change:
    return Change(key, key, key, DELETE, before, {})


def test_nothing_changes() -> None:
    assert render([], fields.nested, "tenants") == {
        "before_header": "tenants",
        "after_header": "tenants",
        "before": "",
        "after": "",
    }


def test_each_action_stands_on_its_sides() -> None:
    diff = render(
        [
            create("new", name="New"),
            update("old", {"disabled": False}, {"disabled": True}),
            delete("gone", name="Gone"),
        ],
        fields.nested,
        "tenants",
    )
    assert yaml.safe_load(diff["before"]) == {"old": {"disabled": False}, "gone": {"name": "Gone"}}
    assert yaml.safe_load(diff["after"]) == {"new": {"name": "New"}, "old": {"disabled": True}}


def test_a_deletion_shows_even_if_nothing_is_known_of_the_object() -> None:
    assert yaml.safe_load(render([delete("gone")], fields.nested, "x")["before"]) == {"gone": {}}


def test_fields_take_the_shape_that_users_know() -> None:
    diff = render(
        [create("a", **{"settings.enabled": True, "settings.sso_setup_suite.style_id": "x"})], fields.nested, "x"
    )
    assert yaml.safe_load(diff["after"]) == {"a": {"settings": {"enabled": True, "sso_setup_suite": {"style_id": "x"}}}}


def test_keys_are_sorted_and_letters_stay_as_they_are() -> None:
    diff = render([create("b", name="Zoë", disabled=True), create("a", name="日本")], fields.nested, "x")
    assert diff["after"] == "a:\n  name: 日本\nb:\n  disabled: true\n  name: Zoë\n"


@pytest.mark.parametrize("text", ["\ud800", "x\udfffy", "日本 \ud83d"], ids=ascii)
def test_half_a_character_is_shown_as_what_it_is(text: str) -> None:
    diff = render([create("a", name=text), update("b", {"name": "日本"}, {"name": "Zoë"})], fields.nested, "x")
    diff["after"].encode()
    half = next(letter for letter in text if "\ud800" <= letter <= "\udfff")
    assert f"\\u{ord(half):x}" in diff["after"].lower()
    # The other side needs no escapes.
    assert diff["before"] == "b:\n  name: 日本\n"
    diff = render([create(text, name="x")], fields.nested, "x")
    assert "name: x" in diff["after"]


VALUES = st.one_of(st.text(max_size=8), st.booleans(), st.integers(), st.lists(st.text(max_size=4), max_size=3))
CHANGES = st.lists(
    st.builds(
        lambda key, action, before, after: Change(
            key,
            key,
            key,
            action,
            {} if action == CREATE else before,
            {} if action == DELETE else after,
        ),
        st.text("abcdef", min_size=1, max_size=3),
        st.sampled_from([CREATE, UPDATE, DELETE]),
        st.dictionaries(st.sampled_from(["name", "disabled", "domains"]), VALUES, min_size=1),
        st.dictionaries(st.sampled_from(["name", "disabled", "domains"]), VALUES, min_size=1),
    ),
    unique_by=lambda change: change.key,
)


@given(CHANGES)
def test_a_diff_holds_the_changes_and_nothing_else(changes: list[Change]) -> None:
    diff = render(changes, dict, "x")
    before, after = yaml.safe_load(diff["before"]) or {}, yaml.safe_load(diff["after"]) or {}
    assert before == {change.key: change.before for change in changes if change.action != CREATE}
    assert after == {change.key: change.after for change in changes if change.action != DELETE}
    assert render(changes[::-1], dict, "x") == diff


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {"b": {"c": 1}, "d": [{"e": 2}]}, "f": None}, {"a.b.c": 1, "a.d": [{"e": 2}], "f": None}),
        ({"a.b": 1, "a": {"b": 2, "c.d": {"e": 3}}}, {"'a.b'": 1, "a.b": 2, "a.'c.d'.e": 3}),
        ({"a": {}}, {"a": {}}),
        ([{"a": {"b": 1}}], [{"a": {"b": 1}}]),
        ("text", "text"),
    ],
)
def test_dotted(value: object, expected: object) -> None:
    assert dotted(value) == expected
