# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches: behaviours of a service that no public source settles, each with its plausible answers.

A client that works with every value of every switch depends on none of the guesses. The table below is the one
place where they are declared; the command line, the control endpoint, ``--list-switches`` and the tests read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import OptionError

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Switch:
    """One behaviour. ``values`` are all allowed values of a choice; of a number or a text they are samples."""

    name: str
    default: Value
    values: tuple[Value, ...]
    reference: str
    meaning: str
    kind: Literal["choice", "number", "text"] = "choice"

    def allowed(self) -> str:
        """The allowed values, for people."""
        if self.kind == "choice":
            return "|".join(str(value) for value in self.values)
        return "a number, 0 or more" if self.kind == "number" else "any text"

    def parse(self, value: Any) -> Value:
        """The value in its declared type; text from a command line is welcome for any type."""
        text = str(value).strip()
        if self.kind == "choice":
            for candidate in self.values:
                if text == str(candidate):
                    return candidate
        elif self.kind == "number":
            try:
                number = float(text)
            except ValueError:
                number = -1.0
            if 0 <= number < float("inf") and not isinstance(value, bool):
                return number
        elif text and isinstance(value, str):
            return text
        raise OptionError(f"switch {self.name}: {text!r} is not allowed; allowed: {self.allowed()}")


# ``reference`` names the section of the API notes that leaves the question open; "8.13" is section 8, row 13.
SWITCHES: tuple[Switch, ...] = (
    Switch("duplicate_status", 400, (400, 409), "1.5, 8.14", "status when an id, name or domain is taken"),
    Switch("duplicate_code", "E119999", ("E119999", "E112203"), "1.5", "errorCode of a duplicate", "text"),
    Switch("undeclared_attribute", "refuse", ("refuse", "drop"), "2.9, 8.13", "a custom attribute never declared"),
    Switch("invalid_key_status", 401, (401, 403, 400), "1.5", "status for a wrong management key"),
    Switch("unknown_project_status", 401, (401, 400), "1.5", "status of E011008, an unknown project in the bearer"),
    Switch("delete_parent", "refuse", ("refuse", "cascade"), "2.7", "deleting a tenant that has sub-tenants"),
    Switch("domain_case", "keep", ("keep", "lower"), "8.11", "letter case in which domains are returned"),
    Switch(
        "list_order", "as_sent", ("as_sent", "reversed"), "8.9", "order of every list, and of tenants, flows and roles"
    ),
    Switch(
        "visibility_delay",
        0.0,
        (0.0, 3600.0),
        "2.12, 8.16",
        "seconds a new tenant, flow, role or permission is missing from lists and search",
        "number",
    ),
    Switch("load_delay", 0.0, (0.0, 3600.0), "8.16", "seconds a new tenant or flow is not found by id", "number"),
    Switch("patch", "present", ("present", 404, 405, 501), "2.1, 10.4", "PATCH tenant/patch, or the status without it"),
    Switch("write_reply", "empty", ("empty", "object"), "2.1, 8.3", "reply of update, patch, settings, default roles"),
    Switch("empty_map", "object", ("object", "null", "absent"), "0, 8.10", "how an unset map or message is returned"),
    Switch("tenant_not_found_status", 404, (404, 400), "1.5", "status of E112202"),
    Switch("unknown_parent_status", 400, (400, 404), "1.5, 10.1", "status when the parent does not exist"),
    Switch("settings_post", "reset", ("reset", "merge"), "2.6, 2.10, 10.3", "keys left out of a settings POST"),
    Switch("patch_attributes", "replace", ("replace", "merge"), "2.2", "customAttributes in a patch"),
    Switch("update_auth_type", "ignore", ("ignore", "apply"), "2.2", "the deprecated authType in tenant/update"),
    Switch("list_fields", "full", ("full", "slim"), "2.4", "slim: all and search leave four of the fields out"),
    Switch("load_shape", "flat", ("flat", "wrapped"), "2.1, 8.4", "tenant load: at the root, or under 'tenant'"),
    Switch("search_filters", "and", ("and", "or"), "2.5", "how several search filters combine"),
    Switch("search_cap", 100.0, (100.0, 0.0), "2.5, 8.15", "results of a search without filters; 0: all", "number"),
    Switch("name_match", "exact", ("exact", "contains"), "2.5", "how tenantNames match"),
    Switch("name_whitespace", "keep", ("keep", "trim"), "8.12", "blanks around a tenant's name"),
    Switch("unknown_role", "refuse", ("refuse", "drop", "accept"), "8.8", "a default role that does not exist"),
    Switch("unknown_permission", "refuse", ("refuse", "drop"), "5.1", "a permission of a role that does not exist"),
    Switch("role_update_flags", "reset", ("reset", "keep"), "5.1", "default and private left out of a role's update"),
    Switch("role_not_found_status", 404, (404, 400), "1.5, 5.1", "status when a role or a permission does not exist"),
    Switch("batch_unknown", "refuse", ("refuse", "skip"), "5.1, 5.2", "unknown roles or permissions in a batch delete"),
    Switch("error_text", "full", ("full", "minimal"), "1.4", "minimal: only errorCode and errorDescription"),
    Switch("unknown_path", "grpc", ("grpc", "descope", "html"), "1.4", "body of a reply to an unknown path"),
    Switch("number_style", "as_sent", ("as_sent", "float"), "2.9", "float: the attribute 5 is returned as 5.0"),
    Switch("flow_unknown_export", 404, (404, 400), "3.1, 10.5", "status when an unknown flow is exported"),
    Switch("flow_unknown_delete", "accept", ("accept", "refuse"), "3.1", "deleting an unknown flow; refuse: 404"),
    Switch("flow_builtin_delete", "allow", ("allow", "refuse"), "3.1, 10.5", "deleting a default flow; refuse: 400"),
    Switch("flow_v2", "present", ("present", 404, 405, 501), "3.1", "v2 export and import, or the status without them"),
    Switch("flow_v1", "present", ("present", 404), "3.1, 10.8", "v1 export and import, or the status without them"),
    Switch("flow_list_dsl", "empty", ("empty", "full"), "3.2", "dsl of the entries in the list of flows"),
    Switch("flow_list_ids", "filter", ("filter", "ignore"), "3.1", "ids in a list of flows; ignore: all are listed"),
    Switch(
        "flow_references",
        "computed",
        ("computed", "as_sent", "absent"),
        "3.3, 3.5",
        "references of an exported flow: those of this project, those of the import, or no such key",
    ),
    Switch("flow_zero_values", "present", ("present", "absent"), "0, 3.6", "zero values in exported flows"),
    Switch("theme_import", "upsert", ("upsert", "replace"), "3.7, 8.23", "styles that a v2 import leaves out"),
    Switch("snapshots", "allowed", ("allowed", "refused"), "4.1, 8.27", "refused: 403, for want of a paid plan"),
    Switch(
        "snapshot_secrets",
        "placeholder",
        ("placeholder", "blank"),
        "4.3, 8.25, 10.7",
        "secrets in an exported snapshot: PLACEHOLDER_VALUE or empty",
    ),
    Switch("snapshot_import", "replace", ("replace", "merge"), "4.2", "what a project has and the snapshot lacks"),
    Switch("snapshot_project", "apply", ("apply", "keep"), "4.3", "name, environment and tags in an imported snapshot"),
    Switch("audit_lag", 0.0, (0.0, 3600.0), "5.8", "seconds until an audit record is found", "number"),
    Switch("company_key", "yes", ("yes", "no"), "4.1", "no: the key may not list or create projects"),
)


# The same for Okta. References are to the sections of the notes on both APIs that the tests go by.
OKTA_SWITCHES: tuple[Switch, ...] = (
    Switch("okta_cursor", "plain", ("plain", "punctuated"), "1.2", "punctuated: cursors with comma and semicolon"),
    Switch("okta_link_style", "two", ("two", "joined"), "1.2", "two Link lines, or both in one line"),
    Switch(
        "okta_link_origin",
        "same",
        ("same", "https://elsewhere.example"),
        "1.2",
        "scheme, host and port of links to next pages; same: those of the request",
        "text",
    ),
    Switch(
        "okta_full_last_page", "no_next", ("no_next", "next"), "1.2", "next: an empty page follows a full last page"
    ),
    Switch("okta_q_cap", 300.0, (300.0, 10.0), "1.1", "results of a search with q, which has no next page", "number"),
    Switch("okta_search_lag", 0.0, (0.0, 3600.0), "1.1", "seconds until search finds a new or renamed group", "number"),
    Switch("okta_max_limit", 1000.0, (1000.0, 2.0), "1.2", "members in a page at most, whatever limit says", "number"),
    Switch(
        "okta_users_count",
        "all",
        ("all", "without_deprovisioned", "absent"),
        "1.1",
        "usersCount of expand=stats: all members, all but the deprovisioned ones, or no such key",
    ),
    Switch("okta_expand_by_id", "ignored", ("ignored", "yes"), "1.1", "expand=stats when a group is read by its id"),
    Switch("okta_language", "en", ("en", "fr"), "1.4", "language of errorSummary"),
    Switch("okta_null_properties", "omit", ("omit", "null"), "1.2", "how properties without a value are returned"),
    Switch("okta_rate_limit", 1e6, (1e6, 3.0), "1.4", "requests in a window for each kind of call, then 429", "number"),
    Switch("okta_rate_window", 60.0, (60.0, 1.0), "1.4", "seconds of that window, from its first request on", "number"),
    Switch("okta_clock_ahead", 0.0, (0.0, 3600.0), "1.4", "seconds that the service's clock is ahead", "number"),
    Switch("okta_token_requests", 0.0, (0.0, 1.0), "1.6", "requests an access token is good for; 0: any", "number"),
    Switch("okta_token_lifetime", 3600.0, (3600.0, 1.0), "1.3", "seconds an access token is good for", "number"),
    Switch("okta_expired_body", "json", ("json", "empty"), "1.4", "body of the 401 for an access token"),
)

# And for Grafana.
GRAFANA_SWITCHES: tuple[Switch, ...] = (
    Switch(
        "grafana_team_ids",
        "both",
        ("both", "search_zero", "zero", "no_uid"),
        "2.1, 2.2",
        "ids of teams: number and uid, number 0 in a search without name, 0 everywhere, or no uid at all",
    ),
    Switch("grafana_uid_as_id", "yes", ("yes", "no"), "2.2", "a uid in the path where a team's id is meant"),
    Switch("grafana_email_case", "lower", ("lower", "as_given"), "2.1, 2.2", "letter case of e-mails and logins"),
    Switch("grafana_name_collation", "exact", ("exact", "nocase"), "2.1", "how the database compares team names"),
    Switch("grafana_last_admin", "removable", ("removable", "kept"), "2.1, 2.2", "the only admin of a team"),
    Switch("grafana_bulk", "present", ("present", "absent"), "2.2", "PUT of all members of a team at once"),
    Switch(
        "grafana_bulk_case",
        "removes",
        ("removes", "matches"),
        "5, D9",
        "a member whose e-mail a bulk PUT gives in another letter case",
    ),
    Switch("grafana_unknown_user_status", 500, (500, 404), "2.1", "status when an unknown user is added to a team"),
    Switch(
        "grafana_missing_team_members",
        "empty",
        ("empty", "not_found"),
        "2.1",
        "members of a team whose number does not exist",
    ),
    Switch("grafana_token_admin_status", 403, (403, 401), "2.1", "status for a token on calls for a server admin"),
    Switch("grafana_rename_collision", 400, (400, 409), "0", "status when a team gets a name that is taken"),
    Switch("grafana_creator", "admin", ("admin", "none"), "2.1", "what a user becomes in the team it makes"),
)

ALL_SWITCHES = SWITCHES + OKTA_SWITCHES + GRAFANA_SWITCHES


class Switches(Mapping[str, Value]):
    """The values in force."""

    def __init__(self, values: Mapping[str, Any] | None = None, table: tuple[Switch, ...] = ALL_SWITCHES) -> None:
        self._table = {switch.name: switch for switch in table}
        self._start: dict[str, Value] = {switch.name: switch.default for switch in table}
        self._start.update(self.parse(values or {}))
        self._values = dict(self._start)

    def parse(self, values: Mapping[str, Any]) -> dict[str, Value]:
        """Check names and values; all of them are checked before any is used."""
        parsed: dict[str, Value] = {}
        for name, value in values.items():
            switch = self._table.get(name)
            if switch is None:
                raise OptionError(f"unknown switch {name!r}; known: {', '.join(self._table)}")
            parsed[name] = switch.parse(value)
        return parsed

    def set(self, values: Mapping[str, Any]) -> None:
        """Change some switches; with one bad entry none changes."""
        self._values.update(self.parse(values))

    def reset(self) -> None:
        """Back to the values given at start."""
        self._values = dict(self._start)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def table_text() -> str:
    """All switches as a table, for ``--list-switches``."""
    rows = [("SWITCH", "DEFAULT", "ALLOWED", "CONTRACT", "MEANING")]
    rows += [(s.name, str(s.default), s.allowed(), s.reference, s.meaning) for s in ALL_SWITCHES]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join([*(c.ljust(w) for c, w in zip(row[:4], widths, strict=True)), row[4]]) for row in rows)
