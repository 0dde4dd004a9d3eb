"""A Ray cluster of several nodes on this machine, and pools that place worlds on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import Cluster
from ray.util.placement_group import placement_group_table

from vllm_bridge.client import Client, World

HERE = Path(__file__).parent

# Else Ray kills workers where other programs of this machine use its memory.
os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # noqa: SIM112 - as Ray reads it

# In an order that is neither Ray's nor that of their ids.
NAMES = ("node-10", "node-9", "node-2")

CALL = timedelta(seconds=60)


@contextlib.contextmanager
def cluster(*names: str, cpus: int = 2) -> Iterator[Cluster]:
    """Nodes of these names with a label each; the first one is the head."""
    made = Cluster()
    try:
        for name in names:
            add(made, name, cpus)
        made.wait_for_nodes()
        yield made
    finally:
        made.shutdown()


def add(cluster: Cluster, name: str, cpus: int = 2) -> Any:
    """One more node."""
    # Without a node address: all share that of the machine.
    return cluster.add_node(num_cpus=cpus, node_name=name, labels={"host": name})


@contextlib.contextmanager
def driver(address: str) -> Iterator[None]:
    """This process, connected to the cluster."""
    ray.init(address=address, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


def start(client: Client, ranks: int, **options: Any) -> World:
    """A world of Ray's."""
    given = options.pop("ray")
    return client.start_world(
        tensor_parallel_size=ranks,
        distributed_executor_backend="ray",
        timeout=timedelta(seconds=60),
        ray=given,
        **options,
    )


def nodes(world: World) -> list[str]:
    """The node of each rank."""
    return [rank.node for rank in world.info.ranks]


def local_ranks(world: World) -> list[int]:
    """The local rank of each rank."""
    return [rank.local_rank for rank in world.info.ranks]


def live_groups() -> int:
    """Placement groups that reserve something; in a process that is connected."""
    table = placement_group_table()
    return sum(group["state"] != "REMOVED" for group in table.values())


def free_cpus() -> float:
    """CPUs that nobody has reserved."""
    return float(ray.available_resources().get("CPU", 0.0))
