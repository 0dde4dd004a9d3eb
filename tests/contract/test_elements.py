"""Tensors of every dtype, as messages: the vectors that Elixir's tests read too."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from described import load, same, unhex, value
from hypothesis import given
from hypothesis import strategies as st

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_distributed.tensors.raw_bytes import bytes_of

pytestmark = pytest.mark.wire

VECTORS = load("elements.json")


def message(vector: dict[str, Any]) -> types_pb2.Tensor:
    return types_pb2.Tensor(
        dtype=vector["dtype"], shape=[len(vector["values"])], data=unhex(vector["hex"])
    )


def listed(tensor: torch.Tensor) -> list[Any]:
    wide = tensor.float() if tensor.dtype.itemsize == 1 and tensor.is_floating_point() else tensor
    values: list[Any] = wide.tolist()
    return values


@pytest.mark.parametrize("vector", VECTORS["elements"], ids=lambda vector: vector["dtype"])
def test_elements_come_and_go_bit_by_bit(vector: dict[str, Any]) -> None:
    tensor = tensors.from_message(message(vector))
    assert same(listed(tensor), [value(described, {}) for described in vector["values"]])
    assert tensors.to_message(tensor) == message(vector)


def test_every_byte_but_0_is_true() -> None:
    tensor = tensors.from_message(types_pb2.Tensor(dtype="pred", shape=[3], data=b"\x02\x00\xff"))
    assert bytes_of(tensor) == b"\x01\x00\x01"


def test_there_are_vectors_of_every_dtype() -> None:
    assert {vector["dtype"] for vector in VECTORS["elements"]} == set(tensors._DTYPES)


@pytest.mark.parametrize("vector", VECTORS["rounded"], ids=lambda vector: vector["dtype"])
def test_elixir_rounds_as_this_torch(vector: dict[str, Any]) -> None:
    values = [value(described, {}) for described in vector["values"]]
    rounded = torch.tensor(values, dtype=torch.float64).to(tensors.dtype_named(vector["dtype"]))
    assert bytes_of(rounded) == unhex(vector["hex"])


@pytest.mark.parametrize(
    "shape",
    [
        [2**62] * 64,
        [1] * 65,
        [2**62] * 100_000 + [0],
        [2**40, 2**40, 0],
        [2**31, 2**31, 2**2],
        [-1],
        [-(2**63), -(2**63)],
        [0, -1],
    ],
    ids=["product", "dimensions", "both", "of none", "wraps around", "-1", "edge", "0 x -1"],
)
def test_shapes_that_no_tensor_has_are_refused(shape: list[int]) -> None:
    with pytest.raises(BridgeError) as refused:
        tensors.from_message(types_pb2.Tensor(dtype="f32", shape=shape))
    assert refused.value.category is Category.VALIDATION
    assert len(refused.value.message) < 10_000


dtypes = st.sampled_from([*tensors._DTYPES, "float32", "torch.int8", "f33", "load", ""])


@given(dtypes, st.lists(st.integers(-2, 3) | st.integers(), max_size=5), st.binary(max_size=40))
def test_any_message_is_a_tensor_or_refused(dtype: str, shape: list[int], data: bytes) -> None:
    shape = [max(-(2**63), min(extent, 2**63 - 1)) for extent in shape]
    message = types_pb2.Tensor(dtype=dtype, shape=shape, data=data)
    try:
        tensor = tensors.from_message(message)
    except BridgeError as error:
        outcome: object = error.category
    else:
        outcome = list(tensor.shape)
    assert outcome in (Category.VALIDATION, shape)
