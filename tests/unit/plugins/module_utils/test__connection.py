# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._connection import (
    ARGUMENT_SPEC,
    Connection,
    default_base_url,
    is_loopback,
)
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems

GOOD = {"project_id": "P2abc", "management_key": "K2secretKeyOfSomeLength"}


def build(**options: Any) -> Connection:
    defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
    return Connection.from_options({**defaults, **GOOD, **options}.get)


def problems(**options: Any) -> list[tuple[str, str]]:
    with pytest.raises(Problems) as caught:
        build(**options)
    assert caught.value.code == "invalid_option"
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_defaults() -> None:
    connection = build()
    assert connection.base_url == "https://api.descope.com"
    assert connection.validate_certs is True
    assert (connection.timeout, connection.rate_limit, connection.rate_limit_period) == (60.0, None, 60.0)
    assert (connection.rate_limit_percent, connection.rate_limit_backend) == (80, "file")
    assert (connection.concurrency, connection.retries, connection.ca_path) == (8, 4, None)


@pytest.mark.parametrize(
    ("project", "url"),
    [
        ("P2abc", "https://api.descope.com"),
        ("P" + "x" * 30, "https://api.descope.com"),
        ("Puse12aAc4T2V93bddihGEx2Ryhc8e5Zfoobar", "https://api.use1.descope.com"),
        ("Peuc" + "1" + "x" * 27, "https://api.euc1.descope.com"),
    ],
)
def test_the_address_follows_from_the_project(project: str, url: str) -> None:
    assert default_base_url(project) == url
    assert build(project_id=project).base_url == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.com/", "api.example.com"),
        ("https://api.example.com:8443", "api.example.com:8443"),
        ("https://proxy.example.com/descope/", "proxy.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://localhost:1", "localhost:1"),
    ],
)
def test_given_addresses(url: str, host: str) -> None:
    connection = build(base_url=url)
    assert connection.base_url == url.rstrip("/")
    assert connection.host == host


def test_plain_http_to_a_test_service_needs_a_word() -> None:
    assert build(base_url="http://test.example.com", validate_certs=False).host == "test.example.com"
    assert problems(base_url="http://test.example.com")[0][0] == "base_url"


@pytest.mark.parametrize(
    ("options", "field", "text"),
    [
        ({"project_id": None}, "project_id", "DESCOPE_PROJECT_ID"),
        ({"project_id": ""}, "project_id", "missing"),
        ({"project_id": "X2abc"}, "project_id", "starts with P"),
        ({"project_id": "P2 abc"}, "project_id", "malformed"),
        ({"project_id": "P2abc\n"}, "project_id", "malformed"),
        ({"management_key": None}, "management_key", "DESCOPE_MANAGEMENT_KEY"),
        ({"management_key": "secret"}, "management_key", "starts with K"),
        ({"management_key": "K2sec:ret"}, "management_key", "colons"),
        ({"management_key": "K2secret\n"}, "management_key", "line ends"),
        ({"management_key": "K2sécret"}, "management_key", "malformed"),
        ({"base_url": "api.example.com"}, "base_url", "no scheme"),
        ({"base_url": "ftp://api.example.com"}, "base_url", "no scheme"),
        ({"base_url": "https://"}, "base_url", "no scheme or host"),
        ({"base_url": "https://h:99999"}, "base_url", "is not a URL"),
        ({"base_url": "https://[::1"}, "base_url", "is not a URL"),
        ({"base_url": "https://user:pw@h"}, "base_url", "without credentials"),
        ({"base_url": "https://h?x=1"}, "base_url", "without credentials"),
        ({"base_url": "https://h#x"}, "base_url", "without credentials"),
        ({"base_url": "http://api.example.com"}, "base_url", "unencrypted"),
        ({"base_url": "http://10.0.0.1"}, "base_url", "unencrypted"),
        ({"ca_path": "/no/such/file"}, "ca_path", "does not exist"),
        ({"timeout": 0.0}, "timeout", "out of range"),
        ({"timeout": float("nan")}, "timeout", "out of range"),
        ({"rate_limit": 0}, "rate_limit", "1 to 1000000"),
        ({"rate_limit_period": 0.0}, "rate_limit_period", "out of range"),
        ({"rate_limit_percent": 101}, "rate_limit_percent", "1 to 100"),
        ({"concurrency": 0}, "concurrency", "1 to 64"),
        ({"concurrency": 65}, "concurrency", "1 to 64"),
        ({"retries": -1}, "retries", "0 to 10"),
        ({"retries": 11}, "retries", "0 to 10"),
        ({"rate_limit_backend": "http://h"}, "rate_limit_backend", "file, memory or a redis"),
    ],
    ids=str,
)
def test_what_is_refused(options: dict[str, Any], field: str, text: str) -> None:
    ((found_field, message),) = problems(**options)
    assert found_field == field
    assert text in message


@pytest.mark.parametrize(
    "options",
    [
        {"rate_limit": 1},
        {"rate_limit": 1_000_000},
        {"timeout": 0.1},
        {"rate_limit_percent": 1},
        {"rate_limit_percent": 100},
        {"concurrency": 1},
        {"concurrency": 64},
        {"retries": 0},
        {"retries": 10},
        {"rate_limit_backend": "memory"},
        {"rate_limit_backend": "redis://h/0"},
        {"rate_limit_backend": "rediss://h"},
    ],
    ids=str,
)
def test_the_ends_of_the_ranges_are_fine(options: dict[str, Any]) -> None:
    connection = build(**options)
    assert {name: getattr(connection, name) for name in options} == options


@pytest.mark.parametrize("url", ["https://api.example.com\n", "https://api.exa\tmple.com"])
def test_line_ends_and_tabs_in_an_address_are_reported_before_it_is_used(url: str) -> None:
    assert problems(base_url=url)[0][0] == "base_url"


@pytest.mark.parametrize("url", ["https://:passw0rd@h", "https://user:passw0rd@h:99999", "http://user:passw0rd@[::1"])
def test_a_password_in_an_address_is_refused_and_not_quoted(url: str) -> None:
    found = problems(base_url=url)
    assert [field for field, _message in found] == ["base_url"]
    assert "passw0rd" not in str(found)


def test_all_problems_are_told_at_once() -> None:
    found = problems(project_id=None, management_key=None, base_url="x", concurrency=0)
    assert [field for field, _message in found] == ["project_id", "management_key", "base_url", "concurrency"]


def test_a_missing_key_says_where_keys_are_made() -> None:
    with pytest.raises(Problems) as caught:
        build(management_key=None)
    assert "Management Keys" in caught.value.hint
    with pytest.raises(Problems) as caught:
        build(concurrency=0)
    assert caught.value.hint == ""


@given(st.text(st.characters(codec="ascii"), min_size=12).filter(lambda text: len(set(text)) > 8))
def test_a_key_is_never_shown(key: str) -> None:
    shown: list[object] = []
    try:
        shown.append(build(management_key=key))
    except Problems as error:
        shown.append(error)
    assert key not in f"{shown[0]!r} {shown[0]}"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("example.com", False),
        ("localhost.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_is_loopback(host: str | None, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("environment", "options", "url"),
    [
        ({"DESCOPE_BASE_URL": "https://one", "DESCOPE_BASE_URI": "https://two"}, {}, "https://one"),
        ({"DESCOPE_BASE_URI": "https://two"}, {}, "https://two"),
        ({"DESCOPE_BASE_URL": "https://one"}, {"base_url": "https://three"}, "https://three"),
    ],
    ids=["url first", "uri", "option first"],
)
def test_environment(
    environment: dict[str, str], options: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"DESCOPE_PROJECT_ID": "P2fromEnv", "DESCOPE_MANAGEMENT_KEY": "K2fromEnv", **environment}
    for name, value in both.items():
        monkeypatch.setenv(name, value)
    result = ArgumentSpecValidator(ARGUMENT_SPEC).validate(options)
    assert not result.error_messages
    connection = Connection.from_options(result.validated_parameters.get)
    assert (connection.project_id, connection.management_key, connection.base_url) == ("P2fromEnv", "K2fromEnv", url)
    assert "K2fromEnv" in result._no_log_values
