"""The rules between fields of a ParallelConfig, each a function from it to what it breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vllm_distributed.config import platform
from vllm_distributed.config.fields import ParallelFields
from vllm_distributed.config.kinds import DistributedExecutorBackend, choices_of
from vllm_distributed.config.settings import Breach

__all__ = ["MULTI_NODE_BACKENDS", "breaches"]

MULTI_NODE_BACKENDS = ("mp", "uni", "external_launcher")

_IMPORT_PATH = re.compile(r"[^\W\d]\w*([.:][^\W\d]\w*)+")


def breaches(config: ParallelFields) -> Iterator[Breach]:
    """Return every rule that the configuration breaks, the fields having values of their kind."""
    for rule in RULES:
        yield from rule(config)


def _sizes(config: ParallelFields) -> Iterator[Breach]:
    tensor, decode = config.tensor_parallel_size, config.decode_context_parallel_size
    if tensor % decode != 0:
        yield Breach(
            "decode_context_parallel_size",
            decode,
            f"decode_context_parallel_size={decode} must divide tensor_parallel_size={tensor}, "
            f"whose groups it splits",
        )
    old, new = config.dcp_kv_cache_interleave_size, config.cp_kv_cache_interleave_size
    if old not in (1, new):
        yield Breach(
            "dcp_kv_cache_interleave_size",
            old,
            f"dcp_kv_cache_interleave_size={old} is the older name of "
            f"cp_kv_cache_interleave_size={new}, and must equal it or be left out",
        )


def _data_parallel(config: ParallelFields) -> Iterator[Breach]:
    size, local, rank = (
        config.data_parallel_size,
        config.data_parallel_size_local,
        config.data_parallel_rank,
    )
    if local > size:
        yield Breach(
            "data_parallel_size_local",
            local,
            f"data_parallel_size_local={local} must be at most data_parallel_size={size}",
        )
    if rank >= size:
        yield Breach(
            "data_parallel_rank",
            rank,
            f"data_parallel_rank={rank} must be less than data_parallel_size={size}",
        )
    if config.data_parallel_external_lb and size <= 1:
        yield Breach(
            "data_parallel_external_lb",
            True,
            f"data_parallel_external_lb needs data_parallel_size > 1, which is {size}",
        )


def _experts(config: ParallelFields) -> Iterator[Breach]:
    if not config.enable_eplb:
        redundant = config.eplb_config.num_redundant_experts
        if redundant != 0:
            yield Breach(
                "eplb_config",
                config.eplb_config,
                f"eplb_config.num_redundant_experts={redundant} needs enable_eplb=True: set it, or "
                f"num_redundant_experts=0",
            )
        return
    if not config.enable_expert_parallel:
        yield Breach("enable_eplb", True, "enable_eplb needs enable_expert_parallel=True")
    tensor, data = config.tensor_parallel_size, config.data_parallel_size
    prefill = config.prefill_context_parallel_size
    if tensor * prefill * data <= 1:
        yield Breach(
            "enable_eplb",
            True,
            f"enable_eplb needs experts on several ranks: tensor_parallel_size={tensor} x "
            f"prefill_context_parallel_size={prefill} x data_parallel_size={data} must be more "
            f"than 1",
        )
    if platform.accelerator_count() == 0:
        yield Breach(
            "enable_eplb", True, "enable_eplb needs a CUDA or ROCm device, and there is none here"
        )


def _elastic(config: ParallelFields) -> Iterator[Breach]:
    most, size = config.elastic_ep_max_dp_size, config.data_parallel_size
    if most is not None and most < size:
        yield Breach(
            "elastic_ep_max_dp_size",
            most,
            f"elastic_ep_max_dp_size={most} must be at least data_parallel_size={size}",
        )
    if not config.enable_elastic_ep:
        return
    stages = config.pipeline_parallel_size
    if stages > 1:
        yield Breach(
            "enable_elastic_ep",
            True,
            f"enable_elastic_ep does not go with pipeline_parallel_size={stages}: it must be 1",
        )
    if config.data_parallel_hybrid_lb:
        yield Breach(
            "enable_elastic_ep",
            True,
            "enable_elastic_ep does not go with data_parallel_hybrid_lb: have one server share "
            "requests out, or set data_parallel_external_lb",
        )


def _ubatches(config: ParallelFields) -> Iterator[Breach]:
    count = config.num_ubatches
    for name in ("dbo_decode_token_threshold", "dbo_prefill_token_threshold"):
        least = getattr(config, name)
        if config.use_ubatching and least < count:
            yield Breach(
                name,
                least,
                f"{name}={least} must be at least {count}, the number of micro-batches: a batch "
                f"with fewer tokens cannot be split",
            )


def _memory_nodes(config: ParallelFields) -> Iterator[Breach]:
    for name in ("numa_bind_nodes", "numa_bind_cpus"):
        value = getattr(config, name)
        if value is not None and not config.numa_bind:
            yield Breach(name, value, f"{name}={value} needs numa_bind=True")
        elif value == []:
            yield Breach(name, value, f"{name} must have an entry for each worker, or be None")


def _executor(config: ParallelFields) -> Iterator[Breach]:
    backend = config.distributed_executor_backend
    known = choices_of(DistributedExecutorBackend)
    if not (
        backend is None
        or isinstance(backend, type)
        or (isinstance(backend, str) and (backend in known or _IMPORT_PATH.fullmatch(backend)))
    ):
        yield Breach(
            "distributed_executor_backend",
            backend,
            f"distributed_executor_backend={backend!r} must be one of {', '.join(known)}, or an "
            f"executor class, or the import path of one",
        )
    if config.ray_workers_use_nsight and not config.use_ray:
        yield Breach(
            "ray_workers_use_nsight",
            True,
            f"ray_workers_use_nsight needs distributed_executor_backend='ray', which is "
            f"{backend!r}",
        )


def _nodes(config: ParallelFields) -> Iterator[Breach]:
    nodes, node_rank = config.nnodes, config.node_rank
    if node_rank >= nodes:
        yield Breach(
            "node_rank", node_rank, f"node_rank={node_rank} must be less than nnodes={nodes}"
        )
    if nodes == 1:
        return
    backend = config.distributed_executor_backend
    if backend not in MULTI_NODE_BACKENDS:
        yield Breach(
            "nnodes",
            nodes,
            f"nnodes={nodes} needs a distributed_executor_backend of "
            f"{', '.join(MULTI_NODE_BACKENDS)}, which is {backend!r}",
        )
    yield from _shared_by_nodes(config)


def _shared_by_nodes(config: ParallelFields) -> Iterator[Breach]:
    """One rank alone (`uni`) is not laid out over nodes, however many there are."""
    nodes, replicas = config.nnodes, config.data_parallel_size
    ranks = config.world_size_across_dp
    sizes = (
        f"pipeline_parallel_size={config.pipeline_parallel_size} x "
        f"tensor_parallel_size={config.tensor_parallel_size} x "
        f"prefill_context_parallel_size={config.prefill_context_parallel_size}"
    )
    if ranks > 1 and ranks % nodes != 0:
        yield Breach(
            "nnodes",
            nodes,
            f"nnodes={nodes} cannot share {ranks} ranks equally ({sizes} x "
            f"data_parallel_size={replicas}): nnodes must divide them, change it or one of the "
            f"sizes",
        )
        return
    replica = ranks // replicas
    within = config._nodes_within_replica
    if replica > 1 and within is not None and replica % within != 0:
        yield Breach(
            "nnodes",
            nodes,
            f"nnodes={nodes} gives each of data_parallel_size={replicas} replicas, "
            f"data_parallel_size_local={config.data_parallel_size_local} of them together, "
            f"{within} nodes, which cannot share its {replica} ranks equally ({sizes}): change "
            f"nnodes, or one of the sizes",
        )


def _internals(config: ParallelFields) -> Iterator[Breach]:
    rank, count = config._api_process_rank, config._api_process_count
    if rank >= count:
        yield Breach(
            "_api_process_rank",
            rank,
            f"_api_process_rank={rank} must be -1 or less than _api_process_count={count}",
        )
    if config.enable_fault_tolerance and count > 1:
        yield Breach(
            "enable_fault_tolerance",
            True,
            f"enable_fault_tolerance needs one API server process, and _api_process_count={count}",
        )


RULES = (
    _sizes,
    _data_parallel,
    _experts,
    _elastic,
    _ubatches,
    _memory_nodes,
    _executor,
    _nodes,
    _internals,
)
