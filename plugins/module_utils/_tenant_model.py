# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Tenants as wanted and as found."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields


@dataclasses.dataclass(frozen=True)
class Desired:
    """One entry of the list of tenants.

    Attributes:
        where: the entry for messages, for example C(tenants[2] 'acme' (from group_vars/acme.yml)).
        id: the wanted or existing id, or an empty string: then the tenant is found by its name.
        values: the fields that were given (flat). C(parent) and C(name) are among them.
        present: False when the tenant shall not exist.
    """

    where: str
    id: str
    values: fields.Values
    present: bool = True
    purge_custom_attributes: bool = True
    cascade: bool = False

    @property
    def name(self) -> str:
        """The wanted name, or an empty string where it was not given."""
        return str(self.values.get("name", ""))

    @property
    def key(self) -> str:
        """What the entry goes by: its id, else its name in a form that no id has."""
        return self.id or (f"{self.name} (new id)" if self.name else "")

    @classmethod
    def from_option(cls, option: dict[str, t.Any], index: int | None = None) -> Desired:
        """Build an entry from a module's option; C(index) is its place in the list."""
        given = {key: value for key, value in option.items() if value is not None}
        name = given.get("id") or given.get("name") or ""
        where = f"tenant '{name}'" if index is None else f"tenants[{index}] '{name}'"
        if given.get("source"):
            where += f" (from {given['source']})"
        return cls(
            where=where,
            id=given.get("id", ""),
            values=fields.flatten(given),
            present=given.get("state", "present") == "present",
            purge_custom_attributes=given.get("purge_custom_attributes", True),
            cascade=given.get("cascade", False),
        )

    def uses(self, step: str) -> bool:
        """Return whether any field of a step was given."""
        return self.present and any(fields.FIELDS[name].step == step for name in self.values)


@dataclasses.dataclass(frozen=True)
class Observed:
    """One tenant as the service has it.

    Attributes:
        values: its known fields (flat and cleaned). Those of settings and password settings are there when read.
        raw: the tenant as it came, for writes that must send everything.
        settings: the settings as they came, None when not read.
        password: the password settings as they came, None when not read.
        missing: fields that a list entry did not carry, so that the tenant must be read by id to know them.
    """

    id: str
    values: fields.Values
    raw: dict[str, t.Any]
    settings: dict[str, t.Any] | None = None
    password: dict[str, t.Any] | None = None
    missing: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The tenant's name."""
        return str(self.values["name"])

    @classmethod
    def from_wire(cls, raw: dict[str, t.Any], *, complete: bool) -> Observed:
        """Build a tenant from a reply.

        Args:
            raw: the tenant object.
            complete: True for a tenant read by id. Whether entries of a list carry every field is only inferred
                (contract 2.4), so what one lacks is remembered as missing; a map may always be left out when empty.
        """
        absent = frozenset(
            field.name
            for field in fields.IN_TENANT
            if not complete and field.kind != "attributes" and field.wire[0] not in raw
        )
        return cls(id=str(raw.get("id") or ""), values=fields.from_wire(fields.IN_TENANT, raw), raw=raw, missing=absent)

    def with_settings(self, raw: dict[str, t.Any]) -> Observed:
        """Return this tenant with its settings known."""
        values = {**self.values, **fields.from_wire(fields.of_step(fields.SETTINGS), raw)}
        return dataclasses.replace(self, settings=raw, values=values)

    def with_password(self, raw: dict[str, t.Any]) -> Observed:
        """Return this tenant with its password settings known."""
        values = {**self.values, **fields.from_wire(fields.of_step(fields.PASSWORD), raw)}
        return dataclasses.replace(self, password=raw, values=values)

    def to_backup(self) -> dict[str, t.Any]:
        """Return what is known of the tenant, as it stands in backups."""
        known = {name: value for name, value in self.values.items() if name not in self.missing}
        return {"id": self.id, **fields.nested(known)}

    def as_result(self) -> dict[str, t.Any]:
        """Return the tenant as users see it, in the options' vocabulary."""
        facts = {"id": self.id, "created_time": self.raw.get("createdTime"), "auth_type": self.raw.get("authType")}
        children = self.raw.get("successors")
        return {
            **fields.nested(self.values),
            **{key: value for key, value in facts.items() if value is not None},
            **({"successors": sorted(children)} if children is not None else {}),
        }


@dataclasses.dataclass
class Found:
    """All tenants of a project, with what is looked up in them.

    Where two live tenants share a name or domain, which the service does not allow, the first one counts.
    """

    tenants: dict[str, Observed]

    def __post_init__(self) -> None:
        self.by_name: dict[str, str] = {}
        self.by_domain: dict[tuple[str, str], str] = {}
        self.children: dict[str, set[str]] = {}
        for tenant in self.tenants.values():
            self.by_name.setdefault(tenant.name, tenant.id)
            for field, domain in domains_of(tenant.values):
                self.by_domain.setdefault((field, domain), tenant.id)
            if tenant.values["parent"]:
                self.children.setdefault(tenant.values["parent"], set()).add(tenant.id)
            # The same fact from the other side, for lists whose entries do not carry it.
            for child in tenant.raw.get("successors") or ():
                self.children.setdefault(tenant.id, set()).add(child)

    def match(self, desired: Desired) -> Observed | None:
        """Return the live tenant that an entry means: the one of its id, without an id the one of its name."""
        return self.tenants.get(desired.id or self.by_name.get(desired.name, ""))


def domains_of(values: fields.Values) -> t.Iterator[tuple[str, str]]:
    """Yield (field, lower-case domain) for every domain in a tenant's values."""
    for field in ("self_provisioning_domains", "domains"):
        for domain in values.get(field, ()):
            yield field, domain.lower()
