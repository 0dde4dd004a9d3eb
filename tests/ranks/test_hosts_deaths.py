"""Groups that span hosts, one of whose members dies or does not come: all are told who, soon."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import Ranks, another_host

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveError, CollectiveTimeoutError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts")

LONG_S, SHORT_S = 60.0, 1.0
# What finding out whose fault it was may take beyond the timeout, on a machine that does much else.
FOUND_OUT_S = 6.0
A_WHILE_S = 0.3

CALLS: dict[str, Any] = {
    "barrier": lambda g: g.barrier(),
    "all_reduce": lambda g: g.all_reduce(torch.ones(3)),
    "all_reduce, large": lambda g: g.all_reduce(torch.ones(1 << 20)),
    "all_gather, large": lambda g: g.all_gather(torch.ones(1 << 18), 0),
    "broadcast_object": lambda g: g.broadcast_object("x", 0),
}


def join(rank: int, port: int, size: int, limit_s: float) -> None:
    if rank >= size // 2:
        another_host(port)
    limit = timedelta(seconds=limit_s)
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.get_world_group().barrier()


def lost(rank: int, port: int, size: int, call: str, victim: int, end: str) -> dict[str, Any]:
    """Wait for a member that does not come; return what was said of it, and how often at once."""
    group = vd.get_world_group()
    if rank == victim:
        time.sleep(A_WHILE_S)
        if end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return {}
    started = time.monotonic()
    with pytest.raises(CollectiveError) as told:
        CALLS[call](group)
    found = {
        "seconds": time.monotonic() - started,
        "text": str(told.value),
        "ranks": told.value.details.get("missing") or [told.value.details.get("rank")],
        "late": isinstance(told.value, CollectiveTimeoutError),
    }
    started = time.monotonic()
    with pytest.raises(CollectiveError, match="destroy the group"):
        group.barrier()
    found["again"] = time.monotonic() - started
    return found


@pytest.mark.parametrize(
    ("victim", "call"),
    [(1, "all_reduce, large"), (2, "barrier"), (3, "broadcast_object")],
)
def test_a_member_that_is_killed_is_named_on_every_host(victim: int, call: str) -> None:
    with Ranks(4) as ranks:
        ranks.run(join, LONG_S)
        outcomes = ranks.call(lost, (call, victim, "killed"), LONG_S, with_place=True)
    for rank, outcome in enumerate(outcomes):
        if rank == victim:
            assert outcome.error == "ProcessDied"
            continue
        assert outcome.error is None, outcome.report
        assert outcome.value["ranks"] == [victim], (rank, outcome.value)
        assert not outcome.value["late"]
        assert outcome.value["seconds"] < A_WHILE_S + FOUND_OUT_S
        assert outcome.value["again"] < FOUND_OUT_S


@pytest.mark.parametrize(("victim", "call"), [(0, "all_reduce"), (3, "all_reduce, large")])
def test_a_member_that_does_not_come_is_named_when_the_time_is_over(victim: int, call: str) -> None:
    with Ranks(4) as ranks:
        ranks.run(join, SHORT_S)
        found = ranks.run(lost, call, victim, "late")
    for rank, value in enumerate(found):
        if rank != victim:
            assert victim in value["ranks"], (rank, value)
            assert set(value["ranks"]) <= ({0, 1} if victim < 2 else {2, 3}), (rank, value)
            assert value["late"], value
            assert SHORT_S * 0.9 < value["seconds"] < SHORT_S + FOUND_OUT_S
