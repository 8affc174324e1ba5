# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The values of a template's options: their types, what is wrong with them, and the words for it. Pure."""

from __future__ import annotations

import copy
import difflib
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TYPES = {"bool": "true or false", "float": "a number", "int": "a whole number", "list": "a list", "str": "a text"}
ELEMENTS = {"float": "numbers", "int": "whole numbers", "str": "texts"}

Spec = dict[str, t.Any]


def typed(spec: Spec, value: t.Any) -> tuple[t.Any, list[str]]:
    """Return a value in the option's type, and what is wrong with it."""
    argument = {key: spec[key] for key in ("type", "elements") if key in spec}
    result = ArgumentSpecValidator({"value": argument}).validate({"value": copy.deepcopy(value)})
    entries = value if isinstance(value, list) and spec["type"] == "list" else []
    misread = [_is_misread(spec["type"], value), *(_is_misread(spec["elements"], entry) for entry in entries)]
    if result.error_messages or any(misread):
        return None, [f"{value!r} is not {TYPES[spec['type']]}{_of(spec)}."]
    found = result.validated_parameters["value"]
    if spec["type"] != "list":
        return found, _choice_problems(spec, [found]) + _range_problems(spec, found)
    twice = sorted({str(entry) for entry in found if found.count(entry) > 1})
    problems = _choice_problems(spec, found) + [f"'{entry}' is there twice." for entry in twice]
    return found, problems + _count_problems(spec, found)


def allowed(spec: Spec) -> str:
    """Return what may be given for an option."""
    low, high = spec.get("min"), spec.get("max")
    if spec["type"] == "list" or (low is None and high is None):
        return f"give {TYPES[spec['type']]}{_among(spec) or _of(spec)}"
    if high is None:
        return f"at least {low} is allowed"
    return f"at most {high} is allowed" if low is None else f"{low} to {high} is allowed"


def advice(name: t.Any, names: t.Iterable[t.Any]) -> str:
    """Return what may have been meant by a name, or else what there is."""
    words = [str(word) for word in names]
    near = difflib.get_close_matches(str(name), words, n=1)
    return f"did you mean '{near[0]}'?" if near else known(words)


def known(names: t.Iterable[t.Any]) -> str:
    """Return a sentence with all names there are."""
    return f"known are {joined(sorted(str(name) for name in names)) or 'none'}."


def joined(words: t.Iterable[t.Any]) -> str:
    """Return words with commas between them."""
    return ", ".join(str(word) for word in words)


def words(value: t.Any) -> list[str]:
    """Return a value, or those in a list, as they are written in YAML."""
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _is_misread(kind: str, value: t.Any) -> bool:
    """Ansible takes everything as a text, and true as 1."""
    if kind == "str":
        return isinstance(value, (dict, list))
    return kind in ("int", "float") and isinstance(value, bool)


def _choice_problems(spec: Spec, values: list[t.Any]) -> list[str]:
    choices = spec.get("choices", values)
    return [f"'{value}' is not among the choices; {advice(value, choices)}" for value in values if value not in choices]


def _range_problems(spec: Spec, value: t.Any) -> list[str]:
    low, high = spec.get("min"), spec.get("max")
    if (low is None or value >= low) and (high is None or value <= high):
        return []
    return [f"{value} is out of range: {allowed(spec)}.{_because(spec)}"]


def _count_problems(spec: Spec, values: list[t.Any]) -> list[str]:
    count = len({str(value) for value in values})
    low, high = spec.get("min", count), spec.get("max", count)
    if low <= count <= high:
        return []
    limit = f"needs at least {low}" if count < low else f"may have at most {high}"
    return [f"{limit}{_among(spec)}, got {count or 'none'}.{_because(spec)}"]


def _of(spec: Spec) -> str:
    return f" of {ELEMENTS[spec['elements']]}" if spec["type"] == "list" else ""


def _among(spec: Spec) -> str:
    return f" of {joined(spec['choices'])}" if "choices" in spec else ""


def _because(spec: Spec) -> str:
    return f" {spec['because']}" if "because" in spec else ""
