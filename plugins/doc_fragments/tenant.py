# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap
import typing as t

# The options of one tenant, as plugins/module_utils/_tenant_fields.py knows them. They are written once, and stand at
# the top of descope_tenant and below O(tenants) of descope_tenants.
_OPTIONS = r"""
id:
  description:
    - Id of the tenant. It cannot be changed later.
    - A tenant to be created needs 3 to 50 characters out of C(a-z), C(0-9) and hyphen. An existing id is taken as it
      is.
    - If it is not given, the tenant is found by its name, and the service makes the id of a new one.
  type: str
name:
  description:
    - Name of the tenant, unique in the project. Required for a tenant to be created.
  type: str
self_provisioning_domains:
  description:
    - Domains whose users are put into this tenant by themselves. A domain can belong to one tenant only.
  type: list
  elements: str
domains:
  description:
    - SSO domains of the tenant.
  type: list
  elements: str
custom_attributes:
  description:
    - Custom attributes, which must have been declared for tenants in the Descope console.
    - Values are text, numbers, booleans or lists of these. A V(null) takes the attribute away.
  type: dict
purge_custom_attributes:
  description:
    - Whether to take away the custom attributes that are not listed. It only matters where custom attributes are given.
  type: bool
  default: true
disabled:
  description:
    - Whether nobody can log in to this tenant.
  type: bool
enforce_sso:
  description:
    - Whether login to this tenant is possible by SSO only.
  type: bool
enforce_sso_exclusions:
  description:
    - Users who may log in otherwise while SSO is enforced.
  type: list
  elements: str
federated_app_ids:
  description:
    - Ids of the federated applications of this tenant.
  type: list
  elements: str
parent:
  description:
    - Id of the parent tenant, at most three levels deep. The service sets it only when the tenant is created.
  type: str
role_inheritance:
  description:
    - Whether users get their roles of the parent tenant in this tenant as well.
  type: str
  choices: [default, none, userOnly]
default_roles:
  description:
    - Names of the roles that new users of this tenant get.
  type: list
  elements: str
settings:
  description:
    - Session and SSO settings of this tenant. What is not given is left alone, even if this is empty.
    - They are not part of the list of tenants, so each tenant with settings costs one more read.
  type: dict
  suboptions:
    auth_type:
      description: How SSO users of this tenant are authenticated.
      type: str
      choices: [none, saml, oidc]
    enabled:
      description: Whether the session settings of this tenant replace those of the project.
      type: bool
    refresh_token_expiration:
      description: Time after which a refresh token expires.
      type: int
    refresh_token_expiration_unit:
      description: Unit of O(@@settings.refresh_token_expiration).
      type: str
      choices: [seconds, minutes, hours, days, weeks]
    session_token_expiration:
      description: Time after which a session token expires.
      type: int
    session_token_expiration_unit:
      description: Unit of O(@@settings.session_token_expiration).
      type: str
      choices: [seconds, minutes, hours, days, weeks]
    stepup_token_expiration:
      description: Time after which a step-up token expires.
      type: int
    stepup_token_expiration_unit:
      description: Unit of O(@@settings.stepup_token_expiration).
      type: str
      choices: [seconds, minutes, hours, days, weeks]
    enable_inactivity:
      description: Whether a session ends after a time without activity.
      type: bool
    inactivity_time:
      description: Time without activity after which a session ends.
      type: int
    inactivity_time_unit:
      description: Unit of O(@@settings.inactivity_time).
      type: str
      choices: [seconds, minutes, hours, days, weeks]
    jit_disabled:
      description: Whether users are not created by their first SSO login (just-in-time provisioning).
      type: bool
    sso_setup_suite:
      description: The page on which the tenant's own administrator sets up SSO.
      type: dict
      suboptions:
        enabled:
          description: Whether the page is offered.
          type: bool
        style_id:
          description: Id of the style of the page.
          type: str
        disabled_features:
          description: What the page leaves out.
          type: dict
          suboptions:
            saml:
              description: Whether to leave out SAML.
              type: bool
            oidc:
              description: Whether to leave out OIDC.
              type: bool
            scim:
              description: Whether to leave out SCIM.
              type: bool
            sso_domains:
              description: Whether to leave out the SSO domains.
              type: bool
            group_mapping:
              description: Whether to leave out the mapping of groups.
              type: bool
password_settings:
  description:
    - Password rules of this tenant. What is not given is left alone, even if this is empty.
    - Each tenant with password settings costs one more read.
  type: dict
  suboptions:
    enabled:
      description: Whether users of this tenant can log in by password.
      type: bool
    min_length:
      description: Fewest characters of a password.
      type: int
    lowercase:
      description: Whether a password needs a lower-case letter.
      type: bool
    uppercase:
      description: Whether a password needs an upper-case letter.
      type: bool
    number:
      description: Whether a password needs a digit.
      type: bool
    non_alphanumeric:
      description: Whether a password needs another character than letters and digits.
      type: bool
    any_letter:
      description: Whether a password needs a letter of any case.
      type: bool
    expiration:
      description: Whether passwords expire.
      type: bool
    expiration_weeks:
      description: Weeks after which a password expires.
      type: int
    reuse:
      description: Whether earlier passwords are refused.
      type: bool
    reuse_amount:
      description: How many earlier passwords are refused.
      type: int
    lock:
      description: Whether too many failed logins lock the user.
      type: bool
    lock_attempts:
      description: Failed logins that lock the user.
      type: int
    temp_lock:
      description: Whether too many failed logins lock the user for a while.
      type: bool
    temp_lock_attempts:
      description: Failed logins that lock the user for a while.
      type: int
    temp_lock_duration:
      description: Minutes that such a lock lasts.
      type: int
    enable_password_strength:
      description: Whether the strength of passwords is checked.
      type: bool
    password_strength_score:
      description: Least strength that is accepted.
      type: int
    disallowed_characters:
      description: Characters that a password must not have.
      type: str
    disallow_email_match:
      description: Whether a password must differ from the user's e-mail address.
      type: bool
cascade:
  description:
    - On deletion, delete also the users and access keys that belong to this tenant only.
  type: bool
  default: false
state:
  description:
    - Whether the tenant shall exist.
  type: str
  choices: [present, absent]
  default: present
"""


def _options(prefix: str, indent: int) -> str:
    return textwrap.indent(_OPTIONS.replace("@@", prefix), " " * indent)


class ModuleDocFragment:
    """The options of a tenant, for one tenant and for a list of tenants."""

    DOCUMENTATION: t.ClassVar[str]
    LIST: t.ClassVar[str]


_SOURCE = """
source:
  description:
    - Where this entry comes from, such as a file or a host. It is used in messages only.
  type: str
"""

# Set here, since the sanity tests take what stands in the class for literal text.
ModuleDocFragment.DOCUMENTATION = "options:" + _options("", 2)
ModuleDocFragment.LIST = (
    "options:\n  tenants:\n    suboptions:" + _options("tenants[].", 6) + textwrap.indent(_SOURCE, " " * 6)
)
