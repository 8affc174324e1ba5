# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the Descope management API.

Body: ``errorCode`` and ``errorDescription`` always, ``errorMessage`` and ``message`` optional [JAVA ErrorDetails,
RUBY and NET samples (T)].
"""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..switches import Switches
from ..wire import Reply

MALFORMED = "E011001"  # GO errors.go (S)
MISSING_ARGUMENTS = "E011002"  # GO errors.go (S)
INVALID_REQUEST = "E011003"  # GO errors.go (S), texts by NET TenantTests (T)
INVALID_ARGUMENTS = "E011004"  # GO errors.go (S)
SCOPES = "E011005"  # node-sdk commit (S)
UNKNOWN_PROJECT = "E011008"  # CLI crud.go, TF3 (S)
LAST_PROJECT = "E073008"  # TF3 tests/integration/harness.go (T)
NO_LICENSE = "E111703"  # TF3 (T)
TENANT_NOT_FOUND = "E112202"  # TF internal/infra/tenant.go (S)
RATE_LIMIT = "E130429"  # GO, PY tests (S)
# No source tells the codes below (G); they are far from any known one, so that no client learns them by heart.
INVALID_KEY = "E119001"
UNDECLARED_ATTRIBUTE = "E119002"
UNKNOWN_ROLE = "E119003"
HAS_SUCCESSORS = "E119004"
UNKNOWN_PARENT = "E119005"
ATTRIBUTE_NOT_FOUND = "E119006"
FLOW_NOT_FOUND = "E119007"
BUILTIN_FLOW = "E119008"
LIST_NOT_FOUND = "E119009"
UNKNOWN_PERMISSION = "E119010"
BUILTIN_PERMISSION = "E119011"
BAD_SNAPSHOT = "E119012"
OTHER = "E119000"

_GRPC = {400: (3, "Bad Request"), 404: (5, "Not Found"), 405: (12, "Method Not Allowed"), 501: (12, "Not Implemented")}


def body(error: ServiceError, switches: Switches) -> dict[str, Any]:
    """The JSON body of an error."""
    value = {"errorCode": error.code, "errorDescription": error.description}
    if switches["error_text"] == "full":
        text = error.message or error.description
        value |= {"errorMessage": text, "message": text}
    return value


def gateway(status: int, text: str = "") -> Reply:
    """An error of the HTTP gateway in front of the service, without any of Descope's keys (G)."""
    code, default = _GRPC.get(status, (2, "Unknown"))
    return Reply.json({"code": code, "message": text or default, "details": []}, status)


def unknown_path(status: int, switches: Switches) -> Reply:
    """The reply to a path or a method that the deployment does not have."""
    style = switches["unknown_path"]
    if style == "html":
        return Reply.html(f"{status} {_GRPC[status][1]}", status)
    if style == "descope":
        error = ServiceError(status, MALFORMED, "Request is malformed", "Unknown path")
        return Reply.json(body(error, switches), status)
    return gateway(status)


def field_required(name: str) -> ServiceError:
    """NET TenantTests asserts "The name field is required" and "The id field is required" (T)."""
    return ServiceError(400, INVALID_REQUEST, "Request is invalid", f"The {name} field is required")


def invalid_argument(text: str) -> ServiceError:
    """A value that the service would not take."""
    return ServiceError(400, INVALID_ARGUMENTS, "Invalid arguments", text)


def tenant_not_found(tenant_id: str, switches: Switches) -> ServiceError:
    """E112202; the status 404 is inferred from what the providers treat as not found."""
    status = int(switches["tenant_not_found_status"])
    return ServiceError(status, TENANT_NOT_FOUND, "Tenant not found", f"Cannot find tenant {tenant_id}")


def flow_not_found(flow_id: str, status: int) -> ServiceError:
    """TF3 expects 404 (I); the code is unknown (G)."""
    return ServiceError(status, FLOW_NOT_FOUND, "Flow not found", f"Cannot find flow {flow_id}")


def role_not_found(what: str, switches: Switches) -> ServiceError:
    """RUBY's role spec rescues NotFound (I); the code is unknown (G)."""
    status = int(switches["role_not_found_status"])
    return ServiceError(status, UNKNOWN_ROLE, "Role not found", f"Cannot find role {what}")


def permission_not_found(what: str, switches: Switches) -> ServiceError:
    """By analogy with roles (G)."""
    status = int(switches["role_not_found_status"])
    return ServiceError(status, UNKNOWN_PERMISSION, "Permission not found", f"Cannot find permission {what}")


def duplicate(text: str, switches: Switches) -> ServiceError:
    """An id, a name or a domain that is taken. TF3 80feda9 saw 400 for a domain (T), the code is unknown."""
    status = int(switches["duplicate_status"])
    return ServiceError(status, str(switches["duplicate_code"]), "Already exists", text)
