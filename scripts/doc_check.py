# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks ansible-doc for every plugin and role of the collection, and fails if it has anything to complain about.

    doc_check.py [DIRECTORY]

DIRECTORY is where Ansible has to find the collection; the checkout if it is not given.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

COLLECTION = "pcc.identity"

# Directories of plugins/ and what ansible-doc calls their content.
KINDS = {
    "become": "become",
    "cache": "cache",
    "callback": "callback",
    "connection": "connection",
    "filter": "filter",
    "inventory": "inventory",
    "lookup": "lookup",
    "modules": "module",
    "strategy": "strategy",
    "test": "test",
    "vars": "vars",
}


def find(directory: pathlib.Path) -> dict[str, list[str]]:
    """Return the names of all documented content by kind. An action plugin shares its module's documentation."""
    found: dict[str, list[str]] = {}
    for name, kind in KINDS.items():
        files = sorted((directory / "plugins" / name).glob("*.py")) + sorted(
            (directory / "plugins" / name).glob("*.yml")
        )
        names = dict.fromkeys(f"{COLLECTION}.{file.stem}" for file in files if file.stem != "__init__")
        if names:
            found[kind] = list(names)
    roles = sorted((directory / "roles").glob("*/meta/argument_specs.y*ml"))
    if roles:
        found["role"] = [f"{COLLECTION}.{file.parent.parent.name}" for file in roles]
    return found


def ask(kind: str, names: list[str], directory: pathlib.Path) -> list[str]:
    """Return what is wrong with the documentation of these."""
    command = ["ansible-doc", "--json", "--type", kind, *names]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    problems = [f"{kind}: {line}" for line in run.stderr.splitlines() if line.strip()]
    if run.returncode:
        return [*problems, f"{kind}: ansible-doc ended with {run.returncode}"]
    answer = json.loads(run.stdout)
    for name in names:
        if name not in answer:
            problems.append(f"{kind} {name}: no documentation")
            continue
        # A role's entry says its path, a plugin's the file.
        place = answer[name].get("path") or answer[name].get("doc", {}).get("filename", "")
        if not pathlib.Path(place).resolve().is_relative_to(directory.resolve()):
            problems.append(f"{kind} {name}: found at {place}, not in {directory}")
        if kind == "module" and not (answer[name].get("examples") and answer[name].get("return")):
            problems.append(f"{kind} {name}: EXAMPLES or RETURN is missing")
    return problems


def main(arguments: list[str]) -> int:
    directory = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[1]
    found = find(directory)
    with ThreadPoolExecutor(2) as pool:
        problems = [
            problem for result in pool.map(lambda item: ask(*item, directory), found.items()) for problem in result
        ]
    undocumented = sorted(
        role.name for role in directory.glob("roles/*") if not list(role.glob("meta/argument_specs.y*ml"))
    )
    problems += [f"role {name}: meta/argument_specs.yml is missing" for name in undocumented]
    if not found.get("module"):
        problems.append("no modules found")
    for problem in problems:
        print(f"docs: {problem}")
    print(f"ansible-doc: {sum(map(len, found.values()))} plugins and roles")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
