# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _theme as rules
from tests.support.flows import sample

BASIC = sample("basicstyle.json")
EMPTY = sample("emptystyle.json")

# Forms


def v1(theme: dict[str, Any]) -> dict[str, Any]:
    return {"id": "TH1", "version": 7, "cssTemplate": theme["styles"], "componentsVersion": theme["componentsVersion"]}


@pytest.mark.parametrize("theme", [BASIC, EMPTY], ids=["basic", "empty"])
def test_all_forms_are_the_same_theme(theme: dict[str, Any]) -> None:
    assert rules.from_export(theme) == theme
    without_references = {name: value for name, value in theme.items() if name != "references"}
    snapshot = copy.deepcopy(without_references)
    for form in (v1(theme), {"theme": v1(theme)}, snapshot, {"theme": {**theme, "references": None}}):
        assert rules.from_export(form) == without_references
    assert rules.from_export({"theme": theme}) == theme


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is not a JSON object"),
        ([BASIC], "is not a JSON object"),
        ({}, "neither 'styles'"),
        (sample("basicflow.json"), "neither 'styles'"),
        ({"styles": []}, "'styles' is not a JSON object"),
        ({"styles": None}, "'styles' is not a JSON object"),
        ({"cssTemplate": "a {}"}, "'cssTemplate' is not a JSON object"),
        ({"theme": None}, "under 'theme'"),
        ({"theme": {"theme": BASIC}}, "under 'theme'"),
        ({"theme": {"light": {}}}, "neither 'styles'"),
        ({"styles": {}, "references": []}, "'references' is not a JSON object"),
    ],
)
def test_what_is_not_a_theme(value: Any, message: str) -> None:
    with pytest.raises(rules.NotATheme, match=message) as caught:
        rules.from_export(value)
    assert caught.value.code == "bad_definition"
    assert "export" in caught.value.hint


def test_to_v1() -> None:
    assert rules.to_v1(BASIC, {"id": "TH1", "version": 7}) == v1(BASIC)
    assert rules.to_v1({"styles": {}}, {}) == {"cssTemplate": {}}


def test_combine_keeps_what_is_live_and_takes_what_is_wanted() -> None:
    live = {"styles": {"light": {"a": 1}}, "componentsVersion": "2", "references": {"x": {"one": "1", "two": "2"}}}
    wanted = {"styles": {"light": {"b": 2}}, "componentsVersion": "1", "references": {"x": {"two": "3"}}}
    assert rules.combine(live, wanted) == {
        "styles": {"light": {"a": 1, "b": 2}},
        "componentsVersion": "1",
        "references": {"x": {"one": "1", "two": "3"}},
    }
    assert rules.combine({"styles": {}}, {"styles": {}}) == {"styles": {}}
    assert rules.combine({"styles": {}}, wanted) == wanted
    assert rules.combine(live, {"styles": {}}) == live


# Comparison, by example

LIVE: dict[str, Any] = {
    "light": {"button": {"color": "red", "sizes": [1, 2], "bold": True, "gap": 0}, "logo": {"url": "x"}},
    "dark": {},
}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"light": None},
        {"light": {"button": {}}},
        {"light": {"button": {"color": {}}}},
        {"light": {"button": {"color": {"none": None}}}},
        {"light": {"button": {"gap": 0.0, "sizes": [1.0, 2], "other": "", "others": []}}},
        {"dark": {"a": {"b": ""}}, "third": {"c": []}},
    ],
)
def test_what_is_live_already(wanted: dict[str, Any]) -> None:
    assert rules.subset(wanted, LIVE)
    assert rules.changes(LIVE, wanted) == []
    assert rules.difference(LIVE, wanted) == ({}, {})
    assert rules.same(rules.merge(LIVE, wanted), LIVE)


@pytest.mark.parametrize(
    ("wanted", "names", "before", "after"),
    [
        ({"color": "blue"}, ["color"], {"color": "red"}, {"color": "blue"}),
        ({"color": ""}, ["color"], {"color": "red"}, {}),
        ({"sizes": []}, ["sizes"], {"sizes": [1, 2]}, {}),
        ({"sizes": [2, 1]}, ["sizes"], {"sizes": [1, 2]}, {"sizes": [2, 1]}),
        ({"sizes": [1]}, ["sizes"], {"sizes": [1, 2]}, {"sizes": [1]}),
        ({"bold": 1}, ["bold"], {"bold": True}, {"bold": 1}),
        ({"gap": False}, ["gap"], {"gap": 0}, {"gap": False}),
        ({"color": {"hover": "blue"}}, ["color"], {"color": "red"}, {"color": {"hover": "blue"}}),
        ({"new": {"a": {"b": 1, "c": ""}}}, ["new"], {}, {"new": {"a": {"b": 1}}}),
    ],
)
def test_what_differs(wanted: Any, names: list[str], before: Any, after: Any) -> None:
    styles = {"light": {"button": wanted}}
    assert not rules.subset(styles, LIVE)
    assert rules.changes(LIVE, styles) == [f"light.button.{name}" for name in names]
    expected = tuple({"light": {"button": side}} if side else {} for side in (before, after))
    assert rules.difference(LIVE, styles) == expected
    merged = rules.merge(LIVE, styles)
    assert merged["light"]["logo"] == LIVE["light"]["logo"]
    assert rules.subset(styles, merged)


def test_an_object_in_place_of_a_value_and_back() -> None:
    wanted = {"light": {"button": "none"}}
    assert rules.merge(LIVE, wanted)["light"]["button"] == "none"
    assert rules.changes(LIVE, wanted) == ["light.button"]
    back = rules.merge(rules.merge(LIVE, wanted), LIVE)
    assert rules.same(back, LIVE)


def test_merge_changes_neither_side() -> None:
    live, wanted = copy.deepcopy(LIVE), {"light": {"button": {"color": "blue"}}, "dark": {"a": None, "b": {"c": 1}}}
    kept = copy.deepcopy(wanted)
    assert rules.merge(live, wanted)["dark"] == {"b": {"c": 1}}
    assert (live, wanted) == (LIVE, kept)


def test_what_is_not_managed() -> None:
    assert rules.unmanaged(LIVE, {}) == ["light"]
    assert rules.unmanaged(LIVE, {"light": {"button": {"color": "blue"}}}) == [
        "light.button.bold",
        "light.button.gap",
        "light.button.sizes",
        "light.logo",
    ]
    assert rules.unmanaged(LIVE, {"light": {"button": "none", "logo": {"url": {}}}}) == ["light.logo.url"]
    assert rules.unmanaged(LIVE, LIVE) == []


def test_a_new_theme_is_told_in_few_names() -> None:
    assert rules.changes(EMPTY["styles"], BASIC["styles"]) == ["dark", "light"]
    assert rules.unmanaged(BASIC["styles"], EMPTY["styles"]) == sorted(
        f"{mode}.{name}" for mode, parts in BASIC["styles"].items() for name in parts
    )


def test_many_names_are_told_by_what_holds_them() -> None:
    paths = [("light", f"part{n % 3}", f"value{n}") for n in range(rules.NAMED + 1)]
    assert rules.names(paths) == ["light.part0", "light.part1", "light.part2"]
    assert len(rules.names(paths[1:])) == rules.NAMED
    many = [(f"mode{n:03}", "a") for n in range(rules.NAMED + 5)]
    assert rules.names(many)[-2:] == [f"mode{rules.NAMED - 1:03}", "and 5 more"]
    assert rules.names([]) == []


def test_describe() -> None:
    assert rules.describe(BASIC)["components_version"] == "2.0.291"
    assert rules.describe(BASIC)["modes"] == ["dark", "light"]
    assert {"button", "container", "link"} <= set(rules.describe(BASIC)["components"])
    assert rules.describe({"styles": {"light": None, "dark": {"components": []}}}) == {
        "components_version": "",
        "modes": ["dark", "light"],
        "components": [],
    }


# Comparison, for any styles

_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, 0.5]), st.sampled_from(["", "a", "b"])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=12,
)
_styles = st.dictionaries(st.sampled_from("abc"), _values, max_size=3)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return what is in styles, flat."""
    if isinstance(value, dict):
        return {key: leaf for name, inner in value.items() for key, leaf in leaves(inner, (*path, name)).items()}
    return {path: value}


@given(_styles, _styles)
def test_what_is_merged_has_all_that_is_wanted(live: Any, wanted: Any) -> None:
    assert rules.subset(wanted, rules.merge(live, wanted))


@given(_styles, _styles)
def test_merging_again_changes_nothing(live: Any, wanted: Any) -> None:
    once = rules.merge(live, wanted)
    assert rules.merge(once, wanted) == once


@given(_styles, _styles)
def test_something_is_wanted_exactly_if_merging_changes_something(live: Any, wanted: Any) -> None:
    assert rules.subset(wanted, live) == rules.same(rules.merge(live, wanted), live)


@given(_styles, _styles)
def test_there_is_a_difference_exactly_if_something_is_wanted(live: Any, wanted: Any) -> None:
    before, after = rules.difference(live, wanted)
    assert rules.subset(wanted, live) == (not before and not after) == (not rules.changes(live, wanted))


@given(_styles, _styles)
def test_nothing_of_the_live_styles_is_lost(live: Any, wanted: Any) -> None:
    merged = leaves(rules.merge(live, wanted))
    asked = leaves(wanted)
    for path, value in leaves(live).items():
        above = {path[:length] for length in range(len(path) + 1)}
        if (
            value in (None, "", [])
            or path in asked
            or above & set(asked)
            or any(key[: len(path)] == path for key in asked)
        ):
            continue
        assert merged[path] == value


@given(_styles, _styles)
def test_what_is_not_managed_stays(live: Any, wanted: Any) -> None:
    for name in rules.unmanaged(live, wanted):
        path = name.split(".")
        old, new = live, rules.merge(live, wanted)
        for part in path:
            old, new = old[part], new[part]
        assert rules.same({"it": old}, {"it": new})


@given(_styles)
def test_styles_have_themselves(styles: Any) -> None:
    assert rules.subset(styles, styles)
    assert rules.unmanaged(styles, styles) == []
    assert rules.same(rules.merge(styles, styles), styles)
    assert rules.same(rules.merge({}, styles), styles)


@given(_styles, _styles)
def test_the_difference_is_all_that_has_to_be_sent(live: Any, wanted: Any) -> None:
    """Where nothing is cleared, what comes after is enough to get from one to the other."""
    before, after = rules.difference(live, wanted)
    if set(leaves(before)) <= set(leaves(after)):
        assert rules.same(rules.merge(live, after), rules.merge(live, wanted))
