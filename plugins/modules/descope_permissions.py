#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_permissions
short_description: Manage the permissions of a Descope project as a list
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes the permissions of a project as listed. All permissions are read with one request and compared in memory, and
    only what differs is written.
  - An option that is not given is left alone; an empty text clears.
  - Permissions that are not listed are reported in RV(unmanaged) and left alone, unless O(prune=true).
  - The permissions of the service itself, like V(User Admin), are never changed, deleted or pruned. Asking for it is
    an error.
options:
  permissions:
    description:
      - The permissions as they shall be.
      - The whole list is checked before the first request, and again next to the live permissions before the first
        write. All problems are reported together, each with the permission it is in.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the permission, unique in the project. A permission is found by it.
        type: str
        required: true
      description:
        description:
          - What the permission allows.
        type: str
      state:
        description:
          - Whether the permission shall exist. A deleted one is taken from all roles by the service.
        type: str
        choices: [present, absent]
        default: present
      source:
        description:
          - Where the entry comes from, for messages, for example C(group_vars/acme.yml).
        type: str
  prune:
    description:
      - Whether to delete the permissions that are not listed, but for those of the service itself.
    type: bool
    default: false
extends_documentation_fragment:
  - pcc.identity.rbac
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
seealso:
  - module: pcc.identity.descope_roles
"""

EXAMPLES = r"""
- name: Make the permissions of a project
  pcc.identity.descope_permissions:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    permissions:
      - name: Read articles
      - name: Write articles
        description: May create and change articles
      - name: Print articles
        state: absent

- name: Make the list the whole truth, and delete at most two permissions that are not in it
  pcc.identity.descope_permissions:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    permissions: "{{ descope_permissions }}"
    prune: true
    max_deletes: 2
    max_delete_percent: 100
"""

RETURN = r"""
msg:
  description: One line that counts the permissions by status; on failure, followed by a line per failure.
  returned: always
  type: str
  sample: 3 created, 1 updated, 8 unchanged
summary:
  description: How many permissions have each status. All statuses are present.
  returned: when the permissions could be read
  type: dict
  sample: {created: 3, updated: 1, deleted: 0, unchanged: 8, skipped: 0, failed: 0}
permissions:
  description: One entry per permission of the list, in its order, then those deleted by pruning.
  returned: when the permissions could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the permission.
      type: str
      sample: Write articles
    status:
      description: What became of it, or in check mode would become of it.
      type: str
      sample: updated
    changes:
      description: Names of the fields that changed. For a failed permission, those that took effect nevertheless.
      type: list
      elements: str
      sample: [description]
    error:
      description: Why it failed or was skipped.
      type: str
unmanaged:
  description: Names of the live permissions that are not in the list, without those of the service itself.
  returned: when the permissions could be read
  type: list
  elements: str
  sample: [Print articles]
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [created Read articles]
requests:
  description: What was sent to the service.
  returned: when the permissions could be read
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
  description: The backup that was made before the first write. It holds the permissions that were about to change.
  returned: when anything was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-permissions-1f2e3d4c.json
rollback:
  description:
    - The command that puts back what was changed or deleted, and deletes what was created.
  returned: when anything changed
  type: str
  sample: >-
    ansible-playbook pcc.identity.restore -i inventories/example --limit acme_dev
    -e descope_backup_file=20261121T094500Z-permissions-1f2e3d4c.json
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
    check_permissions,
    manage_permissions,
    permissions_argument_spec,
)
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(permissions_argument_spec(), check_permissions, manage_permissions)


if __name__ == "__main__":
    main()
