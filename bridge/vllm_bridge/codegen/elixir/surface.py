"""Elixir modules for the contract: a function per RPC, with its spec and doc.

A function is a table (`Vllm.Call.Spec`) and one head: `Vllm.Call.run/2` validates, encodes, routes
and decodes by the table. A class is a module with a struct.
"""

from __future__ import annotations

import inspect

import vllm_distributed
from vllm_bridge.codegen.elixir.docs import distributed_doc, function_doc, module_doc
from vllm_bridge.codegen.elixir.groups import group_of
from vllm_bridge.codegen.elixir.layout import spec, with_aliases, wrapped
from vllm_bridge.codegen.elixir.types import (
    STRUCTS,
    argument_type,
    call_type,
    module_of,
    result_type,
    takes_fields,
)
from vllm_bridge.codegen.proto import stem
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import (
    RECEIVER,
    Field,
    Method,
    Parameter,
    Record,
    records,
    services,
)
from vllm_bridge.surface import CONFIGURATION, DISTRIBUTED, NEW, Kind, base_of

UNSET = ":__default__"

_TOO_MANY = 6
"""From so many fields on a configuration is made of keywords alone."""

_RESERVED = {"and", "do", "end", "fn", "in", "not", "or", "when", "true", "false", "nil", "opts"}

_PROCESS_GROUP = "A torch process group that stays in its rank: its handle and its facts."

# All that there is came with the first version. What is added later says so by its own name here.
_SINCE = '  @doc since: "0.1.0"\n'

_TYPEDOC = '  @typedoc "What functions accept: {what}."\n'


def files() -> dict[str, str]:
    """File name below `elixir_client/generated` -> text."""
    generated = {}
    for service, methods in services().items():
        if service == DISTRIBUTED:
            doc = distributed_doc(inspect.getdoc(vllm_distributed) or "")
            generated["vllm/distributed.ex"] = _module("Vllm.Distributed", doc, "", methods)
        else:
            folder = "/".join(part.lower() for part in module_of(service).split(".")[:-1])
            generated[f"{folder}/{stem(service)}.ex"] = _module(
                module_of(service),
                module_doc(service),
                _struct(service),
                methods,
                services().get(base_of(service) or "", []),
            )
    generated["vllm/distributed/process_group.ex"] = _module(
        "Vllm.Distributed.ProcessGroup", _PROCESS_GROUP, _struct("ProcessGroup"), []
    )
    return generated


def _module(
    name: str, doc: str, struct: str, methods: list[Method], inherited: list[Method] | None = None
) -> str:
    own = {method.exposed.name for method in methods}
    functions = [_function(method) for method in methods]
    functions += [
        _delegate(method)
        for method in inherited or []
        if method.exposed.name not in own and method.exposed.kind is not Kind.FACTORY
    ]
    if methods:
        functions.append(_specs_table(methods))
    code, aliases = with_aliases(name, struct + "\n".join(functions))
    return (
        f"# {HEADER.format(source='the signatures of vllm_distributed')}\n\n"
        f"defmodule {name} do\n"
        f'  @moduledoc since: "0.1.0"\n  @moduledoc {_heredoc(doc, 2)}\n\n'
        f"{aliases}{code}end\n"
    )


# Structs


def _struct(service: str) -> str:
    record = records().get(service)
    if record is None:
        return _struct_by_hand(service)
    fields = {} if record.plain else {"ref": "Vllm.Ref.t()"}
    fields |= {field.name: _field_type(record, field) for field in record.fields}
    inputs = "t() | Vllm.Ref.t()"
    what = "the struct, or the ref of such an object"
    if takes_fields(record):
        what, inputs = f"{what}, or the fields to make one of", f"{inputs} | keyword() | map()"
    typedoc = _TYPEDOC.format(what=what)
    return f"{_defstruct(fields)}\n{typedoc}  @type input :: {inputs}\n\n{_object_table(record)}"


def _struct_by_hand(service: str) -> str:
    inputs = "t() | Vllm.Ref.t()"
    if service == "GroupCoordinator":
        inputs = "t() | Vllm.Distributed.StatelessGroupCoordinator.t() | Vllm.Ref.t()"
    typedoc = _TYPEDOC.format(what="the struct, or the ref of such an object")
    return _defstruct(STRUCTS[service]) + f"\n{typedoc}  @type input :: {inputs}\n\n"


def _defstruct(fields: dict[str, str]) -> str:
    names = wrapped("  defstruct [", [f":{field}" for field in fields], "]")
    types = ",\n          ".join(f"{field}: {type_}" for field, type_ in fields.items())
    return f"{names}\n  @type t :: %__MODULE__{{\n          {types}\n        }}\n"


def _field_type(record: Record, field: Field) -> str:
    name = result_type(field.type)
    # What follows from other fields may not, and plain data is given in part.
    return f"{name} | nil" if (field.derived or record.plain) and "nil" not in name else name


def _object_table(record: Record) -> str:
    message = f"Vllm.Distributed.V1.{record.message}"
    given = {field.name for field in record.given}
    rows = ",\n".join(
        f"       {{:{field.name}, {call_type(field.type)}, "
        f":{'given' if field.name in given else 'shown'}}}"
        for field in record.fields
    )
    table = f"[\n{rows}\n     ]" if rows else "[]"
    return (
        "  @doc false\n"
        "  @spec __object__() :: Vllm.Call.Record.table()\n"
        f"  def __object__ do\n    {{{message},\n     {table}}}\n  end\n\n"
    )


# Functions


def _specs_table(methods: list[Method]) -> str:
    """The tables by function, for `Vllm.Test`; behind the functions, where they are known."""
    rows = [f"{method.exposed.name.lower()}: @{_attribute(method)}" for method in methods]
    return (
        "  @doc false\n"
        "  @spec __specs__() :: [{atom(), Vllm.Call.Spec.t()}]\n"
        "  def __specs__ do\n"
        f"{wrapped('    [', rows, ']')}"
        "  end\n"
    )


def _attribute(method: Method) -> str:
    name = method.exposed.name.lower()
    return name.rstrip("_") + ("_in_place" if name.endswith("_") else "")


def _function(method: Method) -> str:
    name = method.exposed.name.lower()
    variables = [*(_variable(parameter) for parameter in _positional(method)), "opts"]
    if method.exposed.context_manager:
        variables.append("fun")
    attribute = _attribute(method)
    return (
        f"{_option_type(method)}"
        f"  @{attribute} {_spec_struct(method)}\n\n"
        f"{_group(method)}{_SINCE}  @doc {_heredoc(function_doc(method), 2)}\n"
        f"{_specs(method, '')}"
        f"{wrapped(f'  def {name}(', _head(method), ') do')}"
        f"{wrapped(f'    Vllm.Call.run(@{attribute}, [', variables, '])')}"
        f"  end\n\n"
        f"{_group(method)}"
        f'{_SINCE}  @doc "Like `{name}`, but returns the value itself and raises `Vllm.Error`."\n'
        f"{_specs(method, '!')}"
        f"{wrapped(f'  def {name}!(', _head(method), ') do')}"
        f"{wrapped(f'    Vllm.Error.unwrap!({name}(', variables, '))')}"
        f"  end\n"
    )


def _group(method: Method) -> str:
    if method.exposed.service != DISTRIBUTED:
        return ""
    return f'  @doc group: "{group_of(method.exposed.name)}"\n'


def _delegate(method: Method) -> str:
    if method.exposed.kind is Kind.CONSTRUCTOR:
        return ""
    name, base = method.exposed.name.lower(), module_of(method.exposed.service)
    return (
        f'{_SINCE}  @doc "As `{base}.{name}`."\n'
        f"{_specs(method, '')}"
        f"{wrapped(f'  defdelegate {name}(', _head(method), f'), to: {base}')}\n"
        f'{_SINCE}  @doc "As `{base}.{name}!`."\n'
        f"{_specs(method, '!')}"
        f"{wrapped(f'  defdelegate {name}!(', _head(method), f'), to: {base}')}"
    )


def _positional(method: Method) -> tuple[Parameter, ...]:
    """Parameters with a place. A configuration has too many fields for places."""
    return () if _by_name_only(method) else method.parameters


def _by_name_only(method: Method) -> bool:
    return (
        method.exposed.name == NEW
        and len(method.parameters) >= _TOO_MANY
        and (method.exposed.service in CONFIGURATION)
    )


def _head(method: Method) -> list[str]:
    """What must be given has at least one place, so that there is no form without it."""
    parts = []
    for index, parameter in enumerate(_positional(method)):
        default = "" if index < _least(method) else f" \\\\ {UNSET}"
        parts.append(_variable(parameter) + default)
    parts.append("opts \\\\ []")
    if method.exposed.context_manager:
        parts.append("fun \\\\ nil")
    return parts


def _least(method: Method) -> int:
    """How many arguments a call has at least: the object, and one for all that must be given."""
    needed = [parameter for parameter in method.parameters if not parameter.optional]
    leading = _leading(method)
    return leading + (1 if len(needed) > leading else 0)


def _variable(parameter: Parameter) -> str:
    # A leading underscore says in Elixir that a variable is not used; capitals are modules.
    name = parameter.name.lstrip("_").lower()
    return f"{name}_" if name in _RESERVED else name


def _spec_struct(method: Method) -> str:
    rows = ",\n".join(
        f"      {{:{parameter.name}, {parameter.number}, {call_type(parameter.type)}, "
        f":{'optional' if parameter.optional else 'required'}}}"
        for parameter in method.parameters
    )
    parameters = f"[\n{rows}\n    ]" if rows else "[]"
    context = ",\n    context_manager: true" if method.exposed.context_manager else ""
    names = ",\n    by_name: true" if _by_name_only(method) else ""
    return (
        "%Vllm.Call.Spec{\n"
        f'    function: "{method.exposed.qualified_name}",\n'
        f'    path: "{method.path}",\n'
        f"    params: {parameters},\n"
        f"    result: {call_type(method.result)},\n"
        f"    inline: {str(method.exposed.inline).lower()}"
        f"{context}{names}\n"
        "  }"
    )


def _option_type(method: Method) -> str:
    if not _by_name_only(method):
        return ""
    rows = [
        f"{{:{parameter.name}, {argument_type(parameter.type)}}}" for parameter in method.parameters
    ]
    rows.append("{:__runtime__, keyword()}")
    return "  @type option ::\n          " + "\n          | ".join(rows) + "\n\n"


def _specs(method: Method, bang: str) -> str:
    """One spec per arity: arguments by place, the rest by name in a keyword list at the end."""
    name = method.exposed.name.lower() + bang
    result = result_type(method.result)
    if _by_name_only(method):
        returns = _returns(result, bang)
        return spec(name, [], returns) + spec(name, ["[option()]"], returns)
    types = [argument_type(parameter.type) for parameter in method.parameters]
    required = sum(not parameter.optional for parameter in method.parameters)
    lines = []
    for given in range(_least(method), len(types) + 1):
        arguments = types[:given]
        if given:
            last = [types[given - 1]] if given >= required else []
            last += ["keyword()"] if given > _leading(method) else []
            arguments = [*types[: given - 1], " | ".join(last)]
        lines.append(spec(name, arguments, _returns(result, bang)))
    if method.exposed.context_manager:
        lines += _specs_with_function(name, types, required, bang)
        return "".join(lines)
    lines.append(spec(name, [*_all(method, types), "keyword()"], _returns(result, bang)))
    return "".join(lines)


_FUNCTION = "(term() -> result)"


def _specs_with_function(name: str, types: list[str], required: int, bang: str) -> list[str]:
    """Of a function that takes a function to run as the last argument, wherever that stands."""
    inside = _returns("result", bang) + " when result: term()"
    lines = [
        spec(name, [*types[:count], _FUNCTION], inside) for count in range(required, len(types))
    ]
    lines.append(spec(name, [*types, f"keyword() | {_FUNCTION}"], _returns("term()", bang)))
    lines[-1] = lines[-1].replace(_FUNCTION, "(term() -> term())")
    whole = [f"Vllm.Call.arg({type_}) | (term() -> term())" for type_ in types]
    whole += ["keyword() | (term() -> term())", "(term() -> term()) | nil"]
    return [*lines, spec(name, whole, _returns("term()", bang))]


def _returns(result: str, bang: str) -> str:
    return result if bang else f"{{:ok, {result}}} | {{:error, Vllm.Error.t()}}"


def _all(method: Method, types: list[str]) -> list[str]:
    """The types of a function's whole head, where what was not given is `:__default__` and the
    keywords may stand in an earlier place."""
    leading = _leading(method)
    return [*types[:leading], *(f"Vllm.Call.arg({type_})" for type_ in types[leading:])]


def _leading(method: Method) -> int:
    """How many arguments must stand by place: the object of a method."""
    return sum(parameter.name == RECEIVER for parameter in method.parameters[:1])


def _heredoc(text: str, indent: int) -> str:
    pad = " " * indent
    lines = [f"{pad}{line}".rstrip() for line in text.replace('"""', "'''").strip().splitlines()]
    return '~S"""\n' + "\n".join(lines) + f'\n{pad}"""'
