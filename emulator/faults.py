# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: rules that make chosen requests go wrong in a chosen way.

A rule is a JSON object::

    {"name": "flaky create",                                   optional, shown in the request log
     "match": {"method": "POST", "path": "/v1/mgmt/tenant/*", "kind": "write",
               "service": "descope", "query": "*after=*"},   all optional; query is the raw query string
     "nth": 3,                                                 or "every": k, or "from": k; none of them: always
     "times": 2,                                               optional: at most so many hits
     "do": {"kind": "status", "status": 503, "when": "before"}}

Counting starts at 1 and covers the requests that match, so ``{"path": "*"}`` with ``nth`` is the n-th request of
all. Requests refused by the rate limit never get here and are not counted. ``do`` may be just the kind as a string.

Kinds: ``status`` (``status``, and optionally ``body``, ``headers``, ``retry_after``, ``code``, ``when``), ``html``
(``status``, ``when``), ``reset`` (``when``), ``timeout`` (``seconds``, ``when``), ``truncated``, ``non_json``,
``rewrite`` (``replace``: new text by old text). ``when`` says whether the fault strikes before (default) or after the
request is carried out; ``truncated`` and ``non_json`` always strike after. ``rewrite`` lets the service see another
body than the one that was sent, so that what it stores is not what the client meant; the reply tells nothing of it.
A header that is ``null`` in ``headers`` is left out of the reply, ``Date`` for example.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import OptionError

# Each kind with the keys it takes.
KINDS: dict[str, frozenset[str]] = {
    "status": frozenset({"status", "body", "headers", "retry_after", "code", "when"}),
    "html": frozenset({"status", "when"}),
    "reset": frozenset({"when"}),
    "timeout": frozenset({"seconds", "when"}),
    "truncated": frozenset(),
    "non_json": frozenset(),
    "rewrite": frozenset({"replace"}),
}
_RULE_KEYS = frozenset({"name", "match", "nth", "every", "from", "times", "do"})
_MATCH_KEYS = frozenset({"method", "path", "kind", "project", "service", "query"})


@dataclass(frozen=True, slots=True)
class Action:
    """What goes wrong."""

    kind: str
    before: bool = True
    status: int = 200
    body: Any = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    retry_after: int | None = None
    code: str = ""
    seconds: float = 60.0
    replace: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: Any, where: str) -> Action:
        """From the ``do`` of a rule."""
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, dict):
            raise OptionError(f"{where}: 'do' must be an object or the name of a kind")
        keys = dict(value)
        kind = keys.pop("kind", "status" if "status" in keys else None)
        if kind not in KINDS:
            raise OptionError(f"{where}: unknown kind {kind!r}; known: {', '.join(KINDS)}")
        _only(keys, KINDS[kind], f"{where}: kind {kind}")
        if kind == "status" and "status" not in keys:
            raise OptionError(f"{where}: kind status needs 'status'")
        when = keys.get("when", "before")
        if when not in ("before", "after"):
            raise OptionError(f"{where}: 'when' must be before or after, not {when!r}")
        headers = keys.get("headers", {})
        if not isinstance(headers, dict):
            raise OptionError(f"{where}: 'headers' must be an object")
        seconds = keys.get("seconds", 60.0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise OptionError(f"{where}: 'seconds' must be a number, 0 or more")
        replace = keys.get("replace", {})
        if not isinstance(replace, dict) or not all(isinstance(text, str) for text in replace.values()):
            raise OptionError(f"{where}: 'replace' must be an object of texts")
        if kind == "rewrite" and not replace:
            raise OptionError(f"{where}: kind rewrite needs 'replace'")
        status = _count(keys, "status", where, 200) or 200
        if not 200 <= status <= 599:
            raise OptionError(f"{where}: 'status' must be from 200 to 599")
        return cls(
            kind=kind,
            before=when == "before" and kind not in ("truncated", "non_json", "rewrite"),
            status=status,
            body=keys.get("body"),
            headers={str(name): None if text is None else str(text) for name, text in headers.items()},
            retry_after=_count(keys, "retry_after", where, None, least=0),
            code=str(keys.get("code", "")),
            seconds=float(seconds),
            replace=replace,
        )

    def rewritten(self, body: bytes) -> bytes:
        """The body that the service gets."""
        for old, new in self.replace.items():
            body = body.replace(old.encode(), new.encode())
        return body


@dataclass(slots=True)
class Rule:
    """A rule with its counters."""

    name: str
    action: Action
    method: str = "*"
    path: str = "*"
    kind: str = "*"
    project: str = "*"
    service: str = "*"
    query: str = "*"
    nth: int | None = None
    every: int | None = None
    start: int | None = None
    times: int | None = None
    seen: int = 0
    hits: int = 0

    @classmethod
    def parse(cls, value: Any, number: int) -> Rule:
        """From JSON values; ``number`` (from 1) is for the message."""
        where = f"fault rule {number}"
        if not isinstance(value, dict):
            raise OptionError(f"{where}: must be an object")
        _only(value, _RULE_KEYS, where)
        match = value.get("match", {})
        if not isinstance(match, dict):
            raise OptionError(f"{where}: 'match' must be an object")
        _only(match, _MATCH_KEYS, f"{where}: match")
        if match.get("kind", "*") not in ("*", "read", "write"):
            raise OptionError(f"{where}: match: 'kind' must be read, write or *")
        if sum(key in value for key in ("nth", "every", "from")) > 1:
            raise OptionError(f"{where}: only one of nth, every, from")
        if "do" not in value:
            raise OptionError(f"{where}: 'do' is missing")
        action = Action.parse(value["do"], where)
        return cls(
            name=str(value.get("name") or action.kind),
            action=action,
            method=str(match.get("method", "*")).upper(),
            path=str(match.get("path", "*")),
            kind=str(match.get("kind", "*")),
            project=str(match.get("project", "*")),
            service=str(match.get("service", "*")),
            query=str(match.get("query", "*")),
            nth=_count(value, "nth", where, None),
            every=_count(value, "every", where, None),
            start=_count(value, "from", where, None),
            times=_count(value, "times", where, None),
        )

    def matches(self, method: str, path: str, kind: str, project: str, service: str, query: str) -> bool:
        """Whether the rule is about such a request at all."""
        return (
            self.method in ("*", method)
            and self.kind in ("*", kind)
            and self.project in ("*", project)
            and self.service in ("*", service)
            and (self.path == "*" or fnmatchcase(path, self.path))
            and (self.query == "*" or fnmatchcase(query, self.query))
        )

    def due(self) -> bool:
        """Whether the request just counted is one to strike."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.nth is not None:
            return self.seen == self.nth
        if self.every is not None:
            return self.seen % self.every == 0
        return self.seen >= (self.start or 1)


class Faults:
    """The rules in force."""

    def __init__(self, rules: Any = ()) -> None:
        self.rules = self.parse(rules)
        self._given = rules

    @staticmethod
    def parse(rules: Any) -> list[Rule]:
        """From JSON: a list of rules, or an object with it under ``rules``."""
        if isinstance(rules, dict):
            _only(rules, frozenset({"rules"}), "faults")
            rules = rules.get("rules", [])
        if not isinstance(rules, list | tuple):
            raise OptionError("faults must be a list of rules")
        return [Rule.parse(rule, number) for number, rule in enumerate(rules, 1)]

    def set(self, rules: Any) -> None:
        """Other rules, with fresh counters."""
        self.rules = self.parse(rules)

    def reset(self) -> None:
        """The rules given at start, with fresh counters."""
        self.rules = self.parse(self._given)

    def reset_counters(self) -> None:
        """Count from 1 again, same rules."""
        for rule in self.rules:
            rule.seen = rule.hits = 0

    def strike(
        self, method: str, path: str, kind: str, project: str, service: str = "descope", query: str = ""
    ) -> Rule | None:
        """Count a request; the first rule that is due strikes, the others have counted it all the same."""
        hit: Rule | None = None
        for rule in self.rules:
            if rule.matches(method, path, kind, project, service, query):
                rule.seen += 1
                if hit is None and rule.due():
                    rule.hits += 1
                    hit = rule
        return hit


def _only(value: Mapping[str, Any], allowed: frozenset[str], where: str) -> None:
    unknown = sorted(set(value) - allowed)
    if unknown:
        names = ", ".join(sorted(allowed)) or "none"
        raise OptionError(f"{where}: unknown key {unknown[0]!r}; allowed: {names}")


def _count(value: Mapping[str, Any], key: str, where: str, default: int | None, least: int = 1) -> int | None:
    number = value.get(key, default)
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < least):
        raise OptionError(f"{where}: {key!r} must be a whole number, {least} or more")
    return number
