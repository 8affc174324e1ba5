# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a project: import, and validation, which is an import that is thrown away.

An import overrides what the files hold [GO, PY (S)] and finds everything by its name, as ids differ from project to
project (T samples). What is to become of the rest of the project is a guess, hence the switch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..errors import MalformedRequest, ServiceError
from ..service import Route
from . import connectors, errors, fields, flows, lists, passwords, tenant_attributes, themes
from .call import Call
from .model import Project, key_hash, new_id
from .snapshots import PLACEHOLDER, check_plan, replaced

Json = dict[str, Any]
_SECRETS = ("connectors", "oauthProviders", "outboundApps", "externalAuth")  # OAS (S)
# GO allows lists, OAS the others (S); those without an effect are about what is not emulated.
_EXCLUDES = frozenset(
    """
    lists project project.domain project.trustedDomains project.tokenResponseMethod project.selfProvisioning
    project.rotateJwt magicLink enchantedLink embeddedLink otp totp sso oauth webauthn password styles flows
    connectors authorization attributes ssoApps
    """.split()
)
# What an import may change of a project.
_PARTS = (
    "name",
    "environment",
    "tags",
    "password_settings",
    "attributes",
    "permissions",
    "roles",
    "tenant_roles",
    "connectors",
    "flows",
    "theme",
    "lists",
)


def _scratch(project: Project) -> Project:
    """A copy whose parts can be changed without the project. The tenants are shared, and are left alone."""
    value = copy.copy(project)
    for name in ("attributes", "permissions", "roles", "connectors", "lists"):
        setattr(value, name, dict(getattr(project, name)))
    value.tenant_roles = {tenant: dict(roles) for tenant, roles in project.tenant_roles.items()}
    value.flows = {flow.id: replace(flow) for flow in project.flows.values()}
    value.theme = replace(project.theme)
    return value


def _named(entries: list[Any]) -> bool:
    return all(isinstance(entry, dict) and isinstance(entry.get("name"), str) and entry["name"] for entry in entries)


class _Import:
    """One import into a copy of the project."""

    def __init__(self, call: Call) -> None:
        body = call.body
        self.files: Json = fields.get(body, "files", fields.mapping, {})
        if not self.files:
            raise errors.field_required("files")
        self.excludes = set(fields.get(body, "excludes", fields.texts, []))
        if unknown := sorted(self.excludes - _EXCLUDES):
            raise errors.invalid_argument(f"excludes: {unknown[0]} is unknown")
        self.secrets = _input_secrets(body)
        self.replace = call.switches["snapshot_import"] == "replace"
        self.failures: list[str] = []
        self.missing: list[dict[str, str]] = []
        self.ids: dict[str, str] = {}  # id in the snapshot -> id in the project
        self.target = call.project
        self.project = _scratch(call.project)
        self.call = replace(call, project_or_none=self.project, body={})
        self._run()

    def _run(self) -> None:
        parts: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("project", "project.json", self._project),
            ("password", "auth/password.json", self._password),
            ("attributes", "attributes.json", self._attributes),
            ("authorization", "permissions.json", self._permissions),
            ("authorization", "roles.json", self._roles),
            ("connectors", "connectors/connectors.json", self._connectors),
            ("lists", "lists.json", self._lists),
            ("styles", "styles/styles.json", self._styles),
            ("flows", "flows/flows.json", self._flows),
        )
        if not any(path in self.files for _exclude, path, _part in parts):
            self.failures.append("the files hold nothing that can be imported")
        for exclude, path, part in parts:
            if exclude in self.excludes or path not in self.files:
                continue
            try:
                part()
            except (ServiceError, MalformedRequest) as error:
                self.failures.append(f"{path}: {error}")

    def commit(self) -> None:
        """Let the project be what came out."""
        for name in set(self.target.roles) - set(self.project.roles):
            self.target.rename_default_role(self.target.roles[name])
        for part in _PARTS:
            setattr(self.target, part, getattr(self.project, part))

    # -- files -------------------------------------------------------------------------------------------------------

    def _file(self, path: str) -> Json | None:
        """An object; what is not one is a failure."""
        value = self.files.get(path)
        if isinstance(value, dict):
            return value
        self.failures.append(f"{path} is not there" if value is None else f"{path} must be an object")
        return None

    def _entries(self, path: str, key: str) -> list[Json] | None:
        """A list of objects with names that are all different."""
        entries = (self._file(path) or {}).get(key)
        if isinstance(entries, list) and _named(entries) and len({each["name"] for each in entries}) == len(entries):
            return entries
        self.failures.append(f"{path}: {key} must be a list of objects with a name each")
        return None

    def _index(self, path: str, key: str) -> list[str] | None:
        """A list of texts that are all different."""
        entries = (self._file(path) or {}).get(key)
        if isinstance(entries, list) and all(isinstance(each, str) for each in entries):
            return list(dict.fromkeys(entries))
        self.failures.append(f"{path}: {key} must be a list of texts")
        return None

    # -- parts -------------------------------------------------------------------------------------------------------

    def _project(self) -> None:
        value = self._file("project.json")
        if value is None:
            return
        readers: dict[str, fields.Reader] = {"name": fields.text, "environment": fields.text, "tags": fields.texts}
        values = fields.given(value, readers)
        if values.get("environment", "") not in ("", "production") or values.get("name") == "":
            raise errors.invalid_argument("name or environment is not allowed")
        if self.call.switches["snapshot_project"] == "apply":
            for name, entry in values.items():
                setattr(self.project, name, entry)

    def _password(self) -> None:
        value = self._file("auth/password.json")
        if value is not None:
            settings = passwords.merged(None, value, reset=True)
            zeros = passwords.whole(None)
            self.project.password_settings = {n: each for n, each in settings.items() if each != zeros[n]} or None

    def _attributes(self) -> None:
        entries = self._entries("attributes.json", "tenant")
        if entries is None:
            return
        if any(entry.get("type") not in tenant_attributes.TYPES for entry in entries):
            raise errors.invalid_argument("an attribute has an unknown type")
        if self.replace:
            self.project.attributes = {}
        for entry in entries:
            self.project.attributes[entry["name"]] = dict(entry)

    def _permissions(self) -> None:
        entries = self._entries("permissions.json", "permissions")
        if entries is None:
            return
        names = {entry["name"] for entry in entries}
        for known in list(self.project.permissions.values()):
            if self.replace and not known.systemDefault and known.name not in names:
                self.project.remove_permission(known)
        for entry in entries:
            description = fields.get(entry, "description", fields.text, "")
            known_one = self.project.permissions.get(entry["name"])
            if known_one is None:
                self.project.add_permission(entry["name"], description, self.call.clock())
            elif not known_one.systemDefault:
                self.project.change_permission(known_one, entry["name"], description)

    def _roles(self) -> None:
        entries = self._entries("roles.json", "roles")
        if entries is None:
            return
        for entry in entries:
            values = {
                "description": fields.get(entry, "description", fields.text, ""),
                "permissionNames": fields.get(entry, "permissionNames", fields.texts, []),
                "default": fields.get(entry, "default", fields.flag, False),
                "private": fields.get(entry, "private", fields.flag, False),
            }
            if unknown := [name for name in values["permissionNames"] if name not in self.project.permissions]:
                self.failures.append(f"role {entry['name']}: there is no permission {unknown[0]}")
            known = self.project.roles.get(entry["name"])
            if known is None:
                role = self.project.add_role(entry["name"], born=self.call.clock(), **values)
            else:
                role = self.project.change_role(known, **values)
            self._same(entry.get("id"), role.id)
        if self.replace:
            names = {entry["name"] for entry in entries}
            self.project.roles = {name: role for name, role in self.project.roles.items() if name in names}

    def _same(self, old: Any, new: str) -> None:
        if isinstance(old, str) and old:
            self.ids[old] = new

    def _connectors(self) -> None:
        slugs = self._index("connectors/connectors.json", "connectors")
        if slugs is None:
            return
        found: dict[str, Json] = {}
        for slug in slugs:
            entry = self._file(f"connectors/{slug}.json")
            if entry is None:
                continue
            name, kind, ident = (fields.get(entry, key, fields.text, "") for key in ("name", "type", "id"))
            if not (name and kind and ident) or name in found:
                self.failures.append(f"connector {slug}: name, type or id is missing, or the name is there twice")
                continue
            found[name] = self._connector(name, kind, ident, fields.get(entry, "secrets", fields.mapping, {}))
        kept = {} if self.replace else self.project.connectors
        self.project.connectors = kept | found

    def _connector(self, name: str, kind: str, ident: str, secrets: Json) -> Json:
        """A secret is kept if the file has none [GO, DOCS (S)]; a new connector must get all of its own [GO (S)]."""
        known = self.project.connectors.get(name)
        if known is not None and known["type"] != kind:
            self.failures.append(f"connector {name}: there is one of the type {known['type']}")
        stored = dict((known or {}).get("secrets", {}))
        hashes = {}
        for secret, value in secrets.items():
            text = fields.text(secret, value)
            given = self._given(ident, name, secret) or ("" if text == PLACEHOLDER else text)
            if given or secret in stored:
                hashes[secret] = key_hash(given) if given else stored[secret]
            else:
                self.failures.append(f"connector {name}: the secret {secret} is missing")
                self.missing.append({"id": ident, "name": name, "type": secret, "value": ""})
        made = connectors.make(name, kind, known["id"] if known else new_id("CI2"), hashes)
        self.ids[ident] = made["id"]
        return made

    def _given(self, ident: str, name: str, secret: str) -> str:
        for each in self.secrets["connectors"]:
            if each["type"] == secret and (each["id"] == ident or (not each["id"] and each["name"] == name)):
                return each["value"]
        return ""

    def _lists(self) -> None:
        entries = self._entries("lists.json", "lists")
        if entries is None:
            return
        if self.replace:
            names = {entry["name"] for entry in entries}
            self.project.lists = {key: each for key, each in self.project.lists.items() if each["name"] in names}
        # Ids of another project say nothing here.
        known = {each["name"] for each in self.project.lists.values()}
        sent = [
            {key: value for key, value in entry.items() if key != "id"}
            if entry["name"] in known or entry.get("id") in self.project.lists
            else entry
            for entry in entries
        ]
        lists.import_lists(replace(self.call, body={"lists": sent}))

    def _styles(self) -> None:
        value = self._file("styles/styles.json")
        if value is not None:
            themes.put(self.project, value.get("styles"), value.get("references"))

    def _flows(self) -> None:
        """Only what flows.json lists is read [TFnew, FLOWCI (S)]."""
        ids = self._index("flows/flows.json", "flows")
        if ids is None:
            return
        for flow_id in ids:
            flow = self._flow(flow_id)
            if flow is None:
                continue
            try:
                flows.put(self.project, flow, born=self.call.clock())
            except ServiceError as error:
                self.failures.append(f"flow {flow_id}: {error}")
        if self.replace:
            self.project.flows = {flow_id: flow for flow_id, flow in self.project.flows.items() if flow_id in ids}

    def _flow(self, flow_id: str) -> Json | None:
        """A flow in the form of v2 with the ids of this project [FLOWCI (S), TF flows.go (S)]."""
        folder = f"flows/{flow_id}"
        metadata, contents = self._file(f"{folder}/metadata.json"), self._file(f"{folder}/contents.json")
        if metadata is None or contents is None:
            return None
        slugs = self._index(f"{folder}/metadata.json", "screens")
        screens = [self._file(f"{folder}/screen-{slug}.json") for slug in slugs or []]
        if slugs is None or None in screens:
            return None
        references = metadata.get("references") or {}
        flow = {
            "metadata": {key: value for key, value in metadata.items() if key not in ("screens", "references")},
            "contents": contents,
            "screens": screens,
            "references": references,
        }
        return {**replaced(flow, self.ids | self._by_name(references)), "flowId": flow_id}

    def _by_name(self, references: Any) -> dict[str, str]:
        """Ids that the references of a flow name, which need not be among the files."""
        own = {
            "connectors": {name: connector["id"] for name, connector in self.project.connectors.items()},
            "roles": {name: role.id for name, role in self.project.roles.items()},
        }
        return {
            old: own[kind][name]
            for kind in own
            if isinstance(references, dict) and isinstance(references.get(kind), dict)
            for name, old in references[kind].items()
            if isinstance(old, str) and name in own[kind]
        }


def _input_secrets(body: Json) -> dict[str, list[dict[str, str]]]:
    """Secrets by their kinds; one without a value is none."""
    given = fields.get(body, "inputSecrets", fields.mapping, {})
    found: dict[str, list[dict[str, str]]] = {}
    for kind in _SECRETS:
        entries = given.get(kind) or []
        if not isinstance(entries, list):
            raise errors.invalid_argument(f"inputSecrets: {kind} must be a list")
        read = [fields.mapping(kind, entry) for entry in entries]
        found[kind] = [
            {key: fields.get(each, key, fields.text, "") for key in ("id", "name", "type", "value")} for each in read
        ]
    return found


# -- operations ------------------------------------------------------------------------------------------------------


def import_snapshot(call: Call) -> dict[str, Any]:
    """POST project/snapshot/import {files, excludes?, inputSecrets?} -> {}.

    All or nothing; the error is a guess (G).
    """
    check_plan(call)
    made = _Import(call)
    if made.failures:
        text = "; ".join(made.failures[:5])
        raise ServiceError(400, errors.BAD_SNAPSHOT, "Snapshot import failed", text)
    made.commit()
    return {}


def validate(call: Call) -> dict[str, Any]:
    """POST project/snapshot/validate, the same body -> {ok, failures, missingSecrets}: always 200 [GO, CLI (S)]."""
    check_plan(call)
    made = _Import(call)
    missing: dict[str, list[dict[str, str]]] = {kind: [] for kind in _SECRETS} | {"connectors": made.missing}
    return {"ok": not made.failures, "failures": made.failures, "missingSecrets": missing}


ROUTES = (
    Route("POST", "/v1/mgmt/project/snapshot/import", import_snapshot, "write"),
    Route("POST", "/v1/mgmt/project/snapshot/validate", validate, "read"),
    Route("POST", "/v1/mgmt/project/import", import_snapshot, "write"),
)
