# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Backups: one self-describing JSON document per file, written so that there is never half of one.

The document's fields are those of the collection's design: C(schema_version), C(kind), C(created_at), C(reason),
C(project), C(origin), C(counts), C(sections) and C(checksums), and where there is anything to tell C(complete),
C(masked) and C(deleting). Nothing secret is ever in it.
"""

from __future__ import annotations

import datetime
import getpass
import gzip
import hashlib
import json
import os
import pathlib
import re
import secrets
import shlex
import socket
import tempfile
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import SINGLE, masked, without_key
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._local import git, sync_folder
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION

BACKUP_KIND = "pcc.identity/backup"
SCHEMA_VERSION = 1

#: Bytes from which on a backup is compressed.
COMPRESS_ABOVE = 1_000_000

#: Seconds after which nothing is still being written.
_HOUR = 3600.0

Document = dict[str, t.Any]


def default_folder(project_id: str) -> pathlib.Path:
    """Return where the backups of a project are kept: C(~/.local/state/pcc-identity/backups/PROJECT)."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return pathlib.Path(state).expanduser() / "pcc-identity" / "backups" / project_id


def document(
    sections: t.Mapping[str, t.Any],
    *,
    reason: str,
    project: t.Mapping[str, t.Any],
    origin: t.Mapping[str, t.Any],
    now: datetime.datetime,
    complete: t.Collection[str] = (),
    masked: t.Collection[str] = (),
    deleting: t.Collection[str] = (),
    partial: t.Collection[str] = (),
) -> Document:
    """Return a backup document. Pure.

    Args:
        sections: what was saved, by section; flows and the like by id. An entry that is None says that there was no
            such object at the time.
        reason: why it was made, for people.
        project: C(id), and C(name) and C(environment) where they are known.
        origin: who and what made it.
        now: the time, with a time zone.
        complete: sections that hold all there was. What is not in one of these was not there; of the others nothing
            can be said about what they do not hold.
        masked: objects (C(SECTION/ID)) in which the management key stood, and was replaced.
        deleting: objects (C(SECTION/ID)) that were deleted right after, if all went well.
        partial: objects (C(SECTION/ID)) of which only a part was saved, enough to undo a change but not to create them.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": BACKUP_KIND,
        "created_at": time_text(now),
        "reason": reason,
        "project": {"id": "", "name": None, "environment": None, **project},
        "origin": dict(origin),
        "counts": counts(sections),
        **({"complete": sorted(complete)} if complete else {}),
        **({"masked": sorted(masked)} if masked else {}),
        **({"deleting": sorted(deleting)} if deleting else {}),
        **({"partial": sorted(partial)} if partial else {}),
        "sections": dict(sections),
        "checksums": {name: checksum(items) for name, items in sections.items()},
    }


def time_text(when: datetime.datetime) -> str:
    """Return a time as backups have it: RFC 3339, UTC, to the second."""
    return when.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def counts(sections: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return how many objects each section holds."""
    return {name: 1 if name in SINGLE else len(items) for name, items in sections.items()}


def checksum(section: object) -> str:
    """Return the SHA-256 of a section over canonical JSON: keys sorted, no blanks, UTF-8."""
    text = json.dumps(section, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # JavaScript may leave half a character in a text, which Python's UTF-8 refuses.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def origin(playbook: str | None = None) -> dict[str, t.Any]:
    """Return who makes a backup, from where: user, host, and the commit of the playbook's repository."""
    folder = os.path.abspath(playbook) if playbook else os.getcwd()
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    commit = git(folder, "rev-parse", "HEAD")
    dirty = git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "tool_version": VERSION,
        "user": _user(),
        "host": socket.gethostname(),
        "git_commit": commit or None,
        "git_dirty": bool(dirty) if commit else None,
        "playbook": playbook,
    }


def before(
    sections: t.Mapping[str, t.Mapping[str, t.Any]],
    *,
    reason: str,
    connection: Connection,
    options: t.Mapping[str, t.Any],
    label: str,
    deleting: t.Collection[str] = (),
    partial: t.Collection[str] = (),
) -> pathlib.Path:
    """Save what a module is about to change, and return the new file.

    Args:
        sections: the objects as they are, by section; None for those that are about to be created.
        reason: what is about to happen.
        connection: to the project.
        options: of the module, with C(backup_dir) and C(playbook).
        label: what it holds, for the file's name.
        deleting: objects (C(SECTION/ID)) that are about to be deleted.
        partial: objects (C(SECTION/ID)) of which only a part is saved.

    Raises:
        IdentityError: it could not be written. Nothing must be changed then.
    """
    key = connection.management_key
    clean, changed = without_key(sections, key)
    content = document(
        clean,
        reason=masked(reason, key),
        project={"id": connection.project_id},
        origin=origin(options["playbook"]),
        now=datetime.datetime.now(datetime.UTC),
        masked=changed,
        deleting=masked(list(deleting), key),
        partial=masked(list(partial), key),
    )
    return write(folder_of(options["backup_dir"], connection.project_id), content, label)


def folder_of(backup_dir: str | None, project_id: str) -> pathlib.Path:
    """Return the folder of a project's backups."""
    return pathlib.Path(backup_dir).absolute() if backup_dir else default_folder(project_id)


def write(
    folder: pathlib.Path, content: Document, label: str, *, consequence: str = "Nothing was sent to the service."
) -> pathlib.Path:
    """Write a document to a new file that only its owner can read.

    The file appears under its name only when it is whole and on the disk. A large one is compressed.

    Args:
        folder: made if it is not there.
        content: of L(document).
        label: what it holds, for its name.
        consequence: what to tell besides if it cannot be written.

    Raises:
        IdentityError: it could not be written.
    """
    stamp = content["created_at"].replace("-", "").replace(":", "")
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    data = text.encode(errors="surrogatepass")
    ending = ".json"
    if len(data) > COMPRESS_ABOVE:
        data, ending = gzip.compress(data, mtime=0), ".json.gz"
    path = folder / f"{stamp}-{label}-{secrets.token_hex(4)}{ending}"
    temporary = ""
    try:
        make_folder(folder)
        handle, temporary = tempfile.mkstemp(prefix=temporary_prefix(path.name), dir=folder)  # made with mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(folder)
    except BaseException as error:
        if temporary:
            pathlib.Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise _cannot_write(folder, error, consequence) from error
    return path


def make_folder(folder: pathlib.Path) -> None:
    """Make a folder for backups, for its owner alone, if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_folder(folder: pathlib.Path, *, consequence: str) -> None:
    """Make a folder for backups if it is not there, and be sure that something can be written to it.

    Raises:
        IdentityError: it cannot.
    """
    try:
        make_folder(folder)
        with tempfile.NamedTemporaryFile(prefix=temporary_prefix("check"), dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(folder, error, consequence) from error


def temporary_prefix(name: str) -> str:
    """Return what the name of a file that is being written starts with. It tells the process, for L(is_leftover)."""
    return f".{name}.{_host_tag()}-{os.getpid()}."


def is_leftover(name: str, seconds_old: float) -> bool:
    """Return whether a file is what is left of a backup that was never finished: its process is gone, or it is old."""
    match = re.fullmatch(r"\..+\.(?P<host>[0-9a-f]{8})-(?P<process>[0-9]{1,9})\.[^.]+", name)
    if match is None:
        return False
    return seconds_old > _HOUR or (match["host"] == _host_tag() and not _runs(int(match["process"])))


def checked(value: object) -> Document:
    """Return a backup document after checking that it is one, whole, and not from a newer version.

    Raises:
        IdentityError: it is not. The message does not name the file.
    """
    if not isinstance(value, dict) or value.get("kind") != BACKUP_KIND:
        raise IdentityError("bad_backup", f"is not a backup: 'kind' is not {BACKUP_KIND}")
    version = value.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise IdentityError("bad_backup", "is damaged: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise IdentityError(
            "newer_backup",
            f"has schema_version {version}; this version of the collection reads up to {SCHEMA_VERSION}",
            "Upgrade the pcc.identity collection.",
        )
    project = value.get("project")
    if not isinstance(project, dict) or not isinstance(project.get("id"), str):
        raise IdentityError("bad_backup", "is damaged: it does not say of which project it is")
    sections, sums = value.get("sections"), value.get("checksums")
    if not isinstance(sections, dict) or not isinstance(sums, dict) or set(sections) != set(sums):
        raise IdentityError("bad_backup", "is damaged: sections and checksums do not match")
    for name, items in sections.items():
        if checksum(items) != sums[name]:
            raise IdentityError("bad_backup", f"is damaged: the checksum of its section '{name}' is wrong")
    return value


def command(playbook: str, values: t.Mapping[str, str | list[str]]) -> str:
    """Return the command that runs a playbook with extra variables, for people to paste into a shell."""
    words = ["ansible-playbook", playbook]
    for name, value in values.items():
        # Ansible splits NAME=VALUE at blanks; JSON is safe for anything.
        plain = f"{name}={value}"
        words += ["-e", plain if isinstance(value, str) and shlex.quote(plain) == plain else json.dumps({name: value})]
    return shlex.join(words)


def _cannot_write(folder: pathlib.Path, error: OSError, consequence: str) -> IdentityError:
    return IdentityError(
        "backup_failed",
        f"The backup could not be written to {folder}: {error.strerror or error}. {consequence}".rstrip(),
        "Make the folder writable, or give another one as backup_dir.",
    )


def _host_tag() -> str:
    """Return what stands for this machine in names; processes of others cannot be looked for."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
