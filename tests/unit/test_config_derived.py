"""What follows from the fields of a ParallelConfig, and what models and servers make of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

import vllm_distributed as vd
from vllm_distributed.config import FaultToleranceConfig, ParallelConfig
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError


def test_a_model_fills_in_what_the_user_left_open() -> None:
    config = ParallelConfig()
    assert (config.dcp_comm_backend, config.dcp_q_replicate) == (None, None)
    config.set_dcp_defaults()
    assert (config.dcp_comm_backend, config.dcp_q_replicate) == ("ag_rs", False)
    config = ParallelConfig(dcp_comm_backend="a2a")
    config.set_dcp_defaults(comm_backend="ag_rs", q_replicate=True)
    assert (config.dcp_comm_backend, config.dcp_q_replicate) == ("a2a", True)
    with pytest.raises(ValidationError, match="dcp_comm_backend"):
        ParallelConfig().set_dcp_defaults("a2b")


def test_tokens_are_exchanged_where_ranks_have_different_ones() -> None:
    assert not ParallelConfig().use_all2all
    assert ParallelConfig(data_parallel_size=2).use_all2all
    assert not ParallelConfig(prefill_context_parallel_size=2).use_all2all
    prefill = ParallelConfig(prefill_context_parallel_size=2, enable_expert_parallel=True)
    assert prefill.use_all2all


@pytest.mark.parametrize(("backend", "batched"), [("deepep_low_latency", True), ("naive", False)])
def test_experts_get_batches_of_one_size_with_some_backends(backend: str, batched: bool) -> None:
    config = ParallelConfig(data_parallel_size=2, enable_expert_parallel=True)
    config.all2all_backend = backend
    assert config.use_batched_dp_moe is batched
    config.enable_expert_parallel = False
    assert config.use_batched_dp_moe is False


def test_prefill_ranks_share_requests_out_unless_the_cache_is_cut_up() -> None:
    assert not ParallelConfig().pcp_shard_decode_requests
    sizes = {"prefill_context_parallel_size": 2, "tensor_parallel_size": 2}
    assert ParallelConfig(**sizes).pcp_shard_decode_requests
    assert not ParallelConfig(**sizes, decode_context_parallel_size=2).pcp_shard_decode_requests


def test_timeouts_are_durations() -> None:
    assert ParallelConfig().cpu_distributed_timeout is None
    config = ParallelConfig(cpu_distributed_timeout_seconds=7, distributed_timeout_seconds=9)
    assert config.cpu_distributed_timeout == timedelta(seconds=7)
    assert vd.get_cpu_distributed_timeout_or_none() is None
    assert vd.get_distributed_timeout_or_none() is None
    with vd.set_current_parallel_config(config):
        assert vd.get_cpu_distributed_timeout_or_none() == timedelta(seconds=7)
        assert vd.get_distributed_timeout_or_none() == timedelta(seconds=9)
    with vd.set_current_parallel_config(ParallelConfig()):
        assert vd.get_distributed_timeout_or_none() is None


def test_replicas_of_one_node_have_devices_one_after_the_other() -> None:
    config = ParallelConfig(
        tensor_parallel_size=2,
        data_parallel_size=4,
        data_parallel_rank=3,
        distributed_executor_backend="mp",
    )
    assert config.get_local_gpu_index(1) == 7
    assert config.get_local_gpu_index(1, 2) == 5
    config.data_parallel_rank_local = 1
    assert config.get_local_gpu_index(1) == 3
    config.distributed_executor_backend = "ray"
    assert config.get_local_gpu_index(1) == 1
    wrong: object = "0"
    with pytest.raises(InvalidTypeError, match="local_rank must be an integer"):
        config.get_local_gpu_index(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="dp_local_rank=-1"):
        config.get_local_gpu_index(0, -1)


def test_a_dense_replica_forgets_the_others() -> None:
    config = ParallelConfig(
        tensor_parallel_size=2,
        data_parallel_size=2,
        data_parallel_size_local=1,
        data_parallel_rank=1,
        nnodes=4,
        node_rank=3,
        distributed_executor_backend="mp",
    )
    config.reconfigure_for_independent_dp_rank()
    assert (config.data_parallel_size, config.data_parallel_rank) == (1, 0)
    assert (config.nnodes, config.node_rank) == (2, 1)
    assert config.world_size_across_dp == 2
    assert config.data_parallel_index == 1


def test_a_server_for_each_replica_says_it_is_alone_on_its_node() -> None:
    config = ParallelConfig(
        data_parallel_size=4,
        data_parallel_size_local=1,
        data_parallel_external_lb=True,
        nnodes=2,
        distributed_executor_backend="mp",
    )
    assert config.nnodes_within_dp == 1


def test_how_many_replicas_there_may_be() -> None:
    assert ParallelConfig(data_parallel_size=3).elastic_ep_max_dp_size == 3
    assert ParallelConfig(elastic_ep_max_dp_size=8).elastic_ep_max_dp_size == 1
    config = ParallelConfig(enable_elastic_ep=True, elastic_ep_max_dp_size=8)
    assert config.elastic_ep_max_dp_size == 8
    config.data_parallel_size = 5
    assert config.elastic_ep_max_dp_size == 8


def test_how_long_an_engine_waits_to_be_told_what_to_do() -> None:
    config = ParallelConfig(enable_fault_tolerance=True)
    assert config.fault_tolerance_config == FaultToleranceConfig()
    assert config.fault_tolerance_config.engine_recovery_timeout_sec == 120
    with pytest.raises(ValidationError, match="engine_recovery_timeout_sec"):
        FaultToleranceConfig(engine_recovery_timeout_sec=-1)
