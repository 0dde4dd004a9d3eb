"""The rules between fields of a ParallelConfig, and what comes from the environment."""

from __future__ import annotations

import copy
import os
import sys
import types
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from vllm_distributed.config import EPLBConfig, ParallelConfig, platform


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No accelerators and no settings, whatever the machine of the test has."""
    monkeypatch.setattr(platform, "accelerator_count", lambda: 0)
    for variable in list(os.environ):
        if variable.startswith("VLLM_") or variable == "RANK":
            monkeypatch.delenv(variable)


EXPERTS = {"tensor_parallel_size": 2, "enable_expert_parallel": True, "enable_eplb": True}

# what is refused as (fields that are fine, the assignment that breaks the rule, words)
BROKEN: list[tuple[dict[str, Any], str, Any, str]] = [
    ({}, "data_parallel_size_local", 2, "data_parallel_size_local=2 .* data_parallel_size=1"),
    ({}, "data_parallel_external_lb", True, "data_parallel_size > 1"),
    ({"tensor_parallel_size": 4}, "decode_context_parallel_size", 3, "tensor_parallel_size=4"),
    (
        {"tensor_parallel_size": 4, "decode_context_parallel_size": 4},
        "tensor_parallel_size",
        2,
        "decode_context_parallel_size=4 must divide tensor_parallel_size=2",
    ),
    ({}, "data_parallel_rank", 1, "data_parallel_rank=1 must be less than data_parallel_size=1"),
    ({"data_parallel_size": 2}, "data_parallel_rank", 2, "less than data_parallel_size=2"),
    (
        {"data_parallel_size": 2, "data_parallel_rank": 1},
        "data_parallel_size",
        1,
        "data_parallel_rank=1",
    ),
    ({"tensor_parallel_size": 2}, "enable_eplb", True, "enable_expert_parallel"),
    ({"enable_expert_parallel": True}, "enable_eplb", True, "tensor_parallel_size=1 x prefill"),
    (
        {"tensor_parallel_size": 2, "enable_expert_parallel": True},
        "enable_eplb",
        True,
        "CUDA or ROCm",
    ),
    ({}, "eplb_config", EPLBConfig(num_redundant_experts=1), "num_redundant_experts=1"),
    ({"distributed_executor_backend": "ray"}, "nnodes", 2, "mp, uni, external_launcher.*'ray'"),
    ({"distributed_executor_backend": "my.Executor"}, "nnodes", 2, "my.Executor"),
    ({"nnodes": 2}, "node_rank", 2, "node_rank=2 must be less than nnodes=2"),
    (
        {"tensor_parallel_size": 4},
        "nnodes",
        3,
        r"nnodes=3 cannot share 4 ranks equally .*tensor_parallel_size=4.* change it or one of the",
    ),
    ({"pipeline_parallel_size": 2, "nnodes": 2}, "pipeline_parallel_size", 3, "share 3 ranks"),
    (
        {"data_parallel_size": 2, "data_parallel_size_local": 2, "tensor_parallel_size": 3},
        "nnodes",
        2,
        r"nnodes=2 gives each of data_parallel_size=2 replicas.* 2 nodes.* its 3 ranks",
    ),
    ({}, "ray_workers_use_nsight", True, "'ray', which is 'uni'"),
    ({}, "_api_process_rank", 1, "_api_process_count=1"),
    ({"_api_process_count": 2}, "enable_fault_tolerance", True, "_api_process_count=2"),
    ({"pipeline_parallel_size": 2}, "enable_elastic_ep", True, "pipeline_parallel_size=2"),
    ({"data_parallel_hybrid_lb": True}, "enable_elastic_ep", True, "data_parallel_hybrid_lb"),
    (
        {"enable_elastic_ep": True, "data_parallel_size": 2, "elastic_ep_max_dp_size": 4},
        "elastic_ep_max_dp_size",
        1,
        "elastic_ep_max_dp_size=1 must be at least data_parallel_size=2",
    ),
    ({"enable_dbo": True}, "dbo_decode_token_threshold", 1, "must be at least 2"),
    ({"ubatch_size": 4}, "dbo_prefill_token_threshold", 3, "must be at least 4"),
    ({}, "numa_bind_nodes", [0], "needs numa_bind=True"),
    ({"numa_bind": True}, "numa_bind_cpus", [], "an entry for each worker"),
    (
        {"cp_kv_cache_interleave_size": 2},
        "dcp_kv_cache_interleave_size",
        4,
        "cp_kv_cache_interleave_size=2",
    ),
]


@pytest.mark.parametrize(("fine", "name", "value", "words"), BROKEN)
def test_a_broken_rule_is_refused_and_changes_nothing(
    fine: dict[str, Any], name: str, value: Any, words: str
) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        ParallelConfig(**{**fine, name: value})
    assert all(error["loc"] for error in caught.value.errors())
    config = ParallelConfig(**fine)
    before = copy.deepcopy(config)
    with pytest.raises(ValueError, match=words):
        setattr(config, name, value)
    assert config == before
    assert config.compute_hash() == before.compute_hash()


def test_load_balancing_where_there_are_accelerators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "accelerator_count", lambda: 2)
    config = ParallelConfig(**EXPERTS, eplb_config=EPLBConfig(num_redundant_experts=3))
    config.eplb_config.num_redundant_experts = 4
    with pytest.raises(ValidationError, match="num_redundant_experts=4"):
        config.enable_eplb = False
    assert config.enable_eplb
    config.eplb_config.num_redundant_experts = 0
    config.enable_eplb = False


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs one CUDA device")
def test_load_balancing_on_a_real_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert platform.accelerator_count() >= 1
    assert ParallelConfig(**EXPERTS, distributed_executor_backend="mp").enable_eplb


def test_the_optimised_all_reduce_is_off_where_it_does_not_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = ParallelConfig(tensor_parallel_size=2)
    assert not config.disable_custom_all_reduce
    config.nnodes = 2
    assert config.disable_custom_all_reduce
    assert ParallelConfig(nnodes=2).disable_custom_all_reduce
    monkeypatch.setenv("VLLM_BATCH_INVARIANT", "1")
    assert ParallelConfig().disable_custom_all_reduce


# The choice of an executor


class RayExecutor:
    uses_ray = True


@pytest.mark.parametrize(
    ("fields", "backend", "ray"),
    [
        ({}, "uni", False),
        ({"data_parallel_size": 2}, "uni", False),
        ({"tensor_parallel_size": 2}, "mp", False),
        ({"pipeline_parallel_size": 2, "nnodes": 2}, "mp", False),
        ({"tensor_parallel_size": 2, "data_parallel_backend": "ray"}, "ray", True),
        ({"tensor_parallel_size": 2, "placement_group": object()}, "ray", True),
        ({"distributed_executor_backend": "ray"}, "ray", True),
        ({"distributed_executor_backend": RayExecutor}, RayExecutor, True),
        ({"distributed_executor_backend": "my.Executor"}, "my.Executor", False),
        ({"tensor_parallel_size": 2, "distributed_executor_backend": "uni"}, "uni", False),
    ],
)
def test_the_executor(fields: dict[str, Any], backend: object, ray: bool) -> None:
    config = ParallelConfig(**fields)
    assert config.distributed_executor_backend == backend
    assert config.use_ray is ray


@pytest.mark.parametrize(
    ("initialized", "group", "backend"),
    [(True, object(), "ray"), (True, None, "mp"), (False, object(), "mp")],
)
def test_inside_a_placement_group(
    monkeypatch: pytest.MonkeyPatch, initialized: bool, group: object, backend: str
) -> None:
    """With a stand-in for Ray, which is not among what the tests need."""
    ray = types.ModuleType("ray")
    ray.is_initialized = lambda: initialized  # type: ignore[attr-defined]
    ray.util = types.SimpleNamespace(  # type: ignore[attr-defined]
        get_current_placement_group=lambda: group
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert ParallelConfig(tensor_parallel_size=2).distributed_executor_backend == backend


def test_more_ranks_than_accelerators_must_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "accelerator_count", lambda: 2)
    config = ParallelConfig(tensor_parallel_size=2)
    with pytest.raises(ValidationError, match=r"world_size=4 .* 2 accelerators .* nnodes"):
        config.pipeline_parallel_size = 2
    assert config.pipeline_parallel_size == 1
    assert ParallelConfig(tensor_parallel_size=4, nnodes=2).distributed_executor_backend == "mp"
    ParallelConfig(tensor_parallel_size=4, distributed_executor_backend="mp")


# The environment


def test_data_parallel_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_DP_RANK", "1")
    assert ParallelConfig().data_parallel_rank == 0  # nothing without VLLM_DP_SIZE
    monkeypatch.setenv("VLLM_DP_SIZE", "4")
    config = ParallelConfig()
    assert (config.data_parallel_size, config.data_parallel_rank) == (4, 1)
    assert (config.data_parallel_rank_local, config.data_parallel_index) == (1, 1)
    monkeypatch.setenv("VLLM_DP_RANK_LOCAL", "0")
    monkeypatch.setenv("VLLM_DP_MASTER_IP", "10.1.2.3")
    monkeypatch.setenv("VLLM_DP_MASTER_PORT", "4000")
    config = ParallelConfig()
    assert (config.data_parallel_rank_local, config.data_parallel_master_ip) == (0, "10.1.2.3")
    assert [config.get_next_dp_init_port() for _ in range(2)] == [4000, 4001]
    given = ParallelConfig(data_parallel_size=2)
    assert (given.data_parallel_size, given.data_parallel_rank) == (2, 0)
    assert ParallelConfig(data_parallel_size_local=0).data_parallel_size == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"VLLM_DP_SIZE": "two"}, "VLLM_DP_SIZE='two' must be an integer"),
        ({"VLLM_DP_SIZE": "0"}, "VLLM_DP_SIZE='0' must be at least 1"),
        ({"VLLM_DP_SIZE": "2", "VLLM_DP_RANK": "-1"}, "VLLM_DP_RANK='-1' must be at least 0"),
        ({"VLLM_DP_SIZE": "2", "VLLM_DP_RANK": "2"}, "data_parallel_rank=2"),
        ({"VLLM_DP_SIZE": "2", "VLLM_DP_MASTER_PORT": "x"}, "VLLM_DP_MASTER_PORT='x'"),
        ({"VLLM_ALL2ALL_BACKEND": "x"}, "VLLM_ALL2ALL_BACKEND='x'"),
    ],
)
def test_settings_that_make_no_sense_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=words):
        ParallelConfig()


def test_replicas_of_a_dense_model_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_DP_SIZE", "2")
    ParallelConfig(is_moe_model=True)
    with pytest.raises(ValidationError, match="dense model"):
        ParallelConfig(is_moe_model=False)


def test_the_older_setting_of_the_all_to_all_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_ALL2ALL_BACKEND", "naive")
    assert ParallelConfig().all2all_backend == "naive"
    assert ParallelConfig(all2all_backend="pplx").all2all_backend == "pplx"
