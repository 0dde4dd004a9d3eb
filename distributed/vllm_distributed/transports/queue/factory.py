"""Message queues between the ranks of a group.

The functions take the class of the queue, `MessageQueue` or one derived from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_rank
from vllm_distributed.compat.torch_internals import group_timeout
from vllm_distributed.errors import DistributedError, InvalidTypeError, MessageQueueError
from vllm_distributed.store.node import node_identity
from vllm_distributed.transports.base import group_facts
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.transports.object_frames import GlooCarrier
from vllm_distributed.wire.object_codec import decode, encode

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
    group = _group(pg)
    check_rank("writer_rank", writer_rank, group.size, "the process group")
    nodes = group.all_gather(node_identity())
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
                    group.size - 1,
                    len(local),
                    local,
                    max_chunk_bytes,
                    max_chunks,
                    timeout=timeout or group.timeout,
                )
                report["handle"] = queue.export_handle()
            else:
                report["handle"] = external_writer_handle
        except DistributedError as error:
            report["error"], failure = str(error), error
    report = group.broadcast(report, writer_rank)
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
    group = _group(pg)
    check_rank("reader_rank", reader_rank, group.size, "the process group")
    nodes = group.all_gather(node_identity())
    is_local = nodes[group.rank] == nodes[reader_rank]
    queue = kind(
        1,
        int(is_local),
        None,
        max_chunk_bytes,
        max_chunks,
        timeout=timeout or group.timeout,
    )
    handles = group.all_gather(queue.export_handle())
    return _ready(queue, blocking), handles if group.rank == reader_rank else []


def _ready(queue: _Q, blocking: bool) -> _Q:
    if blocking:
        try:
            queue.wait_until_ready()
        except BaseException:
            queue.shutdown()
            raise
    return queue


@dataclass(frozen=True)
class _TorchGroup:
    """Objects over a torch process group."""

    group: ProcessGroup
    rank: int
    size: int
    timeout: timedelta

    def broadcast(self, obj: Any, src: int) -> Any:
        channel = ObjectChannel(GlooCarrier(self.group, "process group"))
        mine = encode(obj) if self.rank == src else None
        return decode(channel.broadcast(mine, src))

    def all_gather(self, obj: Any) -> list[Any]:
        return [self.broadcast(obj, src) for src in range(self.size)]


@dataclass(frozen=True)
class _StatelessGroup:
    """Objects over a StatelessProcessGroup."""

    group: Any
    rank: int
    size: int
    timeout: timedelta | None = None

    def broadcast(self, obj: Any, src: int) -> Any:
        return self.group.broadcast_obj(obj if self.rank == src else None, src)

    def all_gather(self, obj: Any) -> list[Any]:
        return list(self.group.all_gather_obj(obj))


def _group(pg: Any) -> _TorchGroup | _StatelessGroup:
    if isinstance(pg, ProcessGroup):
        return _TorchGroup(pg, *group_facts(pg), group_timeout(pg))
    if hasattr(pg, "broadcast_obj") and hasattr(pg, "all_gather_obj"):
        return _StatelessGroup(pg, pg.rank, pg.world_size)
    raise InvalidTypeError(
        f"pg must be a torch ProcessGroup or a StatelessProcessGroup, got {type(pg).__name__}"
    )
