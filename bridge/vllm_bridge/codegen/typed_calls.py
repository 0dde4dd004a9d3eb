"""The typed methods of the Python clients, as a stub: type checkers and editors read it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import Method, Parameter, Type, methods_by_name, records
from vllm_bridge.surface import CLASSES, DISTRIBUTED, NEW

_WIDTH = 100

_PARAMETERS: Mapping[str, str] = {
    "string": "str",
    "none": "None",
    "tensor": "Tensor",
    "group": "Kept",
    "process_group": "Kept",
    "duration": "timedelta | float",
    "dtype": "torch.dtype | str",
    "device": "torch.device | str",
    "size": "Sequence[int]",
    "object": "Kept",
    "term": "Any",
}
_RESULTS: Mapping[str, str] = {
    "string": "str",
    "none": "None",
    "tensor": "torch.Tensor",
    "group": "RemoteGroup",
    "process_group": "RemoteGroup",
    "duration": "timedelta",
    "dtype": "torch.dtype",
    "device": "torch.device",
    "size": "torch.Size",
    "object": "RemoteObject",
    "term": "Any",
}

_HEAD = """
from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import torch
import vllm_distributed
from vllm_bridge.client._calls.timeouts import Timeout
from vllm_bridge.client._objects.kept import Kept, Tensors
from vllm_bridge.codec.calls import RemoteGroup, RemoteObject, RemoteRecord

Tensor = torch.Tensor | Kept
Invoke = Callable[..., Any]

"""


def stub() -> str:
    """Text of `client/_distributed.pyi`."""
    known = methods_by_name()
    functions = [method for name, method in known.items() if "." not in name]
    parts = [f"# {HEADER.format(source='the signatures of vllm_distributed')}\n", _HEAD.lstrip()]
    for prefix, wrap in (("", "{}"), ("Async", "Awaitable[{}]")):
        for service in CLASSES:
            own = {n: m for n, m in known.items() if n.startswith(f"{service}.")}
            parts.append(f"class {prefix}{service}:\n")
            parts += [_method(m, wrap, name.partition(".")[2]) for name, m in own.items()] or [
                "    ...\n"
            ]
            parts.append("\n")
        parts.append(f"class {prefix}{DISTRIBUTED}:\n")
        parts.append("    def __init__(self, invoke: Invoke) -> None: ...\n")
        parts += [
            f"    @property\n    def {service}(self) -> {prefix}{service}: ...\n"
            for service in CLASSES
        ]
        parts.append(
            "    def __call__(\n        self,\n        *,\n        timeout: Timeout = ...,\n"
            '        timeout_profile: str = "",\n        tensors: Tensors = "value",\n'
            f"    ) -> {prefix}{DISTRIBUTED}: ...\n"
        )
        parts += [_method(method, wrap, method.exposed.name) for method in functions]
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


def _method(method: Method, wrap: str, name: str) -> str:
    given = ["self", *(_parameter(parameter) for parameter in method.parameters)]
    result = wrap.format(_annotation(method.result, _RESULTS, result=True))
    called = "__call__" if name == NEW else name
    line = f"    def {called}({', '.join(given)}) -> {result}: ..."
    if len(line) > _WIDTH:
        inner = "".join(f"        {each},\n" for each in given)
        line = f"    def {called}(\n{inner}    ) -> {result}: ..."
    return textwrap.indent(line, "") + "\n"


def _parameter(parameter: Parameter) -> str:
    annotation = _annotation(parameter.type, _PARAMETERS, result=False)
    return f"{parameter.name}: {annotation}" + (" = ..." if parameter.optional else "")


def _annotation(type_: Type, names: Mapping[str, str], *, result: bool) -> str:
    kind = type_.kind
    items = [_annotation(item, names, result=result) for item in type_.items]
    if kind == "nullable":
        return f"{items[0]} | None"
    if kind == "list":
        return f"{'list' if result else 'Sequence'}[{items[0]}]"
    if kind == "tuple_of":
        return f"tuple[{items[0]}, ...]" if result else f"Sequence[{items[0]}]"
    if kind == "tuple":
        return f"tuple[{', '.join(items)}]"
    if kind == "object" and type_.name:
        record = records()[type_.name]
        if record.plain:
            cls = f"vllm_distributed.{type_.name}"
            return cls if result else f"{cls} | Mapping[str, Any]"
        return "RemoteRecord" if result else "Kept | Mapping[str, Any]"
    return names.get(kind, kind)
