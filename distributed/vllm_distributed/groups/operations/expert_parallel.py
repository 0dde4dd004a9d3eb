"""A coordinator's part in expert parallelism: tokens to the experts' ranks, and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from vllm_distributed.arguments import check_switch, check_tensor
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.groups.member import Member
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.expert_parallel import (
    TokenExchange,
    check_all2all_backend,
    dispatch_arguments,
)

__all__ = ["ExpertParallel", "Tokens"]


class Axis(Protocol):
    """A group among whose ranks tokens differ."""

    ranks: list[int]
    world_size: int

    @property
    def device_communicator(self) -> DeviceCommunicatorBase: ...


class Tokens:
    """The exchanges of one group's tokens, each of which remembers its last dispatch.

    `over_all` is over all ranks of the group; `over_groups` over those whose tokens differ: on the
    expert parallel group the ranks of `groups`, as its tensor parallel ranks have the same tokens,
    unless these are cut up among them (sequence parallel).
    """

    def __init__(self, communicator: DeviceCommunicatorBase) -> None:
        self.groups: tuple[Axis, ...] = ()
        self.over_all = TokenExchange([communicator])
        self.over_groups = TokenExchange([communicator])

    def differ_over(self, groups: Sequence[Axis]) -> None:
        """Name the groups, fastest first, among whose ranks tokens differ. Local."""
        self.groups = tuple(groups)
        self.over_groups = TokenExchange([group.device_communicator for group in groups])


@outside_graphs()
class ExpertParallel:
    """Dispatch and combine over the ranks that hold different tokens."""

    _member: Member
    _communicator: DeviceCommunicatorBase
    _tokens: Tokens

    def dispatch(
        self,
        hidden_states: torch.Tensor,
        topk_weights: torch.Tensor | None = None,
        topk_ids: torch.Tensor | None = None,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
        sizes: list[int] | None = None,
        router_logits: torch.Tensor | None = None,
    ) -> Any:
        """Return (hidden_states, topk_weights, topk_ids) of the tokens of all ranks, in rank order.

        Every tensor has a row for each token; ranks may have different numbers of tokens, none
        included. `extra_tensors`, such as quantisation scales, are returned as a list after the
        others. In place of weights and ids `router_logits` can be given, as vLLM 0.14 has it; then
        (hidden_states, router_logits) is returned. `sizes` is each rank's number of tokens, the
        same on all; without it ranks tell each other, which costs a small exchange on the CPU
        group, and cannot be captured in a graph.

        On the expert parallel group the ranks whose tokens differ are those of the data and prefill
        context parallel groups, or with `is_sequence_parallel` all of the group's; on any other
        group all of the group's. Collective over those. The algorithm is vLLM's
        `allgather_reducescatter`.

        Raises:
            LibraryMissingError: if the current `ParallelConfig` has another `all2all_backend`.
            InvalidArgumentError: if the numbers of rows differ, or `sizes` do not fit.
        """
        weights, ids, over_all = dispatch_arguments(
            topk_weights, topk_ids, is_sequence_parallel, router_logits
        )
        exchange = self._exchange(over_all)
        return exchange.dispatch(hidden_states, weights, ids, extra_tensors, sizes)

    def dispatch_router_logits(
        self,
        hidden_states: torch.Tensor,
        router_logits: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
        sizes: list[int] | None = None,
    ) -> Any:
        """Return (hidden_states, router_logits) of the tokens of all ranks, in rank order.

        As `dispatch`, for layers that choose the experts after it.
        """
        return self.dispatch(
            hidden_states, router_logits, None, is_sequence_parallel, extra_tensors, sizes
        )

    def combine(
        self,
        hidden_states: torch.Tensor,
        is_sequence_parallel: bool = False,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Return this rank's own tokens, summed over the ranks that `dispatch` brought together.

        `hidden_states` has a row for each token that the last `dispatch` with the same
        `is_sequence_parallel` returned, holding this rank's contribution. `sizes` is as for
        `dispatch`, and by default what it was there. Collective over the same ranks.

        Raises:
            InvalidArgumentError: without a dispatch before it or for another number of rows.
        """
        check_switch("is_sequence_parallel", is_sequence_parallel)
        return self._exchange(is_sequence_parallel).combine(hidden_states, sizes)

    def allocate_combine_input(
        self,
        shape: list[int],
        dtype: torch.dtype,
        device: torch.device,
        is_sequence_parallel: bool = False,
    ) -> torch.Tensor | None:
        """Return an uninitialised tensor to write the experts' results into, for `combine`.

        Any other tensor does as well; a communicator of one's own may have better memory for it,
        or None where it has not. `shape` has a row for each token that `dispatch` returned.

        Raises:
            InvalidTypeError, InvalidArgumentError: for what is no shape, dtype or device.
        """
        self._member.check_alive()
        return self._communicator.allocate_combine_input(shape, dtype, device, is_sequence_parallel)

    def combine_into_output(
        self,
        hidden_states: torch.Tensor,
        output: torch.Tensor,
        is_sequence_parallel: bool = False,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Write what `combine` returns into `output`, and return that.

        `output` has a row for each of this rank's tokens, the dtype and device of `hidden_states`,
        and shares no memory with it. Collective over the same ranks as `combine`.

        Raises:
            As `combine`.
            InvalidArgumentError: for another shape, dtype or device of `output`.
        """
        check_switch("is_sequence_parallel", is_sequence_parallel)
        check_tensor("output", output)
        return self._exchange(is_sequence_parallel).combine(hidden_states, sizes, output)

    def _exchange(self, over_all: bool) -> TokenExchange:
        self._member.check_alive()
        check_all2all_backend(_current_all2all_backend())
        return self._tokens.over_all if over_all else self._tokens.over_groups


def _current_all2all_backend() -> str:
    """Return what the current ParallelConfig says. No configuration can be current where the
    package's configuration was never imported."""
    config = sys.modules.get("vllm_distributed.config")
    current = None if config is None else config.get_current_parallel_config_or_none()
    return "allgather_reducescatter" if current is None else str(current.all2all_backend)
