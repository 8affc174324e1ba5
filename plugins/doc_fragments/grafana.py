# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach a Grafana: the options of plugins/module_utils/_grafana_client.py."""

    DOCUMENTATION = r"""
options:
  grafana_url:
    description:
      - Address of Grafana, with the path that it is served under, if there is one.
      - Required, here or in E(GRAFANA_URL).
      - Plain V(http) is only accepted for this machine itself, or with O(validate_certs=false).
    type: str
    aliases: [url]
  grafana_token:
    description:
      - Token of a service account. Either this or O(url_username) and O(url_password) is required.
      - If it is not given, E(GRAFANA_TOKEN) is used.
    type: str
    aliases: [grafana_api_key]
  url_username:
    description:
      - Login for basic authentication, which Grafana Cloud does not have.
      - If it is not given, E(GRAFANA_USER) is used.
    type: str
    aliases: [grafana_user]
  url_password:
    description:
      - Password for basic authentication.
      - If it is not given, E(GRAFANA_PASSWORD) is used.
    type: str
    aliases: [grafana_password]
  org_id:
    description:
      - Number of the organisation. By default it is the one of the token, or the current one of the user.
      - It is sent as a header. The current organisation of the user is not changed.
      - If it is not given, E(GRAFANA_ORG_ID) is used.
    type: int
  validate_certs:
    description: Whether to check the service's TLS certificate.
    type: bool
    default: true
  ca_path:
    description: File or folder of CA certificates to trust instead of the system's.
    type: path
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 60.0
  retries:
    description:
      - How often a request is tried again after a passing failure, that is after a refusal (HTTP 429), a failure of the
        server or a broken connection.
      - A write of which nobody knows whether it took effect is read back before it is tried again.
    type: int
    default: 5
  retry_max_wait:
    description: Seconds that all waits between tries may take together.
    type: float
    default: 120.0
  concurrency:
    description: Teams that may be worked on at the same time. Within a team everything is done one after the other.
    type: int
    default: 4
requirements:
  - PyYAML >= 6
notes:
  - A service account needs the permissions C(teams:read) and C(org.users:read) on everything, C(teams.permissions:read)
    and C(teams.permissions:write); C(teams:create) to create teams, and C(teams:delete) to delete them. The role
    Admin has all of these.
attributes:
  check_mode:
    support: full
    description: Can run in check mode and then reports what it would change. It only sends GET requests then.
  diff_mode:
    support: full
    description: Returns what has changed, or in check mode would change. Both modes report the same difference.
  idempotent:
    support: full
    description: Running it a second time changes nothing.
  action_group:
    support: full
    description: Use C(group/pcc.identity.grafana) in C(module_defaults) to give the connection options once.
    membership:
      - pcc.identity.grafana
"""
