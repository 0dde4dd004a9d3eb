"""A publisher that a test holds in its hand: what it sends, loses and answers, step by step; and a
model of what a subscriber says of it."""

from __future__ import annotations

import itertools
from collections import deque

import zmq

from vllm_distributed.kv_events import (
    KVEventBatch,
    KVEventSubscriber,
    LostBatches,
    PublisherRestarted,
    ReceivedBatch,
    encode_batch,
)

_names = itertools.count()


class FakePublisher:
    """A PUB and a ROUTER socket in this process."""

    def __init__(self, kept: int) -> None:
        name = f"inproc://fake-{next(_names)}"
        self.endpoint, self.replay_endpoint = name, f"{name}-replay"
        self.kept: deque[tuple[int, bytes]] = deque(maxlen=kept)
        self.next = 0
        ctx = zmq.Context.instance()
        self._pub = ctx.socket(zmq.XPUB)
        self._pub.bind(self.endpoint)
        self._router = ctx.socket(zmq.ROUTER)
        self._router.bind(self.replay_endpoint)

    def meet(self) -> None:
        """Return when a subscriber is there."""
        assert self._pub.poll(5000)
        assert self._pub.recv()[:1] == b"\x01"

    def publish(self, *, arrives: bool = True) -> int:
        """Send the next batch, which may get lost on its way."""
        number, self.next = self.next, self.next + 1
        payload = encode_batch(KVEventBatch(ts=float(number), events=[]))
        if arrives:
            self._pub.send_multipart((b"kv", number.to_bytes(8, "big"), payload))
        self.kept.append((number, payload))
        return number

    def restart(self) -> None:
        """Another process at the same address."""
        self.next = 0
        self.kept.clear()

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
        self._pub.close(linger=0)
        self._router.close(linger=0)


class Model:
    """What a subscriber must say, given what the publisher sent, lost and kept."""

    def __init__(self, kept: int, asks: bool) -> None:
        self.kept, self.asks = kept, asks
        self.expected, self.latest = 0, -1
        self.said: list[tuple[str, int, int]] = []

    def arrives(self, number: int, published: int) -> None:
        """`published`: how many there were when it asked."""
        if number <= self.latest:
            last = max(self.latest, self.expected - 1)
            self.said.append(("restarted", last, last))
            self.expected = 0
        self.latest = number
        oldest = max(published - self.kept, 0)
        while self.expected < number:
            if self.asks and self.expected >= oldest:
                self.said.append(("batch", self.expected, self.expected))
                self.expected += 1
            else:
                last = min(oldest, number) - 1 if self.asks else number - 1
                self.said.append(("lost", self.expected, last))
                self.expected = last + 1
        if self.expected == number:
            self.said.append(("batch", number, number))
            self.expected = number + 1


def shown(item: ReceivedBatch | LostBatches | PublisherRestarted | None) -> tuple[str, int, int]:
    if isinstance(item, ReceivedBatch):
        assert item.batch.ts == item.sequence
        return ("batch", item.sequence, item.sequence)
    if isinstance(item, LostBatches):
        return ("lost", item.first, item.last)
    assert item is not None
    return ("restarted", item.last_sequence, item.last_sequence)


def follow(steps: list[str], kept: int, *, asks: bool, topic: bool = True) -> None:
    """Publish, lose and restart as `steps` say, and compare with the model."""
    fake, model = FakePublisher(kept), Model(kept, asks)
    replay = fake.replay_endpoint if asks else None
    with KVEventSubscriber(fake.endpoint, replay, first_sequence=0) as subscriber:
        fake.meet()
        for step in [*steps, "arrives"]:
            if step == "restarts":
                fake.restart()
                continue
            number = fake.publish(arrives=step == "arrives")
            if step != "arrives":
                continue
            model.arrives(number, fake.next)
            found = []
            while len(found) < len(model.said):
                item = subscriber.receive(0.0)
                if item is None:
                    fake.answer(topic=topic, wait_ms=1)
                else:
                    found.append(shown(item))
            assert found == model.said
            model.said.clear()
        assert subscriber.receive(0.0) is None
    fake.close()
