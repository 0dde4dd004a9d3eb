"""Real rank processes for tests: forked from a server that has torch loaded, run with a deadline.

`run_ranks(n, function)` starts fresh processes, calls `function(rank, port, n, *arguments)` in each
and ends them: for tests of joining and leaving. `Ranks(n)` does so step by step: a step begins when
all ranks are through with the one before. `World(n)` keeps n processes in a world with model
parallel groups and runs many functions in them: for tests of operations.

Nobody looks for a free port: the parent binds port 0 and rank 0 inherits the listening socket.
Functions are module-level ones of test modules; results travel as plain pickle.
"""

from __future__ import annotations

import faulthandler
import gc
import multiprocessing
import os
import pickle
import shutil
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from segments import bind, of_its_own

DEADLINE_S = 60.0

SHARED_MEMORY, GLOO, HOSTS = "shared memory", "gloo", "hosts"
CARRIERS = (SHARED_MEMORY, GLOO)
"""What the groups of a world of CPU ranks go over. `HOSTS` is for the same on several: the second
half of the ranks is on another one, as far as can be seen, which takes root to arrange."""

_context = multiprocessing.get_context("forkserver")
# All that a rank imports: pytest, too, which takes it longer than the rest of its start.
_context.set_forkserver_preload(["torch", "vllm_distributed", "pytest"])


@dataclass
class Outcome:
    """What a function did on one rank."""

    value: Any = None
    error: str | None = None
    """The name of the exception's type, if it raised."""
    reason: str | None = None
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    report: str = ""
    seconds: float = 0.0


class RankFailedError(AssertionError):
    """A function raised on some rank, or did not return in time."""


def run_ranks(
    count: int, function: Callable[..., Any], *arguments: Any, deadline_s: float = DEADLINE_S
) -> list[Any]:
    """Return what `function` returned on each of `count` fresh processes."""
    return _values(outcomes_of(count, function, *arguments, deadline_s=deadline_s))


def outcomes_of(
    count: int, function: Callable[..., Any], *arguments: Any, deadline_s: float = DEADLINE_S
) -> list[Outcome]:
    """Return what `function` did on each of `count` fresh processes."""
    with Ranks(count) as ranks:
        return ranks.call(function, arguments, deadline_s, with_place=True)


class World:
    """`size` processes in one world; the model parallel groups are given by `sizes`."""

    def __init__(self, size: int, *, over: str = SHARED_MEMORY, **sizes: int) -> None:
        self.size = size
        self._over, self._sizes = over, sizes
        self._ranks: Ranks | None = None

    def run(
        self, function: Callable[..., Any], *arguments: Any, deadline_s: float = DEADLINE_S
    ) -> list[Any]:
        """Return what `function(*arguments)` returned on each rank."""
        return _values(self.outcomes(function, *arguments, deadline_s=deadline_s))

    def outcomes(
        self, function: Callable[..., Any], *arguments: Any, deadline_s: float = DEADLINE_S
    ) -> list[Outcome]:
        """Return what `function(*arguments)` did on each rank."""
        if self._ranks is None:
            self._ranks = Ranks(self.size)
            _values(
                self._ranks.call(join_world, (self._over, self._sizes), DEADLINE_S, with_place=True)
            )
        try:
            outcomes = self._ranks.call(function, arguments, deadline_s, with_place=False)
        except RankFailedError:
            self.stop()
            raise
        if any(outcome.error in ("CollectiveError", "AssertionError") for outcome in outcomes):
            self.stop()  # its groups may be out of step: the next test gets a fresh world
        return outcomes

    def stop(self) -> None:
        """End the processes; the next run starts fresh ones."""
        if self._ranks is not None:
            self._ranks.stop()
            self._ranks = None


def join_world(rank: int, port: int, size: int, over: str, sizes: dict[str, int]) -> None:
    """Join the world of this test on loopback."""
    import vllm_distributed as vd

    os.environ["VLLM_DISTRIBUTED_SHM"] = "0" if over == GLOO else "1"
    if over == HOSTS and rank >= size // 2:
        another_host(port)

    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=20)
    )
    vd.initialize_model_parallel(**sizes)


def another_host(port: int) -> None:
    """Have this process see another shared memory than those do that do not call this."""
    place = _memory_of_another_host(port)
    place.mkdir(exist_ok=True)
    of_its_own()
    bind(place)


def _memory_of_another_host(port: int) -> Path:
    return Path(tempfile.gettempdir()) / f"vllm_distributed_host_{os.getuid()}_{port}"


def listen(rank: int, _port: int, _count: int) -> int | None:
    """Have rank 0 hold a listening socket, for groups that are made later; return its port."""
    if rank != 0:
        return None
    import vllm_distributed as vd

    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    vd.adopt_listen_socket(listener)
    return int(listener.getsockname()[1])


class Ranks:
    """`count` processes that wait for what to do."""

    def __init__(self, count: int) -> None:
        self.count = count
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._port = listener.getsockname()[1]
        self._pipes: list[Connection] = []
        self._processes = []
        for rank in range(count):
            ours, theirs = _context.Pipe()
            process = _context.Process(
                target=_serve,
                args=(theirs, rank, count, listener if rank == 0 else None, sys.path),
                daemon=True,
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        listener.close()

    def __enter__(self) -> Ranks:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def run(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Return what `function(rank, port, count, *arguments)` returned on each."""
        return _values(self.call(function, arguments, DEADLINE_S, with_place=True))

    def call(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        deadline_s: float,
        *,
        with_place: bool,
    ) -> list[Outcome]:
        request = pickle.dumps((function, arguments, deadline_s, self._port, with_place))
        for pipe in self._pipes:
            pipe.send_bytes(request)
        end = time.monotonic() + deadline_s
        outcomes: list[Outcome] = []
        for rank, pipe in enumerate(self._pipes):
            try:
                if not pipe.poll(max(end - time.monotonic(), 0)):
                    raise RankFailedError(
                        f"rank {rank} did not return from {function.__name__} within {deadline_s} s"
                    )
                outcomes.append(_load(pipe))
            except (EOFError, ConnectionResetError):
                self._processes[rank].join(1)
                outcomes.append(
                    Outcome(
                        error="ProcessDied", message=f"exit code {self._processes[rank].exitcode}"
                    )
                )
        return outcomes

    def stop(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
        shutil.rmtree(_memory_of_another_host(self._port), ignore_errors=True)


def _serve(
    pipe: Connection, rank: int, count: int, listener: socket.socket | None, path: list[str]
) -> None:
    """Run what the parent asks for until it closes the pipe."""
    gc.freeze()  # tests collect garbage: not among what torch is made of, which takes 0.1 s
    sys.path[:] = path
    import torch

    import vllm_distributed as vd

    torch.set_num_threads(1)
    if listener is not None:
        vd.adopt_listen_socket(listener)
    while True:
        try:
            request = _load(pipe)
        except EOFError:
            return
        function, arguments, deadline_s, port, with_place = request
        if with_place:
            arguments = (rank, port, count, *arguments)
        faulthandler.dump_traceback_later(max(deadline_s - 0.5, 0.5))
        pipe.send_bytes(pickle.dumps(_attempt(function, arguments)))
        faulthandler.cancel_dump_traceback_later()


def _load(pipe: Connection) -> Any:
    return pickle.loads(pipe.recv_bytes())  # noqa: S301 - between a test and its own processes


def _attempt(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    started = time.monotonic()
    try:
        value = function(*arguments)
        return Outcome(value=value, seconds=time.monotonic() - started)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - reported to the test
        return Outcome(
            error=type(error).__name__,
            reason=getattr(error, "reason", None),
            message=str(error),
            details=getattr(error, "details", {}),
            report=traceback.format_exc(),
            seconds=time.monotonic() - started,
        )


def _values(outcomes: list[Outcome]) -> list[Any]:
    failed = [
        f"--- rank {rank}: {outcome.error}: {outcome.message}\n{outcome.report}"
        for rank, outcome in enumerate(outcomes)
        if outcome.error is not None
    ]
    if failed:
        raise RankFailedError("\n".join(failed))
    return [outcome.value for outcome in outcomes]
