"""ParallelConfig and EPLBConfig: fields, ranges, what follows, refusal on assignment, copies."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import pickle
import socket
import subprocess
import sys
import typing
from typing import Any

import pytest
from pydantic import ValidationError

import vllm_distributed as vd
from vllm_distributed.config import (
    EPLBConfig,
    FaultToleranceConfig,
    ParallelConfig,
    hashing,
    platform,
)
from vllm_distributed.config.data_parallel.ports import ReservedPorts
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

PARALLEL_DEFAULTS: dict[str, Any] = {
    "pipeline_parallel_size": 1,
    "tensor_parallel_size": 1,
    "prefill_context_parallel_size": 1,
    "data_parallel_size": 1,
    "data_parallel_size_local": 1,
    "data_parallel_rank": 0,
    "data_parallel_rank_local": None,
    "data_parallel_master_ip": "127.0.0.1",
    "data_parallel_rpc_port": 29550,
    "data_parallel_master_port": 29500,
    "data_parallel_backend": "mp",
    "data_parallel_external_lb": False,
    "data_parallel_hybrid_lb": False,
    "is_moe_model": None,
    "enable_expert_parallel": False,
    "enable_ep_weight_filter": False,
    "enable_eplb": False,
    "eplb_config": EPLBConfig(),
    "enable_elastic_ep": False,
    "expert_placement_strategy": "linear",
    "all2all_backend": "allgather_reducescatter",
    "max_parallel_loading_workers": None,
    "disable_custom_all_reduce": False,
    "enable_dbo": False,
    "ubatch_size": 0,
    "dbo_decode_token_threshold": 32,
    "dbo_prefill_token_threshold": 512,
    "disable_nccl_for_dp_synchronization": None,
    "ray_workers_use_nsight": False,
    "ray_runtime_env": None,
    "placement_group": None,
    "distributed_executor_backend": "uni",  # None, and then chosen
    "worker_cls": "auto",
    "sd_worker_cls": "auto",
    "worker_extension_cls": "",
    "master_addr": "127.0.0.1",
    "master_port": 29501,
    "node_rank": 0,
    "nnodes": 1,
    "numa_bind": False,
    "numa_bind_nodes": None,
    "numa_bind_cpus": None,
    "distributed_timeout_seconds": None,
    "cpu_distributed_timeout_seconds": None,
    "world_size": 1,
    "rank": 0,
    "_data_parallel_master_port_list": [],
    "_coord_store_port": 0,
    "decode_context_parallel_size": 1,
    "dcp_comm_backend": None,
    "dcp_kv_cache_interleave_size": 1,
    "cp_kv_cache_interleave_size": 1,
    "data_parallel_index": 0,
    "_api_process_count": 1,
    "_api_process_rank": 0,
    "dp_sync_interval": 16,
    "enable_hc_sp": False,
    "enable_batch_sharded_sampling": None,
    "enable_shm_tensor_arena": False,
    "elastic_ep_max_dp_size": 1,  # None, and then the data parallel size
    "assigned_physical_gpu_ids": None,
    "dcp_q_replicate": None,
    "_allow_auto_resolve_cp_interleave_size": True,
    "enable_fault_tolerance": False,
    "fault_tolerance_config": FaultToleranceConfig(),
}
EPLB_DEFAULTS: dict[str, Any] = {
    "window_size": 1000,
    "step_interval": 3000,
    "num_redundant_experts": 0,
    "log_balancedness": False,
    "log_balancedness_interval": 1,
    "use_async": True,
    "policy": "default",
    "communicator": None,
    "enable_migration_batching": False,
}
# field: a value just inside its range, and values outside
RANGES: dict[str, tuple[Any, list[Any]]] = {
    **dict.fromkeys(
        (
            "pipeline_parallel_size",
            "tensor_parallel_size",
            "prefill_context_parallel_size",
            "data_parallel_size",
            "decode_context_parallel_size",
            "nnodes",
            "max_parallel_loading_workers",
            "cp_kv_cache_interleave_size",
            "dcp_kv_cache_interleave_size",
            "distributed_timeout_seconds",
            "cpu_distributed_timeout_seconds",
            "_api_process_count",
            "dp_sync_interval",
            "elastic_ep_max_dp_size",
        ),
        (1, [0, -1, "many", 1.5, True]),
    ),
    **dict.fromkeys(
        (
            "data_parallel_size_local",
            "data_parallel_rank",
            "data_parallel_rank_local",
            "dbo_decode_token_threshold",
            "dbo_prefill_token_threshold",
            "ubatch_size",
            "node_rank",
            "rank",
        ),
        (0, [-1, "none", False]),
    ),
    **dict.fromkeys(
        (
            "data_parallel_rpc_port",
            "data_parallel_master_port",
            "master_port",
            "_coord_store_port",
        ),
        (65535, [-1, 65536, "http"]),
    ),
    "_api_process_rank": (-1, [-2]),
    "assigned_physical_gpu_ids": ([2, 3], [[-1], "0", [0.5]]),
    "fault_tolerance_config": (
        {"engine_recovery_timeout_sec": 0},
        [{"engine_recovery_timeout_sec": -1}, {"bogus": 1}, 3],
    ),
    "dcp_q_replicate": (True, ["perhaps", 3]),
    "numa_bind_nodes": ([0, 0, 1], [[-1], "0", [0.5]]),
    "numa_bind_cpus": (["0-3", "0,2,4-7"], [["0-"], ["all of them"], "0-3"]),
    "expert_placement_strategy": ("round_robin", ["random", 1, None]),
    "all2all_backend": ("pplx", ["smoke_signals", None]),
    "data_parallel_backend": ("ray", ["uni"]),
    "dcp_comm_backend": ("a2a", ["a2b"]),
    "distributed_executor_backend": ("my.Executor", ["bogus", "a b.c", 3]),
    "eplb_config": ({"window_size": 7}, [{"window_size": 0}, {"bogus": 1}, 3]),
    "worker_cls": ("my.Worker", [None, 3]),
    "enable_dbo": (True, ["perhaps", None, 3]),
    "is_moe_model": (None, ["perhaps"]),
}
EPLB_RANGES: dict[str, tuple[Any, list[Any]]] = {
    "window_size": (1, [0, -5, True]),
    "step_interval": (1, [0]),
    "num_redundant_experts": (0, [-1]),
    "log_balancedness_interval": (1, [0]),
    "policy": ("default", ["clever"]),
    "communicator": ("nixl", ["pigeon"]),
    "use_async": (False, ["perhaps"]),
}
OUTSIDE = [(ParallelConfig, name, bad) for name, (_, all_) in RANGES.items() for bad in all_] + [
    (EPLBConfig, name, bad) for name, (_, all_) in EPLB_RANGES.items() for bad in all_
]


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No accelerators and no settings, whatever the machine of the test has."""
    monkeypatch.setattr(platform, "accelerator_count", lambda: 0)
    for variable in list(os.environ):
        if variable.startswith("VLLM_") or variable == "RANK":
            monkeypatch.delenv(variable)


def test_every_field_and_its_default() -> None:
    for config, defaults in ((ParallelConfig(), PARALLEL_DEFAULTS), (EPLBConfig(), EPLB_DEFAULTS)):
        fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
        assert fields == defaults


@pytest.mark.parametrize(("cls", "name", "bad"), OUTSIDE)
def test_a_value_outside_its_range_is_refused_by_name(cls: type, name: str, bad: Any) -> None:
    with pytest.raises(ValidationError, match=name) as caught:
        cls(**{name: bad})
    assert any(error["loc"][0] == name for error in caught.value.errors())
    config = cls()
    before = copy.deepcopy(config)
    with pytest.raises(ValueError, match=name):
        setattr(config, name, bad)
    assert config == before


@pytest.mark.parametrize("name", [*RANGES, *(f"eplb {name}" for name in EPLB_RANGES)])
def test_a_value_at_the_edge_of_its_range_is_taken(name: str) -> None:
    cls, field = (EPLBConfig, name[5:]) if name.startswith("eplb ") else (ParallelConfig, name)
    value = {**RANGES, **EPLB_RANGES}[field][0]
    made = {"eplb_config": EPLBConfig, "fault_tolerance_config": FaultToleranceConfig}
    expected = made[field](**value) if field in made else value
    before = {"numa_bind": True} if field.startswith("numa_bind_") else {}
    before |= {"enable_elastic_ep": True} if field.startswith("elastic_ep_") else {}
    config = cls(**before, **{field: value})
    assert getattr(config, field) == expected
    config = cls(**before)
    setattr(config, field, value)
    assert getattr(config, field) == expected


@pytest.mark.parametrize("cls", [ParallelConfig, EPLBConfig])
def test_unknown_fields_are_refused(cls: type) -> None:
    with pytest.raises(ValidationError, match="bogus"):
        cls(bogus=1)
    config = cls()
    with pytest.raises(ValidationError, match="bogus"):
        config.bogus = 1  # type: ignore[attr-defined]
    assert not hasattr(config, "bogus")


def test_annotations_resolve_to_plain_types() -> None:
    hints = typing.get_type_hints(ParallelConfig)
    assert hints["tensor_parallel_size"] is int
    assert hints["all2all_backend"] is str
    assert hints["numa_bind_cpus"] == list[str] | None
    assert set(PARALLEL_DEFAULTS) <= set(hints)


def test_sizes_that_follow() -> None:
    config = ParallelConfig(
        tensor_parallel_size=2,
        pipeline_parallel_size=3,
        prefill_context_parallel_size=5,
        data_parallel_size=7,
        data_parallel_rank=6,
    )
    assert (config.world_size, config.world_size_across_dp) == (30, 210)
    assert config.data_parallel_index == 6
    config.data_parallel_rank = 2
    assert config.data_parallel_index == 6
    config.tensor_parallel_size = 1
    assert (config.world_size, config.world_size_across_dp) == (15, 105)
    with pytest.raises(ValidationError, match="world_size=4 cannot be assigned"):
        config.world_size = 4
    config.world_size = 15


def test_an_external_launcher_counts_all_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {
        "tensor_parallel_size": 2,
        "data_parallel_size": 3,
        "distributed_executor_backend": "external_launcher",
    }
    with pytest.raises(ValueError, match="RANK, which is not set"):
        ParallelConfig(**asked)
    monkeypatch.setenv("RANK", "5")
    config = ParallelConfig(**asked)
    assert (config.world_size, config.world_size_across_dp, config.data_parallel_rank) == (6, 6, 2)
    monkeypatch.setenv("RANK", "6")
    with pytest.raises(ValueError, match="RANK=6 is not in a world of 6"):
        ParallelConfig(**asked)


@pytest.mark.parametrize(
    ("fields", "node_rank_within", "nodes_within", "local_world_size"),
    [
        ({"nnodes": 1}, 0, 1, 4),
        ({"nnodes": 2, "node_rank": 1}, 1, 2, 2),
        ({"nnodes": 4, "node_rank": 3, "data_parallel_size": 2}, 1, 2, 2),
        (
            {"nnodes": 2, "node_rank": 1, "data_parallel_size": 4, "data_parallel_size_local": 2},
            0,
            1,
            4,
        ),
    ],
)
def test_nodes_within_a_replica(
    fields: dict[str, int], node_rank_within: int, nodes_within: int, local_world_size: int
) -> None:
    config = ParallelConfig(tensor_parallel_size=4, **fields)
    assert config.node_rank_within_dp == node_rank_within
    assert config.nnodes_within_dp == nodes_within
    assert config.local_world_size == local_world_size


@pytest.mark.parametrize(("size", "local"), [(2, 0), (4, 1)])
def test_nodes_that_replicas_cannot_share(size: int, local: int) -> None:
    config = ParallelConfig(nnodes=2, data_parallel_size=size, data_parallel_size_local=local)
    with pytest.raises(InvalidArgumentError, match=f"data_parallel_size_local={local} "):
        config.nnodes_within_dp  # noqa: B018
    with vd.set_current_parallel_config(config), pytest.raises(ValueError, match="nnodes=2"):
        vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:1", 0, "gloo")


def test_micro_batches_and_engines() -> None:
    assert not ParallelConfig(ubatch_size=1).use_ubatching
    assert ParallelConfig(ubatch_size=3).use_ubatching
    assert ParallelConfig(ubatch_size=3).num_ubatches == 3
    assert ParallelConfig(enable_dbo=True, ubatch_size=3).num_ubatches == 2
    assert not ParallelConfig().local_engines_only
    assert ParallelConfig(data_parallel_hybrid_lb=True).local_engines_only
    assert ParallelConfig(data_parallel_size=2, data_parallel_external_lb=True).local_engines_only


@pytest.mark.parametrize("change", ["backend", "experts", "tensor", "data"])
def test_sequence_parallel_moe(change: str) -> None:
    config = ParallelConfig(
        tensor_parallel_size=2, data_parallel_size=2, enable_expert_parallel=True
    )
    assert config.use_sequence_parallel_moe
    name, value = {
        "backend": ("all2all_backend", "pplx"),
        "experts": ("enable_expert_parallel", False),
        "tensor": ("tensor_parallel_size", 1),
        "data": ("data_parallel_size", 1),
    }[change]
    setattr(config, name, value)
    assert not config.use_sequence_parallel_moe


def test_blocks_of_the_cache_hold_whole_runs() -> None:
    config = ParallelConfig(cp_kv_cache_interleave_size=4)
    config.check_kv_cache_block_size(16)
    for block_size in (2, 6, 0):
        with pytest.raises(InvalidArgumentError, match=f"block_size={block_size} "):
            config.check_kv_cache_block_size(block_size)
    assert ParallelConfig(dcp_kv_cache_interleave_size=8).cp_kv_cache_interleave_size == 8


def test_what_moves_expert_weights() -> None:
    assert EPLBConfig().communicator_in_use == "torch_gloo"
    assert EPLBConfig(use_async=False).communicator_in_use == "torch_nccl"
    for name in ("pynccl", "torch_nccl"):
        assert EPLBConfig(communicator=name, use_async=False).communicator_in_use == name
        with pytest.raises(ValidationError, match=f"'{name}' cannot move experts while the model"):
            EPLBConfig(communicator=name)
        config = EPLBConfig(communicator=name, use_async=False)
        with pytest.raises(ValidationError, match="set use_async=False"):
            config.use_async = True
        assert config.use_async is False


def test_experts_move_in_rounds_only_beside_the_model() -> None:
    assert EPLBConfig(enable_migration_batching=True).migration_batching_enabled
    assert not EPLBConfig().migration_batching_enabled
    config = EPLBConfig(enable_migration_batching=True, use_async=False)
    assert not config.migration_batching_enabled


# Hash


def test_the_hash_is_the_same_in_another_process() -> None:
    script = (
        "from vllm_distributed import ParallelConfig;"
        "print(ParallelConfig(tensor_parallel_size=2, is_moe_model=True).compute_hash())"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    here = ParallelConfig(tensor_parallel_size=2, is_moe_model=True).compute_hash()
    assert finished.stdout.strip() == here


def test_the_hash_changes_with_the_graph_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "accelerator_count", lambda: 8)
    others: dict[str, Any] = {
        **{
            name: 2
            for name, value in PARALLEL_DEFAULTS.items()
            if type(value) is int or name.endswith(("_seconds", "_local", "_workers"))
        },
        **{name: True for name, value in PARALLEL_DEFAULTS.items() if value is False},
        "data_parallel_rank": 1,
        "node_rank": 1,
        "_api_process_rank": -1,
        "is_moe_model": True,
        "assigned_physical_gpu_ids": [0],
        "dcp_q_replicate": True,
        "enable_batch_sharded_sampling": True,
        "fault_tolerance_config": FaultToleranceConfig(7),
        "_allow_auto_resolve_cp_interleave_size": False,
        "disable_nccl_for_dp_synchronization": True,
        "expert_placement_strategy": "round_robin",
        "all2all_backend": "pplx",
        "dcp_comm_backend": "a2a",
        "eplb_config": EPLBConfig(num_redundant_experts=1),
        "data_parallel_master_ip": "10.0.0.1",
        "master_addr": "10.0.0.1",
        "data_parallel_backend": "ray",
        "distributed_executor_backend": "ray",
        "worker_cls": "x",
        "sd_worker_cls": "x",
        "worker_extension_cls": "x",
        "numa_bind_nodes": [0],
        "numa_bind_cpus": ["0"],
        "ray_runtime_env": object(),
        "placement_group": object(),
        "_data_parallel_master_port_list": [5],
    }
    assert set(others) == set(PARALLEL_DEFAULTS)
    # A configuration in which every single change is allowed.
    base = {
        "tensor_parallel_size": 4,
        "data_parallel_size": 4,
        "enable_expert_parallel": True,
        "enable_eplb": True,
        "distributed_executor_backend": "mp",
        "_api_process_count": 2,
    }
    needs: dict[str, dict[str, Any]] = {
        "node_rank": {"nnodes": 2},
        "ray_workers_use_nsight": {"distributed_executor_backend": "ray"},
        "dcp_kv_cache_interleave_size": {"cp_kv_cache_interleave_size": 2},
        "enable_fault_tolerance": {"_api_process_count": 1},
        "numa_bind_nodes": {"numa_bind": True},
        "numa_bind_cpus": {"numa_bind": True},
    }
    expected = ParallelConfig(**base).compute_hash()
    turned_off: dict[str, dict[str, Any]] = {
        "enable_eplb": {},
        "enable_expert_parallel": {"enable_eplb": False},
    }
    for name, value in others.items():
        if name in ("world_size", "data_parallel_index"):
            continue
        changed = {**base, **needs.get(name, {}), **turned_off.get(name, {})}
        changed[name] = False if name in turned_off else value
        changes = ParallelConfig(**changed).compute_hash() != expected
        assert changes == (name in hashing.GRAPH_FIELDS), name


# Assignment through the nested configuration, and copies


def copies(config: ParallelConfig) -> list[ParallelConfig]:
    return [
        config,
        copy.copy(config),
        copy.deepcopy(config),
        pickle.loads(pickle.dumps(config)),  # noqa: S301 - our own bytes
    ]


def test_the_rules_hold_for_what_is_nested_in_a_configuration_and_its_copies() -> None:
    for config in copies(ParallelConfig(tensor_parallel_size=2, eplb_config={"window_size": 5})):
        assert config == ParallelConfig(
            tensor_parallel_size=2, eplb_config=EPLBConfig(window_size=5)
        )
        with pytest.raises(ValidationError, match="num_redundant_experts=2 needs enable_eplb"):
            config.eplb_config.num_redundant_experts = 2
        assert config.eplb_config.num_redundant_experts == 0
        released = config.eplb_config
        config.eplb_config = EPLBConfig()
        del config
        released = copy.copy(released)
        released.num_redundant_experts = 2
    with pytest.raises(ValidationError, match="tensor_parallel_size"):
        pickle.loads(pickle.dumps(ParallelConfig())).tensor_parallel_size = 0  # noqa: S301


def test_a_backend_that_was_chosen_follows_and_one_that_was_given_stays() -> None:
    for config in copies(ParallelConfig()):
        assert config.distributed_executor_backend == "uni"
        config.tensor_parallel_size = 2
        assert config.distributed_executor_backend == "mp"
        config.distributed_executor_backend = "external_launcher"
        config.tensor_parallel_size = 1
        assert config.distributed_executor_backend == "external_launcher"
        config.distributed_executor_backend = None
        assert config.distributed_executor_backend == "uni"


# Ports


def test_ports_are_taken_in_order_and_once() -> None:
    config = ParallelConfig(data_parallel_size=2, _data_parallel_master_port_list=[13, 12, 11])
    assert config.data_parallel_master_port == 11
    assert [config.get_next_dp_init_port() for _ in range(4)] == [12, 13, 11, 12]
    for named in copies(ParallelConfig(data_parallel_size=2, data_parallel_master_port=40)):
        assert [named.get_next_dp_init_port() for _ in range(3)] == [40, 41, 42]
    last = ParallelConfig(data_parallel_master_port=65535)
    assert last.get_next_dp_init_port() == 65535
    with pytest.raises(InvalidArgumentError, match="65535"):
        last.get_next_dp_init_port()


def test_ports_that_nobody_named_are_held_and_can_be_listened_on() -> None:
    config = ParallelConfig(data_parallel_size=2)
    copied = pickle.loads(pickle.dumps(config))  # noqa: S301 - our own bytes
    ports = [copied.get_next_dp_init_port() for _ in range(5)]
    assert len(set(ports)) == 5
    assert config.data_parallel_master_port == ports[4]
    for port in ports:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen(1)
    del config
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[0]))


def test_no_ports_of_another_machine_are_made_up() -> None:
    assert ReservedPorts("192.0.2.1", 3).ports == []  # an address of the documentation's
    config = ParallelConfig(data_parallel_size=2, data_parallel_master_ip="192.0.2.1")
    assert config.get_next_dp_init_port() == 29500


# The current configuration


def test_the_current_configuration() -> None:
    first, second = ParallelConfig(), ParallelConfig(tensor_parallel_size=2)
    assert vd.get_current_parallel_config_or_none() is None
    with vd.set_current_parallel_config(first) as given:
        assert given is first
        with contextlib.suppress(KeyError), vd.set_current_parallel_config(second):
            assert vd.get_current_parallel_config_or_none() is second
            raise KeyError
        assert vd.get_current_parallel_config_or_none() is first
        with vd.set_current_parallel_config(None):
            assert vd.get_current_parallel_config_or_none() is None
    assert vd.get_current_parallel_config_or_none() is None
    with (
        pytest.raises(InvalidTypeError, match="dict"),
        vd.set_current_parallel_config({"tensor_parallel_size": 2}),  # type: ignore[arg-type]
    ):
        pass
    assert vd.get_current_parallel_config_or_none() is None


def test_importing_the_package_does_not_import_pydantic() -> None:
    script = (
        "import sys, vllm_distributed as vd;"
        "assert 'pydantic' not in sys.modules;"
        "assert vd.ParallelConfig is vd.config.ParallelConfig;"
        "assert 'pydantic' in sys.modules;"
        "print('ok')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.stdout.strip() == "ok", finished.stderr
    with pytest.raises(AttributeError, match="no_such_name"):
        vd.config.no_such_name  # noqa: B018
