#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_tenant
short_description: Manage one tenant of a Descope project
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Creates, changes or deletes one tenant. An option that is not given is left alone; an empty list or dictionary
    clears.
  - For more than a few tenants use M(pcc.identity.descope_tenants), which reads all of them with one request and writes
    only what differs.
options: {}
extends_documentation_fragment:
  - pcc.identity.tenant
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
notes:
  - SSO domains (O(domains)) are written in the settings of the tenant, hence with a request of their own.
  - A tenant that was renamed by somebody else is still found by its O(id).
seealso:
  - module: pcc.identity.descope_tenants
  - plugin: pcc.identity.descope_info
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Make sure that Acme exists, with its e-mail domain
  pcc.identity.descope_tenant:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    id: acme
    name: Acme Corporation
    self_provisioning_domains:
      - acme.example

- name: Give the credentials once for several tasks
  module_defaults:
    group/pcc.identity.descope:
      project_id: "{{ descope_project_id }}"
      management_key: "{{ descope_management_key }}"
  block:
    - name: Create a sub-tenant with its own session times
      pcc.identity.descope_tenant:
        id: acme-emea
        name: Acme EMEA
        parent: acme
        default_roles:
          - Tenant Admin
        settings:
          enabled: true
          session_token_expiration: 10
          session_token_expiration_unit: minutes

    - name: Set one custom attribute and leave the others alone
      pcc.identity.descope_tenant:
        id: acme
        custom_attributes:
          plan: enterprise
        purge_custom_attributes: false

    - name: Take all domains away from the sub-tenant
      pcc.identity.descope_tenant:
        id: acme-emea
        self_provisioning_domains: []

    - name: Delete the sub-tenant
      pcc.identity.descope_tenant:
        id: acme-emea
        state: absent
"""

RETURN = r"""
tenant:
  description:
    - The tenant as read back, in the vocabulary of the options. In check mode, as it would be.
    - Settings and password settings are part of it where the task gave any. V(none) if there is no such tenant.
  returned: when the tenant could be read
  type: dict
  sample:
    id: acme
    name: Acme Corporation
    self_provisioning_domains: [acme.example]
    custom_attributes: {plan: enterprise}
    disabled: false
    enforce_sso: false
    enforce_sso_exclusions: []
    federated_app_ids: []
    role_inheritance: default
    parent: ""
    domains: []
    default_roles: []
    auth_type: none
    created_time: 1795232400
    successors: []
changes:
  description: Names of the fields that changed, or in check mode would change.
  returned: when the tenant could be read
  type: list
  elements: str
  sample: [name, settings.session_token_expiration]
msg:
  description: The tenant and what became of it.
  returned: always
  type: str
  sample: "Acme Corporation: updated"
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [updated acme]
requests:
  description: What was sent to the service.
  returned: when the tenant could be read
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 3
    writes:
      description: Requests that wrote.
      type: int
      sample: 1
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that workers waited for the rate limit, added up over all that wait side by side.
      type: float
      sample: 0.0
backup_file:
  description: The backup that was made before the first write. It holds the tenants that were about to change.
  returned: when anything was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-tenants-1f2e3d4c.json
rollback:
  description:
    - The command that puts back what was changed or deleted, and deletes what was created, but for tenants whose id the
      service has made.
  returned: when anything changed
  type: str
  sample: >-
    ansible-playbook pcc.identity.restore -i inventories/example --limit acme_dev
    -e descope_backup_file=20261121T094500Z-tenants-1f2e3d4c.json
error_code:
  description: Stable word for the kind of failure.
  returned: failure
  type: str
  sample: unauthorized
hint:
  description: The next step.
  returned: failure, where there is one beyond what RV(msg) says
  type: str
problems:
  description: Everything wrong with the input, each with C(where), C(field) and C(message).
  returned: when the input is bad
  type: list
  elements: dict
"""

from ansible_collections.pcc.identity.plugins.module_utils._run import run
from ansible_collections.pcc.identity.plugins.module_utils._tenant_run import check_one, manage_one, one_argument_spec


def main() -> None:
    """Run the module."""
    run(one_argument_spec(), check_one, manage_one)


if __name__ == "__main__":
    main()
