# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of docs/disaster-recovery.md, as it stands there, through every scenario, against the emulator."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import KEY, PROJECTS, ROOT, Ansible, Run

PROD = PROJECTS["acme_prod"]
OTHER = PROJECTS["globex_prod"]
KINDS = ("tenants", "flows", "roles", "permissions", "theme")
TITLE = "elements.Text title.props.children"


def sections() -> dict[str, list[tuple[str, str]]]:
    """The commands of the page by heading: the language of their block, and the command, with its lines joined."""
    found: dict[str, list[tuple[str, str]]] = {}
    heading, language = "", None
    for line in (ROOT / "docs" / "disaster-recovery.md").read_text(encoding="utf-8").splitlines():
        fence = re.fullmatch(r" *```(\w*)", line)
        if fence:
            language = fence[1] if language is None else None
            assert fence[1] in {"", "sh", "cron"}, line
        elif language is not None:
            rows = found.setdefault(heading, [])
            if rows and rows[-1][1].endswith("\\"):
                rows[-1] = (language, rows[-1][1][:-1] + line.strip())
            else:
                rows.append((language, line.strip()))
        elif line.startswith("## "):
            heading = line.removeprefix("## ")
        else:
            assert not line.startswith("    "), f"a block that no test would run: {line}"
    return found


class Incident:
    """A project in production, and somebody who goes by the page."""

    def __init__(self, ansible: Ansible) -> None:
        self.emulator = ansible.emulator
        self.folder = ansible.folder
        home = ansible.folder / "home"
        home.mkdir()
        self.state = home / ".local" / "state" / "pcc-identity"
        kept = {name: value for name, value in ansible.environment.items() if name != "XDG_STATE_HOME"}
        self.environment = {**kept, "HOME": str(home), "ANSIBLE_CALLBACKS_ENABLED": "pcc.identity.audit_log"}
        self.commands: list[tuple[str, str]] = []
        self.playbook("provision", "-e", "descope_confirm=acme_prod")
        self.playbook("backup")
        self.good = self.live()
        (self.backup,) = self.files("project")

    def shell(self, command: str, *, code: int = 0) -> Run:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}"
        assert KEY not in done.stdout
        return Run(done.returncode, done.stdout)

    def playbook(self, name: str, *arguments: str, code: int = 0) -> Run:
        """A run that is not on the page."""
        command = ["ansible-playbook", f"playbooks/{name}.yml", "--limit", "acme_prod", *arguments]
        return self.shell(shlex.join(command), code=code)

    def next(self, **placeholders: str) -> Run:
        """Run the next command of the section, with other words in the place of some."""
        command = self.take("sh")
        for word, value in placeholders.items():
            assert word in command, command
            command = command.replace(word, value)
        return self.shell(command.replace("/srv/copies", str(self.folder / "copies")))

    def take(self, language: str) -> str:
        """The next command of the section."""
        kind, command = self.commands.pop(0)
        assert kind == language, command
        return command

    def live(self, project: str = PROD) -> dict[str, Any]:
        """What the project has, without what changes by itself."""
        found = self.emulator.state(project)["projects"][project]
        return copy.deepcopy({kind: found[kind] for kind in KINDS if kind in found})

    def names(self, project: str = PROD) -> dict[str, Any]:
        """The parts of a project by which two can be compared."""
        tenants = self.live(project)["tenants"]
        return {name: {key: each[key] for key in ("name", "selfProvisioningDomains")} for name, each in tenants.items()}

    def title(self, project: str = PROD) -> str:
        """What stands at the top of the flow."""
        return json.dumps(self.live(project)["flows"]["acme-login"])

    def files(self, label: str) -> list[Path]:
        """Backups by what they hold, the oldest first."""
        folder = self.state / "backups" / PROD
        return sorted(folder.glob(f"*-{label}-*"), key=lambda path: path.stat().st_mtime_ns)

    def edit(self, op: str, **values: Any) -> None:
        """What somebody does in the console."""
        self.emulator.edit(op, PROD, **values)


def first_look(incident: Incident) -> None:
    incident.edit("update_tenant", id="contoso", tenant={"name": "Contoso (renamed)"})
    run = incident.next()
    assert incident.backup.name in run.output
    assert '"intact": false' not in run.output
    assert "is as it was written" in incident.next().text
    assert '"module":"pcc.identity.descope_' in incident.next().output
    assert "Contoso (renamed)" in incident.next().output
    assert incident.next().changed == {"acme_prod": 1}
    assert json.loads(incident.files("project")[-1].read_text())["reason"] == "incident"
    incident.edit("update_tenant", id="contoso", tenant={"name": "Contoso"})


def one_tenant(incident: Incident) -> None:
    incident.edit("delete_tenant", id="contoso")
    assert "1 created" in incident.next(FILE=incident.backup.name).text
    assert "contoso" not in incident.live()["tenants"]
    incident.next(FILE=incident.backup.name)
    assert incident.names()["contoso"]["name"] == "Contoso"


def bad_flow(incident: Incident) -> None:
    before = incident.title()
    incident.playbook("provision", "-e", "descope_confirm=acme_prod", "-e", "login_title=Wellcome")
    assert "Wellcome" in incident.title()
    file = str(incident.files("flows")[-1])
    assert "-" in incident.next(FILE=file).output
    assert "Wellcome" in incident.title()
    incident.next(FILE=file)
    assert "Wellcome" not in incident.title()
    assert before.count("Welcome") == incident.title().count("Welcome")


def console(incident: Incident) -> None:
    def meddle() -> None:
        incident.edit("update_tenant", id="contoso", tenant={"name": "Contoso (renamed)"})
        incident.edit("create_tenant", tenant={"id": "forgotten", "name": "Forgotten"})

    before = incident.names()
    meddle()
    assert "Contoso (renamed)" in incident.next().output
    assert "left alone: forgotten" in incident.next().text
    assert set(incident.names()) - set(before) == {"forgotten"}
    incident.edit("delete_tenant", id="forgotten")
    assert incident.names() == before
    meddle()
    assert "1 deleted" in incident.next(FILE=incident.backup.name).text
    incident.next(FILE=incident.backup.name)
    assert incident.names() == before


def halfway(incident: Incident) -> None:
    before = incident.names()
    for name in ("contoso", "northwind-emea"):
        incident.edit("delete_tenant", id=name)
    broken = incident.names()
    create = {"path": "/v1/mgmt/tenant/create"}

    def fail() -> Run:
        incident.emulator.faults([{"match": create, "from": 2, "do": {"kind": "status", "status": 403}}])
        run = incident.playbook("provision", "-e", "descope_confirm=acme_prod", code=2)
        incident.emulator.faults([])
        assert "Not all of it was done" in run.text
        assert len(incident.names()) == len(broken) + 1
        return run

    fail()
    incident.next()
    assert incident.names() == before
    for name in ("contoso", "northwind-emea"):
        incident.edit("delete_tenant", id=name)
    run = fail()
    (file,) = set(re.findall(r"[0-9TZ]+-tenants-[0-9a-f]+\.json", run.output))
    incident.next(FILE=file)
    assert incident.names() == broken
    incident.playbook("provision", "-e", "descope_confirm=acme_prod")


def whole_project(incident: Incident) -> None:
    before = incident.names()
    incident.environment["DESCOPE_PROJECT_ID"] = OTHER
    assert incident.names(OTHER) == {}
    assert "created" in incident.next(FILE=str(incident.backup)).text
    assert incident.names(OTHER) == {}
    incident.next(FILE=str(incident.backup))
    assert incident.names(OTHER) == before
    assert incident.title(OTHER).count("Welcome") == incident.title().count("Welcome")
    assert incident.next().changed == {"acme_prod": 0}
    del incident.environment["DESCOPE_PROJECT_ID"]


def controller(incident: Incident) -> None:
    incident.next()
    incident.next()
    incident.state.rename(incident.folder / "gone")
    incident.next()
    incident.next()
    for path in (path for name in ("audit", "backups") for path in (incident.state / name).rglob("*.json*")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path
    assert "is as it was written" in incident.next().text
    assert incident.backup.name in incident.next().output


def leaked(incident: Incident) -> None:
    assert incident.next().changed == {"acme_prod": 0}
    assert "is as it was written" in incident.next().text
    rows = [json.loads(line) for line in incident.next().output.splitlines()]
    assert rows
    assert all(row["changed"] is True for row in rows)
    assert any(row["resources"] for row in rows)


def every_night(incident: Incident) -> None:
    # The folder that the job works in.
    place = incident.folder / "identity"
    place.mkdir()
    for path in ROOT.iterdir():
        (place / path.name).symlink_to(path)
    environment = incident.environment
    (place / "key.env").write_text(f"export DESCOPE_MANAGEMENT_KEY={environment.pop('DESCOPE_MANAGEMENT_KEY')}\n")
    command = incident.take("cron")
    fields = re.fullmatch(r"(?:[0-9*]+ ){5}(.*)", command)
    assert fields, command
    # One project: six of them would wait a minute for the rate limit, which is that of the real service.
    one = "backup.yml --limit acme_prod"
    run = incident.shell(fields[1].replace("/srv/identity", str(place)).replace("backup.yml", one))
    assert run.changed == {"acme_prod": 0}
    assert len(incident.files("project")) == 1, "nothing has changed"
    environment["DESCOPE_MANAGEMENT_KEY"] = KEY
    assert incident.next(**{"backup.yml": one}).changed == {"acme_prod": 0}


def rehearse(incident: Incident) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = incident.take("sh").replace("--port 8080", f"--port {port}")
    with subprocess.Popen(
        shlex.split(command), cwd=ROOT, env=incident.environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port)
            for _line in range(2):
                exports = incident.take("sh").replace(":8080", f":{port}").replace("/tmp", str(incident.folder))
                incident.environment |= dict(word.split("=") for word in exports.removeprefix("export ").split())
            incident.next()
            incident.next()
            incident.next()
            state = json.loads(_state(port))
            assert "contoso" not in state["projects"][PROD]["tenants"]
            (backup,) = Path(incident.environment["XDG_STATE_HOME"]).glob(f"pcc-identity/backups/{PROD}/*-project-*")
            assert json.loads(backup.read_text())["reason"] == "drill"
            incident.next(FILE=backup.name)
            assert json.loads(_state(port))["projects"][PROD]["tenants"]["contoso"]["name"] == "Contoso"
        finally:
            process.terminate()


def _state(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_emulator/state", timeout=10) as reply:
        return reply.read()


def _wait_for(port: int) -> None:
    for _attempt in range(300):
        try:
            _state(port)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the emulator did not start")


#: In each walk one thing after the other happens to one project.
WALKS: list[dict[str, Callable[[Incident], None]]] = [
    {"First look": first_look, "One tenant was deleted": one_tenant},
    {"A bad flow went live": bad_flow, "The key leaked": leaked},
    {"Somebody changed the project in the console": console},
    {"A run went wrong halfway": halfway},
    {"The whole project is gone": whole_project},
    {"The controller is gone": controller, "Every night": every_night},
    {"Rehearse it": rehearse},
]


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: next(iter(walk)))
def test_the_page(walk, ansible):
    incident = Incident(ansible)
    for heading, scenario in walk.items():
        incident.commands = sections()[heading]
        scenario(incident)
        assert incident.commands == [], heading
    assert os.path.isdir(incident.state)


def test_no_command_is_left_out():
    assert {heading for walk in WALKS for heading in walk} == set(sections())


def test_the_links_lead_somewhere():
    text = (ROOT / "docs" / "disaster-recovery.md").read_text(encoding="utf-8")
    for page, anchor in re.findall(r"\]\(([\w.-]*)(?:#([\w-]+))?\)", text):
        target = (ROOT / "docs" / page).read_text(encoding="utf-8") if page else text
        headings = [line.lstrip("#").strip() for line in target.splitlines() if line.startswith("#")]
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
