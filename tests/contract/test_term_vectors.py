"""The bytes of terms that Elixir's tests read too, and bytes that are no terms."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from typing import Any

import pytest
import torch
from described import FOLDER, load, same, tensor_message, unhex, value

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import terms
from vllm_bridge.codec.calls import RemoteObjects
from vllm_bridge.codec.errors import BridgeError, Category

pytestmark = pytest.mark.wire

VECTORS = load("terms.json")
OBJECTS = RemoteObjects()


def message(vector: dict[str, Any]) -> types_pb2.Term:
    tensors = [tensor_message(tensor) for tensor in vector.get("tensors", [])]
    return types_pb2.Term(msgpack=unhex(vector["hex"]), tensors=tensors)


@pytest.mark.parametrize("name", ["terms", "elements"])
def test_the_files_are_what_their_scripts_print(name: str) -> None:
    script = FOLDER / f"make_{name}.py"
    printed = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    )
    assert printed.stdout == (FOLDER / f"{name}.json").read_text(), (
        f"run {script.name} and commit {name}.json"
    )


def test_every_value_decodes_and_encodes_as_in_elixir() -> None:
    for vector in VECTORS["values"]:
        expected = value(vector["value"], vector)
        decoded = terms.decode(message(vector), OBJECTS)
        assert same(decoded, expected), vector["name"]
        if "python" in vector["made_by"]:
            encoded = terms.encode(expected, OBJECTS)
            assert encoded.msgpack == unhex(vector["hex"]), vector["name"]
            assert list(encoded.tensors) == list(message(vector).tensors), vector["name"]


def test_what_is_no_term_is_refused_with_the_words_of_elixir() -> None:
    for vector in VECTORS["refused"]:
        if "python" not in vector["by"]:
            continue
        with pytest.raises(BridgeError) as refused:
            terms.decode(types_pb2.Term(msgpack=unhex(vector["hex"])), OBJECTS)
        assert refused.value.category is Category.VALIDATION, vector["name"]
        assert vector["says"] in refused.value.message, vector["name"]


def test_a_tensor_named_twice_is_the_same_tensor() -> None:
    tensor = torch.arange(1_000)
    term = terms.encode([tensor, {"again": tensor}], OBJECTS)
    assert len(term.tensors) == 1
    first, second = terms.decode(term, OBJECTS)
    assert first is second["again"]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("lone \ud800", "no Unicode text"),
        ({"\udfff": 1}, "no Unicode text"),
        (2 ** (8 * 4096 - 1), "4097 bytes"),
        (-(2**40_000), "5001 bytes"),
    ],
    ids=["surrogate", "surrogate key", "first too large", "too large"],
)
def test_what_no_term_can_hold_is_refused(bad: object, says: str) -> None:
    with pytest.raises(BridgeError, match=says) as refused:
        terms.encode([(bad,)], OBJECTS)
    assert refused.value.reason == "bad_term"


def test_a_cycle_is_refused() -> None:
    cycle: list[Any] = []
    cycle.append((cycle,))
    with pytest.raises(BridgeError, match="nests deeper than 128"):
        terms.encode(cycle, OBJECTS)


def test_announced_lengths_cost_nothing() -> None:
    # 1,000 lists in each other, each of which announces two million elements: 16 GB of pointers.
    size = 2 * 2**20
    boast = (b"\xdd" + size.to_bytes(4, "big")) * 1_000
    term = types_pb2.Term(msgpack=boast + b"\xc0" * (size - len(boast)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BridgeError, match="ends in the middle"):
        terms.decode(term, OBJECTS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_20_000_changed_and_random_inputs_decode_or_are_refused() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chosen = random.Random(seed)
    small = [data for vector in VECTORS["values"] if 0 < len(data := unhex(vector["hex"])) < 300]
    tensors = [types_pb2.Tensor(dtype="u8", shape=[1], data=b"\x01")]
    refused = 0
    for number in range(20_000):
        data = mangled(chosen, small) if number % 4 else chosen.randbytes(chosen.randrange(40))
        try:
            terms.decode(types_pb2.Term(msgpack=data, tensors=tensors), OBJECTS)
        except BridgeError as error:
            refused += error.category is Category.VALIDATION
        except Exception as error:  # noqa: BLE001 - the point of the test
            pytest.fail(f"seed {seed}: {data.hex()} raises {error!r}")
    assert 2_000 < refused < 20_000


def mangled(chosen: random.Random, vectors: list[bytes]) -> bytes:
    """A vector, cut, with a byte changed, or within another."""
    data = bytearray(chosen.choice(vectors))
    place = chosen.randrange(len(data))
    match chosen.randrange(4):
        case 0:
            del data[place:]
        case 1:
            data[place] = chosen.randrange(256)
        case 2:
            data[place:place] = chosen.choice(vectors)[: chosen.randrange(40)]
        case _:
            other = chosen.choice(vectors)
            data = bytearray(b"\x92" + bytes(data) + b"\xc7" + bytes([min(len(other), 255)]))
            data += bytes([chosen.randrange(1, 14)]) + other
    return bytes(data)
