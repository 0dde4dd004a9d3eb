"""The end of a world in awkward moments, and what those who come later are told of it."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import Any

import grpc
import pytest
from pool_harness import FAKE, SHORT, eventually

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.pool.worlds import worlds as worlds_module
from vllm_bridge.pool.worlds.world_spec import WorldSpec
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.world_sizes import WorldSizes


class Pieces:
    """As much of a server as worlds need, whose ranks are up at once."""

    def __init__(self) -> None:
        self.settings = PoolSettings()
        self.factory = self
        # Of no process: no rank is started here.
        self.launcher = None
        self.made = 0
        self.added: list[Any] = []

    def get(self, name: str) -> Pieces:
        return self

    def create(self, position: Any, spare: Any = None) -> Rank:
        self.made += 1
        return Rank(f"rank-{self.made}", position, self.settings)

    async def fork(self) -> Any:
        raise AssertionError("no spare rank was asked for")

    def check_room(self, pool: Any, count: int) -> None:
        pass

    def add_of_world(self, entries: list[Any]) -> None:
        self.added += entries

    def end_of_world(self, entries: list[Any], why: BridgeError) -> None:
        pass


def test_stop_in_the_moment_of_readiness_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = worlds_module.all_or_first_failure

    async def scenario() -> None:
        pieces: Any = Pieces()
        worlds = Worlds(pieces, pieces, Observer())
        stopping: list[asyncio.Task[bool]] = []

        async def up_and_then(world: Any, starts: Any) -> None:
            await whole(world, starts)
            # All ranks are ready, and the world is not yet.
            stopping.append(asyncio.ensure_future(worlds.stop(world.world_id)))
            await asyncio.sleep(0)

        async def no_rank(*args: Any, **kwargs: Any) -> None:
            pass

        monkeypatch.setattr(worlds_module, "all_or_first_failure", up_and_then)
        monkeypatch.setattr(worlds_module, "start_rank", no_rank)
        with pytest.raises(BridgeError, match="was stopped while it was starting") as caught:
            await worlds.start("ours", WorldSpec(WorldSizes(), "gloo", PoolSettings().stop_grace))
        assert caught.value.reason == "world_stopped"
        assert await stopping[0] is True
        assert worlds.get("ours").state == pool_pb2.WORLD_STOPPED
        assert not worlds.get("ours").live

    asyncio.run(scenario())


def test_a_world_is_over_once_stop_has_returned(client: Client) -> None:
    request = pool_pb2.StartWorldRequest(world_id="raced", tensor_parallel_size=2)
    start = client._channels._channel(client.endpoint).unary_unary(
        "/vllm.bridge.v1.Pool/StartWorld"
    )

    def known() -> pool_pb2.World:
        found = [each for each in client.status().worlds if each.world_id == "raced"]
        return found[0] if found else pool_pb2.World()

    def up(epoch: int, call: grpc.Future, ranks: int) -> bool:
        world = known()
        ready = sum(rank.state == pool_pb2.READY for rank in world.ranks)
        return bool(world.epoch == epoch and (call.done() or ready >= ranks))

    for epoch, ranks in enumerate((0, 1, 2, 2, 1, 2) * 3, start=1):
        call = start.future(request.SerializeToString())
        eventually(partial(up, epoch, call, ranks))
        client.stop_world("raced")
        call.exception()
        assert known().state == pool_pb2.WORLD_STOPPED


def test_restart_right_after_a_kill(client: Client) -> None:
    world = client.start_world(tensor_parallel_size=2)
    for epoch in (2, 3, 4):
        os.kill(world.ranks[epoch % 2].info.pid, signal.SIGKILL)
        assert world.restart().info.epoch == epoch
        assert world.ranks[0].send(FAKE + "Echo", b"1", SHORT) == b"1"
    os.kill(world.ranks[1].info.pid, signal.SIGKILL)
    again = client.start_world(world_id=world.world_id, tensor_parallel_size=2)
    assert again.info.epoch == 5
    with pytest.raises(BridgeError, match="is live") as caught:
        again.restart()
    assert caught.value.reason == "world_exists"
    again.stop()


def test_who_comes_later_is_told_why_a_world_or_session_ended(client: Client) -> None:
    world = client.start_world()
    why = "its owner, the process #PID<0.7.0>, has ended"
    request = pool_pb2.StopWorldRequest(world_id=world.world_id, reason=why)
    client._pool("StopWorld", request, pool_pb2.StopWorldResponse, SHORT)
    with pytest.raises(BridgeError, match=f"was stopped: {why}. Start a new world") as caught:
        world.ranks[0].send(FAKE + "Echo", b"", SHORT)
    assert caught.value.reason == "session_closed"
    assert why in client.diagnose(world.world_id).text
    # What is said of it later changes nothing.
    world.stop()
    with pytest.raises(BridgeError, match=why):
        client.session(world.ranks[0].session_id)
    client.open_session("ended")
    closing = pool_pb2.CloseSessionRequest(session_id="ended", reason=why)
    client._pool("CloseSession", closing, pool_pb2.CloseSessionResponse, SHORT)
    with pytest.raises(BridgeError, match=f"was closed: {why}"):
        client.session("ended")
