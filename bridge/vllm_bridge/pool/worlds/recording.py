"""The last calls and operations of every rank of a world, as files that other tools read."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import grpc.aio

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.worlds.world import World

RECORD = "/vllm.bridge.v1.Rank/Record"

RECORD_SECONDS = 2.0
"""After which a rank counts as missing. It answers beside its executor, within milliseconds."""

TRACE = "trace.json"

# The names of the files of each rank that torch's analyser looks for.
_TORCH_PREFIX = "flight_rank_"

Event = dict[str, Any]


async def record(
    world: World, last: int, kind: rank_pb2.RecordFormat, *, direct: bool = False
) -> pool_pb2.Recording:
    """Ask all ranks at once. Those that do not answer are named, and have no part in the files."""
    request = rank_pb2.RecordRequest(last=last, format=kind).SerializeToString()
    answers = await asyncio.gather(*(_ask(rank, request) for rank in world.ranks))
    known = {
        rank.position.index: answer
        for rank, answer in zip(world.ranks, answers, strict=True)
        if answer is not None
    }
    missing = [rank.position.index for rank in world.ranks if rank.position.index not in known]
    if kind == rank_pb2.TORCH:
        files = {f"{_TORCH_PREFIX}{index}": content for index, content in known.items()}
    else:
        # Of many ranks a megabyte or more: the pool goes on meanwhile.
        files = {TRACE: await asyncio.to_thread(trace, world.world_id, known, missing)}
    return pool_pb2.Recording(
        world=world.to_message(direct=direct),
        files=[pool_pb2.RecordedFile(name=name, content=each) for name, each in files.items()],
        missing=missing,
    )


async def _ask(rank: Rank, request: bytes) -> bytes | None:
    if not rank.ready:
        return None
    try:
        answer: bytes = await rank.channel().unary_unary(RECORD)(request, timeout=RECORD_SECONDS)
    except grpc.aio.AioRpcError:
        return None
    return rank_pb2.RankRecord.FromString(answer).content


def trace(world_id: str, answers: Mapping[int, bytes], missing: Sequence[int]) -> bytes:
    """One trace: a track for each rank, and arrows between the members of one operation."""
    events: list[Event] = [_named("process_name", 0, f"world {world_id}")]
    for index in missing:
        events.append(_named("thread_name", index, f"rank {index}, no answer"))
    for index in [*answers, *missing]:
        order = _named("thread_sort_index", index, "")
        order["args"] = {"sort_index": index}
        events.append(order)
    for content in answers.values():
        events += json.loads(content)
    events += flows(events)
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}).encode()


def flows(events: Iterable[Event]) -> list[Event]:
    """Arrows from the member that came first to the one that came last, over those between."""
    operations: defaultdict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event in events:
        args = event.get("args", {})
        if event.get("cat") in ("collective", "message") and "failure" not in args:
            peers = (args.get("source"), args.get("destination"))
            key = (args["group"], *args["members"], *peers, args["sequence"])
            operations[key].append(event)
    made = []
    several = [members for members in operations.values() if len(members) > 1]
    for number, members in enumerate(several, 1):
        if members[0]["cat"] == "message":
            # From its sender, also where the receiver came first.
            members.sort(key=lambda event: event["args"]["source"] != _place(event))
            when = max(member["ts"] for member in members)
            times = [members[0]["ts"], when]
        else:
            members.sort(key=lambda event: event["ts"])
            times = [member["ts"] for member in members]
        for at, (member, when) in enumerate(zip(members, times, strict=True)):
            phase = "s" if at == 0 else "f" if at == len(members) - 1 else "t"
            made.append(
                {
                    "name": member["name"],
                    "cat": "flow",
                    "ph": phase,
                    "bp": "e",
                    "id": number,
                    "pid": 1,
                    "tid": member["tid"],
                    "ts": when,
                }
            )
    return made


def _place(event: Event) -> int:
    """Of the rank, in its group."""
    members: list[int] = event["args"]["members"]
    rank = event["tid"] & 0xFFFFF
    return members.index(rank) if rank in members else -1


def _named(what: str, track: int, name: str) -> Event:
    return {"name": what, "ph": "M", "pid": 1, "tid": track, "args": {"name": name}}
