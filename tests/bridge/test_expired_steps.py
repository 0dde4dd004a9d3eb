"""A run that fails before a rank has received leaves nothing for the runs that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from gate_harness import wait_until_running
from pool_harness import Pool, connect

from vllm_bridge.client import Session
from vllm_bridge.codec.errors import BridgeError

Send = Callable[[Session, Any, int], Any]
Receive = Callable[[Session, Any], Any]


def dict_of(step: int) -> dict[str, Any]:
    return {"step": step, "tensor": torch.full((3,), float(step))}


WAYS: dict[str, tuple[Send, Receive]] = {
    "isend_object": (
        lambda session, group, step: session.call("GroupCoordinator.isend_object", group, step, 1),
        lambda session, group: session.call("GroupCoordinator.recv_object", group, 0),
    ),
    "isend_tensor_dict": (
        lambda session, group, step: session.call(
            "GroupCoordinator.isend_tensor_dict", group, dict_of(step)
        ),
        lambda session, group: session.call("GroupCoordinator.recv_tensor_dict", group)["step"],
    ),
}
UNGATED: dict[str, tuple[Send, Receive]] = {
    **WAYS,
    "send_object": (
        lambda session, group, step: session.call("GroupCoordinator.send_object", group, step, 1),
        WAYS["isend_object"][1],
    ),
    "send_tensor_dict": (
        lambda session, group, step: session.call(
            "GroupCoordinator.send_tensor_dict", group, dict_of(step)
        ),
        WAYS["isend_tensor_dict"][1],
    ),
    "send": (
        lambda session, group, step: session.call(
            "GroupCoordinator.send", group, torch.full((1,), float(step)), 1
        ),
        lambda session, group: int(
            session.call("GroupCoordinator.recv", group, torch.Size([1]), torch.float32, 0).item()
        ),
    ),
}


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_a_run_does_not_receive_what_an_expired_run_sent(real_pool: Pool, gate: bool) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(pipeline_parallel_size=2, gate=gate) as world,
    ):
        for way, (send, receive) in (WAYS if gate else UNGATED).items():

            def step(number: int, fails: bool, send: Send = send, take: Receive = receive) -> Any:
                sent: list[object] = []

                def function(session: Session) -> Any:
                    group = session.call("get_pp_group")
                    if group.rank_in_group == 0:
                        sent.append(send(session, group, number))
                        return None
                    if fails:
                        while not sent:
                            session.call("get_pp_group")
                        raise RuntimeError("before its recv")
                    return take(session, group)

                return world.run(function)

            for number in (1, 2):
                with pytest.raises(RuntimeError, match="before its recv"):
                    step(number, True)
            assert step(3, False)[1] == 3, way
            assert step(4, False)[1] == 4, way


def test_another_call_after_an_expired_run_is_no_mismatch(real_pool: Pool) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(pipeline_parallel_size=2) as world,
    ):

        def left_over(session: Session) -> None:
            group = session.call("get_pp_group")
            if group.rank_in_group == 0:
                WAYS["isend_object"][0](session, group, 1)

        def right(session: Session) -> Any:
            group = session.call("get_pp_group")
            if group.rank_in_group == 0:
                return WAYS["isend_tensor_dict"][0](session, group, 2) and None
            return WAYS["isend_tensor_dict"][1](session, group)

        world.run(left_over)
        assert world.run(right)[1] == 2


def test_calls_of_no_run_receive_what_calls_of_no_run_sent(real_pool: Pool) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(pipeline_parallel_size=2) as world,
    ):
        groups = [session.call("get_pp_group") for session in world.ranks]
        for number in (1, 2):
            WAYS["isend_object"][0](world.ranks[0], groups[0], number)
        assert [WAYS["isend_object"][1](world.ranks[1], groups[1]) for _ in range(2)] == [1, 2]
        # What a run has sent is not for calls outside of it.
        world.run(
            lambda session: (
                session is world.ranks[0] and WAYS["isend_object"][0](session, groups[0], 3)
            )
        )
        with pytest.raises(BridgeError) as caught:
            WAYS["isend_object"][1](world.ranks[1], groups[1])
        assert caught.value.reason == "run_overlap"


def test_without_a_gate_an_expired_runs_sum_is_not_in_the_next_one(real_pool: Pool) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(tensor_parallel_size=2, gate=False) as world,
    ):
        name = "tensor_model_parallel_all_reduce"

        def expired(session: Session) -> None:
            if session is world.ranks[0]:
                session.call(name, torch.full((1,), 100.0))
            wait_until_running(world.ranks[0])
            raise RuntimeError("before its sum")

        with pytest.raises(RuntimeError, match="before its sum"):
            world.run(expired)
        with pytest.raises(BridgeError) as caught:  # the sum of the run before waits in its rank
            world.run(lambda session: session.call(name, torch.ones(1)).item())
        assert caught.value.reason == "collective_mismatch"
