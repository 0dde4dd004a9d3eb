"""A hash of the fields that shape the computation graph, or the order of collectives in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from vllm_distributed.config.eplb import EPLBConfig

__all__ = ["GRAPH_FIELDS", "hash_of"]

GRAPH_FIELDS: tuple[str, ...] = (
    "pipeline_parallel_size",
    "tensor_parallel_size",
    "prefill_context_parallel_size",
    "data_parallel_size",
    "is_moe_model",
    "enable_expert_parallel",
    "enable_eplb",
    "eplb_config",
    "enable_elastic_ep",
    "expert_placement_strategy",
    "all2all_backend",
    "enable_dbo",
    "ubatch_size",
    "dbo_decode_token_threshold",
    "dbo_prefill_token_threshold",
    "disable_nccl_for_dp_synchronization",
    "decode_context_parallel_size",
    "dcp_comm_backend",
    "dcp_kv_cache_interleave_size",
    "cp_kv_cache_interleave_size",
    "dcp_q_replicate",
    "dp_sync_interval",
    "enable_hc_sp",
    "enable_batch_sharded_sampling",
    "enable_fault_tolerance",
)
"""The fields that count. All others say where ranks are, how they meet, or who starts them."""


def hash_of(values: Mapping[str, object]) -> str:
    """Return the SHA-256, in hexadecimal, of the values of `GRAPH_FIELDS`.

    Made of names and plain values in a fixed order, so the same in every process and after a
    restart.
    """
    factors = [
        [name, asdict(value) if isinstance(value := values[name], EPLBConfig) else value]
        for name in GRAPH_FIELDS
    ]
    text = json.dumps(factors, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
