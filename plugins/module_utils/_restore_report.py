# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The result of a restore: one row per object, the diff, what was left alone. Pure."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_diff as flow_diff
from ansible_collections.pcc.identity.plugins.module_utils import _restore_rules as rules
from ansible_collections.pcc.identity.plugins.module_utils import _restore_tenants as tenant_rules
from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils import _theme
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, one_line, summary
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    PERMISSIONS,
    ROLES_SECTION,
    SECTIONS,
    TENANTS,
    THEME,
)
from ansible_collections.pcc.identity.plugins.module_utils._diff import dotted, render
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import FlowChange
from ansible_collections.pcc.identity.plugins.module_utils._json import without_empty
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import failure
from ansible_collections.pcc.identity.plugins.module_utils._restore_account import CANNOT, Account
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted
from ansible_collections.pcc.identity.plugins.module_utils._restore_state import State
from ansible_collections.pcc.identity.plugins.module_utils._safety import told

Options = dict[str, t.Any]


def report(
    wanted: Wanted,
    state: State,
    account: Account,
    *,
    requests: Options,
    project_id: str,
    diff_detail: str,
    origin: dict[str, str],
    backup_file: pathlib.Path | None,
    planned: list[str],
) -> Options:
    """Return the module's result.

    Args:
        wanted: what was to be restored.
        state: what there was before.
        account: what became of every object.
        requests: what was sent.
        project_id: that it was restored to.
        diff_detail: C(summary) or C(full), for flows and the theme.
        origin: of the backup.
        backup_file: that has what there was before.
        planned: what was foreseen.
    """
    final = account.final()
    outcomes = [_keyed(section, outcome) for (section, _key), outcome in final.items()]
    unchanged = [place for place in account.unchanged if place not in final]
    counts = summary(outcomes, len(unchanged))
    failed = [outcome for outcome in outcomes if outcome.status in {"failed", "skipped"}]
    changed = any(outcome.changed is not False for outcome in outcomes)
    shown = [
        dataclasses.replace(_shown(section, outcome, state, diff_detail), key=_key(section, key))
        for (section, key), outcome in final.items()
        if outcome.effects
    ]
    result: Options = {
        "changed": changed,
        "msg": one_line(counts),
        "summary": counts,
        "objects": _rows(wanted, state, final, unchanged),
        "unmanaged": unmanaged(wanted, state),
        "recreated": sorted(each for each in account.anew if (TENANTS, each) in final),
        "restored_from": origin,
        "planned": planned,
        "requests": requests,
        "diff": render(shown, dict, f"{project_id}, from the backup of {origin['created_at']}"),
    }
    if account.warnings:
        result["warnings"] = account.warnings  # told by L(_run.run)
    result.update(told(backup_file, outcomes))
    if failed or account.unverified:
        result.update(failure(result["msg"], failed, account.unverified))
        if all(outcome.error and outcome.error.code == CANNOT for outcome in failed) and not account.unverified:
            result["hint"] = "The reasons say what to do. Then run the same restore again: what is done is left alone."
    return result


def unmanaged(wanted: Wanted, state: State) -> dict[str, list[str]]:
    """Return what there was not when the backup was made and is left alone, by section, as far as it is chosen."""
    found: dict[str, list[str]] = {}
    if TENANTS in wanted.sections and state.tenants is not None:
        live = set(state.tenants.tenants)
        later = tenant_rules.came_later(wanted, state.tenants)
        found[TENANTS] = _left(wanted, TENANTS, live, later)
    for section, listed in ((ROLES_SECTION, state.roles), (PERMISSIONS, state.permissions)):
        if section in wanted.sections and listed is not None:
            live = {key for key, each in listed.items() if not each.built_in}
            found[section] = _left(wanted, section, live, set(rules.rbac_later(wanted, section, listed)))
    if FLOWS in wanted.sections and state.flows is not None:
        live = {*state.flows.listed, *state.flows.flows}
        found[FLOWS] = _left(wanted, FLOWS, live, set(rules.flows_later(wanted, state.flows)))
    saved = wanted.content.get(THEME)
    if THEME in wanted.sections and state.theme is not None and not wanted.prune and isinstance(saved, dict):
        found[THEME] = _theme.unmanaged(state.theme["styles"], saved.get("styles") or {})
    return {section: found[section] for section in SECTIONS if found.get(section)}


def _left(wanted: Wanted, section: str, live: set[str], later: set[str]) -> list[str]:
    there = {key for key, saved in wanted.saved(section).items() if saved is not None}
    others = live - there if section in wanted.whole else set()
    return sorted((others | later) - (later if wanted.prune else set()))


def _key(section: str, key: str) -> str:
    """Return what an object goes by among those of all sections."""
    return section if key == section else f"{section}/{key}"


def _keyed(section: str, outcome: Outcome) -> Outcome:
    key = _key(section, outcome.change.key)
    return dataclasses.replace(outcome, change=dataclasses.replace(outcome.change, key=key))


def _rows(
    wanted: Wanted,
    state: State,
    final: t.Mapping[tuple[str, str], Outcome],
    unchanged: t.Sequence[tuple[str, str]],
) -> list[Options]:
    rows = []
    for section, key in sorted({*final, *unchanged}, key=lambda place: (SECTIONS.index(place[0]), place[1])):
        outcome = final.get((section, key))
        rows.append(
            {
                "kind": section.removesuffix("s"),
                "id": key,
                "name": _name(section, key, wanted, state),
                "status": outcome.status if outcome else "unchanged",
                "changes": outcome.effects if outcome else [],
                "error": str(outcome.error) if outcome and outcome.error else None,
            }
        )
    return rows


def _name(section: str, key: str, wanted: Wanted, state: State) -> str:
    """Return the name of an object in the backup, or of one that is only live."""
    if section not in {TENANTS, FLOWS, ROLES_SECTION, PERMISSIONS}:
        return ""
    saved = wanted.saved(section).get(key)
    if section == FLOWS:
        flow = saved or (state.flows.flows.get(key) if state.flows else None) or {}
        return str((flow.get("metadata") or {}).get("name") or "")
    if saved and saved.get("name"):
        return str(saved["name"])
    if section == TENANTS:
        tenant = state.tenants.tenants.get(key) if state.tenants else None
        return tenant.name if tenant else ""
    live = (state.roles if section == ROLES_SECTION else state.permissions) or {}
    return live[key].name if key in live else key.rpartition("/")[2]


def _shown(section: str, outcome: Outcome, state: State, detail: str) -> Change:
    """Return the part of a change that took effect, in the shape that users see."""
    change = outcome.change
    before = {name: value for name, value in change.before.items() if name in outcome.effects}
    after = {name: value for name, value in change.after.items() if name in outcome.applied} | outcome.read_back
    if section == TENANTS:
        if change.action == CREATE:
            # A backup has all fields of a tenant, and most of them are empty.
            after = {name: value for name, value in after.items() if value != fields.clean(fields.FIELDS[name], None)}
        before, after = fields.nested(before), fields.nested(after)
    elif section == FLOWS and detail == "full":
        flow = t.cast(FlowChange, change)
        before, after = flow_diff.whole(flow.live), flow_diff.whole(flow.definition)
    elif section == FLOWS:
        before, after = flow_diff.nested(before), flow_diff.nested(after)
    elif section == THEME and detail == "full" and outcome.status != "failed" and state.theme is not None:
        new = t.cast(rules.ThemeChange, change).new
        before, after = without_empty(state.theme["styles"]), without_empty(new["styles"])
    elif section == THEME:
        before, after = ({mode: dotted(styles) for mode, styles in side.items()} for side in (before, after))
    return dataclasses.replace(change, before=before, after=after)
