# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Putting one whole object in place of another, and the old one back if that goes wrong.

For objects that are only ever written as a whole, like a flow or a theme. Whatever request fails, the service holds
the old object or the new one afterwards, or the error says that this is not known.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import Change

T = t.TypeVar("T")


class NotReplaced(IdentityError):
    """An object was not replaced.

    Attributes:
        changed: False when it is surely as it was before, None when that is not known, True when it is as it was before
            but for something that was added.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, changed: bool | None, cause: str = "") -> None:
        super().__init__(code, message, hint)
        self.changed = changed
        self.cause = cause

    @property
    def stops_everything(self) -> bool:
        """As for the error that caused it."""
        return IdentityError(self.cause or self.code, "").stops_everything


@dataclasses.dataclass
class Whole(t.Generic[T]):
    """An object that is written as a whole. None stands for no such object.

    Attributes:
        send: puts an object in place, or deletes it.
        look: reads it.
        same: whether two of them are equal in all that counts.
        differs: says in a few words in what the second is not the first.
        tries: how often anything is tried at the most.
        pause: waits before try number n + 1.
        holds: whether the first has all that the second has, and maybe more. For objects to which a write only adds;
            for all others it is the same as C(same).
    """

    send: t.Callable[[T | None], None]
    look: t.Callable[[], T | None]
    same: t.Callable[[T | None, T | None], bool]
    differs: t.Callable[[T | None, T | None], str]
    tries: int
    pause: t.Callable[[int], None]
    holds: t.Callable[[T | None, T | None], bool] | None = None

    def has(self, live: T | None, wanted: T | None) -> bool:
        """Return whether C(wanted) is there."""
        return (self.holds or self.same)(live, wanted)


def replacement(change: Change, thing: Whole[T], old: T | None, new: T | None) -> Outcome:
    """Replace an object (L(replace)) and return what became of the change."""
    try:
        replace(thing, old, new)
    except NotReplaced as error:
        return Outcome(change, change.id, "failed", [], error.changed, error)
    except IdentityError as error:
        return Outcome(change, change.id, "failed", [], None, error)
    except Exception as error:
        # Whatever it is, the account of what was done must not be lost.
        text = f"{type(error).__name__}: {error}. Whether it took effect is not known."
        return Outcome(change, change.id, "failed", [], None, IdentityError("unexpected", text, "Report this."))
    return Outcome.done(change, change.key)


def replace(thing: Whole[T], old: T | None, new: T | None) -> None:
    """Put C(new) in the place of C(old), read it back, and put C(old) back if it is neither of the two.

    Raises:
        NotReplaced: it is not there. C(changed) tells whether the old one is.
    """
    attempt = 0
    while True:
        attempt += 1
        error: ServiceError | None = None
        try:
            thing.send(new)
        except ServiceError as failure:
            error = failure
            if failure.stops_everything:
                raise _as_before(failure) from failure
        except Exception as failure:
            # Whatever it is, what became of it has to be looked at.
            error = ServiceError("unexpected", f"{type(failure).__name__}: {failure}.", "Report this.", ambiguous=True)
        live = _read_back(thing, old, new, error, attempt)
        if thing.has(live, new):
            return
        if not thing.same(live, old):
            _put_back(thing, old, f"What was read back is not what was sent: {thing.differs(new, live)}.", error)
        if error is None:
            raise NotReplaced(
                "not_kept",
                "The service accepted it without an error, and still has what was there before.",
                "Try again; if that does not help, do it in the Descope console once.",
                changed=False,
            )
        if not error.ambiguous or attempt >= thing.tries:
            raise _as_before(error) from error
        thing.pause(attempt)


def _read_back(thing: Whole[T], old: T | None, new: T | None, error: ServiceError | None, attempt: int) -> T | None:
    """Return what is there after a write. One that was accepted may show late (contract 2.12)."""
    look = 0
    while True:
        look += 1
        try:
            live = thing.look()
        except IdentityError as second:
            if look < thing.tries and not second.stops_everything:
                thing.pause(look)
                continue
            if error is not None and not error.ambiguous and attempt == 1:
                raise _as_before(error) from error
            first = f"{error.message} " if error else "It was sent and accepted. "
            raise NotReplaced(
                "unknown_outcome",
                f"{first}Whether it took effect is not known, since reading it back failed: {second.message}",
                "Run the same play again: it reads the state anew and does what is left.",
                changed=None,
                cause=second.code,
            ) from second
        if error is not None or thing.has(live, new) or not thing.same(live, old) or look >= thing.tries:
            return live
        thing.pause(look)


def _put_back(thing: Whole[T], old: T | None, reason: str, error: ServiceError | None) -> t.NoReturn:
    first = f"{error.message} " if error else ""
    failure = ""
    for attempt in range(1, thing.tries + 1):
        if attempt > 1:
            thing.pause(attempt - 1)
        last = attempt == thing.tries
        try:
            thing.send(old)
        except IdentityError as second:
            failure = second.message
        else:
            last = True
        try:
            live = thing.look()
            if thing.same(live, old):
                done = "what had appeared was deleted again" if old is None else "the old one was put back"
                raise NotReplaced("undone", f"{first}{reason} It was undone: {done}.", changed=False)
            if last and thing.has(live, old):
                raise NotReplaced(
                    "undone_in_part",
                    f"{first}{reason} It was undone as far as that goes: all of the old one is there, but so is "
                    f"what was added to it: {thing.differs(live, old)}.",
                    "Remove what was added in the Descope console.",
                    changed=True,
                )
        except ServiceError as second:
            failure = second.message
    raise NotReplaced(
        "undo_failed",
        f"{first}{reason} Putting the old one back failed too{': ' + failure if failure else '.'}",
        "Look at it in the Descope console, and restore it from the backup.",
        changed=None,
    )


def _as_before(error: ServiceError) -> NotReplaced:
    return NotReplaced(
        error.code, f"{error.message} It is as it was before.", error.hint, changed=False, cause=error.code
    )
