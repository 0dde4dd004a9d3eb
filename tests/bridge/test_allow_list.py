"""What a client can reach in a rank, and what it cannot: by name, and through objects."""

from __future__ import annotations

import os
import pickle
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
import torch.distributed as dist
from objects_harness import Rank
from pool_harness import Pool, connect
from torch import nn

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.named_values import places
from vllm_bridge.codegen import torch_names as registry
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.allow.names import (
    MAKERS,
    NAMESPACES,
    REFUSED,
    callable_names,
    torch_names,
    value_names,
)
from vllm_bridge.rank.allow.types import OPEN, opening_of

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
    "vllm_distributed.compat.drop_in.install",
    "vllm_distributed.transports.queue.ring.Ring",
    "vllm_distributed.direct_register_custom_op",
    "vllm_distributed.install_as_vllm",
    "vllm_distributed.install_into_vllm",
    # What takes functions, writes or reads attributes by name, or calls what it is given.
    "torch.vmap",
    "torch.func.vmap",
    "torch.func.functional_call",
    "torch.autograd.functional.jacobian",
    "torch.nn.Module",
    "torch.nn.Module.get_buffer",
    "torch.nn.ModuleDict",
    "torch.nn.ParameterDict",
    "torch.nn.Sequential",
    "torch.nn.TransformerEncoder",
    "torch.nn.utils.parametrize.register_parametrization",
    "torch.nn.functional.triplet_margin_with_distance_loss",
    "torch.optim.SGD",
    "torch.optim.lr_scheduler.LRScheduler",
    "torch.distributions.Normal",
    # Memory of other objects, indices that nothing checks, and state of the process.
    "torch.frombuffer",
    "torch.asarray",
    "torch.from_numpy",
    "torch.from_dlpack",
    "torch.UntypedStorage",
    "torch.TypedStorage.from_buffer",
    "torch.sparse_coo_tensor",
    "torch.segment_reduce",
    "torch.embedding_bag",
    "torch.nn.functional.ctc_loss",
    "torch.set_default_dtype",
    "torch.set_default_device",
    "torch.set_rng_state",
    "torch.use_deterministic_algorithms",
    "torch.Tensor.share_memory_",
]

WORKING = [
    "torch.arange",
    "torch.zeros",
    "torch.bincount",
    "torch.clone",
    "torch.einsum",
    "torch.Tensor",
    "torch.float32",
    "torch.Generator",
    "torch.manual_seed",
    "torch.linalg.matrix_power",
    "torch.fft.rfft",
    "torch.special.expit",
    "torch.nn.functional.relu",
    "torch.nn.functional.linear",
    "torch.nn.functional.cross_entropy",
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.Linear",
    "torch.cuda.is_available",
    "torch.distributed.HashStore",
    "torch.distributed.get_rank",
    "torch.distributed.ReduceOp.MAX",
    "vllm_distributed.get_tp_group",
    "vllm_distributed.parallel_state.get_tp_group",
    "vllm_distributed.communicators.MessageQueue",
    "vllm_distributed.StatelessProcessGroup.create",
]


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


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_name_of_the_table_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(BridgeError) as caught:
        AllowList().resolve(name)
    assert f"{name!r} may not be used from outside: {REFUSED[name]}" in caught.value.message


def test_every_open_name_leads_to_something() -> None:
    allow_list = AllowList()
    for name in callable_names().keys() | value_names() | NAMESPACES:
        assert not isinstance(allow_list.resolve(name), types.ModuleType), name


def test_a_newer_torch_opens_nothing_before_a_person_has_looked() -> None:
    installed, committed = registry.torch_names(), dict(torch_names())
    text = registry.FILE.read_text()
    more = sorted(installed.keys() - committed.keys())
    for name in (name for name in more if not name.startswith("Tensor.")):
        with pytest.raises(BridgeError, match="may not be used from outside"):
            AllowList().resolve(name)
    assert "# Of torch " in text
    if f"# Of torch {registry.TORCH}.\n" not in text:
        return  # what follows is of the torch that the file was made with
    less = sorted(name for name, where in committed.items() if installed.get(name) != where)
    assert not more, (
        f"torch {torch.__version__} has tensor functions that are not open: {', '.join(more)}. "
        "Read what each does with a client's arguments; put those that do more than compute into "
        f"LEFT_OUT of {registry.__name__} with the reason; then run `{registry.COMMAND}`, and "
        "commit the file"
    )
    assert not less, f"gone from this torch, or with other parameters: {', '.join(less)}"
    assert text == registry.rendered(installed)


def test_operators_that_open_files_or_skip_checks_are_none_of_them() -> None:
    names = {name.rpartition(".")[2] for name in torch_names()}
    bad = ("file", "sparse", "quant", "hook", "pickle", "jit", "compile")
    assert not [name for name in names if any(part in name for part in bad)]
    assert not [name for name in names if name.startswith("_")]
    for where in (*torch_names().values(), *MAKERS.values()):
        places(where)


def test_types_and_names_of_the_lists_exist() -> None:
    # Found in objects alone, or in a torch with CUDA.
    no_class_members = (nn.Linear, torch.dtype, torch.cuda.Stream, torch.cuda.Event)
    for name in OPEN.keys() - {"torch.Event", "torch.Stream"}:
        root, *parts = name.split(".")
        kind: Any = __import__(root)
        for part in parts:
            kind = getattr(kind, part)
        opening = opening_of(kind)
        assert opening is not None, name
        for member in (*opening.methods, *opening.attributes):
            assert not member.startswith("_")
            assert hasattr(kind, member) or kind in no_class_members or "Logger" in name, (
                f"{name}.{member}"
            )


def test_an_unknown_name_is_another_error_and_hints_at_open_names_only() -> None:
    with pytest.raises(BridgeError, match=r"'torch\.arrange' does not exist") as caught:
        AllowList().resolve("torch.arrange")
    assert caught.value.reason == "unknown_name"
    assert "did you mean torch.arange" in caught.value.message
    for near in ("torch.loadd", "torch.compil", "torch.set_default_dtyp", "torch.savee"):
        with pytest.raises(BridgeError) as caught:
            AllowList().resolve(near)
        hint = caught.value.message.partition("did you mean ")[2].rstrip("?")
        assert all(name in callable_names() for name in hint.split(" or ") if name), near


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


class Foreign(nn.Module):
    """An object with a function of another package in it."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = os.getpid


class Odd(torch.Tensor):
    """A subclass of a type that is open."""


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
    (lambda: TENSOR, "register_hook", ()),
    (lambda: TENSOR, "apply_", ()),
    (lambda: TENSOR, "untyped_storage", ()),
    (lambda: TENSOR, "type", ("os.system",)),
    (lambda: TENSOR, "grad_fn", None),
    (lambda: TENSOR, "__class__", None),
    (lambda: TENSOR, "_backward_hooks", None),
    (lambda: TENSOR, "add", None),
    (lambda: TENSOR, "shape", ()),
    (lambda: nn.Linear(1, 1), "apply", ()),
    (lambda: nn.Linear(1, 1), "_buffers", None),
    (lambda: nn.Linear(1, 1), "forward", None),
    (lambda: nn.ReLU(), "", (TENSOR,)),
    (lambda: TENSOR.as_subclass(Odd), "tolist", ()),
    (lambda: torch.Generator(), "set_state", (TENSOR,)),
    (lambda: torch.no_grad(), "", (TENSOR,)),
]


@pytest.mark.parametrize(("receiver", "name", "args"), OBJECT_ESCAPES)
def test_escapes_through_objects_are_refused(
    tmp_path: Path,
    receiver: Callable[[], object],
    name: str,
    args: tuple[object, ...] | None,
) -> None:
    rank, path, value = Rank(), tmp_path / "made", receiver()
    given = [
        arg.format(path=path) if isinstance(arg, str) else arg
        for arg in args or ()
        if not isinstance(arg, torch.Tensor)
    ]
    escape = partial(rank.attribute if args is None else rank.call, rank.keep(value), name, *given)
    with pytest.raises(BridgeError, match="may not be used from outside") as caught:
        escape()
    assert caught.value.reason == "name_not_allowed"
    assert not path.exists()


def test_modules_and_foreign_functions_are_not_given_out() -> None:
    rank = Rank()
    with pytest.raises(BridgeError, match="belongs to"):
        rank.wire.to_term({"deep": [(os.system,)]})
    with pytest.raises(BridgeError, match=r"is the module 'torch\.cpu'"):
        rank.wire.to_term(torch.cpu)


def test_objects_of_torch_work() -> None:
    rank = Rank()
    tensor = rank.named("torch.arange", 3)
    assert rank.attribute(tensor, "ndim") == 1
    assert rank.attribute(rank.call(tensor, "view", 3, 1), "shape") == (3, 1)
    assert rank.call(tensor, "tolist") == [0, 1, 2]
    model = rank.named("torch.nn.Linear", 2, 1)
    ones = rank.named("torch.ones", 1, 2)
    assert rank.attribute(rank.call(model, "", ones), "shape") == (1, 1)
    assert set(rank.call(model, "state_dict")) == {"weight", "bias"}
    assert rank.attribute(rank.call(model, "forward", ones), "shape") == (1, 1)
    store = rank.named("torch.distributed.HashStore")
    rank.call(store, "set", "key", "value")
    assert rank.call(store, "get", "key") == b"value"
    assert rank.attribute(rank.named("torch.finfo", "f16"), "bits") == 16
    generator = rank.named("torch.Generator", "cpu")
    rank.call(generator, "manual_seed", 7)
    first = rank.call(rank.named("torch.rand", 2, generator=generator), "tolist")
    rank.call(generator, "manual_seed", 7)
    assert rank.call(rank.named("torch.rand", 2, generator=generator), "tolist") == first
    weight = rank.attribute(model, "weight")
    assert rank.value(weight).grad is None
    rank.call(rank.call(rank.call(model, "", ones), "sum"), "backward")
    assert rank.call(rank.attribute(weight, "grad"), "tolist") == [[1.0, 1.0]]


def test_a_function_by_name_is_a_ref_that_is_called_and_sent_nowhere() -> None:
    rank = Rank()
    divide = rank.resolve("vllm_distributed.divide")
    assert rank.call(divide, "", 6, 3) == 2
    assert rank.resolve("vllm_distributed.divide") == divide
    most = rank.resolve("torch.distributed.ReduceOp")
    assert rank.value(rank.attribute(most, "MAX")) == dist.ReduceOp.MAX
    with pytest.raises(BridgeError, match="cannot be called"):
        rank.call(most, "", 1)
    for escape in ("__globals__", "__code__", "func", "function", "name"):
        with pytest.raises(BridgeError, match=r"may not be used|does not exist"):
            rank.attribute(divide, escape)
    with pytest.raises(BridgeError, match="sent nowhere"):
        rank.named("torch.is_tensor", divide)


def test_contexts_of_torch_and_of_ours_are_entered() -> None:
    rank = Rank()
    for name in ("torch.no_grad", "torch.inference_mode", "vllm_distributed.suppress_stdout"):
        context = rank.named(name)
        rank.enter(context)
        assert rank.objects.contexts.exit(context, "") is False
    with pytest.raises(BridgeError, match="no argument"):
        rank.named("torch.is_tensor", rank.named("torch.no_grad"))


def test_a_logger_only_logs() -> None:
    rank = Rank()
    logger = rank.named("vllm_distributed.init_logger", "tests")
    assert rank.call(logger, "info", "said %s", "so") is None
    with pytest.raises(BridgeError, match=r"not open of a logging\.Logger"):
        rank.call(logger, "addHandler", None)


def test_stores_that_the_package_made_work(tmp_path: Path) -> None:
    rank = Rank()
    store = rank.keep(dist.FileStore(str(tmp_path / "store"), 1))
    rank.call(store, "set", "key", "value")
    assert rank.call(store, "get", "key") == b"value"


@pytest.mark.parametrize("scheme", ["file://", "FILE://", " file://", "fi\tle://", "tcp://"])
def test_no_init_method_names_a_file(scheme: str, tmp_path: Path) -> None:
    method = f"{scheme}{tmp_path}/x"
    with pytest.raises(BridgeError if "tcp" not in scheme else Exception) as caught:
        Rank().wire.init_distributed_environment(
            world_size=1, rank=0, distributed_init_method=method
        )
    assert not list(tmp_path.iterdir())
    if "tcp" not in scheme:
        assert isinstance(caught.value, BridgeError)
        assert caught.value.reason == "path_not_allowed"


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
