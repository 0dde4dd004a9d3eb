"""docs/surface.md against the package and its tests: no name is missing, none is claimed tested
that is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import surface_mentions
import surface_table
from surface_names import public_classes, public_names
from surface_table import read_table, what_is_wrong_with

CUDA = {"yes", "written, untested here"}
HOW = "run `python tests/unit/surface_table.py`, and fill in what it cannot know"


def test_every_name_has_a_row_and_every_row_a_name() -> None:
    names = [name.qualified for name in public_names()]
    rows = [row[0] for row in read_table()]
    assert [name for name in names if name not in rows] == [], f"without a row: {HOW}"
    assert [row for row in rows if row not in names] == [], f"no such name: {HOW}"
    assert len(rows) == len(set(rows))


def test_the_table_is_as_regenerated() -> None:
    assert surface_table.updated_text() == surface_table.TABLE.read_text(), HOW


def test_every_row_is_filled_in() -> None:
    for row in read_table():
        name, cpu, cuda, tested = row
        assert cpu == "yes" or cpu.startswith("no, "), f"{name}: say why not"
        assert cuda in CUDA or cuda.startswith("no, "), f"{name}: {cuda!r}"
        assert tested, f"{name} is tested by nothing"


def test_what_tests_a_name_exists_and_uses_it() -> None:
    problems = [one for row in read_table() for one in what_is_wrong_with(row[0], row[3])]
    assert problems == []


def test_the_classes_have_the_members_that_their_rows_say() -> None:
    classes = public_classes()
    members = [row[0].split(".") for row in read_table() if "." in row[0]]
    assert members
    for owner, member in members:
        assert hasattr(classes[owner], member), f"{owner}.{member}"


# The check itself

PROGRAM = '''
import vllm_distributed as vd
from vllm_distributed import divide as share, utils
from vllm_distributed.communicators import MessageQueue

TABLE = {"Topology.coordinates: rank": 1}


def make(name: str) -> vd.GroupCoordinator: ...


def helper(unknown):
    group = make("a")
    group.barrier()
    group.device_communicator.all_gather(1)
    unknown.enqueue(1)


def test_uses():
    run(helper, TABLE)
    utils.get_tcp_uri("a", 1)
    share(4, 2)
    for queue in [MessageQueue(1, 1)]:
        queue.dequeue()
    with program("""
        import vllm_distributed as vd
        vd.install_as_vllm()
    """):
        pass


def test_does_not_use():
    """divide, GroupCoordinator.barrier, MessageQueue.dequeue."""
    other.divide(1)  # vd.divide
    divide = barrier = dequeue = "vd.divide(1) is not called"
'''


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "test_program.py"
    path.write_text(PROGRAM)
    ast.parse(PROGRAM)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "divide",
        "get_tcp_uri",
        "install_as_vllm",
        "GroupCoordinator.barrier",
        "GroupCoordinator.device_communicator",
        "DeviceCommunicatorBase.all_gather",
        "MessageQueue.dequeue",
        "MessageQueue.enqueue",
        "Topology.coordinates",
    ],
)
def test_a_use_is_seen_through_helpers_tables_and_variables(program: Path, name: str) -> None:
    assert surface_mentions.tests_name(program, "test_uses", name)
    assert not surface_mentions.tests_name(program, "test_does_not_use", name)


@pytest.mark.parametrize(
    "name",
    [
        "all_gather",
        "GroupCoordinator.all_gather",
        "StatelessProcessGroup.barrier",
        "MessageQueue.broadcast_object",
        "Topology.tensor_groups",
        "ensure_divisibility",
    ],
)
def test_the_same_method_of_another_class_is_no_use(program: Path, name: str) -> None:
    assert not surface_mentions.tests_name(program, "test_uses", name)


@pytest.mark.parametrize(
    ("tests", "problem"),
    [
        ("`unit/test_utils.py`", "there is no test named in tests/unit/test_utils.py"),
        ("`unit/test_utils.py::test_gone`", "there is no test_gone in"),
        ("`unit/test_gone.py::test_gone`", "test_gone.py is no file of tests"),
        ("`unit/test_surface.py::test_reasons_are_distinct`", "is no file of tests"),
        ("`unit/test_store_agreement.py::{first}`", "does not use it"),
    ],
)
def test_a_row_that_is_not_true_is_found(tests: str, problem: str) -> None:
    first = surface_mentions.parsed(surface_table.TESTS / "unit" / "test_store_agreement.py").tests[
        0
    ]
    problems = what_is_wrong_with("divide", tests.format(first=first))
    assert len(problems) == 1
    assert problem in problems[0]
