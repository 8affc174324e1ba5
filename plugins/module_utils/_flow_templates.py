# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Flow templates: a flow definition with the steps of all options, of which a configuration keeps some.

A template is a folder with C(flow.json), a definition as the service exports it, and C(template.yml), which says
which steps and which parts of screens each value of each option adds, and where values are put.
C(docs/flow-templates.md) describes both files. Nothing here asks the service anything.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import hashlib
import json
import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems

TEMPLATE_FILE = "template.yml"
FLOW_FILE = "flow.json"

_TEMPLATE_KEYS = ("description", "options")
_OPTION_KEYS = "adds because choices default description elements max min required sets type".split()
_ADDS_KEYS = ("instead", "parts", "steps")
_TYPES = {"bool": "true or false", "float": "a number", "int": "a whole number", "list": "a list", "str": "a text"}
_ELEMENTS = {"float": "numbers", "int": "whole numbers", "str": "texts"}
# What names an entry of a list in a path of `sets`.
_LIST_KEYS = ("screenId", "id", "interactionId", "key")
_ELSE = "ELSE"


@dataclasses.dataclass(frozen=True)
class Template:
    """A template as it stands in its folder, checked.

    Attributes:
        name: of the folder.
        path: of the folder.
        description: what it is for.
        options: each option's spec as in C(template.yml), in its plain form: C(type) is always there, the values of
            C(adds) and all steps are strings.
        flow: the definition with the steps of all options.
    """

    name: str
    path: str
    description: str
    options: dict[str, dict[str, t.Any]]
    flow: dict[str, t.Any] = dataclasses.field(repr=False)


def shipped() -> str:
    """Return the folder of the templates that come with the collection."""
    collection = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.join(collection, "flow_templates")


def search(paths: t.Sequence[str]) -> dict[str, Template]:
    """Return all templates by name. Of two with the same name, the one in the earlier folder is taken.

    Args:
        paths: folders that hold folders of templates; one that does not exist holds none.

    Raises:
        IdentityError: C(bad_template), for the first one that is unusable.
    """
    return {name: _load(name, folder) for name, folder in sorted(_folders(paths).items())}


def find(name: str, paths: t.Sequence[str]) -> Template:
    """Return one template. Others may be unusable.

    Raises:
        IdentityError: C(unknown_template), or C(bad_template).
    """
    folders = _folders(paths)
    if name in folders:
        return _load(name, folders[name])
    near = difflib.get_close_matches(str(name), folders, n=1)
    advice = f" Did you mean '{near[0]}'?" if near else ""
    known = _join(sorted(folders)) or "none"
    looked = _join(paths) or "no folder"
    raise IdentityError(
        "unknown_template",
        f"there is no flow template '{name}'.{advice} Known are: {known}. Looked in: {looked}.",
    )


def config_problems(template: Template, config: t.Any) -> list[str]:
    """Return everything that is wrong with a configuration of a template."""
    if config is None:
        config = {}
    if not isinstance(config, dict):
        return [f"{config!r} is not a dictionary of options; {_known(template.options)}"]
    unknown = sorted(str(name) for name in config if name not in template.options)
    found = [f"{name}: is not a known option; {_advice(name, template.options)}" for name in unknown]
    for name, spec in template.options.items():
        if config.get(name) is not None:
            found += [f"{name}: {text}" for text in _typed(spec, config[name])[1]]
        elif spec.get("required"):
            found.append(f"{name}: is required: {_allowed(spec)}.")
    return found


def render(template: Template, config: dict[str, t.Any] | None, flow_id: str) -> dict[str, t.Any]:
    """Return the definition of a flow. The same arguments always give the same definition.

    Args:
        template: stays as it is.
        config: values of the template's options; defaults are filled in.
        flow_id: of the flow to be. The screens keep their ids if it is the flow that C(flow.json) is an export of;
            otherwise they get ids that depend on it, so that two flows never share a screen.

    Raises:
        Problems: the configuration is wrong.
        IdentityError: C(bad_template), when the template has no way on for this configuration.
    """
    problems = config_problems(template, config)
    if problems:
        raise Problems([Problem(f"flow '{flow_id}'", "config", text) for text in problems])
    given = {name: value for name, value in (config or {}).items() if value is not None}
    values = {}
    for name, spec in template.options.items():
        value = given.get(name, spec.get("default"))
        values[name] = None if value is None else _typed(spec, value)[0]
    return _Rendering(template, values, flow_id).result()


def describe(template: Template) -> dict[str, t.Any]:
    """Return what a user of a template has to know, as plain data."""
    tasks = template.flow["contents"]["tasks"]
    options = {}
    for name, spec in template.options.items():
        shown = {key: spec[key] for key in _OPTION_KEYS if key in spec and key not in ("adds", "because", "sets")}
        shown.setdefault("default", None)
        shown.setdefault("required", False)
        shown.setdefault("description", "")
        shown["adds"] = {
            value: {
                "steps": [tasks[step].get("name", step) for step in what["steps"]],
                "parts": [_label(template.flow, part) for part in what["parts"]],
            }
            for value, what in spec.get("adds", {}).items()
        }
        options[name] = copy.deepcopy(shown)
    return {
        "name": template.name,
        "description": template.description,
        "path": template.path,
        "options": options,
    }


# --- values ---------------------------------------------------------------------------------------------------------


def _typed(spec: dict[str, t.Any], value: t.Any) -> tuple[t.Any, list[str]]:
    """Return a value in the option's type, and what is wrong with it."""
    kind = spec["type"]
    argument = {key: spec[key] for key in ("type", "elements") if key in spec}
    result = ArgumentSpecValidator({"value": argument}).validate({"value": copy.deepcopy(value)})
    if result.error_messages or _is_misread(kind, value):
        return None, [f"{value!r} is not {_TYPES[kind]}{_of(spec)}."]
    typed = result.validated_parameters["value"]
    if kind != "list":
        return typed, _choice_problems(spec, [typed]) + _range_problems(spec, typed)
    if any(_is_misread(spec["elements"], entry) for entry in value if isinstance(value, list)):
        return None, [f"{value!r} is not {_TYPES[kind]}{_of(spec)}."]
    found = _choice_problems(spec, typed)
    twice = sorted({str(entry) for entry in typed if typed.count(entry) > 1})
    found += [f"'{entry}' is there twice." for entry in twice]
    return typed, found + _count_problems(spec, typed)


def _is_misread(kind: str, value: t.Any) -> bool:
    """Ansible takes everything as a text, and true as 1."""
    if kind == "str":
        return isinstance(value, (dict, list))
    return kind in ("int", "float") and isinstance(value, bool)


def _of(spec: dict[str, t.Any]) -> str:
    return f" of {_ELEMENTS[spec['elements']]}" if spec["type"] == "list" else ""


def _choice_problems(spec: dict[str, t.Any], values: list[t.Any]) -> list[str]:
    choices = spec.get("choices")
    if choices is None:
        return []
    return [
        f"'{value}' is not among the choices; {_advice(value, choices)}" for value in values if value not in choices
    ]


def _range_problems(spec: dict[str, t.Any], value: t.Any) -> list[str]:
    low, high = spec.get("min"), spec.get("max")
    if (low is None or value >= low) and (high is None or value <= high):
        return []
    return [f"{value} is out of range: {_allowed(spec)}.{_because(spec)}"]


def _count_problems(spec: dict[str, t.Any], values: list[t.Any]) -> list[str]:
    count = len({str(value) for value in values})
    low, high = spec.get("min"), spec.get("max")
    got = f"got {count or 'none'}"
    if low is not None and count < low:
        return [f"needs at least {low}{_among(spec)}, {got}.{_because(spec)}"]
    if high is not None and count > high:
        return [f"may have at most {high}{_among(spec)}, {got}.{_because(spec)}"]
    return []


def _among(spec: dict[str, t.Any]) -> str:
    return f" of {_join(spec['choices'])}" if "choices" in spec else ""


def _because(spec: dict[str, t.Any]) -> str:
    return f" {spec['because']}" if "because" in spec else ""


def _allowed(spec: dict[str, t.Any]) -> str:
    low, high = spec.get("min"), spec.get("max")
    if spec["type"] == "list" or (low is None and high is None):
        return f"give {_TYPES[spec['type']]}{_among(spec) or _of(spec)}"
    if high is None:
        return f"at least {low} is allowed"
    return f"at most {high} is allowed" if low is None else f"{low} to {high} is allowed"


def _advice(name: t.Any, known: t.Iterable[t.Any]) -> str:
    names = [str(word) for word in known]
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean '{near[0]}'?" if near else _known(names)


def _known(names: t.Iterable[t.Any]) -> str:
    return f"known are {_join(sorted(str(name) for name in names)) or 'none'}."


def _join(words: t.Iterable[t.Any]) -> str:
    return ", ".join(str(word) for word in words)


def _word(value: t.Any) -> str:
    """Return a value as it is written in YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- reading --------------------------------------------------------------------------------------------------------


def _folders(paths: t.Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else []:
            folder = os.path.join(path, name)
            if any(os.path.isfile(os.path.join(folder, file)) for file in (TEMPLATE_FILE, FLOW_FILE)):
                found.setdefault(name, folder)
    return found


def _load(name: str, folder: str) -> Template:
    flow_file, template_file = os.path.join(folder, FLOW_FILE), os.path.join(folder, TEMPLATE_FILE)
    flow = _read(name, flow_file, _from_json)
    _stop(name, flow_file, _flow_problems(flow))
    content = _read(name, template_file, _from_yaml)
    options: dict[str, dict[str, t.Any]] = {}
    _stop(name, template_file, _template_problems(content, flow, options))
    return Template(name, folder, content.get("description", "").strip(), options, flow)


def _from_json(text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}.") from error


def _from_yaml(text: str) -> t.Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {' '.join(str(error).split())}.") from error


def _read(name: str, file: str, parse: t.Callable[[str], t.Any]) -> dict[str, t.Any]:
    try:
        with open(file, encoding="utf-8") as stream:
            content = parse(stream.read())
    except FileNotFoundError as error:
        both = f"a template is a folder with {TEMPLATE_FILE} and {FLOW_FILE}"
        raise _bad(name, file, [f"is not there: {both}."]) from error
    except OSError as error:
        raise _bad(name, file, [f"cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise _bad(name, file, ["is not a text in UTF-8."]) from error
    except ValueError as error:
        raise _bad(name, file, [str(error)]) from error
    if not isinstance(content, dict):
        raise _bad(name, file, [f"has to be a mapping of names to values, and is {_kind(content)}."])
    return content


def _bad(name: str, file: str, problems: t.Sequence[str]) -> IdentityError:
    text = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n- {problem}" for problem in problems)
    return IdentityError("bad_template", f"flow template '{name}' cannot be used. {file}:{text}")


def _stop(name: str, file: str, problems: t.Sequence[str]) -> None:
    if problems:
        raise _bad(name, file, problems)


def _kind(value: t.Any) -> str:
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else f"{value!r}"


def _flow_problems(flow: dict[str, t.Any]) -> list[str]:
    """Return what makes a definition unusable for a template. It is no complete check of a flow."""
    if isinstance(flow.get("flow"), dict):
        return ["has the definition under 'flow': keep what is in there, and nothing around it."]
    contents = flow.get("contents")
    if not isinstance(contents, dict) or not isinstance(contents.get("tasks"), dict):
        return ["has no contents.tasks: it has to be a definition as the service exports it."]
    screens, tasks = flow.get("screens"), contents["tasks"]
    if not isinstance(screens, list) or not all(isinstance(screen, dict) for screen in screens):
        return ["has no list of screens: it has to be a definition as the service exports it."]
    if not all(isinstance(task, dict) for task in tasks.values()):
        return ["has a step that is no mapping: it has to be a definition as the service exports it."]
    found = []
    if contents.get("startTask") not in tasks:
        found.append(f"startTask is {contents.get('startTask')!r}, which is not a step.")
    known = {screen.get("screenId") for screen in screens}
    for key, task in tasks.items():
        if task.get("type") == "screen" and task.get("screenId") not in known:
            found.append(f"{_step(flow, key)} shows screen {task.get('screenId')!r}, which is not there.")
        found += [
            f"{_step(flow, key)} leads to step {rule.get('taskId')!r}, which is not there."
            for rule in _rules(task)
            if rule.get("taskId") not in tasks
        ]
        found += [
            f"{_step(flow, key)} names step {step!r} in {name}, which is not there."
            for name, step in _named_steps(task)
            if step not in tasks
        ]
    for screen in screens:
        nodes = screen.get("contents") or {}
        for node in nodes.values():
            for child in _children(node):
                if child not in nodes:
                    found.append(f"screen '{screen.get('screenId')}' has no part {child!r}, which another one holds.")
    return found


def _template_problems(content: dict[str, t.Any], flow: dict[str, t.Any], options: dict[str, t.Any]) -> list[str]:
    """Return what is wrong with a C(template.yml), and fill in its options."""
    found = [
        f"{key}: is not a known key; {_advice(key, _TEMPLATE_KEYS)}" for key in content if key not in _TEMPLATE_KEYS
    ]
    if not isinstance(content.get("description", ""), str):
        found.append("description: has to be a text.")
    given = content.get("options", {})
    if not isinstance(given, dict):
        return [*found, f"options: has to be a mapping of names to options, and is {_kind(given)}."]
    for name, spec in given.items():
        if isinstance(spec, dict):
            problems, option = _option_problems(str(name), spec, flow)
            found += [f"options.{name}{text}" for text in problems]
            options[str(name)] = option
        else:
            found.append(f"options.{name}: has to be a mapping, and is {_kind(spec)}.")
    if not found:
        found += _instead_problems(options, flow)
    return found


def _option_problems(name: str, spec: dict[str, t.Any], flow: dict[str, t.Any]) -> tuple[list[str], dict[str, t.Any]]:
    option = {"type": "str", **copy.deepcopy(spec)}
    found = [f".{key}: is not a known key; {_advice(key, _OPTION_KEYS)}" for key in spec if key not in _OPTION_KEYS]
    if option["type"] not in _TYPES:
        return [*found, f".type: {option['type']!r} is not a type; {_advice(option['type'], _TYPES)}"], option
    if option["type"] == "list":
        option.setdefault("elements", "str")
        if option["elements"] not in _ELEMENTS:
            text = f".elements: {option['elements']!r} is not a type; {_advice(option['elements'], _ELEMENTS)}"
            return [*found, text], option
    elif "elements" in option:
        found.append(".elements: is for lists only.")
    if not isinstance(option.get("choices", []), list):
        return [*found, ".choices: has to be a list."], option
    for key in ("min", "max"):
        if option["type"] in ("bool", "str") and key in option:
            found.append(f".{key}: is for numbers and lists only.")
        elif isinstance(option.get(key, 0), bool) or not isinstance(option.get(key, 0), (int, float)):
            found.append(f".{key}: {option[key]!r} is not a number.")
    texts = ("because", "description")
    found += [f".{key}: has to be a text." for key in texts if not isinstance(option.get(key, ""), str)]
    if not isinstance(option.get("required", False), bool):
        found.append(".required: has to be true or false.")
    if not found and option.get("default") is not None:
        option["default"], problems = _typed(option, option["default"])
        found += [f".default: {text}" for text in problems]
    return found + _adds_problems(option, flow) + _sets_problems(name, option, flow), option


def _adds_problems(option: dict[str, t.Any], flow: dict[str, t.Any]) -> list[str]:
    """Return what is wrong with C(adds), and bring it into its plain form."""
    adds = option.get("adds", {})
    if not isinstance(adds, dict):
        return [f".adds: has to be a mapping of values to what they add, and is {_kind(adds)}."]
    values = ["true", "false"] if option["type"] == "bool" else [_word(value) for value in option.get("choices", [])]
    if adds and not values:
        return [".adds: is for options with choices, and for those of type bool."]
    found, plain = [], {}
    for value, what in adds.items():
        word = _word(value)
        if word not in values:
            found.append(f".adds.{word}: is not a value of the option; {_advice(word, values)}")
        elif not isinstance(what, dict):
            found.append(f".adds.{word}: has to be a mapping, and is {_kind(what)}.")
        else:
            problems, plain[word] = _value_problems(what, flow)
            found += [f".adds.{word}{text}" for text in problems]
    option["adds"] = plain
    if not plain:
        del option["adds"]
    return found


def _value_problems(what: dict[str, t.Any], flow: dict[str, t.Any]) -> tuple[list[str], dict[str, t.Any]]:
    found = [f".{key}: is not a known key; {_advice(key, _ADDS_KEYS)}" for key in what if key not in _ADDS_KEYS]
    tasks = flow["contents"]["tasks"]
    steps: t.Any = what.get("steps", [])
    parts: t.Any = what.get("parts", [])
    instead: t.Any = what.get("instead", {})
    for key, given in (("steps", steps), ("parts", parts)):
        if not isinstance(given, list):
            return [*found, f".{key}: has to be a list."], {}
    if not isinstance(instead, dict):
        return [*found, ".instead: has to be a mapping of steps to steps."], {}
    plain: dict[str, t.Any] = {
        "steps": [str(step) for step in steps],
        "parts": [str(part) for part in parts],
        "instead": {str(step): str(other) for step, other in instead.items()},
    }
    for step in plain["steps"]:
        if step not in tasks:
            found.append(f".steps: there is no step '{step}' in {FLOW_FILE}; {_advice(step, tasks)}")
        elif step == "start":
            found.append(".steps: the step 'start' cannot be left out.")
    for part in plain["parts"]:
        screens = _screens_of(flow, part)
        if not screens:
            found.append(f".parts: no screen in {FLOW_FILE} has a part '{part}'.")
        elif len(screens) > 1:
            ids = _join(f"'{screen}/{part}'" for screen in screens)
            found.append(f".parts: several screens have a part '{part}': write one of {ids}.")
    for step, other in plain["instead"].items():
        if step not in plain["steps"]:
            found.append(f".instead: '{step}' is not among the steps of this value.")
        if other not in tasks:
            found.append(f".instead: there is no step '{other}' in {FLOW_FILE}; {_advice(other, tasks)}")
    return found, plain


def _sets_problems(name: str, option: dict[str, t.Any], flow: dict[str, t.Any]) -> list[str]:
    sets = option.get("sets", [])
    if not isinstance(sets, list) or not all(isinstance(path, str) for path in sets):
        return [".sets: has to be a list of paths."]
    found = []
    for path in sets:
        place = _place(flow, path)
        if place is None:
            found.append(f".sets: there is no '{path}' in {FLOW_FILE}.")
        elif f"[[{name}]]" in str(place[0][place[1]]) and option.get("default") is None and not option.get("required"):
            found.append(f".sets: '{path}' has a placeholder: give the option a default, or require it.")
    return found


def _instead_problems(options: dict[str, t.Any], flow: dict[str, t.Any]) -> list[str]:
    links: dict[str, str] = {}
    found = []
    for step, other in _links(options):
        if links.setdefault(step, other) != other:
            found.append(
                f"options: what takes the place of step '{step}' is said twice: '{links[step]}' and '{other}'."
            )
    # Two values may stand in for each other, as one of them is always there.
    found += [f"options: step '{step}' cannot take its own place." for step, other in links.items() if step == other]
    return found


def _links(options: dict[str, t.Any]) -> list[tuple[str, str]]:
    return [
        link for spec in options.values() for what in spec.get("adds", {}).values() for link in what["instead"].items()
    ]


# --- the parts of a definition --------------------------------------------------------------------------------------


def _rules(task: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return (task.get("next") or {}).get("rules") or []


def _named_steps(task: dict[str, t.Any]) -> list[tuple[str, str]]:
    """Return the steps that arguments such as C(verifyStepId) name."""
    arguments = task.get("arguments") or {}
    return [
        (name, argument["value"])
        for name, argument in arguments.items()
        if name.endswith("StepId") and isinstance(argument, dict) and argument.get("value")
    ]


def _children(node: dict[str, t.Any]) -> list[str]:
    return [*(node.get("nodes") or []), *(node.get("linkedNodes") or {}).values()]


def _step(flow: dict[str, t.Any], key: str) -> str:
    return f"step '{key}' ({flow['contents']['tasks'][key].get('name', 'without a name')})"


def _screens_of(flow: dict[str, t.Any], part: str) -> list[str]:
    """Return the screens that have a part, which is given as C(part) or as C(screen/part)."""
    return [
        screen["screenId"]
        for screen in flow["screens"]
        if part in _part_names(screen["screenId"], [*(screen.get("contents") or {}), *_interaction_ids(screen)])
    ]


def _part_names(screen: str, parts: t.Iterable[str]) -> set[str]:
    parts = set(parts)
    return parts | {f"{screen}/{part}" for part in parts}


def _interaction_ids(screen: dict[str, t.Any]) -> list[str]:
    return [interaction["id"] for interaction in screen.get("interactions") or []]


def _label(flow: dict[str, t.Any], part: str) -> str:
    screen = next(screen for screen in flow["screens"] if screen["screenId"] == _screens_of(flow, part)[0])
    name = part.rpartition("/")[2]
    labels = {interaction["id"]: interaction.get("label") for interaction in screen.get("interactions") or []}
    node = screen["contents"].get(name, {})
    return labels.get(name) or node.get("displayName") or name


def _place(flow: dict[str, t.Any], path: str) -> tuple[t.Any, t.Any] | None:
    """Return what holds the value at a path, and its key or index there. Return None when there is no such value."""
    here: t.Any = flow
    holder: t.Any = None
    key: t.Any = None
    for name in path.split("/"):
        holder, key = here, name
        if isinstance(here, list):
            named = [index for index, entry in enumerate(here) if _is_called(entry, name)]
            key = named[0] if named else int(name) if name.isdecimal() else len(here)
            if key >= len(here):
                return None
        elif not isinstance(here, dict) or name not in here:
            return None
        here = holder[key]
    return holder, key


def _is_called(entry: t.Any, name: str) -> bool:
    return isinstance(entry, dict) and name in [entry.get(key) for key in _LIST_KEYS]


# --- rendering ------------------------------------------------------------------------------------------------------


class _Rendering:
    """One definition in the making: values first, then steps go, then whatever nothing leads to any more."""

    def __init__(self, template: Template, values: dict[str, t.Any], flow_id: str) -> None:
        self._template = template
        self._values = values
        self._flow = copy.deepcopy(template.flow)
        self._flow["flowId"] = flow_id
        self._contents: dict[str, t.Any] = self._flow["contents"]
        self._tasks: dict[str, dict[str, t.Any]] = self._contents["tasks"]
        self._links = dict(_links(template.options))
        self._gone_steps = self._left_out("steps")
        self._gone_parts = self._left_out("parts")

    def result(self) -> dict[str, t.Any]:
        """Return the definition."""
        self._set_values()
        wired: dict[t.Any, set[t.Any]] = {}
        for task in self._tasks.values():
            wired.setdefault(task.get("screenId"), set()).update(rule.get("interactionId") for rule in _rules(task))
        self._take_steps_out()
        self._take_out_unreachable()
        self._check_named_steps()
        self._flow["screens"] = [screen for screen in self._flow["screens"] if self._users(screen)]
        for screen in self._flow["screens"]:
            self._trim_screen(screen, wired[screen["screenId"]])
        self._trim_metadata()
        self._trim_references()
        if self._template.flow.get("flowId") != self._flow["flowId"]:
            self._rename_screens()
        return self._flow

    def _bad(self, text: str) -> IdentityError:
        config = _join(f"{name}: {json.dumps(value)}" for name, value in self._values.items())
        file = os.path.join(self._template.path, TEMPLATE_FILE)
        return _bad(self._template.name, file, [f"{text} With {config or 'no options'}."])

    def _left_out(self, key: str) -> set[str]:
        """Return what some value adds, but none of those that were chosen."""
        everything: set[str] = set()
        chosen: set[str] = set()
        for name, spec in self._template.options.items():
            value = self._values[name]
            words = {_word(entry) for entry in (value if isinstance(value, list) else [value])}
            for word, what in spec.get("adds", {}).items():
                everything.update(what[key])
                chosen.update(what[key] if word in words else [])
        return everything - chosen

    def _set_values(self) -> None:
        for name, spec in self._template.options.items():
            value = self._values[name]
            for path in spec.get("sets", []) if value is not None else []:
                holder, key = t.cast("tuple[t.Any, t.Any]", _place(self._flow, path))
                placeholder = f"[[{name}]]"
                old = holder[key]
                if isinstance(old, str) and placeholder in old and old != placeholder:
                    text = _join(_word(entry) for entry in (value if isinstance(value, list) else [value]))
                    holder[key] = old.replace(placeholder, text)
                else:
                    holder[key] = copy.deepcopy(value)

    def _target(self, step: str) -> str | None:
        """Return where an edge to a step leads now."""
        seen: set[str] = set()
        here: str | None = step
        while here in self._gone_steps and here not in seen:
            seen.add(here)
            here = self._links.get(here)
        return None if here in self._gone_steps else here

    def _take_steps_out(self) -> None:
        start = self._target(self._contents["startTask"])
        if start is None:
            raise self._bad(f"The first step '{self._contents['startTask']}' is left out: say what comes instead.")
        self._contents["startTask"] = start
        self._contents["tasks"] = {key: task for key, task in self._tasks.items() if key not in self._gone_steps}
        for key, task in self._contents["tasks"].items():
            self._rewire(key, task)
        self._tasks = self._contents["tasks"]

    def _rewire(self, key: str, task: dict[str, t.Any]) -> None:
        old = _rules(task)
        new: list[dict[str, t.Any]] = []
        for rule in old:
            way = rule.get("interactionId", "")
            target = self._target(rule["taskId"])
            if task.get("type") == "screen" and self._is_gone(task["screenId"], way):
                continue
            if target is not None:
                changed = {**rule, "taskId": target}
                new += [] if changed in new else [changed]
            elif task.get("type") not in ("screen", "condition") or way == _ELSE:
                raise self._bad(
                    f"{_step(self._template.flow, key)} leads to step '{rule['taskId']}', which is left out: "
                    "say under 'instead' which step takes its place."
                )
        if old:
            task["next"]["rules"] = new
        ways = {rule.get("interactionId") for rule in new}
        if "conditions" in task:
            task["conditions"] = [entry for entry in task["conditions"] if entry.get("interactionId") in ways]
        if old and (not new or (task.get("type") == "condition" and ways == {_ELSE})):
            raise self._bad(
                f"{_step(self._template.flow, key)} has no way on but the steps that are left out: "
                "list it among those steps, and say what comes instead."
            )

    def _is_gone(self, screen: str, part: str) -> bool:
        return part in self._gone_parts or f"{screen}/{part}" in self._gone_parts

    def _take_out_unreachable(self) -> None:
        waiting = [self._contents["startTask"], *(["start"] if "start" in self._tasks else [])]
        reached: set[str] = set()
        while waiting:
            key = waiting.pop()
            if key not in reached:
                reached.add(key)
                waiting += [rule["taskId"] for rule in _rules(self._tasks[key])]
        self._contents["tasks"] = {key: task for key, task in self._tasks.items() if key in reached}
        self._tasks = self._contents["tasks"]

    def _check_named_steps(self) -> None:
        for key, task in self._tasks.items():
            for name, step in _named_steps(task):
                if step not in self._tasks:
                    raise self._bad(
                        f"{_step(self._template.flow, key)} needs step '{step}' ({name}): keep or leave both."
                    )

    def _users(self, screen: dict[str, t.Any]) -> list[str]:
        """Return the steps that show a screen."""
        wanted = screen["screenId"]
        return [
            key for key, task in self._tasks.items() if task.get("type") == "screen" and task.get("screenId") == wanted
        ]

    def _trim_screen(self, screen: dict[str, t.Any], before: set[t.Any]) -> None:
        users = [self._tasks[key] for key in self._users(screen)]
        after = {rule.get("interactionId") for task in users for rule in _rules(task)}
        ident, nodes = screen["screenId"], screen.get("contents") or {}
        gone = {part for part in [*nodes, *_interaction_ids(screen)] if self._is_gone(ident, part)} | (before - after)
        if not gone:
            return
        names = {_input_name(node) for node in nodes.values()}
        if "polling" in gone:
            gone |= {key for key, node in nodes.items() if (node.get("custom") or {}).get("type") == "polling"}
        _take_nodes_out(nodes, gone)
        for holder in [screen, *users]:
            _drop(holder, "interactions", gone, "id")
        # What a step says about the inputs of its screen.
        names -= {_input_name(node) for node in nodes.values()}
        for task in users:
            for key in ("inputKeys", "allInputKeys"):
                if key in task:
                    task[key] = [name for name in task[key] if name not in names]
            _drop(task, "inputsMetadata", names, "key")

    def _trim_metadata(self) -> None:
        """Drop the shared interactions of steps that are gone; their ids are like C(5.success)."""
        shared = (self._flow.get("metadata") or {}).get("sharedInteractions")
        if shared:
            gone = set(self._template.flow["contents"]["tasks"]) - set(self._tasks)
            self._flow["metadata"]["sharedInteractions"] = [
                entry for entry in shared if str(entry.get("id")).rpartition(".")[0] not in gone
            ]

    def _trim_references(self) -> None:
        """Drop the connectors and roles that only steps used which are gone."""
        rest = json.dumps([self._contents, self._flow["screens"]])
        for kind in ("connectors", "roles"):
            named = (self._flow.get("references") or {}).get(kind)
            if isinstance(named, dict):
                self._flow["references"][kind] = {name: ident for name, ident in named.items() if str(ident) in rest}

    def _rename_screens(self) -> None:
        ids = {screen["screenId"]: self._screen_id(screen["screenId"]) for screen in self._flow["screens"]}
        for screen in self._flow["screens"]:
            screen["screenId"] = ids[screen["screenId"]]
        for task in self._tasks.values():
            if task.get("screenId") in ids:
                task["screenId"] = ids[task["screenId"]]

    def _screen_id(self, old: str) -> str:
        """Return the id of a screen in this flow: as long as the service's own, and the same every time."""
        number = int.from_bytes(hashlib.sha256(f"{self._flow['flowId']}/{old}".encode()).digest(), "big")
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        text = ""
        while len(text) < 27:
            number, digit = divmod(number, len(digits))
            text += digits[digit]
        return f"SC{text}"


def _input_name(node: dict[str, t.Any]) -> str | None:
    return (node.get("props") or {}).get("name")


def _drop(holder: dict[str, t.Any], key: str, gone: set[t.Any], name: str) -> None:
    if key in holder:
        holder[key] = [entry for entry in holder[key] if entry.get(name) not in gone]


def _take_nodes_out(nodes: dict[str, t.Any], gone: set[t.Any]) -> None:
    """Take parts of a screen out, with what they hold, and with the containers that hold nothing any more."""
    waiting = [key for key in gone if key in nodes]
    while waiting:
        node = nodes.pop(waiting.pop(), {})
        waiting += [child for child in _children(node) if child in nodes]
        parent = nodes.get(node.get("parent", ""))
        if parent is not None:
            parent["nodes"] = [child for child in parent.get("nodes") or [] if child in nodes]
            parent["linkedNodes"] = {
                k: child for k, child in (parent.get("linkedNodes") or {}).items() if child in nodes
            }
            if not _children(parent) and node["parent"] != "ROOT":
                waiting.append(node["parent"])
