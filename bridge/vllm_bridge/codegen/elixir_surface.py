"""Elixir modules for the contract: a function per RPC, with its spec and doc.

A function is a table (`Vllm.Call.Spec`) and one head: `Vllm.Call.run/2` validates, encodes, routes
and decodes by the table.
"""

from __future__ import annotations

import inspect

import vllm_distributed
from vllm_bridge.codegen.proto import stem
from vllm_bridge.codegen.protoc import HEADER
from vllm_bridge.contract import RECEIVER, Method, Parameter, Type, services
from vllm_bridge.surface import CLASSES, CONFIGURATION, DISTRIBUTED, Kind

_UNSET = ':"$unset"'

_RESERVED = {"and", "do", "end", "fn", "in", "not", "or", "when", "true", "false", "nil", "opts"}

_SPECS = {
    "int": "integer()",
    "bool": "boolean()",
    "float": "number()",
    "string": "String.t()",
    "bytes": "binary()",
    "none": "nil",
    "size": "[non_neg_integer()]",
    "tensor": "Vllm.Tensor.t()",
    "group": "Vllm.Distributed.GroupCoordinator.t()",
    "process_group": "Vllm.Distributed.ProcessGroup.t()",
    "term": "term()",
    "object": "Vllm.Ref.t()",
    "duration": "timeout()",
    "dtype": "Vllm.Tensor.dtype()",
    "device": "String.t()",
}

# Structs of the classes whose objects have a message of their own: fields and their types.
_STRUCTS = {
    "GroupCoordinator": {
        "ref": "Vllm.Ref.t()",
        "unique_name": "String.t()",
        "ranks": "[non_neg_integer()]",
        "rank": "non_neg_integer()",
        "rank_in_group": "non_neg_integer()",
        "world_size": "pos_integer()",
        "local_rank": "integer()",
        "backend": "String.t()",
    },
    "ProcessGroup": {
        "ref": "Vllm.Ref.t()",
        "unique_name": "String.t()",
        "ranks": "[non_neg_integer()]",
        "rank_in_group": "non_neg_integer()",
        "world_size": "pos_integer()",
        "backend": "String.t()",
    },
}


def files() -> dict[str, str]:
    """File name below `elixir_client/generated` -> text."""
    generated = {}
    for service, methods in services().items():
        if service == DISTRIBUTED:
            generated["vllm/distributed.ex"] = _module(
                "Vllm.Distributed", inspect.getdoc(vllm_distributed) or "", "", methods
            )
        else:
            parent = "config" if service in CONFIGURATION else "distributed"
            generated[f"vllm/{parent}/{stem(service)}.ex"] = _module(
                f"Vllm.{parent.capitalize()}.{service}",
                inspect.getdoc(CLASSES[service]) or "",
                _struct(service) if service in _STRUCTS else "",
                methods,
            )
    generated["vllm/distributed/process_group.ex"] = _module(
        "Vllm.Distributed.ProcessGroup",
        "A torch process group that stays in its rank: its handle and its facts.",
        _struct("ProcessGroup"),
        [],
    )
    return generated


def _module(name: str, doc: str, struct: str, methods: list[Method]) -> str:
    functions = "\n".join(_function(method) for method in methods)
    return (
        f"# {HEADER.format(source='the signatures of vllm_distributed')}\n\n"
        f"defmodule {name} do\n"
        f"  @moduledoc {_heredoc(doc, 2)}\n"
        f"{struct}{functions}end\n"
    )


def _struct(service: str) -> str:
    fields = _STRUCTS[service]
    names = ", ".join(f":{field}" for field in fields)
    types = ",\n          ".join(f"{field}: {type_}" for field, type_ in fields.items())
    return f"  defstruct [{names}]\n\n  @type t :: %__MODULE__{{\n          {types}\n        }}\n\n"


def _function(method: Method) -> str:
    name = method.exposed.name.lower()
    variables = [*(_variable(parameter) for parameter in method.parameters), "opts"]
    if method.exposed.context_manager:
        variables.append("fun")
    arguments = ", ".join(variables)
    attribute = name.rstrip("_") + ("_in_place" if name.endswith("_") else "")
    return (
        f"  @{attribute} {_spec_struct(method)}\n\n"
        f"  @doc {_heredoc(_doc(method), 2)}\n"
        f"{_specs(method, name, '')}"
        f"  def {name}({_head(method)}) do\n"
        f"    Vllm.Call.run(@{attribute}, [{arguments}])\n"
        f"  end\n\n"
        f'  @doc "Like `{name}`, but returns the value itself and raises `Vllm.Error`."\n'
        f"{_specs(method, name, '!')}"
        f"  def {name}!({_head(method)}) do\n"
        f"    Vllm.Error.unwrap!({name}({arguments}))\n"
        f"  end\n"
    )


def _head(method: Method) -> str:
    optional = any(parameter.optional for parameter in method.parameters)
    parts = [
        _variable(parameter) + (f" \\\\ {_UNSET}" if parameter.optional else "")
        for parameter in method.parameters
    ]
    if method.exposed.context_manager:
        return ", ".join([*parts, f"opts \\\\ {_UNSET}", f"fun \\\\ {_UNSET}"])
    return ", ".join([*parts, f"opts \\\\ {_UNSET if optional else '[]'}"])


def _variable(parameter: Parameter) -> str:
    # A leading underscore says in Elixir that a variable is not used.
    name = parameter.name.lstrip("_")
    return f"{name}_" if name in _RESERVED else name


def _spec_struct(method: Method) -> str:
    rows = ",\n".join(
        f"      {{:{parameter.name}, {parameter.number}, {_type(parameter.type)}, "
        f":{'optional' if parameter.optional else 'required'}}}"
        for parameter in method.parameters
    )
    parameters = f"[\n{rows}\n    ]" if rows else "[]"
    context = ",\n    context_manager: true" if method.exposed.context_manager else ""
    return (
        "%Vllm.Call.Spec{\n"
        f'    function: "{method.exposed.qualified_name}",\n'
        f'    path: "{method.path}",\n'
        f"    params: {parameters},\n"
        f"    result: {_type(method.result)},\n"
        f"    inline: {str(method.exposed.inline).lower()}"
        f"{context}\n"
        "  }"
    )


def _type(type_: Type) -> str:
    if type_.kind == "tuple":
        return f"{{:tuple, [{', '.join(_type(item) for item in type_.items)}]}}"
    if type_.kind == "size":
        return "{:list, :int}"
    if type_.items:
        return f"{{:{type_.kind}, {_type(type_.items[0])}}}"
    return f":{type_.kind}"


def _specs(method: Method, name: str, bang: str) -> str:
    """One spec per arity: required arguments, then each optional one more, then options."""
    result = _elixir_type(method.result)
    returns = result if bang else f"{{:ok, {result}}} | {{:error, Vllm.Error.t()}}"
    types = [_elixir_type(parameter.type) for parameter in method.parameters]
    required = sum(not parameter.optional for parameter in method.parameters)
    lines = []
    for given in range(required, len(types) + 2):
        arguments = types[:given]
        if given == len(types) + 1:
            arguments = [*types, "keyword()"]
        elif given > required:
            # The last one may be the options instead.
            arguments = [*types[: given - 1], f"{types[given - 1]} | keyword()"]
        lines.append(f"  @spec {name}{bang}({', '.join(arguments)}) :: {returns}\n")
    if method.exposed.context_manager:
        inside = "result" if bang else "{:ok, result} | {:error, Vllm.Error.t()}"
        lines.extend(
            f"  @spec {name}{bang}({', '.join([*given, '(term() -> result)'])}) :: {inside} "
            "when result: term()\n"
            for given in (
                [*types[:count], *opts] for count, opts in _before_function(len(types), required)
            )
        )
    return "".join(lines)


def _before_function(parameters: int, required: int) -> list[tuple[int, list[str]]]:
    """How many arguments, and which options, may stand before the function."""
    without: list[tuple[int, list[str]]] = [
        (count, []) for count in range(required, parameters + 1)
    ]
    return [*without, (parameters, ["keyword()"])]


def _elixir_type(type_: Type) -> str:
    if type_.kind == "nullable":
        return f"{_elixir_type(type_.items[0])} | nil"
    if type_.kind == "list":
        return f"[{_elixir_type(type_.items[0])}]"
    if type_.kind == "tuple":
        return f"{{{', '.join(_elixir_type(item) for item in type_.items)}}}"
    return _SPECS[type_.kind]


def _doc(method: Method) -> str:
    item = method.exposed
    parts = [item.doc.strip() or f"The value of `{item.name}`."]
    if item.kind not in (Kind.CONSTANT, Kind.PROPERTY) and callable(item.target):
        arguments = [
            parameter
            for parameter in inspect.signature(item.target).parameters.values()
            if parameter.name != "self"
        ]
        defaults = ", ".join(
            f"{parameter.name}={parameter.default!r}"
            if parameter.default is not parameter.empty
            else parameter.name
            for parameter in arguments
        )
        parts.append(f"Python: `{item.qualified_name}({defaults})`.")
    if item.collective:
        parts.append("Collective: every member of the group must make this call.")
    if any(parameter.name == RECEIVER for parameter in method.parameters):
        parts.append("The call goes to the session that the object came from.")
    if item.context_manager:
        parts.append(
            "Returns a context, for `Vllm.with_context/3`. Given a function as the last argument, "
            "enters the context, runs the function with its value, exits it and returns what the "
            "function returned."
        )
    parts.append(
        "Options: Python keyword arguments, and `__runtime__: [...]` as `Vllm.Runtime` describes."
    )
    return "\n\n".join(parts)


def _heredoc(text: str, indent: int) -> str:
    pad = " " * indent
    lines = [f"{pad}{line}".rstrip() for line in text.replace('"""', "'''").strip().splitlines()]
    return '~S"""\n' + "\n".join(lines) + f'\n{pad}"""'
