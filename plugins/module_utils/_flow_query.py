# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Questions about flows and their templates, as lookups ask them."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _flow_templates as templates
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import FlowService

#: What of the service's short entries is told: that which does not change by itself.
_FIELDS = ("id", "name", "description", "disabled", "widget")


def flow_by_id(client: Client, flow_id: str) -> list[dict[str, t.Any]]:
    """Return the definition of a flow in v2 form as a list of one, or an empty list."""
    definition = FlowService(client).look(flow_id)
    return [] if definition is None else [definition]


def all_flows(client: Client) -> list[dict[str, t.Any]]:
    """Return C(id), C(name), C(description), C(disabled) and C(widget) of all flows, sorted by id. One request."""
    entries = FlowService(client).list_all()
    zero: dict[str, t.Any] = {"disabled": False, "widget": False}
    return [{name: entries[key].get(name) or zero.get(name, "") for name in _FIELDS} for key in sorted(entries)]


def own_templates(paths: t.Sequence[str]) -> list[dict[str, t.Any]]:
    """Return the flow templates in some folders and those of the collection, with their options, sorted by name."""
    return [templates.describe(each) for each in templates.search([*paths, templates.shipped()]).values()]


def service_templates(client: Client) -> list[dict[str, t.Any]]:
    """Return C(id), C(name), C(keywords), C(methods) and C(tags) of the service's own templates, sorted by id."""
    found = FlowService(client).templates()
    lists: dict[str, t.Any] = {"keywords": [], "methods": [], "tags": []}
    shown = [{name: each.get(name) or lists.get(name, "") for name in ("id", "name", *lists)} for each in found]
    return sorted(shown, key=lambda each: str(each["id"]))
