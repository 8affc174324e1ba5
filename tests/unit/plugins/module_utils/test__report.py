# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import NAMED, failure, some, where_of

DEFAULT_HINT = "Run the same play again: what is done is left alone, the rest is tried."


def outcome(key: str, error: IdentityError | None, status: str = "failed") -> Outcome:
    return Outcome(Change(key, key, key, UPDATE, {}, {}), key, status, [], False, error)


def test_a_failure_names_all_and_gives_the_first_ones_code() -> None:
    failures = [
        outcome("skipped", IdentityError("skipped", "Not tried."), "skipped"),
        outcome("silent", None),
        outcome("one", IdentityError("invalid", "Refused.", "Mend it.")),
        outcome("two", IdentityError("unavailable", "Gone.")),
    ]
    assert failure("2 failed", failures) == {
        "failed": True,
        "msg": "2 failed\n- 'silent': None\n- 'one': Refused. Mend it.\n- 'two': Gone.",
        "error_code": "invalid",
        "hint": "Mend it.",
    }


def test_without_a_hint_of_its_own() -> None:
    result = failure("1 failed", [outcome("one", IdentityError("invalid", "Refused."))])
    assert result["hint"] == DEFAULT_HINT


def test_without_an_error() -> None:
    result = failure("1 failed", [outcome("one", None)])
    assert (result["error_code"], result["hint"]) == ("failed", DEFAULT_HINT)


def test_what_could_not_be_read_back() -> None:
    unverified = IdentityError("unavailable", "Gone.", "Later.")
    result = failure("1 updated", [], unverified)
    assert result["msg"] == "1 updated\n- what was written could not be read back: Gone. Later."
    assert (result["error_code"], result["hint"]) == ("unavailable", "Later.")
    result = failure("1 failed", [outcome("one", IdentityError("invalid", "Refused."))], unverified)
    assert result["msg"].splitlines()[1:] == [
        "- 'one': Refused.",
        "- what was written could not be read back: Gone. Later.",
    ]
    assert result["error_code"] == "invalid"


def test_many_failures_are_counted() -> None:
    failures = [outcome(f"t{index}", IdentityError("invalid", "Refused.")) for index in range(NAMED + 3)]
    lines = failure("23 failed", failures)["msg"].splitlines()
    assert len(lines) == NAMED + 2
    assert lines[-2:] == [f"- 't{NAMED - 1}': Refused.", "- and 3 more"]
    assert len(failure("20 failed", failures[:NAMED])["msg"].splitlines()) == NAMED + 1


def test_some() -> None:
    names = [str(index) for index in range(NAMED + 1)]
    assert some([]) == ""
    assert some(names[:2]) == "0, 1"
    assert some(names[:NAMED]) == ", ".join(names[:NAMED])
    assert some(names) == ", ".join(names[:NAMED]) + " and 1 more"


def test_where_a_problem_is() -> None:
    assert where_of(Problem("flow 'x'", "id", "is missing.")) == {
        "where": "flow 'x'",
        "field": "id",
        "message": "is missing.",
    }
