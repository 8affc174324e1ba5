# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.module_utils._flow_source import where
from ansible_collections.pcc.identity.plugins.plugin_utils._flow_action import FlowActionBase, paths_of_templates


class ActionModule(FlowActionBase):
    """Resolves the entries of the list. What is not as documented is left for the module to report."""

    def prepare(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with definitions in place of files and templates."""
        entries = options.get("flows")
        if not isinstance(entries, list):
            return options
        paths = paths_of_templates(options, variables)
        found: list[t.Any] = []
        problems: list[Problem] = []
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                found.append(entry)
                continue
            resolved, wrong = self.resolved(entry, paths, where(index, entry), variables)
            found += resolved
            problems += wrong
        if problems:
            raise Problems(problems)
        return {**options, "flows": found}
