"""A publisher that a test holds in its hand: what it sends, loses and answers, step by step; and a
model of what a subscriber says of it."""

from __future__ import annotations

import itertools
from collections import deque
from unittest.mock import patch

import zmq

from vllm_distributed.kv_events import (
    AllBlocksCleared,
    KVEventBatch,
    KVEventSubscriber,
    LostBatches,
    PublisherRestarted,
    ReceivedBatch,
    encode_batch,
)
from vllm_distributed.kv_events import subscriber as subscriber_module
from vllm_distributed.kv_events.endpoints import Listener

_names = itertools.count()

Said = tuple[str, int, int]
"""`batch` with its number and which process published it; `lost` with the first and the last
number; `restarted`, `perhaps restarted` with the last number."""


class FakePublisher:
    """A PUB and a ROUTER socket in this process. With a `folder`, connections to it can break."""

    def __init__(self, kept: int, folder: str | None = None) -> None:
        name = f"fake-{next(_names)}"
        name = f"inproc://{name}" if folder is None else f"ipc://{folder}/{name}"
        self.endpoint, self.replay_endpoint = name, f"{name}-replay"
        self.kept: deque[tuple[int, bytes]] = deque(maxlen=kept)
        self.next = 0
        self.process = 0
        self._listen()

    def _listen(self) -> None:
        ctx: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._pub = ctx.socket(zmq.XPUB)
        self._router = ctx.socket(zmq.ROUTER)
        self._listeners = [
            Listener(self._pub, self.endpoint),
            Listener(self._router, self.replay_endpoint),
        ]

    def meet(self, subscriber: KVEventSubscriber | None = None) -> None:
        """Return when a subscriber is there."""
        while not self._pub.poll(5000 if subscriber is None else 1):
            assert subscriber is not None
            assert subscriber.receive(0.0) is None
        assert self._pub.recv()[:1] == b"\x01"

    def publish(self, *, arrives: bool = True) -> int:
        """Send the next batch, which may get lost on its way."""
        number, self.next = self.next, self.next + 1
        payload = encode_batch(KVEventBatch(float(number), [AllBlocksCleared()], self.process))
        if arrives:
            self._pub.send_multipart((b"kv", number.to_bytes(8, "big"), payload))
        self.kept.append((number, payload))
        return number

    def restart(self) -> None:
        """Another process, behind the same connection."""
        self.process += 1
        self.next = 0
        self.kept.clear()

    def reconnect(self) -> None:
        """Break all connections."""
        self.close()
        self._listen()

    def answer(self, *, topic: bool = True, wait_ms: int = 0) -> bool:
        """Send what somebody asks for."""
        if not self._router.poll(wait_ms):
            return False
        who, _, start = self._router.recv_multipart()
        topics = (b"kv",) if topic else ()
        for number, payload in self.kept:
            if number >= int.from_bytes(start, "big"):
                self._router.send_multipart((who, b"", *topics, number.to_bytes(8, "big"), payload))
        self._router.send_multipart((who, b"", *topics, b"\xff" * 8, b""))
        return True

    def close(self) -> None:
        for listener in self._listeners:
            listener.close(0)


class Model:
    """What a subscriber must say, given what the publisher sent, lost and kept."""

    def __init__(self, kept: int, asks: bool) -> None:
        self.kept, self.asks = kept, asks
        self.expected, self.latest = 0, -1
        self.known: int | None = None  # the process of the batch before the next one
        self.reconnected = False
        self.said: list[Said] = []

    def arrives(self, number: int, process: int) -> None:
        oldest = max(number + 1 - self.kept, 0)
        unsure, self.reconnected = self.reconnected and self.known is not None, False
        if number <= self.latest:
            self._restarted(max(self.latest, self.expected - 1))
            unsure = False
        self.latest = number
        if unsure and self.asks and oldest < self.expected <= number:
            if self.known != process:
                self._restarted(self.expected - 1)
            unsure = False
        first = min(max(oldest, self.expected), number) if self.asks else number
        if unsure and self.expected == first:
            self.said.append(("perhaps restarted", self.expected - 1, self.expected - 1))
        while self.expected < number:
            if self.asks and self.expected >= oldest:
                self.said.append(("batch", self.expected, process))
                self.expected += 1
            else:
                last = min(oldest, number) - 1 if self.asks else number - 1
                self.said.append(("lost", self.expected, last))
                self.expected = last + 1
        if self.expected == number:
            self.said.append(("batch", number, process))
            self.expected = number + 1
        self.known = process

    def connects(self, published: int, process: int) -> None:
        """Over a new connection it asks at once for what there is."""
        self.reconnected = not self.asks
        if self.known is not None:
            self.latest = max(self.latest, self.expected - 1)
        if not self.asks:
            return
        oldest = max(published - self.kept, 0)
        unsure = self.known is not None
        if unsure and oldest < published and (published < self.expected or oldest < self.expected):
            if self.known != process:
                self._restarted(self.expected - 1)
                self.latest = -1
            unsure = False
        first = max(oldest, self.expected)
        if first >= published:
            first = self.expected
        if unsure and first == self.expected:
            self.said.append(("perhaps restarted", self.expected - 1, self.expected - 1))
        if first > self.expected:
            self.said.append(("lost", self.expected, first - 1))
        for number in range(max(oldest, self.expected), published):
            self.said.append(("batch", number, process))
            self.expected, self.known = number + 1, process

    def _restarted(self, last: int) -> None:
        self.said.append(("restarted", last, last))
        self.expected = 0


def shown(item: ReceivedBatch | LostBatches | PublisherRestarted | None) -> Said:
    if isinstance(item, ReceivedBatch):
        assert item.batch.ts == item.sequence
        return ("batch", item.sequence, item.batch.data_parallel_rank or 0)
    if isinstance(item, LostBatches):
        return ("lost", item.first, item.last)
    assert item is not None
    word = "restarted" if item.certain else "perhaps restarted"
    return (word, item.last_sequence, item.last_sequence)


def follow(
    steps: list[str], kept: int, *, asks: bool, topic: bool = True, folder: str | None = None
) -> None:
    """Publish, lose, restart and break connections as `steps` say, and compare with the model."""
    fake, model = FakePublisher(kept, folder), Model(kept, asks)
    replay = fake.replay_endpoint if asks else None
    with (
        patch.object(subscriber_module, "RECONNECT_S", 0.001),
        KVEventSubscriber(fake.endpoint, replay, first_sequence=0) as subscriber,
    ):
        lost = 0
        before: Said | None = None

        def compare() -> None:
            nonlocal lost, before
            found: list[Said] = []
            idle = 0
            while len(found) < len(model.said):
                item = subscriber.receive(0.0)
                if item is None:
                    idle += not fake.answer(topic=topic, wait_ms=1)
                    assert idle < 5000, f"{found} and no more, expected {model.said}"
                else:
                    found.append(shown(item))
            assert found == model.said
            # Whatever the model says: a batch that follows another one is the next of its process.
            for said in found if folder is not None else []:
                if before is not None and (before[0], said[0]) == ("batch", "batch"):
                    assert said == ("batch", before[1] + 1, before[2])
                before = said
            lost += sum(last + 1 - first for kind, first, last in found if kind == "lost")
            model.said.clear()

        def connect() -> None:
            fake.meet(subscriber)
            while folder is not None and asks and not fake.answer(topic=topic, wait_ms=1):
                assert subscriber.receive(0.0) is None
            if folder is not None:
                model.connects(fake.next, fake.process)
            compare()

        connect()
        for step in [*steps, "arrives"]:
            if step in ("restarts", "comes back", "came back"):
                fake.restart()
            for _ in range(3 if step == "came back" else step == "lost"):
                fake.publish(arrives=False)
            if step in ("breaks", "comes back", "came back"):
                fake.reconnect()
                connect()
            if step == "arrives":
                model.arrives(fake.publish(), fake.process)
                compare()
        assert subscriber.receive(0.0) is None
        assert subscriber.counts.lost == lost
    fake.close()
