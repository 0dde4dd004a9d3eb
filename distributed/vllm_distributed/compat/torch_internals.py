"""The few things needed from torch.distributed that it offers under private names only.

Kept together so that a new version of torch is one file to check. Present under these names from
torch 2.8 (our lowest) to 2.14.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed.distributed_c10d as c10d
from torch._C._distributed_c10d import (
    FileStore,
    HashStore,
    PrefixStore,
    Store,
    TCPStore,
    _unregister_all_process_groups,
)
from torch.distributed import ProcessGroup

from vllm_distributed.forks import keep_in_children

__all__ = [
    "MAX",
    "SUM",
    "DefaultGroup",
    "FileStore",
    "HashStore",
    "PrefixStore",
    "Store",
    "TCPStore",
    "apart_from_world",
    "bare_process_group",
    "bound_device",
    "can_split_world",
    "coalesced",
    "default_store",
    "end_default_group",
    "forget_world",
    "gather_options",
    "gloo_backend",
    "gloo_made_by",
    "group_timeout",
    "is_alive",
    "next_group_number",
    "reduce_scatter_options",
    "second_connection",
    "set_group_timeout",
    "set_next_group_number",
    "without_prefixes",
    "world_group",
]


def world_group() -> ProcessGroup:
    """Return the default process group, which must exist."""
    return c10d._get_default_group()


class DefaultGroup:
    """A default group that is made beside the current one, and takes its place or does not."""

    def __init__(self) -> None:
        # Of the two, the one that is not torch's now; and the number of the next group with it.
        self._other: ProcessGroup | None = None
        self._number = next_group_number()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make it, and the groups that go with it, in this block."""
        current, number = c10d.GroupMember.WORLD, next_group_number()
        c10d._update_default_pg(None)
        _beside.append(current)
        try:
            yield
        finally:
            _beside.pop()
            self._other, self._number = c10d.GroupMember.WORLD, next_group_number()
            c10d._update_default_pg(current)
            set_next_group_number(number)

    def switch(self) -> None:
        """Make it torch's default group."""
        current, number = c10d.GroupMember.WORLD, next_group_number()
        c10d._update_default_pg(self._other)
        set_next_group_number(self._number)
        self._other, self._number = current, number

    def end_other(self) -> None:
        """Destroy the one that is not torch's default group. Idempotent."""
        other, self._other = self._other, None
        if other is not None:
            c10d.destroy_process_group(other)


# Default groups that wait while another one is made.
_beside: list[ProcessGroup | None] = []


def end_default_group() -> None:
    """Destroy the default group and all others, and number groups from 0 again; while another
    default group waits beside it, only this one."""
    group = c10d.GroupMember.WORLD
    if not _beside:
        if group is not None:
            c10d.destroy_process_group()
        set_next_group_number(0)
    elif group is not None:
        c10d._update_default_pg(None)
        c10d.destroy_process_group(group)


def default_store() -> Store:
    """Return the store of the default process group."""
    return c10d._get_default_store()


def without_prefixes(store: Store) -> Store:
    """Return the store behind any prefixes."""
    while isinstance(store, PrefixStore):
        store = store.underlying_store
    return store


def second_connection(store: Store) -> Store:
    """Return another connection to the server of a store that has no prefix. One in which
    a thread waits can neither be used nor cloned until that is over."""
    if not isinstance(store, TCPStore):
        return store  # in a file, or in memory: it is not kept busy
    return TCPStore(
        host_name=store.host,
        port=store.port,
        is_master=False,
        timeout=store.timeout,  # type: ignore[attr-defined]  # the stubs lack it
        wait_for_workers=False,
    )


@contextmanager
def coalesced(group: ProcessGroup, device: torch.device) -> Iterator[None]:
    """Have the sends and receives within begin together, and the device wait for all of them."""
    group._start_coalescing(device)
    yield
    group._end_coalescing(device).wait()


def next_group_number() -> int:
    """Return the number from which torch will name the next group."""
    return c10d._world.group_count


def set_next_group_number(number: int) -> None:
    """Make torch name the next group by `number`.

    torch counts an attempt to make a group also when it fails, so one failure on one rank puts the
    names out of step for good: later groups of that rank wait for peers under another name.
    """
    c10d._world.group_count = number


def can_split_world(backend: str, device: torch.device) -> bool:
    """Return whether groups of this backend can be split off the default group: it has the same
    backend, bound to a device since it was made. The same on every rank."""
    default = c10d._get_default_group()
    return (
        backend == "nccl"
        and device.type == "cuda"
        and c10d.get_backend(default) == "nccl"
        and bound_device() == device
        and bool(getattr(default._get_backend(device), "supports_splitting", False))
    )


def bound_device() -> torch.device | None:
    """Return the device that the default group is bound to; None where it is bound to none."""
    device: torch.device | None = getattr(c10d._get_default_group(), "bound_device_id", None)
    return device


@contextmanager
def apart_from_world() -> Iterator[None]:
    """Make groups that have nothing to do with the default group's communicator.

    From a default group that is bound to a device, torch splits off whatever group is made, which
    is collective over the world: a rank that is no member of a gloo group waits in
    `ncclCommSplit` for members that never call it, and a rank that makes a group for itself alone
    waits for all the others (https://github.com/pytorch/pytorch/issues/145376).
    """
    default = c10d._get_default_group()
    device = bound_device()
    if device is None:
        yield
        return
    default.bound_device_id = None
    try:
        yield
    finally:
        default.bound_device_id = device


def is_alive(group: ProcessGroup) -> bool:
    """Return whether torch still has the group (it drops all of them with the default one)."""
    return group in c10d._world.pg_map


def forget_world() -> None:
    """Have torch know of no process group, and end none: those that a forked child inherited."""
    c10d._update_default_pg(None)
    world = c10d._world
    for known in (
        world.pg_map,
        world.pg_names,
        world.pg_group_ranks,
        world.pg_backend_config,
        world.pg_to_tag,
        world.tags_to_pg,
        world.pg_coalesce_state,
    ):
        known.clear()
    _unregister_all_process_groups()


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
REDUCE: dict[str, Any] = {
    "sum": SUM,
    "avg": SUM,  # and then divided: gloo knows no averages
    "max": MAX,
    "min": _reduce_options(c10d.ReduceOp.MIN),
    "product": _reduce_options(c10d.ReduceOp.PRODUCT),
}


def gather_options(root: int) -> Any:
    """Return the options of a gather to a group rank."""
    options = c10d.GatherOptions()
    options.rootRank = root
    return options


MakeGloo = Callable[[Store, int, int, timedelta], Any]
"""Makes a gloo backend of a store, this member's rank, their number and a timeout."""

_Gloo: Any = c10d.ProcessGroupGloo
_gloo_lock = threading.RLock()


def gloo_backend(
    store: Store, rank: int, world_size: int, timeout: timedelta, address: str | None
) -> Any:
    """Return gloo's backend, connected; it listens on an address of this machine, or where None is
    given on those that torch chooses. Blocks without a look at signals."""
    if address is None:
        return _Gloo(store, rank, world_size, timeout)
    options = _Gloo._Options()
    options._devices = [_Gloo.create_device(hostname=address)]
    options._threads = 2
    options._timeout = timeout
    return _Gloo(store, rank, world_size, options)


@contextmanager
def gloo_made_by(make: MakeGloo) -> Iterator[None]:
    """Have torch's own functions make gloo backends in this way.

    They take no options for gloo, so what they call for it is replaced for as long as the block
    lasts.
    """
    with _gloo_lock:
        before: Any = c10d.ProcessGroupGloo
        c10d.ProcessGroupGloo = _GlooMaker(make)  # type: ignore[assignment,misc]
        try:
            yield
        finally:
            c10d.ProcessGroupGloo = before  # type: ignore[misc]


class _GlooMaker:
    """Stands in for torch's class."""

    def __init__(self, make: MakeGloo) -> None:
        self._make = make

    def __call__(
        self, store: Store, rank: int, size: int, timeout: timedelta, **more: object
    ) -> Any:
        # torch 2.14 asks each time, and we never want it: `enable_reconfigure=False`.
        wanted = [name for name, value in more.items() if value]
        if wanted:
            raise TypeError(f"gloo is made without {', '.join(wanted)} here")
        return self._make(store, rank, size, timeout)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, _Gloo)

    def __getattr__(self, name: str) -> Any:
        return getattr(_Gloo, name)


def bare_process_group(
    store: Store,
    rank: int,
    world_size: int,
    backends: Mapping[str, str],
    timeout: timedelta,
    description: str,
    make_gloo: MakeGloo,
    device: torch.device | None = None,
) -> ProcessGroup:
    """Return a connected process group that torch.distributed knows nothing of.

    `backends` maps kinds of device (`cpu`, `cuda`) to `gloo` or `nccl`; NCCL is bound to `device`,
    a CUDA device with an index (default: the current one). Collective over the group. Raises
    torch's RuntimeError if the members cannot connect within `timeout`.
    """
    group = ProcessGroup(store, rank, world_size)
    keep_in_children(group)
    if "nccl" in backends.values():
        if device is None or device.type != "cuda":
            device = torch.device("cuda", torch.cuda.current_device())
        group.bound_device_id = device  # where `barrier` waits, too
    made: dict[str, Any] = {}
    for device_type, name in backends.items():
        kind = getattr(ProcessGroup.BackendType, name.upper())
        if name not in made:
            own = PrefixStore(name, store)
            made[name] = (
                make_gloo(own, rank, world_size, timeout)
                if name == "gloo"
                else _nccl_backend(own, rank, world_size, timeout, device)
            )
            made[name]._set_sequence_number_for_group()
            group._set_default_backend(kind)
        group._register_backend(torch.device(device_type), kind, made[name])
    group._set_group_name(description)  # type: ignore[arg-type]  # a NewType of str, since 2.8
    group._set_group_desc(description)
    return group


def _nccl_backend(
    store: Store,
    rank: int,
    world_size: int,
    timeout: timedelta,
    device: torch.device | None,
) -> Any:
    options = c10d.ProcessGroupNCCL.Options()
    options._timeout = timeout
    backend = c10d.ProcessGroupNCCL(store, rank, world_size, options)
    # Connects now, not in the first collective: a failure is one of making the group.
    backend.eager_connect_single_device(device)
    return backend


def reduce_scatter_options(like: Any) -> Any:
    """Return the options of a reduce-scatter with the operation of an all-reduce's options."""
    options = c10d.ReduceScatterOptions()
    options.reduceOp = like.reduceOp
    return options


def set_group_timeout(group: Any, timeout: timedelta) -> None:
    """Set how long each operation of a group may take. Until torch 2.8 only backends have it."""
    if hasattr(group, "set_timeout"):
        group.set_timeout(timeout)
    else:
        for device in group._device_types:
            group._get_backend(device)._set_default_timeout(timeout)
