"""What gloo is handed, and which tensors a result can be written into."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.tensors.dtypes import (
    as_bytes_if_needed,
    check_writable,
    dense_and_plain,
    write_into,
)

DIMS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 7)), max_size=4)


@given(DIMS)
def test_refused_is_what_has_two_elements_in_one_place(dims: list[tuple[int, int]]) -> None:
    tensor = torch.zeros(100).as_strided([size for size, _ in dims], [step for _, step in dims])
    places = [
        sum(at * step for at, (_, step) in zip(index, dims, strict=True))
        for index in itertools.product(*(range(size) for size, _ in dims))
    ]
    if len(set(places)) == len(places):
        check_writable(tensor, "broadcast")
    else:
        with pytest.raises(InvalidArgumentError, match=r"broadcast writes.*\.clone\(\)"):
            check_writable(tensor, "broadcast")


def test_written_whatever_autograd_thinks_of_it() -> None:
    with torch.inference_mode():
        inference = torch.zeros(2, 3)
    leaf = torch.zeros(2, 3, requires_grad=True)
    for tensor in (torch.zeros(2, 3), inference, leaf):
        write_into(tensor, torch.ones(2, 3))
        assert tensor.tolist() == [[1.0] * 3] * 2
    assert leaf.is_leaf


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(3, dtype=torch.int16).view(1, 3).t(),
        torch.arange(6, dtype=torch.int16).view(2, 3).t()[:1],
        torch.zeros(4, 0, dtype=torch.int16)[::2].t(),
        torch.tensor(5, dtype=torch.int16),
        torch.tensor([1 + 2j, 3 - 1j]).conj(),
        torch.tensor([1 + 2j, 3 - 1j]).conj().imag,
        torch.arange(6.0).view(2, 3).t(),
        torch.ones(2, requires_grad=True),
        torch.tensor([True, False]),
    ],
    ids=lambda tensor: f"{tensor.dtype}-{list(tensor.shape)}-{tensor.stride()}",
)
@torch.no_grad()
def test_any_dense_tensor_is_carried_as_its_bytes(tensor: torch.Tensor) -> None:
    carried = as_bytes_if_needed(dense_and_plain(tensor, "send"))
    assert not carried.is_neg()
    assert not carried.requires_grad
    values = tensor.detach().resolve_conj().resolve_neg().contiguous()
    assert carried.numpy().tobytes() == values.numpy().tobytes()
