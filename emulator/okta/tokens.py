# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens for service apps: client credentials with private_key_jwt, the only method there is for Okta's own
scopes [DOC implement-oauth-for-okta-serviceapp]."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import parse_qsl

from ..switches import Switches
from ..wire import Reply, Request
from .model import Client, Credential, Org, secret_hash

PATH = "/oauth2/v1/token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
_HOUR = 3600


class Refusal(Exception):
    """An error in the style of OAuth."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.reply = Reply.json({"error": code, "error_description": text}, status)


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True))


def issue(org: Org, switches: Switches, request: Request, used: dict[str, float]) -> Reply:
    """The reply to a request for a token. ``used`` holds the ids of assertions, each of which is good once."""
    form = form_of(request)
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refusal(400, "invalid_request", "The content type must be application/x-www-form-urlencoded.")
    if form.get("grant_type") != "client_credentials":
        raise Refusal(400, "unsupported_grant_type", "The authorization grant type is not supported.")
    if form.get("client_assertion_type") != _ASSERTION or "client_assertion" not in form:
        raise Refusal(
            401,
            "invalid_client",
            "Client Credentials requests to the Org Authorization Server must use private_key_jwt.",
        )
    client = _client(org, request, form["client_assertion"], used)
    scopes = form.get("scope", "").split()
    if not scopes or not set(scopes) <= set(client.scopes):
        raise Refusal(400, "invalid_scope", "One or more scopes are not configured for the client.")
    token = "eyJ" + secrets.token_urlsafe(48)
    lifetime = float(switches["okta_token_lifetime"])
    org.credentials[secret_hash(token)] = Credential(
        scopes, client.role, time.time() + lifetime, int(switches["okta_token_requests"]) or None
    )
    return Reply.json(
        {"token_type": "Bearer", "expires_in": int(lifetime), "access_token": token, "scope": " ".join(scopes)}
    )


def _client(org: Org, request: Request, assertion: str, used: dict[str, float]) -> Client:
    """The service app that signed an assertion."""
    try:
        import jwt
    except ImportError:
        text = "This emulator needs PyJWT and cryptography to check signatures: pip install 'PyJWT[crypto]'"
        raise Refusal(501, "server_error", text) from None
    failed = Refusal(401, "invalid_client", "The client_assertion is invalid.")
    try:
        header = jwt.get_unverified_header(assertion)
        unverified: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
        client = org.clients.get(str(unverified.get("sub")))
        if client is None:
            raise Refusal(401, "invalid_client", "Invalid value for 'client_id' parameter.")
        # A key that is named must be the one registered.
        if header.get("kid") and client.key_id and header["kid"] != client.key_id:
            raise Refusal(
                401, "invalid_client", "The JWKSet does not contain the key that signed the client_assertion."
            )
        claims = jwt.decode(
            assertion,
            client.public_key,
            algorithms=_ALGORITHMS,
            audience=f"{request.scheme}://{request.headers.get('host', '')}{PATH}",
            issuer=client.id,
            options={"require": ["exp", "iss", "sub", "aud"]},
        )
    except (jwt.PyJWTError, ValueError):
        raise failed from None
    if claims["exp"] > time.time() + _HOUR + 60:
        raise Refusal(401, "invalid_client", "The client_assertion token has an expiration too far into the future.")
    number = claims.get("jti")
    if number is not None:
        if number in used:
            raise Refusal(401, "invalid_client", "The client_assertion token has already been used.")
        used[number] = claims["exp"]
    return client
