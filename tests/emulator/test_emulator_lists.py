# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of texts, of IP addresses and of anything."""

from __future__ import annotations

import pytest
from emulator_api import error, sample

LIST = "/v1/mgmt/list"
SAMPLES = {"texts": "textslist", "ips": "ipslist", "json": "jsonlist"}


def make(api, name="L", **body):
    answer = api.post(LIST, name=name, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()["list"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_come_back(api, kind):
    data = sample(SAMPLES[kind])
    made = make(api, type=kind, description="d", data=data)
    assert made == {"id": made["id"], "name": "L", "description": "d", "type": kind, "data": data}
    assert api.get(f"{LIST}/{made['id']}").json() == {"list": made}
    assert api.get(f"{LIST}/name/L").json() == {"list": made}
    assert api.get(f"{LIST}/all").json() == {"lists": [made]}
    new = api.post(f"{LIST}/update", id=made["id"], name="M", data=data).json()["list"]
    assert new == made | {"name": "M", "description": ""}
    assert api.post(f"{LIST}/clear", id=made["id"]).json() == {}
    assert api.get(f"{LIST}/name/M").json()["list"]["data"] == ({} if kind == "json" else [])
    assert api.post(f"{LIST}/delete", id=made["id"]).json() == {}
    assert api.get(f"{LIST}/all").json() == {"lists": []}


@pytest.mark.parametrize(("family", "field", "kind"), [("text", "texts", "texts"), ("ip", "ips", "ips")])
def test_entries(api, family, field, kind):
    first, second = ("10.0.0.1", "10.1.0.0/16") if kind == "ips" else ("a", "b")
    made = make(api, type=kind, data=[first])
    one = field[:-1]
    assert api.post(f"{LIST}/{family}/check", id=made["id"], **{one: second}).json() == {"exists": False}
    assert api.post(f"{LIST}/{family}/add", id=made["id"], **{field: [first, second, second]}).json() == {}
    assert api.post(f"{LIST}/{family}/check", id=made["id"], **{one: second}).json() == {"exists": True}
    assert api.get(f"{LIST}/{made['id']}").json()["list"]["data"] == [first, second]
    assert api.post(f"{LIST}/{family}/remove", id=made["id"], **{field: [first, "1.1.1.1"]}).json() == {}
    assert api.get(f"{LIST}/{made['id']}").json()["list"]["data"] == [second]
    other = make(api, "Other", type="json")
    assert api.post(f"{LIST}/{family}/add", id=other["id"], **{field: [first]}).status_code == 400


def test_import(api):
    made = make(api, "Old", type="texts", data=["a"])
    entries = [
        {"name": "Old", "data": ["b"]},
        {"id": "given", "name": "New", "type": "ips", "data": ["::1"]},
        {"name": "Any", "type": "json", "data": {"x": 1}},
    ]
    assert api.post(f"{LIST}/import", lists=entries).json() == {}
    lists = {entry["name"]: entry for entry in api.get(f"{LIST}/all").json()["lists"]}
    assert lists["Old"] == made | {"data": ["b"]}
    assert (lists["New"]["id"], lists["New"]["data"], lists["Any"]["data"]) == ("given", ["::1"], {"x": 1})


@pytest.mark.parametrize(
    "lists",
    [
        None,
        {},
        ["x"],
        [{"name": "N"}, {"name": "N"}],
        [{"name": "N"}, {"name": ""}],
        [{"name": "N"}, {"name": "L", "type": "json"}],
    ],
)
def test_a_bad_import_changes_nothing(api, emulator, lists):
    make(api, type="texts")
    before = emulator.state()
    assert api.post(f"{LIST}/import", lists=lists).status_code == 400
    assert emulator.state() == before


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "L"},
        {"name": "N", "type": "nope"},
        {"name": "N", "type": "texts", "data": {"a": 1}},
        {"name": "N", "type": "texts", "data": [1]},
        {"name": "N", "type": "ips", "data": ["x"]},
        {"name": "N", "type": "json", "data": "x"},
    ],
)
def test_refused(api, emulator, body):
    make(api, type="texts")
    before = emulator.state()
    assert api.post(LIST, **body).status_code == 400
    assert emulator.state() == before


def test_the_type_stays(api):
    made = make(api, type="texts")
    assert api.post(f"{LIST}/update", id=made["id"], name="L", type="json").status_code == 400
    assert api.post(f"{LIST}/update", id=made["id"], name="L", type="texts").status_code == 200


def test_unknown(api):
    for answer in (api.get(f"{LIST}/nope"), api.get(f"{LIST}/name/nope"), api.post(f"{LIST}/delete", id="nope")):
        assert error(answer) == (404, "E119009")
    assert error(api.post(f"{LIST}/clear")) == (400, "E011003")


def test_kinds(api, emulator):
    made = make(api, type="texts")
    api.get(f"{LIST}/{made['id']}")
    api.post(f"{LIST}/text/check", id=made["id"], text="x")
    api.post(f"{LIST}/text/add", id=made["id"], texts=["x"])
    assert [entry["kind"] for entry in emulator.requests()] == ["write", "read", "read", "write"]
