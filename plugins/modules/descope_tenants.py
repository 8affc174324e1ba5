#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_tenants
short_description: Manage the tenants of a Descope project as a list
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes the tenants of a project as listed. All tenants are read with one request and compared in memory, and only
    what differs is written, so a run that changes nothing costs one list request whatever the number of tenants.
  - An option that is not given is left alone; an empty list or dictionary clears.
  - Tenants that are not listed are reported in RV(unmanaged) and left alone, unless O(prune=true).
options:
  tenants:
    description:
      - The tenants as they shall be.
      - The whole list is checked before the first request, and again next to the live tenants before the first write.
        All problems are reported together, each with the tenant it is in.
    type: list
    elements: dict
    required: true
  default_roles_only:
    description:
      - Whether to write nothing but O(tenants[].default_roles), and to delete nothing.
      - A tenant's default roles can be roles of its own, which can only be made when the tenant is there. So one task
        makes the tenants without them, M(pcc.identity.descope_roles) the roles, and another task the default roles.
      - Tenants that are not there count in check mode as made by an earlier task.
    type: bool
    default: false
  prune:
    description:
      - Whether to delete the tenants that are not listed.
    type: bool
    default: false
  allow_empty:
    description:
      - Whether an empty list together with O(prune=true) is meant, and may delete every tenant that O(max_deletes) and
        O(max_delete_percent) let go.
    type: bool
    default: false
  max_deletes:
    description:
      - How many tenants one run may delete, listed ones with O(tenants[].state=absent) included. With more, nothing is
        written.
    type: int
    default: 5
  max_delete_percent:
    description:
      - How much of the live tenants one run may delete. With more, nothing is written. One deletion is always let
        through; V(100) turns this limit off.
    type: int
    default: 10
  on_error:
    description:
      - Whether to go on with the other tenants after one has failed. The task fails in both cases.
      - Even with V(continue) the run stops at a failure that every other tenant would meet too, like a rejected key.
    type: str
    choices: [continue, stop]
    default: continue
extends_documentation_fragment:
  - pcc.identity.tenant.list
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
notes:
  - Parents are created before their children and deleted after them. A tenant that takes over a name or a domain is
    written after the one that gives it up.
  - After a failure run the same play again. What is done is left alone, and the rest is tried.
seealso:
  - module: pcc.identity.descope_tenant
  - plugin: pcc.identity.descope_info
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Provision the tenants of a project
  pcc.identity.descope_tenants:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    tenants:
      - id: acme
        name: Acme Corporation
        self_provisioning_domains:
          - acme.example
        custom_attributes:
          plan: enterprise
      - id: acme-emea
        name: Acme EMEA
        parent: acme
        enforce_sso: true
      - id: acme-old
        state: absent

- name: Make the list the whole truth, and delete at most two tenants that are not in it
  pcc.identity.descope_tenants:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    tenants: "{{ descope_tenants }}"
    prune: true
    max_deletes: 2
    max_delete_percent: 100
"""

RETURN = r"""
msg:
  description: One line that counts the tenants by status; on failure, followed by a line per failure.
  returned: always
  type: str
  sample: 7 created, 2 updated, 41 unchanged, 1 failed
summary:
  description: How many tenants have each status. All statuses are present.
  returned: when the tenants could be read
  type: dict
  sample: {created: 7, updated: 2, deleted: 0, unchanged: 41, skipped: 0, failed: 1}
tenants:
  description: One entry per tenant of the list, in its order, then those deleted by pruning.
  returned: when the tenants could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id of the tenant; V(none) for one to be created whose id the service makes.
      type: str
      sample: acme
    name:
      description: Name of the tenant.
      type: str
      sample: Acme Corporation
    status:
      description: What became of it, or in check mode would become of it.
      type: str
      sample: updated
    changes:
      description: Names of the fields that changed. For a failed tenant, those that took effect nevertheless.
      type: list
      elements: str
      sample: [self_provisioning_domains]
    error:
      description: Why it failed or was skipped.
      type: str
    cascade:
      description: Whether its users and access keys go with it, of a tenant that is deleted.
      type: bool
unmanaged:
  description: Ids of the live tenants that are not in the list.
  returned: when the tenants could be read
  type: list
  elements: str
  sample: [playground]
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [updated acme]
requests:
  description: What was sent to the service.
  returned: when the tenants could be read
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 3
    writes:
      description: Requests that wrote.
      type: int
      sample: 9
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
  description: Stable word for the kind of (the first) failure.
  returned: failure
  type: str
  sample: too_many_deletions
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
from ansible_collections.pcc.identity.plugins.module_utils._tenant_run import (
    check_list,
    list_argument_spec,
    manage_list,
)


def main() -> None:
    """Run the module."""
    run(list_argument_spec(), check_list, manage_list)


if __name__ == "__main__":
    main()
