"""Collectives as operators: eager, traced, and inside a compiled graph."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import (
    GroupNotInitializedError,
    InvalidArgumentError,
    InvalidTypeError,
    UnsupportedDtypeError,
)

Op = Callable[..., torch.Tensor]


def as_methods() -> None:
    """Functions and operators give what the methods do, in a new tensor."""
    group = vd.get_tp_group()
    size, name = group.world_size, group.unique_name
    base = torch.arange(24.0).reshape(2, 4, 3) + group.rank_in_group
    for library in (vd, torch.ops.vllm_distributed):
        total = library.all_reduce(base, name)
        assert torch.equal(total, group.all_reduce(base))
        assert total.data_ptr() != base.data_ptr()
        for dim in range(-3, 3):
            assert torch.equal(
                library.all_gather(base, dim, size, name), group.all_gather(base, dim)
            )
        for dim in (0, 1, -2, -3):
            if base.size(dim) % size == 0:
                part = library.reduce_scatter(base, dim, size, name)
                assert torch.equal(part, group.reduce_scatter(base, dim))
                assert part.data_ptr() != base.data_ptr()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_operators_are_the_methods(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(as_methods)


def fakes() -> None:
    group = vd.get_tp_group()
    size, name = group.world_size, group.unique_name
    for shape in ((4, 6), (2,), (0, 4), (8, 1, 2)):
        for dtype in (torch.float32, torch.bfloat16, torch.int64):
            real = torch.zeros(shape, dtype=dtype)
            meta = real.to("meta")
            same(vd.all_reduce_fake(meta, name), vd.all_reduce(real, name))
            same(vd.all_gather_fake(meta, -1, size, name), vd.all_gather(real, -1, size, name))
            same(
                torch.ops.vllm_distributed.all_gather(meta, 0, size, name),
                vd.all_gather(real, 0, size, name),
            )
            same(
                vd.reduce_scatter_fake(meta, 0, size, name), vd.reduce_scatter(real, 0, size, name)
            )
    scalar = torch.ones(())
    same(vd.all_gather_fake(scalar, 0, size, name), vd.all_gather(scalar, 0, size, name))


def same(fake: torch.Tensor, real: torch.Tensor) -> None:
    assert fake.shape == real.shape
    assert fake.dtype == real.dtype


def test_fakes_have_the_shapes_of_the_real_ones(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(fakes)


class TensorParallelLayer(torch.nn.Module):
    """Two linear layers, the first cut by columns, the second by rows; then what models do at the
    end: gather the logits."""

    def __init__(self) -> None:
        super().__init__()
        group = vd.get_tp_group()
        generator = torch.Generator().manual_seed(0)
        up = torch.randn(16, 8, generator=generator)
        down = torch.randn(8, 16, generator=generator)
        at, size = group.rank_in_group, group.world_size
        self.whole = (up, down)
        self.up = torch.nn.Parameter(up.chunk(size, 0)[at], requires_grad=False)
        self.down = torch.nn.Parameter(down.chunk(size, 1)[at], requires_grad=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(tokens @ self.up.t()) @ self.down.t()
        hidden = vd.tensor_model_parallel_all_reduce(hidden)
        own = vd.tensor_model_parallel_reduce_scatter(hidden, 0)
        return vd.tensor_model_parallel_all_gather(own, 0)

    def reference(self, tokens: torch.Tensor) -> torch.Tensor:
        up, down = self.whole
        return torch.relu(tokens @ up.t()) @ down.t() * vd.get_tp_group().world_size


def compiled(backend: str) -> None:
    layer = TensorParallelLayer()
    run = torch.compile(layer, fullgraph=True, backend=backend)
    for rows in (4, 6):  # a second shape is traced anew, or with symbolic sizes
        tokens = torch.randn(rows, 8, generator=torch.Generator().manual_seed(rows))
        expected = layer.reference(tokens)
        assert torch.allclose(layer(tokens), expected, atol=1e-4)
        assert torch.allclose(run(tokens), expected, atol=1e-4)

    def by_name(tensor: torch.Tensor) -> torch.Tensor:
        return vd.all_reduce(tensor * 2, "tp:0") + 1

    whole = torch.compile(by_name, fullgraph=True, backend=backend)
    assert whole(torch.ones(3)).tolist() == [5.0] * 3


def test_a_layer_compiles_into_one_graph(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(compiled, "aot_eager", deadline_s=60)


def bad_calls() -> None:
    group = vd.get_tp_group()
    ones = torch.ones(2, 3)
    for call in (
        lambda: vd.all_reduce(ones, "tp:9"),
        lambda: vd.all_gather(ones, 0, 2, "nobody"),
        lambda: vd.reduce_scatter(ones, 0, 2, ""),
        lambda: torch.ops.vllm_distributed.all_reduce(ones, "tp:9"),
    ):
        with pytest.raises(GroupNotInitializedError, match=r"there are: .*tp:0.*world:0"):
            call()
    for call, words in (
        (lambda: vd.all_gather(ones, 0, 3, "tp:0"), "world_size=3 .* has 2"),
        (lambda: vd.all_gather(ones, 2, 2, "tp:0"), "dim=2"),
        (lambda: vd.reduce_scatter(ones, 1, 2, "tp:0"), "size 3"),
        (lambda: vd.reduce_scatter_fake(ones, 1, 2, "tp:0"), "size 3"),
        (lambda: vd.all_gather_fake(ones, -3, 2, "tp:0"), "dim=-3"),
    ):
        with pytest.raises(InvalidArgumentError, match=words):
            call()
    assert group.all_reduce(torch.ones(1)).item() == 2


def test_bad_calls_name_what_there_is(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(bad_calls)


def weakly() -> None:
    """The registry keeps no group alive."""
    group = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="mine")
    assert vd.all_reduce(torch.ones(1), "mine:0").item() == 2
    group.barrier()
    del group
    gc.collect()
    with pytest.raises(GroupNotInitializedError, match="mine:0"):
        vd.all_reduce(torch.ones(1), "mine:0")


def test_groups_are_looked_up_weakly(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(weakly)


def double(tensor: torch.Tensor, times: int = 1) -> torch.Tensor:
    return tensor * 2**times


def add_one_(tensor: torch.Tensor) -> None:
    tensor.add_(1)


def meta_only(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(tensor)


def registration() -> None:
    vd.direct_register_custom_op("test_double", double, fake_impl=lambda t, times=1: t.clone())
    assert torch.ops.vllm_distributed.test_double(torch.ones(1), 2).item() == 4
    compiled_double = torch.compile(
        lambda t: torch.ops.vllm_distributed.test_double(t), fullgraph=True, backend="aot_eager"
    )
    assert compiled_double(torch.ones(1)).item() == 2
    vd.direct_register_custom_op("test_add_one_", add_one_, mutates_args=["tensor"])
    changed = torch.zeros(2)
    torch.ops.vllm_distributed.test_add_one_(changed)
    assert changed.tolist() == [1.0, 1.0]
    own = torch.library.Library("test_library", "DEF")
    vd.direct_register_custom_op(
        "test_double",
        double,
        target_lib=own,
        dispatch_key="CPU",
        tags=(torch.Tag.pt2_compliant_tag,),
    )
    assert torch.ops.test_library.test_double(torch.ones(1)).item() == 2
    with pytest.raises(NotImplementedError):  # for the CPU only
        torch.ops.test_library.test_double(torch.ones(1, device="meta"))
    with pytest.raises(InvalidArgumentError, match="test_double"):
        vd.direct_register_custom_op("test_double", double)
    with pytest.raises(InvalidArgumentError, match="test_untyped"):
        vd.direct_register_custom_op("test_untyped", lambda t: t)


def test_operators_of_ones_own(world_of: Callable[..., World]) -> None:
    world_of(1).run(registration)


def fused(case: dict[str, Any]) -> None:
    group = vd.get_tp_group()
    size, name = group.world_size, group.unique_name
    generator = torch.Generator().manual_seed(group.rank_in_group)
    lead, k, n = case["lead"], 16, 8
    rows = torch.Size(lead).numel()
    a = torch.randn(*lead, k, generator=generator).to(case["dtype"])
    b = torch.randn(k, n, generator=generator).to(case["dtype"])
    a_scale = torch.rand(*lead, 1, generator=generator) if case["rowwise"] else torch.tensor(0.5)
    b_scale = torch.rand(1, n, generator=generator) if case["rowwise"] else torch.tensor(0.25)
    bias = torch.randn(n, generator=generator) if case["bias"] else None
    product = (a.float() * a_scale).reshape(rows, k) @ (b.float() * b_scale)
    if bias is not None:
        product = product + bias
    product = product.to(torch.bfloat16).view(*lead, n)
    expected = group.reduce_scatter(product, case["dim"])
    if case["op"] == "avg":
        expected = expected / size
    flat = a.flatten(0, -2) if case["flat"] else a
    flat_scale = a_scale.reshape(-1, 1) if case["flat"] and case["rowwise"] else a_scale
    arguments = (
        flat,
        b,
        flat_scale,
        b_scale,
        case["op"],
        case["dim"],
        0,
        name,
        [*lead, n],
        bias,
        None,
        torch.bfloat16,
    )
    for function in (
        vd.patched_fused_scaled_matmul_reduce_scatter,
        torch.ops.vllm_distributed.patched_fused_scaled_matmul_reduce_scatter,
    ):
        actual = function(*arguments)
        assert actual.dtype == torch.bfloat16
        assert torch.allclose(actual.float(), expected.float(), atol=1e-2, rtol=1e-2)
    same(vd.patched_fused_scaled_matmul_reduce_scatter_fake(*arguments), expected)


FUSED: dict[str, dict[str, Any]] = {
    "fp8": {"dtype": torch.float8_e4m3fn, "lead": (4,)},
    "fp8 rows": {"dtype": torch.float8_e4m3fn, "lead": (4,), "rowwise": True},
    "bf16 bias": {"dtype": torch.bfloat16, "lead": (6,), "bias": True},
    "three dims": {"dtype": torch.float8_e4m3fn, "lead": (2, 4), "dim": 1, "rowwise": True},
    "flattened": {"dtype": torch.bfloat16, "lead": (2, 4), "dim": 1, "flat": True, "rowwise": True},
    "last dim": {"dtype": torch.float8_e5m2, "lead": (3,), "dim": -1},
    "average": {"dtype": torch.bfloat16, "lead": (4,), "op": "avg"},
}
DEFAULTS = {"dim": 0, "rowwise": False, "bias": False, "flat": False, "op": "sum"}


@pytest.mark.parametrize("name", FUSED)
def test_fused_is_the_unfused_result(world_of: Callable[..., World], name: str) -> None:
    world_of(2, tensor_model_parallel_size=2).run(fused, DEFAULTS | FUSED[name])


REFUSED_FUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "operation": ({"reduce_op": "max"}, InvalidArgumentError, "'max'"),
    "operation type": ({"reduce_op": None}, InvalidArgumentError, "None must be 'sum'"),
    "dim": ({"orig_scatter_dim": 2}, InvalidArgumentError, r"orig_scatter_dim=2 .*\(-2\.\.1\)"),
    "dim type": ({"orig_scatter_dim": "0"}, InvalidTypeError, "orig_scatter_dim"),
    "dim of A": (
        {"scatter_dim_after_maybe_reshape": 2},
        InvalidArgumentError,
        r"scatter_dim_after_maybe_reshape=2 .*A of shape \[4, 3\] \(-2\.\.1\)",
    ),
    "dim of A, negative": (
        {"scatter_dim_after_maybe_reshape": -3},
        InvalidArgumentError,
        "scatter_dim_after_maybe_reshape=-3",
    ),
    "dim of A type": (
        {"scatter_dim_after_maybe_reshape": True},
        InvalidTypeError,
        "scatter_dim_after_maybe_reshape must be an integer, got True",
    ),
    "output shape": ({"output_shape": [5, 2]}, InvalidArgumentError, r"output_shape=\[5, 2\]"),
    "output shape, negative": (
        {"output_shape": [-2, -2, 2]},
        InvalidArgumentError,
        "none negative",
    ),
    "output shape, a vector": ({"output_shape": [8]}, InvalidArgumentError, r"output_shape=\[8\]"),
    "output shape type": ({"output_shape": "42"}, InvalidTypeError, "output_shape"),
    "output shape of text": ({"output_shape": ["4", 2]}, InvalidTypeError, "output_shape"),
    "A": ({"A": torch.ones(4, 2)}, InvalidArgumentError, "cannot be multiplied"),
    "A type": ({"A": [[1.0]]}, InvalidTypeError, "A must be a torch.Tensor, got list"),
    "A dtype": ({"A": torch.ones(4, 3, dtype=torch.complex64)}, InvalidTypeError, "complex64"),
    "B": ({"B": torch.ones(1, 3, 2)}, InvalidArgumentError, "cannot be multiplied"),
    "B device": ({"B": torch.ones(3, 2, device="meta")}, InvalidArgumentError, "B is on meta"),
    "indivisible": (
        {"A": torch.ones(3, 3), "output_shape": [3, 2]},
        InvalidArgumentError,
        "size 3, which 2 ranks",
    ),
    "scale of A": (
        {"A_scale": torch.ones(3, 1)},
        InvalidArgumentError,
        r"A_scale has shape \[3, 1\], .* one for each row of A: \[4, 1\]",
    ),
    "scale of A, empty": ({"A_scale": torch.ones(0)}, InvalidArgumentError, "A_scale"),
    "scale of A type": ({"A_scale": 0.5}, InvalidTypeError, "A_scale must be a torch.Tensor"),
    "scale of A dtype": (
        {"A_scale": torch.ones((), dtype=torch.int32)},
        InvalidTypeError,
        "A_scale .*int32",
    ),
    "scale of B": (
        {"B_scale": torch.ones(2, 1)},
        InvalidArgumentError,
        r"B_scale has shape \[2, 1\], .* one for each column of B: \[1, 2\]",
    ),
    "scale of B dtype": (
        {"B_scale": torch.ones(1, 2, dtype=torch.bool)},
        InvalidTypeError,
        "B_scale .*bool",
    ),
    "bias": ({"bias": torch.ones(3)}, InvalidArgumentError, r"bias has shape \[3\]"),
    "bias of rows": ({"bias": torch.ones(4, 2)}, InvalidArgumentError, r"bias has shape \[4, 2\]"),
    "bias dtype": ({"bias": torch.ones(2, dtype=torch.int64)}, InvalidTypeError, "bias .*int64"),
    "bias type": ({"bias": 1.0}, InvalidTypeError, "bias must be a torch.Tensor"),
    "result scale": ({"result_scale": torch.ones(2)}, InvalidArgumentError, "result_scale"),
    "result scale dtype": (
        {"result_scale": torch.ones((), dtype=torch.int8)},
        InvalidTypeError,
        "result_scale .*int8",
    ),
    "result type": ({"out_dtype": "float32"}, InvalidTypeError, "out_dtype .*'float32'"),
    "result complex": ({"out_dtype": torch.complex64}, InvalidArgumentError, "complex64"),
    "average of integers": (
        {"reduce_op": "avg", "out_dtype": torch.int32},
        InvalidArgumentError,
        "reduce_op='avg' of a result of torch.int32",
    ),
    # No sum of 8-bit floats: out_dtype is needed.
    "8-bit result": ({"out_dtype": torch.float8_e4m3fn}, UnsupportedDtypeError, "float8_e4m3fn"),
    "8-bit A": (
        {"A": torch.ones(4, 3, dtype=torch.float8_e5m2)},
        UnsupportedDtypeError,
        "float8_e5m2",
    ),
    "group": ({"group_name": "tp:4"}, GroupNotInitializedError, "tp:4"),
}


def fused_refused() -> None:
    """By one rank alone: what is refused is refused before anything is sent."""
    good: dict[str, Any] = {
        "A": torch.ones(4, 3),
        "B": torch.ones(3, 2),
        "A_scale": torch.ones(()),
        "B_scale": torch.ones(()),
        "reduce_op": "sum",
        "orig_scatter_dim": 0,
        "scatter_dim_after_maybe_reshape": 0,
        "group_name": "tp:0",
        "output_shape": [4, 2],
    }
    real = vd.patched_fused_scaled_matmul_reduce_scatter
    fake = vd.patched_fused_scaled_matmul_reduce_scatter_fake
    if vd.get_tp_group().is_first_rank:
        for name, (changes, error, words) in REFUSED_FUSED.items():
            messages = set()
            for function in (real, fake):
                with pytest.raises(error, match=words) as caught:
                    function(**good | changes)
                messages.add((type(caught.value), str(caught.value)))
            assert len(messages) == 1, name
    for dtype in (torch.float32, torch.float16, torch.int32, torch.int16):
        for op in ("sum", "avg") if dtype.is_floating_point else ("sum",):
            changes = {"reduce_op": op, "out_dtype": dtype, "scatter_dim_after_maybe_reshape": -2}
            part = real(**good | changes)
            same(fake(**good | changes), part)
            assert part.flatten().tolist() == [6.0 if op == "sum" else 3.0] * 4


def test_fused_refuses_what_does_not_fit(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(fused_refused)
