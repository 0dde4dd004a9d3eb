"""Experts moved to where a new map wants them: our communicators beside the plainest code, each
tensor of each expert by a `dist.send` and a `dist.recv` over gloo.

    python benchmarks/eplb.py [--ranks 2 4] [--kib 64 1024 8192]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import vllm_distributed as vd
from vllm_distributed.eplb import create_eplb_communicator, rearrange_expert_weights_inplace

LOCAL, LAYERS, ROUNDS = 4, 4, 7
BACKENDS = ("shared_memory", "torch_gloo")


def plain(old: Any, new: Any, weights: Any, buffer: Any) -> None:
    """Each expert from the first rank that has it to each that needs it, one after the other."""
    rank, size = dist.get_rank(), dist.get_world_size()
    for layer in range(LAYERS):
        has, wants = old[layer].tolist(), new[layer].tolist()
        for slot, number in enumerate(wants):
            target, row = divmod(slot, LOCAL)
            at = has.index(number)
            held = has[target * LOCAL : (target + 1) * LOCAL]
            if number in held:
                if target == rank:
                    for weight, spare in zip(weights[layer], buffer, strict=True):
                        spare[row] = weight[held.index(number)]
                continue
            source = at // LOCAL
            for weight, spare in zip(weights[layer], buffer, strict=True):
                if source == rank:
                    dist.send(weight[at % LOCAL], target)
                elif target == rank:
                    dist.recv(spare[row], source)
        for weight, spare in zip(weights[layer], buffer, strict=True):
            weight.copy_(spare)
    assert size > 1


def measure(rank: int, size: int, store: str, kib: int, results: Any) -> None:
    torch.set_num_threads(1)
    vd.init_distributed_environment(size, rank, f"file://{store}", rank, "gloo")
    vd.initialize_model_parallel(size)
    group = vd.get_tp_group()
    slots = LOCAL * size
    generator = torch.Generator().manual_seed(5)
    maps = [
        torch.stack([torch.randperm(slots, generator=generator) for _ in range(LAYERS)])
        for _ in range(ROUNDS + 3)
    ]
    elements = kib * 1024 // 4 // 2
    weights = [
        [
            (maps[0][layer, rank * LOCAL : (rank + 1) * LOCAL, None] * torch.ones(1, elements))
            for _ in range(2)
        ]
        for layer in range(LAYERS)
    ]
    buffer = [torch.empty_like(weight) for weight in weights[0]]
    found = {}
    ways: dict[str, Callable[[Any, Any], None]] = {
        "plain": lambda a, b: plain(a, b, weights, buffer)
    }
    for backend in BACKENDS:
        made = create_eplb_communicator(group, backend, weights, buffer)
        ways[backend] = lambda a, b, made=made: rearrange_expert_weights_inplace(  # type: ignore[misc]
            a, b, weights, buffer, group.cpu_group, made
        )
    at = 0
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 2):
        for name, move in ways.items():
            old, new = maps[at % len(maps)], maps[(at + 1) % len(maps)]
            at += 1
            dist.barrier()
            begun = time.perf_counter()
            move(old, new)
            dist.barrier()
            times[name].append(time.perf_counter() - begun)
            for layer in range(LAYERS):
                for row in range(LOCAL):
                    number = float(new[layer, rank * LOCAL + row])
                    assert all((each[row] == number).all() for each in weights[layer])
    found = {name: statistics.median(taken[2:]) for name, taken in times.items()}
    if rank == 0:
        results.put(found)
    dist.barrier()
    vd.destroy_model_parallel()
    vd.destroy_distributed_environment()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--kib", type=int, nargs="+", default=[64, 1024, 8192])
    given = parser.parse_args()
    context = mp.get_context("spawn")
    for size in given.ranks:
        for kib in given.kib:
            results = context.SimpleQueue()
            with tempfile.TemporaryDirectory() as folder:
                mp.spawn(measure, (size, f"{folder}/store", kib, results), nprocs=size)
            found = results.get()
            ratios = ", ".join(
                f"{name} {found[name] * 1e3:.2f} ms ({found['plain'] / found[name]:.2f} x)"
                for name in BACKENDS
            )
            print(
                f"{size} ranks, {LAYERS} layers of {LOCAL} experts of {kib} KiB on each: plain "
                f"{found['plain'] * 1e3:.2f} ms, {ratios}",
                flush=True,
            )


if __name__ == "__main__":
    main()
