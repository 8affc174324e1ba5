# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Roles and permissions as wanted, as found and as backed up: their fields, their keys, and when values are the same.

Both are one L(Kind) each, and share all code. Pure.
"""

from __future__ import annotations

import dataclasses
import typing as t

Values = dict[str, t.Any]

#: Made by the service in every project (contract 5.1).
TENANT_ADMIN = "Tenant Admin"


@dataclasses.dataclass(frozen=True)
class Field:
    """One field beside the name.

    Attributes:
        name: the option's name.
        wire: its name in requests and replies.
        backup: its name in backups.
        empty: its zero value; what is unset is the same (contract, section 8, row 10).
    """

    name: str
    wire: str
    backup: str
    empty: str | bool | tuple[()]

    def clean(self, value: t.Any) -> t.Any:
        """Return a value in the form in which equal ones are equal: names have no order (section 8, row 9)."""
        if isinstance(self.empty, tuple):
            return sorted({str(name) for name in value or ()})
        return type(self.empty)(value or self.empty)


@dataclasses.dataclass(frozen=True)
class Kind:
    """Roles or permissions.

    Attributes:
        noun: one of them; the paths of the service have it as well.
        fields: by the option's name.
        of_tenants: whether tenants have their own, whose keys then begin with the tenant.
    """

    noun: str
    fields: dict[str, Field]
    of_tenants: bool

    @property
    def plural(self) -> str:
        """Name of the option, and of the list in replies."""
        return f"{self.noun}s"

    def clean(self, values: t.Mapping[str, t.Any]) -> Values:
        """Return the fields among some values, cleaned."""
        return {name: self.fields[name].clean(value) for name, value in values.items() if name in self.fields}

    def to_wire(self, values: t.Mapping[str, t.Any]) -> Values:
        """Return the fields among some values under the service's names."""
        return {self.fields[name].wire: value for name, value in values.items() if name in self.fields}

    def differing(self, wanted: t.Mapping[str, t.Any], live: t.Mapping[str, t.Any]) -> list[str]:
        """Return the names of the wanted fields that live values have otherwise, sorted. Both are clean."""
        return sorted(name for name in wanted if name in self.fields and wanted[name] != live[name])

    def key(self, name: str, tenant_id: str = "") -> str:
        """Return what an object goes by: its name, for a tenant's role C(TENANT_ID/NAME).

        A project's role with a slash in its name has one more in front, so that no two keys are the same.
        """
        return f"{tenant_id}/{name}" if tenant_id or (self.of_tenants and "/" in name) else name

    def of_key(self, key: str) -> tuple[str, str]:
        """Return tenant id (or an empty string) and name of a key."""
        if not self.of_tenants or "/" not in key:
            return "", key
        tenant_id, _slash, name = key.partition("/")
        return tenant_id, name


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


_DESCRIPTION = Field("description", "description", "description", "")

PERMISSIONS = Kind("permission", _fields(_DESCRIPTION), of_tenants=False)
ROLES = Kind(
    "role",
    _fields(
        _DESCRIPTION,
        Field("permissions", "permissionNames", "permission_names", ()),
        Field("default", "default", "default", False),
        Field("private", "private", "private", False),
    ),
    of_tenants=True,
)


@dataclasses.dataclass(frozen=True)
class Desired:
    """One entry of the list.

    Attributes:
        where: the entry for messages, for example C(roles[2] 'Editor' (from group_vars/acme.yml)).
        values: the fields that were given, cleaned.
        tenant_id: the tenant whose own role is meant, or an empty string.
        present: False when it shall not exist.
    """

    kind: Kind
    where: str
    name: str
    values: Values
    tenant_id: str = ""
    present: bool = True

    @property
    def key(self) -> str:
        """What the entry goes by."""
        return self.kind.key(self.name, self.tenant_id)

    @classmethod
    def from_option(cls, kind: Kind, option: t.Mapping[str, t.Any], index: int) -> Desired:
        """Build an entry from a module's option; C(index) is its place in the list."""
        given = {key: value for key, value in option.items() if value is not None}
        name, tenant_id = str(given.get("name", "")), str(given.get("tenant_id", ""))
        where = f"{kind.plural}[{index}] '{kind.key(name, tenant_id)}'"
        if given.get("source"):
            where += f" (from {given['source']})"
        present = given.get("state", "present") == "present"
        return cls(kind, where, name, kind.clean(given), tenant_id, present)


@dataclasses.dataclass(frozen=True)
class Observed:
    """One role or permission as the service has it, with all fields (cleaned)."""

    kind: Kind
    id: str
    name: str
    values: Values
    tenant_id: str = ""
    #: The service's own: a permission that cannot be changed, or the role that every project begins with.
    built_in: bool = False

    @property
    def key(self) -> str:
        """What it goes by."""
        return self.kind.key(self.name, self.tenant_id)

    @classmethod
    def from_wire(cls, kind: Kind, raw: t.Mapping[str, t.Any]) -> Observed:
        """Build it from the entry of a list."""
        given = raw.get("name")
        name = given if isinstance(given, str) else ""
        tenant_id = str(raw.get("tenantId") or "") if kind.of_tenants else ""
        built_in = name == TENANT_ADMIN and not tenant_id if kind.of_tenants else bool(raw.get("systemDefault"))
        values = {field.name: field.clean(raw.get(field.wire)) for field in kind.fields.values()}
        return cls(kind, str(raw.get("id") or ""), name, values, tenant_id, built_in)


#: All roles or all permissions of a project, by their keys.
Found = dict[str, Observed]


def found_of(kind: Kind, raw: t.Iterable[t.Mapping[str, t.Any]]) -> Found:
    """Return a list of the service by keys. Were two the same, which it does not allow, the first one would count."""
    found: Found = {}
    for item in raw:
        live = Observed.from_wire(kind, item)
        found.setdefault(live.key, live)
    return found


def to_backup(live: Observed) -> Values:
    """Return a role or permission as it stands in a backup."""
    values = {field.backup: live.values[field.name] for field in live.kind.fields.values()}
    return {"name": live.name, **values, **({"tenant_id": live.tenant_id} if live.tenant_id else {})}


def desired_from_backup(kind: Kind, section: t.Mapping[str, t.Mapping[str, t.Any] | None]) -> list[Desired]:
    """Return the entries that make a project have what a section of a backup holds, sorted by key.

    What is None in the section did not exist then, and is absent in the list. A field that the backup lacks is left
    alone.
    """
    entries = []
    for key, saved in sorted(section.items()):
        tenant_id, name = kind.of_key(key)
        values: Values = {}
        if saved is not None:
            tenant_id = str(saved.get("tenant_id") or "") if kind.of_tenants else ""
            name = str(saved.get("name") or name)
            values = {field.name: saved[field.backup] for field in kind.fields.values() if field.backup in saved}
        where = f"{kind.noun} '{kind.key(name, tenant_id)}' of the backup"
        entries.append(Desired(kind, where, name, kind.clean(values), tenant_id, saved is not None))
    return entries
