# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The folder of a template: reads C(template.yml) and C(flow.json)."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition, NotAFlow, from_export
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_rules import flow_problems, template_problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_template_values import Spec

TEMPLATE_FILE = "template.yml"
FLOW_FILE = "flow.json"


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
    options: dict[str, Spec]
    flow: Definition = dataclasses.field(repr=False)


def is_template(folder: str) -> bool:
    """Return whether a folder is a template, usable or not."""
    return any(os.path.isfile(os.path.join(folder, file)) for file in (TEMPLATE_FILE, FLOW_FILE))


def load(name: str, folder: str) -> Template:
    """Return the template in a folder.

    Raises:
        IdentityError: C(bad_template), with all that is wrong with one of its files.
    """
    flow_file, template_file = os.path.join(folder, FLOW_FILE), os.path.join(folder, TEMPLATE_FILE)
    flow = _definition(name, flow_file)
    _stop(name, flow_file, flow_problems(flow))
    content = _read(name, template_file, _from_yaml)
    problems, options = template_problems(content, flow)
    _stop(name, template_file, problems)
    return Template(name, folder, content.get("description", "").strip(), options, flow)


def unusable(name: str, file: str, problems: t.Sequence[str]) -> IdentityError:
    """Return the error for a template with problems in one of its files."""
    text = f" {problems[0]}" if len(problems) == 1 else "".join(f"\n- {problem}" for problem in problems)
    return IdentityError("bad_template", f"flow template '{name}' cannot be used. {file}:{text}")


def _read(name: str, file: str, parse: t.Callable[[str], t.Any]) -> t.Any:
    try:
        with open(file, encoding="utf-8") as stream:
            return parse(stream.read())
    except FileNotFoundError as error:
        both = f"a template is a folder with {TEMPLATE_FILE} and {FLOW_FILE}"
        raise unusable(name, file, [f"is not there: {both}."]) from error
    except OSError as error:
        raise unusable(name, file, [f"cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise unusable(name, file, ["is not a text in UTF-8."]) from error
    except ValueError as error:
        raise unusable(name, file, [str(error)]) from error


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


def _definition(name: str, file: str) -> Definition:
    content = _read(name, file, _from_json)
    if isinstance(content, dict) and "contents" not in content:
        # Paths of `sets` go down the file, so it cannot be of any other form.
        text = "has to be an export in v2 form, with 'contents' in it; in a reply, that is what is under 'flow'."
        raise unusable(name, file, [text])
    try:
        return from_export(content)
    except NotAFlow as error:
        raise unusable(name, file, [f"{error.message}."]) from error


def _stop(name: str, file: str, problems: t.Sequence[str]) -> None:
    if problems:
        raise unusable(name, file, problems)
