"""The queue of calls and opening sessions that wait for a rank: first in, first out."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from vllm_bridge.pool.ranks.rank import Rank

# A call whose deadline passes while it waits is answered this much earlier, so that the reason
# arrives before its client gives up by itself.
_ANSWER_AHEAD = timedelta(milliseconds=50)


def give_up_at(remaining: float | None) -> float | None:
    """When to answer a call that waits, in the event loop's time; None: it has no deadline."""
    if remaining is None:
        return None
    ahead = min(_ANSWER_AHEAD.total_seconds(), 0.1 * remaining)
    return asyncio.get_running_loop().time() + remaining - ahead


def _future() -> asyncio.Future[Rank]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Turn:
    """One call, or one opening session, that wants a rank."""

    # In the order of arrival.
    number: int
    # In the event loop's time.
    arrived: float
    # When the deadline of the call, less the time to answer, passes; None: it has none.
    give_up_at: float | None = None
    # The rank it would rather have.
    preferred: Rank | None = None
    place: asyncio.Future[Rank] = field(default_factory=_future)


class RankQueue:
    """Turns in the order of their numbers."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()

    def __len__(self) -> int:
        return len(self._turns)

    def join(self, turn: Turn) -> int:
        """Stand at the end, or where the turn stood before. Returns how many are ahead."""
        turn.place = _future()
        index = len(self._turns)
        while index and self._turns[index - 1].number > turn.number:
            index -= 1
        self._turns.insert(index, turn)
        return index

    def head(self) -> Turn | None:
        """Whose turn it is."""
        return self._turns[0] if self._turns else None

    def serve(self, rank: Rank) -> None:
        """Give the head its rank."""
        self._turns.popleft().place.set_result(rank)

    def leave(self, turn: Turn) -> None:
        """Wait no longer; nothing happens when it was served or refused before."""
        if turn in self._turns:
            self._turns.remove(turn)

    def refuse(self, error: BaseException) -> None:
        """End the wait of all with an error."""
        while self._turns:
            self._turns.popleft().place.set_exception(error)
