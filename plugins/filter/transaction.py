# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.plugin_utils._commands import restore, retry
from ansible_collections.pcc.identity.plugins.plugin_utils._transaction import account_of, plan_of


class FilterModule:
    """What the role provision needs to know about a run over several kinds of objects."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {
            "provision_plan": plan_of,
            "provision_account": account_of,
            "provision_retry": retry,
            "provision_restore": restore,
        }
