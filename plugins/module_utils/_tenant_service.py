# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Reading and writing tenants.

Every write here is one that may be sent twice: after a failure that leaves open whether it took effect, the tenant is
read back, and a write that took effect counts as done.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils import _tenant_fields as fields
from ansible_collections.pcc.identity.plugins.module_utils._apply import STATUS, Outcome, in_parallel
from ansible_collections.pcc.identity.plugins.module_utils._client import Client, flat, listed
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._plan import CREATE, DELETE
from ansible_collections.pcc.identity.plugins.module_utils._tenant_model import Desired, Found, Observed
from ansible_collections.pcc.identity.plugins.module_utils._tenant_plan import TenantChange, reads_needed

#: What an update, which replaces the whole tenant, has to send along (contract 2.2 and 2.3).
_REPLACED = (
    "name selfProvisioningDomains customAttributes disabled enforceSSO enforceSSOExclusions federatedAppIds "
    "roleInheritance authType idJagSettings idJagEnabled"
).split()

_PATCH_ARGUMENTS = (
    "name self_provisioning_domains custom_attributes disabled enforce_sso enforce_sso_exclusions federated_app_ids "
    "role_inheritance"
).split()

_UNDECLARED_HINT = (
    "If a custom attribute is meant: it must be declared for tenants in the Descope console before a tenant can "
    "carry it."
)


class TenantService:
    """The tenants of one project, over one client. Thread-safe."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = client.session
        self._concurrency = client.connection.concurrency
        self._patch_known = threading.Lock()
        self._patch_exists: bool | None = None

    # Reading

    def read(self, desired: t.Sequence[Desired], *, prune: bool) -> Found:
        """Return all tenants, with one request, and whatever else a plan for C(desired) has to know.

        Raises:
            ServiceError: anything could not be read; a plan from half a picture would be wrong.
        """
        found = self.read_all()
        while True:
            reads = reads_needed(desired, found, prune=prune)
            if not reads.tenants:
                break
            loaded = in_parallel(self.load, sorted(reads.tenants), self._concurrency)
            found = Found({**found.tenants, **{tenant.id: tenant for tenant in loaded}})
        tenants = dict(found.tenants)
        settings = in_parallel(self._settings, sorted(reads.settings), self._concurrency)
        for tenant_id, raw in zip(sorted(reads.settings), settings, strict=True):
            tenants[tenant_id] = tenants[tenant_id].with_settings(raw)
        passwords = in_parallel(self._password, sorted(reads.password), self._concurrency)
        for tenant_id, raw in zip(sorted(reads.password), passwords, strict=True):
            tenants[tenant_id] = tenants[tenant_id].with_password(raw)
        return Found(tenants)

    def read_all(self) -> Found:
        """Return all tenants, with one request (C(/tenant/all) has no documented cap, C(/tenant/search) has one)."""
        raw = listed(self._client.tenant.load_all(), "tenants")
        tenants = [Observed.from_wire(item, complete=False) for item in raw]
        return Found({tenant.id: tenant for tenant in tenants})

    def load(self, tenant_id: str) -> Observed:
        """Return one tenant by its id.

        Raises:
            ServiceError: with the code C(not_found) if there is none.
        """
        return Observed.from_wire(flat(self._client.tenant.load(tenant_id), "tenant"), complete=True)

    def load_whole(self, tenant_id: str, steps: t.Collection[str]) -> Observed:
        """Return one tenant by its id, with its settings and password settings if C(steps) names them."""
        tenant = self.load(tenant_id)
        if fields.SETTINGS in steps:
            tenant = tenant.with_settings(self._settings(tenant_id))
        if fields.PASSWORD in steps:
            tenant = tenant.with_password(self._password(tenant_id))
        return tenant

    def to_backup(self, changes: t.Sequence[TenantChange]) -> dict[str, dict[str, t.Any] | None]:
        """Return what is there of the tenants that are about to change, by id, as it stands in backups.

        Of a tenant that is updated that is what the plan was made from. One that is deleted is read as a whole. One
        that is created has None, unless the service makes its id.

        Raises:
            ServiceError: anything could not be read.
        """
        found: dict[str, dict[str, t.Any] | None] = {change.id: None for change in changes if change.id}
        found.update({change.observed.id: change.observed.to_backup() for change in changes if change.observed})
        deleted = [change.observed for change in changes if change.action == DELETE and change.observed]
        found.update(self.whole_to_backup(deleted))
        return found

    def whole_to_backup(self, tenants: t.Sequence[Observed]) -> dict[str, dict[str, t.Any]]:
        """Return all there is of listed tenants, by id, as it stands in backups; see L(whole).

        Of one that somebody else has deleted meanwhile that is what the list had.

        Raises:
            ServiceError: anything could not be read.
        """
        found = in_parallel(self._whole_if_there, tenants, self._concurrency)
        return {tenant.id: tenant.to_backup() for tenant in found}

    def whole(self, tenant: Observed) -> Observed:
        """Return a listed tenant with all that is known of tenants: two requests, three if its list entry is short.

        Raises:
            ServiceError: with the code C(not_found) if it is gone.
        """
        tenant = self.load(tenant.id) if tenant.missing else tenant
        known = tenant.with_settings(self._settings(tenant.id)).with_password(self._password(tenant.id))
        # In settings the domains are only what the tenant has as well.
        return dataclasses.replace(known, values={**known.values, "domains": tenant.values["domains"]})

    def _whole_if_there(self, tenant: Observed) -> Observed:
        try:
            return self.whole(tenant)
        except ServiceError as error:
            if error.code == "not_found":
                return tenant  # somebody else was faster
            raise

    def _settings(self, tenant_id: str) -> dict[str, t.Any]:
        return flat(self._client.tenant.load_settings(tenant_id), "settings")

    def _password(self, tenant_id: str) -> dict[str, t.Any]:
        return flat(self._client.password.get_settings(tenant_id), "settings")

    def _find(self, change: TenantChange) -> Observed | None:
        """Return the tenant a creation was about, if it is there: by id, or by name if the service makes the id."""
        if change.id is None:
            found = self.read_all()
            live_id = found.by_name.get(change.name)
            return found.tenants[live_id] if live_id else None
        return self._load_or_none(change.id)

    def _load_or_none(self, tenant_id: str) -> Observed | None:
        try:
            return self.load(tenant_id)
        except ServiceError as error:
            if error.code == "not_found":
                return None
            raise

    # Writing

    def write(self, change: TenantChange) -> Outcome:
        """Carry out one change, step by step, and say what took effect. Raises nothing but programming errors."""
        outcome = Outcome(change, change.id, STATUS[change.action], [], False)
        try:
            if change.action == DELETE:
                self._delete(change)
                return Outcome.done(change, change.id)
            if change.action == CREATE:
                self._create(change, outcome)
            for step in fields.STEPS:
                if (part := change.part(step)) and not (step == fields.OWN and change.action == CREATE):
                    self._step(change, outcome, step, part)
        except IdentityError as error:
            outcome.status, outcome.error = "failed", error
            if outcome.changed is False and getattr(error, "ambiguous", False):
                outcome.changed = None
        except Exception as error:
            # Whatever it is, the account of the other writes must not be lost.
            outcome.status, outcome.changed = "failed", outcome.changed or None
            outcome.error = IdentityError(
                "unexpected", f"{type(error).__name__}: {error}. Whether it took effect is not known.", "Report this."
            )
        return outcome

    def _create(self, change: TenantChange, outcome: Outcome) -> None:
        part = change.part(fields.OWN)
        body = fields.put({} if change.id is None else {"id": change.id}, part)
        doubt: ServiceError | None = None
        attempt = 0
        while True:
            attempt += 1
            try:
                # The SDK's create can send neither parent nor roleInheritance (contract 2.2).
                reply = self._session.post(self._client.paths().tenant_create_path, body=body).json()
                outcome.id = change.id or _new_id(reply, change.name)
                break
            except ServiceError as error:
                if error.ambiguous:
                    doubt = error
                if not error.stops_everything:
                    surely_there = doubt is not None and not error.ambiguous
                    live = self._read_back(error, functools.partial(self._find_late, change, surely_there))
                    if live is not None:
                        self._already_there(change, outcome, live, part, error, doubt is not None)
                        return
                    if error.ambiguous and attempt < self._session.tries:
                        self._session.pause_between_tries(attempt)
                        continue
                if doubt:
                    # A new tenant may be found late (contract 2.12), so not finding it proves nothing.
                    raise _unknown(doubt, f"it cannot be found, and the last try failed: {error.message}") from error
                raise _with_hint(error, part) from error
        outcome.applied += sorted(part)
        outcome.changed = True

    def _find_late(self, change: TenantChange, surely_there: bool) -> Observed | None:
        """Find a tenant; when a second creation was refused after one in doubt, wait for the first to show up."""
        attempt = 1
        while (live := self._find(change)) is None and surely_there and attempt < self._session.tries:
            self._session.pause_between_tries(attempt)
            attempt += 1
        return live

    @staticmethod
    def _already_there(
        change: TenantChange, outcome: Outcome, live: Observed, part: fields.Values, error: ServiceError, in_doubt: bool
    ) -> None:
        """Accept a tenant that exists although its creation failed: ours, or one the list did not show yet."""
        differing = [name for name in fields.differing(part, live.values) if name not in live.missing]
        if differing:
            raise ServiceError(
                "conflict",
                f"The tenant could not be created ({error.message}) because '{live.id}' exists by now, with other "
                f"values of {', '.join(sorted(differing))}.",
                "Run again to see the difference first.",
            ) from error
        outcome.id = live.id
        if in_doubt:
            outcome.applied += sorted(part)
            outcome.changed = True
        else:
            outcome.status = "unchanged"

    def _step(self, change: TenantChange, outcome: Outcome, step: str, part: fields.Values) -> None:
        tenant_id = t.cast(str, outcome.id)
        send: dict[str, t.Callable[[], object]] = {
            fields.OWN: lambda: self._update(change, part),
            fields.SETTINGS: lambda: self._write_settings(change, tenant_id, part),
            fields.DEFAULT_ROLES: lambda: self._client.tenant.update_default_roles(tenant_id, part["default_roles"]),
            fields.PASSWORD: lambda: self._write_password(tenant_id, part),
        }

        def took_effect() -> bool:
            return not fields.differing(part, self.load_whole(tenant_id, {step}).values)

        if change.action == CREATE and _all_empty(part) and self._is_so_by_itself(took_effect):
            # Writing it would make settings the tenant's own that it takes over from its parent or the project.
            outcome.applied += sorted(part)
            return
        try:
            self._surely(send[step], took_effect, patient=change.action == CREATE)
        except ServiceError as error:
            if error.ambiguous:
                outcome.changed = outcome.changed or None
            raise _with_hint(error, part) from error
        outcome.applied += sorted(part)
        outcome.changed = True
        if outcome.status == "unchanged":
            outcome.status = STATUS["update"]

    @staticmethod
    def _is_so_by_itself(took_effect: t.Callable[[], bool]) -> bool:
        try:
            return took_effect()
        except ServiceError:
            return False  # a new tenant may be found late (contract 2.12); writing waits for it

    def _surely(self, send: t.Callable[[], object], took_effect: t.Callable[[], bool], *, patient: bool) -> None:
        """Send a write until it took effect or surely failed.

        Args:
            patient: the tenant is new, so "not found" may mean that it has not arrived everywhere (contract 2.12).
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                send()
                return
            except ServiceError as error:
                late = patient and error.code == "not_found"
                if not (error.ambiguous or late):
                    raise
                if error.ambiguous and self._read_back(error, took_effect):
                    return
                if attempt >= self._session.tries:
                    error.ambiguous = False  # it was read back, and did not take effect
                    raise
                self._session.pause_between_tries(attempt)

    @staticmethod
    def _read_back(error: ServiceError, read: t.Callable[[], t.Any]) -> t.Any:
        try:
            return read()
        except ServiceError as second:
            if not error.ambiguous:
                raise error from second
            raise _unknown(error, f"reading back failed: {second.message}") from error

    def _delete(self, change: TenantChange) -> None:
        tenant_id = t.cast(str, change.id)
        try:
            self._surely(
                lambda: self._client.tenant.delete(tenant_id, cascade=change.cascade),
                lambda: self._load_or_none(tenant_id) is None,
                patient=False,
            )
        except ServiceError as error:
            if error.code != "not_found":
                raise

    def _update(self, change: TenantChange, part: fields.Values) -> None:
        """Change a tenant's own fields with one write.

        PATCH leaves alone what it does not name. It is newer than the documented API, and whether it takes custom
        attributes away is not documented; in these cases the full update is used, with everything sent along.
        """
        gone = set(change.before.get("custom_attributes", ())) - set(part.get("custom_attributes", ()))
        if gone or not self._patch(change, part):
            self._replace(change, part)

    def _patch(self, change: TenantChange, part: fields.Values) -> bool:
        """Send a PATCH; return False if this service has none."""
        if self._patch_exists is None:
            with self._patch_known:  # one worker finds out for all
                if self._patch_exists is None:
                    return self._try_patch(change, part)
        return self._patch_exists is True and self._try_patch(change, part)

    def _try_patch(self, change: TenantChange, part: fields.Values) -> bool:
        arguments = {name: part[name] for name in _PATCH_ARGUMENTS if name in part}
        if "role_inheritance" in arguments:
            arguments["role_inheritance"] = fields.to_wire(
                fields.FIELDS["role_inheritance"], arguments["role_inheritance"]
            )
        try:
            self._client.tenant.patch_tenant(change.id, **arguments)
        except ServiceError as error:
            if error.status in {404, 405, 501} and error.service_code != "E112202":
                self._patch_exists = False
                return False
            raise
        self._patch_exists = True
        return True

    def _replace(self, change: TenantChange, part: fields.Values) -> None:
        # Read just before, so that an edit made since the plan is not undone.
        planned = t.cast(Observed, change.observed)
        observed = self._load_or_none(planned.id) or planned
        body = {key: observed.raw[key] for key in _REPLACED if observed.raw.get(key) is not None}
        # The SDK's update cannot send roleInheritance, and what an update leaves out is cleared (contract 2.3).
        self._session.post(self._client.paths().tenant_update_path, body=fields.put({"id": observed.id, **body}, part))

    def _write_settings(self, change: TenantChange, tenant_id: str, part: fields.Values) -> None:
        """Write settings with everything they held, since what is left out is cleared (contract 2.6)."""
        body = {**self._settings(tenant_id), "tenantId": tenant_id}
        if "self_provisioning_domains" in change.after:
            # One value, seen both in the tenant and in its settings.
            body["selfProvisioningDomains"] = change.after["self_provisioning_domains"]
        fields.put(body, part)
        self._session.post(
            self._client.paths().tenant_settings_path,
            body={key: value for key, value in body.items() if value is not None},
        )

    def _write_password(self, tenant_id: str, part: fields.Values) -> None:
        body = {**self._password(tenant_id), "tenantId": tenant_id}
        self._client.password.configure_settings(tenant_id, fields.put(body, part))

    # Verifying

    def verify(self, outcomes: t.Sequence[Outcome]) -> Found:
        """Read back what was written, and turn each outcome that did not hold into a failed one.

        One list request does it, unless the list lags behind: then single tenants are read by id, and the list again
        until it shows them, so that the next run does not plan them a second time.

        Returns:
            All tenants as the service has them now.

        Raises:
            ServiceError: reading back failed; the outcomes then say what the service has acknowledged.
        """
        found = self.read_all()
        loaded: dict[str, Observed] = {}
        pending = [outcome for outcome in outcomes if outcome.applied and not _holds(outcome, found)]
        attempt = 1
        while pending:
            sample, rest = pending[: self._concurrency], pending[self._concurrency :]
            lagging = []
            for outcome, live in zip(sample, in_parallel(self._look, sample, self._concurrency), strict=True):
                if live:
                    loaded[live.id] = live
                if _settle(outcome, live) and not _holds(outcome, found, partly=True):
                    lagging.append(outcome)
            pending = rest
            # When the list still lags after the last try, what was read by id is what counts.
            if lagging and attempt < self._session.tries:
                self._session.pause_between_tries(attempt)
                attempt += 1
                found = self.read_all()
                pending = [
                    outcome for outcome in lagging + rest if not _holds(outcome, found, partly=outcome in lagging)
                ]
        return self._verify_settings(outcomes, {**found.tenants, **loaded})

    def _look(self, outcome: Outcome) -> Observed | None:
        """Read a tenant by id; one that was just created may take a moment to be found."""
        attempt = 1
        while True:
            live = self._load_or_none(t.cast(str, outcome.id))
            if live is not None or outcome.change.action == DELETE or attempt >= self._session.tries:
                return live
            self._session.pause_between_tries(attempt)
            attempt += 1

    def _verify_settings(self, outcomes: t.Sequence[Outcome], known: dict[str, Observed]) -> Found:
        def read(outcome: Outcome) -> tuple[Outcome, Observed | None]:
            change = t.cast(TenantChange, outcome.change)
            live = known.get(t.cast(str, outcome.id))
            if live and any(name in outcome.applied for name in change.part(fields.SETTINGS)):
                live = live.with_settings(self._settings(live.id))
            if live and any(name in outcome.applied for name in change.part(fields.PASSWORD)):
                live = live.with_password(self._password(live.id))
            return outcome, live

        written = [
            outcome
            for outcome in outcomes
            if any(fields.FIELDS[name].step in {fields.SETTINGS, fields.PASSWORD} for name in outcome.applied)
            and outcome.change.action != DELETE
        ]
        for outcome, live in in_parallel(read, written, self._concurrency):
            if live:
                known[live.id] = live
                _settle(outcome, live)
        return Found(known)


def _holds(outcome: Outcome, found: Found, *, partly: bool = False) -> bool:
    """Return whether the list shows what an outcome says; C(partly): as far as its entries carry the fields."""
    live = found.tenants.get(t.cast(str, outcome.id))
    if outcome.change.action == DELETE:
        return live is None
    if live is None or (live.missing & set(outcome.applied) and not partly):
        return False
    return not _unsettled(outcome, live)


def _unsettled(outcome: Outcome, live: Observed) -> list[str]:
    """Return the applied fields that are known of a tenant and do not read back as they were written."""
    applied = {
        name: outcome.change.after[name] for name in outcome.applied if name in live.values and name not in live.missing
    }
    return fields.differing(applied, live.values)


def _settle(outcome: Outcome, live: Observed | None) -> bool:
    """Compare an outcome with the tenant as read; return True if it holds, else turn it into a failed one."""
    change = outcome.change
    if change.action == DELETE:
        if live is None:
            return True
        lost = list(outcome.applied)
        text = "the service accepted the deletion, but the tenant is still there"
    elif live is None:
        lost = list(outcome.applied)
        text = "the service accepted the tenant, but it cannot be read back"
    else:
        lost = _unsettled(outcome, live)
        if not lost:
            return True
        details = "; ".join(_difference(name, change.after[name], live.values[name]) for name in sorted(lost))
        text = f"the service accepted the write, but {details}"
    outcome.applied = [name for name in outcome.applied if name not in lost]
    if live and change.action != DELETE:
        empty = {name: fields.clean(fields.FIELDS[name], None) for name in lost}
        before = {name: change.before.get(name, empty[name]) for name in lost}
        outcome.read_back = {name: live.values[name] for name in fields.differing(before, live.values)}
    outcome.changed = bool(outcome.effects) or (change.action == CREATE and live is not None)
    outcome.status = "failed"
    outcome.error = ServiceError(
        "not_applied",
        f"{text}.",
        _UNDECLARED_HINT if "custom_attributes" in lost else "Report this if it happens again.",
    )
    return False


def _all_empty(part: fields.Values) -> bool:
    return not any(fields.differing(part, {name: fields.clean(fields.FIELDS[name], None) for name in part}))


def _difference(name: str, wanted: t.Any, read: t.Any) -> str:
    if name == "custom_attributes":
        missing = sorted(set(wanted) - set(read))
        if missing:
            return f"dropped the custom attributes {', '.join(missing)}"
    return f"{name} reads back as {read!r} instead of {wanted!r}"


def _with_hint(error: ServiceError, part: fields.Values) -> ServiceError:
    """Add the most likely reason to a refusal whose code is not documented (contract 2.9)."""
    if error.code == "refused" and part.get("custom_attributes") and not error.hint:
        error.hint = _UNDECLARED_HINT
    return error


def _new_id(reply: t.Any, name: str) -> str:
    made = reply.get("id") if isinstance(reply, dict) else None
    if not made:
        message = f"The service created '{name}' without telling its id."
        raise ServiceError("bad_response", message, ambiguous=True)
    return str(made)


def _unknown(error: ServiceError, reason: str) -> ServiceError:
    return ServiceError(
        "unknown_outcome",
        f"{error.message} Whether it took effect is not known: {reason}",
        "Run again: what took effect is then left alone.",
        ambiguous=True,
    )
