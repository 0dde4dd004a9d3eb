"""What a step sent that failed before it was received: no later step takes it for its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, World

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveMismatchError, MessageStepError
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp, current_stamp, set_run


@pytest.fixture(params=CARRIERS)
def world(world_of: Callable[..., World], request: pytest.FixtureRequest) -> World:
    """Two stages of a pipeline, over each of the two."""
    return world_of(2, over=request.param, pipeline_model_parallel_size=2)


SMALL, LARGE = 3, 200_000  # the large one does not go in the frame over gloo

SENDS: dict[str, Callable[[vd.GroupCoordinator, torch.Tensor], Any]] = {
    "send_object": lambda group, tensor: group.send_object(tensor, 1),
    "isend_object": lambda group, tensor: [group.isend_object(tensor, 1)],
    "send_tensor_dict": lambda group, tensor: group.send_tensor_dict({"x": tensor, "n": 1}),
    "isend_tensor_dict": lambda group, tensor: group.isend_tensor_dict({"x": tensor, "n": 1}),
    "send": lambda group, tensor: group.send(tensor, 1),
}


def received(group: vd.GroupCoordinator, how: str, size: int) -> float:
    """The value that all elements of the next tensor have."""
    if "object" in how:
        tensor = group.recv_object(0)
    elif how == "send":
        tensor = group.recv(torch.Size([size]), torch.float32, 0)
    elif how == "send_tensor_dict":
        tensor = (group.recv_tensor_dict() or {})["x"]
    else:
        value, handles, finishing = group.irecv_tensor_dict()
        for handle in handles:
            handle.wait()
        for finish in finishing:
            finish()
        tensor = (value or {})["x"]
    assert tensor.shape == (size,)
    assert tensor.min() == tensor.max()
    return float(tensor[0])


def a_step_fails_before_its_recv(how: str, size: int) -> list[float]:
    group = vd.get_pp_group()
    me = group.rank_in_group
    found = []
    waiting: list[Any] = []
    for step in range(1, 5):
        vd.set_message_step(step)
        try:
            if me == 0:
                waiting += SENDS[how](group, torch.full((size,), float(step))) or []
            elif step in (1, 2):
                raise RuntimeError("the step failed")
            else:
                found.append(received(group, how, size))
        except RuntimeError:
            assert me == 1
    for handle in waiting:
        handle.wait()
    vd.set_message_step(0)
    group.barrier()
    return found


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("how", [how for how in SENDS if how != "send"])
def test_a_step_that_failed_before_its_recv_leaves_nothing_for_the_next(
    world: World, how: str, size: int
) -> None:
    assert world.run(a_step_fails_before_its_recv, how, size)[1] == [3.0, 4.0]


def other_kinds_are_left_over() -> list[float]:
    group = vd.get_pp_group()
    found = []
    for step in (1, 2):
        vd.set_message_step(step)
        value = torch.full((SMALL,), float(step))
        if group.rank_in_group == 0:
            kinds = ["isend_object", "isend_tensor_dict"]
            for kind in kinds if step == 1 else kinds[::-1]:
                SENDS[kind](group, value)
        elif step == 2:
            found.append(received(group, "isend_tensor_dict", SMALL))
            found.append(received(group, "isend_object", SMALL))
    vd.set_message_step(0)
    group.barrier()
    return found


def test_messages_of_another_kind_are_passed_by(world: World) -> None:
    assert world.run(other_kinds_are_left_over)[1] == [2, 2]


def a_tensor_alone() -> list[float]:
    group = vd.get_pp_group()
    if group.rank_in_group == 0:
        for step in (1, 2, 3):
            vd.set_message_step(step)
            group.send(torch.full((SMALL,), float(step)), 1)
        found = []
    else:
        vd.set_message_step(3)
        found = [received(group, "send", SMALL)]
    vd.set_message_step(0)
    group.barrier()
    return found


def test_a_tensor_sent_alone_through_shared_memory_has_a_step_too(
    world_of: Callable[..., World],
) -> None:
    assert world_of(2, pipeline_model_parallel_size=2).run(a_tensor_alone)[1] == [3]


def a_message_of_a_later_step(how: str, size: int) -> Any:
    """Rank 0 fails before its send in step 7; rank 1 waits for that message."""
    group = vd.get_pp_group()
    if group.rank_in_group == 0:
        vd.set_message_step(8)
        for handle in SENDS[how](group, torch.full((size,), 8.0)) or []:
            handle.wait()
        outcome = None
    else:
        vd.set_message_step(7)
        with pytest.raises(MessageStepError) as caught:
            received(group, how, size)
        vd.set_message_step(8)
        outcome = (str(caught.value), caught.value.details, received(group, how, size))
    vd.set_message_step(0)
    group.barrier()
    return outcome


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("how", [how for how in SENDS if how != "send"])
def test_message_8_where_7_was_due_is_an_error_and_stays(world: World, how: str, size: int) -> None:
    message, details, value = world.run(a_message_of_a_later_step, how, size)[1]
    assert "the next message of rank 0 is of step 8, and this rank is in step 7" in message
    assert details["sent"] == {"run": 0, "step": 8}
    assert details["wanted"] == {"run": 0, "step": 7}
    assert value == 8.0


def without_steps() -> list[float]:
    group = vd.get_pp_group()
    if group.rank_in_group == 0:
        for value in (1.0, 2.0):
            group.isend_object(torch.full((SMALL,), value), 1)
        found = []
    else:
        vd.set_message_step(9)  # the sender counts none
        found = [received(group, "send_object", SMALL) for _ in range(2)]
        vd.set_message_step(0)
    group.barrier()
    return found


def test_programs_without_steps_receive_everything_in_order(world: World) -> None:
    assert world.run(without_steps)[1] == [1, 2]


def test_runs_come_before_steps() -> None:
    try:
        set_run(3)
        vd.set_message_step(5)
        assert current_stamp() == Stamp(3, 5)
        assert str(current_stamp()) == "step 5 of run 3"
        assert current_stamp().tag != Stamp(3, 6).tag
    finally:
        set_run(0)
        vd.set_message_step(0)
    assert current_stamp() == NO_STAMP
    assert NO_STAMP.tag == 0


def in_another_thread(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(function).result()


def collectives_of_different_runs() -> list[str]:
    group = vd.get_tp_group()
    told = []
    for number, call in enumerate(
        [
            group.barrier,
            lambda: group.all_reduce(torch.ones(3)),
            lambda: group.broadcast(torch.ones(3), 0),
            lambda: group.broadcast_object(1, 0),
        ]
    ):
        set_run(7 + number + group.rank_in_group)
        try:
            call()
        except CollectiveMismatchError as error:
            told.append(str(error))
        set_run(9)
        assert group.all_reduce(torch.ones(2)).tolist() == [2.0, 2.0]
    set_run(0)
    group.barrier()
    return told


def test_an_expired_runs_collective_does_not_meet_that_of_the_next(
    world_of: Callable[..., World],
) -> None:
    world = world_of(2, tensor_model_parallel_size=2)
    for told in world.run(collectives_of_different_runs):
        assert len(told) == 4
        assert all("in another run" in message for message in told)


def a_thread_of_ones_own() -> Any:
    """Its calls belong to no run, whatever runs begin and end meanwhile."""
    group = vd.get_pp_group()
    set_run(3 + group.rank_in_group)
    try:
        if group.rank_in_group == 0:
            in_another_thread(lambda: group.send_object("x", 1))
            found = None
        else:
            found = in_another_thread(lambda: group.recv_object(0))
        in_another_thread(group.barrier)
    finally:
        set_run(0)
    return found


def test_threads_that_a_program_starts_are_in_no_run(world: World) -> None:
    assert world.run(a_thread_of_ones_own)[1] == "x"
