"""The options of `vllm-bridge join`, and its processes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vllm_bridge.cli.join.environment import Told, ToldWrongError, per_node, read
from vllm_bridge.cli.values import UsageError, count, seconds
from vllm_bridge.process.import_path import bootstrap
from vllm_bridge.process.parent import die_with
from vllm_bridge.process.rank_environment import RANK_DEFAULTS
from vllm_bridge.transport.address import AddressError, TcpAddress, parse_address
from vllm_bridge.transport.dialling import DialError, DialTls
from vllm_bridge.transport.server_token import JOIN_CA_VARIABLE, VARIABLE, checked_token

EXIT_FAILED = 1

_MAX_SECRETS_BYTES = 64 * 1024
_NAMES = {
    "rank": "--rank",
    "world_size": "--world-size",
    "local_rank": "--local-rank",
}


def add_join(parser: argparse.ArgumentParser, token: Callable[[Path | None], str | None]) -> None:
    """The options. `token`: what is in the file, or in the environment."""
    parser.description = (
        "Make this process a rank of a world that waits for ranks (Vllm.World.start with "
        'distributed_executor_backend: "external_launcher"). Which rank it is, its flags say, or '
        "else what started it: torchrun, Slurm, LeaderWorkerSet, an indexed Job, MPI."
    )
    parser.add_argument(
        "--pool", required=True, metavar="HOST:PORT", help="the --join address of the server"
    )
    parser.add_argument("--world", required=True, metavar="ID")
    parser.add_argument("--rank", type=count(0), metavar="N")
    parser.add_argument("--world-size", type=count(1), metavar="N")
    parser.add_argument("--local-rank", type=count(0), metavar="N")
    parser.add_argument(
        "--ranks-per-node",
        type=count(1),
        metavar="N",
        help="fork N ranks here: this process's rank is then that of its host among the hosts",
    )
    parser.add_argument(
        "--ignore-environment", action="store_true", help="let flags alone say which rank it is"
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=timedelta(0),
        metavar="SECONDS",
        help="how long the server may not be there yet",
    )
    parser.add_argument("--node", default="", metavar="NAME", help="what this machine is called")
    parser.add_argument(
        "--address", default="", metavar="IP", help="by which other hosts reach this one"
    )
    parser.add_argument("--token-file", type=Path, metavar="FILE")
    parser.add_argument("--tls-ca", type=Path, metavar="FILE")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE")
    parser.add_argument("--tls-key", type=Path, metavar="FILE")
    parser.add_argument("--tls-server-name", metavar="NAME")
    parser.add_argument(
        "--insecure-plaintext",
        action="store_true",
        help="no TLS off loopback: whoever reads the token on its way can then run code here",
    )
    parser.add_argument("--secrets-fd", type=count(0), help=argparse.SUPPRESS)
    parser.set_defaults(run=lambda arguments: _join(arguments, token))


def _join(arguments: argparse.Namespace, token: Callable[[Path | None], str | None]) -> int:
    if VARIABLE in os.environ or JOIN_CA_VARIABLE in os.environ:
        _start_without_secrets()
    for name, value in RANK_DEFAULTS.items():
        os.environ.setdefault(name, value)
    secret, ca = _secrets(arguments.secrets_fd)
    address = _address(arguments.pool)
    told = _told(arguments)
    # What takes a while to import, after what may be wrong has been looked at.
    from vllm_bridge.cli.join.joining import Pool, become_rank

    pool = Pool(
        address,
        arguments.world,
        secret or token(arguments.token_file) or "",
        DialTls(
            arguments.tls_ca,
            ca,
            arguments.tls_cert,
            arguments.tls_key,
            arguments.tls_server_name or None,
        ),
        arguments.insecure_plaintext,
        arguments.wait,
        arguments.node,
        arguments.address,
    )

    def rank(one: Told) -> NoReturn:
        try:
            become_rank(pool, one)
        except DialError as error:
            print(f"vllm-bridge join: {error}", file=sys.stderr, flush=True)
            sys.exit(EXIT_FAILED)

    if arguments.ranks_per_node is None:
        rank(told)
    return _fork([partial(rank, one) for one in _ranks(told, arguments.ranks_per_node)])


def _start_without_secrets() -> NoReturn:
    """Start this program again without them: /proc/PID/environ shows for ever what a process was
    started with, and ranks run what clients choose."""
    given = {name: os.environ.pop(name, "") for name in (VARIABLE, JOIN_CA_VARIABLE)}
    read_end, write_end = os.pipe()
    content = "\0".join(given.values()).encode()[:_MAX_SECRETS_BYTES]
    # A pipe has room for that much.
    os.write(write_end, content)
    os.close(write_end)
    os.set_inheritable(read_end, True)
    program = [sys.executable, *bootstrap("vllm_bridge.cli.command")]
    os.execv(sys.executable, [*program, *sys.argv[1:], "--secrets-fd", str(read_end)])


def _secrets(fd: int | None) -> tuple[str, str]:
    if fd is None:
        return "", ""
    with os.fdopen(fd, "rb") as pipe:
        token, _, ca = pipe.read().decode().partition("\0")
    return checked_token(token, f"the variable {VARIABLE}") if token else "", ca


def _address(text: str) -> TcpAddress:
    try:
        address = parse_address(text)
    except AddressError as error:
        raise UsageError(f"--pool {error}") from None
    if not isinstance(address, TcpAddress):
        raise UsageError(f"--pool {text!r}: ranks dial in over TCP; give HOST:PORT")
    return address


def _told(arguments: argparse.Namespace) -> Told:
    given = {name: getattr(arguments, name) for name in _NAMES}
    names = {name: flag for name, flag in _NAMES.items() if given[name] is not None}
    flags = Told("flags", **given, names=names)
    try:
        return read(flags, {} if arguments.ignore_environment else os.environ)
    except ToldWrongError as error:
        raise UsageError(str(error)) from None


def _ranks(told: Told, count_of_node: int) -> list[Told]:
    try:
        return per_node(told, count_of_node)
    except ToldWrongError as error:
        raise UsageError(str(error)) from None


def _fork(ranks: Sequence[Callable[[], NoReturn]]) -> int:
    """A process for each of them; returns the first exit status that is not 0, when all have ended.

    They share what is imported here.
    """
    import vllm_bridge.rank.world.joining  # noqa: F401 - torch: what a fork shares

    parent = os.getpid()
    children: set[int] = set()
    for rank in ranks:
        pid = os.fork()
        if pid == 0:
            die_with(parent)
            rank()
        children.add(pid)

    def forward(number: int, frame: FrameType | None) -> None:
        for child in children:
            os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, forward)
    worst = 0
    while children:
        pid, status = os.wait()
        children.discard(pid)
        code = os.waitstatus_to_exitcode(status)
        worst = worst or (128 - code if code < 0 else code)
    return worst
