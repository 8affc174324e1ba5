#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_log_info
short_description: Tell whether an audit log is as it was written
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Follows the chain of hashes through all files of a log that P(pcc.identity.audit_log#callback) has written, and
    tells every place where a line was changed, removed, added or moved.
  - A broken chain does not fail the task. The playbook C(pcc.identity.verify_audit_log) does fail then.
options:
  path:
    description:
      - The newest file of the log. The older ones and the head file are found next to it.
      - By default C(pcc-identity/audit/audit.jsonl) in E(XDG_STATE_HOME), which is C(~/.local/state) if not set.
    type: path
  expected:
    description:
      - Lines that are known from elsewhere to be in the log, like those that runs print at their end.
      - Whoever can write to the log can also write all of it anew, with hashes that fit. Only this shows it.
    type: list
    elements: dict
    default: []
    suboptions:
      seq:
        description: Number of the line in the whole log.
        type: int
        required: true
      hash:
        description: Its hash.
        type: str
        required: true
attributes:
  check_mode:
    support: full
    description: Never changes anything.
  diff_mode:
    support: none
    description: There is nothing to show.
requirements:
  - filelock >= 3.12, unless the log is a copy that cannot be written to
seealso:
  - plugin: pcc.identity.audit_log
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Check the audit log
  pcc.identity.audit_log_info:
  register: audit_log

- name: Fail if it is not as it was written
  ansible.builtin.assert:
    that: audit_log.intact
    fail_msg: "{{ audit_log.msg }}"

- name: Check a copy of the log against the end that a pipeline has printed
  pcc.identity.audit_log_info:
    path: /srv/evidence/audit.jsonl
    expected:
      - seq: 118
        hash: 5c4bd2ea501eeead827546a4959a2f071cba12c26c8c7f1500e4264a4ce9f3ba
"""

RETURN = r"""
intact:
  description: Whether nothing is wrong.
  returned: when the log could be read
  type: bool
breaks:
  description: Every place where the chain is broken, in the order of the log.
  returned: when the log could be read
  type: list
  elements: dict
  contains:
    file:
      description: Name of the file.
      type: str
      sample: audit.jsonl.1
    line:
      description: Number of the line in that file. For lines cut off at the end, the last one there is.
      type: int
      sample: 17
    message:
      description: What is wrong there.
      type: str
      sample: "was changed: its hash does not fit what it says"
lines:
  description: How many lines there are.
  returned: when the log could be read
  type: int
  sample: 118
files:
  description: Names of the files, oldest first.
  returned: when the log could be read
  type: list
  elements: str
  sample: [audit.jsonl.1, audit.jsonl]
last:
  description: Number and hash of the last line that could be understood. Keep them elsewhere, for O(expected).
  returned: when the log could be read
  type: dict
  sample: {seq: 118, hash: 5c4bd2ea501eeead827546a4959a2f071cba12c26c8c7f1500e4264a4ce9f3ba}
notes:
  description: What is worth knowing, but no damage.
  returned: when the log could be read
  type: list
  elements: str
path:
  description: The newest file of the log.
  returned: when the log could be read
  type: str
msg:
  description: The result in words, with the first of RV(breaks).
  returned: always
  type: str
error_code:
  description: Stable word for the kind of the failure.
  returned: failure
  type: str
  sample: no_audit_log
"""

import typing as t

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.pcc.identity.plugins.module_utils._audit_log import (
    AuditLog,
    Mark,
    Report,
    default_path,
    mark_from,
)
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.pcc.identity.plugins.module_utils._run import IdentityModule

#: How many breaks the message names.
_NAMED = 20


def result_of(path: str, report: Report) -> dict[str, t.Any]:
    """Return the module's result. Pure."""
    breaks = report.breaks
    if breaks:
        more = [f"- and {len(breaks) - _NAMED} more"] if breaks[_NAMED:] else []
        lines = [f"The audit log {path} is broken:", *(f"- {item}" for item in breaks[:_NAMED]), *more]
    else:
        count, files = len(report.files), "file" if len(report.files) == 1 else "files"
        end = f"line {report.last.seq} is the last one, its hash is {report.last.hash}"
        lines = [f"The audit log {path} is as it was written: {report.lines} lines in {count} {files}; {end}."]
    return {
        "intact": not breaks,
        "breaks": [item._asdict() for item in breaks],
        "lines": report.lines,
        "files": report.files,
        "last": report.last._asdict(),
        "notes": report.notes,
        "path": path,
        "msg": "\n".join([*lines, *report.notes]),
    }


def _anchors(module: IdentityModule) -> list[Mark]:
    try:
        return [mark_from(value) for value in module.params["expected"]]
    except ValueError as error:
        module.fail_json(msg=f"expected: {error}", error_code="invalid_option")


def main() -> None:
    """Run the module."""
    marks = {"seq": {"type": "int", "required": True}, "hash": {"type": "str", "required": True}}
    module = IdentityModule(
        {
            "path": {"type": "path"},
            "expected": {"type": "list", "elements": "dict", "default": [], "options": marks},
        }
    )
    anchors = _anchors(module)
    try:
        log = AuditLog(module.params["path"] or default_path())
        result = result_of(str(log.path), log.verify(anchors))
    except IdentityError as error:
        module.fail_json(msg=str(error), error_code=error.code)
    except ImportError as error:
        module.fail_json(msg=missing_required_lib(error.name or "filelock"), error_code="missing_library")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
