"""The members of a group in step with each other: who has come, who called what, who is gone.

A collective is one step or several. In a step each member that has something to say writes it into
its slot, says in its line what it called and then how many steps it has come (`publish`), and waits
for those whose slots it reads. Because nobody writes to a line but its owner, nothing is locked.

When may a slot be written again? To publish a step says also that one is through with reading the
step before. A member has two slots and writes them in turns, so before it writes one for step n + 1
it must know that everybody has published step n: then nobody reads what it wrote for step n - 1. It
knows that without waiting if it has waited for everybody in step n (`meet`); else `settle` waits.

Nobody publishes a step before everybody has published the last one, so nobody is more than one step
ahead, and what a member called in this step is found in the one of two words that belongs to the
step's parity. In the first step of every operation all members meet. If one called something else,
nothing has moved: everybody sees that, says so, and is in step again with the next call.

Loads and stores are ordered as `fence.py` says: what is written before `publish` is seen by
whoever has seen the count, and what is read before it is not touched by what others write after.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic

from vllm_distributed.errors import (
    CollectiveError,
    CollectiveMismatchError,
    CollectiveTimeoutError,
)
from vllm_distributed.forks import belongs_to_this_process, leave_to_parent
from vllm_distributed.store.peers import named
from vllm_distributed.transports.shm.fence import new_fence
from vllm_distributed.transports.shm.futex import sleep_while, wake
from vllm_distributed.transports.shm.layout import SIGN, SLEEPS, STATE, STEP, Layout
from vllm_distributed.transports.shm.segment import Segment
from vllm_distributed.transports.shm.signature import describe, fit, no_run, of_run
from vllm_distributed.transports.shm.wait import LONG_YIELD_S, Wait, is_crowded, yielded
from vllm_distributed.wire.message_steps import runs

__all__ = ["Steps"]

_LEFT, _BROKEN = 1, 2  # of a member that is neither, 0

# A peer that runs on another core comes within these; each is a look at one word of memory.
_SPINS = 60
# Then the core is offered to others between looks, for this long unless they keep it. Then the peer
# wakes this process.
_YIELDING_S = 0.001
# The kernel is asked that often if the peers live.
_LOOK_AROUND_S = 0.05


class Steps:
    """One member's view of the others; used by one thread at a time.

    `ranks` are the members' global ranks, for messages; `timeout` returns that of an operation.
    """

    def __init__(
        self,
        segment: Segment,
        layout: Layout,
        me: int,
        name: str,
        ranks: Sequence[int],
        timeout: Callable[[str], timedelta],
    ) -> None:
        self.me, self.name, self.ranks = me, name, list(ranks)
        self.fence = new_fence()
        self.timeout = timeout
        self.step = 0
        """How many steps this member has come."""
        self.settled = 0
        """A step that every member is known to have published."""
        self.broken: str | None = None
        """Why the group cannot be used any more, if so."""
        self._owner = os.getpid()
        self._segment = segment
        self._words = segment.words
        self._memory = segment.bytes.data_ptr()
        self._mine = layout.line(me)
        self._lines = [layout.line(member) for member in range(layout.members)]
        self._peers = tuple(line for line in self._lines if line != self._mine)
        has_cores = len(os.sched_getaffinity(0)) >= layout.members
        self._spins = _SPINS if has_cores else 0
        self.run: Callable[[], int] = no_run
        """Says to which run of its world what this member calls belongs; 0 for none."""
        leave_to_parent(self, f"the group {name}", "broken", "_words")

    def publish(self, sign: int) -> None:
        """Come one step further, having called `sign`; nothing of the step before is read later."""
        if self.settled < self.step:
            self.settle(sign)
        words, step = self._words, self.step + 1
        called = of_run(sign, self.run()) if runs.are_counted else sign
        words[self._mine + SIGN + (step & 1)] = called
        self.fence()
        words[self._mine + STEP] = step
        self.step = step
        self._wake_sleepers()

    def meet(self, sign: int) -> None:
        """Come one step further and wait for everybody; all have called `sign`."""
        if self.settled < self.step:
            self.settle(sign)
        words, step, mine = self._words, self.step + 1, self._mine
        called = of_run(sign, self.run()) if runs.are_counted else sign
        words[mine + SIGN + (step & 1)] = called
        self.fence()
        words[mine + STEP] = step
        self.step = step
        for line in self._peers:
            if words[line + STEP] < step:
                self._wait(line, step, sign, self._peers)
        self.fence()
        self.settled = step
        place, asleep = SIGN + (step & 1), mine + 1
        for line in self._peers:
            if words[line + SLEEPS] == asleep:
                wake(self._memory + 8 * (mine + STEP))
                asleep = 0
            if words[line + place] != called:
                self._mismatch(called)

    def meet_alone(self, sign: int) -> None:
        """As `meet`, for a call of one step without elements: nothing is in a slot."""
        self.check()
        self.meet(sign)

    def wait_for(self, member: int, sign: int) -> None:
        """Wait until another member has published this step; it has called `sign`."""
        words, step, line = self._words, self.step, self._lines[member]
        if words[line + STEP] < step:
            self._wait(line, step, sign, (line,))
        self.fence()
        called = of_run(sign, self.run()) if runs.are_counted else sign
        if words[line + SIGN + (step & 1)] != called:
            self._mismatch(called, member)

    def settle(self, sign: int) -> None:
        """Wait until everybody has published the last step: then a slot may be written again."""
        words, step = self._words, self.step
        if self.settled < step:
            for line in self._peers:
                if words[line + STEP] < step:
                    self._wait(line, step, sign, self._peers)
            self.fence()
            self.settled = step

    def check(self) -> None:
        """Raise `CollectiveError` if the group cannot be used any more."""
        if self.broken is not None:
            belongs_to_this_process(self.broken, f"the group {self.name}")
            raise CollectiveError(self.broken, group=self.name)

    def say(self, word: int, value: int) -> None:
        """Write a word of this member's line. The others see it when they see the next step."""
        self._words[self._mine + word] = value

    def all_say(self, word: int, value: int) -> bool:
        """Return whether a word of every member's line has this value, as of the last `meet`."""
        return all(self._words[line + word] == value for line in self._lines)

    def said(self, member: int, word: int) -> int:
        """Return a word of a member's line, as of the last `meet` with it."""
        return self._words[self._lines[member] + word]

    def break_off(self, operation: str) -> None:
        """Say that this member is in the middle of an operation and does not go on with it."""
        if self.broken is None and self.is_own:
            self.broken = (
                f"an earlier {operation} on {self.name} failed, and its members are out of step: "
                f"destroy the group and initialise it again on every rank (destroy_model_parallel, "
                f"then initialize_model_parallel), or start a new world"
            )
            self._tell(_BROKEN)

    def ended(self, before: int, sign: int, error: BaseException) -> None:
        """Say that an operation that began after step `before` has ended with an error: whoever
        ends between two of its steps tells the others, who would wait for it."""
        if self.step != before and not isinstance(error, CollectiveMismatchError):
            self.break_off(describe(sign)[0])

    @property
    def is_own(self) -> bool:
        """Whether this process is the member, and not a child that it forked."""
        return os.getpid() == self._owner

    def leave(self) -> None:
        """Say that this member is not coming back. Idempotent."""
        if self._words.nbytes:
            self._tell(_LEFT)
        self.broken = f"group {self.name} was destroyed"
        self._words = memoryview(b"").cast("Q")

    # Waiting

    def _wait(self, line: int, step: int, sign: int, lines: Sequence[int]) -> None:
        """Wait until one member has published a step; if that takes long, until all of `lines`
        have, so that the timeout bounds the waiting for all of them."""
        words, place = self._words, line + STEP
        for _ in range(self._spins):
            if words[place] >= step:
                return
        self._wake_sleepers()
        yield_core, now = os.sched_yield, monotonic()
        if not is_crowded(now):
            patience_ends = now + _YIELDING_S
            while now < patience_ends:
                if words[place] >= step:
                    return
                yield_core()
                before, now = now, monotonic()
                if now - before >= LONG_YIELD_S:
                    yielded(now)
                    break
        self._sleep(step, sign, lines)

    def _wake_sleepers(self) -> None:
        """Wake those who wait for the step that this member has just published."""
        self.fence()  # or a sleeper could be overlooked that has overlooked the step
        words, asleep = self._words, self._mine + 1
        for line in self._peers:
            if words[line + SLEEPS] == asleep:
                wake(self._memory + 8 * (self._mine + STEP))
                return

    def _sleep(self, step: int, sign: int, lines: Sequence[int]) -> None:
        """Sleep until all of `lines` have published a step."""
        words, mine = self._words, self._mine
        operation = describe(sign)[0]
        limit = self.timeout(operation)
        now = monotonic()
        deadline, look_around_at = now + limit.total_seconds(), now + _LOOK_AROUND_S
        while late := [line for line in lines if words[line + STEP] < step]:
            members = [self._lines.index(line) for line in late]
            error = self.why_never(members, operation, look_around=now >= look_around_at)
            if now >= look_around_at:
                look_around_at = now + _LOOK_AROUND_S
            if error is None and now >= deadline:
                error = self.timed_out(members, operation, limit)
            if error is not None:
                if any(words[line + STEP] < step for line in late):
                    self.break_off(operation)
                    raise error
                return
            words[mine + SLEEPS] = late[0] + 1
            try:
                seen = words[late[0] + STEP]
                if seen < step:
                    address = self._memory + 8 * (late[0] + STEP)
                    sleep_while(address, seen, min(look_around_at, deadline) - now)
            finally:
                words[mine + SLEEPS] = 0
            now = monotonic()

    def wait_until(
        self,
        is_done: Callable[[], bool],
        member: int,
        operation: str,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """Wait for another member: briefly for what is about to come, then with little of the core.
        `sleep` is that of `Wait`.

        Raises `CollectiveError` if it has left, failed or died, `CollectiveTimeoutError` if it did
        not come within the group's timeout.
        """
        now = monotonic()
        if not is_crowded(now):
            patience_ends = now + _YIELDING_S
            while now < patience_ends:
                if is_done():
                    return
                os.sched_yield()
                before, now = now, monotonic()
                if now - before >= LONG_YIELD_S:
                    yielded(now)
                    break
        limit, members = self.timeout(operation), [member]
        wait = Wait(monotonic() + limit.total_seconds(), sleep)
        while not is_done():
            error = self.why_never(members, operation, look_around=wait.time_to_look_around())
            if error is None and not wait.pause():
                error = self.timed_out(members, operation, limit)
            if error is not None and not is_done():
                self.break_off(operation)
                raise error

    def why_never(
        self, members: Sequence[int], operation: str, *, look_around: bool
    ) -> CollectiveError | None:
        """Return why members will not come, None if they still may; `look_around` is whether to
        ask the kernel if their processes live."""
        gone = self._gone(members, look_around)
        if gone is None:
            return None
        member, what = gone
        rank = self.ranks[member]
        return CollectiveError(
            f"{operation} on {self.name} failed: rank {rank} {what}. The group cannot be used any "
            f"more: destroy it and initialise it again on every rank",
            group=self.name,
            operation=operation,
            rank=rank,
        )

    def timed_out(
        self, members: Sequence[int], operation: str, limit: timedelta
    ) -> CollectiveTimeoutError:
        """Return the error for members that did not come."""
        late = [self.ranks[member] for member in members]
        return CollectiveTimeoutError(
            f"{operation} on {self.name} timed out: within {limit.total_seconds():g} s "
            f"{named(late)} did not come. A peer is stuck, or did not make the same call; the "
            f"group cannot be used any more: destroy it and initialise it again on every rank",
            group=self.name,
            operation=operation,
            missing=late,
        )

    def _gone(self, members: Sequence[int], look_around: bool) -> tuple[int, str] | None:
        """Return a member that will not come, and why."""
        if not self._words.nbytes:  # this member has left
            return None
        for member in members:
            state = self._words[self._lines[member] + STATE]
            if state == _LEFT:
                return member, "has destroyed the group"
            if state == _BROKEN:
                return member, "gave up an operation of the group, which had failed there"
            if look_around and not self._segment.is_alive(member):
                return member, "is gone: its process has ended"
        return None

    def _mismatch(self, sign: int, *members: int) -> None:
        """Raise the error for members that called something that does not fit."""
        self._wake_sleepers()
        place = SIGN + (self.step & 1)
        found = {
            self.ranks[at]: self._words[self._lines[at] + place]
            for at in (members or range(len(self._lines)))
        }
        operation, mine = describe(sign)
        others = {
            rank: words if words != mine else f"{words}, of other sizes or dims, or in another run"
            for rank, its_sign in found.items()
            if not fit(its_sign, sign)
            for words in (describe(its_sign)[1],)
        }
        if not others:
            return
        listed = "; ".join(f"rank {rank} called {words}" for rank, words in others.items())
        raise CollectiveMismatchError(
            f"{operation} on {self.name}: this rank called {mine}, but {listed}. Nothing was "
            f"moved, and the group is usable: make the same call, with the same dtype and size, "
            f"on every rank",
            group=self.name,
            operation=operation,
            calls={str(rank): words for rank, words in others.items()},
        )

    def _tell(self, state: int) -> None:
        new_fence()()  # one of its own: this may be another thread than the one in an operation
        self._words[self._mine + STATE] = state
        wake(self._memory + 8 * (self._mine + STEP))
