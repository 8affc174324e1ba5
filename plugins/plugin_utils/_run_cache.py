# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release. Do not import it from elsewhere.

"""Answers kept for the length of one run.

Ansible evaluates a lookup in whatever worker process needs it, and that process ends with its task. What they share is
the run's own temporary folder, which is for this user alone and is removed with the run; answers are kept there.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t

from ansible import constants

#: Names the part of the request that decides the answer.
Key = t.Sequence[str]


def once_per_run(key: Key, ask: t.Callable[[], t.Any], *, folder: str | None = None) -> t.Any:
    """Return the answer that was given for a key in this run, asking only if there is none yet.

    Processes that want the same answer at the same time wait for the first one.

    Args:
        key: everything that decides the answer. It is kept as a hash, so a management key may be part of it.
        ask: returns the answer, as JSON can hold it. What it raises is passed on, and nothing is kept.
        folder: where to keep answers; by default the run's temporary folder.
    """
    from filelock import FileLock

    digest = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()
    path = pathlib.Path(folder or constants.DEFAULT_LOCAL_TMP, f"pcc-identity-{digest}.json")
    with FileLock(f"{path}.lock", mode=0o600):
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        answer = ask()
        path.touch(mode=0o600)
        path.write_text(json.dumps(answer), encoding="utf-8")
        return answer
