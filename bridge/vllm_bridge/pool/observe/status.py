"""A server's status and a world's diagnosis, for people and as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.pool.settings.launch_options import MP
from vllm_bridge.rank_numbers import listed

_OVER = (pool_pb2.WORLD_STOPPED,)

_SIZES = {
    "dp": "data_parallel_size",
    "pp": "pipeline_parallel_size",
    "pcp": "prefill_context_parallel_size",
    "tp": "tensor_parallel_size",
    "dcp": "decode_context_parallel_size",
}

_MIB, _GIB = 1 << 20, 1 << 30


def as_json(message: Message, *, indent: int | None = 2) -> str:
    """A message as JSON, with the names of its .proto file.

    All fields are there, also those at their default: rank 0 is `0`, not absent. Integers are
    numbers and enums are names. A field with presence that is not set is `null`.
    """
    return json.dumps(plain(message), indent=indent)


def without_stopped(status: pool_pb2.PoolStatus) -> pool_pb2.PoolStatus:
    """The status less the worlds that were stopped in an orderly way."""
    shown = pool_pb2.PoolStatus()
    shown.CopyFrom(status)
    del shown.worlds[:]
    shown.worlds.extend(world for world in status.worlds if world.state not in _OVER)
    return shown


def as_text(status: pool_pb2.PoolStatus) -> str:
    """For people: pools with their ranks, then worlds with theirs."""
    lines = [f"vllm-bridge {status.version}, pid {status.pid}, {len(status.sessions)} sessions"]
    for pool in status.pools:
        lines.append(_pool(pool))
        lines += [
            _rank(rank)
            for rank in status.ranks
            if rank.pool_name == pool.name or (not rank.pool_name and len(status.pools) == 1)
        ]
    for world in status.worlds:
        lines.append(_world(world))
        lines += _by_node(world)
    return "\n".join(lines)


def diagnosis_as_text(diagnosis: pool_pb2.Diagnosis) -> str:
    """What the pool has to say, then the stacks that were asked for."""
    lines = [diagnosis.text]
    for rank in diagnosis.ranks:
        for stack in rank.stacks:
            lines += ["", f"rank {rank.rank} (pid {rank.pid}), thread {stack.thread}:"]
            lines += [f"  {frame}" for frame in stack.frames]
    return "\n".join(lines)


def plain(message: Message) -> dict[str, Any]:
    """A message as what JSON knows."""
    descriptor: Any = message.DESCRIPTOR
    return {field.name: _field(message, field) for field in descriptor.fields}


def _field(message: Message, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if _repeated(field):
        return [_value(field, item) for item in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return _value(field, value)


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        if field.message_type.full_name in (
            "google.protobuf.Timestamp",
            "google.protobuf.Duration",
        ):
            return value.ToJsonString()
        return plain(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else value
    if isinstance(value, bytes):
        return value.hex()
    return value


def _repeated(field: Any) -> bool:
    # `label` is deprecated, and `is_repeated` is not in every release that we load on.
    known: bool | None = getattr(field, "is_repeated", None)
    return known if known is not None else field.label == FieldDescriptor.LABEL_REPEATED


def _pool(pool: pool_pb2.PoolInfo) -> str:
    facts = [f"{pool.ready} of {pool.size} ranks up", f"{pool.idle} idle"]
    if pool.queued:
        facts.append(f"{pool.queued} calls wait (at most {pool.max_queue})")
    if pool.restarts:
        facts.append(f"{pool.restarts} restarts")
    if pool.confinement:
        facts.append(f"confinement {pool.confinement}")
    line = f"pool {pool.name}: {', '.join(facts)}"
    return f"{line}; takes no calls: {pool.failure}" if pool.failure else line


def _world(world: pool_pb2.World) -> str:
    state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
    line = (
        f"world {world.world_id} (epoch {world.epoch}): {state}, {world.world_size} ranks, "
        f"{world.backend}"
    )
    if world.distributed_executor_backend not in ("", MP):
        line += f", started by {world.distributed_executor_backend}"
    return f"{line}: {world.failure}" if world.failure else line


def _by_node(world: pool_pb2.World) -> list[str]:
    """Its ranks, under their nodes where those may be several."""
    if world.distributed_executor_backend in ("", MP):
        return [_rank(rank, world) for rank in world.ranks]
    nodes: dict[tuple[str, str], list[pool_pb2.RankInfo]] = defaultdict(list)
    for rank in world.ranks:
        nodes[rank.node, rank.address].append(rank)
    lines = []
    for (node, address), ranks in nodes.items():
        numbers = listed([rank.rank for rank in ranks])
        which = f"rank {numbers}" if len(ranks) == 1 else f"ranks {numbers}"
        lines.append(
            f"  node {node or 'not known yet'}{f' ({address})' if address else ''}: {which}"
        )
        lines += [f"  {_rank(rank, world, named=True)}" for rank in ranks]
    return lines


def _rank(
    rank: pool_pb2.RankInfo, world: pool_pb2.World | None = None, *, named: bool = False
) -> str:
    facts = [pool_pb2.RankState.Name(rank.state).lower()]
    if rank.exit:
        facts.append(rank.exit)
    elif rank.doing:
        facts.append(rank.doing)
    if rank.queued:
        facts.append(f"{rank.queued} calls wait")
    if rank.pid:
        facts.append(f"pid {rank.pid}" if named else f"pid {rank.pid} on {rank.node}")
    if rank.memory.resident:
        facts.append(memory(rank.memory))
    # Only clients on the server's host are told where a rank takes calls.
    if rank.endpoint:
        facts.append("takes frames and gRPC" if rank.frames_endpoint else "takes gRPC")
    where = f" ({coordinates(rank, world)})" if world is not None and world.world_size > 1 else ""
    return f"  rank {rank.rank}{where}: {', '.join(facts)}"


def coordinates(rank: pool_pb2.RankInfo, world: pool_pb2.World) -> str:
    """Where a rank stands, e.g. "pp 0, tp 1": along the dimensions that its world has."""
    return ", ".join(
        f"{name} {getattr(rank.coordinates, name)}"
        for name, size in _SIZES.items()
        if getattr(world, size) > 1
    )


def memory(of: rank_pb2.MemoryInfo) -> str:
    """For people, e.g. "198 MiB", "198 MiB, 2.1 GiB on its device"."""
    device = f", {_size(of.device_reserved)} on its device" if of.device_reserved else ""
    return _size(of.resident) + device


def _size(bytes_: int) -> str:
    return f"{bytes_ / _GIB:.1f} GiB" if bytes_ >= _GIB else f"{bytes_ / _MIB:.0f} MiB"
