# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Descope management API.

Facts carry the tag of their source: PY, GO, NODE, JAVA, NET, RUBY are Descope's SDKs and their tests, OAS its
OpenAPI file, TF its Terraform provider, TF3 a community one, CLI its command line tool. (T) was seen in a test
against the real service, (S) is stated by such a source, (I) is inferred, (G) is a guess. What is (I) or (G) and
matters to a client is a switch (see ``emulator/switches.py``).
"""

from __future__ import annotations

from .service import DescopeService

__all__ = ["DescopeService"]
