"""GroupCoordinator: one group of ranks, seen from one of its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_switch, check_switches
from vllm_distributed.compat.backends import device_for, resolve_backend
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.durations import check_timeout
from vllm_distributed.errors import EnvironmentNotInitializedError, InvalidTypeError
from vllm_distributed.groups.member import DestroyedCommunicator, Member
from vllm_distributed.groups.messages import Messages
from vllm_distributed.groups.operations import tensor_messages
from vllm_distributed.groups.operations.capture import GraphCapture
from vllm_distributed.groups.operations.expert_parallel import ExpertParallel, Tokens
from vllm_distributed.groups.operations.objects import ObjectOperations, check_dict
from vllm_distributed.groups.operations.queues import QueueOperations
from vllm_distributed.groups.operations.tensors import TensorOperations
from vllm_distributed.groups.process_groups import WorldProcessGroups
from vllm_distributed.groups.registry import Registry
from vllm_distributed.handles import Handle
from vllm_distributed.process_groups.timeouts import world_timeouts
from vllm_distributed.topology import check_partition
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.shm.group import SharedMemory

__all__ = [
    "GroupCoordinator",
    "find_again",
    "find_group",
    "free_name",
    "living_groups",
    "names_freed",
    "new_member",
]


@outside_graphs()
class GroupCoordinator(
    TensorOperations, ObjectOperations, QueueOperations, ExpertParallel, GraphCapture
):
    """One group of ranks, seen from one of its members, with the operations on it.

    `group_ranks` is a partition of the world (lists of global ranks, ascending); the coordinator is
    for the list this process's rank is in. Making one is collective over the world: every rank
    passes the same partition, in the same order among other groups. `local_rank` is this process's
    number on its node, `torch_distributed_backend` the backend for tensors on devices (`gloo`,
    `nccl`); a CPU group over gloo is made besides, and where members are on one node, memory that
    they share, through which CPU tensors, objects and barriers go; between nodes these go over
    gloo, once for each node. `group_name` is the kind of group (`tp`), from which `unique_name`
    (`tp:0`) is made. `use_all2all` tells the communicator of
    an expert parallel group that tokens will be exchanged through it. `timeout` bounds every
    operation and the making of the group; by default that of the world.

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

    def __init__(
        self,
        group_ranks: list[list[int]],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        use_message_queue_broadcaster: bool = False,
        group_name: str | None = None,
        use_all2all: bool = False,
        timeout: timedelta | None = None,
    ) -> None:
        if not dist.is_initialized():
            raise EnvironmentNotInitializedError(
                "a group needs a world: call init_distributed_environment() first, on every rank"
            )
        if timeout is not None:
            timeout = check_timeout("timeout", timeout)
        ranks = check_partition(group_ranks, dist.get_rank(), dist.get_world_size())
        self._identify(
            new_member(group_name, dist.get_rank(), ranks),
            local_rank,
            torch_distributed_backend,
            use_device_communicator,
            use_all2all,
        )
        self.group_ranks: list[list[int]] = group_ranks
        """The partition of the world that the group is of."""
        self._groups = WorldProcessGroups(
            self._member,
            self.backend,
            self.device,
            timeout or world_timeouts().device,
            timeout or world_timeouts().cpu,
            group_ranks,
            is_world=group_name == "world",
        )
        self._connect()
        if use_message_queue_broadcaster:
            self._open_broadcaster()

    def _identify(
        self,
        member: Member,
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        use_all2all: bool,
    ) -> None:
        """Set this process's numbers and its group's; makes nothing."""
        self._member, self._is_connected = member, False
        self.rank: int = member.rank
        """This process's global rank."""
        self.ranks: list[int] = member.ranks
        """The global ranks of the group's members."""
        self.world_size: int = member.world_size
        """The number of members."""
        self.local_rank: int = local_rank
        """This process's number on its node."""
        self.rank_in_group: int = member.rank_in_group
        """This process's number inside the group."""
        self.backend: str = resolve_backend(torch_distributed_backend)
        """The torch backend of the device group."""
        self.device: torch.device = device_for(self.backend, local_rank)
        """Where tensors of the group live, unless they are on the CPU."""
        self.use_device_communicator: bool = use_device_communicator
        """Whether a path made for the device is used where there is one."""
        check_switch("use_all2all", use_all2all)
        self._use_all2all = use_all2all
        self.unique_name: str = member.unique_name
        """The group's name in this process, the same on every member, such as `tp:0`."""
        self.mq_broadcaster: Any = None
        """The message queue through which rank 0 of the group sends objects, where there is one."""

    def _connect(self) -> None:
        """Make the parts, from the process groups up; if it fails, nothing is left."""
        groups = self._groups
        try:
            groups.open()
            is_alone = self.world_size == 1
            self._communicator = DeviceCommunicatorBase(
                None if is_alone else groups.cpu_group,
                self.device,
                None if is_alone else groups.device_group,
                self.unique_name,
                None if is_alone else self.ranks,
                use_all2all=self._use_all2all,
                optimised=self.use_device_communicator,
                shared_memory=groups.shared,
            )
        except BaseException:  # Ctrl-C too
            groups.close()
            raise
        self._messages = Messages(self._member, groups)
        self._tokens = Tokens(self._communicator)
        _alive.add(self)
        self._is_connected = True

    def _open_broadcaster(self) -> None:
        """Make the queue that `broadcast_object` uses; if it fails, the group is destroyed."""
        if self.world_size == 1:
            return
        try:
            self.mq_broadcaster = self.create_mq_broadcaster()
        except BaseException:
            self.destroy()
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.unique_name}, ranks={self.ranks}, rank={self.rank})"

    # Attributes

    @property
    def device_communicator(self) -> DeviceCommunicatorBase:
        """What moves this group's tensors. Every group has one, the world and groups of one too."""
        return self._communicator

    @property
    def device_group(self) -> ProcessGroup:
        """The torch process group for tensors on the device."""
        return self._groups.device_group

    @property
    def cpu_group(self) -> ProcessGroup:
        """The torch process group over gloo, for what is on the CPU and not in shared memory."""
        return self._groups.cpu_group

    @property
    def torch_distributed_backend(self) -> str:
        """The torch backend of the device group, by vLLM's other name for `backend`."""
        return self.backend

    @property
    def device_index(self) -> int:
        """The number of the group's device; 0 where that is the CPU."""
        return self.device.index or 0

    @property
    def cpu_timeout(self) -> timedelta:
        """How long an operation on the CPU may take."""
        return self._groups.cpu_timeout

    @property
    def use_custom_op_call(self) -> bool:
        """Whether collectives are operators of torch: True, wherever a graph has to hold them."""
        return True

    @property
    def use_cpu_custom_send_recv(self) -> bool:
        """Whether dicts of tensors travel through memory that ranks share."""
        return isinstance(self._groups.shared, SharedMemory)

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

    # Life cycle

    def make_sibling_device_group(self, group_desc: str | None = None) -> ProcessGroup:
        """Return a second device process group with the same members, for work that runs beside
        the first one's.

        Collective over the world, like making the coordinator. `destroy` destroys it too.
        """
        self._member.check_alive()
        if group_desc is not None and not isinstance(group_desc, str):
            raise InvalidTypeError(f"group_desc must be a string or None, got {group_desc!r}")
        return self._groups.make_sibling(group_desc)

    def destroy(self) -> None:
        """Destroy the group's process groups and free its name. Idempotent, local to the process.

        Any later operation fails with `GroupDestroyedError`.
        """
        if self._member.is_destroyed:
            return
        self._member.is_destroyed = True
        queue, self.mq_broadcaster = self.mq_broadcaster, None
        if self._is_connected:
            _alive.remove(self)
            if queue is not None:
                queue.shutdown()
            self._communicator.destroy()
            self._communicator = DestroyedCommunicator(unique_name=self.unique_name)
            self._tokens = Tokens(self._communicator)
            self._messages.close()
        self._groups.close()

    # Dicts of tensors from one member to another

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
            self._member.check_alive()
            return tensor_dict
        dst = self._member.peer("dst", dst, +1)
        check_dict("send_tensor_dict", tensor_dict, self.unique_name)
        _check_gathering(all_gather_group, all_gather_tensors)
        tensor_messages.send(
            tensor_dict, *self._messages.lanes(dst), all_gather_group, all_gather_tensors or {}
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
            self._member.check_alive()
            return None
        src = self._member.peer("src", src, -1)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.recv(*self._messages.lanes(src), all_gather_group)

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
            self._member.check_alive()
            return []
        dst = self._member.peer("dst", dst, +1)
        check_dict("isend_tensor_dict", tensor_dict, self.unique_name)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.isend(
            tensor_dict, *self._messages.lanes(dst), all_gather_group, all_gather_tensors or {}
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
            self._member.check_alive()
            return None, [], []
        src = self._member.peer("src", src, -1)
        _check_gathering(all_gather_group, all_gather_tensors)
        return tensor_messages.irecv(*self._messages.lanes(src), all_gather_group)


def _check_gathering(group: object, tensors: object) -> None:
    if group is not None and not isinstance(group, GroupCoordinator):
        raise InvalidTypeError(
            f"all_gather_group must be a GroupCoordinator or None, got {type(group).__name__}",
            argument="all_gather_group",
        )
    check_switches("all_gather_tensors", tensors)


_alive: Registry[GroupCoordinator] = Registry()


def new_member(group_name: str | None, rank: int, ranks: list[int]) -> Member:
    """Return the rank's place in a new group of a name that is free."""
    return Member(_alive.next_name(group_name or "anonymous"), rank, ranks)


def names_freed(groups: Sequence[GroupCoordinator]) -> AbstractContextManager[None]:
    """Return the block in which groups get the names that these ones have."""
    return _alive.freed(groups)


def find_again(groups: Iterable[GroupCoordinator]) -> None:
    """Make groups findable that were made under names of others, which are gone now."""
    for group in groups:
        _alive.add(group)


def living_groups() -> list[GroupCoordinator]:
    """Return the groups of this process that were not destroyed, in an order that all members of
    any of them have: by name."""
    return sorted(_alive, key=lambda group: group.unique_name)


def free_name(kind: str) -> str:
    """Return the name that the next group of a kind gets."""
    return _alive.next_name(kind)


def find_group(unique_name: str) -> GroupCoordinator:
    """Return the group of a unique name such as `tp:0`.

    Raises `GroupNotInitializedError` where there is none.
    """
    return _alive.find(unique_name)
