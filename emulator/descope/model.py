# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated service stores: a company with projects, projects with tenants."""

from __future__ import annotations

import hashlib
import random
import string
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..switches import Switches
from . import errors
from .default_flows import default_flows

COMPONENTS_VERSION = "3.18.2"  # as in FLOWCI 5fc5849 (T)
BUILTIN_PERMISSIONS = ("Impersonate", "SSO Admin", "User Admin")  # the names are a guess (G)
AUDIT_RECORDS = 10_000  # kept per project, the newest ones
_BASE62 = string.ascii_letters + string.digits
_random = random.SystemRandom()


def new_id(prefix: str) -> str:
    """An id like those in real exports: a prefix and a ksuid-like rest (G for tenants, by analogy)."""
    return prefix + "".join(_random.choices(_BASE62, k=26))


def new_etag() -> str:
    """An etag, another one each time."""
    return "".join(_random.choices(string.hexdigits[:16], k=32))


def key_hash(key: str) -> str:
    """Keys are kept only as hashes, so the state file holds no key."""
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(slots=True)
class Tenant:
    """A tenant. ``settings`` holds what only the settings endpoint shows; what both show is here."""

    id: str
    name: str
    selfProvisioningDomains: list[str] = field(default_factory=list)  # the service's own name
    customAttributes: dict[str, Any] = field(default_factory=dict)
    authType: str = "none"  # a new tenant reads none [CLI README (S)]
    domains: list[str] = field(default_factory=list)
    createdTime: int = field(default_factory=lambda: int(time.time()))
    disabled: bool = False
    enforceSSO: bool = False
    enforceSSOExclusions: list[str] = field(default_factory=list)
    federatedAppIds: list[str] = field(default_factory=list)
    parent: str = ""
    defaultRoles: list[str] = field(default_factory=list)
    roleInheritance: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    passwordSettings: dict[str, Any] | None = None
    adminLinks: list[dict[str, str]] = field(default_factory=list)
    # When it was created through the API, for the delays; edits made through control are visible at once.
    born: float = field(default=float("-inf"), repr=False)

    def dump(self) -> dict[str, Any]:
        """For the state file."""
        value = asdict(self)
        del value["born"]
        return value


@dataclass(slots=True)
class Role:
    """A role of the project, or of one tenant. Never changed in place: a change stores another one."""

    id: str
    name: str
    description: str = ""
    permissionNames: list[str] = field(default_factory=list)
    createdTime: int = field(default_factory=lambda: int(time.time()))
    tenantId: str = ""
    default: bool = False
    private: bool = False
    # As with tenants.
    born: float = field(default=float("-inf"), repr=False)

    def dump(self) -> dict[str, Any]:
        """For the state file, and as the API has it."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "born"}


@dataclass(slots=True)
class Permission:
    """A permission that roles can have; a system default is not to be changed. Like roles, never changed in place."""

    id: str
    name: str
    description: str = ""
    systemDefault: bool = False
    # As with tenants.
    born: float = field(default=float("-inf"), repr=False)

    def dump(self) -> dict[str, Any]:
        """For the state file, and as the API has it."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "born"}


@dataclass(slots=True)
class Flow:
    """A flow. ``flow`` is in the form of v2; ``legacy`` holds what only v1 has a place for."""

    id: str
    flow: dict[str, Any]
    version: int = 1
    etag: str = field(default_factory=new_etag)
    modifiedTime: int = field(default_factory=lambda: int(time.time()))
    builtin: bool = False
    legacy: dict[str, Any] = field(default_factory=dict)
    # As with tenants.
    born: float = field(default=float("-inf"), repr=False)

    def dump(self) -> dict[str, Any]:
        """For the state file; the values are shared, not copied."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "born"}


@dataclass(slots=True)
class Theme:
    """The theme, alias styles. A new project's is empty [TF tests emptystyle (S)]."""

    id: str = field(default_factory=lambda: new_id("TH2"))
    version: int = 1
    styles: dict[str, Any] = field(default_factory=lambda: {"light": {}, "dark": {}})
    references: dict[str, Any] = field(default_factory=dict)


class Project:
    """A project with indexes, so that uniqueness checks and look-ups do not depend on the number of tenants."""

    def __init__(self, project_id: str, key: str, name: str = "", environment: str = "", tags: list[str] | None = None):
        self.id = project_id
        self.key = key
        self.name = name or project_id
        self.environment = environment
        self.tags = tags or []
        self.tenants: dict[str, Tenant] = {}
        self.names: dict[str, str] = {}
        self.provisioning: dict[str, str] = {}
        self.children: dict[str, dict[str, None]] = {}
        self.attributes: dict[str, dict[str, Any]] = {}
        self.permissions: dict[str, Permission] = {
            known: Permission(new_id("PERM2"), known, systemDefault=True) for known in BUILTIN_PERMISSIONS
        }
        self.roles: dict[str, Role] = {}
        self.tenant_roles: dict[str, dict[str, Role]] = {}
        self.password_settings: dict[str, Any] | None = None
        self.components_version = COMPONENTS_VERSION
        self.connectors: dict[str, dict[str, Any]] = {}
        self.flows: dict[str, Flow] = {}
        self.theme = Theme()
        self.lists: dict[str, dict[str, Any]] = {}
        # When a record came up (for its lag) and the record.
        self.audit: deque[tuple[float, dict[str, Any]]] = deque(maxlen=AUDIT_RECORDS)
        for flow in default_flows():
            flow["metadata"]["componentsVersion"] = self.components_version
            self.flows[flow["flowId"]] = Flow(flow["flowId"], flow, builtin=True)
        # There by default [PYe2e test_sso (T)]; what it may do is a guess (G).
        self.add_role("Tenant Admin", permissionNames=list(BUILTIN_PERMISSIONS))

    # -- tenants -----------------------------------------------------------------------------------------------------

    def check_free(
        self,
        switches: Switches,
        *,
        tenant_id: str = "",
        name: str = "",
        domains: list[str] | None = None,
        owner: str = "",
    ) -> None:
        """Refuse what another tenant has. Name and id are unique per project [GO mgmt.go (S)], and so is a
        self-provisioning domain [TF3 80feda9 (T)], without regard to letter case since DNS has none."""
        if tenant_id and tenant_id in self.tenants:
            raise errors.duplicate(f"Tenant with id {tenant_id} already exists", switches)
        if name and self.names.get(name, owner) != owner:
            raise errors.duplicate(f"Tenant with name {name} already exists", switches)
        for domain in domains or ():
            if self.provisioning.get(domain.lower(), owner) != owner:
                raise errors.duplicate(f"Domain {domain} is already used by another tenant", switches)

    def add_tenant(self, tenant: Tenant) -> None:
        """Store a tenant that was checked."""
        self.tenants[tenant.id] = tenant
        self.names[tenant.name] = tenant.id
        for domain in tenant.selfProvisioningDomains:
            self.provisioning[domain.lower()] = tenant.id
        if tenant.parent:
            self.children.setdefault(tenant.parent, {})[tenant.id] = None

    def change_tenant(self, tenant: Tenant, changes: dict[str, Any]) -> None:
        """Set checked fields and keep the indexes true."""
        if "name" in changes:
            del self.names[tenant.name]
            self.names[changes["name"]] = tenant.id
        if "selfProvisioningDomains" in changes:
            for domain in tenant.selfProvisioningDomains:
                self.provisioning.pop(domain.lower(), None)
            for domain in changes["selfProvisioningDomains"]:
                self.provisioning[domain.lower()] = tenant.id
        for name, value in changes.items():
            setattr(tenant, name, value)

    def remove_tenant(self, tenant: Tenant) -> None:
        """Remove a tenant and all below it."""
        for child in list(self.successors(tenant.id)):
            self.remove_tenant(self.tenants[child])
        del self.tenants[tenant.id]
        del self.names[tenant.name]
        self.tenant_roles.pop(tenant.id, None)
        for domain in tenant.selfProvisioningDomains:
            self.provisioning.pop(domain.lower(), None)
        self.children.pop(tenant.id, None)
        if tenant.parent in self.children:
            self.children[tenant.parent].pop(tenant.id, None)

    def successors(self, tenant_id: str) -> list[str]:
        """Ids of the direct children [NET TenantTests (T)]."""
        return list(self.children.get(tenant_id, ()))

    def lineage(self, tenant: Tenant) -> Iterator[Tenant]:
        """The tenant, its parent, and so on up."""
        current: Tenant | None = tenant
        while current is not None:
            yield current
            current = self.tenants.get(current.parent)

    # -- roles and permissions ---------------------------------------------------------------------------------------

    def roles_of(self, tenant_id: str) -> dict[str, Role]:
        """The roles of a tenant by name, or with "" those of the project."""
        return self.tenant_roles.setdefault(tenant_id, {}) if tenant_id else self.roles

    def all_roles(self) -> list[Role]:
        """The roles of the project and of all tenants."""
        return [*self.roles.values(), *(role for roles in self.tenant_roles.values() for role in roles.values())]

    def add_role(self, name: str, **more: Any) -> Role:
        """Define a role, of a tenant if ``tenantId`` is given."""
        role = Role(id=new_id("ROL2"), name=name, **more)
        self.roles_of(role.tenantId)[name] = role
        return role

    def change_role(self, role: Role, **changes: Any) -> Role:
        """Store a changed role in the place of the old one."""
        changed = replace(role, **changes)
        known = self.roles_of(role.tenantId)
        entries = [changed if name == role.name else other for name, other in known.items()]
        known.clear()
        known.update((entry.name, entry) for entry in entries)
        return changed

    def rename_default_role(self, role: Role, new_name: str = "") -> None:
        """Let the default roles of tenants follow a role; without a new name it is taken out (G)."""
        for tenant in self.tenants.values() if not role.tenantId else [self.tenants[role.tenantId]]:
            shadowed = not role.tenantId and role.name in self.tenant_roles.get(tenant.id, ())
            if role.name in tenant.defaultRoles and not shadowed:
                names = [new_name if name == role.name else name for name in tenant.defaultRoles]
                tenant.defaultRoles = [name for name in names if name]

    def add_permission(self, name: str, description: str = "", born: float = float("-inf")) -> Permission:
        """Define a permission."""
        permission = Permission(new_id("PERM2"), name, description, born=born)
        self.permissions[name] = permission
        return permission

    def change_permission(self, permission: Permission, name: str, description: str) -> None:
        """Store a changed permission in the place of the old one; roles follow."""
        changed = replace(permission, name=name, description=description)
        entries = [changed if known == permission.name else other for known, other in self.permissions.items()]
        self.permissions = {entry.name: entry for entry in entries}
        if name != permission.name:
            self._rename_in_roles(permission.name, [name])

    def remove_permission(self, permission: Permission) -> None:
        """Remove a permission, and take it out of all roles."""
        del self.permissions[permission.name]
        self._rename_in_roles(permission.name, [])

    def _rename_in_roles(self, old: str, new: list[str]) -> None:
        for role in self.all_roles():
            if old in role.permissionNames:
                names = [name for known in role.permissionNames for name in (new if known == old else [known])]
                self.change_role(role, permissionNames=names)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def declare_attribute(self, name: str, kind: str, **more: Any) -> None:
        """Define a custom attribute of tenants."""
        self.attributes[name] = {"name": name, "type": kind, **more}

    def set_components_version(self, version: str) -> None:
        """New components: every export shows them, and nothing else changes [TFnew, FLOWCI 5fc5849 (T)]."""
        self.components_version = version
        for flow in self.flows.values():
            flow.flow = flow.flow | {"metadata": flow.flow["metadata"] | {"componentsVersion": version}}

    def summary(self) -> dict[str, Any]:
        """The entry in the list of projects; ``tag`` is a legacy field [OAS, PY (S)]."""
        return {"id": self.id, "name": self.name, "tag": "", "environment": self.environment, "tags": list(self.tags)}

    def dump(self) -> dict[str, Any]:
        """For the state file and the control endpoint (which leaves the hash of the key out)."""
        return {
            "id": self.id,
            "key_sha256": self.key,
            "name": self.name,
            "environment": self.environment,
            "tags": list(self.tags),
            "attributes": self.attributes,
            "roles": [role.dump() for role in self.all_roles()],
            "permissions": [permission.dump() for permission in self.permissions.values()],
            "password_settings": self.password_settings,
            "componentsVersion": self.components_version,
            "connectors": self.connectors,
            "flows": {flow.id: flow.dump() for flow in self.flows.values()},
            "theme": asdict(self.theme),
            "lists": self.lists,
            "audit": [record for _born, record in self.audit],
            "tenants": [tenant.dump() for tenant in self.tenants.values()],
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Project:
        """From ``dump``."""
        project = cls(data["id"], data["key_sha256"], data["name"], data["environment"], list(data["tags"]))
        project.attributes = dict(data["attributes"])
        project._load_roles(data)
        project.password_settings = data["password_settings"]
        project._load_design(data)
        known = {item.name for item in fields(Tenant)}
        for tenant in data["tenants"]:
            project.add_tenant(Tenant(**{name: value for name, value in tenant.items() if name in known}))
        return project

    def _load_roles(self, data: dict[str, Any]) -> None:
        """Roles, permissions and audit records; a state saved before there were permissions has only roles."""
        self.roles = {}
        for role in data["roles"]:
            self.roles_of(role["tenantId"])[role["name"]] = Role(**role)
        if "permissions" in data:
            self.permissions = {entry["name"]: Permission(**entry) for entry in data["permissions"]}
            self.audit.extend((float("-inf"), record) for record in data["audit"])

    def _load_design(self, data: dict[str, Any]) -> None:
        """Flows and what belongs to them; a state saved before there were any has none of it."""
        if "flows" not in data:
            return
        self.components_version = data["componentsVersion"]
        self.connectors = dict(data["connectors"])
        known = {item.name for item in fields(Flow)}
        self.flows = {
            flow_id: Flow(**{name: value for name, value in flow.items() if name in known})
            for flow_id, flow in data["flows"].items()
        }
        self.theme = Theme(**data["theme"])
        self.lists = dict(data["lists"])
