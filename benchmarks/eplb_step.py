"""What balancing costs: a step of `EplbState`, and a whole rearrangement, beside the plainest code
(sum the load of each expert, find a map, send each expert with `dist.send`).

    python benchmarks/eplb_step.py [--ranks 2] [--kib 256]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

import vllm_distributed as vd
from eplb import LAYERS, LOCAL, plain
from vllm_distributed.config import EPLBConfig, ParallelConfig
from vllm_distributed.eplb.eplb_state import EplbState
from vllm_distributed.eplb.policy.default import DefaultEplbPolicy

ROUNDS = 15


class Model:
    """As many experts as slots, and weights of a size."""

    num_moe_layers, num_expert_groups, num_redundant_experts = LAYERS, 1, 0
    num_local_physical_experts = LOCAL

    def __init__(self, ranks: int, elements: int) -> None:
        self.num_logical_experts = self.num_routed_experts = LOCAL * ranks
        self.num_physical_experts = LOCAL * ranks
        self.expert_weights = [
            [torch.ones(LOCAL, elements // 2) for _ in range(2)] for _ in range(LAYERS)
        ]

    def set_eplb_state(self, *views: Any) -> None:
        self.load = views[0]


class Name:
    """A configuration."""

    model = "m"

    def compute_hash(self) -> str:
        return "m"


def measure(rank: int, size: int, store: str, kib: int, results: Any) -> None:
    torch.set_num_threads(1)
    vd.init_distributed_environment(size, rank, f"file://{store}", rank, "gloo")
    vd.initialize_model_parallel(size)
    model = Model(size, kib * 256)
    config = ParallelConfig(
        eplb_config=EPLBConfig(window_size=100, step_interval=10**9, use_async=False)
    )
    state = EplbState(config, torch.device("cpu"))
    state.add_model(model, Name())
    (models,) = state.model_states.values()
    buffer = [torch.empty_like(weight) for weight in model.expert_weights[0]]
    generator = torch.Generator().manual_seed(1)
    times: dict[str, list[float]] = {"step": [], "ours": [], "plain": []}
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(1000):
            state.step()
        times["step"].append((time.perf_counter() - begun) / 1000)
        for how in ("ours", "plain"):
            load = torch.randint(
                0, 1000, models.expert_load_window.shape, dtype=torch.int32, generator=generator
            )
            models.expert_load_window.copy_(load)
            dist.barrier()
            begun = time.perf_counter()
            if how == "ours":
                state.rearrange()
            else:
                old = models.physical_to_logical_map.clone()
                sums = torch.zeros(LAYERS, model.num_logical_experts, dtype=torch.int64)
                sums.scatter_add_(1, old, models.expert_load_window.sum(dim=0).long())
                dist.all_reduce(sums)
                new = DefaultEplbPolicy.rebalance_experts(sums, LOCAL * size, 1, 1, size)
                plain(old, new, model.expert_weights, buffer)
                state.update_mapping(Name(), new)
            dist.barrier()
            times[how].append(time.perf_counter() - begun)
    if rank == 0:
        results.put({how: statistics.median(taken[2:]) for how, taken in times.items()})
    dist.barrier()
    state.shutdown()
    vd.destroy_model_parallel()
    vd.destroy_distributed_environment()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--kib", type=int, nargs="+", default=[256, 4096])
    given = parser.parse_args()
    context = mp.get_context("spawn")
    for size in given.ranks:
        for kib in given.kib:
            results = context.SimpleQueue()
            with tempfile.TemporaryDirectory() as folder:
                mp.spawn(measure, (size, f"{folder}/store", kib, results), nprocs=size)
            found = results.get()
            print(
                f"{size} ranks, {LAYERS} layers of {LOCAL} experts of {kib} KiB on each: a step "
                f" {found['step'] * 1e6:.1f} us, all moved {found['ours'] * 1e3:.2f} ms, plain "
                f"{found['plain'] * 1e3:.2f} ms ({found['plain'] / found['ours']:.2f} x)",
                flush=True,
            )


if __name__ == "__main__":
    main()
