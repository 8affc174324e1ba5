# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _backup as backup
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_source import resolve, where
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from tests.support.flows import sample, to_console_form
from tests.unit.plugins.module_utils.flow_cases import FLOWS, Json

BASIC = FLOWS[0]
WIDGET = sample("testwidget.json")
PHONE = next(flow for flow in FLOWS if flow["flowId"] == "user-profile-set-phone")


def resolved(entry: Json, *paths: str, **options: Any) -> list[Json]:
    before = copy.deepcopy(entry)
    found, problems = resolve(entry, paths, "flows[0]", **options)
    assert problems == []
    assert entry == before
    return found


def problem(entry: Json, *paths: str) -> tuple[str, str]:
    """The field and the text of the one problem there is."""
    found, problems = resolve(entry, paths, "flows[0]")
    assert found == []
    (one,) = problems
    assert one.where == "flows[0]"
    return one.field, one.message


def written(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def saved(folder: Path, flows: Any, **changes: Any) -> str:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    content = backup.document({"flows": flows}, reason="x", project={"id": "P2x"}, origin={}, now=now)
    return written(folder / "backup.json", {**content, **changes})


def snapshot(folder: Path, flow: Json) -> str:
    """The folder of a flow in a snapshot."""
    slugs = [f"s{index}" for index, _screen in enumerate(flow["screens"])]
    for slug, screen in zip(slugs, flow["screens"], strict=True):
        written(folder / f"screen-{slug}.json", screen)
    written(folder / "contents.json", flow["contents"])
    written(folder / "metadata.json", {**flow["metadata"], "screens": slugs, "references": flow["references"]})
    return str(folder)


# -- every source ----------------------------------------------------------------------------------------------------


def test_no_source() -> None:
    assert resolved({"id": "x", "disabled": True, "src": None, "name": None}) == [{"id": "x", "disabled": True}]


@pytest.mark.parametrize("form", ["v2", "reply", "console"])
@pytest.mark.parametrize("way", ["definition", "src", "gzip"])
def test_an_export(form: str, way: str, tmp_path: Path) -> None:
    export = {"v2": PHONE, "reply": {"flow": PHONE}, "console": to_console_form(PHONE)}[form]
    entry: Json = {"id": "mine", "name": "Mine"}
    if way == "definition":
        entry["definition"] = export
    else:
        entry["src"] = written(tmp_path / "flow.json", export)
        if way == "gzip":
            (tmp_path / "flow.json").write_bytes(gzip.compress((tmp_path / "flow.json").read_bytes()))
    (found,) = resolved(entry)
    assert set(found) == {"id", "name", "definition"}
    assert same(normal(found["definition"]), normal(PHONE))


@pytest.mark.parametrize("way", ["definition", "src"])
def test_one_flow_of_a_widget(way: str, tmp_path: Path) -> None:
    entry: Json = {"definition": WIDGET} if way == "definition" else {"src": written(tmp_path / "w.json", WIDGET)}
    (found,) = resolved({**entry, "id": PHONE["flowId"]})
    assert found == {"id": PHONE["flowId"], "definition": PHONE}
    field, message = problem(entry)
    assert field == (way if way == "definition" else f"src '{entry['src']}'")
    assert message.startswith(
        "holds several flows, and no id says which one is meant; it has user-profile-delete-email"
    )


def test_a_file_that_must_be_decrypted_first(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.json", BASIC)
    seen = []

    def decrypted(path: str) -> str:
        seen.append(path)
        return plain

    (found,) = resolved({"src": str(tmp_path / "vault.json")}, open_file=decrypted)
    assert (found, seen) == ({"definition": BASIC}, [str(tmp_path / "vault.json")])


def test_files_of_a_snapshot_that_must_be_decrypted_first(tmp_path: Path) -> None:
    plain = Path(snapshot(tmp_path / "plain", PHONE))
    vault = tmp_path / "vault"
    vault.mkdir()
    for file in plain.iterdir():
        (vault / file.name).write_text("$ANSIBLE_VAULT")
    opened = []

    def decrypted(path: str) -> str:
        opened.append(path)
        return str(plain / Path(path).name)

    (found,) = resolved({"src": str(vault), "id": PHONE["flowId"]}, open_file=decrypted)
    assert found["definition"] == {**PHONE, "flowId": "vault"}
    assert sorted(opened) == sorted(str(file) for file in vault.iterdir())


def test_a_file_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "flow.json", BASIC)
    assert resolved({"src": "~/flow.json"}) == [{"definition": BASIC}]


@pytest.mark.parametrize("given", ["flow", "snapshot"])
def test_a_snapshot(given: str, tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "flows" / PHONE["flowId"], PHONE)
    src = folder if given == "flow" else str(tmp_path)
    (found,) = resolved({"id": PHONE["flowId"], "src": src})
    assert found == {"id": PHONE["flowId"], "definition": PHONE}
    if given == "flow":
        assert resolved({"src": folder + "/"}) == [{"definition": PHONE}]


def test_a_backup(tmp_path: Path) -> None:
    src = saved(tmp_path, {"b": {**PHONE, "flowId": "b"}, "a": None, "c": BASIC})
    rest = {"only_project": "P2x", "disabled": True}
    entries = [
        {"id": "a", "state": "absent", **rest},
        {"id": "b", "definition": {**PHONE, "flowId": "b"}, "state": "present", **rest},
        {"id": "c", "definition": BASIC, "state": "present", **rest},
    ]
    assert resolved({"src": src, "disabled": True, "state": "present"}) == entries
    for entry in entries:
        assert resolved({"src": src, "id": entry["id"], "disabled": True, "state": "present"}) == [entry]


def test_a_backup_as_definition() -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    content = backup.document({"flows": {"a": None, "b": BASIC}}, reason="x", project={"id": "P2x"}, origin={}, now=now)
    entries = [
        {"id": "a", "state": "absent", "only_project": "P2x"},
        {"id": "b", "definition": BASIC, "only_project": "P2x"},
    ]
    for definition in (content, json.dumps(content)):
        assert resolved({"definition": definition}) == entries
        assert resolved({"definition": definition, "id": "b"}) == entries[1:]
        assert problem({"definition": definition, "id": "c"}) == ("definition", "holds no flow 'c'; it has a, b.")
    content["sections"]["flows"]["a"] = BASIC
    field, text = problem({"definition": content})
    assert field == "definition"
    assert text.startswith("is damaged: the checksum of its section 'flows'")


@pytest.mark.parametrize("export", [PHONE, {"flow": PHONE}, to_console_form(PHONE)], ids=["v2", "reply", "console"])
def test_a_definition_as_text(export: Json) -> None:
    (found,) = resolved({"definition": json.dumps(export)})
    assert same(normal(found["definition"]), normal(PHONE))


def test_a_config_as_text() -> None:
    config = {"methods": ["totp", "email"]}
    entry = {"id": "mfa", "template": "mfa-login"}
    assert resolved({**entry, "config": json.dumps(config)}) == resolved({**entry, "config": config})
    assert problem({**entry, "config": '{"metods": []}'})[0] == "config"
    assert problem({**entry, "config": "text"})[0] == "config"


def test_an_id_that_looks_like_a_number(tmp_path: Path) -> None:
    assert resolved({"id": 7, "disabled": True}) == [{"id": "7", "disabled": True}]
    assert resolved({"id": 0}) == [{"id": "0"}]
    src = saved(tmp_path, {"7": BASIC})
    (found,) = resolved({"id": 7, "src": src})
    assert (found["id"], found["definition"]) == ("7", BASIC)
    (found,) = resolved({"id": 7, "template": "mfa-login"})
    assert (found["id"], found["definition"]["flowId"]) == ("7", "7")


@pytest.mark.parametrize("value", ["", "  ", True, False, ["x"], {"a": 1}, 1.5], ids=str)
@pytest.mark.parametrize("field", ["id", "src", "template"])
def test_what_is_no_text(field: str, value: Any) -> None:
    assert problem({field: value, "disabled": True}) == (field, "is not a text, or is empty.")


@pytest.mark.parametrize("field", ["src", "template"])
def test_a_number_is_an_id_and_nothing_else(field: str) -> None:
    assert problem({"id": "x", field: 5}) == (field, "is not a text, or is empty.")


@pytest.mark.parametrize("config", [None, {}, {"methods": ["totp", "email"]}], ids=str)
def test_a_template_that_ships(config: Json | None) -> None:
    (found,) = resolved({"id": "mfa", "template": "mfa-login", "config": config, "allow_breaking_changes": True})
    assert set(found) == {"id", "definition", "allow_breaking_changes"}
    assert found["definition"]["flowId"] == "mfa"
    assert found["definition"]["contents"]["tasks"]


# -- every error -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "field", "message"),
    [
        ({"src": "x", "definition": {}}, "src, definition", "exclude one another: give one of them."),
        (
            {"src": "x", "definition": {}, "template": "y", "config": {}},
            "src, definition, template",
            "exclude one another: give one of them.",
        ),
        ({"definition": BASIC, "config": {}}, "config", "is for a template: give template with it."),
        ({"id": "x", "config": {}}, "config", "is for a template: give template with it."),
        ({"template": "mfa-login"}, "id", "is missing: a template has no id of its own."),
        ({"id": "x", "template": "mfa-login", "config": {"metods": []}}, "config", "did you mean 'methods'"),
        ({"id": "x", "template": "mfa-logn"}, "template", "mfa-login"),
        (
            {"definition": {"hello": 1}},
            "definition",
            "has neither 'contents' (v2 export) nor 'flow' with 'dsl' (v1 export). Give an export of a flow as the",
        ),
        ({"definition": "text"}, "definition", "is a text, not a JSON object. Give an export"),
        ({"src": "/nowhere/flow.json"}, "src '/nowhere/flow.json'", "cannot be read: No such file or directory."),
    ],
)
def test_bad_entries(entry: Json, field: str, message: str) -> None:
    told = problem(entry)
    assert told[0] == field
    assert message in told[1]


PACKED = gzip.compress(json.dumps(PHONE).encode(), mtime=0)
DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not JSON: "),
    "cut": (b"{", "is not JSON: "),
    "not UTF-8": (b"\xff\xff", "is not JSON: "),
    "packed, not JSON": (gzip.compress(b"{", mtime=0), "is not JSON: "),
    "packed, cut": (PACKED[: len(PACKED) // 2], "cannot be read: "),
    "packed, garbled": (PACKED[:20] + b"\x00" * 40, "cannot be read: "),
    "packed, another checksum": (PACKED[:-8] + b"\x00" * 8, "cannot be read: "),
    "packed, only the beginning": (b"\x1f\x8b", "cannot be read: "),
    "a list": (b"[]", "is a list, not a JSON object. "),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files(case: str, tmp_path: Path) -> None:
    content, message = DAMAGED[case]
    (tmp_path / "flow.json").write_bytes(content)
    field, text = problem({"src": str(tmp_path / "flow.json")})
    assert field == f"src '{tmp_path / 'flow.json'}'"
    assert text.startswith(message)
    assert text.endswith(".")


BAD_BACKUPS: dict[str, tuple[Json, Json, str | None, str]] = {
    "another id": ({"a": BASIC, "b": None}, {}, "c", "holds no flow 'c'; it has a, b."),
    "masked": ({"a": BASIC}, {"masked": ["flows/a"]}, "a", "has the flow 'a' without the management key that stood in"),
    "no flows": ({}, {}, "c", "holds no flow 'c'; it has none."),
    "damaged": ({"a": BASIC}, {"checksums": {"flows": "0"}}, None, "is damaged: the checksum of its section"),
    "newer": ({"a": BASIC}, {"schema_version": 9}, None, "has schema_version 9; this version of the collection"),
    "no project": ({"a": BASIC}, {"project": None}, None, "is damaged: it does not say of which project it is."),
}


@pytest.mark.parametrize("case", BAD_BACKUPS)
def test_bad_backups(case: str, tmp_path: Path) -> None:
    flows, changes, flow_id, message = BAD_BACKUPS[case]
    src = saved(tmp_path, flows, **changes)
    field, text = problem({"src": src, "id": flow_id})
    assert field == f"src '{src}'"
    assert text.startswith(message)


def test_a_backup_without_flows_holds_none(tmp_path: Path) -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    content = backup.document({"theme": {}}, reason="x", project={"id": "P2x"}, origin={}, now=now)
    src = written(tmp_path / "b.json", content)
    assert resolved({"src": src}) == []
    assert problem({"src": src, "id": "c"})[1] == "holds no flow 'c'; it has none."


def test_bad_folders(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "flows" / "other").mkdir(parents=True)
    for entry in ({"src": str(empty)}, {"src": str(empty), "id": "x"}, {"src": str(empty), "id": "other"}):
        field, text = problem(entry)
        assert field == f"src '{empty}'"
        assert text.startswith("is a folder without metadata.json, so not a flow of a snapshot. Give an export")
    folder = tmp_path / "flow"
    snapshot(folder, PHONE)
    (folder / "screen-s1.json").unlink()
    assert "names screens that are not there: screen-s1.json" in problem({"src": str(folder)})[1]
    (folder / "contents.json").write_text("[")
    assert problem({"src": str(folder)})[1].startswith("contents.json in it is not JSON: ")
    (folder / "contents.json").unlink()
    assert problem({"src": str(folder)})[1] == "contents.json in it cannot be read: No such file or directory."
    snapshot(folder, PHONE)
    (folder / "screen-s0.json").write_text("x")
    assert problem({"src": str(folder)})[1].startswith("screen-s0.json in it is not JSON: ")
    (folder / "screen-s0.json").unlink()
    (folder / "metadata.json").write_text("")
    assert "metadata.json in it is not JSON: " in problem({"src": str(folder)})[1]


def test_a_file_of_a_snapshot_that_cannot_be_decrypted(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "flow", PHONE)

    def refuse(path: str) -> str:
        if path.endswith("contents.json"):
            raise IdentityError("unreadable", "cannot be read: no vault secrets.", "Give a password.")
        return path

    found, (one,) = resolve({"src": folder}, [], "", open_file=refuse)
    assert found == []
    assert str(one) == f"src '{folder}': contents.json in it cannot be read: no vault secrets. Give a password."


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({}, "flows[2]"),
        ({"id": "x", "name": "N", "source": "a.yml"}, "flows[2] 'x' (a.yml)"),
        ({"name": "N"}, "flows[2] 'N'"),
        ({"source": "a.yml"}, "flows[2] (a.yml)"),
    ],
    ids=str,
)
def test_where(entry: Json, text: str) -> None:
    assert where(2, entry) == text
