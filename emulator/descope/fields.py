# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads fields of a request the way proto3 JSON does: ``null`` is absent, unknown fields are ignored.

[OAS: operation and type names, int64 as string (I); GO sends null for empty lists and maps (S)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import MalformedRequest

_DIGITS = re.compile(r"-?[0-9]{1,19}")
_INFINITE = float("inf")
Reader = Callable[[str, Any], Any]


def _wrong(name: str, value: Any, wanted: str) -> MalformedRequest:
    return MalformedRequest(f"proto: invalid value for {wanted} field {name}: a {type(value).__name__}")


def text(name: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise _wrong(name, value, "string")
    return value


def flag(name: str, value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise _wrong(name, value, "bool")
    return value


def number(name: str, value: Any, bits: int = 32) -> int:
    """An integer; proto3 JSON also takes it as a string or as 5.0."""
    whole = value
    if (isinstance(value, str) and _DIGITS.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        whole = int(value)
    if isinstance(whole, bool) or not isinstance(whole, int) or not -(1 << bits - 1) <= whole < 1 << bits - 1:
        raise _wrong(name, value, f"int{bits}")
    return whole


def long(name: str, value: Any) -> int:
    """An integer of 64 bits."""
    return number(name, value, 64)


def texts(name: str, value: Any) -> list[str]:
    """A list of strings."""
    if not isinstance(value, list):
        raise _wrong(name, value, "repeated string")
    return [text(name, entry) for entry in value]


def mapping(name: str, value: Any) -> dict[str, Any]:
    """A map or a message; null entries read as absent."""
    if not isinstance(value, dict):
        raise _wrong(name, value, "map")
    return {key: entry for key, entry in value.items() if entry is not None}


def attributes(name: str, value: Any) -> dict[str, Any]:
    """Custom attributes: string, number, boolean, or array of them [OAS (S)]."""
    values = mapping(name, value)
    for key, entry in values.items():
        for item in entry if isinstance(entry, list) else [entry]:
            if not isinstance(item, str | bool | int | float) or item in (_INFINITE, -_INFINITE):
                raise _wrong(f"{name}.{key}", item, "attribute")
    return values


def given(body: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The fields that the body really has."""
    return {name: read(name, body[name]) for name, read in readers.items() if body.get(name) is not None}


def get(body: Mapping[str, Any], name: str, read: Reader, default: Any) -> Any:
    """One field, or the default (the zero value, usually)."""
    value = body.get(name)
    return default if value is None else read(name, value)
