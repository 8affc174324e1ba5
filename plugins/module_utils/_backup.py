# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Backups: one self-describing JSON document per file, written so that there is never half of one.

The document's fields are those of the collection's design: C(schema_version), C(kind), C(created_at), C(reason),
C(project), C(origin), C(counts), C(sections) and C(checksums). Nothing secret is ever in it.
"""

from __future__ import annotations

import datetime
import getpass
import hashlib
import json
import os
import pathlib
import secrets
import shlex
import socket
import subprocess
import tempfile
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import BACKUP_KIND
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION

SCHEMA_VERSION = 1

#: Sections that hold one object; the others hold several, by id.
_SINGLE = frozenset({"theme", "snapshot"})

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
) -> Document:
    """Return a backup document. Pure.

    Args:
        sections: what was saved, by section; flows and the like by id. An entry that is None says that there was no
            such object at the time.
        reason: why it was made, for people.
        project: C(id), and C(name) and C(environment) where they are known.
        origin: who and what made it.
        now: the time, with a time zone.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": BACKUP_KIND,
        "created_at": now.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "reason": reason,
        "project": {"id": "", "name": None, "environment": None, **project},
        "origin": dict(origin),
        "counts": {name: 1 if name in _SINGLE else len(items) for name, items in sections.items()},
        "sections": dict(sections),
        "checksums": {name: checksum(items) for name, items in sections.items()},
    }


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
    commit = _git(folder, "rev-parse", "HEAD")
    dirty = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "tool_version": VERSION,
        "user": _user(),
        "host": socket.gethostname(),
        "git_commit": commit or None,
        "git_dirty": bool(dirty) if commit else None,
        "playbook": playbook,
    }


def write(folder: pathlib.Path, content: Document, label: str) -> pathlib.Path:
    """Write a document to a new file that only its owner can read.

    The file appears under its name only when it is whole and on the disk.

    Args:
        folder: made if it is not there.
        content: of L(document).
        label: what it holds, for its name.

    Raises:
        IdentityError: it could not be written.
    """
    stamp = content["created_at"].replace("-", "").replace(":", "")
    path = folder / f"{stamp}-{label}-{secrets.token_hex(4)}.json"
    temporary = ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)  # made with mode 0600
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            json.dump(content, file, indent=1, sort_keys=True, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(folder)
    except BaseException as error:
        if temporary:
            pathlib.Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise IdentityError(
            "backup_failed",
            f"The backup could not be written to {folder}: {error.strerror or error}. Nothing was sent to the service.",
            "Make the folder writable, or give another one as backup_dir.",
        ) from error
    return path


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


def command(playbook: str, values: t.Mapping[str, str]) -> str:
    """Return the command that runs a playbook with extra variables, for people to paste into a shell."""
    words = ["ansible-playbook", playbook]
    for name, value in values.items():
        # Ansible splits NAME=VALUE at blanks; JSON is safe for anything.
        plain = f"{name}={value}"
        words += ["-e", plain if shlex.quote(plain) == plain else json.dumps({name: value})]
    return shlex.join(words)


def _git(folder: str, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def _sync_folder(folder: pathlib.Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
