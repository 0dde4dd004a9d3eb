"""Who routes requests follows the events of a cache, and knows what it has missed.

A subscriber has no thread. ZeroMQ keeps what arrives, `max_waiting` batches at most, until somebody
asks for it; what comes beyond that is dropped, here or at the publisher, and found to be missing by
its number when the next batch arrives. Then the publisher is asked for it. What it does not have
any more is told, so that the one who follows the cache can start over.

A connection that broke may lead to another process, whose numbers tell nothing where it has gone
as far as the one before. So over a new connection the publisher is asked at once for what there was
meanwhile, and for the batch before as well: it is the same process where that is the same bytes.
"""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from types import TracebackType

import zmq
import zmq.asyncio
from typing_extensions import Self

from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidTypeError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.kv_events.connection import Connection
from vllm_distributed.kv_events.endpoints import check_endpoint
from vllm_distributed.kv_events.events import decode_batch
from vllm_distributed.kv_events.items import (
    Item,
    LostBatches,
    PublisherRestarted,
    ReceivedBatch,
    SubscriberCounts,
)
from vllm_distributed.logger import init_logger

__all__ = ["KVEventSubscriber"]

_logger = init_logger(__name__)

_END = (1 << 64) - 1
RECONNECT_S = 0.1
"""A publisher that is not there is asked for so often."""


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
        self._address = (zmq.SUB, endpoint, max_waiting, topic)
        self._replay_endpoint = replay_endpoint
        self._replay_timeout_s = float(replay_timeout_s)
        self._counts = SubscriberCounts()
        # The number that comes next, the latest one after which one comes by itself, and the batch
        # before the next one, by which its publisher is known.
        self._expected = first_sequence
        self._latest = -1
        self._before: bytes | None = None
        self._topic = topic.encode()
        self._ready: deque[Item] = deque()
        # What arrived behind something that is missing, until that is there or lost; or over
        # another connection than the batch before (`_unsure`), until it is known from whom.
        self._parked: tuple[int, bytes, bytes] | None = None
        self._unsure = False
        self._asked_for = 0
        self._answer_until = 0.0
        self._closed = False
        self._replay: Connection | None = None
        self._connection = Connection(*self._address)
        self._caught_up = False
        self._again_at = time.monotonic() + RECONNECT_S
        what = f"the subscriber to the events of {endpoint}"
        leave_to_parent(self, what, "_connection", "_replay")

    @property
    def counts(self) -> SubscriberCounts:
        """How many batches were received, asked for, lost so far; a copy."""
        return copy.copy(self._counts)

    def receive(self, timeout_s: float | None = None) -> Item | None:
        """Return the next item, or None where none came within `timeout_s` seconds; None waits for
        ever.

        Raises `InvalidArgumentError` where the subscriber is closed, and `ForkedProcessError` in a
        forked child.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (item := self._next()) is None and not _past(until):
            (self._replay or self._connection).wait(self._wait_ms(until))
        return item

    async def receive_async(self, timeout_s: float | None = None) -> Item | None:
        """As `receive`, and lets others run while it waits."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (item := self._next()) is None and not _past(until):
            poller = zmq.asyncio.Poller()
            for socket in (self._replay or self._connection).awaited():
                poller.register(socket, zmq.POLLIN)
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
        self._connection.close()
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
            if self._replay is not None:
                if not self._take_answer(self._replay):
                    return None
            elif not self._take_live():
                return None
        return self._ready.popleft()

    def _take_live(self) -> bool:
        """Handle a batch that has arrived by itself; False: none has."""
        frames = self._connection.receive()
        if frames is None:
            return self._connect_again() or self._catch_up()
        self._caught_up = True
        if len(frames) != 3 or len(frames[1]) != 8:
            _logger.warning(
                "a message with frames of %s bytes is no batch of events: it is passed over",
                [len(frame) for frame in frames],
            )
            return True
        topic, number, payload = frames
        self._topic = topic
        sequence = int.from_bytes(number, "big")
        if sequence <= self._latest:
            self._restarted(max(self._latest, (self._expected or 0) - 1))
        self._latest = sequence
        if self._unsure or (self._expected is not None and sequence > self._expected):
            self._parked = (sequence, topic, payload)
            self._ask((self._expected or 0) - self._unsure)
        elif self._expected is None or sequence == self._expected:
            self._deliver(sequence, topic, payload, replayed=False)
        # Else it comes before the first that is wanted.
        return True

    def _connect_again(self) -> bool:
        """Connect where the connection broke; False: it did not, or was tried just now."""
        if not self._connection.broken or not _past(self._again_at):
            return False
        self._connection.close()
        self._connection = Connection(*self._address)
        self._caught_up = False
        self._again_at = time.monotonic() + RECONNECT_S
        if self._before is not None:
            self._unsure = True
            # All that is known came before this connection was made.
            self._latest = max(self._latest, (self._expected or 0) - 1)
        return True

    def _catch_up(self) -> bool:
        """Ask over a new connection for what there was before; False: it is not new."""
        if self._caught_up or not self._connection.made or self._expected is None:
            return False
        self._caught_up = True
        if self._replay_endpoint is not None:
            self._ask(self._expected - self._unsure)
        return self._replay is not None

    def _ask(self, start: int) -> None:
        """Ask for all from this number on: up to the one that is parked, or for all there are.
        Where it is not sure who publishes, it is the number of the batch before the expected one.
        """
        if self._replay_endpoint is None:
            self._give_up("there is no replay_endpoint to ask for them")
            return
        self._drop_replay()
        try:
            self._replay = Connection(zmq.DEALER, self._replay_endpoint, self._address[2])
        except InvalidArgumentError as error:
            self._give_up(str(error))
            return
        self._replay.send(b"", start.to_bytes(8, "big"))
        self._asked_for = start
        self._answer_until = time.monotonic() + self._replay_timeout_s

    def _take_answer(self, replay: Connection) -> bool:
        """Handle a batch that was asked for; False: there is none yet."""
        frames = replay.receive()
        if frames is None:
            if replay.broken:
                self._give_up(f"{self._replay_endpoint} went away while it was asked for them")
                return True
            if time.monotonic() < self._answer_until:
                return False
            self._give_up(
                f"{self._replay_endpoint} did not answer within {self._replay_timeout_s:g} s"
            )
            return True
        self._answer_until = time.monotonic() + self._replay_timeout_s
        # vLLM up to 0.14 does not send the topic again: it is that of the last that came by itself.
        frames = frames[1:] if frames[:1] == [b""] and len(frames) in (3, 4) else frames
        *topics, number, payload = frames if len(frames) in (2, 3) else (b"", b"")
        if len(number) == 8:
            self._answered(int.from_bytes(number, "big"), payload, topics)
        else:
            self._give_up(f"{self._replay_endpoint} answered something else than batches")
        return True

    def _answered(self, sequence: int, payload: bytes, topics: list[bytes]) -> None:
        expected = self._expected or 0
        if self._unsure and sequence < expected:
            self._unsure = False
            if sequence == expected - 1 and payload == self._before:
                self._end_where_all_is_there()
                return
            # Another process. Numbers that it has sent by itself may be in the queue.
            self._restarted(expected - 1)
            if self._parked is None:
                self._latest = -1
            if sequence == expected - 1:
                self._ask(0)
                return
        if sequence >= (_END if self._parked is None else self._parked[0]):
            if self._unsure and self._parked is None and self._asked_for > 0:
                self._ask(0)  # If there are any, the numbers have started again.
                return
            if self._parked is None:
                self._lose(expected - 1, "")
            self._give_up("the publisher does not have them any more")
        elif sequence >= (self._expected or 0):
            self._lose(sequence - 1, "the publisher does not have them any more")
            topic = topics[0] if topics else self._topic
            self._deliver(sequence, topic, payload, replayed=True)
            self._end_where_all_is_there()

    def _end_where_all_is_there(self) -> None:
        if self._parked is not None and self._expected == self._parked[0]:
            self._give_up("")

    def _give_up(self, why: str) -> None:
        """Nothing more comes of what was asked for: what is missing up to there is lost."""
        parked, self._parked = self._parked, None
        self._drop_replay()
        if parked is not None:
            sequence, topic, payload = parked
            self._lose(sequence - 1, why)
            self._deliver(sequence, topic, payload, replayed=False)

    def _lose(self, last: int, why: str) -> None:
        """What is missing up to this number is lost. If nothing is, and it is not sure who
        publishes, it stays so."""
        if self._expected is None:
            return
        if self._expected <= last:
            self._counts.lost += last + 1 - self._expected
            self._ready.append(LostBatches(self._expected, last, why))
            self._expected = last + 1
        elif self._unsure:
            self._counts.restarts += 1
            self._ready.append(PublisherRestarted(last, certain=False))
        self._unsure = False

    def _restarted(self, last: int) -> None:
        self._counts.restarts += 1
        self._ready.append(PublisherRestarted(last))
        self._expected = 0
        self._before = None
        self._unsure = False

    def _deliver(self, sequence: int, topic: bytes, payload: bytes, *, replayed: bool) -> None:
        self._expected = sequence + 1
        self._before = payload
        try:
            batch, unknown = decode_batch(payload)
        except EncodingError as error:
            self._counts.lost += 1
            self._ready.append(LostBatches(sequence, sequence, f"it cannot be read: {error}"))
            return
        self._counts.received += 1
        self._counts.replayed += replayed
        self._counts.unknown_events += unknown
        text = topic.decode(errors="replace")
        self._ready.append(ReceivedBatch(sequence, text, batch, replayed, unknown))

    # Sockets

    def _wait_ms(self, until: float | None) -> int:
        """How long to wait for a socket; -1: for ever."""
        ends = [] if until is None else [until]
        if self._replay is not None:
            ends.append(self._answer_until)
        elif self._connection.broken:
            ends.append(self._again_at)
        return max(math.ceil((min(ends) - time.monotonic()) * 1000), 0) if ends else -1

    def _drop_replay(self) -> None:
        if self._replay is not None:
            self._replay.close()
            self._replay = None


def _past(until: float | None) -> bool:
    return until is not None and time.monotonic() >= until
