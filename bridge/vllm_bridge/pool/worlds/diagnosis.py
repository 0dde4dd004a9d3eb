"""What every rank of a world is doing, and what that means: for people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.gate.referee import Waiting
from vllm_bridge.pool.observe.model import activity
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import INSPECT_SECONDS, inspect
from vllm_bridge.pool.worlds.gate import Gate
from vllm_bridge.pool.worlds.world import World
from vllm_bridge.transport.metadata import RunLabel


async def diagnose(
    world: World, gate: Gate, *, with_stacks: bool = False, direct: bool = False
) -> pool_pb2.Diagnosis:
    """Ask all ranks of a world at once. Answers within a quarter of a second, also when some or all
    of them do not; those have an entry with nothing but `rank`.
    """
    answers, _ = await asyncio.gather(
        asyncio.gather(*(inspect(rank, with_stacks=with_stacks) for rank in world.ranks)),
        world.turns.refresh(INSPECT_SECONDS),
    )
    waiting = gate.waiting(world.world_id, world.epoch)
    lines = [_headline(world, waiting)]
    lines += [
        _line(rank, answer, waiting) for rank, answer in zip(world.ranks, answers, strict=True)
    ]
    return pool_pb2.Diagnosis(
        text="\n".join(lines),
        world=world.to_message(direct=direct),
        ranks=[
            answer or rank_pb2.InspectResponse(rank=rank.position.index)
            for rank, answer in zip(world.ranks, answers, strict=True)
        ],
    )


def _headline(world: World, waiting: Sequence[Waiting]) -> str:
    name = f"{world.world_id} (epoch {world.epoch})"
    if not world.live:
        state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
        why = world.failure or (world.stopped and f"it {world.stopped}.")
        return f"{name} is {state}" + (f": {why}" if why else ".")
    if world.state == pool_pb2.WORLD_STARTING:
        return f"{name} is starting: {sum(rank.ready for rank in world.ranks)} of its ranks are up."
    turn = _turn(world)
    if not waiting:
        gate = "" if world.spec.gate else " It has no gate: waits inside calls are not seen here."
        return f"{name}: no call waits at the gate.{gate}{turn}"
    clauses = [
        f"rank {one.member.rank} {one.clause} (since {one.waited_s:.1f} s)" for one in waiting
    ]
    return f"{name}: {'; '.join(clauses)}.{turn}"


def _turn(world: World) -> str:
    run = world.turns.info()
    if run is None:
        return ""
    waiting = f", and {world.turns.waiting} more wait for theirs" if world.turns.waiting else ""
    label = RunLabel(run.number).held_by(run.holder)
    return f" R{label[1:]} has its turn since {run.held_s:.1f} s{waiting}."


def _line(rank: Rank, answer: rank_pb2.InspectResponse | None, waiting: Sequence[Waiting]) -> str:
    return f"rank {rank.position.index}: {_doing(rank, answer, waiting)}"


def _doing(rank: Rank, answer: rank_pb2.InspectResponse | None, waiting: Sequence[Waiting]) -> str:
    if rank.died.done():
        return rank.exit or "gone"
    if answer is None:
        if not rank.ready:
            return pool_pb2.RankState.Name(rank.state).lower()
        age = f"its latest heartbeat came {rank.heartbeat_age():.1f} s ago"
        return f"did not answer within {INSPECT_SECONDS * 1000:.0f} ms; {age}"
    running = [call for call in answer.calls if call.state == rank_pb2.RUNNING]
    queued = len(answer.calls) - len(running)
    behind = f", {queued} calls queued behind" if queued else ""
    if running:
        at_gate = next((one for one in waiting if one.member.rank_id == rank.rank_id), None)
        return activity.timed(activity.of_call(running[0], 0.0, at_gate)) + behind
    if not answer.ended:
        return f"idle, has run no call yet{behind}"
    latest = answer.ended[0]
    return f"idle since {activity.named(latest)} ended {latest.ended_s:.1f} s ago{behind}"
