# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The theme of a project, alias styles: export and import in the forms of v1 and v2."""

from __future__ import annotations

from typing import Any

from ..service import Route
from ..switches import Switches
from . import errors
from .call import Call
from .model import Project
from .tenants import unset


def _merged(old: Any, new: Any) -> Any:
    """What an upsert makes: objects are merged, anything else is replaced."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: _merged(old[key], value) if key in old else value for key, value in new.items()}


def put(project: Project, styles: Any, references: Any = None, merge: bool = False) -> None:
    """Check styles and store them; the version grows by 1, whether they differ or not [RUBY (T)]."""
    if not isinstance(styles, dict):
        raise errors.invalid_argument("styles must be an object")
    if references is not None and not isinstance(references, dict):
        raise errors.invalid_argument("references must be an object")
    theme = project.theme
    theme.styles = _merged(theme.styles, styles) if merge else styles
    if references is not None:
        theme.references = references
    theme.version += 1


def console(project: Project) -> dict[str, Any]:
    """The form of v1; PY's comment on the reply lacks the wrapper [RUBY (T)]."""
    theme = project.theme
    value = {
        "id": theme.id,
        "version": theme.version,
        "cssTemplate": theme.styles,
        "componentsVersion": project.components_version,
    }
    return {"theme": value}


def exported(project: Project, switches: Switches) -> dict[str, Any]:
    """The form of v2 [OAS, TF tests basicstyle (S)]."""
    theme = project.theme
    value = {
        "styles": theme.styles,
        "componentsVersion": project.components_version,
        "references": theme.references,
    }
    if switches["flow_references"] == "absent":
        del value["references"]
    elif not theme.references:
        unset(value, "references", switches)
    return value


def _theme(call: Call) -> dict[str, Any]:
    theme = call.body.get("theme")
    if theme is None:
        raise errors.field_required("theme")
    if not isinstance(theme, dict):
        raise errors.invalid_argument("theme must be an object")
    return theme


def export_v1(call: Call) -> dict[str, Any]:
    """POST v1 theme/export -> {theme: {id, version, cssTemplate, componentsVersion}}."""
    return console(call.project)


def import_v1(call: Call) -> dict[str, Any]:
    """POST v1 theme/import {theme} -> the same shape as the export. Replaces the theme [PY (S)]."""
    put(call.project, _theme(call).get("cssTemplate"))
    return console(call.project)


def export_v2(call: Call) -> dict[str, Any]:
    """POST v2 theme/export -> {theme: {styles, componentsVersion, references}}."""
    return {"theme": exported(call.project, call.switches)}


def import_v2(call: Call) -> dict[str, Any]:
    """POST v2 theme/import {theme} -> {}. An upsert since September 2026, a replacement before [TF PR 388 (S)]."""
    theme = _theme(call)
    put(call.project, theme.get("styles"), theme.get("references"), merge=call.switches["theme_import"] == "upsert")
    return {}


ROUTES = (
    Route("POST", "/v1/mgmt/theme/export", export_v1, "read"),
    Route("POST", "/v1/mgmt/theme/import", import_v1, "write"),
    Route("POST", "/v2/mgmt/theme/export", export_v2, "read"),
    Route("POST", "/v2/mgmt/theme/import", import_v2, "write"),
)
