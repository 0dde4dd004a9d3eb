"""Calls whose caller goes away at the very moment in which they would begin."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import torch
from gate_harness import attempt, named
from pool_harness import connect, eventually, start_pool

from vllm_bridge._generated import control_pb2, rank_pb2
from vllm_bridge.codec.calls import encode_call
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.gate.facts import Facts, Group
from vllm_bridge.gate.rank_gate import RankGate
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.snakepit.service import start
from vllm_bridge.transport.metadata import SESSION_ID

ALL_REDUCE = "tensor_model_parallel_all_reduce"


def test_a_call_cancelled_as_it_starts_never_adds_to_its_peers_sum(short_tmp: Path) -> None:
    pool = start_pool(
        short_tmp / "ghosts",
        *("--size", "0"),
        entry_point="failing_ranks:starts_cancelled_calls",
    )
    try:
        with connect(pool.endpoint) as client, client.start_world(tensor_parallel_size=2) as world:
            path, request = encode_call(ALL_REDUCE, (torch.ones(1),), {})
            with grpc.insecure_channel(world.ranks[1].info.endpoint) as channel:
                call = channel.unary_unary(path).future(
                    request, metadata=((SESSION_ID, world.ranks[1].session_id),)
                )
                eventually(lambda: bool(world.ranks[1].inspect().calls))
                call.cancel()
            alone = attempt(
                world.ranks[0],
                named(ALL_REDUCE, torch.full((1,), 100.0), timeout=timedelta(seconds=1)),
            )
            # The gate's own clock, or the caller's, is the first to say so.
            assert alone.reason in ("deadline_exceeded", "withdrawn"), alone
            assert "rank 1" in alone.message
            found = world.ranks[1].inspect()
            assert not found.calls
            assert found.ended[0].state == rank_pb2.WITHDRAWN
            sums = world.run(lambda rank: rank.call(ALL_REDUCE, torch.ones(1)).tolist())
            assert sums == [[2.0], [2.0]]
    finally:
        pool.stop()


class Context:
    """As much of gRPC's as is looked at."""

    def time_remaining(self) -> None:
        return None


def test_a_tool_call_cancelled_as_it_starts_does_not_run() -> None:
    record = Record("", "c", "ExecuteTool", gone_at=1.0)
    state: Any = SimpleNamespace(journal=Journal())
    context: Any = Context()
    with pytest.raises(BridgeError, match="its caller went away") as caught:
        start(state, record, context)
    assert caught.value.reason == "withdrawn"


def test_a_call_whose_caller_left_before_the_gate_meets_nobody() -> None:
    sent: list[Any] = []
    gate = RankGate(control_pb2.WorldAssignment(rank=0, world_size=2), sent.extend)
    record = Record("s", "c", "/a/b", gone_at=1.0)
    context: Any = Context()
    with pytest.raises(BridgeError, match="its caller has gone") as caught:
        gate.pass_through(Facts(Group("tp:0", (0, 1), 0, 2), "all_reduce"), record, context)
    assert caught.value.reason == "withdrawn"
    assert record.refusal is not None
    assert sent == []
