"""The thread that moves experts while the model runs.

It moves a layer into the buffer, tells the main thread (`pending_result`), and waits until that has
copied it into use between two steps. Whatever it raises, and that it is late, is an error of the
next step on every rank (`EplbState.step`): it never ends in silence.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

import torch

from vllm_distributed.background import background_thread
from vllm_distributed.eplb.eplb_utils import CpuGpuEvent, device_stream
from vllm_distributed.eplb.migration_scheduler import schedule_migration_batches_for_layers
from vllm_distributed.eplb.model_state import EplbModelState
from vllm_distributed.eplb.policy import AbstractEplbPolicy
from vllm_distributed.eplb.rebalance_execute import AsyncEplbLayerResult, transfer_layer
from vllm_distributed.eplb.worker_watch import WorkerWatch
from vllm_distributed.errors import EplbWorkerError

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["run_rebalance_experts", "start_async_worker", "transfer_run_periodically"]


class State(Protocol):
    """What the worker needs of an `EplbState`."""

    parallel_config: ParallelConfig
    device: torch.device
    device_index: int | None
    model_states: dict[str, EplbModelState]
    policy: type[AbstractEplbPolicy]
    rearrange_event: CpuGpuEvent
    is_stopping: bool
    watch: WorkerWatch

    def eplb_group(self) -> GroupCoordinator: ...


def start_async_worker(state: State, is_profile: bool = False) -> threading.Thread:
    """Start the thread of a state, and return it. What it raises, the state's next step raises."""

    def work() -> None:
        stream: torch.Stream | None = None
        if state.device.type == "cuda":
            torch.cuda.set_device(state.device_index)
            stream = torch.Stream(device=state.device)
        transfer_run_periodically(state, stream, is_profile)

    thread = background_thread("worker that moves experts", work, state.watch.failed)
    thread.start()
    return thread


def run_rebalance_experts(
    model_state: EplbModelState,
    eplb_state: State,
    physical_to_logical_map_cpu: torch.Tensor,
    stream: torch.Stream | None,
) -> torch.Tensor:
    """Return what the policy decides for the load of `model_state.eplb_stats`. Local."""
    stats = model_state.eplb_stats
    if stats is None:
        return physical_to_logical_map_cpu
    with device_stream(stream):
        load = stats.global_expert_load_window.cpu()
    return eplb_state.policy.rebalance_experts(
        load,
        stats.num_replicas,
        stats.num_groups,
        stats.num_nodes,
        stats.num_gpus,
        physical_to_logical_map_cpu,
    )


def transfer_run_periodically(
    state: State, stream: torch.Stream | None, is_profile: bool = False
) -> None:
    """Move the layers of all models whenever a rearrangement is wanted, until the state is shut
    down. Collective over the group of `get_eplb_group`, beside what the model does."""
    while state.rearrange_event.wait(stream):
        for model_state in state.model_states.values():
            if model_state.rebalanced and not _move_layers(state, model_state, stream, is_profile):
                return
        if state.is_stopping:
            return


def _move_layers(
    state: State,
    model_state: EplbModelState,
    stream: torch.Stream | None,
    is_profile: bool,
) -> bool:
    """Move one layer after the other; False: a rank wants no more, and that was the end."""
    group = state.eplb_group()
    batching = state.parallel_config.eplb_config.migration_batching_enabled
    model_state.communicator.set_stream(stream)
    with device_stream(stream):
        old = model_state.physical_to_logical_map.cpu().clone()
    new = run_rebalance_experts(model_state, state, old, stream)
    weights = model_state.model.expert_weights
    batches = None
    if batching:
        rows = weights[0][0].shape[0]
        batches = schedule_migration_batches_for_layers(rows, old.numpy(), new.numpy())
    for layer in range(model_state.model.num_moe_layers):
        # All go on, or none: one that is shut down takes the others with it. What the main thread
        # knows stays as it is, since the ranks' main threads need not be at the same step.
        goes_on = torch.tensor([int(not state.is_stopping)], dtype=torch.int64, device="cpu")
        if int(group.all_reduce(goes_on)) != group.world_size:
            if not state.is_stopping:
                state.watch.failed(EplbWorkerError("the state of another rank was shut down"))
            return False
        state.watch.layer = layer
        plan = transfer_layer(
            old_layer_indices=old[layer],
            new_layer_indices=new[layer],
            expert_weights=weights[layer],
            expert_weights_buffer=model_state.expert_buffer,
            ep_group=group.cpu_group,
            communicator=model_state.communicator,
            is_profile=is_profile,
            stream=stream,
            layer_idx=layer,
            enable_migration_batching=batching,
            migration_batches=None if batches is None else batches[layer],
        )
        if stream is not None:
            stream.synchronize()
        consumed = CpuGpuEvent()
        model_state.pending_result = AsyncEplbLayerResult(layer, new[layer], plan, consumed)
        state.watch.progress.set()
        # Whoever shuts down looks for a result afterwards, and takes it.
        if not state.is_stopping:
            consumed.wait(stream)
    return True
