"""Bad input over the whole surface, where no world is needed; and that nothing is left out.

One row for each way to call a name wrongly: wrong size, rank, dim, dtype, group, order of calls, a
second call. `tests/ranks/test_bad_calls.py` has the rows that need a group of two. Each says which
exceptions it must be (those of vLLM in the same place too) and words of the message.
"""

from __future__ import annotations

import importlib
import inspect
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import surface_names
import torch
import torch.distributed as dist

import vllm_distributed as vd
from vllm_distributed.communicators import MessageQueue
from vllm_distributed.errors import DistributedError, GroupDestroyedError

Row = tuple[Callable[[], Any], tuple[type, ...], list[str]]

NO_GROUP = (AssertionError, RuntimeError)
SECOND = timedelta(seconds=1)
NOT_A_GROUP: Any = 3
MATRICES = (torch.ones(2, 2), torch.ones(2, 2), torch.ones(1), torch.ones(1))


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape)


def enter(context: AbstractContextManager[Any]) -> None:
    with context:
        pass


def with_socket(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        vd.adopt_listen_socket(sock)


def alone(call: Callable[[vd.StatelessProcessGroup], Any]) -> Callable[[], Any]:
    """A row's call on a stateless process group of one."""

    def run() -> None:
        group = vd.StatelessProcessGroup.create("127.0.0.1", 0, 0, 1, store_timeout=5)
        try:
            call(group)
        finally:
            group.destroy()

    return run


def gone(call: Callable[[vd.StatelessProcessGroup], Any]) -> Callable[[], Any]:
    """A row's call after destroy."""

    def run() -> None:
        group = vd.StatelessProcessGroup.create("127.0.0.1", 0, 0, 1, store_timeout=5)
        group.destroy()
        call(group)

    return run


def queue(call: Callable[[MessageQueue], Any], *, shut: bool = False) -> Callable[[], Any]:
    """A row's call on the writer's end of a queue whose reader has not come."""

    def run() -> None:
        end = MessageQueue(1, 1)
        try:
            if shut:
                end.shutdown()
            call(end)
        finally:
            end.shutdown()

    return run


def fused(*change: tuple[int, Any]) -> tuple[Any, ...]:
    arguments = [*MATRICES, "sum", 0, 0, "tp:0", [2, 2]]
    for place, value in change:
        arguments[place] = value
    return tuple(arguments)


def stateless(**change: Any) -> Any:
    good = {"host": "127.0.0.1", "port": 0, "rank": 0, "world_size": 1, "backend": "gloo"}
    return vd.stateless_init_torch_distributed_process_group(**{**good, **change})


def coordinator(partition: list[list[int]], **change: Any) -> vd.StatelessGroupCoordinator:
    return vd.StatelessGroupCoordinator(
        partition, 0, "gloo", True, global_rank=0, global_world_size=1, **change
    )


BEFORE_INIT: dict[str, Row] = {
    f"{name}: before init": (
        getattr(vd, name),
        NO_GROUP,
        ["init_distributed_environment"],
    )
    for name in (
        "get_context_model_parallel_group",
        "get_dcp_group",
        "get_dcp_world_size_and_rank",
        "get_decode_context_model_parallel_rank",
        "get_decode_context_model_parallel_world_size",
        "get_dp_group",
        "get_ep_group",
        "get_eplb_group",
        "get_etp_group",
        "get_inner_dp_world_group",
        "get_node_count",
        "get_pcp_group",
        "get_pipeline_model_parallel_rank",
        "get_pp_group",
        "get_tensor_model_parallel_rank",
        "get_tensor_model_parallel_world_size",
        "get_tp_group",
        "get_world_group",
        "initialize_model_parallel",
    )
}

ROWS: dict[str, Row] = {
    **BEFORE_INIT,
    # State, order of calls
    "ensure_model_parallel_initialized: before init": (
        lambda: vd.ensure_model_parallel_initialized(1, 1),
        NO_GROUP,
        ["init_distributed_environment"],
    ),
    "init_world_group: before init": (
        lambda: vd.init_world_group([0], 0, "gloo"),
        NO_GROUP,
        ["init_distributed_environment"],
    ),
    "init_model_parallel_group: before init": (
        lambda: vd.init_model_parallel_group([[0]], 0, "gloo"),
        NO_GROUP,
        ["init_distributed_environment"],
    ),
    "GroupCoordinator: before init": (
        lambda: vd.GroupCoordinator([[0]], 0, "gloo", True),
        NO_GROUP,
        ["init_distributed_environment"],
    ),
    "init_distributed_environment: size": (
        lambda: vd.init_distributed_environment(0, 0, "tcp://127.0.0.1:1", 0, "gloo", SECOND),
        (ValueError, AssertionError),
        ["world_size must be at least 1, got 0"],
    ),
    "init_distributed_environment: rank": (
        lambda: vd.init_distributed_environment(2, 2, "tcp://127.0.0.1:1", 0, "gloo", SECOND),
        (ValueError, AssertionError),
        ["rank 2", "world of 2 ranks"],
    ),
    "init_distributed_environment: backend": (
        lambda: vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:1", 0, "pigeon", SECOND),
        (ValueError,),
        ["'pigeon'", "gloo"],
    ),
    "tensor_model_parallel_all_reduce: before init": (
        lambda: vd.tensor_model_parallel_all_reduce(ones(1)),
        NO_GROUP,
        ["initialize_model_parallel"],
    ),
    "tensor_model_parallel_all_gather: before init": (
        lambda: vd.tensor_model_parallel_all_gather(ones(1)),
        NO_GROUP,
        ["initialize_model_parallel"],
    ),
    "tensor_model_parallel_reduce_scatter: before init": (
        lambda: vd.tensor_model_parallel_reduce_scatter(ones(1)),
        NO_GROUP,
        ["initialize_model_parallel"],
    ),
    "tensor_model_parallel_gather: before init": (
        lambda: vd.tensor_model_parallel_gather(ones(1)),
        NO_GROUP,
        ["initialize_model_parallel"],
    ),
    "graph_capture: before init": (
        lambda: enter(vd.graph_capture(torch.device("cpu"))),
        NO_GROUP,
        ["initialize_model_parallel"],
    ),
    "graph_capture: device type": (
        lambda: enter(vd.graph_capture(NOT_A_GROUP)),
        (TypeError,),
        ["torch.device, got 3"],
    ),
    "graph_capture: no device": (
        lambda: enter(vd.graph_capture("toaster")),  # type: ignore[arg-type]
        (ValueError,),
        ["'toaster'"],
    ),
    "register_type: no class": (
        lambda: vd.register_type(7, str, str),  # type: ignore[arg-type]
        (TypeError,),
        ["cls", "7"],
    ),
    "register_type: no function": (
        lambda: vd.register_type(Exception, str, 7),  # type: ignore[arg-type]
        (TypeError,),
        ["decode", "7"],
    ),
    "register_type: a class that travels": (
        lambda: vd.register_type(list, str, list),
        (ValueError,),
        ["list"],
    ),
    "set_message_step: type": (lambda: vd.set_message_step(True), (TypeError,), ["True"]),
    "set_message_step: value": (lambda: vd.set_message_step(-1), (ValueError,), ["-1"]),
    "set_custom_all_reduce: type": (lambda: vd.set_custom_all_reduce(1), (TypeError,), ["1"]),
    "cleanup_dist_env_and_memory: ray": (
        lambda: vd.cleanup_dist_env_and_memory(shutdown_ray=True),
        (ImportError,),
        ["ray"],
    ),
    "patch_tensor_parallel_group: type": (
        lambda: enter(vd.patch_tensor_parallel_group(NOT_A_GROUP)),
        (TypeError,),
        ["GroupCoordinator, got int"],
    ),
    "prepare_communication_buffer_for_model: type": (
        lambda: vd.prepare_communication_buffer_for_model(None),  # type: ignore[arg-type]
        (TypeError,),
        ["torch.nn.Module, got NoneType"],
    ),
    "in_the_same_node_as: type": (
        lambda: vd.in_the_same_node_as(NOT_A_GROUP),
        (TypeError,),
        ["ProcessGroup", "int"],
    ),
    "adopt_listen_socket: datagrams": (
        lambda: with_socket(socket.SOCK_DGRAM),
        (ValueError,),
        ["not a TCP socket"],
    ),
    "adopt_listen_socket: does not listen": (
        lambda: with_socket(socket.SOCK_STREAM),
        (ValueError,),
        ["does not listen"],
    ),
    "adopt_listen_socket: type": (
        lambda: vd.adopt_listen_socket(3),  # type: ignore[arg-type]
        (TypeError,),
        ["socket.socket, got int"],
    ),
    "set_current_parallel_config: type": (
        lambda: enter(vd.set_current_parallel_config(3)),  # type: ignore[arg-type]
        (TypeError,),
        ["ParallelConfig or None, got int"],
    ),
    # Custom operators
    "all_reduce: group": (
        lambda: vd.all_reduce(ones(2), "nope:0"),
        NO_GROUP,
        ["'nope:0'", "initialize_model_parallel"],
    ),
    "all_gather: group": (lambda: vd.all_gather(ones(2), 0, 2, "nope:0"), NO_GROUP, ["'nope:0'"]),
    "reduce_scatter: group": (
        lambda: vd.reduce_scatter(ones(2), 0, 2, "nope:0"),
        NO_GROUP,
        ["'nope:0'"],
    ),
    "all_reduce_fake: type": (
        lambda: vd.all_reduce_fake([1], "tp:0"),  # type: ignore[arg-type]
        (TypeError,),
        ["torch.Tensor, got list"],
    ),
    "all_gather_fake: dim": (
        lambda: vd.all_gather_fake(ones(2), 1, 2, "tp:0"),
        (ValueError,),
        ["dim=1", "[2]"],
    ),
    "all_gather_fake: size": (
        lambda: vd.all_gather_fake(ones(2), 0, 0, "tp:0"),
        (ValueError,),
        ["world_size", "at least 1, got 0"],
    ),
    "reduce_scatter_fake: dim": (
        lambda: vd.reduce_scatter_fake(ones(2), 1, 2, "tp:0"),
        (ValueError,),
        ["dim=1"],
    ),
    "reduce_scatter_fake: size": (
        lambda: vd.reduce_scatter_fake(ones(3), 0, 2, "tp:0"),
        (ValueError,),
        ["size 3", "2 ranks"],
    ),
    "direct_register_custom_op: function": (
        lambda: vd.direct_register_custom_op("bad", 3),  # type: ignore[arg-type]
        (TypeError,),
        ["'bad' and 3"],
    ),
    "direct_register_custom_op: annotations": (
        lambda: vd.direct_register_custom_op("bad", lambda x: x),
        (ValueError,),
        ["'bad'", "type annotation"],
    ),
    "direct_register_custom_op: mutates": (
        lambda: vd.direct_register_custom_op("bad", vd.all_reduce_fake, ["nope"]),
        (ValueError,),
        ["nope"],
    ),
    "direct_register_custom_op: second call": (
        lambda: vd.direct_register_custom_op("all_reduce", vd.all_reduce_fake),
        (ValueError,),
        ["'all_reduce'"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter: group": (
        lambda: vd.patched_fused_scaled_matmul_reduce_scatter(*fused((7, "nope:0"))),
        NO_GROUP,
        ["'nope:0'"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter_fake: group": (
        lambda: vd.patched_fused_scaled_matmul_reduce_scatter_fake(*fused((7, "nope:0"))),
        NO_GROUP,
        ["'nope:0'"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter_fake: shapes": (
        lambda: vd.patched_fused_scaled_matmul_reduce_scatter_fake(*fused((0, ones(2, 3)))),
        (ValueError,),
        ["[2, 3] and [2, 2]"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter_fake: type": (
        lambda: vd.patched_fused_scaled_matmul_reduce_scatter_fake(*fused((0, 3))),
        (TypeError,),
        ["A must be a torch.Tensor, got int"],
    ),
    # Helpers
    "divide: zero": (lambda: vd.divide(1, 0), (ValueError, AssertionError), ["by 0"]),
    "divide: type": (lambda: vd.divide("4", 2), (TypeError,), ["'4'"]),  # type: ignore[arg-type]
    "ensure_divisibility: rest": (
        lambda: vd.ensure_divisibility(3, 2),
        (AssertionError,),
        ["3 is not divisible by 2"],
    ),
    "split_tensor_along_last_dim: rest": (
        lambda: vd.split_tensor_along_last_dim(ones(3), 2),
        (AssertionError, ValueError),
        ["3 is not divisible by 2"],
    ),
    "split_tensor_along_last_dim: no dim": (
        lambda: vd.split_tensor_along_last_dim(torch.ones(()), 1),
        (ValueError,),
        ["without dimensions"],
    ),
    "get_pp_indices: rank": (lambda: vd.get_pp_indices(4, 2, 2), (ValueError,), ["pp_rank 2"]),
    "get_pp_indices: size": (lambda: vd.get_pp_indices(4, 0, 0), (ValueError,), ["pp_size"]),
    "get_tcp_uri: port": (lambda: vd.get_tcp_uri("::1", 65536), (ValueError,), ["65536"]),
    "get_tcp_uri: ip": (lambda: vd.get_tcp_uri("", 1), (TypeError,), ["ip must be"]),
    "get_distributed_init_method: port": (
        lambda: vd.get_distributed_init_method("::1", -1),
        (ValueError,),
        ["-1"],
    ),
    "is_torch_equal_or_newer: text": (
        lambda: vd.is_torch_equal_or_newer("new"),
        (ValueError,),
        ["'new'"],
    ),
    "resolve_obj_by_qualname: no dot": (
        lambda: vd.resolve_obj_by_qualname("torch"),
        (ValueError,),
        ["module.attribute"],
    ),
    "resolve_obj_by_qualname: type": (
        lambda: vd.resolve_obj_by_qualname(3),  # type: ignore[arg-type]
        (TypeError,),
        ["string, got int"],
    ),
    # Expert load balancing
    "rebalance_experts: replicas": (
        lambda: vd.rebalance_experts(ones(1, 4), 3, 1, 1, 1),
        (ValueError,),
        ["num_replicas=3 leaves no slot for 1"],
    ),
    "rebalance_experts: nan": (
        lambda: vd.rebalance_experts(ones(1, 4) * float("nan"), 4, 1, 1, 1),
        (ValueError,),
        ["weight[0, 0] is nan"],
    ),
    "expert_balancedness: slots": (
        lambda: vd.expert_balancedness(ones(1, 3), 2),
        (ValueError,),
        ["num_physical_experts=3"],
    ),
    "get_expert_placement: rank": (
        lambda: vd.get_expert_placement(4, 2, 2),
        (ValueError,),
        ["ep_rank=2"],
    ),
    "get_expert_map: strategy": (
        lambda: vd.get_expert_map(4, 0, 2, "zigzag"),
        (ValueError,),
        ["'zigzag'", "round_robin"],
    ),
    "compute_logical_maps: expert": (
        lambda: vd.compute_logical_maps(torch.tensor([[0, 3]]), 3),
        (ValueError,),
        ["slot 1 of layer 0", "expert 3", "0 to 2"],
    ),
    # Stateless groups
    "init_gloo_process_group: store": (
        lambda: vd.init_gloo_process_group(3, 0, 1, SECOND),
        (TypeError,),
        ["Store, got int"],
    ),
    "init_gloo_process_group: rank": (
        lambda: vd.init_gloo_process_group(dist.HashStore(), 1, 1, SECOND),
        (ValueError,),
        ["group_rank=1"],
    ),
    "init_gloo_process_group: timeout": (
        lambda: vd.init_gloo_process_group(dist.HashStore(), 0, 1, 5),  # type: ignore[arg-type]
        (TypeError,),
        ["timedelta, got 5"],
    ),
    "stateless_init_torch_distributed_process_group: rank": (
        lambda: stateless(rank=1),
        (ValueError,),
        ["rank 1"],
    ),
    "stateless_init_torch_distributed_process_group: port": (
        lambda: stateless(port=-1),
        (ValueError,),
        ["-1"],
    ),
    "stateless_init_torch_distributed_process_group: backend": (
        lambda: stateless(backend="pigeon"),
        (ValueError,),
        ["'pigeon'"],
    ),
    "stateless_destroy_torch_distributed_process_group: type": (
        lambda: vd.stateless_destroy_torch_distributed_process_group(NOT_A_GROUP),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "StatelessProcessGroup.create: rank": (
        lambda: vd.StatelessProcessGroup.create("127.0.0.1", 0, 3, 1),
        (ValueError,),
        ["rank 3"],
    ),
    "StatelessProcessGroup.create: size": (
        lambda: vd.StatelessProcessGroup.create("127.0.0.1", 0, 0, 0),
        (ValueError,),
        ["world_size must be at least 1"],
    ),
    "StatelessProcessGroup.send_obj: dst": (
        alone(lambda group: group.send_obj(1, 1)),
        (ValueError,),
        ["dst=1"],
    ),
    "StatelessProcessGroup.send_obj: itself": (
        alone(lambda group: group.send_obj(1, 0)),
        (ValueError,),
        ["itself"],
    ),
    "StatelessProcessGroup.recv_obj: src": (
        alone(lambda group: group.recv_obj(-1)),
        (ValueError,),
        ["src=-1"],
    ),
    "StatelessProcessGroup.broadcast_obj: src": (
        alone(lambda group: group.broadcast_obj(1, 1)),
        (ValueError,),
        ["src=1"],
    ),
    "StatelessProcessGroup.broadcast: src": (
        alone(lambda group: group.broadcast(ones(1), 1)),
        (ValueError,),
        ["src=1"],
    ),
    "StatelessProcessGroup.broadcast: type": (
        alone(lambda group: group.broadcast([1], 0)),  # type: ignore[arg-type]
        (TypeError,),
        ["list"],
    ),
    "StatelessProcessGroup.send: dst": (
        alone(lambda group: group.send(ones(1), 1)),
        (ValueError,),
        ["dst=1"],
    ),
    "StatelessProcessGroup.recv: src": (
        alone(lambda group: group.recv(ones(1), 1)),
        (ValueError,),
        ["src=1"],
    ),
    "StatelessProcessGroup.all_reduce: type": (
        alone(lambda group: group.all_reduce([1])),  # type: ignore[arg-type]
        (TypeError,),
        ["list"],
    ),
    "StatelessProcessGroup.all_reduce: operation": (
        alone(lambda group: group.all_reduce(ones(1), "sum")),
        (ValueError,),
        ["'sum'"],
    ),
    "StatelessProcessGroup.barrier: timeout": (
        alone(lambda group: group.barrier(-1)),
        (ValueError,),
        ["-1"],
    ),
    "StatelessProcessGroup.all_gather_obj: after destroy": (
        gone(lambda group: group.all_gather_obj(1)),
        (GroupDestroyedError,),
        ["destroyed"],
    ),
    "StatelessProcessGroup.expire_data: after destroy": (
        gone(lambda group: group.expire_data()),
        (GroupDestroyedError,),
        ["destroyed"],
    ),
    "StatelessGroupCoordinator: partition": (
        lambda: coordinator([[1]]),
        (ValueError,),
        ["rank 0 is in none"],
    ),
    # Message queues
    "MessageQueue: readers": (
        lambda: MessageQueue(1, 2),
        (ValueError,),
        ["n_local_reader=2", "n_reader=1"],
    ),
    "MessageQueue: chunks": (
        lambda: MessageQueue(1, 1, max_chunks=0),
        (ValueError,),
        ["max_chunks must be at least 1"],
    ),
    "MessageQueue: switch": (
        lambda: MessageQueue(1, 1, enable_shm_tensor_arena="yes"),
        (TypeError,),
        ["enable_shm_tensor_arena", "'yes'"],
    ),
    "MessageQueue.create_from_handle: handle": (
        lambda: MessageQueue.create_from_handle(3, 0),
        (TypeError,),
        ["export_handle()"],
    ),
    "MessageQueue.create_from_process_group: type": (
        lambda: MessageQueue.create_from_process_group(3, 1024, 2),
        (TypeError,),
        ["ProcessGroup", "int"],
    ),
    "MessageQueue.create_from_process_group_single_reader: type": (
        lambda: MessageQueue.create_from_process_group_single_reader(3, 1024, 2),
        (TypeError,),
        ["ProcessGroup", "int"],
    ),
    "MessageQueue.enqueue: before it is ready": (
        queue(lambda end: end.enqueue(1, timeout=0.1)),
        (RuntimeError,),
        ["wait_until_ready()"],
    ),
    "MessageQueue.enqueue: timeout": (
        queue(lambda end: end.enqueue(1, timeout="x")),  # type: ignore[arg-type]
        (TypeError,),
        ["'x'"],
    ),
    "MessageQueue.dequeue: by the writer": (
        queue(lambda end: end.dequeue(timeout=0.1)),
        (RuntimeError,),
        ["writes"],
    ),
    "MessageQueue.broadcast_object: after shutdown": (
        queue(lambda end: end.broadcast_object(1), shut=True),
        (RuntimeError,),
        ["shut down"],
    ),
    "MessageQueue.recv: socket": (
        lambda: MessageQueue.recv(3, 1.0),
        (TypeError,),
        ["poll(milliseconds) and recv(), got int"],
    ),
    "MessageQueue.wait_until_ready: after shutdown": (
        queue(lambda end: end.wait_until_ready(), shut=True),
        (RuntimeError,),
        ["shut down"],
    ),
    # Small tensors, stores
    "cpu_all_reduce_: type": (
        lambda: vd.cpu_all_reduce_(ones(1), NOT_A_GROUP),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "verify_group_size_divides_partition: sizes": (
        lambda: vd.verify_group_size_divides_partition(100, 64, "up_proj", " or a group of 50"),
        (ValueError,),
        ["input_size_per_partition=100 of layer 'up_proj'", "group_size=64", "or a group of 50"],
    ),
    "verify_group_size_divides_partition: zero": (
        lambda: vd.verify_group_size_divides_partition(100, 0),
        (ValueError,),
        ["group_size=0"],
    ),
    "is_weak_contiguous: type": (
        lambda: vd.is_weak_contiguous([1]),  # type: ignore[arg-type]
        (TypeError,),
        ["got list"],
    ),
    "create_tcp_store: every interface": (
        lambda: vd.create_tcp_store("0.0.0.0", 0, is_master=True),
        (ValueError,),
        ["every interface"],
    ),
    "create_tcp_store: port": (
        lambda: vd.create_tcp_store("127.0.0.1", 0),
        (ValueError,),
        ["port=0 is for a server"],
    ),
    "create_tcp_store: socket": (
        lambda: vd.create_tcp_store("127.0.0.1", 0, 3),
        (TypeError,),
        ["listen_socket must be a socket.socket or None, got int"],
    ),
    "get_cached_tcp_store_client: port": (
        lambda: vd.get_cached_tcp_store_client("127.0.0.1", 70_000),
        (ValueError,),
        ["0..65535, got 70000"],
    ),
    "get_worker_rank_suffix: type": (
        lambda: vd.get_worker_rank_suffix("1"),  # type: ignore[arg-type]
        (TypeError,),
        ["global_rank must be an integer or None, got '1'"],
    ),
    "StatelessProcessGroup: store": (
        lambda: vd.StatelessProcessGroup(0, 1, "a store"),
        (TypeError,),
        ["store must be a torch.distributed Store, got str"],
    ),
    "StatelessProcessGroup: rank": (
        lambda: vd.StatelessProcessGroup(2, 2, dist.HashStore()),
        (ValueError, AssertionError),
        ["rank=2"],
    ),
    # Configuration
    "ParallelConfig.stateless_init_dp_group: type": (
        lambda: vd.ParallelConfig().stateless_init_dp_group("yes"),  # type: ignore[call-overload]
        (TypeError,),
        ["return_store", "'yes'"],
    ),
    "ParallelConfig.get_local_gpu_index: rank": (
        lambda: vd.ParallelConfig().get_local_gpu_index(-1),
        (ValueError,),
        ["local_rank=-1"],
    ),
    "Topology.engram_tensor_groups: size": (
        lambda: vd.Topology(4, vd.ParallelSizes(tensor=4)).engram_tensor_groups(3),
        (ValueError,),
        ["engram_tensor_parallel_size=3", "[1, 2, 4]"],
    ),
    "Topology.engram_data_groups: size": (
        lambda: vd.Topology(4, vd.ParallelSizes(data=4)).engram_data_groups(0),
        (ValueError,),
        ["engram_data_parallel_size=0"],
    ),
    "ParallelConfig.check_kv_cache_block_size: size": (
        lambda: vd.ParallelConfig().check_kv_cache_block_size(0),
        (ValueError,),
        ["block_size=0"],
    ),
    "ParallelConfig.has_unfinished_dp: type": (
        lambda: vd.ParallelConfig.has_unfinished_dp(NOT_A_GROUP, True),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "ParallelConfig.sync_dp_state: type": (
        lambda: vd.ParallelConfig.sync_dp_state(NOT_A_GROUP, True, True),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "ParallelConfig.sync_kv_cache_memory_size: type": (
        lambda: vd.ParallelConfig.sync_kv_cache_memory_size(NOT_A_GROUP, 1),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "ParallelSizes: size": (
        lambda: vd.ParallelSizes(0),
        (ValueError, AssertionError, RuntimeError),
        ["tensor parallel size", "got 0"],
    ),
    "Topology: size": (
        lambda: vd.Topology(3, vd.ParallelSizes(2)),
        (ValueError, RuntimeError),
        ["world of 3 ranks", "tensor=2"],
    ),
    "Topology.coordinates: rank": (
        lambda: vd.Topology(2, vd.ParallelSizes(2)).coordinates(2),
        (ValueError,),
        ["rank 2"],
    ),
    "DeviceCommunicatorBase: group": (
        lambda: vd.DeviceCommunicatorBase(NOT_A_GROUP),
        (TypeError,),
        ["cpu_group must be a torch ProcessGroup"],
    ),
}

ONLY_PYDANTIC: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "FaultToleranceConfig: unknown": (
        lambda: vd.FaultToleranceConfig(bogus=1),  # type: ignore[call-arg]
        ["bogus"],
    ),
    "ParallelConfig.set_dcp_defaults: backend": (
        lambda: vd.ParallelConfig().set_dcp_defaults("a2b"),
        ["dcp_comm_backend", "a2b"],
    ),
    "ParallelConfig: size": (
        lambda: vd.ParallelConfig(tensor_parallel_size=0),
        ["tensor_parallel_size", "greater than or equal to 1"],
    ),
    "ParallelConfig: unknown field": (
        lambda: vd.ParallelConfig(bogus=1),  # type: ignore[call-arg]
        ["bogus"],
    ),
    "EPLBConfig: size": (lambda: vd.EPLBConfig(window_size=0), ["window_size"]),
}
"""Errors of construction, which pydantic raises: a ValueError with the field's name."""

NO_BAD_CALL: dict[str, str] = {
    "destroy_distributed_environment": "takes nothing and may be called at any time",
    "destroy_model_parallel": "takes nothing and may be called at any time",
    "get_current_parallel_config_or_none": "takes nothing; None where there is none",
    "init_logger": "Python's logging refuses what is no name",
    "distributed": "a block of two functions: ranks/test_environment.py",
    "install_as_vllm": "needs processes of its own: test_drop_in.py",
    "install_into_vllm": "takes nothing; needs processes of its own: test_overlay.py",
    "is_global_first_rank": "takes nothing and answers in any state",
    "is_local_first_rank": "takes nothing and answers in any state",
    "model_parallel_is_initialized": "takes nothing and answers in any state",
    "sched_yield": "takes nothing",
    "suppress_stdout": "takes nothing",
    "DistributedError": "an exception",
    "GraphCaptureContext": "holds what it is given; the functions that take one check it",
    "Handle": "made by isend and irecv",
    "Handle.is_completed": "takes nothing",
    "Handle.wait": "takes nothing",
    "TensorMetadata": "a named tuple; what is received is checked where it is decoded",
    "StatelessProcessGroup.destroy": "takes nothing; a second call does nothing",
    "StatelessGroupCoordinator.destroy": "takes nothing; a second call does nothing",
    "StatelessGroupCoordinator.make_sibling_device_group": "as GroupCoordinator's",
    "StatelessGroupCoordinator.size": "takes nothing",
    "GroupCoordinator.destroy": "takes nothing; a second call does nothing",
    "DeviceCommunicatorBase.destroy": "takes nothing; a second call does nothing",
    "DeviceCommunicatorBase.prepare_communication_buffer_for_model": "does nothing by itself",
    "DeviceCommunicatorBase.suspend": "takes nothing",
    "DeviceCommunicatorBase.resume": "takes nothing",
    "DeviceCommunicatorBase.checkpoint_prepare": "takes nothing",
    "DeviceCommunicatorBase.checkpoint_restore": "takes nothing",
    "suspend_device_comms": "takes nothing; does nothing where there is no group",
    "resume_device_comms": "takes nothing; does nothing where there is no group",
    "checkpoint_prepare_distributed_state": "takes nothing",
    "checkpoint_restore_distributed_state": "takes nothing",
    "get_cpu_distributed_timeout_or_none": "takes nothing; None where there is none",
    "get_distributed_timeout_or_none": "takes nothing; None where there is none",
    "get_engram_dp_group": "takes nothing; None where there is none",
    "get_engram_dp_size": "takes nothing; 1 where there is no group",
    "MessageQueue.export_handle": "takes nothing",
    "MessageQueue.shutdown": "takes nothing; a second call does nothing",
    "ParallelConfig.compute_hash": "takes nothing",
    "ParallelConfig.get_next_dp_init_port": "takes nothing",
    "ParallelConfig.reconfigure_for_independent_dp_rank": "takes nothing",
    "ParallelSizes.as_dict": "takes nothing",
    "ParallelSizes.describe": "takes nothing",
    "Topology.data_groups": "takes nothing",
    "Topology.decode_context_groups": "takes nothing",
    "Topology.expert_groups": "takes nothing",
    "Topology.pipeline_groups": "takes nothing",
    "Topology.prefill_context_groups": "takes nothing",
    "Topology.tensor_groups": "takes nothing",
}
"""Callables without a row, and why."""


@pytest.mark.parametrize("name", ROWS)
def test_bad_input_is_refused_by_name(name: str) -> None:
    call, kinds, words = ROWS[name]
    with pytest.raises(DistributedError) as caught:
        call()
    for kind in kinds:
        assert isinstance(caught.value, kind), f"{type(caught.value).__name__} is no {kind}"
    for word in words:
        assert word in str(caught.value)
    assert not dist.is_initialized(), "nothing was changed"
    assert not vd.model_parallel_is_initialized()


@pytest.mark.parametrize("name", ONLY_PYDANTIC)
def test_bad_fields_are_refused_by_name(name: str) -> None:
    call, words = ONLY_PYDANTIC[name]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are checked below
        call()
    for word in words:
        assert word in str(caught.value)


def callables() -> list[str]:
    """Return every public function, class and method; properties and plain values take nothing."""
    classes, found = surface_names.public_classes(), []
    for name in surface_names.public_names():
        owner, _, member = name.qualified.rpartition(".")
        if owner:
            value = inspect.getattr_static(classes[owner], member)
        else:
            value = classes.get(member) or getattr(vd, member)
        if isinstance(value, (staticmethod, classmethod)) or callable(value):
            found.append(name.qualified)
    return found


def test_every_public_callable_has_a_row_or_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(surface_names.TESTS / "ranks"))
    groups = importlib.import_module("test_bad_calls")
    with_rows = {key.split(":")[0] for table in (ROWS, ONLY_PYDANTIC) for key in table}
    with_rows |= set(groups.subjects())
    names = set(callables())
    assert sorted(names - with_rows - set(NO_BAD_CALL)) == [], "add a row, or a reason"
    assert sorted(set(NO_BAD_CALL) - names) == [], "reasons for what does not exist"
    assert sorted(with_rows - names) == [], "rows for what does not exist"
    assert sorted(set(NO_BAD_CALL) & with_rows) == [], "has a row: no reason is needed"
