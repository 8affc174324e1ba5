# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Sending a write until it took effect or surely failed."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError


def send_surely(
    send: t.Callable[[], object],
    took_effect: t.Callable[[], bool],
    *,
    tries: int,
    pause: t.Callable[[int], None],
    late: bool = False,
) -> None:
    """Send a write that may be sent twice until it took effect, or it is certain that it did not.

    Args:
        send: sends it once.
        took_effect: reads back whether it is in force. What it raises beyond a L(ServiceError) ends the matter.
        tries: how often anything is tried at the most.
        pause: waits before try number n + 1.
        late: it makes something new, which may be found late (contract 2.12). So not finding it proves nothing, and a
            refusal may be due to an earlier try that took effect.

    Raises:
        ServiceError: it did not take effect; or with C(ambiguous=True) (code C(unknown_outcome)) that is not known.
    """
    doubt: ServiceError | None = None
    attempt = 0
    while True:
        attempt += 1
        try:
            send()
            return
        except ServiceError as error:
            if error.ambiguous:
                doubt = error
                if _read_back(error, took_effect):
                    return
                if attempt < tries:
                    pause(attempt)
                    continue
            if doubt and late:
                if not error.stops_everything and _shows_up(doubt, took_effect, tries, pause):
                    return
                raise unknown(doubt, f"it cannot be found, and the last try failed: {error.message}") from error
            error.ambiguous = False  # it was read back, and did not take effect
            raise


def unknown(error: ServiceError, reason: str) -> ServiceError:
    """Return the error for a write of which nobody can say whether it took effect."""
    return ServiceError(
        "unknown_outcome",
        f"{error.message} Whether it took effect is not known: {reason}",
        "Run again: what took effect is then left alone.",
        ambiguous=True,
    )


def _shows_up(
    doubt: ServiceError, took_effect: t.Callable[[], bool], tries: int, pause: t.Callable[[int], None]
) -> bool:
    for attempt in range(1, tries + 1):
        if _read_back(doubt, took_effect):
            return True
        if attempt < tries:
            pause(attempt)
    return False


def _read_back(error: ServiceError, took_effect: t.Callable[[], bool]) -> bool:
    try:
        return took_effect()
    except ServiceError as second:
        raise unknown(error, f"reading back failed: {second.message}") from error
