# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What every module does between its plan and its first write: doubt a read that looks wrong, and save what changes."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.module_utils.common.parameters import remove_values

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._along import partial
from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, Plan
from ansible_collections.pcc.identity.plugins.module_utils._report import some

Options = dict[str, t.Any]

RESTORE = "pcc.identity.restore"


def backup_spec() -> Options:
    """Return the options of a module that saves what it is about to change."""
    return {"backup_dir": {"type": "path"}, "playbook": {"type": "path"}}


def safety_spec() -> Options:
    """Return the options of a module over objects that the service lists."""
    return {
        **backup_spec(),
        "allow_empty_read": {"type": "bool", "default": False},
        "planned": {"type": "list", "elements": "str"},
    }


def planned(plan: Plan) -> list[str]:
    """Return what a plan is about to do, for L(check_planned): C(deleted acme), sorted."""
    return sorted(f"{STATUS[change.action]} {change.key}" for change in plan.changes)


def check_planned(plan: Plan, options: Options) -> None:
    """Refuse to do anything that was not planned when somebody looked at the plan, and confirmed it.

    Args:
        plan: that was made just now.
        options: of the module, with C(planned), what an earlier run in check mode returned, or None.

    Raises:
        IdentityError: there is something else in the plan.
    """
    refuse_more(planned(plan), options)


def refuse_more(foreseen: t.Iterable[str], options: Options) -> None:
    """Refuse to do anything that was not planned. See L(check_planned), which does it for a plan.

    Raises:
        IdentityError: there is something else.
    """
    expected = options["planned"]
    # Ansible has taken the management key out of what was returned, should it be part of a name.
    shown = remove_values(list(foreseen), [options["management_key"]])
    more = [] if expected is None else sorted(set(shown) - set(expected))
    if more:
        raise IdentityError(
            "plan_changed",
            f"Nothing was written: the project is not as it was when this was planned. Now there would be as well: "
            f"{some(more)}.",
            "Somebody else works on it, or its lists show changes late. Run again, and look at the new plan.",
        )


def check_read(section: str, plan: Plan, live: t.Sized, *, connection: Connection, options: Options) -> None:
    """Refuse to go on from an empty list where a backup has objects: the read may have been a wrong one.

    Backups are only looked at if that is the case.

    Args:
        section: of the backups, which is also what the objects are called.
        plan: that was made from the list.
        live: what was listed.
        connection: to the project.
        options: of the module, with those of L(safety_spec).

    Raises:
        IdentityError: there is something to change, and that is the case.
    """
    if plan.changes:
        check_count(
            section,
            len(live),
            connection=connection,
            options=options,
            gone=f"restore them with the playbook {RESTORE}, or go on without them with allow_empty_read: true.",
        )


def check_count(
    section: str,
    count: int,
    *,
    connection: Connection,
    options: Options,
    gone: str,
    consequence: str = "Nothing was written",
) -> None:
    """Refuse to go on where the service lists none of what a backup has. See L(check_read).

    Args:
        section: of the backups, which is also what the objects are called.
        count: of what was listed.
        connection: to the project.
        options: of the module, with C(backup_dir) and C(allow_empty_read).
        gone: what to do if they are really gone, for the hint.
        consequence: what the refusal means.

    Raises:
        IdentityError: that is the case.
    """
    if count or options["allow_empty_read"]:
        return
    folder = backup.folder_of(options["backup_dir"], connection.project_id)
    known = files.last_known(folder, connection.project_id, section)
    if known is None:
        return
    saved, had = known
    raise IdentityError(
        "doubtful_read",
        f"{consequence}: the service lists no {section}, but {saved.path}, the backup of "
        f"{backup.time_text(saved.made)}, has {had}.",
        "See in the Descope console whether they are there. If they are, the answer was wrong: run again. If they are "
        f"really gone, {gone}",
    )


def save(
    plan: Plan,
    sections: t.Mapping[str, t.Mapping[str, t.Any]],
    *,
    connection: Connection,
    options: Options,
) -> pathlib.Path | None:
    """Save what a plan is about to change, and return the new file, None if there is nothing to tell.

    Args:
        plan: that is about to be carried out.
        sections: objects as they are, by section and key; None for those that are about to be created. The first one
            has those of the plan, the others have what changes along.
        connection: to the project.
        options: of the module, with those of L(backup_spec).

    Raises:
        IdentityError: it could not be written. Nothing must be changed then.
    """
    section, objects = next(iter(sections.items()))
    if not objects:
        return None
    # A run that was killed may have left half a file.
    files.clean(backup.folder_of(options["backup_dir"], connection.project_id))
    return backup.before(
        {name: items for name, items in sections.items() if items},
        reason=f"before {section} change: {some(sorted(objects))}",
        connection=connection,
        options=options,
        label=section,
        deleting=[f"{section}/{change.key}" for change in plan.of(DELETE)],
        partial=partial(sections),
    )


def told(backup_file: pathlib.Path | None, outcomes: t.Iterable[Outcome]) -> Options:
    """Return what a result says of a backup: where it is, and the command that puts back what was changed.

    To put back a creation is to delete what was created.
    """
    if backup_file is None:
        return {}
    result = {"backup_file": str(backup_file)}
    changed = [outcome.change for outcome in outcomes if outcome.changed is not False]
    if changed:
        created = any(change.action == CREATE for change in changed)
        prune = {"descope_restore_prune": "true"} if created else {}
        result["rollback"] = backup.command(RESTORE, {"descope_backup_file": str(backup_file), **prune})
    return result
