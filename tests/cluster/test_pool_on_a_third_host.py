"""A pool on one host, and the ranks of its worlds on two others, which dial in."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import trustme
from netns import RUNTIME, Host, hosts

sys.path.append(str(Path(__file__).parents[1] / "bridge"))

from pool_harness import Pool, connect, environment, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for networks and mounts")

TOKEN = "t0ken"
LONG = timedelta(seconds=60)
# Of a rank that went dark; how long a call may take is no part of it.
HEARTBEAT_S = 3.0
FOUND_OUT_S = 10.0


class Place:
    """Two hosts for ranks, and one with a pool."""

    def __init__(self, a: Host, b: Host, c: Host, base: Path) -> None:
        self.a, self.b, self.c = a, b, c
        self._base = base
        authority = trustme.CA()
        pair = authority.issue_cert(c.address)
        authority.cert_pem.write_to_path(base / "ca.pem")
        pair.cert_chain_pems[0].write_to_path(base / "cert.pem")
        pair.private_key_pem.write_to_path(base / "key.pem")
        self.pool: Pool = start_pool(
            base / "pool",
            *("--size", "0", "--join", f"{c.address}:0"),
            *("--heartbeat-timeout", str(HEARTBEAT_S)),
            *("--tls-cert", str(base / "cert.pem"), "--tls-key", str(base / "key.pem")),
            entry_point=None,
            before=c.prefix(),
            VLLM_BRIDGE_TOKEN=TOKEN,
        )
        self.ranks: list[subprocess.Popen[str]] = []

    def join(self, host: Host, world: str, rank: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                *host.prefix(),
                *(sys.executable, "-m", "vllm_bridge", "join", "--wait", "60"),
                *("--pool", self.pool.ready["join"], "--tls-ca", str(self._base / "ca.pem")),
                *("--world", world, "--rank", str(rank), "--ignore-environment"),
            ],
            env=environment(VLLM_BRIDGE_TOKEN=TOKEN, XDG_RUNTIME_DIR=RUNTIME),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ranks.append(process)
        return process

    def close(self) -> None:
        self.pool.stop()
        for process in self.ranks:
            process.kill()
            process.communicate()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with hosts(3) as (a, b, c), contextlib.closing(Place(a, b, c, tmp_path)) as made:
        yield made


@contextlib.contextmanager
def world_of(place: Place, client: Client, name: str) -> Iterator[World]:
    """Ranks 0 and 1 on the one host, 2 and 3 on the other."""
    found: list[Any] = []

    def start() -> None:
        try:
            backend = "external_launcher"
            made = client.start_world(
                world_id=name,
                tensor_parallel_size=2,
                pipeline_parallel_size=2,
                distributed_executor_backend=backend,
                nnodes=2,
            )
            found.append(made)
        except BridgeError as error:
            found.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    for rank, host in enumerate((place.a, place.a, place.b, place.b)):
        place.join(host, name, rank)
    thread.join(150)
    (world,) = found
    if isinstance(world, BaseException):
        raise world
    try:
        yield world
    finally:
        with contextlib.suppress(BridgeError):
            world.stop()


def summed(session: Session) -> float:
    group: Any = session.call("get_world_group", timeout=LONG)
    mine = torch.full([5000], float(session.info.rank))
    whole = session.call("GroupCoordinator.all_reduce", group, mine, timeout=LONG)
    return float(whole[-1].item())


def test_collectives_refs_and_a_host_that_goes_dark(place: Place) -> None:
    with connect(place.pool.endpoint, token=TOKEN) as client, world_of(place, client, "far") as far:
        assert far.run(summed, timeout=LONG) == [6.0] * 4
        nodes = [rank.node for rank in far.info.ranks]
        assert nodes[0] == nodes[1] != nodes[2] == nodes[3]
        assert [rank.local_rank for rank in far.info.ranks] == [0, 1, 0, 1]
        addresses = [rank.address for rank in far.info.ranks]
        assert addresses == [place.a.address] * 2 + [place.b.address] * 2
        # From host to host, and inside one.
        kept: Any = far.ranks[0].keep("torch.arange", 100_000)
        copied = far.copy(kept, 3, timeout=LONG)
        moved = far.move(copied, 2, timeout=LONG)
        for session, each in ((far.ranks[0], kept), (far.ranks[2], moved)):
            assert int(session.run("torch.sum", each)) == 100_000 * 99_999 // 2
        # A host goes dark while the others wait in a collective.
        group: Any = far.ranks[0].call("get_world_group", timeout=LONG)
        waiting = far.ranks[0].submit("GroupCoordinator.barrier", group)
        cut_off(place, far)
        with pytest.raises(BridgeError, match=r"rank [23] of far"):
            waiting.result(LONG)


def test_a_host_that_goes_dark_while_nobody_calls(place: Place) -> None:
    with connect(place.pool.endpoint, token=TOKEN) as client, world_of(place, client, "far") as far:
        assert far.run(summed, timeout=LONG) == [6.0] * 4
        cut_off(place, far)
        # What is left of the hosts' ranks ends with the world, on the dark one too.
        place.b.mend()
        eventually(lambda: [rank.poll() is None for rank in place.ranks] == [False] * 4, 60.0)


def cut_off(place: Place, far: World) -> None:
    """Have a host go dark: the pool fails the world by the name of one of its ranks, in time."""
    place.b.cut()
    began = time.monotonic()
    eventually(lambda: far.refresh().state == pool_pb2.WORLD_FAILED, LONG.total_seconds())
    seconds = time.monotonic() - began
    print(f"a host that went dark was seen after {seconds:.1f} s")
    assert seconds < HEARTBEAT_S + FOUND_OUT_S, place.pool.stderr()
    failure = far.refresh().failure
    assert "rank 2" in failure or "rank 3" in failure, failure
