"""Counts and times of one server, and their exposition for Prometheus.

Counting is plain arithmetic in the event loop and always on. `prometheus_client` is imported by the
first scrape, which reads everything in the event loop as well, so that its numbers belong together.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.pool.observe.metrics_server import MetricsServer

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BUCKETS_S = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0)
"""Upper bounds of the latency buckets, as `MethodCount.buckets` of control.proto has them."""

MAX_SERIES = 2_000
"""Pairs of a method and an outcome; those that come later are counted as `OTHER`."""

OTHER = "other"

_PREFIX = "vllm_bridge_"

_LIVE = (pool_pb2.WORLD_STARTING, pool_pb2.WORLD_READY, pool_pb2.WORLD_DEGRADED)


@dataclass
class Tally:
    """Calls of one kind."""

    calls: int = 0
    seconds: float = 0.0
    # As many as `BUCKETS_S` and one more, not cumulative.
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, seconds: float, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Count one call."""
        self.calls += 1
        self.seconds += seconds
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.bytes_in += bytes_in
        self.bytes_out += bytes_out

    def add_count(self, count: control_pb2.MethodCount) -> None:
        """Add what a rank has counted."""
        self.calls += count.calls
        self.seconds += count.seconds
        for index, calls in enumerate(count.buckets[: len(self.buckets)]):
            self.buckets[index] += calls
        self.bytes_in += count.bytes_in
        self.bytes_out += count.bytes_out


class Tallies:
    """Tallies by labels, at most `MAX_SERIES` of them."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, ...], Tally] = {}

    def of(self, *labels: str) -> Tally:
        """The tally of these labels."""
        tally = self._tallies.get(labels)
        if tally is None:
            if len(self._tallies) >= MAX_SERIES:
                labels = (OTHER,) * len(labels)
            tally = self._tallies.setdefault(labels, Tally())
        return tally

    def items(self) -> list[tuple[tuple[str, ...], Tally]]:
        """Labels and tallies, in the order of their first use."""
        return list(self._tallies.items())


class Metrics:
    """What has been counted. Used in the event loop alone."""

    def __init__(self) -> None:
        # By method and outcome: what ranks have run, and what was asked of this server.
        self.calls = Tallies()
        self.requests = Tallies()
        # By outcome: "go", or the reason of the refusal.
        self.gate = Tallies()

    def count(self, heartbeat: control_pb2.Heartbeat) -> None:
        """Add the counts of a rank's heartbeat."""
        for count in heartbeat.counts:
            self.calls.of(count.method, count.outcome).add_count(count)
        for count in heartbeat.gate:
            self.gate.of(count.outcome).add_count(count)

    def request(
        self, method: str, outcome: str, seconds: float, bytes_in: int, bytes_out: int
    ) -> None:
        """Count a request that this server has answered."""
        self.requests.of(method, outcome).add(seconds, bytes_in, bytes_out)

    def gate_wait(self, seconds: float, outcome: str) -> None:
        """Count a call at the gate: how long it stood there, and "go" or why it was refused."""
        self.gate.of(outcome).add(seconds)


Status = Callable[[], pool_pb2.PoolStatus]


class Exposition:
    """The metrics on an HTTP port, from `start` to `close`."""

    def __init__(self, metrics: Metrics, status: Status) -> None:
        """`status` is called in the event loop, once a scrape; it need not list sessions."""
        self._metrics = metrics
        self._status = status
        self._server: MetricsServer | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen on that host alone. Returns the real port. Raises OSError."""
        self._server = MetricsServer(self._scrape)
        return await self._server.start(host, port)

    async def close(self) -> None:
        """Stop listening, and return when the last connection is closed."""
        if self._server is not None:
            await self._server.close()

    async def text(self) -> bytes:
        """All of them, for people."""
        return (await self._scrape(""))[1]

    async def _scrape(self, accept: str) -> tuple[str, bytes]:
        """Content type and text, in the form that fits the header `Accept`."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        # What is counted is read here, in one go; making text of it does not hold up the loop.
        collected = _Collected(list(_families(self._metrics, self._status())))
        return content_type, await asyncio.to_thread(encode, collected)


class _Collected:
    """What prometheus_client takes for a registry."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """All families."""
        return self._families


def _families(metrics: Metrics, status: pool_pb2.PoolStatus) -> Iterator[Metric]:
    yield from _calls(
        "calls",
        "Calls that ranks have run, by function and outcome.",
        metrics.calls,
        ("method", "outcome"),
        with_bytes=True,
    )
    yield from _calls(
        "requests",
        "Requests that this server has answered, by RPC and outcome; forwarded calls included.",
        metrics.requests,
        ("method", "outcome"),
        with_bytes=True,
    )
    yield from _calls(
        "gate_visits",
        'Collective calls at the gate; the outcome is "go" or why it was refused.',
        metrics.gate,
        ("outcome",),
        with_bytes=False,
    )
    yield from _pools(status)
    yield from _ranks(status)


def _calls(
    name: str, text: str, tallies: Tallies, labels: Sequence[str], *, with_bytes: bool
) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    count = CounterMetricFamily(_PREFIX + name, text, labels=labels)
    # By the first label alone: times by outcome as well would be many numbers for little.
    seconds = HistogramMetricFamily(
        f"{_PREFIX}{name}_seconds", f"How long they took. {text}", labels=labels[:1]
    )
    received = CounterMetricFamily(f"{_PREFIX}{name}_received_bytes", text, labels=labels[:1])
    sent = CounterMetricFamily(f"{_PREFIX}{name}_sent_bytes", text, labels=labels[:1])
    merged: dict[str, Tally] = {}
    for values, tally in tallies.items():
        count.add_metric(values, tally.calls)
        total = merged.setdefault(values[0], Tally())
        total.seconds += tally.seconds
        total.buckets = [a + b for a, b in zip(total.buckets, tally.buckets, strict=True)]
        total.bytes_in += tally.bytes_in
        total.bytes_out += tally.bytes_out
    for value, total in merged.items():
        seconds.add_metric([value], _cumulative(total.buckets), total.seconds)
        received.add_metric([value], total.bytes_in)
        sent.add_metric([value], total.bytes_out)
    yield count
    yield seconds
    if with_bytes:
        yield received
        yield sent


def _cumulative(buckets: Sequence[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for bound, calls in zip((*map(str, BUCKETS_S), "+Inf"), buckets, strict=True):
        total += calls
        found.append((bound, float(total)))
    return found


def _pools(status: pool_pb2.PoolStatus) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    size = GaugeMetricFamily(_PREFIX + "pool_size", "Ranks a pool should have.", labels=["pool"])
    ready = GaugeMetricFamily(
        _PREFIX + "pool_ready_ranks", "Ranks of a pool that take calls.", labels=["pool"]
    )
    depth = GaugeMetricFamily(
        _PREFIX + "queue_depth", "Calls that wait for a rank of a pool.", labels=["pool"]
    )
    sessions = GaugeMetricFamily(_PREFIX + "sessions", "Open sessions.", labels=["pool"])
    restarts = CounterMetricFamily(
        _PREFIX + "rank_restarts",
        "Ranks that were started in the place of one that had ended.",
        labels=["pool"],
    )
    serving = GaugeMetricFamily(
        _PREFIX + "pool_serving", "1 while a pool takes calls, 0 otherwise.", labels=["pool"]
    )
    for pool in status.pools:
        size.add_metric([pool.name], pool.size)
        ready.add_metric([pool.name], pool.ready)
        depth.add_metric([pool.name], pool.queued)
        sessions.add_metric([pool.name], pool.sessions)
        restarts.add_metric([pool.name], pool.restarts)
        serving.add_metric([pool.name], float(not pool.failure and pool.ready >= min(pool.size, 1)))
    yield from (size, ready, depth, sessions, restarts, serving)


def _ranks(status: pool_pb2.PoolStatus) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    # Of a world that is over the pool remembers the ranks as well, all of them dead.
    live = [world for world in status.worlds if world.state in _LIVE]
    places: Counter[tuple[str, str]] = Counter()
    queued: Counter[str] = Counter()
    for place, ranks in (
        ("pool", status.ranks),
        ("world", [rank for world in live for rank in world.ranks]),
    ):
        for rank in ranks:
            places[place, pool_pb2.RankState.Name(rank.state).lower()] += 1
            queued[place] += rank.queued
    by_state = GaugeMetricFamily(
        _PREFIX + "ranks", "Ranks by place and state.", labels=["place", "state"]
    )
    for place in ("pool", "world"):
        for state in pool_pb2.RankState.keys()[1:]:
            by_state.add_metric([place, state.lower()], places[place, state.lower()])
    waiting = GaugeMetricFamily(
        _PREFIX + "rank_queue_depth", "Calls that wait for their rank's executor.", labels=["place"]
    )
    for place in ("pool", "world"):
        waiting.add_metric([place], queued[place])
    worlds = GaugeMetricFamily(_PREFIX + "worlds", "Worlds by state.", labels=["state"])
    states: Counter[int] = Counter(world.state for world in status.worlds)
    for name, number in list(pool_pb2.WorldState.items())[1:]:
        worlds.add_metric([name.removeprefix("WORLD_").lower()], states[number])
    yield from (by_state, waiting, worlds)
