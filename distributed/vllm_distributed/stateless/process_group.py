"""StatelessProcessGroup: objects and small tensors between processes, through a store alone.

No connections between the members are needed, and nothing of torch's world. Every message has a key
of its own, with sender, receiver and a number in it; its last reader deletes it.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch.distributed import ReduceOp

from vllm_distributed import entry
from vllm_distributed.arguments import check_peer, check_rank
from vllm_distributed.bounded import GRACE_S, Line, UnansweredError
from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.durations import cut_seconds, of_seconds
from vllm_distributed.errors import (
    DistributedError,
    EncodingError,
    GroupDestroyedError,
    InvalidArgumentError,
    InvalidTypeError,
    RollCallTimeoutError,
    StoreLostError,
)
from vllm_distributed.forks import is_inherited, keep_in_children, leave_to_parent
from vllm_distributed.stateless.reductions import reduction_of
from vllm_distributed.store.attempts import wait_for_key
from vllm_distributed.store.connection import Connection, connect_at, join
from vllm_distributed.store.gathering import StoreGathering
from vllm_distributed.tensors.dtypes import (
    check_writable,
    plain,
    write_into,
)
from vllm_distributed.tensors.kinds import check_gradient, check_real
from vllm_distributed.wire.object_codec import decode, encode

__all__ = ["StatelessProcessGroup"]

_NAME = "the stateless process group"
# From how many messages on this rank asks the store which of them have been read since.
_REMEMBERED = 4096

Result = TypeVar("Result")


@outside_graphs()
class StatelessProcessGroup:
    """A group of processes that pass objects and tensors through a store served by rank 0.

    Made by `create`. `rank` counts inside the group, as do all `src` and `dst`. Meant for control:
    a tensor goes through rank 0's memory, encoded. Objects travel as plain values, see
    `object_codec`; a refused argument or object is refused before anything is sent, and a wait that
    times out leaves the group usable. Not for several threads at once.

    Any operation fails with `RollCallTimeoutError` naming the ranks it waited for in vain (after
    `store_timeout`, `barrier` after its own), `StoreLostError` if rank 0 is gone, and
    `GroupDestroyedError` after `destroy`.
    """

    def __init__(
        self,
        rank: int,
        world_size: int,
        store: Any,
        data_expiration_seconds: int = 3600,
        socket: Any = None,
        timeout: float = 300.0,
    ) -> None:
        """Make a group of those that pass a connection to the same `store`, which nobody else uses.

        Nobody waits for the others: see `create` for a group that does. `socket` is kept open until
        `destroy`, for a store that listens on it. `timeout`, in seconds, bounds every wait.

        Raises `InvalidArgumentError` and its kin for values that make no sense.
        """
        if not isinstance(world_size, int) or isinstance(world_size, bool) or world_size < 1:
            raise InvalidArgumentError(
                f"world_size must be an integer of at least 1, got {world_size!r}",
                argument="world_size",
            )
        check_rank("rank", rank, world_size, _NAME)
        if not isinstance(store, Store):
            raise InvalidTypeError(
                f"store must be a torch.distributed Store, got {type(store).__name__}",
                argument="store",
            )
        _check_seconds("data_expiration_seconds", data_expiration_seconds)
        _check_seconds("timeout", timeout)
        self.rank: int = rank
        """This process's number inside the group."""
        self.world_size: int = world_size
        """The number of members."""
        self.store: Any = store
        """The torch store, which nobody else uses."""
        self.data_expiration_seconds: int = data_expiration_seconds
        """After how many seconds a message nobody has read is deleted."""
        self.socket: Any = socket
        """What the store listens on, where that was passed."""
        self._timeout_s = cut_seconds(timeout)
        self._connection: Connection | None = None
        self._barriers = StoreGathering(store, "barrier", rank, world_size, rank_0_is_last=True)
        self._gathers = StoreGathering(store, "all_gather_obj", rank, world_size)
        self._sent = [0] * world_size
        self._received = [0] * world_size
        self._broadcasts = [0] * world_size
        self._unread: deque[tuple[float, str]] = deque()
        self._forget_at = _REMEMBERED
        self._destroyed = False
        leave_to_parent(self, _NAME, "store")
        keep_in_children(store)
        self._line = Line()
        if world_size > 1:
            store.set_timeout(of_seconds(timeout))

    @staticmethod
    def create(
        host: str,
        port: int,
        rank: int,
        world_size: int,
        data_expiration_seconds: int = 3600,
        store_timeout: int = 300,
        listen_socket: Any = None,
    ) -> StatelessProcessGroup:
        """Return a new group of `world_size` processes.

        Rank 0 serves the store at exactly `host`:`port`, never on another address, until it
        destroys the group, and with it what others have not read yet: call `barrier` before
        `destroy`. On rank 0 `listen_socket` may be a TCP
        socket that is bound and listens already, whose port the others were told: it becomes the
        group's. `store_timeout`, in seconds, bounds the making of the group and every wait;
        `data_expiration_seconds` is how long a message waits for a reader.

        Collective over the members. A call that fails leaves nothing behind.

        Raises:
            InvalidArgumentError: or a kind of it, for values that make no sense.
            RendezvousError: if `host`:`port` cannot be bound, or not reached in time.
            RollCallTimeoutError: naming the ranks that did not come.
            RollCallMismatchError: if members pass different sizes.
        """
        _check_seconds("data_expiration_seconds", data_expiration_seconds)
        _check_seconds("store_timeout", store_timeout)

        def make(store: Store, _: timedelta) -> StatelessProcessGroup:
            return StatelessProcessGroup(
                rank, world_size, store, data_expiration_seconds, timeout=store_timeout
            )

        connection, group = join(
            connect_at(host, port, rank, world_size, listen_socket),
            "StatelessProcessGroup.create",
            {"world_size": world_size},
            of_seconds(store_timeout),
            make,
        )
        group._connection = connection
        return group

    def __repr__(self) -> str:
        return f"StatelessProcessGroup(rank={self.rank}, world_size={self.world_size})"

    # How much has been sent, as code written against vLLM asks

    @property
    def send_dst_counter(self) -> dict[int, int]:
        """How many messages went to each rank."""
        return dict(enumerate(self._sent))

    @property
    def recv_src_counter(self) -> dict[int, int]:
        """How many messages came from each rank."""
        return dict(enumerate(self._received))

    @property
    def broadcast_send_counter(self) -> int:
        """How many broadcasts this rank was the source of."""
        return self._broadcasts[self.rank]

    @property
    def broadcast_recv_src_counter(self) -> dict[int, int]:
        """How many broadcasts each other rank was the source of."""
        return {src: n for src, n in enumerate(self._broadcasts) if src != self.rank}

    @property
    def entries(self) -> list[tuple[str, float]]:
        """The keys of messages that may not have been read yet, and when each was sent."""
        return [(key, sent) for sent, key in self._unread]

    # Objects

    def send_obj(self, obj: Any, dst: int) -> None:
        """Send an object to `dst`, which calls `recv_obj`; returns at once.

        Objects of one sender arrive in the order they were sent; those of different senders do not
        mix.

        Raises:
            InvalidRankError: if `dst` is out of range or this rank itself.
            EncodingError: for an object that cannot travel.
        """
        check_peer("dst", dst, self.rank, self.world_size, _NAME)
        data = encode(obj)
        key = f"send/{self.rank}/{dst}/{self._sent[dst]}"
        self._reach("send_obj", self._post, key, data)
        self._sent[dst] += 1

    def recv_obj(self, src: int) -> Any:
        """Return the next object that `src` sends to this rank.

        Raises:
            InvalidRankError: if `src` is out of range or this rank itself.
            EncodingError: for what is no object of ours.
        """
        check_peer("src", src, self.rank, self.world_size, _NAME)
        self._check_alive()
        key = f"send/{src}/{self.rank}/{self._received[src]}"
        data = self._take("recv_obj", key, src)
        self._received[src] += 1
        self._reach("recv_obj", self.store.delete_key, key)
        return decode(data)

    def broadcast_obj(self, obj: Any | None, src: int) -> Any:
        """Return the object of `src`; other ranks' `obj` is ignored. Collective.

        Raises:
            InvalidRankError: for a `src` out of range.
            EncodingError: on `src` for an object that cannot travel.
        """
        check_rank("src", src, self.world_size, _NAME)
        self._check_alive()
        if self.world_size == 1:
            return obj
        key = f"broadcast/{src}/{self._broadcasts[src]}"
        if self.rank == src:
            self._reach("broadcast_obj", self._post, key, encode(obj))
            self._broadcasts[src] += 1
            return obj
        data = self._take("broadcast_obj", key, src)
        self._broadcasts[src] += 1
        self._reach("broadcast_obj", self._read_by_one_more, key)
        return decode(data)

    def all_gather_obj(self, obj: Any) -> list[Any]:
        """Return the objects of all ranks, in rank order. Collective.

        Raises:
            EncodingError: for an object that cannot travel.
        """
        self._check_alive()
        if self.world_size == 1:
            return [obj]
        data = encode(obj)
        parts = self._gather("all_gather_obj", self._gathers, data, self._timeout_s)
        return [obj if rank == self.rank else decode(part) for rank, part in enumerate(parts)]

    def barrier(self, timeout: float = 30.0) -> None:
        """Return when every rank of the group has called it. Collective.

        `timeout`, in seconds, bounds the wait: then `RollCallTimeoutError` names the ranks that did
        not come, in `details["missing"]` too. That barrier is given up for everybody: a rank that
        comes late to it waits at the next one, with those who try again. Rank 0 returns when the
        others have seen that all came, so that it may end at once.

        Raises:
            InvalidArgumentError: for a `timeout` that is no positive number.
        """
        _check_seconds("timeout", timeout)
        self._check_alive()
        if self.world_size > 1:
            self._gather("barrier", self._barriers, b"", cut_seconds(timeout))

    # Tensors

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        """Send a tensor to `dst`, which calls `recv` with one of its shape and dtype.

        Raises:
            InvalidRankError: if `dst` is out of range or this rank itself.
            InvalidTypeError: if `tensor` is none.
            EncodingError: for a sparse or quantized one.
        """
        self.send_obj(_checked("send", tensor), dst)

    def recv(self, tensor: torch.Tensor, src: int) -> torch.Tensor:
        """Fill `tensor` with the next one that `src` sends, and return it.

        Raises:
            InvalidRankError: if `src` is out of range or this rank itself.
            InvalidArgumentError: at once if elements of `tensor` share memory; and, `tensor`
                unchanged, if the one that came has another shape or dtype.
        """
        check_writable(_checked("recv", tensor), "recv")
        return _fill("recv", tensor, self.recv_obj(src), src)

    def broadcast(self, tensor: torch.Tensor, src: int) -> torch.Tensor:
        """Fill `tensor` with the one of `src`, and return it. Collective.

        All ranks pass the same shape and dtype, any dtype, on any device.

        Raises:
            InvalidRankError: for a `src` out of range.
            InvalidArgumentError: at once if elements of `tensor` share memory; and, `tensor`
                unchanged, on a rank whose shape or dtype differs.
        """
        check_writable(_checked("broadcast", tensor), "broadcast")
        received = self.broadcast_obj(tensor if self.rank == src else None, src)
        return tensor if received is tensor else _fill("broadcast", tensor, received, src)

    def all_reduce(self, tensor: torch.Tensor, op: Any = ReduceOp.SUM) -> torch.Tensor:
        """Return the tensors of all ranks reduced into a new one; the input is not changed.

        `op` is SUM (booleans: or), PRODUCT, MIN or MAX of torch.distributed.ReduceOp. All ranks
        pass the same shape and dtype; the parts are combined in rank order, so all ranks have the
        same bits. On a group of one the input is returned. Collective.

        Raises:
            UnsupportedDtypeError: before anything is sent, for a dtype that has no exact result.
            InvalidArgumentError: before anything is sent, for another `op`; afterwards, on every
                rank whose shape or dtype differs from another's.
        """
        _checked("all_reduce", tensor)
        combine = reduction_of(op, tensor.dtype)
        self._check_alive()
        if self.world_size == 1:
            return tensor
        total: torch.Tensor | None = None
        for rank, part in enumerate(self.all_gather_obj(tensor)):
            host = plain(_like("all_reduce", tensor, part, rank).cpu())
            total = host.clone() if total is None else combine(total, host)
        return tensor if total is None else total.to(tensor.device)

    # Life cycle

    def expire_data(self) -> None:
        """Delete the messages of this rank that have waited longer than `data_expiration_seconds`.

        Called by every sending operation; local to the process. A message that is read is deleted
        by its reader.
        """
        self._check_alive()
        self._reach("expire_data", self._expire)

    def destroy(self) -> None:
        """Leave the group; on rank 0 stop serving the store. Idempotent, local to the process."""
        if self._destroyed:
            return
        self._destroyed = True
        if self.rank == 0 and self.world_size > 1 and not is_inherited(self.store):
            gatherings = (self._barriers, self._gathers)
            with suppress(RuntimeError, UnansweredError):
                for gathering in gatherings:
                    self._line.run(gathering.let_others_read, time.monotonic() + GRACE_S)
        self._line.close()
        self.store = None
        del self._barriers, self._gathers
        self._unread.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _post(self, key: str, data: bytes) -> None:
        self._expire()
        if len(self._unread) >= self._forget_at:
            self._forget_what_was_read()
        self.store.set(key, data)
        self._unread.append((time.monotonic(), key))

    def _read_by_one_more(self, key: str) -> None:
        """The last of the readers deletes the message."""
        if self.store.add(f"{key}/read", 1) == self.world_size - 1:
            self.store.delete_key(key)
            self.store.delete_key(f"{key}/read")

    def _expire(self) -> None:
        oldest = time.monotonic() - self.data_expiration_seconds
        while self._unread and self._unread[0][0] <= oldest:
            _, key = self._unread.popleft()
            self.store.delete_key(key)
            self.store.delete_key(f"{key}/read")

    def _forget_what_was_read(self) -> None:
        """Keep the memory for messages in step with how many there are in the store."""
        self._unread = deque(entry for entry in self._unread if self.store.check([entry[1]]))
        self._forget_at = 2 * len(self._unread) + _REMEMBERED

    def _gather(
        self, operation: str, gathering: StoreGathering, data: bytes, timeout_s: float
    ) -> list[bytes]:
        return self._reach(
            operation,
            lambda: gathering.hold(data, timeout_s),
            seconds=timeout_s,
            give_up=gathering.give_up,
        )

    def _take(self, operation: str, key: str, src: int) -> bytes:
        """Return the value of a key as soon as `src` has set it."""
        given_up = threading.Event()
        deadline = time.monotonic() + self._timeout_s

        def get() -> bytes | None:
            came = wait_for_key(self.store, key, deadline, given_up)
            return bytes(self.store.get(key)) if came else None

        data = self._reach(operation, get, give_up=given_up.set)
        if data is None:
            raise RollCallTimeoutError(
                f"{operation}: rank {src} of {_NAME} of {self.world_size} sent nothing within "
                f"{self._timeout_s:g} s on rank {self.rank}: have it make the same call, or "
                f"give create() a longer store_timeout; the group is usable",
                missing=[src],
                world_size=self.world_size,
                timeout_s=self._timeout_s,
            )
        return data

    def _reach(
        self,
        operation: str,
        function: Callable[..., Result],
        *arguments: Any,
        seconds: float | None = None,
        give_up: Callable[[], None] | None = None,
    ) -> Result:
        """Call a function of the store, which may wait for so long."""
        self._check_alive()
        entry.about_to_move()
        limit_s = self._timeout_s if seconds is None else seconds

        try:
            return self._line.run(
                lambda: function(*arguments), time.monotonic() + limit_s + GRACE_S, give_up
            )
        except DistributedError:
            raise
        except (RuntimeError, UnansweredError) as error:
            why = str(error) or f"it did not answer for {limit_s:g} s"
            raise StoreLostError(
                f"{operation}: the store of {_NAME} cannot be reached ({why}): rank 0, which "
                f"serves it, is gone, or the way to it is cut; destroy the group and create it "
                f"again on every rank",
                operation=operation,
                missing=[0],
            ) from error

    def _check_alive(self) -> None:
        if self._destroyed:
            raise GroupDestroyedError(
                f"{_NAME} was destroyed on rank {self.rank}: create it again on every rank"
            )


def _check_seconds(name: str, value: float) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be a number of seconds, got {value!r}", argument=name)
    if not value > 0 or value == math.inf:
        raise InvalidArgumentError(
            f"{name} must be a number of seconds, more than 0, got {value!r}",
            argument=name,
            value=value,
        )


def _checked(operation: str, tensor: torch.Tensor) -> torch.Tensor:
    if not isinstance(tensor, torch.Tensor):
        raise InvalidTypeError(
            f"{operation} takes a torch.Tensor, got {type(tensor).__name__}", operation=operation
        )
    if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_quantized:
        raise InvalidTypeError(
            f"{operation} takes a dense tensor with data, got one on {tensor.device} with layout "
            f"{tensor.layout}: convert it with .to_dense() or .dequantize() first",
            operation=operation,
        )
    check_real(operation, tensor)
    check_gradient(operation, tensor)
    return tensor


def _like(operation: str, tensor: torch.Tensor, received: object, src: int) -> torch.Tensor:
    """Return what was received if it is a tensor like this rank's."""
    if not isinstance(received, torch.Tensor):
        raise EncodingError(
            f"{operation}: rank {src} sent a {type(received).__name__} in place of a tensor: it "
            f"made another call"
        )
    if received.shape != tensor.shape or received.dtype != tensor.dtype:
        raise InvalidArgumentError(
            f"{operation}: rank {src} sent {received.dtype} of shape {list(received.shape)}, this "
            f"rank passed {tensor.dtype} of shape {list(tensor.shape)}: pass the same on all ranks",
            operation=operation,
            src=src,
            sent=[str(received.dtype), list(received.shape)],
            expected=[str(tensor.dtype), list(tensor.shape)],
        )
    return received


def _fill(operation: str, tensor: torch.Tensor, received: object, src: int) -> torch.Tensor:
    write_into(tensor, _like(operation, tensor, received, src))
    return tensor
