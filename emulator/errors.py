# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that cross the layers of the emulator."""

from __future__ import annotations


class OptionError(ValueError):
    """An option, a switch, a fault rule or a control request that makes no sense. The text is for the user."""


class ServiceError(Exception):
    """An emulated service refuses a request; the service itself turns it into the reply of its own style."""

    def __init__(self, status: int, code: str, description: str, message: str = "") -> None:
        super().__init__(f"{status} {code} {description} {message}".strip())
        self.status = status
        self.code = code
        self.description = description
        self.message = message


class MalformedRequest(Exception):
    """The request could not be read at all (bad JSON, wrong type of a field), so no service code saw it."""
