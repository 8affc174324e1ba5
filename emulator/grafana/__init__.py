# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of Grafana's HTTP API that is about teams, organisations and users.

Facts carry the tag of their source: SRC is Grafana's own code, DOC its documentation of the HTTP API. What differs
between versions, or no source settles, is a switch (see ``GRAFANA_SWITCHES`` in ``emulator/switches.py``).
"""

from __future__ import annotations

from .service import GrafanaService

__all__ = ["GrafanaService"]
