# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the emulator share."""

from __future__ import annotations

from typing import Any

import httpx

from emulator.testing import KEY, PROJECT_ID

SECOND_PROJECT = "P2secondProject"
OTHER_PROJECT = "P2otherCompany"
OTHER_KEY = "K2otherKey"
ATTRIBUTES = {"tier": "string", "seats": "number", "trial": "boolean", "regions": "array"}


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


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["errorCode"]
