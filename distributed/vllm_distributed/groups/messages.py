"""What carries a coordinator's objects and dicts of tensors, and on which process groups."""

from __future__ import annotations

from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_process_group
from vllm_distributed.errors import InvalidRankError
from vllm_distributed.groups.member import Member
from vllm_distributed.groups.operations.tensor_messages import Lane
from vllm_distributed.groups.process_groups import ProcessGroups
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.transports.object_frames import Carrier, GlooCarrier
from vllm_distributed.transports.shm.messages.frames import SharedCarrier

__all__ = ["Messages"]


class Messages:
    """Shared memory on one node, elsewhere the CPU group; made when it is first used."""

    def __init__(self, member: Member, groups: ProcessGroups) -> None:
        self._member, self._groups = member, groups
        self._carrier: Carrier | None = None
        self._objects: ObjectChannel | None = None

    def close(self) -> None:
        """Let go of the groups: whatever is asked for later is refused."""
        self._carrier = self._objects = None

    @property
    def objects(self) -> ObjectChannel:
        """What moves encoded objects between the members."""
        if self._objects is None:
            self._objects = ObjectChannel(self.carrier)
        return self._objects

    @property
    def carrier(self) -> Carrier:
        """What carries frames between the members."""
        if self._carrier is None:
            member, groups = self._member, self._groups
            gloo = GlooCarrier(groups.cpu_group, member.unique_name, groups.stamp, member.ranks)
            shared = groups.shared
            self._carrier = gloo if shared is None else SharedCarrier(shared, gloo)
        return self._carrier

    def carrier_over(self, group: ProcessGroup | None, src: int) -> tuple[Carrier, int]:
        """Return what carries frames over a process group a caller chose (None: this group's own),
        and the rank in it of this group's rank `src`."""
        if group is None or group is self._groups.cpu_group:
            return self.carrier, src
        return GlooCarrier(group, self._member.unique_name), self._rank_in(group, src)

    def lanes(self, peer: int) -> tuple[Carrier, Lane, Lane]:
        """Return what carries descriptions and tensors with them, and where other CPU tensors, and
        a device's, travel."""
        return self.carrier, self._cpu_lane(None, peer), self._device_lane(None, peer)

    def lanes_over(
        self, metadata_group: ProcessGroup | None, group: ProcessGroup | None, src: int
    ) -> tuple[Carrier, Lane, Lane]:
        """As `lanes`, over process groups a caller chose."""
        carrier, root = self.carrier_over(metadata_group, src)
        return carrier, self._cpu_lane(metadata_group, root), self._device_lane(group, src)

    def _cpu_lane(self, group: ProcessGroup | None, peer: int) -> Lane:
        return Lane(self._member.unique_name, group or self._groups.cpu_group, peer)

    def _device_lane(self, group: ProcessGroup | None, src: int) -> Lane:
        """Return where tensors of the device travel, to or from this group's rank `src`."""
        kind = self._groups.device.type
        if group is None:
            return Lane(self._member.unique_name, self._groups.device_group, src, kind)
        return Lane(self._member.unique_name, group, self._rank_in(group, src), kind)

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
