# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a flow costs, and how much of a diff there is to read, however large the flow is."""

from __future__ import annotations

import difflib

import pytest

from emulator.descope import flow_checks
from emulator.testing import ThreadedEmulator
from tests.support.big_flow import BYTES, SCREENS, STEPS, big_flow, edited, size

from .conftest import Run

LIST, EXPORT, IMPORT = "/v1/mgmt/flow/list", "/v2/mgmt/flow/export", "/v2/mgmt/flow/import"


def paths(emulator: ThreadedEmulator, since: int = 0) -> list[str]:
    """Return the path of each request, but for the handshake of the session."""
    found = [entry["path"] for entry in emulator.requests()[since:]]
    return [path for path in found if not path.endswith("/license")]


def test_the_big_flow_is_one() -> None:
    flow = big_flow()
    assert flow == big_flow()
    assert flow_checks.problems(flow) == flow_checks.problems(edited(flow)) == []
    assert (len(flow["contents"]["tasks"]), len(flow["screens"])) == (STEPS, SCREENS)
    assert BYTES <= size(flow) <= 1.05 * BYTES


@pytest.mark.parametrize("module", ["descope_flow", "descope_flows"])
def test_requests_of_a_deployment(module: str, emulator: ThreadedEmulator, run: Run) -> None:
    flow = big_flow()
    for definition, changed, expected in (
        (flow, True, [LIST, EXPORT, IMPORT, EXPORT]),
        (edited(flow), True, [LIST, EXPORT, IMPORT, EXPORT]),
        (edited(flow), False, [LIST, EXPORT]),
    ):
        mark = len(emulator.requests())
        entry = {"definition": definition}
        result = run(module, **(entry if module == "descope_flow" else {"flows": [entry]}))
        assert not result["failed"], result["msg"]
        assert result["changed"] == changed
        assert paths(emulator, mark) == expected


def test_requests_of_many_flows(emulator: ThreadedEmulator, run: Run) -> None:
    entries = [{"definition": big_flow(f"flow-{number}")} for number in range(5)]
    for expected in ([LIST] + 5 * [EXPORT] + 5 * [IMPORT, EXPORT], [LIST] + 5 * [EXPORT]):
        mark = len(emulator.requests())
        assert not run("descope_flows", flows=entries)["failed"]
        assert paths(emulator, mark) == expected


def test_the_diff_of_an_edited_flow_can_be_read(emulator: ThreadedEmulator, run: Run) -> None:
    flow = big_flow()
    emulator.edit("import_flow", flow=flow)
    diff = run("descope_flow", check=True, definition=edited(flow))["diff"]
    lines = list(difflib.unified_diff(diff["before"].splitlines(), diff["after"].splitlines(), lineterm=""))
    assert 0 < len(lines) < 60, "\n".join(lines)
