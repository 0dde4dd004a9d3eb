"""Tokens to the ranks that hold their experts and back: all-gather, then reduce-scatter.

Every rank gets every token with its routing, computes what its own experts contribute, and the
contributions are summed on the way back, while each rank gets its own tokens only. That is vLLM's
`allgather_reducescatter` (and what its `naive` computes); token counts may differ between ranks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from vllm_distributed.arguments import (
    check_dtype,
    check_shape,
    check_switch,
    check_tensor,
    check_tensor_list,
    integers_for_ranks,
)
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    LibraryMissingError,
)
from vllm_distributed.tensors.out_arguments import check_apart, check_out

__all__ = [
    "TokenExchange",
    "TokenManager",
    "check_all2all_backend",
    "combine_input",
    "dispatch_arguments",
]

COMPOSED = ("allgather_reducescatter", "naive")
"""The backends that are composed from collectives here."""

LIBRARIES = {
    "pplx": "pplx_kernels",
    "deepep_high_throughput": "deep_ep",
    "deepep_low_latency": "deep_ep",
    "deepep_v2": "deep_ep",
    "mori": "mori",
    "mori_high_throughput": "mori",
    "mori_low_latency": "mori",
    "moonep": "moonep",
    "nixl_ep": "nixl_ep",
    "flashinfer_all2allv": "flashinfer",
    "flashinfer_nvlink_two_sided": "flashinfer",
    "flashinfer_nvlink_one_sided": "flashinfer",
}
"""The libraries that the other backends of `ParallelConfig.all2all_backend` need."""


def check_all2all_backend(backend: str) -> str:
    """Return `backend` if tokens can be exchanged with it.

    Raises `LibraryMissingError` naming the library for one that needs another library, and
    `InvalidArgumentError` for a name that is none.

    >>> check_all2all_backend("naive")
    'naive'
    """
    if backend in COMPOSED:
        return backend
    library = LIBRARIES.get(backend)
    if library is None:
        raise InvalidArgumentError(
            f"all2all_backend={backend!r} is not known; known are "
            f"{', '.join([*COMPOSED, *LIBRARIES])}",
            backend=backend,
            known=[*COMPOSED, *LIBRARIES],
        )
    state = (
        "which is not installed"
        if importlib.util.find_spec(library) is None
        else "whose kernels this package does not call"
    )
    raise LibraryMissingError(
        f"all2all_backend={backend!r} needs the library {library!r}, {state}: use "
        f"all2all_backend='allgather_reducescatter'",
        backend=backend,
        library=library,
    )


def dispatch_arguments(
    topk_weights: torch.Tensor | None,
    topk_ids: torch.Tensor | bool | None,
    is_sequence_parallel: bool,
    router_logits: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor | None, bool]:
    """Return (weights or logits, ids, is_sequence_parallel).

    vLLM 0.14 has `dispatch(hidden_states, router_logits, is_sequence_parallel)`, later versions
    have `dispatch(hidden_states, topk_weights, topk_ids, is_sequence_parallel)`: both are taken.
    """
    if isinstance(topk_ids, bool):
        is_sequence_parallel, topk_ids = topk_ids, None
    if (router_logits is None) == (topk_weights is None):
        raise InvalidArgumentError(
            "dispatch takes either topk_weights and topk_ids, or router_logits"
        )
    if topk_weights is None:
        topk_weights = router_logits
    check_tensor("topk_weights", topk_weights)
    if topk_ids is not None:
        check_tensor("topk_ids", topk_ids)
    check_switch("is_sequence_parallel", is_sequence_parallel)
    return topk_weights, topk_ids, is_sequence_parallel  # type: ignore[return-value]


class Stage(Protocol):
    """A group of ranks between which tokens are exchanged."""

    @property
    def unique_name(self) -> str: ...
    @property
    def world_size(self) -> int: ...
    @property
    def rank_in_group(self) -> int: ...
    def _check_carried(self, named: Mapping[str, torch.Tensor]) -> None: ...
    def all_gather(self, input_: torch.Tensor, dim: int = -1) -> torch.Tensor: ...
    def all_gatherv(
        self,
        input_: torch.Tensor | list[torch.Tensor],
        dim: int = 0,
        sizes: list[int] | None = None,
    ) -> torch.Tensor | list[torch.Tensor]: ...
    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int = -1,
        sizes: list[int] | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor: ...


class TokenManager:
    """What layers of vLLM ask of the manager behind `dispatch` and `combine`, which are the
    group's: between how many ranks it is."""

    support_fault_tolerance = False

    def __init__(self, rank: int, world_size: int) -> None:
        self.rank = rank
        self.world_size = world_size

    def max_sms_used(self) -> None:
        """No processors of a GPU are kept for it."""


class TokenExchange:
    """Dispatch and combine over a group, or over several that form a grid (fastest first).

    Remembers how many tokens each rank had in the last dispatch, for the combine that follows.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._counts: list[list[int]] | None = None

    def dispatch(
        self,
        hidden_states: torch.Tensor,
        routing: torch.Tensor,
        topk_ids: torch.Tensor | None,
        extra_tensors: list[torch.Tensor] | None,
        sizes: list[int] | None,
    ) -> Any:
        """Return the tensors of all ranks' tokens, in rank order."""
        named = {"hidden_states": hidden_states, "topk_weights or router_logits": routing}
        if topk_ids is not None:
            named["topk_ids"] = topk_ids
        if extra_tensors is not None:
            check_tensor_list("extra_tensors", extra_tensors)
            named |= {f"extra_tensors[{i}]": extra for i, extra in enumerate(extra_tensors)}
        tokens = _rows(named)
        for stage in self._stages:
            stage._check_carried(named)
        per_stage = self._counts_of(tokens, sizes)
        tensors = list(named.values())
        for stage, counts in zip(self._stages, per_stage, strict=True):
            if stage.world_size > 1:
                tensors = list(stage.all_gatherv(tensors, 0, counts))
        self._counts = per_stage
        fixed = 2 if topk_ids is None else 3
        head = tuple(tensors[:fixed])
        return head if extra_tensors is None else (*head, tensors[fixed:])

    def combine(
        self,
        hidden_states: torch.Tensor,
        sizes: list[int] | None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the sum over ranks of this rank's tokens, in `out` if there is one."""
        check_tensor("hidden_states", hidden_states)
        counts = self._counts if sizes is None else self._split_counts("combine", sizes)
        if counts is None:
            raise InvalidArgumentError(
                f"combine on {self._name()} does not know how many tokens each rank has: call "
                f"dispatch first, or pass sizes",
                group=self._name(),
            )
        total, rows = sum(counts[-1]), hidden_states.size(0) if hidden_states.dim() else 0
        if rows != total:
            raise InvalidArgumentError(
                f"combine on {self._name()}: hidden_states has {rows} rows, but the ranks have "
                f"{total} tokens together: pass a row for every token that dispatch returned",
                rows=rows,
                tokens=total,
            )
        if out is not None:
            own = (counts[0][self._stages[0].rank_in_group], *hidden_states.shape[1:])
            check_out("combine", out, own, (hidden_states.dtype, hidden_states.device), "output")
            check_apart("combine", out, {"hidden_states": hidden_states}, "output")
        ways = [
            (stage, its_counts)
            for stage, its_counts in zip(self._stages, counts, strict=True)
            if stage.world_size > 1
        ]
        for stage, its_counts in reversed(ways):
            last = out if stage is ways[0][0] else None
            hidden_states = (
                stage.reduce_scatterv(hidden_states, 0, its_counts)
                if last is None
                else stage.reduce_scatterv(hidden_states, 0, its_counts, last)
            )
        return hidden_states if out is None or ways else out.copy_(hidden_states)

    def _counts_of(self, tokens: int, sizes: list[int] | None) -> list[list[int]]:
        """Return, for each stage, how many tokens each of its ranks brings."""
        if sizes is not None:
            counts = self._split_counts("dispatch", sizes)
            mine = counts[0][self._stages[0].rank_in_group]
            if mine != tokens:
                raise InvalidArgumentError(
                    f"dispatch on {self._name()}: with sizes={sizes} this rank has {mine} tokens, "
                    f"but hidden_states has {tokens} rows",
                    sizes=sizes,
                    rows=tokens,
                )
            return counts
        counts = []
        for stage in self._stages:
            own = torch.tensor([tokens], dtype=torch.int64, device="cpu")
            gathered = stage.all_gather(own, 0)
            counts.append([int(count) for count in gathered.tolist()])
            tokens = sum(counts[-1])
        return counts

    def _split_counts(self, operation: str, sizes: list[int]) -> list[list[int]]:
        """Return each stage's counts out of those of all ranks of the grid."""
        ranks = 1
        for stage in self._stages:
            ranks *= stage.world_size
        if not integers_for_ranks(f"{operation} on {self._name()}", sizes, ranks):
            raise InvalidArgumentError(
                f"sizes={sizes} must be {ranks} integers, none negative: the number of tokens of "
                f"each rank of {self._name()}",
                sizes=list(sizes),
                ranks=ranks,
            )
        counts: list[list[list[int]]] = []
        rest = list(sizes)
        for stage in self._stages:
            width = stage.world_size
            rows = [rest[at : at + width] for at in range(0, len(rest), width)]
            counts.append(rows)
            rest = [sum(row) for row in rows]
        return [rows[self._row_of(level)] for level, rows in enumerate(counts)]

    def _row_of(self, level: int) -> int:
        """Return which row of a stage's grid this rank is in: its place in the slower stages."""
        row = 0
        for stage in reversed(self._stages[level + 1 :]):
            row = row * stage.world_size + stage.rank_in_group
        return row

    def _name(self) -> str:
        return " x ".join(stage.unique_name for stage in reversed(self._stages))


def combine_input(
    shape: Sequence[int], dtype: torch.dtype, device: torch.device, is_sequence_parallel: bool
) -> torch.Tensor:
    """Return memory for what is passed to `combine`."""
    check_switch("is_sequence_parallel", is_sequence_parallel)
    size = check_shape("allocate_combine_input", shape)
    dtype = check_dtype("allocate_combine_input", dtype)
    if not isinstance(device, (torch.device, str)):
        raise InvalidTypeError(f"device must be a torch.device, got {device!r}")
    try:
        return torch.empty(size, dtype=dtype, device=device)
    except RuntimeError as error:  # torch's own, which has a trace of C++ behind its first line
        why = str(error).partition("\n")[0]
        raise InvalidArgumentError(
            f"allocate_combine_input: there is no memory for shape {list(size)}, {dtype} on "
            f"{device}: {why}"
        ) from None


def _rows(named: dict[str, torch.Tensor]) -> int:
    """Return the extent of the first dim, which all tensors share: one row for each token."""
    for name, tensor in named.items():
        check_tensor(name, tensor)
        if tensor.dim() == 0:
            raise InvalidArgumentError(f"{name} must have a row for each token, got no dims")
    rows = {name: tensor.size(0) for name, tensor in named.items()}
    if len(set(rows.values())) > 1:
        raise InvalidArgumentError(
            f"all tensors must have a row for each token, got "
            f"{', '.join(f'{count} rows in {name}' for name, count in rows.items())}",
            rows=rows,
        )
    return next(iter(rows.values()))
