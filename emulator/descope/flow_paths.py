# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes single values of a flow, named by dotted paths like ``contents.tasks.1.next.rules.0.taskId``.

Keys may have dots themselves (a task may be called ``1.end``): the longest key that exists wins. A part of a path into
a list is an index, or the id or screenId of an entry. The value null takes the key or the entry away.
"""

from __future__ import annotations

import json
from typing import Any

from ..errors import OptionError


def changed(flow: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A copy of the flow with these values."""
    copy = json.loads(json.dumps(flow))
    for path, value in values.items():
        _set(copy, path, path.split("."), value)
    return copy


def _set(node: Any, path: str, parts: list[str], value: Any) -> None:
    key, rest = _step(node, path, parts)
    if rest:
        return _set(node[key], path, rest, value)
    if value is not None:
        node[key] = value
    elif isinstance(node, list) or key in node:
        del node[key]
    return None


def _step(node: Any, path: str, parts: list[str]) -> tuple[Any, list[str]]:
    """The key or index that comes first, and what is left of the path."""
    if isinstance(node, list):
        for index, entry in enumerate(node):
            own = [entry.get("id"), entry.get("screenId")] if isinstance(entry, dict) else []
            if parts[0] in [*own, str(index)]:
                return index, parts[1:]
    elif isinstance(node, dict):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in node:
                return key, parts[length:]
        if len(parts) == 1:
            return parts[0], []
    raise OptionError(f"{path}: there is no {'.'.join(parts)!r}")
