# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import datetime
import getpass
import hashlib
import json
import os
import shlex
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils import _local
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._json import read_json
from ansible_collections.pcc.identity.plugins.module_utils._version import VERSION
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json

NOW = datetime.datetime(2026, 3, 4, 7, 6, 7, 123456, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
SECTIONS = {"flows": {"basic-flow": FLOWS[0], "new": None}, "roles": [1, 2, 3], "theme": "x"}


def document(sections: Any = None, **options: Any) -> Json:
    values = {"reason": "a test", "project": {"id": "P2x"}, "origin": {"user": "me"}, "now": NOW}
    return backup.document(SECTIONS if sections is None else sections, **{**values, **options})


def refused(value: object) -> IdentityError:
    with pytest.raises(IdentityError) as caught:
        backup.checked(value)
    return caught.value


# -- the document ----------------------------------------------------------------------------------------------------


def test_a_document() -> None:
    assert document() == {
        "schema_version": 1,
        "kind": "pcc.identity/backup",
        "created_at": "2026-03-04T05:06:07Z",
        "reason": "a test",
        "project": {"id": "P2x", "name": None, "environment": None},
        "origin": {"user": "me"},
        "counts": {"flows": 2, "roles": 3, "theme": 1},
        "sections": SECTIONS,
        "checksums": {name: backup.checksum(items) for name, items in SECTIONS.items()},
    }


def test_what_is_known_of_its_contents() -> None:
    content = document(complete=("theme", "flows"), masked=["flows/x"])
    assert content["complete"] == ["flows", "theme"]
    assert content["masked"] == ["flows/x"]
    assert backup.checked(content) == content


def test_what_is_known_of_the_project() -> None:
    project = {"id": "P2x", "name": "Mine", "environment": "production"}
    assert document(project=project)["project"] == project


def test_the_checksum_is_over_canonical_json() -> None:
    expected = hashlib.sha256('{"a":[1,2.5,"ä"],"b":null}'.encode()).hexdigest()
    assert backup.checksum({"b": None, "a": [1, 2.5, "ä"]}) == expected
    assert backup.checksum({"a": [1, 2.5, "ä"], "b": None}) == expected
    assert backup.checksum({"a": [2.5, 1, "ä"], "b": None}) != expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=3))
def test_a_document_survives_being_a_file(sections: Json) -> None:
    content = document(sections)
    for text in (json.dumps(content), json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)):
        assert backup.checked(json.loads(text)) == content


# -- checking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, [], "x", 1, {}, {"kind": "pcc.identity/other"}, FLOWS[0]], ids=type)
def test_not_a_backup(value: object) -> None:
    error = refused(value)
    assert (error.code, error.message) == ("bad_backup", "is not a backup: 'kind' is not pcc.identity/backup")


@pytest.mark.parametrize("version", [None, "1", 1.0, True])
def test_a_version_that_is_none(version: Any) -> None:
    error = refused({**document(), "schema_version": version})
    assert (error.code, error.message) == ("bad_backup", "is damaged: it has no schema_version")


def test_a_newer_backup() -> None:
    error = refused({**document(), "schema_version": 2, "sections": "not looked at"})
    assert error.code == "newer_backup"
    assert error.message == "has schema_version 2; this version of the collection reads up to 1"
    assert "Upgrade" in error.hint


@pytest.mark.parametrize("project", [None, [], {}, {"id": None}, {"name": "x"}], ids=str)
def test_a_backup_of_no_project(project: Any) -> None:
    error = refused({**document(), "project": project})
    assert (error.code, error.message) == ("bad_backup", "is damaged: it does not say of which project it is")


@pytest.mark.parametrize(
    "change",
    [
        {"sections": None},
        {"sections": []},
        {"checksums": None},
        {"checksums": {}},
        {"sections": {}},
        {"checksums": {"flows": "x"}},
        {"sections": {**SECTIONS, "more": 1}},
    ],
    ids="-".join,
)
def test_sections_without_checksums(change: Json) -> None:
    error = refused({**document(), **change})
    assert (error.code, error.message) == ("bad_backup", "is damaged: sections and checksums do not match")


@pytest.mark.parametrize("name", ["flows", "roles", "theme"])
def test_a_damaged_section(name: str) -> None:
    content = copy.deepcopy(document())
    content["checksums"][name] = "0" * 64
    assert refused(content).message == f"is damaged: the checksum of its section '{name}' is wrong"


def test_any_edit_of_a_section_shows() -> None:
    content = copy.deepcopy(document())
    content["sections"]["flows"]["basic-flow"]["contents"]["startTask"] = "0"
    assert "checksum" in refused(content).message
    content = copy.deepcopy(document())
    del content["sections"]["flows"]["new"]
    assert "checksum" in refused(content).message


# -- writing ---------------------------------------------------------------------------------------------------------


def test_writing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    old = os.umask(0)
    try:
        path = backup.write(folder, document(), "flows")
        other = backup.write(folder, document(), "flows")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert folder.stat().st_mode & 0o7777 == 0o700
    assert path.name.startswith("20260304T050607Z-flows-")
    assert path.suffix == ".json"
    assert path != other
    assert sorted(folder.iterdir()) == sorted([path, other])
    assert backup.checked(json.loads(path.read_text(encoding="utf-8"))) == document()
    assert path.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize("more", [0, 1])
def test_a_large_one_is_compressed(more: int, tmp_path: Path) -> None:
    small = backup.write(tmp_path, document({"flows": {"x": ""}}), "flows").stat().st_size
    content = document({"flows": {"x": "y" * (backup.COMPRESS_ABOVE - small + more)}})
    path = backup.write(tmp_path, content, "flows")
    assert path.name.endswith(".json.gz" if more else ".json")
    assert (path.stat().st_size < 10_000) == bool(more)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert backup.checked(read_json(str(path))) == content


def test_half_a_character_survives(tmp_path: Path) -> None:
    content = document({"flows": {"x": {"text": "\ud83d broken, \U0001f600 whole"}}})
    path = backup.write(tmp_path, content, "flows")
    assert backup.checked(read_json(str(path))) == content


@pytest.mark.parametrize("name", ["replace", "fsync", "fdopen"])
@pytest.mark.parametrize("raised", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=type)
def test_nothing_is_left_behind(
    name: str, raised: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise raised

    monkeypatch.setattr(backup.os, name, fail)
    with pytest.raises((IdentityError, KeyboardInterrupt)) as caught:
        backup.write(tmp_path, document(), "flows")
    assert list(tmp_path.iterdir()) == []
    if isinstance(raised, OSError):
        assert isinstance(caught.value, IdentityError)
        assert caught.value.code == "backup_failed"
        assert f"to {tmp_path}: No space left on device. Nothing was sent" in caught.value.message
        assert "backup_dir" in caught.value.hint


def test_what_is_no_json_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        backup.write(tmp_path, {**document(), "reason": object()}, "flows")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_not_there_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    replace, fsync = os.replace, os.fsync

    def looking(*arguments: Any) -> None:
        seen.append([path.suffix for path in tmp_path.iterdir() if not path.name.startswith(".")])
        (replace if len(arguments) == 2 else fsync)(*arguments)

    monkeypatch.setattr(backup.os, "replace", looking)
    monkeypatch.setattr(backup.os, "fsync", looking)
    backup.write(tmp_path, document(), "flows")
    # The file on the disk, its name, the folder on the disk.
    assert seen == [[], [], [".json"]]


def test_what_else_to_tell(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for attempt in (
        lambda: backup.write(tmp_path / "file", document(), "flows", consequence="Alas."),
        lambda: backup.check_folder(tmp_path / "file", consequence="Alas."),
    ):
        with pytest.raises(IdentityError) as caught:
            attempt()
        assert caught.value.code == "backup_failed"
        assert caught.value.message.endswith("exists. Alas.")


def test_checking_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    backup.check_folder(folder, consequence="")
    assert folder.stat().st_mode & 0o7777 == 0o700
    assert list(folder.iterdir()) == []


def test_leftovers(monkeypatch: pytest.MonkeyPatch) -> None:
    own = f"{backup.temporary_prefix('20260101T000000Z-project-aa.json')}abc"
    assert own.startswith(".20260101T000000Z-project-aa.json.")
    assert not backup.is_leftover(own, 3599)
    assert backup.is_leftover(own, 3601)
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = own.replace(f"-{os.getpid()}.", f"-{ended.pid}.")
    assert backup.is_leftover(dead, 0)
    assert not backup.is_leftover(own.replace(f"-{os.getpid()}.", "-1."), 0)
    # Processes of other machines cannot be looked for, so only time tells.
    monkeypatch.setattr(backup.socket, "gethostname", lambda: "elsewhere")
    assert not backup.is_leftover(dead, 3599)
    assert backup.is_leftover(dead, 3601)
    for name in ("20260101T000000Z-project-aa.json", ".hidden.json", ".x.json.abc", ".a.12345678-x.y", dead[1:]):
        assert not backup.is_leftover(name, 1e9), name


def test_a_process_of_somebody_else_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: int, _signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(backup.os, "kill", refuse)
    assert not backup.is_leftover(f"{backup.temporary_prefix('x.json')}y", 0)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(IdentityError) as caught:
        backup.write(tmp_path / "file" / "sub", document(), "flows")
    assert caught.value.code == "backup_failed"


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert backup.default_folder("P2x") == tmp_path / "pcc-identity" / "backups" / "P2x"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert backup.default_folder("P2x") == tmp_path / ".local/state/pcc-identity/backups/P2x"


# -- where it comes from ---------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a playbook."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "project"
    (folder / "plays").mkdir(parents=True)
    (folder / "plays" / "site.yml").write_text("[]")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "x")
    return folder


def test_origin_in_a_repository(repository: Path) -> None:
    playbook = str(repository / "plays" / "site.yml")
    assert backup.origin(playbook) == {
        "tool_version": VERSION,
        "user": getpass.getuser(),
        "host": socket.gethostname(),
        "git_commit": git(repository, "rev-parse", "HEAD"),
        "git_dirty": False,
        "playbook": playbook,
    }
    (repository / "new").write_text("untracked")
    assert backup.origin(playbook)["git_dirty"] is False
    (repository / "plays" / "site.yml").write_text("[ ]")
    assert backup.origin(playbook)["git_dirty"] is True


def test_origin_by_the_folder_of_the_playbook(repository: Path) -> None:
    """All that is known of a task in a role; the repository's own folder must not be left for the one above it."""
    assert backup.origin(str(repository))["git_commit"] == git(repository, "rev-parse", "HEAD")


def test_origin_without_a_playbook(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "plays")
    found = backup.origin()
    assert (found["git_commit"], found["playbook"]) == (git(repository, "rev-parse", "HEAD"), None)


@pytest.mark.parametrize("kind", ["no repository", "no commit", "no folder", "no git", "hangs"])
def test_origin_without_a_commit(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    playbook = tmp_path / "project" / "site.yml"
    if kind != "no folder":
        playbook.parent.mkdir()
    if kind == "no commit":
        git(playbook.parent, "init", "--quiet")
    if kind == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    if kind == "hangs":

        def hang(*_arguments: Any, **_options: Any) -> None:
            raise subprocess.TimeoutExpired("git", 10)

        monkeypatch.setattr(_local.subprocess, "run", hang)
    found = backup.origin(str(playbook))
    assert (found["git_commit"], found["git_dirty"], found["playbook"]) == (None, None, str(playbook))


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(backup.getpass, "getuser", fail)
    assert backup.origin()["user"] == str(os.getuid())


def test_the_command() -> None:
    values = {"file": "/tmp/a b.json", "ids": "one,two", "quote": "it's"}
    words = shlex.split(backup.command("pcc.identity.x", values))
    assert words[:2] == ["ansible-playbook", "pcc.identity.x"]
    assert words[2::2] == ["-e"] * 3
    assert json.loads(words[3]) == {"file": "/tmp/a b.json"}
    assert words[5] == "ids=one,two"
    assert json.loads(words[7]) == {"quote": "it's"}


def test_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert backup.folder_of(None, "P2x") == tmp_path / "pcc-identity" / "backups" / "P2x"
    assert backup.folder_of("/x/y", "P2x") == Path("/x/y")


def test_what_is_about_to_change(tmp_path: Path) -> None:
    key = "K2" + "c" * 40
    project = "P2" + "a" * 25
    flow = {"flowId": "sign-in", "contents": {"note": f"curl -u P2:{key}"}}
    path = backup.before(
        {"flows": {"sign-in": flow, "new": None}, "theme": {"styles": {"note": key}}},
        reason="before a test",
        connection=Connection(project, key, "https://api.example.com"),
        options={"backup_dir": str(tmp_path), "playbook": None},
        label="flows",
    )
    assert key not in path.read_text()
    found = backup.checked(json.loads(path.read_text()))
    assert found["sections"]["flows"]["new"] is None
    assert found["sections"]["flows"]["sign-in"]["contents"]["note"] == "curl -u P2:***"
    assert (found["masked"], found["project"]["id"]) == (["flows/sign-in", "theme"], project)
    assert "complete" not in found
