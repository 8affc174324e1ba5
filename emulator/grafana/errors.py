# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Grafana's API: a message, for some a messageId, and a form of its own for missing permissions."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError

_DENIED = "access denied"
_MESSAGES = {401: "Unauthorized", 403: "Permission denied", 404: "Not found", 429: "Too many requests"}


def error(status: int, message: str = "", message_id: str = "") -> ServiceError:
    """An error with its message."""
    return ServiceError(status, message_id, message or _MESSAGES.get(status, "Internal server error"))


def bad_request() -> ServiceError:
    """A body that cannot be read [SRC: response.Error(400, "bad request data")]."""
    return error(400, "bad request data")


def denied(permission: str) -> ServiceError:
    """A permission is missing [SRC accesscontrol/middleware.go]."""
    return ServiceError(403, _DENIED, f"Permissions needed: {permission}")


def body(problem: ServiceError) -> dict[str, Any]:
    """The JSON body of an error."""
    if problem.code == _DENIED:
        return {
            "title": "Access denied",
            "message": f"You'll need additional permissions to perform this action. {problem.description}",
            "accessErrorId": "ACE0123456789",
        }
    if problem.code:
        return {
            "extra": None,
            "message": problem.description,
            "messageId": problem.code,
            "statusCode": problem.status,
            "traceID": "",
        }
    return {"message": problem.description}
