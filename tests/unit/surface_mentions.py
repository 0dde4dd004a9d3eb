"""Which tests use which public names: read from the tests' syntax, not searched in their text.

A test is its function, its decorators and everything of its module that these use: helpers that run
in ranks, tables of rows, fixtures. A function of the package is used as an attribute of one of its
modules, or by a name imported from it; a method, on something whose class is known: from a call, an
annotation, an assignment. A string that begins with the name counts too (keys of tables). Where a
class cannot be told, the test must at least mention the class, or what returns one, and no other
class that has such a method.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import surface_names

import vllm_distributed as vd

CLASSES = surface_names.public_classes()
UNTYPED = {"create_mq_broadcaster": "MessageQueue", "mq_broadcaster": "MessageQueue"}
"""What returns a class of the surface without saying so."""

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@functools.cache
def what_returns_a_class() -> dict[str, str]:
    """Return the public functions, methods and properties annotated with a class of the surface."""
    found = dict(UNTYPED)
    functions = [getattr(vd, name) for name in vd.__all__]
    for cls in CLASSES.values():
        for member in dir(cls):
            value = inspect.getattr_static(cls, member)
            value = getattr(value, "__func__", getattr(value, "fget", value))
            functions.append(value)
    for function in functions:
        if inspect.isfunction(function) and function.__module__.startswith("vllm_distributed"):
            hint = function.__annotations__.get("return", "")
            if (name := class_in(str(hint))) is not None:
                found.setdefault(function.__name__, name)
    return found


def class_in(text: str, aliases: dict[str, str] | None = None) -> str | None:
    """Return the class of the surface that an annotation is about."""
    known = {**{name: name for name in CLASSES}, **(aliases or {})}
    return next((known[word] for word in re.findall(r"\w+", text) if word in known), None)


@dataclass
class Module:
    """A file of tests."""

    definitions: dict[str, list[Definition]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    """Names of modules of the package."""
    imported: dict[str, str] = field(default_factory=dict)
    """Names imported from the package, and what they are called there."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Names of classes of the surface: `Group = vd.GroupCoordinator`."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Attributes of classes of this file that hold one of the surface."""

    @property
    def tests(self) -> list[str]:
        return [name for name in self.definitions if name.startswith("test_")]


@functools.cache
def parsed(path: Path) -> Module:
    return _module_of(ast.parse(path.read_text()))


def _module_of(tree: ast.Module) -> Module:
    module = Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [name for name in node.names if name.name.startswith("vllm_distributed")]
            module.modules |= {name.asname or name.name for name in names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vllm_d"):
            for name in node.names:
                module.imported[name.asname or name.name] = name.name
                value = getattr(vd, name.name, None)
                if inspect.ismodule(value) or value is None:
                    module.modules.add(name.asname or name.name)
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            module.definitions.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    module.definitions.setdefault(target.id, []).append(statement)
                    named = getattr(statement.value, "attr", None)
                    if named in CLASSES:
                        module.aliases[target.id] = named
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            name = Scope(module).class_of(node.value)
            module.attributes.update({} if name is None else {node.targets[0].attr: name})
    return module


class Scope:
    """The variables of one definition, as far as their classes can be told."""

    def __init__(self, module: Module, node: ast.AST | None = None) -> None:
        self.module = module
        self.variables: dict[str, str] = {}
        for inner in ast.walk(node) if node is not None else ():
            self._learn(inner, node)

    def class_of(self, node: ast.AST | None) -> str | None:
        """Return the class of the surface that an expression is, or holds."""
        if isinstance(node, ast.Name):
            return self.variables.get(node.id) or self._global(node.id)
        if isinstance(node, ast.Attribute):
            if node.attr in CLASSES:
                return node.attr
            return self.module.attributes.get(node.attr) or what_returns_a_class().get(node.attr)
        if isinstance(node, ast.Call):
            return self.class_of(node.func)
        if isinstance(node, (ast.Subscript, ast.Starred)):
            return self.class_of(node.value)
        if isinstance(node, (ast.Tuple, ast.List)):
            return self._first(*node.elts)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return self.class_of(node.elt)
        if isinstance(node, ast.DictComp):
            return self.class_of(node.value)
        if isinstance(node, ast.Dict):
            return self._first(*node.values)
        if isinstance(node, ast.IfExp):
            return self._first(node.body, node.orelse)
        return None

    def _first(self, *nodes: ast.AST) -> str | None:
        return next(filter(None, map(self.class_of, nodes)), None)

    def _global(self, name: str) -> str | None:
        if name in CLASSES:
            return name
        if name in self.module.aliases:
            return self.module.aliases[name]
        for node in self.module.definitions.get(name, []):
            hint = node.returns if isinstance(node, ast.FunctionDef) else None
            hint = node.annotation if isinstance(node, ast.AnnAssign) else hint
            if hint is not None:
                return class_in(ast.unparse(hint), self.module.aliases)
        return what_returns_a_class().get(self.module.imported.get(name, ""))

    def _learn(self, node: ast.AST, whole: ast.AST | None) -> None:
        if isinstance(node, ast.arg) and node.annotation is not None:
            self._bind(node.arg, class_in(ast.unparse(node.annotation), self.module.aliases))
        elif isinstance(node, ast.Lambda) and isinstance(whole, ast.AnnAssign):
            # A table of functions says in its annotation what they take.
            for argument in node.args.args:
                hint = class_in(ast.unparse(whole.annotation), self.module.aliases)
                self._bind(argument.arg, hint)
        elif isinstance(node, ast.FunctionDef) and node is not whole:
            returned = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
            hint = class_in(ast.unparse(node.returns) if node.returns else "")
            self._bind(node.name, hint or self._first(*filter(None, returned)))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, (ast.For, ast.comprehension)):
            self._assign(node.target, node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._assign(node.optional_vars, node.context_expr)

    def _assign(self, target: ast.AST, value: ast.AST) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, self.class_of(value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            for place, inner in enumerate(target.elts):
                self._assign(inner, parts[place] if len(parts) == len(target.elts) else value)

    def _bind(self, name: str, cls: str | None) -> None:
        if cls is not None:
            self.variables[name] = cls


@dataclass(frozen=True)
class Mention:
    """One use of a name; `owner` is the class it is used on, "" the package, None: not known."""

    name: str
    owner: str | None


def used_by(path: Path, test: str) -> list[Definition]:
    """Return the definitions of a file that make up a test."""
    module = parsed(path)
    found: list[Definition] = []
    waiting, seen = [test], {test}
    while waiting:
        for node in module.definitions.get(waiting.pop(), []):
            found.append(node)
            names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
            names |= {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
            waiting += sorted(names & set(module.definitions) - seen)
            seen |= names
    return found


@functools.cache
def mentions(path: Path, test: str) -> frozenset[Mention]:
    """Return what a test uses."""
    return frozenset(_mentions(path, test))


def _mentions(path: Path, test: str) -> Iterator[Mention]:
    module = parsed(path)
    for definition in used_by(path, test):
        yield from _mentions_in(definition, module)


def _mentions_in(definition: ast.AST, module: Module) -> Iterator[Mention]:
    scope = Scope(module, definition)
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute):
            yield Mention(node.attr, _owner(node.value, module, scope))
        elif isinstance(node, ast.Name) and node.id in module.imported:
            yield Mention(module.imported[node.id], "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            key = re.match(r"(?:([A-Z]\w+)\.)?(\w+)(?::|$)", node.value)
            if key is not None:
                yield Mention(key.group(2), key.group(1) or "")
            if "\n" in node.value:
                yield from _mentions_in_program(node.value)


def _mentions_in_program(text: str) -> Iterator[Mention]:
    """Return what a program of a test's own uses, if the text is one."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except (SyntaxError, ValueError):
        return
    yield from _mentions_in(tree, _module_of(tree))


def _owner(node: ast.AST, module: Module, scope: Scope) -> str | None:
    if isinstance(node, ast.Name) and node.id in module.modules:
        return ""
    if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("ops.vllm_distributed"):
        return ""
    return scope.class_of(node)


def tests_name(path: Path, test: str, name: str) -> bool:
    """Return whether a test uses a public name, such as `divide` or `MessageQueue.enqueue`."""
    owner, _, last = name.rpartition(".")
    found = mentions(path, test)
    if not owner:
        return Mention(last, "") in found
    if any(use.name == last and is_a(use.owner, owner) for use in found):
        return True
    if not any(use == Mention(last, None) for use in found):
        return False
    other = {one for one, cls in CLASSES.items() if hasattr(cls, last) and not is_a(one, owner)}
    there = {use.name for use in found} | {use.owner for use in found}
    there |= {what_returns_a_class().get(use.name) for use in found}
    return owner in there and not other & there


def is_a(owner: str | None, wanted: str) -> bool:
    """Return whether a class is another one of the surface, or made from it."""
    return bool(owner) and owner in CLASSES and issubclass(CLASSES[owner], CLASSES[wanted])
