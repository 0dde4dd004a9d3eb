"""What every transport offers: one group's operations on tensors, over one kind of backend.

Arguments have been checked when they arrive here (`DeviceCommunicatorBase` does so): dims are not
negative, sizes fit, src and dst are ranks of the group. An `out` is None, and then the result is
new memory, or a contiguous tensor of exactly the result's shape, dtype and device, which shares no
memory with the input and needs no gradient: the result is written into it, and it is returned.
Nothing is written into it before `entry.about_to_send`, which may refuse the call.
"""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.arguments import check_dense
from vllm_distributed.bounded import Line
from vllm_distributed.errors import CollectiveError, CollectiveTimeoutError, DistributedError
from vllm_distributed.store.peers import known_peers, named

__all__ = ["Transport", "failure", "group_facts", "run", "wait_for_work"]

_POINT_TO_POINT = frozenset({"send", "recv"})
_SLICE = timedelta(seconds=0.5)
_CONNECTION = re.compile(r"[Cc]onnection (?:closed by|reset by|refused by)? ?peer \[([^\]]+)\]")
_line = Line()


class Transport(ABC):
    """Moves and reduces the tensors of one group; src and dst are group ranks."""

    def __init__(self, unique_name: str, rank_in_group: int, world_size: int) -> None:
        self.unique_name = unique_name
        self.rank_in_group = rank_in_group
        self.world_size = world_size

    def check(self, tensor: torch.Tensor, name: str) -> None:
        """Refuse a tensor that cannot be carried; `name` is what the caller knows it by.

        Every operation checks its own tensor; this is for several, before the first is sent.
        """
        check_dense(name, tensor)

    @abstractmethod
    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        """Return the sum over the group, or what else `op` says; of `avg` the sum."""

    @abstractmethod
    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        """Replace `input_` by what `all_reduce` returns."""

    @abstractmethod
    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the tensors of all ranks, equal in shape, concatenated along `dim`."""

    @abstractmethod
    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the tensors of all ranks, `sizes` long along `dim`, concatenated along it."""

    @abstractmethod
    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return this rank's part, of `sizes` along `dim`, of the sum over the group."""

    @abstractmethod
    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        """Return on `dst` what `all_gather` would, elsewhere None; `out` is None elsewhere."""

    @abstractmethod
    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        """Replace `input_` by the one of `src`."""

    @abstractmethod
    def send(self, tensor: torch.Tensor, dst: int) -> None:
        """Send to one rank; returns when the tensor may be changed again."""

    @abstractmethod
    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Receive from one rank."""

    def suspend(self) -> None:  # noqa: B027 - most hold nothing
        """Give back memory that can be had again; collective over the group."""

    def resume(self) -> None:  # noqa: B027 - most hold nothing
        """Get back what `suspend` gave up; collective over the group."""

    def destroy(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what the transport holds besides its process group."""


def run(
    name: str,
    operation: str,
    launch: Callable[..., Any],
    *arguments: Any,
    on_host: bool = True,
) -> None:
    """Start an operation of a process group and wait for it, with our own error if it fails.

    Work that is not on the host is waited for by the device's stream, and not here.
    """
    entry.about_to_move()
    try:
        if _has_inference_tensor(arguments):
            with torch.inference_mode():  # elsewhere nobody may write into one
                work = launch(*arguments)
                _wait(work, operation, on_host)
        else:
            _wait(launch(*arguments), operation, on_host)
    except RuntimeError as error:
        raise failure(name, operation, error) from error


def _has_inference_tensor(arguments: Iterable[Any]) -> bool:
    """Return whether a tensor among arguments, or in lists of them, was made in inference mode."""
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            if argument.is_inference():
                return True
        elif isinstance(argument, list) and _has_inference_tensor(argument):
            return True
    return False


def _wait(work: Any, operation: str, on_host: bool) -> None:
    if on_host:
        wait_for_work(work, knows_when_done=operation not in _POINT_TO_POINT)
    else:
        work.wait()


def wait_for_work(work: Any, *, knows_when_done: bool, limit: timedelta | None = None) -> None:
    """Wait for work of a process group, in C++, so that Ctrl-C still ends the wait.

    Only the main thread gets it. Work on a collective is waited for in slices; of sends and
    receives a wait that ends early breaks the connections, so another thread waits for them, for
    at most `limit` where there is one.
    """
    wait = work.wait if limit is None else partial(work.wait, limit)
    if threading.current_thread() is not threading.main_thread():
        wait()
    elif not knows_when_done:
        _line.run(wait)
    else:
        _wait_in_slices(work)


def _wait_in_slices(work: Any) -> None:
    while True:
        try:
            work.wait(_SLICE)
            return
        except RuntimeError:
            # Over, or failed, or only the slice is: then it is not completed.
            if work.is_completed():
                work.wait()
                return


def failure(name: str, operation: str, error: RuntimeError) -> CollectiveError:
    """Return the error for an operation that failed in the backend; raise what is ours already."""
    if isinstance(error, DistributedError):
        raise error
    # Gloo puts its source file before the text and a greeting behind it.
    text = str(error).partition("This is typically caused")[0]
    text = re.sub(r"\[[^\]]*\.(?:cc|h|cpp):\d+\]\s*", "", text).strip().rstrip(".")
    if "caused pair closure" in text:
        return CollectiveError(
            f"{operation} on {name} failed: an earlier operation timed out and broke the "
            f"connections of the group ({text}). It cannot be used any more: destroy it and "
            f"initialise it again on every rank (destroy_model_parallel, then "
            f"initialize_model_parallel), or start a new world",
            group=name,
            operation=operation,
        )
    timed_out = "timed out" in text.lower() or "timeout" in text.lower()
    kind = CollectiveTimeoutError if timed_out else CollectiveError
    what = "timed out" if timed_out else "failed"
    who, details = _whose(name, text)
    return kind(
        f"{operation} on {name} {what}: {who}{text}. A peer is gone, or did not make the same "
        f"call; the group cannot be used any more: destroy it and initialise it again on every "
        f"rank",
        group=name,
        operation=operation,
        **details,
    )


def _whose(name: str, text: str) -> tuple[str, dict[str, object]]:
    """Return whose fault a failure is, as words and as details, where that can be known.

    Gloo knows its peers by address and port; the agreement said which rank is which process.
    """
    found = known_peers(name)
    if found is None:
        return "", {}
    peers, ranks = found
    dead = peers.dead_soon(ranks) if _CONNECTION.search(text) else peers.dead(ranks)
    if dead:
        ended = "is gone: its process has" if len(dead) == 1 else "are gone: their processes have"
        return f"{named(dead)} {ended} ended: ", {"rank": dead[0], "missing": dead}
    address = _CONNECTION.search(text)
    if address is None:
        return "", {}
    there = peers.at(address[1], ranks)
    if len(there) == 1:
        return f"rank {there[0]} closed its connection: ", {"rank": there[0]}
    listed = ", ".join(map(str, there))
    return (f"one of the ranks {listed} closed its connection: " if there else ""), {}


def group_facts(group: ProcessGroup) -> tuple[int, int]:
    """Return (rank in group, size)."""
    return int(group.rank()), int(group.size())
