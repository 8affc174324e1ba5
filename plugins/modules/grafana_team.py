#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_team
short_description: Create or delete a team of Grafana
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Creates a team by its exact name, keeps its e-mail as given, or deletes it.
  - Its members are the business of M(pcc.identity.grafana_team_members), which also creates teams.
  - A team whose name differs in letter case only is never taken for the one that is meant, and none is created next to
    it. That is an error.
  - With basic authentication, Grafana makes whoever creates a team its administrator; with a token it does not.
options:
  name:
    description:
      - Exact name of the team. Either this or O(uid) is required.
    type: str
  uid:
    description:
      - Uid of a team that exists, or its number on servers without uids.
    type: str
  email:
    description:
      - E-mail of the team. If it is not given, it is left alone; an empty text clears.
    type: str
  state:
    description:
      - Whether the team shall exist.
    type: str
    choices: [present, absent]
    default: present
  allow_members:
    description:
      - Whether a team may be deleted that has members.
    type: bool
    default: false
extends_documentation_fragment:
  - pcc.identity.grafana
seealso:
  - module: pcc.identity.grafana_team_members
"""

EXAMPLES = r"""
- name: Create a team
  pcc.identity.grafana_team:
    grafana_url: https://grafana.example.com
    grafana_token: "{{ grafana_token }}"
    name: SRE
    email: sre@example.com

- name: Delete a team that nobody is in any more
  pcc.identity.grafana_team:
    grafana_url: https://grafana.example.com
    grafana_token: "{{ grafana_token }}"
    name: Old team
    state: absent
"""

RETURN = r"""
msg:
  description: What was done, in one line.
  returned: always
  type: str
  sample: team 'SRE' created
status:
  description: What became of the team, or in check mode would become of it.
  returned: success
  type: str
  sample: created
team:
  description: The team, or null if there was none to delete.
  returned: success
  type: dict
  contains:
    id:
      description: Number of the team, null if it is not known.
      type: int
      sample: 4
    uid:
      description: Uid of the team, null if it is not known.
      type: str
      sample: ceaulq1r5o0lcb
    name:
      description: Name of the team.
      type: str
      sample: SRE
    email:
      description: E-mail of the team.
      type: str
      sample: sre@example.com
changes:
  description: Names of the fields that changed.
  returned: success
  type: list
  elements: str
  sample: [email, name]
requests:
  description: What was sent to Grafana.
  returned: success
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 2
    writes:
      description: Requests that wrote.
      type: int
      sample: 1
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that were waited between tries.
      type: float
      sample: 0.0
error_code:
  description: Stable word for the kind of failure.
  returned: failure
  type: str
  sample: team_not_empty
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

from ansible_collections.pcc.identity.plugins.module_utils._grafana_client import GRAFANA
from ansible_collections.pcc.identity.plugins.module_utils._run import run
from ansible_collections.pcc.identity.plugins.module_utils._team_object_run import (
    check_team,
    manage_team,
    team_argument_spec,
)


def main() -> None:
    """Run the module."""
    run(team_argument_spec(), check_team, manage_team, GRAFANA)


if __name__ == "__main__":
    main()
