# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Rules for a list of roles or permissions. Pure.

L(problems_alone) looks at the list by itself, before the first request. L(problems_with_live) looks at it next to what
the service has, before the first write. Both return all problems they find.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import Desired, Found
from ansible_collections.pcc.identity.plugins.module_utils._report import some


def problems_alone(desired: t.Sequence[Desired]) -> list[Problem]:
    """Return what is wrong with the entries themselves and between them."""
    problems = [problem for entry in desired for problem in _entry(entry)]
    first: dict[tuple[str, str], Desired] = {}
    for entry in desired:
        other = first.setdefault((entry.tenant_id, entry.name), entry)
        if other is not entry and entry.name:
            problems.append(Problem(entry.where, "name", f"is also that of {other.where}: keep one of the entries."))
    return problems


def problems_with_live(
    desired: t.Sequence[Desired], found: Found, permissions: t.Collection[str] = ()
) -> list[Problem]:
    """Return what is wrong with the entries next to what the service has.

    Args:
        desired: entries without problems of their own.
        found: what the service has of their kind.
        permissions: names of the permissions that exist, where L(permissions_needed) names any.
    """
    problems: list[Problem] = []
    for entry in desired:
        problems += _own_permission(entry, found)
        if unknown := sorted(permissions_needed([entry], found) - set(permissions)):
            names = ", ".join(f"'{name}'" for name in unknown)
            there = some(sorted(permissions)) or "none"
            text = (
                f"the project has no permission {names}: make it first (descope_permissions), or take one of {there}."
            )
            problems.append(Problem(entry.where, "permissions", text))
    return problems


def permissions_needed(desired: t.Sequence[Desired], found: Found) -> set[str]:
    """Return the names of the permissions that roles are to get. What a role has already surely exists."""
    needed: set[str] = set()
    for entry in desired:
        if entry.present and "permissions" in entry.values:
            live = found.get(entry.key)
            needed |= {*entry.values["permissions"]} - {*(live.values["permissions"] if live else ())}
    return needed


def _entry(entry: Desired) -> t.Iterator[Problem]:
    def problem(field: str, message: str) -> Problem:
        return Problem(entry.where, field, message)

    if not entry.name:
        yield problem("name", "is empty: give the name.")
    elif entry.present and not _is_clean(entry.name):
        yield problem("name", f"{entry.name!r} begins or ends with a space or holds control characters: remove them.")
    if "/" in entry.tenant_id or not _is_clean(entry.tenant_id):
        yield problem("tenant_id", f"{entry.tenant_id!r} is not the id of a tenant.")
    for name in entry.values.get("permissions", ()):
        if not name or not _is_clean(name):
            yield problem("permissions", f"{name!r} is not the name of a permission.")


def _is_clean(text: str) -> bool:
    return text == text.strip() and text.isprintable()


def _own_permission(entry: Desired, found: Found) -> t.Iterator[Problem]:
    """Yield why a permission of the service itself cannot be had otherwise (contract 5.2)."""
    live = found.get(entry.key)
    if live is None or not live.built_in or live.kind.of_tenants:
        return
    if not entry.present:
        text = f"'{live.name}' is a permission of the service itself and cannot be deleted: take it out of the list."
        yield Problem(entry.where, "state", text)
    for name in live.kind.differing(entry.values, live.values) if entry.present else ():
        text = f"'{live.name}' is a permission of the service itself and cannot be changed: leave {name} out."
        yield Problem(entry.where, name, text)
