"""The names that a client may call, and why others are refused.

Closed lists: what is not here, nor in `torch_names.txt`, cannot be reached. That file is made by a
script from torch's own registries; this one is written by people, with the names that no registry
has. What `--allow` opens is beside both.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from pathlib import Path

import torch

import vllm_distributed
import vllm_distributed.weight_transfer  # is found by its name below
from vllm_bridge import surface

MAKERS: Mapping[str, str] = {
    # Of values, with the parameters for which a client may write text, as in `torch_names.txt`.
    "torch.Generator": "device:0,device",
    "torch.Size": "",
    "torch.Tensor": "device:device",
    "torch.as_tensor": "dtype:1,dtype device:2,device",
    "torch.device": "device:0,device,type",
    "torch.finfo": "dtype:0,dtype,type",
    "torch.iinfo": "dtype:0,dtype,type",
    "torch.tensor": "dtype:dtype device:device",
    # Questions.
    "torch.accelerator.is_available": "",
    "torch.accelerator.device_count": "",
    "torch.cuda.current_device": "",
    "torch.cuda.device_count": "",
    "torch.cuda.get_device_capability": "device:0,device",
    "torch.cuda.get_device_name": "device:0,device",
    "torch.cuda.is_available": "",
    "torch.cuda.max_memory_allocated": "device:0,device",
    "torch.cuda.mem_get_info": "device:0,device",
    "torch.cuda.memory_allocated": "device:0,device",
    "torch.cuda.memory_reserved": "device:0,device",
    "torch.distributed.get_backend": "",
    "torch.distributed.get_rank": "",
    "torch.distributed.get_world_size": "",
    "torch.distributed.is_available": "",
    "torch.distributed.is_initialized": "",
    "torch.get_default_dtype": "",
    "torch.get_num_threads": "",
    "torch.initial_seed": "",
    "torch.is_grad_enabled": "",
    "torch.is_inference_mode_enabled": "",
    "torch.is_tensor": "",
    # Seeds and streams.
    "torch.cuda.Event": "",
    "torch.cuda.current_stream": "device:0,device",
    "torch.cuda.default_stream": "device:0,device",
    "torch.cuda.empty_cache": "",
    "torch.cuda.manual_seed": "",
    "torch.cuda.synchronize": "device:0,device",
    "torch.manual_seed": "",
    # Contexts.
    "torch.enable_grad": "",
    "torch.inference_mode": "",
    "torch.no_grad": "",
    # What our own calls take: stores, and a model.
    "torch.distributed.HashStore": "",
    "torch.distributed.PrefixStore": "",
    "torch.nn.Linear": "device:3,device dtype:4,dtype",
    # New weights of a module that the rank keeps.
    "vllm_distributed.weight_transfer.StagedWeights": "",
    # Takes a socket, which a client has where the operator has opened the module of sockets.
    "vllm_distributed.adopt_listen_socket": "",
}
"""Functions and classes that are no tensor operators."""

TENSOR_METHODS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("bfloat16", "bool", "byte", "cdouble", "cfloat", "char", "cpu", "double", "float"),
            *("half", "int", "long", "short"),
        ),
        "memory_format:0,memory_format",
    ),
    "backward": "",
    "cuda": "device:0,device memory_format:2,memory_format",
    # An address tells whether two results share memory, and opens none.
    "data_ptr": "",
    "element_size": "",
    "ndimension": "",
    "nelement": "",
    "new_tensor": "dtype:dtype device:device",
    "requires_grad_": "",
    "split": "",
    "tolist": "",
    "unique": "",
}
"""Methods of tensors that are no operators."""

VALUES: frozenset[str] = frozenset(
    {
        "torch.channels_last",
        "torch.channels_last_3d",
        "torch.contiguous_format",
        "torch.e",
        "torch.inf",
        "torch.nan",
        "torch.pi",
        "torch.preserve_format",
        "torch.strided",
        *(
            f"torch.distributed.ReduceOp.{name}"
            for name in ("AVG", "BAND", "BOR", "BXOR", "MAX", "MIN", "PRODUCT", "SUM")
        ),
    }
)
"""Values by name; the dtypes of torch are too."""

NAMESPACES: frozenset[str] = frozenset({"torch.distributed.ReduceOp"})
"""Classes that are given out for their open attributes alone."""

OWN_MODULES: frozenset[str] = frozenset(
    {
        "vllm_distributed",
        "vllm_distributed.communication_op",
        "vllm_distributed.communicators",
        "vllm_distributed.config",
        "vllm_distributed.eplb",
        "vllm_distributed.parallel_state",
        "vllm_distributed.utils",
    }
)
"""Modules by which the names of `surface` may be called, too."""

_READS = "reads files, and unpickles"
_WRITES = "writes files"
_COMPILES = "compiles and loads code"
_STARTS = "starts processes"
_PICKLES = "unpickles bytes that come from another rank"
_LISTENS = "opens a port for every machine; use the stores of vllm_distributed"
_POINTERS = "takes or gives raw memory addresses"

REFUSED: Mapping[str, str] = {
    # Directly in torch.
    "torch.load": _READS,
    "torch.save": _WRITES,
    "torch.from_file": "reads and makes files",
    "torch.compile": _COMPILES,
    "torch.cond": _COMPILES,
    "torch.while_loop": _COMPILES,
    "torch.fork": "runs TorchScript code",
    "torch.wait": "runs TorchScript code",
    "torch.import_ir_module": "loads code from files",
    "torch.import_ir_module_from_buffer": "loads code from bytes",
    "torch.merge_type_from_type_comment": "parses source code",
    "torch.parse_ir": "parses source code",
    "torch.parse_schema": "parses source code",
    "torch.parse_type_comment": "parses source code",
    "torch.get_file_path": "tells of the file system",
    "torch.prepare_multiprocessing_environment": "changes the environment of processes",
    "torch.set_default_tensor_type": "imports any module by name",
    # Subpackages of torch.
    "torch.autograd.profiler": "writes and reads files",
    "torch.backends": "changes torch for every session, and torch.backends.xeon starts processes",
    "torch.classes": "loads shared libraries",
    "torch.compiler": _COMPILES,
    "torch.cuda.jiterator": _COMPILES,
    "torch.cuda.gds": "reads and writes files",
    "torch.cuda.profiler": _WRITES,
    "torch.cuda.tunable": "reads and writes files",
    "torch.export": "reads and writes files, and executes generated code",
    "torch.func.rearrange": "executes generated code",
    "torch.fx": "executes generated code",
    "torch.hub": "downloads and runs code",
    "torch.jit": "loads code from files",
    "torch.library": "loads and registers code",
    "torch.multiprocessing": _STARTS,
    "torch.nativert": "loads code from files",
    "torch.nn.DataParallel": "starts threads of its own",
    "torch.nn.parallel": "talks to other ranks past the gate, and starts threads of its own",
    "torch.onnx": "writes files, and executes generated code",
    "torch.ops": "loads shared libraries (torch.ops.load_library)",
    "torch.package": "unpickles, and loads code from files",
    "torch.profiler": "writes and reads files",
    "torch.serialization": _READS,
    "torch.testing": "starts processes, and writes files",
    "torch.utils": "compiles code, loads code, and starts processes, in many places",
    # torch.cuda.
    "torch.cuda.CUDAPluggableAllocator": "loads shared libraries",
    "torch.cuda.ExternalStream": _POINTERS,
    "torch.cuda.caching_allocator_alloc": _POINTERS,
    "torch.cuda.caching_allocator_delete": _POINTERS,
    "torch.cuda.change_current_allocator": "loads shared libraries",
    "torch.cuda.cudart": "gives a whole library",
    "torch.cuda.get_stream_from_external": _POINTERS,
    # torch.distributed.
    "torch.distributed.DeviceMesh": "may start a store that listens; use vllm_distributed's groups",
    "torch.distributed.FileStore": "reads and makes files",
    "torch.distributed.ProcessGroupGloo": "opens a port on any interface; use vllm_distributed's "
    "groups",
    "torch.distributed.TCPStore": _LISTENS,
    "torch.distributed.all_gather_object": _PICKLES,
    "torch.distributed.breakpoint": "stops the rank in a debugger that nobody sees",
    "torch.distributed.broadcast_object_list": _PICKLES,
    "torch.distributed.checkpoint": "reads and writes files, and unpickles",
    "torch.distributed.distributed_c10d": "is where the object collectives live, which unpickle",
    "torch.distributed.elastic": _STARTS,
    "torch.distributed.gather_object": _PICKLES,
    "torch.distributed.init_device_mesh": "may start a store that listens",
    "torch.distributed.init_process_group": "opens ports and files; use "
    "vllm_distributed.init_distributed_environment",
    "torch.distributed.launcher": _STARTS,
    "torch.distributed.recv_object_list": _PICKLES,
    "torch.distributed.register_rendezvous_handler": "changes how ranks meet",
    "torch.distributed.rendezvous": "opens ports and files",
    "torch.distributed.rpc": _PICKLES,
    "torch.distributed.run": _STARTS,
    "torch.distributed.scatter_object_list": _PICKLES,
    "torch.distributed.send_object_list": "sends pickled bytes, which no rank takes",
    "torch.Tensor.set_": "lets a tensor use any memory",
    "torch.asarray": "makes tensors of the memory of other objects",
    "torch.frombuffer": "makes tensors of the memory of other objects",
    "torch.func": "takes functions",
    "torch.optim": "writes attributes of the objects that it is given",
    "torch.storage.TypedStorage": "takes memory by address, shares it, and imports modules by name",
    "torch.storage.UntypedStorage": "takes memory by address, shares it, and opens files",
    "torch.nn.ModuleDict": "writes attributes by name",
    "torch.nn.ParameterDict": "writes attributes by name",
    "torch.nn.Sequential": "calls what it is given",
    "torch.vmap": "takes functions",
    # vllm_distributed.
    "vllm_distributed.direct_register_custom_op": "evaluates the annotations of a function",
    "vllm_distributed.init_distributed_environment": "can make files; use the call of that name in "
    "the contract, which refuses to",
    "vllm_distributed.install_as_vllm": "changes the imports of this process",
    "vllm_distributed.install_into_vllm": "changes the imports of this process",
    "vllm_distributed.resolve_obj_by_qualname": "finds names past the allow list; use the call of "
    "that name in the contract, which asks it",
}
"""Names that people ask for and that are refused, with all below them: why. Others are refused
without a reason of their own. Also what of our own surface is not called by name."""


@functools.cache
def torch_names() -> Mapping[str, str]:
    """The names of `torch_names.txt`, each with its parameters that are dtypes and the like;
    methods of tensors begin with `Tensor.`."""
    text = Path(__file__).with_name("torch_names.txt").read_text(encoding="ascii")
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: places for name, _, places in lines}


@functools.cache
def callable_names() -> Mapping[str, str]:
    """What may be called by name when no prefix is added, with its parameters that are dtypes."""
    operators = {
        name: places for name, places in torch_names().items() if not name.startswith("Tensor.")
    }
    return {**operators, **MAKERS, **dict.fromkeys(_own_names(), "")}


@functools.cache
def value_names() -> frozenset[str]:
    """The values and constants that have names."""
    dtypes = {f"torch.{name}" for name, value in vars(torch).items() if type(value) is torch.dtype}
    return VALUES | dtypes | {f"vllm_distributed.{name}" for name in surface.CONSTANTS}


def _own_names() -> set[str]:
    """Our functions, our classes that a client makes, and what is called on those."""
    surfaced = {
        item.name for item in surface.exposed() if item.kind is surface.Kind.FUNCTION
    } | surface.CLASSES.keys() - surface.MADE_ELSEWHERE
    factories = {
        f"{item.service}.{item.name}"
        for item in surface.exposed()
        if item.kind is surface.Kind.FACTORY
    }
    open_names = {n for n in surfaced | factories if f"vllm_distributed.{n}" not in REFUSED}
    names = {f"vllm_distributed.{name}" for name in open_names}
    for home in OWN_MODULES - {"vllm_distributed"}:
        module = importlib.import_module(home)
        names |= {
            f"{home}.{name}"
            for name in open_names
            if getattr(module, name.partition(".")[0], None)
            is getattr(vllm_distributed, name.partition(".")[0])
        }
    return names
