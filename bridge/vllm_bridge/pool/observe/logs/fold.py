"""Equal lines of several ranks as one, with the ranks named."""

from __future__ import annotations

from collections.abc import Iterable

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.observe.logs.lines import Line

WITHIN_SECONDS = 1.0
"""That equal lines lie apart."""


def folded(lines: Iterable[Line]) -> list[pool_pb2.LogLine]:
    """The lines in their order, each of those that several ranks of a world wrote once.

    What a rank writes twice stays twice: its second line goes with the second one of the others.
    """
    found: list[_Folded] = []
    equal: dict[tuple[str, int, str, str, str], _Equal] = {}
    for line in lines:
        if line.rank is None or not line.rank_id:
            found.append(_Folded(line))
            continue
        key = (line.world_id, line.epoch, line.level, line.logger, line.text)
        one, new = equal.setdefault(key, _Equal()).take(line, line.rank)
        if new:
            found.append(one)
    return [one.to_message() for one in found]


class _Folded:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.ranks: list[int] = []

    def to_message(self) -> pool_pb2.LogLine:
        message = self.line.to_message()
        if len(self.ranks) > 1:
            message.ranks.extend(sorted(self.ranks))
        return message


class _Equal:
    """All lines with one text."""

    def __init__(self) -> None:
        self._lines: list[_Folded] = []
        # How many of them each rank has written.
        self._written: dict[int, int] = {}

    def take(self, line: Line, rank: int) -> tuple[_Folded, bool]:
        """What the line becomes part of, and whether that is new."""
        number = self._written.get(rank, 0)
        while number < len(self._lines):
            if line.at - self._lines[number].line.at < WITHIN_SECONDS:
                break
            number += 1
        new = number == len(self._lines)
        if new:
            self._lines.append(_Folded(line))
        self._written[rank] = number + 1
        self._lines[number].ranks.append(rank)
        return self._lines[number], new
