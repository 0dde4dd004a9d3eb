"""Operations on the tensor parallel group, as functions."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from vllm_distributed.parallel_state import get_tp_group

__all__ = [
    "broadcast_tensor_dict",
    "tensor_model_parallel_all_gather",
    "tensor_model_parallel_all_reduce",
    "tensor_model_parallel_gather",
    "tensor_model_parallel_reduce_scatter",
]


def tensor_model_parallel_all_reduce(input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
    """Return the sum of the tensors of the tensor parallel group, or what else `op` says, in a new
    tensor.

    As `GroupCoordinator.all_reduce`. Collective over the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    if op != "sum":
        return get_tp_group().all_reduce(input_, op=op)
    return get_tp_group().all_reduce(input_)


def tensor_model_parallel_all_gather(input_: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Return the tensors of the tensor parallel group concatenated along `dim`.

    As `GroupCoordinator.all_gather`. Collective over the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_tp_group().all_gather(input_, dim)


def tensor_model_parallel_reduce_scatter(input_: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Return this rank's part, along `dim`, of the sum over the tensor parallel group.

    As `GroupCoordinator.reduce_scatter`. Collective over the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_tp_group().reduce_scatter(input_, dim)


def tensor_model_parallel_gather(
    input_: torch.Tensor, dst: int = 0, dim: int = -1
) -> torch.Tensor | None:
    """Return, on `dst`, the tensors of the tensor parallel group concatenated; elsewhere None.

    As `GroupCoordinator.gather`. Collective over the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_tp_group().gather(input_, dst, dim)


def broadcast_tensor_dict(
    tensor_dict: dict[str, Any] | None = None, src: int = 0
) -> dict[str, Any] | None:
    """Return the dict of rank `src` of the tensor parallel group; other ranks pass None.

    As `GroupCoordinator.broadcast_tensor_dict`. In a process that is in no world the dict is
    returned as it is. Collective over the tensor parallel group.

    Raises:
        GroupNotInitializedError: between `init_distributed_environment` and
            `initialize_model_parallel`.
    """
    if not dist.is_initialized():
        return tensor_dict
    return get_tp_group().broadcast_tensor_dict(tensor_dict, src)
