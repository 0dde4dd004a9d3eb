"""Experts on ranks of which some die, and what tokens must come to without them."""

from __future__ import annotations

import os
import random
import signal
from datetime import timedelta
from typing import Any

import torch

import vllm_distributed as vd
from vllm_distributed.communicators.fault_tolerant import FaultTolerantAll2AllManager
from vllm_distributed.errors import ExpertLostError

HIDDEN, TOP = 5, 2


def matrix(expert: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(expert)
    return torch.randint(-4, 5, (HIDDEN, HIDDEN), generator=generator).double()


def join(rank: int, port: int, size: int, seconds: float = 20.0) -> vd.GroupCoordinator:
    limit = timedelta(seconds=seconds)
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.initialize_model_parallel(size)
    return vd.get_ep_group()


def layer(
    manager: FaultTolerantAll2AllManager,
    placement: list[int],
    tokens: torch.Tensor,
    slots: torch.Tensor,
    dies: str = "",
) -> torch.Tensor:
    """Send tokens to their slots and sum what the experts there make of them."""
    if dies == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        sent, weights, ids = manager.dispatch(tokens, torch.ones(slots.shape), slots)
    finally:
        if dies == "between":
            os.kill(os.getpid(), signal.SIGKILL)
    each = len(placement) // manager.world_size
    result = torch.zeros_like(sent)
    for slot in range(manager.rank * each, (manager.rank + 1) * each):
        if placement[slot] >= 0:
            hits = ((ids == slot) * weights).sum(dim=1).double()
            result += hits[:, None] * (sent @ matrix(placement[slot]))
    return manager.combine(result)


def attempt(*arguments: Any) -> tuple[torch.Tensor | None, ExpertLostError | None]:
    try:
        return layer(*arguments), None
    except ExpertLostError as error:
        return None, error


def random_run(rank: int, port: int, size: int, seed: int, steps: int) -> dict[str, Any]:
    """Random placements and batches; ranks die as all draw it. Return what came about."""
    group = join(rank, port, size)
    manager = FaultTolerantAll2AllManager(group.cpu_group)
    draw = random.Random(seed)  # the same on every rank
    alive = set(range(size))
    seen: dict[str, Any] = {"steps": 0, "lost": 0, "between": 0, "deaths": 0, "mask": []}
    for step in range(steps):
        local = draw.randint(1, 3)
        experts = draw.randint(1, local * size)
        placement = [draw.randrange(experts) for _ in range(local * size)]
        dying, how = -1, ""
        if len(alive) > 1 and draw.random() < 0.15:
            dying, how = draw.choice(sorted(alive)), draw.choice(["before", "between"])
        generator = torch.Generator().manual_seed(step * 64 + rank)
        count = int(torch.randint(0, 6, (1,), generator=generator))
        tokens = torch.randint(-9, 10, (count, HIDDEN), generator=generator).double()
        slots = torch.randint(0, len(placement), (count, TOP), generator=generator)
        manager.set_placement(torch.tensor(placement))
        expected = torch.zeros_like(tokens)
        for place in range(TOP):
            for row in range(count):
                expert = placement[int(slots[row, place])]
                expected[row] += tokens[row] @ matrix(expert)
        was_alive = set(alive)
        alive.discard(dying)
        found, lost = attempt(manager, placement, tokens, slots, how if rank == dying else "")
        if lost is not None and "between dispatch and combine" in str(lost):
            assert how == "between"
            assert lost.details["ranks"] == [dying]
            seen["between"] += 1
            # What was dispatched goes again, without it.
            found, lost = attempt(manager, placement, tokens, slots)
        seen["deaths"] += was_alive != alive
        if lost is not None:
            held = {placement[slot] for slot in range(len(placement)) if slot // local in alive}
            assert lost.details["expert"] not in held
            # One that dies between was there for the dispatch.
            gone = (set(range(size)) - alive, set(range(size)) - was_alive)
            assert set(lost.details["ranks"]) in gone  # type: ignore[call-overload]
            seen["lost"] += 1
            continue
        assert found is not None
        assert torch.equal(found, expected)
        seen["steps"] += 1
    seen["mask"] = manager.query_active_mask().tolist()
    assert seen["mask"] == [int(each not in alive) for each in range(size)]
    assert bool(manager.query_fault()) == (len(alive) < size)
    manager.clean_buffers()
    assert not manager.query_fault()
    manager.destroy()
    manager.destroy()
    return seen
