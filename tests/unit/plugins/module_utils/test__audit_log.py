# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain of an audit log, and the files it is kept in."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _audit_log as audit
from ansible_collections.pcc.identity.plugins.module_utils._audit_log import GENESIS, AuditLog, Head, Mark
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError

ROOT = Path(__file__).resolve().parents[4]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)
#: A log: how many lines each of its files has.
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4)

Files = list[tuple[str, list[bytes]]]


def chain(entries: list[dict[str, Any]]) -> list[bytes]:
    at, lines = GENESIS, []
    for fields in entries:
        entry = audit.linked(fields, at)
        at = audit.mark_of(entry)
        lines.append(audit.canonical(entry) + b"\n")
    return lines


def split(lines: list[bytes], shape: list[int]) -> Files:
    rest, files = list(lines), []
    for count in shape:
        files.append((f"log.{len(files)}", rest[:count]))
        del rest[:count]
    return files


def log_of(shape: list[int]) -> tuple[list[bytes], Head]:
    lines = chain([{"n": number} for number in range(sum(shape))])
    return lines, Head(mark(lines[-1]))


def mark(line: bytes) -> Mark:
    return audit.mark_of(json.loads(line))


def first_difference(before: Files, after: Files) -> tuple[str, int]:
    """The place at which a log no longer is what it was; where nothing follows, the last line that is left."""
    old = [line for _file, lines in before for line in lines]
    new = [(line, file, number) for file, lines in after for number, line in enumerate(lines, 1)]
    for index, (line, file, number) in enumerate(new):
        if index >= len(old) or line != old[index]:
            return file, number
    return (new[-1][1], new[-1][2]) if new[-1:] else (after[-1][0], 0)


def found(files: Files, head: Head | None, *anchors: Mark) -> list[tuple[str, int]]:
    return [(item.file, item.line) for item in audit.check(files, head, anchors).breaks]


# -- the chain ---------------------------------------------------------------------------------------------------------


@given(st.lists(FIELDS, min_size=1, max_size=12), st.data())
def test_an_untouched_chain_is_fine(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = chain(entries)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(lines)), max_size=4)) | {len(lines)})
    shape = [end - start for start, end in zip([0, *cuts[:-1]], cuts, strict=True)]
    head = Head(mark(lines[-1]))
    report = audit.check(split(lines, shape), head, [mark(line) for line in lines])
    assert (report.breaks, report.notes) == ([], [])
    assert (report.last, report.lines) == (head.last, len(lines))


@given(SHAPES, st.data())
def test_any_changed_byte_is_found(shape: list[int], data: st.DataObject) -> None:
    lines, head = log_of(shape)
    index = data.draw(st.integers(0, len(lines) - 1))
    line = bytearray(lines[index])
    position = data.draw(st.integers(0, len(line) - 1))
    line[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[position]))
    # A line end makes two lines of one, and one that goes makes one of two, as in a file.
    text = b"".join([*lines[:index], bytes(line), *lines[index + 1 :]])
    before = split(lines, [len(lines)])
    after = [(before[0][0], split_lines(text))]
    assert found(after, head)[0] == first_difference(before, after)


def split_lines(text: bytes) -> list[bytes]:
    parts = text.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


@given(SHAPES, st.data())
def test_any_deletion_is_found(shape: list[int], data: st.DataObject) -> None:
    lines, head = log_of(shape)
    before = split(lines, shape)
    start = data.draw(st.integers(0, len(lines) - 1))
    gone = set(range(start, data.draw(st.integers(start + 1, len(lines)))))
    kept = iter(range(len(lines)))
    after = [(file, [line for line in part if next(kept) not in gone]) for file, part in before]
    after = [(file, part) for file, part in after if part] or after[-1:]
    report = audit.check(after, head)
    if not report.lines:
        assert report.breaks
    else:
        assert found(after, head)[0] == first_difference(before, after)


@given(SHAPES, st.data())
def test_any_insertion_is_found(shape: list[int], data: st.DataObject) -> None:
    lines, head = log_of(shape)
    before = split(lines, shape)
    file = data.draw(st.integers(0, len(before) - 1))
    place = data.draw(st.integers(0, len(before[file][1])))
    at = sum(shape[:file]) + place
    forged = audit.linked({"n": "forged"}, mark(lines[at - 1]) if at else GENESIS)
    new = data.draw(st.sampled_from([*lines, b"{}\n", b"\n", b"\xff\n", audit.canonical(forged) + b"\n"]))
    fitting = new == audit.canonical(forged) + b"\n"
    # Who can write to the log and knows its format can always add a line at its end. The next writer does the same.
    assume(at < len(lines) or not fitting)
    part = before[file][1]
    after = [*before[:file], (before[file][0], [*part[:place], new, *part[place:]]), *before[file + 1 :]]
    if fitting:  # it is the line after it that no longer fits, unless the head knows that line
        places = [(name, number) for name, rest in after for number in range(1, len(rest) + 1)]
        assert found(after, head)[0] == places[at if at == len(lines) - 1 else at + 1]
    else:
        assert found(after, head)[0] == first_difference(before, after)


@given(SHAPES, st.data())
def test_any_swap_is_found(shape: list[int], data: st.DataObject) -> None:
    lines, head = log_of(shape)
    assume(len(lines) > 1)
    first, second = sorted(data.draw(st.sets(st.integers(0, len(lines) - 1), min_size=2, max_size=2)))
    swapped = list(lines)
    swapped[first], swapped[second] = lines[second], lines[first]
    before, after = split(lines, shape), split(swapped, shape)
    assert found(after, head)[0] == first_difference(before, after)


@given(SHAPES.filter(lambda shape: len(shape) > 1), st.data())
def test_files_that_are_gone_or_out_of_order_are_found(shape: list[int], data: st.DataObject) -> None:
    lines, head = log_of(shape)
    before = split(lines, shape)
    after = data.draw(st.permutations(before).filter(lambda order: order != before))
    assert found(after, head)[0] == first_difference(before, after)
    index = data.draw(st.integers(0, len(before) - 1))
    after = [*before[:index], *before[index + 1 :]]
    assert found(after, head)[0] == first_difference(before, after)


@given(SHAPES, st.data())
def test_a_line_written_anew_with_a_fitting_hash_is_found(shape: list[int], data: st.DataObject) -> None:
    """At the line after it, which tells of both. Only if everything after it is written anew, the head has to tell."""
    lines, head = log_of(shape)
    index = data.draw(st.integers(0, len(lines) - 1))
    new = list(lines)
    at = mark(lines[index - 1]) if index else GENESIS
    everything = data.draw(st.booleans())
    for number in range(index, len(lines) if everything else index + 1):
        entry = audit.linked({"n": -number - 1}, at)
        at = audit.mark_of(entry)
        new[number] = audit.canonical(entry) + b"\n"
    position = len(lines) - 1 if everything else min(index + 1, len(lines) - 1)
    places = [(file, number) for file, part in split(lines, shape) for number in range(1, len(part) + 1)]
    assert found(split(new, shape), head) == [places[position]]
    # With the head written anew as well, only a line known from elsewhere tells.
    if everything:
        forged = Head(at)
        assert found(split(new, shape), forged) == []
        assert found(split(new, shape), forged, mark(lines[index])) == [places[index]]


def test_breaks_are_told_one_by_one() -> None:
    lines = chain([{"n": number} for number in range(9)])
    files = [("a", [lines[0], lines[1].replace(b'"n":1', b'"n":7'), lines[2]]), ("b", [lines[5], lines[4], lines[6]])]
    report = audit.check(files, Head(mark(lines[8])))
    assert [str(item) for item in report.breaks] == [
        "a, line 2: was changed: its hash does not fit what it says",
        "b, line 1: lines 4 to 5 of the whole log are missing before it",
        "b, line 2: is line 5 of the whole log, and stands in the wrong place or a second time",
        "b, line 3: is the last one, but lines 8 to 9 of the whole log are missing after it",
    ]


def test_without_a_head() -> None:
    lines = chain([{}, {}, {}])
    assert audit.check([("a", lines[:1])], None).breaks == []
    (item,) = audit.check([("a", lines)], None).breaks
    assert (item.line, "no head file" in item.message) == (3, True)


def test_one_line_more_than_the_head_knows() -> None:
    """A writer may be killed after it wrote the line. Two lines more are no accident."""
    lines = chain([{}, {}, {}, {}])
    report = audit.check([("a", lines[:3])], Head(mark(lines[1])))
    assert report.breaks == []
    assert "interrupted" in report.notes[0]
    assert found([("a", lines)], Head(mark(lines[1]))) == [("a", 4)]


def test_a_newer_format() -> None:
    entry = {**audit.linked({}, GENESIS), "schema_version": 2}
    entry["hash"] = audit.hash_of(entry)
    assert "schema_version 2" in audit.parse(audit.canonical(entry) + b"\n")[1]


@pytest.mark.parametrize("removed", [1, 3, 4])
def test_lines_removed_on_purpose(removed: int) -> None:
    lines, head = log_of([6])
    head = head._replace(first=mark(lines[removed - 1]))
    assert found([("a", lines[removed:])], head) == []
    # More than that is a loss; less happens if the one who removed them was interrupted.
    assert found([("a", lines[removed + 1 :])], head) == [("a", 1)]
    assert found([("a", lines[removed - 1 :])], head) == []
    assert found([("a", lines)], head) == []
    report = audit.check([("a", lines[removed:])], head, [mark(lines[0])])
    assert (report.breaks, report.notes) == ([], ["Line 1 is no longer kept."])
    damaged = lines[removed].replace(b'"n"', b'"m"')
    assert found([("a", [damaged, *lines[removed + 1 :]])], head) == [("a", 1)]


@pytest.mark.parametrize(
    "value",
    [None, {}, {"seq": 1}, {"seq": "1", "hash": "a" * 64}, {"seq": True, "hash": "a" * 64}, {"seq": 1, "hash": "a"}],
)
def test_no_mark(value: object) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        audit.mark_from(value)


# -- the files ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "audit.jsonl"


def files_of(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def refused(function: Callable[..., object], *arguments: Any) -> IdentityError:
    with pytest.raises(IdentityError) as caught:
        function(*arguments)
    return caught.value


def test_what_is_written(path: Path) -> None:
    log = AuditLog(path)
    assert log.append({"event": "one"}).seq == 1
    last = log.append({"event": "two ü"})
    assert last.seq == 2
    assert [json.loads(line)["event"] for line in path.read_bytes().splitlines()] == ["one", "two ü"]
    assert files_of(path) == ["audit.jsonl", "audit.jsonl.head", "audit.jsonl.lock"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    report = log.verify([last])
    assert (report.breaks, report.notes, report.last) == ([], [], last)


def test_another_name_of_the_same_log(path: Path, tmp_path: Path) -> None:
    AuditLog(path).append({})
    (tmp_path / "link").symlink_to(path)
    assert AuditLog(tmp_path / "link").append({}).seq == 2
    assert files_of(path) == ["audit.jsonl", "audit.jsonl.head", "audit.jsonl.lock"]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3000), st.integers(0, 3), st.lists(st.integers(0, 900), min_size=1, max_size=20))
def test_rotation_keeps_the_chain(size: int, keep: int, lengths: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, mock.patch("os.fsync"):
        path = Path(folder, "audit.jsonl")
        for length in lengths:
            last = AuditLog(path, rotate_size=size, rotate_keep=keep).append({"text": "x" * length})
            report = AuditLog(path).verify([last])
            assert report.breaks == []
            assert report.last == last
        files = [Path(folder, name) for name in report.files]
        assert all(file.stat().st_size <= size or file.read_bytes().count(b"\n") == 1 for file in files)
        assert not keep or len(files) <= keep + 1
        assert keep or report.lines == len(lengths)
        for file in files[:-1]:
            assert file.suffix == f".{json.loads(file.read_bytes().splitlines()[0])['seq']}"


def test_a_rotated_file_that_is_gone(path: Path) -> None:
    for _number in range(4):
        AuditLog(path, rotate_size=1).append({})
    (path.parent / "audit.jsonl.2").unlink()
    (item,) = AuditLog(path).verify().breaks
    assert str(item) == "audit.jsonl.3, line 1: line 2 of the whole log is missing before it"


def test_writers_side_by_side(path: Path) -> None:
    code = """
import sys
from ansible_collections.pcc.identity.plugins.module_utils._audit_log import AuditLog
for number in range(15):
    AuditLog(sys.argv[1], rotate_size=2000).append({"writer": sys.argv[2], "number": number})
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(writer)], cwd=ROOT, env={**os.environ})
        for writer in range(4)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    report = AuditLog(path).verify()
    assert (report.breaks, report.lines) == ([], 60)
    entries = [json.loads(line) for name in report.files for line in (path.parent / name).read_bytes().splitlines()]
    for writer in "0123":
        assert [entry["number"] for entry in entries if entry["writer"] == writer] == list(range(15))


def test_a_lock_that_is_held(path: Path) -> None:
    from filelock import FileLock

    AuditLog(path).append({})
    with FileLock(f"{path}.lock"):
        error = refused(AuditLog(path, lock_timeout=0.05).append, {})
    assert error.code == "audit_failed"
    assert str(path) in error.message
    assert error.hint
    assert AuditLog(path).append({}).seq == 2


@pytest.mark.parametrize("where", ["folder is a file", "is a folder", "is a device", "no such folder"])
def test_what_cannot_be_written(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = {
        "folder is a file": tmp_path / "file" / "audit.jsonl",
        "is a folder": tmp_path,
        "is a device": Path("/dev/full"),
        "no such folder": Path("/proc/nowhere/audit.jsonl"),
    }[where]
    error = refused(AuditLog(path).append, {})
    assert error.code == "audit_failed"
    assert str(path) in error.message
    assert "give another path" in error.hint


def open_to_all(folder: Path) -> bool:
    """Whether everybody may enter a folder and those it is in."""
    return all(one.stat().st_mode & stat.S_IXOTH for one in (folder, *folder.parents))


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder in which permissions count for this process: root may write everywhere, so it becomes somebody else."""
    user = os.geteuid()
    place = Path(tempfile.gettempdir())
    if user == 0:  # the folder for temporary files may be one that only root may enter
        place = next((one for one in (place, *place.parents) if open_to_all(one)), Path("/"))
    folder = Path(tempfile.mkdtemp(dir=place))
    if user == 0:
        os.chown(folder, 65534, -1)
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["folder", "audit.jsonl", "audit.jsonl.lock"])
def test_missing_permissions(what: str, own_folder: Path) -> None:
    path = own_folder / "audit.jsonl"
    AuditLog(path).append({})
    target = own_folder if what == "folder" else own_folder / what
    target.chmod(0o500)
    try:
        error = refused(AuditLog(path).append, {})
    finally:
        target.chmod(0o700)
    assert (error.code, "Permission denied" in error.message) == ("audit_failed", True)


@pytest.mark.parametrize("written", [0, 10])
def test_a_full_disk_leaves_no_half_line(written: int, path: Path) -> None:
    log = AuditLog(path)
    log.append({"event": "one"})
    before = path.read_bytes()
    real, calls = os.write, []

    def full(handle: int, data: Any) -> int:
        if os.fstat(handle).st_ino != path.stat().st_ino:
            return real(handle, data)
        calls.append(len(data))
        if len(calls) == 1 and written:
            return real(handle, bytes(data)[:written])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with mock.patch("os.write", full):
        error = refused(log.append, {"event": "two"})
    assert calls
    assert "No space left on device" in error.message
    assert path.read_bytes() == before
    assert log.append({"event": "two"}).seq == 2
    assert log.verify().breaks == []


def test_a_full_disk_while_the_head_is_written(path: Path) -> None:
    log = AuditLog(path)
    log.append({})
    for _attempt in range(3):  # runs that were all stopped
        with mock.patch("os.replace", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            refused(log.append, {})
    assert files_of(path) == ["audit.jsonl", "audit.jsonl.head", "audit.jsonl.lock"]
    assert log.verify().notes
    assert log.append({}).seq == 3
    assert (log.verify().breaks, log.verify().notes) == ([], [])


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_writer_that_was_killed_in_the_middle_of_a_line(lines: int, path: Path) -> None:
    log = AuditLog(path)
    path.parent.mkdir()
    for _number in range(lines):
        log.append({})
    with path.open("ab") as file:
        file.write(b'{"half')
    assert len(log.verify().breaks) == 1
    assert log.append({"event": "next", "run": "r", "secret": "s"}).seq == lines + 2
    repair = json.loads(path.read_bytes().splitlines()[lines])
    assert repair["removed"]["bytes"] == 6
    assert (repair["event"], repair["run"], "secret" in repair) == ("repair", "r", False)
    assert log.verify().breaks == []


def test_a_rotation_that_was_interrupted(path: Path) -> None:
    log = AuditLog(path)
    log.append({})
    path.rename(path.with_name("audit.jsonl.1"))
    assert log.verify().breaks == []
    assert log.append({}).seq == 2
    assert log.verify().breaks == []


@pytest.mark.parametrize(
    "damage",
    ["last line gone", "all gone", "head gone", "head damaged", "last line changed", "line end gone", "log emptied"],
)
def test_a_damaged_log_is_not_written_to(damage: str, path: Path) -> None:
    log = AuditLog(path)
    for _number in range(3):
        log.append({"event": "x"})
    lines = path.read_bytes().splitlines(keepends=True)
    head = path.with_name("audit.jsonl.head")
    if damage == "all gone":
        path.unlink()
    elif damage == "head gone":
        head.unlink()
    elif damage == "head damaged":
        head.write_text("{}")
    else:
        text = {
            "last line gone": lines[:2],
            "last line changed": [*lines[:2], lines[2].replace(b'"x"', b'"y"')],
            "line end gone": [*lines[:2], lines[2][:-1]],
            "log emptied": [],
        }[damage]
        path.write_bytes(b"".join(text))
    before = path.read_bytes() if path.exists() else None
    error = refused(log.append, {})
    assert error.code == "audit_damaged"
    assert str(path) in error.message
    assert "verify_audit_log" in error.hint
    assert log.verify().breaks
    assert (path.read_bytes() if path.exists() else None) == before
    # The way out that the hint names.
    for file in path.parent.iterdir():
        file.rename(path.parent.parent / f"{file.name}.old")
    assert log.append({}).seq == 1


def test_a_damaged_head_is_told_by_itself(path: Path) -> None:
    log = AuditLog(path)
    for _number in range(3):
        log.append({})
    path.with_name("audit.jsonl.head").write_text("no")
    (item,) = log.verify().breaks
    assert str(item) == "audit.jsonl.head, line 1: is no head file of an audit log"


def test_a_damaged_line_where_a_file_is_rotated(path: Path) -> None:
    log = AuditLog(path, rotate_size=1000)
    log.append({"event": "x"})
    log.append({"event": "x"})
    path.write_bytes(path.read_bytes().replace(b'"x"', b'"y"', 1))
    assert "first line" in refused(log.append, {"text": "x" * 1000}).message


def test_no_log(path: Path) -> None:
    assert refused(AuditLog(path).verify).code == "no_audit_log"
    path.parent.mkdir()
    assert refused(AuditLog(path).verify).code == "no_audit_log"
    path.mkdir()
    assert refused(AuditLog(path).verify).code == "audit_unreadable"


def test_default_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert str(audit.default_path()) == "/state/pcc-identity/audit/audit.jsonl"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert str(audit.default_path()) == "/home/me/.local/state/pcc-identity/audit/audit.jsonl"
