"""The names behind the allow list: which modules are open, and what in them is not, with reasons.

Below `torch` and `vllm_distributed` a module is closed unless it is listed as open: what a later
version of torch adds is then closed too. The table of refused names says what is closed within open
modules, and says it better about closed ones. Both are data; `allow_list` applies them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

OPEN_MODULES: frozenset[str] = frozenset(
    {
        "torch",
        "torch.accelerator",
        "torch.amp",
        "torch.autograd",
        "torch.autograd.functional",
        "torch.cpu",
        "torch.cuda",
        "torch.distributed",
        "torch.distributions",
        "torch.fft",
        "torch.func",
        "torch.linalg",
        "torch.nn",
        "torch.nn.functional",
        "torch.nn.init",
        "torch.nn.utils",
        "torch.optim",
        "torch.optim.lr_scheduler",
        "torch.random",
        "torch.signal.windows",
        "torch.sparse",
        "torch.special",
        "torch.version",
        "vllm_distributed",
        "vllm_distributed.communication_op",
        "vllm_distributed.communicators",
        "vllm_distributed.config",
        "vllm_distributed.eplb",
        "vllm_distributed.errors",
        "vllm_distributed.parallel_state",
        "vllm_distributed.utils",
    }
)
"""Modules whose public names may be used; not those of their submodules."""

ROOTS = ("torch", "vllm_distributed")
"""Packages to which `OPEN_MODULES` applies. Any other that is allowed is open as a whole."""

TORCH_CLASSES: frozenset[str] = frozenset(
    {
        "Event",
        "Generator",
        "Size",
        "Stream",
        "Tensor",
        "UntypedStorage",
        "autocast",
        "device",
        "dtype",
        "enable_grad",
        "finfo",
        "iinfo",
        "inference_mode",
        "layout",
        "memory_format",
        "no_grad",
        "set_grad_enabled",
    }
)
"""Classes directly in `torch` that may be used: most of the others belong to its compiler, and some
of those read and write files."""

FOREIGN_METHODS: Mapping[type, frozenset[str]] = {
    logging.Logger: frozenset(
        {"critical", "debug", "error", "getEffectiveLevel", "info", "isEnabledFor", "warning"}
    )
}
"""Methods of objects that the package gives out and that are not at home in it."""

_READS = "reads files, and unpickles"
_WRITES = "writes files"
_COMPILES = "compiles and loads code"
_STARTS = "starts processes"
_PICKLES = "unpickles bytes that come from another rank"
_LISTENS = "opens a port for every machine; use the stores of vllm_distributed"
_POINTERS = "takes or gives raw memory addresses"
_SHARES = "shares memory through files that other processes can open"

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
    # Of objects.
    "torch.Tensor.share_memory_": _SHARES,
    "torch.cuda.graphs.CUDAGraph.debug_dump": _WRITES,
    "torch.nn.modules.module.Module.compile": _COMPILES,
    "torch.nn.modules.module.Module.share_memory": _SHARES,
    "torch.storage.TypedStorage.from_file": "reads and makes files",
    "torch.storage.TypedStorage.share_memory_": _SHARES,
    "torch.storage.TypedStorage.type": "imports any module by name",
    "torch.storage.UntypedStorage.filename": "tells of the file system",
    "torch.storage.UntypedStorage.from_file": "reads and makes files",
    "torch.storage.UntypedStorage.share_memory_": _SHARES,
    "torch.storage.UntypedStorage.type": "imports any module by name",
    "torch.storage.UntypedStorage.from_buffer": _POINTERS,
    # vllm_distributed.
    "vllm_distributed.init_distributed_environment": "can make files; use the call of that name in "
    "the contract, which refuses to",
    "vllm_distributed.parallel_state.init_distributed_environment": "can make files; use the call "
    "of that name in the contract, which refuses to",
    "vllm_distributed.resolve_obj_by_qualname": "finds names past the allow list; use the call of "
    "that name in the contract, which asks it",
    "vllm_distributed.utils.resolve_obj_by_qualname": "finds names past the allow list; use the "
    "call of that name in the contract, which asks it",
}
"""Names that are refused, with all below them, and why. A function or class that is reached by
another name is looked up by where it is defined as well."""
