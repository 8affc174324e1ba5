#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_team_members
short_description: Make teams of Grafana have the members they shall have
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Takes a list of teams with the members of each, and adds and removes what differs. The users of the organisation are
    read once for all teams; a team with nothing to change costs two requests.
  - Members are compared by e-mail, without regard to letter case, blanks around it, or the way accents are written.
    Grafana is told about users by their numbers only, one at a time; its call that replaces all members at once is
    never used.
  - What is doubtful is not written. A team whose list is incomplete or empty, of which too many members would go, or
    that is provisioned through SCIM, is refused as a whole. The other teams are done, then the module fails, with the
    account of all teams.
  - Nobody is ever removed for want of knowledge. That is so for users who cannot be told apart, for members that an
    external system manages, for the administrators of a team, for O(protected_users), and for a whole team if Grafana
    counts more members than it shows.
  - Roles are never changed, neither in a team nor in the organisation.
options:
  teams:
    description:
      - The teams with their members. Either this, or one team by itself with O(team) or O(team_uid) and O(members).
      - A team may be in the list only once, by its name or by its uid.
      - If a team cannot be found, teams that are given the other way are refused if they may be the same one.
      - An option that an entry does not give has the value that the module has for it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Exact name of the team. Either this or O(teams[].uid) is required.
        type: str
      uid:
        description:
          - Uid of the team, or its number on servers without uids.
        type: str
      members:
        description:
          - E-mails of the members, or with O(match_on) logins.
          - An empty list needs O(allow_empty=true) where the state is V(exact).
        type: list
        elements: str
        required: true
      state:
        description:
          - As O(state), for this team.
        type: str
        choices: [present, exact, absent]
      source_complete:
        description:
          - As O(source_complete), for this team.
        type: bool
      source_error:
        description:
          - As O(source_error), for this team.
        type: str
      allow_empty:
        description:
          - As O(allow_empty), for this team.
        type: bool
      max_removals:
        description:
          - As O(max_removals), for this team.
        type: int
      max_removal_percent:
        description:
          - As O(max_removal_percent), for this team.
        type: int
      reasons:
        description:
          - As O(reasons), for this team.
        type: dict
      source:
        description:
          - As O(source), for this team.
        type: str
      spare:
        description:
          - As O(spare), for this team.
        type: list
        elements: str
  team:
    description:
      - Exact name of one team.
    type: str
  team_uid:
    description:
      - Uid of one team, or its number on servers without uids.
    type: str
  members:
    description:
      - E-mails of the members of that one team, or with O(match_on) logins.
      - An empty list needs O(allow_empty=true) where O(state=exact).
    type: list
    elements: str
  state:
    description:
      - V(exact) adds who is missing and removes who is not listed.
      - V(present) only adds.
      - V(absent) removes those who are listed. The team itself stays.
    type: str
    choices: [present, exact, absent]
    default: exact
  source_complete:
    description:
      - Whether the list of members is the whole list. V(false) refuses the team, and nothing is written for it.
      - It is meant for what read the list, to hand on that a part could not be read.
    type: bool
    default: true
  source_error:
    description:
      - Why the list is not whole. A text has the same effect as O(source_complete=false), and is part of the message.
    type: str
  allow_empty:
    description:
      - Whether O(state=exact) may go on with an empty list of members, or with one of which nobody is a usable user of
        Grafana, so that everybody who is in the team would go.
      - O(max_removals) and O(max_removal_percent) hold nevertheless.
    type: bool
    default: false
  max_removals:
    description:
      - How many members may be removed from a team in one run. If there are more, nothing at all is written for it.
    type: int
  max_removal_percent:
    description:
      - How many percent of the members may be removed from a team in one run. If there are more, nothing at all is
        written for it.
      - It holds for teams of more than four members. Members that O(ignore_external) leaves alone do not count.
    type: int
    default: 50
  reasons:
    description:
      - Why somebody is not listed any more, by e-mail. It is shown in RV(msg) for those who are removed.
    type: dict
  source:
    description:
      - Where the entry comes from, for messages, for example C(group_vars/acme.yml).
    type: str
  spare:
    description:
      - Further e-mails and logins of people who are wanted, such as a login that is an e-mail of former times.
      - With O(state=exact), a member whose e-mail or login is one of these, or one of O(members), is never removed,
        whatever O(match_on) says. Nobody is added by them. Such members are in RV(teams[].spared).
    type: list
    elements: str
    default: []
  create_team:
    description:
      - Whether to create a team that does not exist. Without it such a team is an error.
    type: bool
    default: true
  missing_users:
    description:
      - What to do about members who are no users of the organisation. They never have anybody removed.
      - V(skip) reports them in RV(teams[].missing).
      - V(fail) refuses the team, and nothing is written for it.
      - V(create) makes them users, if this Grafana does not know them at all, with the e-mail as name and login and a
        random password that nobody gets to know. It needs basic authentication of a server admin. Their role is what
        C(auto_assign_org_role) of Grafana says.
    type: str
    choices: [skip, fail, create]
    default: skip
  add_to_org:
    description:
      - Whether to add members to the organisation who are users of this Grafana already. They get the role Viewer.
      - It needs basic authentication of a server admin, who alone may look for users outside of the organisation.
      - Whoever only has somebody else's e-mail as login is not added, but reported as missing.
    type: bool
    default: false
  match_on:
    description:
      - What members are compared by, V(email) or both. With both, a member may be given by e-mail or by login.
    type: list
    elements: str
    choices: [email, login]
    default: [email]
  ignore_external:
    description:
      - Whether to leave members alone whom Team Sync or another external system manages. Grafana shows them with
        labels.
    type: bool
    default: true
  manage_admins:
    description:
      - Whether administrators of a team may be removed like other members.
    type: bool
    default: false
  protected_users:
    description:
      - E-mails or logins of users who are never removed from any team.
      - The user of O(url_username) and C(admin@localhost) are protected, whether they are listed or not.
    type: list
    elements: str
    default: []
  include_disabled:
    description:
      - Whether to add users whose accounts are disabled. They are removed like others in any case.
    type: bool
    default: false
  on_user_error:
    description:
      - What to do after a user of a team could not be added or removed. V(stop) leaves the rest of that team for the
        next run. Other teams are done in both cases.
      - A refusal for lack of permission stops a team in any case.
    type: str
    choices: [continue, stop]
    default: continue
extends_documentation_fragment:
  - pcc.identity.grafana
notes:
  - With C(--diff), the e-mails of all members of a team that changes are shown.
  - Members are added first, then removed. Neither waits for the success of the other.
seealso:
  - module: pcc.identity.grafana_team
"""

EXAMPLES = r"""
- name: Make two teams have these members and no others
  pcc.identity.grafana_team_members:
    grafana_url: https://grafana.example.com
    grafana_token: "{{ grafana_token }}"
    teams:
      - name: SRE
        members: [ana@example.com, carol@example.com]
      - name: Platform
        members: [dan@example.com]
        max_removals: 2

- name: Add somebody to a team, and leave everybody else
  pcc.identity.grafana_team_members:
    grafana_url: https://grafana.example.com
    grafana_token: "{{ grafana_token }}"
    team: SRE
    members: [eve@example.com]
    state: present

- name: Make users of those whom Grafana does not know
  pcc.identity.grafana_team_members:
    grafana_url: https://grafana.example.com
    url_username: admin
    url_password: "{{ grafana_admin_password }}"
    team: SRE
    members: "{{ sre_members }}"
    missing_users: create
    add_to_org: true
"""

RETURN = r"""
msg:
  description:
    - One line that counts the teams by status and the members that were added and removed. On failure it is followed by
      a line per failed team, with the reason and the next step.
  returned: always
  type: str
  sample: "2 updated, 47 unchanged, 1 failed: 5 added, 1 removed"
summary:
  description: How many teams have each status. All statuses are present.
  returned: when the users of the organisation could be read
  type: dict
  sample: {created: 0, updated: 2, unchanged: 47, skipped: 0, failed: 1}
teams:
  description: One entry per team, in the order of the list. Members are told by e-mail, or by login if they have none.
  returned: when the users of the organisation could be read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the team. Null for a team that was given by its uid and not found.
      type: str
      sample: SRE
    uid:
      description: Uid of the team, null if it is not known.
      type: str
      sample: ceaulq1r5o0lcb
    id:
      description: Number of the team, null if it is not known.
      type: int
      sample: 4
    status:
      description: What became of it, or in check mode would become of it. A failed team may have changed in part.
      type: str
      sample: updated
    added:
      description: Who was added, in check mode who would be.
      type: list
      elements: str
      sample: [carol@example.com]
    removed:
      description: Who was removed, in check mode who would be.
      type: list
      elements: str
      sample: [bob@example.com]
    kept:
      description: Wanted members who are in the team already.
      type: list
      elements: str
      sample: [ana@example.com]
    missing:
      description: Wanted members who are no users of the organisation.
      type: list
      elements: str
      sample: [zoe@example.com]
    protected:
      description: Members who are not wanted, and stay as administrators of the team or as O(protected_users).
      type: list
      elements: str
      sample: [admin@localhost]
    spared:
      description:
        - Members whom O(match_on) does not recognise, and who stay since their e-mail or login is in O(members) or
          O(spare).
      type: list
      elements: str
      sample: []
    external:
      description: Members whom O(ignore_external) leaves alone.
      type: list
      elements: str
      sample: []
    disabled:
      description: Wanted members whose accounts are disabled, so that they were not added.
      type: list
      elements: str
      sample: []
    ambiguous:
      description: Wanted members by whose e-mail or login several users go. None of these users is touched.
      type: list
      elements: str
      sample: []
    failed_users:
      description: Who could not be added or removed.
      type: list
      elements: dict
      contains:
        email:
          description: The user, as in the other lists.
          type: str
          sample: carol@example.com
        action:
          description: What failed, V(add), V(remove), V(create) or V(add_to_org).
          type: str
          sample: add
        status:
          description: HTTP status of the reply, null if there was none.
          type: int
          sample: 500
        message:
          description: Why.
          type: str
    remaining_drift:
      description:
        - What is still to be done for the team, whether it failed, was refused or came up meanwhile. Next to it, only
          RV(teams[].missing), RV(teams[].disabled), RV(teams[].ambiguous), RV(teams[].protected),
          RV(teams[].spared) and RV(teams[].external) are different from what is wanted.
      type: dict
      contains:
        add:
          description: Who is not in the team yet.
          type: list
          elements: str
        remove:
          description: Who is still in the team.
          type: list
          elements: str
      sample: {add: [], remove: []}
    removals_disabled:
      description: Whether nobody is removed since Grafana counts more members than it shows.
      type: bool
      sample: false
    warnings:
      description: What is odd about the team, in numbers. It names nobody.
      type: list
      elements: str
      sample: []
    error:
      description: Why the team failed or was skipped, null if it did not.
      type: str
    error_code:
      description: Stable word for the kind of failure, null without one.
      type: str
      sample: too_many_removals
    hint:
      description: The next step, null without a failure.
      type: str
    stats:
      description: Counts of members.
      type: dict
      contains:
        desired:
          description: How many are wanted, each counted once.
          type: int
          sample: 3
        before:
          description: How many the team had, null if it was not read.
          type: int
          sample: 2
        after:
          description: How many it has, or in check mode would have. Null if that is not known.
          type: int
          sample: 2
requests:
  description: What was sent to Grafana.
  returned: when the users of the organisation could be read
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 101
    writes:
      description: Requests that wrote.
      type: int
      sample: 6
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that were waited between tries.
      type: float
      sample: 0.0
error_code:
  description: Stable word for the kind of (the first) failure.
  returned: failure
  type: str
  sample: too_many_removals
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
from ansible_collections.pcc.identity.plugins.module_utils._team_rules import check_members, members_argument_spec
from ansible_collections.pcc.identity.plugins.module_utils._team_run import manage_members


def main() -> None:
    """Run the module."""
    run(members_argument_spec(), check_members, manage_members, GRAFANA)


if __name__ == "__main__":
    main()
