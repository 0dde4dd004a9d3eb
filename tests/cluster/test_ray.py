"""Worlds on a Ray cluster of three nodes on this machine."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
from pool_harness import Pool, alive, children, connect, eventually, start_pool
from ray.util.placement_group import placement_group, placement_group_table, remove_placement_group
from ray_harness import (
    CALL,
    HERE,
    NAMES,
    add,
    cluster,
    driver,
    free_cpus,
    live_groups,
    local_ranks,
    nodes,
    start,
)

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import BridgeError, Category, Client

pytestmark = pytest.mark.timeout(240)

# How actors find what ranks may run, and what they must not take over.
RUNTIME_ENV = {
    "env_vars": {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]), "HF_HOME": "/of/the/node"}
}


@pytest.fixture(scope="module")
def three(tmp_path_factory: Any) -> Iterator[Any]:
    with cluster(*NAMES) as made, driver(made.address):
        yield made


@pytest.fixture(scope="module")
def pool(three: Any, tmp_path_factory: Any) -> Iterator[Pool]:
    base = tmp_path_factory.mktemp("pool")
    config = base / "pool.toml"
    config.write_text(
        "[pools.default]\n"
        "size = 0\n"
        "start_timeout = 60\n"
        'allow = ["ray_things."]\n'
        'distributed_executor_backend = "ray"\n'
        "[pools.hurried]\n"
        "size = 0\n"
        "start_timeout = 3\n"
        "[pools.default.ray]\n"
        f'address = "{three.address}"\n'
        "[pools.hurried.ray]\n"
        f'address = "{three.address}"\n'
    )
    started = start_pool(
        base,
        "--config",
        str(config),
        entry_point=None,
        NCCL_MADE_UP="of the pool",
        HF_HOME="/of/the/pool",
        VLLM_HOST_IP=ray.util.get_node_ip_address(),
    )
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


def ray_process(pool: Pool) -> int:
    """The process of the pool that runs Ray."""
    (pid,) = [
        child
        for child in children(pool.pid)
        if b"vllm_bridge.ray.driver" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return pid


def test_a_world_is_spread_over_all_nodes_and_calculates(client: Client) -> None:
    world = start(client, 3, ray={"placement_strategy": "STRICT_SPREAD"})
    with world:
        first, *others = nodes(world)
        assert sorted([first, *others]) == sorted(NAMES)
        # In natural order behind the first one, which is this process's own.
        natural = ["node-2", "node-9", "node-10"]
        natural.remove(first)
        assert others == natural
        assert local_ranks(world) == [0, 0, 0]
        assert {rank.launcher for rank in world.info.ranks} == {"ray"}
        sums = world.call("tensor_model_parallel_all_reduce", torch.ones(2))
        assert [total.tolist() for total in sums] == [[3.0, 3.0]] * 3
        assert free_cpus() == 3
    eventually(lambda: free_cpus() == 6)
    assert live_groups() == 0


def test_bundles_in_scrambled_order_become_ranks_by_node(client: Client) -> None:
    hosts = ["node-9", "node-2", "node-10", "node-2", "node-9", "node-10"]
    group = placement_group(
        [{"CPU": 1}] * 6, bundle_label_selector=[{"host": host} for host in hosts]
    )
    assert group.wait(30)
    try:
        with start(client, 6, ray={"placement_group": group}) as world:
            found = nodes(world)
            assert sorted(found[0::2]) == sorted(NAMES)
            assert found[0::2] == found[1::2]
            assert local_ranks(world) == [0, 1] * 3
        # It is not ours: it outlives the world.
        assert placement_group_table(group)["state"] == "CREATED"
        given = {"placement_group": group.id.hex(), "bundle_indices": [5, 0, 1]}
        with start(client, 3, ray=given) as world:
            assert nodes(world) == ["node-10", "node-9", "node-2"]
    finally:
        remove_placement_group(group)


def test_labels_choose_the_nodes(client: Client) -> None:
    with start(client, 2, ray={"label_selector": {"host": "node-9"}}) as world:
        assert nodes(world) == ["node-9", "node-9"]
        assert local_ranks(world) == [0, 1]


def test_what_ranks_inherit(client: Client) -> None:
    with start(client, 1, ray={"runtime_env": RUNTIME_ENV}) as world:

        def of_rank(name: str) -> Any:
            return world.call("ray_things.variable", name, collect="first")

        assert of_rank("NCCL_MADE_UP") == "of the pool"
        # What the node says itself stands; what is of the pool's host alone does not go there.
        assert of_rank("HF_HOME") == "/of/the/node"
        assert of_rank("VLLM_HOST_IP") is None
        assert of_rank("VLLM_BRIDGE_TOKEN") is None


def test_a_tensor_parallel_group_that_spans_nodes_is_warned_of(client: Client, pool: Pool) -> None:
    with start(client, 2, world_id="wide", ray={"placement_strategy": "STRICT_SPREAD"}):
        eventually(lambda: bool(re.search(r"wide.*tensor parallel groups span", pool.stderr())))


def test_what_is_missing_is_said_at_the_start_timeout(client: Client) -> None:
    began = time.monotonic()
    with pytest.raises(BridgeError) as caught:
        start(client, 4, pool_name="hurried", ray={"placement_strategy": "STRICT_SPREAD"})
    assert (caught.value.category, caught.value.reason) == (Category.POOL, "ray_no_room")
    assert "STRICT_SPREAD needs 4 nodes with CPU 1 each, and there are 3" in caught.value.message
    assert "cluster_resources: CPU 6" in caught.value.message
    assert time.monotonic() - began < 10
    eventually(lambda: live_groups() == 0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"placement_strategy": "TIGHT"}, "placement_strategy is 'TIGHT'; it must be one of"),
        ({"placement_group": "none-such"}, "there is no placement group 'none-such'"),
        ({"address": "ray://127.0.0.1:1"}, "must be that of the cluster itself"),
        ({"bundle_indices": [0]}, "name 1 bundles, and"),
        ({"runtime_env": "{"}, "must be JSON"),
    ],
)
def test_options_that_cannot_be(client: Client, options: dict[str, Any], says: str) -> None:
    with pytest.raises(BridgeError, match=re.escape(says)) as caught:
        start(client, 2, ray=options)
    assert caught.value.category == Category.VALIDATION


def test_a_cluster_that_is_not_there(client: Client) -> None:
    with pytest.raises(BridgeError) as caught:
        start(client, 1, pool_name="hurried", ray={"address": "127.0.0.1:1"})
    assert caught.value.reason == "ray_unreachable"


def test_a_killed_rank_ends_its_world_and_frees_its_group(client: Client) -> None:
    world = start(client, 2, ray={"placement_strategy": "STRICT_SPREAD"})
    victim = world.info.ranks[1]
    os.kill(victim.pid, signal.SIGKILL)
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert "killed by signal 9 (SIGKILL)" in world.info.failure
    eventually(lambda: not alive(world.info.ranks[0].pid))
    eventually(lambda: live_groups() == 0)
    # Its next epoch has a group of its own.
    epoch = world.info.epoch
    with world.restart() as again:
        assert again.info.epoch == epoch + 1


def test_a_node_that_is_removed_in_mid_call_is_named(three: Any, client: Client) -> None:
    extra = add(three, "node-away")
    options = {
        "label_selector": {"host": "in(node-away,node-9)"},
        "placement_strategy": "STRICT_SPREAD",
        "runtime_env": RUNTIME_ENV,
    }
    eventually(lambda: free_cpus() == 8)
    world = start(client, 2, ray=options)
    away = nodes(world).index("node-away")
    failed: list[BridgeError] = []

    def call() -> None:
        try:
            world.call("ray_things.sleep", 100.0, timeout=CALL)
        except BridgeError as error:
            failed.append(error)

    calling = threading.Thread(target=call)
    calling.start()
    eventually(lambda: world.refresh().ranks[away].doing.startswith("running"))
    pid = world.info.ranks[away].pid
    three.remove_node(extra, allow_graceful=False)
    eventually(lambda: "node-away" not in _alive_nodes())
    known = time.monotonic()
    calling.join(30)
    assert time.monotonic() - known < 2
    assert failed
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert f"rank {away}" in world.info.failure
    assert "node-away" in world.info.failure
    eventually(lambda: not alive(pid))
    world.stop()


def _alive_nodes() -> set[str]:
    return {node["NodeName"] for node in ray.nodes() if node["Alive"]}


def test_the_process_that_runs_ray_dies_with_its_worlds_by_name(client: Client, pool: Pool) -> None:
    world = start(client, 2, ray={})
    pids = [rank.pid for rank in world.info.ranks]
    driver_pid = ray_process(pool)
    os.kill(driver_pid, signal.SIGKILL)
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert (
        f"the process that runs Ray (pid {driver_pid}) was killed by signal 9" in world.info.failure
    )
    eventually(lambda: not any(map(alive, pids)))
    # The next one has another.
    with start(client, 2, ray={}):
        assert ray_process(pool) != driver_pid
    eventually(lambda: live_groups() == 0)


def test_ranks_end_with_their_pool(three: Any, tmp_path: Path) -> None:
    own = start_pool(tmp_path, "--size", "0", entry_point=None, RAY_ADDRESS=three.address)
    with connect(own.endpoint) as client:
        world = start(client, 2, ray={})
        pids = [rank.pid for rank in world.info.ranks]
        helper = ray_process(own)
        os.kill(own.pid, signal.SIGKILL)
        eventually(lambda: not any(map(alive, [*pids, helper])))
    own.stop()
    eventually(lambda: live_groups() == 0)


def test_status_shows_them_by_node(client: Client, pool: Pool) -> None:
    from vllm_bridge.pool.observe.status import as_text

    with start(client, 2, ray={"label_selector": {"host": "node-2"}}):
        text = as_text(client.status(timeout=timedelta(seconds=10)))
    assert re.search(r"^  node node-2 \([\d.]+\): ranks 0-1$", text, re.MULTILINE)
