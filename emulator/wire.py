# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and replies as the services see them, free of ASGI details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from .errors import MalformedRequest

JSON_TYPE = "application/json"
HTML_TYPE = "text/html; charset=utf-8"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_decode = json.JSONDecoder(parse_constant=_no_constant).decode


def dump_json(value: Any) -> bytes:
    """Compact JSON. The encoder is built once: a dumps() call with options builds one each time."""
    return _encode(value).encode("utf-8")


@dataclass(slots=True)
class Request:
    """One HTTP request with its body read."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    client: str
    params: dict[str, str] = field(default_factory=dict)
    scheme: str = "http"
    raw_query: str = ""

    @classmethod
    def from_scope(cls, scope: Mapping[str, Any], body: bytes) -> Request:
        """Build from an ASGI scope. Of a repeated query parameter or header the last one counts."""
        raw_query = scope["query_string"]
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True)) if raw_query else {},
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            client=(scope.get("client") or ("",))[0],
            scheme=scope.get("scheme", "http"),
            raw_query=raw_query.decode("latin-1"),
        )

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        if not self.body.strip():
            return {}
        try:
            value = _decode(self.body.decode("utf-8"))
            if b"\\u" in self.body:
                # Half of a surrogate pair is a string in Python and nowhere else.
                _encode(value).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise MalformedRequest(f"invalid JSON: {error}") from None
        if not isinstance(value, dict):
            raise MalformedRequest(f"a JSON object is expected, not {type(value).__name__}")
        return value


@dataclass(slots=True)
class Reply:
    """One HTTP reply."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)
    # Headers that may stand in a reply several times.
    repeated: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        """A reply with a JSON body."""
        return cls(status, dump_json(value), JSON_TYPE, headers or {})

    @classmethod
    def html(cls, title: str, status: int) -> Reply:
        """A page as a proxy or a CDN sends it."""
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        return cls(status, page.encode(), HTML_TYPE)

    def set_header(self, name: str, value: str | None) -> None:
        """Set a header, whatever its letter case was; None takes it away."""
        if name.lower() == "content-type":
            self.content_type = value or self.content_type
            return
        self.headers = {other: text for other, text in self.headers.items() if other.lower() != name.lower()}
        self.repeated = tuple(pair for pair in self.repeated if pair[0].lower() != name.lower())
        if value is not None:
            self.headers[name] = value

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers in the form ASGI wants."""
        pairs = [
            (b"content-type", self.content_type.encode("latin-1")),
            (b"content-length", str(len(self.body)).encode()),
        ]
        given = (*self.headers.items(), *self.repeated)
        pairs += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given]
        return pairs
