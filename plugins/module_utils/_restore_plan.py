# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From a backup and a state to what is to be done, step by step. Pure, but for what carries the steps out.

The same steps are gone through twice: once as if every write succeeded, which is the preview and tells what to save
first, and once for real.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_plan as flow_plan
from ansible_collections.pcc.identity.plugins.module_utils import _rbac_model as rbac
from ansible_collections.pcc.identity.plugins.module_utils import _restore_rules as rules
from ansible_collections.pcc.identity.plugins.module_utils import _restore_tenants as tenants
from ansible_collections.pcc.identity.plugins.module_utils import _theme
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    PERMISSIONS,
    ROLES_SECTION,
    TENANTS,
    THEME,
)
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._plan import Change
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import make_permission_plan, make_role_plan
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import permissions_needed
from ansible_collections.pcc.identity.plugins.module_utils._restore_account import Account
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted, masked_reason
from ansible_collections.pcc.identity.plugins.module_utils._restore_state import State
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired

#: Carries out the changes of a section from a state, and tells what became of each.
Carry = t.Callable[[str, t.Sequence[Change], State], list[Outcome]]


def foreseen(_section: str, changes: t.Sequence[Change], _state: State) -> list[Outcome]:
    """Return what becomes of changes if every one succeeds."""
    return [Outcome.done(change, change.id) for change in changes]


def restore(wanted: Wanted, state: State, carry: Carry) -> Account:
    """Go through all steps, and return what became of every object."""
    work = _Work(wanted, state, carry)
    work.remove_tenants()
    work.permissions()
    work.roles(of_tenants=False)
    work.tenants()
    work.roles(of_tenants=True)
    work.late_default_roles()
    work.theme()
    work.flows()
    work.prune_flows()
    work.prune_roles()
    work.prune_permissions()
    return work.account


@dataclasses.dataclass
class _Work:
    """One passage through the steps."""

    wanted: Wanted
    state: State
    carry: Carry

    def __post_init__(self) -> None:
        self.account = Account()
        self.late: dict[str, Desired] = {}

    def _do(self, section: str, changes: t.Sequence[Change]) -> list[Outcome]:
        """Carry changes out, and go on with what became of them."""
        if not changes:
            return []
        if self.account.halted:
            outcomes = [Outcome.skipped(change, self.account.halted) for change in changes]
        else:
            outcomes = self.carry(section, changes, self.state)
        self.account.add(section, outcomes)
        # After a halt the rest is planned as if there had been none, so that it is told as it would have been done.
        taken = foreseen(section, changes, self.state) if self.account.halted else outcomes
        self.state = self.state.taken(section, taken)
        return taken

    # Tenants

    def remove_tenants(self) -> None:
        """Delete the tenants that came later, and those that must be created anew."""
        removal = tenants.removal(self.wanted, self.state)
        self.account.fail(TENANTS, removal.reasons)
        self.account.anew = set(removal.anew)
        self._do(TENANTS, removal.changes)

    def tenants(self) -> None:
        """Create and update tenants, in several rounds if they exchange names or domains."""
        if TENANTS not in self.wanted.sections or self.state.tenants is None:
            return
        entries, masked = tenants.wished(self.wanted)
        self.account.fail(TENANTS, masked)
        short = tenants.in_part(entries, self.state.tenants, self.wanted)
        self.account.fail(TENANTS, short)
        entries = {tenant_id: entry for tenant_id, entry in entries.items() if tenant_id not in short}
        self.late = tenants.late_roles(entries, self.wanted, self.state.roles)
        for tenant_id in self.late:
            entries[tenant_id] = tenants.without_default_roles(entries[tenant_id])
        while True:
            present = tenants.present(entries, self.state.tenants, self.wanted)
            self.account.fail(TENANTS, present.reasons)
            for tenant_id in present.reasons:
                del entries[tenant_id]
            if not present.circles:
                break
            released = tenants.releases(present.circles, entries, self.state.tenants)
            preliminary = tenants.present({entry.id: entry for entry in released}, self.state.tenants, self.wanted)
            outcomes = self._do(TENANTS, preliminary.changes)
            stuck = {outcome.change.key for outcome in outcomes if outcome.status in {"failed", "skipped"}}
            if not preliminary.changes:
                stuck = {key for circle in present.circles for key in circle}
                self.account.fail(TENANTS, dict.fromkeys(stuck, "they wait for one another. Report this."))
            for tenant_id in stuck:
                entries.pop(tenant_id, None)
        self._do(TENANTS, present.changes)
        self.account.keep(TENANTS, present.unchanged)

    def late_default_roles(self) -> None:
        """Give tenants the default roles that are roles of their own."""
        found = self.state.tenants
        if found is None:
            return
        there = {
            tenant_id: entry
            for tenant_id, entry in self.late.items()
            if tenant_id in found.tenants and (TENANTS, tenant_id) not in self.account.reasons
        }
        self._do(TENANTS, tenants.present(there, found, self.wanted).changes)

    # Roles and permissions

    def permissions(self) -> None:
        """Create and update permissions."""
        entries = self._rbac_entries(rbac.PERMISSIONS, PERMISSIONS)
        found = self.state.permissions or {}
        self._rbac(PERMISSIONS, entries, lambda listed: make_permission_plan(listed, found), prune=False)

    def roles(self, *, of_tenants: bool) -> None:
        """Create and update the roles of the project, or those of tenants."""
        entries = [
            entry for entry in self._rbac_entries(rbac.ROLES, ROLES_SECTION) if bool(entry.tenant_id) == of_tenants
        ]
        found = self.state.roles or {}
        there = self.state.tenants.tenants if self.state.tenants is not None else None
        names = {live.name for live in (self.state.permissions or {}).values()}
        reasons: dict[str, str] = {}
        for entry in entries:
            missing = sorted(permissions_needed([entry], found) - names)
            if entry.tenant_id and there is not None and entry.tenant_id not in there:
                reasons[entry.key] = f"its tenant '{entry.tenant_id}' is gone: restore the tenant first, or with it."
            elif missing:
                what = "permission" if len(missing) == 1 else "permissions"
                named = ", ".join(f"'{name}'" for name in missing)
                reasons[entry.key] = (
                    f"it needs the {what} {named}, which the project does not have: restore permissions as well."
                )
        self.account.fail(ROLES_SECTION, reasons)
        entries = [entry for entry in entries if entry.key not in reasons]
        self._rbac(ROLES_SECTION, entries, lambda listed: make_role_plan(listed, found, names), prune=False)

    def prune_roles(self) -> None:
        """Delete the roles that came later."""
        found = self.state.roles or {}
        entries = [rules.absent(found[key]) for key in rules.rbac_later(self.wanted, ROLES_SECTION, found)]
        self._rbac(ROLES_SECTION, entries, lambda listed: make_role_plan(listed, found, ()), prune=True)

    def prune_permissions(self) -> None:
        """Delete the permissions that came later."""
        found = self.state.permissions or {}
        entries = [rules.absent(found[key]) for key in rules.rbac_later(self.wanted, PERMISSIONS, found)]
        self._rbac(PERMISSIONS, entries, lambda listed: make_permission_plan(listed, found), prune=True)

    def _rbac_entries(self, kind: rbac.Kind, section: str) -> list[rbac.Desired]:
        saved = self.wanted.saved(section)
        masked = {key for key in saved if self.wanted.is_masked(section, key)}
        told = rbac.desired_from_backup(kind, {key: saved[key] for key in masked})
        self.account.fail(section, {entry.key: masked_reason() for entry in told})
        entries = rbac.desired_from_backup(kind, {key: item for key, item in saved.items() if key not in masked})
        return [entry for entry in entries if entry.present]

    def _rbac(
        self,
        section: str,
        entries: t.Sequence[rbac.Desired],
        make_plan: t.Callable[[list[rbac.Desired]], t.Any],
        *,
        prune: bool,
    ) -> None:
        if prune and not self.wanted.prune:
            return
        left = {entry.where: entry for entry in entries}
        while True:
            try:
                plan = make_plan(list(left.values()))
                break
            except Problems as error:
                for problem in error.problems:
                    entry = left.pop(problem.where, None)
                    if entry is not None:
                        self.account.fail(section, {entry.key: f"{problem.field}: {problem.message}"})
        self._do(section, plan.changes)
        self.account.keep(section, [key for key, _id, _name in plan.unchanged])

    # Theme and flows

    def theme(self) -> None:
        """Write the theme, merged with what came later, or with prune as it was."""
        saved, live = self.wanted.content.get(THEME), self.state.theme
        if saved is None or live is None or THEME not in self.wanted.sections:
            return
        if self.wanted.is_masked(THEME):
            self.account.fail(THEME, {THEME: masked_reason()})
            return
        try:
            change = rules.theme_change(saved, live, exact=self.wanted.prune)
        except _theme.NotATheme as error:
            self.account.fail(THEME, {THEME: f"the backup {error}"})
            return
        if change is None:
            self.account.keep(THEME, [THEME])
        else:
            self._do(THEME, [change])

    def flows(self) -> None:
        """Deploy flows."""
        self.state = self.state.with_role_ids()
        found = self.state.flows
        if found is None:
            return
        entries, reasons = rules.flow_entries(self.wanted, found)
        self.account.fail(FLOWS, reasons)
        left = {entry.where: entry for entry in entries}
        while True:
            try:
                plan = flow_plan.make_plan(list(left.values()), found)
                break
            except Problems as error:
                told: dict[str, list[str]] = {}
                for problem in error.problems:
                    told.setdefault(problem.where, []).append(str(problem.message))
                for where, texts in told.items():
                    self.account.fail(FLOWS, {left.pop(where).id: " ".join(texts)})
        self.account.warnings += plan.warnings
        self._do(FLOWS, plan.changes)
        self.account.keep(FLOWS, [key for key, _id, _name in plan.unchanged])

    def prune_flows(self) -> None:
        """Delete the flows that came later."""
        found = self.state.flows
        if found is None or not self.wanted.prune:
            return
        entries = [flow_plan.Desired(flow_id, absent=True) for flow_id in rules.flows_later(self.wanted, found)]
        self._do(FLOWS, flow_plan.make_plan(entries, found).changes)
