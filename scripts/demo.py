# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection at work: the example inventory against the emulator, step by step, with Ansible's own output.

Every step is checked. The exit code is 0 only if all of them went as described.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emulator.testing import EmulatorProcess  # noqa: E402

KEY = "KdemoManagementKey"
PROJECTS = {
    f"{company}_{environment}": f"P2example{company.capitalize()}{environment.capitalize()}"
    for company in ("acme", "globex")
    for environment in ("dev", "staging", "prod")
}
# What somebody has set up in the console of each project before: the inventory uses these.
ATTRIBUTES = {"plan": "string", "seats": "number", "beta": "boolean", "cost_centers": "array"}
ROLES = ("Member", "Researcher")

PLAYBOOK = ("ansible-playbook", "playbooks/provision.yml", "--forks", str(len(PROJECTS)))
DIFF = ("--check", "--diff")
PREVIEW = (*PLAYBOOK, *DIFF)
APPLY = (*PLAYBOOK, "-e", "descope_confirm=prod")
BACKUP = ("ansible-playbook", "playbooks/backup.yml")
RESTORE = ("ansible-playbook", "playbooks/restore.yml")
TEAM_SYNC = ("ansible-playbook", "playbooks/team_sync.yml")

# Settings and credentials of whoever runs the demo.
FOREIGN = ("ANSIBLE_", "DESCOPE_", "GRAFANA_", "OKTA_", "TEAM_SYNC_")


class DemoError(Exception):
    """A step did not go as described."""


class Demo:
    """The emulator, the environment that points to it, and what came of the steps."""

    def __init__(self, emulator: EmulatorProcess, home: Path) -> None:
        self.emulator = emulator
        self.titles: list[str] = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "local"),
            "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
            "XDG_STATE_HOME": str(home / "state"),
            "DESCOPE_BASE_URL": emulator.base_url,
            "DESCOPE_MANAGEMENT_KEY": KEY,
            "OKTA_ORG_URL": emulator.okta_url,
            "OKTA_API_TOKEN": emulator.okta_token,
            "GRAFANA_URL": emulator.grafana_url,
            "GRAFANA_TOKEN": emulator.grafana_token,
        }

    def step(self, title: str, command: tuple[str, ...]) -> str:
        """Announce a step, run its command with its output shown, and return the output."""
        self.titles.append(title)
        print(f"\n{'=' * 100}\nStep {len(self.titles)}: {title}\n\n$ {shlex.join(command)}\n", flush=True)
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            lines = []
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    print(line, end="", flush=True)
            except BaseException:
                process.terminate()
                raise
        output = "".join(lines)
        expect(process.returncode == 0, f"the command ended with exit code {process.returncode}")
        expect("[WARNING]" not in output and "[DEPRECATION" not in output, "there was a warning")
        secrets = (KEY, self.emulator.okta_token, self.emulator.grafana_token)
        expect(not any(secret in output for secret in secrets), "a key was printed")
        return output

    def written(self, since: int) -> int:
        """Return the number of writes since an index of the request log."""
        return len(self.emulator.writes(since))

    def mark(self) -> int:
        """Return the index that the next request will have."""
        log = self.emulator.requests()
        return log[-1]["index"] + 1 if log else 0

    def tenants(self, host: str) -> dict[str, dict]:
        """Return the live tenants of a host's project."""
        return self.emulator.state(PROJECTS[host])["projects"][PROJECTS[host]]["tenants"]

    def flows(self, host: str) -> dict[str, dict]:
        """Return the live flows of a host's project."""
        return self.emulator.state(PROJECTS[host])["projects"][PROJECTS[host]]["flows"]

    def run(self) -> None:
        """Go through the steps."""
        output = self.step("Preview: six empty projects, tenants by field and flows by name, nothing written", PREVIEW)
        expect(changed(output) == dict.fromkeys(PROJECTS, 2), "all projects should show tenants and flows to change")
        expect("+northwind-emea:" in output and "+  parent: northwind" in output, "the difference should name fields")
        expect("- magic link by email" in output, "the difference should name the sign-in methods")
        expect(self.written(0) == 0, "the preview wrote something")

        self.step("The run itself, production confirmed", APPLY)
        expect(self.written(0) > 0, "nothing was written")
        for host, project in PROJECTS.items():
            expect("northwind" in self.tenants(host) or "research" in self.tenants(host), f"{project} is still empty")
            expect(f"{host.partition('_')[0]}-login" in self.flows(host), f"{project} has no flow")

        mark = self.mark()
        output = self.step("Again: nothing to change", APPLY)
        expect(changed(output) == dict.fromkeys(PROJECTS, 0), "a second run changed something")
        expect(self.written(mark) == 0, "a second run wrote something")

        self.edit_in_console()
        mark = self.mark()
        output = self.step("Preview: just what was changed in the console, and the extra tenant by its id", PREVIEW)
        drifted = {"acme_prod": 1, "globex_staging": 1, "globex_dev": 1}
        expect(changed(output) == {host: drifted.get(host, 0) for host in PROJECTS}, "three projects should change")
        expect(
            sorted(re.findall(r"^[-+] .*$", output, re.MULTILINE))
            == sorted(
                [
                    "+  name: Globex Research",
                    "-  - contoso.invalid",
                    "-  name: Research (renamed)",
                    "-      elements.Text title.props.children: Wellcome",
                    "+      elements.Text title.props.children: Welcome (development)",
                ]
            ),
            "the difference should hold just the drift",
        )
        expect(re.search(r"left alone:\s+forgotten-trial\b", output) is not None, "the extra tenant should be named")
        expect(self.written(mark) == 0, "the preview wrote something")

        output = self.step("The run itself: the drift is gone, the extra tenant is still there", APPLY)
        contoso = self.tenants("acme_prod")["contoso"]
        expect("contoso.invalid" not in contoso["selfProvisioningDomains"], "drift remains")
        expect(self.tenants("globex_staging")["research"]["name"] == "Globex Research", "drift remains")
        expect("forgotten-trial" in self.tenants("acme_dev"), "the extra tenant was deleted")
        expect(self.written(mark) == 3, "three writes should have been enough")

        command = re.search(r"To put back what was changed:\n +(.+--limit globex_dev .+)", output)
        expect(command is not None, "the summary should say how to put the flow back")
        words = tuple(shlex.split(command[1])) if command else ()
        preview = (*words, *DIFF)
        output = self.step("The change of the flow was a mistake: the command from the summary, as a preview", preview)
        expect(
            "+      elements.Text title.props.children: Wellcome" in output,
            "the preview of the rollback should show the text",
        )
        self.step("And for real: the flow is as it was before", words)
        expect("Wellcome" in str(self.flows("globex_dev")["globex-login"]), "the flow was not put back")

        here = ("--limit", "acme_dev")
        self.step("Save a whole project, after saying how many requests that takes", (*BACKUP, *here))
        before = self.tenants("acme_dev")
        print(f"\n{'=' * 100}\nMeanwhile somebody deletes northwind and northwind-emea from acme_dev in the console.")
        for tenant_id in ("northwind-emea", "northwind"):
            self.emulator.edit("delete_tenant", PROJECTS["acme_dev"], id=tenant_id)
        output = self.step("Preview of a restore: what would come back", (*RESTORE, *here, *DIFF))
        expect("+tenants/northwind-emea:" in output, "the preview should show the tenants")
        expect("northwind" not in self.tenants("acme_dev"), "the preview wrote something")
        self.step("The restore: the tenants are back, with all their settings", (*RESTORE, *here))
        expect(without_stamps(self.tenants("acme_dev")) == without_stamps(before), "not everything came back")

        mark = self.mark()
        output = self.step("Okta groups and Grafana teams: who would come and who would go", (*TEAM_SYNC, *DIFF))
        expect("+ bob@example.com" in output and "- eve@example.com" in output, "the preview should name people")
        expect(self.written(mark) == 0, "the preview wrote something")
        self.step("And for real: the teams are as the groups are", TEAM_SYNC)
        expect(self.team("Engineering") >= {"ana@example.com", "bob@example.com"}, "somebody is missing")
        expect("eve@example.com" not in self.team("Engineering"), "somebody who left is still there")

    def team(self, name: str) -> set[str]:
        """Return the members of a team in Grafana."""
        teams = self.emulator.state(service="grafana")["teams"]
        return {member for team in teams if team["name"] == name for member in team["members"]}

    def edit_in_console(self) -> None:
        """Change four things as somebody does by hand."""
        print(
            f"\n{'=' * 100}\nMeanwhile somebody works in the console:\n"
            "  acme_prod:       contoso gets the domain contoso.invalid\n"
            "  globex_staging:  research is renamed\n"
            "  acme_dev:        a new tenant, forgotten-trial\n"
            "  globex_dev:      the heading of the flow globex-login is misspelt"
        )
        edit = self.emulator.edit
        domains = [*self.tenants("acme_prod")["contoso"]["selfProvisioningDomains"], "contoso.invalid"]
        edit("update_tenant", PROJECTS["acme_prod"], id="contoso", tenant={"selfProvisioningDomains": domains})
        edit("update_tenant", PROJECTS["globex_staging"], id="research", tenant={"name": "Research (renamed)"})
        edit("create_tenant", PROJECTS["acme_dev"], tenant={"id": "forgotten-trial", "name": "Forgotten trial"})
        screen = self.flows("globex_dev")["globex-login"]["flow"]["screens"][0]["screenId"]
        heading = f"screens.{screen}.contents.title.props.children"
        edit("update_flow", PROJECTS["globex_dev"], id="globex-login", set={heading: "Wellcome"})


def expect(truth: bool, otherwise: str) -> None:
    """Go on only if something is as described."""
    if not truth:
        raise DemoError(otherwise)


def without_stamps(tenants: dict[str, dict]) -> dict[str, dict]:
    """Return tenants without the time of their creation."""
    return {
        tenant_id: {name: value for name, value in tenant.items() if name != "createdTime"}
        for tenant_id, tenant in tenants.items()
    }


def changed(output: str) -> dict[str, int]:
    """Return the number of changed tasks of each host, from the recap."""
    recap = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s", output, re.MULTILINE)
    return {host: int(count) for host, count in recap}


def main() -> int:
    """Run the demo and return the exit code."""
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(
        "A service of its own, on this machine: an emulator of Descope with six empty projects, of Okta and of Grafana."
    )
    with tempfile.TemporaryDirectory(prefix="pcc-identity-demo-") as folder:
        emulator = EmulatorProcess(
            projects=[(project, KEY, host) for host, project in PROJECTS.items()],
            attributes=ATTRIBUTES,
            roles=ROLES,
            sample=True,
        )
        with emulator:
            demo = Demo(emulator, Path(folder))
            print(f"DESCOPE_BASE_URL={emulator.base_url} is all that differs from the real service.")
            problem = ""
            try:
                demo.run()
            except DemoError as error:
                problem = str(error)
            stats = emulator.stats()
    print(f"\n{'=' * 100}\nSummary")
    for number, title in enumerate(demo.titles, 1):
        print(f"  {'FAILED' if problem and number == len(demo.titles) else 'ok    '}  {number}. {title}")
    print(f"{stats['reads']} reads and {stats['writes']} writes in {time.monotonic() - started:.0f} s.")
    if problem:
        print(f"FAILED in step {len(demo.titles)}: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
