"""The plan of the house: which folder may import which, and no import in a circle.

Imports for type checkers count: a circle of them is a circle for whoever reads.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from vllm_distributed.groups.coordinator import GroupCoordinator

ROOT = Path(__file__).parents[2]
SOURCES = {"vllm_distributed": ROOT / "distributed", "vllm_bridge": ROOT / "bridge"}

NEVER = [
    # (who, whom): neither the module nor what is below it.
    ("vllm_distributed", "vllm_bridge"),
    ("vllm_distributed.transports", "vllm_distributed.groups"),
    ("vllm_distributed.transports", "vllm_distributed.parallel_state"),
    ("vllm_distributed.store", "vllm_distributed.transports"),
    ("vllm_distributed.wire", "vllm_distributed.transports"),
    ("vllm_bridge.rank", "vllm_bridge.pool"),
    ("vllm_bridge.rank", "vllm_bridge.client"),
    ("vllm_bridge.client", "vllm_bridge.pool"),
    ("vllm_bridge.client", "vllm_bridge.rank"),
    ("vllm_bridge.client", "vllm_bridge.aio"),
    ("vllm_bridge.aio", "vllm_bridge.pool"),
    ("vllm_bridge.aio", "vllm_bridge.rank"),
    ("vllm_bridge.codec", "vllm_bridge.rank"),
    ("vllm_bridge.codec", "vllm_bridge.pool"),
    ("vllm_bridge.gate", "vllm_bridge.rank"),
    ("vllm_bridge.gate", "vllm_bridge.pool"),
    ("vllm_bridge.transport", "vllm_bridge.gate"),
    ("vllm_bridge.transport", "vllm_bridge.rank"),
    ("vllm_bridge.snakepit", "vllm_bridge.pool"),
    ("vllm_bridge.ray", "vllm_bridge.pool"),
    ("vllm_bridge.ray", "vllm_bridge.rank"),
]


def modules() -> dict[str, Path]:
    found = {}
    for package, root in SOURCES.items():
        for path in (root / package).rglob("*.py"):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports_of(name: str) -> set[str]:
    """The modules that a module names in import statements, wherever they stand."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                found.add(below if below in MODULES else node.module)
    return found & MODULES.keys()


IMPORTS = {name: imports_of(name) for name in MODULES}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A way along imports back to where it began; empty where there is none."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        found: list[str] = []
        if name not in done:
            for target in sorted(graph[name]):
                found = found or follow(target, [*way, name])
            done.add(name)
        return found

    return next((found for name in graph if (found := follow(name, []))), [])


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_nothing_imports_in_a_circle() -> None:
    assert len(MODULES) > 300
    assert circle(IMPORTS) == []


@pytest.mark.parametrize(("who", "whom"), NEVER, ids=lambda name: name)
def test_a_wall_has_no_hole(who: str, whom: str) -> None:
    def within(name: str, package: str) -> bool:
        return name == package or name.startswith(f"{package}.")

    assert any(within(name, whom) for name in MODULES), f"there is no {whom}"
    holes = [
        f"{name} imports {target}"
        for name, targets in IMPORTS.items()
        if within(name, who)
        for target in sorted(targets)
        if within(target, whom)
    ]
    assert holes == []


@pytest.mark.parametrize("folder", ["distributed", "bridge", "elixir_client/lib"])
def test_a_folder_is_read_at_a_glance(folder: str) -> None:
    files = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.ex")]
    assert files
    counts = Counter(
        str(path.parent.relative_to(ROOT)) for path in files if path.stem != "__init__"
    )
    generated = "bridge/vllm_bridge/_generated"
    assert {name: n for name, n in counts.items() if n > 15 and name != generated} == {}


def test_the_operations_of_a_coordinator_keep_no_state() -> None:
    """They are methods on the parts that GroupCoordinator makes; docs/architecture.md says why."""
    kinds = [kind for kind in GroupCoordinator.__mro__ if ".groups.operations." in kind.__module__]
    assert len(kinds) == 5
    for kind in kinds:
        assert "__init__" not in vars(kind)
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
        places = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        assert [node.attr for node in places if not isinstance(node.ctx, ast.Load)] == []
