"""The model of a server as JSON, and what of it has changed: for readers that show it live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.pool.observe.model.traffic import HISTORY_SECONDS
from vllm_bridge.pool.observe.status import plain

Json = dict[str, Any]

INTERVAL_S = 0.5
"""Between two looks; a look at 64 ranks takes about 2 ms."""

# Above that, looks are rarer.
_MANY_RANKS = 128

# By so much two heartbeats may differ on when a call began.
_SAME_S = 0.5

_MIB = 1 << 20


class Ended(Protocol):
    """A call that a rank has ended, and when it was told of."""

    @property
    def told_at(self) -> float:
        """Unix time that the seconds in `call` count back from."""

    @property
    def call(self) -> rank_pb2.CallRecord:
        """The call."""


EndedCalls = Callable[[], Iterable[tuple[str, int, Sequence[Ended]]]]
"""Of each rank its id, how many calls it has ended, and the latest of them, oldest first."""


class Model:
    """What is there, of one server, for readers in its process. Used in its event loop alone."""

    def __init__(self, status: Callable[[int], pool_pb2.PoolStatus], ended: EndedCalls) -> None:
        """`status` takes the number of seconds that it is to have histories of."""
        self._status = status
        self._ended = ended

    def snapshot(self) -> Json:
        """All of it, see `watch`."""
        return _View().look(self._status(HISTORY_SECONDS), self._ended(), first=True)

    async def watch(self, interval_s: float = INTERVAL_S) -> AsyncIterator[Json]:
        """A snapshot, then what has changed, once an interval, even if that is only the time.

        A change is merged into what the reader has: a value of None removes the entry, `calls`,
        `refusals` and the lists in `histories` are appended to, and of other entries the fields
        that are given replace those that they had. One watch serves any number of readers.
        """
        view = _View()
        yield view.look(self._status(HISTORY_SECONDS), self._ended(), first=True)
        while True:
            await asyncio.sleep(interval_s * (1 + len(view.ranks) // _MANY_RANKS))
            yield view.look(self._status(view.missed_s()), self._ended(), first=False)


class _View:
    """What one reader has been told so far."""

    def __init__(self) -> None:
        self.ranks: dict[str, pool_pb2.RankInfo] = {}
        self._worlds: dict[str, pool_pb2.World] = {}
        self._pools: dict[str, pool_pb2.PoolInfo] = {}
        # Each entry as it was told.
        self._told: dict[tuple[str, str], Json] = {}
        self._refused_at = 0
        self._ended: dict[str, int] = {}
        self._until = 0.0

    def missed_s(self) -> int:
        """Of how many seconds the histories have to be, so that none is left out."""
        return min(int(time.time() - self._until) + 2, HISTORY_SECONDS)

    def look(
        self,
        status: pool_pb2.PoolStatus,
        ended: Iterable[tuple[str, int, Sequence[Ended]]],
        *,
        first: bool,
    ) -> Json:
        found: Json = {"at": status.at.ToNanoseconds() / 1e9}
        if first:
            found["complete"] = True
        server = {
            "version": status.version,
            "pid": status.pid,
            "sessions": sum(pool.sessions for pool in status.pools),
            "rates": plain(status.rates),
        }
        _put(found, "server", self._entries("server", {"": server}).get("", {}))
        ranks = {rank.rank_id: (rank, "", 0) for rank in status.ranks}
        for world in status.worlds:
            ranks |= {rank.rank_id: (rank, world.world_id, world.epoch) for rank in world.ranks}
        _put(found, "pools", self._pools_changed(status.pools))
        _put(found, "worlds", self._worlds_changed(status.worlds))
        _put(found, "ranks", self._ranks_changed(ranks))
        _put(found, "histories", self._histories(status.histories))
        refusals = [r for r in status.refusals if r.at.ToNanoseconds() > self._refused_at]
        if refusals:
            self._refused_at = refusals[-1].at.ToNanoseconds()
            found["refusals"] = [_refusal(refusal) for refusal in refusals]
        _put(found, "calls", self._calls(ended))
        return found

    def _pools_changed(self, pools: Iterable[pool_pb2.PoolInfo]) -> Json:
        before, self._pools = self._pools, {pool.name: pool for pool in pools}
        changed: Json = {gone: None for gone in before if gone not in self._pools}
        for name, pool in self._pools.items():
            if before.get(name) != pool:
                changed[name] = plain(pool)
        return self._entries("pools", changed)

    def _worlds_changed(self, worlds: Iterable[pool_pb2.World]) -> Json:
        before, self._worlds = self._worlds, {}
        changed: Json = dict.fromkeys(before)
        for world in worlds:
            # Ranks have entries of their own.
            ids = [rank.rank_id for rank in world.ranks]
            slim = pool_pb2.World()
            held_s = world.run.held_s
            world.ClearField("ranks")
            slim.CopyFrom(world)
            if slim.HasField("run"):
                slim.run.held_s = 0.0
            self._worlds[world.world_id] = slim
            told = self._told.get(("worlds", world.world_id))
            if before.get(world.world_id) == slim and told and told["rank_ids"] == ids:
                changed.pop(world.world_id)
                continue
            entry = plain(slim) | {"rank_ids": ids}
            del entry["ranks"]
            run, earlier = entry["run"], told["run"] if told else None
            if run is not None:
                del run["held_s"]
                run["since"] = round(time.time() - held_s, 1)
                if earlier is not None and earlier["number"] == run["number"]:
                    run["since"] = earlier["since"]
            changed[world.world_id] = entry
        return self._entries("worlds", changed)

    def _ranks_changed(self, ranks: Mapping[str, tuple[pool_pb2.RankInfo, str, int]]) -> Json:
        before, self.ranks = self.ranks, {}
        changed: Json = {gone: None for gone in before if gone not in ranks}
        for rank_id, (rank, world_id, epoch) in ranks.items():
            old = before.get(rank_id)
            _settle(rank, old)
            self.ranks[rank_id] = rank
            if rank == old:
                continue
            entry = plain(rank)
            for name in ("doing", "heartbeat_age_s", "endpoint", "frames_endpoint"):
                del entry[name]
            entry |= {"world_id": world_id, "epoch": epoch, "activity": _activity(rank.activity)}
            changed[rank_id] = entry
        return self._entries("ranks", changed)

    def _histories(self, histories: Iterable[pool_pb2.History]) -> Json:
        found: Json = {}
        until = self._until
        for history in histories:
            self._until = history.until.ToNanoseconds() / 1e9
            new = min(round(self._until - until), len(history.calls))
            if new <= 0:
                continue
            found[history.world_id] = {
                "until": round(self._until),
                "calls": list(history.calls[-new:]),
                "errors": list(history.errors[-new:]),
                "p50_s": list(history.p50_s[-new:]),
                "p99_s": list(history.p99_s[-new:]),
            }
        return found

    def _calls(self, ended: Iterable[tuple[str, int, Sequence[Ended]]]) -> Json:
        found: Json = {}
        totals: dict[str, int] = {}
        for rank_id, total, calls in ended:
            totals[rank_id] = total
            new = min(total - self._ended.get(rank_id, 0), len(calls))
            if new > 0:
                found[rank_id] = [_call(call) for call in list(calls)[-new:]]
        self._ended = totals
        return found

    def _entries(self, kind: str, changed: Mapping[str, Json | None]) -> Json:
        """Of each entry the fields that are not as they were told."""
        found: Json = {}
        for name, entry in changed.items():
            told = self._told.get((kind, name))
            if entry is None:
                self._told.pop((kind, name), None)
                found[name] = None
                continue
            new = {
                key: value for key, value in entry.items() if (told or {}).get(key, ...) != value
            }
            self._told[kind, name] = entry
            if new:
                found[name] = new
        return found


def _put(found: Json, name: str, entries: Json) -> None:
    if entries:
        found[name] = entries


def _settle(rank: pool_pb2.RankInfo, before: pool_pb2.RankInfo | None) -> None:
    """Take out what differs from look to look though nothing has changed."""
    rank.ClearField("doing")
    rank.ClearField("heartbeat_age_s")
    activity, memory = rank.activity, rank.memory
    activity.ClearField("for_s")
    activity.overdue_s = float(int(activity.overdue_s))
    if rank.HasField("memory"):
        memory.resident -= memory.resident % _MIB
        memory.anonymous -= memory.anonymous % _MIB
    if before is not None and activity.HasField("since") and before.activity.HasField("since"):
        moved_s = (activity.since.ToNanoseconds() - before.activity.since.ToNanoseconds()) / 1e9
        same = activity.call_id == before.activity.call_id
        if same and activity.sentence == before.activity.sentence and abs(moved_s) < _SAME_S:
            activity.since.CopyFrom(before.activity.since)


def _activity(activity: pool_pb2.Activity) -> Json:
    entry = plain(activity)
    del entry["for_s"]
    if activity.HasField("since"):
        entry["since"] = round(activity.since.ToNanoseconds() / 1e9, 3)
    return entry


def _refusal(refusal: pool_pb2.Refusal) -> Json:
    return plain(refusal) | {"at": round(refusal.at.ToNanoseconds() / 1e9, 3)}


def _call(ended: Ended) -> Json:
    """A call with the times at which things happened to it; None for what has not."""
    call = ended.call

    def at(ago_s: float) -> float | None:
        return round(ended.told_at - ago_s, 6) if ago_s else None

    return {
        "sequence": call.sequence,
        "method": call.method,
        "operation": call.operation,
        "group": call.group,
        "parts": call.parts,
        "session_id": call.session_id,
        "call_id": call.call_id,
        "state": rank_pb2.CallState.Name(call.state),
        "queued_at": at(call.queued_s),
        "started_at": at(call.running_s),
        "at_gate_at": at(call.at_gate_s),
        "gated_at": at(call.gated_s),
        "ended_at": at(call.ended_s),
    }
