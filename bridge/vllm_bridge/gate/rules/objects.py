"""Rules of calls on objects, dicts and queues, and of barriers, of coordinators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from torch.distributed import ProcessGroup

from vllm_bridge._generated.control_pb2 import RECEIVE, SEND
from vllm_bridge.gate.facts import (
    Facts,
    of_any,
    of_coordinator,
    of_process_group,
    words,
)
from vllm_bridge.gate.rules.registry import (
    facts_of,
    on_coordinators,
    peer_of,
    rule,
)
from vllm_distributed import (
    GroupCoordinator,
)

# Objects, queues and barriers, on coordinators


@on_coordinators("barrier")
def _barrier(group: GroupCoordinator) -> Facts | None:
    return facts_of(of_coordinator(group), "barrier")


@on_coordinators("broadcast_object")
def _broadcast_object(
    group: GroupCoordinator, obj: Any | None = None, src: int = 0
) -> Facts | None:
    return facts_of(of_coordinator(group), "broadcast_object", *words(src=src))


@on_coordinators("broadcast_object_list")
def _broadcast_object_list(
    coordinator: GroupCoordinator,
    obj_list: list[Any],
    src: int = 0,
    group: ProcessGroup | None = None,
) -> Facts | None:
    members = of_coordinator(coordinator) if group is None else of_process_group(group)
    # Counted inside the coordinator, which another group's members may see from other places.
    parts = words(src=coordinator.ranks[src], length=len(obj_list))
    return facts_of(members, "broadcast_object_list", *parts)


@on_coordinators("broadcast_tensor_dict")
def broadcast_tensor_dict(
    coordinator: GroupCoordinator,
    tensor_dict: dict[str, Any] | None = None,
    src: int = 0,
    group: ProcessGroup | None = None,
    metadata_group: ProcessGroup | None = None,
) -> Facts | None:
    # The description goes first.
    members = (
        of_coordinator(coordinator) if metadata_group is None else of_process_group(metadata_group)
    )
    return facts_of(members, "broadcast_tensor_dict", *words(src=coordinator.ranks[src]))


@on_coordinators("create_mq_broadcaster")
def _create_mq_broadcaster(
    group: GroupCoordinator,
    writer_rank: int = 0,
    external_writer_handle: Any = None,
    blocking: bool = True,
) -> Facts | None:
    parts = words(writer_rank=writer_rank)
    return facts_of(of_coordinator(group), "create_mq_broadcaster", *parts)


@on_coordinators("create_single_reader_mq_broadcasters")
def _create_single_reader_mq_broadcasters(
    group: GroupCoordinator, reader_rank_in_group: int = 0, blocking: bool = False
) -> Facts | None:
    parts = words(reader_rank=reader_rank_in_group)
    return facts_of(of_coordinator(group), "create_single_reader_mq_broadcasters", *parts)


@rule("MessageQueue.create_from_process_group")
def _queue_over_group(
    pg: Any,
    max_chunk_bytes: int,
    max_chunks: int,
    writer_rank: int = 0,
    external_writer_handle: Any = None,
    blocking: bool = True,
    timeout: timedelta | None = None,
) -> Facts | None:
    return facts_of(of_any(pg), "create_from_process_group", *words(writer_rank=writer_rank))


@rule("MessageQueue.create_from_process_group_single_reader")
def _queues_to_one_reader(
    pg: Any,
    max_chunk_bytes: int,
    max_chunks: int,
    reader_rank: int = 0,
    blocking: bool = False,
    timeout: timedelta | None = None,
) -> Facts | None:
    parts = words(reader_rank=reader_rank)
    return facts_of(of_any(pg), "create_from_process_group_single_reader", *parts)


@rule("in_the_same_node_as")
def _in_the_same_node_as(pg: ProcessGroup, source_rank: int = 0) -> Facts | None:
    return facts_of(of_any(pg), "in_the_same_node_as", *words(source_rank=source_rank))


# Point to point


@on_coordinators("send_object")
def _send_object(group: GroupCoordinator, obj: Any, dst: int) -> Facts | None:
    parts = words(kind="object")
    return facts_of(of_coordinator(group), "send_object", *parts, direction=SEND, peer=dst)


@on_coordinators("isend_object")
def _isend_object(group: GroupCoordinator, obj: Any, dst: int) -> Facts | None:
    return facts_of(
        of_coordinator(group),
        "isend_object",
        *words(kind="object"),
        direction=SEND,
        peer=dst,
        eager=True,
    )


@on_coordinators("recv_object")
def _recv_object(group: GroupCoordinator, src: int) -> Facts | None:
    parts = words(kind="object")
    return facts_of(of_coordinator(group), "recv_object", *parts, direction=RECEIVE, peer=src)


def _dict_facts(
    operation: str, group: GroupCoordinator, slices: GroupCoordinator | None, **more: Any
) -> Facts | None:
    parts = words(kind="tensor_dict", all_gather_ranks=1 if slices is None else slices.world_size)
    return facts_of(of_coordinator(group), operation, *parts, **more)


@on_coordinators("send_tensor_dict")
def _send_tensor_dict(
    group: GroupCoordinator,
    tensor_dict: dict[str, Any],
    dst: int | None = None,
    all_gather_group: GroupCoordinator | None = None,
    all_gather_tensors: dict[str, bool] | None = None,
) -> Facts | None:
    peer = peer_of(group, dst, +1)
    return _dict_facts("send_tensor_dict", group, all_gather_group, direction=SEND, peer=peer)


@on_coordinators("isend_tensor_dict")
def _isend_tensor_dict(
    group: GroupCoordinator,
    tensor_dict: dict[str, Any],
    dst: int | None = None,
    all_gather_group: GroupCoordinator | None = None,
    all_gather_tensors: dict[str, bool] | None = None,
) -> Facts | None:
    peer = peer_of(group, dst, +1)
    return _dict_facts(
        "isend_tensor_dict", group, all_gather_group, direction=SEND, peer=peer, eager=True
    )


@on_coordinators("recv_tensor_dict")
def _recv_tensor_dict(
    group: GroupCoordinator,
    src: int | None = None,
    all_gather_group: GroupCoordinator | None = None,
    all_gather_tensors: dict[str, bool] | None = None,
) -> Facts | None:
    peer = peer_of(group, src, -1)
    return _dict_facts("recv_tensor_dict", group, all_gather_group, direction=RECEIVE, peer=peer)


@on_coordinators("irecv_tensor_dict")
def _irecv_tensor_dict(
    group: GroupCoordinator,
    src: int | None = None,
    all_gather_group: GroupCoordinator | None = None,
    all_gather_tensors: dict[str, bool] | None = None,
) -> Facts | None:
    peer = peer_of(group, src, -1)
    return _dict_facts("irecv_tensor_dict", group, all_gather_group, direction=RECEIVE, peer=peer)
