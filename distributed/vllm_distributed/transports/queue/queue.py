"""MessageQueue: objects from one writer to many readers, in order, each reader getting all of them.

Readers on the writer's node read from a ring in shared memory (`ring.py`), readers on other nodes
over TCP (`sockets.py`); both carry the same frames (`frames.py`). The two ends are `writer.py` and
`reader.py`.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

from torch.distributed.constants import default_pg_timeout

from vllm_distributed import durations, entry
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    MessageQueueError,
    MessageQueueTimeoutError,
)
from vllm_distributed.forks import belongs_to_this_process, is_inherited, leave_to_parent
from vllm_distributed.transports.queue.addresses import own_address
from vllm_distributed.transports.queue.checks import (
    check_cancel,
    check_shape,
    check_switch,
    check_timeout,
    checked_ranks,
)
from vllm_distributed.transports.queue.factory import queue_over_group, queues_to_one_reader
from vllm_distributed.transports.queue.frames import pack
from vllm_distributed.transports.queue.handle import VERSION, Handle
from vllm_distributed.transports.queue.reader import Reader
from vllm_distributed.transports.queue.ring import Ring
from vllm_distributed.transports.queue.sockets import (
    SocketReader,
    SocketWriter,
)
from vllm_distributed.transports.queue.writer import Writer
from vllm_distributed.wire.object_codec import decode

__all__ = ["MessageQueue"]

MAX_CHUNK_BYTES = 24 * 1024 * 1024
MAX_CHUNKS = 10

_TOKEN_BYTES = 32


@outside_graphs()
class MessageQueue:
    """One endpoint of a queue with one writer and many readers.

    Constructing one makes the writer's endpoint. `n_reader` is the number of readers, and
    `n_local_reader` of how many of them share memory with the writer; `local_reader_ranks` are the
    ranks those pass to `create_from_handle` (default: 0, 1, ...). The queue holds `max_chunks`
    chunks of `max_chunk_bytes` bytes; the memory behind a chunk is taken when it is first used.
    Larger objects travel in several chunks. `connect_ip` is the address to listen on for readers on
    other nodes, on which they reach this one (default: `VLLM_HOST_IP`, or where the route to the
    outside starts). `timeout` (default 30 minutes) bounds every wait that is given none of its own.
    `enable_shm_tensor_arena` is vLLM's switch for a place where tensors are not pickled; here they
    never are, and it changes nothing.

    Every endpoint calls `wait_until_ready` before the first message. Objects travel as plain values
    (see `object_codec`); tensors and numpy arrays in dicts, lists and tuples go beside them as they
    are, and tensors arrive on the CPU. One thread at a time uses an endpoint; `shutdown` may be
    called from any.

    Local: the readers take part in `wait_until_ready`.

    Raises:
        InvalidArgumentError: for numbers that make no sense.
        MessageQueueError: if memory or address cannot be had.
    """

    def __init__(
        self,
        n_reader: int,
        n_local_reader: int,
        local_reader_ranks: list[int] | None = None,
        max_chunk_bytes: int = MAX_CHUNK_BYTES,
        max_chunks: int = MAX_CHUNKS,
        connect_ip: str | None = None,
        enable_shm_tensor_arena: bool = False,
        timeout: timedelta | None = None,
    ) -> None:
        check_switch("enable_shm_tensor_arena", enable_shm_tensor_arena)
        ranks = checked_ranks(n_reader, n_local_reader, local_reader_ranks)
        check_shape(max_chunk_bytes, max_chunks)
        limit = (
            default_pg_timeout if timeout is None else durations.check_timeout("timeout", timeout)
        )
        n_remote = n_reader - n_local_reader
        token = secrets.token_bytes(_TOKEN_BYTES)
        ring: Ring | None = None
        server: SocketWriter | None = None
        try:
            if n_local_reader:
                ring = Ring.create(max_chunk_bytes, max_chunks, n_local_reader)
            if n_remote:
                server = SocketWriter(connect_ip or own_address(), n_remote, max_chunks, token)
            handle = Handle(
                version=VERSION,
                n_reader=n_reader,
                local_reader_ranks=ranks,
                memory=None if ring is None else ring.name,
                max_chunk_bytes=max_chunk_bytes,
                max_chunks=max_chunks,
                host=None if server is None else server.host,
                port=0 if server is None else server.port,
                token=token,
                timeout_s=limit.total_seconds(),
            )
            stopped = threading.Event()
            self._set_up(Writer(handle, stopped, ring, server), stopped, [ring, server])
        except BaseException:
            _close_all([ring, server], os.getpid())
            raise

    def _set_up(
        self,
        end: Writer | Reader,
        stopped: threading.Event,
        resources: list[Ring | SocketWriter | SocketReader | None],
    ) -> None:
        self._end = end
        self._stopped = stopped
        self._busy = threading.Lock()
        self._is_ready = False
        self._finish = weakref.finalize(self, _close_all, resources, os.getpid())
        leave_to_parent(self, "the message queue", "_end", "_busy")

    @classmethod
    def create_from_handle(cls, handle: Any, rank: int) -> MessageQueue:
        """Return a reader's endpoint of the queue whose writer exported `handle`.

        `rank` says which reader this is: one of the writer's `local_reader_ranks`, and then this
        process must share memory with the writer, or any other number for a reader on another node;
        no two readers have the same. Local: the writer need not wait.

        Raises:
            InvalidTypeError, InvalidArgumentError: for what is no handle.
            MessageQueueError: if the writer cannot be reached.
        """
        found = Handle.from_plain(handle)
        if not isinstance(rank, int) or isinstance(rank, bool):
            raise InvalidTypeError(f"rank must be an integer, got {rank!r}")
        source: Ring | SocketReader
        if rank in found.local_reader_ranks and found.memory is not None:
            source = Ring.attach(
                found.memory,
                found.max_chunk_bytes,
                found.max_chunks,
                len(found.local_reader_ranks),
                found.local_reader_ranks.index(rank),
            )
        elif found.host is not None:
            source = SocketReader(found.host, found.port, found.token, rank, found.timeout_s)
        else:
            raise InvalidArgumentError(
                f"rank={rank} is not a reader of this message queue, whose readers are "
                f"{found.local_reader_ranks}, all on the writer's node",
                rank=rank,
                readers=found.local_reader_ranks,
            )
        queue = cls.__new__(cls)
        stopped = threading.Event()
        queue._set_up(Reader(found, stopped, source), stopped, [source])
        return queue

    @staticmethod
    def create_from_process_group(
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        writer_rank: int = 0,
        external_writer_handle: Any = None,
        blocking: bool = True,
        timeout: timedelta | None = None,
    ) -> MessageQueue:
        """Return this rank's endpoint of a queue from `writer_rank` to the other ranks of a group.

        `pg` is a torch process group that carries CPU tensors, or a `StatelessProcessGroup`; ranks
        count inside it. With an `external_writer_handle`, which `writer_rank` passes, the writer is
        a process outside of the group, and all ranks of it are readers. Waits until all of them are
        ready, unless `blocking` is False: then each calls `wait_until_ready`. Collective over the
        group.

        Raises:
            What went wrong on the writer, on every rank.
        """
        return queue_over_group(
            MessageQueue,
            pg,
            max_chunk_bytes,
            max_chunks,
            writer_rank,
            external_writer_handle,
            blocking,
            timeout,
        )

    @staticmethod
    def create_from_process_group_single_reader(
        pg: Any,
        max_chunk_bytes: int,
        max_chunks: int,
        reader_rank: int = 0,
        blocking: bool = False,
        timeout: timedelta | None = None,
    ) -> tuple[MessageQueue, list[Any]]:
        """Return a queue from this rank to rank `reader_rank`, and the handles of all these queues.

        Every rank of the group, the reader's own too, is the writer of one queue. The handles, by
        rank, are for the reader, which calls `create_from_handle(handle, 0)` with each; elsewhere
        the list is empty. `blocking` waits until the reader has done so: it may be True only where
        another thread of the reader's process does. Collective over the group.
        """
        return queues_to_one_reader(
            MessageQueue, pg, max_chunk_bytes, max_chunks, reader_rank, blocking, timeout
        )

    @property
    def is_writer(self) -> bool:
        """Whether this is the writer's endpoint."""
        belongs_to_this_process(self._end, "the message queue")
        return isinstance(self._end, Writer)

    @property
    def n_local_reader(self) -> int:
        """How many readers share memory with the writer."""
        return len(self._end.handle.local_reader_ranks)

    @property
    def n_remote_reader(self) -> int:
        """How many readers are on other nodes."""
        return self._end.handle.n_reader - self.n_local_reader

    @property
    def shutting_down(self) -> bool:
        """Whether `shutdown` was called."""
        return self._stopped.is_set()

    def export_handle(self) -> dict[str, Any]:
        """Return what readers pass to `create_from_handle`: a dict of plain values.

        vLLM's names are attributes of it: `local_reader_ranks`, `buffer_handle`,
        `remote_subscribe_addr`. It holds the queue's secret: send it to the readers only.
        """
        return self._end.handle.as_plain()

    def wait_until_ready(self) -> None:
        """Return when the writer and all readers have made their endpoints.

        After it nothing is left of the queue in the file system. Collective over writer and
        readers.

        Raises:
            MessageQueueTimeoutError: naming who has not come before the queue's timeout; may then
                be called again.
        """
        with self._busy:
            self._end.check_open()
            if not self._is_ready:
                self._end.wait_until_ready(self._end.deadline())
                self._is_ready = True

    def enqueue(self, obj: Any, timeout: float | None = None) -> None:
        """Send an object to every reader; the writer's side.

        Returns when the object has been copied: it may be changed then. Waits, for at most
        `timeout` seconds (default: the queue's), while a reader is `max_chunks` chunks behind.

        Raises:
            MessageQueueTimeoutError: naming the slow readers, and then no reader gets the object.
            MessageQueueClosedError: naming readers that are gone.
            EncodingError: for an object that cannot travel.
            MessageQueueError: on a reader.
        """
        end = self._end
        if not isinstance(end, Writer):
            belongs_to_this_process(end, "the message queue")
            raise MessageQueueError(
                "this process reads the message queue: only its writer can enqueue"
            )
        deadline = self._deadline(timeout)
        parts, size = pack(obj)
        with self._busy:
            if self._stopped.is_set() or not self._is_ready:
                raise self._not_ready()
            entry.about_to_move()
            end.write(parts, size, deadline)

    def dequeue(
        self, timeout: float | None = None, indefinite: bool = False, cancel: Any = None
    ) -> Any:
        """Return the next object; a reader's side.

        Waits for at most `timeout` seconds, without one for the queue's timeout, and with
        `indefinite` for as long as it takes. `cancel` is a `threading.Event` that ends the wait
        when it is set.

        Raises:
            MessageQueueTimeoutError, MessageQueueCancelledError
            MessageQueueClosedError: when the writer has shut down, or died, and all that it sent
                was read.
            EncodingError: for a message that this rank cannot decode (the next one is fine).
            MessageQueueError: on the writer.
        """
        end = self._end
        if not isinstance(end, Reader):
            belongs_to_this_process(end, "the message queue")
            raise MessageQueueError("this process writes the message queue: only readers dequeue")
        check_switch("indefinite", indefinite)
        deadline = None if indefinite and timeout is None else self._deadline(timeout)
        if cancel is not None:
            check_cancel(cancel)
        with self._busy:
            if self._stopped.is_set() or not self._is_ready:
                raise self._not_ready()
            entry.about_to_move()
            return end.read(deadline, cancel)

    @staticmethod
    def recv(socket: Any, timeout: float | None) -> Any:
        """Return the next object from a socket that others send encoded objects to.

        `socket` is of ZeroMQ, or has its `poll(milliseconds)` and `recv()` for whole messages, each
        what `vllm_distributed.wire.object_codec.encode` returned: nothing is unpickled. Waits for
        at most `timeout` seconds, or as long as it takes for None. Local: the sender need not wait.

        Raises:
            InvalidTypeError: for what has neither.
            MessageQueueTimeoutError
            EncodingError: for a message that is none of ours.
        """
        if not (
            callable(getattr(socket, "poll", None)) and callable(getattr(socket, "recv", None))
        ):
            raise InvalidTypeError(
                f"socket must have poll(milliseconds) and recv(), got {type(socket).__name__}",
                argument="socket",
            )
        if timeout is not None:
            check_timeout(timeout)
        wait_ms = None if timeout is None else int(durations.cut_seconds(timeout) * 1000)
        if not socket.poll(timeout=wait_ms):
            raise MessageQueueTimeoutError(
                f"no message came to the socket within {timeout:g} s", timeout_s=timeout
            )
        return decode(bytes(socket.recv()))

    def broadcast_object(self, obj: Any = None) -> Any:
        """Return the writer's `obj` on every endpoint; what readers pass is ignored.

        Collective over writer and readers.

        Raises:
            As `enqueue` and `dequeue`.
        """
        if isinstance(self._end, Writer):
            self.enqueue(obj)
            return obj
        return self.dequeue()

    def shutdown(self) -> None:
        """Close this endpoint and give everything back. Idempotent, local to the process.

        A call that waits in another thread ends with `MessageQueueClosedError`. Readers can still
        read what a writer sent before, a writer finds that a reader has left. With readers on other
        nodes, waits until they have taken what was sent, for at most 5 s: the rest is lost then.
        """
        self._stopped.set()
        if is_inherited(self._end):
            return
        with self._busy:
            self._finish()

    def _deadline(self, timeout: float | None) -> float:
        if timeout is None:
            return self._end.deadline()
        check_timeout(timeout)
        return time.monotonic() + durations.cut_seconds(timeout)

    def _not_ready(self) -> MessageQueueError:
        if self._stopped.is_set():
            return self._end.was_shut_down()
        return MessageQueueError(
            "the message queue is not ready: call wait_until_ready() first, on the writer and on "
            "every reader"
        )


def _close_all(resources: list[Ring | SocketWriter | SocketReader | None], owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child, that must not close its parent's endpoint when it ends
    for resource in resources:
        if resource is not None:
            resource.close()
