"""The rows of docs/surface.md.

`python tests/unit/surface_table.py` brings the table up to date: rows of names that are gone go,
new names get a row with what can be found out (which tests use them, and whether CUDA matters to
them), and so do rows that name a test which is gone or does not use the name any more; what people
wrote into other rows stays. `test_surface_table.py` checks it.
"""

from __future__ import annotations

import re
from pathlib import Path

import surface_mentions
from surface_names import ROOT, TESTS, Name, public_names

TABLE = ROOT / "docs" / "surface.md"
REFUSALS = {"unit/test_bad_input.py", "ranks/test_bad_calls.py"}
"""Files that know what does not work: better than nothing."""
REFUSES = re.compile("refused|bad_calls|wrong|errors?_of_ours")
COUNTS = {"unit/test_bad_input.py::test_every_public_callable_has_a_row_or_a_reason"}
"""What counts names and uses none."""
ON_GPU = "ranks/test_cuda.py"

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


def read_table() -> list[list[str]]:
    """Return the cells of the table's rows, names without their backquotes."""
    rows = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            rows.append([cells[0].strip("`"), *cells[1:]])
    return rows


def files_of_tests() -> list[Path]:
    """Return the files of tests. Those of the surface know names without testing them."""
    every = sorted(TESTS.rglob("test_*.py"))
    return [path for path in every if not path.name.startswith("test_surface")]


def what_is_wrong_with(name: str, tests: str) -> list[str]:
    """Return what is wrong with the tests that a row names."""
    problems = []
    for entry in tests.replace("`", "").split(", "):
        path, _, test = entry.partition("::")
        file = TESTS / path
        if file not in files_of_tests():
            problems.append(f"{name}: tests/{path} is no file of tests")
        elif test not in surface_mentions.parsed(file).tests:
            problems.append(f"{name}: there is no {test or 'test named'} in tests/{path}")
        elif entry in COUNTS or not surface_mentions.tests_name(file, test, name):
            problems.append(f"{name}: {test} in tests/{path} does not use it")
    return problems


def tests_for(name: Name) -> list[str]:
    """Return at most two tests, those most about a name: by what they are called, and by how little
    else they use."""
    words = set(name.qualified.lower().replace(".", "_").split("_"))
    found = []
    for file in files_of_tests():
        path = str(file.relative_to(TESTS))
        for test in surface_mentions.parsed(file).tests:
            entry = f"{path}::{test}"
            if entry in COUNTS or not surface_mentions.tests_name(file, test, name.qualified):
                continue
            refuses = path in REFUSALS or REFUSES.search(test) is not None
            shared = len(words & set(test.split("_")))
            used = len(surface_mentions.mentions(file, test))
            found.append((path in REFUSALS, path == ON_GPU, refuses, -shared, used, entry))
    at_best = min(found)[0] if found else False
    return [one[-1] for one in sorted(found) if one[0] == at_best][:2]


def new_row(name: Name) -> list[str]:
    cuda = UNTESTED if ON_A_DEVICE.fullmatch(name.last) else YES
    return [name.qualified, YES, cuda, ", ".join(f"`{test}`" for test in tests_for(name))]


def updated_text() -> str:
    """Return docs/surface.md with one row for each name there is."""
    known = {row[0]: row for row in read_table()} if TABLE.exists() else {}
    rows = []
    for name in public_names():
        row = known.get(name.qualified) or new_row(name)
        if not row[3] or what_is_wrong_with(name.qualified, row[3]):
            row = [*row[:3], new_row(name)[3]]
        rows.append([f"`{row[0]}`", *row[1:]])
    lines = [f"| {' | '.join(row)} |" for row in [HEADER, ["---"] * len(HEADER), *rows]]
    text = TABLE.read_text() if TABLE.exists() else ""
    head = text[: text.index("| name |")] if "| name |" in text else "# The surface\n\n"
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(updated_text())
