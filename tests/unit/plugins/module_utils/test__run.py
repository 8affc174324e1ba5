# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import ARGUMENT_SPEC
from ansible_collections.pcc.identity.plugins.module_utils._errors import (
    IdentityError,
    Problem,
    Problems,
    ServiceError,
)
from ansible_collections.pcc.identity.plugins.module_utils._run import argument_problems, connect, run
from ansible_collections.pcc.identity.plugins.module_utils._tenant_run import list_argument_spec
from emulator.testing import KEY, PROJECT_ID

GOOD = {
    "project_id": PROJECT_ID,
    "management_key": KEY,
    "base_url": "http://127.0.0.1:9",
    "rate_limit_backend": "memory",
}
SPEC: dict[str, Any] = {"count": {"type": "int", "default": 1}, "state": {"type": "str", "choices": ["on", "off"]}}


def module(
    task: Callable[..., Any],
    *,
    check: Callable[..., Any] = lambda _params: [],
    arguments: dict[str, Any] | None = None,
    check_mode: bool = False,
    diff: bool = True,
    spec: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run a module made of these parts, and return what it prints; the exit code agrees with it."""
    given = {**(GOOD if arguments is None else arguments), "_ansible_check_mode": check_mode, "_ansible_diff": diff}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        basic._ANSIBLE_PROFILE = "legacy"
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output), pytest.raises(SystemExit) as end:
            run(SPEC if spec is None else spec, check, task)
    finally:
        basic._ANSIBLE_ARGS = None
    result = json.loads(output.getvalue())
    assert bool(end.value.code) == bool(result.get("failed"))
    assert KEY not in output.getvalue()
    return result


def never(*_arguments: Any) -> Any:
    raise AssertionError("must not be called")


def test_a_task_gets_a_client_its_options_and_the_mode() -> None:
    seen: list[Any] = []

    def task(client: Client, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        seen.extend([client.connection.project_id, params["count"], check_mode])
        return {"changed": True, "answer": 42}

    result = module(task, arguments={**GOOD, "count": 7}, check_mode=True)
    assert seen == [PROJECT_ID, 7, True]
    assert (result["changed"], result["answer"]) == (True, 42)
    assert not result.get("failed")


@pytest.mark.parametrize(("diff", "shown"), [(True, True), (False, False)])
def test_a_diff_is_shown_where_it_is_asked_for(diff: bool, shown: bool) -> None:
    result = module(lambda *_: {"changed": False, "diff": {"before": "", "after": ""}}, diff=diff)
    assert ("diff" in result) is shown


def test_a_failed_result_fails_and_still_tells_what_changed() -> None:
    result = module(lambda *_: {"failed": True, "changed": True, "msg": "half", "error_code": "x", "tenants": [1]})
    assert (result["failed"], result["changed"], result["msg"], result["tenants"]) == (True, True, "half", [1])


@pytest.mark.parametrize("failed", [False, True])
def test_warnings_are_told_as_ansible_tells_them(failed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    # Ansible keeps those of the whole process, which here are many runs.
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _self, text: told.append(text))
    result = module(lambda *_: {"changed": True, "failed": failed, "msg": "x", "warnings": ["One.", "Two."]})
    assert told == ["One.", "Two."]
    assert (result["changed"], result["msg"], "warnings" in result) == (True, "x", False)
    assert "warnings" not in module(lambda *_: {"changed": False, "warnings": []})
    assert told == ["One.", "Two."]


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (ServiceError("unauthorized", "The key.", "Another."), "unauthorized", "Another."),
        (IdentityError("rate_limit_backend", "Disk."), "rate_limit_backend", ""),
    ],
    ids=["service", "other"],
)
def test_an_error_becomes_a_failure(error: IdentityError, code: str, hint: str) -> None:
    def task(*_arguments: Any) -> Any:
        raise error

    result = module(task)
    assert (result["failed"], result["changed"], result["error_code"]) == (True, False, code)
    assert result.get("hint", "") == hint
    assert result["msg"] == str(error)


def test_problems_are_listed_one_by_one() -> None:
    def task(*_arguments: Any) -> Any:
        raise Problems([Problem("tenant 'a'", "name", "is odd."), Problem("", "x", "too.")])

    result = module(task)
    assert result["error_code"] == "invalid_input"
    assert result["problems"] == [
        {"where": "tenant 'a'", "field": "name", "message": "is odd."},
        {"where": "", "field": "x", "message": "too."},
    ]
    assert "2 problems" in result["msg"]


def test_a_library_that_is_missing_is_named() -> None:
    def task(*_arguments: Any) -> Any:
        import no_such_library  # noqa: F401

    result = module(task)
    assert result["error_code"] == "missing_library"
    assert "no_such_library" in result["msg"]
    assert result["failed"]


def test_an_import_that_breaks_without_a_name_is_told_as_well() -> None:
    def task(*_arguments: Any) -> Any:
        raise ImportError("odd")

    assert "descope" in module(task)["msg"]


def test_a_programming_error_is_not_hidden() -> None:
    def task(*_arguments: Any) -> Any:
        raise ZeroDivisionError

    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": GOOD}).encode()
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        basic._ANSIBLE_PROFILE = "legacy"
    try:
        with pytest.raises(ZeroDivisionError):
            run(SPEC, lambda _params: [], task)
    finally:
        basic._ANSIBLE_ARGS = None


def test_a_programming_error_that_quotes_the_key_is_masked() -> None:
    def task(client: Client, _params: dict[str, Any], _check_mode: bool) -> dict[str, Any]:
        raise ValueError(f"invalid literal: {client.connection.management_key}")

    result = module(task)
    assert result["failed"]
    assert result["error_code"] == "internal"
    assert result["msg"].startswith("ValueError: invalid literal: ****")


def test_the_key_is_masked_as_a_name_in_a_result() -> None:
    result = module(lambda _client, _params, _check_mode: {"changed": False, "tenants": {KEY: {"a": f"x {KEY}"}}})
    assert len(result["tenants"]) == 1


STRAY = "K2abcDEF456ghiJKL789"


@pytest.mark.parametrize(
    "options",
    [
        {"managment_key": "anything long"},
        {"count": STRAY},
        {"timeout": STRAY},
        {"project_id": STRAY},
        {"management_key": [STRAY]},
        {"base_url": f"https://user:{STRAY}@127.0.0.1:9"},
        {"base_url": f"https://127.0.0.1:9/?token={STRAY}"},
        {"rate_limit_backend": f"redis:user:{STRAY}@127.0.0.1:9"},
        {"whatever": {"deep": [STRAY]}},
    ],
    ids=str,
)
def test_a_key_in_an_option_that_is_not_for_it_is_masked(options: dict[str, Any]) -> None:
    result = module(never, arguments={**GOOD, **options})
    assert result["failed"]
    assert STRAY not in json.dumps(result)
    assert "anything long" not in json.dumps(result)


def test_what_the_check_finds_ends_it_before_the_task() -> None:
    result = module(never, check=lambda params: [Problem("here", "count", f"{params['count']} is odd.")])
    assert result["error_code"] == "invalid_input"
    assert result["problems"] == [{"where": "here", "field": "count", "message": "1 is odd."}]


def test_problems_of_the_connection_and_of_the_check_come_together() -> None:
    result = module(never, check=lambda _params: [Problem("here", "count", "odd.")], arguments={"concurrency": 0})
    assert [problem["field"] for problem in result["problems"]] == [
        "project_id",
        "management_key",
        "concurrency",
        "count",
    ]
    assert result["error_code"] == "invalid_option"
    assert "Management keys" in result["hint"]


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ({"cuont": 1}, ["cuont", "did you mean 'count'?"]),
        ({"zzz": 1}, ["zzz", "known are", "count"]),
        ({"count": "many"}, ["count", "many"]),
        ({"state": "up"}, ["state", "on, off"]),
        ({"cuont": 1, "state": "up"}, ["cuont", "state"]),
        ({"timeout": "soon"}, ["timeout"]),
    ],
    ids=str,
)
def test_wrong_arguments(arguments: dict[str, Any], texts: list[str]) -> None:
    result = module(never, arguments={**GOOD, **arguments})
    assert result["error_code"] == "invalid_option"
    assert result["changed"] is False
    for text in texts:
        assert text in result["msg"]


def test_wrong_arguments_of_a_list_are_told_entry_by_entry() -> None:
    tenants = [
        {"name": "A", "domans": ["a.com"]},
        {"id": "b", "settings": {"enabeld": True}},
        {"id": "c"},
        {"state": "gone", "id": "d"},
    ]
    result = module(never, arguments={**GOOD, "tenants": tenants}, spec=list_argument_spec())
    assert [(p["where"], p["field"]) for p in result["problems"]] == [
        ("tenants[0] 'A'", "domans"),
        ("tenants[1] 'b'", "settings.enabeld"),
        ("tenants[3] 'd'", ""),
    ]
    assert "did you mean 'domains'?" in result["msg"]
    assert "did you mean 'enabled'?" in result["msg"]


@pytest.mark.parametrize("tenants", ["text", ["text"], [1], [None], {"name": "A"}, "name=A", [["x"]], 5], ids=str)
def test_the_key_is_masked_however_odd_the_arguments_are(tenants: Any) -> None:
    module(
        never,
        arguments={**GOOD, "tenants": tenants},
        check=lambda _params: [Problem("", "tenants", "odd.")],
        spec=list_argument_spec(),
    )  # module() looks for the key in all that is printed


def test_a_list_that_is_missing_is_told() -> None:
    result = module(never, spec=list_argument_spec())
    assert "tenants" in result["msg"]
    assert result["failed"]


def test_good_arguments_have_no_problems() -> None:
    assert (
        argument_problems({**ARGUMENT_SPEC, **list_argument_spec()}, {**GOOD, "tenants": [{"id": "a", "source": "x"}]})
        == []
    )


def test_an_entry_that_is_no_dictionary_is_named() -> None:
    problems = argument_problems(list_argument_spec(), {"tenants": [{"id": "a"}, "text"]})
    assert [(problem.where, problem.message) for problem in problems] == [
        ("tenants[1]", "'text' is not a dictionary of options.")
    ]


def test_ansibles_own_arguments_are_none_of_ours() -> None:
    assert argument_problems(SPEC, {"count": 1, "_ansible_check_mode": True}) == []


def test_connect() -> None:
    options = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()} | GOOD
    assert connect(options.get).connection.project_id == PROJECT_ID
    with pytest.raises(Problems) as caught:
        connect(options.get, [Problem("a", "b", "c")])
    assert caught.value.code == "invalid_input"
    with pytest.raises(Problems) as caught:
        connect({**options, "management_key": None}.get, [Problem("a", "b", "c")])
    assert [problem.field for problem in caught.value.problems] == ["management_key", "b"]
    assert caught.value.code == "invalid_option"
