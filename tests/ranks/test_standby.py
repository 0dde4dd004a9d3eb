"""A world made beside the one that lives: ranks that stay keep what they have, and all switch."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import Ranks, listen
from test_lifecycle import held

import vllm_distributed as vd
from vllm_distributed.errors import EnvironmentConflictError
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.world.standby import StandbyGroups, create_standby_groups

LONG = timedelta(seconds=20)
GROUPS = ("tp", "dcp", "pcp", "pp", "dp", "ep")

standing: list[StandbyGroups] = []
objects: dict[str, Any] = {}


def prepare(
    rank: int, _p: int, _c: int, size: int, port: int, tensor: int, new: list[int]
) -> list[str] | None:
    if rank >= size:
        return None
    sizes = ParallelSizes(tensor=tensor, data=size // tensor)
    standing.append(
        create_standby_groups(
            size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LONG, sizes, frozenset(new)
        )
    )
    return standing[-1].made


def switch(rank: int, _port: int, _count: int, size: int) -> None:
    if rank < size:
        standing.pop().switch()


def destroy(rank: int, _port: int, _count: int, size: int) -> None:
    if rank < size:
        standing.pop().destroy()


def leave(rank: int, _port: int, _count: int, size: int) -> None:
    if rank >= size:
        vd.destroy_distributed_environment()


def sums(rank: int, _port: int, _count: int, size: int) -> dict[str, Any] | None:
    """One all-reduce of every group, and of torch's own default group."""
    if rank >= size:
        return None
    found: dict[str, Any] = {}
    for name in ("world", *GROUPS):
        group = getattr(vd, f"get_{name}_group")()
        summed = group.all_reduce(torch.tensor([2.0**rank])).item()
        found[name] = (group.unique_name, summed == sum(2.0**each for each in group.ranks))
    mine = torch.tensor([1.0])
    dist.all_reduce(mine)
    found["torch"] = (dist.get_world_size(), mine.item())
    if "tp" in objects:
        found["same tp"] = objects["tp"] is vd.get_tp_group()
    objects["tp"] = vd.get_tp_group()
    made = dist.new_group(list(range(size)))
    dist.barrier(made)
    dist.destroy_process_group(made)
    return found


def resize(ranks: Ranks, size: int, tensor: int, new: list[int]) -> list[Any]:
    port = ranks.run(listen)[0]
    made = ranks.run(prepare, size, port, tensor, new)
    ranks.run(switch, size)
    ranks.run(leave, size)
    return made


def check_sums(ranks: Ranks, size: int) -> list[Any]:
    results = ranks.run(sums, size)[:size]
    for result in results:
        assert result["torch"] == (size, size)
        assert {name: result[name] for name in ("world", *GROUPS)} == {
            name: (f"{name}:0", True) for name in ("world", *GROUPS)
        }
    return results


def test_a_world_grows_and_shrinks_and_its_groups_are_those_of_a_new_one() -> None:
    with Ranks(8) as ranks:
        resize(ranks, 2, 2, [0, 1])
        check_sums(ranks, 2)
        for size, new in ((4, [2, 3]), (8, [4, 5, 6, 7]), (2, []), (4, [2, 3])):
            made = resize(ranks, size, 2, new)
            stay = size - len(new)
            # Of those that stay the tensor parallel group has the same members, and stays.
            assert all(names == ["world:0", "dp:0", "ep:0"] for names in made[:stay])
            assert all(len(names) == 7 for names in made[stay:size])
            results = check_sums(ranks, size)
            assert all(result["same tp"] for result in results[:2])


def test_a_rank_is_replaced_and_groups_without_it_stay() -> None:
    with Ranks(4) as ranks:
        resize(ranks, 4, 2, [0, 1, 2, 3])
        check_sums(ranks, 4)
        ranks.run(forget, 3)
        made = resize(ranks, 4, 2, [3])
        assert made[0] == ["world:0", "ep:0"]
        assert made[2] == ["world:0", "tp:0", "ep:0"]
        check_sums(ranks, 4)


def forget(rank: int, _port: int, _count: int, lost: int) -> None:
    """As if its process were a new one."""
    if rank == lost:
        vd.destroy_distributed_environment()
        objects.clear()


def test_what_is_not_wanted_is_destroyed_and_nothing_of_it_is_left() -> None:
    with Ranks(4) as ranks:
        resize(ranks, 2, 2, [0, 1])
        for _ in range(2):  # the first time, threads and the like are made that stay
            check_sums(ranks, 2)
            before = ranks.run(holds)[:2]
            port = ranks.run(listen)[0]
            ranks.run(prepare, 4, port, 2, [2, 3])
            ranks.run(destroy, 4)
        check_sums(ranks, 2)
        assert ranks.run(holds)[:2] == before
        # The next attempt is as the first.
        resize(ranks, 4, 2, [2, 3])
        check_sums(ranks, 4)


def holds(_rank: int, _port: int, _count: int) -> dict[str, int]:
    return held()


class StopItError(Exception):
    pass


def give_up(rank: int, _p: int, _c: int, port: int) -> str:
    """Rank 1 of three never comes; the others are told to stop."""
    if rank == 1:
        return ""
    stopped = threading.Event()
    timer = threading.Timer(0.5, stopped.set)
    timer.start()

    def watch() -> None:
        if stopped.is_set():
            raise StopItError("stop it")

    try:
        create_standby_groups(
            3,
            rank,
            f"tcp://127.0.0.1:{port}",
            rank,
            "gloo",
            timedelta(seconds=100),
            ParallelSizes(data=3),
            frozenset([1, 2]),
            watch,
        )
    except Exception as error:  # noqa: BLE001
        return type(error).__name__
    return "made"


def test_waits_for_a_rank_that_does_not_come_are_ended() -> None:
    with Ranks(3) as ranks:
        resize(ranks, 1, 1, [0])
        port = ranks.run(listen)[0]
        answers = ranks.run(give_up, port)
        # One is told, and the other one is, or hears of it from the first.
        assert set(answers) <= {"", "StopItError", "RollCallError", "RendezvousError"}
        assert "StopItError" in answers
        check_sums(ranks, 1)


def other_groups(rank: int, _p: int, _c: int) -> str:
    vd.destroy_model_parallel()
    vd.initialize_model_parallel(1, 2)
    try:
        create_standby_groups(
            2, rank, "tcp://127.0.0.1:1", rank, "gloo", LONG, ParallelSizes(data=2), frozenset()
        )
    except EnvironmentConflictError as error:
        return str(error)
    return "made"


def test_groups_that_user_code_made_are_not_replaced_unseen() -> None:
    with Ranks(2) as ranks:
        resize(ranks, 2, 1, [0, 1])
        for rank, answer in enumerate(ranks.run(other_groups)):
            assert answer.startswith(f"rank {rank} has other groups than it was started with")
            assert "restart the world" in answer


@pytest.mark.parametrize("size", [1, 2])
def test_a_world_of_this_size_becomes_one_of_the_other(size: int) -> None:
    with Ranks(2) as ranks:
        resize(ranks, size, 1, list(range(size)))
        check_sums(ranks, size)
        other = 3 - size
        resize(ranks, other, 1, [1] if other == 2 else [])
        check_sums(ranks, other)
