"""Whoever waits for other ranks is through soon after the timeout, or after Ctrl-C, and knows for
whom it waited."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import DEADLINE_S, GLOO, SHARED_MEMORY, Ranks, outcomes_of
from torch.distributed import HashStore

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveError, DistributedError, RollCallTimeoutError

SECOND, LONG = timedelta(seconds=1), timedelta(seconds=60)
MORE_S = 1.0
"""How long after its time a wait may end. A busy machine gets more, below."""
BUSY_S = 3.0
AFTER_CTRL_C_S = 2.0
IN_WORLD_S = 4
"""The time of groups in a world, whose ranks have to come within it, too."""


def init(port: int, limit: timedelta) -> None:
    vd.init_distributed_environment(2, 0, f"tcp://127.0.0.1:{port}", 0, "gloo", limit)


def stateless_init(port: int, limit: timedelta) -> None:
    vd.stateless_init_torch_distributed_process_group(
        "127.0.0.1", port, 0, 2, "gloo", timeout=limit
    )


def stateless_create(port: int, limit: timedelta) -> None:
    seconds = int(limit.total_seconds())
    vd.StatelessProcessGroup.create("127.0.0.1", port, 0, 2, store_timeout=seconds)


def stateless_coordinator(port: int, limit: timedelta) -> None:
    vd.StatelessGroupCoordinator(
        [[0, 1]],
        0,
        "gloo",
        True,
        group_ports=[[port]],
        global_rank=0,
        global_world_size=2,
        timeout=limit,
    )


def gloo_group(port: int, limit: timedelta) -> None:
    vd.init_gloo_process_group(HashStore(), 0, 2, limit)


def joining(port: int, limit: timedelta) -> None:
    """As rank 1: nobody serves."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can serve there
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        vd.init_distributed_environment(2, 1, address, 1, "gloo", limit)


ALONE: dict[str, tuple[Callable[[int, timedelta], None], list[int] | None]] = {
    "init_distributed_environment": (init, [1]),
    "init_distributed_environment without rank 0": (joining, [0]),
    "stateless_init_torch_distributed_process_group": (stateless_init, [1]),
    "StatelessProcessGroup.create": (stateless_create, [1]),
    "StatelessGroupCoordinator": (stateless_coordinator, [1]),
    "init_gloo_process_group": (gloo_group, None),
}


def timed(call: Callable[[], None]) -> tuple[float, DistributedError]:
    started = time.monotonic()
    with pytest.raises(DistributedError) as caught:
        call()
    return time.monotonic() - started, caught.value


@contextlib.contextmanager
def ctrl_c_after(seconds: float) -> Iterator[list[float]]:
    """Send this process SIGINT, as a terminal does; the list is when."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(seconds, send)
    timer.start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield sent
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def interrupted(call: Callable[[], Any]) -> float:
    """Return after how many seconds Ctrl-C ends a call."""
    with ctrl_c_after(0.5) as sent, pytest.raises(KeyboardInterrupt):
        call()
    return time.monotonic() - sent[0]


def wait_alone(rank: int, port: int, size: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, (call, _) in ALONE.items():
        seconds, error = timed(lambda call=call: call(_port(port), SECOND))  # type: ignore[misc]
        ended = interrupted(lambda call=call: call(_port(port), LONG))  # type: ignore[misc]
        found[name] = [seconds, error.details.get("missing"), str(error), ended]
    return found


def _port(port: int) -> int:
    """A port that listens and is this process's."""
    listener = socket.create_server(("127.0.0.1", 0))
    vd.adopt_listen_socket(listener)
    return int(listener.getsockname()[1])


def check(name: str, seconds: float, missing: Any, wanted: Any, text: str, ended: float) -> None:
    assert seconds < 1 + MORE_S + BUSY_S, f"{name} took {seconds:.1f} s of 1 s: {text}"
    assert ended < AFTER_CTRL_C_S + BUSY_S, f"{name} went on for {ended:.1f} s after Ctrl-C"
    if wanted is not None:
        assert missing == wanted, f"{name}: {missing}, {text}"


def test_who_waits_alone_is_through_in_time_and_knows_for_whom_it_waited() -> None:
    (outcome,) = outcomes_of(1, wait_alone, deadline_s=60)
    assert outcome.error is None, outcome.report
    for name, (seconds, missing, text, ended) in outcome.value.items():
        check(name, seconds, missing, ALONE[name][1], text, ended)


# In a world


# What waits in other ways; `ensure_model_parallel_initialized` calls the first.
IN_WORLD: dict[str, Callable[[], Any]] = {
    "initialize_model_parallel": lambda: vd.initialize_model_parallel(2),
}
COLLECTIVES: dict[str, Callable[[], Any]] = {
    "barrier": lambda: vd.get_world_group().barrier(),
    "recv": lambda: vd.get_world_group().recv(torch.Size([3]), torch.float32, 1),
}


def late_in_world(rank: int, port: int, size: int, name: str, over: str, how: str) -> Any:
    os.environ["VLLM_DISTRIBUTED_SHM"] = "0" if over == GLOO else "1"
    limit = IN_WORLD_S * SECOND if how == "timeout" else LONG
    vd.init_distributed_environment(2, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    if rank == 1:
        return None  # what is waited for does not come
    call = {**IN_WORLD, **COLLECTIVES}[name]
    if how == "Ctrl-C":
        return interrupted(call)
    seconds, error = timed(call)
    return seconds, error.details.get("missing"), str(error)


def check_in_world(name: str, over: str, *, names: bool) -> None:
    for outcome in outcomes_of(2, late_in_world, name, over, "timeout")[:1]:
        assert outcome.error is None, outcome.report
        seconds, missing, text = outcome.value
        check(name, seconds - IN_WORLD_S + 1, missing, [1] if names else None, text, 0.0)
    for outcome in outcomes_of(2, late_in_world, name, over, "Ctrl-C")[:1]:
        assert outcome.error is None, outcome.report
        assert outcome.value < AFTER_CTRL_C_S + BUSY_S


@pytest.mark.parametrize("name", IN_WORLD)
def test_making_groups_ends_in_time_and_names_who_did_not_come(name: str) -> None:
    check_in_world(name, SHARED_MEMORY, names=True)


@pytest.mark.parametrize("name", COLLECTIVES)
def test_collectives_over_gloo_end_in_time_and_on_ctrl_c(name: str) -> None:
    check_in_world(name, GLOO, names=False)


@pytest.mark.parametrize("name", ["barrier", "recv"])
def test_collectives_in_shared_memory_end_in_time_and_on_ctrl_c(name: str) -> None:
    check_in_world(name, SHARED_MEMORY, names=name == "barrier")


# Stateless groups and queues


def late_in_group(rank: int, port: int, size: int) -> dict[str, list[Any]]:
    group = vd.StatelessProcessGroup.create("127.0.0.1", port, rank, 2, store_timeout=20)
    patient = vd.StatelessProcessGroup.create("127.0.0.1", _agreed(group), rank, 2)
    group._timeout_s = 1.0
    found: dict[str, list[Any]] = {}
    if rank == 0:
        waits: dict[str, Callable[[Any, float], Any]] = {
            "barrier": lambda g, s: g.barrier(s),
            "recv_obj": lambda g, s: g.recv_obj(1),
            "broadcast_obj": lambda g, s: g.broadcast_obj(None, 1),
            "all_gather_obj": lambda g, s: g.all_gather_obj(1),
        }
        for name, wait in waits.items():
            seconds, error = timed(lambda wait=wait: wait(group, 1.0))  # type: ignore[misc]
            ended = interrupted(lambda wait=wait: wait(patient, 60.0))  # type: ignore[misc]
            found[name] = [seconds, error.details.get("missing"), str(error), ended]
        patient.send_obj("usable", 1)
        assert patient.recv_obj(1) == "still"
    else:
        patient._timeout_s = 60.0
        assert patient.recv_obj(0) == "usable"
        patient.send_obj("still", 0)
    return found


def _agreed(group: vd.StatelessProcessGroup) -> int:
    port = _port(0) if group.rank == 0 else None
    port = group.broadcast_obj(port, 0)
    return int(port or 0)


def test_stateless_waits_end_in_time_and_on_ctrl_c_and_the_group_is_usable() -> None:
    for outcome in outcomes_of(2, late_in_group, deadline_s=60):
        assert outcome.error is None, outcome.report
        for name, (seconds, missing, text, ended) in outcome.value.items():
            check(name, seconds, missing, [1], text, ended)


def test_queue_waits_end_in_time_and_on_ctrl_c() -> None:
    queue = vd.MessageQueue(1, 1, timeout=SECOND)
    try:
        seconds, error = timed(queue.wait_until_ready)
        assert seconds < 1 + MORE_S + BUSY_S
        assert error.details["readers"] == [0]
    finally:
        queue.shutdown()
    queue = vd.MessageQueue(1, 1)
    try:
        assert interrupted(queue.wait_until_ready) < AFTER_CTRL_C_S + BUSY_S
        reader = vd.MessageQueue.create_from_handle(queue.export_handle(), 0)
        queue.wait_until_ready()
        reader.wait_until_ready()
        assert timed(lambda: reader.dequeue(timeout=0.2))[0] < 0.2 + MORE_S + BUSY_S
        assert interrupted(reader.dequeue) < AFTER_CTRL_C_S + BUSY_S
        for _ in range(queue.export_handle()["max_chunks"]):
            queue.enqueue(1)
        assert timed(lambda: queue.enqueue(1, timeout=0.2))[0] < 0.2 + MORE_S + BUSY_S
        assert interrupted(lambda: queue.enqueue(1)) < AFTER_CTRL_C_S + BUSY_S
        reader.shutdown()
    finally:
        queue.shutdown()


# Deaths


def die_while_groups_are_made(rank: int, port: int, size: int, when: str) -> Any:
    limit = timedelta(seconds=25)
    vd.init_distributed_environment(3, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    if rank == 1:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        from vllm_distributed.groups import process_groups

        real = process_groups.make_group

        def make(*arguments: Any) -> Any:
            os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        process_groups.make_group = make  # type: ignore[assignment]
    seconds, error = timed(lambda: vd.initialize_model_parallel(3))
    assert isinstance(error, CollectiveError if when == "amid" else RollCallTimeoutError)
    return seconds, error.details.get("missing"), str(error)


@pytest.mark.parametrize("when", ["before", "amid"])
def test_a_rank_killed_while_groups_are_made_is_named_at_once(when: str) -> None:
    with Ranks(3) as ranks:
        outcomes = ranks.call(die_while_groups_are_made, (when,), DEADLINE_S, with_place=True)
    assert outcomes[1].error == "ProcessDied"
    for outcome in (outcomes[0], outcomes[2]):
        assert outcome.error is None, outcome.report
        seconds, missing, text = outcome.value
        assert seconds < 10, text
        assert missing == [1], text
        assert "rank 1 " in text
        assert "process" in text


def fail_while_groups_are_made(rank: int, port: int, size: int) -> Any:
    limit = timedelta(seconds=25)
    vd.init_distributed_environment(3, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    if rank == 1:
        os.environ["GLOO_SOCKET_IFNAME"] = "nonexistent0"
    seconds, error = timed(lambda: vd.initialize_model_parallel(3))
    return seconds, str(error)


def test_the_others_are_told_at_once_that_a_rank_failed_to_make_groups() -> None:
    for rank, outcome in enumerate(outcomes_of(3, fail_while_groups_are_made)):
        assert outcome.error is None, outcome.report
        seconds, text = outcome.value
        assert seconds < 10, text
        assert "nonexistent0" in text
        assert rank == 1 or "rank 1 failed" in text


def die_over_gloo(rank: int, port: int, size: int) -> Any:
    os.environ["VLLM_DISTRIBUTED_SHM"] = "0"
    limit = timedelta(seconds=20)
    vd.init_distributed_environment(3, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.get_world_group().barrier()
    if rank == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    with pytest.raises(CollectiveError, match="rank 2 is gone") as caught:
        vd.get_world_group().all_reduce(torch.ones(3))
    return caught.value.details["rank"]


def test_a_dead_peer_over_gloo_is_named_by_its_rank() -> None:
    with Ranks(3) as ranks:
        outcomes = ranks.call(die_over_gloo, (), DEADLINE_S, with_place=True)
    for outcome in outcomes[:2]:
        assert outcome.error is None, outcome.report
        assert outcome.value == 2
