"""Members that die, stand still or leave while others wait for them: who waits is told, soon."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import Outcome, Ranks

import vllm_distributed as vd
from vllm_distributed.compat import torch_internals
from vllm_distributed.errors import CollectiveError, CollectiveTimeoutError, GroupDestroyedError

LONG, SHORT = timedelta(seconds=20), timedelta(seconds=1)
TOLD_WITHIN_S = 2.0
BIG = 8 << 20  # floats: more than a segment holds
VICTIM = 5
# Where the waiting ones have been for a while when it happens: most of them patient already.
A_WHILE_S = 0.15

Act = Callable[[vd.GroupCoordinator], Any]
# Two groups of collectives, of ranks 1, 2 and 5 and of 3, 4 and 5: numbers in them are not global
# ones. One of point to point, of ranks 0 and 5. The victim, rank 5, is the last in all of them.
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


Names = tuple[str, str, str]


def together() -> list[Names]:
    """Return names of operations to wait in at once: two collectives and one between two."""
    collectives, between = [*AMONG_ALL, *TAKERS], [*BETWEEN_TWO]
    collectives += collectives[: len(collectives) % 2]
    return [
        (collectives[at], collectives[at + 1], between[at // 2 % len(between)])
        for at in range(0, len(collectives), 2)
    ]


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


def wait_in(names: Names, end: str) -> dict[str, Any]:
    """Wait for the victim, which ends in some way, and say what this rank was told and when."""
    rank = vd.get_world_group().rank
    one = new_group([[0], [1, 2, 5], [3], [4]], "one")
    other = new_group([[0], [1], [2], [3, 4, 5]], "other")
    two = new_group([[0, 5], [1], [2], [3], [4]], "two")
    idle = new_group([[0, 5], [1, 2, 3, 4]], "idle")
    alive = new_group([[0, 1, 2, 3, 4], [5]], "alive")
    for each in (one, other, two, idle, alive):
        each.barrier()
    meet("ready", 6)
    if rank == VICTIM:
        time.sleep(A_WHILE_S)
        ENDS[end](one, other, two)
        meet("told", 6)
        return {}
    group = two if rank == 0 else one if rank < 3 else other
    name = operation_of(rank, names)
    call = {**AMONG_ALL, **TAKERS, **BETWEEN_TWO}[name]
    is_giver = name in TAKERS and group.rank_in_group == 1
    found: dict[str, Any] = {}
    started = time.monotonic()
    try:
        call(group)
        assert is_giver, f"{name} returned without the victim"
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
    if rank == 0 and end == "killed":
        started = time.monotonic()
        with pytest.raises(CollectiveError, match=f"rank {VICTIM}"):
            idle.all_reduce(torch.ones(1))
        found["other group"] = time.monotonic() - started
    # Who is alive can go on with each other.
    assert alive.all_reduce(torch.ones(3)).tolist() == [5.0] * 3
    meet("told", 6 if end == "left" else 5)
    return found


def operation_of(rank: int, names: Names) -> str:
    return names[2] if rank == 0 else names[0] if rank < 3 else names[1]


def leave(*groups: vd.GroupCoordinator) -> None:
    for group in groups:
        group.destroy()


ENDS: dict[str, Callable[..., object]] = {
    "killed": lambda *groups: os.kill(os.getpid(), signal.SIGKILL),
    "exited": lambda *groups: os._exit(0),
    "left": leave,
}


def check_told(names: Names, outcomes: list[Outcome]) -> None:
    wrong: list[str] = []
    for rank in range(VICTIM):
        outcome, name = outcomes[rank], operation_of(rank, names)
        if outcome.error is not None:
            wrong.append(f"rank {rank} in {name}: {outcome.report}")
            continue
        found = outcome.value
        is_named = f"rank {VICTIM}" in found.get("told", "") and not found["timed out"]
        is_soon = found["after"] < A_WHILE_S + TOLD_WITHIN_S and found["again"] < TOLD_WITHIN_S
        if not is_named or not is_soon or found.get("other group", 0) > TOLD_WITHIN_S:
            wrong.append(f"rank {rank} in {name}: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timing
@pytest.mark.parametrize("names", together(), ids=", ".join)
def test_who_waits_for_a_killed_rank_is_told_its_name(names: Names) -> None:
    with Ranks(6) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_in, (names, "killed"), 60, with_place=False)
    assert outcomes[VICTIM].error == "ProcessDied"
    check_told(names, outcomes)


@pytest.mark.timing
@pytest.mark.parametrize(
    ("end", "names"),
    [
        ("exited", ("barrier", "all_reduce, large", "recv")),
        ("left", ("broadcast", "all_gather, large", "recv")),
        ("left", ("all_reduce", "broadcast_object", "send without room")),
    ],
)
def test_who_waits_for_a_rank_that_left_is_told_its_name(end: str, names: Names) -> None:
    with Ranks(6) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_in, (names, end), 60, with_place=False)
    check_told(names, outcomes)


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


@pytest.mark.timing
@pytest.mark.parametrize("size", [2, 3])
def test_a_rank_killed_in_the_middle_of_moving_data(size: int) -> None:
    with Ranks(size) as ranks:
        victim = ranks.run(join)[-1]
        with later(0.3, lambda: os.kill(victim, signal.SIGKILL)):
            outcomes = ranks.call(sum_for_ever, (), 60, with_place=True)
    assert outcomes[-1].error == "ProcessDied"
    for outcome in outcomes[:-1]:
        assert outcome.error is None, outcome.report
        message, seconds = outcome.value
        assert f"rank {size - 1}" in message
        assert seconds < TOLD_WITHIN_S


@contextlib.contextmanager
def later(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Do something from another thread while the block waits for the ranks."""
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


@pytest.mark.timing
def test_a_dead_rank_with_living_children_is_dead() -> None:
    with Ranks(2) as ranks:
        ranks.run(join)
        alive, dead = ranks.call(dies_with_children, (), 60, with_place=True)
    assert dead.error == "ProcessDied"
    assert alive.error is None, alive.report


def has_a_dead_child(_: int, port: int, __: int) -> tuple[str, float]:
    """Be rank 0 and the parent of rank 1, and do not ask what became of it."""
    rank = 1 if os.fork() == 0 else 0
    join(rank, port, 2)
    vd.get_world_group().barrier()
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(CollectiveError) as caught:
        vd.get_world_group().all_reduce(torch.ones(3))
    return str(caught.value), time.monotonic() - started


@pytest.mark.timing
def test_a_dead_rank_that_nobody_has_buried_is_dead() -> None:
    """Its parent has not waited for it: there still is a process of its number."""
    with Ranks(1) as ranks:
        message, seconds = ranks.run(has_a_dead_child)[0]
    assert "rank 1" in message
    assert seconds < TOLD_WITHIN_S


# Who stands still is late, not dead


STOPPED: dict[str, Act] = {
    "barrier": lambda g: g.barrier(),
    "all_reduce": lambda g: g.all_reduce(torch.ones(3)),
    "all_reduce, large": lambda g: g.all_reduce(torch.ones(BIG)),
    "broadcast": lambda g: g.broadcast(torch.ones(3), 1),
    "recv": lambda g: g.recv(torch.Size([3]), torch.float32),
    "send without room": lambda g: g.send(torch.ones(BIG)),
}


def wait_for_a_stopped_one() -> dict[str, Any]:
    """Every rank but the last waits in an operation of its own, all for the last one."""
    world = vd.get_world_group()
    last = world.world_size - 1
    groups = []
    for waiting in range(last):
        alone = [[rank] for rank in range(last) if rank != waiting]
        partition = [[waiting, last], *alone]
        name = f"brief{waiting}"
        groups.append(
            vd.GroupCoordinator(partition, world.rank, "gloo", True, False, name, timeout=SHORT)
        )
        groups[-1].barrier()
    stopped = world.broadcast_object(os.getpid(), last)
    meet("ready", last + 1)
    found: dict[str, Any] = {}
    if world.rank == last:
        os.kill(os.getpid(), signal.SIGSTOP)
        # It finds the groups lost, soon, and the world as it was.
        started = time.monotonic()
        for group, call in zip(groups, STOPPED.values(), strict=True):
            with contextlib.suppress(CollectiveError):
                call(group)
            with pytest.raises(CollectiveError):
                group.barrier()
        found = {"after": time.monotonic() - started}
    else:
        call = list(STOPPED.values())[world.rank]
        started = time.monotonic()
        with pytest.raises(CollectiveTimeoutError, match=rf"rank {last}\b"):
            call(groups[world.rank])
        found = {"after": time.monotonic() - started}
        meet("told", last)
        os.kill(stopped, signal.SIGCONT)
    assert world.all_reduce(torch.ones(1)).item() == last + 1
    return found


@pytest.mark.timing
def test_a_rank_that_stands_still_is_a_timeout_that_names_it() -> None:
    with Ranks(len(STOPPED) + 1) as ranks:
        ranks.run(join)
        outcomes = ranks.call(wait_for_a_stopped_one, (), 60, with_place=False)
    for name, outcome in zip([*STOPPED, "the stopped one"], outcomes, strict=True):
        assert outcome.error is None, f"{name}: {outcome.report}"
    for name, outcome in zip(STOPPED, outcomes, strict=False):
        assert 0.9 < outcome.value["after"] < 1.9, name
    assert outcomes[-1].value["after"] < 2.5


def stands_still_for_a_while(rank: int, port: int, size: int) -> None:
    """Longer than any look around: nobody takes it for dead, and nothing is lost."""
    group = vd.get_world_group()
    if rank == 1:
        time.sleep(1.0)
    assert group.all_reduce(torch.full((5000,), 2.0))[7] == 2 * size


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
