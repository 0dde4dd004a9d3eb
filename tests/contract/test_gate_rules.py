"""Every call that other ranks take part in passes the gate, or has a reason not to."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch

import vllm_distributed
from vllm_bridge import surface
from vllm_bridge._generated import dispatch
from vllm_bridge.codec.wire import Wire
from vllm_bridge.gate.facts import dim_of, rows, tensor_parts
from vllm_bridge.gate.rules.collectives import NOT_GATED, RULES, gated_name
from vllm_bridge.surface import Exposed, Kind

EXPOSED = {item.qualified_name: item for item in surface.exposed()}
BETWEEN_RANKS = surface.COLLECTIVE | surface.POINT_TO_POINT


def test_every_call_between_ranks_has_a_rule_or_a_reason() -> None:
    assert set(RULES) | set(NOT_GATED) == BETWEEN_RANKS
    assert not set(RULES) & set(NOT_GATED)
    assert all(NOT_GATED.values())


def test_the_surface_names_nothing_that_is_not_exposed() -> None:
    assert set(EXPOSED) >= BETWEEN_RANKS


def test_what_is_documented_as_collective_is_named_so() -> None:
    said = {
        name
        for name, item in EXPOSED.items()
        if ". Collective" in item.doc.replace("\n", " ") or item.doc.startswith("Collective")
    }
    assert said - {"GroupCoordinator.prepare_communication_buffer_for_model"} <= BETWEEN_RANKS


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_takes_the_arguments_of_its_function(name: str) -> None:
    item = EXPOSED[name]
    assert _parameters(RULES[name], item) == _parameters(item.target, item)


def _parameters(function: Any, item: Exposed) -> list[tuple[str, Any]]:
    parameters = list(inspect.signature(function).parameters.values())
    if item.kind is Kind.METHOD:
        parameters = parameters[1:]
    return [(parameter.name, parameter.default) for parameter in parameters]


@pytest.mark.parametrize("name", sorted(BETWEEN_RANKS))
def test_the_generated_code_asks_for_it(name: str) -> None:
    source = Path(dispatch.__file__).read_text()
    assert f'wire.gated("{name}", ' in source.replace("wire.gated(\n        ", "wire.gated(")


def test_nothing_else_is_asked_for() -> None:
    source = Path(dispatch.__file__).read_text()
    assert source.count("wire.gated(") == len(BETWEEN_RANKS)


def test_calls_by_name_and_by_object_find_their_rule() -> None:
    assert gated_name(vllm_distributed.all_reduce) == "all_reduce"
    assert gated_name(vllm_distributed.GroupCoordinator) == "GroupCoordinator.new"
    assert gated_name(vllm_distributed.StatelessProcessGroup.create) == (
        "StatelessProcessGroup.create"
    )
    communicator = vllm_distributed.DeviceCommunicatorBase(unique_name="alone")
    name = gated_name(communicator.all_reduce)
    assert name is not None
    assert RULES[name] is RULES["DeviceCommunicatorBase.all_reduce"]
    for other in (torch.arange, communicator.destroy, vllm_distributed.get_tp_group, len, 7):
        assert gated_name(other) is None


def test_a_gate_pass_sees_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def pass_it(name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        seen.append((name, args, kwargs))
        return function(*args, **kwargs)

    wire = Wire(None, None)  # type: ignore[arg-type]  # nothing is looked up
    assert wire.gated("x", divmod, 7, 2) == (3, 1)
    wire.gate_pass = pass_it
    assert wire.gated("y", int, "11", base=2) == 3
    assert seen == [("y", ("11",), {"base": 2})]


def test_parts_are_what_must_be_equal() -> None:
    tensor = torch.ones(2, 3, dtype=torch.float16)
    assert tensor_parts(tensor) == (("dtype", "float16"), ("shape", "[2, 3]"))
    assert dim_of(tensor, -1) == 1
    assert dim_of(torch.ones(()), -1) == 0
    assert rows([tensor, torch.ones(())], -1) == "float16[2, _, 1] at 1 float32[1, _, 1] at 0"
