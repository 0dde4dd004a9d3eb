"""Tensors of unusual strides, and a default device or dtype in force, in the calls of a group."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import torch
from rank_harness import CARRIERS, World

import vllm_distributed as vd
from vllm_distributed.communicators import MessageQueue
from vllm_distributed.config.data_parallel.sync import sync_state


def strided(dtype: torch.dtype, rank: int) -> torch.Tensor:
    """One element, `rank + 1`, with a stride that says nothing."""
    made = torch.tensor([0, rank + 1, 0], dtype=torch.float32, device="cpu").to(dtype)
    return made[1::2][:1].as_strided((1,), (7,))


DTYPES = [torch.float32, torch.int16, torch.bool, torch.complex64, torch.float8_e4m3fn]


def every_call_with_one_element() -> None:
    group = vd.get_tp_group()
    me, other = group.rank_in_group, 1 - group.rank_in_group
    for dtype in DTYPES:
        mine = strided(dtype, me)
        both = [strided(dtype, rank).to(torch.complex64).tolist()[0] for rank in (0, 1)]

        def check(actual: torch.Tensor, expected: list[complex]) -> None:
            assert actual.to(torch.complex64).tolist() == expected

        check(group.all_gather(mine, 0), both)
        check(group.all_gatherv(mine, 0, [1, 1]), both)
        gathered = group.gather(mine, 0, 0)
        if gathered is not None:
            check(gathered, both)
        check(group.broadcast(strided(dtype, me), 1), both[1:])
        out = torch.zeros(2, dtype=dtype, device="cpu")[:1].as_strided((1,), (7,))
        if me == 0:
            group.send(mine, other)
            check(group.recv(torch.Size([1]), dtype, other, out), both[1:])
        else:
            check(group.recv(torch.Size([1]), dtype, other, out), both[:1])
            group.send(mine, other)
        if dtype is not torch.float8_e4m3fn:
            total = sum(both) if dtype is not torch.bool else 1
            check(group.all_reduce(mine), [total])
            place = strided(dtype, me)
            group.all_reduce_(place)
            check(place, [total])
        whole = group.broadcast_tensor_dict({"x": mine, "y": [mine]} if me == 0 else None)
        assert whole is not None
        check(whole["x"], both[:1])
        check(whole["y"][0], both[:1])
        if me == 0:
            group.send_tensor_dict({"x": mine, "deep": {"y": mine}})
        else:
            received = group.recv_tensor_dict()
            assert received is not None
            check(received["x"], both[:1])
            check(received["deep"]["y"], both[:1])
        check(group.broadcast_object(mine, 0), both[:1])


@pytest.mark.parametrize("over", CARRIERS)
def test_one_element_of_another_stride_than_1_travels_in_every_call(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, over=over, tensor_model_parallel_size=2).run(every_call_with_one_element)


def everything_with_a_default(device: str | None, dtype: torch.dtype) -> None:
    torch.set_default_device(device)
    torch.set_default_dtype(dtype)
    try:
        _everything()
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)


def _everything() -> None:
    group = vd.get_tp_group()
    me = group.rank_in_group
    assert vd.in_the_same_node_as(group.cpu_group) == [True, True]
    assert sync_state(group.cpu_group, me == 0, False) == (True, False)
    mine = torch.full((3,), me + 1, dtype=torch.int32, device="cpu")
    empty = torch.zeros(0, 2, dtype=torch.float16, device="cpu")

    def check(actual: Any, expected: torch.Tensor) -> None:
        assert (actual.device.type, actual.dtype) == ("cpu", expected.dtype)
        assert torch.equal(actual, expected)

    check(group.all_reduce(mine), torch.full((3,), 3, dtype=torch.int32, device="cpu"))
    assert group.all_gather(mine, 0).tolist() == [1, 1, 1, 2, 2, 2]
    assert group.reduce_scatter(torch.cat([mine, mine]), 0).tolist() == [3, 3, 3]
    assert group.broadcast_object([empty, mine], 0)[0].device.type == "cpu"
    value: dict[str, Any] = {"empty": empty, "some": mine, "half": mine.to(torch.float16)}
    given = group.broadcast_tensor_dict(value if me == 0 else None)
    assert given is not None
    check(given["empty"], empty)
    assert given["some"].tolist() == [1, 1, 1]
    if me == 0:
        group.send_tensor_dict(value)
        group.send_object([empty, 0.5], 1)
        group.send(mine, 1)
    else:
        received = group.recv_tensor_dict()
        assert received is not None
        check(received["empty"], empty)
        check(received["half"], torch.ones(3, dtype=torch.float16, device="cpu"))
        thing = group.recv_object(0)
        check(thing[0], empty)
        assert thing[1] == 0.5
        assert group.recv(torch.Size([3]), torch.int32, 0).tolist() == [1, 1, 1]
    queue = MessageQueue.create_from_process_group(group.cpu_group, 1 << 16, 4, 0)
    if me == 0:
        queue.enqueue({"empty": empty, "some": mine})
        queue.enqueue("more")
    else:
        found = queue.dequeue(timeout=timedelta(seconds=20).total_seconds())
        check(found["empty"], empty)
        assert found["some"].tolist() == [1, 1, 1]
        assert queue.dequeue(timeout=20) == "more"
    group.barrier()


@pytest.mark.parametrize("over", CARRIERS)
@pytest.mark.parametrize(
    ("device", "dtype"), [("meta", torch.float32), (None, torch.float64), ("meta", torch.bfloat16)]
)
def test_a_default_device_or_dtype_changes_nothing(
    world_of: Callable[..., World], over: str, device: str | None, dtype: torch.dtype
) -> None:
    world = world_of(2, over=over, tensor_model_parallel_size=2)
    world.run(everything_with_a_default, device, dtype)


def make_groups_with_a_default(rank: int, port: int, size: int, over: str) -> list[int]:
    from rank_harness import join_world

    torch.set_default_device("meta")
    torch.set_default_dtype(torch.float64)
    join_world(rank, port, size, over, {"tensor_model_parallel_size": 2})
    mine = torch.ones(2, dtype=torch.int64, device="cpu")
    total: list[int] = vd.tensor_model_parallel_all_reduce(mine).tolist()
    return total


@pytest.mark.parametrize("over", CARRIERS)
def test_a_world_is_joined_with_a_default_device_in_force(over: str) -> None:
    from rank_harness import run_ranks

    assert run_ranks(2, make_groups_with_a_default, over) == [[2, 2], [2, 2]]


def everything_into_inference_tensors() -> None:
    group = vd.get_tp_group()
    me = group.rank_in_group

    def out(*size: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        with torch.inference_mode():
            return torch.zeros(size, dtype=dtype)

    mine = torch.full((4,), me + 1.0)
    assert group.all_reduce(mine, out(4)).tolist() == [3.0] * 4
    assert group.all_gather(mine, 0, out(8)).tolist() == [1.0] * 4 + [2.0] * 4
    assert group.all_gather(mine.view(4, 1), 1, out(4, 2))[0].tolist() == [1.0, 2.0]
    unequal = group.all_gatherv(mine[: 1 + me], 0, [1, 2], out(3))
    assert isinstance(unequal, torch.Tensor)
    assert unequal.tolist() == [1.0, 2.0, 2.0]
    assert group.reduce_scatter(mine, 0, out(2)).tolist() == [3.0, 3.0]
    gathered = group.gather(mine, 0, 0, out(8) if me == 0 else None)
    assert gathered is None or gathered.tolist() == [1.0] * 4 + [2.0] * 4
    for dtype in (torch.float32, torch.int16, torch.bool, torch.complex64):
        if me == 0:
            group.send(mine.to(dtype), 1)
        else:
            received = group.recv(torch.Size([4]), dtype, 0, out(4, dtype=dtype))
            assert received.tolist() == torch.ones(4, dtype=dtype).tolist()
        ones = out(4, dtype=dtype)
        with torch.inference_mode():
            ones.fill_(1)
        assert group.all_reduce_(ones).tolist() == (2 * torch.ones(4).to(dtype)).to(dtype).tolist()
        assert group.broadcast(ones, 1) is ones


@pytest.mark.parametrize("over", CARRIERS)
def test_results_go_into_tensors_made_in_inference_mode(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, over=over, tensor_model_parallel_size=2).run(everything_into_inference_tensors)


def sizes_of_every_kind() -> None:
    group = vd.get_tp_group()
    sizes: list[Any] = [(4,), [4], torch.Size([4]), (np.int64(2), 2), [1, 4], 4]
    for size in sizes:
        if group.is_first_rank:
            group.send(torch.arange(4.0), 1)
        else:
            assert group.recv(size, torch.float32, 0).flatten().tolist() == [0.0, 1.0, 2.0, 3.0]
    wrong: list[Any] = [(4.0,), "4", None, (-1,), (True,), True, -4, [[4]], b"4", {4}]
    if not group.is_first_rank:
        for size in wrong:
            with pytest.raises((TypeError, ValueError), match="size"):
                group.recv(size, torch.float32, 0)
    group.barrier()


@pytest.mark.parametrize("over", CARRIERS)
def test_a_size_is_any_sequence_of_integers(world_of: Callable[..., World], over: str) -> None:
    world_of(2, over=over, tensor_model_parallel_size=2).run(sizes_of_every_kind)
