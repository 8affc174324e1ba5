# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(descope_theme) against the emulator: what a deployment does, refuses, and leaves behind."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from .conftest import Run
from .test_descope_flows import OTHER, paths

BASIC = sample("basicstyle.json")
EMPTY = sample("emptystyle.json")
PRIMARY = ("light", "components", "button", "mode", "primary")
MAIN = "--descope-button-main"

SERVICES = [
    {"theme_import": how, "flow_v2": version, "flow_references": references}
    for how, version, references in itertools.product(
        ["upsert", "replace"], ["present", 404, 405, 501], ["computed", "as_sent", "absent"]
    )
]


@pytest.fixture(params=SERVICES, ids=["-".join(map(str, switches.values())) for switches in SERVICES])
def any_service(request: pytest.FixtureRequest, emulator: ThreadedEmulator) -> dict[str, Any]:
    """Every service that there may be."""
    emulator.switches(**request.param)
    return request.param


def stored(emulator: ThreadedEmulator) -> dict[str, Any]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["theme"]


def console_form(theme: dict[str, Any]) -> dict[str, Any]:
    return {
        "theme": {
            "id": "TH2",
            "version": 12,
            "cssTemplate": theme["styles"],
            "componentsVersion": theme["componentsVersion"],
        }
    }


def at(styles: dict[str, Any], *path: str) -> Any:
    for name in path:
        styles = styles[name]
    return styles


def colored(color: str) -> dict[str, Any]:
    """Return a definition of one color."""
    value: Any = {MAIN: color}
    for name in reversed(PRIMARY):
        value = {name: value}
    return {"styles": value}


@pytest.mark.parametrize("theme", [BASIC, EMPTY], ids=["basic", "empty"])
def test_samples_round_trip(
    theme: dict[str, Any], any_service: dict[str, Any], emulator: ThreadedEmulator, run: Run
) -> None:
    preview = run("descope_theme", check=True, definition=theme)
    assert emulator.writes() == []
    first = run("descope_theme", definition=theme)
    assert not first["failed"], first["msg"]
    assert first["changed"] == preview["changed"] == (theme is BASIC)
    assert first["changes"] == preview["changes"] == (["dark", "light"] if theme is BASIC else [])
    assert first["diff"] == preview["diff"]
    assert stored(emulator)["styles"] == theme["styles"]
    version = stored(emulator)["version"]
    for form in (theme, {"theme": theme}, console_form(theme), console_form(theme)["theme"]):
        emulator.reset("log")
        again = run("descope_theme", definition=form)
        assert not again["changed"], again["diff"]
        assert again["msg"] == "theme: unchanged"
        assert again["diff"]["before"] == again["diff"]["after"] == ""
        assert "backup_file" not in again
        assert emulator.writes() == []
    assert stored(emulator)["version"] == version


def test_what_is_not_mentioned_stays(any_service: dict[str, Any], emulator: ThreadedEmulator, run: Run) -> None:
    run("descope_theme", definition=BASIC)
    result = run("descope_theme", definition=colored("#123456"))
    assert result["changed"]
    assert result["changes"] == [".".join((*PRIMARY, MAIN))]
    assert "dark" in result["unmanaged"]
    expected = copy.deepcopy(BASIC["styles"])
    at(expected, *PRIMARY)[MAIN] = "#123456"
    assert stored(emulator)["styles"] == expected
    emulator.reset("log")
    assert not run("descope_theme", definition=colored("#123456"))["changed"]
    assert emulator.writes() == []


@pytest.mark.parametrize("how", ["definition", "v2", "v1", "reply", "snapshot", "compressed"])
def test_sources(how: str, emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    emulator.edit("set_theme", styles=BASIC["styles"])
    emulator.reset("log")
    file = tmp_path / "theme.json"
    content = {
        "v1": console_form(BASIC)["theme"],
        "reply": {"theme": BASIC},
        "snapshot": {name: BASIC[name] for name in ("styles", "componentsVersion")},
    }.get(how, BASIC)
    data = json.dumps(content).encode()
    file.write_bytes(gzip.compress(data) if how == "compressed" else data)
    result = run("descope_theme", **({"definition": BASIC} if how == "definition" else {"src": str(file)}))
    assert not result["failed"], result["msg"]
    assert not result["changed"]
    assert result["unmanaged"] == []
    assert result["theme"]["modes"] == ["dark", "light"]
    assert "button" in result["theme"]["components"]
    assert paths(emulator) == ["theme/export"]


def test_requests(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_theme", definition=BASIC)
    assert paths(emulator) == ["theme/export", "theme/import", "theme/export"]
    assert result["requests"]["writes"] == 1
    sent = [entry for entry in emulator.requests() if entry["path"] == "/v2/mgmt/theme/import"]
    assert len(sent) == 1
    emulator.switches(flow_v2=501)
    emulator.reset("log")
    run("descope_theme", definition=colored("#123456"))
    assert [entry["path"] for entry in emulator.requests()][1:] == [
        "/v2/mgmt/theme/export",
        "/v1/mgmt/theme/export",
        "/v1/mgmt/theme/import",
        "/v1/mgmt/theme/export",
    ]


def test_the_components_version_is_no_difference(emulator: ThreadedEmulator, run: Run) -> None:
    run("descope_theme", definition=BASIC)
    emulator.edit("set_components_version", version="9.9.9")
    result = run("descope_theme", definition=BASIC)
    assert not result["changed"]
    assert result["theme"]["components_version"] == "9.9.9"


def test_a_console_edit_shows_and_is_undone(emulator: ThreadedEmulator, run: Run) -> None:
    edited = copy.deepcopy(BASIC["styles"])
    at(edited, *PRIMARY)[MAIN] = "#000000"
    edited["light"]["extra"] = {"a": {"b": "c"}}
    emulator.edit("set_theme", styles=edited)
    result = run("descope_theme", definition=BASIC)
    assert result["unmanaged"] == ["light.extra"]
    sides = [yaml.safe_load(result["diff"][side]) for side in ("before", "after")]
    mode, *rest = (*PRIMARY, MAIN)
    name = ".".join(rest)
    assert [side["theme"] for side in sides] == [
        {mode: {name: "#000000"}},
        {mode: {name: at(BASIC["styles"], *PRIMARY)[MAIN]}},
    ]
    assert [len(result["diff"][side].splitlines()) for side in ("before", "after")] == [3, 3]
    assert result["diff"]["before_header"] == f"theme of {PROJECT_ID}"
    at(edited, *PRIMARY)[MAIN] = at(BASIC["styles"], *PRIMARY)[MAIN]
    assert stored(emulator)["styles"] == edited


def test_full_diff(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("set_theme", styles=BASIC["styles"])
    result = run("descope_theme", check=True, definition=colored("#123456"), diff_detail="full")
    after = yaml.safe_load(result["diff"]["after"])["theme"]
    assert "dark" in after
    assert at(after, *PRIMARY)[MAIN] == "#123456"
    assert "diff" not in run("descope_theme", check=True, diff=False, definition=colored("#123456"))
    assert run("descope_theme", definition=BASIC, diff_detail="full")["diff"]["after"] == ""


def test_values_are_cleared_on_purpose_only(any_service: dict[str, Any], emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("set_theme", styles=BASIC["styles"])
    emulator.reset("log")
    assert not run("descope_theme", definition={"styles": {"light": None, "dark": {}}})["changed"]
    assert emulator.writes() == []
    assert run("descope_theme", definition=colored(""))["changed"]
    assert at(stored(emulator)["styles"], *PRIMARY)[MAIN] == ""
    assert not run("descope_theme", definition=colored(""))["changed"]


def test_references_are_sent(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.switches(flow_references="as_sent")
    definition = {**BASIC, "references": {"fonts": {"a": "1"}}}
    assert run("descope_theme", definition=definition)["changed"]
    assert stored(emulator)["references"] == {"fonts": {"a": "1"}}
    definition = {**colored("#123456"), "references": {"fonts": {"b": "2"}}}
    assert run("descope_theme", definition=definition)["changed"]
    assert stored(emulator)["references"] == {"fonts": {"a": "1", "b": "2"}}
    definition["references"] = {"fonts": {"c": "3"}}
    assert not run("descope_theme", definition=definition)["changed"]


def test_backup_and_rollback(any_service: dict[str, Any], emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    emulator.edit("set_theme", styles=BASIC["styles"])
    folder = tmp_path / "backups"
    assert "backup_file" not in run("descope_theme", check=True, backup_dir=str(folder), definition=colored("#123456"))
    assert not folder.exists()
    result = run("descope_theme", backup_dir=str(folder), definition=colored("#123456"), playbook="site.yml")
    (file,) = folder.iterdir()
    assert result["backup_file"] == str(file)
    assert "-theme-" in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    document = json.loads(file.read_text())
    assert document["kind"] == "pcc.identity/backup"
    assert document["project"]["id"] == PROJECT_ID
    assert document["origin"]["playbook"] == "site.yml"
    assert set(document["sections"]) == {"theme"}
    assert document["sections"]["theme"]["styles"] == BASIC["styles"]
    assert set(document["sections"]["theme"]) <= {"styles", "componentsVersion", "references"}
    assert KEY not in file.read_text()
    command = f"ansible-playbook pcc.identity.rollback_theme -e descope_backup_file={file}"
    assert result["rollback"] == command
    back = run("descope_theme", src=str(file))
    assert back["changed"]
    assert stored(emulator)["styles"] == BASIC["styles"]
    assert not run("descope_theme", definition=document)["changed"]


def test_the_rollback_of_an_awkward_path(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "some folder"
    result = run("descope_theme", backup_dir=str(folder), definition=BASIC)
    assert json.dumps({"descope_backup_file": result["backup_file"]}) in result["rollback"]


def test_what_was_added_stays_after_a_rollback(emulator: ThreadedEmulator, run: Run) -> None:
    result = run("descope_theme", definition=BASIC)
    back = run("descope_theme", src=result["backup_file"])
    assert not back["changed"]
    assert back["unmanaged"]


def test_a_backup_of_another_project_is_refused(emulator: ThreadedEmulator, run: Run) -> None:
    file = run("descope_theme", definition=BASIC)["backup_file"]
    emulator.edit("add_project", project=OTHER, key=KEY)
    emulator.reset("log")
    result = run("descope_theme", project_id=OTHER, src=file)
    assert f"backup of project {PROJECT_ID}, not of {OTHER}" in result["msg"]
    assert emulator.requests() == []
    result = run("descope_theme", project_id=OTHER, definition=BASIC, only_project=PROJECT_ID)
    assert result["failed"]
    assert emulator.requests() == []
    assert run("descope_theme", project_id=OTHER, definition=BASIC, only_project=OTHER)["changed"]


def test_a_damaged_backup_is_refused(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("set_theme", styles=BASIC["styles"])
    file = Path(run("descope_theme", definition=colored("#123456"))["backup_file"])
    file.write_text(file.read_text().replace("#0C6CE9", "#0C6CEA"))
    emulator.reset("log")
    result = run("descope_theme", src=str(file))
    assert "checksum" in result["msg"]
    assert str(file) in result["msg"]
    assert emulator.requests() == []


def test_a_backup_of_a_theme_with_the_key_in_it(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.edit("set_theme", styles=colored(KEY)["styles"])
    file = run("descope_theme", definition=colored("#123456"))["backup_file"]
    assert KEY not in Path(file).read_text()
    emulator.reset("log")
    result = run("descope_theme", src=file)
    assert "without the management key that stood in it. Put it back by hand" in result["msg"]
    assert emulator.requests() == []


def test_a_backup_without_a_theme(emulator: ThreadedEmulator, run: Run) -> None:
    file = run("descope_flows", flows=[{"definition": sample("basicflow.json")}])["backup_file"]
    emulator.reset("log")
    result = run("descope_theme", src=file)
    assert "holds no theme" in result["msg"]
    assert emulator.requests() == []


def test_no_write_without_a_backup(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run("descope_theme", definition=BASIC, backup_dir=str(blocked / "sub"))
    assert result["failed"]
    assert result["error_code"] == "backup_failed"
    assert emulator.writes() == []


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "give one of them"),
    "both": ({"src": "theme.json", "definition": BASIC}, "exclude one another"),
    "a flow": ({"definition": sample("basicflow.json")}, "neither 'styles' (v2 export)"),
    "styles as list": ({"definition": {"styles": []}}, "'styles' is not a JSON object"),
    "empty": ({"definition": {}}, "neither 'styles'"),
    "no dictionary": ({"definition": "red"}, "dict"),
    "missing file": ({"src": "/nowhere/theme.json"}, "/nowhere/theme.json"),
    "folder": ({"src": "/"}, "cannot be read"),
    "unknown option": ({"definitions": BASIC}, "did you mean 'definition'"),
    "no state": ({"definition": BASIC, "state": "absent"}, "state"),
    "unknown detail": ({"definition": BASIC, "diff_detail": "all"}, "diff_detail"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_and_nothing_is_sent(case: str, emulator: ThreadedEmulator, run: Run) -> None:
    options, message = BAD[case]
    result = run("descope_theme", **options)
    assert result["failed"]
    assert message in result["msg"], result["msg"]
    assert result["problems"]
    assert emulator.requests() == []


def test_no_json(emulator: ThreadedEmulator, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "theme.json"
    file.write_text("styles:\n  light: {}\n")
    result = run("descope_theme", src=str(file))
    assert f"src '{file}'" in result["msg"]
    assert "is not JSON" in result["msg"]
    assert emulator.requests() == []


def test_a_missing_service(emulator: ThreadedEmulator, run: Run) -> None:
    emulator.switches(flow_v1=404, flow_v2=404)
    result = run("descope_theme", definition=BASIC)
    assert result["failed"]
    assert result["error_code"] == "not_found"
    assert emulator.writes() == []
