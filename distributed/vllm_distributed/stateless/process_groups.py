"""The process groups of a coordinator apart from torch's world: its members make them alone."""

from __future__ import annotations

from datetime import timedelta

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.compat.torch_internals import (
    HashStore,
    PrefixStore,
    Store,
    bare_process_group,
)
from vllm_distributed.groups.member import Member
from vllm_distributed.groups.process_groups import ProcessGroups
from vllm_distributed.process_groups.making import make_gloo
from vllm_distributed.process_groups.stateless import backends_of, end_process_group, remember_ranks
from vllm_distributed.store.peers import Peers
from vllm_distributed.transports.shm.signature import no_run
from vllm_distributed.wire.message_steps import no_stamp

__all__ = ["StatelessProcessGroups"]


class StatelessProcessGroups(ProcessGroups):
    """Groups over a store of the members, which `use` replaces when they agree again."""

    # Members may be of several worlds, which count for themselves.
    stamp = staticmethod(no_stamp)
    run = staticmethod(no_run)

    def __init__(
        self, member: Member, backend: str, device: torch.device, timeout: timedelta
    ) -> None:
        super().__init__(member, backend, device, timeout, timeout)
        self._store: Store = HashStore()
        self._built = 0

    def use(self, store: Store) -> None:
        """Have the groups made from now on connect through this store."""
        self._store = store

    def start_over(self, store: Store) -> None:
        """Drop what an attempt left that lost its store, and begin with this one."""
        self.close()
        self._store, self._built = store, 0

    def _make(self, backend: str, description: str) -> ProcessGroup | None:
        return None if self.member.world_size == 1 else self._bare_group(backend, description)

    def _make_solo(self, backend: str, description: str) -> ProcessGroup:
        self.member.check_alive()
        return self._bare_group(backend, description)

    def _bare_group(self, backend: str, description: str) -> ProcessGroup:
        self._built += 1
        group = bare_process_group(
            PrefixStore(str(self._built), self._store),
            self.member.rank_in_group,
            self.member.world_size,
            backends_of(backend),
            self.timeout,
            description,
            make_gloo,
            self.device,
        )
        remember_ranks(group, self.member.ranks)
        return group

    def _known_peers(self) -> Peers | None:
        peers = None if self.member.world_size == 1 else super()._known_peers()
        return None if peers is None else peers.renamed(self.member.ranks)

    def _store_of(self) -> Store:
        return self._store

    def _end(self, group: ProcessGroup) -> None:
        end_process_group(group)
