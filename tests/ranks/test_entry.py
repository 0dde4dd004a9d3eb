"""The moment before the first byte: every operation passes it, and can be stopped there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed import entry
from vllm_distributed.communicators import MessageQueue
from vllm_distributed.errors import DistributedError

Call = Callable[[Any], Any]


class StoppedError(Exception):
    """Raised by the hook of these tests."""


def _stop() -> None:
    raise StoppedError


def _tensor() -> torch.Tensor:
    return torch.arange(4.0).view(2, 2)


ON_COORDINATORS: dict[str, Call] = {
    "all_reduce": lambda g: g.all_reduce(_tensor()),
    "all_reduce_": lambda g: g.all_reduce_(_tensor()),
    "all_gather": lambda g: g.all_gather(_tensor(), 0),
    "all_gather along another dim": lambda g: g.all_gather(_tensor(), 1),
    "all_gatherv": lambda g: g.all_gatherv(torch.ones(g.rank_in_group + 1), 0, [1, 2]),
    "reduce_scatter": lambda g: g.reduce_scatter(_tensor(), 0),
    "reduce_scatterv": lambda g: g.reduce_scatterv(torch.ones(3), 0, [1, 2]),
    "gather": lambda g: g.gather(_tensor(), 1),
    "broadcast": lambda g: g.broadcast(_tensor() + g.rank_in_group, 1),
    "broadcast_object": lambda g: g.broadcast_object(g.rank_in_group, 1),
    "broadcast_object_list": lambda g: g.broadcast_object_list([g.rank_in_group], 1),
    "broadcast_tensor_dict": lambda g: g.broadcast_tensor_dict(
        {"a": _tensor()} if g.rank_in_group == 0 else None
    ),
    "barrier": lambda g: g.barrier(),
    "all_reduce of nothing": lambda g: g.all_reduce(torch.empty(0)),
    "all_gather of nothing": lambda g: g.all_gather(torch.empty(0, 2), 1),
    "broadcast of nothing": lambda g: g.broadcast(torch.empty(0), 1),
    "send and recv of nothing": lambda g: (
        g.send(torch.empty(0), 1) if g.rank_in_group == 0 else g.recv((0,), torch.float32, 0)
    ),
    "send and recv": lambda g: (
        g.send(_tensor(), 1) if g.rank_in_group == 0 else g.recv((2, 2), torch.float32, 0)
    ),
    "recv and send": lambda g: (
        g.recv((2, 2), torch.float32, 1) if g.rank_in_group == 0 else g.send(_tensor(), 0)
    ),
    "send_object": lambda g: (
        g.send_object({"a": 1}, 1) if g.rank_in_group == 0 else g.recv_object(0)
    ),
    "recv_object": lambda g: g.recv_object(1) if g.rank_in_group == 0 else g.send_object([2], 0),
    "isend_object": lambda g: (
        g.isend_object({"a": 1}, 1).wait() if g.rank_in_group == 0 else g.recv_object(0)
    ),
    "send_tensor_dict": lambda g: (
        g.send_tensor_dict({"a": _tensor()}, 1) if g.rank_in_group == 0 else g.recv_tensor_dict(0)
    ),
    "recv_tensor_dict": lambda g: (
        g.recv_tensor_dict(1) if g.rank_in_group == 0 else g.send_tensor_dict({"a": _tensor()}, 0)
    ),
    "isend_tensor_dict": lambda g: (
        [handle.wait() for handle in g.isend_tensor_dict({"a": _tensor()}, 1)]
        if g.rank_in_group == 0
        else g.recv_tensor_dict(0)
    ),
    "irecv_tensor_dict": lambda g: (
        [handle.wait() for handle in g.irecv_tensor_dict(1)[1]]
        if g.rank_in_group == 0
        else g.send_tensor_dict({"a": _tensor()}, 0)
    ),
    "dispatch": lambda g: g.dispatch(_tensor(), _tensor(), torch.zeros(2, 2, dtype=torch.int64)),
    "dispatch_router_logits": lambda g: g.dispatch_router_logits(_tensor(), _tensor()),
    "combine": lambda g: g.combine(torch.ones(4, 2), sizes=[2, 2]),
    "make_sibling_device_group": lambda g: g.make_sibling_device_group().size(),
    "create_mq_broadcaster": lambda g: g.create_mq_broadcaster().shutdown(),
    "create_single_reader_mq_broadcasters": lambda g: g.create_single_reader_mq_broadcasters()[
        0
    ].shutdown(),
    "in_the_same_node_as": lambda g: vd.in_the_same_node_as(g.cpu_group),
    "operator all_reduce": lambda g: vd.all_reduce(_tensor(), g.unique_name),
    "operator all_gather": lambda g: vd.all_gather(_tensor(), 0, 2, g.unique_name),
    "operator reduce_scatter": lambda g: vd.reduce_scatter(_tensor(), 0, 2, g.unique_name),
    "communicator all_reduce": lambda g: g.device_communicator.all_reduce(_tensor()),
    "queue": lambda g: MessageQueue.create_from_process_group(g.cpu_group, 4096, 2).shutdown(),
    "has_unfinished_dp": lambda g: vd.ParallelConfig.has_unfinished_dp(g.cpu_group, True),
    "sync_dp_state": lambda g: vd.ParallelConfig.sync_dp_state(g.cpu_group, True, False),
    "sync_kv_cache_memory_size": lambda g: vd.ParallelConfig.sync_kv_cache_memory_size(
        g.cpu_group, 7
    ),
}

IN_THE_WORLD: dict[str, Call] = {
    "tensor_model_parallel_all_reduce": lambda g: vd.tensor_model_parallel_all_reduce(_tensor()),
    "tensor_model_parallel_all_gather": lambda g: vd.tensor_model_parallel_all_gather(_tensor()),
    "tensor_model_parallel_reduce_scatter": lambda g: vd.tensor_model_parallel_reduce_scatter(
        _tensor()
    ),
    "tensor_model_parallel_gather": lambda g: vd.tensor_model_parallel_gather(_tensor()),
    "broadcast_tensor_dict": lambda g: vd.broadcast_tensor_dict(
        {"a": 1} if g.rank_in_group == 0 else None
    ),
    "init_model_parallel_group": lambda g: vd.init_model_parallel_group(
        [[0, 1]], g.rank, "gloo", group_name="mine"
    ).destroy(),
    "GroupCoordinator": lambda g: vd.GroupCoordinator(
        [[0, 1]], g.rank, "gloo", False, group_name="own"
    ).destroy(),
}

ON_STORE_GROUPS: dict[str, Call] = {
    "send_obj": lambda g: g.send_obj([1], 1) if g.rank == 0 else g.recv_obj(0),
    "recv_obj": lambda g: g.recv_obj(1) if g.rank == 0 else g.send_obj([1], 0),
    "send": lambda g: g.send(_tensor(), 1) if g.rank == 0 else g.recv(_tensor(), 0),
    "recv": lambda g: g.recv(_tensor(), 1) if g.rank == 0 else g.send(_tensor(), 0),
    "broadcast_obj": lambda g: g.broadcast_obj(g.rank, 0),
    "broadcast_obj received": lambda g: g.broadcast_obj(g.rank, 1),
    "broadcast": lambda g: g.broadcast(_tensor() + g.rank, 1),
    "all_gather_obj": lambda g: g.all_gather_obj(g.rank),
    "all_reduce": lambda g: g.all_reduce(_tensor()),
    "barrier": lambda g: g.barrier(10.0),
}

REFUSED: dict[str, Call] = {
    "all_reduce": lambda g: g.all_reduce(_tensor().to_sparse()),
    "all_gather": lambda g: g.all_gather(_tensor(), 7),
    "all_gatherv": lambda g: g.all_gatherv(_tensor(), 0, [1, 1]),
    "reduce_scatter": lambda g: g.reduce_scatter(torch.ones(3), 0),
    "gather": lambda g: g.gather(_tensor(), 2),
    "broadcast": lambda g: g.broadcast(_tensor(), 2),
    "broadcast_object": lambda g: g.broadcast_object(object(), g.rank_in_group),
    "broadcast_tensor_dict": lambda g: g.broadcast_tensor_dict([], g.rank_in_group),
    "send": lambda g: g.send(_tensor(), g.rank_in_group),
    "recv": lambda g: g.recv((2,), torch.float32, 5),
    "send_object": lambda g: g.send_object(object(), 1 - g.rank_in_group),
    "isend_object": lambda g: g.isend_object(object(), 1 - g.rank_in_group),
    "send_tensor_dict": lambda g: g.send_tensor_dict([], 1 - g.rank_in_group),
    "dispatch": lambda g: g.dispatch(_tensor(), torch.ones(3, 1)),
    "combine": lambda g: g.combine(torch.ones(3, 2), sizes=[1, 1]),
    "initialize_model_parallel": lambda g: vd.initialize_model_parallel(2),
    "init_model_parallel_group": lambda g: vd.init_model_parallel_group([[0, 0]], 0, "gloo"),
}

SENDS_NOTHING: dict[str, Call] = {
    "groups that exist": lambda g: vd.ensure_model_parallel_initialized(2, 1),
    "world that exists": lambda g: vd.init_distributed_environment(2, g.rank, backend="gloo"),
    "a group of one": lambda g: vd.get_pp_group().all_reduce(_tensor()),
    "a barrier of one": lambda g: vd.get_pp_group().barrier(),
}


def _stopped(calls: dict[str, Call], group: Any, rank: int) -> None:
    """One rank is stopped before its first byte; then the call goes through on both."""
    for name, call in calls.items():
        for stopped in (0, 1):
            if rank == stopped:
                before = entry.set_hook(_stop)
                try:
                    call(group)
                except StoppedError:
                    pass
                else:
                    raise AssertionError(f"{name}: the hook was not asked")
                finally:
                    entry.set_hook(before)
            passed = []
            before = entry.set_hook(lambda passed=passed: passed.append(1))
            try:
                call(group)
            finally:
                entry.set_hook(before)
            assert passed, name


def _on_coordinator() -> None:
    group = vd.get_tp_group()
    _stopped(ON_COORDINATORS, group, group.rank_in_group)
    _stopped(IN_THE_WORLD, group, group.rank_in_group)


def _not_asked() -> None:
    group = vd.get_tp_group()
    before = entry.set_hook(_stop)
    try:
        for name, call in REFUSED.items():
            try:
                call(group)
            except (DistributedError, ValueError, TypeError):
                continue
            raise AssertionError(f"{name} was not refused")
        for call in SENDS_NOTHING.values():
            call(group)
    finally:
        entry.set_hook(before)
    group.barrier()


def _groups_again() -> None:
    rank = vd.get_world_group().rank
    vd.destroy_model_parallel()
    calls = {
        "initialize_model_parallel": lambda _: (
            vd.initialize_model_parallel(2),
            vd.destroy_model_parallel(),
        ),
        "ensure_model_parallel_initialized": lambda _: (
            vd.ensure_model_parallel_initialized(1, 2),
            vd.destroy_model_parallel(),
        ),
    }
    _stopped(calls, None, rank)
    vd.initialize_model_parallel(2)
    group = vd.get_tp_group()
    assert group.unique_name == "tp:0"
    assert group.all_reduce(torch.ones(1)).item() == 2.0


def _adopted_port() -> int:
    """A port that this process keeps for groups to meet at, one after the other."""
    listener = socket.create_server(("127.0.0.1", 0))
    vd.adopt_listen_socket(listener)
    return int(listener.getsockname()[1])


def _stateless() -> None:
    world = vd.get_world_group()
    rank, size = world.rank, world.world_size
    ports = world.broadcast_object([_adopted_port() for _ in range(3)] if rank == 0 else None)
    assert ports is not None
    made: dict[str, Any] = {}

    def coordinator(_: Any) -> None:
        made["coordinator"] = vd.StatelessGroupCoordinator(
            [[0, 1]], rank, "gloo", False, group_ports=[[ports[0]]], global_rank=rank,
            timeout=timedelta(seconds=20),
        )  # fmt: skip
        made["coordinator"].barrier()
        made["coordinator"].destroy()

    def store_group(_: Any) -> None:
        made["store"] = vd.StatelessProcessGroup.create("127.0.0.1", ports[1], rank, size)
        made["store"].barrier()
        made["store"].destroy()

    def process_group(_: Any) -> None:
        group = vd.stateless_init_torch_distributed_process_group(
            "127.0.0.1", ports[2], rank, size, "gloo", timeout=timedelta(seconds=20)
        )
        vd.stateless_destroy_torch_distributed_process_group(group)

    _stopped(
        {"coordinator": coordinator, "store group": store_group, "process group": process_group},
        None,
        rank,
    )
    group = vd.StatelessProcessGroup.create("127.0.0.1", ports[1], rank, size)
    _stopped(ON_STORE_GROUPS, group, rank)
    group.barrier()
    group.destroy()
    group = vd.StatelessGroupCoordinator(
        [[0, 1]], rank, "gloo", False, group_ports=[[ports[0]]], global_rank=rank,
        timeout=timedelta(seconds=20),
    )  # fmt: skip
    local = ("operator", "queue", "has_", "sync_")
    calls = {name: call for name, call in ON_COORDINATORS.items() if not name.startswith(local)}
    _stopped(calls, group, rank)
    group.barrier()
    group.destroy()


@pytest.fixture(scope="module")
def pair() -> Iterator[World]:
    world = World(2, tensor_model_parallel_size=2)
    yield world
    world.stop()


def test_an_operation_that_is_stopped_has_sent_nothing(pair: World) -> None:
    pair.run(_on_coordinator)


def test_what_is_refused_or_sends_nothing_never_comes_so_far(pair: World) -> None:
    pair.run(_not_asked)


def test_making_groups_that_is_stopped_has_changed_nothing(pair: World) -> None:
    pair.run(_groups_again)


@pytest.mark.timing
def test_stateless_groups_are_stopped_in_time(pair: World) -> None:
    pair.run(_stateless)


def test_a_hook_is_put_back() -> None:
    before = entry.set_hook(_stop)
    assert entry.set_hook(before) is _stop
    entry.about_to_send()
