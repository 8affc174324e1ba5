# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever request of a deployment fails: the project has the old theme or the new one, and the report says which."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils import _theme as rules
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._theme_run import manage
from emulator.testing import KEY, PROJECT_ID, ThreadedEmulator
from tests.support.flows import sample

from . import faults
from .conftest import Run
from .faults import FAULTS

BASIC = sample("basicstyle.json")
EMPTY = sample("emptystyle.json")
OTHER = copy.deepcopy(BASIC)
OTHER["styles"]["light"]["components"]["button"]["mode"]["primary"]["--descope-button-main"] = "#123456"
OTHER["styles"]["light"]["components"]["logo"] = {"--descope-logo-url": "https://acme.example/logo.svg"}
OTHER["styles"]["dark"]["components"]["button"]["mode"] = "none"

#: What is there before, and what is wanted.
CASES = {"add": (EMPTY, BASIC), "update": (BASIC, OTHER)}

SERVICES: dict[str, dict[str, Any]] = {
    "upsert": {"theme_import": "upsert"},
    "replace": {"theme_import": "replace"},
    "v1": {"flow_v2": 404},
}


def live(emulator: ThreadedEmulator) -> dict[str, Any]:
    return emulator.state(PROJECT_ID)["projects"][PROJECT_ID]["theme"]["styles"]


class Deployment(faults.Deployment):
    """One change of the theme, from the same beginning each time."""

    def __init__(self, case: str, service: str, emulator: ThreadedEmulator, run: Run) -> None:
        self.old, self.new = CASES[case]
        self.wanted = rules.merge(self.old["styles"], self.new["styles"])
        self.switches, self.emulator, self._run = SERVICES[service], emulator, run

    def prepare(self) -> None:
        self.emulator.reset()
        self.emulator.edit("set_theme", styles=self.old["styles"])
        self.emulator.switches(**self.switches)

    def run(self, **options: Any) -> dict[str, Any]:
        return self._run("descope_theme", definition=self.new, **options)

    def assert_old_or_new(self, result: dict[str, Any], where: object) -> None:
        now = live(self.emulator)
        is_old, is_new = rules.same(now, self.old["styles"]), rules.same(now, self.wanted)
        assert is_old or is_new, (where, result["msg"])
        if not result["failed"]:
            assert is_new, (where, result["msg"])
            assert result["changed"]
            assert result["changes"]
            assert result["rollback"]
            return
        assert result["error_code"]
        if "theme" not in result:
            assert not result["changed"]
            assert is_old, where
            return
        assert result["hint"]
        assert result["changes"] == []
        assert result["msg"].startswith("theme: failed. ")
        if "not known" in result["msg"]:
            assert result["changed"]
            assert result["backup_file"] in result["msg"]
            assert result["backup_file"] in result["rollback"]
        else:
            assert is_old, (where, result["msg"])
            assert not result["changed"]
            assert "rollback" not in result
            assert "as it was before" in result["msg"] or "put back" in result["msg"]

    def assert_new(self) -> None:
        assert rules.same(live(self.emulator), self.wanted)


@pytest.mark.sweep
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", CASES)
def test_every_fault_at_every_request(
    case: str, fault: str, service: str, emulator: ThreadedEmulator, run: Run
) -> None:
    deployment = Deployment(case, service, emulator, run)
    deployment.prepare()
    clean = deployment.run()
    assert not clean["failed"], clean["msg"]
    assert live(emulator) == deployment.wanted
    count = len(emulator.requests())
    assert count == (5 if service == "v1" else 4)
    deployment.sweep(fault, count)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["status-400", "reset-after", "status-503", "truncated", "status-401", "reset"])
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("case", CASES)
def test_faults_that_do_not_pass(case: str, service: str, fault: str, emulator: ThreadedEmulator, run: Run) -> None:
    """The service breaks at some request and stays broken."""
    Deployment(case, service, emulator, run).break_for_good(fault, 5)


@pytest.mark.parametrize("service", SERVICES)
def test_a_write_that_does_not_arrive_as_sent_is_undone(service: str, emulator: ThreadedEmulator, run: Run) -> None:
    deployment = Deployment("update", service, emulator, run)
    deployment.prepare()
    rewrite = {"kind": "rewrite", "replace": {"#123456": "#654321"}}
    emulator.faults([{"match": {"path": "*/theme/import"}, "nth": 1, "do": rewrite}])
    result = deployment.run()
    assert result["failed"]
    assert "primary.--descope-button-main" in result["msg"]
    assert rules.subset(BASIC["styles"], live(emulator))
    left = ["light.components.logo"] if service == "upsert" else []
    assert result["error_code"] == ("undone_in_part" if left else "undone")
    assert result["changes"] == left == rules.unmanaged(live(emulator), BASIC["styles"])
    assert result["changed"] == bool(left)
    assert len(emulator.writes()) == 2
    assert not deployment.run()["failed"]
    assert rules.same(live(emulator), deployment.wanted)


class Spoiling:
    """A service that stores something else than what it is sent, in place of a client.

    Attributes:
        theme: what it has.
        spoil: turns the styles of the next import into those that are stored; None leaves them alone.
    """

    tries = 3

    def __init__(self, styles: dict[str, Any], upserts: bool) -> None:
        self.theme: dict[str, Any] = {"styles": copy.deepcopy(styles), "componentsVersion": "1"}
        self.upserts = upserts
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.refuses_after = 99
        self.writes = 0
        self.session = self
        self.connection = SimpleNamespace(project_id=PROJECT_ID, management_key=KEY)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        if path.endswith("export"):
            return SimpleNamespace(json=lambda: {"theme": copy.deepcopy(self.theme)})
        self.writes += 1
        if self.writes > self.refuses_after:
            raise ServiceError("refused", "HTTP 400, no.", status=400)
        styles = copy.deepcopy(body["theme"]["styles"])
        if self.spoil:
            styles, self.spoil = self.spoil(styles), None
        self.theme["styles"] = rules.merge(self.theme["styles"], styles) if self.upserts else styles
        return SimpleNamespace(json=dict)

    def pause_between_tries(self, attempt: int) -> None:
        assert attempt < self.tries

    def requests(self) -> dict[str, int]:
        return {"writes": self.writes}


OLD = {"light": {"color": "red", "size": 1}, "dark": {"color": "black"}}
NEW = {"light": {"color": "blue", "logo": {"url": "x"}}}
OPTIONS = {"definition": {"styles": NEW}, "backup_dir": None, "diff_detail": "summary", "playbook": None}


@pytest.mark.parametrize("upserts", [True, False])
def test_a_theme_that_was_spoiled_is_put_back(upserts: bool) -> None:
    service: Any = Spoiling(OLD, upserts)
    service.spoil = lambda styles: {**styles, "light": {"color": "green", "size": 1}}
    result = manage(service, OPTIONS, False)
    assert service.theme["styles"] == OLD
    assert result["failed"]
    assert result["error_code"] == "undone"
    assert "light.color, light.logo" in result["msg"]
    assert "put back" in result["msg"]
    assert not result["changed"]
    assert result["changes"] == []
    assert "rollback" not in result


def test_what_an_undo_leaves_behind_is_told() -> None:
    service: Any = Spoiling(OLD, upserts=True)
    service.spoil = lambda _styles: {"light": {"color": "blue", "logo": {"url": "y"}}, "third": {"a": 1}}
    result = manage(service, OPTIONS, False)
    left = {**OLD, "light": {**OLD["light"], "logo": {"url": "y"}}, "third": {"a": 1}}
    assert service.theme["styles"] == left
    assert service.writes == 2
    assert result["failed"]
    assert result["error_code"] == "undone_in_part"
    assert "What was read back is not what was sent: light.logo.url." in result["msg"]
    assert "what was added to it: light.logo, third." in result["msg"]
    assert result["backup_file"] in result["msg"]
    assert result["changed"]
    assert result["changes"] == ["light.logo", "third"]
    assert "color" not in result["diff"]["after"]
    assert "third" in result["diff"]["after"]
    assert "console" in result["hint"]


def test_an_undo_that_is_complete_leaves_nothing_behind() -> None:
    service: Any = Spoiling(OLD, upserts=False)
    service.spoil = lambda _styles: {"third": {"a": 1}}
    result = manage(service, OPTIONS, False)
    assert service.theme["styles"] == OLD
    assert result["error_code"] == "undone"
    assert not result["changed"]


@pytest.mark.parametrize(
    ("stored", "code"),
    [({"light": {"color": "green"}}, "undo_failed"), ({"light": {"color": "red", "logo": {"url": "y"}}}, "in_part")],
)
def test_an_undo_that_is_refused(stored: dict[str, Any], code: str) -> None:
    service: Any = Spoiling(OLD, upserts=True)
    service.spoil = lambda _styles: stored
    service.refuses_after = 1
    result = manage(service, OPTIONS, False)
    assert service.writes == 1 + service.tries
    assert result["failed"]
    assert code in result["error_code"]
    assert result["changed"]
    assert result["backup_file"] in result["rollback"]
    assert result["backup_file"] in result["msg"]


def test_more_than_was_sent_is_no_failure() -> None:
    """The service may add styles of its own."""
    service: Any = Spoiling(OLD, upserts=True)
    service.spoil = lambda styles: {**styles, "third": {"a": 1}}
    result = manage(service, OPTIONS, False)
    assert "failed" not in result
    assert result["changed"]
    assert result["changes"] == ["light.color", "light.logo"]
    assert not manage(service, OPTIONS, False)["changed"]


def test_an_import_without_an_effect() -> None:
    service: Any = Spoiling(OLD, upserts=True)
    service.spoil = lambda _styles: {}
    result = manage(service, OPTIONS, False)
    assert result["error_code"] == "not_kept"
    assert not result["changed"]
    assert service.theme["styles"] == OLD


@pytest.mark.parametrize("reply", [[], {}, {"theme": None}, {"theme": {"styles": []}}, {"theme": {"version": 1}}])
def test_a_reply_that_is_no_theme_is_not_taken_for_an_empty_one(reply: Any) -> None:
    service: Any = Spoiling(OLD, upserts=False)
    service.post = lambda _path, body: SimpleNamespace(json=lambda: reply)
    with pytest.raises(ServiceError) as caught:
        manage(service, OPTIONS, False)
    assert caught.value.code == "bad_response"


def test_a_theme_that_is_null_is_empty() -> None:
    service: Any = Spoiling({}, upserts=True)
    service.theme = {"styles": None, "references": None}
    assert manage(service, OPTIONS, True)["changes"] == ["light"]


def test_after_an_unforeseen_error_it_is_looked_at() -> None:
    service: Any = Spoiling(OLD, upserts=True)

    def break_down(_styles: Any) -> Any:
        raise RuntimeError("oops")

    service.spoil = break_down
    result = manage(service, OPTIONS, False)
    assert result["error_code"] == "unexpected"
    assert "oops" in result["msg"]
    assert "It is as it was before." in result["msg"]
    assert not result["changed"]
