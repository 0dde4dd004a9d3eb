"""Experts that are balanced while a model runs: the same results before, during and afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from balanced_models import Config, Model, traffic
from rank_harness import World, run_ranks

import vllm_distributed as vd
from vllm_distributed.config import EPLBConfig, ParallelConfig
from vllm_distributed.eplb import compute_logical_maps
from vllm_distributed.eplb.eplb_state import EplbState
from vllm_distributed.errors import (
    DistributedError,
    EplbWorkerError,
    GroupNotInitializedError,
    InvalidArgumentError,
)


def config(**eplb: Any) -> ParallelConfig:
    given = {"window_size": 5, "step_interval": 8, "use_async": False, **eplb}
    return ParallelConfig(eplb_config=EPLBConfig(**given))


def begun(model: Model, **eplb: Any) -> EplbState:
    state = EplbState(config(**eplb), torch.device("cpu"))
    state.add_model(model, Config("m"))
    return state


def served(steps: int, eplb: dict[str, Any]) -> tuple[int, int]:
    """Serve so many steps; return how many maps there were, and threads that are left."""
    size = vd.get_ep_group().world_size
    model = Model(3, 2 * size, 2 * size)
    state = begun(model, **eplb)
    (models,) = state.model_states.values()
    maps = set()
    for step in range(steps):
        tokens, chosen = traffic(step, 5, model.num_logical_experts)
        assert torch.equal(model.forward(tokens, chosen), model.expected(tokens, chosen))
        state.step(is_dummy=step % 7 == 3, log_stats=step % 2 == 0)
        maps.add(str(models.physical_to_logical_map.tolist()))
        slots, counts = compute_logical_maps(models.physical_to_logical_map, 2 * size)
        found = models.logical_to_physical_map
        assert torch.equal(found[..., : slots.shape[2]], slots)
        assert (found[..., slots.shape[2] :] == -1).all()
        assert torch.equal(models.logical_replica_count, counts)
    state.shutdown()
    state.shutdown()
    return len(maps), workers()


def workers() -> int:
    return sum("moves experts" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize(
    "eplb",
    [
        {},
        {"communicator": "torch_gloo"},
        {"use_async": True},
        {"use_async": True, "enable_migration_batching": True, "communicator": "torch_gloo"},
    ],
    ids=["at once", "gloo", "in the background", "in rounds"],
)
def test_results_are_the_same_while_experts_move(
    world_of: Callable[..., World], size: int, eplb: dict[str, Any]
) -> None:
    world = world_of(size, tensor_model_parallel_size=size, enable_eplb=True)
    for maps, threads in world.run(served, 40, eplb):
        assert maps >= 3
        assert threads == 0


def two_models() -> list[list[int]]:
    """Two models, of which one is wanted more; each gets its own map."""
    size = vd.get_ep_group().world_size
    models = [Model(2, 2 * size, size), Model(1, 2 * size, size)]
    state = begun(models[0], step_interval=4, window_size=4)
    state.add_model(models[1], Config("draft"))
    for step in range(9):
        for number, model in enumerate(models):
            tokens, chosen = traffic(step + 20 * number, 4, 2 * size)
            assert torch.equal(model.forward(tokens, chosen), model.expected(tokens, chosen))
        state.step()
    loads = [each.last_expert_load.sum(dim=1).tolist() for each in state.model_states.values()]
    state.shutdown()
    return loads


def test_two_models(world_of: Callable[..., World]) -> None:
    found = world_of(2, tensor_model_parallel_size=2, enable_eplb=True).run(two_models)
    assert found[0] == found[1]
    # Four steps, two ranks, four tokens, two experts each.
    assert found[0] == [[64, 64], [64]]


def window_model() -> None:
    """The load that a rearrangement sees is that of the steps in the window, and no others."""
    size = vd.get_ep_group().world_size
    model = Model(1, size, 0)
    state = begun(model, step_interval=10, window_size=3)
    (models,) = state.model_states.values()
    assert state.expert_rearrangement_step == 8
    seen: list[torch.Tensor] = []
    maps = models.physical_to_logical_map.clone()
    generator = torch.Generator().manual_seed(3)
    window = torch.zeros(3, size, dtype=torch.int64)
    at = 0
    for step in range(64):
        load = torch.randint(0, 50, (1, size), dtype=torch.int32, generator=generator)
        models.expert_load_pass.copy_(load)
        left = 10 - state.expert_rearrangement_step
        dummy = step % 5 == 2
        if not dummy and left <= 3:
            # By expert: maps change.
            row = torch.zeros(size, dtype=torch.int64)
            row.scatter_add_(0, maps[0], load[0].long())
            window[at], at = load[0].long(), (at + 1) % 3
        by_expert = torch.zeros(size, dtype=torch.int64)
        by_expert.scatter_add_(0, maps[0].repeat(3), window.flatten())
        before = models.last_expert_load
        state.step(is_dummy=dummy)
        if models.last_expert_load is not before:
            seen.append(models.last_expert_load)
            assert torch.equal(models.last_expert_load[0], by_expert * size)
        maps = models.physical_to_logical_map.clone()
        # It may change back to anything later: the window keeps slots, as vLLM's does.
        assert sorted(maps[0].tolist()) == list(range(size))
    assert len(seen) == 7
    state.shutdown()


def test_the_window(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=4, enable_eplb=True).run(window_model)


def more_slots() -> None:
    """Slots that come and go, and maps from elsewhere."""
    size = vd.get_ep_group().world_size
    model = Model(2, size, 0)
    parallel = config()
    parallel = ParallelConfig(eplb_config=parallel.eplb_config)

    class Elastic:
        eplb_config = parallel.eplb_config
        enable_elastic_ep, data_parallel_size, elastic_ep_max_dp_size = True, 1, 2
        num_ubatches = 2

    elastic: Any = Elastic()
    given = torch.full((2, 2 * size), -1)
    given[:, :size] = torch.arange(size).flip(0)
    state = EplbState.from_mapping(model, Config("m"), torch.device("cpu"), elastic, given)
    (models,) = state.model_states.values()
    assert torch.equal(models.physical_to_logical_map, given[:, :size])
    state.reconfigure_physical_expert_slots(Config("m"), 2 * size)
    assert torch.equal(models.physical_to_logical_map, given)
    assert models.expert_load_window.shape[-1] == models.expert_load_pass.shape[-1] == 2 * size
    state.reconfigure_physical_expert_slots(Config("m"), size)
    with pytest.raises(InvalidArgumentError, match="there may be 1 to"):
        state.reconfigure_physical_expert_slots(Config("m"), 2 * size + 1)
    with pytest.raises(InvalidArgumentError, match="'other' is not balanced here"):
        state.update_mapping(Config("other"), given)

    class Part:
        def __init__(self, start: int, stop: int) -> None:
            self.token_slice = slice(start, stop)

    state.prepare_forward(Config("m"), 5, [Part(0, 4), Part(4, 8)])
    assert models.num_unpadded_tokens_tensors is not None
    assert [int(t) for t in models.num_unpadded_tokens_tensors] == [4, 1]
    state.prepare_forward(Config("m"), 7)
    state.prepare_forward(Config("nobody"), 7)
    assert int(models.num_unpadded_tokens_tensors[0]) == 7
    made = state.create_communicator(Config("m"), vd.get_ep_group())
    state.update_communicator(Config("m"), made)
    state.rearrange(use_last_expert_load=True)
    state.step(is_profile=True)
    state.shutdown()


def test_slots_that_come_and_go(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2, enable_eplb=True).run(more_slots)


# Failures


def failing(how: str) -> tuple[str, int, int]:
    """The worker of rank 1 fails, or gets stuck, at layer 1; return what each rank is told."""
    size = vd.get_ep_group().world_size
    model = Model(3, 2 * size, 0)
    state = begun(model, use_async=True, step_interval=1, window_size=1)
    (models,) = state.model_states.values()
    held = threading.Event()
    if vd.get_ep_group().rank_in_group == 1:
        set_context = models.communicator.set_transfer_context

        def fails(old: Any, layer: int) -> None:
            if layer == 1 and how == "raises":
                raise OSError("the disk is full")
            if layer == 1:
                held.wait(60)
            set_context(old, layer)

        models.communicator.set_transfer_context = fails  # type: ignore[method-assign]
    told, layer = "nothing", -1
    models.expert_load_pass[0, 0] = 100
    try:
        while True:
            state.step()
    except EplbWorkerError as error:
        told, layer = str(error), int(str(error.details["layer"]))
    # It stays so until the worker is started anew.
    with pytest.raises(EplbWorkerError):
        state.drain_async()
    held.set()
    state.shutdown()
    return told, layer, workers()


def in_a_world_of_its_own(rank: int, port: int, size: int, how: str) -> tuple[str, int, int]:
    limit = timedelta(seconds=1.5)
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.initialize_model_parallel(size, enable_eplb=True)
    return failing(how)


def test_a_worker_that_raises_is_an_error_of_the_next_step_on_every_rank() -> None:
    for told, layer, threads in run_ranks(2, in_a_world_of_its_own, "raises"):
        assert "has failed on rank 1" in told
        assert "at layer 1: OSError: the disk is full" in told
        assert layer == 1
        assert threads == 0


def test_a_worker_that_is_stuck_is_named_at_its_deadline() -> None:
    for told, layer, threads in run_ranks(2, in_a_world_of_its_own, "is stuck"):
        assert "rank 1" in told
        assert layer == 1
        assert "did not come" in told or "has moved no layer for" in told
        assert threads == 0


def test_drained(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2, enable_eplb=True).run(drained)


def drained() -> None:
    size = vd.get_ep_group().world_size
    model = Model(3, 2 * size, 0)
    state = begun(model, use_async=True, step_interval=2, window_size=2)
    (models,) = state.model_states.values()
    kept = models.physical_to_logical_map.clone()
    models.expert_load_pass[:, 0] = 100
    while not models.rebalanced:
        state.step()
    state.drain_async()
    assert not models.rebalanced
    assert models.pending_result is None
    assert torch.equal(models.physical_to_logical_map, kept)
    for step in range(20):
        tokens, chosen = traffic(step, 4, 2 * size)
        assert torch.equal(model.forward(tokens, chosen), model.expected(tokens, chosen))
        state.step()
    state.shutdown()


def wrong() -> list[str]:
    size = vd.get_ep_group().world_size
    found = []
    model = Model(1, 2 * size, 0)
    state = begun(model)

    class Other(Model):
        num_expert_groups = 2

    odd = Model(1, 2 * size, 0)
    odd.num_local_physical_experts = 3
    calls: list[Callable[[], object]] = [
        lambda: state.add_model(Other(1, 2 * size, 0), Config("other")),
        lambda: begun(odd),
        lambda: begun(Model(1, 2 * size, 0), communicator="pynccl"),
        lambda: state.update_mapping(Config("m"), torch.full((1, 2 * size), 2 * size)),
        lambda: state.update_mapping(Config("m"), torch.zeros(1, 2 * size, dtype=torch.int64)),
    ]
    for call in calls:
        try:
            call()
        except DistributedError as error:
            found.append(str(error))
    state.shutdown()
    return found


def test_wrong_calls(world_of: Callable[..., World]) -> None:
    for found in world_of(2, tensor_model_parallel_size=2, enable_eplb=True).run(wrong):
        assert len(found) == 5
        assert "have the same num_expert_groups, and Model has 1, Other 2" in found[0]
        assert "3 on each of 2 ranks" in found[1]
        assert "'pynccl' is not available" in found[2]
        assert "experts are 0 to 3" in found[3]
        assert "an expert has 4 slots in the new map, and there is room for 1" in found[4]


def without_a_group() -> str:
    try:
        begun(Model(1, 4, 0), use_async=True)
    except GroupNotInitializedError as error:
        return str(error)
    return "nothing"


def test_in_the_background_needs_a_group_of_its_own(world_of: Callable[..., World]) -> None:
    for found in world_of(2, tensor_model_parallel_size=2).run(without_a_group):
        assert "which enable_eplb=True makes" in found
