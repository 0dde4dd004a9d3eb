"""The command `vllm-bridge`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vllm_bridge.cli.inspection import add_diagnose, add_status
from vllm_bridge.cli.join.command import add_join
from vllm_bridge.cli.logs import add_logs
from vllm_bridge.cli.recording import add_record
from vllm_bridge.cli.report import add_report
from vllm_bridge.cli.top import add_top
from vllm_bridge.cli.values import UsageError, count, seconds
from vllm_bridge.confinement.policy import MODES, opened
from vllm_bridge.pool.settings import (
    DEFAULT_POOL,
    PoolSettings,
    ServerSettings,
    SettingsError,
    server_settings,
)
from vllm_bridge.pool.settings.restart_policy import RestartPolicy
from vllm_bridge.process.import_path import leave_working_directory
from vllm_bridge.process.logs import FORMATS, LEVELS, LogSettings
from vllm_bridge.transport.server_token import VARIABLE, TokenError, read_token
from vllm_bridge.version import __version__

if TYPE_CHECKING:
    from vllm_bridge.client import Client

EXIT_USAGE = 2

# Flags that set pool "default", and those that set the server, by the names of the settings.
_POOL_FLAGS = (
    "size",
    "max_world_size",
    "max_sessions",
    "max_queue",
    "queue_timeout",
    "session_idle",
    "start_timeout",
    "restart",
    "heartbeat_interval",
    "heartbeat_timeout",
    "overdue_grace",
    "allow",
    "confine",
    "readable",
    "writable",
)
_SERVER_FLAGS = ("attach_grace", "max_attachments", "drain_seconds", "entry_point")


def main() -> None:
    """Run the command line; the process's exit status is its result."""
    arguments = parser().parse_args()
    leave_working_directory()
    # gRPC's own log lines say less than our messages, and say it first.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        status = arguments.run(arguments)
    except UsageError as error:
        print(f"vllm-bridge: {error}", file=sys.stderr)
        status = EXIT_USAGE
    sys.exit(status)


def _serve(arguments: argparse.Namespace) -> int:
    # What is slow to import is imported where it is needed: the forkserver must get going first.
    from vllm_bridge.pool.server.serve import serve
    from vllm_bridge.pool.server.tls import TlsFiles
    from vllm_bridge.transport.address import AddressError

    places, settings = _settings(arguments)
    try:
        return serve(
            places["listen"],
            settings,
            join=places["join"],
            token=_token(arguments.token_file),
            insecure_loopback=arguments.insecure_loopback,
            insecure_plaintext=arguments.insecure_plaintext,
            tls_files=TlsFiles(arguments.tls_cert, arguments.tls_key, arguments.tls_client_ca),
            embedded=arguments.embedded,
            metrics=arguments.metrics,
            page=arguments.page,
            log=LogSettings(
                arguments.log_level or ("warning" if arguments.embedded else "info"),
                arguments.log_format,
            ),
        )
    except AddressError as error:
        raise UsageError(str(error)) from None


def _settings(arguments: argparse.Namespace) -> tuple[dict[str, str | None], ServerSettings]:
    """Where to listen, and the rest: the configuration file, and the flags, which go first."""
    places: dict[str, str | None] = {"listen": arguments.listen, "join": arguments.join}
    pools: dict[str, dict[str, Any]] = {}
    profiles: dict[str, dict[str, Any]] = {}
    server: dict[str, Any] = {}
    try:
        if arguments.config is not None:
            from vllm_bridge.pool.settings.config_file import read

            file = read(arguments.config)
            pools, profiles, server = (
                file.given_pools(),
                file.given_profiles(),
                file.server.given(),
            )
            for name, flag in places.items():
                given_there = server.pop(name, None)
                places[name] = flag or given_there
        given = vars(arguments)
        flags = {name: given[name] for name in _POOL_FLAGS if given[name] is not None}
        pools[DEFAULT_POOL] = {**pools.get(DEFAULT_POOL, {}), **flags}
        server |= {name: given[name] for name in _SERVER_FLAGS if given[name] is not None}
        return places, server_settings(pools, profiles, server)
    except SettingsError as error:
        raise UsageError(str(error)) from None


def _connect(arguments: argparse.Namespace) -> Client:
    from vllm_bridge.client import connect
    from vllm_bridge.codec.errors import BridgeError

    try:
        return connect(
            arguments.connect,
            token=_token(arguments.token_file),
            ca=arguments.tls_ca,
            cert=arguments.tls_cert,
            key=arguments.tls_key,
            server_name=arguments.tls_server_name,
        )
    except BridgeError as error:
        raise UsageError(error.message) from None


def _token(file: Path | None) -> str | None:
    """The token from the file, or from the environment."""
    try:
        return read_token(file)
    except TokenError as error:
        raise UsageError(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="vllm-bridge", description="Rank processes of vllm_distributed, served over gRPC."
    )
    top.add_argument("--version", action="version", version=f"vllm-bridge {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run a pool"))
    add_join(commands.add_parser("join", help="make this process a rank of a world"), _token)
    status = commands.add_parser("status", help="show a running server")
    add_status(status, _connect)
    diagnose = commands.add_parser("diagnose", help="say what the ranks of a world are doing")
    add_diagnose(diagnose, _connect)
    record = commands.add_parser("record", help="write down what the ranks of a world did last")
    add_record(record, _connect)
    report = commands.add_parser("report", help="write all that is known of a server to one file")
    add_report(report, _connect)
    logs = commands.add_parser("logs", help="print what the ranks of a world write")
    add_logs(logs, _connect)
    live = commands.add_parser("top", help="show what all ranks do, as it goes on")
    add_top(live, _connect)
    for parser_of_client in (status, diagnose, record, report, logs, live):
        _add_connection(parser_of_client)
    return top


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run pools of rank processes. When it listens, one line of JSON on stdout says where."
    )
    parser.add_argument(
        "--listen",
        metavar="unix:PATH|HOST:PORT",
        help="where to listen; a unix socket in a private directory by default",
    )
    parser.add_argument(
        "--join",
        metavar="HOST:PORT",
        help="where ranks dial in that somebody else starts (`vllm-bridge join`); what protects "
        "--listen over TCP protects this too",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="TOML with [server], [pools.NAME] and [profiles.NAME]; flags go before it",
    )
    parser.add_argument(
        "--embedded", action="store_true", help="stop when stdin ends: for a parent process"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"token that clients must send (default: the variable {VARIABLE})",
    )
    parser.add_argument(
        "--insecure-loopback",
        action="store_true",
        help="listen on a loopback port without a token: any local user can then run code here",
    )
    parser.add_argument(
        "--insecure-plaintext",
        action="store_true",
        help="send the token in clear text over a network: whoever reads it can then run code here",
    )
    parser.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="certificate (chain) for TLS, in PEM"
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")
    parser.add_argument(
        "--tls-client-ca",
        type=Path,
        metavar="FILE",
        help="clients must show a certificate of this authority (then no token is needed)",
    )
    parser.add_argument(
        "--metrics", metavar="HOST:PORT", help="serve Prometheus metrics over HTTP there"
    )
    parser.add_argument(
        "--page",
        metavar="HOST:PORT",
        help="serve a live page for browsers there, to look at: with the token, a client's "
        "certificate, or without either on loopback",
    )
    parser.add_argument(
        "--log-level", choices=LEVELS, help='default "info", or "warning" when embedded'
    )
    parser.add_argument("--log-format", choices=FORMATS, default="text")
    parser.add_argument(
        "--attach-grace",
        type=seconds,
        metavar="SECONDS",
        help="how long what a client owns outlives its last connection",
    )
    parser.add_argument("--max-attachments", type=count(1), metavar="N")
    parser.add_argument(
        "--drain-seconds",
        type=seconds,
        metavar="SECONDS",
        help="how long what runs may go on after SIGTERM (default 10); a second one ends it",
    )
    # For tests, and for ranks written by somebody else.
    parser.add_argument("--rank-entry-point", dest="entry_point", help=argparse.SUPPRESS)
    _add_pool_flags(parser.add_argument_group('pool "default"'))
    parser.set_defaults(run=_serve)


def _add_pool_flags(group: argparse._ArgumentGroup) -> None:
    # No defaults: what is not given here is what the file says, or else PoolSettings.
    size = PoolSettings.size
    group.add_argument(
        "--size", type=count(0), metavar="N", help=f"ranks outside worlds (default {size})"
    )
    group.add_argument(
        "--allow",
        action="append",
        metavar="PREFIX",
        help='open a module of yours to every client, e.g. "mypackage.": that trusts all that its '
        "functions can be made to do, see docs/security.md",
    )
    group.add_argument(
        "--confine",
        choices=MODES,
        help='what the kernel refuses the ranks: "strict" (default without --allow): they start no '
        "programs, read the interpreter and its packages, and write to the server's own "
        'directories and /dev/shm; "writes" (default with --allow): they start programs and read '
        'as the user may, and write there and to a temporary directory only; "off": nothing',
    )
    group.add_argument(
        "--readable",
        action="append",
        type=_opened,
        metavar="PATH",
        help="a folder or file that confined ranks may read",
    )
    group.add_argument(
        "--writable",
        action="append",
        type=_opened,
        metavar="PATH",
        help="a folder or file that confined ranks may read and write",
    )
    group.add_argument("--max-world-size", type=count(1), metavar="N")
    group.add_argument("--max-sessions", type=count(1), metavar="N")
    group.add_argument(
        "--max-queue", type=count(0), metavar="N", help="calls that may wait for a rank"
    )
    group.add_argument(
        "--queue-timeout", type=seconds, metavar="SECONDS", help="how long they may wait there"
    )
    group.add_argument("--session-idle", type=seconds, metavar="SECONDS")
    group.add_argument(
        "--start-timeout",
        type=seconds,
        metavar="SECONDS",
        help="how long the process of a rank may take to come up",
    )
    group.add_argument(
        "--restart",
        type=_restart,
        metavar="never|always|N/SECONDS",
        help="whether ranks that die are replaced; N/SECONDS: at most N within SECONDS",
    )
    group.add_argument("--heartbeat-interval", type=seconds, metavar="SECONDS")
    group.add_argument(
        "--heartbeat-timeout",
        type=seconds,
        metavar="SECONDS",
        help="a rank without a heartbeat for so long is killed",
    )
    group.add_argument(
        "--overdue-grace",
        type=seconds,
        metavar="SECONDS",
        help="a rank with a call so long past its deadline is killed",
    )


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connect", required=True, metavar="unix:PATH|HOST:PORT")
    parser.add_argument("--token-file", type=Path, metavar="FILE")
    parser.add_argument(
        "--tls-ca", type=Path, metavar="FILE", help="authority that signed the server's certificate"
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="the client's certificate")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")
    parser.add_argument(
        "--tls-server-name", metavar="NAME", help="name in the server's certificate"
    )
    parser.add_argument("--timeout", type=seconds, default=timedelta(seconds=5), metavar="SECONDS")


def _opened(text: str) -> Path:
    try:
        return opened(os.path.abspath(text) if text else "")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None


def _restart(text: str) -> RestartPolicy:
    try:
        return RestartPolicy.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None
