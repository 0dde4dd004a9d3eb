"""A default device or dtype in force changes nothing: every tensor we make names its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._device import _device_constructors

import vllm_bridge
import vllm_distributed as vd
from vllm_bridge.codec import tensors
from vllm_bridge.codec.calls import decode_term, encode_term
from vllm_bridge.codec.chunks import ChunkStorage
from vllm_bridge.codec.segments import SessionMemory
from vllm_distributed.tensors.dtypes import has_overlaps
from vllm_distributed.transports.queue.frames import pack, unpack
from vllm_distributed.wire.object_codec import decode, encode

PACKAGES = [Path(str(package.__file__)).parent for package in (vd, vllm_bridge)]
MAKERS = {function.__name__ for function in _device_constructors()}
"""What torch itself makes in the default device, by name."""


@pytest.fixture(params=["meta", "float64"])
def default(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each of the two in force, in turn."""
    before = torch.get_default_dtype()
    if request.param == "meta":
        torch.set_default_device("meta")
    else:
        torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(before)


def tensors_made(package: Path) -> Iterator[tuple[str, set[str | None]]]:
    """Every call in the source that makes a tensor: where it is, and the keywords it is given."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "torch" and node.func.attr in MAKERS:
                place = f"{path.relative_to(package.parent)}:{node.lineno} torch.{node.func.attr}"
                yield place, {keyword.arg for keyword in node.keywords}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.name))
def test_every_tensor_that_is_made_names_its_device_and_its_dtype(package: Path) -> None:
    made = dict(tensors_made(package))
    assert made
    wrong = {
        place: missing for place, given in made.items() if (missing := {"device", "dtype"} - given)
    }
    assert wrong == {}


@pytest.mark.usefixtures("default")
def test_tensors_arrive_where_and_as_what_they_were_sent() -> None:
    empty = torch.zeros(0, 3, dtype=torch.int16, device="cpu")
    full = torch.ones(2, dtype=torch.bfloat16, device="cpu")
    ways: list[Any] = [
        lambda value: decode(encode(value)),
        lambda value: unpack(b"".join(map(bytes, pack([value])[0])))[0],
        lambda value: tensors.from_message(tensors.to_message(value)),
        lambda value: decode_term(encode_term(value)),
    ]
    for way in ways:
        for sent in (empty, full):
            arrived = way(sent)
            assert (arrived.device, arrived.dtype) == (sent.device, sent.dtype)
            assert torch.equal(arrived, sent)


@pytest.mark.usefixtures("default")
def test_large_arguments_and_results_are_on_the_host(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0" * 32)
    (tmp_path / "segment-1").write_bytes(b"")
    large = torch.ones(1 << 20, dtype=torch.uint8, device="cpu")
    memory = SessionMemory(tmp_path, 1 << 22).call(f"{'0' * 32} segment-1")
    message = tensors.to_message(large, memory)
    assert message.HasField("shared_memory")
    assert torch.equal(tensors.from_message(message, memory), large)

    leaving, arriving = ChunkStorage(), ChunkStorage()
    message = tensors.to_message(large, leaving)
    assert message.HasField("chunks")
    arriving.receive(leaving.parts(b""))
    assert torch.equal(tensors.from_message(message, arriving), large)


@pytest.mark.usefixtures("default")
def test_experts_are_placed_as_ever() -> None:
    assert vd.get_expert_map(5, 1, 2, "round_robin").tolist() == [-1, 0, -1, 1, -1]
    load = torch.tensor([[90.0, 10.0, 10.0, 5.0]], dtype=torch.float32, device="cpu")
    for replicas, groups, nodes, gpus in [(6, 2, 2, 2), (8, 1, 1, 4), (4, 4, 1, 2)]:
        slots, places, counts = vd.rebalance_experts(load, replicas, groups, nodes, gpus)
        assert slots.shape == (1, replicas)
        assert int(counts.sum()) == replicas
        assert {slots.device.type, places.device.type, counts.device.type} == {"cpu"}


@pytest.mark.usefixtures("default")
def test_overlaps_are_seen() -> None:
    base = torch.zeros(9, dtype=torch.float32, device="cpu")
    assert has_overlaps(base.as_strided((3, 3), (1, 2)))
    assert not has_overlaps(base.as_strided((2, 3), (1, 2)))
