# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Endpoints of which there are two versions: the newer one, and the older one where the service lacks it."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError

#: Replies that may mean that there is no such path. An object that does not exist may be told in the same way.
NO_SUCH_PATH = frozenset({404, 405, 501})

R = t.TypeVar("R")


class Versions:
    """Calls the v2 endpoints, and those of v1 only where v2 answers that it is not there."""

    def __init__(self) -> None:
        self._newer: bool | None = None

    def call(self, newer: t.Callable[[], R], older: t.Callable[[], R]) -> R:
        """Return what the newer call returns, or the older one if the service does not have the newer."""
        if self._newer is not False:
            try:
                result = newer()
            except ServiceError as error:
                if self._newer or error.status not in NO_SUCH_PATH:
                    raise
                if _about_the_object(error):
                    raise
                # 405 and 501 are surely about the path; with a 404 it may be the object that is not there.
                surely = error.status != 404
                try:
                    result = older()
                except ServiceError as second:
                    raise (error if second.status in NO_SUCH_PATH and not surely else second) from None
                self._newer = False
                return result
            self._newer = True
            return result
        return older()


def _about_the_object(error: ServiceError) -> bool:
    """Return whether a reply is surely not about the path: it has a code of the service's own, and another one than
    that for a malformed request (contract 1.5). Where it is not sure, one more request tells."""
    return error.service_code.startswith("E") and not error.service_code.startswith("E0110")
