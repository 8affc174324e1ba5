# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A management key as a canary: wherever it is given, and wherever it is put by mistake, it turns up nowhere.

Every run is as loud as Ansible can be, keeps a log, a cache of facts, retry files and the audit log, and saves what it
changes. Afterwards the output and every file that the run has left are searched.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.flows import SAMPLES

from .conftest import BIN, KEY, PROJECTS, ROOT, Ansible, Run

ACME = PROJECTS["acme_dev"]
LIMIT = ("--limit", "acme_dev")
PROVISION = "playbooks/provision.yml"
HOSTS = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"

#: The key as it is, and as it would look inside of something that is encoded.
FORMS = (
    KEY,
    KEY[::-1],
    *(base64.b64encode(b"x" * n + KEY.encode())[4:-4].decode() for n in range(3)),
    KEY.encode().hex(),
)


def leaks(text: str) -> list[str]:
    """The lines that show the key."""
    return [line for line in text.splitlines() if any(form in line for form in FORMS)]


class Canary:
    """Runs playbooks as loudly as can be. What users write stands in ``given``; all other files are searched."""

    def __init__(self, ansible: Ansible) -> None:
        self.emulator = ansible.emulator
        self.given = ansible.folder / "given"
        self.hosts = ""
        self.left = ansible.folder / "left"
        for folder in (self.given, self.left / "tmp"):
            folder.mkdir(parents=True)
        self.environment: dict[str, str | None] = {
            **ansible.environment,
            "HOME": str(self.left / "home"),
            "TMPDIR": str(self.left / "tmp"),
            "ANSIBLE_HOME": str(self.left / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.left / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.left / "remote"),
            "ANSIBLE_LOG_PATH": str(self.left / "ansible.log"),
            "ANSIBLE_RETRY_FILES_ENABLED": "true",
            "ANSIBLE_RETRY_FILES_SAVE_PATH": str(self.left / "retry"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.left / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "pcc.identity.audit_log",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "PCC_IDENTITY_AUDIT_LOG_ROTATE_SIZE": "8000",
            "XDG_STATE_HOME": str(self.left / "state"),
        }
        (self.left / "home").mkdir()

    def write(self, name: str, content: Any) -> str:
        """Write a file as users do."""
        path = self.given / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def __call__(
        self, *arguments: str, play: str = PROVISION, shown: str = "", loud: str = "-vvvv", **environment: str | None
    ) -> Run:
        """Run a playbook. What of the output is ``shown`` (a pattern) may have the key in it."""
        variables = {**self.environment, **environment}
        command = [str(BIN / "ansible-playbook"), play, loud, "--diff", *arguments]
        process = subprocess.run(
            command,
            cwd=ROOT,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        found = leaks(process.stdout)
        assert [line for line in found if not (shown and re.fullmatch(shown, line))] == []
        assert bool(found) == bool(shown), "Ansible shows it no more: say so where it is documented"
        return Run(process.returncode, process.stdout)

    def good(self, *arguments: str, **more: Any) -> Run:
        """A run that has to succeed."""
        run = self(*arguments, **more)
        assert run.code == 0, run.output
        return run

    def bad(self, *arguments: str, **more: Any) -> Run:
        """A run that has to fail, but not to break."""
        run = self(*arguments, **more)
        assert run.code not in {0, 250}, run.output
        return run

    def tasks(
        self, tasks: list[dict[str, Any]], *arguments: str, play: dict[str, Any] | None = None, **more: Any
    ) -> Run:
        """Run tasks on this machine; all are tried, and all of them have to fail."""
        every = [{"name": f"Task {number}", "ignore_errors": True, **task} for number, task in enumerate(tasks)]
        content = {"hosts": "localhost", "gather_facts": False, **(play or {}), "tasks": every}
        path = self.write("tasks.yml", yaml.safe_dump([content], sort_keys=False))
        return self("-i", self.hosts or self.write("hosts", HOSTS), *arguments, play=path, **more)

    @property
    def backups(self) -> list[Path]:
        return sorted((self.left / "state" / "pcc-identity" / "backups").rglob("*.json*"))

    def newest(self, label: str) -> str:
        """The newest backup whose name says so."""
        return str(
            max((path for path in self.backups if f"-{label}-" in path.name), key=lambda path: path.stat().st_mtime_ns)
        )

    def search(self) -> None:
        """Look into all that was left behind, and be sure that it is all there."""
        files = [path for path in self.left.rglob("*") if path.is_file()]
        for path in files:
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace")
            assert leaks(text) == [], path
            assert not any(form in str(path) for form in FORMS), path
        assert {"ansible.log", "audit.jsonl"} <= {path.name for path in files}
        # No module, with its options, is left in a temporary folder.
        assert [path for path in files if "AnsiballZ" in path.name] == []


@pytest.fixture
def canary(ansible: Ansible, request_log: Path) -> Canary:
    """Playbooks in a surrounding that is searched in the end."""
    found = Canary(ansible)
    yield found
    found.search()
    assert leaks(request_log.read_text()) == []


def vault(canary: Canary, *arguments: str, text: str = "") -> str:
    """What ansible-vault makes of something."""
    password = canary.write("password", "correct horse")
    command = [str(BIN / "ansible-vault"), *arguments, "--vault-password-file", password]
    environment = {
        name: value for name, value in canary.environment.items() if value is not None and "CALLBACK" not in name
    }
    done = subprocess.run(command, input=text, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


# -- places that are meant for it --------------------------------------------------------------------------------------


def test_in_the_environment(canary):
    canary.good(*LIMIT, "--check")
    assert canary.good(*LIMIT).changed["acme_dev"] > 0


def test_in_a_file_of_extra_variables(canary):
    path = canary.write("key.json", {"descope_management_key": KEY})
    assert canary.good(*LIMIT, "-e", f"@{path}", DESCOPE_MANAGEMENT_KEY=None).changed["acme_dev"] > 0


def test_in_the_inventory(canary):
    """Plain, as a vaulted text, by the name of another variable, and in a file that is vaulted as a whole."""
    single = vault(canary, "encrypt_string", "--stdin-name", "descope_management_key", text=KEY)
    inventory = {
        "acme": {
            "hosts": {
                "acme_dev": {"descope_management_key": KEY},
                "acme_staging": {"descope_management_key": "{{ company_key }}"},
            }
        }
    }
    whole = canary.write("group_vars/staging.yml", {"company_key": KEY})
    vault(canary, "encrypt", whole)
    assert KEY not in Path(whole).read_text()
    canary.write("host_vars/globex_dev.yml", single)
    run = canary.good(
        *("-i", "inventories/example", "-i", canary.write("hosts.yml", inventory)),
        *("--vault-password-file", str(canary.given / "password"), "--limit", "acme_dev,acme_staging,globex_dev"),
        DESCOPE_MANAGEMENT_KEY=None,
    )
    assert min(run.changed[host] for host in ("acme_dev", "acme_staging", "globex_dev")) > 0


@pytest.mark.parametrize(
    "given", [f"descope_management_key={KEY}", json.dumps({"descope_management_key": KEY})], ids=["plain", "json"]
)
def test_on_the_command_line(given, canary):
    """At -vvvv Ansible itself, by its default callback, repeats what was typed. The audit log keeps it from that."""
    arguments = ("-e", given, *LIMIT, "--check")
    canary.good(*arguments, DESCOPE_MANAGEMENT_KEY=None)


def test_on_the_command_line_without_the_audit_log(canary):
    """Then nothing of the collection runs before Ansible repeats the command. See docs/real-service.md."""
    shown = re.escape(f"extra_vars: ('descope_management_key={KEY}',)")
    arguments = ("-e", f"descope_management_key={KEY}", *LIMIT, "--check")
    without = {"DESCOPE_MANAGEMENT_KEY": None, "ANSIBLE_CALLBACKS_ENABLED": None}
    canary.good(*arguments, shown=shown, **without)
    canary.good(*arguments, loud="-vvv", **without)
    canary.good(*LIMIT, "--check")  # with all that is looked into


def test_options_of_tasks(canary):
    """An option, the defaults of a group, a variable of a role, an option of the lookup and its variable."""
    plain = {"project_id": ACME}
    tenant = {"pcc.identity.descope_tenant": {"id": "one", "name": "One", **plain}}
    look = "{{ query('pcc.identity.descope_info', 'tenants', project_id=project, cache=false%s) }}"
    run = canary.tasks(
        [
            {"pcc.identity.descope_tenant": {"id": "one", "name": "One", **plain, "management_key": "{{ key }}"}},
            {"module_defaults": {"group/pcc.identity.descope": {"management_key": "{{ key }}"}}, **tenant},
            {"ansible.builtin.debug": {"msg": look % ", management_key=key"}},
            {"ansible.builtin.debug": {"msg": look % ""}, "vars": {"descope_management_key": "{{ key }}"}},
            {
                "ansible.builtin.include_role": {"name": "pcc.identity.provision"},
                "vars": {"descope_management_key": "{{ key }}", "descope_project_id": ACME},
            },
        ],
        play={"vars": {"project": ACME}, "vars_files": [canary.write("vars.json", {"key": KEY})]},
        DESCOPE_MANAGEMENT_KEY=None,
    )
    assert run.code == 0, run.output
    assert "ignored=0" in run.output


# -- places that are not -----------------------------------------------------------------------------------------------


def test_in_the_project(canary):
    """In tenants, roles, permissions, a flow, the theme and a reason, in the project and in the inventory."""
    edit = canary.emulator.edit
    edit("create_tenant", ACME, tenant={"id": "spoilt", "name": f"Pays with {KEY}", "customAttributes": {"plan": KEY}})
    edit("add_permission", ACME, name="Spoilt", description=KEY)
    edit("declare_attribute", ACME, name=KEY, type="string")
    edit("add_role", ACME, name=KEY, description=f"its key is {KEY}")
    edit("add_connector", ACME, name="Theirs", secrets={"bearertoken": KEY})
    theme = json.loads((SAMPLES / "basicstyle.json").read_text().replace("#", KEY, 1))
    wanted = {
        "descope_tenants": [
            {
                "id": "typed",
                "name": f"Typed {KEY}",
                "custom_attributes": {"plan": f"plan {KEY}", KEY: KEY},
                "source": KEY,
            }
        ],
        "descope_permissions": [{"name": "Typed", "description": KEY}, {"name": KEY}],
        "descope_roles": [{"name": "Typed", "description": f"see {KEY}", "permissions": ["Typed", KEY]}],
        "descope_flows": [
            {"id": "typed", "template": "magic-link", "name": KEY, "config": {"title": f"Welcome {KEY}"}}
        ],
        "descope_theme": {"definition": theme},
        "descope_diff_detail": "full",
        "descope_prune": True,
        "descope_confirm_destroy": True,
        "descope_max_delete_percent": 100,
        "descope_backup_reason": f"before the key {KEY} goes",
        "descope_project_name": KEY,
    }
    arguments = (*LIMIT, "-e", f"@{canary.write('wanted.json', wanted)}")
    assert canary(*arguments, play="playbooks/backup.yml").code == 0
    assert len(canary.backups) == 1
    canary.good(*arguments, "--check")
    assert canary.good(*arguments).changed["acme_dev"] >= 5
    told = {path.name.split("-")[1] for path in canary.backups}
    assert told == {"project", "permissions", "roles", "tenants", "theme", "flows"}
    (project,) = (str(path) for path in canary.backups if "-project-" in path.name)
    run = canary.bad(*arguments, "-e", f"descope_backup_file={project}", play="playbooks/restore.yml")
    assert "Not restored" in run.output


def test_rolling_back(canary):
    """A flow and the theme that have it, and had it before; then the audit log is looked through."""
    theme = (SAMPLES / "basicstyle.json").read_text()
    wanted: dict[str, Any] = {
        "descope_flows": [
            {"id": "typed", "template": "magic-link", "name": KEY, "config": {"title": f"Welcome {KEY}"}}
        ],
        "descope_theme": {"definition": json.loads(theme.replace("#", KEY, 1))},
        "descope_tenants__company": [],
        "descope_flows__company": [],
    }
    canary.good(*LIMIT, "-e", f"@{canary.write('wanted.json', wanted)}")
    for kind, label in (("flow", "flows"), ("theme", "theme")):
        file = canary.newest(label)
        extra = ("-e", f"descope_backup_file={file}", "-e", "descope_confirm_destroy=true")
        canary.good(*LIMIT, *extra, play=f"playbooks/rollback_{kind}.yml")
    canary.good(play="playbooks/verify_audit_log.yml")
    names = {path.name for path in (canary.left / "state" / "pcc-identity" / "audit").iterdir()}
    assert [name for name in names if re.fullmatch(r"audit\.jsonl\.[0-9]+", name)], "nothing was rotated"


def test_in_a_wrong_option(canary):
    """Under a name that is misspelt or another, as another type, in addresses, and mixed up with the project's id."""
    tenant = {"id": "one", "name": "One", "project_id": ACME}
    wrong: list[dict[str, Any]] = [
        {"managment_key": "{{ key }}"},
        {"managementKey": "{{ key }}"},
        {"key": "{{ key }}"},
        {"whatever": "Bearer {{ key }}"},
        {"management_key": ["{{ key }}"]},
        {"management_key": {"value": "{{ key }}"}},
        {"management_key": {"{{ key }}": "value"}},
        {"management_key": "{{ key }}", "timeout": "{{ key }}"},
        {"timeout": "{{ key }}"},
        {"concurrency": "{{ key }}"},
        {"validate_certs": "{{ key }}"},
        {"base_url": "https://user:{{ key }}@127.0.0.1:9"},
        {"base_url": "https://127.0.0.1:9/?token={{ key }}"},
        {"rate_limit_backend": "redis://user:{{ key }}@127.0.0.1:9/0"},
        {"rate_limit_backend": "redis:user:{{ key }}@127.0.0.1:9/0"},
        {"rate_limit_backend": "redis://127.0.0.1:9/0?password={{ key }}"},
        {"project_id": "{{ key }}", "management_key": ACME},
        {"project_id": f"{ACME}:{{{{ key }}}}"},
        {"custom_attributes": "{{ key }}"},
        {"settings": {"{{ key }}": "{{ key }}"}},
    ]
    other = "Kanother0fitsNothing"
    tasks = [{"pcc.identity.descope_tenant": {"management_key": other, **tenant, **options}} for options in wrong] + [
        {
            "pcc.identity.descope_tenants": {
                "project_id": ACME,
                "management_key": other,
                "tenants": [{"id": "a", "managment_key": "{{ key }}"}],
            }
        },
        {"pcc.identity.descope_tenants": {"project_id": ACME, "management_key": other, "tenants": ["{{ key }}"]}},
        {
            "pcc.identity.descope_flows": {
                "project_id": ACME,
                "management_key": other,
                "flows": [{"src": "x", "managment_key": "{{ key }}"}],
            }
        },
        {"pcc.identity.descope_flow": {"project_id": ACME, "managment_key": "{{ key }}", "src": "/nowhere/{{ key }}"}},
        {"pcc.identity.descope_backup": {"project_id": ACME, "managment_key": "{{ key }}"}},
        {"pcc.identity.descope_backup_info": {"project_id": "{{ key }}", "managment_key": "{{ key }}"}},
        {"pcc.identity.descope_restore": {"project_id": ACME, "managment_key": "{{ key }}"}},
        {"pcc.identity.audit_log_info": {"managment_key": "{{ key }}"}},
    ]
    looks = [
        "project_id=key",
        "managment_key=key",
        "management_key=[key]",
        "base_url='https://u:' ~ key ~ '@127.0.0.1:9'",
        "timeout=key",
    ]
    tasks += [
        {"ansible.builtin.debug": {"msg": f"{{{{ query('pcc.identity.descope_info', 'tenants', {look}) }}}}"}}
        for look in looks
    ]
    run = canary.tasks(
        tasks,
        play={"vars_files": [canary.write("vars.json", {"key": KEY})]},
        ANSIBLE_PIPELINING="true",
        DESCOPE_MANAGEMENT_KEY=other,
        DESCOPE_PROJECT_ID=ACME,
    )
    assert f"ignored={len(tasks)}" in run.output, run.output


# -- failures ----------------------------------------------------------------------------------------------------------


ECHO = f"bad bearer {ACME}:{KEY}"
BROKEN = {name: [{KEY: KEY, "id": [KEY], "name": {KEY: 1}}] for name in ("tenants", "roles", "permissions", "flows")}
#: What a service says that repeats the key, or makes no sense.
FAILURES: list[dict[str, Any]] = [
    {"status": 403, "body": {"errorCode": KEY, "errorDescription": ECHO, "errorMessage": ECHO}},
    {"status": 401, "body": {"errorCode": "E1", "message": ECHO, KEY: [KEY]}},
    {"status": 500, "body": {"errorCode": "E2", "errorMessage": {"text": ECHO}}},
    {"status": 302, "headers": {"Location": f"https://{KEY}/"}},
    {"status": 200, "body": BROKEN},
    {"status": 200, "body": [KEY]},
]
EVERY_MODULE: list[dict[str, Any]] = [
    {"pcc.identity.descope_tenant": {"id": "one", "name": "One"}},
    {"pcc.identity.descope_permissions": {"permissions": [{"name": "One"}]}},
    {"pcc.identity.descope_roles": {"roles": [{"name": "One"}]}},
    {"pcc.identity.descope_flow": {"id": "one", "template": "magic-link", "name": "One"}},
    {"pcc.identity.descope_theme": {"src": str(SAMPLES / "basicstyle.json")}},
    {"pcc.identity.descope_backup": {}},
    {"ansible.builtin.debug": {"msg": "{{ query('pcc.identity.descope_info', 'tenants', 'flows', retries=0) }}"}},
]


def test_what_the_service_says(canary):
    """Every module and the lookup, with another failure for each project. What cannot be understood fails as well."""
    rules = [
        {"match": {"path": "/v*/mgmt/*", "project": project}, "do": {"kind": "status", **failure}}
        for project, failure in zip(PROJECTS.values(), FAILURES, strict=True)
    ]
    canary.emulator.faults(rules)
    connection = {"project_id": "{{ descope_project_id }}", "retries": 0}
    defaults = {"group/pcc.identity.descope": connection}
    canary.hosts = "inventories/example"
    run = canary.tasks(EVERY_MODULE, play={"hosts": "all", "module_defaults": defaults}, ANSIBLE_PIPELINING="true")
    tried = re.findall(r"^(\S+) +: ok=\d+ .* failed=0 .* ignored=(\d+)", run.output, re.MULTILINE)
    # A backup of an empty answer is one of an empty project, and so on: six of seven understand it as one.
    assert len(tried) == len(PROJECTS), run.output
    for host, ignored in tried:
        assert int(ignored) >= len(EVERY_MODULE) - 1, host
    assert "bad bearer" in run.output


def test_nobody_there(canary):
    address = "http://127.0.0.1:9"
    canary.bad(*LIMIT, "-e", "descope_retries=0", DESCOPE_BASE_URL=address)
    canary.bad(*LIMIT, "-e", "descope_retries=0", play="playbooks/backup.yml", DESCOPE_BASE_URL=address)
