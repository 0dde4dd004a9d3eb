"""Ranks that grow, shrink, give up and die, and a model of which groups they must have."""

from __future__ import annotations

import os
import random
import signal
from datetime import timedelta
from typing import Any

import torch

import vllm_distributed as vd
from vllm_distributed.elastic_ep import (
    ElasticEPScalingState,
    get_standby_dp_group,
    get_standby_ep_group,
    get_standby_eplb_group,
    get_standby_world_group,
)
from vllm_distributed.errors import DistributedError
from vllm_distributed.topology import ParallelSizes

TENSOR = 1
GROUPS = ("world", "tp", "pp", "dp", "ep")

changing: list[ElasticEPScalingState] = []
held: dict[str, Any] = {}


def begin(rank: int, _p: int, _c: int, port: int, size: int, seconds: float, eplb: bool) -> None:
    if rank >= size:
        return
    limit = timedelta(seconds=seconds)
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.initialize_model_parallel(TENSOR, data_parallel_size=size, enable_eplb=eplb)


def prepare(
    rank: int, _p: int, _c: int, port: int, old: int, new: int, seconds: float, eplb: bool
) -> str | None:
    """Every rank of both sizes; return what went wrong."""
    if rank >= max(old, new):
        return None
    kind: Any = "new" if rank >= old else "existing" if rank < new else "removing"
    sizes = ParallelSizes(data=old) if kind == "new" else None
    state = ElasticEPScalingState(
        new,
        "127.0.0.1",
        port,
        worker_type=kind,
        rank=rank if kind == "new" else None,
        sizes=sizes,
        enable_eplb=eplb,
        timeout=timedelta(seconds=seconds),
    )
    assert state.new_world_size == new
    try:
        state.prepare()
    except DistributedError as error:
        return f"{type(error).__name__}: {error}"
    assert state.is_ready_for_switch()
    assert not state.progress()
    there = [get_standby_world_group(), get_standby_dp_group(), get_standby_ep_group()]
    assert all((group is None) == (kind == "removing") for group in there)
    assert (get_standby_eplb_group() is None) == (kind == "removing" or not eplb)
    changing.append(state)
    return ""


def commit(rank: int, _p: int, _c: int, dies: int = -1) -> str | None:
    if rank == dies:
        os.kill(os.getpid(), signal.SIGKILL)
    if not changing:
        return None
    state = changing.pop()
    try:
        state.commit_requested = True
        assert state.progress()
    except DistributedError as error:
        # The groups before are there, and work where all of their ranks are.
        group = vd.get_dp_group() if vd.model_parallel_is_initialized() else None
        assert (group is None) == (state.worker_type == "new")
        if group is not None and dies not in group.ranks:
            total = group.all_reduce(torch.tensor([2.0**rank])).item()
            assert total == sum(2.0**each for each in group.ranks)
        assert get_standby_world_group() is None
        return f"{type(error).__name__}: {error}"
    assert state.is_complete()
    assert get_standby_world_group() is None
    return ""


def abort(rank: int, _p: int, _c: int) -> None:
    if changing:
        changing[-1].abort()
        changing[-1].abort()
        assert changing.pop().state == 0


def sums(rank: int, _p: int, _c: int, size: int) -> dict[str, Any] | None:
    """Which ranks each group has; what it gives is checked."""
    if rank >= size:
        return None
    found: dict[str, Any] = {}
    for name in GROUPS:
        group = getattr(vd, f"get_{name}_group")()
        total = group.all_reduce(torch.tensor([2.0**rank])).item()
        assert total == sum(2.0**each for each in group.ranks)
        found[name] = list(group.ranks)
    return found


def is_alone(rank: int, _p: int, _c: int) -> bool:
    return not vd.model_parallel_is_initialized()


def draws(seed: int, count: int) -> list[tuple[int, bool]]:
    """Sizes to go to, and whether each is gone over to."""
    draw = random.Random(seed)
    return [(draw.randint(1, 4), draw.random() < 0.7) for _ in range(count)]
