"""A Ray cluster of two hosts, each with a network, an address and a /dev/shm of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from netns import Host, hosts

sys.path.append(str(Path(__file__).parents[1] / "bridge"))

from pool_harness import Pool, alive, children, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for networks and mounts"),
    pytest.mark.timeout(300),
]

PORT = 26379
LONG = timedelta(seconds=90)


def ray(host: Host, *words: str) -> None:
    """One command of Ray's, on that host."""
    variables = {"RAY_memory_monitor_refresh_ms": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    process = host.popen([sys.executable, "-m", "ray.scripts.scripts", *words], variables)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors


@pytest.fixture(autouse=True)
def no_other_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Ray has left in this process's environment is of a cluster that is gone."""
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        monkeypatch.delenv(name)
    # Else Ray makes a token in the user's home, and later clusters ask for it.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")


@pytest.fixture
def two() -> Iterator[tuple[Host, Host]]:
    Path("/tmp/ray").mkdir(exist_ok=True)
    with hosts(2) as (a, b):
        for host in (a, b):
            # What Ray keeps of one host, the other one must not find.
            mount = host.popen(["mount", "-t", "tmpfs", "tmpfs", "/tmp/ray"])
            assert mount.wait(30) == 0
        begun = ["start", "--num-cpus=2", "--disable-usage-stats"]
        try:
            head = ["--head", f"--port={PORT}", "--include-dashboard=false"]
            ray(a, *begun, f"--node-ip-address={a.address}", *head)
            ray(b, *begun, f"--node-ip-address={b.address}", f"--address={a.address}:{PORT}")
            yield a, b
        finally:
            for host in (b, a):
                ray(host, "stop", "--force")


def test_a_world_over_hosts_with_addresses_of_their_own(
    two: tuple[Host, Host], tmp_path: Path
) -> None:
    """Ranks find each other by their hosts' addresses, and a host that goes dark is named."""
    a, b = two
    config = tmp_path / "pool.toml"
    config.write_text(
        "[pools.default]\n"
        "size = 0\n"
        "start_timeout = 90\n"
        "heartbeat_timeout = 3\n"
        "[pools.default.ray]\n"
        f'address = "{a.address}:{PORT}"\n'
    )
    pool: Pool = start_pool(tmp_path, "--config", str(config), entry_point=None, before=a.prefix())
    try:
        with connect(pool.endpoint) as client:
            world = client.start_world(
                tensor_parallel_size=4,
                distributed_executor_backend="ray",
                timeout=LONG,
                ray={"placement_strategy": "PACK"},
            )
            ranks = world.info.ranks
            assert [rank.address for rank in ranks] == [a.address] * 2 + [b.address] * 2
            assert [rank.local_rank for rank in ranks] == [0, 1, 0, 1]
            sums = world.call("tensor_model_parallel_all_reduce", torch.ones(9), timeout=LONG)
            assert [total.tolist() for total in sums] == [[4.0] * 9] * 4
            b.cut()
            eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED, 60.0)
            assert "rank 2" in world.info.failure or "rank 3" in world.info.failure
            b.mend()
            world.stop()
    finally:
        pool.stop()


def test_a_cluster_that_is_started_for_a_world_when_asked_for(tmp_path: Path) -> None:
    """It is of this host alone, and ends with the pool."""
    pool = start_pool(tmp_path, "--size", "0", entry_point=None)
    try:
        with connect(pool.endpoint) as client:
            world = client.start_world(
                tensor_parallel_size=2,
                distributed_executor_backend="ray",
                timeout=LONG,
                ray={"start": True},
            )
            sums = world.call("tensor_model_parallel_all_reduce", torch.ones(2), timeout=LONG)
            assert [total.tolist() for total in sums] == [[2.0, 2.0]] * 2
            started = [pid for pid in descendants(pool.pid) if "raylet" in name(pid)]
            assert started
    finally:
        pool.stop()
    eventually(lambda: [pid for pid in started if alive(pid)] == [])


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return [*found, *(deeper for child in found for deeper in descendants(child))]


def name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
