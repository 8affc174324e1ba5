# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Plans for flows: what would be deployed and deleted, and why not. Pure."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils import _flow_references as references
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_diff import difference
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import Known, Names
from ansible_collections.pcc.identity.plugins.module_utils._flow_rules import (
    breaking,
    fallback_problems,
    structure_problems,
)
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from ansible_collections.pcc.identity.plugins.module_utils._plan import (
    CREATE,
    DELETE,
    UPDATE,
    Change,
    Plan,
    in_order,
)


@dataclasses.dataclass
class Desired:
    """One flow as it shall be.

    Attributes:
        id: the flow's id.
        absent: whether it shall not be there.
        definition: in v2 form with the ids of the project it comes from; None to keep the live one.
        overrides: C(name), C(description) and C(disabled) where given, over what the definition says.
        maps: names and ids of connectors and roles to use instead, for each kind.
        allow_breaking_changes: let it lose screens, steps, sign-in methods.
        allow_missing_fallback: let it ask for a second factor that has no fallback.
        source: where the entry came from, for messages.
        only_project: the one project it may be deployed to, if not any.
    """

    id: str
    absent: bool = False
    definition: Definition | None = None
    overrides: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    maps: Names = dataclasses.field(default_factory=dict)
    allow_breaking_changes: bool = False
    allow_missing_fallback: bool = False
    source: str = ""
    only_project: str = ""

    @property
    def where(self) -> str:
        """What to call it in messages."""
        return f"flow '{self.id}'" + (f" ({self.source})" if self.source else "")


@dataclasses.dataclass
class Found:
    """What a project has.

    Attributes:
        project: its id.
        listed: the service's own short entry of each flow, by id.
        flows: the exports of the flows that were read, by id.
        known: its connectors and roles.
    """

    project: str
    listed: dict[str, dict[str, t.Any]]
    flows: dict[str, Definition]
    known: Known


@dataclasses.dataclass
class FlowChange(Change):
    """A change of a flow, with the whole flow before and after it.

    Attributes:
        live: the flow as it was exported, None if there was none.
        definition: the flow as it is sent, None on deletion.
    """

    live: Definition | None = None
    definition: Definition | None = None


@dataclasses.dataclass
class FlowPlan(Plan):
    """A plan, what the guard has against it, and what is worth a warning."""

    guarded: list[Problem] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)


def make_plan(desired: t.Sequence[Desired], found: Found) -> FlowPlan:
    """Return what would be done to make the flows as wanted. The changes come in an order in which they can be made:
    a flow comes after those that it runs inside itself, and goes before them.

    Raises:
        Problems: the definitions cannot be deployed to this project.
    """
    problems: list[Problem] = []
    changes: list[Change] = []
    unchanged: list[tuple[str, str | None, str]] = []
    plan = FlowPlan([], unchanged, sorted(set(found.listed) - {entry.id for entry in desired}), len(found.listed))
    for entry in desired:
        live = found.flows.get(entry.id)
        if entry.absent:
            if live is not None:
                before, after = difference(live, None)
                changes.append(FlowChange(entry.id, entry.id, _name(live), DELETE, before, after, live=live))
            else:
                unchanged.append((entry.id, None, ""))
            continue
        definition, wrong = _wanted(entry, live, found)
        problems += [Problem(entry.where, "", text) for text in wrong]
        if definition is None:
            continue
        plan.warnings += _warnings(entry, definition, live, found)
        there = {*found.listed, *found.flows, *(each.id for each in desired)}
        plan.warnings += [
            f"{entry.where}: runs the flow '{flow_id}', which project {found.project} does not have."
            for flow_id in sorted(graph.sub_flows(normal(definition)) - there)
        ]
        if live is not None and same(normal(live), normal(definition)):
            unchanged.append((entry.id, entry.id, _name(live)))
            continue
        plan.guarded += [Problem(entry.where, "", text) for text in _guard(entry, live, definition)]
        before, after = difference(live, definition)
        action = CREATE if live is None else UPDATE
        object_id = None if live is None else entry.id
        change = FlowChange(entry.id, object_id, _name(definition), action, before, after)
        change.live, change.definition = live, definition
        changes.append(change)
    problems += _still_needed(desired, found)
    if problems:
        raise Problems(problems)
    _add_needs(changes)
    plan.changes, circles = in_order(changes)
    while circles:
        # Flows that run one another in a circle: the service stores ids only, so any of them may come first.
        for circle in circles:
            next(change for change in changes if change.key == circle[0]).needs.difference_update(circle)
        plan.changes, circles = in_order(changes)
    return plan


def names_needed(desired: t.Sequence[Desired], known: Known) -> dict[str, set[str]]:
    """Return the names of connectors and roles that must still be looked up in the project, for each kind."""
    needed: dict[str, set[str]] = {kind: set() for kind in references.KINDS}
    for entry in desired:
        if entry.definition is not None and not entry.absent:
            missing = references.missing(entry.definition, known, entry.maps)
            by_id = references.mapped_ids(entry.definition, entry.maps)
            for kind in references.KINDS:
                needed[kind] |= set(missing[kind].values())
                needed[kind] |= {name for name in by_id[kind].values() if not references.is_known(kind, name, known)}
    return needed


def _wanted(entry: Desired, live: Definition | None, found: Found) -> tuple[Definition | None, list[str]]:
    """Return the definition to deploy, or None, and what is wrong with it."""
    if entry.definition is None and live is None:
        return None, [
            f"does not exist in project {found.project} yet: give its definition with src, definition or template."
        ]
    base = entry.definition if entry.definition is not None else t.cast(Definition, live)
    base = {**base, "flowId": entry.id, "metadata": {**base["metadata"], **entry.overrides}}
    if wrong := structure_problems(base):
        return None, wrong
    if entry.definition is None:
        return base, []
    known = found.known
    if entry.only_project == found.project:
        # A backup of this very project says itself what its names stand for.
        known = copy.deepcopy(known)
        known.add(base)
    definition, wrong = references.resolve(base, known, entry.maps, found.project)
    return (None, wrong) if wrong else (definition, [])


def _guard(entry: Desired, live: Definition | None, definition: Definition) -> list[str]:
    """Return why a change must not be made unasked."""
    form = normal(definition)
    found = []
    lost = breaking(normal(live), form) if live is not None else []
    if lost and not entry.allow_breaking_changes:
        found.append(f"would lose {'; '.join(lost)}. If that is meant, set allow_breaking_changes: true for this flow.")
    if not entry.allow_missing_fallback and entry.definition is not None:
        advice = " Add a second method, or set allow_missing_fallback: true for this flow."
        found += [text + advice for text in fallback_problems(form)]
    return found


def _warnings(entry: Desired, definition: Definition, live: Definition | None, found: Found) -> list[str]:
    warnings = []
    said = entry.definition["flowId"] if entry.definition else ""
    if said and said != entry.id:
        warnings.append(f"{entry.where}: the definition says flowId '{said}'; it is deployed as '{entry.id}'.")
    for kind, unnamed in references.unnamed(definition, found.known, live).items():
        if ids := [each for each in unnamed if each not in entry.maps.get(kind, {}).values()]:
            warnings.append(
                f"{entry.where}: uses the {kind} {', '.join(ids)} and does not say their names, so they cannot be "
                f"matched with those of project {found.project}. Map the ids with {kind}, or use an export in v2 form."
            )
    return warnings


def _still_needed(desired: t.Sequence[Desired], found: Found) -> list[Problem]:
    """Return a problem for each flow that shall go while a listed one runs it."""
    gone = {entry.id: entry for entry in desired if entry.absent and entry.id in found.listed}
    problems = []
    for entry in desired:
        definition = entry.definition or found.flows.get(entry.id)
        if entry.absent or definition is None or not gone or structure_problems(_named(definition)):
            continue
        problems += [
            Problem(gone[flow_id].where, "state", f"is still run by {entry.where}: change that first, or let both go.")
            for flow_id in sorted(graph.sub_flows(normal(definition)) & set(gone))
        ]
    return problems


def _named(definition: Definition) -> Definition:
    return {**definition, "metadata": {"name": "any", **definition["metadata"]}}


def _add_needs(changes: t.Sequence[Change]) -> None:
    """Let a new flow come before those that shall run it, and one that goes after those that run it no more."""
    created = {change.key for change in changes if change.action == CREATE}
    deleted = {change.key: change for change in changes if change.action == DELETE}
    for change in changes:
        live, definition = t.cast(FlowChange, change).live, t.cast(FlowChange, change).definition
        if definition is not None:
            change.needs |= (graph.sub_flows(normal(definition)) & created) - {change.key}
        # What it runs now goes after it.
        for key in graph.sub_flows(normal(live)) & deleted.keys() - {change.key} if live is not None else ():
            deleted[key].needs.add(change.key)


def _name(definition: Definition) -> str:
    return str(definition["metadata"].get("name") or "")
