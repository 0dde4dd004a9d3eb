"""The table of what the members of a call must agree on is the documented one, and the only one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from vllm_distributed import call_agreement as agreement
from vllm_distributed.call_agreement import AGREED, Agreement
from vllm_distributed.transports.shm.signature import OPERATIONS, describe, sign

DOCS = Path(__file__).parents[2] / "docs" / "shared-memory.md"
SHAPE = torch.Size([4, 6])
F32 = torch.float32

CALLS = {
    "all_reduce": agreement.all_reduce(F32, SHAPE),
    "all_gather": agreement.all_gather(F32, SHAPE, 1),
    "all_gatherv": agreement.all_gatherv(F32, SHAPE, 1, [6, 2]),
    "reduce_scatter": agreement.reduce_scatter(F32, SHAPE, 1, [4, 2]),
    "gather": agreement.gather(F32, SHAPE, 1, 1),
    "broadcast": agreement.broadcast(F32, SHAPE, 1),
    "broadcast_object": agreement.frame("broadcast_object", 1),
    "broadcast_object_list": agreement.frame("broadcast_object_list", 1),
    "broadcast_tensor_dict": agreement.frame("broadcast_tensor_dict", 1),
    "barrier": Agreement("barrier"),
}
OTHER = {
    "dtype": torch.int64,
    "elements": 12,
    "src": 2,
    "dst": 2,
    "dim": 0,
    "before": 8,
    "sizes": (5, 1),
    "op": "max",
}


def test_the_docs_have_the_table() -> None:
    section = DOCS.read_text().partition("### What must agree")[2]
    rows = re.findall(r"^\| `(\w+)`([^|]*\|[^|]*)\|$", section, re.MULTILINE)
    rows = [(name, rest.rpartition("|")[2]) for name, rest in rows]
    found = {name: tuple(re.findall(r"`(\w+)`", parts)) for name, parts in rows}
    assert found == AGREED


def test_shared_memory_compares_every_operation_of_the_table() -> None:
    assert set(OPERATIONS) == set(CALLS) == set(AGREED) - {"tensor", "object", "tensor_dict"}


@pytest.mark.parametrize("name", CALLS)
def test_what_must_agree_makes_another_number(name: str) -> None:
    call = CALLS[name]
    given = {part for part, value in call._asdict().items() if value is not None} - {"operation"}
    assert given == {part for part in AGREED[name] if part != "length"}
    for part in given:
        changed = call._replace(**{part: OTHER[part]})
        assert sign(changed) != sign(call), part
        assert changed.parts() != call.parts(), part
    assert describe(sign(call))[0] == name


def test_what_need_not_agree_does_not() -> None:
    assert agreement.all_reduce(F32, SHAPE) == agreement.all_reduce(F32, torch.Size([24]))
    assert agreement.all_gatherv(F32, SHAPE, 0, [4, 4]) == agreement.all_gather(F32, SHAPE, 0)
    assert agreement.all_gather(F32, SHAPE, 0) == agreement.all_gather(F32, torch.Size([24]), 0)
    assert agreement.all_gather(F32, SHAPE, 1) != agreement.all_gather(F32, torch.Size([6, 4]), 1)
    assert agreement.message(F32, SHAPE) == agreement.message(F32, torch.Size([2, 12]))
