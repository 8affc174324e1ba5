#!/usr/bin/python
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: descope_theme
short_description: Deploy the theme of a Descope project
version_added: 0.1.0
author:
  - pcc.identity authors (@pcc)
description:
  - Makes the theme (the styles) of a project have all that a definition says. A theme that has it is not written again.
  - What the theme has besides is left as it is, and told as RV(unmanaged).
extends_documentation_fragment:
  - pcc.identity.safety.backup
  - pcc.identity.connection
  - pcc.identity.attributes
options:
  src:
    description:
      - The file that the definition is read from, on the controller. An export of the theme as the Descope console or
        the C(descope) command line tool writes it, in v2 or v1 form; the file with the styles in a project snapshot; or
        a backup of this collection.
      - A relative path is looked for like those of M(ansible.builtin.copy), and then next to the inventory. A file
        encrypted by Ansible Vault is decrypted.
      - Exactly one of O(src) and O(definition) must be given.
    type: path
  definition:
    description:
      - The definition itself, in any of the forms that O(src) takes. It need not have more than what shall be certain,
        for instance one color.
    type: dict
  only_project:
    description:
      - Id of the only project that this definition may be deployed to. It is filled in when the definition comes from a
        backup.
    type: str
  diff_detail:
    description:
      - How much a diff shows. V(summary) is only what changes, V(full) all styles.
    type: str
    choices: [summary, full]
    default: summary
notes:
  - Only styles are compared. C(componentsVersion), C(version), C(id), C(references) and empty values never count as a
    difference.
  - In O(definition), null and an object with nothing in it ask for nothing. An empty text and an empty list clear a
    value. Lists are replaced as a whole.
  - Styles cannot be removed with this module, nor can the theme. The service has kept styles that an import does not
    mention since September 2026, and dropped them before; the module sends the live ones along, so that either way
    nothing is lost. Remove styles in the Descope console.
  - The theme is read back after it was written. If it is not what was sent, the old one is put back, and the task
    fails.
seealso:
  - module: pcc.identity.descope_flows
  - plugin: pcc.identity.descope_info
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Deploy a theme that was exported from the console
  pcc.identity.descope_theme:
    project_id: "{{ descope_project_id }}"
    management_key: "{{ descope_management_key }}"
    src: theme.json

- name: Make sure of the color of buttons, and leave all else as it is
  pcc.identity.descope_theme:
    definition:
      styles:
        light:
          components:
            button:
              mode:
                primary:
                  --descope-button-main: "#0C6CE9"

- name: Preview a theme
  pcc.identity.descope_theme:
    src: theme.json
  check_mode: true
  diff: true
"""

RETURN = r"""
theme:
  description:
    - The theme as it was read last, or in check mode as it would be.
    - Its styles are given by P(pcc.identity.descope_info#lookup).
  returned: when the theme could be read
  type: dict
  contains:
    components_version:
      description: Version of the components that the theme is made for. The service sets it.
      type: str
      sample: 3.18.2
    modes:
      description: The modes that it has.
      type: list
      elements: str
      sample: [dark, light]
    components:
      description: The components that it has styles for, in any mode.
      type: list
      elements: str
      sample: [button, container, link]
changes:
  description:
    - What changed, or in check mode would change, by dotted name. An object that is new is named without what is in it.
    - When there is too much to name, the objects that hold it are named.
  returned: when the theme could be read
  type: list
  elements: str
  sample: [light.components.button.mode.primary, light.components.link.--descope-link-text-color]
unmanaged:
  description: What the theme had before that the definition does not mention, named like RV(changes).
  returned: when the theme could be read
  type: list
  elements: str
  sample: [dark, light.components.logo]
msg:
  description: What became of the theme.
  returned: always
  type: str
  sample: "theme: updated"
requests:
  description: What was sent to the service.
  returned: when the theme could be read
  type: dict
  contains:
    reads:
      description: Requests that read.
      type: int
      sample: 3
    writes:
      description: Requests that wrote.
      type: int
      sample: 1
    retries:
      description: How many of them were sent again.
      type: int
      sample: 0
    waited_seconds:
      description: Seconds that workers waited for the rate limit, added up over all that wait side by side.
      type: float
      sample: 0.0
backup_file:
  description: The backup that was made before the theme was written. It holds the theme as it was.
  returned: when the theme was to be written
  type: str
  sample: /home/me/.local/state/pcc-identity/backups/P2abc/20261121T094500Z-theme-1f2e3d4c.json
rollback:
  description:
    - The command that puts the theme back as it was, except that styles which were added stay.
  returned: when the theme changed
  type: str
  sample: >-
    ansible-playbook -i inventories/example --limit acme_dev pcc.identity.rollback_theme
    -e descope_backup_file=20261121T094500Z-theme-1f2e3d4c.json
error_code:
  description: Stable word for the kind of the failure.
  returned: failure
  type: str
  sample: undone
hint:
  description: The next step.
  returned: failure, where there is one beyond what RV(msg) says
  type: str
problems:
  description: Everything wrong with the input, each with C(where), C(field) and C(message).
  returned: when the input is bad
  type: list
  elements: dict
"""

from ansible_collections.pcc.identity.plugins.module_utils._run import run
from ansible_collections.pcc.identity.plugins.module_utils._theme_run import argument_spec, check, manage


def main() -> None:
    """Run the module."""
    run(argument_spec(), check, manage)


if __name__ == "__main__":
    main()
