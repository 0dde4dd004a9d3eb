"""A communicator's part in expert parallelism."""

from __future__ import annotations

from typing import Any

import torch

from vllm_distributed.arguments import check_switch, check_tensor
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.transports.expert_parallel import (
    TokenExchange,
    combine_input,
    dispatch_arguments,
)

__all__ = ["TokenOperations"]


@outside_graphs()
class TokenOperations:
    """Tokens to the ranks of their experts and back, over one group."""

    _tokens: TokenExchange

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
        """Return the group's tokens with their routing; see `GroupCoordinator.dispatch`."""
        weights, ids, _ = dispatch_arguments(
            topk_weights, topk_ids, is_sequence_parallel, router_logits
        )
        return self._tokens.dispatch(hidden_states, weights, ids, extra_tensors, sizes)

    def dispatch_router_logits(
        self,
        hidden_states: torch.Tensor,
        router_logits: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
        sizes: list[int] | None = None,
    ) -> Any:
        """Return the group's tokens and logits; see `GroupCoordinator.dispatch_router_logits`."""
        return self.dispatch(
            hidden_states, None, None, is_sequence_parallel, extra_tensors, sizes, router_logits
        )

    def combine(
        self,
        hidden_states: torch.Tensor,
        is_sequence_parallel: bool = False,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Return this rank's tokens, summed over the group; see `GroupCoordinator.combine`."""
        check_switch("is_sequence_parallel", is_sequence_parallel)
        return self._tokens.combine(hidden_states, sizes)

    def allocate_combine_input(
        self,
        shape: list[int],
        dtype: torch.dtype,
        device: torch.device,
        is_sequence_parallel: bool = False,
    ) -> torch.Tensor | None:
        """Return memory for what is passed to `combine`; see
        `GroupCoordinator.allocate_combine_input`."""
        return combine_input(shape, dtype, device, is_sequence_parallel)

    def combine_into_output(
        self,
        hidden_states: torch.Tensor,
        output: torch.Tensor,
        is_sequence_parallel: bool = False,
        sizes: list[int] | None = None,
    ) -> torch.Tensor:
        """Write what `combine` returns into `output`, and return that. Collective over the
        group."""
        check_switch("is_sequence_parallel", is_sequence_parallel)
        check_tensor("output", output)
        return self._tokens.combine(hidden_states, sizes, output)
