# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._flow_references import (
    Known,
    is_known,
    mapped_ids,
    missing,
    referenced,
    resolve,
    rewrite,
    unnamed,
    used,
)
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json, flows, objects, put

PROJECT = "P2target"
A, B, C, D = (f"CI1{letter * 26}" for letter in "abcd")
ROLE_A, ROLE_B = (f"ROL1{letter * 26}" for letter in "ab")


def flow(connectors: dict[str, str] | None = None, roles: dict[str, str] | None = None, *texts: Any) -> Json:
    """A flow that names connectors and roles, and has some texts in a step."""
    made = copy.deepcopy(FLOWS[0])
    made["references"] = {"connectors": connectors or {}, "roles": roles or {}}
    made["contents"]["tasks"]["1"]["arguments"]["used"] = {"type": "inline", "value": list(texts)}
    return made


def texts_of(definition: Json) -> list[Any]:
    return definition["contents"]["tasks"]["1"]["arguments"]["used"]["value"]


def known(connectors: dict[str, str] | None = None, roles: dict[str, str] | None = None, *complete: str) -> Known:
    return Known({"connectors": connectors or {}, "roles": roles or {}}, set(complete))


# -- rewriting -------------------------------------------------------------------------------------------------------


def test_two_ids_can_swap() -> None:
    value = {A: [f"{A} and {B}", B], "k": {B: A}}
    assert rewrite(value, {A: B, B: A}) == {B: [f"{B} and {A}", A], "k": {A: B}}


def test_a_chain_is_not_followed() -> None:
    assert rewrite([A, B, C], {A: B, B: C, C: D}) == [B, C, D]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (A, B),
        (f"{A}x", f"{A}x"),
        (f"x{A}", f"x{A}"),
        (f"1{A}", f"1{A}"),
        (f"{A}{A}", f"{A}{A}"),
        (f"{A}.{A}", f"{B}.{B}"),
        (f"connector_{A}-result", f"connector_{B}-result"),
        (f'{{"id": "{A}"}}', f'{{"id": "{B}"}}'),
        (f"{A}\n{A}", f"{B}\n{B}"),
        (A.lower(), A.lower()),
        ("", ""),
    ],
)
def test_only_whole_words_are_rewritten(text: str, result: str) -> None:
    assert rewrite(text, {A: B}) == result
    assert rewrite({"k": [text, {text: 1}]}, {A: B}) == {"k": [result, {result: 1}]}


def test_ids_are_no_patterns() -> None:
    assert rewrite(["a.c", "abc", "a+c", "[x]"], {"a.c": r"\1", "[x]": r"\g<0>"}) == [r"\1", "abc", "a+c", r"\g<0>"]


def test_the_longer_one_of_two_ids_wins() -> None:
    assert rewrite(f"{A}-x {A}", {A: B, f"{A}-x": C}) == f"{C} {B}"


@pytest.mark.parametrize("replaced", [{}, {A: A}, {"": "x"}])
def test_nothing_to_rewrite(replaced: dict[str, str]) -> None:
    value = {"a": [A, 1, None, True, 2.5]}
    assert rewrite(value, replaced) is value


IDS = [f"CI{index:027d}" for index in range(8)]


@st.composite
def flows_with_ids(draw: st.DrawFn, ids: list[str]) -> Json:
    """A flow with some ids all over, alone and in texts, in values and in keys."""
    made = draw(flows(most=1))
    made["references"] = {}
    places = [path for path in objects(made) if path != ("contents",) and path != ("metadata",)]
    texts = st.lists(st.sampled_from([*ids, "x", "call('", "')", "_", "CI" + "0" * 27]), min_size=1, max_size=4).map(
        "".join
    )
    for path in draw(st.lists(st.sampled_from(places), min_size=1, max_size=5)):
        put(made, (*path, draw(texts)), draw(texts | st.lists(texts, max_size=2)))
    return made


@given(flows_with_ids(IDS[:4]), st.permutations(IDS[:4]))
def test_a_permutation_and_its_inverse_give_the_original(made: Json, order: list[str]) -> None:
    there = dict(zip(IDS[:4], order, strict=True))
    back = {new: old for old, new in there.items()}
    before = copy.deepcopy(made)
    rewritten = rewrite(made, there)
    assert made == before
    assert rewrite(rewritten, back) == made


@given(flows_with_ids(IDS[:4]), st.permutations(IDS[4:]))
def test_with_other_ids_a_second_time_changes_nothing(made: Json, order: list[str]) -> None:
    there = dict(zip(IDS[:4], order, strict=True))
    once = rewrite(made, there)
    assert rewrite(once, there) == once
    assert rewrite(once, {new: old for old, new in there.items()}) == made


# -- resolving -------------------------------------------------------------------------------------------------------


def test_by_name() -> None:
    made = flow({"Audit": A, "Mail": B}, {"Admin": ROLE_A}, A, f"x {B}", ROLE_A, f"{A}x", C)
    result, problems = resolve(made, known({"Mail": C, "Audit": B, "Z": A}, {"Admin": ROLE_B}), {}, PROJECT)
    assert problems == []
    assert texts_of(result) == [B, f"x {C}", ROLE_B, f"{A}x", C]
    assert result["references"] == {"connectors": {"Audit": B, "Mail": C}, "roles": {"Admin": ROLE_B}}


def test_other_references_are_left_alone() -> None:
    made = {**flow({"Audit": A}, None, A), "references": {"connectors": {"Audit": A}, "oauth": ["apple", A]}}
    result, problems = resolve(made, known({"Audit": B}), {}, PROJECT)
    assert (problems, result["references"]) == ([], {"connectors": {"Audit": B}, "oauth": ["apple", A]})


@pytest.mark.parametrize("references", [None, {}, {"connectors": {}}, {"connectors": None, "roles": []}], ids=str)
def test_without_references_nothing_changes(references: Any) -> None:
    made = {**flow(None, None, A), "references": references}
    result, problems = resolve(made, known({"Audit": B}), {}, PROJECT)
    assert problems == []
    assert {**result, "references": 0} == {**made, "references": 0}


@pytest.mark.parametrize(
    ("mapped", "new", "label"),
    [
        ({"Audit": "Other"}, C, "Other"),
        ({"Audit": C}, C, "Other"),
        ({"Audit": D}, D, D),
        ({A: "Other"}, C, "Other"),
        ({A: D}, D, D),
        ({"Audit": "Other", A: "Audit"}, C, "Other"),
        ({"Mail": "Other"}, B, "Audit"),
    ],
    ids=str,
)
def test_as_mapped(mapped: dict[str, str], new: str, label: str) -> None:
    there = known({"Audit": B, "Other": C})
    made = flow({"Audit": A}, None, A, f"({A})")
    result, problems = resolve(made, there, {"connectors": mapped}, PROJECT)
    assert problems == []
    assert texts_of(result) == [new, f"({new})"]
    assert result["references"]["connectors"] == {label: new}
    assert missing(made, there, {"connectors": mapped}) == {"connectors": {}, "roles": {}}


def test_a_map_by_id_saves_a_name_that_the_target_does_not_have() -> None:
    made = flow({"Gone": A}, None, A)
    result, problems = resolve(made, known({"Other": C}), {"connectors": {A: "Other"}}, PROJECT)
    assert (problems, texts_of(result)) == ([], [C])
    assert missing(made, known(), {"connectors": {A: "Other"}})["connectors"] == {"Gone": "Other"}


def test_ids_without_a_name_are_mapped_by_id() -> None:
    made = flow(None, None, A, B, ROLE_A)
    maps = {"connectors": {A: "Other", B: D, C: "Nowhere", "Any name": "Nowhere"}, "roles": {ROLE_A: ROLE_B}}
    result, problems = resolve(made, known({"Other": C}), maps, PROJECT)
    assert (problems, texts_of(result)) == ([], [C, D, ROLE_B])


def test_an_id_mapped_to_a_name_that_is_not_there() -> None:
    """The name must not get into the flow in the id's place."""
    _result, problems = resolve(flow(None, None, A), known({"X": B}), {"connectors": {A: "Nowhere"}}, PROJECT)
    (text,) = problems
    assert f"the connector 'Nowhere' (mapped from '{A}')" in text
    assert "are X (" in text


def test_names_that_swap() -> None:
    made = flow({"One": A, "Two": B}, None, A, B)
    result, problems = resolve(made, known({"One": B, "Two": A}), {}, PROJECT)
    assert (problems, texts_of(result)) == ([], [B, A])


def test_a_reference_without_an_id_gets_one() -> None:
    result, problems = resolve(flow({"Audit": ""}), known({"Audit": B}), {}, PROJECT)
    assert (problems, result["references"]["connectors"]) == ([], {"Audit": B})


@pytest.mark.parametrize(
    ("there", "maps", "message"),
    [
        (
            known({"Mail": B, "Beta": C}),
            {},
            (
                "refers to the connector 'Audit', which project P2target does not have; those seen in it are Beta, "
                "Mail (the service has no list of connectors to ask). Create it there, or map the name with "
                "connectors: {'Audit': NAME_OR_ID}."
            ),
        ),
        (known({"Mail": B}, None, "connectors"), {}, "does not have; it has Mail. Create"),
        (known(None, None, "connectors"), {}, "does not have; it has none. Create"),
        (known(), {"connectors": {"Audit": "Other"}}, "the connector 'Other' (mapped from 'Audit'), which"),
        (known(), {"connectors": {A: "Other"}}, "the connector 'Other' (mapped from 'Audit'), which"),
        (known(), {"connectors": {"Audit": "CIshort"}}, "the connector 'CIshort' (mapped from 'Audit'), which"),
        (known({"Audit": ""}), {}, "the connector 'Audit', which"),
    ],
)
def test_a_name_that_is_not_there(there: Known, maps: Any, message: str) -> None:
    _result, problems = resolve(flow({"Audit": A}, None, A), there, maps, PROJECT)
    (text,) = problems
    assert message in text


def test_all_names_that_are_not_there_are_told() -> None:
    made = flow({"One": A, "Two": B, "Three": C}, {"Admin": ROLE_A})
    _result, problems = resolve(made, known({"Two": D}, {"User": ROLE_B}, "roles"), {}, PROJECT)
    assert len(problems) == 3
    assert "the role 'Admin', which project P2target does not have; it has User." in problems[2]


NAMES = ["One", "Two", "Three", "Four"]


@given(flows_with_ids(IDS[:4]), st.permutations(IDS[4:]), st.permutations(NAMES), st.booleans())
def test_to_another_project_and_back(made: Json, ids: list[str], names: list[str], mapped: bool) -> None:
    """Also when the target calls them otherwise and the play says how."""
    labels = {name: f"{name} there" if mapped else name for name in names}
    made["references"] = {"connectors": dict(zip(names, IDS[:4], strict=True))}
    here = known(dict(zip(names, IDS[:4], strict=True)))
    there = known({labels[name]: new for name, new in zip(names, ids, strict=True)})
    before = copy.deepcopy(made)
    result, problems = resolve(made, there, {"connectors": labels}, PROJECT)
    assert problems == []
    assert made == before
    assert resolve(result, there, {}, PROJECT) == (result, [])
    back, problems = resolve(result, here, {"connectors": {new: old for old, new in labels.items()}}, PROJECT)
    assert problems == []
    assert back == made


@given(flows_with_ids(IDS[:4]), st.permutations(IDS[:4]))
def test_the_target_may_have_the_same_ids_in_another_order(made: Json, ids: list[str]) -> None:
    made["references"] = {"connectors": dict(zip(NAMES, IDS[:4], strict=True))}
    result, problems = resolve(made, known(dict(zip(NAMES, ids, strict=True))), {}, PROJECT)
    assert problems == []
    back, problems = resolve(result, known(dict(zip(NAMES, IDS[:4], strict=True))), {}, PROJECT)
    assert (back, problems) == (made, [])


# -- the rest --------------------------------------------------------------------------------------------------------


def test_known_learns_from_flows() -> None:
    there = Known()
    there.add(flow({"Audit": A, "Empty": ""}, {"Admin": ROLE_A}))
    there.add(flow({"Audit": B, "Mail": C}))
    assert there.ids == {"connectors": {"Audit": A, "Mail": C}, "roles": {"Admin": ROLE_A}}


def test_what_is_referenced() -> None:
    assert referenced({"references": {"connectors": {"A": None}, "roles": ["x"]}}) == {
        "connectors": {"A": ""},
        "roles": {},
    }
    assert referenced({}) == {"connectors": {}, "roles": {}}


def test_is_known() -> None:
    there = known({"Audit": A}, {"Admin": ROLE_A})
    assert is_known("connectors", "Audit", there)
    assert is_known("connectors", B, there)
    assert is_known("roles", ROLE_B, there)
    assert not is_known("connectors", ROLE_B, there)
    assert not is_known("connectors", "Admin", there)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("CI1" + "a" * 19, ["connectors"]),
        ("CI" + "a" * 19 + "1", ["connectors"]),
        ("CI1" + "a" * 18, []),
        ("CI" + "a" * 30, []),
        ("CIRCUMSTANCES", []),
        ("CIRCUMSTANCESANDCIRCUMSTANCES", []),
        ("CI1-" + "a" * 26, []),
        ("ROL1" + "a" * 19, ["roles"]),
        ("ROL1" + "a" * 18, []),
        ("ROLLINGSTONESGATHERNOMOSSATALL", []),
        ("ROLE_OF_THE_NUMBER_12345678901", []),
        ("role1" + "a" * 26, []),
    ],
)
def test_what_an_id_is_like(text: str, kinds: list[str]) -> None:
    for kind in ("connectors", "roles"):
        assert is_known(kind, text, known()) is (kind in kinds)
        assert unnamed(flow(None, None, f"x {text}."), known(), None)[kind] == ([text] if kind in kinds else [])
        assert used(flow(None, None, text), kind) == ([text] if kind in kinds else [])


@pytest.mark.parametrize(
    "bad", ["0", "id", "Admin", "administrator", "12345", "0123 56789", "a1b2c3d4e", "a.b.c.d.e.1"]
)
def test_an_id_that_may_stand_anywhere_is_none(bad: str) -> None:
    """Replacing it would hit ordinary words all over the flow."""
    made = flow({"Audit": A}, {"Admin": bad}, A, bad)
    _result, problems = resolve(made, known({"Audit": B}, {"Admin": ROLE_B}), {}, PROJECT)
    assert problems == [f"has '{bad}' under references as the id of the role 'Admin', which is none."]
    # Neither by a map.
    assert resolve(made, known({"Audit": B}), {"roles": {"Admin": ROLE_B}}, PROJECT)[1] == problems


@pytest.mark.parametrize("odd", ["0123456789", "my-role_01", "aaaaaaaaa1"])
def test_another_service_may_make_other_ids(odd: str) -> None:
    result, problems = resolve(flow(None, {"Admin": odd}, odd, f"{odd}x"), known(None, {"Admin": ROLE_B}), {}, PROJECT)
    assert (problems, texts_of(result)) == ([], [ROLE_B, f"{odd}x"])


def test_mapped_ids() -> None:
    made = flow({"Audit": A}, {"Admin": ROLE_A}, A, f"x {B}", ROLE_B)
    maps = {"connectors": {A: "One", B: "Two", C: "Three", "Audit": "Four", ROLE_B: "Five"}, "roles": {ROLE_B: "Six"}}
    assert mapped_ids(made, maps) == {"connectors": {B: "Two"}, "roles": {ROLE_B: "Six"}}
    assert mapped_ids(made, {}) == {"connectors": {}, "roles": {}}


def test_ids_that_nothing_names() -> None:
    made = flow({"Audit": A}, None, A, f"{B} {C}", ROLE_A, "CIshort", f"x{D}", {D: [1]})
    live = flow(None, None, C)
    assert unnamed(made, known(), None) == {"connectors": [B, C, D], "roles": [ROLE_A]}
    assert unnamed(made, known({"X": B}, {"Y": ROLE_A}), live) == {"connectors": [D], "roles": []}


def test_used() -> None:
    made = flow({"Audit": A, "Unused": B, "Odd": "odd-id"}, {"Admin": ROLE_A}, A, D, "odd-id", ROLE_A)
    assert used(made, "connectors") == ["Audit", D, "Odd"]
    assert used(made, "roles") == ["Admin"]
    # Whole words only.
    made = flow({"Audit": A, "Odd": "odd-id"}, None, f"{A}x", f"x{A}", "odd-ids", "anodd-id", f"{B}{B}")
    assert used(made, "connectors") == [f"{A}x", f"{B}{B}"]  # other ids, as far as one can tell
    made = flow({"Audit": A, "Odd": "odd-id"}, None, f"({A})", "x.odd-id.y")
    assert used(made, "connectors") == ["Audit", "Odd"]


@pytest.mark.parametrize("made", FLOWS[1:3], ids=["connectors", "roles"])
def test_the_real_exports_use_nothing_that_they_only_name(made: Json) -> None:
    (kind,) = made["references"]
    ((name, object_id),) = made["references"][kind].items()
    stands = object_id in json.dumps(made["contents"])
    assert used(made, kind) == ([name] if stands else [])
    assert unnamed(made, known(), None) == {"connectors": [], "roles": []}
