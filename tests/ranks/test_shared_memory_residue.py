"""What shared memory costs those who wait or are idle, and that nothing of it is left."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import World, run_ranks
from segments import check_operations, mapped

import vllm_distributed as vd

LIMIT = timedelta(seconds=20)
CYCLES = 10
MOST_OF_EIGHT = 20 << 20


def processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# Waiting


def waits(name: str) -> float:
    """Return the processor time of a second of waiting, on the rank that waits."""
    group = vd.get_world_group()
    call = WAITS[name]
    for _ in range(2):
        call(group)
    group.barrier()
    if not group.is_first_rank:
        time.sleep(1.0)
    before = processor_s()
    call(group)
    used = processor_s() - before
    group.barrier()
    return used


def to_and_fro(group: vd.GroupCoordinator, give: Callable[[], Any], take: Callable[[], Any]) -> Any:
    return take() if group.is_first_rank else give()


LARGE = torch.Size([2 << 20])
WAITS: dict[str, Callable[[vd.GroupCoordinator], Any]] = {
    "barrier": lambda g: g.barrier(),
    "broadcast_object": lambda g: g.broadcast_object(1, 1),
    "recv_tensor_dict": lambda g: to_and_fro(
        g, lambda: g.send_tensor_dict({"a": torch.ones(5)}), g.recv_tensor_dict
    ),
    "send without room": lambda g: to_and_fro(
        g, lambda: g.recv(LARGE, torch.float32), lambda: g.send(torch.ones(LARGE))
    ),
}


@pytest.mark.timing
@pytest.mark.parametrize("name", WAITS)
def test_a_second_of_waiting_costs_a_tenth_of_it_at_most(
    world_of: Callable[..., World], name: str
) -> None:
    used = world_of(2, tensor_model_parallel_size=2).run(waits, name)[0]
    assert used < 0.1


def idles() -> tuple[float, float]:
    """Return the processor time of a second of this thread, and of threads of this package."""
    group = vd.get_world_group()
    check_operations(group)
    group.barrier()
    before, mine = processor_s(), time.thread_time()
    time.sleep(1.0)
    used = processor_s() - before, time.thread_time() - mine
    group.barrier()
    return used


@pytest.mark.timing
def test_idle_groups_cost_nothing(world_of: Callable[..., World]) -> None:
    """Gloo's own threads, which wake up now and then, are all that runs."""
    world = world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2)
    for everything, this_thread in world.run(idles):
        assert this_thread < 0.005
        assert everything < 0.05


# Memory


def size_of_a_segment(rank: int, port: int, size: int) -> tuple[int, list[str], int]:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    group = vd.get_world_group()
    check_operations(group)
    found = mapped()
    names = {name.split()[0] for name in found}
    left = [name for name in os.listdir("/dev/shm") if name in names]
    group.barrier()
    vd.cleanup_dist_env_and_memory()
    gc.collect()
    return sum(found.values()), left, len(mapped())


def test_a_segment_of_eight_has_20_mib_at_most_and_no_name() -> None:
    """Also once everything has been used; and nothing is mapped when the group is gone."""
    for size, left, afterwards in run_ranks(8, size_of_a_segment):
        assert 0 < size <= MOST_OF_EIGHT
        assert left == []
        assert afterwards == 0


def many_lives(rank: int, port: int, size: int) -> list[tuple[int, int, int]]:
    """Return, after each life, the open files, mapped segments and threads of this process."""
    counts = []
    for life in range(CYCLES):
        vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
        vd.initialize_model_parallel(size)
        group = vd.get_tp_group()
        assert mapped()
        if life % 5 == 0:
            check_operations(group)
        kept = group.all_reduce(torch.full((70_000,), float(life)))
        vd.get_world_group().barrier()
        vd.destroy_model_parallel()
        vd.destroy_distributed_environment()
        gc.collect()
        assert kept[-1] == life * size
        counts.append((files(), len(mapped()), len(os.listdir("/proc/self/task"))))
    return counts


def files() -> int:
    """Count what is open, sockets aside, which close when the peers' do."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += not os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:  # the listing's own
            continue
    return count


def test_many_lives_leave_no_file_and_no_mapping() -> None:
    for counts in run_ranks(2, many_lives, deadline_s=60):
        assert [mappings for _, mappings, _ in counts] == [0] * CYCLES
        open_files = [open_ for open_, _, _ in counts]
        assert max(open_files[3:]) <= open_files[2] + 1, open_files


# Children


def child_that_ends(how: str) -> None:
    if how == "exit":
        sys.exit(0)


def with_children(how: str) -> None:
    """Forked children have the rank's objects; that they end means nothing to the group."""
    group = vd.get_world_group()
    check_operations(group)
    if how == "os":
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    else:
        context = multiprocessing.get_context("fork")
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        children = [context.Process(target=child_that_ends, args=(how,)) for _ in range(2)]
        for each in children:
            each.start()
        for each in children:
            each.join()
        assert [each.exitcode for each in children] == [0, 0]
    group.barrier()
    for _ in range(20):
        assert group.all_reduce(torch.ones(5000))[-1] == group.world_size
    check_operations(group)


@pytest.mark.parametrize("how", ["os", "exit", "return"])
def test_children_that_end_do_not_disturb_the_group(
    world_of: Callable[..., World], how: str
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(with_children, how)


def child_destroys(rank: int, port: int, size: int) -> None:
    """Even one that destroys the group it inherited."""
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    group = vd.get_world_group()
    group.all_reduce(torch.ones(5000))
    if rank == 1:
        child = os.fork()
        if child == 0:
            group.device_communicator.destroy()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    group.barrier()
    check_operations(group)


def test_a_child_that_ends_the_communicator_ends_its_own() -> None:
    run_ranks(2, child_destroys)
