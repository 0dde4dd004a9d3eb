"""A model with experts, on the ranks of a world: what routes tokens, and what it must give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

import vllm_distributed as vd
from vllm_distributed.eplb.eplb_state import EplbLayerState, EplbState

HIDDEN, TOP = 6, 2


@dataclass
class Layer:
    """What a layer of vLLM's has of balancing."""

    weights: torch.Tensor
    eplb_state: EplbLayerState = field(default_factory=EplbLayerState)


def matrix(layer: int, expert: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1000 * layer + expert)
    return torch.randint(-3, 4, (HIDDEN, HIDDEN), generator=generator).double()


class Model:
    """`layers` of `experts`, in `slots` on the ranks of the expert parallel group."""

    num_expert_groups = 1

    def __init__(self, layers: int, experts: int, redundant: int) -> None:
        group = vd.get_ep_group()
        self.num_moe_layers = layers
        self.num_logical_experts = self.num_routed_experts = experts
        self.num_redundant_experts = redundant
        self.num_physical_experts = experts + redundant
        self.num_local_physical_experts = self.num_physical_experts // group.world_size
        start = group.rank_in_group * self.num_local_physical_experts
        initial = EplbState.build_initial_global_physical_to_logical_map(experts, redundant)
        own = list(initial)[start : start + self.num_local_physical_experts]
        self.moe_layers = [
            Layer(torch.stack([matrix(layer, expert) for expert in own])) for layer in range(layers)
        ]
        self.expert_weights: list[list[torch.Tensor]] = []

    def set_eplb_state(self, load: Any, slots: Any, counts: Any) -> None:
        self.expert_weights = [[layer.weights] for layer in self.moe_layers]
        for number, layer in enumerate(self.moe_layers):
            layer.eplb_state.set_layer_state(number, load, slots, counts)

    def forward(self, tokens: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Send each token to its experts, wherever they are, layer by layer. Exact in float64."""
        group = vd.get_ep_group()
        for number, layer in enumerate(self.moe_layers):
            tokens = self._layer(group, layer, tokens, (chosen + number) % self.num_logical_experts)
        return tokens

    def _layer(
        self, group: vd.GroupCoordinator, layer: Layer, tokens: torch.Tensor, chosen: torch.Tensor
    ) -> torch.Tensor:
        state = layer.eplb_state
        assert state.logical_to_physical_map is not None
        assert state.logical_replica_count is not None
        assert state.expert_load_view is not None
        # Of several replicas by turns.
        replica = torch.arange(len(tokens))[:, None] % state.logical_replica_count[chosen]
        slots = state.logical_to_physical_map[chosen, replica]
        ones = torch.ones(slots.numel(), dtype=torch.int32)
        if state.should_record_tensor is None or bool(state.should_record_tensor):
            state.expert_load_view.scatter_add_(0, slots.flatten(), ones)
        weights = torch.ones(slots.shape)
        sent, its_weights, its_slots = group.dispatch(tokens, weights, slots, True)
        first = group.rank_in_group * self.num_local_physical_experts
        result = torch.zeros_like(sent)
        for row in range(self.num_local_physical_experts):
            hits = ((its_slots == first + row) * its_weights).sum(dim=1).double()
            result += hits[:, None] * (sent @ layer.weights[row])
        return group.combine(result, True).remainder(1_000_003)

    def expected(self, tokens: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """What one rank with all experts would give."""
        for number in range(self.num_moe_layers):
            experts = (chosen + number) % self.num_logical_experts
            tokens = sum(
                torch.stack(
                    [
                        token @ matrix(number, int(expert))
                        for token, expert in zip(tokens, experts[:, place], strict=True)
                    ]
                )
                for place in range(TOP)
            ).remainder(1_000_003)  # type: ignore[union-attr]
        return tokens


@dataclass
class Config:
    """A model's configuration, as far as it counts."""

    model: str

    def compute_hash(self) -> str:
        return self.model


def traffic(step: int, count: int, experts: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens of this rank, and their experts: some are wanted more than others, for a while."""
    rank = vd.get_ep_group().rank_in_group
    generator = torch.Generator().manual_seed(step * 100 + rank)
    tokens = torch.randint(-9, 10, (count, HIDDEN), generator=generator).double()
    hot = (step // 10) % experts
    odds = torch.ones(experts)
    odds[hot] = 5.0 * experts
    chosen = torch.stack([torch.multinomial(odds, TOP, generator=generator) for _ in range(count)])
    return tokens, chosen
