# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The guards of the modules that take a list of roles or permissions."""

    DOCUMENTATION = r"""
options:
  actions:
    description:
      - Which of the changes to make. The others are left to another task, and are not in the result. So one task can
        create what others need, and another one delete it when nothing needs it any more.
    type: list
    elements: str
    choices: [create, update, delete]
    default: [create, update, delete]
  allow_empty:
    description:
      - Whether an empty list together with O(prune=true) is meant, and may delete all that O(max_deletes) and
        O(max_delete_percent) let go.
    type: bool
    default: false
  max_deletes:
    description:
      - How many one run may delete, listed ones with C(state=absent) included. With more, nothing is written.
    type: int
    default: 5
  max_delete_percent:
    description:
      - How much of what is live one run may delete. With more, nothing is written. One deletion is always let through;
        V(100) turns this limit off.
    type: int
    default: 10
  on_error:
    description:
      - Whether to go on with the other entries after one has failed. The task fails in both cases.
      - Even with V(continue) the run stops at a failure that every other entry would meet too, like a rejected key.
    type: str
    choices: [continue, stop]
    default: continue
notes:
  - Writes are sent one after the other, since the service answers conflicts to some that come side by side. An
    O(concurrency) above V(1) makes no difference.
  - After a failure run the same play again. What is done is left alone, and the rest is tried.
"""
