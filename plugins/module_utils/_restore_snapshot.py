# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Restoring the project snapshot."""

from __future__ import annotations

import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import Outcome
from ansible_collections.pcc.identity.plugins.module_utils._backup_collect import (
    FLOWS,
    PERMISSIONS,
    ROLES_SECTION,
    SNAPSHOT_SECTION,
    THEME,
)
from ansible_collections.pcc.identity.plugins.module_utils._backup_secrets import Path, without_secrets
from ansible_collections.pcc.identity.plugins.module_utils._client import Client
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.pcc.identity.plugins.module_utils._flow_service import SNAPSHOT as EXPORT
from ansible_collections.pcc.identity.plugins.module_utils._plan import UPDATE, Change
from ansible_collections.pcc.identity.plugins.module_utils._report import some
from ansible_collections.pcc.identity.plugins.module_utils._restore_account import Account
from ansible_collections.pcc.identity.plugins.module_utils._restore_snapshot_files import (
    Files,
    differing,
    normal,
    to_send,
)
from ansible_collections.pcc.identity.plugins.module_utils._restore_source import Wanted, masked_reason
from ansible_collections.pcc.identity.plugins.module_utils._surely import send_surely

IMPORT = "/v1/mgmt/project/snapshot/import"
VALIDATE = "/v1/mgmt/project/snapshot/validate"

_NO_PLAN = "E111703"

#: What other sections restore, if they are restored as well.
_COVERED = {FLOWS: ("flows/",), THEME: ("styles/",), ROLES_SECTION: ("roles.json",), PERMISSIONS: ("permissions.json",)}

#: The service's lists of secrets, by the option's names.
SECRET_LISTS = {
    "connectors": "connectors",
    "oauth_providers": "oauthProviders",
    "outbound_apps": "outboundApps",
    "external_auth": "externalAuth",
}


def secrets_spec() -> dict[str, t.Any]:
    """Return the option for the secrets that a snapshot lacks."""
    entry = {
        "id": {"type": "str"},
        "name": {"type": "str"},
        "type": {"type": "str", "required": True},
        "value": {"type": "str", "required": True, "no_log": True},
    }
    lists = {name: {"type": "list", "elements": "dict", "options": entry} for name in SECRET_LISTS}
    return {"type": "dict", "no_log": False, "options": lists}


class Snapshot:
    """The project snapshot of a restore, if it is to be restored."""

    def __init__(self, client: Client, wanted: Wanted, secrets: t.Mapping[str, t.Any]) -> None:
        self._session = client.session
        self._wanted = wanted
        content = wanted.content.get(SNAPSHOT_SECTION) or {}
        self._saved: Files = dict(content.get("files") or {})
        self._blanked: dict[str, list[Path]] = dict(content.get("blanked") or {})
        self._without = [path for section, paths in _COVERED.items() if section in wanted.whole for path in paths]
        if not wanted.here:
            # Another project keeps its own name and environment.
            self._saved.pop("project.json", None)
            self._without.append("project.json")
        self._secrets = {
            theirs: [{key: value or "" for key, value in entry.items()} for entry in secrets.get(ours) or ()]
            for ours, theirs in SECRET_LISTS.items()
        }
        self._live: Files = {}
        self._refusal = ""

    def read(self) -> None:
        """Export what there is. A plan without snapshots is a reason not to restore it, and no more.

        Raises:
            ServiceError: it could not be read.
        """
        try:
            self._live = self._export()
        except ServiceError as error:
            if error.service_code != _NO_PLAN:
                raise
            self._refusal = f"the plan of this project has no snapshots ({error.message.rstrip('.')})."

    def to_backup(self) -> dict[str, t.Any]:
        """Return what there is as it stands in backups."""
        clean, blanked = without_secrets(self._live)
        return {"files": clean, "blanked": blanked}

    def foresee(self, account: Account) -> None:
        """Note what would become of it. The service itself says what stands in the way, without writing anything."""
        if SNAPSHOT_SECTION not in self._wanted.sections:
            return
        reason = self._refusal
        if self._wanted.is_masked(SNAPSHOT_SECTION):
            reason = masked_reason()
        elif not reason and not self._saved:
            reason = "what the backup holds is no snapshot: it has no files."
        if not reason and not self._left(self._live):
            account.keep(SNAPSHOT_SECTION, [SNAPSHOT_SECTION])
            return
        reason = reason or self._objections()
        if reason:
            account.fail(SNAPSHOT_SECTION, {SNAPSHOT_SECTION: reason})
        else:
            change = self._change(self._live)
            account.add(SNAPSHOT_SECTION, [Outcome.done(change, change.id)])

    def restore(self, account: Account, foreseen: Account) -> None:
        """Import it, if that was foreseen, and read it back."""
        if (SNAPSHOT_SECTION, SNAPSHOT_SECTION) not in foreseen.outcomes:
            account.unchanged.update({place: None for place in foreseen.unchanged if place[0] == SNAPSHOT_SECTION})
            account.reasons.update(
                {place: why for place, why in foreseen.reasons.items() if place[0] == SNAPSHOT_SECTION}
            )
            return
        change = self._change(self._live)
        if account.halted:
            account.add(SNAPSHOT_SECTION, [Outcome.skipped(change, account.halted)])
            return
        outcome = Outcome(change, change.id, "updated", [], False)
        try:
            body = self._body(self._export())
            send_surely(
                lambda: self._session.post(IMPORT, body=body),
                lambda: not self._left(self._export()),
                tries=self._session.tries,
                pause=self._session.pause_between_tries,
            )
            outcome.applied, outcome.changed = change.fields, True
        except IdentityError as error:
            outcome.status, outcome.error = "failed", error
            outcome.changed = None if getattr(error, "ambiguous", False) else False
        account.add(SNAPSHOT_SECTION, [outcome])
        if outcome.changed:
            self._verify(account, outcome)

    def _verify(self, account: Account, outcome: Outcome) -> None:
        """Read back what was imported, and turn an outcome that did not hold into a failed one."""
        try:
            left = self._left(self._export())
        except IdentityError as error:
            account.unverified = account.unverified or error
            return
        if left:
            outcome.status = "failed"
            outcome.applied = [path for path in outcome.change.fields if path not in left]
            outcome.changed = bool(outcome.applied)
            outcome.error = ServiceError(
                "not_applied",
                f"the service accepted the snapshot, but these are still not as in the backup: {some(left)}.",
                "Look at them in the Descope console.",
            )

    def _export(self) -> Files:
        reply = self._session.post(EXPORT, body={}).json()
        files = reply.get("files") if isinstance(reply, dict) else None
        if not isinstance(files, dict):
            raise ServiceError("bad_response", "The snapshot of the project holds no files.", "Report this.")
        return files

    def _target(self, live: Files) -> Files:
        return to_send(self._saved, self._blanked, live, exact=self._wanted.prune)

    def _left(self, live: Files) -> list[str]:
        """Return the files that are not as they shall be."""
        return differing(normal(self._target(live), self._without), normal(live, self._without))

    def _body(self, live: Files) -> dict[str, t.Any]:
        return {"files": self._target(live), "inputSecrets": self._secrets}

    def _change(self, live: Files) -> Change:
        now, then = normal(live, self._without), normal(self._target(live), self._without)
        paths = differing(now, then)
        before = {path: now[path] for path in paths if path in now}
        after = {path: then[path] for path in paths if path in then}
        return Change(SNAPSHOT_SECTION, SNAPSHOT_SECTION, "", UPDATE, before, after)

    def _objections(self) -> str:
        """Return what the service says against an import, or an empty string."""
        try:
            reply = self._session.post(VALIDATE, body=self._body(self._live)).json()
        except ServiceError as error:
            if error.stops_everything:
                raise
            return f"the service does not say whether it can be imported: {error}"
        if not isinstance(reply, dict):
            return "the service does not say whether it can be imported."
        missing = [
            f"'{entry.get('type')}' of {theirs} '{entry.get('name') or entry.get('id')}'"
            for theirs in SECRET_LISTS.values()
            for entry in (reply.get("missingSecrets") or {}).get(theirs) or ()
            if isinstance(entry, dict)
        ]
        failures = [str(each) for each in reply.get("failures") or ()]
        if missing:
            return f"a secret is needed: {some(missing)}. Give it in snapshot_secrets."
        if failures or reply.get("ok") is not True:
            return f"the service would refuse it: {some(failures) or 'it does not say why'}."
        return ""
