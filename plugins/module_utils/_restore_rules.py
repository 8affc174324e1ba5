# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What a backup wants of flows, roles, permissions and the theme next to what there is. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_plan as flow_plan
from ansible_collections.pcc.identity.plugins.module_utils import _flow_references as references
from ansible_collections.pcc.identity.plugins.module_utils import _rbac_model as rbac
from ansible_collections.pcc.identity.plugins.module_utils import _theme
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import FLOWS, ROLES_SECTION, THEME
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted, masked_reason

#: What every flow has.
_PARTS = {"metadata": dict, "contents": dict, "screens": list}


@dataclasses.dataclass
class ThemeChange(Change):
    """A change of the theme, with the whole theme to send.

    Attributes:
        new: what is sent.
        exact: whether nothing else may be left.
    """

    new: _theme.Theme = dataclasses.field(default_factory=lambda: {"styles": {}})
    exact: bool = False


def rbac_later(wanted: Wanted, section: str, found: rbac.Found) -> list[str]:
    """Return the keys of the live roles or permissions that there were not, without the service's own."""
    kind = rbac.ROLES if section == ROLES_SECTION else rbac.PERMISSIONS
    if section not in wanted.sections:
        return []
    entries = rbac.desired_from_backup(kind, wanted.saved(section))
    saved = {entry.key for entry in entries if entry.present}
    absent = {entry.key for entry in entries if not entry.present}
    return [
        key
        for key, live in sorted(found.items())
        if not live.built_in and key not in saved and (key in absent or section in wanted.complete)
    ]


def absent(live: rbac.Observed) -> rbac.Desired:
    """Return the entry that makes a role or permission go."""
    return rbac.Desired(live.kind, f"{live.kind.noun} '{live.key}'", live.name, {}, live.tenant_id, present=False)


def flows_later(wanted: Wanted, found: flow_plan.Found) -> list[str]:
    """Return the ids of the live flows that there were not."""
    saved = wanted.saved(FLOWS)
    live = {*found.listed, *found.flows}
    absent = {flow_id for flow_id, flow in saved.items() if flow is None}
    others = live - set(saved) if FLOWS in wanted.complete else set()
    return sorted((absent | others) & live)


def flow_entries(
    wanted: Wanted, found: flow_plan.Found | None = None
) -> tuple[list[flow_plan.Desired], dict[str, str]]:
    """Return the flows that shall be there, and why others cannot be restored.

    Args:
        wanted: what to restore.
        found: what the project has; without it nothing is said against a flow.
    """
    entries = []
    reasons = {}
    for flow_id, flow in sorted(wanted.saved(FLOWS).items()):
        if flow is None:
            continue
        if wanted.is_masked(FLOWS, flow_id):
            reasons[flow_id] = masked_reason()
            continue
        definition = dict(flow)
        if not all(isinstance(definition.get(part), kind) for part, kind in _PARTS.items()):
            reasons[flow_id] = f"what the backup holds is no flow: it lacks one of {', '.join(_PARTS)}. It was edited."
            continue
        gone = _roles_gone(definition, found) if found is not None and wanted.here else []
        if gone:
            named = ", ".join(f"'{name}'" for name in gone)
            reasons[flow_id] = f"it uses the role {named}, which the project does not have: restore roles as well."
            continue
        entries.append(
            flow_plan.Desired(
                flow_id,
                definition=definition,
                allow_breaking_changes=True,
                allow_missing_fallback=True,
                only_project=found.project if found is not None and wanted.here else "",
            )
        )
    return entries, reasons


def _roles_gone(definition: dict[str, t.Any], found: flow_plan.Found) -> list[str]:
    """Return the names of the roles that a flow of this very project uses and that are gone, unless it is as it was.

    The ids in a backup of the same project are good, but a role that was deleted has none any more.
    """
    if "roles" not in found.known.complete:
        return []
    live = found.flows.get(definition["flowId"]) if "flowId" in definition else None
    if live is not None and same(normal(live), normal(definition)):
        return []
    named = references.referenced(definition)["roles"]
    return [
        name for name in references.used(definition, "roles") if name in named and name not in found.known.ids["roles"]
    ]


def uses_roles(wanted: Wanted) -> bool:
    """Return whether any flow to be restored names roles, whose ids then matter."""
    return any(flow and references.referenced(dict(flow))["roles"] for flow in wanted.saved(FLOWS).values())


def theme_change(saved: t.Any, live: _theme.Theme, *, exact: bool) -> ThemeChange | None:
    """Return the change that makes the theme as saved, or None if it is.

    Args:
        saved: the theme of the backup.
        live: the theme of the project.
        exact: take away what came later.

    Raises:
        NotATheme: what is saved is none.
    """
    wanted = _theme.from_export(saved)
    if exact:
        if _theme.same(wanted["styles"], live["styles"]):
            return None
        before, after = theme_sides(live["styles"], wanted["styles"])
        return ThemeChange(THEME, THEME, "", UPDATE, before, after, new=wanted, exact=True)
    if _theme.subset(wanted["styles"], live["styles"]):
        return None
    before, after = _theme.difference(live["styles"], wanted["styles"])
    return ThemeChange(THEME, THEME, "", UPDATE, before, after, new=_theme.combine(live, wanted))


def theme_sides(live: _theme.Styles, wanted: _theme.Styles) -> tuple[_theme.Styles, _theme.Styles]:
    """Return all that differs between two styles, before and after."""
    before, after = _theme.difference(live, wanted)
    # What is live alone is what the live ones would change of the wanted ones.
    there, gone = _theme.difference(live=wanted, wanted=live)
    return _theme.merge(before, gone), _theme.merge(after, there)
