# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start an emulator from a test.

``EmulatorProcess`` runs ``python -m emulator``, ``ThreadedEmulator`` serves from a thread of this process and starts
in a fraction of the time. Both take the same options and have the same attributes and methods::

    with running(attributes={"tier": "string"}, switches={"patch": 404}) as emulator:
        client = Client(emulator.base_url, emulator.project_id, emulator.key)
        ...
        assert [r["path"] for r in emulator.writes()] == ["/v1/mgmt/tenant/create"]
        emulator.reset()
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

from .app import Emulator, base_url
from .config import GRAFANA_PASSWORD, GRAFANA_TOKEN, GRAFANA_USER, OKTA_TOKEN, Config
from .control import PREFIX
from .descope.service import ProjectOption
from .limits import RateLimit
from .server import KEEP_ALIVE

ROOT = Path(__file__).resolve().parent.parent
PROJECT_ID = "P2emulatedProject"
KEY = "K2emulatedManagementKey"
OKTA_CLIENT_ID = "0oaEmulatedServiceApp"
__all__ = [
    "GRAFANA_PASSWORD",
    "GRAFANA_TOKEN",
    "GRAFANA_USER",
    "KEY",
    "OKTA_CLIENT_ID",
    "OKTA_TOKEN",
    "PROJECT_ID",
    "Control",
    "ControlError",
    "EmulatorProcess",
    "ThreadedEmulator",
    "running",
]
_START_TIMEOUT = 30.0


class ControlError(RuntimeError):
    """The control endpoint refused a request; the text says why."""


class Control:
    """The control endpoint as methods. One connection, guarded by a lock, so threads may share it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0
        self._lock = threading.Lock()

    def state(self, project: str = "", service: str = "descope") -> dict[str, Any]:
        """``{"projects": {id: {..., "tenants": {id: tenant}}}}``, raw, whatever the switches say.

        Of ``okta``: ``{"groups": {id: group}, "users": {id: user}}``; of ``grafana``: ``{"orgs": {id: org}, "users":
        {login: user}, "teams": [team, ...]}``.
        """
        return self._call("GET", f"state?service={quote(service)}&project={quote(project)}")

    def stats(self) -> dict[str, Any]:
        """requests, reads, writes, writes_applied, faults, rate_limited, by_request."""
        return self._call("GET", "stats")

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The request log from an index on."""
        return self._call("GET", f"requests?since={since}")["requests"]

    def writes(self, since: int = 0) -> list[dict[str, Any]]:
        """The writes among the requests, applied or not."""
        return [entry for entry in self.requests(since) if entry["kind"] == "write"]

    def switches(self, **values: Any) -> dict[str, Any]:
        """Set switches; returns all that are in force (without arguments: only that)."""
        return self._call("POST", "switches", values)

    def faults(self, rules: Sequence[Mapping[str, Any]] = ()) -> None:
        """Replace the fault rules."""
        self._call("POST", "faults", list(rules))

    def settings(self, **values: Any) -> dict[str, Any]:
        """``rate_limit="N/SECONDS"`` or None, ``latency_ms=number``."""
        return self._call("POST", "settings", values)

    def reads(self, what: str | None, paths: Sequence[str] | None = None) -> dict[str, Any]:
        """From now on lists are ``"forbidden"``, ``"empty"``, ``"short"`` of half their entries, or right (None)."""
        return self._call("POST", "reads", {"what": what, "paths": None if paths is None else list(paths)})

    def edit(self, op: str, project: str = PROJECT_ID, service: str = "descope", **values: Any) -> dict[str, Any]:
        """An edit as somebody makes it in the console, see ``emulator/descope/edits.py``.

        Those of ``okta`` and ``grafana`` (``service``) are in the files of that name; they have no project.
        """
        target = {"project": project} if service == "descope" else {"service": service}
        return self._call("POST", "edit", {**target, "op": op, **values})

    def okta_key(
        self,
        client_id: str = OKTA_CLIENT_ID,
        scopes: Sequence[str] = ("okta.groups.read",),
        key_id: str = "",
        kind: str = "RSA",
        role: bool = True,
    ) -> str:
        """Make a key pair for a service app and register the app in Okta; the private key comes back (PEM)."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        key = rsa.generate_private_key(65537, 2048) if kind == "RSA" else ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.edit(
            "add_client",
            service="okta",
            client_id=client_id,
            public_key=public.decode(),
            key_id=key_id,
            scopes=list(scopes),
            role=role,
        )
        return private.decode()

    def reset(self, *what: str) -> None:
        """Put parts back to what they were at start, without arguments all."""
        self._call("POST", "reset", {"what": list(what)} if what else {})

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body)
        with self._lock:
            if time.monotonic() - self._used > KEEP_ALIVE / 2:
                self._drop()  # the server may be about to close it
            try:
                if self._connection is None:
                    self._connection = self._connect()
                self._connection.request(method, f"{PREFIX}/{path}", data, {"Content-Type": "application/json"})
                response = self._connection.getresponse()
                value = json.loads(response.read())
                self._used = time.monotonic()
            except BaseException:
                self._drop()
                raise
        if response.status != 200:
            raise ControlError(value.get("error", f"status {response.status}"))
        return value

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            # Only ever this machine, and the certificate is often one made for the test.
            context = ssl._create_unverified_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=30, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=30)


class _Running(Control):
    """What both ways to run have in common."""

    base_url: str
    okta_url: str
    grafana_url: str
    pid: int

    def __init__(
        self,
        *,
        projects: Sequence[Sequence[str]] = ((PROJECT_ID, KEY),),
        switches: Mapping[str, Any] | None = None,
        attributes: Mapping[str, str] | None = None,
        roles: Sequence[str] = (),
        rate_limit: str | None = None,
        latency_ms: float = 0.0,
        faults: Sequence[Mapping[str, Any]] = (),
        request_log: Path | None = None,
        state_file: Path | None = None,
        tls_cert: Path | None = None,
        tls_key: Path | None = None,
        okta_token: str = OKTA_TOKEN,
        grafana_token: str = GRAFANA_TOKEN,
        grafana_user: str = GRAFANA_USER,
        grafana_password: str = GRAFANA_PASSWORD,
        sample: bool = False,
    ) -> None:
        self.config = Config(
            projects=[ProjectOption(*project) for project in projects],
            switches=dict(switches or {}),
            attributes=list((attributes or {}).items()),
            roles=list(roles),
            rate_limit=RateLimit.parse(rate_limit) if rate_limit else None,
            latency_ms=latency_ms,
            faults=list(faults),
            request_log=request_log,
            state=state_file,
            tls_cert=tls_cert,
            tls_key=tls_key,
            okta_token=okta_token,
            grafana_token=grafana_token,
            grafana_user=grafana_user,
            grafana_password=grafana_password,
            sample=sample,
        )
        self.okta_token, self.grafana_token = okta_token, grafana_token
        self.grafana_user, self.grafana_password = grafana_user, grafana_password
        self.project_id, self.key = projects[0][:2]

    @property
    def control(self) -> Control:
        """The control methods; they are on the object itself, too."""
        return self

    def start(self) -> None:
        """Start, and wait until connections are accepted."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop; harmless if it runs no more."""
        raise NotImplementedError

    def _started(self, port: int, pid: int) -> None:
        self.base_url, self.pid = base_url(self.config, port), pid
        # One address for all services: the paths tell them apart.
        self.okta_url = self.grafana_url = self.base_url
        Control.__init__(self, self.base_url)

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class EmulatorProcess(_Running):
    """``python -m emulator`` as a process of its own, on a free port."""

    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait for its port file."""
        with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
            port_file = Path(folder, "port")
            output = Path(folder, "output")
            environment = {
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "EMULATOR_OKTA_TOKEN": self.okta_token,
                "EMULATOR_GRAFANA_TOKEN": self.grafana_token,
                "EMULATOR_GRAFANA_USER": self.grafana_user,
                "EMULATOR_GRAFANA_PASSWORD": self.grafana_password,
            }
            with output.open("wb") as sink:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "emulator", *self._arguments(Path(folder)), "--port-file", str(port_file)],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                )
            deadline = time.monotonic() + _START_TIMEOUT
            while not port_file.exists():
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"the emulator did not start: {output.read_text(errors='replace')}")
                time.sleep(0.01)
            self._started(int(port_file.read_text()), self._process.pid)

    def _arguments(self, folder: Path) -> list[str]:
        config = self.config
        arguments = ["--port", "0", "--latency-ms", str(config.latency_ms)]
        for project in config.projects:
            arguments += ["--project", ":".join(part for part in (project.id, project.key, project.name) if part)]
        for name, value in config.switches.items():
            arguments += ["--switch", f"{name}={value}"]
        for name, kind in config.attributes:
            arguments += ["--attribute", f"{name}:{kind}"]
        for role in config.roles:
            arguments += ["--role", role]
        if not config.sample:
            arguments += ["--no-sample"]
        if config.rate_limit:
            arguments += ["--rate-limit", str(config.rate_limit)]
        if config.faults:
            faults = folder / "faults.json"
            faults.write_text(json.dumps(config.faults))
            arguments += ["--faults", str(faults)]
        for option, path in (
            ("--request-log", config.request_log),
            ("--state", config.state),
            ("--tls-cert", config.tls_cert),
            ("--tls-key", config.tls_key),
        ):
            if path is not None:
                arguments += [option, str(Path(path).absolute())]
        return arguments

    def stop(self) -> None:
        """SIGTERM by process id, so state and port file are put in order."""
        process, self._process = self._process, None
        if process is None:
            return
        if hasattr(self, "_lock"):
            self.close()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


class ThreadedEmulator(_Running):
    """The emulator in a thread of this process, on a free port."""

    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread and wait until it serves."""
        emulator = Emulator(self.config)
        sock = emulator.listen()
        ready = threading.Event()
        self._server = emulator.server(ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [sock]}, name="emulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_TIMEOUT):
            raise RuntimeError("the emulator did not start")
        self._started(sock.getsockname()[1], os.getpid())

    def stop(self) -> None:
        """End the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self.close()
            self._server.should_exit = True
            thread.join(timeout=15)


@contextmanager
def running(*, threaded: bool = True, **options: Any) -> Iterator[EmulatorProcess | ThreadedEmulator]:
    """An emulator for the time of a ``with`` block."""
    with (ThreadedEmulator if threaded else EmulatorProcess)(**options) as emulator:
        yield emulator
