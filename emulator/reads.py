# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes reads of lists look wrong: forbidden, empty, or short of half of their entries."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from .errors import OptionError

KINDS = ("forbidden", "empty", "short")


class Reads:
    """What is wrong with which lists; nothing at start."""

    def __init__(self) -> None:
        self.what: str | None = None
        self.paths: list[str] = ["*"]

    def set(self, what: Any, paths: Any = None) -> None:
        """Change it: ``what`` is one of ``KINDS`` or None, ``paths`` are patterns (None: all paths)."""
        if what is not None and what not in KINDS:
            raise OptionError(f"'what' must be {', '.join(KINDS)} or null")
        if paths is not None and (not isinstance(paths, list) or not all(isinstance(path, str) for path in paths)):
            raise OptionError("'paths' must be a list of patterns")
        self.what = what
        self.paths = ["*"] if paths is None else list(paths)

    def reset(self) -> None:
        """Let lists be right again."""
        self.set(None)

    def show(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {"what": self.what, "paths": self.paths}

    def forbidden(self, path: str) -> bool:
        """Whether a list must not be read."""
        return self.what == "forbidden" and self._hits(path)

    def spoilt(self, path: str, key: str, reply: Mapping[str, Any]) -> dict[str, Any]:
        """The reply with as many entries as are let through; a total says nothing of the others."""
        value = dict(reply)
        if self.what in ("empty", "short") and isinstance(value.get(key), list) and self._hits(path):
            value[key] = value[key][: 0 if self.what == "empty" else len(value[key]) // 2]
            if "total" in value:
                value["total"] = len(value[key])
        return value

    def entries(self, path: str, values: list[Any]) -> list[Any]:
        """As many entries of a list as are let through, for services whose lists are under no key."""
        if self.what in ("empty", "short") and self._hits(path):
            return values[: 0 if self.what == "empty" else len(values) // 2]
        return values

    def _hits(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.paths)
