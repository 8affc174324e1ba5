# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Okta's management API that reads groups and their members, and its tokens.

Facts carry the tag of their source: OAS is Okta's OpenAPI file, DOC its developer documentation, SDK its client for
Python. What no source settles is a switch (see ``OKTA_SWITCHES`` in ``emulator/switches.py``).
"""

from __future__ import annotations

from .service import OktaService

__all__ = ["OktaService"]
