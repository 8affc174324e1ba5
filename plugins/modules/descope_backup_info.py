#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_backup_info
short_description: List the backups of a Descope project
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Lists the backups that M(pcc.identity.descope_backup) and the modules that change a project have made, the newest
    first, and says of each whether it is intact.
  - Sends nothing to the service. Of the connection only O(project_id) is used; the other options are accepted so that
    C(module_defaults) can be the same for all modules.
extends_documentation_fragment:
  - pcc.identity.connection
  - pcc.identity.attributes
attributes:
  diff_mode:
    support: none
    description: Returns what has changed, or in check mode would change.
options:
  project_id:
    description:
      - Id of the Descope project whose backups to list. Damaged files that do not tell their project are listed, too.
      - Required, here or in E(DESCOPE_PROJECT_ID), unless O(backup_dir) is given. Without it, the backups of all
        projects in that folder are listed.
    type: str
  management_key:
    description:
      - Not used.
    type: str
  backup_dir:
    description:
      - Folder of the backups.
      - The default is C(pcc-identity/backups/PROJECT_ID) below E(XDG_STATE_HOME), or below C(~/.local/state) if that is
        not set.
    type: path
  latest:
    description:
      - Whether to list only the newest one.
    type: bool
    default: false
  intact_only:
    description:
      - Whether to pass over damaged ones.
    type: bool
    default: false
notes:
  - Hidden files, among which are backups that are being written, and JSON files that are no backups are passed over.
seealso:
  - module: pcc.identity.descope_backup
"""

EXAMPLES = r"""
- name: List the backups of a project
  pcc.identity.descope_backup_info:
    project_id: "{{ descope_project_id }}"
  register: found

- name: Fail if the last good backup of everything is older than two days
  vars:
    everything: [flows, permissions, roles, tenants, theme]
    whole: "{{ found.backups | selectattr('intact') | selectattr('complete', 'superset', everything) }}"
    newest: "{{ (['1970-01-01T00:00:00Z'] + (whole | map(attribute='last_confirmed') | list)) | max }}"
  ansible.builtin.assert:
    that: (now(utc=true).replace(tzinfo=none) - (newest | to_datetime('%Y-%m-%dT%H:%M:%SZ'))).total_seconds() < 172800

- name: Find the newest backup that can be restored
  pcc.identity.descope_backup_info:
    latest: true
    intact_only: true
"""

RETURN = r"""
backups:
  description: The backups, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    file:
      description: Path of the file.
      type: str
      sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-project-1f2e3d4c.json.gz
    created_at:
      description: When it was made. Of a damaged one as far as the file or its name tells, else when it was written.
      type: str
      sample: "2026-11-21T09:45:00Z"
    last_confirmed:
      description:
        - When the project was last known to be as the file has it, the time of the backup or of the last one that was
          skipped because nothing had changed. V(none) unless it is intact and has something complete.
      type: str
      sample: "2026-11-22T02:15:00Z"
    age_days:
      description: How old it is, in days.
      type: float
      sample: 1.25
    reason:
      description: Why it was made.
      type: str
      sample: nightly
    project:
      description: Id of the project.
      type: str
      sample: P2abc
    project_name:
      description: Name of the project, if it was given.
      type: str
    environment:
      description: Environment of the project, if it was given.
      type: str
      sample: prod
    counts:
      description: How many objects it holds in each section.
      type: dict
      sample: {"tenants": 2000, "flows": 12, "theme": 1, "roles": 8, "permissions": 21}
    complete:
      description: The sections that hold all there was at the time. Of others, only some objects were saved.
      type: list
      elements: str
      sample: [flows, permissions, roles, tenants, theme]
    size:
      description: Size of the file in bytes.
      type: int
      sample: 152034
    intact:
      description: Whether everything that was saved is there, by its checksums, and can be read by this version.
      type: bool
    problem:
      description: What is wrong with it; V(none) if it is intact.
      type: str
      sample: "is damaged: the checksum of its section 'flows' is wrong"
    schema_version:
      description: Version of the form of the document.
      type: int
      sample: 1
    origin:
      description: Who made it, from where, C(tool_version), C(user), C(host), C(git_commit), C(git_dirty), C(playbook).
      type: dict
backup_dir:
  description: The folder that was looked into.
  returned: success
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc
msg:
  description: How many there are, and how many of them are damaged.
  returned: always
  type: str
  sample: 14 backups in /home/me/.local/state/pcc-identity/backups/P2abc, 1 of them damaged
error_code:
  description: Stable word for the kind of failure.
  returned: failure
  type: str
  sample: unreadable
hint:
  description: The next step.
  returned: failure, where there is one beyond what RV(msg) says
  type: str
"""

from ansible_collections.pcc.identity.plugins.module_utils._backup_run import run_info


def main() -> None:
    """Run the module."""
    run_info()


if __name__ == "__main__":
    main()
