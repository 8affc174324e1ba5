# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: descope_info
short_description: Look up tenants, flows, the theme, templates and projects of Descope
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Returns what a project has now. Tenants come in the vocabulary of M(pcc.identity.descope_tenants).
  - Use it as C(query(...)), which always gives a list.
options:
  _terms:
    description:
      - What to look up. With several terms the results stand one after the other.
      - V(tenants) and V(projects) are those of the project and of the company.
      - V(flows) are the flows of the project with C(id), C(name), C(description), C(disabled) and C(widget). With O(id)
        it is the whole definition of one flow, as M(pcc.identity.descope_flow) takes it.
      - V(theme) is the whole theme, as M(pcc.identity.descope_theme) takes it.
      - V(templates) are the flow templates that M(pcc.identity.descope_flow) can deploy, with their options. The
        service is not asked.
      - V(service_templates) are the templates that the service itself offers in its console.
    type: list
    elements: str
    required: true
  id:
    description:
      - Only the tenant or the flow of this id, which is read by itself.
    type: str
  name:
    description:
      - Only what has exactly this name. Of tenants, flows and templates.
    type: str
  domain:
    description:
      - Only the tenant with this domain for self-provisioning or SSO, in any letter case.
    type: str
  parent:
    description:
      - Only the direct children of the tenant of this id; an empty text means the top-level tenants.
    type: str
  template_paths:
    description:
      - Folders of flow templates, before C(flow_templates) next to the inventory, that next to the playbook, and those
        of the collection. For the term V(templates).
    type: list
    elements: path
    default: []
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
  - module: pcc.identity.descope_flows
  - module: pcc.identity.descope_theme
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

- name: Save a flow as it is now
  ansible.builtin.copy:
    content: "{{ query('pcc.identity.descope_info', 'flows', id='sign-in') | first | to_nice_json }}"
    dest: flows/sign-in.json
    mode: "0644"

- name: Show which flows are out of service
  ansible.builtin.debug:
    msg: "{{ query('pcc.identity.descope_info', 'flows') | selectattr('disabled') | map(attribute='id') }}"

- name: Show the options of a flow template
  ansible.builtin.debug:
    msg: "{{ (query('pcc.identity.descope_info', 'templates', name='mfa-login') | first).options }}"

- name: Show the projects of the company
  ansible.builtin.debug:
    msg: "{{ query('pcc.identity.descope_info', 'projects') | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - Tenants in the vocabulary of the options of M(pcc.identity.descope_tenants), projects, flows, the theme, or
      templates.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.pcc.identity.plugins.module_utils import _flow_query as flow_query
from ansible_collections.pcc.identity.plugins.module_utils import _tenant_query as query
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import masked
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._connection import ARGUMENT_SPEC
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problem
from ansible_collections.pcc.identity.plugins.module_utils._keys import without_keys
from ansible_collections.pcc.identity.plugins.module_utils._run import connect
from ansible_collections.pcc.identity.plugins.module_utils._theme_service import ThemeService
from ansible_collections.pcc.identity.plugins.plugin_utils._folders import template_folders
from ansible_collections.pcc.identity.plugins.plugin_utils._run_cache import once_per_run

#: The filters that each term can be narrowed by.
_FILTERS: dict[str, tuple[str, ...]] = {
    "tenants": ("id", "name", "domain", "parent"),
    "projects": (),
    "flows": ("id", "name"),
    "theme": (),
    "templates": ("name",),
    "service_templates": (),
}


class LookupModule(LookupBase):
    """Tenants, flows, the theme, templates and projects of Descope."""

    def run(self, terms: list[str], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """Return what the terms name."""
        given = variables or {}
        try:
            self.set_options(var_options=self._connection_variables(given), direct=kwargs)
        except AnsibleError as error:
            # Ansible repeats the value of an option that is of a wrong type.
            raise AnsibleError(f"pcc.identity.descope_info: {without_keys(str(error))}") from None
        folders = [*map(str, self.get_option("template_paths")), *template_folders(given)]
        try:
            problems = list(self._problems(terms))
            if not problems and set(terms) == {"templates"}:
                return self._templates(folders)
            client = connect(self.get_option, problems)
            try:
                found = [item for term in terms for item in self._look_up(term, client, folders)]
                # Of a lookup Ansible hides nothing, wherever the result is printed or written to.
                return masked(found, client.connection.management_key)
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
        known = ", ".join(_FILTERS)
        if not terms:
            yield Problem("", "_terms", f"is missing: give one of {known}.")
        for term in terms:
            if term not in _FILTERS:
                yield Problem("", "_terms", f"'{term}' is not known: give one of {known}.")
        for name in ("id", "name", "domain", "parent"):
            fitting = [term for term, filters in _FILTERS.items() if name in filters]
            if self.get_option(name) is not None and not set(terms) & set(fitting):
                yield Problem("", name, f"selects {', '.join(fitting)}: give that term with it.")

    def _look_up(self, term: str, client: Client, folders: list[str]) -> list[dict[str, t.Any]]:
        if term == "tenants":
            return self._tenants(client)
        if term == "projects":
            return self._ask(client, ["projects"], lambda: query.all_projects(client))
        if term == "flows":
            return self._flows(client)
        if term == "theme":
            return [self._ask(client, ["theme"], lambda: ThemeService(client).export())]
        if term == "templates":
            return self._templates(folders)
        return self._ask(client, ["service templates"], lambda: flow_query.service_templates(client))

    def _tenants(self, client: Client) -> list[dict[str, t.Any]]:
        tenant_id = self.get_option("id")
        if tenant_id is None:
            tenants = self._ask(client, ["tenants"], lambda: query.all_tenants(client))
        else:
            tenants = self._ask(client, ["tenant", tenant_id], lambda: query.tenant_by_id(client, tenant_id))
        conditions = {name: self.get_option(name) for name in ("name", "domain", "parent")}
        return query.select(tenants, **conditions)

    def _flows(self, client: Client) -> list[dict[str, t.Any]]:
        flow_id = self.get_option("id")
        if flow_id is not None:
            return self._ask(client, ["flow", flow_id], lambda: flow_query.flow_by_id(client, flow_id))
        return self._named(self._ask(client, ["flows"], lambda: flow_query.all_flows(client)))

    def _templates(self, folders: list[str]) -> list[dict[str, t.Any]]:
        return self._named(flow_query.own_templates(folders))

    def _named(self, items: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        name = self.get_option("name")
        return [item for item in items if name is None or item["name"] == name]

    def _ask(self, client: Client, what: list[str], ask: t.Callable[[], t.Any]) -> t.Any:
        if not self.get_option("cache"):
            return ask()
        connection = client.connection
        return once_per_run([connection.base_url, connection.project_id, connection.management_key, *what], ask)
