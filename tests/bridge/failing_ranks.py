"""Ways for a rank to fail: entry points that do before they serve, and functions for its clients.

The functions are called by name: `vllm-bridge serve --allow failing_ranks.`
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from vllm_bridge.gate import rank_gate
from vllm_bridge.gate.caller import Caller
from vllm_bridge.rank import process

MEMORY_BYTES = 1 << 30
"""What a rank of `little_memory` may take beyond what it has at its start."""


def never_ready(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Says what it waits for, and waits for ever."""
    print("waiting for a device that does not come", file=sys.stderr, flush=True)
    threading.Event().wait()
    os._exit(1)


def little_memory(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """A real rank with a limit on its memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    process.main(channel, rendezvous, shared_gate)


def patient(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """A real rank that leaves the pool alone, however long the other members take to come."""
    rank_gate.PATIENCE_S = 60
    process.main(channel, rendezvous, shared_gate)


def dies_in_commit(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Real ranks. Rank 1 dies when its world has decided to switch to its new groups."""
    from vllm_bridge.rank.world import changing

    switch = changing.Standby._switch

    def switched(self: changing.Standby, attempt: changing._Attempt, groups: Any) -> None:
        if attempt.message.world.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        switch(self, attempt, groups)

    changing.Standby._switch = switched  # type: ignore[method-assign]
    process.main(channel, rendezvous, shared_gate)


def joins_nothing(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Real ranks, but for those that come to a world that is there already."""
    from vllm_bridge.rank.world import joining

    def no_device(*_: Any) -> NoReturn:
        raise RuntimeError("there is no device left for this rank")

    joining.join_changing = no_device
    process.main(channel, rendezvous, shared_gate)


def starts_cancelled_calls(
    channel: socket.socket, rendezvous: socket.socket | None, shared_gate: int | None
) -> NoReturn:
    """Real ranks. The first all_reduce on rank 1 begins when its caller has gone."""
    from vllm_bridge.rank import handler

    begin = handler.QueuedCall.run
    held = itertools.count()

    def begin_too_late(call: handler.QueuedCall, request: bytes, caller: Caller) -> bytes:
        record = call.record
        ours = record.method.endswith("AllReduce") and record.session_id.endswith("/rank-1")
        if ours and next(held) == 0:
            gone = threading.Event()
            if caller.add_callback(gone.set):
                gone.wait()
        return begin(call, request, caller)

    handler.QueuedCall.run = begin_too_late  # type: ignore[method-assign]
    process.main(channel, rendezvous, shared_gate)


def summed(value: float) -> float:
    """User code that adds up over the ranks, in a collective of which the gate sees nothing."""
    import torch

    from vllm_distributed import tensor_model_parallel_all_reduce

    found: float = tensor_model_parallel_all_reduce(torch.full((1,), value)).item()
    return found


def exit_with(status: int) -> None:
    """Ends the process on its own."""
    print("leaving on my own", file=sys.stderr, flush=True)
    os._exit(status)


def crash_in_native_code() -> None:
    """Reads address 0."""
    ctypes.string_at(0)


def stop_itself() -> None:
    """As SIGSTOP from outside, at a moment that is certain."""
    os.kill(os.getpid(), signal.SIGSTOP)
    threading.Event().wait(600)  # another thread of the rank may take the signal, and later


def log_a_warning(text: str) -> None:
    """What user code in a rank logs."""
    logging.getLogger("somebody.elses").warning(text)


def allocate(count: int) -> int:
    """Takes so many bytes, and touches them all."""
    return len(bytearray(count))


def switch_interval() -> float:
    """How long a thread of the rank lets another wait for the interpreter."""
    return sys.getswitchinterval()


def spin(path: str) -> int:
    """Python code that never waits, until the file is gone."""
    count, until = 0, time.monotonic() + 60
    while count % 100_000 or (os.path.exists(path) and time.monotonic() < until):
        count += 1
    return count
