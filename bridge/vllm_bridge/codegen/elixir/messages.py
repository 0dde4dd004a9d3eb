"""Elixir modules for the messages of values: a struct and a field table each.

`Vllm.Bridge.Protobuf` encodes and decodes by the table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from vllm_bridge.codegen.elixir.layout import WIDTH
from vllm_bridge.codegen.proto import OBJECTS
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import camel_case

F = FieldDescriptorProto

_SCALARS = {
    F.TYPE_INT64: ("int64", "0", "integer()"),
    F.TYPE_UINT64: ("uint64", "0", "non_neg_integer()"),
    F.TYPE_INT32: ("int32", "0", "integer()"),
    F.TYPE_UINT32: ("uint32", "0", "non_neg_integer()"),
    F.TYPE_BOOL: ("bool", "false", "boolean()"),
    F.TYPE_DOUBLE: ("double", "0.0", "float()"),
    F.TYPE_STRING: ("string", '""', "String.t()"),
    F.TYPE_BYTES: ("bytes", '""', "binary()"),
}
_UNPACKABLE = {F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE}

# Only ranks and pools speak it.
_PYTHON_ONLY = {"vllm/bridge/v1/control.proto"}


def module_name(full_name: str) -> str:
    """`.vllm.bridge.v1.Tensor` -> `Vllm.Bridge.V1.Tensor`; google's below `Vllm` as well."""
    parts = [camel_case(part) for part in full_name.strip(".").split(".")]
    return ".".join(parts if parts[0] == "Vllm" else ["Vllm", *parts])


def files(descriptors: FileDescriptorSet) -> dict[str, str]:
    """File name below `elixir_client/generated` -> text, one per .proto file."""
    wanted = [
        file
        for file in descriptors.file
        if (file.package != "vllm.distributed.v1" or Path(file.name).name == OBJECTS)
        and file.name not in _PYTHON_ONLY
    ]
    zeroes = dict(pair for file in wanted for pair in _zeroes(file))
    return {f"{file.name.removesuffix('.proto')}.ex": _file(file, zeroes) for file in wanted}


def _file(file: FileDescriptorProto, zeroes: dict[str, str]) -> str:
    comments = {
        tuple(location.path): location.leading_comments.strip()
        for location in file.source_code_info.location
    }
    parts = [f"# {HEADER.format(source='proto/' + file.name)}\n"]
    for index, enum in enumerate(file.enum_type):
        parts.append(_enum(f"{file.package}.{enum.name}", enum, comments.get((5, index), "")))
    for index, message in enumerate(file.message_type):
        parts += _message(f"{file.package}.{message.name}", message, (4, index), comments, zeroes)
    return "\n".join(parts)


def _message(
    name: str,
    message: DescriptorProto,
    path: tuple[int, ...],
    comments: dict[tuple[int, ...], str],
    zeroes: dict[str, str],
) -> Iterator[str]:
    for index, enum in enumerate(message.enum_type):
        yield _enum(f"{name}.{enum.name}", enum, comments.get((*path, 4, index), ""))
    for index, nested in enumerate(message.nested_type):
        yield from _message(f"{name}.{nested.name}", nested, (*path, 3, index), comments, zeroes)
    fields = [_Field(field, zeroes) for field in message.field]
    defaults = ", ".join(f"{field.name}: {field.default}" for field in fields)
    types = ", ".join(f"{field.name}: {field.elixir_type}" for field in fields)
    table = "".join(f"      {field.row},\n" for field in fields).rstrip(",\n")
    body = f"[\n{table}\n    ]" if fields else "[]"
    yield (
        f"defmodule {module_name(name)} do\n"
        f"{_moduledoc(name, comments.get(path, ''))}"
        f"  defstruct [{defaults}]\n\n"
        f"  @type t :: %__MODULE__{{{types}}}\n\n"
        f"  @doc false\n  @spec __fields__() :: [Vllm.Bridge.Protobuf.field()]\n"
        f"  def __fields__ do\n    {body}\n  end\nend\n"
    )


def _enum(name: str, enum: EnumDescriptorProto, comment: str) -> str:
    values = ", ".join(f"{value.name.lower()}: {value.number}" for value in enum.value)
    names = " | ".join(f":{value.name.lower()}" for value in enum.value)
    return (
        f"defmodule {module_name(name)} do\n"
        f"{_moduledoc(name, comment)}"
        f"  @type t :: {names} | integer()\n\n"
        f"  @doc false\n  @spec __values__() :: keyword(integer())\n"
        f"  def __values__, do: [{values}]\nend\n"
    )


def _moduledoc(name: str, comment: str) -> str:
    """Users see structs of ours, not messages: for maintainers, a comment says which it is."""
    text = " ".join(line.strip() for line in comment.partition("\n\n")[0].splitlines())
    said = f"The message `{name.strip('.')}`. {text}"
    lines = textwrap.wrap(said, WIDTH - len("  # "), break_long_words=False, break_on_hyphens=False)
    return "  @moduledoc false\n" + "".join(f"  # {line}\n" for line in lines) + "\n"


class _Field:
    def __init__(self, field: FieldDescriptorProto, zeroes: dict[str, str]) -> None:
        self.name = field.name
        kind, default, elixir = _kind(field, zeroes)
        label = "singular"
        if field.label == F.LABEL_REPEATED:
            label = "repeated" if field.type in _UNPACKABLE else "packed"
            default, elixir = "[]", f"[{elixir}]"
        elif field.type == F.TYPE_MESSAGE or field.HasField("oneof_index"):
            label, default, elixir = "optional", "nil", f"{elixir} | nil"
        self.default = default
        self.elixir_type = elixir
        self.row = f"{{:{field.name}, {field.number}, {kind}, :{label}}}"


def _kind(field: FieldDescriptorProto, zeroes: dict[str, str]) -> tuple[str, str, str]:
    """The field's type in the table, its default, and its type in specs."""
    if field.type == F.TYPE_MESSAGE:
        name = module_name(field.type_name)
        return f"{{:message, {name}}}", "nil", f"{name}.t()"
    if field.type == F.TYPE_ENUM:
        name = module_name(field.type_name)
        return f"{{:enum, {name}}}", zeroes[field.type_name], f"{name}.t()"
    kind, default, elixir = _SCALARS[field.type]
    return f":{kind}", default, elixir


def _zeroes(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Full name of every enum, with the Elixir atom of its zero."""
    scopes = [(f".{file.package}", file.enum_type)]
    scopes += [
        (f".{file.package}.{message.name}", message.enum_type) for message in file.message_type
    ]
    for scope, enums in scopes:
        for enum in enums:
            yield f"{scope}.{enum.name}", f":{enum.value[0].name.lower()}"
