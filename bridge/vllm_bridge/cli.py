"""The command `vllm-bridge`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

from vllm_bridge.pool.settings import (
    DEFAULT_ALLOWED_PREFIXES,
    DEFAULT_ENTRY_POINT,
    PoolSettings,
)
from vllm_bridge.version import __version__

TOKEN_VARIABLE = "VLLM_BRIDGE_TOKEN"

EXIT_USAGE = 2


class UsageError(Exception):
    """Something the caller has to change; the message is one line for stderr."""


def main() -> None:
    """Run the command line; the process's exit status is its result."""
    arguments = _parser().parse_args()
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
    from vllm_bridge.pool.listen import ListenError
    from vllm_bridge.pool.serve import serve

    settings = PoolSettings(
        size=arguments.size,
        max_world_size=arguments.max_world_size,
        max_sessions=arguments.max_sessions,
        max_queue=arguments.max_queue,
        session_idle=arguments.session_idle,
        start_timeout=arguments.start_timeout,
        allowed_prefixes=(*DEFAULT_ALLOWED_PREFIXES, *arguments.allow),
        entry_point=arguments.rank_entry_point,
    )
    try:
        return serve(
            arguments.listen,
            settings,
            token=_token(arguments.token_file),
            insecure_loopback=arguments.insecure_loopback,
            embedded=arguments.embedded,
        )
    except ListenError as error:
        raise UsageError(str(error)) from None


def _status(arguments: argparse.Namespace) -> int:
    from vllm_bridge.client import connect
    from vllm_bridge.codec.errors import BridgeError
    from vllm_bridge.pool.status import as_json, as_text

    try:
        with connect(arguments.connect, token=_token(arguments.token_file)) as client:
            status = client.status(timeout=arguments.timeout)
    except BridgeError as error:
        print(f"vllm-bridge: {arguments.connect}: {error.message}", file=sys.stderr)
        return 1
    print(as_json(status) if arguments.json else as_text(status))
    return 0


def _token(file: Path | None) -> str | None:
    """The token from the file, or from the environment."""
    token = os.environ.get(TOKEN_VARIABLE, "")
    source = TOKEN_VARIABLE
    if file is not None:
        source = str(file)
        try:
            token = file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the token file {file}: {error}") from None
        if not token:
            raise UsageError(f"the token file {file} is empty")
    # It travels in a header.
    if not token.isascii() or not token.isprintable():
        raise UsageError(f"the token in {source} has characters other than printable ASCII")
    return token or None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vllm-bridge", description="Rank processes of vllm_distributed, served over gRPC."
    )
    parser.add_argument("--version", action="version", version=f"vllm-bridge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run a pool"))
    _add_status(commands.add_parser("status", help="show a running pool"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    defaults = PoolSettings()
    parser.description = (
        "Run a pool of rank processes. When it listens, one line of JSON on stdout says where."
    )
    parser.add_argument(
        "--listen",
        metavar="unix:PATH|HOST:PORT",
        help="where to listen; a unix socket in a private directory by default",
    )
    parser.add_argument(
        "--size",
        type=_count(0),
        default=defaults.size,
        metavar="N",
        help="ranks outside worlds (default %(default)s)",
    )
    parser.add_argument(
        "--embedded", action="store_true", help="stop when stdin ends: for a parent process"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"token that clients must send (default: the variable {TOKEN_VARIABLE})",
    )
    parser.add_argument(
        "--insecure-loopback",
        action="store_true",
        help="listen on a loopback port without a token: any local user can then run code here",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="PREFIX",
        help='also allow qualified names that start so, e.g. "mypackage."',
    )
    parser.add_argument(
        "--max-world-size", type=_count(1), default=defaults.max_world_size, metavar="N"
    )
    parser.add_argument(
        "--max-sessions", type=_count(1), default=defaults.max_sessions, metavar="N"
    )
    parser.add_argument("--max-queue", type=_count(0), default=defaults.max_queue, metavar="N")
    parser.add_argument(
        "--session-idle", type=_seconds, default=defaults.session_idle, metavar="SECONDS"
    )
    parser.add_argument(
        "--start-timeout",
        type=_seconds,
        default=defaults.start_timeout,
        metavar="SECONDS",
        help="how long the process of a rank may take to come up",
    )
    # For tests, and for who brings a rank of their own.
    parser.add_argument("--rank-entry-point", default=DEFAULT_ENTRY_POINT, help=argparse.SUPPRESS)
    parser.set_defaults(run=_serve)


def _add_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connect", required=True, metavar="unix:PATH|HOST:PORT")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--token-file", type=Path, metavar="FILE")
    parser.add_argument("--timeout", type=_seconds, default=timedelta(seconds=5), metavar="SECONDS")
    parser.set_defaults(run=_status)


def _count(least: int) -> type[int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return number

    return parse  # type: ignore[return-value]


def _seconds(text: str) -> timedelta:
    try:
        duration = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        duration = timedelta(0)
    if duration <= timedelta(0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return duration
