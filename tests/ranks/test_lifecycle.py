"""What a process holds comes back to what it was, and nothing waits longer than it was told."""

from __future__ import annotations

import functools
import gc
import importlib.util
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import Ranks, outcomes_of, run_ranks
from stateless_places import ports_for, published

import vllm_distributed as vd
from vllm_distributed.compat import torch_internals
from vllm_distributed.errors import (
    CollectiveTimeoutError,
    LibraryMissingError,
    ParallelSizeError,
    RollCallTimeoutError,
)

CYCLES = 15
LONG = timedelta(seconds=20)
SECOND = timedelta(seconds=1)
SHORT = timedelta(seconds=0.4)
SOON_S = 5.0
"""After a second at the most, on a busy machine: LONG is the other time that it could take."""
GROUPS = ("world", "tp", "dcp", "pcp", "pp", "dp", "ep")


def join(rank: int, port: int, size: int, timeout: timedelta = LONG) -> None:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timeout)


def held() -> dict[str, int]:
    """Count what this process holds from the operating system, and of torch's groups."""
    gc.collect()
    open_files = []
    for name in os.listdir("/proc/self/fd"):
        try:
            open_files.append(os.readlink(f"/proc/self/fd/{name}"))
        except FileNotFoundError:  # the listing's own
            continue
    return {
        "threads": len(os.listdir("/proc/self/task")),
        "python threads": threading.active_count(),
        "descriptors": len(open_files),
        "sockets": sum(target.startswith("socket:") for target in open_files),
        "shared memory": len(shared_memory_of(os.getpid())),
        "torch groups": len(torch_internals.c10d._world.pg_map),
    }


def settled(before: dict[str, int]) -> dict[str, int]:
    """Count once the threads and sockets of the peers' closing are gone, or it is too late."""
    end = time.monotonic() + 5
    now = held()
    while any(now[key] > before[key] for key in now) and time.monotonic() < end:
        threading.Event().wait(0.02)
        now = held()
    return now


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {key: after[key] - before[key] for key in after if after[key] > before[key]}


def getter(name: str) -> vd.GroupCoordinator:
    group: vd.GroupCoordinator = getattr(vd, f"get_{name}_group")()
    return group


def shared_memory_of(process: int) -> set[str]:
    """Return the segments that a process made: this package puts its number into their names."""
    return {name for name in os.listdir("/dev/shm") if f"_{process}_" in name}


def many_lives(rank: int, port: int, size: int) -> tuple[dict[str, int], int]:
    hook, before = sys.excepthook, {}
    for life in range(CYCLES):
        join(rank, port, size)
        vd.initialize_model_parallel(2, size // 2)
        assert [getter(name).unique_name for name in GROUPS] == [f"{name}:0" for name in GROUPS]
        assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == 2
        assert vd.get_tp_group().broadcast_object({"life": life} if rank % 2 == 0 else None) == {
            "life": life
        }
        vd.get_world_group().barrier()
        vd.destroy_model_parallel()
        vd.destroy_distributed_environment()
        if life == 2:  # what is loaded and started once, is
            before = settled(held())
    assert not dist.is_initialized()
    assert sys.excepthook is hook
    return grown(before, settled(before)), os.getpid()


def test_many_lives_in_one_process_leave_nothing_behind() -> None:
    """The same groups, names and port each time, with no pause between."""
    for growth, process in run_ranks(2, many_lives, deadline_s=90):
        assert growth == {}
        assert shared_memory_of(process) == set()


def many_models(rank: int, port: int, size: int) -> tuple[dict[str, int], int]:
    join(rank, port, size)
    before: dict[str, int] = {}
    for life in range(CYCLES):
        vd.initialize_model_parallel(size)
        extra = vd.init_model_parallel_group(
            [[0, 1]], rank, "gloo", use_message_queue_broadcaster=True, group_name="mine"
        )
        assert (vd.get_tp_group().unique_name, extra.unique_name) == ("tp:0", "mine:0")
        assert extra.broadcast_object({"life": life} if rank == 0 else None) == {"life": life}
        extra.barrier()
        extra.destroy()
        vd.destroy_model_parallel()
        if life == 2:
            vd.get_world_group().barrier()
            before = settled(held())
            vd.get_world_group().barrier()
    vd.get_world_group().barrier()
    return grown(before, settled(before)), os.getpid()


def test_many_models_in_one_world_leave_nothing_behind() -> None:
    """Groups that own a message queue in shared memory too."""
    for growth, process in run_ranks(2, many_models, deadline_s=90):
        assert growth == {}
        assert shared_memory_of(process) == set()


def a_second_world(rank: int, port: int, size: int) -> list[str]:
    join(rank, port, size)
    names = []
    for _ in range(2):
        second = vd.init_world_group(list(range(size)), rank, "gloo")
        names.append(second.unique_name)
        assert second.all_reduce(torch.ones(1)).item() == size
        second.barrier()
        second.destroy()
    assert vd.get_world_group().all_reduce(torch.ones(1)).item() == size
    return names


def test_a_world_group_of_ones_own_comes_and_goes_beside_the_world() -> None:
    assert run_ranks(2, a_second_world) == [["world:1", "world:1"]] * 2


# Refused half-way


def refused_init(rank: int, port: int, size: int) -> None:
    with pytest.raises(RollCallTimeoutError, match="rank 2 of the world of 3"):
        join(rank, port, 3, SECOND)
    with pytest.raises(vd.DistributedError, match="carrier_pigeon"):
        vd.init_distributed_environment(
            size, rank, f"tcp://127.0.0.1:{port}", rank, "carrier_pigeon", SHORT
        )
    assert not dist.is_initialized()


def counted(rank: int, port: int, size: int, before: list[dict[str, int]]) -> dict[str, int]:
    return settled(before[rank]) if before else settled(held())


def refused_sizes(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    for _ in range(3):
        with pytest.raises(ParallelSizeError):
            vd.initialize_model_parallel(5)
        assert not vd.model_parallel_is_initialized()
    vd.initialize_model_parallel(2)
    assert vd.get_tp_group().unique_name == "tp:0"
    assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == 2


def test_refused_inits_leave_no_thread_socket_or_group() -> None:
    """Over and over, and then the corrected calls work."""
    with Ranks(2) as ranks:
        ranks.run(refused_init)
        before = ranks.run(counted, [])
        for _ in range(3):
            ranks.run(refused_init)
        after = ranks.run(counted, before)
        ranks.run(refused_sizes)
    assert [grown(*counts) for counts in zip(before, after, strict=True)] == [{}, {}]


# Timeouts


def timeouts_of_everything(rank: int, port: int, size: int) -> dict[str, Any]:
    join(rank, port, size, timedelta(seconds=7))
    vd.initialize_model_parallel(2, 1)
    found = {}
    for name in GROUPS:
        group = getter(name)
        found[f"{name} cpu"] = torch_internals.group_timeout(group.cpu_group)
        found[f"{name} device"] = torch_internals.group_timeout(group.device_group)
    group = vd.init_model_parallel_group([[0, 1]], rank, "gloo", group_name="later")
    found["later cpu"] = torch_internals.group_timeout(group.cpu_group)
    found["later sibling"] = torch_internals.group_timeout(group.make_sibling_device_group())
    found["store"] = torch_internals.default_store().timeout
    vd.get_world_group().barrier()
    return found


def test_the_timeout_reaches_every_group_and_store() -> None:
    for found in run_ranks(2, timeouts_of_everything):
        assert found == dict.fromkeys(found, timedelta(seconds=7))
        assert len(found) == 17


Group = vd.GroupCoordinator
ALONE: dict[str, Callable[[Group], Any]] = {
    "barrier": lambda g: g.barrier(),
    "all_reduce": lambda g: g.all_reduce(torch.ones(2)),
    "all_gather": lambda g: g.all_gather(torch.ones(2)),
    "reduce_scatter": lambda g: g.reduce_scatter(torch.ones(2)),
    "gather": lambda g: g.gather(torch.ones(2)),
    "broadcast": lambda g: g.broadcast(torch.ones(2), 1),
    "broadcast_object": lambda g: g.broadcast_object(None, 1),
    "broadcast_tensor_dict": lambda g: g.broadcast_tensor_dict(None, 1),
    "recv": lambda g: g.recv(torch.Size([2]), torch.float32),
    "recv_object": lambda g: g.recv_object(1),
    "recv_tensor_dict": lambda g: g.recv_tensor_dict(),
}


def alone_in_every_operation(rank: int, port: int, size: int) -> dict[str, float]:
    """Rank 1 makes every group and then takes part in nothing."""
    join(rank, port, size)
    groups = {
        name: vd.GroupCoordinator([[0, 1]], rank, "gloo", True, False, name, timeout=SHORT)
        for name in ALONE
    }
    groups["barrier"] = vd.GroupCoordinator(
        [[0, 1]], rank, "gloo", True, False, "slow", timeout=SECOND
    )
    took: dict[str, float] = {}
    if rank == 0:
        for name, call in ALONE.items():
            started = time.monotonic()
            with pytest.raises(CollectiveTimeoutError, match="timed out"):
                call(groups[name])
            took[name] = time.monotonic() - started
        torch_internals.default_store().set("test/done", "1")
    else:
        torch_internals.default_store().wait(["test/done"], LONG)
    return took


@pytest.mark.timing
def test_every_operation_with_a_missing_peer_ends_when_its_timeout_does() -> None:
    took = run_ranks(2, alone_in_every_operation)[0]
    barrier = took.pop("barrier")
    assert 0.9 < barrier < SOON_S, "a one-second barrier ends in about one second"
    assert len(took) == len(ALONE) - 1
    for name, seconds in took.items():
        assert 0.3 < seconds < SOON_S, (name, seconds)


def nobody_else_comes(rank: int, port: int, size: int) -> None:
    join(rank, port, 2, SECOND)


def makes_groups_alone(rank: int, port: int, size: int) -> None:
    if rank == 0:
        vd.initialize_model_parallel(2)


@pytest.mark.timing
def test_joining_and_making_groups_alone_ends_in_time() -> None:
    outcome = outcomes_of(1, nobody_else_comes)[0]
    assert outcome.error == "RollCallTimeoutError"
    assert 0.9 < outcome.seconds < SOON_S
    with Ranks(2) as ranks:
        ranks.call(join, (SECOND,), 60, with_place=True)
        outcome = ranks.call(makes_groups_alone, (), 60, with_place=True)[0]
    assert outcome.error == "RollCallTimeoutError"
    assert 0.9 < outcome.seconds < SOON_S


# Stateless groups and stores, which know nothing of the world's timeout


IN_STATELESS_GROUPS = ("barrier", "all_reduce", "broadcast_object", "recv")


def stateless_group(name: str, limit: timedelta) -> vd.StatelessGroupCoordinator:
    world = vd.get_world_group()
    return vd.StatelessGroupCoordinator(
        [[0, 1]],
        world.rank,
        "gloo",
        True,
        group_name=name,
        group_ports=ports_for([[0, 1]]),
        global_rank=world.rank,
        global_world_size=2,
        timeout=limit,
    )


def stateless_process_group(limit: timedelta) -> dist.ProcessGroup:
    port, listener = published()
    rank = vd.get_world_group().rank
    return vd.stateless_init_torch_distributed_process_group(
        "127.0.0.1", port, rank, 2, "gloo", listen_socket=listener, timeout=limit
    )


def gloo_process_group(limit: timedelta) -> dist.ProcessGroup:
    store = dist.PrefixStore("test", torch_internals.default_store())
    return vd.init_gloo_process_group(store, vd.get_world_group().rank, 2, limit)


def alone_in_stateless_groups(rank: int, port: int, size: int) -> dict[str, float]:
    """Rank 1 makes every group and then takes part in nothing."""
    join(rank, port, size)
    stateless = {name: stateless_group(name, SECOND) for name in IN_STATELESS_GROUPS}
    store_group_port, listener = published()
    through_store = vd.StatelessProcessGroup.create(
        "127.0.0.1", store_group_port, rank, 2, store_timeout=20, listen_socket=listener
    )
    calls: dict[str, Callable[[], Any]] = {
        name: functools.partial(ALONE[name], group) for name, group in stateless.items()
    }
    for name, group in (
        ("stateless process group", stateless_process_group(SECOND)),
        ("gloo process group", gloo_process_group(SECOND)),
    ):
        calls[name] = functools.partial(barrier_of, group)
    calls["barrier through a store"] = lambda: through_store.barrier(timeout=1.0)
    took: dict[str, float] = {}
    if rank == 0:
        for name, call in calls.items():
            started = time.monotonic()
            with pytest.raises((vd.DistributedError, RuntimeError)):
                call()
            took[name] = time.monotonic() - started
    meet(rank, "stateless")
    vd.destroy_distributed_environment()
    return took


def barrier_of(group: dist.ProcessGroup) -> None:
    group.barrier().wait()


def meet(rank: int, name: str) -> None:
    """Rank 1 waits for rank 0, and then rank 0, whose end is the store's, for rank 1: through the
    world's store, since groups may not work any more."""
    store = torch_internals.default_store()
    if rank == 0:
        store.set(f"test/{name}/0", "1")
        store.wait([f"test/{name}/1"], LONG)
    else:
        store.wait([f"test/{name}/0"], LONG)
        store.set(f"test/{name}/1", "1")


def alone_with_the_store(rank: int, port: int, size: int) -> float:
    join(rank, port, size, SECOND)
    store, started = torch_internals.default_store(), time.monotonic()
    with pytest.raises(dist.DistStoreError):
        store.get("what nobody sets")
    took = time.monotonic() - started
    vd.destroy_distributed_environment()
    return took


@pytest.mark.timing
def test_a_second_is_a_second_in_stateless_groups_and_stores() -> None:
    with Ranks(2) as ranks:
        took = ranks.run(alone_in_stateless_groups)[0]
        in_stores = ranks.run(alone_with_the_store)
    assert len(took) == len(IN_STATELESS_GROUPS) + 3
    for name, seconds in [*took.items(), *((f"store {n}", one) for n, one in enumerate(in_stores))]:
        assert 0.9 < seconds < SOON_S, (name, seconds)


# Timeouts of the configuration


def configured(rank: int, port: int, size: int) -> dict[str, Any]:
    """Rank 1 does not come to a barrier, nor to an all-reduce."""
    found: dict[str, Any] = {}
    for name, fields, given in (
        ("both", {"distributed_timeout_seconds": 3, "cpu_distributed_timeout_seconds": 1}, None),
        ("devices", {"distributed_timeout_seconds": 3}, None),
        ("cpu", {"cpu_distributed_timeout_seconds": 2}, None),
        ("given", {"distributed_timeout_seconds": 3, "cpu_distributed_timeout_seconds": 1}, LONG),
    ):
        with vd.set_current_parallel_config(vd.ParallelConfig(tensor_parallel_size=2, **fields)):
            vd.init_distributed_environment(
                size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", given
            )
            vd.initialize_model_parallel(2)
        made = [getter(kind) for kind in GROUPS]
        made += [vd.init_model_parallel_group([[0, 1]], rank, "gloo", group_name="mine")]
        made += [vd.GroupCoordinator([[0, 1]], rank, "gloo", True, False, "own")]
        found[name] = {
            (
                torch_internals.group_timeout(group.device_group).seconds,
                torch_internals.group_timeout(group.cpu_group).seconds,
            )
            for group in made
        }
        if name == "both":
            for waits, call in (
                ("barrier", made[-1].barrier),
                ("all_reduce", lambda: vd.get_tp_group().all_reduce(torch.ones(1))),
            ):
                started = time.monotonic()
                if rank == 0:
                    with pytest.raises(CollectiveTimeoutError):
                        call()
                found[waits] = time.monotonic() - started
        meet(rank, name)
        vd.destroy_distributed_environment()
    return found


@pytest.mark.timing
def test_the_timeouts_of_the_configuration_are_for_what_they_say() -> None:
    """Of CPU groups, of all others; and one that was passed is everybody's."""
    found = run_ranks(2, configured)[0]
    assert found["both"] == {(3, 1)}
    assert found["devices"] == {(3, 3)}
    assert found["cpu"] == {(2, 2)}
    assert found["given"] == {(20, 20)}
    assert 0.9 < found["barrier"] < 2.9
    assert 2.9 < found["all_reduce"] < 3 + SOON_S


# Ray


def without_ray(rank: int, port: int, size: int) -> None:
    assert importlib.util.find_spec("ray") is None, "this test is about a process without Ray"
    join(rank, port, size)
    vd.initialize_model_parallel(2)
    with pytest.raises(LibraryMissingError, match=r"ray.*install it, or call .* without") as caught:
        vd.cleanup_dist_env_and_memory(shutdown_ray=True)
    assert caught.value.details == {"library": "ray"}
    assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == 2, "nothing was destroyed"
    vd.get_world_group().barrier()
    ray = types.ModuleType("ray")
    stopped: list[bool] = []
    ray.shutdown = lambda: stopped.append(dist.is_initialized())  # type: ignore[attr-defined]
    sys.modules["ray"] = ray
    vd.cleanup_dist_env_and_memory(shutdown_ray=True)
    assert stopped == [False], "Ray is shut down after the groups"


def test_ray_is_looked_for_before_anything_is_destroyed() -> None:
    run_ranks(2, without_ray)
