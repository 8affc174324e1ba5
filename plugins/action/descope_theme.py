# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problems
from ansible_collections.pcc.identity.plugins.module_utils._theme_run import resolve
from ansible_collections.pcc.identity.plugins.plugin_utils._flow_action import FlowActionBase


class ActionModule(FlowActionBase):
    """Reads the file with the theme, which is on the controller."""

    def prepare(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with a definition in place of a file."""
        if not options.get("src"):
            return options
        options, problems = self.located(options, "", variables)
        if not problems:
            resolved, problems = resolve(options, self.real_file)
            if resolved is not None:
                return resolved
        raise Problems(problems)
