# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the emulated Okta and Grafana that know nothing of the collection."""

from __future__ import annotations

import base64
import http.client
import json
import re
import time
import uuid
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from grafana_client import GrafanaApi

from emulator.testing import GRAFANA_PASSWORD, GRAFANA_TOKEN, GRAFANA_USER, OKTA_CLIENT_ID, OKTA_TOKEN

_NEXT = re.compile(r'<([^>]*)>\s*;[^<]*rel="?next"?')


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def next(self) -> str | None:
        """The URL of the next page."""
        found = [_NEXT.search(line) for line in self.headers.get_all("link", [])]
        return next((match[1] for match in found if match), None)

    @property
    def code(self) -> tuple[int, str]:
        """Status and code of a refusal."""
        return self.status, self.json()["errorCode"]


class OktaApi:
    """Okta by http.client, so that repeated headers are seen as they come."""

    def __init__(self, url: str, authorization: str = f"SSWS {OKTA_TOKEN}") -> None:
        self.url = url
        self.authorization = authorization

    def send(self, method: str, target: str, body: str | None = None, **headers: str) -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        given = {"Authorization": self.authorization} if self.authorization else {}
        try:
            connection.request(method, target, body, {**given, **headers})
            reply = connection.getresponse()
            return Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", quote(path) + ("?" + urlencode(query, quote_via=quote) if query else ""))

    def search(self, expression: str, **query: Any) -> Answer:
        return self.get("/api/v1/groups", search=expression, **query)

    def names(self, expression: str) -> list[str]:
        answer = self.search(expression)
        assert answer.status == 200, answer.body
        return [group["profile"]["name"] for group in answer.json()]

    def pages(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """All pages, by following the links as they are given."""
        answer = self.get(path, **query)
        found = []
        while True:
            assert answer.status == 200, answer.body
            found.append(answer.json())
            if answer.next is None:
                return found
            assert answer.next.startswith(self.url + "/")
            answer = self.send("GET", answer.next[len(self.url) :])

    def logins(self, group_id: str, **query: Any) -> list[str]:
        pages = self.pages(f"/api/v1/groups/{group_id}/users", **query)
        return [user["profile"]["login"] for page in pages for user in page]

    def token(
        self, key: str, scope: str = "okta.groups.read", form: Any = None, kid: str = "", **claims: Any
    ) -> Answer:
        """Ask for an access token with an assertion; claims and form fields can be spoilt."""
        now = int(time.time())
        good = {
            "iss": OKTA_CLIENT_ID,
            "sub": OKTA_CLIENT_ID,
            "aud": f"{self.url}/oauth2/v1/token",
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
        }
        payload = {name: value for name, value in {**good, **claims}.items() if value is not None}
        elliptic = isinstance(load_pem_private_key(key.encode(), None), EllipticCurvePrivateKey)
        assertion = jwt.encode(payload, key, "ES256" if elliptic else "RS256", {"kid": kid} if kid else None)
        fields = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            **(form or {}),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", "/oauth2/v1/token", urlencode(fields), **headers)


class GrafanaRaw:
    """Grafana with answers as they come."""

    def __init__(self, url: str, token: str = GRAFANA_TOKEN, **headers: str) -> None:
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.http = httpx.Client(base_url=url, headers=headers, timeout=20)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        answer = self.http.request(method, path, params=query or None, json=body)
        return answer.status_code, answer.json()

    def get(self, path: str, **query: Any) -> Any:
        status, value = self.call("GET", path, **query)
        assert status == 200, value
        return value

    def emails(self, team: Any) -> list[str]:
        return [member["email"] for member in self.get(f"/api/teams/{team}/members")]

    def teams(self, **query: Any) -> list[str]:
        return [team["name"] for team in self.get("/api/teams/search", **query)["teams"]]


def basic(user: str = GRAFANA_USER, password: str = GRAFANA_PASSWORD) -> str:
    """The header of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def library(url: str, auth: Any = GRAFANA_TOKEN, **options: Any) -> GrafanaApi:
    """The client that others wrote."""
    parts = urlsplit(url)
    return GrafanaApi(auth, host=parts.hostname, port=parts.port, protocol=parts.scheme, **options)
