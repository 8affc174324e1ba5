# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the emulator share."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import httpx

from emulator.testing import KEY, PROJECT_ID

SECOND_PROJECT = "P2secondProject"
OTHER_PROJECT = "P2otherCompany"
OTHER_KEY = "K2otherKey"
ATTRIBUTES = {"tier": "string", "seats": "number", "trial": "boolean", "regions": "array"}

EXPORTS = Path(__file__).resolve().parents[1] / "fixtures" / "descope-exports"


def sample(name: str) -> Any:
    """A real export."""
    return json.loads(EXPORTS.joinpath(f"{name}.json").read_text())


FLOWS: list[dict[str, Any]] = [
    *(sample(name) for name in ("basicflow", "connectorflow", "roleflow")),
    *sample("testwidget")["flows"],
]


def small_flow(**changes: Any) -> dict[str, Any]:
    """A flow with one of everything; ``__`` in a name goes one level down."""
    root = {"nodes": ["text"], "linkedNodes": {}}
    flow: dict[str, Any] = {
        "flowId": "mine",
        "metadata": {"name": "Mine", "sharedInteractions": [{"id": "a", "type": "x"}, {"id": "b", "label": "B"}]},
        "contents": {
            "startTask": "1",
            "tasks": {
                "1": {"id": "1", "type": "screen", "screenId": "SC1", "next": {"rules": [{"taskId": "1.end"}]}},
                "1.end": {"id": "1.end", "type": "automated", "action": "logged-in", "next": {}},
                "2": {"id": "2", "type": "condition", "screenId": "new-2", "conditions": [{"name": "x"}]},
            },
        },
        "screens": [
            {
                "screenId": "SC1",
                "interactions": [{"id": "go", "label": "Go", "type": "submit"}, {"id": "no", "label": "No"}],
                "contents": {"ROOT": root, "text": {"nodes": [], "parent": "ROOT"}},
            },
            {"screenId": "SC2", "contents": {"ROOT": {"nodes": []}}},
        ],
    }
    for path, value in changes.items():
        *way, last = path.split("__")
        node = flow
        for key in way:
            node = node[key]
        node[last] = copy.deepcopy(value)
    return flow


class Api:
    """Calls as a client makes them, answers as they come."""

    def __init__(self, url: str, bearer: str = f"{PROJECT_ID}:{KEY}", **options: Any) -> None:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=20, **options)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.http.post(path, json=body)

    def patch(self, **body: Any) -> httpx.Response:
        return self.http.patch("/v1/mgmt/tenant/patch", json=body)

    def create(self, name: str = "Acme", **body: Any) -> str:
        answer = self.post("/v1/mgmt/tenant/create", name=name, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def load(self, tenant_id: str) -> dict[str, Any]:
        answer = self.get("/v1/mgmt/tenant", id=tenant_id)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self) -> list[str]:
        return [tenant["id"] for tenant in self.get("/v1/mgmt/tenant/all").json()["tenants"]]

    def found(self, **filters: Any) -> list[str]:
        answer = self.post("/v1/mgmt/tenant/search", **filters)
        assert answer.status_code == 200, answer.text
        return [tenant["id"] for tenant in answer.json()["tenants"]]

    def import_flow(self, flow: dict[str, Any]) -> None:
        answer = self.post("/v2/mgmt/flow/import", flow=flow)
        assert (answer.status_code, answer.json()) == (200, {}), answer.text

    def export_flow(self, flow_id: str) -> dict[str, Any]:
        answer = self.post("/v2/mgmt/flow/export", flowId=flow_id)
        assert answer.status_code == 200, answer.text
        return answer.json()["flow"]

    def flows(self, *ids: str) -> dict[str, dict[str, Any]]:
        answer = self.post("/v1/mgmt/flow/list", ids=list(ids)).json()
        assert answer["total"] == len(answer["flows"])
        return {flow["id"]: flow for flow in answer["flows"]}


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["errorCode"]
