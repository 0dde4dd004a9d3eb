"""Groups that pass objects and tensors through a store alone."""

from __future__ import annotations

import gc
import inspect
import math
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import World, outcomes_of, run_ranks
from stateless_places import grown, held, listening, published
from torch.distributed import ReduceOp

import vllm_distributed as vd
from vllm_distributed.errors import (
    DistributedError,
    EncodingError,
    GroupDestroyedError,
    InvalidArgumentError,
    RendezvousError,
    RollCallTimeoutError,
    StoreLostError,
    UnsupportedDtypeError,
)

Group = vd.StatelessProcessGroup
TWO = {"tensor_model_parallel_size": 2}
FOUR = {"tensor_model_parallel_size": 4}


def group_of_the_world(store_timeout: int = 20, expiration: int = 3600) -> Group:
    world = vd.get_world_group()
    port, listener = published()
    return Group.create(
        "127.0.0.1", port, world.rank, world.world_size, expiration, store_timeout, listener
    )


def leave(group: Group) -> None:
    """Destroy it when everybody is through with it."""
    group.barrier()
    group.destroy()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 1, dist.HashStore(), 60), "rank=1"),
        ((0, 0, dist.HashStore(), 60), "world_size"),
        ((0, 1, "a store", 60), "store must be"),
        ((0, 1, dist.HashStore(), 0), "data_expiration_seconds"),
        ((0, 1, dist.HashStore(), 60, None, -1.0), "timeout"),
    ],
)
def test_made_by_hand_it_is_checked_too(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(DistributedError, match=words):
        Group(*arguments)


OBJECTS: list[Any] = [None, 2**70, "ü", b"\0" * 100_000, {"a": (1, [2.5]), 3: {4}}, torch.bfloat16]


def objects_among_all() -> None:
    group = group_of_the_world()
    others = [rank for rank in range(group.world_size) if rank != group.rank]
    for value in OBJECTS:
        for dst in others:
            group.send_obj([group.rank, dst, value], dst)
        for src in reversed(others):
            assert group.recv_obj(src) == [src, group.rank, value]
        for src in range(group.world_size):
            mine = [src, value] if group.rank == src else "ignored"
            assert group.broadcast_obj(mine, src) == [src, value]
        everyone = group.all_gather_obj((group.rank, value))
        assert everyone == [(rank, value) for rank in range(group.world_size)]
    group.barrier()
    if group.rank == 0:  # everything that was read is gone
        keys = group.store._underlying_non_prefix_store.list_keys()
        assert not [key for key in keys if "/send/" in key or "/broadcast/" in key]
        assert len([key for key in keys if "all_gather_obj" in key]) <= 2 * group.world_size + 2
    leave(group)


@pytest.mark.parametrize(("size", "sizes"), [(2, TWO), (4, FOUR)])
def test_objects_among_all(
    world_of: Callable[..., World], size: int, sizes: dict[str, int]
) -> None:
    world_of(size, **sizes).run(objects_among_all)


def two_senders_to_one_receiver() -> list[Any]:
    group = group_of_the_world()
    received = []
    if group.rank == 3:
        group.barrier()  # everything is sent before anything is received
        for src in (2, 0, 1, 0, 2, 1):
            received.append(group.recv_obj(src))
    else:
        group.send_obj(f"first of {group.rank}", 3)
        group.send_obj(f"second of {group.rank}", 3)
        group.barrier()
    leave(group)
    return received


def test_senders_to_one_receiver_do_not_overwrite_each_other(
    world_of: Callable[..., World],
) -> None:
    received = world_of(4, **FOUR).run(two_senders_to_one_receiver)[3]
    assert received == [
        "first of 2",
        "first of 0",
        "first of 1",
        "second of 0",
        "second of 2",
        "second of 1",
    ]


def tensors_among_all() -> None:
    group = group_of_the_world()
    size, rank = group.world_size, group.rank
    for dtype in (torch.float32, torch.bfloat16, torch.int16, torch.bool, torch.float8_e4m3fn):
        for shape in ((3, 4), (), (0, 2)):
            own = torch.full(shape, float(rank + 1)).to(dtype)
            for src in range(size):
                expected = torch.full(shape, float(src + 1)).to(dtype)
                target = own.clone()
                assert group.broadcast(target, src) is target
                assert torch.equal(target.to(torch.float32), expected.to(torch.float32))
            group.send(own, (rank + 1) % size)
            target = torch.zeros(shape).to(dtype)
            assert group.recv(target, (rank - 1) % size) is target
            expected = torch.full(shape, float((rank - 1) % size + 1)).to(dtype)
            assert torch.equal(target.to(torch.float32), expected.to(torch.float32))
    strided = torch.zeros(4, 6).t()[::2]
    group.broadcast(strided, 0) if rank else group.broadcast(torch.ones(3, 4), 0)
    assert strided.sum() == (12 if rank else 0)
    leave(group)


@pytest.mark.parametrize(("size", "sizes"), [(2, TWO), (4, FOUR)])
def test_tensors_among_all(
    world_of: Callable[..., World], size: int, sizes: dict[str, int]
) -> None:
    world_of(size, **sizes).run(tensors_among_all)


def reductions() -> None:
    group = group_of_the_world()
    ranks = range(1, group.world_size + 1)
    for dtype in (
        *(torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.complex64),
        *(torch.int8, torch.uint8, torch.int16, torch.int64),
        *(torch.uint16, torch.uint32, torch.uint64),
    ):
        mine = torch.tensor([[1.0, 2.0]]).to(dtype).t() * 1 if dtype.is_floating_point else None
        mine = torch.tensor([[1], [2]]).to(dtype) if mine is None else mine
        mine = (
            (mine.to(torch.float64) * (group.rank + 1)).to(dtype)
            if not dtype.is_complex
            else (mine * (group.rank + 1))
        )
        before = mine.clone()
        total = group.all_reduce(mine)
        assert (total.dtype, total.shape) == (dtype, mine.shape)
        assert total.to(torch.complex128).reshape(-1).tolist() == [sum(ranks), 2 * sum(ranks)]
        assert torch.equal(mine.to(torch.complex128), before.to(torch.complex128))
    own = torch.tensor([group.rank + 1, -group.rank])
    last = group.world_size - 1
    assert group.all_reduce(own, ReduceOp.MAX).tolist() == [last + 1, 0]
    assert group.all_reduce(own, ReduceOp.MIN).tolist() == [1, -last]
    assert group.all_reduce(own, ReduceOp.PRODUCT).tolist() == [math.prod(ranks), 0]
    flags = torch.tensor([group.rank == 0, False, True])
    assert group.all_reduce(flags).tolist() == [True, False, True]
    for bad, op in ((torch.float8_e5m2, ReduceOp.SUM), (torch.complex64, ReduceOp.MAX)):
        with pytest.raises(UnsupportedDtypeError, match=str(bad)):
            group.all_reduce(torch.zeros(2).to(bad), op)
    leave(group)


def test_reductions(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(reductions)
    world_of(4, **FOUR).run(reductions)


def a_late_rank() -> tuple[float, list[int], str]:
    """Ranks 1 and 3 do not come to the first barrier; then all come, and it works again."""
    group, world = group_of_the_world(), vd.get_world_group()
    seconds, missing, message = 0.0, [], ""
    if group.rank in (0, 2):
        started = time.monotonic()
        with pytest.raises(RollCallTimeoutError) as caught:
            group.barrier(timeout=1.0)
        seconds = time.monotonic() - started
        missing, message = caught.value.details["missing"], str(caught.value)
        assert isinstance(caught.value, (RuntimeError, TimeoutError))
    world.barrier()
    if group.rank != 2:  # late to the one that was given up, so they wait for the next one
        with pytest.raises(RollCallTimeoutError, match=r"rank 2 of the group of 4"):
            group.barrier(timeout=0.5)
    world.barrier()
    for _ in range(3):
        group.barrier()
    leave(group)
    return seconds, missing, message


@pytest.mark.timing
def test_a_barrier_ends_at_its_timeout_and_names_who_is_missing(
    world_of: Callable[..., World],
) -> None:
    outcomes = world_of(4, **FOUR).run(a_late_rank)
    for rank in (0, 2):
        seconds, missing, message = outcomes[rank]
        assert seconds < 5
        assert missing == [1, 3]
        assert "ranks 1, 3 of the group of 4" in message
        assert "1 s" in message
    assert max(outcomes[0][0], outcomes[2][0]) >= 0.9  # the first to come waits that long


def silence() -> None:
    """What a rank waits for in vain is named, and the group works on."""
    group, world = group_of_the_world(store_timeout=1), vd.get_world_group()
    if group.rank == 0:
        target = torch.zeros(1)
        for call in (
            lambda: group.recv_obj(1),
            lambda: group.recv(target, 1),
            lambda: group.broadcast_obj(None, 1),
            lambda: group.broadcast(target, 1),
            lambda: group.all_gather_obj(1),
            lambda: group.all_reduce(target),
        ):
            started = time.monotonic()
            with pytest.raises(RollCallTimeoutError, match=r"rank 1 of .*within 1 s") as caught:
                call()
            assert caught.value.details["missing"] == [1]
            assert 0.9 <= time.monotonic() - started < 5.0
    world.barrier()
    assert group.all_gather_obj(group.rank) == [0, 1]
    assert group.broadcast_obj("late" if group.rank == 1 else None, 1) == "late"
    leave(group)


@pytest.mark.timing
def test_silence_is_named_and_the_group_works_on(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(silence)


def expiry() -> None:
    group = group_of_the_world(expiration=1)
    if group.rank == 0:
        for number in range(5):
            group.send_obj(number, 1)
        group.broadcast_obj("nobody reads it", 0)
        store = group.store
        assert store.check(["send/0/1/0"])
        assert store.check(["broadcast/0/0"])
        group.expire_data()
        assert store.check(["send/0/1/0"])
        group.data_expiration_seconds = 0  # the clock, moved on
        group.expire_data()
        for key in [*(f"send/0/1/{number}" for number in range(5)), "broadcast/0/0"]:
            assert not store.check([key])
    leave(group)


def test_what_nobody_reads_expires(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(expiry)


def remembered() -> int:
    group = group_of_the_world()
    group._forget_at = 100
    most = 0
    for number in range(1000):
        group.send_obj(number, 1 - group.rank)
        assert group.recv_obj(1 - group.rank) == number
        most = max(most, len(group._unread))
    leave(group)
    return most


def test_a_sender_forgets_what_was_read(world_of: Callable[..., World]) -> None:
    assert max(world_of(2, **TWO).run(remembered)) < 5000


class Words(str):
    """No plain value: the receiver has no such class."""


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


# name -> (call, types it must be an instance of, words in the message)
BAD_CALLS: dict[str, tuple[Callable[[Group], Any], tuple[type, ...], list[str]]] = {
    "send_obj to self": (lambda g: g.send_obj(1, g.rank), (ValueError,), ["itself"]),
    "send_obj dst": (lambda g: g.send_obj(1, 2), (ValueError,), ["dst=2", "0..1"]),
    "send_obj negative dst": (lambda g: g.send_obj(1, -1), (ValueError,), ["dst=-1"]),
    "send_obj object": (lambda g: g.send_obj(object(), 1 - g.rank), (TypeError,), ["object"]),
    "recv_obj from self": (lambda g: g.recv_obj(g.rank), (ValueError,), ["itself"]),
    "send_obj function": (lambda g: g.send_obj(len, 1 - g.rank), (TypeError,), ["builtin"]),
    "send_obj generator": (
        lambda g: g.send_obj((n for n in [1]), 1 - g.rank),
        (TypeError,),
        ["generator", "cannot travel"],
    ),
    "send_obj error": (lambda g: g.send_obj([OSError()], 1 - g.rank), (TypeError,), ["OSError"]),
    "send_obj subclass": (lambda g: g.send_obj(Words("a"), 1 - g.rank), (TypeError,), ["Words"]),
    "send_obj cyclic": (lambda g: g.send_obj(cyclic(), 1 - g.rank), (ValueError,), ["itself"]),
    "send_obj sparse": (
        lambda g: g.send_obj({"a": torch.ones(2, 2).to_sparse()}, 1 - g.rank),
        (TypeError,),
        ["dense tensor"],
    ),
    "send_obj dst type": (lambda g: g.send_obj(1, None), (TypeError,), ["None"]),
    "send_obj dst boolean": (lambda g: g.send_obj(1, bool(1 - g.rank)), (TypeError,), ["dst"]),
    "recv_obj high src": (lambda g: g.recv_obj(2), (ValueError,), ["src=2", "0..1"]),
    "recv_obj negative src": (lambda g: g.recv_obj(-1), (ValueError,), ["src=-1"]),
    "recv_obj src": (lambda g: g.recv_obj("0"), (TypeError,), ["'0'"]),
    "broadcast_obj src": (lambda g: g.broadcast_obj(1, 2), (ValueError,), ["src=2"]),
    "broadcast_obj negative src": (lambda g: g.broadcast_obj(1, -1), (ValueError,), ["src=-1"]),
    "broadcast_obj src type": (lambda g: g.broadcast_obj(1, 0.0), (TypeError,), ["0.0"]),
    "broadcast_obj object": (lambda g: g.broadcast_obj(object(), g.rank), (TypeError,), ["object"]),
    "all_gather_obj object": (lambda g: g.all_gather_obj(object()), (TypeError,), ["object"]),
    "barrier zero": (lambda g: g.barrier(0), (ValueError,), ["timeout", "0"]),
    "barrier negative": (lambda g: g.barrier(-1.0), (ValueError,), ["-1.0"]),
    "barrier nan": (lambda g: g.barrier(float("nan")), (ValueError,), ["nan"]),
    "barrier infinite": (lambda g: g.barrier(float("inf")), (ValueError,), ["inf"]),
    "barrier boolean": (lambda g: g.barrier(True), (TypeError,), ["True"]),
    "barrier none": (lambda g: g.barrier(None), (TypeError,), ["None"]),
    "barrier text": (lambda g: g.barrier("1"), (TypeError,), ["'1'"]),
    "broadcast list": (lambda g: g.broadcast([1], g.rank), (TypeError,), ["list"]),
    "broadcast src": (lambda g: g.broadcast(torch.ones(1), -1), (ValueError,), ["src=-1"]),
    "broadcast sparse": (
        lambda g: g.broadcast(torch.ones(2, 2).to_sparse(), g.rank),
        (TypeError,),
        ["to_dense"],
    ),
    "send to self": (lambda g: g.send(torch.ones(1), g.rank), (ValueError,), ["itself"]),
    "send list": (lambda g: g.send([1], 1 - g.rank), (TypeError,), ["list"]),
    "send meta": (
        lambda g: g.send(torch.ones(1, device="meta"), 1 - g.rank),
        (TypeError,),
        ["meta"],
    ),
    "send dst": (lambda g: g.send(torch.ones(1), 2), (ValueError,), ["dst=2"]),
    "send quantized": (
        lambda g: g.send(torch.quantize_per_tensor(torch.ones(1), 1.0, 0, torch.qint8), 1 - g.rank),
        (TypeError,),
        ["dequantize"],
    ),
    "recv list": (lambda g: g.recv([1], 1 - g.rank), (TypeError,), ["list"]),
    "recv meta": (lambda g: g.recv(torch.ones(1, device="meta"), 0), (TypeError,), ["meta"]),
    "recv src": (lambda g: g.recv(torch.ones(1), 2), (ValueError,), ["src=2"]),
    "recv expanded": (
        lambda g: g.recv(torch.zeros(1).expand(4), 1 - g.rank),
        (ValueError,),
        ["recv", "[4]", "strides [0]", "clone"],
    ),
    "recv overlapping": (
        lambda g: g.recv(torch.zeros(6).unfold(0, 4, 2), 1 - g.rank),
        (ValueError,),
        ["[2, 4]", "strides [2, 1]"],
    ),
    "broadcast expanded": (
        lambda g: g.broadcast(torch.zeros(3, 1).expand(3, 4), 1 - g.rank),
        (ValueError,),
        ["broadcast", "[3, 4]", "clone"],
    ),
    "recv from self": (lambda g: g.recv(torch.ones(1), g.rank), (ValueError,), ["itself"]),
    "all_reduce list": (lambda g: g.all_reduce([1]), (TypeError,), ["list"]),
    "all_reduce op": (
        lambda g: g.all_reduce(torch.ones(1), ReduceOp.BAND),
        (ValueError,),
        ["SUM, PRODUCT, MIN or MAX"],
    ),
    "all_reduce op type": (lambda g: g.all_reduce(torch.ones(1), 7), (ValueError,), ["7"]),
}


def refused() -> None:
    group = group_of_the_world()
    for name, (call, types, words) in BAD_CALLS.items():
        with pytest.raises(DistributedError) as caught:
            call(group)
        for kind in types:
            assert isinstance(caught.value, kind), name
        for word in words:
            assert word in str(caught.value), name
        assert group.all_gather_obj(group.rank) == [0, 1], name
    leave(group)


def test_bad_calls_are_refused_before_anything_is_sent(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(refused)


def other_tensors() -> None:
    group = group_of_the_world()
    for bad in (torch.zeros(3), torch.zeros(2, dtype=torch.int32)):
        if group.rank == 0:
            group.send(torch.ones(2), 1)
            group.broadcast(torch.ones(2), 0)
            group.send_obj("no tensor", 1)
        else:
            with pytest.raises(InvalidArgumentError, match=r"torch.float32 of shape \[2\]"):
                group.recv(bad, 0)
            with pytest.raises(InvalidArgumentError, match=r"rank 0 sent .*\[2\]"):
                group.broadcast(bad, 0)
            assert not bad.any()
            with pytest.raises(EncodingError, match="sent a str in place of a tensor"):
                group.recv(bad, 0)
        mine = torch.ones(2) if group.rank == 0 else bad
        with pytest.raises(InvalidArgumentError, match=r"pass the same on all ranks"):
            group.all_reduce(mine)
    leave(group)


def test_another_shape_or_dtype_changes_nothing(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(other_tensors)


def alone(rank: int, port: int, size: int) -> None:
    before = held()
    group = Group.create("127.0.0.1", 0, 0, 1)
    assert group.broadcast_obj("a", 0) == "a"
    assert group.all_gather_obj("a") == ["a"]
    tensor = torch.ones(2)
    assert group.broadcast(tensor, 0) is tensor
    assert group.all_reduce(tensor) is tensor
    group.barrier()
    group.expire_data()
    assert vd.in_the_same_node_as(group) == [True]
    with pytest.raises(DistributedError, match="itself"):
        group.send_obj(1, 0)
    group.destroy()
    listener = listening()
    taken = Group.create("127.0.0.1", 0, 0, 1, listen_socket=listener)
    assert listener.fileno() == -1  # it became the group's, which needs none
    taken.destroy()
    assert grown(before) == (0, 0)


def test_a_group_of_one() -> None:
    run_ranks(1, alone)


def wrong_arguments_of_create(rank: int, _: int, size: int) -> None:
    listener = listening()
    port = listener.getsockname()[1]
    table: list[tuple[tuple[Any, ...], dict[str, Any], type, str]] = [
        (("", 1, 0, 2), {}, ValueError, "host"),
        ((None, 1, 0, 2), {}, ValueError, "host"),
        (("127.0.0.1", 0, 0, 2), {}, ValueError, "port 0"),
        (("127.0.0.1", 70000, 0, 2), {}, ValueError, "70000"),
        (("127.0.0.1", "1", 0, 2), {}, ValueError, "'1'"),
        (("127.0.0.1", 1, 2, 2), {}, ValueError, "rank 2"),
        (("127.0.0.1", 1, -1, 2), {}, ValueError, "rank"),
        (("127.0.0.1", 1, 0, 0), {}, ValueError, "world_size"),
        (("127.0.0.1", 1, True, 2), {}, ValueError, "True"),
        (("127.0.0.1", 1, 0, 2, 0), {}, ValueError, "data_expiration_seconds"),
        (("127.0.0.1", 1, 0, 2, "1"), {}, TypeError, "data_expiration_seconds"),
        (("127.0.0.1", 1, 0, 2, 1, 0), {}, ValueError, "store_timeout"),
        (("127.0.0.1", 1, 0, 2, 1, float("nan")), {}, ValueError, "store_timeout.*nan"),
        (("127.0.0.1", 1, 0, 2, 1, float("inf")), {}, ValueError, "store_timeout.*inf"),
        (("127.0.0.1", 1, 0, 2, 1, "1"), {}, TypeError, "store_timeout.*'1'"),
        (("127.0.0.1", 1, 0, 2, 1, True), {}, TypeError, "store_timeout.*True"),
        (("127.0.0.1", 1, 0, 2, 1, None), {}, TypeError, "store_timeout.*None"),
        (("127.0.0.1", 1, 0, 2, -1), {}, ValueError, "data_expiration_seconds.*-1"),
        (("127.0.0.1", 1, "0", 2), {}, ValueError, "rank.*'0'"),
        (("127.0.0.1", 1, None, 2), {}, ValueError, "rank.*None"),
        (("127.0.0.1", 1, 0, "2"), {}, ValueError, "world_size.*'2'"),
        (("127.0.0.1", 1, 0, -1), {}, ValueError, "world_size"),
        (("127.0.0.1", -1, 0, 2), {}, ValueError, "port.*-1"),
        (("127.0.0.1", 1.0, 0, 2), {}, ValueError, r"port.*1\.0"),
        (("127.0.0.1", True, 0, 2), {}, ValueError, "port.*True"),
        ((b"127.0.0.1", 1, 0, 2), {}, ValueError, "host.*b'127"),
        (("127.0.0.1:80", 1, 0, 2), {}, ValueError, "127.0.0.1:80"),
        (("http://127.0.0.1", 1, 0, 2), {}, ValueError, "http"),
        (("no such host", 1, 0, 2), {}, RuntimeError, "no such host"),
        (("0.0.0.0", port, 0, 2), {}, RuntimeError, "every interface"),
        (("*", port, 0, 2), {}, RuntimeError, "every interface"),
        (
            ("127.0.0.2", 0, 0, 2),
            {"listen_socket": listening()},
            RuntimeError,
            "listens on 127.0.0.1, and cannot be reached at host 127.0.0.2",
        ),
        (("127.0.0.1", 1, 0, 2), {"listen_socket": "x"}, TypeError, "listen_socket"),
        (("127.0.0.1", 1, 0, 2), {"listen_socket": listener}, ValueError, str(port)),
        (("127.0.0.1", port, 1, 2), {"listen_socket": listener}, ValueError, "only rank 0"),
        (("127.0.0.1", 0, 0, 2), {"listen_socket": socket.socket()}, ValueError, "port"),
    ]
    before = held()
    for arguments, named, kind, words in table:
        with pytest.raises(kind, match=words) as caught:
            Group.create(*arguments, **named)
        assert isinstance(caught.value, DistributedError), arguments
    with pytest.raises(RendezvousError, match=rf"cannot listen on host 127.0.0.1, port {port}"):
        Group.create("127.0.0.1", port, 0, 2)
    gc.collect()
    threads, files = before
    assert grown((threads, files - 1)) == (0, 0)  # the socket that was passed became the group's
    listener.close()


def test_wrong_arguments_of_create() -> None:
    run_ranks(1, wrong_arguments_of_create)


def comes_alone(rank: int, port: int, size: int) -> None:
    if rank == 2:
        return
    Group.create("127.0.0.1", port, rank, size, store_timeout=1)


@pytest.mark.timing
def test_create_names_the_ranks_that_do_not_come() -> None:
    outcomes = outcomes_of(3, comes_alone)
    for outcome in outcomes[:2]:
        assert outcome.error == "RollCallTimeoutError"
        assert outcome.details["missing"] == [2]
        assert outcome.seconds < 10  # not ten minutes


def other_sizes(rank: int, port: int, size: int) -> None:
    Group.create("127.0.0.1", port, rank, size + rank, store_timeout=20)


def test_create_refuses_other_sizes_on_all_ranks() -> None:
    for outcome in outcomes_of(2, other_sizes):
        assert outcome.error == "RollCallMismatchError"
        assert outcome.seconds < 15  # not their time


def without_a_socket_given(rank: int, port: int, size: int) -> None:
    """Rank 0 binds the port itself; the second group on it finds the first one gone."""
    for number in range(3):
        group = Group.create("127.0.0.1", port, rank, size, store_timeout=10)
        assert group.broadcast_obj(number if rank == 0 else None, 0) == number
        group.barrier()  # from here on rank 0 may go
        group.destroy()
        group.destroy()
        with pytest.raises(GroupDestroyedError, match="create it again"):
            group.barrier()
        with pytest.raises(GroupDestroyedError):
            group.send_obj(1, 1 - rank)
        with pytest.raises(GroupDestroyedError):
            group.recv_obj(1 - rank)


def the_store_is_gone(rank: int, port: int, size: int) -> None:
    group = Group.create("127.0.0.1", port, rank, size, store_timeout=20)
    if rank == 0:
        assert group.recv_obj(1) == "ready"
        group.destroy()
        return
    group.send_obj("ready", 0)
    started = time.monotonic()
    with pytest.raises(StoreLostError, match="rank 0, which serves it, is gone"):
        group.recv_obj(0)
    assert time.monotonic() - started < 5


@pytest.mark.timing
def test_a_store_that_is_gone_is_an_error_at_once() -> None:
    run_ranks(2, the_store_is_gone)


def test_the_port_can_be_used_again() -> None:
    run_ranks(2, without_a_socket_given)


AFTER_THE_END: dict[str, Callable[[Group], Any]] = {
    "send_obj": lambda g: g.send_obj(1, 1 - g.rank),
    "recv_obj": lambda g: g.recv_obj(1 - g.rank),
    "broadcast_obj": lambda g: g.broadcast_obj(1, 0),
    "all_gather_obj": lambda g: g.all_gather_obj(1),
    "barrier": lambda g: g.barrier(),
    "send": lambda g: g.send(torch.ones(1), 1 - g.rank),
    "recv": lambda g: g.recv(torch.ones(1), 1 - g.rank),
    "broadcast": lambda g: g.broadcast(torch.ones(1), 0),
    "all_reduce": lambda g: g.all_reduce(torch.ones(1)),
    "expire_data": lambda g: g.expire_data(),
    "in_the_same_node_as": lambda g: vd.in_the_same_node_as(g),
}


def called_after_the_end() -> None:
    group = group_of_the_world()
    leave(group)
    group.destroy()
    for name, call in AFTER_THE_END.items():
        with pytest.raises(GroupDestroyedError, match="create it again") as caught:
            call(group)
        assert isinstance(caught.value, AssertionError), name
    assert repr(group) == f"StatelessProcessGroup(rank={group.rank}, world_size=2)"


def test_every_call_after_destroy_is_refused(world_of: Callable[..., World]) -> None:
    public = {name: value for name, value in vars(Group).items() if not name.startswith("_")}
    methods = {name for name, value in public.items() if inspect.isfunction(value)} - {"destroy"}
    assert methods == set(AFTER_THE_END) - {"in_the_same_node_as"}
    world_of(2, **TWO).run(called_after_the_end)


def created_twice() -> None:
    """Where a group is served already there is no place for another, and the first one lives on."""
    world = vd.get_world_group()
    port, listener = published()
    group = Group.create("127.0.0.1", port, world.rank, 2, store_timeout=20, listen_socket=listener)
    if group.rank == 0:
        started = time.monotonic()
        with pytest.raises(RendezvousError, match=rf"port {port} already"):
            Group.create("127.0.0.1", port, 0, 2, store_timeout=20)
        assert time.monotonic() - started < 5
    assert group.all_gather_obj(group.rank) == [0, 1]
    leave(group)
    world.barrier()
    again = Group.create("127.0.0.1", port, world.rank, 2, store_timeout=20)
    if again.rank == 0:  # this time rank 0 has bound the port itself
        with pytest.raises(RendezvousError, match=rf"cannot listen .* port {port}"):
            Group.create("127.0.0.1", port, 0, 2, store_timeout=20)
    assert again.all_gather_obj(again.rank) == [0, 1]
    leave(again)


@pytest.mark.timing
def test_a_second_group_on_the_same_port_is_refused(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(created_twice)


def on_another_loopback_address() -> list[list[str]]:
    """First on a socket of rank 0's, then on one that is bound for it."""
    world = vd.get_world_group()
    listener = socket.create_server(("127.0.0.2", 0)) if world.rank == 0 else None
    port = world.broadcast_object(None if listener is None else listener.getsockname()[1])
    rounds = []
    for given in (listener, None):
        group = Group.create(
            "127.0.0.2", port, world.rank, 2, store_timeout=20, listen_socket=given
        )
        rounds.append(listening_on(port))
        leave(group)
        world.barrier()
    return rounds


def listening_on(port: int) -> list[str]:
    """The addresses on which this process listens on a port, as the kernel writes them.

    Its own sockets only: another process may listen on the same port of another address.
    """
    own = {
        os.readlink(descriptor)
        for descriptor in Path("/proc/self/fd").iterdir()
        if descriptor.is_symlink()
    }
    found = []
    for name in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{name}") as table:
            for line in table.readlines()[1:]:
                words = line.split()
                address, port_hex = words[1].split(":")
                listens = words[3] == "0A" and int(port_hex, 16) == port
                if listens and f"socket:[{words[9]}]" in own:
                    found.append(address)
    return found


def where_it_listens(rank: int, port: int, size: int) -> list[list[str]]:
    """First on the socket the parent bound, then on one that rank 0 binds itself."""
    rounds = []
    for _ in range(2):
        group = Group.create("127.0.0.1", port, rank, size, store_timeout=20)
        assert not dist.is_initialized()
        rounds.append(listening_on(port))
        leave(group)
    return rounds


def test_the_store_listens_on_the_given_host_only(world_of: Callable[..., World]) -> None:
    loopback, another = "0100007F", "0200007F"
    nowhere: list[str] = []
    assert run_ranks(2, where_it_listens) == [[[loopback]] * 2, [nowhere] * 2]
    world = world_of(2, **TWO)
    assert world.run(on_another_loopback_address) == [[[another]] * 2, [nowhere] * 2]


def same_node() -> None:
    group = group_of_the_world()
    for source in range(group.world_size):
        assert vd.in_the_same_node_as(group, source) == [True] * group.world_size
    leave(group)


def test_ranks_of_one_node_share_memory(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(same_node)


def over_and_over() -> tuple[int, int]:
    leave(group_of_the_world())
    gc.collect()
    before = held()
    for _ in range(10):
        group = group_of_the_world()
        assert group.all_gather_obj(group.rank) == [0, 1]
        leave(group)
    gc.collect()
    return grown(before)


def test_many_groups_leave_no_threads_and_files(world_of: Callable[..., World]) -> None:
    assert world_of(2, **TWO).run(over_and_over) == [(0, 0)] * 2
