"""Frames of a message queue: whatever pieces they arrive in, and whatever the bytes are."""

from __future__ import annotations

import contextlib
import pickle
import struct
from typing import Any

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.errors import EncodingError, InvalidArgumentError
from vllm_distributed.transports.queue.frames import Assembler, pack, unpack
from vllm_distributed.transports.queue.handle import VERSION, Handle
from vllm_distributed.wire.object_codec import TensorMetadata, decode, encode

BASE = torch.arange(24, dtype=torch.float32).reshape(4, 6)
VALUES: list[Any] = [
    None,
    {"a": 1, "b": (2, [3.5, "x"]), (1, 2): {4}},
    TensorMetadata("cpu", torch.bool, torch.Size([4])),
    {"a": torch.device("meta"), "tensor": BASE, "b": (torch.device("meta"), torch.device("cpu"))},
    torch.device("meta"),
    *[
        BASE.to(dtype)
        for dtype in (torch.bfloat16, torch.float8_e4m3fn, torch.bool, torch.int8, torch.complex64)
    ],
    BASE.t()[::2],
    torch.tensor(7),
    torch.empty(0, 3),
    BASE.to(torch.complex64).conj(),
    np.arange(10)[::3],
    np.arange(12.0).reshape(3, 4).T,
    np.array(4.5),
    np.empty((0, 2), np.int16),
    np.array(["2020-01-01"], "datetime64[s]"),
    np.array(["äb", "c"]),
    np.float32(1.5),
    np.bool_(True),
    np.float64(2.5),
    [np.zeros(3), {"t": (BASE, BASE)}],
    (((((((((((BASE, {1, (2, 3)}),), np.arange(3)),),),),),),),),),  # too deep for the fast way
    [True, -1, 2**70, 1.5, 2j, "ü", b"\0", (), [], {}, set(), frozenset({1}), torch.float16],
]


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(other, torch.Tensor):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert torch.equal(one.to(torch.complex128), other.to(torch.complex128))
    elif isinstance(other, (np.ndarray, np.generic)):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    elif type(other) in (list, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif type(other) is dict:
        assert list(one) == list(other)
        for key in other:
            same(one[key], other[key])
    elif type(other) in (set, frozenset):
        assert {(type(item), item) for item in one} == {(type(item), item) for item in other}
    else:
        assert one == other


def frame_of(value: Any) -> bytes:
    parts, size = pack(value)
    frame = b"".join(parts)
    assert len(frame) == size
    return frame


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:40])
def test_round_trip(value: Any) -> None:
    same(unpack(memoryview(frame_of(value))), value)


@given(st.lists(st.integers(1, 200), min_size=1), st.permutations(VALUES))
def test_frames_arrive_in_any_pieces(sizes: list[int], values: list[Any]) -> None:
    stream = memoryview(b"".join(map(frame_of, values)))
    assembler, received, turn = Assembler(), [], 0
    while len(stream):
        piece = stream[: sizes[turn % len(sizes)]]
        turn += 1
        taken = assembler.feed(piece)
        stream = stream[taken:]
        if assembler.target is None:
            received.append(assembler.take())
    same(received, values)


def test_the_result_is_its_own_and_can_be_written_to() -> None:
    frame = bytearray(frame_of({"t": BASE, "n": np.zeros(3)}))
    result = unpack(memoryview(frame))
    frame[:] = bytes(len(frame))
    result["t"] += 1
    result["n"] += 1
    assert torch.equal(result["t"], BASE + 1)
    assert result["n"].tolist() == [1, 1, 1]


def test_arrays_are_not_copied_on_their_way_out() -> None:
    tensor, array = torch.zeros(1000), np.zeros(1000)
    parts, _ = pack([tensor, array])
    tensor += 1
    array += 1
    assert bytes(parts[1]) == tensor.numpy().tobytes()
    assert bytes(parts[2]) == array.tobytes()


@given(st.binary(max_size=300), st.integers(0, 300))
def test_damaged_frames_are_errors(noise: bytes, at: int) -> None:
    for value in ({"t": BASE, "n": np.arange(3), "words": ["a", "b"]}, {"words": ["a", 1]}):
        frame = bytearray(frame_of(value))
        frame[at : at + len(noise)] = noise
        for data in (noise, bytes(frame)):
            with contextlib.suppress(EncodingError):
                unpack(data)
            with contextlib.suppress(EncodingError):
                assembled(data)


def assembled(frame: bytes) -> Any:
    assembler = Assembler()
    assembler.feed(memoryview(frame))
    return assembler.take()


def forged(table: Any, head: bytes, body: bytes = b"", **lengths: int) -> bytes:
    """A frame as a hostile peer would make it; `table` is left out if it is None."""
    packed = b"" if table is None else encode(table)
    said = {"table_size": len(packed), "head_size": len(head), "body_size": len(body), **lengths}
    return struct.pack("<QQQ", *said.values()) + packed + head + body


def asks_for(*places: int) -> bytes:
    packed: bytes = msgpack.packb([msgpack.ExtType(14, struct.pack("<I", n)) for n in places])
    return packed


FLOATS = [0, "float32", [2]]


def test_a_forged_frame_can_be_a_good_one() -> None:
    frame = forged([FLOATS, [1, "<i2", [3]]], asks_for(1, 0), bytes(14))
    for received in (unpack(frame), assembled(frame)):
        same(received, [np.zeros(3, np.int16), torch.zeros(2)])


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        bytes(23),
        forged(None, b""),
        forged(None, b"\xc1"),
        forged(None, encode(1), head_size=2),
        forged(None, encode(1), head_size=2**63, body_size=2**63),
        forged(None, encode(1), table_size=1, head_size=0),
        forged(None, encode(1), b"x"),
        forged(None, asks_for(0)),
        forged([], asks_for(0)),
        forged([FLOATS], asks_for(0), bytes(7)),
        forged([FLOATS], asks_for(), bytes(8)),
        forged([FLOATS], asks_for(1), bytes(8)),
        forged([FLOATS], asks_for(0, 0), bytes(8)),
        forged([FLOATS], asks_for(0) + b"\0", bytes(8)),
        forged([FLOATS], msgpack.packb(msgpack.ExtType(14, b"")), bytes(8)),
        forged([FLOATS], msgpack.packb({msgpack.ExtType(4, asks_for(0)): 1}), bytes(8)),
        forged([[1, "<f4", [2]]], msgpack.packb(msgpack.ExtType(4, asks_for(0))), bytes(8)),
        forged([[2, "float32", [2]]], asks_for(0), bytes(8)),
        forged([[0, "Tensor", [2]]], asks_for(0), bytes(8)),
        forged([[1, "|O", [1]]], asks_for(0), bytes(8)),
        forged([[0, "float32", [2**62]]], asks_for(0), bytes(8)),
        forged([[0, "float32", [-2]]], asks_for(0), bytes(8)),
        forged([[0, "float32", 2]], asks_for(0), bytes(8)),
        forged({"not": "a list"}, asks_for(0), bytes(8)),
        forged([[0, "float32", [0, 2**62, 2**62]]], asks_for(0)),
    ],
    ids=lambda frame: frame.hex()[:60],
)
def test_forged_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(EncodingError):
        unpack(frame)
    with pytest.raises(EncodingError):
        assembled(frame)


def test_a_frame_that_cannot_be_read_is_passed_over() -> None:
    bad = bytearray(frame_of({"t": BASE}))
    bad[24] = 0xC1  # the one byte that msgpack never uses
    stream = memoryview(bytes(bad) + frame_of("next"))
    assembler = Assembler()
    taken = assembler.feed(stream)
    assert taken == len(bad)
    with pytest.raises(EncodingError, match="not an encoded object"):
        assembler.take()
    assembler.feed(stream[taken:])
    assert assembler.take() == "next"


@pytest.mark.parametrize(
    "value",
    [object(), np.array([object()]), np.ma.array([1], mask=[True]), torch.empty(2, device="meta")],
    ids=["object", "object array", "masked array", "meta tensor"],
)
def test_what_cannot_travel_is_refused(value: Any) -> None:
    with pytest.raises(EncodingError, match="cannot travel between ranks"):
        pack([value])


def test_an_object_that_contains_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(EncodingError, match="contains itself"):
        pack(ring)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 99}, "version 99"),
        ({"token": "text"}, "token"),
        ({"max_chunks": 0}, "not positive"),
        ({"n_reader": True}, "n_reader"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_handle_is_refused(change: dict[str, Any], match: str) -> None:
    good = Handle(VERSION, 1, [0], "name", 64, 1, None, 0, b"t", 1.0).as_plain()
    assert Handle.from_plain(good).as_plain() == good
    with pytest.raises(InvalidArgumentError, match=match):
        Handle.from_plain({**good, **change})


def test_an_exported_handle_has_vllms_attributes_and_is_a_dict_wherever_it_travels() -> None:
    here = Handle(VERSION, 2, [0], "name", 64, 3, "::1", 5000, b"t", 1.0).as_plain()
    assert here.local_reader_ranks == [0]
    assert here.buffer_handle == (1, 64, 3, "name")
    assert (here.remote_subscribe_addr, here.remote_addr_ipv6) == ("tcp://[::1]:5000", True)
    assert here.local_subscribe_addr is here.local_notify_addr is here.tensor_arena_handle is None
    piped = pickle.loads(pickle.dumps(here))  # noqa: S301 - as a pipe of multiprocessing does
    for there in (decode(encode(here)), piped):
        assert there == here
        assert type(there) is type(here)
        assert Handle.from_plain(there) == Handle.from_plain(dict(here))
    alone = Handle(VERSION, 1, [], None, 64, 3, "127.0.0.1", 5000, b"t", 1.0).as_plain()
    assert (alone.buffer_handle, alone.remote_subscribe_addr) == (None, "tcp://127.0.0.1:5000")
    local = Handle(VERSION, 1, [0], "name", 64, 3, None, 0, b"t", 1.0).as_plain()
    assert (local.remote_subscribe_addr, local.remote_addr_ipv6) == (None, False)
