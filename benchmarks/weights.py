"""Weights from a trainer to the ranks that serve a model: the `cpu` engine, in shared memory and
over TCP, beside the plainest way, a `dist.send` of each rank's part of each weight over gloo.

    python benchmarks/weights.py [--mib 1 64] [--total 256] [--ranks 2] [--rounds 5]

All ways are measured in turns in one run. Each ends with the new weights in the tensors in use; the
`cpu` engine has them wait beside those first, and all ranks agree.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist

from vllm_distributed.config import WeightTransferConfig
from vllm_distributed.weight_transfer import TensorSource, WeightTransferEngineFactory
from vllm_distributed.weight_transfer.cpu_engine import (
    CPUTrainerInitInfo,
    CPUTrainerWeightTransferEngine,
    CPUWeightTransferInitInfo,
)

WAYS = ("dist.send", "shared memory", "tcp")
context = multiprocessing.get_context("spawn")


def weights_of(mib: float, total: int) -> dict[str, torch.Tensor]:
    """Weights of `mib` each, `total` MiB in all; every other one is cut along dim 1."""
    rows = 1024
    columns = max(int(mib * (1 << 20) / rows / 2), 2)
    return {
        f"layers.{number}.weight": torch.randn(rows, columns).to(torch.bfloat16)
        for number in range(max(int(total / mib), 1))
    }


def part(number: int, tensor: torch.Tensor, rank: int, ranks: int) -> torch.Tensor:
    """What a rank has of a weight."""
    return tensor.chunk(ranks, number % 2)[rank]


def serve(rank: int, ranks: int, mib: float, total: int, store: str, pipe: Connection) -> None:
    """Be one rank: take what comes, until None."""
    torch.set_num_threads(1)
    whole = weights_of(mib, total)
    held = {
        name: torch.zeros_like(part(number, tensor, rank, ranks)).contiguous()
        for number, (name, tensor) in enumerate(whole.items())
    }
    del whole
    dist.init_process_group("gloo", f"file://{store}", rank=rank + 1, world_size=ranks + 1)
    parallel = SimpleNamespace(
        rank=rank, world_size=ranks, tensor_parallel_size=ranks, data_parallel_index=0
    )
    engines: dict[str, Any] = {}
    for way in WAYS[1:]:
        engine = WeightTransferEngineFactory.create_engine(
            WeightTransferConfig(backend="cpu"),
            SimpleNamespace(parallel_config=parallel),
            torch.device("cpu"),
            held,  # type: ignore[arg-type]  # tensors by name are a model too
        )
        engine.init_transfer_engine(
            CPUWeightTransferInitInfo(
                master_address="127.0.0.1", master_port=pipe.recv(), world_size=ranks + 1
            )
        )
        engines[way] = engine
    while (way := pipe.recv()) is not None:
        if way == "dist.send":
            for tensor in held.values():
                dist.recv(tensor, 0)
        else:
            engines[way].receive_update()
        pipe.send(float(sum(tensor.view(-1)[-1].float() for tensor in held.values())))
    dist.destroy_process_group()


def measure(mib: float, total: int, ranks: int, rounds: int) -> dict[str, list[float]]:
    """Return seconds of each round, by the way that the weights went."""
    torch.set_num_threads(1)
    whole = weights_of(mib, total)
    infos = {
        way: CPUTrainerInitInfo(rank=0, world_size=ranks + 1, shared_memory=way == "shared memory")
        for way in WAYS[1:]
    }
    pipes, processes = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = f"{folder}/store"
        for rank in range(ranks):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(rank, ranks, mib, total, store, theirs))
            process.start()
            pipes.append(ours)
            processes.append(process)
        dist.init_process_group("gloo", f"file://{store}", rank=0, world_size=ranks + 1)
        trainers = {}
        for way, info in infos.items():
            for pipe in pipes:
                pipe.send(info.master_port)
            trainers[way] = CPUTrainerWeightTransferEngine.trainer_init(
                info, source=TensorSource(whole)
            )
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds + 1):
            for way in WAYS:
                for pipe in pipes:
                    pipe.send(way)
                begun = time.perf_counter()
                if way == "dist.send":
                    for number, tensor in enumerate(whole.values()):
                        for rank in range(ranks):
                            dist.send(part(number, tensor, rank, ranks).contiguous(), rank + 1)
                else:
                    trainers[way].send_weights()
                for pipe in pipes:
                    pipe.recv()
                times[way].append(time.perf_counter() - begun)
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join()
        dist.destroy_process_group()
    return {way: found[1:] for way, found in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=float, nargs="+", default=[1, 64])
    parser.add_argument("--total", type=int, default=256)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for ranks in given.ranks:
        for mib in given.mib:
            times = measure(mib, given.total, ranks, given.rounds)
            plain = statistics.median(times["dist.send"])
            print(f"{ranks} ranks, {given.total} MiB in weights of {mib:g} MiB:")
            for way, found in times.items():
                middle = statistics.median(found)
                print(
                    f"  {way:14} {middle * 1000:7.0f} ms  {given.total / middle / 1024:5.2f} GiB/s"
                    f"  {plain / middle:5.2f} x  (best {min(found) * 1000:.0f} ms)"
                )


if __name__ == "__main__":
    main()
