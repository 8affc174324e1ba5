# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stateful emulator of the services that pcc.identity manages.

``python -m emulator --help`` starts it. Nothing here needs Ansible. The parts:

* ``wire``, ``pipeline``, ``server``: how a request comes in and a reply goes out;
* ``limits``, ``faults``, ``request_log``, ``state``, ``control``: the machinery every emulated service shares;
* ``switches``: behaviours that no public source settles, each with all its plausible answers;
* ``descope``: the emulated Descope management API, one file per family of calls;
* ``okta``, ``grafana``: the parts of their APIs that are about groups, teams and members;
* ``testing``: helpers that start an emulator from a test.
"""

from __future__ import annotations
