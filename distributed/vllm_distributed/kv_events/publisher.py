"""Who holds a cache publishes its events.

`ZmqEventPublisher` has one thread, which owns both sockets: it sends what has been queued, and
answers those that missed something from the latest batches, which it keeps.
"""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import zmq

from vllm_distributed.background import background_thread
from vllm_distributed.errors import (
    DistributedError,
    InvalidArgumentError,
    InvalidTypeError,
    NameTakenError,
    PublisherClosedError,
)
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.kv_events.endpoints import Listener, check_endpoint, is_bound, offset_port
from vllm_distributed.kv_events.events import EventBatch, encode_batch
from vllm_distributed.logger import init_logger

if TYPE_CHECKING:
    from vllm_distributed.config.kv_events import KVEventsConfig

__all__ = [
    "EventPublisher",
    "EventPublisherFactory",
    "NullEventPublisher",
    "ZmqEventPublisher",
]

_logger = init_logger(__name__)

_SEQUENCE_BYTES = 8


class EventPublisher(ABC):
    """What events are given to. Source: vLLM.

    Each data parallel rank has one, which marks batches that do not say whose they are.
    """

    def __init__(self, data_parallel_rank: int = 0) -> None:
        self._data_parallel_rank = data_parallel_rank

    @abstractmethod
    def publish(self, events: EventBatch) -> None:
        """Send a batch, after those that were given before."""

    @abstractmethod
    def shutdown(self) -> None:
        """Send what is left, and end."""

    def get_publisher_config(self) -> KVEventsConfig | None:
        """Return the configuration it works with, ports that the system chose in it."""
        return None


class NullEventPublisher(EventPublisher):
    """Sends nothing. Source: vLLM."""

    def publish(self, events: EventBatch) -> None:
        """Do nothing."""

    def shutdown(self) -> None:
        """Do nothing."""


class ZmqEventPublisher(EventPublisher):
    """Publishes batches over ZeroMQ, and sends again what a subscriber has missed. Source: vLLM.

    A batch is one message of three frames: topic, sequence number (8 bytes, big-endian, from 0),
    and the batch in msgpack. Whoever sends a sequence number to `replay_endpoint` gets all batches
    from there on that are still kept, in the same three frames, and then one whose number is -1.

    A slow subscriber costs nobody anything: beyond `hwm` batches ZeroMQ drops those for it, which
    it sees in the numbers. `publish` and `shutdown` may be called by any thread.
    """

    SHUTDOWN_TIMEOUT: float = 1.0
    """Seconds that `shutdown` gives to what is left."""
    END_SEQ: ClassVar[bytes] = (-1).to_bytes(_SEQUENCE_BYTES, "big", signed=True)
    """The number that ends an answer to who has missed something."""

    def __init__(
        self,
        data_parallel_rank: int,
        endpoint: str = "tcp://*:5557",
        replay_endpoint: str | None = None,
        buffer_steps: int = 10_000,
        hwm: int = 100_000,
        max_queue_size: int = 100_000,
        topic: str = "",
    ) -> None:
        """Listen, and begin to publish.

        `endpoint`: `tcp://*:port` listens on this host alone, or at `VLLM_HOST_IP`;
        `tcp://0.0.0.0:port` on every address; `tcp://host:port` connects to a proxy there;
        `ipc://path` and `inproc://name` listen. Port 0 is one that the system chooses:
        `get_publisher_config().endpoint` says which. `replay_endpoint`, at which it listens in any
        case, has the same form. A data parallel rank listens as many ports later as its number.
        `buffer_steps` batches are kept for those who missed some, `max_queue_size` wait to be sent
        at most.

        Raises:
            InvalidTypeError, InvalidArgumentError: for a number or an address that is none, and
                where nothing can listen at an address. Nothing has begun then.
        """
        super().__init__(_number("data_parallel_rank", data_parallel_rank, 0))
        _number("buffer_steps", buffer_steps, 0)
        _number("hwm", hwm, 0)
        _number("max_queue_size", max_queue_size, 1)
        if not isinstance(topic, str):
            raise InvalidTypeError(
                f"topic must be a string, got {type(topic).__name__}", argument="topic"
            )
        self._topic = topic.encode()
        self._most_waiting = max_queue_size
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=buffer_steps)
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: BaseException | None = None
        self._sequence = 0
        self._give_up_at = 0.0
        self._ctx: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._pub: zmq.Socket[bytes] = self._ctx.socket(zmq.PUB)
        self._replay: zmq.Socket[bytes] | None = None
        self._listeners: list[Listener] = []
        try:
            self._endpoint = self._listen(endpoint, hwm)
            self._replay_endpoint = self._listen_for_replays(replay_endpoint, buffer_steps)
        except BaseException:
            self._close_sockets(0)
            raise
        self._config: dict[str, Any] = {
            "endpoint": self._endpoint,
            "replay_endpoint": self._replay_endpoint,
            "buffer_steps": buffer_steps,
            "hwm": hwm,
            "max_queue_size": max_queue_size,
            "topic": topic,
        }
        # What wakes the thread, which waits for sockets.
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = background_thread("publisher of events", self._run, self._failed)
        self._thread.start()
        leave_to_parent(self, f"the publisher of events at {self._endpoint}", "_changed")

    def get_publisher_config(self) -> KVEventsConfig:
        """Return the configuration it works with, ports that the system chose in it."""
        from vllm_distributed.config.kv_events import KVEventsConfig

        return KVEventsConfig(enable_kv_cache_events=True, publisher="zmq", **self._config)

    def publish(self, events: EventBatch) -> None:
        """Queue a batch to be sent; waits while `max_queue_size` batches do.

        A batch without a `data_parallel_rank` gets that of the publisher. Any thread.

        Raises:
            InvalidTypeError: for what is no `EventBatch`.
            EncodingError: for values that msgpack cannot have.
            PublisherClosedError: it was shut down, or its thread has failed, and says why.
            ForkedProcessError: in a forked child.
        """
        if isinstance(events, EventBatch) and events.data_parallel_rank is None:
            events.data_parallel_rank = self._data_parallel_rank
        payload = encode_batch(events)
        with self._changed:
            while len(self._waiting) >= self._most_waiting and not self._ended():
                self._changed.wait()
            if self._ended():
                raise self._closed()
            self._waiting.append(payload)
            if len(self._waiting) == 1:
                os.eventfd_write(self._wake, 1)

    def shutdown(self) -> None:
        """Send what is queued, for `SHUTDOWN_TIMEOUT` at most, and end. Again: does nothing.

        What could not be sent in that time is logged, with how much it is.
        """
        with self._changed:
            is_first = not self._closing
            if is_first:
                self._closing = True
                self._give_up_at = time.monotonic() + self.SHUTDOWN_TIMEOUT
                self._changed.notify_all()
                os.eventfd_write(self._wake, 1)
        self._thread.join()
        if is_first:
            os.close(self._wake)

    @staticmethod
    def offset_endpoint_port(endpoint: str | None, data_parallel_rank: int) -> str | None:
        """Return the address of a data parallel rank beside that of rank 0: so many ports later, or
        with `_dpN` behind a name; a port of 0 stays, and so do None and "". Pure, local.

        Raises `InvalidArgumentError` for what is no address.
        """
        _number("data_parallel_rank", data_parallel_rank, 0)
        if not endpoint or data_parallel_rank == 0:
            return endpoint
        return offset_port(check_endpoint("endpoint", endpoint), data_parallel_rank)

    # The thread's

    def _run(self) -> None:
        linger_ms = 0
        try:
            poller = zmq.Poller()
            poller.register(self._wake, zmq.POLLIN)
            if self._replay is not None:
                poller.register(self._replay, zmq.POLLIN)
            while self._send_waiting():
                for socket, _ in poller.poll():
                    if socket == self._wake:
                        os.eventfd_read(self._wake)
                    elif self._replay is not None:
                        self._answer(self._replay)
            linger_ms = max(int((self._give_up_at - time.monotonic()) * 1000), 0)
        finally:
            self._close_sockets(linger_ms)

    def _send_waiting(self) -> bool:
        """Send what is queued; False: that was the end."""
        send = self._pub.send
        while True:
            with self._changed:
                if not self._waiting:
                    return not self._closing
                late = self._closing and time.monotonic() > self._give_up_at
                batches = list(self._waiting)
                self._waiting.clear()
                self._changed.notify_all()
            if late:
                _logger.warning(
                    "%d batches of events were not sent within the %.1f s that a shutdown has",
                    len(batches),
                    self.SHUTDOWN_TIMEOUT,
                )
                return False
            for payload in batches:
                number = self._sequence.to_bytes(_SEQUENCE_BYTES, "big")
                # What `send_multipart` does, in a quarter of the time.
                send(self._topic, zmq.SNDMORE)
                send(number, zmq.SNDMORE)
                send(payload, 0, copy=len(payload) < 65536)
                self._kept.append((self._sequence, payload))
                self._sequence += 1
            if self._replay is not None and self._replay.poll(0):
                self._answer(self._replay)

    def _answer(self, replay: zmq.Socket[bytes]) -> None:
        """Send what somebody has missed."""
        who, *frames = replay.recv_multipart()
        if len(frames) != 2 or frames[0] != b"" or len(frames[1]) != _SEQUENCE_BYTES:
            _logger.warning(
                "who asks for events sends an empty frame and a sequence number of 8 bytes, not "
                "frames of %s bytes: the request is dropped",
                [len(frame) for frame in frames],
            )
            return
        start = int.from_bytes(frames[1], "big")
        first = self._kept[0][0] if self._kept else 0
        try:
            for index in range(max(start - first, 0), len(self._kept)):
                number, payload = self._kept[index]
                sequence = number.to_bytes(_SEQUENCE_BYTES, "big")
                replay.send_multipart((who, b"", self._topic, sequence, payload), zmq.NOBLOCK)
            replay.send_multipart((who, b"", b"", self.END_SEQ, b""), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            # It asked and does not read, or has gone.
            _logger.warning("events could not be sent again: %s", error.strerror)

    def _failed(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            self._waiting.clear()
            self._changed.notify_all()

    # Of the rest

    def _listen(self, endpoint: str, hwm: int) -> str:
        endpoint = offset_port(check_endpoint("endpoint", endpoint), self._data_parallel_rank)
        self._pub.set_hwm(hwm)
        if is_bound(endpoint):
            return self._bind(self._pub, endpoint)
        self._pub.connect(endpoint)
        return endpoint

    def _listen_for_replays(self, endpoint: str | None, buffer_steps: int) -> str | None:
        if endpoint is None:
            return None
        check_endpoint("replay_endpoint", endpoint)
        self._replay = self._ctx.socket(zmq.ROUTER)
        # ZeroMQ counts what was read only now and then: so much holds an answer with its end.
        self._replay.setsockopt(zmq.SNDHWM, 2 * (buffer_steps + 1))
        return self._bind(self._replay, offset_port(endpoint, self._data_parallel_rank))

    def _bind(self, socket: zmq.Socket[bytes], endpoint: str) -> str:
        listener = Listener(socket, endpoint)
        self._listeners.append(listener)
        return listener.endpoint

    def _close_sockets(self, linger_ms: int) -> None:
        for listener in self._listeners:
            listener.close(linger_ms if listener.socket is self._pub else 0)
        self._pub.close(linger=linger_ms)
        if self._replay is not None:
            self._replay.close(linger=0)

    def _ended(self) -> bool:
        return self._closing or self._failure is not None

    def _closed(self) -> DistributedError:
        if self._failure is not None:
            return PublisherClosedError(
                f"the publisher of events at {self._endpoint} has failed: {self._failure}"
            )
        return PublisherClosedError(f"the publisher of events at {self._endpoint} was shut down")


class EventPublisherFactory:
    """Makes the publisher that a configuration names. Source: vLLM."""

    _registry: ClassVar[dict[str, Callable[..., EventPublisher]]] = {
        "null": NullEventPublisher,
        "zmq": ZmqEventPublisher,
    }

    @classmethod
    def register_publisher(cls, name: str, ctor: Callable[..., EventPublisher]) -> None:
        """Give a publisher a name; `ctor` gets `data_parallel_rank` and what the configuration has.

        Raises `NameTakenError` for a name that is taken.
        """
        if name in cls._registry:
            raise NameTakenError(
                f"publisher {name!r} is registered already: choose another name", name=name
            )
        cls._registry[name] = ctor

    @classmethod
    def create(cls, config: KVEventsConfig | None, data_parallel_rank: int = 0) -> EventPublisher:
        """Return the publisher that `config` names, which has begun; without a configuration, or
        with one that does not enable events, one that sends nothing.

        Raises `InvalidArgumentError` for a name that nothing is registered under, and what the
        publisher raises.
        """
        if config is None or not config.enable_kv_cache_events or config.publisher == "null":
            return NullEventPublisher()
        given: dict[str, Any] = asdict(config)
        given.pop("enable_kv_cache_events")
        name = given.pop("publisher")
        constructor = cls._registry.get(name)
        if constructor is None:
            raise InvalidArgumentError(
                f"publisher={name!r} is not known; known are {', '.join(cls._registry)}",
                publisher=name,
                known=list(cls._registry),
            )
        return constructor(data_parallel_rank=data_parallel_rank, **given)


def _number(name: str, value: int, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
    if value < least:
        raise InvalidArgumentError(
            f"{name} must be at least {least}, got {value}", argument=name, value=value
        )
    return value
