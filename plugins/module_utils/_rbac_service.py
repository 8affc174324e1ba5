# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Reading and writing roles and permissions.

There is no reading of a single one, so lists are what is compared, before and after. Writes go one by one, and never by
the batch calls: with an empty filter, batch deletion deletes everything (contract, section 8, rows 31 and 33).
"""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, listed
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE, UPDATE
from ansible_collections.pcc.identity.plugins.module_utils._rbac_model import (
    PERMISSIONS,
    ROLES,
    Found,
    Kind,
    Observed,
    Values,
    found_of,
)
from ansible_collections.pcc.identity.plugins.module_utils._rbac_plan import RbacChange
from ansible_collections.pcc.identity.plugins.module_utils._surely import send_surely

_UNKNOWN_TENANT = "E112202"


class Conflict(IdentityError):
    """Something of that name exists already, and is not what was wanted.

    Attributes:
        ambiguous: True when it may nevertheless be this run that made it.
    """

    def __init__(self, change: RbacChange, names: t.Sequence[str], *, ambiguous: bool) -> None:
        made = ", and whether this run made it is not known" if ambiguous else ""
        super().__init__(
            "conflict",
            f"'{change.key}' could not be created: it exists by now, with other values of {', '.join(names)}{made}.",
            "Run again to see the difference first.",
        )
        self.ambiguous = ambiguous


class _Service:
    kind: Kind

    def __init__(self, client: Client) -> None:
        self._session = client.session

    def read(self) -> Found:
        """Return all of them by their keys, with one request.

        Raises:
            ServiceError: they could not be read; a plan from half a picture would be wrong.
        """
        found = found_of(self.kind, listed(self._session.get(self._path("all")).json(), self.kind.plural))
        if any(not live.name for live in found.values()):
            raise ServiceError("bad_response", f"The service lists a {self.kind.noun} without a name.", "Report this.")
        return found

    # Writing

    def write(self, change: RbacChange) -> Outcome:
        """Carry out one change, and say what took effect. Raises nothing but programming errors."""
        outcome = Outcome(change, change.id, STATUS[change.action], [], False)
        steps = {CREATE: self._create, UPDATE: self._update, DELETE: self._delete}
        try:
            if steps[change.action](change):
                outcome.applied, outcome.changed = change.fields, True
            else:
                outcome.status = "unchanged"
        except IdentityError as error:
            outcome.status, outcome.error = "failed", error
            outcome.changed = None if getattr(error, "ambiguous", False) else False
        except Exception as error:
            # Whatever it is, the account of the other writes must not be lost.
            outcome.status, outcome.changed = "failed", None
            outcome.error = IdentityError(
                "unexpected", f"{type(error).__name__}: {error}. Whether it took effect is not known.", "Report this."
            )
        return outcome

    def _create(self, change: RbacChange) -> bool:
        """Create one; return False if somebody else has just made the same."""

        def there(*, in_doubt: bool = True) -> bool:
            live = self.read().get(change.key)
            differing = self.kind.differing(change.after, live.values) if live else []
            if differing:
                raise Conflict(change, differing, ambiguous=in_doubt)
            return live is not None

        try:
            self._surely(lambda: self._post("create", change, self.kind.to_wire(change.after)), there, late=True)
        except ServiceError as error:
            if error.ambiguous or not self._after_refusal(error, lambda: there(in_doubt=False)):
                raise _with_hint(error, change) from error
            return False
        return True

    def _update(self, change: RbacChange) -> bool:
        def send() -> None:
            values = change.wanted
            if set(values) != set(self.kind.fields):
                # An update clears what it leaves out. Read just before, so that an edit made since the plan is not
                # undone.
                current = self.read().get(change.key) or t.cast(Observed, change.observed)
                values = {**current.values, **values}
            self._post("update", change, {"newName": change.name, **self.kind.to_wire(values)})

        def took_effect() -> bool:
            live = self.read().get(change.key)
            return live is not None and not self.kind.differing(change.after, live.values)

        self._surely(send, took_effect)
        return True

    def _delete(self, change: RbacChange) -> bool:
        def gone() -> bool:
            return change.key not in self.read()

        try:
            self._surely(lambda: self._post("delete", change, {}), gone)
        except ServiceError as error:
            if error.ambiguous or not self._after_refusal(error, gone):
                raise
        return True

    def _post(self, verb: str, change: RbacChange, body: Values) -> None:
        level = {"tenantId": change.tenant_id} if change.tenant_id else {}
        self._session.post(self._path(verb), body={"name": change.name, **level, **body})

    def _path(self, verb: str) -> str:
        return f"/v1/mgmt/{self.kind.noun}/{verb}"

    def _surely(self, send: t.Callable[[], object], took_effect: t.Callable[[], bool], *, late: bool = False) -> None:
        send_surely(send, took_effect, tries=self._session.tries, pause=self._session.pause_between_tries, late=late)

    @staticmethod
    def _after_refusal(error: ServiceError, is_so: t.Callable[[], bool]) -> bool:
        """Return whether a refused write was not needed any more; the status of such a refusal is not certain."""
        if error.stops_everything:
            return False
        try:
            return is_so()
        except ServiceError:
            raise error from None

    # Verifying

    def verify(self, outcomes: t.Sequence[Outcome]) -> Found:
        """Read back what was written, and turn each outcome that did not hold into a failed one.

        One list request does it, unless the list lags behind: then it is read again until it shows what was written,
        so that the next run does not plan it a second time.

        Raises:
            ServiceError: reading back failed; the outcomes then say what the service has acknowledged.
        """
        attempt = 1
        while True:
            found = self.read()
            pending = [outcome for outcome in outcomes if outcome.applied and not self._holds(outcome, found)]
            if not pending or attempt >= self._session.tries:
                break
            self._session.pause_between_tries(attempt)
            attempt += 1
        for outcome in pending:
            self._settle(outcome, found.get(outcome.change.key))
        return found

    def _holds(self, outcome: Outcome, found: Found) -> bool:
        live = found.get(outcome.change.key)
        if outcome.change.action == DELETE or live is None:
            return live is None and outcome.change.action == DELETE
        return not self.kind.differing(outcome.change.after, live.values)

    def _settle(self, outcome: Outcome, live: Observed | None) -> None:
        """Turn an outcome that does not hold into a failed one that says what is there instead."""
        change = outcome.change
        if live is None:
            outcome.applied, outcome.changed = [], None
            text = "the service accepted it, but does not list it: whether it took effect is not known"
        elif change.action == DELETE:
            outcome.applied, outcome.changed = [], False
            text = f"the service accepted the deletion, but the {self.kind.noun} is still there"
        else:
            lost = self.kind.differing(change.after, live.values)
            outcome.applied = [name for name in outcome.applied if name not in lost]
            before = {name: change.before.get(name, self.kind.fields[name].clean(None)) for name in lost}
            outcome.read_back = {name: live.values[name] for name in self.kind.differing(before, live.values)}
            outcome.changed = bool(outcome.effects)
            details = (f"{name} reads back as {live.values[name]!r} instead of {change.after[name]!r}" for name in lost)
            text = f"the service accepted the write, but {'; '.join(details)}"
        outcome.status = "failed"
        outcome.error = ServiceError("not_applied", f"{text}.", "Report this if it happens again.")


class PermissionService(_Service):
    """The permissions of one project, over one client."""

    kind = PERMISSIONS


class RoleService(_Service):
    """The roles of one project and of its tenants, over one client."""

    kind = ROLES


def _with_hint(error: ServiceError, change: RbacChange) -> ServiceError:
    if error.service_code == _UNKNOWN_TENANT and not error.hint:
        error.hint = f"Create the tenant '{change.tenant_id}' first (descope_tenants)."
    return error
