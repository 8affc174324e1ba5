#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okta_group_info
short_description: Read groups of Okta with all their members
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Reads groups by their ids or exact names, and their members over all pages.
  - A group is either read wholly or fails. Its row then says RV(groups[].complete=false) and has no members. It is
    never reported as empty because a page could not be read, or because the group was renamed or deleted.
  - The other groups are read nevertheless. If any group failed the task fails, with all rows in its result.
  - Nothing is ever changed. A group of up to O(page_size) members takes two requests, and each further page one more.
options:
  groups:
    description:
      - The groups to read.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Exact name of the group. Another letter case is another name.
          - Imported groups may repeat a name. Then the task fails for this group, and lists the ids.
          - A group that was made or renamed just now can take a moment until Okta finds it by its name.
        type: str
      id:
        description:
          - Id of the group, which stays the same when the group is renamed. Give either this or O(groups[].name).
        type: str
      type:
        description:
          - Type that the group must have. It tells groups of the same name apart.
        type: str
        choices: [OKTA_GROUP, APP_GROUP, BUILT_IN]
  include_statuses:
    description:
      - The statuses whose users count as members. The others are in RV(groups[].excluded), as are users of a status
        that is not known to this version.
      - By default the temporary statuses count, so that a forgotten password takes nobody out of a group. Okta keeps
        deactivated users in their groups, so V(DEPROVISIONED) should stay out.
      - Users who are about to be deprovisioned are excluded as well, unless V(DEPROVISIONED) is given.
    type: list
    elements: str
    choices: [ACTIVE, DEPROVISIONED, LOCKED_OUT, PASSWORD_EXPIRED, PROVISIONED, RECOVERY, STAGED, SUSPENDED]
    default: [ACTIVE, PASSWORD_EXPIRED, LOCKED_OUT, RECOVERY, PROVISIONED]
  page_size:
    description:
      - Members to ask for in one request, up to V(1000). Okta recommends at most V(200).
    type: int
    default: 200
  verify_count:
    description:
      - What to do if the number of users that were read is not the one that Okta itself counts. A count that leaves
        deprovisioned users out is as good. The group is read once more before anything else.
      - V(strict) fails the group, V(warn) takes it with a warning, V(off) does not ask for the count.
      - The group fails, or is warned about, also where Okta tells no count.
      - Whether Okta counts deprovisioned users, one group with some of them shows for all groups of the task. If it
        leaves them out, a group whose count includes its own is short of others, and treated like any other mismatch.
        Before that both are read once more, since a count can be late.
      - As long as no group shows it, a group cannot be told from a whole one that is short of exactly as many users as
        it has deprovisioned ones. So it is with a group that is read by itself.
    type: str
    choices: [strict, warn, 'off']
    default: strict
extends_documentation_fragment:
  - pcc.identity.okta
  - pcc.identity.okta.attributes
notes:
  - The result holds personal data. Names of sign-in and e-mail addresses stand in RV(groups[].members) and
    RV(groups[].excluded) only. Messages and warnings name users by their ids. Use C(no_log) where the result must not
    be shown.
  - The user of the API token, or the service app, needs a role that may view the groups and their members, such as
    Read-only Administrator. Groups that it may not view are not found.
seealso:
  - name: Okta groups API
    description: What the service says about it.
    link: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/
"""

EXAMPLES = r"""
- name: Read two groups
  pcc.identity.okta_group_info:
    okta_url: https://acme.okta.com
    api_token: "{{ okta_api_token }}"
    groups:
      - name: SRE
      - id: 00g1emaKYZTWRYYRRTSK
  register: okta

- name: Show who is in the first of them
  ansible.builtin.debug:
    msg: "{{ okta.groups[0].members | map(attribute='email') }}"

- name: Read a group as an OAuth service app
  pcc.identity.okta_group_info:
    okta_url: https://acme.okta.com
    client_id: 0oa1ab2cd3EF4gh5ij6k
    private_key: "{{ lookup('ansible.builtin.file', '~/.okta/key.pem') }}"
    groups:
      - name: SRE
        type: OKTA_GROUP

- name: Go on with the groups that could be read
  pcc.identity.okta_group_info:
    groups: "{{ wanted_groups }}"
  register: found
  ignore_errors: true

- name: Show them
  ansible.builtin.debug:
    msg: "{{ found.groups | selectattr('complete') | map(attribute='name') }}"
"""

RETURN = r"""
msg:
  description: One line that counts the groups; on failure, followed by a line per failure.
  returned: always
  type: str
  sample: 3 groups read
groups:
  description: One entry per group that was asked for, in that order.
  returned: when the options are good
  type: list
  elements: dict
  contains:
    asked:
      description: The name or id as it was asked for.
      type: str
      sample: SRE
    id:
      description: Id of the group, V(none) if it was not found by its name.
      type: str
      sample: 00g1emaKYZTWRYYRRTSK
    name:
      description: Name of the group, V(none) if it was not found by its id.
      type: str
      sample: SRE
    type:
      description: Type of the group, V(none) if it is not known.
      type: str
      sample: OKTA_GROUP
    members:
      description: Members whose status counts, sorted by login. Empty if the group could not be read wholly.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the user.
          type: str
          sample: 00ub0oNGTSWTBKOLGLNR
        login:
          description: Name to sign in with, V(none) if it is not visible.
          type: str
          sample: ana@acme.example
        email:
          description: E-mail address as it is written in Okta, V(none) if the user has none.
          type: str
          sample: ana@acme.example
        status:
          description: Status of the user.
          type: str
          sample: ACTIVE
    excluded:
      description: The users in the group whose status does not count, in the form of RV(groups[].members).
      type: list
      elements: dict
      sample: []
    members_total:
      description: How many users the group has, those that are excluded included. V(0) if it could not be read wholly.
      type: int
      sample: 12
    users_count:
      description: How many users it has by Okta's own count, V(none) if that is not known or was not asked for.
      type: int
      sample: 12
    complete:
      description: Whether all members are there.
      type: bool
      sample: true
    warnings:
      description:
        - What somebody should look at, such as members with the same e-mail address. Users are named by their ids.
      type: list
      elements: str
      sample: []
    error:
      description: Why it could not be read, V(none) if it could.
      type: str
      sample: There is no group named 'SRE', or it is not visible with these credentials.
    error_code:
      description: Stable word for the kind of failure.
      type: str
      sample: not_found
    hint:
      description: The next step.
      type: str
rate_limit:
  description: What Okta said last about its limit of requests, V(none) if it said nothing.
  returned: when the options are good
  type: dict
  contains:
    limit:
      description: Requests that are allowed in a minute.
      type: int
      sample: 500
    remaining:
      description: Those that are left.
      type: int
      sample: 498
    reset:
      description: When there are as many as RV(rate_limit.limit) again, in seconds since 1970 (UTC).
      type: int
      sample: 1795254300
requests:
  description: What was sent to the service.
  returned: when the options are good
  type: dict
  contains:
    reads:
      description: Requests that read, with the one for an access token.
      type: int
      sample: 6
    writes:
      description: Requests that wrote, always V(0).
      type: int
      sample: 0
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that were waited before sending again.
      type: float
      sample: 0.0
error_code:
  description: Stable word for the kind of (the first) failure.
  returned: failure
  type: str
  sample: not_found
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

from ansible_collections.pcc.identity.plugins.module_utils._okta_run import OKTA, argument_spec, check, read_groups
from ansible_collections.pcc.identity.plugins.module_utils._run import run


def main() -> None:
    """Run the module."""
    run(argument_spec(), check, read_groups, OKTA)


if __name__ == "__main__":
    main()
