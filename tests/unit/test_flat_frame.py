"""Flat frames of a description and small tensors."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.errors import EncodingError
from vllm_distributed.wire.flat_frame import (
    OBJECT,
    TENSOR_DICT,
    Budget,
    check_mark,
    cut,
    receive,
    room_for,
)
from vllm_distributed.wire.message_steps import Stamp


def carrier(messages: list[torch.Tensor]) -> Callable[[torch.Tensor], None]:
    """Return what receives these messages, each into a tensor of just its size."""
    left = list(messages)

    def into(target: torch.Tensor) -> None:
        message = left.pop(0)
        assert target.shape == message.shape
        target.copy_(message)

    return into


@given(
    st.sampled_from([0, 1, 983, 984, 985, 5000]),
    st.lists(
        st.tuples(
            st.sampled_from([torch.bool, torch.bfloat16, torch.float64, torch.complex64]),
            st.lists(st.integers(1, 5), max_size=3),
        ),
        max_size=5,
    ),
)
def test_round_trip(head_bytes: int, kinds: list[tuple[torch.dtype, list[int]]]) -> None:
    head = bytes(range(256)) * 20
    tensors = [torch.arange(1, torch.Size(s).numel() + 1).to(d).reshape(s) for d, s in kinds]
    stamp = Stamp(2**63, head_bytes)
    messages = cut(TENSOR_DICT, head[:head_bytes], tensors, stamp)
    found, sent, received, flat = receive(TENSOR_DICT, carrier(messages))
    assert (found, sent, received) == (TENSOR_DICT, stamp, head[:head_bytes])
    for tensor in tensors:
        result = flat.take(tensor.shape, tensor.dtype)
        assert result.dtype == tensor.dtype
        assert torch.equal(result, tensor)
        assert result.untyped_storage().nbytes() == tensor.nbytes


def test_what_is_small_travels_in_one_message() -> None:
    assert len(cut(TENSOR_DICT, b"x" * 984)) == 1
    assert len(cut(TENSOR_DICT, b"x" * 985)) == 2
    assert len(cut(TENSOR_DICT, b"", [torch.zeros(1)])) == 2


@pytest.mark.parametrize("size", [10, 5000])
@pytest.mark.parametrize(
    ("sent", "expected", "words"),
    [
        (OBJECT, TENSOR_DICT, "sent an object in place of a dict of tensors: it made another call"),
        (TENSOR_DICT, OBJECT, "sent a dict of tensors in place of an object: it made another call"),
    ],
)
def test_another_call_is_told_apart_and_taken_in(
    sent: bytes, expected: bytes, words: str, size: int
) -> None:
    messages = cut(sent, b"\x01" * size, [torch.zeros(3)] if sent is TENSOR_DICT else [])
    into = carrier(messages)
    frame = receive(expected, into)
    with pytest.raises(EncodingError, match=words):
        check_mark(frame.mark, expected)
    with pytest.raises(IndexError):  # nothing is left on its way
        into(messages[0])


@pytest.mark.parametrize("mark", [OBJECT, TENSOR_DICT])
@pytest.mark.parametrize(
    "message",
    [
        torch.full((256,), -1.0).view(torch.uint8),
        torch.full((128,), 2**62).view(torch.uint8),
        torch.zeros(1024, dtype=torch.uint8),
    ],
    ids=["floats", "lengths", "zeros"],
)
def test_a_tensor_is_no_frame_and_nothing_is_allocated(mark: bytes, message: torch.Tensor) -> None:
    with pytest.raises(EncodingError, match=r"broadcast of a tensor.*out of step"):
        receive(mark, carrier([message]))


@pytest.mark.parametrize(
    ("head", "rest"),
    [(-1, 0), (2**62, 2**62), (10, -1), (10, 2**40), (2000, 100), (2000, 2**33)],
)
def test_lengths_no_frame_has_are_refused(head: int, rest: int) -> None:
    message = bytearray(1024)
    struct.pack_into("<8sqq", message, 0, OBJECT, head, rest)
    with pytest.raises(EncodingError, match="which no frame has"):
        receive(OBJECT, carrier([torch.frombuffer(message, dtype=torch.uint8)]))


@given(st.binary(min_size=16, max_size=100))
def test_any_beginning_is_taken_or_refused(data: bytes) -> None:
    """`IndexError` is the carrier's: a second message was asked for."""
    for beginning in (data, OBJECT + data, TENSOR_DICT + data):
        message = torch.frombuffer(bytearray(beginning.ljust(1024, b"\0")), dtype=torch.uint8)
        with contextlib.suppress(EncodingError, IndexError):
            receive(OBJECT, carrier([message]))


def test_no_memory_for_what_is_announced_is_an_error() -> None:
    with pytest.raises(EncodingError, match=r"\[4611686018427387904\].*no memory"):
        room_for(torch.Size([2**62]), torch.uint8, "cpu")


def test_fewer_bytes_than_described_are_an_error() -> None:
    flat = receive(TENSOR_DICT, carrier(cut(TENSOR_DICT, b"head", [torch.zeros(4)]))).flat
    with pytest.raises(EncodingError, match="fewer bytes"):
        flat.take(torch.Size([100]), torch.float32)


def test_large_and_foreign_tensors_go_by_themselves() -> None:
    budget = Budget()
    assert not budget.takes(256 * 1024 + 1, True)
    assert not budget.takes(8, False)
    assert not budget.takes(0, True)
    taken = [budget.takes(256 * 1024, True) for _ in range(40)]
    assert taken == [True] * 32 + [False] * 8
