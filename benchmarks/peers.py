"""What the README's table says of this project and of Ray, in one run on one machine.

    make peers     (Ray goes into build/ray)

A world of four ranks beside four actors that import torch, one call beside one call, and one sum
over four ranks beside gloo's, which is what Ray's actors and vLLM on CPUs use for it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CALLS = 2_000
SUMS = 300
RANKS = 4

GLOO = """
import os, statistics, sys, time
import torch, torch.distributed as dist
torch.set_num_threads(1)
dist.init_process_group("gloo")
tensor, times = torch.ones(16_384), []
for _ in range(%d):
    dist.barrier()
    begun = time.perf_counter()
    dist.all_reduce(tensor)
    times.append(time.perf_counter() - begun)
    tensor.fill_(1.0)
if dist.get_rank() == 0:
    print(statistics.median(times) * 1e6)
"""

OURS = """
import statistics, time
import torch
import vllm_distributed as vd
torch.set_num_threads(1)
with vd.distributed(%d) as world:
    tensor, times = torch.ones(16_384), []
    for _ in range(%d):
        world.barrier()
        begun = time.perf_counter()
        vd.tensor_model_parallel_all_reduce(tensor)
        times.append(time.perf_counter() - begun)
    if world.rank == 0:
        print(statistics.median(times) * 1e6)
"""


def microseconds(call: Callable[[], object]) -> float:
    """The median of many calls."""
    for _ in range(100):
        call()
    times = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e6


def ours() -> tuple[float, float]:
    """Seconds to a world of four ranks, the server up; microseconds of a call of a rank."""
    from vllm_bridge.client import connect

    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen(
            [sys.executable, "-m", "vllm_bridge", "serve", "--embedded", "--size", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": directory},
        )
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("no pipes")
        endpoint = json.loads(server.stdout.readline())["endpoint"]
        with connect(endpoint) as client:
            client.open_session(affinity="strict_queue").call("get_pp_indices", 61, 0, 4)
            begun = time.perf_counter()
            with client.start_world(tensor_parallel_size=RANKS) as world:
                start = time.perf_counter() - begun
                rank = world.ranks[0]
                call = microseconds(lambda: rank.call("get_pp_indices", 61, 0, 4))
        server.stdin.close()
        server.wait(30)
    return start, call


def rays() -> tuple[float, float] | None:
    """The same of Ray's actors, the cluster up; None without Ray."""
    try:
        import ray
    except ImportError:
        return None
    ray.init(num_cpus=RANKS + 1, log_to_driver=False, include_dashboard=False)

    class Actor:
        def __init__(self) -> None:
            import torch  # noqa: F401

        def ping(self, *numbers: int) -> tuple[int, ...]:
            return numbers

    kind = ray.remote(Actor)
    try:
        ray.get(kind.remote().ping.remote(1))
        begun = time.perf_counter()
        actors = [kind.remote() for _ in range(RANKS)]
        ray.get([actor.ping.remote(1) for actor in actors])
        start = time.perf_counter() - begun
        call = microseconds(lambda: ray.get(actors[0].ping.remote(61, 0, 4)))
    finally:
        ray.shutdown()
    return start, call


def sum_of_ranks(program: str) -> float:
    """Microseconds of one sum of 64 KiB over four ranks."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "program.py"
        file.write_text(program)
        torchrun = str(Path(sys.executable).with_name("torchrun"))
        command = [torchrun, "--standalone", f"--nproc-per-node={RANKS}", str(file)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(ran.stdout.strip())


def main() -> None:
    """Measure, and print."""
    own, other = ours(), rays()
    print(f"four ranks are up in      {own[0]:.2f} s", end="")
    print("" if other is None else f"     Ray: {other[0]:.2f} s")
    print(f"a call takes              {own[1]:.0f} us", end="")
    print("" if other is None else f"      Ray: {other[1]:.0f} us")
    sums = sum_of_ranks(OURS % (RANKS, SUMS)), sum_of_ranks(GLOO % SUMS)
    print(f"a sum of 64 KiB over four {sums[0]:.0f} us      gloo: {sums[1]:.0f} us")


if __name__ == "__main__":
    main()
