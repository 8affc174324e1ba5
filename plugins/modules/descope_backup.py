#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_backup
short_description: Save the configuration of a Descope project to a file
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Saves tenants with their settings, password settings and default roles, flows, the theme, roles and permissions, and
    where the plan allows it the project snapshot, to one JSON file that says of itself what it is.
  - The file appears under its name only when it is whole and on the disk. Only its owner can read it. A large one is
    compressed with gzip.
  - Writes nothing to the service.
extends_documentation_fragment:
  - pcc.identity.connection
  - pcc.identity.attributes
attributes:
  check_mode:
    support: partial
    description: Can run in check mode and then reports what it would save and delete.
    details:
      - Only lists are read, so it is not known whether the project is as in the last backup.
  diff_mode:
    support: none
    description: Returns what has changed, or in check mode would change.
  idempotent:
    support: partial
    description: Running it a second time changes nothing.
    details:
      - With O(when_unchanged=skip) or O(state=absent).
options:
  state:
    description:
      - V(present) makes a backup, V(absent) deletes the one that O(file) names.
    type: str
    choices: [present, absent]
    default: present
  backup_dir:
    description:
      - Folder of the backups. It is made if it is not there.
      - The default is C(pcc-identity/backups/PROJECT_ID) below E(XDG_STATE_HOME), or below C(~/.local/state) if that is
        not set.
    type: path
  sections:
    description:
      - What to save. Without it, everything; the snapshot is then left out if the plan of the project has none, and
        told in RV(skipped_sections).
      - V(tenants) takes two requests for each tenant, by far the most. See RV(planned_requests).
      - V(snapshot) holds what the other sections lack, for instance connectors and authentication methods, but neither
        tenants nor secrets. A snapshot that is named here and cannot be had fails the module.
    type: list
    elements: str
    choices: [tenants, flows, theme, roles, permissions, snapshot]
  tenants:
    description:
      - Ids of the tenants to save, of all if it is not given. For those that do not exist, the backup says so.
    type: list
    elements: str
  flows:
    description:
      - Ids of the flows to save, of all if it is not given. For those that do not exist, the backup says so.
    type: list
    elements: str
  reason:
    description:
      - Why the backup is made. It is noted in it.
    type: str
    default: ""
  project_name:
    description:
      - Name of the project. It is noted in the backup.
    type: str
  environment:
    description:
      - Name of the environment that the project belongs to, such as V(prod). It is noted in the backup.
    type: str
  when_unchanged:
    description:
      - Whether to write a new file if everything is as in the last backup of the same sections.
    type: str
    choices: [save, skip]
    default: save
  allow_empty_read:
    description:
      - Whether to save that there are no tenants, flows, roles or permissions, although the newest backup that tells of
        them has some. Without it the module fails then with V(doubtful_read), also in check mode, since such an answer
        is more often a wrong one than the truth, and a backup that believes it would be the newest.
    type: bool
    default: false
  retention_days:
    description:
      - Days after which the backups of the project are deleted, once the new one is safe. Without it none is deleted.
      - One that holds everything counts as old from when the next such one was made; until then it was the truth.
        Those that other modules made before they changed something count from when they were made. Damaged files are
        left alone.
    type: int
  keep_at_least:
    description:
      - How many intact backups of the project O(retention_days) leaves in any case, the newest ones; so many
        of those that hold everything, and so many of those from before changes.
    type: int
    default: 10
  file:
    description:
      - For O(state=absent), name or path of the file to delete. It must be in the folder of the backups, and be a
        backup of this project.
    type: path
  playbook:
    description:
      - Path of the playbook or its folder, which is noted in the backup together with the commit of the repository
        that it is in. By default that of the working directory.
    type: path
notes:
  - Secrets are never in a backup. In a snapshot, the values of all secrets are blank, whatever the service sends in
    their place. Should the management key stand anywhere in the project, it is replaced, and a warning says where.
  - If anything cannot be read, the module fails and no file is written.
  - A tenant or a flow that is deleted while the backup is being made is left out.
  - Users, access keys and the settings of single sign-on are not saved.
seealso:
  - module: pcc.identity.descope_backup_info
  - module: pcc.identity.descope_tenants
  - module: pcc.identity.descope_flows
"""

EXAMPLES = r"""
- name: Save the project every night, and keep the backups of thirty days
  pcc.identity.descope_backup:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    reason: nightly
    when_unchanged: skip
    retention_days: 30
    keep_at_least: 7

- name: See how many requests that takes, and how long
  pcc.identity.descope_backup:
  check_mode: true
  register: backup

- name: Save two tenants before they are changed
  pcc.identity.descope_backup:
    sections: [tenants]
    tenants: [acme, globex]
    reason: before the move to the new plan

- name: Delete a backup
  pcc.identity.descope_backup:
    state: absent
    file: 20261121T094500Z-project-1f2e3d4c.json.gz
"""

RETURN = r"""
backup_file:
  description: The new file, or the one that holds the same already.
  returned: success, with O(state=present), except in check mode
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-project-1f2e3d4c.json.gz
unchanged_since:
  description: The last backup, which holds the same. No new file was written.
  returned: with O(when_unchanged=skip), if everything is as it was
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261120T094500Z-project-0a1b2c3d.json.gz
counts:
  description: How many objects there are in each section.
  returned: success, with O(state=present)
  type: dict
  sample: {"tenants": 2000, "flows": 12, "theme": 1, "roles": 8, "permissions": 21}
size:
  description: Size of the file in bytes.
  returned: success, with O(state=present), except in check mode
  type: int
  sample: 152034
planned_requests:
  description:
    - How many requests the backup takes, with those for the lists that tell it. It is known before the first of all
      others is sent; check mode sends no others.
    - Requests that are sent again after a passing failure come on top, and one each for flows and the theme where the
      service has only the first version of the API for them.
  returned: success, with O(state=present)
  type: int
  sample: 4020
estimated_seconds:
  description: How long that takes at the least by the rate limit, if nobody else uses it.
  returned: success, with O(state=present)
  type: int
  sample: 1500
requests:
  description: What was sent to the service.
  returned: success, with O(state=present)
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 4020
    writes:
      description: Requests that wrote; always 0.
      type: int
      sample: 0
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that workers waited for the rate limit, added up over all that wait side by side.
      type: float
      sample: 11534.2
deleted:
  description: The files that were deleted, or in check mode would be.
  returned: success
  type: list
  elements: str
skipped_sections:
  description: Sections that were left out because the plan of the project does not have them.
  returned: success, with O(state=present)
  type: list
  elements: dict
  contains:
    section:
      description: Its name.
      type: str
      sample: snapshot
    reason:
      description: What the service said.
      type: str
msg:
  description: What was saved and deleted.
  returned: always
  type: str
  sample: "saved 3 tenants, 5 flows, the theme, 1 role, 0 permissions to 20261121T094500Z-project-1f2e3d4c.json"
error_code:
  description: Stable word for the kind of failure.
  returned: failure
  type: str
  sample: backup_failed
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

from ansible_collections.pcc.identity.plugins.module_utils._backup_run import argument_spec, check, manage
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(argument_spec(), check, manage)


if __name__ == "__main__":
    main()
