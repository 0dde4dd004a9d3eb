"""`vllm-bridge status`: a pool's status as text and as JSON."""

from __future__ import annotations

from google.protobuf import json_format

from vllm_bridge._generated import pool_pb2


def as_json(status: pool_pb2.PoolStatus) -> str:
    """The message as protobuf's JSON, with the names of pool.proto."""
    text: str = json_format.MessageToJson(status, preserving_proto_field_name=True)
    return text


def as_text(status: pool_pb2.PoolStatus) -> str:
    """For people."""
    lines = [
        f"vllm-bridge {status.version}, pid {status.pid}, {len(status.sessions)} sessions",
        *(f"  {_rank(rank)}" for rank in status.ranks),
    ]
    for world in status.worlds:
        state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
        lines.append(
            f"{world.world_id} (epoch {world.epoch}): {state}, {world.world_size} ranks, "
            f"{world.backend}" + (f": {world.failure}" if world.failure else "")
        )
        lines += [f"  {_rank(rank)}" for rank in world.ranks]
    return "\n".join(lines)


def _rank(rank: pool_pb2.RankInfo) -> str:
    state = pool_pb2.RankState.Name(rank.state).lower()
    ending = f", {rank.exit}" if rank.exit else ""
    return f"rank {rank.rank}: {state}{ending}, pid {rank.pid} on {rank.node}"
