"""The Python glue: for every RPC, decode the request, call the function, encode the result."""

from __future__ import annotations

from vllm_bridge.codegen.expressions import argument, decoded, encoded
from vllm_bridge.codegen.proto import stem
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import RECEIVER, Method, Type, receiver, services
from vllm_bridge.surface import CLASSES, DISTRIBUTED, GUARDED, Kind


def module() -> str:
    """Text of `_generated/dispatch.py`."""
    grouped = services()
    modules = sorted(f"{stem(service)}_pb2" for service in grouped)
    methods = [method for members in grouped.values() for method in members]
    functions = "\n\n".join(_function(method) for method in methods)
    entries = "".join(_entry(method) for method in methods)
    return (
        f'"""{HEADER.format(source="the signatures of vllm_distributed")}"""\n\n'
        "from __future__ import annotations\n\n"
        "from typing import Any\n\n"
        "import vllm_distributed\n"
        f"{_class_imports()}\n"
        f"from vllm_bridge._generated import {', '.join(modules)}, objects, types_pb2\n"
        "from vllm_bridge.codec.dispatch import Dispatch, present\n"
        "from vllm_bridge.codec.wire import Wire\n\n\n"
        f"{functions}\n\nMETHODS: dict[str, Dispatch] = {{\n{entries}}}\n"
        '"""Every RPC of vllm.distributed.v1, by path."""\n'
    )


def _class_imports() -> str:
    used = {
        method.exposed.service
        for members in services().values()
        for method in members
        if method.exposed.kind in (Kind.CONSTRUCTOR, Kind.FACTORY)
    }
    homes = sorted((CLASSES[service].__module__, service) for service in used)
    return "".join(f"from {home} import {name}\n" for home, name in homes)


def _function(method: Method) -> str:
    pb2 = f"{stem(method.exposed.service)}_pb2"
    lines = [
        f"def _{stem(method.message_prefix)}(",
        f"    request: {pb2}.{method.request}, wire: Wire",
        f") -> {pb2}.{method.response}:",
    ]
    optional = [parameter for parameter in method.parameters if parameter.optional]
    if optional:
        lines.append("    optional: dict[str, Any] = {}")
    for parameter in optional:
        lines += [
            f'    if request.HasField("{parameter.name}"):',
            f'        optional["{parameter.name}"] = {argument(parameter)}',
        ]
    call = _call(method, spread=bool(optional))
    response = f"{pb2}.{method.response}"
    if method.result.kind == "none":
        lines += [f"    {call}", f"    return {response}()"]
    else:
        lines += [f"    result = {call}", f"    return {response}({_result(method.result)})"]
    return "\n".join(lines) + "\n"


def _call(method: Method, *, spread: bool) -> str:
    item = method.exposed
    if item.kind is Kind.CONSTANT:
        return f"vllm_distributed.{item.name}"
    owner = "wire" if item.name in GUARDED else "vllm_distributed"
    if item.service != DISTRIBUTED:
        owner = _owner(method)
    if item.kind is Kind.PROPERTY:
        return f"{owner}.{item.name}"
    arguments = [
        argument(parameter)
        for parameter in method.parameters
        if not parameter.optional and parameter.name != RECEIVER
    ]
    if spread:
        arguments.append("**optional")
    function = owner if item.kind is Kind.CONSTRUCTOR else f"{owner}.{item.name}"
    if item.gated:
        arguments = [f'"{item.qualified_name}"', function, *arguments]
        function = "wire.gated"
    return f"{function}({', '.join(arguments)})"


def _owner(method: Method) -> str:
    """The class of a constructor or factory, the object of a method or property."""
    item = method.exposed
    if item.kind in (Kind.CONSTRUCTOR, Kind.FACTORY):
        return item.service
    return decoded(receiver(item.service), f'present(request, "{RECEIVER}")')


def _result(result: Type) -> str:
    if result.kind == "tuple":
        return ", ".join(
            f"item_{number}={encoded(item, f'result[{number - 1}]')}"
            for number, item in enumerate(result.items, start=1)
        )
    return f"result={encoded(result, 'result')}"


def _entry(method: Method) -> str:
    return (
        f'    "{method.path}": Dispatch(\n'
        f'        "{method.exposed.qualified_name}",\n'
        f"        {stem(method.exposed.service)}_pb2.{method.request},\n"
        f"        _{stem(method.message_prefix)},\n"
        f"        inline={method.exposed.inline},\n"
        f"        collective={method.exposed.collective},\n"
        "    ),\n"
    )
