# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The fields of a tenant: their options, their names on the wire, and when two values are the same.

This is the only place that knows what the service adds, reorders or leaves out for tenants (contract, section 8).
Inside the collection a tenant is a flat dict from dotted option names (C(settings.session_token_expiration)) to
values; L(nested) gives it the shape users see.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError

Value = t.Any
Values = dict[str, Value]

#: The steps of writing one tenant, in the order they are sent. Each is one write at the most.
OWN, SETTINGS, DEFAULT_ROLES, PASSWORD = "own", "settings", "default_roles", "password_settings"
STEPS = (OWN, SETTINGS, DEFAULT_ROLES, PASSWORD)

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_FEATURES = ("saml", "oidc", "scim", "sso_domains", "group_mapping")


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a tenant.

    Attributes:
        name: dotted option name.
        wire: keys that lead to the value in the reply and body of its step.
        kind: decides how values are cleaned and compared, see L(clean) and L(same).
        step: the write that carries it.
        choices: the option's choices; the first one stands for the service's empty string where C(kind) is C(choice).
    """

    name: str
    wire: tuple[str, ...]
    kind: str
    step: str
    choices: tuple[str, ...] = ()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _fields() -> t.Iterator[Field]:
    yield Field("name", ("name",), "text", OWN)
    yield Field("self_provisioning_domains", ("selfProvisioningDomains",), "domains", OWN)
    yield Field("custom_attributes", ("customAttributes",), "attributes", OWN)
    yield Field("disabled", ("disabled",), "flag", OWN)
    yield Field("enforce_sso", ("enforceSSO",), "flag", OWN)
    yield Field("enforce_sso_exclusions", ("enforceSSOExclusions",), "names", OWN)
    yield Field("federated_app_ids", ("federatedAppIds",), "names", OWN)
    # The service's words are "", none and userOnly (contract 2.8).
    yield Field("role_inheritance", ("roleInheritance",), "choice", OWN, ("default", "none", "userOnly"))
    yield Field("parent", ("parent",), "text", OWN)
    # SSO domains are read on the tenant and written in its settings (contract, section 8, row 6).
    yield Field("domains", ("domains",), "domains", SETTINGS)
    yield Field("settings.auth_type", ("authType",), "choice", SETTINGS, ("none", "saml", "oidc"))
    yield Field("settings.enabled", ("enabled",), "flag", SETTINGS)
    for time in ("refresh_token_expiration", "session_token_expiration", "stepup_token_expiration", "inactivity_time"):
        yield Field(f"settings.{time}", (_camel(time),), "number", SETTINGS)
        yield Field(f"settings.{time}_unit", (_camel(f"{time}_unit"),), "unit", SETTINGS, tuple(_SECONDS))
    yield Field("settings.enable_inactivity", ("enableInactivity",), "flag", SETTINGS)
    yield Field("settings.jit_disabled", ("JITDisabled",), "flag", SETTINGS)
    suite = "ssoSetupSuiteSettings"
    yield Field("settings.sso_setup_suite.enabled", (suite, "enabled"), "flag", SETTINGS)
    yield Field("settings.sso_setup_suite.style_id", (suite, "styleId"), "text", SETTINGS)
    for feature in _FEATURES:
        name = f"settings.sso_setup_suite.disabled_features.{feature}"
        yield Field(name, (suite, "disabledFeatures", _camel(feature)), "flag", SETTINGS)
    yield Field("default_roles", ("defaultRoles",), "names", DEFAULT_ROLES)
    for flag in (
        "enabled lowercase uppercase number non_alphanumeric expiration reuse lock temp_lock "
        "enable_password_strength any_letter disallow_email_match"
    ).split():
        yield Field(f"password_settings.{flag}", (_camel(flag),), "flag", PASSWORD)
    for number in (
        "min_length expiration_weeks reuse_amount lock_attempts temp_lock_attempts temp_lock_duration "
        "password_strength_score"
    ).split():
        yield Field(f"password_settings.{number}", (_camel(number),), "number", PASSWORD)
    yield Field("password_settings.disallowed_characters", ("disallowedCharacters",), "text", PASSWORD)


FIELDS: dict[str, Field] = {field.name: field for field in _fields()}

#: Fields that stand in the tenant object itself, whatever step writes them.
IN_TENANT = tuple(field for field in FIELDS.values() if field.step == OWN or field.name in {"domains", "default_roles"})

_DURATIONS = tuple(name for name in FIELDS if f"{name}_unit" in FIELDS)

_OPTION_TYPES: dict[str, dict[str, t.Any]] = {
    "text": {"type": "str"},
    "flag": {"type": "bool"},
    "number": {"type": "int"},
    "choice": {"type": "str"},
    "unit": {"type": "str"},
    "domains": {"type": "list", "elements": "str"},
    "names": {"type": "list", "elements": "str"},
    "attributes": {"type": "dict"},
}


def argument_spec() -> dict[str, dict[str, t.Any]]:
    """Return the options of one tenant, as an Ansible argument spec."""
    spec: dict[str, dict[str, t.Any]] = {
        "id": {"type": "str"},
        "purge_custom_attributes": {"type": "bool", "default": True},
        "cascade": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    for field in FIELDS.values():
        *groups, last = field.name.split(".")
        level = spec
        for group in groups:
            level = level.setdefault(group, _option(group, {"type": "dict", "options": {}}))["options"]
        level[last] = _option(last, _OPTION_TYPES[field.kind])
        if field.choices:
            level[last]["choices"] = list(field.choices)
    return spec


def _option(name: str, option: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return an option that says of itself that it is no secret, where its name sounds like one."""
    return {**option, "no_log": False} if "password" in name or "token" in name else dict(option)


def clean(field: Field, value: Value) -> Value:
    """Return a value of an option or of a reply in the one form that is compared, shown and returned.

    None and missing values become the field's empty value; lists become sorted sets; numbers and texts keep what they
    say. Empty custom attributes are dropped, since the service may keep or drop them (contract 2.4).
    """
    if field.kind == "flag":
        return bool(value)
    if field.kind == "number":
        return int(value or 0)
    if field.kind == "domains":
        return sorted({name.lower(): name for name in value or []}.values(), key=str.lower)
    if field.kind == "names":
        return sorted(set(value or []))
    if field.kind == "attributes":
        return {key: item for key, item in sorted((value or {}).items()) if not _is_empty(item)}
    if field.kind == "choice":
        return value or field.choices[0]
    return value or ""


def same(field: Field, left: Value, right: Value) -> bool:
    """Return whether two cleaned values mean the same to the service."""
    if field.kind == "domains":
        # DNS names have no case (contract, section 8, row 11).
        return [name.lower() for name in left] == [name.lower() for name in right]
    if field.kind == "attributes":
        return _comparable(left) == _comparable(right)
    return bool(left == right)


def same_duration(name: str, desired: Values, observed: Values) -> bool:
    """Return whether a time and its unit say the same on both sides, as 60 minutes and 1 hour do."""
    unit = f"{name}_unit"
    found: tuple[int, str] = (observed.get(name, 0), observed.get(unit, ""))
    wanted: tuple[int, str] = (desired.get(name, found[0]), desired.get(unit, found[1]))
    if wanted[1] not in _SECONDS or found[1] not in _SECONDS:
        return wanted == found
    return bool(wanted[0] * _SECONDS[wanted[1]] == found[0] * _SECONDS[found[1]])


def differing(desired: Values, observed: Values) -> list[str]:
    """Return the names of the wanted fields whose observed value is another one."""
    equal = {
        part
        for name in _DURATIONS
        if (name in desired or f"{name}_unit" in desired) and same_duration(name, desired, observed)
        for part in (name, f"{name}_unit")
    }
    return [
        name
        for name, value in desired.items()
        if name not in equal and not same(FIELDS[name], value, observed.get(name, clean(FIELDS[name], None)))
    ]


def flatten(options: dict[str, t.Any], prefix: str = "") -> Values:
    """Return the fields that were given in a (nested) option dict, cleaned; None means not given."""
    values: Values = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if value is None:
            continue
        if name in FIELDS:
            # What a null in custom_attributes means is for the planner to say, hence kept here.
            values[name] = dict(value) if FIELDS[name].kind == "attributes" else clean(FIELDS[name], value)
        elif isinstance(value, dict):
            values.update(flatten(value, f"{name}."))
    return values


def nested(values: Values) -> dict[str, t.Any]:
    """Return flat values in the shape of the options."""
    result: dict[str, t.Any] = {}
    for name, value in values.items():
        *groups, last = name.split(".")
        level = result
        for group in groups:
            level = level.setdefault(group, {})
        level[last] = value
    return result


def from_wire(step_fields: t.Iterable[Field], body: dict[str, t.Any]) -> Values:
    """Return the cleaned values of some fields of a reply; a field that the reply lacks is empty."""
    values: Values = {}
    for field in step_fields:
        value: t.Any = body
        for key in field.wire:
            value = value.get(key) if isinstance(value, dict) else None
        try:
            values[field.name] = clean(field, value)
        except (AttributeError, TypeError, ValueError) as error:
            raise IdentityError(
                "bad_response", f"The service answered {field.name} with {type(value).__name__}, not a {field.kind}."
            ) from error
    return values


def to_wire(field: Field, value: Value) -> Value:
    """Return a cleaned value as the service writes it."""
    if field.name == "role_inheritance" and value == "default":
        return ""
    return value


def put(body: dict[str, t.Any], values: Values) -> dict[str, t.Any]:
    """Write flat values into a body, in place, and return it."""
    for name, value in values.items():
        field = FIELDS[name]
        level = body
        for key in field.wire[:-1]:
            if not isinstance(level.get(key), dict):
                level[key] = {}
            level = level[key]
        level[field.wire[-1]] = to_wire(field, value)
    return body


def of_step(step: str) -> list[Field]:
    """Return the fields that one step writes."""
    return [field for field in FIELDS.values() if field.step == step]


def _is_empty(value: Value) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _comparable(value: Value) -> t.Any:
    """Return a form in which 5 equals 5.0 but not True, and arrays compare without order (contract 2.9)."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted((_comparable(item) for item in value), key=repr)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return type(value).__name__, value
