"""Tensors without elements take part: they come in step, and one where others have a full one is
named at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, World

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveMismatchError

Group = vd.GroupCoordinator
PAIR = {"tensor_model_parallel_size": 2}
AT_ONCE_S = 5.0  # the group's timeout is 20 s

OPERATIONS: dict[str, Callable[[Group, torch.Tensor], Any]] = {
    "all_reduce": lambda g, t: g.all_reduce(t),
    "all_reduce_": lambda g, t: g.all_reduce_(t),
    "all_gather": lambda g, t: g.all_gather(t, 0),
    "all_gather, dim 1": lambda g, t: g.all_gather(t, 1),
    "all_gatherv": lambda g, t: g.all_gatherv(t, 1),
    "reduce_scatter": lambda g, t: g.reduce_scatter(t, 0),
    "reduce_scatterv": lambda g, t: g.reduce_scatterv(t, 0, [t.size(0), 0]),
    "gather": lambda g, t: g.gather(t, 1, 0),
    "broadcast": lambda g, t: g.broadcast(t, 1),
}


def one_is_empty() -> None:
    group = vd.get_tp_group()
    for full in (torch.ones(2, 3), torch.ones(2, 200_000)):
        for empty in (torch.ones(0, full.size(1)), torch.ones(2, 0)):
            for which in group.ranks:
                for name, call in OPERATIONS.items():
                    started = time.monotonic()
                    with pytest.raises(CollectiveMismatchError, match=r"\b0 x float32"):
                        call(group, empty if group.rank == which else full.clone())
                    assert time.monotonic() - started < AT_ONCE_S
                    assert group.all_reduce(torch.full((1,), 5.0)).item() == 10, name
    group.barrier()


@pytest.mark.timing
def test_an_empty_tensor_on_one_rank_is_named_at_once(world_of: Callable[..., World]) -> None:
    world_of(2, **PAIR).run(one_is_empty)


def one_of_three() -> None:
    group = vd.get_tp_group()
    for which in group.ranks:
        own = torch.ones(0) if group.rank == which else torch.ones(3)
        with pytest.raises(CollectiveMismatchError) as caught:
            group.all_reduce(own)
        others = (
            {str(which)} if group.rank != which else {str(r) for r in group.ranks} - {str(which)}
        )
        assert set(caught.value.details["calls"]) == others  # type: ignore[arg-type]
        assert group.all_reduce(torch.ones(2)).tolist() == [3.0, 3.0]


def test_the_rank_with_an_empty_tensor_is_named_among_several(
    world_of: Callable[..., World],
) -> None:
    world_of(3, tensor_model_parallel_size=3).run(one_of_three)


def all_are_empty() -> None:
    group = vd.get_tp_group()
    for shape in ((0, 4), (4, 0), (0, 0)):
        tensor = torch.ones(shape, dtype=torch.bfloat16)
        for name, call in OPERATIONS.items():
            result = call(group, tensor)
            if result is not None:
                assert result.numel() == 0, name
                assert result.dtype == torch.bfloat16
        assert group.all_gather(tensor, 0).shape == (2 * shape[0], shape[1])
        assert (
            group.all_gather(tensor, 0, torch.empty(2 * shape[0], shape[1]).bfloat16()).dim() == 2
        )
        if group.is_first_rank:
            group.send(tensor)
            group.send(torch.ones(2))
        else:
            assert group.recv(tensor.shape, tensor.dtype).shape == shape
            assert group.recv(torch.Size([2]), torch.float32).tolist() == [1.0, 1.0]
    assert group.all_reduce(torch.ones(1)).item() == 2


@pytest.mark.parametrize("over", CARRIERS)
def test_empty_tensors_on_all_ranks_have_the_right_shapes(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, over=over, **PAIR).run(all_are_empty)


def messages() -> None:
    """What was sent for an empty tensor is not taken for the next one."""
    group = vd.get_tp_group()
    if group.is_first_rank:
        for tensor in (torch.ones(0), torch.ones(3), torch.full((3,), 7.0)):
            group.send(tensor)
    else:
        for wanted in (3, 0):
            with pytest.raises(CollectiveMismatchError, match="sent a tensor of"):
                group.recv(torch.Size([wanted]), torch.float32)
        assert group.recv(torch.Size([3]), torch.float32).tolist() == [7.0] * 3
    group.barrier()


def test_an_empty_message_is_not_the_next_one(world_of: Callable[..., World]) -> None:
    world_of(2, **PAIR).run(messages)
