# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _backup_files as files
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


def document(age: float = 0, **options: Any) -> dict[str, Any]:
    values = {"reason": "a test", "project": {"id": "P2x"}, "origin": {"user": "me"}}
    return backup.document(
        {"flows": {"x": {"a": 1}}}, **{**values, "now": NOW - datetime.timedelta(days=age), **options}
    )


def write(folder: Path, age: float = 0, **options: Any) -> Path:
    return backup.write(folder, document(age, **options), "flows")


def only(folder: Path) -> files.Backup:
    (found,) = files.listing(folder)
    return found


# -- listing ---------------------------------------------------------------------------------------------------------


def test_no_folder(tmp_path: Path) -> None:
    assert files.listing(tmp_path / "nowhere") == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(IdentityError) as caught:
        files.listing(tmp_path / "x")
    assert caught.value.code == "unreadable"
    assert str(tmp_path / "x") in caught.value.message


def test_an_intact_one(tmp_path: Path) -> None:
    path = write(tmp_path, 1.5, complete=["flows"])
    found = only(tmp_path)
    assert found.intact
    assert found.as_result(NOW) == {
        "file": str(path),
        "created_at": "2026-03-02T17:06:07Z",
        "last_confirmed": found.as_result(NOW)["last_confirmed"],  # depends on when the file was written
        "age_days": 1.5,
        "reason": "a test",
        "project": "P2x",
        "project_name": None,
        "environment": None,
        "counts": {"flows": 1},
        "complete": ["flows"],
        "size": path.stat().st_size,
        "intact": True,
        "problem": None,
        "schema_version": 1,
        "origin": {"user": "me"},
    }
    assert files.read(path) == document(1.5, complete=["flows"])


def test_when_all_was_last_as_saved(tmp_path: Path) -> None:
    """Finding all unchanged touches the file; a copy whose time is older than what it says is as old as it says."""
    path = write(tmp_path, 1.5, complete=["flows"])
    for written, told in [
        ("2026-03-03T10:00:00", "2026-03-03T10:00:00Z"),
        ("2020-01-01T00:00:00", "2026-03-02T17:06:07Z"),
    ]:
        moment = datetime.datetime.fromisoformat(f"{written}+00:00").timestamp()
        os.utime(path, (moment, moment))
        assert only(tmp_path).as_result(NOW)["last_confirmed"] == told


def test_when_all_was_last_as_saved_is_not_known_of_a_part(tmp_path: Path) -> None:
    write(tmp_path, 1.5)
    assert only(tmp_path).as_result(NOW)["last_confirmed"] is None


def test_the_newest_first(tmp_path: Path) -> None:
    ages = [3, 1, 2, 0.5]
    made = {age: write(tmp_path, age) for age in ages}
    assert [each.path for each in files.listing(tmp_path)] == [made[age] for age in sorted(ages)]


def test_those_of_the_same_second(tmp_path: Path) -> None:
    made = [write(tmp_path) for _number in range(5)]
    for number, path in enumerate(made):
        os.utime(path, ns=(number, number))
    assert [each.path for each in files.listing(tmp_path)] == made[::-1]


def test_what_is_passed_over(tmp_path: Path) -> None:
    for name, text in {
        ".hidden.json": json.dumps(document()),
        "note.json": '{"kind": "note"}',
        "list.json": "[]",
        "backup.txt": json.dumps(document()),
        f"{backup.temporary_prefix('20260101T000000Z-project-aa.json')}x": "{",
        f"{backup.temporary_prefix('20260101T000000Z-project-aa.json')}x.json": "{",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    assert files.listing(tmp_path) == []


def test_renamed_and_compressed_ones_are_listed(tmp_path: Path) -> None:
    (tmp_path / "before-the-move.json.gz").write_bytes(gzip.compress(json.dumps(document()).encode()))
    assert only(tmp_path).intact


def test_of_one_project(tmp_path: Path) -> None:
    ours, other = write(tmp_path), write(tmp_path, 1, project={"id": "P2y"})
    damaged = write(tmp_path, 2)
    damaged.write_text("{")
    assert [each.path for each in files.listing(tmp_path, "P2x")] == [ours, damaged]
    assert [each.path for each in files.listing(tmp_path)] == [ours, other, damaged]


DAMAGE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON"),
    "half": (json.dumps(document()).encode()[:-30], "is not JSON"),
    "binary": (b"\x00\xff\xfe", "is not JSON"),
    "half gzip": (gzip.compress(json.dumps(document()).encode())[:-12], "cannot be read"),
    "bad gzip": (b"\x1f\x8bxxxxxxxxxxxxxxxx", "cannot be read"),
    "a long number": (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
    "deep": (b"[" * 200_000, "too deep"),
    "checksum": (json.dumps(document()).replace('"a": 1', '"a": 2').encode(), "the checksum of its section 'flows'"),
    "no time": (json.dumps({**document(), "created_at": None}).encode(), "does not say when it was made"),
    "bad time": (json.dumps({**document(), "created_at": "yesterday"}).encode(), "does not say when it was made"),
    "local time": (
        json.dumps({**document(), "created_at": "2026-01-01T00:00:00"}).encode(),
        "does not say when it was made",
    ),
    "far time": (
        json.dumps({**document(), "created_at": "0001-01-01T00:00:00+10:00"}).encode(),
        "does not say when it was made",
    ),
    "newer": (json.dumps({**document(), "schema_version": 7}).encode(), "has schema_version 7"),
    "nothing else": (b'{"kind": "pcc.identity/backup"}', "it has no schema_version"),
    "all wrong": (
        json.dumps(
            {
                "kind": "pcc.identity/backup",
                "schema_version": "x",
                "project": [],
                "counts": 5,
                "origin": 1,
                "complete": 2,
            }
        ).encode(),
        "it has no schema_version",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_one(case: str, tmp_path: Path) -> None:
    data, problem = DAMAGE[case]
    path = tmp_path / "20260304T050607Z-flows-aabbccdd.json"
    path.write_bytes(data)
    found = only(tmp_path)
    assert not found.intact
    assert problem in found.problem
    result = found.as_result(NOW)
    assert (result["intact"], result["problem"], result["age_days"]) == (False, found.problem, 0.0)
    assert (result["file"], result["size"]) == (str(path), len(data))
    assert json.dumps(result)
    if case not in {"no time", "bad time", "local time", "far time"}:
        with pytest.raises(IdentityError):
            files.read(path)


def test_the_time_of_a_damaged_one(tmp_path: Path) -> None:
    """As it says, else as its name says, else when it was written."""
    content = {**document(1), "checksums": {}}
    told, named, neither = (
        tmp_path / name
        for name in ("20260101T000000Z-a-b.json", "20260102T000000Z-a-b.json", "20260199T000000Z-a.json")
    )
    told.write_text(json.dumps(content))
    named.write_text("{")
    neither.write_text("{")
    os.utime(neither, (1_700_000_000, 1_700_000_000))
    made = {each.path: backup.time_text(each.made) for each in files.listing(tmp_path)}
    assert made == {
        told: "2026-03-03T05:06:07Z",
        named: "2026-01-02T00:00:00Z",
        neither: "2023-11-14T22:13:20Z",
    }


def test_one_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)

    def fail(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", fail)
    assert only(tmp_path).problem == "cannot be read: Permission denied"
    assert only(tmp_path).path == path


def test_one_that_goes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    read_bytes = Path.read_bytes

    def then_gone(self: Path) -> bytes:
        path.unlink()
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", then_gone)
    assert files.look(path) is None


WHOLE = json.dumps(document(), indent=1, sort_keys=True).encode() + b"\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, len(WHOLE) - 2), compressed=st.booleans())
def test_no_half_file_is_intact(length: int, compressed: bool, tmp_path: Path) -> None:
    data = gzip.compress(WHOLE, mtime=0) if compressed else WHOLE
    path = tmp_path / "20260304T050607Z-flows-aabbccdd.json"
    path.write_bytes(data[: min(length, len(data) - 1)] if compressed else data[:length])
    assert not only(tmp_path).intact


# -- what was last known of a section --------------------------------------------------------------------------------

Said = dict[str, Any]


def said(age: float, *there: str, absent: str = "", deleting: str = "", complete: bool = False, **more: Any) -> Said:
    """A backup of roles: which were there, which were not, and which were deleted right after it."""
    return {
        "age": age,
        "roles": {**{key: {"a": 1} for key in there}, **dict.fromkeys(absent.split())},
        "deleting": deleting.split(),
        "complete": complete,
        **more,
    }


def keep(folder: Path, one: Said) -> Path:
    """Write a backup of roles."""
    section = one.get("section", "roles")
    content = backup.document(
        {section: one["roles"]},
        reason="a test",
        project={"id": one.get("project", "P2x")},
        origin={},
        now=NOW - datetime.timedelta(days=one["age"]),
        complete=[section] if one["complete"] else [],
        deleting=[f"{section}/{key}" for key in one["deleting"]],
    )
    path = backup.write(folder, content, section)
    if one.get("damaged"):
        path.write_text(path.read_text().replace('"a": 1', '"a": 2'))
    return path


#: The backups in a folder, and the place in the list of the one that tells, with the number of objects, or None.
LAST_KNOWN: dict[str, tuple[list[Said], tuple[int, int] | None]] = {
    "no backup": ([], None),
    "one": ([said(1, "x", "y")], (0, 2)),
    "the newest": ([said(2, "x", "y"), said(1, "z")], (1, 1)),
    "whatever the order they were written in": ([said(1, "z"), said(2, "x", "y")], (0, 1)),
    "of another section": ([said(1, "x", section="flows")], None),
    "of another project": ([said(1, "x", project="P2y")], None),
    "another project's is newer": ([said(2, "x"), said(1, "y", "z", project="P2y")], (0, 1)),
    "another section's deletions": ([said(2, "x"), said(1, "x", deleting="x", section="flows")], (0, 1)),
    "damaged": ([said(1, "x", damaged=True)], None),
    "the newest is damaged": ([said(2, "x"), said(1, "y", "z", damaged=True)], (0, 1)),
    "a damaged one that deleted": ([said(2, "x"), said(1, "x", deleting="x", damaged=True)], (0, 1)),
    "a damaged one that was complete": (
        [said(2, "x"), said(1, "y", deleting="y", complete=True, damaged=True)],
        (0, 1),
    ),
    "only new objects": ([said(1, absent="x")], None),
    "only new objects after others": ([said(2, "x"), said(1, absent="y")], (0, 1)),
    "some were there": ([said(1, "x", absent="y z")], (0, 1)),
    "empty": ([said(1)], None),
    "empty after others": ([said(2, "x"), said(1)], (0, 1)),
    "complete": ([said(1, "x", complete=True)], (0, 1)),
    "complete and empty": ([said(2, "x"), said(1, complete=True)], None),
    "older than a complete and empty one": ([said(3, "x"), said(2, complete=True), said(1, "y")], (2, 1)),
    "all went": ([said(1, "x", deleting="x")], None),
    "some went": ([said(1, "x", "y", deleting="x")], (0, 1)),
    "all went after another backup": ([said(2, "x"), said(1, "x", deleting="x")], None),
    "one of two went after another backup": ([said(2, "x", "y"), said(1, "x", deleting="x")], (0, 1)),
    "both went one after the other": (
        [said(3, "x", "y"), said(2, "x", deleting="x"), said(1, "y", deleting="y")],
        None,
    ),
    "all went, and one came back": ([said(3, "x"), said(2, "x", deleting="x"), said(1, "x")], (2, 1)),
    "all of a complete one went": (
        [said(3, "x", "z"), said(2, "x", complete=True), said(1, "x", deleting="x")],
        None,
    ),
    "one with a slash in its name": ([said(2, "a/x", "/a/x"), said(1, "a/x", deleting="a/x")], (0, 1)),
    "one whose name begins like the section": ([said(2, "roles/x", "x"), said(1, "x", deleting="x")], (0, 1)),
}


@pytest.mark.parametrize("case", LAST_KNOWN)
def test_last_known(case: str, tmp_path: Path) -> None:
    backups, expected = LAST_KNOWN[case]
    paths = [keep(tmp_path, one) for one in backups]
    found = files.last_known(tmp_path, "P2x", "roles")
    assert (found and (paths.index(found[0].path), found[1])) == expected


def test_last_known_of_no_folder(tmp_path: Path) -> None:
    assert files.last_known(tmp_path / "nowhere", "P2x", "roles") is None


def test_last_known_of_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError) as caught:
        files.last_known(tmp_path / "file", "P2x", "roles")
    assert caught.value.code == "unreadable"


KEYS = st.sets(st.sampled_from("abc"))


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[set[str], set[str], set[str], bool]]:
    """What happened to a list, in order: what was there of what a run touched, what it made, deleted, and if it saw
    all there was."""
    found = []
    there: set[str] = set(draw(KEYS))
    for run in range(draw(st.integers(0, 6))):
        if run and draw(st.booleans()):
            there = set(draw(KEYS))  # by somebody else's hand
        complete = draw(st.booleans())
        touched = there if complete else there & draw(KEYS)
        made = set() if complete else draw(KEYS) - there
        deleted = touched & draw(KEYS)
        found.append((touched, made, deleted, complete))
        there = (there | made) - deleted
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=runs())
def test_last_known_is_what_the_runs_left(
    history: list[tuple[set[str], set[str], set[str], bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An object is known if a backup has it, unless a later one tells that it went; a complete one settles the rest."""
    folder = tmp_path_factory.mktemp("backups")
    known: dict[str, int] = {}
    for number, (touched, made, deleted, complete) in enumerate(history):
        keep(
            folder,
            said(10 - number, *touched, absent=" ".join(made), deleting=" ".join(deleted), complete=complete),
        )
        if complete:
            known = {}
        known = {key: at for key, at in {**known, **dict.fromkeys(touched, number)}.items() if key not in deleted}
    found = files.last_known(folder, "P2x", "roles")
    if not known:
        assert found is None
        return
    assert found is not None
    newest = max(known.values())
    assert found[0].made == NOW - datetime.timedelta(days=10 - newest)
    assert found[1] == len([key for key, at in known.items() if at == newest])


# -- one file --------------------------------------------------------------------------------------------------------


def test_inside(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "x.json"
    assert files.inside(folder, "x.json") == path
    assert files.inside(folder, str(path)) == path
    (tmp_path / "link").symlink_to(folder)
    assert files.inside(tmp_path / "link", str(path)) == path
    for file in ("", ".", "..", "../x.json", "sub/x.json", str(tmp_path / "x.json"), "/", str(folder)):
        with pytest.raises(IdentityError) as caught:
            files.inside(folder, file)
        assert caught.value.code == "bad_file", file


def test_deleting(tmp_path: Path) -> None:
    path = write(tmp_path)
    files.delete(path)
    files.delete(path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(IdentityError) as caught:
        files.delete(tmp_path / "folder")
    assert caught.value.code == "not_deleted"


def test_cleaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.clean(tmp_path / "nowhere")
    kept = write(tmp_path)
    old, young = (tmp_path / f"{backup.temporary_prefix('x.json')}{name}" for name in ("old", "young"))
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    unlink = Path.unlink

    def fail(_self: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", fail)
    files.clean(tmp_path)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert set(tmp_path.iterdir()) == {kept, old, young}
    files.clean(tmp_path)
    assert set(tmp_path.iterdir()) == {kept, young}
