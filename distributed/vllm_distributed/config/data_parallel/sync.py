"""What data parallel replicas agree on between steps: one small all-reduce each.

`dp_group` is a torch process group that carries CPU tensors, a stateless one included. Every
function here is collective over it and raises `CollectiveError`, or `CollectiveTimeoutError`, if a
peer is gone or does not take part.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.distributed import AllreduceOptions, ProcessGroup, ReduceOp

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.transports.base import group_facts, run
from vllm_distributed.transports.small_reduce import cpu_all_reduce_

__all__ = ["has_unfinished", "smallest_kv_cache_memory", "sync_state"]

_NO_LIMIT = -1


def has_unfinished(dp_group: ProcessGroup, unfinished: bool) -> bool:
    """Return whether any rank has unfinished work."""
    total = _reduced(dp_group, [_flag("has_unfinished", unfinished)], ReduceOp.MAX)
    return total[0] > 0


def sync_state(dp_group: ProcessGroup, unfinished: bool, pending_pause: bool) -> tuple[bool, bool]:
    """Return (whether the replicas must go on stepping, whether all of them want to pause).

    They go on while any has unfinished work, and while some but not all want to pause: the others
    must get the chance to want it too.
    """
    flags = [_flag("has_unfinished", unfinished), _flag("pending_pause", pending_pause)]
    _check_group(dp_group)
    total = cpu_all_reduce_(torch.tensor(flags, dtype=torch.int64, device="cpu"), dp_group)
    working, pausing = total.tolist()
    size = group_facts(dp_group)[1]
    return working > 0 or 0 < pausing < size, pausing == size


def smallest_kv_cache_memory(dp_group: ProcessGroup, kv_cache_memory: int) -> int:
    """Return the least of the ranks' sizes in bytes; -1 is no limit, and the result if none has."""
    if not isinstance(kv_cache_memory, int) or isinstance(kv_cache_memory, bool):
        raise InvalidTypeError(
            f"kv_cache_memory must be an integer number of bytes, got {kv_cache_memory!r}"
        )
    most = torch.iinfo(torch.int64).max
    if not _NO_LIMIT <= kv_cache_memory < most:
        raise InvalidArgumentError(
            f"kv_cache_memory={kv_cache_memory} must be a number of bytes, or -1 for no limit",
            kv_cache_memory=kv_cache_memory,
        )
    mine = most if kv_cache_memory == _NO_LIMIT else kv_cache_memory
    least = _reduced(dp_group, [mine], ReduceOp.MIN)[0]
    return _NO_LIMIT if least == most else least


def _flag(name: str, value: bool) -> int:
    if not isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be True or False, got {value!r}")
    return int(value)


def _reduced(dp_group: ProcessGroup, values: list[int], operation: Any) -> list[int]:
    _check_group(dp_group)
    tensor = torch.tensor(values, dtype=torch.int64, device="cpu")
    options = AllreduceOptions()
    options.reduceOp = operation
    # The group's own method: torch.distributed's functions want a group that they have registered.
    run("the data parallel group", "all_reduce", dp_group.allreduce, [tensor], options)
    return [int(value) for value in tensor.tolist()]


def _check_group(dp_group: object) -> None:
    if not isinstance(dp_group, ProcessGroup):
        raise InvalidTypeError(
            f"dp_group must be a torch ProcessGroup, got {type(dp_group).__name__}"
        )
