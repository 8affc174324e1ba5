# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: descope_info
short_description: Look up tenants and projects of Descope
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Returns tenants or projects as they are now, in the vocabulary of M(pcc.identity.descope_tenants).
  - Use it as C(query(...)), which always gives a list.
options:
  _terms:
    description:
      - What to look up, one or more of V(tenants) and V(projects). The results stand one after the other.
    type: list
    elements: str
    required: true
  id:
    description:
      - Only the tenant of this id, which is read by itself.
    type: str
  name:
    description:
      - Only the tenant of exactly this name.
    type: str
  domain:
    description:
      - Only the tenant with this domain for self-provisioning or SSO, in any letter case.
    type: str
  parent:
    description:
      - Only the direct children of the tenant of this id; an empty text means the top-level tenants.
    type: str
  cache:
    description:
      - Whether the service is asked once for all tasks and hosts of a run that want the same answer.
      - Turn it off to see what the run itself has changed.
    type: bool
    default: true
extends_documentation_fragment:
  - pcc.identity.connection
  - pcc.identity.connection.plugins
notes:
  - The tenants of all lookups by O(name), O(domain) or O(parent) come from one list request.
  - Nothing that fits is an empty list, not an error.
  - Settings and password settings are not part of the answer, since they would cost two requests for each tenant.
seealso:
  - module: pcc.identity.descope_tenants
"""

EXAMPLES = r"""
- name: Show the ids of all tenants
  ansible.builtin.debug:
    msg: "{{ query('pcc.identity.descope_info', 'tenants') | map(attribute='id') }}"

- name: Do something for each child of a tenant
  ansible.builtin.debug:
    msg: "{{ item.name }} uses {{ item.self_provisioning_domains | join(', ') }}"
  loop: "{{ query('pcc.identity.descope_info', 'tenants', parent='acme') }}"
  loop_control:
    label: "{{ item.id }}"

- name: Run only if somebody owns the domain
  ansible.builtin.debug:
    msg: The domain is taken
  when: query('pcc.identity.descope_info', 'tenants', domain='acme.example') | length > 0

- name: Show the projects of the company
  ansible.builtin.debug:
    msg: "{{ query('pcc.identity.descope_info', 'projects') | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - Tenants, in the vocabulary of the options of M(pcc.identity.descope_tenants), or projects as the service has them.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_query as query
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import ARGUMENT_SPEC
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._run import connect
from ansible_collections.pcc.identity.plugins.plugin_utils._run_cache import once_per_run

_FILTERS = ("id", "name", "domain", "parent")


class LookupModule(LookupBase):
    """Tenants and projects of Descope."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return what the terms name."""
        self.set_options(var_options=self._connection_variables(variables or {}), direct=kwargs)
        try:
            client = connect(self.get_option, list(self._problems(terms)))
            try:
                return [item for term in terms for item in self._look_up(term, client)]
            finally:
                client.session.close()
        except IdentityError as error:
            raise AnsibleError(f"pcc.identity.descope_info: {error}") from None
        except ImportError as error:
            raise AnsibleError(
                f"pcc.identity.descope_info needs the Python library '{error.name}' on the controller."
            ) from None

    def _connection_variables(self, variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the variables that options are read from, with their templates resolved: Ansible hands them on raw."""
        names = [f"descope_{option}" for option in ARGUMENT_SPEC if f"descope_{option}" in variables]
        return {name: self._templar.template(variables[name]) for name in names}

    def _problems(self, terms: list[str]) -> t.Iterator[Problem]:
        if not terms:
            yield Problem("", "_terms", "is missing: give tenants or projects.")
        for term in terms:
            if term not in {"tenants", "projects"}:
                yield Problem("", "_terms", f"'{term}' is not known: give tenants or projects.")
        if "tenants" not in terms:
            for name in _FILTERS:
                if self.get_option(name) is not None:
                    yield Problem("", name, "selects tenants: give the term tenants with it.")

    def _look_up(self, term: str, client: Client) -> list[dict[str, t.Any]]:
        if term == "projects":
            return self._ask(client, ["projects"], lambda: query.all_projects(client))
        tenant_id = self.get_option("id")
        if tenant_id is None:
            tenants = self._ask(client, ["tenants"], lambda: query.all_tenants(client))
        else:
            tenants = self._ask(client, ["tenant", tenant_id], lambda: query.tenant_by_id(client, tenant_id))
        conditions = {name: self.get_option(name) for name in ("name", "domain", "parent")}
        return query.select(tenants, **conditions)

    def _ask(self, client: Client, what: list[str], ask: t.Callable[[], t.Any]) -> t.Any:
        if not self.get_option("cache"):
            return ask()
        connection = client.connection
        return once_per_run([connection.base_url, connection.project_id, connection.management_key, *what], ask)
