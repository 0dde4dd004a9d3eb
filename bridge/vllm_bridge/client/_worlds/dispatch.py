"""Which arguments the ranks of a world get, and what is made of their results."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._worlds.layout import replicas, speakers
from vllm_bridge.codec.errors import BridgeError, Category

Dispatch = (
    Literal["all"]
    | tuple[Literal["scatter"], int]
    | tuple[Literal["per_rank"], Callable[[int], Sequence[object]]]
)
Collect = Literal["list", "first", "one_per_replica", "same"] | tuple[Literal["concat"], int]

_COLLECTS = ("list", "first", "one_per_replica", "same")


def check(dispatch: Dispatch, collect: Collect) -> None:
    """Raises BridgeError: (validation, `invalid_option`) one of them is none."""
    if not (dispatch == "all" or _tagged(dispatch, "scatter") or _tagged(dispatch, "per_rank")):
        raise _bad(
            "invalid_option",
            f"dispatch is {dispatch!r}; it must be 'all', ('scatter', dim) or "
            "('per_rank', function)",
        )
    if not (collect in _COLLECTS if isinstance(collect, str) else _tagged(collect, "concat")):
        raise _bad(
            "invalid_option",
            f"collect is {collect!r}; it must be 'list', 'first', 'one_per_replica', 'same' or "
            "('concat', dim)",
        )


def _tagged(value: object, tag: str) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or value[0] != tag:
        return False
    of = value[1]
    return callable(of) if tag == "per_rank" else isinstance(of, int) and not isinstance(of, bool)


def arguments(
    world: pool_pb2.World, ranks: Sequence[int], args: Sequence[object], dispatch: Dispatch
) -> Mapping[int, Sequence[object]]:
    """The positional arguments of each rank.

    Raises:
        BridgeError: (validation, `invalid_argument`) they cannot be cut, or are none.
    """
    if isinstance(dispatch, str):
        return dict.fromkeys(ranks, args)
    if dispatch[0] == "per_rank":
        return _per_rank(ranks, args, dispatch[1])
    groups = replicas(world, ranks)
    parts = [_scattered(value, len(groups), dispatch[1]) for value in args]
    return {
        rank: [part[replica] for part in parts]
        for replica, members in enumerate(groups)
        for rank in members
    }


def _per_rank(
    ranks: Sequence[int], args: Sequence[object], function: Callable[[int], Sequence[object]]
) -> Mapping[int, Sequence[object]]:
    if args:
        raise _bad(
            "invalid_argument",
            "dispatch: with ('per_rank', function) the function gives all positional arguments, "
            f"got also: {_show(args)}",
        )
    given = {rank: function(rank) for rank in ranks}
    for rank, value in given.items():
        if not isinstance(value, list | tuple):
            raise _bad(
                "invalid_argument",
                f"dispatch: the function gave {_show(value)} for rank {rank}, no list or tuple",
            )
    return given


def _scattered(value: object, count: int, dim: int) -> Sequence[object]:
    """A part for each replica."""
    if isinstance(value, torch.Tensor):
        if not -value.dim() <= dim < value.dim():
            raise _bad(
                "invalid_argument",
                f"scatter: a tensor of shape {list(value.shape)} has no dimension {dim}",
            )
        extent = value.shape[dim]
        if extent % count:
            raise _bad(
                "invalid_argument",
                f"scatter: dimension {dim} of a tensor of shape {list(value.shape)} is {extent}, "
                f"which {count} replicas do not divide",
            )
        size = extent // count
        return [value.narrow(dim, part * size, size) for part in range(count)]
    if isinstance(value, list):
        if len(value) % count:
            raise _bad(
                "invalid_argument",
                f"scatter: {count} replicas do not divide a list of {len(value)}",
            )
        size = len(value) // count
        return [value[part * size : (part + 1) * size] for part in range(count)]
    return [value] * count


def collected(world: pool_pb2.World, values: Mapping[int, Any], collect: Collect) -> Any:
    """What is made of the results, which are in rank order.

    Raises:
        BridgeError: (worker) `results_differ`: for 'same' they do; (validation) `cannot_collect`:
            they cannot be joined.
    """
    if collect == "list":
        return list(values.values())
    if collect == "first":
        return next(iter(values.values()))
    if collect == "same":
        return _same(values)
    found = [values[rank] for rank in speakers(world, list(values))]
    return found if isinstance(collect, str) else _joined(found, collect[1])


def _same(values: Mapping[int, Any]) -> Any:
    (first, value), *rest = values.items()
    differ = [rank for rank, other in rest if not _equal(value, other)]
    if not differ:
        return value
    names = f"rank {differ[0]}" if len(differ) == 1 else f"ranks {', '.join(map(str, differ))}"
    raise BridgeError(
        Category.WORKER,
        "results_differ",
        f"collect: 'same', but {names} returned something else than rank {first}: "
        f"{_show(values[differ[0]])}, not {_show(value)}",
        details={"ranks": differ},
        rank=differ[0],
    )


def _equal(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return torch.equal(_bytes(one), _bytes(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _joined(values: Sequence[Any], dim: int) -> Any:
    first = values[0]
    kind = torch.Tensor if isinstance(first, torch.Tensor) else list
    if not isinstance(first, kind):
        raise _cannot_join(f"tensors and lists can be joined, not {_show(first)}")
    if not all(isinstance(value, kind) for value in values):
        what = "tensors" if kind is torch.Tensor else "lists"
        raise _cannot_join(f"some replicas returned {what}, and others did not")
    if kind is list:
        return [item for value in values for item in value]
    dtypes = {str(value.dtype) for value in values}
    if len(dtypes) > 1:
        raise _cannot_join(f"tensors of {' and '.join(sorted(dtypes))} cannot be joined")
    try:
        return torch.cat(list(values), dim)
    except (RuntimeError, IndexError) as error:
        shapes = ", ".join(str(list(value.shape)) for value in values)
        raise _cannot_join(
            f"tensors of {shapes} cannot be joined along dimension {dim}: {error}"
        ) from None


def _cannot_join(why: str) -> BridgeError:
    return _bad("cannot_collect", f"concat: {why}")


def _bad(reason: str, why: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, reason, f"World.call: {why}")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."
