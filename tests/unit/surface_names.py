"""The public names of the package, and the rows of docs/surface.md.

`python tests/unit/surface_names.py` brings the table up to date: rows of names that are gone go,
new names get a row with what can be found out (which test files mention them, and whether CUDA
matters to them); what people wrote into other rows stays. `test_surface_table.py` checks the rest.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import vllm_distributed
from vllm_distributed import communicators

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "surface.md"
TESTS = ROOT / "tests"
THESE = {"surface_names.py", "test_surface_table.py", "test_surface.py"}
"""Files that know names without testing them."""

REFUSALS = {"unit/test_bad_input.py", "ranks/test_bad_calls.py"}
"""Files that know what does not work: better than nothing."""

UNTESTED = "written, untested here"
YES = "yes"
HEADER = ["name", "CPU", "CUDA", "tested by"]

ON_A_DEVICE = re.compile(
    r"(all_reduce_?|all_gatherv?|reduce_scatterv?|(patched_fused\w+|all_reduce|all_gather|"
    r"reduce_scatter)_fake|gather|broadcast|send|recv|\w+_tensor_dict|tensor_model_parallel_\w+|"
    r"dispatch|dispatch_router_logits|combine|graph_capture|prepare_communication_buffer_for_model|"
    r"make_sibling_device_group|set_custom_all_reduce|patched_fused\w+|init_distributed_environment|"
    r"\w*initialize_model_parallel|ensure_model_parallel_initialized|init_\w+_group|"
    r"stateless_init\w+|stateless_destroy\w+|cleanup_dist_env_and_memory|device_group|"
    r"device_communicator|direct_register_custom_op|destroy\w*|GroupCoordinator|"
    r"StatelessGroupCoordinator|DeviceCommunicatorBase|GraphCaptureContext|wait|is_completed)"
)
"""Names for which it matters where a tensor lives; the others behave the same with any device."""


@dataclass(frozen=True)
class Name:
    """A public name: `divide`, `GroupCoordinator.all_reduce`."""

    qualified: str

    @property
    def last(self) -> str:
        return self.qualified.rpartition(".")[2]

    def is_mentioned_in(self, text: str) -> bool:
        return re.search(rf"(?<!\w){re.escape(self.last)}(?!\w)", text) is not None


def public_names() -> list[Name]:
    """Return everything the table has a row for, in its order."""
    return [Name(name) for name in _names()]


def public_classes() -> dict[str, type]:
    """Return the classes of the package's surface."""
    found = {
        name: value
        for name in vllm_distributed.__all__
        if inspect.isclass(value := getattr(vllm_distributed, name))
    }
    found.setdefault("MessageQueue", communicators.MessageQueue)
    return found


def _names() -> Iterator[str]:
    classes = public_classes()
    yield from sorted(set(vllm_distributed.__all__) - set(classes), key=str.lower)
    for name, cls in sorted(classes.items()):
        yield name
        others = {other for other in classes.values() if other is not cls}
        yield from (f"{name}.{member}" for member in _members(cls, others))


def _members(cls: type, others: set[type]) -> list[str]:
    """Return public methods and properties, without those a class of the surface hands down."""
    names = set()
    inherited = {base for other in others if issubclass(cls, other) for base in other.__mro__}
    for base in cls.__mro__:
        if base in inherited or not base.__module__.startswith("vllm_distributed"):
            continue
        for name, value in vars(base).items():
            if isinstance(value, (staticmethod, classmethod)):
                value = value.__func__
            if not name.startswith("_") and (inspect.isfunction(value) or is_property(value)):
                names.add(name)
    return sorted(names)


def is_property(value: object) -> bool:
    return isinstance(value, property) or type(value).__name__ == "cached_property"


def read_table() -> list[list[str]]:
    """Return the cells of the table's rows, names without their backquotes."""
    rows = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            rows.append([cells[0].strip("`"), *cells[1:]])
    return rows


def files_of_tests() -> dict[str, str]:
    """Return the text of every test file, by its path below tests/."""
    return {
        str(path.relative_to(TESTS)): path.read_text()
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.name not in THESE
    }


def files_for(name: Name, files: dict[str, str], most: int = 2) -> list[str]:
    """Return the files that use a name most."""
    pattern = re.compile(rf"(?<!\w){re.escape(name.last)}(?!\w)")
    as_function = re.compile(rf"(\bvd\.|from vllm\w*.* import .*\b){re.escape(name.last)}(?!\w)")
    # A member is better looked for where its class is, a function where it is the module's.
    owner = name.qualified.rpartition(".")[0]
    counts = {
        path: len(pattern.findall(text))
        + (1000 if (owner in text if owner else as_function.search(text)) else 0)
        - (2000 if path in REFUSALS else 0)
        for path, text in files.items()
        if pattern.search(text)
    }
    return sorted(counts, key=lambda path: (-counts[path], path))[:most]


def new_row(name: Name, files: dict[str, str]) -> list[str]:
    cuda = UNTESTED if ON_A_DEVICE.fullmatch(name.last) else YES
    tests = ", ".join(f"`{path}`" for path in files_for(name, files))
    return [name.qualified, YES, cuda, tests]


def updated_text() -> str:
    """Return docs/surface.md with one row for each name there is."""
    files = files_of_tests()
    known = {row[0]: row for row in read_table()} if TABLE.exists() else {}
    rows = []
    for name in public_names():
        row = known.get(name.qualified) or new_row(name, files)
        if not row[3] or not all((TESTS / path.strip("` ")).exists() for path in row[3].split(",")):
            row = [*row[:3], new_row(name, files)[3]]
        rows.append([f"`{row[0]}`", *row[1:]])
    lines = [f"| {' | '.join(row)} |" for row in [HEADER, ["---"] * len(HEADER), *rows]]
    text = TABLE.read_text() if TABLE.exists() else ""
    head = text[: text.index("| name |")] if "| name |" in text else "# The surface\n\n"
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(updated_text())
