# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""What C(grafana_team_members) does: read all teams, plan each, refuse what is doubtful, write, read back, report."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ansible_collections.pcc.identity.plugins.module_utils._apply import in_parallel
from ansible_collections.pcc.identity.plugins.module_utils._errors import IdentityError, Problems
from ansible_collections.pcc.identity.plugins.module_utils._grafana_client import Grafana
from ansible_collections.pcc.identity.plugins.module_utils._team_apply import Accounts, Applier, find_team
from ansible_collections.pcc.identity.plugins.module_utils._team_model import ABSENT, Elsewhere, Live, key_of, may_mean
from ansible_collections.pcc.identity.plugins.module_utils._team_plan import (
    TeamPlan,
    make_team_plan,
    maybe_the_same,
    refused_before,
    strangers,
)
from ansible_collections.pcc.identity.plugins.module_utils._team_report import (
    Row,
    Work,
    diff_of,
    message_of,
    row_of,
    summary_of,
)
from ansible_collections.pcc.identity.plugins.module_utils._team_rules import duplicate, wanted_of


def manage_members(grafana: Grafana, options: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Do what C(grafana_team_members) does and return its result.

    Raises:
        ServiceError: the users of the organisation cannot be read. Nothing was written then.
        Problems: two entries turned out to be the same team. Nothing was written then either.
    """
    works = [Work(wanted, plan=refused_before(wanted)) for wanted in wanted_of(options)]
    run = _Run(grafana, works, stop=options["on_user_error"] == "stop")
    run.read()
    if not check_mode:
        run.write()
    return run.result(planned=check_mode)


class _Run:
    """One run over a list of teams."""

    def __init__(self, grafana: Grafana, works: list[Work], *, stop: bool) -> None:
        self._grafana = grafana
        self._works = works
        self._stop = stop
        self._accounts: Accounts | None = None
        self._others: dict[int, dict[str, Elsewhere]] = {}
        self._lock = threading.Lock()
        self._halted = ""

    def read(self) -> None:
        """Make the plan of every team that is not refused already. Nothing is written before all of them are made.

        Also of those that are refused it is found out which team they are: another entry may mean it, too.
        """
        if all(work.plan for work in self._works):
            return
        # First of all, since without it the members of a team look like nobody (D14).
        self._accounts = Accounts(self._grafana, self._grafana.users())
        in_parallel(self._plan, self._works, self._grafana.connection.concurrency)
        self._refuse_duplicates()
        self._refuse_doubtful()

    def write(self) -> None:
        """Carry the plans out."""
        todo = [(work, work.plan) for work in self._works if work.plan and work.plan.writes]
        in_parallel(self._carry_out, todo, self._grafana.connection.concurrency)

    def result(self, *, planned: bool) -> dict[str, t.Any]:
        """Return the module's result: what was done, or with C(planned) what would be."""
        rows = [row_of(work, planned=planned) for work in self._works]
        diffs = [diff_of(row, work.plan) for row, work in zip(rows, self._works, strict=True)]
        result: dict[str, t.Any] = {
            "changed": self._changed(rows, planned=planned),
            "msg": message_of(rows, [work.wanted for work in self._works]),
            "summary": summary_of(rows),
            "teams": rows,
            "requests": self._grafana.session.requests(),
            "diff": [diff for diff in diffs if diff],
        }
        warnings = [f"{row['name'] or row['uid']}: {text}" for row in rows for text in row["warnings"]]
        if warnings:
            result["warnings"] = warnings
        first = next((row for row in rows if row["error"]), None)
        if first:
            result.update({"failed": True, "error_code": first["error_code"], "hint": first["hint"]})
        return result

    def _changed(self, rows: list[Row], *, planned: bool) -> bool:
        if planned:
            return any(work.plan.create for work in self._works if work.plan) or any(
                row["added"] or row["removed"] for row in rows
            )
        return any(work.written for work in self._works) or bool(self._accounts and self._accounts.wrote)

    def _plan(self, work: Work) -> None:
        """Read a team and make its plan, or note why that cannot be."""
        wanted = work.wanted
        accounts = t.cast(Accounts, self._accounts)
        refused = work.plan is not None
        creating = not refused and wanted.state != ABSENT and wanted.create_team
        try:
            work.team = team = find_team(self._grafana, wanted, creating=creating)
            work.looked = True
            if refused:
                return
            live = Live(team, self._grafana.members(team)) if team else None
            others = accounts.elsewhere(strangers(wanted, live, accounts.users), wanted)
        except IdentityError as error:
            work.error = None if refused else error
            return
        work.plan = make_team_plan(wanted, live, accounts.users, others)
        with self._lock:
            self._others[id(work)] = others

    def _refuse_duplicates(self) -> None:
        """Refuse the whole run if two entries are one team, by name and by uid, whatever else is wrong with them (D18).

        Raises:
            Problems: there are such.
        """
        places: dict[tuple[str, str | int], list[str]] = {}
        for work in self._works:
            keys: list[tuple[str, str | int]] = []
            if work.team:
                keys = [("uid", work.team.uid), ("id", work.team.id)]
            elif work.plan and work.plan.create:
                keys = [("name", key_of(work.wanted.name or ""))]
            for kind, value in keys:
                if value:
                    places.setdefault((kind, value), []).append(work.wanted.where)
        doubled = dict.fromkeys(tuple(wheres) for wheres in places.values() if len(wheres) > 1)
        if doubled:
            raise Problems([duplicate(wheres) for wheres in doubled], code="duplicate_team")

    def _refuse_doubtful(self) -> None:
        """Refuse each team that may be that of another entry, for which none was found."""
        lost = [work for work in self._works if work.team is None]
        for work in self._works:
            if work.team is None or work.plan is None or work.plan.refusal:
                continue
            for other in lost:
                # Two names are two teams.
                if not (work.wanted.name and other.wanted.name) and may_mean(
                    other.wanted, work.team, looked=other.looked
                ):
                    work.plan = dataclasses.replace(work.plan, refusal=maybe_the_same(other.wanted.where))
                    break

    def _carry_out(self, pair: tuple[Work, TeamPlan]) -> None:
        work, plan = pair
        if self._halted:
            work.skipped = IdentityError("skipped", self._halted)
            return
        accounts = t.cast(Accounts, self._accounts)
        work.applied = Applier(self._grafana, accounts, work.wanted, stop=self._stop).carry_out(
            plan, self._others[id(work)]
        )
        error = work.applied.error
        if error and error.stops_everything:
            self._halted = self._halted or f"Not tried, because '{work.wanted.label}' failed before: {error.message}"
