"""The writer's end of a message queue: one ring for its node, one server for the others."""

from __future__ import annotations

import threading
import time

from vllm_distributed.errors import MessageQueueClosedError, MessageQueueTimeoutError
from vllm_distributed.transports.queue.frames import Part
from vllm_distributed.transports.queue.handle import Endpoint, Handle, listed
from vllm_distributed.transports.queue.ring import Ring
from vllm_distributed.transports.queue.sockets import SocketWriter
from vllm_distributed.transports.shm.wait import Wait

__all__ = ["Writer"]


class Writer(Endpoint):
    """Puts frames where every reader finds them. Without readers there is neither ring nor server.

    Deadlines are of `time.monotonic`.
    """

    def __init__(
        self,
        handle: Handle,
        stopped: threading.Event,
        ring: Ring | None,
        server: SocketWriter | None,
    ) -> None:
        super().__init__(handle, stopped)
        self.ring, self.server = ring, server

    def wait_until_ready(self, deadline: float) -> None:
        """Return when all readers have come, and let them begin."""
        if self.ring is not None:
            self._wait_for_local_readers(self.ring, deadline)
        if self.server is not None:
            self._wait_for_remote_readers(self.server, deadline)
        if self.ring is not None:
            self.ring.start()

    def write(self, parts: list[Part], size: int, deadline: float) -> None:
        """Copy a frame of `size` bytes to every reader, or to none."""
        if self.server is not None:
            self._wait_for_remote_room(self.server, deadline)
        if self.ring is not None:
            self._write_to_ring(self.ring, parts, size, deadline)
        if self.server is not None:
            self.server.submit(b"".join(parts))

    def _write_to_ring(self, ring: Ring, parts: list[Part], size: int, deadline: float) -> None:
        if size <= ring.chunk_bytes:
            if not ring.has_room():
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
                if not ring.has_room():
                    self._wait_for_room(ring, deadline)
                ring.write(chunk, ring.chunk_bytes - room, first=first, last=not left)
                first, chunk, room = False, [], ring.chunk_bytes

    def _wait_for_room(self, ring: Ring, deadline: float) -> None:
        wait = Wait(deadline)
        while True:
            self.check_open()
            if left := ring.left():
                raise self._readers_gone(self._names(left), "have shut the queue down")
            if ring.has_room():
                return
            in_time = wait.pause()
            if (wait.time_to_look_around() or not in_time) and (dead := ring.dead()):
                raise self._readers_gone(self._names(dead), "are not running any more")
            if not in_time:
                raise self._full(self._names(ring.in_the_way()))

    def _wait_for_remote_room(self, server: SocketWriter, deadline: float) -> None:
        while not server.wait(deadline, connecting=False):
            self.check_open()
            if lost := server.lost():
                raise self._readers_gone(sorted(lost), f"are gone ({'; '.join(lost.values())})")
            if time.monotonic() >= deadline:
                raise self._full(server.behind())

    def _wait_for_local_readers(self, ring: Ring, deadline: float) -> None:
        wait = Wait(deadline)
        while absent := ring.absent():
            self.check_open()
            if not wait.pause():
                raise self.missing(f"reader {listed(self._names(absent))}", self._names(absent))

    def _wait_for_remote_readers(self, server: SocketWriter, deadline: float) -> None:
        while not server.wait(deadline, connecting=True):
            self.check_open()
            if lost := server.lost():
                raise self._readers_gone(sorted(lost), f"are gone ({'; '.join(lost.values())})")
            if time.monotonic() >= deadline:
                came = server.connected()
                wanted = self.handle.n_reader - len(self.handle.local_reader_ranks)
                obstacle = server.obstacle()
                why = "" if obstacle is None else f"; this process cannot accept them: {obstacle}"
                raise self.missing(
                    f"{wanted - len(came)} of {wanted} readers on other nodes (connected are the "
                    f"ranks {listed(came)}{why})",
                    [],
                )

    def _names(self, places: list[int]) -> list[int]:
        return [self.handle.local_reader_ranks[place] for place in places]

    def _readers_gone(self, ranks: list[int], what: str) -> MessageQueueClosedError:
        return MessageQueueClosedError(
            f"readers of the message queue {what}: rank {listed(ranks)}. Shut the queue down, and "
            f"make a new one with the readers that are left",
            readers=ranks,
        )

    def _full(self, ranks: list[int]) -> MessageQueueTimeoutError:
        return MessageQueueTimeoutError(
            f"the message queue is full: rank {listed(ranks)} did not read any of the "
            f"{self.handle.max_chunks} chunks in it before the timeout. No reader gets this "
            f"object; try again, or see what the reader is doing",
            readers=ranks,
        )
