"""A growth from 2 ranks to 4: how long calls cannot go on, beside leaving the world and joining a
new one, which is the plainest way.

    python benchmarks/elastic.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any

import torch.distributed as dist
import torch.multiprocessing as mp

import vllm_distributed as vd
from vllm_distributed.elastic_ep import ElasticEPScalingState
from vllm_distributed.topology import ParallelSizes

OLD, NEW = 2, 4


def join(rank: int, size: int, store: str) -> None:
    vd.init_distributed_environment(size, rank, f"file://{store}", rank, "gloo")
    vd.initialize_model_parallel(1, data_parallel_size=size)


def leave() -> None:
    vd.destroy_model_parallel()
    vd.destroy_distributed_environment()


def measure(rank: int, folder: str, port: int, rounds: int, barrier: Any, results: Any) -> None:
    times: dict[str, list[float]] = {"prepare": [], "commit": [], "again": []}
    for number in range(rounds):
        if rank < OLD:
            join(rank, OLD, f"{folder}/a{number}")
        barrier.wait()
        kind: Any = "existing" if rank < OLD else "new"
        change = ElasticEPScalingState(
            NEW,
            "127.0.0.1",
            port,
            worker_type=kind,
            rank=None if rank < OLD else rank,
            sizes=None if rank < OLD else ParallelSizes(data=OLD),
        )
        begun = time.perf_counter()
        change.prepare()
        times["prepare"].append(time.perf_counter() - begun)
        barrier.wait()
        begun = time.perf_counter()
        change.commit()
        times["commit"].append(time.perf_counter() - begun)
        dist.barrier()
        leave()
        if rank < OLD:
            join(rank, OLD, f"{folder}/b{number}")
        barrier.wait()
        begun = time.perf_counter()
        if rank < OLD:
            leave()
        join(rank, NEW, f"{folder}/c{number}")
        times["again"].append(time.perf_counter() - begun)
        dist.barrier()
        leave()
        barrier.wait()
    if rank == 0:
        results.put({name: statistics.median(taken[1:]) for name, taken in times.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--port", type=int, default=29_765)
    given = parser.parse_args()
    context = mp.get_context("spawn")
    results = context.SimpleQueue()
    barrier = context.Barrier(NEW)
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(measure, (folder, given.port, given.rounds, barrier, results), nprocs=NEW)
    found = results.get()
    print(
        f"{OLD} to {NEW} ranks: prepared beside what goes on in {found['prepare'] * 1e3:.1f} ms, "
        f"gone over in {found['commit'] * 1e3:.1f} ms; leaving and joining "
        f"{found['again'] * 1e3:.1f} ms ({found['again'] / found['commit']:.2f} x the pause, "
        f"{found['again'] / (found['commit'] + found['prepare']):.2f} x all of it)"
    )


if __name__ == "__main__":
    main()
