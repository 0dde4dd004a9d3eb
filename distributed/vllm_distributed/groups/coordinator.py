"""GroupCoordinator: one group of ranks, seen from one of its members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vllm_distributed.arguments import check_switches
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.groups.operations import tensor_messages
from vllm_distributed.groups.operations.capture import GraphCapture
from vllm_distributed.groups.operations.expert_parallel import ExpertParallel
from vllm_distributed.groups.operations.objects import ObjectOperations
from vllm_distributed.groups.operations.tensors import TensorOperations
from vllm_distributed.handles import Handle
from vllm_distributed.transports.object_frames import Carrier

__all__ = ["GroupCoordinator"]


@outside_graphs()
class GroupCoordinator(TensorOperations, ObjectOperations, ExpertParallel, GraphCapture):
    """One group of ranks, seen from one of its members, with the operations on it.

    `group_ranks` is a partition of the world (lists of global ranks, ascending); the coordinator is
    for the list this process's rank is in. Making one is collective over the world: every rank
    passes the same partition, in the same order among other groups. `local_rank` is this process's
    number on its node, `torch_distributed_backend` the backend for tensors on devices (`gloo`,
    `nccl`); a CPU group over gloo is made besides, and where all members are on one node, memory
    that they share, through which CPU tensors, objects and barriers go. `group_name` is the kind of
    group (`tp`), from which `unique_name` (`tp:0`) is made. `timeout` bounds every operation and
    the making of the group; by default that of the world.

    `src` and `dst` of every method count inside the group; `ranks`, `first_rank`, `last_rank`,
    `next_rank` and `prev_rank` are global ranks. Collectives must be called by all ranks of the
    group, in the same order. Arguments are checked before anything is sent: a refused call leaves
    the group usable. On a group of one, collectives return their input. Tensors may be
    non-contiguous, empty or without dims; results are contiguous.

    Otherwise a result is new memory that nobody else has. Where `out` is passed, a tensor of
    exactly the result's shape, dtype and device, the result is written into it and `out` itself is
    returned: no new memory, which for large tensors is a good part of the cost, and whatever
    refers to that memory changes with the next call that is given it. `out` may be non-contiguous,
    which costs a copy; it must not share memory with the input, nor with itself, nor require a
    gradient (`InvalidArgumentError`, before anything is sent). After a call that failed on its way
    its elements may be anything. A group of one copies its input into it. Under `torch.compile` the
    result is copied into it.

    `all_reduce`, `all_gather` and `reduce_scatter` are differentiable, can be traced, and become
    operators under `torch.compile`. Every other operation breaks the graph there, and fails with
    `GradientError` for a tensor that requires a gradient outside `torch.no_grad()`, and with
    `TracedTensorError` for one that stands for another, such as a fake one. Leaves in dicts, such
    as parameters, and all tensors in objects are sent as values, without a gradient.

    Every operation fails with `CollectiveError`, or `CollectiveTimeoutError` after the timeout, if
    a peer is gone or does not take part; the group cannot be used any more then. In shared memory
    all ranks meet at the beginning of a collective, and where one made another call every rank gets
    a `CollectiveMismatchError`: nothing was moved, and the group is usable.
    """

    def send_tensor_dict(
        self,
        tensor_dict: dict[str, Any],
        dst: int | None = None,
        all_gather_group: GroupCoordinator | None = None,
        all_gather_tensors: dict[str, bool] | None = None,
    ) -> dict[str, Any] | None:
        """Send a dict of tensors, also nested ones, and plain values to `dst` (default: the next
        rank). Returns None.

        `all_gather_group` (the tensor-parallel group, as a rule) says that its ranks hold the same
        tensors and each send them to a rank that will have them all: then each sends its slice
        only, and the receivers gather. That is done for tensors whose element count divides by the
        group's size, unless `all_gather_tensors` says False for their top-level key. Both sides
        pass the same. On a group of one, without `dst`, nothing is sent and the dict is returned.
        An error comes before anything is sent. Called by the sender, while `dst` calls
        `recv_tensor_dict`.

        Raises:
            InvalidRankError, InvalidTypeError, EncodingError
        """
        if self.world_size == 1 and dst is None:
            self._check_alive()
            return tensor_dict
        dst = self._peer("dst", dst, +1)
        self._check_dict("send_tensor_dict", tensor_dict)
        _check_gathering(all_gather_group, all_gather_tensors)
        tensor_messages.send(
            tensor_dict, *self._lanes(dst), all_gather_group, all_gather_tensors or {}
        )
        return None

    def recv_tensor_dict(
        self,
        src: int | None = None,
        all_gather_group: GroupCoordinator | None = None,
        all_gather_tensors: dict[str, bool] | None = None,
    ) -> dict[str, Any] | None:
        """Return the dict that `src` (default: the previous rank) sends with `send_tensor_dict`.

        With an `all_gather_group` all its ranks must call this, since they gather the slices they
        received. On a group of one, without `src`, returns None.

        Raises:
            InvalidRankError: for a `src` that is no other rank of the group.
            InvalidArgumentError: if the sender passed an `all_gather_group` of another size.
            MessageStepError: for a dict that was sent in a later step than this rank is in.
        """
        if self.world_size == 1 and src is None:
            self._check_alive()
            return None
        src = self._peer("src", src, -1)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.recv(*self._lanes(src), all_gather_group)

    def isend_tensor_dict(
        self,
        tensor_dict: dict[str, Any],
        dst: int | None = None,
        all_gather_group: GroupCoordinator | None = None,
        all_gather_tensors: dict[str, bool] | None = None,
    ) -> list[Handle]:
        """Start what `send_tensor_dict` does; return handles to wait for.

        The tensors must not be changed until all handles are done. Values besides tensors are
        encoded at once. On a group of one, without `dst`, nothing is sent and there is no handle.
        Called by the sender, while `dst` calls `recv_tensor_dict` or `irecv_tensor_dict`.

        Raises:
            As `send_tensor_dict`.
        """
        if self.world_size == 1 and dst is None:
            self._check_alive()
            return []
        dst = self._peer("dst", dst, +1)
        self._check_dict("isend_tensor_dict", tensor_dict)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.isend(
            tensor_dict, *self._lanes(dst), all_gather_group, all_gather_tensors or {}
        )

    def irecv_tensor_dict(
        self,
        src: int | None = None,
        all_gather_group: GroupCoordinator | None = None,
        all_gather_tensors: dict[str, bool] | None = None,
    ) -> tuple[dict[str, Any] | None, list[Handle], list[Callable[[], None]]]:
        """Start what `recv_tensor_dict` does; return (dict, handles, postprocess).

        Waits for the description only: the dict has its keys, its plain values and tensors that are
        being written to. When all handles have been waited for, call each function of
        `postprocess`, in order and, where there is an `all_gather_group`, on all its ranks: they
        put the tensors that had to be gathered into the dict, which is complete then. On a group of
        one, without `src`, returns (None, [], []).

        Raises:
            As `recv_tensor_dict`.
        """
        if self.world_size == 1 and src is None:
            self._check_alive()
            return None, [], []
        src = self._peer("src", src, -1)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.irecv(*self._lanes(src), all_gather_group)

    def _lanes(self, peer: int) -> tuple[Carrier, tensor_messages.Lane, tensor_messages.Lane]:
        """Return what carries descriptions and tensors with them, and where other CPU tensors, and
        a device's, travel."""
        return (
            self._carrier,
            tensor_messages.Lane(self.unique_name, self.cpu_group, peer),
            tensor_messages.Lane(self.unique_name, self.device_group, peer, self.device.type),
        )


def _check_gathering(group: object, tensors: object) -> None:
    if group is not None and not isinstance(group, GroupCoordinator):
        raise InvalidTypeError(
            f"all_gather_group must be a GroupCoordinator or None, got {type(group).__name__}",
            argument="all_gather_group",
        )
    check_switches("all_gather_tensors", tensors)
