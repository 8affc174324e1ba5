# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach an Okta organisation: the options of plugins/module_utils/_okta_connection.py."""

    DOCUMENTATION = r"""
options:
  okta_url:
    description:
      - Address of the Okta organisation, such as V(https://acme.okta.com). V(https://) may be left out.
      - It must be the address that the organisation itself goes by, not the one of the Admin Console with C(-admin).
        Links of its replies that lead to another host are not followed.
      - Required, here or in E(OKTA_ORG_URL).
      - Plain V(http) is only accepted for this machine itself, or with O(validate_certs=false).
    type: str
  api_token:
    description:
      - API token (SSWS), made in the Admin Console under Security > API > Tokens. It may do what the user who made it
        may do, and ends with that user or when it is not used for 30 days.
      - Exactly one of O(api_token), O(private_key) and O(access_token) is needed, variables of the environment
        included. A variable counts for nothing where its option is given as an empty text.
      - If it is not given, E(OKTA_API_TOKEN) is used.
    type: str
  access_token:
    description:
      - OAuth access token that was got elsewhere, with the scope C(okta.groups.read). It lives for one hour, and is
        not renewed.
    type: str
  client_id:
    description:
      - Client id of an OAuth service app, which goes with O(private_key).
      - If it is not given, E(OKTA_CLIENT_ID) is used.
    type: str
  private_key:
    description:
      - Private key of the service app, the text of the PEM file without a passphrase. RSA keys, and keys on the curves
        P-256, P-384 and P-521 are taken. Line ends may be written as C(\\n).
      - With it, one access token is got for all requests, and renewed when it is about to expire.
      - If it is not given, E(OKTA_PRIVATE_KEY) is used.
    type: str
  key_id:
    description:
      - Id of the key (C(kid)), needed where the service app has several.
      - If it is not given, E(OKTA_KEY_ID) is used.
    type: str
  scopes:
    description: Scopes that are asked for with O(private_key).
    type: list
    elements: str
    default: [okta.groups.read]
  validate_certs:
    description: Whether to check the service's TLS certificate.
    type: bool
    default: true
  ca_path:
    description: File of CA certificates to trust instead of the system's, or a folder of such to trust as well.
    type: path
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 30.0
  retries:
    description:
      - How often a request is tried again after a passing failure. After HTTP 429, 503 and 504 Okta itself tells how
        long to wait.
    type: int
    default: 5
  retry_max_wait:
    description: Seconds that may be waited for such tries in all. What would take longer is given up.
    type: float
    default: 120.0
  concurrency:
    description: Groups that are read side by side.
    type: int
    default: 4
requirements:
  - PyJWT >= 2 and cryptography, only where O(private_key) is used
"""

    #: What every module of the action group does alike.
    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode and then reports what it would change, without a single write.
  diff_mode:
    support: none
    description: Returns what has changed, or in check mode would change.
  idempotent:
    support: full
    description: Running it a second time changes nothing.
  action_group:
    support: full
    description: Use C(group/pcc.identity.okta) in C(module_defaults) to give the connection options once.
    membership:
      - pcc.identity.okta
"""
