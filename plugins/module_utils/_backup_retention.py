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
) -> list[str]:
    """Return the files to delete, the oldest first.

    Args:
        intact: the intact backups of one project. Damaged ones do not count, since nobody can rely on them.
        now: the time.
        retention_days: delete what is older than so many days. None: nothing is.
        keep_at_least: how many stay in any case, the newest ones.
        needed: files that stay in any case.
    """
    if retention_days is None:
        return []
    newest_first = sorted(intact, key=lambda each: (each[1], each[0]), reverse=True)
    limit = datetime.timedelta(days=retention_days)
    old = [file for file, made in newest_first[keep_at_least:] if now - made > limit and file not in needed]
    return old[::-1]
