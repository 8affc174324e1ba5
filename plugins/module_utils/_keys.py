# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Secrets in places that are not meant for them: what looks like a management key, and passwords in addresses. Pure."""

from __future__ import annotations

import contextlib
import re
import typing as t
from urllib.parse import parse_qsl, urlsplit

_HIDDEN = "***"

#: A K, then many letters and digits of all kinds. Only looked for where no name belongs that looks like it.
_KEY = re.compile(
    r"(?<![A-Za-z0-9])K(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{15,}[A-Za-z0-9_-]*"
)

#: How names of options end that somebody may have meant to be one for a secret.
_SECRETIVE = re.compile(r"(key|secret|token|password|bearer)$", re.IGNORECASE)

#: Shorter ones would be found by chance.
_SHORTEST = 8

#: What stands between the user's name and the host, even in an address that is malformed.
_PASSWORD = re.compile(r":([^/:@]+)@")


def keys_in(value: t.Any) -> set[str]:
    """Return what looks like a management key in a value of plain types, in the keys of dictionaries too."""
    if isinstance(value, str):
        return set(_KEY.findall(value))
    return {found for part in _parts(value) for found in keys_in(part)}


def without_keys(text: str) -> str:
    """Return a text in which nothing looks like a management key."""
    return _KEY.sub(_HIDDEN, text)


def misnamed_in(value: t.Any) -> set[str]:
    """Return the values in a value of plain types whose names say that they are secret."""
    found: set[str] = set()
    if isinstance(value, dict):
        for name, inner in value.items():
            if _SECRETIVE.search(str(name)):
                found |= {text for text in _texts(inner) if len(text) >= _SHORTEST}
    for part in _parts(value):
        found |= misnamed_in(part)
    return found


def credentials_in(address: t.Any) -> set[str]:
    """Return the passwords in an address: before the host, and in its query."""
    if not isinstance(address, str):
        return set()
    found = set(_PASSWORD.findall(address))
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        found |= {parts.password or ""} | {text for name, text in parse_qsl(parts.query) if _SECRETIVE.search(name)}
    return found - {""}


def _parts(value: t.Any) -> t.Iterator[t.Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value


def _texts(value: t.Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    return {text for part in _parts(value) for text in _texts(part)}
