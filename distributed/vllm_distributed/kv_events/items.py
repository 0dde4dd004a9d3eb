"""What a subscriber says."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from vllm_distributed.kv_events.events import KVEventBatch

__all__ = ["Item", "LostBatches", "PublisherRestarted", "ReceivedBatch", "SubscriberCounts"]


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
    """Another process publishes, whose cache began empty, and the numbers start again at 0."""

    last_sequence: int
    """The number of the last batch of the one before."""
    certain: bool = True
    """False: the connection broke, and nothing could tell whether it is another process. The
    numbers go on."""


Item: TypeAlias = ReceivedBatch | LostBatches | PublisherRestarted


class SubscriberCounts(msgspec.Struct):
    """What a subscriber has said so far, in numbers."""

    received: int = 0
    """Batches that it gave, those among them that were asked for included."""
    replayed: int = 0
    """Batches that were missed and came when it asked."""
    lost: int = 0
    """Batches that nobody could give, or read."""
    restarts: int = 0
    """How often another process published, or may have."""
    unknown_events: int = 0
    """Events of kinds that this version does not know."""
