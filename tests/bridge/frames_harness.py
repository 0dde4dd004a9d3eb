"""A rank's frames socket for tests, scripted by a function; and which carrier a session has."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.errors import BridgeError, Category

LENGTH = struct.Struct("!I")


class Peer:
    """The far end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._sending = threading.Lock()
        # In the order in which they came.
        self.received: list[Frame] = []

    def frames(self) -> Iterator[Frame]:
        """What comes, up to the end."""
        while (header := self._exactly(LENGTH.size)) is not None:
            body = self._exactly(LENGTH.unpack(header)[0])
            if body is None:
                return
            self.received.append(Frame.FromString(body))
            yield self.received[-1]

    def send(self, frame: Frame) -> None:
        body = frame.SerializeToString()
        self.send_bytes(LENGTH.pack(len(body)) + body)

    def send_bytes(self, data: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._socket.sendall(data)

    def reply(self, number: int, body: bytes) -> None:
        self.send(Frame(id=number, reply=Frame.Reply(body=body)))

    def fail(self, number: int, error: BridgeError) -> None:
        failure = Frame.Failure(code=error.status.value[0], message=error.message)
        failure.error.CopyFrom(error.to_detail())
        self.send(Frame(id=number, failure=failure))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                piece = self._socket.recv(min(count - len(data), 1 << 20))
            except OSError:
                return None
            if not piece:
                return None
            data += piece
        return data


class FramesServer:
    """Listens, and runs `serve(peer)` in a thread for each connection."""

    def __init__(self, path: Path, serve: Callable[[Peer], None]) -> None:
        self.endpoint = f"unix:{path}"
        self.path = path
        self.peers: list[Peer] = []
        # Connections whose client has gone.
        self.ended = 0
        self._serve = serve
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(sock)
            self.peers.append(peer)
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer: Peer) -> None:
        self._serve(peer)
        self.ended += 1
        peer.close()

    @property
    def received(self) -> list[Frame]:
        """What all connections have brought."""
        return [frame for peer in self.peers for frame in peer.received]

    def kinds(self) -> list[str | None]:
        return [frame.WhichOneof("kind") for frame in self.received]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for peer in self.peers:
            peer.close()
        self.path.unlink(missing_ok=True)


def echo(peer: Peer) -> None:
    """Answers each call with its body; the word "silence" with nothing."""
    for frame in peer.frames():
        if frame.WhichOneof("kind") == "call" and frame.call.body != b"silence":
            asks = frame.call.method.endswith("/Withdraw")
            peer.reply(frame.id, b"" if asks else frame.call.body)


def over(client: Client, session: Session, place: FramesServer | str) -> Session:
    """The session, as if its rank took frames there; the empty string: nowhere."""
    info = type(session.info)()
    info.CopyFrom(session.info)
    info.frames_endpoint = place if isinstance(place, str) else place.endpoint
    return Session(client._link, info)


def strict_session(client: Client, carrier: str) -> Session:
    """One of a fake rank, over that carrier."""
    session = client.open_session(affinity="strict_queue")
    session = session if carrier == "frames" else over(client, session, "")
    assert session.carrier == carrier
    return session


REFUSED = BridgeError(Category.VALIDATION, "scripted", "scripted failure", details={"value": 7})

MOMENT = timedelta(seconds=1)
