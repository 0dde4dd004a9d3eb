"""Finds out when a rank has finished calls that the pool does not wait for.

Two kinds: a call that its caller has given up, which still holds the rank's place; and calls that
clients have sent to the rank directly, which make it busy for calls of `hint` sessions. Asking the
rank costs one inline call, so one task per such rank asks, at growing intervals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from vllm_bridge._generated import rank_pb2
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import inspect
from vllm_bridge.process import background

_ANSWER_SECONDS = 1.0

_FIRST_LOOK = timedelta(milliseconds=20)
_LONGEST_LOOK = timedelta(milliseconds=500)

CallKey = tuple[str, str]
"""Session id and call id."""


class IdleWatch:
    """All ranks that are watched until they are idle."""

    def __init__(self, release: Callable[[Rank], None], idle: Callable[[Rank], None]) -> None:
        # Gives back the place of one call.
        self._release = release
        # The rank is busy elsewhere no more.
        self._idle = idle
        self._abandoned: dict[Rank, list[CallKey]] = {}
        self._tasks: dict[Rank, asyncio.Task[None]] = {}
        self._news: dict[Rank, asyncio.Event] = {}

    def release_when_ended(self, rank: Rank, call: CallKey) -> None:
        """Keep the rank's place taken while a call that its caller has given up may still run."""
        self._abandoned.setdefault(rank, []).append(call)
        self._look_at(rank)

    def doubt(self, rank: Rank) -> None:
        """Count the rank as busy until it is seen to be idle."""
        rank.busy_elsewhere = True
        self._look_at(rank)

    async def check_busy(self, rank: Rank) -> None:
        """See whether a rank that refused a call is busy, and mark it so until it is not."""
        rank.busy_elsewhere = await _calls_on(rank) != []
        if rank.busy_elsewhere:
            self._look_at(rank)

    def _look_at(self, rank: Rank) -> None:
        if rank in self._tasks:
            self._news[rank].set()
            return
        self._news[rank] = asyncio.Event()
        self._tasks[rank] = background.task("looking whether a rank is idle", self._look(rank))

    async def _look(self, rank: Rank) -> None:
        pause = _FIRST_LOOK
        news = self._news[rank]

        def died(_: object) -> None:
            news.set()

        rank.died.add_done_callback(died)
        try:
            while not rank.died.done():
                news.clear()
                asked = list(self._abandoned.get(rank, ()))
                self._update(rank, asked, await _calls_on(rank))
                if not self._abandoned.get(rank) and not rank.busy_elsewhere:
                    return
                if await _set_within(news, pause):
                    pause = _FIRST_LOOK
                else:
                    pause = min(2 * pause, _LONGEST_LOOK)
        finally:
            rank.died.remove_done_callback(died)
            del self._tasks[rank], self._news[rank]
            rank.busy_elsewhere = False
            for _ in self._abandoned.pop(rank, ()):
                self._release(rank)
            self._idle(rank)

    def _update(
        self, rank: Rank, asked: list[CallKey], calls: Sequence[rank_pb2.CallRecord] | None
    ) -> None:
        if calls is None:
            return
        there = {(call.session_id, call.call_id) for call in calls}
        # Not calls that arrived while the rank was asked: they may be later than the answer.
        for ended in [key for key in asked if key not in there]:
            self._abandoned[rank].remove(ended)
            self._release(rank)
        if rank.busy_elsewhere and not there:
            rank.busy_elsewhere = False
            self._idle(rank)


async def _calls_on(rank: Rank) -> Sequence[rank_pb2.CallRecord] | None:
    """What the rank runs and has queued; None when it does not say."""
    answer = await inspect(rank, timeout_s=_ANSWER_SECONDS)
    return None if answer is None else list(answer.calls)


async def _set_within(event: asyncio.Event, patience: timedelta) -> bool:
    try:
        await asyncio.wait_for(event.wait(), patience.total_seconds())
    except (asyncio.TimeoutError, TimeoutError):
        return False
    return True
