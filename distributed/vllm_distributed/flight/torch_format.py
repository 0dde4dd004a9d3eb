"""Operations as torch's own flight recorder dumps them, for `torch.distributed.flight_recorder`.

Its analyser reads one file for each rank and says which rank is missing, or asked for something
else. It matches operations of a group by their number, so messages, which only two of its members
count, are in a group of their two.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from vllm_distributed.flight.chrome import Clock
from vllm_distributed.flight.recording import OPERATIONS
from vllm_distributed.flight.records import Entry

__all__ = ["PREFIX", "dump", "pickled"]

PREFIX = "flight_rank_"
"""Of the files' names, before the rank: the analyser takes the files of a folder that have one."""

VERSION = "2.9"

_DTYPES = {
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float32": "Float",
    "float64": "Double",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "uint8": "Byte",
    "bool": "Bool",
}


def dump(entries: Sequence[Entry], clock: Clock) -> dict[str, Any]:
    """What one rank's file holds: plain values. Operations that have failed are left out: they have
    no number."""
    groups: dict[str, dict[str, str]] = {}
    made = []
    for entry in entries:
        if entry.failure:
            continue
        name, members = entry.group, list(entry.members)
        if entry.peers is not None:
            source, destination = (members[each] for each in entry.peers)
            name, members = f"{name} {source}->{destination}", sorted((source, destination))
        groups[name] = {"name": name, "desc": "undefined", "ranks": str(members)}
        made.append(_entry(entry, name, members, clock))
    return {
        "version": VERSION,
        "pg_config": groups,
        "pg_status": {},
        "comm_lib_version": "vllm_distributed",
        "entries": made,
    }


def pickled(entries: Sequence[Entry], clock: Clock) -> bytes:
    """The file itself. The analyser wants a pickle; nothing of ours reads one."""
    return pickle.dumps(dump(entries, clock), protocol=2)


def _entry(entry: Entry, name: str, members: list[int], clock: Clock) -> dict[str, Any]:
    kind = OPERATIONS[entry.operation].kind
    label = kind
    if entry.peers is not None:
        source, destination = (members.index(entry.members[each]) for each in entry.peers)
        arrow = f"{source}->{destination}" if kind == "send" else f"{destination}<-{source}"
        label = f"{kind} {arrow}"
    inputs, outputs = _sizes(kind, list(entry.shape), len(members))
    dtypes = [_DTYPES.get(entry.dtype, entry.dtype)] if entry.dtype else []
    ended = bool(entry.ended_ns)
    return {
        "record_id": entry.number,
        "pg_id": 0,
        "process_group": (name, "undefined"),
        "collective_seq_id": entry.sequence,
        "p2p_seq_id": entry.sequence if entry.peers is not None else 0,
        "op_id": entry.number,
        "profiling_name": f"{entry.backend}:{label}",
        "time_created_ns": int(clock.us(entry.started_ns) * 1000),
        "time_discovered_started_ns": None,
        "time_discovered_completed_ns": int(clock.us(entry.ended_ns) * 1000) if ended else None,
        "duration_ms": clock.lasted_us(entry.started_ns, entry.ended_ns) / 1000 if ended else None,
        "input_sizes": [inputs],
        "input_dtypes": dtypes,
        "output_sizes": [outputs],
        "output_dtypes": dtypes,
        "state": "completed" if ended else "scheduled",
        "retired": ended,
        "timeout_ms": 0,
        "is_p2p": entry.peers is not None,
        "frames": [] if ended else _frames(entry.thread),
    }


def _sizes(kind: str, shape: list[int], members: int) -> tuple[list[int], list[int]]:
    """The analyser multiplies them: what all members have is as many times what one has."""
    if kind in ("all_gather", "gather"):
        return shape, [members, *shape]
    if kind == "reduce_scatter":
        # Its input divides by the number of members, along a dim that is not known here.
        total = 1
        for extent in shape:
            total *= extent
        return shape, [total // members]
    return shape, shape


def _frames(thread: int) -> list[dict[str, Any]]:
    """Where a thread is that waits now, innermost first."""
    top = sys._current_frames().get(thread)
    if top is None:
        return []
    return [
        {"name": frame.name, "filename": frame.filename, "line": frame.lineno or 0}
        for frame in reversed(traceback.extract_stack(top))
    ]
