"""What can travel between ranks, and what arbitrary bytes can do: nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import math
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import vllm_distributed as vd
from vllm_distributed.errors import EncodingError
from vllm_distributed.transports.queue.frames import pack, unpack
from vllm_distributed.wire import registered_types
from vllm_distributed.wire.object_codec import MAX_NESTING, TensorMetadata, decode, encode
from vllm_distributed.wire.tensor_dict import fill, find_metadata, split

HASHABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.tuples(inner, inner) | st.frozensets(inner, max_size=3) | st.lists(inner).map(tuple)
    ),
    max_leaves=8,
)
VALUES = st.recursive(
    HASHABLE | st.sets(HASHABLE, max_size=4),
    lambda inner: st.lists(inner) | st.dictionaries(HASHABLE, inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def identical(one: Any, other: Any) -> bool:
    """Equal, and of the same types throughout (1, 1.0 and True are equal)."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            identical(a, b)
            for pair, twin in zip(one.items(), other.items(), strict=True)
            for a, b in zip(pair, twin, strict=True)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    return bool(one == other)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    assert identical(decode(encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        2**64,
        -(2**63) - 1,
        -(2**1000),
        float("inf"),
        "\ud800",
        (),
        [[], ()],
        torch.float8_e4m3fn,
        torch.device("cuda", 1),
        torch.Size([]),
        torch.Size([2, 0, 3]),
        TensorMetadata("cpu", torch.bool, torch.Size([4])),
        {torch.float32: (torch.device("cpu"), {"x"})},
    ],
    ids=repr,
)
def test_round_trip_of_special_values(value: Any) -> None:
    result = decode(encode(value))
    assert result == value
    assert type(result) is type(value)


def test_nan() -> None:
    assert math.isnan(decode(encode(float("nan"))))


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.bfloat16,
        torch.float8_e5m2,
        torch.int16,
        torch.uint64,
        torch.bool,
        torch.complex64,
    ],
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_tensors(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = (torch.arange(torch.Size(shape).numel()) % 2).to(torch.float32).to(dtype)
    tensor = tensor.reshape(shape)
    result = decode(encode([tensor]))[0]
    assert result.dtype == dtype
    assert result.shape == tensor.shape
    assert torch.equal(result.to(torch.complex128), tensor.to(torch.complex128))


def test_tensors_that_are_views() -> None:
    base = torch.arange(12.0).reshape(3, 4).requires_grad_()
    result = decode(encode(base.t()[::2]))
    assert torch.equal(result, base.t()[::2])
    assert not result.requires_grad
    conjugate = torch.tensor([1 + 2j]).conj()
    assert torch.equal(decode(encode(conjugate)), conjugate)
    result[0] = 1  # its memory is its own


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3).T,
        np.array(5),
        np.zeros((0, 3)),
        np.array([1, 2], ">i4"),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["a", "text"]),
        np.array(["2020-01-01"], "M8[D]"),
        np.float32(3.5),
        np.float64(2.5),
        np.int64(-1),
        np.bool_(True),
        np.str_("text"),
        np.datetime64("2020-01-01"),
    ],
    ids=repr,
)
def test_numpy(array: Any) -> None:
    result = decode(encode({"a": [array]}))["a"][0]
    assert type(result) is type(array)
    assert (result.dtype, result.shape) == (array.dtype, array.shape)
    assert np.array_equal(result, array)
    if isinstance(result, np.ndarray):
        assert result.flags.writeable
    key = np.int64(3)
    assert type(next(iter(decode(encode({key: 1}))))) is np.int64


@pytest.mark.parametrize(
    "value",
    [
        object(),
        len,
        {1: object()},
        [torch.ones(2, 2).to_sparse()],
        range(3),
        np.array([object()]),
        np.zeros(2, [("a", "i4")]),
        np.ma.array([1]),
        type("Text", (str,), {})("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_travel_is_named(value: Any) -> None:
    with pytest.raises(EncodingError, match="cannot travel between ranks"):
        encode(value)


def test_recursive_values_are_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EncodingError):
        encode(value)
    deep: Any = ()
    for _ in range(100_000):
        deep = (deep,)
    with pytest.raises(EncodingError):
        encode(deep)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    with contextlib.suppress(EncodingError):
        decode(data)


@given(st.integers(0, 127), st.binary(max_size=60))
def test_any_extension_is_decoded_or_refused(code: int, data: bytes) -> None:
    with contextlib.suppress(EncodingError):
        decode(msgpack.packb([msgpack.ExtType(code, data)]))


@given(VALUES, st.data())
def test_any_damage_is_decoded_or_refused(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(encode(value))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(EncodingError):
        decode(encoded)


def extension(code: int, value: Any) -> bytes:
    packed: bytes = msgpack.packb(msgpack.ExtType(code, msgpack.packb(value)))
    return packed


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        encode(1) + b"\x00",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        extension(9, ["float32", [2**40], b""]),
        extension(9, ["float32", [2**62, 4], b""]),
        extension(9, ["float32", [-1], b""]),
        extension(9, ["float31", [1], b"abcd"]),
        extension(9, ["float32", [1], b"abc"]),
        extension(9, {}),
        extension(10, ["cpu", "float32", [1]]),
        extension(10, ["cpu", msgpack.ExtType(10, b"\x90"), [1]]),
        extension(9, ["float32", [1], msgpack.ExtType(9, b"\x90")]),
        extension(8, msgpack.ExtType(8, b"\x90")),
        extension(12, ["<f4", [2**40], b""]),
        extension(12, ["<f4", [-1], b""]),
        extension(12, ["<f4", [1], b"abc"]),
        extension(12, ["|O", [1], b"12345678"]),
        extension(12, ["i4,i4", [1], b"12345678"]),
        extension(12, ["<f3", [1], b"abc"]),
        extension(12, ["<U0", [2**62], b""]),
        extension(12, {}),
        extension(13, ["<f4", [1], b"abcd"]),
        extension(4, [[1]]),
        extension(1, {"not": "a list"}),
        msgpack.packb(msgpack.ExtType(7, b"toaster")),
        msgpack.packb(msgpack.ExtType(99, b"")),
        b"\x91" * 5000,
    ],
)
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        decode(data)


def test_a_bomb_of_nested_extensions_is_refused() -> None:
    data = b"\xc0"
    for _ in range(3000):
        data = msgpack.packb(msgpack.ExtType(1, b"\x91" + data))
    with pytest.raises(EncodingError):
        decode(data)


def nested(depth: int, kind: Any = tuple, inner: Any = 1) -> Any:
    for _ in range(depth):
        inner = kind([inner])
    return inner


@pytest.mark.parametrize(
    "kind",
    [tuple, frozenset, lambda items: (list(items),)],
    ids=["tuple", "frozenset", "list"],
)
def test_as_deep_as_allowed_is_allowed_also_after_errors(kind: Any) -> None:
    """Also on a thread with a stack of 1 MB: nesting costs no C stack."""

    def check() -> bool:
        for _ in range(3):
            value = nested(MAX_NESTING, kind)
            assert identical(decode(encode(value)), value)
            with pytest.raises(EncodingError, match="nested more than 128 deep"):
                encode(kind([value]))
            with pytest.raises(EncodingError, match="nested more than 128 deep"):
                decode(extension_around(encode(value)))
        return True

    before = threading.stack_size(2**20)
    try:
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(check).result(30)
    finally:
        threading.stack_size(before)


def extension_around(packed: bytes) -> bytes:
    data: bytes = msgpack.packb(msgpack.ExtType(1, b"\x91" + packed))
    return data


def test_deep_values_of_every_kind() -> None:
    leaf = [2**70, 1j, torch.float16, torch.Size([2]), {(1, (2,)): {3}}, frozenset({(4,)})]
    for depth in (1, 7, 8, 9, 10, 40):
        value = nested(depth, inner={"a": leaf, ("k", nested(depth)): [leaf]})
        assert identical(decode(encode(value)), value)
        metadata = TensorMetadata("cpu", torch.bool, torch.Size([4]))
        assert decode(encode(nested(depth, inner=metadata))) == nested(depth, inner=metadata)
        tensor: Any = decode(encode(nested(depth, inner=torch.arange(3))))
        for _ in range(depth):
            (tensor,) = tensor
        assert tensor.tolist() == [0, 1, 2]


def test_lists_around_tuples_may_be_as_deep_as_lists_alone() -> None:
    value = nested(400, list, (1, 2))
    assert decode(encode(value)) == value


def test_arrays_set_aside_come_back_in_their_places() -> None:
    tensor, array = torch.arange(3), np.arange(2)
    for depth in (0, 12):  # the second is encoded in the other way
        value = nested(depth, inner={"t": tensor, "more": [(array, np.int64(4)), tensor]})
        aside: list[Any] = []
        encoded = encode(value, aside)
        assert len(encoded) < 200
        assert sorted(map(id, aside)) == sorted(map(id, (tensor, array, tensor)))
        result = decode(encoded, aside)
        for _ in range(depth):
            (result,) = result
        assert result["t"] is tensor
        assert result["more"][0][0] is array
        assert result["more"][0][1] == 4
        assert result["more"][1] is tensor
        with pytest.raises(EncodingError, match="that is not there"):
            decode(encoded)
        with pytest.raises(EncodingError, match="that is not there"):
            decode(encoded, aside[:2])
        with pytest.raises(EncodingError, match="no place for 1"):
            decode(encoded, [*aside, tensor])


def test_pickle_only_by_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = msgpack.packb(msgpack.ExtType(11, pickle.dumps(range(3))))
    with pytest.raises(EncodingError, match="VLLM_ALLOW_INSECURE_SERIALIZATION=1"):
        decode(pickled)
    monkeypatch.setenv("VLLM_ALLOW_INSECURE_SERIALIZATION", "1")
    assert decode(pickled) == range(3)
    assert decode(encode({"a": range(3)})) == {"a": range(3)}
    monkeypatch.setenv("VLLM_ALLOW_INSECURE_SERIALIZATION", "true")
    with pytest.raises(EncodingError):
        decode(pickled)


def test_splitting_and_filling() -> None:
    value = {"a": torch.ones(2), "b": [(torch.zeros(1), 3), {"c": torch.ones(())}], "d": None}
    description, tensors = split(value)
    assert [metadata.size for metadata in find_metadata(description)] == [
        tensor.shape for tensor in tensors
    ]
    result = fill(decode(encode(description)), iter(tensors))
    assert result["a"] is value["a"]
    assert result["b"][0][0] is value["b"][0][0]  # type: ignore[index]
    assert result["b"][0][1:] == (3,)
    assert result["d"] is None


def test_nothing_is_asserted_away_by_python_o() -> None:
    """Errors are raised, not asserted: `python -O` changes nothing."""
    program = (
        "import vllm_distributed as vd\n"
        "for call in (vd.get_tp_group, vd.get_world_group, vd.initialize_model_parallel):\n"
        "    try:\n        call()\n"
        "    except AssertionError as error:\n        print(error.reason)\n"
        "try:\n    vd.divide(3, 2)\n"
        "except AssertionError as error:\n    print(error.reason)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.split() == [
        "group_not_initialized",
        "environment_not_initialized",
        "environment_not_initialized",
        "invalid_argument",
    ]


class Color(enum.Enum):
    """Three of them."""

    RED = 1
    GREEN = 2


class Level(enum.IntEnum):
    """An int, too."""

    LOW = 1


class Point(NamedTuple):
    """A tuple, too."""

    x: float
    y: torch.Tensor


@dataclasses.dataclass
class Request:
    """Made of others."""

    name: str
    tokens: list[int]
    where: Any = None


class Unknown(enum.Enum):
    """Registered nowhere."""

    THING = 1


@pytest.fixture
def registered() -> Iterator[None]:
    before = dict(registered_types._by_type), dict(registered_types._by_name)
    vd.register_type(Color, lambda color: color.name, lambda name: Color[name])
    vd.register_type(Level, int, Level)
    vd.register_type(Point, list, lambda items: Point(*items))
    vd.register_type(
        Request,
        lambda request: {name: getattr(request, name) for name in ("name", "tokens", "where")},
        lambda fields: Request(**fields),
    )
    yield
    registered_types._by_type.clear()
    registered_types._by_name.clear()
    registered_types._by_type.update(before[0])
    registered_types._by_name.update(before[1])


def through_a_queue(value: Any) -> Any:
    return unpack(b"".join(map(bytes, pack(value)[0])))


WAYS = pytest.mark.parametrize(
    "way", [lambda value: decode(encode(value)), through_a_queue], ids=["object", "queue"]
)


@WAYS
@pytest.mark.usefixtures("registered")
def test_registered_classes_travel(way: Callable[[Any], Any]) -> None:
    point = Point(1.5, torch.tensor([1, 2]))
    request = Request("a", [1, 2], where={Color.RED: (Color.GREEN, {Level.LOW}, bytearray(b"x"))})
    result = way([Color.RED, Level.LOW, point, request, {Color.GREEN: 1}])
    assert result[0] is Color.RED
    assert result[1] is Level.LOW
    assert type(result[2]) is Point
    assert result[2].y.tolist() == [1, 2]
    assert result[3] == request
    assert result[4] == {Color.GREEN: 1}
    deep: Any = Color.RED
    for _ in range(60):
        deep = (Request("deep", [], deep),)
    assert way(deep) == deep


@WAYS
def test_a_class_that_is_not_registered_is_told_the_remedy(way: Callable[[Any], Any]) -> None:
    for value in (Unknown.THING, Request("a", []), Point(1.0, torch.zeros(1)), [Level.LOW]):
        with pytest.raises(EncodingError, match=r"vllm_distributed\.register_type\(cls, encode"):
            way(value)


@pytest.mark.usefixtures("registered")
def test_a_receiver_that_has_not_registered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode([Color.RED])
    broken = encode(Request("a", []))
    monkeypatch.delitem(registered_types._by_name, f"{__name__}.Color")
    with pytest.raises(EncodingError, match=r"Color, which is not registered.*every rank"):
        decode(data)
    vd.register_type(Request, list, lambda items: 1 // 0)  # type: ignore[arg-type]
    with pytest.raises(EncodingError, match=r"registered for .*Request raised ZeroDivision"):
        decode(broken)


@pytest.mark.parametrize("payload", [[], ["a"], [1, 2], ["nobody.Is", 1], {"a": 1}, 7])
def test_damaged_registered_objects_are_refused(payload: Any) -> None:
    with pytest.raises(EncodingError):
        decode(msgpack.packb(msgpack.ExtType(17, msgpack.packb(payload))))
    with pytest.raises(EncodingError):
        decode(msgpack.packb(msgpack.ExtType(16, msgpack.packb(payload))))


@WAYS
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [(value, b"\xc4")]}])
def test_a_bytearray_and_a_parameter_come_back_as_such(
    way: Callable[[Any], Any], wrap: Callable[[Any], Any]
) -> None:
    def unwrapped(value: Any) -> Any:
        return value["a"][0][0] if isinstance(value, dict) else value

    raw = unwrapped(way(wrap(bytearray(b"\x00\xc4\xff"))))
    assert type(raw) is bytearray
    assert raw == b"\x00\xc4\xff"
    assert type(unwrapped(way(wrap(b"\x00\xc4\xff")))) is bytes
    for requires_grad in (True, False):
        parameter = torch.nn.Parameter(torch.arange(3.0)[::2][:1], requires_grad=requires_grad)
        back = unwrapped(way(wrap(parameter)))
        assert type(back) is torch.nn.Parameter
        assert back.requires_grad is requires_grad
        assert back.tolist() == [0.0]
    assert type(unwrapped(way(wrap(torch.ones(2, requires_grad=True))))) is torch.Tensor


def cycles() -> dict[str, Any]:
    a_list: list[Any] = []
    a_list.append(a_list)
    a_dict: dict[str, Any] = {}
    a_dict["self"] = a_dict
    in_a_tuple: list[Any] = []
    in_a_tuple.append((in_a_tuple, bytearray(b"x")))
    deep: Any = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    return {"list": a_list, "dict": a_dict, "tuple": in_a_tuple, "deep": deep}


@pytest.mark.parametrize("name", cycles())
def test_what_contains_itself_or_is_very_deep_is_an_error_of_ours(name: str) -> None:
    value = cycles()[name]
    for send in (encode, pack, lambda value: split({"a": value})):
        with pytest.raises(EncodingError, match="deep"):
            send(value)


def test_arrays_without_bytes_allocate_nothing() -> None:
    """numpy gives elements of no bytes one each, and an array without elements one."""
    for text, shape in (("|S0", [10**12]), ("<U0", [2**40]), ("|O", [1]), ("|V8", [1])):
        with pytest.raises(EncodingError):
            decode(msgpack.packb(msgpack.ExtType(12, msgpack.packb([text, shape, b""]))))
        table, value = encode([[1, text, shape]]), encode(np.zeros(1), [])
        frame = struct.pack("<QQQ", len(table), len(value), 0) + table + value
        with pytest.raises(EncodingError):
            unpack(frame)
    empty = decode(encode(np.zeros((0, 3), "S900000000")))
    assert (empty.shape, empty.dtype) == ((0, 3), np.dtype("S900000000"))
