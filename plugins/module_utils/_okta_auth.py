# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Credentials for Okta: a token that was given, or the access tokens of an OAuth service app (C(private_key_jwt)).

PyJWT and cryptography are needed for the second only, and imported only then.
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Mapping

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._http import Session
from ansible_collections.pcc.identity.plugins.module_utils._okta_connection import Connection

TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - an address
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

#: Seconds that an assertion is good for. Okta takes up to an hour (contract, section 1.3); half of that leaves room for
#: a clock that is wrong by up to half an hour either way. For the same reason the assertion does not say when it was
#: made. It has no C(jti), which could be used once only, so that a request for a token can be sent again.
_ASSERTION_SECONDS = 1800

#: An access token is renewed so many seconds before it expires, or after half of its time if that is less.
_EARLY = 60.0

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class Credentials(t.Protocol):
    """What a session asks for."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Return whether there are other headers than the refused ones now."""

    def secrets(self) -> t.Iterable[str]:
        """Return what must stand in no message."""


class Token:
    """A token that was given: an API token, or an access token that somebody else got."""

    def __init__(self, kind: str, token: str) -> None:
        self._kind = kind
        self._token = token

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request."""
        return {"Authorization": f"{self._kind} {self._token}"}

    def renew(self, _refused: Mapping[str, str]) -> bool:
        """There are no others."""
        return False

    def secrets(self) -> t.Iterable[str]:
        """Return what must stand in no message."""
        return {self._token}


class ServiceApp:
    """The access tokens of a service app: one for all requests until it expires or is refused. Thread-safe.

    Attributes:
        session: what to ask for tokens with, set by whoever makes both.
    """

    session: Session

    def __init__(self, connection: Connection, clock: t.Callable[[], float] = time.monotonic) -> None:
        """Read the private key; nothing is sent.

        Raises:
            Problems: the key cannot be used.
            ImportError: PyJWT or cryptography is missing.
        """
        self._connection = connection
        # Variables of the environment often have the line ends spelled out.
        self._pem = (connection.private_key or "").replace("\\n", "\n").strip()
        self._key, self._algorithm = _read(self._pem)
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request, with a new token if there is none that lasts."""
        with self._lock:
            if not self._token or self._clock() >= self._good_until:
                self._fetch()
            return self._headers()

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Get another token, unless another thread has done so already."""
        with self._lock:
            if dict(refused) == dict(self._headers()):
                self._fetch()
            return True

    def secrets(self) -> t.Iterable[str]:
        """Return what must stand in no message; of the key its lines, since messages may quote one."""
        lines = {line for line in self._pem.splitlines() if not line.startswith("-----")}
        return {self._connection.private_key or "", self._pem, *(line for line in lines if len(line) >= 16)}

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _fetch(self) -> None:
        import jwt

        options = self._connection
        claims = {
            "aud": f"{options.okta_url}{TOKEN_PATH}",
            "iss": options.client_id,
            "sub": options.client_id,
            "exp": int(time.time()) + _ASSERTION_SECONDS,
        }
        assertion = jwt.encode(
            claims, self._key, algorithm=self._algorithm, headers={"kid": options.key_id} if options.key_id else None
        )
        self.session.hide(assertion)
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(options.scopes),
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        began = self._clock()
        try:
            data = self.session.post(TOKEN_PATH, form=form, reads=True, anonymous=True, expect=dict).data
        except ServiceError as error:
            if error.code in {"refused", "forbidden", "not_found"}:
                # Whatever it is, it would be the same for every request.
                raise self.session.stop(_rejected(error)) from error
            raise
        token, lifetime = data.get("access_token"), data.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ServiceError("bad_response", f"POST {TOKEN_PATH}: the reply holds no access token.", "Try again.")
        self.session.hide(token)
        # An hour by the contract, section 1.3.
        seconds = float(lifetime) if isinstance(lifetime, (int, float)) and lifetime > 0 else 3600.0
        self._token = token
        self._good_until = began + max(seconds - _EARLY, seconds / 2)


def _rejected(error: ServiceError) -> ServiceError:
    return ServiceError(
        "unauthorized",
        f"Okta gives the service app no access token: {error.message}",
        "Check client_id, private_key and key_id (OKTA_CLIENT_ID, OKTA_PRIVATE_KEY, OKTA_KEY_ID), that the app is "
        "active and in this organisation, that its public key is registered and the scopes are granted to it, and that "
        "okta_url is the organisation's own address.",
        status=error.status,
        service_code=error.service_code,
    )


def _read(pem: str) -> tuple[t.Any, str]:
    """Return a private key and the algorithm to sign with it."""
    try:
        import jwt  # noqa: F401 - told now, before anything is sent
    except ImportError as error:
        raise ImportError(str(error), name="PyJWT") from error
    try:
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise ImportError(str(error), name="cryptography") from error
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise _unusable("is encrypted: give it without a passphrase, and protect it with Ansible Vault.") from error
    except Exception as error:  # cryptography has many, and they may quote what they were given
        advice = "copy it as PEM, not as JSON" if pem.startswith("{") else "give the whole text of the PEM file"
        raise _unusable(f"is no private key in PEM form ({type(error).__name__}): {advice}.") from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key, "RS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key, _CURVES[key.curve.name]
    raise _unusable("is of a kind that Okta does not take: give an RSA key, or one on the curve P-256, P-384 or P-521.")


def _unusable(text: str) -> Problems:
    return Problems([Problem("", "private_key", text)], code="invalid_option")
