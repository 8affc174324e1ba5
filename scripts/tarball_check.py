# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails if the collection's tarball lacks something, or holds what does not belong there.

tarball_check.py TARBALL
"""

from __future__ import annotations

import re
import sys
import tarfile

WANTED = (
    "CHANGELOG.rst",
    "LICENSE",
    "README.md",
    "docs/grafana/team-sync-dashboard.json",
    "emulator/__main__.py",
    "execution-environment.yml",
    "flow_templates/mfa-login/flow.json",
    "flow_templates/mfa-login/template.yml",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks/provision.yml",
    "playbooks/rollback_flow.yml",
    "playbooks/team_sync.yml",
    "playbooks/verify_audit_log.yml",
    "requirements.txt",
)

UNWANTED = re.compile(
    r"""
      (^|/)(\.venv[^/]*|\.git|\.ansible|\.hypothesis|\.[a-z]+_cache|__pycache__)(/|$)
    | ^tests/output(/|$) | ^collections(/|$) | \.py[co]$ | (^|/)\.coverage(\.|$) | \.plugin-cache\.yaml$ | \.tar\.gz$
    | (^|/)\.env$
    """,
    re.VERBOSE,
)


def check(names: list[str]) -> list[str]:
    """Return what is wrong with these paths in a tarball."""
    problems = [f"{name} is missing" for name in WANTED if name not in names]
    return problems + [f"{name} does not belong there" for name in names if UNWANTED.search(name)]


def main(path: str) -> int:
    with tarfile.open(path) as tarball:
        problems = check(tarball.getnames())
    for problem in problems:
        print(f"tarball: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
