"""docs/errors.md has every reason that the sources know, and no others."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from vllm_bridge.codec.errors import Category

ROOT = Path(__file__).parents[2]
CATEGORIES = {category.name: category.value for category in Category}
Reasons = dict[str, set[str]]

# Errors of Elixir: `category: :pool, reason: "name"`, or `Error.validation(text, "name")`.
IN_STRUCT = re.compile(r'category: :(\w+),\s*reason: "(\w+)"')
VALIDATION = re.compile(r'Error\.validation\([^"]*,\s*"(\w+)"\)')
OF_STATUS = re.compile(r'\d+ =>\s*\{"(\w+)", :(\w+)')
# What a process tells another one, to be made an error of there.
TOLD = re.compile(r'\{:error, "(\w+)",')


def strings(node: ast.AST) -> set[str]:
    """The string that an expression is, or those of which it is one."""
    if isinstance(node, ast.IfExp):
        return strings(node.body) | strings(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    return set()


def places(tree: ast.AST) -> dict[str, int]:
    """Position of the argument `reason` of `BridgeError` and of the module's own helpers."""
    found = {"BridgeError": 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            names = [argument.arg for argument in node.args.args]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            if "reason" in names:
                found[node.name] = names.index("reason")
    return found


def called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def assigned(node: ast.Assign) -> Iterator[ast.AST]:
    """What a variable or a class attribute `reason` is set to."""
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == "reason":
            yield node.value
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for name, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(name, ast.Name) and name.id == "reason":
                    yield value


def in_module(tree: ast.AST, reasons: Reasons) -> None:
    where = places(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for value in assigned(node):
                for reason in strings(value):
                    reasons[reason] |= set()
        if isinstance(node, ast.Call) and called(node) in where:
            place = where[called(node)]
            given = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            given += node.args[place : place + 1]
            category = {
                CATEGORIES[part.attr]
                for argument in node.args
                if isinstance(part := argument, ast.Attribute) and part.attr in CATEGORIES
            }
            for value in given:
                for reason in strings(value):
                    reasons[reason] |= category


def of_python() -> Reasons:
    reasons: Reasons = defaultdict(set)
    for package in ("bridge/vllm_bridge", "distributed/vllm_distributed"):
        for path in (ROOT / package).rglob("*.py"):
            if "_generated" not in path.parts:
                in_module(ast.parse(path.read_text()), reasons)
    return reasons


def of_elixir() -> Reasons:
    reasons: Reasons = defaultdict(set)
    for path in (ROOT / "elixir_client/lib").rglob("*.ex"):
        text = path.read_text()
        for category, reason in IN_STRUCT.findall(text):
            reasons[reason].add(category)
        for reason in VALIDATION.findall(text):
            reasons[reason].add("validation")
        for reason in TOLD.findall(text):
            reasons[reason] |= set()
        if path.name == "error.ex":
            for reason, category in OF_STATUS.findall(text):
                reasons[reason].add(category)
    return reasons


def documented() -> Reasons:
    rows = re.findall(
        r"^\| `(\w+)` \| (`[^|]*`) \| [^|]+ \| [^|]+ \|$",
        (ROOT / "docs/errors.md").read_text(),
        re.MULTILINE,
    )
    reasons = {reason: set(re.findall(r"`(\w+)`", categories)) for reason, categories in rows}
    assert len(reasons) == len(rows), "a reason has two rows"
    return reasons


def test_every_reason_has_a_row_and_every_row_a_reason() -> None:
    known = set(of_python()) | set(of_elixir())
    assert len(known) > 100
    assert sorted(known - set(documented())) == [], "missing in docs/errors.md"
    assert sorted(set(documented()) - known) == [], "in docs/errors.md, and nowhere else"


@pytest.mark.parametrize("reasons", [of_python(), of_elixir()], ids=["python", "elixir"])
def test_the_categories_are_those_of_the_sources(reasons: Reasons) -> None:
    rows = documented()
    wrong = {
        reason: sorted(categories - rows.get(reason, set()))
        for reason, categories in reasons.items()
        if not categories <= rows.get(reason, set())
    }
    assert wrong == {}


def test_every_category_is_documented() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    for category in Category:
        assert f"| `{category.value}` |" in text
