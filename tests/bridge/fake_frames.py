"""What the fake rank serves over gRPC, in frames: a thread for each connection and each call."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import TRAILER, detail_in
from vllm_bridge.transport import control

Serve = Callable[[str, bytes, Any], bytes]


def listen(endpoint: str, serve: Serve) -> None:
    """Take connections there until the process ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(endpoint.removeprefix("unix:"))
    listener.listen()

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_Connection(connection, serve).read, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class _Aborted(Exception):
    pass


class _Context:
    """Stands in for grpc's."""

    def __init__(self, call: Frame.Call) -> None:
        self.metadata = [(pair.key, _value(pair)) for pair in call.metadata]
        self.ends = time.monotonic() + call.timeout_us / 1e6 if call.timeout_us else None
        self.trailers: tuple[tuple[str, str | bytes], ...] = ()
        self.failure: tuple[int, str] | None = None
        self.gone = False

    def invocation_metadata(self) -> list[tuple[str, str | bytes]]:
        return self.metadata

    def time_remaining(self) -> float | None:
        return None if self.ends is None else self.ends - time.monotonic()

    def is_active(self) -> bool:
        return not self.gone

    def send_initial_metadata(self, metadata: object) -> None:
        """Replies in frames have none."""

    def set_trailing_metadata(self, trailers: tuple[tuple[str, str | bytes], ...]) -> None:
        self.trailers = tuple(trailers)

    def abort(self, code: Any, message: str) -> NoReturn:
        self.failure = code.value[0], message
        raise _Aborted


class _Connection:
    def __init__(self, connection: socket.socket, serve: Serve) -> None:
        self._socket = connection
        self._serve = serve
        self._sending = threading.Lock()
        self._open: dict[int, _Context] = {}

    def read(self) -> None:
        frames = control.Frames()
        while data := control.receive_some(self._socket):
            for body in frames.feed(data):
                frame = Frame.FromString(body)
                if frame.WhichOneof("kind") == "cancel":
                    if frame.id in self._open:
                        self._open[frame.id].gone = True
                    continue
                context = self._open[frame.id] = _Context(frame.call)
                threading.Thread(target=self._run, args=(frame, context), daemon=True).start()
        for context in list(self._open.values()):
            context.gone = True

    def _run(self, frame: Frame, context: _Context) -> None:
        answer = Frame(id=frame.id)
        try:
            answer.reply.body = self._serve(frame.call.method, frame.call.body, context)
            answer.reply.trailers.extend(map(_pair, context.trailers))
        except _Aborted:
            assert context.failure is not None
            answer.failure.code, answer.failure.message = context.failure
            detail = detail_in(context.trailers)
            if detail is not None:
                answer.failure.error.CopyFrom(detail)
            others = [pair for pair in context.trailers if pair[0] != TRAILER]
            answer.failure.trailers.extend(map(_pair, others))
        del self._open[frame.id]
        with self._sending:
            control.send(self._socket, answer)


def _value(pair: Frame.Pair) -> str | bytes:
    return pair.value if pair.key.endswith("-bin") else pair.value.decode()


def _pair(pair: tuple[str, str | bytes]) -> Frame.Pair:
    key, value = pair
    return Frame.Pair(key=key, value=value.encode() if isinstance(value, str) else value)


def wanted() -> bool:
    """Whether the fake ranks of a pool take frames."""
    return os.environ.get("FAKE_RANK_FRAMES") != "0"
