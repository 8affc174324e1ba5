# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The theme: what goes in comes out, in both forms."""

from __future__ import annotations

import pytest
from emulator_api import error, sample

from emulator.testing import PROJECT_ID

EXPORT = "/v2/mgmt/theme/export"
IMPORT = "/v2/mgmt/theme/import"


def test_a_new_theme_is_empty(api):
    out = api.http.post(EXPORT).json()["theme"]
    assert out == sample("emptystyle") | {"componentsVersion": "3.18.2"}


@pytest.mark.parametrize("name", ["basicstyle", "emptystyle"])
def test_samples_come_back(api, emulator, name):
    styles = sample(name)
    assert api.post(IMPORT, theme=styles).json() == {}
    assert api.post(EXPORT).json()["theme"] == styles | {"componentsVersion": "3.18.2"}
    theme = emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["theme"]
    assert (theme["styles"], theme["version"]) == (styles["styles"], 2)
    old = api.post("/v1/mgmt/theme/export").json()["theme"]
    assert (old["cssTemplate"], old["version"]) == (styles["styles"], 2)


def test_v1_replaces_and_counts(api):
    api.post(IMPORT, theme=sample("basicstyle"))
    new = {"light": {"a": 1}}
    for version in (3, 4):
        out = api.post("/v1/mgmt/theme/import", theme={"cssTemplate": new}).json()["theme"]
        assert (out["cssTemplate"], out["version"]) == (new, version)
        assert api.post("/v1/mgmt/theme/export").json()["theme"] == out
    assert api.post(EXPORT).json()["theme"]["styles"] == new


def test_references(api):
    api.post(IMPORT, theme={"styles": {}, "references": {"connectors": {"a": "b"}}})
    api.post(IMPORT, theme={"styles": {}})
    assert api.post(EXPORT).json()["theme"]["references"] == {"connectors": {"a": "b"}}


@pytest.mark.parametrize("theme", [None, [], {}, {"styles": []}, {"styles": None}, {"styles": {}, "references": []}])
def test_malformed(api, emulator, theme):
    before = emulator.state()
    for path in (IMPORT, "/v1/mgmt/theme/import"):
        assert error(api.post(path, theme=theme))[0] == 400
    assert api.post("/v1/mgmt/theme/import", theme={"cssTemplate": "x"}).status_code == 400
    assert emulator.state() == before


def test_edits(api, emulator):
    assert emulator.edit("set_theme", styles={"dark": {"a": 1}}) == {"version": 2}
    emulator.edit("set_components_version", version="9")
    out = api.post(EXPORT).json()["theme"]
    assert (out["styles"], out["componentsVersion"]) == ({"dark": {"a": 1}}, "9")
    assert api.post("/v1/mgmt/theme/export").json()["theme"]["componentsVersion"] == "9"
