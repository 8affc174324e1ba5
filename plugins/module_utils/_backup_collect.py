# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What a backup saves, read from the service.

The lists come first. They tell what there is and how many requests the rest takes, and are all that check mode reads.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import in_parallel
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import without_key, without_secrets
from ansible_collections.pcc.identity.plugins.module_utils._budget import DEFAULT_LIMITS, family_of
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import Connection
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import SNAPSHOT, FlowService
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import to_backup
from ansible_collections.pcc.identity.plugins.module_utils._rbac_service import PermissionService, RoleService
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Observed
from ansible_collections.pcc.identity.plugins.module_utils._tenant_service import TenantService
from ansible_collections.pcc.identity.plugins.module_utils._theme_service import ThemeService

TENANTS, FLOWS, THEME, ROLES_SECTION, PERMISSIONS, SNAPSHOT_SECTION = SECTIONS = (
    "tenants",
    "flows",
    "theme",
    "roles",
    "permissions",
    "snapshot",
)
#: The one that not every plan allows (contract, section 8, row 27).
OPTIONAL = SNAPSHOT_SECTION

_NO_PLAN = "E111703"
#: Path of each request that tenants take, for its family of limits.
_TENANT_PATH = "/v1/mgmt/tenant"

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What to save.

    Attributes:
        sections: of L(SECTIONS).
        optional: those that are left out where the plan does not allow them.
        only: ids to limit a section to. Those that do not exist are noted as such.
    """

    sections: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    only: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)

    @property
    def complete(self) -> list[str]:
        """Sections that hold all there is."""
        return [name for name in self.sections if name not in self.only]


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What saving takes.

    Attributes:
        counts: objects by section.
        requests: all of the run, those for the lists included.
        seconds: how long the limits make it last at the least, if nobody else uses them.
    """

    counts: dict[str, int]
    requests: int
    seconds: int


class Collector:
    """Reads one project, first the lists, then the rest.

    Attributes:
        skipped: sections that the plan does not allow, each with the reason.
        masked: objects (C(SECTION/ID)) in which the management key stood.
        answered: sections that the service lists something of, though it may be nothing to save.
    """

    def __init__(self, client: Client, wanted: Wanted) -> None:
        self._client = client
        self._wanted = wanted
        self._concurrency = client.connection.concurrency
        self._tenant_service = TenantService(client)
        self._flow_service = FlowService(client)
        #: How many requests listed tenants.
        self._tenant_lists = 0
        #: None for those that are known not to exist.
        self._tenants: dict[str, Observed | None] = {}
        self._flows: dict[str, bool] = {}
        #: Sections that a list is all of.
        self._known: dict[str, Json] = {}
        self.skipped: list[dict[str, str]] = []
        self.masked: list[str] = []
        self.answered: set[str] = set()

    def look(self) -> Forecast:
        """Read the lists, and say what reading the rest takes.

        Raises:
            ServiceError: a list could not be read.
        """
        readers = {
            TENANTS: self._list_tenants,
            FLOWS: self._list_flows,
            ROLES_SECTION: self._list_roles,
            PERMISSIONS: self._list_permissions,
        }
        for section, read in readers.items():
            if section in self._wanted.sections:
                read()
        sent = self._client.session.requests()
        total = int(sent["reads"]) + int(sent["writes"]) + int(not sent["reads"])  # with the handshake
        of_tenants = sum(map(_requests_for, self._tenants.values()))
        others = sum(self._flows.values())
        others += sum(name in self._wanted.sections for name in (THEME, SNAPSHOT_SECTION))
        by_family = {
            family_of(_TENANT_PATH): self._tenant_lists + of_tenants,
            family_of(SNAPSHOT): total - self._tenant_lists + others,
        }
        return Forecast(
            self._counts(),
            total + of_tenants + others,
            sum(seconds_for(self._client.connection, *each) for each in by_family.items()),
        )

    def read(self) -> dict[str, Json]:
        """Return what is to be saved, by section.

        Raises:
            ServiceError: anything could not be read. Half a project is no backup.
        """
        readers: dict[str, t.Callable[[], Json | None]] = {
            TENANTS: self._read_tenants,
            FLOWS: self._read_flows,
            THEME: lambda: dict(ThemeService(self._client).export()),
            SNAPSHOT_SECTION: self._read_snapshot,
        }
        found = {}
        for section in self._wanted.sections:
            content = readers[section]() if section in readers else self._known[section]
            if content is not None:
                clean, masked = without_key({section: content}, self._client.connection.management_key)
                found.update(clean)
                self.masked += masked
        return found

    def _counts(self) -> dict[str, int]:
        single = dict.fromkeys((THEME, SNAPSHOT_SECTION), 1)
        many: dict[str, t.Sized] = {TENANTS: self._tenants, FLOWS: self._flows, **self._known}
        return {name: single.get(name) or len(many[name]) for name in self._wanted.sections}

    # Lists

    def _list_tenants(self) -> None:
        only = self._wanted.only.get(TENANTS)
        asked = only is None or bool(only)
        found = self._tenant_service.read_all().tenants if asked else {}
        self._tenants = dict(found) if only is None else {each: found.get(each) for each in only}
        # A new one may show late in lists (contract 2.12).
        unlisted = [tenant_id for tenant_id, tenant in self._tenants.items() if tenant is None]
        self._tenants.update(zip(unlisted, in_parallel(self._load, unlisted, self._concurrency), strict=True))
        self._tenant_lists = int(asked) + len(unlisted)

    def _load(self, tenant_id: str) -> Observed | None:
        try:
            return self._tenant_service.load(tenant_id)
        except ServiceError as error:
            if error.code == "not_found":
                return None
            raise

    def _list_flows(self) -> None:
        only = self._wanted.only.get(FLOWS)
        found = self._flow_service.list_all() if only is None or only else {}
        self._flows = {flow_id: True for flow_id in found if only is None or flow_id in only}
        for flow_id in only or ():
            if flow_id not in found:
                self._flows[flow_id] = self._flow_service.look(flow_id) is not None

    def _list_roles(self) -> None:
        self._known[ROLES_SECTION] = {live.key: to_backup(live) for live in RoleService(self._client).read().values()}

    def _list_permissions(self) -> None:
        found = PermissionService(self._client).read().values()
        self._known[PERMISSIONS] = {live.key: to_backup(live) for live in found if not live.built_in}
        self.answered |= {PERMISSIONS} if found else set()

    # The rest

    def _read_tenants(self) -> Json:
        there = [tenant for tenant in self._tenants.values() if tenant is not None]
        found: dict[str, Json | None] = {}
        lost: dict[str, ServiceError] = {}
        for tenant, content in zip(there, in_parallel(self._tenant, there, self._concurrency), strict=True):
            if isinstance(content, ServiceError):
                lost[tenant.id] = content
            else:
                found[tenant.id] = content
        if lost:
            # Deleted in the meantime? Only a tenant that lists do not show either is one that there is not.
            still_there = self._tenant_service.read_all().tenants
            for tenant_id, error in lost.items():
                if tenant_id in still_there:
                    raise error
        only = self._wanted.only.get(TENANTS)
        return found if only is None else {tenant_id: found.get(tenant_id) for tenant_id in only}

    def _tenant(self, tenant: Observed) -> Json | ServiceError:
        """Return what is saved of a tenant, or the error if it is not found."""
        try:
            return self._tenant_service.whole(tenant).to_backup()
        except ServiceError as error:
            if error.code == "not_found":
                return error
            raise

    def _read_flows(self) -> Json:
        there = [flow_id for flow_id, exists in self._flows.items() if exists]
        # The first one alone tells which version of the API there is.
        first, rest = there[:1], there[1:]
        look = self._flow_service.look
        exports = [*map(look, first), *in_parallel(look, rest, self._concurrency)]
        found = dict(zip(there, exports, strict=True))
        only = self._wanted.only.get(FLOWS)
        if only is None:
            return {flow_id: flow for flow_id, flow in found.items() if flow is not None}
        return {flow_id: found.get(flow_id) for flow_id in only}

    def _read_snapshot(self) -> Json | None:
        try:
            reply = self._client.session.post(SNAPSHOT, body={}).json()
        except ServiceError as error:
            if error.service_code == _NO_PLAN and SNAPSHOT_SECTION in self._wanted.optional:
                self.skipped.append({"section": SNAPSHOT_SECTION, "reason": error.message})
                return None
            if error.service_code == _NO_PLAN:
                error.hint = "The plan of this project has no snapshots: leave snapshot out of sections."
            raise
        files = reply.get("files") if isinstance(reply, dict) else None
        if not isinstance(files, dict):
            raise ServiceError("bad_response", "The snapshot of the project holds no files.", "Report this.")
        clean, blanked = without_secrets(files)
        return {"files": clean, "blanked": blanked}


def seconds_for(connection: Connection, family: str, requests: int) -> int:
    """Return how long a number of requests takes at the least by the limit of their family, if none was sent before."""
    limit = connection.rate_limit or DEFAULT_LIMITS[family]
    allowed = max(1, limit * connection.rate_limit_percent // 100)
    return int(max(requests - 1, 0) // allowed * connection.rate_limit_period)


def _requests_for(tenant: Observed | None) -> int:
    """Return how many requests a tenant takes besides the list: settings, password settings, and itself if need be."""
    if tenant is None:
        return 0
    return 3 if tenant.missing else 2
