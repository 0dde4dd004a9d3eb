"""Calls to ranks on another host: straight to them with a session's token, or through the pool.

The "other host" is a mount namespace: a rank in it sees another /dev/shm, so its pool takes it for
one on another host.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import grpc
import pytest
import torch

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, World, connect
from vllm_bridge.client._blocking import now
from vllm_bridge.client._calls.link import Link
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.transport.certificates import SERVER_NAME

LONG = timedelta(seconds=90)
BRIDGE = [sys.executable, "-m", "vllm_bridge"]
APART = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev/shm && exec "$@"', "sh"]
INSPECT = "/vllm.bridge.v1.Rank/Inspect"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    serve = [*BRIDGE, "serve", "--size", "0", "--join", "127.0.0.1:0", "--insecure-loopback"]
    pool = subprocess.Popen(
        [*serve, "--start-timeout", "120"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    ranks: list[subprocess.Popen[bytes]] = []
    try:
        assert pool.stdout is not None
        ready = json.loads(pool.stdout.readline())
        for rank in range(2):
            join = [*BRIDGE, "join", "--pool", ready["join"], "--world", "far"]
            told = ["--rank", str(rank), "--world-size", "2", "--wait", "60"]
            ranks.append(subprocess.Popen([*APART, *join, *told]))
        with connect(ready["endpoint"]) as client:
            yield client
    finally:
        for process in (*ranks, pool):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world(
        world_id="far", tensor_parallel_size=2, distributed_executor_backend="external_launcher"
    ) as world:
        yield world


def reached(client: Client, session_id: str) -> pool_pb2.ReachRankResponse:
    request = pool_pb2.ReachRankRequest(session_id=session_id)
    kind = pool_pb2.ReachRankResponse
    return now(client._calls.pool("ReachRank", request, kind, LONG))


def test_calls_go_straight_to_a_far_rank_tensors_in_parts(client: Client, world: World) -> None:
    session = client.session("far/rank-0")
    assert session.info.endpoint == ""
    assert session.call("get_pp_indices", 61, 0, 4, timeout=LONG) == (0, 15)
    assert session.info.endpoint == reached(client, "far/rank-0").endpoint
    large = torch.arange(8 << 20, dtype=torch.float32)
    sums = world.run(
        lambda one: one.call("tensor_model_parallel_all_reduce", large, timeout=LONG), timeout=LONG
    )
    for total in sums:
        assert torch.equal(total, 2 * large)


def test_a_rank_that_cannot_be_reached_is_called_through_the_pool(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nowhere(self: Link, *args: object) -> None:
        return None

    monkeypatch.setattr(Link, "reach", nowhere)
    session = client.session("far/rank-1")
    assert session.call("get_tensor_model_parallel_rank", timeout=LONG) == 1
    assert session.info.endpoint == ""


def test_a_token_opens_its_own_session_only(client: Client, world: World) -> None:
    ours, other = (reached(client, f"far/rank-{rank}") for rank in range(2))
    credentials = grpc.ssl_channel_credentials(ours.certificate.encode())
    options = [("grpc.ssl_target_name_override", SERVER_NAME)]
    with grpc.secure_channel(ours.endpoint, credentials, options) as channel:
        inspect = channel.unary_unary(INSPECT)
        for token in ("", other.token):
            metadata = [("vllm-session-id", "far/rank-0"), ("authorization", f"Bearer {token}")]
            with pytest.raises(grpc.RpcError) as caught:
                inspect(b"", timeout=30, metadata=metadata)
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        good = [("vllm-session-id", "far/rank-0"), ("authorization", f"Bearer {ours.token}")]
        assert inspect(b"", timeout=30, metadata=good)
    with pytest.raises(BridgeError):
        reached(client, "nobody")
