# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input and a bad service through the playbook: the message says what is wrong and what to do; nothing written."""

from __future__ import annotations

import datetime
import ipaddress
import json
from pathlib import Path

import pytest

from emulator.testing import EmulatorProcess

ONE = ("--limit", "acme_dev")
OWN = {"descope_tenants__company": [], "descope_tenants__dev": []}


def variables(**values):
    return ("-e", json.dumps(values))


def only(*tenants, **values):
    """Just these tenants, without the lists of the example."""
    return variables(**OWN, descope_tenants=list(tenants), **values)


BETA = {"id": "beta", "name": "Beta"}

# What is given, and what the output must say.
CASES = {
    "no key": ({"DESCOPE_MANAGEMENT_KEY": None}, (), ["management_key", "DESCOPE_MANAGEMENT_KEY"]),
    "malformed key": ({"DESCOPE_MANAGEMENT_KEY": "no-K-in front"}, (), ["management_key", "starts with K"]),
    "malformed project": ({"DESCOPE_PROJECT_ID": "acme dev"}, (), ["project_id", "'acme dev'", "starts with P"]),
    "no project": (
        {},
        variables(descope_project_id="", descope_tenants=[BETA]),
        ["project_id: is missing", "DESCOPE_PROJECT_ID"],
    ),
    "address without scheme": (
        {"DESCOPE_BASE_URL": "api.descope.com"},
        (),
        ["base_url", "'api.descope.com'", "https://api.descope.com"],
    ),
    "plain http elsewhere": ({"DESCOPE_BASE_URL": "http://api.example"}, (), ["base_url", "unencrypted", "use https"]),
    "nothing listens": (
        {"DESCOPE_BASE_URL": "http://127.0.0.1:9"},
        ("-e", "descope_retries=0"),
        ["127.0.0.1:9", "base_url"],
    ),
    "no CA file": ({}, ("-e", "descope_ca_path=/nonexistent/ca.pem"), ["ca_path", "/nonexistent/ca.pem"]),
    "empty list with prune": ({}, only(descope_prune=True), ["tenants", "empty", "allow_empty"]),
    "unknown option": (
        {},
        only(BETA, {"id": "acme", "nmae": "Acme"}),
        ["tenants[1] 'acme'", "nmae", "did you mean 'name'?"],
    ),
    "wrong type": (
        {},
        only(BETA, {"id": "acme", "name": "Acme", "disabled": "perhaps"}),
        ["tenants[1] 'acme'", "disabled"],
    ),
    "bad domain": (
        {},
        only(BETA, {"id": "acme", "name": "Acme", "self_provisioning_domains": ["acme_example"]}),
        ["acme", "self_provisioning_domains", "'acme_example' is not a valid DNS name"],
    ),
    "bad id": ({}, only(BETA, {"id": "Acme Corp", "name": "Acme"}), ["'Acme Corp'", "a-z"]),
    "no name": ({}, only(BETA, {"id": "acme"}), ["acme", "name: is missing", "give it a name"]),
    "no such parent": ({}, only(BETA, {"id": "acme", "name": "Acme", "parent": "nobody"}), ["parent", "nobody"]),
    "domain twice": (
        {},
        only(*({"id": name, "name": name, "self_provisioning_domains": ["acme.example"]} for name in ("one", "two"))),
        ["'acme.example' is also that of", "(from acme_dev: descope_tenants)"],
    ),
    "role variable": ({}, ("-e", "descope_max_deletes=many"), ["descope_max_deletes"]),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case, ansible, emulator):
    environment, arguments, expected = CASES[case]
    run = ansible(*ONE, *arguments, **environment)
    assert run.code != 0
    for text in expected:
        assert text in run.text
    assert not emulator.writes()


def test_wrong_key(ansible, emulator):
    run = ansible(*ONE, DESCOPE_MANAGEMENT_KEY="Kwrong4d2NeverShown")
    assert run.code != 0
    assert "Company > Management Keys" in run.text
    assert not [entry for entry in emulator.writes() if entry.get("applied")]


def test_unknown_project(ansible, emulator):
    run = ansible(*ONE, DESCOPE_PROJECT_ID="P2nobody")
    assert run.code != 0
    assert "P2nobody" in run.text
    assert not emulator.writes()


@pytest.mark.parametrize("status", [200, 404])
def test_a_page_instead_of_json(status, ansible, emulator):
    emulator.faults([{"match": {"path": "/v1/mgmt/tenant/*"}, "do": {"kind": "html", "status": status}}])
    run = ansible(*ONE)
    assert run.code != 0
    assert "base_url" in run.text
    assert not emulator.writes()


@pytest.mark.parametrize("undeclared", ["refuse", "drop"])
def test_undeclared_attribute(undeclared, ansible, emulator, tenants):
    emulator.switches(undeclared_attribute=undeclared)
    acme = {"id": "acme", "name": "Acme", "custom_attributes": {"plan": "team", "colour": "red"}}
    run = ansible(*ONE, *only(BETA, acme))
    assert run.code != 0
    assert "1 created" in run.text
    assert "- 'acme':" in run.text
    assert "colour" in run.text
    assert "console" in run.text.lower()
    assert "beta" in tenants()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "emulator")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_tls(certificate, ansible):
    """An unknown certificate stops the run; the role's variables let it be trusted."""
    key = ansible.environment["DESCOPE_MANAGEMENT_KEY"]
    attributes = {"plan": "string", "seats": "number", "beta": "boolean"}
    with EmulatorProcess(
        projects=[("P2exampleAcmeDev", key)],
        attributes=attributes,
        roles=["Member"],
        tls_cert=certificate[0],
        tls_key=certificate[1],
    ) as secure:
        run = ansible(*ONE, DESCOPE_BASE_URL=secure.base_url)
        assert run.code != 0
        assert "certificate" in run.text
        assert "ca_path" in run.text
        assert not secure.requests()
        run = ansible(*ONE, "-e", f"descope_ca_path={certificate[0]}", DESCOPE_BASE_URL=secure.base_url)
        assert run.code == 0, run.output
        run = ansible.preview(*ONE, "-e", "descope_validate_certs=false", DESCOPE_BASE_URL=secure.base_url)
        assert run.code == 0, run.output
        assert run.changed == {"acme_dev": 0}
