# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._okta_connection import ARGUMENT_SPEC, Connection

DEFAULTS = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
GOOD = {"okta_url": "https://acme.okta.com", "api_token": "00abcDEF"}


def connection(**options: Any) -> Connection:
    return Connection.from_options({**DEFAULTS, **GOOD, **options}.get)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("acme.okta.com", "https://acme.okta.com"),
        ("https://acme.okta.com/", "https://acme.okta.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("acme.okta.com:8443", "https://acme.okta.com:8443"),
    ],
)
def test_addresses(given: str, url: str) -> None:
    assert connection(okta_url=given).okta_url == url
    assert connection(okta_url=given).endpoint.url == url


@pytest.mark.parametrize(
    ("options", "field", "text"),
    [
        ({"okta_url": None}, "okta_url", "OKTA_ORG_URL"),
        ({"okta_url": ""}, "okta_url", "is missing"),
        ({"okta_url": "http://acme.okta.com"}, "okta_url", "unencrypted"),
        ({"okta_url": "https://acme.okta.com/oauth2/default"}, "okta_url", "without a path"),
        ({"okta_url": "acme-admin.okta.com"}, "okta_url", "-admin"),
        ({"okta_url": "https://a:b@acme.okta.com"}, "okta_url", "credentials"),
        ({"api_token": None}, "api_token", "is missing"),
        ({"api_token": ""}, "api_token", "is missing"),
        ({"access_token": "x"}, "api_token", "together with access_token"),
        ({"api_token": "secret token"}, "api_token", "malformed"),
        ({"api_token": None, "access_token": "secret\n"}, "access_token", "malformed"),
        ({"api_token": None, "private_key": "x"}, "client_id", "is missing"),
        ({"api_token": None, "private_key": "x", "client_id": "y", "scopes": []}, "scopes", "is empty"),
        ({"scopes": ["a b"]}, "scopes", "no spaces"),
        ({"ca_path": "/nowhere"}, "ca_path", "does not exist"),
        ({"timeout": 0.0}, "timeout", "out of range"),
        ({"retries": 11}, "retries", "out of range"),
        ({"retry_max_wait": -1.0}, "retry_max_wait", "out of range"),
        ({"concurrency": 0}, "concurrency", "out of range"),
    ],
)
def test_what_is_wrong_is_told(options: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(Problems) as caught:
        connection(**options)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert text in problem.message
    assert "secret" not in str(caught.value)
    assert caught.value.code == "invalid_option"


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        connection(okta_url=None, api_token=None, timeout=0.0)
    assert [problem.field for problem in caught.value.problems] == ["okta_url", "api_token", "timeout"]
    assert "Security > API > Tokens" in caught.value.hint


def test_d23_no_secret_shows() -> None:
    assert "00abcDEF" not in repr(connection())
