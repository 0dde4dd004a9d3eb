"""What every part of a coordinator stands on: who this rank is, and the process groups it has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_peer, check_process_group
from vllm_distributed.compat.backends import device_for, resolve_backend
from vllm_distributed.compat.torch_internals import world_group
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.durations import check_timeout
from vllm_distributed.errors import (
    EnvironmentNotInitializedError,
    GroupDestroyedError,
    InvalidRankError,
    InvalidTypeError,
)
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.groups.registry import claim_name, register, unregister
from vllm_distributed.process_groups.create import destroy_group, make_group, make_solo_group
from vllm_distributed.process_groups.making import current_making
from vllm_distributed.process_groups.stateless import known_ranks
from vllm_distributed.process_groups.timeouts import world_timeouts
from vllm_distributed.store.peers import Peers, forget_peers, remember_peers
from vllm_distributed.topology import check_partition
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.transports.object_frames import Carrier, GlooCarrier
from vllm_distributed.transports.select import shared_memory_of
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.transports.shm.messages.frames import SharedCarrier
from vllm_distributed.wire.message_steps import Stamp, current_run, current_stamp

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["GroupCore"]


@outside_graphs()
class GroupCore:
    """One group of ranks, without the operations on it; see `GroupCoordinator`.

    A subclass whose groups are made in another way calls `_identify` and `_connect` in its own
    `__init__` and overrides `_make_group`, `_make_solo`, `_destroy_group` and `_global_ranks`.
    """

    # When a message to another member is sent: all members count runs and steps alike. No method:
    # who holds it does not hold the group.
    _stamp_of_messages: Callable[[], Stamp] = staticmethod(current_stamp)
    _run_of_calls: Callable[[], int] = staticmethod(current_run)

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
        if timeout is not None:
            timeout = check_timeout("timeout", timeout)
        ranks = check_partition(group_ranks, dist.get_rank(), dist.get_world_size())
        self._identify(
            dist.get_rank(),
            ranks,
            local_rank,
            torch_distributed_backend,
            use_device_communicator,
            group_name,
            timeout or world_timeouts().device,
            timeout or world_timeouts().cpu,
        )
        self._partition = [list(part) for part in group_ranks]
        self._connect(is_world=group_name == "world")
        if use_message_queue_broadcaster:
            self._open_broadcaster()

    def _identify(
        self,
        rank: int,
        ranks: list[int],
        local_rank: int,
        torch_distributed_backend: str,
        use_device_communicator: bool,
        group_name: str | None,
        timeout: timedelta,
        cpu_timeout: timedelta | None = None,
    ) -> None:
        """Set who this process is and in which group; nothing is made."""
        self.rank: int = rank
        """This process's global rank."""
        self.ranks: list[int] = ranks
        """The global ranks of the group's members."""
        self.world_size: int = len(self.ranks)
        """The number of members."""
        self.local_rank: int = local_rank
        """This process's number on its node."""
        self.rank_in_group: int = self.ranks.index(rank)
        """This process's number inside the group."""
        self.backend: str = resolve_backend(torch_distributed_backend)
        """The torch backend of the device group."""
        self.device: torch.device = device_for(self.backend, local_rank)
        """Where tensors of the group live, unless they are on the CPU."""
        self.use_device_communicator: bool = use_device_communicator
        """Whether a path made for the device is used where there is one."""
        self.unique_name: str = claim_name(group_name or "anonymous")
        """The group's name in this process, the same on every member, such as `tp:0`."""
        self.mq_broadcaster: Any = None
        """The message queue through which rank 0 of the group sends objects, where there is one."""
        self._timeout = timeout
        self._cpu_timeout = cpu_timeout or timeout
        self._siblings: list[ProcessGroup] = []
        self._device_group: ProcessGroup | None = None
        self._cpu_group: ProcessGroup | None = None
        self._shared: SharedMemory | None = None
        self._owns_device_group = True
        self._destroyed = False

    def _connect(self, *, is_world: bool = False) -> None:
        """Make the process groups and the communicator on them; if it fails, nothing is left."""
        self._communicator: DeviceCommunicatorBase
        leave_to_parent(self, f"the group {self.unique_name}", "_cpu_group", "_device_group")
        peers = self._known_peers()
        if peers is not None:
            remember_peers(self.unique_name, peers, self.ranks)
        try:
            if is_world and self._is_like_default_group():
                self._device_group, self._owns_device_group = world_group(), False
            else:
                self._device_group = self._make_group(self.backend, f"{self.unique_name} device")
            self._cpu_group = self._make_group("gloo", self._cpu_description)
            if self.world_size > 1:
                # CPU tensors travel on the device group where that is for the CPU.
                tensors = self.device_group if self.device.type == "cpu" else self.cpu_group
                self._shared = shared_memory_of(
                    self.cpu_group, tensors, self.unique_name, self.ranks
                )
                if self._shared is not None:
                    self._shared.stamp = self._stamp_of_messages
                    self._shared.steps.run = self._run_of_calls
            self._communicator = DeviceCommunicatorBase(
                None if self.world_size == 1 else self.cpu_group,
                self.device,
                None if self.world_size == 1 else self.device_group,
                self.unique_name,
                optimised=self.use_device_communicator,
                shared_memory=self._shared,
            )
        except BaseException:  # Ctrl-C too
            forget_peers(self.unique_name)
            self._leave_shared_memory()
            self._destroy_groups()
            raise
        register(cast("GroupCoordinator", self))

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
        if self._device_group is None:
            self._device_group = self._make_solo(self.backend, f"{self.unique_name} device")
        return self._device_group

    @property
    def cpu_group(self) -> ProcessGroup:
        """The torch process group over gloo, for what is on the CPU and not in shared memory."""
        if self._cpu_group is None:
            self._cpu_group = self._make_solo("gloo", self._cpu_description)
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

    # Life cycle

    def make_sibling_device_group(self, group_desc: str | None = None) -> ProcessGroup:
        """Return a second device process group with the same members, for work that runs beside
        the first one's.

        Collective over the world, like making the coordinator. `destroy` destroys it too.
        """
        self._check_alive()
        if group_desc is not None and not isinstance(group_desc, str):
            raise InvalidTypeError(f"group_desc must be a string or None, got {group_desc!r}")
        description = group_desc or f"{self.unique_name} sibling {len(self._siblings)}"
        group = self._make_group(self.backend, description)
        if group is None:
            group = self._make_solo(self.backend, description)
        self._siblings.append(group)
        return group

    def destroy(self) -> None:
        """Destroy the group's process groups and free its name. Idempotent, local to the process.

        Any later operation fails with `GroupDestroyedError`.
        """
        if self._destroyed:
            return
        self._destroyed = True
        unregister(cast("GroupCoordinator", self))
        forget_peers(self.unique_name)
        queue, self.mq_broadcaster = self.mq_broadcaster, None
        if queue is not None:
            queue.shutdown()
        self._communicator.destroy()
        self._communicator = _DestroyedCommunicator(unique_name=self.unique_name)
        self.__dict__.pop("_objects", None)
        self.__dict__.pop("_carrier", None)
        self._leave_shared_memory()
        self._destroy_groups()

    def _is_like_default_group(self) -> bool:
        """Whether torch's default group can serve as the world's device group: one group less."""
        return self.world_size == dist.get_world_size() > 1 and dist.get_backend() == self.backend

    # What StatelessGroupCoordinator does in another way: making and ending process groups.

    def _make_group(self, backend: str, description: str) -> ProcessGroup | None:
        timeout = self._timeout_of(description)
        return make_group(self._partition, backend, timeout, description, self.device)

    def _make_solo(self, backend: str, description: str) -> ProcessGroup:
        self._check_alive()
        return make_solo_group(backend, self._timeout_of(description), description, self.device)

    def _known_peers(self) -> Peers | None:
        """Return the processes behind the world's ranks, by global rank."""
        making = current_making()
        return None if making is None else making.peers

    def _destroy_group(self, group: ProcessGroup) -> None:
        destroy_group(group)

    def _global_ranks(self, group: ProcessGroup) -> list[int]:
        return known_ranks(group) or dist.get_process_group_ranks(group)

    def _leave_shared_memory(self) -> None:
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.close()

    def _destroy_groups(self) -> None:
        owned = [self._cpu_group, *self._siblings]
        if self._owns_device_group:
            owned.append(self._device_group)
        self._cpu_group = self._device_group = None
        self._siblings = []
        for group in owned:
            if group is not None:
                self._destroy_group(group)

    def _open_broadcaster(self) -> None:
        """See `QueueOperations`."""
        raise NotImplementedError

    # What the operations share

    @property
    def _cpu_description(self) -> str:
        return f"{self.unique_name} cpu"

    def _timeout_of(self, description: str) -> timedelta:
        """Return how long operations of the group of this description may take."""
        return self._cpu_timeout if description == self._cpu_description else self._timeout

    @functools.cached_property
    def _objects(self) -> ObjectChannel:
        return ObjectChannel(self._carrier)

    @functools.cached_property
    def _carrier(self) -> Carrier:
        stamp = self._stamp_of_messages
        gloo = GlooCarrier(self.cpu_group, self.unique_name, stamp, self.ranks)
        return gloo if self._shared is None else SharedCarrier(self._shared, gloo)

    def _carrier_over(self, group: ProcessGroup | None, src: int) -> tuple[Carrier, int]:
        """Return what carries frames over a process group a caller chose (None: this group's own),
        and the rank in it of this group's rank `src`."""
        if group is None or group is self._cpu_group:
            return self._carrier, src
        return GlooCarrier(group, self.unique_name), self._rank_in(group, src)

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
        check_process_group("group", group)
        members = self._global_ranks(group)
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


class _DestroyedCommunicator(DeviceCommunicatorBase):
    """Stands in for the communicator of a destroyed group: refuses everything."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in _FACTS:
            return super().__getattribute__(name)
        raise _destroyed(self.unique_name)


_FACTS = frozenset(
    {"unique_name", "rank_in_group", "world_size", "device", "cpu_group", "device_group"}
)


def _destroyed(unique_name: str) -> GroupDestroyedError:
    return GroupDestroyedError(
        f"group {unique_name} was destroyed: get the current one, after "
        f"initialize_model_parallel() on every rank, from get_tp_group() or the like",
        group=unique_name,
    )
