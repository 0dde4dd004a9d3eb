"""Package, contract, servers, Elixir modules and documentation name the same things, both ways."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor

import vllm_distributed
from vllm_bridge import contract, surface
from vllm_bridge._generated import dispatch, pool_pb2, rank_pb2
from vllm_bridge.codegen.elixir import examples, glossary
from vllm_bridge.codegen.elixir.types import module_of
from vllm_bridge.contract import RECEIVER, Method, Type
from vllm_bridge.pool.server.service import PoolService
from vllm_bridge.rank.services import RankService, object_methods
from vllm_bridge.surface import Kind

ROOT = Path(__file__).resolve().parents[2]
METHODS = contract.methods()

STATIC: dict[str, str] = {
    "dict[str, int]": "a mapping has no field of its own; its keys come as they are",
    "dict[int, int]": "a mapping has no field of its own; its keys come as they are",
    "list[tuple[str, float]]": "there is no field for lists of tuples",
    "dict[str, bool] | None": "a mapping has no field of its own; its keys come as they are",
    "list[list[int]] | None": "there is no field for lists of lists that may be absent",
    "torch.Tensor | list[torch.Tensor]": "which of the two it is, is known when it is called",
    "torch.Tensor | list[torch.Tensor] | None": "as it is without the None",
}
"""Annotations of types that Python knows and a field cannot have, and why."""


def elixir_file(service: str) -> str:
    path = "/".join(
        re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", part).lower()
        for part in module_of(service).split(".")
    )
    return (ROOT / "elixir_client" / "generated" / f"{path}.ex").read_text()


# Package and contract


def test_every_public_class_is_exposed_or_says_why_not() -> None:
    classes = {
        name
        for name in vllm_distributed.__all__
        if inspect.isclass(getattr(vllm_distributed, name))
    }
    assert classes == (set(surface.CLASSES) | set(surface.NOT_EXPOSED)) & classes
    assert set(surface.CLASSES) <= classes


def is_ours(member: object) -> bool:
    return isinstance(member, property | classmethod | staticmethod) or inspect.isfunction(member)


@pytest.mark.parametrize("service", surface.CLASSES)
def test_every_public_method_of_a_class_is_exposed(service: str) -> None:
    cls = surface.CLASSES[service]
    public = {
        name
        for name in dir(cls)
        if not name.startswith("_") and is_ours(inspect.getattr_static(cls, name))
    }
    exposed = {
        name.partition(".")[2]
        for name, method in contract.methods_by_name().items()
        if name.startswith(f"{service}.") and method.exposed.kind is not Kind.CONSTRUCTOR
    }
    of_objects = (
        surface.ATTRIBUTES.get(name, {}) for name in (service, surface.base_of(service) or "")
    )
    assert exposed == public.union(*of_objects)


def annotations() -> Iterator[tuple[str, Any, Type]]:
    for method in METHODS:
        item = method.exposed
        if item.kind is Kind.CONSTANT:
            continue
        hints = contract._hints(item)
        for parameter in method.parameters:
            if parameter.name != RECEIVER:
                where = f"{item.qualified_name}({parameter.name})"
                yield where, hints[parameter.name], parameter.type
        if item.kind is not Kind.CONSTRUCTOR:
            yield f"{item.qualified_name} ->", hints["return"], method.result


def test_a_term_is_only_where_python_has_no_static_type() -> None:
    used: set[str] = set()
    for where, hint, type_ in annotations():
        if "term" not in repr(type_):
            continue
        # On Python 3.10 `tuple[int]` is a type, too.
        plain = isinstance(hint, type) and typing.get_origin(hint) is None
        text = typing.cast(str, getattr(hint, "__name__", "") if plain else repr(hint))
        text = text.replace("typing.", "").replace("collections.abc.", "")
        if re.search(r"\bAny\b", text):
            continue
        assert text in STATIC, (
            f"{where}: {text} has a static type, and the contract has none for it"
        )
        used.add(text)
    assert used == set(STATIC)


# Servers


def rpcs(service: ServiceDescriptor) -> set[str]:
    return {f"/{service.full_name}/{method.name}" for method in service.methods}


def test_a_rank_serves_what_is_declared_and_nothing_else() -> None:
    services = rank_pb2.DESCRIPTOR.services_by_name
    by_hand = {"Rank": RankService(None, None).methods(), "Objects": object_methods()}  # type: ignore[arg-type]
    for name, served in by_hand.items():
        assert set(served) == rpcs(services[name])
    assert {f"/{contract.PACKAGE}.{m.exposed.service}/{m.rpc}" for m in METHODS} == set(
        dispatch.METHODS
    )


def test_the_pool_serves_what_is_declared_and_nothing_else() -> None:
    service = pool_pb2.DESCRIPTOR.services_by_name["Pool"]
    source = inspect.getsource(PoolService.handler)
    assert set(re.findall(r'"(\w+)": _', source)) == {method.name for method in service.methods}


# Elixir


@pytest.mark.parametrize("service", contract.services())
def test_an_elixir_module_has_these_functions_and_no_others(service: str) -> None:
    defined = re.findall(r"^  (?:def|defdelegate) ([a-z]\w*[!]?)\(", elixir_file(service), re.M)
    expected = {
        f"{name.partition('.')[2].lower()}{bang}"
        for name, method in contract.methods_by_name().items()
        for bang in ("", "!")
        if name.startswith(f"{service}.")
    }
    if service == surface.DISTRIBUTED:
        expected = {
            f"{method.exposed.name.lower()}{bang}"
            for method in METHODS
            for bang in ("", "!")
            if method.exposed.service == service
        }
    assert sorted(defined) == sorted(expected)


@pytest.mark.parametrize("record", contract.records().values(), ids=lambda record: record.name)
def test_a_struct_has_the_fields_of_its_message(record: contract.Record) -> None:
    text = elixir_file(record.name)
    body = re.search(r"defstruct \[(.*?)\]", text, re.S)
    assert body is not None
    fields = re.findall(r":(\w+)", body.group(1))
    assert fields == ([] if record.plain else ["ref"]) + [field.name for field in record.fields]


ARITIES = (Path(__file__).parent / "arities.txt").read_text().split("\n")


@pytest.mark.parametrize("line", [line for line in ARITIES if line and not line.startswith("#")])
def test_elixir_code_written_for_the_older_client_compiles(line: str) -> None:
    name, *arities = line.split(" ")
    (method,) = [
        m
        for m in METHODS
        if m.exposed.service == surface.DISTRIBUTED and m.exposed.name.lower() == name
    ]
    assert {int(arity) for arity in arities} <= arities_of(method)


def arities_of(method: Method) -> set[int]:
    text = elixir_file(method.exposed.service)
    name = re.escape(method.exposed.name.lower())
    found = re.search(rf"^  def {name}\((.*?)\) do$", text, re.M | re.S)
    assert found is not None
    parameters = [part.strip() for part in found.group(1).split(",")]
    required = sum("\\\\" not in parameter for parameter in parameters)
    return set(range(required, len(parameters) + 1))


# Documentation


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.exposed.qualified_name)
def test_everything_is_documented(method: Method) -> None:
    item = method.exposed
    assert item.doc.strip()
    fields = contract.records().get(item.service)
    described = {field.name for field in fields.fields} if fields else set()
    for parameter in method.parameters:
        if parameter.name != RECEIVER and not (item.kind is Kind.CONSTRUCTOR and described):
            assert glossary.meaning(item.qualified_name, parameter.name), parameter.name


def test_words_and_examples_are_of_something() -> None:
    parameters = {p.name for m in METHODS for p in m.parameters}
    assert {key.rpartition(".")[2] for key in glossary.PARAMETERS} <= parameters
    assert set(examples.ARGUMENTS) <= parameters
    names = set(contract.methods_by_name())
    assert set(examples.ANSWERED) | set(examples.CALLS) <= names


@pytest.mark.parametrize("service", contract.services())
def test_the_documentation_speaks_elixir(service: str) -> None:
    docs = "\n".join(re.findall(r'~S"""(.*?)"""', elixir_file(service), re.S))
    assert not re.search(r">>>|\b(None|True|False)\b|\bRaises\b|`\w+Error`", docs)
    assert docs.count("## Example") == sum(m.exposed.service == service for m in METHODS)


def test_the_table_of_the_surface_names_everything() -> None:
    table = (ROOT / "docs" / "surface.md").read_text()
    missing = [
        method.exposed.qualified_name
        for method in METHODS
        if method.exposed.kind in (Kind.FUNCTION, Kind.METHOD, Kind.PROPERTY, Kind.FACTORY)
        and method.exposed.name not in surface.ATTRIBUTES.get(method.exposed.service, {})
        and f"| `{method.exposed.qualified_name}` |" not in table
    ]
    assert not missing
