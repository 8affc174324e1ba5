# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._errors import Problem, Problems
from ansible_collections.pcc.identity.plugins.plugin_utils._flow_action import FlowActionBase, paths_of_templates


class ActionModule(FlowActionBase):
    """Resolves the one flow that the module's own options are."""

    def prepare(self, options: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with a definition in place of a file or a template."""
        paths = paths_of_templates(options, variables)
        resolved, problems = self.resolved(options, paths, "", variables)
        if not problems and len(resolved) != 1:
            problems = [
                Problem("", "src", f"holds {len(resolved)} flows: give id, or use descope_flows for all of them.")
            ]
        if problems:
            raise Problems(problems)
        return resolved[0]
