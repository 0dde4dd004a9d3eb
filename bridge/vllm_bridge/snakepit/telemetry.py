"""Events of the calls, for the open telemetry streams: start, stop, exception.

Names and measurements are among those that Snakepit knows; it drops others.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from queue import SimpleQueue

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge.codec.errors import BridgeError, Category

START = ("python", "call", "start")
STOP = ("python", "call", "stop")
EXCEPTION = ("python", "call", "exception")

MAX_STREAMS = 4
"""Open telemetry streams of one worker. Snakepit opens one."""

MAX_BEHIND = 1_000
"""Events that a stream has not sent yet; later ones are dropped, and counted in `dropped`."""


@dataclass
class CallEvents:
    """What the events of one call have in common."""

    metadata: Mapping[str, str]
    correlation_id: str
    # A call is in a sample with all of its events or with none.
    draw: float = field(default_factory=random.random)


class Telemetry:
    """The open streams."""

    def __init__(self, limit: int = MAX_STREAMS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._streams: tuple[TelemetryStream, ...] = ()

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return any(stream.enabled for stream in self._streams)

    def open(self) -> TelemetryStream:
        """A new stream, which says nothing before it is toggled.

        Raises:
            BridgeError: (pool, `too_many_streams`) there are as many as may be.
        """
        with self._lock:
            if len(self._streams) >= self._limit:
                raise BridgeError(
                    Category.POOL,
                    "too_many_streams",
                    f"{self._limit} telemetry streams are open already; close one",
                    details={"limit": self._limit},
                )
            stream = TelemetryStream()
            self._streams = (*self._streams, stream)
        return stream

    def close(self, stream: TelemetryStream) -> None:
        """End a stream. May be called twice."""
        with self._lock:
            self._streams = tuple(known for known in self._streams if known is not stream)
        stream.end()

    def start(self, call: CallEvents) -> None:
        """A call begins to run."""
        self._emit(START, call, {"system_time": time.time_ns(), "count": 1}, {})

    def stop(self, call: CallEvents, seconds: float) -> None:
        """It has returned."""
        self._emit(STOP, call, {"duration": int(seconds * 1e9), "count": 1}, {})

    def exception(self, call: CallEvents, seconds: float, error_type: str) -> None:
        """It has failed."""
        measured = {"duration": int(seconds * 1e9), "count": 1}
        self._emit(EXCEPTION, call, measured, {"error_type": error_type})

    def _emit(
        self,
        parts: Sequence[str],
        call: CallEvents,
        measurements: Mapping[str, int],
        more: Mapping[str, str],
    ) -> None:
        name = ".".join(parts)
        wanted = [stream for stream in self._streams if stream.wants(name, call.draw)]
        if not wanted:
            return
        event = pb.TelemetryEvent(
            event_parts=parts,
            metadata={**call.metadata, **more},
            timestamp_ns=time.time_ns(),
            correlation_id=call.correlation_id,
        )
        for key, value in measurements.items():
            event.measurements[key].int_value = value
        for stream in wanted:
            stream.put(event)


class TelemetryStream:
    """One reader: what it wants, and what it has not read yet."""

    def __init__(self) -> None:
        self.enabled = False
        self._rate = 1.0
        self._sampled: tuple[str, ...] = ()
        self._allow: tuple[str, ...] = ()
        self._deny: tuple[str, ...] = ()
        self._events: SimpleQueue[pb.TelemetryEvent | None] = SimpleQueue()
        self._dropped = 0

    def control(self, message: pb.TelemetryControl) -> None:
        """Apply what the reader asks for."""
        kind = message.WhichOneof("control")
        if kind == "toggle":
            self.enabled = message.toggle.enabled
        elif kind == "sampling":
            self._rate = min(max(message.sampling.sampling_rate, 0.0), 1.0)
            self._sampled = tuple(message.sampling.event_patterns)
        elif kind == "filter":
            self._allow = tuple(message.filter.allow)
            self._deny = tuple(message.filter.deny)

    def wants(self, name: str, draw: float) -> bool:
        """Whether the reader wants an event of that name, of a call that drew that number.

        Patterns are those of a shell, such as `python.call.*`. The sampling rate holds for events
        that match one of its patterns, or for all where it has none.
        """
        if not self.enabled or _matches(name, self._deny):
            return False
        if self._allow and not _matches(name, self._allow):
            return False
        sampled = not self._sampled or _matches(name, self._sampled)
        return not sampled or draw < self._rate

    def put(self, event: pb.TelemetryEvent) -> None:
        """Queue an event, or drop it where the reader is too far behind."""
        if self._events.qsize() >= MAX_BEHIND:
            self._dropped += 1
            return
        if self._dropped:
            event.metadata["dropped"], self._dropped = str(self._dropped), 0
        self._events.put(event)

    def end(self) -> None:
        """No event comes after those that are queued."""
        self._events.put(None)

    def __iter__(self) -> Iterator[pb.TelemetryEvent]:
        """The events, as they come; ends with the stream."""
        return iter(self._events.get, None)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
