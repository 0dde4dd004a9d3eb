"""Programs that a client ran with names that were allowed, and each step of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack
import pytest
import torch
from objects_harness import Rank
from torch import nn

import vllm_distributed
from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import terms
from vllm_bridge.codec.errors import BridgeError


def program(path: Path) -> str:
    return f"__import__('os').system('touch {path}')"


def with_a_function_of_its_own(rank: Rank, path: Path) -> None:
    """Write attributes of a function, read its code, and describe another function with it whose
    annotation is the program; registering an operator evaluates that."""
    function = rank.resolve("vllm_distributed.divide")
    fields = rank.named("torch.nn.ParameterDict")
    rank.call(fields, "update", {"": function})
    getter = rank.attribute(fields, "get")
    scheduler = rank.resolve("torch.optim.lr_scheduler.LRScheduler")
    write = rank.attribute(scheduler, "load_state_dict")
    rank.call(write, "", function, {"_buffers": {"__code__": 0}, "get_submodule": getter})
    read = rank.attribute(rank.resolve("torch.nn.Module"), "get_buffer")
    code = rank.call(read, "", function, "__code__")
    described = {
        "__name__": "f",
        "__code__": code,
        "__defaults__": None,
        "__kwdefaults__": None,
        "__annotations__": {"numerator": program(path)},
    }
    rank.call(fields, "update", described)
    rank.register("first_way_in", rank.named("torch.func.vmap", fields))


def with_a_copy(rank: Rank, path: Path) -> None:
    """Compose a `__reduce_ex__` that tells `copy.deepcopy` to write the annotations of a function
    of ours; registering an operator evaluates them."""
    function = rank.resolve("vllm_distributed.ensure_divisibility")
    fields, composed = rank.named("torch.nn.ParameterDict"), rank.named("torch.nn.ParameterDict")
    getter = rank.attribute(fields, "get")
    steps = {"0": rank.resolve("torch.typename"), "1": getter}
    rank.call(composed, "update", {"_modules": steps})
    rank.call(composed, "update", {"__class__": rank.resolve("torch.nn.Sequential")})
    written = (getter, ("f",), (None, {"__annotations__": {"numerator": program(path)}}))
    reduce = rank.attribute(composed, "forward")
    rank.call(fields, "update", {"f": function, "int": written, "__reduce_ex__": reduce})
    with suppress(TypeError):  # it is no encoder, but was copied
        rank.named("torch.nn.TransformerEncoder", fields, 1)
    rank.register("second_way_in", function)


@pytest.mark.parametrize("chain", [with_a_function_of_its_own, with_a_copy])
def test_no_client_runs_a_program_with_allowed_names(
    tmp_path: Path, chain: Callable[[Rank, Path], None]
) -> None:
    made = tmp_path / "made"
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        chain(Rank(), made)
    assert caught.value.reason == "name_not_allowed"
    assert not made.exists()


Step = Callable[[Rank], Any]


def _map_with_a_key(ref: types_pb2.Ref) -> bytes:
    facts = msgpack.packb([ref.id, ref.session_id, ref.epoch, ref.type_name])
    pairs = [msgpack.ExtType(terms.REF, facts), 1]
    packed: bytes = msgpack.packb(msgpack.ExtType(terms.MAP, msgpack.packb(pairs)))
    return packed


def _kept(rank: Rank, value: object) -> types_pb2.Ref:
    return rank.keep(value)


# Each with what a client of today cannot get to begin with.
STEPS: dict[str, Step] = {
    "attributes by update": lambda r: r.call(
        _kept(r, nn.ParameterDict()), "update", {"__class__": 1}
    ),
    "attributes by load_state_dict": lambda r: r.call(
        _kept(r, torch.optim.SGD([torch.zeros(1)], 0.1)), "load_state_dict", {}
    ),
    "a state dict of a module": lambda r: r.call(
        _kept(r, nn.Linear(1, 1)), "load_state_dict", {"__class__": 1}
    ),
    "reads by get_buffer": lambda r: r.call(_kept(r, nn.Linear(1, 1)), "get_buffer", "__init__"),
    "reads by get_submodule": lambda r: r.call(_kept(r, nn.Linear(1, 1)), "get_submodule", ""),
    "writes by register_buffer": lambda r: r.call(
        _kept(r, nn.Linear(1, 1)), "register_buffer", "forward", None
    ),
    "composition": lambda r: r.named("torch.nn.Sequential", _kept(r, nn.Linear(1, 1))),
    "a composition that is kept": lambda r: r.call(_kept(r, nn.Sequential()), "", 1),
    "wrapping": lambda r: r.named("torch.func.vmap", r.resolve("torch.neg")),
    "wrapping by its other name": lambda r: r.named("torch.vmap", r.resolve("torch.neg")),
    "copies": lambda r: r.named("torch.nn.TransformerEncoder", 1, 1),
    "the module of copies": lambda r: r.named("copy.deepcopy", 1),
    "a function as an argument": lambda r: r.named("torch.is_tensor", r.resolve("torch.neg")),
    "a function in a list": lambda r: r.named("torch.stack", [[r.resolve("torch.neg")]]),
    "a function in a keyword": lambda r: r.named("torch.neg", input=r.resolve("torch.neg")),
    "a function in a map": lambda r: r.named("torch.is_tensor", {"a": (r.resolve("torch.neg"),)}),
    "a function as a key": lambda r: r.wire.term(
        types_pb2.Term(msgpack=_map_with_a_key(r.resolve("torch.neg")))
    ),
    "a raw function": lambda r: r.named("torch.is_tensor", _kept(r, vllm_distributed.divide)),
    "a class": lambda r: r.named("torch.is_tensor", _kept(r, nn.Module)),
    "a module": lambda r: r.named("torch.is_tensor", _kept(r, torch.nn)),
    "an object of a closed type": lambda r: r.named("torch.is_tensor", _kept(r, nn.ReLU())),
    "a subclass of a listed type": lambda r: r.named("torch.is_tensor", _kept(r, _Sub())),
    "an operator of one's own": lambda r: r.register("of_mine", r.resolve("torch.neg")),
    "an operator by name": lambda r: r.named("vllm_distributed.direct_register_custom_op", "x", 1),
    "the imports of a process": lambda r: r.named("vllm_distributed.install_as_vllm"),
    "memory of bytes": lambda r: r.named("torch.frombuffer", b"abc"),
    "a storage of bytes": lambda r: r.named("torch.UntypedStorage.from_buffer", b"abc"),
    "a typed storage of bytes": lambda r: r.named("torch.TypedStorage.from_buffer", b"abc"),
    "a kept storage": lambda r: r.call(
        _kept(r, torch.zeros(1).untyped_storage()), "from_buffer", b"abc"
    ),
    "sharing by files": lambda r: r.call(_kept(r, torch.zeros(1)), "share_memory_"),
    "indices past the bounds": lambda r: r.named(
        "torch.sparse_csr_tensor", [0, 9], [7], [1.0], (1, 1)
    ),
    "a file as a tensor": lambda r: r.named("torch.from_file", "/etc/passwd", size=1),
    "a private keyword": lambda r: r.named("torch.zeros", 1, __class__=1),
    "keywords of a logger": lambda r: r.call(
        r.named("vllm_distributed.init_logger", "x"), "info", "x", extra={"__class__": 1}
    ),
    "what a context has": lambda r: r.attribute(
        r.named("vllm_distributed.suppress_stdout"), "func"
    ),
    "a context that changes every session": lambda r: r.enter(_kept(r, torch.device("meta"))),
    "a result that is a function": lambda r: r.wire.to_term([{"a": vllm_distributed.divide}]),
    "a result that is a class": lambda r: r.wire.to_term(nn.Module),
    "a result that is a module": lambda r: r.wire.to_term(torch.nn),
    "a result of a closed type": lambda r: r.wire.to_term((nn.ReLU(),)),
    "a result that is code": lambda r: r.wire.to_term(program.__code__),
    "a sparse result": lambda r: r.wire.to_term(torch.eye(2).to_sparse()),
    "what Python makes of a tensor": lambda r: r.call(_kept(r, torch.zeros(1)), "numpy"),
}


class _Sub(torch.Tensor):
    pass


@pytest.mark.parametrize("step", STEPS)
def test_no_step_of_one_is_open(step: str) -> None:
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        STEPS[step](Rank())
    assert caught.value.reason == "name_not_allowed"
