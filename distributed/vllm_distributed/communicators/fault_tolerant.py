"""Tokens to the experts' ranks and back, going on without ranks that have died.

What the tokens of a dead rank's experts need is a replica: where a placement has one they go there,
in the same way on every rank, and else every rank is told which expert is gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_tensor, check_tensor_list
from vllm_distributed.communicators.base import All2AllManagerBase
from vllm_distributed.compat.torch_internals import group_timeout
from vllm_distributed.errors import (
    CollectiveMismatchError,
    ExpertLostError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.transports.shm.reduce import add_up, addable
from vllm_distributed.transports.shm.segment import SegmentError
from vllm_distributed.transports.shm.survivors import Survivors

__all__ = ["FaultTolerantAll2AllManager"]

_NAME = "the expert parallel ranks"
_ALIGNED = 64

# A header: what is done, a mark of kinds and shapes, rows, bytes, how it went.
_DISPATCH, _COMBINE = 1, 2
_WELL, _NO_ROOM = 0, 1


class FaultTolerantAll2AllManager(All2AllManagerBase):
    """Exchanges tokens between the ranks of one node, and goes on without those that have died.

    On the CPU. `dispatch` gives every rank the tokens of all that are there, `combine` gives each
    its own back, summed over them, as vLLM's `allgather_reducescatter`. A rank whose process ends,
    or that stays away for longer than the group's timeout, is *masked*: on every other rank from
    the same exchange on, and for good. One that was late and comes is told so. For one thread.
    """

    def __init__(
        self,
        cpu_group: ProcessGroup,
        tcp_store_group: Any = None,
        *,
        max_bytes: int = 128 << 20,
        timeout: timedelta | None = None,
    ) -> None:
        """Make the exchange. Collective over `cpu_group`, the CPU group of the ranks.

        `max_bytes` is what a rank may bring to an exchange; the system gives that memory as it is
        used. `timeout` is how long one may stay away; None: the group's.

        Raises `InvalidArgumentError`, on all ranks, where they do not share memory.
        """
        super().__init__(cpu_group, tcp_store_group)
        if not isinstance(max_bytes, int) or isinstance(max_bytes, bool) or max_bytes < 1:
            raise InvalidArgumentError(
                f"max_bytes must be a number of bytes of at least 1, got {max_bytes!r}",
                argument="max_bytes",
            )
        self.support_fault_tolerance = True
        self._max_bytes = max_bytes
        self._limit = timeout
        self._placement: list[int] | None = None
        self._experts: dict[int, list[int]] = {}
        self._baseline = [False] * self.world_size
        self._alone = False
        # Of the last dispatch: who brought how many tokens.
        self._counts: dict[int, int] | None = None
        self._staged: tuple[ProcessGroup, Survivors] | None = None
        self._exchange = self._made(cpu_group)

    # What is known of the ranks

    def query_active_mask(self) -> torch.Tensor:
        """Return one int32 for each rank: 0 where it takes part, 1 where it is masked. Local."""
        return torch.tensor(self._exchange.left_out, dtype=torch.int32, device="cpu")

    def query_fault(self) -> torch.Tensor:
        """Return a bool: whether a rank was masked since the last `clean_buffers`, or since the
        beginning. Local."""
        return torch.tensor(
            self._exchange.left_out != self._baseline, dtype=torch.bool, device="cpu"
        )

    def clean_buffers(self) -> None:
        """Forget an exchange that did not end, and take the ranks as they are for the last
        recovery: `query_fault` says what came after. A masked rank stays masked. Local."""
        self._counts = None
        self._baseline = self._exchange.left_out

    @contextmanager
    def mask_remote_ranks(self) -> Iterator[None]:
        """Exchange tokens with nobody within a block: this rank's are all there are. Local."""
        before, self._alone = self._alone, True
        try:
            yield
        finally:
            self._alone = before
            self._counts = None

    # Where experts are

    def set_placement(self, physical_to_logical_map: torch.Tensor | None) -> None:
        """Say which expert is in each slot, [slots], -1 for none; each rank has the same number of
        them, one behind the other. None: nothing is known, and ids are not changed. Local; the same
        on all ranks, for the dispatches that follow.

        Raises InvalidTypeError, InvalidArgumentError for what is no such map.
        """
        if physical_to_logical_map is None:
            self._placement = None
            return
        given = physical_to_logical_map
        check_tensor("physical_to_logical_map", given)
        if given.dim() != 1 or given.is_floating_point() or given.is_complex():
            raise InvalidTypeError(
                f"physical_to_logical_map must be integers of the shape [slots], got {given.dtype} "
                f"of {list(given.shape)}: give the map of one layer"
            )
        if given.numel() == 0 or given.numel() % self.world_size:
            raise InvalidArgumentError(
                f"physical_to_logical_map has {given.numel()} slots, which do not divide among "
                f"{self.world_size} ranks",
                slots=given.numel(),
                ranks=self.world_size,
            )
        self._placement = [int(expert) for expert in given.tolist()]
        self._experts = {}
        for slot, expert in enumerate(self._placement):
            if expert >= 0:
                self._experts.setdefault(expert, []).append(slot)

    # The exchange

    def dispatch(
        self,
        hidden_states: torch.Tensor,
        topk_weights: torch.Tensor,
        topk_ids: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
    ) -> Any:
        """Return (hidden_states, topk_weights, topk_ids) of the tokens of all ranks that are there,
        in rank order, and with `extra_tensors` their list behind.

        Every tensor has a row for each token, on the CPU. With a placement `topk_ids` are slots,
        and those of ranks that are masked become slots of the same experts elsewhere, several of an
        expert by turns. Collective over the ranks that are there.

        Raises:
            InvalidTypeError, InvalidArgumentError: for tensors that do not fit each other, or are
                more than `max_bytes` on a rank (then on every rank).
            CollectiveMismatchError: on every rank, where they bring other kinds of tensors.
            ExpertLostError: on every rank: no rank has an expert that a token needs any more.
            CollectiveError: this rank was masked by the others.
        """
        named = {"hidden_states": hidden_states, "topk_weights": topk_weights, "topk_ids": topk_ids}
        if extra_tensors is not None:
            check_tensor_list("extra_tensors", extra_tensors)
            named |= {f"extra_tensors[{at}]": each for at, each in enumerate(extra_tensors)}
        tensors, self._counts = self._gathered(named)
        if self._placement is not None and not self._alone:
            there = set(self._counts)
            tensors[2] = self._to_replicas(tensors[2], there)
        if extra_tensors is None:
            return tuple(tensors)
        return (*tensors[:3], tensors[3:])

    def dispatch_router_logits(
        self,
        hidden_states: torch.Tensor,
        router_logits: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
    ) -> Any:
        """Return (hidden_states, router_logits) of the tokens of all ranks that are there, and with
        `extra_tensors` their list behind. Who chooses experts afterwards looks at
        `query_active_mask`. Collective; errors as of `dispatch`."""
        named = {"hidden_states": hidden_states, "router_logits": router_logits}
        if extra_tensors is not None:
            check_tensor_list("extra_tensors", extra_tensors)
            named |= {f"extra_tensors[{at}]": each for at, each in enumerate(extra_tensors)}
        tensors, self._counts = self._gathered(named)
        return tuple(tensors) if extra_tensors is None else (*tensors[:2], tensors[2:])

    def combine(
        self, hidden_states: torch.Tensor, is_sequence_parallel: bool = False
    ) -> torch.Tensor:
        """Return this rank's own tokens, summed over the ranks, of what their experts made of the
        tokens of the last dispatch: a row for each. Collective over the ranks that are there.

        Raises:
            InvalidArgumentError: without a dispatch before it, or for another number of rows.
            ExpertLostError: on every rank: one that was there for the dispatch is gone, and what
                its experts made with it. Dispatch again: its tokens go to replicas.
            CollectiveError: this rank was masked by the others.
        """
        check_tensor("hidden_states", hidden_states)
        counts, self._counts = self._counts, None
        if counts is None:
            raise InvalidArgumentError(
                "combine does not know how many tokens each rank has: call dispatch first"
            )
        rows = hidden_states.size(0) if hidden_states.dim() else 0
        if rows != sum(counts.values()):
            self._counts = counts
            raise InvalidArgumentError(
                f"combine: hidden_states has {rows} rows, and the ranks have "
                f"{sum(counts.values())} tokens together: pass a row for each that dispatch "
                f"returned",
                rows=rows,
                tokens=sum(counts.values()),
            )
        if self._alone:
            return hidden_states.clone()
        named = {"hidden_states": hidden_states}
        there = self._meet(_COMBINE, named, rows)
        gone = [rank for rank in counts if rank not in there]
        if gone:
            raise ExpertLostError(
                f"ranks {gone} went away between dispatch and combine, and with them what their "
                f"experts made of the tokens: dispatch these again",
                ranks=gone,
            )
        start = sum(count for rank, count in counts.items() if rank < self.rank)
        own = slice(start, start + counts[self.rank])
        parts = [self._read(rank, named, rows)[0][own] for rank in there]
        if len(parts) == 1:
            return parts[0].clone()
        result = torch.empty_like(parts[0])
        add_up([addable(part) for part in parts], addable(result))
        return result

    # Another number of ranks

    def stage_ep_size(self, cpu_group: ProcessGroup | None = None) -> None:
        """Make an exchange of other ranks ready, those of `cpu_group`; None: of the standby expert
        parallel group. This one goes on. Collective over the new group.

        Raises `InvalidArgumentError` where there is no such group, or its ranks share no memory.
        """
        if cpu_group is None:
            cpu_group = _standby_group()
        if self._staged is not None:
            self._staged[1].close()
        self._staged = cpu_group, self._made(cpu_group)

    def commit_ep_size(self) -> None:
        """Go over to what was staged; nothing where nothing was. All of its ranks are there. Local,
        and between two exchanges: the ranks of the new one do it before their next dispatch."""
        if self._staged is None:
            return
        self._exchange.close()
        self.cpu_group, self._exchange = self._staged
        self._staged = None
        self.rank, self.world_size = self._exchange.me, self._exchange.size
        self._baseline = [False] * self.world_size
        self._counts = self._placement = None

    def destroy(self) -> None:
        """Give everything back. The other ranks take this one for gone. Again: does nothing."""
        if self._staged is not None:
            self._staged[1].close()
            self._staged = None
        self._exchange.close()

    def _made(self, group: ProcessGroup) -> Survivors:
        limit = self._limit
        return Survivors.create(
            group,
            self._max_bytes,
            lambda: group_timeout(group) if limit is None else limit,
            _NAME,
        )

    def _gathered(
        self, named: dict[str, torch.Tensor]
    ) -> tuple[list[torch.Tensor], dict[int, int]]:
        """The tensors of all ranks' tokens, and how many each has."""
        rows = _rows(named)
        if self._alone:
            return list(named.values()), {self.rank: rows}
        there = self._meet(_DISPATCH, named, rows)
        counts = {rank: self._exchange.header(rank)[2] for rank in there}
        brought = [self._read(rank, named, counts[rank]) for rank in there]
        return [torch.cat(parts) for parts in zip(*brought, strict=True)], counts

    def _meet(self, what: int, named: dict[str, torch.Tensor], rows: int) -> list[int]:
        """Bring tensors; return which ranks have."""
        exchange = self._exchange
        needed = sum(_aligned(tensor.nbytes) for tensor in named.values())
        state = _WELL if needed <= exchange.region_bytes else _NO_ROOM
        if state == _WELL:
            try:
                room = exchange.room(needed)
                at = 0
                for tensor in named.values():
                    _view(room, at, tensor, rows).copy_(tensor)
                    at += _aligned(tensor.nbytes)
            except SegmentError:
                state = _NO_ROOM
        there = exchange.meet([what, _mark(named), rows, needed, state])
        headers = {rank: exchange.header(rank) for rank in there}
        own = headers[self.rank]
        for rank, header in headers.items():
            if header[:2] != own[:2] or (what == _COMBINE and header[2] != rows):
                raise CollectiveMismatchError(
                    f"rank {rank} brings other tensors than rank {self.rank}, or is at another "
                    f"call: dispatch and combine are called in the same order everywhere, with the "
                    f"same dtypes and shapes but for the number of tokens",
                    ranks=[self.rank, rank],
                )
            if header[4] == _NO_ROOM:
                raise InvalidArgumentError(
                    f"rank {rank} brings {header[3]} bytes, and there is room for "
                    f"{exchange.region_bytes}: make the exchange with a larger max_bytes, on a "
                    f"node with so much shared memory",
                    rank=rank,
                    bytes=header[3],
                )
        return there

    def _read(self, rank: int, named: dict[str, torch.Tensor], rows: int) -> list[torch.Tensor]:
        """The tensors that a rank has brought, in its memory."""
        raw = self._exchange.written(rank, self._exchange.region_bytes)
        found, at = [], 0
        for tensor in named.values():
            view = _view(raw, at, tensor, rows)
            found.append(view)
            at += _aligned(view.nbytes)
        return found

    def _to_replicas(self, ids: torch.Tensor, there: set[int]) -> torch.Tensor:
        """The same experts in slots of ranks that are there, as all of them know it: one that has
        come may have died since."""
        out = [rank not in there for rank in range(self.world_size)]
        if self._placement is None or not any(out):
            return ids
        slots, each = len(self._placement), len(self._placement) // self.world_size
        if ids.numel() and not (int(ids.min()) >= -1 and int(ids.max()) < slots):
            raise InvalidArgumentError(
                f"topk_ids are slots of the placement, -1 to {slots - 1}, and some are "
                f"{int(ids.min())} to {int(ids.max())}"
            )
        lost = [slot for slot in range(slots) if out[slot // each]]
        found = ids.clone()
        for slot in lost:
            hits = (ids == slot).nonzero()
            if not len(hits):
                continue
            expert = self._placement[slot]
            left = [other for other in self._experts.get(expert, []) if not out[other // each]]
            if not left:
                gone = [rank for rank, is_out in enumerate(out) if is_out]
                self._counts = None
                raise ExpertLostError(
                    f"expert {expert} was on rank {slot // each} alone, which is gone, and "
                    f"{len(hits)} tokens need it: replace the rank, or give its expert a slot "
                    f"elsewhere (docs/expert-faults.md)",
                    ranks=gone,
                    expert=expert,
                )
            # Several by turns, by the place of the token among all.
            turns = torch.tensor(left, dtype=ids.dtype, device="cpu")[hits[:, 0] % len(left)]
            found[tuple(hits.T)] = turns
        return found


def _standby_group() -> ProcessGroup:
    import importlib
    import importlib.util

    name = "vllm_distributed.elastic_ep.standby_state"
    group = None
    if importlib.util.find_spec("vllm_distributed.elastic_ep") is not None:
        group = importlib.import_module(name).get_standby_ep_group()
    if group is None:
        raise InvalidArgumentError(
            "there is no standby expert parallel group to stage an exchange of: pass the CPU group "
            "of the ranks that are to exchange tokens"
        )
    found: ProcessGroup = group.cpu_group
    return found


def _rows(named: dict[str, torch.Tensor]) -> int:
    rows: int | None = None
    for name, tensor in named.items():
        check_tensor(name, tensor)
        if tensor.device.type != "cpu":
            raise InvalidTypeError(f"{name} is on {tensor.device}: this exchange is for the CPU")
        if tensor.dim() == 0 or (rows is not None and tensor.size(0) != rows):
            raise InvalidArgumentError(
                f"{name} has the shape {list(tensor.shape)}: every tensor has a row for each "
                f"token, as hidden_states with {rows}",
                name=name,
            )
        rows = tensor.size(0)
    return rows or 0


def _view(raw: torch.Tensor, at: int, like: torch.Tensor, rows: int) -> torch.Tensor:
    """Bytes as a tensor like another one, with so many rows."""
    shape = (rows, *like.shape[1:])
    count = like.element_size()
    for extent in shape:
        count *= extent
    return raw[at : at + count].view(like.dtype).view(shape)


def _mark(named: dict[str, torch.Tensor]) -> int:
    said = repr([(name, str(each.dtype), list(each.shape[1:])) for name, each in named.items()])
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=7).digest(), "little")


def _aligned(count: int) -> int:
    return -(-count // _ALIGNED) * _ALIGNED
