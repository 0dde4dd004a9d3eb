"""A coordinator's message queues."""

from __future__ import annotations

from typing import Any

from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.groups.member import Member
from vllm_distributed.groups.process_groups import ProcessGroups
from vllm_distributed.transports.queue.factory import MAX_CHUNK_BYTES, MAX_CHUNKS
from vllm_distributed.transports.queue.queue import MessageQueue

__all__ = ["QueueOperations"]


@outside_graphs()
class QueueOperations:
    """Queues between the ranks of the group."""

    _member: Member
    _groups: ProcessGroups

    def create_mq_broadcaster(
        self,
        writer_rank: int = 0,
        external_writer_handle: Any = None,
        blocking: bool = True,
    ) -> MessageQueue:
        """Return this rank's endpoint of a new `MessageQueue` from `writer_rank` to the others.

        `writer_rank` counts inside the group. With an `external_writer_handle`, which `writer_rank`
        passes, the writer is a process outside of the group and all its ranks are readers. Waits
        until all are ready, unless `blocking` is False: then each calls `wait_until_ready`.
        The caller owns the endpoint and shuts it down. Collective over the group.

        Raises:
            InvalidRankError, MessageQueueError, MessageQueueTimeoutError
        """
        self._member.check_alive()
        return MessageQueue.create_from_process_group(
            self._groups.cpu_group,
            MAX_CHUNK_BYTES,
            MAX_CHUNKS,
            writer_rank,
            external_writer_handle,
            blocking,
            self._groups.cpu_timeout,
        )

    def create_single_reader_mq_broadcasters(
        self, reader_rank_in_group: int = 0, blocking: bool = False
    ) -> tuple[MessageQueue, list[Any]]:
        """Return (queue, handles): a new `MessageQueue` from this rank to the reader, and, on the
        reader, the handles of all ranks' queues.

        Every rank of the group writes to a queue of its own, the reader too. The reader calls
        `MessageQueue.create_from_handle(handle, 0)` with each handle, and every endpoint
        `wait_until_ready` then; elsewhere handles is empty. The caller owns the endpoints.
        Collective over the group.

        Raises:
            InvalidRankError, MessageQueueError
        """
        self._member.check_alive()
        return MessageQueue.create_from_process_group_single_reader(
            self._groups.cpu_group,
            MAX_CHUNK_BYTES,
            MAX_CHUNKS,
            reader_rank_in_group,
            blocking,
            self._groups.cpu_timeout,
        )
