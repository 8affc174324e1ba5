# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the modules for roles and permissions do, with a client and plain options: read, plan, write, verify, report."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._along import Live, along
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, carry_out
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._list_run import (
    guard_problems,
    guard_spec,
    refused_deletions,
    result_over,
)
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE, Plan
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import (
    PERMISSIONS,
    ROLES,
    Desired,
    Found,
    Kind,
    Observed,
    to_backup,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import make_permission_plan, make_role_plan
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import permissions_needed, problems_alone
from ansible_collections.pcc.identity.plugins.module_utils._rbac_service import PermissionService, RoleService
from ansible_collections.pcc.identity.plugins.module_utils._safety import check_planned, check_read, save

Options = dict[str, t.Any]

_NAMES = {"type": "list", "elements": "str"}
_ACTIONS = (CREATE, UPDATE, DELETE)

#: Whose roles a run is about, if not all: those of the project, or those of tenants.
PROJECT, TENANTS = "project", "tenants"


def permissions_argument_spec() -> Options:
    """Return the options of C(descope_permissions), without the connection."""
    return _argument_spec(PERMISSIONS, {})


def roles_argument_spec() -> Options:
    """Return the options of C(descope_roles), without the connection."""
    own = {
        "permissions": _NAMES,
        "default": {"type": "bool"},
        "private": {"type": "bool"},
        "tenant_id": {"type": "str"},
    }
    return {
        **_argument_spec(ROLES, own),
        "expected_permissions": {**_NAMES, "default": []},
        "scope": {"type": "str", "choices": ["all", PROJECT, TENANTS], "default": "all"},
    }


def _argument_spec(kind: Kind, own: Options) -> Options:
    entry = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        **own,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "source": {"type": "str"},
    }
    return {
        kind.plural: {"type": "list", "elements": "dict", "required": True, "options": entry},
        "actions": {"type": "list", "elements": "str", "choices": list(_ACTIONS), "default": list(_ACTIONS)},
        **guard_spec(),
    }


def check_permissions(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_permissions) by themselves."""
    return _check(PERMISSIONS, options)


def check_roles(options: Options) -> list[Problem]:
    """Return what is wrong with the options of C(descope_roles) by themselves."""
    return _check(ROLES, options)


def _check(kind: Kind, options: Options) -> list[Problem]:
    return [*problems_alone(_entries(kind, options)), *guard_problems(options, kind.plural, kind.noun)]


def manage_permissions(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_permissions) does and return its result."""
    service = PermissionService(client)
    desired = _entries(PERMISSIONS, options)
    found = service.read()
    plan = make_permission_plan(desired, found, prune=options["prune"])
    return _Work(client, service, desired, found, plan, options).result(check_mode)


def manage_roles(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_roles) does and return its result."""
    service = RoleService(client)
    desired = [entry for entry in _entries(ROLES, options) if _in_scope(entry, options["scope"])]
    everything = service.read()
    found = {key: live for key, live in everything.items() if _in_scope(live, options["scope"])}
    permissions: set[str] = set()
    if permissions_needed(desired, found):
        permissions = {live.name for live in PermissionService(client).read().values()}
        if check_mode:
            permissions |= set(options["expected_permissions"])
    plan = make_role_plan(desired, found, permissions, prune=options["prune"])
    return _Work(client, service, desired, everything, plan, options).result(check_mode)


def _in_scope(role: Desired | Observed, scope: str) -> bool:
    return scope == "all" or scope == (TENANTS if role.tenant_id else PROJECT)


def _entries(kind: Kind, options: Options) -> list[Desired]:
    return [Desired.from_option(kind, option, index) for index, option in enumerate(options[kind.plural])]


@dataclasses.dataclass
class _Work:
    """One run over a list, from the plan to the report."""

    client: Client
    service: PermissionService | RoleService
    desired: list[Desired]
    found: Found
    plan: Plan
    options: Options
    unverified: IdentityError | None = None
    backup_file: pathlib.Path | None = None

    def __post_init__(self) -> None:
        actions = set(self.options["actions"])
        self.plan.changes = [change for change in self.plan.changes if change.action in actions]
        # What is not to be done here is another task's, and so is its account.
        own = {entry.key for entry in self.desired if actions & ({CREATE, UPDATE} if entry.present else {DELETE})}
        self.plan.unchanged = [entry for entry in self.plan.unchanged if entry[0] in own]

    def result(self, check_mode: bool) -> Options:
        """Carry out the plan, unless it deletes too much, and return the module's result."""
        plural, connection = self.service.kind.plural, self.client.connection
        check_read(plural, self.plan, self.found, connection=connection, options=self.options)
        check_planned(self.plan, self.options)
        refusal = refused_deletions(self.plan, self.options, lambda change: change.key)
        if refusal:
            untouched = [Outcome.skipped(change, refusal["msg"]) for change in self.plan.changes]
            return {**self._report(untouched, planned=check_mode), **refusal}
        if check_mode:
            outcomes = [Outcome.done(change, change.id) for change in self.plan.changes]
        else:
            outcomes = self._carry_out(stop_on_error=self.options["on_error"] == "stop")
        return self._report(outcomes, planned=check_mode)

    def _carry_out(self, *, stop_on_error: bool) -> list[Outcome]:
        """Save what changes, write it, one after the other, and read it back."""
        self.backup_file = save(self.plan, self._to_backup(), connection=self.client.connection, options=self.options)
        outcomes = carry_out(self.plan.changes, self.service.write, concurrency=1, stop_on_error=stop_on_error)
        if any(outcome.applied for outcome in outcomes):
            try:
                self.service.verify(outcomes)
            except IdentityError as error:
                self.unverified = error
        return outcomes

    def _to_backup(self) -> dict[str, Options]:
        """Return what is about to change, and what loses something along with what is deleted."""
        live = {change.key: self.found.get(change.key) for change in self.plan.changes}
        plural = self.service.kind.plural
        own = {key: to_backup(each) if each else None for key, each in live.items()}
        return {plural: own, **along({plural: self.plan.changes}, Live(self.client))}

    def _report(self, outcomes: list[Outcome], *, planned: bool) -> Options:
        """Return the result: what was done, or with C(planned) what would be."""
        return result_over(
            self.client,
            self.plan,
            outcomes,
            planned=planned,
            plural=self.service.kind.plural,
            rows=self._rows({outcome.change.key: outcome for outcome in outcomes}),
            shape=dict,
            unverified=self.unverified,
            backup_file=self.backup_file,
        )

    def _rows(self, by_key: dict[str, Outcome]) -> list[Options]:
        rows: dict[str, Options] = {}
        for key, _id, name in self.plan.unchanged:
            rows[key] = {**self._named(key, name), "status": "unchanged", "changes": [], "error": None}
        for change in self.plan.changes:
            outcome = by_key[change.key]
            error = str(outcome.error) if outcome.error else None
            row = {"status": outcome.status, "changes": outcome.effects, "error": error}
            rows[change.key] = {**self._named(change.key, change.name), **row}
        listed = [rows.pop(entry.key) for entry in self.desired if entry.key in rows]
        return listed + list(rows.values())

    def _named(self, key: str, name: str) -> Options:
        kind = self.service.kind
        return {"name": name, **({"tenant_id": kind.of_key(key)[0]} if kind.of_tenants else {})}
