"""A rank's last calls and operations, in the formats that other tools read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vllm_bridge._generated import rank_pb2
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import KEEP_FINISHED, Record
from vllm_distributed.flight import chrome, torch_format
from vllm_distributed.flight.chrome import Clock
from vllm_distributed.flight.recording import RECORDS


def recorded(state: RankState, rank: int, request: rank_pb2.RecordRequest) -> bytes:
    """The content of the answer: a JSON list of events, or a file for torch's analyser."""
    clock, entries = Clock(), RECORDS.latest(request.last)
    if request.format == rank_pb2.TORCH:
        return torch_format.pickled(entries, clock)
    events = chrome.events(entries, rank, clock, state.executor.thread_id)
    most = request.last or KEEP_FINISHED
    calls = [*reversed(state.journal.latest(most)), *state.journal.active()]
    for call in calls:
        events += _events(call, rank, clock)
    return json.dumps(events).encode()


def _events(call: Record, rank: int, clock: Clock) -> Iterator[dict[str, Any]]:
    """The call from its start to its end, and in it its wait at the gate."""
    started, pending = call.started_at or call.queued_at, call.pending
    service, _, method = call.method.rpartition("/")
    args: dict[str, Any] = {
        "session_id": call.session_id,
        "call_id": call.call_id,
        "state": call.state.value,
        "number": call.sequence,
        "queued_us": _us(clock, call.queued_at, call.started_at),
    }
    if call.run.turn:
        args["run"] = str(call.run)
    if call.refusal is not None:
        args["refused"] = call.refusal.reason
    yield _event(
        f"{service.rpartition('.')[2]}.{method}", "call", rank, started, call.ended_at, clock, args
    )
    if pending is not None and not pending.facts.eager:
        facts = pending.facts
        args = {"group": facts.group.key, "operation": facts.operation, "parts": str(facts)}
        let_through = pending.gated_at or call.ended_at
        yield _event("gate", "gate", rank, pending.at_gate, let_through, clock, args)


def _event(
    name: str,
    category: str,
    rank: int,
    started: float,
    ended: float,
    clock: Clock,
    args: dict[str, Any],
) -> dict[str, Any]:
    return {
        "name": name,
        "cat": category,
        "ph": "X",
        "pid": 1,
        "tid": rank,
        "ts": clock.us(int(started * 1e9)),
        "dur": _us(clock, started, ended),
        "args": args,
    }


def _us(clock: Clock, started: float, ended: float) -> float:
    return clock.lasted_us(int(started * 1e9), int(ended * 1e9))
