"""A frames connection as a client has it, for tests: plain sockets, one thread, and no cleverness.

What comes for one call while another is waited for is kept for that one.
"""

from __future__ import annotations

import itertools
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from types import TracebackType

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import BridgeError

TIMEOUT_S = 20.0


class Closed(Exception):
    """The rank has closed the connection."""


class CallFailed(Exception):
    """What a call ended with."""

    def __init__(self, failure: Frame.Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure
        self.code: int = failure.code
        self.message: str = failure.message
        # None: it is one that gRPC itself would have made.
        self.error = BridgeError.from_detail(failure.error) if failure.HasField("error") else None

    @property
    def reason(self) -> str:
        return self.error.reason if self.error is not None else ""


def frames_beside(endpoint: str) -> str:
    """Where a rank takes frames that takes gRPC there."""
    return endpoint.removesuffix(".sock") + ".frames.sock"


def packed(frame: Frame) -> bytes:
    body = frame.SerializeToString()
    return struct.pack("!I", len(body)) + body


def pairs(metadata: Mapping[str, str | bytes]) -> list[Frame.Pair]:
    return [
        Frame.Pair(key=key, value=value.encode() if isinstance(value, str) else value)
        for key, value in metadata.items()
    ]


class FramesConnection:
    """One connection."""

    def __init__(self, endpoint: str, timeout_s: float = TIMEOUT_S) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout_s)
        self.socket.connect(endpoint.removeprefix("unix:"))
        self._ids = itertools.count(1)
        self._rest = bytearray()
        self._kept: dict[int, deque[Frame]] = defaultdict(deque)

    def __enter__(self) -> FramesConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, *frames: Frame) -> None:
        self.socket.sendall(b"".join(map(packed, frames)))

    def begin(
        self,
        method: str,
        body: bytes = b"",
        metadata: Mapping[str, str | bytes] | None = None,
        timeout_s: float = 0.0,
        call: int | None = None,
    ) -> int:
        """Send a call; its id."""
        call = next(self._ids) if call is None else call
        begun = Frame.Call(
            method=method,
            timeout_us=int(timeout_s * 1e6),
            metadata=pairs(metadata or {}),
            body=body,
        )
        self.send(Frame(id=call, call=begun))
        return call

    def open(self, method: str, metadata: Mapping[str, str | bytes], timeout_s: float = 0.0) -> int:
        """Begin a call in messages; its id."""
        call = next(self._ids)
        begun = Frame.Open(method=method, timeout_us=int(timeout_s * 1e6), metadata=pairs(metadata))
        self.send(Frame(id=call, open=begun))
        return call

    def messages(self, call: int, bodies: Iterable[bytes]) -> None:
        """All messages of an opened call, and that there are no more."""
        for body in bodies:
            self.send(Frame(id=call, message=Frame.Message(body=body)))
        self.send(Frame(id=call, half_close=Frame.HalfClose()))

    def cancel(self, call: int) -> None:
        self.send(Frame(id=call, cancel=Frame.Cancel()))

    def next(self) -> Frame:
        """The next frame, whatever it is of. Raises Closed."""
        while True:
            if len(self._rest) >= 4:
                (length,) = struct.unpack_from("!I", self._rest)
                if len(self._rest) >= 4 + length:
                    frame = Frame.FromString(bytes(self._rest[4 : 4 + length]))
                    del self._rest[: 4 + length]
                    return frame
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                raise Closed from None
            if not data:
                raise Closed
            self._rest += data

    def frame_of(self, call: int) -> Frame:
        """The next frame of one call. Raises Closed."""
        while not self._kept[call]:
            frame = self.next()
            self._kept[frame.id].append(frame)
        return self._kept[call].popleft()

    def answer(self, call: int) -> bytes:
        """How a call ends. Raises CallFailed, Closed."""
        frame = self.frame_of(call)
        if frame.WhichOneof("kind") == "failure":
            raise CallFailed(frame.failure)
        assert frame.WhichOneof("kind") == "reply", frame
        body: bytes = frame.reply.body
        return body

    def answers(self, call: int) -> list[bytes]:
        """All messages of an opened call, which was accepted. Raises CallFailed, Closed."""
        found = []
        while True:
            frame = self.frame_of(call)
            kind = frame.WhichOneof("kind")
            if kind == "message":
                found.append(frame.message.body)
            elif kind == "failure":
                raise CallFailed(frame.failure)
            elif kind == "reply":
                return found

    def call(
        self,
        method: str,
        body: bytes = b"",
        metadata: Mapping[str, str | bytes] | None = None,
        timeout_s: float = 0.0,
    ) -> bytes:
        """One call, to its end."""
        return self.answer(self.begin(method, body, metadata, timeout_s))
