"""GroupCoordinator against raw torch.distributed on the same ranks' gloo groups; a table.

Both sides of a row take turns in an order that is random but the same on every rank, so that
whatever else the machine does meets both. Before each measurement the ranks meet in a barrier of
gloo; a measurement is one or several calls in a row, its time that of the slowest rank, and a row
shows the medians over the rounds and their ratio. `collective_rows.py` says what is called and what
is promised. The last line is what idle ranks cost, with the shared memory of their groups and
without.

`--mpi` measures MPI through mpi4py too, in the same rounds (`pip install -e '.[bench]'`). `--busy`
measures beside so many processes that burn a processor each, with fewer rounds.

    python benchmarks/collectives.py [--ranks 2 4] [--quick] [--mpi] [--busy 0 2 6] [--only TEXT]
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import random
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch.distributed import ProcessGroup

import vllm_distributed as vd
from collective_mpi import Mpi, in_an_mpi_world
from collective_rows import Row, rows

WARM_UP = 2
IDLE_S = 2.0
IDLE_GROUPS = 2
# Of one processor, over all ranks: what two measurements of the same differ by, and no more.
IDLE_LIMIT = 0.005
DEADLINE_S = 300
BUSY_ROUNDS, BUSY_CALLS = 7, 10


@dataclass(frozen=True)
class Wanted:
    """What to measure."""

    quick: bool
    mpi: bool
    busy: int
    only: str


@dataclass(frozen=True)
class Measured:
    """A row and one rank's seconds a call, of each round: ours, those of gloo and those of MPI."""

    operation: str
    size: str
    ratio: float | None
    limit_s: float | None
    seconds: list[list[float]]


def main() -> None:
    """Measure worlds of each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4], help="sizes of worlds")
    parser.add_argument("--quick", action="store_true", help="two rounds: to see that it runs")
    parser.add_argument("--mpi", action="store_true", help="beside MPI, too")
    parser.add_argument("--busy", type=int, nargs="+", default=[0], help="burning processes")
    parser.add_argument("--only", default="", help="rows with this text in their names")
    parser.add_argument("--rank-of-mpi", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rank_of_mpi:
        of_an_mpi_world(*arguments.rank_of_mpi)
        return
    print(f"{os.cpu_count()} processors, load average before: {os.getloadavg()[0]:.1f}\n")
    print("| operation | ranks | size | busy | ours | gloo | ratio | MPI | ratio | target | met |")
    print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for ranks in arguments.ranks:
        for busy in arguments.busy:
            wanted = Wanted(arguments.quick, arguments.mpi, busy, arguments.only)
            with burning(busy):
                results = all_rows(ranks, wanted)
            for of_one_row in zip(*results, strict=True):
                print(line(ranks, busy, of_one_row), flush=True)
    if not arguments.only:
        print(of_idle_ranks(max(arguments.ranks), 0.2 if arguments.quick else IDLE_S))


def all_rows(ranks: int, wanted: Wanted) -> list[list[Measured]]:
    """Return what each rank of a world measured."""
    if not wanted.mpi:
        return in_a_world(ranks, measure_all, wanted)
    found = in_an_mpi_world(ranks, __file__, "--rank-of-mpi", json.dumps(asdict(wanted)))
    return [[Measured(**row) for row in of_rank] for of_rank in found]


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Have so many processes keep a processor busy each."""
    processes = [
        multiprocessing.get_context("fork").Process(target=burn, daemon=True) for _ in range(count)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def burn() -> None:
    """Do nothing, all the time, until what started this has ended."""
    parent = os.getppid()
    while os.getppid() == parent:
        sum(range(100_000))


def of_idle_ranks(ranks: int, seconds: float) -> str:
    """Return the line of what ranks cost that do nothing."""
    # Both at the same time: what a sleeping thread costs depends on what the machine does.
    with ThreadPoolExecutor(2) as threads:
        worlds = [threads.submit(in_a_world, ranks, idle, seconds, shm) for shm in ("1", "0")]
        ours, raw = (sum(world.result()) / seconds for world in worlds)
    return (
        f"| (processor time, idle in {IDLE_GROUPS} groups) | {ranks} | | | {ours:.2%} | {raw:.2%} "
        f"| | | | at most {IDLE_LIMIT:.1%} more | {'yes' if ours <= raw + IDLE_LIMIT else 'NO'} |"
    )


def line(ranks: int, busy: int, of_ranks: tuple[Measured, ...]) -> str:
    """Return one line of the table; the slowest rank of a round counts."""
    row = of_ranks[0]
    ours, raw, mpi = (
        statistics.median(map(max, zip(*times, strict=True))) if times[0] else None
        for times in zip(*(one.seconds for one in of_ranks), strict=True)
    )
    assert ours is not None
    target, met = "", True
    if busy:
        target, met = "1x", raw is None or ours <= raw
    elif row.limit_s is not None:
        target, met = f"at most {shown(row.limit_s)}", ours <= row.limit_s
    elif row.ratio is not None:
        target, met = f"{row.ratio:g}x", raw is not None and raw / ours >= row.ratio
    if mpi is not None:
        target, met = f"{target}; MPI" if target else "MPI", met and ours <= mpi
    answer = ("yes" if met else "NO") if target else ""
    return (
        f"| {row.operation} | {ranks} | {row.size} | {busy} | {shown(ours)} | {shown(raw)} "
        f"| {ratio(raw, ours)} | {shown(mpi)} | {ratio(mpi, ours)} | {target} | {answer} |"
    )


def ratio(other: float | None, ours: float) -> str:
    """Return how many times as fast ours is."""
    return "" if other is None else f"{other / ours:.2f}x"


def shown(seconds: float | None) -> str:
    """Return a time in the unit that suits it."""
    if seconds is None:
        return ""
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def in_a_world(count: int, work: Callable[..., Any], *arguments: Any) -> list[Any]:
    """Return what `work(rank, count, port, *arguments)` returned on each rank of a world."""
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ranks = [
            context.Process(
                target=rank_main, args=(rank, count, listener, pipes[rank][1], work, arguments)
            )
            for rank in range(count)
        ]
        for process in ranks:
            process.start()
    results: list[Any] = []
    try:
        for rank, (ours, theirs) in enumerate(pipes):
            theirs.close()
            if not ours.poll(DEADLINE_S):
                raise SystemExit(f"rank {rank} of {count} is not through after {DEADLINE_S} s")
            results.append(ours.recv())
    finally:
        for process in ranks:
            process.join(10 if len(results) == count else 0)
            process.kill()
    return results


def rank_main(
    rank: int,
    count: int,
    listener: socket.socket,
    results: Connection,
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    """Work on one rank."""
    torch.set_num_threads(1)  # as torchrun does: the ranks share the cores
    if rank == 0:
        vd.adopt_listen_socket(listener)
    result = work(rank, count, listener.getsockname()[1], *arguments)
    vd.get_world_group().barrier()
    results.send(result)
    vd.cleanup_dist_env_and_memory()


def join(rank: int, count: int, port: int) -> None:
    """Join the world: its first group."""
    vd.init_distributed_environment(
        count, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=60)
    )


def idle(rank: int, count: int, port: int, seconds: float, shared: str) -> float:
    """Return the seconds of processor time in `seconds` of doing nothing, of all threads."""
    os.environ["VLLM_DISTRIBUTED_SHM"] = shared
    join(rank, count, port)
    vd.initialize_model_parallel(count)
    for group in (vd.get_world_group(), vd.get_tp_group()):
        group.all_reduce(torch.ones(1))
    started = time.process_time()
    time.sleep(seconds)
    return time.process_time() - started


def of_an_mpi_world(wanted: str, results: str) -> None:
    """Work on one rank that `mpiexec` started."""
    torch.set_num_threads(1)
    mpi = Mpi()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = mpi.share(listener.getsockname()[1])
        if mpi.rank == 0:
            vd.adopt_listen_socket(listener)
        measured = measure_all(mpi.rank, mpi.size, port, Wanted(**json.loads(wanted)), mpi)
        of_ranks = mpi.gather([asdict(row) for row in measured])
        if of_ranks is not None:
            with open(results, "w") as file:
                json.dump(of_ranks, file)
        vd.get_world_group().barrier()
        vd.cleanup_dist_env_and_memory()


def measure_all(
    rank: int, count: int, port: int, wanted: Wanted, mpi: Mpi | None = None
) -> list[Measured]:
    """Return what all rows take."""
    join(rank, count, port)
    orders = random.Random(count)
    meeting = vd.get_world_group().cpu_group
    return [
        measure(row, meeting, orders, wanted)
        for row in rows(mpi)
        if wanted.only in f"{row.operation} {row.size}"
    ]


def measure(row: Row, meeting: ProcessGroup, orders: random.Random, wanted: Wanted) -> Measured:
    """Time all sides of a row."""
    sides = [row.ours, row.raw, row.mpi]
    there = [which for which, side in enumerate(sides) if side is not None]
    seconds: list[list[float]] = [[] for _ in sides]
    gc.collect()
    gc.disable()
    rounds, calls = 2 if wanted.quick else row.rounds, row.calls
    if wanted.busy:
        rounds, calls = min(rounds, BUSY_ROUNDS), min(calls, BUSY_CALLS)
    for turn in range(rounds + WARM_UP):
        for which in orders.sample(there, len(there)):
            call = sides[which]
            assert call is not None
            meeting.barrier().wait()
            if calls > 1:
                call()  # whoever left the barrier first waits for the others here
            started = time.perf_counter()
            for _ in range(calls):
                call()
            took = time.perf_counter() - started
            if turn >= WARM_UP:
                seconds[which].append(took / calls)
    gc.enable()
    return Measured(row.operation, row.size, row.ratio, row.limit_s, seconds)


if __name__ == "__main__":
    main()
