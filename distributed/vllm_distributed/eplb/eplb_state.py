"""The load of experts is measured step by step, and now and then they move to where it balances."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch

from vllm_distributed.eplb.async_worker import start_async_worker
from vllm_distributed.eplb.communicator import EplbCommunicator
from vllm_distributed.eplb.eplb_communicator import create_eplb_communicator
from vllm_distributed.eplb.eplb_utils import CpuGpuEvent
from vllm_distributed.eplb.loads import balancedness, global_loads, sums_over
from vllm_distributed.eplb.logical_maps import compute_logical_maps
from vllm_distributed.eplb.model_state import (
    EplbLayerState,
    EplbModelState,
    EplbStats,
    MixtureOfExperts,
    acknowledge,
    check_same_numbers,
    check_slots,
    commit_maps,
    move_to_workspace,
)
from vllm_distributed.eplb.policy import EPLB_POLICIES, AbstractEplbPolicy, DefaultEplbPolicy
from vllm_distributed.eplb.ranks import ep_group, eplb_group, node_count
from vllm_distributed.eplb.rebalance_execute import rearrange_expert_weights_inplace
from vllm_distributed.eplb.worker_watch import WorkerWatch
from vllm_distributed.errors import EplbWorkerError, InvalidArgumentError
from vllm_distributed.logger import init_logger

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = [
    "EplbLayerState",
    "EplbModelState",
    "EplbState",
    "EplbStats",
    "MixtureOfExperts",
    "compute_logical_maps",
]

_logger = init_logger(__name__)

_NOT_READY, _READY, _FAILED = range(3)


class ModelConfig(Protocol):
    """What is asked of a model's configuration; vLLM's has it."""

    model: str

    def compute_hash(self) -> str: ...


class EplbState:
    """The experts of the models of this rank: their load, where they are, and when they move.

    Source: vLLM. The model adds the tokens that it sends to each slot to `expert_load_pass`, and
    `step` is called after each forward pass, on every rank of the expert parallel group: most of
    its calls are local, and after `step_interval` of them experts move. With `use_async` a thread
    of each rank moves them while the model goes on, a layer for each step; a group of its own is
    needed for that (`initialize_model_parallel(..., enable_eplb=True)`). For one thread.
    """

    def __init__(self, parallel_config: ParallelConfig, device: torch.device) -> None:
        """`parallel_config.eplb_config` says how often and by what; `device` is the model's."""
        self.parallel_config = parallel_config
        self.device = torch.device(device)
        self.model_states: dict[str, EplbModelState] = {}
        self.policy: type[AbstractEplbPolicy] = DefaultEplbPolicy
        self.expert_load_window_step = 0
        self.expert_load_window_size = 0
        self.expert_rearrangement_step = 0
        """Steps since the last rearrangement: the same on every rank."""
        self.expert_rearrangement_step_interval = 0
        self.should_record_tensor: torch.Tensor | None = None
        self.is_async = False
        self.rearrange_event = CpuGpuEvent()
        self.async_worker: threading.Thread | None = None
        self.device_index: int | None = self.device.index
        self.is_stopping = False
        self.watch = WorkerWatch()

    # Models

    @staticmethod
    def build_initial_global_physical_to_logical_map(
        num_routed_experts: int, num_redundant_experts: int
    ) -> Sequence[int]:
        """Return which expert is in each slot at first: each in one, and then the first ones again.
        Pure, local."""
        again = [number % num_routed_experts for number in range(num_redundant_experts)]
        return [*range(num_routed_experts), *again]

    def validate_ep_configuration(self, new_model: MixtureOfExperts) -> None:
        """Raise `InvalidArgumentError`, naming what differs, where a model has other numbers of
        experts than those that are here."""
        for state in self.model_states.values():
            self.assert_confs_equal(state.model, new_model)

    @staticmethod
    def assert_confs_equal(model: MixtureOfExperts, new_model: MixtureOfExperts) -> None:
        """Raise `InvalidArgumentError`, naming what differs, where two models have other numbers of
        experts."""
        check_same_numbers(model, new_model)

    def add_model(
        self,
        model: MixtureOfExperts,
        model_config: ModelConfig,
        model_name: str | None = None,
    ) -> None:
        """Begin to balance a model's experts. Collective over the group that moves them.

        The model is in the layout of `build_initial_global_physical_to_logical_map`.

        Raises:
            InvalidArgumentError: numbers that do not fit each other, those of another model, or the
                group.
            GroupNotInitializedError: there is no such group.
        """
        self.validate_ep_configuration(model)
        check_slots(model, self.eplb_group().world_size)
        config = self.parallel_config.eplb_config
        self.is_async = config.use_async
        layers, slots = model.num_moe_layers, model.num_physical_experts
        most_slots = self._most_slots(model)
        initial = self.build_initial_global_physical_to_logical_map(
            model.num_routed_experts, model.num_redundant_experts
        )
        first = torch.tensor([initial] * layers, dtype=torch.int64, device="cpu")
        maps = torch.full((layers, most_slots), -1, dtype=torch.int64, device=self.device)
        loads = torch.zeros(layers, most_slots, dtype=torch.int32, device=self.device)
        room = most_slots - model.num_logical_experts + 1
        of_experts = (layers, model.num_logical_experts)
        self.expert_load_window_size = config.window_size
        interval = config.step_interval
        # The first time comes sooner.
        self.expert_rearrangement_step = max(0, interval - interval // 4)
        self.expert_rearrangement_step_interval = interval
        self.policy = EPLB_POLICIES[config.policy]
        slots_of = torch.full((*of_experts, room), -1, dtype=torch.int64, device=self.device)
        counts = torch.zeros(of_experts, dtype=torch.int64, device=self.device)
        model.set_eplb_state(loads, slots_of, counts)
        batches = max(1, getattr(self.parallel_config, "num_ubatches", 1))
        unpadded = [torch.tensor(0, dtype=torch.int32, device=self.device) for _ in range(batches)]
        self._share_with_layers(model, unpadded)
        buffer = [torch.empty_like(weight) for weight in model.expert_weights[0]]
        state = EplbModelState(
            physical_to_logical_map=maps[:, :slots],
            physical_to_logical_map_buffer=maps,
            logical_to_physical_map=slots_of,
            logical_replica_count=counts,
            expert_load_pass=loads[:, :slots],
            expert_load_pass_buffer=loads,
            expert_load_window=torch.zeros(
                config.window_size, layers, slots, dtype=torch.int32, device=self.device
            ),
            last_expert_load=torch.ones(of_experts, dtype=torch.int64, device=self.device),
            model_name=model_name or model_config.model,
            model=model,
            expert_buffer=buffer,
            rebalanced=False,
            eplb_stats=None,
            device_index=self.device_index,
            communicator=create_eplb_communicator(
                self.eplb_group(), config.communicator, model.expert_weights, buffer
            ),
            num_unpadded_tokens_tensors=unpadded,
        )
        commit_maps(state, first)
        self.model_states[model_config.compute_hash()] = state

    @classmethod
    def from_mapping(
        cls,
        model: MixtureOfExperts,
        model_config: ModelConfig,
        device: torch.device,
        parallel_config: ParallelConfig,
        expanded_physical_to_logical: torch.Tensor,
    ) -> EplbState:
        """Return a state with one model, whose experts are where a map says (`update_mapping`)."""
        state = cls(parallel_config, device)
        state.add_model(model, model_config)
        state.update_mapping(model_config, expanded_physical_to_logical)
        return state

    def update_mapping(
        self, model_config: ModelConfig, expanded_physical_to_logical: torch.Tensor
    ) -> None:
        """Take it that the experts are where a map says, [layers, slots or all there may ever be].
        No weight moves. Local.

        Raises `InvalidArgumentError` for another shape, and a map that cannot be.
        """
        state = self._state_of(model_config)
        given = expanded_physical_to_logical.cpu()
        slots = state.physical_to_logical_map.shape[1]
        commit_maps(state, given[:, :slots].contiguous())
        state.physical_to_logical_map_buffer[:, slots:] = -1
        state.expert_load_pass.zero_()

    def reconfigure_physical_expert_slots(
        self, model_config: ModelConfig, num_physical_experts: int
    ) -> None:
        """Have more or fewer slots, of those that there may ever be: new ones are empty. Local.

        Raises `InvalidArgumentError` for more than that: `elastic_ep_max_dp_size` says how many.
        """
        state = self._state_of(model_config)
        most = state.physical_to_logical_map_buffer.shape[1]
        if not 1 <= num_physical_experts <= most:
            raise InvalidArgumentError(
                f"num_physical_experts={num_physical_experts}: there may be 1 to {most} slots, as "
                f"elastic_ep_max_dp_size says",
                value=num_physical_experts,
                most=most,
            )
        before = state.physical_to_logical_map.shape[1]
        first, last = sorted((before, num_physical_experts))
        state.physical_to_logical_map_buffer[:, first:last] = -1
        state.expert_load_pass_buffer[:, first:last] = 0
        state.physical_to_logical_map = state.physical_to_logical_map_buffer[
            :, :num_physical_experts
        ]
        state.expert_load_pass = state.expert_load_pass_buffer[:, :num_physical_experts]
        more = num_physical_experts - state.expert_load_window.shape[-1]
        state.expert_load_window = torch.nn.functional.pad(state.expert_load_window, (0, more))

    def create_communicator(
        self, model_config: ModelConfig, group_coordinator: GroupCoordinator
    ) -> EplbCommunicator:
        """Return what carries the experts of a model over another group. Collective over it."""
        state = self._state_of(model_config)
        return create_eplb_communicator(
            group_coordinator,
            self.parallel_config.eplb_config.communicator,
            state.model.expert_weights,
            state.expert_buffer,
        )

    def update_communicator(
        self, model_config: ModelConfig, communicator: EplbCommunicator
    ) -> None:
        """Have another one carry the experts of a model; the one before is closed. Local."""
        state = self._state_of(model_config)
        state.communicator.close()
        state.communicator = communicator

    # Steps

    def prepare_forward(
        self,
        model_config: ModelConfig,
        num_unpadded_tokens: int,
        ubatch_slices: list[Any] | None = None,
    ) -> None:
        """Say how many tokens of the next pass are real, of each micro-batch by its `token_slice`.
        Nothing for a model that is not here. Local."""
        state = self.model_states.get(model_config.compute_hash())
        if state is None or state.num_unpadded_tokens_tensors is None:
            return
        if ubatch_slices is None:
            state.num_unpadded_tokens_tensors[0].fill_(num_unpadded_tokens)
            return
        for tensor, part in zip(state.num_unpadded_tokens_tensors, ubatch_slices, strict=False):
            tokens = part.token_slice
            tensor.fill_(max(0, min(num_unpadded_tokens, tokens.stop) - tokens.start))

    def step(
        self, is_dummy: bool = False, is_profile: bool = False, log_stats: bool = False
    ) -> None:
        """A forward pass is over. On every rank of the expert parallel group, and as often.

        `is_dummy`: its load does not count. `is_profile`: nothing moves. `log_stats`: log how
        balanced the load is, which is collective.

        Raises `EplbWorkerError`, on every rank, where the worker of one has failed or is late, and
        what moving experts raises.
        """
        if is_dummy:
            for state in self.model_states.values():
                state.expert_load_pass.zero_()
        if is_profile:
            self.rearrange(is_profile=True)
            return
        every = self.parallel_config.eplb_config.log_balancedness_interval
        if log_stats and self.expert_rearrangement_step % every == 0:
            self._log_balancedness()
        if not is_dummy and self._should_record(log_stats):
            at = self.expert_load_window_step
            for state in self.model_states.values():
                state.expert_load_window[at].copy_(state.expert_load_pass)
                state.expert_load_pass.zero_()
            self.expert_load_window_step = (at + 1) % self.expert_load_window_size
        self.expert_rearrangement_step += 1
        moving = [state for state in self.model_states.values() if state.rebalanced]
        for state in moving if self.is_async else ():
            if self._all_ranks_result_ready(state):
                move_to_workspace(state, ep_group().rank_in_group)
                self.watch.owes_from_now()
        due = self.expert_rearrangement_step >= self.expert_rearrangement_step_interval
        still = self.is_async and any(state.rebalanced for state in self.model_states.values())
        if due and not still:
            self.expert_rearrangement_step = 0
            self.rearrange()
        if self.should_record_tensor is not None:
            self.should_record_tensor.fill_(self._should_record(log_stats))

    def rearrange(
        self,
        is_profile: bool = False,
        rank_mapping: dict[int, int] | None = None,
        use_last_expert_load: bool = False,
    ) -> None:
        """Move experts to where the load of the window balances; with `use_async` have the worker
        do it. Collective over the expert parallel group.

        `is_profile`: nothing moves. `rank_mapping` as of `rearrange_expert_weights_inplace`: then
        it is done at once. `use_last_expert_load`: for rank 0's load of the last time.

        Raises what moving experts raises.
        """
        if not self.model_states:
            return
        group = ep_group()
        loads = global_loads(self.model_states.values(), group, use_last=use_last_expert_load)
        model = next(iter(self.model_states.values())).model
        ranks, nodes = group.world_size, node_count(group.cpu_group)
        replicas = model.num_physical_experts
        if rank_mapping is not None and len(rank_mapping) == group.world_size:
            kept = sum(rank != -1 for rank in rank_mapping.values())
            nodes = node_count(group.cpu_group, rank_mapping)
            replicas, ranks = replicas // ranks * kept, kept
        nodes = nodes if ranks % nodes == 0 else 1
        in_background = self.is_async and not is_profile and rank_mapping is None
        for state, load in zip(self.model_states.values(), loads, strict=True):
            if is_profile:
                continue
            state.last_expert_load = load
            groups = state.model.num_expert_groups
            if in_background:
                state.eplb_stats = EplbStats(load.clone(), replicas, groups, nodes, ranks)
                state.rebalanced = True
                continue
            begun = time.monotonic()
            old = state.physical_to_logical_map.cpu()
            new = self.policy.rebalance_experts(load.cpu(), replicas, groups, nodes, ranks, old)
            rearrange_expert_weights_inplace(
                old,
                new,
                state.model.expert_weights,
                state.expert_buffer,
                group.cpu_group,
                state.communicator,
                rank_mapping=rank_mapping,
            )
            commit_maps(state, new)
            if group.is_first_rank:
                took = time.monotonic() - begun
                _logger.info("Rearranged experts of %s in %.3f s.", state.model_name, took)
        if in_background:
            self.watch.owes_from_now()
            self.start_async_loop()
            self.rearrange_event.record()

    # The worker

    def start_async_loop(
        self, rank_mapping: dict[int, int] | None = None, is_profile: bool = False
    ) -> None:
        """Start the worker, where `use_async` is and none runs. `rearrange` does it as well. Local.

        Where the last one has failed, this forgets it, and the layers that it has not moved stay
        where they are.
        """
        if not self.is_async or (self.async_worker is not None and self.async_worker.is_alive()):
            return
        self.watch.failure, self.is_stopping = None, False
        self.async_worker = start_async_worker(self, is_profile)

    def drain_async(self) -> None:
        """Wait until the worker has moved what it was to move, without using it: what follows is a
        whole rearrangement. Collective over the expert parallel group.

        Raises `EplbWorkerError` as `step` does.
        """
        for state in self.model_states.values() if self.is_async else ():
            while state.rebalanced:
                self.watch.progress.clear()
                result = state.pending_result
                if self._all_ranks_result_ready(state) and result is not None:
                    self.watch.owes_from_now()
                    acknowledge(state, result)
                elif result is None:
                    self.watch.progress.wait(0.05)

    def shutdown(self) -> None:
        """End the worker, and give back what carries experts. The ranks do it together, or the
        worker waits for one that has not until its time is over. Again: does nothing."""
        self.is_stopping = True
        worker, self.async_worker = self.async_worker, None
        if worker is not None and worker.is_alive():
            if not self.rearrange_event.is_recorded:
                self.rearrange_event.record()
            for state in self.model_states.values():
                if state.pending_result is not None:
                    acknowledge(state, state.pending_result)
            worker.join()
        for state in self.model_states.values():
            state.communicator.close()

    def eplb_group(self) -> GroupCoordinator:
        """Return the group that experts move in: with `use_async` one of its own. Local."""
        return eplb_group(apart=self.is_async)

    def _all_ranks_result_ready(self, model_state: EplbModelState) -> bool:
        """Whether a layer is in the buffer of every rank. Raises `EplbWorkerError` on all of them
        where there will not be one."""
        group = ep_group()
        pending = model_state.pending_result is not None
        timeout_s = self.eplb_group().cpu_timeout.total_seconds()
        why = self.watch.why_failed(self.async_worker, timeout_s, pending)
        code = _FAILED if why else _READY if pending else _NOT_READY
        said = group.all_gather(
            torch.tensor([code], dtype=torch.int64, device="cpu"), dim=0
        ).tolist()
        if _FAILED in said:
            rank = said.index(_FAILED)
            layer, text = group.broadcast_object((self.watch.layer, why), rank) or (0, "")
            raise EplbWorkerError(
                f"the worker that moves experts of {model_state.model_name} has failed on rank "
                f"{rank} of {group.unique_name}, at layer {layer}: {text}. The layers before it "
                f"have moved, the others are where they were",
                rank=rank,
                layer=layer,
            )
        return said == [_READY] * group.world_size

    def _should_record(self, log_stats: bool) -> bool:
        """Whether the load of this step is still in the window when it is looked at."""
        left = self.expert_rearrangement_step_interval - self.expert_rearrangement_step
        if left <= self.expert_load_window_size or not log_stats:
            return left <= self.expert_load_window_size
        every = self.parallel_config.eplb_config.log_balancedness_interval
        return -self.expert_rearrangement_step % every <= self.expert_load_window_size

    def _log_balancedness(self) -> None:
        group, states = ep_group(), list(self.model_states.values())
        loads = sums_over(group, [state.expert_load_pass.clone() for state in states])
        for state, load in zip(states if group.is_first_rank else (), loads, strict=False):
            mean, most, ratio = balancedness(load, group.world_size)
            _logger.info(
                "EPLB step: %d for model %s: avg_tokens=%.2f, max_tokens=%d, balancedness=%.4f, "
                "steps until the next rearrangement: %d",
                self.expert_rearrangement_step,
                state.model_name,
                mean,
                most,
                ratio,
                self.expert_rearrangement_step_interval - self.expert_rearrangement_step,
            )

    # Of models

    def _share_with_layers(self, model: MixtureOfExperts, unpadded: list[torch.Tensor]) -> None:
        """Have all layers read the same switch and counts."""
        for layer in getattr(model, "moe_layers", ()):
            state = getattr(layer, "eplb_state", None)
            if isinstance(state, EplbLayerState):
                if self.should_record_tensor is None:
                    self.should_record_tensor = torch.ones((), dtype=torch.bool, device=self.device)
                state.should_record_tensor = self.should_record_tensor
                state.num_unpadded_tokens_tensors = unpadded

    def _state_of(self, model_config: ModelConfig) -> EplbModelState:
        state = self.model_states.get(model_config.compute_hash())
        if state is None:
            raise InvalidArgumentError(
                f"the model {model_config.model!r} is not balanced here: call add_model first",
                model=model_config.model,
            )
        return state

    def _most_slots(self, model: MixtureOfExperts) -> int:
        config = self.parallel_config
        if not getattr(config, "enable_elastic_ep", False):
            return model.num_physical_experts
        most = config.elastic_ep_max_dp_size or config.data_parallel_size
        ranks = most * ep_group().world_size // config.data_parallel_size
        return model.num_local_physical_experts * ranks
