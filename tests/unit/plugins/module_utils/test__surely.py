# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._surely import send_surely


def lost() -> ServiceError:
    """A failure that leaves open whether the write took effect."""
    return ServiceError("unavailable", "No reply.", ambiguous=True)


def refused() -> ServiceError:
    return ServiceError("refused", "It exists already.")


def rejected() -> ServiceError:
    return ServiceError("unauthorized", "The key was rejected.")


def broken() -> ServiceError:
    return ServiceError("unavailable", "The list cannot be read.")


class Service:
    """Answers to writes and to read-backs as listed; counts both."""

    def __init__(self, sends: list[ServiceError | None], reads: list[bool | IdentityError] | None = None) -> None:
        self.sends, self.reads = list(sends), list(reads or [])
        self.pauses: list[int] = []

    def send(self) -> None:
        if error := self.sends.pop(0):
            raise error

    def took_effect(self) -> bool:
        answer = self.reads.pop(0)
        if isinstance(answer, IdentityError):
            raise answer
        return answer

    def run(self, *, late: bool = False) -> None:
        send_surely(self.send, self.took_effect, tries=3, pause=self.pauses.append, late=late)
        assert (self.sends, self.reads) == ([], [])

    def error(self, *, late: bool = False) -> ServiceError:
        with pytest.raises(ServiceError) as info:
            self.run(late=late)
        assert (self.sends, self.reads) == ([], [])
        return info.value


@pytest.mark.parametrize("late", [False, True])
def test_a_write_that_is_acknowledged_is_not_read_back(late: bool) -> None:
    Service([None]).run(late=late)


@pytest.mark.parametrize("late", [False, True])
def test_a_write_that_took_effect_is_not_sent_again(late: bool) -> None:
    Service([lost()], [True]).run(late=late)


@pytest.mark.parametrize("late", [False, True])
def test_a_write_that_got_lost_is_sent_again_after_a_pause(late: bool) -> None:
    service = Service([lost(), lost(), None], [False, False])
    service.run(late=late)
    assert service.pauses == [1, 2]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("make", [refused, rejected])
def test_a_refusal_is_final(make: Callable[[], ServiceError], late: bool) -> None:
    error = Service([make()]).error(late=late)
    assert error.code == make().code
    assert not error.ambiguous


def test_after_the_last_try_it_surely_did_not_take_effect() -> None:
    error = Service([lost(), lost(), lost()], [False, False, False]).error()
    assert (error.code, error.ambiguous) == ("unavailable", False)


def test_a_refusal_after_a_lost_write_that_did_not_take_effect_is_final() -> None:
    error = Service([lost(), refused()], [False]).error()
    assert (error.code, error.ambiguous) == ("refused", False)


@pytest.mark.parametrize("late", [False, True])
def test_a_read_back_that_fails_leaves_it_unknown(late: bool) -> None:
    error = Service([lost()], [broken()]).error(late=late)
    assert (error.code, error.ambiguous) == ("unknown_outcome", True)
    assert error.message == (
        "No reply. Whether it took effect is not known: reading back failed: The list cannot be read."
    )


def test_something_new_may_show_up_late() -> None:
    service = Service([lost(), refused()], [False, False, False, True])
    service.run(late=True)
    assert service.pauses == [1, 1, 2]


def test_something_new_that_never_shows_up_is_unknown() -> None:
    service = Service([lost(), refused()], [False, False, False, False])
    error = service.error(late=True)
    assert (error.code, error.ambiguous) == ("unknown_outcome", True)
    assert "it cannot be found, and the last try failed: It exists already." in error.message
    assert Service([lost()] * 3, [False] * 6).error(late=True).code == "unknown_outcome"


def test_something_new_is_not_looked_for_where_nothing_can_be_read() -> None:
    error = Service([lost(), rejected()], [False]).error(late=True)
    assert (error.code, error.ambiguous) == ("unknown_outcome", True)


def test_another_error_of_the_read_back_ends_the_matter() -> None:
    conflict = IdentityError("conflict", "It exists with other values.")
    with pytest.raises(IdentityError, match="other values"):
        Service([lost()], [conflict]).run(late=True)
