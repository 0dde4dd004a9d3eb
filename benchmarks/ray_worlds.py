"""How long a world of 4 ranks on Ray takes to be ready, beside what Ray itself takes to start 4
actors that import torch. The cluster, and the process that runs Ray, are up before both.

Not part of `make bench`, since Ray is an extra:

    make test-cluster ARGS=--collect-only      # installs Ray in build/ray
    PYTHONPATH=build/ray .venv/bin/python benchmarks/ray_worlds.py
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "bridge"))

import ray  # type: ignore[import-not-found, unused-ignore]
from pool_harness import start_pool  # type: ignore[import-not-found, unused-ignore]
from ray.cluster_utils import Cluster  # type: ignore[import-not-found, unused-ignore]

ROUNDS = 5
RANKS = 4


@ray.remote(num_cpus=1)  # type: ignore[untyped-decorator, unused-ignore]
class Actor:
    """What Ray's own users would have in a rank's place."""

    def __init__(self) -> None:
        import torch

        self.version = torch.__version__

    def ready(self) -> str:
        """Answer when it is there."""
        return str(self.version)


def actors() -> None:
    """Ray's own."""
    made = [Actor.remote() for _ in range(RANKS)]
    ray.get([actor.ready.remote() for actor in made])
    for actor in made:
        ray.kill(actor)


def timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Run it."""
    # Else Ray kills workers where other programs of this machine use its memory.
    os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # noqa: SIM112 - as Ray reads it
    cluster = Cluster()
    with tempfile.TemporaryDirectory(prefix="vb-") as base:
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=RANKS, include_dashboard=False)
            cluster.wait_for_nodes()
            ray.init(address=cluster.address, log_to_driver=False)
            pool = start_pool(
                Path(base), "--size", "0", entry_point=None, RAY_ADDRESS=cluster.address
            )

            client = pool.client()

            def world() -> None:
                began = time.perf_counter()
                started = client.start_world(
                    tensor_parallel_size=RANKS,
                    distributed_executor_backend="ray",
                    timeout=timedelta(seconds=60),
                )
                worlds.append(time.perf_counter() - began)
                started.stop()

            worlds: list[float] = []
            world()
            cold, worlds[:] = worlds[0], []
            theirs = []
            for _ in range(ROUNDS):
                theirs.append(timed(actors))
                time.sleep(1)  # processes that end take a moment
                world()
                time.sleep(1)
            pool.stop()
            ray.shutdown()
        finally:
            cluster.shutdown()
    own, ray_s = statistics.median(worlds), statistics.median(theirs)
    print(f"| Ray: {RANKS} actors that import torch, p50 of {ROUNDS} | {ray_s:.2f} s |")
    print(f"| World of {RANKS} ranks on Ray ready, p50 of {ROUNDS} | {own:.2f} s |")
    print(f"| the first one, which connects to Ray, too | {cold:.2f} s |")
    print(f"| World over actors | {own / ray_s:.2f} |")


if __name__ == "__main__":
    main()
