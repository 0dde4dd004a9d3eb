"""Has every operation of every coordinator kept.

`start` puts a wrapper in the place of each method; before that there is none, and nothing costs
anything. A wrapper costs 1.6 us an operation, measured.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from inspect import isfunction
from typing import Any, NamedTuple, TypeVar

import torch
from torch.compiler import is_compiling

from vllm_distributed.compat.torch_tracing import untraced
from vllm_distributed.flight.records import Entry, Records
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.stateless.coordinator import StatelessGroupCoordinator

__all__ = ["OPERATIONS", "RECORDS", "original", "recorded", "start", "when_one_begins"]

T = TypeVar("T")

RECORDS = Records()
"""Those of this process."""


class Operation(NamedTuple):
    """What is to be known of a method."""

    # What torch's analyser calls it.
    kind: str
    # Where the tensor is whose shape and dtype are kept, and its name.
    tensor: tuple[int, str] | None = None
    # Of a message, where the peer is, and its name.
    peer: tuple[int, str] | None = None


_INPUT = (0, "input_")

OPERATIONS: dict[str, Operation] = {
    "all_reduce": Operation("all_reduce", _INPUT),
    "all_reduce_": Operation("all_reduce", _INPUT),
    "cpu_all_reduce_": Operation("all_reduce", (0, "tensor")),
    "all_gather": Operation("all_gather", _INPUT),
    "all_gatherv": Operation("all_gather_v"),
    "reduce_scatter": Operation("reduce_scatter", _INPUT),
    "reduce_scatterv": Operation("reduce_scatter_v", _INPUT),
    "reduce_scatterv_into_output": Operation("reduce_scatter_v", _INPUT),
    "gather": Operation("gather", _INPUT),
    "broadcast": Operation("broadcast", _INPUT),
    "broadcast_object": Operation("broadcast"),
    "broadcast_object_list": Operation("broadcast"),
    "broadcast_tensor_dict": Operation("broadcast"),
    "barrier": Operation("barrier"),
    "dispatch": Operation("all_to_all"),
    "dispatch_router_logits": Operation("all_to_all"),
    "combine": Operation("all_to_all"),
    "combine_into_output": Operation("all_to_all"),
    "send": Operation("send", (0, "tensor"), (1, "dst")),
    "recv": Operation("recv", None, (2, "src")),
    "send_object": Operation("send", None, (1, "dst")),
    "isend_object": Operation("send", None, (1, "dst")),
    "recv_object": Operation("recv", None, (0, "src")),
    "send_tensor_dict": Operation("send", None, (1, "dst")),
    "isend_tensor_dict": Operation("send", None, (1, "dst")),
    "recv_tensor_dict": Operation("recv", None, (0, "src")),
    "irecv_tensor_dict": Operation("recv", None, (0, "src")),
}
"""The methods that are recorded."""

# The ones that a compiled graph may hold: there the wrapper gives way.
_IN_GRAPHS = frozenset({"all_reduce", "all_gather", "reduce_scatter"})

_MARK = "__vllm_recorded__"

_starting = threading.Lock()
_started = False
_told: Callable[[], object] | None = None


class _Here(threading.local):
    inside = False


_here = _Here()


def start() -> Records:
    """Record from now on; return the records. More than once changes nothing. Local to the
    process, and to the children that it forks, whose records are their own."""
    global _started
    with _starting:
        if not _started:
            for kind in (GroupCoordinator, StatelessGroupCoordinator):
                for owner in kind.__mro__[:-1]:
                    for name, operation in OPERATIONS.items():
                        found = vars(owner).get(name)
                        if found is not None and original(found) is found:
                            setattr(owner, name, _recorded(found, name, operation))
            os.register_at_fork(after_in_child=RECORDS.forget)
            _started = True
    return RECORDS


def original(function: Any) -> Any:
    """Return the method that a wrapper is in the place of; anything else as it is."""
    return vars(function)[_MARK] if isfunction(function) and _MARK in vars(function) else function


def when_one_begins(told: Callable[[], object] | None) -> None:
    """Have `told` called once, before the next operation that is recorded."""
    global _told
    _told = told


def recorded(group: GroupCoordinator, name: str, function: Callable[..., T], *args: Any) -> T:
    """Run what an operator of a graph does for an operation of a group, `function(*args)`, which is
    recorded where anything is."""
    if not _started or group.world_size == 1 or _here.inside:
        return function(*args)
    entry = _begin(group, name, OPERATIONS[name], args, {})
    _here.inside = True
    try:
        result = function(*args)
    except BaseException as error:
        RECORDS.fail(entry, error)
        raise
    else:
        RECORDS.end(entry)
        return result
    finally:
        _here.inside = False


def _recorded(function: Callable[..., Any], name: str, operation: Operation) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(self: GroupCoordinator, *args: Any, **kwargs: Any) -> Any:
        # An operation that another one consists of is part of it; a group of one asks nobody.
        if is_compiling() or self.world_size == 1 or _here.inside:
            return function(self, *args, **kwargs)
        entry = _begin(self, name, operation, args, kwargs)
        _here.inside = True
        try:
            result = function(self, *args, **kwargs)
        except BaseException as error:
            RECORDS.fail(entry, error)
            raise
        else:
            RECORDS.end(entry)
            return result
        finally:
            _here.inside = False

    vars(call)[_MARK] = function
    if name in _IN_GRAPHS:
        return call
    # The mark is on the code, which all wrappers have in common otherwise.
    own: Any = call
    own.__code__ = own.__code__.replace(co_name=name)
    return untraced(call)


def _begin(
    group: GroupCoordinator,
    name: str,
    operation: Operation,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Entry:
    global _told
    if _told is not None:
        told, _told = _told, None
        told()
    peers = None
    if operation.peer is not None:
        peers = _peers(group, operation.kind == "send", _argument(operation.peer, args, kwargs))
    entry = RECORDS.begin(group, name, group.unique_name, group.ranks, peers)
    if operation.tensor is not None:
        tensor = _argument(operation.tensor, args, kwargs)
        if isinstance(tensor, torch.Tensor):
            entry.shape, entry.dtype = tensor.shape, _name_of(tensor.dtype)
    elif name == "recv":
        size, dtype = _argument((0, "size"), args, kwargs), _argument((1, "dtype"), args, kwargs)
        if isinstance(size, tuple) and isinstance(dtype, torch.dtype):
            entry.shape, entry.dtype = size, _name_of(dtype)
    if group.device.type == "cuda":
        entry.backend = "nccl"
    return entry


def _peers(group: GroupCoordinator, sends: bool, peer: Any) -> tuple[int, int]:
    own = group.rank_in_group
    if peer is None:
        peer = (own + (1 if sends else -1)) % group.world_size
    # Whatever else it is, the operation refuses it.
    other = peer if type(peer) is int else -1
    return (own, other) if sends else (other, own)


def _argument(place: tuple[int, str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    index, name = place
    return args[index] if index < len(args) else kwargs.get(name)


@functools.cache
def _name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
