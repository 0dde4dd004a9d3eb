"""Members that die, stand still or leave while others wait for them: who waits is told, soon."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import Outcome, Ranks

import vllm_distributed as vd
from vllm_distributed import torch_internals
from vllm_distributed.errors import CollectiveError, CollectiveTimeoutError, GroupDestroyedError

LONG, SHORT = timedelta(seconds=20), timedelta(seconds=1)
TOLD_WITHIN_S = 2.0
BIG = 8 << 20  # floats: more than a segment holds
VICTIM = 3
# Where the waiting ones have been for a while when it happens: most of them patient already.
A_WHILE_S = 0.15

Act = Callable[[vd.GroupCoordinator], Any]
# The group of the collectives has ranks 1, 2 and 3, so that numbers in it are not global ones; that
# of point to point has ranks 0 and 3. The victim, global rank 3, is the last in both.
AMONG_ALL: dict[str, Act] = {
    "barrier": lambda g: g.barrier(),
    "all_reduce": lambda g: g.all_reduce(torch.ones(3)),
    "all_reduce_": lambda g: g.all_reduce_(torch.ones(5000)),
    "all_reduce, large": lambda g: g.all_reduce(torch.ones(BIG)),
    "all_gather": lambda g: g.all_gather(torch.ones(3), 0),
    "all_gather, large": lambda g: g.all_gather(torch.ones(BIG // 4), 0),
    "all_gatherv": lambda g: g.all_gatherv(torch.ones(g.rank_in_group), 0, [0, 1, 2]),
    "reduce_scatter": lambda g: g.reduce_scatter(torch.ones(3), 0),
    "reduce_scatter, large": lambda g: g.reduce_scatter(torch.ones(3 * BIG // 4), 0),
    "broadcast": lambda g: g.broadcast(torch.ones(3), 2),
    "broadcast, large": lambda g: g.broadcast(torch.ones(BIG), 2),
    "broadcast_object": lambda g: g.broadcast_object(None, 2),
    "broadcast_tensor_dict": lambda g: g.broadcast_tensor_dict(None, 2),
}
BETWEEN_TWO: dict[str, Act] = {
    "recv": lambda g: g.recv(torch.Size([3]), torch.float32),
    "recv, large": lambda g: g.recv(torch.Size([BIG]), torch.float32),
    "recv_object": lambda g: g.recv_object(1),
    "recv_tensor_dict": lambda g: g.recv_tensor_dict(),
    "send without room": lambda g: g.send(torch.ones(BIG)),
    "send_object without room": lambda g: g.send_object("x" * 4 * BIG, 1),
    "send_tensor_dict without room": lambda g: g.send_tensor_dict({"a": torch.ones(BIG)}),
}
# A member that only gives need not wait for anybody: the one that takes is told.
TAKERS: dict[str, Act] = {
    "gather": lambda g: g.gather(torch.ones(3), 0, 0),
    "gather, large": lambda g: g.gather(torch.ones(BIG // 4), 0, 0),
}


def pairs() -> list[tuple[str, str]]:
    """Return names of operations to wait in at once, each in one pair at least."""
    collectives = [*AMONG_ALL, *TAKERS]
    between = [*BETWEEN_TWO]
    return [(name, between[at % len(between)]) for at, name in enumerate(collectives)]


def join(rank: int, port: int, size: int, timeout: timedelta = LONG) -> int:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timeout)
    return os.getpid()


def new_group(partition: list[list[int]], name: str) -> vd.GroupCoordinator:
    return vd.init_model_parallel_group(
        partition, vd.get_world_group().rank, "gloo", group_name=name
    )


def meet(name: str, count: int) -> None:
    """Wait, through the world's store, until `count` ranks are here: groups may not work."""
    store = torch_internals.default_store()
    store.add(f"test/{name}", 1)
    end = time.monotonic() + 20
    while int(store.add(f"test/{name}", 0)) < count:
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_in(names: tuple[str, str], end: str) -> dict[str, Any]:
    """Wait for rank 3, which ends in some way, and say what this rank was told and when."""
    rank = vd.get_world_group().rank
    many = new_group([[0], [1, 2, 3]], "many")
    two = new_group([[0, 3], [1], [2]], "two")
    idle = new_group([[0], [1, 2, 3]], "idle")
    alive = new_group([[0, 1, 2], [3]], "alive")
    for group in (many, two, idle, alive):
        group.barrier()
    meet("ready", 4)
    if rank == VICTIM:
        time.sleep(A_WHILE_S)
        ENDS[end](many, two)
        meet("told", 4)
        return {}
    group = two if rank == 0 else many
    call = BETWEEN_TWO[names[1]] if rank == 0 else {**AMONG_ALL, **TAKERS}[names[0]]
    is_giver = rank == 2 and names[0] in TAKERS
    found: dict[str, Any] = {}
    started = time.monotonic()
    try:
        call(group)
        assert is_giver, f"{names} returned without rank 3"
        group.barrier()
    except CollectiveError as error:
        found = {"told": str(error), "timed out": isinstance(error, CollectiveTimeoutError)}
    found["after"] = time.monotonic() - started
    # The group is lost at once, its other operations too.
    started = time.monotonic()
    for lost in (call, lambda g: g.barrier()):
        with pytest.raises(CollectiveError):
            lost(group)
    found["again"] = time.monotonic() - started
    # Another one with the dead member: told when one waits for it.
    if rank and end == "killed":
        started = time.monotonic()
        with pytest.raises(CollectiveError, match="rank 3"):
            idle.all_reduce(torch.ones(1))
        found["other group"] = time.monotonic() - started
    # Who is alive can go on with each other.
    assert alive.all_reduce(torch.ones(3)).tolist() == [3.0] * 3
    meet("told", 3 if end in ("killed", "exited") else 4)
    return found


def leave(*groups: vd.GroupCoordinator) -> None:
    for group in groups:
        group.destroy()


ENDS: dict[str, Callable[..., object]] = {
    "killed": lambda *groups: os.kill(os.getpid(), signal.SIGKILL),
    "exited": lambda *groups: os._exit(0),
    "left": leave,
}


def check_told(names: tuple[str, str], outcomes: list[Outcome], within_s: float) -> None:
    wrong: list[str] = []
    for rank in range(VICTIM):
        outcome, name = outcomes[rank], names[0] if rank else names[1]
        if outcome.error is not None:
            wrong.append(f"rank {rank} in {name}: {outcome.report}")
            continue
        found = outcome.value
        is_named = "rank 3" in found.get("told", "") and not found["timed out"]
        is_soon = found["after"] < A_WHILE_S + within_s and found["again"] < within_s
        if not is_named or not is_soon or found.get("other group", 0) > within_s:
            wrong.append(f"rank {rank} in {name}: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("names", pairs(), ids=" and ".join)
def test_who_waits_for_a_killed_rank_is_told_its_name(names: tuple[str, str]) -> None:
    with Ranks(4) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_in, (names, "killed"), 30, with_place=False)
    assert outcomes[VICTIM].error == "ProcessDied"
    check_told(names, outcomes, TOLD_WITHIN_S)


@pytest.mark.parametrize("end", ["exited", "left"])
@pytest.mark.parametrize("names", [("barrier", "recv"), ("all_reduce, large", "send without room")])
def test_who_waits_for_a_rank_that_left_is_told_its_name(names: tuple[str, str], end: str) -> None:
    with Ranks(4) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_in, (names, end), 30, with_place=False)
    check_told(names, outcomes, TOLD_WITHIN_S)


# In the middle of it


def sum_for_ever(rank: int, port: int, size: int) -> tuple[str, float]:
    group = vd.get_world_group()
    tensor = torch.zeros(3 << 20)
    before = time.monotonic()
    try:
        while True:
            before = time.monotonic()
            group.all_reduce_(tensor)
            group.all_gather(tensor[:300_000], 0)
    except CollectiveError as error:
        return str(error), time.monotonic() - before


@pytest.mark.parametrize("size", [2, 3])
def test_a_rank_killed_in_the_middle_of_moving_data(size: int) -> None:
    with Ranks(size) as ranks:
        victim = ranks.run(join)[-1]
        with later(0.3, lambda: os.kill(victim, signal.SIGKILL)):
            outcomes = ranks.call(sum_for_ever, (), 20, with_place=True)
    assert outcomes[-1].error == "ProcessDied"
    for outcome in outcomes[:-1]:
        assert outcome.error is None, outcome.report
        message, seconds = outcome.value
        assert f"rank {size - 1}" in message
        assert seconds < TOLD_WITHIN_S


@contextlib.contextmanager
def later(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Do something from another thread while the block waits for the ranks."""
    import threading

    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


# What hides a death


def dies_with_children(rank: int, port: int, size: int) -> str:
    """The dead rank's children hold open what it had open, as a data loader's workers do."""
    vd.get_world_group().barrier()
    if rank == 1:
        for _ in range(2):
            if os.fork() == 0:
                time.sleep(TOLD_WITHIN_S + 0.5)
                os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(CollectiveError, match="rank 1") as caught:
        vd.get_world_group().all_reduce(torch.ones(3))
    assert time.monotonic() - started < TOLD_WITHIN_S
    return str(caught.value)


def test_a_dead_rank_with_living_children_is_dead() -> None:
    with Ranks(2) as ranks:
        ranks.run(join)
        alive, dead = ranks.call(dies_with_children, (), 20, with_place=True)
    assert dead.error == "ProcessDied"
    assert alive.error is None, alive.report


UNBURIED = """
import os, signal, sys, time
from datetime import timedelta
import torch, vllm_distributed as vd
rank, port = int(sys.argv[1]), int(sys.argv[2])
limit = timedelta(seconds=20)
vd.init_distributed_environment(2, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
vd.get_world_group().barrier()
if rank == 1:
    os.kill(os.getpid(), signal.SIGKILL)
started = time.monotonic()
try:
    vd.get_world_group().all_reduce(torch.ones(3))
except vd.errors.CollectiveError as error:
    print(f"{time.monotonic() - started} {error}")
"""


def test_a_dead_rank_that_nobody_has_buried_is_dead() -> None:
    """Its parent has not waited for it: there still is a process of its number."""
    port = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False).port
    ranks = [
        subprocess.Popen([sys.executable, "-c", UNBURIED, str(rank), str(port)], text=True,
                         stdout=subprocess.PIPE, cwd=Path(__file__).parent)
        for rank in range(2)
    ]  # fmt: skip
    try:
        printed, _ = ranks[0].communicate(timeout=40)
    finally:
        for process in ranks:
            process.kill()
            process.wait()
    seconds, _, message = printed.partition(" ")
    assert "rank 1" in message
    assert float(seconds) < TOLD_WITHIN_S


# Who stands still is late, not dead


def wait_for_a_stopped_one(name: str) -> dict[str, Any]:
    rank = vd.get_world_group().rank
    kept = new_group([[0, 1, 2]], "kept")
    group = vd.GroupCoordinator([[0], [1, 2]], rank, "gloo", True, False, "brief", SHORT)
    group.barrier()
    stopped = kept.broadcast_object(os.getpid(), 2)
    found: dict[str, Any] = {}
    meet("ready", 3)
    if rank == 2:
        os.kill(os.getpid(), signal.SIGSTOP)
    elif rank == 1:
        started = time.monotonic()
        with pytest.raises(CollectiveTimeoutError, match="rank 2") as caught:
            STOPPED[name](group)
        found = {"after": time.monotonic() - started, "told": str(caught.value)}
        os.kill(stopped, signal.SIGCONT)
    # It finds its group lost, soon, but the other one as it was.
    if rank == 2:
        started = time.monotonic()
        with contextlib.suppress(CollectiveError):
            STOPPED[name](group)
        with pytest.raises(CollectiveError):
            group.all_reduce(torch.ones(3))
        found["after"] = time.monotonic() - started
    assert kept.all_reduce(torch.ones(1)).item() == 3
    return found


STOPPED: dict[str, Act] = {
    "barrier": lambda g: g.barrier(),
    "all_reduce": lambda g: g.all_reduce(torch.ones(3)),
    "all_reduce, large": lambda g: g.all_reduce(torch.ones(BIG)),
    "broadcast": lambda g: g.broadcast(torch.ones(3), 1),
    "recv": lambda g: g.recv(torch.Size([3]), torch.float32),
    "send without room": lambda g: g.send(torch.ones(BIG)),
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_rank_that_stands_still_is_a_timeout_that_names_it(name: str) -> None:
    with Ranks(3) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_for_a_stopped_one, (name,), 20, with_place=False)
    for outcome in outcomes:
        assert outcome.error is None, outcome.report
    assert 0.9 < outcomes[1].value["after"] < 1.9
    assert outcomes[2].value["after"] < 2.5


def stands_still_for_a_while(rank: int, port: int, size: int) -> None:
    """Longer than any look around: nobody takes it for dead, and nothing is lost."""
    group = vd.get_world_group()
    for turn in range(2):
        if rank == turn:
            time.sleep(1.2)
        assert group.all_reduce(torch.full((5000,), 1.0 + turn))[7] == size * (1 + turn)


def test_a_late_rank_is_waited_for() -> None:
    with Ranks(3) as ranks:
        ranks.run(join)
        ranks.run(stands_still_for_a_while)


# Who destroys the group itself


def destroys(rank: int, port: int, size: int) -> str:
    group = new_group([[0, 1]], "gone")
    group.all_reduce(torch.ones(5000))
    group.destroy()
    group.destroy()
    with pytest.raises(GroupDestroyedError) as caught:
        group.all_reduce(torch.ones(1))
    again = new_group([[0, 1]], "gone")
    assert again.unique_name == group.unique_name
    assert again.all_reduce(torch.ones(5000))[0] == size
    again.destroy()
    return str(caught.value)


def test_a_destroyed_group_says_so_and_can_be_made_again() -> None:
    with Ranks(2) as ranks:
        ranks.run(join)
        assert all("gone:0" in message for message in ranks.run(destroys))
