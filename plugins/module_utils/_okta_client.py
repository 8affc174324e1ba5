# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Reads groups and their members from Okta: every page, or an error."""

from __future__ import annotations

import math
import threading
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._http import Policy, Reply, Session, segment
from ansible_collections.pcc.identity.plugins.module_utils._http_retry import http_date, jittered, retry_after
from ansible_collections.pcc.identity.plugins.module_utils._okta_auth import Credentials, ServiceApp, Token
from ansible_collections.pcc.identity.plugins.module_utils._okta_connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._okta_links import next_link
from ansible_collections.pcc.identity.plugins.module_utils._okta_model import (
    Asked,
    Group,
    User,
    choose,
    group_of,
    not_found,
    user_of,
)

#: Groups in a page of a search, as Okta recommends (contract, section 1.1).
_GROUPS_IN_A_PAGE = 200

#: A list goes on for ever if so many pages in a row bring nothing new.
_PAGES_WITHOUT_NEWS = 20

#: Replies that tell with their own clock when to come back (contract, section 1.4).
_TIMED = frozenset({429, 503, 504})


def pause(reply: Reply | None, attempt: int) -> float:
    """Return the seconds to wait after a try, by Okta's own rule (contract, section 1.4).

    That is C(X-Rate-Limit-Reset - Date + 1), both by Okta's clock, and at least a second. Where one of them is missing
    C(Retry-After) counts, and else a growing time, as after any other failure.

    Args:
        reply: None if none arrived that could be used.
        attempt: number of the try that failed, from 1.
    """
    if reply is None or reply.status not in _TIMED:
        return jittered(attempt)
    reset, now = _number(reply.header("x-rate-limit-reset")), http_date(reply.header("date"))
    if reset is not None and now is not None:
        return max(1.0, reset - now + 1)
    asked = retry_after(reply)
    return max(1.0, jittered(attempt) if asked is None else asked)


POLICY = Policy(pause=pause)


class OktaClient:
    """Reads from one organisation. Thread-safe."""

    def __init__(self, connection: Connection) -> None:
        """Prepare the credentials; nothing is sent yet.

        Raises:
            Problems: the private key cannot be used.
            ImportError: a library that is needed for it is missing.
        """
        self.connection = connection
        credentials = _credentials(connection)
        self.session = Session(
            connection.endpoint,
            authorize=credentials.headers,
            renew=credentials.renew,
            secrets=credentials.secrets(),
            explain=_explain,
            observe=self._note_limits,
            hints=_hints(connection),
            policy=POLICY,
            retries=connection.retries,
            retry_max_wait=connection.retry_max_wait,
        )
        if isinstance(credentials, ServiceApp):
            credentials.session = self.session
        self._lock = threading.Lock()
        self._limits: dict[str, int] | None = None

    @classmethod
    def from_options(cls, get_option: t.Callable[[str], t.Any]) -> OktaClient:
        """Return a client for the connection options.

        Raises:
            Problems: with every option that is missing or malformed.
            ImportError: a library that is needed is missing.
        """
        return cls(Connection.from_options(get_option))

    @property
    def rate_limit(self) -> dict[str, int] | None:
        """C(limit), C(remaining) and C(reset) (seconds since 1970, UTC) of the last reply that told them."""
        with self._lock:
            return self._limits

    def group(self, asked: Asked, *, counted: bool) -> Group:
        """Return a group.

        One request in most cases. The count of its users only comes with lists, so a group that was asked for by its
        id is searched for as well; if the search does not know it (it can lag behind), it is read by its id, then
        without a count.

        Args:
            asked: which one.
            counted: whether to ask for the number of its users, too.

        Raises:
            IdentityError: C(not_found) or C(ambiguous), or a L(ServiceError).
        """
        if asked.name or counted:
            found = list(self._search(asked, counted=counted))
            if asked.name or any(group.id == asked.id for group in found):
                return choose(asked, found)
        reply = self.session.get(f"/api/v1/groups/{segment(asked.id)}", expect=dict, accept=(404,))
        if reply.status == 404:
            raise not_found(asked)
        return choose(asked, [group_of(reply.data)])

    def members(self, group: Group, page_size: int) -> list[User]:
        """Return all members of a group, of any status, each once. One request per page.

        Raises:
            ServiceError: any page could not be read, or it is not certain which one is next.
        """
        found: dict[str, User] = {}
        path = f"/api/v1/groups/{segment(group.id)}/users"
        for page in self._pages(path, {"limit": page_size}, _ids):
            # What stands in two pages was the later one's for longer.
            found.update((user.id, user) for user in map(user_of, page))
        return list(found.values())

    def _search(self, asked: Asked, *, counted: bool) -> t.Iterator[Group]:
        query = {"search": asked.search, "limit": _GROUPS_IN_A_PAGE, "expand": "stats" if counted else None}
        for page in self._pages("/api/v1/groups", query, _ids):
            yield from map(group_of, page)

    def _pages(
        self, path: str, query: dict[str, t.Any], ids: t.Callable[[list[t.Any]], set[str]]
    ) -> t.Iterator[list[t.Any]]:
        """Yield the pages of a list until one has no next.

        The address of the next page is followed as the service gives it (contract, section 1.2).
        """
        reply = self.session.get(path, query, expect=list)
        seen_links: set[str] = set()
        seen_ids: set[str] = set()
        idle = 0
        while True:
            new = ids(reply.data) - seen_ids
            seen_ids |= new
            idle = 0 if new else idle + 1
            yield reply.data
            try:
                following = next_link(reply.all("link"))
            except ValueError as error:
                raise _lost(path, f"its Link header has {error}") from error
            if following is None:
                return
            if following in seen_links:
                raise _lost(path, "it goes round in circles")
            if idle >= _PAGES_WITHOUT_NEWS:
                raise _lost(path, f"{idle} pages in a row bring nothing new")
            seen_links.add(following)
            reply = self.session.follow(following, expect=list)

    def _note_limits(self, reply: Reply) -> None:
        values = {name: _number(reply.header(f"x-rate-limit-{name}")) for name in ("limit", "remaining", "reset")}
        numbers = {name: int(value) for name, value in values.items() if value is not None}
        if len(numbers) == len(values):
            with self._lock:
                self._limits = numbers


def _credentials(connection: Connection) -> Credentials:
    if connection.api_token:
        return Token("SSWS", connection.api_token)
    if connection.access_token:
        return Token("Bearer", connection.access_token)
    return ServiceApp(connection)


def _ids(page: list[t.Any]) -> set[str]:
    return {item["id"] for item in page if isinstance(item, dict) and isinstance(item.get("id"), str)}


def _lost(path: str, why: str) -> ServiceError:
    return ServiceError(
        "bad_response",
        f"GET {path}: it is not certain what the next page is, since {why}.",
        "Nothing that was read of this list is used. Run again; if it happens again, check whether a proxy changes the "
        "replies.",
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _explain(body: t.Any) -> tuple[str, str]:
    """Return the code and the text of an error, of the API or of the authorisation server.

    Only the code is meant for programs; the text may be in any language (contract, section 1.4).
    """
    if not isinstance(body, dict):
        return "", ""
    causes = body.get("errorCauses")
    texts = [body.get("errorSummary"), body.get("error_description")]
    texts += (
        [cause.get("errorSummary") for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []
    )
    code = body.get("errorCode") or body.get("error")
    return (
        code if isinstance(code, str) else "",
        "; ".join(text.strip().rstrip(".") for text in texts if isinstance(text, str) and text.strip()),
    )


def _hints(connection: Connection) -> dict[str, str]:
    """Return the next step by our code, for the kind of credentials that is used."""
    if connection.api_token:
        rejected = (
            "Check api_token (OKTA_API_TOKEN) and that it belongs to this organisation. A token that is not used for "
            "30 days expires, it ends with the user who made it, and it may be bound to network zones."
        )
        whose = "The user who made the API token needs"
    elif connection.access_token:
        rejected = (
            "The access_token is wrong or has expired: an access token of Okta lives for one hour. Get a new one."
        )
        whose = "The access token needs the scope okta.groups.read, and its app"
    else:
        rejected = (
            "Check that the service app is active and in this organisation, and that its public key, client_id and "
            "key_id go together (OKTA_CLIENT_ID, OKTA_PRIVATE_KEY, OKTA_KEY_ID). This machine's clock must be right "
            "within half an hour."
        )
        whose = "The service app needs the scope okta.groups.read to be granted, and"
    return {
        "unauthorized": rejected,
        "forbidden": f"{whose} an admin role that lets it view groups and their members, such as Read-only "
        "Administrator, or a custom role that is limited to these groups.",
        "not_found": "If a group was deleted meanwhile, take it out of the list: it is never taken for an empty one. "
        "If this happens to every group, check okta_url (OKTA_ORG_URL).",
    }
