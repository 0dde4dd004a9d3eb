"""From a process that was started somewhere to a rank of a world."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import signal
import socket
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vllm_bridge._generated import control_pb2
from vllm_bridge.cli.join.environment import Told, describe
from vllm_bridge.process.host import host_identity
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.transport import control
from vllm_bridge.transport.address import TcpAddress
from vllm_bridge.transport.dialling import DialError, DialTls, dial, own_addresses
from vllm_bridge.transport.tls_channel import Channel
from vllm_bridge.version import __version__

# As in the pool's listener; they are of two programs, which may be of two versions.
PROTOCOL = 1

_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Pool:
    """Where to dial in, and with what."""

    address: TcpAddress
    world_id: str
    token: str
    tls: DialTls
    plaintext: bool = False
    # How long nobody may be there yet.
    wait: timedelta = timedelta(0)
    # What the cluster calls this machine; empty: its host name.
    node: str = ""
    # By which others reach it; empty: found out.
    own_address: str = ""


def become_rank(pool: Pool, told: Told) -> NoReturn:
    """Dial in, and be that rank until the pool says stop or is gone.

    Raises:
        DialError: there is no connection, or the pool does not take this rank.
    """
    _say(f"{describe(told)}, of world {pool.world_id} at {pool.address}")
    directory = RuntimeDir.create()
    try:
        channel = _join(pool, told, directory)
    except BaseException:
        directory.remove()
        raise
    _serve(channel, directory)


def _join(pool: Pool, told: Told, directory: RuntimeDir) -> Channel:
    """The connection of a rank that the pool has taken."""
    give_up_at = time.monotonic() + pool.wait.total_seconds()
    while True:
        try:
            channel, local = dial(pool.address, pool.tls, plaintext=pool.plaintext)
            _introduce(channel, _hello(pool, told, directory, local))
            return channel
        except DialError as error:
            if not error.later or time.monotonic() >= give_up_at:
                raise
        time.sleep(_RETRY_SECONDS)


def _introduce(channel: Channel, hello: control_pb2.Hello) -> None:
    """Say who this is, and hear whether it fits.

    Raises:
        DialError: why it does not.
    """
    try:
        control.send(channel, control_pb2.RankToPool(hello=hello))
        answer = control.receive(channel, control_pb2.PoolToRank)
    except OSError as error:
        raise DialError(f"the connection has ended: {error}", later=True) from None
    if answer is None:
        channel.close()
        raise DialError(
            "the pool closed the connection without a word; what listens there may be no pool, or "
            "want TLS and a certificate (--tls-ca, --tls-cert)"
        )
    if answer.WhichOneof("message") != "welcome":
        channel.close()
        raise DialError(f"refused: {answer.refused.why}", later=answer.refused.later)


def _hello(pool: Pool, told: Told, directory: RuntimeDir, local: str) -> control_pb2.Hello:
    hello = control_pb2.Hello(
        protocol=PROTOCOL,
        token=pool.token,
        world_id=pool.world_id,
        rank=told.rank or 0,
        world_size=told.world_size or 0,
        node=pool.node or socket.gethostname(),
        addresses=[pool.own_address] if pool.own_address else own_addresses(local),
        pid=os.getpid(),
        device=_device(told),
        package_version=__version__,
        torch_version=_version("torch"),
        python_version=platform.python_version(),
        directory=str(directory.path),
        host=host_identity(),
        told_by=told.by,
    )
    if told.local_rank is not None:
        hello.local_rank = told.local_rank
    return hello


def _serve(channel: Channel, directory: RuntimeDir) -> NoReturn:
    # What takes a while to import is, now that the pool knows of this rank.
    from vllm_bridge.rank.process import serve

    def terminated(number: int, frame: FrameType | None) -> None:
        directory.remove()
        os._exit(128 + number)

    def before_end(status: int) -> None:
        directory.remove()
        leaving = control_pb2.RankToPool(leaving=control_pb2.Leaving(status=status))
        # The pool may be gone.
        with contextlib.suppress(OSError):
            control.send(channel, leaving)

    signal.signal(signal.SIGTERM, terminated)
    serve(channel, before_end=before_end)


def _device(told: Told) -> str:
    """What it will compute on, as far as one can tell without asking the driver."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible == "" or not Path("/dev/nvidiactl").exists():
        return "cpu"
    return f"cuda:{told.local_rank or 0}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _say(text: str) -> None:
    print(f"vllm-bridge join: {text}", file=sys.stderr, flush=True)
