# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.
"""The collection's version, sent as User-Agent; a test keeps it equal to galaxy.yml."""

from __future__ import annotations

VERSION = "0.1.0"
