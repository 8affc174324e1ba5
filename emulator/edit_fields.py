# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the arguments of edits, with errors for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .errors import OptionError

Edit = dict[str, Any]
T = TypeVar("T")

_WANTED = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


def get(request: Edit, name: str, kind: type[T], default: T) -> T:
    """An argument, or its default; ``null`` is the default as well."""
    value = request.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise OptionError(f"{request.get('op')}: {name!r} must be {_WANTED[kind]}")
    return value


def need(request: Edit, name: str, kind: type[T]) -> T:
    """An argument that must be there."""
    if request.get(name) is None:
        raise OptionError(f"{request.get('op')}: {name!r} must be given, as {_WANTED[kind]}")
    return get(request, name, kind, kind())


def only(request: Edit, allowed: tuple[str, ...]) -> None:
    """Refuse arguments that nobody reads: a test would think that they work."""
    unknown = sorted(set(request) - {"op", *allowed})
    if unknown:
        raise OptionError(f"{request.get('op')}: unknown key {unknown[0]!r}; allowed: {', '.join(allowed)}")


def numbered(request: Edit) -> list[str]:
    """The e-mails that ``count``, ``prefix`` and ``domain`` stand for: user0001@example.com and so on."""
    prefix, domain = get(request, "prefix", str, "user"), get(request, "domain", str, "example.com")
    return [f"{prefix}{number:04d}@{domain}" for number in range(1, get(request, "count", int, 0) + 1)]


def run(operations: Mapping[str, tuple[Callable[[T, Edit], Edit], str]], stored: T, request: Edit) -> Edit:
    """Carry one edit out; each operation stands with the names of its arguments."""
    operation = request.get("op")
    if not isinstance(operation, str) or operation not in operations:
        raise OptionError(f"unknown op {operation!r}; known: {', '.join(operations)}")
    handler, names = operations[operation]
    only(request, tuple(names.split()))
    return handler(stored, request)
