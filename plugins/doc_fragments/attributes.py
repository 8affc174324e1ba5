# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of the action group does alike."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode and then reports what it would change, without a single write.
  diff_mode:
    support: full
    description: Returns what has changed, or in check mode would change. Both modes report the same difference.
  idempotent:
    support: full
    description: Running it a second time changes nothing.
  action_group:
    support: full
    description: Use C(group/pcc.identity.descope) in C(module_defaults) to give the connection options once.
    membership:
      - pcc.identity.descope
"""
