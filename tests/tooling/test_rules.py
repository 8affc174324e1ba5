# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the project that no linter knows. Each of them would otherwise depend on somebody's memory."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
MODULES = sorted(file for file in (ROOT / "plugins" / "modules").glob("*.py") if file.stem != "__init__")
UTILITIES = sorted(file for file in (ROOT / "plugins" / "module_utils").rglob("*.py") if file.stem != "__init__")
CODE = sorted(
    file
    for directory in ("plugins", "emulator", "scripts", "tests")
    for file in (ROOT / directory).rglob("*.py")
    if not {"__pycache__", "output"} & set(file.parts)
)

LICENCE = """\
# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""

# Action group -> the documentation fragment of the modules that belong to it.
GROUPS = {
    "descope": "pcc.identity.connection",
    "okta": "pcc.identity.okta",
    "grafana": "pcc.identity.grafana",
}

# Modules that talk to no service, so they have no connection to share.
LOCAL = {"audit_log_info"}

# Keywords of a task that hold modules' tasks or are none themselves.
TASK_KEYWORDS = set(
    """
    always any_errors_fatal args async become become_exe become_flags become_method become_user block changed_when
    check_mode collections connection debugger delay delegate_facts delegate_to diff environment failed_when
    ignore_errors ignore_unreachable loop loop_control module_defaults name no_log notify poll port register
    remote_user rescue retries run_once tags throttle timeout until vars when
    """.split()
)


def relative(file: pathlib.Path) -> str:
    return str(file.relative_to(ROOT))


def constants(file: pathlib.Path) -> dict[str, str]:
    """The string constants of a module: DOCUMENTATION, EXAMPLES, RETURN."""
    found = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            found[node.targets[0].id] = node.value.value
    return found


def actions(tasks: list) -> list[str]:
    """The names of the modules and roles' actions that these tasks or plays use, blocks and plays included."""
    found = []
    for task in tasks:
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            found += actions(task.get(part) or [])
        if "hosts" not in task and "block" not in task:
            found += [key for key in task if key not in TASK_KEYWORDS and not key.startswith("with_")]
    return found


def runtime() -> dict:
    return yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))


def test_there_are_modules() -> None:
    assert MODULES


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_module_has_a_unit_test_file(module: pathlib.Path) -> None:
    assert (ROOT / "tests" / "unit" / "plugins" / "modules" / f"test_{module.stem}.py").is_file()


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_examples_name_everything_in_full(module: pathlib.Path) -> None:
    used = actions(yaml.safe_load(constants(module)["EXAMPLES"]))
    assert f"pcc.identity.{module.stem}" in used
    assert [name for name in used if name.count(".") < 2] == []


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_action_group_is_the_modules_with_the_fragment(group: str) -> None:
    wanted = [
        module.stem
        for module in MODULES
        if GROUPS[group]
        in (yaml.safe_load(constants(module)["DOCUMENTATION"]).get("extends_documentation_fragment") or [])
    ]
    assert (runtime().get("action_groups") or {}).get(group, []) == wanted


def test_action_groups_hold_every_module_of_a_service_and_nothing_else() -> None:
    groups = runtime().get("action_groups") or {}
    assert set(groups) <= set(GROUPS)
    listed = {name for group in groups.values() for name in group}
    assert listed == {module.stem for module in MODULES} - LOCAL


@pytest.mark.parametrize("file", UTILITIES, ids=relative)
def test_utilities_are_private(file: pathlib.Path) -> None:
    assert any(part.startswith("_") for part in file.relative_to(ROOT / "plugins" / "module_utils").parts)
    assert "\n# PRIVATE " in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", CODE, ids=relative)
def test_code_carries_the_licence(file: pathlib.Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    skip = 1 if lines and lines[0].startswith("#!") else 0
    assert not lines or "".join(lines[skip : skip + 3]) == LICENCE


def test_every_danger_of_the_team_sync_has_a_test() -> None:
    """D1 to D25 are what can go wrong between Okta and Grafana; the number of each is in the name of its tests."""
    names = [
        node.name
        for file in CODE
        if "tests" in file.relative_to(ROOT).parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    tested = {int(found[1]) for name in names if (found := re.match(r"test_d([0-9]+)_", name))}
    assert tested == set(range(1, 26))


def test_sanity_ignores_nothing() -> None:
    assert list((ROOT / "tests" / "sanity").glob("ignore*")) == []


def test_oldest_core_is_the_one_that_is_tested() -> None:
    oldest = runtime()["requires_ansible"].removeprefix(">=").rsplit(".", 1)[0]
    assert (ROOT / "scripts" / "stages" / f"core-{oldest}").is_file()


def test_make_knows_every_stage() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (listed,) = (line.split(":=")[1].split() for line in makefile.splitlines() if line.startswith("STAGES :="))
    stages = sorted(file.name for file in (ROOT / "scripts" / "stages").iterdir())
    runner = (ROOT / "scripts" / "test").read_text(encoding="utf-8")
    in_runner = [
        name
        for line in runner.splitlines()
        if line.startswith(("first=(", "lane_a=(", "lane_b=(", "last=("))
        for name in line.partition("(")[2].rstrip(")").split()
    ]
    assert sorted(listed) == stages
    assert sorted(in_runner) == stages
    assert [stage for stage in stages if f"\n{stage}: setup ## " not in makefile] == []
