#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_restore
short_description: Put the configuration of a Descope project back as a backup has it
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes tenants with their settings, password settings and default roles, flows, the theme, roles and permissions what
    they were when a backup was made, all of them or some. The project snapshot is restored if it is asked for.
  - What came after the backup stays, unless O(prune=true).
  - Tells of every object what became of it. One that cannot be restored does not keep the others from it.
  - What is about to change is saved to a backup of its own first.
extends_documentation_fragment:
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
attributes:
  check_mode:
    support: full
    description: Can run in check mode and then reports what it would change, and what could not be restored.
  diff_mode:
    support: full
    description: Returns what has changed, or in check mode would change.
  idempotent:
    support: full
    description: Running it a second time changes nothing.
options:
  src:
    description:
      - Paths of backups, names of some in O(backup_dir), or V(latest). Nothing is sent to the service if one of them is
        damaged, of a newer version of the collection, or no backup.
      - Several backups are those that the steps of one run made before they changed something. They count as one, none
        of whose sections holds everything there was; of an object that several have, the first one named counts.
      - V(latest) is the newest intact backup of this project in O(backup_dir) that holds everything there was of all
        that is asked for (without O(sections) and ids, of tenants, flows, the theme, roles and permissions). If there
        is none, it is the newest intact one that holds what is asked for at all and was not made by a restore.
        RV(restored_from) tells which one it was.
    type: list
    elements: path
    default: [latest]
  sections:
    description:
      - What to restore. Without it, and without ids, all that the backup has but the snapshot. With ids alone, only
        their kinds.
      - V(tenants) takes two requests for each tenant of the backup that is there, for settings and password settings,
        which are not in lists.
      - V(snapshot) is imported as a whole, after everything else. Without O(prune) the objects that came later are sent
        along.
    type: list
    elements: str
    choices: [tenants, flows, theme, roles, permissions, snapshot]
  tenants:
    description:
      - Ids of the tenants to restore, of all if it is not given.
    type: list
    elements: str
  flows:
    description:
      - Ids of the flows to restore, of all if it is not given.
    type: list
    elements: str
  roles:
    description:
      - Names of the roles to restore, C(TENANT_ID/NAME) for a role of a tenant; of all if it is not given.
    type: list
    elements: str
  permissions:
    description:
      - Names of the permissions to restore, of all if it is not given.
    type: list
    elements: str
  prune:
    description:
      - Delete what there was not when the backup was made, as far as the backup tells. Of a kind of which it does not
        hold everything, only what it says did not exist. With ids, only these.
      - The service sets the parent of a tenant only when it creates it. So a tenant that has another parent now is
        deleted, with all below it, and created anew; RV(recreated) tells. Its users and its settings of single sign-on
        are not in a backup.
      - In the theme, what came later goes as far as the service lets it.
    type: bool
    default: false
  allow_other_project:
    description:
      - Restore the backup of another project. Flows get the ids that connectors and roles of the same names have here,
        and a snapshot leaves name and environment of the project alone.
    type: bool
    default: false
  snapshot_secrets:
    description:
      - Secrets that the service asks for before it imports a snapshot, because they are in no backup.
    type: dict
    suboptions:
      connectors:
        description:
          - Secrets of connectors.
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - Id as the backup has it.
            type: str
          name:
            description:
              - Name of what the secret belongs to.
            type: str
          type:
            description:
              - Kind of secret, such as V(bearertoken).
            type: str
            required: true
          value:
            description:
              - The secret.
            type: str
            required: true
      oauth_providers:
        description:
          - Secrets of OAuth providers.
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - Id as the backup has it.
            type: str
          name:
            description:
              - Name of what the secret belongs to.
            type: str
          type:
            description:
              - Kind of secret, such as V(bearertoken).
            type: str
            required: true
          value:
            description:
              - The secret.
            type: str
            required: true
      outbound_apps:
        description:
          - Secrets of outbound apps.
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - Id as the backup has it.
            type: str
          name:
            description:
              - Name of what the secret belongs to.
            type: str
          type:
            description:
              - Kind of secret, such as V(bearertoken).
            type: str
            required: true
          value:
            description:
              - The secret.
            type: str
            required: true
      external_auth:
        description:
          - Secrets of external authentication.
        type: list
        elements: dict
        suboptions:
          id:
            description:
              - Id as the backup has it.
            type: str
          name:
            description:
              - Name of what the secret belongs to.
            type: str
          type:
            description:
              - Kind of secret, such as V(bearertoken).
            type: str
            required: true
          value:
            description:
              - The secret.
            type: str
            required: true
  diff_detail:
    description:
      - Whether a diff shows flows and the theme in short or as a whole.
    type: str
    choices: [summary, full]
    default: summary
notes:
  - Whatever the number of tenants, all else takes a handful of requests, and one for each flow. To compare 2,000
    tenants takes 4,000 requests; name O(tenants) to restore a few.
  - Names and domains that tenants have exchanged since are freed first. A tenant may then have a name that ends in
    C((being restored)) for a moment. If the run is stopped there, the next one goes on.
  - An object in which the management key stood is not restored, since the key is in no backup.
  - Users, access keys and the settings of single sign-on are in no backup.
  - Whether the service takes away from a theme, or from a project, what an import does not mention, only the import
    tells. A preview says that it does.
seealso:
  - module: pcc.identity.descope_backup
  - module: pcc.identity.descope_backup_info
"""

EXAMPLES = r"""
- name: See what has changed since the last backup of everything
  pcc.identity.descope_restore:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
  check_mode: true
  diff: true
  register: restore

- name: Put two tenants back
  pcc.identity.descope_restore:
    tenants: [acme, globex]

- name: Make the project what it was, and delete what came later
  pcc.identity.descope_restore:
    src: 20261121T094500Z-project-1f2e3d4c.json.gz
    prune: true

- name: Fill a new project with the flows and roles of another one
  pcc.identity.descope_restore:
    src: /backups/P2prod/20261121T094500Z-project-1f2e3d4c.json.gz
    sections: [flows, roles, permissions]
    allow_other_project: true
"""

RETURN = r"""
objects:
  description: Every object of the backup that was chosen, and every one that was deleted, sorted by kind and id.
  returned: success, or failure of some objects
  type: list
  elements: dict
  contains:
    kind:
      description: V(tenant), V(flow), V(theme), V(role), V(permission) or V(snapshot).
      type: str
      sample: tenant
    id:
      description: Its id, for roles and permissions the name, for the role of a tenant C(TENANT_ID/NAME).
      type: str
      sample: acme
    name:
      description: Its name.
      type: str
      sample: Acme
    status:
      description: What became of it, or in check mode would.
      type: str
      sample: updated
    changes:
      description: What was not as in the backup; of a flow or the theme the parts, of a snapshot the files.
      type: list
      elements: str
      sample: [name, settings.enabled]
    error:
      description: Why it could not be restored, and what to do.
      type: str
      sample: "its domain 'acme.example' is taken by the tenant 'late' (Late). Take it from there."
restored_from:
  description: The backup that was restored.
  returned: success, or failure of some objects
  type: dict
  contains:
    files:
      description: Where it is; of several backups all places.
      type: list
      elements: str
    created_at:
      description: When it was made, the first of several.
      type: str
      sample: "2026-11-21T09:45:00Z"
    project:
      description: Id of the project that it is of.
      type: str
    reason:
      description: Why it was made.
      type: str
unmanaged:
  description: What there was not when the backup was made and was left alone, by section.
  returned: success, or failure of some objects
  type: dict
  sample: {"tenants": ["late"]}
planned:
  description:
    - What there was to do, for the option O(planned). C(recreated tenants/ID) stands besides for a tenant that is
      deleted and created anew.
  returned: success, or failure of some objects
  type: list
  elements: str
  sample: [deleted tenants/late, updated tenants/acme]
recreated:
  description: Ids of the tenants that were deleted and created anew.
  returned: success, or failure of some objects
  type: list
  elements: str
summary:
  description: How many objects came to which end.
  returned: success, or failure of some objects
  type: dict
  sample: {"created": 3, "updated": 2, "deleted": 0, "unchanged": 40, "skipped": 0, "failed": 1}
backup_file:
  description: What there was before, as far as it was about to change.
  returned: when something was to change, except in check mode
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T101500Z-before-restore-1f2e3d4c.json
rollback:
  description: The command that puts that back.
  returned: when something has changed
  type: str
requests:
  description: What was sent to the service.
  returned: success, or failure of some objects
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 12
    writes:
      description: Requests that wrote.
      type: int
      sample: 5
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that workers waited for the rate limit, added up over all that wait side by side.
      type: float
      sample: 0.0
msg:
  description: How many objects came to which end, and why some failed.
  returned: always
  type: str
  sample: 3 created, 2 updated, 40 unchanged, 1 failed
error_code:
  description:
    - Stable word for the kind of failure.
    - Before anything is sent, V(no_backup) (there is none), V(bad_backup) (it is damaged, or none at all),
      V(newer_backup) or V(other_project). Before anything is written, V(doubtful_read) (see O(allow_empty_read), which
      a restore after all is gone needs) or V(plan_changed) (see O(planned)). V(cannot_restore) if objects could not be
      restored.
  returned: failure
  type: str
  sample: cannot_restore
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

from ansible_collections.pcc.identity.plugins.module_utils._restore_run import argument_spec, check, manage
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(argument_spec(), check, manage)


if __name__ == "__main__":
    main()
