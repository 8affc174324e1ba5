# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the restore module does, with a client and plain options: choose, read, plan, save, write, report."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _flow_plan as flow_plan
from ansible_collections.pcc.identity.plugins.module_utils import _rbac_model as rbac
from ansible_collections.pcc.identity.plugins.module_utils import _restore_plan as plan
from ansible_collections.pcc.identity.plugins.module_utils import _restore_rules as rules
from ansible_collections.pcc.identity.plugins.module_utils import _restore_source as source
from ansible_collections.pcc.identity.plugins.module_utils import _restore_tenants as tenant_rules
from ansible_collections.pcc.identity.plugins.module_utils import _theme
from ansible_collections.pcc.identity.plugins.module_utils._along import Live, along, partial
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, carry_out
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    PERMISSIONS,
    ROLES_SECTION,
    SECTIONS,
    SNAPSHOT_SECTION,
    TENANTS,
    THEME,
)
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import FlowService
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, Change
from ansible_collections.pcc.identity.plugins.module_utils._rbac_rules import permissions_needed
from ansible_collections.pcc.identity.plugins.module_utils._rbac_service import PermissionService, RoleService
from ansible_collections.pcc.identity.plugins.module_utils._restore_account import Account, planned_of
from ansible_collections.pcc.identity.plugins.module_utils._restore_report import report
from ansible_collections.pcc.identity.plugins.module_utils._restore_snapshot import Snapshot, secrets_spec
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import MANY, Choice, Wanted
from ansible_collections.pcc.identity.plugins.module_utils._restore_state import State
from ansible_collections.pcc.identity.plugins.module_utils._safety import check_count, refuse_more, safety_spec
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import TenantChange
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService
from ansible_collections.pcc.identity.plugins.module_utils._theme_service import ThemeService

Options = dict[str, t.Any]

_NAMES: Options = {"type": "list", "elements": "str"}


def argument_spec() -> Options:
    """Return the options of C(descope_restore), without the connection."""
    return {
        "src": {"type": "list", "elements": "path", "default": [source.LATEST]},
        "sections": {**_NAMES, "choices": list(SECTIONS)},
        **{name: dict(_NAMES) for name in MANY},
        "prune": {"type": "bool", "default": False},
        "allow_other_project": {"type": "bool", "default": False},
        "snapshot_secrets": secrets_spec(),
        "diff_detail": {"type": "str", "choices": ["summary", "full"], "default": "summary"},
        **safety_spec(),
    }


def check(options: Options) -> list[Problem]:
    """Return what is wrong with the options by themselves."""
    found: list[Problem] = []
    sections = options["sections"]
    if not options["src"] or not all(each.strip() for each in options["src"]):
        found.append(Problem("", "src", "is empty: give a file, or latest."))
    elif source.LATEST in options["src"] and len(options["src"]) > 1:
        found.append(Problem("", "src", "has latest among others: give files, or latest alone."))
    if sections is not None and not sections:
        found.append(Problem("", "sections", "is empty: leave it out, or name what to restore."))
    for name in MANY:
        if options[name] is None:
            continue
        if sections is not None and name not in sections:
            found.append(Problem("", name, f"makes no sense without {name} in sections."))
        if not options[name]:
            found.append(Problem("", name, "is empty: leave it out, or name what to restore."))
        elif not all(str(each).strip() for each in options[name]):
            found.append(Problem("", name, "holds an empty id."))
    if options["snapshot_secrets"] is not None and SNAPSHOT_SECTION not in (sections or ()):
        found.append(Problem("", "snapshot_secrets", "makes no sense without snapshot in sections."))
    return found


def manage(client: Client, options: Options, check_mode: bool) -> Options:
    """Do what C(descope_restore) does and return its result."""
    project_id = client.connection.project_id
    choice = Choice.of(options)
    folder = backup.folder_of(options["backup_dir"], project_id)
    paths = source.find(options["src"], folder, project_id, choice)
    allowed = options["allow_other_project"]
    documents = [source.load(path, project_id, allow_other_project=allowed) for path in paths]
    document = source.combined(documents)
    wanted = source.select(
        document,
        choice,
        project_id,
        lambda section, key: source.elsewhere(folder, document["project"]["id"], paths, section, key),
    )
    origin = {
        "files": list(map(str, paths)),
        "created_at": document["created_at"],
        "project": wanted.project,
        "reason": str(document.get("reason") or ""),
    }
    return _Work(client, options, wanted, origin).result(check_mode)


@dataclasses.dataclass
class _Work:
    """One run, from reading to the report."""

    client: Client
    options: Options
    wanted: Wanted
    origin: Options

    def __post_init__(self) -> None:
        self.tenant_service = TenantService(self.client)
        self.role_service = RoleService(self.client)
        self.permission_service = PermissionService(self.client)
        self.flow_service = FlowService(self.client)
        self.theme_service = ThemeService(self.client)
        self.unverified: IdentityError | None = None
        self.snapshot = Snapshot(self.client, self.wanted, self.options["snapshot_secrets"] or {})
        self.state = self._read()
        self.backup_file: pathlib.Path | None = None

    def result(self, check_mode: bool) -> Options:
        """Restore, or in check mode say what would come of it."""
        account = plan.restore(self.wanted, self.state, plan.foreseen)
        self.snapshot.foresee(account)
        planned = planned_of(account)
        if account.outcomes:
            self._doubt()
        refuse_more(planned, self.options)
        if not check_mode and account.outcomes:
            self._back_up(account)
            expected, account = account, plan.restore(self.wanted, self.state, self._carry)
            self.snapshot.restore(account, expected)
            account.unverified = account.unverified or self.unverified
        return report(
            self.wanted,
            self.state,
            account,
            requests=self.client.session.requests(),
            project_id=self.client.connection.project_id,
            diff_detail=self.options["diff_detail"],
            origin=self.origin,
            backup_file=self.backup_file,
            planned=planned,
        )

    # Reading

    def _doubt(self) -> None:
        """Refuse to go on where the service lists none of what is chosen, and a backup has some.

        Raises:
            IdentityError: that is the case.
        """
        state, flows = self.state, self.state.flows
        live: dict[str, t.Sized | None] = {
            TENANTS: state.tenants.tenants if state.tenants else None,
            ROLES_SECTION: state.roles,
            PERMISSIONS: state.permissions,
            FLOWS: {**flows.listed, **flows.flows} if flows else None,
        }
        for section, found in live.items():
            if section in self.wanted.sections and found is not None:
                check_count(
                    section,
                    len(found),
                    connection=self.client.connection,
                    options=self.options,
                    gone="restoring them is right: run again with allow_empty_read: true (for the playbook "
                    "-e descope_allow_empty_read=true).",
                )

    def _read(self) -> State:
        """Read what is chosen, and what else must be known for it."""
        wanted, state = self.wanted, State()
        if SNAPSHOT_SECTION in wanted.sections:
            self.snapshot.read()
        if TENANTS in wanted.sections:
            entries = [
                tenant_rules.desired(tenant_id, saved)
                for tenant_id, saved in sorted(wanted.saved(TENANTS).items())
                if not wanted.is_masked(TENANTS, tenant_id)
            ]
            state.tenants = self.tenant_service.read(entries, prune=wanted.prune and TENANTS in wanted.complete)
        roles = rbac.desired_from_backup(rbac.ROLES, wanted.saved(ROLES_SECTION))
        roles_matter = rules.uses_roles(wanted) or (wanted.prune and TENANTS in wanted.sections)
        # The roles that a permission is taken from are saved when it goes.
        roles_matter = roles_matter or (wanted.prune and PERMISSIONS in wanted.sections)
        if ROLES_SECTION in wanted.sections or roles_matter:
            state.roles = self.role_service.read()
        live_roles = state.roles or {}
        if PERMISSIONS in wanted.sections or permissions_needed(roles, live_roles):
            state.permissions = self.permission_service.read()
        if state.tenants is None and any(role.tenant_id and role.key not in live_roles for role in roles):
            state.tenants = self.tenant_service.read_all()
        if state.tenants is None and wanted.prune and rules.rbac_later(wanted, ROLES_SECTION, live_roles):
            # Those that have one of these as a default role are saved when it goes.
            state.tenants = self.tenant_service.read_all()
        if FLOWS in wanted.sections:
            state.flows = self._read_flows()
        if THEME in wanted.sections:
            state.theme = self.theme_service.export()
        return state

    def _read_flows(self) -> flow_plan.Found:
        wanted = self.wanted
        entries, _reasons = rules.flow_entries(wanted)
        others = {flow_id for flow_id, flow in wanted.saved(FLOWS).items() if flow is None}
        if wanted.prune and FLOWS in wanted.complete:
            others |= set(self.flow_service.list_all()) - set(wanted.saved(FLOWS))
        absent = [flow_plan.Desired(flow_id, absent=True) for flow_id in sorted(others)]
        if wanted.here:
            entries = [dataclasses.replace(entry, only_project=wanted.project) for entry in entries]
        found = self.flow_service.read([*entries, *absent])
        # One that is asked for by its id is there even if lists do not show it yet.
        found.listed |= {flow_id: {"id": flow_id} for flow_id in found.flows if flow_id not in found.listed}
        return found

    # Writing

    def _back_up(self, account: Account) -> None:
        """Save what is about to change. Nothing has been written when this fails."""
        state = self.state
        sections: dict[str, t.Any] = {}
        firsts = {section: account.firsts(section) for section in SECTIONS}
        if firsts[TENANTS]:
            changes = t.cast(list[TenantChange], list(firsts[TENANTS].values()))
            sections[TENANTS] = self.tenant_service.to_backup(changes)
        for section, found in ((ROLES_SECTION, state.roles or {}), (PERMISSIONS, state.permissions or {})):
            if firsts[section]:
                sections[section] = {
                    key: rbac.to_backup(found[key]) if key in found else None for key in sorted(firsts[section])
                }
        changes_by_section = {section: list(of.values()) for section, of in firsts.items()}
        for section, items in along(changes_by_section, Live(self.client, state.roles, state.tenants)).items():
            # Of what changes by itself as well, what it was planned from is what is put back.
            sections[section] = {**items, **sections.get(section, {})}
        if firsts[FLOWS]:
            live = state.flows.flows if state.flows else {}
            sections[FLOWS] = {key: live.get(key) for key in sorted(firsts[FLOWS])}
        if firsts[THEME]:
            sections[THEME] = state.theme
        if firsts[SNAPSHOT_SECTION]:
            sections[SNAPSHOT_SECTION] = self.snapshot.to_backup()
        if not sections:
            return
        self.backup_file = backup.before(
            sections,
            reason=source.REASON + ", ".join(pathlib.Path(path).name for path in self.origin["files"]),
            connection=self.client.connection,
            options=self.options,
            label="before-restore",
            deleting=[
                f"{section}/{key}"
                for section, changes_of in firsts.items()
                for key, change in changes_of.items()
                if change.action == DELETE and not (section == TENANTS and key in account.anew)
            ],
            partial=partial(sections),
        )

    def _carry(self, section: str, changes: t.Sequence[Change], state: State) -> list[Outcome]:
        if section == TENANTS:
            concurrency = self.client.connection.concurrency
            outcomes = carry_out(changes, self.tenant_service.write, concurrency=concurrency, stop_on_error=False)
            self._verify(self.tenant_service.verify, outcomes)
            return outcomes
        if section == THEME:
            return [self._write_theme(t.cast(rules.ThemeChange, change), state) for change in changes]
        # One at a time: the service answers version conflicts within a project (contract, section 8, row 31).
        write: dict[str, t.Callable[[t.Any], Outcome]] = {
            ROLES_SECTION: self.role_service.write,
            PERMISSIONS: self.permission_service.write,
            FLOWS: self.flow_service.write,
        }
        outcomes = carry_out(changes, write[section], concurrency=1, stop_on_error=False)
        if section != FLOWS:
            service = self.role_service if section == ROLES_SECTION else self.permission_service
            found = self._verify(service.verify, outcomes)
            for outcome in outcomes:
                if outcome.change.action == CREATE and found and outcome.change.key in found:
                    outcome.id = found[outcome.change.key].id
        return outcomes

    def _verify(self, verify: t.Callable[[list[Outcome]], t.Any], outcomes: list[Outcome]) -> t.Any:
        if any(outcome.applied for outcome in outcomes):
            try:
                return verify(outcomes)
            except IdentityError as error:
                self.unverified = self.unverified or error
        return None

    def _write_theme(self, change: rules.ThemeChange, state: State) -> Outcome:
        live = state.theme or {"styles": {}}
        outcome = self.theme_service.write(change, live, change.new, exact=change.exact)
        now = self.theme_service.last["styles"]
        if outcome.status == "failed" or not change.exact or _theme.same(now, change.new["styles"]):
            return outcome
        names = ", ".join(_theme.unmanaged(now, change.new["styles"])[:5]) or "something"
        outcome.status = "failed"
        outcome.error = ServiceError(
            "not_applied",
            f"what the backup has is restored, but the service keeps what came later: {names}.",
            "Take it away in the Descope console.",
        )
        before, after = rules.theme_sides(live["styles"], now)
        outcome.change = dataclasses.replace(change, before=before, after=after)
        outcome.applied = outcome.change.fields
        outcome.changed = bool(outcome.applied)
        return outcome
