# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._tenant_fields import FIELDS, Field

DOMAIN = st.from_regex(r"[a-cA-C]{1,2}\.(com|COM)", fullmatch=True)
SCALAR = st.one_of(
    st.booleans(), st.integers(-3, 10), st.integers(-3, 10).map(float), st.floats(-2, 2), st.text("ab1", max_size=3)
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["tier", "seats", "trial", "regions"]), st.one_of(st.none(), SCALAR, st.lists(SCALAR, max_size=3))
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=5),
    "flag": st.booleans(),
    "number": st.integers(0, 100),
    "unit": st.sampled_from(["seconds", "minutes", "hours", "days", "weeks"]),
    "domains": st.lists(DOMAIN, max_size=4),
    "names": st.lists(st.text("abC", max_size=2), max_size=4),
    "attributes": ATTRIBUTES,
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    return st.sampled_from(field.choices) if field.kind == "choice" else VALUES[field.kind]


FIELD_AND_VALUE = st.sampled_from(list(FIELDS.values())).flatmap(
    lambda field: st.tuples(st.just(field), st.one_of(st.none(), values_of(field)))
)


def field(kind: str) -> Field:
    return next(item for item in FIELDS.values() if item.kind == kind)


def same(kind: str, left: Any, right: Any) -> bool:
    chosen = field(kind)
    forward = fields.same(chosen, fields.clean(chosen, left), fields.clean(chosen, right))
    assert forward is fields.same(chosen, fields.clean(chosen, right), fields.clean(chosen, left))
    return forward


# -- cleaning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "cleaned"),
    [
        ("text", None, ""),
        ("text", "a", "a"),
        ("text", " a ", " a "),
        ("flag", None, False),
        ("flag", True, True),
        ("number", None, 0),
        ("number", 5, 5),
        ("number", 5.0, 5),
        ("unit", None, ""),
        ("unit", "hours", "hours"),
        ("domains", None, []),
        ("domains", [], []),
        ("domains", ["b.com", "A.com"], ["A.com", "b.com"]),
        ("domains", ["A.com", "a.COM"], ["a.COM"]),
        ("names", None, []),
        ("names", ["b", "a", "b"], ["a", "b"]),
        ("names", ["B", "b"], ["B", "b"]),
        ("attributes", None, {}),
        ("attributes", {"b": 1, "a": None}, {"b": 1}),
        ("attributes", {"a": "", "b": [], "c": {}, "d": 0, "e": False}, {"d": 0, "e": False}),
    ],
    ids=str,
)
def test_clean(kind: str, value: Any, cleaned: Any) -> None:
    assert fields.clean(field(kind), value) == cleaned


@pytest.mark.parametrize("name", ["role_inheritance", "settings.auth_type"])
def test_an_empty_choice_is_the_first_one(name: str) -> None:
    chosen = FIELDS[name]
    assert fields.clean(chosen, None) == fields.clean(chosen, "") == chosen.choices[0]
    assert fields.clean(chosen, chosen.choices[1]) == chosen.choices[1]


@given(FIELD_AND_VALUE)
def test_cleaning_twice_is_cleaning_once(pair: tuple[Field, Any]) -> None:
    chosen, value = pair
    once = fields.clean(chosen, value)
    assert fields.clean(chosen, once) == once
    assert fields.same(chosen, once, once)


@given(FIELD_AND_VALUE)
def test_cleaning_does_not_touch_its_argument(pair: tuple[Field, Any]) -> None:
    chosen, value = pair
    before = repr(value)
    fields.clean(chosen, value)
    assert repr(value) == before


# -- comparing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "left", "right", "equal"),
    [
        ("domains", ["a.com", "b.com"], ["B.com", "A.COM"], True),
        ("domains", ["a.com"], ["b.com"], False),
        ("domains", ["a.com"], ["a.com", "b.com"], False),
        ("domains", None, [], True),
        ("names", ["b", "a"], ["a", "b"], True),
        ("names", ["Admin"], ["admin"], False),
        ("names", None, [], True),
        ("text", None, "", True),
        ("text", "a", "A", False),
        ("flag", None, False, True),
        ("flag", True, False, False),
        ("number", None, 0, True),
        ("number", 5, 5.0, True),
        ("choice", None, "default", True),
        ("choice", "", "default", True),
        ("choice", "none", "userOnly", False),
        ("attributes", None, {}, True),
        ("attributes", {"a": None}, {}, True),
        ("attributes", {"a": ""}, {"a": []}, True),
        ("attributes", {"a": 5}, {"a": 5.0}, True),
        ("attributes", {"a": 5}, {"a": 5.5}, False),
        ("attributes", {"a": True}, {"a": 1}, False),
        ("attributes", {"a": False}, {"a": 0}, False),
        ("attributes", {"a": True}, {"a": 1.0}, False),
        ("attributes", {"a": 5}, {"a": "5"}, False),
        ("attributes", {"a": "x"}, {"a": "X"}, False),
        ("attributes", {"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ("attributes", {"a": ["x"]}, {"a": ["x", "x"]}, False),
        ("attributes", {"a": [1, "b"]}, {"a": ["b", 1.0]}, True),
        ("attributes", {"a": [True]}, {"a": [1]}, False),
        ("attributes", {"a": ["x"]}, {"a": "x"}, False),
        ("attributes", {"a": 1}, {"b": 1}, False),
        ("attributes", {"a": 0}, {}, False),
        ("attributes", {"a": False}, {}, False),
        ("attributes", {"a": {"x": [2, 1]}}, {"a": {"x": [1, 2.0]}}, True),
    ],
    ids=str,
)
def test_same(kind: str, left: Any, right: Any, equal: bool) -> None:
    assert same(kind, left, right) is equal


@given(st.lists(DOMAIN, max_size=5), st.data())
def test_domains_have_neither_order_nor_case(domains: list[str], data: st.DataObject) -> None:
    shuffled = [data.draw(st.sampled_from([name, name.upper(), name.lower()])) for name in domains]
    assert same("domains", domains, data.draw(st.permutations(shuffled)))


@given(st.lists(DOMAIN, max_size=4), st.lists(DOMAIN, max_size=4))
def test_domains_are_the_same_exactly_if_their_names_are(left: list[str], right: list[str]) -> None:
    assert same("domains", left, right) == ({d.lower() for d in left} == {d.lower() for d in right})


@given(st.lists(SCALAR, max_size=4), st.data())
def test_arrays_of_attributes_have_no_order(items: list[Any], data: st.DataObject) -> None:
    assert same("attributes", {"a": items}, {"a": data.draw(st.permutations(items))})


@given(ATTRIBUTES)
def test_whole_floats_are_integers(attributes: dict[str, Any]) -> None:
    def as_float(value: Any) -> Any:
        if isinstance(value, list):
            return [as_float(item) for item in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    assert same("attributes", attributes, {key: as_float(value) for key, value in attributes.items()})


SESSION, UNIT = "settings.session_token_expiration", "settings.session_token_expiration_unit"


@pytest.mark.parametrize(
    ("desired", "observed", "names"),
    [
        ({SESSION: 60, UNIT: "minutes"}, {SESSION: 1, UNIT: "hours"}, []),
        ({SESSION: 1, UNIT: "hours"}, {SESSION: 60, UNIT: "minutes"}, []),
        ({SESSION: 7, UNIT: "days"}, {SESSION: 1, UNIT: "weeks"}, []),
        ({SESSION: 3600, UNIT: "seconds"}, {SESSION: 1, UNIT: "hours"}, []),
        ({SESSION: 60, UNIT: "minutes"}, {SESSION: 2, UNIT: "hours"}, [SESSION, UNIT]),
        ({SESSION: 60, UNIT: "hours"}, {SESSION: 60, UNIT: "minutes"}, [UNIT]),
        ({SESSION: 5}, {SESSION: 5, UNIT: "hours"}, []),
        ({SESSION: 6}, {SESSION: 5, UNIT: "hours"}, [SESSION]),
        ({UNIT: "hours"}, {SESSION: 5, UNIT: "hours"}, []),
        ({UNIT: "days"}, {SESSION: 5, UNIT: "hours"}, [UNIT]),
        ({SESSION: 0, UNIT: "hours"}, {SESSION: 0, UNIT: "days"}, []),
        ({SESSION: 0}, {SESSION: 0, UNIT: ""}, []),
        ({SESSION: 5, UNIT: "hours"}, {SESSION: 0, UNIT: ""}, [SESSION, UNIT]),
        ({}, {SESSION: 5, UNIT: "hours"}, []),
    ],
    ids=str,
)
def test_durations(desired: dict[str, Any], observed: dict[str, Any], names: list[str]) -> None:
    assert fields.differing(desired, observed) == names


def test_a_unit_that_only_the_service_knows_is_no_reason_to_fail() -> None:
    observed = {SESSION: 5, UNIT: "months"}
    assert fields.differing({SESSION: 5}, observed) == []
    assert fields.differing({SESSION: 6}, observed) == [SESSION]
    assert fields.differing({SESSION: 5, UNIT: "days"}, observed) == [UNIT]


@given(st.integers(0, 1000), st.sampled_from(["minutes", "hours", "days", "weeks"]))
def test_any_duration_may_be_given_in_seconds(number: int, unit: str) -> None:
    seconds = number * {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}[unit]
    assert fields.differing({SESSION: number, UNIT: unit}, {SESSION: seconds, UNIT: "seconds"}) == []
    assert fields.differing({SESSION: number, UNIT: unit}, {SESSION: seconds + 1, UNIT: "seconds"}) != []


def test_a_field_that_was_not_read_counts_as_empty() -> None:
    assert fields.differing({"disabled": False, "domains": []}, {}) == []
    assert fields.differing({"disabled": True, "domains": ["a.com"]}, {}) == ["disabled", "domains"]


@st.composite
def some_values(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sets(st.sampled_from(list(FIELDS)), max_size=8))
    return {name: fields.clean(FIELDS[name], draw(values_of(FIELDS[name]))) for name in sorted(names)}


@given(some_values(), some_values())
def test_only_what_is_wanted_can_differ(desired: dict[str, Any], observed: dict[str, Any]) -> None:
    assert set(fields.differing(desired, observed)) <= set(desired)
    assert fields.differing(desired, {**observed, **desired}) == []


# -- shapes ----------------------------------------------------------------------------------------------------------


@given(some_values())
def test_options_and_values_are_two_shapes_of_the_same(values: dict[str, Any]) -> None:
    assert fields.flatten(fields.nested(values)) == values


@given(some_values())
def test_what_is_written_is_read(values: dict[str, Any]) -> None:
    for step in fields.STEPS:
        own = {name: value for name, value in values.items() if FIELDS[name].step == step}
        body = fields.put({}, own)
        read = fields.from_wire(fields.of_step(step), body)
        assert {name: read[name] for name in own} == own
        assert {name for name in read if name not in own} == {f.name for f in fields.of_step(step)} - set(own)
        assert all(read[name] == fields.clean(FIELDS[name], None) for name in read if name not in own)


def test_flatten_takes_none_as_not_given() -> None:
    options = {
        "id": "a",
        "name": None,
        "disabled": False,
        "settings": {"enabled": None, "inactivity_time": 5},
        "password_settings": None,
        "state": "present",
    }
    assert fields.flatten(options) == {"disabled": False, "settings.inactivity_time": 5}


def test_flatten_keeps_a_null_attribute_for_the_planner() -> None:
    given_attributes = {"a": None, "b": 1}
    values = fields.flatten({"custom_attributes": given_attributes})
    assert values == {"custom_attributes": {"a": None, "b": 1}}
    assert values["custom_attributes"] is not given_attributes


def test_put_keeps_what_it_does_not_write() -> None:
    body = {"other": 1, "ssoSetupSuiteSettings": {"styleId": "s", "disabledFeatures": {"saml": True}}}
    fields.put(body, {"settings.sso_setup_suite.disabled_features.sso_domains": True, "domains": ["a.com"]})
    assert body == {
        "other": 1,
        "domains": ["a.com"],
        "ssoSetupSuiteSettings": {"styleId": "s", "disabledFeatures": {"saml": True, "ssoDomains": True}},
    }


@pytest.mark.parametrize("there", [None, "text"])
def test_put_makes_the_messages_that_are_missing(there: Any) -> None:
    body = fields.put({"ssoSetupSuiteSettings": there}, {"settings.sso_setup_suite.enabled": True})
    assert body == {"ssoSetupSuiteSettings": {"enabled": True}}


@pytest.mark.parametrize(
    ("name", "value", "wire"),
    [
        ("role_inheritance", "default", ""),
        ("role_inheritance", "none", "none"),
        ("role_inheritance", "userOnly", "userOnly"),
        ("settings.auth_type", "none", "none"),
        ("name", "default", "default"),
    ],
)
def test_the_services_own_words(name: str, value: str, wire: str) -> None:
    assert fields.to_wire(FIELDS[name], value) == wire


@pytest.mark.parametrize("body", [{}, {"ssoSetupSuiteSettings": None}, {"ssoSetupSuiteSettings": []}], ids=str)
def test_a_message_that_is_missing_is_empty(body: dict[str, Any]) -> None:
    values = fields.from_wire(fields.of_step(fields.SETTINGS), body)
    assert values["settings.sso_setup_suite.style_id"] == ""
    assert values["settings.sso_setup_suite.disabled_features.saml"] is False
    assert values["domains"] == []


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("enforce_sso", ("enforceSSO",)),
        ("enforce_sso_exclusions", ("enforceSSOExclusions",)),
        ("federated_app_ids", ("federatedAppIds",)),
        ("settings.jit_disabled", ("JITDisabled",)),
        ("settings.refresh_token_expiration_unit", ("refreshTokenExpirationUnit",)),
        (
            "settings.sso_setup_suite.disabled_features.group_mapping",
            ("ssoSetupSuiteSettings", "disabledFeatures", "groupMapping"),
        ),
        ("password_settings.non_alphanumeric", ("nonAlphanumeric",)),
        ("password_settings.disallow_email_match", ("disallowEmailMatch",)),
    ],
)
def test_names_on_the_wire(name: str, wire: tuple[str, ...]) -> None:
    assert FIELDS[name].wire == wire


def test_every_field_is_written_by_one_step() -> None:
    assert sorted(f.name for step in fields.STEPS for f in fields.of_step(step)) == sorted(FIELDS)
    assert {f.name for f in fields.IN_TENANT} == {f.name for f in FIELDS.values() if f.step == fields.OWN} | {
        "domains",
        "default_roles",
    }


def test_every_field_is_an_option_and_the_other_way_round() -> None:
    def leaves(spec: dict[str, Any], prefix: str = "") -> set[str]:
        found: set[str] = set()
        for name, option in spec.items():
            inner = option.get("options")
            found |= leaves(inner, f"{prefix}{name}.") if inner else {f"{prefix}{name}"}
        return found

    assert leaves(fields.argument_spec()) == {*FIELDS, "id", "purge_custom_attributes", "cascade", "state"}


def test_the_spec_is_one_that_ansible_takes() -> None:
    options = {
        "id": "a",
        "name": "A",
        "domains": ["a.com"],
        "custom_attributes": {"a": 1},
        "role_inheritance": "userOnly",
        "settings": {
            "session_token_expiration": "5",
            "session_token_expiration_unit": "hours",
            "sso_setup_suite": {"disabled_features": {"saml": True}},
        },
        "password_settings": {"min_length": 8, "lowercase": "yes"},
    }
    result = ArgumentSpecValidator(fields.argument_spec()).validate(options)
    assert result.error_messages == []
    parameters = result.validated_parameters
    assert (parameters["state"], parameters["purge_custom_attributes"], parameters["cascade"]) == (
        "present",
        True,
        False,
    )
    assert fields.flatten(parameters) == {
        "name": "A",
        "domains": ["a.com"],
        "custom_attributes": {"a": 1},
        "role_inheritance": "userOnly",
        SESSION: 5,
        UNIT: "hours",
        "settings.sso_setup_suite.disabled_features.saml": True,
        "password_settings.min_length": 8,
        "password_settings.lowercase": True,
    }
    for wrong in ({"role_inheritance": "all"}, {"settings": {"inactivity_time_unit": "months"}}, {"state": "gone"}):
        assert ArgumentSpecValidator(fields.argument_spec()).validate(wrong).error_messages


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("settings.session_token_expiration", {"sessionTokenExpiration": "ten"}),
        ("self_provisioning_domains", {"selfProvisioningDomains": [5]}),
        ("custom_attributes", {"customAttributes": ["plan"]}),
    ],
)
def test_a_value_of_another_type_is_an_error_that_names_the_field(name: str, body: dict[str, Any]) -> None:
    with pytest.raises(IdentityError, match=name) as caught:
        fields.from_wire([fields.FIELDS[name]], body)
    assert caught.value.code == "bad_response"
