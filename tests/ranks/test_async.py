"""Operations that are started and waited for later."""

from __future__ import annotations

import functools
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, World, outcomes_of, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import (
    CollectiveError,
    EncodingError,
    InvalidArgumentError,
    InvalidRankError,
    InvalidTypeError,
)


@pytest.fixture(params=CARRIERS)
def world_of(worlds: Callable[..., World], request: pytest.FixtureRequest) -> Callable[..., World]:
    """Every test of this file over both."""
    return functools.partial(worlds, over=request.param)


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
    size = group.world_size
    before, after = (group.rank_in_group - 1) % size, (group.rank_in_group + 1) % size
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


@pytest.mark.timing
def test_a_silent_peer_is_an_error_in_time() -> None:
    assert run_ranks(2, peer_is_silent)[0] < 6


def in_any_order() -> None:
    """Handles are waited for in another order than they were made in, on both sides."""
    group = vd.get_tp_group()
    order = [2, 0, 3, 1]
    if group.is_first_rank:
        handles = [
            group.isend_tensor_dict({"a": torch.full((BIG,), float(number)), "n": number})[0]
            for number in range(4)
        ]
        words = [group.isend_object(str(number) * (1 << 20), 1) for number in range(4)]
        for number in order:
            words[number].wait()
            handles[number].wait()
    else:
        started = [group.irecv_tensor_dict() for _ in range(4)]
        for number in order:
            received = finish(started[number])
            assert received["n"] == number
            assert received["a"].unique().tolist() == [number]
        assert [group.recv_object(0)[0] for _ in range(4)] == ["0", "1", "2", "3"]
    group.barrier()


def test_handles_are_waited_for_in_any_order(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(in_any_order)


def mixed() -> None:
    """What is started and what is waited for at once arrives in the order of the calls, also with
    collectives in between."""
    group = vd.get_tp_group()
    for sender in (0, 1):
        big = torch.full((BIG,), float(sender + 1))
        if group.rank_in_group == sender:
            handles = group.isend_tensor_dict({"a": big, "n": 1})
            group.send_tensor_dict({"a": big * 2, "n": 2})
            handles.append(group.isend_object("three", 1 - sender))
            group.send_object("four", 1 - sender)
            handles += group.isend_tensor_dict({"a": big * 5, "n": 5})
            assert group.all_reduce(torch.ones(3)).tolist() == [2.0] * 3
            group.send(big * 6)
            handles += group.isend_tensor_dict({"n": 7})
            group.barrier()
            for handle in reversed(handles):
                handle.wait()
            assert all(handle.is_completed() for handle in handles)
        else:
            first = group.irecv_tensor_dict()
            second = group.recv_tensor_dict()
            assert second is not None
            assert second["n"] == 2
            assert second["a"].unique().tolist() == [2.0 * (sender + 1)]
            assert group.recv_object(sender) == "three"
            assert group.recv_object(sender) == "four"
            fifth = group.irecv_tensor_dict()
            assert group.all_reduce(torch.ones(3)).tolist() == [2.0] * 3
            assert group.recv(big.size(), big.dtype).unique().tolist() == [6.0 * (sender + 1)]
            assert group.recv_tensor_dict() == {"n": 7}
            group.barrier()
            assert finish(fifth)["a"].unique().tolist() == [5.0 * (sender + 1)]
            assert finish(first)["a"].unique().tolist() == [1.0 * (sender + 1)]


def test_started_and_blocking_calls_keep_their_order(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(mixed)


def many_wait() -> int:
    """Several threads wait for one handle while another asks whether it is done."""
    group = vd.get_tp_group()
    if not group.is_first_rank:
        group.barrier()
        received = group.recv_tensor_dict()
        assert received is not None
        return 0
    handle = group.isend_tensor_dict({"a": torch.ones(16 * BIG)})[0]
    returned: list[bool] = []

    def wait() -> None:
        handle.wait()
        returned.append(handle.is_completed())

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert not handle.is_completed()
    group.barrier()
    for thread in threads:
        thread.join(20)
    assert returned == [True] * 4
    return len(returned)


def test_several_threads_wait_for_one_handle(world_of: Callable[..., World]) -> None:
    assert world_of(2, tensor_model_parallel_size=2).run(many_wait) == [4, 0]


def peer_dies(rank: int, port: int, size: int, direction: str) -> float:
    """The peer is killed while this rank waits: an error that names the operation, again whenever
    the handle is asked.

    The group's timeout bounds it, and nothing less: gloo often does not notice a peer that ends
    in the middle of a message, and waits for the rest of it until then.
    """
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=3)
    )
    group = vd.get_world_group()
    victim = group.broadcast_object(os.getpid(), 1)
    big = torch.ones(32 * BIG)
    if rank == 1:
        if direction == "irecv":
            handles = group.isend_tensor_dict({"a": big})
        signal.pause()
    if direction == "irecv":
        _, handles, _ = group.irecv_tensor_dict()
    else:
        handles = group.isend_tensor_dict({"a": big})
        assert not handles[0].is_completed()
    os.kill(victim, signal.SIGKILL)
    started = time.monotonic()
    for _ in range(2):
        with pytest.raises(
            CollectiveError, match=f"{direction}_tensor_dict on world:0 .*(peer|gone)"
        ):
            handles[0].wait()
    assert handles[0].is_completed()
    return time.monotonic() - started


@pytest.mark.timing
@pytest.mark.parametrize("direction", ["isend", "irecv"])
def test_a_peer_that_dies_is_an_error_within_the_timeout(direction: str) -> None:
    alive, dead = outcomes_of(2, peer_dies, direction)
    assert alive.error is None, alive.report
    assert alive.value < 6
    assert (dead.error, dead.message) == ("ProcessDied", "exit code -9")
