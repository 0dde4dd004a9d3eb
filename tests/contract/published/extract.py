"""Write down the signatures of a published vLLM: names, kinds, order and defaults, nothing else.

`python tests/contract/published/extract.py FOLDER > tests/contract/published/VERSION.txt`, FOLDER
being where a wheel of that version was unpacked. Nothing of it is imported or run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MODULES = (
    "vllm.distributed",
    "vllm.distributed.parallel_state",
    "vllm.distributed.utils",
    "vllm.distributed.communication_op",
    "vllm.distributed.stateless_coordinator",
    "vllm.distributed.device_communicators.base_device_communicator",
    "vllm.distributed.device_communicators.shm_broadcast",
    "vllm.config.parallel",
)
METHODS = {"staticmethod": "static", "classmethod": "classmethod"}
PROPERTIES = {"property", "cached_property", "functools.cached_property"}


def parameters(arguments: ast.arguments) -> str:
    """Return a signature without annotations."""
    plain = ast.parse("def f(): ...").body[0]
    assert isinstance(plain, ast.FunctionDef)
    plain.args = arguments
    for node in ast.walk(arguments):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(plain).removeprefix("def f").partition(":\n")[0]


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under conditions too."""
    for node in body:
        if isinstance(node, ast.If):
            if ast.unparse(node.test) != "TYPE_CHECKING":
                yield from statements(node.body)
            yield from statements(node.orelse)
        elif isinstance(node, ast.Try):
            yield from statements(node.body)
            for handler in node.handlers:
                yield from statements(handler.body)
        else:
            yield node


def facts(module: ast.Module) -> Iterator[str]:
    for node in statements(module.body):
        if isinstance(node, ast.FunctionDef):
            yield f"function {node.name}{parameters(node.args)}"
        elif isinstance(node, ast.ClassDef):
            yield from facts_of_class(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (f"value {name.id}" for name in targets if isinstance(name, ast.Name))


def facts_of_class(node: ast.ClassDef) -> Iterator[str]:
    made_of = [each for each in node.body if getattr(each, "name", "") == "__init__"]
    yield f"class {node.name}" + (parameters(made_of[0].args) if made_of else "")  # type: ignore[attr-defined]
    known = set()
    for member in node.body:
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
            known.add(member.target.id)
            yield f"field {node.name}.{member.target.id}" + default_of(member.value)
        elif isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in member.decorator_list}
            kind = next((METHODS[mark] for mark in marks if mark in METHODS), "method")
            if marks & PROPERTIES:
                yield f"property {node.name}.{member.name}"
            elif "overload" not in marks:
                yield f"{kind} {node.name}.{member.name}{parameters(member.args)}"
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            name = part.attr
            if ast.unparse(part.value) == "self" and name not in known and name[0] != "_":
                known.add(name)
                yield f"attribute {node.name}.{name}"


def default_of(value: ast.expr | None) -> str:
    """Return ` = default`; of pydantic's and dataclasses' fields what they are made with."""
    if value is None:
        return ""
    if isinstance(value, ast.Call) and ast.unparse(value.func).lower().endswith("field"):
        return " = " + ", ".join(ast.unparse(keyword) for keyword in value.keywords)
    return " = " + ast.unparse(value)


def path_of(root: Path, name: str) -> Path:
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def names_taken_over(root: Path, package: str) -> Iterator[str]:
    """What a package's own file takes over with `*` from its modules, without their imports."""
    for node in ast.parse(path_of(root, package).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            below = ast.parse(path_of(root, f"{package}.{node.module}").read_text())
            kinds = {"function", "class", "value"}
            for fact in facts(below):
                kind, _, rest = fact.partition(" ")
                if kind in kinds and not rest.startswith("_"):
                    yield f"name {rest.partition('(')[0]}"


if __name__ == "__main__":
    unpacked = Path(sys.argv[1])
    for module in MODULES:
        if not path_of(unpacked, module).exists():
            continue
        print(f"[{module}]")
        tree = ast.parse(path_of(unpacked, module).read_text())
        found = [*names_taken_over(unpacked, module)] if module == "vllm.distributed" else []
        print("\n".join(dict.fromkeys([*found, *facts(tree)])))
