"""Message queues between the ranks of a group.

The functions take the class of the queue, `MessageQueue` or one derived from it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol, TypeVar

from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_rank
from vllm_distributed.compat.torch_internals import group_timeout
from vllm_distributed.errors import DistributedError, MessageQueueError
from vllm_distributed.store.node import node_identity
from vllm_distributed.transports.object_channel import members_of

__all__ = ["MAX_CHUNKS", "MAX_CHUNK_BYTES", "queue_over_group", "queues_to_one_reader"]

# Of a coordinator's queue: control messages, and now and then a few tensors.
MAX_CHUNK_BYTES = 1 << 22
MAX_CHUNKS = 6


class _Queue(Protocol):
    """What the functions here need of a message queue."""

    def __init__(
        self,
        n_reader: int,
        n_local_reader: int,
        local_reader_ranks: list[int] | None = None,
        max_chunk_bytes: int = MAX_CHUNK_BYTES,
        max_chunks: int = MAX_CHUNKS,
        connect_ip: str | None = None,
        timeout: timedelta | None = None,
        enable_shm_tensor_arena: bool = False,
    ) -> None: ...

    @classmethod
    def create_from_handle(cls: type[_Q], handle: Any, rank: int) -> _Q: ...

    def export_handle(self) -> dict[str, Any]: ...

    def wait_until_ready(self) -> None: ...

    def shutdown(self) -> None: ...


_Q = TypeVar("_Q", bound=_Queue)


def queue_over_group(
    kind: type[_Q],
    pg: Any,
    max_chunk_bytes: int,
    max_chunks: int,
    writer_rank: int,
    external_writer_handle: Any,
    blocking: bool,
    timeout: timedelta | None,
) -> _Q:
    """See `MessageQueue.create_from_process_group`."""
    group = members_of(pg)
    check_rank("writer_rank", writer_rank, group.world_size, "the process group")
    nodes = group.all_gather_obj(node_identity())
    queue: _Q | None = None
    report: dict[str, Any] = {}
    failure: Exception | None = None
    if group.rank == writer_rank:
        try:
            if external_writer_handle is None:
                local = [
                    rank
                    for rank, node in enumerate(nodes)
                    if rank != writer_rank and node == nodes[writer_rank]
                ]
                queue = kind(
                    group.world_size - 1,
                    len(local),
                    local,
                    max_chunk_bytes,
                    max_chunks,
                    timeout=_timeout_of(pg, timeout),
                )
                report["handle"] = queue.export_handle()
            else:
                report["handle"] = external_writer_handle
        except DistributedError as error:
            report["error"], failure = str(error), error
    report = group.broadcast_obj(report, writer_rank)
    if failure is not None:
        raise failure
    if "error" in report:
        raise MessageQueueError(
            f"rank {writer_rank} could not make the message queue: {report['error']}",
            writer_rank=writer_rank,
        )
    if queue is None:
        queue = kind.create_from_handle(report["handle"], group.rank)
    return _ready(queue, blocking)


def queues_to_one_reader(
    kind: type[_Q],
    pg: Any,
    max_chunk_bytes: int,
    max_chunks: int,
    reader_rank: int,
    blocking: bool,
    timeout: timedelta | None,
) -> tuple[_Q, list[Any]]:
    """See `MessageQueue.create_from_process_group_single_reader`."""
    group = members_of(pg)
    check_rank("reader_rank", reader_rank, group.world_size, "the process group")
    nodes = group.all_gather_obj(node_identity())
    is_local = nodes[group.rank] == nodes[reader_rank]
    queue = kind(
        1,
        int(is_local),
        None,
        max_chunk_bytes,
        max_chunks,
        timeout=_timeout_of(pg, timeout),
    )
    handles = group.all_gather_obj(queue.export_handle())
    return _ready(queue, blocking), handles if group.rank == reader_rank else []


def _ready(queue: _Q, blocking: bool) -> _Q:
    if blocking:
        try:
            queue.wait_until_ready()
        except BaseException:
            queue.shutdown()
            raise
    return queue


def _timeout_of(pg: Any, timeout: timedelta | None) -> timedelta | None:
    return timeout or (group_timeout(pg) if isinstance(pg, ProcessGroup) else None)
