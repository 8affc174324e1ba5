#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_flows
short_description: Deploy flows to a Descope project as a list
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes the flows of a project as listed. A flow that is as wanted is not written again.
  - One definition serves all projects. The ids of connectors and roles in it are replaced by those of the target, which
    are found by name.
  - Flows that are not listed are reported in RV(unmanaged) and left alone.
options:
  flows:
    description:
      - The flows as they shall be.
      - The whole list is checked before the first write. All problems are reported together.
    type: list
    elements: dict
    required: true
  connectors:
    description:
      - Connectors of this project to use, for all flows. O(flows[].connectors) comes before it.
    type: dict
    default: {}
  roles:
    description:
      - Roles of this project to use, for all flows. O(flows[].roles) comes before it.
    type: dict
    default: {}
  max_deletes:
    description:
      - How many flows one run may delete. With more, nothing is written.
    type: int
    default: 5
  max_delete_percent:
    description:
      - How much of the live flows one run may delete. With more, nothing is written. One deletion is always let
        through; V(100) turns this limit off.
    type: int
    default: 10
  on_error:
    description:
      - Whether to go on with the other flows after one has failed. The task fails in both cases.
      - Even with V(continue) the run stops at a failure that every other flow would meet too, like a rejected key.
      - With V(restore) the run stops, and the flows that it had deployed by then are put back as they were. Flows that
        run one another then do not end up half old, half new.
      - The flow that failed is put back in any case.
    type: str
    choices: [continue, stop, restore]
    default: continue
extends_documentation_fragment:
  - pcc.identity.flow.list
  - pcc.identity.flow.common
  - pcc.identity.safety
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
notes:
  - The order of screens and interactions, empty values, and what the service stamps on a flow by itself never count as
    a difference.
  - Flows are written one at a time, and each is read back. A flow that is not what was sent is replaced by the old one
    again, and the task fails.
  - The service only takes definitions of the form that its own editor exports. Start from an export, not from an empty
    file.
  - Ids of connectors and roles are taken from the exports of this project's flows where these tell them. Only if they
    do not, roles cost one more request, and connectors at least one, since the service has no list of them.
  - A flow is deployed after the listed flows that it runs inside itself, if these are new.
seealso:
  - module: pcc.identity.descope_flow
  - plugin: pcc.identity.descope_info
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Deploy the flows of a project
  pcc.identity.descope_flows:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    flows:
      - src: flows/sign-up-or-in.json
      - id: mfa-login
        name: Login with a second factor
        template: mfa-login
        config:
          methods: [totp, email]
          remember_device: true
          remember_days: 14
      - id: old-login
        state: absent
    connectors:
      Audit webhook: Audit webhook (staging)

- name: Take away a sign-in method, on purpose
  pcc.identity.descope_flows:
    flows:
      - id: sign-in
        src: flows/sign-in-without-sms.json
        allow_breaking_changes: true

- name: Put all flows of a backup back
  pcc.identity.descope_flows:
    flows:
      - src: "{{ descope_backup_file }}"
        allow_breaking_changes: true
        allow_missing_fallback: true
"""

RETURN = r"""
msg:
  description: One line that counts the flows by status; on failure, followed by a line per failure.
  returned: always
  type: str
  sample: 1 created, 1 updated, 4 unchanged
summary:
  description: How many flows have each status. All statuses are present.
  returned: when the flows could be read
  type: dict
  sample: {created: 1, updated: 1, deleted: 0, unchanged: 4, skipped: 0, failed: 0}
flows:
  description: One entry per flow of the list, in its order.
  returned: when the flows could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id of the flow.
      type: str
      sample: sign-up-or-in
    name:
      description: Name of the flow.
      type: str
      sample: Sign Up or In
    status:
      description: What became of it, or in check mode would become of it.
      type: str
      sample: updated
    changes:
      description: What changed, by name.
      type: list
      elements: str
      sample: ["screens: Welcome Screen", "steps: Sign In / OTP / SMS"]
    error:
      description: Why it failed or was skipped, and whether the old flow is in place.
      type: str
unmanaged:
  description: Ids of the flows of the project that are not in the list.
  returned: when the flows could be read
  type: list
  elements: str
  sample: [step-up]
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [updated sign-in]
requests:
  description: What was sent to the service.
  returned: when the flows could be read
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
  description: The backup that was made before the first write. It holds each flow that is about to change as it was.
  returned: when anything was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-flows-1f2e3d4c.json
rollback:
  description: The command that puts the changed flows back as they were.
  returned: when a flow changed
  type: str
  sample: >-
    ansible-playbook -i inventories/example --limit acme_dev pcc.identity.rollback_flow
    -e descope_backup_file=20261121T094500Z-flows-1f2e3d4c.json -e descope_flow_ids=sign-in
error_code:
  description: Stable word for the kind of (the first) failure.
  returned: failure
  type: str
  sample: guarded
hint:
  description: The next step.
  returned: failure, where there is one beyond what RV(msg) says
  type: str
problems:
  description:
    - Everything wrong with the input, or everything that the guard has against the change, each with C(where),
      C(field) and C(message).
  returned: when the input is bad, or the guard stopped the run
  type: list
  elements: dict
"""

from ansible_collections.pcc.identity.plugins.module_utils._flow_run import (
    check_list,
    list_argument_spec,
    manage_list,
)
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(list_argument_spec(), check_list, manage_list)


if __name__ == "__main__":
    main()
