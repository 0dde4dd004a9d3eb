"""Tokens per second to the experts' ranks and back, before a rank dies, as it does, and afterwards;
beside the plainest code over gloo, every rank's tokens by a `dist.broadcast` and back by a sum.

    python benchmarks/expert_faults.py [--ranks 4] [--tokens 64 512] [--hidden 1024]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import vllm_distributed as vd
from vllm_distributed.communicators.fault_tolerant import FaultTolerantAll2AllManager

CALLS = 200


def plain(tokens: torch.Tensor, size: int, rank: int) -> torch.Tensor:
    parts = [tokens.clone() if other == rank else torch.empty_like(tokens) for other in range(size)]
    for other, part in enumerate(parts):
        dist.broadcast(part, other)
    whole = torch.cat(parts)
    dist.all_reduce(whole)
    return whole[rank * len(tokens) : (rank + 1) * len(tokens)]


def measure(rank: int, size: int, store: str, count: int, hidden: int, results: Any) -> None:
    torch.set_num_threads(1)
    vd.init_distributed_environment(size, rank, f"file://{store}", rank, "gloo")
    vd.initialize_model_parallel(size)
    manager = FaultTolerantAll2AllManager(vd.get_tp_group().cpu_group)
    slots = 2 * size
    # Each expert has a replica on the next rank.
    manager.set_placement(torch.tensor([slot // 2 + slot % 2 for slot in range(slots)]) % size)
    tokens = torch.ones(count, hidden)
    weights, ids = torch.ones(count, 2), torch.randint(0, slots, (count, 2))

    def exchange() -> float:
        begun = time.perf_counter()
        sent, _, _ = manager.dispatch(tokens, weights, ids)
        manager.combine(sent)
        return time.perf_counter() - begun

    group = vd.get_tp_group()
    found = {}
    times: dict[str, list[float]] = {"plain": [], "group": [], "before": []}
    for _ in range(CALLS):
        begun = time.perf_counter()
        plain(tokens, size, rank)
        times["plain"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        sent, _, _ = group.dispatch(tokens, weights, ids, True)
        group.combine(sent, True)
        times["group"].append(time.perf_counter() - begun)
        times["before"].append(exchange())
    found = {how: statistics.median(taken) for how, taken in times.items()}
    if rank == size - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    found["first"] = exchange()
    found["after"] = statistics.median(exchange() for _ in range(CALLS))
    if rank == 0:
        results.put(found)
    # The world has lost a rank: nothing of it ends in good order.
    time.sleep(1)
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--tokens", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--hidden", type=int, default=1024)
    given = parser.parse_args()
    context = mp.get_context("spawn")
    for count in given.tokens:
        results = context.SimpleQueue()
        with tempfile.TemporaryDirectory() as folder:
            arguments = (given.ranks, f"{folder}/store", count, given.hidden, results)
            processes = [
                context.Process(target=measure, args=(rank, *arguments))
                for rank in range(given.ranks)
            ]
            for process in processes:
                process.start()
            found = results.get()
            for process in processes:
                process.join()
        before, after = count * given.ranks, count * (given.ranks - 1)
        print(
            f"{given.ranks} ranks, {count} tokens of {given.hidden} on each: "
            f"{before / found['before']:,.0f} tokens/s, the group {before / found['group']:,.0f}, "
            f"plain gloo {before / found['plain']:,.0f} "
            f"({found['plain'] / found['before']:.2f} x); the call in which a rank dies "
            f"{found['first'] * 1e3:.1f} ms, then {after / found['after']:,.0f} tokens/s",
            flush=True,
        )


if __name__ == "__main__":
    main()
