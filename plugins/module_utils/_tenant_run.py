# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the tenant modules do, with a client and plain options: read, plan, write, verify, report."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._along import Live, along
from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome, carry_out
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._list_run import (
    guard_problems,
    guard_spec,
    refused_deletions,
    result_over,
)
from ansible_collections.pcc.identity.plugins.module_utils._plan import DELETE, Plan
from ansible_collections.pcc.identity.plugins.module_utils._safety import check_planned, check_read, safety_spec, save
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import TenantChange, make_plan, with_expected
from ansible_collections.pcc.identity.plugins.module_utils._tenant_rules import problems_alone
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService

Options = dict[str, t.Any]

#: The field that a run may be about alone, and the option that says so.
DEFAULT_ROLES, DEFAULT_ROLES_ONLY = "default_roles", "default_roles_only"


def one_argument_spec() -> Options:
    """Return the options of C(descope_tenant), without the connection."""
    return {**fields.argument_spec(), **safety_spec()}


def list_argument_spec() -> Options:
    """Return the options of C(descope_tenants), without the connection."""
    return {
        "tenants": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {**fields.argument_spec(), "source": {"type": "str"}},
        },
        DEFAULT_ROLES_ONLY: {"type": "bool", "default": False},
        **guard_spec(),
    }


def check_one(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_tenant) by themselves."""
    return problems_alone([Desired.from_option(options)])


def check_list(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_tenants) by themselves."""
    return [*problems_alone(_entries(options)), *guard_problems(options, "tenants", "tenant")]


def manage_list(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_tenants) does and return its result."""
    desired = _entries(options)
    if options[DEFAULT_ROLES_ONLY]:
        desired, options = _default_roles_of(desired), {**options, "prune": False}
    work = _Work(client, desired, options, check_mode)
    refusal = refused_deletions(work.plan, options, lambda change: f"{change.key} ({change.name})")
    if refusal:
        untouched = [Outcome.skipped(change, refusal["msg"]) for change in work.plan.changes]
        return {**work.report(untouched, planned=check_mode), **refusal}
    outcomes = work.carry_out(check_mode, stop_on_error=options["on_error"] == "stop")
    return work.report(outcomes, planned=check_mode)


def manage_one(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_tenant) does and return its result: a list of one, told about the one."""
    desired = [Desired.from_option(options)]
    work = _Work(client, desired, options, check_mode)
    outcomes = work.carry_out(check_mode, stop_on_error=True)
    report = work.report(outcomes, planned=check_mode)
    (row,) = report.pop("tenants")
    for unneeded in ("summary", "unmanaged"):
        del report[unneeded]
    report["msg"] = f"{row['name'] or row['id']}: {row['status']}"
    if row["error"]:
        report["msg"] += f". {row['error']}"
    elif work.unverified:
        report["msg"] += f", but what was written could not be read back: {work.unverified}"
    return {**report, "tenant": work.tenant(outcomes, check_mode), "changes": row["changes"]}


def _default_roles_of(desired: list[Desired]) -> list[Desired]:
    """Return the wanted tenants with nothing but default roles; a tenant is found by its name where it has no id."""
    return [
        dataclasses.replace(
            entry,
            values={
                name: value
                for name, value in entry.values.items()
                if name == DEFAULT_ROLES or (name == "name" and not entry.id)
            },
        )
        for entry in desired
        if entry.present and DEFAULT_ROLES in entry.values
    ]


def _entries(options: Options) -> list[Desired]:
    return [Desired.from_option(option, index) for index, option in enumerate(options["tenants"])]


@dataclasses.dataclass
class _Work:
    """One run over a list of tenants, from reading to the report."""

    client: Client
    desired: list[Desired]
    options: Options
    check_mode: dataclasses.InitVar[bool]

    def __post_init__(self, check_mode: bool) -> None:
        prune = self.options.get("prune", False)
        self.service = TenantService(self.client)
        self.found: Found = self.service.read(self.desired, prune=prune)
        if check_mode and self.options.get(DEFAULT_ROLES_ONLY):
            self.found = with_expected(self.desired, self.found)
        self.plan: Plan = make_plan(self.desired, self.found, prune=prune)
        check_read("tenants", self.plan, self.found.tenants, connection=self.client.connection, options=self.options)
        check_planned(self.plan, self.options)
        self.backup_file: pathlib.Path | None = None
        # What the plan calls each entry; an entry without an id goes by its name until it is created.
        self.keys = [live.id if (live := self.found.match(entry)) else entry.key for entry in self.desired]
        self.unverified: IdentityError | None = None

    def carry_out(self, check_mode: bool, *, stop_on_error: bool) -> list[Outcome]:
        """Save what changes, write it and read it back; in check mode, say what would come of it."""
        if check_mode:
            return [Outcome.done(change, change.id) for change in self.plan.changes]
        self.backup_file = save(
            self.plan,
            self._to_backup(),
            connection=self.client.connection,
            options=self.options,
        )
        outcomes = carry_out(
            self.plan.changes,
            self.service.write,
            concurrency=self.client.connection.concurrency,
            stop_on_error=stop_on_error,
        )
        if any(outcome.applied for outcome in outcomes):
            try:
                self.found = self.service.verify(outcomes)
            except IdentityError as error:
                self.unverified = error
        return outcomes

    def _to_backup(self) -> dict[str, dict[str, t.Any]]:
        """Return the tenants that are about to change, and the own roles of those that go, which go with them."""
        own = dict(self.service.to_backup(t.cast(list[TenantChange], self.plan.changes)))
        return {"tenants": own, **along({"tenants": self.plan.changes}, Live(self.client, tenants=self.found))}

    def report(self, outcomes: list[Outcome], *, planned: bool) -> Options:
        """Return the result over many: what was done, or with C(planned) what would be."""
        return result_over(
            self.client,
            self.plan,
            outcomes,
            planned=planned,
            plural="tenants",
            rows=self._rows({outcome.change.key: outcome for outcome in outcomes}),
            shape=fields.nested,
            unverified=self.unverified,
            backup_file=self.backup_file,
        )

    def tenant(self, outcomes: list[Outcome], check_mode: bool) -> Options | None:
        """Return the one tenant as it is now, or in check mode as it would be; None if there is none."""
        (entry,) = self.desired
        live = self.found.match(entry)
        if not outcomes:
            return live.as_result() if live else None
        (outcome,) = outcomes
        if check_mode:
            if outcome.change.action == DELETE:
                return None
            before = live.values if live else {}
            known = {"id": live.id if live else entry.id}
            return {**(live.as_result() if live else {}), **known, **fields.nested({**before, **outcome.change.after})}
        live = self.found.tenants.get(outcome.id or "") or live
        return live.as_result() if live else None

    def _rows(self, by_key: dict[str, Outcome]) -> list[Options]:
        rows: dict[str, Options] = {
            key: {"id": tenant_id, "name": name, "status": "unchanged", "changes": [], "error": None}
            for key, tenant_id, name in self.plan.unchanged
        }
        for change in self.plan.changes:
            outcome = by_key.get(change.key)
            row: Options = {
                "id": change.id,
                "name": change.name,
                "status": STATUS[change.action],
                "changes": change.fields,
            }
            if change.action == DELETE:
                row["cascade"] = t.cast(TenantChange, change).cascade
            if outcome:
                row.update(id=outcome.id, status=outcome.status, changes=outcome.effects)
            rows[change.key] = {**row, "error": str(outcome.error) if outcome and outcome.error else None}
        listed = [rows.pop(key) for key in self.keys]
        return listed + list(rows.values())
