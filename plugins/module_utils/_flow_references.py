# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Connectors and roles that a flow refers to, by name, and their ids in the project it is deployed to. Pure.

An export names them under C(references) with the ids of the project it comes from; those ids stand all over the flow.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import Definition

KINDS = ("connectors", "roles")

Names = dict[str, dict[str, str]]

#: Ids as real exports have them: connectors start with CI, roles with ROL, and 27 letters and digits follow (contract
#: 3.3, S). Words in capitals are none.
_ID = {
    "connectors": re.compile(r"CI(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}"),
    "roles": re.compile(r"ROL(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}"),
}
#: The least that an id under C(references) must be like, so that replacing it cannot hit ordinary words.
_ANY_ID = re.compile(r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{10,}")


@dataclasses.dataclass
class Known:
    """What a project has.

    Attributes:
        ids: for each of L(KINDS), id by name.
        complete: the kinds of which C(ids) holds all there are; of others, those that were seen.
    """

    ids: Names = dataclasses.field(default_factory=lambda: {kind: {} for kind in KINDS})
    complete: set[str] = dataclasses.field(default_factory=set)

    def add(self, definition: Definition) -> None:
        """Learn from a flow that the project itself exported."""
        for kind, names in referenced(definition).items():
            for name, object_id in names.items():
                if object_id:
                    self.ids[kind].setdefault(name, object_id)


def referenced(definition: Definition) -> Names:
    """Return the names and ids under C(references) of a definition, for each of L(KINDS)."""
    references = definition.get("references") or {}
    found: Names = {}
    for kind in KINDS:
        names = references.get(kind)
        found[kind] = {str(name): str(value or "") for name, value in names.items()} if isinstance(names, dict) else {}
    return found


def is_known(kind: str, name: str, known: Known) -> bool:
    """Return whether a connector or role needs no looking up: it is known by name, or given as an id."""
    return name in known.ids[kind] or bool(_ID[kind].fullmatch(name))


def missing(definition: Definition, known: Known, maps: Names) -> Names:
    """Return the referenced names, as mapped, that are not known yet."""
    found: Names = {kind: {} for kind in KINDS}
    for kind, names in referenced(definition).items():
        for name, old in names.items():
            target = _target(name, old, maps.get(kind, {}))
            if not is_known(kind, target, known):
                found[kind][name] = target
    return found


def mapped_ids(definition: Definition, maps: Names) -> Names:
    """Return the mapped ids that stand in a definition and are named nowhere in it, and their targets."""
    text = _strings({**definition, "references": {}})
    found: Names = {kind: {} for kind in KINDS}
    for kind, names in referenced(definition).items():
        for old, target in maps.get(kind, {}).items():
            if _ID[kind].fullmatch(old) and old not in names.values() and old in text:
                found[kind][old] = target
    return found


def resolve(definition: Definition, known: Known, maps: Names, project: str) -> tuple[Definition, list[str]]:
    """Return a definition for the target project, and what stands in the way.

    Args:
        definition: with the ids of the project that it comes from.
        known: what the target project has.
        maps: for each of L(KINDS), the target's name or id by the name (or id) that the definition has.
        project: the target's id, for messages.

    Returns:
        The definition with all ids replaced, in one step, so that two can swap; and a text for each name that the
        target does not have.
    """
    replaced: dict[str, str] = {}
    problems: list[str] = []
    references = dict(definition.get("references") or {})
    bare = {**definition, "references": {}}
    by_id = mapped_ids(definition, maps)
    for kind, names in referenced(definition).items():
        result = {}
        for name, old in names.items():
            if old and not _ANY_ID.fullmatch(old):
                problems.append(f"has '{old}' under references as the id of the {kind[:-1]} '{name}', which is none.")
                continue
            target = _target(name, old, maps.get(kind, {}))
            new = _id_of(kind, target, known)
            if new is None:
                problems.append(_unknown(kind, name, target, known, project))
                continue
            # Under the target's name: that is what the target's own export says.
            label = next((label for label, value in known.ids[kind].items() if value == new), target)
            result[label] = new
            if old:
                replaced[old] = new
        if names:
            references[kind] = result
        for old, target in by_id[kind].items():
            new = _id_of(kind, target, known)
            if new is None:
                problems.append(_unknown(kind, old, target, known, project))
            else:
                replaced[old] = new
    return {**rewrite(bare, replaced), "references": references}, problems


def unnamed(definition: Definition, known: Known, live: Definition | None) -> dict[str, list[str]]:
    """Return the ids in a definition that nothing names and the live flow does not have, for each of L(KINDS).

    Whether the project has them cannot be told from here.
    """
    text = _strings(definition)
    there = _strings(live) if live else ""
    found = {}
    for kind in KINDS:
        named = set(known.ids[kind].values()) | set(referenced(definition)[kind].values())
        ids = set(re.findall(rf"(?<![A-Za-z0-9]){_ID[kind].pattern}(?![A-Za-z0-9])", text))
        found[kind] = sorted(item for item in ids if item not in named and item not in there)
    return found


def rewrite(value: t.Any, replaced: t.Mapping[str, str]) -> t.Any:
    """Return a JSON value with ids replaced wherever they stand in a text or a key as a whole word."""
    changes = {old: new for old, new in replaced.items() if old and old != new}
    if not changes:
        return value
    words = "|".join(re.escape(old) for old in sorted(changes, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")

    def walk(item: t.Any) -> t.Any:
        if isinstance(item, str):
            return pattern.sub(lambda match: changes[match.group()], item)
        if isinstance(item, list):
            return [walk(inner) for inner in item]
        if isinstance(item, dict):
            return {walk(key): walk(inner) for key, inner in item.items()}
        return item

    return walk(value)


def names_by_id(definition: Definition, kind: str) -> dict[str, str]:
    """Return the names under C(references) of the connectors or roles, by id."""
    return {object_id: name for name, object_id in referenced(definition)[kind].items() if object_id}


def used(definition: t.Mapping[str, t.Any], kind: str, names: t.Mapping[str, str] | None = None) -> list[str]:
    """Return the names (or, unnamed, the ids) of the connectors or roles whose id stands in the flow, sorted.

    Args:
        definition: of the flow, or its normal form if C(names) are given.
        kind: one of L(KINDS).
        names: by id, those that the definition has under C(references) if not given.
    """
    text = _strings({**definition, "references": {}})
    names = names_by_id(dict(definition), kind) if names is None else names
    found = set(re.findall(rf"(?<![A-Za-z0-9]){_ID[kind].pattern}(?![A-Za-z0-9])", text))
    found |= {item for item in names if re.search(rf"(?<![A-Za-z0-9]){re.escape(item)}(?![A-Za-z0-9])", text)}
    return sorted(names.get(item, item) for item in found)


def _target(name: str, old: str, mapped: t.Mapping[str, str]) -> str:
    """Return what to use for a connector or role: as mapped by its name, or else by its id, or else its own name."""
    return mapped.get(name) or (old and mapped.get(old)) or name


def _id_of(kind: str, target: str, known: Known) -> str | None:
    return known.ids[kind].get(target) or (target if _ID[kind].fullmatch(target) else None)


def _strings(value: object) -> str:
    """Return all texts and keys in a JSON value, for searching."""
    parts: list[str] = []
    left: list[t.Any] = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            parts.append(item)
        elif isinstance(item, dict):
            left += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            left += item
    return "\n".join(parts)


def _unknown(kind: str, name: str, target: str, known: Known, project: str) -> str:
    word = kind[:-1]
    mapped = f" (mapped from '{name}')" if target != name else ""
    names = ", ".join(sorted(known.ids[kind])) or "none"
    if kind in known.complete:
        there = f"it has {names}"
    else:
        there = f"those seen in it are {names} (the service has no list of {kind} to ask)"
    return (
        f"refers to the {word} '{target}'{mapped}, which project {project} does not have; {there}. Create it there, or "
        f"map the name with {kind}: {{'{name}': NAME_OR_ID}}."
    )
