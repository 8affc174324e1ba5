# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request log (in memory, and as JSON lines on request) and the statistics drawn from it."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from .errors import OptionError
from .wire import dump_json

MASK = "********"
_SENSITIVE = re.compile(r"key$|token|secret|passw|authorization|credential", re.IGNORECASE)
_MEMORY = 200_000


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        if secret and secret in text:
            text = text.replace(secret, MASK)
    return text


def mask_query(query: dict[str, str], secrets: Iterable[str]) -> dict[str, str]:
    """The query without the secrets and without values of telling names."""
    if not query:
        return {}
    secrets = tuple(secrets)
    return {
        mask(name, secrets): MASK if _SENSITIVE.search(name) else mask(value, secrets) for name, value in query.items()
    }


class RequestLog:
    """Entries hold no body and no header, and pass the masks above, so no secret can reach them."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: deque[dict[str, Any]] = deque(maxlen=_MEMORY)
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.totals: Counter[str] = Counter()
        self._next = 0
        self._file: IO[bytes] | None = None
        if path is not None:
            try:
                self._file = path.open("ab", buffering=0)
            except OSError as error:
                raise OptionError(f"cannot write the request log {path}: {error.strerror}") from None

    def add(self, entry: dict[str, Any], started: float) -> None:
        """Take an entry over; it gets its index and the time of arrival."""
        stamp = datetime.fromtimestamp(started, UTC).isoformat(timespec="microseconds")
        entry = {"index": self._next, "time": stamp.replace("+00:00", "Z"), **entry}
        self._next += 1
        self.entries.append(entry)
        self.counts[entry["method"], entry["path"], entry["kind"]] += 1
        self.totals["requests"] += 1
        self.totals[entry["kind"] + "s"] += 1
        for name in ("applied", "fault", "limited"):
            if entry[name]:
                self.totals[name] += 1
        if self._file is not None:
            self._file.write(dump_json(entry) + b"\n")

    def since(self, index: int) -> list[dict[str, Any]]:
        """The entries from an index on."""
        if index <= 0 or not self.entries:
            return list(self.entries)
        skip = max(0, index - self.entries[0]["index"])
        return [entry for position, entry in enumerate(self.entries) if position >= skip]

    def stats(self) -> dict[str, Any]:
        """Counts for the control endpoint."""
        return {
            "requests": self.totals["requests"],
            "reads": self.totals["reads"],
            "writes": self.totals["writes"],
            "writes_applied": self.totals["applied"],
            "faults": self.totals["fault"],
            "rate_limited": self.totals["limited"],
            "by_request": [
                {"method": method, "path": path, "kind": kind, "count": count}
                for (method, path, kind), count in sorted(self.counts.items())
            ],
        }

    def reset_stats(self) -> None:
        """Counts from zero."""
        self.counts.clear()
        self.totals.clear()

    def reset_entries(self) -> None:
        """An empty log in memory with indexes from 0; the file keeps its lines."""
        self.entries.clear()
        self._next = 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
