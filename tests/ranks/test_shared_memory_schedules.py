"""Random sequences of operations over groups that overlap, at peace and under stress."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch
from rank_harness import GLOO, SHARED_MEMORY, Ranks, World, join_world
from schedules import draw, end_groups, make_groups, take

import vllm_distributed as vd

STRESS_S = 4.0
GROUPS = ["world", "tp", "pp", "again", "halves", "all_but_one"]
TWO_BY_TWO = {"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2}
LAYOUTS: dict[int, dict[str, int]] = {
    2: {"tensor_model_parallel_size": 2},
    3: {"tensor_model_parallel_size": 3},
    4: TWO_BY_TWO,
    8: {"tensor_model_parallel_size": 4, "pipeline_model_parallel_size": 2},
}


def follow(seed: int, count: int) -> int:
    """Take all steps of a schedule."""
    groups = make_groups()
    steps = draw(seed, count, GROUPS, vd.get_world_group().world_size)
    for step in steps:
        take(step, groups)
    vd.get_world_group().barrier()
    end_groups(groups)
    return len(steps)


@pytest.mark.parametrize(
    ("size", "seed", "count", "over"),
    [
        (2, 1, 300, SHARED_MEMORY),
        (3, 2, 250, SHARED_MEMORY),
        (4, 3, 250, SHARED_MEMORY),
        (4, 4, 120, GLOO),
        (8, 5, 120, SHARED_MEMORY),
    ],
)
def test_any_sequence_on_overlapping_groups(
    world_of: Callable[..., World], size: int, seed: int, count: int, over: str
) -> None:
    world = world_of(size, over=over, **LAYOUTS[size])
    assert world.run(follow, seed, count) == [count] * size


def two_threads() -> list[int]:
    """Each thread works on a group of its own, as a model's and a scheduler's may."""
    rank, size = vd.get_world_group().rank, vd.get_world_group().world_size
    everybody = list(range(size))
    groups = [
        vd.init_model_parallel_group([everybody], rank, "gloo", group_name=f"thread{number}")
        for number in range(2)
    ]
    done = [0, 0]

    def work(number: int) -> None:
        group = groups[number]
        for turn in range(150):
            length = 1 + turn * 37 * (1 + number * 30)
            summed = group.all_reduce(torch.full((length,), rank + turn))
            assert summed.unique().tolist() == [sum(everybody) + size * turn]
            assert group.all_gather(torch.tensor([rank]), 0).tolist() == everybody
            assert group.broadcast_object((number, turn), turn % size) == (number, turn)
            done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(25)
    for group in groups:
        group.destroy()
    return done


def test_two_threads_on_two_groups(world_of: Callable[..., World]) -> None:
    assert world_of(2, **LAYOUTS[2]).run(two_threads) == [[150, 150]] * 2


# Under stress: the processors are busy, and ranks stand still and go on at any moment.


def work_under_stress(rank: int, port: int, size: int, seed: int, seconds: float) -> int:
    groups = make_groups()
    steps = draw(seed, 5000, GROUPS, size)
    end = time.monotonic() + seconds
    taken = 0
    for step in steps:
        take(step, groups)
        taken += 1
        if taken % 20 == 0:  # the first rank says when it is over, or one would wait for nobody
            is_over = groups["world"].broadcast_object(time.monotonic() > end, 0)
            if is_over:
                break
    summed = torch.zeros(3)
    for turn in range(200):  # the shortest steps of all
        summed = groups["world"].all_reduce(torch.full((3,), float(turn)))
        assert summed.tolist() == [float(turn * size)] * 3
    groups["world"].barrier()
    return taken


def _process_ids(rank: int, port: int, size: int) -> int:
    join_world(rank, port, size, SHARED_MEMORY, LAYOUTS[size])
    return os.getpid()


def _burn() -> None:
    while True:
        pass


@contextlib.contextmanager
def busy_processors() -> Iterator[None]:
    """Have something else run on every processor, and one thing more."""
    context = multiprocessing.get_context("fork")
    burners = [context.Process(target=_burn, daemon=True) for _ in range((os.cpu_count() or 1) + 1)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.join()


@contextlib.contextmanager
def standing_still(processes: list[int], seed: int) -> Iterator[list[int]]:
    """Stop processes at random moments for up to 60 ms; at the end all go on."""
    over, stops, chance = threading.Event(), [0], random.Random(seed)

    def disturb() -> None:
        while not over.wait(chance.uniform(0.002, 0.05)):
            chosen = chance.sample(processes, chance.choice([1, 1, 1, 2]))
            for process in chosen:
                os.kill(process, signal.SIGSTOP)
            over.wait(chance.uniform(0.001, 0.06))
            for process in chosen:
                os.kill(process, signal.SIGCONT)
            stops[0] += 1

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        yield stops
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("size", [2, 4])
def test_busy_processors_and_ranks_that_stand_still(size: int) -> None:
    seconds = STRESS_S / 2
    with Ranks(size) as ranks, busy_processors():
        processes = ranks.run(_process_ids)
        with standing_still(processes, size) as stops:
            taken = ranks.run(work_under_stress, 10 + size, seconds)
    assert len(set(taken)) == 1
    assert taken[0] >= 20
    assert stops[0] >= 10
