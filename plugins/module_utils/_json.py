# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""JSON: reading it from files, and when two values are the same."""

from __future__ import annotations

import gzip
import json
import pathlib
import typing as t
import zlib

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError


def read_json(path: str) -> t.Any:
    """Return what a JSON file holds, which may be compressed with gzip.

    Raises:
        IdentityError: it cannot be read. The message does not name the file.
    """
    try:
        data = pathlib.Path(path).read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        return json.loads(data)
    except (OSError, EOFError, zlib.error) as error:
        raise IdentityError("unreadable", f"cannot be read: {getattr(error, 'strerror', '') or error}.") from error
    except ValueError as error:
        raise IdentityError("unreadable", f"is not JSON: {error}.", "Give an export as it was downloaded.") from error


def same(one: object, other: object) -> bool:
    """Return whether two JSON values are equal; unlike C(==) it tells true from 1, and 5 and 5.0 are the same."""
    return canonical(one) == canonical(other)


def canonical(value: object) -> str:
    """Return one text for all spellings of a JSON value: keys sorted, whole floats as integers."""
    return json.dumps(_numbers(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def without_empty(value: t.Any) -> t.Any:
    """Return a JSON value without the empty values of its objects: null, C(""), C([]) and C({}), at any depth.

    False and 0 stay, and so do the elements of lists, whose places may have a meaning.
    """
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if not is_empty(inner)}
    if isinstance(value, list):
        return [without_empty(inner) for inner in value]
    return value


def is_empty(value: object) -> bool:
    """Return whether a value is null, C(""), C([]) or C({})."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _numbers(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
