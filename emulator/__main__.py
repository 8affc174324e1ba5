# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m emulator``: the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .app import Emulator, base_url
from .config import Config, parse_attribute, parse_switch, read_faults
from .control import is_loopback
from .descope.service import ProjectOption
from .errors import OptionError
from .limits import RateLimit
from .server import write_port_file
from .switches import table_text

_EPILOG = """\
Example: python -m emulator --port 8080 --project Pdev:Ksecret:development --attribute tier:string
then point the modules at it: DESCOPE_BASE_URL=http://127.0.0.1:8080 DESCOPE_PROJECT_ID=Pdev
DESCOPE_MANAGEMENT_KEY=Ksecret. Stop it with Ctrl-C or SIGTERM. Look into it at /_emulator/state, /_emulator/stats and
/_emulator/requests.
"""


def make_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="A stateful emulator of the Descope management API, and of parts of those of Okta and Grafana.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    add("--port", type=int, default=8080, help="port to listen on, 0 for any free one (default: 8080)")
    add("--port-file", type=Path, metavar="FILE", help="write the port there once connections are accepted")
    add(
        "--project",
        action="append",
        default=[],
        metavar="ID:KEY[:NAME]",
        help="a project and its management key; repeatable; projects with the same key form one company",
    )
    add("--state", type=Path, metavar="FILE", help="keep the state in a file from run to run")
    add("--rate-limit", metavar="N/SECONDS", help="answer 429 to more than N requests in SECONDS from one address")
    add("--latency-ms", type=float, default=0.0, metavar="MS", help="delay every reply")
    add("--faults", type=Path, metavar="FILE", help="fault rules (JSON), see emulator/faults.py")
    add("--request-log", type=Path, metavar="FILE", help="append every request as a line of JSON, without secrets")
    add("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate (PEM)")
    add("--tls-key", type=Path, metavar="FILE", help="and its key (PEM)")
    add("--switch", action="append", default=[], metavar="NAME=VALUE", help="choose a behaviour; repeatable")
    add(
        "--attribute",
        action="append",
        default=[],
        metavar="NAME:TYPE",
        help="declare a custom attribute of tenants in every project; repeatable",
    )
    add("--role", action="append", default=[], metavar="NAME", help="define a role in every project; repeatable")
    add("--no-sample", action="store_true", help="start Okta and Grafana without the sample groups, users and teams")
    add("--okta-token", metavar="TOKEN", help="Okta's API token (default: EMULATOR_OKTA_TOKEN, else a fixed one)")
    add("--grafana-token", metavar="TOKEN", help="Grafana's token (default: EMULATOR_GRAFANA_TOKEN, else a fixed one)")
    add("--grafana-user", metavar="LOGIN", help="Grafana's server admin (default: EMULATOR_GRAFANA_USER, else admin)")
    add(
        "--grafana-password",
        metavar="PASSWORD",
        help="and its password (default: EMULATOR_GRAFANA_PASSWORD, else a fixed one)",
    )
    add("--list-switches", action="store_true", help="show all switches and exit")
    return parser


def make_config(arguments: Sequence[str]) -> Config | None:
    """Options from the command line; None if the work is done."""
    options = make_parser().parse_args(arguments)
    if options.list_switches:
        print(table_text())
        return None
    return Config(
        projects=[ProjectOption.parse(text) for text in options.project],
        host=options.host,
        port=options.port,
        port_file=options.port_file,
        state=options.state,
        request_log=options.request_log,
        rate_limit=RateLimit.parse(options.rate_limit) if options.rate_limit is not None else None,
        latency_ms=options.latency_ms,
        faults=read_faults(options.faults) if options.faults else [],
        switches=dict(parse_switch(text) for text in options.switch),
        attributes=[parse_attribute(text) for text in options.attribute],
        roles=options.role,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        okta_token=_chosen(options.okta_token, "EMULATOR_OKTA_TOKEN"),
        grafana_token=_chosen(options.grafana_token, "EMULATOR_GRAFANA_TOKEN"),
        grafana_user=_chosen(options.grafana_user, "EMULATOR_GRAFANA_USER"),
        grafana_password=_chosen(options.grafana_password, "EMULATOR_GRAFANA_PASSWORD"),
        sample=not options.no_sample,
    )


def _chosen(option: str | None, variable: str) -> str:
    """An option, or what the environment says: there no other user of the machine sees it."""
    return option or os.environ.get(variable, "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes."""
    try:
        config = make_config(sys.argv[1:] if arguments is None else arguments)
        if config is None:
            return 0
        emulator = Emulator(config)
        sock = emulator.listen()
    except OptionError as error:
        print(f"python -m emulator: error: {error}", file=sys.stderr)
        return 2
    port = sock.getsockname()[1]

    def started() -> None:
        url = base_url(config, port)
        if is_loopback((config.host, port)) or config.host == "localhost":
            print(f"listening on {url} (loopback only)", flush=True)
        else:
            print(f"listening on {url}", flush=True)
            print(
                f"WARNING: {config.host} can be reached from other machines. This is a test service: its keys travel"
                f"{' unencrypted' if config.scheme == 'http' else ''} and protect nothing.",
                file=sys.stderr,
                flush=True,
            )
        if config.port_file is not None:
            write_port_file(config.port_file, port)

    try:
        emulator.server(started).run(sockets=[sock])
    finally:
        if config.port_file is not None:
            config.port_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
