"""GroupCoordinator against raw torch.distributed on the same ranks' gloo groups; a table.

Both sides of a row take turns in an order that is random but the same on every rank, so that
whatever else the machine does meets both. Before each measurement the ranks meet in a barrier of
gloo; a measurement is one or several calls in a row, its time that of the slowest rank, and a row
shows the medians over the rounds and their ratio. `collective_rows.py` says what is called and what
is promised. The last line is what idle ranks cost, with the shared memory of their groups and
without.

    python benchmarks/collectives.py [--ranks 2 4] [--quick]
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import random
import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch.distributed import ProcessGroup

import vllm_distributed as vd
from collective_rows import Row, rows

WARM_UP = 2
IDLE_S = 2.0
IDLE_GROUPS = 2
# Of one processor, over all ranks: what two measurements of the same differ by, and no more.
IDLE_LIMIT = 0.005
DEADLINE_S = 300


@dataclass(frozen=True)
class Measured:
    """A row and one rank's seconds a call, of each round."""

    operation: str
    size: str
    ratio: float | None
    limit_s: float | None
    ours: list[float]
    raw: list[float]


def main() -> None:
    """Measure worlds of each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4], help="sizes of worlds")
    parser.add_argument("--quick", action="store_true", help="two rounds: to see that it runs")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load average before: {os.getloadavg()[0]:.1f}\n")
    print("| operation | ranks | size | ours | gloo | ratio | target | met |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for ranks in arguments.ranks:
        for of_one_row in zip(*in_a_world(ranks, measure_all, arguments.quick), strict=True):
            print(line(ranks, of_one_row), flush=True)
    ranks, seconds = max(arguments.ranks), 0.2 if arguments.quick else IDLE_S
    # Both at the same time: what a sleeping thread costs depends on what the machine does.
    with ThreadPoolExecutor(2) as threads:
        worlds = [threads.submit(in_a_world, ranks, idle, seconds, shm) for shm in ("1", "0")]
        ours, raw = (sum(world.result()) / seconds for world in worlds)
    print(
        f"| (processor time, idle in {IDLE_GROUPS} groups) | {ranks} | | {ours:.2%} | {raw:.2%} | "
        f"| at most {IDLE_LIMIT:.1%} more | {'yes' if ours <= raw + IDLE_LIMIT else 'NO'} |"
    )


def line(ranks: int, of_ranks: tuple[Measured, ...]) -> str:
    """Return one line of the table; the slowest rank of a round counts."""
    row = of_ranks[0]
    ours, raw = (
        statistics.median(map(max, zip(*times, strict=True))) if times[0] else None
        for times in ([one.ours for one in of_ranks], [one.raw for one in of_ranks])
    )
    assert ours is not None
    ratio = None if raw is None else raw / ours
    target = met = ""
    if row.limit_s is not None:
        target, met = f"at most {shown(row.limit_s)}", "yes" if ours <= row.limit_s else "NO"
    elif row.ratio is not None:
        target, met = f"{row.ratio:g}x", "yes" if ratio and ratio >= row.ratio else "NO"
    return (
        f"| {row.operation} | {ranks} | {row.size} | {shown(ours)} | {shown(raw)} "
        f"| {'' if ratio is None else f'{ratio:.2f}x'} | {target} | {met} |"
    )


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


def measure_all(rank: int, count: int, port: int, quick: bool) -> list[Measured]:
    """Return what all rows take."""
    join(rank, count, port)
    orders = random.Random(count)
    return [measure(row, vd.get_world_group().cpu_group, orders, quick) for row in rows()]


def measure(row: Row, meeting: ProcessGroup, orders: random.Random, quick: bool) -> Measured:
    """Time both sides of a row."""
    sides: list[Callable[[], object]] = [row.ours] if row.raw is None else [row.ours, row.raw]
    seconds: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    rounds = 2 if quick else row.rounds
    for turn in range(rounds + WARM_UP):
        for which in orders.sample(range(len(sides)), len(sides)):
            call = sides[which]
            meeting.barrier().wait()
            if row.calls > 1:
                call()  # whoever left the barrier first waits for the others here
            started = time.perf_counter()
            for _ in range(row.calls):
                call()
            took = time.perf_counter() - started
            if turn >= WARM_UP:
                seconds[which].append(took / row.calls)
    gc.enable()
    return Measured(row.operation, row.size, row.ratio, row.limit_s, *seconds)


if __name__ == "__main__":
    main()
