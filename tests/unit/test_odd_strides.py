"""Tensors whose strides are unusual travel as any other: views, diagonals, one element of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import decode_term, encode_term
from vllm_distributed.tensors.dtypes import as_bytes_if_needed
from vllm_distributed.tensors.raw_bytes import bytes_of, flat_bytes
from vllm_distributed.transports.queue.frames import Assembler, pack, unpack
from vllm_distributed.wire.object_codec import decode, encode

COMPLEX = torch.tensor([1 + 2j, 3 - 4j])
GRID = torch.arange(12.0).reshape(3, 4)

ODD: dict[str, torch.Tensor] = {
    "one of every second": torch.arange(3.0)[::2][:1],
    "one of every second bfloat16": torch.arange(3, dtype=torch.bfloat16)[::2][1:],
    "one of every second float8": torch.arange(3.0).to(torch.float8_e4m3fn)[::2][1:],
    "one of every second bool": torch.tensor([True, False, True])[::2][1:],
    "one of every second complex": COMPLEX[::2],
    "imaginary parts": COMPLEX.imag,
    "one imaginary part": COMPLEX.imag[:1],
    "real parts": COMPLEX.real[1:],
    "conjugated": COMPLEX.conj(),
    "one conjugated": COMPLEX.conj()[1:],
    "negative": torch.tensor([1 + 2j]).conj().imag,
    "a diagonal": GRID.diagonal(),
    "one of a diagonal": GRID.diagonal()[2:],
    "expanded": torch.tensor([7, 8], dtype=torch.int16).expand(3, 2),
    "one expanded": torch.tensor(7, dtype=torch.int16).expand(1, 1),
    "a column": GRID[:, 1:2],
    "one of a column": GRID[1:2, 1:2],
    "transposed": GRID.t(),
    "without dims": GRID[1, 2],
    "without elements": GRID[:, ::2][:, :0],
    "without elements, odd strides": torch.empty(8).as_strided((0,), (7,)),
    "with a gradient": torch.arange(3.0, requires_grad=True)[::2][:1],
}

# The two in which a dtype is sent as what Nx calls it know no others.
WAYS: dict[str, Callable[[torch.Tensor], Any]] = {
    "object": lambda tensor: decode(encode(tensor)),
    "object in a list": lambda tensor: decode(encode([tensor]))[0],
    "message queue": lambda tensor: unpack(b"".join(map(bytes, pack([tensor])[0])))[0],
    "message queue in pieces": lambda tensor: in_pieces(pack([tensor])[0]),
    "argument of a call": lambda tensor: tensors.from_message(tensors.to_message(tensor)),
    "argument of any type": lambda tensor: decode_term(encode_term([tensor]))[0],
}


def in_pieces(parts: list[Any]) -> Any:
    assembler = Assembler()
    for part in parts:
        assembler.feed(memoryview(part))
    return assembler.take()[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ODD)
def test_a_tensor_of_any_strides_arrives_with_its_values(name: str, way: str) -> None:
    sent = ODD[name]
    arrived = WAYS[way](sent)
    assert arrived.dtype == sent.dtype
    assert arrived.shape == sent.shape
    assert arrived.tolist() == sent.tolist()


@pytest.mark.parametrize("name", ODD)
def test_bytes_are_those_of_a_copy(name: str) -> None:
    sent = ODD[name].detach()
    copy = torch.empty(sent.shape, dtype=sent.dtype).copy_(sent)
    raw: Any = copy.reshape(-1).view(torch.uint8).numpy()
    assert bytes_of(ODD[name]) == raw.tobytes()
    assert flat_bytes(ODD[name]).stride() == (1,)


@pytest.mark.parametrize("dtype", [torch.int16, torch.bool, torch.complex64, torch.float8_e4m3fn])
@pytest.mark.parametrize("shape", [(1,), (1, 1), (0, 3), (2, 1)])
def test_gloo_gets_a_view_as_bytes_of_any_contiguous_tensor(
    dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    strides = [9] * len(shape) if shape != (2, 1) else [1, 9]
    odd = torch.zeros(16, dtype=dtype).as_strided(shape, strides)
    carried = as_bytes_if_needed(odd)
    assert carried.dtype is torch.uint8
    assert carried.nbytes == odd.nbytes
    assert odd.numel() == 0 or carried.data_ptr() == odd.data_ptr()


def test_numpy_arrays_of_odd_strides_arrive_too() -> None:
    array = np.arange(3.0)[::2][:1]
    assert decode(encode(array)).tolist() == [0.0]
    assert unpack(b"".join(map(bytes, pack([array])[0])))[0].tolist() == [0.0]
