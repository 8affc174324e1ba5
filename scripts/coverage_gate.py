# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails if the unit tests run too few lines of plugins/.

coverage_gate.py COVERAGE.json
"""

from __future__ import annotations

import json
import pathlib
import sys

# Percent of all lines of plugins/ together.
TOTAL = 90

# Every line of these: they decide what is written to the service, and what the preview says.
FULL = (
    "plugins/module_utils/_backup_retention.py",
    "plugins/module_utils/_backup_secrets.py",
    "plugins/module_utils/_diff.py",
    "plugins/module_utils/_flow_diff.py",
    "plugins/module_utils/_flow_forms.py",
    "plugins/module_utils/_flow_graph.py",
    "plugins/module_utils/_flow_normal.py",
    "plugins/module_utils/_flow_plan.py",
    "plugins/module_utils/_flow_references.py",
    "plugins/module_utils/_flow_rules.py",
    "plugins/module_utils/_okta_links.py",
    "plugins/module_utils/_okta_model.py",
    "plugins/module_utils/_plan.py",
    "plugins/module_utils/_rbac_model.py",
    "plugins/module_utils/_rbac_plan.py",
    "plugins/module_utils/_rbac_rules.py",
    "plugins/module_utils/_replace.py",
    "plugins/module_utils/_team_plan.py",
    "plugins/module_utils/_team_report.py",
    "plugins/module_utils/_team_rules.py",
    "plugins/module_utils/_tenant_fields.py",
    "plugins/module_utils/_tenant_plan.py",
    "plugins/module_utils/_tenant_rules.py",
    "plugins/module_utils/_theme.py",
    "plugins/plugin_utils/_team_sync.py",
    "plugins/plugin_utils/_team_sync_metrics.py",
    "plugins/plugin_utils/_team_sync_report.py",
    "plugins/plugin_utils/_transaction.py",
)


def check(report: dict, root: pathlib.Path) -> list[str]:
    """Return what is wrong with coverage's JSON report about the project in root."""
    problems = []
    totals = report["totals"]
    # Counted here: coverage's own figure is rounded.
    percent = 100 * totals["covered_lines"] / totals["num_statements"] if totals["num_statements"] else 0
    if percent < TOTAL:
        problems.append(f"plugins/: {percent:.2f} % of the lines covered, {TOTAL} % wanted")
    for path in FULL:
        if path not in report["files"]:
            problems.append(f"{path}: not measured; is it still there?")
        elif missing := report["files"][path]["missing_lines"]:
            problems.append(f"{path}: every line must be covered; missing: {', '.join(map(str, missing))}")
        elif "pragma: no cover" in (root / path).read_text(encoding="utf-8"):
            problems.append(f"{path}: nothing may be left out with a pragma")
    return problems


def main(path: str) -> int:
    report = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    problems = check(report, pathlib.Path(__file__).parents[1])
    for problem in problems:
        print(f"coverage: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
