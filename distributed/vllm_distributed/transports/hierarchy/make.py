"""Making what the members of a group that spans hosts need. All of them do it together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.transports.gloo import GlooTransport
from vllm_distributed.transports.hierarchy.between import Between, Reports
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.hierarchy.hosts import Hosts
from vllm_distributed.transports.shm.layout import MOST_MEMBERS
from vllm_distributed.transports.shm.negotiate import Negotiation
from vllm_distributed.transports.shm.segment import say_why

__all__ = ["BetweenGroup", "MakeBetween", "by_host"]


class BetweenGroup(NamedTuple):
    """What is made for the members that speak for their hosts."""

    group: ProcessGroup | None
    """Their process group; None on the others."""
    store: Store
    """One that all members are connected to, for keys of this group alone."""
    end: Callable[[ProcessGroup], None]
    """Ends the process group."""


MakeBetween = Callable[[Sequence[int], str], BetweenGroup]
"""Makes the process group of some members (their numbers in the group), under a name that nobody
used before. All members call it."""


def by_host(negotiation: Negotiation, make: MakeBetween) -> Hierarchy | None:
    """Return what the members have that are on several hosts; None, on all, where they are not, or
    where no two of them are on one."""
    places = negotiation.places()
    if places is None:
        return None
    hosts = Hosts.of(places, negotiation.me)
    if not hosts.pays or hosts.most > MOST_MEMBERS:
        negotiation.say_apart()
        return None
    name, ranks = negotiation.name, negotiation.ranks
    is_shared, shared = negotiation.share_among(hosts.mine)
    if not is_shared:
        return None
    try:
        made = make(hosts.leaders, negotiation.token)
        between = None
        if made.group is not None:
            between = Between(made.group, name, hosts, ranks, made.end)
        hierarchy = Hierarchy(
            name,
            ranks,
            hosts,
            shared,
            between,
            Reports(made.store, "failed"),
            negotiation.timeout,
            GlooTransport(negotiation.group, name),
            _OverAll(negotiation.group, name, hosts),
        )
    except BaseException:
        if shared is not None:
            shared.close()
        raise
    say_why(
        f"{name} goes through shared memory inside each host, and over gloo between them",
        hosts.words(ranks),
        expected=True,
    )
    return hierarchy


class _OverAll(GlooTransport):
    """Messages between two members of this host over the process group of all: where shared memory
    has no room for them. `dst` and `src` are numbers on the host."""

    def __init__(self, group: ProcessGroup, name: str, hosts: Hosts) -> None:
        super().__init__(group, name)
        self._mine = hosts.mine
        self.rank_in_group, self.world_size = hosts.local, len(hosts.mine)

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        super().send(tensor, self._mine[dst])

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        return super().recv(size, dtype, self._mine[src], out)
