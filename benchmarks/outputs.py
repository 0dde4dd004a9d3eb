"""Where a large result goes: new memory, the caller's `out`, or memory used before; a table.

Two ranks over gloo. The three run alternately in one loop and drop their results at once; each has
its median time and the median of the pages of new memory that the rank touched in a call. What
malloc gives is not new either, up to 32 MiB, where a result was dropped at once.

    python benchmarks/outputs.py [repetitions]
"""

from __future__ import annotations

import multiprocessing
import resource
import socket
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection

import torch

import vllm_distributed as vd
from vllm_distributed.tensors.buffer_pool import ReusableMemory
from vllm_distributed.tensors.outputs import using

MIB = 2**20
SIZES = (1, 16, 32)
WARM_UP = 2

Call = Callable[..., object]


def operations(count: int) -> dict[str, tuple[Call, torch.Tensor]]:
    """Return each operation on `count` floats, and a place for its result."""
    group, tensor = vd.get_tp_group(), torch.ones(count)
    return {
        "all_reduce": (lambda *out: group.all_reduce(tensor, *out), torch.empty(count)),
        "all_gather": (lambda *out: group.all_gather(tensor, 0, *out), torch.empty(2 * count)),
        "reduce_scatter": (
            lambda *out: group.reduce_scatter(tensor, 0, *out),
            torch.empty(count // 2),
        ),
    }


def ways(call: Call, out: torch.Tensor, memory: ReusableMemory) -> dict[str, Callable[[], None]]:
    """Return the three, none of which keeps its result."""

    def fresh() -> None:
        call()

    def into() -> None:
        call(out)

    def again() -> None:
        with using(memory):
            call()

    return {"fresh": fresh, "out": into, "used again": again}


def measured(run: Callable[[], None]) -> tuple[float, int]:
    """Return the seconds of a call, and the pages that it touched first."""
    vd.get_tp_group().barrier()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    begin = time.perf_counter()
    run()
    seconds = time.perf_counter() - begin
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def rank_main(rank: int, listener: socket.socket, repetitions: int, results: Connection) -> None:
    """Measure on one rank; rank 0 reports."""
    torch.set_num_threads(1)  # as torchrun does: two ranks share the cores
    port = listener.getsockname()[1]
    if rank == 0:
        vd.adopt_listen_socket(listener)
    vd.init_distributed_environment(
        2, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=60)
    )
    vd.initialize_model_parallel(2)
    memory, rows = ReusableMemory(), []
    for size in SIZES:
        for name, (call, out) in operations(size * MIB // 4).items():
            samples: dict[str, list[tuple[float, int]]] = {}
            for _ in range(repetitions + WARM_UP):
                for way, run in ways(call, out, memory).items():
                    samples.setdefault(way, []).append(measured(run))
            for way, several in samples.items():
                seconds, pages = zip(*several[WARM_UP:], strict=True)
                row = (name, size, way, statistics.median(seconds), statistics.median(pages))
                rows.append(row)
    if rank == 0:
        results.send(rows)
    vd.get_world_group().barrier()
    vd.cleanup_dist_env_and_memory()


def main() -> None:
    """Run both ranks and print the table."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ranks = [
            context.Process(target=rank_main, args=(rank, listener, repetitions, theirs))
            for rank in range(2)
        ]
        for process in ranks:
            process.start()
        rows = ours.recv()
        for process in ranks:
            process.join()
    print("| operation | MiB of a rank | result | p50 (ms) | new pages |")
    print("|---|---|---|---|---|")
    for name, size, way, seconds, pages in rows:
        print(f"| {name} | {size} | {way} | {seconds * 1e3:.2f} | {pages:.0f} |")


if __name__ == "__main__":
    main()
