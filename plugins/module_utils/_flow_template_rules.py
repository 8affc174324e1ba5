# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What is wrong with a template, its definition or what C(template.yml) says about that, all of it at once. Pure."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_parts import (
    place,
    screens_with,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_rules import structure_problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_values import (
    ELEMENTS,
    TYPES,
    Spec,
    advice,
    joined,
    typed,
    words,
)

#: For each key of a mapping, the types that its value may have, and how to say so. Without types it may be anything.
_Shapes = dict[str, tuple[tuple[type, ...], str]]

_A_LIST, _A_TEXT, _A_NUMBER = ((list,), "a list"), ((str,), "a text"), ((int, float), "a number")
_TEMPLATE: _Shapes = {"description": _A_TEXT, "options": ((dict,), "a mapping of names to options")}
_OPTION: _Shapes = {
    "adds": ((dict,), "a mapping of values to what they add"),
    "because": _A_TEXT,
    "choices": _A_LIST,
    "default": ((), ""),
    "description": _A_TEXT,
    "elements": _A_TEXT,
    "max": _A_NUMBER,
    "min": _A_NUMBER,
    "required": ((bool,), "true or false"),
    "sets": _A_LIST,
    "type": _A_TEXT,
}
_ADDS: _Shapes = {"instead": ((dict,), "a mapping of steps to steps"), "parts": _A_LIST, "steps": _A_LIST}


def flow_problems(flow: Definition) -> list[str]:
    """Return what is wrong with the definition of a template."""
    # A name may be given with the flow that is made from the template.
    return structure_problems({**flow, "metadata": {"name": "any", **flow["metadata"]}})


def template_problems(content: t.Any, flow: Definition) -> tuple[list[str], dict[str, Spec]]:
    """Return what is wrong with the content of a C(template.yml), and its options in their plain form."""
    problems, is_right = _shape_problems(content, _TEMPLATE)
    found = [text.lstrip(".: ") for text in problems]
    options: dict[str, Spec] = {}
    for name, spec in content.get("options", {}).items() if is_right else ():
        problems, options[str(name)] = _option_problems(str(name), spec, flow)
        found += [f"options.{name}{text}" for text in problems]
    return found or [f"options: {text}" for text in _instead_problems(options)], options


def replacements(options: dict[str, Spec]) -> list[tuple[str, str]]:
    """Return each step that is said to have another one in its place when it is left out, and that one."""
    return [
        link for spec in options.values() for what in spec.get("adds", {}).values() for link in what["instead"].items()
    ]


def _shape_problems(content: t.Any, shapes: _Shapes) -> tuple[list[str], bool]:
    """Return what is wrong with the keys of a mapping and the types of their values, and whether these are right."""
    if not isinstance(content, dict):
        return [f": has to be a mapping, and is {_kind(content)}."], False
    unknown = [f".{key}: is not a known key; {advice(key, shapes)}" for key in content if key not in shapes]
    wrong = [
        f".{key}: has to be {text}, and is {_kind(content[key])}."
        for key, (types, text) in shapes.items()
        if types and key in content and type(content[key]) not in types
    ]
    return unknown + wrong, not wrong


def _kind(value: t.Any) -> str:
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else f"{value!r}"


def _option_problems(name: str, spec: t.Any, flow: Definition) -> tuple[list[str], Spec]:
    """Return what is wrong with an option, and its plain form."""
    found, is_right = _shape_problems(spec, _OPTION)
    if not is_right:
        return found, {}
    option = {"type": "str", **({"elements": "str"} if spec.get("type") == "list" else {}), **copy.deepcopy(spec)}
    for key, kinds in (("type", TYPES), ("elements", ELEMENTS)):
        if option.get(key, "str") not in kinds:
            found.append(f".{key}: '{option[key]}' is not a type; {advice(option[key], kinds)}")
            return found, option
    if option["type"] != "list" and "elements" in option:
        found.append(".elements: is for lists only.")
    if option["type"] in ("bool", "str"):
        found += [f".{key}: is for numbers and lists only." for key in ("min", "max") if key in option]
    if not found and option.get("default") is not None:
        option["default"], problems = typed(option, option["default"])
        found += [f".default: {text}" for text in problems]
    return found + _adds_problems(option, flow) + _sets_problems(name, option, flow), option


def _adds_problems(option: Spec, flow: Definition) -> list[str]:
    """Return what is wrong with C(adds), and bring it into its plain form."""
    adds = option.pop("adds", {})
    values = ["true", "false"] if option["type"] == "bool" else words(option.get("choices", []))
    if adds and not values:
        return [".adds: is for options with choices, and for those of type bool."]
    found = []
    for value, what in adds.items():
        (word,) = words(value)
        if word not in values:
            found.append(f".adds.{word}: is not a value of the option; {advice(word, values)}")
            continue
        problems, plain = _value_problems(what, flow)
        found += [f".adds.{word}{text}" for text in problems]
        option.setdefault("adds", {})[word] = plain
    return found


def _value_problems(what: t.Any, flow: Definition) -> tuple[list[str], dict[str, t.Any]]:
    """Return what is wrong with what a value adds, and its plain form."""
    found, is_right = _shape_problems(what, _ADDS)
    if not is_right:
        return found, {}
    tasks = flow["contents"]["tasks"]
    steps = [str(step) for step in what.get("steps", [])]
    parts = [str(part) for part in what.get("parts", [])]
    instead = {str(step): str(other) for step, other in what.get("instead", {}).items()}
    for key, named in (("steps", steps), ("instead", instead.values())):
        found += [
            f".{key}: there is no step '{step}' in the flow; {advice(step, tasks)}"
            for step in named
            if step not in tasks
        ]
    if "start" in steps:
        found.append(".steps: the step 'start' cannot be left out.")
    for part in parts:
        screens = screens_with(flow, part)
        if not screens:
            found.append(f".parts: no screen in the flow has a part '{part}'.")
        elif len(screens) > 1:
            ids = joined(f"'{screen['screenId']}/{part}'" for screen in screens)
            found.append(f".parts: several screens have a part '{part}': write one of {ids}.")
    found += [f".instead: '{step}' is not among the steps of this value." for step in instead if step not in steps]
    return found, {"steps": steps, "parts": parts, "instead": instead}


def _sets_problems(name: str, option: Spec, flow: Definition) -> list[str]:
    found = []
    for path in option.get("sets", []):
        held = place(flow, str(path))
        if held is None:
            found.append(f".sets: there is no '{path}' in the flow.")
        elif isinstance(held[0][held[1]], dict):
            found.append(f".sets: '{path}' is an object: name the value in it.")
        elif f"[[{name}]]" in str(held[0][held[1]]) and option.get("default") is None and not option.get("required"):
            found.append(f".sets: '{path}' has a placeholder: give the option a default, or require it.")
    return found


def _instead_problems(options: dict[str, Spec]) -> list[str]:
    links: dict[str, str] = {}
    found = []
    for step, other in replacements(options):
        if links.setdefault(step, other) != other:
            found.append(f"what takes the place of step '{step}' is said twice: '{links[step]}' and '{other}'.")
    # Two values may stand in for each other, as one of them is always there.
    return found + [f"step '{step}' cannot take its own place." for step, other in links.items() if step == other]
