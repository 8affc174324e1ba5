# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Rules for a list of tenants. Pure.

L(problems_alone) looks at the list by itself, before the first request. L(problems_with_live) looks at it next to what
the service has, before the first write. Both return all problems they find.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem
from ansible_collections.pcc.identity.plugins.module_utils._tenant_fields import FIELDS
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, domains_of

MAX_LEVELS = 3

_NEW_ID = re.compile(r"[a-z0-9-]{3,50}")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)

_ID_FORM = "the id of a tenant to be created has 3 to 50 characters out of a-z, 0-9 and hyphen"


def problems_alone(desired: t.Sequence[Desired]) -> list[Problem]:
    """Return what is wrong with the entries themselves and between them."""
    found = [problem for entry in desired for problem in _entry(entry)]
    found += _twice(desired)
    found += _circular_parents(desired)
    return found


def problems_with_live(
    desired: t.Sequence[Desired], found: Found, deleted: t.Collection[str], *, existed: bool = False
) -> list[Problem]:
    """Return what is wrong with the entries next to the live tenants.

    Args:
        desired: entries without problems of their own.
        found: the live tenants.
        deleted: ids of the live tenants that the plan deletes.
        existed: the service itself had the entries as they are. What it lets an id be, and how many levels, is then
            not for these rules to say.
    """
    view = _View(desired, found, deleted, existed)
    problems: list[Problem] = []
    meant: dict[str, Desired] = {}
    for entry in desired:
        live = found.match(entry)
        if live and meant.setdefault(live.id, entry) is not entry:
            message = f"'{live.id}' ({live.name}) is also meant by {meant[live.id].where}: keep one of the entries."
            problems.append(Problem(entry.where, "id" if entry.id else "name", message))
        if entry.present:
            problems += _identity(entry, view)
            problems += _parent(entry, view)
            problems += _held(entry, view)
    for tenant in sorted(deleted):
        problems += _children(tenant, view)
    return problems


class _View:
    """The entries and the live tenants, looked up from both sides."""

    def __init__(self, desired: t.Sequence[Desired], found: Found, deleted: t.Collection[str], existed: bool) -> None:
        self.found = found
        self.deleted = deleted
        self.existed = existed
        self.entries = {entry.id: entry for entry in desired if entry.present and entry.id}
        #: the entry that manages a live tenant, by the live id
        self.managed = {live.id: entry for entry in desired if (live := found.match(entry)) and entry.present}

    def parent_of(self, tenant: str) -> str:
        """Return the id of a tenant's parent as it will be, or an empty string."""
        entry = self.entries.get(tenant)
        if tenant in self.found.tenants:
            return str(self.found.tenants[tenant].values["parent"])
        return str(entry.values.get("parent", "")) if entry else ""

    def keeps(self, tenant: str, field: str, value: str) -> bool:
        """Return whether a live tenant still has a name or domain (in lower case) after the plan."""
        if tenant in self.deleted:
            return False
        entry = self.managed.get(tenant)
        if entry is None or field not in entry.values:
            return True
        if field == "name":
            return entry.name == value
        return (field, value) in set(domains_of(entry.values))


def _entry(entry: Desired) -> t.Iterator[Problem]:
    def problem(field: str, message: str) -> Problem:
        return Problem(entry.where, field, message)

    if not entry.key:
        yield problem("id", "give an id or a name, or both.")
    if not entry.present:
        return
    if "name" in entry.values:
        name = entry.name
        if not 1 <= len(name) <= 100:
            yield problem("name", f"has {len(name)} characters: give 1 to 100.")
        elif name != name.strip() or not name.isprintable():
            yield problem("name", f"{name!r} begins or ends with a space or holds control characters: remove them.")
    for field in ("self_provisioning_domains", "domains"):
        for domain in entry.values.get(field, ()):
            reason = _not_a_domain(domain)
            if reason:
                yield problem(field, f"'{domain}' is not a valid DNS name: {reason}.")
    for key, value in entry.values.get("custom_attributes", {}).items():
        if not isinstance(value, (str, int, float, bool, type(None))) and not _is_plain_list(value):
            yield problem(
                "custom_attributes", f"'{key}' is a {type(value).__name__}: give text, a number, a boolean or a list."
            )
    for field, value in entry.values.items():
        if FIELDS[field].kind == "number" and value < 0:
            yield problem(field, f"{value} is negative: give 0 or more.")


def _is_plain_list(value: t.Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, (str, int, float, bool)) for item in value)


def _not_a_domain(domain: str) -> str:
    """Return why a text is not a DNS name, or an empty string."""
    if not domain.isascii():
        return "write international names in their xn-- form"
    if len(domain) > 253:
        return "it is longer than 253 characters"
    labels = domain.split(".")
    if len(labels) < 2:
        return "it has no dot"
    for label in labels:
        if not _LABEL.fullmatch(label):
            return f"the part '{label}' must be 1 to 63 letters, digits or inner hyphens"
    return "its last part is a number" if labels[-1].isdigit() else ""


def _twice(desired: t.Sequence[Desired]) -> t.Iterator[Problem]:
    first: dict[tuple[str, str], Desired] = {}
    for entry in desired:
        claims = [("id", entry.id)] if entry.id else []
        if "name" in entry.values and (entry.present or not entry.id):
            claims.append(("name", entry.name))
        if entry.present:
            claims += domains_of(entry.values)
        for claim in claims:
            other = first.setdefault(claim, entry)
            if other is not entry:
                field, value = claim
                yield Problem(entry.where, field, f"'{value}' is also that of {other.where}: it must be unique.")


def _circular_parents(desired: t.Sequence[Desired]) -> t.Iterator[Problem]:
    parents = {entry.key: str(entry.values.get("parent", "")) for entry in desired if entry.present}
    entries = {entry.key: entry for entry in desired}
    reported: set[str] = set()
    for start in parents:
        path = [start]
        while (parent := parents.get(path[-1], "")) and parent not in path:
            path.append(parent)
        if parent and start == parent and not reported & set(path):
            reported |= set(path)
            circle = " > ".join([*path, start])
            yield Problem(entries[start].where, "parent", f"the parents form a circle ({circle}): break it.")
        elif not parent and len(path) > MAX_LEVELS:
            yield _too_deep(entries[start], path)


def _too_deep(entry: Desired, path: list[str]) -> Problem:
    chain = " > ".join(reversed(path))
    return Problem(entry.where, "parent", f"{chain} has {len(path)} levels: at most {MAX_LEVELS} are allowed.")


def _identity(entry: Desired, view: _View) -> t.Iterator[Problem]:
    if view.found.match(entry):
        return
    if entry.id and not view.existed and not _NEW_ID.fullmatch(entry.id):
        yield Problem(entry.where, "id", f"no tenant has the id '{entry.id}', and {_ID_FORM}.")
    if not entry.name:
        yield Problem(entry.where, "name", f"is missing, and no tenant '{entry.id}' exists yet: give it a name.")


def _parent(entry: Desired, view: _View) -> t.Iterator[Problem]:
    if "parent" not in entry.values:
        return
    live = view.found.match(entry)
    parent = str(entry.values["parent"])
    if live:
        if live.values["parent"] != parent:
            change = f"is '{live.values['parent']}' and cannot be changed to '{parent}'"
            yield Problem(
                entry.where,
                "parent",
                f"{change}, because the service sets it only on creation: keep it, or delete the tenant first and "
                "create it anew.",
            )
        return
    if not parent:
        return
    if parent in view.deleted:
        message = f"'{parent}' is to be deleted by the same run: keep it, or choose another."
        yield Problem(entry.where, "parent", message)
    elif parent not in view.entries and parent not in view.found.tenants:
        yield Problem(entry.where, "parent", f"no tenant has the id '{parent}', and the list does not create it.")
    elif not view.existed:
        path = [entry.key, parent]
        while (above := view.parent_of(path[-1])) and above not in path:
            path.append(above)
        # A chain within the list alone has been reported already, before the first request.
        if len(path) > MAX_LEVELS and any(step in view.found.tenants for step in path):
            yield _too_deep(entry, path)


def _held(entry: Desired, view: _View) -> t.Iterator[Problem]:
    live = view.found.match(entry)
    own = live.id if live else None
    claims = [("name", entry.name)] if "name" in entry.values else []
    for field, value in [*claims, *domains_of(entry.values)]:
        index = view.found.by_name.get(value) if field == "name" else view.found.by_domain.get((field, value))
        if index is None or index == own or not view.keeps(index, field, value):
            continue
        holder = f"'{index}' ({view.found.tenants[index].name})"
        if field == "name" and not live:
            advice = f"give id: {index} to manage that tenant, or choose another name"
        elif index in view.managed:
            advice = f"take it from {view.managed[index].where} first"
        else:
            advice = "it is not in the list: remove it there, or here"
        yield Problem(entry.where, field, f"'{value}' is already that of the live tenant {holder}; {advice}.")


def _children(tenant: str, view: _View) -> t.Iterator[Problem]:
    left = sorted(child for child in view.found.children.get(tenant, ()) if child not in view.deleted)
    if left:
        name = view.found.tenants[tenant].name
        yield Problem(
            f"tenant '{tenant}' ({name})",
            "state",
            f"cannot be deleted while it has the sub-tenants {', '.join(left)}: delete those too, or keep it.",
        )
