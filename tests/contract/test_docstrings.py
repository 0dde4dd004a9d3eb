"""Docstrings of the surface become Elixir's documentation by their structure, whatever they say."""

from __future__ import annotations

import builtins
import inspect
import re

import pytest

from vllm_bridge import contract
from vllm_bridge.codegen.docstrings import Docstring, DocstringError, Raised, parse
from vllm_bridge.codegen.elixir import docs as elixir_docs
from vllm_bridge.surface import CLASSES
from vllm_distributed import errors

DOCS = {method.exposed.qualified_name: method.exposed.doc for method in contract.methods()} | {
    name: inspect.getdoc(cls) or "" for name, cls in CLASSES.items()
}


@pytest.mark.parametrize("name", DOCS)
def test_every_docstring_of_the_surface_has_its_errors_in_a_section(name: str) -> None:
    doc = parse(DOCS[name])
    prose = " ".join((doc.summary, *doc.body))
    assert not re.search(r"\braises?\b", prose, re.IGNORECASE), "say it under `Raises:`"
    for raised in doc.raises:
        for error in raised.errors:
            assert hasattr(errors, error) or hasattr(builtins, error) or error == "ValidationError"
    assert elixir_docs.in_elixir(doc.summary)


def test_a_docstring_is_taken_apart_by_its_structure() -> None:
    doc = parse("""Return `numerator / denominator`,
        if it is a whole number.

        First paragraph,
        on two lines.

        - an item
          that goes on
        - another

            some = code  # as it is

        Python:
            What only Python has.

        Raises:
            InvalidTypeError, ValueError: for what is
                no number; a colon: too.
            RendezvousError
            As `other`.

        >>> divide(12, 4)
        3
        """)
    assert doc == Docstring(
        summary="Return `numerator / denominator`, if it is a whole number.",
        body=(
            "First paragraph, on two lines.",
            "  * an item that goes on\n  * another",
            "    some = code  # as it is",
        ),
        raises=(
            Raised(("InvalidTypeError", "ValueError"), "for what is no number; a colon: too."),
            Raised(("RendezvousError",), ""),
            Raised((), "As `other`."),
        ),
    )


@pytest.mark.parametrize(
    "doc",
    [
        "Args:\n    value: an unknown section",
        "Raises:",
        "Raises:\n  InvalidTypeError: too little indentation",
        "Raises:\n        InvalidTypeError: too much",
        "Python:\nNothing is indented.",
    ],
)
def test_a_section_that_is_not_understood_is_refused(doc: str) -> None:
    with pytest.raises(DocstringError):
        parse(f"Summary.\n\n{doc}")


@pytest.mark.parametrize("text", ["One ` only.", "``two``", "An empty `` span."])
def test_backticks_that_do_not_pair_are_refused(text: str) -> None:
    with pytest.raises(DocstringError, match="backtick"):
        elixir_docs.in_elixir(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Raises the voice; who raises what that raises raises it.",
        "The constructor makes NoneSuch, a dictionary, Trueness: pydantic's `exception`.",
        "when constructed, and on assignment, which then changes nothing",
        "a=b, x == `y == z`, 3 < 4 > 2, \\1 \\g<0> $& #{none} %{}",
        "Überall `ä = ß`, 雪, \u2028 and a tab\t.",
    ],
)
def test_no_other_word_than_a_python_name_changes(text: str) -> None:
    assert elixir_docs.in_elixir(text) == text


@pytest.mark.parametrize(
    ("python", "elixir"),
    [
        ("None, or a dict of `None`s", "`nil`, or a map of `nil`s"),
        ("`blocking=False`", "`blocking: false`"),
        ("`GroupCoordinator.all_reduce_`", "`Vllm.Distributed.GroupCoordinator.all_reduce_`"),
        ("a `Handle`", "a `Vllm.Distributed.Handle`"),
        ("fails with `InvalidRankError`", 'fails with `"invalid_rank"`'),
        ("`KeyError`", '`"exception"` (KeyError)'),
        ("see `object_codec`", "see `Vllm.Term`"),
    ],
)
def test_python_names_become_elixir_names(python: str, elixir: str) -> None:
    assert elixir_docs.in_elixir(python) == elixir


def test_errors_are_a_section_of_the_function() -> None:
    doc = elixir_docs.function_doc(contract.methods_by_name()["get_tp_group"])
    assert '## Errors\n\n  * `"group_not_initialized"` - before `initialize' in doc
    assert "Python" not in elixir_docs.module_doc("ParallelConfig")
