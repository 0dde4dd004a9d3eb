"""GroupCoordinator: one group of ranks, seen from one of its members."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed import tensor_messages
from vllm_distributed.arguments import check_dim, check_divides, check_peer, check_rank, check_sizes
from vllm_distributed.backends import device_for, resolve_backend
from vllm_distributed.communicators.base import DeviceCommunicatorBase, run
from vllm_distributed.communicators.gloo import GlooCommunicator
from vllm_distributed.communicators.object_channel import ObjectChannel
from vllm_distributed.communicators.solo import SoloCommunicator
from vllm_distributed.errors import (
    EnvironmentNotInitializedError,
    GroupDestroyedError,
    InvalidArgumentError,
    InvalidRankError,
    InvalidTypeError,
)
from vllm_distributed.group_registry import claim_name, register, unregister
from vllm_distributed.object_codec import decode, encode
from vllm_distributed.process_groups import destroy_group, make_group, make_solo_group
from vllm_distributed.topology import check_partition
from vllm_distributed.torch_internals import group_timeout, world_group

__all__ = ["GroupCoordinator"]


class GroupCoordinator:
    """One group of ranks, seen from one of its members, with the operations on it.

    `group_ranks` is a partition of the world (lists of global ranks, ascending); the coordinator is
    for the list this process's rank is in. Making one is collective over the world: every rank
    passes the same partition, in the same order among other groups. `local_rank` is this process's
    number on its node, `torch_distributed_backend` the backend for tensors on devices (`gloo`,
    `nccl`); a CPU group over gloo is made besides. `group_name` is the kind of group (`tp`), from
    which `unique_name` (`tp:0`) is made. `timeout` bounds every operation and the making of the
    group; by default that of the world.

    `src` and `dst` of every method count inside the group; `ranks`, `first_rank`, `last_rank`,
    `next_rank` and `prev_rank` are global ranks. Collectives must be called by all ranks of the
    group, in the same order. Arguments are checked before anything is sent: a refused call leaves
    the group usable. On a group of one, collectives return their input. Tensors may be
    non-contiguous, empty or without dims; results are contiguous.

    Every operation raises `CollectiveError`, or `CollectiveTimeoutError` after the timeout, if a
    peer is gone or does not take part; torch cannot use the group any more then.
    """

    def __init__(
        self,
        group_ranks: list[list[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        use_message_queue_broadcaster: bool = False,
        group_name: str | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        if not dist.is_initialized():
            raise EnvironmentNotInitializedError(
                "a group needs a world: call init_distributed_environment() first, on every rank"
            )
        self.rank: int = dist.get_rank()
        """This process's global rank."""
        self.ranks: list[int] = check_partition(group_ranks, self.rank, dist.get_world_size())
        """The global ranks of the group's members."""
        self.world_size: int = len(self.ranks)
        """The number of members."""
        self.local_rank: int = local_rank
        """This process's number on its node."""
        self.rank_in_group: int = self.ranks.index(self.rank)
        """This process's number inside the group."""
        self.backend: str = resolve_backend(torch_distributed_backend)
        """The torch backend of the device group."""
        self.device: torch.device = device_for(self.backend, local_rank)
        """Where tensors of the group live, unless they are on the CPU."""
        self.use_device_communicator: bool = use_device_communicator
        """Whether a path made for the device is used where there is one."""
        self.unique_name: str = claim_name(group_name or "anonymous")
        """The group's name in this process, the same on every member, such as `tp:0`."""
        world = world_group()
        self._timeout = timeout or group_timeout(world)
        self._partition = [list(ranks) for ranks in group_ranks]
        self._siblings: list[ProcessGroup] = []
        self._device_group: ProcessGroup | None = None
        self._cpu_group: ProcessGroup | None = None
        self._owns_device_group = True
        self._destroyed = False
        self._communicator: DeviceCommunicatorBase
        try:
            if group_name == "world" and self._is_like_default_group():
                self._device_group, self._owns_device_group = world, False
            else:
                self._device_group = self._make_group(self.backend, "device")
            self._cpu_group = self._make_group("gloo", "cpu")
        except Exception:
            self._destroy_groups()
            raise
        if self.world_size == 1:
            self._communicator = SoloCommunicator(self.unique_name)
        else:
            self._communicator = GlooCommunicator(self.device_group, self.unique_name)
        register(self)

    def __repr__(self) -> str:
        return f"GroupCoordinator({self.unique_name}, ranks={self.ranks}, rank={self.rank})"

    # Attributes

    @property
    def device_communicator(self) -> DeviceCommunicatorBase:
        """What moves this group's tensors. Every group has one, the world and groups of one too."""
        return self._communicator

    @property
    def device_group(self) -> ProcessGroup:
        """The torch process group for tensors on the device."""
        if self._device_group is None:
            self._device_group = self._make_solo(self.backend, "device")
        return self._device_group

    @property
    def cpu_group(self) -> ProcessGroup:
        """The torch process group over gloo, for barriers, objects and CPU tensors."""
        if self._cpu_group is None:
            self._cpu_group = self._make_solo("gloo", "cpu")
        return self._cpu_group

    @property
    def first_rank(self) -> int:
        """The global rank of the group's first member."""
        return self.ranks[0]

    @property
    def last_rank(self) -> int:
        """The global rank of the group's last member."""
        return self.ranks[-1]

    @property
    def is_first_rank(self) -> bool:
        """Whether this process is the group's first member."""
        return self.rank_in_group == 0

    @property
    def is_last_rank(self) -> bool:
        """Whether this process is the group's last member."""
        return self.rank_in_group == self.world_size - 1

    @property
    def next_rank(self) -> int:
        """The global rank after this process's in the group; the first one's after the last."""
        return self.ranks[(self.rank_in_group + 1) % self.world_size]

    @property
    def prev_rank(self) -> int:
        """The global rank before this process's in the group; the last one's before the first."""
        return self.ranks[(self.rank_in_group - 1) % self.world_size]

    # Collectives on tensors

    def all_reduce(self, input_: torch.Tensor) -> torch.Tensor:
        """Return the sum of the group's tensors in a new tensor; the input is not changed.

        All ranks pass the same shape and dtype. Over gloo 16-bit floats are summed in their own
        precision; integers wrap around; booleans are combined by or. Raises
        `UnsupportedDtypeError`, before anything is sent, for a dtype that has no exact sum over
        the backend. Collective over the group.
        """
        return self._communicator.all_reduce(input_)

    def all_reduce_(self, input_: torch.Tensor) -> torch.Tensor:
        """Replace `input_` by the sum of the group's tensors, and return it.

        As `all_reduce`, but in place and so without a new tensor. Collective over the group.
        """
        return self._communicator.all_reduce_(input_)

    def all_gather(self, input_: torch.Tensor, dim: int = -1) -> torch.Tensor:
        """Return the tensors of all ranks, in rank order, concatenated along `dim`.

        All ranks pass the same shape and dtype; the result's extent along `dim` is the input's
        times the group's size. Tensors without dims become a vector. Raises
        `InvalidArgumentError` if `dim` is out of range. Collective over the group.
        """
        return self._communicator.all_gather(input_, check_dim("all_gather", input_, dim))

    def all_gatherv(
        self,
        input_: torch.Tensor | list[torch.Tensor],
        dim: int = 0,
        sizes: list[int] | None = None,
    ) -> torch.Tensor | list[torch.Tensor]:
        """Return the tensors of all ranks, of different extents along `dim`, concatenated along it.

        `sizes` is each rank's extent along `dim`, the same list on every rank; without it all are
        equal. A list of tensors gives a list of results, for which `sizes` holds each time. Raises
        `InvalidArgumentError` if this rank's entry is not its tensor's extent. Collective over the
        group.
        """
        tensors = input_ if isinstance(input_, list) else [input_]
        dims = [check_dim("all_gatherv", tensor, dim) for tensor in tensors]
        if sizes is not None:
            for tensor, at in zip(tensors, dims, strict=True):
                extent = tensor.size(at) if tensor.dim() else 1
                check_sizes("all_gatherv", sizes, self.world_size, extent, self.rank_in_group)
        results = [
            self._communicator.all_gather(tensor, at)
            if sizes is None
            else self._communicator.all_gatherv(tensor, at, sizes)
            for tensor, at in zip(tensors, dims, strict=True)
        ]
        return results if isinstance(input_, list) else results[0]

    def reduce_scatter(self, input_: torch.Tensor, dim: int = -1) -> torch.Tensor:
        """Return this rank's equal part, along `dim`, of the sum of the group's tensors.

        All ranks pass the same shape and dtype; rank i gets the i-th part. Dtypes as for
        `all_reduce`. Raises `InvalidArgumentError` if `dim` is out of range or its extent does not
        divide by the group's size. Collective over the group.
        """
        at = check_dim("reduce_scatter", input_, dim)
        share = check_divides("reduce_scatter", input_, at, self.world_size)
        return self._communicator.reduce_scatterv(input_, at, [share] * self.world_size)

    def reduce_scatterv(
        self, input_: torch.Tensor, dim: int = -1, sizes: list[int] | None = None
    ) -> torch.Tensor:
        """Return this rank's part, `sizes[rank_in_group]` along `dim`, of the group's sum.

        As `reduce_scatter`, for parts of different extents; `sizes` is the same list on every rank
        and sums to the input's extent. Raises `InvalidArgumentError` if not. Collective over the
        group.
        """
        if sizes is None:
            return self.reduce_scatter(input_, dim)
        at = check_dim("reduce_scatterv", input_, dim)
        extent = input_.size(at) if input_.dim() else 1
        check_sizes("reduce_scatterv", sizes, self.world_size, extent)
        return self._communicator.reduce_scatterv(input_, at, sizes)

    def gather(self, input_: torch.Tensor, dst: int = 0, dim: int = -1) -> torch.Tensor | None:
        """Return, on `dst`, the tensors of all ranks concatenated along `dim`; elsewhere None.

        All ranks pass the same shape and dtype. Raises `InvalidRankError` or
        `InvalidArgumentError` for a `dst` or `dim` out of range. Collective over the group.
        """
        check_rank("dst", dst, self.world_size, self.unique_name)
        return self._communicator.gather(input_, dst, check_dim("gather", input_, dim))

    def broadcast(self, input_: torch.Tensor, src: int = 0) -> torch.Tensor:
        """Replace `input_` by the tensor of `src`, and return it.

        All ranks pass the same shape and dtype, any dtype. Raises `InvalidRankError` for a `src`
        out of range. Collective over the group.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        return self._communicator.broadcast(input_, src)

    # Collectives on objects

    def broadcast_object(self, obj: Any | None = None, src: int = 0) -> Any | None:
        """Return the object of `src`; other ranks' `obj` is ignored.

        Objects travel encoded as plain values, see `object_codec`; one that cannot is an
        `EncodingError` on `src`. Collective over the group.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if self.world_size == 1:
            self._check_alive()
            return obj
        if self.rank_in_group == src:
            self._objects.broadcast(encode(obj), src)
            return obj
        return decode(self._objects.broadcast(None, src))

    def broadcast_object_list(
        self, obj_list: list[Any], src: int = 0, group: ProcessGroup | None = None
    ) -> list[Any]:
        """Replace the entries of `obj_list` by those of `src`, and return the list.

        All ranks pass lists of the same length. `group` is the process group to use in place of
        this coordinator's CPU group; this rank and `src` (still counted inside this coordinator)
        must be in it. Raises `InvalidRankError` if not, `InvalidArgumentError` if the lengths
        differ. Collective over `group`.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if not isinstance(obj_list, list):
            raise InvalidTypeError(f"obj_list must be a list, got {type(obj_list).__name__}")
        if self.world_size == 1:
            self._check_alive()
            return obj_list
        channel, root = self._objects, src
        if group is not None:
            channel, root = ObjectChannel(group, self.unique_name), self._rank_in(group, src)
        if self.rank_in_group == src:
            channel.broadcast(encode(obj_list), root)
            return obj_list
        received = decode(channel.broadcast(None, root))
        if len(received) != len(obj_list):
            raise InvalidArgumentError(
                f"broadcast_object_list: rank {src} of {self.unique_name} sent {len(received)} "
                f"objects, this rank passed a list of {len(obj_list)}: pass equally long lists",
                sent=len(received),
                expected=len(obj_list),
            )
        obj_list[:] = received
        return obj_list

    def broadcast_tensor_dict(
        self,
        tensor_dict: dict[str, Any] | None = None,
        src: int = 0,
        group: ProcessGroup | None = None,
        metadata_group: ProcessGroup | None = None,
    ) -> dict[str, Any] | None:
        """Return the dict of `src`: tensors, also within nested dicts, lists and tuples, and plain
        values.

        Other ranks pass None. `metadata_group` is the process group for the description and CPU
        tensors in place of the CPU group, `group` the one for tensors on a device in place of the
        device group; this rank and `src` must be in them. `src` gets its own dict back. Raises
        `InvalidTypeError` if `src` passes no dict, `EncodingError` for values that cannot travel.
        Collective over the group.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if self.world_size == 1:
            self._check_alive()
            return tensor_dict
        if self.rank_in_group == src:
            self._check_dict("broadcast_tensor_dict", tensor_dict)
        meta, root = self.cpu_group, src
        if metadata_group is not None:
            meta, root = metadata_group, self._rank_in(metadata_group, src)
        device, device_root = self.device_group, src
        if group is not None:
            device, device_root = group, self._rank_in(group, src)
        return tensor_messages.broadcast(
            tensor_dict if self.rank_in_group == src else None,
            tensor_messages.Lane(self.unique_name, meta, root),
            tensor_messages.Lane(self.unique_name, device, device_root),
            is_source=self.rank_in_group == src,
        )

    def barrier(self) -> None:
        """Return when every rank of the group has called it.

        Uses the CPU group. Raises `CollectiveTimeoutError` if a rank does not come before the
        timeout. Collective over the group.
        """
        if self.world_size == 1:
            self._check_alive()
            return
        run(self.unique_name, "barrier", self.cpu_group.barrier)

    # Point to point

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
        Raises `InvalidRankError`, `InvalidTypeError` or `EncodingError` before anything is sent.
        Called by the sender, while `dst` calls `recv_tensor_dict`.
        """
        if self.world_size == 1 and dst is None:
            self._check_alive()
            return tensor_dict
        dst = self._peer("dst", dst, +1)
        self._check_dict("send_tensor_dict", tensor_dict)
        tensor_messages.send(
            tensor_dict,
            tensor_messages.Lane(self.unique_name, self.cpu_group, dst),
            tensor_messages.Lane(self.unique_name, self.device_group, dst),
            all_gather_group,
            all_gather_tensors or {},
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
        received. On a group of one, without `src`, returns None. Raises `InvalidRankError` for a
        `src` that is no other rank of the group.
        """
        if self.world_size == 1 and src is None:
            self._check_alive()
            return None
        src = self._peer("src", src, -1)
        return tensor_messages.recv(
            tensor_messages.Lane(self.unique_name, self.cpu_group, src),
            tensor_messages.Lane(self.unique_name, self.device_group, src),
            all_gather_group,
        )

    def send_object(self, obj: Any, dst: int) -> None:
        """Send an object to `dst`, which calls `recv_object`.

        Raises `InvalidRankError` if `dst` is out of range or this rank itself, `EncodingError` for
        an object that cannot travel, before anything is sent.
        """
        check_peer("dst", dst, self.rank_in_group, self.world_size, self.unique_name)
        self._objects.send(encode(obj), dst)

    def recv_object(self, src: int) -> Any:
        """Return the object that `src` sends with `send_object`.

        Raises `InvalidRankError` if `src` is out of range or this rank itself.
        """
        check_peer("src", src, self.rank_in_group, self.world_size, self.unique_name)
        return decode(self._objects.recv(src))

    def send(self, tensor: torch.Tensor, dst: int | None = None) -> None:
        """Send a tensor to `dst` (default: the next rank), which calls `recv` with its shape and
        dtype.

        Empty tensors are not sent at all. Raises `InvalidRankError` if `dst` is out of range or
        this rank itself.
        """
        self._communicator.send(tensor, self._peer("dst", dst, +1))

    def recv(self, size: torch.Size, dtype: torch.dtype, src: int | None = None) -> torch.Tensor:
        """Return the tensor of this shape and dtype that `src` (default: the previous rank) sends.

        Raises `InvalidRankError` if `src` is out of range or this rank itself.
        """
        return self._communicator.recv(torch.Size(size), dtype, self._peer("src", src, -1))

    # Life cycle

    def make_sibling_device_group(self, group_desc: str | None = None) -> ProcessGroup:
        """Return a second device process group with the same members, for work that runs beside
        the first one's.

        Collective over the world, like making the coordinator. `destroy` destroys it too.
        """
        self._check_alive()
        description = group_desc or f"{self.unique_name} sibling {len(self._siblings)}"
        group = make_group(self._partition, self.backend, self._timeout, description)
        if group is None:
            group = make_solo_group(self.backend, self._timeout, description)
        self._siblings.append(group)
        return group

    def destroy(self) -> None:
        """Destroy the group's process groups and free its name. Idempotent, local to the process.

        Any later operation raises `GroupDestroyedError`.
        """
        if self._destroyed:
            return
        self._destroyed = True
        unregister(self)
        self._communicator.destroy()
        self._communicator = _DestroyedCommunicator(self.unique_name)
        self.__dict__.pop("_objects", None)
        self._destroy_groups()

    @functools.cached_property
    def _objects(self) -> ObjectChannel:
        return ObjectChannel(self.cpu_group, self.unique_name)

    def _is_like_default_group(self) -> bool:
        """Whether torch's default group can serve as the world's device group: one group less."""
        return self.world_size == dist.get_world_size() > 1 and dist.get_backend() == self.backend

    def _make_group(self, backend: str, use: str) -> ProcessGroup | None:
        return make_group(self._partition, backend, self._timeout, f"{self.unique_name} {use}")

    def _make_solo(self, backend: str, use: str) -> ProcessGroup:
        self._check_alive()
        return make_solo_group(backend, self._timeout, f"{self.unique_name} {use}")

    def _destroy_groups(self) -> None:
        owned = [self._cpu_group, *self._siblings]
        if self._owns_device_group:
            owned.append(self._device_group)
        self._cpu_group = self._device_group = None
        self._siblings = []
        for group in owned:
            if group is not None:
                destroy_group(group)

    def _check_alive(self) -> None:
        if self._destroyed:
            raise _destroyed(self.unique_name)

    def _check_dict(self, operation: str, value: object) -> None:
        if not isinstance(value, dict):
            raise InvalidTypeError(
                f"{operation} on {self.unique_name} takes a dict on the sending rank, got "
                f"{type(value).__name__}",
                operation=operation,
            )

    def _peer(self, name: str, value: int | None, step: int) -> int:
        if value is None:
            value = (self.rank_in_group + step) % self.world_size
        return check_peer(name, value, self.rank_in_group, self.world_size, self.unique_name)

    def _rank_in(self, group: ProcessGroup, src: int) -> int:
        """Return the rank inside another process group of this group's rank `src`."""
        members = dist.get_process_group_ranks(group)
        for member in (self.ranks[src], self.rank):
            if member not in members:
                raise InvalidRankError(
                    f"rank {member} is not in the process group given, which has {members}: on "
                    f"{self.unique_name} both this rank {self.rank} and src (global rank "
                    f"{self.ranks[src]}) must be",
                    rank=member,
                    members=members,
                )
        return members.index(self.ranks[src])


class _DestroyedCommunicator(SoloCommunicator):
    """Stands in for the communicator of a destroyed group: refuses everything."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in ("unique_name", "rank_in_group", "world_size"):
            return super().__getattribute__(name)
        raise _destroyed(self.unique_name)


def _destroyed(unique_name: str) -> GroupDestroyedError:
    return GroupDestroyedError(
        f"group {unique_name} was destroyed: get the current one, after "
        f"initialize_model_parallel() on every rank, from get_tp_group() or the like",
        group=unique_name,
    )
