# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users that are looked for and taken in by several teams at once: each once, and nobody waits for another one."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._team_apply import Accounts
from ansible_collections.pcc.identity.plugins.module_utils._team_model import Elsewhere, User, Users, Wanted
from ansible_collections.pcc.identity.plugins.module_utils._team_plan import ADD_TO_ORG, Addition

ANA, BOB = User(1, "ana@x.io", "ana"), User(2, "bob@x.io", "bob")
WANTED = Wanted("", "SRE", None, (), add_to_org=True)


class Meeting:
    """A Grafana of which each answer waits until two are asked for; only so can it be seen that they are at once."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=20)
        self.asked: list[str] = []
        self.sent: list[str] = []

    def elsewhere(self, text: str, _fields: Any) -> Elsewhere:
        self.asked.append(text)
        self.barrier.wait()
        return Elsewhere("user", {"ana@x.io": ANA, "bob@x.io": BOB}[text.casefold()])

    def surely(self, send: Callable[[], object], _took_effect: Callable[[], bool]) -> None:
        send()

    def add_to_org(self, text: str) -> None:
        self.sent.append(text)
        self.barrier.wait()

    def users(self) -> Users:
        return Users([ANA, BOB])


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_two_users_are_looked_for_at_once_and_each_once() -> None:
    grafana = Meeting()
    accounts = Accounts(grafana, Users([]))  # type: ignore[arg-type] # stands in for the HTTP client
    at_once(
        *[lambda: accounts.elsewhere(["ana@x.io"], WANTED)] * 3,
        *[lambda: accounts.elsewhere(["bob@x.io"], WANTED)] * 3,
    )
    assert sorted(grafana.asked) == ["ana@x.io", "bob@x.io"]


def test_two_users_are_taken_in_at_once_and_each_once() -> None:
    grafana = Meeting()
    accounts = Accounts(grafana, Users([]))  # type: ignore[arg-type] # as above
    ana, bob = (Addition(user.email, user.email, ADD_TO_ORG, user) for user in (ANA, BOB))
    found = at_once(*[lambda: accounts.ensure(ana, WANTED)] * 3, *[lambda: accounts.ensure(bob, WANTED)] * 3)
    assert found == [ANA] * 3 + [BOB] * 3
    assert sorted(grafana.sent) == ["ana@x.io", "bob@x.io"]
    assert accounts.wrote
    assert set(accounts.users.by_id) == {1, 2}


def test_each_spelling_is_looked_up_since_it_is_what_is_sent() -> None:
    grafana = Meeting()
    accounts = Accounts(grafana, Users([]))  # type: ignore[arg-type] # as above
    at_once(lambda: accounts.elsewhere(["ana@x.io"], WANTED), lambda: accounts.elsewhere(["Ana@x.io"], WANTED))
    assert sorted(grafana.asked) == ["Ana@x.io", "ana@x.io"]


def test_a_failure_is_the_same_for_all_teams_and_is_not_tried_again() -> None:
    class Refusing(Meeting):
        def add_to_org(self, text: str) -> None:
            self.sent.append(text)
            raise ServiceError("refused", "no", ambiguous=True)

    grafana = Refusing()
    accounts = Accounts(grafana, Users([]))  # type: ignore[arg-type] # as above
    for _try in range(2):
        with pytest.raises(ServiceError, match="no"):
            accounts.ensure(Addition("ana@x.io", "ana@x.io", ADD_TO_ORG, ANA), WANTED)
    assert grafana.sent == ["ana@x.io"]
    assert accounts.wrote
    assert not accounts.users.by_id
