"""New weights of a module, staged on each rank and used on all or on none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import (
    EnvironmentConflictError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.weight_transfer import StagedWeights


class Model(torch.nn.Module):
    """A column part, a row part, and what every rank has whole."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.column = torch.nn.Parameter(torch.zeros(6 // size, 3, dtype=torch.bfloat16))
        self.row = torch.nn.Parameter(torch.zeros(3, 6 // size))
        self.register_buffer("scale", torch.zeros(2, dtype=torch.int8))


def whole(number: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(number)
    return {
        "column": torch.randint(-9, 9, (6, 3), generator=generator).to(torch.bfloat16),
        "row": torch.rand(3, 6, generator=generator),
        "scale": torch.randint(-9, 9, (2,), generator=generator, dtype=torch.int8),
    }


def holds(model: Model, expected: dict[str, torch.Tensor]) -> bool:
    group = vd.get_tp_group()
    size, rank = group.world_size, group.rank_in_group
    return (
        torch.equal(model.column, expected["column"].chunk(size, 0)[rank])
        and torch.equal(model.row, expected["row"].chunk(size, 1)[rank])
        and torch.equal(model.scale, expected["scale"])
    )


def replaced() -> None:
    model = Model(vd.get_tp_group().world_size)
    for number in (1, 2):
        staged = StagedWeights(model)
        assert staged.missing == ["column", "row", "scale"]
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        for name, tensor in whole(number).items():
            assert staged.add(name, tensor) == model.state_dict()[name].nbytes
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, before[name])
        assert (staged.missing, staged.version) == ([], number - 1)
        assert staged.commit() == number
        assert holds(model, whole(number))
        with pytest.raises(EnvironmentConflictError, match="in use already"):
            staged.commit()


@pytest.mark.parametrize("size", [2])
def test_each_rank_takes_its_part(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(replaced)


def refused() -> list[str]:
    group = vd.get_tp_group()
    model = Model(group.world_size)
    found = []
    staged = StagedWeights(model)
    for name, tensor in (
        ("other", torch.zeros(1)),
        ("row", torch.zeros(3, 4)),
        ("row", torch.zeros(6, 6)),
        ("row", torch.zeros(3)),
        ("scale", torch.zeros(2)),
    ):
        with pytest.raises(InvalidArgumentError) as caught:
            staged.add(name, tensor)
        found.append(str(caught.value))
    for wrong in ([1.0], None):
        with pytest.raises(InvalidTypeError, match="'row' must be a tensor"):
            staged.add("row", wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match=r"must be a torch.nn.Module, got dict"):
        StagedWeights({})  # type: ignore[arg-type]
    # One rank lacks something: all are told.
    for name, tensor in whole(1).items():
        if group.is_first_rank or name != "row":
            staged.add(name, tensor)
    with pytest.raises(InvalidArgumentError) as caught:
        staged.commit()
    found.append(str(caught.value))
    assert not any(tensor.any() for tensor in model.state_dict().values())
    if not group.is_first_rank:
        staged.add("row", whole(1)["row"])
    assert staged.commit() == 1
    assert holds(model, whole(1))
    return found


def test_what_does_not_fit_is_named_and_nothing_changes(world_of: Callable[..., World]) -> None:
    says = [
        "has no parameter or buffer 'other'; it has column, row, scale",
        "'row' has the shape [3, 3] on this rank, and its new weights [3, 4]",
        "its new weights [6, 6]",
        "its new weights [3]",
        "'scale' is torch.int8, and its new weights torch.float32",
        "rank 1 has no new weights for row",
    ]
    for found in world_of(2, tensor_model_parallel_size=2).run(refused):
        assert len(found) == len(says)
        assert all(text in message for text, message in zip(says, found, strict=True))
