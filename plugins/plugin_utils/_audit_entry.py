# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What the audit log takes over from a result. Pure.

Names of objects and fields, counts and states; never a value of a field, and no message, since those quote values.
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._keys import without_keys

COLLECTION = "pcc.identity."

#: What stands in the place of every value.
REDACTED = "redacted"

#: What a known secret is replaced by, wherever it shows up.
_HIDDEN = "********"

#: Names of variables and options with secrets end like this.
_SECRET_ENDINGS = (
    "management_key",
    "api_key",
    "access_key",
    "private_key",
    "secret_key",
    "secret",
    "token",
    "password",
)

#: Shorter ones would be found by chance.
_SHORTEST_SECRET = 8

#: What may change in a team, as it stands in results: lists of members.
_MEMBERSHIP = ("added", "removed")

Result = t.Mapping[str, t.Any]


def is_ours(action: object) -> bool:
    """Whether a task's action is a module of this collection, or may be one: its name is not resolved yet."""
    name = str(action)
    return name.startswith(COLLECTION) or "{{" in name


def outcome(module: str, result: Result, status: str) -> dict[str, t.Any]:
    """Return what is told about a result.

    Args:
        module: full name of the module.
        result: as callbacks get it.
        status: C(ok), C(failed), C(skipped), C(unreachable) or C(retry).
    """
    changed = bool(result.get("changed"))
    told: dict[str, t.Any] = {
        "status": "changed" if changed and status == "ok" else status,
        "changed": changed,
        "resources": resources(module, result, failed=status in {"failed", "retry"}),
    }
    if "censored" in result:
        told["censored"] = True
    summary = _numbers(result.get("summary"))
    if summary:
        told["summary"] = summary
    requests = _numbers(result.get("requests"))
    if requests:
        told["requests"] = requests
    for name in ("backup_file", "error_code"):
        if isinstance(result.get(name), str):
            told[name] = str(result[name])
    if isinstance(result.get("attempts"), int):
        told["attempts"] = int(result["attempts"])
    return told


def resources(module: str, result: Result, *, failed: bool) -> list[dict[str, t.Any]]:
    """Return the objects that changed, failed or were skipped, with the names of their fields.

    Modules for several objects return a list of them with C(status) and C(changes) each, or with the lists of
    L(_MEMBERSHIP) instead; modules for one return it under its kind, which is the end of the module's name, next to
    C(changes).
    """
    found = [
        _resource(str(key).removesuffix("s"), row, str(row["status"]), _changes(row))
        for key, value in result.items()
        for row in (value if isinstance(value, list) else ())
        if isinstance(row, dict) and _changes(row) is not None and row.get("status", "unchanged") != "unchanged"
    ]
    kind = module.rpartition(".")[2].partition("_")[2]
    changes = result.get("changes")
    if not found and isinstance(changes, list) and (result.get("changed") or failed):
        one = result.get(kind)
        named = one if isinstance(one, dict) else _arguments(result)
        found.append(_resource(kind, named, "failed" if failed else "changed", changes))
    return found


def _changes(row: Result) -> object:
    """Return the names of what changed in an object of a list, None if it does not tell. Nobody is named."""
    if "changes" in row or not all(isinstance(row.get(name), list) for name in _MEMBERSHIP):
        return row.get("changes")
    return [name for name in _MEMBERSHIP if row[name]]


def _resource(kind: str, named: Result, status: str, changes: object) -> dict[str, t.Any]:
    fields = changes if isinstance(changes, list) else []
    return {
        "type": kind,
        "id": _text(named.get("uid") or named.get("id")),
        "name": _text(named.get("name")),
        "status": status,
        "changes": {str(field): REDACTED for field in fields},
    }


def project_of(result: Result) -> str | None:
    """Return the project that a module was told to use, if that is known."""
    project = _text(_arguments(result).get("project_id"))
    return None if project is None else without_keys(project)


def _arguments(result: Result) -> Result:
    invocation = result.get("invocation")
    arguments = invocation.get("module_args") if isinstance(invocation, dict) else None
    return arguments if isinstance(arguments, dict) else {}


def secrets_in(values: t.Mapping[str, t.Any]) -> set[str]:
    """Return the secrets among variables or options, by their names."""
    return {
        str(value)
        for name, value in values.items()
        if str(name).lower().endswith(_SECRET_ENDINGS) and isinstance(value, str) and len(value) >= _SHORTEST_SECRET
    }


def without(value: t.Any, secrets: t.Collection[str], *, keys: bool = False) -> t.Any:
    """Return a value of plain types in which no text holds a secret.

    Args:
        keys: whether the keys of this dictionary are texts, too, and not names that the log itself gives.
    """
    if isinstance(value, dict):
        return {
            without(str(key), secrets) if keys else str(key): without(inner, secrets, keys=key == "changes")
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without(inner, secrets) for inner in value]
    if isinstance(value, str):
        text = str(value)
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return text
    return value


def _numbers(value: object) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        return {}
    return {str(name): number for name, number in value.items() if isinstance(number, (int, float))}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
