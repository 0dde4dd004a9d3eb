"""The torch process groups behind one group of ranks, and the memory its members share."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed.compat.torch_internals import (
    PrefixStore,
    Store,
    bare_process_group,
    default_store,
    world_group,
)
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.groups.member import Member
from vllm_distributed.process_groups.create import destroy_group, make_group, make_solo_group
from vllm_distributed.process_groups.making import current_making, make_gloo
from vllm_distributed.process_groups.stateless import end_process_group, known_ranks
from vllm_distributed.store.peers import Peers, forget_peers, remember_peers
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.hierarchy.make import BetweenGroup
from vllm_distributed.transports.select import shared_memory_of
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.wire.message_steps import Stamp, current_run, current_stamp

__all__ = ["ProcessGroups", "WorldProcessGroups"]


class ProcessGroups(ABC):
    """Makes, and owns, the device's and the CPU's group of one coordinator, and their siblings.

    On a group of one there is none until it is asked for.
    """

    # When a message to another member is sent: all members count runs and steps alike.
    stamp: Callable[[], Stamp] = staticmethod(current_stamp)
    run: Callable[[], int] = staticmethod(current_run)

    def __init__(
        self,
        member: Member,
        backend: str,
        device: torch.device,
        timeout: timedelta,
        cpu_timeout: timedelta,
    ) -> None:
        self.member = member
        self.backend, self.device = backend, device
        self.timeout, self.cpu_timeout = timeout, cpu_timeout
        self.shared: SharedMemory | Hierarchy | None = None
        """The memory that the members share, all of them or those of each host, where they do."""
        self.siblings: list[ProcessGroup] = []
        self._device_group: ProcessGroup | None = None
        self._cpu_group: ProcessGroup | None = None
        self._cpu_description = f"{member.unique_name} cpu"
        self._device_description = f"{member.unique_name} device"
        leave_to_parent(self, f"the group {member.unique_name}", "_cpu_group", "_device_group")

    def open(self) -> None:
        """Make what the group needs. Collective; after a failure, `close`."""
        name, ranks = self.member.unique_name, self.member.ranks
        peers = self._known_peers()
        if peers is not None:
            remember_peers(name, peers, ranks)
        self._device_group = self._make_device_group()
        self._cpu_group = self._make("gloo", self._cpu_description)
        if self.member.world_size > 1:
            # CPU tensors travel on the device group where that is for the CPU.
            tensors = self.device_group if self.device.type == "cpu" else self.cpu_group
            self.shared = shared_memory_of(self.cpu_group, tensors, name, ranks, self._make_between)
            if self.shared is not None:
                self.shared.stamped(self.stamp, self.run)

    def close(self) -> None:
        """Destroy what was made, and leave the shared memory. Idempotent."""
        forget_peers(self.member.unique_name)
        shared, self.shared = self.shared, None
        if shared is not None:
            shared.close()
        owned = [self._cpu_group, *self.siblings, self._device_group]
        self._cpu_group = self._device_group = None
        self.siblings = []
        for group in owned:
            if group is not None:
                self._end(group)

    @property
    def device_group(self) -> ProcessGroup:
        """The group for tensors on the device."""
        if self._device_group is None:
            self._device_group = self._make_solo(self.backend, self._device_description)
        return self._device_group

    @property
    def cpu_group(self) -> ProcessGroup:
        """The group over gloo."""
        if self._cpu_group is None:
            self._cpu_group = self._make_solo("gloo", self._cpu_description)
        return self._cpu_group

    def make_sibling(self, description: str | None) -> ProcessGroup:
        """Return another group for the device. Collective."""
        name = description or f"{self.member.unique_name} sibling {len(self.siblings)}"
        group = self._make(self.backend, name) or self._make_solo(self.backend, name)
        self.siblings.append(group)
        return group

    @staticmethod
    def global_ranks(group: ProcessGroup) -> list[int]:
        """Return the members of any process group."""
        return known_ranks(group) or dist.get_process_group_ranks(group)

    @abstractmethod
    def _make(self, backend: str, description: str) -> ProcessGroup | None:
        """Make a group of all members; None on a group of one."""

    @abstractmethod
    def _make_solo(self, backend: str, description: str) -> ProcessGroup:
        """Make a group of one."""

    @abstractmethod
    def _store_of(self) -> Store:
        """Return a store that all members are connected to."""

    def _make_between(self, members: Sequence[int], token: str) -> BetweenGroup:
        """Make a group over gloo of some of the members, which all of them call."""
        store = PrefixStore(f"vllm_distributed/hosts/{token}", self._store_of())
        name, me = f"{self.member.unique_name} hosts", self.member.rank_in_group
        making = current_making()
        if me not in members:
            if making is not None:
                making.pass_by()
            return BetweenGroup(None, store, end_process_group)
        ranks = [self.member.ranks[each] for each in members]
        with contextlib.nullcontext() if making is None else making.group(name, ranks):
            group = bare_process_group(
                store,
                members.index(me),
                len(members),
                {"cpu": "gloo"},
                self.timeout,
                name,
                make_gloo,
            )
        return BetweenGroup(group, store, end_process_group)

    @abstractmethod
    def _end(self, group: ProcessGroup) -> None:
        """Destroy one of the groups."""

    def _known_peers(self) -> Peers | None:
        """Return the processes behind the world's ranks, by global rank."""
        making = current_making()
        return None if making is None else making.peers

    def _make_device_group(self) -> ProcessGroup | None:
        return self._make(self.backend, self._device_description)


class WorldProcessGroups(ProcessGroups):
    """Groups of torch's world, which all its ranks make together: `partition` is the same on all.

    The world's own coordinator uses torch's default group where that is of its backend.
    """

    def __init__(
        self,
        member: Member,
        backend: str,
        device: torch.device,
        timeout: timedelta,
        cpu_timeout: timedelta,
        partition: Sequence[Sequence[int]],
        *,
        is_world: bool,
    ) -> None:
        super().__init__(member, backend, device, timeout, cpu_timeout)
        self._partition = [list(part) for part in partition]
        self._is_world = is_world
        self._borrowed: ProcessGroup | None = None

    def close(self) -> None:
        """As of any group; torch's default one is not ended, but not held either."""
        super().close()
        self._borrowed = None

    def _make_device_group(self) -> ProcessGroup | None:
        alike = self.member.world_size == dist.get_world_size() > 1
        if self._is_world and alike and dist.get_backend() == self.backend:
            self._borrowed = world_group()
            return self._borrowed
        return super()._make_device_group()

    def _make(self, backend: str, description: str) -> ProcessGroup | None:
        timeout = self._timeout_of(description)
        return make_group(self._partition, backend, timeout, description, self.device)

    def _make_solo(self, backend: str, description: str) -> ProcessGroup:
        self.member.check_alive()
        return make_solo_group(backend, self._timeout_of(description), description, self.device)

    def _store_of(self) -> Store:
        return default_store()

    def _end(self, group: ProcessGroup) -> None:
        if group is not self._borrowed:
            destroy_group(group)

    def _timeout_of(self, description: str) -> timedelta:
        """Return how long operations of the group of this description may take."""
        return self.cpu_timeout if description == self._cpu_description else self.timeout
