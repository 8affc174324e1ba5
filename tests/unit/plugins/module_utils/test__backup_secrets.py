# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import MASK, masked, without_secrets

CONNECTOR = "connectors/http-CI1.json"
CANARY = 'K2"canary\\key'


def blanked(content: Any, name: str = CONNECTOR) -> tuple[Any, list[Any]]:
    files, paths = without_secrets({name: content})
    return files[name], paths.get(name, [])


@pytest.mark.parametrize("sent", ["PLACEHOLDER_VALUE", "", "hunter2"])
def test_secrets_of_a_connector(sent: str) -> None:
    connector = {"id": "CI1", "name": "Ours", "type": "http", "secrets": {"bearertoken": sent, "x": {"y": sent}}}
    assert blanked(connector) == (
        {"id": "CI1", "name": "Ours", "type": "http", "secrets": {"bearertoken": "", "x": {"y": ""}}},
        [["secrets", "bearertoken"], ["secrets", "x", "y"]],
    )


@pytest.mark.parametrize(
    "name",
    [
        *("secret", "clientSecret", "client_secret", "Client Secret", "password", "apiKey", "api-key", "bearerToken"),
        *("privateKey", "secretAccessKey", "hmac", "signingKey", "serviceAccount", "accessToken", "credential"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert blanked({"a": [{name: "hunter2", "other": "x"}]}) == ({"a": [{name: "", "other": "x"}]}, [["a", 0, name]])
    assert blanked({name: ["one", "two"]}) == ({name: ["", ""]}, [[name, 0], [name, 1]])
    assert blanked({name: {"enabled": "x"}}) == ({name: {"enabled": "x"}}, [])
    assert blanked({name: 5}) == ({name: 5}, [])


@pytest.mark.parametrize(
    "name",
    ["tokenResponseMethod", "passwordSettings", "secretName", "key", "keyId", "tokens", "refreshTokenExpirationUnit"],
)
def test_names_of_others(name: str) -> None:
    assert blanked({name: "x"}) == ({name: "x"}, [])


def test_a_list_of_secrets() -> None:
    """The form in which the service tells which secrets are missing."""
    secrets = [{"id": "CI1", "name": "Ours", "type": "bearertoken", "value": "hunter2"}, "hunter3"]
    assert blanked({"secrets": secrets}) == (
        {"secrets": [{"id": "CI1", "name": "Ours", "type": "bearertoken", "value": ""}, ""]},
        [["secrets", 0, "value"], ["secrets", 1]],
    )


def test_the_placeholder_under_any_name() -> None:
    assert blanked({"a": {"b": "PLACEHOLDER_VALUE"}}) == ({"a": {"b": ""}}, [["a", "b"]])


@pytest.mark.parametrize(
    "name",
    [
        *("flows/sign-in/contents.json", "widgets/w/x.json", "styles/styles.json", "assets/x.txt"),
        *("lists.json", "jwttemplates.json", "attributes.json", "roles.json", "permissions.json"),
    ],
)
def test_what_people_name_themselves(name: str) -> None:
    content = {"password": "a claim", "token": "{{ x }}", "secrets": {"x": "y"}, "z": "PLACEHOLDER_VALUE"}
    assert blanked(content, name) == (content, [])


def test_files_that_are_texts() -> None:
    assert without_secrets({"emails/a.html": "<p>token</p>", "b.txt": ""}) == (
        {"emails/a.html": "<p>token</p>", "b.txt": ""},
        {},
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["hunter2", "", "PLACEHOLDER_VALUE"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["secrets", "apiKey", "name", "value", "type", "x"]), inner, max_size=4)
    ),
)


@given(JSON)
def test_only_texts_become_blank(content: Any) -> None:
    before = json.dumps(content)
    found, paths = blanked(content)
    assert json.dumps(content) == before
    assert "PLACEHOLDER_VALUE" not in json.dumps(found)
    for path in paths:
        value, old = found, content
        for key in path:
            value, old = value[key], old[key]
        assert value == ""
        assert isinstance(old, str)
    assert blanked(found)[0] == found


@given(JSON)
def test_nothing_of_a_text_is_left(content: Any) -> None:
    found = masked({"a": content, "hunter2 key": [content]}, "hunter2")
    assert "hunter2" not in json.dumps(found)
    assert found["a"] == masked(content, "hunter2")
    assert masked(content, "nowhere") == content


def test_masking() -> None:
    assert masked({"a": [f"Bearer P2:{CANARY}!", 1, None]}, CANARY) == {"a": [f"Bearer P2:{MASK}!", 1, None]}
