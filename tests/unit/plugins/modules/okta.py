# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of okta_group_info share."""

from __future__ import annotations

from typing import Any
from unittest import mock

from ansible_collections.pcc.identity.plugins.module_utils._http import Session
from emulator.testing import ThreadedEmulator
from tests.support.in_process import run_module

#: Waiting between tries is not what these tests are about.
NO_WAITING = mock.patch.dict(Session.__init__.__kwdefaults__, sleep=lambda _seconds: None)


class Okta:
    """An emulated organisation, and the module that reads it."""

    def __init__(self, emulator: ThreadedEmulator) -> None:
        self.emulator = emulator

    def edit(self, op: str, **values: Any) -> dict[str, Any]:
        """Change the organisation."""
        return self.emulator.edit(op, service="okta", **values)

    def group(self, name: str, **values: Any) -> str:
        """Make a group, or replace its members, and return its id."""
        return self.edit("set_group", name=name, **values)["id"]

    def read(self, *groups: Any, **options: Any) -> dict[str, Any]:
        """Run the module; a group is a name or a dictionary, and an option of C(...) is not given at all."""
        connection = {"okta_url": self.emulator.okta_url, "timeout": 5, "retry_max_wait": 1000}
        if not {"access_token", "private_key"} & set(options):
            connection["api_token"] = self.emulator.okta_token
        asked = [{"name": group} if isinstance(group, str) else group for group in groups]
        given = {**connection, "groups": asked, **options}
        result = run_module("okta_group_info", **{name: value for name, value in given.items() if value is not ...})
        assert not result.get("changed")
        assert all(entry["kind"] == "read" for entry in self.emulator.requests())
        return result

    def members(self, name: str) -> list[str]:
        """Return the ids of the users in a group, as the organisation itself knows them."""
        state = self.emulator.state(service="okta")
        (group,) = (group for group in state["groups"].values() if group["name"] == name)
        return sorted(group["members"])


def ids(users: list[dict[str, Any]]) -> list[str]:
    """Return the ids of the users in a row, sorted."""
    return sorted(user["id"] for user in users)


def assert_failed(row: dict[str, Any], code: str) -> None:
    """A row of a group that could not be read wholly has nothing that could be taken for its members."""
    assert (row["complete"], row["members"], row["excluded"], row["members_total"]) == (False, [], [], 0)
    assert row["error_code"] == code, row
    assert row["error"]
