# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""From the options of okta_group_info to its result."""

from __future__ import annotations

import concurrent.futures
import re
import typing as t

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
    is_whole,
    sort_out,
)
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._run import GetOption, Service, connected

Row = dict[str, t.Any]

#: How often a group is read whose members do not go with its count.
_READINGS = 2

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
    different = list(dict.fromkeys(asked))
    with concurrent.futures.ThreadPoolExecutor(max_workers=client.connection.concurrency) as pool:
        read = dict(zip(different, pool.map(lambda one: _row(client, params, one), different), strict=True))
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


def _row(client: OktaClient, params: dict[str, t.Any], asked: Asked) -> Row:
    row = _empty(asked)
    try:
        users, warnings = _read(client, params, asked, row)
    except IdentityError as error:
        return {**row, "error": error.message, "error_code": error.code, "hint": error.hint or None}
    membership = sort_out(users, params["include_statuses"])
    return {
        **row,
        "members": [user.row() for user in membership.members],
        "excluded": [user.row() for user in membership.excluded],
        "members_total": len(users),
        "complete": True,
        "warnings": [*warnings, *membership.warnings],
    }


def _read(client: OktaClient, params: dict[str, t.Any], asked: Asked, row: Row) -> tuple[list[User], list[str]]:
    """Return all users of a group, and what somebody should look at; note in the row what is known of the group.

    Raises:
        IdentityError: it could not be read, or by the service's own count not wholly.
    """
    mode = params["verify_count"]
    for _reading in range(_READINGS):
        # The count comes first: whoever joins in between makes the numbers differ, which is noticed.
        group = client.group(asked, counted=mode != "off")
        row.update(id=group.id, name=group.name, type=group.type, users_count=group.users_count)
        users = client.members(group, params["page_size"])
        if mode == "off" or (group.users_count is not None and is_whole(group.users_count, users)):
            return users, []
        if group.users_count is None:
            break  # it would be the same again
    doubt = _doubt(group, len(users))
    if mode == "strict":
        raise doubt
    return users, [doubt.message]


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
        "If its members are changing just now, run again. If it stays so, somebody has to look; verify_count: warn "
        "takes the list as it is.",
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
