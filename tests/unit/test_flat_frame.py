"""Flat frames of a description and small tensors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.communicators.flat_frame import Budget, cut, receive
from vllm_distributed.communicators.object_channel import _cut
from vllm_distributed.errors import EncodingError


def carrier(messages: list[torch.Tensor]) -> Callable[[torch.Tensor], None]:
    """Return what receives these messages, each into a tensor of just its size."""
    left = list(messages)

    def into(target: torch.Tensor) -> None:
        message = left.pop(0)
        assert target.shape == message.shape
        target.copy_(message)

    return into


@given(
    st.sampled_from([0, 1, 1007, 1008, 1009, 5000]),
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
    received, flat = receive(carrier(cut(head[:head_bytes], tensors)))
    assert received == head[:head_bytes]
    for tensor in tensors:
        result = flat.take(tensor.shape, tensor.dtype)
        assert result.dtype == tensor.dtype
        assert torch.equal(result, tensor)
        assert result.untyped_storage().nbytes() == tensor.nbytes


def test_what_is_small_travels_in_one_message() -> None:
    assert len(cut(b"x" * 1008, [])) == 1
    assert len(cut(b"x" * 1009, [])) == 2
    assert len(cut(b"", [torch.zeros(1)])) == 2


@pytest.mark.parametrize("size", [10, 5000])
def test_an_object_is_told_apart_and_taken_in(size: int) -> None:
    messages = _cut(b"\x01" * size)
    into = carrier(messages)
    with pytest.raises(EncodingError, match="made another call"):
        receive(into)
    with pytest.raises(IndexError):  # nothing is left on its way
        into(messages[0])


def test_fewer_bytes_than_described_are_an_error() -> None:
    _, flat = receive(carrier(cut(b"head", [torch.zeros(4)])))
    with pytest.raises(EncodingError, match="fewer bytes"):
        flat.take(torch.Size([100]), torch.float32)


def test_large_and_foreign_tensors_go_by_themselves() -> None:
    budget = Budget()
    assert not budget.takes(256 * 1024 + 1, on_host=True)
    assert not budget.takes(8, on_host=False)
    assert not budget.takes(0, on_host=True)
    taken = [budget.takes(256 * 1024, on_host=True) for _ in range(40)]
    assert taken == [True] * 32 + [False] * 8
