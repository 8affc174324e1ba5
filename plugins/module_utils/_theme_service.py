# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Reading and writing the theme of a project."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _theme as rules
from ansible_collections.pcc.identity.plugins.module_utils._api_versions import NO_SUCH_PATH, Versions
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import Change
from ansible_collections.pcc.identity.plugins.module_utils._replace import Whole, replacement
from ansible_collections.pcc.identity.plugins.module_utils._theme import NotATheme, Theme

EXPORT = "/v2/mgmt/theme/export"
IMPORT = "/v2/mgmt/theme/import"
EXPORT_V1 = "/v1/mgmt/theme/export"
IMPORT_V1 = "/v1/mgmt/theme/import"

#: How many names an error tells.
_NAMED = 5


class ThemeService:
    """The theme of one project, over one client.

    Attributes:
        last: the theme as it was read last.
    """

    def __init__(self, client: Client) -> None:
        self._session = client.session
        self._versions = Versions()
        #: C(id) and C(version) of the last v1 export, which a v1 import has as well.
        self._stamps: dict[str, t.Any] = {}
        self.last: Theme = {"styles": {}}

    def export(self) -> Theme:
        """Return the theme in v2 form. One request.

        Raises:
            ServiceError: it could not be read.
        """
        self.last = self._versions.call(self._export, self._export_v1)
        return self.last

    def write(self, change: Change, live: Theme, new: Theme, *, exact: bool = False) -> Outcome:
        """Put a theme in the place of the live one, and undo that if it goes wrong.

        The service may keep what a theme that is sent does not mention (contract, section 8, row 23).

        Args:
            change: that this is.
            live: the theme as it is.
            new: the theme as it shall be.
            exact: try first what surely takes away what is not mentioned, an import in the old form (contract 3.7).
        """
        send = self._send_exactly if exact else self._send
        thing: Whole[Theme] = Whole(
            send=lambda theme: send(_given(theme)),
            look=self.export,
            same=lambda one, other: rules.same(_given(one)["styles"], _given(other)["styles"]),
            holds=lambda one, other: rules.subset(_given(other)["styles"], _given(one)["styles"]),
            differs=_differs,
            tries=self._session.tries,
            pause=self._session.pause_between_tries,
        )
        return replacement(change, thing, live, new)

    def _export(self) -> Theme:
        return _read(self._session.post(EXPORT, body={}).json(), "styles")

    def _export_v1(self) -> Theme:
        reply = self._session.post(EXPORT_V1, body={}).json()
        theme = _read(reply, "cssTemplate")
        exported = reply.get("theme", reply)
        self._stamps = {name: exported[name] for name in ("id", "version") if name in exported}
        return theme

    def _send_exactly(self, theme: Theme) -> None:
        try:
            self._export_v1()
            self._session.post(IMPORT_V1, body={"theme": rules.to_v1(theme, self._stamps)})
        except ServiceError as error:
            if error.status not in NO_SUCH_PATH:
                raise
            self._send(theme)
            return
        if theme.get("references"):
            # The old form has no place for them.
            self._send(theme)

    def _send(self, theme: Theme) -> None:
        self._versions.call(
            lambda: self._session.post(IMPORT, body={"theme": theme}),
            lambda: self._session.post(IMPORT_V1, body={"theme": rules.to_v1(theme, self._stamps)}),
        )


def _read(reply: t.Any, name: str) -> Theme:
    """Return the theme in a reply. One without any styles may have null there (contract, section 8, row 10); a reply
    that does not mention them is not taken for an empty theme."""
    theme = reply.get("theme", reply) if isinstance(reply, dict) else reply
    try:
        if isinstance(theme, dict) and name in theme and theme[name] is None:
            theme = {**theme, name: {}}
        return rules.from_export(theme)
    except NotATheme as error:
        raise ServiceError("bad_response", f"The export of the theme {error.message}.", "Report this.") from error


def _given(theme: Theme | None) -> Theme:
    """Return the theme: there always is one."""
    return theme or {"styles": {}}


def _differs(sent: Theme | None, live: Theme | None) -> str:
    names = rules.changes(_given(live)["styles"], _given(sent)["styles"])
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if names[_NAMED:] else "")
