"""Collectives on tensors: the same table of checks over every size and kind of group."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import CARRIERS, World, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import (
    CollectiveError,
    CollectiveMismatchError,
    UnsupportedDtypeError,
)


@pytest.fixture(params=CARRIERS)
def world_of(worlds: Callable[..., World], request: pytest.FixtureRequest) -> Callable[..., World]:
    """Every test of this file over both."""
    return functools.partial(worlds, over=request.param)


FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
INTEGERS = [
    torch.int8,
    torch.uint8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint16,
    torch.uint32,
    torch.uint64,
]
COMPLEX = [torch.complex64, torch.complex128]
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2]


def shapes(group: vd.GroupCoordinator) -> list[tuple[int, ...]]:
    """Shapes of one to four dims, each of which the group can share equally."""
    n = max(4, group.world_size)
    assert n % group.world_size == 0
    return [(n,), (n, 2 * n), (n, 2 * n, 3 * n), (n, n, 2 * n, n)]


GROUPS: dict[str, Callable[[], vd.GroupCoordinator]] = {
    "world": vd.get_world_group,
    "tp": vd.get_tp_group,
    "pp": vd.get_pp_group,
    "dp": vd.get_dp_group,
    "ep": vd.get_ep_group,
    "dcp": vd.get_dcp_group,
    "pcp": vd.get_pcp_group,
}

# Worlds with groups of 1, 2 and 4 ranks of several kinds, contiguous and strided.
LAYOUTS = [
    pytest.param(1, {}, id="1"),
    pytest.param(2, {"tensor_model_parallel_size": 2}, id="tp2"),
    pytest.param(
        4, {"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2}, id="tp2pp2"
    ),
    pytest.param(
        4,
        {"tensor_model_parallel_size": 4, "decode_context_model_parallel_size": 2},
        id="tp4dcp2",
    ),
    pytest.param(
        4, {"data_parallel_size": 2, "prefill_context_model_parallel_size": 2}, id="dp2pcp2"
    ),
]


def part(shape: tuple[int, ...], rank: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The tensor of a global rank: no two elements or ranks alike, sums exact in every dtype."""
    count = torch.Size(shape).numel()
    values = (torch.arange(count) * 3 + rank * 5) % 11
    return values.to(torch.float32).to(dtype).reshape(shape)


def strided(tensor: torch.Tensor) -> torch.Tensor:
    """The same values in a tensor that is not contiguous."""
    if tensor.dim() == 0:
        return tensor
    wide = torch.zeros(*tensor.shape[:-1], tensor.shape[-1] * 2).to(tensor.dtype)
    wide[..., ::2] = tensor
    view = wide[..., ::2]
    assert tensor.numel() <= 1 or not view.is_contiguous()
    return view


def same(actual: torch.Tensor | None, expected: torch.Tensor) -> None:
    assert actual is not None
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    # Compared as doubles: torch cannot compare all of these dtypes themselves.
    wide = torch.complex128 if actual.dtype.is_complex else torch.float64
    assert torch.equal(actual.to(wide), expected.to(wide))


def total(group: vd.GroupCoordinator, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    if dtype is torch.bool:
        parts = [part(shape, rank, dtype) for rank in group.ranks]
        return torch.stack(parts).any(0)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    return torch.stack([part(shape, rank).to(wide) for rank in group.ranks]).sum(0).to(dtype)


def dims(shape: tuple[int, ...]) -> range:
    return range(-len(shape), len(shape))


# The checks: one function per operation, called on every rank with its group.


def check_all_reduce(group: vd.GroupCoordinator) -> None:
    for shape in [*shapes(group), (), (0,), (3, 0)]:
        for change in (lambda tensor: tensor, strided):
            mine = change(part(shape, group.rank))
            result = group.all_reduce(mine)
            same(result, total(group, shape, torch.float32))
            same(mine, part(shape, group.rank))  # out of place
            assert result.is_contiguous() or group.world_size == 1


def check_all_reduce_in_place(group: vd.GroupCoordinator) -> None:
    for shape in [*shapes(group), (), (0,)]:
        for change in (lambda tensor: tensor, strided):
            mine = change(part(shape, group.rank))
            assert group.all_reduce_(mine) is mine
            same(mine, total(group, shape, torch.float32))


def check_reducible_dtypes(group: vd.GroupCoordinator) -> None:
    for dtype in [*FLOATS, *INTEGERS, *COMPLEX, torch.bool]:
        vector, matrix = shapes(group)[:2]
        for shape in [matrix, ()]:
            same(
                group.all_reduce(part(shape, group.rank, dtype)),
                total(group, shape, dtype),
            )
        mine = part(vector, group.rank, dtype)
        group.all_reduce_(mine)
        same(mine, total(group, vector, dtype))
        share = total(group, matrix, dtype).chunk(group.world_size)[group.rank_in_group]
        same(group.reduce_scatter(part(matrix, group.rank, dtype), dim=0), share)


def check_integers_wrap(group: vd.GroupCoordinator) -> None:
    for dtype in (torch.int16, torch.int32, torch.uint8):
        largest = torch.full((3,), torch.iinfo(dtype).max, dtype=dtype)
        expected = largest.clone()
        for _ in range(group.world_size - 1):
            expected += largest
        same(group.all_reduce(largest), expected)


def check_irreducible_dtypes(group: vd.GroupCoordinator) -> None:
    for dtype in FLOAT8:
        mine = part(shapes(group)[0], group.rank, dtype)
        for operation in (group.all_reduce, group.all_reduce_, group.reduce_scatter):
            if group.world_size == 1:
                assert operation(mine) is mine
                continue
            with pytest.raises(UnsupportedDtypeError, match=rf"{dtype}.*bfloat16.*float32"):
                operation(mine)
    same(group.all_reduce(part((4,), group.rank)), total(group, (4,), torch.float32))


def check_all_gather(group: vd.GroupCoordinator) -> None:
    for shape in [*shapes(group), (0,), (2, 0, 3)]:
        for dim in dims(shape):
            for change in (lambda tensor: tensor, strided):
                mine = change(part(shape, group.rank))
                expected = torch.cat([part(shape, rank) for rank in group.ranks], dim)
                result = group.all_gather(mine, dim)
                same(result, expected)
                same(mine, part(shape, group.rank))
    for dtype in [*FLOATS, *INTEGERS, *COMPLEX, *FLOAT8, torch.bool]:
        for dim in (0, 1):
            expected = torch.cat([part((3, 2), rank) for rank in group.ranks], dim).to(dtype)
            same(group.all_gather(part((3, 2), group.rank, dtype), dim), expected)


def check_all_gather_of_scalars(group: vd.GroupCoordinator) -> None:
    result = group.all_gather(torch.tensor(float(group.rank)))
    assert result.reshape(-1).tolist() == [float(rank) for rank in group.ranks]


def check_all_gatherv(group: vd.GroupCoordinator) -> None:
    for sizes in (
        [index + 1 for index in range(group.world_size)],
        [index % 2 for index in range(group.world_size)],
        [0] * group.world_size,
        [2] * group.world_size,
    ):
        for dim, rest in ((0, (3,)), (1, (3,)), (-1, (2, 3)), (0, ())):
            place = dim if dim >= 0 else dim + len(rest) + 1
            parts = []
            for index, rank in enumerate(group.ranks):
                shape = [*rest[:place], sizes[index], *rest[place:]]
                parts.append(part(tuple(shape), rank))
            mine = parts[group.rank_in_group]
            for change in (lambda tensor: tensor, strided):
                result = group.all_gatherv(change(mine), dim, sizes)
                assert isinstance(result, torch.Tensor)
                same(result, torch.cat(parts, dim))
            results = group.all_gatherv([mine, mine.to(torch.int16)], dim, sizes)
            assert isinstance(results, list)
            same(results[0], torch.cat(parts, dim))
            same(results[1], torch.cat(parts, dim).to(torch.int16))
    equal = group.all_gatherv(part((2, 3), group.rank))
    assert isinstance(equal, torch.Tensor)
    same(equal, torch.cat([part((2, 3), rank) for rank in group.ranks]))


def check_reduce_scatter(group: vd.GroupCoordinator) -> None:
    for shape in shapes(group):
        for dim in dims(shape):
            for change in (lambda tensor: tensor, strided):
                mine = change(part(shape, group.rank))
                share = total(group, shape, torch.float32).chunk(group.world_size, dim)
                result = group.reduce_scatter(mine, dim)
                same(result, share[group.rank_in_group])
                same(mine, part(shape, group.rank))
                assert result.is_contiguous() or group.world_size == 1
    same(group.reduce_scatter(torch.zeros(3, 0), -1), torch.zeros(3, 0))


def check_reduce_scatterv(group: vd.GroupCoordinator) -> None:
    sizes = [index + 1 for index in range(group.world_size)]
    extent = sum(sizes)
    for shape, dim in (((extent,), 0), ((2, extent), -1), ((2, extent, 3), 1), ((extent, 2), 0)):
        summed = total(group, shape, torch.float32)
        expected = summed.split(sizes, dim)[group.rank_in_group]
        same(group.reduce_scatterv(strided(part(shape, group.rank)), dim, sizes), expected)
    shape = shapes(group)[1]
    expected = total(group, shape, torch.float32).chunk(group.world_size, -1)[group.rank_in_group]
    same(group.reduce_scatterv(part(shape, group.rank)), expected)


def check_gather(group: vd.GroupCoordinator) -> None:
    for dst in range(group.world_size):
        for shape in [*shapes(group), (2, 0)]:
            for dim in dims(shape):
                result = group.gather(strided(part(shape, group.rank)), dst, dim)
                if group.rank_in_group == dst:
                    same(result, torch.cat([part(shape, rank) for rank in group.ranks], dim))
                else:
                    assert result is None
        for dtype in [torch.int16, torch.complex64, torch.bool, *FLOAT8]:
            result = group.gather(part((2, 3), group.rank, dtype), dst, 1)
            if group.rank_in_group == dst:
                parts = [part((2, 3), rank) for rank in group.ranks]
                same(result, torch.cat(parts, 1).to(dtype))


def check_broadcast(group: vd.GroupCoordinator) -> None:
    for src in range(group.world_size):
        for shape in [*shapes(group), (), (0,)]:
            for change in (lambda tensor: tensor, strided):
                mine = change(part(shape, group.rank))
                assert group.broadcast(mine, src) is mine
                same(mine, part(shape, group.ranks[src]))
        for dtype in [*FLOATS, *INTEGERS, *COMPLEX, *FLOAT8, torch.bool]:
            mine = part((2, 3), group.rank, dtype)
            group.broadcast(mine, src)
            same(mine, part((2, 3), group.ranks[src], dtype))


def check_send_and_recv(group: vd.GroupCoordinator) -> None:
    """A ring: the even ones send first, so that nobody waits for himself."""
    for shape in [(4, 3), (), (0, 2), 5]:
        for dtype in (torch.float32, torch.bfloat16, torch.int16, torch.bool, torch.complex64):
            if group.world_size == 1:
                continue
            size = shape if isinstance(shape, int) else torch.Size(shape)
            dims = (shape,) if isinstance(shape, int) else shape
            mine = strided(part(dims, group.rank, dtype))
            if group.rank_in_group % 2 == 0:
                group.send(mine)
                received = group.recv(size, dtype)
            else:
                received = group.recv(size, dtype)
                group.send(mine)
            same(received, part(dims, group.prev_rank, dtype))


def check_barrier(group: vd.GroupCoordinator) -> None:
    for _ in range(3):
        group.barrier()


def check_a_conjugate(group: vd.GroupCoordinator) -> None:
    conjugate = part((4,), group.rank, torch.complex64).mul(1j).conj()
    expected = sum(part((4,), rank, torch.complex64).mul(1j).conj() for rank in group.ranks)
    same(group.all_reduce(conjugate), expected.resolve_conj())


CHECKS = [value for name, value in sorted(globals().items()) if name.startswith("check_")]


def on_every_group(check: Callable[[vd.GroupCoordinator], None]) -> list[int]:
    sizes = []
    for get in GROUPS.values():
        group = get()
        check(group)
        sizes.append(group.world_size)
    return sizes


@pytest.mark.parametrize(("size", "sizes"), LAYOUTS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_right_on_every_group(
    world_of: Callable[..., World],
    size: int,
    sizes: dict[str, int],
    check: Callable[[vd.GroupCoordinator], None],
) -> None:
    reached = world_of(size, **sizes).run(on_every_group, check)
    assert all(size in group_sizes for group_sizes in reached)


def tensor_parallel_functions() -> None:
    group = vd.get_tp_group()
    mine = part((4, 4), group.rank)
    same(vd.tensor_model_parallel_all_reduce(mine), group.all_reduce(mine))
    same(vd.tensor_model_parallel_all_gather(mine), group.all_gather(mine, -1))
    same(vd.tensor_model_parallel_all_gather(mine, 0), group.all_gather(mine, 0))
    same(vd.tensor_model_parallel_reduce_scatter(mine), group.reduce_scatter(mine, -1))
    gathered = vd.tensor_model_parallel_gather(mine, 1, 0)
    if group.rank_in_group == 1:
        same(gathered, torch.cat([part((4, 4), rank) for rank in group.ranks]))
    else:
        assert gathered is None
    sent = {"a": mine, "b": 3} if group.is_first_rank else None
    received = vd.broadcast_tensor_dict(sent)
    assert received is not None
    same(received["a"], part((4, 4), group.first_rank))
    assert received["b"] == 3


def test_tensor_parallel_functions_use_the_tp_group(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        tensor_parallel_functions
    )


def large_tensor() -> bool:
    group = vd.get_world_group()
    mine = torch.full((1 << 20,), float(group.rank + 1))
    expected = sum(range(1, group.world_size + 1))
    return bool((group.all_reduce(mine) == expected).all())


def test_a_tensor_of_four_megabytes(world_of: Callable[..., World]) -> None:
    assert world_of(2, tensor_model_parallel_size=2).run(large_tensor) == [True, True]


# What two ranks do that does not go together; without torch's debug mode gloo sums other values,
# waits until the timeout or ends the process, for no rank knows what another one has passed.
Call = Callable[[vd.GroupCoordinator], Any]
MISMATCHES: dict[str, tuple[Call, Call]] = {
    "other dtypes of one size": (
        lambda g: g.all_reduce(torch.ones(4)),
        lambda g: g.all_reduce(torch.ones(4, dtype=torch.int32)),
    ),
    "other sizes to sum": (
        lambda g: g.all_reduce(torch.ones(2000)),
        lambda g: g.all_reduce(torch.ones(400000)),
    ),
    "other sizes to gather": (
        lambda g: g.all_gather(torch.ones(2), 0),
        lambda g: g.all_gather(torch.ones(4), 0),
    ),
    "other sizes to gather on one": (
        lambda g: g.gather(torch.ones(2), 0, 0),
        lambda g: g.gather(torch.ones(4), 0, 0),
    ),
    "other sizes to scatter": (
        lambda g: g.reduce_scatter(torch.ones(2), 0),
        lambda g: g.reduce_scatter(torch.ones(4), 0),
    ),
    "other sizes to broadcast": (
        lambda g: g.broadcast(torch.ones(4), 0),
        lambda g: g.broadcast(torch.ones(2), 0),
    ),
    "other lists of sizes": (
        lambda g: g.all_gatherv(torch.ones(2), 0, [2, 3]),
        lambda g: g.all_gatherv(torch.ones(4), 0, [2, 4]),
    ),
    "other operations": (
        lambda g: g.all_reduce(torch.ones(4)),
        lambda g: g.all_gather(torch.ones(4), 0),
    ),
}


def mismatched(rank: int, port: int, size: int, shared: str) -> None:
    os.environ["VLLM_DISTRIBUTED_SHM"] = shared
    if shared == "0":
        dist.set_debug_level(dist.DebugLevel.DETAIL)  # as TORCH_DISTRIBUTED_DEBUG=DETAIL does
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=20)
    )
    vd.initialize_model_parallel(size)
    group = vd.get_tp_group()
    for name, calls in MISMATCHES.items():
        with pytest.raises(CollectiveError) as caught:
            calls[rank](group)
        if shared == "0":
            assert "tp:0 failed: Detected mismatch" in str(caught.value), name
            assert "Rank 0 is running" in str(caught.value), name
        else:
            assert isinstance(caught.value, CollectiveMismatchError), name
            assert f"but rank {1 - rank} called " in str(caught.value), name
            assert list(caught.value.details["calls"]) == [str(1 - rank)], name
        # Found out before anything was sent: the group is in step.
        assert group.all_reduce(torch.ones(3)).tolist() == [2.0] * 3, name
    vd.cleanup_dist_env_and_memory()


@pytest.mark.parametrize("shared", ["0", "1"])
def test_calls_that_do_not_go_together_are_named(shared: str) -> None:
    """Through shared memory always, over gloo in torch's debug mode."""
    run_ranks(2, mismatched, shared)
