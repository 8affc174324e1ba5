# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a handler gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..switches import Switches
from ..wire import Request
from . import errors
from .model import Project, Tenant

if TYPE_CHECKING:
    from .service import Company

COMPANY = "company"


@dataclass(slots=True)
class Call:
    """One authorised call. ``project`` is the one in the bearer; a company call made with a bare key has none."""

    company: Company
    switches: Switches
    request: Request
    key: str
    body: dict[str, Any]
    project_or_none: Project | None
    clock: Callable[[], float]

    @property
    def project(self) -> Project:
        """The project of a project-scoped call."""
        assert self.project_or_none is not None
        return self.project_or_none

    def tenant(self, tenant_id: str, field: str = "id") -> Tenant:
        """The tenant with that id, or the error that the service answers."""
        if not tenant_id:
            raise errors.field_required(field)
        tenant = self.project.tenants.get(tenant_id)
        if tenant is None:
            raise errors.tenant_not_found(tenant_id, self.switches)
        return tenant
