"""Launchers: how a rank's process comes to be, where it is, and how its end is known.

A launcher starts processes, here or on other machines, and hands back their control connections;
what is said over those is not its business.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.settings.launch_options import LaunchOptions
from vllm_bridge.world_sizes import WorldSizes

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Exit:
    """How a process ended."""

    # "killed by signal 9 (SIGKILL)", "exited with status 1"
    description: str
    # True for an end that came from outside or was asked for: its stderr explains nothing.
    quiet: bool = False

    def clause(self) -> str:
        """The description with its verb: "was killed by ...", "exited with ..."."""
        as_it_is = self.description.startswith(("exited", "lost"))
        return self.description if as_it_is else f"was {self.description}"


@dataclass(frozen=True)
class Place:
    """Where a rank runs."""

    # The name of its launcher: "mp", "ray", "external_launcher".
    launcher: str
    # Host name, or what the cluster calls the machine.
    node: str
    # By which other hosts reach it; loopback where none has to.
    address: str
    # Its number among the ranks of its host; None: the pool counts, in rank order.
    local_rank: int | None = None
    # What tells its host from others: equal where two processes have the same machine and the same
    # /dev/shm. Empty: this host.
    host: str = ""
    # Where it makes its sockets; empty: in the server's own directory.
    directory: str = ""


class RankProcess(Protocol):
    """A started process, its control connection included."""

    rank_id: str
    pid: int
    place: Place

    async def connect(
        self, receive: Callable[[control_pb2.RankToPool], None], ended: Callable[[], None]
    ) -> asyncio.Transport:
        """Take the control connection over. Called once; who calls closes what it returns."""

    def abandon(self) -> None:
        """Close the control connection, where nobody has taken it over."""

    async def wait(self) -> Exit:
        """Its end."""

    async def kill(self) -> None:
        """End it now. Killing one that has ended does nothing."""

    async def stderr_tail(self) -> str:
        """The last it wrote to stderr, complete once it has ended; empty where nobody knows."""


@dataclass(frozen=True)
class WorldPlan:
    """What a launcher is asked for: the processes of one epoch of a world."""

    world_id: str
    epoch: int
    pool_name: str
    sizes: WorldSizes
    # Until all processes are there.
    start_timeout: timedelta
    options: LaunchOptions = field(default_factory=LaunchOptions)


class Launch(Protocol):
    """The processes of one epoch of a world."""

    # Where the ranks meet, e.g. "tcp://127.0.0.1:41234"; empty: rank 0 is asked to listen.
    init_method: str

    async def start(self, rank: int, rank_id: str) -> RankProcess:
        """The process of that rank. Called once for each, for all side by side; returns when it is
        there.

        Raises:
            BridgeError: why there is none. All others are ended then.
        """

    async def end(self) -> None:
        """The epoch is over, however it ended: nothing of it is kept. May be called again."""


class Launcher(Protocol):
    """Starts the processes of worlds."""

    # One of `launch_options.BACKENDS`.
    name: str

    def check(self, plan: WorldPlan) -> None:
        """Look at what is asked for, before anything is started.

        Raises:
            BridgeError: it cannot be.
        """

    async def launch(self, plan: WorldPlan) -> Launch:
        """Begin to start the processes of a world.

        Where it fails or is cancelled, nothing is left behind.

        Raises:
            BridgeError: why it cannot.
        """

    async def close(self) -> None:
        """The server stops: end everything, and return when it has ended."""


def describe_status(status: int) -> str:
    """The words for an exit status as `subprocess` gives it: negative for a signal."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        name = f" ({signal.Signals(-status).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-status}{name}"


def not_started(why: str, stderr: str) -> BridgeError:
    """The error where there is no process."""
    ending = f"; its stderr ended with:\n{stderr}" if stderr else ""
    message = f"no rank process was started: {why}{ending}"
    return BridgeError(Category.WORKER, "launch_failed", message)


def no_room(error: OSError | RuntimeError) -> BridgeError:
    """The error where the system has no descriptor, thread or memory left for a rank."""
    what = getattr(error, "strerror", None) or error
    return not_started(f"{what} (see ulimit -n, -u)", "")
