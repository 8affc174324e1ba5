# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the state of all services in one JSON file."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import OptionError
from .service import Service
from .wire import dump_json

FORMAT = 1
_DELAY = 0.2


def write_atomically(path: Path, data: bytes) -> None:
    """A reader sees the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class StateFile:
    """Saves shortly after a write and at exit. With no path it does nothing."""

    def __init__(self, path: Path | None, services: Sequence[Service]) -> None:
        self.path = path
        self._services = services
        self._timer: asyncio.TimerHandle | None = None
        self._delay = _DELAY
        self._dirty = False

    def load(self) -> None:
        """Take over what an earlier run saved, if anything."""
        if self.path is None:
            return
        if not self.path.absolute().parent.is_dir():
            raise OptionError(f"state file {self.path}: there is no directory {self.path.absolute().parent}")
        if not self.path.exists():
            return
        try:
            data = json.loads(self.path.read_bytes())
            if data["format"] != FORMAT:
                raise OptionError(f"state file {self.path}: format {data['format']!r} is not {FORMAT}")
            saved = dict(data["services"].items())
            for service in self._services:
                if service.name in saved:
                    service.load(saved[service.name])
        except OSError as error:
            raise OptionError(f"cannot read the state file {self.path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, OptionError):
                raise
            reason = f"{type(error).__name__}: {error}"
            raise OptionError(f"state file {self.path} is not a saved state ({reason})") from None

    def touch(self) -> None:
        """Something changed. Saves are gathered: one for a burst of writes, the rarer the larger the state is."""
        if self.path is None:
            return
        self._dirty = True
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self.save)

    def save(self) -> None:
        """Save now if there is anything new."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.path is None or not self._dirty:
            return
        started = time.monotonic()
        services = {service.name: service.dump() for service in self._services}
        try:
            write_atomically(self.path, dump_json({"format": FORMAT, "services": services}) + b"\n")
        except OSError as error:
            # Go on serving; the next write, or the end, tries again.
            print(f"WARNING: cannot save the state to {self.path}: {error.strerror}", file=sys.stderr, flush=True)
            return
        self._dirty = False
        self._delay = max(_DELAY, 5 * (time.monotonic() - started))
