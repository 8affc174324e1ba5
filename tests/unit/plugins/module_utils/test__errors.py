# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import (
    IdentityError,
    Problem,
    Problems,
    ServiceError,
)


@pytest.mark.parametrize(
    ("hint", "text"), [("", "It broke."), ("Mend it.", "It broke. Mend it.")], ids=["alone", "with hint"]
)
def test_text_of_an_error(hint: str, text: str) -> None:
    error = IdentityError("broken", "It broke.", hint)
    assert str(error) == text
    assert (error.code, error.message, error.hint) == ("broken", "It broke.", hint)


def test_service_errors_carry_what_the_service_said() -> None:
    error = ServiceError("refused", "No.", status=400, service_code="E1", ambiguous=True)
    assert (error.status, error.service_code, error.ambiguous) == (400, "E1", True)
    plain = ServiceError("refused", "No.")
    assert (plain.status, plain.service_code, plain.ambiguous) == (None, "", False)
    assert isinstance(error, IdentityError)


@pytest.mark.parametrize(
    ("code", "stops"),
    [
        ("unauthorized", True),
        ("forbidden", False),
        ("unreachable", True),
        ("tls", True),
        ("rate_limited", True),
        ("unavailable", False),
        ("refused", False),
        ("not_found", False),
        ("bad_response", False),
        ("conflict", False),
    ],
)
def test_which_errors_stop_everything(code: str, stops: bool) -> None:
    assert ServiceError(code, "text").stops_everything is stops


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("tenant 'a'", "name", "is missing."), "tenant 'a': name: is missing."),
        (Problem("", "name", "is missing."), "name: is missing."),
        (Problem("tenant 'a'", "", "is odd."), "tenant 'a': is odd."),
    ],
)
def test_text_of_a_problem(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_all_problems_are_told_together() -> None:
    error = Problems([Problem("a", "x", "one."), Problem("b", "y", "two.")], hint="Look.")
    assert error.code == "invalid_input"
    assert error.message == "2 problems in the input, nothing was written:\n- a: x: one.\n- b: y: two."
    assert str(error).endswith("Look.")
    assert [problem.where for problem in error.problems] == ["a", "b"]


def test_one_problem_is_told_in_the_singular() -> None:
    error = Problems([Problem("", "x", "one.")], code="invalid_option")
    assert str(error) == "1 problem in the input, nothing was written:\n- x: one."
    assert error.code == "invalid_option"
