"""Checks of a scaled matrix product and reduce-scatter, alike for the real one and its fake."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vllm_distributed.arguments import check_tensor
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.groups.coordinator import GroupCoordinator, find_group
from vllm_distributed.tensors.dtypes import check_reducible

__all__ = ["Layout", "check_arguments"]


@dataclass(frozen=True)
class Layout:
    """How a product that was asked for is cut, dims counted from the front."""

    group: GroupCoordinator
    shape: list[int]
    """Of the product, before it is cut."""
    scatter_dim: int
    scatter_dim_of_a: int
    out_dtype: torch.dtype

    @property
    def part(self) -> list[int]:
        """The shape of one rank's part."""
        shape = list(self.shape)
        shape[self.scatter_dim] //= self.group.world_size
        return shape


def check_arguments(
    A: torch.Tensor,
    B: torch.Tensor,
    A_scale: torch.Tensor,
    B_scale: torch.Tensor,
    reduce_op: str,
    orig_scatter_dim: int,
    scatter_dim_after_maybe_reshape: int,
    group_name: str,
    output_shape: list[int],
    bias: torch.Tensor | None,
    result_scale: torch.Tensor | None,
    out_dtype: torch.dtype | None,
) -> Layout:
    """Return the layout of a product that fits, of real tensors or of such without data.

    Raises `InvalidTypeError`, `InvalidArgumentError`, `UnsupportedDtypeError` and
    `GroupNotInitializedError`, naming the argument and what fits.
    """
    shape = _product_shape(A, B, output_shape)
    columns = B.size(1)
    _check_scale("A_scale", A_scale, [*A.shape[:-1], 1], "row of A", A)
    _check_scale("B_scale", B_scale, [1, columns], "column of B", A)
    if bias is not None:
        _check_floating("bias", bias, A)
        _check_shape("bias", bias, [columns], f"[n], n being {columns} columns of B")
    if result_scale is not None:
        _check_floating("result_scale", result_scale, A)
        if result_scale.numel() != 1:
            _refuse_shape("result_scale", result_scale, "one element")
    dtype = _result_dtype(A, out_dtype, reduce_op)
    at = _check_dim("orig_scatter_dim", orig_scatter_dim, shape, "an output")
    of_a = _check_dim(
        "scatter_dim_after_maybe_reshape", scatter_dim_after_maybe_reshape, list(A.shape), "A"
    )
    group = find_group(group_name)
    if shape[at] % group.world_size:
        raise InvalidArgumentError(
            f"dim {at} of an output of shape {shape} has size {shape[at]}, which "
            f"{group.world_size} ranks cannot share equally: pad A, or scatter another dim",
            dim=at,
            shape=list(map(int, shape)),
            world_size=group.world_size,
        )
    if group.world_size > 1 and group.device.type != "cuda":
        check_reducible(dtype, "patched_fused_scaled_matmul_reduce_scatter")
    return Layout(group, shape, at, of_a, dtype)


def _product_shape(A: torch.Tensor, B: torch.Tensor, output_shape: list[int]) -> list[int]:
    for name, matrix in (("A", A), ("B", B)):
        check_tensor(name, matrix)
        if matrix.is_complex() or matrix.dtype is torch.bool:
            raise InvalidTypeError(
                f"{name} must be of floating-point numbers or integers, got {matrix.dtype}",
                argument=name,
                dtype=str(matrix.dtype),
            )
    _check_place("B", B, A)
    if A.dim() < 2 or B.dim() != 2 or A.size(-1) != B.size(0):
        raise InvalidArgumentError(
            f"matrices of shapes {list(A.shape)} and {list(B.shape)} cannot be multiplied: "
            f"[..., k] and [k, n] can"
        )
    if not isinstance(output_shape, (list, tuple)) or not all(map(_is_integer, output_shape)):
        raise InvalidTypeError(
            f"output_shape must be a list of integers, got {output_shape!r}",
            argument="output_shape",
        )
    shape = [*output_shape[:-1], B.size(1)]
    rows = A.shape[:-1].numel()
    expected = 1
    for extent in shape[:-1]:
        expected *= extent
    if len(shape) < 2 or any(extent < 0 for extent in output_shape) or expected != rows:
        raise InvalidArgumentError(
            f"output_shape={list(output_shape)} does not fit A of shape {list(A.shape)}: its dims "
            f"but the last, none negative, must multiply to {rows} rows",
            output_shape=repr(list(output_shape)),
        )
    return shape


def _result_dtype(A: torch.Tensor, out_dtype: torch.dtype | None, reduce_op: str) -> torch.dtype:
    if reduce_op not in ("sum", "avg"):
        raise InvalidArgumentError(
            f"reduce_op={reduce_op!r} must be 'sum' or 'avg'", reduce_op=repr(reduce_op)
        )
    if out_dtype is not None and not isinstance(out_dtype, torch.dtype):
        raise InvalidTypeError(
            f"out_dtype must be a torch.dtype or None, got {out_dtype!r}", argument="out_dtype"
        )
    dtype = A.dtype if out_dtype is None else out_dtype
    if dtype.is_complex or dtype is torch.bool:
        raise InvalidArgumentError(
            f"out_dtype={dtype} must be of floating-point numbers or integers",
            out_dtype=str(dtype),
        )
    if reduce_op == "avg" and not dtype.is_floating_point:
        raise InvalidArgumentError(
            f"reduce_op='avg' of a result of {dtype} would be no integer: pass a floating-point "
            f"out_dtype, torch.float32 for instance, or reduce_op='sum'",
            reduce_op=reduce_op,
            out_dtype=str(dtype),
        )
    return dtype


def _check_scale(
    name: str, scale: torch.Tensor, of_each: list[int], what: str, A: torch.Tensor
) -> None:
    _check_floating(name, scale, A)
    if scale.numel() != 1:
        _check_shape(name, scale, of_each, f"one element, or one for each {what}: {of_each}")


def _check_shape(name: str, tensor: torch.Tensor, wanted: list[int], words: str) -> None:
    if list(tensor.shape) != wanted:
        _refuse_shape(name, tensor, words)


def _refuse_shape(name: str, tensor: torch.Tensor, words: str) -> None:
    raise InvalidArgumentError(
        f"{name} has shape {list(tensor.shape)}, and must have {words}",
        argument=name,
        shape=list(map(int, tensor.shape)),
    )


def _check_floating(name: str, tensor: torch.Tensor, A: torch.Tensor) -> None:
    check_tensor(name, tensor)
    if not tensor.is_floating_point():
        raise InvalidTypeError(
            f"{name} must be of floating-point numbers, got {tensor.dtype}: convert it with "
            f".float()",
            argument=name,
            dtype=str(tensor.dtype),
        )
    _check_place(name, tensor, A)


def _check_place(name: str, tensor: torch.Tensor, A: torch.Tensor) -> None:
    # torch takes a single number from the host for work on any device.
    if tensor.device != A.device and not (tensor.dim() == 0 and tensor.is_cpu):
        raise InvalidArgumentError(
            f"{name} is on {tensor.device}, and A on {A.device}: move one of them to the other",
            argument=name,
            device=str(tensor.device),
        )


def _check_dim(name: str, dim: int, shape: list[int], what: str) -> int:
    if not _is_integer(dim):
        raise InvalidTypeError(f"{name} must be an integer, got {dim!r}", argument=name)
    if not -len(shape) <= dim < len(shape):
        raise InvalidArgumentError(
            f"{name}={dim} is out of range for {what} of shape {list(shape)} "
            f"({-len(shape)}..{len(shape) - 1})",
            argument=name,
            dim=dim,
        )
    return dim % len(shape)


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, torch.SymInt)) and not isinstance(value, bool)
