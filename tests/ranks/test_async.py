"""Operations that are started and waited for later."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import World, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import (
    CollectiveError,
    EncodingError,
    InvalidArgumentError,
    InvalidRankError,
    InvalidTypeError,
)

BIG = 1 << 20  # floats; more than the kernel's socket buffers hold


def payload(rank: int) -> dict[str, Any]:
    base = torch.arange(12.0).reshape(3, 4) + rank
    return {
        "plain": base,
        "strided": base.t(),
        "empty": torch.empty(0, 2),
        "scalar": torch.tensor(rank),
        "odd": torch.arange(5) * rank,
        "deep": [base.to(torch.bfloat16), {"mask": base > 3}],
        "words": ("a", rank, None),
    }


def check_payload(actual: Any, rank: int) -> None:
    expected = payload(rank)
    assert list(actual) == list(expected)
    for key in ("plain", "strided", "empty", "scalar", "odd"):
        assert actual[key].dtype == expected[key].dtype
        assert torch.equal(actual[key], expected[key])
    assert torch.equal(actual["deep"][0], expected["deep"][0])
    assert torch.equal(actual["deep"][1]["mask"], expected["deep"][1]["mask"])
    assert actual["words"] == expected["words"]


def finish(started: tuple[Any, list[vd.Handle], list[Callable[[], None]]]) -> Any:
    received, handles, postprocess = started
    for handle in handles:
        handle.wait()
    for function in postprocess:
        function()
    return received


def ring() -> None:
    """All send and receive at once, which blocking sends of this size could not."""
    group = vd.get_world_group()
    before, after = (group.rank_in_group - 1) % 4, (group.rank_in_group + 1) % 4
    sent = {**payload(group.rank), "big": torch.full((BIG,), float(group.rank))}
    handles = group.isend_tensor_dict(sent)
    object_handle = group.isend_object({"from": group.rank, "text": "x" * 5000}, after)
    received = finish(group.irecv_tensor_dict())
    assert received.pop("big").unique().tolist() == [before]
    check_payload(received, before)
    assert group.recv_object(before) == {"from": before, "text": "x" * 5000}
    for handle in [*handles, object_handle]:
        assert isinstance(handle, vd.Handle)
        handle.wait()
        handle.wait()  # again is nothing
        assert handle.is_completed()
    # The blocking forms understand the same messages.
    if group.rank % 2 == 0:
        for handle in group.isend_tensor_dict(payload(group.rank)):
            handle.wait()
    else:
        check_payload(group.recv_tensor_dict(), before)
        group.send_tensor_dict(payload(group.rank))
    if group.rank % 2 == 0:
        check_payload(finish(group.irecv_tensor_dict()), before)


def test_everybody_sends_and_receives_at_once(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(ring)


def slices(name: str) -> None:
    """The pipeline's second stage gathers slices of what both ranks of the first have."""
    tp, pp = vd.get_tp_group(), vd.get_pp_group()
    pick = {"plain": False} if name == "picked" else None
    if pp.is_first_rank:
        value = payload(7)
        if name == "picked":  # not the same on both ranks, so it must not be cut up
            value["plain"] = value["plain"] + tp.rank_in_group
        for handle in pp.isend_tensor_dict(value, None, tp, pick):
            handle.wait()
        return
    received, handles, postprocess = pp.irecv_tensor_dict(None, tp, pick)
    assert received is not None
    for handle in handles:
        handle.wait()
    assert received["strided"].numel() == 6  # half of it, before it is gathered
    assert received["odd"].numel() == 5  # does not divide
    for function in postprocess:
        function()
    if name == "picked":
        received["plain"] = received["plain"] - tp.rank_in_group
    check_payload(received, 7)


@pytest.mark.parametrize("name", ["all", "picked"])
def test_slices_are_gathered_by_postprocess(world_of: Callable[..., World], name: str) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(slices, name)


def slices_without_a_group() -> None:
    tp, pp = vd.get_tp_group(), vd.get_pp_group()
    if pp.is_first_rank:
        pp.send_tensor_dict({"a": torch.ones(4)}, None, tp)
    else:
        _, handles, postprocess = pp.irecv_tensor_dict()
        for handle in handles:
            handle.wait()
        with pytest.raises(InvalidArgumentError, match="2 slices"):
            postprocess[0]()
    pp.barrier()  # the group is usable


def test_a_missing_all_gather_group_is_an_error_afterwards(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        slices_without_a_group
    )


def completion() -> None:
    """`is_completed` turns true by itself, without anybody waiting; and not before."""
    group = vd.get_tp_group()
    if group.is_first_rank:
        handles = group.isend_tensor_dict({"a": torch.ones(16 * BIG)})
        assert not handles[0].is_completed()  # nobody receives yet
        group.barrier()
        poll(handles)
    else:
        group.barrier()
        received, handles, _ = group.irecv_tensor_dict()
        poll(handles)
        assert received is not None
        assert received["a"].sum() == 16 * BIG


def poll(handles: list[vd.Handle]) -> None:
    end = time.monotonic() + 20
    while not all(handle.is_completed() for handle in handles):
        assert time.monotonic() < end
        time.sleep(0.001)


def test_completion_is_seen_without_waiting(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(completion)


def dropped() -> int:
    """What nobody holds a handle of arrives whole all the same."""
    group = vd.get_tp_group()
    if group.is_first_rank:
        for number in range(3):
            group.isend_tensor_dict({"a": torch.full((4 * BIG,), float(number))})
            group.isend_object("y" * (8 << 20), 1)
        gc.collect()
        group.barrier()
        junk = [torch.zeros(4 * BIG) for _ in range(6)]  # takes the memory, were it free
        del junk
    else:
        group.barrier()
        for number in range(3):
            received = group.recv_tensor_dict()
            assert received is not None
            assert received["a"].unique().tolist() == [number]
            assert group.recv_object(0) == "y" * (8 << 20)
    group.barrier()
    end = time.monotonic() + 10
    while any("isend" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.001)
    return threading.active_count()


def test_dropped_handles_lose_nothing_and_leave_no_thread(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(dropped)


def refused() -> None:
    group = vd.get_tp_group()
    for call, kind in (
        (lambda: group.isend_tensor_dict({}, group.rank_in_group), InvalidRankError),
        (lambda: group.isend_tensor_dict({}, -1), InvalidRankError),
        (lambda: group.isend_tensor_dict([1]), InvalidTypeError),
        (lambda: group.isend_tensor_dict({"a": object()}), EncodingError),
        (lambda: group.isend_tensor_dict({"a": torch.ones(2).to_sparse()}), InvalidTypeError),
        (lambda: group.irecv_tensor_dict(2), InvalidRankError),
        (lambda: group.isend_object(1, group.rank_in_group), InvalidRankError),
        (lambda: group.isend_object(object(), 1 - group.rank_in_group), EncodingError),
    ):
        with pytest.raises(kind):
            call()
    assert group.all_reduce(torch.ones(1)).item() == 2  # the group is where it was


def test_refused_before_anything_is_sent(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(refused)


def alone() -> None:
    group = vd.get_tp_group()
    assert group.isend_tensor_dict({"a": 1}) == []
    assert group.irecv_tensor_dict() == (None, [], [])
    with pytest.raises(InvalidRankError):
        group.isend_object(1, 0)


def test_a_group_of_one_has_nobody_to_send_to(world_of: Callable[..., World]) -> None:
    world_of(1).run(alone)


def peer_is_silent(rank: int, port: int, size: int) -> float:
    """A handle whose peer never comes fails within the group's timeout, each time it is asked."""
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=2)
    )
    group = vd.get_world_group()
    if rank == 1:
        return 0.0
    handles = group.isend_tensor_dict({"a": torch.ones(16 * BIG)})
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(CollectiveError, match="isend_tensor_dict on world:0"):
            handles[0].wait()
    assert handles[0].is_completed()
    return time.monotonic() - started


def test_a_silent_peer_is_an_error_in_time() -> None:
    assert run_ranks(2, peer_is_silent)[0] < 6
