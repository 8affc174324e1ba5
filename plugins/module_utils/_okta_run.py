# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From the options of okta_group_info to its result."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import in_parallel
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._okta_client import OktaClient
from ansible_collections.pcc.identity.plugins.module_utils._okta_connection import ARGUMENT_SPEC
from ansible_collections.pcc.identity.plugins.module_utils._okta_model import (
    GROUP_TYPES,
    INCLUDED,
    STATUSES,
    Asked,
    Group,
    User,
    deprovisioned,
    falls_short,
    is_whole,
    leaves_out,
    sort_out,
)
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._run import GetOption, Service, connected

Row = dict[str, t.Any]

#: How often a group is read whose members do not go with its count.
_READINGS = 2

_MISMATCH_HINT = (
    "If its members are changing just now, run again. If it stays so, somebody has to look; verify_count: warn takes "
    "the list as it is."
)

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def _connect(get_option: GetOption, problems: t.Sequence[Problem]) -> OktaClient:
    return connected(lambda: OktaClient.from_options(get_option), problems)


OKTA = Service(
    ARGUMENT_SPEC,
    _connect,
    addresses=("okta_url",),
    secrets=lambda client: client.session.secrets,
    library="PyJWT",
)


def argument_spec() -> dict[str, t.Any]:
    """Return the module's own options."""
    return {
        "groups": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str"},
                "id": {"type": "str"},
                "type": {"type": "str", "choices": list(GROUP_TYPES)},
            },
        },
        "include_statuses": {
            "type": "list",
            "elements": "str",
            "choices": list(STATUSES),
            "default": list(INCLUDED),
        },
        "page_size": {"type": "int", "default": 200},
        "verify_count": {"type": "str", "choices": ["strict", "warn", "off"], "default": "strict"},
    }


def check(params: dict[str, t.Any]) -> list[Problem]:
    """Return what is wrong with the module's own options. Pure."""
    found = []
    for index, entry in enumerate(params["groups"]):
        where = f"groups[{index}] '{entry['name'] or entry['id'] or ''}'"
        if entry["name"] and entry["id"]:
            found.append(Problem(where, "", "has both name and id: give one of them."))
        elif not entry["name"] and not entry["id"]:
            found.append(Problem(where, "", "has neither name nor id: give one of them."))
        elif entry["id"] and not _ID.fullmatch(entry["id"]):
            found.append(Problem(where, "id", "is malformed: an id has letters and digits only. Is it a name?"))
    if not params["include_statuses"]:
        found.append(Problem("", "include_statuses", "is empty, so that no group has members: give some statuses."))
    if not 1 <= params["page_size"] <= 1000:
        found.append(Problem("", "page_size", f"{params['page_size']} is out of range: give 1 to 1000."))
    return found


def read_groups(client: OktaClient, params: dict[str, t.Any], _check_mode: bool) -> dict[str, t.Any]:
    """Return the module's result: a row per group, in the order in which they were asked for.

    A group that cannot be read wholly fails alone; the others are read nevertheless.

    Args:
        client: of the organisation.
        params: the options.
        _check_mode: makes no difference, since nothing is ever changed.
    """
    asked = [Asked(entry["name"] or "", entry["id"] or "", entry["type"] or "") for entry in params["groups"]]
    readings = [_Reading(client, params, one) for one in dict.fromkeys(asked)]
    in_parallel(_Reading.read, readings, client.connection.concurrency)
    # What one group shows of the way of counting holds for all of them, so they are judged together. If they
    # contradict one another, a count may only have been late, so both sides are read once more.
    at_odds = [reading for reading in readings if reading.tells_apart or reading.short]
    if len({reading.tells_apart for reading in at_odds}) > 1:
        in_parallel(_Reading.read, at_odds, client.connection.concurrency)
    if witness := next((reading for reading in readings if reading.tells_apart), None):
        for reading in readings:
            reading.compare(witness)
    read = {reading.asked: reading.row() for reading in readings}
    rows = [_copied(read[one]) for one in asked]
    return {
        "changed": False,
        **_account(rows),
        "groups": rows,
        "rate_limit": client.rate_limit,
        "requests": client.session.requests(),
        # A group that is asked for twice is warned about once.
        "warnings": list(dict.fromkeys(f"Group '{row['asked']}': {text}" for row in rows for text in row["warnings"])),
    }


class _Reading:
    """One group on its way from what was asked for to its row."""

    def __init__(self, client: OktaClient, params: dict[str, t.Any], asked: Asked) -> None:
        self.asked = asked
        self._client = client
        self._params = params
        self._mode = params["verify_count"]
        self._group: Group | None = None
        self._users: list[User] = []
        self._error: IdentityError | None = None
        self._doubt: IdentityError | None = None

    @property
    def _count(self) -> int | None:
        """How many users the service counts, None where there is nothing to compare it with."""
        if self._group is None or self._error or self._doubt or self._mode == "off":
            return None
        return self._group.users_count

    @property
    def tells_apart(self) -> bool:
        """Whether it shows that the service does not count deprovisioned users."""
        return self._count is not None and leaves_out(self._count, self._users)

    @property
    def short(self) -> bool:
        """Whether users are missing if the service does not count deprovisioned ones."""
        return self._count is not None and falls_short(self._count, self._users)

    def read(self) -> None:
        """Read the group, and once more if its users are not as many as the service counts."""
        try:
            for _reading in range(_READINGS):
                count = self._read()
                if self._mode == "off" or (count is not None and is_whole(count, self._users)):
                    return
                if count is None:
                    break  # it would be the same again
        except IdentityError as error:
            self._error = error
            return
        self._doubt = _doubt(t.cast(Group, self._group), len(self._users))

    def compare(self, witness: _Reading) -> None:
        """Doubt a group that is L(short) by what another one shows of the way the service counts."""
        if self.short:
            self._doubt = _shortage(t.cast(Group, self._group), self._users, witness.asked.label)

    def _read(self) -> int | None:
        # The count comes first: whoever joins in between makes the numbers differ, which is noticed.
        self._group = self._client.group(self.asked, counted=self._mode != "off")
        self._users = self._client.members(self._group, self._params["page_size"])
        return self._group.users_count

    def row(self) -> Row:
        """Return what is told about the group."""
        row = _empty(self.asked)
        group, error = self._group, self._error or (self._doubt if self._mode == "strict" else None)
        if group:
            row.update(id=group.id, name=group.name, type=group.type, users_count=group.users_count)
        if error:
            return {**row, "error": error.message, "error_code": error.code, "hint": error.hint or None}
        membership = sort_out(self._users, self._params["include_statuses"])
        return {
            **row,
            "members": [user.row() for user in membership.members],
            "excluded": [user.row() for user in membership.excluded],
            "members_total": len(self._users),
            "complete": True,
            "warnings": [*([self._doubt.message] if self._doubt else []), *membership.warnings],
        }


def _doubt(group: Group, read: int) -> IdentityError:
    if group.users_count is None:
        return IdentityError(
            "count_unknown",
            f"Okta does not tell how many users the group {group.id} has, so nobody knows whether all were read.",
            "A group that was made just now has its count in a moment. If it stays so, verify_count: warn reads the "
            "group nevertheless.",
        )
    return IdentityError(
        "count_mismatch",
        f"Okta counts {group.users_count} users in the group {group.id}, but lists {read}, when read twice as well.",
        _MISMATCH_HINT,
    )


def _shortage(group: Group, users: t.Collection[User], witness: str) -> IdentityError:
    gone = deprovisioned(users)
    return IdentityError(
        "count_mismatch",
        f"Okta counts {group.users_count} users in the group {group.id} and lists {len(users)}, when read twice as "
        f"well, but {gone} of these {'is' if gone == 1 else 'are'} deprovisioned, whom it does not count by what the "
        f"group '{witness}' shows. So {gone} {'is' if gone == 1 else 'are'} missing.",
        _MISMATCH_HINT,
    )


def _empty(asked: Asked) -> Row:
    return {
        "asked": asked.label,
        "id": asked.id or None,
        "name": asked.name or None,
        "type": asked.type or None,
        "members": [],
        "excluded": [],
        "members_total": 0,
        "users_count": None,
        "complete": False,
        "warnings": [],
        "error": None,
        "error_code": None,
        "hint": None,
    }


def _copied(row: Row) -> Row:
    """Return a row for another place in the result."""
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items()}


def _account(rows: t.Sequence[Row]) -> dict[str, t.Any]:
    """Return the summary line, and what a failed run adds to its result."""
    failed = [row for row in rows if row["error"]]
    read = len(rows) - len(failed)
    line = f"{read} group{'' if read == 1 else 's'} read"
    if not failed:
        return {"msg": line}
    by_error: dict[str, list[str]] = {}
    for row in failed:
        # What all meet, like a rejected token, is told once.
        by_error.setdefault(f"{row['error']} {row['hint'] or ''}".strip(), []).append(f"'{row['asked']}'")
    lines = [f"- {some(names)}: {error}" for error, names in by_error.items()]
    return {
        "failed": True,
        "msg": "\n".join([f"{line}, {len(failed)} failed", *lines]),
        "error_code": failed[0]["error_code"],
        "hint": failed[0]["hint"] or "Run again; groups that could not be read are never taken for empty ones.",
    }
