"""The names of torch that a client may call, out of torch's own registries.

    python -m vllm_bridge.codegen.torch_names

writes `vllm_bridge/rank/allow/torch_names.txt`, which is committed: what a rank opens is what a
person has read, not what the installed torch happens to have. A test compares the two where torch
is of the version that the file names; a newer one opens nothing until a person runs this with it.

Two registries say what computes on tensors and does nothing else. The dispatcher has a schema for
each operator: it is taken when all of its parameters and results are tensors, numbers, text,
dtypes, devices and the like. `torch.overrides` lists the tensor functions that are written in
Python. Private names and those in `LEFT_OUT` are not taken.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.overrides

FILE = Path(__file__).parents[1] / "rank" / "allow" / "torch_names.txt"

COMMAND = "python -m vllm_bridge.codegen.torch_names"

TORCH = ".".join(torch.__version__.split(".")[:2])
"""The version that is installed, without what changes nothing here."""

_HEADER = f"""\
# The names of torch that a client may call. Written by `{COMMAND}`.
# One to a line, with the parameters that are dtypes, devices, layouts or memory formats: their
# positions (from 0, without self) and names. `Tensor.` lines are methods of tensors.
# Of torch {TORCH}.
"""

_NAMESPACES = {
    "torch": "",
    "torch.nn.functional": "",
    "torch.linalg": "linalg_",
    "torch.fft": "fft_",
    "torch.special": "special_",
    "torch.Tensor": "",
}
"""Where operators are found, and how the names of each place's begin in the registry."""

_IN_PYTHON = {
    "torch": ("torch", "torch.functional"),
    "torch.nn.functional": ("torch.nn.functional",),
}
"""Namespaces whose tensor functions in Python are taken, and where `torch.overrides` has those."""

_PLAIN = re.compile(
    r"(Tensor|number|int|SymInt|float|bool|str|complex|ScalarType|Device|Layout|MemoryFormat|Generator"
    r"|Optional|List|\[|\])+"
)
"""Types of parameters and results that are data."""

_KINDS = {
    "ScalarType": "dtype",
    "Device": "device",
    "Layout": "layout",
    "MemoryFormat": "memory_format",
}
"""Types for which a client may write text, by their names in a schema."""

LEFT_OUT: Mapping[str, str] = {
    r"from_file": "opens files",
    r"set_|resize_?|resize_as_?|data": "changes whose memory a tensor is, or gives out memory that "
    "was not written",
    r".*sparse.*|spmm|hspmm|hsmm|dsmm|smm|saddmm|sspaddmm|coalesce|is_coalesced|indices|values"
    r"|to_dense|(crow|ccol|col|row)_indices|dense_dim|to_padded_tensor": "is of tensors that have "
    "indices, which nothing compares with their bounds",
    r"segment_reduce|embedding_bag|ctc_loss|fractional_max_pool.*": "reads past the ends of "
    "tensors when its offsets, labels or samples are out of range",
    r"linear_cross_entropy": "registers operators when it is first called",
    r".*quant.*|q_.*|int_repr|qscheme|fused_moving_avg_.*|fbgemm_.*|.*mkldnn.*|cudnn_.*"
    r"|miopen_.*": "is for one library of kernels, with tensors that cannot be sent",
    r"(?!index_copy).*_copy|sym_.*|slice_inverse": "is for torch's compiler",
    r"record_stream|pin_memory|is_pinned|is_distributed|is_inference|is_vulkan_available|is_set_to"
    r"|get_gradients|requires_grad_|retain_grad|autocast|random": "is no operator on elements",
    r"triplet_margin_with_distance_loss": "takes a function",
    r"lobpcg|pca_lowrank|svd_lowrank": "keeps state in Python between its steps",
}
"""What the registries have and clients do not get, by expressions of the last part of the name:
why."""


def torch_names() -> dict[str, str]:
    """Each name, with its parameters that are dtypes and the like, as in the file."""
    operators, found = _operators(), dict[str, str]()
    for namespace, start in _NAMESPACES.items():
        names = {name[len(start) :]: name for name in operators if name.startswith(start)}
        python = _in_python(_IN_PYTHON.get(namespace, ()))
        home = functools.reduce(getattr, namespace.split(".")[1:], torch)
        for name in sorted(names.keys() | python):
            function = _public(home, name)
            if function is None or _why_left_out(name) or _takes_functions(function):
                continue
            method = namespace == "torch.Tensor"
            schemas = operators.get(names.get(name, name), [])
            parameters = _parameters(function, schemas, without_self=method)
            found[f"Tensor.{name}" if method else f"{namespace}.{name}"] = parameters
    return found


def rendered(names: Mapping[str, str]) -> str:
    """The file of these names."""
    lines = (f"{name} {parameters}".rstrip() for name, parameters in sorted(names.items()))
    return _HEADER + "".join(f"{line}\n" for line in lines)


def parsed(text: str) -> dict[str, str]:
    """The names of a file."""
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: parameters for name, _, parameters in lines}


def _operators() -> dict[str, list[Any]]:
    """The schemas of the dispatcher's operators that take and return data, by name."""
    schemas: dict[str, list[Any]] = {}
    for full in torch._C._dispatch_get_all_op_names():
        library, _, rest = full.partition("::")
        name, _, overload = rest.partition(".")
        if library == "aten" and not name.startswith("_"):
            schema = torch._C._get_schema(f"aten::{name}", overload)
            schemas.setdefault(name, []).append(schema)
    return {name: found for name, found in schemas.items() if all(map(_is_plain, found))}


def _is_plain(schema: Any) -> bool:
    return all(_PLAIN.fullmatch(str(a.type)) for a in [*schema.arguments, *schema.returns])


def _in_python(homes: Iterable[str]) -> set[str]:
    functions = torch.overrides.get_overridable_functions()
    named = {getattr(home, "__name__", ""): listed for home, listed in functions.items()}
    return {
        function.__name__
        for home in homes
        for function in named[home]
        if isinstance(function, types.FunctionType)
    }


def _public(home: Any, name: str) -> Any:
    if name.startswith("_"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = getattr(home, name, None)
    return (
        None
        if isinstance(function, (type, types.ModuleType)) or not callable(function)
        else function
    )


def _why_left_out(name: str) -> str | None:
    reasons = (why for pattern, why in LEFT_OUT.items() if re.fullmatch(pattern, name))
    return next(reasons, None)


def _takes_functions(function: Any) -> bool:
    return isinstance(function, types.FunctionType) and any(
        "Callable" in str(parameter.annotation)
        for parameter in inspect.signature(function).parameters.values()
    )


def _parameters(function: Any, schemas: Iterable[Any], *, without_self: bool) -> str:
    places: dict[str, set[str]] = {}
    of_schemas: dict[str, str] = {}
    for schema in schemas:
        arguments = schema.arguments[1:] if without_self else schema.arguments
        for position, argument in enumerate(arguments):
            kind = _kind(str(argument.real_type))
            if kind is None:
                continue
            of_schemas[argument.name] = kind
            at = places.setdefault(kind, set())
            at.add(argument.name)
            if not argument.kwarg_only:
                at.add(str(position))
    if isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__"):
        # What is written in Python has its own order of parameters.
        places = {}
        for position, parameter in enumerate(inspect.signature(function).parameters.values()):
            kind = of_schemas.get(parameter.name) or _kind(str(parameter.annotation))
            if kind is not None and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                places.setdefault(kind, set()).update(
                    {parameter.name, str(position - without_self)}
                )
    return " ".join(f"{kind}:{','.join(sorted(at))}" for kind, at in sorted(places.items()))


def _kind(type_: str) -> str | None:
    if "DType" in type_:
        return "dtype"
    return next((kind for name, kind in _KINDS.items() if name in type_), None)


def main() -> None:
    """Write the file."""
    FILE.write_text(rendered(torch_names()))


if __name__ == "__main__":
    main()
