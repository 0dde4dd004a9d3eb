"""Members that make different calls at the same step are all told what the others called; the group
goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveMismatchError

BRIEF = timedelta(seconds=2)
MUCH = 600_000  # floats: several slots
Act = Callable[[vd.GroupCoordinator, torch.Tensor], Any]


@dataclass(frozen=True)
class Call:
    """What a member may call; `tensor` is filled with 7 before, and only read unless summed."""

    act: Act
    count: int = 4
    dtype: torch.dtype = torch.float32


CALLS: dict[str, Call] = {
    "barrier": Call(lambda g, t: g.barrier()),
    "all_reduce": Call(lambda g, t: g.all_reduce(t)),
    "all_reduce of another dtype": Call(lambda g, t: g.all_reduce(t), dtype=torch.int32),
    "all_reduce of another size": Call(lambda g, t: g.all_reduce(t), 5),
    "all_reduce of many": Call(lambda g, t: g.all_reduce(t), MUCH),
    "all_reduce_": Call(lambda g, t: g.all_reduce_(t), 12),
    "all_gather": Call(lambda g, t: g.all_gather(t, 0)),
    "all_gather of many": Call(lambda g, t: g.all_gather(t, 0), MUCH),
    "reduce_scatter": Call(lambda g, t: g.reduce_scatter(t, 0), 12),
    "reduce_scatter of many": Call(lambda g, t: g.reduce_scatter(t, 0), MUCH),
    "broadcast from 0": Call(lambda g, t: g.broadcast(t, 0)),
    "broadcast from 1": Call(lambda g, t: g.broadcast(t, 1)),
    "broadcast of another size": Call(lambda g, t: g.broadcast(t, 0), 5),
    "broadcast of many": Call(lambda g, t: g.broadcast(t, 0), MUCH),
    "gather on 0": Call(lambda g, t: g.gather(t, 0, 0)),
    "gather on 1": Call(lambda g, t: g.gather(t, 1, 0)),
    "gather of many": Call(lambda g, t: g.gather(t, 0, 0), MUCH),
    "broadcast_object": Call(lambda g, t: g.broadcast_object("x" if g.is_first_rank else None)),
    "broadcast_tensor_dict": Call(
        lambda g, t: g.broadcast_tensor_dict({"a": t} if g.is_first_rank else None)
    ),
}
# These two tell each other apart by what arrives; see `test_messages`.
BY_CONTENT = {"broadcast_object", "broadcast_tensor_dict"}


def disagree(first: str, odd_one: int) -> list[str]:
    """Have all but one member call `first` and the odd one every other call, in turn."""
    world = vd.get_world_group()
    everybody = [list(range(world.world_size))]
    group = vd.GroupCoordinator(
        everybody, world.rank, "gloo", True, False, "mismatch", timeout=BRIEF
    )
    found = _disagree(group, first, odd_one)
    group.destroy()
    return found


def _disagree(group: vd.GroupCoordinator, first: str, odd_one: int) -> list[str]:
    me, wrong = group.rank_in_group, []
    for second in CALLS:
        if second == first or {first, second} == BY_CONTENT:
            continue
        name = second if me == odd_one else first
        call = CALLS[name]
        tensor = torch.full((call.count,), 7, dtype=call.dtype)
        what = f"{first} and {second}, as {name}"
        started = time.monotonic()
        try:
            call.act(group, tensor)
        except CollectiveMismatchError as error:
            if not is_explained(error, group, name, second if me != odd_one else first):
                wrong.append(f"{what}: {error}")
            if not (tensor == 7).all():
                wrong.append(f"{what}: something had moved")
        except vd.errors.DistributedError as error:
            return [*wrong, f"{what}: {error}"]
        else:
            wrong.append(f"{what}: returned")
        if time.monotonic() - started > 2:
            wrong.append(f"{what}: took {time.monotonic() - started} s")
        try:
            assert group.all_reduce(torch.full((5,), me + 1.0)).tolist() == [expected(group)] * 5
            long = group.all_reduce(torch.full((MUCH,), me + 1.0))
            assert long.unique().tolist() == [expected(group)]
        except (vd.errors.DistributedError, AssertionError) as error:
            return [*wrong, f"{what}, afterwards: {error}"]
    return wrong


def is_explained(
    error: CollectiveMismatchError, group: vd.GroupCoordinator, mine: str, its: str
) -> bool:
    """Whether it says what this member called and what another one did, and who that is."""
    others = {f"rank {rank}" for rank in group.ranks if rank != group.rank}
    operations = (mine.split()[0].rstrip("_"), its.split()[0].rstrip("_"))
    text = str(error)
    return all(name in text for name in operations) and any(rank in text for rank in others)


def expected(group: vd.GroupCoordinator) -> float:
    return group.world_size * (group.world_size + 1) / 2


# In groups of three two members agree, and a call may take a step more.
OF_THREE = ("all_reduce", "all_reduce of many", "broadcast of many", "gather of many")
CASES = [(2, first) for first in CALLS] + [(3, first) for first in OF_THREE]


@pytest.mark.timing
@pytest.mark.parametrize(("size", "first"), CASES)
def test_different_calls_are_named_and_the_group_goes_on(
    world_of: Callable[..., World], size: int, first: str
) -> None:
    world = world_of(size, tensor_model_parallel_size=size)
    wrong = list(itertools.chain(*world.run(disagree, first, size - 1)))
    assert not wrong, "\n".join(wrong)
