"""What a client can reach in a rank, and what it cannot: by name, and through objects."""

from __future__ import annotations

import importlib
import os
import pickle
import types
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
import torch.distributed as dist
from pool_harness import Pool, connect
from torch import nn

from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec import terms
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow_list import AllowList
from vllm_bridge.rank.allowed_names import OPEN_MODULES, REFUSED
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.services import object_methods

ESCAPES = [
    # Not behind a prefix, or not a name.
    "os.system",
    "builtins.eval",
    "torchx.evil",
    "vllm_bridge.cli.main",
    "torch..arange",
    "torch.arange; import os",
    "",
    "torch._C._jit_init",
    "torch.Tensor.__class__",
    # Out of torch through a module that it imports.
    "torch.os",
    "torch.sys",
    "torch.os.system",
    "torch.serialization.pickle.loads",
    "torch.nn.functional.importlib.import_module",
    "torch.nn.functional.np.load",
    "torch.cuda.os.system",
    "torch.distributed.sys.exit",
    "torch.distributed.logging.FileHandler",
    "torch.distributed.distributed_c10d.pickle.loads",
    "torch.optim.lr_scheduler.partial",
    "vllm_distributed.utils.importlib",
    "vllm_distributed.utils.os.system",
    # Files, processes, pickles and code, in torch.
    "torch.load",
    "torch.save",
    "torch.from_file",
    "torch.hub.load",
    "torch.jit.load",
    "torch.import_ir_module",
    "torch.import_ir_module_from_buffer",
    "torch.CompilationUnit",
    "torch.PyTorchFileReader",
    "torch.PyTorchFileWriter",
    "torch.FloatStorage",
    "torch.package.PackageImporter",
    "torch.package.PackageExporter",
    "torch.utils.cpp_extension.load_inline",
    "torch.utils.data.DataLoader",
    "torch.utils.model_zoo.load_url",
    "torch.multiprocessing.spawn",
    "torch.backends.xeon.run_cpu.main",
    "torch.onnx.export",
    "torch.export.load",
    "torch.compile",
    "torch.cond",
    "torch.compiler.load_cache_artifacts",
    "torch.fx.GraphModule",
    "torch.fx.Interpreter",
    "torch.profiler.profile",
    "torch.autograd.profiler.profile",
    "torch.autograd.profiler.load_nvprof",
    "torch.library.custom_op",
    "torch.library.Library",
    "torch.ops.load_library",
    "torch.ops.aten.from_file",
    "torch.classes.load_library",
    "torch.nativert",
    "torch.testing.assert_close",
    "torch.set_default_tensor_type",
    "torch.prepare_multiprocessing_environment",
    "torch.cuda.jiterator",
    "torch.cuda.CUDAPluggableAllocator",
    "torch.cuda.memory.CUDAPluggableAllocator",
    "torch.cuda.change_current_allocator",
    "torch.cuda.cudart",
    "torch.cuda.tunable.write_file",
    # torch.distributed: what unpickles, listens, or keeps files.
    "torch.distributed.rpc.rpc_sync",
    "torch.distributed.rpc.init_rpc",
    "torch.distributed.all_gather_object",
    "torch.distributed.broadcast_object_list",
    "torch.distributed.gather_object",
    "torch.distributed.scatter_object_list",
    "torch.distributed.send_object_list",
    "torch.distributed.recv_object_list",
    "torch.distributed.distributed_c10d.broadcast_object_list",
    "torch.distributed.checkpoint.load",
    "torch.distributed.FileStore",
    "torch.distributed.TCPStore",
    "torch.distributed.ProcessGroupGloo",
    "torch.distributed.rendezvous",
    "torch.distributed.init_process_group",
    "torch.distributed.run.main",
    "torch.distributed.launcher.elastic_launch",
    "torch.distributed.elastic.multiprocessing.start_processes",
    # vllm_distributed: what would find names past the list, or open files by path.
    "vllm_distributed.resolve_obj_by_qualname",
    "vllm_distributed.utils.resolve_obj_by_qualname",
    "vllm_distributed.drop_in.install",
    "vllm_distributed.communicators.message_queue_ring.Ring",
]

WORKING = [
    "torch.arange",
    "torch.zeros",
    "torch.bincount",
    "torch.clone",
    "torch.Tensor",
    "torch.float32",
    "torch.Generator",
    "torch.manual_seed",
    "torch.linalg.matrix_power",
    "torch.nn.functional.relu",
    "torch.nn.functional.linear",
    "torch.nn.Linear",
    "torch.nn.utils.clip_grad_norm_",
    "torch.optim.SGD",
    "torch.cuda.is_available",
    "torch.distributed.HashStore",
    "torch.distributed.get_rank",
    "torch.distributed.all_reduce",
    "vllm_distributed.get_tp_group",
    "vllm_distributed.parallel_state.get_tp_group",
    "vllm_distributed.communicators.MessageQueue",
]


# Names of the table that are no methods.
NAMES = [name for name in REFUSED if not name.split(".")[-2][0].isupper()]


@pytest.mark.parametrize("name", ESCAPES)
def test_escapes_by_name_are_refused(name: str) -> None:
    allow_list = AllowList()
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        allow_list.resolve(name)
    assert caught.value.reason == "name_not_allowed"
    assert caught.value.category is Category.VALIDATION
    assert "--allow PREFIX" in caught.value.message


@pytest.mark.parametrize("name", WORKING)
def test_what_ranks_are_for_works(name: str) -> None:
    assert AllowList().resolve(name) is not None


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_of_the_table_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(BridgeError) as caught:
        AllowList().resolve(name)
    assert f"{name} {REFUSED[name]}" in caught.value.message


@pytest.mark.filterwarnings("ignore::FutureWarning")  # some names of torch warn when looked at
def test_no_open_module_gives_out_another_module() -> None:
    allow_list = AllowList()
    modules = [
        f"{home}.{name}"
        for home in OPEN_MODULES
        for name, value in vars(importlib.import_module(home)).items()
        if isinstance(value, types.ModuleType) and not name.startswith("_")
    ]
    assert "torch.os" in modules
    for name in modules:
        with pytest.raises(BridgeError, match="may not be used from outside"):
            allow_list.resolve(name)


def test_an_unknown_name_is_another_error() -> None:
    with pytest.raises(BridgeError, match=r"'torch\.arrange' does not exist") as caught:
        AllowList().resolve("torch.arrange")
    assert caught.value.reason == "unknown_name"


def test_a_constant_cannot_be_called() -> None:
    with pytest.raises(BridgeError, match="cannot be called"):
        AllowList().resolve_callable("torch.float32")


def test_more_prefixes_replace_the_default() -> None:
    allowed = AllowList(["math."])
    assert allowed.resolve_callable("math.sqrt")(9) == 3
    with pytest.raises(BridgeError, match=r"Allowed: math\."):
        allowed.resolve("torch.arange")


def test_an_operator_can_open_what_is_closed() -> None:
    allowed = AllowList(["torch.", "torch.backends.mkldnn."])
    assert callable(allowed.resolve("torch.backends.mkldnn.is_available"))
    with pytest.raises(BridgeError, match="starts processes"):
        allowed.resolve("torch.backends.xeon.run_cpu.main")


class Rank:
    """The `Objects` service of a rank, in this process, with objects it keeps."""

    def __init__(self) -> None:
        self.objects = SessionObjects("s", epoch=0)
        self._wire = Wire(self.objects, AllowList(), keep_tensors=True)
        self._methods = object_methods()

    def call(self, receiver: object, method: str, *args: object) -> Any:
        request = rank_pb2.CallRequest(
            object=self.objects.put(receiver),
            method=method,
            args=terms.encode(list(args), self.objects),
        )
        return self._decoded("Call", request)

    def attribute(self, receiver: object, name: str) -> Any:
        request = rank_pb2.GetAttributeRequest(object=self.objects.put(receiver), name=name)
        return self._decoded("GetAttribute", request)

    def named(self, name: str, *args: object) -> Any:
        encoded = terms.encode(list(args), self.objects)
        request = rank_pb2.CallRequest(qualified_name=name, args=encoded)
        return self._decoded("Call", request)

    def _decoded(self, name: str, request: Any) -> Any:
        answer: Any = self._methods[f"/vllm.bridge.v1.Objects/{name}"].call(request, self._wire)
        return terms.decode(answer, self.objects)


class Foreign(nn.Module):
    """An object of torch with a function of another package in it."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = os.getpid
        self.parts: Mapping[str, object] = {"numbers": [1, numpy]}


TENSOR = torch.arange(3)

# Receiver, method or attribute, arguments: (..., None) reads the attribute.
OBJECT_ESCAPES: list[tuple[Callable[[], object], str, tuple[object, ...] | None]] = [
    (lambda: numpy.arange(3), "tofile", ("{path}",)),
    (lambda: numpy.arange(3), "dump", ("{path}",)),
    (lambda: numpy.arange(3), "tobytes", ()),
    (lambda: os, "system", ("touch {path}",)),
    (lambda: torch, "os", None),
    (lambda: torch.nn, "functional", None),
    (lambda: os.getpid, "", ()),
    (lambda: pickle.loads, "", (b"N.",)),
    (lambda: print, "", ()),
    (lambda: torch.load, "", ("{path}",)),
    (lambda: torch.jit.load, "", ("{path}",)),
    (lambda: dist.broadcast_object_list, "", ([1],)),
    (lambda: Path("/"), "iterdir", ()),
    (lambda: type, "mro", ()),
    (lambda: int, "", ("7",)),
    (lambda: (number for number in (1, 2)), "gi_frame", None),
    (lambda: TENSOR, "__reduce__", ()),
    (lambda: TENSOR, "share_memory_", ()),
    (lambda: TENSOR, "share_memory_", None),
    (lambda: nn.Parameter(torch.zeros(2)), "share_memory_", ()),
    (lambda: torch.Tensor, "share_memory_", (TENSOR,)),
    (lambda: torch.UntypedStorage, "from_file", ("{path}", True, 8)),
    (lambda: torch.FloatStorage, "from_file", ("{path}", True, 8)),
    (lambda: TENSOR.untyped_storage(), "from_file", ("{path}", True, 8)),
    (lambda: TENSOR.untyped_storage(), "type", ("os.system",)),
    (lambda: TENSOR.untyped_storage(), "filename", None),
    (lambda: nn.Linear(1, 1), "share_memory", ()),
    (lambda: nn.Linear(1, 1), "compile", ()),
    (lambda: Foreign(), "activation", ()),
    (lambda: nn.Linear(1, 1), "_apply", ()),
    (lambda: torch.cuda.CUDAGraph, "debug_dump", None),
]


@pytest.mark.parametrize(("receiver", "name", "args"), OBJECT_ESCAPES)
def test_escapes_through_objects_are_refused(
    tmp_path: Path,
    receiver: Callable[[], object],
    name: str,
    args: tuple[object, ...] | None,
) -> None:
    rank, path, value = Rank(), tmp_path / "made", receiver()
    given = [arg.format(path=path) if isinstance(arg, str) else arg for arg in args or ()]
    escape = partial(rank.attribute if args is None else rank.call, value, name, *given)
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        escape()
    assert caught.value.reason == "name_not_allowed"
    assert not path.exists()


def test_modules_and_foreign_functions_are_not_given_out() -> None:
    rank = Rank()
    with pytest.raises(BridgeError, match=r"is the module 'torch\.cpu'"):
        rank.named("torch.get_device_module", torch.device("cpu"))
    with pytest.raises(BridgeError, match="belongs to"):
        rank._wire.to_term({"deep": [(os.system,)]})


def test_objects_of_torch_work() -> None:
    rank = Rank()
    assert rank.attribute(TENSOR, "ndim") == 1
    assert rank.call(TENSOR, "view", 3, 1).shape == (3, 1)
    assert rank.call(TENSOR, "tolist") == [0, 1, 2]
    model = rank.named("torch.nn.Linear", 2, 1)
    assert rank.call(model, "", torch.zeros(1, 2)).shape == (1, 1)
    assert set(rank.call(model, "state_dict")) == {"weight", "bias"}
    rank.call(model, "load_state_dict", {"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
    assert rank.call(rank.call(model, "forward", torch.ones(1, 2)), "item") == 2.0
    optimizer = rank.named("torch.optim.SGD", list(model.parameters()), 0.1)
    rank.call(optimizer, "zero_grad")
    store = rank.named("torch.distributed.HashStore")
    rank.call(store, "set", "key", "value")
    assert rank.call(store, "get", "key") == b"value"
    assert rank.call(nn.functional.relu, "", torch.tensor([-1.0])).item() == 0.0


def test_a_logger_only_logs() -> None:
    rank, logger = Rank(), Rank().named("vllm_distributed.init_logger", "tests")
    assert rank.call(logger, "info", "said %s", "so") is None
    with pytest.raises(BridgeError, match="belongs to 'logging'"):
        rank.call(logger, "addHandler", None)


def test_stores_that_the_package_made_work(tmp_path: Path) -> None:
    rank, store = Rank(), dist.FileStore(str(tmp_path / "store"), 1)
    rank.call(store, "set", "key", "value")
    assert rank.call(store, "get", "key") == b"value"


def test_a_rank_refuses_them_too(real_pool: Pool) -> None:
    with connect(real_pool.endpoint) as client, client.open_session() as session:
        for escape in (
            partial(session.run, "torch.serialization.pickle.loads", b"N."),
            partial(session.run, "vllm_distributed.resolve_obj_by_qualname", "os.system"),
            partial(session.call, "resolve_obj_by_qualname", "os.system"),
            partial(session.call, "resolve_obj_by_qualname", "torch.os"),
            partial(session.run, "torch.get_device_module", torch.device("cpu")),
        ):
            with pytest.raises(BridgeError) as caught:
                escape()
            assert caught.value.reason == "name_not_allowed"
        with pytest.raises(BridgeError, match="file:///tmp/x") as caught:
            session.call("init_distributed_environment", 1, 0, "file:///tmp/x")
        assert caught.value.reason == "path_not_allowed"
        assert session.run("torch.arange", 3).tolist() == [0, 1, 2]
