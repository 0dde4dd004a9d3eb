"""Who this process is in one group, and whether the group is still there."""

from __future__ import annotations

from inspect import isfunction
from typing import Any, NoReturn

from vllm_distributed.arguments import check_peer
from vllm_distributed.errors import GroupDestroyedError
from vllm_distributed.transports.device import DeviceCommunicatorBase

__all__ = ["DestroyedCommunicator", "Member"]


class Member:
    """One member of a group: what each part of a coordinator is given, and none may change.

    The parts hold this and not the coordinator, which ends when its user lets go of it.
    """

    def __init__(self, unique_name: str, rank: int, ranks: list[int]) -> None:
        self.unique_name = unique_name
        self.rank = rank
        self.ranks = ranks
        self.world_size = len(ranks)
        self.rank_in_group = ranks.index(rank)
        self.is_destroyed = False

    def check_alive(self) -> None:
        """Raise `GroupDestroyedError` if the group was destroyed."""
        if self.is_destroyed:
            raise _destroyed(self.unique_name)

    def peer(self, name: str, value: int | None, step: int) -> int:
        """Return the number of another member; by default that of the one `step` further."""
        if value is None:
            value = (self.rank_in_group + step) % self.world_size
        return check_peer(name, value, self.rank_in_group, self.world_size, self.unique_name)


class DestroyedCommunicator(DeviceCommunicatorBase):
    """The communicator of a destroyed group: refuses every operation."""


def _refuse(communicator: DestroyedCommunicator, *_: Any, **__: Any) -> NoReturn:
    raise _destroyed(communicator.unique_name)


for _kind in DeviceCommunicatorBase.__mro__[:-1]:
    for _name, _value in vars(_kind).items():
        if isfunction(_value) and not _name.startswith("_"):
            setattr(DestroyedCommunicator, _name, _refuse)


def _destroyed(unique_name: str) -> GroupDestroyedError:
    return GroupDestroyedError(
        f"group {unique_name} was destroyed: get the current one, after "
        f"initialize_model_parallel() on every rank, from get_tp_group() or the like",
        group=unique_name,
    )
