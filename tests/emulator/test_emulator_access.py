# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorisation, projects, license, roles, unknown paths."""

from __future__ import annotations

import pytest
from emulator_api import OTHER_KEY, OTHER_PROJECT, SECOND_PROJECT, error

from emulator.testing import KEY, PROJECT_ID

LIST = "/v1/mgmt/projects/list"


def projects(api):
    answer = api.http.post(LIST)
    assert answer.status_code == 200, answer.text
    return {project["id"]: project for project in answer.json()["projects"]}


@pytest.mark.parametrize(
    "bearer",
    ["", PROJECT_ID, f"{PROJECT_ID}:", f"{PROJECT_ID}:wrong", f"{PROJECT_ID}:{OTHER_KEY}", f"{OTHER_PROJECT}:{KEY}"],
)
def test_a_wrong_key_opens_nothing(connect, emulator, bearer):
    intruder = connect(bearer)
    for answer in (
        intruder.get("/v1/mgmt/tenant/all"),
        intruder.post("/v1/mgmt/tenant/create", name="Acme"),
        intruder.get("/v1/mgmt/license"),
    ):
        assert answer.status_code == 401
        assert answer.json()["errorCode"]
    assert not any(project["tenants"] for project in emulator.state()["projects"].values())


def test_only_a_bearer_counts(connect):
    anonymous = connect("")
    headers = {"Authorization": f"Basic {PROJECT_ID}:{KEY}"}
    assert anonymous.http.get("/v1/mgmt/tenant/all", headers=headers).status_code == 401


def test_an_unknown_project(connect):
    assert error(connect(f"Pnope:{KEY}").get("/v1/mgmt/tenant/all")) == (401, "E011008")
    assert error(connect(KEY).get("/v1/mgmt/tenant/all")) == (401, "E011008")


def test_the_project_is_the_one_of_the_bearer(api, connect):
    api.create("Acme", id="acme")
    assert connect(f"{SECOND_PROJECT}:{KEY}").ids() == []
    assert connect(f"{OTHER_PROJECT}:{OTHER_KEY}").ids() == []
    # a token in the middle, as the SDK sends for calls with a refresh token
    assert connect(f"{PROJECT_ID}:some.jwt:{KEY}").ids() == ["acme"]


def test_license(api, connect):
    assert api.get("/v1/mgmt/license").json() == {"rateLimitTier": "tier2"}


@pytest.mark.parametrize("bearer", [KEY, f"{PROJECT_ID}:{KEY}"])
def test_a_key_lists_the_projects_of_its_company(connect, bearer):
    assert projects(connect(bearer)) == {
        PROJECT_ID: {"id": PROJECT_ID, "name": "first", "tag": "", "environment": "", "tags": []},
        SECOND_PROJECT: {"id": SECOND_PROJECT, "name": "second", "tag": "", "environment": "", "tags": []},
    }


def test_a_bare_key_must_be_a_key(connect):
    assert connect("Kwrong").http.post(LIST).status_code == 401


def test_projects_are_created_renamed_tagged_and_deleted(connect):
    company = connect(KEY)
    made = company.post("/v1/mgmt/project", name="new", environment="production", tags=["a"]).json()
    new = connect(f"{made['id']}:{KEY}")
    assert new.ids() == []
    assert new.post("/v1/mgmt/project/update/name", name="renamed").json() == {}
    assert new.post("/v1/mgmt/project/update/tags", tags=["b", "c"]).json() == {}
    assert projects(company)[made["id"]] == {
        "id": made["id"],
        "name": "renamed",
        "tag": "",
        "environment": "production",
        "tags": ["b", "c"],
    }
    assert new.http.post("/v1/mgmt/project/delete").json() == {}
    assert set(projects(company)) == {PROJECT_ID, SECOND_PROJECT}
    assert error(new.get("/v1/mgmt/tenant/all")) == (401, "E011008")


def test_bad_projects_are_refused(connect, api):
    company = connect(KEY)
    assert error(company.post("/v1/mgmt/project", tags=[])) == (400, "E011003")
    assert error(company.post("/v1/mgmt/project", name="x", environment="staging"))[0] == 400
    assert error(api.post("/v1/mgmt/project/update/name", name="")) == (400, "E011003")
    assert set(projects(company)) == {PROJECT_ID, SECOND_PROJECT}


def test_the_last_project_of_a_company_stays(connect):
    other = connect(f"{OTHER_PROJECT}:{OTHER_KEY}")
    assert error(other.post("/v1/mgmt/project/delete")) == (400, "E073008")
    assert set(projects(other)) == {OTHER_PROJECT}


def test_roles(api):
    roles = {role["name"]: role for role in api.get("/v1/mgmt/role/all").json()["roles"]}
    assert set(roles) == {"Tenant Admin", "Support"}
    assert all(role["tenantId"] == "" and role["id"].startswith("ROL2") for role in roles.values())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/v1/mgmt/nope", 404), ("PUT", "/v1/mgmt/tenant/create", 405)],
)
def test_unknown_paths_and_methods(api, method, path, status):
    answer = api.http.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "details"}
