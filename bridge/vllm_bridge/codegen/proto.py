"""The contract as .proto text: one file per service."""

from __future__ import annotations

import re

from vllm_bridge.contract import (
    PACKAGE,
    REF,
    WRAPPERS,
    Method,
    Parameter,
    Record,
    Type,
    records,
    services,
)
from vllm_bridge.surface import CLASSES, DISTRIBUTED

_BRIDGE = "vllm.bridge.v1"

OBJECTS = "objects.proto"
"""The file with the messages of objects."""

_HEADER = "// Generated from the signatures of vllm_distributed by `make codegen`. Do not edit.\n"

_MESSAGES = {
    "int": "int64",
    "bool": "bool",
    "float": "double",
    "string": "string",
    "bytes": "bytes",
    "dtype": "string",
    "device": "string",
    "size": "repeated int64",
    "tensor": f"{_BRIDGE}.Tensor",
    "group": f"{_BRIDGE}.GroupCoordinator",
    "process_group": f"{_BRIDGE}.ProcessGroup",
    "object": f"{_BRIDGE}.Ref",
    "term": f"{_BRIDGE}.Term",
    "duration": "google.protobuf.Duration",
}


def stem(service: str) -> str:
    """`GroupCoordinator` -> `group_coordinator`, `EPLBConfig` -> `eplb_config`: a file's name."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", service).lower()


def proto_files() -> dict[str, str]:
    """File name below `proto/vllm/distributed/v1` -> text."""
    files = {f"{stem(name)}.proto": _file(name, methods) for name, methods in services().items()}
    return files | {OBJECTS: _objects()}


def field_type(type_: Type, *, absent: bool) -> str:
    """Label and type of a field; `absent`: the field may be left out."""
    inner = type_.required
    absent = absent or type_.kind == "nullable"
    if inner.is_list:
        item = inner.items[0]
        if item.is_list:
            return f"repeated {_BRIDGE}.Int64List"
        if absent:
            return f"{_BRIDGE}.{WRAPPERS[item.kind]}"
        return f"repeated {_message_type(item)}"
    name = _message_type(inner)
    if inner.kind == "size":
        return f"{_BRIDGE}.Int64List" if absent else name
    # Message fields know whether they are set; for scalars it has to be asked for.
    return f"optional {name}" if absent and not is_message(inner) else name


def is_message(type_: Type) -> bool:
    """Whether a value of the type is a message of its own."""
    return type_.kind == "object" or "." in _MESSAGES[type_.kind]


def _message_type(type_: Type) -> str:
    return f"{type_.name}Object" if type_.name else _MESSAGES[type_.kind]


def _objects() -> str:
    messages = "\n".join(_object(record) for record in records().values())
    return (
        f"{_HEADER}//\n// Objects of the classes of vllm_distributed, as results and arguments.\n"
        f'syntax = "proto3";\n\npackage {PACKAGE};\n\n'
        f'import "vllm/bridge/v1/types.proto";\n\n{messages}'
    )


def _object(record: Record) -> str:
    made = (
        "As an argument, `ref`, or without one the fields to make it of; absent is the default."
        if record.given
        else "As an argument, `ref` alone."
    )
    if record.plain:
        comment = f"// The plain data of a {record.name}. {made}\n"
    else:
        comment = (
            f"// A {record.name}: the handle, and the fields as they were when it was sent.\n"
            f"// {made}\n"
        )
    fields = [f"{_BRIDGE}.Ref {REF} = 1;"]
    for field in record.fields:
        derived = " // derived" if field.derived else ""
        fields.append(
            f"{field_type(field.type, absent=True)} {field.name} = {field.number};{derived}"
        )
    return comment + _message(record.message, fields)


def _file(service: str, methods: list[Method]) -> str:
    what = (
        "The functions of vllm_distributed."
        if service == DISTRIBUTED
        else f"The class {CLASSES[service].__name__} of vllm_distributed."
    )
    rpcs = "\n".join(_rpc(method) for method in methods)
    messages = "\n".join(_messages(method) for method in methods)
    imports = [
        name
        for name, used in (
            ("google/protobuf/duration.proto", "google.protobuf." in messages),
            ("vllm/bridge/v1/types.proto", f"{_BRIDGE}." in messages),
            (f"vllm/distributed/v1/{OBJECTS}", re.search(r"^ .*\w+Object \w+ =", messages, re.M)),
        )
        if used
    ]
    return (
        f'{_HEADER}//\n// {what}\nsyntax = "proto3";\n\npackage {PACKAGE};\n\n'
        + "".join(f'import "{name}";\n' for name in imports)
        + f"\nservice {service} {{\n{rpcs}}}\n\n{messages}"
    )


def _rpc(method: Method) -> str:
    paragraph = " ".join(method.exposed.doc.strip().partition("\n\n")[0].split())
    first = re.split(r"(?<=\.) ", paragraph or method.exposed.qualified_name)[0]
    traits = [
        name
        for name, holds in (
            ("inline", method.exposed.inline),
            ("collective", method.exposed.collective),
        )
        if holds
    ]
    note = f" [{', '.join(traits)}]" if traits else ""
    return (
        f"  // {first}{note}\n  rpc {method.rpc}({method.request}) returns ({method.response});\n"
    )


def _messages(method: Method) -> str:
    return _message(method.request, [_field(p) for p in method.parameters]) + _message(
        method.response, result_fields(method.result)
    )


def result_fields(result: Type) -> list[str]:
    """The fields of a response: `result`, or `item_1` and on for a tuple."""
    if result.kind == "none":
        return []
    if result.kind == "tuple":
        return [
            f"{field_type(item, absent=False)} item_{number} = {number};"
            for number, item in enumerate(result.items, start=1)
        ]
    return [f"{field_type(result, absent=False)} result = 1;"]


def _field(parameter: Parameter) -> str:
    type_ = field_type(parameter.type, absent=parameter.optional)
    return f"{type_} {parameter.name} = {parameter.number};"


def _message(name: str, fields: list[str]) -> str:
    if not fields:
        return f"message {name} {{}}\n"
    body = "".join(f"  {field}\n" for field in fields)
    return f"message {name} {{\n{body}}}\n"
