"""Scaled matrix product, then reduce-scatter: in one kernel where the hardware has it."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from vllm_distributed import entry
from vllm_distributed.ops.custom_ops import register_operators
from vllm_distributed.ops.fused_matmul_checks import Layout, check_arguments
from vllm_distributed.tensors.kinds import check_gradient

__all__ = [
    "patched_fused_scaled_matmul_reduce_scatter",
    "patched_fused_scaled_matmul_reduce_scatter_fake",
]


def patched_fused_scaled_matmul_reduce_scatter(
    A: torch.Tensor,
    B: torch.Tensor,
    A_scale: torch.Tensor,
    B_scale: torch.Tensor,
    reduce_op: str,
    orig_scatter_dim: int,
    scatter_dim_after_maybe_reshape: int,
    group_name: str,
    output_shape: list[int],
    bias: torch.Tensor | None = None,
    result_scale: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
    use_fast_accum: bool = False,
) -> torch.Tensor:
    """Return this rank's part of the sum over a group of `(A * A_scale) @ (B * B_scale)`.

    `A` is [..., k], `B` [k, n]; `A_scale` has one element, or one for each row ([..., 1]),
    `B_scale` one, or one for each column ([1, n]). `bias` [n] is added, by every rank, before
    `result_scale` (one element) multiplies. The product, in `out_dtype` (default: `A`'s), is
    viewed as `output_shape` with n for its last dim, reduced with `reduce_op` (`sum` or `avg`)
    over the group with this unique name, and cut along `orig_scatter_dim`;
    `scatter_dim_after_maybe_reshape` is the same dim of `A`, whose leading dims may have been
    flattened. `use_fast_accum` is for the hardware's 8-bit products.

    On devices with symmetric memory this is torch's fused operator; elsewhere the composition: the
    product (in float32 on the CPU), then a reduce-scatter. Collective over the group. An error
    comes before anything is sent.

    Raises:
        GroupNotInitializedError: naming the groups there are.
        InvalidTypeError: for what is no tensor, for scales or a bias that are not of floating-point
            numbers.
        InvalidArgumentError: for shapes, dims, devices or a `reduce_op` that do not fit, and for
            `avg` into integers.
        UnsupportedDtypeError: for an `out_dtype` the group cannot sum.
        GradientError: for what requires a gradient, which it has none for, outside
            `torch.no_grad()`.
    """
    layout = check_arguments(
        A,
        B,
        A_scale,
        B_scale,
        reduce_op,
        orig_scatter_dim,
        scatter_dim_after_maybe_reshape,
        group_name,
        output_shape,
        bias,
        result_scale,
        out_dtype,
    )
    for tensor in (A, B, A_scale, B_scale, bias, result_scale):
        if tensor is not None:
            check_gradient("patched_fused_scaled_matmul_reduce_scatter", tensor)
    group = layout.group
    if _has_fused_operator(layout, A):
        entry.about_to_send()
        result: torch.Tensor = torch.ops.symm_mem.fused_scaled_matmul_reduce_scatter(
            A,
            B,
            A_scale,
            B_scale,
            reduce_op,
            layout.scatter_dim,
            layout.scatter_dim_of_a,
            group.device_group.group_name,
            output_shape,
            bias,
            result_scale,
            out_dtype,
            use_fast_accum,
        )
        return result
    product = _scaled_product(
        A, B, A_scale, B_scale, bias, result_scale, layout.out_dtype, use_fast_accum
    )
    part = group.device_communicator.reduce_scatter(product.view(layout.shape), layout.scatter_dim)
    return part / group.world_size if reduce_op == "avg" else part


def patched_fused_scaled_matmul_reduce_scatter_fake(
    A: torch.Tensor,
    B: torch.Tensor,
    A_scale: torch.Tensor,
    B_scale: torch.Tensor,
    reduce_op: str,
    orig_scatter_dim: int,
    scatter_dim_after_maybe_reshape: int,
    group_name: str,
    output_shape: list[int],
    bias: torch.Tensor | None = None,
    result_scale: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
    use_fast_accum: bool = False,
) -> torch.Tensor:
    """Return an uninitialised tensor like the result of the function without `_fake`.

    The group must exist, since its size is needed. Local: nothing is sent.

    Raises:
        As `patched_fused_scaled_matmul_reduce_scatter`.
    """
    layout = check_arguments(
        A,
        B,
        A_scale,
        B_scale,
        reduce_op,
        orig_scatter_dim,
        scatter_dim_after_maybe_reshape,
        group_name,
        output_shape,
        bias,
        result_scale,
        out_dtype,
    )
    return torch.empty(layout.part, dtype=layout.out_dtype, device=A.device)


def _scaled_product(
    A: torch.Tensor,
    B: torch.Tensor,
    A_scale: torch.Tensor,
    B_scale: torch.Tensor,
    bias: torch.Tensor | None,
    result_scale: torch.Tensor | None,
    out_dtype: torch.dtype,
    use_fast_accum: bool,
) -> torch.Tensor:
    """Return the product as a matrix [rows, n]."""
    rows = A.flatten(0, -2)
    row_scale = A_scale.reshape(-1, 1) if A_scale.numel() > 1 else A_scale.reshape(())
    column_scale = B_scale.reshape(1, -1) if B_scale.numel() > 1 else B_scale.reshape(())
    if A.is_cuda and A.dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        return torch._scaled_mm(
            rows.contiguous(),
            B,
            scale_a=row_scale,
            scale_b=column_scale,
            bias=bias,
            scale_result=result_scale,
            out_dtype=out_dtype,
            use_fast_accum=use_fast_accum,
        )
    product = (rows.float() * row_scale.float()) @ (B.float() * column_scale.float())
    if bias is not None:
        product = product + bias.float()
    if result_scale is not None:
        product = product * result_scale.float()
    return product.to(out_dtype)


def _has_fused_operator(layout: Layout, A: torch.Tensor) -> bool:
    """Return whether torch's fused kernel can run on the group: its devices share memory.

    It cuts A, so it cannot cut the product along its columns.
    """
    group = layout.group
    if not A.is_cuda or group.world_size == 1 or not group.use_device_communicator:
        return False
    if layout.scatter_dim == len(layout.shape) - 1 or layout.scatter_dim_of_a == A.dim() - 1:
        return False
    symmetric: Any = importlib.import_module("torch.distributed._symmetric_memory")
    name = group.device_group.group_name
    return bool(symmetric.is_symm_mem_enabled_for_group(name))


register_operators(
    [
        (
            "patched_fused_scaled_matmul_reduce_scatter",
            patched_fused_scaled_matmul_reduce_scatter,
            patched_fused_scaled_matmul_reduce_scatter_fake,
        )
    ]
)
