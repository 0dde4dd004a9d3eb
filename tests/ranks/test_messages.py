"""Objects and dicts of tensors between ranks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from rank_harness import CARRIERS, GLOO, World

import vllm_distributed as vd
from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidRankError


@pytest.fixture(params=CARRIERS)
def world_of(worlds: Callable[..., World], request: pytest.FixtureRequest) -> Callable[..., World]:
    """Every test of this file over both."""
    return functools.partial(worlds, over=request.param)


OBJECTS: list[Any] = [
    None,
    True,
    -(2**200),
    3.5,
    "text with ü and \ud800",
    b"\x00" * 5000,
    "x" * 1016,
    [1, (2, 3), {"a": {4, 5}}],
    {(1, 2): None, b"k": 1j, None: frozenset({1})},
    torch.bfloat16,
    torch.device("cpu"),
    torch.Size([2, 3]),
]


def nested(rank: int) -> dict[str, Any]:
    """A dict with everything that can be in one; the values depend on the rank."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) + rank
    return {
        "plain": base,
        "strided": base.t()[::2],
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(rank),
        "half": base.to(torch.bfloat16),
        "mask": base > 5,
        "float8": base.to(torch.float8_e4m3fn),
        "words": ["a", ("b", rank)],
        "deep": {"list": [base + 1, {"x": base + 2}], "tuple": (base + 3, None)},
        "number": 2**70 + rank,
    }


def same_value(actual: Any, expected: Any) -> None:
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            same_value(actual[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            same_value(one, other)
    elif isinstance(expected, torch.Tensor):
        assert actual.dtype == expected.dtype
        assert torch.equal(actual.to(torch.float64), expected.to(torch.float64))
    else:
        assert actual == expected


def objects_from_every_source() -> None:
    for get in (vd.get_world_group, vd.get_tp_group, vd.get_pp_group):
        group = get()
        for src in range(group.world_size):
            for value in OBJECTS:
                mine = value if group.rank_in_group == src else "ignored"
                same_value(group.broadcast_object(mine, src), value)
            listed: list[Any] = OBJECTS[:4] if group.rank_in_group == src else [0] * 4
            assert group.broadcast_object_list(listed, src) is listed
            same_value(listed, OBJECTS[:4])


def test_objects_from_every_source(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        objects_from_every_source
    )
    world_of(1).run(objects_from_every_source)


def tensor_dicts_from_every_source() -> None:
    for get in (vd.get_world_group, vd.get_tp_group, vd.get_pp_group):
        group = get()
        for src in range(group.world_size):
            mine = nested(group.rank) if group.rank_in_group == src else None
            received = group.broadcast_tensor_dict(mine, src)
            same_value(received, nested(group.ranks[src]))
            if group.rank_in_group == src:
                assert received is mine


def test_tensor_dicts_from_every_source(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        tensor_dicts_from_every_source
    )
    world_of(1).run(tensor_dicts_from_every_source)


def around_the_ring() -> None:
    group = vd.get_world_group()
    for value in OBJECTS:
        if group.rank_in_group % 2 == 0:
            group.send_object(value, (group.rank_in_group + 1) % group.world_size)
            received = group.recv_object((group.rank_in_group - 1) % group.world_size)
        else:
            received = group.recv_object((group.rank_in_group - 1) % group.world_size)
            group.send_object(value, (group.rank_in_group + 1) % group.world_size)
        same_value(received, value)
    if group.rank_in_group % 2 == 0:
        assert group.send_tensor_dict(nested(group.rank)) is None
        received = group.recv_tensor_dict()
    else:
        received = group.recv_tensor_dict()
        group.send_tensor_dict(nested(group.rank))
    same_value(received, nested(group.prev_rank))


def test_objects_and_dicts_around_the_ring(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(around_the_ring)
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(around_the_ring)


def through_the_pipeline() -> list[str]:
    """Both tensor ranks of stage 0 hold the same tensors; each sends a slice, stage 1 gathers."""
    pp, tp = vd.get_pp_group(), vd.get_tp_group()
    even = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    odd = torch.arange(5, dtype=torch.int16)
    own = torch.full((4,), float(tp.rank_in_group))
    value = {"even": even.t(), "odd": odd, "own": own, "deep": {"even": even + 1}, "n": 1}
    keep = {"own": False}
    if pp.is_first_rank:
        pp.send_tensor_dict(value, all_gather_group=tp, all_gather_tensors=keep)
        return []
    received = pp.recv_tensor_dict(all_gather_group=tp, all_gather_tensors=keep)
    same_value(received, value)
    return list(received or {})


def test_slices_are_gathered_on_arrival(world_of: Callable[..., World]) -> None:
    results = world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        through_the_pipeline
    )
    assert results[2] == results[3] == ["even", "odd", "own", "deep", "n"]


def gather_group_on_one_side_only() -> None:
    pp, tp = vd.get_pp_group(), vd.get_tp_group()
    if pp.is_first_rank:
        pp.send_tensor_dict({"a": torch.zeros(4)}, all_gather_group=tp)
    else:
        with pytest.raises(InvalidArgumentError, match=r"2 slices.*passed none"):
            pp.recv_tensor_dict()
    same_value(pp.broadcast_object(7), 7)


def test_a_missing_gather_group_is_an_error_and_the_group_works_on(
    world_of: Callable[..., World],
) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        gather_group_on_one_side_only
    )


def other_process_groups() -> None:
    """`group` and `metadata_group` are used, and translated: src is rank 1 of the world group."""
    world = vd.get_world_group()
    pair = dist.new_group([1, 3], backend="gloo")
    if world.rank in (1, 3):
        values = ["a", 2] if world.rank == 1 else [None, None]
        assert world.broadcast_object_list(values, 1, group=pair) == ["a", 2]
        mine = nested(1) if world.rank == 1 else None
        received = world.broadcast_tensor_dict(mine, 1, group=pair, metadata_group=pair)
        same_value(received, nested(1))
        with pytest.raises(InvalidRankError, match=r"rank 0 is not in .*\[1, 3\]"):
            world.broadcast_object_list([1], 0, group=pair)
    world.barrier()


def test_another_process_group_is_honoured(world_of: Callable[..., World]) -> None:
    world_of(4, tensor_model_parallel_size=2, pipeline_model_parallel_size=2).run(
        other_process_groups
    )


def unsendable() -> None:
    group = vd.get_world_group()
    if group.rank == 0:
        for attempt in (
            lambda: group.broadcast_object(object()),
            lambda: group.send_object({"a": [object()]}, 1),
            lambda: group.broadcast_tensor_dict({"a": torch.zeros(2), "b": object()}),
            lambda: group.send_tensor_dict({"a": torch.zeros(2), "b": object()}, 1),
        ):
            with pytest.raises(EncodingError, match=r"object.*VLLM_ALLOW_INSECURE_SERIALIZATION"):
                attempt()
    same_value(group.broadcast_object("still works"), "still works")
    lengths = [1] * (2 if group.rank == 0 else 3)
    if group.rank == 0:
        group.broadcast_object_list(lengths)
    else:
        with pytest.raises(InvalidArgumentError, match=r"sent 2 objects.*list of 3"):
            group.broadcast_object_list(lengths)
    group.barrier()


def test_what_cannot_travel_is_refused_before_anything_is_sent(
    world_of: Callable[..., World],
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(unsendable)


ARRAYS: list[Any] = [
    np.arange(6.0).reshape(2, 3).T,
    np.array(["a", "text"]),
    np.array([1, 2], ">i4"),
    np.float32(3.5),
    np.bool_(True),
]


def same_arrays(received: Any) -> None:
    assert [type(array) for array in received] == [type(array) for array in ARRAYS]
    assert [array.dtype for array in received] == [array.dtype for array in ARRAYS]
    for array, expected in zip(received, ARRAYS, strict=True):
        assert np.array_equal(array, expected)


def numpy_on_every_path() -> None:
    """With and without a message queue, from the queue's writer and from another rank."""
    with_queue = vd.init_model_parallel_group(
        [[0, 1]], 0, "gloo", use_message_queue_broadcaster=True, group_name="queue"
    )
    assert with_queue.mq_broadcaster is not None
    plain = vd.get_world_group()
    assert plain.mq_broadcaster is None
    for group in (with_queue, plain):
        for src in range(2):
            is_source = group.rank_in_group == src
            same_arrays(group.broadcast_object(ARRAYS if is_source else None, src))
            listed: list[Any] = list(ARRAYS) if is_source else [None] * len(ARRAYS)
            same_arrays(group.broadcast_object_list(listed, src))
            # Not through the queue, which has one writer: also where it is another rank.
            mine = {**nested(src), "arrays": ARRAYS} if is_source else None
            received = group.broadcast_tensor_dict(mine, src)
            assert received is not None
            same_arrays(received.pop("arrays"))
            same_value(received, nested(src))
    if plain.rank == 0:
        plain.send_object(ARRAYS, 1)
    else:
        same_arrays(plain.recv_object(0))
    with_queue.destroy()


def test_numpy_travels_on_every_path_with_and_without_a_queue(
    world_of: Callable[..., World],
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(numpy_on_every_path)


# As long as the beginning of a frame. With devices the CPU group carries CPU tensors too.
FLOATS = torch.full((256,), -1.0)
Act = Callable[[vd.GroupCoordinator], Any]

# What rank 0 sends, what rank 1 takes it for, and what rank 1 is told.
OUT_OF_STEP: dict[str, tuple[Act, Act, str]] = {
    "object for dict": (
        lambda g: g.broadcast_object("x" * 5000),
        lambda g: g.broadcast_tensor_dict(),
        "an object in place of a dict",
    ),
    "dict for object": (
        lambda g: g.broadcast_tensor_dict({"a": torch.ones(500), "b": "x" * 5000}),
        lambda g: g.broadcast_object(),
        "a dict of tensors in place of an object",
    ),
    "object for list": (
        lambda g: g.broadcast_object(5),
        lambda g: g.broadcast_object_list([None]),
        "an object in place of a list of objects",
    ),
    "tensor for dict": (
        lambda g: dist.broadcast(FLOATS, g.first_rank, group=g.cpu_group),
        lambda g: g.broadcast_tensor_dict(),
        "something else than a dict",
    ),
    "tensor for object": (
        lambda g: dist.broadcast(FLOATS, g.first_rank, group=g.cpu_group),
        lambda g: g.broadcast_object(),
        "something else than an object",
    ),
    "sent object for dict": (
        lambda g: g.send_object("x" * 5000, 1),
        lambda g: g.recv_tensor_dict(),
        "an object in place of a dict",
    ),
    "sent dict for object": (
        lambda g: g.send_tensor_dict({"a": torch.ones(500)}),
        lambda g: g.recv_object(0),
        "a dict of tensors in place of an object",
    ),
    "sent tensor for dict": (
        lambda g: dist.send(FLOATS, g.last_rank, group=g.cpu_group),
        lambda g: g.recv_tensor_dict(),
        "something else than a dict",
    ),
    "sent tensor for object": (
        lambda g: dist.send(FLOATS, g.last_rank, group=g.cpu_group),
        lambda g: g.recv_object(0),
        "something else than an object",
    ),
}


def out_of_step(over: str) -> None:
    group = vd.get_world_group()
    for name, (send, take, words) in OUT_OF_STEP.items():
        if over != GLOO and "tensor" in name:
            continue  # torch's own groups have nothing to do with it
        if group.rank == 0:
            send(group)
        else:
            with pytest.raises(EncodingError) as caught:
                take(group)
            assert words in str(caught.value), name
            assert "made another call" in str(caught.value), name
        assert group.all_reduce(torch.ones(1)).item() == 2, name  # in step again


@pytest.mark.parametrize("over", CARRIERS)
def test_ranks_out_of_step_are_told_and_allocate_nothing(over: str) -> None:
    world = World(2, over=over, tensor_model_parallel_size=2)
    try:
        world.run(out_of_step, over)
    finally:
        world.stop()


def under_another_default_device() -> None:
    """As while a model is loaded: messages and counts stay on the CPU."""
    group = vd.get_world_group()
    with torch.device("meta"):
        same_value(group.broadcast_object("x" * 5000 if group.rank == 0 else None), "x" * 5000)
        received = group.broadcast_tensor_dict(VALUE if group.rank == 0 else None)
        if group.rank == 0:
            group.send(VALUE["a"])
        else:
            same_value(group.recv(VALUE["a"].size(), VALUE["a"].dtype), VALUE["a"])
        tokens, _ = group.dispatch(VALUE["a"], router_logits=VALUE["a"])
    same_value(received, VALUE)
    same_value(tokens, torch.cat([VALUE["a"]] * 2))


VALUE = {"a": torch.arange(6.0).reshape(2, 3), "large": torch.ones(300_000), "text": "x" * 2000}


def test_a_default_device_changes_nothing(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(under_another_default_device)
