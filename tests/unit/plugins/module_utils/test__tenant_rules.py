# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Found
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import make_plan
from ansible_collections.pcc.identity.plugins.module_utils._tenant_rules import problems_alone
from tests.unit.plugins.module_utils.support import found, live, wanted

Option = dict[str, Any]
NONE = found()


def alone(*options: Option) -> list[Problem]:
    return problems_alone(wanted(*options))


def beside(tenants: Found, *options: Option, prune: bool = False) -> list[Problem]:
    """Problems next to live tenants, found as a run finds them: the plan is refused."""
    assert alone(*options) == []
    try:
        make_plan(wanted(*options), tenants, prune=prune)
    except Problems as error:
        return error.problems
    return []


def shows(problems: list[Problem], field: str, *parts: str) -> None:
    """There is one problem, of that field, and its text has all parts."""
    (problem,) = problems
    assert problem.field == field
    for part in parts:
        assert part in str(problem)


# -- an entry alone --------------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_nothing() -> None:
    assert alone() == []


@pytest.mark.parametrize("option", [{}, {"state": "absent"}, {"disabled": True}], ids=str)
def test_an_entry_needs_an_id_or_a_name(option: Option) -> None:
    shows(alone(option), "id", "tenants[0]", "an id or a name")


@pytest.mark.parametrize("option", [{"id": "a"}, {"name": "A"}, {"id": "a", "state": "absent"}], ids=str)
def test_either_will_do(option: Option) -> None:
    assert alone(option) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "has 0 characters"),
        ("x" * 101, "has 101 characters"),
        (" Acme", "space"),
        ("Acme ", "space"),
        ("Ac\nme", "control characters"),
        ("Ac\x00me", "control characters"),
    ],
)
def test_names_that_are_refused(name: str, text: str) -> None:
    shows(alone({"id": "acme", "name": name}), "name", "tenants[0] 'acme'", text)


@pytest.mark.parametrize("name", ["A", "x" * 100, "Acme & Söhne, Inc.", "日本", "A b"])
def test_names_that_are_fine(name: str) -> None:
    assert alone({"id": "acme", "name": name}) == []


@pytest.mark.parametrize("field", ["domains", "self_provisioning_domains"])
@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("acme", "no dot"),
        ("", "no dot"),
        ("acme..com", "part ''"),
        ("acme.com.", "part ''"),
        (".com", "part ''"),
        ("-acme.com", "'-acme'"),
        ("acme-.com", "'acme-'"),
        ("ac_me.com", "'ac_me'"),
        ("ac me.com", "'ac me'"),
        ("*.acme.com", "'*'"),
        ("acme.com\n", "part"),
        ("https://acme.com", "part"),
        ("x" * 64 + ".com", "1 to 63"),
        (".".join(["x" * 63] * 4) + ".com", "253"),
        ("münchen.de", "xn--"),
        ("10.0.0.1", "number"),
        ("user@acme.com", "part"),
    ],
)
def test_domains_that_are_refused(field: str, domain: str, text: str) -> None:
    shows(alone({"id": "acme", field: [domain]}), field, "not a valid DNS name", text)


@pytest.mark.parametrize(
    "domain",
    ["acme.com", "ACME.Com", "a.b.c.d.e", "xn--mnchen-3ya.de", "x" * 63 + ".com", "1.com", "a--b.com", "acme.c0m"],
)
def test_domains_that_are_fine(domain: str) -> None:
    assert alone({"id": "acme", "domains": [domain], "self_provisioning_domains": [domain]}) == []


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], [[1]], [None]], ids=str)
def test_attributes_that_are_refused(value: Any) -> None:
    shows(alone({"id": "acme", "custom_attributes": {"odd": value}}), "custom_attributes", "'odd'")


@pytest.mark.parametrize("value", ["x", "", 1, 1.5, True, None, [], ["a", 1, True]], ids=str)
def test_attributes_that_are_fine(value: Any) -> None:
    assert alone({"id": "acme", "custom_attributes": {"fine": value}}) == []


@pytest.mark.parametrize(
    ("group", "name"), [("settings", "inactivity_time"), ("password_settings", "min_length")], ids=str
)
def test_numbers_are_not_negative(group: str, name: str) -> None:
    shows(alone({"id": "acme", group: {name: -1}}), f"{group}.{name}", "-1 is negative")
    assert alone({"id": "acme", group: {name: 0}}) == []


def test_an_entry_that_shall_not_exist_is_not_looked_at_closely() -> None:
    assert alone({"id": "acme", "state": "absent", "name": "", "domains": ["x"]}) == []


def test_all_problems_are_told() -> None:
    problems = alone({"id": "a", "name": "", "domains": ["x", "y"]}, {}, {"id": "a"})
    assert [problem.field for problem in problems] == ["name", "domains", "domains", "id", "id"]


# -- the same thing twice --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "field", "value"),
    [
        ({"id": "acme"}, {"id": "acme"}, "id", "acme"),
        ({"id": "acme"}, {"id": "acme", "state": "absent"}, "id", "acme"),
        ({"id": "a", "name": "Acme"}, {"id": "b", "name": "Acme"}, "name", "Acme"),
        ({"name": "Acme"}, {"name": "Acme"}, "name", "Acme"),
        ({"name": "Acme"}, {"name": "Acme", "state": "absent"}, "name", "Acme"),
        ({"id": "a", "domains": ["x.com"]}, {"id": "b", "domains": ["X.COM"]}, "domains", "x.com"),
        (
            {"id": "a", "self_provisioning_domains": ["x.com"]},
            {"id": "b", "self_provisioning_domains": ["x.com"]},
            "self_provisioning_domains",
            "x.com",
        ),
    ],
    ids=str,
)
def test_the_same_twice_is_refused_and_both_are_named(first: Option, second: Option, field: str, value: str) -> None:
    problems = alone({**first, "source": "one.yml"}, {**second, "source": "two.yml"})
    shows(problems, field, f"'{value}'", "tenants[0]", "(from one.yml)", "tenants[1]", "(from two.yml)")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"id": "a", "name": "Acme"}, {"id": "b", "name": "acme"}),
        ({"id": "a", "domains": ["x.com"]}, {"id": "b", "self_provisioning_domains": ["x.com"]}),
        ({"id": "a", "domains": ["x.com"], "state": "absent"}, {"id": "b", "domains": ["x.com"]}),
        ({"id": "a", "name": "Acme", "state": "absent"}, {"id": "b", "name": "Acme"}),
        ({"id": "a", "domains": ["x.com", "X.com"]}, {"id": "b"}),
    ],
    ids=str,
)
def test_what_is_not_the_same(first: Option, second: Option) -> None:
    assert alone(first, second) == []


@pytest.mark.parametrize(
    "options",
    [
        ({"id": "acme", "disabled": True}, {"name": "Acme", "disabled": False}),
        ({"name": "Acme", "disabled": False}, {"id": "acme", "disabled": True}),
        ({"name": "Acme"}, {"id": "acme", "state": "absent"}),
        ({"name": "Acme", "state": "absent"}, {"id": "acme", "disabled": True}),
    ],
    ids=["by id, by name", "by name, by id", "wanted by name, not by id", "wanted by id, not by name"],
)
def test_two_entries_that_mean_one_live_tenant_are_refused(options: tuple[Option, ...]) -> None:
    problems = beside(found(live("acme", "Acme"), live("x"), live("y")), *options)
    assert problems
    text = str(problems[0])
    assert "tenants[0]" in text
    assert "tenants[1]" in text


# -- the id of a tenant to be created ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant_id", ["ab", "x" * 51, "Acme", "a_b", "a b", "a.b", "acmé", "a/b", "abc\n"])
def test_ids_that_cannot_be_created(tenant_id: str) -> None:
    shows(beside(NONE, {"id": tenant_id, "name": "A"}), "id", "3 to 50 characters")


@pytest.mark.parametrize("tenant_id", ["abc", "x" * 50, "a-b", "123", "---"])
def test_ids_that_can_be_created(tenant_id: str) -> None:
    assert beside(NONE, {"id": tenant_id, "name": "A"}) == []


@pytest.mark.parametrize("tenant_id", ["T2aBcDeFgH", "x", "Acme_1"])
def test_an_existing_id_is_taken_as_it_is(tenant_id: str) -> None:
    assert beside(found(live(tenant_id)), {"id": tenant_id, "disabled": True}) == []
    assert beside(NONE, {"id": tenant_id, "state": "absent"}) == []


def test_a_tenant_to_be_created_needs_a_name() -> None:
    shows(beside(NONE, {"id": "acme"}), "name", "no tenant 'acme' exists")
    assert beside(found(live("acme")), {"id": "acme"}) == []


# -- parents ---------------------------------------------------------------------------------------------------------


def new(tenant_id: str, parent: str | None = None) -> Option:
    return {"id": tenant_id, "name": f"Name of {tenant_id}", "parent": parent}


@pytest.mark.parametrize(
    ("options", "circle"),
    [
        ([new("aaa", "aaa")], "aaa > aaa"),
        ([new("aaa", "bbb"), new("bbb", "aaa")], "aaa > bbb > aaa"),
        ([new("aaa", "bbb"), new("bbb", "ccc"), new("ccc", "aaa"), new("ddd", "aaa")], "aaa > bbb > ccc > aaa"),
    ],
    ids=["itself", "two", "three and one below"],
)
def test_parents_in_a_circle(options: list[Option], circle: str) -> None:
    shows(alone(*options), "parent", "circle", circle)


def test_at_most_three_levels_in_the_list() -> None:
    chain = [new("aaa"), new("bbb", "aaa"), new("ccc", "bbb")]
    assert alone(*chain) == []
    assert beside(NONE, *chain) == []
    shows(alone(*chain, new("ddd", "ccc")), "parent", "tenants[3]", "aaa > bbb > ccc > ddd", "4 levels")


def test_at_most_three_levels_below_live_ones() -> None:
    tenants = found(live("root"), live("mid", parent="root"))
    assert beside(tenants, new("low", "mid")) == []
    shows(beside(tenants, new("low", "mid"), new("lower", "low")), "parent", "root > mid > low > lower", "4 levels")


def test_at_most_three_levels_when_the_lowest_has_no_id() -> None:
    chain = [new("aaa"), new("bbb", "aaa"), new("ccc", "bbb"), {"name": "Lowest", "parent": "ccc"}]
    problems = alone(*chain) or beside(NONE, *chain)
    shows(problems, "parent", "tenants[3]", "4 levels")


def test_the_lowest_of_three_levels_may_have_no_id() -> None:
    assert beside(NONE, new("aaa"), new("bbb", "aaa"), {"name": "Lowest", "parent": "bbb"}) == []


def test_a_parent_must_exist_or_be_created() -> None:
    shows(beside(NONE, new("kid", "dad")), "parent", "no tenant has the id 'dad'")
    shows(beside(NONE, new("kid", "dad"), {"id": "dad", "state": "absent"}), "parent", "no tenant has the id 'dad'")
    assert beside(NONE, new("kid", "dad"), new("dad")) == []
    assert beside(found(live("dad")), new("kid", "dad")) == []


@pytest.mark.parametrize("prune", [False, True])
def test_a_parent_that_goes_in_the_same_run_is_none(prune: bool) -> None:
    options = [new("kid", "dad")] + ([] if prune else [{"id": "dad", "state": "absent"}])
    shows(beside(found(live("dad")), *options, prune=prune), "parent", "to be deleted by the same run")


@pytest.mark.parametrize(("before", "after"), [("", "dad"), ("dad", ""), ("dad", "mum")])
def test_a_parent_cannot_be_changed(before: str, after: str) -> None:
    tenants = found(live("dad"), live("mum"), live("kid", parent=before))
    shows(beside(tenants, {"id": "kid", "parent": after}), "parent", f"is '{before}'", f"to '{after}'")


@pytest.mark.parametrize("parent", ["", "dad"])
def test_a_parent_that_stays_is_fine(parent: str) -> None:
    tenants = found(live("dad"), live("kid", parent=parent))
    assert beside(tenants, {"id": "kid", "parent": parent}) == []
    assert beside(tenants, {"id": "kid"}) == []


# -- names and domains held by live tenants ----------------------------------------------------------------------------

HOLDER = {"name": "Taken", "domains": ["taken.com"], "self_provisioning_domains": ["mine.com"]}


def holding() -> Found:
    return found(live("holder", "Taken", domains=["Taken.com"], self_provisioning_domains=["Mine.com"]), live("other"))


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "Taken", "'Taken'"),
        ("domains", ["taken.COM"], "'taken.com'"),
        ("self_provisioning_domains", ["mine.com"], "'mine.com'"),
    ],
)
@pytest.mark.parametrize("entry", [{"id": "other"}, {"id": "new", "name": "New"}], ids=["live", "new"])
def test_held_by_a_live_tenant_outside_the_list(entry: Option, field: str, value: Any, shown: str) -> None:
    shows(beside(holding(), {**entry, field: value}), field, shown, "'holder' (Taken)")


@pytest.mark.parametrize(
    ("field", "value"), [("domains", ["taken.com"]), ("self_provisioning_domains", ["mine.com"]), ("name", "Taken")]
)
def test_held_by_a_live_tenant_of_the_list(field: str, value: Any) -> None:
    problems = beside(holding(), {"id": "other", field: value}, {"id": "holder", "disabled": True})
    shows(problems, field, "'holder'", "take it from tenants[1] 'holder' first")


@pytest.mark.parametrize(
    "options",
    [
        [{"id": "holder", **HOLDER}],
        [{"name": "Taken", "domains": ["taken.com"]}],
        [{"id": "other", **HOLDER}, {"id": "holder", "state": "absent"}],
        [{"id": "other", **HOLDER}, {"id": "holder", "name": "Free", "domains": [], "self_provisioning_domains": []}],
        [{"id": "other", "domains": ["mine.com"], "self_provisioning_domains": ["taken.com"]}],
        [{"id": "other", "name": "taken"}],
    ],
    ids=["its own", "its own, by name", "of one that goes", "released", "in the other field", "other case of a name"],
)
def test_not_held(options: list[Option]) -> None:
    assert beside(holding(), *options) == []


def test_not_held_by_one_that_is_pruned() -> None:
    assert beside(holding(), {"id": "other", **HOLDER}, prune=True) == []


def test_a_name_that_is_taken_is_perhaps_the_tenant_meant() -> None:
    shows(beside(holding(), {"id": "new", "name": "Taken"}), "name", "give id: holder")


# -- deletions -------------------------------------------------------------------------------------------------------


def family() -> Found:
    return found(live("dad"), live("kid", parent="dad"), live("pet", parent="dad"))


@pytest.mark.parametrize(
    ("options", "prune", "left"),
    [
        ([{"id": "dad", "state": "absent"}], False, "kid, pet"),
        ([{"id": "dad", "state": "absent"}, {"id": "kid", "state": "absent"}], False, "pet"),
        ([{"id": "kid"}], True, "kid"),
    ],
    ids=["both", "one", "by pruning"],
)
def test_a_parent_does_not_go_before_its_children(options: list[Option], prune: bool, left: str) -> None:
    shows(beside(family(), *options, prune=prune), "state", "tenant 'dad' (Name of dad)", left)


@pytest.mark.parametrize(
    ("options", "prune"),
    [
        ([{"id": name, "state": "absent"} for name in ("dad", "kid", "pet")], False),
        ([{"id": "kid", "state": "absent"}], False),
        ([], True),
        ([{"id": "dad"}], True),
    ],
    ids=["all", "a child", "all by pruning", "children by pruning"],
)
def test_deletions_that_are_fine(options: list[Option], prune: bool) -> None:
    assert beside(family(), *options, prune=prune) == []


# -- exchanges -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "one", "two"),
    [
        ("name", "One", "Two"),
        ("domains", ["one.com"], ["two.com"]),
        ("self_provisioning_domains", ["one.com"], ["two.com"]),
    ],
)
def test_a_swap_is_refused(field: str, one: Any, two: Any) -> None:
    tenants = found(live("aaa", **{field: one}), live("bbb", **{field: two}))
    shows(
        beside(tenants, {"id": "aaa", field: two}, {"id": "bbb", field: one}),
        "",
        "tenants[0] 'aaa'",
        "tenants[1] 'bbb'",
        "use two runs",
    )


def test_a_swap_over_two_kinds_is_refused() -> None:
    tenants = found(live("aaa", "One"), live("bbb", "Two", domains=["x.com"]))
    shows(
        beside(
            tenants, {"id": "aaa", "name": "Three", "domains": ["x.com"]}, {"id": "bbb", "name": "One", "domains": []}
        ),
        "",
        "use two runs",
    )


def test_passing_on_in_a_row_is_fine() -> None:
    tenants = found(live("aaa", "One"), live("bbb", "Two"), live("ccc", "Three"))
    assert (
        beside(tenants, {"id": "aaa", "name": "Two"}, {"id": "bbb", "name": "Three"}, {"id": "ccc", "name": "Four"})
        == []
    )


def test_all_problems_next_to_live_tenants_are_told() -> None:
    problems = beside(family(), {"id": "X"}, {"id": "dad", "state": "absent"}, new("baby", "nobody"))
    assert [problem.field for problem in problems] == ["id", "name", "parent", "state"]
