# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Reading and writing flows."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._api_versions import Versions
from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome, in_parallel
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, listed
from ansible_collections.pcc.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._flow_diff import difference
from ansible_collections.pcc.identity.plugins.module_utils._flow_forms import (
    Definition,
    NotAFlow,
    from_export,
    to_v1,
    to_v2,
)
from ansible_collections.pcc.identity.plugins.module_utils._flow_normal import normal
from ansible_collections.pcc.identity.plugins.module_utils._flow_plan import Desired, FlowChange, Found, names_needed
from ansible_collections.pcc.identity.plugins.module_utils._flow_references import Known
from ansible_collections.pcc.identity.plugins.module_utils._json import same
from ansible_collections.pcc.identity.plugins.module_utils._replace import Whole, replacement

LIST = "/v1/mgmt/flow/list"
DELETE = "/v1/mgmt/flow/delete"
EXPORT = "/v2/mgmt/flow/export"
IMPORT = "/v2/mgmt/flow/import"
EXPORT_V1 = "/v1/mgmt/flow/export"
IMPORT_V1 = "/v1/mgmt/flow/import"
TEMPLATES = "/v1/mgmt/flow/template/list"
ROLES = "/v1/mgmt/role/all"
SNAPSHOT = "/v1/mgmt/project/snapshot/export"

#: Replies to the export of a flow that may mean that there is none (contract 10.5).
_NO_SUCH_FLOW = frozenset({400, 404})


class FlowService:
    """The flows of one project, over one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = client.session
        self._versions = Versions()

    # Reading

    def read(self, desired: t.Sequence[Desired], expected_roles: t.Sequence[str] = ()) -> Found:
        """Return what a plan for C(desired) has to know: one request for the list, one for each flow, and more only
        where a flow names connectors or roles that these do not tell the ids of.

        A flow that is not listed is asked for as well: a new one may show late in lists (contract 2.12), and must not
        be overwritten without a backup.

        Args:
            desired: the wanted flows.
            expected_roles: names of roles that count as if they were there. They have no ids yet, so the plan is only
                one to look at.

        Raises:
            ServiceError: anything could not be read.
        """
        all_flows = self.list_all()
        wanted = sorted({entry.id for entry in desired}, key=lambda flow_id: (flow_id not in all_flows, flow_id))
        # Those that are there come first, and tell which version of the API there is.
        exports = in_parallel(
            lambda flow_id: self._export_listed(flow_id, flow_id in all_flows),
            wanted,
            self._client.connection.concurrency,
        )
        flows = {flow_id: flow for flow_id, flow in zip(wanted, exports, strict=True) if flow is not None}
        found = Found(self._client.connection.project_id, all_flows, flows, Known())
        for definition in found.flows.values():
            found.known.add(definition)
        self._look_up_names(desired, found)
        for name in expected_roles:
            found.known.ids["roles"].setdefault(name, f"the id of {name}, when it is made")
        return found

    def list_all(self) -> dict[str, dict[str, t.Any]]:
        """Return the service's short entry of each flow, by id. One request."""
        entries = listed(self._session.post(LIST, body={}).json(), "flows")
        return {str(entry["id"]): entry for entry in entries if entry.get("id")}

    def export(self, flow_id: str) -> Definition:
        """Return a flow. One request.

        Raises:
            ServiceError: it does not exist, among other reasons; see L(look).
        """
        body = {"flowId": flow_id}
        reply = self._versions.call(
            lambda: self._session.post(EXPORT, body=body).json(),
            lambda: self._session.post(EXPORT_V1, body=body).json(),
        )
        try:
            return {**from_export(reply), "flowId": flow_id}
        except NotAFlow as error:
            raise ServiceError(
                "bad_response", f"The export of the flow '{flow_id}' {error.message}.", "Report this."
            ) from error

    def _export_listed(self, flow_id: str, is_listed: bool) -> Definition | None:
        try:
            return self.export(flow_id)
        except ServiceError as error:
            if is_listed or error.status not in _NO_SUCH_FLOW:
                raise
            return None

    def look(self, flow_id: str) -> Definition | None:
        """Return a flow, or None if there is none. How the service tells that is not certain (contract 3.1)."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self.export(flow_id)
            except ServiceError as error:
                if error.status not in _NO_SUCH_FLOW:
                    raise
                if flow_id not in self.list_all():
                    return None
                if attempt >= self._session.tries:
                    raise
                self._session.pause_between_tries(attempt)

    def templates(self) -> list[dict[str, t.Any]]:
        """Return the service's own templates. One request."""
        return listed(self._session.post(TEMPLATES, body={}).json(), "templates")

    # Writing

    def write(self, change: FlowChange) -> Outcome:
        """Deploy or delete one flow, and undo that if it goes wrong."""
        flow_id = change.key
        thing: Whole[Definition] = Whole(
            send=lambda definition: self._send(flow_id, definition),
            look=lambda: self.look(flow_id),
            same=_same,
            differs=_differs,
            tries=self._session.tries,
            pause=self._session.pause_between_tries,
        )
        return replacement(change, thing, change.live, change.definition)

    def _send(self, flow_id: str, definition: Definition | None) -> None:
        if definition is None:
            self._session.post(DELETE, body={"ids": [flow_id]})
            return
        body = {**definition, "flowId": flow_id}
        self._versions.call(
            lambda: self._session.post(IMPORT, body={"flow": to_v2(body)}),
            lambda: self._session.post(IMPORT_V1, body=to_v1(body)),
        )

    # Connectors and roles

    def _look_up_names(self, desired: t.Sequence[Desired], found: Found) -> None:
        """Find the ids of the connectors and roles that the definitions name."""
        if names_needed(desired, found.known)["roles"]:
            roles = listed(self._session.get(ROLES).json(), "roles")
            found.known.ids["roles"] |= {
                str(role["name"]): str(role["id"])
                for role in roles
                if role.get("name") and role.get("id") and not role.get("tenantId")
            }
            found.known.complete.add("roles")
        if names_needed(desired, found.known)["connectors"]:
            self._look_up_connectors(desired, found)

    def _look_up_connectors(self, desired: t.Sequence[Desired], found: Found) -> None:
        """Find connectors, of which the API has no list: in the project's snapshot, or in its other flows.

        Snapshots need a paid plan (contract, section 8, row 27, T).
        """
        try:
            found.known.ids["connectors"] |= self._connectors_in_snapshot()
        except ServiceError as error:
            if error.stops_everything:
                raise
        if names_needed(desired, found.known)["connectors"]:
            others = sorted(set(found.listed) - set(found.flows))
            for definition in in_parallel(self.look, others, self._client.connection.concurrency):
                if definition is not None:
                    found.known.add(definition)

    def _connectors_in_snapshot(self) -> dict[str, str]:
        files = self._session.post(SNAPSHOT, body={"format": "plain"}).json().get("files")
        found = {}
        for path, content in files.items() if isinstance(files, dict) else ():
            match = re.fullmatch(r"connectors/(?P<slug>.+)\.json", path)
            if match and isinstance(content, dict) and isinstance(content.get("name"), str):
                object_id = content.get("id") or match["slug"].rpartition("-")[2]
                if str(object_id).startswith("CI"):
                    found[content["name"]] = str(object_id)
        return found


def _same(one: Definition | None, other: Definition | None) -> bool:
    if one is None or other is None:
        return one is other
    return same(normal(one), normal(other))


def _differs(sent: Definition | None, live: Definition | None) -> str:
    if sent is None or live is None:
        return "it is still there" if sent is None else "it is not there"
    before, after = difference(live, sent)
    names = sorted({*before, *after})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
