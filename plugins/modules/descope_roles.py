#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_roles
short_description: Manage the roles of a Descope project as a list
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes the roles of a project, and the own roles of its tenants, as listed. All roles are read with one request and
    compared in memory, and only what differs is written.
  - An option that is not given is left alone; an empty text or list clears. The order of permissions does not matter.
  - Roles that are not listed are reported in RV(unmanaged) and left alone, unless O(prune=true).
options:
  roles:
    description:
      - The roles as they shall be.
      - The whole list is checked before the first request, and again next to the live roles and permissions before the
        first write. All problems are reported together, each with the role it is in.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the role, unique in the project or in its tenant. A role is found by it.
        type: str
        required: true
      description:
        description:
          - What the role is for.
        type: str
      permissions:
        description:
          - Names of the permissions of the role, all of them. They must exist in the project;
            M(pcc.identity.descope_permissions) makes them.
        type: list
        elements: str
      default:
        description:
          - Whether it is a default role.
        type: bool
      private:
        description:
          - Whether it is a private role.
        type: bool
      tenant_id:
        description:
          - Id of the tenant whose own role this is. Without it, it is a role of the project.
        type: str
      state:
        description:
          - Whether the role shall exist.
        type: str
        choices: [present, absent]
        default: present
      source:
        description:
          - Where the entry comes from, for messages, for example C(group_vars/acme.yml).
        type: str
  expected_permissions:
    description:
      - Names of permissions that an earlier task of the play makes. In check mode, where that task has not made them,
        they count as if they were there. Otherwise this changes nothing.
    type: list
    elements: str
    default: []
  prune:
    description:
      - Whether to delete the roles that are not listed.
      - This is about the roles of the project, and about those of each tenant of which any role is listed. The own
        roles of other tenants are left alone, since tenants may make some themselves.
      - The role V(Tenant Admin), which every project begins with, is never pruned. It can be listed like any other.
    type: bool
    default: false
  scope:
    description:
      - Whose roles this is about. With V(project) those of the project only, with V(tenants) those of tenants only;
        other entries of the list are then left to another task. A tenant's roles can only be made when it is there,
        while its default roles have to be there before.
    type: str
    choices: [all, project, tenants]
    default: all
extends_documentation_fragment:
  - pcc.identity.rbac
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
seealso:
  - module: pcc.identity.descope_permissions
  - module: pcc.identity.descope_tenants
"""

EXAMPLES = r"""
- name: Make the permissions first
  pcc.identity.descope_permissions:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    permissions:
      - name: Read articles
      - name: Write articles

- name: Make the roles
  pcc.identity.descope_roles:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    expected_permissions: [Read articles, Write articles]
    roles:
      - name: Reader
        description: May look at everything
        permissions: [Read articles]
        default: true
      - name: Editor
        permissions: [Read articles, Write articles]
      - name: Auditor
        tenant_id: acme
        permissions: [Read articles]
        private: true
      - name: Guest
        state: absent
"""

RETURN = r"""
msg:
  description: One line that counts the roles by status; on failure, followed by a line per failure.
  returned: always
  type: str
  sample: 3 created, 1 updated, 8 unchanged
summary:
  description: How many roles have each status. All statuses are present.
  returned: when the roles could be read
  type: dict
  sample: {created: 3, updated: 1, deleted: 0, unchanged: 8, skipped: 0, failed: 0}
roles:
  description: One entry per role of the list, in its order, then those deleted by pruning.
  returned: when the roles could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the role.
      type: str
      sample: Editor
    tenant_id:
      description: Id of the tenant whose own role it is; empty for a role of the project.
      type: str
      sample: acme
    status:
      description: What became of it, or in check mode would become of it.
      type: str
      sample: updated
    changes:
      description: Names of the fields that changed. For a failed role, those that took effect nevertheless.
      type: list
      elements: str
      sample: [permissions]
    error:
      description: Why it failed or was skipped.
      type: str
unmanaged:
  description:
    - Live roles that are not in the list and were not pruned, without V(Tenant Admin). Those of the project are told by
      their names, those of tenants as C(TENANT_ID/NAME).
  returned: when the roles could be read
  type: list
  elements: str
  sample: [Support, acme/Auditor]
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [updated Editor]
requests:
  description: What was sent to the service.
  returned: when the roles could be read
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 3
    writes:
      description: Requests that wrote.
      type: int
      sample: 4
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that were waited for the rate limit.
      type: float
      sample: 0.0
backup_file:
  description: The backup that was made before the first write. It holds the roles that were about to change.
  returned: when anything was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-roles-1f2e3d4c.json
rollback:
  description:
    - The command that puts back what was changed or deleted, and deletes what was created.
  returned: when anything changed
  type: str
  sample: >-
    ansible-playbook pcc.identity.restore -i inventories/example --limit acme_dev
    -e descope_backup_file=20261121T094500Z-roles-1f2e3d4c.json
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

from ansible_collections.pcc.identity.plugins.module_utils._rbac_run import (
    check_roles,
    manage_roles,
    roles_argument_spec,
)
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(roles_argument_spec(), check_roles, manage_roles)


if __name__ == "__main__":
    main()
