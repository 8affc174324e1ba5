# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search expressions for groups: ``profile.name eq "SRE" and type eq "OKTA_GROUP"``.

Attribute names are case-sensitive, operators and values are not; values are JSON strings [DOC core-okta-api, OAS].
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from . import errors
from .model import Group

Test = Callable[[Group], bool]

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_.]+))')
_FIELDS: dict[str, Callable[[Group], str]] = {
    "id": lambda group: group.id,
    "type": lambda group: group.type,
    "profile.name": lambda group: group.name,
    "profile.description": lambda group: group.description,
    "created": lambda group: group.created,
    "lastUpdated": lambda group: group.created,
    "lastMembershipUpdated": lambda group: group.created,
}
_CONTAINS = ("profile.name", "profile.description")
_FILTER = ("id", "type", "lastUpdated", "lastMembershipUpdated")


def parse(text: str, only_filter: bool = False) -> Test:
    """The test that an expression of ``search``, or of the narrower ``filter``, stands for.

    Raises the error for invalid criteria. ``and`` binds more than ``or``; there are no brackets.
    """
    fields: Mapping[str, Callable[[Group], str]] = {name: _FIELDS[name] for name in _FILTER} if only_filter else _FIELDS
    tokens = _tokens(text)
    choices: list[list[Test]] = [[]]
    while True:
        choices[-1].append(_clause(tokens[:3], fields))
        tokens = tokens[3:]
        if not tokens:
            break
        joint = tokens.pop(0).lower()
        if joint == "or":
            choices.append([])
        elif joint != "and":
            raise errors.error(400, errors.BAD_SEARCH)
    return lambda group: any(all(test(group) for test in tests) for tests in choices)


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise errors.error(400, errors.BAD_SEARCH)
        tokens.append(match["text"] or match["word"])
        position = match.end()
    return tokens


def _clause(tokens: list[str], fields: Mapping[str, Callable[[Group], str]]) -> Test:
    if len(tokens) != 3 or tokens[0] not in fields or not tokens[2].startswith('"'):
        raise errors.error(400, errors.BAD_SEARCH)
    name, operator = tokens[0], tokens[1].lower()
    try:
        value = json.loads(tokens[2]).casefold()
    except ValueError:
        raise errors.error(400, errors.BAD_SEARCH) from None
    read = fields[name]
    if operator == "eq":
        return lambda group: read(group).casefold() == value
    if operator == "sw":
        return lambda group: read(group).casefold().startswith(value)
    if operator == "co" and name in _CONTAINS:
        return lambda group: value in read(group).casefold()
    raise errors.error(400, errors.BAD_SEARCH)
