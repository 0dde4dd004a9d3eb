"""The Python glue: for every RPC, decode the request, call the function, encode the result."""

from __future__ import annotations

from vllm_bridge.codegen.proto import stem
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import RECEIVER, WRAPPERS, Method, Parameter, Type, receiver, services
from vllm_bridge.surface import CLASSES, DISTRIBUTED, GUARDED, Kind

_SCALARS = {"int", "bool", "float", "string", "bytes"}

# Kinds whose field is not a message: there is always a value.
_NO_MESSAGE = {"dtype", "device", "size"}


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
        f"from vllm_bridge._generated import {', '.join(modules)}, types_pb2\n"
        "from vllm_bridge.codec.dispatch import Dispatch, present\n"
        "from vllm_bridge.codec.wire import Wire\n\n\n"
        f"{functions}\n\nMETHODS: dict[str, Dispatch] = {{\n{entries}}}\n"
        '"""Every RPC of vllm.distributed.v1, by path."""\n'
    )


def _class_imports() -> str:
    homes = sorted((cls.__module__, service) for service, cls in CLASSES.items())
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
            f'        optional["{parameter.name}"] = {_argument(parameter)}',
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
        _argument(parameter)
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
    given = f'present(request, "{RECEIVER}")'
    if item.service == "GroupCoordinator":
        return f"wire.group({given})"
    reference = f"{given}.ref" if receiver(item.service).kind == "group" else given
    return f"wire.instance({reference}, {item.service})"


def _argument(parameter: Parameter) -> str:
    type_, field = parameter.type, f"request.{parameter.name}"
    inner = type_.required
    if inner.kind == "list":
        values = f"{field}.values" if parameter.optional or type_.kind == "nullable" else field
        return _given(parameter, _list(inner.items[0], values))
    if inner.kind in _SCALARS:
        return _given(parameter, field)
    if inner.kind == "size" and (parameter.optional or type_.kind == "nullable"):
        field = f"{field}.values"
    if inner.kind not in _NO_MESSAGE and not parameter.optional and type_ is inner:
        field = f'present(request, "{parameter.name}")'
    return _given(parameter, f"wire.{inner.kind}({field})")


def _given(parameter: Parameter, expression: str) -> str:
    # An optional one is only looked at when it was sent.
    if parameter.optional or parameter.type.kind != "nullable":
        return expression
    return f'({expression} if request.HasField("{parameter.name}") else None)'


def _list(item: Type, values: str) -> str:
    if item.kind == "list":
        return f"[list(item.values) for item in {values}]"
    if item.kind == "tensor":
        return f"[wire.tensor(item) for item in {values}]"
    return f"list({values})"


def _result(result: Type) -> str:
    if result.kind == "tuple":
        return ", ".join(
            f"item_{number}={_value(item, f'result[{number - 1}]')}"
            for number, item in enumerate(result.items, start=1)
        )
    return f"result={_value(result, 'result')}"


def _value(type_: Type, value: str) -> str:
    inner = type_.required
    if inner.kind == "list":
        item = inner.items[0]
        if item.kind == "list":
            return f"[types_pb2.Int64List(values=item) for item in {value}]"
        expression = value
        if item.kind == "tensor":
            expression = f"[wire.to_tensor(item) for item in {value}]"
        if type_.kind == "nullable":
            wrapped = f"types_pb2.{WRAPPERS[item.kind]}(values={expression})"
            return f"None if {value} is None else {wrapped}"
        return expression
    if inner.kind in _SCALARS:
        return value
    expression = f"wire.to_{inner.kind}({value})"
    return f"None if {value} is None else {expression}" if type_.kind == "nullable" else expression


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
