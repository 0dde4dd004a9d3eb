"""A message queue's readers on other nodes: one TCP connection each, to the writer's address.

The writer listens on the one address it was given. A reader proves that it has the handle, and the
writer that it made it, by a keyed hash of the other's random challenge; until then nothing a
connection sends has any effect, and it has a few seconds and a fixed number of bytes for it.

The writer's side is one thread with non-blocking sockets: `submit` hands it a frame and returns.
Readers acknowledge each frame they have taken out; a frame is accepted when none is more than the
queue's number of chunks behind, so the memory that waits here has a limit, and a full queue means
the same as in shared memory.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import secrets
import select
import selectors
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from vllm_distributed.background import background_thread
from vllm_distributed.errors import (
    MessageQueueClosedError,
    MessageQueueError,
)
from vllm_distributed.logger import logger
from vllm_distributed.transports.queue.addresses import listening
from vllm_distributed.transports.queue.frames import GOODBYE, Assembler

__all__ = ["SocketReader", "SocketWriter"]

_CHALLENGE_BYTES = 32
_PROOF_BYTES = hashlib.sha256().digest_size
_MAGIC = b"vdmq1"
_HELLO = struct.Struct(f"<{len(_MAGIC)}sq{_CHALLENGE_BYTES}s{_PROOF_BYTES}s")
_ACK = b"\x01"

_HANDSHAKE_S = 5.0
_MOST_STRANGERS = 64
# Also said in `MessageQueue.shutdown`.
_FLUSH_S = 5.0
_READ_BYTES = 1 << 16
_SEND_BYTES = 1 << 20
# Why a connection cannot be accepted though it is there, and after how long to try again.
_NO_MEANS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_MEANS_PAUSE_S = 0.2
# No attempt to connect lasts longer, and sockets do not take every number.
_LONGEST_CONNECT_S = 3600.0


@dataclass(eq=False)
class _Peer:
    """One connection as the writer sees it."""

    connection: socket.socket
    challenge: bytes
    until: float
    """When it must have proved itself."""
    rank: int | None = None
    inbox: bytearray = field(default_factory=bytearray)
    outbox: deque[memoryview] = field(default_factory=deque)
    acknowledged: int = 0


class SocketWriter:
    """The writer's side, for `n_reader` readers that may be `window` frames behind."""

    def __init__(self, host: str, n_reader: int, window: int, token: bytes) -> None:
        self._n_reader, self._window, self._token = n_reader, window, token
        self._listener = listening(host, n_reader + _MOST_STRANGERS)
        # As given: the name of a socket lacks the zone of an IPv6 address.
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self._changed = threading.Condition()
        self._readers: dict[int, _Peer] = {}
        self._lost: dict[int, str] = {}
        self._strangers: list[_Peer] = []
        self._submitted = 0
        self._closing_at: float | None = None
        self._accepts_at: float | None = None
        """When to try again, while no connection can be accepted."""
        self._obstacle: str | None = None
        try:
            self._selector = selectors.DefaultSelector()
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._wake, woken = socket.socketpair()
        except OSError as error:
            self._listener.close()
            raise MessageQueueError(
                f"a message queue cannot serve readers on other nodes: {error}"
            ) from error
        self._wake.setblocking(False)
        woken.setblocking(False)
        self._woken = woken
        self._selector.register(woken, selectors.EVENT_READ)
        self._thread = background_thread("message queue", self._serve, self._failed)
        self._thread.start()

    def connected(self) -> list[int]:
        """Return the ranks of the readers that have connected and are known."""
        with self._changed:
            return sorted(self._readers)

    def lost(self) -> dict[int, str]:
        """Return the readers whose connection has ended, and how."""
        with self._changed:
            return dict(self._lost)

    def obstacle(self) -> str | None:
        """Return why connections cannot be accepted at the moment, if so."""
        with self._changed:
            return self._obstacle

    def behind(self) -> list[int]:
        """Return the readers that have `window` frames still to take."""
        with self._changed:
            return self._behind()

    def wait(self, deadline: float | None, *, connecting: bool) -> bool:
        """Return whether, by the deadline, all have connected, or are less than a window behind.

        Returns at once if a reader is lost, and after a while in any case: call again.
        """
        with self._changed:
            wait_s = 0.05 if deadline is None else min(0.05, max(deadline - time.monotonic(), 0))
            if not self._lost and not self._is_done(connecting):
                self._changed.wait(wait_s)
            return not self._lost and self._is_done(connecting)

    def submit(self, frame: bytes) -> None:
        """Send a frame to every reader, in the background."""
        with self._changed:
            self._submitted += 1
            for peer in self._readers.values():
                peer.outbox.append(memoryview(frame))
        self._notify()

    def close(self) -> None:
        """Send what is left, and a goodbye, and close when the readers have taken all of it, or
        after a few seconds. Idempotent."""
        with self._changed:
            if self._closing_at is None:
                self._closing_at = time.monotonic() + _FLUSH_S
                for peer in self._readers.values():
                    peer.outbox.append(memoryview(GOODBYE))
        self._notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(_FLUSH_S + 1)

    def _is_done(self, connecting: bool) -> bool:
        return len(self._readers) == self._n_reader if connecting else not self._behind()

    def _behind(self) -> list[int]:
        return [
            rank
            for rank, peer in sorted(self._readers.items())
            if self._submitted - peer.acknowledged >= self._window
        ]

    def _notify(self) -> None:
        try:
            self._wake.send(b"\0")
        except OSError:  # full: the thread will wake up anyway; or closed: it has ended
            return

    # The thread

    def _serve(self) -> None:
        try:
            while not self._is_through():
                with self._changed:
                    for peer in [*self._strangers, *self._readers.values()]:
                        self._want(peer)
                    hurry = bool(self._strangers) or self._closing_at is not None
                for key, events in self._selector.select(self._patience(hurry)):
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj is self._woken:
                        self._woken.recv(_READ_BYTES)
                    else:
                        self._move(key.data, events)
                for peer in [one for one in self._strangers if time.monotonic() > one.until]:
                    self._drop(peer, "it did not prove itself in time")
                self._listen_again()
        finally:
            self._close_everything()

    def _failed(self, error: BaseException) -> None:
        """The thread has failed: all readers are lost, those that never connected too."""
        with self._changed:
            for rank in range(self._n_reader):
                self._lost.setdefault(rank, f"the writer's thread has failed: {error!r}")
            self._changed.notify_all()

    def _patience(self, hurry: bool) -> float | None:
        return 0.1 if hurry or self._accepts_at is not None else None

    def _is_through(self) -> bool:
        with self._changed:
            if self._closing_at is None:
                return False
            # A connection that is closed before its last acknowledgement has come is reset, and its
            # reader loses what it has not read yet.
            taken = all(
                not peer.outbox and peer.acknowledged == self._submitted
                for peer in self._readers.values()
            )
            return taken or time.monotonic() > self._closing_at

    def _want(self, peer: _Peer) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.outbox else 0)
        if self._selector.get_key(peer.connection).events != events:
            self._selector.modify(peer.connection, events, peer)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _NO_MEANS:
                # The connection waits on in the kernel, which would say so without end.
                self._selector.unregister(self._listener)
                self._accepts_at = time.monotonic() + _NO_MEANS_PAUSE_S
                self._say_obstacle(str(error))
            return  # or it gave up meanwhile
        self._say_obstacle(None)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if len(self._strangers) >= _MOST_STRANGERS:
            self._drop(self._strangers[0], "too many connections that have not proved themselves")
        challenge = secrets.token_bytes(_CHALLENGE_BYTES)
        peer = _Peer(connection, challenge, time.monotonic() + _HANDSHAKE_S)
        peer.outbox.append(memoryview(challenge))
        self._strangers.append(peer)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _listen_again(self) -> None:
        if self._accepts_at is not None and time.monotonic() >= self._accepts_at:
            self._accepts_at = None
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _say_obstacle(self, why: str | None) -> None:
        with self._changed:
            before, self._obstacle = self._obstacle, why
        if why is not None and before is None:
            logger.warning(
                "the message queue at %s:%d cannot accept readers: %s; it tries again every %g s. "
                "Raise the limit of open files (ulimit -n) where that is it",
                self.host,
                self.port,
                why,
                _NO_MEANS_PAUSE_S,
            )

    def _move(self, peer: _Peer, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                with self._changed:
                    data = peer.outbox[0] if peer.outbox else None
                if data is not None:
                    self._sent(peer, data, peer.connection.send(data[:_SEND_BYTES]))
            if events & selectors.EVENT_READ:
                known = peer.rank is not None
                data_in = peer.connection.recv(
                    _READ_BYTES if known else _HELLO.size - len(peer.inbox)
                )
                if not data_in:
                    self._drop(peer, "it closed the connection")
                elif known:
                    with self._changed:
                        peer.acknowledged += len(data_in)
                        self._changed.notify_all()
                else:
                    peer.inbox += data_in
                    if len(peer.inbox) == _HELLO.size:
                        self._introduce(peer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._drop(peer, str(error))

    def _sent(self, peer: _Peer, data: memoryview, count: int) -> None:
        with self._changed:
            if count == len(data):
                peer.outbox.popleft()
            else:
                peer.outbox[0] = data[count:]

    def _introduce(self, peer: _Peer) -> None:
        magic, rank, challenge, proof = _HELLO.unpack(peer.inbox)
        wanted = _proof(self._token, b"reader", peer.challenge, rank)
        if magic != _MAGIC or not hmac.compare_digest(proof, wanted):
            self._drop(peer, "it does not have the queue's handle")
            return
        with self._changed:
            taken = rank in self._readers or len(self._readers) == self._n_reader
        if taken:
            self._drop(peer, "its rank is taken")
            return
        self._strangers.remove(peer)
        with self._changed:
            peer.rank, peer.acknowledged = rank, self._submitted
            peer.outbox.append(memoryview(_proof(self._token, b"writer", challenge, rank)))
            self._readers[rank] = peer
            self._changed.notify_all()

    def _drop(self, peer: _Peer, why: str) -> None:
        if peer.connection.fileno() < 0:
            return  # dropped before, in the same round
        self._selector.unregister(peer.connection)
        peer.connection.close()
        if peer.rank is None:
            self._strangers.remove(peer)
            return
        with self._changed:
            del self._readers[peer.rank]
            self._lost[peer.rank] = why
            self._changed.notify_all()

    def _close_everything(self) -> None:
        with self._changed:
            peers = [*self._strangers, *self._readers.values()]
            self._changed.notify_all()
        for connection in [self._listener, self._woken, self._wake, *(p.connection for p in peers)]:
            connection.close()
        self._selector.close()


class SocketReader:
    """A reader's side. Connects at once; `introduce` waits for the writer."""

    def __init__(self, host: str, port: int, token: bytes, rank: int, timeout_s: float) -> None:
        self._token, self._rank = token, rank
        self._where = f"{host}:{port}"
        self._greeted = False
        self.assembler = Assembler()
        try:
            self._connection = socket.create_connection(
                (host, port), min(timeout_s, _LONGEST_CONNECT_S)
            )
        except OSError as error:
            raise MessageQueueError(
                f"the writer of the message queue cannot be reached at {self._where}: {error}. It "
                f"is gone, or its connect_ip is not reachable from here",
                host=host,
                port=port,
            ) from error
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connection.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLIN)
        self._inbox = bytearray()
        self._challenge = secrets.token_bytes(_CHALLENGE_BYTES)

    def introduce(self, wait_s: float) -> bool:
        """Exchange proofs of identity with the writer; return whether that is done.

        Waits for at most `wait_s`, to be called again.
        """
        wanted = _CHALLENGE_BYTES + _PROOF_BYTES
        if not self._poll.poll(wait_s * 1000):
            return False
        data = self._receive_some(wanted - len(self._inbox))
        self._inbox += data
        if not self._greeted and len(self._inbox) >= _CHALLENGE_BYTES:
            proof = _proof(
                self._token, b"reader", bytes(self._inbox[:_CHALLENGE_BYTES]), self._rank
            )
            self._send(_HELLO.pack(_MAGIC, self._rank, self._challenge, proof))
            self._greeted = True
        if len(self._inbox) < wanted:
            return False
        expected = _proof(self._token, b"writer", self._challenge, self._rank)
        if not hmac.compare_digest(bytes(self._inbox[_CHALLENGE_BYTES:]), expected):
            raise MessageQueueError(f"{self._where} is not the writer of this message queue")
        return True

    def receive(self, wait_s: float) -> bool:
        """Take in what has come of the next frame; return whether it is complete.

        Waits for at most `wait_s`, to be called again. Raises `MessageQueueClosedError` if the
        writer is gone.
        """
        target = self.assembler.target
        while target is not None:
            try:
                count = self._connection.recv_into(target)
            except (BlockingIOError, InterruptedError):
                if not self._poll.poll(wait_s * 1000):
                    return False
                continue
            except OSError as error:
                raise self._gone(str(error)) from error
            if count == 0:
                raise self._gone("it closed the connection without a goodbye")
            self.assembler.advance(count)
            if self.assembler.said_goodbye:
                raise MessageQueueClosedError(
                    "the writer has shut the message queue down, and everything it sent was read"
                )
            target = self.assembler.target
        return True

    def acknowledge(self) -> None:
        """Tell the writer that a frame has been taken out."""
        self._send(_ACK)

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._connection.close()

    def _receive_some(self, most: int) -> bytes:
        try:
            data = self._connection.recv(most)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise self._gone(str(error)) from error
        if not data:
            raise self._gone(
                "it closed the connection: another reader may have this rank, or the handle is of "
                "another queue"
            )
        return data

    def _send(self, data: bytes) -> None:
        # These few bytes fit the socket's buffer, unless the writer has not read for a million
        # frames: then it is waited for.
        while data:
            try:
                data = data[self._connection.send(data) :]
            except BlockingIOError:
                select.select([], [self._connection], [], 1.0)
            except OSError as error:
                raise self._gone(str(error)) from error

    def _gone(self, why: str) -> MessageQueueClosedError:
        return MessageQueueClosedError(
            f"the writer of the message queue at {self._where} is gone: {why}", writer=self._where
        )


def _proof(token: bytes, side: bytes, challenge: bytes, rank: int) -> bytes:
    return hmac.digest(token, b"%s %d %s" % (side, rank, challenge), "sha256")
