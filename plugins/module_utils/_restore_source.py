# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Which backup is restored, and what of it: finding the file, refusing what must not be restored, choosing objects."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    OPTIONAL,
    PERMISSIONS,
    ROLES_SECTION,
    SECTIONS,
    TENANTS,
)
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import MASK
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._report import some

LATEST = "latest"

#: What the reason of the backups begins with that a restore makes of what it is about to change.
REASON = "before a restore of "

#: Sections that hold several objects, which can be chosen one by one.
MANY = (TENANTS, FLOWS, ROLES_SECTION, PERMISSIONS)

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the options ask for.

    Attributes:
        sections: those that are named, None for all that a backup has but the snapshot.
        only: ids to limit a section to.
        prune: delete what was not there.
    """

    sections: tuple[str, ...] | None
    only: t.Mapping[str, t.Sequence[str]]
    prune: bool

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> Choice:
        """Return what a module's options ask for. Ids alone choose their sections as well."""
        only = {name: list(dict.fromkeys(options[name])) for name in MANY if options[name] is not None}
        named = options["sections"]
        if named is None and only:
            named = list(only)
        sections = None if named is None else tuple(name for name in SECTIONS if name in named)
        return cls(sections, only, options["prune"])

    @property
    def asked(self) -> tuple[str, ...]:
        """The sections that a backup must have."""
        return self.sections or tuple(name for name in SECTIONS if name != OPTIONAL)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What of a backup is to be restored.

    Attributes:
        project: the project of the backup.
        here: whether that is the project that it is restored to.
        sections: in the order of L(SECTIONS).
        content: by section what was saved; of the sections with several objects only the chosen ones, None for what
            there was not.
        complete: sections whose live objects that are not in C(content) were not there when the backup was made.
        whole: sections of which all is chosen.
        masked: objects (C(SECTION/ID), or C(SECTION)) in which the management key stood.
        prune: delete what was not there.
        partial: objects (C(SECTION/ID)) of which only a part was saved.
    """

    project: str
    here: bool
    sections: tuple[str, ...]
    content: Json
    complete: frozenset[str]
    whole: frozenset[str]
    masked: frozenset[str]
    prune: bool
    partial: frozenset[str] = frozenset()

    def saved(self, section: str) -> dict[str, Json | None]:
        """Return the chosen objects of a section, none if it is not to be restored."""
        return t.cast(dict[str, Json | None], self.content.get(section) or {}) if section in self.sections else {}

    def is_masked(self, section: str, key: str = "") -> bool:
        """Return whether the management key stood in an object."""
        return (f"{section}/{key}" if key else section) in self.masked

    def is_partial(self, section: str, key: str) -> bool:
        """Return whether only a part of an object was saved."""
        return f"{section}/{key}" in self.partial


def find(srcs: t.Sequence[str], folder: pathlib.Path, project_id: str, choice: Choice) -> list[pathlib.Path]:
    """Return the files to restore, see L(find_one) for each of them."""
    return [find_one(src, folder, project_id, choice) for src in srcs]


def combined(documents: t.Sequence[Json]) -> Json:
    """Return several backups as one; where two have the same object, the one that is named first counts. Pure.

    Where that one has only a part of an object, the rest is what the next one has that has the whole.

    What each of the steps of a run has saved is together what there was before the run. No section of it is complete.
    """
    if len(documents) == 1:
        return documents[0]
    sections: Json = {}
    masked: set[str] = set()
    partial: set[str] = set()
    for document in documents:
        marks = set(map(str, document.get("masked", ())))
        for name, items in document["sections"].items():
            if name in MANY and _is_section(items):
                section = sections.setdefault(name, {})
                fresh = {key: item for key, item in items.items() if key not in section}
                section.update(fresh)
                masked |= marks & {f"{name}/{key}" for key in fresh}
                short = set(map(str, document.get("partial", ())))
                for key, item in items.items():
                    place = f"{name}/{key}"
                    if place in partial and place not in short and item is not None:
                        section[key] = {**item, **section[key]}
                        partial.remove(place)
                        masked |= marks & {place}
                partial |= short & {f"{name}/{key}" for key in fresh}
            elif name not in sections:
                sections[name] = items
                masked |= marks & {name}
    return {**documents[0], "sections": sections, "complete": [], "masked": sorted(masked), "partial": sorted(partial)}


def find_one(src: str, folder: pathlib.Path, project_id: str, choice: Choice) -> pathlib.Path:
    """Return the file to restore.

    Args:
        src: a path, the name of a file in the folder, or C(latest).
        folder: of the project's backups.
        project_id: only its backups can be the latest.
        choice: what the file must hold.

    Raises:
        IdentityError: there is none.
    """
    if src != LATEST:
        path = pathlib.Path(src).expanduser()
        in_folder = folder / path
        return in_folder if not path.exists() and in_folder.exists() else path.absolute()
    listed = files.listing(folder, project_id)
    found = [one for one in listed if one.intact and one.project == project_id]
    for one in found:
        if all(name in one.summary.get("complete", ()) for name in choice.asked):
            return one.path
    # What a restore saved itself would undo it: run twice, a restore of the latest backup must do nothing.
    others = [one for one in found if not str(one.summary.get("reason") or "").startswith(REASON)]
    # What has only a part of an object is second choice: it cannot bring back one that is gone.
    for whole in (True, False):
        for one in others:
            if not (whole and _has_parts(one, choice)) and _holds(one, choice):
                return one.path
    damaged = [one.path.name for one in listed if not one.intact]
    what = ", ".join(choice.asked) + "".join(f"; {name} {some(list(ids))}" for name, ids in choice.only.items())
    there = f"there are {len(found)} intact backups of it" if found else "there is no intact backup of it"
    raise IdentityError(
        "no_backup",
        f"No backup of project {project_id} in {folder} holds what is asked for ({what}): {there}"
        + (f", and damaged ones: {some(damaged)}" if damaged else "")
        + ".",
        "Look at what there is with descope_backup_info, and name a file with src, or choose less with sections.",
    )


def _has_parts(one: files.Backup, choice: Choice) -> bool:
    """Return whether a backup has only a part of something that is chosen."""
    marks = [str(mark).partition("/") for mark in one.summary.get("partial", ())]
    return any(name in choice.asked and key in choice.only.get(name, [key]) for name, _slash, key in marks)


def elsewhere(
    folder: pathlib.Path, project_id: str, chosen: t.Collection[pathlib.Path], section: str, identifier: str
) -> str:
    """Return the name of the newest other intact backup of a project in which an object is, or an empty string."""
    for one in files.listing(folder, project_id):
        known = one.intact and one.project == project_id and section in one.summary.get("counts", {})
        if known and one.path not in chosen:
            items = files.read(one.path)["sections"][section]
            if _is_section(items) and items.get(identifier) is not None:
                return one.path.name
    return ""


def _holds(one: files.Backup, choice: Choice) -> bool:
    if not all(name in one.summary.get("counts", {}) for name in choice.asked):
        return False
    if not choice.only:
        return True
    sections = files.read(one.path)["sections"]
    return all(identifier in sections[name] for name, ids in choice.only.items() for identifier in ids)


def load(path: pathlib.Path, project_id: str, *, allow_other_project: bool) -> Json:
    """Return a backup document that may be restored to a project.

    Raises:
        IdentityError: it is damaged, from a newer version, no backup, or of another project.
    """
    try:
        document = files.read(path)
    except IdentityError as error:
        code, hint = error.code, error.hint
        if code in {"unreadable", "bad_backup"}:
            code = "bad_backup" if path.exists() else "no_backup"
            hint = "Choose another file: descope_backup_info lists those that are intact."
        raise IdentityError(
            code, f"{path} {error.message.rstrip('.')}. Nothing was sent to the service.", hint
        ) from error
    project = document["project"]["id"]
    if project != project_id and not allow_other_project:
        raise IdentityError(
            "other_project",
            f"{path} is the backup of project {project}, not of {project_id}. Nothing was sent to the service.",
            "Choose a backup of this project, or set allow_other_project: true if that is meant.",
        )
    return document


def select(
    document: Json,
    choice: Choice,
    project_id: str,
    look_elsewhere: t.Callable[[str, str], str] = lambda _section, _identifier: "",
) -> Wanted:
    """Return what of a backup is to be restored. Pure, but for C(look_elsewhere).

    Args:
        document: the backup.
        choice: what is asked for.
        project_id: that it is restored to.
        look_elsewhere: returns the name of another backup that has an object, for advice; or an empty string.

    Raises:
        Problems: something is asked for that the backup does not hold.
    """
    held = document["sections"]
    sections = choice.sections
    if sections is None:
        sections = tuple(name for name in SECTIONS if name in held and name != OPTIONAL)
    complete = {name for name in document.get("complete", ()) if name in held}
    problems = [
        Problem("", "sections", f"the backup holds no {name}; it has {', '.join(sorted(held)) or 'nothing'}.")
        for name in sections
        if name not in held
    ]
    content: Json = {}
    for name in sections:
        items = held.get(name)
        if name in MANY and items is not None and not _is_section(items):
            problems.append(Problem("", "src", f"the section {name} of the backup is not by id: the file was edited."))
        elif name in choice.only and items is not None:
            content[name], wrong = _chosen(name, items, choice, name in complete, look_elsewhere)
            problems += wrong
        elif items is not None:
            content[name] = items
    if problems:
        raise Problems(problems, hint="Look at what the backup holds with descope_backup_info.")
    whole = frozenset(name for name in sections if name not in choice.only)
    return Wanted(
        project=document["project"]["id"],
        here=document["project"]["id"] == project_id,
        sections=sections,
        content=content,
        complete=frozenset(complete & whole),
        whole=whole,
        masked=frozenset(map(str, document.get("masked", ()))),
        prune=choice.prune,
        partial=frozenset(map(str, document.get("partial", ()))),
    )


def _is_section(items: object) -> bool:
    return isinstance(items, dict) and all(item is None or isinstance(item, dict) for item in items.values())


def _chosen(
    name: str, items: Json, choice: Choice, complete: bool, look_elsewhere: t.Callable[[str, str], str]
) -> tuple[Json, list[Problem]]:
    """Return the objects of the chosen ids, and what is wrong with these.

    What a complete section does not hold was not there; that only matters, and is only meant, if it is to be deleted.
    """
    found: Json = {}
    problems = []
    for identifier in choice.only[name]:
        if identifier in items or (complete and choice.prune):
            found[identifier] = items.get(identifier)
        else:
            text = f"the backup holds no '{identifier}'; it has {some(sorted(items)) or 'none'}."
            if other := look_elsewhere(name, identifier):
                text += f" The newest that has it is {other}: give that as src."
            problems.append(Problem("", name, text))
    return found, problems


def masked_reason() -> str:
    """Return why an object is not restored in which the management key stood."""
    return (
        f"the management key stood in it and is not in the backup ('{MASK}' stands in its place). Restoring it would "
        "put that text there: set it up by hand, without the key."
    )
