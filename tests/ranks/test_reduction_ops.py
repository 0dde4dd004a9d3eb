"""all_reduce with another operation than the sum: values, refusals, gradients, operators."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch
from rank_harness import World, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import (
    CollectiveMismatchError,
    GradientError,
    UnsupportedDtypeError,
)
from vllm_distributed.tensors.reductions import OPS

DTYPES = (
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.bool),
    *(torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64),
    *(torch.uint16, torch.uint32, torch.uint64),
)
UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)
# In one step, in parts of a slot, and in several slot-fulls.
SHAPES = ((), (0, 2), (3, 4), (70_000,), (600_001,))


def part(rank: int, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Small numbers, of which sums and products are exact."""
    random = torch.Generator().manual_seed(rank)
    low = 0 if dtype in UNSIGNED or dtype in (torch.uint8, torch.bool) else -2
    values = torch.randint(low, 3, shape, generator=random)
    return values.to(dtype) * 1 if dtype is not torch.bool else values > 0


def expected(op: str, parts: list[torch.Tensor]) -> torch.Tensor:
    """What one process makes of the tensors of all ranks, in a wide dtype."""
    dtype = parts[0].dtype
    if dtype is torch.bool:
        stack = torch.stack(parts)
        return stack.any(0) if op in ("sum", "max") else stack.all(0)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    stack = torch.stack([each.to(wide) for each in parts])
    if op == "max":
        return stack.amax(0).to(dtype)
    if op == "min":
        return stack.amin(0).to(dtype)
    if op == "product":
        return stack.prod(0).to(dtype)
    return (stack.sum(0) if op == "sum" else stack.mean(0)).to(dtype)


def has_result(op: str, dtype: torch.dtype) -> bool:
    if op == "sum":
        return True
    if op == "avg":
        return dtype.is_floating_point or dtype.is_complex
    if dtype.is_complex:
        return False
    return op == "product" or dtype not in UNSIGNED


def check_ops() -> None:
    group = vd.get_tp_group()
    for op in OPS:
        for dtype in DTYPES:
            mine = part(group.rank_in_group, (3,), dtype)
            if not has_result(op, dtype):
                with pytest.raises(UnsupportedDtypeError, match=f"{op} of {dtype}"):
                    group.all_reduce(mine, op=op)
                continue
            for shape in SHAPES if dtype in (torch.float32, torch.bfloat16) else SHAPES[:3]:
                check_ways(group, op, shape, dtype)


def check_ways(
    group: vd.GroupCoordinator, op: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    parts = [part(rank, shape, dtype) for rank in range(group.world_size)]
    mine, want = parts[group.rank_in_group], expected(op, parts)
    kept = mine.clone()
    results = [group.all_reduce(mine, op=op), vd.all_reduce(mine, group.unique_name, op)]
    results.append(vd.tensor_model_parallel_all_reduce(mine, op))
    out = torch.empty_like(mine)
    assert group.all_reduce(mine, out, op) is out
    results.append(out)
    assert torch.equal(mine, kept)
    strided = torch.empty(*shape, 2, dtype=dtype)[..., 0]
    strided.copy_(mine)
    assert group.all_reduce_(strided, op) is strided
    results.append(strided)
    assert group.all_reduce(mine, mine, op) is mine
    results.append(mine)
    for result in results:
        assert result.dtype is dtype
        torch.testing.assert_close(result, want, rtol=1e-2, atol=0)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_op_is_what_one_process_makes_of_all_tensors(
    world_of: Callable[..., World], size: int
) -> None:
    world_of(size, tensor_model_parallel_size=size).run(check_ops)


def over_gloo(rank: int, port: int, size: int) -> None:
    os.environ["VLLM_DISTRIBUTED_SHM"] = "0"
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo")
    vd.initialize_model_parallel(size)
    check_ops()
    vd.cleanup_dist_env_and_memory()


def test_every_op_over_gloo() -> None:
    run_ranks(2, over_gloo)


def check_refusals() -> None:
    group = vd.get_tp_group()
    one = torch.ones(1)
    for op, kind in (("mean", ValueError), ("", ValueError), (3, TypeError), (None, TypeError)):
        for call in (group.all_reduce, group.all_reduce_):
            with pytest.raises(kind, match=r"op must be one of sum, max, min, avg, product, got"):
                call(one, op=op)
    with pytest.raises(CollectiveMismatchError, match=r"\((max|min)\)") as told:
        group.all_reduce(one, op=("max", "min")[group.rank_in_group])
    assert "(max)" in str(told.value)
    with pytest.raises(CollectiveMismatchError):
        group.all_reduce(one, op=("sum", "avg")[group.rank_in_group])
    assert group.all_reduce(one, op="max").item() == 1


def test_other_ops_are_refused_and_named(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_refusals)


def check_gradients() -> None:
    group = vd.get_tp_group()
    weight = torch.ones(3, requires_grad=True)
    (2 * group.all_reduce(weight, op="avg")).sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [2.0] * 3
    for op in ("max", "min", "product"):
        with pytest.raises(GradientError, match=f"op='{op}'"):
            group.all_reduce(weight, op=op)
        with pytest.raises(GradientError, match=f"op='{op}'"):
            vd.all_reduce(weight, group.unique_name, op)
        with torch.no_grad():
            assert group.all_reduce(weight, op=op).tolist() == [1.0] * 3
    compiled = torch.compile(lambda x: group.all_reduce(x, op="max") + 1, backend="eager")
    own = torch.full((2,), float(group.rank_in_group))
    assert compiled(own).tolist() == [group.world_size] * 2


def test_averages_have_a_gradient_and_the_largest_has_none(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_gradients)
