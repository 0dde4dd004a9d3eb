"""The groups in which the documentation of `Vllm.Distributed` lists its functions."""

from __future__ import annotations

from fnmatch import fnmatchcase

GROUPS: dict[str, str] = {
    "Stateless groups": "stateless_* init_gloo_process_group",
    "Tensor parallel": "tensor_model_parallel_* broadcast_tensor_dict",
    "Custom operators": "all_gather* all_reduce* reduce_scatter* patched_fused_* direct_register_*",
    "Experts": "expert_* get_expert_* rebalance_experts compute_logical_maps",
    "Configuration": "set_current_parallel_config get_current_parallel_config_or_none",
    "Helpers": (
        "divide ensure_divisibility get_distributed_init_method get_pp_indices get_tcp_uri "
        "init_logger is_torch_* logger resolve_* *sched_yield split_tensor_* suppress_stdout"
    ),
    "State": (
        "init_* initialize_* ensure_model_* model_parallel_* destroy_* cleanup_* get_*_group "
        "get_*_rank get_*_world_size get_*_world_size_and_rank get_node_count is_*_first_rank "
        "set_custom_all_reduce patch_* graph_capture prepare_* in_the_same_node_as"
    ),
}
"""By title: patterns of names, the first group that has one counts."""


def group_of(name: str) -> str:
    """The group of a function; a new one, that no pattern fits, is a helper."""
    for title, patterns in GROUPS.items():
        if any(fnmatchcase(name.lower(), pattern) for pattern in patterns.split()):
            return title
    return "Helpers"
