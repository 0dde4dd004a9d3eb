"""A docstring's parts: summary, paragraphs, lists, code, sections `Raises:` and `Python:`.

A section is a block whose first line is its name and whose other lines are indented. An entry of
`Raises:` is `SomeError, OtherError: when.`, the names alone, or a sentence about errors without a
name. `Python:` says what has no meaning elsewhere. Doctests are left out: other languages have
examples of their own. What fits none of this is refused, so that no text comes out garbled.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

RAISES, PYTHON = "Raises:", "Python:"

_SECTION = re.compile(r"[A-Z]\w*:")
_ERRORS = re.compile(r"((?:\w+(?:Error|Exception), )*\w+(?:Error|Exception))(?:: (.+)|\.?)")


class DocstringError(ValueError):
    """A docstring that cannot be told in another language; the message says where."""


@dataclass(frozen=True)
class Raised:
    """One entry of `Raises:`; without `errors` it is a note on them."""

    errors: tuple[str, ...]
    when: str


@dataclass(frozen=True)
class Docstring:
    """A docstring's parts. A block is a paragraph on one line, a list (`  * ` items) or code."""

    summary: str
    body: tuple[str, ...] = ()
    raises: tuple[Raised, ...] = ()


def parse(doc: str) -> Docstring:
    """Take a docstring apart."""
    blocks: list[str] = []
    raises: list[Raised] = []
    for lines in _blocks(inspect.cleandoc(doc)):
        head, *rest = lines
        if head in (RAISES, PYTHON):
            entries = _entries(head, rest)
            raises += [_raised(entry) for entry in entries] if head == RAISES else []
        elif _SECTION.fullmatch(head):
            raise DocstringError(f"unknown section {head!r}: there are {RAISES} and {PYTHON}")
        else:
            blocks.append(_block(lines))
    summary, *body = blocks or [""]
    return Docstring(summary, tuple(body), tuple(raises))


def _blocks(doc: str) -> list[list[str]]:
    """Lines between blank lines, without doctests, which end at a blank line."""
    blocks: list[list[str]] = [[]]
    in_doctest = False
    for line in doc.splitlines():
        if not line.strip():
            blocks.append([])
        in_doctest = bool(line.strip()) and (in_doctest or line.lstrip().startswith(">>>"))
        if line.strip() and not in_doctest:
            blocks[-1].append(line.rstrip())
    return [block for block in blocks if block]


def _block(lines: list[str]) -> str:
    if all(line.startswith("    ") for line in lines):
        return "\n".join(lines)
    items: list[str] = []
    is_list = re.match(r" *[*-] ", lines[0]) is not None
    for line in lines:
        mark = re.match(r" *[*-] ", line) if is_list else None
        if mark or not items:
            items.append(line[mark.end() :] if mark else line.strip())
        else:
            items[-1] += f" {line.strip()}"
    return "\n".join(f"  * {item}" for item in items) if is_list else items[0]


def _entries(name: str, lines: list[str]) -> list[str]:
    """The lines of a section, continued ones put together."""
    entries: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if indent < 4 or (indent > 4 and not entries):
            raise DocstringError(f"the line {line!r} of {name} is not indented by four spaces")
        if indent == 4:
            entries.append(line.strip())
        else:
            entries[-1] += f" {line.strip()}"
    if not entries:
        raise DocstringError(f"{name} is empty")
    return entries


def _raised(entry: str) -> Raised:
    match = _ERRORS.fullmatch(entry)
    if match:
        return Raised(tuple(match[1].split(", ")), match[2] or "")
    return Raised((), entry)
