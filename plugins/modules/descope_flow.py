#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_flow
short_description: Deploy one flow to a Descope project
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes one flow of a project as given. A flow that is as wanted is not written again.
  - One definition serves all projects. The ids of connectors and roles in it are replaced by those of the target, which
    are found by name.
  - For several flows M(pcc.identity.descope_flows) is much faster and takes fewer requests.
extends_documentation_fragment:
  - pcc.identity.flow
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
seealso:
  - module: pcc.identity.descope_flows
  - plugin: pcc.identity.descope_info
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Deploy a flow that was exported from the console
  pcc.identity.descope_flow:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    src: flows/sign-up-or-in.json

- name: Deploy a flow from a template
  pcc.identity.descope_flow:
    id: social-login
    name: Social login
    template: social-login
    config:
      providers: [google, github]

- name: Take a flow out of service, and leave it as it is otherwise
  pcc.identity.descope_flow:
    id: sign-up
    disabled: true

- name: Delete a flow
  pcc.identity.descope_flow:
    id: old-login
    state: absent
"""

RETURN = r"""
flow:
  description:
    - The flow as it is now, or in check mode as it would be; V(none) when there is none.
    - Its definition is given by P(pcc.identity.descope_info#lookup).
  returned: when the flow could be read
  type: dict
  contains:
    id:
      description: Id of the flow.
      type: str
      sample: sign-up-or-in
    name:
      description: Name of the flow.
      type: str
      sample: Sign Up or In
    description:
      description: Description of the flow.
      type: str
    disabled:
      description: Whether it cannot be run.
      type: bool
    steps:
      description: How many steps it has.
      type: int
      sample: 12
    screens:
      description: How many screens it has.
      type: int
      sample: 4
    sign_in_methods:
      description: The methods by which it lets users sign in or up.
      type: list
      elements: str
      sample: [magic link by email, social login with google]
    connectors:
      description: Names of the connectors that it uses.
      type: list
      elements: str
    roles:
      description: Names of the roles that it uses.
      type: list
      elements: str
changes:
  description: What changed, or in check mode would change, by name.
  returned: when the flow could be read
  type: list
  elements: str
  sample: ["screens: Welcome Screen", "steps: Sign In / OTP / SMS"]
msg:
  description: The flow and what became of it.
  returned: always
  type: str
  sample: "Sign Up or In: updated"
planned:
  description: What there was to do, for the option O(planned).
  returned: when the project could be read
  type: list
  elements: str
  sample: [updated sign-in]
requests:
  description: What was sent to the service.
  returned: when the flow could be read
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
  description: The backup that was made before the first write. It holds the flow as it was.
  returned: when anything was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-flows-1f2e3d4c.json
rollback:
  description: The command that puts the flow back as it was.
  returned: when the flow changed
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

from ansible_collections.pcc.identity.plugins.module_utils._flow_run import check_one, manage_one, one_argument_spec
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(one_argument_spec(), check_one, manage_one)


if __name__ == "__main__":
    main()
