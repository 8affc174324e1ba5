# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach a Descope project: the options of plugins/module_utils/_connection.py."""

    DOCUMENTATION = r"""
options:
  project_id:
    description:
      - Id of the Descope project, which starts with C(P).
      - Required, here or in E(DESCOPE_PROJECT_ID).
    type: str
  management_key:
    description:
      - Management key that may use the project. It starts with C(K) and is made in the Descope console under
        Company > Management Keys.
      - Required, here or in E(DESCOPE_MANAGEMENT_KEY).
    type: str
  base_url:
    description:
      - Address of the API. By default it follows from O(project_id), whose longer form carries the region.
      - If it is not given, E(DESCOPE_BASE_URL) is used, then E(DESCOPE_BASE_URI).
      - Plain V(http) is only accepted for this machine itself, or with O(validate_certs=false).
    type: str
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
  rate_limit:
    description:
      - Requests that the service allows in O(rate_limit_period).
      - By default V(200) for tenants and V(100) for everything else. The public figures disagree with one another, so a
        refusal by the service (HTTP 429) always wins over this number.
    type: int
  rate_limit_period:
    description: Seconds that O(rate_limit) counts for.
    type: float
    default: 60.0
  rate_limit_percent:
    description: Share of O(rate_limit) that is used at the most, so that others have their part.
    type: int
    default: 80
  rate_limit_backend:
    description:
      - Where the requests are counted.
      - V(file) counts all processes of this user on this machine together, V(memory) each process alone.
      - A V(redis://) URL counts several machines together, and needs the Python library C(redis).
    type: str
    default: file
  concurrency:
    description: Writes to different objects that may be under way at the same time.
    type: int
    default: 8
  retries:
    description: How often a request is tried again after a passing failure.
    type: int
    default: 4
requirements:
  - descope >= 2.16
  - pyrate-limiter >= 4.1
  - filelock >= 3.12
  - PyYAML >= 6
"""

    #: The same options for plugins, which name their environment variables themselves.
    PLUGINS = r"""
options:
  project_id:
    env:
      - name: DESCOPE_PROJECT_ID
    vars:
      - name: descope_project_id
  management_key:
    env:
      - name: DESCOPE_MANAGEMENT_KEY
    vars:
      - name: descope_management_key
  base_url:
    env:
      - name: DESCOPE_BASE_URL
      - name: DESCOPE_BASE_URI
    vars:
      - name: descope_base_url
  validate_certs:
    vars:
      - name: descope_validate_certs
  ca_path:
    vars:
      - name: descope_ca_path
  timeout:
    vars:
      - name: descope_timeout
  rate_limit:
    vars:
      - name: descope_rate_limit
  rate_limit_period:
    vars:
      - name: descope_rate_limit_period
  rate_limit_percent:
    vars:
      - name: descope_rate_limit_percent
  rate_limit_backend:
    vars:
      - name: descope_rate_limit_backend
  retries:
    vars:
      - name: descope_retries
"""
