# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""The audit log: JSON lines of which each carries the hash of the one before, and the check of that chain.

The log at C(PATH) consists of these files, all in one folder:

- C(PATH): the newest lines.
- C(PATH.NUMBER): older lines; NUMBER is that of the file's first line.
- C(PATH.head): number and hash of the last line, so that lines cut off at the end are missed.
- C(PATH.lock): held while any of them is read or written.

A line is canonical JSON (keys sorted, no blanks, ASCII), so that a change of a single byte of it shows. Its C(hash) is
the SHA-256 of the same without C(hash); C(seq) counts the lines from 1, across files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import re
import shlex
import tempfile
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._local import sync_folder

SCHEMA_VERSION = 1

#: How much is read at once when the last line of a file is looked for.
_BLOCK = 8192

Entry = dict[str, t.Any]

#: A file's name, and its lines with their line ends.
Lines = tuple[str, t.Iterable[bytes]]


class Mark(t.NamedTuple):
    """A place in a log: the number of a line, and its hash."""

    seq: int
    hash: str


#: What the first line of all stands behind.
GENESIS = Mark(0, "0" * 64)


class Head(t.NamedTuple):
    """What the head file says: the last line, and the line before the oldest one that is kept."""

    last: Mark
    first: Mark = GENESIS


class Break(t.NamedTuple):
    """A place where a chain is broken.

    Attributes:
        file: name of the file.
        line: number of the line in that file, from 1. For lines cut off at the end, the last one there is.
        message: what is wrong there.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


class Report(t.NamedTuple):
    """The result of a check.

    Attributes:
        last: the last line that is as it was written, as far as it can be told.
        lines: how many lines there are.
        files: names of the files, oldest first.
        breaks: everything that is wrong, in the order of the log.
        notes: what is worth knowing, but no damage.
    """

    last: Mark
    lines: int
    files: list[str]
    breaks: list[Break]
    notes: list[str]


# -- lines -------------------------------------------------------------------------------------------------------------


def canonical(value: t.Mapping[str, t.Any]) -> bytes:
    """Return an object as bytes, always the same ones."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def hash_of(entry: t.Mapping[str, t.Any]) -> str:
    """Return the hash that a line has to carry."""
    return hashlib.sha256(canonical({key: value for key, value in entry.items() if key != "hash"})).hexdigest()


def linked(fields: t.Mapping[str, t.Any], before: Mark) -> Entry:
    """Return the line that follows another."""
    entry = {**fields, "schema_version": SCHEMA_VERSION, "seq": before.seq + 1, "previous": before.hash}
    return {**entry, "hash": hash_of(entry)}


def parse(raw: bytes) -> tuple[Entry | None, str]:
    """Return a line that is as it was written, or None and what is wrong with it.

    Args:
        raw: the line with its line end.
    """
    if not raw.endswith(b"\n"):
        return None, "is not complete"
    try:
        entry = json.loads(raw[:-1])
        same = isinstance(entry, dict) and canonical(entry) == raw[:-1]
    except (ValueError, RecursionError):
        return None, "is no line of an audit log"
    if not isinstance(entry, dict) or not {"seq", "previous", "hash"} <= set(entry):
        return None, "is no line of an audit log"
    if not same or not _is_number(entry["seq"]) or hash_of(entry) != entry["hash"]:
        return None, "was changed: its hash does not fit what it says"
    version = entry.get("schema_version")
    if version != SCHEMA_VERSION:
        return None, f"has schema_version {version}, which this version of the collection does not know"
    return entry, ""


def mark_of(entry: Entry) -> Mark:
    """Return the place of a line."""
    return Mark(entry["seq"], entry["hash"])


# -- the check ---------------------------------------------------------------------------------------------------------


class _Check:
    """Walks along a chain. After a break it goes on from what it finds, so that later ones are told as well."""

    def __init__(self, wanted: t.Iterable[Mark]) -> None:
        self.wanted: dict[int, set[str]] = {}
        for mark in wanted:
            self.wanted.setdefault(mark.seq, set()).add(mark.hash)
        #: The place that the next line has to follow; the hash is empty where it is not known.
        self.at = GENESIS
        self.last = GENESIS
        self.lines = 0
        self.file, self.line = "", 0
        #: Where the lines were seen that had to be there.
        self.seen: dict[int, tuple[str, int]] = {}
        self.breaks: list[Break] = []

    def broken(self, message: str) -> None:
        self.breaks.append(Break(self.file, self.line, message))

    def walk(self, file: str, lines: t.Iterable[bytes], first: Mark) -> None:
        """Check one file.

        Args:
            first: where older lines may have been removed on purpose.
        """
        self.file, self.line = file, 0
        for number, raw in enumerate(lines, 1):
            self.line = number
            self.lines += 1
            entry, problem = parse(raw)
            if entry is None:
                self.broken(problem)
                self.at = Mark((first if self.lines == 1 else self.at).seq + 1, "")
                self.seen[self.at.seq] = (file, number)
                continue
            if self.lines == 1:
                self._start(entry, first)
            self._follow(entry)

    def _start(self, entry: Entry, first: Mark) -> None:
        """Where the log starts: at line 1, or where older lines were removed, or before, if that was interrupted."""
        if entry["seq"] > first.seq:
            self.at = first
        elif entry["seq"] > 1:
            self.at = Mark(entry["seq"] - 1, entry["previous"])

    def _follow(self, entry: Entry) -> None:
        seq = entry["seq"]
        if seq <= self.at.seq:
            self.broken(f"is line {seq} of the whole log, and stands in the wrong place or a second time")
            return
        if seq > self.at.seq + 1:
            self.broken(f"{_lines(self.at.seq + 1, seq - 1)} missing before it")
        elif self.at.hash and entry["previous"] != self.at.hash:
            self.broken("does not follow the line before it: one of the two was replaced")
        self.at = self.last = mark_of(entry)
        self.seen[seq] = (self.file, self.line)
        if self.wanted.get(seq, set()) - {entry["hash"]}:
            self.broken(f"was replaced: line {seq} of the whole log is known to have another hash")


def check(files: t.Iterable[Lines], head: Head | None, anchors: t.Sequence[Mark] = ()) -> Report:
    """Return what is wrong with a log. Pure.

    Args:
        files: oldest first.
        head: what the head file says, if there is one.
        anchors: lines that are known from elsewhere to be in the log.
    """
    first = head.first if head else GENESIS
    ends = [*anchors, *([head.last] if head else [])]
    state = _Check([*ends, *([first] if first.seq else [])])
    names = []
    for name, lines in files:
        names.append(name)
        state.walk(name, lines, first)
    for seq in sorted({mark.seq for mark in ends if mark.seq > state.at.seq})[-1:]:
        state.broken(f"is the last one, but {_lines(state.at.seq + 1, seq)} missing after it")
    old = sorted({mark.seq for mark in anchors if 0 < mark.seq <= first.seq} - set(state.seen))
    notes = [f"Line {seq} is no longer kept." for seq in old]
    ahead = state.at.seq - (head.last.seq if head else 0)
    if ahead > 1 and head:
        where = state.seen.get(head.last.seq + 2, (state.file, state.line))
        state.breaks.append(Break(*where, "was added by something else, like all that follows: the head file lacks it"))
    elif ahead > 1:
        state.broken(_NO_HEAD)
    elif ahead == 1 and not state.breaks:
        notes.append(f"The head file does not know line {state.at.seq} yet: a run was interrupted right after it.")
    order = {name: index for index, name in enumerate(names)}
    state.breaks.sort(key=lambda item: (order.get(item.file, 0), item.line))
    return Report(state.last, state.lines, names, state.breaks, notes)


_NO_HEAD = "is the last one, but whether lines are missing after it cannot be told: there is no head file"


def _lines(first: int, last: int) -> str:
    return f"line {first} of the whole log is" if first == last else f"lines {first} to {last} of the whole log are"


# -- files -------------------------------------------------------------------------------------------------------------


def default_path() -> pathlib.Path:
    """Return where the log is if nobody says otherwise: C(~/.local/state/pcc-identity/audit/audit.jsonl)."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return pathlib.Path(state).expanduser() / "pcc-identity" / "audit" / "audit.jsonl"


class AuditLog:
    """A log on the disk. Several processes may write to it at the same time.

    Args:
        path: of the newest file; a symbolic link is followed.
        rotate_size: bytes after which a new file is begun; 0 never does.
        rotate_keep: how many older files are kept; 0 keeps all.
        lock_timeout: seconds to wait for other processes.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, rotate_size: int = 0, rotate_keep: int = 0, lock_timeout: float = 60.0
    ) -> None:
        self.path = pathlib.Path(os.path.realpath(os.path.expanduser(path)))
        self._rotate_size, self._rotate_keep = rotate_size, rotate_keep
        self._lock_timeout = lock_timeout
        self._head_file = self._beside("head")

    def append(self, fields: t.Mapping[str, t.Any]) -> Mark:
        """Add a line, and return when it is on the disk.

        Raises:
            IdentityError: that was not possible, or the log is not as it was left.
        """
        try:
            self._prepare()
            with self._locked():
                return self._append(fields)
        except OSError as error:
            raise IdentityError(
                "audit_failed",
                f"The audit log {self.path} cannot be written: {error.strerror or error}.",
                "Make room on the disk and its folder and files writable for this user, or give another path.",
            ) from error

    def _prepare(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(None, f"{self.path.parent} is no folder") from None
        if self.path.exists() and not self.path.is_file():
            raise OSError(None, "it is no regular file")

    def verify(self, anchors: t.Sequence[Mark] = ()) -> Report:
        """Check the whole log.

        Args:
            anchors: lines that are known from elsewhere to be in the log.

        Raises:
            IdentityError: there is none, or it cannot be read.
        """
        try:
            # A copy that may only be read has no other writers.
            lock = self._locked() if os.access(self._beside("lock"), os.W_OK) else contextlib.nullcontext()
            with lock:
                return self._verify(anchors)
        except OSError as error:
            raise IdentityError(
                "audit_unreadable", f"The audit log {self.path} cannot be read: {error.strerror or error}."
            ) from error

    def _verify(self, anchors: t.Sequence[Mark]) -> Report:
        files = [*self._rotated(), *([self.path] if self.path.exists() else [])]
        if not files and not self._head_file.exists():
            raise IdentityError(
                "no_audit_log",
                f"There is no audit log {self.path}.",
                "Enable it with pcc.identity.audit_log under callbacks_enabled, or give the path of the one there is.",
            )
        broken_head, head = "", None
        try:
            head = self._read_head()
        except ValueError:
            broken_head = "is no head file of an audit log"
        report = check(((file.name, _each_line(file)) for file in files), head, anchors)
        if broken_head:
            # That lines are not in the head follows from this.
            others = [item for item in report.breaks if item.message != _NO_HEAD]
            report = report._replace(breaks=[*others, Break(self._head_file.name, 1, broken_head)], notes=[])
        return report

    def _append(self, fields: t.Mapping[str, t.Any]) -> Mark:
        head, repaired = self._check_tail()
        if repaired:
            repair = {name: fields[name] for name in ("time", "run", "controller") if name in fields}
            head = self._write({**repair, "event": "repair", "removed": repaired}, head)
        return self._write(fields, head).last

    def _write(self, fields: t.Mapping[str, t.Any], head: Head) -> Head:
        entry = linked(fields, head.last)
        data = canonical(entry) + b"\n"
        dropped: list[pathlib.Path] = []
        first = head.first
        size = self.path.stat().st_size if self.path.exists() else 0
        if size and self._rotate_size and size + len(data) > self._rotate_size:
            self._rotate()
            dropped = self._rotated()[: -self._rotate_keep] if self._rotate_keep else []
            if dropped:
                first = self._last_mark(dropped[-1])
        self._write_line(data)
        written = Head(mark_of(entry), first)
        self._write_head(written)
        for file in dropped:
            file.unlink()
        return written

    def _write_line(self, data: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            before = os.fstat(handle).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            except OSError:
                # Not half a line: the next run would have to repair it.
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)
        if not before:
            sync_folder(self.path.parent)

    def _rotate(self) -> None:
        with self.path.open("rb") as file:
            entry, problem = parse(file.readline())
        if entry is None:
            raise self._damaged(f"the first line of {self.path.name} {problem}")
        os.rename(self.path, self._beside(str(entry["seq"])))
        sync_folder(self.path.parent)

    def _rotated(self) -> list[pathlib.Path]:
        """Return the older files, oldest first."""
        pattern = re.compile(re.escape(self.path.name) + r"\.([0-9]+)")
        names = os.listdir(self.path.parent) if self.path.parent.is_dir() else []
        found = ((pattern.fullmatch(name), name) for name in names)
        numbered = sorted((int(match[1]), name) for match, name in found if match)
        return [self.path.parent / name for _number, name in numbered]

    # The end of the log, which each writer checks before it adds to it.

    def _check_tail(self) -> tuple[Head, Entry | None]:
        """Return where the log ends, and what was cut off there because a writer had been killed in the middle of it.

        Raises:
            IdentityError: the log does not end as its last writer has left it.
        """
        try:
            head = self._read_head() or Head(GENESIS)
        except ValueError:
            raise self._damaged(f"{self._head_file.name} cannot be understood") from None
        file = self.path
        if not file.exists() or not file.stat().st_size:
            file = next(reversed(self._rotated()), file)
        whole, torn = _tail(file)
        if not whole:
            last, before = GENESIS, ""
        else:
            entry, problem = parse(whole)
            if entry is None:
                raise self._damaged(f"the last line of {file.name} {problem}")
            last, before = mark_of(entry), entry["previous"]
        if last != head.last and (last.seq, before) != (head.last.seq + 1, head.last.hash):
            raise self._damaged(
                f"it ends with line {last.seq}, but its end was line {head.last.seq} with hash {head.last.hash[:12]}..."
            )
        if head.last != last:
            # First of all: the log must never be more than one line ahead, however often the head cannot be written.
            head = head._replace(last=last)
            self._write_head(head)
        if not torn:
            return head, None
        with file.open("rb+") as handle:
            handle.truncate(file.stat().st_size - len(torn))
            os.fsync(handle.fileno())
        return head, {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}

    def _last_mark(self, file: pathlib.Path) -> Mark:
        entry, problem = parse(_tail(file)[0])
        if entry is None:
            raise self._damaged(f"the last line of {file.name} {problem}")
        return mark_of(entry)

    def _damaged(self, what: str) -> IdentityError:
        # Where the callback is enabled, the check is a run that needs a log as well.
        check = backup.command("pcc.identity.verify_audit_log", {"audit_log_path": str(self.path)})
        other = shlex.quote(str(self._beside("check")))
        return IdentityError(
            "audit_damaged",
            f"The audit log {self.path} is not as it was left: {what}.",
            f"To see all that is wrong with it:  PCC_IDENTITY_AUDIT_LOG_PATH={other} {check}  "
            f"To begin a new log, move all of {self.path}* to a safe place.",
        )

    def _read_head(self) -> Head | None:
        """Return what the head file says, or None if there is none.

        Raises:
            ValueError: it is not one.
        """
        try:
            text = self._head_file.read_bytes()
        except FileNotFoundError:
            return None
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
            raise ValueError
        return Head(*(mark_from(value.get(name)) for name in ("last", "first")))

    def _write_head(self, head: Head) -> None:
        content = canonical(
            {"schema_version": SCHEMA_VERSION, **{name: mark._asdict() for name, mark in head._asdict().items()}}
        )
        handle, temporary = tempfile.mkstemp(prefix=f".{self._head_file.name}.", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._head_file)
        except BaseException:
            pathlib.Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(self.path.parent)

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(str(self._beside("lock")), mode=0o600)
        try:
            lock.acquire(timeout=self._lock_timeout, poll_interval=0.01)
        except Timeout:
            raise IdentityError(
                "audit_failed",
                f"The audit log {self.path} cannot be used: another process has been holding its lock for more than "
                f"{self._lock_timeout:g} seconds.",
                "Look for a run that hangs, or wait longer (lock_timeout).",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _beside(self, suffix: str) -> pathlib.Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def mark_from(value: object) -> Mark:
    """Return a mark that was given as a dictionary.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, dict) and _is_number(value.get("seq")) and isinstance(value.get("hash"), str):
        mark = Mark(value["seq"], value["hash"])
        if mark.seq >= 0 and re.fullmatch("[0-9a-f]{64}", mark.hash):
            return mark
    raise ValueError("A line is named by seq, a number, and hash, 64 hexadecimal digits.")


def _is_number(value: object) -> t.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _each_line(file: pathlib.Path) -> t.Iterator[bytes]:
    with file.open("rb") as handle:
        yield from handle


def _tail(file: pathlib.Path) -> tuple[bytes, bytes]:
    """Return the last complete line of a file with its line end, and what stands after it."""
    try:
        handle = file.open("rb")
    except FileNotFoundError:
        return b"", b""
    with handle:
        start = handle.seek(0, os.SEEK_END)
        content = b""
        while start and content.count(b"\n") < 2:
            size = min(_BLOCK, start)
            start = handle.seek(start - size)
            content = handle.read(size) + content
    head, newline, torn = content.rpartition(b"\n")
    return head.rpartition(b"\n")[2] + newline, torn
