# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Typed errors: what was wrong, where, and the next step.

Everything below the modules and plugins raises L(Problems) or L(ServiceError); only the outermost layer
(C(_run.py) for modules, the lookup's C(run)) turns them into Ansible's own failures.
"""

from __future__ import annotations

import dataclasses
import typing as t

KEYS_HINT = (
    "Management keys are made in the Descope console under Company > Management Keys; the key must be allowed to use "
    "this project. Give it as management_key or in DESCOPE_MANAGEMENT_KEY, and the project as project_id or in "
    "DESCOPE_PROJECT_ID."
)


class IdentityError(Exception):
    """Base of all errors of this collection.

    Attributes:
        code: stable, machine-readable word, for example C(unauthorized); becomes C(error_code) of a result.
        message: one sentence that says what was wrong and where.
        hint: the next step, or an empty string.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    @property
    def stops_everything(self) -> bool:
        """True when the next request would fail for the same reason, so that going on makes no sense.

        A refusal for lack of permission does not count: it may be about one kind of write only.
        """
        return self.code in {"unauthorized", "unreachable", "tls", "rate_limited", "rate_limit_backend"}


class ServiceError(IdentityError):
    """The service, or the way to it, answered something else than success.

    Attributes:
        status: HTTP status, or None when no reply arrived.
        service_code: C(errorCode) of the reply (for example C(E112202)), or an empty string.
        ambiguous: True when a write may or may not have taken effect, so that it has to be read back.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        service_code: str = "",
        ambiguous: bool = False,
    ) -> None:
        super().__init__(code, message, hint)
        self.status = status
        self.service_code = service_code
        self.ambiguous = ambiguous


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing wrong with the input: where it stands, and what to do.

    Attributes:
        where: the object, for example C(tenant 'acme'), or an empty string for an option of the module itself.
        field: the option's name.
        message: what is wrong and what to do.
    """

    where: str
    field: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.field, self.message) if part)


class Problems(IdentityError):
    """Bad input: all problems found, reported together, before anything was written."""

    def __init__(self, problems: t.Sequence[Problem], *, code: str = "invalid_input", hint: str = "") -> None:
        self.problems = list(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        lines = "\n".join(f"- {problem}" for problem in self.problems)
        super().__init__(code, f"{head} in the input, nothing was written:\n{lines}", hint)
