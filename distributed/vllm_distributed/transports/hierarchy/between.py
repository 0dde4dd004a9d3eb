"""What the first members of all hosts say to each other: what their host called, and small tensors.

Each sends every other one a short message and waits for theirs. Unlike a gather over the group
that tells who did not come, and so two hosts need one message each way and no more.
"""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.errors import CollectiveError, CollectiveTimeoutError, DistributedError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.store.peers import named
from vllm_distributed.tensors.dtypes import as_bytes_if_needed, reduction_view, write_into
from vllm_distributed.transports.base import failure, wait_for_work
from vllm_distributed.transports.hierarchy.hosts import Hosts

__all__ = ["MISMATCH", "NO_ROOM", "SMALL_BYTES", "Between", "Moving", "Reports", "Word", "pieces"]

MISMATCH, NO_ROOM = 1, 2
"""What a host says of itself: that its own members differ; that a slot there has no room."""

_HEADER = struct.Struct("<QQ")
_FRAME_BYTES = 4096
SMALL_BYTES = _FRAME_BYTES - _HEADER.size
"""The most that travels with the header."""

# So much of a large tensor is on its way between hosts while the next piece is brought: starting
# one costs 0.1 ms.
_PIECE_BYTES = 4 << 20

_TAG = 0x5B01
_SHORTEST_S = 0.01


class Word(NamedTuple):
    """What a host says at the beginning of an operation."""

    number: int
    """What its members called."""
    state: int
    payload: torch.Tensor
    """Bytes, until the next word."""


class Moving:
    """A tensor on its way between hosts."""

    def __init__(
        self,
        name: str,
        operation: str,
        work: Any,
        back: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> None:
        self._name, self._operation, self._work, self._back = name, operation, work, back

    def wait(self) -> None:
        """Return when it is there."""
        try:
            wait_for_work(self._work, knows_when_done=True)
        except RuntimeError as error:
            raise failure(self._name, self._operation, error) from error
        if self._back is not None:
            tensor, buffer = self._back
            write_into(tensor, buffer)


class Between:
    """A host's first member among those of the other hosts. `ranks` are all members' global ones;
    `end` ends the process group."""

    def __init__(
        self,
        group: ProcessGroup,
        name: str,
        hosts: Hosts,
        ranks: Sequence[int],
        end: Callable[[ProcessGroup], None],
    ) -> None:
        self._group: ProcessGroup | None = group
        self._name, self._hosts, self._ranks, self._end = name, hosts, list(ranks), end
        self._here = hosts.here
        self._others = [at for at in range(len(hosts.members)) if at != self._here]
        self._frames = [
            torch.zeros(_FRAME_BYTES, dtype=torch.uint8, device="cpu") for _ in hosts.members
        ]
        host: list[Any] = [frame.numpy() for frame in self._frames]
        self._views = [memoryview(each) for each in host]
        leave_to_parent(self, f"the group {name}", "_group")

    def meet(
        self,
        operation: str,
        number: int,
        state: int,
        payload: torch.Tensor | None,
        until: float,
    ) -> list[Word]:
        """Say a word to all other hosts, and return those of all when they are there.

        Raises `CollectiveTimeoutError` naming the ranks of the hosts that said none by `until`.
        """
        group, mine = self._group, self._frames[self._here]
        if group is None:
            raise self._gone(operation)
        _HEADER.pack_into(self._views[self._here], 0, number, state)
        length = _HEADER.size
        if payload is not None:
            mine[length : length + payload.numel()] = payload
            length += payload.numel()
        with torch.inference_mode(False):
            word = mine[:length]
        try:
            coming = [(at, group.recv([self._frames[at]], at, _TAG)) for at in self._others]
            going = [(at, group.send([word], at, _TAG)) for at in self._others]
        except RuntimeError as error:
            raise failure(self._name, operation, error) from error
        self._wait(operation, coming, until)
        self._wait(operation, going, until)
        said = []
        for view, frame in zip(self._views, self._frames, strict=True):
            called, its_state = _HEADER.unpack_from(view)
            said.append(Word(called, its_state, frame[_HEADER.size :]))
        return said

    # What is large is started piece by piece, and goes on while the next one is brought.

    def start_sum(self, tensor: torch.Tensor, op: str) -> Moving:
        """Start to replace a contiguous tensor by the hosts' sum, or what else `op` says."""
        buffer, how, is_copy = reduction_view(tensor, op)
        back = (tensor, buffer) if is_copy else None
        return self._started("all_reduce", lambda group: group.allreduce([buffer], how), back)

    def start_gather(self, mine: torch.Tensor, whole: torch.Tensor) -> Moving:
        """Start to fill `whole` with the equally long tensors of all hosts, in order."""
        out, part = as_bytes_if_needed(whole), as_bytes_if_needed(mine)
        return self._started("all_gather", lambda group: group._allgather_base(out, part))

    def start_broadcast(self, tensor: torch.Tensor, host: int) -> Moving:
        """Start to replace a contiguous tensor by that of a host."""
        carried = as_bytes_if_needed(tensor)
        return self._started("broadcast", lambda group: group.broadcast(carried, host))

    def _started(
        self,
        operation: str,
        launch: Callable[[ProcessGroup], Any],
        back: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> Moving:
        if self._group is None:
            raise self._gone(operation)
        try:
            return Moving(self._name, operation, launch(self._group), back)
        except RuntimeError as error:
            raise failure(self._name, operation, error) from error

    def close(self) -> None:
        """Leave: those who wait for this host see it go. Idempotent."""
        group, self._group = self._group, None
        if group is not None:
            self._end(group)

    def _wait(self, operation: str, works: Sequence[tuple[int, Any]], until: float) -> None:
        late: list[int] = []
        for at, work in works:
            left = timedelta(seconds=max(until - monotonic(), _SHORTEST_S))
            try:
                wait_for_work(work, knows_when_done=False, limit=left)
            except RuntimeError as error:
                found = failure(self._name, operation, error)
                if not isinstance(found, CollectiveTimeoutError):
                    raise self._closed(operation, at) from error
                late.append(at)
        if late:
            raise self._late(operation, late)

    def _late(self, operation: str, hosts: Sequence[int]) -> CollectiveTimeoutError:
        missing = [self._ranks[member] for at in hosts for member in self._hosts.members[at]]
        return CollectiveTimeoutError(
            f"{operation} on {self._name} timed out: the host of {named(missing)} did not come to "
            f"it. A peer there is stuck, or did not make the same call, or the hosts do not reach "
            f"each other; the group cannot be used any more: destroy it and initialise it again on "
            f"every rank",
            group=self._name,
            operation=operation,
            missing=missing,
        )

    def _closed(self, operation: str, host: int) -> CollectiveError:
        rank = self._ranks[self._hosts.leaders[host]]
        return CollectiveError(
            f"{operation} on {self._name} failed: rank {rank} closed its connection: it is gone, "
            f"or an operation failed there. The group cannot be used any more: destroy it and "
            f"initialise it again on every rank",
            group=self._name,
            operation=operation,
            rank=rank,
        )

    def _gone(self, operation: str) -> CollectiveError:
        return CollectiveError(
            f"{operation} on {self._name}: an earlier operation failed, and the hosts are out of "
            f"step: destroy the group and initialise it again on every rank",
            group=self._name,
            operation=operation,
        )


class Reports:
    """Why a group is lost, for the first members of the other hosts, under a key of a store."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        leave_to_parent(self, "a group", "_store")

    def say(self, error: CollectiveError) -> None:
        """Say whose fault it was; the first to say so is believed."""
        ranks = blamed(error)
        if not ranks:
            return
        text = json.dumps(
            {"ranks": ranks, "late": isinstance(error, CollectiveTimeoutError), "why": str(error)}
        )
        self._reach(lambda: self._store.compare_set(self._key, "", text))

    def read(self) -> dict[str, Any] | None:
        """Return what was said first; None where nothing was, or the store is gone."""
        text = self._reach(self._look_up)
        return None if text is None else dict(json.loads(text))

    def _look_up(self) -> bytes | None:
        return bytes(self._store.get(self._key)) if self._store.check([self._key]) else None

    @staticmethod
    def _reach(call: Callable[[], bytes | None]) -> bytes | None:
        with contextlib.suppress(RuntimeError, UnansweredError, DistributedError):
            return bounded(call, monotonic() + GRACE_S)
        return None


def pieces(tensor: torch.Tensor) -> Sequence[torch.Tensor]:
    """Return a contiguous tensor cut into what moves at a time, each with one dim."""
    return torch.split(tensor.view(-1), _PIECE_BYTES // tensor.itemsize)


def blamed(error: BaseException) -> list[int]:
    """Return the global ranks that an error names."""
    details = getattr(error, "details", {})
    missing = details.get("missing")
    if missing:
        return [int(rank) for rank in missing]
    rank = details.get("rank")
    return [] if rank is None else [int(rank)]
