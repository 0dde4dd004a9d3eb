"""Where the ranks of a test's world meet for groups apart from it: sockets bound to port 0."""

from __future__ import annotations

import os
import socket
import threading
import time

import vllm_distributed as vd


def listening() -> socket.socket:
    """A socket that listens on loopback, on a port of the system's choice."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    return listener


def published() -> tuple[int, socket.socket | None]:
    """The port of a socket that rank 0 of the world holds, and on rank 0 the socket."""
    world = vd.get_world_group()
    listener = listening() if world.rank == 0 else None
    port = world.broadcast_object(None if listener is None else listener.getsockname()[1])
    assert isinstance(port, int)
    return port, listener


def ports_for(group_ranks: list[list[int]]) -> list[list[int]]:
    """A port for each list, adopted by the list's first rank. Collective over the world."""
    world = vd.get_world_group()
    ports = []
    for ranks in group_ranks:
        listener = listening() if world.rank == ranks[0] else None
        port = None if listener is None else listener.getsockname()[1]
        if listener is not None:
            vd.adopt_listen_socket(listener)
        # Three, as vLLM's callers pass them; the first one is used.
        ports.append([world.broadcast_object(port, ranks[0]), 1, 2])
    return ports


def coordinator(
    group_ranks: list[list[int]], name: str | None = None, with_queue: bool = False
) -> vd.StatelessGroupCoordinator:
    """A stateless coordinator among the ranks of the world. Collective over the world."""
    ports, world = ports_for(group_ranks), vd.get_world_group()
    return vd.StatelessGroupCoordinator(
        group_ranks,
        world.local_rank,
        "gloo",
        True,
        use_message_queue_broadcaster=with_queue,
        group_name=name,
        group_ports=ports,
        global_rank=world.rank,
        global_world_size=world.world_size,
    )


def held() -> tuple[int, int]:
    """How many threads and open files this process has."""
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


def grown(before: tuple[int, int]) -> tuple[int, int]:
    """How many more threads and open files this process has, when what is ending has ended."""
    end = time.monotonic() + 10
    while True:
        threads, files = (max(now - then, 0) for now, then in zip(held(), before, strict=True))
        if (threads, files) == (0, 0) or time.monotonic() > end:
            return threads, files
        threading.Event().wait(0.01)
