"""The model of a server: what has changed of it, calls per second, refusals."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from vllm_bridge._generated import control_pb2, pool_pb2, rank_pb2
from vllm_bridge.gate.counts import BUCKETS_S, Counts
from vllm_bridge.gate.referee import Decision, Member
from vllm_bridge.pool.observe.model.changes import Json, Model
from vllm_bridge.pool.observe.model.refusals import MAX_REFUSALS, Refusals
from vllm_bridge.pool.observe.model.traffic import MAX_WORLDS, Seconds, Traffic, quantile
from vllm_bridge.pool.ranks.observed import KEEP_ENDED, Observed

NOW = 1_000_000.0


class Server:
    """What a model is made of, changed by hand."""

    def __init__(self) -> None:
        self.status = pool_pb2.PoolStatus(
            version="1",
            pools=[pool_pb2.PoolInfo(name="default", sessions=3)],
            worlds=[
                pool_pb2.World(
                    world_id="w",
                    epoch=2,
                    run=pool_pb2.RunInfo(number=1, holder="<b>", held_s=1.0),
                    ranks=[pool_pb2.RankInfo(rank_id=f"rank-{n}", rank=n) for n in range(2)],
                )
            ],
        )
        self.observed = Observed()
        self.model = Model(self._status, self._ended)

    @property
    def rank(self) -> pool_pb2.RankInfo:
        return self.status.worlds[0].ranks[0]

    def _status(self, seconds: int) -> pool_pb2.PoolStatus:
        told = pool_pb2.PoolStatus()
        told.CopyFrom(self.status)
        told.at.GetCurrentTime()
        return told

    def _ended(self) -> list[tuple[str, int, Sequence[Any]]]:
        return [("rank-0", self.observed.ended_total, self.observed.ended)]

    def watch(self, *changes: Any) -> list[Json]:
        """The snapshot, and what the watch says after each of these changes."""

        async def read() -> list[Json]:
            watch = self.model.watch(0.001)
            found = [await anext(watch)]
            for change in changes:
                change()
                found.append(await anext(watch))
            await watch.aclose()  # type: ignore[attr-defined]
            return found

        return asyncio.run(read())


def test_a_watch_begins_with_everything_and_goes_on_with_what_has_changed() -> None:
    server = Server()

    def wait() -> None:
        server.rank.activity.sentence = "waits"
        server.rank.activity.since.FromSeconds(100)
        server.rank.heartbeat_age_s = 0.3

    def drift() -> None:
        # None of this is news.
        server.rank.activity.since.FromMilliseconds(100_200)
        server.rank.activity.for_s += 1
        server.rank.heartbeat_age_s = 0.9
        server.status.worlds[0].run.held_s += 1

    def go() -> None:
        del server.status.worlds[0].ranks[1]
        del server.status.pools[0]

    first, waits, drifted, gone, over = server.watch(
        wait, drift, go, lambda: server.status.worlds.pop()
    )
    json.dumps(first)
    assert first["complete"]
    assert first["worlds"]["w"]["rank_ids"] == ["rank-0", "rank-1"]
    assert first["worlds"]["w"]["run"]["holder"] == "<b>"
    assert set(first["ranks"]) == {"rank-0", "rank-1"}
    assert first["ranks"]["rank-1"]["world_id"] == "w"
    assert first["server"]["sessions"] == 3
    assert set(waits) == {"at", "ranks"}
    assert set(waits["ranks"]) == {"rank-0"}
    assert set(waits["ranks"]["rank-0"]) == {"activity"}
    assert waits["ranks"]["rank-0"]["activity"]["since"] == 100.0
    assert set(drifted) == {"at"}
    assert gone["ranks"] == {"rank-1": None}
    assert gone["pools"] == {"default": None}
    assert gone["worlds"] == {"w": {"rank_ids": ["rank-0"]}}
    assert (over["worlds"], over["ranks"]) == ({"w": None}, {"rank-0": None})


def test_ended_calls_and_refusals_are_told_once() -> None:
    server = Server()

    def end(*sequences: int) -> None:
        calls = [rank_pb2.CallRecord(sequence=n, ended_s=0.5) for n in reversed(sequences)]
        server.observed.take(control_pb2.Heartbeat(ended=calls))

    def refuse() -> None:
        refusal = server.status.refusals.add(reason="deadlock", ranks=[1, 0])
        refusal.at.GetCurrentTime()

    end(1, 2)
    first, again, more, refused = server.watch(lambda: None, lambda: end(3), refuse)
    assert [call["sequence"] for call in first["calls"]["rank-0"]] == [1, 2]
    assert first["calls"]["rank-0"][0]["ended_at"] == pytest.approx(time.time() - 0.5, abs=5)
    assert first["calls"]["rank-0"][0]["gated_at"] is None
    assert "calls" not in again
    assert [call["sequence"] for call in more["calls"]["rank-0"]] == [3]
    assert [refusal["ranks"] for refusal in refused["refusals"]] == [[1, 0]]
    end(*range(4, 300))
    assert len(server.observed.ended) == KEEP_ENDED


def _counted(*latencies_s: float, outcome: str = "ok") -> list[control_pb2.MethodCount]:
    counts = Counts()
    for latency_s in latencies_s:
        counts.add("f", outcome, latency_s, 0, 0)
    return counts.take()


def test_rates_are_of_the_last_ten_seconds() -> None:
    seconds = Seconds(300)
    seconds.add(_counted(*[0.1] * 100), NOW)
    assert seconds.rates(NOW).calls_per_s == 10
    seconds.add(_counted(*[0.004] * 300, outcome="bad"), NOW + 5)
    rates = seconds.rates(NOW + 5.9)
    assert (rates.calls_per_s, rates.errors_per_s) == (40, 30)
    assert 0.001 < rates.p50_s <= 0.005
    assert 0.05 < rates.p99_s <= 0.1
    assert seconds.rates(NOW + 15.9).calls_per_s == 30
    assert seconds.rates(NOW + 17) == pool_pb2.Rates()
    history = seconds.history("w", NOW + 10, 300)
    assert len(history.calls) == len(history.p99_s) == 300
    assert list(history.calls[-10:]) == [100, 0, 0, 0, 0, 300, 0, 0, 0, 0]
    assert list(history.errors[-5:]) == [300, 0, 0, 0, 0]


def test_a_quantile_lies_within_its_bucket() -> None:
    nothing = [0] * (len(BUCKETS_S) + 1)
    assert quantile(nothing, 0.5) == 0.0
    for index, high in enumerate(BUCKETS_S):
        one = list(nothing)
        one[index] = 7
        low = BUCKETS_S[index - 1] if index else 0.0
        assert low < quantile(one, 0.5) < quantile(one, 0.99) <= high
    assert quantile([*nothing[:-1], 4], 0.99) == BUCKETS_S[-1]


def test_worlds_without_a_call_for_long_are_forgotten() -> None:
    traffic = Traffic()
    for number in range(MAX_WORLDS + 1):
        traffic.add(f"w{number}", _counted(0.1))
    assert traffic.rates("w0") == pool_pb2.Rates()
    assert traffic.rates(f"w{MAX_WORLDS}").calls_per_s == 0.1
    assert traffic.rates().calls_per_s == pytest.approx((MAX_WORLDS + 1) / 10)
    assert [history.world_id for history in traffic.histories(["w0", "w1"], 5)] == ["", "w1"]


def test_refusals_made_together_are_one() -> None:
    refusals = Refusals()

    def no(rank: int, reason: str) -> Decision:
        verdict = control_pb2.Verdict()
        verdict.refusal.reason = reason
        verdict.refusal.message = f"rank {rank} waits"
        return Decision(Member(f"rank-{rank}", "w", 1, rank), 1, verdict, 0.0)

    go = Decision(Member("rank-9", "w", 1, 9), 1, control_pb2.Verdict(go=True), 0.0)
    refusals.add([no(2, "deadlock"), go, no(0, "deadlock"), no(1, "peer_died")])
    deadlock, died = refusals.latest()
    assert (deadlock.reason, list(deadlock.ranks), deadlock.message) == (
        "deadlock",
        [2, 0],
        "rank 2 waits",
    )
    assert list(died.ranks) == [1]
    for _ in range(2 * MAX_REFUSALS):
        refusals.add([no(0, "withdrawn")])
    assert len(refusals.latest()) == MAX_REFUSALS
