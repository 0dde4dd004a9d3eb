"""Python expressions that turn fields of messages into values, and values into fields."""

from __future__ import annotations

from vllm_bridge.codegen.proto import is_message, stem
from vllm_bridge.contract import WRAPPERS, Parameter, Type

_SCALARS = {"int", "bool", "float", "string", "bytes"}


def argument(parameter: Parameter) -> str:
    """The value of a parameter, out of `request`."""
    type_, field = parameter.type, f"request.{parameter.name}"
    absent = parameter.optional or type_.kind == "nullable"
    required = not parameter.optional and type_.kind != "nullable"
    if required and not type_.is_list and is_message(type_):
        field = f'present(request, "{parameter.name}")'
    expression = decoded(type_.required, field, wrapped=absent)
    # An optional one is only looked at when it was sent.
    if parameter.optional or type_.kind != "nullable":
        return expression
    return f'({expression} if request.HasField("{parameter.name}") else None)'


def decoded(type_: Type, field: str, *, wrapped: bool = False, objects: str = "objects.") -> str:
    """The value of a field. `wrapped`: a list is in a message of its own, as it may be absent.

    `objects` is what stands before the names of functions of `_generated/objects.py`.
    """
    if type_.is_list:
        return _decoded_list(type_, f"{field}.values" if wrapped else field, objects)
    if type_.kind in _SCALARS:
        return field
    if type_.kind == "size" and wrapped:
        field = f"{field}.values"
    if type_.kind == "object":
        function = f"{objects}{stem(type_.name)}" if type_.name else "wire.kept"
        return f"{function}({field}, wire)" if type_.name else f"{function}({field})"
    return f"wire.{type_.kind}({field})"


def encoded(type_: Type, value: str, *, wrapped: bool = False, objects: str = "objects.") -> str:
    """The field for a value."""
    wrapped = wrapped or type_.kind == "nullable"
    expression = _encoded(type_.required, value, wrapped, objects)
    if type_.kind == "nullable" and expression != value:
        return f"None if {value} is None else {expression}"
    return expression


def _decoded_list(type_: Type, values: str, objects: str) -> str:
    item = type_.items[0]
    kind = "list" if type_.kind == "list" else "tuple"
    if item.is_list:
        inner = "list" if item.kind == "list" else "tuple"
        listed = f"{inner}(item.values) for item in {values}"
    elif item.kind in _SCALARS:
        return f"{kind}({values})"
    else:
        listed = f"{decoded(item, 'item', objects=objects)} for item in {values}"
    return f"[{listed}]" if kind == "list" else f"tuple({listed})"


def _encoded(type_: Type, value: str, wrapped: bool, objects: str) -> str:
    if type_.is_list:
        item, expression = type_.items[0], value
        if item.is_list:
            return f"[types_pb2.Int64List(values=item) for item in {value}]"
        if item.kind not in _SCALARS:
            expression = f"[{_encoded(item, 'item', False, objects)} for item in {value}]"
        return f"types_pb2.{WRAPPERS[item.kind]}(values={expression})" if wrapped else expression
    if type_.kind in _SCALARS:
        return value
    if type_.kind == "size" and wrapped:
        return f"types_pb2.Int64List(values={value})"
    if type_.kind == "object" and type_.name:
        return f"{objects}to_{stem(type_.name)}({value}, wire)"
    return f"wire.to_{type_.kind}({value})"
