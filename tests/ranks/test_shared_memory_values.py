"""What the operations return, for every size, dtype, dim and kind of tensor, in worlds of 2 to 8.

The expected values are computed on each rank; see `known_values`. The sizes lie around those at
which a transport changes how it sends: 16 KiB, 1 MiB, and several times that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from known_values import KINDS, digest, of_member, same, total
from rank_harness import SHARED_MEMORY, World, join_world, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError

KIB, MIB = 1 << 10, 1 << 20
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
INTEGERS = [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64]
UNSIGNED = [torch.uint16, torch.uint32, torch.uint64]
COMPLEX = [torch.complex64, torch.complex128]
FLOAT8 = [torch.float8_e4m3fn, torch.float8_e5m2]
REDUCIBLE = [*FLOATS, *INTEGERS, *UNSIGNED, *COMPLEX, torch.bool]

WORLDS: dict[int, dict[str, int]] = {
    2: {"tensor_model_parallel_size": 2},
    3: {"tensor_model_parallel_size": 3},
    4: {"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2},
    8: {"tensor_model_parallel_size": 4, "pipeline_model_parallel_size": 2},
}
Check = Callable[[vd.GroupCoordinator, torch.dtype, int], list[torch.Tensor]]


def small_sizes(dtype: torch.dtype) -> list[int]:
    """Return numbers of elements up to 16 KiB and one more."""
    slot = 16 * KIB // dtype.itemsize
    return [0, 1, 2, 63, 64, 65, slot - 1, slot, slot + 1]


def large_sizes(dtype: torch.dtype) -> list[int]:
    """Return numbers of elements from 1 MiB to several."""
    slot = MIB // dtype.itemsize
    return [slot - 1, slot, slot + 1, 3 * slot + 3]


# The operations on vectors of one size. Each returns what must be the same on every rank.


def sums(group: vd.GroupCoordinator, dtype: torch.dtype, size: int) -> list[torch.Tensor]:
    mine = of_member([size], group.rank_in_group, group.world_size, dtype)
    expected = total([size], group.world_size, dtype)
    result = group.all_reduce(mine)
    same(result, expected)
    same(mine, of_member([size], group.rank_in_group, group.world_size, dtype), "out of place")
    assert group.all_reduce_(mine) is mine
    same(mine, expected, "in place")
    return [result, mine]


def shares(group: vd.GroupCoordinator, dtype: torch.dtype, size: int) -> list[torch.Tensor]:
    members, place = group.world_size, group.rank_in_group
    share = -(-size // members)
    mine = of_member([share * members], place, members, dtype)
    summed = total([share * members], members, dtype)
    same(group.reduce_scatter(mine, 0), summed.narrow(0, share * place, share))
    sizes = [share] * (members - 1) + [share + 1]
    extent = sum(sizes)
    mine = of_member([extent], place, members, dtype)
    result = group.reduce_scatterv(mine, 0, sizes)
    same(result, total([extent], members, dtype).split(sizes)[place], "parts of other sizes")
    return []


def gathers(group: vd.GroupCoordinator, dtype: torch.dtype, size: int) -> list[torch.Tensor]:
    members, place = group.world_size, group.rank_in_group
    parts = [of_member([size], member, members, dtype) for member in range(members)]
    whole = group.all_gather(parts[place], 0)
    same(whole, torch.cat(parts))
    dst = size % members
    result = group.gather(parts[place], dst, 0)
    if place == dst:
        same(result, torch.cat(parts), "on one")
    else:
        assert result is None
    sizes = [size + member % 2 for member in range(members)]
    parts = [of_member([sizes[member]], member, members, dtype) for member in range(members)]
    uneven = group.all_gatherv(parts[place], 0, sizes)
    assert isinstance(uneven, torch.Tensor)
    same(uneven, torch.cat(parts), "parts of other sizes")
    return [whole, uneven]


def broadcasts(group: vd.GroupCoordinator, dtype: torch.dtype, size: int) -> list[torch.Tensor]:
    members, place = group.world_size, group.rank_in_group
    for src in {0, members - 1, size % members}:
        mine = of_member([size], place, members, dtype)
        assert group.broadcast(mine, src) is mine
        same(mine, of_member([size], src, members, dtype))
    return [mine]


def from_one_to_the_next(
    group: vd.GroupCoordinator, dtype: torch.dtype, size: int
) -> list[torch.Tensor]:
    members, place = group.world_size, group.rank_in_group
    mine = of_member([size], place, members, dtype)
    for member in range(members):  # one after the other: also without room for a message
        if place == member:
            group.send(mine)
        elif place == (member + 1) % members:
            same(group.recv(mine.size(), dtype), of_member([size], member, members, dtype))
    return []


OPERATIONS: dict[str, tuple[Check, list[torch.dtype]]] = {
    "sums": (sums, REDUCIBLE),
    "shares": (shares, REDUCIBLE),
    "gathers": (gathers, [*REDUCIBLE, *FLOAT8]),
    "broadcasts": (broadcasts, [*REDUCIBLE, *FLOAT8]),
    "point to point": (from_one_to_the_next, [*REDUCIBLE, *FLOAT8]),
}


def of_every_size(name: str, is_large: bool) -> int:
    """Return a digest of everything that was the same on all ranks, if it was."""
    group = vd.get_world_group()
    check, dtypes = OPERATIONS[name]
    if is_large:
        dtypes = [torch.float32, torch.bfloat16]
    elif group.world_size == 8:
        dtypes = [torch.float32, torch.bfloat16, torch.uint8, torch.bool]
    alike: list[torch.Tensor] = []
    for dtype in dtypes:
        sizes = large_sizes(dtype) if is_large else small_sizes(dtype)
        for size in sizes if group.world_size < 4 else sizes[-4 // group.world_size :]:
            alike += check(group, dtype, size)
    return digest(alike)


@pytest.mark.parametrize("size", WORLDS)
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_every_size_and_dtype(
    world_of: Callable[..., World], size: int, name: str, is_large: bool
) -> None:
    digests = world_of(size, **WORLDS[size]).run(of_every_size, name, is_large)
    assert len(set(digests)) == 1


# Dims and kinds of tensors


def shapes_of(members: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield shapes with a dim that the members can share equally, up to larger than a slot."""
    for rest in ((3,), (5, 2), (2, 3, 2), (700, 9)):
        for dim in range(len(rest) + 1):
            yield (*rest[:dim], 2 * members, *rest[dim:]), dim


def on_every_dim(kind: str) -> None:
    group = vd.get_world_group()
    members, place, change = group.world_size, group.rank_in_group, KINDS[kind]
    for shape, dim in shapes_of(members):
        parts = [of_member(shape, member, members) for member in range(members)]
        where = f"{kind}, {shape}, dim {dim}"
        mine = change(parts[place].clone())
        same(group.all_gather(mine, dim), torch.cat(parts, dim), where)
        same(group.all_gather(mine, dim - len(shape)), torch.cat(parts, dim), where)
        found = group.gather(mine, dim % members, dim)
        if place == dim % members:
            same(found, torch.cat(parts, dim), where)
        summed = total(shape, members)
        share = group.reduce_scatter(mine, dim)
        same(share, summed.chunk(members, dim)[place].contiguous(), where)
        assert share.is_contiguous()
        sizes = [2 * members] + [0] * (members - 1)
        share = group.reduce_scatterv(mine, dim, sizes)
        same(share, summed.split(sizes, dim)[place], where)
        extents = [member % 3 + 1 for member in range(members)]
        narrow = [parts[m].narrow(dim, 0, min(extents[m], 2)) for m in range(members)]
        extents = [min(extent, 2) for extent in extents]
        result = group.all_gatherv(change(narrow[place].clone()), dim, extents)
        assert isinstance(result, torch.Tensor)
        same(result, torch.cat(narrow, dim), where)
        same(mine, parts[place], f"{where}: the input")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_dim_of_every_kind_of_tensor(
    world_of: Callable[..., World], size: int, kind: str
) -> None:
    world_of(size, **WORLDS[size]).run(on_every_dim, kind)


def in_place(dtype: torch.dtype) -> None:
    """What lies between the elements of a view stays what it is."""
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    for length in (0, 1, 33, 3000, 300_000):
        expected = total([length], members, dtype)
        for act, result in (
            (group.all_reduce_, expected),
            (lambda view: group.broadcast(view, 1), of_member([length], 1, members, dtype)),
        ):
            room = torch.full((length, 3), 9).to(dtype)
            room[:, 1] = of_member([length], place, members, dtype)
            view = room[:, 1]
            assert act(view) is view
            same(view, result)
            assert (room[:, ::2] == torch.tensor(9).to(dtype)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.uint8, torch.bool])
def test_in_place_changes_the_elements_of_a_view_and_no_others(
    world_of: Callable[..., World], dtype: torch.dtype
) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(in_place, dtype)


def of_one_element_in_many_places() -> None:
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    for length in (1, 3, 5000):
        mine = torch.tensor([float(place + 1), 2.0]).repeat(members).unsqueeze(1)
        wide, plain = mine.expand(-1, length), mine.expand(-1, length).clone()
        parts = [
            torch.tensor([float(member + 1), 2.0]).repeat(members).unsqueeze(1).repeat(1, length)
            for member in range(members)
        ]
        summed = torch.stack(parts).sum(0)
        same(group.all_reduce(wide), summed)
        same(group.all_gather(wide, 1), torch.cat(parts, 1))
        same(group.reduce_scatter(wide, 0), summed.chunk(members)[place])
        found = group.gather(wide, 1, 0)
        if place == 1:
            same(found, torch.cat(parts))
            group.send(wide, 0)
        elif place == 0:
            same(group.recv(wide.size(), wide.dtype, 1), parts[1])
        if length > 1:
            for refused in (group.all_reduce_, group.broadcast):
                with pytest.raises(InvalidArgumentError):
                    refused(wide)
        same(wide, plain)
    assert group.all_reduce(torch.ones(1)).item() == members


def test_expanded_tensors(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(of_one_element_in_many_places)


def without_dims() -> None:
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    for dtype in (torch.float64, torch.bfloat16, torch.int8, torch.bool):
        mine = of_member([], place, members, dtype)
        same(group.all_reduce(mine), total([], members, dtype))
        parts = [of_member([1], member, members, dtype) for member in range(members)]
        for dim in (0, -1):
            same(group.all_gather(mine, dim), torch.cat(parts))
        if group.gather(mine, members - 1) is not None:
            assert place == members - 1
        group.broadcast(mine, 1)
        same(mine, of_member([], 1, members, dtype))


def test_tensors_without_dims(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(without_dims)


# How sums are rounded


def rounded(dtype: torch.dtype) -> int:
    """Sums of any numbers, in rank order, 16-bit ones in 32 bits and rounded once."""
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    results = []
    for size in (1, 7, 5000, 200_001, members * 100_000):
        torch.manual_seed(size)
        given = [(torch.randn(size) * 100).to(dtype) for _ in range(members)]
        wide = torch.float32 if dtype.itemsize == 2 else dtype
        expected = given[0].to(wide)
        for part in given[1:]:
            expected = expected + part.to(wide)
        results.append(group.all_reduce(given[place]))
        same(results[-1], expected.to(dtype), f"{size} elements")
        mine = given[place].clone()
        group.all_reduce_(mine)
        same(mine, expected.to(dtype), f"{size} elements in place")
        if size % members == 0:
            share = group.reduce_scatter(given[place], 0)
            same(share, expected.to(dtype).chunk(members)[place], "reduce_scatter")
    return digest(results)


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(size, dtype) for size in (2, 3, 4) for dtype in FLOATS] + [(8, torch.bfloat16)],
)
def test_sums_are_in_rank_order_and_rounded_once(
    world_of: Callable[..., World], size: int, dtype: torch.dtype
) -> None:
    digests = world_of(size, **WORLDS[size]).run(rounded, dtype)
    assert len(set(digests)) == 1


def special() -> None:
    """Infinities, what is not a number, negative zeros and subnormal numbers come through."""
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    infinite = float("inf")
    for dtype in FLOATS:
        tiny = torch.finfo(dtype).smallest_normal / 4
        mine = torch.tensor([infinite, infinite, float("nan"), -0.0, tiny], dtype=dtype)
        if place == members - 1:
            mine[1] = -infinite
        result = group.all_reduce(mine)
        assert result[0] == infinite
        assert result[1:3].isnan().all()
        assert result[3] == 0
        assert torch.signbit(result[3])
        assert result[4] == torch.tensor(tiny, dtype=dtype) * members
        for length in (1, 4096):
            same(group.all_gather(mine.repeat(length), 0)[:5], first(mine, members), "all_gather")


def first(mine: torch.Tensor, members: int) -> torch.Tensor:
    head = mine.clone()
    head[1] = float("inf")  # only the last member's is negative
    assert members > 1
    return head


def test_special_numbers(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(special)


# Modes of torch


def results_of(group: vd.GroupCoordinator, mine: torch.Tensor) -> list[torch.Tensor]:
    """Return what every operation makes of a tensor whose extent the group can share."""
    found = group.gather(mine, 0, 0)
    results = [group.all_reduce(mine), group.all_gather(mine, 0), group.reduce_scatter(mine, 0)]
    return results if found is None else [*results, found]


def check_results(group: vd.GroupCoordinator, size: int, results: list[torch.Tensor]) -> None:
    members, place = group.world_size, group.rank_in_group
    parts = [of_member([size], member, members) for member in range(members)]
    summed = total([size], members)
    expected = [summed, torch.cat(parts), summed.chunk(members)[place], torch.cat(parts)]
    for result, wanted in zip(results, expected, strict=False):
        same(result, wanted)


MODES = ("inference", "outside with what was made inside", "inside with what was made outside")


def in_inference_mode(mode: str) -> None:
    """Also the first call of a group, in which buffers may be made that later calls use."""
    rank = vd.get_world_group().rank
    everybody = list(range(vd.get_world_group().world_size))
    group = vd.init_model_parallel_group([everybody], rank, "gloo", group_name="inference")
    members, place = group.world_size, group.rank_in_group
    for size in (members * 4, members * 100_000):
        with torch.inference_mode(mode != "inside with what was made outside"):
            mine = of_member([size], place, members)
        with torch.inference_mode(mode != "outside with what was made inside"):
            check_results(group, size, results_of(group, mine))
            summed = group.all_reduce(mine)
            same(group.broadcast(summed, 1), total([size], members))
            assert group.all_reduce_(mine) is mine
            same(mine, total([size], members))
            assert group.broadcast(mine, 0) is mine
            received = group.broadcast_tensor_dict(
                {"a": mine, "b": mine[:3]} if not place else None
            )
            assert received is not None
            if place == 0:
                group.send(mine, 1)
                group.send_tensor_dict({"a": mine}, 1)
            elif place == 1:
                same(group.recv(mine.size(), mine.dtype, 0), mine)
                sent = group.recv_tensor_dict(0)
                assert sent is not None
                same(sent["a"], mine)
        same(received["a"], mine)
    check_results(group, members * 4, results_of(group, of_member([members * 4], place, members)))
    group.destroy()


@pytest.mark.parametrize("mode", MODES)
def test_inference_mode(world_of: Callable[..., World], mode: str) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(in_inference_mode, mode)


@torch.no_grad()
def of_parameters() -> None:
    """Under no_grad a parameter is summed and overwritten as it is."""
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    for size in (members, members * 50_000):
        leaf = of_member([size], place, members).requires_grad_()
        check_results(group, size, results_of(group, leaf))
        assert not any(result.requires_grad for result in results_of(group, leaf))
        computed = leaf * 1
        same(group.all_reduce(computed), total([size], members))
        group.broadcast(leaf, 1)
        same(leaf, of_member([size], 1, members))
        assert leaf.requires_grad
        assert leaf.is_leaf
        group.all_reduce_(leaf)
        same(leaf, of_member([size], 1, members) * members)
        with torch.enable_grad():
            leaf.sum().backward()
        gradient = leaf.grad
        assert gradient is not None
        group.all_reduce_(gradient)
        assert gradient.unique().tolist() == [members]


def test_parameters_and_gradients(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(of_parameters)


def under_other_defaults() -> None:
    """Another default device and dtype, as while a model is loaded, change nothing."""
    group = vd.get_world_group()
    members, place = group.world_size, group.rank_in_group
    sizes = (members, members * 50_000)
    given = [of_member([size], place, members) for size in sizes]
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            found = [results_of(group, mine) for mine in given]
            group.barrier()
    finally:
        torch.set_default_dtype(torch.float32)
    for size, results in zip(sizes, found, strict=True):
        check_results(group, size, results)


def test_default_device_and_dtype_change_nothing(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(under_other_defaults)


# Results belong to the caller


def kept() -> None:
    """What was returned stays what it is, whatever the group does next and when it is gone."""
    rank = vd.get_world_group().rank
    everybody = list(range(vd.get_world_group().world_size))
    group = vd.init_model_parallel_group([everybody], rank, "gloo", group_name="kept")
    members, place = group.world_size, group.rank_in_group
    results: list[tuple[int, list[torch.Tensor]]] = []
    for size in (members, members * 1000, members * 100_000):
        results.append((size, results_of(group, of_member([size], place, members))))
    value: dict[str, Any] = {"small": of_member([5], 0, members), "large": of_member([MIB], 0, 2)}
    received = group.broadcast_tensor_dict(value if place == 0 else None)
    assert received is not None
    if place == 0:
        group.send_tensor_dict(value, 1)
        group.send(value["large"], 1)
    elif place == 1:
        sent = group.recv_tensor_dict(0)
        assert sent is not None
        received.update({f"sent {name}": tensor for name, tensor in sent.items()})
        received["tensor"] = group.recv(torch.Size([MIB]), torch.float32, 0)
    for size in (members * 2, members * 110_000):
        for tensor in results_of(group, torch.full((size,), -5.0)):
            tensor.fill_(-7)  # nor does changing one change another
    group.broadcast_tensor_dict({"a": torch.full((MIB,), -1.0)} if place == 0 else None)
    group.destroy()
    for size, tensors in results:
        check_results(group, size, tensors)
    for name, tensor in received.items():
        same(tensor, value["small" if "small" in name else "large"], name)


def test_results_are_the_callers_own(world_of: Callable[..., World]) -> None:
    for size in (2, 3):
        world_of(size, **WORLDS[size]).run(kept)


def in_a_large_group(rank: int, port: int, size: int) -> None:
    join_world(rank, port, size, SHARED_MEMORY, {})
    for operation in ("sums", "shares", "gathers", "broadcasts", "point to point"):
        for length in (1, 4097):
            OPERATIONS[operation][0](vd.get_world_group(), torch.bfloat16, length)
    vd.get_world_group().barrier()


def test_sixteen_ranks() -> None:
    """Slots and rings are smaller where there are many."""
    run_ranks(16, in_a_large_group, deadline_s=60)
