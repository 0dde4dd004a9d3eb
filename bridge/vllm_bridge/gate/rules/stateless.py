"""Rules of stateless groups, and of what data parallel replicas agree on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch
from torch.distributed import ProcessGroup, ReduceOp

from vllm_bridge._generated.control_pb2 import RECEIVE, SEND
from vllm_bridge.gate.facts import (
    CREATE,
    Facts,
    Group,
    of_process_group,
    of_store_group,
    tensor_parts,
    words,
)
from vllm_bridge.gate.rules.registry import (
    facts_of,
    rule,
)
from vllm_distributed import (
    StatelessProcessGroup,
)
from vllm_distributed.config import ParallelConfig

# Stateless groups


def _created(key: str, rank: int, size: int, *also: str) -> Facts:
    return Facts(Group(key, (), rank, size), CREATE, also=also)


@rule("StatelessProcessGroup.create")
def _create_store_group(
    host: str,
    port: int,
    rank: int,
    world_size: int,
    data_expiration_seconds: int = 3600,
    store_timeout: int = 300,
    listen_socket: Any = None,
) -> Facts | None:
    return _created(_address(host, port, listen_socket), rank, world_size)


@rule("stateless_init_torch_distributed_process_group")
def _create_process_group(
    host: str,
    port: int,
    rank: int,
    world_size: int,
    backend: str,
    group_name: str | None = None,
    return_store: bool = False,
    listen_socket: Any = None,
    timeout: timedelta | None = None,
) -> Facts | None:
    return _created(_address(host, port, listen_socket), rank, world_size)


@rule("StatelessGroupCoordinator.new")
def _create_stateless_coordinator(
    group_ranks: list[list[int]],
    local_rank: int,
    torch_distributed_backend: str,
    use_device_communicator: bool,
    coord_store: Any = None,
    use_message_queue_broadcaster: bool = False,
    group_name: str | None = None,
    host: str = "127.0.0.1",
    global_rank: int = 0,
    global_world_size: int = 1,
    use_all2all: bool = False,
    group_ports: list[list[int]] | None = None,
    timeout: timedelta | None = None,
) -> Facts | None:
    index = next(at for at, part in enumerate(group_ranks) if global_rank in part)
    ranks = group_ranks[index]
    if coord_store is not None:
        name = "-".join(map(str, ranks))
        key = f"{_store_address(coord_store)}/{group_name or 'anonymous'}/{name}"
    elif group_ports is not None:
        key = f"{host}:{group_ports[index][0]}"
    else:
        return None
    return _created(key, ranks.index(global_rank), len(ranks), f"{key} objects")


@rule("ParallelConfig.stateless_init_dp_group")
def _create_dp_group(config: ParallelConfig, return_store: bool = False) -> Facts | None:
    # Which port of the row it becomes is found out by trying; the next unused one is the same
    # on every rank.
    first = config._coord_store_port or config.data_parallel_master_port
    key = f"{config.data_parallel_master_ip}:{first} dp"
    return _created(key, config.data_parallel_rank, config.data_parallel_size)


def _address(host: str, port: int, listen_socket: Any) -> str:
    return f"{host}:{port if listen_socket is None else listen_socket.getsockname()[1]}"


def _store_address(store: Any) -> str:
    while hasattr(store, "underlying_store"):
        store = store.underlying_store
    return f"{getattr(store, 'host', 'store')}:{getattr(store, 'port', 0)}"


@rule("StatelessProcessGroup.send_obj")
def _send_obj(group: StatelessProcessGroup, obj: Any, dst: int) -> Facts | None:
    parts = words(kind="object")
    members = of_store_group(group)
    return facts_of(members, "send_obj", *parts, direction=SEND, peer=dst, eager=True)


@rule("StatelessProcessGroup.recv_obj")
def _recv_obj(group: StatelessProcessGroup, src: int) -> Facts | None:
    parts = words(kind="object")
    return facts_of(of_store_group(group), "recv_obj", *parts, direction=RECEIVE, peer=src)


@rule("StatelessProcessGroup.send")
def _store_send(group: StatelessProcessGroup, tensor: torch.Tensor, dst: int) -> Facts | None:
    # A tensor is an object here, and may be received as one.
    return _send_obj(group, tensor, dst)


@rule("StatelessProcessGroup.recv")
def _store_recv(group: StatelessProcessGroup, tensor: torch.Tensor, src: int) -> Facts | None:
    return _recv_obj(group, src)


@rule("StatelessProcessGroup.broadcast_obj")
def _broadcast_obj(group: StatelessProcessGroup, obj: Any | None, src: int) -> Facts | None:
    return facts_of(of_store_group(group), "broadcast_obj", *words(src=src))


@rule("StatelessProcessGroup.all_gather_obj")
def _all_gather_obj(group: StatelessProcessGroup, obj: Any) -> Facts | None:
    return facts_of(of_store_group(group), "all_gather_obj")


@rule("StatelessProcessGroup.broadcast")
def _store_broadcast(group: StatelessProcessGroup, tensor: torch.Tensor, src: int) -> Facts | None:
    parts = (*tensor_parts(tensor), *words(src=src))
    return facts_of(of_store_group(group), "broadcast", *parts)


@rule("StatelessProcessGroup.all_reduce")
def _store_all_reduce(
    group: StatelessProcessGroup, tensor: torch.Tensor, op: Any = ReduceOp.SUM
) -> Facts | None:
    parts = (*tensor_parts(tensor), *words(op=op))
    return facts_of(of_store_group(group), "all_reduce", *parts)


@rule("StatelessProcessGroup.barrier")
def _store_barrier(group: StatelessProcessGroup, timeout: float = 30.0) -> Facts | None:
    return facts_of(of_store_group(group), "barrier", timeout_s=timeout)


# Data parallel replicas


@rule("ParallelConfig.has_unfinished_dp")
def _has_unfinished_dp(dp_group: ProcessGroup, has_unfinished: bool) -> Facts | None:
    return facts_of(of_process_group(dp_group), "has_unfinished_dp")


@rule("ParallelConfig.sync_kv_cache_memory_size")
def _sync_kv_cache_memory_size(dp_group: ProcessGroup, kv_cache_memory: int) -> Facts | None:
    return facts_of(of_process_group(dp_group), "sync_kv_cache_memory_size")


@rule("ParallelConfig.sync_dp_state")
def _sync_dp_state(
    dp_group: ProcessGroup, has_unfinished: bool, pending_pause: bool
) -> Facts | None:
    return facts_of(of_process_group(dp_group), "sync_dp_state")
