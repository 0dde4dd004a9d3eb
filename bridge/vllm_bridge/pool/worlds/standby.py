"""All members of a world that is to come make its groups, and then all switch, or none.

Prepare: every member makes the groups beside those that it has. When one fails, dies, or the time
is over, all destroy what they have made, and the old world is whole. Commit: every member switches.
There is no way back from the first switch on, so a member that dies then takes the world with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.process import background

# From a failure that one member reports until the death behind it is known here.
DEATH_SECONDS = 1.0

# Reasons of errors that say no more than that a rank has died.
_DEATHS = ("rank_died", "session_worker_unavailable")

# Both only change what a process has, and wait for nobody.
COMMIT_SECONDS = 30.0
ABORT_SECONDS = 10.0


class Member(Protocol):
    """A rank that stays, or a new one."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def died(self) -> asyncio.Future[str]:
        """Done when it has ended, with a sentence that says how."""

    async def prepare(self) -> None:
        """Make the groups; return when it has."""

    async def commit(self) -> None:
        """Switch to them."""

    async def abort(self) -> None:
        """Destroy them, whether or not it was through with making them."""


class State(Enum):
    """How far it is."""

    NEW = "new"
    PREPARING = "preparing"
    PREPARED = "prepared"
    COMMITTING = "committing"
    COMMITTED = "committed"
    ABORTED = "aborted"
    FAILED = "failed"


class Standby:
    """One attempt. `prepare`, and then `commit` or `abort`."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members
        self.state = State.NEW

    async def prepare(self, timeout: timedelta) -> None:
        """Return when all members have made the groups.

        On any failure, cancellation included, all have been told to destroy them.

        Raises:
            BridgeError: why one of them could not, how it died, or (timeout) `prepare_timeout`,
                naming those that were not through.
        """
        self.state = State.PREPARING
        try:
            await self._all("prepare", timeout)
        except BaseException:
            await asyncio.shield(self.abort())
            raise
        self.state = State.PREPARED

    async def commit(self) -> None:
        """Return when all members have switched.

        Raises:
            BridgeError: one of them has not; some may have.
        """
        self.state = State.COMMITTING
        try:
            await self._all("commit", timedelta(seconds=COMMIT_SECONDS))
        except BaseException:
            self.state = State.FAILED
            raise
        self.state = State.COMMITTED

    async def abort(self) -> None:
        """Return when all members have destroyed what they had made, or soon."""
        if self.state in (State.COMMITTING, State.COMMITTED, State.FAILED, State.ABORTED):
            return
        self.state = State.ABORTED
        tasks = [self._task("abort", member.abort()) for member in self._members]
        _, late = await asyncio.wait(tasks, timeout=ABORT_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _all(self, step: str, timeout: timedelta) -> None:
        steps = {
            self._task(step, member.prepare() if step == "prepare" else member.commit()): member
            for member in self._members
        }
        deaths = {member.died for member in self._members}
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout.total_seconds()
        try:
            pending = set(steps)
            while pending:
                events: set[asyncio.Future[Any]] = {*pending, *deaths}
                await asyncio.wait(
                    events, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED
                )
                done = {task for task in pending if task.done()}
                pending -= done
                if self._dead() or any(task.exception() is not None for task in done):
                    raise await self._cause(steps)
                if pending and not done and loop.time() >= until:
                    raise _late(step, [steps[task].name for task in pending], timeout)
        finally:
            for task in steps:
                task.cancel()
            await asyncio.gather(*steps, return_exceptions=True)

    async def _cause(self, steps: Mapping[asyncio.Task[None], Member]) -> BaseException:
        """Why it fails: of all that is known in a moment, what says most."""
        # A member that sees another one go may say so before that one's end is known here; and what
        # a new rank said before its end may be known after it.
        deaths = {member.died for member in self._members}
        if not self._dead():
            await asyncio.wait(deaths, timeout=DEATH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        last_words = [task for task, member in steps.items() if member.died.done()]
        if last_words:
            await asyncio.wait(last_words, timeout=DEATH_SECONDS)
        said = {
            member: error
            for task, member in steps.items()
            if task.done() and not task.cancelled() and (error := task.exception()) is not None
        }
        silent = [
            member
            for member in self._dead()
            if getattr(said.get(member), "reason", "rank_died") in _DEATHS
        ]
        if silent:
            ending = silent[0].died.result()
            return said.get(silent[0]) or BridgeError(Category.WORKER, "rank_died", ending)
        return next(iter(said.values()))

    def _dead(self) -> list[Member]:
        return [member for member in self._members if member.died.done()]

    def _task(self, step: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return background.awaited(f"changing a world ({step})", work)


def _late(step: str, names: list[str], timeout: timedelta) -> BridgeError:
    return BridgeError(
        Category.TIMEOUT,
        "prepare_timeout",
        f"{', '.join(sorted(names))} did not {step} the new groups within "
        f"{timeout.total_seconds():g} s: a call outside of runs may keep it busy, or the host is "
        "(see Vllm.World.diagnose/1, `vllm-bridge diagnose`); or give it a longer timeout",
        details={"step": step, "members": sorted(names)},
    )
