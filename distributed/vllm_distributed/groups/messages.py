"""What carries a coordinator's objects and dicts of tensors, and on which process groups."""

from __future__ import annotations

from functools import cached_property

from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_process_group
from vllm_distributed.errors import InvalidRankError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.groups.member import Member
from vllm_distributed.groups.operations.tensor_messages import Lane
from vllm_distributed.groups.process_groups import ProcessGroups
from vllm_distributed.transports.hierarchy.frames import HierarchicalCarrier
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.transports.object_frames import Carrier, GlooCarrier
from vllm_distributed.transports.shm.messages.frames import SharedCarrier

__all__ = ["Messages"]


class Messages:
    """Shared memory on one node, elsewhere the CPU group; made when it is first used, and kept."""

    def __init__(self, member: Member, groups: ProcessGroups) -> None:
        self._member, self._groups = member, groups
        self._lanes: dict[int, tuple[Carrier, Lane, Lane]] = {}
        leave_to_parent(self, f"the group {member.unique_name}", "_lanes")

    def close(self) -> None:
        """Let go of the groups: whatever is asked for later is refused."""
        self._lanes = {}
        for name in ("objects", "carrier"):
            vars(self).pop(name, None)

    @cached_property
    def objects(self) -> ObjectChannel:
        """What moves encoded objects between the members."""
        return ObjectChannel(self.carrier)

    @cached_property
    def carrier(self) -> Carrier:
        """What carries frames between the members."""
        member, groups = self._member, self._groups
        gloo = GlooCarrier(groups.cpu_group, member.unique_name, groups.stamp, member.ranks)
        shared = groups.shared
        if shared is None:
            return gloo
        if isinstance(shared, Hierarchy):
            return HierarchicalCarrier(shared, gloo)
        return SharedCarrier(shared, gloo)

    def carrier_over(self, group: ProcessGroup | None, src: int) -> tuple[Carrier, int]:
        """Return what carries frames over a process group a caller chose (None: this group's own),
        and the rank in it of this group's rank `src`."""
        if group is None or group is self._groups.cpu_group:
            return self.carrier, src
        return GlooCarrier(group, self._member.unique_name), self._rank_in(group, src)

    def lanes(
        self,
        peer: int,
        metadata_group: ProcessGroup | None = None,
        group: ProcessGroup | None = None,
    ) -> tuple[Carrier, Lane, Lane]:
        """Return what carries descriptions and tensors with them, and where other CPU tensors, and
        a device's, travel: over process groups a caller chose, or by default this group's own."""
        if metadata_group is None and group is None:
            found = self._lanes.get(peer)
            if found is None:
                found = self._lanes[peer] = self._make_lanes(peer, None, None)
            return found
        return self._make_lanes(peer, metadata_group, group)

    def _make_lanes(
        self, peer: int, metadata_group: ProcessGroup | None, group: ProcessGroup | None
    ) -> tuple[Carrier, Lane, Lane]:
        name, groups = self._member.unique_name, self._groups
        carrier, meta_peer = self.carrier_over(metadata_group, peer)
        device_peer = peer if group is None else self._rank_in(group, peer)
        return (
            carrier,
            Lane(name, metadata_group or groups.cpu_group, meta_peer),
            Lane(name, group or groups.device_group, device_peer, groups.device.type),
        )

    def _rank_in(self, group: ProcessGroup, src: int) -> int:
        """Return the rank inside another process group of this group's rank `src`."""
        check_process_group("group", group)
        member = self._member
        members = self._groups.global_ranks(group)
        for rank in (member.ranks[src], member.rank):
            if rank not in members:
                raise InvalidRankError(
                    f"rank {rank} is not in the process group given, which has {members}: on "
                    f"{member.unique_name} both this rank {member.rank} and src (global rank "
                    f"{member.ranks[src]}) must be",
                    rank=rank,
                    members=members,
                )
        return members.index(member.ranks[src])
