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
import os
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_parts import part_label
from ansible_collections.pcc.identity.plugins.module_utils._flow_rendering import Rendering
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_file import Template, is_template, load
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_values import (
    advice,
    allowed,
    joined,
    known,
    typed,
)

#: What shows of an option as it stands in C(template.yml), with what stands for those that are not there.
_SHOWN = {"type": None, "default": None, "required": False, "description": ""}
_SHOWN_IF_THERE = ("choices", "elements", "max", "min")


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
    return {name: load(name, folder) for name, folder in sorted(_folders(paths).items())}


def find(name: str, paths: t.Sequence[str]) -> Template:
    """Return one template. Others may be unusable.

    Raises:
        IdentityError: C(unknown_template), or C(bad_template).
    """
    folders = _folders(paths)
    if name in folders:
        return load(name, folders[name])
    looked = joined(paths) or "no folder"
    raise IdentityError(
        "unknown_template", f"there is no flow template '{name}'; {advice(name, folders)} Looked in: {looked}."
    )


def config_problems(template: Template, config: t.Any) -> list[str]:
    """Return everything that is wrong with a configuration of a template. None is an empty one."""
    return _checked(template, config)[1]


def render(template: Template, config: dict[str, t.Any] | None, flow_id: str) -> Definition:
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
    values, problems = _checked(template, config)
    if problems:
        raise Problems([Problem(f"flow '{flow_id}'", "config", text) for text in problems])
    return Rendering(template, values, flow_id).result()


def describe(template: Template) -> dict[str, t.Any]:
    """Return what a user of a template has to know, as plain data."""
    tasks = template.flow["contents"]["tasks"]
    options = {}
    for name, spec in template.options.items():
        options[name] = {key: spec.get(key, default) for key, default in _SHOWN.items()}
        options[name] |= {key: spec[key] for key in _SHOWN_IF_THERE if key in spec}
        options[name]["adds"] = {
            value: {
                "steps": [tasks[step].get("name", step) for step in what["steps"]],
                "parts": [part_label(template.flow, part) for part in what["parts"]],
            }
            for value, what in spec.get("adds", {}).items()
        }
    return {
        "name": template.name,
        "description": template.description,
        "path": template.path,
        "options": copy.deepcopy(options),
    }


def _folders(paths: t.Sequence[str]) -> dict[str, str]:
    """Return the folder of each template by name."""
    found: dict[str, str] = {}
    for path in paths:
        for name in os.listdir(path) if os.path.isdir(path) else []:
            if is_template(os.path.join(path, name)):
                found.setdefault(name, os.path.join(path, name))
    return found


def _checked(template: Template, config: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """Return the value of each option, None if there is none, and what is wrong with a configuration."""
    config = {} if config is None else config
    if not isinstance(config, dict):
        return {}, [f"{config!r} is not a dictionary of options; {known(template.options)}"]
    unknown = sorted(str(name) for name in config if name not in template.options)
    found = [f"{name}: is not a known option; {advice(name, template.options)}" for name in unknown]
    values = {}
    for name, spec in template.options.items():
        problems: list[str] = []
        if config.get(name) is not None:
            values[name], problems = typed(spec, config[name])
        elif spec.get("required"):
            problems = [f"is required: {allowed(spec)}."]
        else:
            values[name] = spec.get("default")
        found += [f"{name}: {text}" for text in problems]
    return values, found
