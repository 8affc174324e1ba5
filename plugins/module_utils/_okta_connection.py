# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Connection options of the modules for Okta."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from ansible_collections.pcc.identity.plugins.module_utils._connection import check_transport
from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._http import Endpoint, check_url

#: Documented, with the same defaults and environment fallbacks, in plugins/doc_fragments/okta.py.
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "okta_url": {"type": "str", "fallback": (env_fallback, ["OKTA_ORG_URL"])},
    "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["OKTA_API_TOKEN"])},
    "access_token": {"type": "str", "no_log": True},
    "client_id": {"type": "str", "fallback": (env_fallback, ["OKTA_CLIENT_ID"])},
    "private_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["OKTA_PRIVATE_KEY"])},
    # The name of a key, which is public.
    "key_id": {"type": "str", "no_log": False, "fallback": (env_fallback, ["OKTA_KEY_ID"])},
    "scopes": {"type": "list", "elements": "str", "default": ["okta.groups.read"]},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
    "retries": {"type": "int", "default": 5},
    "retry_max_wait": {"type": "float", "default": 120.0},
    "concurrency": {"type": "int", "default": 4},
}

CREDENTIALS_HINT = (
    "Give one of: api_token (OKTA_API_TOKEN), made in the Admin Console under Security > API > Tokens; client_id with "
    "private_key (OKTA_CLIENT_ID, OKTA_PRIVATE_KEY) of a service app; or access_token."
)

_EXAMPLE = "https://acme.okta.com"
_WAYS = ("api_token", "access_token", "private_key")
_VISIBLE = re.compile(r"[!-~]+")  # printable ASCII without spaces, which is all that a header can carry
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where and how to talk to one Okta organisation. No secret shows in C(repr).

    Exactly one of C(api_token), C(access_token) and C(private_key) is set; C(client_id) goes with the last.

    Attributes:
        key_id: name of the key, or None where the app has only one.
        scopes: what to ask for with the key.
        timeout: seconds for one request.
        retries: how often a request is tried again.
        retry_max_wait: seconds that may be waited in all.
        concurrency: groups that are read side by side.
    """

    okta_url: str
    api_token: str | None = dataclasses.field(default=None, repr=False)
    access_token: str | None = dataclasses.field(default=None, repr=False)
    client_id: str | None = None
    private_key: str | None = dataclasses.field(default=None, repr=False)
    key_id: str | None = None
    scopes: tuple[str, ...] = ("okta.groups.read",)
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 30.0
    retries: int = 5
    retry_max_wait: float = 120.0
    concurrency: int = 4

    @classmethod
    def from_options(cls, get_option: t.Callable[[str], t.Any]) -> Connection:
        """Build a connection from named options.

        Args:
            get_option: returns the value of an option, None where it was not given.

        Raises:
            Problems: with every missing or malformed option.
        """
        options = {name: get_option(name) for name in ARGUMENT_SPEC}
        # An empty variable of the environment is one that is not set.
        options = {name: None if value == "" else value for name, value in options.items()}
        url = options["okta_url"]
        if url and not _SCHEME.match(url):
            url = f"https://{url}"
        options["okta_url"] = url.rstrip("/") if url else None
        problems = [Problem("", name, text) for name, text in _check(options)]
        if problems:
            missing = {problem.field for problem in problems} & {*_WAYS, "client_id"}
            raise Problems(problems, code="invalid_option", hint=CREDENTIALS_HINT if missing else "")
        return cls(**{**options, "scopes": tuple(options["scopes"])})

    @property
    def endpoint(self) -> Endpoint:
        """Where the requests go."""
        return Endpoint(
            url=self.okta_url,
            service="Okta",
            option="okta_url (OKTA_ORG_URL)",
            timeout=self.timeout,
            validate_certs=self.validate_certs,
            ca_path=self.ca_path,
        )


def _check(options: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    if not options["okta_url"]:
        yield "okta_url", "is missing: give it, or set OKTA_ORG_URL."
    else:
        yield from _check_address(options["okta_url"], options["validate_certs"])
    yield from _check_credentials(options)
    yield from check_transport(
        options, timeout=(0.1, 3600), retries=(0, 10), retry_max_wait=(0, 86_400), concurrency=(1, 32)
    )


def _check_address(url: str, validate_certs: bool) -> t.Iterator[tuple[str, str]]:
    found = list(check_url("okta_url", url, validate_certs, _EXAMPLE))
    yield from found
    if found:
        return
    parts = urlsplit(url)
    if parts.path:
        yield "okta_url", f"must be the address of the organisation alone, without a path: give for example {_EXAMPLE}."
    elif (parts.hostname or "").partition(".")[0].endswith("-admin"):
        yield "okta_url", "is the address of the Admin Console: leave out '-admin'."


def _check_credentials(options: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    given = [name for name in _WAYS if options[name]]
    if not given:
        yield "api_token", "is missing, and so are private_key and access_token: give one of them."
    elif len(given) > 1:
        # One of them may come from the environment.
        yield given[0], f"is given together with {' and '.join(given[1:])}: give only one, in the environment as well."
    # Their values are never quoted.
    for name in ("api_token", "access_token"):
        if options[name] and not _VISIBLE.fullmatch(options[name]):
            yield name, "is malformed: it has spaces, line ends or characters that no token has."
    if options["private_key"] and not options["client_id"]:
        yield "client_id", "is missing: a private_key goes with the client id of its service app."
    if options["private_key"] and not options["scopes"]:
        yield "scopes", "is empty: a service app asks at least for okta.groups.read."
    for scope in options["scopes"]:
        if not _VISIBLE.fullmatch(scope):
            yield "scopes", f"'{scope}' is malformed: scopes have no spaces."
