"""Several sends and receives at once, between ranks that come to theirs in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import P2POp, ProcessGroup

from vllm_distributed import entry
from vllm_distributed.arguments import check_dense, check_peer
from vllm_distributed.compat.torch_internals import coalesced
from vllm_distributed.errors import DistributedError, InvalidArgumentError, InvalidTypeError
from vllm_distributed.tensors.dtypes import (
    as_bytes_if_needed,
    check_writable,
    plain,
    written_back,
)
from vllm_distributed.transports.base import failure, wait_for_work

__all__ = ["Exchange", "exchange", "exchanges_of"]

_OPERATION = "batch_isend_irecv"
# Apart from the messages of everything else that goes over a group.
_TAG = 0x5C00


@dataclass(frozen=True)
class Exchange:
    """A tensor to one other member, or from it."""

    receives: bool
    tensor: torch.Tensor
    peer: int


def exchanges_of(
    p2p_ops: Sequence[Any], rank_in_group: int, world_size: int, unique_name: str
) -> list[Exchange]:
    """Return what the entries of a list ask for, all of them having been checked."""
    if not isinstance(p2p_ops, (list, tuple)):
        raise InvalidTypeError(
            f"p2p_ops must be a list, got {type(p2p_ops).__name__}", argument="p2p_ops"
        )
    found = []
    for at, op in enumerate(p2p_ops):
        name = f"p2p_ops[{at}]"
        receives, tensor, peer = _parts(name, op)
        check_peer(f"{name}: peer", peer, rank_in_group, world_size, unique_name)
        check_dense(f"{_OPERATION}: {name}", tensor)
        if receives:
            check_writable(tensor, f"{_OPERATION}: {name}")
        found.append(Exchange(receives, tensor, peer))
    if len({one.tensor.device.type == "cpu" for one in found}) > 1:
        raise InvalidArgumentError(
            f"{_OPERATION}: tensors on the CPU and on devices go over different groups: pass them "
            f"in two calls"
        )
    return found


def _parts(name: str, op: Any) -> tuple[bool, torch.Tensor, int]:
    if isinstance(op, P2POp):
        return op.op is dist.irecv, op.tensor, int(op.group_peer)
    if not isinstance(op, (list, tuple)) or len(op) != 3 or not isinstance(op[1], torch.Tensor):
        raise InvalidTypeError(
            f"{name} must be a torch.distributed.P2POp or ('send' or 'recv', tensor, peer), got "
            f"{type(op).__name__}",
            argument="p2p_ops",
        )
    if op[0] not in ("send", "recv"):
        raise InvalidArgumentError(f"{name} must begin with 'send' or 'recv', got {op[0]!r}")
    return op[0] == "recv", op[1], op[2]


def exchange(
    ops: Sequence[Exchange], group: ProcessGroup | None, unique_name: str
) -> list[torch.Tensor]:
    """Do all, and return the tensors of those that receive."""
    moving = [op for op in ops if op.tensor.numel()]
    entry.about_to_move()
    if moving and group is not None:
        is_inference = any(op.tensor.is_inference() for op in ops)
        with torch.inference_mode() if is_inference else nullcontext():
            buffers = [plain(op.tensor) for op in moving]
            try:
                _move(moving, buffers, group)
            except RuntimeError as error:
                raise failure(unique_name, _OPERATION, error) from error
            for op, buffer in zip(moving, buffers, strict=True):
                if op.receives:
                    written_back(op.tensor, buffer)
    return [op.tensor for op in ops if op.receives]


def _move(ops: Sequence[Exchange], buffers: Sequence[torch.Tensor], group: ProcessGroup) -> None:
    carried = [as_bytes_if_needed(buffer) for buffer in buffers]
    device = carried[0].device
    if device.type != "cpu":
        with coalesced(group, device):
            for op, tensor in zip(ops, carried, strict=True):
                _start(op, tensor, group)
        return
    works = []
    for op, tensor in zip(ops, carried, strict=True):
        with _named(op):
            works.append(_start(op, tensor, group))
    for op, work in zip(ops, works, strict=True):
        with _named(op):
            wait_for_work(work, knows_when_done=False)


@contextmanager
def _named(op: Exchange) -> Iterator[None]:
    """Say which member was waited for: gloo names its address at most."""
    try:
        yield
    except DistributedError:
        raise
    except RuntimeError as error:
        way = "from" if op.receives else "to"
        raise RuntimeError(f"{way} rank {op.peer} of the group: {error}") from error


def _start(op: Exchange, tensor: torch.Tensor, group: ProcessGroup) -> Any:
    launch = group.recv if op.receives else group.send
    return launch([tensor], op.peer, _TAG)
