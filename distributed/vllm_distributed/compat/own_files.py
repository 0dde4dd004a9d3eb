"""The files of an installed vLLM that an overlay stands in front of: what is in them, and a few of
their names as they are."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from vllm_distributed.errors import LibraryMissingError

__all__ = ["OwnFiles"]


class OwnFiles:
    """vLLM's files below the folder of its package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, ModuleType] = {}

    def path(self, name: str) -> Path | None:
        """Return the file of a module of vLLM; None where this version has none."""
        place = self.folder.joinpath(*name.split(".")[1:])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
        return None

    @functools.cache  # noqa: B019 - there is one for a process
    def names(self, name: str) -> dict[str, ast.stmt]:
        """Return what a module defines at its top, by name: functions, classes and assignments."""
        path = self.path(name)
        if path is None:
            return {}
        found: dict[str, ast.stmt] = {}
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[node.name] = node
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update((t.id, node) for t in targets if isinstance(t, ast.Name))
        return found

    def fields(self, name: str, cls: str) -> set[str]:
        """Return the annotated fields of a class of a module."""
        node = self.names(name).get(cls)
        body = node.body if isinstance(node, ast.ClassDef) else []
        return {
            part.target.id
            for part in body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        }

    def literal(self, name: str, alias: str) -> tuple[Any, ...]:
        """Return the values of `alias = Literal[...]` in a module; none for anything else."""
        value = getattr(self.names(name).get(alias), "value", None)
        if not isinstance(value, ast.Subscript) or ast.unparse(value.value) != "Literal":
            return ()
        values = ast.literal_eval(value.slice)
        return values if isinstance(values, tuple) else (values,)

    def listed(self, path: Path) -> set[str]:
        """Return what `__all__` of a file has."""
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                return set(ast.literal_eval(node.value))
        return set()

    def module(self, name: str) -> ModuleType:
        """Return a module made of vLLM's own file, which `import` does not find."""
        if name not in self._modules:
            path = self.path(name)
            spec = None if path is None else importlib.util.spec_from_file_location(name, path)
            if spec is None or spec.loader is None:
                raise LibraryMissingError(f"this vLLM, in {self.folder}, has no module {name}")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self._modules[name] = module
        return self._modules[name]
