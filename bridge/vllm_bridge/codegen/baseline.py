"""What the contract has promised: every RPC, field and enum value, a line each.

`proto/baseline.txt` is committed. A line that was in it must stay true, because clients of an older
version rely on it; new ones are added with `make contract-accept`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorSet,
)

FILE = Path("baseline.txt")

# Between a pool and its own ranks, which are of one installation.
_PRIVATE = {"vllm/bridge/v1/control.proto"}

_HEADER = (
    "# What clients rely on. Lines are only added, with `make contract-accept`: docs/contract.md.\n"
)

F = FieldDescriptorProto

_KINDS = {
    number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()
}


def lines(descriptors: FileDescriptorSet) -> list[str]:
    """The promises of our packages, in order."""
    found = []
    for file in descriptors.file:
        if not file.package.startswith("vllm.") or file.name in _PRIVATE:
            continue
        for service in file.service:
            for rpc in service.method:
                request = ("stream " if rpc.client_streaming else "") + rpc.input_type.strip(".")
                response = ("stream " if rpc.server_streaming else "") + rpc.output_type.strip(".")
                name = f"{file.package}.{service.name}/{rpc.name}"
                found.append(f"rpc {name} = {request} -> {response}")
        for message in file.message_type:
            found += _message(f"{file.package}.{message.name}", message)
        for enum in file.enum_type:
            found += _enum(f"{file.package}.{enum.name}", enum)
    return sorted(found)


def read(path: Path) -> list[str]:
    """The promises in the committed file."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def text(promises: Iterable[str]) -> str:
    """The committed file."""
    return _HEADER + "".join(f"{line}\n" for line in sorted(promises))


def broken(promised: Iterable[str], now: Iterable[str]) -> list[str]:
    """What is promised and no longer so, a sentence each."""
    current = {_subject(line): line for line in now}
    sentences = []
    for line in promised:
        is_now = current.get(_subject(line))
        if is_now is None:
            sentences.append(f"{_subject(line)} is gone; it was: {line}")
        elif is_now != line:
            sentences.append(f"{_subject(line)} has changed: it was `{line}`, it is `{is_now}`")
    return sentences


def _subject(line: str) -> str:
    return line.partition(" = ")[0]


def _message(name: str, message: DescriptorProto) -> Iterator[str]:
    yield f"message {name}"
    for field in message.field:
        yield f"field {name}.{field.name} = {field.number} {_type(field, message)}"
    for nested in message.nested_type:
        yield from _message(f"{name}.{nested.name}", nested)
    for enum in message.enum_type:
        yield from _enum(f"{name}.{enum.name}", enum)


def _type(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    kind = field.type_name.strip(".") or _KINDS[field.type]
    if field.label == F.LABEL_REPEATED:
        return f"repeated {kind}"
    if field.proto3_optional:
        return f"optional {kind}"
    if field.HasField("oneof_index"):
        return f"{kind} of {message.oneof_decl[field.oneof_index].name}"
    return kind


def _enum(name: str, enum: EnumDescriptorProto) -> Iterator[str]:
    for value in enum.value:
        yield f"value {name}.{value.name} = {value.number}"
