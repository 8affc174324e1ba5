# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Where the next page is: C(Link) headers (RFC 8288). Pure."""

from __future__ import annotations

import re
import typing as t

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SPACE = r"[ \t]*"
_TARGET = re.compile(rf"{_SPACE}<([^<>]*)>")
_PARAMETER = re.compile(rf'{_SPACE};{_SPACE}(?:({_WORD}){_SPACE}(?:={_SPACE}("(?:[^"\\]|\\.)*"|[^\s",;]*))?)?')
_END = re.compile(rf"{_SPACE}(?:,(?:{_SPACE},)*{_SPACE}|$)")
_LEADING = re.compile(rf"(?:{_SPACE},)*{_SPACE}")
_ESCAPED = re.compile(r"\\(.)")


def parse_links(values: t.Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the links of C(Link) headers, each with its parameters by their names in lower case.

    Several headers may have been joined to one with commas on their way. Commas and semicolons in an address, or in
    a quoted parameter, separate nothing.

    Args:
        values: of all C(Link) headers of a reply.

    Raises:
        ValueError: one is malformed. It must not be taken for a reply without a next page.
    """
    found = []
    for value in values:
        leading = _LEADING.match(value)
        position = leading.end() if leading else 0
        while position < len(value):
            target = _TARGET.match(value, position)
            if not target:
                raise ValueError("a link that does not start with an address in angle brackets")
            position = target.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(value, position):
                position = parameter.end()
                name, text = parameter.group(1), parameter.group(2) or ""
                if name:
                    # Of a parameter that stands there twice, the first one counts.
                    parameters.setdefault(name.lower(), _unquoted(text))
            end = _END.match(value, position)
            if not end:
                raise ValueError("a link with something else than parameters after its address")
            position = end.end()
            found.append((target.group(1), parameters))
    return found


def next_link(values: t.Iterable[str]) -> str | None:
    """Return the address of the next page as it was given, None if this page is the last one.

    Raises:
        ValueError: the headers are malformed, or name several next pages, or one without an address.
    """
    targets = {target for target, parameters in parse_links(values) if _is_next(parameters)}
    if len(targets) > 1:
        raise ValueError("several next pages")
    target = next(iter(targets), None)
    if target is not None and not target.strip():
        raise ValueError("a next page without an address")
    return target


def _is_next(parameters: dict[str, str]) -> bool:
    # A link can stand in several relations, separated by spaces.
    return "next" in parameters.get("rel", "").lower().split()


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text
