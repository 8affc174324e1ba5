# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import textwrap
import typing as t

# The options of one flow, as plugins/module_utils/_flow_run.py knows them. They are written once, and stand at the top
# of descope_flow and below O(flows) of descope_flows.
_OPTIONS = r"""
id:
  description:
    - Id of the flow, as applications name it. Without it, the C(flowId) of the definition is taken.
  type: str
name:
  description:
    - Name of the flow, in place of the one that the definition says.
  type: str
description:
  description:
    - Description of the flow, in place of the one that the definition says.
  type: str
disabled:
  description:
    - Whether the flow cannot be run, in place of what the definition says.
  type: bool
state:
  description:
    - Whether the flow shall be there. A flow is saved to a backup before it is deleted.
  type: str
  choices: [present, absent]
  default: present
src:
  description:
    - The file that the definition is read from, on the controller. An export as the Descope console or the C(descope)
      command line tool writes it, in v2 or v1 form; the export of a widget, of which O(@@id) says which flow is
      meant; the folder of a flow in a project snapshot; or a backup of this collection.
    - A relative path is looked for like those of M(ansible.builtin.copy), and then next to the inventory. A file
      encrypted by Ansible Vault is decrypted.
    - From a backup without O(@@id), all its flows are taken. A flow that the backup says was not there is deleted.
    - Only one of O(@@src), O(@@definition) and O(@@template) can be given. With none of them, the flow must exist, and
      only O(@@name), O(@@description) and O(@@disabled) are changed.
  type: path
definition:
  description:
    - The definition itself, in any of the forms that O(@@src) takes as one JSON file.
  type: dict
template:
  description:
    - Name of the flow template that the definition is made from. See O(template_paths).
  type: str
config:
  description:
    - Values for the options of O(@@template). Unknown options and wrong values are reported with the allowed ones.
  type: dict
connectors:
  description:
    - Connectors of this project to use, by the name that the definition has for them. The value is a connector's name
      or id.
    - A connector without an entry here is matched by its name.
  type: dict
roles:
  description:
    - Roles of this project to use, by the name that the definition has for them. The value is a role's name or id.
    - A role without an entry here is matched by its name.
  type: dict
allow_breaking_changes:
  description:
    - Whether users may lose a screen, a step, a sign-in method or the start step of the flow, because it is removed or
      because nothing leads to it any more. Otherwise nothing is written, and the message names them.
  type: bool
  default: false
allow_missing_fallback:
  description:
    - Whether the flow may ask for a second factor without offering another method in its place. Whoever cannot use
      the only method is locked out.
  type: bool
  default: false
only_project:
  description:
    - Id of the only project that this definition may be deployed to. It is filled in when O(@@src) is a backup.
  type: str
"""

_COMMON = r"""
template_paths:
  description:
    - Folders of flow templates on the controller, each template a folder of its own. They are searched in this order,
      then the folders C(flow_templates) next to the inventory and next to the playbook, then those that come with the
      collection.
  type: list
  elements: path
  default: []
expected_roles:
  description:
    - Names of roles that an earlier task of the play makes. In check mode, where that task has not made them, they
      count as if they were there. Otherwise this changes nothing.
  type: list
  elements: str
  default: []
diff_detail:
  description:
    - How much a diff shows. V(summary) tells steps, screens, conditions, connectors, roles and sign-in methods by name,
      and what changes in them; V(full) shows the whole normalised definitions.
  type: str
  choices: [summary, full]
  default: summary
"""

_SOURCE = """
source:
  description:
    - Where this entry comes from, such as a file or a host. It is used in messages only.
  type: str
"""


def _options(prefix: str, indent: int) -> str:
    return textwrap.indent(_OPTIONS.replace("@@", prefix), " " * indent)


class ModuleDocFragment:
    """The options of a flow, for one flow and for a list of flows, and those of both modules."""

    DOCUMENTATION: t.ClassVar[str]
    LIST: t.ClassVar[str]
    COMMON: t.ClassVar[str]


# Set here, since the sanity tests take what stands in the class for literal text.
ModuleDocFragment.DOCUMENTATION = "options:" + _options("", 2)
ModuleDocFragment.LIST = (
    "options:\n  flows:\n    suboptions:" + _options("flows[].", 6) + textwrap.indent(_SOURCE, " " * 6)
)
ModuleDocFragment.COMMON = "options:" + textwrap.indent(_COMMON, "  ")
