# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the flow modules do, with a client and plain options: read, plan, back up, deploy, report."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _flow_graph as graph
from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome, carry_out, one_line, summary
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._diff import render
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_diff import nested, whole
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import Desired, FlowChange, FlowPlan, make_plan
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import KINDS, used
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import FlowService
from ansible_collections.pcc.identity.plugins.module_utils._flow_source import resolve, where
from ansible_collections.pcc.identity.plugins.module_utils._list_run import (
    limits_problems,
    limits_spec,
    refused_deletions,
)
from ansible_collections.pcc.identity.plugins.module_utils._report import failure, where_of
from ansible_collections.pcc.identity.plugins.module_utils._safety import check_planned, check_read, safety_spec, save
from ansible_collections.pcc.identity.plugins.module_utils._safety import planned as planned_of

Options = dict[str, t.Any]

ROLLBACK = "pcc.identity.rollback_flow"

_LOOK = "Look at it in the Descope console, and put it back with the command in rollback."


def entry_spec() -> Options:
    """Return the options of one flow."""
    return {
        "id": {"type": "str"},
        "name": {"type": "str"},
        "description": {"type": "str"},
        "disabled": {"type": "bool"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "src": {"type": "path"},
        "definition": {"type": "dict"},
        "template": {"type": "str"},
        "config": {"type": "dict"},
        "connectors": {"type": "dict"},
        "roles": {"type": "dict"},
        "allow_breaking_changes": {"type": "bool", "default": False},
        "allow_missing_fallback": {"type": "bool", "default": False},
        "only_project": {"type": "str"},
    }


def common_spec() -> Options:
    """Return the options that both flow modules have, besides those of a flow."""
    return {
        "template_paths": {"type": "list", "elements": "path", "default": []},
        "expected_roles": {"type": "list", "elements": "str", "default": []},
        "diff_detail": {"type": "str", "choices": ["summary", "full"], "default": "summary"},
        **safety_spec(),
    }


def one_argument_spec() -> Options:
    """Return the options of C(descope_flow), without the connection."""
    return {**entry_spec(), **common_spec()}


def list_argument_spec() -> Options:
    """Return the options of C(descope_flows), without the connection."""
    return {
        "flows": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {**entry_spec(), "source": {"type": "str"}},
        },
        "connectors": {"type": "dict", "default": {}},
        "roles": {"type": "dict", "default": {}},
        **common_spec(),
        **limits_spec(),
        "on_error": {"type": "str", "choices": ["continue", "stop", "restore"], "default": "continue"},
    }


def check_one(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_flow) by themselves."""
    desired, problems = _desired([_own(options)], options)
    if not problems and len(desired) != 1:
        text = f"holds {len(desired)} flows: give id, or use descope_flows for all of them."
        problems.append(Problem("", "src", text))
    return problems


def check_list(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_flows) by themselves."""
    return [*_desired(options["flows"], options)[1], *limits_problems(options)]


def manage_list(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_flows) does and return its result."""
    work = _Work(client, _wanted(client, options["flows"], options), options, check_mode)
    if work.plan.guarded:
        return work.refused(check_mode)
    refusal = refused_deletions(work.plan, options, lambda change: f"{change.key} ({change.name})")
    if refusal:
        untouched = [Outcome.skipped(change, refusal["msg"]) for change in work.plan.changes]
        return {**work.report(untouched, planned=check_mode), **refusal}
    outcomes = work.carry_out(check_mode, options["on_error"])
    return work.report(outcomes, planned=check_mode)


def manage_one(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_flow) does and return its result: a list of one, told about the one."""
    work = _Work(client, _wanted(client, [_own(options)], options), options, check_mode)
    if work.plan.guarded:
        report = work.refused(check_mode)
        outcomes: list[Outcome] = []
    else:
        outcomes = work.carry_out(check_mode, "stop")
        report = work.report(outcomes, planned=check_mode)
    (row,) = report.pop("flows")
    for unneeded in ("summary", "unmanaged"):
        del report[unneeded]
    if not work.plan.guarded:
        said = f". {row['error']}" if row["error"] else ""
        report["msg"] = f"{row['name'] or row['id']}: {row['status']}{said}{work.note(outcomes)}"
    return {**report, "flow": work.flow(outcomes), "changes": row["changes"]}


@dataclasses.dataclass
class _Work:
    """One run over a list of flows, from reading to the report."""

    client: Client
    desired: list[Desired]
    options: Options
    check_mode: dataclasses.InitVar[bool]

    def __post_init__(self, check_mode: bool) -> None:
        self.service = FlowService(self.client)
        self.found = self.service.read(self.desired, self.options["expected_roles"] if check_mode else ())
        self.plan: FlowPlan = make_plan(self.desired, self.found)
        there = {*self.found.listed, *self.found.flows}
        check_read("flows", self.plan, there, connection=self.client.connection, options=self.options)
        check_planned(self.plan, self.options)
        self.backup_file: pathlib.Path | None = None

    def carry_out(self, check_mode: bool, on_error: str) -> list[Outcome]:
        """Back up and write; in check mode, say what would come of it."""
        if check_mode:
            return [Outcome.done(change, change.id) for change in self.plan.changes]
        changes = t.cast(list[FlowChange], self.plan.changes)
        self.backup_file = save(
            self.plan,
            {"flows": {change.key: change.live for change in changes}},
            connection=self.client.connection,
            options=self.options,
        )
        # One at a time: the service answers version conflicts within a project (contract, section 8, row 31).
        outcomes = carry_out(changes, self.service.write, concurrency=1, stop_on_error=on_error != "continue")
        failed = next((outcome for outcome in outcomes if outcome.status == "failed"), None)
        return self._put_back(outcomes, failed) if failed and on_error == "restore" else outcomes

    def _put_back(self, outcomes: list[Outcome], failed: Outcome) -> list[Outcome]:
        """Put back what was deployed before another flow failed, the last one first."""
        settled = {}
        for outcome in reversed(outcomes):
            change = t.cast(FlowChange, outcome.change)
            settled[change.key] = outcome
            if outcome.status not in {"failed", "skipped"}:
                back = self.service.write(dataclasses.replace(change, live=change.definition, definition=change.live))
                settled[change.key] = _undone(outcome, back, failed)
        return [settled[outcome.change.key] for outcome in outcomes]

    def refused(self, check_mode: bool) -> Options:
        """Return the result of a plan that the guard stops."""
        problems = self.plan.guarded
        skipped = [
            Outcome.skipped(change, "not tried, because the guard stopped the run") for change in self.plan.changes
        ]
        report = self.report(skipped, planned=check_mode)
        return {
            **report,
            "failed": True,
            "msg": "Nothing was written:\n" + "\n".join(f"- {problem}" for problem in problems),
            "error_code": "guarded",
            "hint": "Compare the two versions with --check --diff before you allow it.",
            "problems": [where_of(problem) for problem in problems],
        }

    def report(self, outcomes: list[Outcome], *, planned: bool) -> Options:
        """Return the result over many: what was done, or with C(planned) what would be."""
        counts = summary(outcomes, len(self.plan.unchanged))
        failed = [outcome for outcome in outcomes if outcome.status in {"failed", "skipped"}]
        shown = self.plan.changes if planned else [outcome.change for outcome in outcomes if outcome.applied]
        result: Options = {
            "changed": any(outcome.changed is not False for outcome in outcomes),
            "msg": one_line(counts),
            "summary": counts,
            "flows": self._rows(outcomes),
            "unmanaged": self.plan.unmanaged,
            "planned": planned_of(self.plan),
            "requests": self.client.session.requests(),
            "diff": self._diff(shown),
        }
        if self.plan.warnings:
            result["warnings"] = self.plan.warnings  # told by L(_run.run)
        if self.backup_file:
            result["backup_file"] = str(self.backup_file)
            touched = [outcome.change.key for outcome in outcomes if outcome.changed is not False]
            if touched:
                result["rollback"] = rollback_command(self.backup_file, touched)
        if failed:
            result.update(failure(result["msg"], failed))
            result["msg"] += self.note(failed)
        return result

    def note(self, outcomes: list[Outcome]) -> str:
        """Return where the flows are as they were, if it is not known how they are now."""
        unknown = any(outcome.changed is None for outcome in outcomes)
        return f"\nThe flows as they were before are in {self.backup_file}." if unknown and self.backup_file else ""

    def flow(self, outcomes: list[Outcome]) -> Options | None:
        """Return the one flow as it is now, or in check mode as it would be; None if there is none."""
        (entry,) = self.desired
        definition = self.found.flows.get(entry.id)
        for outcome in outcomes:
            if outcome.applied:
                definition = t.cast(FlowChange, outcome.change).definition
        return describe(definition) if definition else None

    def _diff(self, shown: t.Sequence[t.Any]) -> dict[str, str]:
        header = f"flows of {self.found.project}"
        if self.options["diff_detail"] == "summary":
            return render(shown, nested, header)
        full = [
            dataclasses.replace(change, before=whole(change.live), after=whole(change.definition)) for change in shown
        ]
        return render(full, lambda side: side, header)

    def _rows(self, outcomes: list[Outcome]) -> list[Options]:
        rows: dict[str, Options] = {}
        for key, object_id, name in self.plan.unchanged:
            rows[key] = {"id": object_id or key, "name": name, "status": "unchanged", "changes": [], "error": None}
        for outcome in outcomes:
            change = outcome.change
            status = outcome.status if outcome.status in {"failed", "skipped"} else STATUS[change.action]
            rows[change.key] = {
                "id": change.key,
                "name": change.name,
                "status": status,
                "changes": outcome.applied,
                "error": str(outcome.error) if outcome.error else None,
            }
        return [rows[entry.id] for entry in self.desired]


def _undone(outcome: Outcome, back: Outcome, failed: Outcome) -> Outcome:
    """Return what became of a flow that was deployed, and then put back because another one failed."""
    change = outcome.change
    if back.error is None:
        return Outcome.skipped(change, f"it was deployed, and put back because '{failed.change.key}' failed")
    reason = f"it was deployed, and could not be put back after '{failed.change.key}' had failed: {back.error.message}"
    # Where putting back changed nothing, it is as it was deployed.
    applied, changed = (outcome.applied, True) if back.changed is False else ([], None)
    return Outcome(change, outcome.id, "failed", applied, changed, IdentityError(back.error.code, reason, _LOOK))


def describe(definition: Definition) -> Options:
    """Return what a flow is like, without all of its definition."""
    form = normal(definition)
    metadata = definition["metadata"]
    return {
        "id": definition["flowId"],
        "name": str(metadata.get("name") or ""),
        "description": str(metadata.get("description") or ""),
        "disabled": bool(metadata.get("disabled")),
        "steps": len(form["tasks"]),
        "screens": len(form["screens"]),
        "sign_in_methods": graph.method_names(form),
        **{kind: used(definition, kind) for kind in KINDS},
    }


def rollback_command(backup_file: pathlib.Path, flow_ids: t.Sequence[str]) -> str:
    """Return the command that puts flows back as a backup has them."""
    values = {"descope_backup_file": str(backup_file), "descope_flow_ids": ",".join(sorted(flow_ids))}
    return backup.command(ROLLBACK, values)


def _own(options: Options) -> Options:
    return {name: options[name] for name in entry_spec()}


def _desired(entries: list[Options], options: Options) -> tuple[list[Desired], list[Problem]]:
    """Return the wanted flows, and what is wrong with them by themselves."""
    found: list[Desired] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        place = where(index, entry) if "flows" in options else ""
        if entry["state"] == "absent":
            given = [name for name in ("src", "definition", "template") if entry.get(name) is not None]
            if given:
                problems.append(Problem(place, ", ".join(given), "makes no sense with state: absent."))
                continue
        resolved, wrong = resolve(entry, options["template_paths"], place)
        problems += wrong
        for one in resolved:
            definition = one.get("definition")
            flow_id = str(one.get("id") or (definition or {}).get("flowId") or "")
            if not flow_id.strip():
                problems.append(Problem(place, "id", "is missing, and the definition says no flowId either."))
                continue
            maps, wrong = _maps(options, one, place)
            problems += wrong
            found.append(
                Desired(
                    flow_id,
                    one["state"] == "absent",
                    definition,
                    {name: one[name] for name in ("name", "description", "disabled") if one.get(name) is not None},
                    maps,
                    one["allow_breaking_changes"],
                    one["allow_missing_fallback"],
                    entry.get("source") or "",
                    one.get("only_project") or "",
                )
            )
    places: dict[str, list[str]] = {}
    for wanted in found:
        places.setdefault(wanted.id, []).append(wanted.source)
    for flow_id, sources in sorted(places.items()):
        if len(sources) > 1:
            named = " and in ".join(source for source in sources if source)
            problems.append(
                Problem(f"flow '{flow_id}'", "id", f"is in the list more than once{': in ' + named if named else ''}.")
            )
    return found, problems


def _maps(options: Options, entry: Options, place: str) -> tuple[dict[str, dict[str, str]], list[Problem]]:
    """Return what connectors and roles are mapped to for one flow, and what is wrong with that."""
    maps: dict[str, dict[str, str]] = {}
    problems = []
    for kind in KINDS:
        maps[kind] = {}
        for name, target in {**(options.get(kind) or {}), **(entry.get(kind) or {})}.items():
            if isinstance(target, str) and target.strip():
                maps[kind][str(name)] = target
            else:
                problems.append(Problem(place, f"{kind}.{name}", "is not the name or id of one: give a text."))
    return maps, problems


def _wanted(client: Client, entries: list[Options], options: Options) -> list[Desired]:
    """Return the wanted flows of this project.

    Raises:
        Problems: a flow comes from the backup of another project.
    """
    desired, problems = _desired(entries, options)
    project = client.connection.project_id
    raise_for = [
        Problem(f"flow '{entry.id}'", "src", f"is the backup of project {entry.only_project}, not of {project}.")
        for entry in desired
        if entry.only_project not in {"", project}
    ]
    if problems or raise_for:
        raise Problems([*problems, *raise_for])
    return desired
