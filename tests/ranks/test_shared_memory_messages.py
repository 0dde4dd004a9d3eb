"""Messages between two ranks of which one is elsewhere: busy, sending too, or gone already."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from known_values import of_member, same
from rank_harness import CARRIERS, SHARED_MEMORY, Ranks, World, join_world

import vllm_distributed as vd
from vllm_distributed.compat import torch_internals
from vllm_distributed.errors import CollectiveError
from vllm_distributed.tensors.spans import Spans
from vllm_distributed.transports.shm.messages.outbox import Outbox

# Floats: in a ring of 256 KiB, and more than one but less than sockets take at once.
SIZES = [1000, 300_000]
PAIR = {"tensor_model_parallel_size": 2}


def filled(size: int, number: int) -> torch.Tensor:
    return of_member([size + number], number % 7, 8)[number:]


def both_send_first(size: int) -> None:
    """As with sockets, which have buffers: of tensors of this size neither waits for the other."""
    group = vd.get_tp_group()
    peer = 1 - group.rank_in_group
    for turn in range(5):
        group.send(filled(size, turn + group.rank_in_group), peer)
        group.send_object(("x" * size)[:100_000], peer)
        group.send_tensor_dict({"a": filled(size, turn + 3 + group.rank_in_group)}, peer)
        same(group.recv(torch.Size([size]), torch.float32, peer), filled(size, turn + peer))
        assert group.recv_object(peer) == ("x" * size)[:100_000]
        received = group.recv_tensor_dict(peer)
        assert received is not None
        same(received["a"], filled(size, turn + 3 + peer))


@pytest.mark.parametrize("size", [1, 60_000, 200_000])
def test_both_may_send_before_they_receive(world_of: Callable[..., World], size: int) -> None:
    world_of(2, **PAIR).run(both_send_first, size)


def other_order(rank: int, port: int, size: int) -> None:
    """Tensors and objects are two ways: each in its own order."""
    group = vd.get_world_group()
    if rank == 0:
        for number in range(6):
            group.send(filled(20_000, number))
            group.send_object(number, 1)
            group.send_tensor_dict({"n": number, "a": filled(9000, number)})
        group.barrier()
    else:
        time.sleep(0.1)
        for number in range(6):
            assert group.recv_object(0) == number
            received = group.recv_tensor_dict()
            assert received is not None
            assert received["n"] == number
        for number in range(6):
            same(group.recv(torch.Size([20_000]), torch.float32), filled(20_000, number))
        group.barrier()


def test_objects_do_not_wait_for_tensors_that_were_sent_first() -> None:
    with Ranks(2) as ranks:
        ranks.call(join_world, (SHARED_MEMORY, {}), 60, with_place=True)
        ranks.run(other_order)


def sends_and_goes(rank: int, port: int, size: int, how: str, lengths: list[int]) -> None:
    group = vd.get_world_group()
    group.barrier()
    if rank == 0:
        group.send_object({"n": 1000}, 1)
        for length in lengths:
            group.send(filled(length, 3))
        if how == "ends":
            os._exit(0)
        vd.destroy_distributed_environment()
        return
    time.sleep(0.3)
    assert group.recv_object(0) == {"n": 1000}
    for length in lengths:
        same(group.recv(torch.Size([length]), torch.float32), filled(length, 3))


@pytest.mark.parametrize("over", CARRIERS)
@pytest.mark.parametrize(
    ("how", "lengths"), [("ends", [30_000, 20_000]), ("destroys", [30_000, 300_000])]
)
def test_what_was_sent_arrives_when_the_sender_has_gone(
    how: str, lengths: list[int], over: str
) -> None:
    """A send that has returned is not taken back, whatever the sender does next."""
    with Ranks(2) as ranks:
        ranks.call(join_world, (over, {}), 60, with_place=True)
        outcomes = ranks.call(sends_and_goes, (how, lengths), 60, with_place=True)
    assert outcomes[1].error is None, outcomes[1].report


def dies_in_a_message(rank: int, port: int, size: int, length: int) -> tuple[str, float]:
    """The rest of what the dead one had handed over never comes: an error, not a wait."""
    group = vd.get_world_group()
    group.barrier()
    if rank == 1:
        group.send(filled(length, 1), 0)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.3)
    started = time.monotonic()
    try:
        same(group.recv(torch.Size([length]), torch.float32, 1), filled(length, 1))
        group.recv(torch.Size([1]), torch.float32, 1)
    except CollectiveError as error:
        return str(error), time.monotonic() - started
    return "nothing", 0.0


@pytest.mark.timing
@pytest.mark.parametrize("length", SIZES)
def test_a_sender_killed_with_a_message_on_its_way_is_an_error_that_names_it(length: int) -> None:
    with Ranks(2) as ranks:
        ranks.call(join_world, (SHARED_MEMORY, {}), 60, with_place=True)
        outcomes = ranks.call(dies_in_a_message, (length,), 60, with_place=True)
    assert outcomes[0].error is None, outcomes[0].report
    message, seconds = outcomes[0].value
    assert "rank 1" in message
    assert seconds < 10


def patience(length: int) -> dict[str, Any]:
    """Processor time and threads of a rank of which a message is on its way for a second."""
    group = vd.get_tp_group()
    group.barrier()
    found: dict[str, Any] = {}
    if group.is_first_rank:
        threads = threading.active_count()
        handle = group.isend_object("y" * length, 1)
        time.sleep(0.2)
        before = resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(1.0)
        after = resource.getrusage(resource.RUSAGE_SELF)
        found["used"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        torch_internals.default_store().set("test/measured", "1")
        handle.wait()
        group.barrier()
        end = time.monotonic() + 10
        while threading.active_count() > threads and time.monotonic() < end:
            time.sleep(0.01)
        found["threads"] = threading.active_count() - threads
    else:
        store = torch_internals.default_store()
        store.wait(["test/measured"], timedelta(seconds=20))
        store.delete_key("test/measured")
        assert group.recv_object(0) == "y" * length
        group.barrier()
    return found


@pytest.mark.timing
def test_a_message_on_its_way_costs_little_and_leaves_no_thread(
    world_of: Callable[..., World],
) -> None:
    found = world_of(2, **PAIR).run(patience, 8 << 20)[0]
    assert found["used"] < 0.1
    assert found["threads"] <= 0


def forks_with_a_message_on_its_way() -> None:
    """The child has the message too, but it is its parent's to send: once."""
    group = vd.get_tp_group()
    group.barrier()
    text = "z" * (4 << 20)
    if group.is_first_rank:
        handle = group.isend_object(text, 1)
        children = [os.fork() for _ in range(1)]
        if children[0] == 0:
            time.sleep(0.2)
            os._exit(0)
        group.send_object("next", 1)
        handle.wait()
        os.waitpid(children[0], 0)
    else:
        time.sleep(0.1)
        assert group.recv_object(0) == text
        assert group.recv_object(0) == "next"
    group.barrier()


def test_a_fork_with_a_message_on_its_way(world_of: Callable[..., World]) -> None:
    world_of(2, **PAIR).run(forks_with_a_message_on_its_way)


def one_group_fails_in_the_background(rank: int, port: int, size: int) -> tuple[str, str]:
    """A defect, or damaged memory, while two groups have messages on their way."""
    whole, broken = vd.get_world_group(), vd.get_tp_group()
    whole.barrier()
    broken.barrier()
    text = "y" * (4 << 20)
    if rank == 1:
        time.sleep(0.5)
        assert whole.recv_object(0) == text
        with pytest.raises(CollectiveError) as caught:
            broken.recv_object(0)
        whole.barrier()
        return str(caught.value), ""
    sent, lost = whole.isend_object(text, 1), broken.isend_object(text, 1)
    move = Outbox._move

    def damaged(self: Outbox, spans: Spans) -> bool:
        if self._steps.name == broken.unique_name:
            raise IndexError("index out of range")
        return move(self, spans)

    Outbox._move = damaged  # type: ignore[method-assign]
    end = time.monotonic() + 10
    # `is_completed` and `wait` would find it out by themselves.
    while any(thread.name.endswith("progress") for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
    with pytest.raises(CollectiveError) as caught:
        lost.wait()
    sent.wait()
    whole.barrier()
    with pytest.raises(CollectiveError) as later:
        broken.barrier()
    return str(caught.value), str(later.value)


@pytest.mark.timing
def test_a_failure_in_the_background_of_one_group_is_named_and_stops_no_other() -> None:
    with Ranks(2) as ranks:
        ranks.call(join_world, (SHARED_MEMORY, PAIR), 60, with_place=True)
        (lost, later), (told, _) = ranks.run(one_group_fails_in_the_background)
    assert "tp:0 failed while nobody waited for it: IndexError: index out of range" in lost
    assert "out of step" in later
    assert "rank 0" in told
    assert "gave up an operation" in told
