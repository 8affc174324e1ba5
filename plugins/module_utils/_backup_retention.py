# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Which backups are kept, and which are too old. Pure."""

from __future__ import annotations

import datetime
import typing as t

#: A backup by its file, and when it was made.
Made = tuple[str, datetime.datetime]


def expired(
    intact: t.Iterable[Made],
    *,
    now: datetime.datetime,
    retention_days: int | None,
    keep_at_least: int,
    needed: t.Collection[str] = (),
    complete: t.Mapping[str, t.Collection[str]] | None = None,
) -> list[str]:
    """Return the files to delete, the oldest first.

    Args:
        intact: the intact backups of one project. Damaged ones do not count, since nobody can rely on them.
        now: the time.
        retention_days: delete what is older than so many days. None: nothing is.
        keep_at_least: how many stay in any case, the newest ones.
        needed: files that stay in any case.
        complete: by file, the sections of which it holds everything. Such a file was the truth until the next one was
            made that has at least these; it counts as old from then on, and only such ones count for its number. Those
            that others have made before a change are counted by themselves.
    """
    if retention_days is None:
        return []
    newest_first = sorted(intact, key=lambda each: (each[1], each[0]), reverse=True)
    limit = datetime.timedelta(days=retention_days)
    scopes = complete or {}
    old = []
    for index, (file, made) in enumerate(newest_first):
        scope = set(scopes.get(file, ()))
        newer = [
            when
            for other, when in newest_first[:index]
            if (scope <= set(scopes.get(other, ())) if scope else not scopes.get(other))
        ]
        since = made if not scope else newer[-1] if newer else now
        if len(newer) >= keep_at_least and now - since > limit and file not in needed:
            old.append(file)
    return old[::-1]
