# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real ``ansible-playbook`` processes against the emulator: one emulator per test file, put back before each test."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.testing import EmulatorProcess

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PLAYBOOK = "playbooks/provision.yml"
KEY = "Kcanary7f3bNeverShown"
#: What Ansible says where nobody can answer the role's question.
NOT_INTERACTIVE = "[WARNING]: Not waiting for response to prompt as stdin is not interactive"
HOSTS = tuple(f"{company}_{stage}" for company in ("acme", "globex") for stage in ("dev", "staging", "prod"))
PROJECTS = {host: "P2example" + "".join(word.capitalize() for word in host.split("_")) for host in HOSTS}
ATTRIBUTES = {"plan": "string", "seats": "number", "beta": "boolean", "cost_centers": "array"}
ROLES = ("Member", "Researcher", "Tenant Admin")


@dataclasses.dataclass(frozen=True)
class Run:
    """One finished ``ansible-playbook``: its exit code and all that it printed."""

    code: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """Changed tasks by host, from the recap."""
        recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", self.output, re.MULTILINE)
        return {name: int(count) for name, count in recap}

    @property
    def diffs(self) -> dict[str, str]:
        """The differences of tenants shown, by the project that they are about."""
        return self.diffs_of("tenants")

    def diffs_of(self, kind: str) -> dict[str, str]:
        """The differences of a kind shown, by project."""
        shown = rf"^--- before: {kind} of (\S+).*\n\+\+\+ .*\n((?:[@ +-].*\n)+)"
        return dict(re.findall(shown, self.output, re.MULTILINE))

    @property
    def text(self) -> str:
        """The output with every run of blanks as one, so that wrapped lines can be searched."""
        return " ".join(self.output.split())

    @property
    def results(self) -> dict[str, Any]:
        """What a playbook reported by ``write_play``: the registered results by name."""
        found = re.search(r'^ +"msg": ("RESULTS .*")$', self.output, re.MULTILINE)
        assert found, self.output
        return json.loads(json.loads(found[1]).removeprefix("RESULTS "))


class Ansible:
    """Runs ``ansible-playbook`` with an environment of its own, and looks for warnings and the key in every output."""

    def __init__(self, folder: Path, emulator: EmulatorProcess) -> None:
        self.folder = folder
        self.emulator = emulator
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "DESCOPE_"))}
        self.environment = {
            **kept,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_FORKS": "6",
            "XDG_STATE_HOME": str(folder / "state"),
            "DESCOPE_BASE_URL": emulator.base_url,
            "DESCOPE_MANAGEMENT_KEY": KEY,
        }

    def __call__(self, *arguments: str, play: str | Path = PLAYBOOK, **environment: str | None) -> Run:
        """Run a playbook. Keyword arguments are environment variables; None unsets one."""
        variables = {**self.environment, **environment}
        process = subprocess.run(
            [str(BIN / "ansible-playbook"), str(play), *arguments],
            cwd=ROOT,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        output = process.stdout
        for key in {KEY, variables.get("DESCOPE_MANAGEMENT_KEY")} - {None, ""}:
            assert str(key) not in output, "the management key was printed"
        expected = output.replace(NOT_INTERACTIVE, "")
        assert not re.search(r"\[(WARNING|DEPRECATION)", expected), output
        assert "Traceback" not in output, output
        return Run(process.returncode, output)

    def preview(self, *arguments: str, **environment: str | None) -> Run:
        """Run the provision playbook with ``--check --diff``."""
        return self("--check", "--diff", *arguments, **environment)

    def tasks(self, tasks: list[dict[str, Any]], *arguments: str, **variables: Any) -> Run:
        """Run tasks on this machine. What they register as ``result_*`` can be read from ``Run.results``."""
        names = [task["register"] for task in tasks if "register" in task]
        shown = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {
                "descope_project_id": PROJECTS["acme_dev"],
                "descope_management_key": KEY,
                **variables,
            },
            "tasks": [*tasks, {"ansible.builtin.debug": {"msg": f"RESULTS {shown}"}}],
        }
        path = self.folder / "tasks.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
        inventory = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
        (self.folder / "hosts").write_text(inventory, encoding="utf-8")
        return self("-i", str(self.folder / "hosts"), *arguments, play=path, ANSIBLE_CALLBACK_RESULT_FORMAT="json")


@pytest.fixture(scope="module")
def request_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator's log of requests."""
    return tmp_path_factory.mktemp("log") / "requests.jsonl"


@pytest.fixture(scope="module")
def module_emulator(request_log: Path) -> Iterator[EmulatorProcess]:
    """The emulator of a test file."""
    with EmulatorProcess(
        projects=[(project, KEY) for project in PROJECTS.values()],
        attributes=ATTRIBUTES,
        roles=ROLES,
        request_log=request_log,
    ) as emulator:
        yield emulator


@pytest.fixture
def emulator(module_emulator: EmulatorProcess) -> EmulatorProcess:
    """The emulator as it was at start."""
    module_emulator.reset()
    return module_emulator


@pytest.fixture
def ansible(tmp_path: Path, emulator: EmulatorProcess) -> Ansible:
    """A way to run playbooks."""
    return Ansible(tmp_path, emulator)


@pytest.fixture
def tenants(emulator: EmulatorProcess) -> Callable[..., dict[str, dict[str, Any]]]:
    """The live tenants of a host's project, by id."""

    def of(host: str = "acme_dev") -> dict[str, dict[str, Any]]:
        return emulator.state(PROJECTS[host])["projects"][PROJECTS[host]]["tenants"]

    return of


@pytest.fixture
def live(emulator: EmulatorProcess) -> Callable[..., None]:
    """Make tenants as somebody does in the console."""

    def make(*entries: dict[str, Any], host: str = "acme_dev") -> None:
        emulator.edit("create_tenants", PROJECTS[host], tenants=list(entries))

    return make
