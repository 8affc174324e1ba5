# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One object in place of another, over a service that fails by a script."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._replace import NotReplaced, Whole, replace, replacement

TRIES = 3
#: What a write may do, beside being done.
SENDS = ("ok", "refused", "rejected", "lost", "applied", "mangled", "mangled-error", "ignored", "late")
LOOKS = ("ok", "fails", "rejected")
MANGLED = "neither of the two"


class Service:
    """Holds one object. Does with each request what the script says, and all that follow as they should be."""

    def __init__(self, state: str | None, sends: Any = (), looks: Any = (), tries: int = TRIES) -> None:
        self.state = self.seen = state
        self.sends, self.looks = iter(sends), iter(looks)
        self.sent: list[str | None] = []
        self.looked = 0
        self.pauses: list[int] = []
        self.late = 0
        self.tries = tries

    def send(self, value: str | None) -> None:
        kind = next(self.sends, "ok")
        self.sent.append(value)
        if kind == "refused":
            raise ServiceError("invalid", "Refused.", "Hint.", status=400)
        if kind == "rejected":
            raise ServiceError("unauthorized", "Rejected.", status=401)
        if kind == "lost":
            raise ServiceError("unavailable", "Lost.", ambiguous=True)
        if kind != "ignored":
            self.late = 1 if kind == "late" else 0
            self.state = MANGLED if kind.startswith("mangled") else value
            if not self.late:
                self.seen = self.state
        if kind in {"applied", "mangled-error"}:
            raise ServiceError("unavailable", "Broke off.", ambiguous=True)

    def look(self) -> str | None:
        self.looked += 1
        kind = next(self.looks, "ok")
        late, self.late = self.late, 0
        if kind == "fails":
            raise ServiceError("unavailable", "Cannot look.")
        if kind == "rejected":
            raise ServiceError("unauthorized", "May not look.")
        if not late:
            self.seen = self.state
        return self.seen

    def whole(self) -> Whole[str]:
        return Whole(
            send=self.send,
            look=self.look,
            same=lambda one, other: one == other,
            differs=lambda one, other: f"{one} is {other}",
            tries=self.tries,
            pause=self.pauses.append,
        )


def run(service: Service, old: str | None = "old", new: str | None = "new") -> NotReplaced | None:
    try:
        replace(service.whole(), old, new)
    except NotReplaced as error:
        return error
    return None


def failed(service: Service, old: str | None = "old", new: str | None = "new") -> NotReplaced:
    error = run(service, old, new)
    assert error is not None
    return error


PAIRS = [("old", "new"), (None, "new"), ("old", None)]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_without_failures(old: str | None, new: str | None) -> None:
    service = Service(old)
    assert run(service, old, new) is None
    assert (service.state, service.sent, service.looked, service.pauses) == (new, [new], 1, [])


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_refused(old: str | None, new: str | None) -> None:
    service = Service(old, ["refused"])
    error = failed(service, old, new)
    assert (error.code, error.changed, error.hint) == ("invalid", False, "Hint.")
    assert error.message == "Refused. It is as it was before."
    assert (service.state, service.sent, service.looked) == (old, [new], 1)


def test_refused_and_then_unreadable_is_as_before() -> None:
    error = failed(Service("old", ["refused"], ["fails"] * TRIES))
    assert (error.code, error.changed) == ("invalid", False)


def test_a_rejected_key_stops_everything() -> None:
    service = Service("old", ["rejected"])
    error = failed(service)
    assert (error.code, error.changed, error.stops_everything) == ("unauthorized", False, True)
    assert service.looked == 0


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_an_answer_that_got_lost_after_the_write(old: str | None, new: str | None) -> None:
    service = Service(old, ["applied"])
    assert run(service, old, new) is None
    assert (service.state, service.sent) == (new, [new])


def test_a_write_that_got_lost_is_tried_again() -> None:
    service = Service("old", ["lost", "lost"])
    assert run(service) is None
    assert (service.sent, service.pauses) == (["new"] * 3, [1, 2])


def test_a_write_that_always_gets_lost() -> None:
    service = Service("old", itertools.repeat("lost"))
    error = failed(service)
    assert (error.code, error.changed) == ("unavailable", False)
    assert (service.sent, service.pauses) == (["new"] * 3, [1, 2])


def test_lost_and_then_refused() -> None:
    service = Service("old", ["lost", "refused"])
    error = failed(service)
    assert (error.code, error.changed, service.sent) == ("invalid", False, ["new", "new"])
    # The first of the two may have come late, and nothing tells whether it has.
    error = failed(Service("old", ["lost", "refused"], ["ok", *["fails"] * TRIES]))
    assert (error.code, error.changed) == ("unknown_outcome", None)


def test_accepted_but_late() -> None:
    service = Service("old", ["late"])
    assert run(service) is None
    assert (service.sent, service.looked, service.pauses) == (["new"], 2, [1])


def test_accepted_and_not_kept() -> None:
    service = Service("old", ["ignored"])
    error = failed(service)
    assert (error.code, error.changed) == ("not_kept", False)
    assert (service.state, service.looked, service.sent) == ("old", TRIES, ["new"])


@pytest.mark.parametrize(("old", "new"), PAIRS)
@pytest.mark.parametrize("kind", ["mangled", "mangled-error"])
def test_mangled_is_undone(kind: str, old: str | None, new: str | None) -> None:
    service = Service(old, [kind])
    error = failed(service, old, new)
    assert (error.code, error.changed, service.state) == ("undone", False, old)
    assert f"{new} is {MANGLED}" in error.message
    assert ("Broke off." in error.message) == (kind != "mangled")
    assert ("deleted again" if old is None else "the old one was put back") in error.message
    assert service.sent == [new, old]


def test_undoing_is_tried_again() -> None:
    service = Service("old", ["mangled", "refused", "mangled", "applied"])
    error = failed(service)
    assert (error.code, service.state, service.sent) == ("undone", "old", ["new", "old", "old", "old"])
    assert service.pauses == [1, 2]
    service = Service("old", ["mangled"], ["ok", "fails"])
    assert (failed(service).code, service.state) == ("undone", "old")


@pytest.mark.parametrize(
    ("sends", "looks", "message"),
    [
        (["mangled", *["refused"] * 3], [], "Putting the old one back failed too: Refused."),
        (["mangled", *["mangled"] * 3], [], "Putting the old one back failed too."),
        (["mangled"], ["ok", *["fails"] * 3], "Putting the old one back failed too: Cannot look."),
    ],
)
def test_undoing_fails(sends: list[str], looks: list[str], message: str) -> None:
    error = failed(Service("old", sends, looks))
    assert (error.code, error.changed) == ("undo_failed", None)
    assert error.message.endswith(message)
    assert "restore it from the backup" in error.hint


@pytest.mark.parametrize("look", ["fails", "rejected"])
@pytest.mark.parametrize("send", ["ok", "lost", "applied", "mangled", "ignored"])
def test_nobody_knows(send: str, look: str) -> None:
    service = Service("old", [send], [look] * TRIES)
    error = failed(service)
    assert (error.code, error.changed) == ("unknown_outcome", None)
    assert service.looked == (TRIES if look == "fails" else 1)
    assert error.stops_everything is (look == "rejected")
    assert "is not known" in error.message
    assert ("It was sent and accepted." in error.message) == (send in {"ok", "mangled", "ignored"})


def test_looking_is_tried_again() -> None:
    service = Service("old", [], ["fails"] * (TRIES - 1))
    assert run(service) is None
    assert (service.sent, service.looked, service.pauses) == (["new"], TRIES, [1, 2])


def test_old_and_new_are_the_same() -> None:
    service = Service("old", ["ignored"])
    assert run(service, "old", "old") is None


def test_one_try_only() -> None:
    for kind, code in [("lost", "unavailable"), ("ignored", "not_kept"), ("mangled", "undone")]:
        service = Service("old", [kind], tries=1)
        assert failed(service).code == code
        assert service.pauses == []


scripts = st.tuples(
    st.sampled_from(PAIRS),
    st.lists(st.sampled_from(SENDS), max_size=7),
    st.lists(st.sampled_from(LOOKS), max_size=9),
    st.integers(1, 4),
)


@given(scripts)
def test_the_old_one_or_the_new_one_or_it_says_that_it_does_not_know(script: Any) -> None:
    (old, new), sends, looks, tries = script
    if tries == 1:
        # What shows late is not waited for then.
        sends = ["ok" if kind == "late" else kind for kind in sends]
    service = Service(old, sends, looks, tries)
    error = run(service, old, new)
    assert set(service.sent) <= {old, new}
    assert len(service.sent) <= 2 * tries
    assert all(1 <= pause < tries for pause in service.pauses)
    if error is None:
        assert service.state == new
    elif error.changed is False:
        assert service.state == old, error.code
        assert error.code in {"invalid", "unauthorized", "unavailable", "undone", "not_kept"}
    else:
        assert error.changed is None
        assert error.code in {"unknown_outcome", "undo_failed"}
        assert error.hint


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_every_failure_at_every_place(pair: tuple[str | None, str | None]) -> None:
    old, new = pair
    seen = set()
    for sends in itertools.product(SENDS, repeat=3):
        for looks in itertools.product(LOOKS[:2], repeat=4):
            service = Service(old, sends, looks, tries=2)
            error = run(service, old, new)
            assert set(service.sent) <= {old, new}
            seen.add(error.code if error else "")
            if error is None:
                assert service.state == new
            elif error.changed is not None:
                assert service.state == old
    assert seen >= {
        "",
        "undone",
        "undo_failed",
        "not_kept",
        "unknown_outcome",
        "invalid",
        "unauthorized",
        "unavailable",
    }


# -- objects to which a write only adds ------------------------------------------------------------------------------


class Adding:
    """Holds a set; a write adds to it."""

    def __init__(self, state: frozenset[str], mangle: bool = False) -> None:
        self.state, self.mangle = state, mangle

    def send(self, value: frozenset[str] | None) -> None:
        self.state |= (value or frozenset()) - ({"b"} if self.mangle else set())

    def whole(self) -> Whole[frozenset[str]]:
        return Whole(
            send=self.send,
            look=lambda: self.state,
            same=lambda one, other: one == other,
            differs=lambda one, other: " ".join(sorted((one or frozenset()) ^ (other or frozenset()))),
            tries=2,
            pause=lambda _attempt: None,
            holds=lambda one, other: (one or frozenset()) >= (other or frozenset()),
        )


def test_more_than_what_was_sent_is_enough() -> None:
    adding = Adding(frozenset("a"))
    replace(adding.whole(), frozenset("a"), frozenset("b"))
    assert adding.state == frozenset("ab")


def test_what_was_added_cannot_be_undone() -> None:
    adding = Adding(frozenset("a"), mangle=True)
    with pytest.raises(NotReplaced) as caught:
        replace(adding.whole(), frozenset("a"), frozenset("bc"))
    assert (caught.value.code, caught.value.changed) == ("undone_in_part", True)
    assert caught.value.message.endswith("added to it: c.")


# -- the outcome of a change -----------------------------------------------------------------------------------------

CHANGE = Change("x", "x", "X", UPDATE, {"a": 1}, {"a": 2})


def test_outcomes() -> None:
    done = replacement(CHANGE, Service("old").whole(), "old", "new")
    assert (done.status, done.changed, done.applied, done.error) == ("updated", True, ["a"], None)
    refused = replacement(CHANGE, Service("old", ["refused"]).whole(), "old", "new")
    assert (refused.status, refused.changed, refused.applied) == ("failed", False, [])
    unknown = replacement(CHANGE, Service("old", [], ["fails"] * TRIES).whole(), "old", "new")
    assert (unknown.status, unknown.changed) == ("failed", None)


def raising(service: Service, raised: Exception, *, after: bool = False, times: int = 99) -> Whole[str]:
    """Sending fails in another way than the service does, before or after the object is in place."""
    whole = service.whole()
    left = iter(range(times))

    def send(value: str | None) -> None:
        fails = next(left, None) is not None
        if after or not fails:
            service.send(value)
        if fails:
            raise raised

    whole.send = send
    return whole


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_after_anything_that_goes_wrong_it_is_looked(old: str | None, new: str | None) -> None:
    for raised in (KeyError("x"), IdentityError("bad", "Something else.")):
        service = Service(old)
        replace(raising(service, raised, after=True), old, new)
        assert (service.state, service.sent, service.looked) == (new, [new], 1)
        service = Service(old)
        replace(raising(service, raised, times=TRIES - 1), old, new)
        assert (service.state, service.sent, service.pauses) == (new, [new], [1, 2])


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (IdentityError("bad", "Something else."), "IdentityError: Something else."),
        (KeyError("x"), "KeyError: 'x'."),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), "UnicodeEncodeError: 'utf-8' codec"),
    ],
)
def test_whatever_else_goes_wrong(raised: Exception, text: str) -> None:
    service = Service("old")
    outcome = replacement(CHANGE, raising(service, raised), "old", "new")
    # It was looked, so it is known.
    assert (outcome.status, outcome.changed, outcome.applied) == ("failed", False, [])
    assert (service.looked, service.pauses) == (TRIES, [1, 2])
    assert isinstance(outcome.error, IdentityError)
    assert (outcome.error.code, outcome.error.hint) == ("unexpected", "Report this.")
    assert outcome.error.message.startswith(text)
    assert outcome.error.message.endswith(" It is as it was before.")


def test_something_else_goes_wrong_and_nobody_can_look() -> None:
    outcome = replacement(CHANGE, raising(Service("old", [], ["fails"] * TRIES), KeyError("x")), "old", "new")
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert isinstance(outcome.error, IdentityError)
    assert outcome.error.code == "unknown_outcome"
    assert outcome.error.message.startswith("KeyError: 'x'. Whether it took effect is not known")


def test_something_else_goes_wrong_and_leaves_neither_of_the_two() -> None:
    service = Service("old", ["mangled"])
    outcome = replacement(CHANGE, raising(service, KeyError("x"), after=True, times=1), "old", "new")
    assert (outcome.changed, service.state, service.sent) == (False, "old", ["new", "old"])
    assert isinstance(outcome.error, IdentityError)
    assert outcome.error.code == "undone"


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (IdentityError("bad", "Something else."), "bad", "Something else."),
        (KeyError("x"), "unexpected", "KeyError: 'x'. Whether it took effect is not known."),
    ],
)
def test_comparing_goes_wrong(raised: Exception, code: str, message: str) -> None:
    whole = Service("old").whole()

    def fail(_one: str | None, _other: str | None) -> bool:
        raise raised

    whole.same = fail
    outcome = replacement(CHANGE, whole, "old", "new")
    assert (outcome.status, outcome.changed) == ("failed", None)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.message) == (code, message)
