# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Speed and request counts, printed as tables: ``make bench``.

Options: ``--runs N`` (3), ``--tenants N`` (1000), ``--loop N`` (how many items the loop of single-tenant tasks has; 20,
because a thousand take some twenty minutes a run; ``--loop 1000`` runs them all), ``--flows N`` (20), ``--saved N``
(2000; tenants to back up), ``--teams N`` (50; of 200 members each), ``--only PART`` (tenants, flows, backups or teams).

Every figure in the tables is of whole processes (ansible-playbook from start to end, as the shell would time it; for
backups the module alone), the median of the runs. Requests are counted by the emulator. The loop of single-tenant tasks
works on the same project with all tenants in it, so each of its items reads the whole list, as it would in real life.
The request budget is turned up so that it does not wait.
"""

from __future__ import annotations

import argparse

from emulator.testing import EmulatorProcess

from .backups import backups
from .flows import flows
from .playbook import Verdict, judge
from .teams import teams
from .tenants import tenants


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--loop", type=int, default=20)
    parser.add_argument("--flows", type=int, default=20)
    parser.add_argument("--saved", type=int, default=2000)
    parser.add_argument("--teams", type=int, default=50)
    parser.add_argument("--only", choices=("tenants", "flows", "backups", "teams"))
    options = parser.parse_args()
    verdicts: list[Verdict] = []
    print(f"medians of {options.runs} runs, whole processes\n")
    with EmulatorProcess() as emulator:
        if options.only in (None, "tenants"):
            loop = min(options.loop, options.tenants)
            verdicts += tenants(emulator, options.tenants, loop, options.runs)
        if options.only in (None, "flows"):
            verdicts += flows(emulator, options.flows, options.runs)
        if options.only in (None, "backups"):
            verdicts += backups(emulator, options.saved, options.runs)
        if options.only in (None, "teams"):
            verdicts += teams(emulator, options.teams, options.runs)
    print()
    return 0 if judge(verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
