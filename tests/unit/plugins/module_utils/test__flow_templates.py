# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_templates import (
    config_problems,
    describe,
    find,
    render,
    search,
)
from tests.support.templates import Json, load, write

# --- search -----------------------------------------------------------------------------------------------------------


def test_the_first_folder_that_has_a_name_wins(tmp_path: Path) -> None:
    write(tmp_path / "own/small", {"description": "Mine."})
    write(tmp_path / "other/small", {"description": "Theirs."})
    write(tmp_path / "other/large", {})
    (tmp_path / "other/README").mkdir()
    (tmp_path / "other/file").write_text("")
    paths = [str(tmp_path / name) for name in ("own", "missing", "other")]
    found = search(paths)
    assert {name: template.description for name, template in found.items()} == {"large": "", "small": "Mine."}
    assert found["small"] == find("small", paths)
    assert found["small"].path == str(tmp_path / "own/small")


def test_an_unusable_template_does_not_keep_others_from_being_found(tmp_path: Path) -> None:
    write(tmp_path / "small")
    write(tmp_path / "broken", flow="{")
    assert find("small", [str(tmp_path)]).name == "small"
    with pytest.raises(IdentityError, match="'broken' cannot be used"):
        search([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("smal", "there is no flow template 'smal'; did you mean 'small'? Looked in: "),
        ("xyz", "there is no flow template 'xyz'; known are large, small. Looked in: "),
    ],
)
def test_an_unknown_template(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / "small")
    write(tmp_path / "large")
    paths = [str(tmp_path / "missing"), str(tmp_path)]
    with pytest.raises(IdentityError) as caught:
        find(name, paths)
    assert caught.value.code == "unknown_template"
    assert str(caught.value) == f"{text}{', '.join(paths)}."


def test_an_unknown_template_with_nowhere_to_look() -> None:
    with pytest.raises(IdentityError, match=r"'x'; known are none\. Looked in: no folder\.$"):
        find("x", [])


# --- configurations ---------------------------------------------------------------------------------------------------

OPTIONS: Json = {
    "flag": {"type": "bool"},
    "days": {"type": "int", "min": 1, "max": 90},
    "least": {"type": "int", "min": 1},
    "most": {"type": "float", "max": 1.5},
    "few": {"type": "list", "elements": "str", "max": 1},
    "text": {"type": "str"},
    "ways": {"type": "list", "choices": ["sms", "totp"], "min": 2, "because": "One may be lost."},
    "ports": {"type": "list", "elements": "int"},
    "one": {"choices": ["left", "right"]},
}
KNOWN = "known are days, few, flag, least, most, one, ports, text, ways."


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, []),
        ({}, []),
        ({"days": None, "ways": None}, []),
        (
            {"flag": "yes", "days": "30", "least": 5, "most": 1, "few": [], "text": "", "ways": "sms,totp"},
            [],
        ),
        (["days"], [f"['days'] is not a dictionary of options; {KNOWN}"]),
        ({"dayz": 1}, ["dayz: is not a known option; did you mean 'days'?"]),
        (
            {"zzz": 1, 7: 2},
            [
                f"{name}: is not a known option; {KNOWN}"
                for name in ("7", "zzz")
            ],
        ),
        ({"flag": "perhaps"}, ["flag: 'perhaps' is not true or false."]),
        ({"days": "soon"}, ["days: 'soon' is not a whole number."]),
        ({"days": True}, ["days: True is not a whole number."]),
        ({"days": 0}, ["days: 0 is out of range: 1 to 90 is allowed."]),
        ({"days": 91}, ["days: 91 is out of range: 1 to 90 is allowed."]),
        ({"least": 0}, ["least: 0 is out of range: at least 1 is allowed."]),
        ({"most": 2}, ["most: 2.0 is out of range: at most 1.5 is allowed."]),
        ({"text": ["a"]}, ["text: ['a'] is not a text."]),
        ({"one": "lefft"}, ["one: 'lefft' is not among the choices; did you mean 'left'?"]),
        ({"one": "up"}, ["one: 'up' is not among the choices; known are left, right."]),
        ({"few": ["a", "b"]}, ["few: may have at most 1, got 2."]),
        ({"ways": {"sms": 1}}, ["ways: {'sms': 1} is not a list of texts."]),
        ({"ports": ["a"]}, ["ports: ['a'] is not a list of whole numbers."]),
        ({"ports": [True]}, ["ports: [True] is not a list of whole numbers."]),
        ({"ways": []}, ["ways: needs at least 2 of sms, totp, got none. One may be lost."]),
        (
            {"ways": ["sms", "sms"]},
            ["ways: 'sms' is there twice.", "ways: needs at least 2 of sms, totp, got 1. One may be lost."],
        ),
        (
            {"x": 1, "days": 99, "ways": ["sms", "topt"]},
            [
                f"x: is not a known option; {KNOWN}",
                "days: 99 is out of range: 1 to 90 is allowed.",
                "ways: 'topt' is not among the choices; did you mean 'totp'?",
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_configuration(tmp_path: Path, config: Any, expected: list[str]) -> None:
    assert config_problems(load(tmp_path, OPTIONS), config) == expected


def test_no_configuration_is_an_empty_one(tmp_path: Path) -> None:
    template = load(tmp_path)
    assert render(template, None, "mine") == render(template, {}, "mine")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"type": "str", "required": True}, "x: is required: give a text."),
        ({"type": "int", "required": True, "min": 3}, "x: is required: at least 3 is allowed."),
        ({"type": "list", "required": True}, "x: is required: give a list of texts."),
        ({"type": "list", "required": True, "choices": ["a", "b"]}, "x: is required: give a list of a, b."),
    ],
)
def test_an_option_that_is_required(tmp_path: Path, option: Json, expected: str) -> None:
    template = load(tmp_path, {"x": option})
    assert config_problems(template, {}) == [expected]
    with pytest.raises(Problems) as caught:
        render(template, {"y": 1}, "mine")
    assert [str(problem) for problem in caught.value.problems] == [
        "flow 'mine': config: y: is not a known option; known are x.",
        f"flow 'mine': config: {expected}",
    ]


# --- describe ---------------------------------------------------------------------------------------------------------


def test_what_a_template_offers(tmp_path: Path) -> None:
    small = load(tmp_path)
    shown = describe(small)
    assert shown == {
        "name": "small",
        "description": "A small one.",
        "path": small.path,
        "options": {
            "ways": {
                "type": "list",
                "elements": "str",
                "choices": ["a", "b", "c"],
                "default": ["a"],
                "required": False,
                "min": 1,
                "description": "The ways in.",
                "adds": {
                    "a": {"steps": ["Step 1"], "parts": ["input"]},
                    "b": {"steps": ["Step 2"], "parts": ["input"]},
                    "c": {"steps": ["Step 3"], "parts": []},
                },
            },
            "days": {
                "type": "int",
                "default": None,
                "required": False,
                "description": "",
                "min": 1,
                "max": 90,
                "adds": {},
            },
        },
    }
    json.dumps(shown)
    shown["options"]["ways"]["choices"].clear()
    assert small.options["ways"]["choices"] == ["a", "b", "c"]
