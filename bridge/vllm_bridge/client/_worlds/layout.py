"""Which ranks of a world a slice takes, by their coordinates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.world_sizes import coordinates

Coordinate = int | range


def sizes(world: pool_pb2.World) -> dict[str, int]:
    """The size of each axis, the slowest first."""
    return {
        "dp": max(world.data_parallel_size, 1),
        "pp": max(world.pipeline_parallel_size, 1),
        "pcp": max(world.prefill_context_parallel_size, 1),
        "tp": max(world.tensor_parallel_size, 1),
    }


def sliced(
    world: pool_pb2.World, ranks: Collection[int], wanted: Mapping[str, Coordinate | None]
) -> tuple[int, ...]:
    """Those of the ranks that have the wanted coordinates; None: any.

    Raises:
        BridgeError: (validation, `invalid_argument`) a coordinate is none, or out of range, or no
            rank is there.
    """
    layout = sizes(world)
    given = {axis: value for axis, value in wanted.items() if value is not None}
    if not given:
        raise _invalid("a slice needs a coordinate of at least one axis, e.g. tp=0 or dp=range(2)")
    spans = {axis: _span(axis, value, layout[axis]) for axis, value in given.items()}
    found = []
    for rank in ranks:
        at = coordinates(layout, rank)
        if all(at[axis] in span for axis, span in spans.items()):
            found.append(rank)
    if not found:
        where = ", ".join(f"{axis}={value!r}" for axis, value in given.items())
        raise _invalid(f"no rank of {world.world_id} is at {where} in this slice of it")
    return tuple(found)


def replicas(world: pool_pb2.World, ranks: Sequence[int]) -> list[list[int]]:
    """The ranks by replica: those that share a data parallel coordinate."""
    layout = sizes(world)
    found: dict[int, list[int]] = {}
    for rank in ranks:
        found.setdefault(coordinates(layout, rank)["dp"], []).append(rank)
    return [found[replica] for replica in sorted(found)]


def speakers(world: pool_pb2.World, ranks: Sequence[int]) -> list[int]:
    """Of each replica the first rank of its last stage: where the output of a model is."""
    layout = sizes(world)
    found = []
    for members in replicas(world, ranks):
        stages = [coordinates(layout, rank)["pp"] for rank in members]
        found.append(members[stages.index(max(stages))])
    return found


def _span(axis: str, value: Coordinate, size: int) -> range:
    if isinstance(value, range):
        if value.step != 1 or not value:
            raise _invalid(f"{axis} is {value!r}; a range has a step of 1 and at least one number")
        first, last = _index(axis, value[0], size), _index(axis, value[-1], size)
        if first > last:
            raise _invalid(f"{axis} is {value!r}; the smaller coordinate comes first")
        return range(first, last + 1)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(f"{axis} is {value!r}; it must be an int, or a range of step 1")
    index = _index(axis, value, size)
    return range(index, index + 1)


def _index(axis: str, value: int, size: int) -> int:
    index = value + size if value < 0 else value
    if 0 <= index < size:
        return index
    raise _invalid(
        f"{axis}: {value} is out of range: the axis has {size} "
        f"{'coordinate' if size == 1 else 'coordinates'}, 0 to {size - 1} (-1 is the last)"
    )


def _invalid(why: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "invalid_argument", f"World.slice: {why}")
