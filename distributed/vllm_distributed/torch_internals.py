"""The few things needed from torch.distributed that it offers under private names only.

Kept together so that a new version of torch is one file to check. Present under these names from
torch 2.6 (our lowest) to 2.13.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch
import torch.distributed.distributed_c10d as c10d
from torch._C._distributed_c10d import PrefixStore, Store, TCPStore
from torch.distributed import ProcessGroup

__all__ = [
    "MAX",
    "SUM",
    "PrefixStore",
    "Store",
    "TCPStore",
    "default_store",
    "gather_options",
    "group_timeout",
    "is_alive",
    "next_group_number",
    "set_next_group_number",
    "world_group",
]


def world_group() -> ProcessGroup:
    """Return the default process group, which must exist."""
    return c10d._get_default_group()


def default_store() -> Store:
    """Return the store of the default process group."""
    return c10d._get_default_store()


def next_group_number() -> int:
    """Return the number from which torch will name the next group."""
    return c10d._world.group_count


def set_next_group_number(number: int) -> None:
    """Make torch name the next group by `number`.

    torch counts an attempt to make a group also when it fails, so one failure on one rank puts the
    names out of step for good: later groups of that rank wait for peers under another name.
    """
    c10d._world.group_count = number


def is_alive(group: ProcessGroup) -> bool:
    """Return whether torch still has the group (it drops all of them with the default one)."""
    return group in c10d._world.pg_map


def group_timeout(group: ProcessGroup) -> timedelta:
    """Return how long operations of a group may take."""
    for device in ("cpu", "cuda"):
        try:
            backend: Any = group._get_backend(torch.device(device))
        except RuntimeError:  # the group has no backend for this kind of device
            continue
        timeout: timedelta = backend.options._timeout
        return timeout
    return c10d.default_pg_timeout


def _reduce_options(operation: Any) -> Any:
    options = c10d.AllreduceOptions()
    options.reduceOp = operation
    return options


# Made once: passing the bare operation costs 20 us a call, in the binding's overload resolution.
SUM = _reduce_options(c10d.ReduceOp.SUM)
MAX = _reduce_options(c10d.ReduceOp.MAX)


def gather_options(root: int) -> Any:
    """Return the options of a gather to a group rank."""
    options = c10d.GatherOptions()
    options.rootRank = root
    return options
