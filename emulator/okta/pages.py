# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a list: opaque cursors and Link headers [DOC core-okta-api "Pagination", "Link header"]."""

from __future__ import annotations

import base64
import zlib
from typing import Any
from urllib.parse import quote, urlencode

from ..switches import Switches
from ..wire import Reply, Request, dump_json
from . import errors


def limit_of(request: Request, default: int, most: int) -> int:
    """The size of a page; more than the most is cut down (I)."""
    text = request.query.get("limit", str(default))
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise errors.error(400, about="limit")
    return min(int(text), max(1, most))


def after(request: Request) -> int:
    """The number of the last entry of the page before; 0: this is the first page."""
    cursor = request.query.get("after", "")
    if not cursor:
        return 0
    raw = cursor.split(";c=")[-1]
    try:
        data = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode()
        number, check = data.split(":")
        if zlib.crc32(f"{request.path}{number}".encode()) == int(check):
            return int(number)
    except ValueError:
        pass
    # A cursor is good for the list that it is from, and nobody makes one up.
    raise errors.error(400, about="after")


def _cursor(request: Request, number: int, switches: Switches) -> str:
    data = f"{number}:{zlib.crc32(f'{request.path}{number}'.encode())}"
    raw = base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")
    return f"200u,a,b;c={raw}" if switches["okta_cursor"] == "punctuated" else raw


def reply(request: Request, switches: Switches, page: list[tuple[int, Any]], limit: int, more: bool) -> Reply:
    """A page with its links; ``page`` has the entries with their numbers, ``more`` says that others follow."""
    if len(page) == limit and switches["okta_full_last_page"] == "next":
        more = True
    own = f"{request.scheme}://{request.headers.get('host', '')}"
    given = {name: value for name, value in request.query.items() if name != "after"}
    links = [f'<{own}{quote(request.path)}{_query(request.query)}>; rel="self"']
    if more and page:
        origin = own if switches["okta_link_origin"] == "same" else str(switches["okta_link_origin"])
        # The cursor is first and raw: commas and semicolons are allowed in a query.
        rest = _query({**given, "limit": str(limit)})[1:]
        url = f"{origin}{quote(request.path)}?after={_cursor(request, page[-1][0], switches)}&{rest}"
        links.append(f'<{url}>; rel="next"')
    if switches["okta_link_style"] == "joined":
        links = [", ".join(links)]
    body = dump_json([entry for _number, entry in page])
    return Reply(200, body, repeated=tuple(("link", link) for link in links))


def _query(values: dict[str, str]) -> str:
    return "?" + urlencode(values, quote_via=quote) if values else ""
