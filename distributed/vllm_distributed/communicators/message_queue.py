"""MessageQueue: objects from one writer to many readers, in order, each reader getting all of them.

Readers on the writer's node read from a ring in shared memory (`message_queue_ring`), readers on
other nodes over TCP (`message_queue_sockets`); both carry the same frames
(`message_queue_frames`).
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

from vllm_distributed.communicators.message_queue_frames import Assembler, Part, pack, unpack
from vllm_distributed.communicators.message_queue_handle import VERSION, Handle
from vllm_distributed.communicators.message_queue_ring import MIN_CHUNK_BYTES, Ring
from vllm_distributed.communicators.message_queue_sockets import (
    SocketReader,
    SocketWriter,
    own_address,
)
from vllm_distributed.communicators.message_queue_waiting import Wait
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    MessageQueueCancelledError,
    MessageQueueClosedError,
    MessageQueueError,
    MessageQueueTimeoutError,
)

__all__ = ["MessageQueue"]

MAX_CHUNK_BYTES = 24 * 1024 * 1024
MAX_CHUNKS = 10

_TOKEN_BYTES = 32
_POLL_S = 0.02


class MessageQueue:
    """One endpoint of a queue with one writer and many readers.

    The constructor makes the writer's endpoint. `n_reader` is the number of readers, and
    `n_local_reader` of how many of them share memory with the writer; `local_reader_ranks` are the
    ranks those pass to `create_from_handle` (default: 0, 1, ...). The queue holds `max_chunks`
    chunks of `max_chunk_bytes` bytes; the memory behind a chunk is taken when it is first used.
    Larger objects travel in several chunks. `connect_ip` is the address to listen on for readers
    on other nodes, on which they reach this one (default: `VLLM_HOST_IP`, or where the route to
    the outside starts). `timeout` (default 30 minutes) bounds every wait that is given none of its
    own.

    Every endpoint calls `wait_until_ready` before the first message. Objects travel as plain values
    (see `object_codec`); tensors and numpy arrays in dicts, lists and tuples go beside them as they
    are, and tensors arrive on the CPU. One thread at a time uses an endpoint; `shutdown` may be
    called from any.

    Raises `InvalidArgumentError` for numbers that make no sense, `MessageQueueError` if memory or
    address cannot be had. Local: the readers take part in `wait_until_ready`.
    """

    def __init__(
        self,
        n_reader: int,
        n_local_reader: int,
        local_reader_ranks: list[int] | None = None,
        max_chunk_bytes: int = MAX_CHUNK_BYTES,
        max_chunks: int = MAX_CHUNKS,
        connect_ip: str | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        ranks = _checked_ranks(n_reader, n_local_reader, local_reader_ranks)
        _check_at_least("max_chunk_bytes", max_chunk_bytes, MIN_CHUNK_BYTES)
        _check_at_least("max_chunks", max_chunks, 1)
        n_remote = n_reader - n_local_reader
        token = secrets.token_bytes(_TOKEN_BYTES)
        ring: Ring | None = None
        server: SocketWriter | None = None
        try:
            if n_local_reader:
                ring = Ring.create(max_chunk_bytes, max_chunks, n_local_reader)
            if n_remote:
                server = SocketWriter(connect_ip or own_address(), n_remote, max_chunks, token)
        except BaseException:
            if ring is not None:
                ring.close()
            raise
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
            timeout_s=(timeout or default_pg_timeout).total_seconds(),
        )
        self._set_up(handle, ring, server, None)

    def _set_up(
        self,
        handle: Handle,
        ring: Ring | None,
        server: SocketWriter | None,
        client: SocketReader | None,
    ) -> None:
        self._handle = handle
        self._ring, self._server, self._client = ring, server, client
        self._assembler = Assembler()
        self._busy = threading.Lock()
        self._is_ready = False
        self._stop = threading.Event()
        ends = [end for end in (ring, server, client) if end is not None]
        self._finish = weakref.finalize(self, _close_all, ends, os.getpid())

    @classmethod
    def create_from_handle(cls, handle: Any, rank: int) -> MessageQueue:
        """Return a reader's endpoint of the queue whose writer exported `handle`.

        `rank` says which reader this is: one of the writer's `local_reader_ranks`, and then this
        process must share memory with the writer, or any other number for a reader on another node;
        no two readers have the same. Raises `InvalidTypeError` or `InvalidArgumentError` for what
        is no handle, `MessageQueueError` if the writer cannot be reached. Local: the writer need
        not wait.
        """
        found = Handle.from_plain(handle)
        if not isinstance(rank, int) or isinstance(rank, bool):
            raise InvalidTypeError(f"rank must be an integer, got {rank!r}")
        ring: Ring | None = None
        client: SocketReader | None = None
        if rank in found.local_reader_ranks and found.memory is not None:
            ring = Ring.attach(
                found.memory,
                found.max_chunk_bytes,
                found.max_chunks,
                len(found.local_reader_ranks),
                found.local_reader_ranks.index(rank),
            )
        elif found.host is not None:
            client = SocketReader(found.host, found.port, found.token, rank, found.timeout_s)
        else:
            raise InvalidArgumentError(
                f"rank={rank} is not a reader of this message queue, whose readers are "
                f"{found.local_reader_ranks}, all on the writer's node",
                rank=rank,
                readers=found.local_reader_ranks,
            )
        queue = cls.__new__(cls)
        queue._set_up(found, ring, None, client)
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
        a process outside of the group, and all ranks of it are readers. Waits until everybody is
        ready, unless `blocking` is False: then each calls `wait_until_ready`. Raises on every rank
        what went wrong on the writer. Collective over the group.
        """
        from vllm_distributed.communicators.broadcaster import queue_over_group

        return queue_over_group(
            pg, max_chunk_bytes, max_chunks, writer_rank, external_writer_handle, blocking, timeout
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
        from vllm_distributed.communicators.broadcaster import queues_to_one_reader

        return queues_to_one_reader(pg, max_chunk_bytes, max_chunks, reader_rank, blocking, timeout)

    @property
    def is_writer(self) -> bool:
        """Whether this is the writer's endpoint."""
        return self._client is None and (self._ring is None or self._ring.is_writer)

    def export_handle(self) -> dict[str, Any]:
        """Return what readers pass to `create_from_handle`: a dict of plain values.

        It holds the queue's secret: send it to the readers only.
        """
        return self._handle.as_plain()

    def wait_until_ready(self) -> None:
        """Return when the writer and all readers have made their endpoints.

        After it nothing is left of the queue in the file system. Raises `MessageQueueTimeoutError`
        naming who has not come before the queue's timeout; may then be called again. Collective
        over writer and readers.
        """
        with self._busy:
            self._check_open()
            if self._is_ready:
                return
            deadline = time.monotonic() + self._handle.timeout_s
            if self._ring is not None:
                if self._ring.is_writer:
                    self._wait_for_local_readers(self._ring, deadline)
                else:
                    self._wait_for_start(self._ring, deadline)
            if self._server is not None:
                self._wait_for_remote_readers(self._server, deadline)
            if self._client is not None:
                self._wait_for_introduction(self._client, deadline)
            if self._ring is not None and self._ring.is_writer:
                self._ring.start()
            self._is_ready = True

    def enqueue(self, obj: Any, timeout: float | None = None) -> None:
        """Send an object to every reader; the writer's side.

        Returns when the object has been copied: it may be changed then. Waits, for at most
        `timeout` seconds (default: the queue's), while a reader is `max_chunks` chunks behind.
        Raises `MessageQueueTimeoutError` naming the slow readers, and then no reader gets the
        object; `MessageQueueClosedError` naming readers that are gone; `EncodingError` for an
        object that cannot travel; `MessageQueueError` on a reader.
        """
        if not self.is_writer:
            raise MessageQueueError(
                "this process reads the message queue: only its writer can enqueue"
            )
        deadline = self._deadline(timeout)
        parts, size = pack(obj)
        with self._busy:
            self._check_ready()
            if self._server is not None:
                self._wait_for_remote_room(self._server, deadline)
            if self._ring is not None:
                self._write(self._ring, parts, size, deadline)
            if self._server is not None:
                self._server.submit(b"".join(parts))

    def dequeue(
        self, timeout: float | None = None, cancel: Any = None, indefinite: bool = False
    ) -> Any:
        """Return the next object; a reader's side.

        Waits for at most `timeout` seconds, without one for the queue's timeout, and with
        `indefinite` for as long as it takes. `cancel` is a `threading.Event` that ends the wait
        when it is set. Raises `MessageQueueTimeoutError`; `MessageQueueCancelledError`;
        `MessageQueueClosedError` when the writer has shut down, or died, and all that it sent was
        read; `EncodingError` for a message that this rank cannot decode (the next one is fine);
        `MessageQueueError` on the writer.
        """
        if self.is_writer:
            raise MessageQueueError("this process writes the message queue: only readers dequeue")
        deadline = None if indefinite and timeout is None else self._deadline(timeout)
        if cancel is not None and not callable(getattr(cancel, "is_set", None)):
            raise InvalidTypeError(f"cancel must be a threading.Event, got {cancel!r:.80}")
        with self._busy:
            self._check_ready()
            if self._ring is not None:
                return self._read(self._ring, deadline, cancel)
            if self._client is not None:
                return self._receive(self._client, deadline, cancel)
        raise MessageQueueError("this message queue has no writer to read from")

    def broadcast_object(self, obj: Any = None) -> Any:
        """Return the writer's `obj` on every endpoint; what readers pass is ignored.

        Collective over writer and readers. Raises as `enqueue` and `dequeue` do.
        """
        if self.is_writer:
            self.enqueue(obj)
            return obj
        return self.dequeue()

    def shutdown(self) -> None:
        """Close this endpoint and give everything back. Idempotent, local to the process.

        A call that waits in another thread ends with `MessageQueueClosedError`. Readers can still
        read what a writer sent before, a writer finds that a reader has left. With readers on other
        nodes, waits until they have taken what was sent, for at most 5 s: the rest is lost then.
        """
        self._stop.set()
        with self._busy:
            self._finish()

    # The writer

    def _write(self, ring: Ring, parts: list[Part], size: int, deadline: float | None) -> None:
        if size <= ring.chunk_bytes:
            self._wait_for_room(ring, deadline)
            ring.write(parts, size, first=True, last=True)
            return
        # If this ends early, the readers drop what they have when the next frame begins.
        first, left = True, size
        chunk: list[Part] = []
        room = ring.chunk_bytes
        for part in parts:
            view = memoryview(part)
            while len(view):
                piece = view[:room]
                chunk.append(piece)
                view, room, left = view[len(piece) :], room - len(piece), left - len(piece)
                if room and left:
                    continue
                self._wait_for_room(ring, deadline)
                ring.write(chunk, ring.chunk_bytes - room, first=first, last=not left)
                first, chunk, room = False, [], ring.chunk_bytes

    def _wait_for_room(self, ring: Ring, deadline: float | None) -> None:
        wait = Wait(deadline)
        while True:
            self._check_open()
            if left := ring.left():
                raise self._readers_gone(self._names(left), "have shut the queue down")
            if ring.has_room():
                return
            in_time = wait.pause()
            if (wait.time_to_look_around() or not in_time) and (dead := ring.dead()):
                raise self._readers_gone(self._names(dead), "are not running any more")
            if not in_time:
                raise self._full(self._names(ring.in_the_way()))

    def _wait_for_remote_room(self, server: SocketWriter, deadline: float | None) -> None:
        while not server.wait(deadline, connecting=False):
            self._check_open()
            if lost := server.lost():
                raise self._readers_gone(sorted(lost), f"are gone ({'; '.join(lost.values())})")
            if deadline is not None and time.monotonic() >= deadline:
                raise self._full(server.behind())

    def _wait_for_local_readers(self, ring: Ring, deadline: float) -> None:
        wait = Wait(deadline)
        while absent := ring.absent():
            self._check_open()
            if not wait.pause():
                raise self._missing(f"reader {_listed(self._names(absent))}", self._names(absent))

    def _wait_for_remote_readers(self, server: SocketWriter, deadline: float) -> None:
        while not server.wait(deadline, connecting=True):
            self._check_open()
            if lost := server.lost():
                raise self._readers_gone(sorted(lost), f"are gone ({'; '.join(lost.values())})")
            if time.monotonic() >= deadline:
                came = server.connected()
                wanted = self._handle.n_reader - len(self._handle.local_reader_ranks)
                raise self._missing(
                    f"{wanted - len(came)} of {wanted} readers on other nodes (connected are the "
                    f"ranks {_listed(came)})",
                    [],
                )

    # A reader

    def _read(self, ring: Ring, deadline: float | None, cancel: Any) -> Any:
        while True:
            self._wait_for_chunk(ring, deadline, cancel)
            chunk, first, last = ring.peek()
            try:
                if first:
                    self._assembler.reset()
                if first and last:
                    return unpack(chunk)
                self._assembler.feed(chunk)
                if last:
                    return self._assembler.take()
            finally:
                chunk.release()
                ring.release()

    def _wait_for_chunk(self, ring: Ring, deadline: float | None, cancel: Any) -> None:
        wait = Wait(deadline)
        while not ring.has_next():
            self._check_waiting(cancel)
            gone = None
            if ring.is_closed():
                gone = "the writer has shut the message queue down"
            elif wait.time_to_look_around() and ring.writer_is_dead():
                gone = "the writer of the message queue is not running any more"
            if gone is not None:
                if ring.has_next():  # it came just before
                    return
                raise MessageQueueClosedError(f"{gone}, and everything it sent was read")
            if not wait.pause():
                raise self._empty()

    def _receive(self, client: SocketReader, deadline: float | None, cancel: Any) -> Any:
        while True:
            left = _POLL_S if deadline is None else deadline - time.monotonic()
            if client.receive(min(max(left, 0.0), _POLL_S)):
                break
            self._check_waiting(cancel)
            if left <= 0:
                raise self._empty()
        try:
            return client.assembler.take()
        finally:
            client.acknowledge()

    def _wait_for_start(self, ring: Ring, deadline: float) -> None:
        wait = Wait(deadline)
        while not ring.is_started():
            self._check_open()
            in_time = wait.pause()
            if (wait.time_to_look_around() or not in_time) and ring.writer_is_dead():
                raise MessageQueueClosedError(
                    "the writer of the message queue is not running any more"
                )
            if not in_time:
                raise self._missing("the writer, or a reader it waits for,", [])

    def _wait_for_introduction(self, client: SocketReader, deadline: float) -> None:
        while not client.introduce(_POLL_S):
            self._check_open()
            if time.monotonic() >= deadline:
                raise self._missing("the writer", [])

    # Checks and errors

    def _deadline(self, timeout: float | None) -> float:
        if timeout is None:
            return time.monotonic() + self._handle.timeout_s
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
            raise InvalidTypeError(f"timeout must be a number of seconds, got {timeout!r}")
        if not timeout >= 0:
            raise InvalidArgumentError(f"timeout must not be negative, got {timeout} s")
        return time.monotonic() + timeout

    def _check_open(self) -> None:
        if self._stop.is_set():
            raise MessageQueueClosedError("this endpoint of the message queue was shut down")

    def _check_ready(self) -> None:
        self._check_open()
        if not self._is_ready:
            raise MessageQueueError(
                "the message queue is not ready: call wait_until_ready() first, on the writer and "
                "on every reader"
            )

    def _check_waiting(self, cancel: Any) -> None:
        self._check_open()
        if cancel is not None and cancel.is_set():
            raise MessageQueueCancelledError("cancelled: the event given to dequeue was set")

    def _names(self, places: list[int]) -> list[int]:
        return [self._handle.local_reader_ranks[place] for place in places]

    def _readers_gone(self, ranks: list[int], what: str) -> MessageQueueClosedError:
        return MessageQueueClosedError(
            f"readers of the message queue {what}: rank {_listed(ranks)}. Shut the queue down, and "
            f"make a new one with the readers that are left",
            readers=ranks,
        )

    def _full(self, ranks: list[int]) -> MessageQueueTimeoutError:
        return MessageQueueTimeoutError(
            f"the message queue is full: rank {_listed(ranks)} did not read any of the "
            f"{self._handle.max_chunks} chunks in it before the timeout. No reader gets this "
            f"object; try again, or see what the reader is doing",
            readers=ranks,
        )

    def _empty(self) -> MessageQueueTimeoutError:
        return MessageQueueTimeoutError(
            "the writer of the message queue sent nothing before the timeout (it is still there); "
            "pass indefinite=True to wait for as long as it takes"
        )

    def _missing(self, who: str, ranks: list[int]) -> MessageQueueTimeoutError:
        return MessageQueueTimeoutError(
            f"the message queue is not ready: {who} did not come within "
            f"{self._handle.timeout_s:g} s",
            readers=ranks,
        )


def _close_all(ends: list[Ring | SocketWriter | SocketReader], owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child, that must not close its parent's endpoint when it ends
    for end in ends:
        end.close()


def _listed(ranks: list[int]) -> str:
    return ", ".join(map(str, ranks)) or "none"


def _checked_ranks(n_reader: int, n_local_reader: int, ranks: list[int] | None) -> list[int]:
    _check_at_least("n_reader", n_reader, 0)
    _check_at_least("n_local_reader", n_local_reader, 0)
    if n_local_reader > n_reader:
        raise InvalidArgumentError(
            f"n_local_reader={n_local_reader} is more than n_reader={n_reader}",
            n_reader=n_reader,
            n_local_reader=n_local_reader,
        )
    if ranks is None:
        return list(range(n_local_reader))
    whole = all(isinstance(rank, int) and not isinstance(rank, bool) for rank in ranks)
    if not whole or len(ranks) != n_local_reader or len(set(ranks)) != len(ranks):
        raise InvalidArgumentError(
            f"local_reader_ranks={ranks} must be n_local_reader={n_local_reader} different ranks",
            local_reader_ranks=list(ranks),
        )
    return list(ranks)


def _check_at_least(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, got {value}")
