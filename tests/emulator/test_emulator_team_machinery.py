# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Okta and Grafana share the machinery of the emulator: faults, limits, log, state file, control, command line."""

from __future__ import annotations

import http.client
import json
import os

import httpx
import pytest
from grafana_client.client import GrafanaServerError
from team_clients import GrafanaRaw, OktaApi, basic, library

from emulator.__main__ import main, make_config
from emulator.testing import (
    GRAFANA_PASSWORD,
    GRAFANA_TOKEN,
    GRAFANA_USER,
    OKTA_TOKEN,
    ControlError,
    EmulatorProcess,
    running,
)

BOTH = pytest.mark.parametrize("threaded", [True, False], ids=["thread", "process"])


def group(emulator, name="SRE", **values):
    return emulator.edit("set_group", service="okta", name=name, **values)["id"]


def team(emulator, name="SRE", **values):
    return emulator.edit("add_team", service="grafana", name=name, **values)


# -- faults -----------------------------------------------------------------------------------------------------------


def test_a_429_has_what_okta_sends(emulator, okta):
    emulator.faults([{"nth": 1, "do": {"kind": "status", "status": 429, "retry_after": 7}}])
    answer = okta.get("/api/v1/groups")
    assert answer.code == (429, "E0000047")
    assert answer.headers["X-Rate-Limit-Remaining"] == "0"
    assert "Date" in answer.headers
    assert okta.get("/api/v1/groups").status == 200


def test_headers_of_a_fault_replace_and_remove(emulator, okta):
    headers = {"x-rate-limit-limit": "0", "X-Rate-Limit-Reset": None, "DATE": None, "X-Other": "yes"}
    emulator.faults([{"do": {"kind": "status", "status": 429, "headers": headers}}])
    answer = okta.get("/api/v1/groups")
    assert answer.headers.get_all("X-Rate-Limit-Limit") == ["0"]
    assert (answer.headers["X-Rate-Limit-Reset"], answer.headers["Date"]) == (None, None)
    assert answer.headers["X-Other"] == "yes"
    emulator.faults([{"do": {"kind": "status", "status": 429, "headers": {"Date": "Sat, 01 Jan 2000 00:00:00 GMT"}}}])
    assert okta.get("/api/v1/groups").headers.get_all("Date") == ["Sat, 01 Jan 2000 00:00:00 GMT"]


@pytest.mark.parametrize(
    ("do", "status", "code"),
    [
        ({"kind": "status", "status": 500}, 500, "E0000009"),
        ({"kind": "status", "status": 503}, 503, "E0000009"),
        ({"kind": "status", "status": 403}, 403, "E0000006"),
        ({"kind": "status", "status": 401, "code": "E0000005"}, 401, "E0000005"),
    ],
)
def test_a_fault_on_the_second_page_has_okta_s_body(emulator, okta, do, status, code):
    group_id = group(emulator, count=5)
    emulator.faults([{"match": {"service": "okta", "query": "*after=*"}, "nth": 1, "do": do}])
    answer = okta.get(f"/api/v1/groups/{group_id}/users", limit=2)
    spoilt = okta.send("GET", answer.next.removeprefix(emulator.okta_url))
    assert spoilt.code == (status, code)
    assert "X-Rate-Limit-Remaining" in spoilt.headers


@pytest.mark.parametrize("do", ["reset", "truncated", {"kind": "timeout", "seconds": 0.01}])
def test_a_connection_that_breaks_on_the_second_page(emulator, okta, do):
    group_id = group(emulator, count=5)
    emulator.faults([{"match": {"path": "/api/v1/groups/*/users"}, "nth": 2, "do": do}])
    answer = okta.get(f"/api/v1/groups/{group_id}/users", limit=2)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        okta.send("GET", answer.next.removeprefix(emulator.okta_url))


@pytest.mark.parametrize("kind", ["non_json", "html"])
def test_a_page_that_is_200_and_no_json(emulator, okta, kind):
    emulator.faults([{"do": {"kind": kind}}])
    answer = okta.get("/api/v1/groups")
    assert answer.status == 200
    assert "Date" in answer.headers
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_write_that_is_applied_and_not_confirmed(emulator, grafana):
    made = team(emulator, members=["ana@x.io"])
    bob = emulator.edit("add_user", service="grafana", email="bob@x.io")["id"]
    path = f"/api/teams/{made['id']}/members"
    emulator.faults(
        [{"match": {"service": "grafana", "kind": "write"}, "nth": 1, "do": {"kind": "reset", "when": "after"}}]
    )
    with pytest.raises(httpx.TransportError):
        grafana.call("POST", path, {"userId": bob})
    assert grafana.emails(made["id"]) == ["ana@x.io", "bob@x.io"]
    assert grafana.call("POST", path, {"userId": bob}) == (400, {"message": "User is already added to this team"})
    (lost, again) = emulator.writes()
    assert (lost["status"], lost["applied"], again["applied"]) == (None, True, False)


def test_a_race_for_a_new_team(emulator, grafana):
    do = {"kind": "status", "status": 409, "body": {"message": "Team name taken"}, "when": "after"}
    emulator.faults([{"match": {"method": "POST", "path": "/api/teams"}, "nth": 1, "do": do}])
    assert grafana.call("POST", "/api/teams", {"name": "SRE"}) == (409, {"message": "Team name taken"})
    assert grafana.teams() == ["SRE"]


def test_faults_of_grafana_seen_by_its_client(emulator, by_token):
    emulator.faults([{"match": {"service": "grafana"}, "nth": 1, "do": {"kind": "status", "status": 502}}])
    with pytest.raises(GrafanaServerError, match="502"):
        by_token.teams.search_teams()
    assert by_token.teams.search_teams() == []
    emulator.faults([{"do": {"kind": "status", "status": 429, "retry_after": 3}}])
    answer = GrafanaRaw(emulator.grafana_url).http.get("/api/org")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["message"]) == (
        429,
        "3",
        "Too many requests",
    )


def test_a_fault_is_for_its_service_alone(emulator, okta, grafana, api):
    emulator.faults([{"match": {"service": "okta"}, "do": {"kind": "status", "status": 500}}])
    assert okta.get("/api/v1/groups").status == 500
    assert grafana.call("GET", "/api/org")[0] == 200
    assert api.ids() == []


def test_lists_that_are_wrong(emulator, okta, grafana):
    group_id, made = group(emulator, count=4), team(emulator, members=["a@x.io", "b@x.io"])
    emulator.reads("short")
    assert len(okta.logins(group_id, limit=1)) == 2
    assert len(grafana.emails(made["id"])) == 1
    emulator.reads("empty", ["/api/v1/*"])
    assert okta.logins(group_id) == []
    assert len(grafana.emails(made["id"])) == 2
    emulator.reads("forbidden")
    assert okta.get("/api/v1/groups").code == (403, "E0000006")
    assert grafana.call("GET", "/api/org/users")[1]["title"] == "Access denied"
    emulator.reads(None)
    assert len(okta.logins(group_id)) == 4


# -- limits, log, paths -----------------------------------------------------------------------------------------------


def test_the_shared_rate_limit_answers_in_the_style_of_the_service(emulator, okta, grafana):
    emulator.settings(rate_limit="1/3600")
    assert okta.get("/api/v1/groups").status == 200
    refused = okta.get("/api/v1/groups")
    assert refused.code == (429, "E0000047")
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert grafana.call("GET", "/api/org") == (429, {"message": "Too many requests"})
    assert [entry["limited"] for entry in emulator.requests()] == [False, True, True]


def test_paths_go_to_their_services(emulator, okta, grafana, api):
    okta.get("/api/v1/groups")
    okta.send("POST", "/oauth2/v1/token")
    grafana.call("GET", "/api/teams/search")
    api.ids()
    api.get("/elsewhere")
    found = [(entry["service"], entry["kind"]) for entry in emulator.requests()]
    assert found == [("okta", "read"), ("okta", "read"), ("grafana", "read"), ("descope", "read"), ("descope", "read")]


def test_no_secret_reaches_a_log_or_the_state(tmp_path):
    log, saved = tmp_path / "log", tmp_path / "state"
    with running(request_log=log, state_file=saved) as emulator:
        okta = OktaApi(emulator.okta_url)
        key = emulator.okta_key(kind="EC")
        access = okta.token(key).json()["access_token"]
        for secret in (OKTA_TOKEN, access, GRAFANA_TOKEN, GRAFANA_PASSWORD, "theirSecretPassword"):
            okta.get(f"/api/v1/groups/{secret}", search=secret)
            OktaApi(emulator.okta_url, f"Bearer {access}").get(f"/api/v1/groups/{secret}")
            GrafanaRaw(emulator.grafana_url).call("GET", f"/api/teams/{secret}", name=secret)
            credentials = basic("ana", "theirSecretPassword")
            GrafanaRaw(emulator.grafana_url, "", Authorization=credentials).call("GET", f"/api/teams/{secret}")
        admin = library(emulator.grafana_url, (GRAFANA_USER, GRAFANA_PASSWORD))
        admin.admin.create_user({"login": "ana", "password": "theirSecretPassword"})
        text = json.dumps([emulator.requests()[-1], emulator.stats()]) + log.read_text()
        sent = json.dumps(emulator.requests())
        shown = json.dumps([emulator.state(service="okta"), emulator.state(service="grafana")])
    everything = text + sent + shown + saved.read_text()
    for secret in (OKTA_TOKEN, GRAFANA_TOKEN, GRAFANA_PASSWORD, "PRIVATE KEY"):
        assert secret not in everything
    # These are known only while they are used.
    for secret in (access, "theirSecretPassword"):
        assert secret not in saved.read_text() + shown
    own = [line for line in log.read_text().splitlines() if '"/api/admin/users"' in line]
    assert len(own) == 1


def test_a_password_that_is_a_word_of_the_paths_spoils_no_log():
    with running(grafana_password="admin") as emulator:
        library(emulator.grafana_url, (GRAFANA_USER, "admin")).users.find_user(GRAFANA_USER)
        GrafanaRaw(emulator.grafana_url, "", Authorization=basic(GRAFANA_USER, "admin")).call(
            "POST", "/api/admin/users"
        )
        assert [entry["path"] for entry in emulator.requests()] == ["/api/users/lookup", "/api/admin/users"]


# -- state, control, command line -------------------------------------------------------------------------------------


@BOTH
def test_the_state_survives_a_restart(threaded, tmp_path):
    options = {"threaded": threaded, "state_file": tmp_path / "state.json"}
    with running(**options) as emulator:
        group_id = group(emulator, emails=["a@x.io", {"login": "b@x.io", "email": None, "status": "STAGED"}, "c@x.io"])
        emulator.edit("remove_member", service="okta", group="SRE", user="a@x.io")
        emulator.edit("add_access_token", service="okta", token="kept", requests=5)
        key = emulator.okta_key(kind="EC")
        org = emulator.edit("add_org", service="grafana", name="Second")["id"]
        team(emulator, members=["a@x.io"], admins=["b@x.io"], external=["c@x.io"], service_accounts=1)
        team(emulator, org=org, provisioned=True)
        emulator.edit("set_token", service="grafana", token="kept", org=org, permissions=["teams:read"])
        grafana = GrafanaRaw(emulator.grafana_url)
        grafana.call("POST", "/api/teams", {"name": "Written"})
        before = [emulator.state(service=name) for name in ("okta", "grafana")]
        pages = OktaApi(emulator.okta_url).pages(f"/api/v1/groups/{group_id}/users", limit=1)
        teams = grafana.get("/api/teams/search")
    with running(**options) as emulator:
        assert [emulator.state(service=name) for name in ("okta", "grafana")] == before
        okta, grafana = OktaApi(emulator.okta_url), GrafanaRaw(emulator.grafana_url)
        assert okta.pages(f"/api/v1/groups/{group_id}/users", limit=1) == pages
        assert grafana.get("/api/teams/search") == teams
        assert OktaApi(emulator.okta_url, "Bearer kept").get("/api/v1/groups").status == 200
        assert okta.token(key).status == 200
        assert GrafanaRaw(emulator.grafana_url, "kept").call("GET", "/api/org/users")[0] == 403
        assert grafana.call("POST", "/api/teams", {"name": "Next"})[1]["teamId"] == 4
        emulator.reset("state")
        assert emulator.state(service="grafana")["teams"] == []
        assert [each["name"] for each in emulator.state(service="okta")["groups"].values()] == ["Everyone"]


@pytest.mark.parametrize(
    "services",
    [
        {"okta": {}},
        {"okta": {"users": [], "groups": [{"id": "g", "name": "G", "members": {"u": 1}}], "credentials": {}}},
        {"grafana": {"orgs": []}},
        {"grafana": {"orgs": [], "users": [], "teams": [], "tokens": {}, "next": [1, 1]}},
        {
            "grafana": {
                "orgs": [],
                "users": [],
                "teams": [{"id": 1, "uid": "u", "org": 1, "name": "T", "members": [[5, {}]]}],
                "tokens": {},
                "next": [1, 1],
            }
        },
    ],
)
def test_a_bad_state_is_refused(tmp_path, services, capsys):
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"format": 1, "services": services}))
    assert main(["--project", "P1:K1", "--port", "0", "--state", str(path)]) == 2
    assert "is not a saved state" in capsys.readouterr().err


def test_an_unknown_service_is_refused(emulator):
    with pytest.raises(ControlError, match="known: descope, grafana, okta"):
        emulator.state(service="entra")
    with pytest.raises(ControlError, match="no service 'entra'"):
        emulator.edit("add_user", service="entra")


def test_one_address_and_credentials_of_ones_own():
    options = {
        "okta_token": "o",
        "grafana_token": "g",
        "grafana_user": "root",
        "grafana_password": "pass",
        "sample": True,
    }
    with EmulatorProcess(**options) as emulator:
        assert emulator.okta_url == emulator.grafana_url == emulator.base_url
        okta = OktaApi(emulator.okta_url, f"SSWS {emulator.okta_token}")
        (sre,) = okta.search('profile.name eq "SRE"').json()
        assert okta.logins(sre["id"]) == ["bob@example.com", "carol@example.com", "dave@example.com"]
        assert GrafanaRaw(emulator.grafana_url, emulator.grafana_token).teams() == ["Engineering", "SRE"]
        admin = library(emulator.grafana_url, (emulator.grafana_user, emulator.grafana_password))
        assert admin.user.get_actual_user()["login"] == "root"
        assert OktaApi(emulator.okta_url).get("/api/v1/groups").status == 401


def test_options_and_environment_of_the_command_line(monkeypatch):
    for name in ("OKTA_TOKEN", "GRAFANA_TOKEN", "GRAFANA_USER", "GRAFANA_PASSWORD"):
        monkeypatch.delenv(f"EMULATOR_{name}", raising=False)
    project = ["--project", "P1:K1"]
    config = make_config(project)
    assert (config.okta_token, config.grafana_token, config.sample) == (OKTA_TOKEN, GRAFANA_TOKEN, True)
    assert (config.grafana_user, config.grafana_password) == (GRAFANA_USER, GRAFANA_PASSWORD)
    monkeypatch.setitem(os.environ, "EMULATOR_OKTA_TOKEN", "from environment")
    config = make_config([*project, "--no-sample", "--grafana-user", "root"])
    assert (config.okta_token, config.grafana_user, config.sample) == ("from environment", "root", False)
    assert make_config(["--okta-token", "x"]).projects == []
