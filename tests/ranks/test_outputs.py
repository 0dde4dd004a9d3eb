"""Where results go: new memory, the caller's `out`, or memory that is used again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.tensors import buffer_pool as reusable_memory
from vllm_distributed.tensors.buffer_pool import SMALLEST_BYTES, ReusableMemory
from vllm_distributed.tensors.outputs import empty, using

Group = vd.GroupCoordinator
Of = Callable[..., Any]

DTYPES = [torch.float32, torch.bfloat16, torch.int16, torch.uint64, torch.bool, torch.complex64]
MOVED = [*DTYPES, torch.float8_e4m3fn]
PLACES = ["contiguous", "strided", "in a larger one", "conjugated"]


def tensor_of(shape: Sequence[int], rank: int, dtype: torch.dtype) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return ((torch.arange(count) * 3 + rank * 5) % 7).float().to(dtype).reshape(tuple(shape))


def sizes_of(group: Group) -> list[int]:
    """Extents that differ, one of them 0 where there are several."""
    return [2] if group.world_size == 1 else [2 * rank for rank in range(group.world_size)]


def calls(group: Group, dtype: torch.dtype) -> dict[str, Callable[..., torch.Tensor | None]]:
    """What is called with and without an `out`."""
    n, sizes, at = group.world_size, sizes_of(group), group.rank_in_group
    whole = tensor_of((n, 2 * n, 3), group.rank, dtype)
    own = tensor_of((3, sizes[at]), group.rank, dtype)
    parts = tensor_of((2, sum(sizes)), group.rank, dtype)
    scalar = tensor_of((), group.rank, dtype)
    found: dict[str, Callable[..., torch.Tensor | None]] = {
        "all_gather of a scalar": lambda **more: group.all_gather(scalar, **more),
        "all_gatherv": lambda **more: group.all_gatherv(own, 1, sizes, **more),  # type: ignore[dict-item,return-value]
        "all_gatherv rows": lambda **more: group.all_gatherv(own.t(), 0, sizes, **more),  # type: ignore[dict-item,return-value]
        "gather": lambda **more: group.gather(whole, n - 1, 1, **more),
    }
    for dim in (0, 1, -1):
        found[f"all_gather {dim}"] = lambda dim=dim, **more: group.all_gather(whole, dim, **more)
        found[f"all_gatherv {dim}"] = lambda dim=dim, **more: group.all_gatherv(whole, dim, **more)
    if dtype in DTYPES:
        found["all_reduce"] = lambda **more: group.all_reduce(whole, **more)
        found["reduce_scatterv"] = lambda **more: group.reduce_scatterv(parts, 1, sizes, **more)
        for dim in (0, 1):
            found[f"reduce_scatter {dim}"] = lambda dim=dim, **more: group.reduce_scatter(
                whole, dim, **more
            )
            found[f"reduce_scatterv {dim}"] = lambda dim=dim, **more: group.reduce_scatterv(
                whole, dim, **more
            )
    return found


def place_like(result: torch.Tensor, kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a place for a result, and the memory it lies in, all of which is filled with ones."""
    shape, dtype = list(result.shape), result.dtype
    if kind == "strided" and shape:
        around = torch.ones(*shape[:-1], 2 * shape[-1]).to(dtype)
        return around[..., ::2], around
    if kind == "in a larger one":
        around = torch.ones(result.numel() + 20).to(dtype)
        return around[10:-10].view(shape), around
    around = torch.ones(shape).to(dtype)
    return (around.conj() if kind == "conjugated" and dtype.is_complex else around), around


def bits(tensor: torch.Tensor) -> list[int]:
    plain = tensor.resolve_conj().contiguous()
    return plain.view(-1).view(torch.uint8).tolist()


def written() -> None:
    group = vd.get_tp_group()
    for dtype in MOVED:
        for name, call in calls(group, dtype).items():
            expected = call()
            for kind in PLACES:
                what = f"{name} of {dtype}, {kind}"
                if expected is None:
                    assert call(out=None) is None
                    continue
                out, around = place_like(expected, kind)
                assert call(out=out) is out, what
                assert bits(out) == bits(expected), what
                # Nothing around it has changed.
                ones = bits(torch.ones(around.numel() - out.numel()).to(dtype))
                beside = torch.ones_like(around, dtype=torch.bool)
                if kind == "strided" and out.dim():
                    beside[..., ::2] = False
                elif kind == "in a larger one":
                    beside[10:-10] = False
                else:
                    beside[...] = False
                assert bits(around[beside]) == ones, what
    received_in_place(group)


def received_in_place(group: Group) -> None:
    if group.world_size == 1:
        return
    for dtype in MOVED:
        for kind in PLACES:
            group.send(tensor_of((2, 3), group.rank_in_group, dtype)) if group.is_first_rank else 0
            if group.rank_in_group == 1:
                out, _ = place_like(tensor_of((2, 3), 0, dtype), kind)
                assert group.recv(torch.Size([2, 3]), dtype, out=out) is out
                assert bits(out) == bits(tensor_of((2, 3), 0, dtype))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_result_is_written_into_out(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(written, deadline_s=60)


def itself() -> None:
    group = vd.get_tp_group()
    for dtype in DTYPES:
        expected = group.all_reduce(tensor_of((3, 4), group.rank, dtype))
        for turn in (False, True):
            mine = tensor_of((3, 4), group.rank, dtype)
            if turn:
                mine = mine.t().contiguous().t()
            assert group.all_reduce(mine, mine) is mine
            assert bits(mine) == bits(expected)
            again = tensor_of((3, 4), group.rank, dtype)
            view = again.view(12).view(3, 4)
            assert group.all_reduce(again, out=view) is view
            assert bits(again) == bits(expected)


@pytest.mark.parametrize("size", [1, 2])
def test_all_reduce_may_replace_its_input(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(itself)


def several() -> None:
    group = vd.get_tp_group()
    tensors = [tensor_of((2, 3), group.rank, torch.float32), torch.arange(2)]
    outs = [torch.empty(4, 3), torch.empty(8, dtype=torch.int64)[::2]]
    expected = group.all_gatherv(tensors)
    result = group.all_gatherv(tensors, out=outs)
    assert isinstance(result, list)
    for one, out, right in zip(result, outs, expected, strict=True):
        assert one is out
        assert torch.equal(out, right)
    wide = torch.empty(10, 3)
    for bad, words in (
        (outs[0], "a list of 2 tensors"),
        (outs[:1], "a list of 2 tensors.*list of 1"),
        ([outs[0], None], r"out\[1\] must be a torch.Tensor"),
        ([outs[0], tensors[1].repeat(2).int()], r"out\[1\] has shape \[4\], torch.int32"),
    ):
        with pytest.raises((InvalidTypeError, InvalidArgumentError), match=words):
            group.all_gatherv(tensors, out=bad)
    with pytest.raises(InvalidArgumentError, match=r"out\[1\] lies in .* as out\[0\]"):
        group.all_gatherv([tensors[0]] * 2, out=[wide[:4], wide[3:7]])
    group.all_gatherv([tensors[0]] * 2, out=[wide[:4], wide[4:8]])


def test_several_tensors_have_a_place_each(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(several)


# what is wrong -> (a call on a group of two, words of its message)
REFUSED: dict[str, tuple[Of, list[str]]] = {
    "shape": (
        lambda g: g.all_gather(torch.ones(2), 0, torch.empty(2)),
        ["out has shape [2]", "result has shape [4]", "torch.empty([4], dtype=torch.float32"],
    ),
    "part": (lambda g: g.reduce_scatter(torch.ones(4), 0, torch.empty(4)), ["has shape [2]"]),
    "sizes": (
        lambda g: g.reduce_scatterv(torch.ones(4), 0, [1, 3], torch.empty(2)),
        ["result has shape [", "out has shape [2]"],
    ),
    "dtype": (
        lambda g: g.all_reduce(torch.ones(2), torch.empty(2, dtype=torch.float64)),
        ["torch.float64 on cpu", "torch.float32 on cpu"],
    ),
    "recv": (
        lambda g: g.recv([2], torch.int8, out=torch.empty(2)),
        ["torch.float32 on cpu", "torch.int8 on cpu"],
    ),
    "gradient": (
        lambda g: g.all_reduce(torch.ones(2), torch.empty(2, requires_grad=True)),
        ["requires a gradient", "out.detach()"],
    ),
    "overlaps itself": (
        lambda g: g.all_reduce(torch.ones(4), torch.zeros(1).expand(4)),
        ["same place", "strides [0]", "torch.empty([4]"],
    ),
    "overlaps the input": (
        lambda g: (lambda whole: g.all_gather(whole[:2], 0, whole))(torch.ones(4)),
        ["out lies in the same stretch of memory as input_", "a tensor of its own"],
    ),
    "overlaps the input by a part": (
        lambda g: (lambda whole: g.all_reduce(whole[:3], whole[1:]))(torch.ones(4)),
        ["same stretch of memory", "the input itself"],
    ),
    "is the input": (
        lambda g: (lambda whole: g.all_gatherv(whole, 0, [4, 4], whole))(torch.ones(4)),
        ["out has shape [4]"],
    ),
    "transposed": (
        lambda g: (lambda whole: g.all_reduce(whole, whole.t()))(torch.ones(3, 3)),
        ["same stretch of memory"],
    ),
    "sparse": (
        lambda g: g.all_reduce(torch.ones(2, 2), torch.ones(2, 2).to_sparse()),
        ["out must be a dense tensor", "to_dense"],
    ),
    "meta": (
        lambda g: g.all_reduce(torch.ones(2), torch.ones(2, device="meta")),
        ["out must be a dense tensor", "meta"],
    ),
    "no tensor": (lambda g: g.all_reduce(torch.ones(2), [0.0, 0.0]), ["torch.Tensor", "list"]),
    "nowhere": (
        lambda g: g.gather(torch.ones(2), 1 - g.rank_in_group, 0, torch.empty(4)),
        ["only dst=", "None elsewhere"],
    ),
    "sparse input": (
        lambda g: g.all_reduce(torch.ones(2, 2).to_sparse(), torch.empty(2, 2)),
        ["input_ must be a dense tensor"],
    ),
}


def refused(name: str) -> None:
    group = vd.get_tp_group()
    call, words = REFUSED[name]
    with pytest.raises((InvalidArgumentError, InvalidTypeError)) as caught:
        call(group)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert caught.value.details
    # Nothing was sent.
    assert group.all_reduce(torch.ones(1)).item() == 2


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_place_is_refused(world_of: Callable[..., World], name: str) -> None:
    world_of(2, tensor_model_parallel_size=2).run(refused, name)


def refused_alone() -> None:
    group = vd.get_tp_group()
    whole = torch.ones(4)
    with pytest.raises(InvalidArgumentError, match="same stretch"):
        group.all_gather(whole, 0, whole)
    with pytest.raises(InvalidArgumentError, match=r"result has shape \[4\]"):
        group.all_reduce(whole, whole[:2])


def test_a_group_of_one_takes_the_same_places(world_of: Callable[..., World]) -> None:
    world_of(1).run(refused_alone)


def fresh() -> None:
    """Without `out` no two results, and no result and its input, have memory in common."""
    group = vd.get_tp_group()
    for dtype in DTYPES:
        for name, call in calls(group, dtype).items():
            first, second = call(), call()
            assert (first is None) == (second is None)
            if first is not None and second is not None:
                before = bits(first)
                second.zero_()
                assert bits(first) == before, name
            third = call()
            if third is not None:
                assert bits(third) == before, name


def test_results_are_new_without_out(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(fresh)


class Older(vd.DeviceCommunicatorBase):
    """As one that was written before there was an `out`."""

    def all_reduce(self, input_: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().all_reduce(input_)


def older() -> None:
    group = vd.get_tp_group()
    before = group._communicator
    group._communicator = Older(group.cpu_group, group.device, group.device_group, "older")
    try:
        assert group.all_reduce(torch.ones(2)).tolist() == [2.0, 2.0]
    finally:
        group._communicator = before


def test_a_communicator_need_not_know_out(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(older)


def compiled() -> None:
    group = vd.get_tp_group()

    def layer(tensor: torch.Tensor, total: torch.Tensor, both: torch.Tensor) -> torch.Tensor:
        group.all_reduce(tensor * 2, total)
        group.all_gather(total, 0, both)
        return group.reduce_scatter(both, 0, torch.empty_like(total)) + 1

    run = torch.compile(layer, backend="aot_eager")
    total, both = torch.empty(2), torch.empty(4)
    assert run(torch.ones(2), total, both).tolist() == [9.0, 9.0]
    assert total.tolist() == [4.0, 4.0]
    assert both.tolist() == [4.0] * 4


def test_out_works_in_compiled_code(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(compiled, deadline_s=60)


# Memory that is used again

LARGE = SMALLEST_BYTES // 4  # floats


def reused() -> None:
    """Every collective's result, and what it needs on the way, is where an earlier one was."""
    group, memory = vd.get_tp_group(), ReusableMemory()
    for dtype in DTYPES:
        for size in (8, 2 * LARGE):
            mine = tensor_of((size,), group.rank, dtype)
            expected = group.all_gather(mine, 0)
            places = set()
            with using(memory):
                for _ in range(3):
                    result = group.all_gather(mine, 0)
                    assert bits(result) == bits(expected)
                    assert bits(group.all_reduce(mine)) == bits(mine) or group.world_size > 1
                    places.add(result.data_ptr())
                    del result
            if size > 8:
                assert len(places) == 1
    sizes = [LARGE, 2 * LARGE]
    mine = torch.full((sizes[group.rank_in_group],), float(group.rank_in_group))
    with using(memory):
        kept = group.all_gatherv(mine, 0, sizes)
        other = group.all_gatherv(mine + 5, 0, sizes)
        again = group.reduce_scatterv(torch.ones(3 * LARGE), 0, sizes)
    assert isinstance(kept, torch.Tensor)
    assert kept.sum() == 2 * LARGE, "what is held is not written over"
    assert other.sum() == 17 * LARGE  # type: ignore[union-attr]
    assert again.unique().tolist() == [2.0]


def test_collectives_use_memory_again(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(reused)


def test_views_arrays_and_storages_keep_a_block() -> None:
    memory = ReusableMemory()
    holders: dict[str, Callable[[torch.Tensor], Any]] = {
        "row": lambda tensor: tensor[3],
        "view of a view": lambda tensor: tensor[3:].t()[1],
        "other dtype": lambda tensor: tensor.view(torch.int32),
        "detached": lambda tensor: tensor.detach(),
        "array": lambda tensor: tensor.numpy(),
        "part of an array": lambda tensor: tensor.numpy()[2:],
        "buffer": lambda tensor: memoryview(tensor.numpy()),
        "storage": lambda tensor: tensor.untyped_storage(),
        "graph": lambda tensor: torch.ones(LARGE, requires_grad=True).mul(tensor[0]),
    }
    for name, hold in holders.items():
        tensor = memory.empty([4, LARGE], torch.float32)
        place = tensor.data_ptr()
        held = hold(tensor)
        del tensor
        assert memory.empty([4, LARGE], torch.float32).data_ptr() != place, name
        idle = memory.idle_bytes
        del held
        assert memory.idle_bytes == idle + 16 * LARGE, name
        memory.trim()
        assert memory.idle_bytes == 0


@pytest.mark.parametrize("dtype", MOVED)
def test_a_block_is_a_tensor_like_any_other(dtype: torch.dtype) -> None:
    tensor = ReusableMemory().empty([3, 5, LARGE], dtype)
    assert (tensor.shape, tensor.dtype, tensor.device) == (
        (3, 5, LARGE),
        dtype,
        torch.device("cpu"),
    )
    assert tensor.is_contiguous()
    assert tensor.data_ptr() % 64 == 0
    assert not tensor.requires_grad
    assert bits(tensor.zero_()[0, 0, :4]) == [0] * 4 * dtype.itemsize


def test_what_is_small_or_too_large_is_not_kept() -> None:
    memory = ReusableMemory(2 * SMALLEST_BYTES)
    for count in (0, 1, SMALLEST_BYTES - 1, 2 * SMALLEST_BYTES + 1):
        del_me = memory.empty([count], torch.uint8)
        assert del_me.numel() == count
        del del_me
        assert memory.idle_bytes == 0
    for count in (SMALLEST_BYTES, 2 * SMALLEST_BYTES):
        memory.empty([count], torch.uint8)
        assert memory.idle_bytes == count


def test_idle_memory_has_a_limit_and_the_oldest_goes_first() -> None:
    memory = ReusableMemory(4 * SMALLEST_BYTES)
    held = [memory.empty([SMALLEST_BYTES], torch.uint8) for _ in range(10)]
    assert memory.idle_bytes == 0
    del held
    assert memory.idle_bytes == 4 * SMALLEST_BYTES
    memory.empty([3 * SMALLEST_BYTES], torch.uint8)
    assert memory.idle_bytes == 4 * SMALLEST_BYTES, "three small ones made room"
    memory.empty([SMALLEST_BYTES], torch.uint8)
    memory.empty([2 * SMALLEST_BYTES], torch.uint8)
    assert memory.idle_bytes == 3 * SMALLEST_BYTES, "the largest went"
    memory.trim()
    assert memory.idle_bytes == 0
    memory.empty([SMALLEST_BYTES], torch.uint8)
    assert memory.idle_bytes == SMALLEST_BYTES, "it can still be used"


def test_sizes_near_each_other_share_blocks_and_waste_little() -> None:
    for needed in range(SMALLEST_BYTES, 40 * SMALLEST_BYTES, 997):
        size = reusable_memory._block_size(needed)
        assert needed <= size <= needed * 9 / 8 + 4096
        assert size % 4096 == 0


@pytest.mark.parametrize("limit", [-1, 1.5, "1", True, None])
def test_a_limit_is_an_integer(limit: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="idle_bytes must be an integer"):
        ReusableMemory(limit)


def test_memory_outlives_whom_it_was_made_by() -> None:
    memory = ReusableMemory()
    tensor = memory.empty([LARGE], torch.float32).fill_(7)
    del memory
    assert tensor.unique().tolist() == [7.0]


def test_it_is_in_force_in_its_thread_and_block_alone() -> None:
    memory, other = ReusableMemory(), ReusableMemory()
    elsewhere: list[torch.Tensor] = []
    with using(memory):
        with using(other):
            empty([LARGE], torch.float32)
        assert (memory.idle_bytes, other.idle_bytes) == (0, 4 * LARGE)
        thread = threading.Thread(target=lambda: elsewhere.append(empty([LARGE], torch.float32)))
        thread.start()
        thread.join()
        empty([LARGE], torch.float32)
        with pytest.raises(ZeroDivisionError), using(other):
            raise ZeroDivisionError
        assert memory.idle_bytes == 4 * LARGE
    empty([LARGE], torch.float32)
    elsewhere.clear()
    assert memory.idle_bytes == 4 * LARGE


def test_threads_share_it() -> None:
    memory, wrong = ReusableMemory(32 * SMALLEST_BYTES), []

    def work(number: int) -> None:
        held: list[torch.Tensor] = []
        for step in range(300):
            tensor = memory.empty([SMALLEST_BYTES * (1 + step % 3)], torch.uint8).fill_(number)
            held.append(tensor)
            if len(held) > 3:
                wrong.extend(one for one in held if one[0] != number or one[-1] != number)
                held.clear()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert memory.idle_bytes <= 32 * SMALLEST_BYTES


def test_a_block_may_come_back_while_the_lock_is_held() -> None:
    """The garbage collector runs anywhere, also where a block is being taken."""
    memory = ReusableMemory()
    tensor = memory.empty([SMALLEST_BYTES], torch.uint8)
    with memory._lock:
        del tensor
    assert memory.idle_bytes == SMALLEST_BYTES
