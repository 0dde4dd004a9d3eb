"""Terms and tensors: what goes in comes out, and no bytes do harm."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import Any, NamedTuple

import numpy
import pytest
import torch
from described import same
from hypothesis import given
from hypothesis import strategies as st

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors, terms
from vllm_bridge.codec.calls import RemoteObject, RemoteObjects
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.msgpack_input import MAX_DEPTH
from vllm_distributed.tensors.raw_bytes import bytes_of

pytestmark = pytest.mark.wire

OBJECTS = RemoteObjects()

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.sampled_from([*tensors._DTYPES.values(), torch.device("cuda:1")])
    | st.builds(RemoteObject, st.text(), st.text(), st.integers(0, 2**64 - 1), st.text())
)
# A NaN is no element: it is not equal to itself.
simple = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text() | st.binary()
hashables = st.recursive(simple, lambda inner: st.tuples(inner, inner), max_leaves=3)
values = st.recursive(
    scalars | st.sets(hashables) | st.frozensets(hashables),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(hashables, inner)
    ),
    max_leaves=20,
)


def round_trip(value: object) -> Any:
    return terms.decode(terms.encode(value, OBJECTS), OBJECTS)


@given(values)
def test_round_trip_keeps_value_and_type(value: object) -> None:
    assert same(round_trip(value), value)


class Text(str): ...


class Number(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    left: int
    right: float


@pytest.mark.parametrize(
    ("subclass", "plain"),
    [
        (Text("a"), "a"),
        (Number.ONE, 1),
        (Pair(1, 1.0), (1, 1.0)),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, {1: []}), {1: []}),
        ({Text("a"): 1}, {"a": 1}),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (numpy.float64(1.5), 1.5),
        (True, True),
        (1.0, 1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_subclasses_arrive_as_what_they_are(subclass: object, plain: object) -> None:
    assert same(round_trip([subclass]), [plain])


@given(st.binary(max_size=64))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    refusal = None
    try:
        terms.decode(types_pb2.Term(msgpack=data), OBJECTS)
    except BridgeError as error:
        refusal = error.category
    assert refusal in (None, Category.VALIDATION)


@given(st.integers(1, 12), st.binary(max_size=32))
def test_any_extension_payload_decodes_or_is_refused(code: int, payload: bytes) -> None:
    data = bytes([0xC7, len(payload), code]) + payload
    refusal = None
    try:
        terms.decode(types_pb2.Term(msgpack=data), OBJECTS)
    except BridgeError as error:
        refusal = error.category
    assert refusal in (None, Category.VALIDATION)


def test_an_empty_term_is_none() -> None:
    assert terms.decode(types_pb2.Term(), OBJECTS) is None


def test_dtype_device_and_remote_objects() -> None:
    remote = RemoteObject("obj-1", "s", 3, "torch.nn.Linear")
    assert round_trip([torch.bfloat16, torch.device("cpu"), remote]) == [
        torch.bfloat16,
        torch.device("cpu"),
        remote,
    ]


def test_tensors_travel_beside_the_msgpack() -> None:
    big = torch.arange(100_000)
    term = terms.encode({"a": [big], "b": (big[:0],)}, OBJECTS)
    assert len(term.msgpack) < 40
    decoded = terms.decode(term, OBJECTS)
    assert torch.equal(decoded["a"][0], big)
    assert decoded["b"][0].shape == (0,)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_too_deep_is_refused_on_the_way_out(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(BridgeError, match="nests deeper than 128"):
        terms.encode(value, OBJECTS)


def nested_tuples(levels: int) -> bytes:
    """The term of a tuple in a tuple in ..., as a peer with bad intentions would make it."""
    packed = b"\xc0"
    for _ in range(levels):
        packed = b"\x91" + packed
        packed = b"\xc9" + len(packed).to_bytes(4, "big") + bytes([terms.TUPLE]) + packed
    return packed


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 2_000, 20_000])
def test_too_deep_is_refused_on_the_way_in(levels: int) -> None:
    term = types_pb2.Term(msgpack=nested_tuples(levels))
    with pytest.raises(BridgeError, match="nests deeper"):
        terms.decode(term, OBJECTS)


def test_as_deep_as_allowed_decodes_in_a_small_stack() -> None:
    # A thread of the rank has less stack than the main thread.
    term = types_pb2.Term(msgpack=nested_tuples(MAX_DEPTH))
    previous = threading.stack_size(256 * 1024)
    try:
        with ThreadPoolExecutor(1) as threads:
            value = threads.submit(terms.decode, term, OBJECTS).result()
    finally:
        threading.stack_size(previous)
    depth = 0
    while value is not None:
        (value,) = value
        depth += 1
    assert depth == MAX_DEPTH


def test_a_list_nested_deeper_than_msgpack_goes_is_refused() -> None:
    with pytest.raises(BridgeError):
        terms.decode(types_pb2.Term(msgpack=b"\x91" * 50_000 + b"\xc0"), OBJECTS)


def test_what_cannot_travel_is_named() -> None:
    with pytest.raises(BridgeError, match="a function cannot be sent"):
        terms.encode({"f": lambda: 0}, OBJECTS)


@pytest.mark.parametrize("dtype", sorted(tensors._NAMES, key=str), ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4)], ids=str)
def test_every_dtype_and_shape(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    count = math.prod(shape)
    value = torch.arange(count).remainder(2).reshape(shape).to(dtype)
    back = tensors.from_message(tensors.to_message(value))
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    assert bytes_of(back) == bytes_of(value)


def test_a_view_is_sent_row_major() -> None:
    value = torch.arange(6).reshape(2, 3).t()
    assert not value.is_contiguous()
    assert torch.equal(tensors.from_message(tensors.to_message(value)), value)
    assert torch.equal(
        tensors.from_message(tensors.to_message(torch.tensor([1 + 2j]).conj())),
        torch.tensor([1 - 2j]),
    )


def test_a_received_tensor_owns_its_memory() -> None:
    message = tensors.to_message(torch.zeros(4))
    tensors.from_message(message).fill_(1)
    assert torch.equal(tensors.from_message(message), torch.zeros(4))


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (types_pb2.Tensor(dtype="f33", shape=[1], data=b"1234"), "unknown dtype 'f33'.*bf16"),
        (types_pb2.Tensor(dtype="f32", shape=[-1], data=b""), "negative extent"),
        (types_pb2.Tensor(dtype="f32", shape=[2], data=b"1234"), "need 8 bytes, got 4"),
        (types_pb2.Tensor(dtype="f32", shape=[2**40, 2**40], data=b""), "bytes, got 0"),
        (types_pb2.Tensor(dtype="load", shape=[], data=b""), "unknown dtype 'load'"),
    ],
)
def test_bad_tensors_are_refused(message: types_pb2.Tensor, problem: str) -> None:
    with pytest.raises(BridgeError, match=problem):
        tensors.from_message(message)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        ("c70d089401c0cb3ff0000000000000c0", "a map has the same key twice: 1 and 1.0 are one"),
        ("82a16101a16102", "a map has the same key twice: 'a' and 'a' are one here; change one"),
        ("c703069201c3", "a set has the same element twice: 1 and True are one here"),
    ],
)
def test_two_keys_that_are_one_in_python_are_named(packed: str, said: str) -> None:
    with pytest.raises(BridgeError) as caught:
        terms.decode(types_pb2.Term(msgpack=bytes.fromhex(packed)), OBJECTS)
    assert caught.value.reason == "bad_term"
    assert said in caught.value.message
