"""The Python glue for objects of exposed classes: to their messages and back."""

from __future__ import annotations

from vllm_bridge.codegen.expressions import decoded, encoded
from vllm_bridge.codegen.proto import stem
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import Field, Record, records


def module() -> str:
    """Text of `_generated/objects.py`."""
    classes = sorted((record.cls.__module__, name) for name, record in records().items())
    imports = "".join(f"from {home} import {name}\n" for home, name in classes)
    functions = "\n\n".join(_from(record) + "\n\n" + _to(record) for record in records().values())
    entries = "".join(
        f'    "{name}": Converter({name}, pb2.{record.message}, {stem(name)}, to_{stem(name)}),\n'
        for name, record in records().items()
    )
    return (
        f'"""{HEADER.format(source="the classes of vllm_distributed")}"""\n\n'
        "from __future__ import annotations\n\n"
        "from typing import Any\n\n"
        f"{imports}\n"
        "from vllm_bridge._generated import objects_pb2 as pb2, types_pb2\n"
        "from vllm_bridge.codec.dispatch import Converter, derived, made\n"
        "from vllm_bridge.codec.wire import Wire\n\n\n"
        f"{functions}\n\nCONVERTERS: dict[str, Converter] = {{\n{entries}}}\n"
        '"""Every class whose objects have a message in vllm.distributed.v1, by name."""\n'
    )


def _from(record: Record) -> str:
    name = record.name
    lines = [f"def {stem(name)}(message: pb2.{record.message}, wire: Wire) -> {name}:"]
    if not record.given:
        return "\n".join([*lines, f"    return wire.instance(message.ref, {name})", ""])
    lines += [
        '    if message.HasField("ref"):',
        f"        return wire.instance(message.ref, {name})",
        "    fields: dict[str, Any] = {}",
    ]
    for field in record.given:
        value = decoded(field.type.required, f"message.{field.name}", wrapped=True, objects="")
        lines += [
            f'    if message.HasField("{field.name}"):',
            f'        fields["{field.name}"] = {value}',
        ]
    return "\n".join([*lines, f"    return made({name}, fields)", ""])


def _to(record: Record) -> str:
    name = record.name
    fields = [f"{field.name}={_value(field)}" for field in record.fields]
    if not record.plain:
        fields.insert(0, "ref=wire.keep(value)")
    listed = "".join(f"        {field},\n" for field in fields)
    return (
        f"def to_{stem(name)}(value: {name}, wire: Wire) -> pb2.{record.message}:\n"
        f"    return pb2.{record.message}(\n{listed}    )\n"
    )


def _value(field: Field) -> str:
    if field.derived:
        return f'derived(value, "{field.name}")'
    return encoded(field.type, f"value.{field.name}", wrapped=True, objects="")
