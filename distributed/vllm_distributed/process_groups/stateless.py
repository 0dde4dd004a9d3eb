"""torch process groups apart from torch's world: made and ended without any global state.

Such a group's ranks are its own, 0 to its size less one; nothing in torch.distributed knows of it,
whether there is a default group or not. torch's functions work on it where they need no global
rank: `all_reduce`, `all_gather`, `reduce_scatter_tensor`, `all_to_all_single`, `barrier` and the
like with `group=`; and with `group_src=` or `group_dst=` in place of `src=` and `dst=` also
`broadcast`, `gather`, `scatter`, `reduce`, `send` and the object collectives. Those that look a
group up among torch's own do not: `get_rank(group)`, `get_backend(group)`, `recv` (the group's own
method `recv` does), and whatever is given `src=` or `dst=`.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, overload

import torch
from torch.distributed import ProcessGroup, get_process_group_ranks
from torch.distributed.constants import default_pg_timeout

from vllm_distributed import entry
from vllm_distributed.arguments import check_rank, check_switch
from vllm_distributed.compat.backends import resolve_backend
from vllm_distributed.compat.torch_internals import (
    PrefixStore,
    Store,
    bare_process_group,
    is_alive,
    set_group_timeout,
)
from vllm_distributed.durations import check_timeout
from vllm_distributed.errors import (
    CollectiveError,
    DistributedError,
    InvalidArgumentError,
    InvalidTypeError,
    UnknownBackendError,
)
from vllm_distributed.forks import is_inherited
from vllm_distributed.process_groups.making import Making, make_gloo
from vllm_distributed.store.connection import Connection, connect_at, join
from vllm_distributed.store.peers import Peers
from vllm_distributed.store.rendezvous import local_address

__all__ = [
    "backends_of",
    "end_process_group",
    "init_gloo_process_group",
    "known_ranks",
    "members_of",
    "remember_ranks",
    "stateless_destroy_torch_distributed_process_group",
    "stateless_init_torch_distributed_process_group",
]

# What each group needs while it lives. Weak: a group that nobody holds ends, and so does its store.
_connections: weakref.WeakKeyDictionary[ProcessGroup, Connection] = weakref.WeakKeyDictionary()
# The global ranks of those that have some.
_global_ranks: weakref.WeakKeyDictionary[ProcessGroup, list[int]] = weakref.WeakKeyDictionary()
_ended: weakref.WeakSet[ProcessGroup] = weakref.WeakSet()


@overload
def stateless_init_torch_distributed_process_group(
    host: str,
    port: int,
    rank: int,
    world_size: int,
    backend: str,
    group_name: str | None = None,
    return_store: Literal[False] = False,
    listen_socket: Any = None,
    timeout: timedelta | None = None,
) -> ProcessGroup: ...
@overload
def stateless_init_torch_distributed_process_group(
    host: str,
    port: int,
    rank: int,
    world_size: int,
    backend: str,
    group_name: str | None = None,
    *,
    return_store: Literal[True],
    listen_socket: Any = None,
    timeout: timedelta | None = None,
) -> tuple[ProcessGroup, Any]: ...
def stateless_init_torch_distributed_process_group(  # type: ignore[misc]  # a group to all others
    host: str,
    port: int,
    rank: int,
    world_size: int,
    backend: str,
    group_name: str | None = None,
    return_store: bool = False,
    listen_socket: Any = None,
    timeout: timedelta | None = None,
) -> ProcessGroup:
    """Return a torch process group of `world_size` processes that touches no global state.

    Rank 0 serves a store at exactly `host`:`port`, the others connect to it; `rank` counts inside
    the new group. On rank 0, `listen_socket` is a TCP socket that is bound and listens already,
    whose port was published to the others: it becomes the group's, and `port` is its port or 0.
    Without one, `adopt_listen_socket` does the same, and else rank 0 binds `port` itself.
    `backend` is `gloo` (CPU tensors, and CUDA tensors where there is CUDA), `nccl` (tensors on the
    current CUDA device; gloo, with a warning, where it cannot run) or one per device
    (`cpu:gloo,cuda:nccl`). `timeout` (default: torch's 30 minutes) bounds the making of the group
    and each of its operations. With `return_store`, for Python alone, (group, store) is returned;
    the store is for keys of one's own.

    Collective over the members. A call that fails leaves nothing behind.

    Raises:
        InvalidArgumentError: or a kind of it, for values that make no sense.
        UnknownBackendError
        RendezvousError: if `host`:`port` cannot be bound, or not reached in time.
        RollCallTimeoutError: naming the ranks that did not come.
        RollCallMismatchError: if members pass different sizes, backends or names.
    """
    check_switch("return_store", return_store)
    limit = default_pg_timeout if timeout is None else check_timeout("timeout", timeout)
    wanted = backends_of(backend)
    if group_name is not None and not isinstance(group_name, str):
        raise InvalidTypeError(f"group_name must be a string or None, got {group_name!r}")

    stores: list[Store] = []

    def make(store: Store, left: timedelta) -> ProcessGroup:
        stores[:] = [PrefixStore("of callers", store)]
        made = bare_process_group(
            store,
            rank,
            world_size,
            wanted,
            left,
            group_name or "stateless process group",
            make_gloo,
        )
        set_group_timeout(made, limit)
        return made

    connection, group = join(
        connect_at(host, port, rank, world_size, listen_socket),
        "stateless_init_torch_distributed_process_group",
        {"world_size": world_size, "backend": wanted, "group_name": group_name},
        limit,
        make,
    )
    _connections[group] = connection
    made: Any = (group, stores[0]) if return_store else group
    return made  # type: ignore[no-any-return]


def stateless_destroy_torch_distributed_process_group(pg: ProcessGroup) -> None:
    """End a process group of `stateless_init_torch_distributed_process_group`.

    Its connections are closed when the last reference to it is gone. Idempotent, local to the
    process. Also ends a group of `init_gloo_process_group`, whose store stays the caller's.

    Raises:
        InvalidTypeError: for anything but a process group.
        InvalidArgumentError: for one that torch.distributed manages.
    """
    if not isinstance(pg, ProcessGroup):
        raise InvalidTypeError(f"pg must be a torch ProcessGroup, got {type(pg).__name__}")
    if is_alive(pg):
        raise InvalidArgumentError(
            "this process group is not stateless: end it with "
            "torch.distributed.destroy_process_group()"
        )
    end_process_group(pg)


def init_gloo_process_group(
    prefix_store: Any, group_rank: int, group_size: int, timeout: timedelta
) -> ProcessGroup:
    """Return a gloo process group over a store that all its members are connected to.

    `prefix_store` is a torch store that no other group uses, a `PrefixStore` as a rule; it stays
    the caller's. `timeout` bounds the connecting and each operation. Touches no global state.
    Collective over the members.

    Raises:
        InvalidTypeError, InvalidArgumentError, InvalidRankError
        CollectiveError: if the members cannot connect in time.
    """
    if not isinstance(prefix_store, Store):
        raise InvalidTypeError(
            f"prefix_store must be a torch.distributed Store, got {type(prefix_store).__name__}"
        )
    if not isinstance(group_size, int) or isinstance(group_size, bool) or group_size < 1:
        raise InvalidArgumentError(f"group_size must be an integer of at least 1, got {group_size}")
    check_rank("group_rank", group_rank, group_size, "the new gloo group")
    timeout = check_timeout("timeout", timeout)
    if group_size > 1:
        entry.about_to_send()
    making = Making(group_rank, group_size, Peers(group_rank, {}), local_address(prefix_store))
    try:
        return bare_process_group(
            prefix_store, group_rank, group_size, backends_of("gloo"), timeout, "gloo", making.make
        )
    except RuntimeError as error:
        if isinstance(error, DistributedError):
            raise
        raise CollectiveError(
            f"rank {group_rank} of {group_size} could not connect to the others within "
            f"{timeout.total_seconds():g} s: {error}",
            rank=group_rank,
            group_size=group_size,
        ) from error


def backends_of(backend: str) -> Mapping[str, str]:
    """Return which backend serves which kind of device: `nccl` is {"cuda": "nccl"}.

    Raises `UnknownBackendError` for a backend that cannot make stateless groups.
    """
    if not isinstance(backend, str):
        raise InvalidTypeError(f"backend must be a string, got {backend!r}")
    found: dict[str, str] = {}
    for part in resolve_backend(backend).split(","):
        device, _, name = part.rpartition(":")
        if name not in ("gloo", "nccl"):
            raise UnknownBackendError(
                f"backend {backend!r}: groups apart from torch's world are made over gloo and nccl",
                backend=backend,
                known=["gloo", "nccl"],
            )
        if device:
            found[device] = name
        elif name == "nccl":
            found["cuda"] = name
        else:
            found["cpu"] = name
            if torch.cuda.is_available():
                found["cuda"] = name
    return found


def end_process_group(group: ProcessGroup) -> None:
    """Shut a process group down, once, and leave its connection."""
    if group in _ended or is_inherited(group):
        return
    _ended.add(group)
    group.shutdown()
    connection = _connections.pop(group, None)
    if connection is not None:
        connection.close()


def remember_ranks(group: ProcessGroup, ranks: list[int]) -> None:
    """Note which global ranks the members of a stateless group have."""
    _global_ranks[group] = list(ranks)


def members_of(group: ProcessGroup | None) -> list[int] | None:
    """Return the global ranks of a group's members; None where it has none that are known."""
    if group is None:
        return None
    return known_ranks(group) or (get_process_group_ranks(group) if is_alive(group) else None)


def known_ranks(group: ProcessGroup) -> list[int] | None:
    """Return the global ranks of a stateless group's members; None where they were not noted."""
    return _global_ranks.get(group)
