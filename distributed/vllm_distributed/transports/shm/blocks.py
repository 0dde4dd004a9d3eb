"""How a tensor is cut along a dim into blocks that fit a slot, the same on every member.

Along dim d a contiguous tensor is a matrix: a row for every index into the dims before d, and in it
all that has one index there. Members have the same rows, and where extents along d differ, rows of
different length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

__all__ = ["Block", "as_matrix", "blocks"]

Block = tuple[int, int, int, int]
"""Rows from and to, columns from and to."""


def as_matrix(shape: Sequence[int], dim: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of a tensor seen along `dim`.

    >>> as_matrix((2, 3, 4), 1)
    (2, 12)
    """
    return prod(shape[:dim]), prod(shape[dim:])


def blocks(rows: int, columns: int, most: int) -> Iterator[Block]:
    """Yield the blocks of a matrix with at most `most` elements each: whole rows, or parts of one.

    >>> list(blocks(3, 4, 8))
    [(0, 2, 0, 4), (2, 3, 0, 4)]
    >>> list(blocks(2, 5, 3))
    [(0, 1, 0, 3), (0, 1, 3, 5), (1, 2, 0, 3), (1, 2, 3, 5)]
    """
    if not rows or not columns:
        return
    if columns <= most:
        step = most // columns
        for row in range(0, rows, step):
            yield row, min(row + step, rows), 0, columns
        return
    for row in range(rows):
        for column in range(0, columns, most):
            yield row, row + 1, column, min(column + most, columns)
