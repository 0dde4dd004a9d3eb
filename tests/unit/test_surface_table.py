"""docs/surface.md against the package, both ways: no name is missing, none is claimed untested."""

from __future__ import annotations

import surface_names
from surface_names import TESTS, Name, files_of_tests, public_classes, public_names, read_table

CUDA = {"yes", "written, untested here"}
HOW = "run `python tests/unit/surface_names.py`, and fill in what it cannot know"


def test_every_name_has_a_row_and_every_row_a_name() -> None:
    names = [name.qualified for name in public_names()]
    rows = [row[0] for row in read_table()]
    assert [name for name in names if name not in rows] == [], f"without a row: {HOW}"
    assert [row for row in rows if row not in names] == [], f"no such name: {HOW}"
    assert len(rows) == len(set(rows))


def test_the_table_is_as_regenerated() -> None:
    assert surface_names.updated_text() == surface_names.TABLE.read_text(), HOW


def test_every_row_is_filled_in() -> None:
    for row in read_table():
        name, cpu, cuda, tested = row
        assert cpu == "yes" or cpu.startswith("no, "), f"{name}: say why not"
        assert cuda in CUDA or cuda.startswith("no, "), f"{name}: {cuda!r}"
        assert tested, f"{name} is tested by nothing"


def test_what_tests_a_name_exists_and_mentions_it() -> None:
    files = files_of_tests()
    for qualified, _, _, tested in read_table():
        for path in tested.replace("`", "").split(", "):
            assert (TESTS / path).is_file(), f"{qualified}: there is no tests/{path}"
            assert Name(qualified).is_mentioned_in(files[path]), f"{qualified} is not in {path}"


def test_the_classes_have_the_members_that_their_rows_say() -> None:
    classes = public_classes()
    members = [row[0].split(".") for row in read_table() if "." in row[0]]
    assert members
    for owner, member in members:
        assert hasattr(classes[owner], member), f"{owner}.{member}"
