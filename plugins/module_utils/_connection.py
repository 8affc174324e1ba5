# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Connection options: the same for modules, lookups and inventories."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from ansible_collections.pcc.identity.plugins.module_utils._errors import KEYS_HINT, Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._keys import keys_in

#: Documented, with the same defaults and environment fallbacks, in plugins/doc_fragments/connection.py.
ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "project_id": {"type": "str", "fallback": (env_fallback, ["DESCOPE_PROJECT_ID"])},
    "management_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["DESCOPE_MANAGEMENT_KEY"])},
    # Two names: the Python SDK reads the second, every other client the first (contract, section 1.2).
    "base_url": {"type": "str", "fallback": (env_fallback, ["DESCOPE_BASE_URL", "DESCOPE_BASE_URI"])},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 60.0},
    "rate_limit": {"type": "int"},
    "rate_limit_period": {"type": "float", "default": 60.0},
    "rate_limit_percent": {"type": "int", "default": 80},
    "rate_limit_backend": {"type": "str", "default": "file"},
    "concurrency": {"type": "int", "default": 8},
    "retries": {"type": "int", "default": 4},
}

_PROJECT_ID = re.compile(r"P[A-Za-z0-9_-]{2,63}")
_KEY = re.compile(r"K[!-9;-~]{2,}")  # printable ASCII without the colon that separates project and key


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where and how to talk to one Descope project. The key never shows in C(repr).

    Attributes:
        timeout: seconds for one request.
        rate_limit: requests per C(rate_limit_period), or None for the sourced defaults per family of endpoints.
        rate_limit_period: seconds.
        rate_limit_percent: share of the limit that may be used, 1 to 100.
        rate_limit_backend: C(file) (shared by all processes of this user on this machine), C(memory) (this
            process alone) or a C(redis://) URL (shared by several machines).
        retries: how often a request is tried again, so C(4) means at most 5 tries.
    """

    project_id: str
    management_key: str = dataclasses.field(repr=False)
    base_url: str
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 60.0
    rate_limit: int | None = None
    rate_limit_period: float = 60.0
    rate_limit_percent: int = 80
    rate_limit_backend: str = "file"
    concurrency: int = 8
    retries: int = 4

    @classmethod
    def from_options(cls, get_option: t.Callable[[str], t.Any]) -> Connection:
        """Build a connection from named options.

        Args:
            get_option: returns the value of an option, None where it was not given.

        Raises:
            Problems: with every missing or malformed option.
        """
        options = {name: get_option(name) for name in ARGUMENT_SPEC}
        problems = [Problem("", name, text) for name, text in _check(options)]
        if problems:
            missing = any(problem.field in {"project_id", "management_key"} for problem in problems)
            raise Problems(problems, code="invalid_option", hint=KEYS_HINT if missing else "")
        options["base_url"] = (options["base_url"] or default_base_url(options["project_id"])).rstrip("/")
        return cls(**options)

    @property
    def host(self) -> str:
        """Host and port of the service, the unit that the service's own limits count by (per client address)."""
        return urlsplit(self.base_url).netloc


def default_base_url(project_id: str) -> str:
    """Return the API's address for a project: ids of 32 characters or more carry their region (contract 1.2, S)."""
    if len(project_id) >= 32:
        return f"https://api.{project_id[1:5]}.descope.com"
    return "https://api.descope.com"


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_transport(options: dict[str, t.Any], **ranges: tuple[float, float]) -> t.Iterator[tuple[str, str]]:
    """Yield what is wrong with the options that the connections of all services have, with the option's name.

    Args:
        options: of the connection, by name.
        ranges: the lowest and the highest value of each number.
    """
    if options["ca_path"] and not os.path.exists(options["ca_path"]):
        yield "ca_path", f"'{options['ca_path']}' does not exist: give a file or folder of CA certificates."
    for name, (lowest, highest) in ranges.items():
        value = options[name]
        if value is not None and not lowest <= value <= highest:
            yield name, f"{value} is out of range: give {lowest} to {highest}."


def _check(options: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    if not options["project_id"]:
        yield "project_id", "is missing: give it, or set DESCOPE_PROJECT_ID."
    elif not _PROJECT_ID.fullmatch(options["project_id"]):
        # Whoever mixes up the two options would see the key repeated.
        shown = "" if keys_in(options["project_id"]) else f"'{options['project_id']}' "
        yield "project_id", f"{shown}is malformed: a project id starts with P, without spaces."
    # The key itself is never quoted.
    if not options["management_key"]:
        yield "management_key", "is missing: give it, or set DESCOPE_MANAGEMENT_KEY."
    elif not _KEY.fullmatch(options["management_key"]):
        yield "management_key", "is malformed: a management key starts with K, without spaces, line ends or colons."
    if options["base_url"]:
        yield from _check_url(options["base_url"], options["validate_certs"])
    yield from check_transport(
        options,
        timeout=(0.1, 3600),
        rate_limit=(1, 1_000_000),
        rate_limit_period=(0.1, 86_400),
        rate_limit_percent=(1, 100),
        concurrency=(1, 64),
        retries=(0, 10),
    )
    backend = options["rate_limit_backend"]
    if backend not in {"file", "memory"} and not backend.startswith(("redis://", "rediss://")):
        shown = "this URL" if set(":/@") & set(backend) else f"'{backend}'"  # a URL may hold a password
        yield "rate_limit_backend", f"{shown} is not known: give file, memory or a redis:// URL."


def _check_url(url: str, validate_certs: bool) -> t.Iterator[tuple[str, str]]:
    if not url.isprintable() or " " in url:
        yield "base_url", f"{url!r} holds spaces, tabs or line ends: remove them."
        return
    if "@" in url:
        yield "base_url", "must be an address alone, without credentials."  # and they are not repeated here
        return
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError as error:
        yield "base_url", f"'{url}' is not a URL ({error}): give for example https://api.descope.com."
        return
    if parts.scheme not in {"http", "https"} or not host:
        yield "base_url", f"'{url}' has no scheme or host: give for example https://api.descope.com."
    elif parts.query or parts.fragment:
        yield "base_url", "must be an address alone, without credentials, query or fragment."
    elif parts.scheme == "http" and validate_certs and not is_loopback(host):
        hint = "use https, or set validate_certs to false for a test service"
        yield "base_url", f"'{url}' would send the management key unencrypted: {hint}."
