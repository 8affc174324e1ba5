# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, and the emulator as a process: port file, state file, TLS, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from emulator_api import Api

from emulator.__main__ import main
from emulator.switches import ALL_SWITCHES
from emulator.testing import KEY, PROJECT_ID, ROOT, EmulatorProcess, ThreadedEmulator, running

PROJECT = ["--project", "P1:K1"]
BOTH = pytest.mark.parametrize("threaded", [True, False], ids=["thread", "process"])


@BOTH
def test_both_ways_to_run_take_the_same_options(threaded, tmp_path):
    options = {
        "projects": [("Pone", "Kone", "One project"), ("Ptwo", "Ktwo")],
        "switches": {"load_shape": "wrapped", "patch": 404},
        "attributes": {"owner": "string"},
        "roles": ["Auditor"],
        "rate_limit": "50/3600",
        "latency_ms": 1.0,
        "faults": [{"match": {"path": "/v1/mgmt/role/all"}, "nth": 1, "do": {"status": 530}}],
        "request_log": tmp_path / "log",
        "state_file": tmp_path / "state",
    }
    with running(threaded=threaded, **options) as emulator:
        assert (emulator.project_id, emulator.key) == ("Pone", "Kone")
        assert (emulator.pid == os.getpid()) is threaded
        with Api(emulator.base_url, "Pone:Kone").http as http:
            api = Api.__new__(Api)
            api.http = http
            api.create("Acme", id="acme", customAttributes={"owner": "me"})
            assert api.load("acme")["tenant"]["name"] == "Acme"
            assert api.patch(id="acme").status_code == 404
            assert api.get("/v1/mgmt/role/all").status_code == 530
            assert {role["name"] for role in api.get("/v1/mgmt/role/all").json()["roles"]} == {
                "Tenant Admin",
                "Auditor",
            }
        assert emulator.control.settings() == {"rate_limit": "50/3600", "latency_ms": 1.0}
        assert emulator.state()["projects"]["Pone"]["name"] == "One project"
    assert len((tmp_path / "log").read_text().splitlines()) == 5
    assert "acme" in (tmp_path / "state").read_text()
    with pytest.raises((ConnectionError, httpx.TransportError)):
        httpx.get(emulator.base_url)


def test_stop_is_harmless_twice_and_before_start():
    for kind in (EmulatorProcess, ThreadedEmulator):
        emulator = kind()
        emulator.stop()
    with running() as emulator:
        emulator.stop()


@BOTH
def test_the_state_survives_a_restart(threaded, tmp_path):
    options = {"threaded": threaded, "state_file": tmp_path / "state.json", "attributes": {"tier": "string"}}
    with running(**options) as emulator, Api(emulator.base_url).http as http:
        api = Api.__new__(Api)
        api.http = http
        api.create("Top", id="top", selfProvisioningDomains=["Top.com"], customAttributes={"tier": "gold"})
        api.create("Child", id="child", parent="top")
        api.post("/v1/mgmt/tenant/settings", tenantId="child", domains=["sso.com"], inactivityTime=5)
        api.post("/v1/mgmt/password/settings", minLength=7)
        api.post("/v1/mgmt/password/settings", tenantId="top", minLength=8)
        made = api.http.post("/v1/mgmt/project", json={"name": "new"}).json()["id"]
        emulator.edit("add_permission", name="Look", description="d")
        emulator.edit("add_role", name="Auditor", permissionNames=["Look"])
        emulator.edit("add_role", name="Auditor", tenantId="top", permissionNames=["User Admin"])
        emulator.edit("add_connector", name="Mail", secrets={"password": "unheard of"})
        api.post("/v1/mgmt/audit/event", action="custom")
        before = emulator.state()
        shown = api.get("/v1/mgmt/tenant/all").json()
        audits = api.post("/v1/mgmt/audit/search").json()
        roles = api.get("/v1/mgmt/role/all").json()
        assert (audits["total"], len(roles["roles"])) == (7, 3)
    with running(**options) as emulator, Api(emulator.base_url).http as http:
        api.http = http
        assert emulator.state() == before
        assert api.get("/v1/mgmt/tenant/all").json() == shown
        assert api.post("/v1/mgmt/audit/search").json() == audits
        assert api.get("/v1/mgmt/role/all").json() == roles
        assert api.post("/v1/mgmt/tenant/create", name="X", selfProvisioningDomains=["top.COM"]).status_code == 400
        assert api.post("/v1/mgmt/tenant/create", name="Top").status_code == 400
        assert Api(emulator.base_url, f"{made}:{KEY}").ids() == []
        emulator.reset("state")
        assert api.ids() == []
    text = (tmp_path / "state.json").read_text()
    assert KEY not in text
    assert "unheard of" not in text
    assert "Top.com" not in text
    assert list(tmp_path.iterdir()) == [tmp_path / "state.json"]


def test_the_state_is_saved_while_running(tmp_path):
    path = tmp_path / "state.json"
    with running(state_file=path) as emulator:
        with Api(emulator.base_url).http as http:
            assert http.post("/v1/mgmt/tenant/create", json={"id": "acme", "name": "Acme"}).status_code == 200
        for _try in range(500):
            if path.exists():
                break
            time.sleep(0.02)
        saved = json.loads(path.read_text())
    assert [tenant["id"] for tenant in saved["services"]["descope"]["projects"][0]["tenants"]] == ["acme"]


def test_options_win_over_a_saved_state(tmp_path):
    path = tmp_path / "state.json"
    with running(state_file=path, projects=[("P1", "Kold", "old")]) as emulator:
        emulator.edit("create_tenant", project="P1", tenant={"id": "acme", "name": "Acme"})
    options = {"projects": [("P1", "Knew", "new"), ("P2", "Knew")], "attributes": {"late": "string"}, "roles": ["Late"]}
    with running(state_file=path, **options) as emulator:
        assert Api(emulator.base_url, "P1:Kold").get("/v1/mgmt/tenant/all").status_code == 401
        assert Api(emulator.base_url, "P1:Knew").ids() == ["acme"]
        state = emulator.state()["projects"]
        assert (state["P1"]["name"], list(state["P1"]["attributes"])) == ("new", ["late"])
        assert state["P2"]["tenants"] == {}


def certificate(folder):
    """A certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@BOTH
def test_tls(threaded, tmp_path):
    import ssl

    cert, key = certificate(tmp_path)
    with running(threaded=threaded, tls_cert=cert, tls_key=key) as emulator:
        assert emulator.base_url.startswith("https://127.0.0.1:")
        api = Api(emulator.base_url, verify=ssl.create_default_context(cafile=str(cert)))
        with api.http:
            api.create("Acme", id="acme")
            emulator.faults([{"do": {"kind": "reset"}}])
            with pytest.raises(httpx.TransportError):
                api.create("Other")
            emulator.faults([{"do": {"kind": "truncated"}}])
            with pytest.raises(httpx.TransportError):
                api.load("acme")
        assert [entry["status"] for entry in emulator.requests()] == [200, None, 200]
        with pytest.raises(httpx.ConnectError):
            httpx.get(emulator.base_url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_process_and_remove_the_port_file(tmp_path, number):
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "emulator", "--port", "0", "--port-file", str(port_file), *PROJECT]
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"match": {"path": "/hold"}, "do": {"kind": "timeout", "seconds": 3600}}]))
    process = subprocess.Popen(
        [*command, "--faults", str(faults)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for _try in range(1000):
            if port_file.exists():
                break
            time.sleep(0.02)
        port = int(port_file.read_text())
        assert httpx.get(f"http://127.0.0.1:{port}/v1/mgmt/license").status_code == 401
        with pytest.raises(httpx.ReadTimeout):  # one connection is left in a fault that lasts
            httpx.get(f"http://127.0.0.1:{port}/hold", timeout=0.1)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 0
    assert out == f"listening on http://127.0.0.1:{port} (loopback only)\n"
    assert "Traceback" not in err
    assert not port_file.exists()


def test_a_public_address_is_warned_about(tmp_path):
    port_file = tmp_path / "port"
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--host", "0.0.0.0", "--port", "0", "--port-file", str(port_file), *PROJECT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        warning = process.stderr.readline()
    finally:
        process.terminate()
        out, _err = process.communicate(timeout=20)
    assert warning.startswith("WARNING: 0.0.0.0 can be reached from other machines")
    assert "loopback only" not in out


def test_the_table_of_switches(capsys):
    assert main(["--list-switches"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SWITCH", "DEFAULT", "ALLOWED", "CONTRACT", "MEANING"]
    assert [line.split()[0] for line in lines[1:]] == [switch.name for switch in ALL_SWITCHES]
    for switch, line in zip(ALL_SWITCHES, lines[1:], strict=True):
        assert all(part in line for part in (str(switch.default), switch.allowed(), switch.reference, switch.meaning))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--project ID:KEY"),
        (["--project", "P1"], "ID:KEY"),
        (["--project", ":Ksecret"], "ID:KEY"),
        (["--project", "P1:K1", "--project", "P1:K2"], "P1 is given twice"),
        ([*PROJECT, "--switch", "nope=1"], "unknown switch 'nope'; known: duplicate_status"),
        ([*PROJECT, "--switch", "patch=maybe"], "present|404|405|501"),
        ([*PROJECT, "--switch", "patch"], "name=value"),
        ([*PROJECT, "--attribute", "tier"], "NAME:TYPE"),
        ([*PROJECT, "--attribute", "tier:blob"], "string, number"),
        ([*PROJECT, "--rate-limit", "fast"], "N/SECONDS"),
        ([*PROJECT, "--rate-limit", ""], "N/SECONDS"),
        ([*PROJECT, "--latency-ms", "-1"], "latency"),
        ([*PROJECT, "--latency-ms", "nan"], "latency"),
        ([*PROJECT, "--port", "70000"], "port 70000"),
        ([*PROJECT, "--tls-cert", "x"], "go together"),
        ([*PROJECT, "--tls-cert", "/nope/c", "--tls-key", "/nope/k"], "cannot use --tls-cert"),
        ([*PROJECT, "--faults", "/nope/faults.json"], "cannot read the faults file"),
        ([*PROJECT, "--port-file", "/nope/port"], "no directory"),
        ([*PROJECT, "--state", "/nope/state"], "no directory"),
        ([*PROJECT, "--request-log", "/nope/log"], "cannot write the request log"),
        ([*PROJECT, "--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1"),
    ],
)
def test_bad_options_are_explained(arguments, text, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert text in captured.err
    assert len(captured.err.splitlines()) == 1
    assert "Ksecret" not in captured.err


@pytest.mark.parametrize("arguments", [["--nope"], ["--port", "x"], ["--proj", "P1:K1"]])
def test_unknown_options_exit_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"format": 99, "services": {}}',
        '{"format": 1, "services": []}',
        '{"format": 1, "services": {"descope": {"projects": [{}]}}}',
        "5",
        '"x"',
    ],
)
def test_a_bad_state_file_is_refused(tmp_path, text, capsys):
    path = tmp_path / "state.json"
    path.write_text(text)
    assert main([*PROJECT, "--port", "0", "--state", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == text


def test_a_bad_faults_file_is_refused(tmp_path, capsys):
    path = tmp_path / "faults.json"
    for text, message in (("{", "is not JSON"), ('[{"do": "explode"}]', "unknown kind")):
        path.write_text(text)
        assert main([*PROJECT, "--faults", str(path)]) == 2
        assert message in capsys.readouterr().err


def test_a_port_in_use(capsys):
    with running() as emulator:
        port = emulator.base_url.rsplit(":", 1)[1]
        assert main([*PROJECT, "--port", port]) == 2
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_defaults_of_the_helper_are_those_that_tests_use():
    assert PROJECT_ID.startswith("P")
    assert KEY.startswith("K")
    assert len(PROJECT_ID) < 32  # longer ids carry a region
