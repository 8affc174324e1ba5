# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The files of backups: which there are, what they hold, whether they are intact, and deleting them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import pathlib
import re
import time
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._json import read_json

_ENDINGS = (".json", ".json.gz")

Summary = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Backup:
    """One file, without what it has saved.

    Attributes:
        path: where it is.
        size: bytes.
        made: when the backup was made, for a damaged one as far as it or its name tells, else when it was written.
        problem: what is wrong with it, or an empty string.
        summary: the document without its sections; of a damaged one what there is of it.
        written: when the file was written, in nanoseconds. It tells the order of those made in the same second.
    """

    path: pathlib.Path
    size: int
    made: datetime.datetime
    problem: str
    summary: Summary
    written: int = 0

    @property
    def intact(self) -> bool:
        """Whether everything that was saved is there."""
        return not self.problem

    @property
    def project(self) -> str | None:
        """Id of the project, None if the file does not tell."""
        project = self.summary.get("project")
        return _text(project.get("id")) if isinstance(project, dict) else None

    def _confirmed(self) -> str | None:
        """Return when all was last known to be as saved, None unless the file holds everything of something."""
        if not self.intact or not self.summary.get("complete"):
            return None
        written = datetime.datetime.fromtimestamp(self.written // 10**9, datetime.UTC)
        return backup.time_text(max(self.made, written))

    def as_result(self, now: datetime.datetime) -> dict[str, t.Any]:
        """Return it as users see it."""
        summary = self.summary
        project = summary.get("project")
        known = project if isinstance(project, dict) else {}
        counts, origin, version = summary.get("counts"), summary.get("origin"), summary.get("schema_version")
        return {
            "file": str(self.path),
            "created_at": backup.time_text(self.made),
            "last_confirmed": self._confirmed(),
            "age_days": round((now - self.made).total_seconds() / 86400, 2),
            "reason": _text(summary.get("reason")),
            "project": _text(known.get("id")),
            "project_name": _text(known.get("name")),
            "environment": _text(known.get("environment")),
            "counts": counts if isinstance(counts, dict) else {},
            "complete": summary["complete"] if isinstance(summary.get("complete"), list) else [],
            "size": self.size,
            "intact": self.intact,
            "problem": self.problem or None,
            "schema_version": version if isinstance(version, int) else None,
            "origin": origin if isinstance(origin, dict) else {},
        }


def read(path: pathlib.Path) -> backup.Document:
    """Return what a backup holds, after checking that it is whole.

    Raises:
        IdentityError: it cannot be read, is damaged, is no backup, or is from a newer version. The message does not
            name the file.
    """
    try:
        return backup.checked(read_json(str(path)))
    except RecursionError as error:
        raise IdentityError("bad_backup", "is damaged: it is nested too deeply") from error


def listing(folder: pathlib.Path, project_id: str | None = None) -> list[Backup]:
    """Return the backups in a folder, the newest first, damaged ones too. A folder that is not there has none.

    Args:
        folder: is looked at without the folders in it. Hidden files, among which are those that are being written,
            and JSON files of another kind are passed over.
        project_id: only those of this project, and damaged ones that do not tell.

    Raises:
        IdentityError: the folder cannot be read.
    """
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise IdentityError(
            "unreadable",
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            "Make it readable, or give another one as backup_dir.",
        ) from error
    candidates = (path for path in paths if path.name.endswith(_ENDINGS) and not path.name.startswith("."))
    found = [one for path in candidates if (one := look(path)) is not None]
    return sorted(
        (one for one in found if project_id is None or one.project in {None, project_id}),
        key=lambda one: (one.made, one.written, one.path.name),
        reverse=True,
    )


def last_known(folder: pathlib.Path, project_id: str, section: str) -> tuple[Backup, int] | None:
    """Return the newest backup by which a project has any objects of a section, and how many it then had.

    Backups do not tell what became of what was changed after them, but for what was about to be deleted.

    Raises:
        IdentityError: the folder cannot be read.
    """
    gone: set[str] = set()
    for each in listing(folder, project_id):
        content = read(each.path) if each.intact and section in each.summary.get("counts", {}) else {}
        items = content.get("sections", {}).get(section)
        if items is None:
            continue
        known = {key for key, item in items.items() if item is not None} - gone
        gone |= {name.removeprefix(f"{section}/") for name in content.get("deleting", ())}
        if known - gone:
            return each, len(known - gone)
        if section in content.get("complete", ()):
            return None
    return None


def look(path: pathlib.Path) -> Backup | None:
    """Return what a file is, None if it is no backup or is not there (any more)."""
    try:
        stat = path.stat()
        if not path.is_file():
            return None
    except OSError:
        return None
    summary: Summary = {}
    problem = ""
    try:
        content = read_json(str(path))
        if not isinstance(content, dict) or content.get("kind") != backup.BACKUP_KIND:
            return None
        summary = {name: value for name, value in content.items() if name not in {"sections", "checksums"}}
        backup.checked(content)
        summary["checksums"] = content["checksums"]
    except IdentityError as error:
        if not path.exists():
            return None
        problem = error.message.rstrip(".")
    except RecursionError:
        problem = "is damaged: it is nested too deeply"
    made = _time(summary.get("created_at"))
    if made is None:
        problem = problem or "is damaged: it does not say when it was made"
        made = _time_in_name(path.name) or datetime.datetime.fromtimestamp(stat.st_mtime, datetime.UTC)
    return Backup(path, stat.st_size, made, problem, summary, stat.st_mtime_ns)


def inside(folder: pathlib.Path, file: str) -> pathlib.Path:
    """Return the path of a file that is given by its name or its path, and must be in a folder.

    Raises:
        IdentityError: it is elsewhere.
    """
    path = folder / pathlib.Path(file).expanduser()
    if path.parent.resolve() != folder.resolve() or path.is_symlink() or path.name in {"", ".", ".."}:
        raise IdentityError(
            "bad_file",
            f"{file} is not a file in {folder}.",
            "Give a file that descope_backup_info lists, and the folder as backup_dir if it is not the default.",
        )
    return path


def delete(path: pathlib.Path) -> None:
    """Delete a file, if it is there.

    Raises:
        IdentityError: it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise IdentityError("not_deleted", f"{path} could not be deleted: {error.strerror or error}.") from error


def clean(folder: pathlib.Path) -> None:
    """Delete what is left of backups that were never finished. What cannot be deleted stays."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if path.name.startswith(".") and backup.is_leftover(path.name, time.time() - path.lstat().st_mtime):
                    path.unlink()


def _time(value: object) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(value) if isinstance(value, str) else None
        # Only a time with a zone can be compared, and only one far from the ends can be calculated with.
        return found.astimezone(datetime.UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _time_in_name(name: str) -> datetime.datetime | None:
    match = re.match(r"[0-9]{8}T[0-9]{6}Z(?=-)", name)
    return _time(match[0]) if match else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
