"""The shared gate of a world: memory in which ranks of one host see that all have arrived.

Where every member of a group asks for the same call within a moment, which is nearly always, the
last one to arrive sees it here and says go, and none has to ask the pool. Everything else goes to
the pool, whose referee decides: calls that differ, a member that does not arrive in time, one whose
deadline has passed, and everything after a refusal until the members have met there again. A call
starts in one of these two ways, and all of its members in the same one: while one member of a group
is at the pool, none waits here, because a member that goes to the pool sends the others after it,
under the lock.

The pool makes the memory and hands it to the ranks as a file without a name; it goes with them.

Layout, in words of 8 bytes: a header, a mutex, one semaphore a rank, and one cell a group:

    key key sequence generation, and per member: state digest digest deadline settled

and per rank the turn of the run whose call it runs, and of that whose call waits until no rank
runs one of an earlier turn: what calls do beyond the gate (user code) must not meet another run's.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from vllm_bridge.gate.process_shared import (
    MUTEX_BYTES,
    SEMAPHORE_BYTES,
    HolderDiedError,
    Mutex,
    Semaphore,
    available,
)

CELLS = 256
"""Groups that have a cell; the calls of others go to the pool."""

NO_DEADLINE = 2**64 - 1

LOCK_SECONDS = 0.5
"""A rank holds the lock for microseconds; one that holds it longer has been stopped."""

_HEADER = 8
_WORLD_SIZE, _USED, _BROKEN, _LATEST_TURN = 0, 1, 2, 3
_KEY, _SEQUENCE, _GENERATION, _MEMBERS = 0, 2, 3, 4
_STATE, _DIGEST, _DEADLINE, _SETTLED, _MEMBER_WORDS = 0, 1, 3, 4, 5
_AWAY, _WAITING, _GO, _AT_POOL = 0, 1, 2, 3


class Answer(Enum):
    """What a member that has arrived is to do."""

    GO = "go"
    WAIT = "wait"
    ASK_POOL = "ask the pool"


@dataclass(frozen=True)
class _Layout:
    world_size: int

    @property
    def mutex(self) -> int:
        return _HEADER

    def semaphore(self, rank: int) -> int:
        return _HEADER + MUTEX_BYTES // 8 + rank * (SEMAPHORE_BYTES // 8)

    def cell(self, number: int) -> int:
        words = _MEMBERS + self.world_size * _MEMBER_WORDS
        return self.semaphore(self.world_size) + number * words

    def running(self, rank: int) -> int:
        return self.cell(CELLS) + rank

    def awaiting(self, rank: int) -> int:
        return self.running(self.world_size) + rank

    @property
    def size(self) -> int:
        return 8 * self.awaiting(self.world_size)


def create(world_size: int) -> int | None:
    """Make the memory for the ranks of a world; its file descriptor, or None where it cannot be."""
    layout = _Layout(world_size)
    if not available():
        return None
    fd = os.memfd_create("vllm-shared-gate", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, layout.size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        with mmap.mmap(fd, layout.size) as memory:
            start = ctypes.c_char.from_buffer(memory)
            address = ctypes.addressof(start)
            Mutex.create(address + 8 * layout.mutex)
            for rank in range(world_size):
                Semaphore.create(address + 8 * layout.semaphore(rank))
            del start  # so that the mapping can be closed
            memory[:8] = world_size.to_bytes(8, "little")
    except OSError:
        os.close(fd)
        return None
    return fd


@contextmanager
def memory_of(world_size: int) -> Iterator[int | None]:
    """The memory for a world while its ranks start, which keep it; None where there is none."""
    fd = create(world_size) if world_size > 1 else None
    try:
        yield fd
    finally:
        if fd is not None:
            os.close(fd)


class SharedGate:
    """One rank's view. Used by one thread, but for `nudge` and `lose`."""

    def __init__(self, fd: int, rank: int, world_size: int) -> None:
        """Map the memory that `create` made; takes over the descriptor."""
        layout = _Layout(world_size)
        self._memory = mmap.mmap(fd, layout.size)
        os.close(fd)
        self._words = memoryview(self._memory).cast("Q")
        if self._words[_WORLD_SIZE] != world_size:
            raise ValueError(
                f"the shared gate is of {self._words[_WORLD_SIZE]} ranks, not {world_size}"
            )
        self._start = ctypes.c_char.from_buffer(self._memory)
        address = ctypes.addressof(self._start)
        self._layout = layout
        self._lock = Mutex(address + 8 * layout.mutex)
        self._semaphores = [
            Semaphore(address + 8 * layout.semaphore(each)) for each in range(world_size)
        ]
        self._own = self._semaphores[rank]
        self._rank = rank
        self._others = [each for each in range(world_size) if each != rank]
        self._seats: dict[tuple[str, tuple[int, ...]], Seat | None] = {}
        self._dead: frozenset[int] = frozenset()

    def seat(self, group: str, members: Sequence[int], number: int) -> Seat | None:
        """This rank's seat in a group; None where there is none. `number`: its own in it."""
        key = (group, tuple(members))
        try:
            seat = self._seats[key]
        except KeyError:
            seat = self._seats[key] = self._find(group, members, number)
        if self._words[_BROKEN] or not self._dead.isdisjoint(members):
            return None
        return seat

    def begin(self, turn: int) -> int:
        """A call of a run begins. Returns the latest turn of which any rank has begun one; when
        that is a later one, the call has not begun."""
        words, layout = self._words, self._layout
        with self._locked() as held:
            if not held:
                return turn
            latest = max(words[_LATEST_TURN], turn)
            words[_LATEST_TURN] = latest
            if latest == turn:
                words[layout.running(self._rank)] = turn
            return latest

    def resume(self, turn: int) -> None:
        """The call goes on, after `end`."""
        self._words[self._layout.running(self._rank)] = turn

    def end(self) -> None:
        """The call is over, has not begun after all, or waits at the gate and has sent nothing."""
        words, layout = self._words, self._layout
        words[layout.running(self._rank)] = 0
        for rank in self._others:
            if words[layout.awaiting(rank)]:
                self._semaphores[rank].post()

    def earlier(self, turn: int) -> list[int]:
        """The ranks that run a call of an earlier turn."""
        words, layout = self._words, self._layout
        return [rank for rank in self._others if 0 < words[layout.running(rank)] < turn]

    def wait_for_earlier(self, turn: int, seconds: float) -> None:
        """Return when a rank may have ended its call of an earlier turn, or after so long."""
        words, own = self._words, self._layout.awaiting(self._rank)
        words[own] = turn
        if self.earlier(turn):
            self._own.wait(seconds)
        words[own] = 0

    def lose(self, rank: int) -> None:
        """A rank is dead: its groups have no seats any more, and no call of it runs. From any
        thread."""
        self._dead |= {rank}
        words, layout = self._words, self._layout
        words[layout.running(rank)] = words[layout.awaiting(rank)] = 0
        self.nudge()

    def forget_seats(self) -> None:
        """Nobody uses it any more: let go of the memory with the last that refers to it."""
        self._seats.clear()

    def nudge(self) -> None:
        """Have the member of this process that waits look again. From any thread."""
        self._own.post()

    def _find(self, group: str, members: Sequence[int], number: int) -> Seat | None:
        text = f"{group}\0{list(members)}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        key = [int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")]
        with self._locked() as held:
            if not held:
                return None
            words, used = self._words, self._words[_USED]
            for cell in range(used):
                at = self._layout.cell(cell)
                if words[at] == key[0] and words[at + 1] == key[1]:
                    return Seat(self, at, members, number)
            if used == CELLS:
                return None
            at = self._layout.cell(used)
            words[at], words[at + 1] = key
            words[_USED] = used + 1
            return Seat(self, at, members, number)

    @contextmanager
    def _locked(self, *, surely: bool = False) -> Iterator[bool]:
        """Hold the lock; yields False when the shared gate has failed: all ask the pool then.

        `surely`: hold the lock in any case. The pool kills a holder that has stopped.
        """
        try:
            while not (held := self._lock.acquire(LOCK_SECONDS)):
                self._words[_BROKEN] = 1
                if not surely:
                    break
        except HolderDiedError:
            held = True
            self._words[_BROKEN] = 1
        try:
            yield held and not self._words[_BROKEN]
        finally:
            if held:
                self._lock.release()


class Seat:
    """One member's seat in its group's cell.

    `arrive`, then `wait` where it says so. After an answer of `ASK_POOL`, tell the pool's verdict
    with `back_from_pool`.
    """

    def __init__(self, gate: SharedGate, cell: int, members: Sequence[int], number: int) -> None:
        self._gate = gate
        self._words = gate._words
        self._cell = cell
        self._slots = [cell + _MEMBERS + each * _MEMBER_WORDS for each in range(len(members))]
        self._own = self._slots[number]
        self._wake = [gate._semaphores[rank] for rank in members]
        self._number = number
        # As they were when this member turned to the pool.
        self._generation = 0
        self._sequence = 0

    @property
    def sequence(self) -> int:
        """The number, in its group, of the call that was taken to the pool."""
        return self._sequence + 1

    def arrive(self, digest: bytes, deadline_ns: int) -> Answer:
        """Ask for a call. `digest`, 16 bytes, stands for all that must agree; `deadline_ns`, of the
        monotonic clock, is the moment from which it may not start."""
        words, own = self._words, self._own
        first, second = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
        now = time.monotonic_ns()
        with self._gate._locked() as held:
            if not held:
                return Answer.ASK_POOL
            generation = words[self._cell + _GENERATION]
            alike, waiting = words[own + _SETTLED] == generation, 0
            for slot in self._slots:
                if slot == own:
                    continue
                state = words[slot + _STATE]
                if state == _AT_POOL or words[slot + _SETTLED] != generation:
                    alike = False
                elif state == _WAITING:
                    waiting += 1
                    alike = (
                        alike
                        and words[slot + _DIGEST] == first
                        and words[slot + _DIGEST + 1] == second
                        and words[slot + _DEADLINE] > now
                    )
            if not alike or deadline_ns <= now:
                self._turn_to_pool()
                return Answer.ASK_POOL
            if waiting == len(self._slots) - 1:
                words[self._cell + _SEQUENCE] += 1
                self._tell_others(_GO)
                return Answer.GO
            words[own + _DIGEST], words[own + _DIGEST + 1] = first, second
            words[own + _DEADLINE] = deadline_ns
            words[own + _STATE] = _WAITING
            return Answer.WAIT

    def wait(self, seconds: float, give_up: Callable[[], bool]) -> Answer:
        """Wait for the others, so long at most, or until `give_up` says so at a nudge."""
        until = time.monotonic() + seconds
        words, state = self._words, self._own + _STATE
        while words[state] == _WAITING:
            left = until - time.monotonic()
            if left > 0 and not give_up():
                self._gate._own.wait(left)
                continue
            # Without the lock another one could say go at the same moment.
            with self._gate._locked(surely=True):
                if words[state] == _WAITING:
                    self._turn_to_pool()
        if words[state] == _GO:
            words[state] = _AWAY
            return Answer.GO
        self._remember()
        return Answer.ASK_POOL

    def back_from_pool(self, *, go: bool) -> None:
        """The pool has let the call through together with those of all members, or refused it."""
        words = self._words
        with self._gate._locked():
            words[self._own + _STATE] = _AWAY
            if go:
                words[self._own + _SETTLED] = self._generation
                at = self._cell + _SEQUENCE
                words[at] = max(words[at], self._sequence + 1)
            else:
                # A member may still arrive with this call: the pool will know it.
                words[self._cell + _GENERATION] += 1

    def _turn_to_pool(self) -> None:
        self._words[self._own + _STATE] = _AT_POOL
        self._remember()
        self._tell_others(_AT_POOL)

    def _tell_others(self, state: int) -> None:
        words = self._words
        for number, slot in enumerate(self._slots):
            if number != self._number and words[slot + _STATE] == _WAITING:
                words[slot + _STATE] = state
                self._wake[number].post()

    def _remember(self) -> None:
        self._generation = self._words[self._cell + _GENERATION]
        self._sequence = self._words[self._cell + _SEQUENCE]
