"""Names that begin with `_`, which plugins and tests take from vLLM's `parallel_state` anyway.

They read today's state: `parallel_state._TP` is the group there is when it is asked for, None where
there is none. Compatibility, and no more: new code calls the getters. Nobody writes to them; groups
are made, replaced and undone by calls.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch

from vllm_distributed.groups.active import active, require_environment
from vllm_distributed.groups.coordinator import (
    GroupCoordinator,
    find_again,
    free_name,
    living_groups,
)
from vllm_distributed.stateless.coordinator import StatelessGroupCoordinator
from vllm_distributed.transports import select
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.shm.same_node import in_the_same_node_as
from vllm_distributed.wire.object_codec import TensorMetadata

__all__ = ["ParallelStateModule"]


def _of_model(name: str) -> Callable[[], GroupCoordinator | None]:
    def read() -> GroupCoordinator | None:
        return None if active.model is None else active.model.groups.get(name)

    return read


def _tensor_parallel() -> GroupCoordinator | None:
    return active.tensor_parallel_patch or _of_model("tp")()


def _engram_tensor_parallel() -> GroupCoordinator | None:
    return _of_model("etp")() or _of_model("tp")()


def _numbers() -> dict[str, int]:
    """The number that the next group of each kind gets."""
    kinds = {group.unique_name.rpartition(":")[0] for group in living_groups()}
    return {kind: int(free_name(kind).rpartition(":")[2]) for kind in kinds}


_STATE: Mapping[str, Callable[[], object]] = {
    "_WORLD": lambda: active.world,
    "_INNER_DP_WORLD": lambda: active.inner_dp_world,
    "_NODE_COUNT": lambda: None if active.environment is None else active.environment.node_count,
    "_TP": _tensor_parallel,
    "_ETP": _engram_tensor_parallel,
    "_ENGRAM_DP": _of_model("edp"),
    **{f"_{name}": _of_model(name.lower()) for name in ("PP", "DCP", "PCP", "DP", "EP", "EPLB")},
    "_TP_STATE_PATCHED": lambda: active.tensor_parallel_patch is not None,
    "_ENABLE_CUSTOM_ALL_REDUCE": select.custom_all_reduce_is_allowed,
    "_groups": lambda: {group.unique_name: weakref.ref(group) for group in living_groups()},
    "_group_name_counter": _numbers,
}


def _get_unique_name(name: str) -> str:
    return free_name(name)


def _register_group(group: GroupCoordinator) -> None:
    find_again([group])


def _apply_to_device_comms(action: Callable[[DeviceCommunicatorBase], None]) -> None:
    for group in living_groups():
        action(group.device_communicator)


def _split_tensor_dict(
    tensor_dict: dict[str, Any],
) -> tuple[list[tuple[str, Any]], list[torch.Tensor]]:
    """The keys with what stands for each value, and the tensors."""
    entries, tensors = [], []
    for key, value in tensor_dict.items():
        if isinstance(value, torch.Tensor):
            entries.append((key, TensorMetadata(value.device.type, value.dtype, value.size())))
            tensors.append(value)
        else:
            entries.append((key, value))
    return entries, tensors


def _node_count(pg: Any) -> int:
    """On how many nodes a group's members are. Collective over the group."""
    seen: set[int] = set()
    count = 0
    size = pg.size() if callable(getattr(pg, "size", None)) else pg.world_size
    for rank in range(size):
        if rank not in seen:
            count += 1
            same = in_the_same_node_as(pg, rank)
            seen |= {each for each, is_same in enumerate(same) if is_same}
    return count


def _init_stateless_group(
    group_ranks: list[list[int]],
    group_name: str,
    host: str,
    backend: str,
    coord_store: Any,
    use_device_communicator: bool = True,
    use_all2all: bool = False,
) -> StatelessGroupCoordinator:
    _, world = require_environment("_init_stateless_group")
    return StatelessGroupCoordinator(
        group_ranks,
        world.local_rank,
        backend,
        use_device_communicator,
        coord_store,
        group_name=group_name,
        host=host,
        global_rank=world.rank,
        global_world_size=world.world_size,
        use_all2all=use_all2all,
    )


_CALLS: Mapping[str, Callable[..., Any]] = {
    "_get_unique_name": _get_unique_name,
    "_register_group": _register_group,
    "_apply_to_device_comms": _apply_to_device_comms,
    "_split_tensor_dict": _split_tensor_dict,
    "_node_count": _node_count,
    "_init_stateless_group": _init_stateless_group,
}


class ParallelStateModule(ModuleType):
    """`parallel_state` with these names."""

    def __getattr__(self, name: str) -> Any:
        if name in _STATE:
            return _STATE[name]()
        if name in _CALLS:
            return _CALLS[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in _STATE:
            raise AttributeError(
                f"{name} reads what groups there are and cannot be assigned: use "
                f"patch_tensor_parallel_group() for another tensor parallel group, "
                f"_replace_active_groups() for others, or patch the getter"
            )
        super().__setattr__(name, value)
