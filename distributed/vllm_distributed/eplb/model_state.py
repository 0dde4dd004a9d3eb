"""What is known of the experts of one model: where they are, and their load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from vllm_distributed.eplb.communicator import EplbCommunicator
from vllm_distributed.eplb.logical_maps import compute_logical_maps
from vllm_distributed.eplb.rebalance_execute import AsyncEplbLayerResult, move_from_buffer
from vllm_distributed.errors import InvalidArgumentError

__all__ = [
    "EplbLayerState",
    "EplbModelState",
    "EplbStats",
    "MixtureOfExperts",
    "acknowledge",
    "check_same_numbers",
    "check_slots",
    "commit_maps",
    "move_to_workspace",
]

_SAME = (
    "num_routed_experts",
    "num_redundant_experts",
    "num_physical_experts",
    "num_logical_experts",
    "num_expert_groups",
)


class MixtureOfExperts(Protocol):
    """What is asked of a model; vLLM's models have it. `moe_layers` may be missing."""

    expert_weights: Any
    """The tensors of each layer, with one of this rank's slots in each row."""
    num_moe_layers: int
    num_expert_groups: int
    num_logical_experts: int
    num_physical_experts: int
    num_local_physical_experts: int
    num_routed_experts: int
    num_redundant_experts: int

    def set_eplb_state(
        self,
        expert_load_view: torch.Tensor,
        logical_to_physical_map: torch.Tensor,
        logical_replica_count: torch.Tensor,
    ) -> None:
        """Take what the router reads and adds to, of all layers; it changes in place."""


@dataclass
class EplbStats:
    """What a policy decides from."""

    global_expert_load_window: torch.Tensor
    """The load of each expert, on all ranks together, [layers, logical experts]."""
    num_replicas: int
    num_groups: int
    num_nodes: int
    num_gpus: int


@dataclass
class EplbModelState:
    """The experts of one model. Source: vLLM."""

    physical_to_logical_map: torch.Tensor
    """Which expert is in each slot, [layers, slots], -1 for none."""
    physical_to_logical_map_buffer: torch.Tensor
    """What that is a part of: with room for as many slots as there may ever be."""
    logical_to_physical_map: torch.Tensor
    """The slots of each expert, [layers, logical experts, most], padded with -1."""
    logical_replica_count: torch.Tensor
    """How many slots each has, [layers, logical experts]."""
    expert_load_pass: torch.Tensor
    """How many tokens went to each slot since the last step, [layers, slots]: the model adds."""
    expert_load_pass_buffer: torch.Tensor
    """What that is a part of."""
    expert_load_window: torch.Tensor
    """The same of the latest steps, [window, layers, slots]."""
    last_expert_load: torch.Tensor
    """The load that the latest rearrangement was for, [layers, logical experts]."""
    model_name: str
    model: MixtureOfExperts
    expert_buffer: list[torch.Tensor]
    """Where a layer's experts arrive."""
    rebalanced: bool
    """Whether the worker in the background is moving layers."""
    eplb_stats: EplbStats | None
    device_index: int | None
    communicator: EplbCommunicator
    pending_result: AsyncEplbLayerResult | None = None
    """The layer that is in the buffer, until it is copied into use."""
    num_unpadded_tokens_tensors: list[torch.Tensor] | None = None
    """How many tokens of each micro-batch are real."""


@dataclass
class EplbLayerState:
    """What the router of one layer reads. Source: vLLM."""

    expert_load_view: torch.Tensor | None = None
    """[slots]: the router adds how many tokens it sends to each."""
    logical_to_physical_map: torch.Tensor | None = None
    """[logical experts, most]."""
    logical_replica_count: torch.Tensor | None = None
    """[logical experts]."""
    should_record_tensor: torch.Tensor | None = None
    """A bool, of all layers: whether the load counts now."""
    num_unpadded_tokens_tensors: list[torch.Tensor] | None = None

    def set_layer_state(
        self,
        moe_layer_idx: int,
        expert_load_view: torch.Tensor,
        logical_to_physical_map: torch.Tensor,
        logical_replica_count: torch.Tensor,
    ) -> None:
        """Take this layer's part of what `set_eplb_state` got."""
        self.expert_load_view = expert_load_view[moe_layer_idx]
        self.logical_to_physical_map = logical_to_physical_map[moe_layer_idx]
        self.logical_replica_count = logical_replica_count[moe_layer_idx]


def commit_maps(state: EplbModelState, new_map: torch.Tensor, layers: slice | None = None) -> None:
    """Have the router see a new map, [layers, slots], of these layers or of all. In place."""
    part = layers or slice(None)
    current = state.physical_to_logical_map[part]
    if new_map.shape != current.shape:
        if layers is not None or new_map.shape[1] > state.physical_to_logical_map_buffer.shape[1]:
            raise InvalidArgumentError(
                f"the new map has the shape {list(new_map.shape)}, and the one now "
                f"{list(current.shape)}",
                new=list(new_map.shape),
                old=list(current.shape),
            )
        state.physical_to_logical_map_buffer[:, new_map.shape[1] :] = -1
        current = state.physical_to_logical_map_buffer[:, : new_map.shape[1]]
        state.physical_to_logical_map = current
    slots, counts = compute_logical_maps(new_map, state.logical_to_physical_map.shape[1])
    room = state.logical_to_physical_map.shape[2]
    if slots.shape[2] > room:
        raise InvalidArgumentError(
            f"an expert has {slots.shape[2]} slots in the new map, and there is room for {room}: "
            f"num_redundant_experts is too small for it",
            most=slots.shape[2],
            room=room,
        )
    current.copy_(new_map)
    state.logical_to_physical_map[part] = torch.nn.functional.pad(
        slots, (0, room - slots.shape[2]), value=-1
    ).to(state.logical_to_physical_map)
    state.logical_replica_count[part] = counts.to(state.logical_replica_count)


def move_to_workspace(state: EplbModelState, ep_rank: int) -> None:
    """Copy the layer that has arrived into use, with its map, and let the worker go on."""
    result = state.pending_result
    if result is None:
        return
    layer = result.layer_idx
    weights: Sequence[torch.Tensor] = state.model.expert_weights[layer]
    new_map = result.new_physical_to_logical_map
    move_from_buffer(
        weights, state.expert_buffer, result.transfer_metadata, new_map.numpy(), ep_rank
    )
    commit_maps(state, new_map[None], slice(layer, layer + 1))
    acknowledge(state, result)


def acknowledge(state: EplbModelState, result: AsyncEplbLayerResult) -> None:
    """Let the worker use the buffer again; after the last layer the rearrangement is over."""
    if result.layer_idx == state.model.num_moe_layers - 1:
        state.rebalanced = False
    state.pending_result = None
    result.consumed_event.record()


def check_same_numbers(model: MixtureOfExperts, new_model: MixtureOfExperts) -> None:
    """Check that two models have the same numbers of experts."""
    for name in _SAME:
        one, other = getattr(model, name), getattr(new_model, name)
        if one != other:
            raise InvalidArgumentError(
                f"models that are balanced together have the same {name}, and "
                f"{type(model).__name__} has {one}, {type(new_model).__name__} {other}",
                name=name,
            )


def check_slots(model: MixtureOfExperts, ranks: int) -> None:
    """Check that a model's slots are its experts and the redundant ones, equally many a rank."""
    slots, local = model.num_physical_experts, model.num_local_physical_experts
    if slots != model.num_logical_experts + model.num_redundant_experts or slots != local * ranks:
        raise InvalidArgumentError(
            f"{type(model).__name__} has {slots} slots: they are its "
            f"{model.num_logical_experts} experts and {model.num_redundant_experts} more, and "
            f"{local} on each of {ranks} ranks",
            slots=slots,
            ranks=ranks,
        )
