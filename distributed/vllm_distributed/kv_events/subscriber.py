"""Who routes requests follows the events of a cache, and knows what it has missed.

A subscriber has no thread. ZeroMQ keeps what arrives, `max_waiting` batches at most, until somebody
asks for it; what comes beyond that is dropped, here or at the publisher, and found to be missing by
its number when the next batch arrives. Then the publisher is asked for it. What it does not have
any more is told, so that whoever follows the cache can begin anew.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TypeAlias

import msgspec
import zmq
import zmq.asyncio
from typing_extensions import Self

from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidTypeError
from vllm_distributed.kv_events.endpoints import check_endpoint
from vllm_distributed.kv_events.events import KVEventBatch, decode_batch
from vllm_distributed.kv_events.publisher import ZmqEventPublisher
from vllm_distributed.logger import init_logger

__all__ = ["KVEventSubscriber", "LostBatches", "PublisherRestarted", "ReceivedBatch"]

_logger = init_logger(__name__)

LARGEST_BYTES = 256 << 20
"""A batch that is larger ends the connection to its publisher."""


class ReceivedBatch(msgspec.Struct, frozen=True):
    """A batch, in its place in the order of its publisher."""

    sequence: int
    """Its number, from 0."""
    topic: str
    batch: KVEventBatch
    replayed: bool = False
    """Whether it was missed and asked for."""
    unknown_events: int = 0
    """How many of its events are of a kind that this version does not know; they are left out."""


class LostBatches(msgspec.Struct, frozen=True):
    """Batches that cannot be had any more, or that could not be read. What was in them is unknown:
    what is believed of the cache may be wrong."""

    first: int
    last: int
    """Their numbers, both of them included."""
    why: str


class PublisherRestarted(msgspec.Struct, frozen=True):
    """The numbers begin anew: another process publishes, whose cache began empty."""

    last_sequence: int
    """The number of the last batch of the one before."""


Item: TypeAlias = ReceivedBatch | LostBatches | PublisherRestarted


class KVEventSubscriber:
    """Follows one publisher. Iterate over it, or call `receive`; in asyncio, `async for`.

    Items come in the order of the publisher, each number once. For one thread at a time, and for
    one process. Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        endpoint: str,
        replay_endpoint: str | None = None,
        topic: str = "",
        *,
        first_sequence: int | None = None,
        max_waiting: int = 10_000,
        replay_timeout_s: float = 10.0,
    ) -> None:
        """Connect to a publisher, which may begin later, and may end and come back.

        `topic` is what the topic of a batch must begin with. `replay_endpoint` is where to ask for
        what was missed; without it, what was missed is lost. `first_sequence` is the number that
        the caller wants to begin with: what came before the first batch that arrives is asked for.
        None: begin with what arrives. `max_waiting` batches are kept here for a slow caller.
        `replay_timeout_s` is how long to wait for each of the batches asked for.

        Raises:
            InvalidTypeError, InvalidArgumentError: for a value that is none, with its name.
        """
        check_endpoint("endpoint", endpoint)
        if replay_endpoint is not None:
            check_endpoint("replay_endpoint", replay_endpoint)
        if not isinstance(topic, str):
            raise InvalidTypeError(
                f"topic must be a string, got {type(topic).__name__}", argument="topic"
            )
        for name, value, least in (
            ("first_sequence", 0 if first_sequence is None else first_sequence, 0),
            ("max_waiting", max_waiting, 1),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
            if value < least:
                raise InvalidArgumentError(
                    f"{name} must be at least {least}, got {value}", argument=name, value=value
                )
        if not isinstance(replay_timeout_s, (int, float)) or not 0 < replay_timeout_s < 1e9:
            raise InvalidArgumentError(
                f"replay_timeout_s must be a number of seconds above 0, got {replay_timeout_s!r}",
                argument="replay_timeout_s",
            )
        self._replay_endpoint = replay_endpoint
        self._replay_timeout_s = float(replay_timeout_s)
        self._max_waiting = max_waiting
        # The number that comes next, and the latest one that came by itself.
        self._expected = first_sequence
        self._latest = -1
        self._ready: deque[Item] = deque()
        # What arrived behind something that is missing, until that is there or lost.
        self._parked: tuple[int, bytes, bytes] | None = None
        self._answer_until = 0.0
        self._closed = False
        self._ctx: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._replay: zmq.Socket[bytes] | None = None
        self._sub: zmq.Socket[bytes] = self._socket(zmq.SUB, endpoint, max_waiting)
        self._sub.setsockopt(zmq.SUBSCRIBE, topic.encode())

    def receive(self, timeout_s: float | None = None) -> Item | None:
        """Return the next item, or None where none came within `timeout_s` seconds; None waits for
        ever.

        Raises `InvalidArgumentError` where the subscriber is closed.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (item := self._next()) is None and not _past(until):
            poller = zmq.Poller()
            poller.register(self._awaited(), zmq.POLLIN)
            poller.poll(self._wait_ms(until))
        return item

    async def receive_async(self, timeout_s: float | None = None) -> Item | None:
        """As `receive`, and lets others run while it waits."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (item := self._next()) is None and not _past(until):
            poller = zmq.asyncio.Poller()
            poller.register(self._awaited(), zmq.POLLIN)
            await poller.poll(self._wait_ms(until))
        return item

    def __iter__(self) -> Iterator[Item]:
        while not self._closed:
            item = self.receive()
            if item is not None:
                yield item

    async def __aiter__(self) -> AsyncIterator[Item]:
        while not self._closed:
            item = await self.receive_async()
            if item is not None:
                yield item

    def close(self) -> None:
        """Leave the publisher. Again: does nothing."""
        self._closed = True
        self._sub.close(linger=0)
        self._drop_replay()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"next {self._expected}"
        return f"<KVEventSubscriber {state}>"

    # What there is, without waiting

    def _next(self) -> Item | None:
        if self._closed:
            raise InvalidArgumentError("this subscriber is closed: make another one")
        while not self._ready:
            if self._parked is not None:
                if not self._take_answer():
                    return None
            elif not self._take_live():
                return None
        return self._ready.popleft()

    def _take_live(self) -> bool:
        """Handle a batch that has arrived by itself; False: none has."""
        frames = _received(self._sub)
        if frames is None:
            return False
        if len(frames) != 3 or len(frames[1]) != 8:
            _logger.warning(
                "a message with frames of %s bytes is no batch of events: it is passed over",
                [len(frame) for frame in frames],
            )
            return True
        topic, number, payload = frames
        sequence = int.from_bytes(number, "big")
        if sequence <= self._latest:
            last = max(self._latest, (self._expected or 0) - 1)
            self._ready.append(PublisherRestarted(last))
            self._expected = 0
        self._latest = sequence
        if self._expected is None or sequence == self._expected:
            self._deliver(sequence, topic, payload, replayed=False)
        elif sequence > self._expected:
            self._parked = (sequence, topic, payload)
            self._ask()
        # Else it was asked for, and is known.
        return True

    def _ask(self) -> None:
        """Ask for all from the expected one on; `_parked` says up to which."""
        if self._replay_endpoint is None:
            self._give_up("there is no replay_endpoint to ask for them")
            return
        self._replay = self._socket(zmq.DEALER, self._replay_endpoint, self._max_waiting)
        assert self._expected is not None  # noqa: S101 - for the type checker
        self._replay.send_multipart((b"", self._expected.to_bytes(8, "big")))
        self._answer_until = time.monotonic() + self._replay_timeout_s

    def _take_answer(self) -> bool:
        """Handle a batch that was asked for; False: there is none yet."""
        if self._replay is None or self._parked is None or self._expected is None:
            return True
        frames = _received(self._replay)
        if frames is None:
            if time.monotonic() < self._answer_until:
                return False
            self._give_up(
                f"{self._replay_endpoint} did not answer within {self._replay_timeout_s:g} s"
            )
            return True
        self._answer_until = time.monotonic() + self._replay_timeout_s
        # vLLM before 0.14 sent no topic again.
        frames = frames[1:] if frames[:1] == [b""] and len(frames) in (3, 4) else frames
        *topics, number, payload = frames if len(frames) in (2, 3) else (b"", b"")
        sequence = int.from_bytes(number, "big")
        if number == ZmqEventPublisher.END_SEQ:
            self._give_up("the publisher does not have them any more")
        elif len(number) != 8:
            self._give_up(f"{self._replay_endpoint} answered something else than batches")
        elif sequence >= self._parked[0]:
            self._give_up("the publisher does not have them any more")
        elif sequence >= self._expected:
            self._lose(sequence - 1, "the publisher does not have them any more")
            topic = topics[0] if topics else self._parked[1]
            self._deliver(sequence, topic, payload, replayed=True)
            if self._expected == self._parked[0]:
                self._give_up("")
        return True

    def _give_up(self, why: str) -> None:
        """Nothing more comes of what was asked for: what is missing is lost."""
        parked, self._parked = self._parked, None
        self._drop_replay()
        if parked is not None:
            sequence, topic, payload = parked
            self._lose(sequence - 1, why)
            self._deliver(sequence, topic, payload, replayed=False)

    def _lose(self, last: int, why: str) -> None:
        if self._expected is not None and self._expected <= last:
            self._ready.append(LostBatches(self._expected, last, why))
            self._expected = last + 1

    def _deliver(self, sequence: int, topic: bytes, payload: bytes, *, replayed: bool) -> None:
        self._expected = sequence + 1
        try:
            batch, unknown = decode_batch(payload)
        except EncodingError as error:
            self._ready.append(LostBatches(sequence, sequence, f"it cannot be read: {error}"))
            return
        text = topic.decode(errors="replace")
        self._ready.append(ReceivedBatch(sequence, text, batch, replayed, unknown))

    # Sockets

    def _socket(self, kind: int, endpoint: str, most: int) -> zmq.Socket[bytes]:
        socket: zmq.Socket[bytes] = self._ctx.socket(kind)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RCVHWM, most)
            socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_BYTES)
            if endpoint.startswith("tcp://["):
                socket.setsockopt(zmq.IPV6, 1)
            socket.connect(endpoint.replace("tcp://*:", "tcp://127.0.0.1:"))
        except zmq.ZMQError as error:
            socket.close(linger=0)
            raise InvalidArgumentError(
                f"cannot connect to {endpoint}: {error.strerror}", endpoint=endpoint
            ) from error
        return socket

    def _awaited(self) -> zmq.Socket[bytes]:
        return self._sub if self._parked is None or self._replay is None else self._replay

    def _wait_ms(self, until: float | None) -> int:
        """How long to wait for a socket; -1: for ever."""
        ends = [] if until is None else [until]
        if self._parked is not None:
            ends.append(self._answer_until)
        return max(math.ceil((min(ends) - time.monotonic()) * 1000), 0) if ends else -1

    def _drop_replay(self) -> None:
        if self._replay is not None:
            self._replay.close(linger=0)
            self._replay = None


def _past(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until


def _received(socket: zmq.Socket[bytes]) -> list[bytes] | None:
    try:
        return socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None
