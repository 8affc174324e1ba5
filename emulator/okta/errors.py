# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Okta's API: only the code is for programs, the summary may be in any language [DOC core-okta-api]."""

from __future__ import annotations

import secrets
from typing import Any

from ..errors import ServiceError
from ..switches import Switches

VALIDATION = "E0000001"
MALFORMED = "E0000003"
NO_ACCESS = "E0000006"
NOT_FOUND = "E0000007"
INTERNAL = "E0000009"
BAD_TOKEN = "E0000011"  # noqa: S105
METHOD = "E0000022"
BAD_SEARCH = "E0000031"
TOO_MANY = "E0000047"

# English as in the documentation's list of codes [DOC error-codes.json], French as it was seen for E0000006 or in
# the same manner.
_SUMMARIES = {
    VALIDATION: ("Api validation failed: {0}", "La validation de l'API a échoué : {0}"),
    MALFORMED: ("The request body was not well-formed.", "Le corps de la demande n'était pas bien formé."),
    NO_ACCESS: (
        "You do not have permission to perform the requested action",
        "Vous n'êtes pas autorisé à effectuer l'action demandée",
    ),
    NOT_FOUND: ("Not found: Resource not found: {0}", "Introuvable : ressource introuvable : {0}"),
    INTERNAL: ("Internal Server Error", "Erreur interne du serveur"),
    BAD_TOKEN: ("Invalid token provided", "Jeton fourni non valide"),
    METHOD: (
        "The endpoint does not support the provided HTTP method",
        "Le point de terminaison ne prend pas en charge la méthode HTTP fournie",
    ),
    BAD_SEARCH: ("Invalid search criteria.", "Critères de recherche non valides."),
    TOO_MANY: (
        "API call exceeded rate limit due to too many requests.",
        "L'appel d'API a dépassé la limite en raison d'un nombre trop élevé de demandes.",
    ),
}
_BY_STATUS = {400: VALIDATION, 401: BAD_TOKEN, 403: NO_ACCESS, 404: NOT_FOUND, 405: METHOD, 429: TOO_MANY}


def error(status: int, code: str = "", about: str = "") -> ServiceError:
    """An error by its status, or with a code of its own; ``about`` is for the summary."""
    return ServiceError(status, code or _BY_STATUS.get(status, INTERNAL), about)


def body(problem: ServiceError, switches: Switches) -> dict[str, Any]:
    """The JSON body of an error."""
    english, french = _SUMMARIES.get(problem.code, _SUMMARIES[INTERNAL])
    summary = (french if switches["okta_language"] == "fr" else english).replace("{0}", problem.description)
    return {
        "errorCode": problem.code,
        "errorSummary": summary,
        "errorLink": problem.code,
        "errorId": "oae" + secrets.token_urlsafe(16),
        "errorCauses": [],
    }
