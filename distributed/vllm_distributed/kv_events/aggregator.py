"""Events that all workers of an engine have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.kv_events.events import KVCacheEvent

__all__ = ["KVConnectorKVEvents", "KVEventAggregator"]


class KVEventAggregator:
    """Counts the events of several workers: what all of them have told, has happened.

    Source: vLLM. Not for several threads at once.
    """

    __slots__ = ("_event_counter", "_num_workers")

    def __init__(self, num_workers: int) -> None:
        """`num_workers`, of at least 1, is how many tell their events."""
        self._num_workers = _at_least_one("num_workers", num_workers)
        self._event_counter: Counter[KVCacheEvent] = Counter()

    def add_events(self, events: list[KVCacheEvent]) -> None:
        """Count the events of one worker.

        Raises `InvalidTypeError`, and counts none, for what is no list of events.
        """
        if not isinstance(events, list):
            raise InvalidTypeError(
                f"events must be a list of KVCacheEvent, got {type(events).__name__}",
                argument="events",
            )
        for event in events:
            if not isinstance(event, KVCacheEvent):
                raise InvalidTypeError(
                    f"events must be a list of KVCacheEvent, and one is {type(event).__name__}",
                    argument="events",
                )
        self._event_counter.update(events)

    def get_common_events(self) -> list[KVCacheEvent]:
        """Return those that each worker has told once, in the order in which they were first."""
        return [event for event, told in self._event_counter.items() if told == self._num_workers]

    def get_all_events(self) -> list[KVCacheEvent]:
        """Return all events, those that are equal one after the other."""
        return list(self._event_counter.elements())

    def clear_events(self) -> None:
        """Forget all events."""
        self._event_counter.clear()

    def increment_workers(self, count: int = 1) -> None:
        """So many workers more tell their events."""
        self._num_workers += _at_least_one("count", count)

    def reset_workers(self) -> None:
        """One worker tells its events."""
        self._num_workers = 1

    def get_number_of_workers(self) -> int:
        """Return how many workers tell their events."""
        return self._num_workers

    def __repr__(self) -> str:
        return f"<KVEventAggregator workers={self._num_workers}, events={len(self._event_counter)}>"


class KVConnectorKVEvents(ABC):
    """What a connector that moves blocks has to tell: a base for classes. Source: vLLM."""

    @abstractmethod
    def add_events(self, events: list[KVCacheEvent]) -> None:
        """Count the events of one worker."""

    @abstractmethod
    def aggregate(self) -> KVConnectorKVEvents:
        """Keep what all workers have told."""

    @abstractmethod
    def increment_workers(self, count: int = 1) -> None:
        """So many workers more tell their events."""

    @abstractmethod
    def get_all_events(self) -> list[KVCacheEvent]:
        """Return all events."""

    @abstractmethod
    def get_number_of_workers(self) -> int:
        """Return how many workers tell their events."""

    @abstractmethod
    def clear_events(self) -> None:
        """Forget all events."""

    def merge(self, other: KVConnectorKVEvents) -> KVConnectorKVEvents:
        """Add the events of another one, and return this one."""
        self.add_events(other.get_all_events())
        return self


def _at_least_one(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
    if value < 1:
        raise InvalidArgumentError(
            f"{name} must be at least 1, got {value}", argument=name, value=value
        )
    return value
